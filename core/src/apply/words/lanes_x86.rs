//! [`Lanes`] of SSE4.2, AVX2 and AVX-512.
//!
//! SAFETY of every intrinsic here: the token is only to be had on a CPU with the level's instructions,
//! and what is read or written is a slice or an array whose length has been checked, or nodes that the
//! caller vouches for.

#![expect(unsafe_code, reason = "intrinsics; nodes are read through a pointer")]

use std::arch::x86_64::*;

use fearless_simd::{Avx2, Avx512, Sse4_2};

use super::lanes::{Corners, Lanes};
use super::two;

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

/// Reads and writes of `u32` lanes.
macro_rules! each {
    ($vector:ty, $count:literal, $load:ident, $store:ident) => {
        type Each = [u32; $count];
        #[inline(always)]
        fn no_lanes(self) -> Self::Each {
            [0; $count]
        }
        #[inline(always)]
        fn store_u32(self, to: &mut Self::Each, a: $vector) {
            // SAFETY: see the module.
            unsafe { $store(to.as_mut_ptr().cast(), a) }
        }
        #[inline(always)]
        fn load_u32(self, from: &Self::Each) -> $vector {
            // SAFETY: see the module.
            unsafe { $load(from.as_ptr().cast()) }
        }
    };
}

/// One of four expressions, by a number that is known where this is compiled.
macro_rules! by_number {
    ($number:expr, $shuffle:ident($a:expr)) => {
        // SAFETY: see the module.
        unsafe {
            match $number {
                0 => $shuffle::<0b0000_0000>($a),
                1 => $shuffle::<0b0101_0101>($a),
                2 => $shuffle::<0b1010_1010>($a),
                _ => $shuffle::<0b1111_1111>($a),
            }
        }
    };
}

/// Numbers of bytes as [`pick`] takes them: what is beyond the table of 16 bytes has its highest bit set.
const FIRST_BYTES: i16 = 0x7170;
const OTHER_TABLE: i16 = 0x8080u16 as i16;
const BYTES_OF_WORD: u16 = 0x0202;

impl Lanes for Sse4_2 {
    /// The first 8 words of a column, and the last.
    type Columns = [__m128i; 2];
    const INDEX: u16 = BYTES_OF_WORD;
    each!(__m128i, 4, _mm_loadu_si128, _mm_storeu_si128);
    pairwise! { __m128i:
        interleave_low = _mm_unpacklo_epi16,
        interleave_high = _mm_unpackhi_epi16,
        interleave_low_u32 = _mm_unpacklo_epi32,
        interleave_high_u32 = _mm_unpackhi_epi32,
        low_u64 = _mm_unpacklo_epi64,
        high_u64 = _mm_unpackhi_epi64,
        narrow_i32 = _mm_packs_epi32,
        is_greater = _mm_cmpgt_epi16,
    }
    formulae! { __m128i:
        low_and_high_u64(a, b) = _mm_blend_epi16::<0b1111_0000>(a, b),
        even_u32(a, b) = {
            let (a, b) = (_mm_castsi128_ps(a), _mm_castsi128_ps(b));
            _mm_castps_si128(_mm_shuffle_ps::<0b1000_1000>(a, b))
        },
        odd_u32(a, b) = {
            let (a, b) = (_mm_castsi128_ps(a), _mm_castsi128_ps(b));
            _mm_castps_si128(_mm_shuffle_ps::<0b1101_1101>(a, b))
        },
        shift_right_15(a) = _mm_srai_epi32::<15>(a),
        double_u32(a) = _mm_add_epi32(a, a),
        times_64(a) = _mm_slli_epi32::<6>(a),
        low_and_high(a, b) = _mm_blend_epi16::<0b1010_1010>(a, b),
        first_index() = _mm_set1_epi16(FIRST_BYTES),
    }

