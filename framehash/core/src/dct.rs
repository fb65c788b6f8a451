//! The cosine transform of 32 samples as SciPy has it, to the last bit.
//!
//! SciPy's is pocketfft's: a real Fourier transform, backwards, between two steps that make it a cosine transform
//! (Makhoul 1980). On flat, striped or symmetric pictures most coefficients are 0 there, and so is their median: only
//! the same order of operations has the same bits on either side of it. The factors are 2, 4 and 4, as FFTPACK's
//! (Swarztrauber 1982) go through them.

use std::f64::consts::{PI, SQRT_2};

/// Samples of a transform.
pub(crate) const LENGTH: usize = 32;

/// A line of samples, or of coefficients.
pub(crate) type Line = [f64; LENGTH];

/// What the transform multiplies by.
#[derive(Clone, Debug)]
pub(crate) struct Dct {
    /// Cosines of (i + 1) / 128 of a turn.
    cosines: Line,
    /// Cosines and sines, in turn, of the first step's 15 angles.
    first: [f64; 15],
    /// The same of the second step's three times three.
    second: [[f64; 3]; 3],
}

/// Cosines and sines of multiples of a turn's `n`th part, as products of those of two tables, which is how pocketfft
/// keeps them.
struct Turns {
    n: usize,
    shift: u32,
    fine: Vec<[f64; 2]>,
    coarse: Vec<[f64; 2]>,
}

impl Turns {
    fn new(n: usize) -> Self {
        let count = (n + 2) / 2;
        let mut shift = 1;
        while (1usize << shift) * (1 << shift) < count {
            shift += 1;
        }
        let size = 1 << shift;
        let table = |length: usize, step: usize| {
            let each =
                (0..length).map(|i| if i == 0 { [1.0, 0.0] } else { Self::direct(i * step, n) });
            each.collect()
        };
        Self { n, shift, fine: table(size, 1), coarse: table(count.div_ceil(size), size) }
    }

    /// From an angle of up to an eighth of a turn.
    fn direct(i: usize, n: usize) -> [f64; 2] {
        let angle = 0.25 * PI / n as f64;
        let of = |x: usize| {
            let (sin, cos) = (x as f64 * angle).sin_cos();
            [cos, sin]
        };
        let x = 8 * i;
        // Angles up to half a turn are all that is asked for.
        match x / n {
            0 => of(x),
            1 => {
                let [cos, sin] = of(2 * n - x);
                [sin, cos]
            }
            2 => {
                let [cos, sin] = of(x - 2 * n);
                [-sin, cos]
            }
            _ => {
                let [cos, sin] = of(4 * n - x);
                [-cos, sin]
            }
        }
    }

    fn at(&self, i: usize) -> [f64; 2] {
        let is_beyond = 2 * i > self.n;
        let i = if is_beyond { self.n - i } else { i };
        let [a, b] = self.fine[i & ((1 << self.shift) - 1)];
        let [c, d] = self.coarse[i >> self.shift];
        let (cos, sin) = (a * c - b * d, a * d + b * c);
        [cos, if is_beyond { -sin } else { sin }]
    }
}

impl Dct {
    pub(crate) fn new() -> Self {
        let (quarter, turns) = (Turns::new(4 * LENGTH), Turns::new(LENGTH));
        let mut first = [0.0; 15];
        for i in 1..=7 {
            [first[2 * i - 2], first[2 * i - 1]] = turns.at(i);
        }
        let second = [1, 2, 3].map(|j| {
            let [cos, sin] = turns.at(2 * j);
            [cos, sin, 0.0]
        });
        Self { cosines: std::array::from_fn(|i| quarter.at(i + 1)[0]), first, second }
    }

    /// Coefficients of DCT-II without a factor of norm: twice the sum of samples by cosines.
    pub(crate) fn transform(&self, line: &mut Line) {
        let half = LENGTH / 2;
        line[0] *= 2.0;
        line[LENGTH - 1] *= 2.0;
        for k in (1..LENGTH - 1).step_by(2) {
            let (a, b) = (line[k + 1], line[k]);
            line[k + 1] = a - b;
            line[k] = a + b;
        }
        self.backwards(line);
        for k in 1..half {
            let other = LENGTH - k;
            let (near, far) = (self.cosines[k - 1], self.cosines[other - 1]);
            let sum = near * line[other] + far * line[k];
            let difference = near * line[k] - far * line[other];
            line[k] = 0.5 * (sum + difference);
            line[other] = 0.5 * (sum - difference);
        }
        line[half] *= self.cosines[half - 1];
    }

    /// A real Fourier transform, backwards.
    fn backwards(&self, line: &mut Line) {
        let mut other = [0.0; LENGTH];
        self.by_two(line, &mut other);
        self.by_four(&other, line);
        last_by_four(line, &mut other);
        *line = other;
    }

