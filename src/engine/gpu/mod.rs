//! A stream's frames over the GPU: [`access`] to it, the [`trial`] against the CPU, and the [`queue`] of frames that
//! wait for it.
//!
//! Whatever becomes of it, each frame is done: what the GPU has not done of a frame the CPU does.

mod access;
mod queue;
mod trial;

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use colorshine_core::apply::{Evaluator, Finish};
use colorshine_core::frame::{Layout, Planes};
use colorshine_core::model::lanes::ToOklab;
use colorshine_core::tolerance::histogram::Histograms;

use self::access::Access;
use self::queue::{Pending, Queue};
use self::trial::{Trial, TrialKey};
use super::caps::{Caps, Frame};
use super::plan::Plan;
use super::recipe::{Held, Recipe};
use crate::apply::gpu::{OpenDevice, look_bytes};
use crate::apply::{Budget, HistogramTask, IS_GPU_BUILT, Task};
use crate::gpu::GpuError;
use crate::telemetry::Counters;

/// Most frames that are not pushed yet.
pub(crate) const MOST_FRAMES: usize = 8;

/// Frames in a row for which the exact model has to be too slow before another choice is made.
const SLOW_FRAMES: u32 = 8;

/// Where pixels are to be computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backend {
    /// Wherever it is faster.
    #[default]
    Auto,
    /// On the CPU.
    Cpu,
    /// On the GPU.
    Gpu,
}

/// Something that has become of the GPU.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum GpuEvent {
    /// Something does not work as asked for.
    Warning(String),
    /// Something else worth knowing.
    Info(String),
    /// Frames are held back for another time than before.
    Latency,
    /// The exact model, which was chosen, does not keep up with the stream.
    TooSlow,
}

/// What of a frame is left for the CPU to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    Nothing,
    /// The rows of luma from this one on.
    RowsFrom(usize),
}

/// A frame that is kept while the GPU works on it.
pub(crate) trait KeptFrame {
    /// Why its memory cannot be had.
    type Error;

    /// Works with its memory.
    ///
    /// # Errors
    ///
    /// When it has none that can be used.
    fn with_planes<R>(
        &mut self,
        work: impl FnOnce(&mut Planes<'_>, &Layout) -> R,
    ) -> Result<R, Self::Error>;
}

/// The way of frames over the GPU.
#[derive(Debug)]
pub(crate) struct GpuPath<F: KeptFrame> {
    access: Access,
    trial: Trial,
    queue: Queue<F>,
    /// Most frames in flight.
    depth: usize,
    caps: Option<Arc<Caps>>,
    budget: Budget,
    /// Whether frames have radii of their own.
    is_measuring: bool,
    /// Frames that the GPU holds back in this stream. It never becomes fewer while the stream goes on: what is
    /// shown would have to hurry, and live sinks would drop frames.
    held_back: usize,
    /// Whether another backend waits until no frame is under way.
    is_turning: bool,
    /// Frames in a row for which the exact model was too slow, where it was chosen.
    slow_frames: u32,
    /// Whether the user knows that the look at hand is not for the GPU.
    is_told_unsuited: bool,
    /// The look that the user knows not to be measured by the GPU.
    unmeasured: Weak<ToOklab>,
    counters: Arc<Counters>,
}

impl<F: KeptFrame> GpuPath<F> {
    /// For an element that starts, with the adapter's name and the most frames in flight.
    pub(crate) fn new(
        backend: Backend,
        adapter: Option<String>,
        depth: usize,
        counters: &Arc<Counters>,
    ) -> Self {
        Self {
            access: Access::new(backend, adapter, counters),
            trial: Trial::default(),
            queue: Queue::new(),
            depth: if IS_GPU_BUILT { depth } else { 1 },
            caps: None,
            budget: Budget { frames: 1, rows: None, memory: 0 },
            is_measuring: false,
            held_back: 0,
            is_turning: false,
            slow_frames: 0,
            is_told_unsuited: false,
            unmeasured: Weak::new(),
            counters: counters.clone(),
        }
    }

