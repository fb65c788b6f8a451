//! Times of framehash-core: hashes of a frame of 1920x1080 on one thread, and searches on all cores.
//!
//! `cargo bench --bench framehash` prints them as Markdown.

use std::time::{Duration, Instant};

use framehash_core::search::{Bits, Search, lookup, pairs};
use framehash_core::{Compat, Hasher, Kind, Kinds, Level, Pdq, Plane};

const SIZE: [usize; 2] = [1920, 1080];
const REPEATS: usize = 31;

/// The photograph's luma, stretched over a frame.
fn frame() -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/photos/astronaut.png");
    let photo = image::open(path).expect("the photograph").to_luma8();
    let [width, height] = SIZE.map(|n| n as u32);
    let filter = image::imageops::FilterType::Triangle;
    image::imageops::resize(&photo, width, height, filter).into_raw()
}

fn least(repeats: usize, mut work: impl FnMut()) -> Duration {
    let time = |_| {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    (0..repeats).map(time).min().unwrap_or_default()
}

fn row(what: &str, time: Duration, floor: &str, aim: &str) {
    println!("| {what} | {:.2} ms | {floor} | {aim} |", time.as_secs_f64() * 1e3);
}

/// Evenly spread hashes, one in twenty of them near another.
fn spread(count: usize) -> Vec<u64> {
    let mut state = 88_172_645_463_325_252u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    };
    let mut all: Vec<u64> = (0..count).map(|_| next()).collect();
    for i in 0..count / 20 {
        let near = (0..next() % 12).fold(all[i], |hash, _| hash ^ 1 << (next() % 64));
        all[count - 1 - i] = near;
    }
    all
}

fn search<B: Bits>(what: &str, all: &[B], distance: u32, floor: &str, aim: &str) {
    let mut found = 0;
    let time = least(3, || {
        let pairs = pairs(all, &Search::new(distance), &mut |_| true);
        found = pairs.pairs.len() as u64 + pairs.left_out;
    });
    row(&format!("{what} within {distance}: {found} pairs"), time, floor, aim);
}

fn main() {
    // `cargo test --all-targets` starts benches too, without this argument.
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("nothing is measured without --bench");
        return;
    }
    println!("| what | time | floor | aim |");
    println!("|---|---|---|---|");
    let luma = frame();
    let picture = Plane::new(&luma, SIZE, SIZE[0]).expect("a frame");
    let mut hasher = Hasher::new(Compat::default());
    for (what, kinds, floor, aim) in [
        ("dhash", vec![Kind::Dhash], "0.4 ms", "0.2 ms"),
        ("ahash", vec![Kind::Ahash], "", ""),
        ("phash", vec![Kind::Phash], "", ""),
        ("dhash, ahash and phash", vec![Kind::Dhash, Kind::Ahash, Kind::Phash], "1.3 ms", "0.6 ms"),
        ("whash", vec![Kind::Whash], "10 ms", "3 ms"),
        ("pdq", vec![Kind::Pdq], "12 ms", "4 ms"),
    ] {
        let kinds: Kinds = kinds.into_iter().collect();
        let time = least(REPEATS, || {
            std::hint::black_box(hasher.hash(&picture, kinds));
        });
        row(&format!("{what} of {}x{}", SIZE[0], SIZE[1]), time, floor, aim);
    }
    search("10,000 hashes", &spread(10_000), 10, "50 ms", "5 ms");
    let million = spread(1_000_000);
    search("1,000,000 hashes", &million, 5, "3000 ms", "1000 ms");
    search("1,000,000 hashes", &million, 10, "3000 ms", "1000 ms");
    search("1,000,000 equal hashes", &vec![million[0]; million.len()], 10, "", "");
    let words = spread(4_000_000);
    let pdq: Vec<Pdq> = words.as_chunks().0.iter().map(|words: &[u64; 4]| Pdq(*words)).collect();
    search("1,000,000 hashes of PDQ", &pdq, 31, "10000 ms", "3000 ms");
    let time = least(REPEATS, || {
        std::hint::black_box(lookup(&million, million[5], 8, Level::new()));
    });
    row("lookup of a hash among 1,000,000", time, "", "");
}
