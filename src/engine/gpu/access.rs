//! An element's access to a GPU: opened beside the stream, lost, and tried again.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, channel};
use std::time::{Duration, Instant};

use super::{Backend, GpuEvent};
use crate::apply::gpu::{OpenDevice, Stage};
use crate::apply::{Budget, IS_GPU_BUILT};
use crate::engine::caps::Caps;
use crate::gpu::{AdapterRequest, GpuError, PATIENCE, Remedy};
use crate::telemetry::Counters;
use crate::workers::{finish_gpu, with_gpu};

/// Fewest pixels of a frame that `backend=auto` tries on a GPU: with fewer, the way there and back takes
/// longer than the work.
const WORTH_TRYING: usize = 640 * 360;

/// How long a stream that insists on the GPU waits for it to begin.
const OPENING: Duration = Duration::from_secs(10);

/// Time from a loss to the next try, which doubles with each loss up to the longest.
const REST: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(64)];

/// How far the GPU is.
#[derive(Debug)]
enum Phase {
    /// Not to be used by this stream.
    Off,
    /// Not with so many bytes of memory, or fewer, for a look that takes so many on the device, or more.
    Short { memory: u64, look: u64 },
    /// Not now.
    Resting { until: Instant },
    /// Being opened beside the stream.
    Opening(Receiver<Result<Stage, GpuError>>),
    /// There.
    Ready { stage: Box<Stage>, since: Instant },
}

/// What a device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Hardware,
    SoftwareRenderer,
}

/// Access to a GPU between start and stop.
#[derive(Debug)]
pub(super) struct Access {
    backend: Backend,
    request: AdapterRequest,
    device: OpenDevice,
    phase: Phase,
    /// Whether a device has been asked for since the start.
    has_asked: bool,
    /// The process that the element was started in.
    process: u32,
    /// Losses in a row.
    losses: u32,
    /// What the last device was, if there has been one since the backend was chosen.
    was: Option<Kind>,
    /// Whether the user knows that the GPU is a software renderer.
    is_told_software: bool,
    /// Whether the user knows that memory is too short for the GPU.
    is_told_short: bool,
    /// Bytes on the device of the look at hand.
    look_bytes: u64,
    counters: Arc<Counters>,
    events: Vec<GpuEvent>,
}

impl Access {
    /// For an element that starts. A device is opened at once where one is insisted on.
    pub(super) fn new(backend: Backend, adapter: Option<String>, counters: &Arc<Counters>) -> Self {
        let mut access = Self {
            backend,
            request: AdapterRequest { name: adapter, ..AdapterRequest::default() },
            device: OpenDevice::default(),
            phase: Phase::Off,
            has_asked: false,
            process: std::process::id(),
            losses: 0,
            was: None,
            is_told_software: false,
            is_told_short: false,
            look_bytes: 0,
            counters: counters.clone(),
            events: Vec::new(),
        };
        if IS_GPU_BUILT && backend == Backend::Gpu {
            access.has_asked = true;
            let (device, request) = (access.device.clone(), access.request());
            // What is wrong with it is told when a stream wants it.
            with_gpu(move || device.open(&request).unwrap_or_default());
        }
        access
    }

    pub(super) fn backend(&self) -> Backend {
        self.backend
    }

    /// The stage, where the GPU is there.
    pub(super) fn stage(&mut self) -> Option<&mut Stage> {
        match &mut self.phase {
            Phase::Ready { stage, .. } => Some(stage),
            _ => None,
        }
    }

    pub(super) fn is_off(&self) -> bool {
        matches!(self.phase, Phase::Off)
    }

    /// Which adapter will do: a software renderer only where the GPU is insisted on.
    pub(super) fn request(&self) -> AdapterRequest {
        let may_be_software = self.backend == Backend::Gpu && self.was != Some(Kind::Hardware);
        #[cfg(all(test, feature = "gpu"))]
        let may_be_software = may_be_software
            || crate::gpu::fault::IS_SOFTWARE_REAL.load(std::sync::atomic::Ordering::Relaxed);
        AdapterRequest { may_be_software, ..self.request.clone() }
    }

