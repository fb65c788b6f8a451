//! From the page's settings and text to a look, its lattice and its .cube file.

use colorshine_core::attractor::{Attractor, Channels, ParseError, parse};
use colorshine_core::color::codes::CodeSpace;
use colorshine_core::cube;
use colorshine_core::lut::{Baked, Radii, Request, bake_request};
use colorshine_core::model::lanes::ExactKernel;
use colorshine_core::model::{Falloff, GamutMapping, Look, Model};
use colorshine_core::tolerance::Reference;
use colorshine_core::workers::{Level, Team, simd_level};

use crate::stream::Stream;

/// The looks of the workspace's folder `looks`: a list in JSON, each with `name` and all that its file has.
pub const SHIPPED: &str = include_str!(concat!(env!("OUT_DIR"), "/looks.json"));

/// What is chosen about a look beside its attractors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// What all attractors together may change.
    pub channels: Channels,
    /// Formulae.
    pub model: Model,
    /// Weight over distance.
    pub falloff: Falloff,
    /// What a tolerance is a percentage of; never [`Reference::Frame`].
    pub reference: Reference,
    /// Treatment of colours outside the gamut.
    pub gamut_mapping: GamutMapping,
}

impl Settings {
    /// By numbers, in the order of the element's enumerations; `None` where one is unknown. Of `channels`, bits 0 to 2
    /// are lightness, saturation and hue. `reference` is 0 (gamut) or 2 (absolute).
    pub fn new(channels: u32, model: u32, falloff: u32, reference: u32, map: u32) -> Option<Self> {
        use Falloff::{Cosine, Cubic, Gaussian, Linear, Quadratic};
        let has = |bit: u32| channels >> bit & 1 == 1;
        let falloffs = [Cosine, Linear, Quadratic, Gaussian, Cubic];
        Some(Self {
            channels: Channels { luminance: has(0), saturation: has(1), hue: has(2) },
            model: *[Model::Smooth, Model::Classic].get(model as usize)?,
            falloff: falloffs.into_iter().find(|known| *known as u32 == falloff)?,
            reference: match reference {
                0 => Reference::Gamut,
                2 => Reference::Absolute,
                _ => return None,
            },
            gamut_mapping: *[GamutMapping::Chroma, GamutMapping::Clip].get(map as usize)?,
        })
    }
}

/// An item of a text, as an editor shows it: its colour is whole, whatever its channels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Item {
    /// Colour, tolerance and strength.
    pub attractor: Attractor,
    /// Bits 0 to 2: lightness, saturation and hue.
    pub channels: u32,
}

/// The items of a text that has been parsed.
///
/// # Errors
///
/// As [`parse`].
pub fn items(text: &str) -> Result<Vec<Item>, ParseError> {
    parse(text)?;
    let items =
        text.lines().filter(|line| !line.trim().is_empty()).flat_map(|line| line.split('|'));
    items
        .map(|item| {
            let (fields, channels) = match item.rmatch_indices(';').next() {
                Some((end, _)) if item.matches(';').count() == 3 => item.split_at(end),
                _ => (item, ""),
            };
            let channels = channels.to_ascii_lowercase();
            let bits =
                "lsh".chars().enumerate().map(|(bit, letter)| match channels.contains(letter) {
                    true => 1 << bit,
                    false => 0,
                });
            let channels = if channels.is_empty() { 0b111 } else { bits.sum() };
            let [attractor] = parse(fields)?[..] else { unreachable!("one item is one attractor") };
            Ok(Item { attractor, channels })
        })
        .collect()
}

/// A look and, once it has been asked for, its lattice.
#[derive(Debug)]
pub struct Prepared {
    attractors: Vec<Attractor>,
    settings: Settings,
    baked: Option<(Stream, Option<usize>, Request, Baked)>,
}

impl Prepared {
    /// The look of a text.
    ///
    /// # Errors
    ///
    /// As [`parse`].
    pub fn new(text: &str, settings: Settings) -> Result<Self, ParseError> {
        Ok(Self { attractors: parse(text)?, settings, baked: None })
    }

    fn look(&self, stream: &Stream) -> Look {
        Look {
            attractors: self.attractors.clone(),
            channels: self.settings.channels,
            model: self.settings.model,
            falloff: self.settings.falloff,
            gamut_mapping: self.settings.gamut_mapping,
            primaries: stream.primaries,
            input_lut: None,
            output_lut: None,
        }
    }

    fn find_radii(&self, look: &Look, level: Level) -> Vec<f64> {
        let radii = Radii::of(look, self.settings.reference).unwrap_or(Radii::OfGamut);
        radii.find(look, level, Team::alone())
    }

    /// How far each attractor reaches, in Oklab.
    pub fn radii(&self, stream: &Stream) -> Vec<f64> {
        self.find_radii(&self.look(stream), simd_level())
    }

