//! One frame of a file, as a picture.

use std::path::Path;

use gst::prelude::*;
use gst_app::AppSink;
use gst_video::{VideoFormat, VideoFrameRef, VideoInfo};
use image::RgbaImage;

use super::Result;
use super::messages::{describe, first_error};

/// Longest that a file may take to show a frame.
const PATIENCE: gst::ClockTime = gst::ClockTime::from_seconds(60);

/// The frame of a clip at a time, or the first one after it; a picture is a clip of one frame.
///
/// # Errors
///
/// The file cannot be decoded, or is shorter.
pub(crate) fn read_frame(path: &Path, at: gst::ClockTime) -> Result<RgbaImage> {
    let of_file = |why: String| format!("{}: {why}", path.display());
    if !path.is_file() {
        return Err(of_file("no such file".into()).into());
    }
    let pipeline = gst::Pipeline::new();
    let source = gst::ElementFactory::make("filesrc").property("location", path).build()?;
    // Frames in a decoder's own memory could not be read.
    let decoder =
        gst::ElementFactory::make("decodebin").property("force-sw-decoders", true).build()?;
    let converter = gst::ElementFactory::make("videoconvert").build()?;
    let caps = gst_video::VideoCapsBuilder::new().format(VideoFormat::Rgba).build();
    let sink = AppSink::builder().caps(&caps).sync(false).max_buffers(1).build();
    pipeline.add_many([&source, &decoder, &converter, sink.upcast_ref()])?;
    source.link(&decoder)?;
    converter.link(&sink)?;
    let input = converter.static_pad("sink").ok_or("videoconvert has no pad")?;
    decoder.connect_pad_added(move |_, pad| {
        let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
        let is_video = caps.structure(0).is_some_and(|s| s.name().starts_with("video/"));
        if is_video && !input.is_linked() {
            // One that cannot be linked fails with an error of its own.
            let _ = pad.link(&input);
        }
    });
    let picture = first_picture(&pipeline, &sink, at);
    pipeline.set_state(gst::State::Null)?;
    Ok(picture.map_err(|error| of_file(error.to_string()))?)
}

/// The picture that a pipeline shows first, from some time on.
fn first_picture(
    pipeline: &gst::Pipeline,
    sink: &AppSink,
    at: gst::ClockTime,
) -> Result<RgbaImage> {
    let why = |what: &str| first_error(pipeline).unwrap_or_else(|| what.to_string());
    pipeline.set_state(gst::State::Paused).map_err(|_| why("it cannot be read"))?;
    let bus = pipeline.bus().ok_or("the pipeline has no bus")?;
    let types = [gst::MessageType::Error, gst::MessageType::AsyncDone];
    match bus.timed_pop_filtered(PATIENCE, &types).as_ref().map(|message| message.view()) {
        Some(gst::MessageView::AsyncDone(_)) => {}
        Some(gst::MessageView::Error(error)) => {
            return Err(describe(error.src(), &error.error(), error.debug()).into());
        }
        _ => return Err("it has no picture".into()),
    }
    if !at.is_zero() {
        pipeline
            .seek_simple(gst::SeekFlags::FLUSH | gst::SeekFlags::ACCURATE, at)
            .map_err(|_| why("it cannot be wound to another time"))?;
    }
    let sample = sink
        .try_pull_preroll(PATIENCE)
        .ok_or_else(|| why(&format!("it has no frame at {at:.3}")))?;
    let caps = sample.caps().ok_or("a frame has no caps")?;
    to_rgba(sample.buffer().ok_or("a frame has no buffer")?, &VideoInfo::from_caps(caps)?)
}

/// A mapped frame of any format as a picture.
///
/// # Errors
///
/// It cannot be mapped or converted.
pub(crate) fn to_rgba(buffer: &gst::BufferRef, info: &VideoInfo) -> Result<RgbaImage> {
    let (width, height) = (info.width(), info.height());
    // Its rows have no padding, as a pixel has four bytes.
    let wanted = VideoInfo::builder(VideoFormat::Rgba, width, height)
        .fps(info.fps())
        .interlace_mode(info.interlace_mode())
        .build()?;
    let converter = gst_video::VideoConverter::new(info, &wanted, None)?;
    let mut rgba = gst_video::VideoFrame::from_buffer_writable(
        gst::Buffer::with_size(wanted.size())?,
        &wanted,
    )
    .map_err(|_| "a picture cannot be mapped")?;
    let frame = VideoFrameRef::from_buffer_ref_readable(buffer, info)?;
    converter.frame_ref(&frame, &mut rgba.as_mut_video_frame_ref());
    let codes = rgba.plane_data(0)?.to_vec();
    RgbaImage::from_raw(width, height, codes).ok_or_else(|| "a picture is cut short".into())
}
