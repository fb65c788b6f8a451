//! The `f32` twins of this module over SIMD lanes.
//!
//! Polynomials are Chebyshev interpolants on the stated interval; their stated error is the largest
//! difference to the function over 200,001 points, and a test holds them to it.

use fearless_simd::{Simd, SimdBase, SimdFloat, SimdInt, prelude::*};

use super::gamut::SLACK;
use super::{Matrix, Triple};

/// Native `f32` lanes.
pub type F<S> = <S as Simd>::f32s;
/// Three components, each in lanes.
pub type F3<S> = [F<S>; 3];
/// A lane mask of `f32` lanes.
pub type Mask<S> = <F<S> as SimdBase<S>>::Mask;

/// A 3x3 matrix in `f32`, row-major.
pub type Matrix32 = [[f32; 3]; 3];

/// The matrix rounded to `f32`.
pub fn matrix32(m: &Matrix) -> Matrix32 {
    m.map(|row| row.map(|v| v as f32))
}

/// The triple rounded to `f32`.
pub fn triple32(v: Triple) -> [f32; 3] {
    v.map(|v| v as f32)
}

/// The same number in every lane.
#[inline(always)]
pub fn splat<S: Simd>(simd: S, value: f32) -> F<S> {
    value.simd_into(simd)
}

/// `f` of each component.
///
/// The array's own `map` is not always inlined; what is not inlined is compiled without the SIMD
/// level's instructions.
#[inline(always)]
pub fn map3<T: Copy, U>(v: [T; 3], f: impl Fn(T) -> U) -> [U; 3] {
    [f(v[0]), f(v[1]), f(v[2])]
}

/// `row . v`.
#[inline(always)]
pub fn dot<S: Simd>(row: [f32; 3], v: F3<S>) -> F<S> {
    v[0] * row[0] + v[1] * row[1] + v[2] * row[2]
}

/// `m * v`.
#[inline(always)]
pub fn mul_vec<S: Simd>(m: &Matrix32, v: F3<S>) -> F3<S> {
    [dot::<S>(m[0], v), dot::<S>(m[1], v), dot::<S>(m[2], v)]
}

/// `m * v + offset`.
#[inline(always)]
pub fn affine<S: Simd>(m: &Matrix32, offset: &[f32; 3], v: F3<S>) -> F3<S> {
    let product = mul_vec::<S>(m, v);
    [product[0] + offset[0], product[1] + offset[1], product[2] + offset[2]]
}

/// `v` limited to [0, 1]; NaN becomes 0.
#[inline(always)]
pub fn clamp01<S: Simd>(v: F<S>) -> F<S> {
    v.max(0.0).min(1.0)
}

/// A polynomial by Horner's rule, lowest coefficient first.
#[inline(always)]
pub fn polynomial<S: Simd, const N: usize>(simd: S, coefficients: &[f32; N], x: F<S>) -> F<S> {
    let mut sum = splat(simd, coefficients[N - 1]);
    for c in coefficients[..N - 1].iter().rev() {
        sum = sum.mul_add(x, *c);
    }
    sum
}

/// ((v + 0.055) / 1.055)^2.4 on [0.04045, 1], error below 4e-7.
const DECODE: [f32; 10] = [
    0.000_847_171_46,
    0.035_643_925,
    0.479_636_8,
    0.908_618_1,
    -1.069_157_7,
    1.473_531_1,
    -1.554_816_6,
    1.095_447_2,
    -0.451_620_2,
    0.081_870_24,
];

/// sin(pi x) / x in powers of x^2 on [-0.5, 0.5], error below 2e-8.
const SINE: [f32; 5] =
    [std::f32::consts::PI, -5.167_710_1, 2.550_077_4, -0.598_290_4, 0.077_655_91];

/// exp(-3.125 t) on [0, 1], error below 2e-7.
const GAUSSIAN: [f32; 9] = [
    0.999_999_8,
    -3.124_974_8,
    4.882_132_4,
    -5.079_132,
    3.935_691_5,
    -2.367_823_1,
    1.079_380_5,
    -0.331_586_5,
    0.050_249_15,
];

/// [`super::transfer::decode`] on [0, 1], error below 1e-6.
#[inline(always)]
pub fn decode<S: Simd>(simd: S, v: F<S>) -> F<S> {
    let curve = polynomial(simd, &DECODE, v);
    v.simd_le(0.04045).select(v * (1.0 / 12.92), curve)
}

/// Cube root of values from 0 (up to 1e-24, which stands in for 0) to 1e6, relative error below 5e-7.
///
/// A linear guess of the exponent for x^(-1/3), then two steps of Householder's third-order
/// iteration, which need no division.
#[inline(always)]
pub fn cbrt<S: Simd>(simd: S, x: F<S>) -> F<S> {
    let x = x.max(1e-24);
    let bits: S::i32s = x.bitcast();
    let bits: F<S> = bits.to_float();
    let guess: S::i32s = (splat(simd, 1_419_967_104.0) - bits * (1.0 / 3.0)).to_int();
    let mut r: F<S> = guess.bitcast();
    for _ in 0..2 {
        let h = splat(simd, 1.0) - x * (r * r * r);
        r = (h * (2.0 / 9.0) + (1.0 / 3.0)).mul_add(h * r, r);
    }
    x * (r * r)
}

