//! How much of a picture a look reaches.

use super::grid::Grid;
use crate::model::Transform;

/// Weight over which a pixel counts as reached.
const REACHED: f64 = 0.01;

/// Colours that are looked at: the share is then within 0.02, with a standard deviation a quarter of that.
const COLOURS: usize = 8 * 1024;

/// The share of a grid's pixels that a transform reaches, from 0 to 1.
pub fn coverage(transform: &Transform, grid: &Grid) -> f64 {
    let [l, a, b] = &grid.lab;
    let step = l.len().div_ceil(COLOURS).max(1);
    let colours = l.iter().zip(a).zip(b).step_by(step);
    let count = colours.len();
    let is_reached = |((l, a), b): &((&f32, &f32), &f32)| {
        transform.weight([l, a, b].map(|v| f64::from(**v))) > REACHED
    };
    match count {
        0 => 0.0,
        _ => colours.filter(is_reached).count() as f64 / count as f64,
    }
}
