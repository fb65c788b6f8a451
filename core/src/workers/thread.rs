//! Single threads for jobs that nobody waits for.

use std::sync::OnceLock;
use std::time::Duration;

use super::pool::{Pool, build, threads_of};

/// A thread that does what it is given in the order in which it is given. It starts with the first job and stays.
#[derive(Debug)]
pub struct Thread {
    name: &'static str,
    begin: fn(),
    pool: OnceLock<Option<Pool>>,
}

impl Thread {
    /// A thread whose name is `colorshine-` and a name.
    pub const fn new(name: &'static str) -> Self {
        Self::beginning_with(name, || ())
    }

    /// The same, where the thread begins with something.
    pub(super) const fn beginning_with(name: &'static str, begin: fn()) -> Self {
        Self { name, begin, pool: OnceLock::new() }
    }

    fn threads(&self) -> Option<&rayon::ThreadPool> {
        threads_of(self.pool.get_or_init(|| build(self.name, 1, self.begin)))
    }

    /// Runs `job` soon; at once, on the caller's thread, where there is no other.
    pub fn run(&self, job: impl FnOnce() + Send + 'static) {
        match self.threads() {
            Some(threads) => threads.spawn_fifo(job),
            None => job(),
        }
    }

    /// Runs `job` soon. Not at all, and false is returned, where there is no such thread.
    pub fn try_run(&self, job: impl FnOnce() + Send + 'static) -> bool {
        self.threads().inspect(|threads| threads.spawn_fifo(job)).is_some()
    }

    /// Waits until the jobs that it was given before are done.
    pub fn finish(&self) {
        let (done, wait) = std::sync::mpsc::channel::<()>();
        if self.try_run(move || drop(done)) {
            // An error says that the other end is gone, which is what is waited for.
            wait.recv().unwrap_or_default();
        }
    }

    /// The same, at most so long.
    pub fn finish_within(&self, patience: Duration) {
        let (done, wait) = std::sync::mpsc::channel::<()>();
        if self.try_run(move || drop(done)) {
            // Either error says that there is nothing more to wait for.
            wait.recv_timeout(patience).unwrap_or_default();
        }
    }
}
