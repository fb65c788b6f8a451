//! Radii from the pixels of a frame, by histograms of distance.

use super::BEYOND_LARGEST;
use crate::attractor::Attractor;
use crate::workers::{Level, in_loops};

/// Bins per histogram. With [`REACH`] a bin is 0.00025 wide, and distances within a bin are taken as
/// evenly spread, so that a radius is well within the contract's 0.0005.
pub(super) const BINS: usize = 8192;

/// Distance where the last bin ends. Two colours of any RGB gamut, or a CSS colour far outside one,
/// lie nearer to each other than this; what lies beyond counts in the last bin.
pub(super) const REACH: f32 = 2.0;

/// Distances to each attractor over a frame.
#[derive(Clone, Debug, Default)]
pub struct Histograms {
    pub(super) attractors: Vec<[f32; 3]>,
    /// [`BINS`] counts for each attractor.
    pub(super) counts: Vec<u32>,
    pub(super) largest: Vec<f32>,
}

impl Histograms {
    /// Empty histograms.
    pub fn new(attractors: &[Attractor]) -> Self {
        let mut histograms = Self::default();
        histograms.begin(attractors);
        histograms
    }

    /// Empties the histograms for some attractors, keeping the memory.
    pub fn begin(&mut self, attractors: &[Attractor]) {
        self.attractors.clear();
        self.attractors.extend(attractors.iter().map(|a| a.lab.map(|v| v as f32)));
        self.counts.clear();
        self.counts.resize(attractors.len() * BINS, 0);
        self.largest.clear();
        self.largest.resize(attractors.len(), 0.0);
    }

    /// Counts colours, given in Oklab; the slices have one length.
    pub fn count(&mut self, level: Level, lab: [&[f32]; 3]) {
        in_loops!(level, self.count_here(lab));
    }

    #[inline(always)]
    fn count_here(&mut self, [l, a, b]: [&[f32]; 3]) {
        /// Colours whose bins are found, by vectors, before they are counted one by one.
        const AT_ONCE: usize = 128;
        /// From here on floats are whole numbers, whose low bits are those of the integer.
        const WHOLE: f32 = 8_388_608.0;
        let mut found = [0u32; AT_ONCE];
        let bins = self.counts.chunks_exact_mut(BINS);
        for ((to, bins), largest) in self.attractors.iter().zip(bins).zip(&mut self.largest) {
            // Floats that are not negative are in the order of their bits, and integers have a largest
            // whatever the order in which they are compared.
            let mut largest_bits = largest.to_bits();
            let chunks = l.chunks(AT_ONCE).zip(a.chunks(AT_ONCE)).zip(b.chunks(AT_ONCE));
            for ((l, a), b) in chunks {
                let colours = l.iter().zip(a).zip(b);
                for (found, ((l, a), b)) in found.iter_mut().zip(colours) {
                    let d = [l - to[0], a - to[1], b - to[2]];
                    let distance = (d[0] * d[0] + d[1] * d[1] + d[2] * d[2]).sqrt();
                    let bin =
                        (distance * (BINS as f32 / REACH) - 0.5).clamp(0.0, (BINS - 1) as f32);
                    *found = (bin + WHOLE).to_bits() - WHOLE.to_bits();
                    largest_bits = largest_bits.max(distance.to_bits());
                }
                found[..l.len()].iter().for_each(|bin| bins[*bin as usize % BINS] += 1);
            }
            *largest = f32::from_bits(largest_bits);
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
    pub fn radii(&self, attractors: &[Attractor]) -> impl Iterator<Item = f64> {
        let bins = self.counts.chunks_exact(BINS);
        let each = attractors.iter().zip(bins).zip(&self.largest);
        each.map(|((attractor, bins), largest)| {
            percentile(bins, f64::from(*largest), attractor.tolerance)
        })
    }

    /// The standard error of each radius, where the colours counted are a sample of many more: half of the
    /// way between the percentiles that lie a standard deviation of the sampled share off.
    pub(super) fn errors(&self, attractors: &[Attractor]) -> impl Iterator<Item = f64> {
        let each = attractors.iter().zip(self.counts.chunks_exact(BINS));
        each.map(|(attractor, bins)| {
            let total: u32 = bins.iter().sum();
            let share = attractor.tolerance / 100.0;
            if total == 0 || share <= 0.0 || share >= 1.0 {
                return 0.0;
            }
            let deviation = (share * (1.0 - share) / f64::from(total)).sqrt();
            let at = |share: f64| {
                let rank = share.clamp(0.0, 1.0) * f64::from(total - 1);
                order_statistic(bins, rank as u64)
            };
            (at(share + deviation) - at(share - deviation)) / 2.0
        })
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
    /// Bins that are passed over at once.
    const AT_ONCE: usize = 128;
    let width = f64::from(REACH) / BINS as f64;
    let mut below = 0;
    for (chunk, bins) in bins.chunks(AT_ONCE).enumerate() {
        // No frame has as many pixels as would overflow.
        let counts: u32 = bins.iter().sum();
        if rank >= below + u64::from(counts) {
            below += u64::from(counts);
            continue;
        }
        for (index, count) in bins.iter().map(|count| u64::from(*count)).enumerate() {
            if rank < below + count {
                let within = ((rank - below) as f64 + 0.5) / count as f64;
                return width * ((chunk * AT_ONCE + index) as f64 + within);
            }
            below += count;
        }
    }
    f64::from(REACH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attractor::parse;
    use crate::workers::simd_level;

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
            histograms.count(simd_level(), [&l[first.clone()], &a[first.clone()], &b[first]]);
            let mut other = Histograms::new(&set);
            other.count(simd_level(), [&l[second.clone()], &a[second.clone()], &b[second]]);
            histograms.merge(&other);
            let mut distances: Vec<f32> = colours
                .iter()
                .map(|c| crate::model::distance(c.map(f64::from), set[0].lab) as f32)
                .collect();
            let want = crate::tolerance::percentile(&mut distances, tolerance);
            let got = histograms.radii(&set).next().unwrap();
            assert!((got - want).abs() < 0.00025, "{tolerance}: {got}, not {want}");
        }
    }
}
