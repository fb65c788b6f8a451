//! Frames over the GPU; those that the CPU works on are `colorshine_core::apply`'s.

#[cfg(feature = "gpu")]
pub mod gpu;
#[cfg(not(feature = "gpu"))]
#[path = "no_stage.rs"]
pub mod gpu;
mod task;

pub use self::task::{Budget, HistogramTask, Task};

/// Whether there can be a [`gpu::Stage`].
pub const IS_GPU_BUILT: bool = cfg!(feature = "gpu");
