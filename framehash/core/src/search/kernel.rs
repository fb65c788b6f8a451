//! The loop in which hashes are compared.

use super::bits::Bits;
use crate::level::{Level, at_level};

/// Hashes that are looked at together before single ones are.
const TOGETHER: usize = 32;

/// Calls `found` with numbers and distance of each hash of one list and each of another that are within a distance.
pub(super) fn near<B: Bits>(
    level: Level,
    one: &[B],
    other: &[B],
    distance: u32,
    found: &mut dyn FnMut(usize, usize, u32),
) {
    at_level!(level, near_here(one, other, distance, found));
}

#[inline(always)]
fn near_here<B: Bits>(
    one: &[B],
    other: &[B],
    distance: u32,
    found: &mut dyn FnMut(usize, usize, u32),
) {
    for (a, hash) in one.iter().enumerate() {
        for (i, part) in other.chunks(TOGETHER).enumerate() {
            // Hardly ever is one of them near: it takes a single test to see that none is.
            let mut least = u32::MAX;
            for other in part {
                least = least.min(hash.distance(other));
            }
            if least > distance {
                continue;
            }
            for (b, other) in part.iter().enumerate() {
                let between = hash.distance(other);
                if between <= distance {
                    found(a, i * TOGETHER + b, between);
                }
            }
        }
    }
}
