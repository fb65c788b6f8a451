//! A file of hashes for lookups: `docs/framehash-index.md` describes it byte by byte.
//!
//! What is read is not trusted: lengths are checked against the file's before anything is made of them, and a checksum
//! over all of it comes first.

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use xxhash_rust::xxh64::xxh64;

use crate::hasher::Hashes;
use crate::kind::Kind;
use crate::level::Level;
use crate::pdq::Pdq;
use crate::search::lookup;

const MAGIC: [u8; 8] = *b"FrameHsh";
const VERSION: u32 = 1;
/// Bytes before the names: magic, version, kind, entries, bytes of their names, and hashes.
const HEADER: usize = 40;
/// Bytes of the checksum at the end.
const CHECKSUM: usize = 8;

/// Pictures and clips by the hashes of one kind of their frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    kind: Kind,
    names: Vec<String>,
    /// The entry of each hash, and nanoseconds from its beginning.
    places: Vec<(u32, u64)>,
    hashes: Words,
}

/// As many hashes as there are places.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Words {
    Short(Vec<u64>),
    /// With their qualities.
    Long(Vec<Pdq>, Vec<u8>),
}

/// A hash of an index that is near another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The entry's number, see [`Index::name`].
    pub entry: u32,
    /// Nanoseconds from the entry's beginning; 0 of a picture.
    pub offset: u64,
    /// Bits that differ.
    pub distance: u32,
}

/// Why a file is no index.
#[derive(Debug)]
pub enum IndexError {
    /// It could not be read or written.
    Io(io::Error),
    /// It begins with something else.
    NoIndex,
    /// It is of a later version.
    Version(u32),
    /// Its checksum is not that of what it has.
    Damaged,
    /// Numbers in it do not fit each other.
    Inconsistent(&'static str),
}

impl fmt::Display for IndexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::NoIndex => f.write_str("not an index of framehash"),
            Self::Version(version) => {
                write!(f, "an index of version {version}; this is for version {VERSION}")
            }
            Self::Damaged => f.write_str("the index is damaged: its checksum is another"),
            Self::Inconsistent(what) => write!(f, "the index contradicts itself: {what}"),
        }
    }
}

impl std::error::Error for IndexError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        if let Self::Io(error) = self { Some(error) } else { None }
    }
}

impl From<io::Error> for IndexError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Index {
    /// An index without an entry, of hashes of a kind.
    pub fn new(kind: Kind) -> Self {
        let hashes = match kind {
            Kind::Pdq => Words::Long(Vec::new(), Vec::new()),
            _ => Words::Short(Vec::new()),
        };
        Self { kind, names: Vec::new(), places: Vec::new(), hashes }
    }

    /// The kind of its hashes.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// How many hashes it has.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// How many entries it has.
    pub fn entries(&self) -> usize {
        self.names.len()
    }

    /// An entry's name.
    pub fn name(&self, entry: u32) -> Option<&str> {
        self.names.get(entry as usize).map(String::as_str)
    }

    /// Adds an entry, and gives its number.
    ///
    /// # Panics
    ///
    /// Panics where there are 2^32 - 1 entries already.
    pub fn add_entry(&mut self, name: &str) -> u32 {
        let number = u32::try_from(self.names.len()).ok().filter(|number| *number < u32::MAX);
        self.names.push(name.to_owned());
        number.expect("fewer entries")
    }

    /// Adds a frame of an entry, by its time from the entry's beginning in nanoseconds. Gives whether the index's kind
    /// is among the hashes, and the entry is there.
    pub fn add(&mut self, entry: u32, offset: u64, hashes: &Hashes) -> bool {
        if entry as usize >= self.names.len() {
            return false;
        }
        match (&mut self.hashes, hashes.get(self.kind), hashes.pdq()) {
            (Words::Short(words), Some(word), _) => words.push(word),
            (Words::Long(words, qualities), _, Some((word, quality))) => {
                words.push(word);
                qualities.push(quality);
            }
            _ => return false,
        }
        self.places.push((entry, offset));
        true
    }

