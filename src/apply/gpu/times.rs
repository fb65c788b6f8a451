//! What each step of a frame's way over the GPU takes, for benches.

use std::time::{Duration, Instant};

use colorshine_core::frame::Planes;

use super::copies::{read_band, write_band};
use super::{BandOf, OutputOptions, Shape, Stage, Task};
use crate::gpu::{GpuError, Slot, SlotTimes};

/// Times of a frame that is one band.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// What the device does.
    pub device: SlotTimes,
    /// The CPU's copy into memory that the device can fetch from.
    pub copy_in: Duration,
    /// The CPU's copy out of memory that the device has sent back to.
    pub copy_out: Duration,
}

impl Stage {
    /// Takes a whole frame to the device and back as one band, `repeats` times, and has each step timed. The
    /// frame is drawn as often.
    ///
    /// # Errors
    ///
    /// What the device says; [`GpuError::MemoryLimit`] where the frame is larger than a binding may be.
    pub fn times(
        &mut self,
        planes: &mut Planes<'_>,
        task: &Task<'_>,
        repeats: usize,
    ) -> Result<Times, GpuError> {
        let Task { layout, area, evaluator, finish, dither, team, .. } = *task;
        let output = OutputOptions { finish, dither };
        let shape = Shape::new(layout, area);
        let groups = [layout.group_of(area.rows[0]) & !1, layout.groups(area.rows[1])];
        let band = BandOf { layout, area, shape: &shape, groups };
        let (bytes, most) =
            (shape.bytes_of(groups[1] - groups[0]) as u64, self.device.binding_limit());
        if bytes > most {
            return Err(GpuError::MemoryLimit(bytes, most));
        }
        self.look.set(&self.device, evaluator)?;
        let (dispatch, parameters) = self.dispatch(&band, evaluator, &output);
        let parameters = bytemuck::cast_slice(&parameters);
        // The picture as it is, before it is drawn. The device has to have it, and its parameters.
        let mut slot = Slot::new(&self.device, bytes)?;
        slot.write(&self.device, parameters, bytes, |words| {
            write_band(planes, &band, team, words);
        })?;
        slot.submit(&self.device, bytes, &dispatch)?;
        slot.read(&self.device, bytes, |_| ())?;
        // Unmapped, as it is when the device fetches from it.
        slot.write(&self.device, parameters, bytes, |words| {
            write_band(planes, &band, team, words);
        })?;
        let device = slot.times(&self.device, bytes, &dispatch, repeats)?;
        drop(slot);
        let mut slot = Slot::new(&self.device, bytes)?;
        let [mut copies_in, mut copies_out] = [Vec::new(), Vec::new()];
        for _ in 0..repeats {
            slot.write(&self.device, parameters, bytes, |words| {
                let start = Instant::now();
                write_band(planes, &band, team, words);
                copies_in.push(start.elapsed());
            })?;
            slot.submit(&self.device, bytes, &dispatch)?;
            slot.read(&self.device, bytes, |words| {
                let start = Instant::now();
                read_band(planes, &band, team, words);
                copies_out.push(start.elapsed());
            })?;
        }
        let [copy_in, copy_out] = [copies_in, copies_out].map(|mut times| {
            times.sort_unstable();
            times.get(times.len() / 2).copied().unwrap_or_default()
        });
        Ok(Times { device, copy_in, copy_out })
    }
}
