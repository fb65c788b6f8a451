//! An element's way over the GPU: opened beside the stream, tried against the CPU, left when it fails, and
//! tried again.
//!
//! Whatever becomes of it, each frame is done: what the GPU has not done of a frame the CPU does.

mod measure;
mod phase;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use colorshine_core::apply::{Evaluator, Finish};
use colorshine_core::frame::Area;

use self::measure::DistanceParameters;
use self::phase::{Kind, Opened, Phase};
use super::Backend;
use super::measured::Measured;
use super::plan::{Caps, Frame, Plan};
use super::recipe::{Held, Recipe};
use super::settings::{DEEPEST_PIPELINE, Settings};
use super::trial::{Trial, TrialKey};
use crate::apply::gpu::{Budget, FrameInFlight, OutputOptions, Task, look_bytes};
use crate::frame::{MapError, with_mapped};
use crate::gpu::{AdapterRequest, Device, GpuError, PATIENCE};
use crate::telemetry::Counters;
use crate::workers::finish_gpu;

/// Frames in a row for which the exact model has to be too slow before another choice is made.
const SLOW_FRAMES: u32 = 8;

/// Something that the user should hear of.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum GpuEvent {
    /// Something does not work as asked for.
    Warning(String),
    /// Something else worth knowing.
    Info(String),
    /// Frames are held back for another time than before.
    Latency,
    /// The exact model, which was chosen, does not keep up with the stream.
    TooSlow,
}

/// A frame that the GPU has, and what the CPU needs to do it instead.
#[derive(Debug)]
struct PendingFrame {
    in_flight: FrameInFlight,
    plan: Arc<Plan>,
    recipe: Recipe,
    finish: Finish,
    area: Area,
    /// Time that it has taken so far.
    time: Duration,
}

/// Most frames that are not pushed yet.
pub(super) const MOST_FRAMES: usize = DEEPEST_PIPELINE as usize;

/// The way over the GPU.
#[derive(Debug)]
pub(super) struct GpuPath {
    backend: Backend,
    request: AdapterRequest,
    depth: usize,
    counters: Arc<Counters>,
    opened: Opened,
    /// Whether a device has been asked for since the start.
    has_asked: bool,
    /// The process that the element was started in.
    process: u32,
    caps: Option<Arc<Caps>>,
    /// Whether the stream began with frames that have radii of their own.
    is_measuring: bool,
    budget: Budget,
    phase: Phase,
    /// Frames that the GPU holds back in this stream. It never becomes fewer while the stream goes on: what is
    /// shown would have to hurry, and live sinks would drop frames.
    held_back: usize,
    /// Frames in a row for which the exact model was too slow, where it was chosen.
    slow_frames: u32,
    /// Whether another backend waits until no frame is under way.
    is_turning: bool,
    /// Losses in a row.
    losses: u32,
    /// What the last device was, if there has been one since the backend was chosen.
    was: Option<Kind>,
    /// Whether the user knows that the GPU is a program.
    is_told_program: bool,
    /// Bytes on the device of the look at hand.
    look_bytes: u64,
    /// Whether the user knows that the look at hand is not for the GPU.
    is_told_unsuited: bool,
    /// Whether the user knows that memory is too short for the GPU.
    is_told_lacking: bool,
    /// What the frames of the plan at hand are measured from.
    gauge: Option<DistanceParameters>,
    trial: Trial,
    /// The frame at hand, if the GPU has it.
    begun: Option<PendingFrame>,
    /// Frames that are not pushed yet, the oldest first.
    queue: VecDeque<(gst::Buffer, Option<PendingFrame>)>,
    events: Vec<GpuEvent>,
}

