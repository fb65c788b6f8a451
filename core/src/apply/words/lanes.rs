//! What the prism's kernel needs beyond [`Words`]: a register as lanes of 16 bytes, and columns of nodes.

use super::Words;

/// Where a register's columns lie, and the weights of their corners.
pub(in crate::apply) struct Corners<'a> {
    /// The first byte that offsets count from.
    pub(in crate::apply) first: *const u8,
    /// Offset of each column of the nearest corner.
    pub(in crate::apply) near: &'a [u32],
    /// Offset of each column of the corner beside it.
    pub(in crate::apply) beside: &'a [u32],
    /// From the nearest corner's to that across.
    pub(in crate::apply) across: usize,
    /// Weights of the three, twice in each `u32`.
    pub(in crate::apply) weights: [&'a [u32]; 3],
}

/// Operations on lanes of 16 bytes, each of which is one instruction where it
/// matters.
pub(in crate::apply) trait Lanes: Words {
    /// One `u32` for each two words of a register.
    type Each: Copy + AsRef<[u32]> + AsMut<[u32]>;
    /// Columns of 16 words, one for each lane of a register.
    type Columns: Copy;
    /// What [`Self::pick`] counts a word of a column as.
    const INDEX: u16;

    /// `u32` lanes of zeros.
    fn no_lanes(self) -> Self::Each;
    /// Writes the `u32` lanes.
    fn store_u32(self, to: &mut Self::Each, a: Self::Vector);
    /// Reads them.
    fn load_u32(self, from: &Self::Each) -> Self::Vector;
    /// The first half as many bytes as [`Self::COUNT`] of two slices, alternately, as words, or panics as
    /// [`Words::load`].
    fn load_wide_pairs(self, first: &[u8], second: &[u8]) -> Self::Vector;
    /// The first half as many words as [`Self::COUNT`] of two slices, alternately, or panics as [`Words::load`].
    fn load_pairs(self, first: &[u16], second: &[u16]) -> Self::Vector;
    /// The same of words that lie as bytes.
    fn load_word_pairs(self, first: &[u8], second: &[u8]) -> Self::Vector;
    /// Writes the low words of the `u32` lanes to the start of one slice and the high ones to another, as
    /// bytes, or panics as [`Words::load`].
    fn store_words_apart(self, low: &mut [u8], high: &mut [u8], words: Self::Vector);

    /// Words of the low 8 bytes of each lane, alternately of a and b.
    fn interleave_low(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// The same of the high 8.
    fn interleave_high(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `u32` of the low 8 bytes of each lane, alternately of a and b.
    fn interleave_low_u32(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// The same of the high 8.
    fn interleave_high_u32(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// The low 8 bytes of each lane of a, then of b.
    fn low_u64(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// The high 8 bytes of each lane of a, then of b.
    fn high_u64(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// The low 8 bytes of each lane of a, and the high 8 of b.
    fn low_and_high_u64(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// The even `u32` of each lane of a, then of b.
    fn even_u32(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// The odd ones.
    fn odd_u32(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// The `i32` of each lane of a, then of b, as words, limited to those of 16 bits.
    fn narrow_i32(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// One `u32` of each lane, by its number, in all four places.
    fn spread_u32(self, a: Self::Vector, number: usize) -> Self::Vector;
    /// `i32` over 2^15, rounded down.
    fn shift_right_15(self, a: Self::Vector) -> Self::Vector;
    /// `u32` times 2.
    fn double_u32(self, a: Self::Vector) -> Self::Vector;
    /// `u32` times 64.
    fn times_64(self, a: Self::Vector) -> Self::Vector;
    /// Per `u32`: the low word of a, and the high word of b.
    fn low_and_high(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// Which of the `u32` with the same place in every lane have one that is not 0, by the bits of their places.
    fn every_fourth(self, a: Self::Vector) -> u32;
    /// -1 where a > b as `i16`, 0 elsewhere.
    fn is_greater(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// What [`Self::pick`] counts the first word of a lane's column as, for the low bytes of words and for the
    /// high ones.
    fn first_index(self) -> Self::Vector;
    /// The columns number `group` and every fourth one after it, each the sum of its corners by their weights.
    ///
    /// # Safety
    ///
    /// 32 bytes from each offset on must be there, for all three corners.
    unsafe fn columns(self, corners: &Corners<'_>, group: usize) -> Self::Columns;
    /// Words of each lane's column, by their numbers times [`Self::INDEX`] and [`Self::first_index`].
    fn pick(self, columns: Self::Columns, indices: Self::Vector) -> Self::Vector;
    /// The same of two columns a lane: those of one for its low 8 bytes, and of another for its high ones.
    #[inline(always)]
    fn pick_of_two(self, [low, high]: [Self::Columns; 2], indices: Self::Vector) -> Self::Vector {
        self.low_and_high_u64(self.pick(low, indices), self.pick(high, indices))
    }
    /// The first 12 bytes of each lane, one lane's after the other's.
    fn close_twelves(self, a: Self::Vector) -> Self::Vector;
    /// The same back: 12 bytes for each lane, and four that do not matter.
    fn open_twelves(self, a: Self::Vector) -> Self::Vector;
    /// 16 bytes for each lane, from an address and the offset that a lane's number gives.
    ///
    /// # Safety
    ///
    /// 16 bytes from each offset on must be there.
    unsafe fn load_lanes(self, first: *const u8, at: impl Fn(usize) -> u32) -> Self::Vector;
}