    /// What is within a distance of a frame's hash of the index's kind, the nearest first; of PDQ, only what has at
    /// least a quality. Nothing, if the frame has no such hash.
    pub fn lookup(&self, hashes: &Hashes, distance: u32, least_quality: u8) -> Vec<Hit> {
        let level = Level::new();
        let found = match (&self.hashes, hashes.get(self.kind), hashes.pdq()) {
            (Words::Short(words), Some(word), _) => lookup(words, word, distance, level),
            (Words::Long(words, qualities), _, Some((word, quality)))
                if quality >= least_quality =>
            {
                let mut found = lookup(words, word, distance, level);
                found.retain(|(number, _)| qualities[*number as usize] >= least_quality);
                found
            }
            _ => Vec::new(),
        };
        let hit = |(number, distance): (u32, u32)| {
            let (entry, offset) = self.places[number as usize];
            Hit { entry, offset, distance }
        };
        found.into_iter().map(hit).collect()
    }

    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let names: usize = self.names.iter().map(|name| 4 + name.len()).sum();
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend((self.kind as u32).to_le_bytes());
        for number in [self.names.len(), names, self.places.len()] {
            bytes.extend((number as u64).to_le_bytes());
        }
        for name in &self.names {
            bytes.extend((name.len() as u32).to_le_bytes());
            bytes.extend(name.as_bytes());
        }
        for (entry, offset) in &self.places {
            bytes.extend(entry.to_le_bytes());
            bytes.extend(offset.to_le_bytes());
        }
        match &self.hashes {
            Words::Short(words) => bytes.extend(words.iter().flat_map(|word| word.to_le_bytes())),
            Words::Long(words, qualities) => {
                let each = words.iter().flat_map(|Pdq(words)| words);
                bytes.extend(each.flat_map(|word| word.to_le_bytes()));
                bytes.extend(qualities);
            }
        }
        bytes.extend(xxh64(&bytes, 0).to_le_bytes());
        bytes
    }

    /// The index of a file's bytes.
    ///
    /// # Errors
    ///
    /// What is no index, or a damaged one, see [`IndexError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, IndexError> {
        if !bytes.starts_with(&MAGIC) {
            return Err(IndexError::NoIndex);
        }
        let body = bytes.len().checked_sub(CHECKSUM).filter(|length| *length >= HEADER);
        let (body, checksum) = bytes.split_at(body.ok_or(IndexError::Damaged)?);
        let mut rest = Reader(&body[MAGIC.len()..]);
        let version = rest.u32()?;
        if version != VERSION {
            return Err(IndexError::Version(version));
        }
        if xxh64(body, 0).to_le_bytes() != checksum {
            return Err(IndexError::Damaged);
        }
        let kind = rest.u32()? as usize;
        let kind =
            *Kind::ALL.get(kind).ok_or(IndexError::Inconsistent("an unknown kind of hash"))?;
        let [entries, names, hashes] = [rest.u64()?, rest.u64()?, rest.u64()?];
        let mut index = Self::new(kind);
        let mut text = Reader(rest.take(names)?);
        for _ in 0..entries {
            let length = text.u32()?;
            let name = std::str::from_utf8(text.take(length.into())?);
            let name = name.map_err(|_| IndexError::Inconsistent("a name that is not UTF-8"))?;
            index.names.push(name.to_owned());
        }
        let per_hash = if kind == Kind::Pdq { 12 + 33 } else { 12 + 8 };
        if !text.0.is_empty() || hashes.checked_mul(per_hash) != Some(rest.0.len() as u64) {
            return Err(IndexError::Inconsistent("its length"));
        }
        for _ in 0..hashes {
            let (entry, offset) = (rest.u32()?, rest.u64()?);
            if u64::from(entry) >= entries {
                return Err(IndexError::Inconsistent("a hash of no entry"));
            }
            index.places.push((entry, offset));
        }
        match &mut index.hashes {
            Words::Short(words) => {
                for _ in 0..hashes {
                    words.push(rest.u64()?);
                }
            }
            Words::Long(words, qualities) => {
                for _ in 0..hashes {
                    words.push(Pdq([rest.u64()?, rest.u64()?, rest.u64()?, rest.u64()?]));
                }
                qualities.extend(rest.0);
            }
        }
        Ok(index)
    }

    /// Writes a file, whole or not at all: in the same folder under another name first.
    ///
    /// # Errors
    ///
    /// What the file system says.
    pub fn write(&self, path: &Path) -> Result<(), IndexError> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
        file.write_all(&self.to_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// What the file system says, and as [`Index::from_bytes`].
    pub fn read(path: &Path) -> Result<Self, IndexError> {
        Self::from_bytes(&fs::read(path)?)
    }
}

