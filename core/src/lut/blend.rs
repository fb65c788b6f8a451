//! Lattices between two lattices.

use super::{Columns, FRACTION_BITS, Lattice};
use crate::workers::{Level, Team, in_loops};

/// Binary digits of a share.
const SHARE_BITS: u32 = 15;

impl Lattice {
    /// Makes this lattice the blend of two of its own size, axes and depth: `share`, from 0 to 1, of `to`
    /// and the rest of `from`. Where there is none, differences are 0.
    ///
    /// As the share grows each entry goes from the one to the other without a step back.
    ///
    /// # Panics
    ///
    /// Panics where sizes or codes differ.
    pub fn blend(&mut self, level: Level, from: Option<&Self>, to: Option<&Self>, share: f64) {
        for other in [from, to].into_iter().flatten() {
            let kind = |lattice: &Self| (lattice.depth(), lattice.is_ycbcr());
            let same = kind(self) == kind(other);
            assert!(same && self.size() == other.size(), "lattices to blend are of one kind");
        }
        let share = (share.clamp(0.0, 1.0) * f64::from(1 << SHARE_BITS)).round() as i32;
        let (entries, touched, columns) = self.parts_mut();
        let words = [from, to].map(|lattice| lattice.map(|l| l.entries().as_flattened()));
        in_loops!(level, blend_words(entries.as_flattened_mut(), words, share));
        if let Some(columns) = columns {
            let [mut from, mut to] =
                [from, to].map(|lattice| lattice?.columns().map(Columns::lines));
            in_loops!(level, {
                for line in columns.lines_mut() {
                    let words = [
                        from.as_mut().and_then(Iterator::next),
                        to.as_mut().and_then(Iterator::next),
                    ];
                    blend_words(line, words.map(|words| words.map(|words| &words[..])), share);
                }
            });
        }
        for (index, touched) in touched.iter_mut().enumerate() {
            let bits = |lattice: &Self| lattice.touched()[index];
            *touched = from.map_or(0, bits) | to.map_or(0, bits);
        }
    }

    /// The same differences at more nodes, or fewer, by a team.
    pub fn resized(&self, size: usize, team: Team) -> Self {
        let mut resized = Self::empty_like(self, size);
        let last = (self.size() - 1) << FRACTION_BITS;
        // Where the other lattice's nodes lie between this one's.
        let [mine, other] = [self, &resized].map(|lattice| usize::from(lattice.axis().multiplier));
        let position = |index: usize| {
            let position = (((index * mine) << FRACTION_BITS) + other / 2) / other;
            let position = position.min(last);
            (position >> FRACTION_BITS, (position & ((1 << FRACTION_BITS) - 1)) as i32)
        };
        let positions: Vec<_> = (0..size).map(position).collect();
        resized.fill_slabs(team, |x, slab| {
            for (index, entry) in slab.iter_mut().enumerate() {
                let [y, z] = [index / size, index % size];
                let at = [positions[x], positions[y], positions[z]];
                let [a, b, c] = if self.is_ycbcr() { self.prism(at) } else { self.tetrahedral(at) };
                *entry = [a, b, c, 0];
            }
        });
        resized
    }
}

