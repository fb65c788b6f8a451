//! Components apart: blocks of codes through a lattice, and 8-bit planes with shared chroma in place.

use std::ops::Range;

use super::BLOCK;
use super::finish::{Finish, FinishWords};
use super::method::{Chroma, Codes, Differences, Source, Sums};
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
        length: usize,
        luma: &[Codes],
        chroma: &[Codes; 2],
        luma_out: &mut [Differences],
        sums: &mut [Sums; 2],
    ) {
        match (luma, luma_out) {
            ([one], [out, ..]) => self.through_blocks([one], chroma, [out], sums, length),
            ([one, two], [out_one, out_two]) => {
                self.through_blocks([one, two], chroma, [out_one, out_two], sums, length);
            }
            _ => unreachable!("one or two rows"),
        }
    }

    fn in_place(
        &self,
        luma: &mut [&mut [u8]],
        chroma: Chroma<'_>,
        finish: &Finish,
        is_quiet: &mut bool,
    ) -> usize {
        if self.deeper > 0 {
            return 0;
        }
        let length = luma[0].len() / W::COUNT * W::COUNT;
        match luma {
            [one] => self.through_planes([one], chroma, finish, length, is_quiet),
            [one, two] => self.through_planes([one, two], chroma, finish, length, is_quiet),
            _ => unreachable!("one or two rows"),
        }
        length
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
        luma: [&Codes; ROWS],
        chroma: &[Codes; 2],
        luma_out: [&mut Differences; ROWS],
        sums: &mut [Sums; 2],
        length: usize,
    ) {
        let sampler = *self;
        let mut blocks = Blocks { luma, chroma, luma_out, sums };
        if self.deeper > 0 {
            self.words.vectorize(
                #[inline(always)]
                || sampler.share::<true, ROWS>(&mut blocks, length, None),
            );
        } else {
            self.words.vectorize(
                #[inline(always)]
                || sampler.share::<false, ROWS>(&mut blocks, length, None),
            );
        }
    }

    fn through_planes<const ROWS: usize>(
        &self,
        luma: [&mut [u8]; ROWS],
        chroma: Chroma<'_>,
        finish: &Finish,
        length: usize,
        is_quiet: &mut bool,
    ) {
        let (words, sampler) = (self.words, *self);
        match chroma {
            Chroma::Interleaved { pairs, cr_first } => words.vectorize(
                #[inline(always)]
                || {
                    let mut planes = SemiPlanar {
                        luma,
                        pairs,
                        cr_first,
                        finish: FinishWords::new(words, finish),
                        twice: [[0, 1, 0, 1], [2, 3, 2, 3]].map(|word| {
                            words.every_16_bytes(std::array::from_fn(|i| {
                                (i / 4 * 4) as u8 + word[i % 4]
                            }))
                        }),
                    };
                    sampler.share::<false, ROWS>(&mut planes, length, Some(is_quiet));
                },
            ),
            Chroma::Planar(chroma) => words.vectorize(
                #[inline(always)]
                || {
                    let finish = FinishWords::new(words, finish);
                    let mut planes = Planar { luma, chroma, finish };
                    sampler.share::<false, ROWS>(&mut planes, length, Some(is_quiet));
                },
            ),
        }
    }

    /// Colours that share each sample of chroma two by two and row by row.
    ///
    /// Where what has no difference may be left out, `is_quiet` tells, and is told, whether the block
    /// before had none: only then is it worth a look whether the next one can have any.
    #[inline(always)]
    fn share<const DEEP: bool, const ROWS: usize>(
        &self,
        planes: &mut impl SharedChroma<W>,
        length: usize,
        mut is_quiet: Option<&mut bool>,
    ) {
        let words = self.words;
        let [_, axis_y, axis_z] = &self.axes;
        for start in (0..length).step_by(BLOCK) {
            let block = start..(start + BLOCK).min(length);
            if is_quiet.as_deref() == Some(&true) && !self.may_touch::<ROWS>(planes, block.clone())
            {
                continue;
            }
            let mut seen = self.zero;
            for at in block.step_by(W::COUNT) {
                let [cb, cr] = planes.chroma(words, at);
                let y = self.locate::<true, DEEP>(axis_y, cb);
                let z = self.locate::<true, DEEP>(axis_z, cr);
                let pair = self.pair_of(y, z);
                let mut sums = [[self.zero; 2]; 2];
                self.luma_row::<DEEP>(planes, 0, at, &pair, &mut sums, &mut seen);
                if ROWS == 2 {
                    self.luma_row::<DEEP>(planes, 1, at, &pair, &mut sums, &mut seen);
                }
                planes.put_chroma(words, at, [cb, cr], self.others_of_sums(sums));
            }
            if let Some(is_quiet) = &mut is_quiet {
                **is_quiet = words.is_zero(seen);
            }
        }
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

    /// A register of luma of a row; adds to the sums of differences, two by two.
    #[inline(always)]
    fn luma_row<const DEEP: bool>(
        &self,
        planes: &mut impl SharedChroma<W>,
        row: usize,
        at: usize,
        pair: &PairOfPlaces<W::Vector>,
        sums: &mut [[W::Vector; 2]; 2],
        seen: &mut W::Vector,
    ) {
        let (words, one) = (self.words, self.words.splat(1));
        let codes = planes.luma(words, row, at);
        let x = self.locate::<true, DEEP>(&self.axes[0], codes);
        let pairs = self.pairs(self.at_places(x, pair));
        planes.put_luma(words, row, at, codes, self.first_of_pairs(pairs));
        for i in 0..2 {
            for j in 0..2 {
                *seen = words.or(*seen, pairs[i][j]);
                sums[i][j] = words.add_u32(sums[i][j], words.dot(pairs[i][j], one));
            }
        }
    }
}

