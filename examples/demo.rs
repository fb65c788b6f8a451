//! Recolours a clip: `cargo run --release --example demo -- clip.mp4 --attractors "teal;40;60"`.
//!
//! The clip is decoded, goes through `colorshine`, and is encoded again as H.264 with AAC in an MP4 file:
//!
//! ```text
//! filesrc ! decodebin ! colorshine ! x264enc ! mp4mux ! filesink
//!                     ! audioconvert ! audioresample ! avenc_aac ! mp4mux
//! ```
//!
//! A before/after picture of a frame from the middle is written, and the element's `stats` are printed.
//! GStreamer has to find the plugin, so `GST_PLUGIN_PATH` names the folder of `libgstcolorshine.so`;
//! `make demo` sees to that.

use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clap::Parser;
use gst::glib;
use gst::prelude::*;
use image::RgbImage;
use indicatif::{ProgressBar, ProgressStyle};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Recolours a clip with colorshine.
#[derive(Debug, Parser)]
struct Args {
    /// The clip: anything that GStreamer can decode.
    input: PathBuf,

    /// Colours that pull: "color;tolerance;strength[;channels]", separated by |.
    #[arg(long, default_value = "oklch(45% 0.13 300);60;80;sh | oklch(75% 0.15 60);45;80")]
    attractors: String,

    /// The recoloured clip.
    #[arg(long, default_value = "demo.mp4")]
    output: PathBuf,

