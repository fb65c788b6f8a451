//! One table of ratios: a frame of 1920x1080 through colorshine, on one thread, against a copy of the
//! frame, against itself on two threads and in other formats, and against FFmpeg's lut3d, OpenColorIO and Pillow where
//! they are installed (Debian's `ffmpeg`; `imageio-ffmpeg`, `opencolorio`, `pillow` and `numpy` from PyPI). All in one
//! run, because the speed of a machine drifts; the look is the same 33-node table for all.
//!
//! `cargo bench --bench peers` prints it as Markdown.

mod common;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use colorshine_core::workers::{level_name, simd_level};
use common::{ATTRACTORS, SIZE, info, info_of, photograph, photograph_of};
use gst::prelude::*;
use gst_video::VideoFormat;

const REPEATS: usize = 41;
/// Argument that asks for the time of a frame of RGBA alone.
const ONE_FRAME: &str = "--one-frame";
/// Argument that asks for the formats alone.
const FORMATS: &str = "--formats";
/// Frames that FFmpeg is given in one go.
const FFMPEG_FRAMES: usize = 60;

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn time(repeats: usize, mut work: impl FnMut() -> Duration) -> Duration {
    work();
    median((0..repeats).map(|_| work()).collect())
}

/// Median time of a frame through the element.
fn colorshine(format: VideoFormat, properties: &[(&str, &str)]) -> Duration {
    colorshine_of(format, SIZE, properties)
}

/// The same for frames of some size.
fn colorshine_of(format: VideoFormat, size: [u32; 2], properties: &[(&str, &str)]) -> Duration {
    time(REPEATS, frames(format, size, properties))
}

/// The least times of a frame of a format and of one of RGBA, which take turns.
fn beside_rgba(format: VideoFormat, properties: &[(&str, &str)]) -> [Duration; 2] {
    let mut each = [format, VideoFormat::Rgba].map(|format| frames(format, SIZE, properties));
    let mut least = [Duration::MAX; 2];
    for _ in 0..REPEATS {
        for (least, frame) in least.iter_mut().zip(&mut each) {
            *least = frame().min(*least);
        }
    }
    least
}

/// What takes a frame through the element, and says how long that took.
fn frames(
    format: VideoFormat,
    size: [u32; 2],
    properties: &[(&str, &str)],
) -> impl FnMut() -> Duration {
    // The harness starts the element, which then opens its cache.
    let element = gst::ElementFactory::make("colorshine")
        .property("attractors", ATTRACTORS)
        .property("cache-dir", "")
        .build()
        .expect("the element");
    let mut harness = gst_check::Harness::with_element(&element, Some("sink"), Some("src"));
    properties.iter().for_each(|(name, value)| element.set_property_from_str(name, value));
    harness.set_src_caps(info_of(format, size).to_caps().expect("caps"));
    let source = photograph_of(format, size);
    move || {
        let frame = source.copy_deep().expect("memory");
        let start = Instant::now();
        harness.push_and_pull(frame).expect("a frame");
        start.elapsed()
    }
}

/// The programs that are FFmpeg, and their versions: the system's, and that of PyPI.
fn ffmpegs() -> Vec<(String, String)> {
    const SCRIPT: &str = "import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())";
    let found = text_of(Command::new("python3").args(["-c", SCRIPT]));
    let programs = [Some("ffmpeg".into()), found].into_iter().flatten();
    let with_version = |program: String| {
        let text = text_of(Command::new(&program).arg("-version"))?;
        let version = text.split_whitespace().nth(2)?.to_owned();
        Some((program, version))
    };
    programs.filter_map(with_version).collect()
}

