//! What the samples of luma about a sample of chroma weigh in its difference.
//!
//! Chroma lies in the middle between the two columns it belongs to, or on the first: then the column
//! before them counts, too, so that the weights' centre is where chroma lies. Of rows only those it belongs
//! to count, as the row before is another band's: chroma on the first gets three quarters from it.
//! `docs/numerics.md` has figures. Beyond the columns that are processed the nearest of them counts.

use crate::frame::Layout;

/// Weights of the samples of luma that a sample of chroma gets its difference from: the product of a
/// row's and a column's. All of them add up to 1.
///
/// A difference is weighed by [`weigh`], which rounds, so that sums need no more than 16 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Weights {
    /// Of the rows of luma in the picture, one or two, in quarters.
    rows: [u16; 2],
    /// Of the two columns that chroma belongs to, in quarters. What lacks from 1 is that of the column before.
    columns: [u16; 2],
}

impl Weights {
    /// For a group with one or two rows of luma in the picture.
    pub(super) fn new(layout: &Layout, group: usize, rows: usize) -> Self {
        let is_second_field = layout.is_interlaced && group % 2 == 1;
        Self {
            rows: match (rows, layout.is_cosited_y, layout.is_interlaced) {
                (1, ..) => [4, 0],
                (_, true, _) => [3, 1],
                (_, false, false) => [2, 2],
                // The middle between two rows of the frame is a quarter of the way between those of the
                // first field, and three quarters between those of the second. A row of chroma without a
                // partner is the first field's, too.
                (_, false, true) => {
                    if is_second_field {
                        [1, 3]
                    } else {
                        [3, 1]
                    }
                }
            },
            columns: if layout.is_cosited_x { [2, 1] } else { [2, 2] },
        }
    }

    /// The weights of columns, the one before first, and of rows, for which only the first two count, in
    /// quarters.
    #[cfg(feature = "shaders")]
    pub(super) fn parts(&self) -> [[u32; 3]; 2] {
        let ([a, b], [first, second]) = (self.rows, self.columns);
        let before = if self.reach_back() { second } else { 0 };
        [[before, first, second], [a, b, 0]].map(|weights| weights.map(u32::from))
    }

    /// Weights of the two columns that chroma belongs to, in a row, in units of 2^-15.
    pub(super) fn of_row(&self, row: usize) -> [i16; 2] {
        self.columns.map(|column| ((self.rows[row] * column) << 11) as i16)
    }

    /// Whether the column before the two counts, too. Then it has the weights of the second, which are half of
    /// the first's.
    pub(super) fn reach_back(&self) -> bool {
        self.columns[0] > self.columns[1]
    }
}

/// The weight of what the first column of a row has been weighed to, where that stands for the column before.
pub(super) const HALF: i16 = 1 << 14;

/// The part of a difference that a weight in units of 2^-15 makes, rounded to nearest.
#[inline(always)]
pub(super) fn weigh(difference: i16, weight: i16) -> i16 {
    ((i32::from(difference) * i32::from(weight) + (1 << 14)) >> 15) as i16
}
