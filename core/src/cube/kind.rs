//! What else a file is that was given as a .cube file, as far as its first bytes tell.

/// Bytes that are looked at.
const HEAD: usize = 4096;

/// Beginnings that no .cube file has, and what has them.
const SIGNATURES: [(&[u8], &str); 31] = [
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"\x76\x2f\x31\x01", "an OpenEXR picture"),
    (b"SDPX", "a DPX picture"),
    (b"XPDS", "a DPX picture"),
    (b"8BPS", "a Photoshop picture"),
    (b"RIFF", "a RIFF file"),
    (b"\x1a\x45\xdf\xa3", "a Matroska clip"),
    (b"%PDF", "a PDF document"),
    (b"{\\rtf", "an RTF document"),
    (b"{", "a JSON file"),
    (b"\x1f\x8b", "packed by gzip"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "a ZIP archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"BZh", "packed by bzip2"),
    (b"\xfd7zXZ\0", "packed by xz"),
    (b"\x28\xb5\x2f\xfd", "packed by zstd"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file that it stands for"),
    (b"3DMESH", "a .3dl table"),
    (b"Mesh ", "a .3dl table"),
    (b"CSPLUTV", "a .csp table"),
    (b"SPILUT", "a .spi3d table"),
    (b"LUT:", "a Discreet .lut table"),
    (b"NUCODA_3D_LUT", "a Nucoda .cms table"),
    // These two would pass for comments, and the rows below them for others.
    (b"# Truelight Cube", "a Truelight .cub table"),
    (b"# panasonic vlt", "a Panasonic .vlt table"),
];

/// Elements of XML and HTML, and what has them.
const ELEMENTS: [(&[u8], &str); 5] = [
    (b"<html", "an HTML page"),
    (b"<!doctype html", "an HTML page"),
    (b"<ProcessList", "a CLF table (XML)"),
    (b"<look", "a .look file (XML)"),
    (b"<ColorDecision", "an ASC CDL (XML)"),
];

/// What a text is where it is no .cube file: "a PNG picture" and so on.
pub(super) fn other_kind(text: &[u8]) -> Option<&'static str> {
    let head = &text[..text.len().min(HEAD)];
    if let Some(wide) = wide_text(head) {
        return Some(wide);
    }
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let has_prefix = |(prefix, _): &&(&[u8], _)| {
        head.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    if let Some((_, kind)) = SIGNATURES.iter().find(has_prefix) {
        return Some(kind);
    }
    // "BM" alone begins words of Blackmagic's, too.
    if head.starts_with(b"BM") && head.get(6..10) == Some(&[0; 4]) {
        return Some("a BMP picture");
    }
    if head.get(4..8) == Some(b"ftyp") {
        return Some("an MP4 clip or HEIF picture");
    }
    if head.get(36..40) == Some(b"acsp") {
        return Some("an ICC profile");
    }
    if let [b'<', next, ..] = head
        && (next.is_ascii_alphabetic() || b"!?".contains(next))
    {
        let has = |(element, _): &&(&[u8], _)| contains(head, element);
        return Some(ELEMENTS.iter().find(has).map_or("an XML or HTML file", |(_, kind)| kind));
    }
    if first_word(head).eq_ignore_ascii_case(b"Version") {
        return if contains(head, b"\nFrom ") {
            Some("a .spi1d table")
        } else if contains(head, b"\nFormat") {
            Some("a Houdini .lut table")
        } else {
            None
        };
    }
    begins_with_mesh(head).then_some("a .3dl table")
}

/// UTF-16 or UTF-32, with a mark or without.
fn wide_text(head: &[u8]) -> Option<&'static str> {
    const UTF_16: &str = "UTF-16 text";
    const UTF_32: &str = "UTF-32 text";
    if head.starts_with(b"\xff\xfe\0\0") || head.starts_with(b"\0\0\xfe\xff") {
        return Some(UTF_32);
    }
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        return Some(UTF_16);
    }
    // Two characters of ASCII: a .cube file has no NUL before its last row.
    let is_zero: Vec<bool> = head.iter().take(8).map(|byte| *byte == 0).collect();
    match *is_zero {
        [false, true, true, true, false, true, true, true] => Some(UTF_32),
        [true, true, true, false, true, true, true, false] => Some(UTF_32),
        [false, true, false, true, ..] | [true, false, true, false, ..] => Some(UTF_16),
        _ => None,
    }
}

fn first_word(head: &[u8]) -> &[u8] {
    head.split(u8::is_ascii_whitespace).next().unwrap_or_default()
}

