//! A property's new value: read, and parsed where it is a text, before any lock is taken that frames want.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gst::glib;
use gst::prelude::*;

use super::{AttractorText, LOOK, LUT_FILES};
use crate::colorshine::lut_file::LutFile;
use crate::colorshine::{ColorShine, looks, preset};

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
pub(in crate::colorshine) struct NotUtf8(String);

impl fmt::Display for NotUtf8 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "property {}: the text is not UTF-8; the value before stays", self.0)
    }
}

impl Assignment {
    /// A value for an element's property. Files are not read yet.
    ///
    /// # Errors
    ///
    /// A text that is not UTF-8. A path may be any bytes.
    pub(in crate::colorshine) fn new(
        element: &ColorShine,
        name: &str,
        value: &glib::Value,
    ) -> Result<Self, NotUtf8> {
        if value.type_() != glib::Type::STRING {
            return Ok(Self::Value(name.into(), value.clone()));
        }
        // GLib's strings are bytes, which a path may take as they are.
        let path = value.get::<Option<PathBuf>>().ok().flatten();
        let path = path.map(|path| preset::restored(element, path));
        if let Some(index) = LUT_FILES.iter().position(|lut_file| *lut_file == name) {
            return Ok(Self::LutFile(index, LutFile::new(path.map(Arc::from))));
        }
        if name == "cache-dir" {
            return Ok(Self::CacheDir(path.map(Arc::from)));
        }
        let text = path.map(|path| path.into_os_string().into_string()).transpose();
        let text = text.map_err(|_| NotUtf8(name.into()))?;
        Ok(match name {
            "attractors" => {
                Self::Attractors(Arc::new(AttractorText::new(text.unwrap_or_default())))
            }
            LOOK => {
                let look = text.map(Arc::from);
                let properties = match look.as_deref() {
                    None | Some("") => Ok(Vec::new()),
                    Some(look) => looks::find(element, look).map_err(Arc::from),
                };
                Self::Look(look, properties)
            }
            "gpu-adapter" => Self::Adapter(text.map(Arc::from)),
            _ => Self::Value(name.into(), text.to_value()),
        })
    }

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
