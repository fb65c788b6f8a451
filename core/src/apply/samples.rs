//! One component of a row: loaded into codes, and stored back.
//!
//! Samples are taken out of whole words of `step` bytes and put back into them, which SIMD code can be
//! made of; strided bytes it cannot. The step is a constant of each loop, and so is whether a sample's
//! bytes are to be swapped.
//!
//! Loops are compiled for each SIMD level once, so that all formats' are there and no more.

use super::BLOCK;
use super::finish::{Finish, plain_code};
use crate::frame::Component;
use crate::workers::{Level, in_loops};

/// Where a code lies in a word of `step` bytes, counted from the word's least significant bit when it
/// is read as little-endian.
#[derive(Clone, Copy)]
struct SampleAccess {
    /// Bits below the sample.
    sample: u32,
    /// Bits of the sample below the code.
    shift: u32,
    /// The code's bits, at the sample's least significant end.
    mask: u64,
}

impl SampleAccess {
    fn new(component: &Component) -> Self {
        Self {
            sample: 8 * (component.offset % component.step) as u32,
            shift: component.shift,
            mask: (1 << component.depth) - 1,
        }
    }

    /// The code in a word.
    #[inline(always)]
    fn get<const SWAP: bool, const WIDE: bool>(&self, word: u64) -> u16 {
        if SWAP {
            let sample = ((word >> self.sample) as u16).swap_bytes();
            return (sample >> self.shift) & self.mask as u16;
        }
        // Words of 32 bits take half the lanes of 64.
        if WIDE {
            (word >> (self.sample + self.shift) & self.mask) as u16
        } else {
            (word as u32 >> (self.sample + self.shift) & self.mask as u32) as u16
        }
    }

    /// The word with another code.
    #[inline(always)]
    fn put<const SWAP: bool, const WIDE: bool>(&self, word: u64, code: u16) -> u64 {
        if SWAP {
            let mask = (self.mask as u16) << self.shift;
            let swapped = |value: u16| u64::from(value.swap_bytes()) << self.sample;
            return (word & !swapped(mask)) | swapped(code << self.shift);
        }
        let at = self.sample + self.shift;
        if WIDE {
            (word & !(self.mask << at)) | u64::from(code) << at
        } else {
            let word = (word as u32 & !((self.mask as u32) << at)) | u32::from(code) << at;
            u64::from(word)
        }
    }
}

/// Up to 8 bytes as a little-endian word.
#[inline(always)]
fn word<const N: usize>(bytes: &[u8]) -> u64 {
    if N == 8 {
        let mut word = [0; 8];
        word.copy_from_slice(&bytes[..8]);
        u64::from_le_bytes(word)
    } else {
        let mut word = [0; 4];
        word[..N].copy_from_slice(&bytes[..N]);
        u64::from(u32::from_le_bytes(word))
    }
}

/// The end of a row, which may be in the middle of its last word, as a word.
#[inline(always)]
fn partial_word(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(word)
}

/// The part of a row that starts with the word of sample number `first`.
fn start_of(component: &Component, first: usize) -> usize {
    component.offset / component.step * component.step + first * component.step
}

/// Codes of the samples from number `first` on, as many as `out` holds.
pub(super) fn load(level: Level, row: &[u8], component: &Component, first: usize, out: &mut [u16]) {
    in_loops!(level, load_here(row, component, first, out));
}

#[inline(always)]
fn load_here(row: &[u8], component: &Component, first: usize, out: &mut [u16]) {
    let row = &row[start_of(component, first)..];
    let access = SampleAccess::new(component);
    match (component.step, component.is_big_endian) {
        (1, _) => out.iter_mut().zip(row).for_each(|(out, sample)| *out = u16::from(*sample)),
        (2, false) => load_words::<2, false, false>(row, access, out),
        (2, true) => load_words::<2, true, false>(row, access, out),
        (3, _) => load_words::<3, false, false>(row, access, out),
        (4, false) => load_words::<4, false, false>(row, access, out),
        (4, true) => load_words::<4, true, false>(row, access, out),
        (8, false) => load_words::<8, false, true>(row, access, out),
        (8, true) => load_words::<8, true, true>(row, access, out),
        (step, _) => panic!("samples {step} bytes apart"),
    }
}

#[inline(always)]
fn load_words<const N: usize, const SWAP: bool, const WIDE: bool>(
    row: &[u8],
    access: SampleAccess,
    out: &mut [u16],
) {
    let words = row.chunks_exact(N);
    let rest = words.remainder();
    let whole = words.len();
    for (out, bytes) in out.iter_mut().zip(words) {
        *out = access.get::<SWAP, WIDE>(word::<N>(bytes));
    }
    if let Some(out) = out.get_mut(whole) {
        *out = access.get::<SWAP, WIDE>(partial_word(rest));
    }
}

