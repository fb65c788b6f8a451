//! What a stream's caps mean: layout, code values and primaries, from GStreamer's own tables.

#![expect(unsafe_code, reason = "GStreamer's table of primaries has no safe binding")]

use std::fmt;

use colorshine_core::color::codes::{CodeSpace, Range};
use colorshine_core::color::oklab::{D65, Primaries};
use colorshine_core::frame::{Component, Layout};
use gst_video::{
    VideoChromaSite, VideoColorMatrix, VideoColorRange, VideoColorimetry, VideoFormat,
    VideoFormatInfo, VideoInfo, VideoTransferFunction,
};

/// Formats by name, so that one may be unknown to the GStreamer at run time.
const FORMATS: &[&str] = &[
    // 8 bits and less.
    "RGBA",
    "RGBx",
    "BGRA",
    "BGRx",
    "ARGB",
    "xRGB",
    "ABGR",
    "xBGR",
    "RBGA",
    "RGB",
    "BGR",
    "RGB15",
    "BGR15",
    "RGB16",
    "BGR16",
    "GBR",
    "GBRA",
    "RGBP",
    "BGRP",
    "I420",
    "YV12",
    "A420",
    "NV12",
    "NV21",
    "AV12",
    "Y42B",
    "A422",
    "NV16",
    "NV61",
    "YUY2",
    "UYVY",
    "YVYU",
    "VYUY",
    "Y444",
    "A444",
    "NV24",
    "Y41B",
    "IYU1",
    "YUV9",
    "YVU9",
    "AYUV",
    "VUYA",
    "v308",
    "IYU2",
    // 10, 12 and 16 bits.
    "RGB10A2_LE",
    "BGR10A2_LE",
    "RGB10x2_LE",
    "BGR10x2_LE",
    "r210",
    "v210",
    "UYVP",
    "Y410",
    "GBR_10LE",
    "GBR_10BE",
    "GBR_12LE",
    "GBR_12BE",
    "GBR_16LE",
    "GBR_16BE",
    "GBRA_10LE",
    "GBRA_10BE",
    "GBRA_12LE",
    "GBRA_12BE",
    "ARGB64",
    "ARGB64_LE",
    "ARGB64_BE",
    "RGBA64_LE",
    "RGBA64_BE",
    "BGRA64_LE",
    "BGRA64_BE",
    "ABGR64_LE",
    "ABGR64_BE",
    "I420_10LE",
    "I420_10BE",
    "I420_12LE",
    "I420_12BE",
    "A420_10LE",
    "A420_10BE",
    "A420_12LE",
    "A420_12BE",
    "A420_16LE",
    "A420_16BE",
    "P010_10LE",
    "P010_10BE",
    "P012_LE",
    "P012_BE",
    "P016_LE",
    "P016_BE",
    "I422_10LE",
    "I422_10BE",
    "I422_12LE",
    "I422_12BE",
    "I422_16LE",
    "I422_16BE",
    "A422_10LE",
    "A422_10BE",
    "A422_12LE",
    "A422_12BE",
    "A422_16LE",
    "A422_16BE",
    "Y210",
    "Y212_LE",
    "Y212_BE",
    "Y216_LE",
    "Y216_BE",
    "v216",
    "Y444_10LE",
    "Y444_10BE",
    "Y444_12LE",
    "Y444_12BE",
    "Y444_16LE",
    "Y444_16BE",
    "A444_10LE",
    "A444_10BE",
    "A444_12LE",
    "A444_12BE",
    "A444_16LE",
    "A444_16BE",
    "Y412_LE",
    "Y412_BE",
    "Y416_LE",
    "Y416_BE",
    "AYUV64",
];

/// The formats that are processed natively, as far as the GStreamer at run time knows them, and has them in a
/// form that can be processed.
pub fn formats() -> impl Iterator<Item = VideoFormat> {
    let known = |format: &VideoFormat| *format != VideoFormat::Unknown;
    let named = FORMATS.iter().map(|name| VideoFormat::from_string(name)).filter(known);
    named.filter(|format| can_be_processed(&VideoFormatInfo::from_format(*format)))
}