    /// Begins a stream. Where the GPU is insisted on this waits for it; else frames are the CPU's until it
    /// is there.
    pub(crate) fn begin_stream(&mut self, plan: &Plan, backend: Backend) {
        // Frames that could not be pushed before other caps came.
        self.flush();
        if self.access.backend() != backend {
            self.choose(backend);
        }
        self.caps = Some(plan.caps.clone());
        self.is_measuring = plan.measured().is_some_and(|measured| measured.is_of_each_frame());
        self.trial = Trial::default();
        self.budget = self.budget_of(plan, self.frames_at_once(), &[plan.held()]);
        self.held_back = 0;
        self.slow_frames = 0;
        self.access.let_go();
        match self.lost_before(plan) {
            Some(lost) => {
                self.trial = lost;
                self.access.leave_it_to_the_cpu();
            }
            None => self.turn_on(),
        }
        self.access.wait_until_open();
        self.note_latency();
        self.access.note(GpuEvent::Latency);
    }

    fn turn_on(&mut self) {
        if let Some(caps) = &self.caps {
            self.access.turn_on(caps, self.budget, self.is_measuring);
        }
    }

    /// What may be under way beside lattices that are held.
    fn budget_of(&self, plan: &Plan, frames: usize, held: &[Option<Held>]) -> Budget {
        let memory = plan.means.memory_limit.saturating_sub(Held::bytes(held));
        Budget { frames, rows: plan.means.tile_size, memory }
    }

    /// The trial of a stream whose like the CPU has won before, so that no GPU need be opened.
    fn lost_before(&self, plan: &Plan) -> Option<Trial> {
        if self.access.backend() != Backend::Auto {
            return None;
        }
        let (adapter, recipe) = (OpenDevice::name_for(&self.access.request())?, plan.recipe()?);
        Trial::lost(key(&adapter, plan, &recipe.evaluator(), self.budget.frames))
    }

    /// Frames that are begun before the first of them is finished. One where the caps have no frame rate:
    /// latency is time, and who sends single frames waits for each.
    fn frames_at_once(&self) -> usize {
        let has_rate = self.caps.as_ref().is_some_and(|caps| caps.frame_time.is_some());
        if has_rate { self.depth } else { 1 }
    }

    fn note_latency(&mut self) {
        if self.access.stage().is_some() {
            self.held_back = self.frames_at_once() - 1;
        }
    }

    /// Frames that are held back.
    pub(crate) fn latency(&self) -> usize {
        self.held_back
    }

    /// Frames that may come to be held back, if the GPU does the work.
    pub(crate) fn most_held_back(&self) -> usize {
        self.frames_at_once() - 1
    }

    /// Turns to another backend while the stream goes on, as soon as no frame is under way.
    pub(crate) fn turn_to(&mut self, backend: Backend) {
        self.is_turning = self.access.backend() != backend && self.queue.is_under_way();
        if self.access.backend() == backend || self.is_turning {
            return;
        }
        self.choose(backend);
        self.turn_on();
        self.access.note(GpuEvent::Latency);
    }

    fn choose(&mut self, backend: Backend) {
        self.is_turning = false;
        self.slow_frames = 0;
        if let Some(caps) = &self.caps {
            caps.exact_on_gpu.set(0);
        }
        self.trial = Trial::default();
        self.access.choose(backend);
    }

    /// Takes a frame on: does it, or begins it. The lattices that are held beside those of frames under way count as
    /// memory.
    pub(super) fn apply(
        &mut self,
        plan: &Arc<Plan>,
        frame: &mut Frame<'_, '_>,
        recipe: &Recipe,
        finish: &Finish,
        held: &[Option<Held>],
    ) -> Left {
        let evaluator = recipe.evaluator();
        let lattices = self.with_those_under_way(held);
        self.budget = self.budget_of(plan, self.budget.frames, &lattices);
        self.look_after(&evaluator);
        if frame.area.processed_until <= frame.area.columns[0] {
            return Left::Nothing;
        }
        let all = Left::RowsFrom(frame.area.rows[0]);
        if self.is_turning || !self.is_gpus_turn(plan, &evaluator) {
            return all;
        }
        let (budget, is_under_way) = (self.budget, self.queue.is_under_way());
        let Some(stage) = self.access.stage() else {
            return all;
        };
        // Lattices may take what frames under way have been given: then those have to be done first.
        let fits = stage.fit_into(budget);
        self.counters.staging_bytes.set(stage.bytes());
        if !fits && is_under_way {
            return all;
        }
        let start = Instant::now();
        let (area, team) = (frame.area, plan.means.team());
        let task = Task {
            layout: frame.layout,
            area: &area,
            evaluator: &evaluator,
            finish: *finish,
            dither: plan.means.dither,
            budget,
            team,
        };
        let begun = stage.begin(frame.planes, &task);
        let result = match begun {
            Ok(in_flight) if budget.frames > 1 => {
                let (plan, recipe, finish) = (plan.clone(), recipe.clone(), *finish);
                let time = Duration::ZERO;
                self.queue.at_hand = Some(Pending { in_flight, plan, recipe, finish, area, time });
                Ok(())
            }
            Ok(mut in_flight) => stage
                .finish(&mut in_flight, frame.planes, team)
                .map_err(|error| (error, in_flight.first_open_row().max(area.rows[0]))),
            Err(error) => Err((error, area.rows[0])),
        };
        match result {
            Ok(()) => {
                let time = start.elapsed();
                self.access.note_frame();
                self.trial.count_gpu(time);
                self.is_told_unsuited = false;
                if budget.frames == 1 {
                    self.watch(plan, time);
                }
                Left::Nothing
            }
            Err((GpuError::MemoryLimit(..), _)) if is_under_way => all,
            Err((error @ GpuError::Unsuited, _)) => {
                // The stage is as good as before.
                if !std::mem::replace(&mut self.is_told_unsuited, true) {
                    self.access.tell(format!("{error}; the CPU does the work"), true);
                }
                all
            }
            Err((error, first_row)) => {
                self.lose(error);
                Left::RowsFrom(first_row)
            }
        }
    }

