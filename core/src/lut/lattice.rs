//! Entries, axes and their units.

use std::sync::{Mutex, PoisonError};

use super::Columns;
use crate::color::codes::CodeSpace;
use crate::workers::{Team, for_each};

/// Fewest and most nodes per axis.
pub const MIN_SIZE: usize = 2;
/// See [`MIN_SIZE`].
pub const MAX_SIZE: usize = 129;

/// Sizes that are tried, in order, where the size is left to the filter.
pub const AUTO_SIZES: [usize; 4] = [17, 33, 49, 65];

/// Binary digits of a fraction of the way from one node to the next.
pub const FRACTION_BITS: u32 = 15;

/// Binary digits after the point of an entry, for codes of `depth` bits: as many as let the largest
/// difference fit 16 bits. At 16 bits of depth it is -1, so that entries are in units of two codes.
pub fn fraction_bits(depth: u32) -> i32 {
    15 - depth as i32
}

/// Largest entry, and with its sign turned the smallest. Sums of entries by weights that add up to 1, each
/// product rounded, fit 16 bits, and so do averages of such sums.
pub const LARGEST_ENTRY: i16 = i16::MAX - 8;

/// The way from a code to a position between nodes, in integers so that every CPU agrees.
///
/// A position is code * multiplier in units of 2^-[`Self::digits`] nodes, and nodes lie where that is whole: the first
/// on code 0, the last on the highest or, as the multiplier is rounded down to an integer, up to 1/256 of a cell
/// beyond.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    /// Nodes for a code, in units of 2^-[`Self::digits`].
    pub multiplier: u16,
    /// Binary digits after the point of a position: 8 more than those of a code. So a multiplier has 16
    /// bits at most, and a position 32.
    pub digits: u32,
}

impl Axis {
    fn new(size: usize, depth: u32) -> Self {
        let digits = depth + 8;
        let multiplier = ((size as u64 - 1) << digits) / ((1 << depth) - 1);
        Self { multiplier: multiplier as u16, digits }
    }

    /// The highest code. Codes beyond count as this one.
    pub fn last_code(&self) -> u16 {
        ((1u32 << (self.digits - 8)) - 1) as u16
    }

    /// The node at or below a code, and the fraction of the way to the next in units of
    /// 2^-[`FRACTION_BITS`].
    #[inline(always)]
    pub fn position(&self, code: u16) -> (usize, i32) {
        let position = u32::from(code.min(self.last_code())) * u32::from(self.multiplier);
        let fraction = position >> (self.digits - FRACTION_BITS) & ((1 << FRACTION_BITS) - 1);
        ((position >> self.digits) as usize, fraction as i32)
    }

    /// Code of a node, which may lie between integers.
    pub fn node(&self, index: usize) -> f64 {
        index as f64 * 2f64.powi(self.digits as i32) / f64::from(self.multiplier)
    }
}

/// A lookup table of differences.
#[derive(Clone, Debug, PartialEq)]
pub struct Lattice {
    size: usize,
    depth: u32,
    /// size^3 entries of three differences and a zero, then [`Self::padding`] zeros.
    entries: Vec<[i16; 4]>,
    /// For each pair of nodes on the first two axes, a bit for each node on the third whose entry is not
    /// zero; the last bit is that of nodes 127 and 128.
    touched: Vec<u128>,
    /// The nodes once more, where they are for Y'CbCr codes.
    columns: Option<Columns>,
}

impl Lattice {
    /// A lattice of zeros for the codes of a stream.
    ///
    /// # Panics
    ///
    /// Panics when `size` is outside [`MIN_SIZE`]..=[`MAX_SIZE`].
    pub fn zeros(codes: &CodeSpace, size: usize) -> Self {
        assert!((MIN_SIZE..=MAX_SIZE).contains(&size), "lattice size {size}");
        Self::of(size, codes.depth, codes.is_ycbcr())
    }

    fn of(size: usize, depth: u32, is_ycbcr: bool) -> Self {
        Self {
            size,
            depth,
            entries: vec![[0; 4]; size.pow(3) + Self::padding(size)],
            touched: vec![0; size * size],
            columns: is_ycbcr.then(|| Columns::zeros(size)),
        }
    }

    /// Entries after the last node, so that a sample on the last node may read (with weight 0) the
    /// node one further on every axis.
    fn padding(size: usize) -> usize {
        size * size + size + 1
    }

