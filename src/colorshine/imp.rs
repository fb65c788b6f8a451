//! Virtual functions of the element.

use std::sync::{Arc, LazyLock};
use std::time::Instant;

use colorshine_core::workers::Team;
use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::prelude::*;
use gst_base::subclass::base_transform::{
    GenerateOutputSuccess, InputBuffer, PrepareOutputBufferSuccess,
};
use gst_base::subclass::prelude::*;
use gst_video::VideoInfo;
use gst_video::subclass::prelude::*;

use super::element::{CAT, ColorShine};
use super::lut_file::LutFile;
use super::negotiated::Negotiated;
use super::prepare;
use super::preset::LookPreset;
use super::settings::Settings;
use super::streaming::Streaming;
use crate::engine::caps::Moment;
use crate::engine::frame_path::MOST_HELD;
use crate::engine::plan::Plan;
use crate::workers::lock;
use colorshine_video::formats;

impl ColorShine {
    /// Puts the plan of the newest settings in place, if it is not there yet. The caller waits until it is made.
    fn plan_newest(&self) {
        let (options, caps, version, next) = {
            let mut state = self.state();
            let is_old = state.version != state.plan_version;
            let Some(caps) = state.caps().cloned().filter(|_| is_old) else {
                return;
            };
            let version = state.version;
            state.planned_version = version;
            let next = state.next.take().filter(|(_, next)| *next == version);
            (state.settings.used().options(caps.primaries), caps, version, next)
        };
        let plan = next.map_or_else(
            || Arc::new(Plan::new(options, caps, &self.counters, Team::of_bakes(), None)),
            |(plan, _)| plan,
        );
        prepare::install(self, plan, version);
    }

    /// Lets go of what the streaming thread keeps.
    fn end_streaming(&self) {
        let streaming = lock(&self.streaming).take();
        drop(streaming);
    }
}

#[glib::object_subclass]
impl ObjectSubclass for ColorShine {
    const NAME: &'static str = "GstColorShine";
    type Type = super::ColorShine;
    type ParentType = gst_video::VideoFilter;
    type Interfaces = (LookPreset,);
}

impl GstObjectImpl for ColorShine {}

impl ElementImpl for ColorShine {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new(
                "Colorshine",
                "Filter/Effect/Video",
                "Pulls the colours of a video towards a few chosen colours, in Oklab, through a 3D \
                 lookup table",
                "The colorshine developers",
            )
        });
        Some(&METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| {
            // Without a frame rate, which caps need not have: pads take no caps that lack a field of theirs.
            let most = i32::MAX;
            let caps = gst::Caps::builder("video/x-raw")
                .field("format", gst::List::new(formats().map(|format| format.to_str())))
                .field("width", gst::IntRange::new(1, most))
                .field("height", gst::IntRange::new(1, most))
                .build();
            let template = |name, direction| {
                gst::PadTemplate::new(name, direction, gst::PadPresence::Always, &caps)
            };
            [("sink", gst::PadDirection::Sink), ("src", gst::PadDirection::Src)]
                .into_iter()
                .filter_map(|(name, direction)| template(name, direction).ok())
                .collect()
        });
        &TEMPLATES
    }
}

impl BaseTransformImpl for ColorShine {
    const MODE: gst_base::subclass::BaseTransformMode =
        gst_base::subclass::BaseTransformMode::AlwaysInPlace;
    const PASSTHROUGH_ON_SAME_CAPS: bool = false;
    const TRANSFORM_IP_ON_PASSTHROUGH: bool = false;

    fn start(&self) -> Result<(), gst::ErrorMessage> {
        // Bad values keep caps from being taken, not the element from starting: some hosts, OBS among them, do not
        // look at that and would wait for frames for ever.
        let settings = {
            let _reading = lock(&self.reading);
            let mut files = self.state().settings.as_set().lut_files.clone();
            files.iter_mut().for_each(LutFile::read);
            let mut state = self.state();
            state.settings.as_set_mut().lut_files = files;
            state.settings.forget_last_good();
            state.is_started = true;
            state.is_refusal_told = false;
            state.is_warned_of_hdr = false;
            state.warned_of_alpha = None;
            state.disk = self.disk(state.settings.as_set());
            state.settings.as_set().clone()
        };
        self.counters.clear();
        *lock(&self.streaming) = Some(Box::new(Streaming::new(&settings, &self.counters)));
        Ok(())
    }

    fn stop(&self) -> Result<(), gst::ErrorMessage> {
        self.release.end();
        self.finish_disk();
        {
            let mut state = self.state();
            state.is_started = false;
            state.stream = None;
            state.plan = None;
            state.next = None;
            state.settings.forget_last_good();
            state.settings.as_set_mut().lut_files.iter_mut().for_each(LutFile::forget);
            state.disk = None;
            state.held = [None; MOST_HELD];
        }
        self.end_streaming();
        Ok(())
    }

