//! Scene cuts: whether a frame has other colours than the one before.
//!
//! Two frames are compared by how far their colours would have to be moved, on each axis of Oklab, to turn
//! one frame's into the other's (the distance between their cumulative histograms). Motion moves few
//! colours, a fade all of them but little at a time, a cut most of them far.

use std::time::Duration;

/// Bins for each of L, a and b.
const BINS: usize = 64;

/// First and last value of the bins of L, a and b. Below the first L, where a step of one code is large
/// and seen by no one, all counts as one.
const ENDS: [[f32; 2]; 3] = [[0.15, 1.0], [-0.4, 0.4], [-0.4, 0.4]];

/// Distance, summed over the axes, from which a frame is of another scene if it came at once, and what
/// is added for a second: the fade of a white picture to black in a second moves 1 a second.
const CUT: [f64; 2] = [0.08, 0.8];

/// Time beyond which no more is added: what fades so slowly is as good as cut.
const LONGEST: Duration = Duration::from_millis(100);

/// Share of the colours that lie in each bin or below, for each axis.
#[derive(Clone, Debug)]
pub(super) struct ColorDistribution {
    counts: [[u32; BINS]; 3],
    total: u32,
}

impl Default for ColorDistribution {
    fn default() -> Self {
        Self { counts: [[0; BINS]; 3], total: 0 }
    }
}

impl ColorDistribution {
    /// Counts some of a row's colours, given in Oklab; the slices have one length.
    pub(super) fn count(&mut self, lab: [&[f32]; 3]) {
        /// Every so many-th is enough.
        const STEP: usize = 8;
        for ((bins, [low, high]), values) in self.counts.iter_mut().zip(ENDS).zip(lab) {
            for value in values.iter().step_by(STEP) {
                let bin = (value - low) * (BINS as f32 / (high - low));
                bins[(bin as usize).min(BINS - 1)] += 1;
            }
        }
        self.total += lab[0].len().div_ceil(STEP) as u32;
    }

    /// How far colours have moved between two frames, in Oklab, summed over the axes. 0 where either has
    /// no colours.
    pub(super) fn distance(&self, other: &Self) -> f64 {
        if self.total == 0 || other.total == 0 {
            return 0.0;
        }
        let axis = |axis: usize| {
            let [low, high] = ENDS[axis];
            let mut sums = [0; 2];
            let mut moved = 0.0;
            for bin in 0..BINS {
                sums[0] += self.counts[axis][bin];
                sums[1] += other.counts[axis][bin];
                let [mine, theirs] = [(sums[0], self.total), (sums[1], other.total)]
                    .map(|(sum, total)| f64::from(sum) / f64::from(total));
                moved += (mine - theirs).abs();
            }
            moved * f64::from(high - low) / BINS as f64
        };
        (0..3).map(axis).sum()
    }

    /// Whether this frame, that came `since` another, begins a new scene.
    pub(super) fn is_cut(&self, before: &Self, since: Duration) -> bool {
        let [at_once, a_second] = CUT;
        self.distance(before) > at_once + a_second * since.min(LONGEST).as_secs_f64()
    }
}
