// Frames of any layout: codes out of words.
//
// Twin of core/src/frame/layout.rs and of what loads in core/src/apply/samples.rs. Columns and rows "of the band" are
// counted from its memory's first; those of the frame from the frame's own.

// Where the components lie; see Component and Layout in core/src/frame/layout.rs.
override PLANE_0: u32 = 0;
override PLANE_1: u32 = 0;
override PLANE_2: u32 = 0;
override OFFSET_0: u32 = 0;
override OFFSET_1: u32 = 1;
override OFFSET_2: u32 = 2;
override STEP_0: u32 = 4;
override STEP_1: u32 = 4;
override STEP_2: u32 = 4;
override SHIFT_0: u32 = 0;
override SHIFT_1: u32 = 0;
override SHIFT_2: u32 = 0;
override DEPTH: u32 = 8;
override IS_BIG_ENDIAN: bool = false;
// Where a word holds all components, and has its high byte first.
override HAS_BIG_ENDIAN_WORDS: bool = false;
// log2 of the luma columns, and rows, for each sample of chroma.
override SUB_X: u32 = 0;
override SUB_Y: u32 = 0;

override MAX_CODE: i32 = (1 << DEPTH) - 1;

// Part of a frame: the rows of some groups, in words, and what is to be done to them. Columns, rows and
// groups are counted from the frame's own first.
struct Band {
    // Word of each plane's first row, and words from a row to the next.
    bases: vec4<u32>,
    strides: vec4<u32>,
    // Where what is to be processed begins and ends: columns, then rows.
    columns: vec2<u32>,
    rows: vec2<u32>,
    first_column: u32,
    first_group: u32,
    groups: u32,
    is_interlaced: u32,
    // What counts in chroma, see core/src/apply/siting.rs: the column before and the two; the rows of a group,
    // and of one of the second field.
    column_weights: vec4<i32>,
    row_weights: vec4<i32>,
    other_row_weights: vec4<i32>,
    // Share of the effect in units of 2^-15.
    mix: i32,
    // First of the thresholds, if there are any.
    thresholds: u32,
    is_dithered: u32,
    // Of the lattice: nodes per axis, and 0 tetrahedral, 1 trilinear, 2 nearest, 3 prism, 4 prism along the second
    // axis.
    size: u32,
    interpolation: u32,
    // The group of an interlaced frame that covers successive rows, see core/src/frame/layout.rs; beyond the
    // frame where none does.
    unpaired_group: u32,
    // Of each axis, see Axis in core/src/lut/lattice.rs.
    multiplier: u32,
}

@group(0) @binding(0) var<uniform> band: Band;
@group(0) @binding(1) var<storage, read> source: array<u32>;
// A word with its bytes in the other order, if that is the frame's.
fn ordered(word: u32) -> u32 {
    let swapped = ((word & 0xff00ffu) << 8u) | ((word >> 8u) & 0xff00ffu);
    return select(word, (swapped << 16u) | (swapped >> 16u), HAS_BIG_ENDIAN_WORDS);
}

// A sample's code, by the bit its first byte begins at in a word.
fn code_in(word: u32, bit: u32, shift: u32) -> u32 {
    let sample = ordered(word) >> bit;
    if IS_BIG_ENDIAN {
        let swapped = ((sample & 0xffu) << 8u) | ((sample >> 8u) & 0xffu);
        return (swapped >> shift) & u32(MAX_CODE);
    }
    return (sample >> shift) & u32(MAX_CODE);
}

// The row of luma of the band that is a group's first, second and so on.
fn row_of(group: u32, index: u32) -> u32 {
    if SUB_Y == 0 {
        return group;
    }
    if band.is_interlaced != 0 && band.first_group + group != band.unpaired_group {
        return ((group & ~1u) << SUB_Y) + (group & 1) + index * 2;
    }
    return (group << SUB_Y) + index;
}

// A code of a plane's row, where that does not belong to the cell at hand. Columns are the band's own.
fn code_at(plane: u32, offset: u32, step: u32, shift: u32, row: u32, sample: u32) -> u32 {
    let byte = offset + sample * step;
    let word = source[band.bases[plane] + row * band.strides[plane] + (byte >> 2)];
    return code_in(word, (byte & 3) * 8, shift);
}

// The group that a row of luma belongs to; both are the band's.
fn group_of(row: u32) -> u32 {
    if SUB_Y == 0 {
        return row;
    }
    if band.is_interlaced != 0 {
        return min(((row >> SUB_Y) & ~1u) | (row & 1), band.unpaired_group - band.first_group);
    }
    return row >> SUB_Y;
}

// The codes of a pixel, with the chroma that it is stored with, by its column and row of the band.
fn pixel_at(column: u32, row: u32) -> vec3<u32> {
    let group = group_of(row);
    return vec3(
        code_at(PLANE_0, OFFSET_0, STEP_0, SHIFT_0, row, column),
        code_at(PLANE_1, OFFSET_1, STEP_1, SHIFT_1, group, column >> SUB_X),
        code_at(PLANE_2, OFFSET_2, STEP_2, SHIFT_2, group, column >> SUB_X),
    );
}

// First row of luma of the band that is picture, and the one after the last.
fn picture_rows() -> vec2<u32> {
    let first = band.first_group << SUB_Y;
    return clamp(band.rows, vec2(first), vec2(first + (band.groups << SUB_Y))) - vec2(first);
}

// Columns and rows of the band that are picture.
fn picture() -> vec2<u32> {
    let rows = picture_rows();
    return vec2(band.columns.y - band.columns.x, rows.y - rows.x);
}

// The codes of a pixel by its column and row among those.
fn pixel(column: u32, row: u32) -> vec3<u32> {
    return pixel_at(column + band.columns.x - band.first_column, row + picture_rows().x);
}
