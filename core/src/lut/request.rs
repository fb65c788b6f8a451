//! What a lattice is asked for with, and what a bake gives.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::bake::bake_while;
use super::{AUTO_SIZES, ErrorReport, Interpolation, Lattice, Probe};
use crate::color::codes::CodeSpace;
use crate::model::Look;
use crate::model::lanes::ExactKernel;
use crate::tolerance::{self, Reference, gamut};
use crate::workers::{Level, Stopwatch, Team, level_name};

/// Version of the numbers that bakes give: of the model, the radii, the probe, and the entries. It goes up
/// with each change of theirs, so that no file of an older version is taken for the same look.
pub(super) const MODEL_VERSION: u32 = 4;

/// 99.9th percentile of the error, in codes of the stream, at which an automatic size is large enough:
/// then lattice and exact model, both rounded, differ by at most one code.
const GOOD_ENOUGH: f64 = 0.5;

/// How far the attractors of a look reach.
#[derive(Clone, Debug, PartialEq)]
pub enum Radii {
    /// One radius per attractor, in Oklab.
    Known(Vec<f64>),
    /// By their tolerances in the container's gamut, found with the bake.
    OfGamut,
}

impl Radii {
    /// Those of a look; `None` where they are measured on frames.
    pub fn of(look: &Look, reference: Reference) -> Option<Self> {
        match reference {
            _ if look.attractors.is_empty() => Some(Self::Known(Vec::new())),
            Reference::Frame => None,
            Reference::Absolute => Some(Self::Known(tolerance::absolute(&look.attractors))),
            Reference::Gamut => Some(Self::OfGamut),
        }
    }

    /// One radius per attractor of a look, found by a team where they are not known.
    pub fn find(&self, look: &Look, level: Level, team: Team) -> Vec<f64> {
        self.find_while(look, level, team, &|| true)
    }

    /// The same for as long as it is wanted: once `is_wanted` says no, what is returned is of no use.
    fn find_while(
        &self,
        look: &Look,
        level: Level,
        team: Team,
        is_wanted: &(dyn Fn() -> bool + Sync),
    ) -> Vec<f64> {
        let Look { attractors, primaries, .. } = look;
        match self {
            Self::Known(radii) => radii.clone(),
            Self::OfGamut => {
                gamut::radii_while(attractors, primaries, gamut::POINTS, level, team, is_wanted)
            }
        }
    }
}

/// All that a lattice depends on.
#[derive(Clone, Debug)]
pub struct Request {
    /// The model's settings.
    pub look: Look,
    /// How far its attractors reach.
    pub radii: Radii,
    /// The stream's codes.
    pub codes: CodeSpace,
    /// Nodes per axis; `None` for the smallest of [`AUTO_SIZES`] that is good enough.
    pub size: Option<usize>,
    /// How the lattice will be sampled.
    pub interpolation: Interpolation,
    /// Most bytes that the lattice may take.
    pub memory_limit: u64,
}

impl Request {
    /// A look for some codes, with radii by the gamut and the smallest lattice that is good enough.
    pub fn new(look: Look, codes: CodeSpace) -> Self {
        Self {
            look,
            radii: Radii::OfGamut,
            codes,
            size: None,
            interpolation: Interpolation::of(&codes),
            memory_limit: u64::MAX,
        }
    }

    /// What tells two requests apart, on any machine: the text of every field, as Rust prints
    /// floating-point numbers with as many digits as tell them apart. A memory limit counts as the sizes
    /// that it leaves.
    pub(super) fn key(&self, level: Level) -> String {
        // By name, so that no field can be forgotten.
        let Self { look, radii, codes, size: _, interpolation, memory_limit: _ } = self;
        let (arch, level, sizes) = (std::env::consts::ARCH, level_name(level), self.sizes());
        format!(
            "{MODEL_VERSION} {arch} {level} {sizes:?} {interpolation:?} {codes:?} {radii:?} {look:?}"
        )
    }

