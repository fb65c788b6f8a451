//! What matters here of EXIF data: which way is up, which colours, and an old thumbnail.
//!
//! EXIF is a TIFF file: folders (IFDs) of entries, each folder with the place of the next.

use std::ops::Range;

const ORIENTATION: u16 = 0x0112;
const THUMBNAIL_START: u16 = 0x0201;
const THUMBNAIL_LENGTH: u16 = 0x0202;
const EXIF_FOLDER: u16 = 0x8769;
const COLOR_SPACE: u16 = 0xA001;
const INTEROPERABILITY_FOLDER: u16 = 0xA005;
const INTEROPERABILITY_INDEX: u16 = 0x0001;

/// Bytes of a folder's entry, and of an entry's value that is not elsewhere.
const ENTRY: usize = 12;
const VALUE: usize = 4;

/// What EXIF says of a picture's colours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Colours {
    /// sRGB.
    Srgb,
    /// Adobe RGB (1998).
    AdobeRgb,
    /// Others than sRGB's, whichever.
    Uncalibrated,
}

/// EXIF data from its TIFF header on. Where it is damaged, what can be read of it counts.
struct Tiff<'a> {
    bytes: &'a [u8],
    is_big_endian: bool,
}

struct Entry {
    tag: u16,
    /// Where its values are.
    values: Range<usize>,
    /// Whether they have 16 bits.
    is_short: bool,
}

struct Folder {
    entries: Vec<Entry>,
    /// The folder's own bytes.
    place: Range<usize>,
    /// Where the place of the next folder stands.
    next: usize,
}

impl<'a> Tiff<'a> {
    fn new(bytes: &'a [u8]) -> Option<Self> {
        let is_big_endian = match bytes.get(..4)? {
            b"MM\0*" => true,
            b"II*\0" => false,
            _ => return None,
        };
        Some(Self { bytes, is_big_endian })
    }

    fn number(&self, at: usize, length: usize) -> Option<usize> {
        let bytes = self.bytes.get(at..at.checked_add(length)?)?;
        let add = |number: usize, byte: &u8| number << 8 | usize::from(*byte);
        Some(match self.is_big_endian {
            true => bytes.iter().fold(0, add),
            false => bytes.iter().rev().fold(0, add),
        })
    }

    fn folder(&self, at: usize) -> Option<Folder> {
        let count = self.number(at, 2)?;
        let next = at + 2 + ENTRY * count;
        let entry = |index: usize| {
            let at = at + 2 + ENTRY * index;
            let kind = self.number(at + 2, 2)?;
            let size = match kind {
                3 | 8 => 2,
                4 | 9 | 11 => 4,
                5 | 10 | 12 => 8,
                _ => 1,
            };
            let length = self.number(at + 4, 4)?.checked_mul(size)?;
            let start = if length > VALUE { self.number(at + 8, 4)? } else { at + 8 };
            let values = start..start.checked_add(length)?;
            self.bytes.get(values.clone())?;
            Some(Entry { tag: self.number(at, 2)? as u16, values, is_short: size == 2 })
        };
        // The place of the next one belongs to it.
        self.bytes.get(at..next + VALUE)?;
        let entries = (0..count).filter_map(entry).collect();
        Some(Folder { entries, place: at..next + VALUE, next })
    }

    fn first(&self) -> Option<Folder> {
        self.folder(self.number(4, 4)?)
    }

    /// The number that an entry has.
    fn value(&self, folder: &Folder, tag: u16) -> Option<usize> {
        let entry = folder.entries.iter().find(|entry| entry.tag == tag)?;
        self.number(entry.values.start, if entry.is_short { 2 } else { 4 })
    }
}

/// How a picture has to be turned to be upright, 1 to 8 as EXIF has it; 1 is as it is.
pub fn orientation(exif: &[u8]) -> u8 {
    let find = || {
        let tiff = Tiff::new(exif)?;
        tiff.value(&tiff.first()?, ORIENTATION)
    };
    find().filter(|turn| (1..=8).contains(turn)).map_or(1, |turn| turn as u8)
}

