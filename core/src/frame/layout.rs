//! Where a format keeps its components, and which chroma belongs to which luma.

/// Where one component lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Component {
    /// Index of its plane.
    pub plane: usize,
    /// Bytes from the start of a row to the first sample.
    pub offset: usize,
    /// Bytes from one sample to the next: 1, 2, 3, 4 or 8. Where a word holds several samples, from that word to the
    /// next.
    pub step: usize,
    /// Bytes of a sample: 1 or 2; or those of the word that holds several components or samples: 2, 4, 5, 6 or 16.
    pub bytes: usize,
    /// Bits of the word below the code; of the first one, where it holds several samples.
    pub shift: u32,
    /// The same of the others in the word.
    pub further_shifts: &'static [u32],
    /// Bits of the code.
    pub depth: u32,
    /// Whether a word has its high byte first.
    pub is_big_endian: bool,
}

/// Where the components R, G, B or Y', Cb, Cr lie. What else a format carries (alpha, padding) is
/// never touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The components, in that order.
    pub components: [Component; 3],
    /// Number of planes, alpha's included.
    pub planes: usize,
    /// log2 of the luma columns per chroma sample.
    pub sub_x: u32,
    /// log2 of the luma rows per chroma sample.
    pub sub_y: u32,
    /// Whether shared chroma lies on the first of its columns, not in the middle between them.
    pub is_cosited_x: bool,
    /// Whether shared chroma lies on the first of its rows, not in the middle between them.
    pub is_cosited_y: bool,
    /// Whether chroma rows belong to fields: row 2k + f of chroma covers rows 4k + f and 4k + 2 + f
    /// of luma; of four rows, 8k + f and every second one after it.
    pub is_interlaced: bool,
    /// The last row of chroma of an interlaced frame, where the other field has none beside it: it covers
    /// successive rows of luma, 2k and 2k + 1, as in a progressive frame.
    pub unpaired_group: Option<usize>,
}

/// The picture within a frame, and how much of it is to be processed; in luma samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area {
    /// First column, and the column after the last.
    pub columns: [usize; 2],
    /// First row, and the row after the last.
    pub rows: [usize; 2],
    /// The column after the last that is to be processed.
    pub processed_until: usize,
}

impl Component {
    /// A component of 8 bits.
    pub fn byte(plane: usize, offset: usize, step: usize) -> Self {
        Self {
            plane,
            offset,
            step,
            bytes: 1,
            shift: 0,
            further_shifts: &[],
            depth: 8,
            is_big_endian: false,
        }
    }

    /// Samples in a word.
    pub fn samples_per_word(&self) -> usize {
        1 + self.further_shifts.len()
    }

    /// Bits of the word below the code of one of its samples.
    pub fn shift_of(&self, sample: usize) -> u32 {
        sample.checked_sub(1).map_or(self.shift, |further| self.further_shifts[further])
    }

    /// Bits by which a code of less than 8 is shifted to the left, so that it is the upper bits of one of 8.
    pub fn lift(&self) -> u32 {
        8u32.saturating_sub(self.depth)
    }

    /// Whether a sample is a byte, two bytes, or a part of a little-endian word of four.
    pub fn is_plain(&self) -> bool {
        let most = if self.is_big_endian { 2 } else { 4 };
        self.depth >= 8 && self.bytes <= most && self.further_shifts.is_empty()
    }
}

impl Layout {
    /// Pixels of some bytes each, of which R, G and B have 8 bits at the given offsets: `packed([0, 1, 2], 4)` is
    /// RGBA, `packed([2, 1, 0], 3)` BGR.
    pub fn packed(offsets: [usize; 3], step: usize) -> Self {
        Self::of_components(offsets.map(|offset| Component::byte(0, offset, step)), 1, [0, 0])
    }

    /// A plane of bytes for each component, where luma shares chroma in columns and rows of 2 to the power of
    /// `shared` (0 or 1): `planar([1, 1])` is I420, `planar([0, 0])` Y444 or, with the planes in that order, R'G'B'.
    /// Shared chroma lies in the middle; other sites are fields.
    pub fn planar(shared: [u32; 2]) -> Self {
        Self::of_components([0, 1, 2].map(|plane| Component::byte(plane, 0, 1)), 3, shared)
    }

