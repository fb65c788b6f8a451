//! Frames over the GPU against the CPU's.
use super::*;
use crate::gpu::{Wish, fault};

#[test]
fn a_known_frame_is_the_same() {
    let _one = fault::exclusive();
    let device = Device::open(&Wish { name: None, may_be_software: true }).unwrap();
    println!("{}", device.name());
    examine(&device).unwrap();
}
