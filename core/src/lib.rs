//! The colour engine of colorshine: it pulls the colours of pictures towards a few chosen colours, in Oklab.
//!
//! It knows pictures in memory and nothing of where they come from. A GStreamer element that is made of it is
//! `gst-plugin-colorshine`.
//!
//! # Colours that pull
//!
//! An attractor is a CSS colour, a tolerance (how far it reaches) and a strength, in percent:
//!
//! ```
//! use colorshine_core::attractor::parse;
//!
//! let attractors = parse("teal;40;60 | oklch(70% 0.15 50);30;100;sh")?;
//! assert_eq!(attractors.len(), 2);
//!
//! let error = parse("teal;140;60").unwrap_err();
//! assert_eq!(error.to_string(), "item 1, column 6: tolerance 140 is out of range, allowed is 0 to 100");
//! # Ok::<(), colorshine_core::attractor::ParseError>(())
//! ```
//!
//! # From a look to a lattice
//!
//! A [`Look`](model::Look) is all that is chosen about the model. It is baked once, for the codes of the pictures that
//! are to come, into a 3D lookup table of differences:
//!
//! ```
//! use colorshine_core::attractor::parse;
//! use colorshine_core::color::codes::CodeSpace;
//! use colorshine_core::lut::{Request, bake_request};
//! use colorshine_core::model::Look;
//! use colorshine_core::workers::{Team, simd_level};
//!
//! let request = Request::new(Look::new(parse("teal;40;60")?), CodeSpace::full_rgb(8));
//! let baked = bake_request(&request, simd_level(), Team::of_bakes());
//! assert!(baked.report.p999_codes < 0.5, "its error, in codes of 8 bits");
//! assert_eq!(baked.radii.len(), 1);
//! # Ok::<(), colorshine_core::attractor::ParseError>(())
//! ```
//!
//! [`lut::prepare`] does the same and shares what was baked with the whole process.
//!
//! # Pictures
//!
//! A [`Filter`](apply::Filter) takes pictures through the lattice, in place. [`Planes`](frame::Planes) are a picture's
//! memory, checked once, in one of many [`Layout`](frame::Layout)s. Packed pixels:
//!
//! ```
//! use colorshine_core::apply::Filter;
//! use colorshine_core::frame::{Layout, Planes};
//! # use colorshine_core::attractor::parse;
//! # use colorshine_core::color::codes::CodeSpace;
//! # use colorshine_core::lut::{Request, bake_request};
//! # use colorshine_core::model::Look;
//! use colorshine_core::workers::{Team, cores, simd_level};
//!
//! # let request = Request::new(Look::new(parse("teal;40;100")?), CodeSpace::full_rgb(8));
//! # let baked = bake_request(&request, simd_level(), Team::of_bakes());
//! let filter = Filter::new(&request, &baked);
//! let (width, height) = (16, 9);
//! let mut pixels = [20, 120, 140, 255].repeat(width * height);
//! let rgba = Layout::packed([0, 1, 2], 4);
//! let mut planes = Planes::in_memory(&rgba, [width, height], &mut pixels, &[[0, 4 * width]])?;
//! filter.apply(&mut planes, Team::of_rows(cores()));
//! assert_ne!(pixels[..3], [20, 120, 140]);
//! assert_eq!(pixels[3], 255);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! And planes, of which chroma has half the columns and rows:
//!
//! ```
//! # use colorshine_core::apply::Filter;
//! # use colorshine_core::attractor::parse;
//! use colorshine_core::color::codes::{CodeSpace, Range};
//! # use colorshine_core::frame::{Layout, Planes};
//! # use colorshine_core::lut::{Request, bake_request};
//! # use colorshine_core::model::Look;
//! # use colorshine_core::workers::{Team, simd_level};
//!
//! let limited = Range { offset: [16.0, 128.0, 128.0], scale: [219.0, 224.0, 224.0] };
//! let bt709 = CodeSpace::ycbcr(8, limited, 0.2126, 0.0722);
//! let request = Request::new(Look::new(parse("red;100;100")?), bt709);
//! let baked = bake_request(&request, simd_level(), Team::of_bakes());
//! let mut i420 = vec![128; 8 * 8 * 3 / 2];
//! let places = [[0, 8], [64, 4], [80, 4]];
//! let mut planes = Planes::in_memory(&Layout::planar([1, 1]), [8, 8], &mut i420, &places)?;
//! Filter::new(&request, &baked).apply(&mut planes, Team::alone());
//! assert!(i420[80..].iter().all(|cr| *cr > 128), "gray has become redder");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # .cube files
//!
//! Lookup tables of other programs may stand before and after the attractors, and a look may be written as one:
//!
//! ```
//! use std::sync::Arc;
//!
//! # use colorshine_core::attractor::parse;
//! # use colorshine_core::color::codes::CodeSpace;
//! use colorshine_core::cube;
//! use colorshine_core::lut::Radii;
//! use colorshine_core::model::Look;
//! use colorshine_core::model::lanes::ExactKernel;
//! # use colorshine_core::workers::{Team, simd_level};
//!
//! let table = cube::parse(b"LUT_1D_SIZE 2\n0 0 0\n0.9 0.9 1\n")?;
//! assert_eq!(table.apply([1.0, 1.0, 1.0]), [0.9f32, 0.9, 1.0].map(f64::from));
//!
//! let look = Look { input_lut: Some(Arc::new(table)), ..Look::new(parse("teal;40;60")?) };
//! let (level, team) = (simd_level(), Team::of_bakes());
//! let radii = Radii::OfGamut.find(&look, level, team);
//! let kernel = ExactKernel::new(&look, &radii, &CodeSpace::unit_rgb(), level);
//! let comments = ["teal behind a table".into()];
//! let parts = cube::parts(17, &comments, team, |rgb| kernel.differences(rgb))?;
//! let text = parts.collect::<Vec<_>>().concat();
//! assert!(cube::parse(&text)?.apply([0.5, 0.5, 0.5])[1] > 0.4);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`cube::read`] and [`cube::save`] do that with files.
//!
//! # The way of a colour, module by module
//!
//! 1. [`attractor`] turns text into colours that pull.
//! 2. [`tolerance`] finds how far each of them reaches.
//! 3. [`model`] says what becomes of one colour, [`mod@cube`] what .cube files add to that.
//! 4. [`lut`] bakes the model into a lattice, once per look.
//! 5. [`mod@frame`] checks a picture's memory.
//! 6. [`apply`] takes its rows through the lattice, or through the model itself.
//!
//! [`color`] has the maths under all of them, [`workers`] the threads and SIMD levels. [`tolerances`] lists every
//! allowed difference between two implementations of the same thing.
//!
//! # Cargo features
//!
//! All but `shaders` are on by default; without any, the crate builds for targets such as wasm32-unknown-unknown.
//!
//! - `threads`: work is spread over threads; without it a [`Team`](workers::Team) is the caller.
//! - `disk`: [`lut::Disk`](lut) keeps baked looks in a folder.
//! - `clock`: bakes and the two ways to read a lattice are timed. Without it they take no time, and entries are read by
//!   loads.
//! - `shaders`: looks and frames as numbers that the project's WGSL shaders read.

pub mod apply;
pub mod attractor;
pub mod color;
pub mod cube;
pub mod frame;
pub mod lut;
pub mod model;
pub mod tolerance;
pub mod tolerances;
pub mod workers;
