//! The tools, run as programs on pictures and clips made here.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use common::Random;
#[cfg(unix)]
use common::tools::outcome;
use common::tools::{TIMEOUT, assert_same, fails, folder, open, photograph, run, tool, unfinished};
use gst::prelude::*;
use gst_video::VideoFormat;
use image::{Rgb, RgbImage};

/// Writes a PNG of any kind, with a colour profile and EXIF.
fn write_png(
    path: &Path,
    [width, height]: [u32; 2],
    color: png::ColorType,
    depth: png::BitDepth,
    codes: &[u8],
) {
    let mut info = png::Info::with_size(width, height);
    info.color_type = color;
    info.bit_depth = depth;
    info.icc_profile = Some(PROFILE.into());
    info.exif_metadata = Some(EXIF.into());
    let file = fs::File::create(path).unwrap();
    let mut writer = png::Encoder::with_info(file, info).unwrap().write_header().unwrap();
    writer.write_image_data(codes).unwrap();
    writer.finish().unwrap();
}

/// Stands for a colour profile: it is passed on as it is.
const PROFILE: &[u8] = b"a profile of sRGB";

/// The smallest EXIF data: a TIFF header, and orientation 6 in its only entry.
const EXIF: &[u8] = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";

const LOOKS: [&[&str]; 4] = [
    &["teal;40;60", "orange;40;80;sh", "--luminance=false"],
    &["teal;40;60", "red;30;50", "--tolerance-reference", "frame"],
    // A step at the radius: every pixel's distance counts.
    &["blue;50;170", "red;30;40", "--imgcolorshine"],
    // Measured behind the table.
    &["teal;40;60", "--tolerance-reference", "frame", "--input-lut", "swap.cube"],
];

/// Red and blue change places.
const SWAP: &str = "LUT_3D_SIZE 2\n0 0 0\n0 0 1\n0 1 0\n0 1 1\n1 0 0\n1 0 1\n1 1 0\n1 1 1\n";

#[test]
fn shine_does_the_same_in_bands_as_in_one_piece() {
    let folder = folder();
    photograph(61, 153).save(folder.path().join("in.png")).unwrap();
    photograph(67, 150).save(folder.path().join("in.jpg")).unwrap();
    fs::write(folder.path().join("swap.cube"), SWAP).unwrap();
    let text = "attractors = [\"teal;40;60\"]\ndither = \"blue-noise\"";
    fs::write(folder.path().join("dithered.toml"), text).unwrap();
    for look in LOOKS.into_iter().chain([&["--look", "dithered.toml"][..]]) {
        for ending in ["png", "jpg"] {
            let input = format!("in.{ending}");
            let [one, bands] = ["one", "bands"].map(|name| format!("{name}.{ending}"));
            let shine = |to: &str, rows: &str| {
                run("shine", &folder, &[&[&input, to, "--band-rows", rows], look].concat())
            };
            shine(&one, "153");
            shine(&bands, "7");
            assert_same(&folder, &one, &bands);
        }
        assert_ne!(open(&folder, "one.png"), open(&folder, "in.png"));
    }
}

/// `method=exact` on the whole picture, as a frame.
#[test]
fn shine_does_what_the_element_does() {
    let folder = folder();
    let picture = photograph(64, 48);
    picture.save(folder.path().join("in.png")).unwrap();
    let lut = folder.path().join("swap.cube");
    fs::write(&lut, SWAP).unwrap();
    let frame = [("tolerance-reference", "frame"), ("adaptation-time", "0"), ("method", "exact")];
    let classic = [("attractors", "blue;50;170 | red;30;40"), ("model", "classic")];
    let behind = [("attractors", "teal;40;60"), ("input-lut", lut.to_str().unwrap())];
    let info = common::info(VideoFormat::Rgb, 64, 48);
    for (properties, look) in [(classic, LOOKS[2]), (behind, LOOKS[3])] {
        let element = common::element(&[&frame[..], &properties].concat());
        let mut harness = common::harness(&element, &info);
        let mut codes = picture.as_raw().iter();
        let frame = common::buffer(&info, 0, 0, || *codes.next().unwrap());
        let frame = harness.push_and_pull(frame).unwrap();
        run("shine", &folder, &[&["in.png", "out.png", "--band-rows", "5"], look].concat());
        assert_eq!(open(&folder, "out.png").into_rgb8().into_raw(), common::bytes(&frame));
    }
}

