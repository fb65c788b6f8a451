//! Radii that follow the picture over time.
//!
//! A radius moves towards what the frame at hand measures by 1 - exp(-dt / tau), so that noise and motion
//! do not make it tremble, and starts afresh with each scene. Some of a frame's pixels stand for all: as many
//! as accuracy needs, and others from frame to frame, so that over the time constant all have their say.

use std::time::Duration;

use super::bars::Bars;
use super::grid::{Grid, Pattern};
use super::histogram::Histograms;
use super::scene::ColorDistribution;
use crate::attractor::Attractor;
use crate::workers::simd_level;

/// How far a radius may be from that of all pixels.
const ACCURATE: f64 = 0.0005;

/// Standard errors that are to lie within that.
const SURELY: f64 = 2.5;

/// Fewest pixels that are measured of every frame.
const FEWEST: usize = 4 * 1024;

/// Most pixels that are measured of every frame: a share of them all, or this number where that is more.
const MOST: (usize, usize) = (32, 32 * 1024);

/// Pixels that are measured where a scene begins, as no other frames add to them.
const PIXELS_AT_FIRST: usize = 256 * 1024;

/// What a frame has meant for the radii.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The first frame, or the first after [`Follower::forget`].
    Start,
    /// The first frame of another scene.
    Cut,
    /// One of the same scene.
    Drift,
}

/// The radii of a set of attractors, following a picture.
#[derive(Debug, Default)]
pub struct Follower {
    grid: Grid,
    /// Counts frames, for the grid's pattern.
    turn: u32,
    bars: Bars,
    histograms: Histograms,
    /// Colours of the frame at hand and of the one before.
    scenes: [ColorDistribution; 2],
    /// Colour and tolerance of the attractors whose radii are followed.
    followed: Vec<([f64; 3], f64)>,
    /// Their radii.
    radii: Vec<f64>,
    /// Pixels that would make the radii accurate.
    wanted: usize,
    has_started: bool,
}

impl Follower {
    /// Takes in a frame of `size` pixels that came `since` the one before. `read` fills a grid for its
    /// pattern and size.
    ///
    /// The radii of `set` are [`Self::radii`] afterwards. An attractor that is new in the set starts with
    /// what this frame measures.
    pub fn follow(
        &mut self,
        set: &[Attractor],
        size: [usize; 2],
        since: Duration,
        time_constant: Duration,
        read: &mut dyn FnMut(&mut Grid),
    ) -> Step {
        let mut take = |grid: &mut Grid, pixels: usize, turn: u32| {
            (grid.size, grid.pattern) = (size, Pattern::new(size, pixels, turn));
            read(grid);
        };
        self.turn = self.turn.wrapping_add(1);
        let pixels = if self.has_started { self.wanted(size) } else { PIXELS_AT_FIRST };
        take(&mut self.grid, pixels, self.turn);
        let mut has_picture = self.bars.see(&self.grid, self.has_started.then_some(since));
        self.scenes.swap(0, 1);
        self.count_scene();
        let [now, before] = &self.scenes;
        let step = match self.has_started {
            false => Step::Start,
            true if now.is_cut(before, since) => Step::Cut,
            true => Step::Drift,
        };
        if step == Step::Cut {
            take(&mut self.grid, PIXELS_AT_FIRST, self.turn);
            has_picture = self.bars.see(&self.grid, None);
            self.count_scene();
        }
        self.has_started = true;

        let share = match step {
            Step::Drift => -(-since.as_secs_f64() / time_constant.as_secs_f64()).exp_m1(),
            Step::Start | Step::Cut => 1.0,
        };
        // A frame that is black all over has nothing to say of radii that are known.
        let share = if has_picture || step == Step::Start { share } else { 0.0 };
        self.move_radii(set, share);
        let constant = time_constant.max(since);
        self.count_wanted(set, -(-since.as_secs_f64() / constant.as_secs_f64()).exp_m1());
        step
    }

    /// Pixels to be measured of a frame.
    fn wanted(&self, size: [usize; 2]) -> usize {
        let (share, number) = MOST;
        self.wanted.clamp(FEWEST, (size[0] * size[1] / share).max(number))
    }

    /// Finds how many pixels the next frame should be measured by, if radii are moved by a share of what
    /// it says.
    fn count_wanted(&mut self, set: &[Attractor], share: f64) {
        let [columns, rows] = self.grid.counts();
        let measured = columns * rows;
        // Of errors that do not depend on each other this much is left in the radius that follows.
        let left = (share / (2.0 - share)).sqrt();
        let error = self.histograms.errors(set).fold(0.0, f64::max) * left;
        let wanted = measured as f64 * (SURELY * error / ACCURATE).powi(2);
        // More at once, fewer slowly, as one frame's error is an estimate.
        self.wanted = (wanted as usize).max(self.wanted - self.wanted / 8);
    }

