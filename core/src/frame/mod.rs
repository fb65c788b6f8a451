//! A picture's memory: where components lie in it, and who may touch which rows.
//!
//! [`Layout`] says where a format keeps its components, [`Planes`] is a picture's memory, checked once,
//! and a [`Band`] the rows that one thread may touch; [`PlanesRef`] is memory that is only read.

mod layout;
mod planes;

pub use layout::{Area, Component, Layout};
pub use planes::{Band, PlaneError, Planes, PlanesRef, RawPlane};
