//! Virtual functions of the element.
//!
//! Locks: `state` and `streaming`, and a plan's own over the radii it has measured. Each is taken for as long
//! as it takes to copy something in or out; none is held while another of them is taken. `reading` is held
//! while a file is read, by `start` and by setters, never by the stream; `state` may be taken meanwhile. No
//! lock is held while GStreamer or the user is called (messages, queries, signals), or over a frame's work.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::prelude::*;
use gst_base::subclass::base_transform::{InputBuffer, PrepareOutputBufferSuccess};
use gst_base::subclass::prelude::*;
use gst_video::VideoInfo;
use gst_video::subclass::prelude::*;

use super::lut_file::LutFile;
use super::plan::{Caps, Moment, Notice, Plan};
use super::recipe::Held;
use super::settings::{Change, LUT_FILES, PROPERTIES, Settings};
use super::stream::Streaming;
use super::{prepare, stats};
use crate::frame::formats;
use crate::lut::Disk;
use crate::telemetry::Counters;
use crate::workers::Team;

pub(super) static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new(
        "colorshine",
        gst::DebugColorFlags::empty(),
        Some("Pulls colours towards a few chosen ones"),
    )
});

/// Stands in `State::warned` for the warning of HDR.
const HDR: &str = "hdr";

/// What setters, the streaming thread and the preparing thread share.
#[derive(Default)]
pub(super) struct State {
    pub(super) settings: Settings,
    /// The stream's caps, from negotiation to stop.
    pub(super) caps: Option<Arc<Caps>>,
    /// The plan for `caps`; replaced whole.
    pub(super) plan: Option<Arc<Plan>>,
    /// Counts changes of settings that ask for a plan.
    pub(super) version: u64,
    /// Version of the settings that `plan` was made of.
    pub(super) plan_version: u64,
    /// A plan that waits for a frame to measure its radii on, and its version.
    pub(super) next: Option<(Arc<Plan>, u64)>,
    /// Version of the newest settings that a plan was made of.
    pub(super) planned_version: u64,
    /// Whether a plan is in the making beside the stream.
    pub(super) is_preparing: bool,
    /// Whether the element is started: bad values are then refused at once.
    pub(super) is_started: bool,
    /// Properties without effect that the user has been warned of since start.
    warned: Vec<&'static str>,
    /// The folder of baked looks, taken at start.
    disk: Option<Arc<Disk>>,
    /// The lattices that the last frame needed.
    pub(super) on_screen: [Option<Held>; 5],
}

impl State {
    /// Puts a plan in place, unless it is for other caps or older than the one in place.
    pub(super) fn install(&mut self, plan: Arc<Plan>, version: u64) -> bool {
        let is_current = self.caps.as_ref().is_some_and(|caps| Arc::ptr_eq(caps, &plan.caps));
        let is_newer = self.plan.is_none() || version > self.plan_version;
        if is_current && is_newer {
            self.plan = Some(plan);
            self.plan_version = version;
            self.next.take_if(|(_, next)| *next <= version);
        }
        is_current && is_newer
    }
}

/// The element's implementation.
#[derive(Default)]
pub struct ColorShine {
    state: Mutex<State>,
    /// Taken out while a frame is worked on, so that the lock is not held.
    pub(super) streaming: Mutex<Option<Box<Streaming>>>,
    /// Whether what was measured on earlier frames is to be forgotten.
    pub(super) is_to_forget: AtomicBool,
    reading: Mutex<()>,
    pub(super) counters: Arc<Counters>,
}

/// Locks of plain data stay usable after a panic elsewhere.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ColorShine {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    pub(super) fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    /// Tells the user what a plan has to say.
    pub(super) fn announce(&self, notice: Option<&Notice>) {
        if let Some(notice) = notice {
            // gst-launch shows the second of the two, applications the first.
            gst::element_imp_info!(self, gst::LibraryError::Settings, ("{notice}"), ["{notice}"]);
        }
    }

    /// Warns of properties that were set and have no effect, each once between start and stop.
    fn warn_without_effect(&self) {
        let fresh = {
            let mut state = self.state();
            if !state.is_started {
                return;
            }
            let mut fresh = state.settings.without_effect();
            fresh.retain(|(name, _)| !state.warned.contains(name));
            state.warned.extend(fresh.iter().map(|(name, _)| *name));
            fresh
        };
        for (name, instead) in fresh {
            gst::element_imp_warning!(
                self,
                gst::LibraryError::Settings,
                ("property {name} has no effect yet: {instead}")
            );
        }
    }
}

