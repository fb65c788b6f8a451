//! v210 through a lattice in place: 4:2:2 of 10 bits, three samples in each 32 bits, six columns in each 16 bytes.
//!
//! The samples of a row are Cb, Y', Cr, Y' and so on. Parts of a row are taken apart into luma and pairs of chroma of
//! 16 bits, changed there as planes are, and put together again.
//!
//! Everything here that takes a [`Words`] or [`Lanes`] is to be inlined into code that is compiled for a SIMD level.

use std::ops::Range;

use super::finish::{Finish, FinishWords};
use super::prism::Prism;
use super::shared::SharedChroma;
use super::siting::Weights;
use super::words::{Lanes, Words};
use crate::frame::{Area, Band, Component, Layout};

/// Columns in a word.
pub(super) const COLUMNS: usize = 6;
/// Bytes of a word, of as many samples of luma as of chroma.
const BYTES: usize = 16;
/// Words that are taken apart at a time: their columns are those of whole registers.
const PART: usize = 80;
/// Bytes of a word's luma, and of its chroma, taken apart.
const APART: usize = 2 * COLUMNS;
/// Bytes of luma, and of chroma, taken apart. What is beyond a word's is written, too, and read: up to a register.
const ROOM: usize = APART * PART + 64;

/// Whether a layout is that of v210, and an area begins with a word.
pub(super) fn is_v210(layout: &Layout, area: &Area) -> bool {
    let component = |shifts: &'static [u32]| Component {
        bytes: BYTES,
        shift: shifts[0],
        further_shifts: &shifts[1..],
        depth: 10,
        ..Component::byte(0, 0, BYTES)
    };
    let components = [&[10, 32, 52, 74, 96, 116][..], &[0, 42, 84], &[20, 64, 106]].map(component);
    layout.components == components && area.columns[0].is_multiple_of(COLUMNS)
}

/// Byte of a word in which a sample begins, and the bits of that byte below it.
const fn place(sample: usize) -> (usize, u32) {
    (sample / 3 * 4 + sample % 3, 2 * (sample % 3) as u32)
}

/// Marks a byte that a shuffle makes 0.
const NONE: u8 = 0x80;

/// What samples are taken out of words by: every second one from a first on.
struct Take<W: Words> {
    /// A shuffle of bytes: the two that a sample lies in.
    bytes: W::Vector,
    /// Powers of two that move a sample to the upper bits of its two bytes.
    powers: W::Vector,
}

impl<W: Words> Take<W> {
    #[inline(always)]
    fn new(words: W, first: usize) -> Self {
        let (mut bytes, mut powers) = ([NONE; 16], [0; 16]);
        for i in 0..COLUMNS {
            let (byte, shift) = place(2 * i + first);
            bytes[2 * i..][..2].copy_from_slice(&[byte as u8, byte as u8 + 1]);
            powers[2 * i..][..2].copy_from_slice(&(1u16 << (6 - shift)).to_le_bytes());
        }
        Self { bytes: words.every_16_bytes(bytes), powers: words.every_16_bytes(powers) }
    }

    /// The samples of each 16 bytes, and two zeros.
    #[inline(always)]
    fn samples(&self, words: W, from: W::Vector) -> W::Vector {
        let bytes = words.shuffle_bytes(from, self.bytes);
        words.shift_right(words.mul_low(bytes, self.powers), 6)
    }
}

/// What words are made of samples by.
struct Put<W: Words> {
    /// Shuffles of bytes of luma and of chroma: to the first two samples of each `u32`, and to the third in its
    /// upper half.
    lower: [W::Vector; 2],
    upper: [W::Vector; 2],
    /// For [`Words::dot`]: the first sample, and the second above it.
    joined: W::Vector,
    /// A shuffle of bytes: the upper half of each `u32`.
    high: W::Vector,
}

impl<W: Words> Put<W> {
    #[inline(always)]
    fn new(words: W) -> Self {
        // Of both kinds of samples, those in each `u32`'s halves.
        let shuffle = |kind: usize, sample_of: [Option<usize>; 2]| {
            let mut bytes = [NONE; 16];
            for i in 0..8 {
                let Some(sample) = sample_of[i % 2].map(|sample| i / 2 * 3 + sample) else {
                    continue;
                };
                if sample % 2 == kind {
                    bytes[2 * i..][..2].copy_from_slice(&[sample as u8 & !1, sample as u8 | 1]);
                }
            }
            words.every_16_bytes(bytes)
        };
        let of = |sample_of| [shuffle(1, sample_of), shuffle(0, sample_of)];
        let high = |i: usize| if i % 4 < 2 { NONE } else { i as u8 };
        Self {
            lower: of([Some(0), Some(1)]),
            upper: of([None, Some(2)]),
            joined: words.splat_u32(1 | 1 << 26),
            high: words.every_16_bytes(std::array::from_fn(high)),
        }
    }

    /// Words of six samples of luma and six of chroma in each 16 bytes. Bits that are no sample's are those of the
    /// words `before`.
    #[inline(always)]
    fn words(&self, words: W, before: W::Vector, samples: [W::Vector; 2]) -> W::Vector {
        let of = |[luma, chroma]: &[W::Vector; 2]| {
            let luma = words.shuffle_bytes(samples[0], *luma);
            words.or(luma, words.shuffle_bytes(samples[1], *chroma))
        };
        let (lower, upper) = (of(&self.lower), of(&self.upper));
        let spare = words.shift_right(words.shuffle_bytes(before, self.high), 14);
        let upper = words.or(words.shift_left(upper, 4), words.shift_left(spare, 14));
        words.or(words.dot(lower, self.joined), upper)
    }
}