#[test]
fn shine_keeps_depth_alpha_profile_and_exif() {
    use png::{BitDepth, ColorType};
    let folder = folder();
    let kinds = [
        ("grey", ColorType::Grayscale, BitDepth::Eight, 1, ColorType::Rgb),
        ("grey16-alpha", ColorType::GrayscaleAlpha, BitDepth::Sixteen, 4, ColorType::Rgba),
        ("rgb16", ColorType::Rgb, BitDepth::Sixteen, 6, ColorType::Rgb),
        ("rgba", ColorType::Rgba, BitDepth::Eight, 4, ColorType::Rgba),
        ("rgba16", ColorType::Rgba, BitDepth::Sixteen, 8, ColorType::Rgba),
    ];
    let size = [19, 11];
    let mut random = Random::new(7);
    for (name, color, depth, pixel, wanted) in kinds {
        let codes: Vec<u8> = (0..size[0] * size[1] * pixel).map(|_| random.next() as u8).collect();
        let input = format!("{name}.png");
        write_png(&folder.path().join(&input), size, color, depth, &codes);
        run(
            "shine",
            &folder,
            &[&input, "out.png", "oklch(60% 0.1 200);100;70", "--band-rows", "4"],
        );
        let file = fs::File::open(folder.path().join("out.png")).unwrap();
        let reader = png::Decoder::new(std::io::BufReader::new(file)).read_info().unwrap();
        let info = reader.info();
        assert_eq!((info.color_type, info.bit_depth), (wanted, depth), "{name}");
        assert_eq!(info.icc_profile.as_deref(), Some(PROFILE), "{name}");
        assert_eq!(info.exif_metadata.as_deref(), Some(EXIF), "{name}");
        let (before, after) = (open(&folder, &input), open(&folder, "out.png"));
        let alpha = |picture: &image::DynamicImage| {
            picture.to_rgba16().pixels().map(|pixel| pixel.0[3]).collect::<Vec<_>>()
        };
        assert_eq!(alpha(&before), alpha(&after), "{name}");
        assert_ne!(before.to_rgba16(), after.to_rgba16(), "{name}");
    }
    // From PNG to JPEG and back.
    run("shine", &folder, &["rgb16.png", "out.jpg", "teal;40;60"]);
    run("shine", &folder, &["out.jpg", "again.png", "teal;40;60"]);
    let file = fs::File::open(folder.path().join("again.png")).unwrap();
    let reader = png::Decoder::new(std::io::BufReader::new(file)).read_info().unwrap();
    assert_eq!(reader.info().icc_profile.as_deref(), Some(PROFILE));
    assert_eq!(reader.info().exif_metadata.as_deref(), Some(EXIF));
}

#[test]
fn shine_takes_palettes_of_a_few_bits() {
    let folder = folder();
    // Four colours in two bits each, 8 pixels a row.
    let colours: [[u8; 3]; 4] = [[200, 30, 40], [30, 160, 170], [128, 128, 128], [250, 240, 220]];
    let file = fs::File::create(folder.path().join("palette.png")).unwrap();
    let mut encoder = png::Encoder::new(file, 8, 2);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Two);
    encoder.set_palette(colours.as_flattened());
    let rows = [0b0001_1011, 0b1110_0100];
    encoder.write_header().unwrap().write_image_data(&rows.repeat(2)).unwrap();
    let plain = RgbImage::from_fn(8, 2, |x, _| {
        let index = rows[(x as usize / 4) % 2] >> (6 - 2 * (x % 4)) & 3;
        Rgb(colours[index as usize])
    });
    plain.save(folder.path().join("plain.png")).unwrap();
    run("shine", &folder, &["palette.png", "a.png", "teal;60;90"]);
    run("shine", &folder, &["plain.png", "b.png", "teal;60;90"]);
    assert_eq!(open(&folder, "a.png"), open(&folder, "b.png"));
    assert_ne!(open(&folder, "a.png").into_rgb8(), plain);
}

