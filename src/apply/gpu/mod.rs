//! Frames over the GPU: cut into bands of whole rows that are copied out, worked on and copied back, several
//! at a time.
//!
//! A frame's words are those of its planes, row by row; `shaders/frame.wgsl` takes codes out of them and
//! `shaders/apply.wgsl` puts differences back, to the same bits as the CPU. The GPU is given, and gives back, only what
//! belongs to the picture. Rows of the frame are written when their band has come back whole, and not before, so that
//! all others are as they were if the GPU fails.

mod copies;
mod histogram;
mod look;
mod open_device;
mod self_test;
#[cfg(test)]
mod self_test_tests;
mod times;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use colorshine_core::apply::Evaluator;
use colorshine_core::apply::shaders::{
    BAND_LENGTH, BandOf, OutputOptions, Shape, band_parameters, constants, matrices,
};
use colorshine_core::frame::{Area, Layout, Planes};
use colorshine_core::workers::Team;
use wgpu::{BufferUsages, ComputePipeline};

use self::copies::{read_band, write_band};
use self::histogram::HistogramStage;
use self::histogram::compile_measuring;
use self::look::LookMemory;
pub use self::open_device::OpenDevice;
use self::self_test::self_test;
pub use self::times::Times;
use super::{Budget, Task};
use crate::gpu::{Device, Dispatch, GpuError, Shader, Slot};

const FRAME: &str = include_str!("../../../shaders/frame.wgsl");
const APPLY: &str = include_str!("../../../shaders/apply.wgsl");
const FOURS: &str = include_str!("../../../shaders/fours.wgsl");
const COLOR: &str = include_str!("../../../shaders/color.wgsl");
const CUBE: &str = include_str!("../../../shaders/cube.wgsl");
const TO_OKLAB: &str = include_str!("../../../shaders/to_oklab.wgsl");

/// The files of the shader that draws with a lattice, see shaders/README.md.
pub const LATTICE: &[&str] = &[FRAME, APPLY, FOURS, include_str!("../../../shaders/lattice.wgsl")];

/// The files of the shader that draws with the exact model.
pub const EXACT: &[&str] =
    &[FRAME, APPLY, FOURS, COLOR, CUBE, TO_OKLAB, include_str!("../../../shaders/exact.wgsl")];

/// The files of the shader that counts distances.
pub const HISTOGRAM: &[&str] =
    &[FRAME, COLOR, CUBE, TO_OKLAB, include_str!("../../../shaders/histogram.wgsl")];

/// Invocations of a work group, as `apply.wgsl` has it.
const INVOCATIONS: usize = 64;

/// Bands that are under way at once where one frame is: one on its way out, one at work, one on its way back.
const BANDS_AT_ONCE: usize = 3;

/// The way over the GPU for the frames of one layout.
#[derive(Debug)]
pub struct Stage {
    device: Arc<Device>,
    /// No other stage of the process has it.
    number: u64,
    budget: Budget,
    lattice: ComputePipeline,
    exact: ComputePipeline,
    look: LookMemory,
    histogram_stage: Option<HistogramStage>,
    thresholds: wgpu::Buffer,
    free: Vec<Slot>,
    /// Slots there are, free or not.
    slots: usize,
    /// Slots that the device has had memory for, once it had none for another.
    slots_that_fit: usize,
    slot_bytes: u64,
    /// Frames in flight that have bands which wait for a slot.
    waiting: usize,
}

/// A frame under way.
#[derive(Debug)]
pub struct FrameInFlight {
    layout: Layout,
    area: Area,
    shape: Shape,
    evaluator: Evaluator,
    output: OutputOptions,
    groups_per_band: usize,
    /// The next group to be sent, and the one after the last.
    rest: [usize; 2],
    /// Bands that the GPU has: their slot, and groups.
    sent: VecDeque<(Slot, [usize; 2])>,
    is_waiting: bool,
    /// The stage's number.
    stage: u64,
}

impl FrameInFlight {
    /// Leaves its memory for ever: it is another process's.
    pub fn leak(self) {
        std::mem::forget(self);
    }

