//! 8-bit planes with shared chroma through a lattice in place, from register to register.
//!
//! Everything here that takes a [`Words`] or [`Lanes`] is to be inlined into code that is compiled for a SIMD level.

use std::ops::Range;

use super::finish::{Finish, FinishWords};
use super::prism::Prism;
use super::shared::SharedChroma;
use super::siting::Weights;
use super::words::{Lanes, Words};
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

impl<W: Lanes> Prism<'_, W> {
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
        let finish = FinishWords::new(self.words, finish);
        let mut is_quiet = true;
        let [first, end] = band.groups();
        for group in first..end {
            let mut rows = layout.rows_of(group, rows).map(|row| (planes.luma, row));
            let (Some(one), two) = (rows.next(), rows.next()) else {
                continue;
            };
            let weights = Weights::new(layout, group, 1 + usize::from(two.is_some()));
            let ((cb, cr), none) = (planes.chroma.rows(group), &mut [][..]);
            let [one, two, cb, cr] = match (two, cr) {
                (Some(two), Some(cr)) => band.rows_mut([one, two, cb, cr]),
                (Some(two), None) => {
                    let [one, two, cb] = band.rows_mut([one, two, cb]);
                    [one, two, cb, none]
                }
                (None, Some(cr)) => {
                    let [one, cb, cr] = band.rows_mut([one, cb, cr]);
                    [one, none, cb, cr]
                }
                (None, None) => {
                    let [one, cb] = band.rows_mut([one, cb]);
                    [one, none, cb, &mut []]
                }
            };
            let two = if two.is_empty() { two } else { &mut two[columns.clone()] };
            let luma = [&mut one[columns.clone()], two];
            let chroma = planes.chroma.of_columns(columns, cb, cr);
            self.through_bytes(luma, chroma, &weights, finish, &mut is_quiet);
        }
    }

    /// Changes two rows of luma, or one and an empty one, of whole registers, and their row of chroma.
    #[inline(always)]
    pub(super) fn through_bytes(
        &self,
        luma: [&mut [u8]; 2],
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
                self.share(&mut planes, weights, length, &mut None, Some(is_quiet));
            }
            Chroma::Planar(chroma) => {
                let mut planes = Planes { luma, chroma: Halves(chroma), finish };
                self.share(&mut planes, weights, length, &mut None, Some(is_quiet));
            }
        }
    }
}

/// Planes of 8 bits: one or two rows of luma, and their chroma.
struct Planes<'a, W: Words, C> {
    luma: [&'a mut [u8]; 2],
    chroma: C,
    finish: FinishWords<W>,
}

/// Chroma of 8 bits, as [`SharedChroma`] has it.
trait ChromaBytes<W: Words> {
    fn load(&self, words: W, at: usize) -> W::Vector;
    fn change(&mut self, words: W, at: usize, differences: W::Vector, finish: &FinishWords<W>);
}

impl<W: Lanes, C: ChromaBytes<W>> SharedChroma<W> for Planes<'_, W, C> {
    const DEEP: bool = false;
    #[inline(always)]
    fn luma(&self, words: W, row: usize, at: usize) -> W::Vector {
        let row = if self.luma[1].is_empty() { 0 } else { row };
        words.load_wide(&self.luma[row][at..])
    }
    #[inline(always)]
    fn chroma(&self, words: W, at: usize) -> W::Vector {
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
        if !self.luma[row].is_empty() {
            let codes = self.finish.codes(words, codes, differences);
            words.store_narrow(&mut self.luma[row][at..], codes);
        }
    }
    #[inline(always)]
    fn put_chroma(&mut self, words: W, at: usize, differences: W::Vector) {
        self.chroma.change(words, at, differences, &self.finish);
    }
}

/// Pairs of Cb and Cr, or of Cr and Cb.
struct Pairs<'a, W: Words> {
    bytes: &'a mut [u8],
    /// A shuffle of bytes: words of each pair from Cb and Cr to their order in memory, and back.
    order: W::Vector,
}

impl<'a, W: Words> Pairs<'a, W> {
    #[inline(always)]
    fn new(words: W, bytes: &'a mut [u8], cr_first: bool) -> Self {
        let byte = |i: usize| if cr_first { i ^ 2 } else { i } as u8;
        Self { bytes, order: words.every_16_bytes(std::array::from_fn(byte)) }
    }
}

impl<W: Words> ChromaBytes<W> for Pairs<'_, W> {
    #[inline(always)]
    fn load(&self, words: W, at: usize) -> W::Vector {
        words.shuffle_bytes(words.load_wide(&self.bytes[at..]), self.order)
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

impl<W: Lanes> ChromaBytes<W> for Halves<'_> {
    #[inline(always)]
    fn load(&self, words: W, at: usize) -> W::Vector {
        let [cb, cr] = &self.0;
        words.load_wide_pairs(&cb[at / 2..], &cr[at / 2..])
    }
    #[inline(always)]
    fn change(&mut self, words: W, at: usize, differences: W::Vector, finish: &FinishWords<W>) {
        let codes = finish.codes(words, self.load(words, at), differences);
        let [cb, cr] = &mut self.0;
        words.store_narrow_apart(&mut cb[at / 2..], &mut cr[at / 2..], codes);
    }
}
