//! CPU or GPU: both do some of a stream's first frames, and the faster does the rest.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::engine::caps::FormatKey;

/// Frames that each does.
const FRAMES: usize = 5;

/// Frames of the GPU that do not count, beside those that fill its pipeline: its clocks have to rise.
const WARM_UP: usize = 3;

/// What is tried. What one stream has found is remembered for the next.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TrialKey {
    /// The adapter's name.
    pub(super) adapter: Arc<str>,
    /// The stream's format.
    pub(super) format: FormatKey,
    /// Width and height.
    pub(super) size: [usize; 2],
    /// Whether the model itself is evaluated.
    pub(super) is_exact: bool,
    /// Frames under way at once.
    pub(super) frames: usize,
    /// The CPU's threads.
    pub(super) threads: usize,
}

/// Who has won, in this process.
static KNOWN: Mutex<Vec<(TrialKey, bool)>> = Mutex::new(Vec::new());

/// The trial of a stream.
#[derive(Debug, Default)]
pub(super) struct Trial {
    key: Option<TrialKey>,
    /// Whether the GPU is faster, once that is known.
    verdict: Option<bool>,
    cpu: Vec<Duration>,
    gpu: Vec<Duration>,
    /// Time on the GPU since its last frame began, if it has done any.
    spent: Option<Duration>,
}

impl Trial {
    /// The trial that the CPU has won before, if it has.
    pub(super) fn lost(key: TrialKey) -> Option<Self> {
        let verdict = known(&key).filter(|is_faster| !is_faster)?;
        Some(Self { key: Some(key), verdict: Some(verdict), ..Self::default() })
    }

    /// Whether the next frame is the GPU's; `None` once the CPU has won.
    pub(super) fn is_gpus_turn(&mut self, key: impl Fn() -> TrialKey) -> Option<bool> {
        let key = key();
        if self.key.as_ref() != Some(&key) {
            // What the CPU did while the GPU was opened does not count: it was at work on that, too.
            *self = Self { verdict: known(&key), key: Some(key.clone()), ..Self::default() };
        }
        if self.verdict.is_none() && self.cpu.len() >= FRAMES {
            // Frames that the GPU has not done do not count.
            self.gpu.extend(self.spent.take());
            let warm_up = WARM_UP + key.frames;
            if self.gpu.len() >= warm_up + FRAMES {
                let is_faster = median(&mut self.gpu[warm_up..]) < median(&mut self.cpu);
                self.verdict = Some(is_faster);
                let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
                known.push((key, is_faster));
            }
        }
        match self.verdict {
            Some(true) => Some(true),
            Some(false) => None,
            None => Some(self.cpu.len() >= FRAMES),
        }
    }

    /// Whether the GPU has won.
    pub(super) fn is_gpus(&self) -> bool {
        self.verdict == Some(true)
    }

    /// Whether the CPU has won, but at something else than what is wanted now.
    pub(super) fn was_another(&self, is_exact: bool) -> bool {
        let is_other = |key: &TrialKey| key.is_exact != is_exact;
        self.verdict == Some(false) && self.key.as_ref().is_some_and(is_other)
    }

    /// The CPU has done a frame in such a time.
    pub(super) fn count_cpu(&mut self, time: Duration) {
        if self.verdict.is_none() {
            if self.cpu.len() == FRAMES {
                self.cpu.remove(0);
            }
            self.cpu.push(time);
        }
    }

    /// The stream has waited for the GPU for such a time.
    pub(super) fn count_gpu(&mut self, time: Duration) {
        *self.spent.get_or_insert_default() += time;
    }

    /// Another device's frames follow.
    pub(super) fn start_over(&mut self) {
        self.gpu.clear();
        self.spent = None;
    }
}

fn known(key: &TrialKey) -> Option<bool> {
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.iter().find(|(known, _)| known == key).map(|(_, is_faster)| *is_faster)
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(adapter: &str) -> TrialKey {
        TrialKey {
            adapter: adapter.into(),
            format: FormatKey(23),
            size: [1920, 1080],
            is_exact: false,
            frames: 2,
            threads: 2,
        }
    }

    /// Frames until the verdict, with the times of both in milliseconds.
    fn try_out(adapter: &str, cpu: u64, gpu: u64) -> (usize, Option<bool>) {
        let mut trial = Trial::default();
        for frame in 0..100 {
            match trial.is_gpus_turn(|| key(adapter)) {
                Some(true) if trial.verdict.is_none() => {
                    // The first frames are slow, and belong to nobody.
                    let warm_up = if frame < 10 { 50 } else { 0 };
                    trial.count_gpu(Duration::from_millis(gpu + warm_up));
                }
                Some(false) => trial.count_cpu(Duration::from_millis(cpu)),
                verdict => return (frame, verdict),
            }
        }
        panic!("no verdict after 100 frames");
    }

    #[test]
    fn the_faster_wins_and_is_remembered() {
        assert_eq!(try_out("a fast one", 5, 3).1, Some(true));
        assert_eq!(try_out("a slow one", 5, 7).1, None);
        assert_eq!(try_out("a fast one", 1, 9), (0, Some(true)));
        assert_eq!(try_out("a slow one", 9, 1), (0, None));
        assert!(Trial::lost(key("a slow one")).is_some());
        assert!(Trial::lost(key("a fast one")).is_none());
        assert!(Trial::lost(key("another one")).is_none());
    }

    #[test]
    fn another_method_is_another_trial() {
        let mut trial = Trial::default();
        trial.count_cpu(Duration::from_millis(1));
        assert_eq!(trial.is_gpus_turn(|| key("one")), Some(false));
        assert_eq!(trial.cpu.len(), 0, "the GPU was being opened meanwhile");
        trial.count_cpu(Duration::from_millis(1));
        assert_eq!(trial.is_gpus_turn(|| key("one")), Some(false));
        assert_eq!(trial.cpu.len(), 1);
        assert!(!trial.was_another(false) && !trial.was_another(true), "nobody has won yet");
        trial.verdict = Some(false);
        assert!(!trial.was_another(false) && trial.was_another(true));
        let exact = || TrialKey { is_exact: true, ..key("one") };
        assert_eq!(trial.is_gpus_turn(exact), Some(false));
        assert_eq!(trial.cpu.len(), 0);
    }
}