#[test]
fn shine_does_many_pictures_and_says_which_failed() {
    let folder = folder();
    for (name, width) in [("a.png", 20), ("b.jpg", 24), ("c.png", 28)] {
        photograph(width, 10).save(folder.path().join(name)).unwrap();
    }
    let pictures = ["a.png", "b.jpg", "c.png"];
    run("shine", &folder, &[&pictures[..], &["teal;40;60", "--output-dir", "out"]].concat());
    for name in pictures {
        run("shine", &folder, &[name, &format!("one-{name}"), "teal;40;60"]);
        assert_same(&folder, &format!("one-{name}"), &format!("out/{name}"));
    }
    fs::write(folder.path().join("b.jpg"), "no picture").unwrap();
    let pictures = ["b.jpg", "c.png"];
    let errors =
        fails("shine", &folder, &[&pictures[..], &["red;40;60", "--output-dir", "again"]].concat());
    assert!(errors.contains("b.jpg") && errors.contains("1 of 2"), "{errors}");
    assert!(folder.path().join("again/c.png").exists());
    assert!(!folder.path().join("again/b.jpg").exists());
}

#[test]
fn shine_has_the_shape_of_imgcolorshine() {
    let folder = folder();
    photograph(20, 10).save(folder.path().join("in.png")).unwrap();
    run(
        "shine",
        &folder,
        &["in.png", "one.png", "blue;50;70", "--saturation=false", "--hue=false"],
    );
    let arguments =
        ["in.png", "blue;50;70", "--output_image=two.png", "--saturation=False", "--hue=False"];
    run("shine", &folder, &arguments);
    assert_same(&folder, "one.png", "two.png");
}

#[test]
fn shine_refuses_what_it_cannot_do_and_leaves_files_alone() {
    let folder = folder();
    photograph(20, 10).save(folder.path().join("in.png")).unwrap();
    photograph(40, 30).save(folder.path().join("whole.jpg")).unwrap();
    for name in ["in.png", "whole.jpg"] {
        let bytes = fs::read(folder.path().join(name)).unwrap();
        fs::write(folder.path().join(format!("cut-{name}")), &bytes[..bytes.len() / 2]).unwrap();
    }
    image::RgbaImage::from_pixel(4, 4, image::Rgba([9, 9, 9, 100]))
        .save(folder.path().join("clear.png"))
        .unwrap();
    fs::write(folder.path().join("out.png"), "of value").unwrap();
    fs::write(folder.path().join("out.jpg"), "of value").unwrap();
    let cases: [(&[&str], &str); 12] = [
        (&["in.png", "out.png"], "nothing to do"),
        (&["in.png", "teal;40;60"], "one to read and one to write"),
        (&["in.png", "out.png", "teal;140;60"], "tolerance 140 is out of range"),
        (&["in.png", "out.png", "teal;40;60", "--model", "smoth"], "smooth, classic"),
        (&["in.png", "out.png", "--look", "tael"], "teal-dusk"),
        (&["in.png", "out.png", "--look", "own.toml"], "own.toml"),
        (&["absent.png", "out.png", "teal;40;60"], "absent.png"),
        (&["cut-in.png", "out.png", "teal;40;60"], "cut-in.png"),
        (&["cut-whole.jpg", "out.png", "teal;40;60"], "cut-whole.jpg"),
        (&["in.png", "in.png", "teal;40;60"], "overwritten by itself"),
        (&["in.png", "out.tif", "teal;40;60"], ".png or .jpg"),
        (&["clear.png", "out.jpg", "teal;40;60"], "JPEG cannot hold"),
    ];
    for (arguments, wanted) in cases {
        let errors = fails("shine", &folder, arguments);
        assert!(errors.contains(wanted), "{arguments:?}: {errors}");
        for name in ["out.png", "out.jpg"] {
            assert_eq!(fs::read(folder.path().join(name)).unwrap(), b"of value", "{arguments:?}");
        }
    }
}