/// Appends the codes of single samples, given by their numbers.
pub(super) fn pick(
    row: &[u8],
    component: &Component,
    samples: impl ExactSizeIterator<Item = usize>,
    out: &mut Vec<f32>,
) {
    let row = &row[start_of(component, 0)..];
    let access = SampleAccess::new(component);
    match (component.step, component.is_big_endian) {
        (1, _) => pick_words::<1, false, false>(row, access, samples, out),
        (2, false) => pick_words::<2, false, false>(row, access, samples, out),
        (2, true) => pick_words::<2, true, false>(row, access, samples, out),
        (3, _) => pick_words::<3, false, false>(row, access, samples, out),
        (4, false) => pick_words::<4, false, false>(row, access, samples, out),
        (4, true) => pick_words::<4, true, false>(row, access, samples, out),
        (8, false) => pick_words::<8, false, true>(row, access, samples, out),
        (8, true) => pick_words::<8, true, true>(row, access, samples, out),
        (step, _) => panic!("samples {step} bytes apart"),
    }
}

fn pick_words<const N: usize, const SWAP: bool, const WIDE: bool>(
    row: &[u8],
    access: SampleAccess,
    samples: impl ExactSizeIterator<Item = usize>,
    out: &mut Vec<f32>,
) {
    out.extend(samples.map(|sample| {
        let at = sample * N;
        let word = match row.get(at..at + N) {
            Some(bytes) => word::<N>(bytes),
            None => partial_word(&row[at..]),
        };
        f32::from(access.get::<SWAP, WIDE>(word))
    }));
}

/// Writes codes with their differences from sample number `first` on; leaves the row alone where there
/// is no difference.
pub(super) fn store(
    level: Level,
    row: &mut [u8],
    component: &Component,
    first: usize,
    codes: &[u16],
    differences: &[i16],
    finish: &Finish,
) {
    in_loops!(level, store_here(row, component, first, codes, differences, finish));
}

#[inline(always)]
fn store_here(
    row: &mut [u8],
    component: &Component,
    first: usize,
    codes: &[u16],
    differences: &[i16],
    finish: &Finish,
) {
    if differences.iter().fold(0, |all, difference| all | difference) == 0 {
        return;
    }
    let mut new = [0; BLOCK];
    // A loop for each common case, so that what is the same for every sample is decided once.
    match (finish.is_whole(), component.depth) {
        (true, 8) => new_codes(codes, differences, &mut new, plain_code::<8>),
        (true, 10) => new_codes(codes, differences, &mut new, plain_code::<10>),
        (true, 12) => new_codes(codes, differences, &mut new, plain_code::<12>),
        _ => new_codes(codes, differences, &mut new, |code, by| finish.code(code, by)),
    }
    let (row, new) = (&mut row[start_of(component, first)..], &new[..codes.len()]);
    let access = SampleAccess::new(component);
    match (component.step, component.is_big_endian) {
        (1, _) => row.iter_mut().zip(new).for_each(|(out, code)| *out = *code as u8),
        (2, false) => store_words::<2, false, false>(row, access, new),
        (2, true) => store_words::<2, true, false>(row, access, new),
        (3, _) => store_words::<3, false, false>(row, access, new),
        (4, false) => store_words::<4, false, false>(row, access, new),
        (4, true) => store_words::<4, true, false>(row, access, new),
        (8, false) => store_words::<8, false, true>(row, access, new),
        (8, true) => store_words::<8, true, true>(row, access, new),
        (step, _) => panic!("samples {step} bytes apart"),
    }
}

#[inline(always)]
fn new_codes(
    codes: &[u16],
    differences: &[i16],
    new: &mut [u16; BLOCK],
    finish: impl Fn(u16, i16) -> u16,
) {
    let each = new.iter_mut().zip(codes).zip(differences);
    each.for_each(|((new, code), difference)| *new = finish(*code, *difference));
}

#[inline(always)]
fn store_words<const N: usize, const SWAP: bool, const WIDE: bool>(
    row: &mut [u8],
    access: SampleAccess,
    codes: &[u16],
) {
    let mut words = row.chunks_exact_mut(N);
    let whole = words.len();
    for (bytes, code) in words.by_ref().zip(codes) {
        let new = access.put::<SWAP, WIDE>(word::<N>(bytes), *code);
        bytes.copy_from_slice(&new.to_le_bytes()[..N]);
    }
    if let Some(code) = codes.get(whole) {
        let rest = words.into_remainder();
        let new = access.put::<SWAP, WIDE>(partial_word(rest), *code);
        let length = rest.len();
        rest.copy_from_slice(&new.to_le_bytes()[..length]);
    }
}

/// Every second difference, from the first or the second on.
pub(super) fn every_second(level: Level, pairs: &[i16], first: usize, out: &mut [i16]) {
    in_loops!(level, {
        let pairs = pairs.as_chunks::<2>().0;
        out.iter_mut().zip(pairs).for_each(|(out, pair)| *out = pair[first]);
    });
}
