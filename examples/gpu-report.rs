//! What a bug report about a GPU needs to say: versions, adapter, driver, limits, and what becomes of some frames on
//! it, as hashes beside the CPU's. `make gpu-report` adds what the tests say, and figures.
//!
//! The environment's `GPU_ADAPTER` is part of the name of the adapter, else it is the best there is.

use std::process::ExitCode;

use gst::prelude::*;
use gst_video::{VideoFormat, VideoInfo};
use gstcolorshine::gpu::{AdapterRequest, Device};
use xxhash_rust::xxh64::xxh64;

const ATTRACTORS: &str = "#ff8a3d;45;60|oklch(50% 0.12 200);40;80";

/// One of each way in which components lie in memory.
const FORMATS: [VideoFormat; 7] = [
    VideoFormat::Rgba,
    VideoFormat::Bgr,
    VideoFormat::Rgb10a2Le,
    VideoFormat::Nv12,
    VideoFormat::I420,
    VideoFormat::Yuy2,
    VideoFormat::P01010le,
];

/// Ways of making a frame; a report is about these very ones.
const OUTPUTS: [(&str, &[(&str, &str)]); 3] = [
    ("table", &[("method", "lut"), ("lut-size", "33")]),
    ("table, dithered", &[("method", "lut"), ("lut-size", "33"), ("dither", "blue-noise")]),
    ("exact", &[("method", "exact")]),
];

/// Width and height: nothing that is a multiple of anything.
const SIZE: (u32, u32) = (317, 179);

/// One frame of noise, always the same, through the element: where it was done, and its bytes; `None` where it was not
/// done.
fn frame(
    info: &VideoInfo,
    backend: &str,
    adapter: &str,
    properties: &[(&str, &str)],
) -> Option<(String, Vec<u8>)> {
    let element = gst::ElementFactory::make("colorshine").property("cache-dir", "").build().ok()?;
    let all = [("attractors", ATTRACTORS), ("backend", backend), ("gpu-adapter", adapter)];
    for (name, value) in all.iter().chain(properties) {
        element.set_property_from_str(name, value);
    }
    let mut state = 1u64;
    let noise = (0..info.size()).map(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    });
    let mut input = gst::Buffer::from_mut_slice(noise.collect::<Vec<u8>>());
    input.get_mut()?.set_pts(gst::ClockTime::ZERO);
    let mut harness = gst_check::Harness::with_element(&element, Some("sink"), Some("src"));
    harness.set_src_caps(info.to_caps().ok()?);
    let output = harness.push_and_pull(input).ok()?;
    let done_by = element.property::<gst::Structure>("stats").get::<String>("backend").ok()?;
    let bytes = output.map_readable().ok()?.to_vec();
    Some((done_by, bytes))
}

fn main() -> ExitCode {
    if let Err(error) = gst::init() {
        eprintln!("GStreamer does not start: {error}");
        return ExitCode::FAILURE;
    }
    gstcolorshine::plugin_register_static().expect("a plugin that is not there yet");
    println!("# A report on colorshine's way over the GPU\n");
    println!("| | |\n|---|---|");
    println!("| colorshine | {} |", env!("CARGO_PKG_VERSION"));
    println!("| GStreamer | {} |", gst::version_string());
    println!("| system | {} {} |", std::env::consts::OS, std::env::consts::ARCH);
    let name = std::env::var("GPU_ADAPTER").ok().filter(|name| !name.is_empty());
    let request = AdapterRequest { name, may_be_software: true, ..AdapterRequest::default() };
    let device = match Device::open(&request) {
        Ok(device) => device,
        Err(error) => {
            println!("| adapter | {error} |");
            return ExitCode::FAILURE;
        }
    };
    for (name, value) in device.describe() {
        println!("| {name} | {value} |");
    }
    if device.is_software() {
        println!("\nThis adapter is a software renderer.");
    }
    println!("\n## Frames of {}x{}\n", SIZE.0, SIZE.1);
    println!(
        "A table's frames are the same bits on both; the exact model's may differ in the last code.\n"
    );
    println!(
        "| format | by | CPU | GPU | bytes that differ | by up to |\n|---|---|---|---|---|---|"
    );
    let mut is_fine = true;
    for format in FORMATS {
        let Ok(info) = VideoInfo::builder(format, SIZE.0, SIZE.1).fps((25, 1)).build() else {
            continue;
        };
        for (output, properties) in OUTPUTS {
            let by = |backend: &str| {
                let adapter = if backend == "gpu" { &**device.name() } else { "" };
                frame(&info, backend, adapter, properties).filter(|(done_by, _)| done_by == backend)
            };
            let (Some((_, cpu)), Some((_, gpu))) = (by("cpu"), by("gpu")) else {
                println!("| {format:?} | {output} | | not done by the GPU | | |");
                is_fine = false;
                continue;
            };
            let each = cpu.iter().zip(&gpu).map(|(a, b)| a.abs_diff(*b));
            let (differing, most) = each.fold((0, 0), |(count, most), difference| {
                (count + usize::from(difference != 0), most.max(difference))
            });
            is_fine &= differing == 0 || output == "exact";
            let [cpu, gpu] = [cpu, gpu].map(|bytes| xxh64(&bytes, 0));
            println!("| {format:?} | {output} | {cpu:016x} | {gpu:016x} | {differing} | {most} |");
        }
    }
    if is_fine { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
