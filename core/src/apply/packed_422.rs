//! Packed 4:2:2 of 8 bits (UYVY and its kin) through a lattice in place, from register to register.
//!
//! Everything here that takes a [`Lanes`] is to be inlined into code that is compiled for a SIMD level.

use std::ops::Range;

use super::finish::{Finish, FinishWords};
use super::prism::Prism;
use super::shared::SharedChroma;
use super::siting::Weights;
use super::words::Lanes;
use crate::frame::{Area, Band, Component, Layout};

/// Bytes of luma and of chroma alternately, Cb and Cr in turn.
pub(super) struct Packed422 {
    plane: usize,
    /// Byte of each two that is luma's.
    luma: usize,
    cr_first: bool,
}

impl Packed422 {
    /// If a layout is of that kind, and the area does not begin amidst a pair of columns.
    pub(super) fn of(layout: &Layout, area: &Area) -> Option<Self> {
        let [luma, cb, cr] = layout.components;
        let other = 1 - luma.offset.min(1);
        let chroma = |offset| Component::byte(luma.plane, offset, 4);
        let is_packed = luma == Component::byte(luma.plane, luma.offset.min(1), 2)
            && [[cb, cr], [cr, cb]].contains(&[chroma(other), chroma(other + 2)])
            && (layout.sub_x, layout.sub_y) == (1, 0)
            && area.columns[0].is_multiple_of(2);
        let cr_first = cr.offset < cb.offset;
        is_packed.then_some(Self { plane: luma.plane, luma: luma.offset, cr_first })
    }
}

impl<W: Lanes> Prism<'_, W> {
    /// Changes a band's part of some columns in [`Packed422`] in place. Columns must be those of whole registers
    /// from the area's first on.
    ///
    /// To be inlined into code that is compiled for a SIMD level.
    #[inline(always)]
    pub(super) fn apply_packed(
        &self,
        layout: &Layout,
        rows: [usize; 2],
        columns: &Range<usize>,
        packed: &Packed422,
        finish: &Finish,
        band: &mut Band<'_>,
    ) {
        let mut is_quiet = true;
        let [first, end] = band.groups();
        for row in first.max(rows[0])..end.min(rows[1]) {
            let weights = Weights::new(layout, row, 1);
            let bytes = &mut band.row_mut(packed.plane, row)[2 * columns.start..2 * columns.end];
            let mut row = Row::new(self.words, bytes, packed, finish);
            self.share(&mut row, &weights, columns.len(), &mut None, Some(&mut is_quiet));
        }
    }
}

/// Part of a row.
struct Row<'a, W: Lanes> {
    bytes: &'a mut [u8],
    finish: FinishWords<W>,
    zero: W::Vector,
    max: W::Vector,
    /// A shuffle of bytes: words of each pair from Cb and Cr to their order in memory, and back.
    order: W::Vector,
    /// Bits of each two bytes below luma's.
    luma: u32,
}

impl<'a, W: Lanes> Row<'a, W> {
    #[inline(always)]
    fn new(words: W, bytes: &'a mut [u8], packed: &Packed422, finish: &Finish) -> Self {
        let byte = |i: usize| if packed.cr_first { i ^ 2 } else { i } as u8;
        Self {
            bytes,
            finish: FinishWords::new(words, finish),
            zero: words.splat(0),
            max: words.splat(finish.max_code()),
            order: words.every_16_bytes(std::array::from_fn(byte)),
            luma: 8 * packed.luma as u32,
        }
    }

    /// The bytes of each two that begin at a bit.
    #[inline(always)]
    fn load(&self, words: W, at: usize, bit: u32) -> W::Vector {
        let both = words.load_bytes(&self.bytes[2 * at..]);
        words.shift_right(words.shift_left(both, 8 - bit), 8)
    }

    /// Changes the bytes of each two that begin at a bit.
    #[inline(always)]
    fn change(&mut self, words: W, at: usize, bit: u32, differences: W::Vector) {
        let codes = self.load(words, at, bit);
        let new = words.max(self.finish.codes(words, codes, differences), self.zero);
        let moved = words.sub(words.min(new, self.max), codes);
        let bytes = &mut self.bytes[2 * at..];
        let both = words.add(words.load_bytes(bytes), words.shift_left(moved, bit));
        words.store_bytes(bytes, both);
    }
}

impl<W: Lanes> SharedChroma<W> for Row<'_, W> {
    const DEEP: bool = false;
    const IS_SINGLE: bool = true;
    #[inline(always)]
    fn luma(&self, words: W, _: usize, at: usize) -> W::Vector {
        self.load(words, at, self.luma)
    }
    #[inline(always)]
    fn chroma(&self, words: W, at: usize) -> W::Vector {
        words.shuffle_bytes(self.load(words, at, 8 - self.luma), self.order)
    }
    #[inline(always)]
    fn put_luma(&mut self, words: W, row: usize, at: usize, _: W::Vector, differences: W::Vector) {
        if row == 0 {
            self.change(words, at, self.luma, differences);
        }
    }
    #[inline(always)]
    fn put_chroma(&mut self, words: W, at: usize, differences: W::Vector) {
        let differences = words.shuffle_bytes(differences, self.order);
        self.change(words, at, 8 - self.luma, differences);
    }
}
