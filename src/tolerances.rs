//! Every allowed difference between twins, each with its reason.

/// Between the `f64` gold and the `f32` kernels, before rounding, in 8-bit codes.
///
/// The contract's figure; measured: see `docs/numerics.md`.
pub const EXACT_CODES: f64 = 0.05;
