//! How far the streams of a clip go, against what its header says.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use gst::prelude::*;

/// By how much a header may be wrong, beside one frame's time: lengths are rounded, and sound has blocks.
const ROUNDED: gst::ClockTime = gst::ClockTime::from_mseconds(250);

/// What has come of all streams.
#[derive(Clone, Default)]
pub(crate) struct Ends(Arc<Counts>);

#[derive(Default)]
struct Counts {
    /// Where the last sample ends, in nanoseconds of the clip's time.
    end: AtomicU64,
    /// The longest time from one sample of a stream to its next.
    step: AtomicU64,
    /// What the header says, 0 where it does not.
    length: AtomicU64,
    /// Buffers, wherever they are counted.
    moved: AtomicU64,
    /// Whether there is a stream whose end nobody sees.
    is_left_out: AtomicBool,
}

impl Ends {
    /// Takes note of what comes out of a pad of the decoder.
    pub(crate) fn watch(&self, pad: &gst::Pad) {
        let counts = self.0.clone();
        let last = AtomicU64::new(u64::MAX);
        pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
            counts.moved.fetch_add(1, Ordering::Relaxed);
            if counts.length.load(Ordering::Relaxed) == 0
                && let Some(length) = pad.query_duration::<gst::ClockTime>()
            {
                counts.length.store(length.nseconds(), Ordering::Relaxed);
            }
            let Some((start, end)) = info.buffer().and_then(|buffer| times(pad, buffer)) else {
                return gst::PadProbeReturn::Ok;
            };
            counts.end.fetch_max(end, Ordering::Relaxed);
            // The first one has none before it.
            let step = start.saturating_sub(last.swap(start, Ordering::Relaxed));
            counts.step.fetch_max(step, Ordering::Relaxed);
            gst::PadProbeReturn::Ok
        });
    }

    /// Counts what goes through another pad, too.
    pub(crate) fn watch_pace(&self, pad: &gst::Pad) {
        let counts = self.0.clone();
        pad.add_probe(gst::PadProbeType::BUFFER | gst::PadProbeType::BUFFER_LIST, move |_, _| {
            counts.moved.fetch_add(1, Ordering::Relaxed);
            gst::PadProbeReturn::Ok
        });
    }

    /// A number that grows as long as the pipeline works.
    pub(crate) fn moved(&self) -> u64 {
        self.0.moved.load(Ordering::Relaxed)
    }

    /// Takes note of a stream that does not come out of the decoder. The header's length may be that of this one.
    pub(crate) fn leave_out(&self) {
        self.0.is_left_out.store(true, Ordering::Relaxed);
    }

    /// In which way streams that have come to their end are shorter than the header says, if they are and
    /// all are known.
    pub(crate) fn short_of_header(&self) -> Option<String> {
        if self.0.is_left_out.load(Ordering::Relaxed) {
            return None;
        }
        let [end, step, length] = [&self.0.end, &self.0.step, &self.0.length]
            .map(|time| gst::ClockTime::from_nseconds(time.load(Ordering::Relaxed)));
        let is_short = length.saturating_sub(end) > ROUNDED.saturating_add(step);
        is_short.then(|| format!("its streams end at {end:.2}, and its header says {length:.2}"))
    }
}

/// When a buffer starts and ends, in nanoseconds of the clip's time.
fn times(pad: &gst::Pad, buffer: &gst::BufferRef) -> Option<(u64, u64)> {
    let start = buffer.pts()?;
    let end = start + buffer.duration().unwrap_or_default();
    let segment = pad.sticky_event::<gst::event::Segment>(0)?;
    let segment = segment.segment().downcast_ref::<gst::ClockTime>()?;
    // What lies outside of the segment is not shown.
    let shown = segment.clip(start, end);
    let (Some(start), Some(end)) = shown? else {
        return None;
    };
    let time = |time| segment.to_stream_time(time).map(gst::ClockTime::nseconds);
    time(start).zip(time(end))
}
