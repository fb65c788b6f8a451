//! What stands in for `gpu` where that is not built: a stage that nobody can have.
#![expect(missing_docs, reason = "as the stage has it")]

use std::sync::Arc;

use colorshine_core::apply::Evaluator;
use colorshine_core::frame::{Area, Layout, Planes};
use colorshine_core::tolerance::histogram::Histograms;
use colorshine_core::workers::Team;

use super::{Budget, HistogramTask, Task};
use crate::gpu::{AdapterRequest, GpuError};

#[derive(Clone, Debug, Default)]
pub struct OpenDevice(());

#[derive(Debug)]
pub enum Stage {}

#[derive(Debug)]
pub enum FrameInFlight {}

impl OpenDevice {
    pub fn open(&self, _: &AdapterRequest) -> Result<(), GpuError> {
        Err(GpuError::NotBuilt)
    }

    pub fn close(self) {}

    pub fn leak(self) {}

    pub fn name_for(_: &AdapterRequest) -> Option<Arc<str>> {
        None
    }
}

impl FrameInFlight {
    pub fn leak(self) {
        match self {}
    }

    pub fn first_open_row(&self) -> usize {
        match *self {}
    }
}

impl Stage {
    pub fn open(
        _: &OpenDevice,
        _: &AdapterRequest,
        _: &Layout,
        _: &Area,
        _: Budget,
        _: bool,
    ) -> Result<Self, GpuError> {
        Err(GpuError::NotBuilt)
    }

    pub fn adapter(&self) -> &Arc<str> {
        match *self {}
    }

    pub fn is_software(&self) -> bool {
        match *self {}
    }

    pub fn blame(&self, _: &GpuError) {
        match *self {}
    }

    pub fn bytes(&self) -> u64 {
        match *self {}
    }

    pub fn fit_into(&mut self, _: Budget) -> bool {
        match *self {}
    }

    pub fn begin(&mut self, _: &mut Planes<'_>, _: &Task<'_>) -> Result<FrameInFlight, GpuError> {
        match *self {}
    }

    pub fn has_begun(&self, _: &FrameInFlight) -> bool {
        match *self {}
    }

    pub fn finish(
        &mut self,
        _: &mut FrameInFlight,
        _: &mut Planes<'_>,
        _: Team,
    ) -> Result<(), GpuError> {
        match *self {}
    }

    pub fn cancel(&mut self, _: FrameInFlight) -> Result<(), GpuError> {
        match *self {}
    }

    pub fn can_measure(&self, _: &Layout) -> bool {
        match *self {}
    }

    pub fn compile_measuring(&self, _: &Layout) {
        match *self {}
    }

    pub fn measure(
        &mut self,
        _: &mut Planes<'_>,
        _: &HistogramTask<'_>,
        _: &mut Histograms,
    ) -> Result<(), GpuError> {
        match *self {}
    }
}

pub fn look_bytes(_: &Evaluator) -> u64 {
    0
}
