//! A stream as it was negotiated, and its buffers while the GPU works on them.

use std::sync::Arc;
use std::time::Duration;

use colorshine_core::frame::{Layout, Planes};
use gst::glib::translate::IntoGlib;
use gst_video::VideoInfo;

use crate::engine::caps::{Caps, FormatKey};
use crate::engine::gpu::KeptFrame;
use colorshine_video::{HdrTransfer, MapError, Stream, with_mapped};

/// A stream's caps, as GStreamer and as the engine have them.
#[derive(Debug)]
pub(super) struct Negotiated {
    pub(super) info: VideoInfo,
    pub(super) caps: Arc<Caps>,
    /// Its transfer function, where that is of high dynamic range.
    pub(super) hdr: Option<HdrTransfer>,
}

impl Negotiated {
    pub(super) fn new(caps: &gst::CapsRef, info: &VideoInfo) -> Self {
        let Stream { layout, codes, primaries, hdr } = Stream::of_caps(caps, info);
        let fps = info.fps();
        let has_rate = fps.numer() > 0 && fps.denom() > 0;
        let frame_time = has_rate
            .then(|| Duration::from_secs_f64(f64::from(fps.denom()) / f64::from(fps.numer())));
        let caps = Arc::new(Caps {
            format: FormatKey(info.format().into_glib()),
            size: [info.width() as usize, info.height() as usize],
            layout,
            codes,
            primaries,
            frame_time,
            exact_on_gpu: Default::default(),
        });
        Self { info: info.clone(), caps, hdr }
    }
}

/// A buffer of a stream.
#[derive(Debug)]
pub(super) struct KeptBuffer {
    pub(super) buffer: gst::Buffer,
    pub(super) stream: Arc<Negotiated>,
}

impl KeptFrame for KeptBuffer {
    type Error = MapError;

    fn with_planes<R>(
        &mut self,
        work: impl FnOnce(&mut Planes<'_>, &Layout) -> R,
    ) -> Result<R, MapError> {
        let Self { buffer, stream } = self;
        let (info, layout) = (&stream.info, &stream.caps.layout);
        with_mapped(buffer.make_mut(), info, layout, |planes, layout, _| work(planes, layout))
    }
}
