//! Single pixels of a frame, on a regular grid.

use std::sync::{Mutex, PoisonError};

use super::samples::pick;
use crate::frame::{Area, Layout, Planes};
use crate::workers::Team;

/// Reads the codes of a picture's pixels in every `step`-th column and row, from `first` on (counted from
/// the picture's own first), row after row. A pixel has the chroma that it is stored with.
pub fn read_pixels(
    planes: &mut Planes<'_>,
    layout: &Layout,
    area: &Area,
    step: [usize; 2],
    first: [usize; 2],
    out: &mut [Vec<f32>; 3],
) {
    out.iter_mut().for_each(Vec::clear);
    let groups = layout.groups(area.rows[1]);
    let out = Mutex::new(out);
    planes.for_each_band(area.rows, groups.max(1), Team::alone(), |band| {
        let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
        for row in (area.rows[0] + first[1]..area.rows[1]).step_by(step[1]) {
            for (index, (component, out)) in
                layout.components.iter().zip(out.iter_mut()).enumerate()
            {
                let (row, shift) = match index {
                    0 => (row, 0),
                    _ => (layout.group_of(row), layout.sub_x),
                };
                let columns = (area.columns[0] + first[0]..area.columns[1]).step_by(step[0]);
                let samples = columns.map(|column| column >> shift);
                pick(band.row(component.plane, row), component, samples, out);
            }
        }
    });
}
