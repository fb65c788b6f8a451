//! The files in `looks/`, for tools. The element itself has the presets that are made of them.

macro_rules! look_files {
    ($($name:literal),+ $(,)?) => {
        /// Names and texts of the files in `looks/`, which are TOML.
        pub const LOOK_FILES: &[(&str, &str)] = &[
            $(($name, include_str!(concat!("../../looks/", $name, ".toml")))),+
        ];
    };
}

look_files!(
    "amber",
    "faded-film",
    "forest",
    "fresh",
    "moonlight",
    "neon",
    "plum",
    "rose",
    "sepia",
    "silver",
    "teal-dusk",
    "teal-orange"
);
