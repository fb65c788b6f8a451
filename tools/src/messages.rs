//! Messages of a pipeline in words.

use gst::glib;
use gst::prelude::*;

/// Who says it, what, and what the element adds to it.
pub fn describe(
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

/// Says what a message warns of, if it does.
pub fn warn(message: &gst::Message) {
    if let gst::MessageView::Warning(warning) = message.view() {
        eprintln!("warning: {}", describe(warning.src(), &warning.error(), warning.debug()));
    }
}

/// The first error that a pipeline has posted, in words.
pub fn first_error(pipeline: &gst::Pipeline) -> Option<String> {
    let message = pipeline.bus()?.pop_filtered(&[gst::MessageType::Error])?;
    match message.view() {
        gst::MessageView::Error(error) => {
            Some(describe(error.src(), &error.error(), error.debug()))
        }
        _ => None,
    }
}
