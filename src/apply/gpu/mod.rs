//! Frames over the GPU: cut into bands of whole rows that are copied out, worked on and copied back, several
//! at a time.
//!
//! A frame's words are those of its planes, row by row; `shaders/frame.wgsl` takes codes out of them and
//! `shaders/apply.wgsl` puts differences back, to the same bits as the CPU. What the GPU is given and what it gives back is only
//! what belongs to the picture. Rows of the frame are written when their band has come back whole, and not
//! before, so that all others are as they were if the GPU fails.

mod copies;
mod look;
mod measure;
mod probe;
mod times;
#[cfg(test)]
mod twins;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use colorshine_core::apply::Method;
pub use colorshine_core::apply::shaders::Manner;
use colorshine_core::apply::shaders::{BandOf, Shape, WORDS, band_words, constants, matrices};
use colorshine_core::frame::{Area, Layout, Planes};
use colorshine_core::workers::Team;
use wgpu::{BufferUsages, ComputePipeline};

use self::copies::{read_band, write_band};
use self::look::LookMemory;
pub use self::measure::Survey;
use self::measure::Surveyor;
pub use self::measure::compile_measuring;
pub use self::probe::examine;
pub use self::times::Times;
use crate::gpu::{Device, Passage, Program, Slot, Trouble};

const FRAME: &str = include_str!("../../../shaders/frame.wgsl");
const APPLY: &str = include_str!("../../../shaders/apply.wgsl");
const COLOR: &str = include_str!("../../../shaders/color.wgsl");
const CUBE: &str = include_str!("../../../shaders/cube.wgsl");
const TO_OKLAB: &str = include_str!("../../../shaders/to_oklab.wgsl");

/// Texts of the program that draws with a lattice, see shaders/README.md.
pub const LATTICE: &[&str] = &[FRAME, APPLY, include_str!("../../../shaders/lattice.wgsl")];

/// Texts of the program that draws with the exact model.
pub const EXACT: &[&str] =
    &[FRAME, APPLY, COLOR, CUBE, TO_OKLAB, include_str!("../../../shaders/exact.wgsl")];

/// Texts of the program that counts distances.
pub const HISTOGRAM: &[&str] =
    &[FRAME, COLOR, CUBE, TO_OKLAB, include_str!("../../../shaders/histogram.wgsl")];

/// Invocations of a work group, as `apply.wgsl` has it.
const INVOCATIONS: usize = 64;

/// Bands that are under way at once where one frame is: one on its way out, one at work, one on its way back.
const BANDS_AT_ONCE: usize = 3;

/// How much may be under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
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
    pub method: &'a Method,
    /// How they end up in the frame.
    pub manner: Manner,
    /// How much may be under way.
    pub room: Room,
    /// Who copies.
    pub team: Team,
}

/// The way over the GPU for the frames of one layout.
#[derive(Debug)]
pub struct Stage {
    device: Arc<Device>,
    /// No other stage of the process has it.
    number: u64,
    room: Room,
    lattice: ComputePipeline,
    exact: ComputePipeline,
    look: LookMemory,
    surveyor: Option<Surveyor>,
    thresholds: wgpu::Buffer,
    free: Vec<Slot>,
    /// Slots there are, free or not.
    slots: usize,
    /// Slots that the device has had memory for, once it had none for another.
    slots_that_fit: usize,
    slot_bytes: u64,
    /// Flights that have bands which wait for a slot.
    waiting: usize,
}

/// A frame under way.
#[derive(Debug)]
pub struct Flight {
    layout: Layout,
    area: Area,
    shape: Shape,
    method: Method,
    manner: Manner,
    groups_per_band: usize,
    /// The next group to be sent, and the one after the last.
    rest: [usize; 2],
    /// Bands that the GPU has: their slot, and groups.
    sent: VecDeque<(Slot, [usize; 2])>,
    is_waiting: bool,
    /// The stage's number.
    stage: u64,
}

