//! How many bytes a clip's outermost headers promise, where the container has them: MP4 and QuickTime, AVI.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// Kinds of boxes that MP4 and QuickTime files consist of.
const BOXES: &[&[u8; 4]] = &[
    b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"mfra", b"sidx", b"free", b"skip", b"wide",
    b"meta", b"uuid",
];

/// In which way a file has fewer bytes than its headers promise, if it has.
pub(crate) fn missing(path: &Path) -> Option<String> {
    // A pipe has been read by now, and cannot be read again.
    let length = path.metadata().ok().filter(std::fs::Metadata::is_file)?.len();
    // One that cannot be read has failed before.
    let promised = File::open(path).and_then(|mut file| promised(&mut file, length)).ok()??;
    let text = format!("it has {length} bytes, and its header says {promised}");
    (promised > length).then_some(text)
}

/// Where the last chunk of a file ends, by its header; `None` for other containers.
fn promised(file: &mut (impl Read + Seek), length: u64) -> io::Result<Option<u64>> {
    let mut start = [0; 16];
    let mut end = 0;
    let mut is_first = true;
    while end < length {
        file.seek(SeekFrom::Start(end))?;
        let mut found = 0;
        // What is left may be shorter than a chunk's header.
        while found < start.len() {
            match file.read(&mut start[found..])? {
                0 => break,
                read => found += read,
            }
        }
        let header = &start[..found];
        if is_first && header.starts_with(b"RIFF") {
            return Ok(riff_end(header));
        }
        let is_box = header.get(4..8).is_some_and(|kind| BOXES.iter().any(|known| *known == kind));
        match (is_box, box_length(header)) {
            (false, _) if is_first => return Ok(None),
            // What nobody knows promises nothing, nor does a box that goes to the end of the file.
            (false, _) | (true, None | Some(..8)) => return Ok(Some(length)),
            (true, Some(box_length)) => end = end.saturating_add(box_length),
        }
        is_first = false;
    }
    Ok(Some(end))
}

/// Bytes of the box of an MP4 whose header this is; `None` where it goes to the end of the file.
fn box_length(header: &[u8]) -> Option<u64> {
    let number = |bytes: &[u8]| bytes.iter().fold(0, |n, byte| n << 8 | u64::from(*byte));
    match number(header.get(..4)?) {
        0 => None,
        1 => Some(number(header.get(8..16)?)),
        length => Some(length),
    }
}

/// Where an AVI's first part ends, which is all of it up to some GiB; `None` where its writer did not know.
fn riff_end(header: &[u8]) -> Option<u64> {
    let length = header.get(4..8)?.try_into().map(u32::from_le_bytes).ok()?;
    (length != 0 && length != u32::MAX).then_some(u64::from(length) + 8)
}
