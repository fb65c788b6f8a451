//! Where codes lie between nodes, in registers: the twin of [`crate::lut::Axis::position`].
//!
//! Everything here is to be inlined into code that is compiled for a SIMD level.

use super::words::Words;
use crate::lut::{Axis, FRACTION_BITS};

/// -1 as a factor: weights are in units of 2^-15, and 1 itself does not fit.
pub(super) const MINUS_ONE: u16 = 1 << 15;

/// A lattice's axis.
#[derive(Clone, Copy)]
pub(super) struct AxisWords<V> {
    last_code: V,
    multiplier: V,
}

/// A node and the fraction of the way to the next.
pub(super) type AxisPosition<V> = (V, V);

impl<V: Copy> AxisWords<V> {
    #[inline(always)]
    pub(super) fn new<W: Words<Vector = V>>(words: W, axis: Axis) -> Self {
        let (last_code, multiplier) = (words.splat(axis.last_code()), words.splat(axis.multiplier));
        Self { last_code, multiplier }
    }

    /// Positions of codes with `deeper` bits above 8. Without `CLAMP`, none may be beyond the
    /// last; with `DEEP`, `deeper` may be other than 0.
    #[inline(always)]
    pub(super) fn locate<W: Words<Vector = V>, const CLAMP: bool, const DEEP: bool>(
        &self,
        words: W,
        deeper: u32,
        codes: V,
    ) -> AxisPosition<V> {
        let codes = if CLAMP { words.min_unsigned(codes, self.last_code) } else { codes };
        let high = words.mul_high(codes, self.multiplier);
        let low = words.mul_low(codes, self.multiplier);
        if DEEP {
            let above = words.shift_right(words.shift_left(high, 16 - deeper), 1);
            let below = words.shift_right(low, 1 + deeper);
            (words.shift_right(high, deeper), words.or(above, below))
        } else {
            (high, words.shift_right(low, 16 - FRACTION_BITS))
        }
    }
}
