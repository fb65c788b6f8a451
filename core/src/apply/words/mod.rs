//! Registers of 16-bit words: what the lattice's kernel is made of, at every SIMD level.
//!
//! A [`Words`] is a SIMD token and the operations that come with it, each of which is one instruction
//! where it matters. All operations work on each 16 bytes of a register on their own, as those of
//! SSE do, so that one kernel serves registers of 16, 32 and 64 bytes. An operation on `u8`, `u32` or
//! `u64` lanes sees the same register differently.
//!
//! Levels without one of these, SSE2 among them, sample with the gold itself.

#![expect(unsafe_code, reason = "entries are read without a bounds check")]

#[cfg(target_arch = "aarch64")]
mod lanes_neon;
#[cfg(target_arch = "x86_64")]
mod lanes_x86;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(target_arch = "x86_64")]
mod x86;

mod lanes;

use fearless_simd::Simd;

pub(super) use lanes::{Corners, Lanes};

/// An entry of the lattice.
pub(super) type Entry = [i16; 4];

/// Evaluates an expression with a level's [`Words`] in a variable, or another where it has none.
macro_rules! with_words {
    ($level:expr, $words:ident => $work:expr, else $otherwise:expr) => {
        match $level {
            #[cfg(target_arch = "x86_64")]
            fearless_simd::Level::Sse4_2($words) => $work,
            #[cfg(target_arch = "x86_64")]
            fearless_simd::Level::Avx2($words) => $work,
            #[cfg(target_arch = "x86_64")]
            fearless_simd::Level::Avx512($words) => $work,
            #[cfg(target_arch = "aarch64")]
            fearless_simd::Level::Neon($words) => $work,
            _ => $otherwise,
        }
    };
}

pub(super) use with_words;

/// A SIMD level's registers of words. Names follow the words; other lanes are named.
pub(super) trait Words: Simd {
    /// A register.
    type Vector: Copy;
    /// What a comparison gives.
    type Mask: Copy;
    /// Words of a register: 8, 16 or 32.
    const COUNT: usize;
    /// Whether there is an instruction that fetches several entries.
    const HAS_GATHER: bool;

    /// [`Self::HAS_GATHER`] of a value.
    #[inline(always)]
    fn has_gather(self) -> bool {
        Self::HAS_GATHER
    }

    /// The first [`Self::COUNT`] words of a slice.
    ///
    /// # Panics
    ///
    /// Panics where there are fewer.
    fn load(self, from: &[u16]) -> Self::Vector;
    /// The first 2 [`Self::COUNT`] bytes of a slice, or panics as [`Self::load`].
    fn load_bytes(self, from: &[u8]) -> Self::Vector;
    /// The first [`Self::COUNT`] bytes of a slice as words, or panics as [`Self::load`].
    fn load_wide(self, from: &[u8]) -> Self::Vector;
    /// Writes the words, limited to 0..=255, as bytes to the start of a slice, or panics as
    /// [`Self::load`].
    fn store_narrow(self, to: &mut [u8], words: Self::Vector);
    /// The same, of the low words of the `u32` lanes to one slice and of the high words to another.
    fn store_narrow_apart(self, low: &mut [u8], high: &mut [u8], words: Self::Vector);
    /// Writes the words to the start of a slice, or panics as [`Self::load`].
    fn store(self, to: &mut [i16], words: Self::Vector);
    /// Writes the bytes to the start of a slice, or panics as [`Self::load`].
    fn store_bytes(self, to: &mut [u8], bytes: Self::Vector);
    /// One word everywhere.
    fn splat(self, word: u16) -> Self::Vector;
    /// One `u32` lane everywhere.
    fn splat_u32(self, lane: u32) -> Self::Vector;
    /// 16 bytes everywhere, as what [`Self::shuffle_bytes`] is told.
    fn every_16_bytes(self, bytes: [u8; 16]) -> Self::Vector;

