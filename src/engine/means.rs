//! What a stream's work may take: threads, tiles, memory.

use colorshine_core::apply::{BLOCK, Dither, Evaluator, Finish, Job, Reads};
use colorshine_core::workers::{Team, simd_level};

use super::caps::{Caps, Frame};

/// Fewest pixels for which a second thread is worth waking.
const PIXELS_PER_THREAD: usize = 32 * 1024;

/// What the work on frames may take, and how its results are rounded.
#[derive(Clone, Copy, Debug)]
pub struct Means {
    /// Threads for a frame.
    pub threads: usize,
    /// Edge of tiles in pixels; `None` for automatic.
    pub tile_size: Option<usize>,
    /// What differences are rounded by.
    pub dither: Dither,
    /// Bytes that lattices may take.
    pub memory_limit: u64,
}

impl Means {
    /// The same for a stream: a small frame gets fewer threads.
    pub(crate) fn of_stream(self, caps: &Caps) -> Self {
        Self { threads: self.threads.min(caps.pixels() / PIXELS_PER_THREAD).max(1), ..self }
    }

    /// Who works on a frame.
    pub(crate) fn team(&self) -> Team {
        Team::of_rows(self.threads)
    }

    /// Row groups of a band: a tile's, or an equal share for each thread.
    pub(crate) fn groups_per_band(&self, frame: &Frame<'_, '_>) -> usize {
        let (layout, rows) = (frame.layout, frame.area.rows[1] - frame.area.rows[0]);
        let groups = match self.tile_size {
            Some(size) => size >> layout.sub_y,
            None => layout.groups(rows).div_ceil(self.threads),
        };
        // Pairs of groups, so that both fields of an interlaced frame stay together.
        groups.max(1).next_multiple_of(2)
    }

    /// Does a frame from a row of luma on, the first of a band, where those before are done.
    pub(crate) fn apply(
        &self,
        frame: &mut Frame<'_, '_>,
        first_row: usize,
        evaluator: &Evaluator,
        finish: &Finish,
    ) {
        let rows = [first_row.max(frame.area.rows[0]), frame.area.rows[1]];
        if rows[0] >= rows[1] {
            return;
        }
        let width = self.tile_size.unwrap_or(BLOCK);
        let (reads, dither) = (Reads::fastest(), self.dither);
        let groups = self.groups_per_band(frame);
        let (layout, area) = (frame.layout, &frame.area);
        let job = Job { layout, area, width, evaluator, reads, finish, dither };
        frame.planes.for_each_band(rows, groups, self.team(), |band| {
            job.apply(simd_level(), band);
        });
    }
}
