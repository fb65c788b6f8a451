//! PNG: its decoder, and its chunks.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom};

use gst::glib;
use png::{DecodeOptions, Decoder, Reader, Transformations};

use super::super::Result;
use super::extras::{Density, Extras, Piece, Unit, XMP_TEXT, is_text, without_thumbnails};

/// Most bytes of a chunk that is kept.
const MOST_BYTES: u32 = 1 << 28;

/// A decoder that takes no file whose sums are wrong.
pub(super) fn decoder(file: BufReader<File>) -> Result<Reader<BufReader<File>>> {
    let mut options = DecodeOptions::default();
    options.set_ignore_checksums(false);
    options.set_skip_ancillary_crc_failures(false);
    let mut decoder = Decoder::new_with_options(file, options);
    decoder.set_transformations(Transformations::EXPAND);
    Ok(decoder.read_info()?)
}

/// What a file has beside its pixels, but for the profile and EXIF, which the decoder gives; and whether
/// there is a profile.
pub(super) fn extras(file: &mut BufReader<File>) -> Result<(Extras, bool)> {
    let mut extras = Extras::default();
    let mut has_profile = false;
    file.seek(SeekFrom::Start(8))?;
    loop {
        let mut head = [0; 8];
        file.read_exact(&mut head).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => "it ends early".into(),
            _ => error.to_string(),
        })?;
        let [a, b, c, d, kind @ ..] = head;
        let length = u32::from_be_bytes([a, b, c, d]);
        match &kind {
            b"IEND" => return Ok((extras, has_profile)),
            b"IHDR" | b"PLTE" | b"IDAT" | b"tRNS" | b"iCCP" | b"eXIf" => {
                has_profile |= kind == *b"iCCP";
                file.seek_relative(i64::from(length))?;
            }
            _ if length > MOST_BYTES => return Err("it has a chunk that is too long".into()),
            _ => {
                let mut data = Vec::new();
                file.by_ref().take(length.into()).read_to_end(&mut data)?;
                take(&mut extras, kind, data);
            }
        }
        // The sum, which the decoder looks at.
        file.seek_relative(4)?;
    }
}

fn take(extras: &mut Extras, kind: [u8; 4], data: Vec<u8>) {
    const SAFE_TO_COPY: u8 = 0x20;
    match &kind {
        b"sRGB" | b"gAMA" | b"cHRM" | b"cICP" | b"mDCV" | b"cLLI" => {
            extras.pieces.push(Piece::Chunk(kind, data));
        }
        b"pHYs" => extras.density = density(&data),
        b"iTXt" if data.starts_with(XMP_TEXT) => {
            extras.xmp = Some(without_thumbnails(data[XMP_TEXT.len()..].to_vec()));
        }
        _ if is_text(kind) && data.starts_with(b"Raw profile type ") => {
            extras.leave_out("data of another format in a text");
        }
        _ if is_text(kind) => extras.pieces.push(Piece::Chunk(kind, data)),
        b"acTL" | b"fcTL" | b"fdAT" => extras.leave_out("other pictures of an animation"),
        b"tIME" => extras.pieces.extend(now().map(|now| Piece::Chunk(kind, now))),
        b"caBX" => extras.leave_out("content credentials, which are of the picture as it was"),
        // What stays right when pixels change says so.
        _ if kind[3] & SAFE_TO_COPY != 0 => extras.pieces.push(Piece::Chunk(kind, data)),
        _ => extras.leave_out(format!("chunk {}", String::from_utf8_lossy(&kind))),
    }
}

/// The time of a picture's last change, which is this one.
fn now() -> Option<Vec<u8>> {
    let now = glib::DateTime::now_utc().ok()?;
    let parts = [now.month(), now.day_of_month(), now.hour(), now.minute(), now.second()];
    let year = u16::try_from(now.year()).ok()?.to_be_bytes();
    Some(year.into_iter().chain(parts.map(|part| part as u8)).collect())
}

fn density(data: &[u8]) -> Option<Density> {
    let &[a, b, c, d, e, f, g, h, unit] = data else {
        return None;
    };
    let unit = if unit == 1 { Unit::Metre } else { Unit::Aspect };
    let [across, down] = [[a, b, c, d], [e, f, g, h]].map(u32::from_be_bytes);
    Some(Density { unit, across, down })
}
