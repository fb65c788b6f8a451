//! Numbers that the bands of a frame add up in the GPU's memory, and that come back once.

use wgpu::BufferUsages;

use super::staging::Download;
use super::{Device, GpuError};

/// Memory for a frame's counts.
///
/// The way of a frame: [`CountBuffer::clear`], bands that are submitted into [`CountBuffer::counts`],
/// [`CountBuffer::read`]. After an error the buffer is of no more use.
#[derive(Debug)]
pub struct CountBuffer {
    bytes: u64,
    counts: wgpu::Buffer,
    download: Download,
}

impl CountBuffer {
    /// Memory for some 32-bit words.
    ///
    /// # Errors
    ///
    /// What the device says.
    pub fn new(device: &Device, words: usize) -> Result<Self, GpuError> {
        let bytes = 4 * words as u64;
        let usage = BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST;
        let (counts, download) = (device.memory(bytes, usage)?, Download::new(device, bytes)?);
        Ok(Self { bytes, counts, download })
    }

    /// Bytes that a tally of some words takes, on both sides.
    pub fn memory_for(words: usize) -> u64 {
        8 * words as u64
    }

    /// How many there are.
    pub fn length(&self) -> usize {
        (self.bytes / 4) as usize
    }

    /// What bands are submitted into.
    pub fn counts(&self) -> &wgpu::Buffer {
        &self.counts
    }

    /// Sets all words to 0, ahead of what is submitted later.
    ///
    /// # Errors
    ///
    /// What the device says.
    pub fn clear(&self, device: &Device) -> Result<(), GpuError> {
        self.submit(device, |encoder| encoder.clear_buffer(&self.counts, 0, None)).map(drop)
    }

    /// Waits for all that was submitted and has the words read.
    ///
    /// # Errors
    ///
    /// What keeps them from being read; `read` has then not been called.
    pub fn read(&self, device: &Device, read: impl FnOnce(&[u8])) -> Result<(), GpuError> {
        let fetch = |encoder: &mut _| self.download.fetch(encoder, &self.counts, self.bytes);
        let submission = self.submit(device, fetch)?;
        self.download.read(device, Some(submission), self.bytes, read)
    }

    fn submit(
        &self,
        device: &Device,
        work: impl FnOnce(&mut wgpu::CommandEncoder),
    ) -> Result<wgpu::SubmissionIndex, GpuError> {
        device.attempt(|gpu, queue| {
            let mut encoder =
                gpu.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            work(&mut encoder);
            queue.submit([encoder.finish()])
        })
    }
}
