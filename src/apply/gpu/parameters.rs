//! What a shader is told about a band: `Band` in shaders/frame.wgsl, and the layout's constants.

use super::shape::Shape;
use crate::apply::finish::Finish;
use crate::apply::siting::Weights;
use crate::apply::{Dither, dither};
use crate::frame::{Area, Layout};
use crate::lut::{Interpolation, Lattice};

/// Words of `Band`.
pub(super) const WORDS: usize = 44;

/// What is done to a frame, apart from its look.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// How differences end up in the frame.
    pub finish: Finish,
    /// What they are rounded by.
    pub dither: Dither,
}

/// One band of a frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct BandOf<'a> {
    pub(super) layout: &'a Layout,
    pub(super) area: &'a Area,
    pub(super) shape: &'a Shape,
    /// Its groups: first, and the one after the last.
    pub(super) groups: [usize; 2],
}

/// `Band`, word by word.
pub(super) fn band_words(
    band: &BandOf<'_>,
    manner: &Manner,
    lattice: Option<(&Lattice, Interpolation)>,
) -> [u32; WORDS] {
    let BandOf { layout, area, shape, groups: [first, end] } = *band;
    let weights = [0, 1].map(|group| Weights::new(layout, group, 2));
    let [columns, rows] = weights[0].parts();
    let [_, other_rows] = weights[1].parts();
    let mut words = [0; WORDS];
    let mut at = 0;
    let mut put = |values: &[u32]| {
        words[at..at + values.len()].copy_from_slice(values);
        at += values.len();
    };
    let word = |value: usize| value as u32;
    put(&shape.bases(end - first).map(word));
    put(&shape.strides.map(word));
    put(&[area.columns[0], area.processed_until, area.rows[0], area.rows[1]].map(word));
    put(&[
        word(shape.first_column),
        word(first),
        word(end - first),
        u32::from(layout.is_interlaced),
    ]);
    put(&[columns[0], columns[1], columns[2], 0]);
    put(&[rows[0], rows[1], other_rows[0], other_rows[1]]);
    let thresholds = manner.dither.matrix_index();
    put(&[
        manner.finish.mix() as u32,
        word(thresholds.unwrap_or(0) * dither::MATRIX_BYTES / 4),
        u32::from(thresholds.is_some()),
        lattice.map_or(0, |(lattice, _)| word(lattice.size())),
        match lattice.map(|(_, interpolation)| interpolation).unwrap_or_default() {
            Interpolation::Tetrahedral => 0,
            Interpolation::Trilinear => 1,
            Interpolation::Nearest => 2,
        },
        0,
        0,
        0,
    ]);
    if let Some((lattice, _)) = lattice {
        let [x, y, z] = lattice.axes();
        put(&[x.low, y.low, z.low, 0].map(u32::from));
        put(&[x.span, y.span, z.span, 0].map(u32::from));
        put(&[x.multiplier, y.multiplier, z.multiplier, 0].map(u32::from));
    }
    words
}

/// The constants of shaders/frame.wgsl for a layout.
pub(super) fn constants(layout: &Layout) -> Vec<(&'static str, u32)> {
    const NAMES: [[&str; 4]; 3] = [
        ["PLANE_0", "OFFSET_0", "STEP_0", "SHIFT_0"],
        ["PLANE_1", "OFFSET_1", "STEP_1", "SHIFT_1"],
        ["PLANE_2", "OFFSET_2", "STEP_2", "SHIFT_2"],
    ];
    let mut constants = Vec::new();
    for (names, component) in NAMES.iter().zip(&layout.components) {
        let [plane, offset, step, shift] = names;
        constants.push((*plane, component.plane as u32));
        constants.push((*offset, component.offset as u32));
        constants.push((*step, component.step as u32));
        constants.push((*shift, component.shift));
    }
    let [luma, ..] = layout.components;
    constants.push(("DEPTH", luma.depth));
    constants.push(("IS_BIG_ENDIAN", u32::from(luma.is_big_endian)));
    constants.push(("SUB_X", layout.sub_x));
    constants.push(("SUB_Y", layout.sub_y));
    constants
}
