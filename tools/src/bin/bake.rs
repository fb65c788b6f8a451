//! A look for other programs: `bake OUT [ATTRACTOR]... [--look NAME]`.
//!
//! What is written goes by OUT:
//!
//! - `NAME.cube`: a lookup table, by the element's own `export-lut`;
//! - `NAME.png`: a HALD picture of 16 bits, for ImageMagick, GIMP's G'MIC, darktable, FFmpeg's `haldclut`:
//!   the colours of a neutral one through the element, by the model itself; with `--obs` in the layout of
//!   OBS Studio's *Apply LUT* instead, of the same size, which takes a HALD picture for one of its own;
//! - `NAME.toml`: the look, as a file to keep and to share;
//! - `preset:NAME`: the user's own preset of that name, for `colorshine @preset=NAME`.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use colorshine_tools::arguments::{LookArgs, paths_and_attractors};
use colorshine_tools::filter::Filter;
use colorshine_tools::look::{Look, element};
use colorshine_tools::temporary::{check_not_read, check_regular, with_folder, write_file};
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
    // The element has a file of its own beside the one that it writes, which goes with the folder.
    with_folder(|folder| {
        let table = folder.join("table.cube");
        let name = table.to_str().ok_or("the folder for temporary files is not UTF-8")?;
        if !element.emit_by_name::<bool>("export-lut", &[&name, &size]) {
            bus.iter().for_each(|message| messages::warn(&message));
            return Err(format!("{} could not be made", path.display()).into());
        }
        let mut table = fs::File::open(&table)?;
        write_file(path, |mut file| {
            io::copy(&mut table, &mut file)?;
            Ok(())
        })
    })
}

/// A picture as OBS Studio wants it (obs-filters/color-grade-filter.c): a tile for each code of blue, row by row,
/// with red to the right and green downwards.
fn write_obs(look: &Look, path: &Path) -> Result<()> {
    const NODES: u32 = 64;
    const TILES: u32 = 8;
    const EDGE: u32 = NODES * TILES;
    let code = |index: u32| ((index * 65535 + (NODES - 1) / 2) / (NODES - 1)) as u16;
    let mut neutral = Vec::with_capacity((EDGE * EDGE * 8) as usize);
    for (y, x) in (0..EDGE).flat_map(|y| (0..EDGE).map(move |x| (y, x))) {
        let (r, g, b) = (x % NODES, y % NODES, y / NODES * TILES + x / NODES);
        for code in [code(r), code(g), code(b), 0xFFFF] {
            neutral.extend(code.to_be_bytes());
        }
    }
    let rgba = Filter::new(look, true, EDGE, EDGE)?.apply(neutral)?;
    let rounded = |deep: &[u8]| {
        let code = u32::from(u16::from_be_bytes([deep[0], deep[1]]));
        ((code * 255 + 32767) / 65535) as u8
    };
    let rgb: Vec<u8> =
        rgba.chunks_exact(8).flat_map(|pixel| pixel[..6].chunks_exact(2).map(rounded)).collect();
    write_file(path, |file| {
        let mut encoder = png::Encoder::new(file, EDGE, EDGE);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&rgb)?;
        Ok(writer.finish()?)
    })
}

/// A HALD picture has `level`^2 nodes per axis, red fastest, row after row of `level`^3 pixels.
fn write_hald(look: &Look, path: &Path, level: u32) -> Result<()> {
    let (nodes, edge) = (level.pow(2), level.pow(3));
    let code = |index: u32| ((index * 65535 + (nodes - 1) / 2) / (nodes - 1)) as u16;
    let mut neutral = Vec::with_capacity(edge as usize * edge as usize * 8);
    for (b, g, r) in
        (0..nodes).flat_map(|b| (0..nodes).flat_map(move |g| (0..nodes).map(move |r| (b, g, r))))
    {
        for code in [code(r), code(g), code(b), 0xFFFF] {
            neutral.extend(code.to_be_bytes());
        }
    }
    let rgba = Filter::new(look, true, edge, edge)?.apply(neutral)?;
    let rgb: Vec<u8> = rgba.chunks_exact(8).flat_map(|pixel| &pixel[..6]).copied().collect();
    write_file(path, |file| {
        let mut encoder = png::Encoder::new(file, edge, edge);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Sixteen);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&rgb)?;
        Ok(writer.finish()?)
    })
}

/// The group of a file of presets that says what they are for.
const PRESETS: &str = "_presets_";

/// Puts a look into the user's file of presets, where GStreamer looks for it.
///
/// GStreamer's own way, `gst_preset_save_preset`, would save everything that the element has, such as the
/// number of threads.
fn save_preset(look: &Look, name: &str) -> Result<()> {
    let is_wrong = |letter: char| letter.is_control() || ['[', ']'].contains(&letter);
    if name.trim().is_empty() || name.starts_with('_') || name.contains(is_wrong) {
        let allowed = "a text without brackets and control characters that does not begin with _";
        return Err(format!("{name:?} cannot be a preset's name, which is {allowed}").into());
    }
    let path: PathBuf =
        [&glib::user_data_dir(), Path::new("gstreamer-1.0/presets/GstColorShine.prs")]
            .iter()
            .collect();
    let presets = glib::KeyFile::new();
    if path.exists() {
        check_regular(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        presets
            .load_from_file(&path, glib::KeyFileFlags::KEEP_COMMENTS)
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    if !presets.has_group(PRESETS) {
        presets.set_string(PRESETS, "version", "1.0");
        presets.set_string(PRESETS, "element-name", "GstColorShine");
    }
    // A preset of this name may not be there yet.
    let _ = presets.remove_group(name);
    look.to_preset(&presets, name)?;
    let made = presets.to_data();
    check_presets(&made, &presets, look, name)
        .map_err(|error| format!("{} stays as it was: {error}", path.display()))?;
    fs::create_dir_all(path.parent().ok_or("no folder for presets")?)?;
    write_file(&path, |file| Ok(file.write_all(made.as_bytes())?))?;
    println!("{}: {name}", path.display());
    Ok(())
}

/// Whether a file of presets is read as it was meant, by GStreamer, too: a text of any kind could have
/// become something else in it.
fn check_presets(made: &str, meant: &glib::KeyFile, look: &Look, name: &str) -> Result<()> {
    let read = glib::KeyFile::new();
    read.load_from_data(made, glib::KeyFileFlags::NONE)?;
    let groups = meant.groups();
    if read.groups() != groups {
        return Err(format!("a preset {name:?} would not be read as one").into());
    }
    for group in &groups {
        let keys = meant.keys(group)?;
        if read.keys(group)? != keys {
            return Err(format!("preset {group:?} would not be whole").into());
        }
        for key in &keys {
            if read.value(group, key)? != meant.value(group, key)? {
                return Err(format!("{key} of preset {group:?} would not be read as it is").into());
            }
        }
    }
    look.check_preset(&read, name)
}
