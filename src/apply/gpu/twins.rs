//! Frames over the GPU against the CPU's.
use super::*;
use crate::gpu::{Wish, fault};

#[test]
fn a_known_frame_is_the_same() {
    let _one = fault::exclusive();
    let t = std::time::Instant::now();
    let device = Device::open(&Wish { name: None, may_be_software: true }).unwrap();
    println!("{} open {:?}", device.name(), t.elapsed());
    let t = std::time::Instant::now();
    examine(&device).unwrap();
    println!("examine {:?}", t.elapsed());
    for texts in [LATTICE, EXACT] {
    let t = std::time::Instant::now();
    let layout = crate::frame::Layout { components: [0,1,2].map(|p| crate::frame::Component::byte(0, p, 4)), planes: 1, sub_x: 0, sub_y: 0, is_cosited_x: false, is_cosited_y: false, is_interlaced: false };
            let constants = constants(&layout);
            device.pipeline(&Program { texts, entry_point: "apply", constants }).unwrap();
    println!("pipeline {:?}", t.elapsed());
    }
    let t = std::time::Instant::now();
    drop(device);
    println!("drop {:?}", t.elapsed());
}
