//! How far a lattice is from the model it was baked from, measured at bake time.

use super::{Interpolation, Lattice, fraction_bits};
use crate::color::codes::CodeSpace;
use crate::model::lanes::ExactKernel;
use crate::workers::Stopwatch;

/// Colours that are tried. The 99.9th percentile is then that of the worst sixteen, where every
/// colour is touched.
const COLOURS: usize = 16_384;

/// Error of a lattice against the exact model, before rounding, in 8-bit codes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ErrorReport {
    /// Largest error of any component.
    pub max_codes: f64,
    /// 99.9th percentile, over the colours that the look touches, of the largest error of a colour's
    /// components.
    pub p999_codes: f64,
}

/// Colours spread over the container's gamut, with what the exact model does to them.
///
/// They are spread as pictures spread them: evenly over the directions from grey, and evenly over the
/// share of the way from grey to a colour of the cube. On photographs that share has medians from 0.2
/// to 0.65 and is above 0.9 for one pixel in a hundred. Spread evenly over the cube itself, a third of
/// the colours would lie where only signal generators go, and their errors would speak for pictures.
pub struct Probe {
    codes: [Vec<u16>; 3],
    exact: [Vec<f32>; 3],
    /// What one colour took the exact kernel, in nanoseconds on one thread.
    pub nanoseconds_per_colour: f64,
}

impl Probe {
    /// Evaluates the kernel at the probe's colours.
    pub fn new(kernel: &ExactKernel, space: &CodeSpace) -> Self {
        let max = f64::from(space.max_code());
        let mut codes = [const { Vec::new() }; 3];
        for rgb in colours() {
            let code = space.encode(rgb);
            for (component, code) in codes.iter_mut().zip(code) {
                component.push(code.round().clamp(0.0, max) as u16);
            }
        }
        let mut exact =
            [0, 1, 2].map(|i| codes[i].iter().map(|c| f32::from(*c)).collect::<Vec<_>>());
        let [x, y, z] = &mut exact;
        let start = Stopwatch::start();
        kernel.differences([x, y, z]);
        let nanoseconds_per_colour = start.elapsed().as_nanos() as f64 / COLOURS as f64;
        Self { codes, exact, nanoseconds_per_colour }
    }

    /// The error of a lattice that was baked from the probe's kernel.
    pub fn report(&self, lattice: &Lattice, interpolation: Interpolation) -> ErrorReport {
        let [x, y, z] = &self.codes;
        let mut sampled = [const { Vec::new() }; 3];
        sampled.iter_mut().for_each(|component| component.resize(COLOURS, 0i16));
        let [u, v, w] = &mut sampled;
        lattice.sample(interpolation, [x, y, z], [u, v, w]);

        let unit = 2f32.powi(-fraction_bits(lattice.depth()));
        let touched = |i: &usize| (0..3).any(|c| self.exact[c][*i] != 0.0 || sampled[c][*i] != 0);
        let error = |i: usize| {
            let each = (0..3).map(|c| (f32::from(sampled[c][i]) * unit - self.exact[c][i]).abs());
            each.fold(0.0, f32::max)
        };
        let mut errors: Vec<f32> = (0..COLOURS).filter(touched).map(error).collect();
        if errors.is_empty() {
            return ErrorReport::default();
        }
        let rank = errors.len() * 999 / 1000;
        let (_, p999, above) = errors.select_nth_unstable_by(rank, f32::total_cmp);
        let max = above.iter().fold(*p999, |max, error| max.max(*error));
        let to_8_bit = 255.0 / ((1u64 << lattice.depth()) - 1) as f64;
        let [max_codes, p999_codes] = [max, *p999].map(|error| f64::from(error) * to_8_bit);
        ErrorReport { max_codes, p999_codes }
    }
}

/// The probe's colours. Positions come from the additive recurrence in four dimensions, on powers of
/// the real root of x^5 = x + 1 (Martin Roberts, "The unreasonable effectiveness of quasirandom
/// sequences", 2018).
fn colours() -> impl Iterator<Item = [f64; 3]> {
    const ROOT: f64 = 1.167_303_978_261_418_7;
    (0..COLOURS).map(|i| {
        let at = |power: i32| (0.5 + i as f64 / ROOT.powi(power)).fract();
        let (rgb, share) = ([at(1), at(2), at(3)], at(4));
        let grey = (rgb[0] + rgb[1] + rgb[2]) / 3.0;
        rgb.map(|v| grey + (v - grey) * share)
    })
}
