//! A frame's way over the GPU: what each step takes on the device, against what its memory allows, and frames
//! per second through the element, against the CPU with all its cores. All in one run.
//!
//! `cargo bench --bench gpu` prints it as Markdown. The environment's `GPU_ADAPTER` is part of the name of the
//! adapter to measure, else it is the best there is; `-- --quick` takes frames of 640x360 alone, for a shorter time.
//!
//! For a machine without Rust, `cargo bench --bench gpu --no-run` names the program that it builds, which needs
//! nothing of the checkout: GStreamer's libraries (`ldd` names them), no plugins, and the Vulkan loader. Started by
//! hand it wants `--full` or `--quick`.

#[expect(dead_code, reason = "a picture of one size is for other benches")]
mod common;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use colorshine_core::apply::{Dither, Evaluator, Finish};
use colorshine_core::attractor::{Channels, parse};
use colorshine_core::color::oklab::Primaries;
use colorshine_core::lut::{Interpolation, bake};
use colorshine_core::model::lanes::ExactKernel;
use colorshine_core::model::{Falloff, GamutMapping, Look, Model};
use colorshine_core::tolerance::gamut;
use colorshine_core::workers::{Team, cores, simd_level};
use colorshine_video::{Stream, with_mapped};
use common::{ATTRACTORS, info_of, photograph_of};
use gst::prelude::*;
use gst_video::VideoFormat;
use gstcolorshine::apply::gpu::{Stage, Times};
use gstcolorshine::apply::{Budget, Task};
use gstcolorshine::gpu::{AdapterRequest, Device, GpuError};

const FORMATS: [VideoFormat; 3] = [VideoFormat::Rgba, VideoFormat::Nv12, VideoFormat::P01010le];
const SIZES: [[u32; 2]; 3] = [[1920, 1080], [3840, 2160], [7680, 4320]];
const QUICK_SIZES: [[u32; 2]; 1] = [[640, 360]];

/// Nodes per axis.
const LUT_SIZE: usize = 33;

/// Runs of each step, of which the median counts.
const REPEATS: usize = 9;

/// Runs of each way through the element, of which the median counts.
const RUNS: usize = 3;

/// How long frames go through the element before they count, and while they do; at least [`FEWEST`] each time.
const WARM_UP: Duration = Duration::from_millis(250);
const FULL_TIME: Duration = Duration::from_secs(1);
const QUICK_TIME: Duration = Duration::from_millis(200);
const FEWEST: usize = 10;

/// Frames that go in one after the other take about as many bytes, and are no more and no fewer than this.
const BATCH_BYTES: usize = 512 << 20;
const BATCH: [usize; 2] = [12, 64];

/// Ways through the element: by the CPU, or over the GPU with some number of frames under way.
const WAYS: [Option<u32>; 4] = [None, Some(1), Some(2), Some(3)];

/// Frames of a kind.
struct Case {
    format: VideoFormat,
    size: [u32; 2],
    photograph: gst::Buffer,
}

impl Case {
    fn new(format: VideoFormat, size: [u32; 2]) -> Self {
        Self { format, size, photograph: photograph_of(format, size) }
    }

    fn frame(&self) -> gst::Buffer {
        self.photograph.copy_deep().expect("memory")
    }

    /// How many frames go in one after the other.
    fn batch(&self) -> usize {
        (BATCH_BYTES / self.photograph.size()).clamp(BATCH[0], BATCH[1])
    }

    /// Makes frames the photograph again.
    fn restore(&self, frames: &mut [gst::Buffer]) {
        let photograph = self.photograph.map_readable().expect("memory");
        let share = frames.len().div_ceil(cores()).max(1);
        std::thread::scope(|scope| {
            for frames in frames.chunks_mut(share) {
                scope.spawn(|| {
                    for frame in frames {
                        let frame = frame.get_mut().expect("the only reference");
                        frame.copy_from_slice(0, &photograph).expect("as much memory");
                    }
                });
            }
        });
    }
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [width, height] = self.size;
        write!(f, "{:?} {width}x{height}", self.format)
    }
}

/// The value in the middle of an odd number of them.
fn median(mut values: [f64; RUNS]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[RUNS / 2]
}

