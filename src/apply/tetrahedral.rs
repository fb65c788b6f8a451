//! Tetrahedral sampling in registers: the twin of `lut/sample.rs`, to the same bits.
//!
//! All arithmetic is in 16-bit words: where a colour lies between nodes, its sorted fractions, the
//! steps along its path. Indices are made in 32 bits, four entries of 8 bytes are fetched for each
//! colour, and each is multiplied by its weight as it lies, component beside component; only then are
//! components taken apart, or put straight back into packed pixels.
//!
//! Everything here is to be inlined into code that is compiled for a SIMD level.

#![expect(unsafe_code, reason = "entries are read without a bounds check")]

use super::BLOCK;
use super::method::{Codes, Differences, Source};
use super::reads::Reads;
use super::words::Words;
use crate::frame::{Component, Layout};
use crate::lut::{Axis, FRACTION_BITS, Lattice};

/// -1 as a factor: weights are in units of 2^-15, and 1 itself does not fit.
const MINUS_ONE: u16 = 1 << 15;

/// One axis, in registers.
#[derive(Clone, Copy)]
struct AxisWords<V> {
    low: V,
    span: V,
    multiplier: V,
    /// Entries from a node to the next on this axis.
    step: V,
    /// Entries from a node to the next on both others.
    rest: V,
}

/// A lattice and what its samplers need, in registers.
pub(super) struct Sampler<'a, W: Words> {
    words: W,
    lattice: &'a Lattice,
    axes: [AxisWords<W::Vector>; 3],
    /// Steps of the first two axes, alternately.
    steps: W::Vector,
    minus_one: W::Vector,
    zero: W::Vector,
    /// For the first or last four colours of each 16 bytes, and of these the even or odd two: their
    /// word four times over.
    spreads: [[W::Vector; 2]; 2],
    /// Bits of a code above 8.
    deeper: u32,
    reads: Reads,
}

/// A node and the fraction of the way to the next.
type Place<V> = (V, V);

/// Differences of the colours of one register of codes, four words for each: those of the even ones of
/// the first four colours of each 16 bytes, of the odd ones, and the same of the last four.
type Fetched<V> = [[V; 2]; 2];

impl<'a, W: Words> Sampler<'a, W> {
    #[inline(always)]
    pub(super) fn new(words: W, lattice: &'a Lattice, reads: Reads) -> Self {
        let size = lattice.size();
        let steps = [size * size, size, 1];
        let axis = |i: usize| {
            let Axis { low, span, multiplier, .. } = lattice.axes()[i];
            let rest = across(size) - steps[i];
            AxisWords {
                low: words.splat(low),
                span: words.splat(span),
                multiplier: words.splat(multiplier),
                step: words.splat(steps[i] as u16),
                rest: words.splat(rest as u16),
            }
        };
        let spread = |first: u8, second: u8| {
            let byte = |i: usize| 2 * if i < 8 { first } else { second } + (i % 2) as u8;
            words.every_16_bytes(std::array::from_fn(byte))
        };
        Self {
            words,
            lattice,
            axes: [axis(0), axis(1), axis(2)],
            steps: words.interleave_low(
                words.splat(steps[0] as u16),
                words.splat(steps[1] as u16),
            ),
            minus_one: words.splat(MINUS_ONE),
            zero: words.splat(0),
            spreads: [[spread(0, 2), spread(1, 3)], [spread(4, 6), spread(5, 7)]],
            deeper: lattice.depth() - 8,
            reads,
        }
    }

    /// Index of the node at or below, and the fraction of the way to the next.
    #[inline(always)]
    fn locate<const CLAMP: bool, const DEEP: bool>(
        &self,
        axis: &AxisWords<W::Vector>,
        codes: W::Vector,
    ) -> Place<W::Vector> {
        let words = self.words;
        let steps = if CLAMP {
            words.min_unsigned(words.sub_to_zero(codes, axis.low), axis.span)
        } else {
            codes
        };
        let high = words.mul_high(steps, axis.multiplier);
        let low = words.mul_low(steps, axis.multiplier);
        if DEEP {
            let above = words.shift_right(words.shift_left(high, 16 - self.deeper), 1);
            let below = words.shift_right(low, 1 + self.deeper);
            (words.shift_right(high, self.deeper), words.or(above, below))
        } else {
            (high, words.shift_right(low, 16 - FRACTION_BITS))
        }
    }

    /// Differences at `codes`. Without `CLAMP`, every code must lie within its axis; with `DEEP`, codes
    /// may have more than 8 bits.
    #[inline(always)]
    fn at_codes<const CLAMP: bool, const DEEP: bool>(
        &self,
        codes: [W::Vector; 3],
    ) -> Fetched<W::Vector> {
        let [axis_x, axis_y, axis_z] = &self.axes;
        let x = self.locate::<CLAMP, DEEP>(axis_x, codes[0]);
        let y = self.locate::<CLAMP, DEEP>(axis_y, codes[1]);
        let z = self.locate::<CLAMP, DEEP>(axis_z, codes[2]);
        self.at_places(x, y, z)
    }

