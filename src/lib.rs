//! colorshine pulls the colours of a video stream towards a few chosen colours, in Oklab.
//!
//! The way of a frame, module by module:
//!
//! 1. [`colorshine`] is the element: properties, caps and buffers, and nothing else.
//! 2. The crate `colorshine_video` knows what caps mean, maps a buffer and has its memory checked.
//! 3. [`mod@engine`] makes a plan of what is asked for and of caps, and takes each frame through it. It knows nothing
//!    of GStreamer.
//! 4. The crate `colorshine_core` parses attractors, bakes lookup tables, and takes a frame's rows through them or
//!    through the model itself; its own map goes on from there. [`apply`] does that over a GPU (a cargo feature).
//!
//! [`gpu`] has devices and their memory, [`workers`] the threads beside streams, and [`telemetry`] what is counted on
//! the way. [`error`] turns errors of all of these into GStreamer's.

pub mod apply;
pub mod colorshine;
pub mod engine;
pub mod error;
pub mod gpu;
pub mod telemetry;
pub mod workers;

use gst::glib;

fn plugin_init(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    colorshine::register(plugin)
}

#[expect(missing_docs, reason = "the macro exports the plugin's C entry points")]
mod plugin {
    use super::plugin_init;

    gst::plugin_define!(
        colorshine,
        env!("CARGO_PKG_DESCRIPTION"),
        plugin_init,
        concat!(env!("CARGO_PKG_VERSION"), "-", env!("COMMIT_ID")),
        "MPL-2.0",
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_NAME"),
        env!("BUILD_REL_DATE")
    );
}
pub use plugin::plugin_register_static;
