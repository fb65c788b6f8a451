//! Planes with shared chroma through a lattice in place, from register to register.
//!
//! Everything here that takes a [`Words`] or [`Lanes`] is to be inlined into code that is compiled for a SIMD level.

use std::ops::Range;

use super::finish::{Finish, FinishWords};
use super::prism::Prism;
use super::shared::SharedChroma;
use super::siting::Weights;
use super::words::{Lanes, Words};
use crate::frame::{Area, Band, Layout};

/// A layout of planes, sample beside sample, where two columns share each sample of chroma.
pub(super) struct SharedPlanes {
    luma: usize,
    chroma: ChromaPlanes,
    /// Bytes of a sample.
    bytes: usize,
    /// Bits of a sample below the code.
    shift: u32,
}

enum ChromaPlanes {
    /// One plane of pairs of Cb and Cr, or of Cr and Cb.
    Interleaved { plane: usize, cr_first: bool },
    /// Cb's plane and Cr's.
    Planar([usize; 2]),
}

impl SharedPlanes {
    /// If a layout is of that kind, of bytes or of little-endian words of up to 12 bits, and the area does not begin
    /// amidst a pair of columns.
    pub(super) fn of(layout: &Layout, area: &Area) -> Option<Self> {
        let [luma, cb, cr] = &layout.components;
        let (bytes, shift) = (luma.bytes, luma.shift);
        let is_known = match bytes {
            1 => luma.depth == 8,
            2 => (9..=12).contains(&luma.depth),
            _ => false,
        };
        let kind = (bytes, shift, luma.depth, false);
        let are_alike =
            layout.components.iter().all(|c| (c.bytes, c.shift, c.depth, c.is_big_endian) == kind);
        let is_even = area.columns[0].is_multiple_of(2);
        let is_dense = luma.step == bytes && luma.offset == 0;
        if !is_known || !are_alike || !is_even || !is_dense || layout.sub_x != 1 {
            return None;
        }
        let chroma = if cb.step == bytes && cr.step == bytes {
            ChromaPlanes::Planar([cb.plane, cr.plane])
        } else if cb.step == 2 * bytes && cr.step == 2 * bytes && cb.plane == cr.plane {
            ChromaPlanes::Interleaved { plane: cb.plane, cr_first: cr.offset < cb.offset }
        } else {
            return None;
        };
        Some(Self { luma: luma.plane, chroma, bytes, shift })
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

    /// The part of chroma's rows that belongs to bytes of luma's, for an even number of samples.
    fn of_bytes<'a>(&self, bytes: &Range<usize>, cb: &'a mut [u8], cr: &'a mut [u8]) -> Chroma<'a> {
        match *self {
            Self::Interleaved { cr_first, .. } => {
                Chroma::Interleaved { pairs: &mut cb[bytes.clone()], cr_first }
            }
            Self::Planar(_) => {
                let half = bytes.start / 2..bytes.end / 2;
                Chroma::Planar([&mut cb[half.clone()], &mut cr[half]])
            }
        }
    }
}

/// Part of a row of chroma.
pub(super) enum Chroma<'a> {
    /// Pairs of Cb and Cr, or of Cr and Cb.
    Interleaved { pairs: &'a mut [u8], cr_first: bool },
    /// Cb and Cr.
    Planar([&'a mut [u8]; 2]),
}

/// Samples of a plane, a register at a time.
pub(super) trait Samples<W: Lanes>: Copy {
    /// Bytes of a sample.
    const BYTES: usize;
    /// Codes of samples.
    fn load(&self, words: W, from: &[u8]) -> W::Vector;
    /// Codes of two planes' samples, alternately.
    fn load_pairs(&self, words: W, first: &[u8], second: &[u8]) -> W::Vector;
    /// Changes samples whose codes are known.
    fn change(&self, words: W, to: &mut [u8], codes: W::Vector, differences: W::Vector);
    /// Changes two planes' samples by differences that alternate.
    fn change_pairs(&self, words: W, first: &mut [u8], second: &mut [u8], differences: W::Vector);
}

/// Samples of 8 bits.
#[derive(Clone, Copy)]
pub(super) struct Bytes<W: Words>(FinishWords<W>);

impl<W: Lanes> Bytes<W> {
    #[inline(always)]
    pub(super) fn new(words: W, finish: &Finish) -> Self {
        Self(FinishWords::new(words, finish))
    }
}

impl<W: Lanes> Samples<W> for Bytes<W> {
    const BYTES: usize = 1;
    #[inline(always)]
    fn load(&self, words: W, from: &[u8]) -> W::Vector {
        words.load_wide(from)
    }
    #[inline(always)]
    fn load_pairs(&self, words: W, first: &[u8], second: &[u8]) -> W::Vector {
        words.load_wide_pairs(first, second)
    }
    #[inline(always)]
    fn change(&self, words: W, to: &mut [u8], codes: W::Vector, differences: W::Vector) {
        words.store_narrow(to, self.0.codes(words, codes, differences));
    }
    #[inline(always)]
    fn change_pairs(&self, words: W, first: &mut [u8], second: &mut [u8], differences: W::Vector) {
        let codes = self.load_pairs(words, first, second);
        let codes = self.0.codes(words, codes, differences);
        words.store_narrow_apart(first, second, codes);
    }
}

/// Samples of 16 bits, 12 at most of them the code's. What lies below and above that stays as it is.
#[derive(Clone, Copy)]
pub(super) struct DeepSamples<W: Words> {
    finish: FinishWords<W>,
    max: W::Vector,
    zero: W::Vector,
    /// Bits of a sample below its code.
    shift: u32,
    /// Bits of a sample above its code.
    above: u32,
}

impl<W: Lanes> DeepSamples<W> {
    #[inline(always)]
    pub(super) fn new(words: W, finish: &Finish, shift: u32) -> Self {
        Self {
            finish: FinishWords::new(words, finish),
            max: words.splat(finish.max_code()),
            zero: words.splat(0),
            shift,
            above: finish.max_code().leading_zeros() - shift,
        }
    }

    #[inline(always)]
    fn codes(&self, words: W, samples: W::Vector) -> W::Vector {
        words.shift_right(words.shift_left(samples, self.above), self.above + self.shift)
    }

    /// Samples whose codes have differences.
    #[inline(always)]
    fn changed(&self, words: W, samples: W::Vector, differences: W::Vector) -> W::Vector {
        let codes = self.codes(words, samples);
        let new = words.max(self.finish.codes(words, codes, differences), self.zero);
        let moved = words.sub(words.min(new, self.max), codes);
        words.add(samples, words.shift_left(moved, self.shift))
    }
}

impl<W: Lanes> Samples<W> for DeepSamples<W> {
    const BYTES: usize = 2;
    #[inline(always)]
    fn load(&self, words: W, from: &[u8]) -> W::Vector {
        self.codes(words, words.load_bytes(from))
    }
    #[inline(always)]
    fn load_pairs(&self, words: W, first: &[u8], second: &[u8]) -> W::Vector {
        self.codes(words, words.load_word_pairs(first, second))
    }
    #[inline(always)]
    fn change(&self, words: W, to: &mut [u8], _: W::Vector, differences: W::Vector) {
        words.store_bytes(to, self.changed(words, words.load_bytes(to), differences));
    }
    #[inline(always)]
    fn change_pairs(&self, words: W, first: &mut [u8], second: &mut [u8], differences: W::Vector) {
        let samples = words.load_word_pairs(first, second);
        words.store_words_apart(first, second, self.changed(words, samples, differences));
    }
}

impl<W: Lanes> Prism<'_, W> {
    /// Changes a band's part of some columns in [`SharedPlanes`] in place. Columns must be those of whole
    /// registers from the area's first on.
    ///
    /// To be inlined into code that is compiled for a SIMD level.
    #[inline(always)]
    pub(super) fn apply_band(
        &self,
        layout: &Layout,
        rows: [usize; 2],
        columns: &Range<usize>,
        planes: &SharedPlanes,
        finish: &Finish,
        band: &mut Band<'_>,
    ) {
        match planes.bytes {
            1 => {
                let samples = Bytes::new(self.words, finish);
                self.apply_samples(samples, layout, rows, columns, planes, band);
            }
            _ => {
                let samples = DeepSamples::new(self.words, finish, planes.shift);
                self.apply_samples(samples, layout, rows, columns, planes, band);
            }
        }
    }

    #[inline(always)]
    fn apply_samples<S: Samples<W>>(
        &self,
        samples: S,
        layout: &Layout,
        rows: [usize; 2],
        columns: &Range<usize>,
        planes: &SharedPlanes,
        band: &mut Band<'_>,
    ) {
        let bytes = columns.start * S::BYTES..columns.end * S::BYTES;
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
            let two = if two.is_empty() { two } else { &mut two[bytes.clone()] };
            let luma = [&mut one[bytes.clone()], two];
            let chroma = planes.chroma.of_bytes(&bytes, cb, cr);
            self.through_planes(samples, luma, chroma, &weights, &mut is_quiet);
        }
    }

    /// Changes two rows of luma, or one and an empty one, of whole registers, and their row of chroma.
    #[inline(always)]
    pub(super) fn through_planes<S: Samples<W>>(
        &self,
        samples: S,
        luma: [&mut [u8]; 2],
        chroma: Chroma<'_>,
        weights: &Weights,
        is_quiet: &mut bool,
    ) {
        let (words, length) = (self.words, luma[0].len() / S::BYTES);
        match chroma {
            Chroma::Interleaved { pairs, cr_first } => {
                let chroma = Pairs::new(words, pairs, cr_first);
                let mut planes = Planes { luma, chroma, samples };
                self.share(&mut planes, weights, length, &mut None, Some(is_quiet));
            }
            Chroma::Planar(chroma) => {
                let mut planes = Planes { luma, chroma: Halves(chroma), samples };
                self.share(&mut planes, weights, length, &mut None, Some(is_quiet));
            }
        }
    }
}

/// One or two rows of luma, and their chroma.
struct Planes<'a, S, C> {
    luma: [&'a mut [u8]; 2],
    chroma: C,
    samples: S,
}

/// Chroma as [`SharedChroma`] has it.
trait ChromaSamples<W: Lanes, S: Samples<W>> {
    fn load(&self, words: W, at: usize, samples: &S) -> W::Vector;
    fn change(&mut self, words: W, at: usize, differences: W::Vector, samples: &S);
}

impl<W: Lanes, S: Samples<W>, C: ChromaSamples<W, S>> SharedChroma<W> for Planes<'_, S, C> {
    const DEEP: bool = S::BYTES > 1;
    #[inline(always)]
    fn luma(&self, words: W, row: usize, at: usize) -> W::Vector {
        let row = if self.luma[1].is_empty() { 0 } else { row };
        self.samples.load(words, &self.luma[row][S::BYTES * at..])
    }
    #[inline(always)]
    fn chroma(&self, words: W, at: usize) -> W::Vector {
        self.chroma.load(words, at, &self.samples)
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
            let samples = &mut self.luma[row][S::BYTES * at..];
            self.samples.change(words, samples, codes, differences);
        }
    }
    #[inline(always)]
    fn put_chroma(&mut self, words: W, at: usize, differences: W::Vector) {
        self.chroma.change(words, at, differences, &self.samples);
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

impl<W: Lanes, S: Samples<W>> ChromaSamples<W, S> for Pairs<'_, W> {
    #[inline(always)]
    fn load(&self, words: W, at: usize, samples: &S) -> W::Vector {
        let pairs = samples.load(words, &self.bytes[S::BYTES * at..]);
        words.shuffle_bytes(pairs, self.order)
    }
    #[inline(always)]
    fn change(&mut self, words: W, at: usize, differences: W::Vector, samples: &S) {
        let bytes = &mut self.bytes[S::BYTES * at..];
        let differences = words.shuffle_bytes(differences, self.order);
        samples.change(words, bytes, samples.load(words, bytes), differences);
    }
}

/// Cb and Cr in planes of their own.
struct Halves<'a>([&'a mut [u8]; 2]);

impl<W: Lanes, S: Samples<W>> ChromaSamples<W, S> for Halves<'_> {
    #[inline(always)]
    fn load(&self, words: W, at: usize, samples: &S) -> W::Vector {
        let ([cb, cr], at) = (&self.0, S::BYTES * at / 2);
        samples.load_pairs(words, &cb[at..], &cr[at..])
    }
    #[inline(always)]
    fn change(&mut self, words: W, at: usize, differences: W::Vector, samples: &S) {
        let ([cb, cr], at) = (&mut self.0, S::BYTES * at / 2);
        samples.change_pairs(words, &mut cb[at..], &mut cr[at..], differences);
    }
}
