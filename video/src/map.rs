//! From a buffer to checked planes.

#![expect(unsafe_code, reason = "the mapping's own fields are read, and planes made of them")]

use std::fmt;
use std::marker::PhantomData;

use colorshine_core::frame::{Area, Layout, PlaneError, Planes, PlanesRef, RawPlane};
use gst::glib::translate::{ToGlibPtr, from_glib};
use gst_video::{VideoFormat, VideoFrameFlags, VideoInfo, VideoInterlaceMode, ffi};

/// Why a buffer cannot be processed.
#[derive(Clone, Debug, PartialEq)]
pub enum MapError {
    /// It cannot be mapped for reading, or for reading and writing.
    Unmappable,
    /// It is smaller than its caps say, and has no video meta to say otherwise: its bytes and those that the
    /// caps ask for; the bytes of a row of the first plane, and those from a row to the next.
    TooSmall([usize; 2], [usize; 2]),
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
            Self::Unmappable => write!(f, "it cannot be mapped"),
            Self::TooSmall([have, need], [row, stride]) => {
                write!(f, "it has {have} bytes, its caps ask for {need}: ")?;
                if row < stride {
                    write!(f, "rows of {row} bytes are to be padded to {stride}, ")?;
                } else {
                    write!(f, "rows have {row} bytes, ")?;
                }
                write!(f, "unless a video meta says otherwise")
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
    check(buffer, info, layout)?;
    let crop = crop(buffer, info);
    let frame = Mapping::writable(buffer, info)?;
    let (mut planes, layout) = frame.fit(info, layout, |layout, size, raw| {
        // SAFETY: the planes lie in memory mapped for reading and writing, of a buffer that is borrowed
        // exclusively; `frame` keeps it mapped until `work` has returned. Where a meta's own function has mapped it,
        // that it holds the picture is that function's word.
        unsafe { Planes::new(layout, size, raw) }
    })?;
    Ok(work(&mut planes, &layout, area(crop, frame.size())))
}

/// As [`with_mapped`], for reading: a buffer's memory is not copied, whoever else has it.
///
/// # Errors
///
/// As [`with_mapped`].
pub fn with_readable<R>(
    buffer: &gst::BufferRef,
    info: &VideoInfo,
    layout: &Layout,
    work: impl FnOnce(&PlanesRef<'_>, &Layout, Area) -> R,
) -> Result<R, MapError> {
    check(buffer, info, layout)?;
    let crop = crop(buffer, info);
    let frame = Mapping::readable(buffer, info)?;
    let (planes, layout) = frame.fit(info, layout, |layout, size, raw| {
        // SAFETY: the planes lie in memory mapped for reading, which GStreamer lets nobody write meanwhile; `frame`
        // keeps it mapped until `work` has returned. Of a meta's own function the same holds as above.
        unsafe { PlanesRef::new(layout, size, raw) }
    })?;
    Ok(work(&planes, &layout, area(crop, frame.size())))
}

/// Whether a buffer is as its caps say. GStreamer takes what is not for errors of its caller, not of the buffer's
/// maker.
fn check(buffer: &gst::BufferRef, info: &VideoInfo, layout: &Layout) -> Result<(), MapError> {
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
    } else if buffer.size() < info.size() {
        let row = layout.row_bytes(0, info.width() as usize);
        let stride = info.stride()[0].unsigned_abs() as usize;
        return Err(MapError::TooSmall([buffer.size(), info.size()], [row, stride]));
    }
    Ok(())
}

/// The picture in a buffer's frame: left, top, width and height.
fn crop(buffer: &gst::BufferRef, info: &VideoInfo) -> [u32; 4] {
    match buffer.meta::<gst_video::VideoCropMeta>().map(|meta| meta.rect()) {
        Some((x, y, width, height)) => [x, y, width, height],
        None => [0, 0, info.width(), info.height()],
    }
}

/// A picture's place, as far as it lies within the frame.
fn area([x, y, width, height]: [u32; 4], frame: [u32; 2]) -> Area {
    let end = |from: u32, length: u32, limit: u32| from.saturating_add(length).min(limit) as usize;
    let right = end(x, width, frame[0]);
    Area {
        columns: [x as usize, right],
        rows: [y as usize, end(y, height, frame[1])],
        processed_until: right,
    }
}

/// The layout of an interlaced frame whose rows of chroma are half as many as those of luma, rounded up, where
/// that leaves the last one without a partner of the other field and a row of luma without chroma.
fn without_partner(layout: &Layout, height: usize) -> Option<Layout> {
    let rows = height.div_ceil(1 << layout.sub_y);
    let is_short = layout.groups(height) > rows;
    is_short.then(|| Layout { unpaired_group: rows.checked_sub(1), ..*layout })
}

/// Whether GStreamer's own layout of an interlaced frame has a row of chroma for each field to the last. Of the
/// formats of 4:2:0 only some have.
fn has_rows_of_fields(format: VideoFormat, [width, height]: [u32; 2], layout: &Layout) -> bool {
    let info = VideoInfo::builder(format, width, height)
        .interlace_mode(VideoInterlaceMode::Interleaved)
        .build();
    let Ok(info) = info else {
        return false;
    };
    let offsets = info.offset();
    (0..layout.planes).filter(|plane| layout.has_fewer_rows(*plane)).all(|plane| {
        let next = offsets[..layout.planes].iter().filter(|offset| **offset > offsets[plane]).min();
        let end = next.copied().unwrap_or(info.size());
        let stride = info.stride()[plane].unsigned_abs() as usize;
        (end - offsets[plane]) / stride.max(1) >= layout.groups(height as usize)
    })
}

/// A buffer that is mapped as a frame, for as long as this lives.
struct Mapping<'a> {
    frame: ffi::GstVideoFrame,
    buffer: PhantomData<&'a gst::BufferRef>,
}

