//! 12 bytes of each 16: four pixels of three bytes, or six samples of two, in each lane of a register.
//!
//! Everything here is to be inlined into code that is compiled for a SIMD level.

#![expect(unsafe_code, reason = "lanes are read without a bounds check")]

use super::words::{Lanes, Words};

/// Bytes of a lane.
pub(super) const LANE: usize = 16;
/// Those that count.
pub(super) const TWELVE: usize = 12;

/// Lanes of a register.
#[inline(always)]
pub(super) fn lanes<W: Words>(_: W) -> usize {
    2 * W::COUNT / LANE
}

/// Bytes at a number of twelves: each of them, and the four after it, in a lane.
///
/// # Panics
///
/// Panics where there are less than 4 bytes after the last.
#[inline(always)]
pub(super) fn load_twelves<W: Lanes>(words: W, from: &[u8], number: usize) -> W::Vector {
    let from = &from[TWELVE * number..][..TWELVE * (lanes(words) - 1) + LANE];
    // SAFETY: the slice has 16 bytes from the last lane's offset on.
    unsafe { words.load_lanes(from.as_ptr(), |lane| (TWELVE * lane) as u32) }
}

/// Writes the first 12 bytes of each lane.
///
/// # Panics
///
/// Panics where there is no room for them.
#[inline(always)]
pub(super) fn store_twelves<W: Words>(words: W, to: &mut [u8], number: usize, lanes: W::Vector) {
    let mut bytes = [0; 64];
    words.store_bytes(&mut bytes, lanes);
    let to = to[TWELVE * number..][..TWELVE * self::lanes(words)].as_chunks_mut::<TWELVE>().0;
    for (to, lane) in to.iter_mut().zip(bytes.as_chunks::<LANE>().0) {
        to.copy_from_slice(&lane[..TWELVE]);
    }
}
