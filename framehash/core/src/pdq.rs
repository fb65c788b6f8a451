//! PDQ, as Facebook published it (ThreatExchange, 2019): two box filters each way, 64 x 64 samples of what they give,
//! and 16 x 16 coefficients of a cosine transform of those beside their median. All of it in `f32`, in an order that
//! counts.

use std::f64::consts::PI;
use std::fmt;
use std::str::FromStr;

use crate::level::{Level, at_level};
use crate::turn::Turn;

/// Rows and columns that the picture is reduced to.
const SIDE: usize = 64;
/// Rows and columns of coefficients, of which the first of all is left out.
const COEFFICIENTS: usize = 16;

/// A PDQ hash: bit i is bit i % 64 of word i / 64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pdq(pub [u64; 4]);

impl fmt::Display for Pdq {
    /// 64 hexadecimal digits, bit 255 first.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().rev().try_for_each(|word| write!(f, "{word:016x}"))
    }
}

/// A text that is not of 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoPdq;

impl fmt::Display for NoPdq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a PDQ hash is 64 hexadecimal digits")
    }
}

impl std::error::Error for NoPdq {}

impl FromStr for Pdq {
    type Err = NoPdq;

    fn from_str(text: &str) -> Result<Self, NoPdq> {
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NoPdq);
        }
        let word = |i: usize| u64::from_str_radix(&text[16 * (3 - i)..][..16], 16);
        let words = [word(0), word(1), word(2), word(3)];
        match words {
            [Ok(a), Ok(b), Ok(c), Ok(d)] => Ok(Self([a, b, c, d])),
            _ => Err(NoPdq),
        }
    }
}

/// What PDQ's transform multiplies by: cosines of row and column numbers.
#[derive(Clone, Debug)]
pub(crate) struct Transform([[f32; SIDE]; COEFFICIENTS]);

impl Transform {
    pub(crate) fn new() -> Self {
        // Rounded to `f32` before it is multiplied, too.
        let norm = f64::from((2.0 / SIDE as f64).sqrt() as f32);
        let angle =
            |i: usize, j: usize| PI / 2.0 / SIDE as f64 * (i + 1) as f64 * (2 * j + 1) as f64;
        let cosine = |i, j| (norm * f64::cos(angle(i, j))) as f32;
        Self(std::array::from_fn(|i| std::array::from_fn(|j| cosine(i, j))))
    }

    /// Hashes of turns of a picture, and its quality (0 to 100), of luma, row by row, which is changed. `other` has as
    /// much room.
    ///
    /// All are of the coefficients of one transform, as PDQ's programs have it: a picture that has been turned itself
    /// has a few other bits, as samples are not taken from the same places.
    pub(crate) fn hash<const N: usize>(
        &self,
        level: Level,
        luma: &mut [f32],
        [width, height]: [usize; 2],
        other: &mut [f32],
        turns: [Turn; N],
    ) -> ([Pdq; N], u8) {
        if width < 5 || height < 5 {
            return ([Pdq::default(); N], 0);
        }
        let reduced = at_level!(level, reduce(luma, [width, height], other));
        let coefficients = self.coefficients(&reduced);
        (turns.map(|turn| bits(&coefficients, turn)), quality(&reduced))
    }

    fn coefficients(&self, reduced: &[[f32; SIDE]; SIDE]) -> Coefficients {
        let mut rows = [[0f32; SIDE]; COEFFICIENTS];
        for (row, cosines) in rows.iter_mut().zip(&self.0) {
            for (line, cosine) in reduced.iter().zip(cosines) {
                row.iter_mut().zip(line).for_each(|(sum, value)| *sum += cosine * value);
            }
        }
        let mut coefficients = [0f32; COEFFICIENTS * COEFFICIENTS];
        for (i, row) in rows.iter().enumerate() {
            for (j, cosines) in self.0.iter().enumerate() {
                let mut sum = 0.0;
                row.iter().zip(cosines).for_each(|(value, cosine)| sum += value * cosine);
                coefficients[i * COEFFICIENTS + j] = sum;
            }
        }
        coefficients
    }
}

type Coefficients = [f32; COEFFICIENTS * COEFFICIENTS];

/// The bits of a turn's coefficients. A flip changes the sign of those of odd frequencies, which have even numbers, as
/// the lowest frequency is 1.
fn bits(coefficients: &Coefficients, turn: Turn) -> Pdq {
    let [transposed, upside_down, mirrored] = turn.parts();
    let turned: Coefficients = std::array::from_fn(|at| {
        let (i, j) = (at / COEFFICIENTS, at % COEFFICIENTS);
        let is_negative = (upside_down && i % 2 == 0) != (mirrored && j % 2 == 0);
        let value = coefficients[if transposed { j * COEFFICIENTS + i } else { at }];
        if is_negative { -value } else { value }
    });
    let middle = median(&turned);
    let mut hash = Pdq::default();
    for (i, coefficient) in turned.iter().enumerate() {
        hash.0[i / 64] |= u64::from(*coefficient > middle) << (i % 64);
    }
    hash
}

