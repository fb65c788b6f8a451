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
mod element;
pub mod enums;
mod export;
#[cfg(all(test, feature = "gpu"))]
mod faults;
mod imp;
mod look_files;
mod looks;
mod lut_file;
mod negotiated;
mod object;
mod prepare;
mod preset;
mod refusal;
mod release;
mod settings;
mod state;
mod stats;
mod stream;
mod streaming;
mod watch;

pub use self::look_files::LOOK_FILES;

glib::wrapper! {
    /// The element's GObject type, `GstColorShine`.
    pub struct ColorShine(ObjectSubclass<element::ColorShine>)
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
