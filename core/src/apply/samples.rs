//! One component of a row: loaded into codes, and stored back.
//!
//! [`access`] has the kinds of words that samples lie in, and each task here is one loop over any of them. Each kind's
//! loop is a function of its own: where they share one, the compiler merges what looks alike and makes no SIMD code.

mod access;

use self::access::{Access, Task, with_access};
use super::BLOCK;
use super::finish::{Finish, plain_code};
use crate::frame::Component;
use crate::workers::{Level, in_loops};

/// The codes of a component's samples in a row, from number `first` on, as many as `out` holds: `row` is as
/// [`PlanesRef::row`] gives it. A code of less than 8 bits is shifted to the left, so that it is the upper bits of one
/// of 8.
///
/// # Panics
///
/// Panics where the row ends before the last of them.
///
/// [`PlanesRef::row`]: crate::frame::PlanesRef::row
pub fn load(level: Level, row: &[u8], component: &Component, first: usize, out: &mut [u16]) {
    with_access(component, Load { level, row, first, out });
}

struct Load<'a> {
    level: Level,
    row: &'a [u8],
    first: usize,
    out: &'a mut [u16],
}

impl Task for Load<'_> {
    fn run<A: Access>(self, access: A, start: usize) {
        let level = if A::IN_LANES { self.level } else { Level::baseline() };
        in_loops!(level, self.run_here(access, start));
    }
}

impl Load<'_> {
    #[inline(always)]
    fn run_here<A: Access>(self, access: A, start: usize) {
        let Self { row, first, out, .. } = self;
        let row = &row[start..];
        let next = first.next_multiple_of(A::SAMPLES);
        // Samples of a word whose first ones are not wanted.
        let (head, out) = out.split_at_mut(out.len().min(next - first));
        for (sample, out) in (first..).zip(head) {
            *out = access.code(row, sample);
        }
        let words = row[row.len().min(next / A::SAMPLES * A::BYTES)..].chunks_exact(A::BYTES);
        let whole = words.len().min(out.len() / A::SAMPLES) * A::SAMPLES;
        let (out, tail) = out.split_at_mut(whole);
        for (out, bytes) in out.chunks_exact_mut(A::SAMPLES).zip(words) {
            let word = A::read(bytes);
            for (sample, out) in out.iter_mut().enumerate() {
                *out = access.get(word, sample);
            }
        }
        for (sample, out) in (next + whole..).zip(tail) {
            *out = access.code(row, sample);
        }
    }
}

/// Appends the codes of single samples, given by their numbers.
pub(super) fn pick(
    row: &[u8],
    component: &Component,
    samples: impl ExactSizeIterator<Item = usize>,
    out: &mut Vec<f32>,
) {
    with_access(component, Pick { row, samples, out });
}

struct Pick<'a, S> {
    row: &'a [u8],
    samples: S,
    out: &'a mut Vec<f32>,
}

impl<S: ExactSizeIterator<Item = usize>> Task for Pick<'_, S> {
    fn run<A: Access>(self, access: A, start: usize) {
        let row = &self.row[start..];
        self.out.extend(self.samples.map(|sample| f32::from(access.code(row, sample))));
    }
}

/// Writes codes with their differences from sample number `first` on, by a `finish` for the component's depth;
/// leaves the row alone where there is no difference.
pub(super) fn store(
    level: Level,
    row: &mut [u8],
    component: &Component,
    first: usize,
    codes: &[u16],
    differences: &[i16],
    finish: &Finish,
) {
    let mut new = [0; BLOCK];
    if in_loops!(level, new_codes_here(component, codes, differences, finish, &mut new)) {
        with_access(component, Store { level, row, first, codes: &new[..codes.len()] });
    }
}