    /// Whether something is ready, or due.
    fn look_after(&mut self, evaluator: &Evaluator) {
        let is_due = self.access.poll(self.budget.memory, look_bytes(evaluator));
        self.note_latency();
        let is_exact = matches!(evaluator, Evaluator::Exact(..));
        if self.access.is_off() && self.trial.was_another(is_exact) {
            self.trial = Trial::default();
            self.turn_on();
        } else if is_due {
            self.turn_on();
        }
    }

    /// Whether the frame at hand is the GPU's.
    fn is_gpus_turn(&mut self, plan: &Plan, evaluator: &Evaluator) -> bool {
        let is_under_way = self.queue.is_under_way();
        let frames = self.budget.frames;
        let is_auto = self.access.backend() == Backend::Auto;
        let Some(stage) = self.access.stage() else {
            return false;
        };
        if !is_auto {
            return true;
        }
        let adapter = stage.adapter();
        match self.trial.is_gpus_turn(|| key(adapter, plan, evaluator, frames)) {
            Some(is_gpus) => is_gpus,
            None => {
                // What is under way comes first.
                if !is_under_way {
                    self.access.leave_it_to_the_cpu();
                }
                false
            }
        }
    }

    fn lose(&mut self, error: GpuError) {
        self.trial.start_over();
        self.access.lose(error);
    }

    /// Sees whether the exact model keeps up with the stream, where it was chosen by what the CPU takes.
    fn watch(&mut self, plan: &Plan, time: Duration) {
        let is_slow = plan.has_chosen_exact() && !plan.caps.keeps_up(time);
        self.slow_frames = if is_slow { self.slow_frames + 1 } else { 0 };
        if self.slow_frames == SLOW_FRAMES {
            plan.caps.exact_on_gpu.set_time(time);
            self.access.note(GpuEvent::TooSlow);
        }
    }

    /// Adds the distances of a frame's pixels to histograms, where the stream is the GPU's. Returns whether it
    /// has: else the histograms are as they were, and the frame is the CPU's to measure.
    pub(super) fn measure(
        &mut self,
        plan: &Plan,
        frame: &mut Frame<'_, '_>,
        to_oklab: &Arc<ToOklab>,
        histograms: &mut Histograms,
    ) -> bool {
        let is_gpus = self.access.backend() != Backend::Auto || self.trial.is_gpus();
        let Some(stage) = self.access.stage().filter(|_| is_gpus) else {
            return false;
        };
        if !stage.can_measure(frame.layout) {
            // Measuring was asked for in mid-stream: the CPU does it until the shader is there.
            if !std::mem::replace(&mut self.is_measuring, true) {
                stage.compile_measuring(frame.layout);
            }
            return false;
        }
        let (area, budget, team) = (frame.picture(), self.budget, plan.means.team());
        let task = HistogramTask { layout: frame.layout, area: &area, to_oklab, budget, team };
        match stage.measure(frame.planes, &task, histograms) {
            Ok(()) => return true,
            // The stage is as good as before.
            Err(error @ (GpuError::Unsuited | GpuError::MemoryLimit(..))) => {
                let is_told = std::ptr::eq(self.unmeasured.as_ptr(), Arc::as_ptr(to_oklab));
                self.unmeasured = Arc::downgrade(to_oklab);
                if !is_told {
                    self.access.tell(format!("{error}; the CPU measures the frames"), true);
                }
            }
            Err(error) => self.lose(error),
        }
        false
    }

