//! A frame's memory as checked planes of rows, cut into bands that threads may work on at once.
//!
//! Invariants, established by [`Planes::new`] and relied upon by every `unsafe` block here:
//! 1. each row that [`Layout`] and the frame's size call for lies within mapped memory, which is writable but for
//!    [`PlanesRef`];
//! 2. no two rows of any planes share a byte;
//! 3. a row belongs to one group, and groups to one band, so that bands never share a row.

#![expect(unsafe_code, reason = "rows of mapped memory are lent to several threads")]

use std::fmt;
use std::marker::PhantomData;
use std::slice;

use super::{Area, Layout};
use crate::workers::{Team, for_each};

/// A plane as the mapping gives it.
#[derive(Clone, Copy, Debug)]
pub struct RawPlane {
    /// First byte of the first row.
    pub data: *mut u8,
    /// Mapped bytes before `data`, and from `data` on; as many as there may be where whoever has mapped them does
    /// not say, and is trusted.
    pub around: [usize; 2],
    /// Bytes from a row to the next; negative where rows run upwards.
    pub stride: isize,
}

/// Why a mapping cannot hold the frame it is said to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaneError {
    /// The plane's rows overlap: the plane, its stride, and the bytes of a row.
    StrideTooSmall(usize, isize, usize),
    /// The plane's last row ends outside the mapped memory: the plane, the bytes that it needs, and how many of
    /// them are mapped.
    TooSmall(usize, usize, usize),
    /// Two planes share memory.
    Overlap(usize, usize),
}

impl fmt::Display for PlaneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StrideTooSmall(plane, stride, row) => {
                write!(f, "plane {plane} has a stride of {stride} bytes for rows of {row} bytes")
            }
            Self::TooSmall(plane, need, have) => {
                write!(f, "plane {plane} needs {need} bytes, the buffer has {have} of them")
            }
            Self::Overlap(a, b) => write!(f, "planes {a} and {b} share memory"),
        }
    }
}

impl std::error::Error for PlaneError {}

/// Rows of one plane.
#[derive(Clone, Copy)]
struct Plane {
    data: *mut u8,
    stride: isize,
    row_bytes: usize,
    rows: usize,
    has_fewer_rows: bool,
}

/// The planes that hold a frame's colour, borrowed for as long as the frame is mapped.
pub struct Planes<'a> {
    layout: Layout,
    size: [usize; 2],
    planes: [Option<Plane>; 4],
    groups: usize,
    mapped: PhantomData<&'a mut [u8]>,
}

/// The rows of some groups, for one thread.
pub struct Band<'a> {
    planes: &'a Planes<'a>,
    groups: [usize; 2],
}

// SAFETY: the pointers stand for memory that is exclusively borrowed for 'a; rows reach threads only
// through bands, which share none (invariant 3).
unsafe impl Sync for Planes<'_> {}

impl<'a> Planes<'a> {
    /// Checks that the planes hold a frame of `width` x `height` in `layout`. Planes that hold no
    /// colour (alpha) are not looked at.
    ///
    /// # Safety
    ///
    /// The bytes around each plane's `data` must be mapped for reading and writing, and be accessed by
    /// nothing else, for 'a.
    ///
    /// # Errors
    ///
    /// What does not fit, see [`PlaneError`].
    pub unsafe fn new(
        layout: &Layout,
        [width, height]: [usize; 2],
        raw: &[RawPlane],
    ) -> Result<Self, PlaneError> {
        let groups = layout.groups(height);
        let planes = checked(layout, [width, height], raw)?;
        for b in 0..4 {
            for a in 0..b {
                if let (Some(one), Some(two)) = (planes[a], planes[b])
                    && one.shares_bytes_with(&two)
                {
                    return Err(PlaneError::Overlap(a, b));
                }
            }
        }
        Ok(Self { layout: *layout, size: [width, height], planes, groups, mapped: PhantomData })
    }

    /// Where components lie.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// All of the frame.
    pub fn area(&self) -> Area {
        let [width, height] = self.size;
        Area { columns: [0, width], rows: [0, height], processed_until: width }
    }

    /// A frame that is kept in memory of one's own, by the byte offset of each plane and its stride.
    ///
    /// # Errors
    ///
    /// What does not fit, see [`PlaneError`].
    pub fn in_memory(
        layout: &Layout,
        size: [usize; 2],
        memory: &'a mut [u8],
        places: &[[usize; 2]],
    ) -> Result<Self, PlaneError> {
        let raw = raw_planes(memory.as_mut_ptr(), memory.len(), places);
        // SAFETY: the memory is borrowed exclusively for 'a, and `around` says how much of it there is.
        unsafe { Self::new(layout, size, &raw) }
    }

