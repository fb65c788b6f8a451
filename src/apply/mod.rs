//! Frames over the GPU; those that the CPU works on are `colorshine_core::apply`'s.

pub mod gpu;