    /// The radii of another set, whose turn comes later: as followed where they are, else as a frame of
    /// `size` pixels measures them.
    pub fn radii_of(
        &mut self,
        set: &[Attractor],
        size: [usize; 2],
        read: &mut dyn FnMut(&mut Grid),
    ) -> Vec<f64> {
        (self.grid.size, self.grid.pattern) =
            (size, Pattern::new(size, PIXELS_AT_FIRST, self.turn));
        read(&mut self.grid);
        if !self.has_started {
            self.bars.see(&self.grid, None);
        }
        self.measure(set);
        let measured = self.histograms.radii(set);
        set.iter().zip(measured).map(|(a, measured)| self.known(a).unwrap_or(measured)).collect()
    }

    /// The radii of the set that was followed last, in its order.
    pub fn radii(&self) -> &[f64] {
        &self.radii
    }

    /// The colours that were taken of the last frame.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// Starts afresh with the next frame.
    pub fn forget(&mut self) {
        self.has_started = false;
        self.followed.clear();
        self.radii.clear();
    }

    fn count_scene(&mut self) {
        let now = &mut self.scenes[0];
        *now = ColorDistribution::default();
        for lab in self.bars.between(&self.grid) {
            now.count(lab);
        }
    }

    fn measure(&mut self, set: &[Attractor]) {
        self.histograms.begin(set);
        for lab in self.bars.between(&self.grid) {
            self.histograms.count(simd_level(), lab);
        }
    }

    /// The radius of an attractor that is followed.
    fn known(&self, attractor: &Attractor) -> Option<f64> {
        let key = key(attractor);
        let index = self.followed.iter().position(|followed| *followed == key)?;
        Some(self.radii[index])
    }

    /// Moves the radii a share of the way to what the frame at hand measures.
    fn move_radii(&mut self, set: &[Attractor], share: f64) {
        self.measure(set);
        if !self.followed.iter().copied().eq(set.iter().map(key)) {
            let measured = self.histograms.radii(set);
            let each = set.iter().zip(measured);
            let radii = each.map(|(a, measured)| self.known(a).unwrap_or(measured)).collect();
            self.radii = radii;
            self.followed = set.iter().map(key).collect();
        }
        for (radius, measured) in self.radii.iter_mut().zip(self.histograms.radii(set)) {
            *radius += (measured - *radius) * share;
        }
    }
}

