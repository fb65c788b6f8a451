//! Whether a picture's colours are sRGB's, by what its file says.

use moxcms::{ColorProfile, DataColorSpace, Layout, ProfileText, TransformOptions};

use super::exif;
use super::extras::{Extras, Piece};

/// Most that a profile's colours may be off from sRGB's, in codes of 8 bits: profiles of sRGB differ by
/// about a code, and the nearest others by far more.
const MOST_CODES: u8 = 3;

/// Codes that are tried of each component.
const STEPS: [u8; 9] = [0, 16, 40, 72, 104, 144, 184, 224, 255];

/// Gamma and primaries as PNG has them, in hundred thousandths, and what they may be off.
const GAMMA: u32 = 45455;
const PRIMARIES: [u32; 8] = [31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000];
const MOST_GAMMA: u32 = 500;
const MOST_PRIMARIES: u32 = 500;

/// What a picture's colours are, where they are not sRGB's. What counts most comes first, as the PNG
/// standard has it.
pub(super) fn other_than_srgb(extras: &Extras) -> Option<String> {
    if let Some(codes) = extras.chunk(b"cICP") {
        return of_code_points(codes);
    }
    if let Some(profile) = &extras.icc {
        return of_profile(profile);
    }
    if extras.chunk(b"sRGB").is_some() {
        return None;
    }
    let (gamma, primaries) = (extras.chunk(b"gAMA"), extras.chunk(b"cHRM"));
    if gamma.is_some() || primaries.is_some() {
        return of_gamma(gamma, primaries);
    }
    match extras.exif.as_deref().and_then(exif::colours) {
        Some(exif::Colours::AdobeRgb) => Some("Adobe RGB by its EXIF".into()),
        Some(exif::Colours::Uncalibrated) => {
            Some("not sRGB's by its EXIF, but maybe Adobe RGB's".into())
        }
        Some(exif::Colours::Srgb) | None => None,
    }
}

/// Primaries, transfer, matrix and range by the numbers of H.273.
fn of_code_points(codes: &[u8]) -> Option<String> {
    let &[primaries, transfer, matrix, range] = codes else {
        return Some("unknown by its cICP".into());
    };
    if [primaries, transfer, matrix, range] == [1, 13, 0, 1] {
        return None;
    }
    let primaries = match primaries {
        1 => "BT.709".into(),
        9 => "BT.2020".into(),
        11 => "DCI-P3".into(),
        12 => "Display P3".into(),
        other => format!("primaries {other}"),
    };
    let transfer = match transfer {
        8 => "linear".into(),
        13 => "sRGB's curve".into(),
        16 => "PQ".into(),
        18 => "HLG".into(),
        other => format!("transfer {other}"),
    };
    let range = if range == 1 { "" } else { ", limited range" };
    Some(format!("{primaries}, {transfer}{range} by its cICP"))
}

fn of_gamma(gamma: Option<&[u8]>, primaries: Option<&[u8]>) -> Option<String> {
    let numbers = |bytes: &[u8]| {
        let numbers = bytes.chunks_exact(4);
        numbers.map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]])).collect::<Vec<_>>()
    };
    let gamma = gamma.map(numbers).unwrap_or(vec![GAMMA]);
    let primaries = primaries.map(numbers).unwrap_or(PRIMARIES.to_vec());
    if !(gamma.len() == 1 && gamma[0].abs_diff(GAMMA) <= MOST_GAMMA) {
        return Some("of another curve than sRGB's by its gAMA".into());
    }
    let is_near = |(a, b): (&u32, &u32)| a.abs_diff(*b) <= MOST_PRIMARIES;
    if !(primaries.len() == 8 && primaries.iter().zip(&PRIMARIES).all(is_near)) {
        return Some("of other primaries than sRGB's by its cHRM".into());
    }
    None
}

/// Takes colours through a profile, whatever its name is.
fn of_profile(profile: &[u8]) -> Option<String> {
    let Ok(profile) = ColorProfile::new_from_slice(profile) else {
        return Some("unknown, as its colour profile cannot be read".into());
    };
    let other = match profile.description.as_ref().and_then(text) {
        Some(name) => format!("those of its colour profile, {name}"),
        None => "those of its colour profile".into(),
    };
    if profile.color_space != DataColorSpace::Rgb {
        return Some(other);
    }
    let srgb = ColorProfile::new_srgb();
    let options = TransformOptions::default();
    let transform = profile.create_transform_8bit(Layout::Rgb, &srgb, Layout::Rgb, options);
    let codes: Vec<u8> = STEPS
        .iter()
        .flat_map(|r| STEPS.iter().flat_map(move |g| STEPS.iter().map(move |b| [*r, *g, *b])))
        .flatten()
        .collect();
    let mut shown = vec![0; codes.len()];
    let is_srgb = transform.is_ok_and(|transform| {
        transform.transform(&codes, &mut shown).is_ok()
            && codes.iter().zip(&shown).all(|(code, shown)| code.abs_diff(*shown) <= MOST_CODES)
    });
    (!is_srgb).then_some(other)
}

/// A name on one line.
fn text(of: &ProfileText) -> Option<String> {
    let text = match of {
        ProfileText::PlainString(text) => text,
        ProfileText::Localizable(texts) => &texts.first()?.value,
        ProfileText::Description(text) if text.ascii_string.is_empty() => &text.unicode_string,
        ProfileText::Description(text) => &text.ascii_string,
    };
    let text: String = text.chars().filter(|letter| !letter.is_control()).collect();
    Some(text.trim().to_string()).filter(|text| !text.is_empty())
}

impl Extras {
    /// The data of a PNG's chunk.
    fn chunk(&self, wanted: &[u8; 4]) -> Option<&[u8]> {
        self.pieces.iter().find_map(|piece| match piece {
            Piece::Chunk(kind, data) if kind == wanted => Some(data.as_slice()),
            _ => None,
        })
    }
}
