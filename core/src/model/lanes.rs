//! The `f32` twin of `Transform` over SIMD lanes: code values in, differences of code values out.
//!
//! One kernel serves three uses: it bakes lattices (at the nodes' codes), colours frames with
//! `method=exact`, and measures the error of a lattice. It agrees with the gold within
//! [`crate::tolerances::EXACT_CODES`] before rounding.

use fearless_simd::{Simd, SimdBase, SimdFloat, dispatch, prelude::*};

use super::classic::HUELESS;
use super::luts::Luts;
use super::outside::MOST_STEPS;
use super::smooth::{NEUTRAL_CHROMA, PLATEAU_MAX};
use super::{Falloff, GamutMapping, Look, Model, falloff::GAUSSIAN_EDGE};
use crate::attractor::{Attractor, Channels};
use crate::color::codes::CodeSpace;
use crate::color::lanes::{
    F, F3, Matrix32, RgbSpace32, affine, clamp01, decode, encode, gaussian, half_cosine, map3,
    matrix32, mul_vec, splat, triple32,
};
use crate::color::oklab::RgbSpace;
use crate::workers::Level;

/// An attractor's share of the kernel, ready to use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pull32 {
    pub(super) lab: [f32; 3],
    pub(super) inverse_radius: f32,
    /// Share of the radius at full weight (smooth).
    pub(super) plateau: f32,
    /// 1 / (1 - plateau).
    pub(super) inverse_slope: f32,
    /// Strength up to 100, as a share.
    pub(super) base: f32,
    /// Strength beyond 100, as a share (classic).
    pub(super) extra: f32,
    pub(super) lightness: Option<f32>,
    pub(super) chroma: Option<f32>,
    /// Cosine and sine of the hue.
    pub(super) direction: Option<[f32; 2]>,
}

impl Pull32 {
    fn new(attractor: &Attractor, radius: f64) -> Self {
        let extra = (attractor.strength - 100.0).max(0.0) / 100.0;
        let plateau = PLATEAU_MAX * extra;
        Self {
            lab: triple32(attractor.lab),
            inverse_radius: (1.0 / radius) as f32,
            plateau: plateau as f32,
            inverse_slope: (1.0 / (1.0 - plateau)) as f32,
            base: (attractor.strength.min(100.0) / 100.0) as f32,
            extra: extra as f32,
            lightness: attractor.lightness.map(|l| l as f32),
            chroma: attractor.chroma.map(|c| c as f32),
            direction: attractor.hue.map(|h| {
                let (sine, cosine) = h.to_radians().sin_cos();
                [cosine as f32, sine as f32]
            }),
        }
    }
}

/// Code values to R'G'B', in `f32` lanes.
#[derive(Clone, Debug)]
pub(super) struct ToRgb {
    pub(super) matrix: Matrix32,
    pub(super) offset: [f32; 3],
    /// Whether any code stands for R'G'B' outside of [0, 1].
    reaches_outside: bool,
}

impl ToRgb {
    pub(super) fn new(codes: &CodeSpace) -> Self {
        let (matrix, offset) = codes.decode_affine();
        Self {
            matrix: matrix32(&matrix),
            offset: triple32(offset),
            reaches_outside: codes.reaches_outside(),
        }
    }

    /// R'G'B', which of some codes is outside of [0, 1].
    #[inline(always)]
    fn rgb<S: Simd>(&self, codes: F3<S>) -> F3<S> {
        affine::<S>(&self.matrix, &self.offset, codes)
    }
}

/// The nearest R'G'B' in [0, 1].
#[inline(always)]
fn inside<S: Simd>(rgb: F3<S>) -> F3<S> {
    map3(
        rgb,
        #[inline(always)]
        |v| clamp01::<S>(v),
    )
}

/// Code values to Oklab, in `f32` lanes.
#[derive(Clone, Debug)]
pub struct ToOklab {
    pub(super) to_rgb: ToRgb,
    pub(super) space: RgbSpace32,
    pub(super) luts: Option<Luts>,
}

impl ToOklab {
    /// For the codes of a stream, to Oklab as the attractors of a look see it: behind its input LUT.
    pub fn of_look(codes: &CodeSpace, look: &Look) -> Self {
        let space = RgbSpace::new(&look.primaries);
        match Luts::of(look, codes).filter(Luts::has_input) {
            Some(luts) => Self { luts: Some(luts), ..Self::new(&CodeSpace::unit_rgb(), &space) },
            None => Self::new(codes, &space),
        }
    }

    /// For the codes and primaries of a stream.
    pub fn new(codes: &CodeSpace, space: &RgbSpace) -> Self {
        Self { to_rgb: ToRgb::new(codes), space: RgbSpace32::new(space), luts: None }
    }

