//! `transcode`, run as a program on clips made here: what is kept of them, what is said where it is not, and
//! what is no clip.

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::tools::{TIMEOUT, fails, folder, outcome, tool, unfinished};
use common::wait_until;
use gst::prelude::*;
use gst_app::AppSink;
use gst_video::VideoInfo;
use tempfile::TempDir;

/// A look that leaves the picture's format and size to be looked at, quickly.
const LOOK: [&str; 3] = ["teal;40;60", "--backend", "cpu"];

/// Colours that are not of a test picture's, nor changed by it.
const NO_CHANGE: [&str; 3] = ["teal;0;60", "--backend", "cpu"];

/// Makes a file of a folder by a gst-launch line.
fn make(folder: &TempDir, name: &str, line: &str) {
    let path = folder.path().join(name);
    common::run(&format!("{line} ! filesink location={}", path.display())).unwrap();
}

/// A source of test pictures; `caps` in addition.
fn pictures(frames: u32, caps: &str) -> String {
    format!("videotestsrc num-buffers={frames} ! video/x-raw,framerate=25/1,{caps}")
}

/// What `transcode` says of a clip that it makes.
fn said(folder: &TempDir, arguments: &[&str]) -> String {
    let output = outcome("transcode", folder, arguments);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {errors}");
    assert_eq!(unfinished(folder.path()), None, "{errors}");
    errors
}

/// Frames or blocks of sound of a file, decoded: their caps and buffers.
struct Decoded {
    caps: gst::Caps,
    buffers: Vec<gst::Buffer>,
}

impl Decoded {
    /// The first stream of a kind, which goes through `then` first.
    fn of(path: &Path, kind: &str, then: &str) -> Self {
        common::init();
        let line = format!(
            "filesrc location={} ! decodebin ! {kind} {then} ! appsink name=sink sync=false",
            path.display()
        );
        let pipeline = gst::parse::launch(&line).unwrap().downcast::<gst::Pipeline>().unwrap();
        let sink = pipeline.by_name("sink").unwrap().downcast::<AppSink>().unwrap();
        pipeline.set_state(gst::State::Playing).unwrap();
        let patience = common::TIMEOUT;
        let samples: Vec<gst::Sample> =
            std::iter::from_fn(|| sink.try_pull_sample(patience)).collect();
        pipeline.set_state(gst::State::Null).unwrap();
        let first = samples.first().unwrap_or_else(|| panic!("nothing in {}", path.display()));
        Self {
            caps: first.caps_owned().unwrap(),
            buffers: samples.iter().map(|sample| sample.buffer_owned().unwrap()).collect(),
        }
    }

    fn video(folder: &TempDir, name: &str) -> Self {
        Self::of(&folder.path().join(name), "video/x-raw", "")
    }

    fn info(&self) -> VideoInfo {
        VideoInfo::from_caps(&self.caps).unwrap()
    }

    fn size(&self) -> (u32, u32) {
        (self.info().width(), self.info().height())
    }

    /// The field of the caps as a text.
    fn field(&self, name: &str) -> String {
        let value = self.caps.structure(0).unwrap().value(name).unwrap();
        value.serialize().unwrap().to_string()
    }
}

/// Mean colours of the first frame's quarters, row by row, each component cut to a bit.
fn quarters(path: &Path) -> ([u32; 2], [[bool; 3]; 4]) {
    let frame = Decoded::of(path, "video/x-raw", "! videoconvert ! video/x-raw,format=RGBA");
    let (width, height) = frame.size();
    let codes = common::bytes(&frame.buffers[0]);
    let at = |x: u32, y: u32| {
        let start = 4 * (y * width + x) as usize;
        [0, 1, 2].map(|component| codes[start + component] > 127)
    };
    let [left, right] = [width / 4, 3 * width / 4];
    let [top, bottom] = [height / 4, 3 * height / 4];
    ([width, height], [at(left, top), at(right, top), at(left, bottom), at(right, bottom)])
}

/// A clip whose quarters are red and green above blue and white.
fn quartered(format: &str, [width, height]: [u32; 2], then: &str) -> String {
    let part = |colour: &str, x: u32, y: u32| {
        format!(
            "videotestsrc num-buffers=5 pattern=solid-color foreground-color={colour} \
             ! video/x-raw,framerate=25/1,width={},height={} ! mix.sink_{} ",
            width / 2,
            height / 2,
            x + 2 * y
        )
    };
    let place = |pad: u32| {
        format!(
            "sink_{pad}::xpos={} sink_{pad}::ypos={} ",
            pad % 2 * width / 2,
            pad / 2 * height / 2
        )
    };
    format!(
        "{}{}{}{} compositor name=mix {}! videoconvert ! video/x-raw,format={format} ! {then}",
        part("0xffff0000", 0, 0),
        part("0xff00ff00", 1, 0),
        part("0xff0000ff", 0, 1),
        part("0xffffffff", 1, 1),
        (0..4).map(place).collect::<String>()
    )
}

