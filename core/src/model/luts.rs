//! The tables of .cube files around the `f32` kernels, one colour at a time and in `f64` like the gold.
//!
//! Bakes come here, which evaluate nodes alone; frames do with `method=exact`, and where they are measured.

use std::sync::Arc;

use super::Look;
use super::outside::MOST_STEPS;
use crate::color::Triple;
use crate::color::codes::CodeSpace;
use crate::cube::Cube;

/// Colours that are worked on at a time, to do without memory of their own.
const CHUNK: usize = 64;

/// A look's tables, with the codes outside of them. Between them, codes are R'G'B' itself.
#[derive(Clone, Debug)]
pub(super) struct Luts {
    pub(super) codes: CodeSpace,
    pub(super) input: Option<Arc<Cube>>,
    pub(super) output: Option<Arc<Cube>>,
}

impl Luts {
    /// Those of a look; none where it has none.
    pub(super) fn of(look: &Look, codes: &CodeSpace) -> Option<Self> {
        let (input, output) = (look.input_lut.clone(), look.output_lut.clone());
        let has_any = input.is_some() || output.is_some();
        has_any.then_some(Self { codes: *codes, input, output })
    }

    /// Whether the attractors see other colours than the frame's.
    pub(super) fn has_input(&self) -> bool {
        self.input.is_some()
    }

    /// Codes to R'G'B' behind the input LUT, in place; those outside of [0, 1] count as the nearest inside. The three
    /// slices have one length.
    pub(super) fn see(&self, [x, y, z]: [&mut [f32]; 3]) {
        for ((x, y), z) in x.iter_mut().zip(y).zip(z) {
            let rgb = self.codes.decode([*x, *y, *z].map(f64::from));
            let seen = through(&self.input, rgb.map(|v| v.clamp(0.0, 1.0)));
            [*x, *y, *z] = seen.map(|v| v as f32);
        }
    }

    /// Differences of codes, in place of codes, where `differences` does the same for what lies between
    /// the tables. The three slices have one length. Twin of [`super::outside::continued`].
    pub(super) fn around(&self, [x, y, z]: [&mut [f32]; 3], differences: impl Fn([&mut [f32]; 3])) {
        let chunks = x.chunks_mut(CHUNK).zip(y.chunks_mut(CHUNK)).zip(z.chunks_mut(CHUNK));
        for ((x, y), z) in chunks {
            let mut colours = [Colour::default(); CHUNK];
            let colours = &mut colours[..x.len()];
            for (i, colour) in colours.iter_mut().enumerate() {
                colour.rgb = self.codes.decode([x[i], y[i], z[i]].map(f64::from));
                colour.sign = 1.0;
            }
            for _ in 0..MOST_STEPS {
                let mut seen = [[0.0f32; CHUNK]; 3];
                for (i, colour) in colours.iter().enumerate() {
                    let behind = through(&self.input, colour.inside());
                    (0..3).for_each(|c| seen[c][i] = behind[c] as f32);
                }
                let mut added = seen;
                differences(added.each_mut().map(|values| &mut values[..colours.len()]));
                for (i, colour) in colours.iter_mut().enumerate() {
                    let pulled = [0, 1, 2].map(|c| f64::from(seen[c][i]) + f64::from(added[c][i]));
                    colour.step(through(&self.output, pulled));
                }
                if colours.iter().all(|colour| colour.sign == 0.0) {
                    break;
                }
            }
            for (i, colour) in colours.iter().enumerate() {
                [x[i], y[i], z[i]] = self.codes.encode_difference(colour.sum).map(|v| v as f32);
            }
        }
    }
}

/// A colour on its way inside.
#[derive(Clone, Copy, Default)]
struct Colour {
    rgb: Triple,
    /// Of the next step; 0 once the colour has been inside.
    sign: f64,
    /// Its difference so far.
    sum: Triple,
}

impl Colour {
    fn inside(&self) -> Triple {
        self.rgb.map(|v| v.clamp(0.0, 1.0))
    }

    /// Takes in what the nearest colour inside becomes.
    fn step(&mut self, after: Triple) {
        let inside = self.inside();
        let is_outside = inside != self.rgb;
        let factor = if is_outside { 2.0 * self.sign } else { self.sign };
        self.sum = [0, 1, 2].map(|i| self.sum[i] + factor * (after[i] - inside[i]));
        self.sign = if is_outside { -self.sign } else { 0.0 };
        self.rgb = [0, 1, 2].map(|i| 2.0 * inside[i] - self.rgb[i]);
    }
}

/// R'G'B' behind a table, if there is one.
pub(super) fn through(cube: &Option<Arc<Cube>>, rgb: Triple) -> Triple {
    cube.as_ref().map_or(rgb, |cube| cube.apply(rgb))
}
