//! What the steps of a band take on the device, for benches.

use std::time::{Duration, Instant};

use wgpu::{BufferUsages, CommandEncoder, ComputePassDescriptor};

use super::staging::{PARAMETERS, Slot, wait_for};
use super::{Device, Passage, Trouble};

/// How often a step is done in the longer of two submissions, the shorter of which does it once: what they
/// differ by is free of what a submission costs.
const STEPS: u32 = 9;

/// Times of a band's steps.
#[derive(Clone, Copy, Debug)]
pub struct SlotTimes {
    /// From the memory that the CPU writes to the device's own.
    pub upload: Duration,
    /// The program.
    pub kernel: Duration,
    /// A copy of as many bytes in the device's own memory: no program that reads and writes them all is faster.
    pub copy: Duration,
    /// From the device's own memory to that which the CPU reads.
    pub download: Duration,
}

impl Slot {
    /// Has each step of a band that has been written done over and over, by itself. The slot is of no more use
    /// afterwards.
    ///
    /// # Errors
    ///
    /// What the device says.
    pub fn times(
        &mut self,
        device: &Device,
        bytes: u64,
        passage: &Passage<'_>,
        repeats: usize,
    ) -> Result<SlotTimes, Trouble> {
        let usage = BufferUsages::COPY_SRC | BufferUsages::COPY_DST;
        let [from, to] = [device.memory(bytes, usage)?, device.memory(bytes, usage)?];
        let group = self.bind(device, passage)?;
        let [x, y, z] = passage.work_groups;
        let copies = |from: &wgpu::Buffer, at: u64, to: &wgpu::Buffer| {
            slope(device, repeats, |encoder, times| {
                (0..times).for_each(|_| encoder.copy_buffer_to_buffer(from, at, to, 0, bytes));
            })
        };
        let [[staged, source], [target, back]] = [self.outward(), self.homeward()];
        let kernel = slope(device, repeats, |encoder, times| {
            let mut pass = encoder.begin_compute_pass(&ComputePassDescriptor::default());
            pass.set_pipeline(passage.pipeline);
            pass.set_bind_group(0, &group, &[]);
            (0..times).for_each(|_| pass.dispatch_workgroups(x, y, z));
        })?;
        Ok(SlotTimes {
            upload: copies(staged, PARAMETERS, source)?,
            kernel,
            copy: copies(&from, 0, &to)?,
            download: copies(target, 0, back)?,
        })
    }
}

/// Time of a step: half of those that are measured are below it.
fn slope(
    device: &Device,
    repeats: usize,
    step: impl Fn(&mut CommandEncoder, u32),
) -> Result<Duration, Trouble> {
    let mut times = Vec::new();
    // The first is for clocks to rise and memory to be there.
    for _ in 0..=repeats {
        let mut both = [Duration::ZERO; 2];
        for (time, steps) in both.iter_mut().zip([1, STEPS]) {
            let start = Instant::now();
            let submission = device.attempt(|gpu, queue| {
                let mut encoder = gpu.create_command_encoder(&Default::default());
                step(&mut encoder, steps);
                queue.submit([encoder.finish()])
            })?;
            wait_for(device, submission)?;
            *time = start.elapsed();
        }
        times.push(both[1].saturating_sub(both[0]) / (STEPS - 1));
    }
    times.remove(0);
    times.sort_unstable();
    Ok(times.get(times.len() / 2).copied().unwrap_or_default())
}
