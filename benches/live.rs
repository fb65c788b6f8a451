//! Live pipelines: a photograph sixty times a second through the element, for ten seconds, on all
//! threads, as it is and while the look changes a hundred times a second. Counts the frames that came too
//! late (QoS messages) and what the CPU did.
//!
//! `cargo bench --bench live` prints a table as Markdown.

#[expect(dead_code, reason = "a picture in memory is for other benches")]
mod common;

use std::time::{Duration, Instant};

use common::ATTRACTORS;
use gst::prelude::*;

const SECONDS: u64 = 10;
const RATE: u64 = 60;

/// Changes of the look in each second, where it changes.
const CHANGES: u64 = 100;

/// CPU time of this process so far, all threads, from `/proc/self/stat`.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name in parentheses; user and system time are the 14th and 15th of all, in 1/100 s.
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<u64>().ok());
    Duration::from_millis(10 * ticks.sum::<u64>())
}

/// Frames that were too late, and CPU time, of a pipeline with or without the element, and with changes of
/// the look or none.
fn run(
    format: &str,
    [width, height]: [u32; 2],
    element: &str,
    has_changes: bool,
) -> (usize, Duration) {
    let photo = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/photos/astronaut.png");
    let line = format!(
        "filesrc location={photo} ! pngdec ! videoscale ! videoconvert \
         ! video/x-raw,format={format},width={width},height={height} \
         ! imagefreeze is-live=true num-buffers={} ! video/x-raw,framerate={RATE}/1 \
         {element} ! fakesink sync=true qos=true max-lateness=16000000",
        SECONDS * RATE
    );
    let pipeline: gst::Pipeline =
        gst::parse::launch(&line).expect("a pipeline").downcast().expect("a pipeline");
    pipeline.set_state(gst::State::Playing).expect("a live pipeline");
    let (start, cpu) = (Instant::now(), cpu_time());
    let changes = has_changes.then(|| {
        let element = pipeline.by_name("shine").expect("the element");
        std::thread::spawn(move || change_looks(&element, start))
    });
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
    if let Some(changes) = changes {
        changes.join().expect("changes");
    }
    pipeline.set_state(gst::State::Null).expect("an end");
    (late, cpu)
}

/// Looks that are all different, so that each is baked.
fn change_looks(element: &gst::Element, start: Instant) {
    for change in 0..SECONDS * CHANGES {
        let due = start + Duration::from_millis(1000 * change / CHANGES);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let hue = change * 137 % 360;
        element
            .set_property("attractors", format!("oklch(60% 0.15 {hue});{};60", 30 + change % 31));
    }
}

fn main() {
    // `cargo test --all-targets` starts benches too, without this argument.
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("nothing is measured without --bench");
        return;
    }
    gst::init().expect("GStreamer");
    gstcolorshine::plugin_register_static().expect("the plugin");
    println!("| {SECONDS} s at {RATE} frames a second | too late | CPU | CPU without the filter |");
    println!("|---|---|---|---|");
    let (hd, uhd) = ([1920, 1080], [3840, 2160]);
    for (format, size, properties, has_changes) in [
        ("NV12", hd, "", false),
        ("NV12", hd, "", true),
        ("NV12", hd, "transition-time=500000000", true),
        ("NV12", hd, "tolerance-reference=frame", false),
        ("NV12", hd, "tolerance-reference=frame", true),
        ("v210", hd, "", false),
        ("UYVY", hd, "", false),
        ("NV12", uhd, "", false),
        ("P010_10LE", uhd, "", false),
    ] {
        let (_, without) = run(format, size, "", false);
        let element = format!("! colorshine name=shine attractors=\"{ATTRACTORS}\" {properties}");
        let (late, with) = run(format, size, &element, has_changes);
        let percent = |cpu: Duration| 100.0 * cpu.as_secs_f64() / SECONDS as f64;
        println!(
            "| {format} {}x{} {properties}{} | {late} of {} | {:.0} % of a core | {:.0} % |",
            size[0],
            size[1],
            if has_changes { ", 100 changes a second" } else { "" },
            SECONDS * RATE,
            percent(with),
            percent(without)
        );
    }
}