impl GpuPath {
    /// The way of an element that starts. A device is opened at once where one is insisted on.
    pub(super) fn start(settings: &Settings, counters: &Arc<Counters>) -> Self {
        let (backend, name, depth) = settings.gpu();
        let path = Self {
            backend,
            request: AdapterRequest { name, ..AdapterRequest::default() },
            depth,
            counters: counters.clone(),
            opened: Opened::default(),
            has_asked: backend == Backend::Gpu,
            process: std::process::id(),
            caps: None,
            is_measuring: false,
            budget: Budget { frames: 1, rows: None, memory: 0 },
            phase: Phase::Off,
            held_back: 0,
            slow_frames: 0,
            is_turning: false,
            losses: 0,
            was: None,
            is_told_program: false,
            look_bytes: 0,
            is_told_unsuited: false,
            is_told_lacking: false,
            gauge: None,
            trial: Trial::default(),
            begun: None,
            queue: VecDeque::new(),
            events: Vec::new(),
        };
        path.open_early();
        path
    }

    /// Begins a stream. Where the GPU is insisted on this waits for it; else frames are the CPU's until it
    /// is there.
    pub(super) fn begin_stream(&mut self, plan: &Plan, backend: Backend) {
        // Frames that could not be pushed before other caps came.
        self.flush();
        if self.backend != backend {
            self.choose(backend);
        }
        self.caps = Some(plan.caps.clone());
        self.is_measuring = plan.measured().is_some_and(Measured::is_of_each_frame);
        self.trial = Trial::default();
        self.budget = plan.budget(self.frames_at_once(), Held::bytes(&[plan.held()]));
        self.held_back = 0;
        self.slow_frames = 0;
        self.let_go();
        match self.lost_before(plan) {
            Some(lost) => {
                self.trial = lost;
                self.leave_it_to_the_cpu();
            }
            None => self.turn_on(),
        }
        self.wait_until_open();
        self.events.push(GpuEvent::Latency);
    }

    /// The trial of a stream whose like the CPU has won before, so that no GPU need be opened.
    fn lost_before(&self, plan: &Plan) -> Option<Trial> {
        if self.backend != Backend::Auto {
            return None;
        }
        let (adapter, recipe) = (Device::name_for(&self.request())?, plan.recipe()?);
        Trial::lost(TrialKey::new(&adapter, plan, &recipe.evaluator(), self.budget.frames))
    }

    /// Frames that are begun before the first of them is finished. One where the caps have no frame rate:
    /// latency is time, and who sends single frames waits for each.
    fn frames_at_once(&self) -> usize {
        let has_rate = self.caps.as_ref().is_some_and(|caps| caps.has_frame_rate());
        if has_rate { self.depth } else { 1 }
    }

    /// Frames that are held back.
    pub(super) fn latency(&self) -> usize {
        self.held_back
    }

    /// Frames that may come to be held back, if the GPU does the work.
    pub(super) fn most_held_back(&self) -> usize {
        self.frames_at_once() - 1
    }