/// What a program prints, if it is there and ends well.
fn text_of(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The least time of those that FFmpeg's programs take for a frame.
fn ffmpeg(cube: &Path, raw: &Path, format: &str) -> Option<Duration> {
    let programs = ffmpegs();
    programs.iter().filter_map(|(program, _)| ffmpeg_of(program, cube, raw, format)).min()
}

/// User time of a program for a frame, with what it takes without the filter taken off.
fn ffmpeg_of(program: &str, cube: &Path, raw: &Path, format: &str) -> Option<Duration> {
    let user_time = |filter: &str| {
        let output = Command::new(program)
            .args(["-hide_banner", "-benchmark", "-threads", "1", "-f", "rawvideo"])
            .args(["-pix_fmt", format, "-s", &format!("{}x{}", SIZE[0], SIZE[1]), "-i"])
            .arg(raw)
            .args(["-filter_threads", "1", "-vf", filter, "-f", "null", "-"])
            .output()
            .ok()?;
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let seconds = text.split("utime=").nth(1)?.split('s').next()?.parse().ok()?;
        Some(Duration::from_secs_f64(seconds))
    };
    let lut = format!("lut3d=file={}:interp=tetrahedral,format={format}", cube.display());
    let with = time_some(|| user_time(&lut))?;
    let without = time_some(|| user_time("null"))?;
    Some((with - without) / FFMPEG_FRAMES as u32)
}

/// The median of five runs, if they work.
fn time_some(mut run: impl FnMut() -> Option<Duration>) -> Option<Duration> {
    (0..5).map(|_| run()).collect::<Option<Vec<_>>>().map(median)
}

/// Median time of OpenColorIO for a frame of packed 8-bit RGBA.
fn opencolorio(cube: &Path, raw: &Path) -> Option<Duration> {
    const SCRIPT: &str = r#"
import sys, time
import numpy as np, PyOpenColorIO as ocio
lut = ocio.FileTransform(sys.argv[1])
lut.setInterpolation(ocio.INTERP_TETRAHEDRAL)
processor = ocio.Config.CreateRaw().getProcessor(lut)
depth = ocio.BIT_DEPTH_UINT8
cpu = processor.getOptimizedCPUProcessor(depth, depth, ocio.OPTIMIZATION_DEFAULT)
frame = np.fromfile(sys.argv[2], np.uint8, 1920 * 1080 * 4)
times = []
for _ in range(41):
    image = frame.copy()
    start = time.perf_counter()
    cpu.applyRGBA(image)
    times.append(time.perf_counter() - start)
print(sorted(times)[20])
"#;
    seconds_of(Command::new("python3").args(["-c", SCRIPT]).args([cube, raw]))
}

/// Median time of Pillow's Color3DLUT, which is trilinear, for a frame of RGBA.
fn pillow(raw: &Path) -> Option<Duration> {
    const SCRIPT: &str = r#"
import sys, time
from PIL import Image, ImageFilter
with open(sys.argv[1], "rb") as raw:
    image = Image.frombytes("RGBA", (1920, 1080), raw.read(1920 * 1080 * 4))
lut = ImageFilter.Color3DLUT.generate(33, lambda r, g, b: (r * 0.9, g, b * 0.8 + 0.1))
times = []
for _ in range(11):
    start = time.perf_counter()
    image.filter(lut)
    times.append(time.perf_counter() - start)
print(sorted(times)[5])
"#;
    seconds_of(Command::new("python3").args(["-c", SCRIPT]).arg(raw))
}

/// The time that a program prints in seconds.
fn seconds_of(command: &mut Command) -> Option<Duration> {
    Some(Duration::from_secs_f64(text_of(command)?.parse().ok()?))
}

/// RGBA at another SIMD level, timed in a process of its own because a process has one level. SSE2 has the lattice's
/// gold, one colour at a time: what CPUs of before 2008 get.
fn at_level(level: &str) -> Option<Duration> {
    let program = std::env::current_exe().ok()?;
    let arguments = ["--bench", ONE_FRAME];
    seconds_of(Command::new(program).args(arguments).env("COLORSHINE_SIMD_LEVEL", level))
}

/// The CPU's name, where Linux tells it.
fn cpu() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    line.map_or("unknown CPU", |(_, name)| name).to_owned()
}

fn row(what: &str, ours: Duration, against: Option<Duration>, floor: &str, aim: &str) {
    let ms = |time: Duration| format!("{:.2} ms", time.as_secs_f64() * 1e3);
    let (other, ratio) = match against {
        Some(other) => (ms(other), format!("{:.2}x", other.as_secs_f64() / ours.as_secs_f64())),
        None => ("not installed".into(), "-".into()),
    };
    println!("| {what} | {} | {other} | {ratio} | {floor} | {aim} |", ms(ours));
}

