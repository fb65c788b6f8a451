//! The kinds of words that samples lie in.
//!
//! Samples are taken out of whole words and put back into them, which SIMD code can be made of; strided bytes it
//! cannot. What is the same for all words is a constant of each loop.

use crate::frame::Component;

/// How the samples of a component lie in words, one word after the other.
pub(super) trait Access: Copy {
    /// A word with its bytes in order.
    type Word: Copy;
    /// Bytes of a word, 16 at most.
    const BYTES: usize;
    /// Samples in a word.
    const SAMPLES: usize;

    /// The word of so many bytes.
    fn read(bytes: &[u8]) -> Self::Word;
    /// The bytes of a word.
    fn write(word: Self::Word, bytes: &mut [u8]);
    /// The code of a sample of a word, lifted to 8 bits if it has fewer.
    fn get(self, word: Self::Word, sample: usize) -> u16;
    /// The word with another code, which is not lifted.
    fn put(self, word: Self::Word, sample: usize, code: u16) -> Self::Word;

    /// The code of a sample of a row, which may end in the middle of its last word.
    #[inline(always)]
    fn code(self, row: &[u8], sample: usize) -> u16 {
        let (mut bytes, at) = ([0; 16], sample / Self::SAMPLES * Self::BYTES);
        let there = &row[at..row.len().min(at + Self::BYTES)];
        bytes[..there.len()].copy_from_slice(there);
        self.get(Self::read(&bytes[..Self::BYTES]), sample % Self::SAMPLES)
    }

    /// Gives a sample of such a row another code.
    #[inline(always)]
    fn set_code(self, row: &mut [u8], sample: usize, code: u16) {
        let (mut bytes, at) = ([0; 16], sample / Self::SAMPLES * Self::BYTES);
        let end = row.len().min(at + Self::BYTES);
        let there = &mut row[at..end];
        bytes[..there.len()].copy_from_slice(there);
        let word = self.put(Self::read(&bytes[..Self::BYTES]), sample % Self::SAMPLES, code);
        Self::write(word, &mut bytes[..Self::BYTES]);
        there.copy_from_slice(&bytes[..there.len()]);
    }
}

/// What is done with the words of a component.
pub(super) trait Task {
    /// Does it, where the first word begins at a byte of the row.
    fn run<A: Access>(self, access: A, start: usize);
}

/// Does a task with a component's kind of words. All kinds are told apart here and nowhere else.
#[inline(always)]
pub(super) fn with_access(component: &Component, task: impl Task) {
    let start = component.offset / component.step * component.step;
    if !component.is_plain() {
        match (component.step, component.samples_per_word(), component.is_big_endian) {
            (2, 1, false) => task.run(Group::<2, 1, false>::new(component), start),
            (4, 3, false) => task.run(Group::<4, 3, false>::new(component), start),
            (4, 1, true) => task.run(Group::<4, 1, true>::new(component), start),
            (5, 1, true) => task.run(Group::<5, 1, true>::new(component), start),
            (5, 2, true) => task.run(Group::<5, 2, true>::new(component), start),
            (6, 1, false) => task.run(Group::<6, 1, false>::new(component), start),
            (6, 4, false) => task.run(Group::<6, 4, false>::new(component), start),
            (16, 3, false) => task.run(Group::<16, 3, false>::new(component), start),
            (16, 6, false) => task.run(Group::<16, 6, false>::new(component), start),
            (bytes, samples, _) => panic!("{samples} samples in {bytes} bytes"),
        }
        return;
    }
    let within = Within::new(component);
    match (component.step, component.is_big_endian) {
        (1, _) => task.run(Byte, start),
        (2, false) => task.run(Plain::<2, false, false>(within), start),
        (2, true) => task.run(Plain::<2, true, false>(within), start),
        (3, _) => task.run(Plain::<3, false, false>(within), start),
        (4, false) => task.run(Plain::<4, false, false>(within), start),
        (4, true) => task.run(Plain::<4, true, false>(within), start),
        (8, false) => task.run(Plain::<8, false, true>(within), start),
        (8, true) => task.run(Plain::<8, true, true>(within), start),
        (step, _) => panic!("samples {step} bytes apart"),
    }
}

/// Samples that are bytes, one after the other.
#[derive(Clone, Copy)]
struct Byte;

impl Access for Byte {
    type Word = u8;
    const BYTES: usize = 1;
    const SAMPLES: usize = 1;

    #[inline(always)]
    fn read(bytes: &[u8]) -> u8 {
        bytes[0]
    }

    #[inline(always)]
    fn write(word: u8, bytes: &mut [u8]) {
        bytes[0] = word;
    }

    #[inline(always)]
    fn get(self, word: u8, _: usize) -> u16 {
        u16::from(word)
    }

    #[inline(always)]
    fn put(self, _: u8, _: usize, code: u16) -> u8 {
        code as u8
    }
}

