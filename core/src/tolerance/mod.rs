//! Radii: how far each attractor reaches, in Oklab.
//!
//! A tolerance is a percentage of what [`Reference`] says. Percentiles are those of numpy's `linear`
//! method: rank p/100 (n - 1), linear between order statistics; 0 means no effect, and 100 the
//! largest distance plus [`BEYOND_LARGEST`].

mod bars;
pub mod coverage;
pub mod dead_band;
pub mod distances;
pub mod follow;
pub mod gamut;
pub mod grid;
pub mod histogram;
mod scene;
#[cfg(feature = "shaders")]
mod shader_data;

use crate::attractor::Attractor;

/// Added to the largest distance where the tolerance is 100, so that it lies inside.
pub const BEYOND_LARGEST: f64 = 1e-6;

/// What a tolerance is a percentage of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Reference {
    /// The colours of the container's gamut.
    #[default]
    Gamut = 0,
    /// The pixels of the frame.
    Frame = 1,
    /// Oklab itself: a tolerance of 100 is a radius of 1.
    Absolute = 2,
}

/// The radii of [`Reference::Absolute`].
pub fn absolute(attractors: &[Attractor]) -> Vec<f64> {
    attractors.iter().map(|attractor| attractor.tolerance / 100.0).collect()
}

/// The `percent`-th percentile of `values`, which are reordered. 0 for no values.
pub fn percentile(values: &mut [f32], percent: f64) -> f64 {
    if percent <= 0.0 || values.is_empty() {
        return 0.0;
    }
    let largest = |values: &[f32]| f64::from(values.iter().copied().fold(0.0, f32::max));
    if percent >= 100.0 {
        return largest(values) + BEYOND_LARGEST;
    }
    let rank = percent / 100.0 * (values.len() - 1) as f64;
    let (_, low, above) = values.select_nth_unstable_by(rank as usize, f32::total_cmp);
    let low = f64::from(*low);
    let high = above.iter().copied().min_by(f32::total_cmp).map_or(low, f64::from);
    low + (high - low) * rank.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_numpys() {
        // numpy.percentile([4, 1, 3, 2, 10], [1, 25, 40, 99])
        let of = |percent| percentile(&mut [4.0, 1.0, 3.0, 2.0, 10.0], percent);
        for (percent, want) in [(1.0, 1.04), (25.0, 2.0), (40.0, 2.6), (99.0, 9.76)] {
            assert!((of(percent) - want).abs() < 1e-12, "{percent}");
        }
        assert_eq!(of(0.0), 0.0);
        assert_eq!(of(100.0), 10.0 + BEYOND_LARGEST);
        assert_eq!(percentile(&mut [], 50.0), 0.0);
        assert_eq!(percentile(&mut [7.0], 50.0), 7.0);
    }
}
