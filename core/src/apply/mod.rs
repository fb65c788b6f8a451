//! Pictures through a lattice or through the model.
//!
//! A [`Filter`] is all that most programs need. It makes [`Job`]s, by which frames are worked on band by band.
//!
//! Principles:
//! - A row is worked on in blocks of up to [`BLOCK`] luma samples, which stay in the first cache:
//!   loaded from any layout into one array of codes per component, differenced, and stored back.
//! - A [`Evaluator`] sees codes and returns differences in the lattice's units (`fraction_bits`); all
//!   that follows (mix, averaging of chroma, rounding) is in integers and common to every method, so
//!   that thread count, band and block size cannot change a bit.
//! - The commonest layouts, packed pixels of three and four bytes and 8-bit planes with shared chroma, go through
//!   registers from end to end instead (`packed.rs`, `packed_422.rs`, `v210.rs`, `planar.rs` and `bytes.rs`), to
//!   the same bits.
//! - With subsampled chroma every luma sample is evaluated with its own chroma sample, and a chroma
//!   sample gets the average difference of the luma samples about its site (`siting.rs`).
//! - What has no difference is not written: untouched stays untouched.

mod block;
mod bytes;
mod dither;
mod evaluator;
mod filter;
mod finish;
mod fours;
mod packed;
mod packed_422;
#[cfg(test)]
mod packed_rows;
mod planar;
mod position;
mod prism;
mod prism_colours;
mod prism_run;
mod reads;
mod samples;
mod sampling;
#[cfg(feature = "shaders")]
pub mod shaders;
mod shared;
#[cfg(test)]
mod simd_levels;
mod siting;
mod tetrahedral;
mod v210;
mod words;

pub use block::{Job, for_each_block};
pub use dither::Dither;
pub use evaluator::Evaluator;
pub use filter::Filter;
pub use finish::Finish;
pub use reads::Reads;
pub use samples::load;
pub use sampling::read_pixels;

/// Most luma samples in a block.
pub const BLOCK: usize = 256;
