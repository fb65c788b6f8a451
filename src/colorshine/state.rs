//! What setters, the streaming thread and the preparing thread share.

use std::sync::Arc;

use colorshine_core::lut::Disk;

use super::negotiated::Negotiated;
use super::settings::{AttractorText, InUse};
use crate::engine::caps::Caps;
use crate::engine::frame_path::MOST_HELD;
use crate::engine::plan::Plan;
use crate::engine::recipe::Held;

/// The state of an element.
#[derive(Default)]
pub(super) struct State {
    pub(super) settings: InUse,
    /// The stream, from negotiation to stop.
    pub(super) stream: Option<Arc<Negotiated>>,
    /// The plan for `stream`; replaced whole.
    pub(super) plan: Option<Arc<Plan>>,
    /// Counts changes of settings that ask for a plan.
    pub(super) version: u64,
    /// Version of the settings that `plan` was made of.
    pub(super) plan_version: u64,
    /// A plan that waits for a frame to measure its radii on, and its version.
    pub(super) next: Option<(Arc<Plan>, u64)>,
    /// Version of the newest settings that a plan was made of.
    pub(super) planned_version: u64,
    /// Whether a plan is in the making beside the stream.
    pub(super) is_preparing: bool,
    /// Whether the element is started.
    pub(super) is_started: bool,
    /// Whether the user knows since start why no caps can be taken.
    pub(super) is_refusal_told: bool,
    /// The attractors of whose alpha the user has been warned last.
    pub(super) warned_of_alpha: Option<Arc<AttractorText>>,
    /// Whether the user has been warned of HDR since start.
    pub(super) is_warned_of_hdr: bool,
    /// The folder of baked looks, taken at start.
    pub(super) disk: Option<Arc<Disk>>,
    /// The lattices that the stream needed at its last frame.
    pub(super) held: [Option<Held>; MOST_HELD],
}

impl State {
    /// The stream's caps, from negotiation to stop.
    pub(super) fn caps(&self) -> Option<&Arc<Caps>> {
        self.stream.as_ref().map(|stream| &stream.caps)
    }

    /// Puts a plan in place, unless it is for other caps or older than the one in place.
    pub(super) fn install(&mut self, plan: Arc<Plan>, version: u64) -> bool {
        let is_current = self.caps().is_some_and(|caps| Arc::ptr_eq(caps, &plan.caps));
        let is_newer = self.plan.is_none() || version > self.plan_version;
        if is_current && is_newer {
            self.plan = Some(plan);
            self.plan_version = version;
            self.next.take_if(|(_, next)| *next <= version);
        }
        is_current && is_newer
    }
}
