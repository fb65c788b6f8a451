//! One picture, or a frame of a clip, in many looks: `contact-sheet IN OUT [--look NAME]...`.
//!
//! The first tile is the picture as it was. Each tile is made small before it goes through the element.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use colorshine_tools::arguments::parse_seconds;
use colorshine_tools::filter::Filter;
use colorshine_tools::frame::{Frame, read_frame};
use colorshine_tools::look::{Look, SHIPPED};
use colorshine_tools::picture::{Format, Picture};
use colorshine_tools::temporary::{check_not_read, write_file};
use colorshine_tools::{Result, ending};
use gst_video::VideoTransferFunction;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::imageops::{self, FilterType};
use image::{DynamicImage, Rgb, RgbImage, RgbaImage};
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster};

/// Shows one picture in many looks.
#[derive(Debug, Parser)]
struct Args {
    /// A picture or a clip: anything that GStreamer can decode.
    input: PathBuf,

    /// The sheet, .png or .jpg.
    output: PathBuf,

    /// A look by its name, or a file NAME.toml; may be given more than once. All that come with
    /// colorshine if left out.
    #[arg(long = "look", value_name = "NAME")]
    looks: Vec<OsString>,

    /// The frame of a clip at this time, in seconds.
    #[arg(long, default_value_t = 0.0, value_parser = parse_seconds)]
    at: f64,

    /// Tiles in a row; as many rows as columns if left out.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100))]
    columns: Option<u32>,

    /// Width of a tile in pixels.
    #[arg(long, default_value_t = 360, value_parser = clap::value_parser!(u32).range(16..=4096))]
    width: u32,

    /// No names under the tiles.
    #[arg(long)]
    plain: bool,

    /// Quality of a JPEG, 1 to 100.
    #[arg(long, default_value_t = 88, value_parser = clap::value_parser!(u8).range(1..=100))]
    quality: u8,
}

/// Pixels between tiles and around them.
const GAP: u32 = 6;

/// Most pixels down a tile.
const MOST_HEIGHT: f64 = 65535.0;

/// Behind the tiles.
const GROUND: Rgb<u8> = Rgb([24, 24, 24]);

/// Code of the names' colour, a grey.
const INK: u8 = 220;

/// Height of a name.
const FONT: RasterHeight = RasterHeight::Size20;

fn main() -> ExitCode {
    let args = Args::parse();
    colorshine_tools::main(|| run(&args))
}

fn run(args: &Args) -> Result<()> {
    let format = Format::of_ending(&ending(&args.output))
        .ok_or_else(|| format!("{}: a sheet is .png or .jpg", args.output.display()))?;
    let names: Vec<OsString> = match args.looks.is_empty() {
        true => SHIPPED.iter().map(|(name, _)| name.into()).collect(),
        false => args.looks.clone(),
    };
    let looks = names.iter().map(Look::find).collect::<Result<Vec<_>>>()?;
    let files = names.iter().map(Path::new).filter(|name| Look::is_file(name));
    let luts = looks.iter().flat_map(|look| [&look.input_lut, &look.output_lut]).flatten();
    let read = [args.input.as_path()].into_iter().chain(files);
    check_not_read(&args.output, read.chain(luts.map(PathBuf::as_path)))?;

    let of_file = |error| format!("{}: {error}", args.input.display());
    let Frame { picture, pixel_aspect, .. } = original(args).map_err(of_file)?;
    let ratio = f64::from(picture.height()) / (f64::from(picture.width()) * pixel_aspect);
    let height = (f64::from(args.width) * ratio).round();
    // More would be no picture to look at, and no memory would hold it.
    if height > MOST_HEIGHT {
        return Err(of_file("it is too narrow for a tile: lower --width".into()).into());
    }
    let height = (height as u32).max(1);
    let original = imageops::resize(&picture, args.width, height, FilterType::Lanczos3);

    let mut tiles = vec![("original".to_string(), original.clone())];
    for (name, look) in names.iter().zip(looks) {
        let filter = Filter::new(&look, false, args.width, height)?;
        let codes = filter.apply(original.as_raw().clone())?;
        let tile = RgbaImage::from_raw(args.width, height, codes).ok_or("a tile is cut short")?;
        tiles.push((name.to_string_lossy().into_owned(), tile));
    }
    let sheet = compose(args, &tiles);
    write_file(&args.output, |to| {
        match format {
            Format::Png => sheet.write_with_encoder(PngEncoder::new(to))?,
            Format::Jpeg => {
                sheet.write_with_encoder(JpegEncoder::new_with_quality(to, args.quality))?;
            }
        }
        Ok(())
    })
}

