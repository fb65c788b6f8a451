//! Every allowed difference between twins, each with its reason.

/// Between the `f64` gold and the `f32` kernels, before rounding, in 8-bit codes.
///
/// The contract's figure; measured: see `docs/numerics.md`.
pub const EXACT_CODES: f64 = 0.05;

/// Between the exact model on the CPU and on a GPU, in codes of a depth.
///
/// One, as values lie on both sides of a half. Beyond 12 bits the last digits of 32-bit floats are more than a
/// rounding: measured are two codes of 16 bits on Mesa's llvmpipe and four on SwiftShader, which are 0.016 of 8 bits.
pub const fn gpu_exact_codes(depth: u32) -> u32 {
    if depth <= 12 { 1 } else { 4 }
}