    #[inline(always)]
    fn close_twelves(self, a: __m128i) -> __m128i {
        a
    }
    #[inline(always)]
    fn open_twelves(self, a: __m128i) -> __m128i {
        a
    }
    #[inline(always)]
    fn spread_u32(self, a: __m128i, number: usize) -> __m128i {
        by_number!(number, _mm_shuffle_epi32(a))
    }
    #[inline(always)]
    fn load_wide_pairs(self, first: &[u8], second: &[u8]) -> __m128i {
        let four = |from: &[u8]| i32::from_le_bytes(std::array::from_fn(|i| from[..4][i]));
        // SAFETY: see the module.
        unsafe {
            let first = _mm_cvtsi32_si128(four(first));
            _mm_cvtepu8_epi16(_mm_unpacklo_epi8(first, _mm_cvtsi32_si128(four(second))))
        }
    }
    #[inline(always)]
    fn load_pairs(self, first: &[u16], second: &[u16]) -> __m128i {
        // SAFETY: see the module.
        unsafe { pairs_128(first[..4].as_ptr().cast(), second[..4].as_ptr().cast()) }
    }
    #[inline(always)]
    fn load_word_pairs(self, first: &[u8], second: &[u8]) -> __m128i {
        // SAFETY: see the module.
        unsafe { pairs_128(first[..8].as_ptr(), second[..8].as_ptr()) }
    }
    #[inline(always)]
    fn store_words_apart(self, low: &mut [u8], high: &mut [u8], words: __m128i) {
        // SAFETY: see the module.
        unsafe {
            let apart = _mm_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15);
            let words = _mm_shuffle_epi8(words, apart);
            _mm_storel_epi64(low[..8].as_mut_ptr().cast(), words);
            _mm_storeh_pd(high[..8].as_mut_ptr().cast(), _mm_castsi128_pd(words));
        }
    }
    #[inline(always)]
    fn every_fourth(self, a: __m128i) -> u32 {
        // SAFETY: see the module.
        unsafe {
            let zeros = _mm_cmpeq_epi32(a, _mm_setzero_si128());
            !_mm_movemask_ps(_mm_castsi128_ps(zeros)) as u32 & 0b1111
        }
    }
    #[inline(always)]
    unsafe fn columns(self, corners: &Corners<'_>, group: usize) -> [__m128i; 2] {
        // SAFETY: see the module.
        unsafe {
            two(
                #[inline(always)]
                |half| {
                    let at = corners_at(corners, group);
                    let by = [0, 1, 2].map(|i| _mm_set1_epi32(corners.weights[i][group] as i32));
                    let a = _mm_mulhrs_epi16(lane(at[0], 16 * half as u32), by[0]);
                    let b = _mm_mulhrs_epi16(lane(at[1], 16 * half as u32), by[1]);
                    let c = _mm_mulhrs_epi16(lane(at[2], 16 * half as u32), by[2]);
                    _mm_add_epi16(_mm_add_epi16(a, b), c)
                },
            )
        }
    }
    #[inline(always)]
    fn pick(self, [low, high]: [__m128i; 2], indices: __m128i) -> __m128i {
        // SAFETY: see the module.
        unsafe {
            let others = _mm_xor_si128(indices, _mm_set1_epi16(OTHER_TABLE));
            _mm_or_si128(_mm_shuffle_epi8(low, indices), _mm_shuffle_epi8(high, others))
        }
    }
    #[inline(always)]
    unsafe fn load_lanes(self, first: *const u8, at: impl Fn(usize) -> u32) -> __m128i {
        // SAFETY: see the module.
        unsafe { lane(first, at(0)) }
    }
}

/// Words of two places, alternately.
///
/// # Safety
///
/// 8 bytes must be at each.
#[inline(always)]
unsafe fn pairs_128(first: *const u8, second: *const u8) -> __m128i {
    // SAFETY: the caller vouches for them.
    unsafe { _mm_unpacklo_epi16(_mm_loadl_epi64(first.cast()), _mm_loadl_epi64(second.cast())) }
}

/// The same of 16 bytes each.
///
/// # Safety
///
/// They must be there.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn pairs_256(first: *const u8, second: *const u8) -> __m256i {
    // SAFETY: the caller vouches for them.
    let (first, second) =
        unsafe { (_mm_loadu_si128(first.cast()), _mm_loadu_si128(second.cast())) };
    let second = _mm256_slli_epi32::<16>(_mm256_cvtepu16_epi32(second));
    _mm256_or_si256(_mm256_cvtepu16_epi32(first), second)
}

/// The same of 32 bytes each.
///
/// # Safety
///
/// They must be there.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn pairs_512(first: *const u8, second: *const u8) -> __m512i {
    // SAFETY: the caller vouches for them.
    let (first, second) =
        unsafe { (_mm256_loadu_si256(first.cast()), _mm256_loadu_si256(second.cast())) };
    let second = _mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(second));
    _mm512_or_si512(_mm512_cvtepu16_epi32(first), second)
}

/// 16 bytes.
///
/// # Safety
///
/// They must be there.
#[inline(always)]
unsafe fn lane(first: *const u8, offset: u32) -> __m128i {
    // SAFETY: the caller vouches for them.
    unsafe { _mm_loadu_si128(first.add(offset as usize).cast()) }
}