/// Whether a text has a part, of whatever case.
fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part))
}

/// Whether the first line that is no comment has whole numbers, more than a row has: the positions of the nodes
/// of a .3dl table.
fn begins_with_mesh(head: &[u8]) -> bool {
    let mut lines = head.split(|byte| b"\r\n".contains(byte)).map(<[u8]>::trim_ascii);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with(b"#")).unwrap_or_default();
    let mut words = first.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    first.contains(&b' ')
        && words.clone().count() > 3
        && words.all(|word| word.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CUBE: &str = "LUT_1D_SIZE 2\n0 0 0\n1 1 1\n";

    #[test]
    fn files_of_other_kinds_are_known_by_name() {
        let bmp = [&b"BM\x36\x30\0\0\0\0\0\0\x36\0\0\0"[..], &[0; 60]].concat();
        let profile = [&[0u8, 0, 2, 0][..], &[b'a'; 32], b"acsp"].concat();
        for (text, kind) in [
            (&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], "a PNG picture"),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", "a JPEG picture"),
            (&bmp, "a BMP picture"),
            (&profile, "an ICC profile"),
            (b"\0\0\0\x20ftypisom", "an MP4 clip or HEIF picture"),
            (b"\x1f\x8b\x08\0", "packed by gzip"),
            (b"PK\x03\x04\x14\0", "a ZIP archive"),
            (b"<!DOCTYPE html>\n<html>", "an HTML page"),
            (b"\xef\xbb\xbf\n <HTML>", "an HTML page"),
            (b"<?xml version=\"1.0\"?>\n<ProcessList id=\"1\">", "a CLF table (XML)"),
            (b"<?xml version=\"1.0\"?>\n<look>", "a .look file (XML)"),
            (b"<?xml version=\"1.0\"?>\n<svg>", "an XML or HTML file"),
            (b"{\\rtf1\\ansi LUT_3D_SIZE 2", "an RTF document"),
            (b"{\"size\": 2}", "a JSON file"),
            (
                b"version https://git-lfs.github.com/spec/v1",
                "a Git LFS pointer, not the file that it stands for",
            ),
            (b"3DMESH\nMesh 4 12\n0 64 128\n", "a .3dl table"),
            (b"# made\n\n0 64 128 192 256\n0 0 0\n", "a .3dl table"),
            (b"CSPLUTV100\n3D\n", "a .csp table"),
            (b"SPILUT 1.0\n3 3\n", "a .spi3d table"),
            (b"Version 1\nFrom 0.0 1.0\nLength 2\n", "a .spi1d table"),
            (b"Version\t\t3\nFormat\t\tany\nType\t\tRGB\n", "a Houdini .lut table"),
            (b"# Truelight Cube v2.0\n# iDims 3\n", "a Truelight .cub table"),
            (
                b"# panasonic vlt file version 1.0\nLUT_3D_SIZE 17\n0 0 0\n",
                "a Panasonic .vlt table",
            ),
        ] {
            assert_eq!(other_kind(text), Some(kind), "{}", String::from_utf8_lossy(text));
        }
        for (signature, kind) in SIGNATURES {
            assert_eq!(other_kind(signature), Some(kind));
        }
    }

    #[test]
    fn wide_text_is_known_with_a_mark_and_without() {
        let wide = |text: &str, of: fn(u16) -> [u8; 2]| -> Vec<u8> {
            text.encode_utf16().flat_map(of).collect()
        };
        for of in [u16::to_le_bytes, u16::to_be_bytes] {
            for mark in ["\u{feff}", ""] {
                let text = wide(&format!("{mark}{CUBE}"), of);
                assert_eq!(other_kind(&text), Some("UTF-16 text"), "{text:?}");
            }
        }
        for of in [u32::to_le_bytes, u32::to_be_bytes] {
            for mark in ["\u{feff}", ""] {
                let text = format!("{mark}{CUBE}");
                let text: Vec<u8> = text.chars().flat_map(|c| of(c.into())).collect();
                assert_eq!(other_kind(&text), Some("UTF-32 text"), "{text:?}");
            }
        }
    }

    #[test]
    fn a_cube_is_no_other_kind() {
        for text in [
            CUBE,
            "",
            "0 0 0\n",
            "BMD_TITLE \"x\"\n",
            "# <html>\n",
            "# 0 64 128 192\nLUT_1D_SIZE 2\n",
            "VERSION_TITLE x\n",
            "0 0 0\n1 1 1\n\0\0",
        ] {
            assert_eq!(other_kind(text.as_bytes()), None, "{text}");
        }
    }
}
