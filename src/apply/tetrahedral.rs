//! Tetrahedral sampling of a block: the twin of `lut/sample.rs`, to the same bits.
//!
//! Two passes over a block. The first is arithmetic alone and becomes SIMD code at the level it is
//! compiled for: positions, sorted fractions, and from them three node indices and two pairs of
//! weights for each colour. The second reads four entries for each colour, each with one 8-byte load,
//! and weights them with 16-bit multiply-adds. Gathers are not used: they cost a load for each lane all
//! the same, and on some CPUs far more.

use super::{BLOCK, weigh};
use crate::lut::{FRACTION_BITS, Lattice};
use crate::workers::Level;

const ONE: u32 = 1 << FRACTION_BITS;

/// What the first pass leaves for the second, for each colour of a block.
pub(super) struct Paths {
    /// Index of the node at or below. The path's last node lies one further on every axis.
    pub(super) first: [u32; BLOCK],
    /// Index of the path's second node.
    pub(super) second: [u32; BLOCK],
    /// Index of the path's third node.
    pub(super) third: [u32; BLOCK],
    /// Weight of the first node in the low half, of the second in the high half.
    pub(super) weights_low: [u32; BLOCK],
    /// The same of the third and the last.
    pub(super) weights_high: [u32; BLOCK],
}

impl Paths {
    pub(super) const NONE: Self = Self {
        first: [0; BLOCK],
        second: [0; BLOCK],
        third: [0; BLOCK],
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
    level: Level,
    lattice: &Lattice,
    paths: &mut Paths,
    codes: [&[u16]; 3],
    out: [&mut [i16]; 3],
) {
    find_paths(lattice, codes, paths);
    weigh::weigh(level, lattice, paths, out);
}

#[inline(always)]
fn find_paths(lattice: &Lattice, [x, y, z]: [&[u16]; 3], paths: &mut Paths) {
    let size = lattice.size() as u32;
    let (step_x, step_y, step_z) = (size * size, size, 1);
    let [axis_x, axis_y, axis_z] = *lattice.axes();
    let length = x.len();
    // The second pass takes whole groups of colours: what it finds beyond the last must be nodes.
    let end = length.next_multiple_of(weigh::STEP);
    for list in [&mut paths.first, &mut paths.second, &mut paths.third] {
        list[length..end].fill(0);
    }
    let (y, z) = (&y[..length], &z[..length]);
    let across = step_x + step_y + step_z;
    let Paths { first, second, third, weights_low, weights_high } = paths;
    let (first, second) = (&mut first[..length], &mut second[..length]);
    let third = &mut third[..length];
    let (weights_low, weights_high) = (&mut weights_low[..length], &mut weights_high[..length]);
    for i in 0..length {
        let (px, py, pz) = (axis_x.position(x[i]), axis_y.position(y[i]), axis_z.position(z[i]));
        let (nx, ny, nz) = (px >> FRACTION_BITS, py >> FRACTION_BITS, pz >> FRACTION_BITS);
        let (fx, fy, fz) = (px & (ONE - 1), py & (ONE - 1), pz & (ONE - 1));
        let base = (nx * size + ny) * size + nz;
        let high = fx.max(fy).max(fz);
        let low = fx.min(fy).min(fz);
        let middle = fx + fy + fz - high - low;
        // Where fractions are equal the axes' order does not matter, as long as first and last differ.
        let beyond_x = if fy >= fz { step_y } else { step_z };
        let step_up = if fx >= fy && fx >= fz { step_x } else { beyond_x };
        let before_z = if fy <= fx { step_y } else { step_x };
        let step_down = if fz <= fx && fz <= fy { step_z } else { before_z };
        first[i] = base;
        second[i] = base + step_up;
        third[i] = base + across - step_down;
        weights_low[i] = (ONE - high) | ((high - middle) << 16);
        weights_high[i] = (middle - low) | (low << 16);
    }
}
