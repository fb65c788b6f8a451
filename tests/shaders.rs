//! The shaders that the files of `shaders/` make together are valid, by naga, with what WebGPU promises everywhere; and
//! by a parser that takes no more than WGSL's grammar has, as browsers do: naga accepts more.
#![cfg(feature = "gpu")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use gstcolorshine::apply::gpu::{EXACT, HISTOGRAM, LATTICE};
use naga::valid::{Capabilities, ValidationFlags, Validator};

/// WebGPU's default limits.
const WORKGROUP_BYTES: u32 = 16_384;
const WORKGROUP_INVOCATIONS: u32 = 256;

/// The files of each shader, as `src/apply/gpu` puts them together.
const SHADERS: [&[&str]; 3] = [LATTICE, EXACT, HISTOGRAM];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders")
}

#[test]
fn shaders_are_valid_and_keep_to_the_default_limits() {
    for texts in SHADERS {
        let text = texts.concat();
        let module = naga::front::wgsl::parse_str(&text)
            .unwrap_or_else(|error| panic!("{}", error.emit_to_string(&text)));
        Validator::new(ValidationFlags::all(), Capabilities::empty())
            .validate(&module)
            .unwrap_or_else(|error| panic!("{}", error.emit_to_string(&text)));
        let [entry] = &module.entry_points[..] else {
            panic!("{} entry points", module.entry_points.len());
        };
        let invocations: u32 = entry.workgroup_size.iter().product();
        assert!(invocations <= WORKGROUP_INVOCATIONS, "{}: {invocations}", entry.name);
        let shared = module
            .global_variables
            .iter()
            .filter(|(_, variable)| matches!(variable.space, naga::AddressSpace::WorkGroup));
        let bytes = |ty| module.types[ty].inner.size(module.to_ctx());
        let bytes: u32 = shared.map(|(_, variable)| bytes(variable.ty)).sum();
        assert!(bytes <= WORKGROUP_BYTES, "{}: {bytes}", entry.name);
    }
}

#[test]
fn shaders_keep_to_the_grammar() {
    for texts in SHADERS {
        let text = texts.concat();
        wgsl_parse::parse_str(&text).unwrap_or_else(|error| panic!("{error}"));
    }
}

/// Shifts beside other operators of bits, or beside each other, need brackets: naga goes without.
#[test]
fn the_grammar_is_stricter_than_naga() {
    for (without, with) in [
        ("a << 8u | b", "(a << 8u) | b"),
        ("a | b >> 8u", "a | (b >> 8u)"),
        ("a >> b & 1u", "(a >> b) & 1u"),
        ("a << 16u >> 16u", "(a << 16u) >> 16u"),
        ("a & 3u | b", "(a & 3u) | b"),
    ] {
        let shader = |term: &str| format!("fn f(a: u32, b: u32) -> u32 {{ return {term}; }}");
        for term in [without, with] {
            assert!(naga::front::wgsl::parse_str(&shader(term)).is_ok(), "naga refuses {term}");
        }
        assert!(wgsl_parse::parse_str(&shader(without)).is_err(), "{without} passes");
        assert!(wgsl_parse::parse_str(&shader(with)).is_ok(), "{with} is refused");
    }
}

#[test]
fn every_file_is_in_a_shader_and_in_the_table() {
    let table = fs::read_to_string(folder().join("README.md")).unwrap();
    let used: BTreeSet<&str> = SHADERS.into_iter().flatten().copied().collect();
    let mut seen = 0;
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.ends_with(".wgsl") {
            let text = fs::read_to_string(&path).unwrap();
            assert!(used.contains(text.as_str()), "{name} is in no shader");
            assert!(table.contains(&format!("| `{name}` |")), "{name} is not in the table");
            seen += 1;
        }
    }
    assert_eq!(seen, used.len());
}
