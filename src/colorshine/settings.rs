//! Values of the properties, and what they mean together.

mod assignment;
mod in_use;
mod properties;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use colorshine_core::apply::Dither;
use colorshine_core::attractor::{Attractor, Channels, ParseError, parse_with_alpha};
use colorshine_core::color::codes::CodeSpace;
use colorshine_core::lut::{AUTO_SIZES, Interpolation, Lattice, MIN_SIZE};
use colorshine_core::model::{Falloff, GamutMapping, Look, Model};
use colorshine_core::tolerance::Reference;
use gst::glib;

pub(super) use self::assignment::{Assignment, NotUtf8};
pub(super) use self::in_use::InUse;
pub(super) use self::properties::PROPERTIES;
use super::lut_file::LutFile;
use crate::engine::gpu::MOST_FRAMES;
use crate::engine::plan::Options;
use crate::engine::{Backend, Means, Method};
use crate::error::{SettingError, TILE_SIZES};

/// Most frames in flight.
pub(super) const DEEPEST_PIPELINE: u32 = MOST_FRAMES as u32;

/// The properties that name .cube files, in the order of [`Settings::lut_files`].
pub(super) const LUT_FILES: [&str; 2] = ["input-lut", "output-lut"];

/// The properties that make a look. How fast it is made, and how much of it is shown, is not kept.
pub(super) const LOOK_PROPERTIES: [&str; 14] = [
    "attractors",
    "luminance",
    "saturation",
    "hue",
    "model",
    "falloff",
    "tolerance-reference",
    "adaptation-time",
    "gamut-mapping",
    "interpolation",
    "dither",
    "input-lut",
    "output-lut",
    "transition-time",
];

/// The property that names a look.
pub(super) const LOOK: &str = "look";

/// The property's text, and what it says.
#[derive(Debug)]
pub(super) struct AttractorText {
    text: String,
    attractors: Result<Vec<Attractor>, ParseError>,
    /// Items, from 1, whose colour is not opaque, which has no effect.
    translucent: Vec<usize>,
}

impl AttractorText {
    pub(super) fn new(text: String) -> Self {
        let (attractors, alphas): (_, Vec<f32>) = match parse_with_alpha(&text) {
            Ok(items) => {
                let (attractors, alphas) = items.into_iter().unzip();
                (Ok(attractors), alphas)
            }
            Err(error) => (Err(error), Vec::new()),
        };
        let items = alphas.iter().zip(1..).filter(|(alpha, _)| **alpha < 1.0);
        let translucent = items.map(|(_, item)| item).collect();
        Self { text, attractors, translucent }
    }

    /// What the user should hear of a text that can be used.
    pub(super) fn warning(&self) -> Option<String> {
        let (first, more) = self.translucent.split_first()?;
        let items = more.iter().fold(first.to_string(), |text, item| format!("{text}, {item}"));
        let s = if more.is_empty() { "" } else { "s" };
        Some(format!("property attractors: item{s} {items}: a colour's alpha has no effect"))
    }
}

/// Values of all properties.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    attractors: Arc<AttractorText>,
    look: Option<Arc<str>>,
    /// The looks that there are, where `look` is none of them.
    known_looks: Option<Arc<[String]>>,
    channels: Channels,
    model: Model,
    falloff: Falloff,
    pub(super) tolerance_reference: Reference,
    adaptation_time: u64,
    gamut_mapping: GamutMapping,
    pub(super) mix: f64,
    pub(super) split: f64,
    method: Method,
    lut_size: u32,
    /// `None`: the one that suits the stream's codes.
    interpolation: Option<Interpolation>,
    dither: Dither,
    /// One for each of [`LUT_FILES`].
    pub(super) lut_files: [LutFile; 2],
    transition_time: u64,
    backend: Backend,
    gpu_adapter: Option<Arc<str>>,
    pipeline_depth: u32,
    tile_size: u32,
    n_threads: u32,
    memory_limit: u64,
    cache_dir: Option<Arc<Path>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            attractors: Arc::new(AttractorText::new(String::new())),
            look: None,
            known_looks: None,
            channels: Channels::ALL,
            model: Model::default(),
            falloff: Falloff::default(),
            tolerance_reference: Reference::default(),
            adaptation_time: 500_000_000,
            gamut_mapping: GamutMapping::default(),
            mix: 1.0,
            split: 1.0,
            method: Method::default(),
            lut_size: 0,
            interpolation: None,
            dither: Dither::default(),
            lut_files: Default::default(),
            transition_time: 0,
            backend: Backend::default(),
            gpu_adapter: None,
            pipeline_depth: 1,
            tile_size: 0,
            n_threads: 0,
            memory_limit: 0,
            cache_dir: None,
        }
    }
}

