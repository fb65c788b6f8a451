//! A look for other programs: `bake OUT [ATTRACTOR]... [--look NAME]`.
//!
//! What is written goes by OUT:
//!
//! - `NAME.cube`: a lookup table, by the element's own `export-lut`;
//! - `NAME.png`: a HALD picture of 16 bits, for ImageMagick, GIMP's G'MIC, darktable, FFmpeg's `haldclut`:
//!   the colours of a neutral one through the element, by the model itself; with `--obs` in the layout of
//!   OBS Studio's *Apply LUT* instead, of the same size, which takes a HALD picture for one of its own;
//! - `NAME.toml`: the look, as a file to keep and to share;
//! - `preset:NAME`: the user's own preset of that name, for `colorshine look=NAME`.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use colorshine_tools::arguments::{LookArgs, paths_and_attractors};
use colorshine_tools::filter::Filter;
use colorshine_tools::look::{Look, SHIPPED, element};
use colorshine_tools::picture::to_eight_bits;
use colorshine_tools::temporary::{check_not_read, check_writable, write_file, write_in_folder};
use colorshine_tools::{Result, ending, messages};
use gst::glib;
use gst::prelude::*;

/// Writes a look for other programs.
#[derive(Debug, Parser)]
struct Args {
    /// NAME.cube, NAME.png (HALD), NAME.toml, or preset:NAME for the user's presets of GStreamer.
    output: OsString,

    /// "color;tolerance;strength[;channels]".
    attractors: Vec<OsString>,

    #[command(flatten)]
    look: LookArgs,

    /// What the look does, in a line; for .toml and presets.
    #[arg(long)]
    description: Option<String>,

    /// Nodes per axis of a .cube.
    #[arg(long, default_value_t = 33, value_parser = clap::value_parser!(u32).range(2..=129))]
    size: u32,

    /// The .png as OBS Studio has it, 64 nodes per axis in 8 x 8 tiles, of 8 bits.
    #[arg(long, conflicts_with = "level")]
    obs: bool,

    /// Level of a HALD picture: level times level nodes per axis, as many pixels as nodes.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(2..=12))]
    level: u32,
}

fn main() -> ExitCode {
    let args = Args::parse();
    colorshine_tools::main(|| run(&args))
}

fn run(args: &Args) -> Result<()> {
    let (paths, attractors) = paths_and_attractors(&args.attractors);
    if let Some(path) = paths.first() {
        return Err(format!("{} is no attractor", path.display()).into());
    }
    let mut look = args.look.look(&attractors)?;
    if let Some(description) = &args.description {
        look.description = Some(description.clone());
    }
    if let Some(name) = args.output.as_encoded_bytes().strip_prefix(b"preset:") {
        let name = std::str::from_utf8(name).map_err(|_| "a preset's name has to be UTF-8")?;
        return save_preset(&look, name);
    }
    let path = Path::new(&args.output);
    check_not_read(path, args.look.files(&look))?;
    match ending(path).as_str() {
        "cube" => fixed(&look).and_then(|()| write_cube(&look, path, args.size)),
        "png" if args.obs => fixed(&look).and_then(|()| write_obs(&look, path)),
        "png" => fixed(&look).and_then(|()| write_hald(&look, path, args.level)),
        "toml" => write_file(path, |file| Ok(file.write_all(look.to_toml()?.as_bytes())?)),
        _ => Err(format!("{}: expected .cube, .png, .toml or preset:NAME", path.display()).into()),
    }
}

/// Whether a look is the same for every picture, as a table has to be.
fn fixed(look: &Look) -> Result<()> {
    match look.tolerance_reference.as_deref() {
        Some("frame") => {
            Err("tolerance-reference=frame goes by the picture, and a table has none: \
                              take gamut or absolute"
                .into())
        }
        _ => Ok(()),
    }
}

fn write_cube(look: &Look, path: &Path, size: u32) -> Result<()> {
    let element = element()?;
    look.apply(&element)?;
    let bus = gst::Bus::new();
    element.set_bus(Some(&bus));
    // The element has a file of its own beside the one that it writes.
    write_in_folder(path, |unfinished| {
        if !element.emit_by_name::<bool>("export-lut", &[&unfinished, &size]) {
            bus.iter().for_each(|message| messages::warn(&message));
            return Err(format!("{} could not be made", path.display()).into());
        }
        Ok(())
    })
}

/// A picture as OBS Studio wants it (obs-filters/color-grade-filter.c): a tile for each code of blue, row by row,
/// with red to the right and green downwards.
fn write_obs(look: &Look, path: &Path) -> Result<()> {
    const NODES: u32 = 64;
    const TILES: u32 = 8;
    let node = |x, y| [x % NODES, y % NODES, y / NODES * TILES + x / NODES];
    write_nodes(look, path, NODES, NODES * TILES, png::BitDepth::Eight, node)
}

