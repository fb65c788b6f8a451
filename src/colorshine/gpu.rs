//! An element's way over the GPU: opened beside the stream, tried against the CPU, left when it fails, and
//! tried again.
//!
//! Whatever becomes of it, each frame is done: what the GPU has not done of a frame the CPU does.

mod measure;

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, channel};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use self::measure::Gauge;
use super::Backend;
use super::measured::Measured;
use super::plan::{Caps, Frame, Plan};
use super::recipe::Recipe;
use super::settings::Settings;
use super::trial::{Contest, Trial};
use crate::apply::gpu::{Flight, Manner, Room, Stage, Task, examine};
use crate::apply::{Finish, Method};
use crate::frame::{Area, MapError, with_mapped};
use crate::gpu::{Device, PATIENCE, Trouble, Wish};
use crate::telemetry::Counters;
use crate::workers::{finish_gpu, with_gpu};

/// Fewest pixels of a frame that `backend=auto` tries on a GPU: with fewer, the way there and back takes
/// longer than the work.
const WORTH_TRYING: usize = 640 * 360;

/// How long a stream that insists on the GPU waits for it to begin.
const OPENING: Duration = Duration::from_secs(10);

/// Time from a loss to the next try, which doubles with each loss up to the longest.
const REST: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(64)];

/// Something that the user should hear of.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum News {
    /// Something does not work as asked for.
    Warning(String),
    /// Something else worth knowing.
    Info(String),
    /// Frames are held back for another time than before.
    Latency,
}

/// How far the GPU is.
#[derive(Debug)]
enum Phase {
    /// Not to be used by this stream.
    Off,
    /// Not now.
    Resting { until: Instant },
    /// Being opened beside the stream.
    Opening(Receiver<Result<Stage, Trouble>>),
    /// There.
    Ready(Box<Stage>),
}

/// A frame that the GPU has, and what the CPU needs to do it instead.
#[derive(Debug)]
struct Begun {
    flight: Flight,
    plan: Arc<Plan>,
    recipe: Recipe,
    finish: Finish,
    area: Area,
}

/// A device that is opened once for all streams between start and stop.
type Opened = Arc<OnceLock<Result<Arc<Device>, Trouble>>>;

/// The way over the GPU.
#[derive(Debug)]
pub(super) struct GpuPath {
    backend: Backend,
    wish: Wish,
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
    room: Room,
    phase: Phase,
    /// Losses in a row.
    losses: u32,
    /// Whether the user knows that the look at hand is not for the GPU.
    is_told_unsuited: bool,
    /// What the frames of the plan at hand are measured from.
    gauge: Option<Gauge>,
    /// When the stage at hand became ready.
    ready_since: Option<Instant>,
    trial: Trial,
    /// The frame at hand, if the GPU has it.
    begun: Option<Begun>,
    /// Frames that are not pushed yet, the oldest first.
    queue: VecDeque<(gst::Buffer, Option<Begun>)>,
    news: Vec<News>,
}

impl GpuPath {
    /// The way of an element that starts. A device is opened at once where one is insisted on.
    pub(super) fn start(settings: &Settings, counters: &Arc<Counters>) -> Self {
        let (backend, name, depth) = settings.gpu();
        let path = Self {
            backend,
            wish: Wish { name, may_be_software: false },
            depth,
            counters: counters.clone(),
            opened: Opened::default(),
            has_asked: backend == Backend::Gpu,
            process: std::process::id(),
            caps: None,
            is_measuring: false,
            room: Room { frames: 1, rows: None, memory: 0 },
            phase: Phase::Off,
            losses: 0,
            is_told_unsuited: false,
            gauge: None,
            ready_since: None,
            trial: Trial::default(),
            begun: None,
            queue: VecDeque::new(),
            news: Vec::new(),
        };
        if backend == Backend::Gpu {
            let (opened, wish) = (path.opened.clone(), path.wish());
            with_gpu(move || {
                opened.get_or_init(|| open(&wish));
            });
        }
        path
    }

    /// Which adapter will do: a program that acts as one only where the GPU is insisted on.
    fn wish(&self) -> Wish {
        let may_be_software = self.backend == Backend::Gpu;
        #[cfg(test)]
        let may_be_software = may_be_software
            || crate::gpu::fault::IS_SOFTWARE_REAL.load(std::sync::atomic::Ordering::Relaxed);
        Wish { may_be_software, ..self.wish.clone() }
    }

