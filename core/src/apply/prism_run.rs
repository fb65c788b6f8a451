//! From sums of colours to the differences of luma and of the chroma it shares, along a row.
//!
//! Everything here is to be inlined into code that is compiled for a SIMD level.

use super::shared::{pair_at, splat_pair};
use super::siting::{HALF, Weights};
use super::words::Lanes;

/// Sums for every fourth block from a number on: of each component, for both samples of both rows, in `i32`. Of a
/// single row the first two have those of two such blocks each.
pub(super) type Sums<V> = [[V; 3]; 4];

/// What goes along a row.
#[derive(Clone, Copy)]
pub(super) struct Run<W: Lanes> {
    /// Of both columns of both rows, in each lane.
    weights: W::Vector,
    /// Of both columns of a single row, twice in each lane.
    single_weights: W::Vector,
    reach_back: bool,
    /// What the second columns of the blocks before leave to those after them.
    pub(super) before: Option<W::Vector>,
    /// Zero if no difference was found.
    pub(super) seen: W::Vector,
}

impl<W: Lanes> Run<W> {
    #[inline(always)]
    pub(super) fn new(words: W, weights: &Weights) -> Self {
        let of_rows = [weights.of_row(0), weights.of_row(1)];
        let byte = |row: usize, i: usize| of_rows[row][i / 4 % 2].to_le_bytes()[i % 2];
        Self {
            weights: words.every_16_bytes(std::array::from_fn(|i| byte(i / 8, i))),
            single_weights: words.every_16_bytes(std::array::from_fn(|i| byte(0, i))),
            reach_back: weights.reach_back(),
            before: None,
            seen: words.splat(0),
        }
    }

    /// Both rows of the first columns of two blocks of each lane, weighed, then of their second ones.
    #[inline(always)]
    fn columns_of_two(&self, words: W, [a, b]: [&[W::Vector; 3]; 2]) -> W::Vector {
        let weights = self.weights;
        let (a, b) = (weighed(words, a, weights), weighed(words, b, weights));
        words.add(words.interleave_low_u32(a, b), words.interleave_high_u32(a, b))
    }

    /// Differences of both rows of luma, and of chroma as pairs.
    #[inline(always)]
    pub(super) fn differences(
        &mut self,
        words: W,
        sums: &Sums<W::Vector>,
    ) -> ([W::Vector; 2], W::Vector) {
        let luma = [sums[0][0], sums[1][0], sums[2][0], sums[3][0]];
        let first = words.narrow_i32(words.shift_right_15(luma[0]), words.shift_right_15(luma[1]));
        let last = words.narrow_i32(words.shift_right_15(luma[2]), words.shift_right_15(luma[3]));
        let rows = [words.even_u32(first, last), words.odd_u32(first, last)];

        let a = self.columns_of_two(words, [&sums[0], &sums[1]]);
        let b = self.columns_of_two(words, [&sums[2], &sums[3]]);
        let chroma = self.chroma(words, words.low_u64(a, b), words.high_u64(a, b));
        self.seen = words.or(words.or(self.seen, chroma), words.or(rows[0], rows[1]));
        (rows, chroma)
    }

    /// Differences of a single row of luma, and of chroma as pairs.
    #[inline(always)]
    pub(super) fn single_differences(
        &mut self,
        words: W,
        sums: &Sums<W::Vector>,
    ) -> (W::Vector, W::Vector) {
        let low = words.shift_right_15(sums[0][0]);
        let row = words.narrow_i32(low, words.shift_right_15(sums[1][0]));
        let a = weighed(words, &sums[0], self.single_weights);
        let b = weighed(words, &sums[1], self.single_weights);
        let chroma = self.chroma(words, words.even_u32(a, b), words.odd_u32(a, b));
        self.seen = words.or(words.or(self.seen, chroma), row);
        (row, chroma)
    }

    /// Differences of chroma as pairs, from what the first columns and the second ones of blocks leave to it.
    #[inline(always)]
    fn chroma(&mut self, words: W, first: W::Vector, second: W::Vector) -> W::Vector {
        let mut chroma = words.add(first, second);
        if self.reach_back {
            let last = match self.before {
                Some(before) => before,
                None => {
                    // What a column in the place of the first one would leave to it.
                    let half = words.mul_round(first, words.splat(HALF as u16));
                    splat_pair(words, pair_at(words, half, 0))
                }
            };
            chroma = words.add(chroma, words.shift_in(last, second));
            self.before = Some(second);
        }
        chroma
    }
}

/// Weighed differences of chroma. They fit 16 bits, so that Cb's are the low words here and Cr's the high ones.
#[inline(always)]
fn weighed<W: Lanes>(words: W, [_, cb, cr]: &[W::Vector; 3], weights: W::Vector) -> W::Vector {
    let pairs = words.low_and_high(words.shift_right_15(*cb), words.double_u32(*cr));
    words.mul_round(pairs, weights)
}
