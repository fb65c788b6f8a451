//! The looks in `looks/`, and the file of GStreamer presets that is made of them.
//!
//! `UPDATE_PRESETS=1 cargo test -p colorshine-tools --test looks` writes the file anew.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Once;

use colorshine_tools::look::{Look, SHIPPED};
use gst::glib;
use gst::prelude::*;
use gst_video::VideoFormat;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Lets GStreamer look for presets in `looks/`; it reads them once, whoever asks first.
fn init() {
    static ONCE: Once = Once::new();
    common::init();
    ONCE.call_once(|| {
        gst::Preset::set_app_dir(root().join("looks").to_str().unwrap()).unwrap();
    });
}

/// Comes with each look, so that a user's own, which carry GStreamer's version, are put beside it rather
/// than in its place.
const VERSION: &str = "99.0";

/// All looks as a file of presets.
fn presets() -> String {
    init();
    let presets = glib::KeyFile::new();
    presets.set_string("_presets_", "version", VERSION);
    presets.set_string("_presets_", "element-name", "GstColorShine");
    for (name, _) in SHIPPED {
        add_preset(&presets, name, &Look::find(name).unwrap());
    }
    presets.to_data().to_string()
}

/// Adds a look as a group, for people to read: its texts stand there as they are, which the element reads as
/// long as there is nothing in them that GStreamer would escape on its way in and take for an escape on its way out.
fn add_preset(presets: &glib::KeyFile, name: &str, look: &Look) {
    let add = |property: &str, text: &str| {
        let is_plain = |letter: char| !letter.is_control() && !['\\', '"'].contains(&letter);
        assert!(text.chars().all(is_plain), "{name}: {property}: {text}");
        presets.set_value(name, property, text);
    };
    if let Some(description) = &look.description {
        add("_meta/comment", description);
    }
    // How a stream is processed is left to who processes it.
    let is_of_stream = look.interpolation.is_some()
        || look.dither.is_some()
        || look.adaptation_time.is_some()
        || look.transition_time.is_some();
    assert!(!is_of_stream, "{name}");
    let of_stream = ["interpolation", "dither", "adaptation-time", "transition-time"];
    for (property, value) in look.properties().unwrap() {
        if of_stream.contains(&property) {
            continue;
        }
        match value.get::<Option<String>>() {
            Ok(text) => add(property, text.as_deref().unwrap_or("NULL")),
            Err(_) => add(property, &value.serialize().unwrap()),
        }
    }
}

#[test]
fn every_file_is_shipped_and_says_what_it_does() {
    init();
    let is_look = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "toml");
    let entries = fs::read_dir(root().join("looks")).unwrap().map(|entry| entry.unwrap().path());
    let files: BTreeSet<String> = entries
        .filter(is_look)
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_string())
        .collect();
    let shipped: BTreeSet<String> = SHIPPED.iter().map(|(name, _)| name.to_string()).collect();
    assert_eq!(files, shipped);
    assert!(shipped.len() >= 12);
    for name in shipped {
        let look = Look::find(&name).unwrap();
        assert!(look.description.is_some_and(|text| !text.is_empty()), "{name}");
        assert!(!look.attractors.is_empty(), "{name}");
    }
}

/// A lookup table of automatic size does them justice.
#[test]
fn tables_are_accurate_to_a_code() {
    init();
    for (name, _) in SHIPPED {
        for format in [VideoFormat::Rgba, VideoFormat::I420] {
            let element = common::element(&[("method", "lut")]);
            Look::find(name).unwrap().apply(&element).unwrap();
            let info = common::info(format, 64, 64);
            let mut harness = common::harness(&element, &info);
            harness.push(common::buffer(&info, 0, 0, || 100)).unwrap();
            let stats = element.property::<gst::Structure>("stats");
            let error: f64 = stats.get("lut-error-p999-codes").unwrap();
            assert!(error > 0.0 && error < 1.0, "{name} in {format:?}: {error} codes");
        }
    }
}

