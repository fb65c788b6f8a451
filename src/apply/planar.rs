//! Components apart: blocks of codes through a lattice, and 8-bit planes with shared chroma in place.

use std::ops::Range;

use super::BLOCK;
use super::finish::{Finish, FinishWords};
use super::method::{Codes, Differences, Source, Sums};
use super::tetrahedral::{Extent, PairOfPlaces, Sampler};
use super::words::Words;
use crate::frame::{Area, Band, Layout};

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

    /// Changes a band's part of an area in [`BytePlanes`] in place; gives the number of columns, from the
    /// area's first on, that it has done: an even number.
    ///
    /// To be inlined into code that is compiled for a SIMD level.
    #[inline(always)]
    pub(super) fn apply_band(
        &self,
        layout: &Layout,
        area: &Area,
        planes: &BytePlanes,
        finish: &Finish,
        band: &mut Band<'_>,
    ) -> usize {
        let start = area.columns[0];
        let length = (area.processed_until - start) / W::COUNT * W::COUNT;
        let columns = start..start + length;
        // Copies, because no write to the frame can be taken to change them.
        let (sampler, finish) = (*self, FinishWords::new(self.words, finish));
        let mut is_quiet = true;
        let [first, end] = band.groups();
        for group in first..end {
            let mut rows = layout.rows_of(group, area.rows).map(|row| (planes.luma, row));
            let (Some(one), two) = (rows.next(), rows.next()) else {
                continue;
            };
            let chroma = planes.chroma.rows(group);
            if let Some(two) = two {
                let [one, two, cb, cr] = match chroma {
                    (cb, Some(cr)) => band.rows_mut([one, two, cb, cr]),
                    (both, None) => {
                        let [one, two, both] = band.rows_mut([one, two, both]);
                        [one, two, both, &mut []]
                    }
                };
                let luma = [&mut one[columns.clone()], &mut two[columns.clone()]];
                let chroma = planes.chroma.of_columns(&columns, cb, cr);
                sampler.through_bytes(luma, chroma, finish, &mut is_quiet);
            } else {
                let [one, cb, cr] = match chroma {
                    (cb, Some(cr)) => band.rows_mut([one, cb, cr]),
                    (both, None) => {
                        let [one, both] = band.rows_mut([one, both]);
                        [one, both, &mut []]
                    }
                };
                let chroma = planes.chroma.of_columns(&columns, cb, cr);
                let luma = [&mut one[columns.clone()]];
                sampler.through_bytes(luma, chroma, finish, &mut is_quiet);
            }
        }
        length
    }

    /// Changes one or two rows of luma, of whole registers, and their row of chroma.
    #[inline(always)]
    pub(super) fn through_bytes<const ROWS: usize>(
        &self,
        luma: [&mut [u8]; ROWS],
        chroma: Chroma<'_>,
        finish: FinishWords<W>,
        is_quiet: &mut bool,
    ) {
        let (words, length) = (self.words, luma[0].len());
        match chroma {
            Chroma::Interleaved { pairs, cr_first } => {
                let twice = |word: [u8; 4]| {
                    let byte = |i: usize| (i / 4 * 4) as u8 + word[i % 4];
                    words.every_16_bytes(std::array::from_fn(byte))
                };
                let twice = [twice([0, 1, 0, 1]), twice([2, 3, 2, 3])];
                if cr_first {
                    let mut planes = SemiPlanar::<_, ROWS, true> { luma, pairs, finish, twice };
                    self.share::<false, ROWS>(&mut planes, length, Some(is_quiet));
                } else {
                    let mut planes = SemiPlanar::<_, ROWS, false> { luma, pairs, finish, twice };
                    self.share::<false, ROWS>(&mut planes, length, Some(is_quiet));
                }
            }
            Chroma::Planar(chroma) => {
                let mut planes = Planar { luma, chroma, finish };
                self.share::<false, ROWS>(&mut planes, length, Some(is_quiet));
            }
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

/// A layout of 8-bit planes, byte beside byte, where two columns share each sample of chroma.
pub(super) struct BytePlanes {
    luma: usize,
    chroma: ChromaPlanes,
}

enum ChromaPlanes {
    /// One plane of pairs of Cb and Cr, or of Cr and Cb.
    Interleaved { plane: usize, cr_first: bool },
    /// Cb's plane and Cr's.
    Planar([usize; 2]),
}

impl BytePlanes {
    /// If a layout is of that kind, and the area does not begin amidst a pair of columns.
    pub(super) fn of(layout: &Layout, area: &Area) -> Option<Self> {
        let [luma, cb, cr] = &layout.components;
        let are_bytes = layout.components.iter().all(|c| c.bytes == 1 && c.depth == 8);
        let is_even = area.columns[0].is_multiple_of(2);
        if !are_bytes || !is_even || layout.sub_x != 1 || luma.step != 1 || luma.offset != 0 {
            return None;
        }
        let chroma = match (cb.step, cr.step) {
            (1, 1) => ChromaPlanes::Planar([cb.plane, cr.plane]),
            (2, 2) if cb.plane == cr.plane => {
                ChromaPlanes::Interleaved { plane: cb.plane, cr_first: cr.offset < cb.offset }
            }
            _ => return None,
        };
        Some(Self { luma: luma.plane, chroma })
    }
}

impl ChromaPlanes {
    /// Plane and row of each row of chroma.
    fn rows(&self, row: usize) -> ((usize, usize), Option<(usize, usize)>) {
        match *self {
            Self::Interleaved { plane, .. } => ((plane, row), None),
            Self::Planar([cb, cr]) => ((cb, row), Some((cr, row))),
        }
    }

    /// The part of chroma's rows that belongs to an even number of columns of luma.
    fn of_columns<'a>(
        &self,
        columns: &Range<usize>,
        cb: &'a mut [u8],
        cr: &'a mut [u8],
    ) -> Chroma<'a> {
        match *self {
            Self::Interleaved { cr_first, .. } => {
                Chroma::Interleaved { pairs: &mut cb[columns.clone()], cr_first }
            }
            Self::Planar(_) => {
                let half = columns.start / 2..columns.end / 2;
                Chroma::Planar([&mut cb[half.clone()], &mut cr[half]])
            }
        }
    }
}

/// Part of a row of chroma of 8 bits.
pub(super) enum Chroma<'a> {
    /// Pairs of Cb and Cr, or of Cr and Cb.
    Interleaved { pairs: &'a mut [u8], cr_first: bool },
    /// Cb and Cr.
    Planar([&'a mut [u8]; 2]),
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
struct SemiPlanar<'a, W: Words, const ROWS: usize, const CR_FIRST: bool> {
    luma: [&'a mut [u8]; ROWS],
    pairs: &'a mut [u8],
    finish: FinishWords<W>,
    /// Shuffles of bytes: the low word of each 32-bit lane into both, the high word into both.
    twice: [W::Vector; 2],
}

impl<W: Words, const ROWS: usize, const CR_FIRST: bool> SharedChroma<W>
    for SemiPlanar<'_, W, ROWS, CR_FIRST>
{
    #[inline(always)]
    fn luma(&self, words: W, row: usize, at: usize) -> W::Vector {
        words.load_wide(&self.luma[row][at..])
    }
    #[inline(always)]
    fn chroma(&self, words: W, at: usize) -> [W::Vector; 2] {
        let pairs = words.load_wide(&self.pairs[at..]);
        let first = words.shuffle_bytes(pairs, self.twice[0]);
        let second = words.shuffle_bytes(pairs, self.twice[1]);
        if CR_FIRST { [second, first] } else { [first, second] }
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
        let (codes, sums) = if CR_FIRST {
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
