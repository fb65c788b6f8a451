//! Sampling in integers: the gold of every faster kernel, which must give the same bits.

use super::{FRACTION_BITS, Interpolation, Lattice};

const ONE: i32 = 1 << FRACTION_BITS;
const HALF: i32 = ONE / 2;

impl Lattice {
    /// Differences at `codes`, in the units of the entries, rounded to nearest.
    ///
    /// All slices have one length.
    pub fn sample(&self, interpolation: Interpolation, codes: [&[u16]; 3], out: [&mut [i16]; 3]) {
        let [x, y, z] = codes;
        let [u, v, w] = out;
        let at = |i: usize| self.positions([x[i], y[i], z[i]]);
        let mut put = |i: usize, difference: [i16; 3]| [u[i], v[i], w[i]] = difference;
        // The choice is made once per call, not once per colour.
        match interpolation {
            Interpolation::Tetrahedral => {
                (0..x.len()).for_each(|i| put(i, self.tetrahedral(at(i))));
            }
            Interpolation::Trilinear => (0..x.len()).for_each(|i| put(i, self.trilinear(at(i)))),
            Interpolation::Nearest => (0..x.len()).for_each(|i| put(i, self.nearest(at(i)))),
            Interpolation::Prism => (0..x.len()).for_each(|i| put(i, self.prism(at(i)))),
        }
    }

    /// The positions of a colour's codes on the axes: the node at or below, and the fraction of the way to
    /// the next.
    #[inline(always)]
    fn positions(&self, codes: [u16; 3]) -> [(usize, i32); 3] {
        codes.map(|code| self.axis().position(code))
    }

    /// Index of the node at or below, fractions, and steps to the next node of each axis.
    #[inline(always)]
    fn locate(&self, positions: [(usize, i32); 3]) -> (usize, [i32; 3], [usize; 3]) {
        let n = self.size();
        let [(i, fx), (j, fy), (k, fz)] = positions;
        ((i * n + j) * n + k, [fx, fy, fz], [n * n, n, 1])
    }

    #[inline(always)]
    pub(super) fn tetrahedral(&self, positions: [(usize, i32); 3]) -> [i16; 3] {
        let (base, [fx, fy, fz], [sx, sy, sz]) = self.locate(positions);
        // The path from the node below to the node above goes along the largest fraction first.
        let (first, second, high, middle, low) = match (fx >= fy, fy >= fz, fx >= fz) {
            (true, true, _) => (sx, sy, fx, fy, fz),
            (true, false, true) => (sx, sz, fx, fz, fy),
            (true, false, false) => (sz, sx, fz, fx, fy),
            (false, _, true) => (sy, sx, fy, fx, fz),
            (false, true, false) => (sy, sz, fy, fz, fx),
            (false, false, false) => (sz, sy, fz, fy, fx),
        };
        let corners = [base, base + first, base + first + second, base + sx + sy + sz];
        let entries = corners.map(|corner| self.entries()[corner]);
        // Each product is rounded, so that words of 16 bits are wide enough for SIMD code. The first
        // weight, which may be 1, is taken as its negative, which fits.
        let [a, b, c, d] = [high - ONE, high - middle, middle - low, low];
        [0, 1, 2].map(|i| {
            let by = |corner: usize, weight: i32| {
                ((i32::from(entries[corner][i]) * weight + HALF) >> FRACTION_BITS) as i16
            };
            let ends = by(3, d).saturating_sub(by(0, a));
            by(1, b).saturating_add(by(2, c)).saturating_add(ends)
        })
    }

    #[inline(always)]
    fn trilinear(&self, positions: [(usize, i32); 3]) -> [i16; 3] {
        let (base, [fx, fy, fz], [sx, sy, sz]) = self.locate(positions);
        let entries = self.entries();
        let mix = |a: i32, b: i32, f: i32| a + (((b - a) * f + HALF) >> FRACTION_BITS);
        [0, 1, 2].map(|c| {
            let at = |index: usize| i32::from(entries[base + index][c]);
            let along_z = |index: usize| mix(at(index), at(index + sz), fz);
            let along_y = |index: usize| mix(along_z(index), along_z(index + sy), fy);
            mix(along_y(0), along_y(sx), fx) as i16
        })
    }

