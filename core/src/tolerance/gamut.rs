//! Radii from the container's gamut: they depend on the attractor alone.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use super::percentile;
use crate::attractor::Attractor;
use crate::color::codes::{CodeSpace, Range};
use crate::color::oklab::{Primaries, RgbSpace};
use crate::model::lanes::ToOklab;
use crate::workers::{Level, Team, for_each, level_name};

/// Points per axis of the lattice of encoded R'G'B' that stands for the gamut.
pub const POINTS: usize = 65;

/// Oklab of every point of a lattice.
struct GamutPoints {
    lab: [Vec<f32>; 3],
}

impl GamutPoints {
    /// `None` where they are no longer wanted before they are complete.
    fn new(
        primaries: &Primaries,
        points: usize,
        level: Level,
        is_wanted: &(dyn Fn() -> bool + Sync),
    ) -> Option<Self> {
        let value = |i: usize| i as f32 / (points - 1) as f32;
        let unit = Range { offset: [0.0; 3], scale: [1.0; 3] };
        // Codes from 0 to 1 are R'G'B' itself.
        let codes = CodeSpace::rgb(1, unit);
        let to_oklab = ToOklab::new(&codes, &RgbSpace::new(primaries));
        let slab = points * points;
        let mut lab = [const { Vec::new() }; 3];
        lab.iter_mut().for_each(|component| component.reserve_exact(slab * points));
        for x in 0..points {
            if !is_wanted() {
                return None;
            }
            lab[0].extend((0..slab).map(|_| value(x)));
            lab[1].extend((0..slab).map(|i| value(i / points)));
            lab[2].extend((0..slab).map(|i| value(i % points)));
            let fresh = lab.each_mut().map(|component| &mut component[slab * x..]);
            to_oklab.convert(level, fresh);
        }
        Some(Self { lab })
    }

    fn radius(&self, attractor: &Attractor) -> f64 {
        let to = attractor.lab.map(|v| v as f32);
        let [l, a, b] = &self.lab;
        let mut distances: Vec<f32> = (0..l.len())
            .map(|i| {
                let d = [l[i] - to[0], a[i] - to[1], b[i] - to[2]];
                (d[0] * d[0] + d[1] * d[1] + d[2] * d[2]).sqrt()
            })
            .collect();
        percentile(&mut distances, attractor.tolerance)
    }
}

/// The radius of each attractor: percentiles of its distances over a lattice of `points` per axis.
///
/// The lattice of [`POINTS`] is kept for the last primaries and SIMD level, whose last digits differ, and every radius
/// over it is remembered, so that changing one attractor costs one percentile.
pub fn radii(
    attractors: &[Attractor],
    primaries: &Primaries,
    points: usize,
    level: Level,
    team: Team,
) -> Vec<f64> {
    radii_while(attractors, primaries, points, level, team, &|| true)
}

/// The same for as long as it is wanted: once `is_wanted` says no, what is returned is of no use.
pub fn radii_while(
    attractors: &[Attractor],
    primaries: &Primaries,
    points: usize,
    level: Level,
    team: Team,
    is_wanted: &(dyn Fn() -> bool + Sync),
) -> Vec<f64> {
    static KEPT: LazyLock<Mutex<Kept>> = LazyLock::new(Mutex::default);
    if points != POINTS {
        let gamut = GamutPoints::new(primaries, points, level, is_wanted);
        let radii = |gamut: GamutPoints| attractors.iter().map(|a| gamut.radius(a)).collect();
        return gamut.map(radii).unwrap_or_default();
    }
    let lock = || KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let whose = (*primaries, level_name(level));
    let kept = lock().of(&whose);
    let made = || {
        let gamut = Arc::new(GamutPoints::new(primaries, POINTS, level, is_wanted)?);
        lock().start(whose, gamut.clone());
        Some(gamut)
    };
    let Some(gamut) = kept.or_else(made) else {
        return Vec::new();
    };
    let key = |attractor: &Attractor| {
        let [l, a, b] = attractor.lab;
        [l, a, b, attractor.tolerance].map(f64::to_bits)
    };
    let known: Vec<Option<f64>> = {
        let kept = lock();
        // Another stream may have moved the memory to its own primaries meanwhile.
        let is_ours = kept.of(&whose).is_some();
        let radius = |attractor| kept.radii.get(&key(attractor)).copied().filter(|_| is_ours);
        attractors.iter().map(radius).collect()
    };
    let found: Vec<Mutex<Option<f64>>> = known.into_iter().map(Mutex::new).collect();
    for_each(attractors.len(), team, &|i| {
        let mut radius = found[i].lock().unwrap_or_else(PoisonError::into_inner);
        if radius.is_none() && is_wanted() {
            *radius = Some(gamut.radius(&attractors[i]));
        }
    });
    let found: Vec<Option<f64>> = found
        .into_iter()
        .map(|radius| radius.into_inner().unwrap_or_else(PoisonError::into_inner))
        .collect();
    let fresh = attractors.iter().map(key).zip(&found);
    lock().remember(&whose, fresh.filter_map(|(key, radius)| radius.map(|r| (key, r))));
    found.into_iter().map(Option::unwrap_or_default).collect()
}

/// Most radii remembered; beyond it memory starts afresh.
const MOST_REMEMBERED: usize = 4096;

/// Primaries, and the name of a SIMD level.
type Whose = (Primaries, &'static str);

/// What is kept between calls.
#[derive(Default)]
struct Kept {
    gamut: Option<(Whose, Arc<GamutPoints>)>,
    radii: HashMap<[u64; 4], f64>,
}

impl Kept {
    fn of(&self, whose: &Whose) -> Option<Arc<GamutPoints>> {
        let (kept, gamut) = self.gamut.as_ref()?;
        (kept == whose).then(|| gamut.clone())
    }

    fn start(&mut self, whose: Whose, gamut: Arc<GamutPoints>) {
        self.gamut = Some((whose, gamut));
        self.radii.clear();
    }

    fn remember(&mut self, whose: &Whose, radii: impl Iterator<Item = ([u64; 4], f64)>) {
        if self.of(whose).is_some() {
            if self.radii.len() > MOST_REMEMBERED {
                self.radii.clear();
            }
            self.radii.extend(radii);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attractor::parse;
    use crate::workers::simd_levels;

    /// Whichever level was asked for before.
    #[test]
    fn a_level_has_the_same_radii_each_time() {
        let attractors = parse("teal;40;60|oklch(70% 0.15 50);30;100").unwrap();
        let of = |(_, level)| radii(&attractors, &Primaries::BT2020, POINTS, level, Team::alone());
        let forwards: Vec<Vec<f64>> = simd_levels().into_iter().map(of).collect();
        let backwards: Vec<Vec<f64>> = simd_levels().into_iter().rev().map(of).collect();
        assert!(forwards.iter().eq(backwards.iter().rev()), "{forwards:?} {backwards:?}");
    }
}