    fn before_transform(&self, buffer: &gst::BufferRef) {
        let element = self.obj();
        let segment = element.segment();
        let time = segment
            .downcast_ref::<gst::ClockTime>()
            .and_then(|segment| buffer.pts().and_then(|pts| segment.to_stream_time(pts)));
        if let Some(time) = time
            && let Err(error) = element.sync_values(time)
        {
            gst::warning!(CAT, imp = self, "cannot follow the controller: {error}");
        }
        if buffer.flags().contains(gst::BufferFlags::DISCONT) {
            self.forget();
        }
        let is_after_flush = self.with_streaming(|streaming| {
            let is_after_flush = std::mem::take(&mut streaming.is_after_flush);
            if is_after_flush {
                streaming.path.screen.end_fade();
            }
            is_after_flush
        });
        if is_after_flush == Some(true) {
            self.plan_newest();
        }
        let (plan, mix, split, backend, is_awaited) = {
            let state = self.state();
            let settings = state.settings.used();
            let Settings { mix, split, .. } = *settings;
            (state.plan.clone(), mix, split, settings.backend(), state.next.is_some())
        };
        let begun = self.with_streaming(|streaming| {
            streaming.path.gpu.turn_to(backend);
            let held_back = streaming.path.gpu.latency();
            let since = streaming.path.screen.begin_frame(
                plan.as_ref(),
                buffer.pts().map(Into::into),
                held_back,
            );
            streaming.since += since;
            let moment = Moment { mix, split, since: streaming.since };
            let is_fading = streaming.path.screen.is_fading();
            let has_work = |plan: &Arc<Plan>| {
                // A look that waits to be measured needs a frame, whatever this one shows.
                is_awaited || moment.is_visible() && (is_fading || !plan.is_identity())
            };
            streaming.job = plan.filter(has_work).map(|plan| (plan, moment));
            if streaming.job.is_none() {
                streaming.path.screen.show_untouched();
            }
            (streaming.job.is_none(), streaming.held())
        });
        let Some((is_passthrough, held)) = begun else {
            return;
        };
        self.counters.frames.increment();
        if is_passthrough {
            self.counters.frames_passthrough.increment();
            self.state().held = held;
        }
        if element.is_passthrough() != is_passthrough {
            gst::debug!(CAT, imp = self, "passthrough: {is_passthrough}");
            element.set_passthrough(is_passthrough);
        }
    }

    fn prepare_output_buffer(
        &self,
        input: InputBuffer<'_>,
    ) -> Result<PrepareOutputBufferSuccess, gst::FlowError> {
        match input {
            // A copy of the buffer keeps every meta, which a buffer of our own would not; its memory
            // is copied when it is mapped for writing.
            InputBuffer::Readable(buffer) if !self.obj().is_passthrough() => {
                Ok(PrepareOutputBufferSuccess::Buffer(buffer.copy()))
            }
            _ => Ok(PrepareOutputBufferSuccess::InputBuffer),
        }
    }

    fn transform_ip(
        &self,
        buffer: &mut gst::BufferRef,
    ) -> Result<gst::FlowSuccess, gst::FlowError> {
        let processed = self.with_streaming(|streaming| self.process(buffer, streaming));
        processed.unwrap_or(Ok(gst::FlowSuccess::Ok))
    }

    fn submit_input_buffer(
        &self,
        is_discont: bool,
        inbuf: gst::Buffer,
    ) -> Result<gst::FlowSuccess, gst::FlowError> {
        self.release.put_off();
        if self.with_streaming(|streaming| streaming.path.gpu.most_held_back() > 0) == Some(true)
            && let Some(refusal) = self.refusal()
        {
            // It may be the answer to a frame that left late, so that upstream has not heard of it.
            self.drain_or_flush();
            return Err(refusal);
        }
        // The base class says so until a frame has left, which with frames in flight may be some frames later.
        let is_new = inbuf.flags().contains(gst::BufferFlags::DISCONT);
        let was_told = self
            .with_streaming(|streaming| std::mem::replace(&mut streaming.is_discont, is_discont));
        if is_new || is_discont && was_told == Some(false) {
            self.drain()?;
        }
        let taken = self.parent_submit_input_buffer(is_discont, inbuf);
        if taken != Ok(gst::FlowSuccess::Ok) {
            // Nothing is asked for that comes of it.
            self.hold()?;
        }
        taken
    }

    fn generate_output(&self) -> Result<GenerateOutputSuccess, gst::FlowError> {
        let output = match self.parent_generate_output()? {
            GenerateOutputSuccess::Buffer(buffer) => self.next_output(Some(buffer))?,
            GenerateOutputSuccess::NoOutput => self.next_output(None)?,
            dropped => dropped,
        };
        if matches!(output, GenerateOutputSuccess::Buffer(_)) {
            self.with_streaming(|streaming| streaming.is_discont = false);
            self.note_push();
        } else {
            self.hold()?;
        }
        Ok(output)
    }

