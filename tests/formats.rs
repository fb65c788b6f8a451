//! Every format, through the element: against the `f64` gold, against the lattice, and bit for bit
//! where nothing may change.

mod common;

use common::{Random, buffer, bytes, element, harness, info};
use gst_video::{VideoFormat, VideoInfo};
use gstcolorshine::attractor::{Channels, parse};
use gstcolorshine::frame::{Stream, formats};
use gstcolorshine::lut::{Interpolation, Lattice, bake};
use gstcolorshine::model::lanes::ExactKernel;
use gstcolorshine::model::{Falloff, GamutMapping, Look, Model, Transform};
use gstcolorshine::tolerance;
use gstcolorshine::workers::simd_level;

const ATTRACTORS: &str = "#ff8a3d;30;60|oklch(50% 0.12 200);25;80";
const SIZES: [(u32, u32); 6] = [(1, 1), (2, 2), (3, 5), (16, 6), (17, 9), (300, 7)];

/// Byte positions of the three components' samples for each luma sample, read from GStreamer's own
/// format tables and a buffer's meta.
struct Samples {
    info: VideoInfo,
    offsets: Vec<usize>,
    strides: Vec<i32>,
}

impl Samples {
    fn new(info: &VideoInfo, buffer: &gst::BufferRef) -> Self {
        let meta = buffer.meta::<gst_video::VideoMeta>();
        Self {
            info: info.clone(),
            offsets: meta.as_ref().map_or(info.offset(), |meta| meta.offset()).to_vec(),
            strides: meta.as_ref().map_or(info.stride(), |meta| meta.stride()).to_vec(),
        }
    }

    fn at(&self, component: u8, x: usize, y: usize) -> usize {
        let format = self.info.format_info();
        let plane = self.info.comp_plane(component) as usize;
        let column = x >> format.w_sub()[component as usize];
        let row = match (format.h_sub()[component as usize], self.info.is_interlaced()) {
            (0, _) => y,
            (1, false) => y / 2,
            (1, true) => y / 4 * 2 + y % 2,
            (other, _) => panic!("no format here has {other}"),
        };
        self.offsets[plane]
            + self.info.comp_poffset(component) as usize
            + row * self.strides[plane] as usize
            + column * self.info.comp_pstride(component) as usize
    }
}

/// The frame that `difference` (from codes to a difference in codes, not rounded) leads to.
fn expected(
    info: &VideoInfo,
    input: &gst::Buffer,
    difference: impl Fn([u16; 3]) -> [f64; 3],
) -> Vec<f64> {
    let samples = Samples::new(info, input);
    let data = bytes(input);
    let mut out: Vec<f64> = data.iter().map(|b| f64::from(*b)).collect();
    let mut sums: std::collections::BTreeMap<usize, (f64, f64)> = Default::default();
    for y in 0..info.height() as usize {
        for x in 0..info.width() as usize {
            let at = [0, 1, 2].map(|c| samples.at(c, x, y));
            let added = difference(at.map(|i| u16::from(data[i])));
            out[at[0]] += added[0];
            for c in [1, 2] {
                let (sum, count) = sums.entry(at[c]).or_default();
                *sum += added[c];
                *count += 1.0;
            }
        }
    }
    sums.into_iter().for_each(|(at, (sum, count))| out[at] += sum / count);
    out.into_iter().map(|v| v.clamp(0.0, 255.0)).collect()
}

fn look(stream: &Stream, attractors: &str) -> (Look, Vec<f64>) {
    let look = Look {
        attractors: parse(attractors).unwrap(),
        channels: Channels::ALL,
        model: Model::Smooth,
        falloff: Falloff::Cosine,
        gamut_mapping: GamutMapping::Chroma,
        primaries: stream.primaries,
    };
    let points = tolerance::gamut::POINTS;
    let radii = tolerance::gamut::radii(&look.attractors, &look.primaries, points, simd_level());
    (look, radii)
}

fn process(info: &VideoInfo, input: &gst::Buffer, properties: &[(&str, &str)]) -> gst::Buffer {
    let element = element(properties);
    let mut harness = harness(&element, info);
    harness.push_and_pull(input.copy_deep().unwrap()).unwrap()
}