    /// Takes a frame on: does it, or begins it. Returns the first row of luma that is still the CPU's to
    /// do, if any is. The lattices that are held beside those of frames under way count as memory.
    pub(super) fn apply(
        &mut self,
        plan: &Arc<Plan>,
        frame: &mut Frame<'_, '_>,
        recipe: &Recipe,
        finish: &Finish,
        held: &[Option<Held>],
    ) -> Option<usize> {
        let evaluator = recipe.evaluator();
        let frames = self.budget.frames;
        self.budget = plan.budget(frames, self.lattice_bytes(held));
        self.look_bytes = look_bytes(&evaluator);
        self.look_after(&evaluator);
        if frame.area.processed_until <= frame.area.columns[0] {
            return None;
        }
        let all = Some(frame.area.rows[0]);
        let is_under_way = self.is_under_way();
        let Phase::Ready { stage, .. } = &mut self.phase else {
            return all;
        };
        if self.is_turning {
            return all;
        }
        if self.backend == Backend::Auto {
            let adapter = stage.device().name();
            let kind = || TrialKey::new(adapter, plan, &evaluator, self.budget.frames);
            match self.trial.is_gpus_turn(kind) {
                // What is under way comes first.
                None if is_under_way => return all,
                None => {
                    self.leave_it_to_the_cpu();
                    return all;
                }
                Some(false) => return all,
                Some(true) => {}
            }
        }
        // Lattices may take what frames under way have been given: then those have to be done first.
        let fits = stage.fit_into(self.budget);
        self.counters.staging_bytes.set(stage.bytes());
        if !fits && is_under_way {
            return all;
        }
        let start = Instant::now();
        let area = frame.area;
        let task = Task {
            layout: frame.layout,
            area: &area,
            evaluator: &evaluator,
            output: OutputOptions { finish: *finish, dither: plan.dither() },
            budget: self.budget,
            team: plan.team(),
        };
        let begun = stage.begin(frame.planes, &task);
        let result = match begun {
            Ok(in_flight) if frames > 1 => {
                let (plan, recipe, finish) = (plan.clone(), recipe.clone(), *finish);
                let time = Duration::ZERO;
                self.begun = Some(PendingFrame { in_flight, plan, recipe, finish, area, time });
                Ok(())
            }
            Ok(mut in_flight) => stage
                .finish(&mut in_flight, frame.planes, plan.team())
                .map_err(|error| (error, in_flight.first_open_row().max(area.rows[0]))),
            Err(error) => Err((error, area.rows[0])),
        };
        match result {
            Ok(()) => {
                let time = start.elapsed();
                let program = Some(stage.device()).filter(|device| device.is_software());
                if let Some(program) = program.filter(|_| !self.is_told_program) {
                    self.is_told_program = true;
                    self.events.push(GpuEvent::Warning(format!(
                        "backend=gpu: {} is no GPU but a program on the CPU; backend=cpu is faster",
                        program.name()
                    )));
                }
                self.trial.count_gpu(time);
                self.is_told_unsuited = false;
                self.is_told_lacking = false;
                self.counters.is_on_gpu.set(1);
                self.counters.staging_bytes.set(stage.bytes());
                if frames == 1 {
                    self.watch(plan, time);
                }
                None
            }
            Err((GpuError::MemoryLimit(..), _)) if is_under_way => all,
            Err((error @ GpuError::Unsuited, _)) => {
                // The stage is as good as before.
                if !std::mem::replace(&mut self.is_told_unsuited, true) {
                    let text = format!("{error}; the CPU does the work");
                    self.events.push(GpuEvent::Warning(text));
                }
                all
            }
            Err((error, first_row)) => {
                self.lose(error);
                Some(first_row)
            }
        }
    }

    /// Sees whether the exact model keeps up with the stream, where it was chosen by what the CPU takes.
    fn watch(&mut self, plan: &Plan, time: Duration) {
        let is_slow = plan.has_chosen_exact() && !plan.caps.keeps_up(time);
        self.slow_frames = if is_slow { self.slow_frames + 1 } else { 0 };
        if self.slow_frames == SLOW_FRAMES {
            plan.caps.exact_on_gpu.set_time(time);
            self.events.push(GpuEvent::TooSlow);
        }
    }

    /// The CPU has done a whole frame.
    pub(super) fn count_cpu(&mut self, time: Duration) {
        self.trial.count_cpu(time);
    }

    /// Keeps the time that the frame at hand has taken so far, if it is under way; says whether it is.
    pub(super) fn keep_time(&mut self, time: Duration) -> bool {
        self.begun.as_mut().map(|begun| begun.time = time).is_some()
    }

    /// Whether the GPU has frames that are not pushed yet.
    fn is_under_way(&self) -> bool {
        self.queue.iter().any(|(_, begun)| begun.is_some())
    }

    /// The lattices that frames under way need; some may be the same.
    pub(super) fn held(&self) -> [Option<Held>; MOST_FRAMES] {
        let mut begun =
            self.queue.iter().filter_map(|(_, begun)| begun.as_ref()).chain(&self.begun);
        std::array::from_fn(|_| begun.next().and_then(|begun| begun.recipe.held()))
    }

    /// Bytes of some lattices and of those that frames under way need.
    fn lattice_bytes(&self, held: &[Option<Held>]) -> u64 {
        let mut all = [None; 2 * MOST_FRAMES];
        all[..MOST_FRAMES].copy_from_slice(&self.held());
        all[MOST_FRAMES..][..held.len()].copy_from_slice(held);
        Held::bytes(&all)
    }

