//! The errors of other modules as GStreamer errors; the only such mapping.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use colorshine_core::attractor::ParseError;
use colorshine_core::cube::ReadError;
use colorshine_core::lut::{MAX_SIZE, MIN_SIZE};

use colorshine_video::MapError;

/// Smallest and largest edge of a tile, in pixels.
pub const TILE_SIZES: [u32; 2] = [16, 8192];

/// A property's value that cannot be used.
#[derive(Clone, Debug, PartialEq)]
pub enum SettingError {
    /// `attractors` is not a set of attractors.
    Attractors(ParseError),
    /// A .cube file cannot be used: the property that names it, its path, and why.
    LutFile(&'static str, Option<Arc<Path>>, ReadError),
    /// `look` names none: its name, and those that there are.
    Look(Arc<str>, Arc<[String]>),
    /// `lut-size` is neither 0 nor a size.
    LutSize(u32),
    /// `tile-size` is neither 0 nor a size.
    TileSize(u32),
    /// `memory-limit` is too small for a lattice: the limit, and the bytes of the smallest that
    /// `lut-size` allows.
    MemoryLimit(u64, u64),
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attractors(error) => write!(f, "property attractors: {error}"),
            Self::LutFile(property, path, error) => {
                let path = path.as_deref().unwrap_or(Path::new("")).to_string_lossy();
                write!(f, "property {property}: {}: {error}", Shortened(&path))
            }
            Self::Look(name, known) => write!(
                f,
                "property look: there is no look \"{}\", known are {}",
                Shortened(name),
                known.join(", ")
            ),
            Self::LutSize(size) => write!(
                f,
                "property lut-size: {size} is out of range, allowed is 0 (automatic) or {MIN_SIZE} to {MAX_SIZE}"
            ),
            Self::TileSize(size) => write!(
                f,
                "property tile-size: {size} is out of range, allowed is 0 (automatic) or {} to {}",
                TILE_SIZES[0], TILE_SIZES[1]
            ),
            Self::MemoryLimit(limit, need) => write!(
                f,
                "property memory-limit: {limit} bytes are too few for a lookup table, \
                 allowed is 0 (automatic) or at least {need}; method=exact needs none"
            ),
        }
    }
}

impl std::error::Error for SettingError {}

/// A text for a message, of which no more is shown than a path may have.
struct Shortened<'a>(&'a str);

impl fmt::Display for Shortened<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 4096;
        match self.0.char_indices().nth(MOST) {
            Some((end, _)) => write!(f, "{}…", &self.0[..end]),
            None => f.write_str(self.0),
        }
    }
}

impl From<&SettingError> for gst::ErrorMessage {
    fn from(error: &SettingError) -> Self {
        gst::error_msg!(gst::LibraryError::Settings, ("{error}"))
    }
}

/// The message for a buffer that cannot be processed, to be posted before a flow error.
pub fn unusable_buffer(error: &MapError) -> String {
    format!("cannot process a buffer: {error}")
}
