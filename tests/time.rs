//! A living stream: radii that follow the picture, and looks that change while it plays.

mod common;

use common::{Random, bytes, element, harness, stat};
use gst::prelude::*;
use gst_video::{VideoFormat, VideoInfo};

/// Width and height of the pictures.
const SIZE: [u32; 2] = [192, 108];

const FPS: u64 = 25;

fn info(format: VideoFormat) -> VideoInfo {
    let [width, height] = SIZE;
    let fps = gst::Fraction::new(FPS as i32, 1);
    VideoInfo::builder(format, width, height).fps(fps).build().unwrap()
}

/// A photograph, stretched over a frame of RGBA.
fn photograph(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/data/photos/{name}", env!("CARGO_MANIFEST_DIR"));
    let photo = image::open(path).unwrap().into_rgba8();
    let filter = image::imageops::FilterType::Triangle;
    image::imageops::resize(&photo, SIZE[0], SIZE[1], filter).into_raw()
}

/// A picture with noise of up to `most` codes, `share` as bright.
fn noisy(picture: &[u8], random: &mut Random, most: u64, share: f64) -> Vec<u8> {
    let mut code = |code: &u8| {
        let noise = random.below(2 * most + 1) as f64 - most as f64;
        (f64::from(*code) * share + noise).round().clamp(0.0, 255.0) as u8
    };
    picture.iter().map(&mut code).collect()
}

/// The element at the end of a stream of RGBA frames with timestamps.
struct Stream {
    element: gst::Element,
    harness: gst_check::Harness,
    frames: u64,
}

impl Stream {
    fn new(properties: &[(&str, &str)]) -> Self {
        let element = element(properties);
        let harness = harness(&element, &info(VideoFormat::Rgba));
        Self { element, harness, frames: 0 }
    }

    fn push_flagged(&mut self, frame: &[u8], flags: gst::BufferFlags) -> Vec<u8> {
        let mut buffer = gst::Buffer::from_mut_slice(frame.to_vec());
        let buffer_mut = buffer.get_mut().unwrap();
        buffer_mut.set_pts(gst::ClockTime::from_mseconds(1000 * self.frames / FPS));
        buffer_mut.set_flags(flags);
        self.frames += 1;
        bytes(&self.harness.push_and_pull(buffer).unwrap())
    }

    fn push(&mut self, frame: &[u8]) -> Vec<u8> {
        self.push_flagged(frame, gst::BufferFlags::empty())
    }

    fn radii(&self) -> Vec<f64> {
        let radii = stat::<gst::Array>(&self.element, "radii");
        radii.as_slice().iter().map(|radius| radius.get().unwrap()).collect()
    }

    fn cuts(&self) -> u64 {
        stat(&self.element, "scene-cuts")
    }
}

const FRAME: (&str, &str) = ("tolerance-reference", "frame");
const ATTRACTORS: (&str, &str) = ("attractors", "teal;40;80|#ff8a3d;30;60");

/// The radii of a frame that is on its own.
fn radii_of(frame: &[u8]) -> Vec<f64> {
    let mut stream = Stream::new(&[ATTRACTORS, FRAME, ("adaptation-time", "0")]);
    stream.push(frame);
    stream.radii()
}