    /// The first row of luma that the frame does not have back yet; beyond the last if it has all.
    pub fn first_open_row(&self) -> usize {
        let group = self.sent.front().map_or(self.rest[0], |(_, [first, _])| *first);
        group << self.layout.sub_y
    }
}

impl Stage {
    /// Shaders and memory for the frames of a layout, of about the given area.
    ///
    /// # Errors
    ///
    /// What the device says, or that memory is too short for the smallest of bands.
    pub fn new(
        device: &Arc<Device>,
        layout: &Layout,
        area: &Area,
        budget: Budget,
    ) -> Result<Self, GpuError> {
        let pipeline = |texts| {
            let constants = constants(layout);
            device.pipeline(&Shader { texts, entry_point: "apply", constants })
        };
        let matrices = matrices();
        static STAGES: AtomicU64 = AtomicU64::new(0);
        let mut stage = Self {
            number: STAGES.fetch_add(1, Ordering::Relaxed),
            budget,
            lattice: pipeline(LATTICE)?,
            exact: pipeline(EXACT)?,
            look: LookMemory::new(device)?,
            histogram_stage: None,
            thresholds: device
                .memory(matrices.len() as u64, BufferUsages::STORAGE | BufferUsages::COPY_DST)?,
            free: Vec::new(),
            slots: 0,
            slots_that_fit: usize::MAX,
            slot_bytes: 0,
            waiting: 0,
            device: device.clone(),
        };
        device.fill(&stage.thresholds, &matrices)?;
        let shape = Shape::new(layout, area);
        let groups = layout.groups(area.rows[1]) - (layout.group_of(area.rows[0]) & !1);
        let per_band = stage.reserve(layout, &shape, groups)?;
        let bands = groups.div_ceil(per_band);
        while let Some(slot) = stage.new_slot(bands)? {
            stage.free.push(slot);
        }
        Ok(stage)
    }

    /// The device.
    pub fn device(&self) -> &Arc<Device> {
        &self.device
    }

    /// Bytes of memory in use, on both sides.
    pub fn bytes(&self) -> u64 {
        self.slots as u64 * Slot::memory_for(self.slot_bytes) + self.bytes_beside_slots()
    }

    fn bytes_beside_slots(&self) -> u64 {
        self.look.bytes() + self.histogram_stage.as_ref().map_or(0, HistogramStage::bytes)
    }

    /// Bytes of the slots that frames under way have.
    fn bytes_under_way(&self) -> u64 {
        (self.slots - self.free.len()) as u64 * Slot::memory_for(self.slot_bytes)
    }

    /// Settles the size of slots for bands of a frame; returns the groups of a band.
    fn reserve(
        &mut self,
        layout: &Layout,
        shape: &Shape,
        groups: usize,
    ) -> Result<usize, GpuError> {
        let least = shape.bytes_of(2) as u64;
        let limit = self.device.binding_limit();
        if least > limit {
            return Err(GpuError::TooWide(least, limit));
        }
        let need = Slot::memory_for(least) + self.bytes_beside_slots();
        if need > self.budget.memory {
            return Err(GpuError::MemoryLimit(need, self.budget.memory));
        }
        // A band may take half of the memory that is left.
        let most = ((self.budget.memory - self.bytes_beside_slots()) / 8).min(limit);
        let per_band = shape.groups_per_band(layout, self.budget.rows, most.max(least));
        let bytes = shape.bytes_of(per_band.min(groups)) as u64;
        let is_too_large =
            Slot::memory_for(self.slot_bytes) + self.bytes_beside_slots() > self.budget.memory;
        if bytes > self.slot_bytes || is_too_large {
            if bytes < self.slot_bytes && self.waiting > 0 {
                // Frames that wait have been cut for the slots there are.
                let need = Slot::memory_for(self.slot_bytes) + self.bytes_beside_slots();
                return Err(GpuError::MemoryLimit(need, self.budget.memory));
            }
            // Slots that are under way are let go as they come back.
            self.slots_that_fit = usize::MAX;
            self.slots -= self.free.len();
            self.free.clear();
            self.slot_bytes = bytes;
        }
        self.free_memory();
        Ok(per_band)
    }

