//! From what is asked for to recipes: lattice or exact model, and what a bake says of either.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use colorshine_core::lut::{
    Baked, Disk, ErrorReport, Interpolation, Origin, Radii, Request, bake_request, prepare,
};
use colorshine_core::workers::{Team, simd_level};

use super::caps::Caps;
use super::means::Means;
use super::recipe::Recipe;
use crate::telemetry::Counters;

/// 99.9th percentile of a lattice's error, in 8-bit codes, beyond which [`Method::Auto`] would rather take the exact
/// model.
const INACCURATE: f64 = 1.0;

/// How pixels are to be computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// By the lookup table, unless it is inaccurate and the model fast enough.
    #[default]
    Auto,
    /// By the lookup table.
    Lut,
    /// By the model, evaluated for every pixel.
    Exact,
}

/// Lattice or exact model.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    /// Nodes per axis of the lattice; `None` for the exact model.
    pub(super) lut_size: Option<usize>,
    /// Error of the lattice, or of the one that was found too inaccurate.
    pub(super) report: ErrorReport,
    pub(super) notice: Option<Notice>,
}

/// Something about a plan that the user should hear of once.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Notice {
    /// The exact model would be wanted but is too slow: the lattice's error in codes, and the times
    /// that a frame would need and has.
    TooSlowForExact(f64, Duration, Duration),
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::TooSlowForExact(codes, needs, has) = self;
        write!(
            f,
            "the lookup table's error is {codes:.1} codes at the 99.9th percentile, but the exact model \
             would take {needs:.1?} of the {has:.1?} that a frame has; method=exact insists on it"
        )
    }
}

/// A recipe for all frames.
#[derive(Debug)]
pub(super) struct Fixed {
    pub(super) baker: Baker,
    pub(super) radii: Vec<f64>,
    pub(super) recipe: Recipe,
    /// What was baked is kept for others as long as it is in use.
    _baked: Option<Arc<Baked>>,
}

/// Makes recipes for one look in one stream.
#[derive(Debug)]
pub(super) struct Baker {
    caps: Arc<Caps>,
    means: Means,
    method: Method,
    /// What is asked for, without radii.
    request: Request,
    /// Whether recipes are to be blended with others.
    is_blended: bool,
    /// Made once radii are known, and again when measured ones have become others.
    choice: Mutex<Option<Choice>>,
}

impl Baker {
    pub(super) fn new(
        caps: Arc<Caps>,
        means: Means,
        method: Method,
        request: Request,
        is_blended: bool,
    ) -> Self {
        Self { caps, means, method, request, is_blended, choice: Mutex::default() }
    }

    /// Settles on one recipe for all frames; bakes with a team where no one has yet and no file is found sooner.
    pub(super) fn fix(
        self,
        radii: Radii,
        counters: &Counters,
        team: Team,
        disk: Option<&Arc<Disk>>,
    ) -> Fixed {
        let request = Request { radii, ..self.request.clone() };
        let mut kept = None;
        let choice = self.choose(&request, |request| {
            let (baked, origin) = match disk {
                Some(disk) => disk.prepare(request, simd_level(), team),
                None => prepare(request, simd_level(), team),
            };
            match origin {
                Origin::Memory => counters.memory_hits.increment(),
                Origin::Disk => counters.disk_hits.increment(),
                Origin::Bake => {
                    counters.misses.increment();
                    counters.count_bake(baked.bake_time);
                }
            }
            kept.insert(baked).clone()
        });
        let radii = match &kept {
            Some(baked) => baked.radii.clone(),
            None => request.radii.find(&request.look, simd_level(), team),
        };
        let lattice = kept.as_ref().and_then(|baked| baked.lattice.clone());
        let recipe = match lattice.filter(|_| choice.lut_size.is_some()) {
            Some(lattice) => Recipe::Lattice(lattice, request.interpolation),
            None => {
                kept = None;
                Recipe::exact(&request, &radii)
            }
        };
        self.settle_on(choice);
        Fixed { baker: self, radii, recipe, _baked: kept }
    }

