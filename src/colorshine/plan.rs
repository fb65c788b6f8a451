//! Settings, caps and lattice become a [`Plan`]: all that the frame path needs.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use colorshine_core::apply::{BLOCK, Dither, Finish, Job, Reads};
use colorshine_core::frame::{Area, Layout, Planes};
use colorshine_core::lut::{
    Baked, Disk, ErrorReport, Interpolation, Lattice, Origin, Radii, Request, bake_request, prepare,
};
use colorshine_core::model::Look;
use colorshine_core::model::lanes::ToOklab;
use colorshine_core::tolerance::follow::Follower;
use colorshine_core::workers::{Team, level_name, simd_level};
use gst_video::VideoInfo;

use super::Method;
use super::gpu::GpuPath;
use super::measured::Measured;
use super::recipe::{Held, Recipe};
use super::screen::Screen;
use super::settings::Settings;
use crate::frame::Stream;
use crate::telemetry::{Counters, Gauge};

/// 99.9th percentile of a lattice's error, in 8-bit codes, beyond which `method=auto` would rather
/// take the exact model.
const INACCURATE: f64 = 1.0;

/// Frame rate that is assumed where the caps do not tell.
const ASSUMED_FRAMES_PER_SECOND: f64 = 30.0;

/// How long frames are held back while nothing comes, where caps have no frame rate.
const HOLDING_TIME: Duration = Duration::from_millis(40);

/// Share of a frame's time that the exact model may take to count as keeping up.
const KEEPS_UP: f64 = 0.75;

/// Fewest pixels for which a second thread is worth waking.
const PIXELS_PER_THREAD: usize = 32 * 1024;

/// A stream's caps and what they mean.
#[derive(Debug)]
pub(super) struct Caps {
    pub(super) info: VideoInfo,
    pub(super) stream: Stream,
    /// Nanoseconds that a frame has been found to take by the exact model on the GPU, where that is too long.
    pub(super) exact_on_gpu: Gauge,
}

impl Caps {
    pub(super) fn new(info: &VideoInfo) -> Self {
        Self { info: info.clone(), stream: Stream::new(info), exact_on_gpu: Gauge::default() }
    }

    pub(super) fn pixels(&self) -> usize {
        self.info.width() as usize * self.info.height() as usize
    }

    /// The whole picture, as far as caps tell.
    #[cfg(feature = "gpu")]
    pub(super) fn area(&self) -> Area {
        let [width, height] = [self.info.width(), self.info.height()].map(|length| length as usize);
        Area { columns: [0, width], rows: [0, height], processed_until: width }
    }

    /// Whether the caps tell how long a frame takes.
    pub(super) fn has_frame_rate(&self) -> bool {
        let fps = self.info.fps();
        fps.numer() > 0 && fps.denom() > 0
    }

    /// Time that a frame may take.
    pub(super) fn frame_time(&self) -> Duration {
        let fps = self.info.fps();
        let rate = match self.has_frame_rate() {
            true => f64::from(fps.numer()) / f64::from(fps.denom()),
            false => ASSUMED_FRAMES_PER_SECOND,
        };
        Duration::from_secs_f64(1.0 / rate)
    }

    /// How long frames are held back while nothing comes.
    pub(super) fn holding_time(&self) -> Duration {
        if self.has_frame_rate() { self.frame_time() } else { HOLDING_TIME }
    }

    /// Whether the stream goes on in time if the exact model takes so long over a frame.
    pub(super) fn keeps_up(&self, needs: Duration) -> bool {
        needs <= self.frame_time().mul_f64(KEEPS_UP)
    }
}

/// A mapped frame.
pub(super) struct Frame<'a, 'b> {
    pub(super) planes: &'a mut Planes<'b>,
    pub(super) layout: &'a Layout,
    pub(super) area: Area,
}

impl Frame<'_, '_> {
    /// The whole picture, whatever share of it is processed.
    pub(super) fn picture(&self) -> Area {
        Area { processed_until: self.area.columns[1], ..self.area }
    }

    /// Width and height of the picture.
    pub(super) fn size(&self) -> [usize; 2] {
        [self.area.columns, self.area.rows].map(|[first, end]| end.saturating_sub(first))
    }
}

