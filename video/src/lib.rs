//! Streams and mapped video memory: what caps mean, and the only module that touches buffers' bytes.
//!
//! [`Stream`] is what caps say of a frame, and [`with_mapped`] and [`with_readable`] lend its memory, checked
//! once.

mod format;
mod map;

pub use format::{HdrTransfer, Stream, formats, grey_formats};
pub use map::{MapError, with_mapped, with_readable};