/// The steps of a frame that is one band.
fn steps(device: &Arc<Device>, case: &Case) -> Result<Times, GpuError> {
    let info = info_of(case.format, case.size);
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
    let evaluator = Evaluator::Lattice(Arc::new(lattice), Interpolation::Tetrahedral);
    let (finish, dither) = (Finish::new(stream.codes.depth, 1.0), Dither::None);
    let mut frame = case.frame();
    let frame = frame.get_mut().expect("the only reference");
    let budget = Budget { frames: 1, rows: Some(16), memory: u64::MAX };
    let team = Team::of_rows(cores());
    with_mapped(frame, &info, &stream.layout, |planes, layout, area| {
        let task =
            Task { layout, area: &area, evaluator: &evaluator, finish, dither, budget, team };
        Stage::new(device, layout, &area, budget)?.times(planes, &task, REPEATS)
    })
    .expect("a frame")
}

/// Frames per second through the element, which come from the system's memory and end up there. `None` if one of them
/// did not go the way that is wanted. `spare` are frames that another way has left.
fn frames_per_second(
    case: &Case,
    spare: &mut Vec<gst::Buffer>,
    adapter: &str,
    way: Option<u32>,
    time: Duration,
) -> Option<f64> {
    let (backend, adapter) = if way.is_some() { ("gpu", adapter) } else { ("cpu", "") };
    let depth = way.unwrap_or(1);
    let element = gst::ElementFactory::make("colorshine")
        .property("attractors", ATTRACTORS)
        .property("cache-dir", "")
        .property_from_str("method", "lut")
        .property("lut-size", LUT_SIZE as u32)
        .property("n-threads", 0u32)
        .property("pipeline-depth", depth)
        .property_from_str("backend", backend)
        .property("gpu-adapter", adapter)
        .build()
        .expect("the element");
    let mut harness = gst_check::Harness::with_element(&element, Some("sink"), Some("src"));
    harness.set_src_caps(info_of(case.format, case.size).to_caps().expect("caps"));
    let missing = case.batch().saturating_sub(spare.len());
    spare.extend((0..missing).map(|_| case.frame()));
    let mut rate = 0.0;
    for time in [WARM_UP, time] {
        let (mut done, mut spent) = (0, Duration::ZERO);
        while done < FEWEST || spent < time {
            // A picture that has the look laid on over and over would become an easy one.
            case.restore(spare);
            let frames = std::mem::take(spare);
            done += frames.len() - depth as usize;
            let mut start = Instant::now();
            for (number, frame) in frames.into_iter().enumerate() {
                // By then those that were under way in the pause have come out.
                if number == depth as usize {
                    start = Instant::now();
                }
                harness.push(frame).expect("a frame");
                // Some 4 µs, of every way.
                let stats = element.property::<gst::Structure>("stats");
                if stats.get::<&str>("backend") != Ok(backend) {
                    return None;
                }
                spare.extend(std::iter::from_fn(|| harness.try_pull()));
            }
            spent += start.elapsed();
        }
        rate = done as f64 / spent.as_secs_f64();
    }
    harness.push_event(gst::event::Eos::new());
    spare.extend(std::iter::from_fn(|| harness.try_pull()));
    Some(rate)
}

