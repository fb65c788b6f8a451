//! Rules of the house: what may be named where, that documents name what is there, and how long a line may be. Which
//! module may use which is in `imports.rs`.

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

/// Modules of the plugin that may name GStreamer.
const MAY_NAME_GST: &[&str] = &["colorshine", "error", "lib"];

/// Where wgpu may be named.
const MAY_NAME_WGPU: &[&str] = &["gpu", "apply/gpu"];

/// The code of a file: without comments and tests.
fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
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
    let source = root().join("src");
    for path in files(&source, &[".rs"]) {
        let inside = path.strip_prefix(&source).unwrap();
        let module = inside.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        let text = code(&fs::read_to_string(&path).unwrap());
        let names_gst =
            text.contains("gst::") || text.contains("gst_video::") || text.contains("gst_base::");
        let may_name_gst = MAY_NAME_GST.contains(&module);
        assert!(may_name_gst || !names_gst, "{} names GStreamer", inside.display());
        let may_name_wgpu = MAY_NAME_WGPU.iter().any(|folder| inside.starts_with(folder));
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
        "video/src/format.rs",
        "src/colorshine/preset.rs",
        "video/src/map.rs",
        "core/src/frame/planes.rs",
        "src/gpu/staging.rs",
    ];
    let sources = ["core/src", "framehash/core/src", "src", "tools/src", "video/src"]
        .map(|folder| files(&root().join(folder), &[".rs"]));
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
                "video/",
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

/// Each lib.rs is the map of its crate: it names every module.
#[test]
fn the_maps_are_whole() {
    for folder in ["core/src", "src"] {
        let lib = fs::read_to_string(root().join(folder).join("lib.rs")).unwrap();
        let modules =
            lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
        assert!(modules.clone().count() > 5);
        for module in modules {
            let named = [format!("[`{module}`]"), format!("[`mod@{module}`]")];
            assert!(
                named.iter().any(|name| lib.contains(name)),
                "{module} is not on {folder}'s map"
            );
        }
    }
}

/// The names in README's table of formats are those that the code has, whatever the GStreamer at hand knows.
#[test]
fn readme_has_every_format() {
    let code = fs::read_to_string(root().join("video/src/format.rs")).unwrap();
    let (_, list) = code.split_once("const FORMATS: &[&str] = &[").unwrap();
    let (list, _) = list.split_once("];").unwrap();
    let mut ours: Vec<&str> = list.split('"').skip(1).step_by(2).collect();
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (_, table) = readme.split_once("| format | bits | names in caps |\n").unwrap();
    let rows = table.lines().skip(1).take_while(|line| line.starts_with('|'));
    let names = rows.flat_map(|row| row.split('|').nth(3).unwrap().split(','));
    let mut told: Vec<&str> = names.map(str::trim).collect();
    ours.sort_unstable();
    told.sort_unstable();
    assert!(ours.len() > 50, "only {} found", ours.len());
    assert_eq!(told, ours);
}

/// No line of code or comment is longer, those of Rust and of WGSL.
#[test]
fn lines_are_not_too_long() {
    const MOST: usize = 120;
    const FOLDERS: [&str; 10] = [
        "benches",
        "core",
        "examples",
        "framehash",
        "library",
        "shaders",
        "src",
        "tests",
        "tools",
        "video",
    ];
    let folders = FOLDERS.map(|folder| files(&root().join(folder), &[".rs", ".wgsl"]));
    let mut seen = 0;
    for path in folders.into_iter().flatten() {
        for (number, line) in fs::read_to_string(&path).unwrap().lines().enumerate() {
            let place = format!("{}:{}", path.display(), number + 1);
            assert!(line.chars().count() <= MOST, "{place}: more than {MOST} characters");
        }
        seen += 1;
    }
    assert!(seen > 100, "only {seen} files found");
}
