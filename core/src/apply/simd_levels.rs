//! Every form of the lattice's kernel beside the gold: each SIMD level, both ways of reading entries, and
//! blocks, packed pixels and planes in place. All must give the same bits.

use super::bytes::{Bytes, Chroma, DeepSamples};
use super::evaluator::{Codes, Differences, Gold, SharedDifferences, Source};
use super::finish::Finish;
use super::packed::{Packed, PackedSampler};
use super::prism::Prism;
use super::siting::{HALF, Weights, weigh};
use super::tetrahedral::Sampler;
use super::words::{Lanes, with_words};
use super::{BLOCK, Reads};
use crate::color::codes::{CodeSpace, Range};
use crate::frame::{Component, Layout};
use crate::lut::{Interpolation, Lattice, extreme_lattice, lonely_lattice, noise_lattice};
use crate::workers::simd_levels;

/// What is asked of every form.
trait Check {
    fn check<W: Lanes, const GATHER: bool>(&mut self, words: W, name: &str);
}

/// Runs a check in every form that this CPU has.
fn in_every_form(check: &mut impl Check) {
    let mut forms = 0;
    for (name, level) in simd_levels() {
        for reads in Reads::ALL {
            let name = format!("{name}, {reads:?}");
            with_words!(level, words => {
                forms += 1;
                match reads {
                    Reads::Gather => check.check::<_, true>(words, &name),
                    Reads::Loads => check.check::<_, false>(words, &name),
                }
            }, else ());
        }
    }
    if cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) {
        assert!(forms >= 2, "no form was checked");
    }
}

/// Codes of up to `max`, the ends of the axes first.
fn noise(seed: u32, max: u16) -> Codes {
    let mut state = seed;
    std::array::from_fn(|i| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        match i {
            0 => 0,
            1 => max,
            _ => (state >> 16) as u16 & max,
        }
    })
}

/// Y'CbCr codes whose axes are those of [`CodeSpace::full_rgb`].
fn full_ycbcr() -> CodeSpace {
    CodeSpace::ycbcr(8, Range { offset: [0.0, 128.0, 128.0], scale: [255.0; 3] }, 0.2126, 0.0722)
}

/// The prism's sampler of a lattice of Y'CbCr codes.
fn prism<W: Lanes>(words: W, lattice: &Lattice) -> Prism<'_, W> {
    Prism::new(words, lattice, lattice.columns().expect("columns"))
}

fn limited(depth: u32) -> CodeSpace {
    let scale = f64::from(1u32 << (depth - 8));
    let range = Range {
        offset: [16.0, 128.0, 128.0].map(|code| code * scale),
        scale: [219.0, 224.0, 224.0].map(|code| code * scale),
    };
    CodeSpace::ycbcr(depth, range, 0.2126, 0.0722)
}

struct Blocks<'a> {
    lattice: &'a Lattice,
    codes: [&'a Codes; 3],
    length: usize,
    want: [Differences; 3],
    want_prism: [Differences; 3],
}

impl<'a> Blocks<'a> {
    fn new(lattice: &'a Lattice, codes: [&'a Codes; 3], length: usize) -> Self {
        let gold = |interpolation| {
            let mut want = [[0; BLOCK]; 3];
            Gold(lattice, interpolation).differences(length, codes, &mut want);
            want
        };
        let [want, want_prism] = [Interpolation::Tetrahedral, Interpolation::Prism].map(gold);
        Self { lattice, codes, length, want, want_prism }
    }
}

