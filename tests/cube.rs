//! .cube files as `input-lut` and `output-lut`, and those that `export-lut` writes.

mod common;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{Random, TIMEOUT, buffer, bytes, element, harness, info, look, run};
use gst::prelude::*;
use gst_video::{VideoFormat, VideoInfo};
use gstcolorshine::cube::{Cube, parse};
use gstcolorshine::frame::{Stream, formats};
use gstcolorshine::model::lanes::ExactKernel;
use gstcolorshine::model::{Look, Transform, distance};
use gstcolorshine::tolerances::EXACT_CODES;
use gstcolorshine::workers::simd_levels;

type Rgb = [f64; 3];

const ATTRACTORS: &str = "#d97742;40;60|#3f7fbf;35;50";

/// R'G'B' turned by one place: no axis, and no order of rows, can be taken for another unseen.
fn turn([r, g, b]: Rgb) -> Rgb {
    [g, b, r]
}

/// A 3D table of a transform, written here and not by the code under test.
fn cube_3d(size: usize, of: impl Fn(Rgb) -> Rgb) -> String {
    let mut text = format!("LUT_3D_SIZE {size}\n");
    let value = |i: usize| i as f64 / (size - 1) as f64;
    for i in 0..size.pow(3) {
        let [r, g, b] = of([value(i % size), value(i / size % size), value(i / size / size)]);
        text += &format!("{r:.6} {g:.6} {b:.6}\n");
    }
    text
}

/// A 1D table of a curve that all components share.
fn cube_1d(size: usize, of: impl Fn(f64) -> f64) -> String {
    let row = |i: usize| of(i as f64 / (size - 1) as f64);
    let rows: String = (0..size).map(row).map(|v| format!("{v:.6} {v:.6} {v:.6}\n")).collect();
    format!("LUT_1D_SIZE {size}\n{rows}")
}

/// A folder with files in it, for as long as a test runs.
struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file and returns its path.
    fn put(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().into()
    }
}

fn cube(text: &str) -> Option<Arc<Cube>> {
    Some(Arc::new(parse(text.as_bytes()).unwrap()))
}

fn stat<T: for<'a> gst::glib::value::FromValue<'a> + 'static>(
    element: &gst::Element,
    name: &str,
) -> T {
    element.property::<gst::Structure>("stats").value(name).unwrap().get().ok().unwrap()
}

fn warnings(bus: &gst::Bus) -> Vec<String> {
    std::iter::from_fn(|| bus.pop_filtered(&[gst::MessageType::Warning]))
        .map(|message| match message.view() {
            gst::MessageView::Warning(warning) => warning.error().to_string(),
            _ => String::new(),
        })
        .collect()
}

/// A frame of RGBA or NV12 in squares of 2x2 pixels of one colour each, so that no chroma is averaged, and
/// the squares' codes.
fn squares(info: &VideoInfo, seed: u64) -> (gst::Buffer, Vec<[u8; 3]>) {
    let stream = Stream::new(info);
    let mut random = Random::new(seed);
    let (columns, rows) = (info.width() as usize / 2, info.height() as usize / 2);
    let codes: Vec<[u8; 3]> = (0..columns * rows)
        .map(|_| {
            let rgb = [0; 3].map(|_| random.below(256) as f64 / 255.0);
            stream.codes.encode(rgb).map(|code| code.round() as u8)
        })
        .collect();
    let mut frame = buffer(info, 0, 0, || 0);
    let mut data = bytes(&frame);
    for (at, place) in places(info).into_iter().enumerate() {
        for (code, places) in codes[at].into_iter().zip(place) {
            places.into_iter().for_each(|place| data[place] = code);
        }
    }
    frame.get_mut().unwrap().copy_from_slice(0, &data).unwrap();
    (frame, codes)
}

/// For each square and component, the bytes where it stands in a frame of RGBA or NV12.
fn places(info: &VideoInfo) -> Vec<[Vec<usize>; 3]> {
    let (columns, rows) = (info.width() as usize / 2, info.height() as usize / 2);
    let (stride, offset) = (info.stride(), info.offset());
    let of = |index: usize| {
        let (x, y) = (index % columns, index / columns);
        let four = |size: usize, c: usize| {
            let at = |i: usize| (2 * y + i / 2) * stride[0] as usize + (2 * x + i % 2) * size + c;
            (0..4).map(at).collect::<Vec<_>>()
        };
        match info.format() {
            VideoFormat::Rgba => [0, 1, 2].map(|c| four(4, c)),
            VideoFormat::Nv12 => {
                let chroma = offset[1] + y * stride[1] as usize + 2 * x;
                [four(1, 0), vec![chroma], vec![chroma + 1]]
            }
            other => panic!("no places for {other}"),
        }
    };
    (0..columns * rows).map(of).collect()
}

