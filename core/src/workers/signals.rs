//! Signals that end a process because of a file.

/// Keeps from the calling thread, for good, the signals that end a process where a write does not succeed: of a file
/// that would become longer than the process may have them, and of a pipe that no one reads. The write then
/// returns an error, as it does where there are no such signals.
///
/// They are sent to the thread that writes and to no other, so a thread of our own need not give them back.
pub fn block_signals_of_files() {
    #[cfg(unix)]
    {
        use nix::sys::signal::{SigSet, Signal};
        let signals: SigSet = [Signal::SIGXFSZ, Signal::SIGPIPE].into_iter().collect();
        // It fails for an unknown way of blocking alone.
        let _ = signals.thread_block();
    }
}
