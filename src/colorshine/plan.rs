//! Settings, caps and lattice become a [`Plan`]: all that the frame path needs.

use std::sync::Arc;
use std::time::Duration;

use gst_video::VideoInfo;

use super::{Method, settings::Settings};
use crate::apply::{self, BLOCK, Finish, Job, for_each_block};
use crate::color::oklab::RgbSpace;
use crate::frame::{Area, Layout, Planes, Stream};
use crate::lut::{Baked, Interpolation, Request, bake, prepare};
use crate::model::Look;
use crate::model::lanes::{ExactKernel, ToOklab};
use crate::telemetry::Counters;
use crate::tolerance::histogram::Histograms;
use crate::tolerance::{self, Reference};
use crate::workers::simd_level;

/// 99.9th percentile of a lattice's error, in 8-bit codes, beyond which `method=auto` would rather
/// take the exact model.
const INACCURATE: f64 = 1.0;

/// Frame rate that is assumed where the caps do not tell.
const ASSUMED_FRAMES_PER_SECOND: f64 = 30.0;

/// Share of a frame's time that the exact model may take to count as keeping up.
const KEEPS_UP: f64 = 0.75;

/// Nodes per axis for `tolerance-reference=frame` where `lut-size` leaves it open: each frame needs a
/// lattice of its own, so trying sizes would cost more than it gives.
const SIZE_PER_FRAME: usize = 33;

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
    look: Look,
    to_oklab: ToOklab,
    interpolation: Interpolation,
    /// Nodes per axis of a frame's lattice; `None` for the exact model.
    lut_size: Option<usize>,
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
            "the lookup table is off by {codes:.1} codes (99.9 % of colours are nearer), but the exact \
             model would take {needs:.1?} of the {has:.1?} that a frame has; method=exact insists on it"
        )
    }
}

/// All that the frame path needs.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) caps: Arc<Caps>,
    work: Work,
    threads: usize,
    tile_size: Option<usize>,
    /// Radii of the attractors; empty where each frame has its own.
    pub(super) radii: Vec<f64>,
    /// What was baked, if anything.
    pub(super) baked: Option<Arc<Baked>>,
    pub(super) notice: Option<Notice>,
}

impl Plan {
    /// The plan for some settings and caps; bakes on up to `threads` threads where no one has yet.
    pub(super) fn new(
        settings: &Settings,
        caps: Arc<Caps>,
        counters: &Counters,
        threads: usize,
    ) -> Self {
        let look = settings.look(caps.stream.primaries);
        let mut plan = Self {
            work: Work::Identity,
            threads: settings.threads().min(caps.pixels() / PIXELS_PER_THREAD).max(1),
            tile_size: settings.tile_size(),
            radii: Vec::new(),
            baked: None,
            notice: None,
            caps,
        };
        if look.is_identity() {
            return plan;
        }
        match settings.tolerance_reference {
            Reference::Frame => plan.work = per_frame(look, settings, &plan.caps.stream),
            Reference::Absolute => {
                plan.radii = look.attractors.iter().map(|a| a.tolerance / 100.0).collect();
                plan.fix(look, settings, counters, threads);
            }
            Reference::Gamut => {
                let (set, primaries) = (&look.attractors, &look.primaries);
                let points = tolerance::gamut::POINTS;
                plan.radii = tolerance::gamut::radii(set, primaries, points, simd_level());
                plan.fix(look, settings, counters, threads);
            }
        }
        plan
    }