/// Formats of luma alone.
const GREY_FORMATS: &[&str] = &["GRAY8", "GRAY16_LE", "GRAY16_BE", "GRAY10_LE32"];

/// The formats of luma alone that can be read. In their layouts luma stands for all three components.
pub fn grey_formats() -> impl Iterator<Item = VideoFormat> {
    GREY_FORMATS.iter().map(|name| VideoFormat::from_string(name))
}

/// Words that hold several components or samples of a pixel or more, of which GStreamer's table does not say where:
/// their bytes, whether the high one comes first, and for each component the bits below the codes of its samples.
fn words(name: &str) -> Option<(usize, bool, [&'static [u32]; 3])> {
    Some(match name {
        "RGB15" => (2, false, [&[10], &[5], &[0]]),
        "BGR15" => (2, false, [&[0], &[5], &[10]]),
        "RGB16" => (2, false, [&[11], &[5], &[0]]),
        "BGR16" => (2, false, [&[0], &[5], &[11]]),
        "RGB10A2_LE" | "RGB10x2_LE" => (4, false, [&[0], &[10], &[20]]),
        "BGR10A2_LE" | "BGR10x2_LE" => (4, false, [&[20], &[10], &[0]]),
        "r210" => (4, true, [&[20], &[10], &[0]]),
        "Y410" => (4, false, [&[10], &[0], &[20]]),
        "GRAY10_LE32" => (4, false, [&[0, 10, 20]; 3]),
        // Cb Y Cr Y.
        "UYVP" => (5, true, [&[20, 0], &[30], &[10]]),
        // Cb Y Y Cr Y Y.
        "IYU1" => (6, false, [&[8, 16, 32, 40], &[0], &[24]]),
        // Cb Y Cr, Y Cb Y, Cr Y Cb, Y Cr Y, in 32 bits each.
        "v210" => (16, false, [&[10, 32, 52, 74, 96, 116], &[0, 42, 84], &[20, 64, 106]]),
        _ => return None,
    })
}

/// Whether the loops over rows are made for what a format is: three components in rows of samples, and chroma that one
/// column or two share, and as many rows or one, or four columns and one row or four.
///
/// Where the components lie is another matter, which the table does not have for every format: see [`layout`].
fn can_be_processed(format: &VideoFormatInfo) -> bool {
    let is_color = (format.is_rgb() || format.is_yuv()) && format.n_components() >= 3;
    if !is_color || format.is_tiled() || format.has_palette() {
        return false;
    }
    let depth = format.depth()[0];
    let steps = format.pixel_stride();
    let are_samples = !format.is_complex()
        && (8..=16).contains(&depth)
        && format.depth()[..3].iter().all(|other| *other == depth)
        && steps[..3].iter().all(|step| [1, 2, 3, 4, 8].contains(step));
    let sharing = |index: usize| [format.w_sub()[index], format.h_sub()[index]];
    (are_samples || words(format.name()).is_some())
        && sharing(0) == [0, 0]
        && sharing(1) == sharing(2)
        && [[0, 0], [1, 0], [1, 1], [2, 0], [2, 2]].contains(&sharing(1))
}

/// A transfer function of high dynamic range, which is processed as if it were SDR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HdrTransfer {
    /// SMPTE ST 2084.
    Pq,
    /// ARIB STD-B67.
    Hlg,
}

impl fmt::Display for HdrTransfer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pq => "PQ (SMPTE ST 2084)",
            Self::Hlg => "HLG (ARIB STD-B67)",
        })
    }
}

/// What a stream's caps mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Stream {
    /// Where components lie.
    pub layout: Layout,
    /// What codes mean.
    pub codes: CodeSpace,
    /// The container's primaries.
    pub primaries: Primaries,
    /// High dynamic range, if the caps say so.
    pub hdr: Option<HdrTransfer>,
}

impl Stream {
    /// The meaning of what is known of caps; what they leave out is as [`VideoInfo`] fills it in.
    pub fn new(info: &VideoInfo) -> Self {
        Self::with_range(info, info.colorimetry().range())
    }

