//! .cube files that `export-lut` writes, in the hands of an independent reader.

mod common;

use std::path::Path;

use std::sync::mpsc;

use colorshine_core::cube;
use colorshine_core::model::{Look, Model, Transform};
use colorshine_core::tolerances::EXACT_CODES;
use colorshine_video::Stream;
use common::{
    Files, Rgb, buffer, bytes, cube_1d, cube_3d, element, harness, info, look, stat, texts, turn,
    wait_until,
};
use gst::prelude::*;
use gst_video::{VideoFormat, VideoInfo};
use gstcolorshine::workers::{finish_background, in_background};

const ATTRACTORS: &str = "#d97742;40;60|#3f7fbf;35;50";

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
    let warnings = texts(&bus, gst::MessageType::Warning);
    assert!(warnings.len() == 1 && warnings[0].contains("property input-lut: "), "{warnings:?}");
    files.put("later.cube", &cube_3d(2, turn));
    assert!(export());
    let got = Reader::new(&path).at([0.2, 0.4, 0.9]);
    assert!((0..3).all(|c| (got[c] - turn([0.2, 0.4, 0.9])[c]).abs() < 1e-6), "{got:?}");
}

/// The nodes are the model's own, as near as the kernel that frames are made with.
#[test]
fn exported_nodes_are_the_model() {
    common::init();
    let files = Files::new();
    let grade = cube_3d(5, |[r, g, b]| [r, 0.9 * g + 0.1 * b, 0.9 * b]);
    let path = files.put("grade.cube", &grade);
    let grade = Some(std::sync::Arc::new(cube::parse(grade.as_bytes()).unwrap()));
    let stream = Stream::new(&info(VideoFormat::Rgb, 16, 16));
    for (model, output) in [("smooth", false), ("classic", false), ("smooth", true)] {
        let (bare, radii) = look(&stream, ATTRACTORS);
        let model_of = if model == "smooth" { Model::Smooth } else { Model::Classic };
        let output_lut = grade.clone().filter(|_| output);
        let gold = Transform::new(&Look { model: model_of, output_lut, ..bare }, &radii);
        let name = if output { path.as_str() } else { "" };
        let element =
            element(&[("attractors", ATTRACTORS), ("model", model), ("output-lut", name)]);
        let out = files.path("look.cube");
        assert!(element.emit_by_name::<bool>("export-lut", &[&out, &17u32]));
        let reader = Reader::new(&out);
        let mut largest = 0.0f64;
        for (i, row) in reader.rows.iter().enumerate() {
            let value = |i: usize| i as f64 / 16.0;
            let want = gold.apply([value(i % 17), value(i / 17 % 17), value(i / 17 / 17)]);
            largest = (0..3).map(|c| (row[c] - want[c]).abs()).fold(largest, f64::max);
        }
        println!("{model}, with a table: {output}: {} codes", 255.0 * largest);
        assert!(255.0 * largest <= EXACT_CODES, "{model}: {largest}");
    }
}

/// What is exported by an element of its own that no stream runs through.
fn of_settings(files: &Files, properties: &[(&str, &str)]) -> String {
    let path = files.path("settings.cube");
    assert!(element(properties).emit_by_name::<bool>("export-lut", &[&path, &9u32]));
    std::fs::read_to_string(path).unwrap()
}

/// Also while its plan is still to be made, and never an older one.
#[test]
fn an_export_is_of_the_newest_settings() {
    common::init();
    let files = Files::new();
    let path = files.path("look.cube");
    let export = |element: &gst::Element| {
        assert!(element.emit_by_name::<bool>("export-lut", &[&path, &9u32]));
        std::fs::read_to_string(&path).unwrap()
    };
    let turned = files.put("turn.cube", &cube_3d(2, turn));
    let element = element(&[("attractors", "red;50;75")]);
    let bus = gst::Bus::new();
    element.set_bus(Some(&bus));
    let info = info(VideoFormat::Rgb, 16, 16);
    let mut harness = harness(&element, &info);
    harness.push_and_pull(buffer(&info, 0, 0, || 9)).unwrap();
    let (release, wait) = mpsc::channel::<()>();
    in_background(move || wait.recv().unwrap_or_default());
    assert_eq!(export(&element), of_settings(&files, &[("attractors", "red;50;75")]));
    for attractors in ["blue;50;75", "", "teal;30;60 | gray;35;200;s"] {
        element.set_property("attractors", attractors);
        assert_eq!(export(&element), of_settings(&files, &[("attractors", attractors)]));
    }
    let newest = [("attractors", "teal;30;60 | gray;35;200;s"), ("output-lut", turned.as_str())];
    element.set_property("output-lut", &turned);
    let text = export(&element);
    assert_eq!(text, of_settings(&files, &newest));
    // A bad value is none of the newest.
    element.set_property("attractors", "no colour;1;1");
    assert_eq!(export(&element), text);
    drop(release);
    finish_background();
    assert_eq!(export(&element), text);
}

