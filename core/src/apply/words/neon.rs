//! [`Words`] of NEON.
//!
//! SAFETY of every intrinsic here: the token is only to be had on a CPU with NEON, and what is read or
//! written is a slice whose length has been checked, or an entry that the caller vouches for.

#![expect(unsafe_code, reason = "intrinsics; entries are read through a pointer")]

use std::arch::aarch64::*;
use std::convert::identity;

use fearless_simd::Neon;

use super::{Entry, Words};

/// The `u32` lanes of a register of indices.
#[inline(always)]
fn lanes(indices: uint16x8_t) -> [u32; 4] {
    // SAFETY: both are 16 bytes, and any bits are a u32.
    unsafe { std::mem::transmute(indices) }
}

/// Two entries, one in each half.
///
/// # Safety
///
/// Both indices must be those of entries.
#[inline(always)]
unsafe fn pair(entries: *const Entry, low: u32, high: u32) -> uint16x8_t {
    // SAFETY: NEON is part of AArch64 wherever std is; the caller vouches for the indices.
    unsafe {
        let low = vld1_u16(entries.add(low as usize).cast());
        vcombine_u16(low, vld1_u16(entries.add(high as usize).cast()))
    }
}

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

/// Functions of two registers that are one instruction, as it stands. The intrinsics are generic code in
/// disguise: LLVM 22 takes the high half of a constant out of a loop, so that that of the other factor
/// costs an instruction, and makes two shuffles and a sum of a sum of neighbours.
macro_rules! instructions {
    ($($name:ident: $factor:ty => $result:ty = $form:literal,)*) => {$(
        #[inline]
        #[target_feature(enable = "neon")]
        fn $name(a: $factor, b: $factor) -> $result {
            let result;
            // SAFETY: one instruction, on registers alone.
            unsafe {
                std::arch::asm!(
                    $form,
                    result = lateout(vreg) result,
                    a = in(vreg) a,
                    b = in(vreg) b,
                    options(pure, nomem, nostack, preserves_flags)
                );
            }
            result
        }
    )*};
}

instructions! {
    mul_high_half: uint16x8_t => uint32x4_t = "umull2 {result:v}.4s, {a:v}.8h, {b:v}.8h",
    mul_high_half_i16: int16x8_t => int32x4_t = "smull2 {result:v}.4s, {a:v}.8h, {b:v}.8h",
    add_neighbours: int32x4_t => int32x4_t = "addp {result:v}.4s, {a:v}.4s, {b:v}.4s",
}

impl Words for Neon {
    type Vector = uint16x8_t;
    type Mask = uint16x8_t;
    const COUNT: usize = 8;
    const HAS_GATHER: bool = false;

    pairwise! { identity, identity:
        add = vaddq_u16,
        sub = vsubq_u16,
        min_unsigned = vminq_u16,
        mul_low = vmulq_u16,
        or = vorrq_u16,
        join = vtrn1q_u16,
        join_high = vtrn2q_u16,
    }
    pairwise! { vreinterpretq_s16_u16, vreinterpretq_u16_s16:
        add_saturating = vqaddq_s16,
        sub_saturating = vqsubq_s16,
        min = vminq_s16,
        max = vmaxq_s16,
        mul_round = vqrdmulhq_s16,
    }
    pairwise! { vreinterpretq_s16_u16, identity:
        greater = vcgtq_s16,
    }
    pairwise! { vreinterpretq_u8_u16, vreinterpretq_u16_u8:
        shuffle_bytes = vqtbl1q_u8,
        interleave_low_u8 = vzip1q_u8,
        interleave_high_u8 = vzip2q_u8,
    }
    pairwise! { vreinterpretq_u32_u16, vreinterpretq_u16_u32:
        add_u32 = vaddq_u32,
        join_u32 = vtrn1q_u32,
        join_high_u32 = vtrn2q_u32,
    }