/// What a frame is to look like, beside its plan.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) mix: f64,
    pub(super) split: f64,
    /// Time since the frame before.
    pub(super) since: Duration,
}

impl Moment {
    /// Whether any of the effect can be seen.
    pub(super) fn is_visible(&self) -> bool {
        self.mix > 0.0 && self.split > 0.0
    }
}

/// How a plan's frames are made.
#[derive(Debug)]
enum Work {
    /// They are not: they pass through.
    Identity,
    /// All alike, with these radii. What was baked is kept for others as long as it is in use.
    Fixed { radii: Vec<f64>, recipe: Recipe, _baked: Option<Arc<Baked>> },
    /// With radii of their own.
    Measured(Box<Measured>),
}

/// Lattice or exact model.
#[derive(Clone, Debug)]
struct Choice {
    /// Nodes per axis of the lattice; `None` for the exact model.
    lut_size: Option<usize>,
    /// Error of the lattice, or of the one that was found too inaccurate.
    report: ErrorReport,
    notice: Option<Notice>,
}

/// Something about a plan that the user should hear of once.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Notice {
    /// The exact model would be wanted but is too slow: the lattice's error in codes, and the times
    /// that a frame would need and has.
    TooSlowForExact(f64, Duration, Duration),
}

impl std::fmt::Display for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self::TooSlowForExact(codes, needs, has) = self;
        write!(
            f,
            "the lookup table's error is {codes:.1} codes at the 99.9th percentile, but the exact model \
             would take {needs:.1?} of the {has:.1?} that a frame has; method=exact insists on it"
        )
    }
}

/// All that the frame path needs.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) caps: Arc<Caps>,
    /// The model's settings.
    pub(super) look: Look,
    /// How long the look on screen takes to become this one.
    pub(super) transition: Duration,
    /// What is asked for, without radii where those are measured.
    request: Request,
    method: Method,
    /// Made once radii are known, and again when measured ones have become others.
    choice: Mutex<Option<Choice>>,
    work: Work,
    threads: usize,
    tile_size: Option<usize>,
    dither: Dither,
}

impl Plan {
    /// The plan for some settings and caps; bakes with a team where no one has yet and no file is found
    /// sooner.
    pub(super) fn new(
        settings: &Settings,
        caps: Arc<Caps>,
        counters: &Counters,
        team: Team,
        disk: Option<&Arc<Disk>>,
    ) -> Self {
        let look = settings.look(caps.stream.primaries);
        let mut plan = Self {
            transition: settings.transition(),
            request: Request {
                look: look.clone(),
                radii: Radii::Known(Vec::new()),
                codes: caps.stream.codes,
                size: settings.lut_size(),
                interpolation: settings
                    .interpolation
                    .unwrap_or_else(|| Interpolation::of(&caps.stream.codes)),
                memory_limit: settings.lattice_limit(),
            },
            method: settings.method,
            choice: Mutex::default(),
            work: Work::Identity,
            threads: settings.threads().min(caps.pixels() / PIXELS_PER_THREAD).max(1),
            tile_size: settings.tile_size(),
            dither: settings.dither,
            look,
            caps,
        };
        if plan.look.is_identity() {
            return plan;
        }
        match Radii::of(&plan.look, settings.tolerance_reference) {
            Some(radii) => plan.fix(radii, counters, team, disk),
            None => {
                let to_oklab = ToOklab::of_look(&plan.caps.stream.codes, &plan.look);
                let measured = Measured::new(to_oklab, settings.adaptation());
                plan.work = Work::Measured(Box::new(measured));
            }
        }
        plan
    }