    /// The CPU has done a whole frame.
    pub(super) fn count_cpu(&mut self, time: Duration) {
        self.trial.count_cpu(time);
    }

    /// Keeps the time that the frame at hand has taken so far, if it is under way; says whether it is.
    pub(super) fn keep_time(&mut self, time: Duration) -> bool {
        self.queue.at_hand.as_mut().map(|pending| pending.time = time).is_some()
    }

    /// The lattices that frames under way need; some may be the same.
    pub(super) fn held(&self) -> [Option<Held>; MOST_FRAMES] {
        self.queue.held()
    }

    /// Some lattices, and those that frames under way need.
    fn with_those_under_way(&self, held: &[Option<Held>]) -> [Option<Held>; 2 * MOST_FRAMES] {
        let mut all = [None; 2 * MOST_FRAMES];
        all[..MOST_FRAMES].copy_from_slice(&self.held());
        all[MOST_FRAMES..][..held.len()].copy_from_slice(held);
        all
    }

    /// Whether frames are held back now.
    pub(crate) fn is_holding(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Takes a frame that is to be pushed after those before.
    pub(crate) fn push(&mut self, frame: F) {
        self.queue.push(frame);
    }

    /// The oldest frame, done, if it is time to push it: where the newest is the GPU's, frames wait for as
    /// many as there may be. `None` where none is.
    pub(crate) fn pop(&mut self) -> Option<Result<F, F::Error>> {
        let wait = if self.queue.ends_with_the_gpus() { self.budget.frames - 1 } else { 0 };
        if self.queue.len() > wait { self.pop_any() } else { None }
    }

    /// The oldest frame, done.
    pub(crate) fn pop_any(&mut self) -> Option<Result<F, F::Error>> {
        let (mut frame, pending) = self.queue.pop()?;
        let Some(pending) = pending else {
            return Some(Ok(frame));
        };
        let (start, before, plan) = (Instant::now(), pending.time, pending.plan.clone());
        let result = self.finish(&mut frame, pending);
        let time = start.elapsed();
        self.trial.count_gpu(time);
        self.counters.apply_time.smooth_time(before + time);
        self.watch(&plan, before + time);
        Some(result.map(|()| frame))
    }

    fn finish(&mut self, frame: &mut F, pending: Pending) -> Result<(), F::Error> {
        let Pending { mut in_flight, plan, recipe, finish, area, time: _ } = pending;
        frame.with_planes(|planes, layout| {
            if let Some(stage) = self.access.stage()
                && stage.has_begun(&in_flight)
            {
                match stage.finish(&mut in_flight, planes, plan.means.team()) {
                    Ok(()) => return,
                    // It is told with the next frame that is to look so.
                    Err(GpuError::Unsuited) => {}
                    Err(error) => self.lose(error),
                }
            }
            self.counters.is_on_gpu.set(0);
            let mut frame = Frame { planes, layout, area };
            let first_row = in_flight.first_open_row();
            plan.means.apply(&mut frame, first_row, &recipe.evaluator(), &finish);
            self.leave(in_flight);
        })
    }

    /// Lets go of a frame that the GPU has not finished.
    fn leave(&self, in_flight: crate::apply::gpu::FrameInFlight) {
        if self.access.is_forked() {
            // Its memory is the parent's.
            in_flight.leak();
        }
    }

    /// Forgets all frames that are not pushed yet.
    pub(crate) fn flush(&mut self) {
        for Pending { in_flight, .. } in self.queue.clear() {
            let is_forked = self.access.is_forked();
            match self.access.stage() {
                Some(stage) if !is_forked && stage.has_begun(&in_flight) => {
                    if let Err(error) = stage.cancel(in_flight) {
                        self.lose(error);
                    }
                }
                _ => self.leave(in_flight),
            }
        }
    }

    /// What has become known since this was last asked.
    pub(crate) fn events(&mut self) -> Vec<GpuEvent> {
        self.access.events()
    }
}

impl<F: KeptFrame> Drop for GpuPath<F> {
    fn drop(&mut self) {
        self.flush();
    }
}

fn key(adapter: &Arc<str>, plan: &Plan, evaluator: &Evaluator, frames: usize) -> TrialKey {
    TrialKey {
        adapter: adapter.clone(),
        format: plan.caps.format,
        size: plan.caps.size,
        is_exact: matches!(evaluator, Evaluator::Exact(..)),
        frames,
        threads: plan.means.threads,
    }
}
