//! Threads and SIMD levels, shared by all that is done in the process.

mod clock;
#[cfg(feature = "disk")]
mod files;
mod level;
#[cfg(feature = "threads")]
mod pool;
#[cfg(feature = "disk")]
mod signals;
mod team;
#[cfg(feature = "threads")]
mod thread;

pub(crate) use clock::Stopwatch;
#[cfg(feature = "disk")]
pub use files::{finish_files, finish_files_within, with_files};
pub(crate) use level::in_loops;
pub use level::{Level, level_name, simd_level, simd_levels};
#[cfg(feature = "disk")]
pub use signals::block_signals_of_files;
pub(crate) use team::for_each;
pub use team::{Team, cores};
#[cfg(feature = "threads")]
pub use thread::Thread;
