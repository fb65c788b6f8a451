//! Pools of threads.
//!
//! A process that was forked has none of its parent's threads. There the callers do the work themselves.

use std::sync::LazyLock;

use rayon::{ThreadPool, ThreadPoolBuilder};

/// Threads, and the process that they belong to.
#[derive(Debug)]
pub(super) struct Pool {
    threads: ThreadPool,
    process: u32,
}

pub(super) type LazyPool = LazyLock<Option<Pool>>;

/// A pool of some threads, each of which begins with something; none where the system has no threads to give.
pub(super) fn build(name: &'static str, threads: usize, begin: fn()) -> Option<Pool> {
    let threads = ThreadPoolBuilder::new()
        .num_threads(threads)
        .start_handler(move |_| begin())
        .thread_name(move |index| format!("colorshine-{name}-{index}"))
        // A panic in a background job has been printed by then, and must not take the process down.
        .panic_handler(|_| ())
        .build()
        .inspect_err(|error| eprintln!("colorshine: no {name} threads, working without: {error}"))
        .ok()?;
    Some(Pool { threads, process: std::process::id() })
}

/// The threads of a pool, if there are any in this process.
pub(super) fn threads_of(pool: &Option<Pool>) -> Option<&ThreadPool> {
    let pool = pool.as_ref()?;
    (pool.process == std::process::id()).then_some(&pool.threads)
}
