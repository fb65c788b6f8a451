//! Tetrahedral sampling in registers: the twin of `lut/sample.rs`, to the same bits.
//!
//! All arithmetic is in 16-bit words: where a colour lies between nodes, its sorted fractions, the
//! steps along its path. Indices are made in 32 bits, four entries of 8 bytes are fetched for each
//! colour, and each is multiplied by its weight as it lies, component beside component; only then are
//! components taken apart (`planar.rs`), or put straight back into pixels (`packed.rs`).
//!
//! Everything here is to be inlined into code that is compiled for a SIMD level.

#![expect(unsafe_code, reason = "entries are read without a bounds check")]

use super::position::{AxisPosition, AxisWords, MINUS_ONE};
use super::shared::may_touch;
use super::words::Words;
use crate::lut::Lattice;

/// One axis, in registers.
#[derive(Clone, Copy)]
struct Axis<V> {
    /// Entries from a node to the next on this axis.
    step: V,
    /// Entries from a node to the next on both others.
    rest: V,
}

/// A lattice and what its samplers need, in registers. With `GATHER`, entries are read with the CPU's
/// gather instructions.
#[derive(Clone, Copy)]
pub(super) struct Sampler<'a, W: Words, const GATHER: bool> {
    pub(super) words: W,
    lattice: &'a Lattice,
    codes: AxisWords<W::Vector>,
    axes: [Axis<W::Vector>; 3],
    /// For [`Words::dot`]: the step of the first axis for the low word of each lane, and for the high one.
    steps_x: [W::Vector; 2],
    minus_one: W::Vector,
    pub(super) zero: W::Vector,
    /// For each two colours of each 16 bytes that are [`Fetched`] together: their word four times over.
    spreads: [[W::Vector; 2]; 2],
    /// Bits of a code above 8.
    pub(super) deeper: u32,
}

/// The places on the last two axes, in the order of their fractions.
#[derive(Clone, Copy)]
struct PairOfPlaces<V> {
    /// Index of the entry, the first axis apart, in `u32` lanes: of the even colours and of the odd ones.
    base: [V; 2],
    larger: V,
    smaller: V,
    /// The step of the axis with the larger fraction.
    step: V,
    /// All steps but that of the axis with the smaller fraction.
    rest: V,
}

/// Differences of the colours of one register of codes, four words for each. Of every eight colours, which
/// are 16 bytes of codes: the first and the fifth, the third and the seventh, and then the ones after them.
pub(super) type Fetched<V> = [[V; 2]; 2];

impl<'a, W: Words, const GATHER: bool> Sampler<'a, W, GATHER> {
    #[inline(always)]
    pub(super) fn new(words: W, lattice: &'a Lattice) -> Self {
        let size = lattice.size();
        let steps = [size * size, size, 1];
        let axis = |i: usize| {
            let rest = across(size) - steps[i];
            Axis { step: words.splat(steps[i] as u16), rest: words.splat(rest as u16) }
        };
        let spread = |first: u8| {
            let byte = |i: usize| 2 * (first + 4 * (i / 8) as u8) + (i % 2) as u8;
            words.every_16_bytes(std::array::from_fn(byte))
        };
        Self {
            words,
            lattice,
            codes: AxisWords::new(words, lattice.axis()),
            axes: [axis(0), axis(1), axis(2)],
            steps_x: [words.splat_u32(steps[0] as u32), words.splat_u32((steps[0] as u32) << 16)],
            minus_one: words.splat(MINUS_ONE),
            zero: words.splat(0),
            spreads: [[spread(0), spread(2)], [spread(1), spread(3)]],
            deeper: lattice.depth() - 8,
        }
    }

    /// Differences at `codes`. Without `CLAMP`, no code may be beyond the last; with `DEEP`, codes
    /// may have more than 8 bits.
    #[inline(always)]
    pub(super) fn at_codes<const CLAMP: bool, const DEEP: bool>(
        &self,
        codes: [W::Vector; 3],
    ) -> Fetched<W::Vector> {
        let locate = |codes| self.codes.locate::<W, CLAMP, DEEP>(self.words, self.deeper, codes);
        let pair = self.pair_of(locate(codes[1]), locate(codes[2]));
        self.at_places(locate(codes[0]), &pair)
    }

    /// What the last two axes make of their places, before the first comes in.
    #[inline(always)]
    fn pair_of(
        &self,
        (node_y, y): AxisPosition<W::Vector>,
        (node_z, z): AxisPosition<W::Vector>,
    ) -> PairOfPlaces<W::Vector> {
        let words = self.words;
        let [_, axis_y, axis_z] = &self.axes;
        // Where fractions are equal the axes' order does not matter, as long as first and last differ.
        let y_first = words.greater(y, z);
        // At most 129^2, so that 16 bits are enough.
        let base = words.add(words.mul_low(node_y, axis_y.step), node_z);
        PairOfPlaces {
            base: [words.low(base), words.high(base)],
            larger: words.max(y, z),
            smaller: words.min(y, z),
            step: words.select(y_first, axis_y.step, axis_z.step),
            rest: words.select(y_first, axis_z.rest, axis_y.rest),
        }
    }

