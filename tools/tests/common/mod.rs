//! What several tests of the tools need, beside what those of the element do.

#![allow(dead_code, unused_imports, unreachable_pub, reason = "each test file uses its own part")]

pub mod chunks;
#[path = "../../../tests/common/mod.rs"]
mod element;
pub mod jpeg;
pub mod tools;

pub use element::*;
