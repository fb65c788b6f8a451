//! The engine of colorshine's playground, for a page to load as WebAssembly.
//!
//! A page writes what it has into [`exports::input`], calls, and reads what came of it from `output` (bytes) and
//! `numbers`. All calls are one thread's. What they do is in modules that know nothing of the page, and are tested on
//! the host:
//!
//! 1. [`stream`]: what a picture's bytes mean, in a browser's own words.
//! 2. [`looks`]: settings and texts to looks, lattices and .cube files.
//! 3. [`frames`]: pictures through a lattice, and what the project's shaders are told about them.
//! 4. [`colours`]: the plane of one lightness, and where a picture's colours lie in it.

pub mod colours;
pub mod exports;
pub mod frames;
pub mod looks;
pub mod stream;