    /// The meaning of caps. A range that they name counts, too, where they name no matrix: [`VideoInfo`] then takes
    /// its defaults for both, as for H.264 that is tagged full range and nothing else.
    pub fn of_caps(caps: &gst::CapsRef, info: &VideoInfo) -> Self {
        let named = caps.structure(0).and_then(|caps| caps.get::<&str>("colorimetry").ok());
        let named = named.and_then(|text| text.parse::<VideoColorimetry>().ok());
        let range = named.map(|colorimetry| colorimetry.range());
        let range = range.filter(|range| *range != VideoColorRange::Unknown);
        Self::with_range(info, range.unwrap_or(info.colorimetry().range()))
    }

    fn with_range(info: &VideoInfo, range: VideoColorRange) -> Self {
        let format = info.format_info();
        let transfer = info.colorimetry().transfer();
        Self {
            layout: layout(info, &format),
            codes: codes(info, &format, range),
            primaries: primaries(info),
            hdr: match transfer {
                VideoTransferFunction::Smpte2084 => Some(HdrTransfer::Pq),
                VideoTransferFunction::AribStdB67 => Some(HdrTransfer::Hlg),
                _ => None,
            },
        }
    }
}

fn layout(info: &VideoInfo, format: &VideoFormatInfo) -> Layout {
    // Without flags, where caps do not say, it is in the middle, as GStreamer's converter has it. That
    // chroma may alternate by lines (DV) is left out there, too, and is also said of chroma that does not.
    let site = info.chroma_site();
    let last = format.n_components() as usize - 1;
    let component = |index: usize| {
        let index = index.min(last);
        let depth = format.depth()[index];
        let bytes = if depth > 8 { 2 } else { 1 };
        let component = Component {
            plane: format.plane()[index] as usize,
            offset: format.poffset()[index] as usize,
            step: format.pixel_stride()[index] as usize,
            bytes,
            shift: format.shift()[index],
            further_shifts: &[],
            depth,
            is_big_endian: bytes == 2 && !format.is_le(),
        };
        if let Some((bytes, is_big_endian, shifts)) = words(format.name()) {
            let [shift, further_shifts @ ..] = shifts[index] else {
                unreachable!("each component has a sample in a word");
            };
            let word = Component { offset: 0, step: bytes, bytes, is_big_endian, ..component };
            return Component { shift: *shift, further_shifts, ..word };
        }
        let at = |offsets: [usize; 3]| Component { offset: offsets[index], ..component };
        // For the second chroma component of P010 and its kin the table does not have the right byte. It has UYVY's
        // bytes for VYUY, no bytes at all for Y210 and its kin, and says of words that are little-endian that they
        // are not.
        match format.name().as_str() {
            "VYUY" => at([1, 2, 0]),
            "Y210" => Component { shift: 6, is_big_endian: false, ..at([0, 2, 6]) },
            "Y212_LE" | "Y212_BE" | "Y216_LE" | "Y216_BE" => at([0, 2, 6]),
            "v216" => Component { is_big_endian: false, ..component },
            "Y412_LE" | "Y412_BE" | "Y416_LE" | "Y416_BE" => at([2, 0, 4]),
            _ => at([component.offset.next_multiple_of(bytes); 3]),
        }
    };
    Layout {
        components: [0, 1, 2].map(component),
        planes: format.n_planes() as usize,
        sub_x: format.w_sub()[1.min(last)],
        sub_y: format.h_sub()[1.min(last)],
        is_cosited_x: site.contains(VideoChromaSite::H_COSITED),
        is_cosited_y: site.contains(VideoChromaSite::V_COSITED),
        is_interlaced: false,
        unpaired_group: None,
    }
}

