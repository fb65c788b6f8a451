//! A second opinion on where formats keep their components: GStreamer's own unpacker, which reads memory without
//! the tables that [`Layout`]s are made of.

mod common;

use std::collections::BTreeSet;

use colorshine_core::apply::load;
use colorshine_core::frame::{Component, Layout};
use colorshine_core::workers::simd_level;
use colorshine_video::{Stream, formats, grey_formats, with_readable};
use common::codes::pixel;
use common::{Random, element, info};
use gst::prelude::*;
use gst_video::{VideoFormat, VideoFormatInfo, VideoInfo, VideoInterlaceMode, VideoPackFlags};

/// Rows of two whole groups of each field, and an even number of columns: of VYUY's last column, where it has no
/// partner, GStreamer 1.22 unpacks other bytes than of all others.
const SIZE: (u32, u32) = (38, 8);

/// What GStreamer unpacks of noise, row by row: for each pixel what is no colour, and the three components.
struct Unpacked {
    rows: Vec<Vec<[u32; 4]>>,
    /// Bits of each number.
    bits: u32,
}

impl Unpacked {
    fn new(info: &VideoInfo, data: &[u8]) -> Self {
        let format = info.format_info();
        let bits = VideoFormatInfo::from_format(format.unpack_format()).depth()[0];
        let planes = 0..info.n_planes() as usize;
        let memory: Vec<&[u8]> =
            planes.clone().map(|plane| &data[info.offset()[plane]..]).collect();
        let flags = match info.is_interlaced() {
            true => VideoPackFlags::INTERLACED,
            false => VideoPackFlags::empty(),
        };
        let width = info.width() as usize;
        let mut row = vec![0; width * bits as usize / 2];
        let mut rows = Vec::new();
        for y in 0..info.height() as i32 {
            format.unpack(
                flags,
                &mut row,
                &memory,
                &info.stride()[planes.clone()],
                0,
                y,
                width as i32,
            );
            let number = |bytes: &[u8]| match *bytes {
                [byte] => u32::from(byte),
                [a, b] => u32::from(u16::from_ne_bytes([a, b])),
                _ => panic!("numbers of {bits} bits"),
            };
            let numbers: Vec<u32> = row.chunks_exact(bits as usize / 8).map(number).collect();
            rows.push(numbers.as_chunks().0.to_vec());
        }
        Self { rows, bits }
    }
}

/// The first code of noise that a layout and the unpacker read differently: the number of its component, and where.
fn disagreement(info: &VideoInfo, layout: &Layout) -> Option<(usize, String)> {
    let mut random = Random::of(info.format().to_str());
    // More than a frame, for GStreamer's binding counts rows of luma in every plane, and a layout may be wrong.
    let data: Vec<u8> = (0..4 * info.size()).map(|_| random.next() as u8).collect();
    let unpacked = Unpacked::new(info, &data);
    for index in 0..3 {
        let depth = layout.components[index].depth;
        if depth != info.comp_depth(index as u8) {
            return Some((index, format!("{depth} bits")));
        }
        // A code is unpacked to the upper bits; what is below may be more of it, or what lay beside it.
        let common = depth.min(unpacked.bits);
        for (y, row) in unpacked.rows.iter().enumerate() {
            for (x, numbers) in row.iter().enumerate() {
                let ours = pixel(info, layout, &data, x, y)[index] >> (depth - common);
                let theirs = numbers[1 + index] >> (unpacked.bits - common);
                if ours != theirs {
                    return Some((index, format!("{ours:#x}, not {theirs:#x}, at {x},{y}")));
                }
            }
        }
    }
    None
}

/// The streams of a format that are laid out in their own ways.
fn streams(format: VideoFormat) -> [VideoInfo; 2] {
    let (width, height) = SIZE;
    let interlaced =
        VideoInfo::builder(format, width, height).interlace_mode(VideoInterlaceMode::Interleaved);
    [info(format, width, height), interlaced.build().unwrap()]
}

/// What the element processes a stream's frames by.
fn layout(info: &VideoInfo) -> Layout {
    Layout { is_interlaced: info.is_interlaced(), ..Stream::new(info).layout }
}

#[test]
fn gstreamer_reads_every_format_as_we_do() {
    common::init();
    for format in formats() {
        for info in streams(format) {
            let layout = layout(&info);
            assert_eq!(disagreement(&info, &layout), None, "{format} {layout:?}");
            assert_eq!(layout.planes, info.n_planes() as usize, "{format}");
        }
    }
}

/// A newer GStreamer's formats are not forgotten in silence.
#[test]
fn every_format_with_colour_is_accepted() {
    common::init();
    let is_wanted = |format: &VideoFormat| {
        let info = VideoFormatInfo::from_format(*format);
        // What is left to videoconvert.
        let is_in_groups = ["_10LE32", "_10LE40"].iter().any(|end| info.name().contains(end));
        let has_color = (info.is_rgb() || info.is_yuv()) && !info.is_gray();
        has_color && !info.is_tiled() && !info.has_palette() && !is_in_groups
    };
    let names = |formats: &mut dyn Iterator<Item = VideoFormat>| {
        formats.map(|format| format.to_string()).collect::<BTreeSet<String>>()
    };
    let wanted = names(&mut VideoFormat::iter_raw().filter(is_wanted));
    let caps = element(&[]).static_pad("sink").unwrap().pad_template_caps();
    let accepted = caps.structure(0).unwrap().get::<gst::List>("format").unwrap();
    let accepted = accepted.iter().map(|name| name.get::<String>().unwrap()).collect();
    assert_eq!(wanted, accepted);
    assert!(wanted.len() >= 97, "{}", wanted.len());
}