/// What codes become, if there is a difference.
#[inline(always)]
fn new_codes_here(
    component: &Component,
    codes: &[u16],
    differences: &[i16],
    finish: &Finish,
    new: &mut [u16; BLOCK],
) -> bool {
    if differences.iter().fold(0, |all, difference| all | difference) == 0 {
        return false;
    }
    // A loop for each common case, so that what is the same for every sample is decided once.
    match (finish.is_whole(), component.depth) {
        (true, 8) => new_codes(codes, differences, new, plain_code::<8>),
        (true, 10) => new_codes(codes, differences, new, plain_code::<10>),
        (true, 12) => new_codes(codes, differences, new, plain_code::<12>),
        _ => {
            let lift = component.lift();
            new_codes(codes, differences, new, |code, by| finish.code(code >> lift, by));
        }
    }
    true
}

#[inline(always)]
fn new_codes(
    codes: &[u16],
    differences: &[i16],
    new: &mut [u16; BLOCK],
    finish: impl Fn(u16, i16) -> u16,
) {
    let each = new.iter_mut().zip(codes).zip(differences);
    each.for_each(|((new, code), difference)| *new = finish(*code, *difference));
}

struct Store<'a> {
    level: Level,
    row: &'a mut [u8],
    first: usize,
    codes: &'a [u16],
}

impl Task for Store<'_> {
    fn run<A: Access>(self, access: A, start: usize) {
        let level = if A::IN_LANES { self.level } else { Level::baseline() };
        in_loops!(level, self.run_here(access, start));
    }
}

impl Store<'_> {
    #[inline(always)]
    fn run_here<A: Access>(self, access: A, start: usize) {
        let Self { row, first, codes, .. } = self;
        let row = &mut row[start..];
        let next = first.next_multiple_of(A::SAMPLES);
        let (head, codes) = codes.split_at(codes.len().min(next - first));
        for (sample, code) in (first..).zip(head) {
            access.set_code(row, sample, *code);
        }
        let start = row.len().min(next / A::SAMPLES * A::BYTES);
        let words = row[start..].chunks_exact_mut(A::BYTES);
        let whole = words.len().min(codes.len() / A::SAMPLES) * A::SAMPLES;
        let (codes, tail) = codes.split_at(whole);
        for (bytes, codes) in words.zip(codes.chunks_exact(A::SAMPLES)) {
            let mut word = A::read(bytes);
            for (sample, code) in codes.iter().enumerate() {
                word = access.put(word, sample, *code);
            }
            A::write(word, bytes);
        }
        for (sample, code) in (next + whole..).zip(tail) {
            access.set_code(row, sample, *code);
        }
    }
}

