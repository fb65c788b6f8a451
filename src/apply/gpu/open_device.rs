//! The device of an element, and the stages that are made on it.

use std::sync::{Arc, Mutex, PoisonError};

use colorshine_core::apply::shaders::suit;
use colorshine_core::frame::{Area, Layout};

use super::{Stage, self_test};
use crate::apply::Budget;
use crate::gpu::{AdapterRequest, Device, GpuError};
use crate::workers::with_gpu;

/// The device, once it has been opened, for all streams between start and stop.
#[derive(Clone, Debug, Default)]
pub struct OpenDevice(Arc<Mutex<Option<Arc<Device>>>>);

impl OpenDevice {
    /// Opens a device that meets a request, if none is open.
    ///
    /// # Errors
    ///
    /// Why there is none that can be trusted.
    pub fn open(&self, request: &AdapterRequest) -> Result<(), GpuError> {
        self.device(request).map(drop)
    }

    /// Lets go of the device, which ends with its last user; that may take a while.
    pub fn close(self) {}

    /// Leaves the device for ever: it is another process's, to which a driver's threads belong.
    pub fn leak(self) {
        std::mem::forget(self);
    }

    /// The name of the adapter that a request has been met with before.
    pub fn name_for(request: &AdapterRequest) -> Option<Arc<str>> {
        Device::name_for(request)
    }

    fn device(&self, request: &AdapterRequest) -> Result<Arc<Device>, GpuError> {
        #[cfg(test)]
        crate::gpu::fault::before_opening()?;
        // Held meanwhile: it is the thread with the GPU that asks, and no other.
        let mut opened = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = opened.take().filter(|device| device.check().is_ok());
        let device = match known {
            Some(device) => device,
            None => {
                let device = Device::open(request)?;
                self_test(&device).inspect_err(|error| device.blame(error))?;
                device
            }
        };
        Ok(opened.insert(device).clone())
    }
}

impl Stage {
    /// A stage on a device that meets a request; with the shader that measures frames, if that is wanted, too.
    ///
    /// # Errors
    ///
    /// Why there can be none.
    pub fn open(
        device: &OpenDevice,
        request: &AdapterRequest,
        layout: &Layout,
        area: &Area,
        budget: Budget,
        is_measuring: bool,
    ) -> Result<Self, GpuError> {
        if !suit(layout) {
            return Err(GpuError::Layout);
        }
        let device = device.device(request)?;
        let stage = Self::new(&device, layout, area, budget).and_then(|mut stage| {
            if is_measuring {
                stage.prepare_to_measure(layout)?;
            }
            Ok(stage)
        });
        stage.inspect_err(|error| device.blame(error))
    }

    /// The adapter's name.
    pub fn adapter(&self) -> &Arc<str> {
        self.device.name()
    }

    /// Whether the adapter is a software renderer.
    pub fn is_software(&self) -> bool {
        self.device.is_software()
    }

    /// Has the device bear an error, so that nobody else takes it for good.
    pub fn blame(&self, error: &GpuError) {
        self.device.blame(error);
    }

    /// Has the shader compiled that [`Self::measure`] needs, beside the stream.
    pub fn compile_measuring(&self, layout: &Layout) {
        let (device, layout) = (self.device.clone(), *layout);
        // What goes wrong is told when the shader is used.
        with_gpu(move || super::compile_measuring(&device, &layout).unwrap_or_default());
    }
}
