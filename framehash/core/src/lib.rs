//! Perceptual hashes of pictures and frames.
//!
//! Pictures that look alike have hashes of few different bits. Those here have the very bits of ImageHash 4.3.2 (dhash,
//! ahash, phash, whash and vertical dhash, on Pillow 13 or on Pillow up to 12.1, see [`Compat`]) and of PDQ in full
//! resolution (`pdqhash` 0.2.8), whatever the picture: flat, striped and letterboxed ones, too.
//!
//! The way of a picture:
//!
//! - [`Picture`] gives rows of luma; [`Plane`] and [`Rgb`] are pictures in memory.
//! - A [`Hasher`] resizes luma as Pillow does, with integers of 22 bits after the point and a byte between the two
//!   passes, and takes hashes of all [`Kinds`] that are wanted from it. PDQ has luma and filters of its own.
//!   [`Hasher::variants`] has those of a picture that is turned or mirrored, too.
//! - [`Hashes`] has them, as numbers and as text; a [`Thumbnail`] tells what they cannot.
//! - [`search`] finds those that are alike, among millions; an [`Index`] is a file to look them up in.
//!
//! ```
//! use framehash_core::{Compat, Hasher, Kind, Plane};
//!
//! let luma: Vec<u8> = (0..64 * 48).map(|i| (i % 64 * 4) as u8).collect();
//! let picture = Plane::new(&luma, [64, 48], 64).expect("64 x 48 samples");
//! let mut hasher = Hasher::new(Compat::Pillow13);
//! let hashes = hasher.hash(&picture, Kind::Dhash.into());
//! // It gets brighter from left to right everywhere.
//! assert_eq!(hashes.get(Kind::Dhash), Some(u64::MAX));
//! ```

mod dct;
mod haar;
mod hasher;
mod index;
mod kind;
mod level;
mod pdq;
mod picture;
mod resize;
pub mod search;
mod thumbnail;
mod turn;

pub use hasher::{Hasher, Hashes};
pub use index::{Hit, Index, IndexError};
pub use kind::{Kind, Kinds, UnknownKind};
pub use level::Level;
pub use pdq::{NoPdq, Pdq};
pub use picture::{Picture, Plane, Rgb, pdq_luma, pillow_luma};
pub use resize::Compat;
pub use thumbnail::Thumbnail;
pub use turn::Turn;
