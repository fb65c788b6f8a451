//! [`Words`] of SSE4.2, AVX2 and AVX-512.
//!
//! SAFETY of every intrinsic here: the token is only to be had on a CPU with the level's instructions,
//! and what is read or written is a slice whose length has been checked, or an entry that the caller
//! vouches for.

#![expect(unsafe_code, reason = "intrinsics; entries are read through a pointer")]

use std::arch::x86_64::*;
use std::hint::black_box;

use fearless_simd::{Avx2, Avx512, Sse4_2};

use super::{Entry, Words};

/// Two entries, one in each half.
///
/// # Safety
///
/// Both indices must be those of entries.
#[inline(always)]
unsafe fn pair(entries: *const Entry, low: u32, high: u32) -> __m128i {
    // SAFETY: SSE2 is part of x86-64; the caller vouches for the indices.
    unsafe {
        let low = _mm_loadl_epi64(entries.add(low as usize).cast());
        let high = entries.add(high as usize).cast();
        _mm_castpd_si128(_mm_loadh_pd(_mm_castsi128_pd(low), high))
    }
}

/// A shuffle of 8 bytes: the even ones, then the odd ones.
const EVERY_SECOND_BYTE: i64 = i64::from_le_bytes([0, 2, 4, 6, 1, 3, 5, 7]);

/// Functions of two registers that are one intrinsic.
macro_rules! pairwise {
    ($vector:ty: $($name:ident = $intrinsic:ident,)*) => {$(
        #[inline(always)]
        fn $name(self, a: $vector, b: $vector) -> $vector {
            // SAFETY: see the module.
            unsafe { $intrinsic(a, b) }
        }
    )*};
}

/// Functions of registers that are an expression of intrinsics.
macro_rules! formulae {
    ($vector:ty: $($name:ident($($argument:ident),*) = $result:expr,)*) => {$(
        #[inline(always)]
        fn $name(self, $($argument: $vector),*) -> $vector {
            // SAFETY: see the module.
            unsafe { $result }
        }
    )*};
}

/// Loads, stores, constants and shifts.
macro_rules! common {
    ($vector:ty, $count:literal, $load:ident, $store:ident, $splat:ident, $splat_u32:ident,
        $left:ident, $right:ident) => {
        #[inline(always)]
        fn load(self, from: &[u16]) -> $vector {
            // SAFETY: see the module.
            unsafe { $load(from[..$count].as_ptr().cast()) }
        }
        #[inline(always)]
        fn load_bytes(self, from: &[u8]) -> $vector {
            // SAFETY: see the module.
            unsafe { $load(from[..2 * $count].as_ptr().cast()) }
        }
        #[inline(always)]
        fn store(self, to: &mut [i16], words: $vector) {
            // SAFETY: see the module.
            unsafe { $store(to[..$count].as_mut_ptr().cast(), words) }
        }
        #[inline(always)]
        fn store_bytes(self, to: &mut [u8], bytes: $vector) {
            // SAFETY: see the module.
            unsafe { $store(to[..2 * $count].as_mut_ptr().cast(), bytes) }
        }
        #[inline(always)]
        fn splat(self, word: u16) -> $vector {
            // SAFETY: see the module.
            unsafe { $splat(word as i16) }
        }
        #[inline(always)]
        fn splat_u32(self, lane: u32) -> $vector {
            // SAFETY: see the module.
            unsafe { $splat_u32(lane as i32) }
        }
        #[inline(always)]
        fn shift_left(self, a: $vector, bits: u32) -> $vector {
            // SAFETY: see the module.
            unsafe { $left(a, _mm_cvtsi32_si128(bits as i32)) }
        }
        #[inline(always)]
        fn shift_right(self, a: $vector, bits: u32) -> $vector {
            // SAFETY: see the module.
            unsafe { $right(a, _mm_cvtsi32_si128(bits as i32)) }
        }
    };
}

impl Words for Sse4_2 {
    type Vector = __m128i;
    type Mask = __m128i;
    const COUNT: usize = 8;
    const HAS_GATHER: bool = false;