/// Largest difference, in codes, of a frame of squares to what a look's gold makes of them.
fn largest_error(info: &VideoInfo, gold: &Transform, properties: &[(&str, &str)]) -> f64 {
    let stream = Stream::new(info);
    let (input, codes) = squares(info, 5);
    let element = element(properties);
    let out = bytes(&harness(&element, info).push_and_pull(input).unwrap());
    assert_eq!(stat::<u64>(&element, "frames-passthrough"), 0);
    let mut largest = 0.0f64;
    for (codes, places) in codes.into_iter().zip(places(info)) {
        let codes = codes.map(f64::from);
        let difference = gold.difference(&stream.codes, codes);
        for (c, places) in places.into_iter().enumerate() {
            let want = (codes[c] + difference[c]).clamp(0.0, 255.0);
            let errors = places.into_iter().map(|place| (f64::from(out[place]) - want).abs());
            largest = errors.fold(largest, f64::max);
        }
    }
    largest
}

/// Half a code of rounding, an entry's rounding, and the kernel's own error.
const EXACT_LIMIT: f64 = 0.5 + 1.0 / 128.0 + EXACT_CODES;

#[test]
fn turned_channels_match_the_gold() {
    common::init();
    let files = Files::new();
    let text = cube_3d(2, turn);
    let path = files.put("turn.cube", &text);
    for property in ["input-lut", "output-lut"] {
        for format in [VideoFormat::Rgba, VideoFormat::Nv12] {
            let info = info(format, 128, 128);
            let (bare, _) = look(&Stream::new(&info), "");
            let (input_lut, output_lut) = match property {
                "input-lut" => (cube(&text), None),
                _ => (None, cube(&text)),
            };
            let gold = Transform::new(&Look { input_lut, output_lut, ..bare }, &[]);
            // It is no code of the test's own that it is compared with alone.
            assert_eq!(gold.apply([0.25, 0.5, 1.0]), [0.5, 1.0, 0.25]);
            for method in ["lut", "exact"] {
                let properties = [(property, path.as_str()), ("method", method)];
                let error = largest_error(&info, &gold, &properties);
                println!("{property} {format} {method}: {error}");
                let limit = match (format, method) {
                    // Outside of the RGB cube a table of Y'CbCr has the nearest colour's difference: cells on
                    // its surface bend.
                    (VideoFormat::Nv12, "lut") => 3.0,
                    _ => EXACT_LIMIT,
                };
                assert!(error <= limit, "{property} {format} {method}: {error}");
            }
        }
    }
}

#[test]
fn a_curve_after_the_attractors_matches_the_gold() {
    common::init();
    let files = Files::new();
    let text = cube_1d(1024, |v| v.powf(1.0 / 1.4));
    let path = files.put("gamma.cube", &text);
    for format in [VideoFormat::Rgba, VideoFormat::Nv12] {
        let info = info(format, 128, 128);
        let (bare, radii) = look(&Stream::new(&info), ATTRACTORS);
        let gold = Transform::new(&Look { output_lut: cube(&text), ..bare }, &radii);
        let with = |method| {
            let properties =
                [("attractors", ATTRACTORS), ("output-lut", path.as_str()), ("method", method)];
            largest_error(&info, &gold, &properties)
        };
        let (exact, lut) = (with("exact"), with("lut"));
        println!("{format}: exact {exact}, lut {lut}");
        assert!(exact <= EXACT_LIMIT, "{format}: {exact}");
    }
}

