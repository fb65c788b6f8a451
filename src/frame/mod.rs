//! Mapped video memory: the only room that touches it.
//!
//! [`Layout`] says where a format keeps its components, [`Planes`] is a frame's memory, checked once,
//! and a [`Band`] the rows that one thread may touch.

mod format;
mod layout;
mod map;
mod planes;

pub use format::{HdrTransfer, Stream, formats};
pub use layout::{Area, Component, Layout};
pub use map::{MapError, with_mapped};
pub use planes::{Band, PlaneError, Planes, RawPlane};