    fn most_slots(&self, bands: usize) -> usize {
        let wanted = match self.budget.frames {
            ..=1 => bands.min(BANDS_AT_ONCE),
            frames => frames * bands,
        };
        let left = self.budget.memory.saturating_sub(self.bytes_beside_slots());
        wanted
            .min((left / Slot::memory_for(self.slot_bytes)) as usize)
            .min(self.slots_that_fit)
            .max(1)
    }

    /// Lets go of slots that are free as long as more memory is in use than may be.
    fn free_memory(&mut self) {
        // A frame that waits needs one.
        let least = usize::from(self.waiting > 0);
        while self.bytes() > self.budget.memory && self.slots > least && self.free.pop().is_some() {
            self.slots -= 1;
        }
    }

    /// Takes another budget, and lets go of free memory that is beyond it. Says whether what is left fits.
    pub fn fit_into(&mut self, budget: Budget) -> bool {
        self.budget = budget;
        // What is wrong with the device shows when it is next used.
        if self.device.check().is_ok() {
            self.free_memory();
        }
        self.bytes() <= budget.memory
    }

    /// One slot more for a frame of some bands, if there may be one and the device has memory for it.
    fn new_slot(&mut self, bands: usize) -> Result<Option<Slot>, GpuError> {
        if self.slots >= self.most_slots(bands) {
            return Ok(None);
        }
        match Slot::new(&self.device, self.slot_bytes) {
            Ok(slot) => {
                self.slots += 1;
                Ok(Some(slot))
            }
            Err(GpuError::OutOfMemory(_)) if self.slots > 0 => {
                self.slots_that_fit = self.slots;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Begins a frame: sends as many of its bands as there is memory for. The frame is only read.
    ///
    /// # Errors
    ///
    /// Why the GPU cannot do it. With [`GpuError::Unsuited`] and [`GpuError::MemoryLimit`] the stage is as good as
    /// before, else it is of no more use, and frames in flight with it.
    pub fn begin(
        &mut self,
        planes: &mut Planes<'_>,
        task: &Task<'_>,
    ) -> Result<FrameInFlight, GpuError> {
        let Task { layout, area, evaluator, finish, dither, budget, team } = *task;
        // Ahead of all that would touch a device that is not this process's.
        self.device.check()?;
        self.budget = budget;
        let shape = Shape::new(layout, area);
        let need = LookMemory::bytes_with(evaluator) + Slot::memory_for(shape.bytes_of(2) as u64);
        if need > budget.memory {
            return Err(GpuError::MemoryLimit(need, budget.memory));
        }
        if self.waiting == 0 {
            self.look.set(&self.device, evaluator)?;
        }
        let rest = [layout.group_of(area.rows[0]) & !1, layout.groups(area.rows[1])];
        let groups_per_band = self.reserve(layout, &shape, rest[1] - rest[0])?;
        let mut in_flight = FrameInFlight {
            layout: *layout,
            area: *area,
            shape,
            evaluator: evaluator.clone(),
            output: OutputOptions { finish, dither },
            groups_per_band,
            rest,
            sent: VecDeque::new(),
            is_waiting: false,
            stage: self.number,
        };
        // Frames go in order: none overtakes one that waits.
        if self.waiting == 0 {
            self.send(&mut in_flight, planes, team)?;
        }
        in_flight.is_waiting = in_flight.rest[0] < in_flight.rest[1];
        self.waiting += usize::from(in_flight.is_waiting);
        Ok(in_flight)
    }

    /// Whether a frame was begun here, and not by a stage before this one.
    pub fn has_begun(&self, in_flight: &FrameInFlight) -> bool {
        in_flight.stage == self.number
    }

    /// Finishes the frame that was begun first of all that are under way: writes what the GPU made of it.
    ///
    /// # Errors
    ///
    /// Why the GPU cannot do it; rows from [`FrameInFlight::first_open_row`] on are then as they were. With
    /// [`GpuError::Unsuited`] the stage is as good as before, else it is of no more use, and other frames in flight
    /// with it.
    pub fn finish(
        &mut self,
        in_flight: &mut FrameInFlight,
        planes: &mut Planes<'_>,
        team: Team,
    ) -> Result<(), GpuError> {
        self.device.check()?;
        loop {
            let sent = self.send(in_flight, planes, team);
            if sent == Err(GpuError::Unsuited) {
                self.waiting -= usize::from(std::mem::take(&mut in_flight.is_waiting));
            }
            sent?;
            let Some((slot, groups)) = in_flight.sent.front_mut() else {
                break;
            };
            let groups = *groups;
            let bytes = in_flight.shape.bytes_of(groups[1] - groups[0]) as u64;
            let band = BandOf {
                layout: &in_flight.layout,
                area: &in_flight.area,
                shape: &in_flight.shape,
                groups,
            };
            slot.read(&self.device, bytes, |words| read_band(planes, &band, team, words))?;
            if let Some((slot, _)) = in_flight.sent.pop_front() {
                self.give_back(slot);
            }
        }
        if in_flight.rest[0] < in_flight.rest[1] {
            return Err(GpuError::Refused("there is no memory for a band".into()));
        }
        self.waiting -= usize::from(std::mem::take(&mut in_flight.is_waiting));
        Ok(())
    }

    /// Gives up a frame under way: what the GPU makes of it is of no use.
    ///
    /// # Errors
    ///
    /// As [`Self::finish`].
    pub fn cancel(&mut self, mut in_flight: FrameInFlight) -> Result<(), GpuError> {
        self.device.check()?;
        self.waiting -= usize::from(in_flight.is_waiting);
        for (mut slot, [first, end]) in in_flight.sent.drain(..) {
            let bytes = in_flight.shape.bytes_of(end - first) as u64;
            slot.read(&self.device, bytes, |_| ())?;
            self.give_back(slot);
        }
        Ok(())
    }

    fn give_back(&mut self, slot: Slot) {
        if slot.bytes() == self.slot_bytes {
            self.free.push(slot);
        } else {
            self.slots -= 1;
        }
    }

    /// Sends bands of a frame as long as there are slots.
    fn send(
        &mut self,
        in_flight: &mut FrameInFlight,
        planes: &mut Planes<'_>,
        team: Team,
    ) -> Result<(), GpuError> {
        let FrameInFlight { layout, area, shape, evaluator, output, groups_per_band, .. } =
            in_flight;
        let bands = (in_flight.rest[1] - in_flight.rest[0]).div_ceil(*groups_per_band);
        if bands == 0 {
            return Ok(());
        }
        self.look.set(&self.device, evaluator)?;
        while in_flight.rest[0] < in_flight.rest[1] {
            let slot = match self.free.pop() {
                Some(slot) => Some(slot),
                None => self.new_slot(bands)?,
            };
            let Some(mut slot) = slot else {
                return Ok(());
            };
            let first = in_flight.rest[0];
            let end = in_flight.rest[1].min(first + *groups_per_band);
            let band = BandOf { layout, area, shape, groups: [first, end] };
            let bytes = shape.bytes_of(end - first) as u64;
            let (dispatch, parameters) = self.dispatch(&band, evaluator, output);
            slot.write(&self.device, bytemuck::cast_slice(&parameters), bytes, |words| {
                write_band(planes, &band, team, words);
            })?;
            slot.submit(&self.device, bytes, &dispatch)?;
            in_flight.sent.push_back((slot, [first, end]));
            in_flight.rest[0] = end;
        }
        Ok(())
    }

    /// What a band is drawn with, and told.
    fn dispatch(
        &self,
        band: &BandOf<'_>,
        evaluator: &Evaluator,
        output: &OutputOptions,
    ) -> (Dispatch<'_>, [u32; BAND_LENGTH]) {
        let (pipeline, lattice) = match evaluator {
            Evaluator::Lattice(lattice, interpolation) => {
                (&self.lattice, Some((&**lattice, *interpolation)))
            }
            Evaluator::Exact(..) => (&self.exact, None),
        };
        let [first, end] = band.groups;
        let dispatch = Dispatch {
            pipeline,
            memory: [self.look.look(), &self.thresholds, self.look.tables()],
            work_groups: [band.shape.cells.div_ceil(INVOCATIONS) as u32, (end - first) as u32, 1],
        };
        (dispatch, band_parameters(band, output, lattice))
    }
}

/// Bytes that an evaluator takes on the device, as far as they are known before.
pub fn look_bytes(evaluator: &Evaluator) -> u64 {
    LookMemory::bytes_with(evaluator)
}