/// With `tolerance-reference=frame` the newest settings need a frame; without one it says so.
#[test]
fn an_export_waits_for_a_frame_of_the_newest_settings() {
    common::init();
    let files = Files::new();
    let path = files.path("look.cube");
    let element = element(&[("attractors", "red;50;75"), ("tolerance-reference", "frame")]);
    let bus = gst::Bus::new();
    element.set_bus(Some(&bus));
    let info = info(VideoFormat::Rgb, 32, 32);
    let mut harness = harness(&element, &info);
    let mut push = || {
        let mut code = 0u8;
        let frame = buffer(&info, 0, 0, || {
            code = code.wrapping_add(37);
            code
        });
        harness.push_and_pull(frame).unwrap();
    };
    let export = |element: &gst::Element| {
        let is_written = element.emit_by_name::<bool>("export-lut", &[&path, &9u32]);
        is_written.then(|| std::fs::read_to_string(&path).unwrap())
    };
    assert_eq!(export(&element), None, "no frame has come");
    push();
    let red = export(&element).unwrap();
    element.set_property("attractors", "blue;50;75");
    assert_eq!(export(&element), None, "none has come since");
    let warnings = texts(&bus, gst::MessageType::Warning);
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings.iter().all(|w| w.contains("no frame has been measured yet")), "{warnings:?}");
    // It waits for the frames that come meanwhile.
    let blue = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| export(&element));
        while !waiting.is_finished() {
            push();
        }
        waiting.join().unwrap().unwrap()
    });
    assert_ne!(blue, red);
    wait_until("the radii are blue's", || {
        stat::<gst::Array>(&element, "radii").as_slice().len() == 1
    });
    assert_eq!(export(&element), Some(blue));
}

/// A table has the look alone; what else changes the picture is named.
#[test]
fn an_export_says_what_it_leaves_out() {
    common::init();
    let files = Files::new();
    let comments = |properties: &[(&str, &str)]| -> Vec<String> {
        let text = of_settings(&files, &[&[("attractors", "red;50;75")], properties].concat());
        text.lines().filter(|line| line.starts_with('#')).map(String::from).collect()
    };
    assert!(comments(&[]).is_empty());
    assert!(comments(&[("transition-time", "9"), ("mix", "1"), ("lut-size", "9")]).is_empty());
    assert_eq!(
        comments(&[("mix", "0.5"), ("split", "0.25"), ("dither", "blue-noise")]),
        ["# Left out, as a table cannot have it: mix=0.5, split=0.25, dither=blue-noise"]
    );
    assert_eq!(
        comments(&[("dither", "ordered")]),
        ["# Left out, as a table cannot have it: dither=ordered"]
    );
    // They are no part of what is read.
    let with = of_settings(&files, &[("attractors", "red;50;75"), ("mix", "0.5")]);
    let without = of_settings(&files, &[("attractors", "red;50;75")]);
    assert_eq!(cube::parse(with.as_bytes()), cube::parse(without.as_bytes()));
}

#[cfg(unix)]
mod unix {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::net::UnixListener;
    use std::process::Command;

    use super::*;

    /// Whoever reads may leave, or never come.
    #[test]
    fn pipes_and_the_like_are_refused_at_once() {
        common::init();
        let files = Files::new();
        let element = element(&[("attractors", "red;50;75")]);
        let bus = gst::Bus::new();
        element.set_bus(Some(&bus));
        let pipe = files.path("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let socket = files.path("socket");
        let _listener = UnixListener::bind(&socket).unwrap();
        let link = files.path("link");
        std::os::unix::fs::symlink(&pipe, &link).unwrap();
        for path in [&pipe, &socket, &link] {
            assert!(!element.emit_by_name::<bool>("export-lut", &[path, &5u32]), "{path:?}");
        }
        // Somebody reads from both ends.
        let reader = std::fs::File::options().read(true).write(true).open(&pipe).unwrap();
        assert!(!element.emit_by_name::<bool>("export-lut", &[&pipe, &5u32]));
        drop(reader);
        let warnings = texts(&bus, gst::MessageType::Warning);
        assert_eq!(warnings.len(), 4, "{warnings:?}");
        let says =
            |w: &String| w.contains("it is a pipe, a socket or a block device, expected a file");
        assert!(warnings.iter().all(says), "{warnings:?}");
    }

    #[test]
    fn a_path_is_bytes() {
        common::init();
        let files = Files::new();
        let element = element(&[("attractors", "red;50;75")]);
        let path = files.path("").join(OsStr::from_bytes(b"caf\xe9 \xff.cube"));
        assert!(element.emit_by_name::<bool>("export-lut", &[&path, &5u32]));
        assert_eq!(Reader::new(&path).size, 5);
        let bus = gst::Bus::new();
        element.set_bus(Some(&bus));
        let missing = files.path("no").join(OsStr::from_bytes(b"\xe9.cube"));
        assert!(!element.emit_by_name::<bool>("export-lut", &[&missing, &5u32]));
        assert_eq!(texts(&bus, gst::MessageType::Warning).len(), 1);
    }

    const PATH: &str = "COLORSHINE_TEST_EXPORT";

    /// Nothing by itself: in a process whose files may not be longer than 8 kB.
    #[test]
    fn child() {
        let Some(path) = std::env::var_os(PATH).map(std::path::PathBuf::from) else {
            return;
        };
        let element = element(&[("attractors", "red;50;75")]);
        let bus = gst::Bus::new();
        element.set_bus(Some(&bus));
        assert!(!element.emit_by_name::<bool>("export-lut", &[&path, &33u32]));
        let warnings = texts(&bus, gst::MessageType::Warning);
        assert!(warnings.len() == 1 && warnings[0].contains("File too large"), "{warnings:?}");
    }

    /// The signal that comes with it ends no process, and nothing is left.
    #[test]
    fn a_file_that_may_not_be_so_long_is_a_warning() {
        // What GStreamer writes for itself is there by then.
        common::init();
        let files = Files::new();
        let mut command = Command::new("sh");
        command.arg("-c").arg("ulimit -f 8; exec \"$0\" \"$@\"");
        command.arg(std::env::current_exe().unwrap()).args(["--exact", "unix::child"]);
        command.env(PATH, files.path("look.cube"));
        let output = command.output().unwrap();
        assert!(
            output.status.success(),
            "{:?} {}",
            output.status,
            String::from_utf8_lossy(&output.stdout)
        );
        assert_eq!(std::fs::read_dir(files.path("")).unwrap().count(), 0);
    }
}