fn main() {
    // `cargo test --all-targets` starts benches too, without this argument.
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("nothing is measured without --bench");
        return;
    }
    gst::init().expect("GStreamer");
    gstcolorshine::plugin_register_static().expect("the plugin");
    let one = |method, size| [("n-threads", "1"), ("method", method), ("lut-size", size)];
    if std::env::args().any(|argument| argument == ONE_FRAME) {
        println!("{}", colorshine(VideoFormat::Rgba, &one("lut", "33")).as_secs_f64());
        return;
    }
    if std::env::args().any(|argument| argument == FORMATS) {
        formats();
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let cube = folder.path().join("look.cube");
    let element = gst::ElementFactory::make("colorshine").build().expect("the element");
    element.set_property("attractors", ATTRACTORS);
    element.set_property("cache-dir", "");
    element.emit_by_name::<bool>("export-lut", &[&cube.to_str().expect("a path"), &33u32]);
    let raw = |format: VideoFormat| {
        let path = folder.path().join(format!("{format:?}.raw"));
        let frame = photograph(format).map_readable().expect("memory").to_vec();
        std::fs::write(&path, frame.repeat(FFMPEG_FRAMES)).expect("room for raw video");
        path
    };

    let (rgba_info, nv12, i420) = (VideoFormat::Rgba, VideoFormat::Nv12, VideoFormat::I420);
    let rgba = colorshine(rgba_info, &one("lut", "33"));
    let rgba_raw = raw(rgba_info);
    let frame = std::fs::read(&rgba_raw).expect("raw video")[..info(rgba_info).size()].to_vec();
    let mut copy = frame.clone();
    let memcpy = time(REPEATS, || {
        let start = Instant::now();
        copy.copy_from_slice(std::hint::black_box(&frame));
        std::hint::black_box(&mut copy);
        start.elapsed()
    });

    let versions: Vec<String> = ffmpegs().into_iter().map(|(_, version)| version).collect();
    println!("{}, SIMD level {}; 1920x1080, one thread, 33 nodes", cpu(), level_name(simd_level()));
    println!("FFmpeg {}, the fastest of which counts\n", versions.join(" and "));
    println!("| what | colorshine | the other | the other / colorshine | floor | aim |");
    println!("|---|---|---|---|---|---|");
    row("RGBA, FFmpeg lut3d", rgba, ffmpeg(&cube, &rgba_raw, "rgba"), "18x", "26x");
    row("RGBA, OpenColorIO", rgba, opencolorio(&cube, &rgba_raw), "6x", "8.5x");
    row("RGBA, Pillow's Color3DLUT", rgba, pillow(&rgba_raw), "", "");
    row("RGBA, a copy of the frame", rgba, Some(memcpy), "0.17x", "0.33x");
    for (name, format, [floor, aim]) in
        [("nv12", nv12, ["32x", "50x"]), ("yuv420p", i420, ["27x", "42x"])]
    {
        let ours = colorshine(format, &one("lut", "33"));
        let what = format!("{format:?}, FFmpeg lut3d");
        row(&what, ours, ffmpeg(&cube, &raw(format), name), floor, aim);
    }
    let two = colorshine(rgba_info, &[("n-threads", "2"), ("method", "lut"), ("lut-size", "33")]);
    row("RGBA on two threads, itself on one", two, Some(rgba), "1.7x", "1.9x");
    let exact = colorshine(rgba_info, &[("n-threads", "1"), ("method", "exact")]);
    row("RGBA, exact model, itself with the table", exact, Some(rgba), "", "");
    #[cfg(target_arch = "x86_64")]
    for (level, [floor, aim]) in
        [("avx2", ["1.5x", "1.25x"]), ("sse4.2", [""; 2]), ("sse2", [""; 2])]
    {
        row(&format!("RGBA, itself with {level}"), rgba, at_level(level), floor, aim);
    }
    let many = [ATTRACTORS; 8].join("|");
    let attractors =
        [("n-threads", "1"), ("lut-size", "33"), ("method", "lut"), ("attractors", &many)];
    let many = colorshine(rgba_info, &attractors);
    row("RGBA with 16 attractors, itself with 2", many, Some(rgba), "0.97x", "");
    for size in [[640, 360], [1280, 720], [3840, 2160], [7680, 4320]] {
        let time = colorshine_of(rgba_info, size, &one("lut", "33"));
        let share = f64::from(size[0] * size[1]) / f64::from(SIZE[0] * SIZE[1]);
        let what = format!("RGBA {}x{} per pixel, itself at 1920x1080", size[0], size[1]);
        row(&what, time, Some(rgba.mul_f64(share)), "0.8x", "0.9x");
    }
    formats();
}

/// Other formats than those that FFmpeg is asked for, against RGBA.
fn formats() {
    use VideoFormat::*;
    let properties = [("n-threads", "1"), ("method", "lut"), ("lut-size", "33")];
    let shared = [Nv12, I420];
    let deep = [P01010le, Y42b, Uyvy, V210];
    let others = [Y444, Y210, Y410, V308, Uyvp, Iyu1, R210, Rgb10a2Le, Rgb16, Rgb];
    for format in shared.into_iter().chain(deep).chain(others) {
        let [ours, rgba] = beside_rgba(format, &properties);
        let [floor, aim] = match format {
            _ if shared.contains(&format) => ["1.3x", "1.6x"],
            _ if deep.contains(&format) => ["0.7x", "1x"],
            _ => [""; 2],
        };
        row(&format!("{format:?}, RGBA in turn"), ours, Some(rgba), floor, aim);
    }
}
