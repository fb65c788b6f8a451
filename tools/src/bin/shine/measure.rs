//! Radii by a whole picture that is worked on in bands.

use std::path::PathBuf;
use std::sync::Arc;

use colorshine_core::attractor::{Attractor, Channels, parse};
use colorshine_core::color::codes::CodeSpace;
use colorshine_core::color::oklab::Primaries;
use colorshine_core::cube;
use colorshine_core::model::lanes::ToOklab;
use colorshine_core::model::{self, Falloff, GamutMapping, Model};
use colorshine_core::tolerance::distances::Distances;
use colorshine_core::workers::simd_level;

use colorshine_tools::Result;
use colorshine_tools::look::Look;
use colorshine_tools::picture::Picture;

/// Colours that are converted at a time.
const BLOCK: usize = 4096;

/// A look that does the same to every band as to the whole picture: where tolerances are percentages of
/// the picture's pixels, they become distances. The picture is read, and rewound.
///
/// # Errors
///
/// The picture is damaged, or a distance is beyond what an absolute tolerance can say.
pub(crate) fn fixed(look: &Look, picture: &mut Picture, band_rows: u32) -> Result<Look> {
    if look.tolerance_reference.as_deref() != Some("frame") {
        return Ok(look.clone());
    }
    let attractors = parse(&look.attractors.join("|"))?;
    // As the element has it: there the model has a step at the radius, and every pixel counts.
    let is_step = attractors.iter().any(|attractor| attractor.strength > 100.0);
    let is_listed = is_step && look.model.as_deref() == Some("classic");
    let mut distances = Distances::new(&attractors, is_listed);

    let depth = picture.header.depth();
    let codes = CodeSpace::full_rgb(8 * depth as u32);
    let to_oklab = ToOklab::of_look(&codes, &seen(look, &attractors)?);
    let mut lab = [[0f32; BLOCK]; 3];
    while let Some(band) = picture.band(band_rows)? {
        for block in band.chunks(BLOCK * 4 * depth) {
            let length = block.len() / (4 * depth);
            for (index, pixel) in block.chunks_exact(4 * depth).enumerate() {
                for (lab, code) in lab.iter_mut().zip(pixel.chunks_exact(depth)) {
                    lab[index] =
                        code.iter().fold(0.0, |code, byte| code * 256.0 + f32::from(*byte));
                }
            }
            let [l, a, b] = lab.each_mut().map(|component| &mut component[..length]);
            to_oklab.convert(simd_level(), [&mut *l, &mut *a, &mut *b]);
            distances.count(simd_level(), [l, a, b]);
        }
    }
    picture.rewind()?;

    let radii = distances.radii(&attractors);
    let items = look.attractors.iter().zip(&radii);
    let items = items.map(|(item, radius)| with_tolerance(item, *radius));
    Ok(Look {
        attractors: items.collect::<Result<_>>()?,
        tolerance_reference: Some("absolute".into()),
        ..look.clone()
    })
}

/// What of a look the element would measure by: its colours are seen behind the input LUT.
fn seen(look: &Look, attractors: &[Attractor]) -> Result<model::Look> {
    let read = |path: &PathBuf| cube::read(path).map(Arc::new);
    Ok(model::Look {
        attractors: attractors.to_vec(),
        channels: Channels::ALL,
        model: Model::default(),
        falloff: Falloff::default(),
        gamut_mapping: GamutMapping::default(),
        primaries: Primaries::BT709,
        input_lut: look.input_lut.as_ref().map(read).transpose()?,
        output_lut: None,
    })
}

/// An item with another tolerance: a distance in Oklab, in hundredths.
fn with_tolerance(item: &str, radius: f64) -> Result<String> {
    // From black to white it is 1; the margin that a tolerance of 100 adds does not count.
    if radius > 1.00001 {
        let text =
            "reaches farther than 1 in Oklab, the most that can be said: lower its tolerance";
        return Err(format!("{item} {text}").into());
    }
    let mut fields: Vec<&str> = item.split(';').collect();
    let tolerance = (radius * 100.0).min(100.0).to_string();
    fields[1] = &tolerance;
    Ok(fields.join(";"))
}
