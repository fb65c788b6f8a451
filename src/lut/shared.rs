//! Baked looks, shared within the process: elements with the same look hold one lattice.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::{AUTO_SIZES, ErrorReport, Interpolation, Lattice, Probe, bake};
use crate::color::codes::CodeSpace;
use crate::model::Look;
use crate::model::lanes::ExactKernel;
use crate::workers::{Level, Team};

/// 99.9th percentile of the error, in codes of the stream, at which an automatic size is large enough:
/// then lattice and exact model, both rounded, differ by at most one code.
const GOOD_ENOUGH: f64 = 0.5;

/// All that a lattice depends on.
#[derive(Clone, Debug)]
pub struct Request {
    /// The model's settings.
    pub look: Look,
    /// One radius per attractor.
    pub radii: Vec<f64>,
    /// The stream's codes.
    pub codes: CodeSpace,
    /// Nodes per axis; `None` for the smallest of [`AUTO_SIZES`] that is good enough.
    pub size: Option<usize>,
    /// How the lattice will be sampled.
    pub interpolation: Interpolation,
    /// Most bytes that the lattice may take.
    pub memory_limit: u64,
}

impl Request {
    /// What tells two requests apart: the text of every field, so that no field can be forgotten.
    /// Rust prints floating-point numbers with as many digits as tell them apart.
    fn key(&self) -> String {
        format!("{self:?}")
    }

    /// Sizes to try, in order. None where not even the smallest fits the memory limit.
    fn sizes(&self) -> Vec<usize> {
        let sizes = self.size.map_or(AUTO_SIZES.to_vec(), |size| vec![size]);
        sizes.into_iter().filter(|&size| Lattice::bytes_for(size) <= self.memory_limit).collect()
    }
}

/// A lattice with what is known about it.
#[derive(Debug)]
pub struct Baked {
    /// The lattice; `None` where none fits the memory limit.
    pub lattice: Option<Arc<Lattice>>,
    /// Its error.
    pub report: ErrorReport,
    /// What the bake took, all sizes that were tried included.
    pub bake_time: Duration,
    /// What the exact kernel takes for one colour, in nanoseconds on one thread.
    pub exact_nanoseconds: f64,
}

type Slot = OnceLock<Arc<Baked>>;

/// What is being baked, and what was baked, as long as someone uses it.
type Shared = HashMap<String, (Weak<Slot>, Weak<Baked>)>;

static SHARED: LazyLock<Mutex<Shared>> = LazyLock::new(Mutex::default);

/// The baked form of a request, and whether it was there already. Of several callers with the same
/// request one bakes and the others wait for it.
pub fn prepare(request: &Request, level: Level, team: Team) -> (Arc<Baked>, bool) {
    let key = request.key();
    let lock = || SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    let slot = {
        let mut shared = lock();
        shared.retain(|_, (slot, baked)| slot.strong_count() > 0 || baked.strong_count() > 0);
        let (slot, baked) = shared.entry(key.clone()).or_default();
        if let Some(baked) = baked.upgrade() {
            return (baked, true);
        }
        slot.upgrade().unwrap_or_else(|| {
            let fresh = Arc::new(Slot::new());
            *slot = Arc::downgrade(&fresh);
            fresh
        })
    };
    let mut is_hit = true;
    let baked = slot.get_or_init(|| {
        is_hit = false;
        Arc::new(bake_request(request, level, team))
    });
    if !is_hit && let Some((_, kept)) = lock().get_mut(&key) {
        *kept = Arc::downgrade(baked);
    }
    (baked.clone(), is_hit)
}

/// The same without sharing it.
pub fn bake_request(request: &Request, level: Level, team: Team) -> Baked {
    let start = Instant::now();
    let kernel = ExactKernel::new(&request.look, &request.radii, &request.codes, level);
    let probe = Probe::new(&kernel, &request.codes);
    let mut best: Option<(Lattice, ErrorReport)> = None;
    for size in request.sizes() {
        // The table before goes first, so that the limit holds.
        drop(best.take());
        let lattice = bake(&kernel, &request.codes, size, team);
        let report = probe.report(&lattice, request.interpolation);
        best = Some((lattice, report));
        let codes = f64::from(request.codes.max_code()) / 255.0;
        if report.p999_codes * codes <= GOOD_ENOUGH {
            break;
        }
    }
    let (lattice, report) = best.unzip();
    Baked {
        lattice: lattice.map(Arc::new),
        report: report.unwrap_or_default(),
        bake_time: start.elapsed(),
        exact_nanoseconds: probe.nanoseconds_per_colour,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attractor::{Channels, parse};
    use crate::color::oklab::Primaries;
    use crate::model::{Falloff, GamutMapping, Model};
    use crate::workers::{Team, simd_level};

    fn request(attractors: &str) -> Request {
        let attractors = parse(attractors).unwrap();
        Request {
            radii: vec![0.3; attractors.len()],
            look: Look {
                attractors,
                channels: Channels::ALL,
                model: Model::Smooth,
                falloff: Falloff::Cosine,
                gamut_mapping: GamutMapping::Chroma,
                primaries: Primaries::BT709,
                input_lut: None,
                output_lut: None,
            },
            codes: CodeSpace::full_rgb(8),
            size: None,
            interpolation: Interpolation::Tetrahedral,
            memory_limit: u64::MAX,
        }
    }

    #[test]
    fn the_same_look_is_baked_once_and_dropped_with_its_last_user() {
        let one = request("#123456;50;50");
        let all: Vec<(Arc<Baked>, bool)> = std::thread::scope(|scope| {
            let prepare = || scope.spawn(|| prepare(&one, simd_level(), Team::alone()));
            let threads: Vec<_> = (0..10).map(|_| prepare()).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(all.iter().filter(|(_, is_hit)| !is_hit).count(), 1);
        assert!(all.iter().all(|(baked, _)| Arc::ptr_eq(baked, &all[0].0)));
        let other = prepare(&request("#123457;50;50"), simd_level(), Team::alone());
        assert!(!other.1 && !Arc::ptr_eq(&other.0, &all[0].0));
        let weak = Arc::downgrade(&all[0].0);
        drop(all);
        assert!(weak.upgrade().is_none());
    }

    #[test]
    fn memory_limit_bounds_the_size() {
        let size_within = |memory_limit| {
            let request = Request { memory_limit, ..request("red;50;200;l") };
            prepare(&request, simd_level(), Team::alone()).0.lattice.as_ref().map(|l| l.size())
        };
        assert_eq!(size_within(u64::MAX), Some(65));
        assert_eq!(size_within(Lattice::bytes_for(49)), Some(49));
        assert_eq!(size_within(1000), None);
    }
}
