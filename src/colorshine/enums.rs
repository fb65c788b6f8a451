//! The engine's choices as enums of GObject's, whose types, names, nicks and values are the element's contract.

use colorshine_core::{apply, lut, model, tolerance};
use gst::glib;

use crate::engine;

/// From an enum of the engine's to ours and back, variant by variant, so that none can be forgotten.
macro_rules! is_the_engines {
    ($ours:ident, $engines:ty, $($variant:ident),+) => {
        impl From<$engines> for $ours {
            fn from(value: $engines) -> Self {
                match value {
                    $(<$engines>::$variant => Self::$variant),+
                }
            }
        }

        impl From<$ours> for $engines {
            fn from(value: $ours) -> Self {
                match value {
                    $($ours::$variant => Self::$variant),+
                }
            }
        }
    };
}

/// How weights and blends are formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, glib::Enum)]
#[enum_type(name = "GstColorShineModel")]
#[repr(i32)]
pub enum Model {
    /// Continuous everywhere.
    #[enum_value(name = "Smooth: continuous everywhere", nick = "smooth")]
    Smooth = 0,
    /// imgcolorshine's formulae.
    #[enum_value(name = "Classic: the formulae of imgcolorshine", nick = "classic")]
    Classic = 1,
}

is_the_engines!(Model, model::Model, Smooth, Classic);

/// The shape of the falloff: 1 at u = 0, 0 at u = 1, continuous.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, glib::Enum)]
#[enum_type(name = "GstColorShineFalloff")]
#[repr(i32)]
pub enum Falloff {
    /// (1 + cos pi u) / 2
    #[enum_value(name = "Half a cosine: soft at the colour and at the edge", nick = "cosine")]
    Cosine = 0,
    /// 1 - u
    #[enum_value(name = "A straight line: the same step everywhere", nick = "linear")]
    Linear = 1,
    /// 1 - u^2
    #[enum_value(
        name = "1 - u^2: strong over most of the reach, a marked edge",
        nick = "quadratic"
    )]
    Quadratic = 2,
    /// exp(-u^2 / (2 sigma^2)) with sigma 0.4, shifted and scaled to reach 0 at u = 1
    #[enum_value(
        name = "Gaussian, sigma 0.4: soft, a little narrower than half a cosine",
        nick = "gaussian"
    )]
    Gaussian = 3,
    /// (1 - u)^3
    #[enum_value(
        name = "(1 - u)^3: strong near the colour only, a long faint rest",
        nick = "cubic"
    )]
    Cubic = 4,
}

is_the_engines!(Falloff, model::Falloff, Cosine, Linear, Quadratic, Gaussian, Cubic);

/// What a tolerance is a percentage of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, glib::Enum)]
#[enum_type(name = "GstColorShineToleranceReference")]
#[repr(i32)]
pub enum Reference {
    /// The colours of the container's gamut.
    #[enum_value(name = "Share of all colours that the stream can show", nick = "gamut")]
    Gamut = 0,
    /// The pixels of the frame.
    #[enum_value(name = "Share of the pixels of the frame", nick = "frame")]
    Frame = 1,
    /// Oklab itself: a tolerance of 100 is a radius of 1.
    #[enum_value(name = "Distance in Oklab, times 100", nick = "absolute")]
    Absolute = 2,
}

is_the_engines!(Reference, tolerance::Reference, Gamut, Frame, Absolute);

/// What becomes of colours outside the container's gamut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, glib::Enum)]
#[enum_type(name = "GstColorShineGamutMapping")]
#[repr(i32)]
pub enum GamutMapping {
    /// Less chroma at constant lightness and hue.
    #[enum_value(name = "Reduce chroma at constant lightness and hue", nick = "chroma")]
    Chroma = 0,
    /// Each of R, G and B on its own.
    #[enum_value(name = "Clip R, G and B", nick = "clip")]
    Clip = 1,
}

is_the_engines!(GamutMapping, model::GamutMapping, Chroma, Clip);

