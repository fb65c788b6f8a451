//! [`Lanes`] of NEON.
//!
//! SAFETY of every intrinsic here: the token is only to be had on a CPU with NEON, and what is read or
//! written is a slice or an array whose length has been checked, or nodes that the caller vouches for.

#![expect(unsafe_code, reason = "intrinsics; nodes are read through a pointer")]

use std::arch::aarch64::*;
use std::convert::identity;

use fearless_simd::Neon;

use super::lanes::{Corners, Lanes};
use super::{Words, two};

/// Functions of two registers that are one intrinsic, with what turns words to its lanes and back.
macro_rules! pairwise {
    ($lanes:ident, $words:ident: $($name:ident = $intrinsic:ident,)*) => {$(
        #[inline(always)]
        fn $name(self, a: uint16x8_t, b: uint16x8_t) -> uint16x8_t {
            // SAFETY: see the module.
            unsafe { $words($intrinsic($lanes(a), $lanes(b))) }
        }
    )*};
}

impl Lanes for Neon {
    type Each = [u32; 4];
    /// The first 8 words of a column, and the last.
    type Columns = [uint16x8_t; 2];
    const INDEX: u16 = 0x0202;

    pairwise! { identity, identity:
        interleave_low = vzip1q_u16,
        interleave_high = vzip2q_u16,
    }
    pairwise! { vreinterpretq_u32_u16, vreinterpretq_u16_u32:
        interleave_low_u32 = vzip1q_u32,
        interleave_high_u32 = vzip2q_u32,
        even_u32 = vuzp1q_u32,
        odd_u32 = vuzp2q_u32,
    }
    pairwise! { vreinterpretq_u64_u16, vreinterpretq_u16_u64:
        low_u64 = vzip1q_u64,
        high_u64 = vzip2q_u64,
    }
    pairwise! { vreinterpretq_s16_u16, identity:
        is_greater = vcgtq_s16,
    }

    #[inline(always)]
    fn low_and_high_u64(self, a: uint16x8_t, b: uint16x8_t) -> uint16x8_t {
        // SAFETY: see the module.
        unsafe { vcombine_u16(vget_low_u16(a), vget_high_u16(b)) }
    }
    #[inline(always)]
    fn close_twelves(self, a: uint16x8_t) -> uint16x8_t {
        a
    }
    #[inline(always)]
    fn open_twelves(self, a: uint16x8_t) -> uint16x8_t {
        a
    }
    #[inline(always)]
    fn no_lanes(self) -> [u32; 4] {
        [0; 4]
    }
    #[inline(always)]
    fn store_u32(self, to: &mut [u32; 4], a: uint16x8_t) {
        // SAFETY: see the module.
        unsafe { vst1q_u32(to.as_mut_ptr(), vreinterpretq_u32_u16(a)) }
    }
    #[inline(always)]
    fn load_u32(self, from: &[u32; 4]) -> uint16x8_t {
        // SAFETY: see the module.
        unsafe { vreinterpretq_u16_u32(vld1q_u32(from.as_ptr())) }
    }
    #[inline(always)]
    fn load_wide_pairs(self, first: &[u8], second: &[u8]) -> uint16x8_t {
        let four = |from: &[u8]| u32::from_le_bytes(std::array::from_fn(|i| from[..4][i]));
        // SAFETY: see the module.
        unsafe {
            let first = vcreate_u8(four(first).into());
            vmovl_u8(vzip1_u8(first, vcreate_u8(four(second).into())))
        }
    }
    #[inline(always)]
    fn load_pairs(self, first: &[u16], second: &[u16]) -> uint16x8_t {
        // SAFETY: see the module.
        unsafe {
            let (first, second) = (vld1_u16(first[..4].as_ptr()), vld1_u16(second[..4].as_ptr()));
            vcombine_u16(vzip1_u16(first, second), vzip2_u16(first, second))
        }
    }
    #[inline(always)]
    fn load_word_pairs(self, first: &[u8], second: &[u8]) -> uint16x8_t {
        // SAFETY: see the module.
        unsafe {
            let first = vreinterpret_u16_u8(vld1_u8(first[..8].as_ptr()));
            let second = vreinterpret_u16_u8(vld1_u8(second[..8].as_ptr()));
            vcombine_u16(vzip1_u16(first, second), vzip2_u16(first, second))
        }
    }
    #[inline(always)]
    fn store_words_apart(self, low: &mut [u8], high: &mut [u8], words: uint16x8_t) {
        // SAFETY: see the module.
        unsafe {
            let apart = vreinterpretq_u8_u16(vuzp1q_u16(words, vextq_u16::<1>(words, words)));
            vst1_u8(low[..8].as_mut_ptr(), vget_low_u8(apart));
            vst1_u8(high[..8].as_mut_ptr(), vget_high_u8(apart));
        }
    }
    #[inline(always)]
    fn narrow_i32(self, a: uint16x8_t, b: uint16x8_t) -> uint16x8_t {
        // SAFETY: see the module.
        unsafe {
            let low = vqmovn_s32(vreinterpretq_s32_u16(a));
            vreinterpretq_u16_s16(vqmovn_high_s32(low, vreinterpretq_s32_u16(b)))
        }
    }
    #[inline(always)]
    fn spread_u32(self, a: uint16x8_t, number: usize) -> uint16x8_t {
        // SAFETY: see the module.
        unsafe {
            let a = vreinterpretq_u32_u16(a);
            vreinterpretq_u16_u32(match number {
                0 => vdupq_laneq_u32::<0>(a),
                1 => vdupq_laneq_u32::<1>(a),
                2 => vdupq_laneq_u32::<2>(a),
                _ => vdupq_laneq_u32::<3>(a),
            })
        }
    }
    #[inline(always)]
    fn shift_right_15(self, a: uint16x8_t) -> uint16x8_t {
        // SAFETY: see the module.
        unsafe { vreinterpretq_u16_s32(vshrq_n_s32::<15>(vreinterpretq_s32_u16(a))) }
    }
    #[inline(always)]
    fn double_u32(self, a: uint16x8_t) -> uint16x8_t {
        self.add_u32(a, a)
    }
    #[inline(always)]
    fn times_64(self, a: uint16x8_t) -> uint16x8_t {
        // SAFETY: see the module.
        unsafe { vreinterpretq_u16_u32(vshlq_n_u32::<6>(vreinterpretq_u32_u16(a))) }
    }
    #[inline(always)]
    fn low_and_high(self, a: uint16x8_t, b: uint16x8_t) -> uint16x8_t {
        // SAFETY: see the module.
        unsafe { vbslq_u16(vreinterpretq_u16_u32(vdupq_n_u32(0xffff)), a, b) }
    }

