//! What this process has beside the threads of `colorshine_core::workers`: a thread that makes plans beside streams,
//! one that opens and closes GPUs, and memory.
//!
//! They are apart so that nothing but GPUs waits for a driver.

mod memory;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use colorshine_core::workers::Thread;
pub use memory::machine_memory;

static PREPARE: Thread = Thread::new("prepare");
static GPU: Thread = Thread::new("gpu");

/// Runs `job` soon, on a thread of its own kind; on the caller's where no thread can be had.
pub fn in_background(job: impl FnOnce() + Send + 'static) {
    PREPARE.run(job);
}

/// Waits until the jobs that were given to [`in_background`] before are done.
pub fn finish_background() {
    PREPARE.finish();
}

/// Runs `job` soon on the one thread that opens GPUs and lets them go, in the order of the calls: drivers
/// may take long over both. Not at all, and false is returned, where there is no such thread.
pub fn with_gpu(job: impl FnOnce() + Send + 'static) -> bool {
    GPU.try_run(job)
}

/// Waits until the jobs that were given to [`with_gpu`] before are done, at most so long.
pub fn finish_gpu(patience: Duration) {
    GPU.finish_within(patience);
}

/// Locks of plain data stay usable after a panic elsewhere.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
