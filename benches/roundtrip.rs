//! How far FFmpeg's lut3d and OpenColorIO, given an exported .cube file, are from what colorshine shows:
//! every sample of five photographs, at 33 and 65 nodes. Needs Debian's `ffmpeg`, and `opencolorio` and
//! `numpy` from PyPI.
//!
//! `cargo bench --bench roundtrip` prints the table of `docs/numerics.md`.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use gst::prelude::*;
use gst_video::{VideoFormat, VideoInfo};

const PHOTOS: [&str; 5] =
    ["astronaut.png", "chelsea.png", "coffee.png", "hubble_deep_field.jpg", "rocket.jpg"];

const TWO: &str = "#d97742;40;60|#3f7fbf;35;50";

/// Looks: a name where it is not the attractors', the attractors, and whether .cube files are around them.
const LOOKS: [(&str, &str, bool); 5] = [
    ("", "#ff8a3d;40;60", false),
    ("", TWO, false),
    ("", "teal;30;100", false),
    ("", "#ff8a3d;40;60|oklch(50% 0.15 200);40;60", false),
    ("a 1D curve, the second look, a 3D grade", TWO, true),
];

/// OpenColorIO on packed 8-bit R'G'B' (which it rounds): LUT, input, output, width.
const OPENCOLORIO: &str = r#"
import sys
import numpy as np, PyOpenColorIO as ocio
lut = ocio.FileTransform(sys.argv[1])
lut.setInterpolation(ocio.INTERP_TETRAHEDRAL)
processor = ocio.Config.CreateRaw().getProcessor(lut)
depth = ocio.BIT_DEPTH_UINT8
cpu = processor.getOptimizedCPUProcessor(depth, depth, ocio.OPTIMIZATION_DEFAULT)
image = np.fromfile(sys.argv[2], np.uint8)
cpu.applyRGB(image)
image.tofile(sys.argv[3])
"#;

/// A photograph as tightly packed R'G'B'.
struct Photo {
    width: u32,
    height: u32,
    rgb: Vec<u8>,
}

impl Photo {
    fn open(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/photos").join(name);
        let photo = image::open(path).expect("the photograph").into_rgb8();
        Self { width: photo.width(), height: photo.height(), rgb: photo.into_raw() }
    }
}

/// What colorshine shows of a photograph; it exports the look to `cube`.
fn colorshine(photo: &Photo, properties: &[(&str, &str)], cube: &Path, size: u32) -> Vec<u8> {
    let element = gst::ElementFactory::make("colorshine")
        .property("cache-dir", "")
        .build()
        .expect("the element");
    let mut harness = gst_check::Harness::with_element(&element, Some("sink"), Some("src"));
    properties.iter().for_each(|(name, value)| element.set_property_from_str(name, value));
    let info =
        VideoInfo::builder(VideoFormat::Rgb, photo.width, photo.height).build().expect("RGB");
    harness.set_src_caps(info.to_caps().expect("caps"));
    let (row, stride) = (3 * photo.width as usize, info.stride()[0] as usize);
    let mut data = vec![0; info.size()];
    for (to, from) in data.chunks_mut(stride).zip(photo.rgb.chunks(row)) {
        to[..row].copy_from_slice(from);
    }
    let out = harness.push_and_pull(gst::Buffer::from_mut_slice(data)).expect("a frame");
    let cube = cube.to_str().expect("a path");
    assert!(element.emit_by_name::<bool>("export-lut", &[&cube, &size]));
    let out = out.map_readable().expect("memory");
    out.chunks(stride).flat_map(|padded| padded[..row].to_vec()).collect()
}

