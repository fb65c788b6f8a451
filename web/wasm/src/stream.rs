//! What the bytes of a picture mean, as WebCodecs names it.

use colorshine_core::color::codes::{CodeSpace, Range};
use colorshine_core::color::oklab::{D65, Primaries};
use colorshine_core::frame::{Component, Layout};

/// Where a picture keeps its components.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Four bytes a pixel.
    Rgba,
    /// Planes of Y', Cb and Cr, the last two of half the columns and rows.
    I420,
    /// The same with Cb and Cr side by side in one plane.
    Nv12,
}

/// Format, matrix, range and primaries of a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stream {
    /// Where components lie.
    pub format: Format,
    /// Luma coefficients of red and blue; of no use to R'G'B'.
    luma: [f64; 2],
    is_full_range: bool,
    /// The picture's primaries.
    pub primaries: Primaries,
}

/// ITU-R BT.601, 525 lines (SMPTE 170M).
const SMPTE170M: Primaries =
    Primaries { red: [0.630, 0.340], green: [0.310, 0.595], blue: [0.155, 0.070], white: D65 };

/// ITU-R BT.601, 625 lines (BT.470 B and G).
const BT470BG: Primaries =
    Primaries { red: [0.64, 0.33], green: [0.29, 0.60], blue: [0.15, 0.06], white: D65 };

/// SMPTE EG 432-1: Display P3.
const P3: Primaries =
    Primaries { red: [0.680, 0.320], green: [0.265, 0.690], blue: [0.150, 0.060], white: D65 };

impl Stream {
    /// R'G'B' of sRGB: what a canvas has.
    pub const SRGB: Self = Self {
        format: Format::Rgba,
        luma: [0.2126, 0.0722],
        is_full_range: true,
        primaries: Primaries::BT709,
    };

    /// By numbers, as the page has them; `None` where one is unknown.
    ///
    /// - `format`: 0 RGBA, 1 I420, 2 NV12
    /// - `matrix`: 0 BT.709, 1 BT.601 (SMPTE 170M, BT.470 BG), 2 BT.2020
    /// - `primaries`: 0 BT.709, 1 SMPTE 170M, 2 BT.470 BG, 3 BT.2020, 4 P3
    pub fn new(format: u32, matrix: u32, is_full_range: bool, primaries: u32) -> Option<Self> {
        let format = *[Format::Rgba, Format::I420, Format::Nv12].get(format as usize)?;
        let luma = *[[0.2126, 0.0722], [0.299, 0.114], [0.2627, 0.0593]].get(matrix as usize)?;
        let all = [Primaries::BT709, SMPTE170M, BT470BG, Primaries::BT2020, P3];
        let primaries = *all.get(primaries as usize)?;
        // Pixels of R'G'B' come from a canvas, which has all codes.
        Some(Self { format, luma, is_full_range, primaries })
    }

    /// What the codes mean.
    pub fn codes(&self) -> CodeSpace {
        let [kr, kb] = self.luma;
        let full = Range { offset: [0.0, 128.0, 128.0], scale: [255.0; 3] };
        let limited = Range { offset: [16.0, 128.0, 128.0], scale: [219.0, 224.0, 224.0] };
        match self.format {
            Format::Rgba => CodeSpace::full_rgb(8),
            _ => CodeSpace::ycbcr(8, if self.is_full_range { full } else { limited }, kr, kb),
        }
    }

    /// Where the components lie. Chroma is on the first of its two columns, between its rows, as H.264, HEVC, VP9 and
    /// AV1 have it where nothing else is said.
    pub fn layout(&self) -> Layout {
        let chroma_left = |layout| Layout { is_cosited_x: true, ..layout };
        match self.format {
            Format::Rgba => Layout::packed([0, 1, 2], 4),
            Format::I420 => chroma_left(Layout::planar([1, 1])),
            Format::Nv12 => {
                let components =
                    [Component::byte(0, 0, 1), Component::byte(1, 0, 2), Component::byte(1, 1, 2)];
                chroma_left(Layout { components, planes: 2, ..Layout::planar([1, 1]) })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_numbers_are_refused() {
        assert_eq!(Stream::new(0, 0, true, 0), Some(Stream::SRGB));
        assert_eq!(Stream::new(3, 0, true, 0), None);
        assert_eq!(Stream::new(0, 3, true, 0), None);
        assert_eq!(Stream::new(0, 0, true, 5), None);
    }

    #[test]
    fn codes_are_those_of_the_standards() {
        let codes = |matrix, is_full| Stream::new(1, matrix, is_full, 0).unwrap().codes();
        let red = |codes: CodeSpace| codes.encode([1.0, 0.0, 0.0]).map(f64::round);
        assert_eq!(red(codes(0, false)), [63.0, 102.0, 240.0]);
        assert_eq!(red(codes(1, false)), [81.0, 90.0, 240.0]);
        assert_eq!(red(codes(1, true)), [76.0, 85.0, 256.0]);
        assert!(!Stream::SRGB.codes().is_ycbcr());
    }
}
