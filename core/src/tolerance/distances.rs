//! Distances of a frame's pixels to each attractor, as histograms or one by one.

use super::histogram::Histograms;
use super::percentile;
use crate::attractor::Attractor;
use crate::workers::Level;

/// What has been measured of a frame.
#[derive(Clone, Debug)]
pub enum Distances {
    /// Counted in bins: the radius is within 0.00025.
    Binned(Histograms),
    /// Kept one by one for each attractor, whose Oklab comes first: the radius is the percentile itself.
    Listed(Vec<([f32; 3], Vec<f32>)>),
}

impl Distances {
    /// Nothing measured yet.
    pub fn new(attractors: &[Attractor], is_listed: bool) -> Self {
        if is_listed {
            let list = |attractor: &Attractor| (attractor.lab.map(|v| v as f32), Vec::new());
            Self::Listed(attractors.iter().map(list).collect())
        } else {
            Self::Binned(Histograms::new(attractors))
        }
    }

    /// Takes in colours, given in Oklab; the slices have one length.
    pub fn count(&mut self, level: Level, [l, a, b]: [&[f32]; 3]) {
        match self {
            Self::Binned(histograms) => histograms.count(level, [l, a, b]),
            Self::Listed(lists) => {
                for (to, distances) in lists {
                    distances.extend(l.iter().zip(a).zip(b).map(|((l, a), b)| {
                        let d = [l - to[0], a - to[1], b - to[2]];
                        (d[0] * d[0] + d[1] * d[1] + d[2] * d[2]).sqrt()
                    }));
                }
            }
        }
    }

    /// Takes in what another has measured, of the same kind and for the same attractors.
    pub fn merge(&mut self, other: Self) {
        match (self, other) {
            (Self::Binned(mine), Self::Binned(theirs)) => mine.merge(&theirs),
            (Self::Listed(mine), Self::Listed(theirs)) => {
                for ((_, mine), (_, theirs)) in mine.iter_mut().zip(theirs) {
                    mine.extend(theirs);
                }
            }
            _ => unreachable!("measures of one frame are of one kind"),
        }
    }

    /// The radius of each attractor, whose order is that of [`Self::new`].
    pub fn radii(self, attractors: &[Attractor]) -> Vec<f64> {
        match self {
            Self::Binned(histograms) => histograms.radii(attractors).collect(),
            Self::Listed(lists) => {
                let each = lists.into_iter().zip(attractors);
                each.map(|((_, mut list), a)| percentile(&mut list, a.tolerance)).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attractor::parse;
    use crate::workers::simd_level;

    #[test]
    fn both_kinds_agree() {
        let set = parse("teal;35;50|red;80;150").unwrap();
        let value = |k: u32| {
            move |i: u32| (i.wrapping_mul(2_654_435_761).rotate_left(9 * k) >> 8) as f32 / 4e7 - 0.1
        };
        let [l, a, b] = [0, 1, 2].map(|k| (0..9999).map(value(k)).collect::<Vec<f32>>());
        let radii = |is_listed| {
            let mut all = Distances::new(&set, is_listed);
            for part in [0..5000, 5000..9999] {
                let mut one = Distances::new(&set, is_listed);
                one.count(simd_level(), [&l[part.clone()], &a[part.clone()], &b[part]]);
                all.merge(one);
            }
            all.radii(&set)
        };
        let (binned, listed) = (radii(false), radii(true));
        for (binned, listed) in binned.iter().zip(&listed) {
            assert!((binned - listed).abs() < 0.00025, "{binned} {listed}");
        }
    }
}