#[test]
fn presets_are_the_looks() {
    let path = root().join("looks/GstColorShine.prs");
    let now = presets();
    if std::env::var_os("UPDATE_PRESETS").is_some() {
        fs::write(&path, &now).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), now);
}

#[test]
fn a_preset_sets_the_element_as_its_look_does() {
    init();
    for (name, _) in SHIPPED {
        let by_look = common::element(&[]);
        Look::find(name).unwrap().apply(&by_look).unwrap();
        // What another look had set is gone.
        let by_preset =
            common::element(&[("model", "classic"), ("falloff", "cubic"), ("hue", "false")]);
        let preset = by_preset.dynamic_cast_ref::<gst::Preset>().unwrap();
        preset.load_preset(name).unwrap();
        assert_eq!(
            preset.meta(name, "comment").map(String::from),
            Look::find(name).unwrap().description
        );
        for property in by_look.list_properties().iter().filter(|p| {
            p.owner_type() == by_look.type_() && p.flags().contains(glib::ParamFlags::WRITABLE)
        }) {
            let value =
                |element: &gst::Element| format!("{:?}", element.property_value(property.name()));
            assert_eq!(value(&by_look), value(&by_preset), "{name}: {}", property.name());
        }
    }
}

fn own_properties(element: &gst::Element) -> Vec<glib::ParamSpec> {
    let is_own = |p: &&glib::ParamSpec| {
        p.owner_type() == element.type_() && p.flags().contains(glib::ParamFlags::WRITABLE)
    };
    element.list_properties().iter().filter(is_own).cloned().collect()
}

/// Without any file: `GST_PRESET_PATH` and the current folder have none in this test.
#[test]
fn a_look_by_its_name_sets_what_its_file_says() {
    init();
    for (name, _) in SHIPPED {
        let by_file = common::element(&[]);
        Look::find(name).unwrap().apply(&by_file).unwrap();
        let by_name = common::element(&[("model", "classic"), ("hue", "false"), ("mix", "0.5")]);
        let notified = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let seen = notified.clone();
        by_name.connect_notify(None, move |_, p| seen.lock().unwrap().push(p.name().to_string()));
        by_name.set_property("look", name);
        assert_eq!(by_name.property::<String>("look"), *name);
        // What the look does not name stays.
        assert_eq!(by_name.property::<f64>("mix"), 0.5);
        for property in own_properties(&by_file).iter().map(|p| p.name()) {
            let value = |element: &gst::Element| format!("{:?}", element.property_value(property));
            if !["look", "mix"].contains(&property) {
                assert_eq!(value(&by_file), value(&by_name), "{name}: {property}");
            }
        }
        let notified = notified.lock().unwrap().clone();
        for property in ["look", "attractors", "model", "hue"] {
            assert!(notified.iter().any(|name| name == property), "{property} in {notified:?}");
        }
    }
}

/// What is set after it counts, and then it is no longer the look of that name: an editor that keeps every property
/// in a project, and sets them by name when it reads it, must get back what was on screen.
#[test]
fn a_look_that_is_changed_has_no_name() {
    init();
    let kept = |element: &gst::Element| {
        let properties = own_properties(element);
        let value = |p: &glib::ParamSpec| (p.name().to_string(), element.property_value(p.name()));
        properties.iter().map(value).collect::<std::collections::BTreeMap<_, _>>()
    };
    for changed in [None, Some(("attractors", "red;1;1")), Some(("falloff", "cubic"))] {
        let edited = common::element(&[("look", "plum")]);
        let notified = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let seen = notified.clone();
        edited.connect_notify(Some("look"), move |_, _| {
            seen.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        });
        // These are no part of a look, and this is its own value.
        edited.set_property("mix", 0.5);
        edited.set_property_from_str("model", "smooth");
        assert_eq!(edited.property::<Option<String>>("look").as_deref(), Some("plum"));
        if let Some((name, value)) = changed {
            edited.set_property_from_str(name, value);
            assert_eq!(edited.property::<Option<String>>("look"), None);
        }
        let count = notified.load(std::sync::atomic::Ordering::Relaxed);
        assert_eq!(count, usize::from(changed.is_some()));
        let reopened = common::element(&[]);
        for (name, value) in kept(&edited) {
            reopened.set_property_from_value(&name, &value);
        }
        for ((name, was), is) in kept(&edited).into_iter().zip(kept(&reopened).into_values()) {
            assert_eq!(format!("{was:?}"), format!("{is:?}"), "{changed:?}: {name}");
        }
    }
}

