//! JPEG: its decoder, and its segments.

use libjpeg_turbo_rs::{DecodeLimits, Decoder, PixelFormat};

use super::super::Result;
use super::exif;
use super::extras::{Density, Extras, MORE_XMP, Piece, Unit, XMP, without_thumbnails};

/// Most pixels along an edge, by the format.
const EDGE: usize = 65535;

/// Pixels as RGB, and how many across and down.
///
/// # Errors
///
/// The file is damaged in any way that can be seen, or of a kind that is not decoded.
pub(super) fn decode(bytes: &[u8], components: u8) -> Result<(Vec<u8>, [u32; 2])> {
    if !matches!(components, 1 | 3) {
        return Err(
            format!("its colours have {components} components, as CMYK has, not RGB").into()
        );
    }
    let limits = DecodeLimits { max_width: EDGE, max_height: EDGE, ..DecodeLimits::default() };
    let mut decoder = Decoder::new_with_limits(bytes, limits)?;
    decoder.set_output_format(PixelFormat::Rgb);
    decoder.set_stop_on_warning(true);
    let picture = decoder.decode_image()?;
    let size = [u32::try_from(picture.width)?, u32::try_from(picture.height)?];
    if picture.data.len() != picture.width * picture.height * 3 {
        return Err("it is not decoded to RGB".into());
    }
    Ok((picture.data, size))
}

/// What a file has beside its pixels, and how many components those have.
///
/// # Errors
///
/// The file ends early, or is none.
pub(super) fn extras(bytes: &[u8]) -> Result<(Extras, u8)> {
    let mut extras = Extras::default();
    let mut profile: Vec<(u8, &[u8])> = Vec::new();
    let mut components = None;
    let mut at = 2;
    loop {
        let (marker, data, next) = segment(bytes, at)?;
        at = next;
        match marker {
            0xD9 => break,
            0xDA => at = end_of_scan(bytes, at)?,
            // Frames but for tables, and the count of their components.
            0xC0..=0xCF if ![0xC4, 0xC8, 0xCC].contains(&marker) => {
                components = data.get(5).copied();
            }
            0xE2 if data.starts_with(b"ICC_PROFILE\0") && data.len() > 14 => {
                profile.push((data[12], &data[14..]));
            }
            0xE0..=0xEF | 0xFE => take(&mut extras, marker, data),
            _ => {}
        }
    }
    if !profile.is_empty() {
        profile.sort_by_key(|(number, _)| *number);
        extras.icc = Some(profile.iter().flat_map(|(_, part)| *part).copied().collect());
    }
    let rest = &bytes[at..];
    if rest.iter().any(|byte| *byte != 0) {
        extras.leave_out(format!("{} bytes behind the picture, such as another one", rest.len()));
    }
    Ok((extras, components.ok_or("it has no picture in it")?))
}

/// The marker at a place, its data, and where the next one is.
fn segment(bytes: &[u8], mut at: usize) -> Result<(u8, &[u8], usize)> {
    const EARLY: &str = "it ends early";
    if *bytes.get(at).ok_or(EARLY)? != 0xFF {
        return Err("it is damaged: there is no marker where one should be".into());
    }
    while *bytes.get(at).ok_or(EARLY)? == 0xFF {
        at += 1;
    }
    let marker = bytes[at];
    at += 1;
    if matches!(marker, 0x01 | 0xD0..=0xD9) {
        return Ok((marker, &[], at));
    }
    let length = bytes.get(at..at + 2).ok_or(EARLY)?;
    let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
    let data = bytes.get(at + 2..at + length.max(2)).ok_or(EARLY)?;
    Ok((marker, data, at + length.max(2)))
}

/// Where the marker behind a scan's coded data is.
fn end_of_scan(bytes: &[u8], start: usize) -> Result<usize> {
    let is_end = |pair: &[u8]| pair[0] == 0xFF && !matches!(pair[1], 0x00 | 0xD0..=0xD7 | 0xFF);
    let end = bytes[start..].windows(2).position(is_end);
    Ok(start + end.ok_or("it ends early")?)
}

