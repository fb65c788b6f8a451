//! Loops that the compiler makes SIMD code of, for each level once.

pub use fearless_simd::Level;

/// Evaluates an expression, compiled for the instructions of a level. Functions that it calls are to be inlined.
macro_rules! at_level {
    ($level:expr, $work:expr) => {
        match $level {
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            fearless_simd::Level::Avx512(simd) => fearless_simd::Simd::vectorize(
                simd,
                #[inline(always)]
                || $work,
            ),
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            fearless_simd::Level::Avx2(simd) => fearless_simd::Simd::vectorize(
                simd,
                #[inline(always)]
                || $work,
            ),
            _ => $work,
        }
    };
}

pub(crate) use at_level;
