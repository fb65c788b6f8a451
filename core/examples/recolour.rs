//! Recolours a picture in memory, a ramp of hues, and prints what becomes of some of its colours.

use std::error::Error;

use colorshine_core::apply::Filter;
use colorshine_core::attractor::parse;
use colorshine_core::color::codes::CodeSpace;
use colorshine_core::frame::{Layout, Planes};
use colorshine_core::lut::{Request, bake_request};
use colorshine_core::model::Look;
use colorshine_core::workers::{Team, cores, simd_level};

fn main() -> Result<(), Box<dyn Error>> {
    let (width, height) = (256, 64);
    let ramp = (0..width * height).map(|i| (i % width) as u8);
    let before: Vec<u8> = ramp.flat_map(|x| [x, 128, 255 - x, 255]).collect();
    let mut after = before.clone();

    let request = Request::new(Look::new(parse("teal;50;100")?), CodeSpace::full_rgb(8));
    let baked = bake_request(&request, simd_level(), Team::of_bakes());
    let layout = Layout::packed([0, 1, 2], 4);
    let mut planes = Planes::in_memory(&layout, [width, height], &mut after, &[[0, 4 * width]])?;
    Filter::new(&request, &baked).apply(&mut planes, Team::of_rows(cores()));

    for (from, to) in before.chunks(4).zip(after.chunks(4)).take(width).step_by(32) {
        println!("{:?} -> {:?}", &from[..3], &to[..3]);
    }
    Ok(())
}
