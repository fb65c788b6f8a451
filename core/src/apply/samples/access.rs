//! The kinds of words that samples lie in.
//!
//! Samples are taken out of whole words and put back into them, which SIMD code can be made of; strided bytes it
//! cannot. What is the same for all words is a constant of each loop.

use std::marker::PhantomData;

use crate::frame::Component;

/// How the samples of a component lie in words, one word after the other.
pub(super) trait Access: Copy {
    /// A word with its bytes in order.
    type Word: Copy;
    /// Bytes of a word, 16 at most.
    const BYTES: usize;
    /// Samples in a word.
    const SAMPLES: usize;
    /// Whether words fit the lanes of registers, so that SIMD code can be made of loops over them.
    const IN_LANES: bool = Self::BYTES <= 4 || Self::BYTES == 8;

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
pub(super) fn with_access(component: &Component, task: impl Task) {
    let start = component.offset / component.step * component.step;
    let within = Within::new(component);
    match (component.step, component.samples_per_word(), component.is_big_endian) {
        (1, 1, _) => task.run(Byte, start),
        (2, 1, false) => task.run(Plain::<2, false, false>(within), start),
        (2, 1, true) => task.run(Plain::<2, true, false>(within), start),
        (3, 1, _) => task.run(Plain::<3, false, false>(within), start),
        (4, 1, false) => task.run(Plain::<4, false, false>(within), start),
        (4, 1, true) => task.run(Plain::<4, true, false>(within), start),
        (8, 1, false) => task.run(Plain::<8, false, true>(within), start),
        (8, 1, true) => task.run(Plain::<8, true, true>(within), start),
        (4, 3, false) => task.run(Group::<u32, 4, 3, false>::new(component), start),
        (5, 1, true) => task.run(Group::<u64, 5, 1, true>::new(component), start),
        (5, 2, true) => task.run(Group::<u64, 5, 2, true>::new(component), start),
        (6, 1, false) => task.run(Group::<u64, 6, 1, false>::new(component), start),
        (6, 4, false) => task.run(Group::<u64, 6, 4, false>::new(component), start),
        (16, 3, false) => task.run(Group::<u128, 16, 3, false>::new(component), start),
        (16, 6, false) => task.run(Group::<u128, 16, 6, false>::new(component), start),
        (bytes, samples, _) => panic!("{samples} samples every {bytes} bytes"),
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

/// One sample of one or two bytes, or a part of a little-endian word of two or four, in each `N` bytes. A sample's
/// bytes are to be swapped or not, and words have 32 bits, which take half the lanes of 64, or are wide.
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
    /// See [`Component::lift`].
    lift: u32,
}

impl Within {
    fn new(component: &Component) -> Self {
        let Component { bytes, shift, depth, .. } = *component;
        let sample = component.offset % component.step;
        // Of a larger big-endian word, the two bytes that the code lies in, which are big-endian, too.
        let (byte, below) = match component.is_big_endian && bytes > 2 {
            true => {
                let byte = bytes - (shift + depth).div_ceil(8) as usize;
                (byte, 8 * (bytes - byte).saturating_sub(2) as u32)
            }
            false => (0, 0),
        };
        Self {
            sample: 8 * (sample + byte) as u32,
            shift: shift - below,
            mask: (1 << depth) - 1,
            lift: component.lift(),
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
        let Within { sample, shift, mask, lift } = self.0;
        if SWAP {
            let sample = ((word >> sample) as u16).swap_bytes();
            return (sample >> shift) & mask as u16;
        }
        if WIDE {
            (word >> (sample + shift) & mask) as u16
        } else {
            ((word as u32 >> (sample + shift) & mask as u32) << lift) as u16
        }
    }

    #[inline(always)]
    fn put(self, word: u64, _: usize, code: u16) -> u64 {
        let Within { sample, shift, mask, .. } = self.0;
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

/// Any number of samples, of any depth, in words of `N` bytes, which are read as the integers `W`.
#[derive(Clone, Copy)]
struct Group<W, const N: usize, const SAMPLES: usize, const BIG_ENDIAN: bool> {
    /// Bits of the word below each code.
    shifts: [u32; SAMPLES],
    mask: u16,
    /// See [`Component::lift`].
    lift: u32,
    word: PhantomData<W>,
}

impl<W, const N: usize, const SAMPLES: usize, const BIG_ENDIAN: bool>
    Group<W, N, SAMPLES, BIG_ENDIAN>
{
    fn new(component: &Component) -> Self {
        Self {
            shifts: std::array::from_fn(|sample| component.shift_of(sample)),
            mask: ((1u32 << component.depth) - 1) as u16,
            lift: component.lift(),
            word: PhantomData,
        }
    }
}

impl<W: Integer, const N: usize, const SAMPLES: usize, const BIG_ENDIAN: bool> Access
    for Group<W, N, SAMPLES, BIG_ENDIAN>
{
    type Word = W;
    const BYTES: usize = N;
    const SAMPLES: usize = SAMPLES;

    #[inline(always)]
    fn read(bytes: &[u8]) -> W {
        W::read::<N, BIG_ENDIAN>(bytes)
    }

    #[inline(always)]
    fn write(word: W, bytes: &mut [u8]) {
        word.write::<N, BIG_ENDIAN>(bytes);
    }

    #[inline(always)]
    fn get(self, word: W, sample: usize) -> u16 {
        (word.above(self.shifts[sample]) & self.mask) << self.lift
    }

    #[inline(always)]
    fn put(self, word: W, sample: usize, code: u16) -> W {
        word.with(self.shifts[sample], self.mask, code)
    }
}

/// An integer that a word is read as: the smallest that holds it, for as many as can be to fit a register.
trait Integer: Copy {
    /// The integer of `N` bytes.
    fn read<const N: usize, const BIG_ENDIAN: bool>(bytes: &[u8]) -> Self;
    /// Writes its `N` bytes.
    fn write<const N: usize, const BIG_ENDIAN: bool>(self, bytes: &mut [u8]);
    /// The 16 bits from a bit on.
    fn above(self, shift: u32) -> u16;
    /// The same with other bits from a bit on, as many as a mask has.
    fn with(self, shift: u32, mask: u16, code: u16) -> Self;
}

/// Implements [`Integer`].
macro_rules! integer {
    ($($integer:ty)*) => {$(
        impl Integer for $integer {
            #[inline(always)]
            fn read<const N: usize, const BIG_ENDIAN: bool>(bytes: &[u8]) -> Self {
                let mut word = [0; size_of::<Self>()];
                if BIG_ENDIAN {
                    word[size_of::<Self>() - N..].copy_from_slice(&bytes[..N]);
                    Self::from_be_bytes(word)
                } else {
                    word[..N].copy_from_slice(&bytes[..N]);
                    Self::from_le_bytes(word)
                }
            }

            #[inline(always)]
            fn write<const N: usize, const BIG_ENDIAN: bool>(self, bytes: &mut [u8]) {
                if BIG_ENDIAN {
                    bytes.copy_from_slice(&self.to_be_bytes()[size_of::<Self>() - N..]);
                } else {
                    bytes.copy_from_slice(&self.to_le_bytes()[..N]);
                }
            }

            #[inline(always)]
            fn above(self, shift: u32) -> u16 {
                (self >> shift) as u16
            }

            #[inline(always)]
            fn with(self, shift: u32, mask: u16, code: u16) -> Self {
                (self & !(Self::from(mask) << shift)) | Self::from(code) << shift
            }
        }
    )*};
}

integer! { u32 u64 u128 }
