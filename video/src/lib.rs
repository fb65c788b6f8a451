//! Streams and mapped video memory: what caps mean, and the only module that touches buffers' bytes.
//!
//! [`Stream`] is what caps say of a frame, and [`with_mapped`] lends its memory, checked once.

mod format;
mod map;

pub use format::{HdrTransfer, Stream, formats};
pub use map::{MapError, with_mapped};