    #[inline(always)]
    fn load(self, from: &[u16]) -> uint16x8_t {
        // SAFETY: see the module.
        unsafe { vld1q_u16(from[..8].as_ptr()) }
    }
    #[inline(always)]
    fn load_bytes(self, from: &[u8]) -> uint16x8_t {
        // SAFETY: see the module.
        unsafe { vreinterpretq_u16_u8(vld1q_u8(from[..16].as_ptr())) }
    }
    #[inline(always)]
    fn load_wide(self, from: &[u8]) -> uint16x8_t {
        // SAFETY: see the module.
        unsafe { vmovl_u8(vld1_u8(from[..8].as_ptr())) }
    }
    #[inline(always)]
    fn store_narrow(self, to: &mut [u8], words: uint16x8_t) {
        // SAFETY: see the module.
        unsafe { vst1_u8(to[..8].as_mut_ptr(), vqmovun_s16(vreinterpretq_s16_u16(words))) }
    }
    #[inline(always)]
    fn store_narrow_apart(self, low: &mut [u8], high: &mut [u8], words: uint16x8_t) {
        // SAFETY: see the module.
        let bytes = unsafe {
            let bytes = vqmovun_s16(vreinterpretq_s16_u16(words));
            vget_lane_u64::<0>(vreinterpret_u64_u8(vuzp1_u8(bytes, vext_u8::<1>(bytes, bytes))))
        };
        let bytes = bytes.to_le_bytes();
        low[..4].copy_from_slice(&bytes[..4]);
        high[..4].copy_from_slice(&bytes[4..]);
    }
    #[inline(always)]
    fn store(self, to: &mut [i16], words: uint16x8_t) {
        // SAFETY: see the module.
        unsafe { vst1q_s16(to[..8].as_mut_ptr(), vreinterpretq_s16_u16(words)) }
    }
    #[inline(always)]
    fn store_bytes(self, to: &mut [u8], bytes: uint16x8_t) {
        // SAFETY: see the module.
        unsafe { vst1q_u8(to[..16].as_mut_ptr(), vreinterpretq_u8_u16(bytes)) }
    }
    #[inline(always)]
    fn splat(self, word: u16) -> uint16x8_t {
        // SAFETY: see the module.
        unsafe { vdupq_n_u16(word) }
    }
    #[inline(always)]
    fn splat_u32(self, lane: u32) -> uint16x8_t {
        // SAFETY: see the module.
        unsafe { vreinterpretq_u16_u32(vdupq_n_u32(lane)) }
    }
    #[inline(always)]
    fn shift_in(self, before: uint16x8_t, a: uint16x8_t) -> uint16x8_t {
        // SAFETY: see the module.
        unsafe { vextq_u16::<6>(before, a) }
    }
    #[inline(always)]
    fn every_16_bytes(self, bytes: [u8; 16]) -> uint16x8_t {
        self.load_bytes(&bytes)
    }

    #[inline(always)]
    fn mul_high(self, a: uint16x8_t, b: uint16x8_t) -> uint16x8_t {
        // SAFETY: see the module.
        unsafe {
            let low = vmull_u16(vget_low_u16(a), vget_low_u16(b));
            let high = mul_high_half(a, b);
            vuzp2q_u16(vreinterpretq_u16_u32(low), vreinterpretq_u16_u32(high))
        }
    }
    #[inline(always)]
    fn shift_left(self, a: uint16x8_t, bits: u32) -> uint16x8_t {
        // SAFETY: see the module.
        unsafe { vshlq_u16(a, vdupq_n_s16(bits as i16)) }
    }
    #[inline(always)]
    fn shift_right(self, a: uint16x8_t, bits: u32) -> uint16x8_t {
        // SAFETY: see the module.
        unsafe { vshlq_u16(a, vdupq_n_s16(-(bits as i16))) }
    }
    #[inline(always)]
    fn is_zero(self, a: uint16x8_t) -> bool {
        // SAFETY: see the module.
        unsafe { vmaxvq_u16(a) == 0 }
    }
    #[inline(always)]
    fn select(self, mask: uint16x8_t, yes: uint16x8_t, no: uint16x8_t) -> uint16x8_t {
        // SAFETY: see the module.
        unsafe { vbslq_u16(mask, yes, no) }
    }
    #[inline(always)]
    fn dot(self, a: uint16x8_t, b: uint16x8_t) -> uint16x8_t {
        // SAFETY: see the module.
        unsafe {
            let (a, b) = (vreinterpretq_s16_u16(a), vreinterpretq_s16_u16(b));
            let low = vmull_s16(vget_low_s16(a), vget_low_s16(b));
            vreinterpretq_u16_s32(add_neighbours(low, mul_high_half_i16(a, b)))
        }
    }
    #[inline(always)]
    fn low(self, a: uint16x8_t) -> uint16x8_t {
        // SAFETY: see the module.
        unsafe { vtrn1q_u16(a, vdupq_n_u16(0)) }
    }
    #[inline(always)]
    fn high(self, a: uint16x8_t) -> uint16x8_t {
        // SAFETY: see the module.
        unsafe { vreinterpretq_u16_u32(vshrq_n_u32::<16>(vreinterpretq_u32_u16(a))) }
    }
    #[inline(always)]
    fn narrow(self, a: uint16x8_t, b: uint16x8_t) -> uint16x8_t {
        // SAFETY: see the module.
        unsafe {
            let low = vqmovun_s16(vreinterpretq_s16_u16(a));
            vreinterpretq_u16_u8(vqmovun_high_s16(low, vreinterpretq_s16_u16(b)))
        }
    }

    #[inline(always)]
    unsafe fn gather_even(self, entries: *const Entry, indices: uint16x8_t) -> uint16x8_t {
        let at = lanes(indices);
        // SAFETY: see the module.
        unsafe { pair(entries, at[0], at[2]) }
    }
    #[inline(always)]
    unsafe fn gather_odd(self, entries: *const Entry, indices: uint16x8_t) -> uint16x8_t {
        let at = lanes(indices);
        // SAFETY: see the module.
        unsafe { pair(entries, at[1], at[3]) }
    }
    #[inline(always)]
    unsafe fn load_each(
        self,
        entries: *const Entry,
        indices: uint16x8_t,
    ) -> (uint16x8_t, uint16x8_t) {
        // SAFETY: see the module.
        unsafe { (self.gather_even(entries, indices), self.gather_odd(entries, indices)) }
    }
}
