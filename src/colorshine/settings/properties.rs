//! The property table: for each property its name, type, range, default, flags and docs, and how it is read and set.

use std::sync::LazyLock;

use colorshine_core::lut::MAX_SIZE;
use gst::glib::{
    self, ParamSpec, ParamSpecBoolean, ParamSpecBoxed, ParamSpecDouble, ParamSpecEnum,
    ParamSpecString, ParamSpecUInt, ParamSpecUInt64, Value,
};
use gst::prelude::*;

use super::{Change, DEEPEST_PIPELINE, LOOK, LUT_FILES, Settings};
use crate::colorshine::enums;
use crate::error::TILE_SIZES;

/// How a value is set that is no text; texts are set by an [`Assignment`](super::Assignment).
type Set = Option<fn(&mut Settings, &Value) -> Change>;

/// A property.
struct Property {
    name: &'static str,
    /// As GObject knows it, with the defaults of some settings.
    spec: fn(&'static str, &Settings) -> ParamSpec,
    get: fn(&Settings) -> Value,
    set: Set,
}

/// The properties as GObject knows them.
pub(in crate::colorshine) static PROPERTIES: LazyLock<Vec<ParamSpec>> = LazyLock::new(|| {
    let defaults = Settings::default();
    let own = TABLE.iter().map(|property| (property.spec)(property.name, &defaults));
    let stats = ParamSpecBoxed::builder::<gst::Structure>("stats")
        .nick("Statistics")
        .blurb("What the element has done and how: an application/x-colorshine-stats structure")
        .read_only()
        .build();
    own.chain([stats]).collect()
});

/// The property of a name.
///
/// # Panics
///
/// Panics where there is none; GObject has checked it.
fn property(name: &str) -> &'static Property {
    match TABLE.iter().find(|property| property.name == name) {
        Some(property) => property,
        None => panic!("no property {name}"),
    }
}

impl Settings {
    /// Sets a property that is no text.
    ///
    /// # Panics
    ///
    /// Panics for other names, and for a value of another type; GObject and the caller have checked that.
    pub(super) fn set(&mut self, name: &str, value: &Value) -> Change {
        match property(name).set {
            Some(set) => set(self, value),
            None => panic!("{name} is a text"),
        }
    }

    /// The value of a property.
    ///
    /// # Panics
    ///
    /// Panics for a name that is not in the table; GObject has checked it.
    pub(in crate::colorshine) fn get(&self, name: &str) -> Value {
        (property(name).get)(self)
    }
}

fn get<'a, T: glib::value::FromValue<'a>>(value: &'a Value) -> T {
    match value.get() {
        Ok(value) => value,
        Err(_) => panic!("GObject has checked the type of {value:?}"),
    }
}

/// Replaces a field; the change is none where the value is the same.
pub(super) fn replace<T: PartialEq>(field: &mut T, value: T, change: Change) -> Change {
    if *field == value {
        return Change::None;
    }
    *field = value;
    change
}

/// A property that is a field of [`Settings`].
macro_rules! field {
    ($name:literal, $($field:ident).+, $change:ident, $spec:expr) => {
        Property {
            name: $name,
            spec: |name, defaults| $spec(name, defaults.$($field).+),
            get: |settings| settings.$($field).+.to_value(),
            set: Some(|settings, value| {
                replace(&mut settings.$($field).+, get(value), Change::$change)
            }),
        }
    };
}

/// A property that is a field of [`Settings`] and an enum of GObject's.
macro_rules! choice {
    ($name:literal, $field:ident, $enum:ident, $change:ident, $nick:literal, $blurb:expr) => {
        Property {
            name: $name,
            spec: |name, defaults| {
                let default = enums::$enum::from(defaults.$field);
                let spec = ParamSpecEnum::builder_with_default(name, default);
                spec.nick($nick).blurb($blurb).mutable_playing().build()
            },
            get: |settings| enums::$enum::from(settings.$field).to_value(),
            set: Some(|settings, value| {
                let value: enums::$enum = get(value);
                replace(&mut settings.$field, value.into(), Change::$change)
            }),
        }
    };
}

