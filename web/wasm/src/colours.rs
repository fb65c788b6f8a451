//! The plane of one lightness in Oklab, as it is drawn, and where the colours of a picture lie.

use colorshine_core::color::gamut::reduce_chroma;
use colorshine_core::color::oklab::{Primaries, RgbSpace};
use colorshine_core::color::{Triple, transfer};

/// Chroma at the edge of the plane: a and b run from its negative to it. The most colourful colour of sRGB has 0.32.
pub const EDGE: f64 = 0.34;

/// Degrees of hue at which [`boundary`] tells the gamut's edge.
pub const HUES: usize = 360;

/// How far outside of sRGB a colour of the plane may be: what rounding makes of greys.
const SLACK: f64 = 1e-9;

/// Cells of a [`census`] along L, a and b.
pub const CELLS: [usize; 3] = [16, 48, 48];

fn space() -> RgbSpace {
    RgbSpace::new(&Primaries::BT709)
}

/// The colours of a lightness as a square picture of RGBA: a to the right, b upwards, both from -[`EDGE`] to it. What
/// cannot be shown is transparent, and the edge between is smooth.
pub fn plane(lightness: f64, pixels: usize) -> Vec<u8> {
    let space = space();
    let at = |i: usize| (2.0 * (i as f64 + 0.5) / pixels as f64 - 1.0) * EDGE;
    let boundary = boundary(lightness);
    let pixel = 2.0 * EDGE / pixels as f64;
    let mut picture = Vec::with_capacity(4 * pixels * pixels);
    for (y, x) in (0..pixels).flat_map(|y| (0..pixels).map(move |x| (y, x))) {
        let (a, b) = (at(x), -at(y));
        let chroma = a.hypot(b);
        let hue = b.atan2(a).to_degrees().rem_euclid(360.0);
        let (low, part) = (hue as usize % HUES, hue.fract());
        let most = boundary[low] + (boundary[(low + 1) % HUES] - boundary[low]) * part;
        let alpha = ((most - chroma) / pixel + 0.5).clamp(0.0, 1.0);
        if alpha == 0.0 {
            picture.extend([0; 4]);
            continue;
        }
        let scale = (most / chroma.max(1e-9)).min(1.0);
        let rgb = space.oklab_to_linear([lightness, a * scale, b * scale]);
        let code = |v: f64| (transfer::encode(v.clamp(0.0, 1.0)) * 255.0).round() as u8;
        picture.extend(rgb.map(code));
        picture.push((alpha * 255.0).round() as u8);
    }
    picture
}

/// The most chroma that sRGB can show at a lightness, for each whole degree of hue.
pub fn boundary(lightness: f64) -> [f64; HUES] {
    let space = space();
    std::array::from_fn(|hue| {
        let (sine, cosine) = (hue as f64).to_radians().sin_cos();
        let [_, a, b] = reduce_chroma(&space, [lightness, 0.5 * cosine, 0.5 * sine], SLACK);
        a.hypot(b)
    })
}

/// Oklab of a pixel of sRGB.
pub fn oklab(rgb: [u8; 3]) -> Triple {
    space().encoded_to_oklab(rgb.map(|code| f64::from(code) / 255.0))
}

/// How many of a picture's pixels, RGBA, lie in each cell of Oklab: [`CELLS`] of them, L slowest and b fastest, L from
/// 0 to 1, a and b from -[`EDGE`] to it. Pixels that are not opaque do not count.
pub fn census(rgba: &[u8]) -> Vec<f64> {
    let (space, decoded) = (space(), decoded());
    let mut counts = vec![0.0; CELLS.iter().product()];
    let (pixels, _) = rgba.as_chunks::<4>();
    for [r, g, b, _] in pixels.iter().filter(|pixel| pixel[3] == 255) {
        let linear = [r, g, b].map(|code| decoded[usize::from(*code)]);
        let [l, a, b] = space.linear_to_oklab(linear);
        let unit = [l, (a / EDGE + 1.0) / 2.0, (b / EDGE + 1.0) / 2.0];
        let cell = [0, 1, 2].map(|i| ((unit[i] * CELLS[i] as f64) as usize).min(CELLS[i] - 1));
        counts[(cell[0] * CELLS[1] + cell[1]) * CELLS[2] + cell[2]] += 1.0;
    }
    counts
}

fn decoded() -> [f64; 256] {
    std::array::from_fn(|code| transfer::decode(code as f64 / 255.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plane_has_the_gamuts_colours() {
        let pixels = 64;
        let picture = plane(0.6, pixels);
        let pixel = |x: usize, y: usize| &picture[4 * (y * pixels + x)..][..4];
        assert_eq!(pixel(0, 0), [0; 4]);
        // In the middle a grey, to the right reds, below blues.
        let [r, g, b, alpha] = pixel(32, 32) else { unreachable!() };
        assert!(r.abs_diff(*g) < 12 && g.abs_diff(*b) < 12 && *alpha == 255);
        let [right, below] = [pixel(44, 32), pixel(32, 44)];
        assert!(right[0] > right[1] + 60 && below[2] > below[0] + 60, "{right:?} {below:?}");
    }

    #[test]
    fn the_boundary_is_srgbs() {
        let [_, a, b] = oklab([255, 0, 0]);
        let red = boundary(0.627_955);
        let hue = b.atan2(a).to_degrees();
        assert!((red[hue.round() as usize] - a.hypot(b)).abs() < 3e-3);
        assert!(boundary(0.0).iter().all(|chroma| *chroma < 5e-3));
        assert!(boundary(1.0).iter().all(|chroma| *chroma < 5e-3));
    }

    #[test]
    fn every_opaque_pixel_is_counted() {
        let picture =
            [[0, 0, 0, 255], [255, 255, 255, 255], [255, 0, 0, 255], [9, 9, 9, 254]].concat();
        let counts = census(&picture);
        assert_eq!(counts.iter().sum::<f64>(), 3.0);
        let of = |rgb| {
            let [l, a, b] = oklab(rgb);
            let at = |v: f64, cells: usize| ((v * cells as f64) as usize).min(cells - 1);
            let [a, b] = [a, b].map(|v| at((v / EDGE + 1.0) / 2.0, 48));
            counts[(at(l, 16) * 48 + a) * 48 + b]
        };
        assert_eq!(
            [of([0; 3]), of([255; 3]), of([255, 0, 0]), of([0, 255, 0])],
            [1.0, 1.0, 1.0, 0.0]
        );
    }
}
