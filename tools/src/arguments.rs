//! What several tools take on their command lines.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::path::{self, Path, PathBuf};

use clap::Args;

use super::Result;
use super::look::Look;

/// Which look, and changes to it.
#[derive(Debug, Args)]
pub struct LookArgs {
    /// A look by its name, or a file NAME.toml; attractors on the command line are added to its own.
    #[arg(long, value_name = "NAME")]
    look: Option<OsString>,

    /// Whether lightness may change.
    #[arg(long, value_name = "BOOL", value_parser = parse_bool)]
    luminance: Option<bool>,

    /// Whether saturation may change.
    #[arg(long, value_name = "BOOL", value_parser = parse_bool)]
    saturation: Option<bool>,

    /// Whether hue may change.
    #[arg(long, value_name = "BOOL", value_parser = parse_bool)]
    hue: Option<bool>,

    /// smooth or classic.
    #[arg(long)]
    model: Option<String>,

    /// cosine, linear, quadratic, gaussian or cubic.
    #[arg(long)]
    falloff: Option<String>,

    /// What a tolerance is a percentage of: gamut, frame or absolute.
    #[arg(long, value_name = "REFERENCE")]
    tolerance_reference: Option<String>,

    /// chroma or clip.
    #[arg(long, value_name = "MAPPING")]
    gamut_mapping: Option<String>,

    /// A .cube file that comes before the attractors.
    #[arg(long, value_name = "FILE")]
    input_lut: Option<PathBuf>,

    /// A .cube file that comes after the attractors.
    #[arg(long, value_name = "FILE")]
    output_lut: Option<PathBuf>,
}

/// A time in seconds.
pub fn parse_seconds(text: &str) -> std::result::Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.0..1e9).contains(seconds));
    seconds.ok_or_else(|| "expected seconds from 0".into())
}

/// True and False as Python writes them are fine.
fn parse_bool(text: &str) -> std::result::Result<bool, String> {
    text.to_lowercase().parse().map_err(|_| "expected true or false".into())
}

impl LookArgs {
    /// The look's name, where one was named.
    pub fn name(&self) -> Option<Cow<'_, str>> {
        self.look.as_deref().map(OsStr::to_string_lossy)
    }

    /// All files that are read for it.
    pub fn files<'a>(&'a self, look: &'a Look) -> impl Iterator<Item = &'a Path> {
        let file = self.look.as_deref().map(Path::new).filter(|name| Look::is_file(name));
        let luts = [&look.input_lut, &look.output_lut].into_iter().flatten();
        file.into_iter().chain(luts.map(PathBuf::as_path))
    }

    /// The look that was asked for.
    ///
    /// # Errors
    ///
    /// There is none, or the element cannot take it.
    pub fn look(&self, attractors: &[String]) -> Result<Look> {
        let mut look = match &self.look {
            Some(name) => Look::find(name)?,
            None => Look::default(),
        };
        look.attractors.extend_from_slice(attractors);
        /// Takes what was given on the command line.
        fn change<T: Clone>(field: &mut Option<T>, given: &Option<T>) {
            if given.is_some() {
                field.clone_from(given);
            }
        }
        change(&mut look.luminance, &self.luminance);
        change(&mut look.saturation, &self.saturation);
        change(&mut look.hue, &self.hue);
        change(&mut look.model, &self.model);
        change(&mut look.falloff, &self.falloff);
        change(&mut look.tolerance_reference, &self.tolerance_reference);
        change(&mut look.gamut_mapping, &self.gamut_mapping);
        // A look may be kept elsewhere.
        let absolute = |path: &Option<PathBuf>| path.as_ref().map(path::absolute).transpose();
        change(&mut look.input_lut, &absolute(&self.input_lut)?);
        change(&mut look.output_lut, &absolute(&self.output_lut)?);
        if look.attractors.is_empty() && look.input_lut.is_none() && look.output_lut.is_none() {
            let how = "give attractors \"color;tolerance;strength\", or --look NAME";
            return Err(format!("there is nothing to do: {how}").into());
        }
        look.check()?;
        Ok(look)
    }
}

/// Tells paths and attractors apart: an attractor has semicolons, and is no file. Several may be joined by
/// `|`, as in the element's property.
pub fn paths_and_attractors(arguments: &[impl AsRef<OsStr>]) -> (Vec<PathBuf>, Vec<String>) {
    let (mut paths, mut attractors) = (Vec::new(), Vec::new());
    for argument in arguments.iter().map(AsRef::as_ref) {
        // Names need not be UTF-8, attractors are.
        match argument.to_str().filter(|text| text.contains(';') && !Path::new(text).exists()) {
            Some(text) => attractors.extend(text.split('|').map(|item| item.trim().to_string())),
            None => paths.push(PathBuf::from(argument)),
        }
    }
    (paths, attractors)
}
