//! What a device is trusted by, and that it can be found out. Frames of every format are compared in
//! `tests/gpu.rs`.

use super::probe::{Picture, SIZE, largest_difference};
use crate::gpu::{Device, Trouble, Wish, fault};

fn device() -> std::sync::Arc<Device> {
    let wish = Wish { name: None, may_be_software: true };
    Device::open(&wish).expect("a GPU, or a program that acts as one (mesa-vulkan-drivers)")
}

#[test]
fn a_known_frame_is_the_same() {
    let _one = fault::exclusive();
    assert_eq!(super::examine(&device()), Ok(()));
}

/// The probe sees a single code in a single sample.
#[test]
fn the_probe_can_fail() {
    let _one = fault::exclusive();
    let wrong = |frame: &mut [u8]| frame[SIZE[0] * 2 + 100] ^= 1;
    assert_eq!(largest_difference(&device(), wrong), Ok(1));
    assert_eq!(largest_difference(&device(), |_| ()), Ok(0));
    assert!(Picture::known().memory().0.len() > SIZE[0] * SIZE[1]);
}

#[test]
fn an_adapter_that_is_not_there_is_told_with_those_that_are() {
    let wish = Wish { name: Some("abacus".into()), may_be_software: true };
    let Err(Trouble::NoAdapter(Some(name), found)) = Device::open(&wish) else {
        panic!("an abacus");
    };
    assert_eq!(name, "abacus");
    assert!(!found.is_empty());
}

#[test]
fn a_device_is_shared_until_its_last_user_goes() {
    let _one = fault::exclusive();
    let [one, two] = [device(), device()];
    assert!(std::sync::Arc::ptr_eq(&one, &two));
    // By part of its name it is the same.
    let name = one.name()[..4].to_uppercase();
    let named = Device::open(&Wish { name: Some(name), may_be_software: true }).expect("it");
    assert!(std::sync::Arc::ptr_eq(&one, &named));
    let weak = std::sync::Arc::downgrade(&one);
    drop((one, two, named));
    assert!(weak.upgrade().is_none());
}
