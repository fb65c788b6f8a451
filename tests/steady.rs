//! Promise 7 in the steady state: no allocation for a frame, and no growth over many.

#![expect(unsafe_code, reason = "a counting allocator wraps the system's")]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{buffer, element, harness, info};
use gst::prelude::*;
use gst_video::VideoFormat;

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is the system allocator's own; a count is kept beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations of Rust code while frames go through the element. GStreamer's own are not counted: they
/// are made in C.
fn allocations_of(properties: &[(&str, &str)], frames: usize) -> usize {
    let element = element(properties);
    // A GPU's driver allocates as it likes.
    element.set_property_from_str("backend", "cpu");
    let info = info(VideoFormat::Nv12, 640, 360);
    let mut harness = harness(&element, &info);
    let mut frame = Some(buffer(&info, 0, 0, || 0x60));
    let mut once = || {
        let input = frame.take().unwrap();
        frame = Some(harness.push_and_pull(input).unwrap());
    };
    (0..10).for_each(|_| once());
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    (0..frames).for_each(|_| once());
    ALLOCATIONS.load(Ordering::Relaxed) - before
}

// One test, so that no other allocates meanwhile.
#[test]
fn frames_allocate_nothing() {
    let attractors = ("attractors", "red;50;75|teal;30;60");
    for method in ["lut", "exact"] {
        let one_thread = [attractors, ("method", method), ("n-threads", "1")];
        assert_eq!(allocations_of(&one_thread, 200), 0, "{method}, one thread");
        // The thread pool's queue takes a new block for every few dozen frames.
        let two_threads = [attractors, ("method", method), ("n-threads", "2")];
        let count = allocations_of(&two_threads, 640);
        assert!(count <= 640 / 16, "{method}, two threads: {count} allocations for 640 frames");
    }
    assert_eq!(allocations_of(&[("mix", "0"), attractors], 200), 0, "passthrough");

    let resident = || {
        let text = std::fs::read_to_string("/proc/self/statm").unwrap();
        text.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
    };
    allocations_of(&[attractors], 100);
    let before = resident();
    allocations_of(&[attractors], 1000);
    let grown = resident().saturating_sub(before);
    assert!(grown < 4 << 20, "1000 frames have left {grown} bytes behind");
}
