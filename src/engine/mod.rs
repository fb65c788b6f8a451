//! What happens to the frames of a stream, whoever hands them over: no type of GStreamer's is known here.
//!
//! Each file knows those before it:
//!
//! 1. [`caps`] is what a stream is, and a frame of it.
//! 2. [`means`] is what the work may take: threads, tiles, memory.
//! 3. [`recipe`] is the way from codes to differences, and [`baker`] makes recipes of what is asked for.
//! 4. [`census`] counts the distances of a picture's pixels; [`measured`] makes radii of them, and recipes of those.
//! 5. [`plan`] is all that the frame path needs.
//! 6. [`screen`] has what is shown, cross-fades included.
//! 7. [`gpu`] has frames done by a GPU.
//! 8. [`frame_path`] takes each frame through all of that.

pub(crate) mod baker;
pub(crate) mod caps;
pub(crate) mod census;
pub(crate) mod frame_path;
pub(crate) mod gpu;
pub(crate) mod means;
pub(crate) mod measured;
pub(crate) mod plan;
pub(crate) mod recipe;
pub(crate) mod screen;

pub use self::baker::Method;
pub use self::caps::Frame;
pub use self::census::Census;
pub use self::gpu::Backend;
pub use self::means::Means;
