//! Frames over the GPU, through the element: to the same bits as the CPU's, in order, whatever happens. The GPU may be
//! a software renderer.
#![cfg(feature = "gpu")]

mod common;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use colorshine_core::apply::shaders::suit;
use colorshine_core::lut::Lattice;
use colorshine_video::{Stream, formats};
use common::exact;
use common::{
    Files, Installed, Random, TIMEOUT, buffer, bytes, cube_3d, element, harness, info, launch,
    run_pipeline, software_renderers, stat, texts, turn, wait_until,
};
use gst::prelude::*;
use gst_video::{VideoChromaSite, VideoFormat, VideoInfo, VideoInterlaceMode};
use gstcolorshine::workers::finish_background;

/// Time of a frame in streams that hold frames for as long as a test may take: they leave when nothing comes meanwhile.
const UNHURRIED: gst::ClockTime = gst::ClockTime::from_seconds(60);

const ATTRACTORS: &str = "#ff8a3d;45;60|oklch(50% 0.12 200);40;80";

/// Odd sizes, less than a cell, more than a work group, and more than a band.
const SIZES: [(u32, u32); 5] = [(1, 1), (3, 5), (17, 9), (530, 7), (66, 70)];

/// Fails the test at whose end the validation layer has had something to say since it was last asked, be it of this
/// test or of one beside it. It is at work in [`each_driver_passes_without_a_message`].
struct Watched;

impl Drop for Watched {
    fn drop(&mut self) {
        let said = wgpu_hal::VALIDATION_CANARY.get_and_reset();
        if !std::thread::panicking() {
            assert!(said.is_empty(), "the validation layer: {}", said.join("\n"));
        }
    }
}

fn is_for_the_gpu(format: &VideoFormat) -> bool {
    suit(&Stream::new(&info(*format, 16, 16)).layout)
}

fn formats_for_the_gpu() -> impl Iterator<Item = VideoFormat> {
    common::init();
    formats().filter(is_for_the_gpu)
}

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

