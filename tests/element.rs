//! The element in pipelines: promises, errors, and a stream's life.

mod common;

use std::cell::RefCell;
use std::io::Read;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::{
    Installed, Random, TIMEOUT, buffer, bytes, element, harness, info, run, run_pipeline, stat,
    texts, wait_until,
};
use gst::prelude::*;
use gst_video::{VideoFormat, VideoInfo};
use gstcolorshine::workers::finish_background;

const ATTRACTORS: &str = "#ff8a3d;40;60 | oklch(50% 0.15 200);40;60";

fn pipeline(line: &str) -> gst::Pipeline {
    common::launch(line).unwrap()
}

fn by_name(pipeline: &gst::Pipeline, name: &str) -> gst::Element {
    pipeline.by_name(name).unwrap()
}

/// Promise 6: on writable buffers and on such that must be copied.
#[test]
fn metadata_survives() {
    for is_shared in [false, true] {
        for attractors in ["", ATTRACTORS] {
            let element = element(&[("attractors", attractors)]);
            let info = info(VideoFormat::Nv12, 64, 48);
            let mut harness = harness(&element, &info);
            let mut input = buffer(&info, 16, 7, || 100);
            {
                let input = input.get_mut().unwrap();
                input.set_pts(gst::ClockTime::from_mseconds(40));
                input.set_dts(gst::ClockTime::from_mseconds(20));
                input.set_duration(gst::ClockTime::from_mseconds(40));
                input.set_offset(7);
                input.set_flags(gst::BufferFlags::MARKER | gst::BufferFlags::DELTA_UNIT);
                gst_video::VideoCropMeta::add(input, (2, 4, 40, 30));
                gst_video::VideoRegionOfInterestMeta::add(input, "face", (1, 2, 3, 4));
                let mut code = gst_video::VideoTimeCode::new_empty();
                code.set_fps(gst::Fraction::new(25, 1));
                code.set_hours(1);
                gst_video::VideoTimeCodeMeta::add(input, &code.try_into().unwrap());
                let captions = [0x80, 0x80];
                gst_video::VideoCaptionMeta::add(
                    input,
                    gst_video::VideoCaptionType::Cea608Raw,
                    &captions,
                );
            }
            let keep = is_shared.then(|| (input.clone(), bytes(&input)));
            let out = harness.push_and_pull(input).unwrap();
            assert_eq!(out.pts(), Some(gst::ClockTime::from_mseconds(40)));
            assert_eq!(out.dts(), Some(gst::ClockTime::from_mseconds(20)));
            assert_eq!(out.duration(), Some(gst::ClockTime::from_mseconds(40)));
            assert_eq!(out.offset(), 7);
            assert!(out.flags().contains(gst::BufferFlags::MARKER | gst::BufferFlags::DELTA_UNIT));
            assert_eq!(out.meta::<gst_video::VideoCropMeta>().unwrap().rect(), (2, 4, 40, 30));
            assert_eq!(
                out.meta::<gst_video::VideoRegionOfInterestMeta>().unwrap().rect(),
                (1, 2, 3, 4)
            );
            assert_eq!(out.meta::<gst_video::VideoTimeCodeMeta>().unwrap().tc().hours(), 1);
            assert_eq!(out.meta::<gst_video::VideoCaptionMeta>().unwrap().data(), [0x80, 0x80]);
            assert_eq!(out.iter_meta::<gst_video::VideoMeta>().count(), 1);
            if let Some((shared, before)) = keep {
                assert_eq!(bytes(&shared), before, "a shared buffer was written to");
            }
        }
    }
}

/// Promise 7.
#[test]
fn no_latency_is_added() {
    let pipeline = pipeline(&format!(
        "videotestsrc is-live=true num-buffers=3 ! video/x-raw,width=64,height=48 \
         ! colorshine name=c attractors=\"{ATTRACTORS}\" ! fakesink sync=true name=sink"
    ));
    pipeline.set_state(gst::State::Playing).unwrap();
    let _ = pipeline.state(TIMEOUT);
    let ask = |element: &gst::Element, pad: &str| {
        let mut query = gst::query::Latency::new();
        assert!(element.static_pad(pad).unwrap().peer().unwrap().query(&mut query));
        query.result()
    };
    let sink = by_name(&pipeline, "sink");
    let filter = by_name(&pipeline, "c");
    assert_eq!(ask(&sink, "sink"), ask(&filter, "sink"));
    pipeline.set_state(gst::State::Null).unwrap();
}

/// Promise 8, and the errors of bad text: each kind, with its place, and nothing started.
#[test]
fn bad_attractors_are_refused_with_the_caps() {
    let many = vec!["red;1;1"; 10_000].join("|");
    let long = "x".repeat(1 << 20);
    for (text, want) in [
        ("rouge;50;50", "property attractors: item 1, column 1: \"rouge\" is not a CSS colour"),
        ("#12;50;50", "expected one such as teal, #ff8a3d or oklch(50% 0.15 200)"),
        ("red;50", "property attractors: item 1, column 1: the item has 2 fields"),
        ("teal", "expected color;tolerance;strength[;channels], separated by semicolons"),
        (
            "red;50;50|blue;140;60",
            "item 2, column 16: tolerance 140 is out of range, allowed is 0 to 100",
        ),
        ("red;50;-3", "item 1, column 8: strength -3 is out of range, allowed is 0 to 200"),
        ("red;nan;50", "item 1, column 5: tolerance \"nan\" is not a number"),
        ("red;50;50||blue;1;1", "item 2, column 11: the item is empty"),
        ("red;50;50;x", "item 1, column 11: channels \"x\" are unknown"),
        (many.as_str(), "the text has 79999 bytes, at most 65536 are allowed"),
        (long.as_str(), "the text has 1048576 bytes, at most 65536 are allowed"),
    ] {
        let pipeline = pipeline("videotestsrc num-buffers=1 ! colorshine name=c ! fakesink");
        by_name(&pipeline, "c").set_property("attractors", text);
        assert!(pipeline.set_state(gst::State::Paused).is_ok(), "{want}");
        let bus = pipeline.bus().unwrap();
        let message = bus.timed_pop_filtered(TIMEOUT, &[gst::MessageType::Error]).expect(want);
        let gst::MessageView::Error(error) = message.view() else { unreachable!() };
        let error = error.error().to_string();
        assert!(error.contains(want), "{error}, not {want}");
        assert!(error.len() < 400, "{error}");
        pipeline.set_state(gst::State::Null).unwrap();
    }
}

