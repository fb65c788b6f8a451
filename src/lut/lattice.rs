//! Entries, axes and their units.

use crate::color::codes::CodeSpace;

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

/// The way from a code to a position between nodes, in integers so that every CPU agrees.
///
/// A position is (code - low) * multiplier in units of 2^-[`Self::digits`] nodes, and nodes lie where
/// that is whole: the first on the lowest code, the last on the highest or, as the multiplier is rounded
/// down to an integer, up to 1/256 of a cell beyond.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    /// Code of the first node. Codes below count as this one.
    pub low: u16,
    /// Codes from the first node on that have positions of their own. Codes beyond count as the last.
    pub span: u16,
    /// Nodes for a code, in units of 2^-[`Self::digits`].
    pub multiplier: u16,
    /// Binary digits after the point of a position: 8 more than those of a code. So a multiplier has 16
    /// bits at most, and a position 32.
    pub digits: u32,
}

impl Axis {
    fn new([low, high]: [f64; 2], size: usize, depth: u32) -> Self {
        let (low, span) = (low as u16, (high - low) as u16);
        let digits = depth + 8;
        let multiplier = ((size as u64 - 1) << digits) / u64::from(span);
        Self { low, span, multiplier: multiplier as u16, digits }
    }

    /// The node at or below a code, and the fraction of the way to the next in units of
    /// 2^-[`FRACTION_BITS`].
    #[inline(always)]
    pub fn position(&self, code: u16) -> (usize, i32) {
        let steps = u32::from(code.saturating_sub(self.low).min(self.span));
        let position = steps * u32::from(self.multiplier);
        let fraction = position >> (self.digits - FRACTION_BITS) & ((1 << FRACTION_BITS) - 1);
        ((position >> self.digits) as usize, fraction as i32)
    }

    /// Code of a node, which may lie between integers.
    pub fn node(&self, index: usize) -> f64 {
        let codes = 2f64.powi(self.digits as i32) / f64::from(self.multiplier);
        f64::from(self.low) + index as f64 * codes
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
            axes: codes.nominal.map(|range| Axis::new(range, size, codes.depth)),
            depth: codes.depth,
            entries: vec![[0; 4]; size.pow(3) + Self::padding(size)],
        }
    }

    /// Entries after the last node, so that a sample on the last node may read (with weight 0) the
    /// node one further on every axis.
    fn padding(size: usize) -> usize {
        size * size + size + 1
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

    /// All entries with their padding: differences in units of 2^-[`fraction_bits`] codes, never
    /// -32768.
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
        let word = |shift: u32| ((hash >> shift) as i16).max(-i16::MAX);
        *entry = [word(0), word(20), word(40), 0];
    }
    lattice
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_within_a_256th_of_a_cell() {
        for size in MIN_SIZE..=MAX_SIZE {
            for depth in [8, 10, 12, 16] {
                let whole = f64::from((1u32 << depth) - 1);
                let scale = f64::from(1u32 << (depth - 8));
                for [low, high] in [[0.0, whole], [16.0 * scale, 235.0 * scale]] {
                    let axis = Axis::new([low, high], size, depth);
                    assert_eq!(axis.position(low as u16), (0, 0));
                    assert_eq!(axis.position(0), axis.position(low as u16));
                    assert_eq!(axis.position(u16::MAX), axis.position(high as u16));
                    let (node, fraction) = axis.position(high as u16);
                    let end = node as f64 + f64::from(fraction) / 32_768.0;
                    let short = (size - 1) as f64 - end;
                    assert!((0.0..=1.0 / 256.0).contains(&short), "{size} {depth} {high}: {short}");
                    assert_eq!(axis.node(0), low);
                    let cell = axis.node(1) - low;
                    let last = axis.node(size - 1);
                    assert!((high..high + cell / 256.0).contains(&last), "{size} {depth}: {last}");
                }
            }
        }
    }
}
