//! One component of a row: loaded into codes, and stored back.
//!
//! Where samples lie 2 or 4 bytes apart they are taken out of whole words and put back into them, which
//! SIMD code can be made of; strided bytes it cannot.
//!
//! Everything here is to be inlined into code that is compiled for a SIMD level.

use super::Finish;
use crate::frame::Component;

/// A little-endian word of `N` bytes, as a number.
#[inline(always)]
fn word<const N: usize>(bytes: &[u8]) -> u32 {
    let mut word = [0; 4];
    word[..N].copy_from_slice(&bytes[..N]);
    u32::from_le_bytes(word)
}

/// Codes of the samples from number `first` on, as many as `out` holds.
#[inline(always)]
pub(super) fn load(row: &[u8], component: &Component, first: usize, out: &mut [u16]) {
    let (step, byte) = (component.step, component.offset % component.step);
    let row = &row[component.offset - byte + first * step..];
    match step {
        1 => out.iter_mut().zip(row).for_each(|(out, sample)| *out = u16::from(*sample)),
        2 => load_words::<2>(row, byte, out),
        4 => load_words::<4>(row, byte, out),
        _ => {
            let samples = row[byte..].chunks(step);
            out.iter_mut().zip(samples).for_each(|(out, sample)| *out = u16::from(sample[0]));
        }
    }
}

#[inline(always)]
fn load_words<const N: usize>(row: &[u8], byte: usize, out: &mut [u16]) {
    let words = row.chunks_exact(N);
    let rest = words.remainder();
    let whole = words.len();
    for (out, bytes) in out.iter_mut().zip(words) {
        *out = (word::<N>(bytes) >> (8 * byte)) as u16 & 0xff;
    }
    // The row ends with its last sample, which may be in the middle of a word.
    if let (Some(out), Some(sample)) = (out.get_mut(whole), rest.get(byte)) {
        *out = u16::from(*sample);
    }
}

/// Writes codes with their differences from sample number `first` on; leaves the row alone where there
/// is no difference.
#[inline(always)]
pub(super) fn store(
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
    let (step, byte) = (component.step, component.offset % component.step);
    let row = &mut row[component.offset - byte + first * step..];
    // Two loops, so that what is the same for every sample is decided once.
    if finish.is_plain() {
        store_samples(row, step, byte, codes, differences, |code, d| finish.plain_code(code, d));
    } else {
        store_samples(row, step, byte, codes, differences, |code, d| finish.code(code, d));
    }
}

#[inline(always)]
fn store_samples(
    row: &mut [u8],
    step: usize,
    byte: usize,
    codes: &[u16],
    differences: &[i16],
    finish: impl Fn(u16, i16) -> u16,
) {
    match step {
        1 => {
            for ((out, code), difference) in row.iter_mut().zip(codes).zip(differences) {
                *out = finish(*code, *difference) as u8;
            }
        }
        2 => store_words::<2>(row, byte, codes, differences, finish),
        4 => store_words::<4>(row, byte, codes, differences, finish),
        _ => {
            let samples = row[byte..].chunks_mut(step);
            for ((out, code), difference) in samples.zip(codes).zip(differences) {
                out[0] = finish(*code, *difference) as u8;
            }
        }
    }
}

#[inline(always)]
fn store_words<const N: usize>(
    row: &mut [u8],
    byte: usize,
    codes: &[u16],
    differences: &[i16],
    finish: impl Fn(u16, i16) -> u16,
) {
    let mut words = row.chunks_exact_mut(N);
    let whole = words.len();
    let (shift, keep) = (8 * byte, !(0xff << (8 * byte)));
    for ((bytes, code), difference) in words.by_ref().zip(codes).zip(differences) {
        let new = (word::<N>(bytes) & keep) | u32::from(finish(*code, *difference)) << shift;
        bytes.copy_from_slice(&new.to_le_bytes()[..N]);
    }
    if let (Some(code), Some(difference)) = (codes.get(whole), differences.get(whole))
        && let Some(out) = words.into_remainder().get_mut(byte)
    {
        *out = finish(*code, *difference) as u8;
    }
}
