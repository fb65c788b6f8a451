//! What the samples of luma about a sample of chroma weigh in its difference.
//!
//! Chroma lies in the middle between the two columns it belongs to, or on the first: then the column
//! before them counts, too, so that the weights' centre is where chroma lies. Of rows only those it belongs
//! to count, as the row before is another band's: chroma on the first gets three quarters from it.
//! `docs/numerics.md` has figures. Four columns, or rows, are weighed in the same manner. Beyond the columns that are
//! processed the nearest of them counts.

use std::ops::Range;

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

/// What shaders are told of a group whose rows are all in the picture: the weights of columns, the one before first,
/// and of rows; in quarters, or in sixteenths where four columns share chroma.
#[cfg(feature = "shaders")]
pub(super) fn shader_weights(layout: &Layout, group: usize) -> [[u32; 4]; 2] {
    if layout.sub_x == 2 {
        let FourWeights { rows, columns, before } = FourWeights::new(layout, group);
        return [[before[3], columns[0], columns[1], 0], rows]
            .map(|weights| weights.map(|w| w as u32));
    }
    let weights = Weights::new(layout, group, 2);
    let ([a, b], [first, second]) = (weights.rows, weights.columns);
    let before = if weights.reach_back() { second } else { 0 };
    [[before, first, second, 0], [a, b, 0, 0]].map(|weights| weights.map(u32::from))
}

/// The weight of what the first column of a row has been weighed to, where that stands for the column before.
pub(super) const HALF: i16 = 1 << 14;

/// The part of a difference that a weight in units of 2^-15 makes, rounded to nearest.
#[inline(always)]
pub(super) fn weigh(difference: i16, weight: i16) -> i16 {
    ((i32::from(difference) * i32::from(weight) + (1 << 14)) >> 15) as i16
}

/// Weights of the samples of luma that a sample of chroma of four columns, and of one row or four, gets its
/// difference from: the product of a row's and a column's, each in sixteenths. A difference is their sum, which
/// needs 24 bits and a sign, rounded once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FourWeights {
    /// Of a group's rows of luma.
    rows: [i32; 4],
    /// Of the four columns.
    pub(super) columns: [i32; 4],
    /// What the four columns weigh in the next sample.
    pub(super) before: [i32; 4],
}

impl FourWeights {
    /// For a group.
    pub(super) fn new(layout: &Layout, group: usize) -> Self {
        let rows = match (layout.sub_y, layout.is_cosited_y, layout.is_interlaced) {
            (0, ..) => [16, 0, 0, 0],
            // The rows before are another band's: what they would weigh is the first's.
            (_, true, _) => [10, 3, 2, 1],
            (_, false, false) => [4; 4],
            // The middle of four rows of the frame is three quarters of the way from the first to the second row
            // of the first field, and from the last to the one before it of the second.
            (_, false, true) if group % 2 == 1 => [1, 2, 5, 8],
            (_, false, true) => [8, 5, 2, 1],
        };
        let (columns, before) = match layout.is_cosited_x {
            true => ([4, 3, 2, 1], [0, 1, 2, 3]),
            false => ([4; 4], [0; 4]),
        };
        Self { rows, columns, before }
    }

    /// Those of rows of which some, but not all, may lie outside the picture: the nearest that is in it counts for
    /// them.
    pub(super) fn of_rows(&self, shown: Range<usize>) -> impl Iterator<Item = i32> {
        let nearest = |row: usize| row.clamp(shown.start, shown.end - 1);
        let mut weights = [0; 4];
        (0..4).for_each(|row| weights[nearest(row)] += self.rows[row]);
        weights.into_iter().skip(shown.start).take(shown.len())
    }

    /// The difference for a sum of weighted ones.
    pub(super) fn average(sum: i32) -> i16 {
        ((sum + (1 << 7)) >> 8) as i16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The place that weights have in the middle, counted from the first.
    fn centre(weights: impl IntoIterator<Item = i32>) -> f64 {
        let (mut sum, mut total) = (0, 0);
        for (place, weight) in (0..).zip(weights) {
            sum += place * weight;
            total += weight;
        }
        f64::from(sum) / f64::from(total)
    }

    /// The centre of four weights is where chroma lies, and all of them are 1.
    #[test]
    fn four_weights_lie_about_their_site() {
        for (is_cosited, is_interlaced) in
            [(false, false), (true, false), (false, true), (true, true)]
        {
            let layout = Layout {
                sub_x: 2,
                sub_y: 2,
                is_cosited_x: is_cosited,
                is_cosited_y: is_cosited,
                is_interlaced,
                ..Layout::planar([1, 1])
            };
            for group in [0, 1] {
                let FourWeights { rows, columns, before } = FourWeights::new(&layout, group);
                assert_eq!(columns.iter().chain(&before).sum::<i32>(), 16);
                // From four columns before the first on.
                let site = if is_cosited { 4.0 } else { 5.5 };
                assert_eq!(centre(before.into_iter().chain(columns)), site);
                assert_eq!(rows.iter().sum::<i32>(), 16);
                let wanted = match (is_cosited, is_interlaced, group) {
                    // As near to the first as weights of its own rows come.
                    (true, ..) => 10.0 / 16.0,
                    (false, false, _) => 1.5,
                    (false, true, 0) => 0.75,
                    (false, true, _) => 2.25,
                };
                assert_eq!(centre(rows), wanted, "{is_cosited} {is_interlaced} {group}");
            }
        }
        let weights = FourWeights::new(&Layout { sub_y: 2, ..Layout::planar([1, 1]) }, 0);
        assert_eq!(weights.of_rows(1..3).collect::<Vec<_>>(), [8, 8]);
        assert_eq!(weights.of_rows(3..4).collect::<Vec<_>>(), [16]);
        assert_eq!([384, -384, 127, 128].map(FourWeights::average), [2, -1, 0, 1]);
    }
}
