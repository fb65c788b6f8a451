//! The elements that pictures go through between the decoder and the muxer:
//!
//! ```text
//! [capssetter !] [deinterlace !] [videoflip !] [videoconvert !] colorshine
//!     ! [videoconvert !] [videocrop !] x264enc ! queue
//! ```
//!
//! What is in brackets is there for clips that need it. Depth and subsampling stay where the encoder can; what
//! does not stay as it is goes to standard error, a line each.

use gst::glib::translate::IntoGlib;
use gst::prelude::*;
use gst_video::{
    VideoColorMatrix, VideoFormat, VideoFormatInfo, VideoInfo, VideoInterlaceMode,
    VideoOrientationMethod,
};

use colorshine_tools::Result;

/// Most bytes of encoded pictures that wait for sound, which may come much later.
const PICTURES_WAIT: u32 = 256 << 20;

/// A chain that is being made, with what the pictures are at its end.
struct Chain {
    elements: Vec<gst::Element>,
    format: VideoFormat,
    width: u32,
    height: u32,
    is_interlaced: bool,
}

/// The chain for the pictures of a pad, with `colorshine` in it.
///
/// # Errors
///
/// GStreamer lacks an element, or the pictures are too small to be encoded.
pub(crate) fn chain(
    pad: &gst::Pad,
    caps: &gst::Caps,
    colorshine: &gst::Element,
    quantizer: u32,
) -> Result<Vec<gst::Element>> {
    if !caps.is_fixed() {
        return Err("the pictures end before the first one".into());
    }
    let info = VideoInfo::from_caps(caps)?;
    let encoder = gst::ElementFactory::make("x264enc")
        // A constant quality, whatever bitrate that takes.
        .property_from_str("pass", "qual")
        .property("quantizer", quantizer)
        .property("vbv-buf-capacity", 0u32)
        .build()?;
    let mut chain = Chain {
        elements: Vec::new(),
        format: info.format(),
        width: info.width(),
        height: info.height(),
        is_interlaced: info.interlace_mode() != VideoInterlaceMode::Progressive,
    };
    if let Some(colorimetry) = completed(caps, &info) {
        let caps = gst::Caps::builder("video/x-raw").field("colorimetry", colorimetry).build();
        chain.push(gst::ElementFactory::make("capssetter").property("caps", caps).build()?);
    }
    chain.turn(orientation(pad))?;
    let encoded = match takes(&encoder, info.format()) {
        true => info.format(),
        false => format_for(&encoder, info.format()),
    };
    if !takes(colorshine, chain.format) {
        chain.convert(encoded)?;
    }
    chain.push(colorshine.clone());
    chain.convert(encoded)?;
    say_what_is_lost(&info, chain.format);
    chain.crop()?;
    chain.push(encoder);
    let queue = gst::ElementFactory::make("queue")
        .property("max-size-buffers", 0u32)
        .property("max-size-time", 0u64)
        .property("max-size-bytes", PICTURES_WAIT);
    let queue = queue.build()?;
    leave_full_range_to_the_stream(&queue)?;
    chain.push(queue);
    Ok(chain.elements)
}

/// Takes the colorimetry out of the caps of full range that leave an element, so that it does not come into the
/// container's header: H.264 has it in the stream, where all players find it, and of an MP4's header GStreamer's
/// own, as of 1.22, reads it as limited range.
fn leave_full_range_to_the_stream(element: &gst::Element) -> Result<()> {
    let pad = element.static_pad("src").ok_or("a queue has no source pad")?;
    pad.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, |_, info| {
        if let Some(event) = info.event_mut()
            && let gst::EventView::Caps(caps) = event.view()
            && let Some(structure) = caps.caps().structure(0)
            && structure.get::<&str>("colorimetry").is_ok_and(|text| text.starts_with("1:"))
        {
            let mut caps = caps.caps_owned();
            if let Some(structure) = caps.make_mut().structure_mut(0) {
                structure.remove_field("colorimetry");
            }
            *event = gst::event::Caps::new(&caps);
        }
        gst::PadProbeReturn::Ok
    });
    Ok(())
}

