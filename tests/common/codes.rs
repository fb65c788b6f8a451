//! Codes of a frame, read bit by bit as a layout has them.

use colorshine_core::frame::{Component, Layout};
use gst_video::VideoInfo;

/// The code of a sample of a row, which begins with the row's first byte.
pub fn code(row: &[u8], component: &Component, sample: usize) -> u32 {
    let (word, sample) =
        (sample / component.samples_per_word(), sample % component.samples_per_word());
    let start = component.offset + word * component.step;
    let bytes = &row[start..start + component.bytes];
    let append = |word: u128, byte: &u8| word << 8 | u128::from(*byte);
    let word = match component.is_big_endian {
        true => bytes.iter().fold(0, append),
        false => bytes.iter().rev().fold(0, append),
    };
    (word >> component.shift_of(sample)) as u32 & ((1 << component.depth) - 1)
}

/// The three codes of a pixel, with the chroma that it is stored with, in memory as `info` has it.
pub fn pixel(info: &VideoInfo, layout: &Layout, data: &[u8], x: usize, y: usize) -> [u32; 3] {
    [0, 1, 2].map(|index| {
        let component = &layout.components[index];
        let (column, row) = match index {
            0 => (x, y),
            _ => (x >> layout.sub_x, layout.group_of(y)),
        };
        let stride = info.stride()[component.plane] as usize;
        code(&data[info.offset()[component.plane] + row * stride..], component, column)
    })
}
