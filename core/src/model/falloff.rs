//! Weight over distance.

/// The shape of the falloff: 1 at u = 0, 0 at u = 1, continuous.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Falloff {
    /// (1 + cos pi u) / 2
    #[default]
    Cosine = 0,
    /// 1 - u
    Linear = 1,
    /// 1 - u^2
    Quadratic = 2,
    /// exp(-u^2 / (2 sigma^2)) with sigma 0.4, shifted and scaled to reach 0 at u = 1
    Gaussian = 3,
    /// (1 - u)^3
    Cubic = 4,
}

/// exp(-1 / (2 sigma^2)) with sigma 0.4: the Gaussian at u = 1.
pub const GAUSSIAN_EDGE: f64 = 0.043_936_933_623_407_42;

impl Falloff {
    /// The weight at `u`, which is limited to [0, 1].
    pub fn at(self, u: f64) -> f64 {
        let u = u.clamp(0.0, 1.0);
        match self {
            Self::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * u).cos()),
            Self::Linear => 1.0 - u,
            Self::Quadratic => 1.0 - u * u,
            Self::Gaussian => ((-3.125 * u * u).exp() - GAUSSIAN_EDGE) / (1.0 - GAUSSIAN_EDGE),
            Self::Cubic => (1.0 - u).powi(3),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_falloff_goes_from_one_to_zero_without_rising() {
        use Falloff::*;
        for falloff in [Cosine, Linear, Quadratic, Gaussian, Cubic] {
            assert!((falloff.at(0.0) - 1.0).abs() < 1e-12, "{falloff:?}");
            assert!(falloff.at(1.0).abs() < 1e-12, "{falloff:?}");
            let values: Vec<f64> = (0..=100).map(|i| falloff.at(f64::from(i) / 100.0)).collect();
            assert!(values.windows(2).all(|w| w[1] < w[0]), "{falloff:?}");
            assert_eq!(falloff.at(7.0), falloff.at(1.0));
        }
    }
}