#[test]
fn bad_numbers_are_refused_with_the_caps() {
    for (properties, want) in [
        (
            "lut-size=1",
            "property lut-size: 1 is out of range, allowed is 0 (automatic) or 2 to 129",
        ),
        (
            "tile-size=15",
            "property tile-size: 15 is out of range, allowed is 0 (automatic) or 16 to 8192",
        ),
        ("memory-limit=1000", "property memory-limit: 1000 bytes are too few for a lookup table"),
        ("memory-limit=100000 lut-size=65", "allowed is 0 (automatic) or at least 2298928"),
    ] {
        let line = format!("videotestsrc num-buffers=1 ! colorshine {properties} ! fakesink");
        let error = run(&line).unwrap_err();
        assert!(error.contains(want), "{error}, not {want}");
    }
}

/// Tables of Y'CbCr take more than those of R'G'B': no other method is taken in silence.
#[test]
fn the_memory_limit_is_that_of_the_format() {
    let limit = colorshine_core::lut::Lattice::bytes_for(17) + 1000;
    let line = |format, limit| {
        format!(
            "videotestsrc num-buffers=1 ! video/x-raw,format={format} ! colorshine attractors=red;50;50 \
             method=lut lut-size=17 memory-limit={limit} name=c ! fakesink"
        )
    };
    run(&line("RGBA", limit)).unwrap();
    let error = run(&line("NV12", limit)).unwrap_err();
    let (_, need) = error.split_once("or at least ").unwrap();
    let need: u64 = need.split(';').next().unwrap().parse().unwrap();
    assert!(error.contains("property memory-limit") && need > limit, "{error}");
    run(&line("NV12", need)).unwrap();
    assert!(run(&line("NV12", need - 1)).is_err());
    // A limit that comes while the stream plays is refused likewise, and the table stays.
    let element = element(&[("attractors", "red;50;50"), ("method", "lut"), ("lut-size", "17")]);
    let bus = gst::Bus::new();
    element.set_bus(Some(&bus));
    let info = info(VideoFormat::Nv12, 16, 16);
    let mut harness = harness(&element, &info);
    harness.push_and_pull(buffer(&info, 0, 0, || 200)).unwrap();
    element.set_property("memory-limit", limit);
    let warnings = texts(&bus, gst::MessageType::Warning);
    assert!(warnings.len() == 1 && warnings[0].contains("memory-limit"), "{warnings:?}");
    gstcolorshine::workers::finish_background();
    harness.push_and_pull(buffer(&info, 0, 0, || 200)).unwrap();
    assert_eq!(stat::<String>(&element, "method"), "lut");
}

#[test]
fn after_an_error_the_element_can_be_mended_and_started() {
    let pipeline =
        pipeline("videotestsrc num-buffers=2 ! colorshine name=c attractors=x ! fakesink");
    assert!(run_pipeline(pipeline.upcast_ref()).is_err());
    by_name(&pipeline, "c").set_property("attractors", ATTRACTORS);
    run_pipeline(pipeline.upcast_ref()).unwrap();
}

/// How gst-launch-1.0 ends within 10 s, if it does, and what it says.
fn launch(installed: &Installed, line: &str) -> (Option<ExitStatus>, String) {
    let mut tool = installed.tool("gst-launch-1.0");
    let mut child = tool.args(line.split(' ')).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).map(|_| text)
    });
    let end = Instant::now() + Duration::from_secs(10);
    let mut status = child.try_wait().unwrap();
    while status.is_none() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(10));
        status = child.try_wait().unwrap();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    (status, reader.join().unwrap().unwrap())
}

#[test]
fn gst_launch_fails_on_bad_attractors_and_on_caps_of_size_0() {
    let installed = Installed::new();
    for line in [
        "videotestsrc num-buffers=1 ! colorshine attractors=nonsense ! fakesink",
        "videotestsrc num-buffers=1 ! capssetter caps=video/x-raw,width=0,height=0 ! colorshine ! fakesink",
    ] {
        // On a busy machine gst-launch-1.0 of GStreamer 1.22 may tell an error and not end, where the end of the
        // stream comes with it: identity error-after=1 does so, too.
        let mut tries = (0..5).map(|_| launch(&installed, line));
        let (status, text) = tries.find_map(|(status, text)| Some((status?, text))).unwrap();
        assert!(!status.success(), "{line}");
        let reasons =
            ["property attractors: item 1, column 1", "not-negotiated", "not link", "invalid caps"];
        assert!(reasons.iter().any(|reason| text.contains(reason)), "{line}: {text}");
    }
}

/// A property that is bad in PLAYING: the last good value stays, one warning, the stream goes on.
#[test]
fn bad_value_in_playing_is_refused_once() {
    let element = element(&[("attractors", "red;50;50")]);
    let bus = gst::Bus::new();
    element.set_bus(Some(&bus));
    let info = info(VideoFormat::Rgba, 16, 16);
    let mut harness = harness(&element, &info);
    let frame = || buffer(&info, 0, 0, || 200);
    let before = bytes(&harness.push_and_pull(frame()).unwrap());
    element.set_property("attractors", "red;50;50|blue");
    element.set_property("lut-size", 1u32);
    element.set_property("memory-limit", 5u64);
    let warnings = texts(&bus, gst::MessageType::Warning);
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    assert!(
        warnings[0].contains("item 2, column 11") && warnings[0].contains("last good value stays")
    );
    assert_eq!(bytes(&harness.push_and_pull(frame()).unwrap()), before);
}

