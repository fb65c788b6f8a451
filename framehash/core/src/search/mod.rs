//! Hashes that are alike: all pairs within a distance, clusters, and what is near one hash. All of it is exact.
//!
//! Equal hashes are put together first, so that a thousand copies of a picture are one hash to be compared. What is
//! flat, that is of hardly any or nearly all ones, is set apart: black, white and even pictures are all alike. The
//! distinct ones are compared by the cheaper of two ways, which [`Way`] has.

mod bits;
mod chance;
mod clusters;
mod join;
mod kernel;

use std::ops::Range;

pub use bits::Bits;
pub use chance::{Chance, chance_pairs};
pub use clusters::clusters;
pub use join::Way;

use crate::level::Level;
use join::Join;

/// Two hashes that are alike, by their numbers in what was searched; the first is the lower one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair {
    /// The number of one.
    pub a: u32,
    /// The number of the other.
    pub b: u32,
    /// Bits that differ.
    pub distance: u32,
}

/// What is searched for.
#[derive(Clone, Copy, Debug)]
pub struct Search {
    /// Most bits that differ.
    pub distance: u32,
    /// Hashes with fewer ones, or fewer zeros, are flat.
    pub least_ones: u32,
    /// Most pairs that are given.
    pub most_pairs: usize,
    /// The way to compare distinct hashes; the cheaper one, where there is none.
    pub way: Option<Way>,
    /// The instructions to use.
    pub level: Level,
}

impl Search {
    /// A search for what differs in at most so many bits: hashes without a one or without a zero are flat, and a
    /// million pairs are given.
    pub fn new(distance: u32) -> Self {
        let most_pairs = 1_000_000;
        Self { distance, least_ones: 1, most_pairs, way: None, level: Level::new() }
    }
}

/// What a search for pairs has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pairs {
    /// The pairs, in order, as many as were asked for at most.
    pub pairs: Vec<Pair>,
    /// How many more there are.
    pub left_out: u64,
    /// The numbers of hashes that are flat, in order; they are in no pair.
    pub flat: Vec<u32>,
    /// Whether the search was ended before it was done.
    pub is_cut: bool,
}

impl Pairs {
    /// Adds pairs of a number and some others.
    fn add(&mut self, most: usize, distance: u32, a: u32, others: &[u32]) {
        let (shown, left_out) = others.split_at(others.len().min(most - self.pairs.len()));
        let pair = |b: &u32| Pair { a: a.min(*b), b: a.max(*b), distance };
        self.pairs.extend(shown.iter().map(pair));
        self.left_out += left_out.len() as u64;
    }
}

/// Distinct hashes, and which of all they stand for.
struct Distinct<B> {
    hashes: Vec<B>,
    /// For each of them, where its numbers are.
    groups: Vec<Range<usize>>,
    /// Numbers of all hashes that are not flat, equal ones beside each other.
    numbers: Vec<u32>,
    flat: Vec<u32>,
}

impl<B: Bits> Distinct<B> {
    fn new(all: &[B], least_ones: u32) -> Self {
        let count = u32::try_from(all.len()).expect("less than 2^32 hashes");
        let is_flat = |number: &u32| {
            let ones = all[*number as usize].ones();
            ones.min(B::BITS - ones) < least_ones
        };
        let (flat, mut numbers): (Vec<u32>, Vec<u32>) = (0..count).partition(is_flat);
        numbers.sort_unstable_by_key(|number| (all[*number as usize], *number));
        let (mut hashes, mut groups) = (Vec::new(), Vec::new());
        let mut start = 0;
        for group in numbers.chunk_by(|a, b| all[*a as usize] == all[*b as usize]) {
            hashes.push(all[group[0] as usize]);
            groups.push(start..start + group.len());
            start += group.len();
        }
        Self { hashes, groups, numbers, flat }
    }

    fn members(&self, group: usize) -> &[u32] {
        &self.numbers[self.groups[group].clone()]
    }
}

/// All pairs of hashes within a distance of each other.
///
/// `goes_on` is told now and then what share is done, from 0 to 1, and ends the search by `false`.
///
/// # Panics
///
/// Panics where there are 2^32 hashes or more.
pub fn pairs<B: Bits>(all: &[B], search: &Search, goes_on: &mut dyn FnMut(f64) -> bool) -> Pairs {
    let distinct = Distinct::new(all, search.least_ones);
    let mut found = Pairs { flat: distinct.flat.clone(), ..Pairs::default() };
    let most = search.most_pairs;
    for group in 0..distinct.groups.len() {
        let members = distinct.members(group);
        for (i, a) in members.iter().enumerate() {
            found.add(most, 0, *a, &members[i + 1..]);
        }
    }
    let join = Join::new(&distinct.hashes, search);
    let is_whole = join.run(goes_on, &mut |pair| {
        for a in distinct.members(pair.a as usize) {
            found.add(most, pair.distance, *a, distinct.members(pair.b as usize));
        }
    });
    found.is_cut = !is_whole;
    found.pairs.sort_unstable();
    found
}

/// Those within a distance of a hash: their numbers and distances, the nearest first.
pub fn lookup<B: Bits>(all: &[B], hash: B, distance: u32, level: Level) -> Vec<(u32, u32)> {
    let mut found = Vec::new();
    kernel::near(level, &[hash], all, distance, &mut |_, b, distance| {
        found.push((b as u32, distance))
    });
    found.sort_unstable_by_key(|(number, distance)| (*distance, *number));
    found
}
