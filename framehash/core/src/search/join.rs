//! Pairs of distinct hashes.
//!
//! Either every hash is compared with every other, or only those are that share a part but for a few bits: if hashes
//! that are cut into m parts differ in at most t = m r + a bits, then they differ in at most r bits in one of the first
//! a + 1 parts, or in at most r - 1 in one of the others (the refined pigeonhole principle of Norouzi, Punjani and
//! Fleet, "Fast exact search in Hamming space with multi-index hashing", 2014). For each part hashes are sorted by it
//! into buckets, and buckets are compared with those that are so near. A pair counts for the first part that finds it.

use rayon::prelude::*;

use super::bits::Bits;
use super::kernel::near;
use super::{Pair, Search};
use crate::level::Level;

/// How distinct hashes are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Each with every other.
    BruteForce,
    /// By buckets, of so many parts.
    Buckets(u32),
}

/// Hashes that are compared with others in one go.
const BLOCK: usize = 2048;
/// Pieces of work for each part.
const PIECES: usize = 256;
/// Most bits of a part: there is a bucket for each of their values.
const WIDEST: u32 = 22;

/// A part of a hash, and how many of its bits may differ.
#[derive(Clone, Copy, Debug)]
struct Part {
    word: usize,
    shift: u32,
    width: u32,
    radius: u32,
}

impl Part {
    fn key<B: Bits>(&self, hash: &B) -> usize {
        (hash.word(self.word) >> self.shift) as usize & ((1 << self.width) - 1)
    }

    fn has_near<B: Bits>(&self, a: &B, b: &B) -> bool {
        (self.key(a) ^ self.key(b)).count_ones() <= self.radius
    }

    /// All values that differ from 0 in at most so many bits.
    fn masks(&self) -> Vec<usize> {
        let mut masks = vec![0];
        let mut last = vec![0usize];
        for _ in 0..self.radius {
            // A bit above all that there are, so that no mask comes twice.
            let next = last.iter().flat_map(|mask| {
                let lowest = usize::BITS - mask.leading_zeros();
                (lowest..self.width).map(move |bit| mask | 1 << bit)
            });
            last = next.collect();
            masks.extend(&last);
        }
        masks
    }
}

/// Hashes to be compared.
pub(super) struct Join<'a, B> {
    hashes: &'a [B],
    distance: u32,
    level: Level,
    /// None, where each is compared with every other.
    parts: Vec<Part>,
}

impl<'a, B: Bits> Join<'a, B> {
    pub(super) fn new(hashes: &'a [B], search: &Search) -> Self {
        let parts = match search.way {
            Some(Way::BruteForce) => Vec::new(),
            Some(Way::Buckets(count)) => parts::<B>(count, search.distance),
            None => cheapest::<B>(hashes.len(), search.distance),
        };
        Self { hashes, distance: search.distance, level: search.level, parts }
    }

    /// Calls `found` with each pair once, in an order that does not depend on threads. Gives whether it was not ended.
    pub(super) fn run(
        &self,
        goes_on: &mut dyn FnMut(f64) -> bool,
        found: &mut dyn FnMut(Pair),
    ) -> bool {
        if self.parts.is_empty() {
            let blocks: Vec<&[B]> = self.hashes.chunks(BLOCK).collect();
            return in_pieces(blocks.len(), 0.0..1.0, goes_on, found, |i| self.block(&blocks, i));
        }
        let share = 1.0 / self.parts.len() as f64;
        (0..self.parts.len()).all(|part| {
            let buckets = Buckets::new(self.hashes, self.parts[part]);
            let range = part as f64 * share..(part + 1) as f64 * share;
            in_pieces(PIECES, range, goes_on, found, |piece| self.piece(&buckets, part, piece))
        })
    }

    /// Pairs of a block, and of it and those after it.
    fn block(&self, blocks: &[&[B]], block: usize) -> Vec<Pair> {
        let mut pairs = Vec::new();
        let first = block * BLOCK;
        for (i, other) in blocks[block..].iter().enumerate() {
            let start = (block + i) * BLOCK;
            near(self.level, blocks[block], other, self.distance, &mut |a, b, distance| {
                if i > 0 || a < b {
                    pairs.push(Pair { a: (first + a) as u32, b: (start + b) as u32, distance });
                }
            });
        }
        pairs
    }

