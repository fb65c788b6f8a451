//! Where codes lie between nodes, in registers: the twin of [`crate::lut::Axis::position`].
//!
//! Everything here is to be inlined into code that is compiled for a SIMD level.

use super::words::Words;
use crate::lut::{Axis, FRACTION_BITS};

/// -1 as a factor: weights are in units of 2^-15, and 1 itself does not fit.
pub(super) const MINUS_ONE: u16 = 1 << 15;

/// One axis, or two of which each has every second word.
#[derive(Clone, Copy)]
pub(super) struct AxisWords<V> {
    low: V,
    span: V,
    multiplier: V,
}

/// A node and the fraction of the way to the next.
pub(super) type AxisPosition<V> = (V, V);

impl<V: Copy> AxisWords<V> {
    /// An axis for the even words, and one for the odd ones.
    #[inline(always)]
    pub(super) fn new<W: Words<Vector = V>>(words: W, [even, odd]: [&Axis; 2]) -> Self {
        let both =
            |of: fn(&Axis) -> u16| words.splat_u32(u32::from(of(even)) | u32::from(of(odd)) << 16);
        Self {
            low: both(|axis| axis.low),
            span: both(|axis| axis.span),
            multiplier: both(|axis| axis.multiplier),
        }
    }

    /// Positions of codes with `deeper` bits above 8. Without `CLAMP`, every code must lie within its axis;
    /// with `DEEP`, `deeper` may be other than 0.
    #[inline(always)]
    pub(super) fn locate<W: Words<Vector = V>, const CLAMP: bool, const DEEP: bool>(
        &self,
        words: W,
        deeper: u32,
        codes: V,
    ) -> AxisPosition<V> {
        let steps = if CLAMP {
            words.min_unsigned(words.sub_to_zero(codes, self.low), self.span)
        } else {
            codes
        };
        let high = words.mul_high(steps, self.multiplier);
        let low = words.mul_low(steps, self.multiplier);
        if DEEP {
            let above = words.shift_right(words.shift_left(high, 16 - deeper), 1);
            let below = words.shift_right(low, 1 + deeper);
            (words.shift_right(high, deeper), words.or(above, below))
        } else {
            (high, words.shift_right(low, 16 - FRACTION_BITS))
        }
    }
}
