// Differences into frames of any layout.
//
// Twin of core/src/apply/block.rs, samples.rs, siting.rs, finish.rs and dither.rs, to the same bits. One
// invocation works on a cell: some columns of the rows that share a row of chroma, as many as make whole
// words in every plane, so that no two invocations write a word. What is not colour is copied.
//
// With frame.wgsl before it, and after it fours.wgsl and the text of a source of differences, which defines
//     fn difference(codes: vec3<u32>) -> vec3<i32>
// in units of 2^-(15 - DEPTH) codes.

override LOG_COLUMNS: u32 = 2u + SUB_X;
override COLUMNS: u32 = 1u << LOG_COLUMNS;
override ROWS: u32 = 1u << SUB_Y;
// Binary digits after the point of a difference, where there are any.
override FRACTION: u32 = 15u - min(DEPTH, 15u);

@group(0) @binding(2) var<storage, read_write> target_words: array<u32>;
// Dither: matrices of 64x64 bytes.
@group(0) @binding(4) var<storage, read> thresholds: array<u32>;

const EDGE: u32 = 64;

fn saturate(value: i32) -> i32 {
    return clamp(value, -32768, 32767);
}

// The word with another code.
fn with_code(word: u32, bit: u32, shift: u32, code: u32) -> u32 {
    var mask = u32(MAX_CODE) << shift;
    var bits = code << shift;
    if IS_BIG_ENDIAN {
        mask = ((mask & 0xffu) << 8u) | (mask >> 8u);
        bits = ((bits & 0xffu) << 8u) | (bits >> 8u);
    }
    return ordered((ordered(word) & ~(mask << bit)) | (bits << bit));
}

// The words of a cell: two rows of luma's plane, or four of half the words, then those of chroma that are others.
const SLOT: u32 = 8;
override ROW_SLOT: u32 = select(SLOT, SLOT / 2, SUB_Y > 1);
var<private> words: array<u32, 32>;

override SLOT_1: u32 = select(2u * SLOT, 0u, PLANE_1 == PLANE_0);
override SLOT_2: u32 = select(select(3u * SLOT, SLOT_1, PLANE_2 == PLANE_1), 0u, PLANE_2 == PLANE_0);
override WORDS_0: u32 = (COLUMNS * STEP_0) >> 2;
override WORDS_1: u32 = ((COLUMNS >> SUB_X) * STEP_1) >> 2;
override WORDS_2: u32 = ((COLUMNS >> SUB_X) * STEP_2) >> 2;

fn put(slot: u32, offset: u32, step: u32, shift: u32, sample: u32, code: u32) {
    let byte = offset + sample * step;
    let at = slot + (byte >> 2);
    words[at] = with_code(words[at], (byte & 3) * 8, shift, code);
}

fn load(slot: u32, plane: u32, row: u32, cell: u32, count: u32) {
    let at = band.bases[plane] + row * band.strides[plane] + cell * count;
    for (var i = 0u; i < count; i++) {
        words[slot + i] = source[at + i];
    }
}

fn store(slot: u32, plane: u32, row: u32, cell: u32, count: u32) {
    let at = band.bases[plane] + row * band.strides[plane] + cell * count;
    for (var i = 0u; i < count; i++) {
        target_words[at + i] = words[slot + i];
    }
}

// How far a component's matrix is moved, so that not all of them go up together.
fn moved(component: u32, place: vec2<u32>) -> vec2<u32> {
    return place + select(select(vec2(43u, 11u), vec2(21u, 37u), component == 1), vec2(0u), component == 0);
}

// The code that a difference leads to, at a column and row of its plane.
fn finish(component: u32, place: vec2<u32>, code: u32, all: i32) -> u32 {
    var difference = (all * band.mix + 16384) >> 15;
    var steps = difference << 1;
    if DEPTH < 16 {
        let half = (1 << FRACTION) >> 1;
        if band.is_dithered != 0 && FRACTION > 0 {
            let at = moved(component, place) & vec2(EDGE - 1);
            let byte = at.y * EDGE + at.x;
            let word = thresholds[band.thresholds + (byte >> 2)];
            let threshold = i32((((word >> ((byte & 3) * 8)) & 0xff) << FRACTION) >> 8);
            difference = saturate(difference + threshold - half);
        }
        steps = (difference + half) >> FRACTION;
    }
    return u32(clamp(i32(code) + steps, 0, MAX_CODE));
}

