//! Blocks of a row: loaded from any layout, differenced, stored back.

use std::ops::Range;

use super::bytes::SharedPlanes;
use super::evaluator::{Codes, Differences, Exact, Gold, SharedDifferences, Source};
use super::packed::{Packed, PackedSampler};
use super::packed_422::Packed422;
use super::prism::Prism;
use super::samples::{every_second, load, store};
use super::siting::Weights;
use super::tetrahedral::Sampler;
use super::v210::{self, is_v210};
use super::words::{Lanes, Words, with_words};
use super::{BLOCK, Dither, Evaluator, Finish, Reads};
use crate::frame::{Area, Band, Layout};
use crate::lut::{Interpolation, Lattice};
use crate::workers::Level;

/// Part of a row: luma columns `[start, end)` and the chroma samples that belong to them.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) start: usize,
    end: usize,
    sub_x: u32,
}

impl Span {
    /// The spans of the columns of `area` from `first` on, each of up to `width` luma samples, cut so that no chroma
    /// sample belongs to two.
    pub(super) fn all(
        first: usize,
        area: &Area,
        layout: &Layout,
        width: usize,
    ) -> impl Iterator<Item = Span> + use<> {
        let (sub_x, end) = (layout.sub_x, area.processed_until);
        let width = width.clamp(1 << sub_x, BLOCK);
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
    pub(super) fn chroma_start(&self) -> usize {
        self.start >> self.sub_x
    }

    pub(super) fn chroma_length(&self) -> usize {
        ((self.end - 1) >> self.sub_x) + 1 - self.chroma_start()
    }

    /// Luma samples from the first chroma sample's first to the span's own first.
    fn lead(&self) -> usize {
        self.start - (self.chroma_start() << self.sub_x)
    }

    /// The span's own luma samples among those that the chroma samples cover.
    pub(super) fn own(&self) -> Range<usize> {
        self.lead()..self.lead() + self.length()
    }

    /// Luma samples that the chroma samples cover, the span's own and those that share chroma with the first and the
    /// last of them.
    pub(super) fn covered(&self) -> usize {
        self.chroma_length() << self.sub_x
    }
}

/// A block's numbers, kept from block to block so that they need not be cleared. A row of luma starts
/// with the first sample that its first sample of chroma covers.
///
/// In this order no list that a loop writes has the low 12 bits of the address of what the loop will
/// read next: that would make CPUs wait for the one before they read the other.
#[repr(C, align(64))]
struct Scratch {
    luma: [Codes; 2],
    chroma: [Codes; 2],
    shared: SharedDifferences,
    /// Of luma, where a sample of chroma belongs to several.
    luma_differences: [Differences; 2],
    differences: [Differences; 3],
}

impl Scratch {
    const fn new() -> Self {
        Self {
            luma: [[0; BLOCK]; 2],
            chroma: [[0; BLOCK]; 2],
            shared: SharedDifferences::new(),
            luma_differences: [[0; BLOCK]; 2],
            differences: [[0; BLOCK]; 3],
        }
    }

    fn load_chroma(
        &mut self,
        level: Level,
        band: &Band<'_>,
        layout: &Layout,
        row: usize,
        span: Span,
    ) {
        for (samples, component) in self.chroma.iter_mut().zip(&layout.components[1..]) {
            let samples = &mut samples[..span.chroma_length()];
            load(level, band.row(component.plane, row), component, span.chroma_start(), samples);
        }
    }