    /// A frame from the middle of the clip, before (left) and after (right).
    #[arg(long, default_value = "demo.png")]
    picture: PathBuf,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<()> {
    gst::init()?;
    check_elements()?;
    if !args.input.is_file() {
        return Err(format!("{} is not a file", args.input.display()).into());
    }
    // Whatever goes wrong, a file that was there before stays as it was.
    let unfinished = with_suffix(&args.output, ".part");
    let recoloured = recolour(args, &unfinished);
    if recoloured.is_err() {
        // It may not have come to exist.
        let _ = fs::remove_file(&unfinished);
    }
    let (picture, stats) = recoloured?;
    fs::rename(&unfinished, &args.output)
        .map_err(|error| format!("cannot write {}: {error}", args.output.display()))?;
    picture
        .save(&args.picture)
        .map_err(|error| format!("cannot write {}: {error}", args.picture.display()))?;
    std::io::stdout().write_all(report(args, &stats).as_bytes())?;
    Ok(())
}

/// What was made, and the statistics, one field a line.
fn report(args: &Args, stats: &gst::StructureRef) -> String {
    let line = |(name, value): (&str, String)| format!("{name:<24}{value}\n");
    let stats = stats.iter().map(|(name, value)| {
        let name = name.as_str();
        (name.trim_end_matches("-ns"), readable(name, value))
    });
    let made = [("clip", &args.output), ("picture", &args.picture)];
    let made = made.map(|(name, path)| (name, path.display().to_string()));
    made.into_iter().chain(stats).map(line).collect()
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

/// The elements that a run needs, each with where it comes from.
const NEEDED: &[(&str, &str)] = &[
    (
        "colorshine",
        "run `make demo`, or build the plugin (cargo build --release) and set \
         GST_PLUGIN_PATH to the folder of libgstcolorshine.so",
    ),
    ("filesrc", "install gstreamer1.0-plugins-base"),
    ("decodebin", "install gstreamer1.0-plugins-base"),
    ("videoconvert", "install gstreamer1.0-plugins-base"),
    ("x264enc", "install gstreamer1.0-plugins-ugly"),
    ("mp4mux", "install gstreamer1.0-plugins-good"),
];

/// The elements that sound needs; without them it is left out.
const NEEDED_FOR_SOUND: &[&str] = &["audioconvert", "audioresample", "avenc_aac"];

fn check_elements() -> Result<()> {
    match NEEDED.iter().find(|(name, _)| gst::ElementFactory::find(name).is_none()) {
        Some((name, advice)) => Err(format!("GStreamer has no element {name}: {advice}").into()),
        None => Ok(()),
    }
}

/// Writes the recoloured clip to `output`; returns the before/after picture and the statistics.
fn recolour(args: &Args, output: &Path) -> Result<(RgbImage, gst::Structure)> {
    let pipeline = gst::Pipeline::new();
    let colorshine = make("colorshine")?;
    colorshine.set_property("attractors", &args.attractors);
    build(&pipeline, &colorshine, &args.input, output)?;
    let pictures = watch(&colorshine)?;

    let played = play(&pipeline, &colorshine);
    let stats = colorshine.property::<gst::Structure>("stats");
    let stopped = pipeline.set_state(gst::State::Null);
    played?;
    stopped?;
    let picture = lock(&pictures).side_by_side()?;
    Ok((picture, stats))
}

fn make(name: &str) -> Result<gst::Element> {
    Ok(gst::ElementFactory::make(name).build()?)
}

/// Locks of plain data stay usable after a panic elsewhere.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Puts all elements into the pipeline. Streams are linked as the decoder finds them.
fn build(
    pipeline: &gst::Pipeline,
    colorshine: &gst::Element,
    input: &Path,
    output: &Path,
) -> Result<()> {
    let source = gst::ElementFactory::make("filesrc").property("location", input).build()?;
    // Frames in a decoder's own memory would be of no use to the elements here.
    let decoder =
        gst::ElementFactory::make("decodebin").property("force-sw-decoders", true).build()?;
    let muxer = make("mp4mux")?;
    let sink = gst::ElementFactory::make("filesink").property("location", output).build()?;
    pipeline.add_many([&source, &decoder, colorshine, &muxer, &sink])?;
    source.link(&decoder)?;
    muxer.link(&sink)?;

    let (bin, filter, muxer) = (pipeline.downgrade(), colorshine.downgrade(), muxer.downgrade());
    decoder.connect_pad_added(move |decoder, pad| {
        let (Some(bin), Some(filter), Some(muxer)) =
            (bin.upgrade(), filter.upgrade(), muxer.upgrade())
        else {
            return;
        };
        if let Err(error) = link_stream(&bin, pad, &filter, &muxer) {
            gst::element_error!(decoder, gst::StreamError::Failed, ("{error}"));
        }
    });
    let filter = colorshine.downgrade();
    decoder.connect_no_more_pads(move |decoder| {
        let is_linked = filter.upgrade().and_then(|filter| filter.static_pad("sink"));
        if is_linked.is_some_and(|pad| !pad.is_linked()) {
            gst::element_error!(decoder, gst::StreamError::WrongType, ("the file has no video"));
        }
    });
    Ok(())
}

/// Links a decoded stream: the first with pictures, and the first with sound.
fn link_stream(
    pipeline: &gst::Pipeline,
    pad: &gst::Pad,
    colorshine: &gst::Element,
    muxer: &gst::Element,
) -> Result<()> {
    let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
    let is_there = |prefix: &str| {
        caps.structure(0).is_some_and(|structure| structure.name().starts_with(prefix))
    };
    if is_there("video/") && colorshine.static_pad("sink").is_some_and(|pad| !pad.is_linked()) {
        link_video(pipeline, pad, &caps, colorshine, muxer)
    } else if is_there("audio/") && pipeline.by_name("sound").is_none() {
        link_sound(pipeline, pad, muxer)
    } else {
        Ok(())
    }
}

fn link_video(
    pipeline: &gst::Pipeline,
    pad: &gst::Pad,
    caps: &gst::Caps,
    colorshine: &gst::Element,
    muxer: &gst::Element,
) -> Result<()> {
    let encoder = gst::ElementFactory::make("x264enc")
        // A constant quality, whatever bitrate that takes.
        .property_from_str("pass", "qual")
        .property("quantizer", 20u32)
        .property("vbv-buf-capacity", 0u32)
        .build()?;
    let takes = |element: &gst::Element| {
        element.pad_template("sink").is_some_and(|template| template.caps().can_intersect(caps))
    };
    let mut chain = Vec::new();
    if !takes(colorshine) {
        chain.push(make("videoconvert")?);
    }
    chain.push(colorshine.clone());
    if !takes(colorshine) || !takes(&encoder) {
        chain.push(make("videoconvert")?);
    }
    chain.extend([encoder, make("queue")?]);
    link_chain(pipeline, pad, &chain, muxer)
}

fn link_sound(pipeline: &gst::Pipeline, pad: &gst::Pad, muxer: &gst::Element) -> Result<()> {
    let is_missing = |name: &&&str| gst::ElementFactory::find(name).is_none();
    if let Some(name) = NEEDED_FOR_SOUND.iter().find(is_missing) {
        gst::element_warning!(
            muxer,
            gst::CoreError::MissingPlugin,
            ("the sound is left out: GStreamer has no element {name}")
        );
        return Ok(());
    }
    // The video encoder holds back many frames; meanwhile the sound has to wait somewhere.
    let queue = gst::ElementFactory::make("queue")
        .name("sound")
        .property("max-size-buffers", 0u32)
        .property("max-size-time", 0u64)
        .property("max-size-bytes", 64u32 << 20)
        .build()?;
    let mut chain = vec![make("queue")?];
    for name in NEEDED_FOR_SOUND {
        chain.push(make(name)?);
    }
    chain.push(queue);
    link_chain(pipeline, pad, &chain, muxer)
}

/// Links `pad` with a chain of elements and that with the muxer, and sets the chain going.
fn link_chain(
    pipeline: &gst::Pipeline,
    pad: &gst::Pad,
    chain: &[gst::Element],
    muxer: &gst::Element,
) -> Result<()> {
    for element in chain.iter().filter(|element| element.parent().is_none()) {
        pipeline.add(element)?;
    }
    gst::Element::link_many(chain.iter().chain([muxer]))?;
    // Sinks first, so that nothing flows into an element that is not ready.
    for element in chain.iter().rev() {
        element.sync_state_with_parent()?;
    }
    let sink = chain.first().and_then(|element| element.static_pad("sink"));
    pad.link(&sink.ok_or("the first element has no sink pad")?)?;
    Ok(())
}

/// A frame before and after.
#[derive(Default)]
struct Pictures {
    before: Option<Picture>,
    after: Option<Picture>,
    /// Whether the frame is from the middle, rather than the first.
    is_middle: bool,
}

/// A frame as it went by.
struct Picture {
    buffer: gst::Buffer,
    info: gst_video::VideoInfo,
}

impl Picture {
    /// The picture that is going by at a pad; none where the caps are no raw video's.
    fn at(pad: &gst::Pad, buffer: &gst::Buffer) -> Option<Self> {
        let info = gst_video::VideoInfo::from_caps(pad.current_caps()?.as_ref()).ok()?;
        Some(Self { buffer: buffer.clone(), info })
    }

    fn to_rgb(&self) -> Result<RgbImage> {
        let (width, height) = (self.info.width(), self.info.height());
        let info = gst_video::VideoInfo::builder(gst_video::VideoFormat::Rgb, width, height)
            .fps(self.info.fps())
            .build()?;
        let converter = gst_video::VideoConverter::new(&self.info, &info, None)?;
        let mut rgb = gst_video::VideoFrame::from_buffer_writable(
            gst::Buffer::with_size(info.size())?,
            &info,
        )
        .map_err(|_| "cannot map a picture")?;
        let frame = gst_video::VideoFrameRef::from_buffer_ref_readable(&self.buffer, &self.info)?;
        converter.frame_ref(&frame, &mut rgb.as_mut_video_frame_ref());
        let (stride, length) = (info.stride()[0] as usize, width as usize * 3);
        let rows = rgb.plane_data(0)?.chunks(stride);
        let codes = rows.take(height as usize).flat_map(|row| &row[..length]).copied().collect();
        RgbImage::from_raw(width, height, codes).ok_or_else(|| "a picture is cut short".into())
    }
}

impl Pictures {
    /// The picture before on the left, after on the right.
    fn side_by_side(&self) -> Result<RgbImage> {
        let (Some(before), Some(after)) = (&self.before, &self.after) else {
            return Err("no frame came through".into());
        };
        let (before, after) = (before.to_rgb()?, after.to_rgb()?);
        let width = before.width();
        let mut both = RgbImage::new(width + after.width(), before.height().max(after.height()));
        image::imageops::replace(&mut both, &before, 0, 0);
        image::imageops::replace(&mut both, &after, i64::from(width), 0);
        Ok(both)
    }
}

/// Keeps a frame from the middle of the stream as it goes into the element and as it comes out. Until
/// there is one, or where the stream's length is unknown, that is the first.
fn watch(colorshine: &gst::Element) -> Result<Arc<Mutex<Pictures>>> {
    let pictures = Arc::new(Mutex::new(Pictures::default()));
    let pads = colorshine.static_pad("sink").zip(colorshine.static_pad("src"));
    let (sink, source) = pads.ok_or("colorshine has no pads")?;

    let kept = pictures.clone();
    sink.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        if let Some(buffer) = info.buffer()
            && !lock(&kept).is_middle
        {
            let is_middle = is_past_middle(pad, buffer);
            let mut kept = lock(&kept);
            if is_middle || kept.before.is_none() {
                let before = Picture::at(pad, buffer);
                *kept = Pictures { before, after: None, is_middle };
            }
        }
        gst::PadProbeReturn::Ok
    });

