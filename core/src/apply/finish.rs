//! From a code and its difference to the new code.

use super::words::Words;
use crate::lut::fraction_bits;

/// How differences end up in a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finish {
    /// Share of the effect in units of 2^-15: 32768 is all of it.
    mix: i32,
    /// Binary digits after the point of a difference.
    fraction: i32,
    /// Largest code.
    max: i32,
}

const MIX_BITS: u32 = 15;

impl Finish {
    /// For codes of `depth` bits and a mix from 0 to 1.
    pub fn new(depth: u32, mix: f64) -> Self {
        Self {
            mix: (mix.clamp(0.0, 1.0) * f64::from(1 << MIX_BITS)).round() as i32,
            fraction: fraction_bits(depth),
            max: (1 << depth) - 1,
        }
    }

    /// Share of the effect in units of 2^-15.
    #[cfg(feature = "shaders")]
    pub(super) fn mix(&self) -> i32 {
        self.mix
    }

    /// The largest code.
    pub(super) fn max_code(&self) -> u16 {
        self.max as u16
    }

    /// The share of a difference that is wanted.
    #[inline(always)]
    pub(super) fn share(&self, difference: i16) -> i16 {
        ((i32::from(difference) * self.mix + (1 << (MIX_BITS - 1))) >> MIX_BITS) as i16
    }

    /// The same for codes of another depth, with differences in the units they had.
    pub(super) fn at_depth(&self, depth: u32) -> Self {
        Self { fraction: fraction_bits(depth), max: (1 << depth) - 1, ..*self }
    }

    /// The same for differences of which all is wanted.
    pub(super) fn of_all(&self) -> Self {
        Self { mix: 1 << MIX_BITS, ..*self }
    }

    /// Binary digits of a difference that do not show in a code, if there are any.
    pub(super) fn fraction_bits(&self) -> Option<u32> {
        u32::try_from(self.fraction).ok().filter(|bits| *bits > 0)
    }

    /// The code that a difference leads to, rounded to nearest.
    #[inline(always)]
    pub(super) fn code(&self, code: u16, difference: i16) -> u16 {
        let difference = i32::from(self.share(difference));
        let steps = match self.fraction {
            0.. => (difference + ((1 << self.fraction) >> 1)) >> self.fraction,
            _ => difference << -self.fraction,
        };
        (i32::from(code) + steps).clamp(0, self.max) as u16
    }

    /// Whether the whole effect is wanted, so that [`plain_code`] may say the same.
    #[inline(always)]
    pub(super) fn is_whole(&self) -> bool {
        self.mix == 1 << MIX_BITS
    }
}

/// [`Finish::code`] for the whole effect on codes of `DEPTH` bits, 12 at most, in 16-bit arithmetic with
/// constants alone.
#[inline(always)]
pub(super) fn plain_code<const DEPTH: u32>(code: u16, difference: i16) -> u16 {
    let fraction = 15 - DEPTH;
    let steps = difference.saturating_add(1 << (fraction - 1)) >> fraction;
    (code as i16 + steps).clamp(0, (1 << DEPTH) - 1) as u16
}

/// [`Finish`] for codes of up to 12 bits, in registers.
#[derive(Clone, Copy)]
pub(super) struct FinishWords<W: Words> {
    /// Share of the effect, if not all, in units of 2^-15.
    mix: Option<W::Vector>,
    /// From the entries' units to codes.
    to_codes: W::Vector,
}

impl<W: Words> FinishWords<W> {
    #[inline(always)]
    pub(super) fn new(words: W, finish: &Finish) -> Self {
        Self {
            mix: (!finish.is_whole()).then(|| words.splat(finish.mix as u16)),
            // mul_round takes 15 binary digits away.
            to_codes: words.splat(1 << (MIX_BITS as i32 - finish.fraction)),
        }
    }

    /// New codes, which may be out of range.
    #[inline(always)]
    pub(super) fn codes(&self, words: W, codes: W::Vector, differences: W::Vector) -> W::Vector {
        let differences = match self.mix {
            Some(mix) => words.mul_round(differences, mix),
            None => differences,
        };
        words.add(codes, words.mul_round(differences, self.to_codes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_rounded_to_nearest_and_limited() {
        let whole = Finish::new(8, 1.0);
        // Units of 1/128 code.
        for (difference, want) in
            [(0, 100), (63, 100), (64, 101), (-64, 100), (-65, 99), (-32768, 0), (32767, 255)]
        {
            assert_eq!(whole.code(100, difference), want, "{difference}");
        }
        assert!(whole.is_whole() && !Finish::new(8, 0.5).is_whole());
        type Plain = fn(u16, i16) -> u16;
        let plain: [(u32, Plain); 3] =
            [(8, plain_code::<8>), (10, plain_code::<10>), (12, plain_code::<12>)];
        for (depth, plain) in plain {
            let (finish, max) = (Finish::new(depth, 1.0), (1 << depth) - 1);
            for difference in i16::MIN..=i16::MAX {
                for code in [0, 1, 100, max - 1, max] {
                    assert_eq!(plain(code, difference), finish.code(code, difference));
                }
            }
        }
        let half = Finish::new(8, 0.5);
        assert_eq!(half.code(100, 1280), 105);
        assert_eq!(Finish::new(8, 0.0).code(100, 32767), 100);
        assert_eq!(Finish::new(16, 1.0).code(100, 3), 106);
        assert_eq!(Finish::new(10, 1.0).code(1000, 16), 1001);
    }
}
