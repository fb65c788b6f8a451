//! The lattice: a 3D lookup table of differences, in the stream's own code values.
//!
//! One coordinate convention holds everywhere: axis 0, 1, 2 are the components R, G, B or Y', Cb, Cr;
//! axis 2 varies fastest; the first node of an axis lies on the low end of the component's nominal range,
//! the last on the high end or up to 1/256 of a cell beyond, and codes beyond take the end's value. An entry
//! is `output - input`, so that identity is exact, what lies outside every radius is exactly zero, and
//! superwhites keep their excess.

use crate::color::codes::CodeSpace;

mod bake;
mod blend;
mod columns;
#[cfg(feature = "disk")]
mod disk;
mod lattice;
mod report;
mod request;
mod sample;
mod shared;

pub use bake::bake;
pub(crate) use bake::quantize;
pub(crate) use columns::Columns;
#[cfg(feature = "disk")]
pub use disk::{Disk, Problem, Refusal};
pub use lattice::{
    AUTO_SIZES, Axis, FRACTION_BITS, LARGEST_ENTRY, Lattice, MAX_SIZE, MIN_SIZE, fraction_bits,
};
#[cfg(test)]
pub(crate) use lattice::{extreme_lattice, lonely_lattice, noise_lattice};
pub use report::{ErrorReport, Probe};
pub use request::{Baked, Radii, Request, bake_request};
pub use shared::{Origin, prepare};

/// How values between nodes are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Interpolation {
    /// Four nodes, along the sorted fractions.
    #[default]
    Tetrahedral = 0,
    /// Eight nodes.
    Trilinear = 1,
    /// The nearest node.
    Nearest = 2,
    /// Six nodes: linear on a triangle in Cb and Cr, times linear in Y'. On R'G'B' codes G is in the place
    /// of Y'.
    Prism = 3,
}

impl Interpolation {
    /// The one that suits codes best: [`Self::Prism`] for Y'CbCr, [`Self::Tetrahedral`] for R'G'B'.
    pub fn of(codes: &CodeSpace) -> Self {
        if codes.is_ycbcr() { Self::Prism } else { Self::Tetrahedral }
    }

    /// The name in lower case, as `stats` shows it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tetrahedral => "tetrahedral",
            Self::Trilinear => "trilinear",
            Self::Nearest => "nearest",
            Self::Prism => "prism",
        }
    }
}