/// Also where it is refused: else a text would vanish while it is typed.
#[test]
fn every_property_reads_back_what_was_set() {
    let element = element(&[("attractors", "red;50;50")]);
    let info = info(VideoFormat::Rgba, 16, 16);
    let harness = RefCell::new(harness(&element, &info));
    let frame = || buffer(&info, 0, 0, || 200);
    let shown = || bytes(&harness.borrow_mut().push_and_pull(frame()).unwrap());
    let before = shown();
    let bad = [
        ("attractors", "blu"),
        ("look", "no-such-look"),
        ("input-lut", "no/such.cube"),
        ("output-lut", "no/such.cube"),
        ("gpu-adapter", "no such adapter"),
        ("cache-dir", "no/such/folder"),
    ];
    for (name, value) in bad {
        element.set_property(name, value);
        assert_eq!(element.property::<String>(name), value);
        assert_eq!(shown(), before, "{name}");
    }
    element.set_property("lut-size", 1u32);
    assert_eq!(element.property::<u32>("lut-size"), 1);
    element.set_property("memory-limit", 5u64);
    assert_eq!(element.property::<u64>("memory-limit"), 5);
    assert_eq!(shown(), before);
    // What is good is used nevertheless, and all of it once nothing is bad.
    let of = |attractors: &str, mix: f64| {
        let element = common::element(&[("attractors", attractors)]);
        element.set_property("mix", mix);
        bytes(&common::harness(&element, &info).push_and_pull(frame()).unwrap())
    };
    element.set_property("mix", 0.5);
    assert_eq!(shown(), of("red;50;50", 0.5));
    let becomes = |want: Vec<u8>| wait_until("the new look", || shown() == want);
    element.set_property("attractors", "blue;100;100");
    becomes(of("blue;100;100", 0.5));
    element.set_property("lut-size", 0u32);
    element.set_property("memory-limit", 0u64);
    for name in ["look", "input-lut", "output-lut"] {
        element.set_property(name, None::<String>);
    }
    element.set_property("mix", 1.0);
    element.set_property("hue", false);
    element.set_property("hue", true);
    becomes(of("blue;100;100", 1.0));
}

/// A program that looks at no state change and no bus, and waits for each frame, as obs-gstreamer does.
#[test]
fn whoever_waits_for_a_frame_is_not_left_waiting() {
    let good = "appsrc name=in is-live=true format=time ! colorshine attractors=red;50;50 \
                ! appsink name=out sync=false";
    for (line, has_frames) in [
        (good.to_string(), true),
        (good.replace("red;50;50", "nonsense"), false),
        (good.replace("attractors", "input-lut"), false),
        (good.replace("attractors=red;50;50", "look=nonsense"), false),
    ] {
        let pipeline = pipeline(&line);
        let source = by_name(&pipeline, "in").downcast::<gst_app::AppSrc>().unwrap();
        let sink = by_name(&pipeline, "out").downcast::<gst_app::AppSink>().unwrap();
        let info = VideoInfo::builder(VideoFormat::Rgba, 64, 48).build().unwrap();
        source.set_caps(Some(&info.to_caps().unwrap()));
        let _ = pipeline.set_state(gst::State::Playing);
        for _ in 0..3 {
            let _ = source.push_buffer(buffer(&info, 0, 0, || 100));
            let pulled = sink.try_pull_sample(TIMEOUT);
            assert_eq!(pulled.is_some(), has_frames, "{line}");
            assert!(has_frames || sink.is_eos(), "{line}: it would wait");
        }
        let errors = texts(&pipeline.bus().unwrap(), gst::MessageType::Error);
        let of_property = |text: &&String| text.contains("property ");
        let count = errors.iter().filter(of_property).count();
        assert_eq!(count, usize::from(!has_frames), "{line}: {errors:?}");
        pipeline.set_state(gst::State::Null).unwrap();
    }
}

