//! What several test files need.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

pub mod codes;
pub mod exact;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use colorshine_core::attractor::{Channels, parse};
use colorshine_core::model::{Falloff, GamutMapping, Look, Model};
use colorshine_core::tolerance;
use colorshine_core::workers::{Team, simd_level};
use colorshine_video::Stream;
use gst::prelude::*;
use gst_video::{VideoFormat, VideoInfo};

/// Longest that any pipeline of a test may take.
pub const TIMEOUT: gst::ClockTime = gst::ClockTime::from_seconds(60);

/// Initialises GStreamer and registers the plugin of this build.
pub fn init() {
    use std::sync::Once;
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        gst::init().unwrap();
        gstcolorshine::plugin_register_static().unwrap();
    });
}

/// The element with some properties, given as in gst-launch. Nothing is kept on disk unless they say so.
pub fn element(properties: &[(&str, &str)]) -> gst::Element {
    init();
    let element =
        gst::ElementFactory::make("colorshine").property("cache-dir", "").build().unwrap();
    for (name, value) in properties {
        element.set_property_from_str(name, value);
    }
    element
}

/// A small generator of pseudo-random numbers (Marsaglia's xorshift), from a printed seed.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        println!("seed {seed}");
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// One whose seed is a name's alone, so that it gives the same whatever else is tested before it.
    pub fn of(name: &str) -> Self {
        // FNV-1a.
        let mix = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        Self::new(name.bytes().fold(0xcbf2_9ce4_8422_2325, mix))
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

pub fn info(format: VideoFormat, width: u32, height: u32) -> VideoInfo {
    init();
    VideoInfo::builder(format, width, height).fps(gst::Fraction::new(25, 1)).build().unwrap()
}

/// A buffer of `info` filled by `byte`, with the planes' rows `padding` bytes longer than they need to
/// be and planes `gap` bytes apart, described by a video meta where either is not 0.
pub fn buffer(
    info: &VideoInfo,
    padding: i32,
    gap: usize,
    mut byte: impl FnMut() -> u8,
) -> gst::Buffer {
    let planes = info.n_planes() as usize;
    let strides: Vec<i32> = info.stride()[..planes].iter().map(|s| s + padding).collect();
    let mut offsets = Vec::new();
    let mut end = gap;
    for (plane, stride) in strides.iter().enumerate() {
        offsets.push(end);
        let rows = (0..info.n_components() as u8)
            .filter(|c| info.comp_plane(*c) as usize == plane)
            .map(|c| info.comp_height(c))
            .max()
            .unwrap();
        // The chroma of interlaced 4:2:0 may need two rows more.
        end += (rows as usize + 2) * *stride as usize + gap;
    }
    let (size, has_meta) = match padding != 0 || gap != 0 {
        true => (end, true),
        false => (info.size(), false),
    };
    let data: Vec<u8> = (0..size).map(|_| byte()).collect();
    let mut buffer = gst::Buffer::from_mut_slice(data);
    let buffer_mut = buffer.get_mut().unwrap();
    buffer_mut.set_pts(gst::ClockTime::ZERO);
    if has_meta {
        gst_video::VideoMeta::add_full(
            buffer_mut,
            gst_video::VideoFrameFlags::empty(),
            info.format(),
            info.width(),
            info.height(),
            &offsets,
            &strides,
        )
        .unwrap();
    }
    buffer
}

/// All bytes of a buffer.
pub fn bytes(buffer: &gst::BufferRef) -> Vec<u8> {
    buffer.map_readable().unwrap().to_vec()
}

/// A harness around the element, with caps set on its sink pad.
pub fn harness(element: &gst::Element, info: &VideoInfo) -> gst_check::Harness {
    let mut harness = gst_check::Harness::with_element(element, Some("sink"), Some("src"));
    harness.set_src_caps(info.to_caps().unwrap());
    harness
}

/// The pipeline of a gst-launch line, whose elements keep nothing on disk.
///
/// # Errors
///
/// What is wrong with the line.
pub fn launch(line: &str) -> Result<gst::Pipeline, gst::glib::Error> {
    init();
    let pipeline = gst::parse::launch(line)?.downcast::<gst::Pipeline>().unwrap();
    for element in pipeline.iterate_all_by_element_factory_name("colorshine") {
        element.unwrap().set_property("cache-dir", "");
    }
    Ok(pipeline)
}

/// Runs a gst-launch line to its end.
///
/// # Errors
///
/// The text of the error message, or that time ran out.
pub fn run(line: &str) -> Result<(), String> {
    let pipeline = launch(line).map_err(|error| error.to_string())?;
    run_pipeline(pipeline.upcast_ref())
}

/// Runs a pipeline to its end and stops it.
///
/// # Errors
///
/// The text of the error message, or that time ran out.
pub fn run_pipeline(pipeline: &gst::Element) -> Result<(), String> {
    let bus = pipeline.bus().unwrap();
    let started = pipeline.set_state(gst::State::Playing);
    let types = [gst::MessageType::Eos, gst::MessageType::Error];
    let message = bus.timed_pop_filtered(TIMEOUT, &types);
    pipeline.set_state(gst::State::Null).unwrap();
    match message.as_ref().map(|message| message.view()) {
        Some(gst::MessageView::Eos(_)) if started.is_ok() => Ok(()),
        Some(gst::MessageView::Error(error)) => Err(error.error().to_string()),
        Some(_) => Err("the pipeline did not start".into()),
        None => Err("the pipeline did not end in time".into()),
    }
}

/// The look of the element's defaults with some attractors, and its radii by the gamut.
pub fn look(stream: &Stream, attractors: &str) -> (Look, Vec<f64>) {
    let look = Look {
        attractors: parse(attractors).unwrap(),
        channels: Channels::ALL,
        model: Model::Smooth,
        falloff: Falloff::Cosine,
        gamut_mapping: GamutMapping::Chroma,
        primaries: stream.primaries,
        input_lut: None,
        output_lut: None,
    };
    let points = tolerance::gamut::POINTS;
    let radii = tolerance::gamut::radii(
        &look.attractors,
        &look.primaries,
        points,
        simd_level(),
        Team::alone(),
    );
    (look, radii)
}

/// Encoded R'G'B', 0 to 1.
pub type Rgb = [f64; 3];

/// R'G'B' turned by one place: no axis, and no order of rows, can be taken for another unseen.
pub fn turn([r, g, b]: Rgb) -> Rgb {
    [g, b, r]
}

/// A 3D table of a transform, written here and not by the code under test.
pub fn cube_3d(size: usize, of: impl Fn(Rgb) -> Rgb) -> String {
    let mut text = format!("LUT_3D_SIZE {size}\n");
    let value = |i: usize| i as f64 / (size - 1) as f64;
    for i in 0..size.pow(3) {
        let [r, g, b] = of([value(i % size), value(i / size % size), value(i / size / size)]);
        text += &format!("{r:.6} {g:.6} {b:.6}\n");
    }
    text
}

/// A 1D table of a curve that all components share.
pub fn cube_1d(size: usize, of: impl Fn(f64) -> f64) -> String {
    let row = |i: usize| of(i as f64 / (size - 1) as f64);
    let rows: String = (0..size).map(row).map(|v| format!("{v:.6} {v:.6} {v:.6}\n")).collect();
    format!("LUT_1D_SIZE {size}\n{rows}")
}

/// A folder with files in it, for as long as a test runs.
pub struct Files(tempfile::TempDir);

impl Files {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file and returns its path.
    pub fn put(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().into()
    }
}

/// The plugin that cargo has built beside a test, in a folder of its own, and tools that find it there.
pub struct Installed(tempfile::TempDir);

impl Installed {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tests = std::env::current_exe().unwrap();
        let plugin = tests.with_file_name("libgstcolorshine.so");
        std::fs::copy(plugin, folder.path().join("libgstcolorshine.so")).unwrap();
        Self(folder)
    }

    /// A tool of GStreamer's, with a registry of its own.
    pub fn tool(&self, name: &str) -> std::process::Command {
        let mut tool = std::process::Command::new(name);
        tool.env("GST_PLUGIN_PATH", self.0.path())
            .env("GST_REGISTRY", self.0.path().join("registry.bin"))
            .env("XDG_CACHE_HOME", self.0.path());
        tool
    }
}