impl Check for Blocks<'_> {
    fn check<W: Lanes, const GATHER: bool>(&mut self, words: W, name: &str) {
        let mut got = [[0; BLOCK]; 3];
        let mut compare = |source: &dyn Source, want: &[Differences; 3], name: &str| {
            source.differences(self.length, self.codes, &mut got);
            for i in 0..self.length {
                let at = |of: &[Differences; 3]| [of[0][i], of[1][i], of[2][i]];
                let colour = self.codes.map(|codes| codes[i]);
                let size = self.lattice.size();
                assert_eq!(at(&got), at(want), "{name} at {colour:?}, size {size}");
            }
        };
        let sampler = Sampler::<W, GATHER>::new(words, self.lattice);
        compare(&sampler, &self.want, name);
        if !GATHER && self.lattice.is_ycbcr() {
            compare(&prism(words, self.lattice), &self.want_prism, &format!("{name}, prism"));
        }
    }
}

/// All 2^24 colours, on entries that differ as much as they can.
#[test]
fn every_colour_is_the_same_in_every_form() {
    let lattice = noise_lattice(&full_ycbcr(), 33);
    let z: Codes = std::array::from_fn(|i| i as u16);
    for x in 0..256 {
        for y in 0..256 {
            in_every_form(&mut Blocks::new(&lattice, [&[x; BLOCK], &[y; BLOCK], &z], BLOCK));
        }
    }
}

#[test]
fn every_size_depth_and_length_is_the_same_in_every_form() {
    for space in [CodeSpace::full_rgb(8), limited(10), limited(12), CodeSpace::full_rgb(16)] {
        for size in [2, 3, 6, 7, 17, 64, 65, 129] {
            let lattice = noise_lattice(&space, size);
            let codes = [1, 2, 3].map(|seed| noise(seed, space.max_code()));
            // Of these sums are as large as they can be.
            let extreme = extreme_lattice(&space, size);
            in_every_form(&mut Blocks::new(&extreme, codes.each_ref(), BLOCK));
            for length in [1, 2, 7, 8, 9, 31, 255, 256] {
                in_every_form(&mut Blocks::new(&lattice, codes.each_ref(), length));
            }
        }
    }
}

/// The gold's new codes.
fn finished(finish: &Finish, codes: &Codes, differences: &Differences) -> Vec<u8> {
    codes.iter().zip(differences).map(|(code, d)| finish.code(*code, *d) as u8).collect()
}

struct PackedPixels<'a> {
    lattice: &'a Lattice,
    packed: Packed,
    finish: Finish,
    rest: usize,
    pixels: Vec<u8>,
    want: Vec<u8>,
}

impl Check for PackedPixels<'_> {
    fn check<W: Lanes, const GATHER: bool>(&mut self, words: W, name: &str) {
        let Self { lattice, packed, finish, .. } = self;
        let sampler = PackedSampler::<W, GATHER>::new(words, lattice, packed, finish);
        // The last pixel may lack the bytes after its last component.
        let rest = self.rest;
        for length in [4, 8, 31 * 4, 33 * 4, 100 * 4 - rest, 4 * BLOCK] {
            let mut got = self.pixels[..length].to_vec();
            sampler.apply(&mut got, &mut true);
            assert_eq!(got, self.want[..length], "{name}, {length} bytes");
        }
    }
}

#[test]
fn packed_pixels_are_the_same_in_every_form() {
    for space in [CodeSpace::full_rgb(8), limited(8)] {
        let lattice = noise_lattice(&space, 33);
        let codes = [4, 5, 6].map(|seed| noise(seed, 255));
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 3], [3, 2, 1]] {
            let layout = Layout {
                components: order.map(|offset| Component::byte(0, offset, 4)),
                planes: 1,
                sub_x: 0,
                sub_y: 0,
                is_cosited_x: false,
                is_cosited_y: false,
                is_interlaced: false,
                unpaired_group: None,
            };
            for mix in [1.0, 0.3, 0.0] {
                let finish = Finish::new(8, mix);
                let mut differences = [[0; BLOCK]; 3];
                let gold = Gold(&lattice, Interpolation::Tetrahedral);
                gold.differences(BLOCK, codes.each_ref(), &mut differences);
                let mut pixels = vec![0x5a; 4 * BLOCK];
                let mut want = pixels.clone();
                for (c, offset) in order.into_iter().enumerate() {
                    let new = finished(&finish, &codes[c], &differences[c]);
                    for i in 0..BLOCK {
                        pixels[4 * i + offset] = codes[c][i] as u8;
                        want[4 * i + offset] = new[i];
                    }
                }
                let packed = Packed::of(&layout).expect("pixels of four bytes");
                let lattice = &lattice;
                let rest = if order.contains(&3) { 0 } else { 1 };
                in_every_form(&mut PackedPixels { lattice, packed, finish, rest, pixels, want });
            }
        }
    }
}