impl Chain {
    fn push(&mut self, element: gst::Element) {
        self.elements.push(element);
    }

    /// Pictures of another format from here on.
    fn convert(&mut self, format: VideoFormat) -> Result<()> {
        if format != self.format {
            let caps = gst_video::VideoCapsBuilder::new().format(format).build();
            self.push(gst::ElementFactory::make("videoconvert").build()?);
            self.push(gst::ElementFactory::make("capsfilter").property("caps", caps).build()?);
            self.format = format;
        }
        Ok(())
    }

    /// Pictures upright from here on: not all files can say that they are not, nor do all players look.
    fn turn(&mut self, orientation: VideoOrientationMethod) -> Result<()> {
        use VideoOrientationMethod::{_90l, _90r, Horiz, Identity, UlLr, UrLl};
        if orientation == Identity {
            return Ok(());
        }
        // A field's rows would come to lie in the other field, or become columns.
        if self.is_interlaced && orientation != Horiz {
            let mut becomes = "progressive";
            let deinterlacer = gst::ElementFactory::make("deinterlace").build()?;
            if !takes(&deinterlacer, self.format) {
                becomes = "progressive, and of 8 bits a sample";
                self.convert(VideoFormat::Y444)?;
            }
            eprintln!("warning: interlaced pictures cannot be turned: they become {becomes}");
            self.push(deinterlacer);
            self.is_interlaced = false;
        }
        // It also takes the flag away, which would turn the pictures again.
        let flip = gst::ElementFactory::make("videoflip")
            .property_from_str("video-direction", "auto")
            .build()?;
        if !takes(&flip, self.format) {
            let whole = match depth(&self.format_info()) {
                ..=8 => VideoFormat::Y444,
                9..=10 => VideoFormat::Y44410le,
                _ => VideoFormat::Y44412le,
            };
            self.convert(whole)?;
        }
        self.push(flip);
        if [_90l, _90r, UlLr, UrLl].contains(&orientation) {
            (self.width, self.height) = (self.height, self.width);
        }
        Ok(())
    }

    /// Cuts off columns and rows that share their chroma with none, which the encoder does not take.
    fn crop(&mut self) -> Result<()> {
        let info = self.format_info();
        let multiple = |shift: u32| 1 << shift;
        let across = multiple(info.w_sub()[1]);
        // Of each field.
        let down = multiple(info.h_sub()[1]) << u32::from(self.is_interlaced);
        let (right, bottom) = (self.width % across, self.height % down);
        if (right, bottom) == (0, 0) {
            return Ok(());
        }
        let (width, height) = (self.width - right, self.height - bottom);
        let size = format!("{}x{}", self.width, self.height);
        if width == 0 || height == 0 {
            return Err(format!("pictures of {size} are too small for H.264").into());
        }
        let interlaced = if self.is_interlaced { "interlaced " } else { "" };
        eprintln!(
            "warning: {size} becomes {width}x{height}, cropped at the right and the bottom: \
             {interlaced}{} needs a multiple of {across} columns and {down} rows",
            subsampling(&info)
        );
        let crop = gst::ElementFactory::make("videocrop")
            .property("right", right as i32)
            .property("bottom", bottom as i32);
        self.push(crop.build()?);
        Ok(())
    }

    fn format_info(&self) -> VideoFormatInfo {
        VideoFormatInfo::from_format(self.format)
    }
}

/// Which way pictures lie, by the tags that have come down the stream.
fn orientation(pad: &gst::Pad) -> VideoOrientationMethod {
    // A decoder hands on tags with its first picture: they are on its other side when its pad turns up.
    let target = pad.downcast_ref::<gst::GhostPad>().and_then(|ghost| ghost.target());
    let pad = target.as_ref().unwrap_or(pad);
    let before = pad.iterate_internal_links().into_iter().filter_map(std::result::Result::ok);
    let pads: Vec<gst::Pad> = before.chain([pad.clone()]).collect();
    let tags = pads
        .iter()
        .flat_map(|pad| (0..).map_while(|index| pad.sticky_event::<gst::event::Tag>(index)));
    let found = tags.filter_map(|event| VideoOrientationMethod::from_tag(event.tag()));
    found.last().unwrap_or(VideoOrientationMethod::Identity)
}

