//! What the benches have in common: the look and the picture that they are measured with.

#![allow(unreachable_pub, reason = "each bench is a program of its own")]

use gst_video::{VideoFormat, VideoInfo};

/// The look.
pub const ATTRACTORS: &str = "#ff8a3d;40;60|#3f7fbf;35;50";

/// The photograph, 0.8 MB: a bench needs no file where it runs.
const ASTRONAUT: &[u8] = include_bytes!("../../tests/data/photos/astronaut.png");

/// Width and height of frames.
pub const SIZE: [u32; 2] = [1920, 1080];

/// A stream of frames of [`SIZE`].
pub fn info(format: VideoFormat) -> VideoInfo {
    info_of(format, SIZE)
}

/// A stream of frames of some size.
pub fn info_of(format: VideoFormat, [width, height]: [u32; 2]) -> VideoInfo {
    VideoInfo::builder(format, width, height)
        .fps(gst::Fraction::new(60, 1))
        .build()
        .expect("a valid format")
}

/// The astronaut, stretched over a frame of RGBA, and that in another format.
pub fn photograph(format: VideoFormat) -> gst::Buffer {
    photograph_of(format, SIZE)
}

/// The same in a frame of some size.
pub fn photograph_of(format: VideoFormat, size: [u32; 2]) -> gst::Buffer {
    let photo = image::load_from_memory(ASTRONAUT).expect("the photograph").into_rgba8();
    let filter = image::imageops::FilterType::Triangle;
    let large = image::imageops::resize(&photo, size[0], size[1], filter);
    let (from, to) = (info_of(VideoFormat::Rgba, size), info_of(format, size));
    let source = gst::Buffer::from_mut_slice(large.into_raw());
    let source = gst_video::VideoFrame::from_buffer_readable(source, &from).expect("a frame");
    let mut out = gst::Buffer::with_size(to.size()).expect("memory");
    let out_ref = out.get_mut().expect("the only reference");
    let mut target =
        gst_video::VideoFrameRef::from_buffer_ref_writable(out_ref, &to).expect("a frame");
    let converter = gst_video::VideoConverter::new(&from, &to, None).expect("a converter");
    converter.frame_ref(&source.as_video_frame_ref(), &mut target);
    drop(target);
    out
}