struct Shared<'a> {
    lattice: &'a Lattice,
    weights: Weights,
    finish: Finish,
    luma: Vec<Codes>,
    chroma: [Codes; 2],
    want_luma: Vec<Vec<u8>>,
    want_chroma: [Vec<u8>; 2],
    want_shared: SharedDifferences,
}

impl Shared<'_> {
    fn bytes(codes: &[u16]) -> Vec<u8> {
        codes.iter().map(|code| *code as u8).collect()
    }

    fn pairs(first: &[u8], second: &[u8]) -> Vec<u8> {
        first.iter().zip(second).flat_map(|(a, b)| [*a, *b]).collect()
    }
}

impl Check for Shared<'_> {
    fn check<W: Lanes, const GATHER: bool>(&mut self, words: W, name: &str) {
        if GATHER {
            return;
        }
        let sampler = prism(words, self.lattice);
        let mut out = vec![[0; BLOCK]; self.luma.len()];
        let mut got = SharedDifferences::new();
        sampler.shared_chroma(&self.weights, BLOCK, &self.luma, &self.chroma, &mut out, &mut got);
        assert_eq!(got, self.want_shared, "{name}: chroma, {:?}", self.weights);

        let [cb, cr] = self.chroma.each_ref().map(|codes| Self::bytes(&codes[..BLOCK / 2]));
        let [want_cb, want_cr] = &self.want_chroma;
        // Whole registers; `tests/formats.rs` has frames with a rest.
        for length in [BLOCK, 3 * W::COUNT, W::COUNT, 0] {
            let rows = || self.luma.iter().map(|row| Self::bytes(&row[..length]));
            let check_rows = |rows: &[Vec<u8>], what: &str| {
                for (got, want) in rows.iter().zip(&self.want_luma) {
                    assert_eq!(*got, want[..length], "{name}: luma, {what}, {length}");
                }
            };
            let half = length / 2;
            let mut luma: Vec<_> = rows().collect();
            let mut planes = [cb.clone(), cr.clone()];
            let chroma = Chroma::Planar(planes.each_mut().map(|plane| &mut plane[..half]));
            change(&sampler, &mut luma, chroma, &self.weights, &self.finish);
            check_rows(&luma, "planar");
            for (got, [want, before]) in planes.iter().zip([[want_cb, &cb], [want_cr, &cr]]) {
                assert_eq!(got[..half], want[..half], "{name}: planar");
                assert_eq!(got[half..], before[half..], "{name}: planar, beyond");
            }
            for cr_first in [false, true] {
                let ordered = |cb: &[u8], cr: &[u8]| match cr_first {
                    true => Self::pairs(cr, cb),
                    false => Self::pairs(cb, cr),
                };
                let (before, want) = (ordered(&cb, &cr), ordered(want_cb, want_cr));
                let mut pairs = before.clone();
                let chroma = Chroma::Interleaved { pairs: &mut pairs[..length], cr_first };
                let mut luma: Vec<_> = rows().collect();
                change(&sampler, &mut luma, chroma, &self.weights, &self.finish);
                check_rows(&luma, "pairs");
                assert_eq!(pairs[..length], want[..length], "{name}: pairs");
                assert_eq!(pairs[length..], before[length..], "{name}: pairs, beyond");
            }
        }
    }
}

