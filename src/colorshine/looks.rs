//! Values of properties as they are set, of which one may be the name of a look: of those that come with this library,
//! or whatever else GStreamer finds as a preset.
//!
//! They are read before any lock is taken that frames want.

use std::path::PathBuf;
use std::sync::Arc;

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;

use super::lut_file::LutFile;
use super::settings::{
    Assignment, AttractorText, LOOK, LOOK_PROPERTIES, LUT_FILES, NotUtf8, PROPERTIES,
};
use super::{ColorShine, preset};

/// The looks that come with colorshine, as the file of presets that is made of looks/*.toml.
const SHIPPED: &str = include_str!("../../looks/GstColorShine.prs");

/// A value for an element's property. Files are not read yet.
///
/// # Errors
///
/// A text that is not UTF-8. A path may be any bytes.
pub(super) fn assignment(
    element: &ColorShine,
    name: &str,
    value: &glib::Value,
) -> Result<Assignment, NotUtf8> {
    if value.type_() != glib::Type::STRING {
        return Ok(Assignment::Value(name.into(), value.clone()));
    }
    // GLib's strings are bytes, which a path may take as they are.
    let path = value.get::<Option<PathBuf>>().ok().flatten();
    let path = path.map(|path| preset::restored(element, path));
    if let Some(index) = LUT_FILES.iter().position(|lut_file| *lut_file == name) {
        return Ok(Assignment::LutFile(index, LutFile::new(path.map(Arc::from))));
    }
    if name == "cache-dir" {
        return Ok(Assignment::CacheDir(path.map(Arc::from)));
    }
    let text = path.map(|path| path.into_os_string().into_string()).transpose();
    let text = text.map_err(|_| NotUtf8(name.into()))?;
    Ok(match name {
        "attractors" => {
            Assignment::Attractors(Arc::new(AttractorText::new(text.unwrap_or_default())))
        }
        LOOK => {
            let look = text.map(Arc::from);
            let properties = match look.as_deref() {
                None | Some("") => Ok(Vec::new()),
                Some(look) => find(element, look).map_err(Arc::from),
            };
            Assignment::Look(look, properties)
        }
        "gpu-adapter" => Assignment::Adapter(text.map(Arc::from)),
        _ => Assignment::Value(name.into(), text.to_value()),
    })
}

/// The properties that a look names, with their values, for an element.
///
/// # Errors
///
/// The names of all looks where it is none of them.
fn find(element: &ColorShine, name: &str) -> Result<Vec<Assignment>, Vec<String>> {
    let shipped = shipped();
    if shipped.iter().any(|known| known == name) {
        return Ok(values_of(element, name).unwrap_or_default());
    }
    // On an element of its own, so that a preset is taken whole.
    let other: ColorShine = glib::Object::new();
    other.imp().copy_settings(element.imp());
    if other.load_preset(name).is_ok() {
        let value = |property: &&str| {
            let value = other.property_value(property);
            assignment(element, property, &value).ok()
        };
        return Ok(LOOK_PROPERTIES.iter().filter_map(value).collect());
    }
    let mut names = shipped;
    names.extend(element.preset_names().into_iter().map(String::from));
    let mut sorted = Vec::new();
    for name in names {
        if let Err(place) = sorted.binary_search(&name) {
            sorted.insert(place, name);
        }
    }
    Err(sorted)
}

fn key_file() -> Result<glib::KeyFile, glib::Error> {
    let file = glib::KeyFile::new();
    file.load_from_data(SHIPPED, glib::KeyFileFlags::NONE)?;
    Ok(file)
}

fn shipped() -> Vec<String> {
    let groups = key_file().map(|file| file.groups());
    let names = groups.iter().flat_map(|groups| groups.iter().map(|group| group.to_string()));
    names.filter(|name| !name.starts_with('_')).collect()
}

/// The values of a look that comes with colorshine, which are texts as GStreamer writes them.
fn values_of(element: &ColorShine, look: &str) -> Result<Vec<Assignment>, glib::Error> {
    let file = key_file()?;
    let mut values = Vec::new();
    for key in file.keys(look)?.iter().filter(|key| !key.starts_with("_meta/")) {
        let text = file.value(look, key)?;
        let property = PROPERTIES.iter().find(|property| property.name() == key.as_str());
        let value = property.and_then(|property| match property.value_type() {
            glib::Type::STRING => Some(Some(text).filter(|text| text != "NULL").to_value()),
            kind => glib::Value::deserialize(&text, kind).ok(),
        });
        values.extend(value.and_then(|value| assignment(element, key, &value).ok()));
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left out here would be left out in silence.
    #[test]
    fn every_value_of_a_shipped_look_is_understood() {
        gst::init().unwrap();
        let element: ColorShine = glib::Object::new();
        let file = key_file().unwrap();
        assert!(shipped().len() >= 12);
        for look in shipped() {
            let keys = file.keys(&look).unwrap();
            let properties = keys.iter().filter(|key| !key.starts_with("_meta/")).count();
            assert_eq!(values_of(&element, &look).unwrap().len(), properties, "{look}");
        }
    }
}
