//! Radii by a whole picture that is worked on in bands.

use std::path::PathBuf;
use std::sync::Arc;

use colorshine_core::apply::Dither;
use colorshine_core::attractor::{Attractor, Channels, parse};
use colorshine_core::color::codes::CodeSpace;
use colorshine_core::color::oklab::Primaries;
use colorshine_core::cube;
use colorshine_core::frame::{Component, Layout, Planes};
use colorshine_core::model::{self, Falloff, GamutMapping, Model};
use colorshine_core::workers::cores;
use gstcolorshine::engine::{Census, Frame, Means};

use colorshine_tools::Result;
use colorshine_tools::look::Look;
use colorshine_tools::picture::Picture;

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
    let (width, depth) = (picture.header.width as usize, picture.header.depth());
    let codes = CodeSpace::full_rgb(8 * depth as u32);
    let mut census = Census::new(&seen(look, &attractors)?, &codes);
    let layout = layout(depth);
    let means =
        Means { threads: cores(), tile_size: None, dither: Dither::None, memory_limit: u64::MAX };
    while let Some(mut band) = picture.band(band_rows)? {
        let stride = 4 * depth * width;
        let size = [width, band.len() / stride];
        let mut planes = Planes::in_memory(&layout, size, &mut band, &[[0, stride]])?;
        let area = planes.area();
        census.count(&mut Frame { planes: &mut planes, layout: &layout, area }, &means);
    }
    picture.rewind()?;

    let radii = census.radii();
    let items = look.attractors.iter().zip(&radii);
    let items = items.map(|(item, radius)| with_tolerance(item, *radius));
    Ok(Look {
        attractors: items.collect::<Result<_>>()?,
        tolerance_reference: Some("absolute".into()),
        ..look.clone()
    })
}

/// Of pixels of four samples, alpha last, with some bytes each.
fn layout(depth: usize) -> Layout {
    let bytes = Layout::packed([0, 1, 2], 4);
    let components = bytes.components.map(|component| Component {
        offset: depth * component.offset,
        step: depth * component.step,
        bytes: depth,
        depth: 8 * depth as u32,
        is_big_endian: depth > 1,
        ..component
    });
    Layout { components, ..bytes }
}

/// What of a look the element would measure by: its colours are seen behind the input LUT, and the classic model has
/// a step at the radius.
fn seen(look: &Look, attractors: &[Attractor]) -> Result<model::Look> {
    let is_classic = look.model.as_deref() == Some("classic");
    let read = |path: &PathBuf| cube::read(path).map(Arc::new);
    Ok(model::Look {
        attractors: attractors.to_vec(),
        channels: Channels::ALL,
        model: if is_classic { Model::Classic } else { Model::Smooth },
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