    #[inline(always)]
    fn lab<S: Simd>(&self, simd: S, rgb: F3<S>) -> F3<S> {
        self.space.linear_to_oklab(
            simd,
            map3(
                rgb,
                #[inline(always)]
                |v| decode(simd, v),
            ),
        )
    }

    /// Oklab of each colour, in place: `codes` holds code values before and L, a, b after.
    ///
    /// The three slices have one length.
    pub fn convert(&self, level: Level, mut codes: [&mut [f32]; 3]) {
        if let Some(luts) = &self.luts {
            luts.see(codes.each_mut().map(|values| &mut **values));
        }
        dispatch!(level, simd => self.convert_lanes(simd, codes));
    }

    /// Oklab of each colour of whole codes, into slices of the same length.
    pub fn convert_codes(&self, level: Level, codes: [&[u16]; 3], mut lab: [&mut [f32]; 3]) {
        for (lab, codes) in lab.iter_mut().zip(codes) {
            lab.iter_mut().zip(codes).for_each(|(lab, code)| *lab = f32::from(*code));
        }
        self.convert(level, lab);
    }

    #[inline(always)]
    fn convert_lanes<S: Simd>(&self, simd: S, [x, y, z]: [&mut [f32]; 3]) {
        for_each_vector(
            simd,
            [x, y, z],
            #[inline(always)]
            |codes| self.lab(simd, inside::<S>(self.to_rgb.rgb::<S>(codes))),
        );
    }
}

/// The kernel: a look with its radii, for the codes of one stream.
#[derive(Clone, Debug)]
pub struct ExactKernel {
    pub(super) pulls: Vec<Pull32>,
    pub(super) channels: Channels,
    pub(super) model: Model,
    pub(super) falloff: Falloff,
    pub(super) gamut_mapping: GamutMapping,
    pub(super) input: ToOklab,
    pub(super) from_rgb: Matrix32,
    level: Level,
    /// What lies around all of the above, whose codes are then those between the tables.
    pub(super) luts: Option<Luts>,
}

impl ExactKernel {
    /// The kernel of `look` with one radius per attractor, in order, at a SIMD level.
    ///
    /// # Panics
    ///
    /// Panics when the numbers of attractors and radii differ.
    pub fn new(look: &Look, radii: &[f64], codes: &CodeSpace, level: Level) -> Self {
        assert_eq!(look.attractors.len(), radii.len(), "one radius per attractor");
        let pulls = look.attractors.iter().zip(radii);
        let luts = Luts::of(look, codes);
        let codes = if luts.is_some() { &CodeSpace::unit_rgb() } else { codes };
        Self {
            pulls: pulls
                .filter(|(attractor, radius)| **radius > 0.0 && attractor.strength > 0.0)
                .map(|(attractor, radius)| Pull32::new(attractor, *radius))
                .collect(),
            channels: look.channels,
            model: look.model,
            falloff: look.falloff,
            gamut_mapping: look.gamut_mapping,
            input: ToOklab::new(codes, &RgbSpace::new(&look.primaries)),
            from_rgb: matrix32(&codes.encode_linear()),
            level,
            luts,
        }
    }

    /// Differences in code values, in place: `codes` holds code values before, and after what the
    /// model adds to them. Colours outside every radius get exactly 0, unless a LUT moves them.
    ///
    /// The three slices have one length.
    pub fn differences(&self, codes: [&mut [f32]; 3]) {
        match &self.luts {
            Some(luts) => luts.around(codes, |codes| self.pull(codes)),
            None => self.pull(codes),
        }
    }

    /// What the attractors add.
    fn pull(&self, codes: [&mut [f32]; 3]) {
        if self.pulls.is_empty() {
            return codes.into_iter().for_each(|values| values.fill(0.0));
        }
        dispatch!(self.level, simd => self.differences_lanes(simd, codes));
    }

    #[inline(always)]
    fn differences_lanes<S: Simd>(&self, simd: S, codes: [&mut [f32]; 3]) {
        for_each_vector(
            simd,
            codes,
            #[inline(always)]
            |codes| self.difference(simd, codes),
        );
    }

