//! The two ways to a difference.

use std::sync::Arc;

use super::BLOCK;
use crate::lut::{Interpolation, Lattice, fraction_bits, quantize};
use crate::model::lanes::ExactKernel;

/// How the difference of a colour is found.
#[derive(Clone, Debug)]
pub enum Method {
    /// From a lattice.
    Lattice(Arc<Lattice>, Interpolation),
    /// From the model itself, for codes of the given depth.
    Exact(Arc<ExactKernel>, u32),
}

/// Codes of one component of a block.
pub(super) type Codes = [u16; BLOCK];

/// Differences of one component of a block, in units of 2^-[`fraction_bits`] codes.
pub(super) type Differences = [i16; BLOCK];

/// Sums of the differences of the luma samples of each sample of chroma.
pub(super) type Sums = [i32; BLOCK / 2];

/// Where differences come from, for one block. What lies beyond the block's length in an output is left
/// undefined.
pub(super) trait Source {
    /// Differences of the first `length` colours.
    fn differences(&self, length: usize, codes: [&Codes; 3], out: &mut [Differences; 3]);

    /// Where two colours share each sample of chroma: differences of luma of the first `length` colours,
    /// an even number, of each row, and the sums of the differences of chroma.
    fn shared_chroma(
        &self,
        length: usize,
        luma: &[Codes],
        chroma: &[Codes; 2],
        luma_out: &mut [Differences],
        sums: &mut [Sums; 2],
    ) {
        let mut spread = [[0; BLOCK]; 2];
        for (spread, samples) in spread.iter_mut().zip(chroma) {
            let pairs = spread[..length].chunks_exact_mut(2);
            pairs.zip(samples).for_each(|(pair, sample)| pair.fill(*sample));
        }
        sums.iter_mut().for_each(|sums| sums[..length / 2].fill(0));
        for (luma, luma_out) in luma.iter().zip(luma_out) {
            let mut out = [[0; BLOCK]; 3];
            self.differences(length, [luma, &spread[0], &spread[1]], &mut out);
            *luma_out = out[0];
            for (sums, out) in sums.iter_mut().zip(&out[1..]) {
                let pairs = out[..length].chunks_exact(2);
                pairs.zip(sums).for_each(|(pair, sum)| {
                    *sum += i32::from(pair[0]) + i32::from(pair[1]);
                });
            }
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
