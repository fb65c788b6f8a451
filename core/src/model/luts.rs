//! The tables of .cube files around the `f32` kernels, one colour at a time and in `f64` like the gold.
//!
//! Bakes come here, which evaluate nodes alone; frames do with `method=exact`, and where they are measured.

use std::sync::Arc;

use super::Look;
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

    /// R'G'B' of a colour in codes, before and behind the input LUT.
    fn enter(&self, codes: Triple) -> [Triple; 2] {
        let rgb = self.codes.decode(codes);
        [rgb, through(&self.input, rgb)]
    }

    /// Codes to R'G'B' behind the input LUT, in place. The three slices have one length.
    pub(super) fn see(&self, [x, y, z]: [&mut [f32]; 3]) {
        for ((x, y), z) in x.iter_mut().zip(y).zip(z) {
            let [_, seen] = self.enter([*x, *y, *z].map(f64::from));
            [*x, *y, *z] = seen.map(|v| v as f32);
        }
    }

    /// Differences of codes, in place of codes, where `differences` does the same for what lies between
    /// the tables. The three slices have one length.
    pub(super) fn around(&self, [x, y, z]: [&mut [f32]; 3], differences: impl Fn([&mut [f32]; 3])) {
        let chunks = x.chunks_mut(CHUNK).zip(y.chunks_mut(CHUNK)).zip(z.chunks_mut(CHUNK));
        for ((x, y), z) in chunks {
            let mut before = [[0.0; 3]; CHUNK];
            let mut seen = [[0.0f32; CHUNK]; 3];
            for i in 0..x.len() {
                let [rgb, behind] = self.enter([x[i], y[i], z[i]].map(f64::from));
                before[i] = rgb;
                (0..3).for_each(|c| seen[c][i] = behind[c] as f32);
            }
            let mut added = seen;
            differences(added.each_mut().map(|values| &mut values[..x.len()]));
            for i in 0..x.len() {
                let pulled = [0, 1, 2].map(|c| f64::from(seen[c][i]) + f64::from(added[c][i]));
                let after = through(&self.output, pulled);
                let moved = [0, 1, 2].map(|c| after[c] - before[i][c]);
                [x[i], y[i], z[i]] = self.codes.encode_difference(moved).map(|v| v as f32);
            }
        }
    }
}

/// R'G'B' behind a table, if there is one.
pub(super) fn through(cube: &Option<Arc<Cube>>, rgb: Triple) -> Triple {
    cube.as_ref().map_or(rgb, |cube| cube.apply(rgb))
}