/// A preset sets properties of the element that it is loaded into; another's that are bound to them are set by the
/// way, and not from a preset.
#[test]
fn a_property_bound_to_one_that_a_preset_sets_takes_effect() {
    init();
    let one = common::element(&[("attractors", "red;50;50")]);
    let other = common::element(&[("attractors", "red;50;50")]);
    one.bind_property("attractors", &other, "attractors").build();
    let info = common::info(VideoFormat::Rgba, 16, 16);
    let mut harness = common::harness(&other, &info);
    let mut shown = || {
        let input = common::buffer(&info, 0, 0, || 90);
        common::bytes(&harness.push_and_pull(input).unwrap())
    };
    let before = shown();
    one.dynamic_cast_ref::<gst::Preset>().unwrap().load_preset("plum").unwrap();
    let shown = std::cell::RefCell::new(shown);
    common::wait_until("the preset's attractors", || (shown.borrow_mut())() != before);
}

#[test]
fn a_name_that_is_no_look_is_answered_with_those_that_are() {
    init();
    let line = "videotestsrc num-buffers=1 ! colorshine look=plumm ! fakesink";
    let error = common::run(line).unwrap_err();
    let want =
        ["property look: there is no look \"plumm\"", "known are amber, ", "plum", "teal-dusk"];
    assert!(want.iter().all(|part| error.contains(part)), "{error}");
    for none in [None, Some("")] {
        let element = common::element(&[("attractors", "red;50;50"), ("look", "plumm")]);
        element.set_property("look", none);
        let info = common::info(VideoFormat::Rgba, 16, 16);
        let mut harness = common::harness(&element, &info);
        harness.push(common::buffer(&info, 0, 0, || 100)).unwrap();
        assert_eq!(element.property::<String>("attractors"), "red;50;50");
    }
}