/// [`super::transfer::encode`] on [0, 1], error below 1e-6: x^(5/12) is the cube root times its own
/// fourth root.
#[inline(always)]
pub fn encode<S: Simd>(simd: S, v: F<S>) -> F<S> {
    let root = cbrt(simd, v);
    let curve = (root * root.sqrt().sqrt()).mul_add(1.055, -0.055);
    v.simd_le(0.003_130_8).select(v * 12.92, curve)
}

/// (1 + cos(pi u)) / 2 for u in [0, 1].
#[inline(always)]
pub fn half_cosine<S: Simd>(simd: S, u: F<S>) -> F<S> {
    let x = u - 0.5;
    let sine = polynomial(simd, &SINE, x * x) * x;
    sine.mul_add(-0.5, 0.5)
}

/// exp(-3.125 t) for t in [0, 1]: the Gaussian of sigma 0.4 at u = sqrt(t).
#[inline(always)]
pub fn gaussian<S: Simd>(simd: S, t: F<S>) -> F<S> {
    polynomial(simd, &GAUSSIAN, t)
}

/// The matrices of [`super::oklab::RgbSpace`] in `f32`.
#[derive(Clone, Copy, Debug)]
pub struct RgbSpace32 {
    pub(super) rgb_to_lms: Matrix32,
    pub(super) lms_to_rgb: Matrix32,
    pub(super) roots_to_lab: Matrix32,
    pub(super) lab_to_roots: Matrix32,
}

impl RgbSpace32 {
    /// The `f32` form of a space.
    pub fn new(space: &super::oklab::RgbSpace) -> Self {
        Self {
            rgb_to_lms: matrix32(&space.rgb_to_lms),
            lms_to_rgb: matrix32(&space.lms_to_rgb),
            roots_to_lab: matrix32(&space.roots_to_lab),
            lab_to_roots: matrix32(&space.lab_to_roots),
        }
    }

    /// Linear RGB in [0, 1] to Oklab.
    #[inline(always)]
    pub fn linear_to_oklab<S: Simd>(&self, simd: S, rgb: F3<S>) -> F3<S> {
        let lms = mul_vec::<S>(&self.rgb_to_lms, rgb);
        mul_vec::<S>(
            &self.roots_to_lab,
            map3(
                lms,
                #[inline(always)]
                |v| cbrt(simd, v),
            ),
        )
    }

    /// Oklab to linear RGB, unclamped.
    #[inline(always)]
    pub fn oklab_to_linear<S: Simd>(&self, lab: F3<S>) -> F3<S> {
        let roots = mul_vec::<S>(&self.lab_to_roots, lab);
        mul_vec::<S>(
            &self.lms_to_rgb,
            map3(
                roots,
                #[inline(always)]
                |r| r * r * r,
            ),
        )
    }

    /// The twin of [`super::gamut::reduce_chroma`], straight to linear RGB.
    ///
    /// The slack is the gold's plus the noise of `f32` at the colour's size: near sRGB blue a channel
    /// follows its zero so closely that noise would otherwise decide where the gamut ends.
    #[inline(always)]
    pub fn reduce_chroma<S: Simd>(&self, simd: S, lab: F3<S>) -> F3<S> {
        let lms = map3(
            mul_vec::<S>(&self.lab_to_roots, lab),
            #[inline(always)]
            |r| r * r * r,
        );
        let direct = mul_vec::<S>(&self.lms_to_rgb, lms);
        let size = lms[0].max(lms[1]).max(lms[2]);
        let low = size * -NOISE - (SLACK / 12.92) as f32;
        let outside = is_outside::<S>(direct, low);
        if outside.all_false() {
            return direct;
        }
        let zero = splat(simd, 0.0);
        let at_grey = map3(
            self.lab_to_roots,
            #[inline(always)]
            |row| lab[0] * row[0],
        );
        let slope = map3(
            self.lab_to_roots,
            #[inline(always)]
            |row| lab[1] * row[1] + lab[2] * row[2],
        );
        let cubics = map3(
            self.lms_to_rgb,
            #[inline(always)]
            |row| {
                let mut c = [zero; 4];
                for i in 0..3 {
                    let (g, s) = (at_grey[i], slope[i]);
                    c[0] += g * g * g * row[i];
                    c[1] += g * g * s * (3.0 * row[i]);
                    c[2] += g * s * s * (3.0 * row[i]);
                    c[3] += s * s * s * row[i];
                }
                c
            },
        );
        let mut inside_until = zero;
        let mut step = splat(simd, 0.5);
        for _ in 0..20 {
            let t = inside_until + step;
            inside_until = is_outside::<S>(cubics_at::<S>(cubics, t), low).select(inside_until, t);
            step *= 0.5;
        }
        let reduced = cubics_at::<S>(cubics, inside_until);
        map3(
            [0, 1, 2],
            #[inline(always)]
            |i| outside.select(reduced[i], direct[i]),
        )
    }
}