    /// The lattice for a stream, of a size or of the smallest that is good enough. The last one is kept.
    pub fn bake(&mut self, stream: &Stream, size: Option<usize>) -> (&Request, &Baked) {
        let is_there = self.baked.as_ref().is_some_and(|(s, n, ..)| (s, n) == (stream, &size));
        if !is_there {
            self.baked = None;
        }
        let (look, settings) = (self.look(stream), self.settings);
        let (_, _, request, baked) = self.baked.get_or_insert_with(|| {
            let radii = Radii::of(&look, settings.reference).unwrap_or(Radii::OfGamut);
            let request = Request { size, radii, ..Request::new(look, stream.codes()) };
            let baked = bake_request(&request, simd_level(), Team::alone());
            (*stream, size, request, baked)
        });
        (request, baked)
    }

    /// What was baked last.
    pub fn baked(&self) -> Option<(&Request, &Baked)> {
        self.baked.as_ref().map(|(_, _, request, baked)| (request, baked))
    }

    /// The look as a .cube file over R'G'B' of sRGB, with the numbers of the element's `export-lut`.
    ///
    /// # Errors
    ///
    /// The size is out of range.
    pub fn cube(&self, size: usize, comments: &[String]) -> std::io::Result<Vec<u8>> {
        let (level, look) = (simd_level(), self.look(&Stream::SRGB));
        let radii = self.find_radii(&look, level);
        let kernel = ExactKernel::new(&look, &radii, &CodeSpace::unit_rgb(), level);
        let parts = cube::parts(size, comments, Team::alone(), |rgb| kernel.differences(rgb))?;
        Ok(parts.flatten().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Option<Settings> = Some(Settings {
        channels: Channels::ALL,
        model: Model::Smooth,
        falloff: Falloff::Cosine,
        reference: Reference::Gamut,
        gamut_mapping: GamutMapping::Chroma,
    });

    #[test]
    fn settings_are_numbered_as_the_element_numbers_them() {
        assert_eq!(Settings::new(7, 0, 0, 0, 0), PLAIN);
        let other = Settings::new(0b010, 1, Falloff::Cubic as u32, 2, 1).unwrap();
        assert_eq!(other.channels, Channels { luminance: false, saturation: true, hue: false });
        assert_eq!((other.model, other.falloff), (Model::Classic, Falloff::Cubic));
        assert_eq!(
            (other.reference, other.gamut_mapping),
            (Reference::Absolute, GamutMapping::Clip)
        );
        for wrong in [[2, 0, 0, 0], [0, 5, 0, 0], [0, 0, 1, 0], [0, 0, 3, 0], [0, 0, 0, 2]] {
            let [model, falloff, reference, map] = wrong;
            assert_eq!(Settings::new(7, model, falloff, reference, map), None, "{wrong:?}");
        }
    }

    #[test]
    fn items_keep_colours_that_their_channels_leave_out() {
        let items = items("teal;40;60;H | \n\n oklch(none 0.1 20);5;6\n#fff;1;2;ls").unwrap_err();
        assert_eq!(items.item, 2);
        let items = super::items("teal;40;60;H | oklch(none 0.1 20);5;6\n\n#fff;1;2;ls").unwrap();
        assert_eq!(items.len(), 3);
        assert_eq!(items[0].channels, 0b100);
        assert!(items[0].attractor.lightness.is_some());
        assert_eq!((items[1].channels, items[1].attractor.lightness), (0b111, None));
        assert_eq!((items[2].channels, items[2].attractor.strength), (0b011, 2.0));
        assert_eq!(super::items("  \n").unwrap(), []);
    }

    #[test]
    fn a_lattice_is_baked_for_what_it_is_asked_for() {
        let mut look = Prepared::new("teal;40;60", PLAIN.unwrap()).unwrap();
        let size = |(_, baked): (&Request, &Baked)| baked.lattice.as_ref().unwrap().size();
        assert_eq!(size(look.bake(&Stream::SRGB, Some(9))), 9);
        assert_eq!(size(look.bake(&Stream::SRGB, Some(17))), 17);
        let bt709 = Stream::new(1, 0, false, 0).unwrap();
        let (request, baked) = look.bake(&bt709, Some(17));
        assert!(request.codes.is_ycbcr());
        assert_eq!(baked.radii, Prepared::new("teal;40;60", PLAIN.unwrap()).unwrap().radii(&bt709));
    }

    #[test]
    fn a_cube_file_can_be_read() {
        let look = Prepared::new("white;30;100", PLAIN.unwrap()).unwrap();
        let text = look.cube(17, &["one".into()]).unwrap();
        assert!(text.starts_with(b"TITLE \"colorshine\"\n# one\nLUT_3D_SIZE 17\n"));
        assert!(cube::parse(&text).unwrap().apply([0.9; 3])[1] > 0.9);
        assert!(look.cube(1, &[]).is_err());
    }

    #[test]
    fn all_looks_are_there_and_can_be_parsed() {
        let looks: serde_json::Value = serde_json::from_str(SHIPPED).unwrap();
        let looks = looks.as_array().unwrap();
        assert_eq!(looks.len(), 12);
        for look in looks {
            let items =
                look["attractors"].as_array().unwrap().iter().map(|item| item.as_str().unwrap());
            parse(&items.collect::<Vec<_>>().join(" | ")).unwrap();
            assert!(look["name"].is_string() && look["description"].is_string());
        }
    }
}