    /// A lattice with the given differences, by a node's indices; those beyond [`LARGEST_ENTRY`] count as that.
    ///
    /// # Panics
    ///
    /// As [`Self::zeros`].
    pub fn from_nodes(
        codes: &CodeSpace,
        size: usize,
        difference: impl Fn([i32; 3]) -> [i16; 3],
    ) -> Self {
        let mut lattice = Self::zeros(codes, size);
        lattice.fill(|nodes| {
            for (i, entry) in nodes.iter_mut().enumerate() {
                let node = [i / size / size, i / size % size, i % size];
                let difference = difference(node.map(|index| index as i32));
                let [a, b, c] = difference.map(|d| d.clamp(-LARGEST_ENTRY, LARGEST_ENTRY));
                *entry = [a, b, c, 0];
            }
        });
        lattice
    }

    /// Bytes that a lattice of `size` takes for codes.
    pub fn bytes_of(codes: &CodeSpace, size: usize) -> u64 {
        let columns = if codes.is_ycbcr() { Columns::bytes_for(size) } else { 0 };
        Self::bytes_for(size) + columns as u64
    }

    /// Bytes that a lattice of `size` takes for R'G'B' codes, which is the least.
    pub fn bytes_for(size: usize) -> u64 {
        let entries = (size.pow(3) + Self::padding(size)) * size_of::<[i16; 4]>();
        (entries + size * size * size_of::<u128>()) as u64
    }

    /// Bytes that it takes.
    pub fn bytes(&self) -> u64 {
        let columns = self.columns.as_ref().map_or(0, |_| Columns::bytes_for(self.size));
        Self::bytes_for(self.size) + columns as u64
    }

    /// Nodes per axis.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Each of its axes.
    pub fn axis(&self) -> Axis {
        Axis::new(self.size, self.depth)
    }

    /// Bits per component of the codes it is for.
    pub fn depth(&self) -> u32 {
        self.depth
    }

    /// Whether it is for Y'CbCr codes.
    pub fn is_ycbcr(&self) -> bool {
        self.columns.is_some()
    }

    /// The nodes in columns along Y', where it is for Y'CbCr codes.
    pub(crate) fn columns(&self) -> Option<&Columns> {
        self.columns.as_ref()
    }

    /// All entries with their padding: differences in units of 2^-[`fraction_bits`] codes, up to
    /// [`LARGEST_ENTRY`] of both signs.
    pub fn entries(&self) -> &[[i16; 4]] {
        &self.entries
    }

    /// A lattice of zeros for the same codes.
    pub(super) fn empty_like(other: &Self, size: usize) -> Self {
        Self::of(size, other.depth, other.is_ycbcr())
    }

    /// All entries, the bits that tell which may differ from zero, and the columns, if there are any.
    pub(super) fn parts_mut(&mut self) -> (&mut [[i16; 4]], &mut [u128], Option<&mut Columns>) {
        (&mut self.entries, &mut self.touched, self.columns.as_mut())
    }

    /// The bits that tell which entries may differ from zero.
    pub(super) fn touched(&self) -> &[u128] {
        &self.touched
    }

    /// Fills the nodes' entries, which lie without padding, slab by slab of the first axis, by a team.
    pub(super) fn fill_slabs(&mut self, team: Team, fill: impl Fn(usize, &mut [[i16; 4]]) + Sync) {
        let size = self.size;
        self.fill(|nodes| {
            let slabs: Vec<_> = nodes.chunks_exact_mut(size * size).map(Mutex::new).collect();
            for_each(size, team, &|x| {
                fill(x, &mut slabs[x].lock().unwrap_or_else(PoisonError::into_inner));
            });
        });
    }

    /// Fills the nodes' entries, which lie without padding.
    pub(super) fn fill(&mut self, fill: impl FnOnce(&mut [[i16; 4]])) {
        let nodes = &mut self.entries[..self.size.pow(3)];
        fill(nodes);
        if let Some(columns) = &mut self.columns {
            columns.fill(nodes);
        }
        for (bits, row) in self.touched.iter_mut().zip(nodes.chunks_exact(self.size)) {
            // Words of 64 bits are far quicker to fill than one of 128.
            let mut words = row.chunks(64).map(|nodes| {
                let touched = |[a, b, c, _]: &[i16; 4]| u64::from(a | b | c != 0);
                nodes.iter().rev().fold(0, |bits, node| bits << 1 | touched(node))
            });
            let mut next = || u128::from(words.next().unwrap_or(0));
            *bits = next() | next() << 64 | next() << 127;
        }
    }

