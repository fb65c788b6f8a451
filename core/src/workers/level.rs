//! The SIMD level: a value, chosen once and passed down.

use std::sync::LazyLock;

pub use fearless_simd::Level;

/// Environment variable that forces a level by name, for debugging: one of the names that
/// [`level_name`] gives. Unknown names and levels that the CPU lacks are announced and ignored.
const FORCE: &str = "COLORSHINE_SIMD_LEVEL";

/// The name of a level, as `stats` shows it.
pub fn level_name(level: Level) -> &'static str {
    match level {
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        Level::Sse2(_) => "sse2",
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        Level::Sse4_2(_) => "sse4.2",
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        Level::Avx2(_) => "avx2",
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        Level::Avx512(_) => "avx512",
        #[cfg(target_arch = "aarch64")]
        Level::Neon(_) => "neon",
        _ => "scalar",
    }
}

/// Every level that this CPU has, lowest first, with its name.
pub fn simd_levels() -> Vec<(&'static str, Level)> {
    let best = Level::new();
    let levels = [
        Some(Level::baseline()),
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        best.as_sse4_2().map(Level::Sse4_2),
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        best.as_avx2().map(Level::Avx2),
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        best.as_avx512().map(Level::Avx512),
    ];
    let _ = best;
    levels.into_iter().flatten().map(|level| (level_name(level), level)).collect()
}

/// The level that this process uses: the best, or the one that `COLORSHINE_SIMD_LEVEL` names.
pub fn simd_level() -> Level {
    static LEVEL: LazyLock<Level> = LazyLock::new(|| {
        let Ok(wanted) = std::env::var(FORCE) else {
            return Level::new();
        };
        let found = simd_levels().into_iter().find(|(name, _)| *name == wanted);
        if found.is_none() {
            eprintln!("colorshine: {FORCE}={wanted} is not a level of this CPU and is ignored");
        }
        found.map_or_else(Level::new, |(_, level)| level)
    });
    *LEVEL
}

/// Evaluates loops that the compiler makes SIMD code of by itself: compiled twice, for AVX2 and for what every
/// CPU has. The levels between and beyond would gain too little for the size of their code.
macro_rules! in_loops {
    ($level:expr, $work:expr) => {{
        let level: $crate::workers::Level = $level;
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        let done = match level.as_avx2() {
            Some(simd) => ::fearless_simd::Simd::vectorize(
                simd,
                #[inline(always)]
                || $work,
            ),
            None => $work,
        };
        #[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
        let done = {
            let _ = level;
            $work
        };
        done
    }};
}
pub(crate) use in_loops;
