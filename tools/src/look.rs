//! Looks: the files in `looks/`, a user's own, and presets that GStreamer has saved.

use std::ffi::OsStr;
use std::path::{self, Path, PathBuf};
use std::{fs, iter};

use gst::glib;
use gst::prelude::*;
/// Names and texts of the looks in `looks/`.
pub use gstcolorshine::colorshine::LOOK_FILES as SHIPPED;
use serde::{Deserialize, Serialize};

use super::temporary::check_regular;
use super::{Result, ending};

/// A look: properties of the element, by their names. What is left out has the element's default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Look {
    /// What it does, in a line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Items "color;tolerance;strength[;channels]".
    pub attractors: Vec<String>,
    /// Whether lightness may change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub luminance: Option<bool>,
    /// Whether chroma may change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saturation: Option<bool>,
    /// Whether hue may change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hue: Option<bool>,
    /// `smooth` or `classic`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// `cosine`, `linear`, `quadratic`, `gaussian` or `cubic`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub falloff: Option<String>,
    /// `gamut`, `frame` or `absolute`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerance_reference: Option<String>,
    /// `chroma` or `clip`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gamut_mapping: Option<String>,
    /// A .cube file that comes before the attractors; in a file, relative to the file's folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_lut: Option<PathBuf>,
    /// A .cube file that comes after the attractors; likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_lut: Option<PathBuf>,
    /// `auto`, `tetrahedral`, `prism`, `trilinear` or `nearest`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interpolation: Option<String>,
    /// `none`, `ordered` or `blue-noise`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dither: Option<String>,
    /// In nanoseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adaptation_time: Option<u64>,
    /// In nanoseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transition_time: Option<u64>,
}

impl Look {
    /// The look of a name: a file where it ends in `.toml`, else one of [`SHIPPED`], else a preset that
    /// GStreamer knows.
    ///
    /// # Errors
    ///
    /// What is wrong with the file, or which names there are.
    pub fn find(name: impl AsRef<OsStr>) -> Result<Self> {
        let name = name.as_ref();
        if Self::is_file(Path::new(name)) {
            return Self::read(Path::new(name));
        }
        let name = name.to_str().ok_or_else(|| format!("there is no look {}", name.display()))?;
        match SHIPPED.iter().find(|(shipped, _)| *shipped == name) {
            Some((_, text)) => {
                Self::parse(text).map_err(|why| format!("look {name}: {why}").into())
            }
            None => Self::of_preset(name),
        }
    }

    /// Whether a look of this name is a file.
    pub fn is_file(name: &Path) -> bool {
        ending(name) == "toml"
    }

    /// The look of a file.
    fn read(path: &Path) -> Result<Self> {
        let in_file = |why: String| format!("{}: {why}", path.display());
        check_regular(path).map_err(|error| in_file(error.to_string()))?;
        let text = fs::read_to_string(path).map_err(|error| in_file(error.to_string()))?;
        let mut look = Self::parse(&text).map_err(|error| in_file(error.to_string()))?;
        for lut in [&mut look.input_lut, &mut look.output_lut].into_iter().flatten() {
            *lut = path::absolute(path.parent().unwrap_or(Path::new("")).join(&*lut))?;
        }
        Ok(look)
    }

    /// The look of a text in TOML.
    ///
    /// # Errors
    ///
    /// What is wrong in which line.
    pub fn parse(text: &str) -> Result<Self> {
        let look: Self = toml::from_str(text)?;
        look.check()?;
        Ok(look)
    }

    /// Whether the element can take it.
    ///
    /// # Errors
    ///
    /// The first property that it cannot take.
    pub fn check(&self) -> Result<()> {
        self.apply(&element()?)
    }

    /// The same look as TOML.
    pub fn to_toml(&self) -> Result<String> {
        Ok(toml::to_string_pretty(self)?)
    }

    /// Sets all properties that a look has.
    ///
    /// # Errors
    ///
    /// The first property that the element cannot take.
    pub fn apply(&self, element: &gst::Element) -> Result<()> {
        for (item, text) in iter::zip(1.., &self.attractors) {
            match colorshine_core::attractor::parse(text) {
                Ok(set) if set.len() == 1 => {}
                Ok(_) => return Err(format!("attractors: item {item} is not one attractor").into()),
                Err(error) => {
                    let (column, problem) = (error.column, error.problem);
                    let place = format!("item {item}, \"{text}\", column {column}");
                    return Err(format!("attractors: {place}: {problem}").into());
                }
            }
        }
        for (name, value) in self.properties()? {
            element.set_property_from_value(name, &value);
        }
        Ok(())
    }

