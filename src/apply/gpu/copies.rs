//! A band's rows, copied to memory that is mapped for the device, and back, by all threads.

use std::sync::{Mutex, PoisonError};

use colorshine_core::frame::Planes;
use colorshine_core::workers::Team;

use super::BandOf;
use crate::gpu::Part;

/// Groups that a thread copies at once: an equal share, in pairs so that fields stay together.
fn groups_per_thread(band: &BandOf<'_>, team: Team) -> usize {
    (band.groups[1] - band.groups[0]).div_ceil(team.threads()).next_multiple_of(2)
}

/// Calls `visit` with the rows of some of a band's groups: plane, row of the plane, and the row's first byte
/// in the plane's part of the band, which starts with the rows of `first`.
fn for_each_row(
    band: &BandOf<'_>,
    [first, end]: [usize; 2],
    mut visit: impl FnMut(usize, usize, usize),
) {
    let BandOf { layout, area, shape, .. } = *band;
    for group in first..end {
        let rows = layout.rows_of(group, area.rows);
        if rows.clone().next().is_none() {
            continue;
        }
        for (plane, stride) in shape.strides.iter().enumerate().filter(|(_, stride)| **stride > 0) {
            if layout.has_fewer_rows(plane) {
                visit(plane, group, 4 * stride * (group - first));
            } else {
                for row in rows.clone() {
                    visit(plane, row, 4 * stride * (row - (first << layout.sub_y)));
                }
            }
        }
    }
}

/// The rows of luma of a band that are in the picture, and those before them in its first group.
fn rows(band: &BandOf<'_>) -> [usize; 2] {
    let [first, end] = band.groups.map(|group| group << band.layout.sub_y);
    [first, end.min(band.area.rows[1])]
}

/// Copies a band's rows to words.
pub(super) fn write_band(
    planes: &mut Planes<'_>,
    band: &BandOf<'_>,
    team: Team,
    mut words: Part<'_>,
) {
    let per_thread = groups_per_thread(band, team);
    let [first, end] = band.groups;
    // Each thread's part of each plane.
    let mut parts: Vec<[Option<Part<'_>>; 4]> = Vec::new();
    parts.resize_with((end - first).div_ceil(per_thread), Default::default);
    for plane in 0..4 {
        let budget = band.shape.plane_words(plane, (end - first).next_multiple_of(2));
        let mut rest = words.split_off(4 * budget);
        for (index, part) in parts.iter_mut().enumerate() {
            let from = first + index * per_thread;
            let groups = (from + per_thread).min(end) - from;
            let bytes = 4 * band.shape.plane_words(plane, groups);
            part[plane] = rest.as_mut().and_then(|rest| rest.split_off(bytes));
        }
    }
    let parts: Vec<_> = parts.into_iter().map(Mutex::new).collect();
    planes.for_each_band(rows(band), per_thread, team, |own| {
        let [from, to] = own.groups();
        let mut part =
            parts[(from - first) / per_thread].lock().unwrap_or_else(PoisonError::into_inner);
        for_each_row(band, [from, to], |plane, row, at| {
            let [start, stop] = band.shape.bytes[plane];
            if let Some(part) = &mut part[plane] {
                part.copy(at, &own.row(plane, row)[start..stop]);
            }
        });
    });
}

/// Copies words to a band's rows.
pub(super) fn read_band(planes: &mut Planes<'_>, band: &BandOf<'_>, team: Team, words: &[u8]) {
    let bases = band.shape.bases(band.groups[1] - band.groups[0]);
    let first = band.groups[0];
    planes.for_each_band(rows(band), groups_per_thread(band, team), team, |own| {
        let [from, to] = own.groups();
        for_each_row(band, [from, to], |plane, row, at| {
            let [start, stop] = band.shape.bytes[plane];
            let before = band.shape.plane_words(plane, from - first);
            let at = 4 * (bases[plane] + before) + at;
            own.row_mut(plane, row)[start..stop].copy_from_slice(&words[at..at + stop - start]);
        });
    });
}
