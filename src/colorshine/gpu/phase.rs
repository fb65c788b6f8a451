//! How far the GPU is: opened beside the stream, lost, and tried again.

use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use colorshine_core::apply::Evaluator;

use super::{GpuEvent, GpuPath};
use crate::apply::gpu::{Stage, examine};
use crate::colorshine::Backend;
use crate::colorshine::trial::Trial;
use crate::gpu::{AdapterRequest, Device, GpuError};
use crate::workers::with_gpu;

/// Fewest pixels of a frame that `backend=auto` tries on a GPU: with fewer, the way there and back takes
/// longer than the work.
const WORTH_TRYING: usize = 640 * 360;

/// How long a stream that insists on the GPU waits for it to begin.
const OPENING: Duration = Duration::from_secs(10);

/// Time from a loss to the next try, which doubles with each loss up to the longest.
const REST: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(64)];

/// How far the GPU is.
#[derive(Debug)]
pub(super) enum Phase {
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
pub(super) enum Kind {
    /// A GPU.
    Gpu,
    /// A program that acts as one.
    Software,
}

/// The device, once it has been opened, for all streams between start and stop.
pub(super) type Opened = Arc<Mutex<Option<Arc<Device>>>>;

impl GpuPath {
    /// Which adapter will do: a program that acts as one only where the GPU is insisted on.
    pub(super) fn request(&self) -> AdapterRequest {
        let may_be_software = self.backend == Backend::Gpu && self.was != Some(Kind::Gpu);
        #[cfg(test)]
        let may_be_software = may_be_software
            || crate::gpu::fault::IS_SOFTWARE_REAL.load(std::sync::atomic::Ordering::Relaxed);
        AdapterRequest { may_be_software, ..self.request.clone() }
    }

    /// Has a device opened while the stream is still being negotiated, where one is insisted on.
    pub(super) fn open_early(&self) {
        if self.backend == Backend::Gpu {
            let (opened, request) = (self.opened.clone(), self.request());
            // What is wrong with it is told when a stream wants it.
            with_gpu(move || open(&opened, &request).map(drop).unwrap_or_default());
        }
    }

    /// Has a stage made beside the stream, if one is wanted.
    pub(super) fn turn_on(&mut self) {
        let Some(caps) = &self.caps else {
            return;
        };
        let is_worth_trying = self.backend == Backend::Gpu || caps.pixels() >= WORTH_TRYING;
        if self.backend == Backend::Cpu || !is_worth_trying {
            return;
        }
        self.has_asked = true;
        let (send, receiver) = channel();
        let (opened, request, caps, budget) =
            (self.opened.clone(), self.request(), caps.clone(), self.budget);
        let is_measuring = self.is_measuring;
        let is_sent = with_gpu(move || {
            let stage = open(&opened, &request).and_then(|device| {
                let layout = &caps.stream.layout;
                let stage = Stage::new(&device, layout, &caps.area(), budget);
                let stage = stage.and_then(|mut stage| {
                    if is_measuring {
                        stage.prepare_to_measure(layout)?;
                    }
                    Ok(stage)
                });
                stage.inspect_err(|error| device.blame(error))
            });
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
                Ok(result) => self.opened(result),
                Err(RecvTimeoutError::Timeout) => {
                    let still = "the GPU is still being opened; the CPU does the work until then";
                    self.events.push(GpuEvent::Info(still.into()));
                }
                Err(RecvTimeoutError::Disconnected) => self.opened(Err(GpuError::Panicked)),
            }
        }
    }

    /// Turns to another backend while the stream goes on, as soon as no frame is under way.
    pub(in crate::colorshine) fn turn_to(&mut self, backend: Backend) {
        self.is_turning = self.backend != backend && self.is_under_way();
        if self.backend == backend || self.is_turning {
            return;
        }
        self.choose(backend);
        self.turn_on();
        self.events.push(GpuEvent::Latency);
    }

    /// Takes another backend from now on, which has not failed yet.
    pub(super) fn choose(&mut self, backend: Backend) {
        self.backend = backend;
        self.is_turning = false;
        self.losses = 0;
        self.slow_frames = 0;
        if let Some(caps) = &self.caps {
            caps.exact_on_gpu.set(0);
        }
        self.was = None;
        self.trial = Trial::default();
        self.let_go();
        self.close();
    }

