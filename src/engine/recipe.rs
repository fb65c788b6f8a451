//! How the colours of a frame are computed: from a lattice, or by the model itself.

use std::sync::{Arc, OnceLock};

use colorshine_core::apply;
use colorshine_core::color::codes::CodeSpace;
use colorshine_core::lut::{Interpolation, Lattice, Request, bake};
use colorshine_core::model::lanes::ExactKernel;
use colorshine_core::workers::{Team, simd_level};

/// Nodes per axis of the lattice that stands for the exact model in a cross-fade, where the user has not
/// asked for a size.
const STAND_IN_SIZE: usize = 33;

/// A lattice that is held, to count its memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    address: usize,
    bytes: u64,
}

impl Held {
    pub(crate) fn of(lattice: &Arc<Lattice>) -> Self {
        Self { address: Arc::as_ptr(lattice).addr(), bytes: lattice.bytes() }
    }

    /// Bytes of lattices, each counted once.
    pub(crate) fn bytes(lattices: &[Option<Self>]) -> u64 {
        let is_first = |i: &usize| !lattices[..*i].contains(&lattices[*i]);
        (0..lattices.len())
            .filter(is_first)
            .filter_map(|i| lattices[i])
            .map(|held| held.bytes)
            .sum()
    }
}

/// The way from codes to differences.
#[derive(Clone, Debug)]
pub(crate) enum Recipe {
    /// Through a lattice.
    Lattice(Arc<Lattice>, Interpolation),
    /// By the model.
    Exact(Arc<Exact>),
}

/// The model with its radii.
#[derive(Debug)]
pub(crate) struct Exact {
    kernel: Arc<ExactKernel>,
    codes: CodeSpace,
    interpolation: Interpolation,
    /// Size of the stand-in; `None` where it would take more memory than is allowed.
    stand_in_size: Option<usize>,
    stand_in: OnceLock<Arc<Lattice>>,
}

impl Recipe {
    /// The model itself for a request's look, with radii.
    pub(crate) fn exact(request: &Request, radii: &[f64]) -> Self {
        let size = request.size.unwrap_or(STAND_IN_SIZE);
        Self::Exact(Arc::new(Exact {
            kernel: Arc::new(request.kernel(radii, simd_level())),
            codes: request.codes,
            interpolation: request.interpolation,
            stand_in_size: Some(size)
                .filter(|size| Lattice::bytes_of(&request.codes, *size) <= request.memory_limit),
            stand_in: OnceLock::new(),
        }))
    }

    /// A lattice of a given size for a request's look and radii, baked by a team.
    pub(crate) fn lattice(request: &Request, radii: &[f64], size: usize, team: Team) -> Self {
        let kernel = request.kernel(radii, simd_level());
        let lattice = bake(&kernel, &request.codes, size, team);
        Self::Lattice(Arc::new(lattice), request.interpolation)
    }

    /// What frames are put through.
    pub(crate) fn evaluator(&self) -> apply::Evaluator {
        match self {
            Self::Lattice(lattice, interpolation) => {
                apply::Evaluator::Lattice(lattice.clone(), *interpolation)
            }
            Self::Exact(exact) => apply::Evaluator::Exact(exact.kernel.clone(), exact.codes.depth),
        }
    }

    /// A lattice that can be blended with others: the recipe's own, or one that stands for the exact model
    /// and is baked by a team when it is first asked for. `None` where memory is too short for that.
    pub(crate) fn blendable(&self, team: Team) -> Option<(Arc<Lattice>, Interpolation)> {
        match self {
            Self::Lattice(lattice, interpolation) => Some((lattice.clone(), *interpolation)),
            Self::Exact(exact) => {
                let size = exact.stand_in_size?;
                let lattice = exact
                    .stand_in
                    .get_or_init(|| Arc::new(bake(&exact.kernel, &exact.codes, size, team)));
                Some((lattice.clone(), exact.interpolation))
            }
        }
    }

    /// Its lattice: its own, or one that has been made to stand for the exact model.
    pub(crate) fn held(&self) -> Option<Held> {
        match self {
            Self::Lattice(lattice, _) => Some(Held::of(lattice)),
            Self::Exact(exact) => exact.stand_in.get().map(Held::of),
        }
    }
}
