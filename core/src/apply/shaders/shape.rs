//! Where a frame's words lie in memory that shaders work on, and how a frame is cut into bands.

use crate::frame::{Area, Component, Layout};

/// Whether the shaders are made for a layout: those that they are not worth the trouble for are left to the CPU.
pub fn suit(layout: &Layout) -> bool {
    let has_whole_word = |c: &Component| c.step == 4 && c.bytes == 4 && c.depth >= 8;
    layout.components.iter().all(|component| component.is_plain() || has_whole_word(component))
}

/// Fewest columns that bands begin and end at a multiple of, in luma samples: as many as make whole words of every
/// plane. Where four share chroma they are as many as a cell has.
const COLUMNS: usize = 8;

/// Bytes of the frame that a band has where the user does not say: enough to be worth a submission, few
/// enough that the first bands are on their way back while the last are on their way out.
const BAND_BYTES: usize = 4 << 20;

/// Where planes lie in a band's memory: row after row, plane after plane, without those that hold no colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// First column, counted from the frame's own.
    pub first_column: usize,
    /// First byte of each plane's rows, and the byte after the last, in the frame's memory.
    pub bytes: [[usize; 2]; 4],
    /// Words from a row to the next; 0 for planes without colour.
    pub strides: [usize; 4],
    /// Rows of a plane in a group.
    rows: [usize; 4],
    /// Cells in a row: what an invocation works on.
    pub cells: usize,
}

/// Most groups of a band: as many work groups as any device takes along an axis, in pairs.
const MOST_GROUPS: usize = 65_534;

impl Shape {
    /// The columns of an area, from its first to the last that is processed.
    pub fn new(layout: &Layout, area: &Area) -> Self {
        let columns_of_cell = 4 << layout.sub_x;
        let multiple = columns_of_cell.max(COLUMNS);
        let first_column = area.columns[0] / multiple * multiple;
        let columns = (area.processed_until - first_column).next_multiple_of(multiple);
        let (mut bytes, mut strides, mut rows) = ([[0; 2]; 4], [0; 4], [0; 4]);
        for (index, component) in layout.components.iter().enumerate() {
            let shift = if index == 0 { 0 } else { layout.sub_x };
            let plane = component.plane;
            let step = component.step;
            strides[plane] = ((columns >> shift) * step) / 4;
            bytes[plane][0] = (first_column >> shift) * step;
            bytes[plane][1] = layout.row_bytes(plane, area.processed_until);
            rows[plane] = if layout.has_fewer_rows(plane) { 1 } else { 1 << layout.sub_y };
        }
        Self { first_column, bytes, strides, rows, cells: columns / columns_of_cell }
    }

    /// Words of a group.
    fn group_words(&self) -> usize {
        self.strides.iter().zip(self.rows).map(|(stride, rows)| stride * rows).sum()
    }

    /// Bytes of a band of some groups. There is room for pairs of them: of two fields, whose rows alternate.
    pub fn bytes_of(&self, groups: usize) -> usize {
        4 * groups.next_multiple_of(2) * self.group_words()
    }

    /// First word of each plane in a band.
    pub fn bases(&self, groups: usize) -> [usize; 4] {
        let mut base = 0;
        std::array::from_fn(|plane| {
            let this = base;
            base += self.plane_words(plane, groups.next_multiple_of(2));
            this
        })
    }

    /// Words of a plane in some groups.
    pub fn plane_words(&self, plane: usize, groups: usize) -> usize {
        self.strides[plane] * self.rows[plane] * groups
    }

    /// Groups of a band of `rows` rows, else of about `BAND_BYTES`, and never more than `most` bytes. Pairs
    /// of groups, so that fields stay together.
    pub fn groups_per_band(&self, layout: &Layout, rows: Option<usize>, most: u64) -> usize {
        let groups = match rows {
            Some(rows) => rows >> layout.sub_y,
            None => BAND_BYTES / (self.bytes_of(2) / 2).max(1),
        };
        let most = usize::try_from(most).unwrap_or(usize::MAX) / (self.bytes_of(2) / 2).max(1);
        (groups.min(most).min(MOST_GROUPS) & !1).max(2)
    }
}