impl<'a> Mapping<'a> {
    fn writable(buffer: &'a mut gst::BufferRef, info: &VideoInfo) -> Result<Self, MapError> {
        // SAFETY: the buffer is borrowed exclusively, for longer than it is mapped.
        unsafe {
            Self::new(buffer.as_mut_ptr(), info, gst::ffi::GST_MAP_READ | gst::ffi::GST_MAP_WRITE)
        }
    }

    fn readable(buffer: &'a gst::BufferRef, info: &VideoInfo) -> Result<Self, MapError> {
        // SAFETY: the buffer is borrowed for longer than it is mapped; mapping for reading does not change it.
        unsafe { Self::new(buffer.as_ptr().cast_mut(), info, gst::ffi::GST_MAP_READ) }
    }

    /// # Safety
    ///
    /// The buffer must be borrowed for 'a, exclusively if the flags are for writing.
    unsafe fn new(
        buffer: *mut gst::ffi::GstBuffer,
        info: &VideoInfo,
        flags: gst::ffi::GstMapFlags,
    ) -> Result<Self, MapError> {
        // SAFETY: all fields are numbers and pointers, for which zero is a value. They are zero because a
        // video meta with a map function of its own need not write them all.
        let mut frame: ffi::GstVideoFrame = unsafe { std::mem::zeroed() };
        let flags = ffi::GST_VIDEO_FRAME_MAP_FLAG_NO_REF | flags;
        // SAFETY: the info is valid, and the buffer borrowed for longer than it is mapped.
        let is_mapped = unsafe {
            from_glib(ffi::gst_video_frame_map(&mut frame, info.to_glib_none().0, buffer, flags))
        };
        if is_mapped { Ok(Self { frame, buffer: PhantomData }) } else { Err(MapError::Unmappable) }
    }

    /// The frame's planes by `of`, from a layout, width and height, and memory; and that layout, which is `layout` with
    /// what is known of this frame.
    fn fit<T>(
        &self,
        info: &VideoInfo,
        layout: &Layout,
        of: impl Fn(&Layout, [usize; 2], &[RawPlane]) -> Result<T, PlaneError>,
    ) -> Result<(T, Layout), MapError> {
        let size = self.size().map(|length| length as usize);
        let (raw, is_trusted) = self.planes();
        let planes = |layout: Layout| {
            let planes = of(&layout, size, &raw[..layout.planes]).map_err(MapError::Planes)?;
            Ok((planes, layout))
        };
        let paired = Layout { is_interlaced: self.is_interlaced(), ..*layout };
        match without_partner(&paired, size[1]) {
            None => planes(paired),
            // Even where a format has memory for that as a rule, the buffer's maker need not have provided it.
            Some(unpaired)
                if !is_trusted && has_rows_of_fields(info.format(), self.size(), &paired) =>
            {
                planes(paired).or_else(|_| planes(unpaired))
            }
            Some(unpaired) => planes(unpaired),
        }
    }

    /// Width and height, which are a video meta's where there is one.
    fn size(&self) -> [u32; 2] {
        [self.frame.info.width, self.frame.info.height].map(i32::unsigned_abs)
    }

    fn is_interlaced(&self) -> bool {
        self.frame.flags & VideoFrameFlags::INTERLACED.bits() != 0
    }

    /// Where the planes are, and how much is mapped about them; and whether that is not known of any of them.
    ///
    /// A video meta's own map function (gstreamer-vaapi, MSDK) may give data and stride alone. They are then
    /// taken at their word, as GStreamer's own elements take them.
    fn planes(&self) -> ([RawPlane; 4], bool) {
        let frame = &self.frame;
        let mut is_trusted = false;
        let planes = std::array::from_fn(|plane| {
            // With a video meta every plane has a mapping of its own, else all share the first.
            let map = &frame.map[if frame.meta.is_null() { 0 } else { plane }];
            let data: *mut u8 = frame.data[plane].cast();
            let stride = frame.info.stride[plane] as isize;
            if map.memory.is_null() && !frame.meta.is_null() && !data.is_null() {
                is_trusted = true;
                return RawPlane { data, around: [usize::MAX; 2], stride };
            }
            let before = data.addr().wrapping_sub(map.data.addr());
            let around = map.size.checked_sub(before).map_or([0; 2], |after| [before, after]);
            RawPlane { data, around, stride }
        });
        (planes, is_trusted)
    }
}

impl Drop for Mapping<'_> {
    fn drop(&mut self) {
        // SAFETY: the frame is mapped, and is not used after this.
        unsafe { ffi::gst_video_frame_unmap(&mut self.frame) }
    }
}
