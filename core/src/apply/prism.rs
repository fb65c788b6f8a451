//! Prisms in registers: the twin of `lut/sample.rs`, to the same bits.
//!
//! Where luma shares chroma, a block (two columns of one or two rows, with their chroma) has one cell of Cb and
//! Cr, one triangle in it and one set of weights. The columns of nodes over the triangle's corners are added
//! up by those once, and each sample of luma picks its two nodes of what comes of it; so the nodes of a block
//! must lie within five of each other. A register of luma in which some do not takes another way, that of
//! colours with a chroma of their own (`prism_colours.rs`).
//!
//! Registers are located ahead of those that are filled, through memory: the first needs few instructions a
//! colour and long chains of them, and the other hides behind that only if both are apart. It is in functions
//! of their own, lest offsets be taken out of registers one by one.

#![expect(unsafe_code, reason = "nodes are read without a bounds check")]

use std::mem::MaybeUninit;
use std::ops::Range;

use super::BLOCK;
use super::position::{AxisPosition, AxisWords, MINUS_ONE};
use super::prism_run::{Run, Sums};
use super::shared::{SharedChroma, may_touch, pair_at, splat_pair};
use super::siting::Weights;
use super::words::{Corners, Lanes, four, two};
use crate::lut::{Columns, Lattice};

/// Registers of luma that are located at a time.
const GROUPS: usize = 8;

/// A lattice and what its sampler needs, in registers.
#[derive(Clone, Copy)]
pub(super) struct Prism<'a, W: Lanes> {
    pub(super) words: W,
    lattice: &'a Lattice,
    pub(super) columns: &'a Columns,
    pub(super) axis: AxisWords<W::Vector>,
    pub(super) zero: W::Vector,
    pub(super) minus_one: W::Vector,
    /// A shuffle of bytes: words of each `u32` in the other order.
    turned: W::Vector,
    /// For [`super::words::Words::dot`]: lines from a column to the next on both axes, and back.
    forth: W::Vector,
    back: W::Vector,
    /// The same: bytes to the next node, and beyond that to the next line.
    along: W::Vector,
    /// 2^16 over the nodes from a line to the next, rounded up.
    sixth: W::Vector,
    /// Bytes from a column to its corner across.
    pub(super) across: usize,
    /// Bits of a code above 8.
    pub(super) deeper: u32,
}

/// Corners of a triangle for each `u32` lane, and their weights.
#[derive(Clone, Copy)]
pub(super) struct Triangles<W: Lanes> {
    pub(super) near: W::Each,
    pub(super) beside: W::Each,
    pub(super) weights: [W::Each; 3],
}

/// Where the blocks of a register of luma lie.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Places<W: Lanes> {
    triangles: Triangles<W>,
    /// Of every fourth block from a number on, for both samples of both rows: what picks the lower node of a
    /// column and the upper one, and their weights. Of a single row the first two have two such blocks each.
    indices: [W::Vector; 4],
    factors: [W::Vector; 4],
    /// Which of these have a block whose nodes are too far apart, by their bits.
    far: u32,
    /// Offsets of each sample's node at the nearest corner and at the one beside it, where any block has such.
    nodes: MaybeUninit<[[W::Each; 2]; 4]>,
}

impl<'a, W: Lanes> Prism<'a, W> {
    /// For a lattice and its columns.
    #[inline(always)]
    pub(super) fn new(words: W, lattice: &'a Lattice, columns: &'a Columns) -> Self {
        let across = columns.steps().iter().sum::<usize>() << 6;
        let steps = columns.steps().map(|step| step as i16);
        let turned = |i: usize| (i ^ 2) as u8;
        Self {
            words,
            lattice,
            columns,
            axis: AxisWords::new(words, lattice.axis()),
            zero: words.splat(0),
            minus_one: words.splat(MINUS_ONE),
            turned: words.every_16_bytes(std::array::from_fn(turned)),
            forth: splat_pair(words, steps),
            back: splat_pair(words, steps.map(|step| -step)),
            along: splat_pair(words, [6, 28]),
            sixth: words.splat(10_923),
            across,
            deeper: lattice.depth() - 8,
        }
    }

