//! Distances of a frame's pixels to attractors, counted by the device: bands are copied out as for drawing, and
//! only the counts come back.

use std::sync::Arc;

use colorshine_core::apply::shaders::{BandOf, Shape, band_words, constants};
use colorshine_core::apply::{Dither, Finish};
use colorshine_core::frame::{Area, Layout, Planes};
use colorshine_core::model::words::Words;
use colorshine_core::tolerance::histogram::Histograms;
use colorshine_core::workers::Team;
use wgpu::ComputePipeline;

use super::copies::write_band;
use super::look::{LEAST, USAGE, fill};
use super::{Manner, Room, Stage};
use crate::gpu::{Device, Passage, Program, Tally, Trouble, Upload};

/// Bands that are under way at once: one on its way out, one that is counted.
const BANDS_AT_ONCE: u64 = 2;

/// What is to be measured of a frame.
#[derive(Clone, Copy, Debug)]
pub struct Survey<'a> {
    /// Where components lie.
    pub layout: &'a Layout,
    /// The picture; all of it is measured that is to be processed.
    pub area: &'a Area,
    /// What distances are measured from, as [`Histograms::words`] gives it.
    pub gauge: &'a Arc<Words>,
    /// How much may be under way.
    pub room: Room,
    /// Who copies.
    pub team: Team,
}

/// The shader that counts the pixels of a layout.
fn program(layout: &Layout) -> Program {
    Program { texts: super::HISTOGRAM, entry_point: "count", constants: constants(layout) }
}

/// Compiles what [`Stage::measure`] needs, if no one has yet. It takes its time: not in a stream.
///
/// # Errors
///
/// What the device says.
pub fn compile_measuring(device: &Device, layout: &Layout) -> Result<(), Trouble> {
    device.pipeline(&program(layout)).map(drop)
}

/// The program, and memory of its own: frames that are drawn may have all of theirs under way.
#[derive(Debug)]
pub(super) struct Surveyor {
    pipeline: ComputePipeline,
    /// What is in the memory for what distances are measured from.
    known: Option<Arc<Words>>,
    gauge: wgpu::Buffer,
    tables: wgpu::Buffer,
    tally: Tally,
    uploads: Vec<Upload>,
}

impl Surveyor {
    pub(super) fn new(device: &Device, layout: &Layout) -> Result<Self, Trouble> {
        let program = program(layout);
        let memory = || device.memory(LEAST, USAGE);
        Ok(Self {
            pipeline: device.pipeline(&program)?,
            known: None,
            gauge: memory()?,
            tables: memory()?,
            tally: Tally::new(device, 1)?,
            uploads: Vec::new(),
        })
    }

    /// Bytes of memory in use, on both sides.
    pub(super) fn bytes(&self) -> u64 {
        let uploads = self.uploads.iter().map(|upload| Upload::memory_for(upload.bytes()));
        let tally = Tally::memory_for(self.tally.words());
        self.gauge.size() + self.tables.size() + tally + uploads.sum::<u64>()
    }

    /// Has what distances are measured from on the device.
    fn set(&mut self, device: &Device, gauge: &Arc<Words>) -> Result<(), Trouble> {
        if self.known.as_ref().is_some_and(|known| Arc::ptr_eq(known, gauge)) {
            return Ok(());
        }
        self.known = None;
        fill(device, &mut self.gauge, bytemuck::cast_slice(&gauge.look))?;
        fill(device, &mut self.tables, bytemuck::cast_slice(&gauge.nodes))?;
        self.known = Some(gauge.clone());
        Ok(())
    }

    /// Sees to memory for a number of counts, and for bands of a frame of some groups where `left` bytes may
    /// be taken; returns the groups of a band.
    fn reserve(
        &mut self,
        device: &Device,
        survey: &Survey<'_>,
        shape: &Shape,
        groups: usize,
        counts: usize,
        left: u64,
    ) -> Result<usize, Trouble> {
        let least = shape.bytes_of(2) as u64;
        let words = survey.gauge.look.len() + survey.gauge.nodes.len();
        let fixed = Tally::memory_for(counts) + 4 * words as u64 + 2 * LEAST;
        let need = fixed + BANDS_AT_ONCE * Upload::memory_for(least);
        if need > left {
            return Err(Trouble::MemoryLimit(need, left));
        }
        // Frames that are drawn take the other half.
        let most = ((left - fixed) / 2 / (2 * BANDS_AT_ONCE)).min(device.binding_limit());
        let per_band = shape.groups_per_band(survey.layout, survey.room.rows, most.max(least));
        let bytes = shape.bytes_of(per_band.min(groups)) as u64;
        let fits = |upload: &Upload| {
            let all = BANDS_AT_ONCE * Upload::memory_for(upload.bytes());
            upload.bytes() >= bytes && fixed + all <= left
        };
        if !self.uploads.first().is_some_and(fits) {
            self.uploads.clear();
            for _ in 0..BANDS_AT_ONCE {
                self.uploads.push(Upload::new(device, bytes)?);
            }
        }
        if self.tally.words() != counts {
            self.tally = Tally::new(device, counts)?;
        }
        Ok(per_band)
    }

