//! Looks whose radii come from the picture: measured on each frame, or followed over time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use colorshine_core::apply::{BLOCK, for_each_block, read_pixels};
use colorshine_core::attractor::Attractor;
use colorshine_core::frame::Area;
use colorshine_core::model::lanes::ToOklab;
use colorshine_core::model::{Model, Transform};
use colorshine_core::tolerance::coverage::coverage;
use colorshine_core::tolerance::dead_band::DeadBand;
use colorshine_core::tolerance::distances::Distances;
use colorshine_core::tolerance::follow::{Follower, Step};
use colorshine_core::tolerance::grid::Grid;
use colorshine_core::workers::{Team, simd_level};

use super::gpu::GpuPath;
use super::plan::{Frame, Plan};
use super::recipe::Recipe;
use crate::telemetry::Counters;
use crate::workers::in_background;

/// Ratio of a radius to that for which size and method were chosen, or its inverse, beyond which they are
/// chosen anew: an error grows with the square of what a radius shrinks by.
const CHOSEN_WITHIN: f64 = 1.25;

/// Time of the stream between two looks at how much of the picture is reached.
const COVERED_EVERY: Duration = Duration::from_millis(250);

/// Pixels that are looked at for that, where radii are measured on all.
const PIXELS_FOR_COVERAGE: usize = 8 * 1024;

/// The part of a plan that changes with the picture.
#[derive(Debug)]
pub(super) struct Measured {
    to_oklab: ToOklab,
    /// Time constant of the radii; zero where each frame has its own.
    adaptation: Duration,
    now: Mutex<Now>,
    /// Whether a bake for new radii is under way beside the stream.
    is_baking: AtomicBool,
}

/// What frames are made with at the moment.
#[derive(Debug, Default)]
struct Now {
    radii: Vec<f64>,
    recipe: Option<Recipe>,
    /// Counts scenes: a bake for one that is over is of no use.
    scene: u64,
    /// The radii for which size and method were chosen.
    chosen_for: Vec<f64>,
    /// Around the radii that are shown.
    dead_band: DeadBand,
    /// Time since coverage was looked at; `None` before the first time.
    uncovered: Option<Duration>,
}

impl Now {
    /// The radii to bake for next, if those that are shown are not near enough or were not chosen for; and
    /// whether size and method are to be chosen anew.
    fn next_radii(
        &mut self,
        follower: &Follower,
        since: Duration,
        adaptation: Duration,
    ) -> Option<(Vec<f64>, bool)> {
        let moved = self.dead_band.next(&self.radii, follower.radii(), since, adaptation);
        let is_other = |radii: &[f64]| {
            let mut each = radii.iter().zip(&self.chosen_for);
            each.any(|(now, then)| now.max(*then) > CHOSEN_WITHIN * now.min(*then))
        };
        match moved {
            Some(radii) => {
                let is_to_choose = is_other(&radii);
                Some((radii, is_to_choose))
            }
            None => is_other(&self.radii).then(|| (self.radii.clone(), true)),
        }
    }
}

impl Measured {
    pub(super) fn new(to_oklab: ToOklab, adaptation: Duration) -> Self {
        let (now, is_baking) = (Mutex::default(), AtomicBool::new(false));
        Self { to_oklab, adaptation, now, is_baking }
    }