    #[inline(always)]
    pub(super) fn prism(&self, positions: [(usize, i32); 3]) -> [i16; 3] {
        let (base, fractions, steps) = self.locate(positions);
        let [line, p, q] = if self.is_ycbcr() { [0, 1, 2] } else { [1, 0, 2] };
        let (larger, smaller) = (fractions[p].max(fractions[q]), fractions[p].min(fractions[q]));
        let beside = if fractions[p] > fractions[q] { steps[p] } else { steps[q] };
        let corners = [base, base + beside, base + steps[p] + steps[q]];
        // All weights are taken as their negatives, since 1 does not fit 16 bits and -1 does. Each product
        // on the triangle is rounded to nearest, the line's sum down.
        let weights = [larger - ONE, smaller - larger, -smaller];
        let [low, high] = [fractions[line] - ONE, -fractions[line]];
        [0, 1, 2].map(|c| {
            let on_triangle = |up: usize| -> i32 {
                let each = corners.iter().zip(weights);
                each.map(|(corner, weight)| {
                    let entry = i32::from(self.entries()[corner + up][c]);
                    (entry * weight + HALF) >> FRACTION_BITS
                })
                .sum()
            };
            let sum = on_triangle(0) * low + on_triangle(steps[line]) * high;
            (sum >> FRACTION_BITS) as i16
        })
    }

