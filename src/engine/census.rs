//! The distances of all pixels of a picture to a look's attractors, and the radii that they make.

use std::sync::{Arc, Mutex, PoisonError};

use colorshine_core::apply::{BLOCK, for_each_block};
use colorshine_core::attractor::Attractor;
use colorshine_core::color::codes::CodeSpace;
use colorshine_core::model::lanes::ToOklab;
use colorshine_core::model::{Look, Model};
use colorshine_core::tolerance::distances::Distances;
use colorshine_core::tolerance::histogram::Histograms;
use colorshine_core::workers::simd_level;

use super::caps::Frame;
use super::means::Means;

/// What a look's radii are measured with, where tolerances are percentages of a picture's pixels.
///
/// A picture may be counted in bands, one [`Frame`] after the other.
#[derive(Clone, Debug)]
pub struct Census {
    to_oklab: Arc<ToOklab>,
    attractors: Vec<Attractor>,
    distances: Distances,
}

impl Census {
    /// Nothing counted yet, of pictures with some codes.
    pub fn new(look: &Look, codes: &CodeSpace) -> Self {
        // There the model has a step at the radius, and a bin's width would move pixels across it.
        let is_step = |attractor: &Attractor| attractor.strength > 100.0;
        let is_listed = look.model == Model::Classic && look.attractors.iter().any(is_step);
        Self {
            to_oklab: Arc::new(ToOklab::of_look(codes, look)),
            attractors: look.attractors.clone(),
            distances: Distances::new(&look.attractors, is_listed),
        }
    }

    /// From codes to Oklab.
    pub(super) fn to_oklab(&self) -> &Arc<ToOklab> {
        &self.to_oklab
    }

    /// The histograms, where somebody else may count into them.
    pub(super) fn histograms(&mut self) -> Option<&mut Histograms> {
        match &mut self.distances {
            Distances::Binned(histograms) => Some(histograms),
            Distances::Listed(_) => None,
        }
    }

    /// Counts all pixels of a frame, by threads that `means` has.
    pub fn count(&mut self, frame: &mut Frame<'_, '_>, means: &Means) {
        let (layout, picture) = (frame.layout, frame.picture());
        let (to_oklab, attractors) = (&self.to_oklab, &self.attractors);
        let is_listed = matches!(self.distances, Distances::Listed(_));
        let groups = means.groups_per_band(frame);
        let total = Mutex::new(&mut self.distances);
        frame.planes.for_each_band(picture.rows, groups, means.team(), |band| {
            let mut counted = Distances::new(attractors, is_listed);
            let mut lab = [[0f32; BLOCK]; 3];
            for_each_block(band, layout, &picture, simd_level(), &mut |codes| {
                let mut lab = lab.each_mut().map(|lab| &mut lab[..codes[0].len()]);
                let each = lab.each_mut().map(|lab| &mut **lab);
                to_oklab.convert_codes(simd_level(), codes, each);
                counted.count(simd_level(), lab.map(|lab| &*lab));
            });
            total.lock().unwrap_or_else(PoisonError::into_inner).merge(counted);
        });
    }

    /// The radius of each attractor, by what has been counted.
    pub fn radii(self) -> Vec<f64> {
        self.distances.radii(&self.attractors)
    }
}