    common!(
        __m128i,
        8,
        _mm_loadu_si128,
        _mm_storeu_si128,
        _mm_set1_epi16,
        _mm_set1_epi32,
        _mm_sll_epi16,
        _mm_srl_epi16
    );
    pairwise! { __m128i:
        add = _mm_add_epi16,
        sub = _mm_sub_epi16,
        add_saturating = _mm_adds_epi16,
        sub_saturating = _mm_subs_epi16,
        min_unsigned = _mm_min_epu16,
        min = _mm_min_epi16,
        max = _mm_max_epi16,
        mul_low = _mm_mullo_epi16,
        mul_high = _mm_mulhi_epu16,
        mul_round = _mm_mulhrs_epi16,
        or = _mm_or_si128,
        greater = _mm_cmpgt_epi16,
        dot = _mm_madd_epi16,
        add_u32 = _mm_add_epi32,
        shuffle_bytes = _mm_shuffle_epi8,
        interleave_low_u8 = _mm_unpacklo_epi8,
        interleave_high_u8 = _mm_unpackhi_epi8,
        narrow = _mm_packus_epi16,
    }
    formulae! { __m128i:
        low(a) = _mm_and_si128(a, _mm_set1_epi32(0xffff)),
        high(a) = _mm_srli_epi32::<16>(a),
        join(a, b) = _mm_blend_epi16::<0b1010_1010>(a, _mm_slli_epi32::<16>(b)),
        join_high(a, b) = _mm_blend_epi16::<0b1010_1010>(_mm_srli_epi32::<16>(a), b),
        join_u32(a, b) = _mm_blend_epi16::<0b1100_1100>(a, _mm_slli_epi64::<32>(b)),
        join_high_u32(a, b) = _mm_blend_epi16::<0b1100_1100>(_mm_srli_epi64::<32>(a), b),
        shift_in(before, a) = _mm_alignr_epi8::<12>(a, before),
    }

    #[inline(always)]
    fn load_wide(self, from: &[u8]) -> __m128i {
        // SAFETY: see the module.
        unsafe { _mm_cvtepu8_epi16(_mm_loadl_epi64(from[..8].as_ptr().cast())) }
    }
    #[inline(always)]
    fn store_narrow(self, to: &mut [u8], words: __m128i) {
        // SAFETY: see the module.
        unsafe {
            _mm_storel_epi64(to[..8].as_mut_ptr().cast(), _mm_packus_epi16(words, words));
        }
    }
    #[inline(always)]
    fn store_narrow_apart(self, low: &mut [u8], high: &mut [u8], words: __m128i) {
        // SAFETY: see the module.
        let bytes = unsafe {
            let bytes = _mm_packus_epi16(words, words);
            let apart = _mm_set1_epi64x(EVERY_SECOND_BYTE);
            _mm_cvtsi128_si64(_mm_shuffle_epi8(bytes, apart))
        };
        let bytes = bytes.to_le_bytes();
        low[..4].copy_from_slice(&bytes[..4]);
        high[..4].copy_from_slice(&bytes[4..]);
    }
    #[inline(always)]
    fn every_16_bytes(self, bytes: [u8; 16]) -> __m128i {
        // SAFETY: see the module.
        unsafe { _mm_loadu_si128(black_box(&bytes).as_ptr().cast()) }
    }
    #[inline(always)]
    fn is_zero(self, a: __m128i) -> bool {
        // SAFETY: see the module.
        unsafe { _mm_testz_si128(a, a) != 0 }
    }
    #[inline(always)]
    fn select(self, mask: __m128i, yes: __m128i, no: __m128i) -> __m128i {
        // SAFETY: see the module.
        unsafe { _mm_blendv_epi8(no, yes, mask) }
    }
    #[inline(always)]
    unsafe fn gather_even(self, entries: *const Entry, indices: __m128i) -> __m128i {
        // SAFETY: see the module.
        unsafe { self.load_each(entries, indices).0 }
    }
    #[inline(always)]
    unsafe fn gather_odd(self, entries: *const Entry, indices: __m128i) -> __m128i {
        // SAFETY: see the module.
        unsafe { self.load_each(entries, indices).1 }
    }
    #[inline(always)]
    unsafe fn load_each(self, entries: *const Entry, indices: __m128i) -> (__m128i, __m128i) {
        // SAFETY: see the module; both are 16 bytes, and any bits are a u32.
        unsafe {
            let at: [u32; 4] = std::mem::transmute(indices);
            (pair(entries, at[0], at[2]), pair(entries, at[1], at[3]))
        }
    }
}

impl Words for Avx2 {
    type Vector = __m256i;
    type Mask = __m256i;
    const COUNT: usize = 16;
    const HAS_GATHER: bool = true;

