//! What a device is trusted by, and that it can be found out. Frames of every format are compared in
//! `tests/gpu.rs`.

use super::self_test::{largest_difference, node};
use crate::gpu::fault::{self, Fault, Step};
use crate::gpu::{AdapterRequest, Device, GpuError};

fn device() -> std::sync::Arc<Device> {
    let request = AdapterRequest { may_be_software: true, ..AdapterRequest::default() };
    Device::open(&request).expect("a GPU, or a software renderer (mesa-vulkan-drivers)")
}

#[test]
fn a_known_frame_is_the_same() {
    let _one = fault::exclusive();
    assert_eq!(super::self_test(&device()), Ok(()));
}

/// The probe sees a lattice whose entries are the least too large, and one whose axes are exchanged.
#[test]
fn the_probe_can_fail() {
    let _one = fault::exclusive();
    assert_eq!(largest_difference(&device(), node), Ok(0));
    let larger = |[x, y, z]: [i32; 3]| node([x, y, z]).map(|difference| difference + 1);
    assert_eq!(largest_difference(&device(), larger), Ok(1));
    let exchanged = |[x, y, z]: [i32; 3]| node([y, x, z]);
    assert!(largest_difference(&device(), exchanged).is_ok_and(|codes| codes > 50));
}

/// A device that has memory for one band and no more does one after the other.
#[test]
fn less_memory_than_wanted_is_made_do_with() {
    let _one = fault::exclusive();
    let device = device();
    // The second of the bands that are wanted.
    fault::plan(Step::Slot, 1, Fault::OutOfMemory);
    assert_eq!(largest_difference(&device, node), Ok(0));
    assert!(!fault::is_planned());
    fault::plan(Step::Slot, 0, Fault::OutOfMemory);
    assert!(matches!(largest_difference(&device, node), Err(GpuError::OutOfMemory(_))));
}

#[test]
fn an_adapter_that_is_not_there_is_told_with_those_that_are() {
    let request = AdapterRequest { name: Some("abacus".into()), ..AdapterRequest::default() };
    let Err(GpuError::NoAdapter(Some(name), found)) = Device::open(&request) else {
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
    let named =
        AdapterRequest { name: Some(name), may_be_software: true, ..AdapterRequest::default() };
    let named = Device::open(&named).expect("it");
    assert!(std::sync::Arc::ptr_eq(&one, &named));
    let weak = std::sync::Arc::downgrade(&one);
    drop((one, two, named));
    assert!(weak.upgrade().is_none());
}