/// What a change of a property asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Change {
    /// Nothing now: the value is as before, or counts for the next change.
    None,
    /// It counts from the next start on.
    NextStart,
    /// The next frame reads it.
    NextFrame,
    /// A new plan.
    Plan,
}

impl Settings {
    /// Gives a property its new value, whatever [`Self::check`] will say of it.
    pub(super) fn assign(&mut self, assignment: &Assignment) -> Change {
        let change = self.take(assignment);
        let is_of_look = LOOK_PROPERTIES.contains(&assignment.name());
        if is_of_look && change != Change::None && self.known_looks.is_none() {
            // It is no longer the look of that name. An editor that keeps all properties, and sets them in the
            // order of their names, would have it undo this one.
            self.look = None;
        }
        change
    }

    fn take(&mut self, assignment: &Assignment) -> Change {
        match assignment {
            Assignment::Attractors(text) => {
                // Not the texts, which may be long.
                let is_same = self.attractors.attractors == text.attractors;
                self.attractors = text.clone();
                if is_same { Change::None } else { Change::Plan }
            }
            Assignment::LutFile(index, file) => {
                if self.lut_files[*index] == *file {
                    return Change::None;
                }
                self.lut_files[*index] = file.clone();
                Change::Plan
            }
            Assignment::Look(name, Ok(properties)) => {
                let change = properties.iter().map(|each| self.take(each)).max();
                (self.look, self.known_looks) = (name.clone(), None);
                change.unwrap_or(Change::None)
            }
            Assignment::Look(name, Err(known)) => {
                (self.look, self.known_looks) = (name.clone(), Some(known.clone()));
                Change::None
            }
            Assignment::Adapter(name) => {
                properties::replace(&mut self.gpu_adapter, name.clone(), Change::NextStart)
            }
            Assignment::CacheDir(folder) => {
                properties::replace(&mut self.cache_dir, folder.clone(), Change::NextStart)
            }
            Assignment::Value(name, value) => self.set(name, value),
        }
    }

    /// Whether a stream can run with these values: one with these codes, where they are known.
    ///
    /// # Errors
    ///
    /// The first value, or combination of values, that cannot be used.
    pub(super) fn check(&self, codes: Option<&CodeSpace>) -> Result<(), SettingError> {
        if let Err(error) = &self.attractors.attractors {
            return Err(SettingError::Attractors(error.clone()));
        }
        if let (Some(look), Some(known)) = (&self.look, &self.known_looks) {
            return Err(SettingError::Look(look.clone(), known.clone()));
        }
        for (name, file) in LUT_FILES.into_iter().zip(&self.lut_files) {
            if let Some(error) = file.error() {
                return Err(SettingError::LutFile(name, file.path().cloned(), error.clone()));
            }
        }
        if self.lut_size().is_some_and(|size| size < MIN_SIZE) {
            return Err(SettingError::LutSize(self.lut_size));
        }
        if self.tile_size != 0 && self.tile_size < TILE_SIZES[0] {
            return Err(SettingError::TileSize(self.tile_size));
        }
        let smallest = self.lut_size().unwrap_or(AUTO_SIZES[0]);
        let lattice =
            codes.map_or(Lattice::bytes_for(smallest), |codes| Lattice::bytes_of(codes, smallest));
        let (limit, need) = (self.memory_limit(), lattice + self.lut_file_bytes());
        if self.method != Method::Exact && limit < need {
            return Err(SettingError::MemoryLimit(limit, need));
        }
        Ok(())
    }