    fn propose_allocation(
        &self,
        decide_query: Option<&gst::query::Allocation>,
        query: &mut gst::query::Allocation,
    ) -> Result<(), gst::LoggableError> {
        self.parent_propose_allocation(decide_query, query)?;
        let held = self.with_streaming(|streaming| streaming.path.gpu.most_held_back());
        let held = held.unwrap_or(0) as u32;
        if held > 0 {
            let pools: Vec<_> = query
                .allocation_pools()
                .map(|(pool, size, least, most)| {
                    // No most is as many as there are wanted.
                    let most = if most > 0 { most.saturating_add(held) } else { 0 };
                    (pool, size, least.saturating_add(held), most)
                })
                .collect();
            for (index, (pool, size, least, most)) in pools.into_iter().enumerate() {
                query.set_nth_allocation_pool(index as u32, pool.as_ref(), size, least, most);
            }
        }
        Ok(())
    }

    fn query(&self, direction: gst::PadDirection, query: &mut gst::QueryRef) -> bool {
        let is_serialized =
            matches!(query.type_(), gst::QueryType::Drain | gst::QueryType::Allocation);
        if direction == gst::PadDirection::Sink && is_serialized {
            // Whoever asks may want its buffers back.
            self.drain_or_flush();
        }
        let is_answered = BaseTransformImplExt::parent_query(self, direction, query);
        if is_answered
            && direction == gst::PadDirection::Src
            && let gst::QueryViewMut::Latency(query) = query.view_mut()
        {
            let own = gst::ClockTime::from_nseconds(self.counters.latency.get());
            let (is_live, least, most) = query.result();
            let most = most.map(|most| most.saturating_add(own));
            query.set(is_live, least.saturating_add(own), most);
        }
        is_answered
    }

    fn sink_event(&self, event: gst::Event) -> bool {
        if let gst::EventView::FlushStop(_) = event.view() {
            self.forget();
            self.with_streaming(|streaming| {
                streaming.path.gpu.flush();
                streaming.is_after_flush = true;
            });
        } else if event.is_serialized() {
            // What comes before it is not to come after it.
            self.drain_or_flush();
        }
        if let gst::EventView::FlushStop(_)
        | gst::EventView::StreamStart(_)
        | gst::EventView::Segment(_)
        | gst::EventView::Caps(_) = event.view()
        {
            self.begin_anew();
        }
        self.parent_sink_event(event)
    }
}

impl VideoFilterImpl for ColorShine {
    fn set_info(
        &self,
        incaps: &gst::Caps,
        in_info: &VideoInfo,
        _outcaps: &gst::Caps,
        _out_info: &VideoInfo,
    ) -> Result<(), gst::LoggableError> {
        let start = Instant::now();
        let stream = Arc::new(Negotiated::new(incaps, in_info));
        let caps = stream.caps.clone();
        self.check(in_info, &caps.codes)?;
        // The plan before is kept until the new one is made: they may share a lattice.
        let (settings, disk, version, _before, hdr) = {
            let mut state = self.state();
            state.stream = Some(stream.clone());
            let hdr = stream.hdr.filter(|_| !state.is_warned_of_hdr);
            state.is_warned_of_hdr |= hdr.is_some();
            state.next = None;
            state.planned_version = state.version;
            let (settings, disk) = (state.settings.used().clone(), state.disk.clone());
            (settings, disk, state.version, state.plan.take(), hdr)
        };
        // The stream has not begun: its first frame wants a plan, so all threads work on one.
        let (counters, team) = (&self.counters, Team::of_bakes());
        let options = settings.options(caps.primaries);
        let plan = Arc::new(Plan::new(options, caps, counters, team, disk.as_ref()));
        gst::info!(
            CAT,
            imp = self,
            "{} {}x{}: {}; ready after {:.1?}",
            in_info.format(),
            in_info.width(),
            in_info.height(),
            plan.summary(),
            start.elapsed(),
        );
        self.state().install(plan.clone(), version);
        self.forget();
        self.with_streaming(|streaming| {
            streaming.stream = Some(stream);
            streaming.path.gpu.begin_stream(&plan, settings.backend());
            streaming.first_frame = Some(start.elapsed());
        });
        self.tell_gpu_events();
        self.announce(plan.notice().as_ref());
        self.warn_of_alpha();
        if let Some(transfer) = hdr {
            gst::element_imp_warning!(
                self,
                gst::StreamError::Format,
                ("the stream is HDR, {transfer}, and is processed as if it were SDR")
            );
        }
        Ok(())
    }
}
