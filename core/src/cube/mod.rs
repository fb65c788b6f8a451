//! Lookup tables in .cube files: reading, writing, and what they make of a colour.
//!
//! The format is that of Adobe's "Cube LUT Specification 1.0", and of DaVinci Resolve where one file has
//! a 1D table (a shaper) and the 3D table that follows it. A table maps encoded R'G'B' to encoded R'G'B'.

mod file;
mod keyword;
mod kind;
mod line;
mod parse;
mod problem;
#[cfg(feature = "shaders")]
mod shader_data;
mod write;

use std::fmt;

pub use file::{MAX_BYTES, ReadError, read, save};
pub use parse::parse;
pub use problem::{ParseError, Problem};
#[cfg(feature = "shaders")]
pub(crate) use shader_data::shader_data;
pub use write::parts;

use sha2::{Digest, Sha256};

use crate::color::Triple;

/// Fewest nodes per axis of a table.
pub const MIN_SIZE: usize = 2;
/// Most nodes of a 1D table.
pub const MAX_SIZE_1D: usize = 65_536;
/// Most nodes per axis of a 3D table.
pub const MAX_SIZE_3D: usize = 129;

/// A table over a box of R'G'B'.
#[derive(Clone)]
struct Table {
    /// Nodes per axis, at least [`MIN_SIZE`].
    size: usize,
    /// R'G'B' of the first and the last node; the first is below the last in each component.
    ends: [Triple; 2],
    /// Finite values: one for each node of a 1D table, whose three columns are three curves; or those of
    /// a 3D table, red fastest.
    rows: Vec<[f32; 3]>,
}

impl Table {
    /// For each component, the node at or below it and the fraction of the way to the next.
    fn position(&self, rgb: Triple) -> [(usize, f64); 3] {
        let [low, high] = self.ends;
        [0, 1, 2].map(|c| {
            let share = (rgb[c].clamp(low[c], high[c]) - low[c]) / (high[c] - low[c]);
            let at = share * (self.size - 1) as f64;
            let node = (at as usize).min(self.size - 2);
            (node, at - node as f64)
        })
    }

    /// Three curves, each linear between nodes.
    fn linear(&self, rgb: Triple) -> Triple {
        let position = self.position(rgb);
        [0, 1, 2].map(|c| {
            let (node, fraction) = position[c];
            let [from, to] = [node, node + 1].map(|node| f64::from(self.rows[node][c]));
            from + fraction * (to - from)
        })
    }

    /// Along the edges of a cell in the order of the fractions, the largest first.
    fn tetrahedral(&self, rgb: Triple) -> Triple {
        let strides = [1, self.size, self.size * self.size];
        let position = self.position(rgb);
        let mut at: usize = (0..3).map(|c| position[c].0 * strides[c]).sum();
        let mut steps = [0, 1, 2].map(|c| (position[c].1, strides[c]));
        for [a, b] in [[0, 1], [1, 2], [0, 1]] {
            if steps[a].0 < steps[b].0 {
                steps.swap(a, b);
            }
        }
        let mut from = self.rows[at].map(f64::from);
        let mut out = from;
        for (fraction, stride) in steps {
            at += stride;
            let to = self.rows[at].map(f64::from);
            out = [0, 1, 2].map(|c| out[c] + fraction * (to[c] - from[c]));
            from = to;
        }
        out
    }
}

/// What a .cube file says: a 1D table, a 3D table, or the one after the other.
///
/// Two are equal where their tables are, whatever else the files say.
#[derive(Clone)]
pub struct Cube {
    curves: Option<Table>,
    volume: Option<Table>,
    /// SHA-256 of the tables.
    digest: String,
}

impl Cube {
    fn new([curves, volume]: [Option<Table>; 2]) -> Self {
        let digest = digest([&curves, &volume]);
        Self { curves, volume, digest }
    }

    /// Encoded R'G'B' to encoded R'G'B', limited to [0, 1]. What lies outside of a table's domain counts
    /// as the nearest colour in it; 1D tables are linear, 3D tables tetrahedral between their nodes.
    pub fn apply(&self, mut rgb: Triple) -> Triple {
        if let Some(curves) = &self.curves {
            rgb = curves.linear(rgb);
        }
        if let Some(volume) = &self.volume {
            rgb = volume.tetrahedral(rgb);
        }
        rgb.map(|v| v.clamp(0.0, 1.0))
    }

    /// Bytes that the tables take.
    pub fn bytes(&self) -> u64 {
        let tables = [&self.curves, &self.volume].into_iter().flatten();
        tables.map(|table| size_of_val(&table.rows[..]) as u64).sum()
    }
}

