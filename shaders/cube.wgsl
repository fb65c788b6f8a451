// Twin of `Cube::apply` in `core/src/cube/mod.rs`, in f32.

// A table over a box of R'G'B'.
struct Table {
    low: vec3<f32>,
    // Nodes per axis; 0 where there is no table.
    size: u32,
    // Cells per unit of R'G'B'.
    scale: vec3<f32>,
    // Its first node.
    first: u32,
}

// Three curves, then a volume.
struct Cube {
    curves: Table,
    volume: Table,
}

// Nodes of all tables: R'G'B' and a number that is not used. Those of a volume have red fastest.
@group(0) @binding(5) var<storage, read> nodes: array<vec4<f32>>;

// Three curves, each linear between nodes.
fn linear(table: Table, rgb: vec3<f32>) -> vec3<f32> {
    let at = clamp((rgb - table.low) * table.scale, vec3(0.0), vec3(f32(table.size - 1u)));
    let node = min(vec3<u32>(at), vec3(table.size - 2u));
    let first = node + table.first;
    let low = vec3(nodes[first.x].x, nodes[first.y].y, nodes[first.z].z);
    let high = vec3(nodes[first.x + 1u].x, nodes[first.y + 1u].y, nodes[first.z + 1u].z);
    return low + (at - vec3<f32>(node)) * (high - low);
}

// Along the edges of a cell in the order of the fractions, the largest first.
fn tetrahedral(table: Table, rgb: vec3<f32>) -> vec3<f32> {
    let at = clamp((rgb - table.low) * table.scale, vec3(0.0), vec3(f32(table.size - 1u)));
    let node = min(vec3<u32>(at), vec3(table.size - 2u));
    var fraction = at - vec3<f32>(node);
    var stride = vec3(1u, table.size, table.size * table.size);
    let first = table.first + node.x + node.y * stride.y + node.z * stride.z;
    if (fraction.x < fraction.y) {
        fraction = fraction.yxz;
        stride = stride.yxz;
    }
    if (fraction.y < fraction.z) {
        fraction = fraction.xzy;
        stride = stride.xzy;
    }
    if (fraction.x < fraction.y) {
        fraction = fraction.yxz;
        stride = stride.yxz;
    }
    let a = nodes[first].xyz;
    let b = nodes[first + stride.x].xyz;
    let c = nodes[first + stride.x + stride.y].xyz;
    let d = nodes[first + stride.x + stride.y + stride.z].xyz;
    return a + fraction.x * (b - a) + fraction.y * (c - b) + fraction.z * (d - c);
}

// R'G'B' behind the tables, limited to [0, 1].
fn through(cube: Cube, rgb: vec3<f32>) -> vec3<f32> {
    var out = rgb;
    if (cube.curves.size > 0u) {
        out = linear(cube.curves, out);
    }
    if (cube.volume.size > 0u) {
        out = tetrahedral(cube.volume, out);
    }
    return clamp(out, vec3(0.0), vec3(1.0));
}