/// Addresses of a column at the three corners.
///
/// # Safety
///
/// The offsets must be those of columns.
#[inline(always)]
unsafe fn corners_at(corners: &Corners<'_>, column: usize) -> [*const u8; 3] {
    // SAFETY: the caller vouches for them.
    unsafe {
        let near = corners.first.add(corners.near[column] as usize);
        let beside = corners.first.add(corners.beside[column] as usize);
        [near, beside, near.add(corners.across)]
    }
}

/// A column in one register.
///
/// # Safety
///
/// As [`Lanes::columns`].
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn column_256(corners: &Corners<'_>, column: usize) -> __m256i {
    // SAFETY: the caller vouches for the column.
    unsafe {
        let at = corners_at(corners, column);
        let by = [0, 1, 2].map(|i| _mm256_set1_epi32(corners.weights[i][column] as i32));
        let a = _mm256_mulhrs_epi16(_mm256_loadu_si256(at[0].cast()), by[0]);
        let b = _mm256_mulhrs_epi16(_mm256_loadu_si256(at[1].cast()), by[1]);
        let c = _mm256_mulhrs_epi16(_mm256_loadu_si256(at[2].cast()), by[2]);
        _mm256_add_epi16(_mm256_add_epi16(a, b), c)
    }
}

impl Lanes for Avx2 {
    /// The first 8 words of each column, and the last.
    type Columns = [__m256i; 2];
    const INDEX: u16 = BYTES_OF_WORD;
    each!(__m256i, 8, _mm256_loadu_si256, _mm256_storeu_si256);
    pairwise! { __m256i:
        interleave_low = _mm256_unpacklo_epi16,
        interleave_high = _mm256_unpackhi_epi16,
        interleave_low_u32 = _mm256_unpacklo_epi32,
        interleave_high_u32 = _mm256_unpackhi_epi32,
        low_u64 = _mm256_unpacklo_epi64,
        high_u64 = _mm256_unpackhi_epi64,
        narrow_i32 = _mm256_packs_epi32,
        is_greater = _mm256_cmpgt_epi16,
    }
    formulae! { __m256i:
        close_twelves(a) = _mm256_permutevar8x32_epi32(a, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 7, 7)),
        open_twelves(a) = _mm256_permutevar8x32_epi32(a, _mm256_setr_epi32(0, 1, 2, 7, 3, 4, 5, 7)),
        low_and_high_u64(a, b) = _mm256_blend_epi32::<0b1100_1100>(a, b),
        even_u32(a, b) = {
            let (a, b) = (_mm256_castsi256_ps(a), _mm256_castsi256_ps(b));
            _mm256_castps_si256(_mm256_shuffle_ps::<0b1000_1000>(a, b))
        },
        odd_u32(a, b) = {
            let (a, b) = (_mm256_castsi256_ps(a), _mm256_castsi256_ps(b));
            _mm256_castps_si256(_mm256_shuffle_ps::<0b1101_1101>(a, b))
        },
        shift_right_15(a) = _mm256_srai_epi32::<15>(a),
        double_u32(a) = _mm256_add_epi32(a, a),
        times_64(a) = _mm256_slli_epi32::<6>(a),
        low_and_high(a, b) = _mm256_blend_epi16::<0b1010_1010>(a, b),
        first_index() = _mm256_set1_epi16(FIRST_BYTES),
    }

    #[inline(always)]
    fn spread_u32(self, a: __m256i, number: usize) -> __m256i {
        by_number!(number, _mm256_shuffle_epi32(a))
    }
    #[inline(always)]
    fn load_wide_pairs(self, first: &[u8], second: &[u8]) -> __m256i {
        // SAFETY: see the module.
        unsafe {
            let first = _mm_loadl_epi64(first[..8].as_ptr().cast());
            let second = _mm_loadl_epi64(second[..8].as_ptr().cast());
            _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(first, second))
        }
    }
    #[inline(always)]
    fn load_pairs(self, first: &[u16], second: &[u16]) -> __m256i {
        // SAFETY: see the module.
        unsafe { pairs_256(first[..8].as_ptr().cast(), second[..8].as_ptr().cast()) }
    }
    #[inline(always)]
    fn load_word_pairs(self, first: &[u8], second: &[u8]) -> __m256i {
        // SAFETY: see the module.
        unsafe { pairs_256(first[..16].as_ptr(), second[..16].as_ptr()) }
    }
    #[inline(always)]
    fn store_words_apart(self, low: &mut [u8], high: &mut [u8], words: __m256i) {
        // SAFETY: see the module.
        unsafe {
            let apart = _mm_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15);
            let words = _mm256_shuffle_epi8(words, _mm256_broadcastsi128_si256(apart));
            let words = _mm256_permute4x64_epi64::<0b1101_1000>(words);
            _mm_storeu_si128(low[..16].as_mut_ptr().cast(), _mm256_castsi256_si128(words));
            _mm_storeu_si128(high[..16].as_mut_ptr().cast(), _mm256_extracti128_si256::<1>(words));
        }
    }
    #[inline(always)]
    fn every_fourth(self, a: __m256i) -> u32 {
        // SAFETY: see the module.
        unsafe {
            let zeros = _mm256_cmpeq_epi32(a, _mm256_setzero_si256());
            let others = !_mm256_movemask_ps(_mm256_castsi256_ps(zeros)) as u32;
            (others | others >> 4) & 0b1111
        }
    }
    #[inline(always)]
    unsafe fn columns(self, corners: &Corners<'_>, group: usize) -> [__m256i; 2] {
        // SAFETY: see the module.
        unsafe {
            let (a, b) = (column_256(corners, group), column_256(corners, group + 4));
            [_mm256_permute2x128_si256::<0x20>(a, b), _mm256_permute2x128_si256::<0x31>(a, b)]
        }
    }
    #[inline(always)]
    fn pick(self, [low, high]: [__m256i; 2], indices: __m256i) -> __m256i {
        // SAFETY: see the module.
        unsafe {
            let others = _mm256_xor_si256(indices, _mm256_set1_epi16(OTHER_TABLE));
            _mm256_or_si256(_mm256_shuffle_epi8(low, indices), _mm256_shuffle_epi8(high, others))
        }
    }
    #[inline(always)]
    unsafe fn load_lanes(self, first: *const u8, at: impl Fn(usize) -> u32) -> __m256i {
        // SAFETY: see the module.
        unsafe {
            let low = _mm256_castsi128_si256(lane(first, at(0)));
            _mm256_inserti128_si256::<1>(low, lane(first, at(1)))
        }
    }
}

