//! The default model: continuous everywhere, so that noise is not amplified and a lattice is
//! accurate. SPEC section 3.3.

use super::{Falloff, Pull, Source, Transform, distance};
use crate::color::Triple;

/// Share of the radius that strength 200 holds at full weight.
pub(super) const PLATEAU_MAX: f64 = 0.75;

/// Chroma under which a pixel's own hue is noise and fades out.
pub(super) const NEUTRAL_CHROMA: f64 = 0.02;

fn smoothstep(x: f64) -> f64 {
    let t = x.clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// The weight of an attractor for a colour given in Oklab, before weights are made to sum to 1.
pub(super) fn weight(pull: &Pull, falloff: Falloff, lab: Triple) -> f64 {
    let attractor = &pull.attractor;
    let plateau = PLATEAU_MAX * (attractor.strength - 100.0).max(0.0) / 100.0;
    let u = (distance(lab, attractor.lab) / pull.radius - plateau) / (1.0 - plateau);
    attractor.strength.min(100.0) / 100.0 * falloff.at(u)
}

/// Oklab of the blend before gamut mapping; `None` where no attractor pulls.
pub(super) fn blend(transform: &Transform, source: Source) -> Option<Triple> {
    let Source { lab, chroma } = source;
    let own_trust = smoothstep(chroma / NEUTRAL_CHROMA);
    let own_direction = [lab[1] / chroma.max(1e-12), lab[2] / chroma.max(1e-12)];

    let mut total = 0.0;
    let (mut lightness, mut vector, mut chroma_sum) = (0.0, [0.0; 2], 0.0);
    for pull in &transform.pulls {
        let attractor = &pull.attractor;
        let weight = weight(pull, transform.falloff, lab);
        let c = attractor.chroma.unwrap_or(chroma);
        let direction = match attractor.hue {
            Some(hue) => [hue.to_radians().cos(), hue.to_radians().sin()],
            None => own_direction.map(|v| v * own_trust),
        };
        total += weight;
        lightness += weight * attractor.lightness.unwrap_or(lab[0]);
        vector[0] += weight * c * direction[0];
        vector[1] += weight * c * direction[1];
        chroma_sum += weight * c;
    }
    if total <= 0.0 {
        return None;
    }
    // Weights never sum past 1. All sums are linear in them, so they can be scaled afterwards.
    let scale = 1.0 / total.max(1.0);
    let own = 1.0 - total * scale;
    lightness = own * lab[0] + scale * lightness;
    vector = [own * lab[1] + scale * vector[0], own * lab[2] + scale * vector[1]];
    chroma_sum = own * chroma + scale * chroma_sum;

    let channels = transform.channels;
    let [a, b] = match (channels.saturation, channels.hue) {
        (true, true) => vector,
        (false, true) => {
            let size = vector[0].hypot(vector[1]);
            let c = chroma * (size / NEUTRAL_CHROMA).min(1.0);
            vector.map(|v| v / size.max(1e-12) * c)
        }
        (true, false) => {
            let c = chroma + (chroma_sum - chroma) * own_trust;
            own_direction.map(|v| v * c)
        }
        (false, false) => [lab[1], lab[2]],
    };
    Some([if channels.luminance { lightness } else { lab[0] }, a, b])
}
