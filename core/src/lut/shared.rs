//! Baked looks, shared within the process: elements with the same look hold one lattice, and those that
//! were used last are kept for whoever wants them again.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use super::request::{Baked, Request, bake_request};
use crate::workers::{Level, Team};

/// Most bytes of lattices that are kept, in use or not; less where a request's memory limit is less.
const MOST_BYTES: u64 = 64 << 20;

/// Most looks that are kept.
const MOST_LOOKS: usize = 256;

/// Where a baked look came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It was there.
    Memory,
    /// A file.
    Disk,
    /// It was baked.
    Bake,
}

type Slot = OnceLock<Arc<Baked>>;

/// A look that is being baked, is in use, or is kept.
#[derive(Default)]
struct Entry {
    /// Where those meet who ask for it while it is being baked.
    slot: Weak<Slot>,
    baked: Weak<Baked>,
    kept: Option<Kept>,
}

/// A look that is kept whether it is in use or not.
struct Kept {
    baked: Arc<Baked>,
    /// When it was asked for last, by the count of all that was asked for.
    used: u64,
}

impl Entry {
    fn is_alive(&self) -> bool {
        self.kept.is_some() || self.slot.strong_count() > 0 || self.baked.strong_count() > 0
    }

    fn kept_bytes(&self) -> u64 {
        self.kept.as_ref().map_or(0, |kept| kept.baked.bytes())
    }
}

/// All looks that the process knows, by their keys.
#[derive(Default)]
struct Shared {
    looks: HashMap<String, Entry>,
    /// Requests so far.
    requests: u64,
}

impl Shared {
    /// Keeps a look that is asked for now.
    fn keep(&mut self, key: &str, baked: &Arc<Baked>, limit: u64) {
        self.requests += 1;
        let entry = self.looks.entry(key.into()).or_default();
        entry.baked = Arc::downgrade(baked);
        entry.kept = Some(Kept { baked: baked.clone(), used: self.requests });
        self.shrink(limit);
    }

    /// Lets go of what was not asked for longest, until what is kept fits.
    fn shrink(&mut self, limit: u64) {
        let limit = limit.min(MOST_BYTES);
        let mut bytes: u64 = self.looks.values().map(Entry::kept_bytes).sum();
        let mut count = self.looks.values().filter(|entry| entry.kept.is_some()).count();
        while bytes > limit || count > MOST_LOOKS {
            let used = |entry: &Entry| entry.kept.as_ref().map(|kept| kept.used);
            let kept = self.looks.values_mut().filter(|entry| entry.kept.is_some());
            let Some(oldest) = kept.min_by_key(|entry| used(entry)) else {
                break;
            };
            bytes -= oldest.kept_bytes();
            count -= 1;
            oldest.kept = None;
        }
        self.looks.retain(|_, entry| entry.is_alive());
    }
}

fn shared() -> MutexGuard<'static, Shared> {
    static SHARED: LazyLock<Mutex<Shared>> = LazyLock::new(Mutex::default);
    SHARED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The baked form of a request, and where it came from. Of several callers with the same request one
/// bakes and the others wait for it.
pub fn prepare(request: &Request, level: Level, team: Team) -> (Arc<Baked>, Origin) {
    prepare_by(request, level, || (Arc::new(bake_request(request, level, team)), Origin::Bake))
}

