//! The folder of baked looks, and what the user hears of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use colorshine_core::lut::{Disk, Problem};
use gst::subclass::prelude::*;

use super::element::{CAT, ColorShine};
use super::settings::Settings;

/// How long the end of a stream waits for the file of a look that was baked for it. Writing takes some
/// milliseconds; a disk that takes longer writes on beside whatever comes next.
const PATIENCE: Duration = Duration::from_millis(100);

impl ColorShine {
    /// Waits, for a moment, for what is being written: the process may be about to end.
    pub(super) fn finish_disk(&self) {
        let disk = self.state().disk.clone();
        if let Some(disk) = disk {
            disk.finish(PATIENCE);
        }
    }

    /// The folder of baked looks that the settings ask for. What is wrong with it is told once: by a
    /// warning where the user has named it, for information where it is the default.
    pub(super) fn disk(&self, settings: &Settings) -> Option<Arc<Disk>> {
        let (folder, is_named) = settings.cache_folder()?;
        let element = self.obj().downgrade();
        let is_told = AtomicBool::new(false);
        let report = move |problem: &Problem| {
            let Some(element) = element.upgrade() else {
                return;
            };
            let text = format!("{problem}; it goes on without");
            gst::info!(CAT, obj = element, "{text}");
            if matches!(problem, Problem::File(..)) || is_told.swap(true, Ordering::Relaxed) {
                return;
            }
            if is_named {
                gst::element_warning!(element, gst::ResourceError::Write, ("{text}"));
            } else {
                gst::element_info!(element, gst::ResourceError::Write, ("{text}"), ["{text}"]);
            }
        };
        Some(Arc::new(Disk::new(folder, report)))
    }
}
