//! Pulls the colours of photographs: `shine IN OUT "blue;50;70" ... --luminance=false`.
//!
//! A picture goes through the element in bands of rows, by the model itself (`method=exact`), so that one
//! of any size is done in little memory. With `--tolerance-reference frame` it is read twice: radii are
//! measured on the whole picture first, and every band has the same.

mod radii;
mod write;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::Instant;

use clap::Parser;
use colorshine_tools::arguments::{LookArgs, paths_and_attractors};
use colorshine_tools::filter::Filter;
use colorshine_tools::look::Look;
use colorshine_tools::picture::{Format, Picture};
use colorshine_tools::temporary::{check_not_read, is_same, write_file};
use colorshine_tools::{Result, ending};
use indicatif::{ProgressBar, ProgressStyle};
use write::Target;

/// Pulls the colours of photographs towards a few chosen ones.
///
/// PNG and JPEG, of 8 and 16 bits; transparency, colour profile, EXIF, XMP, density and texts stay, and
/// what cannot is named. Colours are taken as sRGB's, with a warning where they are others. A grey picture
/// becomes RGB.
#[derive(Debug, Parser)]
#[command(override_usage = "shine IN OUT [ATTRACTOR]... [OPTIONS]
       shine IN... --output-dir FOLDER [ATTRACTOR]... [OPTIONS]")]
struct Args {
    /// Pictures, and attractors "color;tolerance;strength[;channels]".
    #[arg(required = true)]
    arguments: Vec<OsString>,

    #[command(flatten)]
    look: LookArgs,

    /// What imgcolorshine does: --model classic --tolerance-reference frame.
    #[arg(long)]
    imgcolorshine: bool,

    /// The picture to write, where it does not stand after the picture to read.
    #[arg(long, alias = "output_image", value_name = "OUT")]
    output_image: Option<PathBuf>,

    /// Folder for the pictures, under their own names.
    #[arg(long, value_name = "FOLDER")]
    output_dir: Option<PathBuf>,

    /// Quality of a JPEG, 1 to 100.
    #[arg(long, default_value_t = 95, value_parser = clap::value_parser!(u8).range(1..=100))]
    quality: u8,

    /// Rows that are worked on at a time; a megapixel of them if left out. With a look that dithers, a
    /// multiple of 64.
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u32).range(1..))]
    band_rows: Option<u32>,
}

/// Pixels of a band where its rows are not given: many enough for all threads, few enough for the caches.
const BAND_PIXELS: u32 = 1 << 20;

/// Rows after which the pattern of a dither repeats: bands of them have it as the whole picture would.
const DITHER_ROWS: u32 = 64;

fn main() -> ExitCode {
    let args = Args::parse();
    colorshine_tools::main(|| run(&args))
}

fn run(args: &Args) -> Result<()> {
    let (paths, attractors) = paths_and_attractors(&args.arguments);
    let mut look = args.look.look(&attractors)?;
    if args.imgcolorshine {
        look.model.get_or_insert("classic".into());
        look.tolerance_reference.get_or_insert("frame".into());
    }
    let jobs = jobs(args, &look, paths)?;
    let mut failed = 0;
    for (index, (from, to)) in jobs.iter().enumerate() {
        let bar = progress_bar(index, jobs.len(), from);
        let start = Instant::now();
        match shine(args, &look, from, to, &bar) {
            Ok([width, height]) => {
                let seconds = start.elapsed().as_secs_f64();
                bar.finish_and_clear();
                println!("{}: {width}x{height}, {seconds:.1} s", to.display());
            }
            Err(error) => {
                bar.finish_and_clear();
                let error = format!("{}: {error}", from.display());
                if jobs.len() == 1 {
                    return Err(error.into());
                }
                eprintln!("error: {error}");
                failed += 1;
            }
        }
    }
    match failed {
        0 => Ok(()),
        _ => Err(format!("{failed} of {} pictures could not be done", jobs.len()).into()),
    }
}