impl<W: Lanes> Prism<'_, W> {
    /// Changes a band's part of some columns of v210 in place. Columns must be those of whole words from the area's
    /// first on.
    ///
    /// To be inlined into code that is compiled for a SIMD level.
    #[inline(always)]
    pub(super) fn apply_v210(
        &self,
        layout: &Layout,
        rows: [usize; 2],
        columns: &Range<usize>,
        finish: &Finish,
        band: &mut Band<'_>,
    ) {
        let words = self.words;
        let (finish, max) = (FinishWords::new(words, finish), words.splat(finish.max_code()));
        let (take, put) = ([Take::new(words, 1), Take::new(words, 0)], Put::new(words));
        let mut apart = [[0; ROOM]; 2];
        let mut is_quiet = true;
        let bytes = columns.start / COLUMNS * BYTES..columns.end / COLUMNS * BYTES;
        let [first, end] = band.groups();
        for row in first.max(rows[0])..end.min(rows[1]) {
            let weights = Weights::new(layout, row, 1);
            let mut left = None;
            for part in band.row_mut(0, row)[bytes.clone()].chunks_mut(BYTES * PART) {
                take_apart(words, &take, part, &mut apart);
                let length = (part.len() / BYTES * COLUMNS).next_multiple_of(W::COUNT);
                let mut codes = Apart { codes: &mut apart, finish, zero: words.splat(0), max };
                self.share(&mut codes, &weights, length, &mut left, Some(&mut is_quiet));
                put_together(words, &put, &apart, part);
            }
        }
    }
}

/// Luma and pairs of chroma, taken apart.
struct Apart<'a, W: Lanes> {
    codes: &'a mut [[u8; ROOM]; 2],
    finish: FinishWords<W>,
    zero: W::Vector,
    max: W::Vector,
}

impl<W: Lanes> Apart<'_, W> {
    #[inline(always)]
    fn put(&mut self, words: W, kind: usize, at: usize, codes: W::Vector, differences: W::Vector) {
        let new = words.max(self.finish.codes(words, codes, differences), self.zero);
        words.store_bytes(&mut self.codes[kind][2 * at..], words.min(new, self.max));
    }
}

impl<W: Lanes> SharedChroma<W> for Apart<'_, W> {
    const DEEP: bool = true;
    const IS_SINGLE: bool = true;
    #[inline(always)]
    fn luma(&self, words: W, _: usize, at: usize) -> W::Vector {
        words.load_bytes(&self.codes[0][2 * at..])
    }
    #[inline(always)]
    fn chroma(&self, words: W, at: usize) -> W::Vector {
        words.load_bytes(&self.codes[1][2 * at..])
    }
    #[inline(always)]
    fn put_luma(
        &mut self,
        words: W,
        _: usize,
        at: usize,
        codes: W::Vector,
        differences: W::Vector,
    ) {
        self.put(words, 0, at, codes, differences);
    }
    #[inline(always)]
    fn put_chroma(&mut self, words: W, at: usize, differences: W::Vector) {
        self.put(words, 1, at, self.chroma(words, at), differences);
    }
}

/// Words of a register.
const fn lanes<W: Words>() -> usize {
    2 * W::COUNT / BYTES
}

/// Takes words apart into luma and chroma.
#[inline(always)]
fn take_apart<W: Lanes>(words: W, take: &[Take<W>; 2], from: &[u8], to: &mut [[u8; ROOM]; 2]) {
    for (i, from) in from.chunks(2 * W::COUNT).enumerate() {
        let from = load(words, from);
        for (take, to) in take.iter().zip(&mut *to) {
            let samples = words.close_twelves(take.samples(words, from));
            words.store_bytes(&mut to[APART * lanes::<W>() * i..], samples);
        }
    }
}

/// Words, of which there may be less than a register's.
#[inline(always)]
fn load<W: Words>(words: W, from: &[u8]) -> W::Vector {
    if from.len() == 2 * W::COUNT {
        return words.load_bytes(from);
    }
    let mut bytes = [0; 64];
    bytes[..from.len()].copy_from_slice(from);
    words.load_bytes(&bytes)
}

/// Puts luma and chroma together into words again.
#[inline(always)]
fn put_together<W: Lanes>(words: W, put: &Put<W>, from: &[[u8; ROOM]; 2], to: &mut [u8]) {
    for (i, to) in to.chunks_mut(2 * W::COUNT).enumerate() {
        let samples = from.each_ref().map(
            #[inline(always)]
            |from| words.open_twelves(words.load_bytes(&from[APART * lanes::<W>() * i..])),
        );
        let new = put.words(words, load(words, to), samples);
        if to.len() == 2 * W::COUNT {
            words.store_bytes(to, new);
        } else {
            let mut bytes = [0; 64];
            words.store_bytes(&mut bytes, new);
            to.copy_from_slice(&bytes[..to.len()]);
        }
    }
}
