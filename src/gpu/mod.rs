//! The GPU: a device that elements share, memory on the way to it and back, and what can go wrong.
//!
//! Principles:
//! - Nothing here is touched before an element starts: a plugin that is merely looked at loads no driver.
//! - Whatever goes wrong is a [`GpuError`], never a panic, and the caller still has the frame. A device that is lost,
//!   or does not answer, is done with for all who share it; a new one is opened.
//! - Software renderers are opened only by those who take one (`drivers.rs`).
//! - No wait is without an end ([`PATIENCE`]).

#[cfg(feature = "gpu")]
mod counts;
#[cfg(feature = "gpu")]
mod device;
#[cfg(feature = "gpu")]
mod drivers;
mod error;
#[cfg(all(test, feature = "gpu"))]
pub(crate) mod fault;
#[cfg(feature = "gpu")]
mod report;
mod request;
#[cfg(feature = "gpu")]
mod staging;
#[cfg(feature = "gpu")]
mod timing;

#[cfg(feature = "gpu")]
pub use counts::CountBuffer;
#[cfg(feature = "gpu")]
pub use device::{Device, Shader};
pub use error::{GpuError, Remedy};
pub use request::AdapterRequest;
#[cfg(feature = "gpu")]
pub use staging::{Dispatch, Part, Slot, Upload};
#[cfg(feature = "gpu")]
pub use timing::SlotTimes;

use std::time::Duration;

/// How long the GPU may take over a band of a frame.
pub const PATIENCE: Duration = Duration::from_secs(5);
