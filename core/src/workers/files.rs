//! The thread that reads and writes files, so that nothing but files waits for a file.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::Thread;
use super::signals::block_signals_of_files;

static FILES: Thread = Thread::beginning_with("files", block_signals_of_files);

/// Most jobs with files that may wait: a disk that does not answer must not pile them up.
const MOST_FILE_JOBS: usize = 64;

/// Runs `job` soon on the one thread that waits for files, in the order of the calls. Not at all, and
/// false is returned, where too many wait already or there is no such thread.
pub fn with_files(job: impl FnOnce() + Send + 'static) -> bool {
    with_files_boxed(Box::new(job))
}

fn with_files_boxed(job: Box<dyn FnOnce() + Send>) -> bool {
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
    has_room
        && FILES.try_run(move || {
            let _waiting = waiting;
            job();
        })
}

/// Waits until the jobs that were given to [`with_files`] before are done.
pub fn finish_files() {
    FILES.finish();
}

/// The same, at most so long.
pub fn finish_files_within(patience: Duration) {
    FILES.finish_within(patience);
}

#[cfg(test)]
mod tests {
    use super::*;

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
