//! What is asked for, and caps, become a [`Plan`]: all that the frame path needs.

use std::sync::Arc;
use std::time::Duration;

use colorshine_core::lut::{Disk, ErrorReport, Interpolation, Lattice, Radii, Request};
use colorshine_core::model::Look;
use colorshine_core::tolerance::Reference;
use colorshine_core::workers::{Team, level_name, simd_level};

use super::baker::{Baker, Fixed, Method, Notice};
use super::caps::Caps;
use super::means::Means;
use super::measured::Measured;
use super::recipe::{Held, Recipe};
use crate::telemetry::Counters;

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) look: Look,
    /// What tolerances are percentages of.
    pub(crate) reference: Reference,
    /// Time constant of radii that are measured; zero where each frame has its own.
    pub(crate) adaptation: Duration,
    /// How long the look on screen takes to become this one.
    pub(crate) transition: Duration,
    pub(crate) method: Method,
    /// Nodes per axis; `None` for automatic.
    pub(crate) lut_size: Option<usize>,
    /// `None`: the one that suits the stream's codes.
    pub(crate) interpolation: Option<Interpolation>,
    pub(crate) means: Means,
}

/// How a plan's frames are made.
#[derive(Debug)]
enum Work {
    /// They are not: they pass through.
    Identity,
    /// All alike.
    Fixed(Box<Fixed>),
    /// With radii of their own.
    Measured(Arc<Measured>),
}

/// All that the frame path needs.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) caps: Arc<Caps>,
    pub(crate) means: Means,
    /// The model's settings.
    pub(crate) look: Look,
    /// How long the look on screen takes to become this one.
    pub(crate) transition: Duration,
    work: Work,
}

impl Plan {
    /// The plan for a stream; bakes with a team where no one has yet and no file is found sooner.
    pub(crate) fn new(
        options: Options,
        caps: Arc<Caps>,
        counters: &Counters,
        team: Team,
        disk: Option<&Arc<Disk>>,
    ) -> Self {
        let Options { look, transition, .. } = options;
        let means = options.means.of_stream(&caps);
        if look.is_identity() {
            return Self { caps, means, look, transition, work: Work::Identity };
        }
        let request = Request {
            look: look.clone(),
            radii: Radii::Known(Vec::new()),
            codes: caps.codes,
            size: options.lut_size,
            interpolation: options.interpolation.unwrap_or_else(|| Interpolation::of(&caps.codes)),
            memory_limit: means.memory_limit,
        };
        let is_blended = !transition.is_zero();
        let baker = Baker::new(caps.clone(), means, options.method, request, is_blended);
        let work = match Radii::of(&look, options.reference) {
            Some(radii) => Work::Fixed(Box::new(baker.fix(radii, counters, team, disk))),
            None => {
                let measured = Measured::new(baker, means, &look, &caps, options.adaptation);
                Work::Measured(Arc::new(measured))
            }
        };
        Self { caps, means, look, transition, work }
    }

    fn baker(&self) -> Option<&Baker> {
        match &self.work {
            Work::Identity => None,
            Work::Fixed(fixed) => Some(&fixed.baker),
            Work::Measured(measured) => Some(measured.baker()),
        }
    }

    /// Whether it is known how frames are computed.
    pub(super) fn is_settled(&self) -> bool {
        self.baker().is_some_and(Baker::is_settled)
    }

    /// The part that changes with the picture, where there is one.
    pub(crate) fn measured(&self) -> Option<&Arc<Measured>> {
        match &self.work {
            Work::Measured(measured) => Some(measured),
            _ => None,
        }
    }

    /// How frames are made, as far as that is known.
    pub(crate) fn recipe(&self) -> Option<Recipe> {
        match &self.work {
            Work::Identity => None,
            Work::Fixed(fixed) => Some(fixed.recipe.clone()),
            Work::Measured(measured) => measured.recipe(),
        }
    }

    /// Something that the user should hear of once; for plans that measure frames it is known with the
    /// first of them.
    pub(crate) fn notice(&self) -> Option<Notice> {
        self.baker()?.choice()?.notice
    }

    /// The radii in use, one per attractor; none where nothing has been measured, or nothing is done.
    pub(crate) fn radii(&self) -> Vec<f64> {
        match &self.work {
            Work::Identity => Vec::new(),
            Work::Fixed(fixed) => fixed.radii.clone(),
            Work::Measured(measured) => measured.radii(),
        }
    }

    /// The measured error of the lookup table that is in use, or was found too inaccurate.
    pub(crate) fn report(&self) -> ErrorReport {
        let choice = self.baker().and_then(Baker::choice);
        choice.map(|choice| choice.report).unwrap_or_default()
    }

    /// Whether frames pass through untouched, whatever `mix` and `split` say.
    pub(crate) fn is_identity(&self) -> bool {
        matches!(self.work, Work::Identity)
    }

    /// The method in use, in a word.
    pub(crate) fn method_name(&self) -> &'static str {
        match self.baker().and_then(Baker::choice) {
            Some(choice) if choice.lut_size.is_some() => "lut",
            Some(_) => "exact",
            None => "none",
        }
    }

    /// How values between the nodes of the lattice in use are found, in a word.
    pub(crate) fn interpolation_name(&self) -> &'static str {
        match self.baker() {
            Some(baker) if self.lut_size() > 0 => baker.interpolation().name(),
            _ => "none",
        }
    }

    /// Whether the exact model was chosen, and not asked for.
    pub(super) fn has_chosen_exact(&self) -> bool {
        self.baker().is_some_and(Baker::has_chosen_exact)
    }

    /// Nodes per axis of the lattice in use; 0 for none.
    pub(crate) fn lut_size(&self) -> usize {
        self.baker().and_then(Baker::choice).and_then(|choice| choice.lut_size).unwrap_or(0)
    }

    /// In words: method, and why it was taken, and radii.
    pub(crate) fn summary(&self) -> String {
        let Some(baker) = self.baker() else {
            return "nothing to do".into();
        };
        let Some(choice) = baker.choice() else {
            return "waiting for a frame to measure".into();
        };
        let ErrorReport { max_codes, p999_codes } = choice.report;
        let error = format!(
            "off by {p999_codes:.2} codes at the 99.9th percentile, {max_codes:.2} at most"
        );
        let method = match choice.lut_size {
            Some(size) => format!("lookup table of {size}, {error}"),
            None if baker.is_exact_wanted() => "the exact model, as asked for".into(),
            None => format!("the exact model, as even the largest lookup table is {error}"),
        };
        format!("{method}; radii {:.4?}; {} on the CPU", self.radii(), level_name(simd_level()))
    }

    /// Whether `count` lattices of a size, 0 for none, may be held at once.
    pub(super) fn may_hold(&self, count: u64, size: usize) -> bool {
        size == 0 || count * Lattice::bytes_of(&self.caps.codes, size) <= self.means.memory_limit
    }

    /// The lattice in use.
    pub(crate) fn held(&self) -> Option<Held> {
        self.recipe().and_then(|recipe| recipe.held())
    }
}
