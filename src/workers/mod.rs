//! Threads and SIMD levels, shared by every instance in the process.

mod level;
mod memory;
mod pool;
mod signals;

pub(crate) use level::in_loops;
pub use level::{Level, level_name, simd_level, simd_levels};
pub use memory::machine_memory;
pub use pool::{
    Team, cores, finish_background, finish_files, finish_files_within, finish_gpu, for_each,
    in_background, with_files, with_gpu,
};
pub use signals::block_signals_of_files;
