//! A property's new value, parsed where it is a text.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use gst::glib;

use super::{AttractorText, LOOK, LUT_FILES};
use crate::colorshine::lut_file::LutFile;

/// What a property is to be.
#[derive(Debug)]
pub(in crate::colorshine) enum Assignment {
    /// `attractors`.
    Attractors(Arc<AttractorText>),
    /// A .cube file, by its place in [`LUT_FILES`].
    LutFile(usize, LutFile),
    /// `look`: its name, and the properties that it names; or the names of all looks where it is none of them.
    Look(Option<Arc<str>>, Result<Vec<Assignment>, Arc<[String]>>),
    /// `gpu-adapter`.
    Adapter(Option<Arc<str>>),
    /// `cache-dir`.
    CacheDir(Option<Arc<Path>>),
    /// Any other property, by its name.
    Value(String, glib::Value),
}

/// A text that is not UTF-8: the property.
#[derive(Debug)]
pub(in crate::colorshine) struct NotUtf8(pub(in crate::colorshine) String);

impl fmt::Display for NotUtf8 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "property {}: the text is not UTF-8; the value before stays", self.0)
    }
}

impl Assignment {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Attractors(_) => "attractors",
            Self::LutFile(index, _) => LUT_FILES[*index],
            Self::Look(..) => LOOK,
            Self::Adapter(_) => "gpu-adapter",
            Self::CacheDir(_) => "cache-dir",
            Self::Value(name, _) => name,
        }
    }

    /// Properties that it sets beside the one that it is for.
    pub(in crate::colorshine) fn others(&self) -> impl Iterator<Item = &str> {
        let properties = match self {
            Self::Look(_, Ok(properties)) => properties.as_slice(),
            _ => &[],
        };
        properties.iter().map(Self::name)
    }

    /// The .cube files that it names.
    pub(in crate::colorshine) fn files(&mut self) -> Vec<&mut LutFile> {
        match self {
            Self::LutFile(_, file) => vec![file],
            Self::Look(_, Ok(properties)) => {
                properties.iter_mut().flat_map(|each| each.files()).collect()
            }
            _ => Vec::new(),
        }
    }
}