/// The picture, or the frame, that the sheet is of.
fn original(args: &Args) -> Result<Frame> {
    let warn = |text: &str| eprintln!("warning: {}: {text}", args.input.display());
    // Its own reader for PNG and JPEG, which takes none that is damaged.
    if let Some(picture) = Picture::open_known(&args.input)? {
        if let Some(text) = picture.header.warning() {
            warn(&text);
        }
        let transfer = VideoTransferFunction::Unknown;
        return Ok(Frame { picture: picture.upright()?, pixel_aspect: 1.0, transfer });
    }
    let frame = read_frame(&args.input, gst::ClockTime::from_seconds_f64(args.at))?;
    let transfer = match frame.transfer {
        VideoTransferFunction::Smpte2084 => Some("PQ"),
        VideoTransferFunction::AribStdB67 => Some("HLG"),
        _ => None,
    };
    if let Some(transfer) = transfer {
        warn(&format!("it is HDR ({transfer}), shown as if it were SDR, without tone mapping"));
    }
    Ok(frame)
}

/// The tiles in rows, each with its name below.
fn compose(args: &Args, tiles: &[(String, RgbaImage)]) -> RgbImage {
    let count = tiles.len() as u32;
    let columns = args.columns.unwrap_or((f64::from(count)).sqrt().ceil() as u32).min(count);
    let caption = if args.plain { 0 } else { FONT.val() as u32 };
    let tile_height = tiles[0].1.height();
    let (step_x, step_y) = (args.width + GAP, tile_height + caption + GAP);
    let size = [columns * step_x + GAP, count.div_ceil(columns) * step_y + GAP];
    let mut sheet = RgbImage::from_pixel(size[0], size[1], GROUND);
    for (index, (name, tile)) in (0..).zip(tiles) {
        let (x, y) = (GAP + index % columns * step_x, GAP + index / columns * step_y);
        let tile = DynamicImage::ImageRgba8(tile.clone()).into_rgb8();
        imageops::replace(&mut sheet, &tile, i64::from(x), i64::from(y));
        if !args.plain {
            write_text(&mut sheet, name, [x, y + tile_height], args.width);
        }
    }
    sheet
}

/// Writes a text of one line, at most `width` pixels long; what the font lacks becomes a question mark.
fn write_text(sheet: &mut RgbImage, text: &str, [mut x, y]: [u32; 2], width: u32) {
    let end = x + width;
    for letter in text.chars() {
        let raster = get_raster(letter, FontWeight::Regular, FONT)
            .or_else(|| get_raster('?', FontWeight::Regular, FONT));
        let Some(raster) = raster.filter(|raster| x + raster.width() as u32 <= end) else {
            return;
        };
        for (dy, row) in (0..).zip(raster.rows()) {
            for (dx, cover) in (0..).zip(row) {
                let blend = |from: u8| {
                    let (from, cover) = (u32::from(from), u32::from(*cover));
                    ((from * (255 - cover) + u32::from(INK) * cover) / 255) as u8
                };
                let pixel = sheet.get_pixel_mut(x + dx, y + dy);
                *pixel = Rgb(pixel.0.map(blend));
            }
        }
        x += raster.width() as u32;
    }
}