    let kept = pictures.clone();
    source.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        let mut kept = lock(&kept);
        if let (None, Some(buffer)) = (&kept.after, info.buffer()) {
            kept.after = Picture::at(pad, buffer);
        }
        gst::PadProbeReturn::Ok
    });
    Ok(pictures)
}

fn is_past_middle(pad: &gst::Pad, buffer: &gst::Buffer) -> bool {
    let middle = pad.peer_query_duration::<gst::ClockTime>().map(|length| length / 2);
    middle.zip(buffer.pts()).is_some_and(|(middle, time)| time >= middle)
}

/// How often the progress bar moves.
const TICK: gst::ClockTime = gst::ClockTime::from_mseconds(100);

/// Runs the pipeline to its end, with a progress bar.
fn play(pipeline: &gst::Pipeline, colorshine: &gst::Element) -> Result<()> {
    let bus = pipeline.bus().ok_or("the pipeline has no bus")?;
    let bar = ProgressBar::new_spinner();
    let started = pipeline.set_state(gst::State::Playing);
    loop {
        // After a failed start its message is there already.
        let wait = if started.is_ok() { TICK } else { gst::ClockTime::ZERO };
        let message = bus.timed_pop(wait);
        match message.as_ref().map(|message| message.view()) {
            Some(gst::MessageView::Eos(_)) => {
                bar.finish_and_clear();
                return Ok(());
            }
            Some(gst::MessageView::Error(error)) => {
                bar.finish_and_clear();
                return Err(describe(error.src(), &error.error(), error.debug()).into());
            }
            Some(gst::MessageView::Warning(warning)) => {
                let text = describe(warning.src(), &warning.error(), warning.debug());
                bar.suspend(|| eprintln!("warning: {text}"));
            }
            Some(_) => {}
            None => {
                started.as_ref().map_err(|_| "the pipeline does not start")?;
                show_progress(&bar, colorshine);
            }
        }
    }
}