    /// Settles on one method for all frames.
    fn fix(&mut self, look: Look, settings: &Settings, counters: &Counters, threads: usize) {
        let codes = self.caps.stream.codes;
        let kernel = || ExactKernel::new(&look, &self.radii, &codes, simd_level());
        let exact = || apply::Method::Exact(Box::new(kernel()), codes.depth);
        if settings.method == Method::Exact {
            self.work = Work::Fixed(exact());
            return;
        }
        let request = Request {
            look: look.clone(),
            radii: self.radii.clone(),
            codes,
            size: settings.lut_size(),
            interpolation: settings.interpolation,
            memory_limit: settings.memory_limit(),
        };
        let (baked, was_there) = prepare(&request, simd_level(), threads);
        if was_there {
            counters.memory_hits.increment();
        } else {
            counters.misses.increment();
            counters.bakes.increment();
            counters.bake_time.set_time(baked.bake_time);
        }
        let is_inaccurate = baked.report.p999_codes > INACCURATE;
        let mut wants_exact = baked.lattice.is_none();
        if settings.method == Method::Auto && settings.lut_size().is_none() && is_inaccurate {
            let pixels = self.caps.pixels() as f64 / self.threads as f64;
            let needs = Duration::from_secs_f64(1e-9 * baked.exact_nanoseconds * pixels);
            let has = self.caps.frame_time();
            wants_exact |= needs <= has.mul_f64(KEEPS_UP);
            if !wants_exact {
                let codes = baked.report.p999_codes;
                self.notice = Some(Notice::TooSlowForExact(codes, needs, has));
            }
        }
        let method = match &baked.lattice {
            Some(lattice) if !wants_exact => {
                apply::Method::Lattice(lattice.clone(), settings.interpolation)
            }
            _ => exact(),
        };
        self.work = Work::Fixed(method);
        self.baked = Some(baked);
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
            Work::PerFrame(per_frame) if per_frame.lut_size.is_some() => "lut",
            Work::PerFrame(_) => "exact",
        }
    }

    /// Nodes per axis of the lattice in use; 0 for none.
    pub(super) fn lut_size(&self) -> usize {
        match &self.work {
            Work::Fixed(apply::Method::Lattice(lattice, _)) => lattice.size(),
            Work::PerFrame(per_frame) => per_frame.lut_size.unwrap_or(0),
            _ => 0,
        }
    }

    /// Processes a mapped frame. Returns the radii where they were measured on this frame.
    pub(super) fn process(
        &self,
        planes: &mut Planes<'_>,
        layout: &Layout,
        mut area: Area,
        mix: f64,
        split: f64,
    ) -> Option<Vec<f64>> {
        let [left, right] = area.columns;
        if left >= right || area.rows[0] >= area.rows[1] {
            return None;
        }
        area.processed_until = left + ((right - left) as f64 * split).round() as usize;
        let finish = Finish::new(self.caps.stream.codes.depth, mix);
        match &self.work {
            Work::Identity => None,
            Work::Fixed(method) => {
                self.apply(planes, layout, &area, method, &finish);
                None
            }
            Work::PerFrame(per_frame) => {
                let radii = self.measure(planes, layout, &area, per_frame);
                let method = per_frame.method(&radii, &self.caps.stream, self.threads);
                self.apply(planes, layout, &area, &method, &finish);
                Some(radii)
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
        let job = Job { layout, area, width, method, finish };
        let groups = self.groups_per_band(layout, area);
        planes.for_each_band(area.rows, groups, self.threads, |band| {
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

    fn measure(
        &self,
        planes: &mut Planes<'_>,
        layout: &Layout,
        area: &Area,
        per_frame: &PerFrame,
    ) -> Vec<f64> {
        // The whole picture counts, whatever share of it is processed.
        let picture = Area { processed_until: area.columns[1], ..*area };
        let total = std::sync::Mutex::new(Histograms::new(&per_frame.look.attractors));
        let groups = self.groups_per_band(layout, &picture);
        planes.for_each_band(picture.rows, groups, self.threads, |band| {
            let mut counted = Histograms::new(&per_frame.look.attractors);
            let mut lab = [[0f32; BLOCK]; 3];
            for_each_block(band, layout, &picture, |codes| {
                let length = codes[0].len();
                for (lab, codes) in lab.iter_mut().zip(codes) {
                    lab.iter_mut().zip(codes).for_each(|(lab, code)| *lab = f32::from(*code));
                }
                let [l, a, b] = &mut lab;
                let [l, a, b] = [&mut l[..length], &mut a[..length], &mut b[..length]];
                per_frame.to_oklab.convert(simd_level(), [&mut *l, &mut *a, &mut *b]);
                counted.count([l, a, b]);
            });
            total.lock().unwrap_or_else(std::sync::PoisonError::into_inner).merge(&counted);
        });
        let total = total.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        total.radii(&per_frame.look.attractors)
    }
}

fn per_frame(look: Look, settings: &Settings, stream: &Stream) -> Work {
    Work::PerFrame(Box::new(PerFrame {
        to_oklab: ToOklab::new(&stream.codes, &RgbSpace::new(&look.primaries)),
        look,
        interpolation: settings.interpolation,
        lut_size: (settings.method != Method::Exact)
            .then(|| settings.lut_size().unwrap_or(SIZE_PER_FRAME)),
    }))
}

impl PerFrame {
    fn method(&self, radii: &[f64], stream: &Stream, threads: usize) -> apply::Method {
        let codes = &stream.codes;
        let kernel = ExactKernel::new(&self.look, radii, codes, simd_level());
        match self.lut_size {
            None => apply::Method::Exact(Box::new(kernel), codes.depth),
            Some(size) => {
                let lattice = bake(&kernel, codes, size, threads);
                apply::Method::Lattice(Arc::new(lattice), self.interpolation)
            }
        }
    }
}
