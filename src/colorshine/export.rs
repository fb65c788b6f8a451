//! The look of the newest settings as a .cube file.

use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use colorshine_core::color::codes::CodeSpace;
use colorshine_core::color::oklab::Primaries;
use colorshine_core::cube;
use colorshine_core::lut::Radii;
use colorshine_core::model::Look;
use colorshine_core::model::lanes::ExactKernel;
use colorshine_core::workers::{Team, block_signals_of_files, simd_level};
use gst::prelude::*;
use gst::subclass::prelude::*;

use super::element::{CAT, ColorShine};
use super::lut_file::LutFile;
use super::settings::Settings;

/// Properties that change the picture and have no place in a table.
const LEFT_OUT: [&str; 3] = ["mix", "split", "dither"];

/// How long a look that is measured on frames is waited for while no frame comes.
const PATIENCE_WITH_FRAMES: Duration = Duration::from_secs(2);

/// The same while it is made ready; what takes longer has gone wrong.
const PATIENCE_WITH_BAKES: Duration = Duration::from_secs(60);

/// Time between two looks at whether it is there.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

impl ColorShine {
    /// The newest accepted settings, the look that they make of a stream, and its radii. Where there is no stream
    /// it is for the primaries of most.
    ///
    /// The plan on screen may be of older settings. Its radii are taken only where it is not; else they are found
    /// here, or waited for where they are measured on frames.
    ///
    /// # Errors
    ///
    /// Settings that no stream could begin with, and where no frame has been measured for them.
    fn newest_look(&self) -> Result<(Settings, Look, Vec<f64>), String> {
        let begin = Instant::now();
        loop {
            let (mut settings, caps, plan, is_awaited, is_started) = {
                let state = self.state();
                let is_newest = state.plan_version == state.version;
                let plan = state.plan.clone().filter(|_| is_newest);
                let is_awaited = state.next.as_ref().is_some_and(|next| next.1 == state.version);
                let (settings, caps) = (state.settings.used().clone(), state.caps().cloned());
                (settings, caps, plan, is_awaited, state.is_started)
            };
            if !is_started {
                settings.lut_files.iter_mut().for_each(LutFile::read);
            }
            settings.check(None).map_err(|error| error.to_string())?;
            let primaries = caps.as_ref().map_or(Primaries::BT709, |caps| caps.primaries);
            let look = settings.look(primaries);
            let known = plan.as_ref().map(|plan| plan.radii());
            let radii = known.filter(|radii| radii.len() == look.attractors.len()).or_else(|| {
                let radii = Radii::of(&look, settings.tolerance_reference)?;
                Some(radii.find(&look, simd_level(), Team::of_bakes()))
            });
            if let Some(radii) = radii {
                return Ok((settings, look, radii));
            }
            let waits_for_frame = is_awaited || plan.is_some();
            let patience = if waits_for_frame { PATIENCE_WITH_FRAMES } else { PATIENCE_WITH_BAKES };
            if caps.is_none() || begin.elapsed() > patience {
                return Err(if waits_for_frame || caps.is_none() {
                    "no frame has been measured yet with these settings".into()
                } else {
                    "these settings are not ready yet".into()
                });
            }
            thread::sleep(LOOK_AGAIN);
        }
    }

    fn try_to_export(&self, path: &Path, size: u32) -> Result<(), String> {
        let (settings, look, radii) = self.newest_look()?;
        let kernel = ExactKernel::new(&look, &radii, &CodeSpace::unit_rgb(), simd_level());
        let write = || {
            block_signals_of_files();
            let differences = |rgb: [&mut [f32]; 3]| kernel.differences(rgb);
            let comments = left_out(&settings);
            let parts = cube::parts(size as usize, &comments, Team::of_bakes(), differences)?;
            cube::save(path, parts)
        };
        // A thread of its own, as the caller's signals are the caller's.
        let written = thread::scope(|scope| {
            let thread = thread::Builder::new().name("colorshine-export".into());
            let written = thread.spawn_scoped(scope, write)?.join();
            written.unwrap_or_else(|_| Err(io::Error::other("the model failed")))
        });
        written.map_err(|error| error.to_string())
    }

    /// Writes the look as a .cube file; a warning says why it could not.
    pub(super) fn export_lut(&self, path: Option<&Path>, size: u32) -> bool {
        let written = path
            .ok_or_else(|| "no path was given".to_string())
            .and_then(|path| self.try_to_export(path, size));
        if let Err(error) = &written {
            let path = path.unwrap_or(Path::new("a file")).display();
            let text = format!("cannot export a lookup table of size {size} to {path}: {error}");
            gst::warning!(CAT, imp = self, "{text}");
            gst::element_imp_warning!(self, gst::ResourceError::Write, ("{text}"));
        }
        written.is_ok()
    }
}

/// What of some settings is not in the table, for whoever reads the file.
fn left_out(settings: &Settings) -> Vec<String> {
    let text = |settings: &Settings, name| settings.get(name).serialize().ok();
    let defaults = Settings::default();
    let names = LEFT_OUT.into_iter().filter(|name| text(settings, name) != text(&defaults, name));
    let each: Vec<String> =
        names.map(|name| format!("{name}={}", text(settings, name).unwrap_or_default())).collect();
    if each.is_empty() {
        return Vec::new();
    }
    vec![format!("Left out, as a table cannot have it: {}", each.join(", "))]
}