/// Puts a matrix into the only track of an MP4, as a phone that is held another way does.
fn turn(path: &Path, [a, b, c, d]: [i32; 4]) {
    let mut bytes = fs::read(path).unwrap();
    let track = bytes.windows(4).position(|window| window == b"tkhd").unwrap();
    // Version and flags, 5 times and numbers of 4 bytes, 2 reserved, 4 of two: ISO/IEC 14496-12, 8.3.2.
    let matrix = track + 4 + 4 + 20 + 8 + 8;
    for (index, value) in [a, b, 0, c, d, 0, 0, 0, 0x4000].into_iter().enumerate() {
        // The last one has 30 bits behind the point, the others 16.
        let value = value << 16;
        bytes[matrix + 4 * index..][..4].copy_from_slice(&value.to_be_bytes());
    }
    fs::write(path, bytes).unwrap();
}

const RED: [bool; 3] = [true, false, false];
const GREEN: [bool; 3] = [false, true, false];
const BLUE: [bool; 3] = [false, false, true];
const WHITE: [bool; 3] = [true; 3];

#[test]
fn rotated_clips_come_out_upright() {
    let folder = folder();
    // By how they are to be turned: the file's matrix has columns.
    let turns = [
        ([1, 0, 0, 1], [96, 64], [RED, GREEN, BLUE, WHITE]),
        ([0, 1, -1, 0], [64, 96], [BLUE, RED, WHITE, GREEN]),
        ([-1, 0, 0, -1], [96, 64], [WHITE, BLUE, GREEN, RED]),
        ([0, -1, 1, 0], [64, 96], [GREEN, WHITE, RED, BLUE]),
    ];
    for format in ["I420", "Y42B", "I420_10LE", "I422_10LE", "Y444"] {
        make(&folder, "in.mp4", &quartered(format, [96, 64], "x264enc ! mp4mux"));
        for (matrix, size, colours) in turns {
            turn(&folder.path().join("in.mp4"), matrix);
            for output in ["out.mp4", "out.mkv"] {
                let arguments = [&["in.mp4", output, "--picture", "both.png"], &NO_CHANGE[..]];
                assert_eq!(said(&folder, &arguments.concat()), "", "{format} {matrix:?}");
                // A player turns it no further.
                let found = quarters(&folder.path().join(output));
                assert_eq!(found, (size, colours), "{format} {matrix:?}");
                let kept = Decoded::video(&folder, output).info();
                assert_eq!(kept.format().to_str(), format, "{matrix:?}");
                let both = common::tools::open(&folder, "both.png");
                assert_eq!([both.width(), both.height()], [2 * size[0], size[1]], "{matrix:?}");
            }
        }
    }
}

#[test]
fn interlaced_clips_that_lie_on_their_side_become_progressive_and_upright() {
    let folder = folder();
    let line = quartered("I420", [96, 64], "interlace field-pattern=1:1 ! x264enc ! mp4mux");
    make(&folder, "in.mp4", &line);
    turn(&folder.path().join("in.mp4"), [0, 1, -1, 0]);
    let errors = said(&folder, &[&["in.mp4", "out.mp4"], &NO_CHANGE[..]].concat());
    assert!(errors.contains("they become progressive"), "{errors}");
    let found = quarters(&folder.path().join("out.mp4"));
    assert_eq!(found, ([64, 96], [BLUE, RED, WHITE, GREEN]));
    assert!(!Decoded::video(&folder, "out.mp4").info().is_interlaced());
}

#[test]
fn odd_sizes_are_cropped_by_a_line_and_said_so() {
    let folder = folder();
    let cases = [
        ("I420", [65, 49], (64, 48)),
        ("I420", [64, 49], (64, 48)),
        ("I420", [65, 48], (64, 48)),
        ("I420_10LE", [65, 49], (64, 48)),
        ("A420", [65, 49], (64, 48)),
        ("Y42B", [65, 49], (64, 49)),
        ("I422_12LE", [65, 49], (64, 49)),
        ("BGRx", [65, 49], (64, 48)),
        ("GRAY8", [65, 49], (64, 48)),
        // All samples have chroma of their own.
        ("Y444", [65, 49], (65, 49)),
        ("I420", [64, 48], (64, 48)),
    ];
    for (format, [width, height], size) in cases {
        let caps = format!("format={format},width={width},height={height}");
        make(&folder, "in.mkv", &format!("{} ! avenc_ffv1 ! matroskamux", pictures(3, &caps)));
        let errors = said(&folder, &[&["in.mkv", "out.mp4"], &LOOK[..]].concat());
        assert_eq!(Decoded::video(&folder, "out.mp4").size(), size, "{format} {width}x{height}");
        let is_cropped = size != (width, height);
        let wanted = format!("{width}x{height} becomes {}x{}, cropped", size.0, size.1);
        assert_eq!(errors.contains(&wanted), is_cropped, "{format}: {errors}");
    }
    common::tools::photograph(1, 8).save(folder.path().join("thin.png")).unwrap();
    let errors = fails("transcode", &folder, &[&["thin.png", "none.mp4"], &LOOK[..]].concat());
    assert!(errors.contains("1x8 are too small"), "{errors}");
    assert!(!folder.path().join("none.mp4").exists());
}