    /// Calls `work` with bands of up to `groups_per_band` row groups, on a team's threads,
    /// until every group of the rows `rows` has had its turn.
    pub fn for_each_band(
        &mut self,
        rows: [usize; 2],
        groups_per_band: usize,
        team: Team,
        work: impl Fn(&mut Band<'_>) + Sync,
    ) {
        let first = self.layout.group_of(rows[0]) & !1;
        let last = self.layout.groups(rows[1]).min(self.groups);
        let planes = &*self;
        for_each(last.saturating_sub(first).div_ceil(groups_per_band), team, &|index| {
            let from = first + index * groups_per_band;
            let groups = [from, (from + groups_per_band).min(last)];
            work(&mut Band { planes, groups });
        });
    }
}

/// The planes that hold a frame's colour, borrowed for reading.
#[derive(Clone, Copy)]
pub struct PlanesRef<'a> {
    planes: [Option<Plane>; 4],
    mapped: PhantomData<&'a [u8]>,
}

// SAFETY: the pointers stand for memory that is borrowed for 'a and only read.
unsafe impl Send for PlanesRef<'_> {}
// SAFETY: as above.
unsafe impl Sync for PlanesRef<'_> {}

impl<'a> PlanesRef<'a> {
    /// As [`Planes::new`]. Planes may share memory.
    ///
    /// # Safety
    ///
    /// The bytes around each plane's `data` must be mapped for reading, and be written by nobody, for 'a.
    ///
    /// # Errors
    ///
    /// What does not fit, see [`PlaneError`].
    pub unsafe fn new(
        layout: &Layout,
        size: [usize; 2],
        raw: &[RawPlane],
    ) -> Result<Self, PlaneError> {
        Ok(Self { planes: checked(layout, size, raw)?, mapped: PhantomData })
    }

    /// As [`Planes::in_memory`].
    ///
    /// # Errors
    ///
    /// What does not fit, see [`PlaneError`].
    pub fn in_memory(
        layout: &Layout,
        size: [usize; 2],
        memory: &'a [u8],
        places: &[[usize; 2]],
    ) -> Result<Self, PlaneError> {
        let raw = raw_planes(memory.as_ptr().cast_mut(), memory.len(), places);
        // SAFETY: the memory is borrowed for 'a, and `around` says how much of it there is.
        unsafe { Self::new(layout, size, &raw) }
    }

    /// A row of a plane, from the row's start to its last sample. `row` counts the plane's own rows.
    ///
    /// # Panics
    ///
    /// Panics where the plane holds no colour or has fewer rows.
    pub fn row(&self, plane: usize, row: usize) -> &'a [u8] {
        let Some(found) = &self.planes[plane] else {
            panic!("plane {plane} holds no colour");
        };
        assert!(row < found.rows, "plane {plane} has {} rows, not row {row}", found.rows);
        // SAFETY: the row lies in memory that is borrowed for 'a (invariant 1).
        unsafe { slice::from_raw_parts(found.row(row), found.row_bytes) }
    }
}

/// The planes of a memory of `length` bytes, by the byte offset of each and its stride.
fn raw_planes(start: *mut u8, length: usize, places: &[[usize; 2]]) -> Vec<RawPlane> {
    let plane = |&[offset, stride]: &[usize; 2]| {
        let offset = offset.min(length);
        let around = [offset, length - offset];
        RawPlane { data: start.wrapping_add(offset), around, stride: stride as isize }
    };
    places.iter().map(plane).collect()
}

/// The planes that hold colour, each with its rows in its memory.
fn checked(
    layout: &Layout,
    [width, height]: [usize; 2],
    raw: &[RawPlane],
) -> Result<[Option<Plane>; 4], PlaneError> {
    let mut planes = [None; 4];
    for (index, raw) in raw.iter().enumerate() {
        let row_bytes = layout.row_bytes(index, width);
        if row_bytes == 0 {
            continue;
        }
        let least = row_bytes - layout.spare_row_bytes(index, width);
        let row_bytes = row_bytes.min(raw.stride.unsigned_abs().max(least));
        let has_fewer_rows = layout.has_fewer_rows(index);
        let rows = if has_fewer_rows { layout.groups(height) } else { height };
        check_extent(index, raw, row_bytes, rows)?;
        planes[index] =
            Some(Plane { data: raw.data, stride: raw.stride, row_bytes, rows, has_fewer_rows });
    }
    Ok(planes)
}

