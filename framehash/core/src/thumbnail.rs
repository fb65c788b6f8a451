//! A picture in small, for what hashes do not tell: whether it stands still, and whether it is black.

/// A picture of 32 x 32 samples of luma.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thumbnail([u8; Self::SIDE * Self::SIDE]);

impl Thumbnail {
    /// Its columns, and its rows.
    pub const SIDE: usize = 32;

    /// Of as many samples, row by row.
    pub(crate) fn of(samples: &[u8]) -> Self {
        let mut all = Self::default();
        all.0.copy_from_slice(samples);
        all
    }

    /// The samples, row by row.
    pub fn samples(&self) -> &[u8] {
        &self.0
    }

    /// The brightest of them.
    pub fn max(&self) -> u8 {
        self.0.iter().copied().max().unwrap_or(0)
    }

    /// The mean of what samples differ by from those of another, in codes of 8 bits.
    pub fn difference(&self, other: &Self) -> f64 {
        let each = self.0.iter().zip(&other.0);
        let sum: u32 = each.map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
        f64::from(sum) / self.0.len() as f64
    }
}

impl Default for Thumbnail {
    /// Black.
    fn default() -> Self {
        Self([0; Self::SIDE * Self::SIDE])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_means() {
        let (black, mut other) = (Thumbnail::default(), Thumbnail::default());
        other.0[5] = 64;
        assert_eq!(black.difference(&other), 64.0 / 1024.0);
        assert_eq!((black.max(), other.max()), (0, 64));
    }
}
