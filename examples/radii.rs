//! Draws how the radii of a look follow a picture over time: `cargo run --release --example radii`.
//!
//! The stream is made here: a pan over a photograph with a camera's noise, a cut, another, a fade to black
//! and back. It goes through the element twice, with every frame on its own and with the default
//! adaptation; the radii of both become a plot, docs/radii.svg unless a path is given, and the figures that
//! go with it are printed.

use std::error::Error;
use std::ops::Range;
use std::path::{Path, PathBuf};

use clap::Parser;
use gst::prelude::*;
use gst_video::{VideoFormat, VideoInfo};
use image::RgbaImage;
use image::imageops::{FilterType, crop_imm, resize};
use plotters::prelude::*;

const SIZE: [u32; 2] = [480, 270];
const FPS: usize = 25;
const ATTRACTORS: &str = "teal;40;80|#ff8a3d;30;60";

/// Width of the pictures that are panned over, in units of a frame's.
const WIDER: f64 = 1.1;

/// Seconds that the camera takes to pan to and fro.
const SWAY: f64 = 2.0;

/// Where scenes begin, and where the last one fades out and in again, in frames.
const SCENES: [(usize, &str); 3] = [(0, "astronaut.png"), (75, "rocket.jpg"), (125, "coffee.png")];
const FADE: Range<usize> = 175..225;
const FRAMES: usize = 275;

#[derive(Parser)]
#[command(about = "Draws how radii follow a picture")]
struct Arguments {
    /// The plot, an SVG.
    #[arg(default_value = "docs/radii.svg")]
    plot: PathBuf,
}

/// Radii of each frame, mean change of the left half's codes from frame to frame, and scene cuts.
type Played = (Vec<Vec<f64>>, f64, u64);

/// What one pass through the element has shown.
struct Pass {
    name: &'static str,
    /// Radii of each frame.
    radii: Vec<Vec<f64>>,
    /// Mean change of a code from frame to frame that the filter adds to a picture that does not move.
    flicker: f64,
    cuts: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    gst::init()?;
    gstcolorshine::plugin_register_static()?;
    let frames = stream()?;
    let passes = [
        pass("each frame on its own", 0, &frames)?,
        pass("adaptation of 500 ms", 500_000_000, &frames)?,
    ];
    for pass in &passes {
        println!(
            "{}: the radii of a frame move by {:.6} a frame within a scene, a picture that does not move by \
             {:.4} codes; {} scene cuts",
            pass.name,
            movement(&pass.radii),
            pass.flicker,
            pass.cuts
        );
    }
    draw(&arguments.plot, &passes)?;
    println!("{}", arguments.plot.display());
    Ok(())
}

/// The frames, without alpha's help: RGBA.
fn stream() -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/photos");
    let mut wide = Vec::new();
    for (_, name) in SCENES {
        let photo = image::open(folder.join(name))?.into_rgba8();
        let width = (f64::from(SIZE[0]) * WIDER) as u32;
        wide.push(resize(&photo, width, SIZE[1], FilterType::Triangle));
    }
    let mut noise = noise();
    let frame = |index: usize| {
        let scene = SCENES.iter().rposition(|(first, _)| *first <= index).unwrap_or(0);
        let start = SCENES[scene].0;
        let picture = pan(&wide[scene], sway(index - start));
        let share = if FADE.contains(&index) {
            let middle = (FADE.start + FADE.end) as f64 / 2.0;
            (index as f64 - middle).abs() / (FADE.len() as f64 / 2.0)
        } else {
            1.0
        };
        let mut code =
            |code: &u8| (f64::from(*code) * share + noise()).round().clamp(0.0, 255.0) as u8;
        picture.as_raw().iter().map(&mut code).collect()
    };
    Ok((0..FRAMES).map(frame).collect())
}

/// Where the camera is, from the left (0) to the right (1): it goes to and fro.
fn sway(frame: usize) -> f64 {
    let turns = frame as f64 / (SWAY * FPS as f64);
    0.5 - 0.5 * (std::f64::consts::TAU * turns).cos()
}

/// A frame's part of a wide picture, from the left (0) to the right (1).
fn pan(wide: &RgbaImage, share: f64) -> RgbaImage {
    let left = f64::from(wide.width() - SIZE[0]) * share;
    crop_imm(wide, left as u32, 0, SIZE[0], SIZE[1]).to_image()
}

/// Noise with a standard deviation of 4 codes, about normal.
fn noise() -> impl FnMut() -> f64 {
    let mut state = 0x2545_F491_4F6C_DD1Du64;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let bytes = state.to_le_bytes().map(f64::from);
        // Each of the eight has a variance of (256^2 - 1) / 12.
        4.0 * (bytes.iter().sum::<f64>() - 8.0 * 127.5) / (8.0 * 65_535.0 / 12.0f64).sqrt()
    }
}