    /// Sizes to try, in order. None where not even the smallest fits the memory limit.
    pub(super) fn sizes(&self) -> Vec<usize> {
        let sizes = self.size.map_or(AUTO_SIZES.to_vec(), |size| vec![size]);
        let bytes = |size| Lattice::bytes_of(&self.codes, size);
        sizes.into_iter().filter(|&size| bytes(size) <= self.memory_limit).collect()
    }

    /// Bytes of the largest lattice that may come of it.
    pub(super) fn most_bytes(&self) -> u64 {
        self.sizes().last().map_or(0, |&size| Lattice::bytes_of(&self.codes, size))
    }

    /// The exact model of the look with its radii.
    pub fn kernel(&self, radii: &[f64], level: Level) -> ExactKernel {
        ExactKernel::new(&self.look, radii, &self.codes, level)
    }
}

/// A lattice with what is known about it.
#[derive(Debug)]
pub struct Baked {
    /// The lattice; `None` where none fits the memory limit.
    pub lattice: Option<Arc<Lattice>>,
    /// One radius per attractor, in Oklab.
    pub radii: Vec<f64>,
    /// Its error.
    pub report: ErrorReport,
    /// What the bake took, all sizes that were tried included; zero where there was none.
    pub bake_time: Duration,
    pub(super) exact_nanoseconds: OnceLock<f64>,
}

impl Baked {
    /// Bytes of its lattice.
    pub fn bytes(&self) -> u64 {
        self.lattice.as_ref().map_or(0, |lattice| lattice.bytes())
    }

    /// What the exact kernel takes for one colour of the request that it was baked for, in nanoseconds
    /// on one thread; measured with the bake, or now if the bake was not here.
    pub fn exact_nanoseconds(&self, request: &Request, level: Level) -> f64 {
        *self.exact_nanoseconds.get_or_init(|| {
            Probe::new(&request.kernel(&self.radii, level), &request.codes).nanoseconds_per_colour
        })
    }
}

/// Bakes what is asked for.
pub fn bake_request(request: &Request, level: Level, team: Team) -> Baked {
    let nothing = || None::<std::convert::Infallible>;
    match bake_unless(request, level, team, &nothing) {
        Ok(baked) => baked,
        Err(never) => match never {},
    }
}

