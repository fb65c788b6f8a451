//! The tools for photographs, on what people's files and folders have in them.

mod common;

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::chunks::{chunks, segment_bytes, segments, with_chunks};
use common::jpeg::{Jpeg, Scans};
use common::tools::{fails, folder, open, outcome, photograph, run, tool, unfinished};
use common::wait_until;
use moxcms::ColorProfile;

/// All files of a folder, with what is in them.
fn contents(folder: &tempfile::TempDir) -> Vec<(std::ffi::OsString, Vec<u8>)> {
    let files = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap());
    let files = files.filter(|file| file.path().is_file());
    let mut files: Vec<_> =
        files.map(|file| (file.file_name(), fs::read(file.path()).unwrap())).collect();
    files.sort();
    files
}

#[test]
fn a_file_named_as_the_output_with_part_stays() {
    let folder = folder();
    let picture = photograph(20, 10);
    picture.save(folder.path().join("in.png")).unwrap();
    // The picture itself may have that name, and so may any other file.
    fs::copy(folder.path().join("in.png"), folder.path().join("out.png.part")).unwrap();
    for name in ["sheet.png.part", "look.toml.part", "hald.png.part", "clip.mkv.part"] {
        fs::write(folder.path().join(name), "of value").unwrap();
    }
    let before = contents(&folder);
    run("shine", &folder, &["out.png.part", "out.png", "teal;40;60"]);
    run("contact-sheet", &folder, &["in.png", "sheet.png", "--look", "plum", "--width", "32"]);
    run("bake", &folder, &["look.toml", "teal;40;60"]);
    run("bake", &folder, &["hald.png", "teal;40;60", "--level", "2"]);
    let clip = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/media/demo.mp4");
    run("transcode", &folder, &[clip, "clip.mkv", "teal;40;60", "--backend", "cpu"]);
    fails("shine", &folder, &["absent.png", "out.png", "teal;40;60"]);
    let after = contents(&folder);
    assert!(before.iter().all(|file| after.contains(file)));
    assert_ne!(open(&folder, "out.png").into_rgb8(), picture);
}

