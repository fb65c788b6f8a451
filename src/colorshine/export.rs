//! The look on screen as a .cube file.

use std::path::Path;

use gst::subclass::prelude::*;

use super::imp::{CAT, ColorShine};
use super::lut_file::LutFile;
use crate::color::oklab::Primaries;
use crate::cube;
use crate::lut::Radii;
use crate::model::Transform;
use crate::workers::{Team, simd_level};

impl ColorShine {
    /// The transform on screen, for export; what the settings lead to where no stream is there.
    ///
    /// # Errors
    ///
    /// Before the first frame has been measured, and where a .cube file cannot be read.
    fn transform(&self) -> Result<Transform, String> {
        let (mut settings, plan, is_started) = {
            let state = self.state();
            (state.settings.used().clone(), state.plan.clone(), state.is_started)
        };
        let (look, radii) = match plan {
            Some(plan) => (plan.look.clone(), plan.radii()),
            None => {
                if !is_started {
                    settings.lut_files.iter_mut().for_each(LutFile::read);
                }
                settings.check().map_err(|error| error.to_string())?;
                let look = settings.look(Primaries::BT709);
                let radii = Radii::of(&look, settings.tolerance_reference)
                    .map(|radii| radii.find(&look, simd_level(), Team::alone()));
                (look, radii.unwrap_or_default())
            }
        };
        if radii.len() != look.attractors.len() {
            return Err("no frame has been measured yet".into());
        }
        Ok(Transform::new(&look, &radii))
    }

    /// Writes the look as a .cube file; a warning says why it could not.
    pub(super) fn export_lut(&self, path: Option<&str>, size: u32) -> bool {
        let written = path.ok_or_else(|| "no path was given".to_string()).and_then(|path| {
            let transform = self.transform()?;
            cube::parts(size as usize, |rgb| transform.apply(rgb))
                .and_then(|parts| cube::save(Path::new(path), parts))
                .map_err(|error| error.to_string())
        });
        if let Err(error) = &written {
            let path = path.unwrap_or("a file");
            let text = format!("cannot export a lookup table of size {size} to {path}: {error}");
            gst::warning!(CAT, imp = self, "{text}");
            gst::element_imp_warning!(self, gst::ResourceError::Write, ("{text}"));
        }
        written.is_ok()
    }
}