    #[inline(always)]
    pub(super) fn place_luma<const DEEP: bool>(&self, codes: W::Vector) -> AxisPosition<W::Vector> {
        self.axis.locate::<W, true, DEEP>(self.words, self.deeper, codes)
    }

    /// Triangles of pairs of Cb and Cr, from the node of luma that both words of each pair have.
    #[inline(always)]
    pub(super) fn triangles<const DEEP: bool>(
        &self,
        pairs: W::Vector,
        nodes: W::Vector,
    ) -> Triangles<W> {
        let words = self.words;
        let (cell, fractions) = self.axis.locate::<W, true, DEEP>(words, self.deeper, pairs);
        let turned = words.shuffle_bytes(fractions, self.turned);
        let (larger, smaller) = (words.max(fractions, turned), words.min(fractions, turned));
        let bytes = words.join(nodes, words.mul_high(nodes, self.sixth));
        let lines = words.times_64(words.dot(cell, self.forth));
        let near = words.add_u32(lines, words.dot(bytes, self.along));
        let step = words.dot(words.is_greater(fractions, turned), self.back);
        Triangles {
            near: each(words, near),
            beside: each(words, words.add_u32(near, words.times_64(step))),
            weights: [
                each(words, words.add(larger, self.minus_one)),
                each(words, words.sub(smaller, larger)),
                each(words, words.sub(self.zero, smaller)),
            ],
        }
    }

    /// The weights of a node and the next, alternately: of the first half as many words, and of the others,
    /// by lanes.
    #[inline(always)]
    pub(super) fn factors(&self, fractions: W::Vector) -> [W::Vector; 2] {
        let words = self.words;
        let low = words.add(fractions, self.minus_one);
        let high = words.sub(self.zero, fractions);
        [words.interleave_low(low, high), words.interleave_high(low, high)]
    }

    /// Places of a register of luma of two rows.
    #[inline(always)]
    fn places<const DEEP: bool, const IS_SINGLE: bool>(
        &self,
        luma: [W::Vector; 2],
        pairs: W::Vector,
    ) -> Places<W> {
        let words = self.words;
        let rows = [self.place_luma::<DEEP>(luma[0]), self.place_luma::<DEEP>(luma[1])];
        let lowest = words.min(rows[0].0, rows[1].0);
        let lowest = words.min(lowest, words.shuffle_bytes(lowest, self.turned));
        let above = [words.sub(rows[0].0, lowest), words.sub(rows[1].0, lowest)];
        let far = words.shift_right(words.or(above[0], above[1]), 2);
        let far = words.every_fourth(far);
        let (first, node) = (words.first_index(), words.splat(3 * W::INDEX));
        let index = two(
            #[inline(always)]
            |row| {
                let low = words.add(words.mul_low(above[row], node), first);
                let high = words.add(low, node);
                [words.interleave_low(low, high), words.interleave_high(low, high)]
            },
        );
        let factors = [self.factors(rows[0].1), self.factors(rows[1].1)];
        let triangles = self.triangles::<DEEP>(pairs, lowest);
        let nodes = if far == 0 {
            MaybeUninit::uninit()
        } else {
            MaybeUninit::new(self.nodes(&triangles, [rows[0].0, rows[1].0], lowest))
        };
        Places {
            triangles,
            indices: if IS_SINGLE { single(&index) } else { by_block(words, &index) },
            factors: if IS_SINGLE { single(&factors) } else { by_block(words, &factors) },
            far,
            nodes,
        }
    }