fn check_extent(
    index: usize,
    raw: &RawPlane,
    row_bytes: usize,
    rows: usize,
) -> Result<(), PlaneError> {
    let pitch = raw.stride.unsigned_abs();
    if rows > 1 && pitch < row_bytes {
        return Err(PlaneError::StrideTooSmall(index, raw.stride, row_bytes));
    }
    let [before, after] = raw.around;
    let span = pitch.saturating_mul(rows.saturating_sub(1));
    let (need_before, need_after) = match raw.stride < 0 {
        true => (span, row_bytes),
        false => (0, span.saturating_add(row_bytes)),
    };
    if need_before > before || need_after > after {
        let need = need_before.saturating_add(need_after);
        let have = need_before.min(before).saturating_add(need_after.min(after));
        return Err(PlaneError::TooSmall(index, need, have));
    }
    Ok(())
}

impl Plane {
    /// First byte, and the byte after the last, of all rows.
    fn extent(&self) -> [usize; 2] {
        let span = self.stride.unsigned_abs() * self.rows.saturating_sub(1);
        let first = self.data.addr() - if self.stride < 0 { span } else { 0 };
        [first, first + span + self.row_bytes]
    }

    /// Whether any row of one is in a row of the other. Rows may lie side by side in shared lines.
    fn shares_bytes_with(&self, other: &Self) -> bool {
        let ([a, a_end], [b, b_end]) = (self.extent(), other.extent());
        if a_end <= b || b_end <= a {
            return false;
        }
        let pitch = self.stride.unsigned_abs();
        if pitch == 0 || pitch != other.stride.unsigned_abs() {
            return true;
        }
        // Same lines: the one's row must end before the other's starts, and the other's before the
        // one's next.
        let (low, high) = if a <= b { (self, other) } else { (other, self) };
        let start = (a.max(b) - a.min(b)) % pitch;
        start < low.row_bytes || start + high.row_bytes > pitch
    }

    /// # Safety
    ///
    /// The caller's band must own row `row`, which must be below `self.rows`.
    unsafe fn row(&self, row: usize) -> *mut u8 {
        // SAFETY: the row lies in the mapping (invariant 1).
        unsafe { self.data.offset(self.stride * row as isize) }
    }
}

