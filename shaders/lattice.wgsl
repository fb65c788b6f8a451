// Differences from a lattice: twin of core/src/lut/sample.rs, to the same bits.

// Entries of four 16-bit integers, the last of them 0.
@group(0) @binding(3) var<storage, read> entries: array<vec2<u32>>;

const FRACTION_BITS: u32 = 15;
const ONE: i32 = 32768;
const HALF: i32 = 16384;

fn entry(index: u32) -> vec3<i32> {
    let words = bitcast<vec2<i32>>(entries[index]);
    return vec3((words.x << 16u) >> 16u, words.x >> 16u, (words.y << 16u) >> 16u);
}

// The entry by a weight, rounded to nearest.
fn by(index: u32, weight: i32) -> vec3<i32> {
    return (entry(index) * weight + vec3(HALF)) >> vec3(FRACTION_BITS);
}

fn add(a: vec3<i32>, b: vec3<i32>) -> vec3<i32> {
    return clamp(a + b, vec3(-32768), vec3(32767));
}

fn mixed(a: vec3<i32>, b: vec3<i32>, fraction: i32) -> vec3<i32> {
    return a + (((b - a) * fraction + vec3(HALF)) >> vec3(FRACTION_BITS));
}

fn tetrahedral(base: u32, f: vec3<i32>, steps: vec3<u32>) -> vec3<i32> {
    // The path from the node below to the node above goes along the largest fraction first.
    var first = steps.x;
    var last = steps.z;
    let high = max(max(f.x, f.y), f.z);
    let low = min(min(f.x, f.y), f.z);
    if f.x >= f.y {
        if f.y < f.z {
            last = steps.y;
            if f.x < f.z {
                first = steps.z;
            }
        }
    } else {
        first = steps.y;
        if f.x < f.z {
            last = steps.x;
            if f.y < f.z {
                first = steps.z;
            }
        }
    }
    let middle = f.x + f.y + f.z - high - low;
    let top = base + steps.x + steps.y + steps.z;
    let ends = add(by(top, low), -by(base, high - ONE));
    return add(add(by(base + first, high - middle), by(top - last, middle - low)), ends);
}

fn trilinear(base: u32, f: vec3<i32>, steps: vec3<u32>) -> vec3<i32> {
    var along_y: array<vec3<i32>, 2>;
    for (var x = 0u; x < 2; x++) {
        let at = base + x * steps.x;
        let near = mixed(entry(at), entry(at + steps.z), f.z);
        let far = mixed(entry(at + steps.y), entry(at + steps.y + steps.z), f.z);
        along_y[x] = mixed(near, far, f.y);
    }
    return mixed(along_y[0], along_y[1], f.x);
}

// By negative weights, a prism's nodes on one of its triangles.
fn on_triangle(corners: vec3<u32>, weights: vec3<i32>) -> vec3<i32> {
    return by(corners.x, weights.x) + by(corners.y, weights.y) + by(corners.z, weights.z);
}

// Linear along the first axis, on a triangle along the others.
fn prism(base: u32, f: vec3<i32>, steps: vec3<u32>) -> vec3<i32> {
    let larger = max(f.y, f.z);
    let smaller = min(f.y, f.z);
    let beside = select(steps.z, steps.y, f.y > f.z);
    let corners = vec3(base, base + beside, base + steps.y + steps.z);
    let weights = vec3(larger - ONE, smaller - larger, -smaller);
    let low = on_triangle(corners, weights) * (f.x - ONE);
    let high = on_triangle(corners + vec3(steps.x), weights) * -f.x;
    return (low + high) >> vec3(FRACTION_BITS);
}

fn difference(codes: vec3<u32>) -> vec3<i32> {
    let digits = DEPTH + 8;
    let positions = codes * band.multiplier;
    let nodes = positions >> vec3(digits);
    let f = vec3<i32>((positions >> vec3(digits - FRACTION_BITS)) & vec3(0x7fffu));
    let n = band.size;
    let steps = vec3(n * n, n, 1u);
    let base = (nodes.x * n + nodes.y) * n + nodes.z;
    switch band.interpolation {
        case 0u: {
            return tetrahedral(base, f, steps);
        }
        case 1u: {
            return trilinear(base, f, steps);
        }
        case 3u: {
            return prism(base, f, steps);
        }
        case 4u: {
            return prism(base, f.yxz, steps.yxz);
        }
        default: {
            let up = select(vec3(0u), steps, f >= vec3(HALF));
            return entry(base + up.x + up.y + up.z);
        }
    }
}
