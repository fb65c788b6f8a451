//! The pipeline, which is linked as the decoder finds streams:
//!
//! ```text
//! filesrc ! decodebin ! [pictures, as in video.rs] ! muxer ! filesink
//!                     ! [sound, as in sound.rs]    ! muxer
//! ```

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use gst::prelude::*;

use crate::ends::Ends;
use crate::{sound, video};
use colorshine_tools::Result;

/// What the streams are put into.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Container {
    muxer: &'static str,
}

impl Container {
    /// The container of files that end so.
    pub(crate) fn of_ending(ending: &str) -> Option<Self> {
        let muxer = match ending {
            "mp4" => "mp4mux",
            "mov" => "qtmux",
            "mkv" => "matroskamux",
            _ => return None,
        };
        Some(Self { muxer })
    }
}

/// Elements that are not made at once, each with the package that brings it on Debian.
const NEEDED: &[(&str, &str)] = &[
    ("decodebin", "gstreamer1.0-plugins-base"),
    ("videoconvert", "gstreamer1.0-plugins-base"),
    ("x264enc", "gstreamer1.0-plugins-ugly"),
    ("mp4mux", "gstreamer1.0-plugins-good"),
];

/// A pipeline that can be ended before its end.
pub(crate) struct Clip {
    pub(crate) pipeline: gst::Pipeline,
    /// How far the decoder's streams have come.
    pub(crate) ends: Ends,
    /// Whether the clip is a file, not a pipe.
    pub(crate) is_file: bool,
    /// Time in nanoseconds at which all streams end.
    end: Arc<AtomicU64>,
    /// What the source reads, if it does not open it by itself.
    _opened: Option<File>,
}

impl Clip {
    /// Ends all streams at a time; sound may be ahead of it.
    pub(crate) fn end_at(&self, time: gst::ClockTime) {
        self.end.store(time.nseconds(), Ordering::Relaxed);
    }
}

/// Drops what comes at the end or later, after `on_end`.
fn drop_from(
    pad: &gst::Pad,
    end: Arc<AtomicU64>,
    on_end: impl Fn(&gst::Pad) + Send + Sync + 'static,
) {
    pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        let time = info.buffer().and_then(|buffer| buffer.pts());
        if time.is_none_or(|time| time.nseconds() < end.load(Ordering::Relaxed)) {
            return gst::PadProbeReturn::Ok;
        }
        on_end(pad);
        gst::PadProbeReturn::Drop
    });
}

/// The pipeline from `input` to `output`.
///
/// # Errors
///
/// GStreamer lacks an element.
pub(crate) fn build(
    colorshine: &gst::Element,
    input: &Path,
    output: &Path,
    container: Container,
    quantizer: u32,
) -> Result<Clip> {
    let is_missing = |(name, _): &&(&str, &str)| gst::ElementFactory::find(name).is_none();
    if let Some((name, package)) = NEEDED.iter().find(is_missing) {
        return Err(format!("GStreamer has no element {name}: install {package}").into());
    }
    let pipeline = gst::Pipeline::new();
    let (source, opened) = source(input)?;
    // Frames in a decoder's own memory would be of no use to the elements here.
    let decoder =
        gst::ElementFactory::make("decodebin").property("force-sw-decoders", true).build()?;
    let muxer = make(container.muxer)?;
    let sink = gst::ElementFactory::make("filesink").property("location", output).build()?;
    pipeline.add_many([&source, &decoder, colorshine, &muxer, &sink])?;
    source.link(&decoder)?;
    muxer.link(&sink)?;

    let ends = Ends::default();
    ends.watch_pace(&sink.static_pad("sink").ok_or("filesink has no pad")?);
    ends.watch_pace(&colorshine.static_pad("src").ok_or("colorshine has no pad")?);

    let kept = sound::kept(&muxer);
    decoder.connect("autoplug-continue", false, move |values| {
        let caps = values.get(2).and_then(|value| value.get::<gst::Caps>().ok());
        Some(caps.is_none_or(|caps| !sound::is_ready(&caps, &kept)).to_value())
    });
    let unseen = ends.clone();
    decoder.connect("unknown-type", false, move |values| {
        unseen.leave_out();
        let caps = values.get(2).and_then(|value| value.get::<gst::Caps>().ok());
        let kind = caps.as_ref().map_or("an unknown kind", kind);
        eprintln!("warning: a stream of {kind} is left out: GStreamer has no decoder for it");
        None
    });
    let end = Arc::new(AtomicU64::new(u64::MAX));
    let streams = Streams {
        ends: ends.clone(),
        end: end.clone(),
        pipeline: pipeline.downgrade(),
        colorshine: colorshine.downgrade(),
        muxer: muxer.downgrade(),
        quantizer,
    };
    decoder.connect_pad_added(move |decoder, pad| {
        if let Err(error) = streams.link(pad) {
            gst::element_error!(decoder, gst::StreamError::Failed, ("{error}"));
        }
    });
    let filter = colorshine.downgrade();
    decoder.connect_no_more_pads(move |decoder| {
        let sink = filter.upgrade().and_then(|filter| filter.static_pad("sink"));
        if sink.is_some_and(|pad| !pad.is_linked()) {
            gst::element_error!(
                decoder,
                gst::StreamError::WrongType,
                ("the file has no video that can be decoded")
            );
        }
    });
    Ok(Clip { pipeline, ends, is_file: opened.is_none(), end, _opened: opened })
}

