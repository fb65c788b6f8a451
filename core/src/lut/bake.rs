//! From the model to a lattice.

use super::{LARGEST_ENTRY, Lattice, fraction_bits};
use crate::color::codes::CodeSpace;
use crate::model::lanes::ExactKernel;
use crate::workers::Team;

/// The lattice of a kernel: the exact model at every node, by a team.
pub fn bake(kernel: &ExactKernel, codes: &CodeSpace, size: usize, team: Team) -> Lattice {
    bake_while(kernel, codes, size, team, &|| true)
}

/// The same for as long as it is wanted: once `is_wanted` says no, what is returned is of no use.
pub(super) fn bake_while(
    kernel: &ExactKernel,
    codes: &CodeSpace,
    size: usize,
    team: Team,
    is_wanted: &(dyn Fn() -> bool + Sync),
) -> Lattice {
    let mut lattice = Lattice::zeros(codes, size);
    let axis = lattice.axis();
    let slab = size * size;
    let unit = 2f32.powi(fraction_bits(codes.depth));
    let node = |index: usize| axis.node(index) as f32;
    lattice.fill_slabs(team, |i, entries| {
        if !is_wanted() {
            return;
        }
        let mut x = vec![node(i); slab];
        let mut y: Vec<f32> = (0..slab).map(|j| node(j / size)).collect();
        let mut z: Vec<f32> = (0..slab).map(|j| node(j % size)).collect();
        kernel.differences([&mut x, &mut y, &mut z]);
        for (j, entry) in entries.iter_mut().enumerate() {
            *entry = [quantize(x[j], unit), quantize(y[j], unit), quantize(z[j], unit), 0];
        }
    });
    lattice
}

/// A difference in codes as an entry: rounded to nearest, limited to [`LARGEST_ENTRY`].
#[inline(always)]
pub(crate) fn quantize(difference: f32, unit: f32) -> i16 {
    // Where a float has no digits left after the point, addition rounds to nearest, ties to even: one
    // instruction on every CPU, where `round_ties_even` is a call on some. Differences are far below 2^22.
    const NO_FRACTION: f32 = 12_582_912.0;
    (((difference * unit + NO_FRACTION) - NO_FRACTION) as i16).clamp(-LARGEST_ENTRY, LARGEST_ENTRY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_rounded_to_nearest_ties_to_even_and_saturated() {
        for step in -270_000i32..270_000 {
            let difference = step as f32 / 1024.0;
            let want = (difference * 128.0).round_ties_even() as i16;
            assert_eq!(
                quantize(difference, 128.0),
                want.clamp(-LARGEST_ENTRY, LARGEST_ENTRY),
                "{difference}"
            );
        }
        assert_eq!(quantize(f32::NAN, 128.0), 0);
    }
}