    /// Whether any colour between two sets of codes, the lowest and the highest of each component, may
    /// have a difference. Says yes without looking where that would take long.
    pub fn touches(&self, lowest: [u16; 3], highest: [u16; 3]) -> bool {
        const MOST_ROWS: usize = 64;
        let axis = self.axis();
        let below = |i: usize| axis.position(lowest[i]).0;
        let above = |i: usize| (axis.position(highest[i]).0 + 1).min(self.size - 1);
        let (low, high) = ([0, 1, 2].map(below), [0, 1, 2].map(above));
        if (high[0] - low[0] + 1) * (high[1] - low[1] + 1) > MOST_ROWS {
            return true;
        }
        let (first, last) = (low[2].min(127), high[2].min(127));
        let bits = u128::MAX << first & u128::MAX >> (127 - last);
        (low[0]..=high[0]).any(|x| {
            let row = &self.touched[x * self.size..][low[1]..=high[1]];
            row.iter().any(|touched| touched & bits != 0)
        })
    }
}

/// A lattice of which one node has a difference, and the node's index on each axis.
#[cfg(test)]
pub(crate) fn lonely_lattice(codes: &CodeSpace, size: usize, [x, y, z]: [usize; 3]) -> Lattice {
    let mut lattice = Lattice::zeros(codes, size);
    lattice.fill(|nodes| nodes[(x * size + y) * size + z] = [3000, -3000, 2000, 0]);
    lattice
}

/// A lattice of the largest and the smallest entries alone.
#[cfg(test)]
pub(crate) fn extreme_lattice(codes: &CodeSpace, size: usize) -> Lattice {
    let mut lattice = Lattice::zeros(codes, size);
    lattice.fill(|nodes| nodes.fill([LARGEST_ENTRY, -LARGEST_ENTRY, LARGEST_ENTRY, 0]));
    lattice
}

/// A lattice of entries that use all of their 16 bits, for tests of samplers.
#[cfg(test)]
pub(crate) fn noise_lattice(codes: &CodeSpace, size: usize) -> Lattice {
    let mut lattice = Lattice::zeros(codes, size);
    lattice.fill(|nodes| {
        for (i, entry) in nodes.iter_mut().enumerate() {
            let hash = (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let word = |shift: u32| ((hash >> shift) as i16).clamp(-LARGEST_ENTRY, LARGEST_ENTRY);
            *entry = [word(0), word(20), word(40), 0];
        }
    });
    lattice
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_within_a_256th_of_a_cell() {
        for size in MIN_SIZE..=MAX_SIZE {
            for depth in [8, 10, 12, 16] {
                let high = f64::from((1u32 << depth) - 1);
                let axis = Axis::new(size, depth);
                assert_eq!(f64::from(axis.last_code()), high);
                assert_eq!(axis.position(0), (0, 0));
                assert_eq!(axis.position(u16::MAX), axis.position(high as u16));
                let (node, fraction) = axis.position(high as u16);
                let end = node as f64 + f64::from(fraction) / 32_768.0;
                let short = (size - 1) as f64 - end;
                assert!((0.0..=1.0 / 256.0).contains(&short), "{size} {depth}: {short}");
                assert_eq!(axis.node(0), 0.0);
                let (cell, last) = (axis.node(1), axis.node(size - 1));
                assert!((high..high + cell / 256.0).contains(&last), "{size} {depth}: {last}");
            }
        }
    }

    #[test]
    fn what_a_lonely_node_touches_is_known() {
        for (size, node) in [(33, [4, 7, 30]), (129, [128, 0, 128]), (2, [1, 1, 0])] {
            let lattice = lonely_lattice(&CodeSpace::full_rgb(8), size, node);
            let mut touched = 0;
            for step in [1, 17, 60] {
                for x in (0..256 - step).step_by(7) {
                    for y in (0..256 - step).step_by(13) {
                        for z in (0..256 - step).step_by(5) {
                            let low = [x as u16, y as u16, z as u16];
                            let high = low.map(|code| code + step as u16);
                            let within = |i: usize| {
                                let (first, _) = lattice.axis().position(low[i]);
                                let (last, _) = lattice.axis().position(high[i]);
                                (first..=last + 1).contains(&node[i])
                            };
                            let is_touched = lattice.touches(low, high);
                            assert!(is_touched || ![0, 1, 2].into_iter().all(within));
                            touched += usize::from(is_touched);
                        }
                    }
                }
            }
            assert!(touched > 0, "{size}");
        }
        let lattice = lonely_lattice(&CodeSpace::full_rgb(8), 33, [4, 7, 30]);
        assert!(!lattice.touches([100, 100, 100], [110, 110, 110]));
    }
}