/// The three cubics at `t`.
#[inline(always)]
fn cubics_at<S: Simd>(cubics: [[F<S>; 4]; 3], t: F<S>) -> F3<S> {
    map3(
        cubics,
        #[inline(always)]
        |[c0, c1, c2, c3]| c3.mul_add(t, c2).mul_add(t, c1).mul_add(t, c0),
    )
}

/// Noise of a linear channel computed in `f32`, as a share of the largest cone response.
const NOISE: f32 = 5e-7;

/// Where above 1 a linear channel begins to count as outside: slack and noise.
const HIGHEST: f32 = 1.000_004;

/// Lanes in which a linear channel lies below `low`, or above [`HIGHEST`].
#[inline(always)]
fn is_outside<S: Simd>(rgb: F3<S>, low: F<S>) -> Mask<S> {
    let lowest = rgb[0].min(rgb[1]).min(rgb[2]);
    let highest = rgb[0].max(rgb[1]).max(rgb[2]);
    lowest.simd_lt(low) | highest.simd_gt(HIGHEST)
}

#[cfg(test)]
mod tests {
    use fearless_simd::dispatch;

    use super::super::{gamut, oklab, transfer};
    use super::*;
    use crate::workers::simd_levels;

    /// The largest difference between `twin` and `gold` over `count` points of [low, high].
    macro_rules! largest_error {
        ($level:expr, $low:expr, $high:expr, $twin:ident, $gold:expr) => {{
            let mut worst = 0.0f64;
            for i in 0..=200_000 {
                let x = ($low + ($high - $low) * f64::from(i) / 200_000.0) as f32;
                let got = dispatch!($level, simd => $twin(simd, splat(simd, x))[0]);
                worst = worst.max((f64::from(got) - $gold(f64::from(x))).abs());
            }
            worst
        }};
    }

    #[test]
    fn functions_match_gold() {
        for (name, level) in simd_levels() {
            let cosine = |u: f64| 0.5 * (1.0 + (std::f64::consts::PI * u).cos());
            let errors = [
                largest_error!(level, 0.0, 1.0, decode, transfer::decode),
                largest_error!(level, 0.0, 1.0, encode, transfer::encode),
                largest_error!(level, 0.0, 1.0, half_cosine, cosine),
                largest_error!(level, 0.0, 1.0, gaussian, |t: f64| (-3.125 * t).exp()),
                largest_error!(level, 0.001, 2.0, cbrt, f64::cbrt),
            ];
            println!("{name}: decode, encode, cosine, gaussian, cbrt: {errors:?}");
            assert!(errors.iter().all(|e| *e < 1e-6), "{name}: {errors:?}");
        }
    }

    #[cfg(feature = "shaders")]
    #[test]
    fn the_shader_has_our_constants() {
        use super::super::shader_data::reflection::{constant, module};
        let module = module(&[include_str!("../../../shaders/color.wgsl")]);
        let slack_low = [(SLACK / 12.92) as f32];
        let ours: [(&str, &[f32]); 6] = [
            ("DECODE", &DECODE),
            ("SINE", &SINE),
            ("GAUSSIAN", &GAUSSIAN),
            ("NOISE", &[NOISE]),
            ("SLACK_LOW", &slack_low),
            ("HIGHEST", &[HIGHEST]),
        ];
        for (name, ours) in ours {
            let shaders: Vec<f32> = constant(&module, name).iter().map(|v| *v as f32).collect();
            assert_eq!(shaders, ours, "{name}");
        }
    }

    #[test]
    fn cbrt_of_zero_is_all_but_zero() {
        for (name, level) in simd_levels() {
            let root = dispatch!(level, simd => cbrt(simd, splat(simd, 0.0))[0]);
            assert!((0.0..1e-7).contains(&root), "{name}: {root}");
        }
    }

    #[test]
    fn chroma_reduction_matches_gold() {
        let space = oklab::RgbSpace::new(&oklab::Primaries::BT709);
        let lanes = RgbSpace32::new(&space);
        for (name, level) in simd_levels() {
            let mut worst = 0.0f64;
            for i in 0..60_000u32 {
                let l = f64::from(i % 100) / 99.0;
                let h = f64::from(i / 100 % 120 * 3).to_radians();
                let c = 0.08 * f64::from(i / 12_000);
                let lab = [l, c * h.cos(), c * h.sin()];
                let gold = space.oklab_to_linear(gamut::reduce_chroma(&space, lab, SLACK));
                let lab = triple32(lab);
                let got = dispatch!(level, simd => {
                    lanes.reduce_chroma(simd, lab.map(|v| splat(simd, v))).map(|v| v[0])
                });
                for k in 0..3 {
                    let encoded = transfer::encode(f64::from(got[k]).clamp(0.0, 1.0));
                    worst = worst.max((encoded - transfer::encode(gold[k]).clamp(0.0, 1.0)).abs());
                }
            }
            println!("{name}: {worst:e}");
            // The noise in the slack, steepened by the curve near black.
            assert!(worst < crate::tolerances::EXACT_CODES / 255.0, "{name}: {worst:e}");
        }
    }
}
