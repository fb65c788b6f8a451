//! Dither: a threshold for each place of the picture instead of rounding to nearest, so that what lies
//! between two codes shows as a mixture of both.

use super::BLOCK;
use super::finish::Finish;
use crate::workers::{Level, in_loops};

/// Where the thresholds come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Dither {
    /// Codes are rounded to nearest.
    #[default]
    None = 0,
    /// A Bayer matrix of 8x8.
    Ordered = 1,
    /// A matrix of 64x64 without low frequencies.
    BlueNoise = 2,
}

/// Edge of both matrices as they are stored.
const EDGE: usize = 64;

type Matrix = [[u8; EDGE]; EDGE];

/// From `examples/blue_noise.rs`.
static BLUE_NOISE: Matrix = {
    let bytes = include_bytes!("blue_noise.raw");
    let mut matrix = [[0; EDGE]; EDGE];
    let mut i = 0;
    while i < EDGE * EDGE {
        matrix[i / EDGE][i % EDGE] = bytes[i];
        i += 1;
    }
    matrix
};

/// Bayer's matrix ("An optimum method for two-level rendition of continuous-tone pictures", 1973): the
/// bits of x ^ y and of y, alternately, the lowest first.
static ORDERED: Matrix = {
    let mut matrix = [[0; EDGE]; EDGE];
    let mut i = 0;
    while i < EDGE * EDGE {
        let (x, y) = (i % 8, i / EDGE % 8);
        let mut rank = 0;
        let mut bit = 0;
        while bit < 3 {
            rank = rank << 2 | ((x ^ y) >> bit & 1) << 1 | y >> bit & 1;
            bit += 1;
        }
        // 0 to 63 as the middles of 64 parts of 256.
        matrix[i / EDGE][i % EDGE] = (4 * rank + 2) as u8;
        i += 1;
    }
    matrix
};

/// Bytes of a matrix.
#[cfg(feature = "shaders")]
pub(super) const MATRIX_BYTES: usize = EDGE * EDGE;

/// All matrices, row after row, one after the other.
#[cfg(feature = "shaders")]
pub fn matrices() -> Vec<u8> {
    [&ORDERED, &BLUE_NOISE].into_iter().flatten().flatten().copied().collect()
}

impl Dither {
    /// Which of [`matrices`] is taken, if any.
    #[cfg(feature = "shaders")]
    pub(super) fn matrix_index(self) -> Option<usize> {
        match self {
            Self::None => None,
            Self::Ordered => Some(0),
            Self::BlueNoise => Some(1),
        }
    }

    fn matrix(self) -> Option<&'static Matrix> {
        match self {
            Self::None => None,
            Self::Ordered => Some(&ORDERED),
            Self::BlueNoise => Some(&BLUE_NOISE),
        }
    }

    /// Moves differences so that rounding to nearest becomes rounding by the thresholds of a row of a
    /// component, from a column on. A difference of whole codes still leads to the same code. Gives what
    /// is to be stored, and how; `None` where nothing is moved.
    pub(super) fn moved(
        self,
        level: Level,
        finish: &Finish,
        [component, row, column]: [usize; 3],
        differences: &[i16],
        out: &mut [i16; BLOCK],
    ) -> Option<Finish> {
        let matrix = self.matrix()?;
        let fraction = finish.fraction_bits()?;
        // Each component has thresholds of its own, so that they do not all go up together.
        let [right, down] = [[0, 0], [21, 37], [43, 11]][component];
        let thresholds = &matrix[(row + down) % EDGE];
        let start = (column + right) % EDGE;
        in_loops!(level, {
            let half = 1i16 << fraction >> 1;
            let row: [i16; EDGE] = std::array::from_fn(|i| {
                ((u16::from(thresholds[i]) << fraction) >> 8) as i16 - half
            });
            let mut done = 0;
            while done < differences.len() {
                let row = &row[(start + done) % EDGE..];
                let each = out[done..].iter_mut().zip(&differences[done..]).zip(row);
                let count = each.len();
                each.for_each(|((out, difference), threshold)| {
                    *out = finish.share(*difference).saturating_add(*threshold);
                });
                done += count;
            }
        });
        Some(finish.of_all())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_threshold_of_bayers_matrix_is_there_once() {
        let mut seen: Vec<u8> = ORDERED[..8].iter().flat_map(|row| row[..8].to_vec()).collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..64).map(|i| 4 * i + 2).collect::<Vec<u8>>());
        // The best known corner, in units of 1/64.
        let corner = [0, 1].map(|y| [0, 1].map(|x| ORDERED[y][x] / 4));
        assert_eq!(corner, [[0, 32], [48, 16]]);
    }

    /// Over the whole matrix the average is the difference itself, and whole codes stay whole.
    #[test]
    fn averages_are_kept_and_whole_codes_exact() {
        for dither in [Dither::Ordered, Dither::BlueNoise] {
            for depth in [8, 10, 12] {
                let finish = Finish::new(depth, 1.0);
                let unit = 1i16 << (15 - depth);
                for difference in [0, unit, -3 * unit, unit / 4, -unit / 2, 5 * unit + unit / 2] {
                    for component in 0..3 {
                        let mut sum = 0f64;
                        for row in 0..EDGE {
                            let mut out = [0; BLOCK];
                            let at = [component, row, 7];
                            let differences = [difference; EDGE];
                            let finish = dither
                                .moved(Level::new(), &finish, at, &differences, &mut out)
                                .expect("a depth with a fraction");
                            for moved in &out[..EDGE] {
                                let code = finish.code(100, *moved);
                                if difference % unit == 0 {
                                    assert_eq!(i32::from(code), 100 + i32::from(difference / unit));
                                }
                                sum += f64::from(code) - 100.0;
                            }
                        }
                        let average = sum / (EDGE * EDGE) as f64;
                        let want = f64::from(difference) / f64::from(unit);
                        // As fine as the thresholds: 64 or more of them.
                        assert!(
                            (average - want).abs() <= 1.0 / 64.0,
                            "{dither:?} {depth}: {average}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn mix_comes_before_the_threshold() {
        let finish = Finish::new(8, 0.5);
        let mut out = [0; BLOCK];
        let moved = Dither::Ordered
            .moved(Level::new(), &finish, [0, 0, 0], &[1024; 64], &mut out)
            .expect("thresholds");
        assert!(out[..64].iter().all(|difference| moved.code(100, *difference) == 104));
        assert!(Dither::None.moved(Level::new(), &finish, [0; 3], &[1], &mut out).is_none());
        let deep = Finish::new(16, 1.0);
        assert!(Dither::Ordered.moved(Level::new(), &deep, [0; 3], &[1], &mut out).is_none());
    }
}
