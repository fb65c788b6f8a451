//! Blocks of a row: loaded from any layout, differenced, stored back.

use fearless_simd::dispatch;

use super::samples::{load, store};
use super::tetrahedral::Paths;
use super::{Finish, Method};
use crate::frame::{Area, Band, Layout};
use crate::workers::Level;

/// Most luma samples in a block.
pub const BLOCK: usize = 256;

/// Part of a row: luma columns `[start, end)` and the chroma samples that belong to them.
#[derive(Clone, Copy)]
struct Span {
    start: usize,
    end: usize,
    sub_x: u32,
}

impl Span {
    /// The spans of the columns of `area`, each of up to `width` luma samples, cut so that no chroma
    /// sample belongs to two.
    fn all(area: &Area, layout: &Layout, width: usize) -> impl Iterator<Item = Span> + use<> {
        let ([first, _], end) = (area.columns, area.processed_until);
        let (sub_x, width) = (layout.sub_x, width.min(BLOCK));
        let mut start = first;
        std::iter::from_fn(move || {
            let from = start;
            start = ((from + width) >> sub_x << sub_x).min(end);
            (from < end).then_some(Span { start: from, end: start, sub_x })
        })
    }

    fn length(&self) -> usize {
        self.end - self.start
    }

    /// Index of the first chroma sample.
    fn chroma_start(&self) -> usize {
        self.start >> self.sub_x
    }

    fn chroma_length(&self) -> usize {
        ((self.end - 1) >> self.sub_x) + 1 - self.chroma_start()
    }

    /// Which of the block's chroma samples the block's luma sample `i` belongs to.
    #[inline(always)]
    fn chroma_of(&self, i: usize) -> usize {
        ((self.start + i) >> self.sub_x) - self.chroma_start()
    }

    /// Whether two luma samples share each chroma sample but perhaps the last.
    fn is_paired(&self) -> bool {
        self.sub_x == 1 && self.start.is_multiple_of(2)
    }
}

/// Codes of one component of a block.
type Codes = [u16; BLOCK];

/// A block's numbers, kept from block to block so that they need not be cleared.
struct Scratch {
    luma: Codes,
    /// The samples of chroma, as they are stored.
    chroma: [Codes; 2],
    /// The same spread over the luma samples.
    spread: [Codes; 2],
    differences: [[i16; BLOCK]; 3],
    /// Sums of the differences of the luma samples of each chroma sample.
    sums: [[i32; BLOCK]; 2],
    paths: Paths,
}

impl Scratch {
    const fn new() -> Self {
        Self {
            luma: [0; BLOCK],
            chroma: [[0; BLOCK]; 2],
            spread: [[0; BLOCK]; 2],
            differences: [[0; BLOCK]; 3],
            sums: [[0; BLOCK]; 2],
            paths: Paths::NONE,
        }
    }

    #[inline(always)]
    fn load_chroma(&mut self, band: &Band<'_>, layout: &Layout, row: usize, span: Span) {
        for (i, component) in layout.components[1..].iter().enumerate() {
            let samples = &mut self.chroma[i][..span.chroma_length()];
            load(band.row(component.plane, row), component, span.chroma_start(), samples);
            let spread = &mut self.spread[i][..span.length()];
            if span.sub_x == 0 {
                spread.copy_from_slice(samples);
            } else if span.is_paired() {
                let mut pairs = spread.chunks_exact_mut(2);
                for (pair, sample) in pairs.by_ref().zip(&*samples) {
                    (pair[0], pair[1]) = (*sample, *sample);
                }
                if let ([alone], Some(sample)) = (pairs.into_remainder(), samples.last()) {
                    *alone = *sample;
                }
            } else {
                let each = spread.iter_mut().enumerate();
                each.for_each(|(i, spread)| *spread = samples[span.chroma_of(i)]);
            }
        }
    }

    #[inline(always)]
    fn load_luma(&mut self, band: &Band<'_>, layout: &Layout, row: usize, span: Span) {
        let luma = &layout.components[0];
        load(band.row(luma.plane, row), luma, span.start, &mut self.luma[..span.length()]);
    }

    fn codes(&self, length: usize) -> [&[u16]; 3] {
        let [cb, cr] = &self.spread;
        [&self.luma[..length], &cb[..length], &cr[..length]]
    }

    /// Adds the differences of a row's chroma to the sums.
    #[inline(always)]
    fn sum_chroma(&mut self, span: Span) {
        for (sums, differences) in self.sums.iter_mut().zip(&self.differences[1..]) {
            let differences = &differences[..span.length()];
            if span.is_paired() {
                let pairs = differences.chunks_exact(2);
                // The last sample of an odd row has its chroma sample to itself.
                if let [alone] = pairs.remainder() {
                    sums[pairs.len()] += i32::from(*alone);
                }
                for (sum, pair) in sums.iter_mut().zip(pairs) {
                    *sum += i32::from(pair[0]) + i32::from(pair[1]);
                }
            } else {
                for (i, difference) in differences.iter().enumerate() {
                    sums[span.chroma_of(i)] += i32::from(*difference);
                }
            }
        }
    }

