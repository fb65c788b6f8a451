//! A frame of a stream before and after the element.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gst::prelude::*;
use gst_video::VideoInfo;
use image::{DynamicImage, RgbImage};

use colorshine_tools::Result;
use colorshine_tools::frame::to_rgba;

/// A frame before and after.
#[derive(Default)]
pub(crate) struct Pictures {
    before: Option<Picture>,
    after: Option<Picture>,
    /// Whether the frame is the one that is wanted, rather than the first.
    is_wanted: bool,
}

/// A frame as it went by.
struct Picture {
    buffer: gst::Buffer,
    info: VideoInfo,
}

impl Picture {
    /// The picture that is going by at a pad; none where the caps are no raw video's.
    fn at(pad: &gst::Pad, buffer: &gst::Buffer) -> Option<Self> {
        let info = VideoInfo::from_caps(pad.current_caps()?.as_ref()).ok()?;
        Some(Self { buffer: buffer.clone(), info })
    }

    fn to_rgb(&self) -> Result<RgbImage> {
        Ok(DynamicImage::ImageRgba8(to_rgba(&self.buffer, &self.info)?).into_rgb8())
    }
}

impl Pictures {
    /// The picture before on the left, after on the right.
    ///
    /// # Errors
    ///
    /// No frame came through, or it cannot be read.
    pub(crate) fn side_by_side(&self) -> Result<RgbImage> {
        let (Some(before), Some(after)) = (&self.before, &self.after) else {
            return Err("no frame came through".into());
        };
        let (before, after) = (before.to_rgb()?, after.to_rgb()?);
        let width = before.width();
        let mut both = RgbImage::new(width + after.width(), before.height().max(after.height()));
        image::imageops::replace(&mut both, &before, 0, 0);
        image::imageops::replace(&mut both, &after, i64::from(width), 0);
        Ok(both)
    }
}

/// Pictures that the streaming thread takes.
#[derive(Clone, Default)]
pub(crate) struct Watched(Arc<Mutex<Pictures>>);

impl Watched {
    /// Locks of plain data stay usable after a panic elsewhere.
    fn lock(&self) -> MutexGuard<'_, Pictures> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was taken.
    pub(crate) fn take(&self) -> Pictures {
        std::mem::take(&mut self.lock())
    }
}

/// Keeps a frame as it goes into the element and as it comes out: the first at a time of the clip or later, by
/// default the middle. Until there is one, or where the clip's length is unknown, that is the first of all.
pub(crate) fn watch(colorshine: &gst::Element, at: Option<gst::ClockTime>) -> Result<Watched> {
    let watched = Watched::default();
    let pads = colorshine.static_pad("sink").zip(colorshine.static_pad("src"));
    let (sink, source) = pads.ok_or("colorshine has no pads")?;

    let kept = watched.clone();
    sink.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        if let Some(buffer) = info.buffer()
            && !kept.lock().is_wanted
        {
            let at = at.or_else(|| middle(pad));
            let is_wanted = at.zip(buffer.pts()).is_some_and(|(at, time)| time >= at);
            let mut kept = kept.lock();
            if is_wanted || kept.before.is_none() {
                let before = Picture::at(pad, buffer);
                *kept = Pictures { before, after: None, is_wanted };
            }
        }
        gst::PadProbeReturn::Ok
    });

    let kept = watched.clone();
    source.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        let mut kept = kept.lock();
        if let (None, Some(buffer)) = (&kept.after, info.buffer()) {
            kept.after = Picture::at(pad, buffer);
        }
        gst::PadProbeReturn::Ok
    });
    Ok(watched)
}

/// Half of the clip's length.
fn middle(pad: &gst::Pad) -> Option<gst::ClockTime> {
    pad.peer_query_duration::<gst::ClockTime>().map(|length| length / 2)
}