/// Rows of luma and their chroma in place.
fn change<W: Lanes>(
    sampler: &Prism<'_, W>,
    luma: &mut [Vec<u8>],
    chroma: Chroma<'_>,
    weights: &Weights,
    finish: &Finish,
) {
    let samples = Bytes::new(sampler.words, finish);
    let luma = match luma {
        [one] => [&mut one[..], &mut []],
        [one, two] => [&mut one[..], &mut two[..]],
        _ => unreachable!("one or two rows"),
    };
    sampler.through_planes(samples, luma, chroma, weights, &mut true);
}

#[test]
fn shared_chroma_is_the_same_in_every_form() {
    // Sums of the second's differences are as large as they can be; in the third blocks are near and far.
    for lattice in [
        noise_lattice(&limited(8), 33),
        extreme_lattice(&limited(8), 33),
        noise_lattice(&full_ycbcr(), 17),
        noise_lattice(&limited(8), 65),
    ] {
        for rows in [1, 2] {
            check_shared_chroma(&lattice, rows);
        }
    }
}

fn check_shared_chroma(lattice: &Lattice, rows: usize) {
    let gold = Gold(lattice, Interpolation::Prism);
    for (mix, site) in [1.0, 0.4].into_iter().flat_map(|mix| SITES.map(|site| (mix, site))) {
        let finish = Finish::new(8, mix);
        let weights = Weights::new(&shared_bytes(site), 0, rows);
        let mut luma: Vec<Codes> = (0..rows).map(|row| noise(7 + row as u32, 255)).collect();
        // Registers whose blocks are near, with all distances of nodes that are.
        for (row, luma) in luma.iter_mut().enumerate() {
            for (i, code) in luma.iter_mut().enumerate().skip(BLOCK / 2) {
                *code = (7 * (i / 8) as u16 + *code % 22 + row as u16) % 256;
            }
        }
        let chroma = [noise(17, 255), noise(18, 255)];
        let mut differences = vec![[0; BLOCK]; luma.len()];
        let mut want_shared = SharedDifferences::new();
        let want = &mut want_shared;
        gold.shared_chroma(&weights, BLOCK, &luma, &chroma, &mut differences, want);
        let want_chroma = [0, 1].map(|c| {
            let each = chroma[c].iter().zip(want_shared.pairs.as_chunks::<2>().0);
            each.map(|(code, pair)| finish.code(*code, pair[c]) as u8).collect()
        });
        let want_luma =
            luma.iter().zip(&differences).map(|(l, d)| finished(&finish, l, d)).collect();
        in_every_form(&mut Shared {
            lattice,
            weights,
            finish,
            luma,
            chroma,
            want_luma,
            want_chroma,
            want_shared,
        });
    }
}

struct DeepPlanes<'a> {
    lattice: &'a Lattice,
    finish: Finish,
    shift: u32,
    /// A row of luma, and one of chroma.
    codes: [Codes; 3],
}

impl DeepPlanes<'_> {
    /// Samples with bits below and above the code that are to stay as they are.
    fn samples(&self, codes: &[u16]) -> Vec<u8> {
        let above = 0x25u32 << (16 - self.finish.max_code().leading_zeros() + self.shift);
        let rest = 0x15 & ((1 << self.shift) - 1) | above as u16;
        codes.iter().flat_map(|code| (code << self.shift | rest).to_le_bytes()).collect()
    }
}

