//! 8-bit planes with shared chroma through a lattice in place, from register to register.
//!
//! Everything here that takes a [`Words`] is to be inlined into code that is compiled for a SIMD level.

use std::ops::Range;

use super::finish::{Finish, FinishWords};
use super::planar::SharedChroma;
use super::siting::Weights;
use super::tetrahedral::Sampler;
use super::words::Words;
use crate::frame::{Area, Band, Layout};

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

impl<W: Words, const GATHER: bool> Sampler<'_, W, GATHER> {
    /// Changes a band's part of some columns in [`BytePlanes`] in place. Columns must be those of whole
    /// registers from the area's first on.
    ///
    /// To be inlined into code that is compiled for a SIMD level.
    #[inline(always)]
    pub(super) fn apply_band(
        &self,
        layout: &Layout,
        rows: [usize; 2],
        columns: &Range<usize>,
        planes: &BytePlanes,
        finish: &Finish,
        band: &mut Band<'_>,
    ) {
        // Copies, because no write to the frame can be taken to change them.
        let (sampler, finish) = (*self, FinishWords::new(self.words, finish));
        let mut is_quiet = true;
        let [first, end] = band.groups();
        for group in first..end {
            let mut rows = layout.rows_of(group, rows).map(|row| (planes.luma, row));
            let (Some(one), two) = (rows.next(), rows.next()) else {
                continue;
            };
            let weights = Weights::new(layout, group, 1 + usize::from(two.is_some()));
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
                let chroma = planes.chroma.of_columns(columns, cb, cr);
                sampler.through_bytes(luma, chroma, &weights, finish, &mut is_quiet);
            } else {
                let [one, cb, cr] = match chroma {
                    (cb, Some(cr)) => band.rows_mut([one, cb, cr]),
                    (both, None) => {
                        let [one, both] = band.rows_mut([one, both]);
                        [one, both, &mut []]
                    }
                };
                let chroma = planes.chroma.of_columns(columns, cb, cr);
                let luma = [&mut one[columns.clone()]];
                sampler.through_bytes(luma, chroma, &weights, finish, &mut is_quiet);
            }
        }
    }

    /// Changes one or two rows of luma, of whole registers, and their row of chroma.
    #[inline(always)]
    pub(super) fn through_bytes<const ROWS: usize>(
        &self,
        luma: [&mut [u8]; ROWS],
        chroma: Chroma<'_>,
        weights: &Weights,
        finish: FinishWords<W>,
        is_quiet: &mut bool,
    ) {
        let (words, length) = (self.words, luma[0].len());
        match chroma {
            Chroma::Interleaved { pairs, cr_first } => {
                let chroma = Pairs::new(words, pairs, cr_first);
                let mut planes = Planes { luma, chroma, finish };
                self.share::<false, ROWS>(&mut planes, weights, length, &mut None, Some(is_quiet));
            }
            Chroma::Planar(chroma) => {
                let mut planes = Planes { luma, chroma: Halves(chroma), finish };
                self.share::<false, ROWS>(&mut planes, weights, length, &mut None, Some(is_quiet));
            }
        }
    }
}

/// Planes of 8 bits: one or two rows of luma, and their chroma.
struct Planes<'a, W: Words, C, const ROWS: usize> {
    luma: [&'a mut [u8]; ROWS],
    chroma: C,
    finish: FinishWords<W>,
}

/// Chroma of 8 bits, as [`SharedChroma`] has it.
trait ChromaBytes<W: Words> {
    fn load(&self, words: W, at: usize) -> [W::Vector; 2];
    fn change(&mut self, words: W, at: usize, differences: W::Vector, finish: &FinishWords<W>);
}

impl<W: Words, C: ChromaBytes<W>, const ROWS: usize> SharedChroma<W> for Planes<'_, W, C, ROWS> {
    #[inline(always)]
    fn luma(&self, words: W, row: usize, at: usize) -> W::Vector {
        words.load_wide(&self.luma[row][at..])
    }
    #[inline(always)]
    fn chroma(&self, words: W, at: usize) -> [W::Vector; 2] {
        self.chroma.load(words, at)
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
    fn put_chroma(&mut self, words: W, at: usize, differences: W::Vector) {
        self.chroma.change(words, at, differences, &self.finish);
    }
}

/// Pairs of Cb and Cr, or of Cr and Cb.
struct Pairs<'a, W: Words> {
    bytes: &'a mut [u8],
    /// Shuffles of bytes: of each 32-bit lane, the word that is Cb into both, and the one that is Cr.
    twice: [W::Vector; 2],
    /// Another: from Cb and Cr in each 32-bit lane to the order of the pairs.
    order: W::Vector,
}

impl<'a, W: Words> Pairs<'a, W> {
    #[inline(always)]
    fn new(words: W, bytes: &'a mut [u8], cr_first: bool) -> Self {
        let of_lanes = |bytes: [u8; 4]| {
            let byte = |i: usize| (i / 4 * 4) as u8 + bytes[i % 4];
            words.every_16_bytes(std::array::from_fn(byte))
        };
        let [cb, cr] = if cr_first { [2, 0] } else { [0, 2] };
        Self {
            bytes,
            twice: [cb, cr].map(|word| of_lanes([word, word + 1, word, word + 1])),
            order: of_lanes([cb, cb + 1, cr, cr + 1]),
        }
    }
}

impl<W: Words> ChromaBytes<W> for Pairs<'_, W> {
    #[inline(always)]
    fn load(&self, words: W, at: usize) -> [W::Vector; 2] {
        let pairs = words.load_wide(&self.bytes[at..]);
        self.twice.map(
            #[inline(always)]
            |twice| words.shuffle_bytes(pairs, twice),
        )
    }
    #[inline(always)]
    fn change(&mut self, words: W, at: usize, differences: W::Vector, finish: &FinishWords<W>) {
        let bytes = &mut self.bytes[at..];
        let differences = words.shuffle_bytes(differences, self.order);
        let codes = finish.codes(words, words.load_wide(bytes), differences);
        words.store_narrow(bytes, codes);
    }
}

/// Cb and Cr in planes of their own.
struct Halves<'a>([&'a mut [u8]; 2]);

impl<W: Words> ChromaBytes<W> for Halves<'_> {
    #[inline(always)]
    fn load(&self, words: W, at: usize) -> [W::Vector; 2] {
        let [cb, cr] = &self.0;
        [words.load_wide_twice(&cb[at / 2..]), words.load_wide_twice(&cr[at / 2..])]
    }
    #[inline(always)]
    fn change(&mut self, words: W, at: usize, differences: W::Vector, finish: &FinishWords<W>) {
        let [cb, cr] = self.load(words, at);
        let codes = finish.codes(words, words.join(cb, cr), differences);
        let [cb, cr] = &mut self.0;
        words.store_narrow_apart(&mut cb[at / 2..], &mut cr[at / 2..], codes);
    }
}