/// Frames of noise in every format and size, tight and with padding.
fn each_case(seed: u64, mut visit: impl FnMut(&VideoInfo, &gst::Buffer, &str)) {
    common::init();
    let mut random = Random::new(seed);
    for format in formats() {
        for (width, height) in SIZES {
            for (padding, gap) in [(0, 0), (13, 5)] {
                let info = info(format, width, height);
                let input = buffer(&info, padding, gap, || random.next() as u8);
                visit(&info, &input, &format!("{format} {width}x{height} padding {padding}"));
            }
        }
    }
}

/// The largest difference over all bytes, and where it is.
fn worst(want: &[f64], got: &[u8]) -> (f64, usize) {
    let errors = want.iter().zip(got).enumerate().map(|(i, (w, g))| ((f64::from(*g) - w).abs(), i));
    errors.max_by(|a, b| a.0.total_cmp(&b.0)).unwrap()
}

#[test]
fn exact_matches_gold_in_every_format() {
    let mut largest = 0.0f64;
    each_case(1, |info, input, name| {
        let stream = Stream::new(info);
        let (look, radii) = look(&stream, ATTRACTORS);
        let gold = Transform::new(&look, &radii);
        let want =
            expected(info, input, |codes| gold.difference(&stream.codes, codes.map(f64::from)));
        let out = process(info, input, &[("attractors", ATTRACTORS), ("method", "exact")]);
        let (error, at) = worst(&want, &bytes(&out));
        // Half a code of rounding, twice 1/256 of quantised differences, and the kernel's own error.
        assert!(error <= 0.5 + 2.0 / 256.0 + 0.05, "{name}: off by {error} at byte {at}");
        largest = largest.max(error);
    });
    println!("largest difference to gold before its rounding: {largest}");
}

#[test]
fn lattice_is_applied_to_the_bit_in_every_format() {
    for (nick, interpolation) in [
        ("tetrahedral", Interpolation::Tetrahedral),
        ("trilinear", Interpolation::Trilinear),
        ("nearest", Interpolation::Nearest),
    ] {
        each_case(2, |info, input, name| {
            let stream = Stream::new(info);
            let (look, radii) = look(&stream, ATTRACTORS);
            let kernel = ExactKernel::new(&look, &radii, &stream.codes, simd_level());
            let lattice = bake(&kernel, &stream.codes, 17, 1);
            let want = expected(info, input, |codes| sample(&lattice, interpolation, codes));
            let properties = [
                ("attractors", ATTRACTORS),
                ("method", "lut"),
                ("lut-size", "17"),
                ("interpolation", nick),
            ];
            let out = bytes(&process(info, input, &properties));
            for (i, (want, got)) in want.iter().zip(&out).enumerate() {
                // Averages of chroma are rounded to 1/128 code before they are rounded to a code.
                let near = |slack: f64| (want + 0.5 + slack).floor().min(255.0);
                let is_right = f64::from(*got) == near(0.0) || f64::from(*got) == near(1.0 / 128.0);
                assert!(is_right, "{name} {nick}: byte {i} is {got}, not {want}");
            }
        });
    }
}

fn sample(lattice: &Lattice, interpolation: Interpolation, codes: [u16; 3]) -> [f64; 3] {
    let [x, y, z] = codes.map(|c| [c]);
    let [mut u, mut v, mut w] = [[0i16]; 3];
    lattice.sample(interpolation, [&x, &y, &z], [&mut u, &mut v, &mut w]);
    [u[0], v[0], w[0]].map(|d| f64::from(d) / 128.0)
}

#[test]
fn harness_can_fail() {
    common::init();
    let info = info(VideoFormat::Nv12, 16, 6);
    let mut random = Random::new(3);
    let input = buffer(&info, 0, 0, || random.next() as u8);
    let stream = Stream::new(&info);
    let (look, radii) = look(&stream, ATTRACTORS);
    let gold = Transform::new(&look, &radii);
    let out = bytes(&process(&info, &input, &[("attractors", ATTRACTORS), ("method", "exact")]));
    let with = |change: &dyn Fn([f64; 3]) -> [f64; 3], swap: bool| {
        let want = expected(&info, &input, |[y, cb, cr]| {
            let codes = if swap { [y, cr, cb] } else { [y, cb, cr] };
            change(gold.difference(&stream.codes, codes.map(f64::from)))
        });
        worst(&want, &out).0
    };
    assert!(with(&|d| d, false) <= 0.56);
    // One code too much, and chroma swapped, are both seen.
    assert!(with(&|d| [d[0] + 1.0, d[1], d[2]], false) > 0.56);
    assert!(with(&|d| d, true) > 1.0);
}

