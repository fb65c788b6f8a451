//! What colours are looked up in, in the device's memory.

use std::sync::{Arc, Weak};

use colorshine_core::apply::Evaluator;
use colorshine_core::lut::{Lattice, fraction_bits};
use colorshine_core::model::lanes::ExactKernel;
use colorshine_core::model::shader_data::ShaderData;
use wgpu::BufferUsages;

use crate::gpu::{Device, GpuError};

/// What the device has. Nobody's memory is kept for it.
#[derive(Debug)]
enum Known {
    Lattice(Weak<Lattice>),
    Exact(Weak<ExactKernel>),
    /// Nothing, as this has no words.
    Unsuited(Weak<ExactKernel>),
}

/// Whether it is still this that is known: as long as there is a `Weak`, nothing else has its place.
fn is<T>(known: &Weak<T>, this: &Arc<T>) -> bool {
    std::ptr::eq(known.as_ptr(), Arc::as_ptr(this))
}

/// A look's memory on the device.
#[derive(Debug)]
pub(super) struct LookMemory {
    known: Option<Known>,
    look: wgpu::Buffer,
    tables: wgpu::Buffer,
}

/// Of memory that shaders only read.
pub(super) const USAGE: BufferUsages = BufferUsages::STORAGE.union(BufferUsages::COPY_DST);

/// Bytes of memory that nothing is in yet: shaders must have something to bind.
pub(super) const LEAST: u64 = 256;

impl LookMemory {
    pub(super) fn new(device: &Device) -> Result<Self, GpuError> {
        let memory = || device.memory(LEAST, USAGE);
        Ok(Self { known: None, look: memory()?, tables: memory()? })
    }

    /// Bytes on the device with a method's numbers, as far as they are known before they are made.
    pub(super) fn bytes_with(evaluator: &Evaluator) -> u64 {
        match evaluator {
            Evaluator::Lattice(lattice, _) => size_of_val(lattice.entries()) as u64 + LEAST,
            Evaluator::Exact(..) => 2 * LEAST,
        }
    }

    /// Has a method's numbers on the device before the work that is submitted next. Work that was submitted
    /// before still sees those it was submitted with.
    pub(super) fn set(&mut self, device: &Device, evaluator: &Evaluator) -> Result<(), GpuError> {
        let is_known = match (&self.known, evaluator) {
            (Some(Known::Lattice(known)), Evaluator::Lattice(lattice, _)) => is(known, lattice),
            (Some(Known::Exact(known)), Evaluator::Exact(kernel, _)) => is(known, kernel),
            (Some(Known::Unsuited(known)), Evaluator::Exact(kernel, _)) if is(known, kernel) => {
                return Err(GpuError::Unsuited);
            }
            _ => false,
        };
        if is_known {
            return Ok(());
        }
        self.known = None;
        let known = match evaluator {
            Evaluator::Lattice(lattice, _) => {
                fill(device, &mut self.look, bytemuck::cast_slice(lattice.entries()))?;
                fill(device, &mut self.tables, &[])?;
                Known::Lattice(Arc::downgrade(lattice))
            }
            Evaluator::Exact(kernel, depth) => {
                let words = kernel.shader_data(2f32.powi(fraction_bits(*depth)));
                let Some(ShaderData { look, nodes }) = words else {
                    self.known = Some(Known::Unsuited(Arc::downgrade(kernel)));
                    return Err(GpuError::Unsuited);
                };
                fill(device, &mut self.look, bytemuck::cast_slice(&look))?;
                fill(device, &mut self.tables, bytemuck::cast_slice(&nodes))?;
                Known::Exact(Arc::downgrade(kernel))
            }
        };
        self.known = Some(known);
        Ok(())
    }

    pub(super) fn look(&self) -> &wgpu::Buffer {
        &self.look
    }

    pub(super) fn tables(&self) -> &wgpu::Buffer {
        &self.tables
    }

    /// Bytes on the device.
    pub(super) fn bytes(&self) -> u64 {
        self.look.size() + self.tables.size()
    }
}

/// Fills memory, after other memory has been taken in its place if it is too small or much too large.
pub(super) fn fill(
    device: &Device,
    memory: &mut wgpu::Buffer,
    bytes: &[u8],
) -> Result<(), GpuError> {
    let need = (bytes.len() as u64).max(LEAST);
    if !(need..=2 * need).contains(&memory.size()) {
        *memory = device.memory(need, USAGE)?;
    }
    match bytes {
        [] => Ok(()),
        _ => device.fill(memory, bytes),
    }
}
