//! Attractors: from the text of the property to a validated set.
//!
//! A text is a list of items, separated by `|` or newlines, each
//! `color;tolerance;strength[;channels]`. [`parse`] gives the set or one [`ParseError`] that names the
//! item, the place and what is allowed. Blank lines separate nothing and are skipped.

mod css;
mod parse;

pub use parse::{MAX_ATTRACTORS, MAX_TEXT_BYTES, ParseError, Problem, parse, parse_with_alpha};

use crate::color::Triple;

/// Which of lightness, chroma ("saturation") and hue may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Channels {
    /// L of OKLCH.
    pub luminance: bool,
    /// C of OKLCH.
    pub saturation: bool,
    /// h of OKLCH.
    pub hue: bool,
}

impl Channels {
    /// All three.
    pub const ALL: Self = Self { luminance: true, saturation: true, hue: true };

    /// Whether no channel is left.
    pub fn is_empty(self) -> bool {
        !(self.luminance || self.saturation || self.hue)
    }
}

/// A colour that pulls. Components that are `None` are CSS `none`, or the hue of an achromatic
/// colour: there the pixel's own is taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attractor {
    /// OKLCH lightness, 0 to 1.
    pub lightness: Option<f64>,
    /// OKLCH chroma, from 0; 0.4 is very colourful.
    pub chroma: Option<f64>,
    /// OKLCH hue in degrees.
    pub hue: Option<f64>,
    /// Oklab L, a, b with undefined components as 0: the point that distances are measured from.
    pub lab: Triple,
    /// Percentage of what `tolerance-reference` says, 0 to 100.
    pub tolerance: f64,
    /// Strength in percent, 0 to 200.
    pub strength: f64,
}

impl Attractor {
    /// Whether it can change no pixel, whatever the picture.
    pub fn is_inert(&self) -> bool {
        self.tolerance == 0.0
            || self.strength == 0.0
            || (self.lightness.is_none() && self.chroma.is_none() && self.hue.is_none())
    }

    /// The same attractor without the channels it is not to touch: their components are as if they
    /// were `none`, while distances still use the whole colour.
    fn limited_to(self, channels: Channels) -> Self {
        Self {
            lightness: self.lightness.filter(|_| channels.luminance),
            chroma: self.chroma.filter(|_| channels.saturation),
            hue: self.hue.filter(|_| channels.hue),
            ..self
        }
    }
}