/// A row of chroma belongs to four rows of two fields.
#[test]
fn interlaced_sizes_are_cropped_to_whole_rows_of_chroma() {
    let folder = folder();
    let clip = |format: &str, height: u32| {
        let caps = format!("format={format},width=72,height={height}");
        let line = format!("{} ! interlace field-pattern=1:1", pictures(20, &caps));
        make(&folder, "in.mkv", &format!("{line} ! avenc_ffv1 ! matroskamux"));
        let errors = said(&folder, &[&["in.mkv", "out.mp4"], &NO_CHANGE[..]].concat());
        let out = Decoded::video(&folder, "out.mp4");
        assert!(out.info().is_interlaced());
        (out.size().1, errors.contains("cropped"))
    };
    assert_eq!(clip("I420", 486), (484, true));
    assert_eq!(clip("I420", 488), (488, false));
    assert_eq!(clip("Y42B", 486), (486, false));
    assert_eq!(clip("I420", 487), (484, true));
    assert_eq!(clip("Y42B", 487), (486, true));
}

#[test]
fn interlaced_clips_keep_their_fields_and_give_a_picture() {
    let folder = folder();
    // PAL and NTSC, and the chroma that tape has.
    let cases = [
        (true, "I420", [720, 576]),
        (false, "I420", [720, 480]),
        (true, "Y42B", [64, 48]),
        (false, "I422_10LE", [64, 48]),
    ];
    for (is_top_first, format, [width, height]) in cases {
        let caps = format!("format={format},width={width},height={height}");
        let line = format!(
            "{} ! interlace field-pattern=1:1 top-field-first={is_top_first} ! x264enc ! mpegtsmux",
            pictures(20, &caps)
        );
        make(&folder, "in.ts", &line);
        for output in ["out.mp4", "out.mkv"] {
            said(&folder, &[&["in.ts", output, "--picture", "both.png"], &LOOK[..]].concat());
            let out = Decoded::video(&folder, output);
            assert_eq!(out.buffers.len(), 10);
            assert!(out.info().is_interlaced());
            // Of a Matroska file GStreamer does not tell.
            if output == "out.mp4" {
                let order = if is_top_first { "top-field-first" } else { "bottom-field-first" };
                assert_eq!(out.field("field-order"), order, "{format}");
            }
            let both = common::tools::open(&folder, "both.png");
            assert_eq!([both.width(), both.height()], [2 * width, height]);
        }
    }
}

#[test]
fn depth_and_subsampling_are_kept_or_said() {
    let folder = folder();
    let cases: [(&str, &str, &[&str]); 18] = [
        ("I420", "I420", &[]),
        ("Y42B", "Y42B", &[]),
        ("Y444", "Y444", &[]),
        ("I420_10LE", "I420_10LE", &[]),
        ("I422_10LE", "I422_10LE", &[]),
        ("Y444_10LE", "Y444_10LE", &[]),
        ("I420_12LE", "I420_10LE", &["of 12 bits a sample 10 are kept"]),
        ("I422_12LE", "I422_10LE", &["of 12 bits a sample 10 are kept"]),
        ("Y444_12LE", "Y444_10LE", &["of 12 bits a sample 10 are kept"]),
        ("Y41B", "Y42B", &[]),
        ("YUV9", "I420", &[]),
        ("GRAY8", "I420", &[]),
        ("GRAY16_LE", "I420_10LE", &["of 16 bits a sample 10 are kept"]),
        ("BGRx", "I420", &["4:2:0 of 8 bits"]),
        ("GBR_10LE", "I420_10LE", &["4:2:0 of 10 bits"]),
        ("GBR_12LE", "I420_10LE", &["4:2:0 of 10 bits", "of 12 bits a sample 10 are kept"]),
        ("BGRA", "I420", &["4:2:0 of 8 bits", "transparency is left out"]),
        ("A444_10LE", "Y444_10LE", &["transparency is left out"]),
    ];
    for (format, wanted, lines) in cases {
        let caps = format!("format={format},width=64,height=48");
        make(&folder, "in.mkv", &format!("{} ! avenc_ffv1 ! matroskamux", pictures(3, &caps)));
        for output in ["out.mp4", "out.mkv", "out.mov"] {
            let errors = said(&folder, &[&["in.mkv", output], &LOOK[..]].concat());
            let kept = Decoded::video(&folder, output).info();
            assert_eq!(kept.format().to_str(), wanted, "{format}");
            assert_eq!(errors.lines().count(), lines.len(), "{format}: {errors}");
            assert!(lines.iter().all(|line| errors.contains(line)), "{format}: {errors}");
        }
    }
}

#[test]
fn full_range_without_a_matrix_stays_full_range() {
    let folder = folder();
    for colorimetry in ["1:0:0:0", "1:0:5:1"] {
        let line = format!(
            "{} ! avenc_ffv1 ! capssetter caps=video/x-ffv,colorimetry={colorimetry} ! matroskamux",
            pictures(3, "format=I420,width=64,height=48")
        );
        make(&folder, "in.mkv", &line);
        for output in ["out.mp4", "out.mkv"] {
            said(&folder, &[&["in.mkv", output], &LOOK[..]].concat());
            let kept = Decoded::video(&folder, output).info().colorimetry();
            assert_eq!(kept.range(), gst_video::VideoColorRange::Range0_255, "{colorimetry}");
            assert_eq!(kept.matrix(), gst_video::VideoColorMatrix::Bt601, "{colorimetry}");
        }
    }
}