/// What is left of the bytes.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: u64) -> Result<&'a [u8], IndexError> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let parts = self.0.split_at_checked(length);
        let (taken, rest) = parts.ok_or(IndexError::Inconsistent("it ends too early"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn u32(&mut self) -> Result<u32, IndexError> {
        let bytes = self.take(4)?;
        Ok(bytes.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }

    fn u64(&mut self) -> Result<u64, IndexError> {
        let bytes = self.take(8)?;
        Ok(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hasher::Hasher;
    use crate::picture::Plane;
    use crate::resize::Compat;

    fn hashes(seed: u32, kind: Kind) -> Hashes {
        let samples: Vec<u8> =
            (0..900u32).map(|i| (i.wrapping_mul(seed * 2 + 7) >> 3) as u8).collect();
        let picture = Plane::new(&samples, [30, 30], 30).unwrap();
        Hasher::new(Compat::default()).hash(&picture, kind.into())
    }

    fn index(kind: Kind) -> Index {
        let mut index = Index::new(kind);
        for (name, frames) in [("a clip.mp4", 3), ("ein Bild ä.png", 1), ("", 2)] {
            let entry = index.add_entry(name);
            for frame in 0..frames {
                let of = hashes(10 * entry + frame, kind);
                assert!(index.add(entry, u64::from(frame) * 40_000_000, &of));
            }
        }
        index
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index");
        for kind in [Kind::Dhash, Kind::Pdq] {
            let index = index(kind);
            index.write(&path).unwrap();
            let read = Index::read(&path).unwrap();
            assert_eq!(read, index);
            assert_eq!((read.kind(), read.len(), read.entries()), (kind, 6, 3));
            assert_eq!(read.name(1), Some("ein Bild ä.png"));
            assert_eq!(read.name(3), None);
            let hits = read.lookup(&hashes(2, kind), 0, 0);
            assert_eq!(hits.first(), Some(&Hit { entry: 0, offset: 80_000_000, distance: 0 }));
        }
        assert!(matches!(Index::read(folder.path()), Err(IndexError::Io(_))));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "something is left behind");
    }

    #[test]
    fn damaged_files_are_errors() {
        for kind in [Kind::Ahash, Kind::Pdq] {
            let bytes = index(kind).to_bytes();
            for length in 0..bytes.len() {
                assert!(Index::from_bytes(&bytes[..length]).is_err(), "{length} bytes");
            }
            for (at, bit) in (0..bytes.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
                let mut damaged = bytes.clone();
                damaged[at] ^= 1 << bit;
                assert!(Index::from_bytes(&damaged).is_err(), "bit {bit} of byte {at}");
            }
        }
    }

    /// What lies with a checksum that is right.
    #[test]
    fn contradictions_are_errors() {
        let bytes = index(Kind::Dhash).to_bytes();
        for at in 12..bytes.len() - CHECKSUM {
            for value in [0, 1, 0x7f, 0xff] {
                let mut changed = bytes.clone();
                changed[at] = value;
                let body = changed.len() - CHECKSUM;
                let checksum = xxh64(&changed[..body], 0).to_le_bytes();
                changed[body..].copy_from_slice(&checksum);
                // Names, offsets and hashes may be others; nothing may panic.
                if let Ok(read) = Index::from_bytes(&changed) {
                    assert_eq!(read.to_bytes(), changed);
                }
            }
        }
        let mut huge = bytes[..HEADER].to_vec();
        huge[16..40].fill(0xff);
        huge.extend(xxh64(&huge, 0).to_le_bytes());
        assert!(matches!(Index::from_bytes(&huge), Err(IndexError::Inconsistent(_))));
        let mut later = bytes;
        later[8] = 2;
        let text = Index::from_bytes(&later).unwrap_err().to_string();
        assert_eq!(text, "an index of version 2; this is for version 1");
    }

    #[test]
    fn hashes_of_other_kinds_are_not_taken() {
        let mut index = Index::new(Kind::Pdq);
        let entry = index.add_entry("a");
        assert!(!index.add(entry, 0, &hashes(1, Kind::Dhash)));
        assert!(!index.add(entry + 1, 0, &hashes(1, Kind::Pdq)));
        assert!(index.is_empty() && index.lookup(&hashes(1, Kind::Dhash), 64, 0).is_empty());
    }
}
