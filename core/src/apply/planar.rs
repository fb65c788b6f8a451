//! Components apart: blocks of codes through a lattice, and colours that share chroma.

use std::ops::Range;

use super::BLOCK;
use super::evaluator::{Codes, Differences, SharedDifferences, Source};
use super::siting::{HALF, Weights};
use super::tetrahedral::{Extent, Fetched, PairOfPlaces, Sampler};
use super::words::Words;

impl<W: Words, const GATHER: bool> Source for Sampler<'_, W, GATHER> {
    fn differences(&self, length: usize, codes: [&Codes; 3], out: &mut [Differences; 3]) {
        // Copies, here and below, because no write can be taken to change them.
        let sampler = *self;
        if self.deeper > 0 {
            self.words.vectorize(
                #[inline(always)]
                || sampler.differences_of::<true>(length, codes, out),
            );
        } else {
            self.words.vectorize(
                #[inline(always)]
                || sampler.differences_of::<false>(length, codes, out),
            );
        }
    }

    fn shared_chroma(
        &self,
        weights: &Weights,
        length: usize,
        luma: &[Codes],
        chroma: &[Codes; 2],
        luma_out: &mut [Differences],
        chroma_out: &mut SharedDifferences,
    ) {
        match (luma, luma_out) {
            ([one], [out, ..]) => {
                let blocks = Blocks { luma: [one], chroma, luma_out: [out], chroma_out };
                self.through_blocks(blocks, weights, length);
            }
            ([one, two], [out_one, out_two]) => {
                let luma_out = [out_one, out_two];
                let blocks = Blocks { luma: [one, two], chroma, luma_out, chroma_out };
                self.through_blocks(blocks, weights, length);
            }
            _ => unreachable!("one or two rows"),
        }
    }
}

impl<W: Words, const GATHER: bool> Sampler<'_, W, GATHER> {
    #[inline(always)]
    fn differences_of<const DEEP: bool>(
        &self,
        length: usize,
        [x, y, z]: [&Codes; 3],
        [u, v, w]: &mut [Differences; 3],
    ) {
        let words = self.words;
        for at in (0..length).step_by(W::COUNT) {
            let codes = [words.load(&x[at..]), words.load(&y[at..]), words.load(&z[at..])];
            let [first, second, third] = self.planes(self.at_codes::<true, DEEP>(codes));
            words.store(&mut u[at..], first);
            words.store(&mut v[at..], second);
            words.store(&mut w[at..], third);
        }
    }

    fn through_blocks<const ROWS: usize>(
        &self,
        mut blocks: Blocks<'_, ROWS>,
        weights: &Weights,
        length: usize,
    ) {
        let sampler = *self;
        let mut left = blocks.chroma_out.left;
        if self.deeper > 0 {
            self.words.vectorize(
                #[inline(always)]
                || sampler.share::<true, ROWS>(&mut blocks, weights, length, &mut left, None),
            );
        } else {
            self.words.vectorize(
                #[inline(always)]
                || sampler.share::<false, ROWS>(&mut blocks, weights, length, &mut left, None),
            );
        }
        blocks.chroma_out.left = left;
    }

    /// Colours that share each sample of chroma two by two and row by row. `left` is as in
    /// [`SharedDifferences`].
    ///
    /// Where what has no difference may be left out, `is_quiet` tells, and is told, whether the block
    /// before had none: only then is it worth a look whether the next one can have any.
    #[inline(always)]
    pub(super) fn share<const DEEP: bool, const ROWS: usize>(
        &self,
        planes: &mut impl SharedChroma<W>,
        weights: &Weights,
        length: usize,
        left: &mut Option<[i16; 2]>,
        mut is_quiet: Option<&mut bool>,
    ) {
        let words = self.words;
        let [_, axis_y, axis_z] = &self.axes;
        let reach_back = weights.reach_back();
        let of_row = |row| weights.of_row(row).map(|weight| words.splat(weight as u16));
        let weights = [of_row(0), of_row(1)];
        // What the colours of the register before leave to those after them: to the next, the last lane.
        let mut before = left.map(|left| splat_pair(words, left));
        for start in (0..length).step_by(BLOCK) {
            let block = start..(start + BLOCK).min(length);
            if is_quiet.as_deref() == Some(&true) && !self.may_touch::<ROWS>(planes, block.clone())
            {
                before = Some(self.zero);
                continue;
            }
            let mut seen = self.zero;
            for at in block.step_by(W::COUNT) {
                let [cb, cr] = planes.chroma(words, at);
                let y = self.locate::<true, DEEP>(axis_y, cb);
                let z = self.locate::<true, DEEP>(axis_z, cr);
                let pair = self.pair_of::<true>(y, z);
                let row = self.luma_row::<DEEP>(planes, 0, at, &pair, &mut seen);
                let mut columns = Columns::of_row(words, &row, &weights[0]);
                if ROWS == 2 {
                    let row = self.luma_row::<DEEP>(planes, 1, at, &pair, &mut seen);
                    columns.add(words, &Columns::of_row(words, &row, &weights[1]));
                }
                let mut differences = columns.sum(words);
                if reach_back {
                    let last = before.unwrap_or_else(|| columns.edge(words));
                    let second = columns.second(words);
                    let reached = words.shift_in(last, second);
                    differences = words.add_saturating(differences, reached);
                    before = Some(second);
                }
                seen = words.or(seen, differences);
                planes.put_chroma(words, at, differences);
            }
            if let Some(is_quiet) = &mut is_quiet {
                **is_quiet = words.is_zero(seen);
            }
        }
        // The last pair's place among those of a register.
        let last = (length / 2).wrapping_sub(1) % (W::COUNT / 2);
        *left = before.map(|before| pair_at(words, before, last));
    }

    /// Whether some colour of a block of 8 bits may have a difference.
    #[inline(always)]
    fn may_touch<const ROWS: usize>(
        &self,
        planes: &impl SharedChroma<W>,
        block: Range<usize>,
    ) -> bool {
        let words = self.words;
        let [cb, cr] = planes.chroma(words, block.start);
        let mut extent = Extent::of([planes.luma(words, 0, block.start), cb, cr]);
        for at in block.step_by(W::COUNT) {
            let [cb, cr] = planes.chroma(words, at);
            extent.add(words, 1, cb);
            extent.add(words, 2, cr);
            for row in 0..ROWS {
                extent.add(words, 0, planes.luma(words, row, at));
            }
        }
        extent.is_touched(self)
    }

    /// A register of luma of a row.
    #[inline(always)]
    fn luma_row<const DEEP: bool>(
        &self,
        planes: &mut impl SharedChroma<W>,
        row: usize,
        at: usize,
        pair: &PairOfPlaces<W::Vector>,
        seen: &mut W::Vector,
    ) -> Fetched<W::Vector> {
        let codes = planes.luma(self.words, row, at);
        let x = self.locate::<true, DEEP>(&self.axes[0], codes);
        let fetched = self.at_places(x, pair);
        let differences = self.first_plane(&fetched);
        *seen = self.words.or(*seen, differences);
        planes.put_luma(self.words, row, at, codes, differences);
        fetched
    }
}

