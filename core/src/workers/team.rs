//! Work that is cut into jobs, done by several threads.

use std::num::NonZero;
use std::sync::LazyLock;

#[cfg(feature = "threads")]
use super::pool::{LazyPool, build, threads_of};

/// Threads that this process may use at once; 1 without the cargo feature `threads`.
pub fn cores() -> usize {
    static CORES: LazyLock<usize> = LazyLock::new(|| match cfg!(feature = "threads") {
        true => std::thread::available_parallelism().map_or(1, NonZero::get),
        false => 1,
    });
    *CORES
}

/// Two pools, so that no frame waits in a queue behind a bake, and that a bake which others wait for
/// never waits for frames' threads.
#[cfg(feature = "threads")]
static ROWS: LazyPool = LazyLock::new(|| build("rows", cores(), || ()));
#[cfg(feature = "threads")]
static BAKES: LazyPool = LazyLock::new(|| build("bake", cores(), || ()));

/// Who does a piece of work: threads of one of the pools, up to a number.
#[derive(Clone, Copy, Debug)]
pub struct Team {
    #[cfg(feature = "threads")]
    pool: &'static LazyPool,
    threads: usize,
}

impl Team {
    /// For a frame's work.
    pub fn of_rows(threads: usize) -> Self {
        Self {
            #[cfg(feature = "threads")]
            pool: &ROWS,
            threads,
        }
    }

    /// For a bake, as fast as the machine can: before a stream has begun.
    pub fn of_bakes() -> Self {
        Self {
            #[cfg(feature = "threads")]
            pool: &BAKES,
            threads: cores(),
        }
    }

    /// Most threads that work at once.
    pub fn threads(self) -> usize {
        self.threads.max(1)
    }

    /// The caller's own thread alone: beside a stream, whose threads the others are.
    pub fn alone() -> Self {
        Self {
            #[cfg(feature = "threads")]
            pool: &BAKES,
            threads: 1,
        }
    }
}

/// Calls `work` with each of `0..jobs` on a team's threads and returns when all are done.
///
/// With one thread, or one job, everything runs on the caller's own thread. Not generic, because jobs are long and
/// what rayon does for each kind of them is much code.
pub(crate) fn for_each(jobs: usize, team: Team, work: &(dyn Fn(usize) + Sync)) {
    #[cfg(feature = "threads")]
    {
        use rayon::prelude::*;
        let threads = team.threads.min(jobs);
        if threads > 1
            && let Some(pool) = threads_of(team.pool)
        {
            // One strand per thread: job i belongs to strand i % threads.
            pool.install(|| {
                (0..threads).into_par_iter().with_max_len(1).for_each(|strand| {
                    (strand..jobs).step_by(threads).for_each(work);
                });
            });
            return;
        }
    }
    let _ = team;
    (0..jobs).for_each(work);
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn every_job_runs_once() {
        for (jobs, threads) in [(0, 4), (1, 4), (7, 1), (7, 3), (100, 2), (3, 64)] {
            let counts: Vec<AtomicUsize> = (0..jobs).map(|_| AtomicUsize::new(0)).collect();
            for_each(jobs, Team::of_rows(threads), &|job| {
                counts[job].fetch_add(1, Ordering::Relaxed);
            });
            assert!(counts.iter().all(|c| c.load(Ordering::Relaxed) == 1), "{jobs} {threads}");
        }
    }
}
