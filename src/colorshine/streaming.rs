//! What the streaming thread keeps from one frame to the next.

use std::sync::Arc;
use std::time::Duration;

use super::negotiated::{KeptBuffer, Negotiated};
use super::settings::Settings;
use crate::engine::caps::Moment;
use crate::engine::frame_path::{FramePath, MOST_HELD};
use crate::engine::gpu::GpuPath;
use crate::engine::plan::Plan;
use crate::engine::recipe::Held;
use crate::telemetry::Counters;

/// What the streaming thread keeps between its calls.
pub(super) struct Streaming {
    pub(super) path: FramePath<KeptBuffer>,
    /// From negotiation on.
    pub(super) stream: Option<Arc<Negotiated>>,
    /// Whether the base class has told of a discontinuity that no frame has left since.
    pub(super) is_discont: bool,
    /// Whether a flush has come that no frame has followed yet.
    pub(super) is_after_flush: bool,
    /// The plan and moment of the frame at hand.
    pub(super) job: Option<(Arc<Plan>, Moment)>,
    /// Time since the last frame that was processed.
    pub(super) since: Duration,
    /// Time since the story was last told.
    pub(super) untold: Duration,
    /// Time that negotiation took, until the first frame has been processed.
    pub(super) first_frame: Option<Duration>,
}

impl Streaming {
    pub(super) fn new(settings: &Settings, counters: &Arc<Counters>) -> Self {
        let (backend, adapter, depth) = settings.gpu();
        let gpu = GpuPath::new(backend, adapter, depth, counters);
        Self {
            path: FramePath::new(gpu, counters),
            stream: None,
            is_discont: false,
            is_after_flush: false,
            job: None,
            since: Duration::ZERO,
            untold: Duration::ZERO,
            first_frame: None,
        }
    }

    /// The lattices that what is shown and frames under way need; some may be the same.
    pub(super) fn held(&self) -> [Option<Held>; MOST_HELD] {
        self.path.held()
    }
}