/// Weighted differences of the first of each two columns and of the second, each as [`Fetched`] has them.
struct Columns<V>(Fetched<V>);

impl<V: Copy> Columns<V> {
    /// Of a row, with the weights of both columns.
    #[inline(always)]
    fn of_row<W: Words<Vector = V>>(words: W, row: &Fetched<V>, weights: &[V; 2]) -> Self {
        let weigh = |i: usize, j: usize| words.mul_round(row[i][j], weights[i]);
        Self([[weigh(0, 0), weigh(0, 1)], [weigh(1, 0), weigh(1, 1)]])
    }

    /// Adds those of another row.
    #[inline(always)]
    fn add<W: Words<Vector = V>>(&mut self, words: W, row: &Self) {
        for i in 0..2 {
            for j in 0..2 {
                self.0[i][j] = words.add_saturating(self.0[i][j], row.0[i][j]);
            }
        }
    }

    /// Sums over both columns: of the last two components, in the order of the samples they share.
    #[inline(always)]
    fn sum<W: Words<Vector = V>>(&self, words: W) -> V {
        let Self([first, second]) = self;
        let sum = |i: usize| words.add_saturating(first[i], second[i]);
        words.join_middle(sum(0), sum(1))
    }

    /// The second of each two columns, as [`Self::sum`].
    #[inline(always)]
    fn second<W: Words<Vector = V>>(&self, words: W) -> V {
        let Self([_, second]) = self;
        words.join_middle(second[0], second[1])
    }

    /// What a column in the place of the first one would leave to it, in every lane.
    #[inline(always)]
    fn edge<W: Words<Vector = V>>(&self, words: W) -> V {
        let Self([first, _]) = self;
        let first = words.join_middle(first[0], first[1]);
        let half = words.mul_round(first, words.splat(HALF as u16));
        splat_pair(words, pair_at(words, half, 0))
    }
}

/// The words of a `u32` lane.
#[inline(always)]
fn pair_at<W: Words>(words: W, of: W::Vector, lane: usize) -> [i16; 2] {
    let mut each = [0; 32];
    words.store(&mut each, of);
    [each[2 * lane], each[2 * lane + 1]]
}

/// Two words in every `u32` lane.
#[inline(always)]
fn splat_pair<W: Words>(words: W, [low, high]: [i16; 2]) -> W::Vector {
    words.splat_u32(u32::from(low as u16) | u32::from(high as u16) << 16)
}

/// One or two rows of luma and the row of chroma they share, a register of luma at a time. Chroma comes
/// as one word for each sample of luma; its differences go as words of the first component and of the second,
/// alternately.
///
/// All of it is to be inlined into code that is compiled for a SIMD level.
pub(super) trait SharedChroma<W: Words> {
    fn luma(&self, words: W, row: usize, at: usize) -> W::Vector;
    fn chroma(&self, words: W, at: usize) -> [W::Vector; 2];
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

/// Codes that have been loaded from any layout, and places for what becomes of them.
struct Blocks<'a, const ROWS: usize> {
    luma: [&'a Codes; ROWS],
    chroma: &'a [Codes; 2],
    luma_out: [&'a mut Differences; ROWS],
    chroma_out: &'a mut SharedDifferences,
}

impl<W: Words, const ROWS: usize> SharedChroma<W> for Blocks<'_, ROWS> {
    #[inline(always)]
    fn luma(&self, words: W, row: usize, at: usize) -> W::Vector {
        words.load(&self.luma[row][at..])
    }
    #[inline(always)]
    fn chroma(&self, words: W, at: usize) -> [W::Vector; 2] {
        let [cb, cr] = self.chroma;
        [words.load_twice(&cb[at / 2..]), words.load_twice(&cr[at / 2..])]
    }
    #[inline(always)]
    fn put_luma(&mut self, words: W, row: usize, at: usize, _: W::Vector, differences: W::Vector) {
        words.store(&mut self.luma_out[row][at..], differences);
    }
    #[inline(always)]
    fn put_chroma(&mut self, words: W, at: usize, differences: W::Vector) {
        words.store(&mut self.chroma_out.pairs[at..], differences);
    }
}
