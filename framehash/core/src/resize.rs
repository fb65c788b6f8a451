//! Pillow's resize with its Lanczos filter, to the same bytes.
//!
//! Each pass makes bytes of bytes: sums of products with weights of 22 bits after the point, rounded and limited to
//! 0..=255. The sums are of integers, so that their order does not matter.

use std::f64::consts::PI;
use std::ops::Range;

use crate::level::{Level, at_level};

/// Bits of a weight after the point.
const PRECISION: u32 = 22;

/// Rows that are resized together.
const ROWS: usize = 16;

/// Weights of a long window are as many as a multiple of this, so that nothing is left over by SIMD code.
const PADDING: usize = 64;

/// Samples that make a sum worth a loop of its own.
const LONG: usize = 48;

/// Which of Pillow's rules about the order of the passes counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compat {
    /// Pillow 13: columns first where rows get fewer by more than twice what columns do.
    #[default]
    Pillow13,
    /// Pillow up to 12.1, and but for pictures a hundred times as high as wide up to 12.3: rows first.
    Pillow12,
}

impl Compat {
    /// Whether the columns of a picture are made shorter before its rows are.
    fn starts_with_columns(
        self,
        [width, height]: [usize; 2],
        [to_width, to_height]: [usize; 2],
    ) -> bool {
        let less = |from: usize, to: usize| from as i64 - to as i64;
        let (rows, columns) = (less(height, to_height), less(width, to_width));
        self == Self::Pillow13 && rows > 0 && rows > 2 * columns
    }
}

/// How an axis of some samples becomes one of others.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    from: usize,
    /// For each new sample, those it is made of.
    windows: Vec<Range<usize>>,
    /// The weights of all windows, one after the other.
    weights: Vec<i32>,
    /// The same in two parts, multiples of 2^15 and what is left, padded with zeros.
    high: Vec<i16>,
    low: Vec<i16>,
    /// For each window, its first sample and where its parts are.
    padded: Vec<(usize, Range<usize>)>,
    /// Whether all high parts are 0.
    is_low: bool,
    /// Where a window's weights begin.
    starts: Vec<usize>,
}

impl Axis {
    pub(crate) fn new(from: usize, to: usize) -> Self {
        let scale = from as f64 / to as f64;
        let filter_scale = scale.max(1.0);
        let (support, per_sample) = (3.0 * filter_scale, 1.0 / filter_scale);
        let (mut windows, mut weights, mut starts) = (Vec::new(), Vec::new(), Vec::new());
        for i in 0..to {
            let center = (i as f64 + 0.5) * scale;
            let first = ((center - support + 0.5) as i64).max(0) as usize;
            let end = ((center + support + 0.5) as i64).min(from as i64) as usize;
            let raw: Vec<f64> = (first..end)
                .map(|sample| lanczos((sample as f64 - center + 0.5) * per_sample))
                .collect();
            let mut sum = 0.0;
            raw.iter().for_each(|weight| sum += weight);
            starts.push(weights.len());
            windows.push(first..end);
            weights.extend(raw.iter().map(|weight| {
                let weight = if sum == 0.0 { *weight } else { weight / sum };
                let scaled = weight * f64::from(1 << PRECISION);
                (if weight < 0.0 { scaled - 0.5 } else { scaled + 0.5 }) as i32
            }));
        }
        // Rounded to the nearest multiple, so that what is left has a sign and fits 16 bits.
        let high = |weight: i32| (weight + (1 << 14)) >> 15;
        let is_low = weights.iter().all(|weight| i16::try_from(*weight).is_ok());
        let parts = |weight: &i32| match is_low {
            true => (0, *weight as i16),
            false => (high(*weight) as i16, (weight - (high(*weight) << 15)) as i16),
        };
        let (mut high, mut low, mut padded) = (Vec::new(), Vec::new(), Vec::new());
        for (window, start) in windows.iter().zip(&starts) {
            let begin = low.len();
            let end = begin + window.len().next_multiple_of(PADDING);
            for (a, b) in weights[*start..][..window.len()].iter().map(parts) {
                high.push(a);
                low.push(b);
            }
            high.resize(end, 0);
            low.resize(end, 0);
            padded.push((window.start, begin..end));
        }
        Self { from, windows, weights, high, low, padded, is_low, starts }
    }