/// What tells attractors apart, as far as radii go.
fn key(attractor: &Attractor) -> ([f64; 3], f64) {
    (attractor.lab, attractor.tolerance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attractor::parse;
    use crate::tolerance::percentile;

    const SIZE: [usize; 2] = [320, 180];
    const TAU: Duration = Duration::from_millis(500);

    /// The Oklab of a pixel of a picture without edges: spread over lightness and hue, then made `share` as
    /// light and as colourful.
    fn pixel([x, y]: [usize; 2], share: f32) -> [f32; 3] {
        let hash = (x * 7919 + y * 104_729).wrapping_mul(2_654_435_761) as u32;
        let [l, a, b] = [0, 10, 20].map(|shift| ((hash >> shift) & 1023) as f32 / 1023.0);
        [(0.3 + 0.6 * l) * share, (a - 0.5) * 0.2 * share, (b - 0.5) * 0.2 * share]
    }

    fn fill(grid: &mut Grid, colour: impl Fn([usize; 2]) -> [f32; 3]) {
        let [columns, rows] = grid.counts();
        grid.lab.iter_mut().for_each(Vec::clear);
        for row in 0..rows {
            for column in 0..columns {
                let at = [grid.pattern.place(0, column), grid.pattern.place(1, row)];
                let lab = colour(at);
                grid.lab.iter_mut().zip(lab).for_each(|(list, v)| list.push(v));
            }
        }
    }

    /// The radii of all pixels of a picture.
    fn whole(set: &[Attractor], colour: impl Fn([usize; 2]) -> [f32; 3]) -> Vec<f64> {
        let radius = |a: &Attractor| {
            let distance = |i: usize| {
                let lab = colour([i % SIZE[0], i / SIZE[0]]).map(f64::from);
                crate::model::distance(lab, a.lab) as f32
            };
            let mut distances: Vec<f32> = (0..SIZE[0] * SIZE[1]).map(distance).collect();
            percentile(&mut distances, a.tolerance)
        };
        set.iter().map(radius).collect()
    }

    #[test]
    fn some_pixels_stand_for_all() {
        let set = parse("teal;40;60|#ff8a3d;75;60|white;5;60").unwrap();
        let want = whole(&set, |at| pixel(at, 1.0));
        let mut follower = Follower::default();
        for frame in 0..120 {
            let since = Duration::from_nanos(16_666_667);
            follower.follow(&set, SIZE, since, TAU, &mut |grid| fill(grid, |at| pixel(at, 1.0)));
            for (radius, want) in follower.radii().iter().zip(&want) {
                assert!((radius - want).abs() < 0.0005, "{frame}: {radius}, not {want}");
            }
        }
    }

    #[test]
    fn radii_move_by_the_time_constant_at_any_frame_rate() {
        let set = parse("teal;40;60").unwrap();
        let [before, after] = [1.0, 0.91].map(|share| whole(&set, |at| pixel(at, share))[0]);
        assert!((before - after).abs() > 0.01, "{before} {after}");
        for milliseconds in [10, 40, 125] {
            let since = Duration::from_millis(milliseconds);
            let mut follower = Follower::default();
            let mut show = |share: f32| {
                let step = follower
                    .follow(&set, SIZE, since, TAU, &mut |grid| fill(grid, |at| pixel(at, share)));
                (step, follower.radii()[0])
            };
            assert_eq!(show(1.0).0, Step::Start);
            for frame in 1..=1000 / milliseconds {
                let (step, radius) = show(0.91);
                assert_eq!(step, Step::Drift);
                let time = (frame * milliseconds) as f64 / 1000.0;
                let want = after + (before - after) * (-time / TAU.as_secs_f64()).exp();
                assert!(
                    (radius - want).abs() < 0.0008,
                    "{milliseconds} {frame}: {radius}, not {want}"
                );
            }
        }
    }

    #[test]
    fn a_cut_is_followed_at_once_and_a_fade_is_no_cut() {
        let set = parse("teal;40;60").unwrap();
        let since = Duration::from_millis(40);
        let mut follower = Follower::default();
        let mut show = |colour: &dyn Fn([usize; 2]) -> [f32; 3]| {
            let step = follower.follow(&set, SIZE, since, TAU, &mut |grid| fill(grid, colour));
            (step, follower.radii()[0])
        };
        for frame in 0..5 {
            let step = show(&|at| pixel(at, 1.0)).0;
            assert_eq!(step, if frame == 0 { Step::Start } else { Step::Drift });
        }
        // Another scene.
        let other = |at| pixel(at, 0.6).map(|v| v + 0.1);
        let want = whole(&set, other)[0];
        let (step, radius) = show(&other);
        assert_eq!(step, Step::Cut);
        assert!((radius - want).abs() < 0.0005, "{radius}, not {want}");
        // Back, then to black and back again in a second each.
        assert_eq!(show(&|at| pixel(at, 1.0)).0, Step::Cut);
        for frame in (0..25).rev().chain(0..=25) {
            let share = frame as f32 / 25.0;
            // A picture's code values are faded, which Oklab's are about, but for the last steps from black.
            let (step, _) = show(&|at| pixel(at, share));
            assert_eq!(step, Step::Drift, "{frame}");
        }
    }

    #[test]
    fn black_frames_and_black_bars_do_not_count() {
        let set = parse("teal;40;60|white;10;50").unwrap();
        let want = whole(&set, |at| pixel(at, 1.0));
        let black = [0.05, 0.0, 0.0];
        let letterbox = |[x, y]: [usize; 2]| match y {
            20..160 => pixel([x, y], 1.0),
            _ => black,
        };
        let pillarbox = |[x, y]: [usize; 2]| match x {
            40..280 => pixel([x, y], 1.0),
            _ => black,
        };
        let since = Duration::from_millis(40);
        for (name, picture) in [
            ("letterbox", &letterbox as &dyn Fn([usize; 2]) -> [f32; 3]),
            ("pillarbox", &pillarbox),
        ] {
            let mut follower = Follower::default();
            let mut show = |colour: &dyn Fn([usize; 2]) -> [f32; 3]| {
                follower.follow(&set, SIZE, since, TAU, &mut |grid| fill(grid, colour));
                for (radius, want) in follower.radii().iter().zip(&want) {
                    // The picture between the bars is a part of the whole one.
                    assert!((radius - want).abs() < 0.002, "{name}: {radius}, not {want}");
                }
            };
            (0..5).for_each(|_| show(picture));
            (0..5).for_each(|_| show(&|_| black));
            (0..5).for_each(|_| show(picture));
        }
    }

    #[test]
    fn attractors_that_stay_keep_their_radii() {
        let [one, two] = ["teal;40;60", "red;20;50|teal;40;90;l"].map(|text| parse(text).unwrap());
        let since = Duration::from_millis(40);
        let mut follower = Follower::default();
        let read = |share: f32| move |grid: &mut Grid| fill(grid, |at| pixel(at, share));
        follower.follow(&one, SIZE, since, TAU, &mut read(1.0));
        let kept = follower.radii()[0];
        follower.follow(&two, SIZE, Duration::ZERO, TAU, &mut read(0.95));
        assert_eq!(follower.radii()[1], kept, "no time has gone by");
        let want = whole(&two, |at| pixel(at, 0.95))[0];
        assert!((follower.radii()[0] - want).abs() < 0.003, "a new one starts as measured");
        follower.forget();
        assert_eq!(follower.follow(&two, SIZE, since, TAU, &mut read(0.95)), Step::Start);
        assert!(follower.radii()[1] != kept);
    }
}
