//! The exact model as words of a GPU's storage buffers.
//!
//! The kernels' own numbers, in the order and with the gaps that the structs of `shaders/to_oklab.wgsl` and
//! `shaders/exact.wgsl` have: a look is data to one shader.

use super::lanes::{ExactKernel, Pull32, ToOklab, ToRgb};
use super::luts::Luts;
use crate::color::lanes::{RgbSpace32, matrix32};
use crate::color::shader_data::{mat3x3, vec3};
use crate::cube;

/// The shader's bits of a set of components: lightness, chroma, hue.
fn components([lightness, chroma, hue]: [bool; 3]) -> u32 {
    u32::from(lightness) | u32::from(chroma) << 1 | u32::from(hue) << 2
}

/// What two bindings of a shader hold.
#[derive(Clone, Debug, PartialEq)]
pub struct ShaderData {
    /// Binding 3: the struct that is read there, with what it ends in.
    pub look: Vec<u32>,
    /// Binding 5: the nodes of .cube tables, four words each; a node that is not used where there are none.
    pub nodes: Vec<u32>,
}

impl ShaderData {
    /// `ToOklab`, at the beginning of `look`. `None` where a table needs more than `f32`.
    fn begin(to_rgb: &ToRgb, space: &RgbSpace32, luts: Option<&Luts>) -> Option<Self> {
        // A binding has one element at the least.
        let mut nodes = vec![0; 4];
        let outside = luts.map(|luts| ToRgb::new(&luts.codes));
        let to_rgb = outside.as_ref().unwrap_or(to_rgb);
        let input = cube::shader_data(luts.and_then(|luts| luts.input.as_deref()), &mut nodes)?;
        let affine = mat3x3(&to_rgb.matrix).into_iter().chain(vec3(to_rgb.offset, 0));
        let look = affine.chain(space.shader_data()).chain(input).collect();
        Some(Self { look, nodes })
    }
}

impl ToOklab {
    /// `ToOklab` of `shaders/to_oklab.wgsl`, with the tables of the input LUT; `None` where those need more
    /// than `f32`.
    pub(crate) fn shader_data(&self) -> Option<ShaderData> {
        ShaderData::begin(&self.to_rgb, &self.space, self.luts.as_ref())
    }
}

impl ExactKernel {
    /// `Look` of `shaders/exact.wgsl`, where a difference of one code is `unit`, with the tables of LUTs;
    /// `None` where those need more than `f32`.
    pub fn shader_data(&self, unit: f32) -> Option<ShaderData> {
        let luts = self.luts.as_ref();
        let mut words = ShaderData::begin(&self.input.to_rgb, &self.input.space, luts)?;
        let from_rgb = luts.map(|luts| matrix32(&luts.codes.encode_linear()));
        let output = luts.and_then(|luts| luts.output.as_deref());
        let output = cube::shader_data(output, &mut words.nodes)?;
        let channels = self.channels;
        let look = &mut words.look;
        look.extend(mat3x3(&from_rgb.unwrap_or(self.from_rgb)));
        look.extend(output);
        look.extend([
            unit.to_bits(),
            self.model as u32,
            self.falloff as u32,
            self.gamut_mapping as u32,
            components([channels.luminance, channels.saturation, channels.hue]),
            self.pulls.len() as u32,
            0,
            0,
        ]);
        look.extend(self.pulls.iter().flat_map(Pull32::shader_data));
        if self.pulls.is_empty() {
            look.extend([0; PULL_LENGTH]);
        }
        Some(words)
    }
}

/// The data of `Pull` in `shaders/exact.wgsl`.
const PULL_LENGTH: usize = 16;