/// One sample of one or two bytes, or a part of a little-endian word of four, in each `N` bytes. A sample's bytes
/// are to be swapped or not, and words have 32 bits, which take half the lanes of 64, or are wide.
#[derive(Clone, Copy)]
struct Plain<const N: usize, const SWAP: bool, const WIDE: bool>(Within);

/// Where a code lies in a word, counted from the word's least significant bit when it is read as little-endian.
#[derive(Clone, Copy)]
struct Within {
    /// Bits below the sample.
    sample: u32,
    /// Bits of the sample below the code.
    shift: u32,
    /// The code's bits, at the sample's least significant end.
    mask: u64,
}

impl Within {
    fn new(component: &Component) -> Self {
        Self {
            sample: 8 * (component.offset % component.step) as u32,
            shift: component.shift,
            mask: (1 << component.depth) - 1,
        }
    }
}

impl<const N: usize, const SWAP: bool, const WIDE: bool> Access for Plain<N, SWAP, WIDE> {
    type Word = u64;
    const BYTES: usize = N;
    const SAMPLES: usize = 1;

    #[inline(always)]
    fn read(bytes: &[u8]) -> u64 {
        if WIDE {
            let mut word = [0; 8];
            word[..N].copy_from_slice(&bytes[..N]);
            u64::from_le_bytes(word)
        } else {
            let mut word = [0; 4];
            word[..N].copy_from_slice(&bytes[..N]);
            u64::from(u32::from_le_bytes(word))
        }
    }

    #[inline(always)]
    fn write(word: u64, bytes: &mut [u8]) {
        bytes.copy_from_slice(&word.to_le_bytes()[..N]);
    }

    #[inline(always)]
    fn get(self, word: u64, _: usize) -> u16 {
        let Within { sample, shift, mask } = self.0;
        if SWAP {
            let sample = ((word >> sample) as u16).swap_bytes();
            return (sample >> shift) & mask as u16;
        }
        if WIDE {
            (word >> (sample + shift) & mask) as u16
        } else {
            (word as u32 >> (sample + shift) & mask as u32) as u16
        }
    }

    #[inline(always)]
    fn put(self, word: u64, _: usize, code: u16) -> u64 {
        let Within { sample, shift, mask } = self.0;
        if SWAP {
            let mask = (mask as u16) << shift;
            let swapped = |value: u16| u64::from(value.swap_bytes()) << sample;
            return (word & !swapped(mask)) | swapped(code << shift);
        }
        let at = sample + shift;
        if WIDE {
            (word & !(mask << at)) | u64::from(code) << at
        } else {
            let word = (word as u32 & !((mask as u32) << at)) | u32::from(code) << at;
            u64::from(word)
        }
    }
}

/// Any number of samples, of any depth, in a word of `N` bytes.
#[derive(Clone, Copy)]
struct Group<const N: usize, const SAMPLES: usize, const BIG_ENDIAN: bool> {
    /// Bits of the word below each code.
    shifts: [u32; SAMPLES],
    mask: u16,
    /// See [`Component::lift`].
    lift: u32,
}

impl<const N: usize, const SAMPLES: usize, const BIG_ENDIAN: bool> Group<N, SAMPLES, BIG_ENDIAN> {
    fn new(component: &Component) -> Self {
        Self {
            shifts: std::array::from_fn(|sample| component.shift_of(sample)),
            mask: ((1u32 << component.depth) - 1) as u16,
            lift: component.lift(),
        }
    }
}

impl<const N: usize, const SAMPLES: usize, const BIG_ENDIAN: bool> Access
    for Group<N, SAMPLES, BIG_ENDIAN>
{
    type Word = u128;
    const BYTES: usize = N;
    const SAMPLES: usize = SAMPLES;

    #[inline(always)]
    fn read(bytes: &[u8]) -> u128 {
        let mut word = [0; 16];
        if BIG_ENDIAN {
            word[16 - N..].copy_from_slice(&bytes[..N]);
            u128::from_be_bytes(word)
        } else {
            word[..N].copy_from_slice(&bytes[..N]);
            u128::from_le_bytes(word)
        }
    }

    #[inline(always)]
    fn write(word: u128, bytes: &mut [u8]) {
        if BIG_ENDIAN {
            bytes.copy_from_slice(&word.to_be_bytes()[16 - N..]);
        } else {
            bytes.copy_from_slice(&word.to_le_bytes()[..N]);
        }
    }

    #[inline(always)]
    fn get(self, word: u128, sample: usize) -> u16 {
        ((word >> self.shifts[sample]) as u16 & self.mask) << self.lift
    }

    #[inline(always)]
    fn put(self, word: u128, sample: usize, code: u16) -> u128 {
        let at = self.shifts[sample];
        (word & !(u128::from(self.mask) << at)) | u128::from(code) << at
    }
}