    /// Settles on one recipe for all frames.
    fn fix(&mut self, radii: Radii, counters: &Counters, team: Team, disk: Option<&Arc<Disk>>) {
        self.request.radii = radii;
        let mut kept = None;
        let choice = self.choose(&self.request, |request| {
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
            None => self.request.radii.find(&self.look, simd_level(), team),
        };
        let lattice = kept.as_ref().and_then(|baked| baked.lattice.clone());
        let recipe = match lattice.filter(|_| choice.lut_size.is_some()) {
            Some(lattice) => Recipe::Lattice(lattice, self.request.interpolation),
            None => {
                kept = None;
                Recipe::exact(&self.request, &radii)
            }
        };
        self.choice = Mutex::new(Some(choice));
        self.work = Work::Fixed { radii, recipe, _baked: kept };
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
            let pixels = self.caps.pixels() as f64 / self.threads as f64;
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

    /// Size and method, once they are settled.
    fn choice(&self) -> Option<Choice> {
        self.choice.lock().unwrap_or_else(PoisonError::into_inner).clone()
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
            *self.choice.lock().unwrap_or_else(PoisonError::into_inner) = Some(choice.clone());
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
        if !self.transition.is_zero() {
            recipe.blendable(Team::alone());
        }
        recipe
    }

    /// Makes the recipe for radii that were measured before the plan is shown.
    pub(super) fn settle(&self, radii: Vec<f64>, counters: &Counters) {
        if let Some(measured) = self.measured() {
            let recipe = self.recipe_beside(&radii, false, counters);
            measured.show(radii, recipe);
        }
    }

    /// The part that changes with the picture, where there is one.
    pub(super) fn measured(&self) -> Option<&Measured> {
        match &self.work {
            Work::Measured(measured) => Some(measured),
            _ => None,
        }
    }

    /// How frames are made, as far as that is known.
    pub(super) fn recipe(&self) -> Option<Recipe> {
        match &self.work {
            Work::Identity => None,
            Work::Fixed { recipe, .. } => Some(recipe.clone()),
            Work::Measured(measured) => measured.recipe(),
        }
    }

    /// Something that the user should hear of once; for plans that measure frames it is known with the
    /// first of them.
    pub(super) fn notice(&self) -> Option<Notice> {
        self.choice()?.notice
    }

    /// The radii in use, one per attractor; none where nothing has been measured, or nothing is done.
    pub(super) fn radii(&self) -> Vec<f64> {
        match &self.work {
            Work::Identity => Vec::new(),
            Work::Fixed { radii, .. } => radii.clone(),
            Work::Measured(measured) => measured.radii(),
        }
    }

    /// The measured error of the lookup table that is in use, or was found too inaccurate.
    pub(super) fn report(&self) -> ErrorReport {
        self.choice().map(|choice| choice.report).unwrap_or_default()
    }

    /// Whether frames pass through untouched, whatever `mix` and `split` say.
    pub(super) fn is_identity(&self) -> bool {
        matches!(self.work, Work::Identity)
    }

    /// The method in use, by its nick.
    pub(super) fn method_nick(&self) -> &'static str {
        match self.choice() {
            Some(choice) if choice.lut_size.is_some() => "lut",
            Some(_) => "exact",
            None => "none",
        }
    }

    /// How values between the nodes of the lattice in use are found.
    pub(super) fn interpolation_nick(&self) -> &'static str {
        match self.lut_size() {
            0 => "none",
            _ => self.request.interpolation.name(),
        }
    }

    /// Whether the exact model was chosen, and not asked for.
    #[cfg(feature = "gpu")]
    pub(super) fn has_chosen_exact(&self) -> bool {
        self.method == Method::Auto && self.choice().is_some_and(|choice| choice.lut_size.is_none())
    }

    /// Nodes per axis of the lattice in use; 0 for none.
    pub(super) fn lut_size(&self) -> usize {
        self.choice().and_then(|choice| choice.lut_size).unwrap_or(0)
    }

    /// In words: method, and why it was taken, and radii.
    pub(super) fn summary(&self) -> String {
        let Some(choice) = self.choice() else {
            return match self.work {
                Work::Identity => "nothing to do".into(),
                _ => "waiting for a frame to measure".into(),
            };
        };
        let ErrorReport { max_codes, p999_codes } = choice.report;
        let error = format!(
            "off by {p999_codes:.2} codes at the 99.9th percentile, {max_codes:.2} at most"
        );
        let method = match choice.lut_size {
            Some(size) => format!("lookup table of {size}, {error}"),
            None if self.method == Method::Exact => "the exact model, as asked for".into(),
            None => format!("the exact model, as even the largest lookup table is {error}"),
        };
        format!("{method}; radii {:.4?}; {} on the CPU", self.radii(), level_name(simd_level()))
    }

