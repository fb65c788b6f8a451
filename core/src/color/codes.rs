//! Code values: what the integers of a frame mean as R'G'B'.
//!
//! Components come in the order R, G, B or Y', Cb, Cr. R'G'B' runs from 0 to 1.

use super::{Matrix, Triple, inverse, mul, mul_vec};

/// Code values of one stream, as an affine map to R'G'B'.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CodeSpace {
    /// Bits per component; codes run from 0 to 2^depth - 1.
    pub depth: u32,
    /// Code of zero (black, or no chroma), per component.
    zero: Triple,
    /// (code - zero) to R'G'B'.
    to_rgb: Matrix,
    /// R'G'B' to (code - zero).
    from_rgb: Matrix,
}

/// Offset of zero and distance from zero to full (for chroma: from -0.5 to 0.5), in code values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// Code of zero, per component.
    pub offset: Triple,
    /// Codes from zero to one, per component.
    pub scale: Triple,
}

impl CodeSpace {
    /// R'G'B' codes of `depth` bits.
    pub fn rgb(depth: u32, range: Range) -> Self {
        let to_rgb = super::diagonal(range.scale.map(|s| 1.0 / s));
        Self { depth, zero: range.offset, to_rgb, from_rgb: super::diagonal(range.scale) }
    }

    /// Y'CbCr codes of `depth` bits. `kr` and `kb` are the luma coefficients of red and blue
    /// (ITU-R BT.601, BT.709 and BT.2020 define them so: Y' = Kr R' + Kg G' + Kb B').
    pub fn ycbcr(depth: u32, range: Range, kr: f64, kb: f64) -> Self {
        let kg = 1.0 - kr - kb;
        let from_rgb = mul(
            &super::diagonal(range.scale),
            &[
                [kr, kg, kb],
                [-kr / (2.0 * (1.0 - kb)), -kg / (2.0 * (1.0 - kb)), 0.5],
                [0.5, -kg / (2.0 * (1.0 - kr)), -kb / (2.0 * (1.0 - kr))],
            ],
        );
        Self { depth, zero: range.offset, to_rgb: inverse(&from_rgb), from_rgb }
    }

    /// R'G'B' codes over the whole range of `depth` bits.
    pub fn full_rgb(depth: u32) -> Self {
        let max = f64::from((1u32 << depth) - 1);
        Self::rgb(depth, Range { offset: [0.0; 3], scale: [max; 3] })
    }

    /// Codes from 0 to 1 that are R'G'B' itself.
    pub fn unit_rgb() -> Self {
        Self::rgb(1, Range { offset: [0.0; 3], scale: [1.0; 3] })
    }

    /// Whether components are Y', Cb and Cr.
    pub fn is_ycbcr(&self) -> bool {
        // Luma is made of green, too.
        self.from_rgb[0][1] != 0.0
    }

    /// The largest code.
    pub fn max_code(&self) -> u16 {
        ((1u32 << self.depth) - 1) as u16
    }

    /// Codes to R'G'B', which of some is outside of [0, 1].
    pub fn decode(&self, codes: Triple) -> Triple {
        mul_vec(&self.to_rgb, [0, 1, 2].map(|i| codes[i] - self.zero[i]))
    }

    /// Whether any code stands for R'G'B' outside of [0, 1].
    pub fn reaches_outside(&self) -> bool {
        // Rounding aside.
        const INSIDE: std::ops::RangeInclusive<f64> = -1e-9..=1.0 + 1e-9;
        let end = |corner: i32, i: i32| f64::from(corner >> i & 1) * f64::from(self.max_code());
        let mut corners = (0..8).map(|corner| self.decode([0, 1, 2].map(|i| end(corner, i))));
        corners.any(|rgb| rgb.iter().any(|v| !INSIDE.contains(v)))
    }

    /// R'G'B' to codes, neither rounded nor clamped.
    pub fn encode(&self, rgb: Triple) -> Triple {
        let codes = mul_vec(&self.from_rgb, rgb);
        [0, 1, 2].map(|i| codes[i] + self.zero[i])
    }

    /// A difference of R'G'B' as a difference of codes.
    pub fn encode_difference(&self, rgb: Triple) -> Triple {
        mul_vec(&self.from_rgb, rgb)
    }

    /// The affine map to R'G'B': matrix, then offset to add.
    pub fn decode_affine(&self) -> (Matrix, Triple) {
        (self.to_rgb, mul_vec(&self.to_rgb, self.zero).map(|v| -v))
    }

    /// The linear part of the way back.
    pub fn encode_linear(&self) -> Matrix {
        self.from_rgb
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limited() -> CodeSpace {
        let range = Range { offset: [16.0, 128.0, 128.0], scale: [219.0, 224.0, 224.0] };
        CodeSpace::ycbcr(8, range, 0.2126, 0.0722)
    }

    #[test]
    fn known_bt709_codes() {
        // 100 % colour bars, BT.709 limited range, as any vectorscope shows them.
        for (rgb, want) in [
            ([1.0, 1.0, 1.0], [235.0, 128.0, 128.0]),
            ([0.0, 0.0, 0.0], [16.0, 128.0, 128.0]),
            ([1.0, 0.0, 0.0], [63.0, 102.0, 240.0]),
            ([0.0, 0.0, 1.0], [32.0, 240.0, 118.0]),
        ] {
            assert_eq!(limited().encode(rgb).map(f64::round), want, "{rgb:?}");
        }
    }

    #[test]
    fn full_range_rgb_alone_stays_inside() {
        assert!(!CodeSpace::full_rgb(8).reaches_outside());
        assert!(!CodeSpace::full_rgb(16).reaches_outside());
        assert!(!CodeSpace::unit_rgb().reaches_outside());
        assert!(limited().reaches_outside());
        let limited = Range { offset: [16.0; 3], scale: [219.0; 3] };
        assert!(CodeSpace::rgb(8, limited).reaches_outside());
    }

    #[test]
    fn decode_undoes_encode() {
        let space = limited();
        for rgb in [[0.1, 0.5, 0.9], [1.0, 0.0, 0.25], [1.2, -0.3, 2.0]] {
            let back = space.decode(space.encode(rgb));
            (0..3).for_each(|i| assert!((back[i] - rgb[i]).abs() < 1e-12));
        }
        assert!(space.is_ycbcr() && !CodeSpace::full_rgb(8).is_ycbcr());
    }
}
