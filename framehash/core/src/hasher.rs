//! Pictures' hashes, of any kinds together.

use crate::dct::{self, Dct, Line};
use crate::haar;
use crate::kind::{Kind, Kinds};
use crate::level::Level;
use crate::pdq::{Pdq, Transform};
use crate::picture::{Picture, Plane};
use crate::resize::{Compat, Resize};
use crate::thumbnail::Thumbnail;
use crate::turn::Turn;

/// The hashes of a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hashes {
    kinds: Kinds,
    words: [u64; 5],
    pdq: (Pdq, u8),
}

impl Hashes {
    /// A hash of 64 bits, the first bit the most significant. Nothing for PDQ, and for what has not been asked for.
    pub fn get(&self, kind: Kind) -> Option<u64> {
        let word = self.words.get(kind as usize)?;
        self.kinds.contains(kind).then_some(*word)
    }

    /// PDQ, and its quality from 0 to 100: below 50 a picture has too little in it to be told from others.
    pub fn pdq(&self) -> Option<(Pdq, u8)> {
        self.kinds.contains(Kind::Pdq).then_some(self.pdq)
    }

    /// A hash in hexadecimal digits, as ImageHash and PDQ's programs write it.
    pub fn text(&self, kind: Kind) -> Option<String> {
        match kind {
            Kind::Pdq => self.pdq().map(|(pdq, _)| pdq.to_string()),
            kind => self.get(kind).map(|word| format!("{word:016x}")),
        }
    }
}

/// What hashes pictures one after the other. Nothing is allocated while their size and the kinds stay the same.
#[derive(Clone, Debug)]
pub struct Hasher {
    compat: Compat,
    level: Level,
    dct: Dct,
    transform: Transform,
    /// The size that all below is for.
    size: [usize; 2],
    resizes: Vec<Resize>,
    /// All rows of luma, and of PDQ's.
    luma: Vec<u8>,
    pdq_luma: [Vec<f32>; 2],
}

impl Hasher {
    /// With the instructions of this CPU.
    pub fn new(compat: Compat) -> Self {
        Self::with_level(compat, Level::new())
    }

    /// With those of a level. All give the same bits.
    pub fn with_level(compat: Compat, level: Level) -> Self {
        Self {
            compat,
            level,
            dct: Dct::new(),
            transform: Transform::new(),
            size: [0; 2],
            resizes: Vec::new(),
            luma: Vec::new(),
            pdq_luma: [Vec::new(), Vec::new()],
        }
    }

    /// The hashes of a picture.
    pub fn hash(&mut self, picture: &impl Picture, kinds: Kinds) -> Hashes {
        self.work(picture, kinds, false).0
    }

    /// The same, and the picture in small.
    pub fn hash_with_thumbnail(
        &mut self,
        picture: &impl Picture,
        kinds: Kinds,
    ) -> (Hashes, Thumbnail) {
        let (hashes, thumbnail) = self.work(picture, kinds, true);
        (hashes, thumbnail.unwrap_or_default())
    }

    fn work(
        &mut self,
        picture: &impl Picture,
        kinds: Kinds,
        wants_thumbnail: bool,
    ) -> (Hashes, Option<Thumbnail>) {
        let size = picture.size();
        if size != self.size {
            self.size = size;
            self.resizes.clear();
        }
        let mut hashes = Hashes { kinds, ..Hashes::default() };
        let mut thumbnail = None;
        if wants_thumbnail || kinds.iter().any(|kind| kind != Kind::Pdq) {
            let mut luma = std::mem::take(&mut self.luma);
            let all = all_rows(picture, &mut luma);
            if wants_thumbnail || kinds.contains(Kind::Phash) {
                thumbnail = Some(Thumbnail::of(self.resized(all, [Thumbnail::SIDE; 2])));
            }
            for kind in kinds.iter().filter(|kind| *kind != Kind::Pdq) {
                let bits = match (kind, &thumbnail) {
                    (Kind::Phash, Some(thumbnail)) => phash(&self.dct, thumbnail.samples()),
                    (Kind::Whash, _) => {
                        let side = 1 << size[0].min(size[1]).max(8).ilog2();
                        haar::bits(self.resized(all, [side; 2]), side)
                    }
                    (Kind::Vdhash, _) => vdhash(self.resized(all, [8, 9])),
                    (Kind::Ahash, _) => ahash(self.resized(all, [8, 8])),
                    _ => dhash(self.resized(all, [9, 8])),
                };
                hashes.words[kind as usize] = word(&bits);
            }
            self.luma = luma;
        }
        if kinds.contains(Kind::Pdq) {
            let ([pdq], quality) = self.pdq(picture, [Turn::None]);
            hashes.pdq = (pdq, quality);
        }
        (hashes, thumbnail)
    }

    /// A picture in another size.
    fn resized(&mut self, luma: &[u8], to: [usize; 2]) -> &[u8] {
        let known = self.resizes.iter().position(|resize| resize.size() == to);
        let index = known.unwrap_or_else(|| {
            self.resizes.push(Resize::new(self.compat, self.size, to));
            self.resizes.len() - 1
        });
        self.resizes[index].apply(self.level, luma)
    }