    /// The lattice in use.
    pub(super) fn held(&self) -> Option<Held> {
        self.recipe().and_then(|recipe| recipe.held())
    }

    /// Whether `count` lattices of a size may be held at once.
    pub(super) fn may_hold(&self, count: u64, size: usize) -> bool {
        count * Lattice::bytes_of(&self.request.codes, size) <= self.request.memory_limit
    }

    /// What the way over the GPU may take beside the bytes that are held, with a number of frames under way at once.
    #[cfg(feature = "gpu")]
    pub(super) fn budget(&self, frames: usize, held: u64) -> crate::apply::gpu::Budget {
        let memory = self.request.memory_limit.saturating_sub(held);
        crate::apply::gpu::Budget { frames, rows: self.tile_size, memory }
    }

    /// What differences are rounded by.
    #[cfg(feature = "gpu")]
    pub(super) fn dither(&self) -> Dither {
        self.dither
    }

    /// Who works on a frame.
    pub(super) fn team(&self) -> Team {
        Team::of_rows(self.threads)
    }

    /// Processes a mapped frame. Returns whether it has settled how measured frames are computed, so
    /// that [`Self::notice`] may have something new to say.
    pub(super) fn process(
        self: &Arc<Self>,
        frame: &mut Frame<'_, '_>,
        moment: &Moment,
        screen: &mut Screen,
        follower: &mut Follower,
        gpu: &mut GpuPath,
        counters: &Arc<Counters>,
    ) -> bool {
        let [left, right] = frame.area.columns;
        if left >= right || frame.area.rows[0] >= frame.area.rows[1] {
            return false;
        }
        frame.area.processed_until = left + ((right - left) as f64 * moment.split).round() as usize;
        let was_settled = self.choice().is_some();
        let recipe = match &self.work {
            Work::Measured(measured) => {
                Some(measured.follow(self, frame, moment.since, follower, gpu, counters))
            }
            _ => {
                follower.forget();
                self.recipe()
            }
        };
        if !moment.is_visible() {
            screen.show_untouched();
        } else if let Some(recipe) = screen.show(recipe, self.team()) {
            let finish = Finish::new(self.caps.stream.codes.depth, moment.mix);
            if let Some(first_row) = gpu.apply(self, frame, &recipe, &finish, &screen.held()) {
                counters.is_on_gpu.set(0);
                let is_whole = first_row <= frame.area.rows[0];
                let start = Instant::now();
                self.apply_on_cpu(frame, first_row, &recipe, &finish);
                if is_whole {
                    gpu.count_cpu(start.elapsed());
                }
            }
        }
        !was_settled && self.choice().is_some()
    }

    /// Does a frame from a row of luma on, the first of a band, where those before are done.
    pub(super) fn apply_on_cpu(
        &self,
        frame: &mut Frame<'_, '_>,
        first_row: usize,
        recipe: &Recipe,
        finish: &Finish,
    ) {
        let width = self.tile_size.unwrap_or(BLOCK);
        let (reads, dither) = (Reads::fastest(), self.dither);
        let groups = self.groups_per_band(frame);
        let (evaluator, layout, area) = (&recipe.evaluator(), frame.layout, &frame.area);
        let job = Job { layout, area, width, evaluator, reads, finish, dither };
        let rows = [first_row.max(area.rows[0]), area.rows[1]];
        if rows[0] >= rows[1] {
            return;
        }
        frame.planes.for_each_band(rows, groups, self.team(), |band| {
            job.apply(simd_level(), band);
        });
    }

    /// Row groups of a band: a tile's, or an equal share for each thread.
    pub(super) fn groups_per_band(&self, frame: &Frame<'_, '_>) -> usize {
        let (layout, rows) = (frame.layout, frame.area.rows[1] - frame.area.rows[0]);
        let groups = match self.tile_size {
            Some(size) => size >> layout.sub_y,
            None => layout.groups(rows).div_ceil(self.threads),
        };
        // Pairs of groups, so that both fields of an interlaced frame stay together.
        groups.max(1).next_multiple_of(2)
    }
}
