//! What Ctrl-C does, and a request to end.

use std::sync::{Mutex, PoisonError};

use super::{Result, temporary};

/// Exit status after it, as shells have it.
pub(crate) const INTERRUPTED: i32 = 130;

/// A gentler end than leaving at once.
type Gently = Box<dyn FnOnce() + Send>;

/// What the next one does instead.
static GENTLY: Mutex<Option<Gently>> = Mutex::new(None);

/// From now on it removes what is being written and ends the program.
///
/// # Errors
///
/// The system does not let it.
pub(crate) fn handle() -> Result<()> {
    Ok(ctrlc::set_handler(|| match take() {
        Some(end) => end(),
        None => temporary::leave(INTERRUPTED),
    })?)
}

/// The next one asks for an end instead; one after it ends the program.
pub(crate) fn end_gently(end: impl FnOnce() + Send + 'static) {
    *GENTLY.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(end));
}

fn take() -> Option<Gently> {
    GENTLY.lock().unwrap_or_else(PoisonError::into_inner).take()
}
