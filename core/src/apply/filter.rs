//! A look that is ready for pictures.

use std::sync::Arc;

use super::{BLOCK, Dither, Evaluator, Finish, Job, Reads};
use crate::frame::Planes;
use crate::lut::{Baked, Request};
use crate::workers::{Level, Team, simd_level};

/// A look that is ready for pictures of some codes: all that a [`Job`] is made of, as the fastest kernels of this CPU
/// want it.
#[derive(Clone, Debug)]
pub struct Filter {
    evaluator: Evaluator,
    depth: u32,
    finish: Finish,
    dither: Dither,
    reads: Reads,
    level: Level,
}

impl Filter {
    /// A look through its lattice; by the exact model where the request's memory limit leaves room for none.
    pub fn new(request: &Request, baked: &Baked) -> Self {
        let (level, depth) = (simd_level(), request.codes.depth);
        let evaluator = match &baked.lattice {
            Some(lattice) => Evaluator::Lattice(lattice.clone(), request.interpolation),
            None => Evaluator::Exact(Arc::new(request.kernel(&baked.radii, level)), depth),
        };
        Self {
            evaluator,
            depth,
            finish: Finish::new(depth, 1.0),
            dither: Dither::None,
            reads: Reads::fastest(),
            level,
        }
    }

    /// The same with a share of its effect, from 0 to 1.
    pub fn with_mix(self, mix: f64) -> Self {
        Self { finish: Finish::new(self.depth, mix), ..self }
    }

    /// The same with a dither.
    pub fn with_dither(self, dither: Dither) -> Self {
        Self { dither, ..self }
    }

    /// Recolours a picture in place, on a team's threads. The bits are the same with any number of them.
    ///
    /// # Panics
    ///
    /// Panics when the components' codes have another depth than the request's.
    pub fn apply(&self, planes: &mut Planes<'_>, team: Team) {
        let (layout, area) = (*planes.layout(), planes.area());
        let depths = layout.components.map(|component| component.depth);
        assert_eq!(depths, [self.depth; 3], "the picture's depths, and those of the filter");
        let job = Job {
            layout: &layout,
            area: &area,
            width: BLOCK,
            evaluator: &self.evaluator,
            reads: self.reads,
            finish: &self.finish,
            dither: self.dither,
        };
        let groups = layout.groups(area.rows[1]).div_ceil(team.threads()).max(1);
        planes.for_each_band(area.rows, groups, team, |band| job.apply(self.level, band));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attractor::parse;
    use crate::color::codes::CodeSpace;
    use crate::frame::Layout;
    use crate::lut::bake_request;
    use crate::model::{Look, Transform};

    const SIZE: [usize; 2] = [61, 17];

    fn request(memory_limit: u64) -> Request {
        let look = Look::new(parse("teal;60;100").unwrap());
        Request { memory_limit, ..Request::new(look, CodeSpace::full_rgb(8)) }
    }

    fn pixels() -> Vec<u8> {
        (0..4 * SIZE[0] * SIZE[1]).map(|i| (i * 167 % 251) as u8).collect()
    }

    fn apply(filter: &Filter, pixels: &mut [u8], threads: usize) {
        let layout = Layout::packed([0, 1, 2], 4);
        let mut planes = Planes::in_memory(&layout, SIZE, pixels, &[[0, 4 * SIZE[0]]]).unwrap();
        filter.apply(&mut planes, Team::of_rows(threads));
    }

    #[test]
    fn pictures_are_what_the_gold_makes_of_their_colours() {
        for memory_limit in [u64::MAX, 0] {
            let request = request(memory_limit);
            let baked = bake_request(&request, simd_level(), Team::alone());
            assert_eq!(baked.lattice.is_none(), memory_limit == 0);
            let filter = Filter::new(&request, &baked);
            let (mut one, mut many) = (pixels(), pixels());
            apply(&filter, &mut one, 1);
            apply(&filter, &mut many, 5);
            assert_eq!(one, many);
            assert_ne!(one, pixels());
            let gold = Transform::new(&request.look, &baked.radii);
            for (from, to) in pixels().chunks(4).zip(one.chunks(4)) {
                let want = gold.apply([0, 1, 2].map(|c| f64::from(from[c]) / 255.0));
                for c in 0..3 {
                    let off = (f64::from(to[c]) - 255.0 * want[c]).abs();
                    assert!(off <= 1.5, "{from:?} is {to:?}, {want:?} is right");
                }
                assert_eq!(from[3], to[3]);
            }
        }
    }

    #[test]
    fn a_mix_of_nothing_changes_nothing() {
        let request = request(u64::MAX);
        let baked = bake_request(&request, simd_level(), Team::alone());
        let mut still = pixels();
        apply(&Filter::new(&request, &baked).with_mix(0.0), &mut still, 1);
        assert_eq!(still, pixels());
    }
}
