//! The two ways to a difference.

use std::sync::Arc;

use super::BLOCK;
use super::tetrahedral::{self, Paths};
use crate::lut::{Interpolation, Lattice, fraction_bits, quantize};
use crate::model::lanes::ExactKernel;
use crate::workers::Level;

/// How the difference of a colour is found.
#[derive(Clone, Debug)]
pub enum Method {
    /// From a lattice.
    Lattice(Arc<Lattice>, Interpolation),
    /// From the model itself, for codes of the given depth.
    Exact(Box<ExactKernel>, u32),
}

impl Method {
    /// Differences at `codes`, in units of 2^-[`fraction_bits`] codes.
    ///
    /// # Panics
    ///
    /// Panics where a slice is longer than [`BLOCK`] or lengths differ.
    #[inline(always)]
    pub(super) fn differences(
        &self,
        level: Level,
        paths: &mut Paths,
        codes: [&[u16]; 3],
        out: [&mut [i16]; 3],
    ) {
        match self {
            Self::Lattice(lattice, Interpolation::Tetrahedral) => {
                tetrahedral::sample(level, lattice, paths, codes, out);
            }
            Self::Lattice(lattice, interpolation) => lattice.sample(*interpolation, codes, out),
            Self::Exact(kernel, depth) => exact_differences(kernel, *depth, codes, out),
        }
    }
}

fn exact_differences(kernel: &ExactKernel, depth: u32, codes: [&[u16]; 3], out: [&mut [i16]; 3]) {
    let length = codes[0].len();
    let mut values = [[0f32; BLOCK]; 3];
    for (values, codes) in values.iter_mut().zip(codes) {
        values.iter_mut().zip(codes).for_each(|(value, code)| *value = f32::from(*code));
    }
    let [x, y, z] = &mut values;
    kernel.differences([&mut x[..length], &mut y[..length], &mut z[..length]]);
    let unit = 2f32.powi(fraction_bits(depth));
    for (out, values) in out.into_iter().zip(&values) {
        out.iter_mut().zip(values).for_each(|(out, value)| *out = quantize(*value, unit));
    }
}