/// How values between nodes are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, glib::Enum)]
#[enum_type(name = "GstColorShineInterpolation")]
#[repr(i32)]
pub enum Interpolation {
    /// Four nodes, along the sorted fractions.
    #[enum_value(name = "Tetrahedral: four nodes", nick = "tetrahedral")]
    Tetrahedral = 0,
    /// Eight nodes.
    #[enum_value(name = "Trilinear: eight nodes", nick = "trilinear")]
    Trilinear = 1,
    /// The nearest node.
    #[enum_value(name = "Nearest node alone: colours in steps", nick = "nearest")]
    Nearest = 2,
    /// Six nodes.
    #[enum_value(name = "Prism: six nodes, a straight line in luma", nick = "prism")]
    Prism = 3,
    /// The one that suits the stream's components.
    #[enum_value(name = "Prism in Y'CbCr, tetrahedral in R'G'B'", nick = "auto")]
    Auto = 4,
}

/// None of the engine's is for it to choose.
impl From<Option<lut::Interpolation>> for Interpolation {
    fn from(value: Option<lut::Interpolation>) -> Self {
        match value {
            None => Self::Auto,
            Some(lut::Interpolation::Tetrahedral) => Self::Tetrahedral,
            Some(lut::Interpolation::Trilinear) => Self::Trilinear,
            Some(lut::Interpolation::Nearest) => Self::Nearest,
            Some(lut::Interpolation::Prism) => Self::Prism,
        }
    }
}

impl From<Interpolation> for Option<lut::Interpolation> {
    fn from(value: Interpolation) -> Self {
        match value {
            Interpolation::Auto => None,
            Interpolation::Tetrahedral => Some(lut::Interpolation::Tetrahedral),
            Interpolation::Trilinear => Some(lut::Interpolation::Trilinear),
            Interpolation::Nearest => Some(lut::Interpolation::Nearest),
            Interpolation::Prism => Some(lut::Interpolation::Prism),
        }
    }
}

/// Where the thresholds come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, glib::Enum)]
#[enum_type(name = "GstColorShineDither")]
#[repr(i32)]
pub enum Dither {
    /// Codes are rounded to nearest.
    #[enum_value(name = "Codes are rounded to the nearest", nick = "none")]
    None = 0,
    /// A Bayer matrix of 8x8.
    #[enum_value(name = "Bayer matrix, 8x8: a regular pattern", nick = "ordered")]
    Ordered = 1,
    /// A matrix of 64x64 without low frequencies.
    #[enum_value(
        name = "Blue noise, 64x64: an irregular grain, harder to see",
        nick = "blue-noise"
    )]
    BlueNoise = 2,
}

is_the_engines!(Dither, apply::Dither, None, Ordered, BlueNoise);

/// How pixels are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, glib::Enum)]
#[enum_type(name = "GstColorShineMethod")]
#[repr(i32)]
pub enum Method {
    /// The lookup table, unless it is inaccurate and the model fast enough.
    #[enum_value(
        name = "Lookup table, or the exact model where the table is inaccurate and the model keeps up",
        nick = "auto"
    )]
    Auto = 0,
    /// The lookup table.
    #[enum_value(name = "The lookup table, however inaccurate", nick = "lut")]
    Lut = 1,
    /// The model, evaluated for every pixel.
    #[enum_value(name = "The model, evaluated for every pixel", nick = "exact")]
    Exact = 2,
}

is_the_engines!(Method, engine::Method, Auto, Lut, Exact);

/// Where pixels are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, glib::Enum)]
#[enum_type(name = "GstColorShineBackend")]
#[repr(i32)]
pub enum Backend {
    /// Wherever it is faster.
    #[enum_value(name = "Whichever is measured to be faster", nick = "auto")]
    Auto = 0,
    /// On the CPU.
    #[enum_value(name = "The CPU; no GPU is looked for", nick = "cpu")]
    Cpu = 1,
    /// On the GPU.
    #[enum_value(
        name = "The GPU; where there is none, a software renderer, else the CPU",
        nick = "gpu"
    )]
    Gpu = 2,
}

is_the_engines!(Backend, engine::Backend, Auto, Cpu, Gpu);
