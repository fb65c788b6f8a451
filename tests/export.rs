//! .cube files that `export-lut` writes, in the hands of an independent reader.

mod common;

use std::path::Path;

use common::{Files, Rgb, buffer, bytes, cube_1d, cube_3d, element, harness, info, texts, turn};
use gst::prelude::*;
use gst_video::{VideoFormat, VideoInfo};

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
