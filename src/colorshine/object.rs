//! Properties and signals, as GObject sees them.

use std::path::PathBuf;
use std::sync::LazyLock;

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;

use super::imp::{CAT, ColorShine, lock};
use super::lut_file::LutFile;
use super::settings::{Change, LUT_FILES, PROPERTIES};
use super::{prepare, stats};

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
        let lut_file = LUT_FILES.iter().position(|lut_file| *lut_file == name);
        let (result, is_started) = {
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
            let result = if matches!(name, "mix" | "split") {
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
                checked.map(|()| change)
            };
            (result, state.is_started)
        };
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
            Err(error) if is_started => {
                gst::element_imp_warning!(
                    self,
                    gst::LibraryError::Settings,
                    ("{error}; the last good value stays")
                );
            }
            Err(error) => gst::warning!(CAT, imp = self, "cannot start so: {error}"),
        }
    }

    fn property(&self, _id: usize, pspec: &glib::ParamSpec) -> glib::Value {
        if pspec.name() != "stats" {
            return self.state().settings.get(pspec.name());
        }
        let (plan, held) = {
            let state = self.state();
            (state.plan.clone(), state.held)
        };
        stats::snapshot(&self.counters, plan.as_deref(), held).to_value()
    }
}