fn boolean(name: &str, nick: &str, blurb: &str, default: bool) -> ParamSpec {
    let spec = ParamSpecBoolean::builder(name).nick(nick).blurb(blurb);
    spec.default_value(default).mutable_playing().build()
}

fn share(name: &str, nick: &str, blurb: &str, default: f64) -> ParamSpec {
    let spec = ParamSpecDouble::builder(name).nick(nick).blurb(blurb).minimum(0.0).maximum(1.0);
    spec.default_value(default).controllable().mutable_playing().build()
}

fn uint(name: &str, nick: &str, blurb: &str, most: u32, default: u32) -> ParamSpec {
    let spec = ParamSpecUInt::builder(name).nick(nick).blurb(blurb).maximum(most);
    spec.default_value(default).mutable_playing().build()
}

fn uint64(name: &str, nick: &str, blurb: &str, default: u64) -> ParamSpec {
    let spec = ParamSpecUInt64::builder(name).nick(nick).blurb(blurb);
    spec.default_value(default).mutable_playing().build()
}

fn text(name: &str, nick: &str, blurb: &str) -> ParamSpec {
    ParamSpecString::builder(name).nick(nick).blurb(blurb).mutable_playing().build()
}

fn text_at_start(name: &str, nick: &str, blurb: &str) -> ParamSpec {
    ParamSpecString::builder(name).nick(nick).blurb(blurb).mutable_ready().build()
}