    /// Has a stage made beside the stream, if one is wanted.
    pub(super) fn turn_on(&mut self, caps: &Arc<Caps>, budget: Budget, is_measuring: bool) {
        let is_wanted = match self.backend {
            Backend::Cpu => false,
            Backend::Auto => IS_GPU_BUILT && caps.pixels() >= WORTH_TRYING,
            Backend::Gpu => true,
        };
        if !is_wanted {
            return;
        }
        if !IS_GPU_BUILT {
            self.lose(GpuError::NotBuilt);
            return;
        }
        self.has_asked = true;
        let (send, receiver) = channel();
        let (device, request, caps) = (self.device.clone(), self.request(), caps.clone());
        let is_sent = with_gpu(move || {
            let (layout, area) = (&caps.layout, caps.area());
            let stage = Stage::open(&device, &request, layout, &area, budget, is_measuring);
            // Where nobody waits any more, the stage goes here.
            send.send(stage).unwrap_or_default();
        });
        self.events.push(GpuEvent::Latency);
        if is_sent {
            self.phase = Phase::Opening(receiver);
        } else {
            self.phase = Phase::Off;
            let text = "there is no thread to open a GPU with (the process may have been forked); the CPU does \
                        the work";
            self.events.push(GpuEvent::Warning(text.into()));
        }
    }

    /// Waits for a GPU that is insisted on.
    pub(super) fn wait_until_open(&mut self) {
        if self.backend == Backend::Gpu
            && let Phase::Opening(receiver) = &self.phase
        {
            match receiver.recv_timeout(OPENING) {
                Ok(result) => self.take(result),
                Err(RecvTimeoutError::Timeout) => {
                    let still = "the GPU is still being opened; the CPU does the work until then";
                    self.events.push(GpuEvent::Info(still.into()));
                }
                Err(RecvTimeoutError::Disconnected) => self.take(Err(GpuError::Panicked)),
            }
        }
    }

    /// Takes another backend from now on, which has not failed yet.
    pub(super) fn choose(&mut self, backend: Backend) {
        self.backend = backend;
        self.losses = 0;
        self.was = None;
        self.let_go();
        self.close();
    }

    /// Takes what has become ready, and says whether it is time to turn the GPU on again, for a look that takes some
    /// bytes on the device.
    pub(super) fn poll(&mut self, memory: u64, look_bytes: u64) -> bool {
        self.look_bytes = look_bytes;
        match &self.phase {
            Phase::Opening(receiver) => {
                match receiver.try_recv() {
                    Ok(result) => self.take(result),
                    Err(TryRecvError::Disconnected) => self.take(Err(GpuError::Panicked)),
                    Err(TryRecvError::Empty) => {}
                }
                false
            }
            Phase::Resting { until } => Instant::now() >= *until,
            Phase::Short { memory: too_little, look } => *too_little < memory || *look > look_bytes,
            Phase::Off | Phase::Ready { .. } => false,
        }
    }

    /// Has the CPU do the work, which is faster.
    pub(super) fn leave_it_to_the_cpu(&mut self) {
        let text = "the CPU is faster than the GPU in such a stream, and does the work";
        self.events.push(GpuEvent::Info(text.into()));
        self.events.push(GpuEvent::Latency);
        self.let_go();
        self.close();
    }

    /// Whether this process is not the one that the element was started in.
    pub(super) fn is_forked(&self) -> bool {
        self.process != std::process::id()
    }

    /// Takes what has been opened.
    fn take(&mut self, result: Result<Stage, GpuError>) {
        match result {
            Ok(stage) => {
                let name = stage.adapter();
                let kind =
                    if stage.is_software() { Kind::SoftwareRenderer } else { Kind::Hardware };
                self.was = Some(kind);
                self.events.push(GpuEvent::Info(format!("the GPU is {name}")));
                self.events.push(GpuEvent::Latency);
                self.counters.adapter.set(name);
                self.phase = Phase::Ready { stage: Box::new(stage), since: Instant::now() };
            }
            Err(error) => self.lose(error),
        }
    }

