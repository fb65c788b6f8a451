//! Plans prepared beside the stream.
//!
//! At most one plan is in the making. Changes that come meanwhile are coalesced: when it is done, the
//! newest settings are planned if they are newer than the plan.

use std::sync::Arc;

use colorshine_core::workers::Team;
use gst::subclass::prelude::*;

use super::element::{CAT, ColorShine};
use crate::engine::plan::Plan;
use crate::workers::in_background;

/// Asks for a plan of the newest settings; returns at once.
pub(super) fn request(imp: &ColorShine) {
    {
        let mut state = imp.state();
        if state.is_preparing || state.stream.is_none() {
            return;
        }
        state.is_preparing = true;
    }
    let element = imp.obj().downgrade();
    in_background(move || {
        while let Some(element) = element.upgrade() {
            if !prepare_one(element.imp()) {
                return;
            }
        }
    });
}

/// Ends a preparation that unwinds, so that the next change starts one afresh.
struct OnPanic<'a>(&'a ColorShine);

impl Drop for OnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.state().is_preparing = false;
        }
    }
}

/// Prepares one plan; false where none was asked for.
fn prepare_one(imp: &ColorShine) -> bool {
    let _guard = OnPanic(imp);
    let (options, caps, version, before) = {
        let mut state = imp.state();
        let is_old = state.version != state.planned_version;
        let caps = state.caps().cloned().filter(|_| is_old);
        let Some(caps) = caps else {
            state.is_preparing = false;
            return false;
        };
        state.planned_version = state.version;
        let options = state.settings.used().options(caps.primaries);
        (options, caps, state.version, state.plan.clone())
    };
    // No file is looked for: nobody waits for this look, and settings on the move would fill the folder.
    let plan = Arc::new(Plan::new(options, caps, imp.counters(), Team::alone(), None));
    if !plan.transition.is_zero() {
        // What a cross-fade blends is made ready here rather than in the stream.
        let recipes = [Some(&plan), before.as_ref()].into_iter().flatten();
        recipes.filter_map(|plan| plan.recipe()).for_each(|recipe| {
            recipe.blendable(Team::alone());
        });
    }
    if plan.measured().is_some() {
        let mut state = imp.state();
        let is_current = state.caps().is_some_and(|caps| Arc::ptr_eq(caps, &plan.caps));
        if is_current && version > state.plan_version {
            state.next = Some((plan, version));
        }
    } else {
        install(imp, plan, version);
    }
    true
}

/// Makes a plan ready whose radii have been measured, and puts it in place; returns at once.
pub(super) fn settle(imp: &ColorShine, plan: Arc<Plan>, version: u64, radii: Vec<f64>) {
    let element = imp.obj().downgrade();
    in_background(move || {
        if let Some(element) = element.upgrade() {
            if let Some(measured) = plan.measured() {
                measured.settle(radii, element.imp().counters());
            }
            install(element.imp(), plan, version);
        }
    });
}

/// Puts a plan in place, if it is still wanted.
pub(super) fn install(imp: &ColorShine, plan: Arc<Plan>, version: u64) {
    let is_installed = imp.state().install(plan.clone(), version);
    if is_installed {
        if plan.measured().is_none() {
            imp.counters().coverage.set(0.0);
        }
        gst::info!(CAT, imp = imp, "a new look: {}", plan.summary());
        imp.announce(plan.notice().as_ref());
    }
}