fn codes(info: &VideoInfo, format: &VideoFormatInfo, range: VideoColorRange) -> CodeSpace {
    // Without alpha's.
    let depths = &format.depth()[..3.min(format.n_components() as usize)];
    let range = match range {
        // Caps without a range: RGB is full, Y'CbCr limited, as everywhere in GStreamer.
        VideoColorRange::Unknown if format.is_rgb() => VideoColorRange::Range0_255,
        VideoColorRange::Unknown => VideoColorRange::Range16_235,
        range => range,
    };
    let (offset, scale) = if depths.iter().all(|depth| *depth >= 8) {
        format.range_offsets(range)
    } else if range == VideoColorRange::Range16_235 {
        // GStreamer's function would shift by less than nothing. Shorter codes are the upper bits of those of 8.
        ([16; 4], [219; 4])
    } else {
        let scales = [0, 1, 2].map(|index| 0xff & !(0xff >> depths[index]));
        ([0; 4], [scales[0], scales[1], scales[2], 0])
    };
    let of = |index: usize| if format.is_gray() { 0 } else { index };
    let range = Range {
        offset: [0, 1, 2].map(|i| f64::from(offset[of(i)])),
        scale: [0, 1, 2].map(|i| f64::from(scale[of(i)])),
    };
    let depth = depths[0].max(8);
    // Where luma stands for all components, they are equal, as of a grey in R'G'B'.
    if format.is_rgb() || format.is_gray() {
        return CodeSpace::rgb(depth, range);
    }
    let default =
        if info.height() > 576 { VideoColorMatrix::Bt709 } else { VideoColorMatrix::Bt601 };
    let matrix = info.colorimetry().matrix();
    let coefficients = matrix.kr_kb().or_else(|_| default.kr_kb());
    // Both defaults are in GStreamer's table; BT.709 stands in all the same.
    let (kr, kb) = coefficients.unwrap_or((0.2126, 0.0722));
    CodeSpace::ycbcr(depth, range, kr, kb)
}

fn primaries(info: &VideoInfo) -> Primaries {
    use gst::glib::translate::IntoGlib;
    let primaries = info.colorimetry().primaries();
    // SAFETY: the function returns an entry of a constant table, or null for an unknown value.
    let entry = unsafe {
        gst_video::ffi::gst_video_color_primaries_get_info(primaries.into_glib()).as_ref()
    };
    // The table's entry for unknown primaries is all zeros.
    match entry.filter(|entry| entry.Wy > 0.0) {
        Some(entry) => Primaries {
            red: [entry.Rx, entry.Ry],
            green: [entry.Gx, entry.Gy],
            blue: [entry.Bx, entry.By],
            white: if is_d65([entry.Wx, entry.Wy]) { D65 } else { [entry.Wx, entry.Wy] },
        },
        None => Primaries::BT709,
    }
}