/// A field of the element's statistics.
pub fn stat<T: for<'a> gst::glib::value::FromValue<'a> + 'static>(
    element: &gst::Element,
    name: &str,
) -> T {
    element.property::<gst::Structure>("stats").value(name).unwrap().get().ok().unwrap()
}

/// What `work` says in a child of this process, which has none of its other threads; `None` if it does not
/// end in time, or not well.
#[cfg(unix)]
#[expect(unsafe_code, reason = "fork has no safe form")]
pub fn in_a_fork(work: impl FnOnce() -> bool) -> Option<bool> {
    // SAFETY: the child does no more than `work`, and ends without anybody's clean-up.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "no fork");
    if child == 0 {
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        // SAFETY: it does not return.
        unsafe { libc::_exit(result.map_or(2, i32::from)) };
    }
    let start = Instant::now();
    let mut status = 0;
    // SAFETY: the status is this function's own.
    while unsafe { libc::waitpid(child, &raw mut status, libc::WNOHANG) } == 0 {
        if start.elapsed() > Duration::from_secs(TIMEOUT.seconds()) {
            // SAFETY: the child is this function's own, and has not been waited for.
            unsafe { libc::kill(child, libc::SIGKILL) };
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    match (libc::WIFEXITED(status), libc::WEXITSTATUS(status)) {
        (true, 1) => Some(true),
        (true, 0) => Some(false),
        _ => None,
    }
}

/// Waits until `is_so`, at most as long as any test may take.
pub fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(TIMEOUT.seconds()), "still not: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Messages of a type that are on the bus now, as texts.
pub fn texts(bus: &gst::Bus, kind: gst::MessageType) -> Vec<String> {
    std::iter::from_fn(|| bus.pop_filtered(&[kind]))
        .map(|message| match message.view() {
            gst::MessageView::Warning(warning) => warning.error().to_string(),
            gst::MessageView::Error(error) => error.error().to_string(),
            gst::MessageView::Info(info) => info.error().to_string(),
            _ => String::new(),
        })
        .collect()
}

/// Vulkan's software renderers: part of their adapters' names, and the manifests that are installed.
pub fn software_renderers() -> Vec<(&'static str, PathBuf)> {
    let mesa = std::fs::read_dir("/usr/share/vulkan/icd.d").into_iter().flatten().flatten();
    let mesa = mesa.map(|entry| entry.path());
    let is_llvmpipe = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        name == "lvp_icd.json" || name == format!("lvp_icd.{}.json", std::env::consts::ARCH)
    };
    // Debian's chromium-common has it, and no other package.
    let swiftshader = PathBuf::from("/usr/lib/chromium/vk_swiftshader_icd.json");
    let llvmpipe = mesa.filter(is_llvmpipe).map(|path| ("llvmpipe", path));
    llvmpipe.chain([("swiftshader", swiftshader)]).filter(|(_, path)| path.exists()).collect()
}
