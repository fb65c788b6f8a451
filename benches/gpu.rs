//! A frame's way over the GPU: what each step takes on the device, against what its memory allows, and frames
//! per second through the element, against the CPU with all its cores. All in one run.
//!
//! `cargo bench --bench gpu` prints it as Markdown. The environment's `GPU_ADAPTER` is part of the name of the
//! adapter to measure, else it is the best there is; `-- --quick` takes frames of 640x360 alone.

#[expect(dead_code, reason = "a picture of one size is for other benches")]
mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{ATTRACTORS, info_of, photograph_of};
use gst::prelude::*;
use gst_video::VideoFormat;
use gstcolorshine::apply::gpu::{Manner, Room, Stage, Task, Times};
use gstcolorshine::apply::{Dither, Finish, Method};
use gstcolorshine::attractor::{Channels, parse};
use gstcolorshine::color::oklab::Primaries;
use gstcolorshine::frame::{Stream, with_mapped};
use gstcolorshine::gpu::{Device, Trouble, Wish};
use gstcolorshine::lut::{Interpolation, bake};
use gstcolorshine::model::lanes::ExactKernel;
use gstcolorshine::model::{Falloff, GamutMapping, Look, Model};
use gstcolorshine::tolerance::gamut;
use gstcolorshine::workers::{Team, cores, simd_level};

const FORMATS: [VideoFormat; 3] = [VideoFormat::Rgba, VideoFormat::Nv12, VideoFormat::P01010le];
const SIZES: [[u32; 2]; 3] = [[1920, 1080], [3840, 2160], [7680, 4320]];
const QUICK_SIZES: [[u32; 2]; 1] = [[640, 360]];

/// Nodes per axis.
const LUT_SIZE: usize = 33;

/// Runs of each step, of which the median counts.
const REPEATS: usize = 9;

/// Frames through the element that count, and those before.
const FRAMES: usize = 40;
const WARM_UP: usize = 10;

/// The steps of a frame that is one band.
fn steps(device: &Arc<Device>, format: VideoFormat, size: [u32; 2]) -> Result<Times, Trouble> {
    let info = info_of(format, size);
    let stream = Stream::new(&info);
    let look = Look {
        attractors: parse(ATTRACTORS).expect("attractors"),
        channels: Channels::ALL,
        model: Model::Smooth,
        falloff: Falloff::Cosine,
        gamut_mapping: GamutMapping::Chroma,
        primaries: Primaries::BT709,
        input_lut: None,
        output_lut: None,
    };
    let radii =
        gamut::radii(&look.attractors, &look.primaries, gamut::POINTS, simd_level(), Team::alone());
    let kernel = ExactKernel::new(&look, &radii, &stream.codes, simd_level());
    let lattice = bake(&kernel, &stream.codes, LUT_SIZE, Team::of_bakes());
    let method = Method::Lattice(Arc::new(lattice), Interpolation::Tetrahedral);
    let manner = Manner { finish: Finish::new(stream.codes.depth, 1.0), dither: Dither::None };
    let mut frame = photograph_of(format, size);
    let frame = frame.get_mut().expect("the only reference");
    let room = Room { frames: 1, rows: Some(16), memory: u64::MAX };
    let team = Team::of_rows(cores());
    with_mapped(frame, &info, &stream.layout, |planes, layout, area| {
        let task = Task { layout, area: &area, method: &method, manner, room, team };
        Stage::new(device, layout, &area, room)?.times(planes, &task, REPEATS)
    })
    .expect("a frame")
}

