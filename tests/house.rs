//! Rules of the house: which room may know which, and that documents name what is there.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files below a folder with one of the endings.
fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        let name = entry.file_name().into_string().unwrap();
        if path.is_dir() && !name.starts_with('.') && name != "target" {
            found.extend(files(&path, endings));
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Rooms that each room may use.
const MAY_USE: &[(&str, &[&str])] = &[
    ("color", &["workers"]),
    ("cube", &["color", "workers"]),
    ("workers", &[]),
    ("telemetry", &[]),
    ("tolerances", &[]),
    ("attractor", &["color"]),
    ("model", &["attractor", "color", "cube", "workers"]),
    ("tolerance", &["attractor", "color", "model", "workers"]),
    ("lut", &["attractor", "color", "model", "tolerance", "workers"]),
    ("frame", &["color", "workers"]),
    ("gpu", &[]),
    ("apply", &["color", "frame", "gpu", "lut", "model", "tolerance", "workers"]),
    ("error", &["attractor", "cube", "frame", "lut"]),
    (
        "colorshine",
        &[
            "apply",
            "attractor",
            "color",
            "cube",
            "error",
            "frame",
            "gpu",
            "lut",
            "model",
            "telemetry",
            "tolerance",
            "workers",
        ],
    ),
];

/// Rooms that may name GStreamer.
const MAY_NAME_GST: &[&str] = &["colorshine", "error", "frame", "lib"];

/// Where wgpu may be named.
const MAY_NAME_WGPU: &[&str] = &["gpu", "apply/gpu"];

/// The code of a file: without comments and tests.
fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn rooms_depend_one_way() {
    let may_use: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    let source = root().join("src");
    let mut seen = 0;
    for path in files(&source, &[".rs"]) {
        let inside = path.strip_prefix(&source).unwrap();
        let room = inside.components().next().unwrap().as_os_str().to_str().unwrap();
        let room = room.trim_end_matches(".rs");
        let text = code(&fs::read_to_string(&path).unwrap());
        if room != "lib" {
            let allowed =
                may_use.get(room).unwrap_or_else(|| panic!("{room} has no rule in this test"));
            for other in may_use.keys().filter(|other| **other != room) {
                let names_it = text.contains(&format!("crate::{other}"));
                assert!(!names_it || allowed.contains(other), "{} uses {other}", inside.display());
            }
        }
        let names_gst =
            text.contains("gst::") || text.contains("gst_video::") || text.contains("gst_base::");
        assert!(!names_gst || MAY_NAME_GST.contains(&room), "{} names GStreamer", inside.display());
        let may_name_wgpu = MAY_NAME_WGPU.iter().any(|room| inside.starts_with(room));
        assert!(may_name_wgpu || !text.contains("wgpu::"), "{} names wgpu", inside.display());
        seen += 1;
    }
    assert!(seen > 20, "only {seen} files found");
}

/// `unsafe` is for named files only.
#[test]
fn unsafe_code_stays_in_its_files() {
    const UNSAFE: &[&str] = &[
        "src/apply/tetrahedral.rs",
        "src/apply/words/neon.rs",
        "src/apply/words/x86.rs",
        "src/frame/format.rs",
        "src/frame/map.rs",
        "src/frame/planes.rs",
        "src/gpu/staging.rs",
    ];
    for path in files(&root().join("src"), &[".rs"]) {
        let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_string();
        let has_unsafe =
            code(&fs::read_to_string(&path).unwrap()).replace("unsafe impl", "unsafe {");
        let has_unsafe = has_unsafe.contains("unsafe {");
        assert_eq!(has_unsafe, UNSAFE.contains(&name.as_str()), "{name}");
    }
}

/// Every path that a document names in backquotes or as a link is there.
#[test]
fn documents_name_what_is_there() {
    let mut documents = files(&root(), &[".md"]);
    documents.retain(|path| !path.starts_with(root().join("target")));
    assert!(documents.iter().any(|path| path.ends_with("README.md")));
    let mut checked = 0;
    for document in documents {
        let text = fs::read_to_string(&document).unwrap();
        let quoted = text.split('`').skip(1).step_by(2);
        let linked = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for name in quoted.chain(linked) {
            let name = name.split('#').next().unwrap().trim_end_matches('/');
            let folders =
                ["src/", "looks/", "tests/", "examples/", "docs/", "shaders/", "benches/", ".ci/"];
            let is_path = folders.iter().any(|folder| name.starts_with(folder))
                && !name.contains([' ', '*', '<', '{', '$']);
            if !is_path {
                continue;
            }
            assert!(
                root().join(name).exists(),
                "{} names {name}, which is gone",
                document.display()
            );
            checked += 1;
        }
    }
    assert!(checked > 10, "only {checked} paths found");
}

/// lib.rs is the map: it names every room.
#[test]
fn the_map_is_whole() {
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    for (room, _) in MAY_USE {
        let named = [format!("[`{room}`]"), format!("[`mod@{room}`]")];
        assert!(named.iter().any(|name| lib.contains(name)), "{room} is not on the map");
    }
}