/// GLib's strings are bytes. Those of paths are the system's, others have to be UTF-8.
#[cfg(unix)]
#[test]
fn bytes_that_are_no_utf8_are_a_path_or_refused() {
    use std::os::unix::ffi::OsStrExt;
    use std::path::{Path, PathBuf};
    let latin1 = Path::new(std::ffi::OsStr::from_bytes(b"Gr\xf6\xdfe"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(latin1);
    std::fs::write(&file, common::cube_3d(2, common::turn)).unwrap();
    let element = element(&[]);
    let bus = gst::Bus::new();
    element.set_bus(Some(&bus));
    element.set_property("cache-dir", &file);
    element.set_property("cache-dir", "");
    for name in ["input-lut", "output-lut"] {
        element.set_property(name, &file);
        assert_eq!(element.property::<PathBuf>(name), file);
        element.set_property(name, None::<String>);
    }
    element.set_property("input-lut", &file);
    let frame_info = info(VideoFormat::Rgba, 16, 16);
    let mut harness = harness(&element, &frame_info);
    let input = buffer(&frame_info, 0, 0, || 100);
    let before = bytes(&input);
    let mut of_frame = |input| bytes(&harness.push_and_pull(input).unwrap());
    assert_eq!(of_frame(input) == before, common::turn([0.4; 3]) == [0.4; 3]);
    let missing = folder.path().join(Path::new(std::ffi::OsStr::from_bytes(b"\xff.cube")));
    element.set_property("output-lut", &missing);
    let warnings = texts(&bus, gst::MessageType::Warning);
    assert!(warnings.len() == 1 && warnings[0].contains("output-lut"), "{warnings:?}");
    for name in ["attractors", "gpu-adapter", "look"] {
        let before = element.property::<Option<String>>(name);
        element.set_property(name, latin1);
        assert_eq!(element.property::<Option<String>>(name), before, "{name}");
        let warnings = texts(&bus, gst::MessageType::Warning);
        let want = format!("property {name}: the text is not UTF-8");
        assert!(warnings.len() == 1 && warnings[0].contains(&want), "{warnings:?}");
    }
}

#[test]
fn alpha_of_a_colour_is_warned_of_once() {
    let element = element(&[("attractors", "red;50;50|#00ff0080;30;30|rgb(0 0 255 / 10%);5;5")]);
    let bus = gst::Bus::new();
    element.set_bus(Some(&bus));
    let info = info(VideoFormat::Rgba, 16, 16);
    let mut harness = harness(&element, &info);
    harness.push(buffer(&info, 0, 0, || 200)).unwrap();
    let warnings = || texts(&bus, gst::MessageType::Warning);
    let want = "property attractors: items 2, 3: a colour's alpha has no effect";
    assert!(matches!(&warnings()[..], [one] if one.contains(want)));
    element.set_property("hue", false);
    assert!(warnings().is_empty());
    element.set_property("attractors", "rgb(255 0 0 / 0);50;50");
    assert!(matches!(&warnings()[..], [one] if one.contains("item 1:")));
    element.set_property("attractors", "red;50;50");
    assert!(warnings().is_empty());
    // The same colour, and so the same look.
    element.set_property("attractors", "rgb(255 0 0 / 50%);50;50");
    assert!(matches!(&warnings()[..], [one] if one.contains("item 1:")));
}

#[test]
fn views_in_memory_of_their_own_are_refused() {
    let element = element(&[("attractors", ATTRACTORS)]);
    let bus = gst::Bus::new();
    element.set_bus(Some(&bus));
    let mut harness = gst_check::Harness::with_element(&element, Some("sink"), Some("src"));
    for (mode, is_taken) in
        [("mono", true), ("side-by-side", true), ("separated", false), ("top-bottom", true)]
    {
        let caps = format!(
            "video/x-raw,format=RGBA,width=16,height=16,framerate=25/1,multiview-mode={mode},views=2"
        );
        harness.set_src_caps(caps.parse().unwrap());
        let input = buffer(&info(VideoFormat::Rgba, 16, 16), 0, 0, || 100);
        assert_eq!(harness.push(input).is_ok(), is_taken, "{mode}");
        let errors = texts(&bus, gst::MessageType::Error);
        assert_eq!(errors.is_empty(), is_taken, "{mode}: {errors:?}");
        assert!(
            errors.iter().all(|error| error.contains("multiview-mode=separated")),
            "{errors:?}"
        );
    }
}

/// Caps need not say how fast frames come.
#[test]
fn caps_without_a_frame_rate_are_taken() {
    let element = element(&[("attractors", "red;100;100")]);
    let mut harness = gst_check::Harness::with_element(&element, Some("sink"), Some("src"));
    harness.set_src_caps("video/x-raw,format=RGBA,width=16,height=16".parse().unwrap());
    let input = buffer(&info(VideoFormat::Rgba, 16, 16), 0, 0, || 100);
    let before = bytes(&input);
    assert!(bytes(&harness.push_and_pull(input).unwrap()) != before);
}

/// A paused player or editor sets a property and seeks to where it is: somebody looks at that frame.
#[test]
fn the_first_frame_after_a_flush_has_the_newest_look() {
    for properties in [
        "",
        "transition-time=5000000000",
        "tolerance-reference=frame",
        "tolerance-reference=frame transition-time=5000000000",
        "method=exact",
        "lut-size=65",
    ] {
        let pipeline = pipeline(&format!(
            "videotestsrc pattern=gradient ! video/x-raw,format=RGBA,width=64,height=48,framerate=25/1 \
             ! colorshine name=c backend=cpu attractors=red;40;60 {properties} ! appsink name=sink"
        ));
        let filter = by_name(&pipeline, "c");
        let sink = by_name(&pipeline, "sink").downcast::<gst_app::AppSink>().unwrap();
        pipeline.set_state(gst::State::Paused).unwrap();
        pipeline.state(TIMEOUT).0.unwrap();
        let seek = || {
            let to = gst::ClockTime::from_mseconds(400);
            pipeline.seek_simple(gst::SeekFlags::FLUSH | gst::SeekFlags::ACCURATE, to).unwrap();
            let sample = sink.try_pull_preroll(TIMEOUT).unwrap();
            bytes(sample.buffer().unwrap())
        };
        let mut before = seek();
        for look in ["teal;40;60", "#ff8a3d;40;60", "plum;50;50", "gold;30;90", "navy;60;80"] {
            filter.set_property("attractors", look);
            let shown = seek();
            assert!(shown != before, "{properties}: {look}: the look before");
            std::thread::sleep(Duration::from_millis(30));
            assert_eq!(seek(), shown, "{properties}: {look}: it has become another");
            before = shown;
        }
        pipeline.set_state(gst::State::Null).unwrap();
    }
}

/// No frame waits for a long text to be read, however bad.
#[test]
fn a_long_text_is_refused_and_read_back() {
    let element = element(&[("attractors", "red;50;50")]);
    let bus = gst::Bus::new();
    element.set_bus(Some(&bus));
    let info = info(VideoFormat::Rgba, 16, 16);
    let mut harness = harness(&element, &info);
    let frame = || buffer(&info, 0, 0, || 200);
    let before = bytes(&harness.push_and_pull(frame()).unwrap());
    let long = "x\\".repeat(8 << 20);
    for (name, want) in [
        ("attractors", "16777216 bytes"),
        ("look", "property look: there is no look \"x\\x\\"),
        ("input-lut", "property input-lut: x\\x\\"),
    ] {
        // Frames go on meanwhile.
        let is_set = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                element.set_property(name, &long);
                is_set.store(true, Ordering::Release);
            });
            while !is_set.load(Ordering::Acquire) {
                assert_eq!(bytes(&harness.push_and_pull(frame()).unwrap()), before, "{name}");
            }
        });
        assert!(element.property::<String>(name) == long, "{name}");
        let warnings = texts(&bus, gst::MessageType::Warning);
        assert!(matches!(&warnings[..], [one] if one.contains(want)), "{name}");
        assert!(warnings[0].len() < 10_000, "{name}: {} bytes", warnings[0].len());
        element.set_property(name, if name == "attractors" { "red;50;50" } else { "" });
    }
}

/// Buffers that do not hold what the caps say: one error and a flow error, no panic.
#[test]
fn unusable_buffers_are_one_error() {
    common::init();
    let info = info(VideoFormat::I420, 64, 48);
    let tiny = gst::Buffer::with_size(100).unwrap();
    let read_only = gst::Buffer::from_slice(vec![0u8; info.size()]);
    let mut lying = gst::Buffer::with_size(info.size()).unwrap();
    gst_video::VideoMeta::add_full(
        lying.get_mut().unwrap(),
        gst_video::VideoFrameFlags::empty(),
        VideoFormat::I420,
        64,
        48,
        &[0, 64 * 48, 64 * 48 + 32 * 24],
        &[64, 32, 4096],
    )
    .unwrap();
    let mut small = buffer(&info, 0, 0, || 0);
    gst_video::VideoMeta::add(
        small.get_mut().unwrap(),
        gst_video::VideoFrameFlags::empty(),
        VideoFormat::I420,
        32,
        32,
    )
    .unwrap();
    let mut other = buffer(&info, 0, 0, || 0);
    gst_video::VideoMeta::add(
        other.get_mut().unwrap(),
        gst_video::VideoFrameFlags::empty(),
        VideoFormat::Yuy2,
        64,
        24,
    )
    .unwrap();
    for (input, want) in [
        (tiny, "it has 100 bytes, its caps ask for 4608: rows have 64 bytes"),
        (lying, "plane 2 needs"),
        (small, "its video meta says 32x32"),
        (other, "its video meta says Yuy2"),
    ] {
        let element = element(&[("attractors", ATTRACTORS)]);
        let bus = gst::Bus::new();
        element.set_bus(Some(&bus));
        let mut harness = harness(&element, &info);
        assert_eq!(harness.push(input), Err(gst::FlowError::Error), "{want}");
        let errors = texts(&bus, gst::MessageType::Error);
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert!(errors[0].contains(want), "{errors:?}, not {want}");
    }
    // As a program writes them that knows nothing of GStreamer's padding.
    let odd = common::info(VideoFormat::Rgb, 65, 49);
    let element = common::element(&[("attractors", ATTRACTORS)]);
    let bus = gst::Bus::new();
    element.set_bus(Some(&bus));
    let unpadded = gst::Buffer::with_size(3 * 65 * 49).unwrap();
    let mut harness = common::harness(&element, &odd);
    assert_eq!(harness.push(unpadded), Err(gst::FlowError::Error));
    let errors = texts(&bus, gst::MessageType::Error);
    let want =
        "it has 9555 bytes, its caps ask for 9604: rows of 195 bytes are to be padded to 196";
    assert!(errors.len() == 1 && errors[0].contains(want), "{errors:?}");
    // Read-only memory is copied, not refused.
    let element = common::element(&[("attractors", ATTRACTORS)]);
    common::harness(&element, &info).push_and_pull(read_only).unwrap();
}

