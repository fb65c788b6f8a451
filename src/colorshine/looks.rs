//! Looks by their names: those of this library, and whatever else GStreamer finds as a preset.

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;

use super::ColorShine;
use super::preset::LOOK_PROPERTIES;
use super::settings::{Assignment, PROPERTIES};

/// The looks that come with colorshine, as the file of presets that is made of looks/*.toml.
const SHIPPED: &str = include_str!("../../looks/GstColorShine.prs");

/// The properties that a look names, with their values, for an element.
///
/// # Errors
///
/// The names of all looks where it is none of them.
pub(super) fn find(element: &ColorShine, name: &str) -> Result<Vec<Assignment>, Vec<String>> {
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
            Assignment::new(element, property, &value).ok()
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
        values.extend(value.and_then(|value| Assignment::new(element, key, &value).ok()));
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
