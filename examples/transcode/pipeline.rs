//! The pipeline, which is linked as the decoder finds streams:
//!
//! ```text
//! filesrc ! decodebin ! [videoconvert !] colorshine ! [videoconvert !] x264enc ! queue ! muxer ! filesink
//!                     ! [audioconvert ! audioresample ! avenc_aac !] queue ! muxer
//! ```

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use gst::prelude::*;

use crate::common::Result;

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

/// What turns any sound into AAC.
const SOUND_ENCODER: &[&str] = &["audioconvert", "audioresample", "avenc_aac"];

/// Most bytes of sound that wait for the video encoder, which holds back many frames.
const SOUND_WAITS: u32 = 64 << 20;

/// A pipeline that can be ended before its end.
pub(crate) struct Clip {
    pub(crate) pipeline: gst::Pipeline,
    /// Time in nanoseconds at which all streams end.
    end: Arc<AtomicU64>,
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
    let source = gst::ElementFactory::make("filesrc").property("location", input).build()?;
    // Frames in a decoder's own memory would be of no use to the elements here.
    let decoder =
        gst::ElementFactory::make("decodebin").property("force-sw-decoders", true).build()?;
    let muxer = make(container.muxer)?;
    let sink = gst::ElementFactory::make("filesink").property("location", output).build()?;
    pipeline.add_many([&source, &decoder, colorshine, &muxer, &sink])?;
    source.link(&decoder)?;
    muxer.link(&sink)?;

    let sound = sound_caps(&muxer);
    decoder.connect("autoplug-continue", false, move |values| {
        let caps = values.get(2).and_then(|value| value.get::<gst::Caps>().ok());
        Some(caps.is_none_or(|caps| !is_ready(&caps, &sound)).to_value())
    });
    let end = Arc::new(AtomicU64::new(u64::MAX));
    let streams = Streams {
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
            gst::element_error!(decoder, gst::StreamError::WrongType, ("the file has no video"));
        }
    });
    Ok(Clip { pipeline, end })
}

fn make(name: &str) -> Result<gst::Element> {
    Ok(gst::ElementFactory::make(name).build()?)
}

/// Sound that a muxer takes.
fn sound_caps(muxer: &gst::Element) -> gst::Caps {
    let mut all = gst::Caps::new_empty();
    let templates = muxer.pad_template_list().into_iter();
    let templates = templates.filter(|template| template.direction() == gst::PadDirection::Sink);
    for structure in templates.flat_map(|template| {
        template.caps().iter().map(|structure| structure.to_owned()).collect::<Vec<_>>()
    }) {
        if structure.name().starts_with("audio/") && structure.name() != "audio/x-raw" {
            all.merge_structure(structure);
        }
    }
    all
}

/// Whether a stream is sound that needs no decoding, cut into frames so that a muxer can take it.
fn is_ready(caps: &gst::Caps, sound: &gst::Caps) -> bool {
    let is_framed = caps.structure(0).is_some_and(|structure| {
        ["framed", "parsed"].iter().any(|field| structure.get::<bool>(*field) == Ok(true))
    });
    is_framed && caps.can_intersect(sound)
}

/// Where the decoder's streams go.
struct Streams {
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
        let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
        let kind = caps.structure(0).map_or("", |structure| structure.name().as_str());
        let has_video = colorshine.static_pad("sink").is_none_or(|pad| pad.is_linked());
        match kind.split('/').next() {
            Some("video") if !has_video => self.link_video(pad, &caps, &colorshine),
            Some("audio") => self.link_sound(pad, kind == "audio/x-raw"),
            _ => {
                eprintln!("warning: a stream of {kind} is left out");
                Ok(())
            }
        }
    }

    fn link_video(
        &self,
        pad: &gst::Pad,
        caps: &gst::Caps,
        colorshine: &gst::Element,
    ) -> Result<()> {
        let encoder = gst::ElementFactory::make("x264enc")
            // A constant quality, whatever bitrate that takes.
            .property_from_str("pass", "qual")
            .property("quantizer", self.quantizer)
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
        self.link_chain(pad, &chain, "video_%u")
    }

    fn link_sound(&self, pad: &gst::Pad, is_raw: bool) -> Result<()> {
        let mut chain = vec![make("queue")?];
        if is_raw {
            let is_missing = |name: &&&str| gst::ElementFactory::find(name).is_none();
            if let Some(name) = SOUND_ENCODER.iter().find(is_missing) {
                eprintln!("warning: sound is left out: GStreamer has no element {name}");
                return Ok(());
            }
            for name in SOUND_ENCODER {
                chain.push(make(name)?);
            }
        }
        let queue = gst::ElementFactory::make("queue")
            .property("max-size-buffers", 0u32)
            .property("max-size-time", 0u64)
            .property("max-size-bytes", SOUND_WAITS)
            .build()?;
        // What waits here may be ahead of the pictures' end.
        let source = queue.static_pad("src").ok_or("a queue has no source pad")?;
        drop_from(&source, self.end.clone(), |_| {});
        chain.push(queue);
        self.link_chain(pad, &chain, "audio_%u")
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
