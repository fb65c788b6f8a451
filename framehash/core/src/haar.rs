//! The Haar transform of whash: eight by eight means of blocks beside their median.
//!
//! ImageHash takes the transform down to one value, which it sets to 0, transforms back, and takes three levels less.
//! All that this does to the eight by eight lowest coefficients is to shift and to scale them, so that sums of blocks
//! in integers tell the same. Only where the two in the middle are alike the rounding of each step decides, and then
//! the steps are taken as PyWavelets takes them.

use std::f64::consts::FRAC_1_SQRT_2;

/// Rows and columns of the lowest coefficients.
const SIDE: usize = 8;

/// Bits of whash for a square of samples, whose side is 8 times a power of two.
pub(crate) fn bits(samples: &[u8], side: usize) -> [bool; 64] {
    let sums = block_sums(samples, side);
    let mut sorted = sums;
    sorted.sort_unstable();
    if sorted[31] == sorted[32] {
        return bits_step_by_step(samples, side);
    }
    sums.map(|sum| 2 * sum > sorted[31] + sorted[32])
}

fn block_sums(samples: &[u8], side: usize) -> [u64; 64] {
    let block = side / SIDE;
    let mut sums = [0; 64];
    for (y, row) in samples.chunks_exact(side).enumerate() {
        for (x, part) in row.chunks_exact(block).enumerate() {
            let sum = part.iter().fold(0u32, |sum, sample| sum + u32::from(*sample));
            sums[y / block * SIDE + x] += u64::from(sum);
        }
    }
    sums
}

/// The same in the steps, and with the rounding, of PyWavelets' `wavedec2` and `waverec2`.
fn bits_step_by_step(samples: &[u8], side: usize) -> [bool; 64] {
    let mut square: Vec<f64> = samples.iter().map(|sample| f64::from(*sample) / 255.0).collect();
    let mut line = vec![0.0; side];
    let lengths: Vec<usize> = std::iter::successors(Some(side), |length| Some(length / 2))
        .take_while(|l| *l > 1)
        .collect();
    for length in &lengths {
        forth(&mut square, side, *length, &mut line);
    }
    square[0] *= 0.0;
    for length in lengths.iter().rev() {
        back(&mut square, side, *length, &mut line);
    }
    for length in lengths.iter().filter(|length| **length > SIDE) {
        forth(&mut square, side, *length, &mut line);
    }
    let lowest: [f64; 64] = std::array::from_fn(|i| square[i / SIDE * side + i % SIDE]);
    let middle = median(&lowest);
    lowest.map(|value| value > middle)
}

/// The mean of the two in the middle.
pub(crate) fn median(values: &[f64; 64]) -> f64 {
    let mut sorted = *values;
    sorted.sort_unstable_by(f64::total_cmp);
    (sorted[31] + sorted[32]) / 2.0
}

/// One level of the part of a square from its first corner on: columns, then rows, each to low values and then high
/// ones.
fn forth(square: &mut [f64], side: usize, length: usize, line: &mut [f64]) {
    const C: f64 = FRAC_1_SQRT_2;
    let half = length / 2;
    for_each_line(square, side, length, line, [true, false], |line, out| {
        for i in 0..half {
            let (first, second) = (line[2 * i], line[2 * i + 1]);
            out(i, C * second + C * first);
            out(half + i, -C * second + C * first);
        }
    });
}

/// The same back: rows, then columns.
fn back(square: &mut [f64], side: usize, length: usize, line: &mut [f64]) {
    const C: f64 = FRAC_1_SQRT_2;
    let half = length / 2;
    for_each_line(square, side, length, line, [false, true], |line, out| {
        for i in 0..half {
            let (low, high) = (line[i], line[half + i]);
            out(2 * i, C * low + C * high);
            out(2 * i + 1, C * low - C * high);
        }
    });
}

/// Replaces columns or rows, one after the other.
fn for_each_line(
    square: &mut [f64],
    side: usize,
    length: usize,
    line: &mut [f64],
    are_columns: [bool; 2],
    change: impl Fn(&[f64], &mut dyn FnMut(usize, f64)),
) {
    for are_columns in are_columns {
        let (step, next) = if are_columns { (side, 1) } else { (1, side) };
        for start in (0..length).map(|i| i * next) {
            for (i, value) in line[..length].iter_mut().enumerate() {
                *value = square[start + i * step];
            }
            change(&line[..length], &mut |i, value| square[start + i * step] = value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_agree_with_sums_where_nothing_is_alike() {
        for side in [8, 16, 64, 128] {
            let samples: Vec<u8> = (0..side * side)
                .map(|i| ((i / side * 3 + i % side * 7) * (i % 13 + 3) % 251) as u8)
                .collect();
            let mut sums = block_sums(&samples, side);
            let by_steps = bits_step_by_step(&samples, side);
            let by_sums = bits(&samples, side);
            sums.sort_unstable();
            assert!(sums[31] != sums[32], "{side}: the picture is of no use");
            assert_eq!(by_steps, by_sums, "{side}");
        }
    }
}
