//! The way of a frame, from one to the next, on the streaming thread.

use std::sync::Arc;
use std::time::{Duration, Instant};

use colorshine_core::apply::Finish;
use colorshine_core::tolerance::follow::Follower;

use super::caps::{Frame, Moment};
use super::gpu::{GpuPath, KeptFrame, Left, MOST_FRAMES};
use super::plan::Plan;
use super::recipe::Held;
use super::screen::{self, Screen};
use crate::telemetry::Counters;

/// Most lattices that a stream needs at once.
pub(crate) const MOST_HELD: usize = screen::MOST_HELD + MOST_FRAMES;

/// What is kept from one frame to the next.
#[derive(Debug)]
pub(crate) struct FramePath<F: KeptFrame> {
    pub(crate) gpu: GpuPath<F>,
    pub(crate) screen: Screen,
    pub(crate) follower: Follower,
    counters: Arc<Counters>,
}

impl<F: KeptFrame> FramePath<F> {
    pub(crate) fn new(gpu: GpuPath<F>, counters: &Arc<Counters>) -> Self {
        Self {
            gpu,
            screen: Screen::default(),
            follower: Follower::default(),
            counters: counters.clone(),
        }
    }

    /// Processes a mapped frame. Returns whether it has settled how measured frames are computed, so
    /// that [`Plan::notice`] may have something new to say.
    pub(crate) fn process(
        &mut self,
        plan: &Arc<Plan>,
        frame: &mut Frame<'_, '_>,
        moment: &Moment,
    ) -> bool {
        let Self { gpu, screen, follower, counters } = self;
        if frame.is_empty() {
            return false;
        }
        let [left, right] = frame.area.columns;
        frame.area.processed_until = left + ((right - left) as f64 * moment.split).round() as usize;
        let was_settled = plan.is_settled();
        let recipe = match plan.measured() {
            Some(measured) => {
                let mut by_gpu = |frame: &mut Frame<'_, '_>, to_oklab: &_, histograms: &mut _| {
                    gpu.measure(plan, frame, to_oklab, histograms)
                };
                Some(measured.follow(frame, moment.since, follower, &mut by_gpu, counters))
            }
            None => {
                follower.forget();
                plan.recipe()
            }
        };
        if !moment.is_visible() {
            screen.show_untouched();
        } else if let Some(recipe) = screen.show(recipe, plan.means.team()) {
            let finish = Finish::new(plan.caps.codes.depth, moment.mix);
            let left = gpu.apply(plan, frame, &recipe, &finish, &screen.held());
            if let Left::RowsFrom(first_row) = left {
                counters.is_on_gpu.set(0);
                let is_whole = first_row <= frame.area.rows[0];
                let start = Instant::now();
                plan.means.apply(frame, first_row, &recipe.evaluator(), &finish);
                if is_whole {
                    gpu.count_cpu(start.elapsed());
                }
            }
        }
        !was_settled && plan.is_settled()
    }

    /// Takes note of the time that a frame has taken on this thread so far.
    pub(crate) fn count_time(&mut self, time: Duration) {
        if !self.gpu.keep_time(time) {
            self.counters.apply_time.smooth_time(time);
        }
    }

    /// The lattices that what is shown and frames under way need; some may be the same.
    pub(crate) fn held(&self) -> [Option<Held>; MOST_HELD] {
        let each = self.screen.held().into_iter().chain(self.gpu.held());
        let mut held = [None; MOST_HELD];
        held.iter_mut().zip(each).for_each(|(held, each)| *held = each);
        held
    }
}
