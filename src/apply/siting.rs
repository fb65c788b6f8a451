//! What the samples of luma about a sample of chroma weigh in its difference.
//!
//! Chroma lies in the middle between the two columns it belongs to, or on the first: then the column
//! before them counts, too, so that the weights' centre is where chroma lies. Of rows only those it belongs
//! to count, as the row before is another band's: chroma on the first gets three quarters from it.
//! `docs/numerics.md` has figures. Beyond the columns that are processed the nearest of them counts.

use crate::frame::Layout;

/// Weights of the samples of luma that a sample of chroma gets its difference from: the product of a
/// row's and a column's. All of them add up to 2^[`Weights::BITS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Weights {
    /// The rows of luma in the picture, one or two.
    rows: [u16; 2],
    /// The column before the two that chroma belongs to, and these.
    columns: [u16; 3],
}

impl Weights {
    /// log2 of the sum of all weights.
    pub(super) const BITS: u32 = 4;
    /// What weighted sums start with, so that [`Self::average`] is rounded to nearest.
    pub(super) const HALF: i32 = 1 << (Self::BITS - 1);

    /// For a group with one or two rows of luma in the picture.
    pub(super) fn new(layout: &Layout, group: usize, rows: usize) -> Self {
        let is_second_field = layout.is_interlaced && group % 2 == 1;
        Self {
            rows: match (rows, layout.is_cosited_y, layout.is_interlaced) {
                (1, ..) => [4, 0],
                (_, true, _) => [3, 1],
                (_, false, false) => [2, 2],
                // The middle between two rows of the frame is a quarter of the way between those of the
                // first field, and three quarters between those of the second.
                (_, false, true) => {
                    if is_second_field {
                        [1, 3]
                    } else {
                        [3, 1]
                    }
                }
            },
            columns: if layout.is_cosited_x { [1, 2, 1] } else { [0, 2, 2] },
        }
    }

    /// The weights of columns, the one before first, and of rows, for which only the first two count.
    #[cfg(feature = "gpu")]
    pub(super) fn parts(&self) -> [[u32; 3]; 2] {
        let [a, b] = self.rows;
        [self.columns, [a, b, 0]].map(|weights| weights.map(u32::from))
    }

    /// Weights of a row: of the column before the two that chroma belongs to, and of these.
    pub(super) fn of_row(&self, row: usize) -> [u16; 3] {
        self.columns.map(|column| self.rows[row] * column)
    }

    /// Whether the column before counts.
    pub(super) fn reach_back(&self) -> bool {
        self.columns[0] > 0
    }

    /// The average that a weighted sum makes.
    #[inline(always)]
    pub(super) fn average(sum: i32) -> i16 {
        (sum >> Self::BITS) as i16
    }
}