#[test]
fn hdr_is_announced_once_and_processed() {
    for colorimetry in ["bt2100-pq", "bt2100-hlg"] {
        let element = element(&[("attractors", "red;100;100")]);
        let bus = gst::Bus::new();
        element.set_bus(Some(&bus));
        let colorimetry = colorimetry.parse().unwrap();
        let info = VideoInfo::builder(VideoFormat::I420, 64, 64).colorimetry(&colorimetry).build();
        let info = info.unwrap();
        let mut harness = harness(&element, &info);
        for _ in 0..3 {
            let input = buffer(&info, 0, 0, || 0x60);
            let before = bytes(&input);
            assert!(bytes(&harness.push_and_pull(input).unwrap()) != before);
        }
        let warnings = texts(&bus, gst::MessageType::Warning);
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].contains("processed as if it were SDR"), "{warnings:?}");
    }
}

#[test]
fn eos_follows_the_last_frame() {
    let pipeline = pipeline(&format!(
        "videotestsrc num-buffers=10 ! video/x-raw,format=NV12 \
         ! colorshine name=c attractors=\"{ATTRACTORS}\" ! fakesink"
    ));
    let counted = count_frames(&by_name(&pipeline, "c"));
    let filter = by_name(&pipeline, "c");
    let bus = pipeline.bus().unwrap();
    pipeline.set_state(gst::State::Playing).unwrap();
    let types = [gst::MessageType::Eos, gst::MessageType::Error];
    let message = bus.timed_pop_filtered(TIMEOUT, &types).expect("an end");
    assert_eq!(message.type_(), gst::MessageType::Eos);
    assert_eq!(counted.load(Ordering::SeqCst), 10);
    assert_eq!(stat::<u64>(&filter, "frames"), 10);
    assert_eq!(stat::<u64>(&filter, "frames-passthrough"), 0);
    assert!(stat::<u64>(&filter, "apply-time-ns") > 0);
    assert!(stat::<u64>(&filter, "first-frame-time-ns") > 0);
    pipeline.set_state(gst::State::Null).unwrap();
}

/// Counts the buffers that leave an element.
fn count_frames(element: &gst::Element) -> Arc<AtomicUsize> {
    let counted = Arc::new(AtomicUsize::new(0));
    let counter = counted.clone();
    element.static_pad("src").unwrap().add_probe(gst::PadProbeType::BUFFER, move |_, _| {
        counter.fetch_add(1, Ordering::SeqCst);
        gst::PadProbeReturn::Ok
    });
    counted
}

#[test]
fn flush_and_seek_go_on() {
    let pipeline = pipeline(&format!(
        "videotestsrc num-buffers=2000 ! video/x-raw,format=I420,width=64,height=48 \
         ! colorshine name=c attractors=\"{ATTRACTORS}\" ! fakesink sync=true name=sink"
    ));
    let counted = count_frames(&by_name(&pipeline, "c"));
    pipeline.set_state(gst::State::Playing).unwrap();
    let _ = pipeline.state(TIMEOUT);
    for second in [5, 1, 30] {
        let before = counted.load(Ordering::SeqCst);
        let to = gst::ClockTime::from_seconds(second);
        pipeline.seek_simple(gst::SeekFlags::FLUSH | gst::SeekFlags::KEY_UNIT, to).unwrap();
        wait_until("frames after a seek", || counted.load(Ordering::SeqCst) > before + 3);
    }
    assert!(texts(&pipeline.bus().unwrap(), gst::MessageType::Error).is_empty());
    pipeline.set_state(gst::State::Null).unwrap();
}

#[test]
fn caps_may_change_in_mid_stream() {
    let element = element(&[("attractors", "red;100;100")]);
    let mut harness = gst_check::Harness::with_element(&element, Some("sink"), Some("src"));
    for (format, width, height) in [
        (VideoFormat::Rgba, 32, 16),
        (VideoFormat::Nv12, 33, 17),
        (VideoFormat::I420, 700, 400),
        (VideoFormat::Gbr, 5, 5),
        (VideoFormat::Nv12, 33, 17),
    ] {
        let info = info(format, width, height);
        harness.set_src_caps(info.to_caps().unwrap());
        let input = buffer(&info, 0, 0, || 0x60);
        let before = bytes(&input);
        let out = harness.push_and_pull(input).unwrap();
        assert_eq!(out.size(), info.size());
        assert!(bytes(&out) != before, "{format}: nothing has changed");
    }
}

#[test]
fn two_hundred_starts_leave_nothing_behind() {
    let pipeline = pipeline(&format!(
        "videotestsrc num-buffers=1 ! video/x-raw,format=I420,width=64,height=48 \
         ! colorshine name=c attractors=\"{ATTRACTORS}\" ! fakesink"
    ));
    let filter = by_name(&pipeline, "c");
    for _ in 0..200 {
        run_pipeline(pipeline.upcast_ref()).unwrap();
        assert_eq!(stat::<String>(&filter, "method"), "none", "a stopped element keeps a plan");
        assert_eq!(stat::<u64>(&filter, "memory-bytes"), 0);
    }
    let weak = filter.downgrade();
    drop((filter, pipeline));
    wait_until("the element is gone", || weak.upgrade().is_none());
}

