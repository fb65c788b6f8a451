// Differences of chroma that four columns share, and one row or four.
//
// Twin of core/src/apply/fours.rs and of FourWeights in siting.rs beside it, to the same bits. A part of apply.wgsl,
// with what that has.

// What one of four columns weighs in its sample of chroma, and in the one after it, in sixteenths.
fn weights_of_four(column: i32) -> vec2<i32> {
    let k = column & 3;
    return select(vec2(4, 0), vec2(4 - k, k), band.column_weights.x > 0);
}

// Beyond the columns and rows that are processed the nearest of them counts.
fn chroma_of_four(group: u32, first: u32, first_row: u32, start: u32, end: u32) {
    // The first of the group's rows that is in the picture, and the one after the last.
    var shown = vec2(ROWS, 0u);
    for (var r = 0u; r < ROWS; r++) {
        let row = first_row + row_of(group, r);
        if row >= band.rows.x && row < band.rows.y {
            shown = vec2(min(shown.x, r), r + 1);
        }
    }
    if shown.y == 0 {
        return;
    }
    let is_second_field = band.is_interlaced != 0 && (group & 1) == 1;
    let weights_of_rows = select(band.row_weights, band.other_row_weights, is_second_field);
    var row_weights: array<i32, 4>;
    for (var r = 0u; r < 4; r++) {
        row_weights[clamp(r, shown.x, shown.y - 1)] += weights_of_rows[r];
    }
    let last = i32(end) - 1;
    var sums: array<vec2<i32>, 4>;
    for (var r = shown.x; r < shown.y; r++) {
        let row = row_of(group, r);
        // From the three columns before the cell on.
        for (var x = -3; x < i32(COLUMNS); x++) {
            let column = i32(first) + x;
            if (column | 3) + 4 < i32(start) || (column & ~3) > last {
                continue;
            }
            let nearest = u32(clamp(column, i32(start), last));
            let codes = pixel_at(nearest, row);
            let d = difference(codes);
            if x >= 0 && i32(nearest) == column {
                let place = vec2(band.first_column + nearest, first_row + row);
                put(r * ROW_SLOT, OFFSET_0, STEP_0, SHIFT_0, u32(x), finish(0, place, codes.x, d.x));
            }
            let weights = weights_of_four(column) * row_weights[r];
            let sample = x >> 2u;
            if sample >= 0 {
                sums[sample] += d.yz * weights.x;
            }
            if sample < 3 {
                sums[sample + 1] += d.yz * weights.y;
            }
        }
    }
    for (var i = 0u; i < COLUMNS / 4; i++) {
        let column = first + 4 * i;
        if column + 3 < start || column >= end {
            continue;
        }
        let average = (sums[i] + vec2(128)) >> vec2(8u);
        let codes = pixel_at(clamp(column, start, end - 1), row_of(group, shown.x));
        let place = vec2((band.first_column + column) >> 2, band.first_group + group);
        put(SLOT_1, OFFSET_1, STEP_1, SHIFT_1, i, finish(1, place, codes.y, average.x));
        put(SLOT_2, OFFSET_2, STEP_2, SHIFT_2, i, finish(2, place, codes.z, average.y));
    }
}
