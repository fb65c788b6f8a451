//! The nodes of a lattice of Y'CbCr codes once more, in columns along Y', as the prism's kernel reads them.
//!
//! A column is a number of lines of 64 bytes. Each has ten nodes, one every six nodes, so that the five nodes
//! from any one on lie in one line: the nodes that up to four samples of luma need which share their chroma and
//! are not too far apart.

/// Words of a line.
const LINE: usize = 32;

/// Nodes from the first of a line to the first of the next.
const STEP: usize = 6;

/// Nodes of a line.
const NODES: usize = 10;

/// Words of a node.
const NODE: usize = 3;

#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
struct Line([i16; LINE]);

/// Columns of nodes, in the order of Cb and then of Cr.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Columns {
    /// Nodes per axis.
    size: usize,
    /// Those of the nodes, then as many as let Cb and Cr at their last nodes have one beyond.
    lines: Vec<Line>,
}

impl Columns {
    /// Columns of zeros.
    pub(super) fn zeros(size: usize) -> Self {
        Self { size, lines: vec![Line([0; LINE]); Self::count(size)] }
    }

    /// Lines of all columns.
    fn count(size: usize) -> usize {
        (size * size + size + 1) * Self::height_of(size)
    }

    /// Lines of a column.
    fn height_of(size: usize) -> usize {
        (size - 1) / STEP + 1
    }

    /// Bytes that columns of a lattice of `size` take.
    pub(super) fn bytes_for(size: usize) -> usize {
        Self::count(size) * size_of::<Line>()
    }

    /// Lines from a column to the one with the next Cb, and to the one with the next Cr.
    pub(crate) fn steps(&self) -> [usize; 2] {
        let height = Self::height_of(self.size);
        [self.size * height, height]
    }

    /// The first line. A node's place in its column is `6 node + 28 (node / 6)` bytes from its beginning.
    pub(crate) fn first(&self) -> *const u8 {
        self.lines.as_ptr().cast()
    }

    /// Fills the columns with a lattice's nodes.
    pub(super) fn fill(&mut self, nodes: &[[i16; 4]]) {
        let (size, height) = (self.size, Self::height_of(self.size));
        // A Cb at a time, whose columns stay in the first cache.
        for (cb, columns) in
            self.lines[..size * size * height].chunks_exact_mut(size * height).enumerate()
        {
            for luma in 0..size {
                let nodes = &nodes[(luma * size + cb) * size..][..size];
                let (line, at) = (luma / STEP, luma % STEP);
                for (column, [a, b, c, _]) in columns.chunks_exact_mut(height).zip(nodes) {
                    let mut put = |line: usize, at: usize| {
                        column[line].0[NODE * at..][..NODE].copy_from_slice(&[*a, *b, *c]);
                    };
                    put(line, at);
                    if line > 0 && at + STEP < NODES {
                        put(line - 1, at + STEP);
                    }
                }
            }
        }
    }

    /// The words of each line.
    pub(super) fn lines(&self) -> impl Iterator<Item = &[i16; LINE]> {
        self.lines.iter().map(|line| &line.0)
    }

    /// The same, to be changed.
    pub(super) fn lines_mut(&mut self) -> impl Iterator<Item = &mut [i16; LINE]> {
        self.lines.iter_mut().map(|line| &mut line.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_nodes_from_any_on_lie_in_a_line() {
        for size in [2, 6, 7, 17, 33, 129] {
            let mut columns = Columns::zeros(size);
            let node = |luma: usize, cb: usize, cr: usize| {
                let index = (luma * size + cb) * size + cr;
                [index as i16, (index >> 8) as i16, (index * 7) as i16]
            };
            let nodes: Vec<[i16; 4]> = (0..size.pow(3))
                .map(|i| {
                    let [a, b, c] = node(i / size / size, i / size % size, i % size);
                    [a, b, c, 0]
                })
                .collect();
            columns.fill(&nodes);
            let words: Vec<i16> = columns.lines().flatten().copied().collect();
            assert_eq!(2 * words.len(), Columns::bytes_for(size));
            let [cb_step, cr_step] = columns.steps();
            for (cb, cr) in [(0, 0), (size - 1, 0), (0, size - 1), (size - 1, size / 2)] {
                for luma in 0..size {
                    let at = LINE * (cb * cb_step + cr * cr_step) + 3 * luma + 14 * (luma / 6);
                    assert!(at % LINE + 16 <= LINE, "{size} {luma}");
                    for next in 0..5.min(size - luma) {
                        let got = &words[at + 3 * next..][..3];
                        assert_eq!(got, node(luma + next, cb, cr), "{size} {luma} {next}");
                    }
                }
            }
        }
    }
}