    #[inline(always)]
    fn nearest(&self, positions: [(usize, i32); 3]) -> [i16; 3] {
        let (base, fractions, steps) = self.locate(positions);
        let up = |i: usize| if fractions[i] >= HALF { steps[i] } else { 0 };
        let [a, b, c, _] = self.entries()[base + up(0) + up(1) + up(2)];
        [a, b, c]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::color::codes::{CodeSpace, Range};
    use crate::lut::noise_lattice;

    /// A lattice whose entries are `f` of the node's indices.
    fn lattice(size: usize, f: impl Fn([usize; 3]) -> [i16; 3]) -> Lattice {
        let mut lattice = Lattice::zeros(&CodeSpace::full_rgb(8), size);
        lattice.fill(|nodes| {
            for (i, entry) in nodes.iter_mut().enumerate() {
                let [a, b, c] = f([i / size / size, i / size % size, i % size]);
                *entry = [a, b, c, 0];
            }
        });
        lattice
    }

    fn sample(lattice: &Lattice, interpolation: Interpolation, codes: [u16; 3]) -> [i16; 3] {
        let [mut u, mut v, mut w] = [[0], [0], [0]];
        let [x, y, z] = codes.map(|c| [c]);
        lattice.sample(interpolation, [&x, &y, &z], [&mut u, &mut v, &mut w]);
        [u[0], v[0], w[0]]
    }

    #[test]
    fn interpolation_of_a_linear_function_is_that_function() {
        // 128 units a node, at 18 nodes of 15 codes each, the last a little further.
        let linear =
            lattice(18, |[x, y, z]| [128 * x as i16, -128 * y as i16, 64 * (x + z) as i16]);
        for codes in [[0, 0, 0], [255, 255, 255], [7, 100, 33], [200, 3, 254], [15, 30, 45]] {
            for interpolation in
                [Interpolation::Tetrahedral, Interpolation::Trilinear, Interpolation::Prism]
            {
                let [x, y, z] = codes.map(|c| 128.0 * f64::from(c) / 15.0);
                let want = [x, -y, (x + z) / 2.0];
                let got = sample(&linear, interpolation, codes);
                for c in 0..3 {
                    let error = (f64::from(got[c]) - want[c]).abs();
                    // Each of up to four products is rounded, and the axis ends up to a 256th of a cell
                    // (of 128 units) late.
                    assert!(error <= 2.5, "{codes:?} {interpolation:?}: {got:?}, not {want:?}");
                }
            }
        }
    }

    #[test]
    fn nodes_come_out_exactly() {
        // At 16 bits and 17 nodes, every 4096th code is one.
        let mut noise = Lattice::zeros(&CodeSpace::full_rgb(16), 17);
        noise.fill(|nodes| {
            for (i, entry) in nodes.iter_mut().enumerate() {
                let hash = (i * 7919 % 65_535) as i32 - 32_767;
                *entry = [hash as i16, -hash as i16, (hash / 3) as i16, 0];
            }
        });
        for interpolation in [
            Interpolation::Tetrahedral,
            Interpolation::Trilinear,
            Interpolation::Nearest,
            Interpolation::Prism,
        ] {
            for node in [[0, 0, 0], [15, 15, 15], [3, 15, 0], [9, 1, 12]] {
                let [x, y, z] = node;
                let [a, b, c, _] = noise.entries()[(x * 17 + y) * 17 + z];
                let codes = node.map(|i: usize| 4096 * i as u16);
                assert_eq!(sample(&noise, interpolation, codes), [a, b, c], "{node:?}");
            }
        }
    }

    /// On a lattice of products of the first axis with the others: what is linear in each triangle of Cb
    /// and Cr and along Y', but not otherwise.
    #[test]
    fn prisms_are_linear_along_luma_and_on_triangles() {
        let range = Range { offset: [0.0, 128.0, 128.0], scale: [255.0, 254.0, 254.0] };
        let full = CodeSpace::ycbcr(8, range, 0.2126, 0.0722);
        for (codes, [line, p, q]) in [(full, [0, 1, 2]), (CodeSpace::full_rgb(8), [1, 0, 2])] {
            let noise = noise_lattice(&codes, 9);
            let entry = |node: [usize; 3]| {
                noise.entries()[(node[0] * 9 + node[1]) * 9 + node[2]].map(f64::from)
            };
            let mut worst = 0.0f64;
            for i in 0..4096u32 {
                let code = |factor: u32| (i.wrapping_mul(factor) >> 7 & 255) as u16;
                let codes = [code(40_503), code(30_011), code(52_711)];
                let at = noise.positions(codes);
                let share = |axis: usize| f64::from(at[axis].1) / 32_768.0;
                let (larger, smaller) = (share(p).max(share(q)), share(p).min(share(q)));
                let mut want = [0.0; 3];
                for (up, along) in [(0, 1.0 - share(line)), (1, share(line))] {
                    let first = usize::from(share(p) > share(q));
                    for (p_up, q_up, weight) in [
                        (0, 0, 1.0 - larger),
                        (first, 1 - first, larger - smaller),
                        (1, 1, smaller),
                    ] {
                        let mut node = at.map(|(node, _)| node);
                        node[line] += up;
                        node[p] += p_up;
                        node[q] += q_up;
                        // Beyond the last node weights are 0.
                        let entry = entry(node.map(|index| index.min(8)));
                        (0..3).for_each(|c| want[c] += along * weight * entry[c]);
                    }
                }
                let got = sample(&noise, Interpolation::Prism, codes);
                (0..3).for_each(|c| worst = worst.max((f64::from(got[c]) - want[c]).abs()));
            }
            // Three products are rounded to nearest, and their sum down.
            assert!(worst <= 2.5, "{worst}");
        }
    }

    #[test]
    fn tetrahedra_meet_without_a_step() {
        let noise = lattice(2, |[x, y, z]| [(x * 31 + y * 57 + z * 91) as i16 * 100; 3]);
        // On a face between two tetrahedra two fractions are equal; both sides must agree there.
        for a in (0..=255u16).step_by(5) {
            for b in (0..=255u16).step_by(17) {
                for (on, beside) in [
                    ([a, a, b], [a, a.saturating_sub(1), b]),
                    ([a, b, a], [a, b, a.saturating_sub(1)]),
                    ([b, a, a], [b, a.saturating_sub(1), a]),
                ] {
                    let one = sample(&noise, Interpolation::Tetrahedral, on)[0];
                    let two = sample(&noise, Interpolation::Tetrahedral, beside)[0];
                    // One code along an axis moves the result by at most the steepest edge, 35.7; each
                    // of both results has four products that are rounded.
                    assert!((one - two).abs() <= 40, "{on:?} {one} {two}");
                }
            }
        }
    }
}
