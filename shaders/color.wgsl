// Twin of `core/src/color/lanes.rs`, three components at a time: the same polynomials, constants and steps.

// ((v + 0.055) / 1.055)^2.4 on [0.04045, 1].
const DECODE = array<f32, 10>(
    0.00084717146, 0.035643925, 0.4796368, 0.9086181, -1.0691577,
    1.4735311, -1.5548166, 1.0954472, -0.4516202, 0.08187024,
);

// sin(pi x) / x in powers of x^2 on [-0.5, 0.5].
const SINE = array<f32, 5>(3.14159274, -5.1677101, 2.5500774, -0.5982904, 0.07765591);

// exp(-3.125 t) on [0, 1].
const GAUSSIAN = array<f32, 9>(
    0.9999998, -3.1249748, 4.8821324, -5.079132, 3.9356915,
    -2.3678231, 1.0793805, -0.3315865, 0.05024915,
);

// Noise of a linear channel, as a share of the largest cone response.
const NOISE: f32 = 5e-7;

// How far below 0 a linear channel still counts as inside: 1e-6 of an encoded one.
const SLACK_LOW: f32 = 1e-6 / 12.92;

// Where above 1 a linear channel begins to count as outside.
const HIGHEST: f32 = 1.000004;

// Matrices between linear RGB, cone responses, their cube roots and Oklab.
struct RgbSpace {
    rgb_to_lms: mat3x3<f32>,
    lms_to_rgb: mat3x3<f32>,
    roots_to_lab: mat3x3<f32>,
    lab_to_roots: mat3x3<f32>,
}

// Square root of a number from 0 on. What is below 1e-30 counts as that: the accuracy of `sqrt` is that
// of an inverse root, which is infinite at 0.
fn root(x: f32) -> f32 {
    return sqrt(max(x, 1e-30));
}

// The sRGB EOTF on [0, 1].
fn decode(v: vec3<f32>) -> vec3<f32> {
    var curve = fma(vec3(DECODE[9]), v, vec3(DECODE[8]));
    curve = fma(curve, v, vec3(DECODE[7]));
    curve = fma(curve, v, vec3(DECODE[6]));
    curve = fma(curve, v, vec3(DECODE[5]));
    curve = fma(curve, v, vec3(DECODE[4]));
    curve = fma(curve, v, vec3(DECODE[3]));
    curve = fma(curve, v, vec3(DECODE[2]));
    curve = fma(curve, v, vec3(DECODE[1]));
    curve = fma(curve, v, vec3(DECODE[0]));
    return select(curve, v * (1.0 / 12.92), v <= vec3(0.04045));
}

// One of Householder's third-order steps towards x^(-1/3).
fn cbrt_step(x: vec3<f32>, r: vec3<f32>) -> vec3<f32> {
    let h = 1.0 - x * (r * r * r);
    return fma(h * (2.0 / 9.0) + (1.0 / 3.0), h * r, r);
}

// Cube root of values from 0 (up to 1e-24, which stands in for 0) to 1e6.
fn cbrt(v: vec3<f32>) -> vec3<f32> {
    let x = max(v, vec3(1e-24));
    let bits = vec3<f32>(bitcast<vec3<i32>>(x));
    let guess = bitcast<vec3<f32>>(vec3<i32>(1419967104.0 - bits * (1.0 / 3.0)));
    let r = cbrt_step(x, cbrt_step(x, guess));
    return x * (r * r);
}

// The inverse of the sRGB EOTF on [0, 1].
fn encode(v: vec3<f32>) -> vec3<f32> {
    let third = cbrt(v);
    let curve = fma(third * sqrt(sqrt(third)), vec3(1.055), vec3(-0.055));
    return select(curve, v * 12.92, v <= vec3(0.0031308));
}

// (1 + cos(pi u)) / 2 for u in [0, 1].
fn half_cosine(u: f32) -> f32 {
    let x = u - 0.5;
    let t = x * x;
    var sine = fma(SINE[4], t, SINE[3]);
    sine = fma(sine, t, SINE[2]);
    sine = fma(sine, t, SINE[1]);
    sine = fma(sine, t, SINE[0]);
    return fma(sine * x, -0.5, 0.5);
}

// exp(-3.125 t) for t in [0, 1].
fn gaussian(t: f32) -> f32 {
    var sum = fma(GAUSSIAN[8], t, GAUSSIAN[7]);
    sum = fma(sum, t, GAUSSIAN[6]);
    sum = fma(sum, t, GAUSSIAN[5]);
    sum = fma(sum, t, GAUSSIAN[4]);
    sum = fma(sum, t, GAUSSIAN[3]);
    sum = fma(sum, t, GAUSSIAN[2]);
    sum = fma(sum, t, GAUSSIAN[1]);
    return fma(sum, t, GAUSSIAN[0]);
}

// Linear RGB in [0, 1] to Oklab.
fn linear_to_oklab(space: RgbSpace, rgb: vec3<f32>) -> vec3<f32> {
    return space.roots_to_lab * cbrt(space.rgb_to_lms * rgb);
}

// Oklab to linear RGB, unclamped.
fn oklab_to_linear(space: RgbSpace, lab: vec3<f32>) -> vec3<f32> {
    let roots = space.lab_to_roots * lab;
    return space.lms_to_rgb * (roots * roots * roots);
}

// Whether a linear channel lies below `low`, or above 1 by more than slack and noise.
fn is_outside(rgb: vec3<f32>, low: f32) -> bool {
    return min(min(rgb.x, rgb.y), rgb.z) < low || max(max(rgb.x, rgb.y), rgb.z) > HIGHEST;
}

// Oklab with as much of its chroma as the gamut holds, as linear RGB.
fn reduce_chroma(space: RgbSpace, lab: vec3<f32>) -> vec3<f32> {
    let roots = space.lab_to_roots * lab;
    let lms = roots * roots * roots;
    let direct = space.lms_to_rgb * lms;
    let low = max(max(lms.x, lms.y), lms.z) * -NOISE - SLACK_LOW;
    if (!is_outside(direct, low)) {
        return direct;
    }
    // The three channels' cubics along the ray from grey to the colour.
    let g = lab.x * space.lab_to_roots[0];
    let s = lab.y * space.lab_to_roots[1] + lab.z * space.lab_to_roots[2];
    let tripled = 3.0 * space.lms_to_rgb;
    let c0 = space.lms_to_rgb * (g * g * g);
    let c1 = tripled * (g * g * s);
    let c2 = tripled * (g * s * s);
    let c3 = space.lms_to_rgb * (s * s * s);
    var inside_until = 0.0;
    var width = 0.5;
    for (var i = 0; i < 20; i++) {
        let t = vec3(inside_until + width);
        if (!is_outside(fma(fma(fma(c3, t, c2), t, c1), t, c0), low)) {
            inside_until = t.x;
        }
        width *= 0.5;
    }
    let t = vec3(inside_until);
    return fma(fma(fma(c3, t, c2), t, c1), t, c0);
}
