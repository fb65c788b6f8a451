//! The factory as users see it, against a snapshot.
//!
//! `UPDATE_CONTRACT=1 cargo test --test contract` writes the snapshot anew; what changes in it changes
//! the contract.

mod common;

use std::fmt::Write;
use std::path::Path;

use colorshine_video::formats;
use gst::glib;
use gst::prelude::*;
use gst_video::{VideoFormat, VideoFormatInfo};

fn describe() -> String {
    common::init();
    let mut out = String::new();
    let registry = gst::Registry::get();
    let plugin = registry.find_plugin("colorshine").unwrap();
    let factory = gst::ElementFactory::find("colorshine").unwrap();
    writeln!(out, "plugin {} licence {}", plugin.plugin_name(), plugin.license()).unwrap();
    writeln!(
        out,
        "factory {} klass {} rank {} type {}",
        factory.name(),
        factory.metadata("klass").unwrap(),
        i32::from(factory.rank()),
        factory.element_type().name()
    )
    .unwrap();
    for template in factory.static_pad_templates() {
        writeln!(
            out,
            "pad {} {:?} {}",
            template.name_template(),
            template.presence(),
            template.caps()
        )
        .unwrap();
    }
    let element = factory.create().build().unwrap();
    for interface in &*element.type_().interfaces() {
        writeln!(out, "interface {interface}").unwrap();
    }
    let own: Vec<glib::ParamSpec> = element
        .list_properties()
        .iter()
        .filter(|p| p.owner_type() == element.type_())
        .cloned()
        .collect();
    for property in own {
        writeln!(out, "property {}", describe_property(&element, &property)).unwrap();
    }
    for name in ["export-lut", "reset"] {
        let id = glib::subclass::signal::SignalId::lookup(name, element.type_()).unwrap();
        let query = id.query();
        let parameters: Vec<String> =
            query.param_types().iter().map(|kind| kind.type_().to_string()).collect();
        writeln!(
            out,
            "signal {name} ({}) -> {} {:?}",
            parameters.join(", "),
            query.return_type().type_(),
            query.flags()
        )
        .unwrap();
    }
    out
}

fn describe_property(element: &gst::Element, property: &glib::ParamSpec) -> String {
    let kind = if let Some(p) = property.downcast_ref::<glib::ParamSpecUInt>() {
        format!("uint {}..{}", p.minimum(), p.maximum())
    } else if let Some(p) = property.downcast_ref::<glib::ParamSpecUInt64>() {
        format!("uint64 {}..{}", p.minimum(), p.maximum())
    } else if let Some(p) = property.downcast_ref::<glib::ParamSpecDouble>() {
        format!("double {}..{}", p.minimum(), p.maximum())
    } else if let Some(p) = property.downcast_ref::<glib::ParamSpecEnum>() {
        let nicks: Vec<String> =
            p.enum_class().values().iter().map(|v| format!("{}={}", v.value(), v.nick())).collect();
        format!("{} {{{}}}", property.value_type(), nicks.join(" "))
    } else {
        property.value_type().to_string()
    };
    let default = match property.value_type() {
        t if t == gst::Structure::static_type() => "a structure".to_string(),
        _ => {
            element.property_value(property.name()).serialize().map_or("null".into(), String::from)
        }
    };
    format!("{}: {kind}, default {default}, flags {:?}", property.name(), property.flags())
}

#[test]
fn factory_is_as_agreed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contract.txt");
    let now = describe();
    if std::env::var_os("UPDATE_CONTRACT").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let agreed = std::fs::read_to_string(&path).unwrap();
    for (line, (now, agreed)) in now.lines().zip(agreed.lines()).enumerate() {
        assert_eq!(now, agreed, "line {} of tests/contract.txt", line + 1);
    }
    assert_eq!(now.lines().count(), agreed.lines().count());
}

/// SPEC 6: the names of the statistics.
#[test]
fn stats_have_their_names() {
    let stats = common::element(&[]).property::<gst::Structure>("stats");
    assert_eq!(stats.name(), "application/x-colorshine-stats");
    let names: Vec<&str> = stats.fields().map(|name| name.as_str()).collect();
    let agreed = "frames frames-passthrough backend adapter simd-level method lut-size \
                  lut-error-max-codes lut-error-p999-codes bake-time-ns bakes apply-time-ns \
                  first-frame-time-ns radii coverage lut-cache-memory-hits lut-cache-disk-hits \
                  lut-cache-misses memory-bytes scene-cuts device-lost interpolation";
    assert_eq!(names.join(" "), agreed);
    names.iter().for_each(|name| assert_has_row("docs/stats.md", name));
}

#[test]
fn readme_has_every_property() {
    let element = common::element(&[]);
    for property in element.list_properties().iter() {
        if property.owner_type() == element.type_() {
            assert_has_row("README.md", property.name());
        }
    }
}

/// A table of a document names it in the first column.
fn assert_has_row(document: &str, name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
    let text = std::fs::read_to_string(path).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let quoted = format!("`{name}`");
    let is_there = rows.flat_map(|first| first.split(", ")).any(|named| named == quoted);
    assert!(is_there, "{document} has no row for {name}");
}

/// The README's table of formats: what a row says of each name, which is known where this GStreamer has the format.
#[test]
fn readme_says_what_formats_are() {
    common::init();
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = std::fs::read_to_string(readme).unwrap();
    let mut found = Vec::new();
    let (_, table) = text.split_once("| format | bits | names in caps |\n").unwrap();
    for row in table.lines().skip(1).take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [_, kind, depth, names, _] = cells[..] else {
            panic!("{row}");
        };
        for name in names.split(", ") {
            let format = VideoFormat::from_string(name);
            if format == VideoFormat::Unknown {
                continue;
            }
            let info = VideoFormatInfo::from_format(format);
            let family = match (info.is_rgb(), info.w_sub()[1], info.h_sub()[1]) {
                (true, ..) => "RGB",
                (_, 0, 0) => "Y'CbCr 4:4:4",
                (_, 1, 0) => "Y'CbCr 4:2:2",
                (_, 1, 1) => "Y'CbCr 4:2:0",
                (_, 2, 0) => "Y'CbCr 4:1:1",
                (_, 2, 2) => "Y'CbCr 4:1:0",
                other => panic!("{name}: {other:?}"),
            };
            // Alpha may have a plane of its own.
            let planes = match info.plane()[..3] {
                [0, 0, 0] => "packed",
                [0, 1, 1] => "semi-planar",
                _ => "planar",
            };
            assert_eq!(kind, format!("{family}, {planes}"), "{name}");
            let mut depths = info.depth()[..3].to_vec();
            depths.sort();
            depths.dedup();
            let depths: Vec<String> = depths.iter().map(u32::to_string).collect();
            assert_eq!(depth, depths.join(" and "), "{name}");
            found.push(format);
        }
    }
    let mut known: Vec<VideoFormat> = formats().collect();
    found.sort();
    known.sort();
    assert_eq!(found, known);
}
