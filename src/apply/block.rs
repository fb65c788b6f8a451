//! Blocks of a row: loaded from any layout, differenced, stored back.

use fearless_simd::dispatch;

use super::{Finish, Method};
use crate::frame::{Area, Band, Component, Layout};
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
        let sub_x = layout.sub_x;
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
}

/// Codes of one component of a block.
type Codes = [u16; BLOCK];

#[inline(always)]
fn load(row: &[u8], component: &Component, first: usize, out: &mut [u16]) {
    let Some(row) = row.get(component.offset + first * component.step..) else {
        return;
    };
    // The step as a constant lets the loop be vectorised.
    #[inline(always)]
    fn load_step<const STEP: usize>(row: &[u8], out: &mut [u16]) {
        for (out, sample) in out.iter_mut().zip(row.chunks(STEP)) {
            *out = u16::from(sample[0]);
        }
    }
    match component.step {
        1 => load_step::<1>(row, out),
        2 => load_step::<2>(row, out),
        3 => load_step::<3>(row, out),
        4 => load_step::<4>(row, out),
        step => out
            .iter_mut()
            .zip(row.chunks(step))
            .for_each(|(out, sample)| *out = u16::from(sample[0])),
    }
}

/// Writes codes with their differences; leaves the row alone where there is none.
#[inline(always)]
fn store(
    row: &mut [u8],
    component: &Component,
    first: usize,
    codes: &[u16],
    differences: &[i16],
    finish: &Finish,
) {
    if differences.iter().all(|difference| *difference == 0) {
        return;
    }
    let row = &mut row[component.offset + first * component.step..];
    let samples = row.chunks_mut(component.step);
    for ((sample, code), difference) in samples.zip(codes).zip(differences) {
        sample[0] = finish.code(*code, *difference) as u8;
    }
}

/// A block's chroma: the samples, and the same spread over the luma samples.
struct Chroma {
    samples: [Codes; 2],
    spread: [Codes; 2],
}

impl Chroma {
    #[inline(always)]
    fn load(band: &Band<'_>, layout: &Layout, row: usize, span: Span) -> Self {
        let mut samples = [[0; BLOCK]; 2];
        let mut spread = [[0; BLOCK]; 2];
        for ((component, samples), spread) in
            layout.components[1..].iter().zip(&mut samples).zip(&mut spread)
        {
            let samples = &mut samples[..span.chroma_length()];
            load(band.row(component.plane, row), component, span.chroma_start(), samples);
            let spread = &mut spread[..span.length()];
            if span.sub_x == 0 {
                spread.copy_from_slice(samples);
            } else {
                let each = spread.iter_mut().enumerate();
                each.for_each(|(i, spread)| *spread = samples[span.chroma_of(i)]);
            }
        }
        Self { samples, spread }
    }
}

/// Calls `visit` with the codes of every block of a band, of up to `width` colours.
pub fn for_each_block(
    band: &Band<'_>,
    layout: &Layout,
    area: &Area,
    width: usize,
    mut visit: impl FnMut([&[u16]; 3]),
) {
    let luma = &layout.components[0];
    let [first, end] = band.groups();
    for group in first..end {
        let rows = layout.rows_of(group, area.rows);
        for span in Span::all(area, layout, width.min(BLOCK)) {
            if rows.clone().next().is_none() {
                continue;
            }
            let chroma = Chroma::load(band, layout, group, span);
            let length = span.length();
            let mut codes: Codes = [0; BLOCK];
            for row in rows.clone() {
                load(band.row(luma.plane, row), luma, span.start, &mut codes[..length]);
                let [cb, cr] = &chroma.spread;
                visit([&codes[..length], &cb[..length], &cr[..length]]);
            }
        }
    }
}

/// Applies a method to the picture's part of a band, in blocks of up to `width` luma samples, with the
/// instructions of a SIMD level.
pub fn apply_band(
    level: Level,
    band: &mut Band<'_>,
    layout: &Layout,
    area: &Area,
    width: usize,
    method: &Method,
    finish: &Finish,
) {
    dispatch!(level, _simd => apply_band_here(band, layout, area, width, method, finish));
}

/// [`apply_band`], to be inlined into code that is compiled for a SIMD level.
#[inline(always)]
fn apply_band_here(
    band: &mut Band<'_>,
    layout: &Layout,
    area: &Area,
    width: usize,
    method: &Method,
    finish: &Finish,
) {
    let [first, end] = band.groups();
    for group in first..end {
        let rows = layout.rows_of(group, area.rows);
        let row_count = rows.clone().count();
        if row_count == 0 {
            continue;
        }
        for span in Span::all(area, layout, width.min(BLOCK)) {
            apply_block(band, layout, area, group, rows.clone(), row_count, span, method, finish);
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "the whole context of a block")]
#[inline(always)]
fn apply_block(
    band: &mut Band<'_>,
    layout: &Layout,
    area: &Area,
    group: usize,
    rows: impl Iterator<Item = usize>,
    row_count: usize,
    span: Span,
    method: &Method,
    finish: &Finish,
) {
    let [luma, chroma_components @ ..] = &layout.components;
    let length = span.length();
    let chroma = Chroma::load(band, layout, group, span);
    let [cb, cr] = &chroma.spread;
    let mut codes: Codes = [0; BLOCK];
    let mut differences = [[0i16; BLOCK]; 3];
    let mut sums = [[0i32; BLOCK]; 2];
    let is_subsampled = layout.sub_x + layout.sub_y > 0;
    for row in rows {
        load(band.row(luma.plane, row), luma, span.start, &mut codes[..length]);
        let [x, y, z] = &mut differences;
        method.differences(
            [&codes[..length], &cb[..length], &cr[..length]],
            [&mut x[..length], &mut y[..length], &mut z[..length]],
        );
        let target = band.row_mut(luma.plane, row);
        store(target, luma, span.start, &codes[..length], &differences[0][..length], finish);
        if is_subsampled {
            for (sums, differences) in sums.iter_mut().zip(&differences[1..]) {
                for (i, difference) in differences[..length].iter().enumerate() {
                    sums[span.chroma_of(i)] += i32::from(*difference);
                }
            }
        }
    }
    if is_subsampled {
        for (differences, sums) in differences[1..].iter_mut().zip(&sums) {
            for (k, sum) in sums[..span.chroma_length()].iter().enumerate() {
                let column = (span.chroma_start() + k) << span.sub_x;
                let columns_in_picture = (column.max(area.columns[0])
                    ..(column + (1 << span.sub_x)).min(area.columns[1]))
                    .len();
                // 1, 2 or 4 luma samples: those that are not processed count as unchanged.
                let count = (columns_in_picture * row_count) as i32;
                differences[k] = ((sum + count / 2) >> count.trailing_zeros()) as i16;
            }
        }
    }
    for (i, component) in chroma_components.iter().enumerate() {
        let length = span.chroma_length();
        let (codes, differences) = (&chroma.samples[i][..length], &differences[i + 1][..length]);
        let target = band.row_mut(component.plane, group);
        store(target, component, span.chroma_start(), codes, differences, finish);
    }
}