/// GStreamer's table and CSS Color 4 round D65 differently; Oklab's white is CSS's.
fn is_d65(white: [f64; 2]) -> bool {
    (white[0] - D65[0]).abs() < 1e-4 && (white[1] - D65[1]).abs() < 1e-4
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(format: VideoFormat, width: u32, height: u32, colorimetry: Option<&str>) -> Stream {
        gst::init().unwrap();
        let colorimetry = colorimetry.map(|c| c.parse::<gst_video::VideoColorimetry>().unwrap());
        let info = VideoInfo::builder(format, width, height);
        Stream::new(&info.colorimetry_if_some(colorimetry.as_ref()).build().unwrap())
    }

    #[test]
    fn formats_are_told_from_unknown_ones() {
        gst::init().unwrap();
        let unknown = |name: &&&str| VideoFormat::from_string(name) == VideoFormat::Unknown;
        let missing: Vec<_> = FORMATS.iter().filter(unknown).collect();
        // GStreamer 1.22 lacks these: deeper ones with alpha, and some that came with 1.24 and 1.26.
        let is_lacking = |name: &str| {
            let kin = ["RBGA", "A422", "A444", "RGB10x2_LE", "BGR10x2_LE"];
            let deep = ["GBR_16", "I422_16", "A420_1", "A422_1", "A444_1", "Y216_", "Y416_"];
            kin.contains(&name) || deep.iter().any(|start| name.starts_with(start))
        };
        assert!(missing.iter().all(|name| is_lacking(name)), "{missing:?}");
        assert_eq!(formats().count(), FORMATS.len() - missing.len());
    }

    #[test]
    fn what_the_loops_cannot_do_is_refused() {
        gst::init().unwrap();
        let info = |name: &str| VideoFormatInfo::from_format(VideoFormat::from_string(name));
        for (names, reason) in [
            (["NV12_64Z32", "NV12_4L4"], "tiled"),
            (["NV12_10LE32", "NV12_10LE40"], "packed in words of 32 bits, or 40"),
            (["RGB8P", "RGB8P"], "a palette"),
            (["GRAY8", "GRAY16_LE"], "of one component"),
        ] {
            for name in names {
                assert_eq!(info(name).name(), name);
                assert!(!can_be_processed(&info(name)), "{name} is {reason}");
            }
        }
        let known = FORMATS.iter().filter(|name| info(name).format() != VideoFormat::Unknown);
        let refused: Vec<_> = known.filter(|name| !can_be_processed(&info(name))).collect();
        assert!(refused.is_empty(), "{refused:?}");
    }

    #[test]
    fn deep_components_lie_within_words() {
        let places = |format| {
            let layout = stream(format, 64, 64, None).layout;
            layout.components.map(|c| (c.offset, c.step, c.bytes, c.shift))
        };
        assert_eq!(places(VideoFormat::P01010le), [(0, 2, 2, 6), (0, 4, 2, 6), (2, 4, 2, 6)]);
        assert_eq!(places(VideoFormat::Bgr10a2Le), [(0, 4, 4, 20), (0, 4, 4, 10), (0, 4, 4, 0)]);
        assert_eq!(places(VideoFormat::Y410), [(0, 4, 4, 10), (0, 4, 4, 0), (0, 4, 4, 20)]);
        assert_eq!(places(VideoFormat::Argb64Be), [(2, 8, 2, 0), (4, 8, 2, 0), (6, 8, 2, 0)]);
        assert_eq!(places(VideoFormat::Y210), [(0, 4, 2, 6), (2, 8, 2, 6), (6, 8, 2, 6)]);
        assert_eq!(places(VideoFormat::Y412Be), [(2, 8, 2, 4), (0, 8, 2, 4), (4, 8, 2, 4)]);
        assert_eq!(places(VideoFormat::R210), [(0, 4, 4, 20), (0, 4, 4, 10), (0, 4, 4, 0)]);
    }

    #[test]
    fn words_hold_several_samples() {
        for (format, bytes, samples) in [
            (VideoFormat::Uyvp, 5, [2, 1, 1]),
            (VideoFormat::Iyu1, 6, [4, 1, 1]),
            (VideoFormat::V210, 16, [6, 3, 3]),
        ] {
            let layout = stream(format, 64, 64, None).layout;
            assert!(layout.components.iter().all(|c| (c.step, c.bytes) == (bytes, bytes)));
            assert_eq!(layout.components.map(|c| c.samples_per_word()), samples, "{format}");
            // No bit is two samples'.
            let mut seen = 0u128;
            for (component, sample) in layout
                .components
                .iter()
                .flat_map(|c| (0..c.samples_per_word()).map(move |s| (c, s)))
            {
                let bits = ((1u128 << component.depth) - 1) << component.shift_of(sample);
                assert_eq!(seen & bits, 0, "{format}");
                seen |= bits;
            }
            assert!(seen >> (8 * bytes - 1) <= 1, "{format}");
        }
    }

    #[test]
    fn short_codes_are_the_upper_bits_of_8() {
        let codes = |scale| CodeSpace::rgb(8, Range { offset: [0.0; 3], scale });
        let rgb16 = stream(VideoFormat::Rgb16, 64, 64, None);
        assert_eq!(rgb16.codes, codes([248.0, 252.0, 248.0]));
        assert_eq!(stream(VideoFormat::Bgr15, 64, 64, None).codes, codes([248.0; 3]));
        let limited = Range { offset: [16.0; 3], scale: [219.0; 3] };
        let rgb15 = stream(VideoFormat::Rgb15, 64, 64, Some("2:1:7:1"));
        assert_eq!(rgb15.codes, CodeSpace::rgb(8, limited));
    }

    #[test]
    fn components_of_packed_and_planar_formats() {
        let places = |format| {
            let layout = stream(format, 64, 64, None).layout;
            layout.components.map(|c| (c.plane, c.offset, c.step))
        };
        assert_eq!(places(VideoFormat::Xbgr), [(0, 3, 4), (0, 2, 4), (0, 1, 4)]);
        assert_eq!(places(VideoFormat::Gbr), [(2, 0, 1), (0, 0, 1), (1, 0, 1)]);
        assert_eq!(places(VideoFormat::Nv21), [(0, 0, 1), (1, 1, 2), (1, 0, 2)]);
        assert_eq!(places(VideoFormat::Uyvy), [(0, 1, 2), (0, 0, 4), (0, 2, 4)]);
        assert_eq!(places(VideoFormat::Vyuy), [(0, 1, 2), (0, 2, 4), (0, 0, 4)]);
    }

    #[test]
    fn a_range_counts_without_a_matrix() {
        gst::init().unwrap();
        for (height, matrix) in [(480, "4"), (1080, "3")] {
            for range in ["1", "2"] {
                let codes = |colorimetry: String| {
                    let caps = gst::Caps::builder("video/x-raw")
                        .field("format", "I420")
                        .field("width", 640)
                        .field("height", height)
                        .field("colorimetry", colorimetry)
                        .build();
                    let info = VideoInfo::from_caps(&caps).unwrap();
                    Stream::of_caps(&caps, &info).codes
                };
                let whole = codes(format!("{range}:{matrix}:0:0"));
                assert_eq!(codes(format!("{range}:0:0:0")), whole, "range {range}, {height} rows");
            }
        }
    }

    #[test]
    fn defaults_follow_gstreamer() {
        let limited = Range { offset: [16.0, 128.0, 128.0], scale: [219.0, 224.0, 224.0] };
        let small = stream(VideoFormat::I420, 720, 576, None);
        assert_eq!(small.codes, CodeSpace::ycbcr(8, limited, 0.299, 0.114));
        let large = stream(VideoFormat::I420, 1280, 720, None);
        assert_eq!(large.codes, CodeSpace::ycbcr(8, limited, 0.2126, 0.0722));
        assert_eq!(large.primaries, Primaries::BT709);
        assert_eq!(stream(VideoFormat::Rgba, 64, 64, None).codes, CodeSpace::full_rgb(8));
    }

    #[test]
    fn chroma_site_is_read() {
        let sites = [
            (VideoChromaSite::NONE, [false, false]),
            (VideoChromaSite::MPEG2, [true, false]),
            (VideoChromaSite::V_COSITED, [false, true]),
            (VideoChromaSite::COSITED, [true, true]),
            (VideoChromaSite::DV, [true, true]),
            (VideoChromaSite::empty(), [false, false]),
        ];
        gst::init().unwrap();
        for (site, want) in sites {
            let info = VideoInfo::builder(VideoFormat::Nv12, 64, 64).chroma_site(site);
            let layout = Stream::new(&info.build().unwrap()).layout;
            assert_eq!([layout.is_cosited_x, layout.is_cosited_y], want, "{site:?}");
        }
        let default = |height| {
            let layout = stream(VideoFormat::Nv12, 64, height, None).layout;
            [layout.is_cosited_x, layout.is_cosited_y]
        };
        assert_eq!([default(576), default(577)], [[false, false], [true, false]]);
    }

    #[test]
    fn colorimetry_is_read() {
        let wide = stream(VideoFormat::Nv12, 3840, 2160, Some("bt2020"));
        assert_eq!(wide.primaries, Primaries::BT2020);
        assert_eq!(wide.hdr, None);
        let pq = stream(VideoFormat::Nv12, 3840, 2160, Some("bt2100-pq"));
        assert_eq!(pq.hdr, Some(HdrTransfer::Pq));
        // Full range, BT.709 matrix, sRGB transfer, BT.709 primaries.
        let full = stream(VideoFormat::I420, 64, 64, Some("1:3:7:1"));
        assert_eq!(full.codes.encode([1.0; 3])[0].round(), 255.0);
        let limited_rgb = stream(VideoFormat::Rgb, 64, 64, Some("2:1:7:1"));
        assert_eq!(limited_rgb.codes.encode([0.0; 3]), [16.0; 3]);
        assert_eq!(limited_rgb.codes.encode([1.0; 3]), [235.0; 3]);
    }
}