    /// Whether frames are held back now.
    pub(super) fn is_holding(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Takes a frame that is to be pushed after those before.
    pub(super) fn push(&mut self, buffer: gst::Buffer) {
        let begun = self.begun.take();
        self.queue.push_back((buffer, begun));
    }

    /// The oldest frame, done, if it is time to push it: where the newest is the GPU's, frames wait for as
    /// many as there may be. `None` where none is.
    pub(super) fn pop(&mut self) -> Option<Result<gst::Buffer, MapError>> {
        let is_under_way = self.queue.back().is_some_and(|(_, begun)| begun.is_some());
        let wait = if is_under_way { self.budget.frames - 1 } else { 0 };
        if self.queue.len() > wait { self.pop_any() } else { None }
    }

    /// The oldest frame, done.
    pub(super) fn pop_any(&mut self) -> Option<Result<gst::Buffer, MapError>> {
        let (mut buffer, begun) = self.queue.pop_front()?;
        let Some(begun) = begun else {
            return Some(Ok(buffer));
        };
        let (start, before, plan) = (Instant::now(), begun.time, begun.plan.clone());
        let result = self.finish(buffer.make_mut(), begun);
        let time = start.elapsed();
        self.trial.count_gpu(time);
        self.counters.apply_time.smooth_time(before + time);
        self.watch(&plan, before + time);
        Some(result.map(|()| buffer))
    }

    fn finish(&mut self, buffer: &mut gst::BufferRef, begun: PendingFrame) -> Result<(), MapError> {
        let PendingFrame { mut in_flight, plan, recipe, finish, area, time: _ } = begun;
        let caps = &plan.caps;
        with_mapped(buffer, &caps.info, &caps.stream.layout, |planes, layout, _| {
            if let Phase::Ready { stage, .. } = &mut self.phase
                && stage.has_begun(&in_flight)
            {
                match stage.finish(&mut in_flight, planes, plan.team()) {
                    Ok(()) => return,
                    // It is told with the next frame that is to look so.
                    Err(GpuError::Unsuited) => {}
                    Err(error) => self.lose(error),
                }
            }
            self.counters.is_on_gpu.set(0);
            let mut frame = Frame { planes, layout, area };
            plan.apply_on_cpu(&mut frame, in_flight.first_open_row(), &recipe, &finish);
            self.leave(in_flight);
        })
    }

    /// Lets go of a frame that the GPU has not finished.
    fn leave(&self, in_flight: FrameInFlight) {
        if self.is_forked() {
            // Its memory is the parent's.
            std::mem::forget(in_flight);
        }
    }

    /// Forgets all frames that are not pushed yet.
    pub(super) fn flush(&mut self) {
        let queued = std::mem::take(&mut self.queue).into_iter().map(|(_, begun)| begun);
        for begun in queued.chain([self.begun.take()]).flatten() {
            match &mut self.phase {
                Phase::Ready { stage, .. }
                    if stage.has_begun(&begun.in_flight) && self.process == std::process::id() =>
                {
                    if let Err(error) = stage.cancel(begun.in_flight) {
                        self.lose(error);
                    }
                }
                _ => self.leave(begun.in_flight),
            }
        }
    }

    /// What has become known since this was last asked.
    pub(super) fn events(&mut self) -> Vec<GpuEvent> {
        std::mem::take(&mut self.events)
    }
}

impl Drop for GpuPath {
    /// A process must not end while a driver is at work, so what is under way is waited for.
    fn drop(&mut self) {
        self.flush();
        self.let_go();
        self.close();
        if self.has_asked {
            finish_gpu(PATIENCE);
        }
    }
}

impl TrialKey {
    fn new(adapter: &Arc<str>, plan: &Plan, evaluator: &Evaluator, frames: usize) -> Self {
        Self {
            adapter: adapter.clone(),
            format: plan.caps.info.format(),
            size: [plan.caps.info.width(), plan.caps.info.height()],
            is_exact: matches!(evaluator, Evaluator::Exact(..)),
            frames,
            threads: plan.team().threads(),
        }
    }
}
