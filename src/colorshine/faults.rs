//! The GPU taken away in mid-stream, between any two steps of a frame: every frame comes out whole, in order,
//! and each loss is told once.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use gst::prelude::*;
use gst_video::{VideoFormat, VideoInfo};

use crate::gpu::fault::{self, Fault, Step};
use crate::gpu::{AdapterRequest, Device, GpuError};
use crate::workers::finish_gpu;

/// Frames take their time, so that those that are held leave with others, on the thread that faults are planned on.
fn info(width: u32, height: u32) -> VideoInfo {
    info_at(gst::Fraction::new(1, 60), [width, height])
}

fn info_at(rate: gst::Fraction, [width, height]: [u32; 2]) -> VideoInfo {
    let info = VideoInfo::builder(VideoFormat::Nv12, width, height).fps(rate);
    info.build().expect("an ordinary format")
}

/// Width and height of frames that faults strike.
const SIZE: [u32; 2] = [66, 70];

/// Each frame has radii of its own.
const MEASURED: &[(&str, &str)] = &[("tolerance-reference", "frame"), ("adaptation-time", "0")];

/// An element with some properties in a harness, and the bus that it talks to. Frames have several bands.
fn stream(
    backend: &str,
    depth: u32,
    [width, height]: [u32; 2],
    properties: &[(&str, &str)],
) -> (gst::Element, gst_check::Harness, gst::Bus) {
    gst::init().expect("GStreamer");
    crate::plugin_register_static().ok();
    let element = gst::ElementFactory::make("colorshine")
        .property("attractors", "#ff8a3d;45;60|oklch(50% 0.12 200);40;80")
        .property_from_str("method", "lut")
        .property("lut-size", 9u32)
        .property("tile-size", 16u32)
        .property("cache-dir", "")
        .property("pipeline-depth", depth)
        .property_from_str("backend", backend)
        .build()
        .expect("the element");
    properties.iter().for_each(|(name, value)| element.set_property_from_str(name, value));
    let bus = gst::Bus::new();
    let mut harness = gst_check::Harness::with_element(&element, Some("sink"), Some("src"));
    element.set_bus(Some(&bus));
    harness.set_src_caps(info(width, height).to_caps().expect("caps"));
    (element, harness, bus)
}

fn frame(number: u64, [width, height]: [u32; 2]) -> gst::Buffer {
    let mut state = number + 1;
    let bytes = (0..info(width, height).size()).map(|_| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    });
    let mut buffer = gst::Buffer::from_mut_slice(bytes.collect::<Vec<u8>>());
    let frame = buffer.get_mut().expect("a buffer of one's own");
    frame.set_pts(gst::ClockTime::from_mseconds(40) * number);
    frame.set_duration(gst::ClockTime::from_mseconds(40));
    buffer
}

fn stat<T: for<'a> gst::glib::value::FromValue<'a> + 'static>(
    element: &gst::Element,
    name: &str,
) -> T {
    let stats = element.property::<gst::Structure>("stats");
    stats.get::<T>(name).expect("a field of the statistics")
}

fn warnings(bus: &gst::Bus) -> usize {
    std::iter::from_fn(|| bus.pop_filtered(&[gst::MessageType::Warning])).count()
}

