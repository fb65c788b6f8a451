//! Two pools: one for the rows of frames, one for what is prepared beside the stream.
//!
//! They are apart so that a bake never stands in the way of a frame.

use std::num::NonZero;
use std::sync::LazyLock;

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// Threads that this process may use at once.
pub fn cores() -> usize {
    static CORES: LazyLock<usize> =
        LazyLock::new(|| std::thread::available_parallelism().map_or(1, NonZero::get));
    *CORES
}

fn build(name: &'static str, threads: usize) -> Option<ThreadPool> {
    ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(move |index| format!("colorshine-{name}-{index}"))
        // A panic in a background job has been printed by then, and must not take the process down.
        .panic_handler(|_| ())
        .build()
        .inspect_err(|error| eprintln!("colorshine: no {name} threads, working without: {error}"))
        .ok()
}

/// Calls `work` with each of `0..jobs` on up to `threads` threads and returns when all are done.
///
/// With one thread, or one job, everything runs on the caller's own thread.
pub fn for_each(jobs: usize, threads: usize, work: impl Fn(usize) + Sync) {
    static POOL: LazyLock<Option<ThreadPool>> = LazyLock::new(|| build("rows", cores()));
    let threads = threads.min(jobs);
    if threads > 1
        && let Some(pool) = &*POOL
    {
        // One strand per thread: job i belongs to strand i % threads.
        pool.install(|| {
            (0..threads).into_par_iter().with_max_len(1).for_each(|strand| {
                (strand..jobs).step_by(threads).for_each(&work);
            });
        });
    } else {
        (0..jobs).for_each(work);
    }
}

/// Runs `job` soon, on a thread of its own kind; on the caller's where no thread can be had.
pub fn in_background(job: impl FnOnce() + Send + 'static) {
    static POOL: LazyLock<Option<ThreadPool>> = LazyLock::new(|| build("bake", 1));
    match &*POOL {
        Some(pool) => pool.spawn(job),
        None => job(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn every_job_runs_once() {
        for (jobs, threads) in [(0, 4), (1, 4), (7, 1), (7, 3), (100, 2), (3, 64)] {
            let counts: Vec<AtomicUsize> = (0..jobs).map(|_| AtomicUsize::new(0)).collect();
            for_each(jobs, threads, |job| {
                counts[job].fetch_add(1, Ordering::Relaxed);
            });
            assert!(counts.iter().all(|c| c.load(Ordering::Relaxed) == 1), "{jobs} {threads}");
        }
    }
}
