//! The GPU: a device that elements share, memory on the way to it and back, and what can go wrong.
//!
//! Principles:
//! - Nothing here is touched before an element starts: a plugin that is merely looked at loads no driver.
//! - Whatever goes wrong is a [`GpuError`], never a panic, and the caller still has the frame. A device that is lost,
//!   or does not answer, is done with for all who share it; a new one is opened.
//! - Drivers of programs on the CPU are opened only by those who take one (`drivers.rs`).
//! - No wait is without an end ([`PATIENCE`]).

mod counts;
mod device;
mod drivers;
mod error;
#[cfg(test)]
pub(crate) mod fault;
mod report;
mod staging;
mod timing;

pub use counts::CountBuffer;
pub use device::{AdapterRequest, Device, Shader};
pub use error::GpuError;
pub use staging::{Dispatch, Part, Slot, Upload};
pub use timing::SlotTimes;

use std::time::Duration;

/// How long the GPU may take over a band of a frame.
pub const PATIENCE: Duration = Duration::from_secs(5);
