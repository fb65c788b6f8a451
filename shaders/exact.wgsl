// Twin of `ExactKernel` in `core/src/model/lanes.rs`: the model itself as the source of differences. All that
// belongs to a look is data, as `core/src/model/shader_data.rs` writes it; no number here is ever infinite or NaN.

const CLASSIC = 1u;

const LINEAR = 1u;
const QUADRATIC = 2u;
const GAUSSIAN_FALLOFF = 3u;
const CUBIC = 4u;

const CLIP = 1u;

// Bits of a set of components.
const LIGHTNESS = 1u;
const CHROMA = 2u;
const HUE = 4u;

// The Gaussian at u = 1.
const GAUSSIAN_EDGE: f32 = 0.043936934;

// Chroma under which a pixel's own hue is noise and fades out.
const NEUTRAL_CHROMA: f32 = 0.02;

// Chroma up to which a colour counts as grey.
const HUELESS: f32 = 2e-6;

// Most steps from a colour outside of R'G'B' in [0, 1] to one inside.
const MOST_STEPS = 3u;

// The largest entry; the smallest is its negative.
const ENTRY_MAX: f32 = 32759.0;

// An attractor.
struct Pull {
    lab: vec3<f32>,
    inverse_radius: f32,
    // Share of the radius at full weight (smooth).
    plateau: f32,
    // 1 / (1 - plateau).
    inverse_slope: f32,
    // Strength up to 100, as a share.
    base: f32,
    // Strength beyond 100, as a share (classic).
    extra: f32,
    lightness: f32,
    chroma: f32,
    // Cosine and sine of the hue.
    direction: vec2<f32>,
    // Components that are the pixel's own.
    own: u32,
}

// What is drawn with.
struct Look {
    to_oklab: ToOklab,
    // R'G'B' to codes.
    from_rgb: mat3x3<f32>,
    // What stands behind the attractors.
    output: Cube,
    // Units of a difference in one code.
    unit: f32,
    model: u32,
    falloff: u32,
    gamut_mapping: u32,
    // Components that may change.
    channels: u32,
    pull_count: u32,
    pulls: array<Pull>,
}

@group(0) @binding(3) var<storage, read> look: Look;

// Total weight, and Oklab.
struct Blend {
    weight: f32,
    lab: vec3<f32>,
}

fn may_change(component: u32) -> bool {
    return (look.channels & component) != 0u;
}

// The attractor's component, or the pixel's own where it has none.
fn or_own(pull: Pull, component: u32, value: f32, own: f32) -> f32 {
    return select(value, own, (pull.own & component) != 0u);
}

// Weight over distance, for u limited to [0, 1].
fn falloff_at(u: f32) -> f32 {
    let rest = 1.0 - u;
    switch (look.falloff) {
        case LINEAR: {
            return rest;
        }
        case QUADRATIC: {
            return 1.0 - u * u;
        }
        case GAUSSIAN_FALLOFF: {
            return max((gaussian(u * u) - GAUSSIAN_EDGE) * (1.0 / (1.0 - GAUSSIAN_EDGE)), 0.0);
        }
        case CUBIC: {
            return rest * rest * rest;
        }
        default: {
            return half_cosine(u);
        }
    }
}

// Distance to the attractor as a share of its radius.
fn relative_distance(pull: Pull, lab: vec3<f32>) -> f32 {
    let d = lab - pull.lab;
    return root(d.x * d.x + d.y * d.y + d.z * d.z) * pull.inverse_radius;
}

fn length_of(v: vec2<f32>) -> f32 {
    return root(v.x * v.x + v.y * v.y);
}