/// 18 nodes lie 15 codes apart, so that these colours are nodes.
#[test]
fn a_cube_has_what_shine_makes_of_its_nodes() {
    let folder = folder();
    let look = ["oklch(60% 0.1 200);60;70", "red;40;80;h"];
    run("bake", &folder, &[&["look.cube", "--size", "18"][..], &look].concat());
    let text = fs::read_to_string(folder.path().join("look.cube")).unwrap();
    let is_value = |line: &&str| line.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    let entries: Vec<Vec<f64>> = text
        .lines()
        .filter(is_value)
        .map(|line| line.split(' ').map(|value| value.parse().unwrap()).collect())
        .collect();
    assert_eq!(entries.len(), 18 * 18 * 18);
    let nodes =
        RgbImage::from_fn(18 * 18, 18, |x, y| Rgb([x % 18, x / 18, y].map(|i| i as u8 * 15)));
    nodes.save(folder.path().join("nodes.png")).unwrap();
    run("shine", &folder, &[&["nodes.png", "out.png"], &look[..]].concat());
    let out = open(&folder, "out.png").into_rgb8();
    for (index, entry) in entries.iter().enumerate() {
        let (x, y) = (index as u32 % 324, index as u32 / 324);
        for (value, code) in entry.iter().zip(out.get_pixel(x, y).0) {
            // Half a code of rounding, and what bakes and the model may differ by.
            assert!((value * 255.0 - f64::from(code)).abs() < 0.55, "{index}: {entry:?} {code}");
        }
    }
}

#[test]
fn a_hald_picture_has_what_shine_makes_of_a_neutral_one() {
    let folder = folder();
    let look = ["oklch(60% 0.1 200);60;70", "red;40;80;h"];
    run("bake", &folder, &[&["hald.png", "--level", "2"][..], &look].concat());
    // Red is fastest, four nodes an axis, in rows of eight.
    let neutral = RgbImage::from_fn(8, 8, |x, y| {
        let index = y * 8 + x;
        Rgb([index % 4, index / 4 % 4, index / 16].map(|i| i as u8 * 85))
    });
    neutral.save(folder.path().join("neutral.png")).unwrap();
    run("shine", &folder, &[&["neutral.png", "out.png"], &look[..]].concat());
    let hald = open(&folder, "hald.png");
    assert_eq!(hald.color(), image::ColorType::Rgb16);
    let (hald, out) = (hald.into_rgb16(), open(&folder, "out.png").into_rgb8());
    assert_eq!(hald.dimensions(), (8, 8));
    for (deep, code) in hald.as_raw().iter().zip(out.as_raw()) {
        let deep = f64::from(*deep) / 257.0;
        assert!((deep - f64::from(*code)).abs() < 0.55, "{deep} {code}");
    }
    assert_ne!(out, neutral);
}

/// Whatever a path has in it that GStreamer would escape, or take for an escape.
#[cfg(unix)]
#[test]
fn a_preset_keeps_the_paths_of_its_tables() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let folder = folder();
    photograph(20, 10).save(folder.path().join("in.png")).unwrap();
    let names: [&[u8]; 7] = [
        br"we\ird.cube",
        br"x\134y.cube",
        b"Gr\xf6\xdfe.cube",
        b"two\nmix=0.cube",
        b" \"a\" 'b' ;#=[]%,|\t.cube",
        "\u{e9}\u{65e5}.cube".as_bytes(),
        b"NULL",
    ];
    for name in names.map(OsStr::from_bytes) {
        fs::write(folder.path().join(name), SWAP).unwrap();
        let [input, option, look, kept] =
            ["in.png", "--output-lut", "--look", "kept"].map(OsStr::new);
        let [preset, given, by_preset] =
            ["preset:kept", "given.png", "by-preset.png"].map(OsStr::new);
        for (tool, arguments) in [
            ("shine", &[input, given, option, name][..]),
            ("bake", &[preset, option, name]),
            ("shine", &[input, by_preset, look, kept]),
        ] {
            let output = outcome(tool, &folder, arguments);
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{tool} {arguments:?}: {errors}");
        }
        assert_same(&folder, "given.png", "by-preset.png");
        fs::remove_file(folder.path().join(name)).unwrap();
    }
}