/// A message in words: who says it, what, and what the element adds to it.
fn describe(
    source: Option<&gst::Object>,
    error: &glib::Error,
    debug: Option<glib::GString>,
) -> String {
    let name = source.map(|source| source.name().to_string()).unwrap_or_default();
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit());
    // The first line of a debug text is a place in the element's source.
    let detail = debug.as_deref().and_then(|debug| debug.split_once('\n'));
    match detail.map(|(_, detail)| detail.trim()).filter(|detail| !detail.is_empty()) {
        Some(detail) => format!("{name}: {} ({detail})", error.message()),
        None => format!("{name}: {}", error.message()),
    }
}

/// Moves the bar to where the stream is; one that does not say how long it is keeps a spinner.
fn show_progress(bar: &ProgressBar, colorshine: &gst::Element) {
    let Some(pad) = colorshine.static_pad("src") else {
        return;
    };
    let position = pad.query_position::<gst::ClockTime>().unwrap_or_default();
    let length = pad.query_duration::<gst::ClockTime>().filter(|length| !length.is_zero());
    if bar.length().is_none()
        && let Some(length) = length
    {
        bar.set_length(length.mseconds());
        bar.set_style(progress_style());
    }
    bar.set_position(position.mseconds());
    bar.tick();
}

fn progress_style() -> ProgressStyle {
    let template = "{wide_bar} {percent:>3} %  {eta} left";
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
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
