//! The property table: names, types, ranges, defaults, flags and docs.

use std::sync::LazyLock;

use colorshine_core::lut::MAX_SIZE;
use gst::glib;
use gst::prelude::*;

use super::{DEEPEST_PIPELINE, LOOK, LUT_FILES, Settings};
use crate::colorshine::enums;
use crate::error::TILE_SIZES;

/// The property table.
pub(in crate::colorshine) static PROPERTIES: LazyLock<Vec<glib::ParamSpec>> = LazyLock::new(|| {
    let defaults = Settings::default();
    let boolean = |name: &'static str, nick: &'static str, blurb: &'static str, default| {
        glib::ParamSpecBoolean::builder(name)
            .nick(nick)
            .blurb(blurb)
            .default_value(default)
            .mutable_playing()
            .build()
    };
    let uint = |name: &'static str, nick: &'static str, blurb: &'static str| {
        glib::ParamSpecUInt::builder(name).nick(nick).blurb(blurb)
    };
    let uint64 = |name: &'static str, nick: &'static str, blurb: &'static str| {
        glib::ParamSpecUInt64::builder(name).nick(nick).blurb(blurb)
    };
    let string = |name: &'static str, nick: &'static str, blurb: &'static str| {
        glib::ParamSpecString::builder(name).nick(nick).blurb(blurb)
    };
    vec![
        string(
            "attractors",
            "Attractors",
            "Colours that pull, as items \"color;tolerance;strength[;channels]\" separated by | or \
             newlines. color: any CSS Color 4 colour; tolerance: 0 to 100, how far it reaches (see \
             tolerance-reference); strength: 0 to 200, over 100 widens the full effect; channels: any \
             of l, s, h, all by default. Empty: nothing is pulled",
        )
        .default_value(Some(defaults.attractors.text.as_str()))
        .mutable_playing()
        .build(),
        string(
            LOOK,
            "Look",
            "Name of a look, which sets the properties that it has, as loading a preset does; what is set \
             after it counts. One that comes with colorshine, such as plum or teal-dusk, or a preset that \
             GStreamer finds; a name that is none is answered with the list",
        )
        .mutable_playing()
        .build(),
        boolean(
            "luminance",
            "Luminance",
            "Whether lightness (L of OKLCH) may change",
            defaults.channels.luminance,
        ),
        boolean(
            "saturation",
            "Saturation",
            "Whether chroma (C of OKLCH) may change",
            defaults.channels.saturation,
        ),
        boolean("hue", "Hue", "Whether hue (h of OKLCH) may change", defaults.channels.hue),
        glib::ParamSpecEnum::builder_with_default("model", enums::Model::from(defaults.model))
            .nick("Model")
            .blurb("Formulae of weights and blends")
            .mutable_playing()
            .build(),
        glib::ParamSpecEnum::builder_with_default("falloff", enums::Falloff::from(defaults.falloff))
            .nick("Falloff")
            .blurb("How an attractor's pull fades from its colour to its radius")
            .mutable_playing()
            .build(),
        glib::ParamSpecEnum::builder_with_default(
            "tolerance-reference",
            enums::Reference::from(defaults.tolerance_reference),
        )
        .nick("Tolerance reference")
        .blurb("What an attractor's tolerance is a percentage of")
        .mutable_playing()
        .build(),
        uint64(
            "adaptation-time",
            "Adaptation time",
            "Time constant in nanoseconds with which radii follow the picture, for \
             tolerance-reference=frame; 0: every frame on its own",
        )
        .default_value(defaults.adaptation_time)
        .mutable_playing()
        .build(),
        glib::ParamSpecEnum::builder_with_default("gamut-mapping", enums::GamutMapping::from(defaults.gamut_mapping))
            .nick("Gamut mapping")
            .blurb("How results outside the stream's RGB gamut are brought into it")
            .mutable_playing()
            .build(),
        glib::ParamSpecDouble::builder("mix")
            .nick("Mix")
            .blurb("Share of the effect: 0 is the input, 1 the full effect")
            .minimum(0.0)
            .maximum(1.0)
            .default_value(defaults.mix)
            .controllable()
            .mutable_playing()
            .build(),
        glib::ParamSpecDouble::builder("split")
            .nick("Split")
            .blurb("Share of the picture's width, from the left, that is processed")
            .minimum(0.0)
            .maximum(1.0)
            .default_value(defaults.split)
            .controllable()
            .mutable_playing()
            .build(),
        glib::ParamSpecEnum::builder_with_default("method", enums::Method::from(defaults.method))
            .nick("Method")
            .blurb("How pixels are computed")
            .mutable_playing()
            .build(),
        uint(
            "lut-size",
            "Lookup table size",
            "Nodes per axis of the lookup table, 2 to 129; 0: the smallest of 17, 33, 49, 65 that is \
             accurate to half a code for 99.9 % of colours, else 65",
        )
        .maximum(MAX_SIZE as u32)
        .default_value(defaults.lut_size)
        .mutable_playing()
        .build(),
        glib::ParamSpecEnum::builder_with_default("interpolation", enums::Interpolation::from(defaults.interpolation))
            .nick("Interpolation")
            .blurb("How values between the nodes of the lookup table are found")
            .mutable_playing()
            .build(),
        glib::ParamSpecEnum::builder_with_default("dither", enums::Dither::from(defaults.dither))
            .nick("Dither")
            .blurb("How rounding is hidden, at up to 12 bits; slower than none")
            .mutable_playing()
            .build(),
        string(
            LUT_FILES[0],
            "Input lookup table",
            "A .cube file, 1D or 3D or both, that is applied before the attractors see a colour. Setting \
             it again reads the file again",
        )
        .mutable_playing()
        .build(),
        string(
            LUT_FILES[1],
            "Output lookup table",
            "A .cube file, 1D or 3D or both, that is applied after the attractors. Setting it again \
             reads the file again",
        )
        .mutable_playing()
        .build(),
        uint64(
            "transition-time",
            "Transition time",
            "Cross-fade from the look on screen into the new one after a change, in nanoseconds",
        )
        .default_value(defaults.transition_time)
        .mutable_playing()
        .build(),
        glib::ParamSpecEnum::builder_with_default("backend", enums::Backend::from(defaults.backend))
            .nick("Backend")
            .blurb(
                "Where pixels are computed; auto never takes a software renderer, such as Mesa's llvmpipe",
            )
            .mutable_playing()
            .build(),
        string(
            "gpu-adapter",
            "GPU adapter",
            "Part of the name of the GPU to use, in any case; none for the fastest kind that is there",
        )
        .mutable_ready()
        .build(),
        uint(
            "pipeline-depth",
            "Pipeline depth",
            "Frames in flight on the GPU; one less is the latency in frames. Counts as 1 on the CPU, and \
             where caps have no frame rate",
        )
        .minimum(1)
        .maximum(DEEPEST_PIPELINE)
        .default_value(defaults.pipeline_depth)
        .mutable_ready()
        .build(),
        uint(
            "tile-size",
            "Tile size",
            "Edge in pixels of the tiles that work is cut into, 16 to 8192; 0: automatic",
        )
        .maximum(TILE_SIZES[1])
        .default_value(defaults.tile_size)
        .mutable_playing()
        .build(),
        uint("n-threads", "Threads", "Threads that a frame is spread over; 0: one per core")
            .default_value(defaults.n_threads)
            .mutable_playing()
            .build(),
        uint64(
            "memory-limit",
            "Memory limit",
            "Most bytes that this element may allocate, for lookup tables and for frames on their way to a GPU \
             and back; 0: a quarter of the machine's memory",
        )
        .default_value(defaults.memory_limit)
        .mutable_playing()
        .build(),
        string(
            "cache-dir",
            "Cache folder",
            "Folder for baked lookup tables, of at most 64 MiB; null: colorshine in the user's cache \
             folder; empty: nothing is kept on disk",
        )
        .mutable_ready()
        .build(),
        glib::ParamSpecBoxed::builder::<gst::Structure>("stats")
            .nick("Statistics")
            .blurb("What the element has done and how: an application/x-colorshine-stats structure")
            .read_only()
            .build(),
    ]
});
