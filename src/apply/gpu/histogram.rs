//! Distances of a frame's pixels to attractors, counted by the device: bands are copied out as for drawing, and
//! only the counts come back.

use std::sync::{Arc, Weak};

use colorshine_core::apply::shaders::{BandOf, OutputOptions, Shape, band_parameters, constants};
use colorshine_core::apply::{Dither, Finish};
use colorshine_core::frame::{Layout, Planes};
use colorshine_core::model::lanes::ToOklab;
use colorshine_core::model::shader_data::ShaderData;
use colorshine_core::tolerance::histogram::Histograms;
use wgpu::ComputePipeline;

use super::Stage;
use super::copies::write_band;
use super::look::{LEAST, USAGE, fill};
use crate::apply::HistogramTask;
use crate::gpu::{CountBuffer, Device, Dispatch, GpuError, Shader, Upload};

/// Bands that are under way at once: one on its way out, one that is counted.
const BANDS_AT_ONCE: u64 = 2;

/// The shader that counts the pixels of a layout.
fn shader(layout: &Layout) -> Shader {
    Shader { texts: super::HISTOGRAM, entry_point: "count", constants: constants(layout) }
}

/// Compiles what [`Stage::measure`] needs, if no one has yet. It takes its time: not in a stream.
///
/// # Errors
///
/// What the device says.
pub(super) fn compile_measuring(device: &Device, layout: &Layout) -> Result<(), GpuError> {
    device.pipeline(&shader(layout)).map(drop)
}

/// The shader, and memory of its own: frames that are drawn may have all of theirs under way.
#[derive(Debug)]
pub(super) struct HistogramStage {
    pipeline: ComputePipeline,
    /// What distances were measured in last, and what shaders read of it; `None` where that needs more than `f32`.
    source: (Weak<ToOklab>, Option<Arc<ShaderData>>),
    /// What is in the memory for what distances are measured from.
    known: Option<Arc<ShaderData>>,
    look: wgpu::Buffer,
    tables: wgpu::Buffer,
    count_buffer: CountBuffer,
    uploads: Vec<Upload>,
}

/// What memory is needed for.
struct Need<'a> {
    shape: &'a Shape,
    /// Groups of the frame.
    groups: usize,
    counts: usize,
    /// Bytes of what shaders read of the look.
    data_bytes: u64,
    /// Bytes that may be taken.
    left: u64,
}

impl HistogramStage {
    pub(super) fn new(device: &Device, layout: &Layout) -> Result<Self, GpuError> {
        let shader = shader(layout);
        let memory = || device.memory(LEAST, USAGE);
        Ok(Self {
            pipeline: device.pipeline(&shader)?,
            source: (Weak::new(), None),
            known: None,
            look: memory()?,
            tables: memory()?,
            count_buffer: CountBuffer::new(device, 1)?,
            uploads: Vec::new(),
        })
    }

    /// Bytes of memory in use, on both sides.
    pub(super) fn bytes(&self) -> u64 {
        let uploads = self.uploads.iter().map(|upload| Upload::memory_for(upload.bytes()));
        let count_buffer = CountBuffer::memory_for(self.count_buffer.length());
        self.look.size() + self.tables.size() + count_buffer + uploads.sum::<u64>()
    }

    /// What shaders read of what distances are measured from.
    fn data(
        &mut self,
        to_oklab: &Arc<ToOklab>,
        histograms: &Histograms,
    ) -> Result<Arc<ShaderData>, GpuError> {
        if !std::ptr::eq(self.source.0.as_ptr(), Arc::as_ptr(to_oklab)) {
            let data = histograms.shader_data(to_oklab).map(Arc::new);
            self.source = (Arc::downgrade(to_oklab), data);
        }
        self.source.1.clone().ok_or(GpuError::Unsuited)
    }

    /// Has what distances are measured from on the device.
    fn set(&mut self, device: &Device, data: &Arc<ShaderData>) -> Result<(), GpuError> {
        if self.known.as_ref().is_some_and(|known| Arc::ptr_eq(known, data)) {
            return Ok(());
        }
        self.known = None;
        fill(device, &mut self.look, bytemuck::cast_slice(&data.look))?;
        fill(device, &mut self.tables, bytemuck::cast_slice(&data.nodes))?;
        self.known = Some(data.clone());
        Ok(())
    }

