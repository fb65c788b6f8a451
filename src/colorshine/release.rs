//! Frames that are held back leave when nothing comes for a frame's time.
//!
//! An upstream whose pool has fewer buffers than the pipeline is deep waits for one of those that are held, and no call
//! of the streaming thread comes before it has one. So while frames are held a thread of the element's own waits for
//! the moment at which they have to leave. It pushes as the streaming thread does, with the sink pad's stream lock:
//! that keeps frames, serialized events and queries in order, and a flush or a stop waits for it as for any push.

use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::prelude::*;

use super::element::{CAT, ColorShine};
use super::watch::Shared;

impl ColorShine {
    /// Whether frames are held back now.
    pub(super) fn is_holding(&self) -> bool {
        self.with_streaming(|streaming| streaming.path.gpu.is_holding()) == Some(true)
    }

    /// Leaves frames held until the next one comes, or until none has come for a frame's time.
    pub(super) fn hold(&self) -> Result<gst::FlowSuccess, gst::FlowError> {
        // Who pulls takes no frames that are pushed, and waits for none.
        if !self.is_holding() || self.obj().src_pad().mode() != gst::PadMode::Push {
            return Ok(gst::FlowSuccess::Ok);
        }
        let time = self.state().caps().map(|caps| caps.holding_time());
        let element = self.obj().downgrade();
        let release = move |shared: &Shared| match element.upgrade() {
            Some(element) => {
                element.imp().release_held(shared);
                true
            }
            None => false,
        };
        match self.release.wake_after(time.unwrap_or_default(), release) {
            Ok(()) => Ok(gst::FlowSuccess::Ok),
            Err(error) => {
                gst::warning!(CAT, imp = self, "frames are not held: {error}");
                self.drain()
            }
        }
    }

    /// Pushes what has been held for too long.
    fn release_held(&self, shared: &Shared) {
        let sink = self.obj().sink_pad().clone();
        let _stream = sink.stream_lock();
        if shared.take_turn() {
            gst::log!(CAT, imp = self, "nothing comes, and frames that are held leave");
            self.drain_or_flush();
        }
    }

    /// What downstream has said to the last frame that was pushed, if it takes no more. A flush, another stream,
    /// segment or caps, and another peer are a new beginning.
    pub(super) fn refusal(&self) -> Option<gst::FlowError> {
        let element = self.obj();
        let src = element.src_pad();
        if src.pad_flags().contains(gst::PadFlags::NEED_RECONFIGURE) {
            self.begin_anew();
        }
        if !self.release.has_pushed() {
            return None;
        }
        // A pad without a peer may have one by now.
        src.last_flow_result().err().filter(|error| *error != gst::FlowError::NotLinked)
    }

    /// What downstream has said before does not count any more.
    pub(super) fn begin_anew(&self) {
        self.release.begin_anew();
    }

    /// A frame is pushed now: what downstream says to it counts.
    pub(super) fn note_push(&self) {
        self.release.note_push();
    }
}
