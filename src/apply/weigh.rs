//! The second pass of tetrahedral sampling: four entries for each colour, weighted and added.
//!
//! Every form does the same integer arithmetic, so that all give the same bits:
//! (e1 w1 + e2 w2 + e3 w3 + e4 w4 + 2^13) >> 14 in 32 bits, for each component.

#![expect(unsafe_code, reason = "entries are read without a bounds check")]

use super::BLOCK;
use super::tetrahedral::Paths;
use crate::lut::{FRACTION_BITS, Lattice};
use crate::workers::Level;

/// Colours that are taken at once.
pub(super) const STEP: usize = 8;

const _: () = assert!(BLOCK.is_multiple_of(STEP));

/// Entries from a path's first node to its last.
fn across(lattice: &Lattice) -> usize {
    let size = lattice.size();
    size * size + size + 1
}

/// Differences of a block whose paths have been found.
#[inline(always)]
pub(super) fn weigh(level: Level, lattice: &Lattice, paths: &Paths, out: [&mut [i16]; 3]) {
    let length = out[0].len();
    assert!(length <= BLOCK && out.iter().all(|out| out.len() == length));
    // Paths come from positions on the axes, so the furthest node is one beyond the last node on every
    // axis; the widest reads take the entry after it along.
    let last = lattice.size().pow(3) - 1 + across(lattice);
    assert!(lattice.entries().len() > last + 1, "the lattice's padding");
    #[cfg(target_arch = "x86_64")]
    {
        // Also with AVX-512: four colours in 64 bytes took a tenth longer than two in 32, on Sapphire
        // Rapids, because only two of three ports do arithmetic of that width.
        if let Some(avx2) = level.as_avx2() {
            x86::weigh_avx2(avx2, lattice, paths, out);
        } else {
            x86::weigh_sse2(lattice, paths, out);
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = level;
        weigh_scalar(lattice, paths, out);
    }
}

#[cfg(any(test, not(target_arch = "x86_64")))]
fn weigh_scalar(lattice: &Lattice, paths: &Paths, [u, v, w]: [&mut [i16]; 3]) {
    let entries = lattice.entries();
    for i in 0..u.len() {
        let first = paths.first[i] as usize;
        let nodes =
            [first, paths.second[i] as usize, paths.third[i] as usize, first + across(lattice)];
        let nodes = nodes.map(|node| entries[node].map(i32::from));
        let halves = |weights: u32| [(weights & 0xffff) as i32, (weights >> 16) as i32];
        let ([a, b], [c, d]) = (halves(paths.weights_low[i]), halves(paths.weights_high[i]));
        let sum = |k: usize| {
            let sum = nodes[0][k] * a + nodes[1][k] * b + nodes[2][k] * c + nodes[3][k] * d;
            ((sum + (1 << (FRACTION_BITS - 1))) >> FRACTION_BITS) as i16
        };
        (u[i], v[i], w[i]) = (sum(0), sum(1), sum(2));
    }
}

/// In all of these an entry is read by its index without a check.
///
/// SAFETY of every read of an entry: the index is that of a node of a path, or, beyond the length, 0;
/// `weigh` has checked that the furthest node and the entry after it are there. Of every read of a path:
/// `at` is below the length and a multiple of `STEP`, and `BLOCK` is one too.
#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::{BLOCK, FRACTION_BITS, Lattice, Paths, STEP, across};

    const HALF: i32 = 1 << (FRACTION_BITS - 1);
    const SHIFT: i32 = FRACTION_BITS as i32;

    /// Copies as many lanes as the block still wants.
    #[inline(always)]
    fn put<const N: usize>(out: &mut [i16], at: usize, lanes: &[i16; N]) {
        match out.get_mut(at..at + N) {
            Some(out) => out.copy_from_slice(lanes),
            None => {
                let rest = out.len() - at;
                out[at..].copy_from_slice(&lanes[..rest]);
            }
        }
    }

    /// Eight colours at a time, each in a register of its own.
    #[inline(always)]
    pub(super) fn weigh_sse2(lattice: &Lattice, paths: &Paths, [u, v, w]: [&mut [i16]; 3]) {
        let entries = lattice.entries().as_ptr();
        let across = across(lattice);
        // SAFETY: SSE2 is part of x86-64; for the reads see the module.
        let sums = |i: usize| unsafe {
            let load = |index: usize| _mm_loadl_epi64(entries.add(index).cast());
            let first = paths.first[i] as usize;
            let low = _mm_unpacklo_epi16(load(first), load(paths.second[i] as usize));
            let high = _mm_unpacklo_epi16(load(paths.third[i] as usize), load(first + across));
            let low = _mm_madd_epi16(low, _mm_set1_epi32(paths.weights_low[i] as i32));
            let high = _mm_madd_epi16(high, _mm_set1_epi32(paths.weights_high[i] as i32));
            let sum = _mm_add_epi32(_mm_add_epi32(low, high), _mm_set1_epi32(HALF));
            _mm_srai_epi32::<SHIFT>(sum)
        };
        for at in (0..u.len()).step_by(STEP) {
            // SAFETY: SSE2 is part of x86-64; nothing here touches memory but through `sums`.
            let lanes: [[i16; 8]; 3] = unsafe {
                let pair = |i: usize| _mm_packs_epi32(sums(at + i), sums(at + i + 1));
                let four = |p: __m128i, q: __m128i| {
                    let (even, odd) = (_mm_unpacklo_epi16(p, q), _mm_unpackhi_epi16(p, q));
                    [_mm_unpacklo_epi16(even, odd), _mm_unpackhi_epi16(even, odd)]
                };
                let (one, two) = (four(pair(0), pair(2)), four(pair(4), pair(6)));
                std::mem::transmute([
                    _mm_unpacklo_epi64(one[0], two[0]),
                    _mm_unpackhi_epi64(one[0], two[0]),
                    _mm_unpacklo_epi64(one[1], two[1]),
                ])
            };
            put(u, at, &lanes[0]);
            put(v, at, &lanes[1]);
            put(w, at, &lanes[2]);
        }
    }

    fearless_simd::kernel!(
        /// Eight colours at a time, colours i and i + 4 in one register.
        pub(super) fn weigh_avx2(
            avx2: Avx2,
            lattice: &Lattice,
            paths: &Paths,
            out: [&mut [i16]; 3],
        ) {
            let entries = lattice.entries().as_ptr();
            let across = across(lattice);
            let [u, v, w] = out;
            for at in (0..u.len()).step_by(STEP) {
                // SAFETY: see the module; the upper half of each 16 bytes read is not used.
                let load = |indices: &[u32; BLOCK], i: usize, offset: usize| unsafe {
                    let index = |i: usize| entries.add(indices[at + i] as usize + offset);
                    let low = _mm_loadl_epi64(index(i).cast());
                    let high = _mm_loadu_si128(index(i + 4).cast());
                    _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(low), high)
                };
                // SAFETY: see the module.
                let weights = |weights: &[u32; BLOCK]| unsafe {
                    _mm256_loadu_si256(weights.as_ptr().add(at).cast())
                };
                let (low, high) = (weights(&paths.weights_low), weights(&paths.weights_high));
                let sums = |i: usize, weights_low: __m256i, weights_high: __m256i| {
                    let first = load(&paths.first, i, 0);
                    let low = _mm256_unpacklo_epi16(first, load(&paths.second, i, 0));
                    let last = load(&paths.first, i, across);
                    let high = _mm256_unpacklo_epi16(load(&paths.third, i, 0), last);
                    let low = _mm256_madd_epi16(low, weights_low);
                    let high = _mm256_madd_epi16(high, weights_high);
                    let sum = _mm256_add_epi32(low, high);
                    _mm256_srai_epi32::<SHIFT>(_mm256_add_epi32(sum, _mm256_set1_epi32(HALF)))
                };
                // The immediates take the weights of one colour of each half.
                let sums = [
                    sums(0, _mm256_shuffle_epi32::<0x00>(low), _mm256_shuffle_epi32::<0x00>(high)),
                    sums(1, _mm256_shuffle_epi32::<0x55>(low), _mm256_shuffle_epi32::<0x55>(high)),
                    sums(2, _mm256_shuffle_epi32::<0xaa>(low), _mm256_shuffle_epi32::<0xaa>(high)),
                    sums(3, _mm256_shuffle_epi32::<0xff>(low), _mm256_shuffle_epi32::<0xff>(high)),
                ];
                let p = _mm256_packs_epi32(sums[0], sums[1]);
                let q = _mm256_packs_epi32(sums[2], sums[3]);
                let (even, odd) = (_mm256_unpacklo_epi16(p, q), _mm256_unpackhi_epi16(p, q));
                // Four colours of u and of v in each half, and the same of w.
                let uv = _mm256_permute4x64_epi64::<0xd8>(_mm256_unpacklo_epi16(even, odd));
                let w_ = _mm256_permute4x64_epi64::<0xd8>(_mm256_unpackhi_epi16(even, odd));
                // SAFETY: all are 32 bytes, and any bits are an i16.
                let lanes = |v| unsafe { std::mem::transmute::<__m256i, [[i16; 8]; 2]>(v) };
                let (uv, w_) = (lanes(uv), lanes(w_));
                put(u, at, &uv[0]);
                put(v, at, &uv[1]);
                put(w, at, &w_[0]);
            }
        }
    );
}