/// A HALD picture has `level`^2 nodes per axis, red fastest, row after row of `level`^3 pixels.
fn write_hald(look: &Look, path: &Path, level: u32) -> Result<()> {
    let (nodes, edge) = (level.pow(2), level.pow(3));
    let node = |x, y| {
        let index = y * edge + x;
        [index % nodes, index / nodes % nodes, index / nodes.pow(2)]
    };
    write_nodes(look, path, nodes, edge, png::BitDepth::Sixteen, node)
}

/// A square picture of what becomes of the nodes of a table: `node` says which a pixel is of.
fn write_nodes(
    look: &Look,
    path: &Path,
    nodes: u32,
    edge: u32,
    depth: png::BitDepth,
    node: impl Fn(u32, u32) -> [u32; 3],
) -> Result<()> {
    let code = |index: u32| ((index * 65535 + (nodes - 1) / 2) / (nodes - 1)) as u16;
    let mut neutral = Vec::with_capacity(edge as usize * edge as usize * 8);
    for (y, x) in (0..edge).flat_map(|y| (0..edge).map(move |x| (y, x))) {
        let [r, g, b] = node(x, y).map(code);
        for code in [r, g, b, 0xFFFF] {
            neutral.extend(code.to_be_bytes());
        }
    }
    let rgba = Filter::new(look, true, edge, edge)?.apply(neutral)?;
    let rgb = rgba.chunks_exact(8).flat_map(|pixel| &pixel[..6]).copied();
    let mut codes: Vec<u8> = rgb.collect();
    if depth == png::BitDepth::Eight {
        codes = codes.chunks_exact(2).map(to_eight_bits).collect();
    }
    write_file(path, |file| {
        let mut encoder = png::Encoder::new(file, edge, edge);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(depth);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&codes)?;
        Ok(writer.finish()?)
    })
}

/// Saves a look as the user's own preset, as programs do: GStreamer puts it into a file for all of them.
fn save_preset(look: &Look, name: &str) -> Result<()> {
    let is_wrong = |letter: char| letter.is_control() || ['[', ']'].contains(&letter);
    if name.trim().is_empty() || name.starts_with('_') || name.contains(is_wrong) {
        let allowed = "a text without brackets and control characters that does not begin with _";
        return Err(format!("{name:?} cannot be a preset's name, which is {allowed}").into());
    }
    if SHIPPED.iter().any(|(shipped, _)| *shipped == name) && !is_alike(look, &Look::find(name)?) {
        let why = "is a look of colorshine's own, which stays what is found by this name";
        return Err(format!("{name:?} cannot be a preset's name: it {why}").into());
    }
    // GStreamer writes it as it is: after the end of a line, the rest would be something else.
    let description = look.description.as_deref().unwrap_or_default().trim();
    if description.contains(char::is_control) {
        let why = "has a control character, which a preset cannot hold";
        return Err(format!("description: {description:?} {why}").into());
    }
    let element = element()?;
    look.apply(&element)?;
    let preset = element.dynamic_cast_ref::<gst::Preset>().ok_or("the element has no presets")?;
    let path: PathBuf =
        [&glib::user_data_dir(), Path::new("gstreamer-1.0/presets/GstColorShine.prs")]
            .iter()
            .collect();
    if path.exists() {
        check_is_read(&path, preset)
            .map_err(|error| format!("{} stays as it was: {error}", path.display()))?;
    }
    let saved =
        preset.save_preset(name).and_then(|()| preset.set_meta(name, "comment", Some(description)));
    if let Err(error) = saved {
        // GStreamer has given the file that was there another name.
        if !path.exists() {
            let _ = fs::rename(path.with_extension("prs.bak"), &path);
        }
        return Err(format!("{}: {error}", path.display()).into());
    }
    println!("{}: {name}", path.display());
    Ok(())
}

/// Whether two looks do the same, whatever is said of them.
fn is_alike(one: &Look, other: &Look) -> bool {
    *one == Look { description: one.description.clone(), ..other.clone() }
}

/// Whether GStreamer, which writes the file of presets anew, has read all that is in it, and may write it.
fn check_is_read(path: &Path, preset: &gst::Preset) -> Result<()> {
    check_writable(path)?;
    let file = glib::KeyFile::new();
    file.load_from_file(path, glib::KeyFileFlags::NONE)?;
    let read = preset.preset_names();
    let is_read = |group: &str| read.iter().any(|name| name == group);
    match file.groups().iter().find(|group| !group.starts_with('_') && !is_read(group)) {
        Some(group) => {
            Err(format!("GStreamer does not take \"{group}\" in it for a preset").into())
        }
        None => Ok(()),
    }
}