    /// Lattice or exact model, from what a bake measures.
    fn choose(&self, request: &Request, bake: impl FnOnce(&Request) -> Arc<Baked>) -> Choice {
        if self.method == Method::Exact {
            return Choice { lut_size: None, report: ErrorReport::default(), notice: None };
        }
        let baked = bake(request);
        let lut_size = baked.lattice.as_ref().map(|lattice| lattice.size());
        let mut choice = Choice { lut_size, report: baked.report, notice: None };
        let codes = baked.report.p999_codes;
        if self.method == Method::Auto && request.size.is_none() && codes > INACCURATE {
            let pixels = self.caps.pixels() as f64 / self.means.threads as f64;
            let nanoseconds = baked.exact_nanoseconds(request, simd_level());
            let by_cpu = Duration::from_secs_f64(1e-9 * nanoseconds * pixels);
            let by_gpu = Duration::from_nanos(self.caps.exact_on_gpu.get());
            let needs = by_cpu.max(by_gpu);
            if self.caps.keeps_up(needs) {
                choice.lut_size = None;
            } else {
                let has = self.caps.frame_time();
                choice.notice = Some(Notice::TooSlowForExact(codes, needs, has));
            }
        }
        choice
    }

    /// Whether size and method are settled.
    pub(super) fn is_settled(&self) -> bool {
        self.choice.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Size and method, once they are settled.
    pub(super) fn choice(&self) -> Option<Choice> {
        self.choice.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn settle_on(&self, choice: Choice) {
        *self.choice.lock().unwrap_or_else(PoisonError::into_inner) = Some(choice);
    }

    /// The recipe for measured radii, baked by a team. Size and method are those that are settled, unless
    /// they are to be chosen anew.
    pub(super) fn recipe_for(
        &self,
        radii: &[f64],
        is_to_choose: bool,
        team: Team,
        counters: &Counters,
    ) -> Recipe {
        let request = Request { radii: Radii::Known(radii.to_vec()), ..self.request.clone() };
        let mut baked = None;
        let choice = self.choice().filter(|_| !is_to_choose).unwrap_or_else(|| {
            let choice = self.choose(&request, |request| {
                baked.insert(Arc::new(bake_request(request, simd_level(), team))).clone()
            });
            self.settle_on(choice.clone());
            choice
        });
        let start = Instant::now();
        let Some(size) = choice.lut_size else {
            if let Some(baked) = baked {
                counters.count_bake(baked.bake_time);
            }
            return Recipe::exact(&request, radii);
        };
        let lattice = baked.as_ref().and_then(|baked| baked.lattice.clone());
        let recipe = match lattice {
            Some(lattice) => Recipe::Lattice(lattice, request.interpolation),
            None => Recipe::lattice(&request, radii, size, team),
        };
        counters.count_bake(baked.map_or_else(|| start.elapsed(), |baked| baked.bake_time));
        recipe
    }

    /// The same beside the stream, on the caller's thread, with what a cross-fade would need of it.
    pub(super) fn recipe_beside(
        &self,
        radii: &[f64],
        is_to_choose: bool,
        counters: &Counters,
    ) -> Recipe {
        let recipe = self.recipe_for(radii, is_to_choose, Team::alone(), counters);
        if self.is_blended {
            recipe.blendable(Team::alone());
        }
        recipe
    }

    /// How values between nodes are found.
    pub(super) fn interpolation(&self) -> Interpolation {
        self.request.interpolation
    }

    /// Whether the exact model is asked for.
    pub(super) fn is_exact_wanted(&self) -> bool {
        self.method == Method::Exact
    }

    /// Whether the exact model was chosen, and not asked for.
    pub(super) fn has_chosen_exact(&self) -> bool {
        self.method == Method::Auto && self.choice().is_some_and(|choice| choice.lut_size.is_none())
    }
}