/// One or two rows of luma and the row of chroma they share, a register of luma at a time. Chroma comes
/// as one word for each sample of luma; its differences go as their sums in 32-bit lanes.
///
/// All of it is to be inlined into code that is compiled for a SIMD level.
trait SharedChroma<W: Words> {
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
    sums: &'a mut [Sums; 2],
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
        words.store_i32(&mut self.sums[0][at / 2..], sums[0]);
        words.store_i32(&mut self.sums[1][at / 2..], sums[1]);
    }
}

/// The average of chroma's differences over its samples of luma, from their sum in each 32-bit lane, in
/// both words of the lane or, with two components, in one each.
#[inline(always)]
fn average<W: Words, const ROWS: usize>(words: W, [a, b]: [W::Vector; 2]) -> W::Vector {
    let half = words.splat_u32(ROWS as u32);
    let of = |sum| words.shift_right_i32(words.add_u32(sum, half), ROWS as u32);
    words.join(of(a), of(b))
}

/// Planes of 8 bits, chroma in pairs.
struct SemiPlanar<'a, W: Words, const ROWS: usize> {
    luma: [&'a mut [u8]; ROWS],
    pairs: &'a mut [u8],
    cr_first: bool,
    finish: FinishWords<W>,
    /// Shuffles of bytes: the low word of each 32-bit lane into both, the high word into both.
    twice: [W::Vector; 2],
}

impl<W: Words, const ROWS: usize> SharedChroma<W> for SemiPlanar<'_, W, ROWS> {
    #[inline(always)]
    fn luma(&self, words: W, row: usize, at: usize) -> W::Vector {
        words.load_wide(&self.luma[row][at..])
    }
    #[inline(always)]
    fn chroma(&self, words: W, at: usize) -> [W::Vector; 2] {
        let pairs = words.load_wide(&self.pairs[at..]);
        let [first, second] = self.twice.map(|twice| words.shuffle_bytes(pairs, twice));
        if self.cr_first { [second, first] } else { [first, second] }
    }
    #[inline(always)]
    fn put_luma(
        &mut self,
        words: W,
        row: usize,
        at: usize,
        codes: W::Vector,
        differences: W::Vector,
    ) {
        let codes = self.finish.codes(words, codes, differences);
        words.store_narrow(&mut self.luma[row][at..], codes);
    }
    #[inline(always)]
    fn put_chroma(
        &mut self,
        words: W,
        at: usize,
        [cb, cr]: [W::Vector; 2],
        [cb_sums, cr_sums]: [W::Vector; 2],
    ) {
        let (codes, sums) = if self.cr_first {
            (words.join(cr, cb), [cr_sums, cb_sums])
        } else {
            (words.join(cb, cr), [cb_sums, cr_sums])
        };
        let codes = self.finish.codes(words, codes, average::<W, ROWS>(words, sums));
        words.store_narrow(&mut self.pairs[at..], codes);
    }
}

/// Planes of 8 bits, one for each component.
struct Planar<'a, W: Words, const ROWS: usize> {
    luma: [&'a mut [u8]; ROWS],
    chroma: [&'a mut [u8]; 2],
    finish: FinishWords<W>,
}

impl<W: Words, const ROWS: usize> SharedChroma<W> for Planar<'_, W, ROWS> {
    #[inline(always)]
    fn luma(&self, words: W, row: usize, at: usize) -> W::Vector {
        words.load_wide(&self.luma[row][at..])
    }
    #[inline(always)]
    fn chroma(&self, words: W, at: usize) -> [W::Vector; 2] {
        let [cb, cr] = &self.chroma;
        [words.load_wide_twice(&cb[at / 2..]), words.load_wide_twice(&cr[at / 2..])]
    }
    #[inline(always)]
    fn put_luma(
        &mut self,
        words: W,
        row: usize,
        at: usize,
        codes: W::Vector,
        differences: W::Vector,
    ) {
        let codes = self.finish.codes(words, codes, differences);
        words.store_narrow(&mut self.luma[row][at..], codes);
    }
    #[inline(always)]
    fn put_chroma(&mut self, words: W, at: usize, codes: [W::Vector; 2], sums: [W::Vector; 2]) {
        for i in 0..2 {
            let differences = average::<W, ROWS>(words, [sums[i]; 2]);
            let codes = self.finish.codes(words, codes[i], differences);
            words.store_narrow_halves(&mut self.chroma[i][at / 2..], codes);
        }
    }
}