fn farthest(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// A scene's first frame has its own radii, whatever was before; a fade is no scene.
#[test]
fn cuts_are_followed_on_their_own_frame_and_fades_are_none() {
    let mut random = Random::new(51);
    let [first, second] = ["astronaut.png", "rocket.jpg"].map(photograph);
    let mut stream = Stream::new(&[ATTRACTORS, FRAME]);
    for (cuts, picture) in [&first, &second, &first].into_iter().enumerate() {
        for frame in 0..10 {
            let noisy = noisy(picture, &mut random, 6, 1.0);
            stream.push(&noisy);
            if frame == 0 {
                let off = farthest(&stream.radii(), &radii_of(&noisy));
                assert!(off < 0.0005, "{cuts}: {off}");
            }
            assert_eq!(stream.cuts(), cuts as u64);
        }
    }
    for frame in (0..FPS).rev().chain(0..FPS) {
        stream.push(&noisy(&first, &mut random, 2, frame as f64 / FPS as f64));
        assert_eq!(stream.cuts(), 2, "{frame}");
    }
}

/// With the default time constant radii tremble less than a tenth of what those of single frames do, and
/// so does what does not move in the picture.
#[test]
fn a_noisy_picture_does_not_make_radii_tremble() {
    let picture = photograph("coffee.png");
    let tremble = |adaptation: &str| {
        let mut random = Random::new(52);
        let mut stream = Stream::new(&[ATTRACTORS, FRAME, ("adaptation-time", adaptation)]);
        let mut moved = 0.0;
        let mut before: Option<Vec<f64>> = None;
        for frame in 0..60u64 {
            // Noise whose strength changes too, as that of a camera's automatic gain does.
            stream.push(&noisy(&picture, &mut random, 10 + 10 * (frame % 2), 1.0));
            let radii = stream.radii();
            moved += before.map_or(0.0, |before| farthest(&radii, &before));
            before = Some(radii);
        }
        moved / 59.0
    };
    let [each, followed] = ["0", "500000000"].map(tremble);
    println!("radii move by {each:.6} from frame to frame, with adaptation by {followed:.6}");
    assert!(each > 1e-4, "{each}");
    assert!(followed * 10.0 < each, "{followed} {each}");
}

/// What was measured is forgotten where the stream is interrupted and where the user says so.
#[test]
fn interruptions_start_afresh() {
    let picture = photograph("chelsea.png");
    let darker = noisy(&picture, &mut Random::new(53), 0, 0.85);
    let want = radii_of(&darker);
    let no_flags = gst::BufferFlags::empty();
    type Interrupt = (&'static str, fn(&mut Stream), gst::BufferFlags);
    let interrupt: [Interrupt; 5] = [
        ("nothing", |_| (), no_flags),
        ("reset", |stream| stream.element.emit_by_name::<()>("reset", &[]), no_flags),
        (
            "flush",
            |stream| {
                assert!(stream.harness.push_event(gst::event::FlushStart::new()));
                assert!(stream.harness.push_event(gst::event::FlushStop::new(true)));
                let segment = gst::FormattedSegment::<gst::ClockTime>::new();
                assert!(stream.harness.push_event(gst::event::Segment::new(&segment)));
            },
            no_flags,
        ),
        (
            "caps",
            |stream| {
                let other = VideoInfo::builder(VideoFormat::Rgba, SIZE[0], SIZE[1])
                    .fps(gst::Fraction::new(30, 1))
                    .build()
                    .unwrap();
                stream.harness.set_src_caps(other.to_caps().unwrap());
            },
            no_flags,
        ),
        ("discont", |_| (), gst::BufferFlags::DISCONT),
    ];
    for (name, interrupt, flags) in interrupt {
        let mut stream = Stream::new(&[ATTRACTORS, FRAME]);
        (0..3).for_each(|_| drop(stream.push(&picture)));
        interrupt(&mut stream);
        stream.push_flagged(&darker, flags);
        let off = farthest(&stream.radii(), &want);
        match name {
            "nothing" => assert!(off > 0.01, "{off}"),
            _ => assert!(off < 0.0005, "{name}: {off}"),
        }
        assert_eq!(stream.cuts(), 0, "{name}");
    }
}

/// A clip that begins in black has the table that its pictures need, not the one of the black.
#[test]
fn size_follows_the_radii() {
    let attractors = ("attractors", "red;20;100|teal;20;100|gold;20;100");
    let picture = photograph("astronaut.png");
    let size = |stream: &Stream| stat::<u32>(&stream.element, "lut-size");
    let mut alone = Stream::new(&[attractors, FRAME, ("method", "lut")]);
    alone.push(&picture);
    let mut stream = Stream::new(&[attractors, FRAME, ("method", "lut")]);
    stream.push(&[0, 0, 0, 255].repeat(picture.len() / 4));
    assert_ne!(size(&stream), size(&alone));
    for _ in 0..3 {
        stream.push(&picture);
        gstcolorshine::workers::finish_background();
    }
    assert_eq!(size(&stream), size(&alone));
    assert!(stat::<f64>(&stream.element, "lut-error-p999-codes") < 1.0);
}

/// A frame whose crop leaves nothing to measure goes through, and the next one is measured.
#[test]
fn a_frame_without_a_picture_is_no_reason_to_stop() {
    let mut stream = Stream::new(&[ATTRACTORS, FRAME]);
    let picture = photograph("coffee.png");
    stream.push(&picture);
    stream.element.set_property("attractors", "red;40;50");
    gstcolorshine::workers::finish_background();
    let mut buffer = gst::Buffer::from_mut_slice(picture.clone());
    gst_video::VideoCropMeta::add(buffer.get_mut().unwrap(), (SIZE[0], 0, 0, SIZE[1]));
    assert_eq!(bytes(&stream.harness.push_and_pull(buffer).unwrap()), picture);
    while stream.radii().len() != 1 {
        stream.push(&picture);
    }
}

/// Of a picture with bars only what is between them counts.
#[test]
fn letterbox_bars_do_not_count() {
    let picture = photograph("astronaut.png");
    let row = 4 * SIZE[0] as usize;
    let boxed: Vec<u8> = picture
        .chunks_exact(row)
        .enumerate()
        .flat_map(|(y, bytes)| match y {
            16..92 => bytes.to_vec(),
            _ => [3, 2, 4, 255].repeat(SIZE[0] as usize),
        })
        .collect();
    let mut stream = Stream::new(&[ATTRACTORS, FRAME]);
    stream.push(&boxed);
    // The part between the bars, as a picture of its own.
    let [width, height] = [SIZE[0], 76];
    let part = VideoInfo::builder(VideoFormat::Rgba, width, height).build().unwrap();
    let alone = element(&[ATTRACTORS, FRAME, ("adaptation-time", "0")]);
    let mut part = harness(&alone, &part);
    part.push_and_pull(gst::Buffer::from_mut_slice(boxed[16 * row..92 * row].to_vec())).unwrap();
    let radii = stat::<gst::Array>(&alone, "radii");
    let want: Vec<f64> = radii.as_slice().iter().map(|radius| radius.get().unwrap()).collect();
    let off = farthest(&stream.radii(), &want);
    assert!(off < 0.0005, "{off}");
    let whole = farthest(&radii_of(&boxed), &want);
    assert!(whole > 0.02, "bars would make a difference: {whole}");
}

/// The share of pixels with a weight over 0.01 is that of the picture.
#[test]
fn coverage_is_the_share_that_is_reached() {
    // Half of the picture is the attractor's own colour, the other half far away.
    let half: Vec<u8> = (0..SIZE[0] * SIZE[1])
        .flat_map(
            |i| if i % SIZE[0] < SIZE[0] / 2 { [0, 128, 128, 255] } else { [255, 200, 0, 255] },
        )
        .collect();
    for adaptation in ["0", "500000000"] {
        let attractors = ("attractors", "teal;60;60");
        let mut stream = Stream::new(&[attractors, FRAME, ("adaptation-time", adaptation)]);
        stream.push(&half);
        let coverage = stat::<f64>(&stream.element, "coverage");
        assert!((coverage - 0.5).abs() < 0.02, "{adaptation}: {coverage}");
    }
}

/// A frame of one colour, after another look has been asked for and made ready.
struct Looks {
    element: gst::Element,
    harness: gst_check::Harness,
    frame: gst::Buffer,
    frames: u64,
}

impl Looks {
    fn new(format: VideoFormat, properties: &[(&str, &str)]) -> Self {
        let element = element(properties);
        let info =
            VideoInfo::builder(format, 16, 16).fps(gst::Fraction::new(60, 1)).build().unwrap();
        let harness = harness(&element, &info);
        let frame = common::buffer(&info, 0, 0, {
            let mut i = 0u8;
            move || {
                i = i.wrapping_add(37);
                i
            }
        });
        Self { element, harness, frame, frames: 0 }
    }

    /// The next frame's bytes.
    fn next(&mut self) -> Vec<u8> {
        let mut frame = self.frame.copy_deep().unwrap();
        frame.get_mut().unwrap().set_pts(gst::ClockTime::SECOND * self.frames / 60);
        self.frames += 1;
        bytes(&self.harness.push_and_pull(frame).unwrap())
    }

    /// Changes a property and waits, without a frame, until the new look could be shown.
    fn change(&self, name: &str, value: &str) {
        self.element.set_property_from_str(name, value);
        // Plans are prepared one after the other, so that this one is ready when the thread is idle.
        gstcolorshine::workers::finish_background();
    }
}

/// The last frame of a look that has been shown for long.
fn settled(format: VideoFormat, properties: &[(&str, &str)]) -> Vec<u8> {
    Looks::new(format, properties).next()
}

/// Each byte lies between those of two frames, or up to `slack` beyond.
fn assert_between(frame: &[u8], [one, other]: [&[u8]; 2], slack: u8, what: &str) {
    for (i, ((code, a), b)) in frame.iter().zip(one).zip(other).enumerate() {
        let (low, high) = (a.min(b).saturating_sub(slack), a.max(b).saturating_add(slack));
        assert!((low..=high).contains(code), "{what}: byte {i} is {code}, not {low} to {high}");
    }
}

/// A cross-fade goes from one look to the other without a step back, ends exactly there, and takes the
/// time that it is to take.
#[test]
fn cross_fades_are_monotone_and_end_on_the_new_look() {
    let [red, teal] = ["red;80;90", "teal;80;90"];
    // 256 frames at 60 a second, in nanoseconds, rounded down.
    let time = ("transition-time", "4266666666");
    type Case<'a> = (&'a str, [&'a str; 2], &'a [(&'a str, &'a str)]);
    let cases: [Case<'_>; 8] = [
        ("two lattices", [red, teal], &[]),
        ("from nothing", ["", teal], &[]),
        ("to nothing", [red, ""], &[]),
        ("the exact model", [red, teal], &[("method", "exact")]),
        ("trilinear", [red, teal], &[("interpolation", "trilinear")]),
        ("trilinear to nothing", [red, ""], &[("interpolation", "trilinear")]),
        ("measured", [red, teal], &[FRAME, ("adaptation-time", "0")]),
        ("measured, the exact model", [red, teal], &[FRAME, ("method", "exact")]),
    ];
    for format in [VideoFormat::Rgba, VideoFormat::Nv12, VideoFormat::I42010le] {
        for (name, [from, to], more) in cases {
            let name = format!("{name}, {format:?}");
            let with = |attractors| [&[("attractors", attractors), time], more].concat();
            let [first, last] = [from, to].map(|look| settled(format, &with(look)));
            let mut looks = Looks::new(format, &with(from));
            assert_eq!(looks.next(), first, "{name}");
            looks.change("attractors", to);
            if name.starts_with("measured") {
                // That plan has a frame to measure first.
                assert_eq!(looks.next(), first, "{name}");
                gstcolorshine::workers::finish_background();
            }
            let mut before = first.clone();
            let mut distinct = 0;
            for frame in 1..=256 {
                let now = looks.next();
                if format != VideoFormat::I42010le {
                    // With several sums to round a byte may step back, but not leave what is between the ends.
                    // Trilinear interpolation rounds eight products, lattices for measured radii are each baked
                    // anew, and NV12's luma samples that share chroma are rounded on their own: a code each. The
                    // lattice that stands for the exact model is off by its own error, which is larger where a
                    // code stands for no R'G'B', as many of NV12's here do.
                    let is_stand_in = name.contains("exact") || name.contains("measured");
                    let slack = match (format, name.contains("exact")) {
                        (VideoFormat::Nv12, true) => 4,
                        (VideoFormat::Nv12, false) => 1 + u8::from(is_stand_in),
                        (_, _) => u8::from(is_stand_in || name.contains("trilinear")),
                    };
                    assert_between(&now, [&first, &last], slack, &format!("{name} {frame}"));
                    if frame == 1 && !is_stand_in {
                        // A 256th of the way is less than a code.
                        assert_between(&now, [&first, &first], 1, &format!("{name} {frame}"));
                    }
                }
                distinct += usize::from(now != before);
                before = now;
            }
            assert!(distinct > 20, "{name}: {distinct} distinct frames");
            assert_eq!(before, last, "{name}");
            assert_eq!(looks.next(), last, "{name}");
        }
    }
}

/// At no time after the last frame, a cross-fade shows that frame, however its few nodes are read.
#[test]
fn cross_fades_begin_with_what_was_shown() {
    let time = ("transition-time", "1000000000");
    for (format, interpolation) in [
        (VideoFormat::Rgba, "tetrahedral"),
        (VideoFormat::Rgba, "trilinear"),
        (VideoFormat::Nv12, "tetrahedral"),
        (VideoFormat::Nv12, "trilinear"),
        (VideoFormat::Nv12, "prism"),
    ] {
        for to in ["", "teal;80;90"] {
            let look = [("attractors", "red;80;90"), ("interpolation", interpolation), time];
            let mut looks = Looks::new(format, &[&look[..], &[("lut-size", "5")]].concat());
            let first = looks.next();
            looks.change("attractors", to);
            looks.frames -= 1;
            assert_eq!(looks.next(), first, "{format:?}, {interpolation}, to {to:?}");
            assert_ne!(looks.next(), first, "{format:?}, {interpolation}, to {to:?}");
        }
    }
}

/// A change in the middle of a cross-fade goes on from what is on screen.
#[test]
fn a_cross_fade_may_begin_in_the_middle_of_another() {
    let time = ("transition-time", "1000000000");
    let mut looks = Looks::new(VideoFormat::Rgba, &[("attractors", "red;80;90"), time]);
    looks.next();
    looks.change("attractors", "teal;80;90");
    let middle = (0..30).map(|_| looks.next()).last().unwrap();
    looks.change("attractors", "gold;90;60|blue;50;90");
    let last = settled(VideoFormat::Rgba, &[("attractors", "gold;90;60|blue;50;90")]);
    for frame in 1..=60 {
        let now = looks.next();
        assert_between(&now, [&middle, &last], 0, &format!("frame {frame}"));
        if frame == 1 {
            // A sixtieth of the way, and a code for rounding.
            for ((now, middle), last) in now.iter().zip(&middle).zip(&last) {
                let most = f64::from(middle.abs_diff(*last)) / 60.0 + 1.0;
                assert!(f64::from(now.abs_diff(*middle)) <= most, "{middle} {now} {last}");
            }
        }
        if frame == 60 {
            assert_eq!(now, last);
        }
    }
}

/// Lattices of different sizes blend too.
#[test]
fn sizes_may_differ_in_a_cross_fade() {
    let time = ("transition-time", "500000000");
    for [from, to] in [["17", "33"], ["33", "17"], ["33", "49"]] {
        let look = [("attractors", "red;80;60|teal;60;60"), time];
        let with = |size| [&look[..], &[("lut-size", size)]].concat();
        let [first, last] = [from, to].map(|size| settled(VideoFormat::Rgba, &with(size)));
        let mut looks = Looks::new(VideoFormat::Rgba, &with(from));
        looks.next();
        looks.change("lut-size", to);
        for frame in 1..=30 {
            let now = looks.next();
            // Rounding at other nodes adds up to a code.
            assert_between(&now, [&first, &last], 1, &format!("{from} {to} {frame}"));
            if frame == 30 {
                assert_eq!(now, last, "{from} {to}");
            }
        }
    }
}

/// A burst of changes: every frame shows one look or the other, or a blend of the two.
#[test]
fn a_thousand_changes_while_frames_flow() {
    for time in ["0", "50000000"] {
        let two = ["red;80;90", "teal;80;90"];
        let ends = two.map(|look| settled(VideoFormat::Nv12, &[("attractors", look)]));
        let time = ("transition-time", time);
        let mut looks = Looks::new(VideoFormat::Nv12, &[("attractors", two[0]), time]);
        let element = looks.element.clone();
        let setter = std::thread::spawn(move || {
            for change in 0..1000 {
                element.set_property_from_str("attractors", two[(change + 1) % 2]);
                if change % 4 == 0 {
                    std::thread::sleep(std::time::Duration::from_micros(200));
                }
            }
        });
        for frame in 0..300 {
            let now = looks.next();
            if time.1 == "0" {
                assert!(ends.contains(&now), "frame {frame} is neither look");
            }
            // Luma samples that share chroma may go opposite ways, and are rounded on their own.
            let slack = u8::from(time.1 != "0");
            assert_between(&now, [&ends[0], &ends[1]], slack, &format!("frame {frame}"));
        }
        setter.join().unwrap();
        // The newest wins: the last change was the first look's.
        gstcolorshine::workers::finish_background();
        let last = (0..10).map(|_| looks.next()).last().unwrap();
        assert_eq!(last, ends[0]);
        let bakes: u64 = stat(&looks.element, "bakes");
        // Both looks are kept.
        assert!(bakes <= 2, "{bakes}");
    }
}
