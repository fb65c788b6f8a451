//! Frames of the exact model in floats of 32 bits, compared where the gold has no step.

use colorshine_core::attractor::Channels;
use colorshine_core::color::codes::CodeSpace;
use colorshine_core::frame::Layout;
use colorshine_core::model::{Falloff, GamutMapping, Look, Model, Transform};
use colorshine_core::tolerances::gpu_exact_codes;
use colorshine_video::Stream;
use gst_video::VideoInfo;

use super::codes::pixel;

/// How far from a colour, in R'G'B' from 0 to 1, the gold's steps are looked for.
const NEAR: f64 = 1e-5;

/// The gold of a stream for properties as the element has them.
pub fn gold(stream: &Stream, properties: &[(&str, &str)]) -> Transform {
    let value = |name| properties.iter().rev().find(|(n, _)| *n == name).map(|(_, value)| *value);
    let (look, radii) = super::look(stream, value("attractors").unwrap_or_default());
    let may_change = |name| value(name) != Some("false");
    let look = Look {
        channels: Channels {
            luminance: may_change("luminance"),
            saturation: may_change("saturation"),
            hue: may_change("hue"),
        },
        model: match value("model") {
            Some("classic") => Model::Classic,
            None => Model::Smooth,
            other => panic!("{other:?}"),
        },
        falloff: match value("falloff") {
            None => Falloff::Cosine,
            Some("linear") => Falloff::Linear,
            Some("quadratic") => Falloff::Quadratic,
            Some("gaussian") => Falloff::Gaussian,
            Some("cubic") => Falloff::Cubic,
            other => panic!("{other:?}"),
        },
        gamut_mapping: match value("gamut-mapping") {
            Some("clip") => GamutMapping::Clip,
            None => GamutMapping::Chroma,
            other => panic!("{other:?}"),
        },
        ..look
    };
    Transform::new(&look, &radii)
}

/// Whether the gold itself moves by more than `most` codes in any component close to a colour.
///
/// About the colours and not about the codes: those that stand for no R'G'B' in [0, 1] are continued from the nearest
/// that does, and from its mirror image, however the codes are moved; and it is on the surface of the cube that the
/// gold is steepest.
pub fn is_at_a_step(gold: &Transform, codes: &CodeSpace, colour: [u32; 3], most: f64) -> bool {
    // What is continued once more has a second mirror image.
    let nearest = |rgb: [f64; 3]| rgb.map(|v| v.clamp(0.0, 1.0));
    let mirrored = |rgb: [f64; 3]| [0, 1, 2].map(|c| 2.0 * nearest(rgb)[c] - rgb[c]);
    let rgb = codes.decode(colour.map(f64::from));
    let steps = std::iter::successors(Some(rgb), |rgb| Some(mirrored(*rgb))).take(3);
    steps.map(nearest).any(|rgb| {
        let around = (0..27).map(|i| {
            let step = [i % 3, i / 3 % 3, i / 9].map(|k| NEAR * f64::from(k - 1));
            codes.encode(gold.apply([0, 1, 2].map(|c| rgb[c] + step[c])))
        });
        let around: Vec<[f64; 3]> = around.collect();
        (0..3).any(|c| {
            let values = || around.iter().map(|code| code[c]);
            values().fold(f64::MIN, f64::max) - values().fold(f64::MAX, f64::min) > most
        })
    })
}

/// A frame of a stream, and what two sides make of it.
pub struct Frames<'a> {
    pub info: &'a VideoInfo,
    pub input: &'a [u8],
    pub cpu: &'a [u8],
    pub gpu: &'a [u8],
}

/// What a comparison finds: the largest difference in codes, samples that lie at a step of the model and differ by
/// more than is allowed, and all samples.
#[derive(Default)]
pub struct Found {
    pub largest: u32,
    pub left_out: usize,
    pub tested: usize,
}

impl Frames<'_> {
    /// Compares samples; one of chroma counts for each pixel that it is stored for.
    ///
    /// # Errors
    ///
    /// What differs by more than is allowed where the gold has no step.
    pub fn compare(&self, properties: &[(&str, &str)]) -> Result<Found, String> {
        let stream = Stream::new(self.info);
        let layout = stream.layout;
        let gold = gold(&stream, properties);
        let most = gpu_exact_codes(self.info.comp_depth(0));
        let [width, height] = [self.info.width(), self.info.height()].map(|length| length as usize);
        let at = |data: &[u8], x, y| pixel(self.info, &layout, data, x, y);
        let is_at_a_step = |&(x, y): &(usize, usize)| {
            is_at_a_step(&gold, &stream.codes, at(self.input, x, y), f64::from(most))
        };
        let mut found = Found::default();
        for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
            let (cpu, gpu) = (at(self.cpu, x, y), at(self.gpu, x, y));
            for c in 0..3 {
                let difference = cpu[c].abs_diff(gpu[c]);
                found.tested += 1;
                if difference <= most {
                    found.largest = found.largest.max(difference);
                } else if sources(&layout, c, [x, y], [width, height]).iter().any(is_at_a_step) {
                    found.left_out += 1;
                } else {
                    let colour = at(self.input, x, y);
                    return Err(format!(
                        "component {c} of {colour:?} at {x},{y}: {} and {}, and no step of the model",
                        cpu[c], gpu[c]
                    ));
                }
            }
        }
        Ok(found)
    }
}

/// The pixels whose differences a component of a pixel gets.
fn sources(
    layout: &Layout,
    component: usize,
    [x, y]: [usize; 2],
    size: [usize; 2],
) -> Vec<(usize, usize)> {
    if component == 0 || layout.sub_x == 0 {
        return vec![(x, y)];
    }
    // Chroma on its first column counts the one before, too.
    let columns = (x & !1).saturating_sub(1)..((x | 1) + 1).min(size[0]);
    let rows = layout.rows_of(layout.group_of(y), [0, size[1]]);
    rows.flat_map(|row| columns.clone().map(move |column| (column, row))).collect()
}
