//! How many pairs are alike by chance.

use super::bits::Bits;

/// Random pairs that are looked at.
const PAIRS: u64 = 1 << 20;

/// An estimate of how many pairs of a catalogue are alike by chance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chance {
    /// How many pairs there are to be expected.
    pub pairs: f64,
    /// Whether none of the random pairs was alike, so that there are fewer.
    pub is_bound: bool,
}

/// How many pairs of hashes within a distance are to be expected, from random pairs of them. Real pictures' hashes are
/// not spread evenly, so that there are many more than evenly spread ones have.
///
/// Always the same for the same hashes in the same order.
pub fn chance_pairs<B: Bits>(all: &[B], distance: u32) -> Chance {
    let count = all.len() as u64;
    let total = count as f64 * (count as f64 - 1.0) / 2.0;
    if count < 2 {
        return Chance { pairs: 0.0, is_bound: false };
    }
    // xorshift64* by Vigna.
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut below = |end: u64| {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        let random = state.wrapping_mul(0x2545_f491_4f6c_dd1d);
        ((u128::from(random) * u128::from(end)) >> 64) as usize
    };
    let near = (0..PAIRS).filter(|_| {
        let a = below(count);
        let b = (a + 1 + below(count - 1)) % all.len();
        all[a].distance(&all[b]) <= distance
    });
    let near = near.count();
    Chance { pairs: total * near.max(1) as f64 / PAIRS as f64, is_bound: near == 0 }
}
