//! Packed pixels of four bytes, the commonest RGB, through a lattice in registers from end to end. Pixels of three
//! bytes get a fourth on the way.
//!
//! Everything here is to be inlined into code that is compiled for a SIMD level.

use std::hint::black_box;

use super::BLOCK;
use super::finish::{Finish, FinishWords};
use super::tetrahedral::{Extent, Sampler};
use super::words::{Lanes, Words};
use crate::frame::{Area, Band, Component, Layout};
use crate::lut::Lattice;

/// Pixels of three or four bytes, three of them components of 8 bits.
#[derive(Clone, Copy)]
pub(super) struct Packed {
    plane: usize,
    /// Bytes of a pixel.
    bytes: usize,
    /// Byte of a pixel that holds each component, and then the byte that is left, or that there would be.
    order: [u8; 4],
}

impl Packed {
    /// If a layout is of that kind.
    pub(super) fn of(layout: &Layout) -> Option<Self> {
        let [first, ..] = &layout.components;
        let is_packed = |c: &Component| {
            (c.plane, c.step, c.bytes, c.depth) == (first.plane, first.step, 1, 8)
                && [3, 4].contains(&c.step)
                && c.offset < c.step
        };
        if layout.sub_x + layout.sub_y > 0 || !layout.components.iter().all(is_packed) {
            return None;
        }
        let [x, y, z] = layout.components.map(|component| component.offset as u8);
        Some(Self { plane: first.plane, bytes: first.step, order: [x, y, z, 6 - x - y - z] })
    }
}

/// A sampler and the way of packed pixels through it.
pub(super) struct PackedSampler<'a, W: Words, const GATHER: bool> {
    sampler: Sampler<'a, W, GATHER>,
    plane: usize,
    /// Bytes of a pixel in memory.
    bytes: usize,
    /// Shuffles from 12 bytes to four pixels of three and a byte, and back.
    wider: W::Vector,
    narrower: W::Vector,
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

impl<'a, W: Lanes, const GATHER: bool> PackedSampler<'a, W, GATHER> {
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
            bytes: packed.bytes,
            wider: words.every_16_bytes(std::array::from_fn(|i| match i % 4 {
                3 => 0x80,
                byte => (3 * (i / 4) + byte) as u8,
            })),
            narrower: words.every_16_bytes(std::array::from_fn(|i| match i {
                12.. => 0x80,
                _ => (4 * (i / 3) + i % 3) as u8,
            })),
        }
    }

    /// Changes a band's part of an area.
    #[inline(always)]
    pub(super) fn apply_band(&self, area: &Area, band: &mut Band<'_>) {
        let ([start, _], end) = (area.columns, area.processed_until);
        let ([first_row, row_end], [first, last]) = (area.rows, band.groups());
        let mut is_quiet = true;
        let mut wide = [0; 4 * BLOCK];
        for row in first_row.max(first)..row_end.min(last) {
            let row = band.row_mut(self.plane, row);
            let end = row.len().min(self.bytes * end);
            for pixels in row[self.bytes * start..end].chunks_mut(self.bytes * BLOCK) {
                // Hidden, lest the compiler make the code for each, which is large.
                let is_narrow = || black_box(self.bytes) == 3;
                let of_four = if is_narrow() {
                    self.widen(pixels, &mut wide);
                    &mut wide[..4 * (pixels.len() / 3)]
                } else {
                    &mut *pixels
                };
                self.apply(of_four, &mut is_quiet);
                if is_narrow() {
                    self.narrow(&wide, pixels);
                }
            }
        }
    }

    /// Gives up to [`BLOCK`] pixels of three bytes a fourth.
    #[inline(always)]
    fn widen(&self, from: &[u8], to: &mut [u8; 4 * BLOCK]) {
        let words = self.sampler.words;
        let mut padded = [0; 3 * BLOCK + 16];
        padded[..from.len()].copy_from_slice(from);
        // No more registers than it takes, which is also a number that the compiler does not know and unroll.
        let registers = (4 * from.len()).div_ceil(3 * 2 * W::COUNT);
        for (i, to) in to.chunks_exact_mut(2 * W::COUNT).take(registers).enumerate() {
            let pixels = words.open_twelves(words.load_bytes(&padded[3 * W::COUNT / 2 * i..]));
            words.store_bytes(to, words.shuffle_bytes(pixels, self.wider));
        }
    }

    /// Takes it away again.
    #[inline(always)]
    fn narrow(&self, from: &[u8; 4 * BLOCK], to: &mut [u8]) {
        let words = self.sampler.words;
        let mut all = [0; 3 * BLOCK + 16];
        let registers = (4 * to.len()).div_ceil(3 * 2 * W::COUNT);
        for (i, from) in from.chunks_exact(2 * W::COUNT).take(registers).enumerate() {
            let pixels = words.shuffle_bytes(words.load_bytes(from), self.narrower);
            words.store_bytes(&mut all[3 * W::COUNT / 2 * i..], words.close_twelves(pixels));
        }
        to.copy_from_slice(&all[..to.len()]);
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
            let mut padded = [0; 4 * 32];
            for group in block.chunks_mut(4 * W::COUNT) {
                let is_whole = |group: &[u8]| black_box(group.len()) == 4 * W::COUNT;
                let whole = if is_whole(group) {
                    &mut *group
                } else {
                    padded[..group.len()].copy_from_slice(group);
                    &mut padded[..4 * W::COUNT]
                };
                seen = words.or(seen, self.apply_group(whole));
                if !is_whole(group) {
                    let length = group.len();
                    group.copy_from_slice(&padded[..length]);
                }
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