@compute @workgroup_size(64)
fn apply(@builtin(global_invocation_id) id: vec3<u32>) {
    let cell = id.x;
    let group = id.y;
    let first = cell * COLUMNS;
    let start = band.columns.x - band.first_column;
    let end = band.columns.y - band.first_column;
    if group >= band.groups || first >= end {
        return;
    }
    // All rows of luma of the group are in the band's memory, but not all need be in the picture.
    for (var r = 0u; r < ROWS; r++) {
        load(r * ROW_SLOT, PLANE_0, row_of(group, r), cell, WORDS_0);
    }
    if SLOT_1 > 0 {
        load(SLOT_1, PLANE_1, group, cell, WORDS_1);
    }
    if SLOT_2 > SLOT_1 {
        load(SLOT_2, PLANE_2, group, cell, WORDS_2);
    }
    let first_row = band.first_group << SUB_Y;
    if SUB_X == 0 {
        let row = band.first_group + group;
        let is_shown = row >= band.rows.x && row < band.rows.y;
        for (var x = 0u; x < COLUMNS; x++) {
            let column = first + x;
            if is_shown && column >= start && column < end {
                let codes = pixel_at(column, group);
                let d = difference(codes);
                let place = vec2(band.first_column + column, row);
                put(0, OFFSET_0, STEP_0, SHIFT_0, x, finish(0, place, codes.x, d.x));
                put(SLOT_1, OFFSET_1, STEP_1, SHIFT_1, x, finish(1, place, codes.y, d.y));
                put(SLOT_2, OFFSET_2, STEP_2, SHIFT_2, x, finish(2, place, codes.z, d.z));
            }
        }
    } else if SUB_X == 1 {
        shared_chroma(group, first, first_row, start, end);
    } else {
        chroma_of_four(group, first, first_row, start, end);
    }
    for (var r = 0u; r < ROWS; r++) {
        store(r * ROW_SLOT, PLANE_0, row_of(group, r), cell, WORDS_0);
    }
    if SLOT_1 > 0 {
        store(SLOT_1, PLANE_1, group, cell, WORDS_1);
    }
    if SLOT_2 > SLOT_1 {
        store(SLOT_2, PLANE_2, group, cell, WORDS_2);
    }
}

// The part of differences that a weight in units of 2^-15 makes, rounded to nearest.
fn weigh(differences: vec2<i32>, weight: i32) -> vec2<i32> {
    return (differences * weight + vec2(16384)) >> vec2(15u);
}

// A cell where two columns, and rows if there are two, share each sample of chroma. Beyond the columns
// that are processed the nearest of them counts.
fn shared_chroma(group: u32, first: u32, first_row: u32, start: u32, end: u32) {
    // Bit r: whether row r of the group is in the picture.
    var shown = 0u;
    for (var r = 0u; r < ROWS; r++) {
        let row = first_row + row_of(group, r);
        if row >= band.rows.x && row < band.rows.y {
            shown |= 1u << r;
        }
    }
    if shown == 0 {
        return;
    }
    let is_second_field = band.is_interlaced != 0 && (group & 1) == 1;
    var row_weights = select(band.row_weights.xy, band.other_row_weights.xy, is_second_field);
    if shown != (1u << ROWS) - 1 || ROWS == 1 {
        row_weights = vec2(4, 4);
    }
    let last = i32(end) - 1;
    var sums: array<vec2<i32>, 4>;
    // What the first column of all has been weighed to.
    var edge: vec2<i32>;
    for (var r = 0u; r < ROWS; r++) {
        if ((shown >> r) & 1) == 0 {
            continue;
        }
        let row = row_of(group, r);
        // From the column before the cell on.
        for (var x = -1; x < i32(COLUMNS); x++) {
            let column = i32(first) + x;
            let is_before = x < 0;
            if select((column | 1) < i32(start) || (column & ~1) > last, column < i32(start), is_before) {
                continue;
            }
            let nearest = u32(clamp(column, i32(start), last));
            let codes = pixel_at(nearest, row);
            let d = difference(codes);
            if !is_before && i32(nearest) == column {
                let place = vec2(band.first_column + nearest, first_row + row);
                put(r * ROW_SLOT, OFFSET_0, STEP_0, SHIFT_0, u32(x), finish(0, place, codes.x, d.x));
            }
            // Products of quarters.
            let weights = (band.column_weights * row_weights[r]) << vec4(11u);
            let sample = x >> 1u;
            if (x & 1) == 0 {
                let part = weigh(d.yz, weights.y);
                sums[sample] += part;
                edge += select(vec2(0), part, column <= i32(start));
            } else {
                if !is_before {
                    sums[sample] += weigh(d.yz, weights.z);
                }
                if x + 1 < i32(COLUMNS) {
                    sums[sample + 1] += weigh(d.yz, weights.x);
                }
            }
        }
    }
    for (var i = 0u; i < COLUMNS / 2; i++) {
        let column = first + 2 * i;
        if column + 1 < start || column >= end {
            continue;
        }
        var average = sums[i];
        if column <= start && band.column_weights.x > 0 {
            // There is no column before. Its weight would be half of the first's.
            average += weigh(edge, 16384);
        }
        // Rounded parts of the largest differences add up to more than those.
        average = clamp(average, vec2(-32768), vec2(32767));
        let codes = pixel_at(clamp(column, start, end - 1), row_of(group, 0));
        let place = vec2((band.first_column + column) >> 1, band.first_group + group);
        put(SLOT_1, OFFSET_1, STEP_1, SHIFT_1, i, finish(1, place, codes.y, average.x));
        put(SLOT_2, OFFSET_2, STEP_2, SHIFT_2, i, finish(2, place, codes.z, average.y));
    }
}