impl Flight {
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
    /// What the device says, or that there is not room enough for the smallest of bands.
    pub fn new(
        device: &Arc<Device>,
        layout: &Layout,
        area: &Area,
        room: Room,
    ) -> Result<Self, Trouble> {
        let pipeline = |texts| {
            let constants = constants(layout);
            device.pipeline(&Program { texts, entry_point: "apply", constants })
        };
        let matrices = matrices();
        static STAGES: AtomicU64 = AtomicU64::new(0);
        let mut stage = Self {
            number: STAGES.fetch_add(1, Ordering::Relaxed),
            room,
            lattice: pipeline(LATTICE)?,
            exact: pipeline(EXACT)?,
            look: LookMemory::new(device)?,
            surveyor: None,
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
        let groups = layout.groups(area.rows[1]) - area.rows[0] / 2;
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
        self.look.bytes() + self.surveyor.as_ref().map_or(0, Surveyor::bytes)
    }

    /// Bytes of the slots that frames under way have.
    fn bytes_under_way(&self) -> u64 {
        (self.slots - self.free.len()) as u64 * Slot::memory_for(self.slot_bytes)
    }

    /// Settles the size of slots for bands of a frame; returns the groups of a band.
    fn reserve(&mut self, layout: &Layout, shape: &Shape, groups: usize) -> Result<usize, Trouble> {
        let least = shape.bytes_of(2) as u64;
        let limit = self.device.binding_limit();
        if least > limit {
            return Err(Trouble::TooWide(least, limit));
        }
        let need = Slot::memory_for(least) + self.bytes_beside_slots();
        if need > self.room.memory {
            return Err(Trouble::MemoryLimit(need, self.room.memory));
        }
        // Of what there is room for, a band may take half.
        let most = ((self.room.memory - self.bytes_beside_slots()) / 8).min(limit);
        let per_band = shape.groups_per_band(layout, self.room.rows, most.max(least));
        let bytes = shape.bytes_of(per_band.min(groups)) as u64;
        let is_too_large =
            Slot::memory_for(self.slot_bytes) + self.bytes_beside_slots() > self.room.memory;
        if bytes > self.slot_bytes || is_too_large {
            if bytes < self.slot_bytes && self.waiting > 0 {
                // Frames that wait have been cut for the slots there are.
                let need = Slot::memory_for(self.slot_bytes) + self.bytes_beside_slots();
                return Err(Trouble::MemoryLimit(need, self.room.memory));
            }
            // Slots that are under way are let go as they come back.
            self.slots_that_fit = usize::MAX;
            self.slots -= self.free.len();
            self.free.clear();
            self.slot_bytes = bytes;
        }
        self.make_room();
        Ok(per_band)
    }

    fn most_slots(&self, bands: usize) -> usize {
        let wanted = match self.room.frames {
            ..=1 => bands.min(BANDS_AT_ONCE),
            frames => frames * bands,
        };
        let left = self.room.memory.saturating_sub(self.bytes_beside_slots());
        wanted
            .min((left / Slot::memory_for(self.slot_bytes)) as usize)
            .min(self.slots_that_fit)
            .max(1)
    }

    /// Lets go of slots that are free as long as more memory is in use than may be.
    fn make_room(&mut self) {
        // A frame that waits needs one.
        let least = usize::from(self.waiting > 0);
        while self.bytes() > self.room.memory && self.slots > least && self.free.pop().is_some() {
            self.slots -= 1;
        }
    }

    /// Takes another room, and lets go of free memory that is beyond it. Says whether what is left fits.
    pub fn fit_into(&mut self, room: Room) -> bool {
        self.room = room;
        // What is wrong with the device shows when it is next used.
        if self.device.check().is_ok() {
            self.make_room();
        }
        self.bytes() <= room.memory
    }

    /// One slot more for a frame of some bands, if there may be one and the device has memory for it.
    fn new_slot(&mut self, bands: usize) -> Result<Option<Slot>, Trouble> {
        if self.slots >= self.most_slots(bands) {
            return Ok(None);
        }
        match Slot::new(&self.device, self.slot_bytes) {
            Ok(slot) => {
                self.slots += 1;
                Ok(Some(slot))
            }
            Err(Trouble::OutOfMemory(_)) if self.slots > 0 => {
                self.slots_that_fit = self.slots;
                Ok(None)
            }
            Err(trouble) => Err(trouble),
        }
    }

    /// Begins a frame: sends as many of its bands as there is room for. The frame is only read.
    ///
    /// # Errors
    ///
    /// Why the GPU cannot do it. With [`Trouble::Unsuited`] and [`Trouble::MemoryLimit`] the stage is as good as
    /// before, else it is of no more use, and flights with it.
    pub fn begin(&mut self, planes: &mut Planes<'_>, task: &Task<'_>) -> Result<Flight, Trouble> {
        let Task { layout, area, method, manner, room, team } = *task;
        // Ahead of all that would touch a device that is not this process's.
        self.device.check()?;
        self.room = room;
        let shape = Shape::new(layout, area);
        let need = LookMemory::bytes_with(method) + Slot::memory_for(shape.bytes_of(2) as u64);
        if need > room.memory {
            return Err(Trouble::MemoryLimit(need, room.memory));
        }
        if self.waiting == 0 {
            self.look.set(&self.device, method)?;
        }
        let rest = [layout.group_of(area.rows[0]) & !1, layout.groups(area.rows[1])];
        let groups_per_band = self.reserve(layout, &shape, rest[1] - rest[0])?;
        let mut flight = Flight {
            layout: *layout,
            area: *area,
            shape,
            method: method.clone(),
            manner,
            groups_per_band,
            rest,
            sent: VecDeque::new(),
            is_waiting: false,
            stage: self.number,
        };
        // Frames go in order: none overtakes one that waits.
        if self.waiting == 0 {
            self.send(&mut flight, planes, team)?;
        }
        flight.is_waiting = flight.rest[0] < flight.rest[1];
        self.waiting += usize::from(flight.is_waiting);
        Ok(flight)
    }

    /// Whether a frame was begun here, and not by a stage before this one.
    pub fn has_begun(&self, flight: &Flight) -> bool {
        flight.stage == self.number
    }

    /// Finishes the frame that was begun first of all that are under way: writes what the GPU made of it.
    ///
    /// # Errors
    ///
    /// Why the GPU cannot do it; rows from [`Flight::first_open_row`] on are then as they were. With [`Trouble::Unsuited`]
    /// the stage is as good as before, else it is of no more use, and other flights with it.
    pub fn finish(
        &mut self,
        flight: &mut Flight,
        planes: &mut Planes<'_>,
        team: Team,
    ) -> Result<(), Trouble> {
        self.device.check()?;
        loop {
            let sent = self.send(flight, planes, team);
            if sent == Err(Trouble::Unsuited) {
                self.waiting -= usize::from(std::mem::take(&mut flight.is_waiting));
            }
            sent?;
            let Some((slot, groups)) = flight.sent.front_mut() else {
                break;
            };
            let groups = *groups;
            let bytes = flight.shape.bytes_of(groups[1] - groups[0]) as u64;
            let band =
                BandOf { layout: &flight.layout, area: &flight.area, shape: &flight.shape, groups };
            slot.read(&self.device, bytes, |words| read_band(planes, &band, team, words))?;
            if let Some((slot, _)) = flight.sent.pop_front() {
                self.give_back(slot);
            }
        }
        if flight.rest[0] < flight.rest[1] {
            return Err(Trouble::Refused("there is no memory for a band".into()));
        }
        self.waiting -= usize::from(std::mem::take(&mut flight.is_waiting));
        Ok(())
    }

    /// Gives up a frame under way: what the GPU makes of it is of no use.
    ///
    /// # Errors
    ///
    /// As [`Self::finish`].
    pub fn cancel(&mut self, mut flight: Flight) -> Result<(), Trouble> {
        self.device.check()?;
        self.waiting -= usize::from(flight.is_waiting);
        for (mut slot, [first, end]) in flight.sent.drain(..) {
            let bytes = flight.shape.bytes_of(end - first) as u64;
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
        flight: &mut Flight,
        planes: &mut Planes<'_>,
        team: Team,
    ) -> Result<(), Trouble> {
        let Flight { layout, area, shape, method, manner, groups_per_band, .. } = flight;
        let bands = (flight.rest[1] - flight.rest[0]).div_ceil(*groups_per_band);
        if bands == 0 {
            return Ok(());
        }
        self.look.set(&self.device, method)?;
        while flight.rest[0] < flight.rest[1] {
            let slot = match self.free.pop() {
                Some(slot) => Some(slot),
                None => self.new_slot(bands)?,
            };
            let Some(mut slot) = slot else {
                return Ok(());
            };
            let first = flight.rest[0];
            let end = flight.rest[1].min(first + *groups_per_band);
            let band = BandOf { layout, area, shape, groups: [first, end] };
            let bytes = shape.bytes_of(end - first) as u64;
            let (passage, parameters) = self.passage(&band, method, manner);
            slot.write(&self.device, bytemuck::cast_slice(&parameters), bytes, |words| {
                write_band(planes, &band, team, words);
            })?;
            slot.submit(&self.device, bytes, &passage)?;
            flight.sent.push_back((slot, [first, end]));
            flight.rest[0] = end;
        }
        Ok(())
    }

    /// What a band is drawn with, and told.
    fn passage(
        &self,
        band: &BandOf<'_>,
        method: &Method,
        manner: &Manner,
    ) -> (Passage<'_>, [u32; WORDS]) {
        let (pipeline, lattice) = match method {
            Method::Lattice(lattice, interpolation) => {
                (&self.lattice, Some((&**lattice, *interpolation)))
            }
            Method::Exact(..) => (&self.exact, None),
        };
        let [first, end] = band.groups;
        let passage = Passage {
            pipeline,
            memory: [self.look.look(), &self.thresholds, self.look.tables()],
            work_groups: [band.shape.cells.div_ceil(INVOCATIONS) as u32, (end - first) as u32, 1],
        };
        (passage, band_words(band, manner, lattice))
    }
}

/// Bytes that a method takes on the device, as far as they are known before.
pub fn look_bytes(method: &Method) -> u64 {
    LookMemory::bytes_with(method)
}
