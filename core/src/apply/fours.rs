//! Chroma that four columns share, and one row or four: rare enough for one plain loop.
//!
//! Its difference is the weighted average of all those that count, rounded once.

use std::ops::Range;

use super::BLOCK;
use super::block::{Job, Span};
use super::evaluator::{Codes, Differences, Source};
use super::samples::load;
use super::siting::FourWeights;
use crate::frame::Band;
use crate::workers::Level;

/// Sums for each sample of chroma of a block and the one after it, of both components.
type Sums = [[i32; 2]; BLOCK / 4 + 1];

/// A block's numbers. Of luma there are the rows that are in the picture, and they start with the first column that the
/// first sample of chroma covers.
struct Block {
    luma: [Codes; 4],
    luma_differences: [Differences; 4],
    chroma: [Codes; 2],
    sums: Sums,
}

impl Job<'_> {
    /// Does the job on a band where four columns share chroma.
    pub(super) fn apply_fours(&self, level: Level, source: &dyn Source, band: &mut Band<'_>) {
        let mut block = Block {
            luma: [[0; BLOCK]; 4],
            luma_differences: [[0; BLOCK]; 4],
            chroma: [[0; BLOCK]; 2],
            sums: [[0; 2]; BLOCK / 4 + 1],
        };
        let [first, end] = band.groups();
        for group in first..end {
            let shown = self.rows_in_group(group);
            if shown.is_empty() {
                continue;
            }
            let weights = FourWeights::new(self.layout, group);
            // What the block before leaves to the first sample of chroma.
            let mut left = None;
            for span in Span::all(self.area.columns[0], self.area, self.layout, self.width) {
                self.load_fours(level, band, group, span, &mut block);
                block.average(source, &weights, shown.clone(), span, &mut left);
                self.store_fours(level, band, group, span, &block);
            }
        }
    }

    /// Which rows of luma of a group are in the picture, by their numbers in the group.
    fn rows_in_group(&self, group: usize) -> Range<usize> {
        let all = self.layout.rows_of(group, [0, usize::MAX]);
        let before = all.clone().take_while(|row| *row < self.area.rows[0]).count();
        let until = all.take_while(|row| *row < self.area.rows[1]).count();
        before..until.max(before)
    }

    fn load_fours(
        &self,
        level: Level,
        band: &Band<'_>,
        group: usize,
        span: Span,
        block: &mut Block,
    ) {
        let [luma, chroma @ ..] = &self.layout.components;
        let (own, covered) = (span.own(), span.covered());
        let rows = self.layout.rows_of(group, self.area.rows);
        for (codes, row) in block.luma.iter_mut().zip(rows) {
            load(level, band.row(luma.plane, row), luma, span.start, &mut codes[own.clone()]);
            // Beyond the columns that are processed the nearest counts.
            let (nearest_first, nearest_last) = (codes[own.start], codes[own.end - 1]);
            codes[..own.start].fill(nearest_first);
            codes[own.end..covered].fill(nearest_last);
        }
        for (codes, component) in block.chroma.iter_mut().zip(chroma) {
            let codes = &mut codes[..span.chroma_length()];
            load(level, band.row(component.plane, group), component, span.chroma_start(), codes);
        }
    }

    fn store_fours(
        &self,
        level: Level,
        band: &mut Band<'_>,
        group: usize,
        span: Span,
        block: &Block,
    ) {
        let own = span.own();
        for (i, row) in self.layout.rows_of(group, self.area.rows).enumerate() {
            let (codes, differences) = (&block.luma[i], &block.luma_differences[i]);
            let (codes, differences) = (&codes[own.clone()], &differences[own.clone()]);
            self.store(level, band, 0, row, span.start, codes, differences);
        }
        for (i, codes) in block.chroma.iter().enumerate() {
            let mut differences = [0; BLOCK];
            for (difference, sums) in
                differences.iter_mut().zip(&block.sums[..span.chroma_length()])
            {
                *difference = FourWeights::average(sums[i]);
            }
            let codes = &codes[..span.chroma_length()];
            self.store(level, band, i + 1, group, span.chroma_start(), codes, &differences);
        }
    }
}

impl Block {
    /// Finds the differences of luma, and the sums of those of chroma, with what the block before has left; leaves
    /// what belongs to the next.
    fn average(
        &mut self,
        source: &dyn Source,
        weights: &FourWeights,
        shown: Range<usize>,
        span: Span,
        left: &mut Option<[i32; 2]>,
    ) {
        let mut spread = [[0; BLOCK]; 2];
        for (spread, samples) in spread.iter_mut().zip(&self.chroma) {
            let fours = spread[..span.covered()].chunks_exact_mut(4);
            fours.zip(samples).for_each(|(four, sample)| four.fill(*sample));
        }
        self.sums.fill([0; 2]);
        // Before the first column of all it is taken to be there once more.
        let mut before_first = [0; 2];
        for (row, weight) in weights.of_rows(shown).enumerate() {
            let mut out = [[0; BLOCK]; 3];
            let [cb, cr] = &spread;
            source.differences(span.covered(), [&self.luma[row], cb, cr], &mut out);
            self.luma_differences[row] = out[0];
            for (c, differences) in out[1..].iter().enumerate() {
                for (i, difference) in differences[..span.covered()].iter().enumerate() {
                    let (sample, column, difference) =
                        (i / 4, i % 4, weight * i32::from(*difference));
                    self.sums[sample][c] += difference * weights.columns[column];
                    self.sums[sample + 1][c] += difference * weights.before[column];
                }
                let all: i32 = weights.before.iter().sum();
                before_first[c] += weight * i32::from(differences[0]) * all;
            }
        }
        let [first, ..] = &mut self.sums;
        let left_to_first = left.unwrap_or(before_first);
        first.iter_mut().zip(left_to_first).for_each(|(sum, left)| *sum += left);
        *left = Some(self.sums[span.chroma_length()]);
    }
}