    /// Whether something is ready, or due.
    pub(super) fn look_after(&mut self, evaluator: &Evaluator) {
        match &self.phase {
            Phase::Opening(receiver) => match receiver.try_recv() {
                Ok(result) => self.opened(result),
                Err(TryRecvError::Disconnected) => self.opened(Err(GpuError::Panicked)),
                Err(TryRecvError::Empty) => {}
            },
            Phase::Resting { until } if Instant::now() >= *until => self.turn_on(),
            Phase::Short { memory, look }
                if *memory < self.budget.memory || *look > self.look_bytes =>
            {
                self.turn_on();
            }
            Phase::Off if self.trial.was_another(matches!(evaluator, Evaluator::Exact(..))) => {
                self.trial = Trial::default();
                self.turn_on();
            }
            _ => {}
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

    /// Forgets the device, which goes beside the stream if this was the last to know it.
    pub(super) fn close(&mut self) {
        let opened = std::mem::take(&mut self.opened);
        if self.is_forked() {
            // At its end a driver would wait for threads that are not there.
            std::mem::forget(opened);
        } else if self.has_asked {
            with_gpu(move || drop(opened));
        }
    }

    /// Whether this process is not the one that the element was started in.
    pub(super) fn is_forked(&self) -> bool {
        self.process != std::process::id()
    }

    /// Takes what has been opened.
    fn opened(&mut self, result: Result<Stage, GpuError>) {
        match result {
            Ok(stage) => {
                let name = stage.device().name();
                let is_program = stage.device().is_software();
                self.was = Some(if is_program { Kind::Software } else { Kind::Gpu });
                self.events.push(GpuEvent::Info(format!("the GPU is {name}")));
                self.events.push(GpuEvent::Latency);
                self.held_back = self.frames_at_once() - 1;
                self.counters.adapter.set(name);
                self.phase = Phase::Ready { stage: Box::new(stage), since: Instant::now() };
            }
            Err(error) => self.lose(error),
        }
    }

    /// The stage is of no more use, or there is none.
    pub(super) fn lose(&mut self, error: GpuError) {
        let worked = match &self.phase {
            Phase::Ready { since, .. } => Some(since.elapsed()),
            _ => None,
        };
        let was_ready = worked.is_some();
        if let Phase::Ready { stage, .. } = &self.phase {
            stage.device().blame(&error);
        }
        self.trial.start_over();
        self.let_go();
        if was_ready && error.is_loss() {
            self.counters.device_lost.increment();
            self.close();
        }
        // One that has been there may come back.
        let is_hopeless = match error {
            GpuError::Forked | GpuError::MemoryLimit(..) | GpuError::TooWide(..) => true,
            GpuError::NoAdapter(..) | GpuError::OnlySoftware(_) | GpuError::NoDevice(_) => {
                self.was.is_none()
            }
            GpuError::WrongPicture(_) | GpuError::Refused(_) => self.was.is_none(),
            _ => false,
        };
        if is_hopeless {
            let is_expected = self.backend == Backend::Auto
                && match &error {
                    GpuError::NoAdapter(name, _) => name.is_none(),
                    GpuError::OnlySoftware(_) | GpuError::NoDevice(_) => {
                        self.request.name.is_none()
                    }
                    _ => false,
                };
            let text = format!("{error}; the CPU does the work");
            let is_told = match error {
                GpuError::MemoryLimit(_, memory) => {
                    self.phase = Phase::Short { memory, look: self.look_bytes };
                    std::mem::replace(&mut self.is_told_lacking, true)
                }
                _ => false,
            };
            let is_news = !is_expected && !is_told;
            self.events.push(if is_news { GpuEvent::Warning(text) } else { GpuEvent::Info(text) });
            self.events.push(GpuEvent::Latency);
            return;
        }
        // One that has worked for long begins anew.
        self.losses =
            if worked.is_some_and(|worked| worked > REST[1]) { 1 } else { self.losses + 1 };
        let rest = if cfg!(test) { Duration::ZERO } else { rest(self.losses) };
        self.phase = Phase::Resting { until: Instant::now() + rest };
        let text = format!("{error}; the CPU goes on, and the GPU is tried again in {rest:.0?}");
        // A GPU that does not come back is one episode.
        let is_news = was_ready || self.losses == 1;
        self.events.push(if is_news { GpuEvent::Warning(text) } else { GpuEvent::Info(text) });
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
}

/// The device that was opened before, or else one for a wish, if it can be trusted.
fn open(opened: &Opened, request: &AdapterRequest) -> Result<Arc<Device>, GpuError> {
    #[cfg(test)]
    crate::gpu::fault::before_opening()?;
    // Held meanwhile: it is the thread with the GPU that asks, and no other.
    let mut opened = opened.lock().unwrap_or_else(PoisonError::into_inner);
    let known = opened.take().filter(|device| device.check().is_ok());
    let device = match known {
        Some(device) => device,
        None => {
            let device = Device::open(request)?;
            examine(&device).inspect_err(|error| device.blame(error))?;
            device
        }
    };
    *opened = Some(device.clone());
    Ok(device)
}

/// Time to rest after a number of losses in a row.
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