    fn of_components(components: [Component; 3], planes: usize, [sub_x, sub_y]: [u32; 2]) -> Self {
        Self {
            components,
            planes,
            sub_x,
            sub_y,
            is_cosited_x: false,
            is_cosited_y: false,
            is_interlaced: false,
            unpaired_group: None,
        }
    }

    /// Whether `plane` holds chroma with fewer rows than luma has.
    pub fn has_fewer_rows(&self, plane: usize) -> bool {
        self.sub_y > 0 && plane != self.components[0].plane && self.holds_chroma(plane)
    }

    fn holds_chroma(&self, plane: usize) -> bool {
        self.components[1..].iter().any(|component| component.plane == plane)
    }

    /// The row group, that is the row of chroma, of a row of luma.
    pub fn group_of(&self, row: usize) -> usize {
        match (self.sub_y, self.is_interlaced) {
            (0, _) => row,
            (sub_y, false) => row >> sub_y,
            (sub_y, true) => {
                (((row >> sub_y) & !1) | (row & 1)).min(self.unpaired_group.unwrap_or(usize::MAX))
            }
        }
    }

    /// The rows of luma of a group that lie within `rows`; at most two, or four where so many share chroma.
    pub fn rows_of(
        &self,
        group: usize,
        rows: [usize; 2],
    ) -> impl Iterator<Item = usize> + Clone + use<> {
        let is_of_field = self.is_interlaced && self.unpaired_group != Some(group);
        let (first, step) = match (self.sub_y, is_of_field) {
            (0, _) => (group, 1),
            (sub_y, false) => (group << sub_y, 1),
            (sub_y, true) => (((group & !1) << sub_y) | (group & 1), 2),
        };
        let count = 1usize << self.sub_y;
        (0..count)
            .map(move |i| first + i * step)
            .filter(move |row| (rows[0]..rows[1]).contains(row))
    }

    /// Groups that cover `rows` rows of luma.
    pub fn groups(&self, rows: usize) -> usize {
        // The last row is not always in the last group: with fields, the last two rows differ.
        let of = |back: usize| rows.checked_sub(back).map_or(0, |row| self.group_of(row) + 1);
        of(1).max(of(2))
    }

    /// Bytes from a row's start to the end of its last sample's word, for `width` luma columns.
    pub fn row_bytes(&self, plane: usize, width: usize) -> usize {
        let ends = self.components.iter().enumerate().filter(|(_, c)| c.plane == plane);
        let end = |(index, component): (usize, &Component)| {
            let samples = if index == 0 { width } else { self.chroma_columns(width) };
            let words = samples.div_ceil(component.samples_per_word());
            component.offset + words.saturating_sub(1) * component.step + component.bytes
        };
        ends.map(end).max().unwrap_or(0)
    }

    /// Bytes at the end of a row of a plane that need not be there: words that hold several pixels may be cut off
    /// after the last of luma, as GStreamer has it in UYVP of some widths.
    pub fn spare_row_bytes(&self, plane: usize, width: usize) -> usize {
        let luma = &self.components[0];
        if luma.plane != plane || !luma.is_big_endian || luma.samples_per_word() == 1 || width == 0
        {
            return 0;
        }
        luma.shift_of((width - 1) % luma.samples_per_word()) as usize / 8
    }

