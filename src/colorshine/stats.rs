//! Counters and plan as the `stats` structure.

use colorshine_core::workers::{level_name, simd_level};

use crate::engine::frame_path::MOST_HELD;
use crate::engine::plan::Plan;
use crate::engine::recipe::Held;
use crate::telemetry::Counters;

/// The snapshot. Names never change; what the element cannot know yet is 0.
///
/// Memory is that of the .cube files, of the lattices which the plan, the screen and frames under way need, and of
/// the way over the GPU. Lattices that the process merely keeps, for whoever wants them again, are not this
/// element's.
pub(super) fn snapshot(
    counters: &Counters,
    plan: Option<&Plan>,
    held: [Option<Held>; MOST_HELD],
) -> gst::Structure {
    let report = plan.map(Plan::report).unwrap_or_default();
    let lut_size = plan.map_or(0, Plan::lut_size);
    let mut all = [None; 1 + MOST_HELD];
    all[0] = plan.and_then(Plan::held);
    all[1..].copy_from_slice(&held);
    let lattices = Held::bytes(&all);
    let files = plan.map_or(0, |plan| plan.look.lut_bytes());
    let memory = lattices + files + counters.staging_bytes.get();
    let radii = plan.map(Plan::radii).unwrap_or_default();
    gst::Structure::builder("application/x-colorshine-stats")
        .field("frames", counters.frames.get())
        .field("frames-passthrough", counters.frames_passthrough.get())
        .field("backend", if counters.is_on_gpu.get() == 1 { "gpu" } else { "cpu" })
        .field("adapter", counters.adapter.get())
        .field("simd-level", level_name(simd_level()))
        .field("method", plan.map_or("none", Plan::method_name))
        .field("lut-size", lut_size as u32)
        .field("lut-error-max-codes", report.max_codes)
        .field("lut-error-p999-codes", report.p999_codes)
        .field("bake-time-ns", counters.bake_time.get())
        .field("bakes", counters.bakes.get())
        .field("apply-time-ns", counters.apply_time.get())
        .field("first-frame-time-ns", counters.first_frame_time.get())
        .field("radii", gst::Array::new(radii))
        .field("coverage", counters.coverage.get())
        .field("lut-cache-memory-hits", counters.memory_hits.get())
        .field("lut-cache-disk-hits", counters.disk_hits.get())
        .field("lut-cache-misses", counters.misses.get())
        .field("memory-bytes", memory)
        .field("scene-cuts", counters.scene_cuts.get())
        .field("device-lost", counters.device_lost.get())
        .field("interpolation", plan.map_or("none", Plan::interpolation_name))
        .build()
}