/// What the element saves that the command line has no option for.
#[test]
fn nothing_of_a_preset_is_lost_on_its_way_through_a_file() {
    let folder = folder();
    let text = "attractors = [\"oklch(60% 0.1 200);60;70\"]\nluminance = false\nsaturation = true\n\
                hue = false\nmodel = \"classic\"\nfalloff = \"cubic\"\ntolerance-reference = \"frame\"\n\
                gamut-mapping = \"clip\"\ninterpolation = \"nearest\"\ndither = \"ordered\"\n\
                adaptation-time = 7\ntransition-time = 8\n";
    fs::write(folder.path().join("own.toml"), text).unwrap();
    run("bake", &folder, &["preset:mine", "--look", "own.toml"]);
    run("bake", &folder, &["kept.toml", "--look", "mine"]);
    assert_eq!(fs::read_to_string(folder.path().join("kept.toml")).unwrap(), text);
    for (wrong, why) in [
        ("interpolation = \"tri\"", "tetrahedral, trilinear, nearest"),
        ("adaptation-time = -1", "own.toml"),
    ] {
        let text = format!("attractors = [\"teal;40;60\"]\n{wrong}\n");
        fs::write(folder.path().join("own.toml"), text).unwrap();
        assert!(fails("bake", &folder, &["more.toml", "--look", "own.toml"]).contains(why));
    }
}

#[test]
fn a_look_can_be_kept_as_a_file_and_as_a_preset() {
    let folder = folder();
    photograph(20, 10).save(folder.path().join("in.png")).unwrap();
    let look = ["oklch(60% 0.1 200);60;70", "--saturation=false", "--falloff", "linear"];
    run("shine", &folder, &[&["in.png", "given.png"], &look[..]].concat());
    run("bake", &folder, &[&["own.toml", "--description", "Mine"], &look[..]].concat());
    run("shine", &folder, &["in.png", "file.png", "--look", "own.toml"]);
    run("bake", &folder, &["preset:my own", "--look", "own.toml"]);
    run("bake", &folder, &["preset:other", "red;40;60"]);
    // A path is kept for use from another folder.
    fs::create_dir(folder.path().join("sub")).unwrap();
    fs::write(folder.path().join("swap film.cube"), SWAP).unwrap();
    run("bake", &folder, &["sub/film.toml", "--input-lut", "swap film.cube"]);
    run("bake", &folder, &["preset:film", "--look", "sub/film.toml"]);
    run("shine", &folder, &["in.png", "film.png", "--input-lut", "swap film.cube"]);
    for name in ["sub/film.toml", "film"] {
        run("shine", &folder, &["in.png", "kept.png", "--look", name]);
        assert_same(&folder, "film.png", "kept.png");
    }
    run("shine", &folder, &["in.png", "preset.png", "--look", "my own"]);
    run("shine", &folder, &["in.png", "two.png", "teal;40;60", "red;30;50;s"]);
    run("shine", &folder, &["in.png", "joined.png", "teal;40;60 | red;30;50;s"]);
    assert_same(&folder, "two.png", "joined.png");
    assert_same(&folder, "given.png", "file.png");
    assert_same(&folder, "given.png", "preset.png");
    assert_ne!(open(&folder, "given.png"), open(&folder, "in.png"));
    run("shine", &folder, &["in.png", "changed.png", "--look", "my own", "--saturation=true"]);
    assert_ne!(open(&folder, "given.png"), open(&folder, "changed.png"));
}