#[glib::object_subclass]
impl ObjectSubclass for ColorShine {
    const NAME: &'static str = "GstColorShine";
    type Type = super::ColorShine;
    type ParentType = gst_video::VideoFilter;
    type Interfaces = (gst::Preset,);
}

impl ObjectImpl for ColorShine {
    fn properties() -> &'static [glib::ParamSpec] {
        &PROPERTIES
    }

    fn signals() -> &'static [glib::subclass::Signal] {
        static SIGNALS: LazyLock<Vec<glib::subclass::Signal>> = LazyLock::new(|| {
            vec![
                glib::subclass::Signal::builder("export-lut")
                    .param_types([String::static_type(), u32::static_type()])
                    .return_type::<bool>()
                    .run_last()
                    .action()
                    .class_handler(|values| {
                        // A handler that returns nothing would be a fault of its own; what is missing
                        // is warned of like any other failure.
                        let element = values[0].get::<super::ColorShine>().ok();
                        let path = values[1].get::<Option<String>>().ok().flatten();
                        let size = values[2].get::<u32>().unwrap_or_default();
                        let export =
                            |e: super::ColorShine| e.imp().export_lut(path.as_deref(), size);
                        Some(element.is_some_and(export).to_value())
                    })
                    .build(),
                glib::subclass::Signal::builder("reset")
                    .run_last()
                    .action()
                    .class_handler(|values| {
                        let element: super::ColorShine = values[0].get().ok()?;
                        element.imp().forget();
                        None
                    })
                    .build(),
            ]
        });
        &SIGNALS
    }

    fn set_property(&self, _id: usize, value: &glib::Value, pspec: &glib::ParamSpec) {
        let name = pspec.name();
        let lut_file = LUT_FILES.iter().position(|lut_file| *lut_file == name);
        let result = {
            let _reading = lut_file.map(|_| lock(&self.reading));
            let lut_file = lut_file.map(|index| {
                let mut file = LutFile::new(value.get().unwrap_or_default());
                // Before the stream starts, a file may be named that is not there yet.
                if self.state().is_started {
                    file.read();
                }
                (index, file)
            });
            let mut state = self.state();
            if matches!(name, "mix" | "split") {
                // These may come with every frame, from a controller; GObject keeps them in range, and what
                // is no number counts as 0.
                Ok(state.settings.set(name, value))
            } else {
                let mut settings = state.settings.clone();
                let change = match lut_file {
                    Some((index, file)) => settings.set_lut_file(index, file),
                    None => settings.set(name, value),
                };
                let checked = settings.check();
                if checked.is_ok() || !state.is_started {
                    state.settings = settings;
                    state.version += u64::from(change == Change::Plan);
                }
                checked.map(|()| change).map_err(|error| (error, state.is_started))
            }
        };
        match result {
            Ok(Change::Plan) => {
                gst::debug!(CAT, imp = self, "{name} is now {value:?}");
                prepare::request(self);
                self.warn_without_effect();
            }
            Ok(Change::NextFrame) => {}
            Ok(Change::None) => self.warn_without_effect(),
            Err((error, true)) => {
                gst::element_imp_warning!(
                    self,
                    gst::LibraryError::Settings,
                    ("{error}; the last good value stays")
                );
            }
            Err((error, false)) => gst::warning!(CAT, imp = self, "cannot start so: {error}"),
        }
    }

    fn property(&self, _id: usize, pspec: &glib::ParamSpec) -> glib::Value {
        if pspec.name() != "stats" {
            return self.state().settings.get(pspec.name());
        }
        let (plan, on_screen) = {
            let state = self.state();
            (state.plan.clone(), state.on_screen)
        };
        stats::snapshot(&self.counters, plan.as_deref(), on_screen).to_value()
    }
}

