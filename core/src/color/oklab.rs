//! Oklab (Björn Ottosson, 2020) with the matrices of CSS Color 4, for any set of RGB primaries.

use super::{Matrix, Triple, diagonal, inverse, mul, mul_vec, transfer};

/// CIE xy of the white point D65 as CSS Color 4 and ITU-R BT.709 round it.
pub const D65: [f64; 2] = [0.3127, 0.3290];

/// XYZ (D65) to the cone responses of Oklab: CSS Color 4, section 9.
const XYZ_TO_LMS: Matrix = [
    [0.819_022_437_996_703, 0.361_906_260_052_890_4, -0.128_873_781_520_987_9],
    [0.032_983_653_932_388_47, 0.929_286_861_586_343_4, 0.036_144_666_350_642_36],
    [0.048_177_189_359_624_21, 0.264_239_531_752_730_8, 0.633_547_828_469_430_9],
];

/// Cube roots of the cone responses to Oklab: CSS Color 4, section 9.
const ROOTS_TO_LAB: Matrix = [
    [0.210_454_268_309_313_96, 0.793_617_774_702_305_4, -0.004_072_043_011_619_258_5],
    [1.977_998_532_431_168_6, -2.428_592_242_048_58, 0.450_593_709_617_411],
    [0.025_904_042_465_547_734, 0.782_771_712_457_529_7, -0.808_675_754_923_077_4],
];

/// CIE xy chromaticities of an RGB space.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Primaries {
    /// Red, x and y.
    pub red: [f64; 2],
    /// Green, x and y.
    pub green: [f64; 2],
    /// Blue, x and y.
    pub blue: [f64; 2],
    /// White, x and y.
    pub white: [f64; 2],
}

impl Primaries {
    /// ITU-R BT.709, also sRGB.
    pub const BT709: Self =
        Self { red: [0.64, 0.33], green: [0.30, 0.60], blue: [0.15, 0.06], white: D65 };
    /// ITU-R BT.2020.
    pub const BT2020: Self =
        Self { red: [0.708, 0.292], green: [0.170, 0.797], blue: [0.131, 0.046], white: D65 };
}

/// The way between linear RGB of some primaries and Oklab.
///
/// Matrices map linear RGB, 0 to 1, to cone responses and on to Oklab, and back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RgbSpace {
    /// Linear RGB to cone responses.
    pub rgb_to_lms: Matrix,
    /// Cone responses to linear RGB.
    pub lms_to_rgb: Matrix,
    /// Cube roots of cone responses to Oklab; the same for every space.
    pub roots_to_lab: Matrix,
    /// Oklab to cube roots of cone responses; the same for every space.
    pub lab_to_roots: Matrix,
}

impl RgbSpace {
    /// The space of the given primaries. A white point other than D65 is adapted to D65 with the
    /// Bradford transform (ICC.1:2010, annex E), so that the space's white is Oklab's white.
    pub fn new(primaries: &Primaries) -> Self {
        let xyz = rgb_to_xyz_d65(primaries);
        let rgb_to_lms = mul(&XYZ_TO_LMS, &xyz);
        Self {
            rgb_to_lms,
            lms_to_rgb: inverse(&rgb_to_lms),
            roots_to_lab: ROOTS_TO_LAB,
            lab_to_roots: inverse(&ROOTS_TO_LAB),
        }
    }

    /// Linear RGB to Oklab.
    pub fn linear_to_oklab(&self, rgb: Triple) -> Triple {
        mul_vec(&self.roots_to_lab, mul_vec(&self.rgb_to_lms, rgb).map(f64::cbrt))
    }

    /// Oklab to linear RGB, unclamped.
    pub fn oklab_to_linear(&self, lab: Triple) -> Triple {
        mul_vec(&self.lms_to_rgb, mul_vec(&self.lab_to_roots, lab).map(|r| r * r * r))
    }

    /// sRGB-encoded R'G'B' to Oklab.
    pub fn encoded_to_oklab(&self, rgb: Triple) -> Triple {
        self.linear_to_oklab(rgb.map(transfer::decode))
    }
}

/// XYZ of a chromaticity, of any luminance: SMPTE ST 428's primaries have none.
fn xyz_of(xy: [f64; 2]) -> Triple {
    [xy[0], xy[1], 1.0 - xy[0] - xy[1]]
}

/// XYZ of a white point of luminance 1.
fn white_xyz(xy: [f64; 2]) -> Triple {
    xyz_of(xy).map(|v| v / xy[1])
}

/// Columns are the primaries' XYZ, scaled so that RGB (1, 1, 1) is the white point.
fn rgb_to_xyz_d65(p: &Primaries) -> Matrix {
    let (r, g, b, w) = (xyz_of(p.red), xyz_of(p.green), xyz_of(p.blue), white_xyz(p.white));
    let columns = [0, 1, 2].map(|i| [r[i], g[i], b[i]]);
    let own = mul(&columns, &diagonal(mul_vec(&inverse(&columns), w)));
    if p.white == D65 {
        return own;
    }
    const BRADFORD: Matrix =
        [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]];
    let (from, to) = (mul_vec(&BRADFORD, w), mul_vec(&BRADFORD, white_xyz(D65)));
    let gains = diagonal([0, 1, 2].map(|i| to[i] / from[i]));
    mul(&mul(&inverse(&BRADFORD), &mul(&gains, &BRADFORD)), &own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_is_white_in_every_space() {
        let dci = Primaries { white: [0.314, 0.351], ..Primaries::BT2020 };
        let st428 = Primaries {
            red: [1.0, 0.0],
            green: [0.0, 1.0],
            blue: [0.0, 0.0],
            white: [1.0 / 3.0, 1.0 / 3.0],
        };
        for primaries in [Primaries::BT709, Primaries::BT2020, dci, st428] {
            let lab = RgbSpace::new(&primaries).linear_to_oklab([1.0; 3]);
            // CSS Color 4 rounds its matrices to where white is off by some 1e-8.
            assert!((lab[0] - 1.0).abs() < 1e-6 && lab[1].hypot(lab[2]) < 1e-6, "{lab:?}");
        }
    }

    #[test]
    fn oklab_is_undone() {
        let space = RgbSpace::new(&Primaries::BT709);
        for rgb in [[0.0, 0.0, 0.0], [0.2, 0.5, 0.9], [1.0, 0.0, 0.3]] {
            let back = space.oklab_to_linear(space.linear_to_oklab(rgb));
            for i in 0..3 {
                assert!((back[i] - rgb[i]).abs() < 1e-12, "{rgb:?} -> {back:?}");
            }
        }
    }
}
