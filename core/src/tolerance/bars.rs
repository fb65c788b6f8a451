//! Black bars around a picture: letterbox and pillarbox.

use std::ops::Range;
use std::time::Duration;

use super::grid::Grid;

/// Oklab lightness up to which a pixel counts as black: that of code 6 of 255, so that compressed bars
/// are black too.
const BLACK: f32 = 0.122;

/// For how long an edge has to be black before it is taken for a bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// Widths of the bars on both sides of an axis, in pixels.
type Pair = [usize; 2];

/// Bars around the picture, found over time.
///
/// Bars that a scene begins with are taken at once; they shrink as soon as something is seen in them, and
/// grow when more has been black for [`PATIENCE`], so that dark scenes do not make them flicker.
#[derive(Clone, Debug, Default)]
pub(super) struct Bars {
    /// Left and right, top and bottom.
    now: [Pair; 2],
    /// The least that was black since `watched` began.
    candidate: [Pair; 2],
    watched: Duration,
}

impl Bars {
    /// Takes in a frame that came `since` the last one. `None` for `since` where it begins a scene.
    ///
    /// Returns whether there is a picture: a frame that is black all over tells nothing.
    pub(super) fn see(&mut self, grid: &Grid, since: Option<Duration>) -> bool {
        let Some(seen) = find(grid) else {
            return false;
        };
        let smaller =
            |a: [Pair; 2], b: [Pair; 2]| [0, 1].map(|i| [0, 1].map(|j| a[i][j].min(b[i][j])));
        match since {
            None => *self = Self { now: seen, candidate: seen, watched: Duration::ZERO },
            Some(since) => {
                self.now = smaller(self.now, seen);
                self.candidate = smaller(self.candidate, seen);
                self.watched += since;
                if self.watched >= PATIENCE {
                    (self.now, self.candidate) = (self.candidate, seen);
                    self.watched = Duration::ZERO;
                }
            }
        }
        true
    }

    /// The colours of a grid between the bars, row by row.
    pub(super) fn between<'a>(
        &self,
        grid: &'a Grid,
    ) -> impl Iterator<Item = [&'a [f32]; 3]> + use<'a> {
        let columns = grid.pattern.within(0, &self.picture(0, grid.size[0]));
        let rows = grid.pattern.within(1, &self.picture(1, grid.size[1]));
        let [width, _] = grid.counts();
        rows.map(move |row| {
            let range = row * width + columns.start..row * width + columns.end;
            let [l, a, b] = &grid.lab;
            [&l[range.clone()], &a[range.clone()], &b[range]]
        })
    }

    /// The columns (axis 0) or rows (axis 1) of the picture between the bars.
    fn picture(&self, axis: usize, length: usize) -> Range<usize> {
        let [before, after] = self.now[axis];
        before.min(length)..length.saturating_sub(after).max(before.min(length))
    }
}

/// The black columns and rows at the edges of a frame; `None` where all of it is black.
fn find(grid: &Grid) -> Option<[Pair; 2]> {
    let [width, height] = grid.counts();
    let rows = || grid.lab[0].chunks_exact(width.max(1));
    let is_light = |row: &[f32]| row.iter().any(|l| *l > BLACK);
    let top = rows().position(is_light)?;
    let bottom = height - 1 - rows().rposition(is_light)?;
    let is_light = |x: usize| rows().any(|row| row[x] > BLACK);
    let left = (0..width).position(is_light)?;
    let right = (0..width).rev().position(is_light)?;
    // In pixels: up to the first that is not black, and from the last on.
    let pixels = |axis: usize, [before, after]: Pair| {
        let count = grid.counts()[axis];
        let first = if before == 0 { 0 } else { grid.pattern.place(axis, before) };
        let last = grid.pattern.place(axis, count - 1 - after);
        [first, if after == 0 { 0 } else { grid.size[axis] - 1 - last }]
    };
    Some([pixels(0, [left, right]), pixels(1, [top, bottom])])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tolerance::grid::Pattern;

    /// What is seen between bars of a picture of 100 x 60 pixels whose lightness is `light`.
    fn see(
        bars: &mut Bars,
        since: Option<Duration>,
        light: impl Fn(usize, usize) -> f32,
    ) -> String {
        let mut grid = Grid::of([100, 60], 6000);
        grid.pattern = Pattern { step: [2, 2], first: [1, 0] };
        let [columns, rows] = grid.counts();
        for row in 0..rows {
            for column in 0..columns {
                grid.lab[0].push(light(2 * column + 1, 2 * row));
            }
        }
        match bars.see(&grid, since) {
            true => format!("{:?} {:?}", bars.picture(0, 100), bars.picture(1, 60)),
            false => "nothing".into(),
        }
    }

    #[test]
    fn bars_are_found_shrink_at_once_and_grow_slowly() {
        let mut bars = Bars::default();
        let frame = Some(Duration::from_millis(300));
        let boxed = |top: usize, bottom: usize| {
            move |_: usize, y: usize| if (top..bottom).contains(&y) { 0.5 } else { 0.1 }
        };
        assert_eq!(see(&mut bars, None, |_, _| 0.5), "0..100 0..60");
        assert_eq!(see(&mut bars, None, boxed(10, 50)), "0..100 10..49");
        assert_eq!(see(&mut bars, None, |x, _| if x < 90 { 0.5 } else { 0.0 }), "0..90 0..60");
        assert_eq!(see(&mut bars, None, boxed(10, 50)), "0..100 10..49");
        // A line of a subtitle.
        assert_eq!(see(&mut bars, frame, boxed(10, 57)), "0..100 10..57");
        // A darker picture is not taken for wider bars before a second has gone by.
        assert_eq!(see(&mut bars, frame, boxed(20, 40)), "0..100 10..57");
        assert_eq!(see(&mut bars, frame, boxed(20, 40)), "0..100 10..57");
        assert_eq!(see(&mut bars, frame, boxed(20, 40)), "0..100 10..57");
        for _ in 0..4 {
            see(&mut bars, frame, boxed(20, 40));
        }
        assert_eq!(see(&mut bars, frame, boxed(20, 40)), "0..100 20..39");
        // Black all over says nothing.
        assert_eq!(see(&mut bars, frame, |_, _| 0.05), "nothing");
        assert_eq!(bars.picture(1, 60), 20..39);
    }
}