#[test]
fn bake_refuses_what_no_table_can_hold() {
    let folder = folder();
    for name in ["a.cube", "a.png"] {
        let arguments = [name, "teal;40;60", "--tolerance-reference", "frame"];
        let errors = fails("bake", &folder, &arguments);
        assert!(errors.contains("gamut or absolute"), "{errors}");
    }
    assert!(fails("bake", &folder, &["a.3dl", "teal;40;60"]).contains(".cube"));
    assert!(fails("bake", &folder, &["preset:_a", "teal;40;60"]).contains("_a"));
    assert!(fails("bake", &folder, &["no/folder.cube", "teal;40;60"]).contains("no/folder.cube"));
    assert!(!folder.path().join("a.cube").exists());
}

#[test]
fn a_contact_sheet_has_a_tile_for_each_look() {
    let folder = folder();
    let picture = photograph(40, 20);
    picture.save(folder.path().join("in.png")).unwrap();
    let looks = ["--look", "plum", "--look", "amber"];
    let size = ["--width", "40", "--columns", "2", "--plain"];
    run("contact-sheet", &folder, &[&["in.png", "sheet.png"], &looks[..], &size].concat());
    let sheet = open(&folder, "sheet.png").into_rgb8();
    let gap = 6;
    assert_eq!(sheet.dimensions(), (3 * gap + 2 * 40, 3 * gap + 2 * 20));
    let tile = |x: u32, y: u32| {
        image::imageops::crop_imm(&sheet, gap + x * (40 + gap), gap + y * (20 + gap), 40, 20)
            .to_image()
    };
    assert_eq!(tile(0, 0), picture);
    for (name, [x, y]) in [("plum", [1, 0]), ("amber", [0, 1])] {
        run("shine", &folder, &["in.png", "out.png", "--look", name]);
        assert_eq!(tile(x, y), open(&folder, "out.png").into_rgb8(), "{name}");
    }
    // All looks, with their names below.
    run("contact-sheet", &folder, &["in.png", "all.jpg", "--width", "40"]);
    assert_eq!(open(&folder, "all.jpg").width(), gap + 4 * (40 + gap));
    assert!(fails("contact-sheet", &folder, &["absent.mp4", "a.png"]).contains("absent.mp4"));
    assert!(fails("contact-sheet", &folder, &["in.png", "a.gif"]).contains(".png or .jpg"));
}

fn demo_clip() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/media/demo.mp4")
}

#[test]
fn a_contact_sheet_shows_a_clip_at_a_time() {
    let folder = folder();
    let clip = demo_clip();
    let clip = clip.to_str().unwrap();
    for (name, at) in [("start.png", "0"), ("later.png", "5.5")] {
        run("contact-sheet", &folder, &[clip, name, "--look", "plum", "--width", "64", "--at", at]);
    }
    assert_ne!(open(&folder, "start.png"), open(&folder, "later.png"));
    assert!(
        fails("contact-sheet", &folder, &[clip, "a.png", "--at", "60"]).contains("no frame at")
    );
}

/// Buffers of pictures and of sound in a file, as it is decoded.
fn count(path: &Path) -> [u32; 2] {
    common::init();
    let line = format!("filesrc location={} ! decodebin name=decoder", path.display());
    let pipeline = gst::parse::launch(&line).unwrap();
    let bin = pipeline.downcast_ref::<gst::Bin>().unwrap();
    let counts = Arc::new([AtomicU32::new(0), AtomicU32::new(0)]);
    let (weak, counted) = (bin.downgrade(), counts.clone());
    bin.by_name("decoder").unwrap().connect_pad_added(move |_, pad| {
        let is_sound = pad.current_caps().unwrap().structure(0).unwrap().name() == "audio/x-raw";
        let sink = gst::ElementFactory::make("fakesink").build().unwrap();
        weak.upgrade().unwrap().add(&sink).unwrap();
        sink.sync_state_with_parent().unwrap();
        let counted = counted.clone();
        pad.add_probe(gst::PadProbeType::BUFFER, move |_, _| {
            counted[usize::from(is_sound)].fetch_add(1, Ordering::Relaxed);
            gst::PadProbeReturn::Ok
        });
        pad.link(&sink.static_pad("sink").unwrap()).unwrap();
    });
    common::run_pipeline(&pipeline).unwrap();
    counts.each_ref().map(|count| count.load(Ordering::Relaxed))
}

