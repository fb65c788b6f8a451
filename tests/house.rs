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

/// A crate's folder of sources, and for each of its rooms the others that it may use.
type House = (&'static str, &'static [(&'static str, &'static [&'static str])]);

const CORE: House = (
    "core/src",
    &[
        ("color", &["tolerances", "workers"]),
        ("cube", &["color", "workers"]),
        ("workers", &[]),
        ("tolerances", &[]),
        ("attractor", &["color"]),
        ("model", &["attractor", "color", "cube", "tolerances", "workers"]),
        ("tolerance", &["attractor", "color", "model", "workers"]),
        ("lut", &["attractor", "color", "model", "tolerance", "workers"]),
        ("frame", &["workers"]),
        ("apply", &["color", "frame", "lut", "model", "workers"]),
    ],
);

const PLUGIN: House = (
    "src",
    &[
        ("telemetry", &[]),
        ("workers", &[]),
        ("frame", &[]),
        ("gpu", &[]),
        ("apply", &["gpu"]),
        ("error", &["frame"]),
        ("colorshine", &["apply", "error", "frame", "gpu", "telemetry", "workers"]),
    ],
);

/// Rooms of the plugin that may name GStreamer.
const MAY_NAME_GST: &[&str] = &["colorshine", "error", "frame", "lib"];

/// Where wgpu may be named.
const MAY_NAME_WGPU: &[&str] = &["gpu", "apply/gpu"];

/// The code of a file: without comments and tests.
fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The files of a house: where they lie in it, their room, and their code.
fn rooms((folder, _): House) -> impl Iterator<Item = (PathBuf, String, String)> {
    let source = root().join(folder);
    files(&source, &[".rs"]).into_iter().map(move |path| {
        let inside = path.strip_prefix(&source).unwrap().to_path_buf();
        let room = inside.components().next().unwrap().as_os_str().to_str().unwrap();
        let room = room.trim_end_matches(".rs").to_string();
        (inside, room, code(&fs::read_to_string(&path).unwrap()))
    })
}

#[test]
fn rooms_depend_one_way() {
    for house in [CORE, PLUGIN] {
        let may_use: BTreeMap<&str, &[&str]> = house.1.iter().copied().collect();
        let mut seen = 0;
        for (inside, room, text) in rooms(house).filter(|(_, room, _)| room != "lib") {
            let allowed = may_use.get(room.as_str());
            let allowed = allowed.unwrap_or_else(|| panic!("{room} has no rule in this test"));
            for other in may_use.keys().filter(|other| **other != room) {
                // `crate::tolerance` is not `crate::tolerances`.
                let path = format!("crate::{other}");
                let names_it = text
                    .split(&path)
                    .skip(1)
                    .any(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()));
                assert!(!names_it || allowed.contains(other), "{} uses {other}", inside.display());
            }
            seen += 1;
        }
        assert!(seen > 20, "only {seen} files found in {}", house.0);
    }
}

/// What the core may not name is not there: its crate does not have it.
#[test]
fn the_core_depends_on_no_gstreamer_glib_or_wgpu() {
    let manifest = fs::read_to_string(root().join("core/Cargo.toml")).unwrap();
    let names = manifest.lines().filter_map(|line| line.split_once([' ', '.', '=']));
    for (name, _) in names {
        let is_forbidden = ["gst", "glib", "gobject", "gio", "wgpu"];
        assert!(!is_forbidden.iter().any(|start| name.starts_with(start)), "{name}");
    }
}

#[test]
fn gstreamer_and_wgpu_are_named_in_their_rooms() {
    for (inside, room, text) in rooms(PLUGIN) {
        let names_gst =
            text.contains("gst::") || text.contains("gst_video::") || text.contains("gst_base::");
        let may_name_gst = MAY_NAME_GST.contains(&room.as_str());
        assert!(may_name_gst || !names_gst, "{} names GStreamer", inside.display());
        let may_name_wgpu = MAY_NAME_WGPU.iter().any(|room| inside.starts_with(room));
        assert!(may_name_wgpu || !text.contains("wgpu::"), "{} names wgpu", inside.display());
    }
}

/// `unsafe` is for named files only.
#[test]
fn unsafe_code_stays_in_its_files() {
    const UNSAFE: &[&str] = &[
        "core/src/apply/prism.rs",
        "core/src/apply/prism_colours.rs",
        "core/src/apply/tetrahedral.rs",
        "core/src/apply/words/lanes_neon.rs",
        "core/src/apply/words/lanes_x86.rs",
        "core/src/apply/words/neon.rs",
        "core/src/apply/words/x86.rs",
        "src/frame/format.rs",
        "src/colorshine/preset.rs",
        "src/frame/map.rs",
        "core/src/frame/planes.rs",
        "src/gpu/staging.rs",
    ];
    let sources =
        ["core/src", "src", "tools/src"].map(|folder| files(&root().join(folder), &[".rs"]));
    for path in sources.into_iter().flatten() {
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
            let folders = [
                "src/",
                "core/",
                "tools/",
                "looks/",
                "tests/",
                "examples/",
                "docs/",
                "shaders/",
                "benches/",
                ".ci/",
            ];
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

/// Each lib.rs is the map of its crate: it names every room.
#[test]
fn the_maps_are_whole() {
    for (folder, rooms) in [CORE, PLUGIN] {
        let lib = fs::read_to_string(root().join(folder).join("lib.rs")).unwrap();
        for (room, _) in rooms {
            let named = [format!("[`{room}`]"), format!("[`mod@{room}`]")];
            assert!(named.iter().any(|name| lib.contains(name)), "{room} is not on {folder}'s map");
        }
    }
}