    common!(
        __m256i,
        16,
        _mm256_loadu_si256,
        _mm256_storeu_si256,
        _mm256_set1_epi16,
        _mm256_set1_epi32,
        _mm256_sll_epi16,
        _mm256_srl_epi16
    );
    pairwise! { __m256i:
        add = _mm256_add_epi16,
        sub = _mm256_sub_epi16,
        add_saturating = _mm256_adds_epi16,
        sub_saturating = _mm256_subs_epi16,
        min_unsigned = _mm256_min_epu16,
        min = _mm256_min_epi16,
        max = _mm256_max_epi16,
        mul_low = _mm256_mullo_epi16,
        mul_high = mul_high_256,
        mul_round = _mm256_mulhrs_epi16,
        or = _mm256_or_si256,
        greater = _mm256_cmpgt_epi16,
        dot = _mm256_madd_epi16,
        add_u32 = _mm256_add_epi32,
        shuffle_bytes = _mm256_shuffle_epi8,
        interleave_low_u8 = _mm256_unpacklo_epi8,
        interleave_high_u8 = _mm256_unpackhi_epi8,
        narrow = _mm256_packus_epi16,
    }
    formulae! { __m256i:
        low(a) = _mm256_and_si256(a, _mm256_set1_epi32(0xffff)),
        high(a) = _mm256_srli_epi32::<16>(a),
        join(a, b) = _mm256_blend_epi16::<0b1010_1010>(a, _mm256_slli_epi32::<16>(b)),
        join_high(a, b) = _mm256_blend_epi16::<0b1010_1010>(_mm256_srli_epi32::<16>(a), b),
        join_u32(a, b) = _mm256_blend_epi32::<0b1010_1010>(a, _mm256_slli_epi64::<32>(b)),
        join_high_u32(a, b) = _mm256_blend_epi32::<0b1010_1010>(_mm256_srli_epi64::<32>(a), b),
        shift_in(before, a) = {
            let halves_before = _mm256_permute2x128_si256::<0x21>(before, a);
            _mm256_alignr_epi8::<12>(a, halves_before)
        },
    }

    #[inline(always)]
    fn load_wide(self, from: &[u8]) -> __m256i {
        // SAFETY: see the module.
        unsafe { _mm256_cvtepu8_epi16(_mm_loadu_si128(from[..16].as_ptr().cast())) }
    }
    #[inline(always)]
    fn store_narrow(self, to: &mut [u8], words: __m256i) {
        // SAFETY: see the module.
        unsafe {
            let bytes = _mm256_permute4x64_epi64::<0b1000>(_mm256_packus_epi16(words, words));
            _mm_storeu_si128(to[..16].as_mut_ptr().cast(), _mm256_castsi256_si128(bytes));
        }
    }
    #[inline(always)]
    fn store_narrow_apart(self, low: &mut [u8], high: &mut [u8], words: __m256i) {
        // SAFETY: see the module.
        unsafe {
            let bytes = _mm256_packus_epi16(words, words);
            let bytes = _mm256_shuffle_epi8(bytes, _mm256_set1_epi64x(EVERY_SECOND_BYTE));
            let in_order = _mm256_setr_epi32(0, 4, 1, 5, 0, 4, 1, 5);
            let bytes = _mm256_permutevar8x32_epi32(bytes, in_order);
            let bytes = _mm256_castsi256_si128(bytes);
            _mm_storel_epi64(low[..8].as_mut_ptr().cast(), bytes);
            _mm_storeh_pd(high[..8].as_mut_ptr().cast(), _mm_castsi128_pd(bytes));
        }
    }
    #[inline(always)]
    fn every_16_bytes(self, bytes: [u8; 16]) -> __m256i {
        // SAFETY: see the module.
        unsafe { _mm256_broadcastsi128_si256(_mm_loadu_si128(black_box(&bytes).as_ptr().cast())) }
    }
    #[inline(always)]
    fn is_zero(self, a: __m256i) -> bool {
        // SAFETY: see the module.
        unsafe { _mm256_testz_si256(a, a) != 0 }
    }
    #[inline(always)]
    fn select(self, mask: __m256i, yes: __m256i, no: __m256i) -> __m256i {
        // SAFETY: see the module.
        unsafe { _mm256_blendv_epi8(no, yes, mask) }
    }
    #[inline(always)]
    unsafe fn gather_even(self, entries: *const Entry, indices: __m256i) -> __m256i {
        // SAFETY: see the module.
        unsafe {
            let even = _mm256_and_si256(indices, _mm256_set1_epi64x(0xffff_ffff));
            _mm256_i64gather_epi64::<8>(entries.cast(), even)
        }
    }
    #[inline(always)]
    unsafe fn gather_odd(self, entries: *const Entry, indices: __m256i) -> __m256i {
        // SAFETY: see the module.
        unsafe { _mm256_i64gather_epi64::<8>(entries.cast(), _mm256_srli_epi64::<32>(indices)) }
    }
    #[inline(always)]
    unsafe fn load_each(self, entries: *const Entry, indices: __m256i) -> (__m256i, __m256i) {
        // SAFETY: see the module; both are 32 bytes, and any bits are a u32.
        unsafe {
            // Through memory: taking indices out of a register costs more than the loads.
            let at = black_box(std::mem::transmute::<__m256i, [u32; 8]>(indices));
            let four = |i: usize| {
                let low = _mm256_castsi128_si256(pair(entries, at[i], at[i + 2]));
                _mm256_inserti128_si256::<1>(low, pair(entries, at[i + 4], at[i + 6]))
            };
            (four(0), four(1))
        }
    }
}