/// The kernels of every SIMD level against the gold, with a table on either side of the attractors.
#[test]
fn exact_kernels_with_tables_match_the_gold() {
    let codes = gstcolorshine::color::codes::CodeSpace::full_rgb(8);
    let stream = Stream::new(&info(VideoFormat::Rgba, 16, 16));
    let (bare, radii) = look(&stream, ATTRACTORS);
    let look = Look {
        input_lut: cube(&cube_3d(9, |[r, g, b]| {
            [0.9 * r + 0.1 * g, g.powf(1.2), 0.2 * r + 0.8 * b]
        })),
        output_lut: cube(&cube_1d(256, |v| 0.05 + 0.9 * v)),
        ..bare
    };
    let gold = Transform::new(&look, &radii);
    let mut random = Random::new(3);
    // No multiple of a vector's length.
    let colours: Vec<[u8; 3]> =
        (0..5003).map(|_| [0; 3].map(|_| random.below(256) as u8)).collect();
    for (name, level) in simd_levels() {
        let kernel = ExactKernel::new(&look, &radii, &codes, level);
        let component = |c: usize| colours.iter().map(|v| f32::from(v[c])).collect::<Vec<f32>>();
        let [mut x, mut y, mut z] = [0, 1, 2].map(component);
        kernel.differences([&mut x, &mut y, &mut z]);
        let mut largest = 0.0f64;
        for (i, colour) in colours.iter().enumerate() {
            let want = gold.difference(&codes, colour.map(f64::from));
            let got = [x[i], y[i], z[i]].map(f64::from);
            largest = (0..3).map(|c| (want[c] - got[c]).abs()).fold(largest, f64::max);
        }
        println!("{name}: {largest}");
        assert!(largest <= EXACT_CODES, "{name}: {largest}");
    }
}

#[test]
fn identity_tables_change_nothing() {
    common::init();
    let files = Files::new();
    let (volume, curve) = (
        files.put("volume.cube", &cube_3d(33, |rgb| rgb)),
        // Nodes at no round numbers, cut off after six decimals.
        files.put("curve.cube", &cube_1d(64, |v| v)),
    );
    let mut random = Random::new(17);
    for format in formats() {
        let info = info(format, 96, 6);
        let input = buffer(&info, 0, 0, || random.next() as u8);
        for method in ["lut", "exact"] {
            let properties = [
                ("input-lut", volume.as_str()),
                ("output-lut", curve.as_str()),
                ("method", method),
                ("lut-size", "17"),
            ];
            let element = element(&properties);
            let before = bytes(&input);
            let out = harness(&element, &info).push_and_pull(input.copy_deep().unwrap()).unwrap();
            assert!(bytes(&out) == before, "{format} {method}");
            assert_eq!(stat::<u64>(&element, "frames-passthrough"), 0, "{format} {method}");
        }
    }
}

/// A .cube file's 3D table, read and interpolated as its readers do, by nothing of the crate.
struct Reader {
    size: usize,
    rows: Vec<Rgb>,
}

impl Reader {
    fn new(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let size = text.lines().find_map(|line| line.strip_prefix("LUT_3D_SIZE ")).unwrap();
        let is_row = |line: &&str| line.starts_with(|c: char| c.is_ascii_digit());
        let row = |line: &str| {
            let numbers: Vec<f64> = line.split(' ').map(|n| n.parse().unwrap()).collect();
            <Rgb>::try_from(numbers).unwrap()
        };
        let reader = Self {
            size: size.parse().unwrap(),
            rows: text.lines().filter(is_row).map(row).collect(),
        };
        assert_eq!(reader.rows.len(), reader.size.pow(3));
        assert!(reader.rows.iter().flatten().all(|v| (0.0..=1.0).contains(v)));
        reader
    }

    /// The six tetrahedra, each written out.
    fn at(&self, rgb: Rgb) -> Rgb {
        let scaled = rgb.map(|v| v * (self.size - 1) as f64);
        let low = scaled.map(|v| (v as usize).min(self.size - 2));
        let [r, g, b] = [0, 1, 2].map(|c| scaled[c] - low[c] as f64);
        let node = |dr: usize, dg: usize, db: usize| {
            self.rows[low[0] + dr + self.size * (low[1] + dg + self.size * (low[2] + db))]
        };
        let (black, white) = (node(0, 0, 0), node(1, 1, 1));
        let mixed = |weights: [f64; 4], second: Rgb, third: Rgb| {
            [0, 1, 2].map(|c| {
                let nodes = [black[c], second[c], third[c], white[c]];
                nodes.iter().zip(weights).map(|(node, weight)| node * weight).sum()
            })
        };
        if r > g {
            if g > b {
                mixed([1.0 - r, r - g, g - b, b], node(1, 0, 0), node(1, 1, 0))
            } else if r > b {
                mixed([1.0 - r, r - b, b - g, g], node(1, 0, 0), node(1, 0, 1))
            } else {
                mixed([1.0 - b, b - r, r - g, g], node(0, 0, 1), node(1, 0, 1))
            }
        } else if b > g {
            mixed([1.0 - b, b - g, g - r, r], node(0, 0, 1), node(0, 1, 1))
        } else if b > r {
            mixed([1.0 - g, g - b, b - r, r], node(0, 1, 0), node(0, 1, 1))
        } else {
            mixed([1.0 - g, g - r, r - b, b], node(0, 1, 0), node(1, 1, 0))
        }
    }
}

