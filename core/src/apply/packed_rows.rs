//! Rows of packed formats, whole and in place, beside blocks of their samples: every SIMD level must give the bits that
//! the gold gives.

use std::sync::Arc;

use super::{Dither, Evaluator, Finish, Job, Reads};
use crate::color::codes::{CodeSpace, Range};
use crate::frame::{Area, Component, Layout, Planes};
use crate::lut::{Interpolation, lonely_lattice, noise_lattice};
use crate::workers::{Level, Team, simd_levels};

/// Packed rows of three-byte pixels and of 4:2:2.
fn packed_rows() -> Vec<(&'static str, Layout)> {
    let word = |shifts: &'static [u32]| {
        let (bytes, depth) = (16, 10);
        let word = Component { bytes, depth, ..Component::byte(0, 0, bytes) };
        Component { shift: shifts[0], further_shifts: &shifts[1..], ..word }
    };
    let of_422 = |components| Layout { components, sub_x: 1, ..Layout::packed([0, 1, 2], 3) };
    let bytes = |[luma, cb, cr]: [usize; 3]| {
        [Component::byte(0, luma, 2), Component::byte(0, cb, 4), Component::byte(0, cr, 4)]
    };
    let v210 = [&[10, 32, 52, 74, 96, 116][..], &[0, 42, 84], &[20, 64, 106]].map(word);
    let mut rows = vec![
        ("RGB", Layout::packed([0, 1, 2], 3)),
        ("BGR", Layout::packed([2, 1, 0], 3)),
        ("UYVY", of_422(bytes([1, 0, 2]))),
        ("YVYU", of_422(bytes([0, 3, 1]))),
        ("v210", of_422(v210)),
    ];
    let sited = |(name, layout): &(_, Layout)| (*name, Layout { is_cosited_x: true, ..*layout });
    rows.extend(rows[2..].iter().map(sited).collect::<Vec<_>>());
    rows
}

#[test]
fn packed_rows_have_the_bits_of_blocks_whatever_their_width() {
    for (name, layout) in packed_rows() {
        let depth = layout.components[0].depth;
        let (codes, interpolation) = match layout.sub_x {
            0 => (CodeSpace::full_rgb(8), Interpolation::Tetrahedral),
            _ => {
                let [half, max] = [1u32 << (depth - 1), (1 << depth) - 1].map(f64::from);
                let range = Range { offset: [0.0, half, half], scale: [max; 3] };
                (CodeSpace::ycbcr(depth, range, 0.2126, 0.0722), Interpolation::Prism)
            }
        };
        let lattices = [noise_lattice(&codes, 17), lonely_lattice(&codes, 17, [8, 8, 8])];
        for (lattice, flat) in lattices.into_iter().flat_map(|l| [(l.clone(), false), (l, true)]) {
            let evaluator = Evaluator::Lattice(Arc::new(lattice), interpolation);
            let mut changed = 0;
            for (width, start) in WIDTHS {
                changed += check_packed_rows(name, &layout, &evaluator, [width, start], flat);
            }
            assert!(flat || changed > 3, "{name}: {changed} pictures were changed");
        }
    }
}

/// Widths, and columns that are left out at the start: on both sides of registers, words and parts, and of no whole
/// word.
const WIDTHS: [(usize, usize); 12] = [
    (1, 0),
    (5, 0),
    (6, 0),
    (7, 2),
    (96, 0),
    (97, 6),
    (257, 0),
    (480, 0),
    (487, 0),
    (961, 12),
    (999, 3),
    (1030, 4),
];

/// Gives 1 if the picture is changed.
fn check_packed_rows(
    name: &str,
    layout: &Layout,
    evaluator: &Evaluator,
    [width, start]: [usize; 2],
    flat: bool,
) -> usize {
    let size = [width, 3];
    let stride = layout.row_bytes(0, width).next_multiple_of(16) + 16;
    let mut state = width as u32;
    // Colours that are alike for a while, beside noise.
    let from: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
    .map(|byte| if flat { 0x78 | byte >> 6 } else { byte })
    .take(stride * size[1])
    .collect();
    let depth = layout.components[0].depth;
    let area =
        Area { columns: [start.min(width - 1), width], rows: [0, 3], processed_until: width };
    let apply = |level, reads| {
        let mut bytes = from.clone();
        let finish = Finish::new(depth, 0.8);
        let job = Job {
            layout,
            area: &area,
            width: 64,
            evaluator,
            reads,
            finish: &finish,
            dither: Dither::None,
        };
        let mut planes = Planes::in_memory(layout, size, &mut bytes, &[[0, stride]]).unwrap();
        planes.for_each_band([0, 3], 1, Team::alone(), |band| job.apply(level, band));
        bytes
    };
    let want = apply(Level::baseline(), Reads::Loads);
    for (level_name, level) in simd_levels() {
        for reads in Reads::ALL {
            let got = apply(level, reads);
            let first = got.iter().zip(&want).position(|(got, want)| got != want);
            assert!(first.is_none(), "{name}, {width} from {start}, {level_name}: byte {first:?}");
        }
    }
    usize::from(want != from)
}