#[test]
fn colorimetry_and_pixel_aspect_are_kept() {
    let folder = folder();
    for colorimetry in ["bt709", "bt601", "bt2020"] {
        let caps = format!(
            "format=I420,width=64,height=48,colorimetry={colorimetry},pixel-aspect-ratio=16/11"
        );
        make(&folder, "in.mp4", &format!("{} ! x264enc ! mp4mux", pictures(3, &caps)));
        said(&folder, &[&["in.mp4", "out.mp4"], &LOOK[..]].concat());
        let out = Decoded::video(&folder, "out.mp4");
        assert_eq!(out.info().colorimetry().to_string(), colorimetry);
        assert_eq!(out.info().par(), gst::Fraction::new(16, 11));
    }
}

/// Frames and their times, not only their number.
#[test]
fn a_variable_frame_rate_is_kept() {
    let folder = folder();
    // Frames that are missing here and there.
    make(
        &folder,
        "in.mkv",
        "videotestsrc num-buffers=60 ! video/x-raw,framerate=30/1,width=64,height=48 \
         ! identity drop-probability=0.5 ! x264enc ! matroskamux",
    );
    let errors = said(&folder, &[&["in.mkv", "out.mp4"], &LOOK[..]].concat());
    assert_eq!(errors, "");
    let times = |name: &str| -> Vec<u64> {
        let buffers = Decoded::video(&folder, name).buffers;
        buffers.iter().map(|buffer| buffer.pts().unwrap().mseconds()).collect()
    };
    let [before, after] = [times("in.mkv"), times("out.mp4")];
    assert!((1..60).contains(&before.len()), "{}", before.len());
    let start = after[0] - before[0];
    for (before, after) in before.iter().zip(&after) {
        assert!((before + start).abs_diff(*after) <= 1, "{before} {after}");
    }
    assert_eq!(before.len(), after.len());
}

/// A clip of two seconds with sound, into which `sound` is put.
fn with_sound(folder: &TempDir, name: &str, sound: &str) {
    let video = pictures(50, "format=I420,width=64,height=48");
    make(folder, name, &format!("{video} ! x264enc ! mux. {sound} ! mux. matroskamux name=mux"));
}

#[test]
fn channels_that_are_folded_are_said() {
    let folder = folder();
    let cases = [
        (8, "0xc3f", "flacenc", "8 channels of sound are folded into 6"),
        (7, "0x13f", "flacenc", "7 channels of sound are folded into 6"),
        (6, "0x3f", "flacenc", ""),
        (2, "0x3", "flacenc", ""),
    ];
    for (channels, mask, encoder, wanted) in cases {
        let sound = format!(
            "audiotestsrc num-buffers=90 ! audio/x-raw,rate=44100,channels={channels},\
             channel-mask=(bitmask){mask} ! {encoder}"
        );
        with_sound(&folder, "in.mkv", &sound);
        let errors = said(&folder, &[&["in.mkv", "out.mp4"], &LOOK[..]].concat());
        assert_eq!(errors.is_empty(), wanted.is_empty(), "{errors}");
        assert!(errors.contains(wanted), "{errors}");
        let sound = Decoded::of(&folder.path().join("out.mp4"), "audio/x-raw", "");
        assert_eq!(sound.field("channels"), channels.min(6).to_string());
        // Where the file takes the sound as it is, it has all channels.
        assert_eq!(said(&folder, &[&["in.mkv", "out.mkv"], &LOOK[..]].concat()), "");
        let sound = Decoded::of(&folder.path().join("out.mkv"), "audio/x-raw", "");
        assert_eq!(sound.field("channels"), channels.to_string());
    }
}

#[test]
fn channels_of_no_known_place_are_encoded_or_left_out() {
    let folder = folder();
    for (channels, wanted) in [(4, ""), (8, "folded into 6"), (12, "is left out")] {
        let sound = format!(
            "audiotestsrc num-buffers=90 ! audio/x-raw,format=S16LE,rate=44100,channels={channels},\
             channel-mask=(bitmask)0x0"
        );
        let video = pictures(50, "format=I420,width=64,height=48");
        let line = format!("{video} ! x264enc ! mux. {sound} ! mux. qtmux name=mux");
        make(&folder, "in.mov", &line);
        let errors = said(&folder, &[&["in.mov", "out.mp4"], &LOOK[..]].concat());
        assert!(errors.contains(wanted), "{channels}: {errors}");
        assert_eq!(Decoded::video(&folder, "out.mp4").buffers.len(), 50);
    }
}