/// The high half of the product of `u16`, as it stands: from the intrinsic, which is generic code in
/// disguise, LLVM 21 makes two halves of 32-bit lanes and a dozen shuffles where a product's low half
/// is wanted too.
#[inline]
#[target_feature(enable = "avx2")]
fn mul_high_256(a: __m256i, b: __m256i) -> __m256i {
    let product;
    // SAFETY: one instruction, on registers alone.
    unsafe {
        std::arch::asm!(
            "vpmulhuw {product}, {a}, {b}",
            product = lateout(ymm_reg) product,
            a = in(ymm_reg) a,
            b = in(ymm_reg) b,
            options(pure, nomem, nostack, preserves_flags)
        );
    }
    product
}

/// [`mul_high_256`] of 512 bits.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn mul_high_512(a: __m512i, b: __m512i) -> __m512i {
    let product;
    // SAFETY: one instruction, on registers alone.
    unsafe {
        std::arch::asm!(
            "vpmulhuw {product}, {a}, {b}",
            product = lateout(zmm_reg) product,
            a = in(zmm_reg) a,
            b = in(zmm_reg) b,
            options(pure, nomem, nostack, preserves_flags)
        );
    }
    product
}

/// The bits of one register where a mask has them, and those of another elsewhere. Constant masks of bits
/// become better code than blends, whose masks take turns in the few registers that gathers use too.
#[inline]
#[target_feature(enable = "avx512f")]
fn merge(mask: __m512i, yes: __m512i, no: __m512i) -> __m512i {
    _mm512_or_si512(_mm512_and_si512(mask, yes), _mm512_andnot_si512(mask, no))
}

impl Words for Avx512 {
    type Vector = __m512i;
    type Mask = __mmask32;
    const COUNT: usize = 32;
    const HAS_GATHER: bool = true;

    common!(
        __m512i,
        32,
        _mm512_loadu_si512,
        _mm512_storeu_si512,
        _mm512_set1_epi16,
        _mm512_set1_epi32,
        _mm512_sll_epi16,
        _mm512_srl_epi16
    );
    pairwise! { __m512i:
        add = _mm512_add_epi16,
        sub = _mm512_sub_epi16,
        add_saturating = _mm512_adds_epi16,
        sub_saturating = _mm512_subs_epi16,
        min_unsigned = _mm512_min_epu16,
        min = _mm512_min_epi16,
        max = _mm512_max_epi16,
        mul_low = _mm512_mullo_epi16,
        mul_high = mul_high_512,
        mul_round = _mm512_mulhrs_epi16,
        or = _mm512_or_si512,
        dot = _mm512_madd_epi16,
        add_u32 = _mm512_add_epi32,
        shuffle_bytes = _mm512_shuffle_epi8,
        interleave_low_u8 = _mm512_unpacklo_epi8,
        interleave_high_u8 = _mm512_unpackhi_epi8,
        narrow = _mm512_packus_epi16,
    }
    formulae! { __m512i:
        low(a) = _mm512_and_si512(a, _mm512_set1_epi32(0xffff)),
        high(a) = _mm512_srli_epi32::<16>(a),
        join(a, b) = merge(_mm512_set1_epi32(0xffff), a, _mm512_slli_epi32::<16>(b)),
        join_high(a, b) = merge(_mm512_set1_epi32(0xffff), _mm512_srli_epi32::<16>(a), b),
        join_u32(a, b) = merge(_mm512_set1_epi64(0xffff_ffff), a, _mm512_slli_epi64::<32>(b)),
        join_high_u32(a, b) = merge(_mm512_set1_epi64(0xffff_ffff), _mm512_srli_epi64::<32>(a), b),
        shift_in(before, a) = _mm512_alignr_epi32::<15>(a, before),
    }

