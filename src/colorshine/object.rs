//! Properties and signals, as GObject sees them.

use std::path::PathBuf;
use std::sync::LazyLock;

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;

use super::element::{CAT, ColorShine};
use super::settings::{Assignment, Change, InUse, LOOK, PROPERTIES};
use super::{looks, prepare, preset, stats};
use crate::workers::lock;

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
                        // As a path, since its bytes need not be UTF-8.
                        let path = values[1].get::<Option<PathBuf>>().ok().flatten();
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
        if matches!(name, "mix" | "split") {
            // These may come with every frame, from a controller; GObject keeps them in range, and what is no
            // number counts as 0.
            self.state().settings.set_for_next_frame(name, value);
            return;
        }
        match looks::assignment(&self.obj(), name, value) {
            Ok(assignment) => self.assign(name, value, assignment),
            Err(not_utf8) => {
                gst::element_imp_warning!(self, gst::LibraryError::Settings, ("{not_utf8}"));
            }
        }
    }

    fn property(&self, _id: usize, pspec: &glib::ParamSpec) -> glib::Value {
        if pspec.name() != "stats" {
            let settings = self.state().settings.as_set().clone();
            return preset::saved(&self.obj(), settings.get(pspec.name()));
        }
        let (plan, held) = {
            let state = self.state();
            (state.plan.clone(), state.held)
        };
        stats::snapshot(&self.counters, plan.as_deref(), held).to_value()
    }
}

impl ColorShine {
    /// Gives a property a new value, tells what is wrong with it, and has done what it leads to.
    fn assign(&self, name: &str, value: &glib::Value, mut assignment: Assignment) {
        let (result, is_started, has_stream, before) = {
            let mut files = assignment.files();
            let _reading = (!files.is_empty()).then(|| lock(&self.reading));
            // Before the stream starts, a file may be named that is not there yet.
            if self.state().is_started {
                files.iter_mut().for_each(|file| file.read());
            }
            let mut state = self.state();
            let has_stream = state.stream.is_some();
            // Freed once the lock is: a text may be long.
            let before = state.settings.clone();
            let codes = state.caps().map(|caps| caps.codes);
            let result = state.settings.assign(&assignment, codes.as_ref());
            let is_new = result == Ok(Change::Plan);
            if is_new && !preset::wait_for_the_rest(&self.obj()) {
                state.version += 1;
            }
            (result, state.is_started, has_stream, before)
        };
        if has_stream && result.is_ok() {
            self.warn_of_alpha();
        }
        match result {
            Ok(Change::Plan) => {
                gst::debug!(CAT, imp = self, "{name} is now {value:?}");
                prepare::request(self);
            }
            Ok(Change::NextStart) if is_started => {
                let text = format!(
                    "property {name} is taken at start: the new value counts from the next start on"
                );
                gst::element_imp_info!(self, gst::LibraryError::Settings, ("{text}"), ["{text}"]);
            }
            Ok(Change::NextFrame | Change::NextStart | Change::None) => {}
            Err(error) if has_stream => {
                gst::element_imp_warning!(
                    self,
                    gst::LibraryError::Settings,
                    ("{error}; the last good value stays in use")
                );
            }
            Err(error) => gst::warning!(CAT, imp = self, "no stream can begin so: {error}"),
        }
        assignment.others().for_each(|other| self.obj().notify(other));
        let has_look = |settings: &InUse| settings.as_set().has_look();
        if name != LOOK && has_look(&before) && !has_look(&self.state().settings) {
            self.obj().notify(LOOK);
        }
    }
}