impl Check for DeepPlanes<'_> {
    fn check<W: Lanes, const GATHER: bool>(&mut self, words: W, name: &str) {
        let [luma, chroma @ ..] = &self.codes;
        let weights = Weights::new(&shared_bytes([true, false]), 0, 1);
        let gold = Gold(self.lattice, Interpolation::Prism);
        let mut out = [[0; BLOCK]];
        let mut shared = SharedDifferences::new();
        gold.shared_chroma(&weights, BLOCK, &[*luma], chroma, &mut out, &mut shared);
        let finished = |codes: &[u16], difference: &dyn Fn(usize) -> i16| {
            let each = codes.iter().enumerate();
            let new: Vec<u16> =
                each.map(|(i, code)| self.finish.code(*code, difference(i))).collect();
            self.samples(&new)
        };
        let want_luma = finished(luma, &|i| out[0][i]);
        let half = [&chroma[0][..BLOCK / 2], &chroma[1][..BLOCK / 2]];
        let want = [0, 1].map(|c| finished(half[c], &|i| shared.pairs[2 * i + c]));

        let sampler = prism(words, self.lattice);
        let samples = DeepSamples::new(words, &self.finish, self.shift);
        let mut got_luma = self.samples(luma);
        let mut got = half.map(|codes| self.samples(codes));
        let planes = Chroma::Planar(got.each_mut().map(|plane| &mut plane[..]));
        sampler.through_planes(samples, [&mut got_luma, &mut []], planes, &weights, &mut true);
        assert!(got_luma == want_luma && got == want, "{name}: planar");

        let together = |planes: &[Vec<u8>; 2]| -> Vec<u8> {
            let [cb, cr] = planes.each_ref().map(|plane| plane.as_chunks::<2>().0);
            cb.iter().zip(cr).flat_map(|(cb, cr)| [cb[0], cb[1], cr[0], cr[1]]).collect()
        };
        let mut got_luma = self.samples(luma);
        let mut pairs = together(&half.map(|codes| self.samples(codes)));
        let chroma = Chroma::Interleaved { pairs: &mut pairs, cr_first: false };
        sampler.through_planes(samples, [&mut got_luma, &mut []], chroma, &weights, &mut true);
        assert!(got_luma == want_luma && pairs == together(&want), "{name}: pairs");
    }
}

#[test]
fn deep_planes_are_the_same_in_every_form() {
    for (depth, shift) in [(10, 6), (10, 0), (12, 4)] {
        let space = limited(depth);
        let codes = [21, 22, 23].map(|seed| noise(seed, space.max_code()));
        for mix in [1.0, 0.6] {
            let (lattice, finish) = (noise_lattice(&space, 33), Finish::new(depth, mix));
            in_every_form(&mut DeepPlanes { lattice: &lattice, finish, shift, codes });
        }
    }
}

/// Whether chroma is cosited with the first of its columns, and with the first of its rows.
const SITES: [[bool; 2]; 4] = [[false, false], [true, false], [false, true], [true, true]];

/// Planes of bytes where two columns and two rows share each sample of chroma.
fn shared_bytes([is_cosited_x, is_cosited_y]: [bool; 2]) -> Layout {
    Layout {
        components: [0, 1, 2].map(|plane| Component::byte(plane, 0, 1)),
        planes: 3,
        sub_x: 1,
        sub_y: 1,
        is_cosited_x,
        is_cosited_y,
        is_interlaced: false,
        unpaired_group: None,
    }
}

struct Quiet<'a> {
    lattice: &'a Lattice,
    blocks: Vec<[Codes; 3]>,
}

