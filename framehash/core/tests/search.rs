//! Every way to search gives the same pairs.

use framehash_core::search::{
    Bits, Pair, Pairs, Search, Way, chance_pairs, clusters, lookup, pairs,
};
use framehash_core::{Level, Pdq};

/// xorshift64*.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

/// A hash of 64 bits as one of either kind.
trait Hash: Bits + std::fmt::Debug {
    fn random(random: &mut Random) -> Self;
    fn flip(&mut self, bit: u64);
    fn of(word: u64) -> Self;
}

impl Hash for u64 {
    fn random(random: &mut Random) -> Self {
        random.next()
    }
    fn flip(&mut self, bit: u64) {
        *self ^= 1 << (bit % 64);
    }
    fn of(word: u64) -> Self {
        word
    }
}

impl Hash for Pdq {
    fn random(random: &mut Random) -> Self {
        Self([0; 4].map(|_: u64| random.next()))
    }
    fn flip(&mut self, bit: u64) {
        self.0[bit as usize / 64 % 4] ^= 1 << (bit % 64);
    }
    fn of(word: u64) -> Self {
        Self([word, !word, word.rotate_left(9), word ^ 0x5555])
    }
}

/// Sets of some hashes: evenly spread ones with neighbours of some, nearly all alike, all equal, of few bits, and such
/// that lie at one distance in each part.
fn sets<H: Hash>(seed: u64, count: usize) -> Vec<(&'static str, Vec<H>)> {
    let mut random = Random(seed);
    let mut spread: Vec<H> = (0..count).map(|_| H::random(&mut random)).collect();
    for i in 0..count / 3 {
        spread[count - 1 - i] = spread[i];
        for _ in 0..random.below(40) {
            let bit = random.next();
            spread[count - 1 - i].flip(bit);
        }
    }
    let alike = (0..count).map(|_| {
        let mut hash = H::of(0xdead_beef_0123_4567);
        for _ in 0..random.below(7) {
            let bit = random.next();
            hash.flip(bit);
        }
        hash
    });
    let alike = alike.collect();
    let few = (0..count).map(|_| H::of(1 << random.below(64) | 1 << random.below(8))).collect();
    let apart = (0..count).map(|i| {
        let mut hash = H::of(0x0f0f_3c3c_5555_9696);
        (0..i % 64).for_each(|bit| hash.flip(bit as u64 * 13));
        hash
    });
    let apart = apart.collect();
    let equal = vec![H::of(77); count];
    vec![("spread", spread), ("alike", alike), ("few", few), ("apart", apart), ("equal", equal)]
}

/// Each compared with each.
fn naive<H: Hash>(all: &[H], distance: u32) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for (a, one) in all.iter().enumerate() {
        for (b, other) in all.iter().enumerate().skip(a + 1) {
            let between = one.distance(other);
            if between <= distance {
                pairs.push(Pair { a: a as u32, b: b as u32, distance: between });
            }
        }
    }
    pairs
}

fn levels() -> [Level; 2] {
    [Level::new(), Level::baseline()]
}

fn check<H: Hash>(distances: &[u32], parts: &[u32]) {
    for seed in [1, 2] {
        for (name, all) in sets::<H>(seed, 150) {
            for distance in distances {
                let want = naive(&all, *distance);
                let ways = [None, Some(Way::BruteForce)].into_iter();
                for way in ways.chain(parts.iter().map(|count| Some(Way::Buckets(*count)))) {
                    for level in levels() {
                        let search = Search { way, level, least_ones: 0, ..Search::new(*distance) };
                        let found = pairs(&all, &search, &mut |_| true);
                        let is_same = found.pairs == want;
                        assert!(is_same, "{name} of seed {seed}, {way:?}, within {distance}");
                        assert!(found.left_out == 0 && found.flat.is_empty() && !found.is_cut);
                    }
                }
            }
        }
    }
}

#[test]
fn every_way_finds_the_same_pairs_of_64_bits() {
    check::<u64>(&[0, 1, 5, 10, 12], &[5, 6, 9, 16]);
}

#[test]
fn every_way_finds_the_same_pairs_of_256_bits() {
    check::<Pdq>(&[0, 15, 16, 31, 32], &[16, 28]);
}

#[test]
fn the_order_of_hashes_does_not_matter() {
    let (_, all) = sets::<u64>(5, 300).remove(0);
    let turned: Vec<u64> = all.iter().rev().copied().collect();
    let last = all.len() as u32 - 1;
    let of = |all: &[u64]| pairs(all, &Search::new(9), &mut |_| true).pairs;
    let mut back: Vec<Pair> = of(&turned)
        .iter()
        .map(|pair| Pair { a: last - pair.b, b: last - pair.a, ..*pair })
        .collect();
    back.sort_unstable();
    assert_eq!(of(&all), back);
}

#[test]
fn what_is_left_out_is_counted() {
    let (_, all) = sets::<u64>(5, 300).remove(1);
    let whole = naive(&all, 8).len();
    for most_pairs in [0, 1, 100, whole - 1, whole, whole + 1] {
        let search = Search { most_pairs, ..Search::new(8) };
        let found = pairs(&all, &search, &mut |_| true);
        assert_eq!(found.pairs.len(), whole.min(most_pairs));
        assert_eq!(found.left_out as usize, whole - whole.min(most_pairs));
    }
    let many = pairs(&vec![5u64; 300_000], &Search::new(4), &mut |_| true);
    assert_eq!(many.pairs.len() as u64 + many.left_out, 300_000 * 299_999 / 2);
}

#[test]
fn flat_hashes_are_set_apart() {
    let all = [0u64, 5, u64::MAX, 7, 0, 1, !8];
    let found = pairs(&all, &Search { least_ones: 2, ..Search::new(1) }, &mut |_| true);
    assert_eq!(found.flat, [0, 2, 4, 5, 6]);
    assert_eq!(found.pairs, [Pair { a: 1, b: 3, distance: 1 }]);
    assert_eq!(pairs::<u64>(&[], &Search::new(3), &mut |_| true), Pairs::default());
}

#[test]
fn clusters_are_what_pairs_connect() {
    let all = [0b0011u64, 0xff00, 0b0111, 0xff01, 0b1111, 0b0011, 0xf0_0000];
    let found = clusters(&all, &Search::new(1), &mut |_| true);
    assert_eq!(found, Some(vec![vec![0, 2, 4, 5], vec![1, 3]]));
    assert_eq!(clusters(&all, &Search::new(1), &mut |_| false), None);
    let found = pairs(&all, &Search::new(1), &mut |_| false);
    assert!(found.is_cut);
}

#[test]
fn lookups_give_the_nearest_first() {
    let all = [0b1000u64, 0b0001, 0b0011, 0b0111, !0];
    for level in levels() {
        assert_eq!(lookup(&all, 0b0011, 1, level), [(2, 0), (1, 1), (3, 1)]);
        assert_eq!(lookup(&all, 0, 0, level), []);
    }
}

#[test]
fn chance_is_near_what_there_is() {
    let mut random = Random(9);
    // Sixteen bits: a pair in about 3,855 differs in none or one of them.
    let all: Vec<u64> = (0..3000).map(|_| random.below(1 << 16)).collect();
    let real = naive(&all, 1).len() as f64;
    let chance = chance_pairs(&all, 1);
    // About 272 random pairs of 2^20 are near: 4 standard deviations are a quarter.
    assert!(!chance.is_bound && (chance.pairs / real - 1.0).abs() < 0.25, "{chance:?}, {real}");
    assert!(chance_pairs(&[1u64 << 40, 3], 0).is_bound);
}
