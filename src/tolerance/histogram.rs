//! Radii from the pixels of a frame, by histograms of distance.

use super::BEYOND_LARGEST;
use crate::attractor::Attractor;

/// Bins per histogram. With [`REACH`] a bin is 0.00025 wide, and distances within a bin are taken as
/// evenly spread, so that a radius is well within the contract's 0.0005.
const BINS: usize = 8192;

/// Distance where the last bin ends. Two colours of any RGB gamut, or a CSS colour far outside one,
/// lie nearer to each other than this; what lies beyond counts in the last bin.
const REACH: f32 = 2.0;

/// Distances to each attractor over a frame.
#[derive(Clone, Debug)]
pub struct Histograms {
    attractors: Vec<[f32; 3]>,
    /// [`BINS`] counts for each attractor.
    counts: Vec<u32>,
    largest: Vec<f32>,
}

impl Histograms {
    /// Empty histograms.
    pub fn new(attractors: &[Attractor]) -> Self {
        Self {
            attractors: attractors.iter().map(|a| a.lab.map(|v| v as f32)).collect(),
            counts: vec![0; attractors.len() * BINS],
            largest: vec![0.0; attractors.len()],
        }
    }

    /// Counts colours, given in Oklab; the slices have one length.
    pub fn count(&mut self, [l, a, b]: [&[f32]; 3]) {
        let bins = self.counts.chunks_exact_mut(BINS);
        for ((to, bins), largest) in self.attractors.iter().zip(bins).zip(&mut self.largest) {
            for ((l, a), b) in l.iter().zip(a).zip(b) {
                let d = [l - to[0], a - to[1], b - to[2]];
                let distance = (d[0] * d[0] + d[1] * d[1] + d[2] * d[2]).sqrt();
                let bin = (distance * (BINS as f32 / REACH)) as usize;
                bins[bin.min(BINS - 1)] += 1;
                *largest = largest.max(distance);
            }
        }
    }

    /// Adds what another has counted for the same attractors.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
        for (mine, theirs) in self.largest.iter_mut().zip(&other.largest) {
            *mine = mine.max(*theirs);
        }
    }

    /// The radius of each attractor, whose order is that of [`Self::new`].
    pub fn radii(&self, attractors: &[Attractor]) -> Vec<f64> {
        let bins = self.counts.chunks_exact(BINS);
        let each = attractors.iter().zip(bins).zip(&self.largest);
        each.map(|((attractor, bins), largest)| {
            percentile(bins, f64::from(*largest), attractor.tolerance)
        })
        .collect()
    }
}

fn percentile(bins: &[u32], largest: f64, percent: f64) -> f64 {
    let total: u64 = bins.iter().map(|count| u64::from(*count)).sum();
    if percent <= 0.0 || total == 0 {
        return 0.0;
    }
    if percent >= 100.0 {
        return largest + BEYOND_LARGEST;
    }
    let rank = percent / 100.0 * (total - 1) as f64;
    let low = order_statistic(bins, rank as u64).min(largest);
    let high = order_statistic(bins, rank.ceil() as u64).min(largest);
    low + (high - low) * rank.fract()
}

/// The distance of the given rank, from 0: the k-th of a bin's distances is taken to lie at
/// (k + 1/2) / count of its width.
fn order_statistic(bins: &[u32], rank: u64) -> f64 {
    let width = f64::from(REACH) / BINS as f64;
    let mut below = 0;
    for (index, count) in bins.iter().map(|count| u64::from(*count)).enumerate() {
        if rank < below + count {
            let within = ((rank - below) as f64 + 0.5) / count as f64;
            return width * (index as f64 + within);
        }
        below += count;
    }
    f64::from(REACH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attractor::parse;

    #[test]
    fn radius_is_near_the_true_percentile() {
        let colours: Vec<[f32; 3]> = (0..20_000u32)
            .map(|i| {
                let hash = |k: u32| (i.wrapping_mul(2_654_435_761).rotate_left(k * 9) >> 8) as f32;
                [hash(0) / 16_777_216.0, hash(1) / 4e7 - 0.2, hash(2) / 4e7 - 0.2]
            })
            .collect();
        for tolerance in [0.0, 0.1, 1.0, 12.5, 50.0, 99.0, 99.9, 100.0] {
            let set = parse(&format!("teal;{tolerance};50")).unwrap();
            let mut histograms = Histograms::new(&set);
            let component = |k: usize| colours.iter().map(|c| c[k]).collect::<Vec<_>>();
            let [l, a, b] = [0, 1, 2].map(component);
            let (first, second) = (0..7777, 7777..colours.len());
            histograms.count([&l[first.clone()], &a[first.clone()], &b[first]]);
            let mut other = Histograms::new(&set);
            other.count([&l[second.clone()], &a[second.clone()], &b[second]]);
            histograms.merge(&other);
            let mut distances: Vec<f32> = colours
                .iter()
                .map(|c| crate::model::distance(c.map(f64::from), set[0].lab) as f32)
                .collect();
            let want = crate::tolerance::percentile(&mut distances, tolerance);
            let got = histograms.radii(&set)[0];
            assert!((got - want).abs() < 0.00025, "{tolerance}: {got}, not {want}");
        }
    }
}