/// The colorimetry of caps that name a range and no matrix, with the matrix that GStreamer takes where none is
/// named: by itself it throws the whole colorimetry away, and the range with it.
fn completed(caps: &gst::Caps, info: &VideoInfo) -> Option<String> {
    let named = caps.structure(0)?.get::<&str>("colorimetry").ok()?;
    // GStreamer's own order: range, matrix, transfer, primaries.
    let fields: Vec<&str> = named.split(':').collect();
    let [range, "0", transfer, primaries] = fields[..] else {
        return None;
    };
    let matrix = match info.colorimetry().matrix() {
        // Of R'G'B' there is none to name.
        VideoColorMatrix::Rgb | VideoColorMatrix::Unknown => return None,
        matrix => matrix.into_glib(),
    };
    Some(format!("{range}:{matrix}:{transfer}:{primaries}"))
}

/// Whether an element works on pictures of a format, rather than let them through.
fn takes(element: &gst::Element, format: VideoFormat) -> bool {
    let caps = gst_video::VideoCapsBuilder::new().format(format).build();
    let Some(template) = element.pad_template("sink") else {
        return false;
    };
    // Any memory, such as that of a GPU: what is there cannot be worked on.
    let worked_on = template.caps().iter_with_features().filter(|(_, features)| !features.is_any());
    let worked_on = worked_on.map(|(structure, _)| structure.to_owned());
    worked_on.collect::<gst::Caps>().can_intersect(&caps)
}

/// Most bits of a component.
fn depth(info: &VideoFormatInfo) -> u32 {
    info.depth().iter().copied().max().unwrap_or_default()
}

/// The format of the encoder's that keeps the most of another: its subsampling, and its depth or at least 8
/// bits. What players have is 4:2:0, so that is what R'G'B' and grey become.
fn format_for(encoder: &gst::Element, format: VideoFormat) -> VideoFormat {
    use VideoFormat::{I420, I42010le, I42210le, Y42b, Y444, Y44410le};
    let info = VideoFormatInfo::from_format(format);
    let [deep, shallow] = match (info.is_yuv(), info.n_components()) {
        (true, 3..) => match (info.w_sub()[1], info.h_sub()[1]) {
            (0, 0) => [Y44410le, Y444],
            (_, 0) => [I42210le, Y42b],
            _ => [I42010le, I420],
        },
        _ => [I42010le, I420],
    };
    if depth(&info) > 8 && takes(encoder, deep) { deep } else { shallow }
}

fn subsampling(info: &VideoFormatInfo) -> &'static str {
    match (info.w_sub()[1], info.h_sub()[1]) {
        (0, 0) => "4:4:4",
        (1, 0) => "4:2:2",
        (2, 0) => "4:1:1",
        (1, 1) => "4:2:0",
        _ => "4:1:0",
    }
}

/// A line for each thing that the encoded pictures do not have.
fn say_what_is_lost(info: &VideoInfo, format: VideoFormat) {
    let (from, to) = (info.format_info(), VideoFormatInfo::from_format(format));
    let kept = depth(&to);
    if from.has_alpha() {
        eprintln!("warning: transparency is left out, as H.264 has none");
    }
    if from.is_rgb() {
        let subsampling = subsampling(&to);
        eprintln!(
            "warning: R'G'B' becomes Y'CbCr {subsampling} of {kept} bits, as players want it"
        );
    }
    if depth(&from) > kept {
        let depth = depth(&from);
        eprintln!("warning: of {depth} bits a sample {kept} are kept, as deep as H.264 goes here");
    }
}
