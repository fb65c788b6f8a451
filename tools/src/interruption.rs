//! What Ctrl-C does, and a request to end.

use std::sync::{Mutex, PoisonError};

use super::{Result, temporary};

/// Exit status after it, as shells have it.
pub const INTERRUPTED: i32 = 130;

/// A gentler end than leaving at once.
type Gently = Box<dyn FnOnce() + Send>;

/// What the next one does instead.
static GENTLY: Mutex<Option<Gently>> = Mutex::new(None);

/// From now on it removes what is being written and ends the program.
///
/// # Errors
///
/// The system does not let it.
#[cfg(unix)]
pub fn handle() -> Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM])?;
    // nohup has it ignored, so that work goes on when the terminal is closed.
    if !is_hang_up_ignored() {
        signals.add_signal(SIGHUP)?;
    }
    std::thread::Builder::new().name("interruption".into()).spawn(move || {
        signals.forever().for_each(|_| interrupt());
    })?;
    Ok(())
}

/// The same elsewhere.
///
/// # Errors
///
/// The system does not let it.
#[cfg(not(unix))]
pub fn handle() -> Result<()> {
    Ok(ctrlc::set_handler(interrupt)?)
}

fn interrupt() {
    match take() {
        Some(end) => end(),
        None => temporary::leave(INTERRUPTED),
    }
}

/// Whether this program was started with SIGHUP ignored, where the system tells.
#[cfg(unix)]
fn is_hang_up_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // The first signal has the lowest bit.
    ignored.is_some_and(|mask| mask >> (signal_hook::consts::SIGHUP - 1) & 1 == 1)
}

/// The next one asks for an end instead; one after it ends the program.
pub fn end_gently(end: impl FnOnce() + Send + 'static) {
    *GENTLY.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(end));
}

/// From now on the next one ends the program again.
pub fn end_at_once() {
    drop(take());
}

fn take() -> Option<Gently> {
    GENTLY.lock().unwrap_or_else(PoisonError::into_inner).take()
}