const TABLE: &[Property] = &[
    Property {
        name: "attractors",
        spec: |name, defaults| {
            let blurb = "Colours that pull, as items \"color;tolerance;strength[;channels]\" separated by | or \
                newlines. color: any CSS Color 4 colour; tolerance: 0 to 100, how far it reaches (see \
                tolerance-reference); strength: 0 to 200, over 100 widens the full effect; channels: any \
                of l, s, h, all by default. Empty: nothing is pulled";
            ParamSpecString::builder(name)
                .nick("Attractors")
                .blurb(blurb)
                .default_value(Some(defaults.attractors.text.as_str()))
                .mutable_playing()
                .build()
        },
        get: |settings| settings.attractors.text.to_value(),
        set: None,
    },
    Property {
        name: LOOK,
        spec: |name, _| {
            text(
                name,
                "Look",
                "Name of a look, which sets the properties that it has, as loading a preset does; what is set \
                 after it counts. One that comes with colorshine, such as plum or teal-dusk, or a preset that \
                 GStreamer finds; a name that is none is answered with the list",
            )
        },
        get: |settings| settings.look.as_deref().to_value(),
        set: None,
    },
    field!("luminance", channels.luminance, Plan, |name, default| {
        boolean(name, "Luminance", "Whether lightness (L of OKLCH) may change", default)
    }),
    field!("saturation", channels.saturation, Plan, |name, default| {
        boolean(name, "Saturation", "Whether chroma (C of OKLCH) may change", default)
    }),
    field!("hue", channels.hue, Plan, |name, default| {
        boolean(name, "Hue", "Whether hue (h of OKLCH) may change", default)
    }),
    choice!("model", model, Model, Plan, "Model", "Formulae of weights and blends"),
    choice!(
        "falloff",
        falloff,
        Falloff,
        Plan,
        "Falloff",
        "How an attractor's pull fades from its colour to its radius"
    ),
    choice!(
        "tolerance-reference",
        tolerance_reference,
        Reference,
        Plan,
        "Tolerance reference",
        "What an attractor's tolerance is a percentage of"
    ),
    field!("adaptation-time", adaptation_time, Plan, |name, default| {
        let blurb = "Time constant in nanoseconds with which radii follow the picture, for \
                     tolerance-reference=frame; 0: every frame on its own";
        uint64(name, "Adaptation time", blurb, default)
    }),
    choice!(
        "gamut-mapping",
        gamut_mapping,
        GamutMapping,
        Plan,
        "Gamut mapping",
        "How results outside the stream's RGB gamut are brought into it"
    ),
    field!("mix", mix, NextFrame, |name, default| {
        share(name, "Mix", "Share of the effect: 0 is the input, 1 the full effect", default)
    }),
    field!("split", split, NextFrame, |name, default| {
        let blurb = "Share of the picture's width, from the left, that is processed";
        share(name, "Split", blurb, default)
    }),
    choice!("method", method, Method, Plan, "Method", "How pixels are computed"),
    field!("lut-size", lut_size, Plan, |name, default| {
        let blurb = "Nodes per axis of the lookup table, 2 to 129; 0: the smallest of 17, 33, 49, 65 that is \
                     accurate to half a code for 99.9 % of colours, else 65";
        uint(name, "Lookup table size", blurb, MAX_SIZE as u32, default)
    }),
    choice!(
        "interpolation",
        interpolation,
        Interpolation,
        Plan,
        "Interpolation",
        "How values between the nodes of the lookup table are found"
    ),
    choice!(
        "dither",
        dither,
        Dither,
        Plan,
        "Dither",
        "How rounding is hidden, at up to 12 bits; slower than none"
    ),
    Property {
        name: LUT_FILES[0],
        spec: |name, _| {
            text(
                name,
                "Input lookup table",
                "A .cube file, 1D or 3D or both, that is applied before the attractors see a colour. Setting \
                 it again reads the file again",
            )
        },
        get: |settings| settings.lut_files[0].path().map(|path| &**path).to_value(),
        set: None,
    },
    Property {
        name: LUT_FILES[1],
        spec: |name, _| {
            text(
                name,
                "Output lookup table",
                "A .cube file, 1D or 3D or both, that is applied after the attractors. Setting it again \
                 reads the file again",
            )
        },
        get: |settings| settings.lut_files[1].path().map(|path| &**path).to_value(),
        set: None,
    },
    field!("transition-time", transition_time, None, |name, default| {
        let blurb =
            "Cross-fade from the look on screen into the new one after a change, in nanoseconds";
        uint64(name, "Transition time", blurb, default)
    }),
    choice!(
        "backend",
        backend,
        Backend,
        NextFrame,
        "Backend",
        "Where pixels are computed; auto never takes a software renderer, such as Mesa's llvmpipe"
    ),
    Property {
        name: "gpu-adapter",
        spec: |name, _| {
            text_at_start(
                name,
                "GPU adapter",
                "Part of the name of the GPU to use, in any case; none for the fastest kind that is there",
            )
        },
        get: |settings| settings.gpu_adapter.as_deref().to_value(),
        set: None,
    },
    field!("pipeline-depth", pipeline_depth, NextStart, |name, default| {
        ParamSpecUInt::builder(name)
            .nick("Pipeline depth")
            .blurb(
                "Frames in flight on the GPU; one less is the latency in frames. Counts as 1 on the CPU, and \
                 where caps have no frame rate",
            )
            .minimum(1)
            .maximum(DEEPEST_PIPELINE)
            .default_value(default)
            .mutable_ready()
            .build()
    }),
    field!("tile-size", tile_size, Plan, |name, default| {
        let blurb = "Edge in pixels of the tiles that work is cut into, 16 to 8192; 0: automatic";
        uint(name, "Tile size", blurb, TILE_SIZES[1], default)
    }),
    field!("n-threads", n_threads, Plan, |name, default| {
        let blurb = "Threads that a frame is spread over; 0: one per core";
        uint(name, "Threads", blurb, u32::MAX, default)
    }),
    field!("memory-limit", memory_limit, Plan, |name, default| {
        let blurb = "Most bytes that this element may allocate, for lookup tables and for frames on their way to a \
                     GPU and back; 0: a quarter of the machine's memory";
        uint64(name, "Memory limit", blurb, default)
    }),
    Property {
        name: "cache-dir",
        spec: |name, _| {
            text_at_start(
                name,
                "Cache folder",
                "Folder for baked lookup tables, of at most 64 MiB; null: colorshine in the user's cache \
                 folder; empty: nothing is kept on disk",
            )
        },
        get: |settings| settings.cache_dir.as_deref().to_value(),
        set: None,
    },
];
