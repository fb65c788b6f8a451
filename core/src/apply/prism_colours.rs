//! Prisms for colours that have a chroma, or a place in a column, of their own.

#![expect(unsafe_code, reason = "nodes are read without a bounds check")]

use std::mem::MaybeUninit;

use super::BLOCK;
use super::evaluator::{Codes, Differences, SharedDifferences, Source};
use super::prism::{Prism, Triangles};
use super::shared::Blocks;
use super::siting::Weights;
use super::words::{Lanes, four, three, two};

/// Where the colours of a register of luma lie.
#[derive(Clone, Copy)]
struct Places<W: Lanes> {
    /// Of the first four words of each lane, and of the last four.
    triangles: [Triangles<W>; 2],
    factors: [W::Vector; 2],
}

impl<W: Lanes> Prism<'_, W> {
    /// Sums of every lane's four colours, component by component: from the offsets of a colour's nodes at the
    /// nearest corner and the one beside it, by the colour's number and the lane's, from its weight of a corner,
    /// and the weights of its nodes.
    #[inline(always)]
    pub(super) fn quads(
        &self,
        offsets: impl Fn(usize, usize) -> [u32; 2],
        weight: impl Fn(usize, usize) -> W::Vector,
        factors: W::Vector,
    ) -> [W::Vector; 3] {
        let words = self.words;
        // Components of the one node and the next, beside each other.
        let pairs =
            words.every_16_bytes([0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11, 128, 128, 128, 128]);
        let (first, across) =
            (self.columns.first(), self.columns.first().wrapping_add(self.across));
        let sums = four(
            #[inline(always)]
            |colour| {
                // SAFETY: as in `near_sums`; here it is 16 bytes of a line.
                let [a, b, c] = unsafe {
                    [
                        words.load_lanes(
                            first,
                            #[inline(always)]
                            |lane| offsets(colour, lane)[0],
                        ),
                        words.load_lanes(
                            first,
                            #[inline(always)]
                            |lane| offsets(colour, lane)[1],
                        ),
                        words.load_lanes(
                            across,
                            #[inline(always)]
                            |lane| offsets(colour, lane)[0],
                        ),
                    ]
                };
                let a = words.mul_round(a, weight(0, colour));
                let b = words.mul_round(b, weight(1, colour));
                let nodes = words.add(words.add(a, b), words.mul_round(c, weight(2, colour)));
                words.dot(words.shuffle_bytes(nodes, pairs), words.spread_u32(factors, colour))
            },
        );
        let low = [
            words.interleave_low_u32(sums[0], sums[1]),
            words.interleave_low_u32(sums[2], sums[3]),
        ];
        let high = [
            words.interleave_high_u32(sums[0], sums[1]),
            words.interleave_high_u32(sums[2], sums[3]),
        ];
        [
            words.low_u64(low[0], low[1]),
            words.high_u64(low[0], low[1]),
            words.low_u64(high[0], high[1]),
        ]
    }

    #[inline(never)]
    fn locate_colours(
        &self,
        length: usize,
        [x, y, z]: [&Codes; 3],
        places: &mut [MaybeUninit<Places<W>>],
    ) {
        let prism = *self;
        let words = self.words;
        words.vectorize(
            #[inline(always)]
            || {
                for (places, at) in places.iter_mut().zip((0..length).step_by(W::COUNT)) {
                    let (nodes, fractions) = prism.place_luma::<true>(words.load(&x[at..]));
                    let (cb, cr) = (words.load(&y[at..]), words.load(&z[at..]));
                    places.write(Places {
                        triangles: [
                            prism.triangles::<true>(
                                words.interleave_low(cb, cr),
                                words.interleave_low(nodes, nodes),
                            ),
                            prism.triangles::<true>(
                                words.interleave_high(cb, cr),
                                words.interleave_high(nodes, nodes),
                            ),
                        ],
                        factors: prism.factors(fractions),
                    });
                }
            },
        );
    }

    #[inline(never)]
    fn fill_colours(&self, length: usize, places: &[Places<W>], out: &mut [Differences; 3]) {
        let words = self.words;
        words.vectorize(
            #[inline(always)]
            || {
                for (places, at) in places.iter().zip((0..length).step_by(W::COUNT)) {
                    let sums = two(
                        #[inline(always)]
                        |half| {
                            let Triangles { near, beside, weights } = &places.triangles[half];
                            let weights = three(
                                #[inline(always)]
                                |i| words.load_u32(&weights[i]),
                            );
                            self.quads(
                                #[inline(always)]
                                |colour, lane| {
                                    let at = 4 * lane + colour;
                                    [near.as_ref()[at], beside.as_ref()[at]]
                                },
                                #[inline(always)]
                                |i, colour| words.spread_u32(weights[i], colour),
                                places.factors[half],
                            )
                        },
                    );
                    for (c, out) in out.iter_mut().enumerate() {
                        let low = words.shift_right_15(sums[0][c]);
                        let high = words.shift_right_15(sums[1][c]);
                        words.store(&mut out[at..], words.narrow_i32(low, high));
                    }
                }
            },
        );
    }
}

impl<W: Lanes> Source for Prism<'_, W> {
    fn differences(&self, length: usize, codes: [&Codes; 3], out: &mut [Differences; 3]) {
        let mut places = [const { MaybeUninit::uninit() }; BLOCK / 8];
        let places = &mut places[..length.div_ceil(W::COUNT)];
        self.locate_colours(length, codes, places);
        // SAFETY: each of them has just been written.
        let places = unsafe { &*(&raw const *places as *const [Places<W>]) };
        self.fill_colours(length, places, out);
    }

    fn shared_chroma(
        &self,
        weights: &Weights,
        length: usize,
        luma: &[Codes],
        chroma: &[Codes; 2],
        luma_out: &mut [Differences],
        chroma_out: &mut SharedDifferences,
    ) {
        let mut left = chroma_out.left;
        let mut blocks = Blocks { luma, chroma, luma_out, chroma_out };
        self.share(&mut blocks, weights, length, &mut left, None);
        chroma_out.left = left;
    }
}