    #[inline(always)]
    fn load_wide(self, from: &[u8]) -> __m512i {
        // SAFETY: see the module.
        unsafe { _mm512_cvtepu8_epi16(_mm256_loadu_si256(from[..32].as_ptr().cast())) }
    }
    #[inline(always)]
    fn store_narrow(self, to: &mut [u8], words: __m512i) {
        // SAFETY: see the module.
        unsafe {
            // Quicker than what LLVM makes of a narrowing of each 16 bytes and a permutation.
            let bytes = _mm512_cvtusepi16_epi8(_mm512_max_epi16(words, _mm512_setzero_si512()));
            _mm256_storeu_si256(to[..32].as_mut_ptr().cast(), bytes);
        }
    }
    #[inline(always)]
    fn store_narrow_apart(self, low: &mut [u8], high: &mut [u8], words: __m512i) {
        // SAFETY: see the module.
        unsafe {
            let bytes = _mm512_packus_epi16(words, words);
            let bytes = _mm512_shuffle_epi8(bytes, _mm512_set1_epi64(EVERY_SECOND_BYTE));
            let in_order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 0, 0, 0, 0, 0, 0, 0, 0);
            let bytes = _mm512_castsi512_si256(_mm512_permutexvar_epi32(in_order, bytes));
            _mm_storeu_si128(low[..16].as_mut_ptr().cast(), _mm256_castsi256_si128(bytes));
            _mm_storeu_si128(high[..16].as_mut_ptr().cast(), _mm256_extracti128_si256::<1>(bytes));
        }
    }
    #[inline(always)]
    fn every_16_bytes(self, bytes: [u8; 16]) -> __m512i {
        // SAFETY: see the module.
        unsafe { _mm512_broadcast_i32x4(_mm_loadu_si128(black_box(&bytes).as_ptr().cast())) }
    }
    #[inline(always)]
    fn greater(self, a: __m512i, b: __m512i) -> __mmask32 {
        // SAFETY: see the module.
        unsafe { _mm512_cmpgt_epi16_mask(a, b) }
    }
    #[inline(always)]
    fn is_zero(self, a: __m512i) -> bool {
        // SAFETY: see the module.
        unsafe { _mm512_test_epi32_mask(a, a) == 0 }
    }
    #[inline(always)]
    fn select(self, mask: __mmask32, yes: __m512i, no: __m512i) -> __m512i {
        // SAFETY: see the module.
        unsafe { _mm512_mask_blend_epi16(mask, no, yes) }
    }
    #[inline(always)]
    unsafe fn gather_even(self, entries: *const Entry, indices: __m512i) -> __m512i {
        // SAFETY: see the module.
        unsafe {
            let even = _mm512_and_si512(indices, _mm512_set1_epi64(0xffff_ffff));
            _mm512_i64gather_epi64::<8>(even, entries.cast())
        }
    }
    #[inline(always)]
    unsafe fn gather_odd(self, entries: *const Entry, indices: __m512i) -> __m512i {
        // SAFETY: see the module.
        unsafe { _mm512_i64gather_epi64::<8>(_mm512_srli_epi64::<32>(indices), entries.cast()) }
    }
    #[inline(always)]
    unsafe fn load_each(self, entries: *const Entry, indices: __m512i) -> (__m512i, __m512i) {
        // SAFETY: see the module; both are 64 bytes, and any bits are a u32.
        unsafe {
            // Through memory: taking indices out of a register costs more than the loads.
            let at = black_box(std::mem::transmute::<__m512i, [u32; 16]>(indices));
            let eight = |i: usize| {
                let two = |i: usize| pair(entries, at[i], at[i + 2]);
                let four = _mm512_castsi128_si512(two(i));
                let four = _mm512_inserti64x2::<1>(four, two(i + 4));
                _mm512_inserti64x2::<3>(_mm512_inserti64x2::<2>(four, two(i + 8)), two(i + 12))
            };
            (eight(0), eight(1))
        }
    }
}