    /// Differences between nodes.
    #[inline(always)]
    fn at_places(
        &self,
        (node_x, x): Place<W::Vector>,
        (node_y, y): Place<W::Vector>,
        (node_z, z): Place<W::Vector>,
    ) -> Fetched<W::Vector> {
        let words = self.words;
        let [axis_x, axis_y, axis_z] = &self.axes;
        let (larger, smaller) = (words.max(x, y), words.min(x, y));
        let high = words.max(larger, z);
        let low = words.min(smaller, z);
        let middle = words.max(smaller, words.min(larger, z));
        // Where fractions are equal the axes' order does not matter, as long as first and last differ.
        let y_first = words.greater(y, x);
        let z_first = words.greater(z, larger);
        let z_not_last = words.greater(z, smaller);
        let up = words.select(y_first, axis_y.step, axis_x.step);
        let up = words.select(z_first, axis_z.step, up);
        let up_two = words.select(y_first, axis_x.rest, axis_y.rest);
        let up_two = words.select(z_not_last, up_two, axis_z.rest);
        let weights = [
            words.add(high, self.minus_one),
            words.sub(high, middle),
            words.sub(middle, low),
            low,
        ];

        let zero = self.zero;
        let low_four = [
            words.interleave_low(node_x, node_y),
            words.interleave_low(node_z, zero),
            words.interleave_low(up, zero),
            words.interleave_low(up_two, zero),
        ];
        let high_four = [
            words.interleave_high(node_x, node_y),
            words.interleave_high(node_z, zero),
            words.interleave_high(up, zero),
            words.interleave_high(up_two, zero),
        ];
        [
            self.weigh(low_four, &weights, &self.spreads[0]),
            self.weigh(high_four, &weights, &self.spreads[1]),
        ]
    }

    /// Fetches the entries of four colours of each 16 bytes, and adds them up by their weights.
    ///
    /// The path is given by the nodes on the first two axes, alternately, the node on the third, the
    /// first step and the first two, all but the nodes on the first two in 32-bit lanes.
    #[inline(always)]
    fn weigh(
        &self,
        [node_x_y, node_z, up, up_two]: [W::Vector; 4],
        weights: &[W::Vector; 4],
        spreads: &[W::Vector; 2],
    ) -> [W::Vector; 2] {
        let words = self.words;
        let first = words.add_u32(words.dot(node_x_y, self.steps), node_z);
        let second = words.add_u32(first, up);
        let third = words.add_u32(first, up_two);
        let entries = self.lattice.entries().as_ptr();
        // SAFETY: `locate` has limited every node to below the last of its axis, or to the last with a
        // fraction of 0. So the furthest node of a path is at most one beyond the last on every axis,
        // and the lattice's padding goes as far.
        let [first, second, third, last] = unsafe {
            let beyond = entries.add(across(self.lattice.size()));
            match self.reads {
                Reads::Gather => [
                    words.gather(entries, first),
                    words.gather(entries, second),
                    words.gather(entries, third),
                    words.gather(beyond, first),
                ],
                Reads::Loads => [
                    words.load_each(entries, first),
                    words.load_each(entries, second),
                    words.load_each(entries, third),
                    words.load_each(beyond, first),
                ],
            }
        };
        [
            self.sum([first.0, second.0, third.0, last.0], weights, spreads[0]),
            self.sum([first.1, second.1, third.1, last.1], weights, spreads[1]),
        ]
    }

    /// Adds entries up by the weights of their colours, which a shuffle takes to their words.
    #[inline(always)]
    fn sum(
        &self,
        nodes: [W::Vector; 4],
        weights: &[W::Vector; 4],
        spread: W::Vector,
    ) -> W::Vector {
        let words = self.words;
        let by = |i: usize| words.mul_round(nodes[i], words.shuffle_bytes(weights[i], spread));
        // The first weight is its own negative.
        let ends = words.sub_saturating(by(3), by(0));
        words.add_saturating(words.add_saturating(by(1), by(2)), ends)
    }

    #[inline(always)]
    fn differences_of<const DEEP: bool>(
        &self,
        length: usize,
        [x, y, z]: [&Codes; 3],
        [u, v, w]: &mut [Differences; 3],
    ) {
        let words = self.words;
        for at in (0..length).step_by(W::COUNT) {
            let codes = [words.load(&x[at..]), words.load(&y[at..]), words.load(&z[at..])];
            let [first, second, third] = self.planes(self.at_codes::<true, DEEP>(codes));
            words.store(&mut u[at..], first);
            words.store(&mut v[at..], second);
            words.store(&mut w[at..], third);
        }
    }