/// A change of size alone finds the lattice of the same look where it was.
#[test]
fn caps_of_the_same_codes_share_a_lattice() {
    let element = element(&[("attractors", "#135799;50;50")]);
    let mut harness = gst_check::Harness::with_element(&element, Some("sink"), Some("src"));
    for size in [16, 32, 64] {
        let info = info(VideoFormat::Rgba, size, size);
        harness.set_src_caps(info.to_caps().unwrap());
        harness.push_and_pull(buffer(&info, 0, 0, || 0x60)).unwrap();
    }
    assert_eq!(stat::<u64>(&element, "bakes"), 1);
    assert_eq!(stat::<u64>(&element, "lut-cache-memory-hits"), 2);
}

/// A look that was left and comes back is not baked again, and a swap is counted until it has been seen.
#[test]
fn a_look_that_comes_back_is_remembered() {
    let looks = ["#246801;50;50", "#246802;50;50"];
    let element = element(&[("attractors", looks[0]), ("lut-size", "33")]);
    let info = info(VideoFormat::Rgba, 16, 16);
    let mut harness = harness(&element, &info);
    let mut push = || harness.push_and_pull(buffer(&info, 0, 0, || 0x60)).unwrap();
    let one = colorshine_core::lut::Lattice::bytes_for(33);
    push();
    assert_eq!(stat::<u64>(&element, "memory-bytes"), one);
    for change in 1..=4 {
        element.set_property("attractors", looks[change % 2]);
        wait_until("the look has changed", || {
            let count = |name| stat::<u64>(&element, name);
            count("bakes") + count("lut-cache-memory-hits") == 1 + change as u64
                && count("memory-bytes") == 2 * one
        });
        push();
        assert_eq!(stat::<u64>(&element, "memory-bytes"), one);
    }
    assert_eq!(stat::<u64>(&element, "bakes"), 2);
    assert_eq!(stat::<u64>(&element, "lut-cache-memory-hits"), 3);
}

/// Promise 7: frames that come while a large bake is under way go on with the look before.
#[test]
fn no_frame_waits_for_a_bake() {
    let info = info(VideoFormat::Rgba, 16, 16);
    let frame = || buffer(&info, 0, 0, || 0x70);
    let element = element(&[("attractors", "red;100;100"), ("method", "lut"), ("lut-size", "129")]);
    let mut harness = harness(&element, &info);
    let before = bytes(&harness.push_and_pull(frame()).unwrap());
    element.set_property("attractors", "blue;100;100|lime;100;100|red;100;100|teal;100;100");
    // A bake of 129 nodes per axis takes far longer than this frame of 256 pixels.
    assert_eq!(bytes(&harness.push_and_pull(frame()).unwrap()), before, "the frame has waited");
    wait_until("the new look is there", || stat::<u64>(&element, "bakes") == 2);
}

/// A new look is not shown or exported with the radii of the look before, nor is that one exported for it.
#[test]
fn radii_belong_to_the_look_they_were_measured_for() {
    let element = element(&[
        ("attractors", "red;50;50"),
        ("tolerance-reference", "frame"),
        ("model", "classic"),
    ]);
    let bus = gst::Bus::new();
    element.set_bus(Some(&bus));
    // Too fast for the exact model, so that the table's error is announced.
    let fps = gst::Fraction::new(1_000_000, 1);
    let info = VideoInfo::builder(VideoFormat::Rgba, 64, 64).fps(fps).build().unwrap();
    let mut harness = harness(&element, &info);
    let mut random = Random::new(41);
    let mut push = || harness.push_and_pull(buffer(&info, 0, 0, || random.next() as u8)).unwrap();
    let count = || stat::<gst::Array>(&element, "radii").as_slice().len();
    push();
    assert_eq!((count(), texts(&bus, gst::MessageType::Info).len()), (1, 1));
    push();
    assert_eq!(texts(&bus, gst::MessageType::Info).len(), 0, "said twice");
    let path = tempfile::NamedTempFile::new().unwrap();
    let path = path.path().to_str().unwrap();
    // The look before stays until a frame has been measured for the new one.
    element.set_property("attractors", "blue;50;50|red;50;50");
    assert_eq!(count(), 1);
    assert!(!element.emit_by_name::<bool>("export-lut", &[&path, &9u32]));
    while count() == 1 {
        push();
    }
    // The look is in place before it is announced.
    finish_background();
    assert_eq!((count(), texts(&bus, gst::MessageType::Info).len()), (2, 1));
    assert!(element.emit_by_name::<bool>("export-lut", &[&path, &9u32]));
}

/// Frames that are measured keep the promises of size, method and statistics too.
#[test]
fn measured_frames_choose_their_method() {
    let stats = |properties: &[(&str, &str)]| {
        let element = element(&[&[("tolerance-reference", "frame")], properties].concat());
        let info = info(VideoFormat::Rgba, 64, 64);
        let mut random = Random::new(31);
        let input = buffer(&info, 0, 0, || random.next() as u8);
        let mut harness = harness(&element, &info);
        harness.push_and_pull(input).unwrap();
        let error = stat::<f64>(&element, "lut-error-p999-codes");
        (stat::<String>(&element, "method"), stat::<u32>(&element, "lut-size"), error)
    };
    let tame = ("attractors", "red;50;5");
    let (method, size, error) = stats(&[tame]);
    assert_eq!(method, "lut");
    assert!(size >= 17 && error > 0.0 && error <= 0.5, "{size} {error}");
    let (method, size, error) = stats(&[("attractors", "red;50;50"), ("model", "classic")]);
    assert_eq!((method.as_str(), size), ("exact", 0));
    assert!(error > 1.0, "{error}");
    let (method, size, _) = stats(&[tame, ("method", "lut"), ("lut-size", "9")]);
    assert_eq!((method.as_str(), size), ("lut", 9));
    assert_eq!(stats(&[tame, ("method", "exact")]).0, "exact");
}