    /// Sums of every fourth block from a number on, or of a single row two such blocks, whose nodes are near each
    /// other.
    #[inline(always)]
    fn near_sums<const IS_SINGLE: bool>(&self, places: &Places<W>, group: usize) -> [W::Vector; 3] {
        let words = self.words;
        let Triangles { near, beside, weights } = &places.triangles;
        let [one, two, three] = weights;
        let corners = Corners {
            first: self.columns.first(),
            near: near.as_ref(),
            beside: beside.as_ref(),
            across: self.across,
            weights: [one.as_ref(), two.as_ref(), three.as_ref()],
        };
        // SAFETY: `locate` has limited every node to the last of its axis, with a fraction of 0 there, and columns
        // have one more on both axes. What is read is 32 bytes of a line.
        let columns = |group| unsafe { words.columns(&corners, group) };
        let next = words.splat(W::INDEX);
        let first = places.indices[group];
        let second = words.add(first, next);
        let third = words.add(second, next);
        let factors = places.factors[group];
        if IS_SINGLE {
            let columns = [columns(2 * group), columns(2 * group + 1)];
            return [
                words.dot(words.pick_of_two(columns, first), factors),
                words.dot(words.pick_of_two(columns, second), factors),
                words.dot(words.pick_of_two(columns, third), factors),
            ];
        }
        let columns = columns(group);
        [
            words.dot(words.pick(columns, first), factors),
            words.dot(words.pick(columns, second), factors),
            words.dot(words.pick(columns, third), factors),
        ]
    }

    /// Whether some block of those is far.
    #[inline(always)]
    fn is_far<const IS_SINGLE: bool>(places: &Places<W>, group: usize) -> bool {
        match IS_SINGLE {
            true => places.far >> (2 * group) & 0b11 != 0,
            false => places.far >> group & 1 != 0,
        }
    }