fn take(extras: &mut Extras, marker: u8, data: &[u8]) {
    let number = marker & 0x0F;
    match marker {
        0xE0 if data.starts_with(b"JFIF\0") => extras.density = density(data),
        // A thumbnail.
        0xE0 if data.starts_with(b"JFXX\0") => {}
        0xE1 if data.starts_with(b"Exif\0") && data.len() > 6 => {
            extras.exif.get_or_insert_with(|| exif::without_thumbnail(&data[6..]));
        }
        0xE1 if data.starts_with(XMP) => {
            extras.xmp = Some(without_thumbnails(data[XMP.len()..].to_vec()));
        }
        0xE1 if data.starts_with(MORE_XMP) => {
            extras.pieces.push(Piece::Segment(marker, data.to_vec()));
        }
        0xE2 if data.starts_with(b"MPF\0") => extras.leave_out("other pictures (MPF)"),
        0xE2 if data.starts_with(b"urn:iso:std:iso:ts:21496") => extras.leave_out("a gain map"),
        0xED if data.starts_with(PHOTOSHOP) => {
            extras.pieces.push(Piece::Segment(marker, without_thumbnail(data)));
        }
        // How its colours are coded, which the new file has anew.
        0xEE if data.starts_with(b"Adobe") => {}
        0xEB => extras.leave_out("content credentials (APP11), which are of the picture as it was"),
        0xFE => extras.pieces.push(Piece::Segment(marker, data.to_vec())),
        _ => {
            let name = data.split(|byte| *byte == 0).next().unwrap_or_default();
            let name: String = name
                .iter()
                .take(32)
                .filter(|byte| byte.is_ascii_graphic())
                .map(|byte| char::from(*byte))
                .collect();
            extras.leave_out(format!("APP{number} {name}").trim_end());
        }
    }
}

fn density(data: &[u8]) -> Option<Density> {
    let &[unit, a, b, c, d] = data.get(7..12)? else {
        return None;
    };
    let unit = match unit {
        1 => Unit::Inch,
        2 => Unit::Centimetre,
        _ => Unit::Aspect,
    };
    let [across, down] = [[a, b], [c, d]].map(|pair| u32::from(u16::from_be_bytes(pair)));
    let is_said = unit != Unit::Aspect || across != down;
    is_said.then_some(Density { unit, across, down })
}

/// Before Photoshop's resources.
const PHOTOSHOP: &[u8] = b"Photoshop 3.0\0";

/// Photoshop's resources without the two that are thumbnails.
fn without_thumbnail(data: &[u8]) -> Vec<u8> {
    const THUMBNAILS: [u16; 2] = [0x0409, 0x040C];
    let mut kept = PHOTOSHOP.to_vec();
    let mut at = PHOTOSHOP.len();
    while at < data.len() {
        let Some((number, next)) = resource(data, at) else {
            // What cannot be understood stays.
            kept.extend(&data[at..]);
            break;
        };
        if !THUMBNAILS.contains(&number) {
            kept.extend(&data[at..next]);
        }
        at = next;
    }
    kept
}

/// The number of the resource at a place, and where the next one is.
fn resource(data: &[u8], at: usize) -> Option<(u16, usize)> {
    let head = data.get(at..at + 7)?.strip_prefix(b"8BIM")?;
    let number = u16::from_be_bytes([head[0], head[1]]);
    // A name of as many bytes as the first one says, of even length with it.
    let size = at + 6 + (usize::from(head[2]) + 1).next_multiple_of(2);
    let length = data.get(size..size + 4)?;
    let length = u32::from_be_bytes([length[0], length[1], length[2], length[3]]) as usize;
    let end = (size + 4).checked_add(length)?;
    // The padding of the last one may be missing.
    (end <= data.len()).then(|| (number, end.next_multiple_of(2).min(data.len())))
}
