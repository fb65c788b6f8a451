//! What each stage costs: bake, radii, and a frame of 1920x1080 by format, method and content, on one
//! thread.
//!
//! `cargo bench --bench stages -- rgba` runs the benches whose name has `rgba`.

#![expect(missing_docs, reason = "criterion's macro makes a function without any")]

mod common;

use std::hint::black_box;
use std::time::Duration;

use colorshine_core::apply::read_pixels;
use colorshine_core::attractor::{Channels, parse};
use colorshine_core::color::codes::CodeSpace;
use colorshine_core::color::oklab::{Primaries, RgbSpace};
use colorshine_core::frame::{Layout, Planes};
use colorshine_core::lut::{Disk, Interpolation, Radii, Request, bake, bake_request};
use colorshine_core::model::lanes::{ExactKernel, ToOklab};
use colorshine_core::model::{Falloff, GamutMapping, Look, Model};
use colorshine_core::tolerance;
use colorshine_core::tolerance::follow::Follower;
use colorshine_core::tolerance::grid::{Grid, Pattern};
use colorshine_core::workers::{Team, simd_level};
use colorshine_video::{Stream, with_mapped};
use common::{ATTRACTORS, info, info_of, photograph, photograph_of};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use gst_video::VideoFormat;

fn look() -> Look {
    Look {
        attractors: parse(ATTRACTORS).unwrap(),
        channels: Channels::ALL,
        model: Model::Smooth,
        falloff: Falloff::Cosine,
        gamut_mapping: GamutMapping::Chroma,
        primaries: Primaries::BT709,
        input_lut: None,
        output_lut: None,
    }
}

fn stages(c: &mut Criterion) {
    let look = look();
    let gamut = |points| {
        tolerance::gamut::radii(
            &look.attractors,
            &look.primaries,
            points,
            simd_level(),
            Team::alone(),
        )
    };
    let radii = gamut(65);
    let codes = CodeSpace::full_rgb(8);
    let kernel = ExactKernel::new(&look, &radii, &codes, simd_level());
    for size in [17, 33, 65] {
        c.bench_function(&format!("bake {size}"), |b| {
            b.iter(|| bake(&kernel, &codes, size, Team::alone()))
        });
    }
    // A cross-fade blends for each frame, and resizes once where sizes differ.
    let [from, to] = [33, 65].map(|size| bake(&kernel, &codes, size, Team::alone()));
    c.bench_function("resize 33 to 65", |b| b.iter(|| from.resized(65, Team::alone())));
    let from = from.resized(65, Team::alone());
    let mut blend = to.clone();
    c.bench_function("blend 65", |b| {
        b.iter(|| blend.blend(simd_level(), Some(&from), Some(&to), black_box(0.3)));
    });
    // 66 is not kept, so that this is the whole work for two attractors.
    c.bench_function("radii", |b| b.iter(|| gamut(black_box(66))));
}

/// A frame whose bytes come from `byte`.
fn filled(format: VideoFormat, mut byte: impl FnMut() -> u8) -> gst::Buffer {
    gst::Buffer::from_mut_slice((0..info(format).size()).map(|_| byte()).collect::<Vec<u8>>())
}

fn noise() -> impl FnMut() -> u8 {
    let mut state = 0x2545_F491_4F6C_DD1Du64;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    }
}

fn frames(c: &mut Criterion) {
    gst::init().unwrap();
    gstcolorshine::plugin_register_static().unwrap();
    let source = photograph(VideoFormat::Rgba);
    c.bench_function("copy rgba", |b| b.iter(|| black_box(source.copy_deep().unwrap())));
    for (name, format) in
        [("rgba", VideoFormat::Rgba), ("nv12", VideoFormat::Nv12), ("i420", VideoFormat::I420)]
    {
        let contents = [
            ("photograph", photograph(format)),
            ("noise", filled(format, noise())),
            ("flat", filled(format, || 0x60)),
        ];
        for (method, size) in [("lut", 33u32), ("lut", 65), ("exact", 0)] {
            for (content, source) in &contents {
                let element = gst::ElementFactory::make("colorshine")
                    .property("attractors", ATTRACTORS)
                    .property_from_str("method", method)
                    .property("lut-size", size)
                    .property("n-threads", 1u32)
                    // The harness starts the element, which then opens its cache.
                    .property("cache-dir", "")
                    .build()
                    .unwrap();
                let mut harness =
                    gst_check::Harness::with_element(&element, Some("sink"), Some("src"));
                harness.set_src_caps(info(format).to_caps().unwrap());
                c.bench_function(&format!("{name} {method} {size} {content}"), |b| {
                    b.iter_batched(
                        || source.copy_deep().unwrap(),
                        |buffer| harness.push_and_pull(buffer).unwrap(),
                        BatchSize::PerIteration,
                    );
                });
            }
        }
    }
}

/// What following the picture adds to a frame, its bakes apart.
fn following(c: &mut Criterion) {
    let look = look();
    for (name, format) in [("rgba", VideoFormat::Rgba), ("nv12", VideoFormat::Nv12)] {
        for size in [[640, 360], [1920, 1080], [3840, 2160]] {
            let info = info_of(format, size);
            let stream = Stream::new(&info);
            let to_oklab = ToOklab::new(&stream.codes, &RgbSpace::new(&look.primaries));
            let mut buffer = photograph_of(format, size);
            let mut follower = Follower::default();
            let mut follow = |planes: &mut Planes<'_>, layout: &Layout, area| {
                let mut read = |grid: &mut Grid| {
                    let Pattern { step, first } = grid.pattern;
                    read_pixels(planes, layout, &area, step, first, &mut grid.lab);
                    let [l, a, b] = &mut grid.lab;
                    to_oklab.convert(simd_level(), [l, a, b]);
                };
                let size = size.map(|v| v as usize);
                let [since, constant] = [16, 500].map(Duration::from_millis);
                follower.follow(&look.attractors, size, since, constant, &mut read)
            };
            c.bench_function(&format!("follow {name} {}x{}", size[0], size[1]), |b| {
                b.iter(|| {
                    let buffer = buffer.get_mut().unwrap();
                    with_mapped(buffer, &info, &stream.layout, &mut follow).unwrap()
                });
            });
        }
    }
}

/// What a look costs whose radii are known: with all that a bake measures, and from a file that the
/// system has in memory.
fn looks(c: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::new(folder.path().into(), |problem| panic!("{problem}"));
    for (name, size) in
        [("auto", None), ("17", Some(17)), ("33", Some(33)), ("65", Some(65)), ("129", Some(129))]
    {
        let request = Request {
            look: look(),
            radii: Radii::OfGamut,
            codes: CodeSpace::full_rgb(8),
            size,
            interpolation: Interpolation::Tetrahedral,
            memory_limit: u64::MAX,
        };
        let bake = || bake_request(&request, simd_level(), Team::alone());
        disk.save(&request, simd_level(), &bake());
        c.bench_function(&format!("look {name} baked"), |b| b.iter(bake));
        c.bench_function(&format!("look {name} loaded"), |b| {
            b.iter(|| disk.load(&request, simd_level()).unwrap());
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = stages, looks, frames, following
}
criterion_main!(benches);