/// The table of what each step takes.
fn print_steps(device: &Arc<Device>, cases: &[Case]) {
    println!(
        "\
## Milliseconds of a frame's steps

- copy in, copy out: to and from memory that is mapped for the device, by {} threads. Where what
  is mapped for writing lies on the device (resizable BAR), the bus is crossed in \"copy in\", and
  \"upload\" is a copy within the device.
- upload, read-back: the device's copies from and to that memory.
- floor: a copy of as many bytes within the device's memory, as its driver does it.
- MB: what the kernel reads and writes, as does the copy that is its floor. Each step is done over
  and over on the same memory: where MB is not well above the device's last cache (50 MB or so on
  large GPUs: all of 1920x1080, and 3840x2160 in part), kernel and floor are those of the cache,
  not of the memory.
- clock: whose times those of the device's steps are.

| frame | MB | copy in | upload | kernel | floor | kernel / floor | read-back | copy out | clock |",
        cores()
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for case in cases {
        let times = match steps(device, case) {
            Ok(times) => times,
            Err(error) => {
                println!("| {case} | {error} | | | | | | | | |");
                continue;
            }
        };
        let Times { device, copy_in, copy_out } = times;
        let ms = |time: Duration| match time {
            Duration::ZERO => "-".into(),
            time => format!("{:.4}", time.as_secs_f64() * 1e3),
        };
        let ratio = match [device.kernel, device.copy] {
            [Duration::ZERO, _] | [_, Duration::ZERO] => "-".into(),
            [kernel, copy] => format!("{:.2}", kernel.as_secs_f64() / copy.as_secs_f64()),
        };
        println!(
            "| {case} | {:.1} | {} | {} | {} | {} | {ratio} | {} | {} | {} |",
            2e-6 * case.photograph.size() as f64,
            ms(copy_in),
            ms(device.upload),
            ms(device.kernel),
            ms(device.copy),
            ms(device.download),
            ms(copy_out),
            if device.is_devices_clock { "device" } else { "CPU" },
        );
    }
}

/// The table of frames per second. Whether all frames went the way they should.
fn print_rates(adapter: &str, cases: &[Case], time: Duration) -> bool {
    println!("\n## Frames per second through the element\n");
    println!(
        "From and to the system's memory, medians of {RUNS} runs of {:.1} s. The CPU has {} cores.\n",
        time.as_secs_f64(),
        cores()
    );
    println!("| frame | CPU | depth 1 | depth 2 | depth 3 | best / CPU |");
    println!("|---|---|---|---|---|---|");
    let mut is_fine = true;
    for case in cases {
        // The ways in turn, because machines drift.
        let mut rates = [[Some(0.0); RUNS]; WAYS.len()];
        let mut spare = Vec::new();
        for run in 0..RUNS {
            for (way, rates) in WAYS.into_iter().zip(&mut rates) {
                rates[run] = frames_per_second(case, &mut spare, adapter, way, time);
            }
        }
        let rates = rates.map(|[a, b, c]| Some(median([a?, b?, c?])));
        is_fine &= rates.iter().all(Option::is_some);
        let [cpu, one, two, three] = rates.map(|rate| match rate {
            Some(rate) => format!("{rate:.1}"),
            None => "went another way".into(),
        });
        let best = rates[1..].iter().flatten().copied().fold(0.0, f64::max);
        let ratio = match rates[0] {
            Some(cpu) if best > 0.0 => format!("{:.2}", best / cpu),
            _ => "-".into(),
        };
        println!("| {case} | {cpu} | {one} | {two} | {three} | {ratio} |");
    }
    is_fine
}

fn main() -> ExitCode {
    let has = |flag: &str| std::env::args().any(|argument| argument == flag);
    let is_quick = has("--quick");
    // `cargo bench` gives the last of these; `cargo test --all-targets` starts benches too, with none.
    if !is_quick && !has("--full") && !has("--bench") {
        println!("nothing is measured without --full or --quick");
        return ExitCode::SUCCESS;
    }
    gst::init().expect("GStreamer");
    gstcolorshine::plugin_register_static().expect("the plugin");
    let name = std::env::var("GPU_ADAPTER").ok().filter(|name| !name.is_empty());
    let device =
        match Device::open(&AdapterRequest { name, may_be_software: true, has_clock: true }) {
            Ok(device) => device,
            Err(error) => {
                eprintln!("nothing to measure: {error}");
                return ExitCode::FAILURE;
            }
        };
    let adapter = device.name();
    println!("# {adapter}\n");
    if device.is_software() {
        println!("This adapter is a software renderer: its figures say nothing about GPUs.\n");
    }
    let (sizes, time) =
        if is_quick { (&QUICK_SIZES[..], QUICK_TIME) } else { (&SIZES[..], FULL_TIME) };
    let cases: Vec<Case> =
        sizes.iter().flat_map(|size| FORMATS.map(|format| Case::new(format, *size))).collect();
    print_steps(&device, &cases);
    if print_rates(adapter, &cases, time) {
        ExitCode::SUCCESS
    } else {
        eprintln!("frames went another way than was asked for");
        ExitCode::FAILURE
    }
}
