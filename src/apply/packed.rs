//! Packed pixels of four bytes, the commonest RGB, through a lattice in registers from end to end.
//!
//! Everything here is to be inlined into code that is compiled for a SIMD level.

use super::finish::{Finish, FinishWords};
use super::tetrahedral::Sampler;
use super::words::Words;
use crate::frame::{Component, Layout};
use crate::lut::Lattice;

/// Pixels of four bytes, three of them components of 8 bits.
#[derive(Clone, Copy)]
pub(super) struct Packed {
    plane: usize,
    /// Byte of a pixel that holds each component, and then the byte that is left.
    order: [u8; 4],
}

impl Packed {
    /// If a layout is of that kind.
    pub(super) fn of(layout: &Layout) -> Option<Self> {
        let [first, ..] = &layout.components;
        let is_packed = |c: &Component| {
            c.plane == first.plane && c.step == 4 && c.bytes == 1 && c.depth == 8 && c.offset < 4
        };
        if layout.sub_x + layout.sub_y > 0 || !layout.components.iter().all(is_packed) {
            return None;
        }
        let [x, y, z] = layout.components.map(|component| component.offset as u8);
        Some(Self { plane: first.plane, order: [x, y, z, 6 - x - y - z] })
    }

    pub(super) fn plane(&self) -> usize {
        self.plane
    }
}

/// A sampler and the way of packed pixels through it.
pub(super) struct PackedSampler<'a, W: Words, const GATHER: bool> {
    sampler: Sampler<'a, W, GATHER>,
    /// From four pixels to four bytes of each component, pixels in the order 0, 2, 1, 3, so that the
    /// even ones are the first two.
    apart: W::Vector,
    /// From four pixels to the components of the first two as words.
    first: W::Vector,
    /// The same of the last two.
    last: W::Vector,
    /// From components in order to pixels.
    together: W::Vector,
    finish: FinishWords<W>,
    clamp: bool,
}

impl<'a, W: Words, const GATHER: bool> PackedSampler<'a, W, GATHER> {
    #[inline(always)]
    pub(super) fn new(words: W, lattice: &'a Lattice, packed: &Packed, finish: &Finish) -> Self {
        let order = packed.order;
        let apart = std::array::from_fn(|i| 4 * [0, 2, 1, 3][i % 4] + order[i / 4]);
        let wide = |pixel: usize| {
            std::array::from_fn(|i| match i % 2 {
                0 => 4 * (pixel + i / 8) as u8 + order[i / 2 % 4],
                _ => 0x80,
            })
        };
        let mut together = [0; 16];
        for (i, byte) in (0u8..16).enumerate() {
            together[i / 4 * 4 + usize::from(order[i % 4])] = byte;
        }
        Self {
            apart: words.every_16_bytes(apart),
            first: words.every_16_bytes(wide(0)),
            last: words.every_16_bytes(wide(2)),
            together: words.every_16_bytes(together),
            finish: FinishWords::new(words, finish),
            clamp: lattice.axes().iter().any(|axis| axis.low > 0 || axis.span < 255),
            sampler: Sampler::new(words, lattice),
        }
    }

    /// Changes whole pixels, the last of which may lack bytes after its last component.
    #[inline(always)]
    pub(super) fn apply(&self, pixels: &mut [u8]) {
        let mut groups = pixels.chunks_exact_mut(4 * W::COUNT);
        for group in groups.by_ref() {
            self.apply_group(group);
        }
        let rest = groups.into_remainder();
        if !rest.is_empty() {
            let mut group = [0; 4 * 32];
            group[..rest.len()].copy_from_slice(rest);
            self.apply_group(&mut group[..4 * W::COUNT]);
            let length = rest.len();
            rest.copy_from_slice(&group[..length]);
        }
    }

    #[inline(always)]
    fn apply_group(&self, pixels: &mut [u8]) {
        let words = self.sampler.words;
        let (low, high) = pixels.split_at_mut(2 * W::COUNT);
        let (low_pixels, high_pixels) = (words.load_bytes(low), words.load_bytes(high));
        let low_apart = words.shuffle_bytes(low_pixels, self.apart);
        let high_apart = words.shuffle_bytes(high_pixels, self.apart);
        let x_y = words.interleave_low_u32(low_apart, high_apart);
        let z = words.interleave_high_u32(low_apart, high_apart);
        let zero = self.sampler.zero;
        let codes = [
            words.interleave_low_u8(x_y, zero),
            words.interleave_high_u8(x_y, zero),
            words.interleave_low_u8(z, zero),
        ];
        let differences = if self.clamp {
            self.sampler.at_codes::<true, false>(codes)
        } else {
            self.sampler.at_codes::<false, false>(codes)
        };
        words.store_bytes(low, self.finish(low_pixels, differences[0]));
        words.store_bytes(high, self.finish(high_pixels, differences[1]));
    }

    #[inline(always)]
    fn finish(&self, pixels: W::Vector, [first, last]: [W::Vector; 2]) -> W::Vector {
        let words = self.sampler.words;
        let new = |pixels, differences| self.finish.codes(words, pixels, differences);
        let first = new(words.shuffle_bytes(pixels, self.first), first);
        let last = new(words.shuffle_bytes(pixels, self.last), last);
        words.shuffle_bytes(words.narrow(first, last), self.together)
    }
}