/// Has as many frames struck by faults.
fn strike(
    depth: u32,
    struck: u32,
    properties: &[(&str, &str)],
    faults: impl Fn(u32) -> (Step, u32, Fault),
) {
    let _one = fault::exclusive();
    let (element, mut harness, bus) = stream("gpu", depth, SIZE, properties);
    let (_, mut by_cpu, _) = stream("cpu", 1, SIZE, properties);
    let mut pushed = 0;
    let mut push = |harness: &mut gst_check::Harness| {
        assert_eq!(harness.push(frame(pushed, SIZE)), Ok(gst::FlowSuccess::Ok));
        pushed += 1;
    };
    push(&mut harness);
    assert_eq!(stat::<String>(&element, "backend"), "gpu");
    // That the GPU is a software renderer, where it is one.
    warnings(&bus);
    for number in 0..struck {
        let (step, turn, fault) = faults(number);
        fault::plan(step, turn, fault);
        let mut tries = 0;
        while fault::is_planned() {
            assert!(tries < 100, "{step:?} {turn} {fault:?} does not come to pass");
            push(&mut harness);
            tries += 1;
        }
        // What the fault has done shows when it is next looked at.
        let mut tries = 0;
        while stat::<u64>(&element, "device-lost") <= u64::from(number) {
            assert!(tries < 10, "{step:?} {turn} {fault:?} was not noticed");
            push(&mut harness);
            tries += 1;
        }
        let mut tries = 0;
        while stat::<String>(&element, "backend") != "gpu" {
            assert!(tries < 100, "{step:?} {turn} {fault:?}: the GPU does not come back");
            finish_gpu(Duration::from_secs(60));
            push(&mut harness);
            tries += 1;
        }
    }
    assert!(harness.push_event(gst::event::Eos::new()));
    for number in 0..pushed {
        let got = harness.pull().expect("as many frames as were pushed");
        let want = by_cpu.push_and_pull(frame(number, SIZE)).expect("a frame");
        assert_eq!(got.pts(), want.pts());
        let [got, want] = [&got, &want].map(|frame| frame.map_readable().expect("memory").to_vec());
        let first = got.iter().zip(&want).position(|(a, b)| a != b);
        assert_eq!(first, None, "frame {number} differs from this byte on");
    }
    assert_eq!(harness.buffers_in_queue(), 0);
    assert_eq!(stat::<u64>(&element, "device-lost"), u64::from(struck));
    assert_eq!(warnings(&bus), struck as usize, "one warning for each loss");
}

#[test]
fn a_device_that_is_destroyed_at_any_step_costs_no_frame() {
    // A frame has five bands.
    strike(1, 100, &[], |number| (Step::ALL[number as usize % 4], number / 4 % 5, Fault::Destroy));
}

#[test]
fn frames_in_flight_are_done_again_when_the_device_is_destroyed() {
    strike(3, 40, &[], |number| (Step::ALL[number as usize % 4], number / 4 % 5, Fault::Destroy));
}

#[test]
fn whatever_goes_wrong_costs_no_frame() {
    let faults = [Fault::Timeout, Fault::OutOfMemory, Fault::Unmapped, Fault::Panic];
    strike(2, 32, &[], |number| {
        let fault = faults[number as usize % 4];
        (Step::ALL[number as usize / 4 % 4], number % 5, fault)
    });
}

/// Of a frame's ten writes the first five are for measuring it, and the first wait and read are for the counts.
#[test]
fn frames_are_measured_again_when_the_device_is_destroyed() {
    let turns = |number: u32| match Step::ALL[number as usize % 4] {
        step @ (Step::Write | Step::Submit) => (step, number / 4 % 5),
        step => (step, 0),
    };
    let faults =
        [Fault::Destroy, Fault::Timeout, Fault::OutOfMemory, Fault::Unmapped, Fault::Panic];
    for (depth, struck) in [(1, 20), (3, 8)] {
        strike(depth, struck, MEASURED, |number| {
            let (step, turn) = turns(number);
            (step, turn, faults[number as usize % 5])
        });
    }
}

/// Frames with radii of their own are each measured from, and looked up in, numbers that are sent before them.
#[test]
fn looks_are_sent_again_when_the_device_is_destroyed() {
    let faults = [Fault::Destroy, Fault::OutOfMemory, Fault::Panic];
    strike(1, 6, MEASURED, |number| (Step::Fill, 0, faults[number as usize % 3]));
}

/// Measuring takes a frame's bands to the GPU once more, in the frame that they are for.
#[test]
fn the_gpu_measures() {
    let _one = fault::exclusive();
    for (properties, writes) in [(&[][..], 5), (MEASURED, 10)] {
        let (element, mut harness, _) = stream("gpu", 1, SIZE, properties);
        let mut push = |number| drop(harness.push_and_pull(frame(number, SIZE)).expect("a frame"));
        push(0);
        fault::plan(Step::Write, writes, Fault::Timeout);
        push(1);
        assert!(fault::is_planned(), "a frame has no more than {writes} writes");
        fault::plan(Step::Write, writes - 1, Fault::Timeout);
        push(2);
        assert!(!fault::is_planned(), "a frame has {writes} writes");
        assert_eq!(stat::<u64>(&element, "device-lost"), 1);
    }
}