    /// Whether each frame has radii of its own.
    #[cfg(feature = "gpu")]
    pub(super) fn is_of_each_frame(&self) -> bool {
        self.adaptation.is_zero()
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The radii of what is shown; empty before the first frame has been measured.
    pub(super) fn radii(&self) -> Vec<f64> {
        self.now().radii.clone()
    }

    /// What is shown, from the first frame that has been measured on.
    pub(super) fn recipe(&self) -> Option<Recipe> {
        self.now().recipe.clone()
    }

    /// Forgets the radii of earlier frames.
    pub(super) fn forget(&self) {
        let mut now = self.now();
        now.radii.clear();
        // What is being baked was measured before.
        now.scene += 1;
    }

    /// Shows another recipe.
    pub(super) fn show(&self, radii: Vec<f64>, recipe: Recipe) -> Recipe {
        let mut now = self.now();
        now.scene += 1;
        now.dead_band = DeadBand::default();
        if now.chosen_for.is_empty() {
            now.chosen_for = radii.clone();
        }
        (now.radii, now.recipe) = (radii, Some(recipe.clone()));
        recipe
    }

    /// Shows what has been baked beside the stream, if the scene is still the one it was baked for.
    fn show_later(&self, radii: Vec<f64>, recipe: Recipe, scene: u64, is_chosen: bool) {
        let mut now = self.now();
        if is_chosen {
            now.chosen_for = radii.clone();
        }
        if now.scene == scene {
            (now.radii, now.recipe) = (radii, Some(recipe));
        }
    }

    /// Measures a frame; returns what to make it with.
    ///
    /// Where a scene begins the frame has a lattice of its own, baked in the stream, and so has every frame
    /// if none is to depend on others. Else lattices are baked beside the stream, one at a time, and
    /// frames go on with the one before until then.
    pub(super) fn follow(
        &self,
        plan: &Arc<Plan>,
        frame: &mut Frame<'_, '_>,
        since: Duration,
        follower: &mut Follower,
        gpu: &mut GpuPath,
        counters: &Arc<Counters>,
    ) -> Recipe {
        let team = plan.team();
        if self.adaptation.is_zero() {
            let radii = self.measure(plan, frame, gpu);
            if self.wants_coverage(since) {
                let mut grid = Grid::of(frame.size(), PIXELS_FOR_COVERAGE);
                self.read(frame, &mut grid);
                counters.coverage.set(coverage(&Transform::new(&plan.look, &radii), &grid));
            }
            let recipe = plan.recipe_for(&radii, false, team, counters);
            return self.show(radii, recipe);
        }
        let set = &plan.look.attractors;
        let size = frame.size();
        let step =
            follower.follow(set, size, since, self.adaptation, &mut |grid| self.read(frame, grid));
        if step == Step::Cut {
            counters.scene_cuts.increment();
        }
        if self.wants_coverage(since) {
            let transform = Transform::new(&plan.look, follower.radii());
            counters.coverage.set(coverage(&transform, follower.grid()));
        }
        let shown = {
            let mut now = self.now();
            let is_new = step == Step::Cut || now.radii.is_empty();
            let recipe = now.recipe.clone().filter(|_| !is_new);
            recipe
                .map(|recipe| (recipe, now.next_radii(follower, since, self.adaptation), now.scene))
        };
        let Some((recipe, next_radii, scene)) = shown else {
            let recipe = plan.recipe_for(follower.radii(), false, team, counters);
            return self.show(follower.radii().to_vec(), recipe);
        };
        if let Some((radii, is_to_choose)) = next_radii
            && !self.is_baking.swap(true, Ordering::AcqRel)
        {
            let (plan, counters) = (plan.clone(), counters.clone());
            in_background(move || {
                if let Some(measured) = plan.measured() {
                    let _done = Done(&measured.is_baking);
                    let recipe = plan.recipe_beside(&radii, is_to_choose, &counters);
                    measured.show_later(radii, recipe, scene, is_to_choose);
                }
            });
        }
        recipe
    }

    /// The radii with which a plan is to begin that is not shown yet.
    pub(super) fn radii_of_next(
        &self,
        plan: &Plan,
        frame: &mut Frame<'_, '_>,
        follower: &mut Follower,
    ) -> Vec<f64> {
        let size = frame.size();
        follower.radii_of(&plan.look.attractors, size, &mut |grid| self.read(frame, grid))
    }

    /// Whether it is time to look at how much of the picture is reached.
    fn wants_coverage(&self, since: Duration) -> bool {
        let mut now = self.now();
        let waited = now.uncovered.map(|waited| waited + since);
        let is_time = waited.is_none_or(|waited| waited >= COVERED_EVERY);
        now.uncovered = if is_time { Some(Duration::ZERO) } else { waited };
        is_time
    }

    /// Fills a grid from a frame.
    fn read(&self, frame: &mut Frame<'_, '_>, grid: &mut Grid) {
        let (level, area) = (simd_level(), frame.picture());
        let (step, first) = (grid.pattern.step, grid.pattern.first);
        read_pixels(frame.planes, frame.layout, &area, step, first, &mut grid.lab);
        let [l, a, b] = &mut grid.lab;
        self.to_oklab.convert(level, [l, a, b]);
    }

    /// The radii by all pixels of a frame, which the GPU counts where the stream is its.
    fn measure(&self, plan: &Arc<Plan>, frame: &mut Frame<'_, '_>, gpu: &mut GpuPath) -> Vec<f64> {
        let attractors = &plan.look.attractors;
        // There the model has a step at the radius, and a bin's width would move pixels across it.
        let is_step = |attractor: &Attractor| attractor.strength > 100.0;
        let wants_exact = plan.look.model == Model::Classic && attractors.iter().any(is_step);
        let mut total = Distances::new(attractors, wants_exact);
        let is_counted = match &mut total {
            Distances::Binned(histograms) => gpu.measure(plan, frame, &self.to_oklab, histograms),
            Distances::Listed(_) => false,
        };
        if !is_counted {
            self.count(frame, plan.groups_per_band(frame), plan.team(), &mut total);
        }
        total.radii(attractors)
    }

    /// Adds the distances of all pixels of a frame to a total that has none yet.
    fn count(
        &self,
        frame: &mut Frame<'_, '_>,
        groups_per_band: usize,
        team: Team,
        total: &mut Distances,
    ) {
        let picture: Area = frame.picture();
        let (layout, nothing) = (frame.layout, total.clone());
        let total = Mutex::new(total);
        frame.planes.for_each_band(picture.rows, groups_per_band, team, |band| {
            let mut counted = nothing.clone();
            let mut lab = [[0f32; BLOCK]; 3];
            for_each_block(band, layout, &picture, simd_level(), &mut |codes| {
                let mut lab = lab.each_mut().map(|lab| &mut lab[..codes[0].len()]);
                self.to_oklab.convert_codes(
                    simd_level(),
                    codes,
                    lab.each_mut().map(|lab| &mut **lab),
                );
                counted.count(simd_level(), lab.map(|lab| &*lab));
            });
            total.lock().unwrap_or_else(PoisonError::into_inner).merge(counted);
        });
    }
}

/// Says that a bake is over, however it ended.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}
