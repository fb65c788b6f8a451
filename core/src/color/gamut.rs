//! Bringing colours into the gamut of the container by reducing chroma at constant L and hue.
//!
//! On the ray from grey (L, 0, 0) to (L, a, b) each cube root of a cone response is linear in the
//! position t, so each linear RGB channel is a cubic in t. The boundary is found on those cubics by
//! bisection; that works for every set of primaries, and finds the same crossing as the oracle where
//! there are several. That is so near blue alone (hue 264 in sRGB, 245 in BT.2020), whose ray leaves the gamut by up
//! to 0.009 of an encoded channel and comes back: a colour there that is moved outside by however little ends up at
//! the first crossing, at 0.85 of its chroma. It is the one place where the model has a step, and no mapping at
//! constant L and hue is without it: see "The step at blue" in `docs/numerics.md`.

use super::oklab::RgbSpace;
use super::{Triple, mul_vec, transfer};

/// How far outside [0, 1] an encoded channel still counts as inside, in the smooth model.
pub const SLACK: f64 = 1e-6;

/// The same in the classic model, whose oracle is stricter.
pub const SLACK_CLASSIC: f64 = 1e-7;

/// Length of the last bracket of the bisection, in units of chroma.
const EPSILON: f64 = 1e-9;

/// Coefficients c0 to c3 of the three channels' cubics along the ray to `lab`.
pub fn ray_cubics(space: &RgbSpace, lab: Triple) -> [[f64; 4]; 3] {
    let at_grey = space.lab_to_roots.map(|row| row[0] * lab[0]);
    let slope = space.lab_to_roots.map(|row| row[1] * lab[1] + row[2] * lab[2]);
    space.lms_to_rgb.map(|row| {
        let mut c = [0.0; 4];
        for i in 0..3 {
            let (g, s) = (at_grey[i], slope[i]);
            c[0] += row[i] * g * g * g;
            c[1] += row[i] * 3.0 * g * g * s;
            c[2] += row[i] * 3.0 * g * s * s;
            c[3] += row[i] * s * s * s;
        }
        c
    })
}

/// `lab` with its chroma reduced until it lies in the gamut; unchanged where it already does. A
/// channel of encoded R'G'B' may be outside [0, 1] by `slack`.
///
/// The result is within `EPSILON` of the boundary. A colour whose grey is outside (L outside
/// [0, 1]) comes back grey.
pub fn reduce_chroma(space: &RgbSpace, lab: Triple, slack: f64) -> Triple {
    let (low, high) = (-slack / 12.92, transfer::decode(1.0 + slack));
    let inside = |rgb: Triple| rgb.iter().all(|&v| v >= low && v <= high);
    if inside(mul_vec(&space.lms_to_rgb, mul_vec(&space.lab_to_roots, lab).map(|r| r * r * r))) {
        return lab;
    }
    let cubics = ray_cubics(space, lab);
    let epsilon = EPSILON / lab[1].hypot(lab[2]).max(EPSILON);
    let (mut t_in, mut t_out) = (0.0, 1.0);
    while t_out - t_in > epsilon {
        let t = 0.5 * (t_in + t_out);
        if inside(cubics.map(|c| c[0] + t * (c[1] + t * (c[2] + t * c[3])))) {
            t_in = t;
        } else {
            t_out = t;
        }
    }
    [lab[0], lab[1] * t_in, lab[2] * t_in]
}

#[cfg(test)]
mod tests {
    use super::super::oklab::Primaries;
    use super::*;

    #[test]
    fn result_lies_on_the_boundary_and_keeps_lightness_and_hue() {
        for primaries in [Primaries::BT709, Primaries::BT2020] {
            let space = RgbSpace::new(&primaries);
            for l in 1..20 {
                for h in 0..72 {
                    let (l, h) = (f64::from(l) / 20.0, f64::from(h * 5).to_radians());
                    let lab = [l, 0.5 * h.cos(), 0.5 * h.sin()];
                    let out = reduce_chroma(&space, lab, SLACK);
                    assert_eq!(out[0], l);
                    assert!((out[1] * lab[2] - out[2] * lab[1]).abs() < 1e-12);
                    let encoded = space.oklab_to_linear(out).map(transfer::encode);
                    let excess = encoded.iter().map(|v| (-v).max(v - 1.0)).fold(f64::MIN, f64::max);
                    assert!(excess.abs() <= 1e-5, "{lab:?} -> {encoded:?}");
                }
            }
        }
    }

    /// What `docs/numerics.md` says of the step.
    #[test]
    fn the_gamut_is_hollow_at_blue() {
        // The hues of blue and of the far end of the hollow, chroma where it begins and ends, and the depth.
        for (primaries, hues, chroma, depth) in [
            (Primaries::BT709, [264.052, 264.21], [0.2656, 0.3132], 0.0091),
            (Primaries::BT2020, [245.067, 245.28], [0.3310, 0.3828], 0.0055),
        ] {
            let space = RgbSpace::new(&primaries);
            let blue = space.linear_to_oklab([0.0, 0.0, 1.0]);
            let at = |hue: f64, chroma: f64| {
                let hue = hue.to_radians();
                [blue[0], chroma * hue.cos(), chroma * hue.sin()]
            };
            let lowest = |lab: Triple| {
                space
                    .oklab_to_linear(lab)
                    .into_iter()
                    .map(transfer::encode)
                    .fold(f64::MAX, f64::min)
            };
            let hue = blue[2].atan2(blue[1]).to_degrees().rem_euclid(360.0);
            assert!((hue - hues[0]).abs() < 0.01, "{hue}");
            assert!((blue[1].hypot(blue[2]) - chroma[1]).abs() < 1e-4, "{blue:?}");
            let between = |share: f64| chroma[0] + share * (chroma[1] - chroma[0]);
            let ray: Vec<f64> =
                (1..100).map(|i| lowest(at(hue, between(f64::from(i) / 100.0)))).collect();
            assert!(ray.iter().all(|v| *v < -SLACK), "{ray:?}");
            let deepest = ray.iter().copied().fold(f64::MAX, f64::min);
            assert!((deepest + depth).abs() < 2e-4, "{deepest}");
            // Blue stays, what lies beside it does not.
            let end =
                |lab| reduce_chroma(&space, lab, SLACK)[1..].iter().map(|v| v * v).sum::<f64>();
            assert_eq!(reduce_chroma(&space, blue, SLACK), blue);
            let beside = end(at(hue - 1e-3, chroma[1])).sqrt();
            assert!((beside - chroma[0]).abs() < 1e-3, "{beside}");
            // Beyond the hollow the ray leaves the gamut once.
            let beyond = end(at(hues[1] + 0.05, 0.5)).sqrt();
            assert!((beyond - chroma[1]).abs() < 2e-3, "{beyond}");
        }
    }

    #[test]
    fn inside_is_untouched() {
        let space = RgbSpace::new(&Primaries::BT709);
        let lab = space.linear_to_oklab([0.3, 0.4, 0.5]);
        assert_eq!(reduce_chroma(&space, lab, SLACK), lab);
    }
}