/// A stream whose frames take their time.
fn unhurried(format: VideoFormat, width: u32, height: u32) -> VideoInfo {
    common::init();
    let rate = gst::Fraction::new(1, UNHURRIED.seconds() as i32);
    VideoInfo::builder(format, width, height).fps(rate).build().unwrap()
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
    if info.comp_depth(0) == 10 && info.comp_pstride(0) == 4 && name != "Y210" {
        let word = |b: &[u8]| match format.is_le() {
            true => u32::from_le_bytes(b.try_into().unwrap()),
            false => u32::from_be_bytes(b.try_into().unwrap()),
        };
        let words = data.chunks_exact(4).map(word);
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
    let _watched = Watched;
    let _keeper = Keeper::new();
    let mut random = Random::new(41);
    let mut cases = 0;
    for format in formats_for_the_gpu() {
        for (i, (width, height)) in SIZES.into_iter().enumerate() {
            let info = info(format, width, height);
            let (padding, gap) = [(0, 0), (6, 10)][i % 2];
            let input = colours(&info, &mut random, padding, gap);
            let outputs: &[&[(&str, &str)]] = match i {
                0 | 1 => &[&[]],
                2 => &[&[("interpolation", "trilinear"), ("mix", "0.4")], &[("dither", "ordered")]],
                3 => &[
                    &[("split", "0.37"), ("dither", "blue-noise"), ("n-threads", "2")],
                    &[("interpolation", "prism"), ("mix", "0.7")],
                    &[("interpolation", "tetrahedral")],
                ],
                _ => &[&[("interpolation", "nearest")], &[("tile-size", "16"), ("n-threads", "2")]],
            };
            for output in outputs {
                let mut properties =
                    vec![("attractors", ATTRACTORS), ("method", "lut"), ("lut-size", "9")];
                properties.extend_from_slice(output);
                let [cpu, gpu] =
                    ["cpu", "gpu"].map(|backend| process(&info, &input, &properties, backend));
                // One pixel may lie beyond all radii.
                assert!(width == 1 || cpu != bytes(&input), "{format:?}: nothing is changed");
                let (difference, at) = worst(&info, &cpu, &gpu);
                assert!(
                    cpu == gpu,
                    "{format:?} {width}x{height} {output:?}: {difference} codes at sample {at}"
                );
                cases += 1;
            }
        }
    }
    println!("{cases} cases, no bit differs");
    assert!(cases > 300);
}

/// Formats that no shader is made for: the CPU does them, and says so where the GPU is insisted on.
#[test]
fn what_is_not_for_the_gpu_the_cpu_does() {
    let _watched = Watched;
    common::init();
    let others: Vec<VideoFormat> = formats().filter(|format| !is_for_the_gpu(format)).collect();
    let names: Vec<_> = others.iter().map(|format| format.to_str().as_str()).collect();
    assert_eq!(names, ["RGB15", "BGR15", "RGB16", "BGR16", "IYU1", "v210", "UYVP"]);
    for format in others {
        let info = info(format, 66, 10);
        let filter = element(&[("attractors", ATTRACTORS), ("backend", "gpu")]);
        let bus = gst::Bus::new();
        filter.set_bus(Some(&bus));
        let mut harness = harness(&filter, &info);
        let input = colours(&info, &mut Random::of(format.to_str()), 0, 0);
        for _ in 0..2 {
            let output = harness.push_and_pull(input.copy_deep().unwrap()).unwrap();
            assert!(bytes(&output) != bytes(&input), "{format}: nothing is changed");
        }
        assert_eq!(stat::<String>(&filter, "backend"), "cpu", "{format}");
        let told = texts(&bus, gst::MessageType::Warning);
        assert_eq!(told.len(), 1, "{format}: {told:?}");
        assert!(
            told[0].contains("frames of this format are not for the GPU"),
            "{format}: {told:?}"
        );
    }
}

#[test]
fn harness_can_fail() {
    let _watched = Watched;
    let info = info(VideoFormat::P01010le, 18, 6);
    let frame = bytes(&colours(&info, &mut Random::new(2), 0, 0));
    let mut other = frame.clone();
    // The lowest of the 10 bits.
    other[9 * 2] ^= 1 << 6;
    assert_eq!(worst(&info, &frame, &other), (1, 9));

    // Two codes of 10 bits too many: one of a common colour is found, one where the model is steep is left out.
    let properties = [("attractors", ATTRACTORS), ("method", "exact")];
    let input = |codes: [u16; 3]| {
        let info = common::info(VideoFormat::Y44410le, 1, 1);
        let mut input = vec![0; info.size()];
        for (plane, code) in codes.into_iter().enumerate() {
            input[info.offset()[plane]..][..2].copy_from_slice(&code.to_le_bytes());
        }
        (info, input)
    };
    let compare = |codes| {
        let (info, input) = input(codes);
        let mut other = input.clone();
        other[0] ^= 2;
        let frames = exact::Frames { info: &info, input: &input, cpu: &input, gpu: &other };
        frames.compare(&properties).map(|found| (found.left_out, found.tested))
    };
    let found = compare([500, 480, 600]).unwrap_err();
    assert!(found.contains("component 0 of [500, 480, 600] at 0,0"), "{found}");
    assert_eq!(compare([80, 944, 444]), Ok((1, 3)));
}

/// What the model adds: exactly on both, but for the last digits of floats. Where the model has a step, those decide
/// which side of it a colour is on: such a sample is left out, if the gold says so.
#[test]
fn the_exact_model_is_within_a_code() {
    let _watched = Watched;
    let _keeper = Keeper::new();
    // What a look leaves as it is.
    const DEFAULTS: [(&str, &str); 6] = [
        ("falloff", "cosine"),
        ("gamut-mapping", "chroma"),
        ("model", "smooth"),
        ("luminance", "true"),
        ("saturation", "true"),
        ("hue", "true"),
    ];
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
    let (mut largest, mut place, mut left_out, mut tested) = (0, String::new(), 0, 0);
    for format in formats_for_the_gpu() {
        // By the name, so that no other format decides what is tested of this one.
        let mut random = Random::of(format.to_str());
        let info = info(format, 65, 71);
        // One for all looks: shaders, which software renderers take long to compile, are a format's.
        let filter = element(&[("backend", "gpu")]);
        let mut harness = harness(&filter, &info);
        for look in looks {
            let input = colours(&info, &mut random, 0, 0);
            let mut properties = vec![("attractors", ATTRACTORS), ("method", "exact")];
            properties.extend_from_slice(look);
            for (name, value) in DEFAULTS.iter().chain(&properties) {
                filter.set_property_from_str(name, value);
            }
            finish_background();
            let gpu = bytes(&harness.push_and_pull(input.copy_deep().unwrap()).unwrap());
            assert_eq!(stat::<String>(&filter, "backend"), "gpu", "{format:?} {properties:?}");
            let cpu = process(&info, &input, &properties, "cpu");
            let frames = exact::Frames { info: &info, input: &bytes(&input), cpu: &cpu, gpu: &gpu };
            let found = frames
                .compare(&properties)
                .unwrap_or_else(|error| panic!("{format:?} {properties:?}: {error}"));
            left_out += found.left_out;
            tested += found.tested;
            if found.largest > largest {
                (largest, place) = (found.largest, format!("{format:?} {properties:?}"));
            }
        }
    }
    println!("largest difference: {largest} codes, {place}; {left_out} of {tested} left out");
    assert!(left_out * 10_000 < tested, "{left_out} of {tested} samples were left out");
}

/// Fields, sites of chroma, and pictures that are part of a frame.
#[test]
fn fields_sites_and_crops_are_the_same() {
    let _watched = Watched;
    let _keeper = Keeper::new();
    let mut random = Random::new(47);
    let sites = [VideoChromaSite::NONE, VideoChromaSite::MPEG2, VideoChromaSite::COSITED];
    let crops = [(0, 0, 70, 34), (5, 3, 41, 21), (8, 5, 1, 1), (3, 2, 62, 7), (64, 31, 6, 3)];
    for format in [
        VideoFormat::Nv12,
        VideoFormat::I42010le,
        VideoFormat::Uyvy,
        VideoFormat::Bgr,
        VideoFormat::Y41b,
        VideoFormat::Yuv9,
    ] {
        for mode in [VideoInterlaceMode::Progressive, VideoInterlaceMode::Interleaved] {
            for (i, crop) in crops.into_iter().enumerate() {
                let builder = |width, height| {
                    let site = sites[i % 3];
                    let info = VideoInfo::builder(format, width, height);
                    let info = info.interlace_mode(mode).chroma_site(site);
                    info.fps(gst::Fraction::new(25, 1)).build().unwrap()
                };
                let full = builder(70, 34);
                let picture = builder(crop.2, crop.3);
                let mut input = colours(&full, &mut random, 4, 6);
                let flags = match mode {
                    VideoInterlaceMode::Progressive => gst_video::VideoFrameFlags::empty(),
                    _ => gst_video::VideoFrameFlags::INTERLACED,
                };
                let frame = input.get_mut().unwrap();
                let meta = frame.meta::<gst_video::VideoMeta>().unwrap();
                let (offsets, strides) = (meta.offset().to_vec(), meta.stride().to_vec());
                frame.meta_mut::<gst_video::VideoMeta>().unwrap().remove().unwrap();
                let add = gst_video::VideoMeta::add_full;
                add(frame, flags, format, 70, 34, &offsets, &strides).unwrap();
                gst_video::VideoCropMeta::add(frame, crop);
                let split = ["1", "0.6"][i % 2];
                let properties = [
                    ("attractors", "red;100;100"),
                    ("method", "lut"),
                    ("lut-size", "5"),
                    ("split", split),
                ];
                let [cpu, gpu] =
                    ["cpu", "gpu"].map(|backend| process(&picture, &input, &properties, backend));
                let (difference, at) = worst(&picture, &cpu, &gpu);
                assert!(
                    cpu == gpu,
                    "{format:?} {mode:?} {crop:?}: {difference} codes at sample {at}"
                );
            }
        }
    }
}

/// .cube files within the model, and a look whose file is too steep for floats.
/// Of P010's and its kin's rows of chroma the last has no partner where the height is 2 more than a multiple
/// of 4.
#[test]
fn chroma_that_ends_with_one_field_is_the_same() {
    let _keeper = Keeper::new();
    let mut random = Random::new(53);
    for (format, height) in
        [(VideoFormat::P01010le, 2), (VideoFormat::P012Be, 6), (VideoFormat::P016Le, 70)]
    {
        let info = VideoInfo::builder(format, 70, height)
            .interlace_mode(VideoInterlaceMode::Interleaved)
            .fps(gst::Fraction::new(25, 1))
            .build()
            .unwrap();
        let input = colours(&info, &mut random, 0, 0);
        for tile_size in ["0", "16"] {
            let properties = [
                ("attractors", "red;100;100"),
                ("method", "lut"),
                ("lut-size", "5"),
                ("tile-size", tile_size),
            ];
            let [cpu, gpu] =
                ["cpu", "gpu"].map(|backend| process(&info, &input, &properties, backend));
            let (difference, at) = worst(&info, &cpu, &gpu);
            assert!(cpu == gpu, "{format:?} 70x{height}: {difference} codes at {at}");
            assert!(gpu != bytes(&input), "{format:?} 70x{height}: nothing has changed");
        }
    }
}

#[test]
fn files_are_part_of_the_exact_model() {
    let _watched = Watched;
    let _keeper = Keeper::new();
    let files = Files::new();
    let turned = files.put("turned.cube", &cube_3d(5, turn));
    let steep = "LUT_1D_SIZE 3\nDOMAIN_MIN 0 0 0\nDOMAIN_MAX 1e-7 1e-7 1e-7\n0 0 0\n1 1 1\n0 0 0\n";
    let steep = files.put("steep.cube", steep);
    let info = info(VideoFormat::Rgba, 66, 10);
    let input = colours(&info, &mut Random::new(53), 0, 0);
    let exact = [("attractors", ATTRACTORS), ("method", "exact")];
    let with = |file: &str, backend| {
        let properties = [exact[0], exact[1], ("input-lut", file)];
        process(&info, &input, &properties, backend)
    };
    let (difference, at) = worst(&info, &with(&turned, "cpu"), &with(&turned, "gpu"));
    assert!(difference <= 1, "{difference} codes at sample {at}");

    let filter = element(&[exact[0], exact[1], ("input-lut", &steep), ("backend", "gpu")]);
    let bus = gst::Bus::new();
    let mut harness = harness(&filter, &info);
    filter.set_bus(Some(&bus));
    for _ in 0..3 {
        let output = harness.push_and_pull(input.copy_deep().unwrap()).unwrap();
        assert_eq!(bytes(&output), with(&steep, "cpu"));
    }
    assert_eq!(stat::<String>(&filter, "backend"), "cpu");
    let told = texts(&bus, gst::MessageType::Warning);
    assert_eq!(told.iter().filter(|text| text.contains("precision")).count(), 1, "{told:?}");
}

/// Frames of `info` with a rising timestamp, each of other colours.
fn frames(info: &VideoInfo, count: u64) -> Vec<gst::Buffer> {
    let mut random = Random::new(59);
    let frame = |number: u64| {
        let mut frame = colours(info, &mut random, 0, 0);
        let fields = frame.get_mut().unwrap();
        fields.set_pts(gst::ClockTime::from_mseconds(40) * number);
        fields.set_offset(number);
        // As sources and decoders have it.
        if number == 0 {
            fields.set_flags(gst::BufferFlags::DISCONT);
        }
        frame
    };
    (0..count).map(frame).collect()
}

/// What the CPU makes of frames.
fn by_cpu(info: &VideoInfo, properties: &[(&str, &str)], frames: &[gst::Buffer]) -> Vec<Vec<u8>> {
    let element = element(properties);
    element.set_property_from_str("backend", "cpu");
    let mut harness = harness(&element, info);
    let each = frames.iter().map(|frame| frame.copy_deep().unwrap());
    each.map(|frame| bytes(&harness.push_and_pull(frame).unwrap())).collect()
}

#[test]
fn a_deep_pipeline_holds_frames_back_and_loses_none() {
    let _watched = Watched;
    let info = unhurried(VideoFormat::Nv12, 98, 50);
    let properties = [("attractors", ATTRACTORS), ("method", "lut"), ("lut-size", "9")];
    let input = frames(&info, 12);
    let want = by_cpu(&info, &properties, &input);
    for depth in [1usize, 2, 3, 8] {
        let filter = element(&properties);
        filter.set_property_from_str("backend", "gpu");
        filter.set_property("pipeline-depth", depth as u32);
        let mut harness = harness(&filter, &info);
        let mut pushed = 0;
        let mut push = |harness: &mut gst_check::Harness, count: usize| {
            for frame in &input[pushed..pushed + count] {
                harness.push(frame.copy_deep().unwrap()).unwrap();
            }
            pushed += count;
        };
        push(&mut harness, 3);
        let held = 3.min(depth - 1);
        assert_eq!(harness.buffers_received() as usize, 3 - held, "depth {depth}");
        assert_eq!(harness.query_latency(), Some(UNHURRIED * (depth as u64 - 1)));
        // An event keeps its place among frames, and so does a frame that passes through.
        let tag = gst::event::CustomDownstream::new(gst::Structure::new_empty("place"));
        assert!(harness.push_event(tag));
        assert_eq!(harness.buffers_received(), 3);
        push(&mut harness, 2);
        filter.set_property("mix", 0.0);
        push(&mut harness, 1);
        assert_eq!(harness.buffers_received(), 6);
        filter.set_property("mix", 1.0);
        push(&mut harness, 6);
        assert!(harness.push_event(gst::event::Eos::new()));
        for (number, frame) in input.iter().enumerate() {
            let output = harness.try_pull().expect("every frame");
            assert_eq!((output.pts(), output.offset()), (frame.pts(), frame.offset()));
            let want = if number == 5 { &bytes(frame) } else { &want[number] };
            assert!(bytes(&output) == *want, "depth {depth}: frame {number}");
        }
        assert!(harness.try_pull().is_none());
    }
}

#[test]
fn frames_in_flight_come_before_other_caps_and_go_with_a_flush() {
    let _watched = Watched;
    let [small, large] = [(34, 18), (66, 40)].map(|(w, h)| unhurried(VideoFormat::I420, w, h));
    let properties = [("attractors", ATTRACTORS), ("method", "lut"), ("pipeline-depth", "4")];
    let filter = element(&properties);
    filter.set_property_from_str("backend", "gpu");
    let mut harness = harness(&filter, &small);
    for frame in frames(&small, 2) {
        harness.push(frame).unwrap();
    }
    harness.set_src_caps(large.to_caps().unwrap());
    for frame in frames(&large, 3) {
        harness.push(frame).unwrap();
    }
    for (number, want) in [&small, &small].into_iter().enumerate() {
        assert_eq!(harness.try_pull().expect("a frame").size(), want.size(), "frame {number}");
    }
    assert!(harness.try_pull().is_none(), "three are in flight");
    assert!(harness.push_event(gst::event::FlushStart::new()));
    assert!(harness.push_event(gst::event::FlushStop::new(true)));
    let segment = gst::FormattedSegment::<gst::ClockTime>::new();
    assert!(harness.push_event(gst::event::Segment::new(&segment)));
    let after = frames(&large, 1);
    harness.push(after[0].copy_deep().unwrap()).unwrap();
    assert!(harness.push_event(gst::event::Eos::new()));
    let output = harness.try_pull().expect("the frame after the flush");
    assert!(bytes(&output) == by_cpu(&large, &properties[..2], &after)[0]);
    assert!(harness.try_pull().is_none(), "frames from before the flush");
}

/// Frames in flight come before whatever is not to overtake them, and a frame that begins anew after them.
#[test]
fn frames_in_flight_keep_their_place() {
    let _watched = Watched;
    let info = unhurried(VideoFormat::Nv12, 34, 18);
    let properties = [("attractors", ATTRACTORS), ("method", "lut"), ("pipeline-depth", "3")];
    let input = frames(&info, 5);
    let want = by_cpu(&info, &properties[..2], &input);
    let caps = info.to_caps().unwrap();
    let gap = |harness: &mut gst_check::Harness| {
        let at = gst::ClockTime::from_mseconds(80);
        assert!(harness.push_event(gst::event::Gap::new(at, None)));
    };
    let tags = |harness: &mut gst_check::Harness| {
        assert!(harness.push_event(gst::event::Tag::new(gst::TagList::new())));
    };
    let drain = |harness: &mut gst_check::Harness| {
        harness.srcpad().unwrap().peer_query(&mut gst::query::Drain::new());
    };
    let allocation = |harness: &mut gst_check::Harness| {
        let mut query = gst::query::Allocation::new(Some(&caps), true);
        harness.srcpad().unwrap().peer_query(&mut query);
    };
    let nothing = |_: &mut gst_check::Harness| ();
    let between: [&dyn Fn(&mut gst_check::Harness); 5] =
        [&gap, &tags, &drain, &allocation, &nothing];
    for (case, between) in between.into_iter().enumerate() {
        let filter = element(&properties);
        filter.set_property_from_str("backend", "gpu");
        let mut harness = harness(&filter, &info);
        let push = |harness: &mut gst_check::Harness, number: usize, is_new: bool| {
            let mut frame = input[number].copy_deep().unwrap();
            if is_new {
                frame.get_mut().unwrap().set_flags(gst::BufferFlags::DISCONT);
            }
            harness.push(frame).unwrap();
        };
        (0..3).for_each(|number| push(&mut harness, number, false));
        assert_eq!(harness.buffers_received(), 1, "case {case}");
        between(&mut harness);
        // Where nothing came between, the frame itself says that another part of the stream begins.
        push(&mut harness, 3, case == 4);
        assert_eq!(harness.buffers_received(), 3, "case {case}");
        push(&mut harness, 4, false);
        assert!(harness.push_event(gst::event::Eos::new()));
        for (number, want) in want.iter().enumerate() {
            let output = harness.try_pull().expect("every frame");
            assert!(bytes(&output) == *want, "case {case}: frame {number}");
            let is_new = output.flags().contains(gst::BufferFlags::DISCONT);
            assert_eq!(is_new, number == 0 || case == 4 && number == 3, "case {case}: {number}");
        }
        assert_eq!(stat::<String>(&filter, "backend"), "gpu");
    }
}

/// An element that stops with frames in flight starts as if there had been none.
#[test]
fn frames_in_flight_go_with_a_stop() {
    let _watched = Watched;
    let _keeper = Keeper::new();
    let info = unhurried(VideoFormat::Rgba, 34, 18);
    let properties = [("attractors", ATTRACTORS), ("method", "lut"), ("pipeline-depth", "4")];
    let filter = element(&properties);
    filter.set_property_from_str("backend", "gpu");
    let input = frames(&info, 3);
    let want = by_cpu(&info, &properties[..2], &input);
    let mut harness = harness(&filter, &info);
    for _ in 0..3 {
        for frame in &input {
            harness.push(frame.copy_deep().unwrap()).unwrap();
        }
        assert!(harness.try_pull().is_none());
        filter.set_state(gst::State::Ready).unwrap();
        filter.set_state(gst::State::Playing).unwrap();
        harness.play();
        harness.set_src_caps(info.to_caps().unwrap());
    }
    for frame in &input {
        harness.push(frame.copy_deep().unwrap()).unwrap();
    }
    assert!(harness.push_event(gst::event::Eos::new()));
    for want in &want {
        assert!(bytes(&harness.try_pull().expect("a frame")) == *want);
    }
    assert!(harness.try_pull().is_none(), "frames from before the stop");
}

/// Latency is time, so frames without a rate are not held back, as who pushes one and waits for it expects.
#[test]
fn frames_without_a_rate_are_not_held_back() {
    let _watched = Watched;
    let info = VideoInfo::builder(VideoFormat::Rgba, 32, 16).build().unwrap();
    let filter =
        element(&[("attractors", ATTRACTORS), ("backend", "gpu"), ("pipeline-depth", "4")]);
    let mut harness = harness(&filter, &info);
    for frame in frames(&info, 3) {
        harness.push(frame).unwrap();
        assert!(harness.try_pull().is_some());
    }
    assert_eq!(harness.query_latency(), Some(gst::ClockTime::ZERO));
    assert_eq!(stat::<String>(&filter, "backend"), "gpu");
}

#[test]
fn elements_share_a_device_from_several_threads() {
    let _watched = Watched;
    let info = info(VideoFormat::Nv12, 130, 70);
    let properties = [("attractors", ATTRACTORS), ("method", "lut"), ("lut-size", "9")];
    let input = frames(&info, 20);
    let want = by_cpu(&info, &properties, &input);
    for count in [2, 4, 8] {
        std::thread::scope(|scope| {
            for number in 0..count {
                let (info, input, want) = (&info, &input, &want);
                scope.spawn(move || {
                    let filter = element(&properties);
                    filter.set_property_from_str("backend", "gpu");
                    filter.set_property("pipeline-depth", 1 + number as u32 % 3);
                    let mut harness = harness(&filter, info);
                    for frame in input {
                        harness.push(frame.copy_deep().unwrap()).unwrap();
                    }
                    assert!(harness.push_event(gst::event::Eos::new()));
                    for (number, want) in want.iter().enumerate() {
                        let output = harness.try_pull().expect("every frame");
                        assert!(bytes(&output) == *want, "frame {number}");
                    }
                    assert_eq!(stat::<String>(&filter, "backend"), "gpu");
                    assert_eq!(stat::<u64>(&filter, "device-lost"), 0);
                });
            }
        });
    }
}

/// More than one binding may have by default, in bands of all rows that are allowed, and in those that are
/// taken by default.
#[test]
fn frames_larger_than_a_binding_are_cut() {
    let _watched = Watched;
    let info = info(VideoFormat::Rgba64Le, 7680, 4320);
    assert!(info.size() > 128 << 20);
    // A ramp: noise would take its time.
    let mut state = 0u32;
    let input = buffer(&info, 0, 0, || {
        state = state.wrapping_add(0x0003_0001);
        (state >> 16) as u8
    });
    let look =
        [("attractors", ATTRACTORS), ("method", "lut"), ("lut-size", "9"), ("n-threads", "2")];
    let want = process(&info, &input, &look, "cpu");
    for rows in ["0", "8192"] {
        let mut properties = look.to_vec();
        properties.push(("tile-size", rows));
        assert!(process(&info, &input, &properties, "gpu") == want, "tile-size {rows}");
    }
}

#[test]
fn a_memory_limit_holds_for_staging_too() {
    let _watched = Watched;
    let info = info(VideoFormat::Rgba, 1920, 64);
    let limited = |limit: &str, rows: &str| {
        let filter = element(&[
            ("attractors", ATTRACTORS),
            ("backend", "gpu"),
            ("lut-size", "17"),
            ("memory-limit", limit),
            ("tile-size", rows),
        ]);
        let bus = gst::Bus::new();
        let mut harness = gst_check::Harness::with_element(&filter, Some("sink"), Some("src"));
        filter.set_bus(Some(&bus));
        harness.set_src_caps(info.to_caps().unwrap());
        let input = colours(&info, &mut Random::new(61), 0, 0);
        let output = bytes(&harness.push_and_pull(input).unwrap());
        let used: u64 = stat(&filter, "memory-bytes");
        (output, stat::<String>(&filter, "backend"), used, texts(&bus, gst::MessageType::Warning))
    };
    // Two rows of 7680 bytes, four times; and the lattices.
    let (_, backend, used, _) = limited("400000", "0");
    assert_eq!(backend, "gpu");
    assert!(used <= 400_000, "{used}");
    let (small, backend, _, warnings) = limited("60000", "0");
    assert_eq!(backend, "cpu");
    assert!(warnings.iter().any(|text| text.contains("memory-limit")), "{warnings:?}");
    let (large, backend, ..) = limited("0", "0");
    assert_eq!(backend, "gpu");
    assert!(small == large);
}

/// A limit that is too low for the GPU may be raised in mid-stream.
#[test]
fn more_memory_brings_the_gpu_back() {
    let _watched = Watched;
    let _keeper = Keeper::new();
    let info = info(VideoFormat::Rgba, 1920, 64);
    let filter = element(&[
        ("attractors", ATTRACTORS),
        ("backend", "gpu"),
        ("lut-size", "17"),
        ("memory-limit", "60000"),
    ]);
    let mut harness = harness(&filter, &info);
    let input = &frames(&info, 1)[0];
    let mut one = || {
        harness.push_and_pull(input.copy_deep().unwrap()).unwrap();
        stat::<String>(&filter, "backend")
    };
    assert_eq!(one(), "cpu");
    filter.set_property("memory-limit", 400_000u64);
    let start = Instant::now();
    while one() != "gpu" {
        assert!(start.elapsed() < TIMEOUT.into(), "the GPU has not come back");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Memory that was taken while there was more goes when there may be less, and the GPU goes on with the rest.
#[test]
fn less_memory_is_enough_for_a_smaller_look() {
    let _watched = Watched;
    let _keeper = Keeper::new();
    let info = unhurried(VideoFormat::Rgba, 320, 64);
    let filter = element(&[
        ("attractors", ATTRACTORS),
        ("backend", "gpu"),
        ("lut-size", "65"),
        ("pipeline-depth", "3"),
    ]);
    let mut harness = harness(&filter, &info);
    let input = frames(&info, 4);
    let mut some = || {
        for frame in &input {
            harness.push(frame.copy_deep().unwrap()).unwrap();
            while harness.try_pull().is_some() {}
        }
        (stat::<String>(&filter, "backend"), stat::<u64>(&filter, "memory-bytes"))
    };
    let limit = 2 * Lattice::bytes_for(17) + 200_000;
    let (backend, used) = some();
    assert!(backend == "gpu" && used > limit, "{used} bytes, {backend}");
    filter.set_property("lut-size", 17u32);
    wait_until("the new look is in place", || stat::<u32>(&filter, "lut-size") == 17);
    filter.set_property("memory-limit", limit);
    let start = Instant::now();
    while {
        let (backend, used) = some();
        backend != "gpu" || used > limit
    } {
        assert!(start.elapsed() < TIMEOUT.into(), "{:?} of {limit} bytes", some());
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Frames that wait for memory have been cut for what there was: it stays until they are done.
#[test]
fn less_memory_does_not_harm_frames_in_flight() {
    let _watched = Watched;
    let _keeper = Keeper::new();
    let info = unhurried(VideoFormat::Rgba, 1920, 64);
    let properties = [("attractors", ATTRACTORS), ("method", "lut"), ("lut-size", "17")];
    let filter = element(&properties);
    filter.set_property_from_str("backend", "gpu");
    filter.set_property("pipeline-depth", 2u32);
    filter.set_property("memory-limit", 400_000u64);
    let input = frames(&info, 8);
    let want = by_cpu(&info, &properties, &input);
    let mut harness = harness(&filter, &info);
    for (number, frame) in input.iter().enumerate() {
        if number == 2 {
            filter.set_property("memory-limit", 200_000u64);
            finish_background();
        }
        harness.push(frame.copy_deep().unwrap()).unwrap();
    }
    assert!(harness.push_event(gst::event::Eos::new()));
    for (number, want) in want.iter().enumerate() {
        assert!(bytes(&harness.try_pull().expect("a frame")) == *want, "frame {number}");
    }
    assert_eq!(stat::<u64>(&filter, "device-lost"), 0);
    assert_eq!(stat::<String>(&filter, "backend"), "gpu");
}

/// A limit at which even the rows of a frame are too much is no reason not to look again when the look is smaller.
#[test]
fn a_smaller_look_brings_the_gpu_back() {
    let _watched = Watched;
    let _keeper = Keeper::new();
    let info = info(VideoFormat::Rgba, 320, 64);
    let (large, small) = (Lattice::bytes_for(33), Lattice::bytes_for(9));
    let filter = element(&[("attractors", ATTRACTORS), ("method", "lut"), ("lut-size", "33")]);
    filter.set_property_from_str("backend", "gpu");
    filter.set_property("memory-limit", large + 100_000);
    let bus = gst::Bus::new();
    let mut harness = harness(&filter, &info);
    filter.set_bus(Some(&bus));
    let input = &frames(&info, 1)[0];
    let mut one = || {
        harness.push_and_pull(input.copy_deep().unwrap()).unwrap();
        stat::<String>(&filter, "backend")
    };
    assert_eq!((one(), one()), ("cpu".into(), "cpu".into()));
    let told = texts(&bus, gst::MessageType::Warning);
    assert!(told.len() == 1 && told[0].contains("memory-limit"), "{told:?}");
    filter.set_property("lut-size", 9u32);
    filter.set_property("memory-limit", small + 100_000);
    finish_background();
    let start = Instant::now();
    while one() != "gpu" {
        assert!(start.elapsed() < TIMEOUT.into(), "the GPU has not come back");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The exact model that was chosen by what the CPU takes is left where the GPU does not keep up: by no way over a GPU
/// can a frame be done in a twentieth of a millisecond.
#[test]
fn the_exact_model_is_left_where_the_gpu_is_too_slow() {
    let _watched = Watched;
    let info = VideoInfo::builder(VideoFormat::Rgba, 16, 8).fps(gst::Fraction::new(15_000, 1));
    let info = info.build().unwrap();
    for depth in [1u32, 3] {
        let filter = element(&[("attractors", "gray;35;200;s"), ("n-threads", "1")]);
        filter.set_property("pipeline-depth", depth);
        let bus = gst::Bus::new();
        let mut harness = harness(&filter, &info);
        filter.set_bus(Some(&bus));
        let input = frames(&info, 1);
        let mut some = |count: usize| {
            for _ in 0..count {
                harness.push(input[0].copy_deep().unwrap()).unwrap();
                while harness.try_pull().is_some() {}
            }
            stat::<String>(&filter, "method")
        };
        assert_eq!(some(20), "exact", "the CPU keeps up");
        filter.set_property_from_str("backend", "gpu");
        let start = Instant::now();
        while some(1) != "lut" {
            assert!(start.elapsed() < TIMEOUT.into(), "the model is not left");
        }
        // The look is in place a moment before it is told of.
        finish_background();
        let told = texts(&bus, gst::MessageType::Info);
        assert_eq!(told.iter().filter(|text| text.contains("exact model")).count(), 1, "{told:?}");
        assert_eq!(some(20), "lut");
    }
}

/// What is held back is told when the GPU begins, and stays: less in mid-stream would make sinks drop frames.
#[test]
fn latency_does_not_become_less_in_mid_stream() {
    let _watched = Watched;
    let _keeper = Keeper::new();
    let info = unhurried(VideoFormat::Nv12, 34, 18);
    let filter = element(&[("attractors", ATTRACTORS), ("method", "lut"), ("backend", "cpu")]);
    filter.set_property("pipeline-depth", 3u32);
    let mut harness = harness(&filter, &info);
    let input = frames(&info, 1);
    assert_eq!(harness.query_latency(), Some(gst::ClockTime::ZERO));
    let mut come_to = |backend: &str| {
        filter.set_property_from_str("backend", backend);
        let start = Instant::now();
        while {
            harness.push(input[0].copy_deep().unwrap()).unwrap();
            while harness.try_pull().is_some() {}
            stat::<String>(&filter, "backend") != backend
        } {
            assert!(start.elapsed() < TIMEOUT.into(), "{backend} does not take over");
            std::thread::sleep(Duration::from_millis(1));
        }
        harness.query_latency()
    };
    assert_eq!(come_to("gpu"), Some(UNHURRIED * 2));
    assert_eq!(come_to("cpu"), Some(UNHURRIED * 2));
    harness.set_src_caps(unhurried(VideoFormat::I420, 34, 18).to_caps().unwrap());
    assert_eq!(harness.query_latency(), Some(gst::ClockTime::ZERO));
}

/// Whoever looks while a frame is under way is told of the one before.
#[test]
fn stats_do_not_waver() {
    let _watched = Watched;
    let _keeper = Keeper::new();
    let info = info(VideoFormat::Rgba, 320, 240);
    let filter = element(&[("attractors", ATTRACTORS), ("backend", "gpu")]);
    let mut harness = harness(&filter, &info);
    let input = frames(&info, 30);
    harness.push_and_pull(input[0].copy_deep().unwrap()).unwrap();
    /// However the frames end, nobody looks any longer.
    struct Done<'a>(&'a AtomicBool);
    impl Drop for Done<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _done = Done(&is_done);
        scope.spawn(|| {
            while !is_done.load(Ordering::Relaxed) {
                assert_eq!(stat::<String>(&filter, "backend"), "gpu");
            }
        });
        for frame in &input[1..] {
            harness.push_and_pull(frame.copy_deep().unwrap()).unwrap();
        }
    });
}

/// Frames under way keep their lattices, each its own while looks fade.
#[test]
fn a_memory_limit_holds_in_a_cross_fade() {
    let _watched = Watched;
    let info = unhurried(VideoFormat::Rgba, 64, 48);
    let lattice = Lattice::bytes_for(33);
    let (count, limit) = (40, 7 * lattice);
    let filter = element(&[
        ("attractors", ATTRACTORS),
        ("backend", "gpu"),
        ("lut-size", "33"),
        ("pipeline-depth", "3"),
        ("transition-time", "800000000"),
        ("memory-limit", &limit.to_string()),
    ]);
    let mut harness = harness(&filter, &info);
    let mut used = Vec::new();
    let mut is_gpu = Vec::new();
    for (number, frame) in frames(&info, count).into_iter().enumerate() {
        if number == 5 {
            filter.set_property("attractors", "#1d5c9a;60;80");
            finish_background();
        }
        harness.push(frame).unwrap();
        used.push(stat::<u64>(&filter, "memory-bytes"));
        is_gpu.push(stat::<String>(&filter, "backend") == "gpu");
    }
    assert!(harness.push_event(gst::event::Eos::new()));
    assert_eq!(harness.buffers_in_queue() as u64, count);
    let most = *used.iter().max().unwrap();
    assert!(most <= limit, "{most} of {limit} bytes");
    // What the fade comes from and goes to, and the blends of three frames.
    assert!(most > 5 * lattice, "{most} bytes: lattices of {lattice} are not counted");
    assert!(is_gpu[20], "the fade is not the GPU's");
}

/// A name that no adapter has is told once, with those that there are, and the CPU does the work.
#[test]
fn an_unknown_adapter_is_announced() {
    let _watched = Watched;
    let info = info(VideoFormat::Rgba, 640, 360);
    for backend in ["gpu", "auto"] {
        let filter = element(&[("attractors", "red;50;50"), ("gpu-adapter", "abacus")]);
        filter.set_property_from_str("backend", backend);
        let bus = gst::Bus::new();
        let mut harness = gst_check::Harness::with_element(&filter, Some("sink"), Some("src"));
        filter.set_bus(Some(&bus));
        harness.set_src_caps(info.to_caps().unwrap());
        for _ in 0..4 {
            harness.push_and_pull(buffer(&info, 0, 0, || 9)).unwrap();
            gstcolorshine::workers::finish_gpu(Duration::from_secs(60));
        }
        assert_eq!(stat::<String>(&filter, "backend"), "cpu");
        let told = texts(&bus, gst::MessageType::Warning);
        assert_eq!(told.len(), 1, "{backend}: {told:?}");
        assert!(told[0].contains("gpu-adapter") && told[0].contains("abacus"), "{told:?}");
    }
}

/// `auto` takes no software renderer, and says nothing of it.
#[test]
fn auto_leaves_software_renderers_alone() {
    let _watched = Watched;
    let keeper = element(&[("backend", "gpu"), ("attractors", "red;50;50")]);
    let info = info(VideoFormat::Rgba, 640, 360);
    let mut one = harness(&keeper, &info);
    one.push_and_pull(buffer(&info, 0, 0, || 9)).unwrap();
    let adapter = stat::<String>(&keeper, "adapter").to_lowercase();
    if !software_renderers().iter().any(|(name, _)| adapter.contains(name)) {
        println!("there is a GPU here, so auto may take it: not tried");
        return;
    }
    let filter = element(&[("attractors", "red;50;50")]);
    let bus = gst::Bus::new();
    let mut two = harness(&filter, &info);
    filter.set_bus(Some(&bus));
    for _ in 0..20 {
        two.push_and_pull(buffer(&info, 0, 0, || 9)).unwrap();
        gstcolorshine::workers::finish_gpu(Duration::from_secs(60));
    }
    assert_eq!(stat::<String>(&filter, "backend"), "cpu");
    assert_eq!(stat::<String>(&filter, "adapter"), "");
    assert_eq!(texts(&bus, gst::MessageType::Warning), Vec::<String>::new());
}

#[test]
fn the_backend_may_change_in_mid_stream() {
    let _watched = Watched;
    let _keeper = Keeper::new();
    let info = info(VideoFormat::Yuy2, 64, 32);
    let properties = [("attractors", ATTRACTORS), ("method", "lut"), ("backend", "cpu")];
    let filter = element(&properties);
    let mut harness = harness(&filter, &info);
    let input = frames(&info, 1);
    let want = by_cpu(&info, &properties, &input);
    let mut one = |backend: &str| {
        let start = Instant::now();
        filter.set_property_from_str("backend", backend);
        while {
            let output = harness.push_and_pull(input[0].copy_deep().unwrap()).unwrap();
            assert!(bytes(&output) == want[0]);
            stat::<String>(&filter, "backend") != backend
        } {
            assert!(
                start.elapsed() < Duration::from_secs(TIMEOUT.seconds()),
                "{backend} never came"
            );
            gstcolorshine::workers::finish_gpu(Duration::from_secs(60));
        }
    };
    for backend in ["gpu", "cpu", "gpu"] {
        one(backend);
    }
}

/// All of this with each software renderer: other compilers, other rounding, other limits; and watched by a validation
/// layer, where one is installed. Debian 12's stalls where several threads use a device, so the tests come one after
/// the other, without those that are about threads or start processes of their own.
#[test]
fn each_driver_passes_without_a_message() {
    const WITHOUT: [&str; 4] = [
        "elements_share_a_device_from_several_threads",
        "frames_larger_than_a_binding_are_cut",
        "nothing_leaks",
        "stats_do_not_waver",
    ];
    const IS_WATCHED: [(&str, &str); 3] =
        [("WGPU_DEBUG", "1"), ("WGPU_VALIDATION", "1"), ("COLORSHINE_TEST_IS_WATCHED", "1")];
    if std::env::var_os(IS_WATCHED[2].0).is_some() {
        let _keeper = Keeper::new();
        let layer = "VkLayer_khronos_validation";
        let is_installed =
            std::fs::exists(format!("/usr/share/vulkan/explicit_layer.d/{layer}.json")).unwrap();
        let libraries = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
        assert_eq!(libraries.contains(layer), is_installed, "whether the layer is at work");
        return;
    }
    let drivers = software_renderers();
    assert!(!drivers.is_empty(), "no software renderer (mesa-vulkan-drivers)");
    for (name, manifest) in drivers {
        println!("{name}: {}", manifest.display());
        let mut again = std::process::Command::new(std::env::current_exe().unwrap());
        again.env("VK_DRIVER_FILES", &manifest).env("VK_ICD_FILENAMES", &manifest);
        again.envs(IS_WATCHED).arg("--test-threads=1");
        again.args(WITHOUT.iter().flat_map(|test| ["--skip", test]));
        let output = again.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{name}: {text}");
        assert!(text.contains("the_exact_model_is_within_a_code ... ok"), "{name}: {text}");
    }
}

/// Nothing of GStreamer's is left when a program ends.
#[test]
fn nothing_leaks() {
    let _watched = Watched;
    let installed = Installed::new();
    let leaks = |line: &str| {
        let mut tool = installed.tool("gst-launch-1.0");
        let tool = tool.env("GST_TRACERS", "leaks").env("GST_DEBUG", "GST_TRACER:7");
        let output = tool.env("GST_DEBUG_NO_COLOR", "1").args(line.split(' ')).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).to_string();
        assert!(output.status.success(), "{text}");
        // What a line is made of is told first.
        let (format, line) = ("object-alive, type-name=(string)%s", "object-alive, type-name=");
        assert_eq!(text.matches(format).count(), 1, "the tracer is not at work");
        text.matches(line).count() - 1
    };
    let pipeline = |backend: &str| {
        leaks(&format!(
            "videotestsrc num-buffers=20 ! video/x-raw,format=NV12,width=320,height=180 ! colorshine \
             attractors=red;50;50 {backend} ! fakesink"
        ))
    };
    assert_eq!(pipeline("backend=gpu pipeline-depth=3"), 0);
    assert_eq!(pipeline("backend=gpu tolerance-reference=frame adaptation-time=0"), 0);
}

/// A real pipeline, with a deep queue, to its end.
#[test]
fn a_pipeline_runs_over_the_gpu() {
    let _watched = Watched;
    let pipeline = launch(
        "videotestsrc num-buffers=30 ! video/x-raw,format=I420,width=320,height=180 ! colorshine name=c \
         attractors=red;50;50 backend=gpu pipeline-depth=3 ! fakesink name=sink sync=true",
    )
    .unwrap();
    let filter = pipeline.by_name("c").unwrap();
    run_pipeline(pipeline.upcast_ref()).unwrap();
    assert_eq!(stat::<u64>(&filter, "frames"), 30);
    assert_eq!(stat::<String>(&filter, "backend"), "gpu");
    let weak = filter.downgrade();
    drop((filter, pipeline));
    wait_until("the element is gone", || weak.upgrade().is_none());
}