#[test]
fn properties_may_change_from_three_threads_while_frames_flow() {
    let pipeline = pipeline(
        "videotestsrc ! video/x-raw,format=NV12,width=320,height=180,framerate=60/1 \
         ! colorshine name=c attractors=red;50;50 ! fakesink sync=false",
    );
    let filter = by_name(&pipeline, "c");
    let counted = count_frames(&filter);
    pipeline.set_state(gst::State::Playing).unwrap();
    let end = Instant::now() + Duration::from_secs(5);
    let changes = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for seed in 11..14 {
            let (filter, changes) = (&filter, &changes);
            scope.spawn(move || {
                let mut random = Random::new(seed);
                while Instant::now() < end {
                    match random.below(9) {
                        0 => filter.set_property("mix", random.below(101) as f64 / 100.0),
                        1 => filter.set_property("split", random.below(101) as f64 / 100.0),
                        2 => filter
                            .set_property("lut-size", [0u32, 9, 17, 33][random.below(4) as usize]),
                        3 => filter.set_property_from_str(
                            "model",
                            ["smooth", "classic"][random.below(2) as usize],
                        ),
                        4 => filter.set_property_from_str(
                            "method",
                            ["lut", "exact", "auto"][random.below(3) as usize],
                        ),
                        5 => filter.set_property("hue", random.below(2) == 0),
                        6 => filter.set_property_from_str(
                            "tolerance-reference",
                            ["gamut", "frame", "absolute"][random.below(3) as usize],
                        ),
                        7 => drop(filter.property::<gst::Structure>("stats")),
                        _ => {
                            let hue = random.below(360);
                            filter
                                .set_property("attractors", format!("oklch(60% 0.15 {hue});40;80"));
                        }
                    }
                    changes.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let frames = counted.load(Ordering::SeqCst);
    println!("{frames} frames, {} changes", changes.load(Ordering::Relaxed));
    let errors = texts(&pipeline.bus().unwrap(), gst::MessageType::Error);
    assert!(errors.is_empty(), "{errors:?}");
    wait_until("frames still flow", || counted.load(Ordering::SeqCst) > frames + 10);
    pipeline.set_state(gst::State::Null).unwrap();
}

/// The newest of a burst of changes is what ends up on screen.
#[test]
fn newest_change_wins() {
    let info = info(VideoFormat::Rgba, 16, 16);
    let frame = || buffer(&info, 0, 0, || 0x70);
    let of = |attractors: &str| {
        let element = element(&[("attractors", attractors)]);
        bytes(&harness(&element, &info).push_and_pull(frame()).unwrap())
    };
    let want = of("oklch(60% 0.2 99);100;100");
    let element = element(&[("attractors", "red;100;100")]);
    let mut harness = harness(&element, &info);
    assert!(bytes(&harness.push_and_pull(frame()).unwrap()) != want);
    for hue in 0..100 {
        element.set_property("attractors", format!("oklch(60% 0.2 {hue});100;100"));
    }
    let start = Instant::now();
    while bytes(&harness.push_and_pull(frame()).unwrap()) != want {
        assert!(
            start.elapsed() < Duration::from_secs(TIMEOUT.seconds()),
            "the newest look never came"
        );
    }
    // And nothing older comes after it.
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(bytes(&harness.push_and_pull(frame()).unwrap()), want);
}

/// Into passthrough and out of it in mid-stream.
#[test]
fn passthrough_comes_and_goes() {
    let info = info(VideoFormat::I420, 64, 48);
    let frame = || buffer(&info, 0, 0, || 0x60);
    let element = element(&[("attractors", "red;100;100")]);
    let mut harness = harness(&element, &info);
    for mix in [1.0, 0.0, 0.5, 0.0, 1.0] {
        element.set_property("mix", mix);
        let input = frame();
        let (address, before) = (input.as_ptr(), bytes(&input));
        let out = harness.push_and_pull(input).unwrap();
        assert_eq!(bytes(&out) == before, mix == 0.0, "mix {mix}");
        assert!(mix != 0.0 || out.as_ptr() == address, "mix {mix}: not the same buffer");
    }
    assert_eq!(stat::<u64>(&element, "frames-passthrough"), 2);
    assert_eq!(stat::<u64>(&element, "frames"), 5);
}

/// `mix` and `split` follow a controller, in stream time.
#[test]
fn mix_follows_a_controller() {
    let element = element(&[("attractors", "red;100;100")]);
    let source = rising_source();
    element
        .add_control_binding(&gst_controller::DirectControlBinding::new_absolute(
            &element, "mix", &source,
        ))
        .unwrap();
    let info = info(VideoFormat::Rgba, 8, 8);
    let mut harness = harness(&element, &info);
    let mut changes = Vec::new();
    for frame in 0..5u64 {
        let mut input = buffer(&info, 0, 0, || 0x60);
        input.get_mut().unwrap().set_pts(gst::ClockTime::from_mseconds(250 * frame));
        let before = i32::from(bytes(&input)[0]);
        let out = harness.push_and_pull(input).unwrap();
        changes.push((i32::from(bytes(&out)[0]) - before).abs());
    }
    assert_eq!(changes[0], 0, "{changes:?}");
    assert!(changes.windows(2).all(|w| w[1] > w[0]), "{changes:?}");
}

/// An interpolating source from 0 at 0 s to 1 at 1 s.
fn rising_source() -> gst_controller::InterpolationControlSource {
    use gst_controller::prelude::*;
    let source = gst_controller::InterpolationControlSource::new();
    source.set_mode(gst_controller::InterpolationMode::Linear);
    source.set(gst::ClockTime::ZERO, 0.0);
    source.set(gst::ClockTime::from_seconds(1), 1.0);
    source
}

#[test]
fn many_elements_share_one_lattice() {
    let line = (0..10)
        .map(|i| {
            format!(
                "videotestsrc num-buffers=2 ! video/x-raw,format=RGBA,width=32,height=32 \
                 ! colorshine name=c{i} attractors=#abcdef;33;44 ! fakesink "
            )
        })
        .collect::<String>();
    let pipeline = pipeline(&line);
    pipeline.set_state(gst::State::Paused).unwrap();
    let _ = pipeline.state(TIMEOUT);
    let filters: Vec<gst::Element> =
        (0..10).map(|i| by_name(&pipeline, &format!("c{i}"))).collect();
    let sum = |name: &str| filters.iter().map(|f| stat::<u64>(f, name)).sum::<u64>();
    assert_eq!(sum("lut-cache-misses"), 1);
    assert_eq!(sum("lut-cache-memory-hits"), 9);
    assert_eq!(sum("bakes"), 1);
    pipeline.set_state(gst::State::Null).unwrap();
}

#[test]
fn auto_takes_the_exact_model_where_a_table_is_inaccurate() {
    let info = |fps| {
        VideoInfo::builder(VideoFormat::Rgba, 64, 64)
            .fps(gst::Fraction::new(fps, 1))
            .build()
            .unwrap()
    };
    let method = |attractors: &str, method: &str, fps| {
        let element = element(&[("attractors", attractors), ("method", method)]);
        let bus = gst::Bus::new();
        element.set_bus(Some(&bus));
        let _harness = harness(&element, &info(fps));
        (stat::<String>(&element, "method"), texts(&bus, gst::MessageType::Info))
    };
    let (smooth, narrow) = ("red;50;75", "red;50;200");
    assert_eq!(method(smooth, "auto", 25).0, "lut");
    assert_eq!(method(narrow, "auto", 25).0, "exact");
    assert_eq!(method(narrow, "lut", 25).0, "lut");
    assert_eq!(method(smooth, "exact", 25).0, "exact");
    // No CPU colours 4096 pixels a million times a second; the way out is announced.
    let (fallback, announced) = method(narrow, "auto", 1_000_000);
    assert_eq!(fallback, "lut");
    assert_eq!(announced.len(), 1, "{announced:?}");
    assert!(announced[0].contains("method=exact"), "{announced:?}");
}

#[test]
fn automatic_size_is_the_smallest_that_is_accurate() {
    let stats = |attractors: &str| {
        let element = element(&[("attractors", attractors), ("method", "lut")]);
        let _harness = harness(&element, &info(VideoFormat::Rgba, 16, 16));
        (stat::<u32>(&element, "lut-size"), stat::<f64>(&element, "lut-error-p999-codes"))
    };
    let (size, error) = stats("red;50;75");
    assert_eq!(size, 33);
    assert!(error > 0.0 && error <= 0.5, "{error}");
    let (size, error) = stats("red;50;5");
    assert_eq!(size, 17);
    assert!(error <= 0.5, "{error}");
    let (size, error) = stats("red;50;200");
    assert_eq!(size, 65);
    assert!(error > 0.5, "{error}");
}

#[test]
fn export_lut_writes_what_is_on_screen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("look.cube");
    let element = element(&[("attractors", "red;50;75")]);
    let info = info(VideoFormat::Rgb, 1, 1);
    let mut harness = harness(&element, &info);
    let export = |path: &std::path::Path, size: u32| {
        element.emit_by_name::<bool>("export-lut", &[&path.to_str().unwrap(), &size])
    };
    assert!(export(&path, 17));
    let text = std::fs::read_to_string(&path).unwrap();
    let rows: Vec<[f64; 3]> = text
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_digit()))
        .map(|line| {
            let mut numbers = line.split(' ').map(|n| n.parse().unwrap());
            std::array::from_fn(|_| numbers.next().unwrap())
        })
        .collect();
    assert_eq!(rows.len(), 17 * 17 * 17);
    // Node 12, 4, 2 is code 191.25, 63.75, 31.875; the pixel beside it comes out beside it.
    let node = rows[12 + 17 * (4 + 17 * 2)].map(|v| v * 255.0);
    let mut codes = [191u8, 64, 32].into_iter().cycle();
    let out = bytes(&harness.push_and_pull(buffer(&info, 0, 0, || codes.next().unwrap())).unwrap());
    for c in 0..3 {
        assert!((node[c] - f64::from(out[c])).abs() <= 1.5, "{node:?} {out:?}");
    }
    let bus = gst::Bus::new();
    element.set_bus(Some(&bus));
    assert!(!export(&path, 1));
    assert!(!export(&folder.path().join("no/such/folder.cube"), 17));
    assert!(!element.emit_by_name::<bool>("export-lut", &[&None::<String>, &17u32]));
    let unmeasured =
        common::element(&[("attractors", "red;50;75"), ("tolerance-reference", "frame")]);
    unmeasured.set_bus(Some(&bus));
    let path = path.to_str().unwrap();
    assert!(!unmeasured.emit_by_name::<bool>("export-lut", &[&path, &17u32]));
    let warnings = texts(&bus, gst::MessageType::Warning);
    assert_eq!(warnings.len(), 4, "{warnings:?}");
    assert!(warnings[2].contains("no path was given"), "{warnings:?}");
    assert!(warnings[3].contains("no frame has been measured yet"), "{warnings:?}");
}

/// `tolerance-reference=frame` measures each frame on its own.
#[test]
fn frame_mode_follows_each_frame() {
    let element = element(&[
        ("attractors", "oklch(60% 0.1 40);50;100"),
        ("tolerance-reference", "frame"),
        ("adaptation-time", "0"),
    ]);
    let info = info(VideoFormat::Rgba, 64, 64);
    let mut harness = harness(&element, &info);
    let radius = || {
        let radii: gst::Array = stat(&element, "radii");
        radii.as_slice()[0].get::<f64>().unwrap()
    };
    let mut seen = Vec::new();
    for spread in [10u64, 200, 10] {
        let mut random = Random::new(21);
        harness
            .push_and_pull(buffer(&info, 0, 0, || 128 + (random.below(spread) / 2) as u8))
            .unwrap();
        seen.push(radius());
    }
    assert!(seen[0] != seen[1] && seen[0] == seen[2], "{seen:?}");
    assert!(stat::<u64>(&element, "bakes") >= 3, "a lattice for each frame");
    let count = || stat::<gst::Array>(&element, "radii").as_slice().len();
    assert_eq!(count(), 1);
    element.emit_by_name::<()>("reset", &[]);
    assert_eq!(count(), 0, "reset forgets");
}

/// A stream that ends while a bake is under way is left in peace, and the element goes away.
#[test]
fn stopping_during_a_bake_is_safe() {
    for strength in 1..=20 {
        let element = element(&[("attractors", "red;50;50"), ("lut-size", "129")]);
        let info = info(VideoFormat::Rgba, 16, 16);
        let mut harness = harness(&element, &info);
        harness.push_and_pull(buffer(&info, 0, 0, || 9)).unwrap();
        element.set_property("attractors", format!("blue;50;{strength}"));
        drop(harness);
        element.set_state(gst::State::Null).unwrap();
        let weak = element.downgrade();
        drop(element);
        wait_until("the element is gone", || weak.upgrade().is_none());
    }
}