fn run(command: &mut Command) {
    let output = command.output().expect("the program is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// FFmpeg's lut3d on frames of some format.
fn ffmpeg(photo: &Photo, format: &str, frame: &[u8], cube: &Path, folder: &Path) -> Vec<u8> {
    let (input, output) = (folder.join("in.raw"), folder.join("out.raw"));
    std::fs::write(&input, frame).expect("room");
    let size = format!("{}x{}", photo.width, photo.height);
    let lut = format!("lut3d=file={}:interp=tetrahedral", cube.display());
    run(Command::new("ffmpeg")
        .args(["-y", "-v", "error", "-f", "rawvideo", "-pix_fmt", format, "-s", &size, "-i"])
        .arg(&input)
        .args(["-vf", &lut, "-f", "rawvideo", "-pix_fmt", format])
        .arg(&output));
    std::fs::read(&output).expect("what FFmpeg wrote")
}

/// The same in floating point, rounded here: 8 bits FFmpeg would cut off.
fn ffmpeg_rounded(photo: &Photo, cube: &Path, folder: &Path) -> Vec<u8> {
    // Planes in the order G, B, R.
    let order = [1, 2, 0];
    let plane = |c: usize| photo.rgb[c..].iter().step_by(3);
    let value = |code: &u8| (f32::from(*code) / 255.0).to_le_bytes();
    let planes: Vec<u8> = order.into_iter().flat_map(|c| plane(c).flat_map(value)).collect();
    let out = ffmpeg(photo, "gbrpf32le", &planes, cube, folder);
    let mut rgb = vec![0; photo.rgb.len()];
    let pixels = photo.rgb.len() / 3;
    for (plane, c) in out.chunks(4 * pixels).zip(order) {
        for (pixel, bytes) in plane.chunks(4).enumerate() {
            let value = f32::from_le_bytes(bytes.try_into().expect("four bytes"));
            rgb[3 * pixel + c] = (value * 255.0).round() as u8;
        }
    }
    rgb
}

fn opencolorio(photo: &Photo, cube: &Path, folder: &Path) -> Vec<u8> {
    let (input, output) = (folder.join("in.raw"), folder.join("out.raw"));
    std::fs::write(&input, &photo.rgb).expect("room");
    run(Command::new("python3").args(["-c", OPENCOLORIO]).args([cube, &input, &output]));
    std::fs::read(&output).expect("what OpenColorIO wrote")
}

/// Differences to colorshine over all photographs.
#[derive(Default)]
struct Differences {
    lowest: i32,
    highest: i32,
    samples: u64,
    off: u64,
}

impl Differences {
    fn add(&mut self, theirs: &[u8], ours: &[u8]) {
        assert_eq!(theirs.len(), ours.len());
        for (theirs, ours) in theirs.iter().zip(ours) {
            let difference = i32::from(*theirs) - i32::from(*ours);
            self.lowest = self.lowest.min(difference);
            self.highest = self.highest.max(difference);
            self.samples += 1;
            self.off += u64::from(difference != 0);
        }
    }
}

impl std::fmt::Display for Differences {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let share = 100.0 * self.off as f64 / self.samples as f64;
        write!(f, "{:+} to {:+}, {share:.2} %", self.lowest, self.highest)
    }
}

/// The text of a table, one row for each index.
fn table(size_line: &str, rows: usize, of: impl Fn(usize) -> [f64; 3]) -> String {
    let mut text = format!("{size_line}\n");
    for row in (0..rows).map(of) {
        writeln!(text, "{:.6} {:.6} {:.6}", row[0], row[1], row[2]).expect("memory");
    }
    text
}

fn main() {
    // `cargo test --all-targets` starts benches too, without this argument.
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("nothing is measured without --bench");
        return;
    }
    gst::init().expect("GStreamer");
    gstcolorshine::plugin_register_static().expect("the plugin");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name);
    let (curve, grade, cube) = (path("curve.cube"), path("grade.cube"), path("look.cube"));
    let shaper = table("LUT_1D_SIZE 256", 256, |i| [(i as f64 / 255.0).powf(1.1); 3]);
    std::fs::write(&curve, shaper).expect("room");
    let graded = table("LUT_3D_SIZE 17", 17 * 17 * 17, |i| {
        let [r, g, b] = [i % 17, i / 17 % 17, i / 289].map(|v| v as f64 / 16.0);
        [r, 0.9 * g + 0.1 * b, 0.9 * b]
    });
    std::fs::write(&grade, graded).expect("room");
    let photos = PHOTOS.map(Photo::open);

    println!(
        "| look | exported | lut-size | FFmpeg, rounded | FFmpeg, 8 bits | OpenColorIO, 8 bits |"
    );
    println!("|---|---|---|---|---|---|");
    for (name, attractors, has_files) in LOOKS {
        for (size, own) in [(33, "33"), (65, "65"), (65, "0")] {
            let mut properties = vec![("attractors", attractors), ("lut-size", own)];
            if has_files {
                properties.push(("input-lut", curve.to_str().expect("a path")));
                properties.push(("output-lut", grade.to_str().expect("a path")));
            }
            let mut sums = <[Differences; 3]>::default();
            for photo in &photos {
                let ours = colorshine(photo, &properties, &cube, size);
                sums[0].add(&ffmpeg_rounded(photo, &cube, folder.path()), &ours);
                sums[1].add(&ffmpeg(photo, "rgb24", &photo.rgb, &cube, folder.path()), &ours);
                sums[2].add(&opencolorio(photo, &cube, folder.path()), &ours);
            }
            let name = match name {
                "" => format!("`{}`", attractors.replace('|', " \\| ")),
                name => name.into(),
            };
            let own = if own == "0" { "0 (auto)" } else { own };
            println!("| {name} | {size} | {own} | {} | {} | {} |", sums[0], sums[1], sums[2]);
        }
    }
}