impl Lanes for Avx512 {
    /// The first two columns, and the last.
    type Columns = [__m512i; 2];
    const INDEX: u16 = BYTES_OF_WORD;
    each!(__m512i, 16, _mm512_loadu_si512, _mm512_storeu_si512);
    pairwise! { __m512i:
        interleave_low = _mm512_unpacklo_epi16,
        interleave_high = _mm512_unpackhi_epi16,
        interleave_low_u32 = _mm512_unpacklo_epi32,
        interleave_high_u32 = _mm512_unpackhi_epi32,
        low_u64 = _mm512_unpacklo_epi64,
        high_u64 = _mm512_unpackhi_epi64,
        narrow_i32 = _mm512_packs_epi32,
    }
    formulae! { __m512i:
        close_twelves(a) = {
            let order = _mm512_setr_epi32(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 15, 15, 15, 15);
            _mm512_permutexvar_epi32(order, a)
        },
        open_twelves(a) = {
            let order = _mm512_setr_epi32(0, 1, 2, 15, 3, 4, 5, 15, 6, 7, 8, 15, 9, 10, 11, 15);
            _mm512_permutexvar_epi32(order, a)
        },
        low_and_high_u64(a, b) = _mm512_mask_blend_epi64(0b1010_1010, a, b),
        even_u32(a, b) = {
            let (a, b) = (_mm512_castsi512_ps(a), _mm512_castsi512_ps(b));
            _mm512_castps_si512(_mm512_shuffle_ps::<0b1000_1000>(a, b))
        },
        odd_u32(a, b) = {
            let (a, b) = (_mm512_castsi512_ps(a), _mm512_castsi512_ps(b));
            _mm512_castps_si512(_mm512_shuffle_ps::<0b1101_1101>(a, b))
        },
        shift_right_15(a) = _mm512_srai_epi32::<15>(a),
        double_u32(a) = _mm512_add_epi32(a, a),
        times_64(a) = _mm512_slli_epi32::<6>(a),
        low_and_high(a, b) = _mm512_mask_blend_epi16(0xaaaa_aaaa, a, b),
        is_greater(a, b) = _mm512_movm_epi16(_mm512_cmpgt_epi16_mask(a, b)),
        first_index() = {
            let (one, two) = (_mm256_set1_epi16(0x0100), _mm256_set1_epi16(0x2120));
            _mm512_broadcast_i64x4(_mm256_blend_epi32::<0b1111_0000>(one, two))
        },
    }

