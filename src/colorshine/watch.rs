//! The thread that waits for the moment at which frames that are held back have to leave.
//!
//! It is started with the first frame that is held, and ends when the element stops.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::workers::lock;

/// When frames that are held back leave, and what downstream has said to those that left.
#[derive(Debug, Default)]
pub(super) struct Release {
    watch: Mutex<Option<Watch>>,
    /// Whether a frame has been pushed since the stream, its segment or what is downstream began anew.
    has_pushed: AtomicBool,
}

/// The thread that waits.
#[derive(Debug)]
struct Watch {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
    /// The process that has it: its fork has no such thread.
    process: u32,
}

/// What the thread waits for.
#[derive(Debug, Default)]
pub(super) struct Shared {
    turn: Mutex<Turn>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Turn {
    /// When the frames that are held have to leave, while the streaming thread is elsewhere.
    due: Option<Instant>,
    /// Until when the thread sleeps, if it does and not for good.
    sleeps_until: Option<Instant>,
    /// Whether the thread is waiting for the stream lock.
    is_asking: bool,
    is_over: bool,
}

impl Release {
    /// The streaming thread is back: frames are its own.
    pub(super) fn put_off(&self) {
        if let Some(watch) = &*lock(&self.watch)
            && watch.process == std::process::id()
        {
            lock(&watch.shared.turn).due = None;
        }
    }

    /// Has frames leave after some time, by `release`, which says whether it is to be called again.
    ///
    /// # Errors
    ///
    /// Why there is no thread.
    pub(super) fn wake_after(
        &self,
        time: Duration,
        release: impl Fn(&Shared) -> bool + Send + 'static,
    ) -> io::Result<()> {
        let mut watch = lock(&self.watch);
        if let Some(of_parent) = watch.take_if(|watch| watch.process != std::process::id()) {
            std::mem::forget(of_parent);
        }
        let watch = match &mut *watch {
            Some(watch) => watch,
            none => none.insert(Watch::start(release)?),
        };
        watch.shared.wake_after(time);
        Ok(())
    }

    /// What downstream has said before does not count any more.
    pub(super) fn begin_anew(&self) {
        self.has_pushed.store(false, Ordering::Relaxed);
    }

    /// A frame is pushed now: what downstream says to it counts.
    pub(super) fn note_push(&self) {
        self.has_pushed.store(true, Ordering::Relaxed);
    }

    /// Whether what downstream has said counts.
    pub(super) fn has_pushed(&self) -> bool {
        self.has_pushed.load(Ordering::Relaxed)
    }

    /// Ends the thread, if there is one.
    pub(super) fn end(&self) {
        self.has_pushed.store(false, Ordering::Relaxed);
        let watch = lock(&self.watch).take();
        if let Some(watch) = watch {
            watch.end();
        }
    }
}

impl Drop for Release {
    fn drop(&mut self) {
        self.end();
    }
}

impl Watch {
    fn start(release: impl Fn(&Shared) -> bool + Send + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let seen = shared.clone();
        let thread = std::thread::Builder::new().name("colorshine-held".into());
        let thread = thread.spawn(move || while seen.wait() && release(&seen) {})?;
        Ok(Self { shared, thread, process: std::process::id() })
    }

    fn end(self) {
        if self.process != std::process::id() {
            std::mem::forget(self);
            return;
        }
        let is_asking = {
            let mut turn = lock(&self.shared.turn);
            turn.is_over = true;
            turn.is_asking
        };
        self.shared.changed.notify_all();
        // Whoever stops the element may be its streaming thread, in a probe, which has the lock that is asked for: then
        // the thread sees that it is over once it has it. In a probe of what it pushes itself it is the thread that
        // stops.
        let is_itself = self.thread.thread().id() == std::thread::current().id();
        if !is_asking && !is_itself {
            // It has told of a panic itself.
            self.thread.join().unwrap_or_default();
        }
    }
}

impl Shared {
    /// Waits until frames have to leave; false when it is over.
    fn wait(&self) -> bool {
        let mut turn = lock(&self.turn);
        while !turn.is_over {
            let left = turn.due.map(|due| due.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                turn.is_asking = true;
                return true;
            }
            turn.sleeps_until = turn.due;
            turn = self.sleep(turn, left);
        }
        false
    }

    fn sleep<'a>(
        &self,
        turn: MutexGuard<'a, Turn>,
        left: Option<Duration>,
    ) -> MutexGuard<'a, Turn> {
        match left {
            Some(left) => match self.changed.wait_timeout(turn, left) {
                Ok((turn, _)) => turn,
                Err(poisoned) => poisoned.into_inner().0,
            },
            None => self.changed.wait(turn).unwrap_or_else(std::sync::PoisonError::into_inner),
        }
    }

    /// Wakes the thread some time from now. It is left asleep where it wakes before that and looks again: frames come
    /// more often than it has anything to do.
    fn wake_after(&self, time: Duration) {
        let mut turn = lock(&self.turn);
        let due = Instant::now().checked_add(time);
        turn.due = due;
        let is_early = turn.sleeps_until.zip(due).is_some_and(|(wakes, due)| wakes <= due);
        if !is_early {
            self.changed.notify_all();
        }
    }

    /// Takes the turn that was waited for, if it is still due; with the stream lock.
    pub(super) fn take_turn(&self) -> bool {
        let mut turn = lock(&self.turn);
        turn.is_asking = false;
        let is_due = !turn.is_over && turn.due.is_some_and(|due| due <= Instant::now());
        turn.due.take_if(|_| is_due);
        is_due
    }
}
