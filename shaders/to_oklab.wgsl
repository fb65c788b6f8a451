// Twin of `ToOklab` in `core/src/model/lanes.rs`: code values to Oklab, as attractors see a frame.

struct ToOklab {
    // Codes to R'G'B': a matrix, then what is added.
    to_rgb: mat3x3<f32>,
    to_rgb_offset: vec3<f32>,
    space: RgbSpace,
    // What stands between R'G'B' and the attractors.
    input: Cube,
}

// R'G'B' of a colour in codes, which of some is outside of [0, 1].
fn encoded_rgb(to: ToOklab, codes: vec3<u32>) -> vec3<f32> {
    return to.to_rgb * vec3<f32>(codes) + to.to_rgb_offset;
}

// The nearest R'G'B' in [0, 1].
fn inside(rgb: vec3<f32>) -> vec3<f32> {
    return clamp(rgb, vec3(0.0), vec3(1.0));
}

// Oklab of R'G'B' behind the input tables.
fn oklab(to: ToOklab, seen: vec3<f32>) -> vec3<f32> {
    return linear_to_oklab(to.space, decode(seen));
}
