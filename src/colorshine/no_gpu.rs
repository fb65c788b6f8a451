//! What stands in for the way over the GPU where that is not built: all frames are the CPU's.

use std::sync::Arc;
use std::time::Duration;

use colorshine_core::apply::Finish;
use colorshine_core::model::lanes::ToOklab;
use colorshine_core::tolerance::histogram::Histograms;

use super::Backend;
use super::plan::{Frame, Plan};
use super::recipe::{Held, Recipe};
use super::settings::Settings;
use crate::frame::MapError;
use crate::telemetry::Counters;

/// Something that the user should hear of.
#[derive(Clone, Debug, PartialEq)]
#[expect(dead_code, reason = "as the way over the GPU has it")]
pub(super) enum GpuEvent {
    Warning(String),
    Info(String),
    Latency,
    TooSlow,
}

/// Most frames that are not pushed yet.
pub(super) const MOST_FRAMES: usize = 0;

/// The way over the GPU, which is closed.
#[derive(Debug)]
pub(super) struct GpuPath {
    backend: Backend,
    buffer: Option<gst::Buffer>,
    events: Vec<GpuEvent>,
}

impl GpuPath {
    pub(super) fn start(settings: &Settings, _counters: &Arc<Counters>) -> Self {
        let mut path = Self { backend: Backend::Auto, buffer: None, events: Vec::new() };
        path.turn_to(settings.gpu().0);
        path
    }

    pub(super) fn begin_stream(&mut self, _plan: &Plan, backend: Backend) {
        self.turn_to(backend);
    }

    pub(super) fn turn_to(&mut self, backend: Backend) {
        if backend == Backend::Gpu && self.backend != backend {
            let text = "backend=gpu: this plugin was built without the cargo feature gpu; the CPU does the work";
            self.events.push(GpuEvent::Warning(text.into()));
        }
        self.backend = backend;
    }

    pub(super) fn latency(&self) -> usize {
        0
    }

    pub(super) fn most_held_back(&self) -> usize {
        0
    }

    pub(super) fn apply(
        &mut self,
        _plan: &Arc<Plan>,
        frame: &mut Frame<'_, '_>,
        _recipe: &Recipe,
        _finish: &Finish,
        _held: &[Option<Held>],
    ) -> Option<usize> {
        Some(frame.area.rows[0])
    }

    pub(super) fn measure(
        &mut self,
        _plan: &Arc<Plan>,
        _frame: &mut Frame<'_, '_>,
        _to_oklab: &ToOklab,
        _histograms: &mut Histograms,
    ) -> bool {
        false
    }

    pub(super) fn count_cpu(&mut self, _time: Duration) {}

    pub(super) fn keep_time(&mut self, _time: Duration) -> bool {
        false
    }

    pub(super) fn held(&self) -> [Option<Held>; MOST_FRAMES] {
        []
    }

    pub(super) fn is_holding(&self) -> bool {
        self.buffer.is_some()
    }

    pub(super) fn push(&mut self, buffer: gst::Buffer) {
        self.buffer = Some(buffer);
    }

    pub(super) fn pop(&mut self) -> Option<Result<gst::Buffer, MapError>> {
        self.pop_any()
    }

    pub(super) fn pop_any(&mut self) -> Option<Result<gst::Buffer, MapError>> {
        self.buffer.take().map(Ok)
    }

    pub(super) fn flush(&mut self) {
        self.buffer = None;
    }

    pub(super) fn events(&mut self) -> Vec<GpuEvent> {
        std::mem::take(&mut self.events)
    }
}
