//! Colours outside of R'G'B' in [0, 1], for which codes of Y'CbCr and of limited ranges can stand.
//!
//! There a transform f is continued by odd reflection at the nearest colour c inside, component by component:
//! f(x) = 2 f(c) - f(2c - x). So an identity stays one, what makes all colours black makes these black, and what makes
//! them grey makes these grey, and there is no seam. Where 2c - x is outside as well, f(2c - x) is found in the same
//! way.
//!
//! For differences d(x) = f(x) - x that is d(x) = 2 d(c) - d(2c - x), which [`Step`] takes apart.

use crate::color::Triple;

/// Most steps that any code needs: R'G'B' that it stands for is within [-1.2, 2.2].
pub(super) const MOST_STEPS: usize = 3;

/// The difference of a colour, given those of the colours inside.
pub(super) fn continued(mut rgb: Triple, difference: impl Fn(Triple) -> Triple) -> Triple {
    let (mut sum, mut sign) = ([0.0; 3], 1.0);
    for _ in 0..MOST_STEPS {
        let inside = rgb.map(|v| v.clamp(0.0, 1.0));
        let is_outside = inside != rgb;
        let factor = if is_outside { 2.0 * sign } else { sign };
        let added = difference(inside);
        sum = [0, 1, 2].map(|i| sum[i] + factor * added[i]);
        if !is_outside {
            break;
        }
        rgb = [0, 1, 2].map(|i| 2.0 * inside[i] - rgb[i]);
        sign = -sign;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn continue_f(rgb: Triple, f: impl Fn(Triple) -> Triple) -> Triple {
        let moved = continued(rgb, |rgb| {
            let out = f(rgb);
            [0, 1, 2].map(|i| out[i] - rgb[i])
        });
        [0, 1, 2].map(|i| rgb[i] + moved[i])
    }

    /// Inside, beyond each end, and beyond the reflection of one.
    const COLOURS: [Triple; 5] =
        [[0.2, 0.5, 0.9], [1.1, 0.5, -0.2], [1.5, 1.5, 1.5], [2.14, 0.1, -1.1], [-1.0, 2.0, 0.0]];

    #[test]
    fn an_identity_stays_one_black_stays_black_and_grey_grey() {
        for rgb in COLOURS {
            assert_eq!(continue_f(rgb, |rgb| rgb), rgb);
            let black = continue_f(rgb, |_| [0.0; 3]);
            assert!(black.iter().all(|v| v.abs() < 1e-12), "{rgb:?}: {black:?}");
            let grey = continue_f(rgb, |[r, g, b]| [(r + g + b) / 3.0; 3]);
            assert!(grey.iter().all(|v| (v - grey[0]).abs() < 1e-12), "{rgb:?}: {grey:?}");
        }
    }

    #[test]
    fn outside_is_the_odd_reflection_of_inside() {
        let square = |rgb: Triple| rgb.map(|v| v * v);
        // 2 * 1 - 0.9^2, 0.5^2, 2 * 0 - 0.2^2.
        let [r, g, b] = continue_f([1.1, 0.5, -0.2], square);
        let want = [1.19, 0.25, -0.04];
        (0..3).for_each(|i| assert!(([r, g, b][i] - want[i]).abs() < 1e-12, "{r} {g} {b}"));
    }

    /// Twice reflected: codes go no farther.
    #[test]
    fn as_many_steps_are_enough_for_every_code() {
        use crate::color::codes::{CodeSpace, Range};
        let full = Range { offset: [0.0, 128.0, 128.0], scale: [255.0; 3] };
        let limited = Range { offset: [16.0, 128.0, 128.0], scale: [219.0, 224.0, 224.0] };
        for (range, [kr, kb]) in [full, limited].into_iter().flat_map(|range| {
            [[0.299, 0.114], [0.2126, 0.0722], [0.2627, 0.0593], [0.212, 0.087], [0.3, 0.11]]
                .map(|weights| (range, weights))
        }) {
            let codes = CodeSpace::ycbcr(8, range, kr, kb);
            for corner in 0..8 {
                let at = [0, 1, 2].map(|i| if corner >> i & 1 == 1 { 255.0 } else { 0.0 });
                for v in codes.decode(at) {
                    assert!((-2.0..=3.0).contains(&v), "{kr} {kb} {at:?}: {v}");
                }
            }
        }
    }
}
