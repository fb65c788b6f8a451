//! What stays behind of the way over the GPU: nothing, after many starts; and what a fork leaves: the CPU.
//! One test, as it counts what the whole process has open.
#![cfg(all(feature = "gpu", target_os = "linux"))]

mod common;

use std::time::Duration;

use common::{Random, buffer, bytes, element, harness, info, stat, wait_until};
use gst::prelude::*;
use gst_video::{VideoFormat, VideoInfo};
use gstcolorshine::workers::finish_gpu;

/// Starts after which memory is looked at for the first time: drivers keep things for later.
const WARM_UP: usize = 10;

const STARTS: usize = 50;

/// Growth of resident memory that is no leak, in bytes: a device's own memory is several times as much.
const NOISE: u64 = 4 << 20;

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

fn resident_bytes() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    4096 * pages.split(' ').nth(1).unwrap().parse::<u64>().unwrap()
}

/// One frame through an element of its own.
fn once(info: &VideoInfo, input: &gst::Buffer, backend: &str) -> (Vec<u8>, String) {
    let filter = element(&[("attractors", "red;50;50|teal;40;60"), ("method", "lut")]);
    filter.set_property_from_str("backend", backend);
    let mut harness = harness(&filter, info);
    let output = harness.push_and_pull(input.copy_deep().unwrap()).unwrap();
    let taken = stat::<String>(&filter, "backend");
    let weak = filter.downgrade();
    drop((harness, filter));
    wait_until("the element is gone", || weak.upgrade().is_none());
    // The device goes beside the stream.
    finish_gpu(Duration::from_secs(60));
    (bytes(&output), taken)
}

#[test]
fn starts_and_forks_leave_nothing_behind() {
    let info = info(VideoFormat::Nv12, 320, 180);
    let mut random = Random::new(3);
    let input = buffer(&info, 0, 0, || random.next() as u8);
    let (want, _) = once(&info, &input, "cpu");
    let (mut files, mut memory) = (0, 0);
    for start in 0..WARM_UP + STARTS {
        if start == WARM_UP {
            (files, memory) = (open_files(), resident_bytes());
        }
        let (output, backend) = once(&info, &input, "gpu");
        assert_eq!(backend, "gpu");
        assert!(output == want);
    }
    assert_eq!(open_files(), files);
    let grown = resident_bytes().saturating_sub(memory);
    println!("{STARTS} starts: {grown} bytes more");
    assert!(grown < NOISE, "{grown} bytes more after {STARTS} starts");

    a_fork_goes_on_with_the_cpu(&info, &input, &want);
}

/// In the child nothing of the parent's device may be used, nor any of its threads.
fn a_fork_goes_on_with_the_cpu(info: &VideoInfo, input: &gst::Buffer, want: &[u8]) {
    let filter =
        element(&[("attractors", "red;50;50|teal;40;60"), ("method", "lut"), ("backend", "gpu")]);
    let mut harness = harness(&filter, info);
    harness.push_and_pull(input.copy_deep().unwrap()).unwrap();
    assert_eq!(stat::<String>(&filter, "backend"), "gpu");
    let status = common::in_a_fork(|| {
        let output = harness.push_and_pull(input.copy_deep().unwrap()).unwrap();
        let is_right = bytes(&output) == want && stat::<String>(&filter, "backend") == "cpu";
        // A stream that begins in the child, on all threads.
        let fresh = element(&[
            ("attractors", "red;50;50|teal;40;60"),
            ("method", "lut"),
            ("n-threads", "2"),
        ]);
        fresh.set_property_from_str("backend", "gpu");
        let mut harness = crate::harness(&fresh, info);
        let output = harness.push_and_pull(input.copy_deep().unwrap()).unwrap();
        is_right && bytes(&output) == want && stat::<String>(&fresh, "backend") == "cpu"
    });
    assert_eq!(status, Some(true), "the child did not end well");
    // The parent's device is as it was.
    harness.push_and_pull(input.copy_deep().unwrap()).unwrap();
    assert_eq!(stat::<String>(&filter, "backend"), "gpu");
}