#[test]
fn the_end_of_the_sound_is_kept() {
    let folder = folder();
    let path = folder.path().join("in.mkv");
    for (encoder, blocks) in
        [("flacenc", 88), ("avenc_aac", 88), ("flacenc", 130), ("avenc_aac", 130)]
    {
        // Of whole blocks, none is of AAC's length: 1000 samples each.
        let sound = format!(
            "audiotestsrc samplesperbuffer=1000 num-buffers={blocks} wave=saw ! audio/x-raw,rate=44100,\
             channels=1 ! audioconvert ! {encoder}"
        );
        with_sound(&folder, "in.mkv", &sound);
        let length = |path: &Path| -> u64 {
            let sound =
                Decoded::of(path, "audio/x-raw", "! audioconvert ! audio/x-raw,format=S16LE");
            let quiet = |bytes: &[u8]| i16::from_le_bytes([bytes[0], bytes[1]]).unsigned_abs() < 99;
            let codes: Vec<u8> = sound.buffers.iter().flat_map(|b| common::bytes(b)).collect();
            let samples: Vec<&[u8]> = codes.chunks_exact(2).collect();
            samples.iter().rposition(|bytes| !quiet(bytes)).unwrap() as u64
        };
        for output in ["out.mp4", "out.mkv"] {
            said(&folder, &[&["in.mkv", output], &LOOK[..]].concat());
            let [before, after] = [length(&path), length(&folder.path().join(output))];
            // An encoder may begin with a block of silence.
            assert!(after + 99 >= before, "{encoder} {output}: {after} of {before}");
        }
    }
}

#[test]
fn streams_that_are_left_out_are_said() {
    let folder = folder();
    let video = pictures(50, "format=I420,width=64,height=48");
    let sound = "audiotestsrc num-buffers=80 ! audioconvert";
    let text = "1\n00:00:00,500 --> 00:00:01,000\nhello\n";
    fs::write(folder.path().join("in.srt"), text).unwrap();
    let line = format!(
        "{video} ! x264enc ! mux. {video} ! x264enc ! mux. {sound} ! avenc_aac ! mux. {sound} ! flacenc ! mux. \
         filesrc location={} ! subparse ! mux. matroskamux name=mux",
        folder.path().join("in.srt").display()
    );
    make(&folder, "in.mkv", &line);
    for output in ["out.mp4", "out.mkv"] {
        let errors = said(&folder, &[&["in.mkv", output], &LOOK[..]].concat());
        assert_eq!(errors.matches("is left out").count(), 2, "{errors}");
        assert!(errors.contains("a stream of text/x-raw is left out"), "{errors}");
        assert!(errors.contains("a stream of video/x-raw is left out"), "{errors}");
        assert_eq!(Decoded::video(&folder, output).buffers.len(), 50);
        let sound = streams(&folder.path().join(output), "audio/x-raw");
        assert_eq!(sound, 2, "{output}");
    }
}

/// How many streams of a kind a file has.
fn streams(path: &Path, kind: &str) -> usize {
    let line = format!("filesrc location={} ! decodebin name=decoder", path.display());
    let pipeline = gst::parse::launch(&line).unwrap().downcast::<gst::Pipeline>().unwrap();
    let decoder = pipeline.by_name("decoder").unwrap();
    let (all, found) = std::sync::mpsc::channel();
    decoder.connect_no_more_pads(move |_| all.send(()).unwrap());
    pipeline.set_state(gst::State::Paused).unwrap();
    found.recv_timeout(TIMEOUT).unwrap();
    let caps: Vec<gst::Caps> =
        decoder.src_pads().iter().filter_map(|pad| pad.current_caps()).collect();
    pipeline.set_state(gst::State::Null).unwrap();
    caps.iter().filter(|caps| caps.structure(0).unwrap().name() == kind).count()
}

#[test]
fn clips_of_which_no_frame_comes_are_errors_and_leave_no_file() {
    let folder = folder();
    let video = pictures(50, "format=I420,width=64,height=48");
    make(&folder, "sound.m4a", "audiotestsrc num-buffers=50 ! avenc_aac ! mp4mux");
    make(&folder, "whole.mp4", &format!("{video} ! x264enc ! mp4mux faststart=true"));
    make(&folder, "whole.mkv", &format!("{video} ! x264enc ! matroskamux"));
    let whole = fs::read(folder.path().join("whole.mp4")).unwrap();
    let samples = whole.windows(4).position(|window| window == b"mdat").unwrap();
    fs::write(folder.path().join("head.mp4"), &whole[..samples + 12]).unwrap();
    // An edit list that begins behind the last frame: the time in the medium comes after version, flags,
    // number of entries and the entry's length.
    let edits = whole.windows(4).position(|window| window == b"elst").unwrap();
    let mut late = whole.clone();
    late[edits + 16..][..4].copy_from_slice(&i32::MAX.to_be_bytes());
    fs::write(folder.path().join("late.mp4"), late).unwrap();
    let mkv = fs::read(folder.path().join("whole.mkv")).unwrap();
    fs::write(folder.path().join("head.mkv"), &mkv[..mkv.len().min(300)]).unwrap();
    fs::write(folder.path().join("empty.mp4"), "").unwrap();
    for name in ["sound.m4a", "head.mp4", "late.mp4", "head.mkv", "empty.mp4"] {
        for extra in [&[][..], &["--allow-short"], &["--picture", "both.png"]] {
            fails("transcode", &folder, &[&[name, "out.mp4"], &LOOK[..], extra].concat());
            assert!(!folder.path().join("out.mp4").exists(), "{name}");
            assert!(!folder.path().join("both.png").exists(), "{name}");
        }
    }
}

