//! Recolours a clip: `transcode IN OUT [ATTRACTOR]... [--look NAME]`.
//!
//! The clip is decoded, goes through `colorshine`, and is encoded again as H.264, upright. Sound stays as it is
//! where the new file can hold it, else it becomes AAC. What does not stay as it was is told on standard error.
//! Ctrl-C ends the new file where it is, or removes it where nothing comes any more; a second one leaves at
//! once.

mod ends;
mod header;
mod picture;
mod pipeline;
mod play;
mod sound;
mod video;

use std::ffi::OsString;
use std::io::ErrorKind;
use std::iter;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use colorshine_tools::arguments::{LookArgs, parse_seconds, paths_and_attractors};
use colorshine_tools::look::{Look, element};
use colorshine_tools::temporary::{self, write_file, write_whole};
use colorshine_tools::{Result, ending};
use gst::glib;
use gst::prelude::*;
use image::codecs::png::PngEncoder;
use pipeline::Container;
use play::Played;

/// Recolours a clip: H.264 and the clip's own sound, in an .mp4, .mov or .mkv.
#[derive(Debug, Parser)]
#[command(override_usage = "transcode IN OUT [ATTRACTOR]... [OPTIONS]")]
struct Args {
    /// The clip, anything that GStreamer can decode; the new one; and attractors
    /// "color;tolerance;strength[;channels]".
    #[arg(required = true)]
    arguments: Vec<OsString>,

    #[command(flatten)]
    look: LookArgs,

    /// Quality as x264 has it, 0 to 50: lower is better and larger.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(0..=50))]
    quantizer: u32,

    /// Where pixels are computed.
    #[arg(long, default_value = "auto", value_parser = ["auto", "cpu", "gpu"])]
    backend: String,

    /// A frame of the clip, before (left) and after (right), as .png.
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,

    /// The picture's time in seconds; the middle of the clip if left out. Where the clip is shorter, its first
    /// frame is taken.
    #[arg(long, value_name = "SECONDS", requires = "picture", value_parser = parse_seconds)]
    at: Option<f64>,

    /// A clip that ends before the time that its header names is no failure.
    #[arg(long)]
    allow_short: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    colorshine_tools::main(|| run(&args))
}

fn run(args: &Args) -> Result<()> {
    let (paths, attractors) = paths_and_attractors(&args.arguments);
    let look = args.look.look(&attractors)?;
    let [input, output] = <[PathBuf; 2]>::try_from(paths).map_err(|paths| {
        format!("clips named: {}; give one to read and one to write", paths.len())
    })?;
    check_readable(&input)?;
    let read = || iter::once(input.as_path()).chain(args.look.files(&look));
    temporary::check_not_read(&output, read())?;
    if let Some(picture) = &args.picture {
        if ending(picture) != "png" {
            return Err(format!("{}: a picture to write is .png", picture.display()).into());
        }
        temporary::check_not_read(picture, read())?;
    }
    let container = Container::of_ending(&ending(&output))
        .ok_or_else(|| format!("{}: a clip to write is .mp4, .mov or .mkv", output.display()))?;

    let done =
        write_whole(&output, |unfinished| transcode(args, &look, &input, unfinished, container))?;
    if let (Some(path), Some(pictures)) = (&args.picture, &done.pictures) {
        let both = pictures.side_by_side()?;
        write_file(path, |file| Ok(both.write_with_encoder(PngEncoder::new(file))?))?;
    }
    print!("{}", report(args, &look, &output, &done));
    if !done.played.is_whole {
        return Err(format!("stopped: {} ends early", output.display()).into());
    }
    match done.short {
        Some(short) if args.allow_short => eprintln!("warning: {short}"),
        Some(short) => {
            let how = "--allow-short, where that is as it should be";
            return Err(format!("{short}; {} has what there is ({how})", output.display()).into());
        }
        None => {}
    }
    Ok(())
}

/// Whether a clip can be read: a pipe can, for formats that are read from start to end.
fn check_readable(path: &Path) -> Result<()> {
    let why = match path.metadata() {
        Ok(of) if of.is_dir() => "it is a folder".into(),
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => "no such file".into(),
        Err(error) => error.to_string(),
    };
    Err(format!("{}: {why}", path.display()).into())
}

/// What a run leaves.
struct Done {
    played: Played,
    stats: gst::Structure,
    pictures: Option<picture::Pictures>,
    /// In which way the clip is shorter than its header says, if it is.
    short: Option<String>,
}

fn transcode(
    args: &Args,
    look: &Look,
    input: &Path,
    output: &Path,
    container: Container,
) -> Result<Done> {
    let colorshine = element()?;
    look.apply(&colorshine)?;
    colorshine.set_property_from_str("backend", &args.backend);
    let clip = pipeline::build(&colorshine, input, output, container, args.quantizer)?;
    let at = args.at.map(gst::ClockTime::from_seconds_f64);
    let pictures = args.picture.is_some().then(|| picture::watch(&colorshine, at)).transpose()?;
    let played = play::play(&clip, &colorshine);
    let stats = colorshine.property::<gst::Structure>("stats");
    let stopped = clip.pipeline.set_state(gst::State::Null);
    play::stopped();
    let played = played?;
    stopped?;
    if played.frames == 0 {
        return Err(format!("{}: no frame came of it", input.display()).into());
    }
    let short = match played.is_whole {
        true => header::missing(input).or_else(|| clip.ends.short_of_header()),
        false => None,
    };
    let short = short.map(|how| format!("{} is cut short: {how}", input.display()));
    Ok(Done { played, stats, pictures: pictures.map(|pictures| pictures.take()), short })
}

/// The look, what was made, how fast, and the statistics, one field a line.
fn report(args: &Args, look: &Look, output: &Path, done: &Done) -> String {
    let line = |(name, value): (&str, String)| format!("{name:<24}{value}\n");
    let name = args.look.name().map(|name| ("look", name.to_string()));
    let attractors = ("attractors", look.attractors.join(" | "));
    let picture = args.picture.iter().map(|path| ("picture", path.display().to_string()));
    let played = &done.played;
    let made = [
        ("clip", output.display().to_string()),
        ("length", format!("{:.2?}", played.length)),
        ("took", format!("{:.2?}", played.took)),
        ("speed", played.speed()),
    ];
    let stats = done.stats.iter().map(|(name, value)| {
        let name = name.as_str();
        (name.trim_end_matches("-ns"), readable(name, value))
    });
    name.into_iter().chain([attractors]).chain(made).chain(picture).chain(stats).map(line).collect()
}

/// A field's value, times in units for reading.
fn readable(name: &str, value: &glib::SendValue) -> String {
    if let Ok(nanoseconds) = value.get::<u64>()
        && name.ends_with("-ns")
    {
        return format!("{:.3?}", Duration::from_nanos(nanoseconds));
    }
    if let Ok(number) = value.get::<f64>() {
        return format!("{number:.4}");
    }
    if let Ok(array) = value.get::<gst::Array>() {
        let items = array.as_slice().iter().map(|item| readable(name, item));
        return items.collect::<Vec<_>>().join("  ");
    }
    match value.get::<String>() {
        Ok(text) if text.is_empty() => "-".into(),
        Ok(text) => text,
        Err(_) => value.serialize().map(|text| text.to_string()).unwrap_or_default(),
    }
}
