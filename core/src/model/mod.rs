//! The colour model: one colour in, one colour out.
//!
//! A [`Look`] is all that the user chose about the model; together with one radius per attractor it
//! becomes a [`Transform`], the scalar `f64` gold. [`lanes`] holds its `f32` twin over SIMD lanes,
//! which bakes lattices and colours frames.

mod classic;
pub mod falloff;
pub mod lanes;
mod luts;
mod outside;
#[cfg(feature = "shaders")]
pub mod shader_data;
mod smooth;

pub use falloff::Falloff;

use std::sync::Arc;

use crate::attractor::{Attractor, Channels};
use crate::color::codes::CodeSpace;
use crate::color::oklab::{Primaries, RgbSpace};
use crate::color::{Triple, gamut, transfer};
use crate::cube::Cube;
use luts::through;

/// How weights and blends are formed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Model {
    /// Continuous everywhere.
    #[default]
    Smooth = 0,
    /// imgcolorshine's formulae.
    Classic = 1,
}

/// What becomes of colours outside the container's gamut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum GamutMapping {
    /// Less chroma at constant lightness and hue.
    #[default]
    Chroma = 0,
    /// Each of R, G and B on its own.
    Clip = 1,
}

/// What the user chose about the model, and the container's primaries.
///
/// Its `Debug` text differs where looks differ: baked lattices are shared by it.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// Colours that pull.
    pub attractors: Vec<Attractor>,
    /// Channels that the filter may change.
    pub channels: Channels,
    /// Formulae.
    pub model: Model,
    /// Weight over distance.
    pub falloff: Falloff,
    /// Treatment of colours outside the gamut.
    pub gamut_mapping: GamutMapping,
    /// The container's primaries.
    pub primaries: Primaries,
    /// What becomes of R'G'B' before the attractors see it.
    pub input_lut: Option<Arc<Cube>>,
    /// What becomes of R'G'B' after the attractors.
    pub output_lut: Option<Arc<Cube>>,
}

impl Look {
    /// Some attractors, and all else as the element has it by default: all channels, the smooth model, BT.709's
    /// primaries, which are sRGB's, and no LUTs.
    pub fn new(attractors: Vec<Attractor>) -> Self {
        Self {
            attractors,
            channels: Channels::ALL,
            model: Model::default(),
            falloff: Falloff::default(),
            gamut_mapping: GamutMapping::default(),
            primaries: Primaries::BT709,
            input_lut: None,
            output_lut: None,
        }
    }

    /// Whether no picture can be changed by it.
    pub fn is_identity(&self) -> bool {
        let is_still = self.channels.is_empty() || self.attractors.iter().all(Attractor::is_inert);
        is_still && self.input_lut.is_none() && self.output_lut.is_none()
    }

    /// Bytes that the LUTs take.
    pub fn lut_bytes(&self) -> u64 {
        [&self.input_lut, &self.output_lut].into_iter().flatten().map(|cube| cube.bytes()).sum()
    }
}

/// An attractor with its radius, the distance in Oklab at which its pull has faded to nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pull {
    /// The colour and its strength.
    pub attractor: Attractor,
    /// Radius in Oklab; 0 means no effect.
    pub radius: f64,
}

/// The gold: maps encoded R'G'B' to encoded R'G'B' in `f64`.
#[derive(Clone, Debug)]
pub struct Transform {
    pulls: Vec<Pull>,
    channels: Channels,
    model: Model,
    falloff: Falloff,
    gamut_mapping: GamutMapping,
    space: RgbSpace,
    input_lut: Option<Arc<Cube>>,
    output_lut: Option<Arc<Cube>>,
}

/// A colour in the forms that blends need.
#[derive(Clone, Copy, Debug)]
struct Source {
    /// Oklab.
    lab: Triple,
    /// OKLCH chroma.
    chroma: f64,
}

impl Transform {
    /// The transform of `look` with one radius per attractor, in order.
    ///
    /// # Panics
    ///
    /// Panics when the numbers of attractors and radii differ.
    pub fn new(look: &Look, radii: &[f64]) -> Self {
        assert_eq!(look.attractors.len(), radii.len(), "one radius per attractor");
        let pulls = look.attractors.iter().zip(radii);
        Self {
            pulls: pulls
                .map(|(&attractor, &radius)| Pull { attractor, radius })
                .filter(|pull| pull.radius > 0.0 && pull.attractor.strength > 0.0)
                .collect(),
            channels: look.channels,
            model: look.model,
            falloff: look.falloff,
            gamut_mapping: look.gamut_mapping,
            space: RgbSpace::new(&look.primaries),
            input_lut: look.input_lut.clone(),
            output_lut: look.output_lut.clone(),
        }
    }

    /// Encoded R'G'B' in [0, 1] to encoded R'G'B' in [0, 1]: through the input LUT, the attractors and
    /// the output LUT.
    pub fn apply(&self, rgb: Triple) -> Triple {
        through(&self.output_lut, self.pull(through(&self.input_lut, rgb)))
    }

    /// What the attractors make of a colour. One outside every radius comes back as it went in.
    fn pull(&self, rgb: Triple) -> Triple {
        let lab = self.space.encoded_to_oklab(rgb);
        let source = Source { lab, chroma: lab[1].hypot(lab[2]) };
        let blended = match self.model {
            Model::Smooth => smooth::blend(self, source),
            Model::Classic => classic::blend(self, source),
        };
        let Some(mut lab) = blended else {
            return rgb;
        };
        lab[0] = lab[0].clamp(0.0, 1.0);
        if self.gamut_mapping == GamutMapping::Chroma {
            let slack = match self.model {
                Model::Smooth => gamut::SLACK,
                Model::Classic => gamut::SLACK_CLASSIC,
            };
            lab = gamut::reduce_chroma(&self.space, lab, slack);
        }
        self.space.oklab_to_linear(lab).map(|v| transfer::encode(v.clamp(0.0, 1.0)))
    }

    /// How much of a colour, given in Oklab, is the attractors': the sum of their weights, from 0 to 1.
    pub fn weight(&self, lab: Triple) -> f64 {
        let weight = match self.model {
            Model::Smooth => smooth::weight,
            Model::Classic => classic::weight,
        };
        let each = self.pulls.iter().map(|pull| weight(pull, self.falloff, lab));
        each.sum::<f64>().min(1.0)
    }

    /// What the transform adds to a colour given in code values, in code values. Outside of R'G'B' in [0, 1] it is
    /// continued by odd reflection, as `outside.rs` has it.
    pub fn difference(&self, codes: &CodeSpace, at: Triple) -> Triple {
        let moved = outside::continued(codes.decode(at), |rgb| {
            let out = self.apply(rgb);
            [0, 1, 2].map(|i| out[i] - rgb[i])
        });
        codes.encode_difference(moved)
    }
}

/// Distance of two colours in Oklab.
pub fn distance(a: Triple, b: Triple) -> f64 {
    ((a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2) + (a[2] - b[2]).powi(2)).sqrt()
}