    /// Twin of [`super::outside::continued`].
    #[inline(always)]
    fn difference<S: Simd>(&self, simd: S, codes: F3<S>) -> F3<S> {
        let zero = splat(simd, 0.0);
        let mut rgb = self.input.to_rgb.rgb::<S>(codes);
        let mut sum = [zero; 3];
        // Of each colour the sign of the step; 0 once it has been inside.
        let mut sign = splat(simd, 1.0);
        for _ in 0..MOST_STEPS {
            let c = inside::<S>(rgb);
            let moved = self.moved(simd, c);
            if !self.input.to_rgb.reaches_outside {
                sum = moved;
                break;
            }
            let far = [0, 1, 2].map(
                #[inline(always)]
                |i| (rgb[i] - c[i]).abs(),
            );
            let is_outside = (far[0] + far[1] + far[2]).simd_gt(zero);
            let factor = is_outside.select(sign + sign, sign);
            for i in 0..3 {
                sum[i] += factor * moved[i];
            }
            sign = is_outside.select(zero - sign, zero);
            if is_outside.all_false() {
                break;
            }
            for i in 0..3 {
                rgb[i] = c[i] + c[i] - rgb[i];
            }
        }
        mul_vec::<S>(&self.from_rgb, sum)
    }

    /// What the attractors add to R'G'B' in [0, 1].
    #[inline(always)]
    fn moved<S: Simd>(&self, simd: S, rgb: F3<S>) -> F3<S> {
        let lab = self.input.lab(simd, rgb);
        let (weight, mut blended) = match self.model {
            Model::Smooth => self.blend_smooth(simd, lab),
            Model::Classic => self.blend_classic(simd, lab),
        };
        let zero = splat(simd, 0.0);
        let pulled = weight.simd_gt(zero);
        if pulled.all_false() {
            return [zero; 3];
        }
        blended[0] = clamp01::<S>(blended[0]);
        let linear = match self.gamut_mapping {
            GamutMapping::Chroma => self.input.space.reduce_chroma(simd, blended),
            GamutMapping::Clip => self.input.space.oklab_to_linear::<S>(blended),
        };
        let out = map3(
            linear,
            #[inline(always)]
            |v| encode(simd, clamp01::<S>(v)),
        );
        [0, 1, 2].map(
            #[inline(always)]
            |i| pulled.select(out[i] - rgb[i], zero),
        )
    }

    /// [`Falloff::at`] for u limited to [0, 1].
    #[inline(always)]
    fn falloff_at<S: Simd>(&self, simd: S, u: F<S>) -> F<S> {
        let one = splat(simd, 1.0);
        let rest = one - u;
        match self.falloff {
            Falloff::Cosine => half_cosine(simd, u),
            Falloff::Linear => rest,
            Falloff::Quadratic => one - u * u,
            Falloff::Gaussian => {
                let edge = GAUSSIAN_EDGE as f32;
                ((gaussian(simd, u * u) - edge) * (1.0 / (1.0 - edge))).max(0.0)
            }
            Falloff::Cubic => rest * rest * rest,
        }
    }

    /// Distance to the attractor as a share of its radius.
    #[inline(always)]
    fn relative_distance<S: Simd>(pull: &Pull32, lab: F3<S>) -> F<S> {
        let d = [lab[0] - pull.lab[0], lab[1] - pull.lab[1], lab[2] - pull.lab[2]];
        (d[0] * d[0] + d[1] * d[1] + d[2] * d[2]).sqrt() * pull.inverse_radius
    }

    /// Twin of `smooth::blend`: total weight, and Oklab.
    #[inline(always)]
    fn blend_smooth<S: Simd>(&self, simd: S, lab: F3<S>) -> (F<S>, F3<S>) {
        let zero = splat(simd, 0.0);
        let one = splat(simd, 1.0);
        let chroma = (lab[1] * lab[1] + lab[2] * lab[2]).sqrt();
        let t = clamp01::<S>(chroma * (1.0 / NEUTRAL_CHROMA as f32));
        let trust = t * t * (splat(simd, 3.0) - t * 2.0);
        let inverse = one / chroma.max(1e-12);
        let own = [lab[1] * inverse, lab[2] * inverse];

        let (mut total, mut lightness, mut chroma_sum) = (zero, zero, zero);
        let mut vector = [zero; 2];
        for pull in &self.pulls {
            let u = (Self::relative_distance::<S>(pull, lab) - pull.plateau) * pull.inverse_slope;
            let inside = u.simd_lt(one);
            if inside.all_false() {
                continue;
            }
            let curve = self.falloff_at(simd, clamp01::<S>(u));
            let weight = inside.select(curve * pull.base, zero);
            let pulled_chroma = weight * or_own(simd, pull.chroma, chroma);
            total += weight;
            lightness += weight * or_own(simd, pull.lightness, lab[0]);
            chroma_sum += pulled_chroma;
            let direction = match pull.direction {
                Some([x, y]) => [splat(simd, x), splat(simd, y)],
                None => [own[0] * trust, own[1] * trust],
            };
            vector[0] += pulled_chroma * direction[0];
            vector[1] += pulled_chroma * direction[1];
        }
        let scale = one / total.max(1.0);
        let rest = one - total * scale;
        let lightness = rest * lab[0] + scale * lightness;
        let vector = [rest * lab[1] + scale * vector[0], rest * lab[2] + scale * vector[1]];
        let [a, b] = match (self.channels.saturation, self.channels.hue) {
            (true, true) => vector,
            (false, true) => {
                let size = (vector[0] * vector[0] + vector[1] * vector[1]).sqrt();
                let c = chroma * (size * (1.0 / NEUTRAL_CHROMA as f32)).min(1.0);
                let gain = c / size.max(1e-12);
                [vector[0] * gain, vector[1] * gain]
            }
            (true, false) => {
                let mixed = rest * chroma + scale * chroma_sum;
                let c = chroma + (mixed - chroma) * trust;
                [own[0] * c, own[1] * c]
            }
            (false, false) => [lab[1], lab[2]],
        };
        (total, [if self.channels.luminance { lightness } else { lab[0] }, a, b])
    }

