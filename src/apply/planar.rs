//! Components apart: blocks of codes through a lattice, and colours that share chroma.

use std::ops::Range;

use super::BLOCK;
use super::method::{Codes, Differences, Source, Sums};
use super::siting::Weights;
use super::tetrahedral::{Extent, PairOfPlaces, Sampler};
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
        sums: &mut Sums,
    ) {
        match (luma, luma_out) {
            ([one], [out, ..]) => {
                let blocks = Blocks { luma: [one], chroma, luma_out: [out], sums };
                self.through_blocks(blocks, weights, length);
            }
            ([one, two], [out_one, out_two]) => {
                let luma_out = [out_one, out_two];
                let blocks = Blocks { luma: [one, two], chroma, luma_out, sums };
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
        let mut left = blocks.sums.left;
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
        blocks.sums.left = left;
    }

    /// Colours that share each sample of chroma two by two and row by row. `left` is as in [`Sums`].
    ///
    /// Where what has no difference may be left out, `is_quiet` tells, and is told, whether the block
    /// before had none: only then is it worth a look whether the next one can have any.
    #[inline(always)]
    pub(super) fn share<const DEEP: bool, const ROWS: usize>(
        &self,
        planes: &mut impl SharedChroma<W>,
        weights: &Weights,
        length: usize,
        left: &mut Option<[i32; 2]>,
        mut is_quiet: Option<&mut bool>,
    ) {
        let words = self.words;
        let [_, axis_y, axis_z] = &self.axes;
        // What the pairs of the register before leave to those after them.
        let mut before = left.map(|left| left.map(|sum| words.splat_u32(sum as u32)));
        if !weights.reach_back() {
            before = Some([self.zero; 2]);
        }
        let half = words.splat_u32(Weights::HALF as u32);
        let of_row = |row| PairWeights::new(words, weights.of_row(row));
        let weights = [of_row(0), of_row(1)];
        for start in (0..length).step_by(BLOCK) {
            let block = start..(start + BLOCK).min(length);
            if is_quiet.as_deref() == Some(&true) && !self.may_touch::<ROWS>(planes, block.clone())
            {
                before = Some([self.zero; 2]);
                continue;
            }
            let mut seen = self.zero;
            for at in block.step_by(W::COUNT) {
                let [cb, cr] = planes.chroma(words, at);
                let y = self.locate::<true, DEEP>(axis_y, cb);
                let z = self.locate::<true, DEEP>(axis_z, cr);
                let pair = self.pair_of(y, z);
                let mut sums = PairSums { own: [half; 2], next: [self.zero; 2] };
                self.luma_row::<DEEP>(planes, 0, at, &pair, &weights[0], &mut sums, &mut seen);
                if ROWS == 2 {
                    self.luma_row::<DEEP>(planes, 1, at, &pair, &weights[1], &mut sums, &mut seen);
                }
                let left = before.unwrap_or_else(|| sums.edge(words));
                before = Some(sums.next);
                planes.put_chroma(words, at, [cb, cr], sums.whole(words, left));
            }
            if let Some(is_quiet) = &mut is_quiet {
                **is_quiet = words.is_zero(seen);
            }
        }
        // The last pair's place among those of a register.
        let last = (length / 2).wrapping_sub(1) % (W::COUNT / 2);
        *left = before.map(|before| before.map(|lanes| lane(words, lanes, last)));
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

    /// A register of luma of a row; adds to the sums of differences.
    #[expect(clippy::too_many_arguments, reason = "what is read, and all that is added to")]
    #[inline(always)]
    fn luma_row<const DEEP: bool>(
        &self,
        planes: &mut impl SharedChroma<W>,
        row: usize,
        at: usize,
        pair: &PairOfPlaces<W::Vector>,
        weights: &PairWeights<W::Vector>,
        sums: &mut PairSums<W::Vector>,
        seen: &mut W::Vector,
    ) {
        let words = self.words;
        let codes = planes.luma(words, row, at);
        let x = self.locate::<true, DEEP>(&self.axes[0], codes);
        let [first, others @ ..] = self.planes(self.at_places(x, pair));
        planes.put_luma(words, row, at, codes, first);
        *seen = words.or(*seen, first);
        for i in 0..2 {
            *seen = words.or(*seen, others[i]);
            let PairSums { own, next } = sums;
            own[i] = words.add_u32(own[i], words.dot(others[i], weights.own));
            next[i] = words.add_u32(next[i], words.dot(others[i], weights.next));
        }
    }
}

/// Weights of a row's pairs of differences, as [`Words::dot`] takes them.
struct PairWeights<V> {
    /// In the sum of the sample of chroma that a pair belongs to.
    own: V,
    /// In the sum of the one after it.
    next: V,
}

impl<V: Copy> PairWeights<V> {
    #[inline(always)]
    fn new<W: Words<Vector = V>>(words: W, [before, first, second]: [u16; 3]) -> Self {
        let pair =
            |first: u16, second: u16| words.splat_u32(u32::from(first) | u32::from(second) << 16);
        Self { own: pair(first, second), next: pair(0, before) }
    }
}

/// Weighted sums of the differences of both components of chroma, in 32-bit lanes, over some rows.
#[derive(Clone, Copy)]
struct PairSums<V> {
    /// For the samples of chroma that the pairs of colours belong to, and [`Weights::HALF`].
    own: [V; 2],
    /// For those after them.
    next: [V; 2],
}

impl<V: Copy> PairSums<V> {
    /// The sums for the pairs' own samples of chroma, with what the pairs before them leave: to the first
    /// pair, the last lanes of `before`.
    #[inline(always)]
    fn whole<W: Words<Vector = V>>(&self, words: W, before: [V; 2]) -> [V; 2] {
        let of = |i: usize| words.add_u32(self.own[i], words.shift_in(before[i], self.next[i]));
        [of(0), of(1)]
    }

    /// What would be left to the first pair by another in the place of its first colour, in every lane.
    #[inline(always)]
    fn edge<W: Words<Vector = V>>(&self, words: W) -> [V; 2] {
        let of = |i: usize| {
            // The first colour weighs twice as much as the one before it.
            let twice = lane(words, self.own[i], 0) - Weights::HALF - lane(words, self.next[i], 0);
            words.splat_u32((twice >> 1) as u32)
        };
        [of(0), of(1)]
    }
}

/// One of the `i32` lanes.
#[inline(always)]
fn lane<W: Words>(words: W, lanes: W::Vector, index: usize) -> i32 {
    let mut each = [0; 16];
    words.store_i32(&mut each, lanes);
    each[index]
}

/// One or two rows of luma and the row of chroma they share, a register of luma at a time. Chroma comes
/// as one word for each sample of luma; its differences go as weighted sums in 32-bit lanes.
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
    fn put_chroma(&mut self, words: W, at: usize, codes: [W::Vector; 2], sums: [W::Vector; 2]);
}

/// Codes that have been loaded from any layout, and places for what becomes of them.
struct Blocks<'a, const ROWS: usize> {
    luma: [&'a Codes; ROWS],
    chroma: &'a [Codes; 2],
    luma_out: [&'a mut Differences; ROWS],
    sums: &'a mut Sums,
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
    fn put_chroma(&mut self, words: W, at: usize, _: [W::Vector; 2], sums: [W::Vector; 2]) {
        words.store_i32(&mut self.sums.of[0][at / 2..], sums[0]);
        words.store_i32(&mut self.sums.of[1][at / 2..], sums[1]);
    }
}
