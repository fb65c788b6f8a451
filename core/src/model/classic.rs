//! imgcolorshine's own formulae with two repairs: an undefined component takes the pixel's own, and
//! results are rounded, not truncated. SPEC section 3.4.

use super::{Falloff, Pull, Source, Transform, distance};
use crate::color::Triple;

/// Chroma up to which a colour counts as grey, whose hue is 0: of what is less, `f32` keeps the rounding alone. The
/// greyest colours of 16 bits that are not grey have a little more.
pub(super) const HUELESS: f64 = 2e-6;

/// The weight of an attractor for a colour given in Oklab.
pub(super) fn weight(pull: &Pull, falloff: Falloff, lab: Triple) -> f64 {
    let d = distance(lab, pull.attractor.lab);
    if d >= pull.radius {
        return 0.0;
    }
    let f = falloff.at(d / pull.radius);
    let base = pull.attractor.strength.min(100.0) / 100.0;
    let extra = (pull.attractor.strength - 100.0).max(0.0) / 100.0;
    base * f + extra * (1.0 - f)
}

/// Oklab of the blend before gamut mapping; `None` where no attractor pulls.
pub(super) fn blend(transform: &Transform, source: Source) -> Option<Triple> {
    let Source { lab, chroma } = source;
    let own_hue = if chroma > HUELESS { lab[2].atan2(lab[1]) } else { 0.0 };

    let mut total = 0.0;
    let (mut lightness, mut chroma_sum, mut hue_vector) = (0.0, 0.0, [0.0; 2]);
    for pull in &transform.pulls {
        let attractor = &pull.attractor;
        let weight = weight(pull, transform.falloff, lab);
        let hue = attractor.hue.map_or(own_hue, f64::to_radians);
        total += weight;
        lightness += weight * attractor.lightness.unwrap_or(lab[0]);
        chroma_sum += weight * attractor.chroma.unwrap_or(chroma);
        hue_vector[0] += weight * hue.cos();
        hue_vector[1] += weight * hue.sin();
    }
    if total <= 0.0 {
        return None;
    }
    let own = (1.0 - total).max(0.0);
    let channels = transform.channels;
    let c = if channels.saturation { own * chroma + chroma_sum } else { chroma };
    let hue = if channels.hue {
        let (x, y) = (own * own_hue.cos() + hue_vector[0], own * own_hue.sin() + hue_vector[1]);
        y.atan2(x)
    } else {
        own_hue
    };
    let l = if channels.luminance { own * lab[0] + lightness } else { lab[0] };
    Some([l, c * hue.cos(), c * hue.sin()])
}