fn pass(name: &'static str, adaptation: u64, frames: &[Vec<u8>]) -> Result<Pass, Box<dyn Error>> {
    let [moving, still] = [frames.to_vec(), standing(frames)];
    let (radii, _, cuts) = play(adaptation, &moving)?;
    let (_, flicker, _) = play(adaptation, &still)?;
    Ok(Pass { name, radii, flicker, cuts })
}

/// A stream of which the left half is one frame's, while the rest goes on.
fn standing(frames: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let row = 4 * SIZE[0] as usize;
    let stand = |frame: &Vec<u8>| {
        let rows = frame.chunks_exact(row).zip(frames[0].chunks_exact(row));
        rows.flat_map(|(row, first)| [&first[..row.len() / 2], &row[row.len() / 2..]].concat())
            .collect()
    };
    frames[..SCENES[1].0].iter().map(stand).collect()
}

/// Plays a stream.
fn play(adaptation: u64, frames: &[Vec<u8>]) -> Result<Played, Box<dyn Error>> {
    let fps = gst::Fraction::new(FPS as i32, 1);
    let info = VideoInfo::builder(VideoFormat::Rgba, SIZE[0], SIZE[1]).fps(fps).build()?;
    let element = gst::ElementFactory::make("colorshine")
        .property("attractors", ATTRACTORS)
        .property_from_str("tolerance-reference", "frame")
        .property("adaptation-time", adaptation)
        .build()?;
    let mut harness = gst_check::Harness::with_element(&element, Some("sink"), Some("src"));
    harness.set_src_caps(info.to_caps()?);
    let (mut radii, mut change) = (Vec::new(), 0.0);
    let mut before: Option<Vec<u8>> = None;
    for (index, frame) in frames.iter().enumerate() {
        let mut buffer = gst::Buffer::from_mut_slice(frame.clone());
        let time = gst::ClockTime::from_mseconds((1000 * index / FPS) as u64);
        buffer.get_mut().ok_or("a shared buffer")?.set_pts(time);
        let out = harness.push_and_pull(buffer)?;
        // As at playing speed, a bake beside the stream is done before the next frame comes.
        gstcolorshine::workers::finish_background();
        let stats = element.property::<gst::Structure>("stats");
        let now = stats.get::<gst::Array>("radii")?;
        radii.push(now.as_slice().iter().map(|radius| radius.get()).collect::<Result<_, _>>()?);
        let out = out.map_readable()?.to_vec();
        if let Some(before) = &before {
            let row = 4 * SIZE[0] as usize;
            let rows = out.chunks_exact(row).zip(before.chunks_exact(row));
            let codes =
                rows.flat_map(|(now, before)| now[..row / 2].iter().zip(&before[..row / 2]));
            change += codes.map(|(now, before)| f64::from(now.abs_diff(*before))).sum::<f64>();
        }
        before = Some(out);
    }
    let codes = f64::from(SIZE[0] * SIZE[1]) * 2.0 * (frames.len() - 1) as f64;
    let cuts = element.property::<gst::Structure>("stats").get("scene-cuts")?;
    Ok((radii, change / codes, cuts))
}

/// Mean change of a radius from frame to frame in the scenes before the fade.
fn movement(radii: &[Vec<f64>]) -> f64 {
    let starts = SCENES.map(|(first, _)| first);
    let inside = (1..FADE.start).filter(|index| !starts.contains(index));
    let moves = inside.map(|i| (radii[i][0] - radii[i - 1][0]).abs());
    let count = FADE.start - starts.len();
    moves.sum::<f64>() / count as f64
}

fn draw(path: &Path, passes: &[Pass]) -> Result<(), Box<dyn Error>> {
    let area = SVGBackend::new(path, (900, 420)).into_drawing_area();
    area.fill(&WHITE)?;
    let seconds = FRAMES as f64 / FPS as f64;
    let mut chart = ChartBuilder::on(&area)
        .caption(ATTRACTORS, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(55)
        .build_cartesian_2d(0.0..seconds, 0.0..0.7)?;
    chart.configure_mesh().x_desc("seconds").y_desc("radius in Oklab").draw()?;
    for (pass, (colour, width)) in
        passes.iter().zip([(RGBColor(225, 120, 30), 1), (RGBColor(0, 110, 120), 2)])
    {
        for attractor in 0..2 {
            let points = pass.radii.iter().enumerate();
            let points = points.map(|(i, radii)| (i as f64 / FPS as f64, radii[attractor]));
            let series = chart.draw_series(LineSeries::new(points, colour.stroke_width(width)))?;
            if attractor == 0 {
                series.label(pass.name).legend(move |(x, y)| {
                    PathElement::new([(x, y), (x + 20, y)], colour.stroke_width(width))
                });
            }
        }
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE)
        .border_style(BLACK)
        .draw()?;
    area.present()?;
    Ok(())
}
