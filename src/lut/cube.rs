//! The look as an Adobe .cube file.

use std::io::{self, Write};

use super::{MAX_SIZE, MIN_SIZE};
use crate::model::Transform;

/// Writes the transform as a 3D LUT of `size` nodes per axis over R'G'B' from 0 to 1, red fastest, as
/// Adobe's "Cube LUT Specification 1.0" has it.
///
/// # Errors
///
/// What the writer says, and `InvalidInput` for a size outside 2 to 129.
pub fn write_cube(transform: &Transform, size: usize, mut to: impl Write) -> io::Result<()> {
    if !(MIN_SIZE..=MAX_SIZE).contains(&size) {
        let why = format!("size {size} is out of range, allowed is {MIN_SIZE} to {MAX_SIZE}");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    writeln!(to, "TITLE \"colorshine\"\nLUT_3D_SIZE {size}")?;
    let value = |index: usize| index as f64 / (size - 1) as f64;
    for b in 0..size {
        for g in 0..size {
            for r in 0..size {
                let [r, g, b] = transform.apply([value(r), value(g), value(b)]);
                writeln!(to, "{r:.7} {g:.7} {b:.7}")?;
            }
        }
    }
    to.flush()
}
