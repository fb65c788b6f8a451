//! What the steps of a band take on the device, for benches.

use std::time::{Duration, Instant};

use wgpu::{BufferUsages, CommandEncoder, ComputePassDescriptor};

use super::device::CLOCK;
use super::staging::{PARAMETERS, Slot, wait_for};
use super::{Device, Dispatch, GpuError, PATIENCE};

/// A step is done once, and once more than some number of times; what the two differ by is free of what a submission
/// costs. The number is such that they differ by this much at least.
const ENOUGH: Duration = Duration::from_millis(5);

/// The number is no larger than this, however short the step is.
const MOST_STEPS: u32 = 1 << 13;

/// How long a step is done over and over beforehand, for clocks to rise and memory to be there.
const WARM_UP: Duration = Duration::from_millis(200);

/// Times of a band's steps. What takes no time that could be measured has zero.
#[derive(Clone, Copy, Debug)]
pub struct SlotTimes {
    /// From the memory that the CPU writes to the device's own.
    pub upload: Duration,
    /// The shader.
    pub kernel: Duration,
    /// A copy of as many bytes from one part of the device's own memory to another.
    pub copy: Duration,
    /// From the device's own memory to that which the CPU reads.
    pub download: Duration,
    /// Whether it was the device's own clock that took them, and not the CPU's around each submission.
    pub is_devices_clock: bool,
}

impl Slot {
    /// Has each step of a band done over and over, by itself. The slot has been through [`Self::submit`] with this
    /// band, so that the shader finds its parameters, and has been written again. It is of no more use afterwards.
    ///
    /// # Errors
    ///
    /// What the device says.
    pub fn times(
        &mut self,
        device: &Device,
        bytes: u64,
        dispatch: &Dispatch<'_>,
        repeats: usize,
    ) -> Result<SlotTimes, GpuError> {
        let usage = BufferUsages::COPY_SRC | BufferUsages::COPY_DST;
        let [from, to] = [device.memory(bytes, usage)?, device.memory(bytes, usage)?];
        let group = self.bind(device, dispatch)?;
        let clock = Clock::new(device)?;
        let [x, y, z] = dispatch.work_groups;
        let copies = |from: &wgpu::Buffer, at: u64, to: &wgpu::Buffer| {
            clock.time_of(repeats, |encoder, steps| {
                (0..steps).for_each(|_| encoder.copy_buffer_to_buffer(from, at, to, 0, bytes));
            })
        };
        let [[staged, source], [target, back]] = [self.outward(), self.homeward()];
        let kernel = clock.time_of(repeats, |encoder, steps| {
            let mut pass = encoder.begin_compute_pass(&ComputePassDescriptor::default());
            pass.set_pipeline(dispatch.pipeline);
            pass.set_bind_group(0, &group, &[]);
            (0..steps).for_each(|_| pass.dispatch_workgroups(x, y, z));
        })?;
        Ok(SlotTimes {
            upload: copies(staged, PARAMETERS, source)?,
            kernel,
            copy: copies(&from, 0, &to)?,
            download: copies(target, 0, back)?,
            is_devices_clock: clock.stamps.is_some(),
        })
    }
}

/// Takes the time of what a device does.
struct Clock<'a> {
    device: &'a Device,
    stamps: Option<Stamps>,
}

/// Two times of the device's own, before and after its work, and their way to the CPU.
struct Stamps {
    set: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    back: wgpu::Buffer,
}

/// Bytes of two times.
const STAMPS: u64 = 2 * wgpu::QUERY_SIZE as u64;

impl<'a> Clock<'a> {
    fn new(device: &'a Device) -> Result<Self, GpuError> {
        if !device.device.features().contains(CLOCK) {
            return Ok(Self { device, stamps: None });
        }
        let set = device.attempt(|gpu, _| {
            gpu.create_query_set(&wgpu::QuerySetDescriptor {
                label: None,
                ty: wgpu::QueryType::Timestamp,
                count: 2,
            })
        })?;
        let resolved =
            device.memory(STAMPS, BufferUsages::QUERY_RESOLVE | BufferUsages::COPY_SRC)?;
        let back = device.memory(STAMPS, BufferUsages::MAP_READ | BufferUsages::COPY_DST)?;
        Ok(Self { device, stamps: Some(Stamps { set, resolved, back }) })
    }

    /// Time of a step, the median of `repeats`.
    fn time_of(
        &self,
        repeats: usize,
        step: impl Fn(&mut CommandEncoder, u32),
    ) -> Result<Duration, GpuError> {
        let difference = |steps: u32| {
            let once = self.spent(|encoder| step(encoder, 1))?;
            let more = self.spent(|encoder| step(encoder, 1 + steps))?;
            Ok::<_, GpuError>(more.saturating_sub(once))
        };
        let start = Instant::now();
        let mut steps = 1;
        loop {
            if difference(steps)? < ENOUGH && steps < MOST_STEPS {
                steps *= 2;
            } else if start.elapsed() >= WARM_UP {
                break;
            }
        }
        let times = (0..repeats).map(|_| Ok(difference(steps)? / steps));
        let mut times = times.collect::<Result<Vec<_>, GpuError>>()?;
        times.sort_unstable();
        Ok(times.get(times.len() / 2).copied().unwrap_or_default())
    }

    /// What the device takes over some work. That it is encoded does not count.
    fn spent(&self, work: impl FnOnce(&mut CommandEncoder)) -> Result<Duration, GpuError> {
        let commands = self.device.attempt(|gpu, _| {
            let mut encoder = gpu.create_command_encoder(&Default::default());
            if let Some(Stamps { set, .. }) = &self.stamps {
                encoder.write_timestamp(set, 0);
            }
            work(&mut encoder);
            if let Some(Stamps { set, resolved, back }) = &self.stamps {
                encoder.write_timestamp(set, 1);
                encoder.resolve_query_set(set, 0..2, resolved, 0);
                encoder.copy_buffer_to_buffer(resolved, 0, back, 0, STAMPS);
            }
            encoder.finish()
        })?;
        let start = Instant::now();
        let submission = self.device.attempt(|_, queue| queue.submit([commands]))?;
        wait_for(self.device, submission)?;
        let elapsed = start.elapsed();
        let own = self.stamps.as_ref().map(|stamps| stamps.between(self.device)).transpose()?;
        // A clock that stands still, or shows more than the CPU's, is wrong.
        Ok(own.filter(|own| !own.is_zero()).map_or(elapsed, |own| own.min(elapsed)))
    }
}

impl Stamps {
    /// The time between the two that have come back.
    fn between(&self, device: &Device) -> Result<Duration, GpuError> {
        device.attempt(|gpu, _| {
            self.back.map_async(wgpu::MapMode::Read, .., |_| ());
            gpu.poll(wgpu::PollType::Wait { submission_index: None, timeout: Some(PATIENCE) })
                .is_ok()
        })?;
        device.attempt(|_, queue| {
            let view = self.back.get_mapped_range(..).map_err(|_| GpuError::Unmapped)?;
            let [before, after] = [0, 1].map(|index| {
                let bytes = view.as_chunks().0.get(index).copied().unwrap_or_default();
                u64::from_le_bytes(bytes)
            });
            drop(view);
            self.back.unmap();
            let ticks = after.saturating_sub(before) as f64;
            let period = f64::from(queue.get_timestamp_period());
            Ok(Duration::from_nanos((ticks * period) as u64))
        })?
    }
}