    /// Loads a row of luma. Where the span lacks samples that an end's chroma covers, they are given the code of the
    /// nearest.
    fn load_luma(
        &mut self,
        level: Level,
        index: usize,
        band: &Band<'_>,
        layout: &Layout,
        row: usize,
        span: Span,
    ) {
        let luma = &layout.components[0];
        let (lead, covered) = (span.lead(), span.covered());
        let end = lead + span.length();
        let codes = &mut self.luma[index];
        load(level, band.row(luma.plane, row), luma, span.start, &mut codes[lead..end]);
        let (first, last) = (codes[lead], codes[end - 1]);
        codes[..lead].fill(first);
        codes[end..covered].fill(last);
    }
}

/// Calls `visit` with the codes of every block of a band, of up to [`BLOCK`] colours.
pub fn for_each_block(
    band: &Band<'_>,
    layout: &Layout,
    area: &Area,
    level: Level,
    visit: &mut dyn FnMut([&[u16]; 3]),
) {
    let mut scratch = Scratch::new();
    let mut spread = [[0; BLOCK]; 2];
    let [first, end] = band.groups();
    for group in first..end {
        let rows = layout.rows_of(group, area.rows);
        if rows.clone().next().is_none() {
            continue;
        }
        for span in Span::all(area.columns[0], area, layout, BLOCK) {
            let luma = span.own();
            scratch.load_chroma(level, band, layout, group, span);
            for (spread, samples) in spread.iter_mut().zip(&scratch.chroma) {
                for i in luma.clone() {
                    spread[i] = samples[i >> span.sub_x];
                }
            }
            for row in rows.clone() {
                scratch.load_luma(level, 0, band, layout, row, span);
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
    /// Most luma samples in a block; more than [`BLOCK`] counts as that, and fewer than share chroma as those.
    pub width: usize,
    /// How differences are found.
    pub evaluator: &'a Evaluator,
    /// How entries of a lattice are read.
    pub reads: Reads,
    /// How differences end up in the frame.
    pub finish: &'a Finish,
    /// What they are rounded by.
    pub dither: Dither,
}

impl Job<'_> {
    /// Does the job on a band, with the instructions of a SIMD level.
    pub fn apply(&self, level: Level, band: &mut Band<'_>) {
        match self.evaluator {
            Evaluator::Lattice(lattice, Interpolation::Tetrahedral) => {
                with_words!(level, words => match self.reads {
                    Reads::Gather if words.has_gather() => {
                        self.apply_words::<_, true>(level, words, lattice, band);
                    }
                    _ => self.apply_words::<_, false>(level, words, lattice, band),
                }, else {
                    let gold = Gold(lattice, Interpolation::Tetrahedral);
                    self.apply_blocks(level, &gold, band, self.area.columns[0]);
                });
            }
            Evaluator::Lattice(lattice, interpolation) => {
                let gold = Gold(lattice, *interpolation);
                let columns = lattice.columns().filter(|_| *interpolation == Interpolation::Prism);
                let Some(columns) = columns else {
                    self.apply_blocks(level, &gold, band, self.area.columns[0]);
                    return;
                };
                with_words!(level, words => {
                    self.apply_prism(level, &Prism::new(words, lattice, columns), band);
                }, else {
                    self.apply_blocks(level, &gold, band, self.area.columns[0]);
                });
            }
            Evaluator::Exact(kernel, depth) => {
                let exact = Exact(kernel, *depth);
                self.apply_blocks(level, &exact, band, self.area.columns[0]);
            }
        }
    }

    fn apply_words<W: Lanes, const GATHER: bool>(
        &self,
        level: Level,
        words: W,
        lattice: &Lattice,
        band: &mut Band<'_>,
    ) {
        let (start, is_plain) = (self.area.columns[0], self.dither == Dither::None);
        if let Some(packed) = Packed::of(self.layout).filter(|_| is_plain) {
            words.vectorize(
                #[inline(always)]
                || {
                    let finish = self.finish;
                    let sampler = PackedSampler::<W, GATHER>::new(words, lattice, &packed, finish);
                    sampler.apply_band(self.area, band);
                },
            );
            return;
        }
        self.apply_blocks(level, &Sampler::<W, GATHER>::new(words, lattice), band, start);
    }

    fn apply_prism<W: Lanes>(&self, level: Level, prism: &Prism<'_, W>, band: &mut Band<'_>) {
        let (start, is_plain) = (self.area.columns[0], self.dither == Dither::None);
        let planes = SharedPlanes::of(self.layout, self.area).filter(|_| is_plain);
        let packed = Packed422::of(self.layout, self.area).filter(|_| is_plain);
        let is_v210 = is_plain && is_v210(self.layout, self.area);
        if planes.is_none() && packed.is_none() && !is_v210 {
            self.apply_blocks(level, prism, band, start);
            return;
        }
        let whole = if is_v210 { v210::COLUMNS } else { W::COUNT };
        let whole = (self.area.processed_until - start) / whole * whole;
        let (rows, columns) = (self.area.rows, start..start + whole);
        // The rest comes first: its chroma needs the colours before it as they were.
        self.apply_blocks(level, prism, band, columns.end);
        prism.words.vectorize(
            #[inline(always)]
            || {
                if let Some(planes) = &planes {
                    prism.apply_band(self.layout, rows, &columns, planes, self.finish, band);
                }
                if let Some(packed) = &packed {
                    prism.apply_packed(self.layout, rows, &columns, packed, self.finish, band);
                }
                if is_v210 {
                    prism.apply_v210(self.layout, rows, &columns, self.finish, band);
                }
            },
        );
    }

    /// Does the job on the columns from `first_column` on. Where chroma is shared, that is the picture's first
    /// or an even one.
    fn apply_blocks(
        &self,
        level: Level,
        source: &dyn Source,
        band: &mut Band<'_>,
        first_column: usize,
    ) {
        if first_column >= self.area.processed_until {
            return;
        }
        if self.layout.sub_x == 2 {
            self.apply_fours(level, source, band);
            return;
        }
        let mut scratch = Scratch::new();
        let [first, end] = band.groups();
        for group in first..end {
            let rows = self.layout.rows_of(group, self.area.rows);
            if rows.clone().next().is_none() {
                continue;
            }
            scratch.shared.left = None;
            if self.layout.sub_x > 0 && first_column > self.area.columns[0] {
                let before = Span { start: first_column - 2, end: first_column, sub_x: 1 };
                self.share(level, source, &mut scratch, band, group, before);
            }
            for span in Span::all(first_column, self.area, self.layout, self.width) {
                if self.layout.sub_x == 0 {
                    scratch.load_chroma(level, band, self.layout, group, span);
                    scratch.load_luma(level, 0, band, self.layout, group, span);
                    self.apply_block(level, source, &mut scratch, band, group, span);
                } else {
                    self.apply_shared(level, source, &mut scratch, band, group, span);
                }
            }
        }
    }

    /// A block where every colour has its own chroma.
    fn apply_block(
        &self,
        level: Level,
        source: &dyn Source,
        scratch: &mut Scratch,
        band: &mut Band<'_>,
        row: usize,
        span: Span,
    ) {
        let Scratch { luma: [luma, _], chroma: [cb, cr], differences, .. } = scratch;
        source.differences(span.length(), [luma, cb, cr], differences);
        for (i, codes) in [luma, cb, cr].into_iter().enumerate() {
            let (codes, differences) = (&codes[..span.length()], &differences[i]);
            self.store(level, band, i, row, span.start, codes, differences);
        }
    }

    /// A block where a sample of chroma belongs to two samples of each of some rows of luma.
    fn apply_shared(
        &self,
        level: Level,
        source: &dyn Source,
        scratch: &mut Scratch,
        band: &mut Band<'_>,
        group: usize,
        span: Span,
    ) {
        self.share(level, source, scratch, band, group, span);
        let Scratch { luma, chroma, shared, luma_differences, differences } = scratch;
        let own = span.own();
        for (i, row) in self.layout.rows_of(group, self.area.rows).enumerate() {
            let differences = &luma_differences[i][own.clone()];
            self.store(level, band, 0, row, span.start, &luma[i][own.clone()], differences);
        }
        for (i, codes) in chroma.iter().enumerate() {
            let codes = &codes[..span.chroma_length()];
            let differences = &mut differences[i + 1];
            every_second(level, &shared.pairs, i, &mut differences[..codes.len()]);
            self.store(level, band, i + 1, group, span.chroma_start(), codes, differences);
        }
    }

    /// Loads a block with shared chroma, and finds its differences of luma and of chroma.
    fn share(
        &self,
        level: Level,
        source: &dyn Source,
        scratch: &mut Scratch,
        band: &Band<'_>,
        group: usize,
        span: Span,
    ) {
        scratch.load_chroma(level, band, self.layout, group, span);
        let mut rows = 0;
        for row in self.layout.rows_of(group, self.area.rows) {
            scratch.load_luma(level, rows, band, self.layout, row, span);
            rows += 1;
        }
        let Scratch { luma, chroma, luma_differences, shared, .. } = scratch;
        let weights = Weights::new(self.layout, group, rows);
        let luma = &luma[..rows];
        source.shared_chroma(&weights, span.covered(), luma, chroma, luma_differences, shared);
    }

    /// Writes as many samples of a component as there are codes.
    #[expect(clippy::too_many_arguments, reason = "where, and what")]
    pub(super) fn store(
        &self,
        level: Level,
        band: &mut Band<'_>,
        component: usize,
        row: usize,
        first: usize,
        codes: &[u16],
        differences: &[i16],
    ) {
        let mut moved = [0; BLOCK];
        let differences = &differences[..codes.len()];
        let place = [component, row, first];
        let component = &self.layout.components[component];
        let finish = self.finish.at_depth(component.depth);
        let dithered = self.dither.moved(level, &finish, place, differences, &mut moved);
        let (differences, finish) = match &dithered {
            Some(finish) => (&moved[..codes.len()], finish),
            None => (differences, &finish),
        };
        let row = band.row_mut(component.plane, row);
        store(level, row, component, first, codes, differences, finish);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_cover_a_row_whatever_their_width() {
        for sub_x in 0..3 {
            let layout = Layout { sub_x, ..Layout::planar([0, 0]) };
            for (width, first) in (0..10).chain([BLOCK + 1]).flat_map(|w| [0, 5].map(|f| (w, f))) {
                let area = Area { columns: [first, 43], rows: [0, 1], processed_until: 43 };
                let spans: Vec<Span> = Span::all(first, &area, &layout, width).take(44).collect();
                let ends = spans.iter().map(|span| [span.start, span.end]);
                let at = ends.fold(first, |at, [start, end]| {
                    assert!(start == at && end > start, "{sub_x} {width}: {start} to {end}");
                    end
                });
                assert_eq!(at, 43, "{sub_x} {width}");
            }
        }
    }
}