    /// Sum, modulo 2^16.
    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// Difference, modulo 2^16.
    fn sub(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// Sum of `i16`, saturated.
    fn add_saturating(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// Difference of `i16`, saturated.
    fn sub_saturating(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// The smaller `u16`.
    fn min_unsigned(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// The smaller `i16`.
    fn min(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// The larger `i16`.
    fn max(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// Low half of the product.
    fn mul_low(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// High half of the product of `u16`.
    fn mul_high(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// (a b + 2^14) >> 15 of `i16`. Not for -32768 times itself.
    fn mul_round(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `u16` times 2^bits, modulo 2^16.
    fn shift_left(self, a: Self::Vector, bits: u32) -> Self::Vector;
    /// `u16` over 2^bits.
    fn shift_right(self, a: Self::Vector, bits: u32) -> Self::Vector;
    /// Each bit that one of two has.
    fn or(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// Where a > b as `i16`.
    fn greater(self, a: Self::Vector, b: Self::Vector) -> Self::Mask;
    /// Whether no bit is set.
    fn is_zero(self, a: Self::Vector) -> bool;
    /// `yes` where the mask holds, `no` elsewhere.
    fn select(self, mask: Self::Mask, yes: Self::Vector, no: Self::Vector) -> Self::Vector;

    /// Per `u32` lane: the sum of the products of its two words as `i16`.
    fn dot(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// Sum of `u32` lanes.
    fn add_u32(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// Per `u32` lane: its low word.
    fn low(self, a: Self::Vector) -> Self::Vector;
    /// Per `u32` lane: its high word.
    fn high(self, a: Self::Vector) -> Self::Vector;
    /// Per `u32` lane: the low word of a, and above it the low word of b.
    fn join(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// Per `u32` lane: the high word of a, and above it the high word of b.
    fn join_high(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// Per `u64` lane: the low `u32` of a, and above it the low `u32` of b.
    fn join_u32(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// Per `u64` lane: the high `u32` of a, and above it the high `u32` of b.
    fn join_high_u32(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// The last `u32` lane of another register, and all of a but its last.
    fn shift_in(self, before: Self::Vector, a: Self::Vector) -> Self::Vector;
    /// Byte i becomes byte `control[i]` of the same 16; 0 where that is over 127.
    fn shuffle_bytes(self, bytes: Self::Vector, control: Self::Vector) -> Self::Vector;
    /// Bytes of the low 8 of each 16, alternately of a and b.
    fn interleave_low_u8(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// The same of the high 8.
    fn interleave_high_u8(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// The words of a, then those of b, as bytes limited to 0..=255, per 16 bytes.
    fn narrow(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// Entries at the indices in the even `u32` lanes, with the CPU's gather instruction, where it has
    /// one.
    ///
    /// # Safety
    ///
    /// Every index must be that of an entry.
    unsafe fn gather_even(self, entries: *const Entry, indices: Self::Vector) -> Self::Vector;
    /// The same of the odd lanes.
    ///
    /// # Safety
    ///
    /// Every index must be that of an entry.
    unsafe fn gather_odd(self, entries: *const Entry, indices: Self::Vector) -> Self::Vector;
    /// Entries at the indices in the even `u32` lanes, and at those in the odd ones, with a load for
    /// each.
    ///
    /// # Safety
    ///
    /// Every index must be that of an entry.
    unsafe fn load_each(
        self,
        entries: *const Entry,
        indices: Self::Vector,
    ) -> (Self::Vector, Self::Vector);
}

/// What a function makes of 0 and 1. Closures that are handed to `array::map` are not always inlined, and then
/// they are not compiled for the SIMD level.
#[inline(always)]
pub(super) fn two<T>(of: impl Fn(usize) -> T) -> [T; 2] {
    [of(0), of(1)]
}

/// The same of 0 to 2.
#[inline(always)]
pub(super) fn three<T>(of: impl Fn(usize) -> T) -> [T; 3] {
    [of(0), of(1), of(2)]
}

/// The same of 0 to 3.
#[inline(always)]
pub(super) fn four<T>(of: impl Fn(usize) -> T) -> [T; 4] {
    [of(0), of(1), of(2), of(3)]
}
