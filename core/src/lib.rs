//! The colour engine of colorshine.

pub mod apply;
pub mod attractor;
pub mod color;
pub mod cube;
pub mod frame;
pub mod lut;
pub mod model;
pub mod tolerance;
pub mod tolerances;
pub mod workers;