#[cfg(test)]
mod tests {
    use super::super::tetrahedral;
    use super::*;
    use crate::color::codes::{CodeSpace, Range};
    use crate::lut::{Interpolation, noise_lattice};
    use crate::workers::simd_levels;

    /// What a form gives for one block, beside the gold.
    fn check(lattice: &Lattice, codes: [&[u16]; 3], paths: &mut Paths) {
        let length = codes[0].len();
        let mut want = [[0i16; BLOCK]; 3];
        let [u, v, w] = &mut want;
        let out = [&mut u[..length], &mut v[..length], &mut w[..length]];
        lattice.sample(Interpolation::Tetrahedral, codes, out);
        let compare = |name: &str, got: &[[i16; BLOCK]; 3]| {
            for i in 0..length {
                let at = |of: &[[i16; BLOCK]; 3]| [of[0][i], of[1][i], of[2][i]];
                let colour = [codes[0][i], codes[1][i], codes[2][i]];
                assert_eq!(at(got), at(&want), "{name} at {colour:?}, size {}", lattice.size());
            }
        };
        for (name, level) in simd_levels() {
            let mut got = [[0i16; BLOCK]; 3];
            let [u, v, w] = &mut got;
            let out = [&mut u[..length], &mut v[..length], &mut w[..length]];
            tetrahedral::sample(level, lattice, paths, codes, out);
            compare(name, &got);
        }
        let mut got = [[0i16; BLOCK]; 3];
        let [u, v, w] = &mut got;
        weigh_scalar(lattice, paths, [&mut u[..length], &mut v[..length], &mut w[..length]]);
        compare("scalar", &got);
    }

