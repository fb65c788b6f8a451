//! Frames in the order in which they are pushed, some of them still with the GPU.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use colorshine_core::apply::Finish;
use colorshine_core::frame::Area;

use super::MOST_FRAMES;
use crate::apply::gpu::FrameInFlight;
use crate::engine::plan::Plan;
use crate::engine::recipe::{Held, Recipe};

/// A frame that the GPU has, and what the CPU needs to do it instead.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) in_flight: FrameInFlight,
    pub(super) plan: Arc<Plan>,
    pub(super) recipe: Recipe,
    pub(super) finish: Finish,
    pub(super) area: Area,
    /// Time that it has taken so far.
    pub(super) time: Duration,
}

/// Frames that are not pushed yet.
#[derive(Debug)]
pub(super) struct Queue<F> {
    /// The frame at hand, if the GPU has it.
    pub(super) at_hand: Option<Pending>,
    /// The oldest first.
    frames: VecDeque<(F, Option<Pending>)>,
}

impl<F> Queue<F> {
    pub(super) fn new() -> Self {
        Self { at_hand: None, frames: VecDeque::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.frames.len()
    }

    /// Whether the GPU has any of them.
    pub(super) fn is_under_way(&self) -> bool {
        self.frames.iter().any(|(_, pending)| pending.is_some())
    }

    /// Whether the GPU has the newest.
    pub(super) fn ends_with_the_gpus(&self) -> bool {
        self.frames.back().is_some_and(|(_, pending)| pending.is_some())
    }

    /// The frame at hand comes after those before.
    pub(super) fn push(&mut self, frame: F) {
        let pending = self.at_hand.take();
        self.frames.push_back((frame, pending));
    }

    /// The oldest.
    pub(super) fn pop(&mut self) -> Option<(F, Option<Pending>)> {
        self.frames.pop_front()
    }

    /// Forgets all frames; what the GPU has of them is left to the caller.
    pub(super) fn clear(&mut self) -> impl Iterator<Item = Pending> + use<F> {
        let queued = std::mem::take(&mut self.frames).into_iter().map(|(_, pending)| pending);
        queued.chain([self.at_hand.take()]).flatten()
    }

    /// The lattices that frames under way need; some may be the same.
    pub(super) fn held(&self) -> [Option<Held>; MOST_FRAMES] {
        let queued = self.frames.iter().filter_map(|(_, pending)| pending.as_ref());
        let mut pending = queued.chain(&self.at_hand);
        std::array::from_fn(|_| pending.next().and_then(|pending| pending.recipe.held()))
    }
}
