//! Five pools: one for the rows of frames, one for bakes before a stream begins, one thread for what is
//! prepared beside streams, one that reads and writes files, and one that opens and closes GPUs.
//!
//! They are apart so that no frame waits in a queue behind a bake, that a bake which others wait for
//! never waits for their threads, and that nothing but files waits for a file, or for a driver.
//!
//! A process that was forked has none of its parent's threads. There the callers do the work themselves.

use std::num::NonZero;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::signals::block_signals_of_files;

/// Threads that this process may use at once.
pub fn cores() -> usize {
    static CORES: LazyLock<usize> =
        LazyLock::new(|| std::thread::available_parallelism().map_or(1, NonZero::get));
    *CORES
}

/// Threads, and the process that they belong to.
#[derive(Debug)]
struct Pool {
    threads: ThreadPool,
    process: u32,
}

type LazyPool = LazyLock<Option<Pool>>;

fn build(name: &'static str, threads: usize) -> Option<Pool> {
    build_with(name, threads, || ())
}

/// The same, where each thread begins with something.
fn build_with(name: &'static str, threads: usize, begin: fn()) -> Option<Pool> {
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
fn threads_of(pool: &'static LazyPool) -> Option<&'static ThreadPool> {
    let pool = pool.as_ref()?;
    (pool.process == std::process::id()).then_some(&pool.threads)
}

static ROWS: LazyPool = LazyLock::new(|| build("rows", cores()));
static BAKES: LazyPool = LazyLock::new(|| build("bake", cores()));

/// Who does a piece of work: threads of one of the pools, up to a number.
#[derive(Clone, Copy, Debug)]
pub struct Team {
    pool: &'static LazyPool,
    threads: usize,
}

impl Team {
    /// For a frame's work.
    pub fn of_rows(threads: usize) -> Self {
        Self { pool: &ROWS, threads }
    }

    /// For a bake, as fast as the machine can: before a stream has begun.
    pub fn of_bakes() -> Self {
        Self { pool: &BAKES, threads: cores() }
    }

    /// Most threads that work at once.
    pub fn threads(self) -> usize {
        self.threads.max(1)
    }

    /// The caller's own thread alone: beside a stream, whose threads the others are.
    pub fn alone() -> Self {
        Self { pool: &BAKES, threads: 1 }
    }
}

/// Calls `work` with each of `0..jobs` on a team's threads and returns when all are done.
///
/// With one thread, or one job, everything runs on the caller's own thread.
pub fn for_each(jobs: usize, team: Team, work: impl Fn(usize) + Sync) {
    let threads = team.threads.min(jobs);
    if threads > 1
        && let Some(pool) = threads_of(team.pool)
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

static BESIDE: LazyPool = LazyLock::new(|| build("prepare", 1));

/// Runs `job` soon, on a thread of its own kind; on the caller's where no thread can be had.
pub fn in_background(job: impl FnOnce() + Send + 'static) {
    match threads_of(&BESIDE) {
        Some(pool) => pool.spawn_fifo(job),
        None => job(),
    }
}

/// Waits until the jobs that were given to [`in_background`] before are done.
pub fn finish_background() {
    finish(&BESIDE);
}

/// Waits until the thread of a pool of one has done what it was given.
fn finish(pool: &'static LazyPool) {
    if let Some(pool) = threads_of(pool) {
        let (done, wait) = std::sync::mpsc::channel::<()>();
        pool.spawn_fifo(move || drop(done));
        // An error says that the other end is gone, which is what is waited for.
        wait.recv().unwrap_or_default();
    }
}

static FILES: LazyPool = LazyLock::new(|| build_with("files", 1, block_signals_of_files));

/// Most jobs with files that may wait: a disk that does not answer must not pile them up.
const MOST_FILE_JOBS: usize = 64;

/// Runs `job` soon on the one thread that waits for files, in the order of the calls. Not at all, and
/// false is returned, where too many wait already or there is no such thread.
pub fn with_files(job: impl FnOnce() + Send + 'static) -> bool {
    spawn_with_files(Box::new(job))
}

fn spawn_with_files(job: Box<dyn FnOnce() + Send>) -> bool {
    static WAITING: AtomicUsize = AtomicUsize::new(0);
    /// Counts a job until it is done, however it ends.
    struct Waiting;
    impl Drop for Waiting {
        fn drop(&mut self) {
            WAITING.fetch_sub(1, Ordering::Relaxed);
        }
    }
    let has_room = WAITING.fetch_add(1, Ordering::Relaxed) < MOST_FILE_JOBS;
    let waiting = Waiting;
    let pool = threads_of(&FILES).filter(|_| has_room);
    if let Some(pool) = pool {
        pool.spawn_fifo(move || {
            let _waiting = waiting;
            job();
        });
    }
    pool.is_some()
}

static GPU: LazyPool = LazyLock::new(|| build("gpu", 1));

/// Runs `job` soon on the one thread that opens GPUs and lets them go, in the order of the calls: drivers
/// may take long over both. Not at all, and false is returned, where there is no such thread.
pub fn with_gpu(job: impl FnOnce() + Send + 'static) -> bool {
    threads_of(&GPU).inspect(|pool| pool.spawn_fifo(job)).is_some()
}

/// Waits until the jobs that were given to [`with_gpu`] before are done, at most so long.
pub fn finish_gpu(patience: Duration) {
    let (done, wait) = std::sync::mpsc::channel::<()>();
    if with_gpu(move || drop(done)) {
        // Either error says that there is nothing more to wait for.
        wait.recv_timeout(patience).unwrap_or_default();
    }
}

/// Waits until the jobs that were given to [`with_files`] before are done.
pub fn finish_files() {
    finish(&FILES);
}

/// The same, at most so long.
pub fn finish_files_within(patience: Duration) {
    if let Some(pool) = threads_of(&FILES) {
        let (done, wait) = std::sync::mpsc::channel::<()>();
        pool.spawn_fifo(move || drop(done));
        // Either error says that there is nothing more to wait for.
        wait.recv_timeout(patience).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_runs_once() {
        for (jobs, threads) in [(0, 4), (1, 4), (7, 1), (7, 3), (100, 2), (3, 64)] {
            let counts: Vec<AtomicUsize> = (0..jobs).map(|_| AtomicUsize::new(0)).collect();
            for_each(jobs, Team::of_rows(threads), |job| {
                counts[job].fetch_add(1, Ordering::Relaxed);
            });
            assert!(counts.iter().all(|c| c.load(Ordering::Relaxed) == 1), "{jobs} {threads}");
        }
    }

    #[test]
    fn jobs_with_files_run_in_order_and_do_not_pile_up() {
        let (release, wait) = std::sync::mpsc::channel::<()>();
        let (done, all) = std::sync::mpsc::channel();
        assert!(with_files(move || wait.recv().unwrap()));
        let taken = (0..1000).filter(|&i| {
            let done = done.clone();
            with_files(move || done.send(i).unwrap())
        });
        assert_eq!(taken.collect::<Vec<_>>(), (0..63).collect::<Vec<_>>());
        release.send(()).unwrap();
        finish_files();
        drop(done);
        assert_eq!(all.iter().collect::<Vec<_>>(), (0..63).collect::<Vec<_>>());
        assert!(with_files(|| panic!("a job may")));
        finish_files();
        assert!(with_files(|| ()));
    }
}
