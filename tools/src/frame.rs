//! One frame of a file, as a picture.

use std::path::Path;

use gst::prelude::*;
use gst_app::AppSink;
use gst_video::{VideoFormat, VideoFrameRef, VideoInfo, VideoTransferFunction};
use image::RgbaImage;

use super::Result;
use super::messages::{describe, first_error};
use super::temporary::check_regular;

/// Longest that a file may take to show a frame.
const PATIENCE: gst::ClockTime = gst::ClockTime::from_seconds(60);

/// A frame as it is to be shown.
pub struct Frame {
    /// Upright.
    pub picture: RgbaImage,
    /// A pixel's width, as a share of its height.
    pub pixel_aspect: f64,
    /// What the file's codes stand for.
    pub transfer: VideoTransferFunction,
}

/// The frame of a clip at a time, or the first one after it; a picture is a clip of one frame.
///
/// # Errors
///
/// The file cannot be decoded, has no picture in it, or is shorter.
pub fn read_frame(path: &Path, at: gst::ClockTime) -> Result<Frame> {
    check_regular(path)?;
    let pipeline = gst::Pipeline::new();
    let source = gst::ElementFactory::make("filesrc").property("location", path).build()?;
    // Frames in a decoder's own memory could not be read.
    let decoder =
        gst::ElementFactory::make("decodebin").property("force-sw-decoders", true).build()?;
    let converter = gst::ElementFactory::make("videoconvert").build()?;
    // Clips say how they are to be turned.
    let turner = gst::ElementFactory::make("videoflip").build()?;
    turner.set_property_from_str("video-direction", "auto");
    let caps = gst_video::VideoCapsBuilder::new().format(VideoFormat::Rgba).build();
    let sink = AppSink::builder().caps(&caps).sync(false).max_buffers(1).build();
    pipeline.add_many([&source, &decoder, &converter, &turner, sink.upcast_ref()])?;
    source.link(&decoder)?;
    gst::Element::link_many([&converter, &turner, sink.upcast_ref()])?;
    let input = converter.static_pad("sink").ok_or("videoconvert has no pad")?;
    let picture_pad = input.clone();
    decoder.connect_pad_added(move |_, pad| {
        let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
        let is_video = caps.structure(0).is_some_and(|s| s.name().starts_with("video/"));
        if is_video && !picture_pad.is_linked() {
            // One that cannot be linked fails with an error of its own.
            let _ = pad.link(&picture_pad);
        }
    });
    let (weak, picture_pad) = (pipeline.downgrade(), input.clone());
    decoder.connect_no_more_pads(move |_| {
        if let Some(pipeline) = weak.upgrade()
            && !picture_pad.is_linked()
        {
            // It fails only where nobody waits any more.
            let _ = pipeline.post_message(gst::message::Eos::new());
        }
    });
    let frame = first_picture(&pipeline, &sink, at).map(|(picture, pixel_aspect)| {
        let caps = input.current_caps();
        let info = caps.and_then(|caps| VideoInfo::from_caps(&caps).ok());
        let transfer =
            info.map_or(VideoTransferFunction::Unknown, |info| info.colorimetry().transfer());
        Frame { picture, pixel_aspect, transfer }
    });
    // Sound alone may end in an error before all pads are known.
    let is_sound = frame.is_err()
        && !input.is_linked()
        && decoder.src_pads().iter().any(|pad| pad.current_caps().is_some());
    pipeline.set_state(gst::State::Null)?;
    if is_sound { Err(NO_PICTURE.into()) } else { frame }
}

const NO_PICTURE: &str = "there is no picture in it";

/// The picture that a pipeline shows first, from some time on, and its pixels' aspect ratio.
fn first_picture(
    pipeline: &gst::Pipeline,
    sink: &AppSink,
    at: gst::ClockTime,
) -> Result<(RgbaImage, f64)> {
    let why = |what: &str| first_error(pipeline).unwrap_or_else(|| what.to_string());
    pipeline.set_state(gst::State::Paused).map_err(|_| why("it cannot be read"))?;
    let bus = pipeline.bus().ok_or("the pipeline has no bus")?;
    let types = [gst::MessageType::Error, gst::MessageType::AsyncDone, gst::MessageType::Eos];
    match bus.timed_pop_filtered(PATIENCE, &types).as_ref().map(|message| message.view()) {
        Some(gst::MessageView::AsyncDone(_)) => {}
        Some(gst::MessageView::Error(error)) => {
            return Err(describe(error.src(), &error.error(), error.debug()).into());
        }
        _ => return Err(NO_PICTURE.into()),
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
    let info = VideoInfo::from_caps(caps)?;
    let picture = to_rgba(sample.buffer().ok_or("a frame has no buffer")?, &info)?;
    Ok((picture, f64::from(info.par().numer()) / f64::from(info.par().denom())))
}

/// A mapped frame of any format as a picture.
///
/// # Errors
///
/// It cannot be mapped or converted.
pub fn to_rgba(buffer: &gst::BufferRef, info: &VideoInfo) -> Result<RgbaImage> {
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