/// The same, unless `instead` has something better meanwhile.
///
/// # Errors
///
/// What `instead` had.
pub(super) fn bake_unless<T>(
    request: &Request,
    level: Level,
    team: Team,
    instead: &(dyn Fn() -> Option<T> + Sync),
) -> Result<Baked, T> {
    let is_wanted = || instead().is_none();
    let go_on = || instead().map_or(Ok(()), Err);
    let radii = request.radii.find_while(&request.look, level, team, &is_wanted);
    go_on()?;
    let start = Stopwatch::start();
    let kernel = request.kernel(&radii, level);
    let probe = Probe::new(&kernel, &request.codes);
    let mut best: Option<(Lattice, ErrorReport)> = None;
    for size in request.sizes() {
        // The table before goes first, so that the limit holds.
        drop(best.take());
        let lattice = bake_while(&kernel, &request.codes, size, team, &is_wanted);
        go_on()?;
        let report = probe.report(&lattice, request.interpolation);
        best = Some((lattice, report));
        let codes = f64::from(request.codes.max_code()) / 255.0;
        if report.p999_codes * codes <= GOOD_ENOUGH {
            break;
        }
    }
    let (lattice, report) = best.unzip();
    Ok(Baked {
        lattice: lattice.map(Arc::new),
        radii,
        report: report.unwrap_or_default(),
        bake_time: start.elapsed(),
        exact_nanoseconds: OnceLock::from(probe.nanoseconds_per_colour),
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::attractor::{Channels, parse};
    use crate::color::codes::Range;
    use crate::color::oklab::Primaries;
    use crate::model::{Falloff, GamutMapping, Model};

    pub(in crate::lut) fn request(attractors: &str) -> Request {
        let attractors = parse(attractors).unwrap();
        Request {
            radii: Radii::Known(vec![0.3; attractors.len()]),
            look: Look {
                attractors,
                channels: Channels::ALL,
                model: Model::Smooth,
                falloff: Falloff::Cosine,
                gamut_mapping: GamutMapping::Chroma,
                primaries: Primaries::BT709,
                input_lut: None,
                output_lut: None,
            },
            codes: CodeSpace::full_rgb(8),
            size: None,
            interpolation: Interpolation::Tetrahedral,
            memory_limit: u64::MAX,
        }
    }

    /// Something that was baked without any work.
    pub(in crate::lut) fn baked(size: usize) -> Baked {
        Baked {
            lattice: Some(Arc::new(Lattice::zeros(&CodeSpace::full_rgb(8), size))),
            radii: Vec::new(),
            report: ErrorReport::default(),
            bake_time: Duration::ZERO,
            exact_nanoseconds: OnceLock::new(),
        }
    }

    #[test]
    fn a_bake_ends_for_something_better() {
        let request = Request { radii: Radii::OfGamut, ..request("red;50;50") };
        for after in [0, 1, 2, 5, 20] {
            let asked = std::sync::atomic::AtomicUsize::new(0);
            let instead =
                || (asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) >= after).then_some(7);
            let result = bake_unless(&request, Level::baseline(), Team::alone(), &instead);
            assert_eq!(result.err(), Some(7), "after {after}");
        }
        // What an interrupted search for radii has left behind is not taken for radii.
        let radii = bake_request(&request, Level::baseline(), Team::alone()).radii;
        assert!(radii[0] > 0.1, "{radii:?}");
    }

    /// The numbers of bakes change with the model's version, and only with it: hashes of some of them, for
    /// each version that there was. A change of the numbers goes with a new version and a line here.
    #[cfg(target_arch = "x86_64")]
    #[test]
    fn numbers_change_with_the_version() {
        const HISTORY: [(u32, u64); 4] = [
            (1, 0x0429_e8ac_7c5b_730e),
            (2, 0x8f5c_2a5e_9a8b_da26),
            (3, 0x393c_2f44_b721_7d39),
            (4, 0xa7a4_9ef7_3d68_6c4b),
        ];
        let limited = Range { offset: [64.0, 512.0, 512.0], scale: [876.0, 896.0, 896.0] };
        let bt709 = CodeSpace::ycbcr(10, limited, 0.2126, 0.0722);
        let mut bytes = Vec::new();
        for codes in [CodeSpace::full_rgb(8), bt709] {
            for (model, attractors) in [
                (Model::Smooth, "#ff8a3d;40;60|oklch(50% 0.15 200);40;60;lh|gray;35;200;s"),
                (Model::Classic, "red;50;50|blue;30;150"),
            ] {
                let look = Look { model, ..request(attractors).look };
                let request = Request {
                    radii: Radii::OfGamut,
                    look,
                    interpolation: Interpolation::of(&codes),
                    codes,
                    size: Some(9),
                    ..request(attractors)
                };
                let baked = bake_request(&request, Level::baseline(), Team::alone());
                let ErrorReport { max_codes, p999_codes } = baked.report;
                let numbers = baked.radii.iter().chain([&max_codes, &p999_codes]);
                // Digits below are the mathematical library's.
                bytes.extend(numbers.flat_map(|v| (*v as f32).to_le_bytes()));
                let entries = baked.lattice.as_ref().unwrap().entries().as_flattened();
                bytes.extend(entries.iter().flat_map(|entry| entry.to_le_bytes()));
            }
        }
        let now = (MODEL_VERSION, xxhash_rust::xxh64::xxh64(&bytes, 0));
        assert!(HISTORY.contains(&now), "{now:#x?} is not in the history");
        assert_eq!(HISTORY.last(), Some(&now));
        assert!(HISTORY.iter().map(|(version, _)| *version).eq(1..=MODEL_VERSION));
    }
}