    #[inline(always)]
    fn shared_chroma_of<const DEEP: bool, const ROWS: usize>(
        &self,
        length: usize,
        luma: &[Codes],
        [cb, cr]: &[Codes; 2],
        luma_out: &mut [Differences],
        [cb_sums, cr_sums]: &mut [[i32; BLOCK]; 2],
    ) {
        let (words, one) = (self.words, self.words.splat(1));
        let (luma, luma_out) = (&luma[..ROWS], &mut luma_out[..ROWS]);
        let [axis_x, axis_y, axis_z] = &self.axes;
        for at in (0..length).step_by(W::COUNT) {
            let y = self.locate::<true, DEEP>(axis_y, words.load_twice(&cb[at / 2..]));
            let z = self.locate::<true, DEEP>(axis_z, words.load_twice(&cr[at / 2..]));
            let mut sums = [self.zero; 2];
            for row in 0..ROWS {
                let x = self.locate::<true, DEEP>(axis_x, words.load(&luma[row][at..]));
                let [first, second, third] = self.planes(self.at_places(x, y, z));
                words.store(&mut luma_out[row][at..], first);
                sums[0] = words.add_u32(sums[0], words.dot(second, one));
                sums[1] = words.add_u32(sums[1], words.dot(third, one));
            }
            words.store_i32(&mut cb_sums[at / 2..], sums[0]);
            words.store_i32(&mut cr_sums[at / 2..], sums[1]);
        }
    }

    /// Component by component, in the order of the codes.
    #[inline(always)]
    fn planes(&self, [low, high]: Fetched<W::Vector>) -> [W::Vector; 3] {
        let words = self.words;
        let ((low_uv, low_w), (high_uv, high_w)) = (self.apart(low), self.apart(high));
        [
            words.interleave_low_u64(low_uv, high_uv),
            words.interleave_high_u64(low_uv, high_uv),
            words.interleave_low_u64(low_w, high_w),
        ]
    }

    /// The first two components of four colours of each 16 bytes, and their third.
    #[inline(always)]
    fn apart(&self, [even, odd]: [W::Vector; 2]) -> (W::Vector, W::Vector) {
        let words = self.words;
        let (one, two) = (words.interleave_low(even, odd), words.interleave_high(even, odd));
        (words.interleave_low_u32(one, two), words.interleave_high_u32(one, two))
    }
}

impl<W: Words> Source for Sampler<'_, W> {
    #[inline(always)]
    fn differences(&self, length: usize, codes: [&Codes; 3], out: &mut [Differences; 3]) {
        if self.deeper > 0 {
            self.differences_of::<true>(length, codes, out);
        } else {
            self.differences_of::<false>(length, codes, out);
        }
    }

    #[inline(always)]
    fn shared_chroma<const ROWS: usize>(
        &self,
        length: usize,
        luma: &[Codes],
        chroma: &[Codes; 2],
        luma_out: &mut [Differences],
        sums: &mut [[i32; BLOCK]; 2],
    ) {
        if self.deeper > 0 {
            self.shared_chroma_of::<true, ROWS>(length, luma, chroma, luma_out, sums);
        } else {
            self.shared_chroma_of::<false, ROWS>(length, luma, chroma, luma_out, sums);
        }
    }
}

/// Entries from a path's first node to its last.
const fn across(size: usize) -> usize {
    size * size + size + 1
}

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
pub(super) struct PackedSampler<'a, W: Words> {
    sampler: Sampler<'a, W>,
    /// From four pixels to four bytes of each component, pixels in the order 0, 2, 1, 3, so that the
    /// even ones are the first two.
    apart: W::Vector,
    /// From four pixels to the components of the first two as words.
    first: W::Vector,
    /// The same of the last two.
    last: W::Vector,
    /// From components in order to pixels.
    together: W::Vector,
    /// Share of the effect, if not all, in units of 2^-15.
    mix: Option<W::Vector>,
    /// From the entries' units to codes.
    to_codes: W::Vector,
    clamp: bool,
}

impl<'a, W: Words> PackedSampler<'a, W> {
    /// For a share of the effect in units of 2^-15.
    #[inline(always)]
    pub(super) fn new(words: W, lattice: &'a Lattice, reads: Reads, packed: &Packed, mix: i32) -> Self {
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
            mix: (mix < 1 << 15).then(|| words.splat(mix as u16)),
            // 7 binary digits after the point, and mul_round takes 15 away.
            to_codes: words.splat(1 << 8),
            clamp: lattice.axes().iter().any(|axis| axis.low > 0 || axis.span < 255),
            sampler: Sampler::new(words, lattice, reads),
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
        let first = self.codes(words.shuffle_bytes(pixels, self.first), first);
        let last = self.codes(words.shuffle_bytes(pixels, self.last), last);
        words.shuffle_bytes(words.narrow(first, last), self.together)
    }

    #[inline(always)]
    fn codes(&self, codes: W::Vector, differences: W::Vector) -> W::Vector {
        let words = self.sampler.words;
        let differences = match self.mix {
            Some(mix) => words.mul_round(differences, mix),
            None => differences,
        };
        words.add(codes, words.mul_round(differences, self.to_codes))
    }
}