    /// Replaces the differences of chroma by the average over the luma samples of each chroma sample;
    /// samples that are not processed count as unchanged.
    #[inline(always)]
    fn average_chroma(&mut self, area: &Area, row_count: usize, span: Span) {
        let count = |k: usize| {
            let column = (span.chroma_start() + k) << span.sub_x;
            let [first, end] = area.columns;
            let columns = column.max(first)..(column + (1 << span.sub_x)).min(end);
            columns.len() * row_count
        };
        // 1, 2 or 4 samples. All but the first and the last have as many as the second.
        let length = span.chroma_length();
        let inner = count(1.min(length - 1)) as i32;
        for (differences, sums) in self.differences[1..].iter_mut().zip(&self.sums) {
            let average =
                |sum: i32, count: i32| ((sum + count / 2) >> count.trailing_zeros()) as i16;
            for (difference, sum) in differences[..length].iter_mut().zip(sums) {
                *difference = average(*sum, inner);
            }
            for k in [0, length - 1] {
                differences[k] = average(sums[k], count(k) as i32);
            }
        }
    }
}

/// Calls `visit` with the codes of every block of a band, of up to [`BLOCK`] colours.
pub fn for_each_block(
    band: &Band<'_>,
    layout: &Layout,
    area: &Area,
    mut visit: impl FnMut([&[u16]; 3]),
) {
    let mut scratch = Scratch::new();
    let [first, end] = band.groups();
    for group in first..end {
        let rows = layout.rows_of(group, area.rows);
        if rows.clone().next().is_none() {
            continue;
        }
        for span in Span::all(area, layout, BLOCK) {
            scratch.load_chroma(band, layout, group, span);
            for row in rows.clone() {
                scratch.load_luma(band, layout, row, span);
                visit(scratch.codes(span.length()));
            }
        }
    }
}

/// What is done to the picture's part of a band.
pub struct Job<'a> {
    /// Where components lie.
    pub layout: &'a Layout,
    /// The picture, and how much of it to process.
    pub area: &'a Area,
    /// Most luma samples in a block; more than [`BLOCK`] counts as that.
    pub width: usize,
    /// How differences are found.
    pub method: &'a Method,
    /// How they end up in the frame.
    pub finish: &'a Finish,
}

impl Job<'_> {
    /// Does the job on a band, with the instructions of a SIMD level.
    pub fn apply(&self, level: Level, band: &mut Band<'_>) {
        dispatch!(level, _simd => self.apply_here(level, band));
    }

    /// [`Self::apply`], to be inlined into code that is compiled for a SIMD level.
    #[inline(always)]
    fn apply_here(&self, level: Level, band: &mut Band<'_>) {
        let mut scratch = Scratch::new();
        let [first, end] = band.groups();
        for group in first..end {
            let rows = self.layout.rows_of(group, self.area.rows);
            if rows.clone().next().is_none() {
                continue;
            }
            for span in Span::all(self.area, self.layout, self.width) {
                self.apply_block(level, &mut scratch, band, group, rows.clone(), span);
            }
        }
    }

    #[inline(always)]
    fn apply_block(
        &self,
        level: Level,
        scratch: &mut Scratch,
        band: &mut Band<'_>,
        group: usize,
        rows: impl Iterator<Item = usize> + Clone,
        span: Span,
    ) {
        let [luma, chroma @ ..] = &self.layout.components;
        let length = span.length();
        let is_subsampled = self.layout.sub_x + self.layout.sub_y > 0;
        scratch.load_chroma(band, self.layout, group, span);
        if is_subsampled {
            scratch.sums.iter_mut().for_each(|sums| sums[..span.chroma_length()].fill(0));
        }
        for row in rows.clone() {
            scratch.load_luma(band, self.layout, row, span);
            let Scratch { luma: codes, spread: [cb, cr], differences: [x, y, z], paths, .. } =
                &mut *scratch;
            self.method.differences(
                level,
                paths,
                [&codes[..length], &cb[..length], &cr[..length]],
                [&mut x[..length], &mut y[..length], &mut z[..length]],
            );
            let target = band.row_mut(luma.plane, row);
            store(target, luma, span.start, &codes[..length], &x[..length], self.finish);
            if is_subsampled {
                scratch.sum_chroma(span);
            }
        }
        if is_subsampled {
            scratch.average_chroma(self.area, rows.count(), span);
        }
        for (i, component) in chroma.iter().enumerate() {
            let length = span.chroma_length();
            let (codes, differences) =
                (&scratch.chroma[i][..length], &scratch.differences[i + 1][..length]);
            let target = band.row_mut(component.plane, group);
            store(target, component, span.chroma_start(), codes, differences, self.finish);
        }
    }
}