    /// The GPU has done a frame, or begun one.
    pub(super) fn note_frame(&mut self) {
        self.is_told_short = false;
        let Phase::Ready { stage, .. } = &self.phase else {
            return;
        };
        self.counters.is_on_gpu.set(1);
        self.counters.staging_bytes.set(stage.bytes());
        if stage.is_software() && !std::mem::replace(&mut self.is_told_software, true) {
            self.events.push(GpuEvent::Warning(format!(
                "backend=gpu: {} is no GPU but a software renderer; backend=cpu is faster",
                stage.adapter()
            )));
        }
    }

    /// The stage is of no more use, or there is none.
    pub(super) fn lose(&mut self, error: GpuError) {
        let worked = match &self.phase {
            Phase::Ready { stage, since } => {
                stage.blame(&error);
                Some(since.elapsed())
            }
            _ => None,
        };
        self.let_go();
        if worked.is_some() && error.is_loss() {
            self.counters.device_lost.increment();
            self.close();
        }
        let remedy = error.remedy(self.was.is_some());
        if remedy == Remedy::Retry {
            // One that has worked for long begins anew.
            self.losses =
                if worked.is_some_and(|worked| worked > REST[1]) { 1 } else { self.losses + 1 };
            let rest = if cfg!(test) { Duration::ZERO } else { rest(self.losses) };
            self.phase = Phase::Resting { until: Instant::now() + rest };
            let text =
                format!("{error}; the CPU goes on, and the GPU is tried again in {rest:.0?}");
            // A GPU that does not come back is one episode.
            self.tell(text, worked.is_some() || self.losses == 1);
            return;
        }
        let mut is_told =
            self.backend == Backend::Auto && error.is_expected(self.request.name.is_some());
        if let Remedy::MoreMemory(memory) = remedy {
            self.phase = Phase::Short { memory, look: self.look_bytes };
            is_told |= std::mem::replace(&mut self.is_told_short, true);
        }
        self.tell(format!("{error}; the CPU does the work"), !is_told);
        self.events.push(GpuEvent::Latency);
    }

    /// Tells the user, or the log.
    pub(super) fn tell(&mut self, text: String, is_warning: bool) {
        let event = if is_warning { GpuEvent::Warning(text) } else { GpuEvent::Info(text) };
        self.events.push(event);
    }

    /// Has the pipeline, or the plan, hear of something.
    pub(super) fn note(&mut self, event: GpuEvent) {
        self.events.push(event);
    }

    /// What has become known since this was last asked.
    pub(super) fn events(&mut self) -> Vec<GpuEvent> {
        std::mem::take(&mut self.events)
    }

    /// Drops the stage beside the stream: a driver may take its time over it.
    pub(super) fn let_go(&mut self) {
        let phase = std::mem::replace(&mut self.phase, Phase::Off);
        self.counters.staging_bytes.set(0);
        self.counters.adapter.set("");
        if self.is_forked() {
            std::mem::forget(phase);
        } else if matches!(phase, Phase::Ready { .. } | Phase::Opening(_)) {
            with_gpu(move || drop(phase));
        }
    }

    /// Forgets the device, which goes beside the stream if this was the last to know it.
    fn close(&mut self) {
        let device = std::mem::take(&mut self.device);
        if self.is_forked() {
            // At its end a driver would wait for threads that are not there.
            device.leak();
        } else if self.has_asked {
            with_gpu(move || device.close());
        }
    }
}

impl Drop for Access {
    /// A process must not end while a driver is at work, so what is under way is waited for.
    fn drop(&mut self) {
        self.let_go();
        self.close();
        if self.has_asked {
            finish_gpu(PATIENCE);
        }
    }
}

/// Time to the next try after so many losses in a row.
fn rest(losses: u32) -> Duration {
    let [shortest, longest] = REST;
    shortest.saturating_mul(1 << losses.saturating_sub(1).min(16)).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_become_longer() {
        let seconds = [1, 2, 3, 4, 5, 6, 7, 8, 40].map(|losses| rest(losses).as_secs());
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 64, 64, 64]);
    }
}
