//! Luma that shares chroma, as the prism's kernel takes it and gives it back.

use super::evaluator::{Codes, Differences, SharedDifferences};
use super::words::{Lanes, Words};
use crate::lut::Lattice;

/// One or two rows of luma and the row of chroma they share, a register of luma at a time. Where there is one
/// row, it is the second, too, and what becomes of that is left out. Chroma is words of Cb and Cr, alternately.
///
/// All of it is to be inlined into code that is compiled for a SIMD level.
pub(super) trait SharedChroma<W: Lanes> {
    /// Whether codes may have more than 8 bits.
    const DEEP: bool;
    /// Whether there is always one row.
    const IS_SINGLE: bool = false;
    fn luma(&self, words: W, row: usize, at: usize) -> W::Vector;
    fn chroma(&self, words: W, at: usize) -> W::Vector;
    fn put_luma(
        &mut self,
        words: W,
        row: usize,
        at: usize,
        codes: W::Vector,
        differences: W::Vector,
    );
    fn put_chroma(&mut self, words: W, at: usize, differences: W::Vector);
}

/// Whether a lattice may have a difference for any colour between the least and the greatest codes of its components.
/// Those are the least of some words and the greatest of some others, from a first on, in steps, before an end.
///
/// It is rarely asked, and so not to be inlined.
#[inline(never)]
pub(super) fn may_touch(
    lattice: &Lattice,
    words: [&[[i16; 32]; 2]; 3],
    numbers: [(usize, usize, usize); 3],
) -> bool {
    let (mut lowest, mut highest) = ([0; 3], [0; 3]);
    for (i, ([low, high], (first, step, end))) in words.into_iter().zip(numbers).enumerate() {
        // Codes for which it is asked are positive as i16, too.
        let (low, high) = (low[first..end].iter(), high[first..end].iter());
        lowest[i] = low.step_by(step).fold(i16::MAX, |low, code| low.min(*code)) as u16;
        highest[i] = high.step_by(step).fold(0, |high, code| high.max(*code)) as u16;
    }
    lattice.touches(lowest, highest)
}

/// The words of a `u32` lane.
#[inline(always)]
pub(super) fn pair_at<W: Words>(words: W, of: W::Vector, lane: usize) -> [i16; 2] {
    let mut each = [0; 32];
    words.store(&mut each, of);
    [each[2 * lane], each[2 * lane + 1]]
}

/// Two words in every `u32` lane.
#[inline(always)]
pub(super) fn splat_pair<W: Words>(words: W, [low, high]: [i16; 2]) -> W::Vector {
    words.splat_u32(u32::from(low as u16) | u32::from(high as u16) << 16)
}

/// Codes that have been loaded from any layout, and places for what becomes of them.
pub(super) struct Blocks<'a> {
    pub(super) luma: &'a [Codes],
    pub(super) chroma: &'a [Codes; 2],
    pub(super) luma_out: &'a mut [Differences],
    pub(super) chroma_out: &'a mut SharedDifferences,
}

impl<W: Lanes> SharedChroma<W> for Blocks<'_> {
    const DEEP: bool = true;
    #[inline(always)]
    fn luma(&self, words: W, row: usize, at: usize) -> W::Vector {
        words.load(&self.luma[row.min(self.luma.len() - 1)][at..])
    }
    #[inline(always)]
    fn chroma(&self, words: W, at: usize) -> W::Vector {
        let [cb, cr] = self.chroma;
        words.load_pairs(&cb[at / 2..], &cr[at / 2..])
    }
    #[inline(always)]
    fn put_luma(&mut self, words: W, row: usize, at: usize, _: W::Vector, differences: W::Vector) {
        if row < self.luma.len() {
            words.store(&mut self.luma_out[row][at..], differences);
        }
    }
    #[inline(always)]
    fn put_chroma(&mut self, words: W, at: usize, differences: W::Vector) {
        words.store(&mut self.chroma_out.pairs[at..], differences);
    }
}
