//! The programs that shaders are put together to are valid, by naga, with what WebGPU promises everywhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use naga::valid::{Capabilities, ValidationFlags, Validator};

/// WebGPU's default limits.
const WORKGROUP_BYTES: u32 = 16_384;
const WORKGROUP_INVOCATIONS: u32 = 256;

/// What a program needs of a frame, and an entry point that draws.
const FRAME: &str = "
@group(0) @binding(0) var<uniform> band: vec2<u32>;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read_write> target_words: array<u32>;
fn picture() -> vec2<u32> { return band; }
fn pixel(column: u32, row: u32) -> vec3<u32> { return vec3(source[row * band.x + column]); }
";
const DRAW: &str = "
@compute @workgroup_size(64) fn draw(@builtin(global_invocation_id) id: vec3<u32>) {
    target_words[id.x] = bitcast<vec3<u32>>(difference(pixel(id.x, id.y))).x;
}
";

/// Programs, by the files that they are made of.
const PROGRAMS: [(&[&str], &str); 2] = [
    (&["color.wgsl", "cube.wgsl", "to_oklab.wgsl", "exact.wgsl"], DRAW),
    (&["color.wgsl", "cube.wgsl", "to_oklab.wgsl", "histogram.wgsl"], ""),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders")
}

#[test]
fn programs_are_valid_and_keep_to_the_default_limits() {
    for (files, entry) in PROGRAMS {
        let mut text = FRAME.to_string();
        files.iter().for_each(|file| text += &fs::read_to_string(folder().join(file)).unwrap());
        text += entry;
        let module = naga::front::wgsl::parse_str(&text)
            .unwrap_or_else(|error| panic!("{files:?}\n{}", error.emit_to_string(&text)));
        Validator::new(ValidationFlags::all(), Capabilities::empty())
            .validate(&module)
            .unwrap_or_else(|error| panic!("{files:?}\n{}", error.emit_to_string(&text)));
        assert_eq!(module.entry_points.len(), 1, "{files:?}");
        let invocations: u32 = module.entry_points[0].workgroup_size.iter().product();
        assert!(invocations <= WORKGROUP_INVOCATIONS, "{files:?}: {invocations}");
        let shared = module
            .global_variables
            .iter()
            .filter(|(_, variable)| matches!(variable.space, naga::AddressSpace::WorkGroup));
        let bytes = |ty| module.types[ty].inner.size(module.to_ctx());
        let bytes: u32 = shared.map(|(_, variable)| bytes(variable.ty)).sum();
        assert!(bytes <= WORKGROUP_BYTES, "{files:?}: {bytes}");
    }
}

#[test]
fn every_shader_is_in_a_program_and_in_the_table() {
    let table = fs::read_to_string(folder().join("README.md")).unwrap();
    let used: BTreeSet<&str> =
        PROGRAMS.iter().flat_map(|(files, _)| files.iter().copied()).collect();
    let mut seen = 0;
    for entry in fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".wgsl") {
            assert!(used.contains(name.as_str()), "{name} is in no program");
            assert!(table.contains(&format!("| `{name}` |")), "{name} is not in the table");
            seen += 1;
        }
    }
    assert_eq!(seen, used.len());
}