    /// The hashes of a picture, and of all that it becomes when it is turned or mirrored, as [`Turn::ALL`] has them.
    ///
    /// Those of 64 bits are of the turned picture itself; PDQ's are made of one transform, as its programs do it, and
    /// differ in a few bits from those of a picture that is turned.
    pub fn variants(&mut self, picture: &impl Picture, kinds: Kinds) -> [Hashes; 8] {
        let short: Kinds = kinds.iter().filter(|kind| *kind != Kind::Pdq).collect();
        let mut luma = Vec::new();
        let samples = all_rows(picture, &mut luma);
        let mut all = Turn::ALL.map(|turn| {
            let (turned, size) = turn.apply(samples, picture.size());
            let plane = Plane::new(&turned, size, size[0]);
            plane.map(|plane| self.hash(&plane, short)).unwrap_or_default()
        });
        if kinds.contains(Kind::Pdq) {
            self.size = picture.size();
            self.resizes.clear();
            let (turned, quality) = self.pdq(picture, Turn::ALL);
            all.iter_mut().zip(turned).for_each(|(hashes, pdq)| hashes.pdq = (pdq, quality));
        }
        all.map(|hashes| Hashes { kinds, ..hashes })
    }

    fn pdq<const N: usize>(&mut self, picture: &impl Picture, turns: [Turn; N]) -> ([Pdq; N], u8) {
        let size = self.size;
        let [luma, other] = &mut self.pdq_luma;
        for plane in [&mut *luma, &mut *other] {
            plane.resize(size[0] * size[1], 0.0);
        }
        for (y, row) in luma.chunks_exact_mut(size[0]).enumerate() {
            picture.row_of_pdq(y, row);
        }
        self.transform.hash(self.level, luma, size, other, turns)
    }
}

/// All rows of a picture, one after the other: its own, or read into a list.
fn all_rows<'a>(picture: &'a impl Picture, luma: &'a mut Vec<u8>) -> &'a [u8] {
    if let Some(samples) = picture.samples() {
        return samples;
    }
    let [width, height] = picture.size();
    luma.resize(width * height, 0);
    for (y, row) in luma.chunks_exact_mut(width).enumerate() {
        picture.row(y, row);
    }
    luma
}

/// The first bit is the most significant.
fn word(bits: &[bool; 64]) -> u64 {
    bits.iter().fold(0, |word, bit| word << 1 | u64::from(*bit))
}

/// Whether samples of 9 x 8 are brighter than those to their left.
fn dhash(samples: &[u8]) -> [bool; 64] {
    std::array::from_fn(|i| {
        let at = i / 8 * 9 + i % 8;
        samples[at + 1] > samples[at]
    })
}

/// Whether samples of 8 x 9 are brighter than those above them.
fn vdhash(samples: &[u8]) -> [bool; 64] {
    std::array::from_fn(|i| samples[i + 8] > samples[i])
}

/// Whether samples of 8 x 8 are brighter than their mean.
fn ahash(samples: &[u8]) -> [bool; 64] {
    let sum: u32 = samples.iter().map(|sample| u32::from(*sample)).sum();
    std::array::from_fn(|i| 64 * u32::from(samples[i]) > sum)
}

/// Whether the 8 x 8 lowest of 32 x 32 coefficients are above their median.
fn phash(dct: &Dct, samples: &[u8]) -> [bool; 64] {
    const SIDE: usize = dct::LENGTH;
    // Columns first: of each the eight lowest coefficients, as rows.
    let mut rows = [[0.0; SIDE]; 8];
    for x in 0..SIDE {
        let mut line: Line = std::array::from_fn(|y| f64::from(samples[y * SIDE + x]));
        dct.transform(&mut line);
        rows.iter_mut().zip(&line).for_each(|(row, coefficient)| row[x] = *coefficient);
    }
    rows.iter_mut().for_each(|row| dct.transform(row));
    let lowest: [f64; 64] = std::array::from_fn(|i| rows[i / 8][i % 8]);
    let middle = haar::median(&lowest);
    lowest.map(|coefficient| coefficient > middle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Plane;

    #[test]
    fn what_was_not_asked_for_is_not_there() {
        let samples = [7; 100];
        let picture = Plane::new(&samples, [10, 10], 10).unwrap();
        let hashes = Hasher::new(Compat::default()).hash(&picture, Kind::Ahash.into());
        assert_eq!(hashes.get(Kind::Ahash), Some(0));
        assert_eq!(hashes.get(Kind::Dhash), None);
        assert_eq!((hashes.pdq(), hashes.get(Kind::Pdq)), (None, None));
        assert_eq!(hashes.text(Kind::Ahash).as_deref(), Some("0000000000000000"));
        assert_eq!(hashes.text(Kind::Pdq), None);
    }
}
