//! Settings, caps and lattice become a [`Plan`]: all that the frame path needs.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use gst_video::VideoInfo;

use super::{Method, settings::Settings};
use crate::apply::{self, BLOCK, Dither, Finish, Job, Reads, for_each_block};
use crate::attractor::Attractor;
use crate::color::oklab::RgbSpace;
use crate::frame::{Area, Layout, Planes, Stream};
use crate::lut::{Baked, ErrorReport, Request, bake, bake_request, prepare};
use crate::model::lanes::{ExactKernel, ToOklab};
use crate::model::{Look, Model};
use crate::telemetry::Counters;
use crate::tolerance::distances::Distances;
use crate::tolerance::{self, Reference};
use crate::workers::{Team, simd_level};

/// 99.9th percentile of a lattice's error, in 8-bit codes, beyond which `method=auto` would rather
/// take the exact model.
const INACCURATE: f64 = 1.0;

/// Frame rate that is assumed where the caps do not tell.
const ASSUMED_FRAMES_PER_SECOND: f64 = 30.0;

/// Share of a frame's time that the exact model may take to count as keeping up.
const KEEPS_UP: f64 = 0.75;

/// Fewest pixels for which a second thread is worth waking.
const PIXELS_PER_THREAD: usize = 32 * 1024;

/// A stream's caps and what they mean.
#[derive(Clone, Debug)]
pub(super) struct Caps {
    pub(super) info: VideoInfo,
    pub(super) stream: Stream,
}

impl Caps {
    pub(super) fn new(info: &VideoInfo) -> Self {
        Self { info: info.clone(), stream: Stream::new(info) }
    }

    fn pixels(&self) -> usize {
        self.info.width() as usize * self.info.height() as usize
    }

    /// Time that a frame may take.
    fn frame_time(&self) -> Duration {
        let fps = self.info.fps();
        let rate = match fps.numer() > 0 && fps.denom() > 0 {
            true => f64::from(fps.numer()) / f64::from(fps.denom()),
            false => ASSUMED_FRAMES_PER_SECOND,
        };
        Duration::from_secs_f64(1.0 / rate)
    }
}

/// What is done to a frame.
#[derive(Debug)]
enum Work {
    /// Nothing: it passes through.
    Identity,
    /// The same method for every frame.
    Fixed(apply::Method),
    /// Radii are measured on each frame.
    PerFrame(Box<PerFrame>),
}

/// What is needed to find a method for each frame.
#[derive(Debug)]
struct PerFrame {
    to_oklab: ToOklab,
    /// For the first frame's radii, which settle size and method for those that follow.
    request: Request,
    method: Method,
    choice: OnceLock<Choice>,
    /// Radii of the last frame; empty before the first.
    measured: Mutex<Vec<f64>>,
}

/// How frames that are measured are computed, settled on the first of them.
#[derive(Debug)]
struct Choice {
    /// Nodes per axis of a frame's lattice; `None` for the exact model.
    lut_size: Option<usize>,
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
    work: Work,
    threads: usize,
    tile_size: Option<usize>,
    dither: Dither,
    /// Radii of the attractors; empty where each frame has its own.
    radii: Vec<f64>,
    /// What was baked, as long as it is in use.
    baked: Option<Arc<Baked>>,
    report: ErrorReport,
    notice: Option<Notice>,
}

impl Plan {
    /// The plan for some settings and caps; bakes with a team where no one has yet.
    pub(super) fn new(
        settings: &Settings,
        caps: Arc<Caps>,
        counters: &Counters,
        team: Team,
    ) -> Self {
        let look = settings.look(caps.stream.primaries);
        let mut plan = Self {
            work: Work::Identity,
            threads: settings.threads().min(caps.pixels() / PIXELS_PER_THREAD).max(1),
            tile_size: settings.tile_size(),
            dither: settings.dither,
            radii: Vec::new(),
            baked: None,
            report: ErrorReport::default(),
            notice: None,
            look: look.clone(),
            caps,
        };
        if look.is_identity() {
            return plan;
        }
        match fixed_radii(&look, settings.tolerance_reference, team) {
            Some(radii) => {
                plan.radii = radii;
                plan.fix(settings, counters, team);
            }
            None => {
                plan.work = Work::PerFrame(Box::new(PerFrame {
                    to_oklab: ToOklab::new(
                        &plan.caps.stream.codes,
                        &RgbSpace::new(&look.primaries),
                    ),
                    request: plan.request(settings),
                    method: settings.method,
                    choice: OnceLock::new(),
                    measured: Mutex::default(),
                }));
            }
        }
        plan
    }

    fn request(&self, settings: &Settings) -> Request {
        Request {
            look: self.look.clone(),
            radii: self.radii.clone(),
            codes: self.caps.stream.codes,
            size: settings.lut_size(),
            interpolation: settings.interpolation,
            memory_limit: settings.memory_limit(),
        }
    }