    /// Begins a stream. Where the GPU is insisted on this waits for it; else frames are the CPU's until it
    /// is there.
    pub(super) fn begin_stream(&mut self, plan: &Plan) {
        // Frames that could not be pushed before other caps came.
        self.flush();
        self.caps = Some(plan.caps.clone());
        self.is_measuring = plan.measured().is_some_and(Measured::is_of_each_frame);
        self.trial = Trial::default();
        self.room = plan.room(self.frames_at_once());
        self.let_go();
        self.turn_on();
        if self.backend == Backend::Gpu
            && let Phase::Opening(receiver) = &self.phase
        {
            match receiver.recv_timeout(OPENING) {
                Ok(result) => self.opened(result),
                Err(RecvTimeoutError::Timeout) => {
                    let still = "the GPU is still being opened; the CPU does the work until then";
                    self.news.push(News::Info(still.into()));
                }
                Err(RecvTimeoutError::Disconnected) => self.opened(Err(Trouble::Panicked)),
            }
        }
        self.news.push(News::Latency);
    }

    /// Has a stage made beside the stream, if one is wanted.
    fn turn_on(&mut self) {
        let Some(caps) = &self.caps else {
            return;
        };
        let is_worth_trying = self.backend == Backend::Gpu || caps.pixels() >= WORTH_TRYING;
        if self.backend == Backend::Cpu || !is_worth_trying {
            return;
        }
        self.has_asked = true;
        let (send, receiver) = channel();
        let (opened, wish, caps, room) =
            (self.opened.clone(), self.wish(), caps.clone(), self.room);
        let is_measuring = self.is_measuring;
        let is_sent = with_gpu(move || {
            let known = opened.get().cloned().filter(|known| {
                let is_good = |device: &Arc<Device>| device.check().is_ok();
                known.as_ref().is_ok_and(is_good)
            });
            let device = known.unwrap_or_else(|| open(&wish));
            let stage = device.and_then(|device| {
                // Kept for the streams to come.
                opened.set(Ok(device.clone())).unwrap_or_default();
                let layout = &caps.stream.layout;
                let mut stage = Stage::new(&device, layout, &caps.area(), room)?;
                if is_measuring {
                    stage.prepare_to_measure(layout)?;
                }
                Ok(stage)
            });
            // Where nobody waits any more, the stage goes here.
            send.send(stage).unwrap_or_default();
        });
        self.news.push(News::Latency);
        if is_sent {
            self.phase = Phase::Opening(receiver);
        } else {
            self.phase = Phase::Off;
            let text = "there is no thread to open a GPU with (the process may have been forked); the CPU does \
                        the work";
            self.news.push(News::Warning(text.into()));
        }
    }

    /// Turns to another backend while the stream goes on.
    pub(super) fn turn_to(&mut self, backend: Backend) {
        if self.backend == backend {
            return;
        }
        self.backend = backend;
        self.losses = 0;
        self.trial = Trial::default();
        self.let_go();
        self.close();
        self.turn_on();
        self.news.push(News::Latency);
    }

    /// Forgets the device, which goes beside the stream if this was the last to know it.
    fn close(&mut self) {
        let opened = std::mem::take(&mut self.opened);
        if self.is_forked() {
            // At its end a driver would wait for threads that are not there.
            std::mem::forget(opened);
        } else if self.has_asked {
            with_gpu(move || drop(opened));
        }
    }

    /// Whether this process is not the one that the element was started in.
    fn is_forked(&self) -> bool {
        self.process != std::process::id()
    }

    /// Takes what has been opened.
    fn opened(&mut self, result: Result<Stage, Trouble>) {
        match result {
            Ok(stage) => {
                let name = stage.device().name();
                if stage.device().is_software() && self.losses == 0 {
                    self.news.push(News::Warning(format!(
                        "backend=gpu: {name} is no GPU but a program on the CPU; backend=cpu is faster"
                    )));
                } else {
                    self.news.push(News::Info(format!("the GPU is {name}")));
                }
                self.counters.adapter.set(name);
                self.phase = Phase::Ready(Box::new(stage));
                self.ready_since = Some(Instant::now());
            }
            Err(trouble) => self.lose(trouble),
        }
    }

