//! What a shader is told about a band: `Band` in shaders/frame.wgsl, and the layout's constants.

use super::Shape;
use crate::apply::siting::shader_weights;
use crate::apply::{Dither, Finish, dither};
use crate::frame::{Area, Layout};
use crate::lut::{Interpolation, Lattice};

/// Words of `Band`.
pub const BAND_LENGTH: usize = 36;

/// What is done to a frame, apart from its look.
#[derive(Clone, Copy, Debug)]
pub struct OutputOptions {
    /// How differences end up in the frame.
    pub finish: Finish,
    /// What they are rounded by.
    pub dither: Dither,
}

/// One band of a frame.
#[derive(Clone, Copy, Debug)]
pub struct BandOf<'a> {
    /// Where components lie.
    pub layout: &'a Layout,
    /// The picture.
    pub area: &'a Area,
    /// Where its words lie.
    pub shape: &'a Shape,
    /// Its groups: first, and the one after the last.
    pub groups: [usize; 2],
}

/// `Band`, word by word.
pub fn band_parameters(
    band: &BandOf<'_>,
    output: &OutputOptions,
    lattice: Option<(&Lattice, Interpolation)>,
) -> [u32; BAND_LENGTH] {
    let BandOf { layout, area, shape, groups: [first, end] } = *band;
    let [columns, rows] = shader_weights(layout, 0);
    let [_, other_rows] = shader_weights(layout, 1);
    let mut words = [0; BAND_LENGTH];
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
    put(&columns);
    put(&rows);
    put(&other_rows);
    let thresholds = output.dither.matrix_index();
    put(&[
        output.finish.mix() as u32,
        word(thresholds.unwrap_or(0) * dither::MATRIX_BYTES / 4),
        u32::from(thresholds.is_some()),
        lattice.map_or(0, |(lattice, _)| word(lattice.size())),
        match lattice {
            None | Some((_, Interpolation::Tetrahedral)) => 0,
            Some((_, Interpolation::Trilinear)) => 1,
            Some((_, Interpolation::Nearest)) => 2,
            Some((lattice, Interpolation::Prism)) => {
                if lattice.is_ycbcr() {
                    3
                } else {
                    4
                }
            }
        },
        layout.unpaired_group.map_or(u32::MAX, word),
        lattice.map_or(0, |(lattice, _)| u32::from(lattice.axis().multiplier)),
        0,
    ]);
    words
}

/// The constants of shaders/frame.wgsl for a layout.
pub fn constants(layout: &Layout) -> Vec<(&'static str, u32)> {
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
    constants.push(("IS_BIG_ENDIAN", u32::from(luma.is_big_endian && luma.bytes == 2)));
    constants.push(("HAS_BIG_ENDIAN_WORDS", u32::from(luma.is_big_endian && luma.bytes == 4)));
    constants.push(("SUB_X", layout.sub_x));
    constants.push(("SUB_Y", layout.sub_y));
    constants
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::color::codes::{CodeSpace, Range};
    use crate::color::shader_data::reflection::{Reader, module};
    use crate::frame::Component;

    /// The second band of a frame of NV12 with fields, cropped and split, whose numbers differ.
    #[test]
    fn data_is_where_the_shader_reads_them() {
        let components =
            [Component::byte(0, 0, 1), Component::byte(1, 0, 2), Component::byte(1, 1, 2)];
        let layout = Layout {
            components,
            planes: 2,
            sub_x: 1,
            sub_y: 1,
            is_cosited_x: true,
            is_cosited_y: false,
            is_interlaced: true,
            unpaired_group: Some(30),
        };
        let area = Area { columns: [19, 90], rows: [5, 61], processed_until: 67 };
        let shape = Shape::new(&layout, &area);
        let band = BandOf { layout: &layout, area: &area, shape: &shape, groups: [10, 18] };
        let output = OutputOptions { finish: Finish::new(8, 0.25), dither: Dither::BlueNoise };
        let range = Range { offset: [16.0, 128.0, 128.0], scale: [219.0, 224.0, 224.0] };
        let codes = CodeSpace::ycbcr(8, range, 0.2126, 0.0722);
        let lattice = Lattice::zeros(&codes, 17);
        let words = band_parameters(&band, &output, Some((&lattice, Interpolation::Nearest)));
        let module = module(&[include_str!("../../../../shaders/frame.wgsl")]);
        let reader = Reader { module: &module, words: &words };
        assert_eq!(reader.size("Band") as usize, 4 * BAND_LENGTH);
        let mut read = 0;
        let mut holds = |name: &str, want: &[u32]| {
            assert_eq!(reader.values(&format!("Band.{name}")), want, "{name}");
            read += 1;
        };
        // From column 16 to 72, and 8 groups: a pair of rows of luma each, and one of chroma.
        holds("bases", &[0, 14 * 16, 14 * 16 + 14 * 8, 14 * 16 + 14 * 8]);
        holds("strides", &[14, 14, 0, 0]);
        holds("columns", &[19, 67]);
        holds("rows", &[5, 61]);
        holds("first_column", &[16]);
        holds("first_group", &[10]);
        holds("groups", &[8]);
        holds("is_interlaced", &[1]);
        holds("column_weights", &[1, 2, 1, 0]);
        holds("row_weights", &[3, 1, 0, 0]);
        holds("other_row_weights", &[1, 3, 0, 0]);
        holds("mix", &[1 << 13]);
        holds("thresholds", &[64 * 64 / 4]);
        holds("is_dithered", &[1]);
        holds("size", &[17]);
        holds("interpolation", &[2]);
        holds("unpaired_group", &[30]);
        holds("multiplier", &[u32::from(lattice.axis().multiplier)]);
        let (_, ty) =
            module.types.iter().find(|(_, ty)| ty.name.as_deref() == Some("Band")).unwrap();
        let naga::TypeInner::Struct { members, .. } = &ty.inner else {
            panic!("Band is a struct");
        };
        assert_eq!(members.len(), read, "a member that is not compared");
    }
}