/// A photograph as a frame of RGB.
fn photograph(name: &str) -> (VideoInfo, gst::Buffer) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/photos").join(name);
    let photo = image::open(path).unwrap().into_rgb8();
    let info = info(VideoFormat::Rgb, photo.width(), photo.height());
    let mut frame = buffer(&info, 0, 0, || 0);
    let mut data = bytes(&frame);
    for (y, row) in photo.rows().enumerate() {
        for (x, pixel) in row.enumerate() {
            let at = y * info.stride()[0] as usize + 3 * x;
            data[at..at + 3].copy_from_slice(&pixel.0);
        }
    }
    frame.get_mut().unwrap().copy_from_slice(0, &data).unwrap();
    (info, frame)
}

/// What is exported is what is on screen: with the same number of nodes for every pixel of a photograph, and
/// with the automatic table or model for looks that 33 nodes can hold.
#[test]
fn exported_tables_give_what_is_on_screen() {
    common::init();
    let files = Files::new();
    let shaper = files.put("in.cube", &cube_1d(256, |v| v.powf(1.1)));
    let grade = files.put("out.cube", &cube_3d(17, |[r, g, b]| [r, 0.9 * g + 0.1 * b, 0.9 * b]));
    let wild = "#ff8a3d;40;60|oklch(50% 0.15 200);40;60";
    let with_files = [("attractors", ATTRACTORS), ("input-lut", &shaper), ("output-lut", &grade)];
    for (properties, is_held_by_33) in [
        (&[("attractors", ATTRACTORS)][..], true),
        (&[("attractors", wild)][..], false),
        (&with_files[..], true),
        (&with_files[1..], true),
    ] {
        for size in [33u32, 65] {
            for own in [size.to_string(), "0".into()] {
                if own == "0" && !is_held_by_33 {
                    continue;
                }
                let properties = [properties, &[("lut-size", own.as_str())]].concat();
                let element = element(&properties);
                let (info, input) = photograph("chelsea.png");
                let before = bytes(&input);
                let mut harness = harness(&element, &info);
                let after = bytes(&harness.push_and_pull(input).unwrap());
                assert!(after != before);
                let path = files.path("look.cube");
                assert!(
                    element.emit_by_name::<bool>("export-lut", &[&path.to_str().unwrap(), &size])
                );
                let reader = Reader::new(&path);
                let (mut largest, mut off) = (0, 0);
                for y in 0..info.height() as usize {
                    let row = y * info.stride()[0] as usize..;
                    let pixels = before[row.clone()].chunks(3).zip(after[row].chunks(3));
                    for (before, after) in pixels.take(info.width() as usize) {
                        let there = reader.at([0, 1, 2].map(|c| f64::from(before[c]) / 255.0));
                        for c in 0..3 {
                            let code = (there[c] * 255.0).round() as i32;
                            let error = (code - i32::from(after[c])).abs();
                            largest = largest.max(error);
                            off += i32::from(error > 0);
                        }
                    }
                }
                println!("{properties:?} at {size}: off by at most {largest}, {off} samples");
                assert!(largest <= 1, "{properties:?} at {size}: {largest}");
            }
        }
    }
}

/// A look that was exported is the same look when it comes back as a file.
#[test]
fn an_exported_table_can_be_read_again() {
    common::init();
    let files = Files::new();
    let path = files.path("look.cube");
    let path = path.to_str().unwrap();
    let (info, input) = photograph("coffee.png");
    let run = |properties: &[(&str, &str)]| {
        let element = element(properties);
        let mut harness = harness(&element, &info);
        let out = bytes(&harness.push_and_pull(input.copy_deep().unwrap()).unwrap());
        assert!(element.emit_by_name::<bool>("export-lut", &[&path, &33u32]));
        out
    };
    let first = run(&[("attractors", ATTRACTORS), ("lut-size", "33")]);
    for property in ["input-lut", "output-lut"] {
        let again = run(&[(property, path), ("lut-size", "33")]);
        let largest = first.iter().zip(&again).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(largest <= Some(1), "{property}: {largest:?}");
    }
}

