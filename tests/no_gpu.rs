//! The plugin that is built without the way over the GPU says so, and the CPU does the work.
#![cfg(not(feature = "gpu"))]

mod common;

use common::{buffer, element, harness, info, stat, texts};
use gst::prelude::*;
use gst_video::VideoFormat;

#[test]
fn what_is_asked_of_the_gpu_the_cpu_does() {
    let filter = element(&[("attractors", "red;50;50"), ("pipeline-depth", "4")]);
    let bus = gst::Bus::new();
    let info = info(VideoFormat::Rgba, 32, 16);
    let mut harness = harness(&filter, &info);
    filter.set_bus(Some(&bus));
    let mut warnings = |backend: &str| {
        filter.set_property_from_str("backend", backend);
        for _ in 0..2 {
            harness.push_and_pull(buffer(&info, 0, 0, || 0x60)).unwrap();
        }
        assert_eq!(stat::<String>(&filter, "backend"), "cpu");
        texts(&bus, gst::MessageType::Warning)
    };
    assert_eq!(warnings("auto"), Vec::<String>::new());
    let told = warnings("gpu");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("built without the cargo feature gpu"), "{told:?}");
    assert_eq!(warnings("cpu"), Vec::<String>::new());
}
