//! Frames as WGSL programs work on them: cut into bands, whose words lie row after row, plane after plane.
//!
//! The programs are those of the folder `shaders`.

mod parameters;
mod shape;

pub use super::dither::matrices;
pub use parameters::{BAND_LENGTH, BandOf, OutputOptions, band_parameters, constants};
pub use shape::{Shape, suit};
