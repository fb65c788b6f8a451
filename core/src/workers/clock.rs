//! What things take.

use std::time::Duration;

/// Tells the time since it was started; no time where there is no clock, as on wasm32-unknown-unknown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch {
    #[cfg(feature = "clock")]
    start: std::time::Instant,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self {
            #[cfg(feature = "clock")]
            start: std::time::Instant::now(),
        }
    }

    #[cfg(feature = "clock")]
    pub(crate) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    #[cfg(not(feature = "clock"))]
    pub(crate) fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}