/// Runs a test of this file in a process whose user has a data folder of its own, where presets are saved.
/// False in that process, where the test is to go on.
fn is_left_to_a_process_with_its_own_presets(test: &str) -> bool {
    const MARK: &str = "COLORSHINE_TEST_HAS_OWN_PRESETS";
    if std::env::var_os(MARK).is_some() {
        return false;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut process = std::process::Command::new(std::env::current_exe().unwrap());
    process.args(["--exact", test]).env("XDG_DATA_HOME", folder.path()).env(MARK, "1");
    let output = process.output().unwrap();
    let text =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(output.status.success() && text[0].contains("1 passed"), "{}\n{}", text[0], text[1]);
    true
}

/// What a user saves comes back, whatever is in it, and nothing that is no look comes with it.
#[cfg(unix)]
#[test]
fn a_preset_keeps_the_look_and_nothing_else() {
    use std::os::unix::ffi::OsStrExt;
    if is_left_to_a_process_with_its_own_presets("a_preset_keeps_the_look_and_nothing_else") {
        return;
    }
    init();
    let name = "my look, kept";
    let paths: [&[u8]; 8] = [
        b"dir/a.cube",
        b"dir/a b.cube",
        "dir/\u{e9}\u{65e5}.cube".as_bytes(),
        b"dir/a\"b'c.cube",
        b"dir\\a\\303.cube",
        b"Gr\xf6\xdfe.cube",
        b" ;#=[]%,\t.cube ",
        b"NULL.cube",
    ];
    for path in paths.map(|path| Path::new(std::ffi::OsStr::from_bytes(path))) {
        let text = "oklch(45% 0.13 300);60;80;sh | #ff8a3d;40;60\nteal;3;4";
        let saved = common::element(&[
            ("falloff", "cubic"),
            ("interpolation", "nearest"),
            ("dither", "ordered"),
            ("mix", "0.25"),
            ("split", "0.5"),
            ("method", "lut"),
            ("lut-size", "9"),
            ("backend", "cpu"),
            ("n-threads", "3"),
            ("memory-limit", "77777777"),
            ("adaptation-time", "7"),
            ("transition-time", "8"),
        ]);
        saved.set_property("attractors", text);
        saved.set_property("input-lut", path);
        let preset = saved.dynamic_cast_ref::<gst::Preset>().unwrap();
        preset.save_preset(name).unwrap();
        let loaded = common::element(&[]);
        let defaults = common::element(&[]);
        let by_name = common::element(&[]);
        by_name.set_property("look", name);
        loaded.dynamic_cast_ref::<gst::Preset>().unwrap().load_preset(name).unwrap();
        preset.delete_preset(name).unwrap();
        let kept = [
            "attractors luminance saturation hue model falloff tolerance-reference adaptation-time",
            "gamut-mapping interpolation dither input-lut output-lut transition-time",
        ]
        .join(" ");
        for property in own_properties(&saved).iter().map(|p| p.name()) {
            let value = |element: &gst::Element| format!("{:?}", element.property_value(property));
            let is_kept = kept.split(' ').any(|name| name == property);
            let want = if is_kept { &saved } else { &defaults };
            assert_eq!(value(&loaded), value(want), "{path:?}: {property}");
            if property != "look" {
                assert_eq!(value(&by_name), value(want), "{path:?}: {property}, by name");
            }
        }
        assert_eq!(loaded.property::<String>("attractors"), text);
        assert_eq!(loaded.property::<PathBuf>("input-lut"), path);
    }
}

#[test]
fn the_gallery_shows_every_look() {
    let gallery = fs::read_to_string(root().join("docs/gallery.md")).unwrap();
    for (name, _) in SHIPPED {
        let picture = format!("gallery/{name}.jpg");
        assert!(gallery.contains(&format!("]({picture})")), "{name}");
        assert!(root().join("docs").join(&picture).exists(), "{picture}");
    }
}

#[test]
fn looks_that_cannot_be_used_are_refused_with_the_place() {
    init();
    let refused = |text: &str| Look::parse(text).unwrap_err().to_string();
    let has = |text: &str, wanted: &[&str]| {
        let error = refused(text);
        assert!(wanted.iter().all(|part| error.contains(part)), "{error}");
    };
    has("attractors = [\"teal;40;60\"]\nmodle = \"classic\"", &["line 2", "modle"]);
    has("attractors = [\"teal;40;60\"]\nhue = 1", &["line 2", "boolean"]);
    has("attractors = [\"teal;40;60\", \"teal;140;60\"]", &["item 2", "column 6", "0 to 100"]);
    has("attractors = [\"teal;40;60|red;1;1\"]", &["item 1", "not one attractor"]);
    has("attractors = [\"teal;40;60\"]\nfalloff = \"cosin\"", &["falloff", "cosin", "gaussian"]);
    let error = Look::find("no-such-look").unwrap_err().to_string();
    assert!(error.contains("no-such-look") && error.contains("teal-dusk"), "{error}");
    let error = Look::find("no/such.toml").unwrap_err().to_string();
    assert!(error.contains("no/such.toml"), "{error}");
}

#[test]
fn a_look_survives_its_file() {
    init();
    let folder = tempfile::tempdir().unwrap();
    let text = "attractors = [\"oklch(45% 0.13 300);60;80;sh\"]\nhue = false\nmodel = \"classic\"\n\
                tolerance-reference = \"absolute\"\noutput-lut = \"film.cube\"\n";
    let path = folder.path().join("own.toml");
    fs::write(&path, text).unwrap();
    let look = Look::find(path.to_str().unwrap()).unwrap();
    assert_eq!(look.hue, Some(false));
    assert_eq!(look.output_lut.as_deref(), Some(folder.path().join("film.cube").as_path()));
    assert_eq!(Look::parse(&look.to_toml().unwrap()).unwrap(), look);
    assert_eq!(Look::parse(text).unwrap().output_lut.as_deref(), Some(Path::new("film.cube")));
}