/// A format whose name alone was added where GStreamer's tables do not have it as it is.
#[test]
fn a_name_alone_does_not_pass() {
    common::init();
    // The table has UYVY's bytes for VYUY, says big-endian of v216, which is not, and of the others nothing at all
    // of the places within a pixel.
    let in_table = |info: &VideoInfo| {
        let offset = |c: usize| info.comp_poffset(c as u8) as usize;
        let mut layout = layout(info);
        for (index, component) in layout.components.iter_mut().enumerate() {
            let bytes = if component.depth > 8 { 2 } else { 1 };
            let format = info.format_info();
            let [offset, shift] = [offset(index), format.shift()[index] as usize];
            let is_big_endian = bytes == 2 && !format.is_le();
            let (shift, further_shifts) = (shift as u32, &[][..]);
            let step = info.comp_pstride(index as u8) as usize;
            let place = Component { offset, step, further_shifts, ..*component };
            *component = Component { bytes, shift, is_big_endian, ..place };
        }
        layout
    };
    let by_table = |name: &str| {
        let info = info(VideoFormat::from_string(name), SIZE.0, SIZE.1);
        disagreement(&info, &in_table(&info)).map(|(index, _)| index)
    };
    for right in ["I420", "NV61", "YVYU", "AYUV64", "GBR_10BE", "IYU2"] {
        assert_eq!(by_table(right), None, "{right}");
    }
    for (wrong, component) in [
        ("VYUY", 1),
        ("v216", 0),
        ("Y210", 0),
        ("Y212_LE", 1),
        ("Y410", 0),
        ("r210", 0),
        ("v210", 0),
        ("UYVP", 0),
        ("IYU1", 0),
        ("Y412_BE", 0),
        ("P010_10LE", 2),
    ] {
        assert_eq!(by_table(wrong), Some(component), "{wrong}");
    }
}

/// The harness can fail: each number of a layout counts, of every component, and is found to be that component's.
#[test]
fn one_wrong_number_is_reported() {
    common::init();
    let mut reported = 0;
    for format in formats() {
        for info in streams(format) {
            let right = layout(&info);
            for index in 0..3 {
                let component = right.components[index];
                let step = component.step;
                let mut wrong = vec![
                    Component { offset: component.offset + component.bytes, ..component },
                    Component { offset: (component.offset + 1) % step.max(2), ..component },
                    Component { step: if step == 1 { 2 } else { step / 2 }, ..component },
                    Component { shift: component.shift + 1, ..component },
                    Component { depth: component.depth - 1, ..component },
                ];
                if let [first, ..] = component.further_shifts {
                    wrong.push(Component { further_shifts: &[], ..component });
                    wrong.push(Component { shift: *first, ..component });
                }
                if component.shift > 0 {
                    wrong.push(Component { shift: component.shift - 1, ..component });
                    // Without its lowest bit.
                    let (shift, depth) = (component.shift + 1, component.depth - 1);
                    wrong.push(Component { shift, depth, ..component });
                }
                if component.bytes > 1 {
                    let is_big_endian = !component.is_big_endian;
                    wrong.push(Component { is_big_endian, ..component });
                }
                if right.planes > 1 {
                    let plane = (component.plane + 1) % right.planes;
                    wrong.push(Component { plane, ..component });
                }
                for component in wrong {
                    let mut layout = right;
                    layout.components[index] = component;
                    let found = disagreement(&info, &layout).map(|(index, _)| index);
                    assert_eq!(found, Some(index), "{format}: {component:?} passes");
                    reported += 1;
                }
            }
            let mut swapped = right;
            swapped.components.swap(1, 2);
            let other = |sub: u32| if sub == 0 { 1 } else { sub - 1 };
            let mut sharing = vec![swapped, Layout { sub_x: other(right.sub_x), ..right }];
            if right.sub_x > 0 {
                sharing.push(Layout { sub_y: other(right.sub_y), ..right });
            }
            if right.sub_y > 0 {
                sharing.push(Layout { is_interlaced: !right.is_interlaced, ..right });
            }
            for layout in sharing {
                let found = disagreement(&info, &layout).map(|(index, _)| index);
                assert_eq!(found, Some(1), "{format}: {layout:?} passes");
                reported += 1;
            }
        }
    }
    println!("{reported} wrong layouts, all reported");
    assert!(reported > 2000, "{reported}");
}

/// Formats of luma alone, read by rows as GStreamer reads them.
#[test]
fn gstreamer_reads_grey_formats_as_we_do() {
    common::init();
    for format in grey_formats() {
        for width in [38, 39, 40] {
            let info = VideoInfo::builder(format, width, 3).build().unwrap();
            let mut random = Random::new(5);
            let data: Vec<u8> = (0..info.size()).map(|_| random.below(256) as u8).collect();
            let unpacked = Unpacked::new(&info, &data);
            let buffer = gst::Buffer::from_slice(data);
            let layout = Stream::new(&info).layout;
            let luma = layout.components[0];
            let mut codes = vec![0; width as usize];
            with_readable(&buffer, &info, &layout, |planes, layout, area| {
                assert_eq!((area.columns, area.rows), ([0, width as usize], [0, 3]));
                assert_eq!(*layout, Stream::new(&info).layout);
                for (y, row) in unpacked.rows.iter().enumerate() {
                    load(simd_level(), planes.row(0, y), &luma, 0, &mut codes);
                    for (x, pixel) in row.iter().enumerate() {
                        // The upper bits are those of the code, and are repeated below it.
                        let code = pixel[1] >> (unpacked.bits - luma.depth);
                        assert_eq!(u32::from(codes[x]), code, "{format} {width}: {x},{y}");
                    }
                }
            })
            .unwrap();
        }
    }
}
