//! Colours of some of a picture's pixels.

use std::ops::Range;

/// Which pixels are taken: those in every `step`-th column and row, from `first` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// Pixels from one to the next, in a row and in a column; at least 1.
    pub step: [usize; 2],
    /// Column and row of the first, less than the step.
    pub first: [usize; 2],
}

impl Pattern {
    /// About `wanted` of the pixels of a picture, spread evenly; all where it has no more. The place of
    /// the first depends on `turn`, so that over some frames all pixels have their turn.
    pub fn new([width, height]: [usize; 2], wanted: usize, turn: u32) -> Self {
        // Powers of the plastic number: Martin Roberts, "The unreasonable effectiveness of quasirandom
        // sequences", 2018.
        const TURNS: [f64; 2] = [0.754_877_666_246_692_8, 0.569_840_290_998_053_3];
        let ratio = (width * height).div_ceil(wanted);
        let across = ratio.isqrt().clamp(1, width.max(1));
        let step = [across, ratio.div_ceil(across).clamp(1, height.max(1))];
        let first = [0, 1].map(|i| {
            let share = (f64::from(turn) * TURNS[i]).fract();
            (share * step[i] as f64) as usize
        });
        Self { step, first }
    }

    /// Pixels taken of `length` in a row (axis 0) or a column (axis 1).
    fn count(&self, axis: usize, length: usize) -> usize {
        length.saturating_sub(self.first[axis]).div_ceil(self.step[axis])
    }

    /// Of the pixels taken, those within some pixels of a row or column.
    pub(super) fn within(&self, axis: usize, pixels: &Range<usize>) -> Range<usize> {
        self.count(axis, pixels.start)..self.count(axis, pixels.end)
    }

    /// The column or row of a pixel taken.
    pub(super) fn place(&self, axis: usize, index: usize) -> usize {
        self.first[axis] + index * self.step[axis]
    }
}

/// Colours of a picture's pixels on a [`Pattern`], in Oklab.
#[derive(Clone, Debug)]
pub struct Grid {
    /// L, a and b, row after row.
    pub lab: [Vec<f32>; 3],
    /// Which pixels these are.
    pub pattern: Pattern,
    /// Width and height of the picture, in pixels.
    pub size: [usize; 2],
}

impl Default for Grid {
    fn default() -> Self {
        Self {
            lab: [const { Vec::new() }; 3],
            pattern: Pattern { step: [1, 1], first: [0, 0] },
            size: [0, 0],
        }
    }
}

impl Grid {
    /// A grid of about `wanted` pixels of a picture, yet to be filled.
    pub fn of(size: [usize; 2], wanted: usize) -> Self {
        Self { pattern: Pattern::new(size, wanted, 0), size, ..Self::default() }
    }

    /// Colours in a row, and rows.
    pub fn counts(&self) -> [usize; 2] {
        [0, 1].map(|axis| self.pattern.count(axis, self.size[axis]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_has_about_as_many_pixels_as_are_wanted_and_all_have_their_turn() {
        for (size, wanted) in [([64, 48], 10_000), ([1920, 1080], 32_768), ([333, 97], 1000)] {
            let mut seen = vec![false; size[0] * size[1]];
            for turn in 0..2000 {
                let pattern = Pattern::new(size, wanted, turn);
                let counts = [0, 1].map(|axis| pattern.count(axis, size[axis]));
                let count = counts[0] * counts[1];
                let most = wanted.min(size[0] * size[1]);
                assert!((most / 2..=most * 3 / 2).contains(&count), "{size:?} {turn}: {count}");
                for row in 0..counts[1] {
                    for column in 0..counts[0] {
                        seen[pattern.place(1, row) * size[0] + pattern.place(0, column)] = true;
                    }
                }
            }
            assert!(seen.iter().all(|seen| *seen), "{size:?}");
        }
    }
}
