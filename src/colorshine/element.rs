//! The element, and what its threads share.
//!
//! Locks: the sink pad's stream lock comes first. All that GStreamer calls in the order of the stream has it, and so
//! has the thread by which held frames leave (`release.rs`) while it pushes; nobody asks for it who has another one.
//!
//! Then `state` and `streaming`, and a plan's own over the radii it has measured. Each is taken for as long
//! as it takes to copy something in or out; none is held while another of them is taken, nor are the two of
//! `release`, one of which is taken within the other. `reading` is held
//! while a file is read, by `start` and by setters, never by the stream; `state` may be taken meanwhile. No
//! lock is held while GStreamer or the user is called (messages, queries, signals), or over a frame's work.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};

use gst::subclass::prelude::*;

use super::state::State;
use super::streaming::Streaming;
use super::watch::Release;
use crate::engine::baker::Notice;
use crate::telemetry::Counters;
use crate::workers::lock;

pub(super) static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new(
        "colorshine",
        gst::DebugColorFlags::empty(),
        Some("Pulls colours towards a few chosen ones"),
    )
});

/// The element's implementation.
#[derive(Default)]
pub struct ColorShine {
    state: Mutex<State>,
    /// There from start to stop; taken out while it is worked with, so that the lock is not held.
    pub(super) streaming: Mutex<Option<Box<Streaming>>>,
    /// Whether what was measured on earlier frames is to be forgotten.
    pub(super) is_to_forget: AtomicBool,
    pub(super) reading: Mutex<()>,
    pub(super) counters: Arc<Counters>,
    pub(super) release: Release,
}

impl ColorShine {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Takes over what has been set on another element.
    pub(super) fn copy_settings(&self, other: &Self) {
        let settings = other.state().settings.clone();
        self.state().settings = settings;
    }

    pub(super) fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    /// Tells the user what a plan has to say.
    pub(super) fn announce(&self, notice: Option<&Notice>) {
        if let Some(notice) = notice {
            // gst-launch shows the second of the two, applications the first.
            gst::element_imp_info!(self, gst::LibraryError::Settings, ("{notice}"), ["{notice}"]);
        }
    }

    /// Works with what the streaming thread keeps; not at all outside of start and stop.
    pub(super) fn with_streaming<R>(&self, work: impl FnOnce(&mut Streaming) -> R) -> Option<R> {
        let mut streaming = lock(&self.streaming).take()?;
        let result = work(&mut streaming);
        *lock(&self.streaming) = Some(streaming);
        Some(result)
    }
}