    #[inline(always)]
    fn first_index(self) -> uint16x8_t {
        self.splat(0x0100)
    }
    #[inline(always)]
    fn every_fourth(self, a: uint16x8_t) -> u32 {
        // SAFETY: see the module.
        unsafe {
            let a = vreinterpretq_u32_u16(a);
            let bits = vld1q_u32([1, 2, 4, 8].as_ptr());
            vaddvq_u32(vandq_u32(vtstq_u32(a, a), bits))
        }
    }
    #[inline(always)]
    unsafe fn columns(self, corners: &Corners<'_>, group: usize) -> [uint16x8_t; 2] {
        // SAFETY: see the module.
        unsafe {
            let near = corners.first.add(corners.near[group] as usize);
            let beside = corners.first.add(corners.beside[group] as usize);
            two(
                #[inline(always)]
                |half| {
                    let at = [near, beside, near.add(corners.across)];
                    let [a, b, c] =
                        [0, 1, 2].map(|i| vreinterpretq_u16_u8(vld1q_u8(at[i].add(16 * half))));
                    let [x, y, z] = [0, 1, 2].map(|i| self.splat_u32(corners.weights[i][group]));
                    let sum = self.add(self.mul_round(a, x), self.mul_round(b, y));
                    self.add(sum, self.mul_round(c, z))
                },
            )
        }
    }
    #[inline(always)]
    fn pick(self, [low, high]: [uint16x8_t; 2], indices: uint16x8_t) -> uint16x8_t {
        // SAFETY: see the module.
        unsafe {
            let columns = uint8x16x2_t(vreinterpretq_u8_u16(low), vreinterpretq_u8_u16(high));
            vreinterpretq_u16_u8(vqtbl2q_u8(columns, vreinterpretq_u8_u16(indices)))
        }
    }
    #[inline(always)]
    unsafe fn load_lanes(self, first: *const u8, at: impl Fn(usize) -> u32) -> uint16x8_t {
        // SAFETY: see the module.
        unsafe { vreinterpretq_u16_u8(vld1q_u8(first.add(at(0) as usize))) }
    }
}