    /// Sums of all blocks, where some have nodes too far apart.
    #[inline(never)]
    fn mixed_sums<'s, const IS_SINGLE: bool>(
        &self,
        places: &Places<W>,
        sums: &'s mut MaybeUninit<Sums<W::Vector>>,
    ) -> &'s Sums<W::Vector> {
        let words = self.words;
        words.vectorize(
            #[inline(always)]
            || {
                &*sums.write(of_groups::<W, IS_SINGLE>(
                    words,
                    #[inline(always)]
                    |group| {
                        if Self::is_far::<IS_SINGLE>(places, group) {
                            self.far_sums::<IS_SINGLE>(places, group)
                        } else {
                            self.near_sums::<IS_SINGLE>(places, group)
                        }
                    },
                ))
            },
        )
    }

    /// The same of any blocks.
    #[inline(always)]
    fn far_sums<const IS_SINGLE: bool>(&self, places: &Places<W>, group: usize) -> [W::Vector; 3] {
        let words = self.words;
        let [a, b, c] = &places.triangles.weights;
        let weights = [words.load_u32(a), words.load_u32(b), words.load_u32(c)];
        // SAFETY: they have been written, as some block is far.
        let nodes = unsafe { places.nodes.assume_init_ref() };
        // Two samples of two blocks of a single row, or four of one.
        let block = |sample: usize| if IS_SINGLE { 2 * group + sample / 2 } else { group };
        self.quads(
            #[inline(always)]
            |sample, lane| {
                let of = if IS_SINGLE { sample % 2 } else { sample };
                nodes[of].each_ref().map(|of| of.as_ref()[4 * lane + block(sample)])
            },
            #[inline(always)]
            |i, sample| words.spread_u32(weights[i], block(sample)),
            places.factors[group],
        )
    }

    /// Offsets of the nodes of both rows' samples.
    #[inline(always)]
    fn nodes(
        &self,
        triangles: &Triangles<W>,
        rows: [W::Vector; 2],
        lowest: W::Vector,
    ) -> [[W::Each; 2]; 4] {
        let words = self.words;
        let corners = [words.load_u32(&triangles.near), words.load_u32(&triangles.beside)];
        let lowest = self.bytes(lowest);
        let above =
            [words.sub(self.bytes(rows[0]), lowest), words.sub(self.bytes(rows[1]), lowest)];
        four(
            #[inline(always)]
            |sample| {
                let above = above[sample / 2];
                let above = if sample % 2 == 0 { words.low(above) } else { words.high(above) };
                [
                    each(words, words.add_u32(corners[0], above)),
                    each(words, words.add_u32(corners[1], above)),
                ]
            },
        )
    }

    /// Bytes from a column's beginning to nodes, as words.
    #[inline(always)]
    fn bytes(&self, nodes: W::Vector) -> W::Vector {
        let words = self.words;
        let six = words.mul_low(nodes, words.splat(6));
        let lines = words.mul_high(nodes, self.sixth);
        words.add(six, words.mul_low(lines, words.splat(28)))
    }

    /// Blocks of one row of luma or two, and their row of chroma. `left` is as in
    /// [`super::evaluator::SharedDifferences`].
    ///
    /// Where what has no difference may be left out, `is_quiet` tells, and is told, whether the block
    /// before had none: only then is it worth a look whether the next one can have any.
    #[inline(always)]
    pub(super) fn share<P: SharedChroma<W>>(
        &self,
        planes: &mut P,
        weights: &Weights,
        length: usize,
        left: &mut Option<[i16; 2]>,
        mut is_quiet: Option<&mut bool>,
    ) {
        let words = self.words;
        let mut run = Run::new(words, weights);
        // What the colours of the register before leave to those after them: to the next, the last lane.
        run.before = left.map(|left| splat_pair(words, left));
        let mut places = [const { MaybeUninit::uninit() }; GROUPS];
        for start in (0..length).step_by(BLOCK) {
            let block = start..(start + BLOCK).min(length);
            if is_quiet.as_deref() == Some(&true) && !self.may_touch(planes, block.clone()) {
                run.before = Some(self.zero);
                continue;
            }
            run.seen = self.zero;
            for start in block.clone().step_by(GROUPS * W::COUNT) {
                let groups = (block.end - start).div_ceil(W::COUNT).min(GROUPS);
                let places = &mut places[..groups];
                self.locate_groups(planes, start, places);
                // SAFETY: each of them has just been written.
                let places = unsafe { &*(&raw const *places as *const [Places<W>]) };
                self.fill_groups(planes, start, places, &mut run);
            }
            if let Some(is_quiet) = &mut is_quiet {
                **is_quiet = words.is_zero(run.seen);
            }
        }
        // The last pair's place among those of a register.
        let last = (length / 2).wrapping_sub(1) % (W::COUNT / 2);
        *left = run.before.map(|before| pair_at(words, before, last));
    }

    /// Whether some colour of a block of 8 bits may have a difference.
    #[inline(always)]
    fn may_touch<P: SharedChroma<W>>(&self, planes: &P, block: Range<usize>) -> bool {
        let words = self.words;
        let mut luma = [planes.luma(words, 0, block.start); 2];
        let mut pairs = [planes.chroma(words, block.start); 2];
        for at in block.step_by(W::COUNT) {
            for row in 0..2 {
                let codes = planes.luma(words, row, at);
                luma = [words.min(luma[0], codes), words.max(luma[1], codes)];
            }
            let codes = planes.chroma(words, at);
            pairs = [words.min(pairs[0], codes), words.max(pairs[1], codes)];
        }
        let each = |[lowest, highest]: [W::Vector; 2]| {
            let mut lanes = [[0; 32]; 2];
            words.store(&mut lanes[0], lowest);
            words.store(&mut lanes[1], highest);
            lanes
        };
        let (luma, pairs) = (each(luma), each(pairs));
        let numbers = |first: usize, step: usize| (first, step, W::COUNT);
        let numbers = [numbers(0, 1), numbers(0, 2), numbers(1, 2)];
        may_touch(self.lattice, [&luma, &pairs, &pairs], numbers)
    }

    #[inline(never)]
    fn locate_groups<P: SharedChroma<W>>(
        &self,
        planes: &P,
        start: usize,
        places: &mut [MaybeUninit<Places<W>>],
    ) {
        let prism = *self;
        let words = self.words;
        words.vectorize(
            #[inline(always)]
            || {
                for (group, places) in places.iter_mut().enumerate() {
                    let at = start + group * W::COUNT;
                    let luma = rows_of_luma(words, planes, at);
                    let pairs = planes.chroma(words, at);
                    places.write(match (P::DEEP, P::IS_SINGLE) {
                        (true, true) => prism.places::<true, true>(luma, pairs),
                        (true, false) => prism.places::<true, false>(luma, pairs),
                        (false, true) => prism.places::<false, true>(luma, pairs),
                        (false, false) => prism.places::<false, false>(luma, pairs),
                    });
                }
            },
        );
    }

    /// Sums of all blocks.
    #[inline(always)]
    fn sums<const IS_SINGLE: bool>(&self, places: &Places<W>) -> Sums<W::Vector> {
        if places.far == 0 {
            return of_groups::<W, IS_SINGLE>(
                self.words,
                #[inline(always)]
                |group| self.near_sums::<IS_SINGLE>(places, group),
            );
        }
        let mut sums = MaybeUninit::uninit();
        *self.mixed_sums::<IS_SINGLE>(places, &mut sums)
    }

    #[inline(never)]
    fn fill_groups<P: SharedChroma<W>>(
        &self,
        planes: &mut P,
        start: usize,
        places: &[Places<W>],
        run: &mut Run<W>,
    ) {
        let words = self.words;
        words.vectorize(
            #[inline(always)]
            || {
                let mut here = *run;
                for (group, places) in places.iter().enumerate() {
                    let at = start + group * W::COUNT;
                    let luma = rows_of_luma(words, planes, at);
                    if P::IS_SINGLE {
                        let sums = self.sums::<true>(places);
                        let (row, chroma) = here.single_differences(words, &sums);
                        planes.put_luma(words, 0, at, luma[0], row);
                        planes.put_chroma(words, at, chroma);
                        continue;
                    }
                    let sums = self.sums::<false>(places);
                    let (rows, chroma) = here.differences(words, &sums);
                    planes.put_luma(words, 0, at, luma[0], rows[0]);
                    planes.put_luma(words, 1, at, luma[1], rows[1]);
                    planes.put_chroma(words, at, chroma);
                }
                *run = here;
            },
        );
    }
}