    /// The model's settings. A text that is not a set of attractors counts as none, and so does a set
    /// that pulls nothing; .cube files count as far as they have been read.
    pub(super) fn look(&self, primaries: colorshine_core::color::oklab::Primaries) -> Look {
        let mut attractors = self.attractors.attractors.clone().unwrap_or_default();
        if self.channels.is_empty() || attractors.iter().all(Attractor::is_inert) {
            attractors.clear();
        }
        let [input_lut, output_lut] = self.lut_files.each_ref().map(|file| file.cube().cloned());
        Look {
            attractors,
            channels: self.channels,
            model: self.model,
            falloff: self.falloff,
            gamut_mapping: self.gamut_mapping,
            primaries,
            input_lut,
            output_lut,
        }
    }

    /// What is asked of a stream with some primaries.
    pub(super) fn options(&self, primaries: colorshine_core::color::oklab::Primaries) -> Options {
        Options {
            look: self.look(primaries),
            reference: self.tolerance_reference,
            adaptation: Duration::from_nanos(self.adaptation_time),
            transition: Duration::from_nanos(self.transition_time),
            method: self.method,
            lut_size: self.lut_size(),
            interpolation: self.interpolation,
            means: Means {
                threads: self.threads(),
                tile_size: (self.tile_size != 0).then_some(self.tile_size as usize),
                dither: self.dither,
                memory_limit: self.lattice_limit(),
            },
        }
    }

    /// Nodes per axis; `None` for automatic.
    fn lut_size(&self) -> Option<usize> {
        (self.lut_size != 0).then_some(self.lut_size as usize)
    }

    /// Threads for a frame.
    fn threads(&self) -> usize {
        match self.n_threads {
            0 => colorshine_core::workers::cores(),
            n => n as usize,
        }
    }

    /// Bytes that lattices may take: what .cube files leave of the limit.
    fn lattice_limit(&self) -> u64 {
        self.memory_limit().saturating_sub(self.lut_file_bytes())
    }

    fn lut_file_bytes(&self) -> u64 {
        self.lut_files.iter().filter_map(LutFile::cube).map(|cube| cube.bytes()).sum()
    }

    /// Bytes that all tables may take: a quarter of the machine's memory where 0 was given.
    fn memory_limit(&self) -> u64 {
        match self.memory_limit {
            0 => crate::workers::machine_memory() / 4,
            limit => limit,
        }
    }

    /// The folder for baked lookup tables, and whether the user has named it; `None` for no folder.
    pub(super) fn cache_folder(&self) -> Option<(PathBuf, bool)> {
        match self.cache_dir.as_deref() {
            None => Some((glib::user_cache_dir().join("colorshine"), false)),
            Some(folder) if folder.as_os_str().is_empty() => None,
            Some(folder) => Some((folder.to_path_buf(), true)),
        }
    }

    /// Backend, the adapter's name, and frames in flight, as they are taken at start.
    pub(super) fn gpu(&self) -> (Backend, Option<String>, usize) {
        let name = self.gpu_adapter.as_deref().filter(|name| !name.is_empty()).map(String::from);
        (self.backend, name, self.pipeline_depth as usize)
    }

    /// Whether `look` has a name.
    pub(super) fn has_look(&self) -> bool {
        self.look.is_some()
    }

    /// The text of `attractors`.
    pub(super) fn attractor_text(&self) -> &Arc<AttractorText> {
        &self.attractors
    }

    /// Where pixels are to be computed.
    pub(super) fn backend(&self) -> Backend {
        self.backend
    }
}
