//! What the user has set, and what the stream goes by: the same, but for values that are refused.

use colorshine_core::color::codes::CodeSpace;
use gst::glib;

use super::{Assignment, Change, Settings};
use crate::error::SettingError;

/// Settings as they were set and as they are used.
#[derive(Clone, Debug, Default)]
pub(in crate::colorshine) struct InUse {
    set: Settings,
    /// What a stream goes by while `set` has a value that cannot be used.
    last_good: Option<Settings>,
}

impl InUse {
    /// What the user has set, good or bad.
    pub(in crate::colorshine) fn as_set(&self) -> &Settings {
        &self.set
    }

    /// The same, to be changed whatever the stream thinks of it.
    pub(in crate::colorshine) fn as_set_mut(&mut self) -> &mut Settings {
        &mut self.set
    }

    /// What the stream goes by. Without a stream it is what is set, and may be bad.
    pub(in crate::colorshine) fn used(&self) -> &Settings {
        self.last_good.as_ref().unwrap_or(&self.set)
    }

    /// What is set is to be judged anew, by the stream that begins next.
    pub(in crate::colorshine) fn forget_last_good(&mut self) {
        self.last_good = None;
    }

    /// Sets a property that frames read by themselves and that has no bad values.
    pub(in crate::colorshine) fn set_for_next_frame(&mut self, name: &str, value: &glib::Value) {
        self.set.set(name, value);
        if let Some(last_good) = &mut self.last_good {
            last_good.set(name, value);
        }
    }

    /// Gives a property its new value. Where a stream, with the given codes, runs on settings that are good, it goes on
    /// with those if they would not be with this value.
    ///
    /// # Errors
    ///
    /// Why the value is not used.
    pub(in crate::colorshine) fn assign(
        &mut self,
        assignment: &Assignment,
        codes: Option<&CodeSpace>,
    ) -> Result<Change, SettingError> {
        let before = codes.map(|_| self.used().clone());
        let change = self.set.assign(assignment);
        let checked = self.set.check(codes);
        let Some(mut before) = before else {
            return checked.map(|()| change);
        };
        if checked.is_ok() {
            // Other properties may have waited for this one.
            let has_waited = self.last_good.take().is_some();
            return Ok(if has_waited { Change::Plan } else { change });
        }
        // This value may be good, and another property's bad.
        let mut next = before.clone();
        let change = next.assign(assignment);
        let checked = next.check(codes);
        if checked.is_ok() {
            before = next;
        }
        self.last_good = Some(before);
        checked.map(|()| change)
    }
}
