//! The elements that sound goes through between the decoder and the muxer:
//!
//! ```text
//! queue ! [[capssetter !] audioconvert ! audioresample ! avenc_aac !] queue
//! ```
//!
//! Sound that the muxer takes as it is has nothing but the queues.

use gst::prelude::*;

use colorshine_tools::Result;

/// What turns any sound into AAC.
const ENCODER: &[&str] = &["audioconvert", "audioresample", "avenc_aac"];

/// Most bytes of sound that wait for the video encoder, which holds back many frames.
const SOUND_WAITS: u32 = 64 << 20;

/// Encoded sound that a muxer takes.
pub(crate) fn kept(muxer: &gst::Element) -> gst::Caps {
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
pub(crate) fn is_ready(caps: &gst::Caps, sound: &gst::Caps) -> bool {
    let is_framed = caps.structure(0).is_some_and(|structure| {
        ["framed", "parsed"].iter().any(|field| structure.get::<bool>(*field) == Ok(true))
    });
    is_framed && caps.can_intersect(sound)
}

/// The chain for sound; none where GStreamer cannot encode it.
///
/// # Errors
///
/// GStreamer lacks an element.
pub(crate) fn chain(caps: &gst::Caps) -> Result<Option<Vec<gst::Element>>> {
    let mut chain = vec![make("queue")?];
    let structure = caps.structure(0).ok_or("sound of no kind")?;
    if structure.name() == "audio/x-raw" {
        let is_missing = |name: &&&str| gst::ElementFactory::find(name).is_none();
        if let Some(name) = ENCODER.iter().find(is_missing) {
            eprintln!("warning: sound is left out: GStreamer has no element {name}");
            return Ok(None);
        }
        match places(structure) {
            Places::Known => {}
            Places::Guessed(mask) => {
                let mask = gst::Bitmask::new(mask);
                let caps = gst::Caps::builder("audio/x-raw").field("channel-mask", mask).build();
                chain.push(gst::ElementFactory::make("capssetter").property("caps", caps).build()?);
            }
            Places::Unknown(channels) => {
                eprintln!("warning: sound of {channels} channels of no known place is left out");
                return Ok(None);
            }
        }
        for name in ENCODER {
            chain.push(make(name)?);
        }
        if let Some(pad) = chain.last().and_then(|encoder| encoder.static_pad("sink")) {
            say_what_is_lost(&pad, structure);
        }
    }
    let queue = gst::ElementFactory::make("queue")
        .property("max-size-buffers", 0u32)
        .property("max-size-time", 0u64)
        .property("max-size-bytes", SOUND_WAITS);
    chain.push(queue.build()?);
    Ok(Some(chain))
}

fn make(name: &str) -> Result<gst::Element> {
    Ok(gst::ElementFactory::make(name).build()?)
}

/// Where the channels of a sound are, as the encoder wants to know it.
enum Places {
    Known,
    /// The usual places for so many channels.
    Guessed(u64),
    /// There are none for so many.
    Unknown(i32),
}

fn places(sound: &gst::StructureRef) -> Places {
    /// From FL FR FC to 7.1, as GStreamer's bits have it.
    const USUAL: [u64; 6] = [0x7, 0x33, 0x37, 0x3f, 0x13f, 0xc3f];
    let channels = sound.get::<i32>("channels").unwrap_or(1);
    let mask = sound.get::<gst::Bitmask>("channel-mask");
    match (channels, mask) {
        (..=2, _) => Places::Known,
        (_, Ok(mask)) if *mask != 0 => Places::Known,
        _ => match USUAL.get(channels as usize - 3) {
            Some(mask) => Places::Guessed(*mask),
            None => Places::Unknown(channels),
        },
    }
}

/// Compares what comes to the encoder with what came from the decoder.
fn say_what_is_lost(encoder: &gst::Pad, decoded: &gst::StructureRef) {
    let number = |sound: &gst::StructureRef, name: &str| sound.get::<i32>(name).unwrap_or_default();
    let [channels, rate] = ["channels", "rate"].map(|name| number(decoded, name));
    encoder.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
        let Some(gst::EventView::Caps(caps)) = info.event().map(|event| event.view()) else {
            return gst::PadProbeReturn::Ok;
        };
        if let Some(sound) = caps.caps().structure(0) {
            let kept = number(sound, "channels");
            if kept < channels {
                eprintln!("warning: {channels} channels of sound are folded into {kept}");
            }
            let kept = number(sound, "rate");
            if kept < rate {
                eprintln!("warning: sound of {rate} Hz becomes sound of {kept} Hz");
            }
        }
        gst::PadProbeReturn::Remove
    });
}
