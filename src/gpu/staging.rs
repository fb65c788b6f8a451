//! Memory for bands of frames on their way to the GPU and back, mapped whenever the GPU does not use it.

#![expect(unsafe_code, reason = "threads write to parts of one mapping")]

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use wgpu::{BufferUsages, MapMode, PollType, WriteOnly};

#[cfg(test)]
use super::fault::{self, Step};
use super::{Device, GpuError, PATIENCE};

/// Bytes of a band's parameters.
pub(crate) const PARAMETERS: u64 = 256;

/// How a mapping ended, once it has.
#[derive(Debug, Default)]
struct Mapping {
    is_done: Mutex<Option<bool>>,
    has_ended: Condvar,
}

impl Mapping {
    fn lock(&self) -> MutexGuard<'_, Option<bool>> {
        self.is_done.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self) {
        *self.lock() = None;
    }

    /// What is to be called when it has come to an end.
    fn end(self: &Arc<Self>) -> impl FnOnce(Result<(), wgpu::BufferAsyncError>) + Send + 'static {
        let mapping = self.clone();
        move |result| {
            *mapping.lock() = Some(result.is_ok());
            mapping.has_ended.notify_all();
        }
    }

    /// Waits until it has ended. That the GPU is done is not enough: another thread that has polled the device
    /// may be about to tell.
    fn wait(&self, device: &Device) -> Result<(), GpuError> {
        const LOOK_AGAIN: Duration = Duration::from_millis(5);
        let start = Instant::now();
        loop {
            if self.lock().is_none() {
                device.attempt(|gpu, _| gpu.poll(PollType::Poll).is_ok())?;
            }
            let is_open = |is_done: &mut Option<bool>| is_done.is_none();
            let waited = self.has_ended.wait_timeout_while(self.lock(), LOOK_AGAIN, is_open);
            let is_done = *waited.unwrap_or_else(PoisonError::into_inner).0;
            device.check()?;
            match is_done {
                Some(true) => return Ok(()),
                Some(false) => return Err(GpuError::Unmapped),
                None if start.elapsed() > PATIENCE => return Err(GpuError::Timeout(PATIENCE)),
                None => {}
            }
        }
    }
}

/// Part of memory that is mapped for writing alone.
pub struct Part<'a>(WriteOnly<'a, [u8]>);

// SAFETY: a part stands for bytes that nothing else refers to, as `&mut [u8]` does, which may be sent.
// `WriteOnly` says so of sized types only.
unsafe impl Send for Part<'_> {}

impl<'a> Part<'a> {
    /// Takes the first `bytes` away as a part of their own; `None` where there are not so many.
    pub fn split_off(&mut self, bytes: usize) -> Option<Part<'a>> {
        self.0.split_off(..bytes).map(Part)
    }

    /// Copies `bytes` to a place.
    ///
    /// # Panics
    ///
    /// Panics where they do not fit.
    pub fn copy(&mut self, at: usize, bytes: &[u8]) {
        self.0.slice(at..at + bytes.len()).copy_from_slice(bytes);
    }
}

/// What a band is worked on with.
#[derive(Clone, Copy, Debug)]
pub struct Dispatch<'a> {
    /// The shader.
    pub pipeline: &'a wgpu::ComputePipeline,
    /// What it binds behind the band: the look, thresholds of dither, and tables.
    pub memory: [&'a wgpu::Buffer; 3],
    /// Work groups along each axis.
    pub work_groups: [u32; 3],
}

/// Memory that a band is written to, and what of it shaders see.
///
/// The way of a band: [`Upload::write`], [`Upload::submit_into`]. After an error it is of no more use.
#[derive(Debug)]
pub struct Upload {
    bytes: u64,
    upload: wgpu::Buffer,
    parameters: wgpu::Buffer,
    source: wgpu::Buffer,
    is_writable: Arc<Mapping>,
    /// What was sent last, as long as nobody has waited for it.
    submission: Option<wgpu::SubmissionIndex>,
}

impl Upload {
    /// Memory for bands of up to `bytes`, a multiple of 4.
    ///
    /// # Errors
    ///
    /// What the device says.
    pub fn new(device: &Device, bytes: u64) -> Result<Self, GpuError> {
        let memory = Self {
            bytes,
            upload: device
                .memory(PARAMETERS + bytes, BufferUsages::MAP_WRITE | BufferUsages::COPY_SRC)?,
            parameters: device
                .memory(PARAMETERS, BufferUsages::UNIFORM | BufferUsages::COPY_DST)?,
            source: device.memory(bytes, BufferUsages::STORAGE | BufferUsages::COPY_DST)?,
            is_writable: Arc::default(),
            submission: None,
        };
        let end = memory.is_writable.end();
        device.attempt(|_, _| memory.upload.map_async(MapMode::Write, .., end))?;
        Ok(memory)
    }