    /// Sees to memory for counts and for bands of a frame; returns the groups of a band.
    fn reserve(
        &mut self,
        device: &Device,
        task: &HistogramTask<'_>,
        need: &Need<'_>,
    ) -> Result<usize, GpuError> {
        let Need { shape, groups, counts, data_bytes, left } = *need;
        let least = shape.bytes_of(2) as u64;
        let fixed = CountBuffer::memory_for(counts) + data_bytes + 2 * LEAST;
        let need = fixed + BANDS_AT_ONCE * Upload::memory_for(least);
        if need > left {
            return Err(GpuError::MemoryLimit(need, left));
        }
        // Frames that are drawn take the other half.
        let most = ((left - fixed) / 2 / (2 * BANDS_AT_ONCE)).min(device.binding_limit());
        let per_band = shape.groups_per_band(task.layout, task.budget.rows, most.max(least));
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
        if self.count_buffer.length() != counts {
            self.count_buffer = CountBuffer::new(device, counts)?;
        }
        Ok(per_band)
    }

    /// Adds the distances of a frame's pixels to histograms, where `left` bytes may be taken.
    fn measure(
        &mut self,
        stage: &Stage,
        planes: &mut Planes<'_>,
        task: &HistogramTask<'_>,
        left: u64,
        histograms: &mut Histograms,
    ) -> Result<(), GpuError> {
        let HistogramTask { layout, area, to_oklab, team, .. } = *task;
        let data = self.data(to_oklab, histograms)?;
        let data_bytes = 4 * (data.look.len() + data.nodes.len()) as u64;
        let device = &stage.device;
        let shape = Shape::new(layout, area);
        let [mut first, end] = [layout.group_of(area.rows[0]) & !1, layout.groups(area.rows[1])];
        let counts = histograms.count_length();
        let groups = end - first;
        let need = Need { shape: &shape, groups, counts, data_bytes, left };
        let per_band = self.reserve(device, task, &need)?;
        self.set(device, &data)?;
        self.count_buffer.clear(device)?;
        // Counts do not depend on what drawing is told.
        let output = OutputOptions { finish: Finish::new(8, 1.0), dither: Dither::None };
        let columns = area.processed_until - area.columns[0];
        while first < end {
            let groups = [first, end.min(first + per_band)];
            let band = BandOf { layout, area, shape: &shape, groups };
            let bytes = shape.bytes_of(groups[1] - groups[0]) as u64;
            let parameters = band_parameters(&band, &output, None);
            let rows = (groups[1] - groups[0]) << layout.sub_y;
            let dispatch = Dispatch {
                pipeline: &self.pipeline,
                memory: [&self.look, &stage.thresholds, &self.tables],
                work_groups: histograms.workgroups(columns as u32, rows as u32),
            };
            let upload = &mut self.uploads[0];
            upload.write(device, bytemuck::cast_slice(&parameters), bytes, |words| {
                write_band(planes, &band, team, words);
            })?;
            upload.submit_into(device, bytes, &dispatch, self.count_buffer.counts())?;
            // They take turns: the first is the one that was sent before all others.
            self.uploads.rotate_left(1);
            first = groups[1];
        }
        self.count_buffer.read(device, |counts| histograms.add_counts(bytemuck::cast_slice(counts)))
    }
}

impl Stage {
    /// Has the shader ready by which frames of the stage's layout are measured, which takes a while.
    ///
    /// # Errors
    ///
    /// What the device says.
    pub fn prepare_to_measure(&mut self, layout: &Layout) -> Result<(), GpuError> {
        if self.histogram_stage.is_none() {
            self.histogram_stage = Some(HistogramStage::new(&self.device, layout)?);
        }
        Ok(())
    }

    /// Whether [`Self::measure`] need not wait for a shader.
    pub fn can_measure(&self, layout: &Layout) -> bool {
        self.histogram_stage.is_some() || self.device.has_pipeline(&shader(layout))
    }

    /// Adds the distances of a frame's pixels to histograms. The frame is only read.
    ///
    /// # Errors
    ///
    /// Why the GPU cannot do it; the histograms are then as they were. With [`GpuError::MemoryLimit`] the stage is
    /// as good as before, else it is of no more use, and frames in flight with it.
    pub fn measure(
        &mut self,
        planes: &mut Planes<'_>,
        task: &HistogramTask<'_>,
        histograms: &mut Histograms,
    ) -> Result<(), GpuError> {
        // Ahead of all that would touch a device that is not this process's.
        self.device.check()?;
        self.budget = task.budget;
        let mut histogram_stage = match self.histogram_stage.take() {
            Some(histogram_stage) => histogram_stage,
            None => HistogramStage::new(&self.device, task.layout)?,
        };
        let taken = self.look.bytes() + self.bytes_under_way();
        let left = self.budget.memory.saturating_sub(taken);
        let result = histogram_stage.measure(self, planes, task, left, histograms);
        self.histogram_stage = Some(histogram_stage);
        self.free_memory();
        result
    }
}
