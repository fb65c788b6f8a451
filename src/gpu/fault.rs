//! Faults on purpose: tests make the device fail between any two steps of a frame.

use std::cell::Cell;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Device, GpuError};

/// Where a frame's way over the GPU may break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Before memory is written for the GPU.
    Write,
    /// Before work is submitted.
    Submit,
    /// Before the GPU is waited for.
    Wait,
    /// Before what it made is read.
    Read,
    /// Before memory for a band is taken, which is not done for every frame.
    Slot,
    /// Before what colours are looked up in is sent, which is done for every new look.
    Fill,
}

impl Step {
    /// Those of every frame.
    pub(crate) const ALL: [Self; 4] = [Self::Write, Self::Submit, Self::Wait, Self::Read];
}

/// What then happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The device is gone.
    Destroy,
    /// The step itself says so.
    Timeout,
    /// The step itself says so.
    OutOfMemory,
    /// The step itself says so.
    Unmapped,
    /// Something panics.
    Panic,
}

thread_local! {
    static PLANNED: Cell<Option<(Step, u32, Fault)>> = const { Cell::new(None) };
}

/// Whether a software renderer counts as a GPU where `backend=auto` looks for one.
pub(crate) static IS_SOFTWARE_REAL: AtomicBool = AtomicBool::new(false);

/// What becomes of each try to open a device, if it is not to succeed.
pub(crate) static IN_THE_WAY: Mutex<Option<GpuError>> = Mutex::new(None);

/// What is in the way of opening a device.
pub(crate) fn before_opening() -> Result<(), GpuError> {
    let error = IN_THE_WAY.lock().unwrap_or_else(PoisonError::into_inner).clone();
    error.map_or(Ok(()), Err)
}

/// Tests with a GPU come one after the other, as they share the device that some of them break.
pub(crate) fn exclusive() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has a fault happen on this thread before a step's `number`-th turn from now on, the next being 0.
pub(crate) fn plan(step: Step, number: u32, fault: Fault) {
    PLANNED.set(Some((step, number, fault)));
}

/// Whether a planned fault is still to come.
pub(crate) fn is_planned() -> bool {
    PLANNED.get().is_some()
}

/// Called before each step.
pub(super) fn before(step: Step, device: &Device) -> Result<(), GpuError> {
    match PLANNED.get() {
        Some((planned, 0, fault)) if planned == step => {
            PLANNED.set(None);
            match fault {
                Fault::Destroy => device.destroy(),
                Fault::Timeout => return Err(GpuError::Timeout(super::PATIENCE)),
                Fault::OutOfMemory => return Err(GpuError::OutOfMemory("planned".into())),
                Fault::Unmapped => return Err(GpuError::Unmapped),
                Fault::Panic => return device.attempt(|_, _| panic!("planned")),
            }
        }
        Some((planned, left, fault)) if planned == step => {
            PLANNED.set(Some((step, left - 1, fault)));
        }
        _ => {}
    }
    Ok(())
}