/// The tables' SHA-256, in hexadecimal.
fn digest(tables: [&Option<Table>; 2]) -> String {
    let mut checksum = Sha256::new();
    for table in tables {
        let size = table.as_ref().map_or(0, |table| table.size as u64);
        checksum.update(size.to_le_bytes());
        let Some(table) = table else { continue };
        table.ends.as_flattened().iter().for_each(|end| checksum.update(end.to_le_bytes()));
        for row in &table.rows {
            let mut bytes = [0; 12];
            for (bytes, value) in bytes.chunks_exact_mut(4).zip(row) {
                bytes.copy_from_slice(&value.to_le_bytes());
            }
            checksum.update(bytes);
        }
    }
    checksum.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

impl PartialEq for Cube {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

/// The digest alone, so that the text of what holds a cube tells it from others.
impl fmt::Debug for Cube {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cube({})", self.digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cube(text: &str) -> Cube {
        parse(text.as_bytes()).unwrap()
    }

    /// A 3D table's text with a colour for each node, red fastest.
    fn volume(size: usize, of: impl Fn(Triple) -> Triple) -> String {
        let value = |i: usize| i as f64 / (size - 1) as f64;
        let row = |i: usize| {
            let [r, g, b] = of([i % size, i / size % size, i / size / size].map(value));
            format!("{r:.7} {g:.7} {b:.7}\n")
        };
        format!("LUT_3D_SIZE {size}\n{}", (0..size.pow(3)).map(row).collect::<String>())
    }

    fn assert_near(got: Triple, want: Triple) {
        (0..3).for_each(|c| assert!((got[c] - want[c]).abs() < 1e-6, "{got:?}, not {want:?}"));
    }

    #[test]
    fn curves_are_linear_between_nodes_and_one_for_each_component() {
        let cube = cube("LUT_1D_SIZE 3\n0 1 0.5\n0.25 0.5 0.5\n1 0 0.5\n");
        assert_near(cube.apply([0.25, 0.25, 0.25]), [0.125, 0.75, 0.5]);
        assert_near(cube.apply([0.75, 0.5, 1.0]), [0.625, 0.5, 0.5]);
        assert_near(cube.apply([1.0, 1.0, 0.0]), [1.0, 0.0, 0.5]);
    }

    /// Inside a cell the four nodes are those along the sorted components; the sums are by hand.
    #[test]
    fn volumes_are_tetrahedral() {
        // Only the node red and green, not blue, is white.
        let corner =
            cube("LUT_3D_SIZE 2\n0 0 0\n0 0 0\n0 0 0\n1 1 1\n0 0 0\n0 0 0\n0 0 0\n0 0 0\n");
        // Red above green above blue: weights of black, red, yellow, white are 1 - r, r - g, g - b, b.
        assert_near(corner.apply([0.75, 0.5, 0.125]), [0.375; 3]);
        assert_near(corner.apply([0.5, 0.75, 0.125]), [0.375; 3]);
        // Blue above green: yellow is not among the four.
        assert_near(corner.apply([0.75, 0.25, 0.5]), [0.0; 3]);
        assert_near(corner.apply([1.0, 1.0, 0.0]), [1.0; 3]);
        assert_near(corner.apply([1.0, 1.0, 1.0]), [0.0; 3]);
    }

    #[test]
    fn red_is_fastest() {
        let swap = |rgb: Triple| [rgb[1], rgb[2], rgb[0]];
        let cube = cube(&volume(5, swap));
        let rgb = [0.1, 0.6, 0.9];
        assert_near(cube.apply(rgb), swap(rgb));
    }

    #[test]
    fn domains_and_ranges_place_the_table_and_limit_what_goes_in() {
        let rows = "0 0 0\n1 1 1\n";
        let cube = |header: &str| cube(&format!("LUT_1D_SIZE 2\n{header}\n{rows}"));
        let domain = cube("DOMAIN_MIN 0.5 0 -1\nDOMAIN_MAX 1 2 1");
        assert_near(domain.apply([0.75, 0.5, 0.5]), [0.5, 0.25, 0.75]);
        assert_near(domain.apply([0.25, 1.0, 1.0]), [0.0, 0.5, 1.0]);
        let range = cube("LUT_1D_INPUT_RANGE 0.25 0.5");
        assert_near(range.apply([0.25, 0.375, 0.75]), [0.0, 0.5, 1.0]);
    }

    #[test]
    fn a_shaper_comes_before_its_volume() {
        let text = "LUT_1D_SIZE 2\nLUT_1D_INPUT_RANGE 0 1\nLUT_3D_SIZE 2\nLUT_3D_INPUT_RANGE 0 4\n\
                    0 0 0\n2 4 8\n\
                    0 0 0\n1 0 0\n0 1 0\n1 1 0\n0 0 1\n1 0 1\n0 1 1\n1 1 1\n";
        // The shaper leads to 0 to 2, 4 and 8, of which the 3D table takes 0 to 4 as 0 to 1.
        assert_near(cube(text).apply([0.5, 0.5, 0.25]), [0.25, 0.5, 0.5]);
        assert_near(cube(text).apply([1.0, 1.0, 1.0]), [0.5, 1.0, 1.0]);
    }

    /// A value v looks up (64 + 876 v) / 1023, an entry t stands for (1023 t - 64) / 876.
    #[test]
    fn tables_in_the_range_of_video_are_those_of_the_picture() {
        let rows = "0 0 0\n0.5 0.25 1\n1 1 0\n";
        let header = "LUT_1D_SIZE 3\n";
        let plain = cube(&format!("{header}{rows}"));
        let into = |v: f64| (64.0 + 876.0 * v) / 1023.0;
        let out = |t: f64| ((1023.0 * t - 64.0) / 876.0).clamp(0.0, 1.0);
        let [reads, writes, both] = [
            "LUT_IN_VIDEO_RANGE\n",
            "lut_out_video_range\n",
            "LUT_OUT_VIDEO_RANGE\nLUT_IN_VIDEO_RANGE\n",
        ]
        .map(|flags| cube(&format!("{flags}{header}{rows}")));
        for i in 0..=20 {
            let rgb = [0.0, 0.3, 0.7].map(|shift| (f64::from(i) / 20.0 + shift) % 1.0001);
            assert_near(reads.apply(rgb), plain.apply(rgb.map(into)));
            assert_near(writes.apply(rgb), plain.apply(rgb).map(out));
            assert_near(both.apply(rgb), plain.apply(rgb.map(into)).map(out));
        }
        // White of video is 940, black 64.
        assert_near(
            cube("LUT_OUT_VIDEO_RANGE\nLUT_1D_SIZE 2\n0.0625611 0 0\n0.9188661 1 1\n")
                .apply([0.0, 0.5, 1.0]),
            [0.0, out(0.5), 1.0],
        );
        let all = [&plain, &reads, &writes, &both];
        for (i, one) in all.iter().enumerate() {
            assert!(
                all[..i]
                    .iter()
                    .all(|other| other != one && format!("{other:?}") != format!("{one:?}"))
            );
        }
    }

    /// Colours go into the shaper in the picture's range and come out of the 3D table in it.
    #[test]
    fn of_two_tables_the_first_is_read_and_the_last_written_in_the_range_of_video() {
        let tables = "LUT_1D_SIZE 2\nLUT_3D_SIZE 2\n0 0 0\n1 1 1\n\
                      0 0 0\n1 0 0\n0 1 0\n1 1 0\n0 0 1\n1 0 1\n0 1 1\n1 1 1\n";
        let both = cube(&format!("LUT_IN_VIDEO_RANGE\nLUT_OUT_VIDEO_RANGE\n{tables}"));
        assert_near(both.apply([0.0, 0.25, 1.0]), [0.0, 0.25, 1.0]);
        let reads = cube(&format!("LUT_IN_VIDEO_RANGE\n{tables}"));
        assert_near(reads.apply([0.0, 0.25, 1.0]), [64.0 / 1023.0, 283.0 / 1023.0, 940.0 / 1023.0]);
    }

    #[test]
    fn results_are_limited_to_what_can_be_shown() {
        let cube = cube("LUT_1D_SIZE 2\n-1 -1 0\n3 1 1\n");
        assert_eq!(cube.apply([0.0, 0.0, 0.0]), [0.0; 3]);
        assert_eq!(cube.apply([1.0, 1.0, 1.0]), [1.0; 3]);
        assert_near(cube.apply([0.375, 0.75, 0.5]), [0.5, 0.5, 0.5]);
    }

    #[test]
    fn identity_is_identity() {
        for size in [2, 17, 33, 64, 65, 129] {
            let cube = cube(&volume(size, |rgb| rgb));
            for i in 0..1000 {
                let rgb = [i * 7 % 256, i * 31 % 256, i * 101 % 256].map(|v| f64::from(v) / 255.0);
                // Seven decimals, then single precision.
                let got = cube.apply(rgb);
                (0..3).for_each(|c| assert!((got[c] - rgb[c]).abs() < 1.2e-7, "{got:?} {rgb:?}"));
            }
        }
    }

    #[test]
    fn equality_is_that_of_the_tables() {
        let rows = "0 0 0\n1 1 1\n";
        let one = cube(&format!("LUT_1D_SIZE 2\n{rows}"));
        assert_eq!(
            one,
            cube(&format!("# said\nTITLE \"x\"\nDOMAIN_MIN 0 0 0\nLUT_1D_SIZE 2\r\n{rows}"))
        );
        assert_ne!(one, cube("LUT_1D_SIZE 2\n0 0 0\n1 1 0.9999\n"));
        assert_ne!(one, cube(&format!("LUT_1D_SIZE 2\nDOMAIN_MAX 2 1 1\n{rows}")));
        assert_ne!(format!("{one:?}"), format!("{:?}", cube("LUT_1D_SIZE 2\n1 1 1\n0 0 0\n")));
        // Eight rows are a 1D table of 8 or a 3D one of 2.
        let rows = "0 0 0\n".repeat(8);
        let [flat, deep] =
            ["LUT_1D_SIZE 8", "LUT_3D_SIZE 2"].map(|size| cube(&format!("{size}\n{rows}")));
        assert_ne!(flat, deep);
        assert_eq!((flat.bytes(), deep.bytes()), (96, 96));
    }
}