impl Check for Quiet<'_> {
    fn check<W: Lanes, const GATHER: bool>(&mut self, words: W, name: &str) {
        let finish = Finish::new(8, 1.0);
        let gold = Gold(self.lattice, Interpolation::Tetrahedral);
        let (mut pixels, mut want) = (Vec::new(), Vec::new());
        let mut touched = 0;
        for codes in &self.blocks {
            let mut differences = [[0; BLOCK]; 3];
            gold.differences(BLOCK, codes.each_ref(), &mut differences);
            let new = [0, 1, 2].map(|c| finished(&finish, &codes[c], &differences[c]));
            touched += usize::from(differences != [[0; BLOCK]; 3]);
            for i in 0..BLOCK {
                pixels.extend(codes.each_ref().map(|codes| codes[i] as u8));
                pixels.push(9);
                want.extend(new.each_ref().map(|new| new[i]));
                want.push(9);
            }
        }
        assert!(touched > 2 && touched < self.blocks.len(), "{touched}");
        let layout = Layout {
            components: [0, 1, 2].map(|offset| Component::byte(0, offset, 4)),
            planes: 1,
            sub_x: 0,
            sub_y: 0,
            is_cosited_x: false,
            is_cosited_y: false,
            is_interlaced: false,
            unpaired_group: None,
        };
        let packed = Packed::of(&layout).expect("pixels of four bytes");
        let sampler = PackedSampler::<W, GATHER>::new(words, self.lattice, &packed, &finish);
        sampler.apply(&mut pixels, &mut true);
        assert!(pixels == want, "{name}: packed");

        // The same colours as planes, chroma as it is for the first of two columns.
        if GATHER {
            return;
        }
        let sampler = prism(words, self.lattice);
        for site in SITES {
            self.check_planes(&sampler, &Weights::new(&shared_bytes(site), 0, 1), name);
        }
    }
}

impl Quiet<'_> {
    fn check_planes<W: Lanes>(&self, sampler: &Prism<'_, W>, weights: &Weights, name: &str) {
        let finish = Finish::new(8, 1.0);
        let gold = Gold(self.lattice, Interpolation::Prism);
        let (mut luma, mut chroma) = (Vec::new(), [Vec::new(), Vec::new()]);
        let (mut want_luma, mut want_chroma) = (Vec::new(), [Vec::new(), Vec::new()]);
        let [first, second] = weights.of_row(0);
        let mut before = None;
        for [y, cb, cr] in &self.blocks {
            let codes: [Codes; 2] = [cb, cr].map(|codes| std::array::from_fn(|i| codes[i / 2 * 2]));
            let mut differences = [[0; BLOCK]; 3];
            gold.differences(BLOCK, [y, &codes[0], &codes[1]], &mut differences);
            luma.extend(Shared::bytes(y));
            want_luma.extend(finished(&finish, y, &differences[0]));
            for i in (0..BLOCK).step_by(2) {
                let of = |i: usize, weight| [1, 2].map(|c| weigh(differences[c][i], weight));
                let (one, two) = (of(i, first), of(i + 1, second));
                let last = match weights.reach_back() {
                    true => before.unwrap_or(one.map(|sum| weigh(sum, HALF))),
                    false => [0; 2],
                };
                for c in 0..2 {
                    let code = codes[c][i];
                    chroma[c].push(code as u8);
                    want_chroma[c].push(finish.code(code, one[c] + two[c] + last[c]) as u8);
                }
                before = Some(two);
            }
        }
        let planes = Chroma::Planar(chroma.each_mut().map(|plane| &mut plane[..]));
        let mut rows = [luma];
        change(sampler, &mut rows, planes, weights, &finish);
        let [luma] = rows;
        assert!(luma == want_luma && chroma == want_chroma, "{name}: planar, {weights:?}");
    }
}

#[test]
fn only_blocks_without_any_difference_are_left_out() {
    // Nodes are 7.97 codes apart: this one is at 31.9, 55.8, 239.1.
    let lattice = lonely_lattice(&full_ycbcr(), 33, [4, 7, 30]);
    let flat = |colour: [u16; 3]| colour.map(|code| [code; BLOCK]);
    let mut blocks = Vec::new();
    for colour in [[200, 10, 10], [32, 56, 239], [24, 56, 239], [23, 56, 239], [39, 63, 247]] {
        blocks.push(flat(colour));
        blocks.push(flat([90, 90, 90]));
    }
    // One colour among others that touch nothing.
    for at in [0, 31, 100, 255] {
        let mut block = flat([31, 56, 220]);
        block[2][at] = 238;
        blocks.push(block);
        blocks.push(flat([0, 255, 0]));
    }
    in_every_form(&mut Quiet { lattice: &lattice, blocks });
}