/// The same, where what is not in memory comes from `make`.
pub(super) fn prepare_by(
    request: &Request,
    level: Level,
    make: impl FnOnce() -> (Arc<Baked>, Origin),
) -> (Arc<Baked>, Origin) {
    let key = request.key(level);
    let limit = request.memory_limit;
    let slot = {
        let mut shared = shared();
        let entry = shared.looks.entry(key.clone()).or_default();
        if let Some(baked) = entry.baked.upgrade() {
            shared.keep(&key, &baked, limit);
            return (baked, Origin::Memory);
        }
        let slot = entry.slot.upgrade().unwrap_or_else(|| {
            let fresh = Arc::new(Slot::new());
            entry.slot = Arc::downgrade(&fresh);
            fresh
        });
        // Room for the one that is to come.
        shared.shrink(limit.saturating_sub(request.most_bytes()));
        slot
    };
    let mut origin = Origin::Memory;
    let baked = slot.get_or_init(|| {
        let baked;
        (baked, origin) = make();
        baked
    });
    if origin != Origin::Memory {
        shared().keep(&key, baked, limit);
    }
    (baked.clone(), origin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::color::codes::{CodeSpace, Range};
    use crate::lut::request::tests::{baked, request};
    use crate::lut::{Lattice, Radii};
    use crate::workers::simd_level;

    fn get(request: &Request) -> (Arc<Baked>, Origin) {
        prepare(request, simd_level(), Team::alone())
    }

    /// Also when nobody has used it in between.
    #[test]
    fn the_same_look_is_baked_once() {
        let one = request("#123456;50;50");
        let all: Vec<(Arc<Baked>, Origin)> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..10).map(|_| scope.spawn(|| get(&one))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(all.iter().filter(|(_, origin)| *origin == Origin::Bake).count(), 1);
        assert!(all.iter().all(|(baked, _)| Arc::ptr_eq(baked, &all[0].0)));
        let weak = Arc::downgrade(&all[0].0);
        drop(all);
        let other = get(&request("#123457;50;50"));
        assert_eq!(other.1, Origin::Bake);
        let (again, origin) = get(&one);
        assert_eq!(origin, Origin::Memory);
        assert!(weak.ptr_eq(&Arc::downgrade(&again)));
    }

    #[test]
    fn memory_limit_bounds_the_size() {
        let size_within = |memory_limit| {
            let request = Request { memory_limit, ..request("red;50;200;l") };
            let baked = get(&request).0;
            assert!(baked.bytes() <= memory_limit);
            baked.lattice.as_ref().map(|lattice| lattice.size())
        };
        assert_eq!(size_within(u64::MAX), Some(65));
        assert_eq!(size_within(Lattice::bytes_for(49)), Some(49));
        assert_eq!(size_within(1000), None);
        let range = Range { offset: [16.0, 128.0, 128.0], scale: [219.0, 224.0, 224.0] };
        let codes = CodeSpace::ycbcr(8, range, 0.2126, 0.0722);
        let of_ycbcr = |memory_limit| {
            let request = Request { codes, size: Some(9), memory_limit, ..request("red;50;50") };
            get(&request).0
        };
        let bytes = of_ycbcr(u64::MAX).bytes();
        assert!(bytes > Lattice::bytes_for(9), "columns are counted");
        assert!(of_ycbcr(bytes).lattice.is_some() && of_ycbcr(bytes - 1).lattice.is_none());
    }

    /// What was asked for longest ago goes first, and as soon as there is no room for it.
    #[test]
    fn what_is_kept_fits_the_limit() {
        let one = baked(17).bytes();
        let mut shared = Shared::default();
        let kept = |shared: &Shared| {
            let mut keys: Vec<String> = shared.looks.keys().cloned().collect();
            keys.sort();
            keys.concat()
        };
        for key in ["a", "b", "c", "a", "d"] {
            let known = shared.looks.get(key).and_then(|entry| entry.baked.upgrade());
            shared.keep(key, &known.unwrap_or_else(|| Arc::new(baked(17))), 3 * one);
        }
        assert_eq!(kept(&shared), "acd");
        let in_use = shared.looks["c"].baked.upgrade().unwrap();
        shared.shrink(one);
        assert_eq!(kept(&shared), "cd", "what is in use is known as long as it is");
        drop(in_use);
        shared.keep("d", &Arc::new(baked(17)), one - 1);
        shared.shrink(one - 1);
        assert_eq!(kept(&shared), "");
    }

    #[test]
    fn ten_thousand_looks_keep_memory_bounded() {
        for (size, most) in [(33, MOST_BYTES / baked(33).bytes()), (2, MOST_LOOKS as u64)] {
            let mut shared = Shared::default();
            for look in 0..10_000 {
                shared.keep(&look.to_string(), &Arc::new(baked(size)), u64::MAX);
                assert!(shared.looks.len() as u64 <= most);
            }
            assert_eq!(shared.looks.len() as u64, most);
            assert!(shared.looks.contains_key("9999"));
        }
    }

    /// Whatever gives the same lattice has the same key, and nothing else has.
    #[test]
    fn keys_tell_what_matters() {
        let plain = request("red;50;50");
        let same = Request { memory_limit: u64::MAX - 1, ..plain.clone() };
        assert_eq!(plain.key(simd_level()), same.key(simd_level()));
        let mut others = vec![
            request("red;50;50.00000000000001"),
            request("red;50;50;lh"),
            Request { radii: Radii::OfGamut, ..plain.clone() },
            Request { radii: Radii::Known(vec![0.3 + f64::EPSILON]), ..plain.clone() },
            Request { size: Some(17), ..plain.clone() },
            Request { memory_limit: Lattice::bytes_for(49), ..plain.clone() },
            Request { codes: CodeSpace::full_rgb(10), ..plain.clone() },
            Request { interpolation: crate::lut::Interpolation::Nearest, ..plain.clone() },
        ];
        others.push(plain);
        let keys: std::collections::BTreeSet<String> =
            others.iter().map(|request| request.key(simd_level())).collect();
        assert_eq!(keys.len(), others.len());
    }
}