    /// The stage is of no more use, or there is none.
    fn lose(&mut self, trouble: Trouble) {
        let was_ready = matches!(self.phase, Phase::Ready(_));
        if let Phase::Ready(stage) = &self.phase
            && matches!(trouble, Trouble::Timeout(_) | Trouble::Panicked)
        {
            // Others would only find out for themselves.
            stage.device().give_up(&trouble);
        }
        let worked = self.ready_since.map(|since| since.elapsed());
        self.trial.start_over();
        self.let_go();
        if was_ready && trouble.is_loss() {
            self.counters.device_lost.increment();
            self.close();
        }
        let is_hopeless = matches!(
            trouble,
            Trouble::NoAdapter(..)
                | Trouble::OnlySoftware(_)
                | Trouble::Forked
                | Trouble::WrongPicture(_)
                | Trouble::MemoryLimit(..)
        );
        if is_hopeless {
            let is_expected = self.backend == Backend::Auto
                && match &trouble {
                    Trouble::NoAdapter(name, _) => name.is_none(),
                    Trouble::OnlySoftware(_) => self.wish.name.is_none(),
                    _ => false,
                };
            let text = format!("{trouble}; the CPU does the work");
            self.news.push(if is_expected { News::Info(text) } else { News::Warning(text) });
            self.news.push(News::Latency);
            return;
        }
        // One that has worked for long begins anew.
        self.losses =
            if worked.is_some_and(|worked| worked > REST[1]) { 1 } else { self.losses + 1 };
        let rest = rest(self.losses);
        self.phase = Phase::Resting { until: Instant::now() + rest };
        let text = format!("{trouble}; the CPU goes on, and the GPU is tried again in {rest:.0?}");
        // A GPU that does not come back is one episode.
        let is_news = was_ready || self.losses == 1;
        self.news.push(if is_news { News::Warning(text) } else { News::Info(text) });
    }

    /// Drops the stage beside the stream: a driver may take its time over it.
    fn let_go(&mut self) {
        let phase = std::mem::replace(&mut self.phase, Phase::Off);
        self.ready_since = None;
        self.counters.staging_bytes.set(0);
        self.counters.adapter.set("");
        if let Phase::Ready(stage) = phase {
            if self.is_forked() {
                std::mem::forget(stage);
            } else {
                with_gpu(move || drop(stage));
            }
        }
    }

    /// Frames that are begun before the first of them is finished. One where the caps have no frame rate:
    /// latency is time, and who sends single frames waits for each.
    fn frames_at_once(&self) -> usize {
        let has_rate = self.caps.as_ref().is_some_and(|caps| caps.has_frame_rate());
        if has_rate { self.depth } else { 1 }
    }

    /// Frames that are held back.
    pub(super) fn latency(&self) -> usize {
        match self.phase {
            Phase::Off => 0,
            _ => self.frames_at_once() - 1,
        }
    }

    /// Takes a frame on: does it, or begins it. Returns the first row of luma that is still the CPU's to
    /// do, if any is.
    pub(super) fn apply(
        &mut self,
        plan: &Arc<Plan>,
        frame: &mut Frame<'_, '_>,
        recipe: &Recipe,
        finish: &Finish,
    ) -> Option<usize> {
        self.counters.is_on_gpu.set(0);
        let method = recipe.method();
        self.look_after(&method);
        if frame.area.processed_until <= frame.area.columns[0] {
            return None;
        }
        let all = Some(frame.area.rows[0]);
        let Phase::Ready(stage) = &mut self.phase else {
            return all;
        };
        if self.backend == Backend::Auto {
            let adapter = stage.device().name();
            let kind = || Contest::new(adapter, plan, &method, self.room.frames);
            match self.trial.is_gpus_turn(kind) {
                None => {
                    let text = format!("the CPU is faster than {adapter} here, and does the work");
                    self.news.push(News::Info(text));
                    self.news.push(News::Latency);
                    self.let_go();
                    return all;
                }
                Some(false) => return all,
                Some(true) => {}
            }
        }
        let start = Instant::now();
        let frames = self.room.frames;
        self.room = plan.room(frames);
        let area = frame.area;
        let task = Task {
            layout: frame.layout,
            area: &area,
            method: &method,
            manner: Manner { finish: *finish, dither: plan.dither() },
            room: self.room,
            team: plan.team(),
        };
        let begun = stage.begin(frame.planes, &task);
        let result = match begun {
            Ok(flight) if frames > 1 => {
                let (plan, recipe, finish) = (plan.clone(), recipe.clone(), *finish);
                self.begun = Some(Begun { flight, plan, recipe, finish, area });
                Ok(())
            }
            Ok(mut flight) => stage
                .finish(&mut flight, frame.planes, plan.team())
                .map_err(|trouble| (trouble, flight.first_open_row().max(area.rows[0]))),
            Err(trouble) => Err((trouble, area.rows[0])),
        };
        match result {
            Ok(()) => {
                self.trial.count_gpu(start.elapsed());
                self.is_told_unsuited = false;
                self.counters.is_on_gpu.set(1);
                self.counters.staging_bytes.set(stage.bytes());
                None
            }
            Err((trouble @ (Trouble::Unsuited | Trouble::MemoryLimit(..)), _)) => {
                // The stage is as good as before.
                if !std::mem::replace(&mut self.is_told_unsuited, true) {
                    let text = format!("{trouble}; the CPU does the work");
                    self.news.push(News::Warning(text));
                }
                all
            }
            Err((trouble, first_row)) => {
                self.lose(trouble);
                Some(first_row)
            }
        }
    }

