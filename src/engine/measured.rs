//! Looks whose radii come from the picture: measured on each frame, or followed over time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use colorshine_core::apply::read_pixels;
use colorshine_core::model::lanes::ToOklab;
use colorshine_core::model::{Look, Transform};
use colorshine_core::tolerance::coverage::coverage;
use colorshine_core::tolerance::dead_band::DeadBand;
use colorshine_core::tolerance::follow::{Follower, Step};
use colorshine_core::tolerance::grid::Grid;
use colorshine_core::tolerance::histogram::Histograms;
use colorshine_core::workers::simd_level;

use super::baker::Baker;
use super::caps::{Caps, Frame};
use super::census::Census;
use super::means::Means;
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

/// Counts a frame's pixels in histograms where it can; whether it has. Else the histograms are as they were.
pub(super) type CountElsewhere<'a> =
    &'a mut dyn FnMut(&mut Frame<'_, '_>, &Arc<ToOklab>, &mut Histograms) -> bool;

/// The part of a plan that changes with the picture.
#[derive(Debug)]
pub(crate) struct Measured {
    baker: Baker,
    means: Means,
    look: Look,
    /// Before the first pixel.
    census: Census,
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
    pub(super) fn new(
        baker: Baker,
        means: Means,
        look: &Look,
        caps: &Caps,
        adaptation: Duration,
    ) -> Self {
        Self {
            baker,
            means,
            look: look.clone(),
            census: Census::new(look, &caps.codes),
            adaptation,
            now: Mutex::default(),
            is_baking: AtomicBool::new(false),
        }
    }

    /// Whether each frame has radii of its own.
    pub(super) fn is_of_each_frame(&self) -> bool {
        self.adaptation.is_zero()
    }

    pub(super) fn baker(&self) -> &Baker {
        &self.baker
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
    pub(crate) fn forget(&self) {
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
        self: &Arc<Self>,
        frame: &mut Frame<'_, '_>,
        since: Duration,
        follower: &mut Follower,
        elsewhere: CountElsewhere<'_>,
        counters: &Arc<Counters>,
    ) -> Recipe {
        let team = self.means.team();
        if self.adaptation.is_zero() {
            let radii = self.measure(frame, elsewhere);
            if self.wants_coverage(since) {
                let mut grid = Grid::of(frame.size(), PIXELS_FOR_COVERAGE);
                self.read(frame, &mut grid);
                counters.coverage.set(coverage(&Transform::new(&self.look, &radii), &grid));
            }
            let recipe = self.baker.recipe_for(&radii, false, team, counters);
            return self.show(radii, recipe);
        }
        let set = &self.look.attractors;
        let size = frame.size();
        let step =
            follower.follow(set, size, since, self.adaptation, &mut |grid| self.read(frame, grid));
        if step == Step::Cut {
            counters.scene_cuts.increment();
        }
        if self.wants_coverage(since) {
            let transform = Transform::new(&self.look, follower.radii());
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
            let recipe = self.baker.recipe_for(follower.radii(), false, team, counters);
            return self.show(follower.radii().to_vec(), recipe);
        };
        if let Some((radii, is_to_choose)) = next_radii
            && !self.is_baking.swap(true, Ordering::AcqRel)
        {
            let (measured, counters) = (self.clone(), counters.clone());
            in_background(move || {
                let _done = Done(&measured.is_baking);
                let recipe = measured.baker.recipe_beside(&radii, is_to_choose, &counters);
                measured.show_later(radii, recipe, scene, is_to_choose);
            });
        }
        recipe
    }

    /// The radii with which a plan is to begin that is not shown yet.
    pub(crate) fn radii_of_next(
        &self,
        frame: &mut Frame<'_, '_>,
        follower: &mut Follower,
    ) -> Vec<f64> {
        let size = frame.size();
        follower.radii_of(&self.look.attractors, size, &mut |grid| self.read(frame, grid))
    }

    /// Makes the recipe for radii that were measured before the plan is shown.
    pub(crate) fn settle(&self, radii: Vec<f64>, counters: &Counters) {
        let recipe = self.baker.recipe_beside(&radii, false, counters);
        self.show(radii, recipe);
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
        self.census.to_oklab().convert(level, [l, a, b]);
    }

    /// The radii by all pixels of a frame.
    fn measure(&self, frame: &mut Frame<'_, '_>, elsewhere: CountElsewhere<'_>) -> Vec<f64> {
        let mut census = self.census.clone();
        let to_oklab = self.census.to_oklab();
        let is_counted =
            census.histograms().is_some_and(|histograms| elsewhere(frame, to_oklab, histograms));
        if !is_counted {
            census.count(frame, &self.means);
        }
        census.radii()
    }
}

/// Says that a bake is over, however it ended.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}