    fn to(&self) -> usize {
        self.windows.len()
    }

    fn is_same(&self) -> bool {
        self.from == self.to()
    }
}

/// Lanczos's filter of three lobes.
fn lanczos(x: f64) -> f64 {
    let sinc = |x: f64| if x == 0.0 { 1.0 } else { (x * PI).sin() / (x * PI) };
    if (-3.0..3.0).contains(&x) { sinc(x) * sinc(x / 3.0) } else { 0.0 }
}

#[inline(always)]
fn rounded(sum: i32) -> u8 {
    ((sum + (1 << (PRECISION - 1))) >> PRECISION).clamp(0, 255) as u8
}

/// A resize of pictures of one size to one size, and what it needs besides.
#[derive(Clone, Debug)]
pub(crate) struct Resize {
    columns: Axis,
    rows: Axis,
    columns_first: bool,
    /// Rows in words, or columns of some rows.
    words: Vec<i16>,
    /// What the first pass gives.
    between: Vec<u8>,
    /// The result.
    out: Vec<u8>,
}

impl Resize {
    pub(crate) fn new(compat: Compat, from: [usize; 2], to: [usize; 2]) -> Self {
        let columns_first = compat.starts_with_columns(from, to);
        let (columns, rows) = (Axis::new(from[1], to[1]), Axis::new(from[0], to[0]));
        let between = if columns_first { from[0] * to[1] } else { to[0] * from[1] };
        Self {
            columns,
            rows,
            columns_first,
            words: vec![0; ROWS * from[0].max(to[0]) + ROWS + PADDING],
            between: vec![0; between],
            out: vec![0; to[0] * to[1]],
        }
    }

    /// Columns and rows of the result.
    pub(crate) fn size(&self) -> [usize; 2] {
        [self.rows.to(), self.columns.to()]
    }

    /// The resized picture, row by row, of one whose rows lie one after the other.
    pub(crate) fn apply(&mut self, level: Level, picture: &[u8]) -> &[u8] {
        let Self { columns, rows, columns_first, words, between, out } = self;
        let to_width = rows.to();
        if *columns_first {
            let between: &[u8] = if columns.is_same() {
                picture
            } else {
                shorten_columns(level, columns, rows.from, picture, between);
                between
            };
            if rows.is_same() {
                out.copy_from_slice(between);
            } else {
                shorten_rows(level, rows, words, between, out);
            }
        } else {
            let between: &[u8] = if rows.is_same() {
                picture
            } else {
                shorten_rows(level, rows, words, picture, between);
                between
            };
            if columns.is_same() {
                out.copy_from_slice(between);
            } else {
                shorten_columns(level, columns, to_width, between, out);
            }
        }
        out
    }
}

/// Resizes each row of a picture.
fn shorten_rows(level: Level, axis: &Axis, words: &mut [i16], from: &[u8], to: &mut [u8]) {
    let tiles = from.chunks(ROWS * axis.from).zip(to.chunks_mut(ROWS * axis.to()));
    let is_long = axis.windows.iter().all(|window| window.len() >= LONG);
    for (from, to) in tiles {
        at_level!(level, {
            if is_long {
                sum_along(axis, words, from, to);
            } else {
                sum_across(axis, words, from, to);
            }
        });
    }
}

/// Resizes up to [`ROWS`] rows by sums along each of them.
#[inline(always)]
fn sum_along(axis: &Axis, words: &mut [i16], from: &[u8], to: &mut [u8]) {
    let row = &mut words[..axis.from + PADDING];
    row[axis.from..].fill(0);
    for (from, to) in from.chunks_exact(axis.from).zip(to.chunks_exact_mut(axis.to())) {
        row.iter_mut().zip(from).for_each(|(word, byte)| *word = i16::from(*byte));
        for (to, (first, parts)) in to.iter_mut().zip(&axis.padded) {
            let row = &row[*first..];
            let mut sum = dot(row, &axis.low[parts.clone()]);
            if !axis.is_low {
                let high = dot(row, &axis.high[parts.clone()]);
                sum = sum.wrapping_add(high.wrapping_shl(15));
            }
            *to = rounded(sum);
        }
    }
}

