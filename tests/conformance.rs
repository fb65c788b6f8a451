//! The oracle's public vectors: colours, radii, and both models in `f64` and at every SIMD level.
//!
//! `data/classic` and `data/smooth` are the oracle's own files; a float64 numpy model of
//! imgcolorshine's algorithm made them.

use std::path::PathBuf;

use colorshine_core::attractor::{self, Attractor, Channels};
use colorshine_core::color::codes::{CodeSpace, Range};
use colorshine_core::color::oklab::{Primaries, RgbSpace};
use colorshine_core::model::lanes::ExactKernel;
use colorshine_core::model::{Falloff, GamutMapping, Look, Model, Transform, distance};
use colorshine_core::tolerance;
use colorshine_core::workers::{Team, simd_level, simd_levels};
use serde::Deserialize;

/// The oracle's limits.
const LIMIT_F64: f64 = 1e-5;
const LIMIT_F32: f64 = 1e-3;
const LIMIT_RADIUS: f64 = 1e-5;

#[derive(Deserialize)]
struct ClassicFile {
    cases: Vec<Case>,
    colors: Vec<Color>,
    thresholds: Vec<serde_json::Map<String, serde_json::Value>>,
}

#[derive(Deserialize)]
struct SmoothFile {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    flags: Flags,
    attractors: Vec<Given>,
    #[serde(default)]
    falloff: Option<String>,
    #[serde(default = "one")]
    mix: f64,
    input: Vec<[f64; 3]>,
    expected: Vec<[f64; 3]>,
}

fn one() -> f64 {
    1.0
}

#[derive(Deserialize)]
struct Flags {
    luminance: bool,
    saturation: bool,
    hue: bool,
}

#[derive(Deserialize)]
struct Given {
    oklch: [Option<f64>; 3],
    oklab: [f64; 3],
    tolerance: f64,
    strength: f64,
    #[serde(alias = "delta_e_max")]
    radius: f64,
}

#[derive(Deserialize)]
struct Color {
    css: String,
    oklch: [Option<f64>; 3],
    oklab: [f64; 3],
}

fn data(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(path)
}

fn load<T: for<'a> Deserialize<'a>>(path: &str) -> T {
    let text = std::fs::read_to_string(data(path)).unwrap();
    serde_json::from_str(&text).unwrap()
}

impl Case {
    fn look(&self, model: Model) -> Look {
        let attractors = self.attractors.iter().map(|given| Attractor {
            lightness: given.oklch[0],
            chroma: given.oklch[1],
            hue: given.oklch[2],
            lab: given.oklab,
            tolerance: given.tolerance,
            strength: given.strength,
        });
        Look {
            attractors: attractors.collect(),
            channels: Channels {
                luminance: self.flags.luminance,
                saturation: self.flags.saturation,
                hue: self.flags.hue,
            },
            model,
            falloff: match self.falloff.as_deref() {
                None | Some("cosine") => Falloff::Cosine,
                Some("linear") => Falloff::Linear,
                Some("quadratic") => Falloff::Quadratic,
                Some("gaussian") => Falloff::Gaussian,
                Some("cubic") => Falloff::Cubic,
                Some(other) => panic!("unknown falloff {other}"),
            },
            gamut_mapping: GamutMapping::Chroma,
            primaries: Primaries::BT709,
            input_lut: None,
            output_lut: None,
        }
    }

    fn radii(&self) -> Vec<f64> {
        self.attractors.iter().map(|given| given.radius).collect()
    }

    /// The largest difference of `transform`ed inputs to what is expected.
    fn worst(&self, transform: impl Fn([f64; 3]) -> [f64; 3]) -> f64 {
        let errors = self.input.iter().zip(&self.expected).flat_map(|(input, want)| {
            let out = transform(*input);
            [0, 1, 2].map(|i| (input[i] + self.mix * (out[i] - input[i]) - want[i]).abs())
        });
        errors.fold(0.0, f64::max)
    }
}

fn check_cases(cases: &[Case], model: Model) {
    let unit = Range { offset: [0.0; 3], scale: [1.0; 3] };
    let mut largest = [0.0f64; 2];
    for case in cases {
        let (look, radii) = (case.look(model), case.radii());
        let gold = Transform::new(&look, &radii);
        let worst = case.worst(|rgb| gold.apply(rgb));
        assert!(worst <= LIMIT_F64, "{} {model:?} f64: {worst:e}", case.id);
        largest[0] = largest[0].max(worst);
        for (name, level) in simd_levels() {
            let kernel = ExactKernel::new(&look, &radii, &CodeSpace::rgb(1, unit), level);
            let worst = case.worst(|rgb| {
                let [mut r, mut g, mut b] = rgb.map(|v| [v as f32]);
                kernel.differences([&mut r, &mut g, &mut b]);
                [rgb[0] + f64::from(r[0]), rgb[1] + f64::from(g[0]), rgb[2] + f64::from(b[0])]
            });
            assert!(worst <= LIMIT_F32, "{} {model:?} {name}: {worst:e}", case.id);
            largest[1] = largest[1].max(worst);
        }
    }
    println!(
        "{model:?}: {} cases, largest error f64 {:e}, f32 {:e}",
        cases.len(),
        largest[0],
        largest[1]
    );
}

#[test]
fn classic_cases() {
    let file: ClassicFile = load("classic/vectors.json");
    assert_eq!(file.cases.len(), 41);
    check_cases(&file.cases, Model::Classic);
}

#[test]
fn smooth_cases() {
    let file: SmoothFile = load("smooth/vectors.json");
    assert_eq!(file.cases.len(), 31);
    check_cases(&file.cases, Model::Smooth);
}

