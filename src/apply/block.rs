//! Blocks of a row: loaded from any layout, differenced, stored back.

use super::method::{Codes, Differences, Exact, Gold, Source};
use super::samples::{load, store};
use super::tetrahedral::{Packed, PackedSampler, Sampler};
use super::words::{Words, dispatch};
use super::{Finish, Method, Reads};
use crate::frame::{Area, Band, Layout};
use crate::lut::{Interpolation, Lattice};
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

    /// Luma samples from the first chroma sample's first to the span's own first.
    fn lead(&self) -> usize {
        self.start - (self.chroma_start() << self.sub_x)
    }

    /// Luma samples that the chroma samples cover, the span's own and at most one at each end.
    fn covered(&self) -> usize {
        self.chroma_length() << self.sub_x
    }
}

/// A block's numbers, kept from block to block so that they need not be cleared. A row of luma starts
/// with the first sample that its first sample of chroma covers.
struct Scratch {
    luma: [Codes; 2],
    chroma: [Codes; 2],
    differences: [Differences; 3],
    /// Of luma, where a sample of chroma belongs to several.
    luma_differences: [Differences; 2],
    /// Sums of the differences of the luma samples of each chroma sample.
    sums: [[i32; BLOCK]; 2],
}

impl Scratch {
    const fn new() -> Self {
        Self {
            luma: [[0; BLOCK]; 2],
            chroma: [[0; BLOCK]; 2],
            differences: [[0; BLOCK]; 3],
            luma_differences: [[0; BLOCK]; 2],
            sums: [[0; BLOCK]; 2],
        }
    }

    #[inline(always)]
    fn load_chroma(&mut self, band: &Band<'_>, layout: &Layout, row: usize, span: Span) {
        for (samples, component) in self.chroma.iter_mut().zip(&layout.components[1..]) {
            let samples = &mut samples[..span.chroma_length()];
            load(band.row(component.plane, row), component, span.chroma_start(), samples);
        }
    }

    /// Loads a row of luma. Where the span has only one of the samples that an end's chroma covers, the
    /// other is given the same code.
    #[inline(always)]
    fn load_luma(&mut self, index: usize, band: &Band<'_>, layout: &Layout, row: usize, span: Span) {
        let luma = &layout.components[0];
        let (lead, covered) = (span.lead(), span.covered());
        let end = lead + span.length();
        let codes = &mut self.luma[index];
        load(band.row(luma.plane, row), luma, span.start, &mut codes[lead..end]);
        if lead > 0 {
            codes[0] = codes[lead];
        }
        if end < covered {
            codes[end] = codes[end - 1];
        }
    }

