//! CSS Color 4 colours to OKLCH: the `color` crate, and beside it what that crate lacks.

use color::{ColorSpaceTag, parse_color};

use super::Attractor;
use crate::color::oklab::{Primaries, RgbSpace};

/// Chroma under which a colour that was not written in OKLCH counts as achromatic.
const ACHROMATIC: f64 = 4e-6;

/// The colour of `text` as an attractor whose tolerance and strength are still 0, and its alpha.
///
/// `none` stays undefined where it was written in `oklch()`; in other spaces it counts as 0, as CSS
/// does when it converts.
///
/// # Errors
///
/// What the parser of the `color` crate says of the text.
pub(super) fn resolve(text: &str) -> Result<(Attractor, f32), color::ParseError> {
    let css = parse_color(text)?;
    let [x, y, z, alpha] = css.components;
    if css.cs == ColorSpaceTag::Oklch {
        let [l, c, h] = [x, y, z].map(f64::from);
        let angle = h.to_radians();
        let missing = css.flags.missing();
        let defined = |index: usize, value: f64| (!missing.contains(index)).then_some(value);
        let attractor = Attractor {
            lightness: defined(0, l),
            chroma: defined(1, c),
            hue: defined(2, h),
            lab: [l, c * angle.cos(), c * angle.sin()],
            tolerance: 0.0,
            strength: 0.0,
        };
        return Ok((attractor, alpha));
    }
    let lab = match css.cs {
        ColorSpaceTag::Rec2020 => rec2020_to_oklab([x, y, z].map(f64::from)),
        ColorSpaceTag::Lch if has_percent_chroma(text) => {
            // CSS Color 4: 100 % of lch() is a chroma of 150; the crate takes lab()'s 125.
            let lch = [x, y * (150.0 / 125.0), z];
            ColorSpaceTag::Lch.convert(ColorSpaceTag::Oklab, lch).map(f64::from)
        }
        space => space.convert(ColorSpaceTag::Oklab, [x, y, z]).map(f64::from),
    };
    let chroma = lab[1].hypot(lab[2]);
    let is_grey = chroma < ACHROMATIC;
    let attractor = Attractor {
        lightness: Some(lab[0]),
        chroma: Some(if is_grey { 0.0 } else { chroma }),
        hue: (!is_grey).then(|| lab[2].atan2(lab[1]).to_degrees()),
        lab: if is_grey { [lab[0], 0.0, 0.0] } else { lab },
        tolerance: 0.0,
        strength: 0.0,
    };
    Ok((attractor, alpha))
}

/// `color(rec2020 ...)` with the display-referred gamma of 2.4 (ITU-R BT.1886) that CSS Color 4 now
/// asks for; the crate still has the camera's transfer function.
fn rec2020_to_oklab(rgb: [f64; 3]) -> [f64; 3] {
    let linear = rgb.map(|v| v.abs().powf(2.4).copysign(v));
    RgbSpace::new(&Primaries::BT2020).linear_to_oklab(linear)
}

fn has_percent_chroma(lch: &str) -> bool {
    let arguments = lch.split_once('(').map_or("", |(_, rest)| rest);
    arguments.split_ascii_whitespace().nth(1).is_some_and(|chroma| chroma.ends_with('%'))
}