impl GstObjectImpl for ColorShine {}

impl PresetImpl for ColorShine {}

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
            let caps = gst_video::VideoCapsBuilder::new()
                .format_list(formats())
                .width_range(1..)
                .height_range(1..)
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
        let checked = {
            let _reading = lock(&self.reading);
            let mut files = self.state().settings.lut_files.clone();
            files.iter_mut().for_each(LutFile::read);
            let mut state = self.state();
            state.settings.lut_files = files;
            let checked = state.settings.check();
            state.is_started = checked.is_ok();
            state.warned.clear();
            state.disk = self.disk(&state.settings);
            checked
        };
        if let Err(error) = checked {
            gst::error!(CAT, imp = self, "{error}");
            return Err((&error).into());
        }
        self.counters.clear();
        self.warn_without_effect();
        Ok(())
    }

    fn stop(&self) -> Result<(), gst::ErrorMessage> {
        {
            let mut state = self.state();
            state.is_started = false;
            state.caps = None;
            state.plan = None;
            state.next = None;
            state.settings.lut_files.iter_mut().for_each(LutFile::forget);
            state.disk = None;
            state.on_screen = Default::default();
        }
        *lock(&self.streaming) = None;
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
        let (plan, mix, split, is_awaited) = {
            let state = self.state();
            let Settings { mix, split, .. } = state.settings;
            (state.plan.clone(), mix, split, state.next.is_some())
        };
        let (is_passthrough, on_screen) = {
            let mut guard = lock(&self.streaming);
            let streaming = guard.get_or_insert_default();
            streaming.since += streaming.screen.begin_frame(plan.as_ref(), buffer.pts());
            let moment = Moment { mix, split, since: streaming.since };
            let is_fading = streaming.screen.is_fading();
            let has_work = |plan: &Arc<Plan>| {
                // A look that waits to be measured needs a frame, whatever this one shows.
                is_awaited || moment.is_visible() && (is_fading || !plan.is_identity())
            };
            streaming.job = plan.filter(has_work).map(|plan| (plan, moment));
            if streaming.job.is_none() {
                streaming.screen.show_untouched();
            }
            (streaming.job.is_none(), streaming.screen.held())
        };
        self.counters.frames.increment();
        if is_passthrough {
            self.counters.frames_passthrough.increment();
            self.state().on_screen = on_screen;
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
        let Some(mut streaming) = lock(&self.streaming).take() else {
            return Ok(gst::FlowSuccess::Ok);
        };
        let result = self.process(buffer, &mut streaming);
        *lock(&self.streaming) = Some(streaming);
        result
    }

    fn sink_event(&self, event: gst::Event) -> bool {
        if matches!(event.view(), gst::EventView::FlushStop(_)) {
            self.forget();
        }
        self.parent_sink_event(event)
    }
}

impl VideoFilterImpl for ColorShine {
    fn set_info(
        &self,
        _incaps: &gst::Caps,
        in_info: &VideoInfo,
        _outcaps: &gst::Caps,
        _out_info: &VideoInfo,
    ) -> Result<(), gst::LoggableError> {
        let start = Instant::now();
        let caps = Arc::new(Caps::new(in_info));
        // The plan before is kept until the new one is made: they may share a lattice.
        let (settings, disk, version, _before, hdr) = {
            let mut state = self.state();
            state.caps = Some(caps.clone());
            let is_told = state.warned.contains(&HDR);
            let hdr = caps.stream.hdr.filter(|_| !is_told);
            state.warned.extend(hdr.map(|_| HDR));
            state.next = None;
            state.planned_version = state.version;
            let (settings, disk) = (state.settings.clone(), state.disk.clone());
            (settings, disk, state.version, state.plan.take(), hdr)
        };
        // The stream has not begun: its first frame wants a plan, so all threads work on one.
        let (counters, team) = (&self.counters, Team::of_bakes());
        let plan = Arc::new(Plan::new(&settings, caps, counters, team, disk.as_ref()));
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
        lock(&self.streaming).get_or_insert_default().first_frame = Some(start.elapsed());
        self.announce(plan.notice().as_ref());
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