/// Before a stream is there, an export reads the files that the properties name.
#[test]
fn an_export_without_a_stream_has_the_files_in_it() {
    common::init();
    let files = Files::new();
    let path = files.path("look.cube");
    let element = element(&[("input-lut", files.path("later.cube").to_str().unwrap())]);
    let bus = gst::Bus::new();
    element.set_bus(Some(&bus));
    let export = || element.emit_by_name::<bool>("export-lut", &[&path.to_str().unwrap(), &5u32]);
    assert!(!export() && !path.exists());
    let warnings = warnings(&bus);
    assert!(warnings.len() == 1 && warnings[0].contains("property input-lut: "), "{warnings:?}");
    files.put("later.cube", &cube_3d(2, turn));
    assert!(export());
    let got = Reader::new(&path).at([0.2, 0.4, 0.9]);
    assert!((0..3).all(|c| (got[c] - turn([0.2, 0.4, 0.9])[c]).abs() < 1e-6), "{got:?}");
}

#[test]
fn bad_files_keep_the_pipeline_from_starting() {
    let files = Files::new();
    let missing = files.path("missing.cube");
    let folder = files.path("");
    let short = files.put("short.cube", "LUT_3D_SIZE 2\n0 0 0\n");
    let comma = files.put("comma.cube", "LUT_1D_SIZE 2\n0 0 0\n1,0 1,0 1,0\n");
    let huge = files.put("huge.cube", "LUT_3D_SIZE 130\n");
    for (path, want) in [
        (missing.to_str().unwrap(), "missing.cube: cannot be read (No such file or directory"),
        (folder.to_str().unwrap(), "is not a file, expected a .cube file"),
        (&short, "line 3, column 1: the file ends after 1 rows, expected 8"),
        (&comma, "line 3, column 1: \"1,0\" is not a number, expected one such as 0.5"),
        (&huge, "line 1, column 13: LUT_3D_SIZE 130 is out of range, allowed is 2 to 129"),
    ] {
        for property in ["input-lut", "output-lut"] {
            let line =
                format!("videotestsrc num-buffers=1 ! colorshine {property}={path} ! fakesink");
            let error = run(&line).unwrap_err();
            assert!(error.contains(&format!("property {property}: ")), "{error}");
            assert!(error.contains(want), "{error}, not {want}");
        }
    }
    // No file is named.
    run("videotestsrc num-buffers=1 ! colorshine input-lut=\"\" output-lut=\"\" ! fakesink")
        .unwrap();
}

/// Pushes frames until one comes out as wanted.
fn push_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(TIMEOUT.seconds()), "still not: {what}");
    }
}

#[test]
fn files_change_while_the_stream_plays() {
    common::init();
    let files = Files::new();
    // It is not there yet when it is named.
    let path = files.path("look.cube");
    let path = path.to_str().unwrap();
    let element = element(&[("input-lut", path)]);
    assert_eq!(element.property::<String>("input-lut"), path);
    files.put("look.cube", &cube_3d(2, turn));
    let bus = gst::Bus::new();
    element.set_bus(Some(&bus));
    let info = info(VideoFormat::Rgba, 16, 16);
    let mut harness = harness(&element, &info);
    let mut push = || {
        let mut codes = [10u8, 80, 200, 7].into_iter().cycle();
        let input = buffer(&info, 0, 0, || codes.next().unwrap());
        bytes(&harness.push_and_pull(input).unwrap())[..4].to_vec()
    };
    assert_eq!(push(), [80, 200, 10, 7]);
    // Edited, then named again.
    files.put("look.cube", &cube_3d(2, |rgb| turn(turn(rgb))));
    assert_eq!(push(), [80, 200, 10, 7]);
    element.set_property("input-lut", path);
    push_until("the edited file", || push() == [200, 10, 80, 7]);
    // Edited badly, gone, and another that never was: the last good one stays.
    files.put("look.cube", "LUT_3D_SIZE 2\n0 0 x\n");
    element.set_property("input-lut", path);
    std::fs::remove_file(path).unwrap();
    element.set_property("input-lut", path);
    element.set_property("output-lut", files.path("other.cube").to_str().unwrap());
    let warnings = warnings(&bus);
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    assert!(warnings[0].contains("property input-lut: "), "{warnings:?}");
    assert!(warnings[0].contains("line 2, column 5: \"x\" is not a number"), "{warnings:?}");
    assert!(warnings[1].contains("cannot be read"), "{warnings:?}");
    assert!(warnings[2].contains("property output-lut: "), "{warnings:?}");
    assert!(warnings.iter().all(|w| w.contains("last good value stays")), "{warnings:?}");
    assert_eq!(element.property::<String>("input-lut"), path);
    assert_eq!(element.property::<Option<String>>("output-lut"), None);
    assert_eq!(push(), [200, 10, 80, 7]);
    // And none, so that there is nothing to do.
    element.set_property("input-lut", "");
    push_until("no table", || push() == [10, 80, 200, 7]);
    assert!(stat::<u64>(&element, "frames-passthrough") > 0);
}

