//! Radii that the GPU measures on each frame, against those that the CPU measures. The GPU may be a software
//! renderer; that it is the one that measures is held by src/colorshine/faults.rs.
#![cfg(feature = "gpu")]

mod common;

use common::{Files, Random, buffer, cube_3d, element, harness, stat, turn};
use gst::prelude::*;
use gst_video::{VideoFormat, VideoInfo, VideoInterlaceMode};

/// Radii of all kinds: the nearest pixels, the middle, and the very farthest.
const ATTRACTORS: &str = "#ff8a3d;3;60|oklch(50% 0.12 200);50;80|black;100;40|white;99.9;30";

/// Radii are interpolated within bins, which floats of another device leave alone but for their last digits.
const NEAR: f64 = 1e-6;

/// One of each way in which components lie in memory: each takes shaders of its own, which take time.
const FORMATS: [VideoFormat; 9] = [
    VideoFormat::Rgba,
    VideoFormat::Bgr,
    VideoFormat::Rgb10a2Le,
    VideoFormat::Argb64Be,
    VideoFormat::Nv12,
    VideoFormat::I420,
    VideoFormat::Yuy2,
    VideoFormat::Y44410be,
    VideoFormat::P01010le,
];

type Properties<'a> = [(&'a str, &'a str)];

/// The radii of one frame.
fn radii(info: &VideoInfo, input: &gst::Buffer, properties: &Properties<'_>) -> [Vec<f64>; 2] {
    ["cpu", "gpu"].map(|backend| {
        let element = element(&[
            ("attractors", ATTRACTORS),
            ("tolerance-reference", "frame"),
            ("adaptation-time", "0"),
            ("method", "lut"),
            ("lut-size", "5"),
            ("backend", backend),
        ]);
        properties.iter().for_each(|(name, value)| element.set_property_from_str(name, value));
        let mut harness = harness(&element, info);
        let output = harness.push_and_pull(input.copy_deep().unwrap());
        assert!(output.is_ok(), "{backend}: {info:?}");
        assert_eq!(stat::<String>(&element, "backend"), backend, "{info:?}");
        let radii: gst::Array = stat(&element, "radii");
        radii.iter().map(|radius| radius.get::<f64>().unwrap()).collect()
    })
}

/// Keeps the device open from one element to the next.
fn open() -> gst_check::Harness {
    let keeper = element(&[("backend", "gpu"), ("attractors", "red;50;50"), ("method", "lut")]);
    harness(&keeper, &stream(VideoFormat::Rgba, 16, 16, VideoInterlaceMode::Progressive))
}

/// The largest difference of two sets of radii.
fn distance([a, b]: &[Vec<f64>; 2]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

fn stream(format: VideoFormat, width: u32, height: u32, mode: VideoInterlaceMode) -> VideoInfo {
    common::init();
    let builder = VideoInfo::builder(format, width, height).interlace_mode(mode);
    builder.fps(gst::Fraction::new(25, 1)).build().unwrap()
}

#[test]
fn radii_are_the_cpus() {
    let _open = open();
    let mut random = Random::new(47);
    let modes = [VideoInterlaceMode::Progressive, VideoInterlaceMode::Interleaved];
    let sizes = [(2, 1), (3, 5), (67, 70), (130, 22), (65, 259)];
    let outputs: [&Properties<'_>; 3] =
        [&[], &[("split", "0.3")], &[("tile-size", "16"), ("n-threads", "2")]];
    let mut largest = 0f64;
    let mut cases = 0;
    for (f, format) in FORMATS.into_iter().enumerate() {
        for (i, (width, height)) in sizes.into_iter().enumerate() {
            let info = stream(format, width, height, modes[(f + i) % 2]);
            let (padding, gap) = if info.is_interlaced() { (6, 10) } else { (0, 0) };
            let mut input = buffer(&info, padding, gap, || random.next() as u8);
            if i >= 2 && f % 2 == 0 {
                let frame = input.get_mut().unwrap();
                gst_video::VideoCropMeta::add(frame, (5, 3, width - 9, height - 4));
            }
            let output = outputs[(f + i) % 3];
            let found = radii(&info, &input, output);
            assert!(found[0].iter().any(|radius| *radius > 0.0));
            let off = distance(&found);
            assert!(off <= NEAR, "{format:?} {width}x{height} {output:?}: {found:?}");
            largest = largest.max(off);
            cases += 1;
        }
    }
    println!("{cases} cases, radii differ by up to {largest:e}");
}

/// A frame of one colour but for one pixel: the radius of all the picture is that pixel's, wherever it is.
#[test]
fn no_row_or_column_is_left_out() {
    let _open = open();
    let (width, height) = (70, 40);
    let everything: &Properties<'_> = &[("attractors", "black;100;50"), ("tile-size", "16")];
    for mode in [VideoInterlaceMode::Progressive, VideoInterlaceMode::Interleaved] {
        let info = stream(VideoFormat::I420, width, height, mode);
        let stride = info.stride()[0] as usize;
        let plain = radii(&info, &buffer(&info, 0, 0, || 60), everything);
        for at in 0..width.max(height) as usize {
            let (column, row) = (at % width as usize, at % height as usize);
            let mut input = buffer(&info, 0, 0, || 60);
            input.get_mut().unwrap().map_writable().unwrap()[row * stride + column] = 200;
            let found = radii(&info, &input, everything);
            assert!(distance(&found) <= NEAR, "{mode:?} {column} {row}: {found:?}");
            assert!(found[1][0] > plain[1][0] + 0.1, "{mode:?} {column} {row}: {found:?}");
        }
    }
}

#[test]
fn tables_before_the_attractors_count() {
    let _open = open();
    let files = Files::new();
    let table = files.put("turn.cube", &cube_3d(5, turn));
    let info = stream(VideoFormat::Rgba, 70, 40, VideoInterlaceMode::Progressive);
    let mut random = Random::new(53);
    let input = buffer(&info, 0, 0, || random.next() as u8 / 2);
    let with = radii(&info, &input, &[("input-lut", &table)]);
    let without = radii(&info, &input, &[]);
    assert!(distance(&with) <= NEAR, "{with:?}");
    assert!(distance(&[with[1].clone(), without[1].clone()]) > 0.01);
}
