//! A baked look as the bytes of a file, and back.
//!
//! Numbers are little-endian.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `clrshine` |
//! | 4 | version of this layout |
//! | 4 | bytes of the key |
//! | 8 | bytes of the whole file |
//! | | the key: the text that tells one request from another |
//! | 4 | nodes per axis |
//! | 8 each | radii, one per attractor |
//! | 8, 8 | largest error and its 99.9th percentile |
//! | 6 each | entries of the nodes, three differences |
//! | 8 | XXH64 of all that comes before |
//!
//! A reader knows what it looks for, so it knows every byte up to the radii, and every length.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use xxhash_rust::xxh64::xxh64;

use crate::lut::request::{Baked, Radii, Request};
use crate::lut::{ErrorReport, LARGEST_ENTRY, Lattice};

const MAGIC: [u8; 8] = *b"clrshine";

/// Goes up with each change of the layout.
const VERSION: u32 = 1;

/// Bytes of an entry: it has no fourth number here.
const ENTRY: usize = 6;

/// No two colours of any gamut are farther apart in Oklab.
const FARTHEST: f64 = 4.0;

/// Why a file is not what was looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is a folder, a link, a pipe or the like.
    NotAFile,
    /// It cannot be opened or read.
    Unreadable,
    /// It has not as many bytes as it ought to.
    Length,
    /// What it begins with, up to the look that it is for, is something else.
    Header,
    /// It has been damaged.
    Checksum,
    /// A number in it cannot be.
    Value,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAFile => "it is no file",
            Self::Unreadable => "it cannot be read",
            Self::Length => "its length is wrong",
            Self::Header => "it is for something else, or of another version",
            Self::Checksum => "its checksum is wrong",
            Self::Value => "a number in it is out of range",
        })
    }
}

/// Bytes of the file of a request with a lattice of `size`.
pub(super) fn length(request: &Request, key: &str, size: usize) -> usize {
    let radii = request.look.attractors.len();
    header(key, size, 0).len() + 8 * (radii + 2) + ENTRY * size.pow(3) + 8
}

fn header(key: &str, size: usize, length: usize) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend((key.len() as u32).to_le_bytes());
    bytes.extend((length as u64).to_le_bytes());
    bytes.extend(key.as_bytes());
    bytes.extend((size as u32).to_le_bytes());
    bytes
}

/// The bytes of a file; `None` where there is no lattice to keep.
pub(super) fn encode(request: &Request, key: &str, baked: &Baked) -> Option<Vec<u8>> {
    let lattice = baked.lattice.as_deref()?;
    let size = lattice.size();
    let length = length(request, key, size);
    let mut bytes = header(key, size, length);
    bytes.reserve_exact(length - bytes.len());
    let ErrorReport { max_codes, p999_codes } = baked.report;
    bytes.extend(baked.radii.iter().chain(&[max_codes, p999_codes]).flat_map(|v| v.to_le_bytes()));
    for [a, b, c, _] in &lattice.entries()[..size.pow(3)] {
        let [a, b, c] = [a, b, c].map(|difference| difference.to_le_bytes());
        bytes.extend([a[0], a[1], b[0], b[1], c[0], c[1]]);
    }
    bytes.extend(xxh64(&bytes, 0).to_le_bytes());
    Some(bytes)
}

/// The lattice in a file's bytes, whatever they are.
///
/// # Errors
///
/// Why it is not the one that was asked for.
pub(super) fn decode(request: &Request, key: &str, bytes: &[u8]) -> Result<Baked, Refusal> {
    let is_length = |size: &usize| length(request, key, *size) == bytes.len();
    let size = request.sizes().into_iter().find(is_length).ok_or(Refusal::Length)?;
    let (body, checksum) = bytes.split_last_chunk().ok_or(Refusal::Length)?;
    let rest = body.strip_prefix(&*header(key, size, bytes.len())).ok_or(Refusal::Header)?;
    if xxh64(body, 0) != u64::from_le_bytes(*checksum) {
        return Err(Refusal::Checksum);
    }
    let (numbers, entries) = rest.split_at(8 * (request.look.attractors.len() + 2));
    let mut radii: Vec<f64> =
        numbers.as_chunks().0.iter().map(|number| f64::from_le_bytes(*number)).collect();
    let errors = radii.split_off(request.look.attractors.len());
    let is_radius = |radius: &f64| (0.0..=FARTHEST).contains(radius);
    let is_known = match &request.radii {
        Radii::Known(known) => *known == radii,
        Radii::OfGamut => radii.iter().all(is_radius),
    };
    let is_error = |error: &f64| (0.0..=f64::from(u16::MAX)).contains(error);
    let (&[max_codes, p999_codes], true) = (&*errors, is_known && errors.iter().all(is_error))
    else {
        return Err(Refusal::Value);
    };
    let mut lattice = Lattice::zeros(&request.codes, size);
    let mut largest = 0;
    lattice.fill(|nodes| {
        for (node, bytes) in nodes.iter_mut().zip(entries.as_chunks::<ENTRY>().0) {
            let at = |i: usize| i16::from_le_bytes([bytes[2 * i], bytes[2 * i + 1]]);
            *node = [at(0), at(1), at(2), 0];
            largest = node.iter().fold(largest, |largest, d| d.unsigned_abs().max(largest));
        }
    });
    if largest > LARGEST_ENTRY.unsigned_abs() {
        return Err(Refusal::Value);
    }
    Ok(Baked {
        lattice: Some(Arc::new(lattice)),
        radii,
        report: ErrorReport { max_codes, p999_codes },
        bake_time: Duration::ZERO,
        exact_nanoseconds: OnceLock::new(),
    })
}
