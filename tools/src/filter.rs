//! Pictures in memory through the element.

use gst::prelude::*;
use gst_app::{AppSink, AppSrc};
use gst_video::{VideoFormat, VideoInfo};

use super::Result;
use super::look::{Look, element};
use super::messages::{first_error, warn};

/// Pictures that may wait between two threads.
const WAITING: u32 = 2;

/// `appsrc ! colorshine method=exact ! appsink`, for pictures of one size.
pub struct Filter {
    pipeline: gst::Pipeline,
    source: AppSrc,
    sink: AppSink,
}

impl Filter {
    /// A running filter for pictures of `width` times `height` RGBA pixels of 8 bits, or of 16 bits with
    /// the high byte first, row after row.
    ///
    /// # Errors
    ///
    /// What the element finds wrong with the look.
    pub fn new(look: &Look, is_deep: bool, width: u32, height: u32) -> Result<Self> {
        let format = if is_deep { VideoFormat::Rgba64Be } else { VideoFormat::Rgba };
        let info = VideoInfo::builder(format, width, height).build()?;
        let source = AppSrc::builder().caps(&info.to_caps()?).format(gst::Format::Time).build();
        source.set_block(true);
        source.set_max_buffers(u64::from(WAITING));
        source.set_max_bytes(0);
        let sink = AppSink::builder().sync(false).max_buffers(WAITING).build();
        // Else the last picture would be in use by two, and its memory copied.
        sink.set_property("enable-last-sample", false);
        let element = element()?;
        element.set_property_from_str("method", "exact");
        // All bands of a picture in the same arithmetic.
        element.set_property_from_str("backend", "cpu");
        look.apply(&element)?;
        let pipeline = gst::Pipeline::new();
        pipeline.add_many([source.upcast_ref(), &element, sink.upcast_ref()])?;
        gst::Element::link_many([source.upcast_ref(), &element, sink.upcast_ref()])?;
        let filter = Self { pipeline, source, sink };
        if filter.pipeline.set_state(gst::State::Playing).is_err() {
            return Err(filter.why().into());
        }
        Ok(filter)
    }

    /// Gives a picture; waits while the filter has enough of them.
    ///
    /// # Errors
    ///
    /// The filter has failed.
    pub fn push(&self, pixels: Vec<u8>) -> Result<()> {
        let buffer = gst::Buffer::from_mut_slice(pixels);
        self.source.push_buffer(buffer).map_err(|_| self.why())?;
        Ok(())
    }

    /// No picture will follow.
    pub fn end(&self) {
        // It fails only where the pipeline has failed, which pulling tells.
        let _ = self.source.end_of_stream();
    }

    /// Takes the next picture.
    ///
    /// # Errors
    ///
    /// The filter has failed, or there is no picture.
    pub fn pull(&self) -> Result<gst::MappedBuffer<gst::buffer::Readable>> {
        let sample = self.sink.pull_sample().map_err(|_| self.why())?;
        let buffer = sample.buffer_owned().ok_or("a picture is missing")?;
        Ok(buffer.into_mapped_buffer_readable().map_err(|_| "a picture cannot be read")?)
    }

    /// Takes one picture through.
    ///
    /// # Errors
    ///
    /// The filter has failed.
    pub fn apply(&self, pixels: Vec<u8>) -> Result<Vec<u8>> {
        self.push(pixels)?;
        Ok(self.pull()?.to_vec())
    }

    /// Lets everyone go who waits for a picture or for room.
    pub fn stop(&self) {
        // There is nothing to be done about one that does not stop.
        let _ = self.pipeline.set_state(gst::State::Null);
    }

    fn why(&self) -> String {
        first_error(&self.pipeline).unwrap_or_else(|| "the filter has stopped".into())
    }
}

impl Drop for Filter {
    fn drop(&mut self) {
        self.stop();
        if let Some(bus) = self.pipeline.bus() {
            bus.iter().for_each(|message| warn(&message));
        }
    }
}