    /// Bytes that bands of `bytes` take, on both sides.
    pub fn memory_for(bytes: u64) -> u64 {
        2 * bytes + 2 * PARAMETERS
    }

    /// Most bytes of a band.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Has a band of `bytes` written for the GPU, and its parameters, once the GPU is done with the band
    /// before.
    ///
    /// # Errors
    ///
    /// What keeps the memory from being written to; `fill` may then not have been called.
    pub fn write(
        &mut self,
        device: &Device,
        parameters: &[u8],
        bytes: u64,
        fill: impl FnOnce(Part<'_>),
    ) -> Result<(), GpuError> {
        #[cfg(test)]
        fault::before(Step::Write, device)?;
        if let Some(submission) = self.submission.take() {
            wait_for(device, submission)?;
        }
        self.is_writable.wait(device)?;
        device.attempt(|_, _| {
            let mut view = self
                .upload
                .get_mapped_range_mut(..PARAMETERS + bytes)
                .map_err(|_| GpuError::Unmapped)?;
            let (mut head, body) = view.slice(..).split_at(PARAMETERS as usize);
            head.slice(..parameters.len()).copy_from_slice(parameters);
            fill(Part(body));
            drop(view);
            self.upload.unmap();
            self.is_writable.begin();
            Ok(())
        })?
    }

    /// Sends what was written, the first `bytes`, through a shader whose results end up in `target`.
    ///
    /// # Errors
    ///
    /// What the device says.
    pub fn submit_into(
        &mut self,
        device: &Device,
        bytes: u64,
        dispatch: &Dispatch<'_>,
        target: &wgpu::Buffer,
    ) -> Result<(), GpuError> {
        self.submit(device, bytes, dispatch, target, |_| ())
    }

    /// The same, with what else is to be done in one go with it.
    fn submit(
        &mut self,
        device: &Device,
        bytes: u64,
        dispatch: &Dispatch<'_>,
        target: &wgpu::Buffer,
        then: impl FnOnce(&mut wgpu::CommandEncoder),
    ) -> Result<(), GpuError> {
        #[cfg(test)]
        fault::before(Step::Submit, device)?;
        let writable = self.is_writable.end();
        let submission = device.attempt(|gpu, queue| {
            let group = self.bind(device, dispatch, target);
            let mut encoder =
                gpu.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            encoder.copy_buffer_to_buffer(&self.upload, 0, &self.parameters, 0, PARAMETERS);
            encoder.copy_buffer_to_buffer(&self.upload, PARAMETERS, &self.source, 0, bytes);
            {
                let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
                pass.set_pipeline(dispatch.pipeline);
                pass.set_bind_group(0, &group, &[]);
                let [x, y, z] = dispatch.work_groups;
                pass.dispatch_workgroups(x, y, z);
            }
            then(&mut encoder);
            encoder.map_buffer_on_submit(&self.upload, MapMode::Write, .., writable);
            queue.submit([encoder.finish()])
        })?;
        self.submission = Some(submission);
        Ok(())
    }

    fn bind(
        &self,
        device: &Device,
        dispatch: &Dispatch<'_>,
        target: &wgpu::Buffer,
    ) -> wgpu::BindGroup {
        let [look, thresholds, tables] = dispatch.memory;
        let bound = [&self.parameters, &self.source, target, look, thresholds, tables];
        let mut binding = 0..;
        let entries = bound.map(|buffer| wgpu::BindGroupEntry {
            binding: binding.next().unwrap_or_default(),
            resource: buffer.as_entire_binding(),
        });
        device.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &device.bindings,
            entries: &entries,
        })
    }
}

/// Memory that the GPU's results come back in.
#[derive(Debug)]
pub(super) struct Download {
    download: wgpu::Buffer,
    is_readable: Arc<Mapping>,
}

impl Download {
    /// Memory for up to `bytes`, a multiple of 4.
    pub(super) fn new(device: &Device, bytes: u64) -> Result<Self, GpuError> {
        let download = device.memory(bytes, BufferUsages::MAP_READ | BufferUsages::COPY_DST)?;
        Ok(Self { download, is_readable: Arc::default() })
    }

    /// Has the first `bytes` of other memory come back.
    pub(super) fn fetch(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        from: &wgpu::Buffer,
        bytes: u64,
    ) {
        self.is_readable.begin();
        let readable = self.is_readable.end();
        encoder.copy_buffer_to_buffer(from, 0, &self.download, 0, bytes);
        encoder.map_buffer_on_submit(&self.download, MapMode::Read, ..bytes, readable);
    }