/// Every second difference, from the first or the second on.
pub(super) fn every_second(level: Level, pairs: &[i16], first: usize, out: &mut [i16]) {
    in_loops!(level, {
        let pairs = pairs.as_chunks::<2>().0;
        out.iter_mut().zip(pairs).for_each(|(out, pair)| *out = pair[first]);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workers::simd_levels;

    fn word(bytes: usize, is_big_endian: bool, shifts: &'static [u32], depth: u32) -> Component {
        let [shift, further_shifts @ ..] = shifts else {
            panic!("no sample");
        };
        let byte = Component::byte(0, 0, bytes);
        Component { bytes, shift: *shift, further_shifts, depth, is_big_endian, ..byte }
    }

    /// One of each kind of word.
    fn components() -> Vec<Component> {
        let two = |step, is_big_endian| {
            let depth = 12;
            Component { bytes: 2, shift: 4, depth, is_big_endian, ..Component::byte(0, 0, step) }
        };
        let mut components = vec![
            word(2, false, &[5], 6),
            word(4, false, &[20], 10),
            word(4, true, &[20], 10),
            word(4, true, &[10], 10),
            word(4, true, &[0], 10),
            word(4, false, &[0, 10, 20], 10),
            word(5, true, &[30], 10),
            word(5, true, &[10], 10),
            word(5, true, &[20, 0], 10),
            word(6, false, &[0], 8),
            word(6, false, &[24], 8),
            word(6, false, &[8, 16, 32, 40], 8),
            word(16, false, &[0, 42, 84], 10),
            word(16, false, &[20, 64, 106], 10),
            word(16, false, &[10, 32, 52, 74, 96, 116], 10),
        ];
        components.extend([1, 2, 3, 4].map(|step| Component::byte(0, 0, step)));
        components.extend([2, 4, 8].map(|step| two(step, false)));
        components.extend([2, 4, 8].map(|step| two(step, true)));
        components
    }

    /// The codes of a row, bit by bit.
    fn codes(row: &[u8], component: &Component) -> Vec<u16> {
        let words = row.chunks(component.step);
        let codes = words.flat_map(|bytes| {
            let mut bytes = bytes[component.offset..].to_vec();
            bytes.resize(component.bytes, 0);
            if !component.is_big_endian {
                bytes.reverse();
            }
            let word = bytes.iter().fold(0u128, |word, byte| word << 8 | u128::from(*byte));
            let samples = 0..component.samples_per_word();
            let mask = (1 << component.depth) - 1;
            samples.map(move |sample| (word >> component.shift_of(sample) & mask) as u16)
        });
        codes.collect()
    }

    /// Any part of a row, whatever words it begins and ends in, and no other bit.
    #[test]
    fn parts_of_rows_are_loaded_and_stored() {
        for component in components() {
            let per_word = component.samples_per_word();
            let row: Vec<u8> = (0..component.step * 9).map(|i| (i * 151 + 77) as u8).collect();
            let all = codes(&row, &component);
            let finish = Finish::new(component.depth.max(8), 1.0).at_depth(component.depth);
            let one = 1 << (15 - component.depth);
            for (level, first, end) in simd_levels().into_iter().flat_map(|(_, level)| {
                (0..all.len()).flat_map(move |first| {
                    (first..9 * per_word).map(move |end| (level, first, end + 1))
                })
            }) {
                let mut loaded = vec![0; end - first];
                load(level, &row, &component, first, &mut loaded);
                let lifted: Vec<u16> = all.iter().map(|code| code << component.lift()).collect();
                assert_eq!(loaded, lifted[first..end], "{component:?} from {first}");
                let mut picked = Vec::new();
                pick(&row, &component, first..end, &mut picked);
                assert!(picked.iter().zip(&loaded).all(|(a, b)| *a == f32::from(*b)));
                let mut stored = row.clone();
                store(
                    level,
                    &mut stored,
                    &component,
                    first,
                    &loaded,
                    &vec![one; end - first],
                    &finish,
                );
                let max = (1 << component.depth) - 1;
                for (i, (new, old)) in codes(&stored, &component).iter().zip(&all).enumerate() {
                    let want = if (first..end).contains(&i) { (old + 1).min(max) } else { *old };
                    assert_eq!(*new, want, "{component:?}: {i} of {first} to {end}");
                }
                store(
                    level,
                    &mut stored,
                    &component,
                    first,
                    &loaded,
                    &vec![0; end - first],
                    &finish,
                );
                let back: Vec<i16> = vec![-one; end - first];
                let mut new = vec![0; end - first];
                load(level, &stored, &component, first, &mut new);
                store(level, &mut stored, &component, first, &new, &back, &finish);
                let is_full = |code: &u16| *code == max;
                assert!(all[first..end].iter().any(is_full) || stored == row, "{component:?}");
            }
        }
    }

    /// A row that ends within its last word has what is there of its codes.
    #[test]
    fn words_may_be_cut_off() {
        let component = word(5, true, &[10], 10);
        let row = [0xff; 8];
        let mut loaded = [0; 2];
        let level = crate::workers::simd_level();
        load(level, &row, &component, 0, &mut loaded);
        assert_eq!(loaded, [0x3ff, 0x3c0]);
        let mut stored = row;
        let finish = Finish::new(10, 1.0);
        store(level, &mut stored, &component, 0, &loaded, &[0, i16::MIN], &finish);
        assert_eq!(stored, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xf0]);
    }
}
