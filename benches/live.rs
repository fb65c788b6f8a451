//! Live pipelines: a photograph sixty times a second through the element, for ten seconds, on all
//! threads. Counts the frames that came too late (QoS messages) and what the CPU did.
//!
//! `cargo bench --bench live` prints a table as Markdown.

use std::time::{Duration, Instant};

use gst::prelude::*;

const ATTRACTORS: &str = "#ff8a3d;40;60|#3f7fbf;35;50";
const SECONDS: u64 = 10;
const RATE: u64 = 60;

/// CPU time of this process so far, all threads, from `/proc/self/stat`.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name in parentheses; user and system time are the 14th and 15th of all, in 1/100 s.
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<u64>().ok());
    Duration::from_millis(10 * ticks.sum::<u64>())
}

/// Frames that were too late, and CPU time, of a pipeline with or without the element.
fn run(format: &str, width: u32, height: u32, element: &str) -> (usize, Duration) {
    let photo = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/photos/astronaut.png");
    let line = format!(
        "filesrc location={photo} ! pngdec ! videoscale ! videoconvert \
         ! video/x-raw,format={format},width={width},height={height} \
         ! imagefreeze is-live=true num-buffers={} ! video/x-raw,framerate={RATE}/1 \
         {element} ! fakesink sync=true qos=true max-lateness=16000000",
        SECONDS * RATE
    );
    let pipeline = gst::parse::launch(&line).expect("a pipeline");
    pipeline.set_state(gst::State::Playing).expect("a live pipeline");
    let (start, cpu) = (Instant::now(), cpu_time());
    let bus = pipeline.bus().expect("a bus");
    let mut late = 0;
    while start.elapsed() < Duration::from_secs(3 * SECONDS) {
        let Some(message) = bus.timed_pop(gst::ClockTime::SECOND) else {
            continue;
        };
        match message.view() {
            gst::MessageView::Qos(_) => late += 1,
            gst::MessageView::Eos(_) => break,
            gst::MessageView::Error(error) => panic!("{}", error.error()),
            _ => (),
        }
    }
    let cpu = cpu_time() - cpu;
    pipeline.set_state(gst::State::Null).expect("an end");
    (late, cpu)
}

fn main() {
    // `cargo test --all-targets` starts benches too, without this argument.
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("nothing is measured without --bench");
        return;
    }
    gst::init().expect("GStreamer");
    gstcolorshine::plugin_register_static().expect("the plugin");
    let element = format!("! colorshine attractors=\"{ATTRACTORS}\"");
    println!("| {SECONDS} s at {RATE} frames a second | too late | CPU | CPU without the filter |");
    println!("|---|---|---|---|");
    for (format, width, height) in
        [("NV12", 1920, 1080), ("NV12", 3840, 2160), ("P010_10LE", 3840, 2160)]
    {
        let (_, without) = run(format, width, height, "");
        let (late, with) = run(format, width, height, &element);
        let percent = |cpu: Duration| 100.0 * cpu.as_secs_f64() / SECONDS as f64;
        println!(
            "| {format} {width}x{height} | {late} of {} | {:.0} % of a core | {:.0} % |",
            SECONDS * RATE,
            percent(with),
            percent(without)
        );
    }
}