/// Frames per second through the element, which come from the system's memory and end up there.
fn frames_per_second(
    format: VideoFormat,
    size: [u32; 2],
    adapter: Option<&str>,
    depth: u32,
) -> f64 {
    let element = gst::ElementFactory::make("colorshine")
        .property("attractors", ATTRACTORS)
        .property("cache-dir", "")
        .property_from_str("method", "lut")
        .property("lut-size", LUT_SIZE as u32)
        .property("n-threads", 0u32)
        .property("pipeline-depth", depth)
        .property_from_str("backend", if adapter.is_some() { "gpu" } else { "cpu" })
        .property("gpu-adapter", adapter.unwrap_or_default())
        .build()
        .expect("the element");
    let mut harness = gst_check::Harness::with_element(&element, Some("sink"), Some("src"));
    harness.set_src_caps(info_of(format, size).to_caps().expect("caps"));
    // Frames that have come out go in again: none is copied for the bench's sake.
    let source = photograph_of(format, size);
    let mut spare: Vec<_> = (0..depth + 1).map(|_| source.copy_deep().expect("memory")).collect();
    let mut start = Instant::now();
    let mut done = 0;
    while done < WARM_UP + FRAMES {
        harness.push(spare.pop().expect("as many frames as are held back")).expect("a frame");
        while let Some(frame) = harness.try_pull() {
            spare.push(frame);
            done += 1;
            if done == WARM_UP {
                start = Instant::now();
            }
        }
    }
    let time = start.elapsed();
    let backend = element.property::<gst::Structure>("stats").get::<String>("backend");
    let wanted = if adapter.is_some() { "gpu" } else { "cpu" };
    assert_eq!(backend.as_deref(), Ok(wanted), "{format:?} {size:?}: frames went another way");
    FRAMES as f64 / time.as_secs_f64()
}

fn main() {
    // `cargo test --all-targets` starts benches too, without this argument.
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("nothing is measured without --bench");
        return;
    }
    let is_quick = std::env::args().any(|argument| argument == "--quick");
    gst::init().expect("GStreamer");
    gstcolorshine::plugin_register_static().expect("the plugin");
    let name = std::env::var("GPU_ADAPTER").ok().filter(|name| !name.is_empty());
    let device = match Device::open(&Wish { name, may_be_software: true }) {
        Ok(device) => device,
        Err(trouble) => {
            eprintln!("nothing to measure: {trouble}");
            std::process::exit(1);
        }
    };
    let adapter = device.name();
    println!("## {adapter}\n");
    if device.is_software() {
        println!("This adapter is a program on the CPU: its figures say nothing about GPUs.\n");
    }
    let sizes: &[[u32; 2]] = if is_quick { &QUICK_SIZES } else { &SIZES };
    let cases = || sizes.iter().flat_map(|size| FORMATS.map(|format| (format, *size)));

    println!(
        "Milliseconds of a frame's steps. The floor of the kernel is a copy of as many bytes within the"
    );
    println!("device's memory. The CPU's copies are made by {} threads.\n", cores());
    println!(
        "| frame | copy in | upload | kernel | floor | kernel / floor | read-back | copy out |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for (format, [width, height]) in cases() {
        let what = format!("{format:?} {width}x{height}");
        match steps(&device, format, [width, height]) {
            Ok(Times { device, copy_in, copy_out }) => {
                let ms = |time: Duration| format!("{:.3}", time.as_secs_f64() * 1e3);
                println!(
                    "| {what} | {} | {} | {} | {} | {:.2} | {} | {} |",
                    ms(copy_in),
                    ms(device.upload),
                    ms(device.kernel),
                    ms(device.copy),
                    device.kernel.as_secs_f64() / device.copy.as_secs_f64(),
                    ms(device.download),
                    ms(copy_out),
                );
            }
            Err(trouble) => println!("| {what} | {trouble} | | | | | | |"),
        }
    }

    println!(
        "\nFrames per second through the element, from and to the system's memory; the CPU has {} cores.\n",
        cores()
    );
    println!("| frame | CPU | depth 1 | depth 2 | depth 3 | best / CPU |");
    println!("|---|---|---|---|---|---|");
    for (format, size) in cases() {
        let cpu = frames_per_second(format, size, None, 1);
        let gpu = [1, 2, 3].map(|depth| frames_per_second(format, size, Some(adapter), depth));
        let best = gpu.into_iter().fold(0.0, f64::max);
        let [one, two, three] = gpu;
        println!(
            "| {format:?} {}x{} | {cpu:.1} | {one:.1} | {two:.1} | {three:.1} | {:.2} |",
            size[0],
            size[1],
            best / cpu
        );
    }
}
