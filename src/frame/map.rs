//! From a buffer to checked planes.

#![expect(unsafe_code, reason = "the mapping's own fields are read, and planes made of them")]

use std::fmt;

use gst_video::prelude::*;
use gst_video::{VideoFrameFlags, VideoFrameRef, VideoInfo};

use super::{Area, Layout, PlaneError, Planes, RawPlane};

/// Why a buffer cannot be processed.
#[derive(Clone, Debug, PartialEq)]
pub enum MapError {
    /// It cannot be mapped for reading and writing, or is smaller than its caps say.
    Unmappable,
    /// Its video meta names another format than the caps.
    Format(gst_video::VideoFormat),
    /// Its video meta names a smaller size than the caps: the meta's.
    Size(u32, u32),
    /// Its video meta names another number of planes than its format has: the meta's.
    PlaneCount(u32),
    /// Its planes do not hold the picture.
    Planes(PlaneError),
}

impl fmt::Display for MapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unmappable => {
                write!(f, "it cannot be mapped for writing, or is smaller than its caps say")
            }
            Self::Format(format) => write!(f, "its video meta says {format:?}, its caps do not"),
            Self::Size(width, height) => {
                write!(f, "its video meta says {width}x{height}, its caps say more")
            }
            Self::PlaneCount(count) => {
                write!(f, "its video meta has {count} planes, its format has another number")
            }
            Self::Planes(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for MapError {}

/// Maps `buffer` and calls `work` with its planes, their layout and the picture's place in them: the
/// crop meta's rectangle, else the caps' size from the top left corner.
///
/// # Errors
///
/// What keeps the buffer from being processed, see [`MapError`]; `work` has then not been called.
pub fn with_mapped<R>(
    buffer: &mut gst::BufferRef,
    info: &VideoInfo,
    layout: &Layout,
    work: impl FnOnce(&mut Planes<'_>, &Layout, Area) -> R,
) -> Result<R, MapError> {
    let crop = buffer.meta::<gst_video::VideoCropMeta>().map(|meta| meta.rect());
    // GStreamer takes these for errors of its caller, not of the buffer's maker.
    if let Some(meta) = buffer.meta::<gst_video::VideoMeta>() {
        if meta.format() != info.format() {
            return Err(MapError::Format(meta.format()));
        }
        if meta.n_planes() != info.n_planes() {
            return Err(MapError::PlaneCount(meta.n_planes()));
        }
        if meta.width() < info.width() || meta.height() < info.height() {
            return Err(MapError::Size(meta.width(), meta.height()));
        }
    }
    let frame =
        VideoFrameRef::from_buffer_ref_writable(buffer, info).map_err(|_| MapError::Unmappable)?;
    let (width, height) = (frame.width(), frame.height());
    let (x, y, w, h) = crop.unwrap_or((0, 0, info.width(), info.height()));
    let end = |from: u32, length: u32, limit: u32| from.saturating_add(length).min(limit) as usize;
    let right = end(x, w, width);
    let area = Area {
        columns: [x as usize, right],
        rows: [y as usize, end(y, h, height)],
        processed_until: right,
    };
    let layout =
        Layout { is_interlaced: frame.flags().contains(VideoFrameFlags::INTERLACED), ..*layout };
    // SAFETY: the frame is mapped and its fields are initialised for as long as `frame` lives.
    let mapped = unsafe { &*frame.as_ptr() };
    let raw: [RawPlane; 4] = std::array::from_fn(|plane| {
        // With a video meta every plane has a mapping of its own, else all share the first.
        let map = &mapped.map[if mapped.meta.is_null() { 0 } else { plane }];
        let data: *mut u8 = mapped.data[plane].cast();
        let before = data.addr().wrapping_sub(map.data.addr());
        let (before, after) = match map.size.checked_sub(before) {
            Some(after) => (before, after),
            None => (0, 0),
        };
        RawPlane { data, around: [before, after], stride: mapped.info.stride[plane] as isize }
    });
    let size = [width as usize, height as usize];
    // SAFETY: the planes lie in memory mapped for reading and writing, of a buffer that is borrowed
    // exclusively; `frame` keeps it mapped until `work` has returned.
    let mut planes =
        unsafe { Planes::new(&layout, size, &raw[..layout.planes]) }.map_err(MapError::Planes)?;
    Ok(work(&mut planes, &layout, area))
}