/// The value in the middle of all, the lower of the two there are (Torben Mogensen's): no sum is taken.
fn median(values: &[f32; 256]) -> f32 {
    let mut sorted = *values;
    sorted.sort_unstable_by(f32::total_cmp);
    sorted[127]
}

/// Sums of what neighbours differ by, in hundredths of white, over 90.
fn quality(reduced: &[[f32; SIDE]; SIDE]) -> u8 {
    let difference = |a: f32, b: f32| (((a - b) * 100.0) / 255.0) as i32;
    let mut sum = 0;
    for (y, row) in reduced.iter().enumerate() {
        for x in 0..SIDE {
            if y + 1 < SIDE {
                sum += difference(row[x], reduced[y + 1][x]).abs();
            }
            if x + 1 < SIDE {
                sum += difference(row[x], row[x + 1]).abs();
            }
        }
    }
    (sum / 90).min(100) as u8
}

/// 64 x 64 samples of a picture that has been filtered.
#[inline(always)]
fn reduce(luma: &mut [f32], [width, height]: [usize; 2], other: &mut [f32]) -> [[f32; SIDE]; SIDE] {
    if [width, height] != [SIDE; 2] {
        let window = |length: usize| length.div_ceil(2 * SIDE);
        for _ in 0..2 {
            filter_rows(luma, width, window(width), other);
            filter_columns(other, width, window(height), luma);
        }
    }
    let middle =
        |i: usize, length: usize| ((i as f64 + 0.5) * length as f64 / SIDE as f64) as usize;
    std::array::from_fn(|y| {
        let row = &luma[middle(y, height) * width..][..width];
        std::array::from_fn(|x| row[middle(x, width)])
    })
}

/// Steps along an axis: what comes in, what goes out, and over how many the sum then is.
#[inline(always)]
fn steps(
    length: usize,
    window: usize,
) -> impl Iterator<Item = (Option<usize>, Option<usize>, usize)> {
    let ahead = (window + 2) / 2 - 1;
    (0..length).map(move |i| {
        let (first, end) = ((i + ahead + 1).saturating_sub(window), (i + ahead + 1).min(length));
        let comes = (i + ahead < length).then_some(i + ahead);
        let goes = (i + ahead >= window).then(|| i + ahead - window);
        (comes, goes, end - first)
    })
}

/// The mean of a window about each sample of each row, by a running sum.
#[inline(always)]
fn filter_rows(from: &[f32], width: usize, window: usize, to: &mut [f32]) {
    let ahead = ((window + 2) / 2 - 1).min(width);
    for (from, to) in from.chunks_exact(width).zip(to.chunks_exact_mut(width)) {
        let mut sum = 0f32;
        from[..ahead].iter().for_each(|sample| sum += sample);
        for (to, (comes, goes, count)) in to.iter_mut().zip(steps(width, window)) {
            if let Some(comes) = comes {
                sum += from[comes];
            }
            if let Some(goes) = goes {
                sum -= from[goes];
            }
            *to = sum / count as f32;
        }
    }
}

/// The same of each column, all columns side by side.
#[inline(always)]
fn filter_columns(from: &[f32], width: usize, window: usize, to: &mut [f32]) {
    let height = from.len() / width;
    let ahead = ((window + 2) / 2 - 1).min(height);
    let row = |y: usize| &from[y * width..][..width];
    let mut sums = vec![0f32; width];
    for y in 0..ahead {
        sums.iter_mut().zip(row(y)).for_each(|(sum, sample)| *sum += sample);
    }
    for (to, (comes, goes, count)) in to.chunks_exact_mut(width).zip(steps(height, window)) {
        if let Some(comes) = comes {
            sums.iter_mut().zip(row(comes)).for_each(|(sum, sample)| *sum += sample);
        }
        if let Some(goes) = goes {
            sums.iter_mut().zip(row(goes)).for_each(|(sum, sample)| *sum -= sample);
        }
        to.iter_mut().zip(&sums).for_each(|(to, sum)| *to = sum / count as f32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_back() {
        let hash = Pdq([1, 2, 3, 0xfedc_ba98_7654_3210]);
        let text = hash.to_string();
        assert!(text.starts_with("fedcba9876543210") && text.ends_with("0001"));
        assert_eq!(text.parse(), Ok(hash));
        for wrong in
            ["", "00", &text[1..], &format!("+{}", &text[1..]), &format!("é{}", &text[2..])]
        {
            assert_eq!(wrong.parse::<Pdq>(), Err(NoPdq), "{wrong}");
        }
    }
}
