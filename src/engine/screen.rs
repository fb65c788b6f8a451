//! What the streaming thread shows from frame to frame: a plan, and the cross-fade that leads to it.

use std::sync::Arc;
use std::time::Duration;

use colorshine_core::lut::{Interpolation, Lattice};
use colorshine_core::workers::{Team, simd_level};

use super::plan::Plan;
use super::recipe::{Held, Recipe};

/// Time between frames, by their timestamps.
#[derive(Debug, Default)]
struct Clock {
    last: Option<Duration>,
}

impl Clock {
    /// Time since the frame before; a frame's own where timestamps do not tell. It has no sign, so that
    /// playing backwards is like playing.
    fn since(&mut self, time: Option<Duration>, frame_time: Duration) -> Duration {
        let since = time.zip(self.last).map(|(time, last)| time.abs_diff(last));
        self.last = time;
        since.unwrap_or(frame_time)
    }
}

/// Most lattices that what is shown needs.
pub(super) const MOST_HELD: usize = 5;

/// What is shown.
#[derive(Debug, Default)]
pub(crate) struct Screen {
    plan: Option<Arc<Plan>>,
    /// How the last frame was made; `None` where it went through untouched.
    last: Option<Recipe>,
    fade: Option<Fade>,
    clock: Clock,
}

/// A cross-fade, by a blend of lattices.
#[derive(Debug)]
struct Fade {
    /// What was shown when it began, and how it was read; `None` for pictures as they are.
    from: Option<(Arc<Lattice>, Interpolation)>,
    elapsed: Duration,
    duration: Duration,
    /// What the blend is made for, and the same at the size of the blend.
    to: Option<[Arc<Lattice>; 2]>,
    /// The blend of the last frame, whose memory the next may use.
    blend: Option<Arc<Lattice>>,
}

impl Screen {
    /// Begins a frame with the plan that is in place, where a number of frames may be held back with their
    /// lattices. Returns the time since the frame before.
    pub(crate) fn begin_frame(
        &mut self,
        plan: Option<&Arc<Plan>>,
        time: Option<Duration>,
        held_back: usize,
    ) -> Duration {
        let frame_time = plan.map_or(Duration::ZERO, |plan| plan.caps.frame_time());
        let since = self.clock.since(time, frame_time);
        let is_same = match (plan, &self.plan) {
            (Some(new), Some(old)) => Arc::ptr_eq(new, old),
            (new, old) => new.is_none() && old.is_none(),
        };
        if !is_same {
            self.fade = plan.and_then(|plan| self.fade_to(plan, held_back));
            self.plan = plan.cloned();
        }
        if let Some(fade) = &mut self.fade {
            fade.elapsed += since;
        }
        if self.fade.as_ref().is_some_and(|fade| fade.elapsed >= fade.duration) {
            self.fade = None;
        }
        since
    }

    /// Ends a cross-fade, and lets the next plan come without one: what was on screen is no longer there.
    pub(crate) fn end_fade(&mut self) {
        (self.plan, self.fade) = (None, None);
    }

    /// The cross-fade from what is on screen to another plan.
    fn fade_to(&self, plan: &Plan, held_back: usize) -> Option<Fade> {
        let old = self.plan.as_ref()?;
        if plan.transition.is_zero() || !Arc::ptr_eq(&plan.caps, &old.caps) {
            return None;
        }
        // Without memory for lattices there is no fade.
        let from = match &self.last {
            None => None,
            Some(recipe) => Some(recipe.blendable(plan.means.team())?),
        };
        let sizes = [from.as_ref().map_or(0, |(from, _)| from.size()), plan.lut_size()];
        // What it comes from, what it goes to, that resized, and a blend for each frame.
        if !plan.may_hold(4 + held_back as u64, sizes.into_iter().max()?) {
            return None;
        }
        let (elapsed, duration) = (Duration::ZERO, plan.transition);
        Some(Fade { from, elapsed, duration, to: None, blend: None })
    }

    /// Whether one look is fading into another.
    pub(crate) fn is_fading(&self) -> bool {
        self.fade.is_some()
    }

    /// How the frame is to be made, given how the plan alone would make it.
    pub(super) fn show(&mut self, recipe: Option<Recipe>, team: Team) -> Option<Recipe> {
        // The fade may use the memory of its last blend again.
        self.last = None;
        let blended = self.fade.as_mut().and_then(|fade| fade.blended(recipe.as_ref(), team));
        self.last = blended.or(recipe);
        self.last.clone()
    }

    /// The frame went through untouched.
    pub(crate) fn show_untouched(&mut self) {
        self.last = None;
    }

    /// The lattices that what is shown needs; some may be the same.
    pub(super) fn held(&self) -> [Option<Held>; MOST_HELD] {
        let last = self.last.as_ref().and_then(Recipe::held);
        let Some(fade) = &self.fade else {
            return [last, None, None, None, None];
        };
        let [to, resized] = match &fade.to {
            Some(to) => to.each_ref().map(|lattice| Some(Held::of(lattice))),
            None => [None; 2],
        };
        let from = fade.from.as_ref().map(|(from, _)| Held::of(from));
        let blend = fade.blend.as_ref().map(Held::of);
        [last, from, to, resized, blend]
    }
}

impl Fade {
    /// The blend at this moment, on the way to a recipe. `None` where there is no memory for one.
    fn blended(&mut self, to: Option<&Recipe>, team: Team) -> Option<Recipe> {
        let (to, interpolation) = match to {
            // What fades away is read as before.
            None => (None, self.from.as_ref()?.1),
            Some(recipe) => {
                let (lattice, interpolation) = recipe.blendable(team)?;
                (Some(lattice), interpolation)
            }
        };
        let from = self.from.iter().map(|(from, _)| from);
        let size = from.chain(&to).map(|lattice| lattice.size()).max()?;
        if let Some((from, _)) = &mut self.from
            && from.size() != size
        {
            *from = Arc::new(from.resized(size, team));
        }
        if let Some(to) = to
            && !self.to.as_ref().is_some_and(|[known, _]| Arc::ptr_eq(known, &to))
        {
            let resized = match to.size() == size {
                true => to.clone(),
                false => Arc::new(to.resized(size, team)),
            };
            self.to = Some([to, resized]);
        }
        let from = self.from.as_ref().map(|(from, _)| from);
        let to = self.to.as_ref().map(|[_, resized]| resized);
        let kind = to.or(from)?;
        let blend = self.blend.take().filter(|blend| blend.size() == size);
        let mut blend = blend.unwrap_or_else(|| Arc::new(Lattice::clone(kind)));
        let share = self.elapsed.as_secs_f64() / self.duration.as_secs_f64();
        Arc::make_mut(&mut blend).blend(simd_level(), from.map(|l| &**l), to.map(|l| &**l), share);
        self.blend = Some(blend.clone());
        Some(Recipe::Lattice(blend, interpolation))
    }
}
