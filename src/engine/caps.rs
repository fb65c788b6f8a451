//! What a stream is, and a frame of it.

use std::time::Duration;

use colorshine_core::color::codes::CodeSpace;
use colorshine_core::color::oklab::Primaries;
use colorshine_core::frame::{Area, Layout, Planes};

use crate::telemetry::Gauge;

/// Frame rate that is assumed where the caps do not tell.
const ASSUMED_FRAMES_PER_SECOND: f64 = 30.0;

/// How long frames are held back while nothing comes, where caps have no frame rate.
const HOLDING_TIME: Duration = Duration::from_millis(40);

/// Share of a frame's time that the exact model may take to count as keeping up.
const KEEPS_UP: f64 = 0.75;

/// A format's number, by which formats are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FormatKey(pub(crate) i32);

/// A stream's caps.
#[derive(Debug)]
pub(crate) struct Caps {
    pub(crate) format: FormatKey,
    /// Width and height in pixels.
    pub(crate) size: [usize; 2],
    pub(crate) layout: Layout,
    pub(crate) codes: CodeSpace,
    pub(crate) primaries: Primaries,
    /// Time from one frame to the next, where the caps tell.
    pub(crate) frame_time: Option<Duration>,
    /// Nanoseconds that a frame has been found to take by the exact model on the GPU, where that is too long.
    pub(crate) exact_on_gpu: Gauge,
}

impl Caps {
    pub(crate) fn pixels(&self) -> usize {
        self.size[0] * self.size[1]
    }

    /// The whole picture, as far as caps tell.
    pub(crate) fn area(&self) -> Area {
        let [width, height] = self.size;
        Area { columns: [0, width], rows: [0, height], processed_until: width }
    }

    /// Time that a frame may take.
    pub(crate) fn frame_time(&self) -> Duration {
        self.frame_time.unwrap_or(Duration::from_secs_f64(1.0 / ASSUMED_FRAMES_PER_SECOND))
    }

    /// How long frames are held back while nothing comes.
    pub(crate) fn holding_time(&self) -> Duration {
        self.frame_time.unwrap_or(HOLDING_TIME)
    }

    /// Whether the stream goes on in time if the exact model takes so long over a frame.
    pub(crate) fn keeps_up(&self, needs: Duration) -> bool {
        needs <= self.frame_time().mul_f64(KEEPS_UP)
    }
}

/// A mapped frame.
pub struct Frame<'a, 'b> {
    /// Its memory.
    pub planes: &'a mut Planes<'b>,
    /// Where components lie in it.
    pub layout: &'a Layout,
    /// The picture, and how much of it is processed.
    pub area: Area,
}

impl Frame<'_, '_> {
    /// The whole picture, whatever share of it is processed.
    pub(crate) fn picture(&self) -> Area {
        Area { processed_until: self.area.columns[1], ..self.area }
    }

    /// Width and height of the picture.
    pub(crate) fn size(&self) -> [usize; 2] {
        [self.area.columns, self.area.rows].map(|[first, end]| end.saturating_sub(first))
    }

    /// Whether there is nothing to see.
    pub(crate) fn is_empty(&self) -> bool {
        self.size().contains(&0)
    }
}

/// How a frame is to be shown, beside its plan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) mix: f64,
    pub(crate) split: f64,
    /// Time since the frame before.
    pub(crate) since: Duration,
}

impl Moment {
    /// Whether any of the effect can be seen.
    pub(crate) fn is_visible(&self) -> bool {
        self.mix > 0.0 && self.split > 0.0
    }
}
