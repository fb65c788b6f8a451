//! Single threads for jobs that nobody waits for.

use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use super::pool::{Pool, build, threads_of};

type Job = Box<dyn FnOnce() + Send>;

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
        if let Err(job) = self.give(Box::new(job)) {
            job();
        }
    }

    /// Runs `job` soon. Not at all, and false is returned, where there is no such thread.
    pub fn try_run(&self, job: impl FnOnce() + Send + 'static) -> bool {
        self.give(Box::new(job)).is_ok()
    }

    /// Has a job run soon; gives it back where there is no such thread.
    fn give(&self, job: Job) -> Result<(), Job> {
        match self.threads() {
            Some(threads) => {
                threads.spawn_fifo(job);
                Ok(())
            }
            None => Err(job),
        }
    }

    /// Waits until the jobs that it was given before are done.
    pub fn finish(&self) {
        self.finish_within(Duration::MAX);
    }

    /// The same, at most so long.
    pub fn finish_within(&self, patience: Duration) {
        let done = Arc::new((Mutex::new(false), Condvar::new()));
        let set = done.clone();
        let is_given = self.try_run(move || {
            *set.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
            set.1.notify_one();
        });
        if is_given {
            let (is_done, condition) = &*done;
            let is_done = is_done.lock().unwrap_or_else(PoisonError::into_inner);
            drop(condition.wait_timeout_while(is_done, patience, |is_done| !*is_done));
        }
    }
}