/// Tables that are the same are one look, wherever they lie; others are not, wherever they lie.
#[test]
fn bakes_are_shared_by_what_is_in_the_files() {
    common::init();
    let files = Files::new();
    let text = cube_3d(3, |[r, g, b]| [0.5 * r, g * g, 0.123_457 + 0.5 * b]);
    let one = files.put("one.cube", &text);
    let two = files.put("two.cube", &format!("TITLE \"another name\"\n{text}"));
    let info = info(VideoFormat::Rgba, 16, 16);
    let start = |path: &str| {
        let element = element(&[("input-lut", path), ("lut-size", "33")]);
        let harness = harness(&element, &info);
        (element, harness)
    };
    let [first, second] = [&one, &two].map(|path| start(path));
    assert_eq!(stat::<u64>(&first.0, "lut-cache-misses"), 1);
    assert_eq!(stat::<u64>(&second.0, "lut-cache-memory-hits"), 1);
    files.put("one.cube", &text.replace("0.123457", "0.123458"));
    let third = start(&one);
    assert_eq!(stat::<u64>(&third.0, "lut-cache-misses"), 1);
    // 27 rows of three numbers in single precision, beside the table of 33.
    let bare = element(&[("attractors", "red;50;50"), ("lut-size", "33")]);
    let _harness = harness(&bare, &info);
    let memory = |element| stat::<u64>(element, "memory-bytes");
    assert_eq!(memory(&first.0), memory(&bare) + 27 * 12);
}

/// `tolerance-reference=frame` measures the pixels that the attractors see.
#[test]
fn frames_are_measured_behind_the_input_lut() {
    common::init();
    let files = Files::new();
    let shade = [0.7, 0.3, 0.2];
    let path = files.put("shade.cube", &cube_3d(2, |_| shade));
    let info = info(VideoFormat::Rgba, 32, 32);
    let stream = Stream::new(&info);
    let (look, _) = look(&stream, "teal;50;50");
    let space = gstcolorshine::color::oklab::RgbSpace::new(&stream.primaries);
    let want = distance(space.encoded_to_oklab(shade), look.attractors[0].lab);
    let mut random = Random::new(23);
    let input = buffer(&info, 0, 0, || random.next() as u8);
    let element = element(&[
        ("attractors", "teal;50;50"),
        ("tolerance-reference", "frame"),
        ("adaptation-time", "0"),
        ("input-lut", &path),
    ]);
    let mut harness = harness(&element, &info);
    harness.push_and_pull(input).unwrap();
    let radii: gst::Array = stat(&element, "radii");
    let radius = radii.as_slice()[0].get::<f64>().unwrap();
    assert!((radius - want).abs() <= 0.0005, "{radius}, not {want}");
}

/// Files alone ask for no measuring, and the memory that they take is within the limit.
#[test]
fn a_look_of_files_alone_is_baked_once_and_counts_against_the_limit() {
    common::init();
    let files = Files::new();
    let path = files.put("turn.cube", &cube_3d(17, turn));
    let info = info(VideoFormat::Rgba, 16, 16);
    let element =
        element(&[("input-lut", &path), ("tolerance-reference", "frame"), ("hue", "false")]);
    let mut harness = harness(&element, &info);
    for _ in 0..3 {
        harness.push_and_pull(buffer(&info, 0, 0, || 9)).unwrap();
    }
    assert!(stat::<u64>(&element, "bakes") <= 1);
    assert_eq!(stat::<u64>(&element, "frames-passthrough"), 0);
    let line = format!(
        "videotestsrc num-buffers=1 ! colorshine lut-size=17 memory-limit=50000 input-lut={path} ! fakesink"
    );
    let error = run(&line).unwrap_err();
    assert!(error.contains("property memory-limit: 50000 bytes are too few"), "{error}");
}
