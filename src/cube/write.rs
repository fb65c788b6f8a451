//! Colour transforms as the text of a .cube file.

use std::fmt::Write;
use std::io;

use super::{MAX_SIZE_3D, MIN_SIZE};
use crate::color::Triple;

/// The text of a 3D table with `size` nodes per axis over R'G'B' from 0 to 1, in parts: the header, then one
/// for each value of blue.
///
/// # Errors
///
/// `InvalidInput` for a size outside [`MIN_SIZE`] to [`MAX_SIZE_3D`].
pub fn parts(
    size: usize,
    transform: impl Fn(Triple) -> Triple,
) -> io::Result<impl Iterator<Item = String>> {
    if !(MIN_SIZE..=MAX_SIZE_3D).contains(&size) {
        let why = format!("size {size} is out of range, allowed is {MIN_SIZE} to {MAX_SIZE_3D}");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    // A file that states no domain has one from 0 to 1.
    let header = format!("TITLE \"colorshine\"\nLUT_3D_SIZE {size}\n");
    let value = move |index: usize| index as f64 / (size - 1) as f64;
    let slab = move |b: usize| {
        let mut text = String::new();
        for node in 0..size * size {
            let [r, g, b] = transform([value(node % size), value(node / size), value(b)]);
            // Writing to a text does not fail.
            let _ = writeln!(text, "{r:.7} {g:.7} {b:.7}");
        }
        text
    };
    Ok(std::iter::once(header).chain((0..size).map(slab)))
}
