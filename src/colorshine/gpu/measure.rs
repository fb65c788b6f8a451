//! Frames that the GPU measures, where each has radii of its own.

use std::sync::{Arc, Weak};

use colorshine_core::model::lanes::ToOklab;
use colorshine_core::model::shader_data::ShaderData;
use colorshine_core::tolerance::histogram::Histograms;

use super::{GpuEvent, GpuPath, Phase};
use crate::apply::gpu::{HistogramTask, compile_measuring};
use crate::colorshine::Backend;
use crate::colorshine::plan::{Frame, Plan};
use crate::gpu::GpuError;
use crate::workers::with_gpu;

/// What the frames of a plan are measured from.
#[derive(Debug)]
pub(super) struct DistanceParameters {
    plan: Weak<Plan>,
    /// `None` where tables need more than the GPU's precision.
    words: Option<Arc<ShaderData>>,
    /// Whether the user knows that it is not for the GPU.
    is_told: bool,
}

impl GpuPath {
    /// Adds the distances of a frame's pixels to histograms, where the stream is the GPU's. Returns whether it
    /// has: else the histograms are as they were, and the frame is the CPU's to measure.
    pub(in crate::colorshine) fn measure(
        &mut self,
        plan: &Arc<Plan>,
        frame: &mut Frame<'_, '_>,
        to_oklab: &ToOklab,
        histograms: &mut Histograms,
    ) -> bool {
        let Phase::Ready { stage, .. } = &mut self.phase else {
            return false;
        };
        if self.backend == Backend::Auto && !self.trial.is_gpus() {
            return false;
        }
        if !stage.can_measure(frame.layout) {
            // Measuring was asked for in mid-stream: the CPU does it until the shader is there.
            if !std::mem::replace(&mut self.is_measuring, true) {
                let (device, layout) = (stage.device().clone(), *frame.layout);
                // What goes wrong is told when the shader is used.
                with_gpu(move || compile_measuring(&device, &layout).unwrap_or_default());
            }
            return false;
        }
        let is_known =
            |known: &DistanceParameters| std::ptr::eq(known.plan.as_ptr(), Arc::as_ptr(plan));
        let gauge = match self.gauge.take().filter(is_known) {
            Some(known) => self.gauge.insert(known),
            None => self.gauge.insert(DistanceParameters {
                plan: Arc::downgrade(plan),
                words: histograms.shader_data(to_oklab).map(Arc::new),
                is_told: false,
            }),
        };
        let area = frame.picture();
        let measured = match &gauge.words {
            Some(words) => {
                let (budget, team) = (self.budget, plan.team());
                let task = HistogramTask {
                    layout: frame.layout,
                    area: &area,
                    parameters: words,
                    budget,
                    team,
                };
                stage.measure(frame.planes, &task, histograms)
            }
            None => Err(GpuError::Unsuited),
        };
        match measured {
            Ok(()) => return true,
            // The stage is as good as before.
            Err(error @ (GpuError::Unsuited | GpuError::MemoryLimit(..))) => {
                if !std::mem::replace(&mut gauge.is_told, true) {
                    let text = format!("{error}; the CPU measures the frames");
                    self.events.push(GpuEvent::Warning(text));
                }
            }
            Err(error) => self.lose(error),
        }
        false
    }
}
