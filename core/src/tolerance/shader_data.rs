//! Histograms that a GPU counts: what `shaders/histogram.wgsl` reads and what it leaves.

use super::histogram::{BINS, Histograms};
use crate::color::shader_data::vec3;
use crate::model::lanes::ToOklab;
use crate::model::shader_data::ShaderData;

/// Columns and rows that a workgroup counts.
const TILE: [u32; 2] = [64, 256];

impl Histograms {
    /// `DistanceParameters` of `shaders/histogram.wgsl` for the attractors of these histograms, of which there is at
    /// least one; `None` where the tables of an input LUT need more than `f32`.
    pub fn shader_data(&self, to_oklab: &ToOklab) -> Option<ShaderData> {
        let mut words = to_oklab.shader_data()?;
        words.look.extend(self.attractors.iter().flat_map(|lab| vec3(*lab, 0)));
        Some(words)
    }

    /// Words of the counts, which are all 0 before the first band of a frame.
    pub fn count_length(&self) -> usize {
        self.attractors.len() * (BINS + 1)
    }

    /// Workgroups to count a band of some columns and rows.
    pub fn workgroups(&self, columns: u32, rows: u32) -> [u32; 3] {
        [columns.div_ceil(TILE[0]), rows.div_ceil(TILE[1]), self.attractors.len() as u32]
    }

    /// Adds what has been counted, [`Self::count_length`] words, for the same attractors.
    ///
    /// # Panics
    ///
    /// Panics when there are more or fewer words.
    pub fn add_counts(&mut self, words: &[u32]) {
        assert_eq!(
            words.len(),
            self.count_length(),
            "bins and the largest distance of each attractor"
        );
        let counted = words.chunks_exact(BINS + 1);
        for ((words, bins), largest) in
            counted.zip(self.counts.chunks_exact_mut(BINS)).zip(&mut self.largest)
        {
            bins.iter_mut().zip(words).for_each(|(bin, count)| *bin += count);
            *largest = largest.max(f32::from_bits(words[BINS]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attractor::parse;
    use crate::color::codes::CodeSpace;
    use crate::color::oklab::{Primaries, RgbSpace};
    use crate::color::shader_data::reflection::{Reader, constant, module};
    use crate::tolerance::histogram::REACH;
    use crate::workers::simd_level;

    const FILES: [&str; 5] = [
        "fn picture() -> vec2<u32> { return vec2(0u); }\n\
         fn pixel(column: u32, row: u32) -> vec3<u32> { return vec3(0u); }\n",
        include_str!("../../../shaders/color.wgsl"),
        include_str!("../../../shaders/cube.wgsl"),
        include_str!("../../../shaders/to_oklab.wgsl"),
        include_str!("../../../shaders/histogram.wgsl"),
    ];

    #[test]
    fn data_is_where_the_shader_reads_them() {
        let set = parse("teal;35;50|red;80;150").unwrap();
        let histograms = Histograms::new(&set);
        let space = RgbSpace::new(&Primaries::BT709);
        let words = histograms.shader_data(&ToOklab::new(&CodeSpace::full_rgb(8), &space)).unwrap();
        let module = module(&FILES);
        let reader = Reader { module: &module, words: &words.look };
        for (i, attractor) in set.iter().enumerate() {
            let lab = reader.floats(&format!("DistanceParameters.attractors[{i}]"));
            assert_eq!(lab[..3], attractor.lab.map(|v| v as f32));
        }
        assert_eq!(words.look.len(), reader.size("DistanceParameters") as usize / 4 + 4);
    }

    #[test]
    fn the_shader_has_our_constants() {
        let module = module(&FILES);
        let number = |name: &str| constant(&module, name)[0];
        assert_eq!(number("BINS"), BINS as f64);
        assert_eq!(number("REACH"), f64::from(REACH));
        let [columns, rows] = [number("GROUP_COLUMNS"), number("GROUP_ROWS") * number("PIXELS")];
        assert_eq!(TILE.map(f64::from), [columns, rows]);
        assert!(columns * rows <= 65_535.0, "a bin of a workgroup has 16 bits");
        let count = &module.entry_points[0];
        assert_eq!(count.workgroup_size, [columns as u32, number("GROUP_ROWS") as u32, 1]);
    }

    #[test]
    fn a_band_has_workgroups_for_all_of_it() {
        let histograms = Histograms::new(&parse("teal;35;50|red;80;150").unwrap());
        assert_eq!(histograms.workgroups(64, 256), [1, 1, 2]);
        assert_eq!(histograms.workgroups(65, 257), [2, 2, 2]);
        assert_eq!(histograms.workgroups(1, 1), [1, 1, 2]);
    }

    /// As if a GPU had counted what the CPU counts.
    #[test]
    fn counts_of_bands_add_up() {
        let set = parse("teal;35;50|red;80;150").unwrap();
        let lab = [[0.1f32, 0.5, 0.9], [0.0, 0.1, -0.2], [0.2, 0.0, 0.1]];
        let mut counted = Histograms::new(&set);
        counted.count(simd_level(), [&lab[0], &lab[1], &lab[2]]);
        let mut words = Vec::new();
        for (bins, largest) in counted.counts.chunks_exact(BINS).zip(&counted.largest) {
            words.extend(bins);
            words.push(largest.to_bits());
        }
        let mut added = Histograms::new(&set);
        assert_eq!(words.len(), added.count_length());
        added.add_counts(&words);
        added.add_counts(&words);
        counted.merge(&counted.clone());
        assert_eq!(added.counts, counted.counts);
        assert_eq!(added.largest, counted.largest);
    }
}