    /// Twin of `classic::blend`: total weight, and Oklab. Hues stay unit vectors throughout, so that
    /// no angle is ever formed.
    #[inline(always)]
    fn blend_classic<S: Simd>(&self, simd: S, lab: F3<S>) -> (F<S>, F3<S>) {
        let zero = splat(simd, 0.0);
        let one = splat(simd, 1.0);
        let chroma = (lab[1] * lab[1] + lab[2] * lab[2]).sqrt();
        let has_hue = chroma.simd_gt(HUELESS as f32);
        let inverse = one / chroma.max(1e-12);
        let own = [has_hue.select(lab[1] * inverse, one), has_hue.select(lab[2] * inverse, zero)];

        let (mut total, mut lightness, mut chroma_sum) = (zero, zero, zero);
        let mut hue = [zero; 2];
        for pull in &self.pulls {
            let u = Self::relative_distance::<S>(pull, lab);
            let inside = u.simd_lt(one);
            if inside.all_false() {
                continue;
            }
            let f = self.falloff_at(simd, clamp01::<S>(u));
            let weight = inside.select(f * pull.base + (one - f) * pull.extra, zero);
            total += weight;
            lightness += weight * or_own(simd, pull.lightness, lab[0]);
            chroma_sum += weight * or_own(simd, pull.chroma, chroma);
            let direction = match pull.direction {
                Some([x, y]) => [splat(simd, x), splat(simd, y)],
                None => own,
            };
            hue[0] += weight * direction[0];
            hue[1] += weight * direction[1];
        }
        let rest = (one - total).max(0.0);
        let c = if self.channels.saturation { rest * chroma + chroma_sum } else { chroma };
        let direction = if self.channels.hue {
            let hue = [rest * own[0] + hue[0], rest * own[1] + hue[1]];
            let size = (hue[0] * hue[0] + hue[1] * hue[1]).sqrt();
            let has_hue = size.simd_gt(1e-12);
            let inverse = one / size.max(1e-12);
            [has_hue.select(hue[0] * inverse, one), has_hue.select(hue[1] * inverse, zero)]
        } else {
            own
        };
        let l = if self.channels.luminance { rest * lab[0] + lightness } else { lab[0] };
        (total, [l, c * direction[0], c * direction[1]])
    }
}

/// The attractor's component, or the pixel's own where it has none.
#[inline(always)]
fn or_own<S: Simd>(simd: S, component: Option<f32>, own: F<S>) -> F<S> {
    match component {
        Some(value) => splat(simd, value),
        None => own,
    }
}

/// Calls `work` on each vector of three slices of one length and stores what it returns; the last
/// vector may be filled up with the last colour.
#[inline(always)]
fn for_each_vector<S: Simd>(simd: S, [x, y, z]: [&mut [f32]; 3], work: impl Fn(F3<S>) -> F3<S>) {
    let lanes = F::<S>::LEN;
    let length = x.len();
    assert!(y.len() == length && z.len() == length, "components of one length");
    let whole = length - length % lanes;
    for at in (0..whole).step_by(lanes) {
        let out = work([
            F::<S>::from_slice(simd, &x[at..at + lanes]),
            F::<S>::from_slice(simd, &y[at..at + lanes]),
            F::<S>::from_slice(simd, &z[at..at + lanes]),
        ]);
        out[0].store_slice(&mut x[at..at + lanes]);
        out[1].store_slice(&mut y[at..at + lanes]);
        out[2].store_slice(&mut z[at..at + lanes]);
    }
    if whole < length {
        let load = |s: &[f32]| F::<S>::from_fn(simd, |i| s[(whole + i).min(length - 1)]);
        let out = work([load(x), load(y), load(z)]);
        for (value, slice) in out.into_iter().zip([x, y, z]) {
            slice[whole..].copy_from_slice(&value.as_slice()[..length - whole]);
        }
    }
}