#[test]
fn clips_that_are_shorter_than_their_header_says_are_errors_unless_asked() {
    let folder = folder();
    let video = pictures(100, "format=I420,width=160,height=120");
    let sound = "audiotestsrc num-buffers=170 ! audioconvert";
    let cases = [
        (
            "in.mp4",
            format!(
                "{video} ! x264enc key-int-max=10 ! mux. {sound} ! avenc_aac ! mux. mp4mux faststart=true name=mux"
            ),
        ),
        ("in.mov", format!("{video} ! x264enc key-int-max=10 ! qtmux faststart=true")),
        (
            "in.mkv",
            format!(
                "{video} ! x264enc key-int-max=10 ! mux. {sound} ! flacenc ! mux. matroskamux name=mux"
            ),
        ),
        ("in.flv", format!("{video} ! x264enc key-int-max=10 ! flvmux")),
        ("in.avi", format!("{video} ! jpegenc ! avimux")),
    ];
    for (name, line) in cases {
        make(&folder, name, &line);
        assert_eq!(said(&folder, &[&[name, "out.mp4"], &LOOK[..]].concat()), "", "{name}");
        let whole = fs::read(folder.path().join(name)).unwrap();
        let short = format!("short-{name}");
        fs::write(folder.path().join(&short), &whole[..whole.len() * 6 / 10]).unwrap();
        fs::remove_file(folder.path().join("out.mp4")).unwrap();
        let errors =
            fails("transcode", &folder, &[&[short.as_str(), "out.mp4"], &LOOK[..]].concat());
        assert!(errors.contains(&format!("{short} is cut short")), "{errors}");
        assert!(errors.contains("--allow-short"), "{errors}");
        let frames = Decoded::video(&folder, "out.mp4").buffers.len();
        assert!((20..90).contains(&frames), "{name}: {frames}");
        let errors =
            said(&folder, &[&[short.as_str(), "out.mp4", "--allow-short"], &LOOK[..]].concat());
        assert!(errors.contains("is cut short"), "{errors}");
    }
}

/// Streams of different lengths, and a frame that stays for long, are whole clips.
#[test]
fn whole_clips_are_not_called_short() {
    let folder = folder();
    let video = |frames| pictures(frames, "format=I420,width=64,height=48");
    let sound =
        |blocks: u32| format!("audiotestsrc num-buffers={blocks} ! audioconvert ! avenc_aac");
    for (name, muxer) in [("in.mp4", "mp4mux"), ("in.mkv", "matroskamux"), ("in.ts", "mpegtsmux")] {
        for (frames, blocks) in [(25, 150), (100, 20)] {
            let [video, sound] = [video(frames), sound(blocks)];
            make(
                &folder,
                name,
                &format!("{video} ! x264enc ! mux. {sound} ! mux. {muxer} name=mux"),
            );
            assert_eq!(said(&folder, &[&[name, "out.mp4"], &LOOK[..]].concat()), "", "{name}");
        }
    }
    make(
        &folder,
        "slides.mkv",
        "videotestsrc num-buffers=3 ! video/x-raw,framerate=1/4,width=64,height=48 ! x264enc ! matroskamux",
    );
    assert_eq!(said(&folder, &[&["slides.mkv", "out.mp4"], &LOOK[..]].concat()), "");
}

/// A clip's length is that of its longest stream, which may be one that is left out.
#[test]
fn clips_whose_longest_stream_cannot_be_decoded_are_not_called_short() {
    let folder = folder();
    let video = pictures(50, "format=I420,width=64,height=48");
    for (name, encoder, muxer, [known, unknown]) in [
        ("in.mkv", "flacenc", "matroskamux", [&b"A_FLAC"[..], b"A_XLAC"]),
        ("in.mp4", "avenc_aac", "mp4mux faststart=true", [b"mp4a", b"xp4a"]),
    ] {
        // Some three seconds of sound beside two of pictures.
        let sound = format!("audiotestsrc num-buffers=130 ! audioconvert ! {encoder}");
        let line = format!("{video} ! x264enc ! mux. {sound} ! mux. {muxer} name=mux");
        make(&folder, name, &line);
        let mut bytes = fs::read(folder.path().join(name)).unwrap();
        let kind = bytes.windows(known.len()).position(|part| part == known).unwrap();
        bytes[kind..][..unknown.len()].copy_from_slice(unknown);
        fs::write(folder.path().join(name), &bytes).unwrap();
        let errors = said(&folder, &[&[name, "out.mp4"], &LOOK[..]].concat());
        assert!(errors.contains("is left out: GStreamer has no decoder for it"), "{errors}");
        assert!(!errors.contains("cut short"), "{errors}");
        assert_eq!(Decoded::video(&folder, "out.mp4").buffers.len(), 50);
        // What the file itself lacks is still found.
        if name == "in.mp4" {
            fs::write(folder.path().join("short.mp4"), &bytes[..bytes.len() * 6 / 10]).unwrap();
            let arguments = [&["short.mp4", "out.mp4"], &LOOK[..]].concat();
            assert!(fails("transcode", &folder, &arguments).contains("short.mp4 is cut short"));
        }
    }
}

