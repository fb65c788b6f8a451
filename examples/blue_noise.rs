//! Makes `core/src/apply/blue_noise.raw`, the matrix of `dither=blue-noise`: 64 rows of 64 thresholds from 0
//! to 255, each 16 times, spread so that no low frequency is in them.
//!
//! ```text
//! cargo run --release --example blue_noise core/src/apply/blue_noise.raw
//! ```
//!
//! The method is void-and-cluster (Robert Ulichney, "The void-and-cluster method for dither array
//! generation", 1993): a few points are moved until they are spread evenly, then places are numbered,
//! downwards by taking the point of the tightest cluster away, upwards by filling the largest void.

use std::process::ExitCode;

const EDGE: usize = 64;
const PLACES: usize = EDGE * EDGE;
/// Standard deviation of what counts as near, in places; the paper's.
const NEAR: f32 = 1.5;

/// Points on a torus, and how crowded each place is.
struct Points {
    is_set: Vec<bool>,
    crowd: Vec<f32>,
    /// What a point at the origin adds to each place.
    weight: Vec<f32>,
}

impl Points {
    fn new() -> Self {
        let distance = |i: usize| i.min(EDGE - i) as f32;
        let weight = |i: usize| {
            let (x, y) = (distance(i % EDGE), distance(i / EDGE));
            (-(x * x + y * y) / (2.0 * NEAR * NEAR)).exp()
        };
        Self {
            is_set: vec![false; PLACES],
            crowd: vec![0.0; PLACES],
            weight: (0..PLACES).map(weight).collect(),
        }
    }

    fn set(&mut self, place: usize, is_set: bool) {
        self.is_set[place] = is_set;
        let sign = if is_set { 1.0 } else { -1.0 };
        for (i, crowd) in self.crowd.iter_mut().enumerate() {
            let x = (i % EDGE + EDGE - place % EDGE) % EDGE;
            let y = (i / EDGE + EDGE - place / EDGE) % EDGE;
            *crowd += sign * self.weight[y * EDGE + x];
        }
    }

    /// The point in the tightest cluster.
    fn cluster(&self) -> usize {
        let points = (0..PLACES).filter(|i| self.is_set[*i]);
        points.max_by(|a, b| self.crowd[*a].total_cmp(&self.crowd[*b])).expect("a point")
    }

    /// The place in the largest void.
    fn void(&self) -> usize {
        let places = (0..PLACES).filter(|i| !self.is_set[*i]);
        places.min_by(|a, b| self.crowd[*a].total_cmp(&self.crowd[*b])).expect("a free place")
    }
}

/// The thresholds, row by row.
fn matrix() -> Vec<u8> {
    let mut points = Points::new();
    let mut state = 1u32;
    let few = PLACES / 10;
    while points.is_set.iter().filter(|is_set| **is_set).count() < few {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let place = (state >> 8) as usize % PLACES;
        if !points.is_set[place] {
            points.set(place, true);
        }
    }
    loop {
        let cluster = points.cluster();
        points.set(cluster, false);
        let void = points.void();
        points.set(void, true);
        if void == cluster {
            break;
        }
    }

    let mut ranks = vec![0; PLACES];
    let evenly_spread = points.is_set.clone();
    for rank in (0..few).rev() {
        let place = points.cluster();
        points.set(place, false);
        ranks[place] = rank;
    }
    for place in (0..PLACES).filter(|i| evenly_spread[*i]) {
        points.set(place, true);
    }
    for rank in few..PLACES {
        let place = points.void();
        points.set(place, true);
        ranks[place] = rank;
    }
    ranks.into_iter().map(|rank| (rank * 256 / PLACES) as u8).collect()
}

fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1) else {
        eprintln!("the file to write is missing, such as core/src/apply/blue_noise.raw");
        return ExitCode::FAILURE;
    };
    match std::fs::write(&path, matrix()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", path.display());
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each threshold 16 times, and of 2x2 places the average is nearer to the middle than chance has
    /// it: what blue noise is for.
    #[test]
    fn the_file_is_evenly_spread_at_every_scale() {
        let file = include_bytes!("../core/src/apply/blue_noise.raw");
        assert_eq!(file.len(), PLACES);
        for threshold in 0..=255 {
            assert_eq!(file.iter().filter(|t| **t == threshold).count(), PLACES / 256);
        }
        let at = |x: usize, y: usize| f64::from(file[y % EDGE * EDGE + x % EDGE]) - 127.5;
        for edge in [2, 4] {
            let block = |i: usize| {
                let each = (0..edge * edge).map(|j| at(i % EDGE + j % edge, i / EDGE + j / edge));
                each.sum::<f64>() / (edge * edge) as f64
            };
            let variance = (0..PLACES).map(|i| block(i).powi(2)).sum::<f64>() / PLACES as f64;
            // White noise would have (256^2 - 1) / 12 over the number of places.
            let white = 65_535.0 / 12.0 / (edge * edge) as f64;
            assert!(variance < 0.5 * white, "{edge}: {variance}, white noise {white}");
        }
    }
}