/// What the picture's colours are, where it says so.
pub fn colours(exif: &[u8]) -> Option<Colours> {
    let tiff = Tiff::new(exif)?;
    let details = tiff.folder(tiff.value(&tiff.first()?, EXIF_FOLDER)?)?;
    let interoperability = tiff.value(&details, INTEROPERABILITY_FOLDER);
    let index = interoperability.and_then(|at| tiff.folder(at)).and_then(|folder| {
        let index = folder.entries.iter().find(|entry| entry.tag == INTEROPERABILITY_INDEX)?;
        exif.get(index.values.clone()).map(|text| text.starts_with(b"R03"))
    });
    match (tiff.value(&details, COLOR_SPACE), index) {
        // Cameras' file names for Adobe RGB go with R03; the number 2 is older.
        (Some(0xFFFF), Some(true)) | (Some(2), _) => Some(Colours::AdobeRgb),
        (Some(0xFFFF), _) => Some(Colours::Uncalibrated),
        (Some(1), _) => Some(Colours::Srgb),
        _ => None,
    }
}

/// The same data without a thumbnail, which shows the picture as it was.
pub fn without_thumbnail(exif: &[u8]) -> Vec<u8> {
    let mut kept = exif.to_vec();
    let Some((next, gone)) = thumbnail(exif) else {
        return kept;
    };
    kept[next..next + VALUE].fill(0);
    for place in &gone {
        kept[place.clone()].fill(0);
    }
    // Mostly all of it is at the end.
    while let Some(place) = gone.iter().find(|place| place.end == kept.len() && !place.is_empty()) {
        kept.truncate(place.start);
    }
    kept
}

/// Where the place of the second folder stands, which is the thumbnail's, and all that belongs to it.
fn thumbnail(exif: &[u8]) -> Option<(usize, Vec<Range<usize>>)> {
    let tiff = Tiff::new(exif)?;
    let first = tiff.first()?;
    let at = tiff.number(first.next, VALUE).filter(|at| *at != 0)?;
    let Some(second) = tiff.folder(at) else {
        return Some((first.next, Vec::new()));
    };
    let mut gone = vec![second.place.clone()];
    let start = tiff.value(&second, THUMBNAIL_START);
    let length = tiff.value(&second, THUMBNAIL_LENGTH);
    if let Some((start, length)) = start.zip(length) {
        gone.push(start..start.saturating_add(length));
    }
    gone.extend(second.entries.iter().map(|entry| entry.values.clone()));
    // Nothing that the header or another folder needs may go with it.
    let needed = [0..8, first.place.clone()];
    let values = first.entries.iter().map(|entry| entry.values.clone());
    let needed: Vec<Range<usize>> = needed.into_iter().chain(values).collect();
    let is_free = |place: &Range<usize>| {
        place.end <= exif.len()
            && needed.iter().all(|other| other.end <= place.start || place.end <= other.start)
    };
    gone.retain(is_free);
    Some((first.next, gone))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header, a folder of orientation 6, and a second folder with a thumbnail of four bytes.
    fn with_thumbnail() -> Vec<u8> {
        let mut exif =
            b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\x1A\0\0\0".to_vec();
        exif.extend(b"\x02\0\x01\x02\x04\0\x01\0\0\0\x38\0\0\0\x02\x02\x04\0\x01\0\0\0\x04\0\0\0");
        exif.extend(b"\0\0\0\0oldp");
        exif
    }

    #[test]
    fn a_thumbnail_goes_and_the_rest_stays() {
        let exif = with_thumbnail();
        assert_eq!(exif.len(), 0x3C);
        let kept = without_thumbnail(&exif);
        assert_eq!(kept, b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0");
        assert_eq!(orientation(&kept), 6);
        assert_eq!(without_thumbnail(&kept), kept);
    }

    #[test]
    fn damaged_data_is_read_as_far_as_it_goes() {
        let exif = with_thumbnail();
        for length in 0..exif.len() {
            let cut = &exif[..length];
            assert!([1, 6].contains(&orientation(cut)));
            assert_eq!(colours(cut), None);
            assert!(without_thumbnail(cut).len() <= length);
        }
        for at in 0..exif.len() {
            let mut wrong = exif.clone();
            wrong[at] = 0xFF;
            assert!((1..=8).contains(&orientation(&wrong)));
            assert!(without_thumbnail(&wrong).len() <= wrong.len());
        }
    }
}