#[test]
fn an_interrupted_picture_leaves_nothing_and_the_old_one_as_it_was() {
    let folder = folder();
    photograph(3000, 2000).save(folder.path().join("in.png")).unwrap();
    fs::write(folder.path().join("out.png"), "of value").unwrap();
    let before = contents(&folder);
    for signal in ["-INT", "-TERM"] {
        let mut child = tool("shine")
            .current_dir(folder.path())
            .args(["in.png", "out.png", "teal;40;60", "--band-rows", "1"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_until("begun", || unfinished(folder.path()).is_some());
        let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let mut waited = 0;
        while child.try_wait().unwrap().is_none() {
            assert!(waited < 60_000, "it does not end");
            std::thread::sleep(Duration::from_millis(10));
            waited += 10;
        }
        assert!(!child.wait().unwrap().success());
        assert_eq!(contents(&folder), before);
    }
}

/// The element has a file of its own while it writes a table.
#[cfg(unix)]
#[test]
fn an_interrupted_table_leaves_nothing_and_the_old_one_as_it_was() {
    let folder = folder();
    fs::write(folder.path().join("look.cube"), "of value").unwrap();
    let before = contents(&folder);
    let mut child = tool("bake")
        .current_dir(folder.path())
        .env("XDG_CACHE_HOME", folder.path())
        .args(["look.cube", "teal;40;60", "--size", "129"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("begun", || {
        let begun = unfinished(folder.path()).and_then(|begun| fs::read_dir(begun).ok());
        begun.is_some_and(|mut begun| begun.next().is_some())
    });
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(unfinished(folder.path()), None);
    assert_eq!(contents(&folder), before);
}

/// `nohup` has a program go on when its terminal is closed.
#[cfg(target_os = "linux")]
#[test]
fn a_hang_up_that_is_ignored_stays_ignored() {
    let folder = folder();
    photograph(1500, 1000).save(folder.path().join("in.png")).unwrap();
    let path = tool("shine").get_program().to_owned();
    for (prefix, goes_on) in [("trap '' HUP; ", true), ("trap - HUP; ", false)] {
        let mut child = Command::new("sh")
            .current_dir(folder.path())
            .args(["-c", &format!("{prefix}exec \"$0\" in.png out.png 'teal;40;60' --band-rows 1")])
            .arg(&path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_until("begun", || unfinished(folder.path()).is_some());
        Command::new("kill").args(["-HUP", &child.id().to_string()]).status().unwrap();
        assert_eq!(child.wait().unwrap().success(), goes_on, "{prefix}");
        assert_eq!(folder.path().join("out.png").exists(), goes_on, "{prefix}");
        assert_eq!(unfinished(folder.path()), None);
        let _ = fs::remove_file(folder.path().join("out.png"));
    }
}

/// Links lead to a file, whose permissions stay; what is not to be written is not.
#[cfg(unix)]
#[test]
fn links_are_followed_and_permissions_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    photograph(20, 10).save(path("in.png")).unwrap();
    let mode = |name: &str| fs::metadata(path(name)).unwrap().permissions().mode() & 0o7777;
    let set = |name: &str, mode| {
        fs::set_permissions(path(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    fs::create_dir(path("other")).unwrap();
    fs::write(path("other/target.png"), "old").unwrap();
    set("other/target.png", 0o640);
    symlink("other/target.png", path("link.png")).unwrap();
    symlink("other/new.png", path("dangling.png")).unwrap();
    for name in ["link.png", "dangling.png"] {
        run("shine", &folder, &["in.png", name, "teal;40;60"]);
        assert!(fs::symlink_metadata(path(name)).unwrap().is_symlink(), "{name}");
    }
    assert_eq!(mode("other/target.png"), 0o640);
    assert_eq!(open(&folder, "other/target.png"), open(&folder, "other/new.png"));
    // A new file has the permissions of any other.
    fs::write(path("plain"), "").unwrap();
    assert_eq!(mode("other/new.png"), mode("plain"));

    fs::write(path("kept.png"), "of value").unwrap();
    set("kept.png", 0o444);
    for (tool, arguments) in [
        ("shine", &["in.png", "kept.png", "teal;40;60"][..]),
        ("bake", &["kept.png", "teal;40;60"]),
        ("contact-sheet", &["in.png", "kept.png"]),
    ] {
        assert!(fails(tool, &folder, arguments).contains("kept.png: it is read-only"));
    }
    assert_eq!(fs::read(path("kept.png")).unwrap(), b"of value");
    assert_eq!(mode("kept.png"), 0o444);
}

#[test]
fn no_picture_replaces_one_that_is_read() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    photograph(20, 10).save(path("own.jpg")).unwrap();
    photograph(22, 10).save(path("other.jpg")).unwrap();
    fs::hard_link(path("own.jpg"), path("hard.jpg")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("own.jpg", path("soft.jpg")).unwrap();
    #[cfg(not(unix))]
    fs::hard_link(path("own.jpg"), path("soft.jpg")).unwrap();
    fs::create_dir(path("to")).unwrap();
    fs::hard_link(path("other.jpg"), path("to/own.jpg")).unwrap();
    fs::write(
        path("own.cube"),
        "LUT_3D_SIZE 2\n0 0 0\n0 0 1\n0 1 0\n0 1 1\n1 0 0\n1 0 1\n1 1 0\n1 1 1\n",
    )
    .unwrap();
    run("bake", &folder, &["own.toml", "teal;40;60", "--input-lut", "own.cube"]);
    let before = contents(&folder);
    let cases: [(&str, &[&str]); 10] = [
        ("contact-sheet", &["own.jpg", "own.jpg"]),
        ("contact-sheet", &["own.jpg", "hard.jpg"]),
        ("contact-sheet", &["soft.jpg", "own.jpg"]),
        ("shine", &["own.jpg", "hard.jpg", "teal;40;60"]),
        ("shine", &["own.jpg", "soft.jpg", "teal;40;60"]),
        // What one picture becomes would be another's file.
        ("shine", &["own.jpg", "other.jpg", "--output-dir", "to", "teal;40;60"]),
        ("shine", &["own.jpg", "--output-dir", ".", "teal;40;60"]),
        ("bake", &["own.toml", "--look", "own.toml", "red;30;40"]),
        ("bake", &["own.cube", "--look", "own.toml"]),
        ("bake", &["own.cube", "--output-lut", "own.cube"]),
    ];
    for (tool, arguments) in cases {
        let errors = fails(tool, &folder, arguments);
        assert!(errors.contains("would be overwritten"), "{tool} {arguments:?}: {errors}");
        assert_eq!(contents(&folder), before, "{tool} {arguments:?}");
    }
}

/// Neither is read or written as a file.
#[cfg(unix)]
#[test]
fn pipes_and_folders_are_refused_in_words() {
    let folder = folder();
    photograph(20, 10).save(folder.path().join("in.png")).unwrap();
    for name in ["pipe.png", "pipe.toml"] {
        assert!(Command::new("mkfifo").arg(folder.path().join(name)).status().unwrap().success());
    }
    fs::create_dir(folder.path().join("folder.png")).unwrap();
    let look = "teal;40;60";
    let cases: [(&str, &[&str], &str); 10] = [
        ("shine", &["pipe.png", "out.png", look], "it is a pipe"),
        ("shine", &["in.png", "pipe.png", look], "it is a pipe"),
        ("shine", &["folder.png", "out.png", look], "it is a folder"),
        ("shine", &["in.png", "folder.png", look], "it is a folder"),
        ("shine", &["in.png", "out.png", "--look", "pipe.toml"], "it is a pipe"),
        ("contact-sheet", &["pipe.png", "out.png"], "it is a pipe"),
        ("contact-sheet", &["in.png", "pipe.png"], "it is a pipe"),
        ("contact-sheet", &["folder.png", "out.png"], "it is a folder"),
        ("bake", &["pipe.png", look], "it is a pipe"),
        ("bake", &["pipe.toml", look], "it is a pipe"),
    ];
    for (tool, arguments, wanted) in cases {
        let errors = fails(tool, &folder, arguments);
        assert!(errors.contains(wanted), "{tool} {arguments:?}: {errors}");
    }
    let output = outcome("shine", &folder, &["in.png", "/dev/null", look]);
    assert!(String::from_utf8_lossy(&output.stderr).contains(".png or .jpg"));
}

/// A look that changes nothing.
const NONE: &str = "teal;40;0";

/// Encoded as PNG, or as JPEG.
fn encoded(picture: &image::RgbImage, format: image::ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// JPEGs under names of PNGs, so that what is written has the same pixels. Compared where no way of
/// upsampling mixes blocks.
#[test]
fn jpegs_of_any_sampling_are_decoded_right_or_refused() {
    let folder = folder();
    let each = || (1..=4).flat_map(|across| (1..=4).map(move |down| [across, down]));
    let chroma = [[1, 1], [1, 2], [2, 1], [2, 2]];
    let mut jpegs = Vec::new();
    for scans in [Scans::Interleaved, Scans::Apart, Scans::Progressive] {
        for luma in each() {
            let samplings = chroma.into_iter().flat_map(|blue| {
                let both = if blue == [1, 1] { vec![blue] } else { vec![blue, [1, 1]] };
                both.into_iter().map(move |red| vec![luma, blue, red])
            });
            for sampling in samplings.chain([vec![luma]]) {
                let blocks: usize = sampling.iter().map(|[across, down]| across * down).sum();
                if sampling.len() == 1 || scans != Scans::Interleaved || blocks <= 10 {
                    jpegs.push(Jpeg { size: [67, 45], sampling, scans, segments: Vec::new() });
                }
            }
        }
    }
    let names: Vec<String> = (0..jpegs.len()).map(|index| format!("{index}.png")).collect();
    for (name, jpeg) in names.iter().zip(&jpegs) {
        fs::write(folder.path().join(name), jpeg.bytes()).unwrap();
    }
    let arguments = [NONE, "--output-dir", "out"];
    let names_and_more: Vec<&str> = names.iter().map(String::as_str).chain(arguments).collect();
    let output = outcome("shine", &folder, &names_and_more);
    let errors = String::from_utf8(output.stderr).unwrap();
    for (name, jpeg) in names.iter().zip(&jpegs) {
        let what = format!("{:?} {:?}", jpeg.sampling, jpeg.scans);
        if !folder.path().join("out").join(name).exists() {
            assert!(errors.contains(&format!("error: {name}: ")), "{what}");
            // What encoders write is decoded.
            let luma = jpeg.sampling[0];
            let is_common = [[1, 1], [2, 1], [1, 2], [2, 2], [4, 1], [1, 4]].contains(&luma)
                && jpeg.sampling[1..].iter().all(|sampling| *sampling == [1, 1]);
            assert!(!is_common, "{what}: {errors}");
            continue;
        }
        let picture = open(&folder, &format!("out/{name}")).into_rgb8();
        let mut compared = 0;
        for (x, y, pixel) in picture.enumerate_pixels() {
            let Some(wanted) = jpeg.rgb_at([x as usize, y as usize]) else {
                continue;
            };
            let is_near = |(code, wanted): (&u8, f64)| (f64::from(*code) - wanted).abs() < 2.0;
            assert!(
                pixel.0.iter().zip(wanted).all(is_near),
                "{what}: {x}, {y}: {pixel:?} {wanted:?}"
            );
            compared += 1;
        }
        assert!(compared > 100, "{what}: {compared}");
    }
}

/// Four components are CMYK's; three may be R'G'B' as they stand, which Adobe's segment says.
#[test]
fn jpegs_of_rgb_are_taken_as_such_and_those_of_cmyk_refused() {
    let folder = folder();
    let adobe = segment_bytes(&[(0xEE, b"Adobe\0\x64\0\0\0\0\0")]);
    let jpeg = |count: usize| Jpeg {
        size: [40, 24],
        sampling: vec![[1, 1]; count],
        scans: Scans::Interleaved,
        segments: adobe.clone(),
    };
    fs::write(folder.path().join("rgb.jpg"), jpeg(3).bytes()).unwrap();
    fs::write(folder.path().join("cmyk.jpg"), jpeg(4).bytes()).unwrap();
    run("shine", &folder, &["rgb.jpg", "out.png", NONE]);
    let picture = open(&folder, "out.png").into_rgb8();
    for (x, y, pixel) in picture.enumerate_pixels() {
        if let Some(levels) = jpeg(3).at([x as usize, y as usize]) {
            assert_eq!(pixel.0.to_vec(), levels);
        }
    }
    for tool in ["shine", "contact-sheet"] {
        let arguments = ["cmyk.jpg", "out.png", NONE];
        let arguments = if tool == "shine" { &arguments[..] } else { &arguments[..2] };
        assert!(fails(tool, &folder, arguments).contains("CMYK"));
    }
}

#[test]
fn pictures_that_end_early_or_whose_sums_are_wrong_are_errors() {
    let folder = folder();
    let picture = photograph(64, 48);
    let png = encoded(&picture, image::ImageFormat::Png);
    let png = with_chunks(&png, &[(b"tEXt", b"Comment\0of sorts")]);
    let jpeg = encoded(&picture, image::ImageFormat::Jpeg);
    let flat = |scans| {
        let sampling = vec![[2, 2], [1, 1], [1, 1]];
        Jpeg { size: [64, 48], sampling, scans, segments: Vec::new() }.bytes()
    };
    let mut damaged = Vec::new();
    for whole in [&png, &jpeg, &flat(Scans::Apart), &flat(Scans::Progressive)] {
        for length in [whole.len() - 1, whole.len() - 2, whole.len() - 13, whole.len() / 2, 40] {
            damaged.push(whole[..length].to_vec());
        }
    }
    // Of one pixel, so that its rows are the same as if they were not interlaced.
    let mut interlaced = chunks(&encoded(&photograph(1, 1), image::ImageFormat::Png));
    *interlaced[0].1.last_mut().unwrap() = 1;
    let interlaced = common::chunks::png(&interlaced);
    fs::write(folder.path().join("interlaced.png"), &interlaced).unwrap();
    run("shine", &folder, &["interlaced.png", "whole.png", NONE]);
    for length in [interlaced.len() - 1, interlaced.len() - 13, interlaced.len() - 20] {
        damaged.push(interlaced[..length].to_vec());
    }
    // The sum of the pixels, of their chunk, and of a text.
    let mut pieces = chunks(&png);
    let pixels = pieces.iter_mut().find(|(kind, _)| kind == b"IDAT").unwrap();
    *pixels.1.last_mut().unwrap() ^= 1;
    damaged.push(common::chunks::png(&pieces));
    for kind in [b"IDAT", b"tEXt"] {
        let mut wrong = png.clone();
        let at = png.windows(4).position(|part| part == kind).unwrap();
        let length = u32::from_be_bytes(png[at - 4..at].try_into().unwrap()) as usize;
        wrong[at + 4 + length] ^= 1;
        damaged.push(wrong);
    }
    let names: Vec<String> = (0..damaged.len()).map(|index| format!("{index}.png")).collect();
    fs::create_dir(folder.path().join("out")).unwrap();
    for (name, bytes) in names.iter().zip(&damaged) {
        fs::write(folder.path().join(name), bytes).unwrap();
        fs::write(folder.path().join("out").join(name), "of value").unwrap();
    }
    let arguments = [NONE, "--output-dir", "out"];
    let arguments: Vec<&str> = names.iter().map(String::as_str).chain(arguments).collect();
    let errors = fails("shine", &folder, &arguments);
    let count = names.len();
    assert!(errors.contains(&format!("{count} of {count} pictures could not be done")), "{errors}");
    for name in &names {
        let name = format!("out/{name}");
        assert_eq!(fs::read(folder.path().join(&name)).unwrap(), b"of value", "{name}");
        let arguments = [&name[4..], &name, "--look", "plum", "--width", "16"];
        assert!(fails("contact-sheet", &folder, &arguments).contains(&name[4..]));
        assert_eq!(fs::read(folder.path().join(&name)).unwrap(), b"of value", "{name}");
    }
}

/// EXIF of orientation 6 with a thumbnail of four bytes, and what is left of it without.
const EXIF: &[u8] = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\x1A\0\0\0\
    \x02\0\x01\x02\x04\0\x01\0\0\0\x38\0\0\0\x02\x02\x04\0\x01\0\0\0\x04\0\0\0\0\0\0\0oldp";
const EXIF_KEPT: &[u8] = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";

const PACKET: &str = "<x:xmpmeta xmlns:x='adobe:ns:meta/'><a/></x:xmpmeta>";

/// What a tool warns of.
fn warnings(folder: &tempfile::TempDir, arguments: &[&str]) -> String {
    let output = outcome("shine", folder, arguments);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{arguments:?}: {errors}");
    errors
}

#[test]
fn what_a_png_has_beside_its_pixels_stays_or_is_named() {
    let folder = folder();
    let packet = [b"XML:com.adobe.xmp\0\0\0\0\0", PACKET.as_bytes()].concat();
    let kept: [(&[u8; 4], &[u8]); 7] = [
        (b"cICP", &[9, 16, 0, 1]),
        (b"mDCV", &[1; 24]),
        (b"pHYs", &[0, 0, 0x2E, 0x23, 0, 0, 0x2E, 0x23, 1]),
        (b"tEXt", b"Copyright\0Me"),
        (b"iTXt", b"Title\0\0\0en\0\0Evening"),
        (b"iTXt", &packet),
        // By its name, what stays right when pixels change.
        (b"abCd", b"of someone"),
    ];
    let gone: [(&[u8; 4], &[u8]); 2] =
        [(b"tIME", &[7, 0xE9, 1, 1, 1, 1, 1]), (b"abCD", b"of pixels")];
    let png = encoded(&photograph(20, 10), image::ImageFormat::Png);
    let all = [&kept[..], &gone, &[(b"eXIf", EXIF)]].concat();
    fs::write(folder.path().join("in.png"), with_chunks(&png, &all)).unwrap();
    let texts = warnings(&folder, &["in.png", "out.png", "teal;40;60"]);
    let written = chunks(&fs::read(folder.path().join("out.png")).unwrap());
    for (kind, data) in kept.into_iter().chain([(b"eXIf", EXIF_KEPT)]) {
        assert!(written.contains(&(kind.to_vec(), data.to_vec())), "{kind:?}");
    }
    assert!(!written.iter().any(|(kind, _)| kind == b"abCD"));
    // It has been changed now.
    let times: Vec<_> = written.iter().filter(|(kind, _)| kind == b"tIME").collect();
    assert!(times.len() == 1 && times[0].1.len() == 7 && times[0].1[..2] > [7, 0xE9][..]);
    for named in ["abCD", "BT.2020, PQ by its cICP"] {
        assert!(texts.contains(named), "{named}: {texts}");
    }
    // A JPEG holds fewer.
    let texts = warnings(&folder, &["in.png", "out.jpg", "teal;40;60"]);
    for named in ["cICP", "mDCV", "text Copyright", "text Title", "abCd", "abCD"] {
        assert!(texts.contains(named), "{named}: {texts}");
    }
    let (written, _) = segments(&fs::read(folder.path().join("out.jpg")).unwrap());
    let packet = [b"http://ns.adobe.com/xap/1.0/\0", PACKET.as_bytes()].concat();
    let exif = [b"Exif\0\0", EXIF_KEPT].concat();
    assert!(written.contains(&(vec![0xE1], packet)));
    assert!(written.contains(&(vec![0xE1], exif)));
    // 11811 pixels a metre are 300 an inch.
    assert_eq!(written[0].1[7..12], [1, 0x01, 0x2C, 0x01, 0x2C]);
}

#[test]
fn what_a_jpeg_has_beside_its_pixels_stays_or_is_named() {
    let folder = folder();
    let xmp = |packet: &str| [b"http://ns.adobe.com/xap/1.0/\0", packet.as_bytes()].concat();
    let shown = xmp(&PACKET.replace("<a/>", "<xmp:Thumbnails>old</xmp:Thumbnails><a/>"));
    let exif = |data: &[u8]| [b"Exif\0\0", data].concat();
    let caption: &[u8] = b"8BIM\x04\x04\0\0\0\0\0\x05hello\0";
    let thumbnail: &[u8] = b"8BIM\x04\x0C\0\0\0\0\0\x04oldp";
    let resources = |parts: &[&[u8]]| [b"Photoshop 3.0\0", &parts.concat()[..]].concat();
    let both = resources(&[thumbnail, caption]);
    let given: [(u8, &[u8]); 8] = [
        (0xE0, b"JFIF\0\x01\x01\x01\x01\x2C\x01\x2C\0\0"),
        (0xE1, &exif(EXIF)),
        (0xE1, &shown),
        (0xED, &both),
        (0xE2, b"MPF\0MM\0*"),
        (0xEB, b"JP of content credentials"),
        (0xE5, b"RMETA\0of a camera"),
        (0xFE, b"a comment"),
    ];
    let sampling = vec![[2, 2], [1, 1], [1, 1]];
    let segments_in = segment_bytes(&given);
    let jpeg = Jpeg { size: [40, 24], sampling, scans: Scans::Interleaved, segments: segments_in };
    let file = [jpeg.bytes(), b"\xFF\xD8 another picture".to_vec()].concat();
    fs::write(folder.path().join("in.jpg"), file).unwrap();
    let texts = warnings(&folder, &["in.jpg", "out.jpg", "teal;40;60"]);
    let (written, behind) = segments(&fs::read(folder.path().join("out.jpg")).unwrap());
    assert_eq!(written[0].1[7..12], [1, 0x01, 0x2C, 0x01, 0x2C]);
    let kept = [
        (0xE1, exif(EXIF_KEPT)),
        (0xE1, xmp(PACKET)),
        (0xED, resources(&[caption])),
        (0xFE, b"a comment".to_vec()),
    ];
    for (marker, data) in kept {
        assert!(written.contains(&(vec![marker], data)), "{marker:x}");
    }
    assert_eq!(behind, b"");
    for named in ["other pictures (MPF)", "content credentials", "APP5 RMETA", "18 bytes behind"] {
        assert!(texts.contains(named), "{named}: {texts}");
    }
    let texts = warnings(&folder, &["in.jpg", "out.png", "teal;40;60"]);
    assert!(texts.contains("IPTC"), "{texts}");
    let written = chunks(&fs::read(folder.path().join("out.png")).unwrap());
    let text =
        |name: &str, text: &str| (b"iTXt".to_vec(), format!("{name}\0\0\0\0\0{text}").into());
    assert!(written.contains(&text("XML:com.adobe.xmp", PACKET)));
    assert!(written.contains(&text("Comment", "a comment")));
    assert!(written.contains(&(b"pHYs".to_vec(), vec![0, 0, 0x2E, 0x23, 0, 0, 0x2E, 0x23, 1])));
    assert!(written.contains(&(b"eXIf".to_vec(), EXIF_KEPT.to_vec())));
}

/// Profiles count by their primaries and curves, whatever their name.
#[test]
fn colours_other_than_srgb_are_warned_of_by_what_the_file_says() {
    let folder = folder();
    let named = |mut profile: ColorProfile, name: &str| {
        let name = moxcms::LocalizableString::new("en".into(), "US".into(), name.into());
        profile.description = Some(moxcms::ProfileText::Localizable(vec![name]));
        profile.encode().unwrap()
    };
    let png = encoded(&photograph(20, 10), image::ImageFormat::Png);
    let with = |added: &[(&[u8; 4], &[u8])]| with_chunks(&png, added);
    let profile = |profile: Vec<u8>| {
        let mut info = png::Info::with_size(2, 1);
        info.color_type = png::ColorType::Rgb;
        info.bit_depth = png::BitDepth::Eight;
        info.icc_profile = Some(profile.into());
        let mut bytes = Vec::new();
        let mut writer = png::Encoder::with_info(&mut bytes, info).unwrap().write_header().unwrap();
        writer.write_image_data(&[9, 120, 200, 50, 60, 70]).unwrap();
        writer.finish().unwrap();
        bytes
    };
    let primaries = |red: u32| {
        let numbers = [31270, 32900, red, 33000, 30000, 60000, 15000, 6000];
        numbers.map(u32::to_be_bytes).concat()
    };
    let exif = |space: [u8; 2], index: &[u8; 4]| {
        let mut exif = b"II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\x1A\0\0\0\0\0\0\0".to_vec();
        exif.extend(b"\x02\0\x01\xA0\x03\0\x01\0\0\0");
        exif.extend(space);
        exif.extend(b"\0\0\x05\xA0\x04\0\x01\0\0\0\x38\0\0\0\0\0\0\0");
        exif.extend(b"\x01\0\x01\0\x02\0\x04\0\0\0");
        exif.extend(index);
        exif.extend([0; 4]);
        exif
    };
    let gamma = |gamma: u32| gamma.to_be_bytes();
    let cases: [(Vec<u8>, Option<&str>); 15] = [
        (profile(named(ColorProfile::new_srgb(), "A printer's")), None),
        (profile(named(ColorProfile::new_display_p3(), "sRGB")), Some("colour profile, sRGB")),
        (profile(named(ColorProfile::new_adobe_rgb(), "mine")), Some("colour profile, mine")),
        (profile(b"no profile".to_vec()), Some("cannot be read")),
        (with(&[(b"sRGB", &[0])]), None),
        (with(&[(b"gAMA", &gamma(45455)), (b"cHRM", &primaries(64000))]), None),
        (with(&[(b"gAMA", &gamma(100_000))]), Some("gAMA")),
        (with(&[(b"gAMA", &gamma(45455)), (b"cHRM", &primaries(68000))]), Some("cHRM")),
        (with(&[(b"sRGB", &[0]), (b"gAMA", &gamma(100_000))]), None),
        (with(&[(b"cICP", &[1, 13, 0, 1])]), None),
        (with(&[(b"cICP", &[9, 18, 0, 1])]), Some("HLG by its cICP")),
        (with(&[(b"eXIf", &exif([1, 0], b"R98\0"))]), None),
        (with(&[(b"eXIf", &exif([0xFF, 0xFF], b"R03\0"))]), Some("Adobe RGB by its EXIF")),
        (with(&[(b"eXIf", &exif([0xFF, 0xFF], b"R98\0"))]), Some("not sRGB's by its EXIF")),
        (with(&[(b"sRGB", &[0]), (b"eXIf", &exif([0xFF, 0xFF], b"R03\0"))]), None),
    ];
    for (index, (file, wanted)) in cases.into_iter().enumerate() {
        fs::write(folder.path().join("in.png"), &file).unwrap();
        let texts = warnings(&folder, &["in.png", "out.png", "teal;40;60"]);
        match wanted {
            Some(wanted) => assert!(texts.contains(wanted), "{index}: {texts}"),
            None => assert_eq!(texts, "", "{index}"),
        }
        // As it was, in either case.
        let is_colour = |(kind, _): &(Vec<u8>, Vec<u8>)| {
            [b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"cICP", b"eXIf"].iter().any(|name| kind == *name)
        };
        let colour = |file: &[u8]| -> Vec<_> {
            chunks(file).into_iter().filter(is_colour).map(|(kind, _)| kind).collect()
        };
        let written = fs::read(folder.path().join("out.png")).unwrap();
        let (mut before, mut after) = (colour(&file), colour(&written));
        before.sort();
        after.sort();
        assert_eq!(before, after, "{index}");
    }
}

#[test]
fn a_grey_pictures_profile_is_not_put_on_an_rgb_one() {
    let folder = folder();
    let mut info = png::Info::with_size(4, 2);
    info.color_type = png::ColorType::Grayscale;
    info.bit_depth = png::BitDepth::Eight;
    info.icc_profile = Some(ColorProfile::new_gray_with_gamma(2.2).encode().unwrap().into());
    let file = fs::File::create(folder.path().join("in.png")).unwrap();
    let mut writer = png::Encoder::with_info(file, info).unwrap().write_header().unwrap();
    writer.write_image_data(&[10, 20, 30, 40, 50, 60, 70, 80]).unwrap();
    writer.finish().unwrap();
    for name in ["out.png", "out.jpg"] {
        let texts = warnings(&folder, &["in.png", name, NONE]);
        assert!(texts.contains("its profile for grey"), "{texts}");
        let bytes = fs::read(folder.path().join(name)).unwrap();
        assert!(!bytes.windows(4).any(|part| part == b"iCCP"), "{name}");
        assert!(!bytes.windows(11).any(|part| part == b"ICC_PROFILE"), "{name}");
    }
}

/// A sheet's first tile, of `width` pixels.
fn original(folder: &tempfile::TempDir, input: &str, width: u32) -> image::RgbImage {
    let width = width.to_string();
    let arguments = [input, "sheet.png", "--look", "plum", "--columns", "1", "--plain", "--width"];
    run("contact-sheet", folder, &[&arguments[..], &[&width]].concat());
    let sheet = open(folder, "sheet.png").into_rgb8();
    let gap = 6;
    let height = (sheet.height() - 3 * gap) / 2;
    image::imageops::crop_imm(&sheet, gap, gap, sheet.width() - 2 * gap, height).to_image()
}

/// Four quarters, black at the top left, then red, blue and white.
fn quarters(width: u32, height: u32) -> image::RgbImage {
    image::RgbImage::from_fn(width, height, |x, y| match (2 * x < width, 2 * y < height) {
        (true, true) => image::Rgb([16, 16, 16]),
        (false, true) => image::Rgb([200, 30, 30]),
        (true, false) => image::Rgb([30, 30, 200]),
        (false, false) => image::Rgb([230, 230, 230]),
    })
}

/// The colours in the middle of a picture's quarters.
fn corners(picture: &image::RgbImage) -> [[u8; 3]; 4] {
    let [width, height] = [picture.width(), picture.height()];
    let at = |x: u32, y: u32| picture.get_pixel(width * x / 4, height * y / 4).0;
    [at(1, 1), at(3, 1), at(1, 3), at(3, 3)]
}

fn assert_corners(picture: &image::RgbImage, wanted: [[u8; 3]; 4], what: &str) {
    let all = corners(picture).as_flattened().to_vec();
    let is_near = all.iter().zip(wanted.as_flattened()).all(|(a, b)| a.abs_diff(*b) < 40);
    assert!(is_near, "{what}: {all:?}");
}

#[test]
fn a_contact_sheet_shows_pictures_upright() {
    let folder = folder();
    let picture = quarters(64, 32);
    // Where the quarters of the file are to be seen, by orientation, row by row.
    let turns: [[usize; 4]; 8] = [
        [0, 1, 2, 3],
        [1, 0, 3, 2],
        [3, 2, 1, 0],
        [2, 3, 0, 1],
        [0, 2, 1, 3],
        [2, 0, 3, 1],
        [3, 1, 2, 0],
        [1, 3, 0, 2],
    ];
    for (orientation, turn) in (1u8..).zip(turns) {
        let mut exif = EXIF_KEPT.to_vec();
        exif[18] = orientation;
        let png = with_chunks(&encoded(&picture, image::ImageFormat::Png), &[(b"eXIf", &exif)]);
        let jpeg = encoded(&picture, image::ImageFormat::Jpeg);
        let exif = segment_bytes(&[(0xE1, &[b"Exif\0\0", &exif[..]].concat())]);
        let jpeg = [&jpeg[..2], &exif, &jpeg[2..]].concat();
        for (name, bytes) in [("in.png", png), ("in.jpg", jpeg)] {
            fs::write(folder.path().join(name), bytes).unwrap();
            let tile = original(&folder, name, 32);
            let height = if orientation < 5 { 16 } else { 64 };
            assert_eq!(tile.dimensions(), (32, height), "{name} {orientation}");
            let file = corners(&picture);
            assert_corners(&tile, turn.map(|i| file[i]), &format!("{name} {orientation}"));
        }
    }
}

/// Writes a clip by a gst-launch line that ends in a muxer.
fn write_clip(folder: &tempfile::TempDir, name: &str, line: &str) {
    let path = folder.path().join(name);
    common::run(&format!("{line} ! filesink location={}", path.display())).unwrap();
}

/// Has a clip shown turned by 90 degrees clockwise, as phones have it: by the matrix of its track.
fn turn(folder: &tempfile::TempDir, name: &str) {
    let path = folder.path().join(name);
    let mut bytes = fs::read(&path).unwrap();
    let track = bytes.windows(4).position(|part| part == b"tkhd").unwrap();
    let one = 1 << 16;
    let matrix = [0, one, 0, -one, 0, 0, 32 * one, 0, 1 << 30].map(i32::to_be_bytes);
    bytes[track + 44..track + 80].copy_from_slice(matrix.as_flattened());
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_contact_sheet_shows_clips_upright_and_in_their_shape() {
    let folder = folder();
    quarters(64, 32).save(folder.path().join("quarters.png")).unwrap();
    let source = format!(
        "filesrc location={} ! pngdec ! imagefreeze num-buffers=5 ! videoconvert \
         ! video/x-raw,format=I420,framerate=25/1",
        folder.path().join("quarters.png").display()
    );
    write_clip(&folder, "turned.mp4", &format!("{source} ! x264enc ! mp4mux"));
    turn(&folder, "turned.mp4");
    let tile = original(&folder, "turned.mp4", 32);
    assert_eq!(tile.dimensions(), (32, 64));
    let [black, red, blue, white] = corners(&quarters(64, 32));
    assert_corners(&tile, [blue, black, white, red], "turned.mp4");

    let shape = " ! capssetter caps=video/x-raw,pixel-aspect-ratio=2/1";
    write_clip(&folder, "wide.mkv", &format!("{source}{shape} ! x264enc ! matroskamux"));
    let tile = original(&folder, "wide.mkv", 64);
    assert_eq!(tile.dimensions(), (64, 16));
    assert_corners(&tile, [black, red, blue, white], "wide.mkv");
    write_clip(
        &folder,
        "fields.mkv",
        &format!("{source} ! interlace ! x264enc interlaced=true ! matroskamux"),
    );
    assert_eq!(original(&folder, "fields.mkv", 64).dimensions(), (64, 32));
    // Turned, a pixel that was wide is tall.
    write_clip(&folder, "both.mp4", &format!("{source}{shape} ! x264enc ! mp4mux"));
    turn(&folder, "both.mp4");
    assert_eq!(original(&folder, "both.mp4", 16).dimensions(), (16, 64));
}

#[test]
fn a_contact_sheet_says_hdr_and_that_there_is_no_picture() {
    let folder = folder();
    for (name, colorimetry) in [("PQ", "bt2100-pq"), ("HLG", "bt2100-hlg"), ("SDR", "bt709")] {
        let caps = "width=64,height=32,format=I420_10LE";
        let line = format!(
            "videotestsrc num-buffers=2 ! video/x-raw,{caps},colorimetry={colorimetry} \
             ! x264enc ! h264parse ! matroskamux"
        );
        write_clip(&folder, "clip.mkv", &line);
        let arguments = ["clip.mkv", "sheet.png", "--look", "plum", "--width", "32"];
        let output = outcome("contact-sheet", &folder, &arguments);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{errors}");
        match name {
            "SDR" => assert_eq!(errors, ""),
            _ => assert!(errors.contains(&format!("clip.mkv: it is HDR ({name})")), "{errors}"),
        }
    }
    write_clip(&folder, "sound.mka", "audiotestsrc num-buffers=9 ! flacenc ! matroskamux");
    write_clip(&folder, "sound.wav", "audiotestsrc num-buffers=9 ! wavenc");
    write_clip(&folder, "sound.m4a", "audiotestsrc num-buffers=9 ! avenc_aac ! mp4mux");
    for name in ["sound.mka", "sound.wav", "sound.m4a"] {
        let errors = fails("contact-sheet", &folder, &[name, "sheet.png"]);
        assert!(errors.contains(&format!("{name}: there is no picture in it")), "{errors}");
    }
}

#[test]
fn one_file_of_another_kind_does_not_stop_the_others() {
    let folder = folder();
    let picture = photograph(20, 10);
    picture.save(folder.path().join("a.png")).unwrap();
    for name in ["c.jpe", "d.JFIF", "e.jpeg"] {
        let jpeg = encoded(&picture, image::ImageFormat::Jpeg);
        fs::write(folder.path().join(name), jpeg).unwrap();
    }
    fs::write(folder.path().join("b.tif"), b"II*\0of another kind").unwrap();
    fs::write(folder.path().join("notes.png"), "no picture").unwrap();
    fs::create_dir(folder.path().join("folder.png")).unwrap();
    let names =
        ["b.tif", "a.png", "notes.png", "c.jpe", "folder.png", "d.JFIF", "absent.jpg", "e.jpeg"];
    let arguments = [&names[..], &["--output-dir", "out", "teal;40;60"]].concat();
    let errors = fails("shine", &folder, &arguments);
    assert!(errors.contains("4 of 8 pictures could not be done"), "{errors}");
    for (name, why) in [
        ("b.tif", "a picture to write is .png or .jpg"),
        ("notes.png", "neither PNG nor JPEG"),
        ("folder.png", "it is a folder"),
        ("absent.jpg", "no such file"),
    ] {
        assert!(errors.contains(&format!("error: {name}: ")) && errors.contains(why), "{errors}");
        assert!(!folder.path().join("out").join(name).exists());
    }
    for name in ["a.png", "c.jpe", "d.JFIF", "e.jpeg"] {
        assert_eq!(open(&folder, &format!("out/{name}")).width(), 20, "{name}");
    }
    let sheet = ["a.png", "sheet.jfif", "--look", "plum", "--width", "32"];
    run("contact-sheet", &folder, &sheet);
}

#[cfg(unix)]
#[test]
fn names_of_any_bytes_and_of_255_are_fine() {
    use std::ffi::{OsStr, OsString};
    use std::os::unix::ffi::OsStrExt;
    let folder = folder();
    let long = [b'n'; 255];
    for stem in [&b"caf\xE9 \xFF"[..], &long, b"two\nlines", b"it's 100 % \"new\""] {
        let name = |ending: &str| -> OsString {
            let length = stem.len().min(255 - ending.len());
            OsStr::from_bytes(&[&stem[..length], ending.as_bytes()].concat()).into()
        };
        let png = encoded(&photograph(20, 10), image::ImageFormat::Png);
        fs::write(folder.path().join(name(".png")), png).unwrap();
        let [look, folder_option, out] = ["teal;40;60", "--output-dir", "out"].map(OsString::from);
        let mut sheet = vec![name(".png"), name(".jpe"), "--look".into(), name(".toml")];
        sheet.extend(["--width".into(), "32".into()]);
        let cases: [(&str, Vec<OsString>); 6] = [
            ("shine", vec![name(".png"), name(".jpg"), look.clone()]),
            ("shine", vec![name(".png"), folder_option, out, look.clone()]),
            ("bake", vec![name(".cube"), look.clone()]),
            ("bake", vec![name(".toml"), look.clone()]),
            ("bake", vec![name(".PNG"), "--look".into(), name(".toml"), "--level=2".into()]),
            ("contact-sheet", sheet),
        ];
        for (tool, arguments) in cases {
            let output = outcome(tool, &folder, &arguments);
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{tool} {arguments:?}: {errors}");
        }
        for path in [name(".jpg"), ["out/".into(), name(".png")].into_iter().collect()] {
            assert!(folder.path().join(path).is_file());
        }
    }
}

/// A description or name of two lines would be two lines of the file.
#[test]
fn the_users_presets_stay_whatever_a_look_has_in_it() {
    let folder = folder();
    run("bake", &folder, &["preset:mine", "teal;40;60", "--description", "50 % = \"half\" [é]"]);
    let presets = folder.path().join("gstreamer-1.0/presets/GstColorShine.prs");
    let before = fs::read(&presets).unwrap();
    let look = |text: &str| fs::write(folder.path().join("look.toml"), text).unwrap();
    let attractors = "attractors = [\"teal;40;60\"]\n";
    let texts = [
        "description = \"\"\"\nEvening\nsky\n\"\"\"",
        "description = \"a\\rb\"",
        "description = \"a\\u0000b\"",
        "description = \"a\\u001Bb\"",
        "description = \"x\\n[mine]\\nattractors=\"",
    ];
    for text in texts {
        look(&format!("{text}\n{attractors}"));
        let errors = fails("bake", &folder, &["preset:other", "--look", "look.toml"]);
        assert!(errors.contains("control character"), "{text}: {errors}");
        assert_eq!(fs::read(&presets).unwrap(), before, "{text}");
    }
    for name in ["a\nb", "a\tb", "\u{1b}", "a]b", "[a", "", "  ", "_presets_", "plum"] {
        let errors = fails("bake", &folder, &[&format!("preset:{name}"), "teal;40;60"]);
        assert!(errors.contains("cannot be a preset's name"), "{name:?}: {errors}");
        assert_eq!(fs::read(&presets).unwrap(), before, "{name:?}");
    }
    run("bake", &folder, &["preset:plum", "--look", "plum"]);
    for name in ["NULL", "#1", "é ü", "a=b", "50 %", " a ", "\"b\""] {
        run("bake", &folder, &[&format!("preset:{name}"), "red;40;60"]);
        run("bake", &folder, &["kept.toml", "--look", name]);
        let kept = fs::read_to_string(folder.path().join("kept.toml")).unwrap();
        assert!(kept.contains("red;40;60"), "{name}: {kept}");
    }
    run("bake", &folder, &["kept.toml", "--look", "mine"]);
    // A file that GStreamer does not read, or may not write, is not made worse.
    let of_another =
        "[_presets_]\nversion=1.0\nelement-name=GstOther\n\n[mine]\nattractors=red;1;1\n";
    for text in ["no presets\n", of_another] {
        fs::write(&presets, text).unwrap();
        let errors = fails("bake", &folder, &["preset:more", "red;40;60"]);
        assert!(errors.contains("GstColorShine.prs stays as it was"), "{errors}");
        assert_eq!(fs::read_to_string(&presets).unwrap(), text);
    }
    fs::write(&presets, &before).unwrap();
    let mut permissions = fs::metadata(&presets).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&presets, permissions).unwrap();
    assert!(fails("bake", &folder, &["preset:more", "red;40;60"]).contains("read-only"));
    assert_eq!(fs::read(&presets).unwrap(), before);
}

/// GStreamer moves the file away before it writes the new one.
#[cfg(unix)]
#[test]
fn the_users_presets_stay_where_there_is_no_room_for_more() {
    let folder = folder();
    run("bake", &folder, &["preset:mine", "teal;40;60"]);
    let presets = folder.path().join("gstreamer-1.0/presets/GstColorShine.prs");
    let before = fs::read(&presets).unwrap();
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" preset:more 'red;40;60' 2>&1"])
        .arg(tool("bake").get_program())
        .env("XDG_DATA_HOME", folder.path())
        .env("XDG_CACHE_HOME", folder.path())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success(), "{errors}");
    assert_eq!(fs::read(&presets).unwrap(), before, "{errors}");
}
