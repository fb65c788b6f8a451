//! Entries, axes and their units.

use crate::color::codes::CodeSpace;

/// Fewest and most nodes per axis.
pub const MIN_SIZE: usize = 2;
/// See [`MIN_SIZE`].
pub const MAX_SIZE: usize = 129;

/// Sizes that are tried, in order, where the size is left to the filter.
pub const AUTO_SIZES: [usize; 4] = [17, 33, 49, 65];

/// Binary digits of a position between two nodes: weights are in units of 2^-14.
pub const FRACTION_BITS: u32 = 14;

/// Binary digits after the point of an entry, for codes of `depth` bits: as many as let the largest
/// difference fit 16 bits. At 16 bits of depth it is -1, so that entries are in units of two codes.
pub fn fraction_bits(depth: u32) -> i32 {
    15 - depth as i32
}

/// The way from a code to a position between nodes, in integers so that every CPU agrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    /// Code of the first node.
    pub low: u16,
    /// Code of the last node.
    pub high: u16,
    multiplier: u32,
    shift: u32,
    last: u32,
}

impl Axis {
    fn new([low, high]: [f64; 2], size: usize) -> Self {
        let (low, high) = (low as u16, high as u16);
        let last = (size as u32 - 1) << FRACTION_BITS;
        let shift = last.leading_zeros() - 1;
        let span = f64::from(high - low);
        let multiplier = (f64::from(last) * f64::from(1u32 << shift) / span).round() as u32;
        Self { low, high, multiplier, shift, last }
    }

    /// Position of a code in units of 2^-14 nodes: exact at both ends.
    #[inline(always)]
    pub fn position(&self, code: u16) -> u32 {
        let steps = u32::from(code.saturating_sub(self.low).min(self.high - self.low));
        let rounded = (steps * self.multiplier + (1 << (self.shift - 1))) >> self.shift;
        rounded.min(self.last)
    }

    /// Code of a node, which may lie between integers.
    pub fn node(&self, index: usize) -> f64 {
        let last = f64::from(self.last >> FRACTION_BITS);
        f64::from(self.low) + f64::from(self.high - self.low) * index as f64 / last
    }
}

/// A lookup table of differences.
#[derive(Clone, Debug, PartialEq)]
pub struct Lattice {
    size: usize,
    axes: [Axis; 3],
    depth: u32,
    /// size^3 entries of three differences and a zero, then [`Self::padding`] zeros.
    entries: Vec<[i16; 4]>,
}

impl Lattice {
    /// A lattice of zeros for the codes of a stream.
    ///
    /// # Panics
    ///
    /// Panics when `size` is outside [`MIN_SIZE`]..=[`MAX_SIZE`].
    pub fn zeros(codes: &CodeSpace, size: usize) -> Self {
        assert!((MIN_SIZE..=MAX_SIZE).contains(&size), "lattice size {size}");
        Self {
            size,
            axes: codes.nominal.map(|range| Axis::new(range, size)),
            depth: codes.depth,
            entries: vec![[0; 4]; size.pow(3) + Self::padding(size)],
        }
    }

    /// Entries after the last node, so that a sample on the last node may read (with weight 0) the
    /// node one further on every axis, and the entry after that along with it.
    fn padding(size: usize) -> usize {
        size * size + size + 2
    }

    /// Bytes that a lattice of `size` takes.
    pub fn bytes_for(size: usize) -> u64 {
        ((size.pow(3) + Self::padding(size)) * size_of::<[i16; 4]>()) as u64
    }

    /// Nodes per axis.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The axes, in component order.
    pub fn axes(&self) -> &[Axis; 3] {
        &self.axes
    }

    /// Bits per component of the codes it is for.
    pub fn depth(&self) -> u32 {
        self.depth
    }

    /// All entries with their padding: differences in units of 2^-[`fraction_bits`] codes.
    pub fn entries(&self) -> &[[i16; 4]] {
        &self.entries
    }

    /// The entries of the nodes, without padding.
    pub(super) fn nodes_mut(&mut self) -> &mut [[i16; 4]] {
        let nodes = self.size.pow(3);
        &mut self.entries[..nodes]
    }
}

/// A lattice of entries that use all of their 16 bits, for tests of samplers.
#[cfg(test)]
pub(crate) fn noise_lattice(codes: &CodeSpace, size: usize) -> Lattice {
    let mut lattice = Lattice::zeros(codes, size);
    for (i, entry) in lattice.nodes_mut().iter_mut().enumerate() {
        let hash = (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        *entry = [hash as i16, (hash >> 20) as i16, (hash >> 40) as i16, 0];
    }
    lattice
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_of_every_axis_are_nodes() {
        for size in MIN_SIZE..=MAX_SIZE {
            for depth in [8, 10, 12, 16] {
                let lattice_axis = Axis::new([0.0, f64::from((1u32 << depth) - 1)], size);
                let max = ((1u32 << depth) - 1) as u16;
                assert_eq!(lattice_axis.position(0), 0);
                let end = (size as u32 - 1) << FRACTION_BITS;
                let miss = end - lattice_axis.position(max);
                // 32-bit arithmetic leaves up to 0.2 % of a cell at 16 bits of depth.
                assert!(miss == 0 || depth > 10 && miss <= 32, "{size} {depth}: {miss}");
            }
            let limited = Axis::new([16.0, 235.0], size);
            assert_eq!(limited.position(3), 0);
            assert_eq!(limited.position(250), (size as u32 - 1) << FRACTION_BITS);
            assert_eq!((limited.node(0), limited.node(size - 1)), (16.0, 235.0));
        }
    }
}