    /// Waits for what was submitted and has the first `bytes` of what has come back read.
    ///
    /// # Errors
    ///
    /// What keeps it from being read; `read` has then not been called. What goes wrong after it is the next
    /// one's to find.
    pub(super) fn read(
        &self,
        device: &Device,
        submission: Option<wgpu::SubmissionIndex>,
        bytes: u64,
        read: impl FnOnce(&[u8]),
    ) -> Result<(), GpuError> {
        #[cfg(test)]
        fault::before(Step::Wait, device)?;
        if let Some(submission) = submission {
            wait_for(device, submission)?;
        }
        #[cfg(test)]
        fault::before(Step::Read, device)?;
        self.is_readable.wait(device)?;
        let view = device.attempt(|_, _| {
            self.download.get_mapped_range(..bytes).map_err(|_| GpuError::Unmapped)
        })??;
        read(&view);
        drop(view);
        device.attempt(|_, _| self.download.unmap()).unwrap_or_default();
        Ok(())
    }
}

/// Memory for one band that is worked on and comes back.
///
/// The way of a band: [`Slot::write`], [`Slot::submit`], [`Slot::read`]. After an error a slot is of no
/// more use.
#[derive(Debug)]
pub struct Slot {
    upload: Upload,
    target: wgpu::Buffer,
    download: Download,
}

impl Slot {
    /// Memory for bands of up to `bytes`, a multiple of 4.
    ///
    /// # Errors
    ///
    /// What the device says.
    pub fn new(device: &Device, bytes: u64) -> Result<Self, GpuError> {
        #[cfg(test)]
        fault::before(Step::Slot, device)?;
        Ok(Self {
            upload: Upload::new(device, bytes)?,
            target: device.memory(bytes, BufferUsages::STORAGE | BufferUsages::COPY_SRC)?,
            download: Download::new(device, bytes)?,
        })
    }

    /// Bytes that a slot for bands of `bytes` takes, on both sides.
    pub fn memory_for(bytes: u64) -> u64 {
        Upload::memory_for(bytes) + 2 * bytes
    }

    /// Most bytes of a band.
    pub fn bytes(&self) -> u64 {
        self.upload.bytes()
    }

    /// Has a band written, see [`Upload::write`].
    ///
    /// # Errors
    ///
    /// What keeps the memory from being written to; `fill` may then not have been called.
    pub fn write(
        &mut self,
        device: &Device,
        parameters: &[u8],
        bytes: u64,
        fill: impl FnOnce(Part<'_>),
    ) -> Result<(), GpuError> {
        self.upload.write(device, parameters, bytes, fill)
    }

    /// Sends what was written, the first `bytes`, through a shader, and has what comes out sent back.
    ///
    /// # Errors
    ///
    /// What the device says.
    pub fn submit(
        &mut self,
        device: &Device,
        bytes: u64,
        dispatch: &Dispatch<'_>,
    ) -> Result<(), GpuError> {
        self.upload.submit(device, bytes, dispatch, &self.target, |encoder| {
            self.download.fetch(encoder, &self.target, bytes);
        })
    }

    /// Waits for what was sent and has the first `bytes` of what came out read.
    ///
    /// # Errors
    ///
    /// What keeps it from being read; `read` has then not been called.
    pub fn read(
        &mut self,
        device: &Device,
        bytes: u64,
        read: impl FnOnce(&[u8]),
    ) -> Result<(), GpuError> {
        let submission = self.upload.submission.take();
        self.download.read(device, submission, bytes, read)
    }
}

impl Slot {
    /// What a shader binds for the band at hand.
    pub(super) fn bind(
        &self,
        device: &Device,
        dispatch: &Dispatch<'_>,
    ) -> Result<wgpu::BindGroup, GpuError> {
        device.attempt(|_, _| self.upload.bind(device, dispatch, &self.target))
    }

    /// Where a band is written to, and what of it shaders read.
    pub(super) fn outward(&self) -> [&wgpu::Buffer; 2] {
        [&self.upload.upload, &self.upload.source]
    }

    /// What shaders write, and where that comes back.
    pub(super) fn homeward(&self) -> [&wgpu::Buffer; 2] {
        [&self.target, &self.download.download]
    }
}

/// Waits until the GPU is done with a submission.
pub(super) fn wait_for(device: &Device, submission: wgpu::SubmissionIndex) -> Result<(), GpuError> {
    let poll = PollType::Wait { submission_index: Some(submission), timeout: Some(PATIENCE) };
    match device.attempt(|gpu, _| gpu.poll(poll))? {
        Ok(_) => Ok(()),
        Err(wgpu::PollError::Timeout) => Err(GpuError::Timeout(PATIENCE)),
        Err(error) => Err(GpuError::Refused(error.to_string())),
    }
}
