//! The element `colorshine`.
//!
//! It pulls the colours of a raw video stream towards the colours in `attractors`, in Oklab, through a
//! 3D lookup table that is baked once per look.
//!
//! ```bash
//! gst-launch-1.0 videotestsrc pattern=gradient ! video/x-raw,format=RGBA,width=640,height=360 \
//!     ! colorshine attractors="teal;40;100 | #ff8a3d;40;100" split=0.5 ! videoconvert ! autovideosink
//! ```

use gst::glib;
use gst::prelude::*;

mod cache;
pub mod enums;
mod export;
#[cfg(all(test, feature = "gpu"))]
mod faults;
#[cfg_attr(not(feature = "gpu"), path = "no_gpu.rs")]
mod gpu;
mod imp;
mod looks;
mod lut_file;
mod measured;
mod object;
mod plan;
mod prepare;
mod preset;
mod recipe;
mod release;
mod screen;
mod settings;
mod stats;
mod stream;
#[cfg(feature = "gpu")]
mod trial;

/// How pixels are computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, glib::Enum)]
#[enum_type(name = "GstColorShineMethod")]
#[repr(i32)]
pub enum Method {
    /// The lookup table, unless it is inaccurate and the model fast enough.
    #[default]
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

/// Where pixels are computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, glib::Enum)]
#[enum_type(name = "GstColorShineBackend")]
#[repr(i32)]
pub enum Backend {
    /// Wherever it is faster.
    #[default]
    #[enum_value(name = "Whichever is measured to be faster", nick = "auto")]
    Auto = 0,
    /// On the CPU.
    #[enum_value(name = "The CPU; no GPU is looked for", nick = "cpu")]
    Cpu = 1,
    /// On the GPU.
    #[enum_value(
        name = "The GPU; where there is none, a program that acts as one, else the CPU",
        nick = "gpu"
    )]
    Gpu = 2,
}

glib::wrapper! {
    /// The element's GObject type, `GstColorShine`.
    pub struct ColorShine(ObjectSubclass<imp::ColorShine>)
        @extends gst_video::VideoFilter, gst_base::BaseTransform, gst::Element, gst::Object,
        @implements gst::Preset;
}

/// Registers the element's factory.
///
/// # Errors
///
/// What GStreamer's registry says.
pub fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    gst::Element::register(Some(plugin), "colorshine", gst::Rank::NONE, ColorShine::static_type())
}
