//! The library that GStreamer loads: the plugin, whose C entry points it exports, and nothing else.
//!
//! It is a package of its own because cargo optimises the crates of a library together (`lto`) only where the library
//! has no other form, and tests and tools need the plugin in the form of a Rust crate too.

extern crate gstcolorshine as _;
