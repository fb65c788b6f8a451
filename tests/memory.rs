//! Buffers that are mapped by functions of their makers' own.

#![expect(unsafe_code, reason = "a video meta's map functions are C functions")]

mod common;

use std::cell::Cell;

use common::{buffer, bytes, element, harness, info};
use gst::ffi::{GstMapFlags, GstMapInfo};
use gst::glib::ffi::{GFALSE, GTRUE, gboolean, gpointer};
use gst_video::VideoFormat;
use gst_video::ffi::GstVideoMeta;

const WIDTH: usize = 64;
const HEIGHT: usize = 48;

/// What a map function says beside data and stride.
#[derive(Clone, Copy, Debug)]
enum Says {
    /// Nothing, as those of gstreamer-vaapi and MSDK.
    Nothing,
    /// That nothing is mapped.
    Empty,
    /// The memory that the planes lie in.
    Memory,
    /// Numbers that mean nothing.
    Nonsense,
}

thread_local! {
    static SURFACE: Cell<*mut u8> = const { Cell::new(std::ptr::null_mut()) };
    static SAYS: Cell<Says> = const { Cell::new(Says::Nothing) };
}

/// Gives the planes of an NV12 surface whose rows are twice as long as they need be.
unsafe extern "C" fn map(
    _meta: *mut GstVideoMeta,
    plane: u32,
    info: *mut GstMapInfo,
    data: *mut gpointer,
    stride: *mut i32,
    flags: GstMapFlags,
) -> gboolean {
    let surface = SURFACE.get();
    // SAFETY: all that is pointed to is the caller's; the surface has both planes.
    unsafe {
        *data = surface.add(plane as usize * 2 * WIDTH * HEIGHT).cast();
        *stride = 2 * WIDTH as i32;
        (*info).flags = flags;
        match SAYS.get() {
            Says::Nothing => {}
            Says::Empty => {
                (*info).data = std::ptr::null_mut();
                (*info).size = 0;
            }
            Says::Memory => {
                (*info).data = surface;
                (*info).size = 2 * WIDTH * HEIGHT * 3 / 2;
            }
            Says::Nonsense => {
                (*info).data = std::ptr::without_provenance_mut(usize::MAX);
                (*info).size = usize::MAX;
            }
        }
    }
    GTRUE
}

unsafe extern "C" fn unmap(
    _meta: *mut GstVideoMeta,
    _plane: u32,
    _info: *mut GstMapInfo,
) -> gboolean {
    GTRUE
}

unsafe extern "C" fn refuse(
    _meta: *mut GstVideoMeta,
    _plane: u32,
    _info: *mut GstMapInfo,
    _data: *mut gpointer,
    _stride: *mut i32,
    _flags: GstMapFlags,
) -> gboolean {
    GFALSE
}

/// Leaves something on the stack that is not zero.
#[inline(never)]
fn litter_the_stack() {
    std::hint::black_box([0x7fu8; 16384]);
}

#[test]
fn frames_that_a_meta_maps_itself_are_processed() {
    let info = info(VideoFormat::Nv12, WIDTH as u32, HEIGHT as u32);
    let grey = || 100;
    let properties = [("attractors", "red;100;100"), ("backend", "cpu")];
    let want = {
        let element = element(&properties);
        bytes(&harness(&element, &info).push_and_pull(buffer(&info, 0, 0, grey)).unwrap())
    };
    for says in [Says::Nothing, Says::Empty, Says::Memory, Says::Nonsense] {
        let element = element(&properties);
        let mut harness = harness(&element, &info);
        let mut surface = vec![100u8; 2 * WIDTH * HEIGHT * 3 / 2];
        SURFACE.set(surface.as_mut_ptr());
        SAYS.set(says);
        let mut input = buffer(&info, 4, 0, grey);
        let before = bytes(&input);
        let meta = input.get_mut().unwrap().meta_mut::<gst_video::VideoMeta>().unwrap();
        // SAFETY: the buffer is this function's own.
        unsafe {
            let meta = meta.as_ptr().cast_mut();
            (*meta).map = Some(map);
            (*meta).unmap = Some(unmap);
        }
        litter_the_stack();
        let out = harness.push_and_pull(input).unwrap();
        let rows = surface.chunks_exact(2 * WIDTH);
        let picture: Vec<u8> = rows.clone().flat_map(|row| &row[..WIDTH]).copied().collect();
        assert!(picture == want, "{says:?}: another picture");
        assert!(
            rows.clone().all(|row| row[WIDTH..].iter().all(|b| *b == 100)),
            "{says:?}: padding"
        );
        // The surface was worked on, not what lies in the buffer beside it.
        assert!(bytes(&out) == before, "{says:?}");
    }
}

#[test]
fn frames_that_a_meta_refuses_to_map_are_an_error() {
    let info = info(VideoFormat::Nv12, WIDTH as u32, HEIGHT as u32);
    let element = element(&[("attractors", "red;100;100"), ("backend", "cpu")]);
    let bus = gst::Bus::new();
    gst::prelude::ElementExt::set_bus(&element, Some(&bus));
    let mut harness = harness(&element, &info);
    let mut input = buffer(&info, 4, 0, || 100);
    let meta = input.get_mut().unwrap().meta_mut::<gst_video::VideoMeta>().unwrap();
    // SAFETY: the buffer is this function's own.
    unsafe { (*meta.as_ptr().cast_mut()).map = Some(refuse) };
    assert_eq!(harness.push(input), Err(gst::FlowError::Error));
    let errors = common::texts(&bus, gst::MessageType::Error);
    assert!(errors.len() == 1 && errors[0].contains("cannot be mapped"), "{errors:?}");
}