impl Pull32 {
    fn shader_data(&self) -> [u32; PULL_LENGTH] {
        // Of a radius that is all but nothing the inverse is infinite, which a shader may not see.
        let [l, a, b, inverse_radius] = vec3(self.lab, self.inverse_radius.min(1e30).to_bits());
        let [x, y] = self.direction.unwrap_or_default();
        let own = [self.lightness.is_none(), self.chroma.is_none(), self.direction.is_none()];
        [
            l,
            a,
            b,
            inverse_radius,
            self.plateau.to_bits(),
            self.inverse_slope.to_bits(),
            self.base.to_bits(),
            self.extra.to_bits(),
            self.lightness.unwrap_or_default().to_bits(),
            self.chroma.unwrap_or_default().to_bits(),
            x.to_bits(),
            y.to_bits(),
            components(own),
            0,
            0,
            0,
        ]
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::classic::HUELESS;
    use super::super::falloff::GAUSSIAN_EDGE;
    use super::super::outside::MOST_STEPS;
    use super::super::smooth::NEUTRAL_CHROMA;
    use super::super::{Falloff, GamutMapping, Look, Model};
    use super::*;
    use crate::attractor::{Channels, parse};
    use crate::color::codes::{CodeSpace, Range};
    use crate::color::lanes::Matrix32;
    use crate::color::oklab::{Primaries, RgbSpace};
    use crate::color::shader_data::reflection::{Reader, constant, module};
    use crate::cube::Cube;
    use crate::workers::simd_level;

    const FILES: [&str; 5] = [
        include_str!("../../../shaders/color.wgsl"),
        include_str!("../../../shaders/cube.wgsl"),
        include_str!("../../../shaders/to_oklab.wgsl"),
        include_str!("../../../shaders/exact.wgsl"),
        "@compute @workgroup_size(1) fn main() { _ = difference(vec3(0u)); }",
    ];

    const UNIT: f32 = 32.0;

    fn codes() -> CodeSpace {
        let range = Range { offset: [64.0, 512.0, 512.0], scale: [876.0, 896.0, 896.0] };
        CodeSpace::ycbcr(10, range, 0.2627, 0.0593)
    }

    fn kernel(cubes: [Option<Arc<Cube>>; 2]) -> ExactKernel {
        let [input_lut, output_lut] = cubes;
        let look = Look {
            attractors: parse("oklch(60% 0.2 30);40;150|oklch(none 0.1 120);20;60;lh").unwrap(),
            channels: Channels { luminance: true, saturation: false, hue: true },
            model: Model::Classic,
            falloff: Falloff::Gaussian,
            gamut_mapping: GamutMapping::Clip,
            primaries: Primaries::BT2020,
            input_lut,
            output_lut,
        };
        ExactKernel::new(&look, &[0.5, 0.25], &codes(), simd_level())
    }

    fn columns(m: &Matrix32) -> Vec<f32> {
        (0..9).map(|i| m[i % 3][i / 3]).collect()
    }

    #[test]
    fn data_is_where_the_shader_reads_them() {
        let kernel = kernel([None, None]);
        let words = kernel.shader_data(UNIT).unwrap();
        let module = module(&FILES);
        let reader = Reader { module: &module, words: &words.look };
        let to_oklab = |name: &str| reader.floats(&format!("Look.to_oklab.{name}"));

        assert_eq!(to_oklab("to_rgb"), columns(&kernel.input.to_rgb.matrix));
        assert_eq!(to_oklab("to_rgb_offset"), kernel.input.to_rgb.offset);
        let space = RgbSpace::new(&Primaries::BT2020);
        for (name, matrix) in [
            ("rgb_to_lms", &space.rgb_to_lms),
            ("lms_to_rgb", &space.lms_to_rgb),
            ("roots_to_lab", &space.roots_to_lab),
            ("lab_to_roots", &space.lab_to_roots),
        ] {
            assert_eq!(to_oklab(&format!("space.{name}")), columns(&matrix32(matrix)), "{name}");
        }
        assert_eq!(reader.floats("Look.from_rgb"), columns(&kernel.from_rgb));
        assert_eq!(reader.floats("Look.unit"), [UNIT]);
        for (name, want) in [
            ("to_oklab.input", vec![0; 16]),
            ("output", vec![0; 16]),
            ("model", constant(&module, "CLASSIC").iter().map(|v| *v as u32).collect()),
            ("falloff", constant(&module, "GAUSSIAN_FALLOFF").iter().map(|v| *v as u32).collect()),
            ("gamut_mapping", constant(&module, "CLIP").iter().map(|v| *v as u32).collect()),
            ("channels", vec![0b101]),
            ("pull_count", vec![2]),
            ("pulls[0].own", vec![0b000]),
            ("pulls[1].own", vec![0b011]),
        ] {
            assert_eq!(reader.values(&format!("Look.{name}")), want, "{name}");
        }
        let pulls = [(0.6, 0.2, 30f32, 2.0), (0.0, 0.0, 120.0, 4.0)];
        for (i, (lightness, chroma, hue, inverse_radius)) in pulls.into_iter().enumerate() {
            let number = |name: &str| reader.floats(&format!("Look.pulls[{i}].{name}"));
            let pull = &kernel.pulls[i];
            assert_eq!(number("lab"), pull.lab);
            assert_eq!(number("inverse_radius"), [inverse_radius]);
            assert_eq!(number("plateau"), [pull.plateau]);
            assert_eq!(number("inverse_slope"), [pull.inverse_slope]);
            assert_eq!(number("base"), [pull.base]);
            assert_eq!(number("extra"), [pull.extra]);
            // Of the second, lightness is `none` and chroma is not one of its channels.
            let own = |v: f32| if i == 0 { v } else { 0.0 };
            assert_eq!(number("lightness"), [own(lightness)]);
            assert_eq!(number("chroma"), [own(chroma)]);
            let [x, y] = [hue.to_radians().cos(), hue.to_radians().sin()];
            let direction = number("direction");
            assert!((direction[0] - x).abs() < 1e-6 && (direction[1] - y).abs() < 1e-6);
        }
        let one_pull = reader.size("Look") as usize / 4;
        assert_eq!(words.look.len(), one_pull + PULL_LENGTH);
        assert_eq!(words.nodes, [0; 4]);
    }

    #[test]
    fn tables_stand_around_the_streams_own_codes() {
        let cube = |text: &str| Some(Arc::new(crate::cube::parse(text.as_bytes()).unwrap()));
        let curve = |rows: &str| cube(&format!("LUT_1D_SIZE 2\n{rows}\n"));
        let plain = kernel([None, None]).shader_data(UNIT).unwrap();
        let with =
            kernel([curve("0 0 0\n1 .9 .8"), curve(".1 .2 .3\n1 1 1")]).shader_data(UNIT).unwrap();
        let module = module(&FILES);
        let [plain, with_tables] =
            [&plain, &with].map(|w| Reader { module: &module, words: &w.look });
        for name in ["to_rgb", "to_rgb_offset", "space"] {
            let name = format!("Look.to_oklab.{name}");
            assert_eq!(with_tables.values(&name), plain.values(&name), "{name}");
        }
        assert_eq!(with_tables.floats("Look.from_rgb"), plain.floats("Look.from_rgb"));
        assert_eq!(with_tables.values("Look.to_oklab.input.curves.first"), [1]);
        assert_eq!(with_tables.values("Look.output.curves.first"), [3]);
        assert_eq!(with.nodes.len(), 4 * 5);
        assert_eq!(with.nodes[4 * 3..][..4], vec3([0.1, 0.2, 0.3], 0));
        assert_eq!(kernel([None, curve("0 0 0\n9e9 1 1")]).shader_data(UNIT), None);
    }

    #[test]
    fn a_look_that_pulls_nothing_has_one_pull_that_is_not_counted() {
        let mut kernel = kernel([None, None]);
        kernel.pulls.clear();
        let words = kernel.shader_data(UNIT).unwrap();
        let module = module(&FILES);
        let reader = Reader { module: &module, words: &words.look };
        assert_eq!(reader.values("Look.pull_count"), [0]);
        assert_eq!(words.look.len(), reader.size("Look") as usize / 4);
    }

    #[test]
    fn the_shader_has_our_constants() {
        let module = module(&FILES);
        let number = |name: &str| constant(&module, name)[0];
        for (name, value) in [
            ("CLASSIC", Model::Classic as u32),
            ("LINEAR", Falloff::Linear as u32),
            ("QUADRATIC", Falloff::Quadratic as u32),
            ("GAUSSIAN_FALLOFF", Falloff::Gaussian as u32),
            ("CUBIC", Falloff::Cubic as u32),
            ("CLIP", GamutMapping::Clip as u32),
            ("LIGHTNESS", components([true, false, false])),
            ("CHROMA", components([false, true, false])),
            ("HUE", components([false, false, true])),
            ("ENTRY_MAX", crate::lut::LARGEST_ENTRY as u32),
            ("MOST_STEPS", MOST_STEPS as u32),
        ] {
            assert_eq!(number(name), f64::from(value), "{name}");
        }
        assert_eq!(number("GAUSSIAN_EDGE"), f64::from(GAUSSIAN_EDGE as f32));
        assert_eq!(number("HUELESS"), f64::from(HUELESS as f32));
        assert_eq!(number("NEUTRAL_CHROMA"), f64::from(NEUTRAL_CHROMA as f32));
    }
}