    /// Chroma samples that cover `width` columns of luma.
    pub fn chroma_columns(&self, width: usize) -> usize {
        (width + (1 << self.sub_x) - 1) >> self.sub_x
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn i420(is_interlaced: bool) -> Layout {
        let component = |plane| Component::byte(plane, 0, 1);
        Layout {
            components: [0, 1, 2].map(component),
            planes: 3,
            sub_x: 1,
            sub_y: 1,
            is_cosited_x: false,
            is_cosited_y: false,
            is_interlaced,
            unpaired_group: None,
        }
    }

    #[test]
    fn every_row_belongs_to_one_group() {
        for (is_interlaced, is_short) in [(false, false), (true, false), (true, true)] {
            for height in 1..20 {
                let chroma_rows = usize::div_ceil(height, 2);
                let unpaired_group = is_short.then_some(chroma_rows - 1).filter(|g| g % 2 == 0);
                let layout = Layout { unpaired_group, ..i420(is_interlaced) };
                assert!(!is_short || layout.groups(height) <= chroma_rows, "{height}");
                let mut seen = vec![0; height];
                for group in 0..layout.groups(height) {
                    for row in layout.rows_of(group, [0, height]) {
                        assert_eq!(layout.group_of(row), group);
                        seen[row] += 1;
                    }
                }
                assert!(seen.iter().all(|n| *n == 1), "{height} {is_interlaced}: {seen:?}");
            }
        }
    }

    #[test]
    fn fields_do_not_share_chroma() {
        let layout = i420(true);
        let rows = |group| layout.rows_of(group, [0, 8]).collect::<Vec<_>>();
        assert_eq!([rows(0), rows(1), rows(2), rows(3)], [[0, 2], [1, 3], [4, 6], [5, 7]]);
    }

    #[test]
    fn the_last_rows_of_luma_share_the_last_row_of_chroma_where_its_field_has_no_partner() {
        let layout = Layout { unpaired_group: Some(2), ..i420(true) };
        let rows = |group| layout.rows_of(group, [0, 6]).collect::<Vec<_>>();
        assert_eq!([rows(0), rows(1), rows(2)], [[0, 2], [1, 3], [4, 5]]);
        assert_eq!(layout.groups(6), 3);
    }

    #[test]
    fn rows_end_with_their_last_sample() {
        assert_eq!([0, 1].map(|plane| i420(false).row_bytes(plane, 7)), [7, 4]);
        let mut yuy2 = i420(false);
        yuy2.components[0].step = 2;
        yuy2.components[1] = Component::byte(0, 1, 4);
        yuy2.components[2] = Component::byte(0, 3, 4);
        assert_eq!(yuy2.row_bytes(0, 3), 8);
        assert_eq!(yuy2.spare_row_bytes(0, 3), 0);
        let word = |shift, further_shifts| {
            let byte = Component::byte(0, 0, 5);
            Component { bytes: 5, shift, further_shifts, depth: 10, is_big_endian: true, ..byte }
        };
        let components = [word(20, &[0]), word(30, &[]), word(10, &[])];
        let uyvp = Layout { components, sub_y: 0, ..yuy2 };
        assert_eq!([1, 2, 3, 4].map(|width| uyvp.row_bytes(0, width)), [5, 5, 10, 10]);
        // 20 bits of the last word are luma and what lies before it.
        assert_eq!([1, 2, 3, 4].map(|width| uyvp.spare_row_bytes(0, width)), [2, 0, 2, 0]);
    }

    #[test]
    fn four_rows_share_chroma_within_their_field() {
        let layout = |is_interlaced| Layout { sub_x: 2, sub_y: 2, ..i420(is_interlaced) };
        let rows = |layout: Layout, group| layout.rows_of(group, [0, 99]).collect::<Vec<_>>();
        assert_eq!([0, 1].map(|g| rows(layout(false), g)), [[0, 1, 2, 3], [4, 5, 6, 7]]);
        let fields = [0, 1, 2].map(|g| rows(layout(true), g));
        assert_eq!(fields, [[0, 2, 4, 6], [1, 3, 5, 7], [8, 10, 12, 14]]);
        for (height, groups) in [(1, [1, 1]), (4, [1, 2]), (9, [3, 3]), (10, [3, 4])] {
            assert_eq!([false, true].map(|fields| layout(fields).groups(height)), groups);
        }
        let unpaired = Layout { unpaired_group: Some(2), ..layout(true) };
        assert_eq!((unpaired.groups(12), rows(unpaired, 2)), (3, vec![8, 9, 10, 11]));
    }
}