/// A register of luma of both rows.
#[inline(always)]
fn rows_of_luma<W: Lanes, P: SharedChroma<W>>(words: W, planes: &P, at: usize) -> [W::Vector; 2] {
    let first = planes.luma(words, 0, at);
    [first, if P::IS_SINGLE { first } else { planes.luma(words, 1, at) }]
}

#[inline(always)]
fn each<W: Lanes>(words: W, a: W::Vector) -> W::Each {
    let mut each = words.no_lanes();
    words.store_u32(&mut each, a);
    each
}

/// What there is for each group of blocks, of which a single row has two.
#[inline(always)]
fn of_groups<W: Lanes, const IS_SINGLE: bool>(
    words: W,
    of: impl Fn(usize) -> [W::Vector; 3],
) -> Sums<W::Vector> {
    if IS_SINGLE {
        let none = [words.splat(0); 3];
        return [of(0), of(1), none, none];
    }
    four(of)
}

/// What a single row has for half of each lane's blocks.
#[inline(always)]
fn single<V: Copy>([[low, high], _]: &[[V; 2]; 2]) -> [V; 4] {
    [*low, *high, *low, *high]
}

/// From what two rows have for half of each lane's blocks, to what one of each lane's blocks has for both rows.
#[inline(always)]
fn by_block<W: Lanes>(words: W, [one, two]: &[[W::Vector; 2]; 2]) -> [W::Vector; 4] {
    [
        words.low_u64(one[0], two[0]),
        words.high_u64(one[0], two[0]),
        words.low_u64(one[1], two[1]),
        words.high_u64(one[1], two[1]),
    ]
}