/// A sum of products, modulo 2^32: parts of weights may leave its range where the weights do not.
#[inline(always)]
fn dot(samples: &[i16], weights: &[i16]) -> i32 {
    let each = samples.iter().zip(weights);
    each.fold(0i32, |sum, (a, b)| sum.wrapping_add(i32::from(*a) * i32::from(*b)))
}

/// Resizes up to [`ROWS`] rows together: a sum for each row at a time.
#[inline(always)]
fn sum_across(axis: &Axis, words: &mut [i16], from: &[u8], to: &mut [u8]) {
    let count = from.len() / axis.from;
    let columns = words.as_chunks_mut::<ROWS>().0;
    for (row, from) in from.chunks_exact(axis.from).enumerate() {
        columns.iter_mut().zip(from).for_each(|(column, byte)| column[row] = i16::from(*byte));
    }
    for (i, (window, start)) in axis.windows.iter().zip(&axis.starts).enumerate() {
        let mut sums = [0i32; ROWS];
        let weights = &axis.weights[*start..][..window.len()];
        for (column, weight) in columns[window.clone()].iter().zip(weights) {
            for row in 0..ROWS {
                sums[row] += i32::from(column[row]) * weight;
            }
        }
        for row in 0..count {
            to[row * axis.to() + i] = rounded(sums[row]);
        }
    }
}

/// Resizes each column of a picture of some width.
fn shorten_columns(level: Level, axis: &Axis, width: usize, from: &[u8], to: &mut [u8]) {
    at_level!(level, {
        for (i, to) in to.chunks_exact_mut(width).enumerate() {
            let weights = &axis.weights[axis.starts[i]..];
            sum_rows(
                weights,
                width,
                &from[axis.windows[i].start * width..][..axis.windows[i].len() * width],
                to,
            );
        }
    });
}

/// A row that is the sum of some, by their weights.
#[inline(always)]
fn sum_rows(weights: &[i32], width: usize, from: &[u8], to: &mut [u8]) {
    const PART: usize = 64;
    for (part, to) in to.chunks_mut(PART).enumerate() {
        let mut sums = [0i32; PART];
        for (from, weight) in from.chunks_exact(width).zip(weights) {
            let from = &from[part * PART..][..to.len()];
            sums.iter_mut().zip(from).for_each(|(sum, byte)| *sum += i32::from(*byte) * weight);
        }
        to.iter_mut().zip(&sums).for_each(|(to, sum)| *to = rounded(*sum));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_of_a_sample_add_up_to_one() {
        for (from, to) in
            [(1, 9), (8, 8), (9, 8), (31, 32), (64, 9), (1920, 9), (1080, 1024), (16_384, 32)]
        {
            let axis = Axis::new(from, to);
            assert_eq!(axis.to(), to);
            for (i, (window, start)) in axis.windows.iter().zip(&axis.starts).enumerate() {
                let weights = &axis.weights[*start..][..window.len()];
                let (first, parts) = &axis.padded[i];
                assert!(*first == window.start && parts.len() % PADDING == 0);
                let parts = axis.high[parts.clone()].iter().zip(&axis.low[parts.clone()]);
                let whole = parts.map(|(high, low)| (i32::from(*high) << 15) + i32::from(*low));
                assert!(whole.eq(weights.iter().copied().chain(vec![0; parts_beyond(window)])));
                let off = weights.iter().sum::<i32>() - (1 << PRECISION);
                // Each is rounded.
                assert!(off.unsigned_abs() as usize <= window.len(), "{from} to {to}: {off}");
            }
        }
    }

    /// Zeros after a window's weights.
    fn parts_beyond(window: &Range<usize>) -> usize {
        window.len().next_multiple_of(PADDING) - window.len()
    }

    #[test]
    fn columns_come_first_as_in_pillow() {
        let first = |compat: Compat, from| compat.starts_with_columns(from, [9, 8]);
        assert!(first(Compat::Pillow13, [1080, 2400]));
        assert!(!first(Compat::Pillow13, [1080, 1920]));
        assert!(!first(Compat::Pillow12, [1080, 2400]));
        assert!(first(Compat::Pillow13, [9, 9]) && !first(Compat::Pillow13, [9, 8]));
    }
}
