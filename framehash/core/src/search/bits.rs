//! Hashes as bits.

use crate::pdq::Pdq;

/// A hash of some bits, which may be compared.
pub trait Bits: Copy + Ord + Send + Sync {
    /// How many bits it has.
    const BITS: u32;
    /// Its words of 64 bits.
    const WORDS: usize;

    /// A word, by its number.
    fn word(&self, number: usize) -> u64;

    /// How many bits differ.
    fn distance(&self, other: &Self) -> u32;

    /// How many bits are ones.
    fn ones(&self) -> u32;
}

impl Bits for u64 {
    const BITS: u32 = 64;
    const WORDS: usize = 1;

    #[inline(always)]
    fn word(&self, _: usize) -> u64 {
        *self
    }

    #[inline(always)]
    fn distance(&self, other: &Self) -> u32 {
        (self ^ other).count_ones()
    }

    fn ones(&self) -> u32 {
        self.count_ones()
    }
}

impl Bits for Pdq {
    const BITS: u32 = 256;
    const WORDS: usize = 4;

    #[inline(always)]
    fn word(&self, number: usize) -> u64 {
        self.0[number]
    }

    #[inline(always)]
    fn distance(&self, other: &Self) -> u32 {
        let [a, b, c, d] = self.0;
        let [e, f, g, h] = other.0;
        (a ^ e).count_ones() + (b ^ f).count_ones() + (c ^ g).count_ones() + (d ^ h).count_ones()
    }

    fn ones(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }
}
