//! Counters that streaming and preparing threads write and `stats` reads.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A number that some threads write and others read.
#[derive(Debug, Default)]
pub struct Gauge(AtomicU64);

impl Gauge {
    /// The number now.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Replaces it.
    pub fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// Adds one.
    pub fn increment(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Replaces it with a duration, in nanoseconds.
    pub fn set_time(&self, time: Duration) {
        self.set(nanoseconds(time));
    }

    /// Moves it a sixteenth of the way to a duration in nanoseconds; the first sets it.
    pub fn smooth_time(&self, time: Duration) {
        let (now, old) = (nanoseconds(time), self.get());
        self.set(if old == 0 { now } else { old - old / 16 + now / 16 });
    }
}

/// A share from 0 to 1 that some threads write and others read.
#[derive(Debug, Default)]
pub struct Share(AtomicU64);

impl Share {
    /// The share now.
    pub fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }

    /// Replaces it.
    pub fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }
}

/// A name that some threads write and others read.
#[derive(Debug, Default)]
pub struct Name(Mutex<String>);

impl Name {
    /// The name now.
    pub fn get(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces it.
    pub fn set(&self, name: &str) {
        name.clone_into(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Counters of one element, from start to stop.
#[derive(Debug, Default)]
pub struct Counters {
    /// Frames that came in.
    pub frames: Gauge,
    /// Frames that went through untouched.
    pub frames_passthrough: Gauge,
    /// Lattices baked for this element.
    pub bakes: Gauge,
    /// Time of the last bake, in nanoseconds.
    pub bake_time: Gauge,
    /// Smoothed time of a frame's work, in nanoseconds.
    pub apply_time: Gauge,
    /// Time from the caps to the end of the first frame's work, waiting for that frame not counted.
    pub first_frame_time: Gauge,
    /// Looks that the process had baked or loaded before, for this element or another.
    pub memory_hits: Gauge,
    /// Looks that were found in the disk cache before they were baked.
    pub disk_hits: Gauge,
    /// Looks that had to be baked.
    pub misses: Gauge,
    /// Frames that were taken for the first of another scene.
    pub scene_cuts: Gauge,
    /// Share of the picture that the look reaches, where radii are measured.
    pub coverage: Share,
    /// The GPU that is open for this element; empty where none is.
    pub adapter: Name,
    /// 1 where the GPU has done, or is doing, the last frame that had work.
    pub is_on_gpu: Gauge,
    /// GPUs that were lost in mid-stream.
    pub device_lost: Gauge,
    /// Time by which frames are held back, in nanoseconds.
    pub latency: Gauge,
    /// Bytes of memory for the way over the GPU, on both sides.
    pub staging_bytes: Gauge,
}

impl Counters {
    /// Counts a bake.
    pub fn count_bake(&self, time: Duration) {
        self.bakes.increment();
        self.bake_time.set_time(time);
    }

    /// Back to zero.
    pub fn clear(&self) {
        for gauge in [
            &self.frames,
            &self.frames_passthrough,
            &self.bakes,
            &self.bake_time,
            &self.apply_time,
            &self.first_frame_time,
            &self.memory_hits,
            &self.disk_hits,
            &self.misses,
            &self.scene_cuts,
            &self.is_on_gpu,
            &self.device_lost,
            &self.staging_bytes,
            &self.latency,
        ] {
            gauge.set(0);
        }
        self.coverage.set(0.0);
        self.adapter.set("");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smoothed_time_settles_on_a_steady_one() {
        let gauge = Gauge::default();
        gauge.smooth_time(Duration::from_micros(10));
        assert_eq!(gauge.get(), 10_000);
        (0..200).for_each(|_| gauge.smooth_time(Duration::from_micros(20)));
        assert!((19_900..=20_000).contains(&gauge.get()), "{}", gauge.get());
    }
}