/// Frames leave by themselves when nothing comes, on a thread of the element's, and are done there as anywhere.
#[test]
fn held_frames_leave_though_the_device_is_gone() {
    let _one = fault::exclusive();
    for is_lost in [true, false] {
        let (element, mut harness, _) = stream("gpu", 4, SIZE, &[]);
        let (_, mut by_cpu, _) = stream("cpu", 1, SIZE, &[]);
        let brisk = info_at(gst::Fraction::new(10, 1), SIZE);
        harness.set_src_caps(brisk.to_caps().expect("caps"));
        for number in 0..3 {
            harness.push(frame(number, SIZE)).expect("a frame is taken");
        }
        assert_eq!(stat::<String>(&element, "backend"), "gpu");
        if is_lost {
            let request = AdapterRequest { may_be_software: true, ..AdapterRequest::default() };
            Device::open(&request).expect("the device that is open").destroy();
        }
        for number in 0..3 {
            let got = harness.pull().expect("a frame that leaves by itself");
            let want = by_cpu.push_and_pull(frame(number, SIZE)).expect("a frame");
            let [got, want] =
                [&got, &want].map(|frame| frame.map_readable().expect("memory").to_vec());
            assert!(got == want, "frame {number}");
        }
        assert_eq!(stat::<u64>(&element, "device-lost") > 0, is_lost);
    }
}

/// With another backend frames are another's, but those that the GPU has are not begun anew.
#[test]
fn frames_in_flight_are_finished_before_the_backend_changes() {
    let _one = fault::exclusive();
    let (element, mut harness, _) = stream("gpu", 3, SIZE, &[]);
    let mut push = |number| harness.push(frame(number, SIZE)).expect("a frame is taken");
    push(0);
    push(1);
    element.set_property_from_str("backend", "cpu");
    // Two frames of five bands are under way.
    fault::plan(Step::Wait, 9, Fault::Timeout);
    push(2);
    assert!(!fault::is_planned(), "the GPU was not waited for");
    push(3);
    assert_eq!(harness.buffers_in_queue(), 4);
}

/// Has each device that is opened meanwhile fail so.
struct InTheWay;

impl InTheWay {
    fn new(error: &GpuError) -> Self {
        Self::set(Some(error.clone()));
        Self
    }

    fn set(error: Option<GpuError>) {
        *fault::IN_THE_WAY.lock().unwrap_or_else(PoisonError::into_inner) = error;
    }
}

impl Drop for InTheWay {
    fn drop(&mut self) {
        Self::set(None);
    }
}

/// Has `auto` take a software renderer for a GPU meanwhile.
struct SoftwareIsReal;

impl SoftwareIsReal {
    fn new() -> Self {
        fault::IS_SOFTWARE_REAL.store(true, Ordering::Relaxed);
        Self
    }
}

impl Drop for SoftwareIsReal {
    fn drop(&mut self) {
        fault::IS_SOFTWARE_REAL.store(false, Ordering::Relaxed);
    }
}

/// Pushes up to as many frames through until the backend is as wanted; whether it is.
fn comes_to(
    wanted: &str,
    element: &gst::Element,
    harness: &mut gst_check::Harness,
    tries: u64,
) -> bool {
    (0..tries).any(|number| {
        finish_gpu(Duration::from_secs(60));
        drop(harness.push_and_pull(frame(number, SIZE)).expect("a frame"));
        stat::<String>(element, "backend") == wanted
    })
}