    /// Adds the distances of a frame's pixels to histograms, where `left` bytes may be taken.
    fn measure(
        &mut self,
        stage: &Stage,
        planes: &mut Planes<'_>,
        survey: &Survey<'_>,
        left: u64,
        histograms: &mut Histograms,
    ) -> Result<(), Trouble> {
        let Survey { layout, area, gauge, team, .. } = *survey;
        let device = &stage.device;
        let shape = Shape::new(layout, area);
        let [mut first, end] = [layout.group_of(area.rows[0]) & !1, layout.groups(area.rows[1])];
        let counts = histograms.count_words();
        let per_band = self.reserve(device, survey, &shape, end - first, counts, left)?;
        self.set(device, gauge)?;
        self.tally.clear(device)?;
        // Counts do not depend on what drawing is told.
        let manner = Manner { finish: Finish::new(8, 1.0), dither: Dither::None };
        let columns = area.processed_until - area.columns[0];
        while first < end {
            let groups = [first, end.min(first + per_band)];
            let band = BandOf { layout, area, shape: &shape, groups };
            let bytes = shape.bytes_of(groups[1] - groups[0]) as u64;
            let parameters = band_words(&band, &manner, None);
            let rows = (groups[1] - groups[0]) << layout.sub_y;
            let passage = Passage {
                pipeline: &self.pipeline,
                memory: [&self.gauge, &stage.thresholds, &self.tables],
                work_groups: histograms.workgroups(columns as u32, rows as u32),
            };
            let upload = &mut self.uploads[0];
            upload.write(device, bytemuck::cast_slice(&parameters), bytes, |words| {
                write_band(planes, &band, team, words);
            })?;
            upload.submit_into(device, bytes, &passage, self.tally.counts())?;
            // They take turns: the first is the one that was sent before all others.
            self.uploads.rotate_left(1);
            first = groups[1];
        }
        self.tally.read(device, |counts| histograms.add_counts(bytemuck::cast_slice(counts)))
    }
}

impl Stage {
    /// Has the shader ready by which frames of the stage's layout are measured, which takes a while.
    ///
    /// # Errors
    ///
    /// What the device says.
    pub fn prepare_to_measure(&mut self, layout: &Layout) -> Result<(), Trouble> {
        if self.surveyor.is_none() {
            self.surveyor = Some(Surveyor::new(&self.device, layout)?);
        }
        Ok(())
    }

    /// Whether [`Self::measure`] need not wait for a shader.
    pub fn can_measure(&self, layout: &Layout) -> bool {
        self.surveyor.is_some() || self.device.has_pipeline(&program(layout))
    }

    /// Adds the distances of a frame's pixels to histograms. The frame is only read.
    ///
    /// # Errors
    ///
    /// Why the GPU cannot do it; the histograms are then as they were. With [`Trouble::MemoryLimit`] the stage is
    /// as good as before, else it is of no more use, and flights with it.
    pub fn measure(
        &mut self,
        planes: &mut Planes<'_>,
        survey: &Survey<'_>,
        histograms: &mut Histograms,
    ) -> Result<(), Trouble> {
        // Ahead of all that would touch a device that is not this process's.
        self.device.check()?;
        self.room = survey.room;
        let mut surveyor = match self.surveyor.take() {
            Some(surveyor) => surveyor,
            None => Surveyor::new(&self.device, survey.layout)?,
        };
        let taken = self.look.bytes() + self.bytes_under_way();
        let left = self.room.memory.saturating_sub(taken);
        let result = surveyor.measure(self, planes, survey, left, histograms);
        self.surveyor = Some(surveyor);
        self.make_room();
        result
    }
}
