//! Tables as words of a GPU's storage buffers, which `shaders/cube.wgsl` reads.

use super::{Cube, Table};
use crate::color::shader_data::vec3;

/// The data of `Cube` in `shaders/cube.wgsl`.
const CUBE_LENGTH: usize = 16;

/// The largest number in a table, and the steepest slope between neighbouring nodes (R'G'B' behind the
/// table for R'G'B' before it), that are left to `f32`. It tells R'G'B' from 0 to 1 apart by 2^-24 or
/// better; a slope of 2^12 makes 2^-12 of that, a sixteenth of a code of 8 bits.
const LIMIT: f64 = 4096.0;

/// `Cube` of `shaders/cube.wgsl`, whose nodes are appended to `nodes`; `None` where the tables need more
/// than `f32`. Without a cube it has no tables.
pub(crate) fn shader_data(cube: Option<&Cube>, nodes: &mut Vec<u32>) -> Option<[u32; CUBE_LENGTH]> {
    let mut words = [0; CUBE_LENGTH];
    if let Some(cube) = cube {
        for (words, table) in words.chunks_exact_mut(8).zip([&cube.curves, &cube.volume]) {
            if let Some(table) = table {
                words.copy_from_slice(&table.shader_data(nodes)?);
            }
        }
    }
    Some(words)
}

impl Table {
    fn shader_data(&self, nodes: &mut Vec<u32>) -> Option<[u32; 8]> {
        let [low, high] = self.ends;
        let scale = [0, 1, 2].map(|c| (self.size - 1) as f64 / (high[c] - low[c]));
        let largest = |numbers: &[f64; 3]| numbers.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
        let numbers = self.rows.iter().map(|row| largest(&row.map(f64::from)));
        let reach = numbers.fold(largest(&low), f64::max);
        if reach > LIMIT || self.largest_step() * largest(&scale) > LIMIT {
            return None;
        }
        // A table so narrow that its cells cannot be counted has one value.
        let scale = scale.map(|cells| cells.min(f64::from(f32::MAX) / 1e6) as f32);
        let first = (nodes.len() / 4) as u32;
        nodes.extend(self.rows.iter().flat_map(|row| vec3(*row, 0)));
        let [low, scale] = [vec3(low.map(|v| v as f32), self.size as u32), vec3(scale, first)];
        Some(std::array::from_fn(|i| if i < 4 { low[i] } else { scale[i - 4] }))
    }

    /// The largest difference between neighbouring nodes.
    fn largest_step(&self) -> f64 {
        let axes = if self.rows.len() == self.size { 1 } else { 3 };
        let mut largest = 0.0f64;
        for axis in 0..axes {
            let stride = self.size.pow(axis);
            for line in self.rows.chunks_exact(stride * self.size) {
                for (from, to) in line.iter().zip(&line[stride..]) {
                    let steps = [0, 1, 2].map(|c| (f64::from(to[c]) - f64::from(from[c])).abs());
                    largest = steps.into_iter().fold(largest, f64::max);
                }
            }
        }
        largest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::color::shader_data::reflection::{Reader, module};
    use crate::cube::parse;

    const SHADER: &str = include_str!("../../../shaders/cube.wgsl");

    #[test]
    fn data_is_where_the_shader_reads_them() {
        let text = "LUT_1D_SIZE 3\nLUT_1D_INPUT_RANGE -1 3\n0 .1 .2\n.3 .4 .5\n.6 .7 .8\n";
        let curves = parse(text.as_bytes()).unwrap();
        let rows: String = (0..8).map(|i| format!("{} 0 {}\n", i & 1, i >> 2)).collect();
        let volume = parse(format!("LUT_3D_SIZE 2\n{rows}").as_bytes()).unwrap();
        let mut nodes = Vec::new();
        let curves = shader_data(Some(&curves), &mut nodes).unwrap();
        let volume = shader_data(Some(&volume), &mut nodes).unwrap();
        assert_eq!(shader_data(None, &mut nodes), Some([0; CUBE_LENGTH]));

        let module = module(&[SHADER]);
        let reader = |words| Reader { module: &module, words };
        assert_eq!(reader(&curves).size("Cube") as usize, 4 * CUBE_LENGTH);
        assert_eq!(reader(&curves).floats("Cube.curves.low"), [-1.0; 3]);
        assert_eq!(reader(&curves).floats("Cube.curves.scale"), [0.5; 3]);
        assert_eq!(reader(&curves).values("Cube.curves.size"), [3]);
        assert_eq!(reader(&curves).values("Cube.curves.first"), [0]);
        assert_eq!(reader(&curves).values("Cube.volume"), [0; 8]);
        assert_eq!(reader(&volume).values("Cube.curves"), [0; 8]);
        assert_eq!(reader(&volume).floats("Cube.volume.low"), [0.0; 3]);
        assert_eq!(reader(&volume).floats("Cube.volume.scale"), [1.0; 3]);
        assert_eq!(reader(&volume).values("Cube.volume.size"), [2]);
        assert_eq!(reader(&volume).values("Cube.volume.first"), [3]);
        assert_eq!(nodes.len(), 4 * (3 + 8));
        assert_eq!(nodes[4..8], vec3([0.3, 0.4, 0.5], 0));
        assert_eq!(nodes[4 * (3 + 5)..][..4], vec3([1.0, 0.0, 1.0], 0));
    }

    #[test]
    fn what_needs_more_than_single_precision_has_no_shader_data() {
        let words =
            |text: &str| shader_data(Some(&parse(text.as_bytes()).unwrap()), &mut Vec::new());
        let curve = |rows: &str| format!("LUT_1D_SIZE 2\n{rows}\n");
        assert!(words(&curve("0 0 0\n4096 1 1")).is_some());
        assert!(words(&curve("0 0 0\n4097 1 1")).is_none());
        assert!(words(&curve("-4097 0 0\n-4097 1 1")).is_none());
        let narrow = |rows: &str| format!("LUT_1D_INPUT_RANGE 0 1e-4\n{}", curve(rows));
        assert!(words(&narrow("0 0 0\n1 1 1")).is_none());
        assert!(words(&narrow("0 0 0\n0.4 0.4 0.4")).is_some());
    }
}