    /// The CPU has done a whole frame.
    pub(super) fn count_cpu(&mut self, time: Duration) {
        self.trial.count_cpu(time);
    }

    /// Whether something is ready, or due.
    fn look_after(&mut self, method: &Method) {
        match &self.phase {
            Phase::Opening(receiver) => match receiver.try_recv() {
                Ok(result) => self.opened(result),
                Err(TryRecvError::Disconnected) => self.opened(Err(Trouble::Panicked)),
                Err(TryRecvError::Empty) => {}
            },
            Phase::Resting { until } if Instant::now() >= *until => self.turn_on(),
            Phase::Off if self.trial.was_another(matches!(method, Method::Exact(..))) => {
                self.trial = Trial::default();
                self.turn_on();
            }
            _ => {}
        }
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
        let wait = if is_under_way { self.room.frames - 1 } else { 0 };
        if self.queue.len() > wait { self.pop_any() } else { None }
    }

    /// The oldest frame, done.
    pub(super) fn pop_any(&mut self) -> Option<Result<gst::Buffer, MapError>> {
        let (mut buffer, begun) = self.queue.pop_front()?;
        let Some(begun) = begun else {
            return Some(Ok(buffer));
        };
        let start = Instant::now();
        let result = self.finish(buffer.make_mut(), begun);
        self.trial.count_gpu(start.elapsed());
        Some(result.map(|()| buffer))
    }

    fn finish(&mut self, buffer: &mut gst::BufferRef, begun: Begun) -> Result<(), MapError> {
        let Begun { mut flight, plan, recipe, finish, area } = begun;
        let caps = &plan.caps;
        with_mapped(buffer, &caps.info, &caps.stream.layout, |planes, layout, _| {
            if let Phase::Ready(stage) = &mut self.phase
                && stage.has_begun(&flight)
            {
                match stage.finish(&mut flight, planes, plan.team()) {
                    Ok(()) => return,
                    Err(trouble) => self.lose(trouble),
                }
            }
            self.counters.is_on_gpu.set(0);
            let mut frame = Frame { planes, layout, area };
            plan.apply_on_cpu(&mut frame, flight.first_open_row(), &recipe, &finish);
            self.leave(flight);
        })
    }

    /// Lets go of a frame that the GPU has not finished.
    fn leave(&self, flight: Flight) {
        if self.is_forked() {
            // Its memory is the parent's.
            std::mem::forget(flight);
        }
    }

    /// Forgets all frames that are not pushed yet.
    pub(super) fn flush(&mut self) {
        let queued = std::mem::take(&mut self.queue).into_iter().map(|(_, begun)| begun);
        for begun in queued.chain([self.begun.take()]).flatten() {
            match &mut self.phase {
                Phase::Ready(stage)
                    if stage.has_begun(&begun.flight) && self.process == std::process::id() =>
                {
                    if let Err(trouble) = stage.cancel(begun.flight) {
                        self.lose(trouble);
                    }
                }
                _ => self.leave(begun.flight),
            }
        }
    }

    /// What has become known since this was last asked.
    pub(super) fn news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
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

/// The device for a wish, if it can be trusted.
fn open(wish: &Wish) -> Result<Arc<Device>, Trouble> {
    let device = Device::open(wish)?;
    examine(&device)?;
    Ok(device)
}

/// Time to rest after a number of losses in a row.
fn rest(losses: u32) -> Duration {
    if cfg!(test) {
        return Duration::ZERO;
    }
    let [shortest, longest] = REST;
    shortest.saturating_mul(1 << losses.saturating_sub(1).min(16)).min(longest)
}

impl Contest {
    fn new(adapter: &str, plan: &Plan, method: &Method, frames: usize) -> Self {
        Self {
            adapter: adapter.into(),
            format: plan.caps.info.format(),
            size: [plan.caps.info.width(), plan.caps.info.height()],
            is_exact: matches!(method, Method::Exact(..)),
            frames,
            threads: plan.team().threads(),
        }
    }
}
