//! Packed pixels of four bytes, the commonest RGB, through a lattice in registers from end to end.
//!
//! Everything here is to be inlined into code that is compiled for a SIMD level.

use super::BLOCK;
use super::finish::{Finish, FinishWords};
use super::tetrahedral::{Extent, Sampler};
use super::words::Words;
use crate::frame::{Area, Band, Component, Layout};
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
}

/// A sampler and the way of packed pixels through it.
pub(super) struct PackedSampler<'a, W: Words, const GATHER: bool> {
    sampler: Sampler<'a, W, GATHER>,
    plane: usize,
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
            sampler: Sampler::new(words, lattice),
            plane: packed.plane,
        }
    }

    /// Changes a band's part of an area.
    #[inline(always)]
    pub(super) fn apply_band(&self, area: &Area, band: &mut Band<'_>) {
        let ([start, _], end) = (area.columns, area.processed_until);
        let ([first_row, row_end], [first, last]) = (area.rows, band.groups());
        let mut is_quiet = true;
        for row in first_row.max(first)..row_end.min(last) {
            let row = band.row_mut(self.plane, row);
            let end = row.len().min(4 * end);
            self.apply(&mut row[4 * start..end], &mut is_quiet);
        }
    }

    /// Changes whole pixels, the last of which may lack bytes after its last component.
    ///
    /// `is_quiet` tells, and is told, whether the block before had no difference anywhere: only then is it
    /// worth a look beforehand whether the next one can have any.
    #[inline(always)]
    pub(super) fn apply(&self, pixels: &mut [u8], is_quiet: &mut bool) {
        let words = self.sampler.words;
        for block in pixels.chunks_mut(4 * BLOCK) {
            if *is_quiet && !self.may_touch(block) {
                continue;
            }
            let mut seen = self.sampler.zero;
            let mut groups = block.chunks_exact_mut(4 * W::COUNT);
            for group in groups.by_ref() {
                seen = words.or(seen, self.apply_group(group));
            }
            let rest = groups.into_remainder();
            if !rest.is_empty() {
                let mut group = [0; 4 * 32];
                group[..rest.len()].copy_from_slice(rest);
                self.apply_group(&mut group[..4 * W::COUNT]);
                let length = rest.len();
                rest.copy_from_slice(&group[..length]);
            }
            *is_quiet = words.is_zero(seen);
        }
    }

    /// Whether some pixel of a block may have a difference.
    #[inline(always)]
    fn may_touch(&self, block: &[u8]) -> bool {
        let words = self.sampler.words;
        let mut groups = block.chunks_exact(4 * W::COUNT);
        let Some(first) = groups.next() else {
            return true;
        };
        let mut extent = Extent::of(self.codes(self.load(first)));
        for group in groups.by_ref() {
            let codes = self.codes(self.load(group));
            (0..3).for_each(
                #[inline(always)]
                |i| extent.add(words, i, codes[i]),
            );
        }
        !groups.remainder().is_empty() || extent.is_touched(&self.sampler)
    }

    #[inline(always)]
    fn load(&self, pixels: &[u8]) -> [W::Vector; 2] {
        let (low, high) = pixels.split_at(2 * W::COUNT);
        [self.sampler.words.load_bytes(low), self.sampler.words.load_bytes(high)]
    }

    /// Codes of each component.
    #[inline(always)]
    fn codes(&self, [low, high]: [W::Vector; 2]) -> [W::Vector; 3] {
        let (words, zero) = (self.sampler.words, self.sampler.zero);
        let low = words.shuffle_bytes(low, self.apart);
        let high = words.shuffle_bytes(high, self.apart);
        let x_y = words.interleave_low_u8(low, high);
        let z = words.interleave_high_u8(low, high);
        [
            words.interleave_low_u8(x_y, zero),
            words.interleave_high_u8(x_y, zero),
            words.interleave_low_u8(z, zero),
        ]
    }

    /// Changes the pixels of two registers; gives something that is zero if no difference was found.
    #[inline(always)]
    fn apply_group(&self, pixels: &mut [u8]) -> W::Vector {
        let words = self.sampler.words;
        let [low_pixels, high_pixels] = self.load(pixels);
        let codes = self.codes([low_pixels, high_pixels]);
        let differences = self.sampler.at_codes::<false, false>(codes);
        let (low, high) = pixels.split_at_mut(2 * W::COUNT);
        words.store_bytes(low, self.finish(low_pixels, differences[0]));
        words.store_bytes(high, self.finish(high_pixels, differences[1]));
        let [[a, b], [c, d]] = differences;
        words.or(words.or(a, b), words.or(c, d))
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
