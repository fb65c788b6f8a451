//! Why caps are refused, and what in the settings has no effect.

use std::sync::Arc;

use colorshine_core::color::codes::CodeSpace;
use gst::subclass::prelude::*;
use gst_video::VideoInfo;

use super::element::{CAT, ColorShine};

/// Why views in separate memory are refused: their metas differ, and a frame is mapped by its first.
fn refusal_of_views(info: &VideoInfo) -> Option<(gst::ErrorMessage, String)> {
    let is_refused = info.multiview_mode() == gst_video::VideoMultiviewMode::Separated;
    is_refused.then(|| {
        let text = "caps with multiview-mode=separated: views in memory of their own are not processed, views that \
                    share a frame are";
        (gst::error_msg!(gst::StreamError::Format, ("{text}")), text.into())
    })
}

impl ColorShine {
    /// Warns of what has no effect in the text of `attractors`, once for each.
    pub(super) fn warn_of_alpha(&self) {
        let warning = {
            let mut state = self.state();
            let text = state.settings.used().attractor_text().clone();
            let is_told = state.warned_of_alpha.replace(text.clone());
            text.warning().filter(|_| !is_told.is_some_and(|told| Arc::ptr_eq(&told, &text)))
        };
        if let Some(warning) = warning {
            gst::element_imp_warning!(self, gst::LibraryError::Settings, ("{warning}"));
        }
    }

    /// Whether a stream with these caps can be processed with the settings; says why not, once from start to stop.
    pub(super) fn check(
        &self,
        info: &VideoInfo,
        codes: &CodeSpace,
    ) -> Result<(), gst::LoggableError> {
        let (refusal, is_told) = {
            let mut state = self.state();
            let refusal = match state.settings.used().check(Some(codes)) {
                Err(error) => Some((gst::ErrorMessage::from(&error), error.to_string())),
                Ok(()) => refusal_of_views(info),
            };
            let is_told = refusal.is_some() && std::mem::replace(&mut state.is_refusal_told, true);
            (refusal, is_told)
        };
        let Some((message, text)) = refusal else {
            return Ok(());
        };
        if !is_told {
            self.post_error_message(message);
        }
        Err(gst::loggable_error!(CAT, "{text}"))
    }
}