impl Band<'_> {
    /// The row groups of this band: first, and the one after the last.
    pub fn groups(&self) -> [usize; 2] {
        self.groups
    }

    fn locate(&self, plane: usize, row: usize) -> &Plane {
        let Some(found) = &self.planes.planes[plane] else {
            panic!("plane {plane} holds no colour");
        };
        let group = if found.has_fewer_rows { row } else { self.planes.layout.group_of(row) };
        let [first, end] = self.groups;
        assert!(group >= first && group < end && row < found.rows, "row {row} is another band's");
        found
    }

    /// A row of a plane, from the row's start to its last sample. `row` counts the plane's own rows.
    ///
    /// # Panics
    ///
    /// Panics where the plane holds no colour or the row is not this band's.
    pub fn row(&self, plane: usize, row: usize) -> &[u8] {
        let found = self.locate(plane, row);
        // SAFETY: `locate` has found the row in this band, which no other shares (invariants 1, 3),
        // and `&self` keeps this band's own rows from being written.
        unsafe { slice::from_raw_parts(found.row(row), found.row_bytes) }
    }

    /// The same row, to be written.
    ///
    /// # Panics
    ///
    /// As [`Self::row`].
    pub fn row_mut(&mut self, plane: usize, row: usize) -> &mut [u8] {
        let found = *self.locate(plane, row);
        // SAFETY: as above; `&mut self` makes this the only row lent, and rows share no byte
        // (invariant 2).
        unsafe { slice::from_raw_parts_mut(found.row(row), found.row_bytes) }
    }

    /// Several rows, given by plane and row, to be written.
    ///
    /// # Panics
    ///
    /// As [`Self::row`], and where one is given twice.
    pub fn rows_mut<const N: usize>(&mut self, rows: [(usize, usize); N]) -> [&mut [u8]; N] {
        for (i, row) in rows.iter().enumerate() {
            assert!(!rows[..i].contains(row), "{row:?} twice");
        }
        rows.map(|(plane, row)| {
            let found = *self.locate(plane, row);
            // SAFETY: as above; `&mut self` makes these the only rows lent, they differ, and rows share
            // no byte (invariant 2).
            unsafe { slice::from_raw_parts_mut(found.row(row), found.row_bytes) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Component;
    use super::*;

    fn nv12() -> Layout {
        let component = Component::byte;
        Layout {
            components: [component(0, 0, 1), component(1, 0, 2), component(1, 1, 2)],
            planes: 2,
            sub_x: 1,
            sub_y: 1,
            is_cosited_x: false,
            is_cosited_y: false,
            is_interlaced: false,
            unpaired_group: None,
        }
    }

    /// Planes at the given byte offsets and strides of a memory.
    fn raw(memory: &mut [u8], planes: &[(usize, isize)]) -> Vec<RawPlane> {
        let length = memory.len();
        planes
            .iter()
            .map(|&(offset, stride)| RawPlane {
                data: memory[offset..].as_mut_ptr(),
                around: [offset, length - offset],
                stride,
            })
            .collect()
    }

    fn check(
        memory: &mut [u8],
        size: [usize; 2],
        planes: &[(usize, isize)],
    ) -> Result<(), PlaneError> {
        let raw = raw(memory, planes);
        // SAFETY: `memory` is borrowed for the call, and the planes are dropped in it.
        unsafe { Planes::new(&nv12(), size, &raw) }.map(|_| ())
    }

    #[test]
    fn memory_is_checked_to_the_byte() {
        // 5 x 3: luma rows of 5 bytes, two chroma rows of 6.
        let size = [5, 3];
        let mut memory = [0; 8 * 3 + 8 + 6];
        assert_eq!(check(&mut memory, size, &[(0, 8), (24, 8)]), Ok(()));
        let too_small = Err(PlaneError::TooSmall(1, 14, 13));
        assert_eq!(check(&mut memory[..37], size, &[(0, 8), (24, 8)]), too_small);
        let stride = Err(PlaneError::StrideTooSmall(1, 5, 6));
        assert_eq!(check(&mut memory, size, &[(0, 5), (24, 5)]), stride);
        assert_eq!(check(&mut memory, size, &[(0, 8), (16, 8)]), Err(PlaneError::Overlap(0, 1)));
    }

    #[test]
    fn rows_may_run_upwards_or_lie_side_by_side() {
        let mut memory = [0; 64];
        assert_eq!(check(&mut memory, [4, 4], &[(24, -8), (32, 8)]), Ok(()));
        assert!(check(&mut memory, [4, 4], &[(16, -8), (32, 8)]).is_err());
        assert_eq!(check(&mut memory, [4, 4], &[(0, 8), (4, 8)]), Ok(()));
        assert_eq!(check(&mut memory, [4, 4], &[(0, 8), (3, 8)]), Err(PlaneError::Overlap(0, 1)));
        assert_eq!(check(&mut memory, [4, 4], &[(0, 8), (5, 8)]), Err(PlaneError::Overlap(0, 1)));
    }

    #[test]
    fn bands_cover_every_row_once() {
        for (height, per_band, threads) in [(1, 1, 1), (5, 1, 3), (16, 3, 2), (17, 100, 2)] {
            let mut memory = vec![0u8; 8 * 40];
            let raw = raw(&mut memory, &[(0, 8), (8 * 24, 8)]);
            // SAFETY: `memory` outlives the planes and is touched through them alone.
            let mut planes = unsafe { Planes::new(&nv12(), [8, height], &raw) }.unwrap();
            planes.for_each_band([0, height], per_band, Team::of_rows(threads), |band| {
                for group in band.groups()[0]..band.groups()[1] {
                    band.row_mut(1, group).iter_mut().for_each(|b| *b += 1);
                    for row in nv12().rows_of(group, [0, height]) {
                        band.row_mut(0, row).iter_mut().for_each(|b| *b += 1);
                    }
                }
            });
            let (luma, chroma) = memory.split_at(8 * 24);
            assert!(luma[..8 * height].iter().all(|b| *b == 1), "{height}");
            assert!(chroma[..8 * height.div_ceil(2)].iter().all(|b| *b == 1), "{height}");
        }
    }

    #[test]
    fn rows_that_are_read_lie_in_their_memory() {
        let memory: Vec<u8> = (0..60).collect();
        // Luma rows of 5 bytes, two rows of 6 of chroma, which may share memory with it.
        let planes = PlanesRef::in_memory(&nv12(), [5, 3], &memory, &[[1, 8], [9, 10]]).unwrap();
        assert_eq!(planes.row(0, 2), [17, 18, 19, 20, 21]);
        assert_eq!(planes.row(1, 1), [19, 20, 21, 22, 23, 24]);
        assert!(std::panic::catch_unwind(|| planes.row(1, 2)).is_err());
        assert!(std::panic::catch_unwind(|| planes.row(2, 0)).is_err());
        let short = PlanesRef::in_memory(&nv12(), [5, 3], &memory[..24], &[[1, 8], [9, 10]]);
        assert_eq!(short.err(), Some(PlaneError::TooSmall(1, 16, 15)));
    }
}
