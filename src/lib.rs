//! colorshine pulls the colours of a video stream towards a few chosen colours, in Oklab.
//!
//! The way of a frame, room by room:
//!
//! 1. [`colorshine`] is the element: properties, caps and buffers, and nothing else.
//! 2. [`attractor`] turns the property's text into colours that pull.
//! 3. [`tolerance`] finds how far each of them reaches.
//! 4. [`model`] says what becomes of one colour, [`cube`] what .cube files add to that.
//! 5. [`lut`] bakes the model into a lattice, once per look.
//! 6. [`mod@frame`] maps a buffer and checks its memory.
//! 7. [`apply`] takes the frame's rows through the lattice, or through the model itself.
//!
//! [`color`] has the maths under all of them, [`workers`] the threads and SIMD levels, [`gpu`] (a cargo
//! feature) devices and their memory, and [`telemetry`] what is counted on the way. [`tolerances`] lists every allowed difference between two
//! implementations of the same thing, and [`error`] turns a room's error into GStreamer's.

#[cfg(feature = "gpu")]
pub mod apply;
pub mod colorshine;
pub mod error;
pub mod frame;
#[cfg(feature = "gpu")]
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
