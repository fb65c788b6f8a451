//! Frames over the GPU, through the element: to the same bits as the CPU's, in order, whatever happens. The
//! GPU may be a program on the CPU.
#![cfg(feature = "gpu")]

mod common;

use common::{
    Files, Random, buffer, bytes, cube_3d, element, harness, info, run_pipeline, stat, texts, turn,
};
use gst::prelude::*;
use gst_video::{VideoFormat, VideoInfo};
use gstcolorshine::frame::formats;

const ATTRACTORS: &str = "#ff8a3d;45;60|oklch(50% 0.12 200);40;80";

/// Odd sizes, less than a cell, more than a work group, and more than a band.
const SIZES: [(u32, u32); 5] = [(1, 1), (3, 5), (17, 9), (530, 7), (66, 70)];

/// Keeps the device open from one element to the next.
struct Keeper {
    _harness: gst_check::Harness,
}

impl Keeper {
    fn new() -> Self {
        let keeper = element(&[("backend", "gpu"), ("attractors", "red;50;50"), ("method", "lut")]);
        let info = info(VideoFormat::Rgba, 16, 16);
        let mut harness = harness(&keeper, &info);
        harness.push_and_pull(buffer(&info, 0, 0, || 9)).unwrap();
        assert_eq!(stat::<String>(&keeper, "backend"), "gpu");
        assert_ne!(stat::<String>(&keeper, "adapter"), "");
        Self { _harness: harness }
    }
}

/// One frame through the element on a backend.
fn process(
    info: &VideoInfo,
    input: &gst::Buffer,
    properties: &[(&str, &str)],
    backend: &str,
) -> Vec<u8> {
    let element = element(properties);
    element.set_property_from_str("backend", backend);
    let mut harness = harness(&element, info);
    let output = harness.push_and_pull(input.copy_deep().unwrap()).unwrap();
    assert_eq!(stat::<String>(&element, "backend"), backend, "{info:?}");
    bytes(&output)
}

/// The codes of a frame, byte for byte or in words of 16 bits, as the format has them.
fn codes(info: &VideoInfo, data: &[u8]) -> Vec<i32> {
    let format = info.format_info();
    let name = format.name();
    if name.contains("10A2") {
        let words = data.chunks_exact(4).map(|b| u32::from_le_bytes(b.try_into().unwrap()));
        words.flat_map(|w| [0, 10, 20].map(|shift| (w >> shift & 1023) as i32)).collect()
    } else if info.comp_depth(0) > 8 {
        let word = |b: &[u8]| match format.is_le() {
            true => u16::from_le_bytes([b[0], b[1]]),
            false => u16::from_be_bytes([b[0], b[1]]),
        };
        let shift = format.shift()[0];
        data.chunks_exact(2).map(|b| i32::from(word(b) >> shift)).collect()
    } else {
        data.iter().map(|b| i32::from(*b)).collect()
    }
}

/// The largest difference of two frames in codes, and where it is.
fn worst(info: &VideoInfo, a: &[u8], b: &[u8]) -> (i32, usize) {
    let (a, b) = (codes(info, a), codes(info, b));
    let each = a.iter().zip(&b).map(|(a, b)| (a - b).abs());
    each.zip(0..).max_by_key(|(difference, _)| *difference).unwrap_or((0, 0))
}

fn colours(info: &VideoInfo, random: &mut Random, padding: i32, gap: usize) -> gst::Buffer {
    buffer(info, padding, gap, || random.next() as u8)
}

#[test]
fn lattices_give_the_same_bits_in_every_format() {
    let _keeper = Keeper::new();
    let mut random = Random::new(41);
    let mut cases = 0;
    for format in formats() {
        for (i, (width, height)) in SIZES.into_iter().enumerate() {
            let info = info(format, width, height);
            let (padding, gap) = [(0, 0), (6, 10)][i % 2];
            let input = colours(&info, &mut random, padding, gap);
            let manners: &[&[(&str, &str)]] = match i {
                0 | 1 => &[&[]],
                2 => &[&[("interpolation", "trilinear"), ("mix", "0.4")], &[("dither", "ordered")]],
                3 => &[&[("split", "0.37"), ("dither", "blue-noise"), ("n-threads", "2")]],
                _ => &[&[("interpolation", "nearest")], &[("tile-size", "16"), ("n-threads", "2")]],
            };
            for manner in manners {
                let mut properties =
                    vec![("attractors", ATTRACTORS), ("method", "lut"), ("lut-size", "9")];
                properties.extend_from_slice(manner);
                let [cpu, gpu] =
                    ["cpu", "gpu"].map(|backend| process(&info, &input, &properties, backend));
                // One pixel may lie beyond all radii.
                assert!(width == 1 || cpu != bytes(&input), "{format:?}: nothing is changed");
                let (difference, at) = worst(&info, &cpu, &gpu);
                assert!(
                    cpu == gpu,
                    "{format:?} {width}x{height} {manner:?}: {difference} codes at sample {at}"
                );
                cases += 1;
            }
        }
    }
    println!("{cases} cases, no bit differs");
    assert!(cases > 300);
}

#[test]
fn harness_can_fail() {
    let info = info(VideoFormat::P01010le, 18, 6);
    let frame = bytes(&colours(&info, &mut Random::new(2), 0, 0));
    let mut other = frame.clone();
    // The lowest of the 10 bits.
    other[9 * 2] ^= 1 << 6;
    assert_eq!(worst(&info, &frame, &other), (1, 9));
}

/// What the model adds: exactly on both, but for the last digits of floats.
#[test]
fn the_exact_model_is_within_a_code() {
    let _keeper = Keeper::new();
    let mut random = Random::new(43);
    let looks: &[&[(&str, &str)]] = &[
        &[],
        &[("falloff", "gaussian"), ("gamut-mapping", "clip"), ("saturation", "false")],
        &[("model", "classic"), ("falloff", "linear"), ("attractors", "teal;60;150;sh|red;40;60")],
        &[("hue", "false"), ("falloff", "cubic")],
        &[
            ("luminance", "false"),
            ("falloff", "quadratic"),
            ("attractors", "oklch(none 0.2 30);70;200"),
        ],
    ];
    let mut largest = 0;
    for (i, format) in formats().enumerate() {
        for (j, (width, height)) in [(5, 3), (66, 70)].into_iter().enumerate() {
            let info = info(format, width, height);
            let input = colours(&info, &mut random, 0, 0);
            let mut properties = vec![("attractors", ATTRACTORS), ("method", "exact")];
            properties.extend_from_slice(looks[(2 * i + j) % looks.len()]);
            let [cpu, gpu] =
                ["cpu", "gpu"].map(|backend| process(&info, &input, &properties, backend));
            let (difference, at) = worst(&info, &cpu, &gpu);
            // Of 8 bits: the floats of both have as many digits whatever the codes have.
            let code = 1 << (info.comp_depth(0) - 8);
            assert!(
                difference <= code,
                "{format:?} {width}x{height} {properties:?}: {difference} codes at sample {at}"
            );
            largest = largest.max(difference / code);
        }
    }
    println!("largest difference: {largest} codes of 8 bits");
}
