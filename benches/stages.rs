//! What each stage costs: bake, radii, and a frame of 1920x1080 by format, method and content, on one
//! thread.
//!
//! `cargo bench --bench stages -- rgba` runs the benches whose name has `rgba`.

#![expect(missing_docs, reason = "criterion's macro makes a function without any")]

mod common;

use std::hint::black_box;

use common::{ATTRACTORS, info, photograph};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use gst::prelude::*;
use gst_video::VideoFormat;
use gstcolorshine::attractor::{Channels, parse};
use gstcolorshine::color::codes::CodeSpace;
use gstcolorshine::color::oklab::Primaries;
use gstcolorshine::lut::bake;
use gstcolorshine::model::lanes::ExactKernel;
use gstcolorshine::model::{Falloff, GamutMapping, Look, Model};
use gstcolorshine::tolerance;
use gstcolorshine::workers::{Team, simd_level};

fn look() -> Look {
    Look {
        attractors: parse(ATTRACTORS).unwrap(),
        channels: Channels::ALL,
        model: Model::Smooth,
        falloff: Falloff::Cosine,
        gamut_mapping: GamutMapping::Chroma,
        primaries: Primaries::BT709,
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
                let mut harness = gst_check::Harness::new("colorshine");
                let element = harness.element().unwrap();
                element.set_property("attractors", ATTRACTORS);
                element.set_property_from_str("method", method);
                element.set_property("lut-size", size);
                element.set_property("n-threads", 1u32);
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

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = stages, frames
}
criterion_main!(benches);