/// What reads a file or a pipe.
fn source(input: &Path) -> Result<(gst::Element, Option<File>)> {
    #[cfg(unix)]
    if !input.is_file() {
        use std::os::fd::AsRawFd;
        // filesrc would open a pipe twice, and whoever writes into it would lose its reader in between.
        let file = File::open(input).map_err(|error| format!("{}: {error}", input.display()))?;
        let source = gst::ElementFactory::make("fdsrc").property("fd", file.as_raw_fd()).build()?;
        return Ok((source, Some(file)));
    }
    Ok((gst::ElementFactory::make("filesrc").property("location", input).build()?, None))
}

fn make(name: &str) -> Result<gst::Element> {
    Ok(gst::ElementFactory::make(name).build()?)
}

/// What caps are of.
fn kind(caps: &gst::Caps) -> &str {
    caps.structure(0).map_or("an unknown kind", |structure| structure.name().as_str())
}

/// Where the decoder's streams go.
struct Streams {
    ends: Ends,
    end: Arc<AtomicU64>,
    pipeline: gst::glib::WeakRef<gst::Pipeline>,
    colorshine: gst::glib::WeakRef<gst::Element>,
    muxer: gst::glib::WeakRef<gst::Element>,
    quantizer: u32,
}

impl Streams {
    /// Links a stream: the first with pictures, and all with sound.
    fn link(&self, pad: &gst::Pad) -> Result<()> {
        let Some(colorshine) = self.colorshine.upgrade() else {
            return Ok(());
        };
        self.ends.watch(pad);
        let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
        let kind = kind(&caps);
        let has_video = colorshine.static_pad("sink").is_none_or(|pad| pad.is_linked());
        match kind.split('/').next() {
            Some("video") if !has_video => {
                let chain = video::chain(pad, &caps, &colorshine, self.quantizer)?;
                self.link_chain(pad, &chain, "video_%u")
            }
            Some("audio") => match sound::chain(&caps)? {
                None => Ok(()),
                Some(chain) => {
                    // What waits here may be ahead of the pictures' end.
                    let last = chain.last().and_then(|queue| queue.static_pad("src"));
                    drop_from(&last.ok_or("a queue has no source pad")?, self.end.clone(), |_| {});
                    self.link_chain(pad, &chain, "audio_%u")
                }
            },
            _ => {
                eprintln!("warning: a stream of {kind} is left out");
                Ok(())
            }
        }
    }

    /// Links `pad` with a chain of elements and that with a pad of the muxer, and sets the chain going.
    fn link_chain(&self, pad: &gst::Pad, chain: &[gst::Element], wanted: &str) -> Result<()> {
        let Some((pipeline, muxer)) = self.pipeline.upgrade().zip(self.muxer.upgrade()) else {
            return Ok(());
        };
        for element in chain.iter().filter(|element| element.parent().is_none()) {
            pipeline.add(element)?;
        }
        gst::Element::link_many(chain)?;
        let end = chain.last().and_then(|element| element.static_pad("src"));
        let place = muxer.request_pad_simple(wanted).ok_or("the muxer takes no further stream")?;
        self.ends.watch_pace(&place);
        end.ok_or("the last element has no source pad")?.link(&place)?;
        // Sinks first, so that nothing flows into an element that is not ready.
        for element in chain.iter().rev() {
            element.sync_state_with_parent()?;
        }
        let sink = chain.first().and_then(|element| element.static_pad("sink"));
        pad.link(&sink.ok_or("the first element has no sink pad")?)?;
        // From the stream's own thread, so that nothing follows; a second one is of no effect.
        drop_from(pad, self.end.clone(), |pad| {
            pad.push_event(gst::event::Eos::new());
        });
        Ok(())
    }
}