/// Pictures to read, each with the one to write. Nothing that is read, and nothing twice, is written.
fn jobs(args: &Args, look: &Look, mut paths: Vec<PathBuf>) -> Result<Vec<(PathBuf, PathBuf)>> {
    let jobs = match (&args.output_dir, &args.output_image, paths.len()) {
        (Some(_), Some(_), _) => {
            return Err("--output-dir and --output-image do not go together".into());
        }
        (_, _, 0) => return Err("no picture is named".into()),
        (Some(folder), None, _) => {
            fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
            let job = |from: PathBuf| {
                let name =
                    from.file_name().ok_or_else(|| format!("{}: no file", from.display()))?;
                let to = folder.join(name);
                Ok((from, to))
            };
            paths.into_iter().map(job).collect::<Result<Vec<_>>>()?
        }
        (None, Some(to), 1) => vec![(paths.swap_remove(0), to.clone())],
        (None, None, 2) => vec![(paths.swap_remove(0), paths.swap_remove(0))],
        (None, _, count) => {
            let how = "give one to read and one to write, or --output-dir";
            return Err(format!("number of pictures named: {count}; {how}").into());
        }
    };
    let read: Vec<&Path> =
        jobs.iter().map(|(from, _)| from.as_path()).chain(args.look.files(look)).collect();
    for (index, (_, to)) in jobs.iter().enumerate() {
        check_not_read(to, read.iter().copied())?;
        if jobs[..index].iter().any(|(_, other)| other == to || is_same(other, to)) {
            return Err(format!("two pictures would be written as {}", to.display()).into());
        }
    }
    Ok(jobs)
}

fn progress_bar(index: usize, count: usize, path: &Path) -> ProgressBar {
    let template = "{prefix} {wide_bar} {percent:>3} %  {eta} left";
    let style = ProgressStyle::with_template(template);
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let place = if count > 1 { format!("{}/{count} ", index + 1) } else { String::new() };
    ProgressBar::new(0)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        .with_prefix(format!("{place}{name}"))
}

/// Takes one picture through; its width and height.
fn shine(args: &Args, look: &Look, from: &Path, to: &Path, bar: &ProgressBar) -> Result<[u32; 2]> {
    let format = Format::of_ending(&ending(to))
        .ok_or_else(|| format!("a picture to write is .png or .jpg, not {}", to.display()))?;
    let mut picture = Picture::open(from)?;
    let header = picture.header.clone();
    let extras = match format {
        Format::Png => header.extras.clone().for_png(),
        Format::Jpeg => header.extras.clone().for_jpeg(),
    };
    let left_out =
        extras.left_out.iter().map(|what| format!("{} does not have {what}", to.display()));
    for text in header.warning().into_iter().chain(left_out) {
        bar.suspend(|| eprintln!("warning: {}: {text}", from.display()));
    }
    let (width, height) = (header.width, header.height);
    let mut rows = args.band_rows.unwrap_or(BAND_PIXELS / width).clamp(1, height);
    if look.dither.as_deref().is_some_and(|dither| dither != "none") {
        rows = rows.next_multiple_of(DITHER_ROWS).min(height);
    }
    let look = &radii::fixed(look, &mut picture, rows)?;
    let filter = Filter::new(look, header.is_deep, width, rows)?;
    bar.set_length(u64::from(height));

    write_file(to, |file| {
        thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let read = feed(&mut picture, &filter, rows);
                filter.end();
                read
            });
            let mut left = height;
            let next = || {
                let band = filter.pull()?;
                let count = left.min(rows);
                left -= count;
                bar.inc(u64::from(count));
                Ok((band, count))
            };
            let quality = args.quality;
            let target = Target { header: &header, extras: &extras, format, quality };
            let written = target.write(file, next);
            // A reader that waits to be rid of a band is let go.
            filter.stop();
            reader.join().map_err(|_| "the reader has failed")??;
            written
        })
    })?;
    Ok([width, height])
}

/// Gives all of a picture to a filter; stops where the filter does, whose reader knows why.
fn feed(picture: &mut Picture, filter: &Filter, rows: u32) -> Result<()> {
    let band_bytes = picture.header.row_bytes() * rows as usize;
    while let Some(mut band) = picture.band(rows)? {
        // The last one may have fewer rows; what fills it up is not written.
        band.resize(band_bytes, 0);
        if filter.push(band).is_err() {
            break;
        }
    }
    Ok(())
}