    /// Settles on one method for all frames.
    fn fix(&mut self, settings: &Settings, counters: &Counters, team: Team) {
        let request = self.request(settings);
        if settings.method == Method::Exact {
            self.work = Work::Fixed(exact(&request));
            return;
        }
        let (baked, was_there) = prepare(&request, simd_level(), team);
        if was_there {
            counters.memory_hits.increment();
        } else {
            counters.misses.increment();
            counters.bakes.increment();
            counters.bake_time.set_time(baked.bake_time);
        }
        let choice = self.choose(settings.method, &request, &baked);
        self.work = Work::Fixed(match &baked.lattice {
            Some(lattice) if choice.lut_size.is_some() => {
                self.baked = Some(baked.clone());
                apply::Method::Lattice(lattice.clone(), request.interpolation)
            }
            _ => exact(&request),
        });
        self.report = choice.report;
        self.notice = choice.notice;
    }

    /// Lattice or exact model, from what a bake has measured.
    fn choose(&self, method: Method, request: &Request, baked: &Baked) -> Choice {
        let lut_size = baked.lattice.as_ref().map(|lattice| lattice.size());
        let mut choice = Choice { lut_size, report: baked.report, notice: None };
        let codes = baked.report.p999_codes;
        if method == Method::Auto && request.size.is_none() && codes > INACCURATE {
            let pixels = self.caps.pixels() as f64 / self.threads as f64;
            let needs = Duration::from_secs_f64(1e-9 * baked.exact_nanoseconds * pixels);
            let has = self.caps.frame_time();
            if needs <= has.mul_f64(KEEPS_UP) {
                choice.lut_size = None;
            } else {
                choice.notice = Some(Notice::TooSlowForExact(codes, needs, has));
            }
        }
        choice
    }

    /// Something that the user should hear of once; for plans that measure frames it is known with the
    /// first of them.
    pub(super) fn notice(&self) -> Option<&Notice> {
        match &self.work {
            Work::PerFrame(per_frame) => per_frame.choice.get()?.notice.as_ref(),
            _ => self.notice.as_ref(),
        }
    }

    /// The radii in use, one per attractor; none where nothing has been measured, or nothing is done.
    pub(super) fn radii(&self) -> Vec<f64> {
        match &self.work {
            Work::PerFrame(per_frame) => per_frame.last_radii().clone(),
            _ => self.radii.clone(),
        }
    }

    /// Forgets what was measured on earlier frames.
    pub(super) fn reset(&self) {
        if let Work::PerFrame(per_frame) = &self.work {
            per_frame.last_radii().clear();
        }
    }

    /// The measured error of the lookup table that is in use, or was found too inaccurate.
    pub(super) fn report(&self) -> ErrorReport {
        match &self.work {
            Work::PerFrame(per_frame) => {
                per_frame.choice.get().map(|c| c.report).unwrap_or_default()
            }
            _ => self.report,
        }
    }

    /// Whether frames pass through untouched, whatever `mix` and `split` say.
    pub(super) fn is_identity(&self) -> bool {
        matches!(self.work, Work::Identity)
    }

