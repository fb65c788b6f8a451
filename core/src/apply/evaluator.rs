//! The two ways to a difference.

use std::sync::Arc;

use super::BLOCK;
use super::siting::{HALF, Weights, weigh};
use crate::lut::{Interpolation, Lattice, fraction_bits, quantize};
use crate::model::lanes::ExactKernel;

/// How the difference of a colour is found.
#[derive(Clone, Debug)]
pub enum Evaluator {
    /// From a lattice.
    Lattice(Arc<Lattice>, Interpolation),
    /// From the model itself, for codes of the given depth.
    Exact(Arc<ExactKernel>, u32),
}

/// Codes of one component of a block.
pub(super) type Codes = [u16; BLOCK];

/// Differences of one component of a block, in units of 2^-[`fraction_bits`] codes.
pub(super) type Differences = [i16; BLOCK];

/// Differences of samples of chroma that several colours share, in the units of [`Differences`].
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SharedDifferences {
    /// Of the first component and of the second, alternately.
    pub(super) pairs: Differences,
    /// What the block before leaves to the first sample, and this one to what comes after it; none at the
    /// start of a row, before whose first colour the same is taken to be once more.
    pub(super) left: Option<[i16; 2]>,
}

impl SharedDifferences {
    pub(super) const fn new() -> Self {
        Self { pairs: [0; BLOCK], left: None }
    }
}

/// Where differences come from, for one block. What lies beyond the block's length in an output is left
/// undefined.
pub(super) trait Source {
    /// Differences of the first `length` colours.
    fn differences(&self, length: usize, codes: [&Codes; 3], out: &mut [Differences; 3]);

    /// Where two colours share each sample of chroma: differences of luma of the first `length` colours,
    /// an even number, of each row, and those of chroma, weighted.
    fn shared_chroma(
        &self,
        weights: &Weights,
        length: usize,
        luma: &[Codes],
        chroma: &[Codes; 2],
        luma_out: &mut [Differences],
        chroma_out: &mut SharedDifferences,
    ) {
        let differences = |codes: [&Codes; 3], out: &mut [Differences; 3]| {
            self.differences(length, codes, out);
        };
        shared_chroma_of(&differences, weights, length, luma, chroma, luma_out, chroma_out);
    }
}

/// [`Source::shared_chroma`] of what finds differences of that many colours; for all sources once.
fn shared_chroma_of(
    differences: &dyn Fn([&Codes; 3], &mut [Differences; 3]),
    weights: &Weights,
    length: usize,
    luma: &[Codes],
    chroma: &[Codes; 2],
    luma_out: &mut [Differences],
    chroma_out: &mut SharedDifferences,
) {
    let mut spread = [[0; BLOCK]; 2];
    for (spread, samples) in spread.iter_mut().zip(chroma) {
        let pairs = spread[..length].chunks_exact_mut(2);
        pairs.zip(samples).for_each(|(pair, sample)| pair.fill(*sample));
    }
    // Sums over the rows, of both components: of the first of two columns, and of the second.
    let mut sums = [[[0i16; 2]; BLOCK]; 2];
    for (row, (luma, luma_out)) in luma.iter().zip(luma_out).enumerate() {
        let weights = weights.of_row(row);
        let mut out = [[0; BLOCK]; 3];
        differences([luma, &spread[0], &spread[1]], &mut out);
        *luma_out = out[0];
        for i in 0..length {
            let (column, sample) = (i % 2, i / 2);
            for (sum, out) in sums[column][sample].iter_mut().zip(&out[1..]) {
                *sum = sum.saturating_add(weigh(out[i], weights[column]));
            }
        }
    }
    let [first, second] = &sums;
    let pairs = chroma_out.pairs[..length].chunks_exact_mut(2);
    for (pair, (first, second)) in pairs.zip(first.iter().zip(second)) {
        let of = |c: usize| first[c].saturating_add(second[c]);
        pair.copy_from_slice(&[of(0), of(1)]);
        if weights.reach_back() {
            let before = chroma_out.left.unwrap_or(first.map(|sum| weigh(sum, HALF)));
            let each = pair.iter_mut().zip(before);
            each.for_each(|(sum, before)| *sum = sum.saturating_add(before));
            chroma_out.left = Some(*second);
        }
    }
}

/// The gold of the lattice.
pub(super) struct Gold<'a>(pub(super) &'a Lattice, pub(super) Interpolation);

impl Source for Gold<'_> {
    fn differences(&self, length: usize, codes: [&Codes; 3], [u, v, w]: &mut [Differences; 3]) {
        let out = [&mut u[..length], &mut v[..length], &mut w[..length]];
        self.0.sample(self.1, codes.map(|codes| &codes[..length]), out);
    }
}

/// The model, for codes of a depth.
pub(super) struct Exact<'a>(pub(super) &'a ExactKernel, pub(super) u32);

impl Source for Exact<'_> {
    fn differences(&self, length: usize, codes: [&Codes; 3], out: &mut [Differences; 3]) {
        exact_differences(self.0, self.1, length, codes, out);
    }
}

fn exact_differences(
    kernel: &ExactKernel,
    depth: u32,
    length: usize,
    codes: [&Codes; 3],
    out: &mut [Differences; 3],
) {
    let mut values = [[0f32; BLOCK]; 3];
    for (values, codes) in values.iter_mut().zip(codes) {
        let each = values[..length].iter_mut().zip(codes);
        each.for_each(|(value, code)| *value = f32::from(*code));
    }
    let [x, y, z] = &mut values;
    kernel.differences([&mut x[..length], &mut y[..length], &mut z[..length]]);
    let unit = 2f32.powi(fraction_bits(depth));
    for (out, values) in out.iter_mut().zip(&values) {
        let each = out.iter_mut().zip(&values[..length]);
        each.for_each(|(out, value)| *out = quantize(*value, unit));
    }
}
