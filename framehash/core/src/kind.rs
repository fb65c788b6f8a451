//! The kinds of hashes.

use std::fmt;
use std::str::FromStr;

/// A perceptual hash. All but the last have 64 bits, and are those of ImageHash 4.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Whether samples are brighter than those to their left, of 9 x 8.
    Dhash,
    /// Whether samples are brighter than their mean, of 8 x 8.
    Ahash,
    /// Whether the lowest frequencies of a cosine transform are above their median, of 32 x 32.
    Phash,
    /// Whether the lowest frequencies of a Haar transform are above their median.
    Whash,
    /// Whether samples are brighter than those above them, of 8 x 9.
    Vdhash,
    /// Facebook's PDQ, of 256 bits, with a quality.
    Pdq,
}

impl Kind {
    /// All kinds, in the order in which they are listed.
    pub const ALL: [Self; 6] =
        [Self::Dhash, Self::Ahash, Self::Phash, Self::Whash, Self::Vdhash, Self::Pdq];

    /// Its name, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dhash => "dhash",
            Self::Ahash => "ahash",
            Self::Phash => "phash",
            Self::Whash => "whash",
            Self::Vdhash => "vdhash",
            Self::Pdq => "pdq",
        }
    }

    /// Bits of such a hash: 64 or 256.
    pub fn bits(self) -> u32 {
        if self == Self::Pdq { 256 } else { 64 }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no kind's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownKind(String);

impl fmt::Display for UnknownKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" is no hash; there are ", self.0)?;
        let names = Kind::ALL.map(Kind::name);
        f.write_str(&names.join(", "))
    }
}

impl std::error::Error for UnknownKind {}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Self, UnknownKind> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == name);
        found.ok_or_else(|| UnknownKind(name.to_owned()))
    }
}

/// A set of kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kinds(u8);

impl Kinds {
    /// Whether a kind is among them.
    pub fn contains(self, kind: Kind) -> bool {
        self.0 >> kind as u8 & 1 != 0
    }

    /// Those of the set, in the order of [`Kind::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Kind> {
        Kind::ALL.into_iter().filter(move |kind| self.contains(*kind))
    }
}

impl FromIterator<Kind> for Kinds {
    fn from_iter<I: IntoIterator<Item = Kind>>(kinds: I) -> Self {
        Self(kinds.into_iter().fold(0, |all, kind| all | 1 << kind as u8))
    }
}

impl From<Kind> for Kinds {
    fn from(kind: Kind) -> Self {
        Self::from_iter([kind])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for kind in Kind::ALL {
            assert_eq!(kind.name().parse(), Ok(kind));
        }
        let error = "dHash".parse::<Kind>().unwrap_err();
        let text = "\"dHash\" is no hash; there are dhash, ahash, phash, whash, vdhash, pdq";
        assert_eq!(error.to_string(), text);
    }

    #[test]
    fn sets_have_what_is_put_in() {
        let kinds = Kinds::from_iter([Kind::Pdq, Kind::Dhash]);
        assert_eq!(kinds.iter().collect::<Vec<_>>(), [Kind::Dhash, Kind::Pdq]);
        assert!(!kinds.contains(Kind::Ahash) && Kinds::default().iter().next().is_none());
    }
}