    /// All properties of a look with their values; loading a preset leaves those alone that it does not name,
    /// and so would mix two looks.
    pub fn properties(&self) -> Result<Vec<(&'static str, glib::Value)>> {
        let booleans =
            [("luminance", self.luminance), ("saturation", self.saturation), ("hue", self.hue)];
        let nicks = [
            ("model", &self.model),
            ("falloff", &self.falloff),
            ("tolerance-reference", &self.tolerance_reference),
            ("gamut-mapping", &self.gamut_mapping),
            ("interpolation", &self.interpolation),
            ("dither", &self.dither),
        ];
        let times =
            [("adaptation-time", self.adaptation_time), ("transition-time", self.transition_time)];
        let paths = [("input-lut", &self.input_lut), ("output-lut", &self.output_lut)];
        let class = element()?;
        let default = |name| match class.find_property(name) {
            Some(property) => Ok(property.default_value().clone()),
            None => Err(format!("the element has no property {name}")),
        };
        let mut all = vec![("attractors", self.attractors.join(" | ").to_value())];
        for (name, value) in booleans {
            all.push((name, value.map_or_else(|| default(name), |value| Ok(value.to_value()))?));
        }
        for (name, nick) in nicks {
            let default = default(name)?;
            all.push((
                name,
                nick.as_ref().map_or(Ok(default.clone()), |n| of_nick(name, n, &default))?,
            ));
        }
        for (name, path) in paths {
            // Names need not be UTF-8.
            all.push((name, path.to_value()));
        }
        for (name, time) in times {
            all.push((name, time.map_or_else(|| default(name), |time| Ok(time.to_value()))?));
        }
        Ok(all)
    }

    /// The look of a preset that GStreamer knows.
    fn of_preset(name: &str) -> Result<Self> {
        let element = element()?;
        let preset =
            element.dynamic_cast_ref::<gst::Preset>().ok_or("the element has no presets")?;
        if preset.load_preset(name).is_err() {
            let shipped = SHIPPED.iter().map(|(name, _)| name.to_string());
            let saved = preset.preset_names().into_iter().map(String::from);
            let mut names: Vec<String> = shipped.chain(saved).collect();
            names.sort();
            names.dedup();
            let names = names.join(", ");
            return Err(
                format!("there is no look {name}; looks are files .toml and {names}").into()
            );
        }
        let boolean = |name: &str| Some(element.property::<bool>(name));
        let path = |name: &str| element.property::<Option<PathBuf>>(name);
        let time = |name: &str| Some(element.property::<u64>(name));
        let nick = |name: &str| {
            let value = element.property_value(name);
            let value = glib::EnumValue::from_value(&value);
            value.map(|(_, value)| value.nick().to_string())
        };
        let text: String = element.property("attractors");
        let items = text.split(['|', '\n']).map(str::trim).filter(|item| !item.is_empty());
        Ok(Self {
            // The binding cannot ask for a comment that may not be there.
            description: None,
            attractors: items.map(String::from).collect(),
            luminance: boolean("luminance"),
            saturation: boolean("saturation"),
            hue: boolean("hue"),
            model: nick("model"),
            falloff: nick("falloff"),
            tolerance_reference: nick("tolerance-reference"),
            gamut_mapping: nick("gamut-mapping"),
            input_lut: path("input-lut"),
            output_lut: path("output-lut"),
            interpolation: nick("interpolation"),
            dither: nick("dither"),
            adaptation_time: time("adaptation-time"),
            transition_time: time("transition-time"),
        })
    }
}

/// A value of an enumeration by its nick; `like` is any other.
fn of_nick(name: &str, nick: &str, like: &glib::Value) -> Result<glib::Value> {
    let class = glib::EnumClass::with_type(like.type_()).ok_or("not an enumeration")?;
    class.to_value_by_nick(nick).ok_or_else(|| {
        let nicks: Vec<&str> = class.values().iter().map(|value| value.nick()).collect();
        format!("{name}: \"{nick}\" is not known, allowed is {}", nicks.join(", ")).into()
    })
}

/// The element.
///
/// # Errors
///
/// GStreamer does not know it.
pub fn element() -> Result<gst::Element> {
    Ok(gst::ElementFactory::make("colorshine").build()?)
}
