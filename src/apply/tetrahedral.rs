//! Tetrahedral sampling of a block: the twin of `lut/sample.rs`, to the same bits.
//!
//! Two passes over a block. The first is arithmetic alone and becomes SIMD code at the level it is
//! compiled for: positions, sorted fractions, and from them three node indices and two pairs of
//! weights for each colour. The second reads four entries for each colour, each with one 8-byte load,
//! and weights them with 16-bit multiply-adds. Gathers are not used: they cost a load for each lane all
//! the same, and on some CPUs far more.

#![expect(unsafe_code, reason = "entries are read without a bounds check")]

use super::BLOCK;
use crate::lut::{FRACTION_BITS, Lattice};

const ONE: u32 = 1 << FRACTION_BITS;

/// What the first pass leaves for the second, for each colour of a block.
pub(super) struct Paths {
    /// Index of the node at or below.
    base: [u32; BLOCK],
    /// Steps from `base` to the path's second node.
    first: [u32; BLOCK],
    /// Steps from the path's third node to its last.
    last: [u32; BLOCK],
    /// Weight of the first node in the low half, of the second in the high half.
    weights_low: [u32; BLOCK],
    /// The same of the third and the last.
    weights_high: [u32; BLOCK],
}

impl Paths {
    pub(super) const NONE: Self = Self {
        base: [0; BLOCK],
        first: [0; BLOCK],
        last: [0; BLOCK],
        weights_low: [0; BLOCK],
        weights_high: [0; BLOCK],
    };
}

/// Differences at `codes`, in the units of the entries; as [`Lattice::sample`], for up to [`BLOCK`]
/// colours.
///
/// To be inlined into code that is compiled for a SIMD level.
#[inline(always)]
pub(super) fn sample(
    lattice: &Lattice,
    paths: &mut Paths,
    codes: [&[u16]; 3],
    out: [&mut [i16]; 3],
) {
    find_paths(lattice, codes, paths);
    weigh(lattice, paths, codes[0].len(), out);
}

#[inline(always)]
fn find_paths(lattice: &Lattice, [x, y, z]: [&[u16]; 3], paths: &mut Paths) {
    let size = lattice.size() as u32;
    let (step_x, step_y, step_z) = (size * size, size, 1);
    let [axis_x, axis_y, axis_z] = *lattice.axes();
    let length = x.len();
    let (y, z) = (&y[..length], &z[..length]);
    let Paths { base, first, last, weights_low, weights_high } = paths;
    let (base, first, last) = (&mut base[..length], &mut first[..length], &mut last[..length]);
    let (weights_low, weights_high) = (&mut weights_low[..length], &mut weights_high[..length]);
    for i in 0..length {
        let (px, py, pz) = (axis_x.position(x[i]), axis_y.position(y[i]), axis_z.position(z[i]));
        let (nx, ny, nz) = (px >> FRACTION_BITS, py >> FRACTION_BITS, pz >> FRACTION_BITS);
        let (fx, fy, fz) = (px & (ONE - 1), py & (ONE - 1), pz & (ONE - 1));
        base[i] = (nx * size + ny) * size + nz;
        let high = fx.max(fy).max(fz);
        let low = fx.min(fy).min(fz);
        let middle = fx + fy + fz - high - low;
        // Where fractions are equal the axes' order does not matter, as long as first and last differ.
        let beyond_x = if fy >= fz { step_y } else { step_z };
        first[i] = if fx >= fy && fx >= fz { step_x } else { beyond_x };
        let before_z = if fy <= fx { step_y } else { step_x };
        last[i] = if fz <= fx && fz <= fy { step_z } else { before_z };
        weights_low[i] = (ONE - high) | ((high - middle) << 16);
        weights_high[i] = (middle - low) | (low << 16);
    }
}

/// Colours that the second pass takes at once.
const STEP: usize = 8;

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn weigh(lattice: &Lattice, paths: &Paths, length: usize, out: [&mut [i16]; 3]) {
    use std::arch::x86_64::*;

    let size = lattice.size();
    let across = size * size + size + 1;
    let entries = lattice.entries();
    // The largest base is the last node, and the furthest read from it is `across` further.
    assert!(entries.len() > size.pow(3) - 1 + across, "the lattice's padding");
    let [u, v, w] = out;

    // SAFETY: SSE2 is part of x86-64. `find_paths` makes every base the index of a node, `first` and
    // `last` steps of one node; so every read is at most `across` entries after a node, which the
    // assertion above has found to be there. Indices beyond `length` are 0.
    let sums = |i: usize| unsafe {
        let base = entries.as_ptr().add(paths.base[i] as usize);
        let load = |offset: usize| _mm_loadl_epi64(base.add(offset).cast());
        let low = _mm_unpacklo_epi16(load(0), load(paths.first[i] as usize));
        let high = _mm_unpacklo_epi16(load(across - paths.last[i] as usize), load(across));
        let low = _mm_madd_epi16(low, _mm_set1_epi32(paths.weights_low[i] as i32));
        let high = _mm_madd_epi16(high, _mm_set1_epi32(paths.weights_high[i] as i32));
        let half = _mm_set1_epi32(1 << (FRACTION_BITS - 1));
        _mm_srai_epi32::<{ FRACTION_BITS as i32 }>(_mm_add_epi32(_mm_add_epi32(low, high), half))
    };
    for at in (0..length).step_by(STEP) {
        // SAFETY: SSE2 is part of x86-64; nothing here touches memory.
        let [a, b, c] = unsafe {
            let pair = |i: usize| _mm_packs_epi32(sums(at + i), sums(at + i + 1));
            let four = |p: __m128i, q: __m128i| {
                let (even, odd) = (_mm_unpacklo_epi16(p, q), _mm_unpackhi_epi16(p, q));
                [_mm_unpacklo_epi16(even, odd), _mm_unpackhi_epi16(even, odd)]
            };
            let (one, two) = (four(pair(0), pair(2)), four(pair(4), pair(6)));
            [
                _mm_unpacklo_epi64(one[0], two[0]),
                _mm_unpackhi_epi64(one[0], two[0]),
                _mm_unpacklo_epi64(one[1], two[1]),
            ]
        };
        for (out, lanes) in [&mut *u, &mut *v, &mut *w].into_iter().zip([a, b, c]) {
            // SAFETY: both are 16 bytes without padding, and any bits are an i16.
            let lanes: [i16; STEP] = unsafe { std::mem::transmute(lanes) };
            match out.get_mut(at..at + STEP) {
                Some(out) => out.copy_from_slice(&lanes),
                None => out[at..].copy_from_slice(&lanes[..length - at]),
            }
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn weigh(lattice: &Lattice, paths: &Paths, length: usize, [u, v, w]: [&mut [i16]; 3]) {
    let size = lattice.size();
    let across = size * size + size + 1;
    let entries = lattice.entries();
    for i in 0..length {
        let base = paths.base[i] as usize;
        let nodes = [0, paths.first[i] as usize, across - paths.last[i] as usize, across]
            .map(|offset| entries[base + offset]);
        let halves = |weights: u32| [weights as u16, (weights >> 16) as u16].map(i32::from);
        let ([a, b], [c, d]) = (halves(paths.weights_low[i]), halves(paths.weights_high[i]));
        let sum = |k: usize| {
            let [p, q, r, s] = nodes.map(|node| i32::from(node[k]));
            ((p * a + q * b + r * c + s * d + (1 << (FRACTION_BITS - 1))) >> FRACTION_BITS) as i16
        };
        (u[i], v[i], w[i]) = (sum(0), sum(1), sum(2));
    }
}
