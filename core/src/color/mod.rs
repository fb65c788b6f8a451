//! Pure colour maths: code values, transfer function, Oklab, gamut boundary.
//!
//! Everything here exists twice: the scalar `f64` gold, written to be read, and in [`lanes`] the
//! `f32` twin that frames use, written over SIMD lanes.

pub mod codes;
pub mod gamut;
pub mod lanes;
pub mod oklab;
#[cfg(feature = "shaders")]
pub(crate) mod shader_data;
pub mod transfer;

/// A colour as three numbers; the function that takes it says which space they are in.
pub type Triple = [f64; 3];

/// A 3x3 matrix in row-major order.
pub type Matrix = [[f64; 3]; 3];

/// `m * v`.
pub fn mul_vec(m: &Matrix, v: Triple) -> Triple {
    m.map(|row| row[0] * v[0] + row[1] * v[1] + row[2] * v[2])
}

/// `a * b`.
pub fn mul(a: &Matrix, b: &Matrix) -> Matrix {
    a.map(|row| [0, 1, 2].map(|j| (0..3).map(|k| row[k] * b[k][j]).sum()))
}

/// The inverse of a regular matrix, by cofactors.
///
/// # Panics
///
/// Panics when the determinant is zero, which no colour matrix of this crate has.
pub fn inverse(m: &Matrix) -> Matrix {
    let cofactor = |r: usize, c: usize| {
        let (r1, r2, c1, c2) = ((r + 1) % 3, (r + 2) % 3, (c + 1) % 3, (c + 2) % 3);
        m[r1][c1] * m[r2][c2] - m[r1][c2] * m[r2][c1]
    };
    let det: f64 = (0..3).map(|c| m[0][c] * cofactor(0, c)).sum();
    assert!(det != 0.0, "a colour matrix is singular: {m:?}");
    [0, 1, 2].map(|r| [0, 1, 2].map(|c| cofactor(c, r) / det))
}

/// A diagonal matrix.
pub fn diagonal(d: Triple) -> Matrix {
    [[d[0], 0.0, 0.0], [0.0, d[1], 0.0], [0.0, 0.0, d[2]]]
}