fn blend_smooth(lab: vec3<f32>) -> Blend {
    let chroma = length_of(lab.yz);
    let t = clamp(chroma * (1.0 / NEUTRAL_CHROMA), 0.0, 1.0);
    let trust = t * t * (3.0 - t * 2.0);
    let own = lab.yz * (1.0 / max(chroma, 1e-12));

    var total = 0.0;
    var lightness = 0.0;
    var chroma_sum = 0.0;
    var pulled = vec2(0.0);
    for (var i = 0u; i < look.pull_count; i++) {
        let pull = look.pulls[i];
        let u = (relative_distance(pull, lab) - pull.plateau) * pull.inverse_slope;
        if (u >= 1.0) {
            continue;
        }
        let weight = falloff_at(max(u, 0.0)) * pull.base;
        let pulled_chroma = weight * or_own(pull, CHROMA, pull.chroma, chroma);
        total += weight;
        lightness += weight * or_own(pull, LIGHTNESS, pull.lightness, lab.x);
        chroma_sum += pulled_chroma;
        pulled += pulled_chroma * select(pull.direction, own * trust, (pull.own & HUE) != 0u);
    }
    let scale = 1.0 / max(total, 1.0);
    let rest = 1.0 - total * scale;
    let mixed = rest * lab.yz + scale * pulled;

    var out = lab;
    if (may_change(LIGHTNESS)) {
        out.x = rest * lab.x + scale * lightness;
    }
    if (may_change(CHROMA) && may_change(HUE)) {
        out = vec3(out.x, mixed);
    } else if (may_change(HUE)) {
        let size = length_of(mixed);
        let c = chroma * min(size * (1.0 / NEUTRAL_CHROMA), 1.0);
        out = vec3(out.x, mixed * (c / max(size, 1e-12)));
    } else if (may_change(CHROMA)) {
        let c = chroma + (rest * chroma + scale * chroma_sum - chroma) * trust;
        out = vec3(out.x, own * c);
    }
    return Blend(total, out);
}

// The direction of a vector; that of hue 0 where it is not longer than `least`.
fn direction_of(v: vec2<f32>, size: f32, least: f32) -> vec2<f32> {
    return select(vec2(1.0, 0.0), v * (1.0 / max(size, 1e-12)), size > least);
}

fn blend_classic(lab: vec3<f32>) -> Blend {
    let chroma = length_of(lab.yz);
    let own = direction_of(lab.yz, chroma, HUELESS);

    var total = 0.0;
    var lightness = 0.0;
    var chroma_sum = 0.0;
    var hue = vec2(0.0);
    for (var i = 0u; i < look.pull_count; i++) {
        let pull = look.pulls[i];
        let u = relative_distance(pull, lab);
        if (u >= 1.0) {
            continue;
        }
        let f = falloff_at(u);
        let weight = f * pull.base + (1.0 - f) * pull.extra;
        total += weight;
        lightness += weight * or_own(pull, LIGHTNESS, pull.lightness, lab.x);
        chroma_sum += weight * or_own(pull, CHROMA, pull.chroma, chroma);
        hue += weight * select(pull.direction, own, (pull.own & HUE) != 0u);
    }
    let rest = max(1.0 - total, 0.0);

    var l = lab.x;
    if (may_change(LIGHTNESS)) {
        l = rest * lab.x + lightness;
    }
    var c = chroma;
    if (may_change(CHROMA)) {
        c = rest * chroma + chroma_sum;
    }
    var direction = own;
    if (may_change(HUE)) {
        let mixed = rest * own + hue;
        direction = direction_of(mixed, length_of(mixed), 1e-12);
    }
    return Blend(total, vec3(l, c * direction));
}

// R'G'B' that the attractors make of what they see; that itself outside every radius.
fn pull_rgb(seen: vec3<f32>) -> vec3<f32> {
    let lab = oklab(look.to_oklab, seen);
    var blend: Blend;
    if (look.model == CLASSIC) {
        blend = blend_classic(lab);
    } else {
        blend = blend_smooth(lab);
    }
    if (blend.weight <= 0.0) {
        return seen;
    }
    let blended = vec3(clamp(blend.lab.x, 0.0, 1.0), blend.lab.yz);
    var rgb: vec3<f32>;
    if (look.gamut_mapping == CLIP) {
        rgb = oklab_to_linear(look.to_oklab.space, blended);
    } else {
        rgb = reduce_chroma(look.to_oklab.space, blended);
    }
    return encode(clamp(rgb, vec3(0.0), vec3(1.0)));
}

// What a look adds to a colour in codes, as `quantize` in `core/src/lut/bake.rs` gives it; outside of R'G'B' in [0, 1]
// as `core/src/model/outside.rs` continues it.
fn difference(codes: vec3<u32>) -> vec3<i32> {
    var rgb = encoded_rgb(look.to_oklab, codes);
    var sum = vec3(0.0);
    var sign = 1.0;
    for (var i = 0u; i < MOST_STEPS; i++) {
        let before = inside(rgb);
        let is_outside = any(before != rgb);
        let after = through(look.output, pull_rgb(through(look.to_oklab.input, before)));
        sum += select(sign, 2.0 * sign, is_outside) * (after - before);
        if (!is_outside) {
            break;
        }
        rgb = 2.0 * before - rgb;
        sign = -sign;
    }
    let moved = look.from_rgb * sum;
    return vec3<i32>(clamp(round(moved * look.unit), vec3(-ENTRY_MAX), vec3(ENTRY_MAX)));
}