#[cfg(unix)]
fn pipe(folder: &TempDir, name: &str) {
    let made = Command::new("mkfifo").arg(folder.path().join(name)).status().unwrap();
    assert!(made.success());
}

/// Longest that a stalled run may last after Ctrl-C: two seconds are the promise, and the others are for a machine that
/// does much else at the time.
#[cfg(unix)]
const STALLED: Duration = Duration::from_secs(2 + 8);

#[cfg(unix)]
fn interrupt(child: &std::process::Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

#[cfg(unix)]
#[test]
fn one_interruption_ends_a_stalled_run_and_leaves_nothing() {
    use std::io::Write;
    let folder = folder();
    let video = pictures(200, "format=I420,width=160,height=120");
    make(&folder, "whole.mkv", &format!("{video} ! x264enc ! matroskamux"));
    let whole = fs::read(folder.path().join("whole.mkv")).unwrap();
    pipe(&folder, "in.mkv");
    // A file that does not open, one that gives nothing, and one that stops in its middle.
    for bytes in [None, Some(0), Some(whole.len() / 2)] {
        fs::write(folder.path().join("out.mp4"), "of value").unwrap();
        let mut child = tool("transcode")
            .current_dir(folder.path())
            .env("XDG_CACHE_HOME", folder.path())
            .args(["in.mkv", "out.mp4"])
            .args(LOOK)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let held = bytes.map(|bytes| {
            let mut pipe =
                fs::File::options().write(true).open(folder.path().join("in.mkv")).unwrap();
            pipe.write_all(&whole[..bytes]).unwrap();
            pipe
        });
        wait_until("the file is begun", || unfinished(folder.path()).is_some());
        // It waits from now on, whatever it has got.
        std::thread::sleep(Duration::from_millis(500));
        interrupt(&child);
        let status = {
            let start = std::time::Instant::now();
            loop {
                if let Some(status) = child.try_wait().unwrap() {
                    break status;
                }
                assert!(start.elapsed() < STALLED, "it does not end");
                std::thread::sleep(Duration::from_millis(10));
            }
        };
        assert_eq!(status.code(), Some(130), "{bytes:?}");
        assert_eq!(unfinished(folder.path()), None, "{bytes:?}");
        assert_eq!(fs::read(folder.path().join("out.mp4")).unwrap(), b"of value", "{bytes:?}");
        drop(held);
    }
}

/// Its frames take long: of noise, and so large that nothing moves between two of them for seconds.
#[cfg(unix)]
#[test]
fn an_interruption_does_not_end_a_slow_run_that_works() {
    use std::io::Write;
    let folder = folder();
    let snow = "videotestsrc pattern=snow num-buffers=2 ! video/x-raw,format=I420,framerate=25/1";
    make(
        &folder,
        "whole.mkv",
        &format!("{snow},width=3840,height=2160 ! jpegenc ! matroskamux streamable=true"),
    );
    pipe(&folder, "in.mkv");
    let child = tool("transcode")
        .current_dir(folder.path())
        .env("XDG_CACHE_HOME", folder.path())
        .args(["in.mkv", "out.mp4"])
        .args(LOOK)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut to = fs::File::options().write(true).open(folder.path().join("in.mkv")).unwrap();
    to.write_all(&fs::read(folder.path().join("whole.mkv")).unwrap()).unwrap();
    drop(to);
    // All has been read, and most of the work is still to be done.
    std::thread::sleep(Duration::from_millis(1000));
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!errors.contains("nothing came"), "{errors}");
    assert_ne!(output.status.code(), Some(130), "{errors}");
    // Unless it came before the first frame.
    assert!(folder.path().join("out.mp4").exists() || errors.contains("no frame came"), "{errors}");
}

/// While the picture is written: there is no stream any more that could be ended.
#[cfg(unix)]
#[test]
fn an_interruption_after_the_stream_ends_the_run() {
    let folder = folder();
    let snow = "videotestsrc pattern=snow num-buffers=1 ! video/x-raw,width=3840,height=2160";
    make(&folder, "in.mkv", &format!("{snow} ! jpegenc ! matroskamux"));
    // It may come too late; where it has no effect, it does every time.
    let is_ended = (0..5).any(|_| {
        let _ = fs::remove_file(folder.path().join("out.mp4"));
        let _ = fs::remove_file(folder.path().join("both.png"));
        let mut child = tool("transcode")
            .current_dir(folder.path())
            .env("XDG_CACHE_HOME", folder.path())
            .args(["in.mkv", "out.mp4", "--picture", "both.png"])
            .args(LOOK)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_until("the clip is there", || folder.path().join("out.mp4").exists());
        interrupt(&child);
        let status = child.wait().unwrap();
        assert_eq!(unfinished(folder.path()), None);
        status.code() == Some(130) && !folder.path().join("both.png").exists()
    });
    assert!(is_ended);
}