    /// Differences between nodes.
    #[inline(always)]
    fn at_places(
        &self,
        (node_x, x): AxisPosition<W::Vector>,
        pair: &PairOfPlaces<W::Vector>,
    ) -> Fetched<W::Vector> {
        let words = self.words;
        let [axis_x, ..] = &self.axes;
        let &PairOfPlaces { base, larger, smaller, step, rest } = pair;
        let high = words.max(x, larger);
        let low = words.min(x, smaller);
        let middle = words.max(smaller, words.min(x, larger));
        let up = words.select(words.greater(x, larger), axis_x.step, step);
        let up_two = words.select(words.greater(smaller, x), axis_x.rest, rest);
        let weights =
            [words.add(high, self.minus_one), words.sub(high, middle), words.sub(middle, low), low];

        let first = |i: usize| words.add_u32(words.dot(node_x, self.steps_x[i]), base[i]);
        let even = [first(0), words.low(up), words.low(up_two)];
        let odd = [first(1), words.high(up), words.high(up_two)];
        [self.weigh(even, &weights, &self.spreads[0]), self.weigh(odd, &weights, &self.spreads[1])]
    }

    /// Fetches the entries of the even or the odd colours, and adds them up by their weights.
    ///
    /// The path is given in 32-bit lanes, by the index of its first entry, the first step and the first two.
    #[inline(always)]
    fn weigh(
        &self,
        [first, up, up_two]: [W::Vector; 3],
        weights: &[W::Vector; 4],
        spreads: &[W::Vector; 2],
    ) -> [W::Vector; 2] {
        let words = self.words;
        let second = words.add_u32(first, up);
        let third = words.add_u32(first, up_two);
        let entries = self.lattice.entries().as_ptr();
        // SAFETY: `locate` has limited every node to below the last of its axis, or to the last with a
        // fraction of 0. So the furthest node of a path is at most one beyond the last on every axis,
        // and the lattice's padding goes as far.
        unsafe {
            let beyond = entries.add(across(self.lattice.size()));
            if GATHER {
                let even = [
                    words.gather_even(entries, first),
                    words.gather_even(entries, second),
                    words.gather_even(entries, third),
                    words.gather_even(beyond, first),
                ];
                let even = self.sum(even, weights, spreads[0]);
                let odd = [
                    words.gather_odd(entries, first),
                    words.gather_odd(entries, second),
                    words.gather_odd(entries, third),
                    words.gather_odd(beyond, first),
                ];
                [even, self.sum(odd, weights, spreads[1])]
            } else {
                let first_two = words.load_each(entries, first);
                let second = words.load_each(entries, second);
                let third = words.load_each(entries, third);
                let last = words.load_each(beyond, first);
                [
                    self.sum([first_two.0, second.0, third.0, last.0], weights, spreads[0]),
                    self.sum([first_two.1, second.1, third.1, last.1], weights, spreads[1]),
                ]
            }
        }
    }

    /// Adds entries up by the weights of their colours, which a shuffle takes to their words.
    #[inline(always)]
    fn sum(&self, nodes: [W::Vector; 4], weights: &[W::Vector; 4], spread: W::Vector) -> W::Vector {
        let words = self.words;
        let by = |i: usize| words.mul_round(nodes[i], words.shuffle_bytes(weights[i], spread));
        // The first weight is its own negative.
        let ends = words.sub_saturating(by(3), by(0));
        words.add_saturating(words.add_saturating(by(1), by(2)), ends)
    }

    /// Component by component, in the order of the codes.
    #[inline(always)]
    pub(super) fn planes(&self, [even, odd]: Fetched<W::Vector>) -> [W::Vector; 3] {
        let words = self.words;
        let of_two = |i: usize| (words.join(even[i], odd[i]), words.join_high(even[i], odd[i]));
        let ((uw, v), (next_uw, next_v)) = (of_two(0), of_two(1));
        [words.join_u32(uw, next_uw), words.join_u32(v, next_v), words.join_high_u32(uw, next_uw)]
    }
}

/// The lowest and the highest codes of a block of up to 8 bits, in registers.
pub(super) struct Extent<W: Words> {
    lowest: [W::Vector; 3],
    highest: [W::Vector; 3],
}

impl<W: Words> Extent<W> {
    /// Of some codes.
    #[inline(always)]
    pub(super) fn of(codes: [W::Vector; 3]) -> Self {
        Self { lowest: codes, highest: codes }
    }

    /// Takes codes of a component in.
    #[inline(always)]
    pub(super) fn add(&mut self, words: W, component: usize, codes: W::Vector) {
        self.lowest[component] = words.min(self.lowest[component], codes);
        self.highest[component] = words.max(self.highest[component], codes);
    }

    /// Whether the lattice may have a difference for any of the colours.
    #[inline(always)]
    pub(super) fn is_touched<const GATHER: bool>(&self, sampler: &Sampler<'_, W, GATHER>) -> bool {
        let mut lanes = [[[0; 32]; 2]; 3];
        for (i, [lowest, highest]) in lanes.iter_mut().enumerate() {
            sampler.words.store(lowest, self.lowest[i]);
            sampler.words.store(highest, self.highest[i]);
        }
        may_touch(sampler.lattice, lanes.each_ref(), [(0, 1, W::COUNT); 3])
    }
}

/// Entries from a path's first node to its last.
const fn across(size: usize) -> usize {
    size * size + size + 1
}
