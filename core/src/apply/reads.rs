//! How entries are read: measured, not guessed from a CPU's name.

use std::sync::OnceLock;
use std::time::Duration;

use super::BLOCK;
use super::evaluator::{Codes, Source};
use super::tetrahedral::Sampler;
use super::words::{Words, with_words};
use crate::color::codes::CodeSpace;
use crate::lut::Lattice;
use crate::workers::{Level, Stopwatch, simd_level};

/// How a register of entries is filled. Both give the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// With gather instructions, where there are any.
    Gather,
    /// With a load for each entry.
    Loads,
}

impl Reads {
    /// Both ways.
    pub const ALL: [Self; 2] = [Self::Gather, Self::Loads];

    /// The faster way at the process's SIMD level, measured by the first who asks, in less than a
    /// millisecond; loads, where there is no clock.
    pub fn fastest() -> Self {
        static FASTEST: OnceLock<Reads> = OnceLock::new();
        *FASTEST.get_or_init(|| match cfg!(feature = "clock") {
            true => Self::measure(simd_level()),
            false => Self::Loads,
        })
    }

    /// Times both ways on colours that are all over a lattice of a common size.
    fn measure(level: Level) -> Self {
        const ROUNDS: usize = 12;
        let lattice = Lattice::zeros(&CodeSpace::full_rgb(8), 33);
        let codes: [Codes; 3] = [1u16, 7, 59]
            .map(|factor| std::array::from_fn(|i| (i as u16).wrapping_mul(factor) & 0xff));
        let mut best = [Duration::MAX; 2];
        // In turn, and the first round is for the caches.
        for round in 0..ROUNDS {
            for (best, reads) in best.iter_mut().zip(Self::ALL) {
                let start = Stopwatch::start();
                with_words!(level, words => match reads {
                    Self::Gather if words.has_gather() => {
                        sample(&Sampler::<_, true>::new(words, &lattice), &codes);
                    }
                    _ => sample(&Sampler::<_, false>::new(words, &lattice), &codes),
                }, else ());
                if round > 0 {
                    *best = start.elapsed().min(*best);
                }
            }
        }
        if best[0] <= best[1] { Self::Gather } else { Self::Loads }
    }
}

/// By the code that frames go through, which is large: none of it is compiled a second time for this.
fn sample(source: &dyn Source, [x, y, z]: &[Codes; 3]) {
    let source = std::hint::black_box(source);
    let mut out = [[0; BLOCK]; 3];
    for _ in 0..8 {
        source.differences(BLOCK, [x, y, z], &mut out);
        std::hint::black_box(&mut out);
    }
}
