//! Signals that end a process because of a file.

/// Blocks for good, on the calling thread, the signal that ends a process whose file would become longer than the
/// process may have them (SIGXFSZ). The write then returns an error, as it does where there is no such signal.
///
/// The system sends it to the thread that writes and to no other. To be called on threads that colorshine has
/// started itself: they need not unblock it, as nothing else runs on them. Of SIGPIPE there is no need to think:
/// no pipe or socket is written to.
pub fn block_signals_of_files() {
    #[cfg(unix)]
    {
        use nix::sys::signal::{SigSet, Signal};
        // It fails for an unknown way of blocking alone.
        let _ = SigSet::from(Signal::SIGXFSZ).thread_block();
    }
}