#[test]
fn harness_can_fail() {
    let file: SmoothFile = load("smooth/vectors.json");
    let case = &file.cases[0];
    let gold = Transform::new(&case.look(Model::Smooth), &case.radii());
    let off = case.worst(|rgb| gold.apply(rgb).map(|v| v + 2.0 * LIMIT_F64));
    assert!(off > LIMIT_F64, "{off:e}");
    let swapped = case.worst(|[r, g, b]| gold.apply([g, r, b]));
    assert!(swapped > LIMIT_F32, "{swapped:e}");
}

#[test]
fn colors() {
    let file: ClassicFile = load("classic/vectors.json");
    assert_eq!(file.colors.len(), 40);
    for color in &file.colors {
        let parsed = attractor::parse(&format!("{};50;50", color.css))
            .unwrap_or_else(|error| panic!("{}: {error}", color.css))[0];
        let near = |got: f64, want: f64| (got - want).abs() <= LIMIT_F64;
        let lab = (0..3).all(|i| near(parsed.lab[i], color.oklab[i]));
        assert!(lab, "{}: {parsed:?}, not {:?}", color.css, color.oklab);
        let lch = [parsed.lightness, parsed.chroma, parsed.hue];
        for (i, (got, want)) in lch.into_iter().zip(color.oklch).enumerate() {
            let fits = match (got, want) {
                // A hue is judged by how far the colour itself would move.
                (Some(got), Some(want)) if i == 2 => {
                    let turn = (got - want).rem_euclid(360.0);
                    turn.min(360.0 - turn).to_radians() * color.oklch[1].unwrap_or(1.0) <= LIMIT_F64
                }
                (Some(got), Some(want)) => near(got, want),
                (None, None) => true,
                _ => false,
            };
            assert!(fits, "{}: {lch:?}, not {:?}", color.css, color.oklch);
        }
    }
}

fn picture(path: &str) -> Vec<[f64; 3]> {
    let image = image::open(data(path)).unwrap().into_rgb8();
    image.pixels().map(|p| p.0.map(|v| f64::from(v) / 255.0)).collect()
}

#[test]
fn thresholds() {
    let file: ClassicFile = load("classic/vectors.json");
    assert_eq!(file.thresholds.len(), 48);
    let space = RgbSpace::new(&Primaries::BT709);
    let mut largest = 0.0f64;
    for row in &file.thresholds {
        let attractor = Attractor {
            tolerance: row["tolerance"].as_f64().unwrap(),
            lab: serde_json::from_value(row["oklab"].clone()).unwrap(),
            ..attractor::parse("red;50;50").unwrap()[0]
        };
        for (name, want) in row {
            let got = if name.starts_with("images/") {
                let mut distances: Vec<f32> = picture(&format!("classic/{name}"))
                    .into_iter()
                    .map(|rgb| distance(space.encoded_to_oklab(rgb), attractor.lab) as f32)
                    .collect();
                tolerance::percentile(&mut distances, attractor.tolerance)
            } else if let Some(points) = name.strip_prefix("lattice") {
                let points = points.parse().unwrap();
                tolerance::gamut::radii(
                    &[attractor],
                    &Primaries::BT709,
                    points,
                    simd_level(),
                    Team::alone(),
                )[0]
            } else {
                continue;
            };
            let error = (got - want.as_f64().unwrap()).abs();
            assert!(error <= LIMIT_RADIUS, "{row:?} {name}: {got}");
            largest = largest.max(error);
        }
    }
    println!("largest error of a radius: {largest:e}");
}

/// The 24 pictures, through a real pipeline.
mod common;

#[derive(Deserialize)]
struct ImagesFile {
    images: Vec<Picture>,
}

#[derive(Deserialize)]
struct Picture {
    image: String,
    attractors: Vec<CssAttractor>,
    flags: Flags,
    mode: String,
    expected: String,
    fragile_mask: String,
}

#[derive(Deserialize)]
struct CssAttractor {
    css: String,
    tolerance: f64,
    strength: f64,
}

/// Promise 5.
#[test]
fn classic_pictures_through_a_pipeline() {
    let file: ImagesFile = load("classic/vectors.json");
    assert_eq!(file.images.len(), 24);
    let folder = tempfile::tempdir().unwrap();
    let result = folder.path().join("result.png");
    let mut largest = 0;
    for picture in &file.images {
        let path = |name: &str| data(&format!("classic/{name}"));
        let attractors: Vec<String> = picture
            .attractors
            .iter()
            .map(|a| format!("{};{};{}", a.css, a.tolerance, a.strength))
            .collect();
        let Flags { luminance, saturation, hue } = picture.flags;
        common::run(&format!(
            "filesrc location={} ! pngdec ! videoconvert ! colorshine model=classic method=exact \
             tolerance-reference={} adaptation-time=0 luminance={luminance} saturation={saturation} \
             hue={hue} attractors=\"{}\" ! pngenc ! filesink location={}",
            path(&picture.image).display(),
            picture.mode,
            attractors.join("|"),
            result.display(),
        ))
        .unwrap();
        let open = |path: &std::path::Path| image::open(path).unwrap();
        let got = open(&result).into_rgb8();
        let want = open(&path(&picture.expected)).into_rgb8();
        let fragile = open(&path(&picture.fragile_mask)).into_luma8();
        assert_eq!(got.dimensions(), want.dimensions());
        for (((x, y, got), want), fragile) in
            got.enumerate_pixels().zip(want.pixels()).zip(fragile.pixels())
        {
            if fragile.0[0] != 0 {
                continue;
            }
            let error = (0..3).map(|c| got.0[c].abs_diff(want.0[c])).max().unwrap();
            assert!(error <= 1, "{} at {x},{y}: {got:?}, not {want:?}", picture.expected);
            largest = largest.max(error);
        }
    }
    println!("largest difference outside the fragile masks: {largest} code");
}