#[inline(always)]
fn blend_words(words: &mut [i16], [from, to]: [Option<&[i16]>; 2], share: i32) {
    const HALF: i32 = 1 << (SHARE_BITS - 1);
    let blend = |from: i16, to: i16| {
        let (from, to) = (i32::from(from), i32::from(to));
        (from + (((to - from) * share + HALF) >> SHARE_BITS)) as i16
    };
    match (from, to) {
        (Some(from), Some(to)) => {
            let each = words.iter_mut().zip(from).zip(to);
            each.for_each(|((word, from), to)| *word = blend(*from, *to));
        }
        (Some(from), None) => {
            words.iter_mut().zip(from).for_each(|(word, from)| *word = blend(*from, 0));
        }
        (None, Some(to)) => {
            words.iter_mut().zip(to).for_each(|(word, to)| *word = blend(0, *to));
        }
        (None, None) => words.fill(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::color::codes::{CodeSpace, Range};
    use crate::lut::{Interpolation, lonely_lattice, noise_lattice};
    use crate::workers::simd_levels;

    #[test]
    fn blends_go_from_one_lattice_to_the_other_without_a_step_back() {
        let limited = Range { offset: [16.0, 128.0, 128.0], scale: [219.0, 224.0, 224.0] };
        let codes = CodeSpace::ycbcr(8, limited, 0.2126, 0.0722);
        let (from, to) = (noise_lattice(&codes, 9), lonely_lattice(&codes, 9, [3, 4, 5]));
        for (name, level) in simd_levels() {
            for (from, to) in [(Some(&from), Some(&to)), (None, Some(&from)), (Some(&from), None)] {
                let mut blend = Lattice::zeros(&codes, 9);
                let mut before: Option<Lattice> = None;
                for step in 0..=100 {
                    blend.blend(level, from, to, f64::from(step) / 100.0);
                    let zeros = Lattice::zeros(&codes, 9);
                    let [first, last] = [from, to].map(|l| l.unwrap_or(&zeros).entries().to_vec());
                    let mut filled = Lattice::zeros(&codes, 9);
                    filled.fill(|nodes| nodes.copy_from_slice(&blend.entries()[..729]));
                    assert!(filled.columns() == blend.columns(), "{name}");
                    if step == 0 {
                        assert_eq!(blend.entries(), first, "{name}");
                    }
                    if step == 100 {
                        assert_eq!(blend.entries(), last, "{name}");
                    }
                    if let Some(before) = &before {
                        let each = first.as_flattened().iter().zip(last.as_flattened());
                        let steps = before
                            .entries()
                            .as_flattened()
                            .iter()
                            .zip(blend.entries().as_flattened());
                        for ((first, last), (before, now)) in each.zip(steps) {
                            let way = i32::from(*last) - i32::from(*first);
                            let step = i32::from(*now) - i32::from(*before);
                            assert!(way.signum() * step >= 0, "{name}: {before} {now}");
                        }
                    }
                    before = Some(blend.clone());
                }
            }
        }
    }

    #[test]
    fn what_either_lattice_touches_is_touched_by_the_blend() {
        let codes = CodeSpace::full_rgb(8);
        let (from, to) =
            (lonely_lattice(&codes, 9, [1, 1, 1]), lonely_lattice(&codes, 9, [7, 7, 7]));
        let mut blend = Lattice::zeros(&codes, 9);
        blend.blend(simd_levels()[0].1, Some(&from), Some(&to), 0.5);
        for (code, is_touched) in [(30, true), (120, false), (220, true)] {
            assert_eq!(blend.touches([code; 3], [code + 5; 3]), is_touched, "{code}");
        }
    }

    #[test]
    fn a_resized_lattice_says_the_same_at_every_code() {
        let limited = Range { offset: [64.0, 512.0, 512.0], scale: [876.0, 896.0, 896.0] };
        let bt709 = CodeSpace::ycbcr(10, limited, 0.2126, 0.0722);
        for codes in [CodeSpace::full_rgb(8), CodeSpace::full_rgb(10), bt709] {
            // Straight along every axis, so that more nodes can say it too.
            let mut small = Lattice::zeros(&codes, 17);
            small.fill(|nodes| {
                for (i, entry) in nodes.iter_mut().enumerate() {
                    let [x, y, z] = [i / 289, i / 17 % 17, i % 17].map(|v| v as i16);
                    *entry = [x * 100, 800 - y * 90, z * 20 - x * 30, 0];
                }
            });
            for size in [33, 49, 65] {
                let large = small.resized(size, Team::of_bakes());
                assert_eq!(large.size(), size);
                let interpolation = Interpolation::of(&codes);
                let max = codes.max_code();
                let list: Vec<u16> = (0..=max).step_by(usize::from(max) / 255).collect();
                let turned: Vec<u16> = list.iter().rev().copied().collect();
                let sample = |lattice: &Lattice| {
                    let mut out = [const { Vec::new() }; 3];
                    out.iter_mut().for_each(|out: &mut Vec<i16>| out.resize(list.len(), 0));
                    let [u, v, w] = &mut out;
                    lattice.sample(interpolation, [&list, &turned, &list], [u, v, w]);
                    out
                };
                for (mine, theirs) in sample(&small).iter().zip(&sample(&large)) {
                    for (mine, theirs) in mine.iter().zip(theirs) {
                        // Entries and products are rounded once more, and axes end up to 1/256 of a cell,
                        // of 100 units, beyond the highest code.
                        assert!(mine.abs_diff(*theirs) <= 4, "{codes:?} {size}: {mine} {theirs}");
                    }
                }
            }
        }
    }
}
