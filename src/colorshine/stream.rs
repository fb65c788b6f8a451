//! What the streaming thread does to a frame.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::prelude::*;
use gst_base::subclass::base_transform::GenerateOutputSuccess;

use super::element::{CAT, ColorShine};
use super::negotiated::KeptBuffer;
use super::prepare;
use super::streaming::Streaming;
use crate::engine::caps::Frame;
use crate::engine::gpu::GpuEvent;
use crate::engine::plan::Plan;
use crate::error::unusable_buffer;
use colorshine_video::{MapError, with_mapped};

/// Time of the stream between two lines of its story in the log.
const TOLD_EVERY: Duration = Duration::from_secs(1);

impl ColorShine {
    /// Does the job that was made for a buffer.
    pub(super) fn process(
        &self,
        buffer: &mut gst::BufferRef,
        streaming: &mut Streaming,
    ) -> Result<gst::FlowSuccess, gst::FlowError> {
        let start = Instant::now();
        let Some(((plan, moment), stream)) = streaming.job.take().zip(streaming.stream.clone())
        else {
            return Ok(gst::FlowSuccess::Ok);
        };
        if self.is_to_forget.swap(false, Ordering::AcqRel) {
            streaming.path.follower.forget();
        }
        let has_settled =
            with_mapped(buffer, &stream.info, &stream.caps.layout, |planes, layout, area| {
                let mut frame = Frame { planes, layout, area };
                if !frame.is_empty() {
                    self.measure_next(&mut frame, streaming);
                }
                streaming.path.process(&plan, &mut frame, &moment)
            })
            .map_err(|error| self.refuse(&error))?;
        if has_settled {
            gst::info!(CAT, imp = self, "the first frame is measured: {}", plan.summary());
            self.announce(plan.notice().as_ref());
        }
        let time = start.elapsed();
        let counters = &self.counters;
        streaming.path.count_time(time);
        self.state().held = streaming.held();
        if let Some(negotiation) = streaming.first_frame.take() {
            counters.first_frame_time.set_time(negotiation + time);
        }
        streaming.untold += std::mem::take(&mut streaming.since);
        if streaming.untold >= TOLD_EVERY {
            streaming.untold = Duration::ZERO;
            self.tell(&plan);
        }
        Ok(gst::FlowSuccess::Ok)
    }

    /// Says why a buffer cannot be processed.
    fn refuse(&self, error: &MapError) -> gst::FlowError {
        gst::element_imp_error!(self, gst::StreamError::Failed, ("{}", unusable_buffer(error)));
        gst::FlowError::Error
    }

    /// Takes a frame that has been processed or begun, and gives the one that is to be pushed now.
    pub(super) fn next_output(
        &self,
        buffer: Option<gst::Buffer>,
    ) -> Result<GenerateOutputSuccess, gst::FlowError> {
        let next = self.with_streaming(|streaming| {
            if let Some((buffer, stream)) = buffer.zip(streaming.stream.clone()) {
                streaming.path.gpu.push(KeptBuffer { buffer, stream });
            }
            streaming.path.gpu.pop()
        });
        self.tell_gpu_events();
        match next.flatten() {
            Some(Ok(kept)) => Ok(GenerateOutputSuccess::Buffer(kept.buffer)),
            Some(Err(error)) => Err(self.refuse(&error)),
            None => Ok(GenerateOutputSuccess::NoOutput),
        }
    }

    /// Pushes all frames that are held back, unless downstream takes no more.
    pub(super) fn drain(&self) -> Result<gst::FlowSuccess, gst::FlowError> {
        if self.is_holding()
            && let Some(refusal) = self.refusal()
        {
            return Err(refusal);
        }
        while let Some(next) =
            self.with_streaming(|streaming| streaming.path.gpu.pop_any()).flatten()
        {
            self.tell_gpu_events();
            let next = next.map_err(|error| self.refuse(&error))?;
            self.note_push();
            self.obj().src_pad().push(next.buffer)?;
        }
        Ok(gst::FlowSuccess::Ok)
    }

    /// Pushes all frames that are held back; if one cannot be, those after it are of no more use. Why it cannot
    /// is told with the next buffer, by whoever is downstream.
    pub(super) fn drain_or_flush(&self) {
        if let Err(error) = self.drain() {
            gst::debug!(CAT, imp = self, "frames are let go: {error}");
            self.with_streaming(|streaming| streaming.path.gpu.flush());
        }
    }

    /// Tells the user what has become of the GPU, and the pipeline when latency is another.
    pub(super) fn tell_gpu_events(&self) {
        let Some((events, latency)) = self.with_streaming(|streaming| {
            (streaming.path.gpu.events(), streaming.path.gpu.latency())
        }) else {
            return;
        };
        for event in events {
            match event {
                GpuEvent::Warning(text) => {
                    gst::element_imp_warning!(self, gst::LibraryError::Settings, ("{text}"));
                }
                GpuEvent::Info(text) => gst::info!(CAT, imp = self, "{text}"),
                GpuEvent::TooSlow => {
                    // The next plan knows it, and takes the table.
                    self.state().version += 1;
                    prepare::request(self);
                }
                GpuEvent::Latency => {
                    let frame_time = self.state().caps().map(|caps| caps.frame_time());
                    let time = frame_time.unwrap_or_default() * latency as u32;
                    if u128::from(self.counters.latency.get()) != time.as_nanos() {
                        self.counters.latency.set_time(time);
                        let element = self.obj();
                        let message = gst::message::Latency::builder().src(&*element).build();
                        element.post_message(message).unwrap_or_default();
                    }
                }
            }
        }
    }

    /// Forgets what was measured on earlier frames.
    pub(super) fn forget(&self) {
        self.is_to_forget.store(true, Ordering::Release);
        let plan = self.state().plan.clone();
        if let Some(measured) = plan.as_deref().and_then(Plan::measured) {
            measured.forget();
        }
    }

    /// Measures the radii of a plan that waits for them, on a frame, and has it made ready beside the
    /// stream.
    fn measure_next(&self, frame: &mut Frame<'_, '_>, streaming: &mut Streaming) {
        let next = self.state().next.take();
        let Some((plan, version)) = next else {
            return;
        };
        if let Some(measured) = plan.measured() {
            let radii = measured.radii_of_next(frame, &mut streaming.path.follower);
            prepare::settle(self, plan, version, radii);
        }
    }

    /// Tells how the stream goes, once a second of it.
    fn tell(&self, plan: &Plan) {
        let counters = &self.counters;
        gst::debug!(
            CAT,
            imp = self,
            "{} frames, {} of them untouched, {:.2} ms a frame; method {}, lookup table of {}, {} bakes, \
             the last in {:.2} ms; radii {:.4?}",
            counters.frames.get(),
            counters.frames_passthrough.get(),
            counters.apply_time.get() as f64 * 1e-6,
            plan.method_name(),
            plan.lut_size(),
            counters.bakes.get(),
            counters.bake_time.get() as f64 * 1e-6,
            plan.radii(),
        );
        if plan.measured().is_some() {
            gst::debug!(
                CAT,
                imp = self,
                "the look reaches {:.0} % of the picture; {} scene cuts",
                100.0 * counters.coverage.get(),
                counters.scene_cuts.get(),
            );
        }
    }
}