    /// The method in use, by its nick.
    pub(super) fn method_nick(&self) -> &'static str {
        match &self.work {
            Work::Identity => "none",
            Work::Fixed(apply::Method::Lattice(..)) => "lut",
            Work::Fixed(apply::Method::Exact(..)) => "exact",
            Work::PerFrame(per_frame) => match per_frame.choice.get() {
                Some(choice) if choice.lut_size.is_some() => "lut",
                Some(_) => "exact",
                None => "none",
            },
        }
    }

    /// Nodes per axis of the lattice in use; 0 for none.
    pub(super) fn lut_size(&self) -> usize {
        match &self.work {
            Work::Fixed(apply::Method::Lattice(lattice, _)) => lattice.size(),
            Work::PerFrame(per_frame) => {
                per_frame.choice.get().and_then(|choice| choice.lut_size).unwrap_or(0)
            }
            _ => 0,
        }
    }

    /// Processes a mapped frame. Returns whether it has settled how measured frames are computed, so
    /// that [`Self::notice`] may have something new to say.
    pub(super) fn process(
        &self,
        planes: &mut Planes<'_>,
        layout: &Layout,
        mut area: Area,
        mix: f64,
        split: f64,
        counters: &Counters,
    ) -> bool {
        let [left, right] = area.columns;
        if left >= right || area.rows[0] >= area.rows[1] {
            return false;
        }
        area.processed_until = left + ((right - left) as f64 * split).round() as usize;
        let finish = Finish::new(self.caps.stream.codes.depth, mix);
        match &self.work {
            Work::Identity => false,
            Work::Fixed(method) => {
                self.apply(planes, layout, &area, method, &finish);
                false
            }
            Work::PerFrame(per_frame) => {
                let is_first = per_frame.choice.get().is_none();
                let radii = self.measure(planes, layout, &area, per_frame);
                let method = self.method_for(per_frame, &radii, counters);
                self.apply(planes, layout, &area, &method, &finish);
                *per_frame.last_radii() = radii;
                is_first
            }
        }
    }

    fn apply(
        &self,
        planes: &mut Planes<'_>,
        layout: &Layout,
        area: &Area,
        method: &apply::Method,
        finish: &Finish,
    ) {
        let width = self.tile_size.unwrap_or(BLOCK);
        let (reads, dither) = (Reads::fastest(), self.dither);
        let job = Job { layout, area, width, method, reads, finish, dither };
        let groups = self.groups_per_band(layout, area);
        planes.for_each_band(area.rows, groups, Team::of_rows(self.threads), |band| {
            job.apply(simd_level(), band);
        });
    }

    /// Row groups of a band: a tile's, or an equal share for each thread.
    fn groups_per_band(&self, layout: &Layout, area: &Area) -> usize {
        let rows = area.rows[1] - area.rows[0];
        let groups = match self.tile_size {
            Some(size) => size >> layout.sub_y,
            None => layout.groups(rows).div_ceil(self.threads),
        };
        // Pairs of groups, so that both fields of an interlaced frame stay together.
        groups.max(1).next_multiple_of(2)
    }

    /// The radii of a frame.
    fn measure(
        &self,
        planes: &mut Planes<'_>,
        layout: &Layout,
        area: &Area,
        per_frame: &PerFrame,
    ) -> Vec<f64> {
        // The whole picture counts, whatever share of it is processed.
        let picture = Area { processed_until: area.columns[1], ..*area };
        let attractors = &self.look.attractors;
        // There the model has a step at the radius, and a bin's width would move pixels across it.
        let is_step = |attractor: &Attractor| attractor.strength > 100.0;
        let wants_exact = self.look.model == Model::Classic && attractors.iter().any(is_step);
        let total = Mutex::new(Distances::new(attractors, wants_exact));
        let groups = self.groups_per_band(layout, &picture);
        planes.for_each_band(picture.rows, groups, Team::of_rows(self.threads), |band| {
            let mut counted = Distances::new(attractors, wants_exact);
            let mut lab = [[0f32; BLOCK]; 3];
            for_each_block(band, layout, &picture, simd_level(), |codes| {
                let length = codes[0].len();
                for (lab, codes) in lab.iter_mut().zip(codes) {
                    lab.iter_mut().zip(codes).for_each(|(lab, code)| *lab = f32::from(*code));
                }
                let [l, a, b] = &mut lab;
                let [l, a, b] = [&mut l[..length], &mut a[..length], &mut b[..length]];
                per_frame.to_oklab.convert(simd_level(), [&mut *l, &mut *a, &mut *b]);
                counted.count([l, a, b]);
            });
            total.lock().unwrap_or_else(PoisonError::into_inner).merge(counted);
        });
        total.into_inner().unwrap_or_else(PoisonError::into_inner).radii(attractors)
    }

    /// The method for a frame of the given radii. The first frame settles size and method; bakes are in
    /// the stream here, because each frame is to have its own.
    fn method_for(
        &self,
        per_frame: &PerFrame,
        radii: &[f64],
        counters: &Counters,
    ) -> apply::Method {
        let request = Request { radii: radii.to_vec(), ..per_frame.request.clone() };
        if per_frame.method == Method::Exact {
            let choice = || Choice { lut_size: None, report: ErrorReport::default(), notice: None };
            per_frame.choice.get_or_init(choice);
            return exact(&request);
        }
        let team = Team::of_rows(self.threads);
        let choice = per_frame.choice.get_or_init(|| {
            let baked = bake_request(&request, simd_level(), team);
            self.choose(per_frame.method, &request, &baked)
        });
        let Some(size) = choice.lut_size else {
            return exact(&request);
        };
        let start = Instant::now();
        let kernel = ExactKernel::new(&request.look, radii, &request.codes, simd_level());
        let lattice = bake(&kernel, &request.codes, size, team);
        counters.bakes.increment();
        counters.bake_time.set_time(start.elapsed());
        apply::Method::Lattice(Arc::new(lattice), request.interpolation)
    }
}

impl PerFrame {
    fn last_radii(&self) -> MutexGuard<'_, Vec<f64>> {
        self.measured.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The exact model of a request.
fn exact(request: &Request) -> apply::Method {
    let Request { look, radii, codes, .. } = request;
    apply::Method::Exact(Box::new(ExactKernel::new(look, radii, codes, simd_level())), codes.depth)
}

/// The radii that no frame is needed for; `None` where they come from the frames.
pub(super) fn fixed_radii(look: &Look, reference: Reference, team: Team) -> Option<Vec<f64>> {
    let (set, primaries) = (&look.attractors, &look.primaries);
    match reference {
        Reference::Frame => None,
        Reference::Absolute => Some(set.iter().map(|a| a.tolerance / 100.0).collect()),
        Reference::Gamut => {
            let points = tolerance::gamut::POINTS;
            Some(tolerance::gamut::radii(set, primaries, points, simd_level(), team))
        }
    }
}