    /// The first factor, 2, of 16 values each.
    fn by_two(&self, from: &Line, to: &mut Line) {
        const IDO: usize = 16;
        let cc = |a: usize, b: usize| from[a + IDO * b];
        [to[0], to[IDO]] = plus_minus(cc(0, 0), cc(IDO - 1, 1));
        to[IDO - 1] = 2.0 * cc(IDO - 1, 0);
        to[2 * IDO - 1] = -2.0 * cc(0, 1);
        for i in (2..IDO).step_by(2) {
            let back = IDO - i;
            let (real, imaginary);
            [to[i - 1], real] = plus_minus(cc(i - 1, 0), cc(back - 1, 1));
            [imaginary, to[i]] = plus_minus(cc(i, 0), cc(back, 1));
            let turn = [self.first[i - 2], self.first[i - 1]];
            [to[i + IDO], to[i - 1 + IDO]] = turned(turn, imaginary, real);
        }
    }

    /// The second factor, 4, of 4 values each, twice.
    fn by_four(&self, from: &Line, to: &mut Line) {
        const IDO: usize = 4;
        const L1: usize = 2;
        for k in 0..L1 {
            let cc = |a: usize, b: usize| from[a + IDO * (b + 4 * k)];
            let at = |a: usize, c: usize| a + IDO * (k + L1 * c);
            let [sum, difference] = plus_minus(cc(0, 0), cc(IDO - 1, 3));
            let (second, third) = (2.0 * cc(IDO - 1, 1), 2.0 * cc(0, 2));
            [to[at(0, 0)], to[at(0, 2)]] = plus_minus(sum, second);
            [to[at(0, 3)], to[at(0, 1)]] = plus_minus(difference, third);

            let [ti1, ti2] = plus_minus(cc(0, 3), cc(0, 1));
            let [tr2, tr1] = plus_minus(cc(IDO - 1, 0), cc(IDO - 1, 2));
            to[at(IDO - 1, 0)] = tr2 + tr2;
            to[at(IDO - 1, 1)] = SQRT_2 * (tr1 - ti1);
            to[at(IDO - 1, 2)] = ti2 + ti2;
            to[at(IDO - 1, 3)] = -SQRT_2 * (tr1 + ti1);

            let (i, back) = (2, IDO - 2);
            let [tr2, tr1] = plus_minus(cc(i - 1, 0), cc(back - 1, 3));
            let [ti1, ti2] = plus_minus(cc(i, 0), cc(back, 3));
            let [tr4, ti3] = plus_minus(cc(i, 2), cc(back, 1));
            let [tr3, ti4] = plus_minus(cc(i - 1, 2), cc(back - 1, 1));
            let (cr3, ci3);
            [to[at(i - 1, 0)], cr3] = plus_minus(tr2, tr3);
            [to[at(i, 0)], ci3] = plus_minus(ti2, ti3);
            let [cr4, cr2] = plus_minus(tr1, tr4);
            let [ci2, ci4] = plus_minus(ti1, ti4);
            for (j, (ci, cr)) in [(ci2, cr2), (ci3, cr3), (ci4, cr4)].into_iter().enumerate() {
                let turn = [self.second[j][0], self.second[j][1]];
                [to[at(i, j + 1)], to[at(i - 1, j + 1)]] = turned(turn, ci, cr);
            }
        }
    }
}

/// The last factor, 4, of one value each, eight times.
fn last_by_four(from: &Line, to: &mut Line) {
    const L1: usize = 8;
    for k in 0..L1 {
        let [a, b, c, d] = [0, 1, 2, 3].map(|i| from[4 * k + i]);
        let [sum, difference] = plus_minus(a, d);
        let (second, third) = (2.0 * b, 2.0 * c);
        [to[k], to[k + 2 * L1]] = plus_minus(sum, second);
        [to[k + 3 * L1], to[k + L1]] = plus_minus(difference, third);
    }
}

#[inline(always)]
fn plus_minus(a: f64, b: f64) -> [f64; 2] {
    [a + b, a - b]
}

/// Imaginary and real part of a number, turned by an angle.
#[inline(always)]
fn turned([cos, sin]: [f64; 2], imaginary: f64, real: f64) -> [f64; 2] {
    [cos * imaginary + sin * real, cos * real - sin * imaginary]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coefficients_are_sums_by_cosines() {
        let samples: Line = std::array::from_fn(|i| (i * 37 % 101) as f64);
        let mut line = samples;
        Dct::new().transform(&mut line);
        for (k, got) in line.iter().enumerate() {
            let term = |(i, sample): (usize, &f64)| {
                sample * (PI * (2 * i + 1) as f64 * k as f64 / (2 * LENGTH) as f64).cos()
            };
            let want = 2.0 * samples.iter().enumerate().map(term).sum::<f64>();
            // Sums of 32 products of up to 101, in f64.
            assert!((got - want).abs() < 1e-10, "{k}: {got}, {want} is right");
        }
    }

    #[test]
    fn what_is_flat_has_no_other_coefficient() {
        let mut line = [77.0; LENGTH];
        Dct::new().transform(&mut line);
        assert_eq!(line[0], 2.0 * 32.0 * 77.0);
        assert!(line[1..].iter().all(|coefficient| *coefficient == 0.0));
    }
}
