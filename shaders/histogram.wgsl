// Twin of `Histograms::count` in `core/src/tolerance/histogram.rs`: the pixels of a band by their distance to
// each attractor.
//
// A workgroup counts a tile for one attractor in its own memory, two bins a word, and adds what it found
// to the frame's counts.

// Bins per attractor.
const BINS = 8192u;

// Distance where the last bin ends.
const REACH: f32 = 2.0;

// Columns and rows of a workgroup.
const GROUP_COLUMNS = 64u;
const GROUP_ROWS = 4u;

// Pixels that an invocation counts, one below the other with those of others between them. A workgroup's
// are too few for 16 bits to overflow.
const PIXELS = 64u;

// What distances are measured from.
struct DistanceParameters {
    to_oklab: ToOklab,
    // Oklab, and a number that is not used.
    attractors: array<vec4<f32>>,
}

@group(0) @binding(3) var<storage, read> parameters: DistanceParameters;

// For each attractor its bins and, as the bits of a float, the largest distance: what bands have in
// common, and 0 before the first.
@group(0) @binding(2) var<storage, read_write> counts: array<atomic<u32>>;

var<workgroup> bins: array<atomic<u32>, BINS / 2u>;

@compute @workgroup_size(GROUP_COLUMNS, GROUP_ROWS)
fn count(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
) {
    let size = picture();
    let to = parameters.attractors[group.z].xyz;
    let first_count = group.z * (BINS + 1u);
    let first_row = group.y * GROUP_ROWS * PIXELS + local.y;
    var largest = 0.0;
    for (var i = 0u; i < PIXELS; i++) {
        let row = first_row + i * GROUP_ROWS;
        if (id.x >= size.x || row >= size.y) {
            break;
        }
        let rgb = inside(encoded_rgb(parameters.to_oklab, pixel(id.x, row)));
        let d = oklab(parameters.to_oklab, through(parameters.to_oklab.input, rgb)) - to;
        let distance = root(d.x * d.x + d.y * d.y + d.z * d.z);
        let at = clamp(distance * (f32(BINS) / REACH) - 0.5, 0.0, f32(BINS - 1u));
        let bin = u32(round(at));
        atomicAdd(&bins[bin / 2u], 1u << (16u * (bin % 2u)));
        largest = max(largest, distance);
    }
    let bits = bitcast<u32>(largest);
    if (bits > atomicLoad(&counts[first_count + BINS])) {
        atomicMax(&counts[first_count + BINS], bits);
    }
    workgroupBarrier();
    for (var at = index; at < BINS / 2u; at += GROUP_COLUMNS * GROUP_ROWS) {
        let found = atomicLoad(&bins[at]);
        let first = first_count + 2u * at;
        if ((found & 0xffffu) != 0u) {
            atomicAdd(&counts[first], found & 0xffffu);
        }
        if (found >> 16u != 0u) {
            atomicAdd(&counts[first + 1u], found >> 16u);
        }
    }
}