    #[inline(always)]
    fn spread_u32(self, a: __m512i, number: usize) -> __m512i {
        by_number!(number, _mm512_shuffle_epi32(a))
    }
    #[inline(always)]
    fn load_wide_pairs(self, first: &[u8], second: &[u8]) -> __m512i {
        // SAFETY: see the module.
        unsafe {
            let first = _mm_loadu_si128(first[..16].as_ptr().cast());
            let second = _mm_loadu_si128(second[..16].as_ptr().cast());
            let low = _mm256_castsi128_si256(_mm_unpacklo_epi8(first, second));
            let both = _mm256_inserti128_si256::<1>(low, _mm_unpackhi_epi8(first, second));
            _mm512_cvtepu8_epi16(both)
        }
    }
    #[inline(always)]
    fn load_pairs(self, first: &[u16], second: &[u16]) -> __m512i {
        // SAFETY: see the module.
        unsafe { pairs_512(first[..16].as_ptr().cast(), second[..16].as_ptr().cast()) }
    }
    #[inline(always)]
    fn load_word_pairs(self, first: &[u8], second: &[u8]) -> __m512i {
        // SAFETY: see the module.
        unsafe { pairs_512(first[..32].as_ptr(), second[..32].as_ptr()) }
    }
    #[inline(always)]
    fn store_words_apart(self, low: &mut [u8], high: &mut [u8], words: __m512i) {
        // SAFETY: see the module.
        unsafe {
            let low_words = _mm512_cvtepi32_epi16(words);
            let high_words = _mm512_cvtepi32_epi16(_mm512_srli_epi32::<16>(words));
            _mm256_storeu_si256(low[..32].as_mut_ptr().cast(), low_words);
            _mm256_storeu_si256(high[..32].as_mut_ptr().cast(), high_words);
        }
    }
    #[inline(always)]
    fn every_fourth(self, a: __m512i) -> u32 {
        // SAFETY: see the module.
        let others = unsafe { u32::from(_mm512_test_epi32_mask(a, a)) };
        let others = others | others >> 8;
        (others | others >> 4) & 0b1111
    }
    #[inline(always)]
    unsafe fn columns(self, corners: &Corners<'_>, group: usize) -> [__m512i; 2] {
        // SAFETY: see the module.
        unsafe {
            two(
                #[inline(always)]
                |half| {
                    let column = group + 8 * half;
                    let low = _mm512_castsi256_si512(column_256(corners, column));
                    _mm512_inserti64x4::<1>(low, column_256(corners, column + 4))
                },
            )
        }
    }
    #[inline(always)]
    fn pick(self, [first, last]: [__m512i; 2], indices: __m512i) -> __m512i {
        // SAFETY: see the module.
        unsafe {
            // Two of these are quicker than one that takes words of both registers.
            let low = _mm512_permutexvar_epi8(indices, first);
            _mm512_mask_permutexvar_epi8(low, 0xffff_ffff << 32, indices, last)
        }
    }
    #[inline(always)]
    fn pick_of_two(self, [low, high]: [[__m512i; 2]; 2], indices: __m512i) -> __m512i {
        const LOW: __mmask64 = 0x00ff_00ff << 32;
        const HIGH: __mmask64 = 0xff00_ff00;
        // SAFETY: see the module.
        unsafe {
            let picked = _mm512_permutexvar_epi8(indices, low[0]);
            let picked = _mm512_mask_permutexvar_epi8(picked, LOW, indices, low[1]);
            let picked = _mm512_mask_permutexvar_epi8(picked, HIGH, indices, high[0]);
            _mm512_mask_permutexvar_epi8(picked, HIGH << 32, indices, high[1])
        }
    }
    #[inline(always)]
    unsafe fn load_lanes(self, first: *const u8, at: impl Fn(usize) -> u32) -> __m512i {
        // SAFETY: see the module.
        unsafe {
            let lanes = _mm512_castsi128_si512(lane(first, at(0)));
            let lanes = _mm512_inserti32x4::<1>(lanes, lane(first, at(1)));
            let lanes = _mm512_inserti32x4::<2>(lanes, lane(first, at(2)));
            _mm512_inserti32x4::<3>(lanes, lane(first, at(3)))
        }
    }
}