#[cfg(unix)]
#[test]
fn a_clip_can_come_through_a_pipe() {
    let folder = folder();
    let video = pictures(50, "format=I420,width=64,height=48");
    make(&folder, "whole.mkv", &format!("{video} ! x264enc ! matroskamux streamable=true"));
    pipe(&folder, "in.mkv");
    let (from, to) = (folder.path().join("whole.mkv"), folder.path().join("in.mkv"));
    let writer = std::thread::spawn(move || {
        let mut pipe = fs::File::options().write(true).open(to).unwrap();
        std::io::copy(&mut fs::File::open(from).unwrap(), &mut pipe).unwrap();
    });
    said(&folder, &[&["in.mkv", "out.mp4"], &LOOK[..]].concat());
    writer.join().unwrap();
    assert_eq!(Decoded::video(&folder, "out.mp4").buffers.len(), 50);
}

#[test]
fn what_is_no_place_for_a_clip_is_refused_and_left_alone() {
    let folder = folder();
    let video = pictures(5, "format=I420,width=64,height=48");
    for name in ["in.mp4", "out.mp4.part", "own.png"] {
        make(&folder, name, &format!("{video} ! x264enc ! mp4mux"));
    }
    fs::create_dir(folder.path().join("folder.mp4")).unwrap();
    // A look and its table may have any name.
    let table = "LUT_3D_SIZE 2\n0 0 0\n1 0 0\n0 1 0\n1 1 0\n0 0 1\n1 0 1\n0 1 1\n1 1 1\n";
    for name in ["table.mkv", "table.png"] {
        fs::write(folder.path().join(name), table).unwrap();
    }
    let text = "attractors = []\noutput-lut = \"table.mkv\"\n";
    fs::write(folder.path().join("own.toml"), text).unwrap();
    fs::hard_link(folder.path().join("own.toml"), folder.path().join("own.mov")).unwrap();
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    let before = read("in.mp4");
    let mut cases = vec![
        (vec!["in.mp4", "in.mp4"], "overwritten by itself"),
        (vec!["in.mp4", "./in.mp4"], "overwritten by itself"),
        (vec!["in.mp4", "folder.mp4"], "folder"),
        (vec!["folder.mp4", "out.mp4"], "folder"),
        (vec!["in.mp4", "out.webm"], ".mp4, .mov or .mkv"),
        (vec!["in.mp4", "out"], ".mp4, .mov or .mkv"),
        (vec!["in.mp4", "absent/out.mp4"], "absent"),
        (vec!["in.mp4", "out.mp4", "--picture", "both.jpg"], ".png"),
        (vec!["own.png", "out.mp4", "--picture", "own.png"], "overwritten by itself"),
        (vec!["in.mp4", "table.mkv", "--input-lut", "table.mkv"], "overwritten by itself"),
        (vec!["in.mp4", "table.mkv", "--look", "own.toml"], "overwritten by itself"),
        (vec!["in.mp4", "own.mov", "--look", "own.toml"], "overwritten by itself"),
        (
            vec!["in.mp4", "out.mp4", "--picture", "table.png", "--output-lut", "table.png"],
            "overwritten by itself",
        ),
    ];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("in.mp4", folder.path().join("link.mp4")).unwrap();
        fs::hard_link(folder.path().join("in.mp4"), folder.path().join("twin.mp4")).unwrap();
        pipe(&folder, "pipe.mp4");
        cases.push((vec!["in.mp4", "link.mp4"], "overwritten by itself"));
        cases.push((vec!["in.mp4", "twin.mp4"], "overwritten by itself"));
        cases.push((vec!["in.mp4", "pipe.mp4"], "pipe"));
    }
    for (arguments, wanted) in cases {
        let errors = fails("transcode", &folder, &[&arguments[..], &LOOK].concat());
        assert!(errors.contains(wanted), "{arguments:?}: {errors}");
        assert!(!folder.path().join("out.mp4").exists(), "{arguments:?}");
        assert_eq!(read("in.mp4"), before, "{arguments:?}");
        assert_eq!([read("table.mkv"), read("table.png")], [table.as_bytes(); 2], "{arguments:?}");
        assert_eq!(read("own.mov"), text.as_bytes(), "{arguments:?}");
    }
    // A file that has the name of an unfinished one is the user's own.
    let own = read("out.mp4.part");
    said(&folder, &[&["out.mp4.part", "out.mp4"], &LOOK[..]].concat());
    assert_eq!(read("out.mp4.part"), own);
}

/// Latin-1, as older files have it.
#[cfg(unix)]
#[test]
fn names_of_any_bytes_are_read_and_written() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let folder = folder();
    let video = pictures(5, "format=I420,width=64,height=48");
    make(&folder, "in.mp4", &format!("{video} ! x264enc ! mp4mux"));
    let [input, output, picture] =
        [&b"caf\xe9.mp4"[..], b"th\xe9.mp4", b"vu\xe9.png"].map(OsStr::from_bytes);
    fs::rename(folder.path().join("in.mp4"), folder.path().join(input)).unwrap();
    let option = OsStr::new("--picture");
    let look = LOOK.map(OsStr::new);
    let arguments = [&[input, output, option, picture], &look[..]].concat();
    let done = outcome("transcode", &folder, &arguments);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(folder.path().join(picture).exists());
    fs::rename(folder.path().join(output), folder.path().join("out.mp4")).unwrap();
    assert_eq!(Decoded::video(&folder, "out.mp4").buffers.len(), 5);
}