#[test]
fn transcode_keeps_frames_and_sound() {
    let folder = folder();
    let path = folder.path().join("in.mkv");
    common::run(&format!(
        "videotestsrc num-buffers=30 ! video/x-raw,width=64,height=48,framerate=25/1 ! x264enc ! mux. \
         audiotestsrc num-buffers=40 ! audioconvert ! flacenc ! mux. \
         matroskamux name=mux ! filesink location={}",
        path.display()
    ))
    .unwrap();
    for (output, picture, at) in [("out.mp4", "first.png", "0"), ("out.mkv", "both.png", "1")] {
        let arguments = ["in.mkv", output, "teal;60;90", "--picture", picture, "--at", at];
        let report = run("transcode", &folder, &[&arguments[..], &["--backend", "cpu"]].concat());
        assert!(report.starts_with("attractors              teal;60;90\n"), "{report}");
        for line in ["speed", "frames                  30", "lut-error-p999-codes", "apply-time"] {
            assert!(report.contains(line), "{line} is not in\n{report}");
        }
        let [frames, sounds] = count(&folder.path().join(output));
        assert_eq!(frames, 30);
        assert!(sounds > 0);
        // As it was, where the file can hold it; AAC has blocks of its own.
        let is_kept = output == "out.mkv";
        assert_eq!(sounds == count(&path)[1], is_kept, "{output}: {sounds}");
    }
    let both = open(&folder, "both.png").into_rgb8();
    assert_ne!(both, open(&folder, "first.png").into_rgb8());
    assert_eq!(both.dimensions(), (128, 48));
    let half = |x| image::imageops::crop_imm(&both, x, 0, 64, 48).to_image();
    assert_ne!(half(0), half(64));
}

#[test]
fn transcode_refuses_what_it_cannot_do_and_leaves_files_alone() {
    let folder = folder();
    fs::write(folder.path().join("text.mp4"), "no clip at all, just some words\n".repeat(99))
        .unwrap();
    fs::write(folder.path().join("out.mp4"), "of value").unwrap();
    let clip = demo_clip();
    let clip = clip.to_str().unwrap();
    let cases: [(&[&str], &str); 5] = [
        (&["text.mp4", "out.mp4", "teal;40;60"], "text"),
        (&["absent.mp4", "out.mp4", "teal;40;60"], "absent.mp4"),
        (&[clip, "out.avi", "teal;40;60"], ".mkv"),
        (&[clip, "out.mp4"], "nothing to do"),
        (&[clip, clip, "teal;40;60"], "overwritten by itself"),
    ];
    for (arguments, wanted) in cases {
        let errors = fails("transcode", &folder, arguments);
        assert!(errors.contains(wanted), "{arguments:?}: {errors}");
        assert_eq!(fs::read(folder.path().join("out.mp4")).unwrap(), b"of value");
    }
}

#[test]
fn transcode_finishes_the_file_on_interruption() {
    let folder = folder();
    let output = folder.path().join("out.mkv");
    let mut child = tool("transcode")
        .current_dir(folder.path())
        .env("XDG_CACHE_HOME", folder.path())
        .args([demo_clip().to_str().unwrap(), "out.mkv", "teal;40;60", "--quantizer", "1"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    let begun = || unfinished(folder.path()).and_then(|file| fs::metadata(file).ok());
    while begun().is_none_or(|file| file.len() == 0) {
        assert!(start.elapsed() < TIMEOUT, "the file is not begun");
        sleep(Duration::from_millis(2));
    }
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    while child.try_wait().unwrap().is_none() {
        assert!(start.elapsed() < TIMEOUT, "it does not end");
        sleep(Duration::from_millis(10));
    }
    assert!(!child.wait().unwrap().success());
    assert_eq!(unfinished(folder.path()), None);
    let [frames, _] = count(&output);
    assert!((1..150).contains(&frames), "{frames}");
}