    /// All 2^24 colours, on entries that differ as much as they can.
    #[test]
    fn every_colour_is_the_same_in_every_form() {
        let lattice = noise_lattice(&CodeSpace::full_rgb(8), 33);
        let z: Vec<u16> = (0..256).collect();
        let mut paths = Paths::NONE;
        for x in 0..256 {
            for y in 0..256 {
                check(&lattice, [&[x; BLOCK], &[y; BLOCK], &z], &mut paths);
            }
        }
    }

    #[test]
    fn every_size_depth_and_length_is_the_same_in_every_form() {
        let limited = Range { offset: [64.0, 512.0, 512.0], scale: [876.0, 896.0, 896.0] };
        let spaces = [
            CodeSpace::full_rgb(8),
            CodeSpace::ycbcr(10, limited, 0.2126, 0.0722),
            CodeSpace::full_rgb(16),
        ];
        for space in spaces {
            for size in [2, 3, 17, 64, 65, 129] {
                let lattice = noise_lattice(&space, size);
                let mut state = 1u32;
                let codes: [Vec<u16>; 3] = std::array::from_fn(|_| {
                    let mut next = || {
                        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                        (state >> 16) as u16 & space.max_code()
                    };
                    // The ends of the axes, then anything.
                    [0, space.max_code()].into_iter().chain((2..BLOCK).map(|_| next())).collect()
                });
                for length in [1, 2, 7, 8, 9, 31, 255, 256] {
                    let [x, y, z] = &codes;
                    let codes = [&x[..length], &y[..length], &z[..length]];
                    let mut paths = Paths::NONE;
                    check(&lattice, codes, &mut paths);
                }
            }
        }
    }
}
