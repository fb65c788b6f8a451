//! A small frame with a known result, before a device is trusted with real ones.

use std::sync::Arc;

use colorshine_core::apply::{BLOCK, Dither, Evaluator, Finish, Job, Reads};
use colorshine_core::color::codes::CodeSpace;
use colorshine_core::frame::{Area, Component, Layout, Planes};
use colorshine_core::lut::{Interpolation, Lattice};
use colorshine_core::workers::{Level, Team};

use super::Stage;
use crate::apply::{Budget, Task};
use crate::gpu::{Device, GpuError};

/// Columns and rows of the frame: odd, and more than a work group's.
pub(super) const SIZE: [usize; 2] = [531, 7];

/// Whether a device draws a frame as the CPU does. An adapter is asked once.
///
/// # Errors
///
/// Why it cannot be trusted.
pub(super) fn self_test(device: &Arc<Device>) -> Result<(), GpuError> {
    device.examined_by(|device| match largest_difference(device, node)? {
        0 => Ok(()),
        codes => Err(GpuError::WrongPicture(codes)),
    })
}

/// The frame.
pub(super) struct Picture {
    pub(super) layout: Layout,
    pub(super) codes: CodeSpace,
}

impl Picture {
    /// 8-bit planes with shared chroma, which is on the first of two columns.
    pub(super) fn known() -> Self {
        let components = [0, 1, 2].map(|plane| Component::byte(plane, 0, 1));
        let layout = Layout {
            components,
            planes: 3,
            sub_x: 1,
            sub_y: 1,
            is_cosited_x: true,
            is_cosited_y: false,
            is_interlaced: false,
            unpaired_group: None,
        };
        Self { layout, codes: CodeSpace::full_rgb(8) }
    }

    /// Memory for it with other strides than a device's, where planes lie in it, and colours of every kind.
    pub(super) fn memory(&self) -> (Vec<u8>, [[usize; 2]; 3]) {
        let [width, height] = SIZE;
        let (stride, chroma_stride) = (width + 3, width.div_ceil(2) + 1);
        let (rows, chroma_rows) = (height, height.div_ceil(2));
        let chroma = stride * rows;
        let places = [
            [0, stride],
            [chroma, chroma_stride],
            [chroma + chroma_stride * chroma_rows, chroma_stride],
        ];
        let bytes = chroma + 2 * chroma_stride * chroma_rows;
        let mut state = 1u32;
        let noise = (0..bytes).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        });
        (noise.collect(), places)
    }
}

/// Differences at a node: large, of both signs, and curved.
pub(super) fn node([x, y, z]: [i32; 3]) -> [i16; 3] {
    [x * (16 - y) * 37 - 4000, (z * z) * 40 - y * 300, 9000 - x * z * 61].map(|v| v as i16)
}

/// The largest difference of the device's frame, made from a lattice of some nodes, from the CPU's.
pub(super) fn largest_difference(
    device: &Arc<Device>,
    nodes: impl Fn([i32; 3]) -> [i16; 3],
) -> Result<u32, GpuError> {
    let Picture { layout, codes } = Picture::known();
    let [width, height] = SIZE;
    let area = Area { columns: [0, width], rows: [0, height], processed_until: width };
    let lattice = |lattice| Evaluator::Lattice(Arc::new(lattice), Interpolation::Tetrahedral);
    let evaluator = lattice(Lattice::from_nodes(&codes, 17, node));
    let finish = Finish::new(8, 1.0);
    let (source, places) = Picture::known().memory();
    let mut by_cpu = source.clone();
    let mut by_gpu = source;
    let team = Team::alone();
    if let Ok(mut planes) = Planes::in_memory(&layout, SIZE, &mut by_cpu, &places) {
        let job = Job {
            layout: &layout,
            area: &area,
            width: BLOCK,
            evaluator: &evaluator,
            reads: Reads::fastest(),
            finish: &finish,
            dither: Dither::None,
        };
        planes.for_each_band(area.rows, height, team, |band| job.apply(Level::baseline(), band));
    }
    if let Ok(mut planes) = Planes::in_memory(&layout, SIZE, &mut by_gpu, &places) {
        let budget = Budget { frames: 1, rows: Some(4), memory: u64::MAX };
        let evaluator = lattice(Lattice::from_nodes(&codes, 17, nodes));
        let mut stage = Stage::new(device, &layout, &area, budget)?;
        let task = Task {
            layout: &layout,
            area: &area,
            evaluator: &evaluator,
            finish,
            dither: Dither::None,
            budget,
            team,
        };
        let mut in_flight = stage.begin(&mut planes, &task)?;
        stage.finish(&mut in_flight, &mut planes, team)?;
    }
    let each = by_cpu.iter().zip(&by_gpu);
    Ok(each.map(|(a, b)| u32::from(a.abs_diff(*b))).max().unwrap_or(0))
}
