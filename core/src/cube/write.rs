//! Colour transforms as the text of a .cube file.

use std::io;
use std::sync::OnceLock;

use super::{MAX_SIZE_3D, MIN_SIZE};
use crate::workers::{Team, for_each};

/// Values of blue that each thread of a team works on before text is handed on.
const SLABS_PER_THREAD: usize = 8;

/// Bytes of a number and what stands behind it.
const NUMBER: usize = "0.0000000 ".len();

/// The text of a 3D table with `size` nodes per axis over R'G'B' from 0 to 1, made by a team, in parts that
/// follow each other. `comments` are lines of their own.
///
/// `differences` puts what is to be added to a colour in the place of its R'G'B', for many colours at a time;
/// the sums are limited to what can be shown.
///
/// # Errors
///
/// `InvalidInput` for a size outside [`MIN_SIZE`] to [`MAX_SIZE_3D`].
pub fn parts(
    size: usize,
    comments: &[String],
    team: Team,
    differences: impl Fn([&mut [f32]; 3]) + Sync,
) -> io::Result<impl Iterator<Item = Vec<u8>>> {
    if !(MIN_SIZE..=MAX_SIZE_3D).contains(&size) {
        let why = format!("size {size} is out of range, allowed is {MIN_SIZE} to {MAX_SIZE_3D}");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    // Some programs read no comment behind the size. A file that states no domain has one from 0 to 1.
    let comments: String = comments.iter().map(|comment| format!("# {comment}\n")).collect();
    let header = format!("TITLE \"colorshine\"\n{comments}LUT_3D_SIZE {size}\n");
    let values: Vec<f64> = (0..size).map(|i| i as f64 / (size - 1) as f64).collect();
    let batch = SLABS_PER_THREAD * team.threads();
    let batches = (0..size).step_by(batch).flat_map(move |first| {
        let texts = vec![OnceLock::new(); batch.min(size - first)];
        for_each(texts.len(), team, &|i| {
            texts[i].get_or_init(|| slab(&values, first + i, &differences));
        });
        texts.into_iter().filter_map(OnceLock::into_inner)
    });
    Ok(std::iter::once(header.into_bytes()).chain(batches))
}

/// The text of one value of blue, by its place among the values of an axis.
fn slab(values: &[f64], b: usize, differences: &dyn Fn([&mut [f32]; 3])) -> Vec<u8> {
    let size = values.len();
    let nodes: Vec<[f64; 3]> = (0..size * size)
        .map(|node| [values[node % size], values[node / size], values[b]])
        .collect();
    let component = |c: usize| nodes.iter().map(|node| node[c] as f32).collect::<Vec<f32>>();
    let mut added = [0, 1, 2].map(component);
    differences(added.each_mut().map(Vec::as_mut_slice));
    let mut text = vec![b' '; nodes.len() * 3 * NUMBER];
    let (numbers, _) = text.as_chunks_mut::<NUMBER>();
    let (rows, _) = numbers.as_chunks_mut::<3>();
    for (i, (node, row)) in nodes.iter().zip(rows).enumerate() {
        for c in 0..3 {
            put(node[c] + f64::from(added[c][i]), &mut row[c]);
        }
        row[2][NUMBER - 1] = b'\n';
    }
    text
}

/// The numbers from 0 to 99 in two digits.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut i = 0;
    while i < 100 {
        pairs[i] = [b'0' + (i / 10) as u8, b'0' + (i % 10) as u8];
        i += 1;
    }
    pairs
};

/// A number, limited to 0 to 1, in decimal with seven digits behind the point. By what formats numbers in general,
/// a table would take longer to write than to bake.
#[inline(always)]
fn put(value: f64, text: &mut [u8; NUMBER]) {
    // What is no number is 0, and so is what `as` makes of it.
    let rest = (value.clamp(0.0, 1.0) * 1e7 + 0.5) as usize;
    let (whole, first, last) = (rest / 10_000_000, rest / 1000 % 10_000, rest % 1000);
    text[..2].copy_from_slice(&[b'0' + whole as u8, b'.']);
    text[2..4].copy_from_slice(&PAIRS[first / 100]);
    text[4..6].copy_from_slice(&PAIRS[first % 100]);
    text[6..8].copy_from_slice(&PAIRS[last / 10]);
    text[8] = b'0' + (last % 10) as u8;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(size: usize, team: Team, differences: impl Fn([&mut [f32]; 3]) + Sync) -> String {
        let comments = ["one".to_string(), "two".to_string()];
        let parts = parts(size, &comments, team, differences).unwrap();
        String::from_utf8(parts.flatten().collect()).unwrap()
    }

    #[test]
    fn numbers_are_those_that_others_write() {
        let digits = |value| {
            let mut text = [b' '; NUMBER];
            put(value, &mut text);
            String::from_utf8(text.to_vec()).unwrap()
        };
        for i in 0..=100_003 {
            let value = f64::from(i) / 100_003.0;
            assert_eq!(digits(value), format!("{value:.7} "));
        }
        for (value, want) in [(-0.5, "0.0000000 "), (1.5, "1.0000000 "), (f64::NAN, "0.0000000 ")] {
            assert_eq!(digits(value), want, "{value}");
        }
    }

    #[test]
    fn rows_have_red_fastest_whoever_makes_them() {
        let turn = |[r, g, b]: [&mut [f32]; 3]| {
            for ((r, g), b) in r.iter_mut().zip(g).zip(b) {
                [*r, *g, *b] = [*g - *r, *b - *g, *r - *b];
            }
        };
        for size in [2, 3, 17] {
            let mut want = format!("TITLE \"colorshine\"\n# one\n# two\nLUT_3D_SIZE {size}\n");
            let value = |i: usize| i as f64 / (size - 1) as f64;
            for i in 0..size * size * size {
                let [r, g, b] = [i % size, i / size % size, i / size / size].map(value);
                want += &format!("{g:.7} {b:.7} {r:.7}\n");
            }
            for team in [Team::alone(), Team::of_rows(3)] {
                let got = text(size, team, turn);
                let near = |a: &str, b: &str| match (a.parse::<f64>(), b.parse::<f64>()) {
                    // The differences are of single precision.
                    (Ok(a), Ok(b)) => (a - b).abs() < 1.5e-7,
                    _ => a == b,
                };
                let mut pairs = got.split_whitespace().zip(want.split_whitespace());
                assert!(pairs.all(|(a, b)| near(a, b)), "{size}");
                assert_eq!(got.len(), want.len());
            }
        }
    }

    #[test]
    fn sizes_out_of_range_are_refused() {
        for size in [0, 1, 130] {
            let parts = parts(size, &[], Team::alone(), |_| ());
            assert_eq!(parts.err().map(|error| error.kind()), Some(io::ErrorKind::InvalidInput));
        }
    }
}
