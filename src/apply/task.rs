//! What a stage is given to do.

use std::sync::Arc;

use colorshine_core::apply::{Dither, Evaluator, Finish};
use colorshine_core::frame::{Area, Layout};
use colorshine_core::model::lanes::ToOklab;
use colorshine_core::workers::Team;

/// How much may be under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Frames that are begun before the first of them is finished.
    pub frames: usize,
    /// Rows of a band; `None` for as many as seem best.
    pub rows: Option<usize>,
    /// Most bytes of memory, on both sides together.
    pub memory: u64,
}

/// What is to be done to a frame.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a> {
    /// Where components lie.
    pub layout: &'a Layout,
    /// The picture, and how much of it to process.
    pub area: &'a Area,
    /// How differences are found.
    pub evaluator: &'a Evaluator,
    /// How they end up in the frame.
    pub finish: Finish,
    /// What they are rounded by.
    pub dither: Dither,
    /// How much may be under way.
    pub budget: Budget,
    /// Who copies.
    pub team: Team,
}

/// What is to be measured of a frame.
#[derive(Clone, Copy, Debug)]
pub struct HistogramTask<'a> {
    /// Where components lie.
    pub layout: &'a Layout,
    /// The picture; all of it is measured that is to be processed.
    pub area: &'a Area,
    /// What distances are measured in. Each set of attractors has its own.
    pub to_oklab: &'a Arc<ToOklab>,
    /// How much may be under way.
    pub budget: Budget,
    /// Who copies.
    pub team: Team,
}