/// What is not there when a stream begins is told once, where it was insisted on, and not looked for again.
#[test]
fn a_gpu_that_cannot_be_opened_is_told_once() {
    let _one = fault::exclusive();
    let errors = [
        GpuError::NoAdapter(None, Vec::new()),
        GpuError::OnlySoftware("an abacus".into()),
        GpuError::NoDevice("planned".into()),
        GpuError::WrongPicture(7),
        GpuError::Refused("planned".into()),
    ];
    for error in errors {
        let in_the_way = InTheWay::new(&error);
        let (element, mut harness, bus) = stream("gpu", 1, SIZE, &[]);
        drop(in_the_way);
        assert!(!comes_to("gpu", &element, &mut harness, 5), "{error:?}: it is tried again");
        assert_eq!(warnings(&bus), 1, "{error:?}");
        assert_eq!(stat::<u64>(&element, "device-lost"), 0);
    }
}

/// One that has been there and is lost may not be there for some time.
#[test]
fn a_gpu_that_goes_comes_back() {
    let _one = fault::exclusive();
    let errors = [
        GpuError::NoAdapter(None, Vec::new()),
        GpuError::OnlySoftware("an abacus".into()),
        GpuError::NoDevice("planned".into()),
        GpuError::WrongPicture(7),
        GpuError::Timeout(Duration::from_secs(5)),
    ];
    for error in errors {
        let (element, mut harness, bus) = stream("gpu", 1, SIZE, &[]);
        assert!(comes_to("gpu", &element, &mut harness, 1));
        warnings(&bus);
        let in_the_way = InTheWay::new(&error);
        fault::plan(Step::Wait, 0, Fault::Destroy);
        assert!(!comes_to("gpu", &element, &mut harness, 6), "{error:?}");
        drop(in_the_way);
        assert_eq!(warnings(&bus), 1, "{error:?}: one for the loss");
        assert!(comes_to("gpu", &element, &mut harness, 5), "{error:?}: it does not come back");
    }
}

/// Frames that are too small for it to be worth the way are not tried, though there is a GPU.
#[test]
fn auto_leaves_small_frames_to_the_cpu() {
    let _one = fault::exclusive();
    let _real = SoftwareIsReal::new();
    let (element, mut harness, _) = stream("auto", 1, SIZE, &[]);
    assert!(!comes_to("gpu", &element, &mut harness, 20));
    assert_eq!(stat::<String>(&element, "adapter"), "");
}

/// Both sides do some frames, whose pictures are the same; the slower one does no more, now and in the next
/// stream. That a software renderer is the slower one is no more than a guess, so who wins is not asked.
#[test]
fn auto_tries_both_and_remembers() {
    let _one = fault::exclusive();
    let _real = SoftwareIsReal::new();
    let size = [640, 360];
    let mut seen = Vec::new();
    for _ in 0..2 {
        let (element, mut harness, _) = stream("auto", 1, size, &[]);
        let (_, mut by_cpu, _) = stream("cpu", 1, size, &[]);
        let mut backends = Vec::new();
        for number in 0..40 {
            let [got, want] = [&mut harness, &mut by_cpu].map(|harness| {
                let frame = harness.push_and_pull(frame(number, size)).expect("a frame");
                frame.map_readable().expect("memory").to_vec()
            });
            assert!(got == want, "frame {number}");
            backends.push(stat::<String>(&element, "backend"));
            finish_gpu(Duration::from_secs(60));
        }
        seen.push(backends);
    }
    let [first, second] = [&seen[0], &seen[1]];
    let winner = first.last().expect("frames");
    assert!(
        first.iter().any(|backend| backend == "cpu")
            && first.iter().any(|backend| backend == "gpu")
    );
    // The GPU is opened during the first frame.
    assert!(second[2..].iter().all(|backend| backend == winner), "{second:?}");
    if winner == "cpu" {
        // No GPU is opened any more, so nothing can be wrong with it.
        let _in_the_way = InTheWay::new(&GpuError::WrongPicture(7));
        let (_, mut harness, bus) = stream("auto", 1, size, &[]);
        for number in 0..3 {
            finish_gpu(Duration::from_secs(60));
            drop(harness.push_and_pull(frame(number, size)).expect("a frame"));
        }
        assert_eq!(warnings(&bus), 0);
    }
}