/// Promise 1.
#[test]
fn identity_is_identity() {
    let cases: [&[(&str, &str)]; 6] = [
        &[],
        &[("attractors", ATTRACTORS), ("mix", "0")],
        &[("attractors", "red;50;0|blue;30;0")],
        &[("attractors", "red;0;100|blue;0;50")],
        &[("attractors", "oklch(none none none);50;100")],
        &[
            ("attractors", ATTRACTORS),
            ("luminance", "false"),
            ("saturation", "false"),
            ("hue", "false"),
        ],
    ];
    for properties in cases {
        each_case(4, |info, input, name| {
            let element = element(properties);
            let mut harness = harness(&element, info);
            let input = input.copy_deep().unwrap();
            let (address, before) = (input.as_ptr(), bytes(&input));
            let out = harness.push_and_pull(input).unwrap();
            assert_eq!(out.as_ptr(), address, "{name} {properties:?}: another buffer");
            assert_eq!(bytes(&out), before, "{name} {properties:?}");
        });
    }
}

/// Promise 2.
#[test]
fn untouched_stays_untouched() {
    const ATTRACTOR: &str = "oklch(65% 0.12 40);12;100";
    for (method, size) in [("lut", "17"), ("lut", "33"), ("exact", "0")] {
        let mut untouched = 0;
        each_case(5, |info, input, name| {
            let stream = Stream::new(info);
            let (look, radii) = look(&stream, ATTRACTOR);
            let gold = Transform::new(&look, &radii);
            // A cell is a sixteenth of an axis at most; none of its corners may be within the radius.
            let is_far = |codes: [u16; 3]| {
                let cell = if method == "exact" {
                    0.0
                } else {
                    256.0 / (size.parse::<f64>().unwrap() - 1.0)
                };
                let corners = (0..27).map(|i| [i % 3, i / 3 % 3, i / 9].map(|k| f64::from(k - 1)));
                corners.into_iter().all(|step| {
                    let at = [0, 1, 2].map(|c| f64::from(codes[c]) + cell * step[c]);
                    gold.difference(&stream.codes, at) == [0.0; 3]
                })
            };
            // A sample may change where any colour it takes part in may.
            let may_change =
                expected(info, input, |codes| if is_far(codes) { [0.0; 3] } else { [500.0; 3] });
            let may_change_down =
                expected(info, input, |codes| if is_far(codes) { [0.0; 3] } else { [-500.0; 3] });
            let properties = [("attractors", ATTRACTOR), ("method", method), ("lut-size", size)];
            let out = bytes(&process(info, input, &properties));
            for (i, (before, after)) in bytes(input).iter().zip(&out).enumerate() {
                let before_f = f64::from(*before);
                if may_change[i] == before_f && may_change_down[i] == before_f {
                    assert_eq!(after, before, "{name} {method}: byte {i}");
                    untouched += 1;
                }
            }
        });
        println!("{method} {size}: {untouched} bytes had to stay and did");
        assert!(untouched > 10_000, "the test has hardly tested anything: {untouched}");
    }
}

/// Promise 3, for what this build has of threads, tiles and mix.
#[test]
fn threads_and_tiles_change_no_bit() {
    common::init();
    let mut random = Random::new(6);
    for format in [VideoFormat::Rgba, VideoFormat::Nv12, VideoFormat::Yuy2, VideoFormat::I420] {
        // Large enough for several threads.
        let info = info(format, 641, 363);
        let input = buffer(&info, 0, 0, || random.next() as u8);
        for method in ["lut", "exact"] {
            let run = |threads: &str, tile: &str| {
                let properties = [
                    ("attractors", ATTRACTORS),
                    ("method", method),
                    ("n-threads", threads),
                    ("tile-size", tile),
                    ("split", "0.77"),
                    ("mix", "0.6"),
                ];
                bytes(&process(&info, &input, &properties))
            };
            let one = run("1", "0");
            assert!(one != bytes(&input));
            for (threads, tile) in
                [("2", "0"), ("0", "0"), ("7", "0"), ("1", "16"), ("3", "17"), ("2", "8192")]
            {
                assert!(
                    run(threads, tile) == one,
                    "{format} {method}: {threads} threads, tiles of {tile}"
                );
            }
        }
    }
}