    /// Pairs of a piece of a part's buckets, and of them and those near them.
    fn piece(&self, buckets: &Buckets<B>, part: usize, piece: usize) -> Vec<Pair> {
        let mut pairs = Vec::new();
        let count = buckets.starts.len() - 1;
        let before = &self.parts[..part];
        for key in count * piece / PIECES..count * (piece + 1) / PIECES {
            let (hashes, numbers) = buckets.of(key);
            if hashes.is_empty() {
                continue;
            }
            for mask in buckets.masks.iter().filter(|mask| key ^ **mask >= key) {
                let (others, other_numbers) = buckets.of(key ^ mask);
                near(self.level, hashes, others, self.distance, &mut |a, b, distance| {
                    let is_twice = *mask == 0 && a >= b;
                    if !is_twice && !before.iter().any(|part| part.has_near(&hashes[a], &others[b]))
                    {
                        let (a, b) = (numbers[a], other_numbers[b]);
                        pairs.push(Pair { a: a.min(b), b: a.max(b), distance });
                    }
                });
            }
        }
        pairs
    }
}

/// Does pieces of work, some at a time, and hands their pairs on in order.
fn in_pieces(
    pieces: usize,
    share: std::ops::Range<f64>,
    goes_on: &mut dyn FnMut(f64) -> bool,
    found: &mut dyn FnMut(Pair),
    work: impl Fn(usize) -> Vec<Pair> + Sync,
) -> bool {
    let at_once = 4 * rayon::current_num_threads();
    for first in (0..pieces).step_by(at_once) {
        let done = first as f64 / pieces as f64;
        if !goes_on(share.start + done * (share.end - share.start)) {
            return false;
        }
        let wave: Vec<Vec<Pair>> =
            (first..pieces.min(first + at_once)).into_par_iter().map(&work).collect();
        wave.into_iter().flatten().for_each(&mut *found);
    }
    true
}

/// Hashes sorted by a part.
struct Buckets<B> {
    hashes: Vec<B>,
    numbers: Vec<u32>,
    /// Where each bucket begins, and the end of the last.
    starts: Vec<u32>,
    masks: Vec<usize>,
}

impl<B: Bits> Buckets<B> {
    fn new(all: &[B], part: Part) -> Self {
        let mut starts = vec![0u32; (1 << part.width) + 1];
        all.iter().for_each(|hash| starts[part.key(hash) + 1] += 1);
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        let mut next = starts.clone();
        let (mut hashes, mut numbers) = (all.to_vec(), vec![0; all.len()]);
        for (number, hash) in all.iter().enumerate() {
            let at = &mut next[part.key(hash)];
            (hashes[*at as usize], numbers[*at as usize]) = (*hash, number as u32);
            *at += 1;
        }
        Self { hashes, numbers, starts, masks: part.masks() }
    }

    fn of(&self, key: usize) -> (&[B], &[u32]) {
        let range = self.starts[key] as usize..self.starts[key + 1] as usize;
        (&self.hashes[range.clone()], &self.numbers[range])
    }
}

/// So many parts, none of which lies in two words, for a distance. As many to each word, at least one.
fn parts<B: Bits>(count: u32, distance: u32) -> Vec<Part> {
    let words = B::WORDS as u32;
    let per_word = (count / words).clamp(64u32.div_ceil(WIDEST), 64);
    let count = per_word * words;
    let (radius, more) = (distance / count, distance % count);
    let mut parts = Vec::new();
    for word in 0..B::WORDS {
        let mut shift = 0;
        for left in (1..=per_word).rev() {
            let width = (64 - shift) / left;
            // The first ones may differ in a bit more; the others need not be looked at where none may.
            let radius =
                if parts.len() as u32 <= more { Some(radius) } else { radius.checked_sub(1) };
            parts.push(radius.map(|radius| Part { word, shift, width, radius }));
            shift += width;
        }
    }
    parts.into_iter().flatten().collect()
}

/// The parts that take the least comparisons of hashes that are spread evenly, or none where every pair takes less.
fn cheapest<B: Bits>(count: usize, distance: u32) -> Vec<Part> {
    // What a bucket costs that is looked up, in comparisons.
    const BUCKET: f64 = 8.0;
    let count = count as f64;
    let near = |part: &Part| {
        let mut ways = 1.0;
        (1..=part.radius.min(part.width)).fold(1.0, |sum, bits| {
            ways *= f64::from(part.width - bits + 1) / f64::from(bits);
            sum + ways
        })
    };
    let cost = |parts: &[Part]| -> f64 {
        let of = |part: &Part| {
            let buckets = f64::from(part.width).exp2();
            let looked_up = near(part) * buckets.min(count) / 2.0;
            near(part) * count * count / buckets / 2.0
                + BUCKET * (looked_up + buckets)
                + 4.0 * count
        };
        parts.iter().map(of).sum()
    };
    let words = B::WORDS as u32;
    let all = (1..=16).map(|per_word| parts::<B>(per_word * words, distance));
    // Distances so large that most buckets are near each other have too many masks to list.
    let usable = all.filter(|parts| parts.iter().all(|part| near(part) < 1e5));
    let best = usable.min_by(|a, b| cost(a).total_cmp(&cost(b))).unwrap_or_default();
    if cost(&best) < count * count / 2.0 { best } else { Vec::new() }
}