    /// The average difference of chroma over the luma samples of each sample; those that are not
    /// processed count as unchanged.
    #[inline(always)]
    fn average_chroma(&mut self, area: &Area, row_count: usize, span: Span) {
        let count = |k: usize| {
            let column = (span.chroma_start() + k) << span.sub_x;
            let [first, end] = area.columns;
            let columns = column.max(first)..(column + (1 << span.sub_x)).min(end);
            (columns.len() * row_count) as i32
        };
        let average = |sum: i32, count: i32| ((sum + count / 2) >> count.trailing_zeros()) as i16;
        let last = span.chroma_length() - 1;
        let ends_alone = span.lead() + span.length() < span.covered();
        for (differences, sums) in self.differences[1..].iter_mut().zip(&mut self.sums) {
            // There one sample has been counted twice.
            if span.lead() > 0 {
                sums[0] /= 2;
            }
            if ends_alone {
                sums[last] /= 2;
            }
            // 1, 2 or 4 samples. All but the first and the last have as many as the second.
            let inner = count(1.min(last));
            for (difference, sum) in differences[..=last].iter_mut().zip(&*sums) {
                *difference = average(*sum, inner);
            }
            for k in [0, last] {
                differences[k] = average(sums[k], count(k));
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
    let mut spread = [[0; BLOCK]; 2];
    let [first, end] = band.groups();
    for group in first..end {
        let rows = layout.rows_of(group, area.rows);
        if rows.clone().next().is_none() {
            continue;
        }
        for span in Span::all(area, layout, BLOCK) {
            let luma = span.lead()..span.lead() + span.length();
            scratch.load_chroma(band, layout, group, span);
            for (spread, samples) in spread.iter_mut().zip(&scratch.chroma) {
                for i in luma.clone() {
                    spread[i] = samples[i >> span.sub_x];
                }
            }
            for row in rows.clone() {
                scratch.load_luma(0, band, layout, row, span);
                let [cb, cr] = &spread;
                visit([&scratch.luma[0], cb, cr].map(|codes| &codes[luma.clone()]));
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
    /// How entries of a lattice are read.
    pub reads: Reads,
    /// How differences end up in the frame.
    pub finish: &'a Finish,
}

impl Job<'_> {
    /// Does the job on a band, with the instructions of a SIMD level.
    pub fn apply(&self, level: Level, band: &mut Band<'_>) {
        match self.method {
            Method::Lattice(lattice, Interpolation::Tetrahedral) => dispatch!(level,
                words => self.apply_tetrahedral(words, lattice, band),
                else self.apply_blocks(&Gold(lattice, Interpolation::Tetrahedral), band)),
            Method::Lattice(lattice, interpolation) => {
                self.apply_blocks(&Gold(lattice, *interpolation), band);
            }
            // The model dispatches by itself; here it is for loading and storing.
            Method::Exact(kernel, depth) => fearless_simd::dispatch!(level,
                _simd => self.apply_blocks(&Exact(kernel, *depth), band)),
        }
    }

    #[inline(always)]
    fn apply_tetrahedral<W: Words>(&self, words: W, lattice: &Lattice, band: &mut Band<'_>) {
        let Some(packed) = Packed::of(self.layout) else {
            self.apply_blocks(&Sampler::new(words, lattice, self.reads), band);
            return;
        };
        let sampler = PackedSampler::new(words, lattice, self.reads, &packed, self.finish.mix);
        let ([start, _], end) = (self.area.columns, self.area.processed_until);
        let ([first_row, row_end], [first_group, group_end]) = (self.area.rows, band.groups());
        for row in first_row.max(first_group)..row_end.min(group_end) {
            let row = band.row_mut(packed.plane(), row);
            let end = row.len().min(4 * end);
            sampler.apply(&mut row[4 * start..end]);
        }
    }

    #[inline(always)]
    fn apply_blocks(&self, source: &impl Source, band: &mut Band<'_>) {
        let mut scratch = Scratch::new();
        let [first, end] = band.groups();
        for group in first..end {
            let rows = self.layout.rows_of(group, self.area.rows);
            if rows.clone().next().is_none() {
                continue;
            }
            for span in Span::all(self.area, self.layout, self.width) {
                scratch.load_chroma(band, self.layout, group, span);
                for (i, row) in rows.clone().enumerate() {
                    scratch.load_luma(i, band, self.layout, row, span);
                }
                if self.layout.sub_x == 0 {
                    self.apply_block(source, &mut scratch, band, group, span);
                } else if rows.clone().count() == 1 {
                    self.apply_shared::<1>(source, &mut scratch, band, group, span);
                } else {
                    self.apply_shared::<2>(source, &mut scratch, band, group, span);
                }
            }
        }
    }

    /// A block where every colour has its own chroma.
    #[inline(always)]
    fn apply_block(
        &self,
        source: &impl Source,
        scratch: &mut Scratch,
        band: &mut Band<'_>,
        row: usize,
        span: Span,
    ) {
        let Scratch { luma: [luma, _], chroma: [cb, cr], differences, .. } = scratch;
        source.differences(span.length(), [luma, cb, cr], differences);
        for (i, codes) in [luma, cb, cr].into_iter().enumerate() {
            self.store(band, i, row, span.start, &codes[..span.length()], &differences[i]);
        }
    }

    /// A block where a sample of chroma belongs to two samples of each of some rows of luma.
    #[inline(always)]
    fn apply_shared<const ROWS: usize>(
        &self,
        source: &impl Source,
        scratch: &mut Scratch,
        band: &mut Band<'_>,
        group: usize,
        span: Span,
    ) {
        let Scratch { luma, chroma, luma_differences, sums, .. } = &mut *scratch;
        source.shared_chroma::<ROWS>(span.covered(), luma, chroma, luma_differences, sums);
        let own = span.lead()..span.lead() + span.length();
        for (i, row) in self.layout.rows_of(group, self.area.rows).take(ROWS).enumerate() {
            let differences = &luma_differences[i][own.clone()];
            self.store(band, 0, row, span.start, &luma[i][own.clone()], differences);
        }
        scratch.average_chroma(self.area, ROWS, span);
        for (i, codes) in scratch.chroma.iter().enumerate() {
            let codes = &codes[..span.chroma_length()];
            let differences = &scratch.differences[i + 1];
            self.store(band, i + 1, group, span.chroma_start(), codes, differences);
        }
    }

    /// Writes as many samples of a component as there are codes.
    #[inline(always)]
    fn store(
        &self,
        band: &mut Band<'_>,
        component: usize,
        row: usize,
        first: usize,
        codes: &[u16],
        differences: &[i16],
    ) {
        let component = &self.layout.components[component];
        let row = band.row_mut(component.plane, row);
        store(row, component, first, codes, &differences[..codes.len()], self.finish);
    }
}