#[test]
fn fields_of_interlaced_frames_do_not_mix() {
    common::init();
    let mut random = Random::new(7);
    for (width, height) in [(16, 8), (6, 6), (5, 10)] {
        let info = VideoInfo::builder(VideoFormat::I420, width, height)
            .interlace_mode(gst_video::VideoInterlaceMode::Interleaved)
            .build()
            .unwrap();
        let input = buffer(&info, 4, 3, || random.next() as u8);
        let stream = Stream::new(&info);
        let (look, radii) = look(&stream, ATTRACTORS);
        let gold = Transform::new(&look, &radii);
        let want =
            expected(&info, &input, |codes| gold.difference(&stream.codes, codes.map(f64::from)));
        let out = process(&info, &input, &[("attractors", ATTRACTORS), ("method", "exact")]);
        let (error, at) = worst(&want, &bytes(&out));
        assert!(error <= 0.56, "{width}x{height}: off by {error} at byte {at}");
    }
}

#[test]
fn colorimetry_of_the_caps_is_followed() {
    common::init();
    let mut random = Random::new(8);
    for format in [VideoFormat::I420, VideoFormat::Y444, VideoFormat::Rgb] {
        for colorimetry in
            ["bt601", "bt709", "bt2020", "smpte240m", "1:3:5:1", "1:4:16:4", "1:1:7:1", "2:1:7:5"]
        {
            let is_rgb = format == VideoFormat::Rgb;
            // 1 is the RGB matrix and belongs to RGB alone.
            let parsed: gst_video::VideoColorimetry = colorimetry.parse().unwrap();
            if is_rgb != (parsed.matrix() == gst_video::VideoColorMatrix::Rgb) {
                continue;
            }
            let info = VideoInfo::builder(format, 40, 12).colorimetry(&parsed).build().unwrap();
            let input = buffer(&info, 0, 0, || random.next() as u8);
            let stream = Stream::new(&info);
            let (look, radii) = look(&stream, ATTRACTORS);
            let gold = Transform::new(&look, &radii);
            let want = expected(&info, &input, |codes| {
                gold.difference(&stream.codes, codes.map(f64::from))
            });
            let out = process(&info, &input, &[("attractors", ATTRACTORS), ("method", "exact")]);
            let (error, at) = worst(&want, &bytes(&out));
            assert!(error <= 0.56, "{format} {colorimetry}: off by {error} at byte {at}");
        }
    }
}

#[test]
fn split_is_a_line_exact_to_the_pixel() {
    common::init();
    for format in [VideoFormat::Rgba, VideoFormat::Nv12, VideoFormat::Yuy2] {
        let info = info(format, 41, 6);
        // One colour that the look moves in every component, so that each change is seen.
        let input = buffer(&info, 0, 0, || 0x60);
        let whole = bytes(&process(&info, &input, &[("attractors", "red;100;100")]));
        let before = bytes(&input);
        let samples = Samples::new(&info, &input);
        for split in [0.01, 0.25, 0.5, 0.51, 0.99] {
            let text = split.to_string();
            let out =
                bytes(&process(&info, &input, &[("attractors", "red;100;100"), ("split", &text)]));
            let line = (41.0_f64 * split).round() as usize;
            for y in 0..6 {
                for x in 0..41 {
                    let at = samples.at(0, x, y);
                    let want = if x < line { whole[at] } else { before[at] };
                    assert_eq!(out[at], want, "{format} {split} at {x},{y}");
                    assert_ne!(whole[at], before[at]);
                }
            }
        }
    }
}

#[test]
fn only_the_cropped_rectangle_is_touched() {
    common::init();
    for format in [VideoFormat::Rgba, VideoFormat::Nv12] {
        let full = info(format, 32, 20);
        let (x, y, width, height) = (5, 3, 18, 11);
        let caps_info = info(format, width, height);
        let mut input = buffer(&full, 8, 1, || 0x60);
        gst_video::VideoCropMeta::add(input.get_mut().unwrap(), (x, y, width, height));
        let before = bytes(&input);
        let out = process(&caps_info, &input, &[("attractors", "red;100;100")]);
        let samples = Samples::new(&full, &input);
        let after = bytes(&out);
        for row in 0..20 {
            for column in 0..32 {
                let inside = (x..x + width).contains(&(column as u32))
                    && (y..y + height).contains(&(row as u32));
                let at = samples.at(0, column, row);
                assert_eq!(after[at] != before[at], inside, "{format} at {column},{row}");
            }
        }
        assert_eq!(out.meta::<gst_video::VideoCropMeta>().unwrap().rect(), (x, y, width, height));
    }
}
