//! The words that begin the lines of a .cube file's header.

/// What makers add in words, with or without a prefix of their own, as in `BMD_TITLE`.
const NOTES: [&str; 7] =
    ["TITLE", "COMMENT", "COMMENTS", "DESCRIPTION", "COPYRIGHT", "AUTHOR", "CREATOR"];

/// The words that begin a line of the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyword {
    Title,
    Size1d,
    Size3d,
    DomainMin,
    DomainMax,
    Range1d,
    Range3d,
    VideoIn,
    VideoOut,
}

use Keyword::{DomainMax, DomainMin, Range1d, Range3d, Size1d, Size3d, Title, VideoIn, VideoOut};

impl Keyword {
    pub(super) const ALL: [Self; 9] =
        [Title, Size1d, Size3d, DomainMin, DomainMax, Range1d, Range3d, VideoIn, VideoOut];

    /// Its spelling; case does not count.
    pub(super) fn name(self) -> &'static str {
        match self {
            Title => "TITLE",
            Size1d => "LUT_1D_SIZE",
            Size3d => "LUT_3D_SIZE",
            DomainMin => "DOMAIN_MIN",
            DomainMax => "DOMAIN_MAX",
            Range1d => "LUT_1D_INPUT_RANGE",
            Range3d => "LUT_3D_INPUT_RANGE",
            VideoIn => "LUT_IN_VIDEO_RANGE",
            VideoOut => "LUT_OUT_VIDEO_RANGE",
        }
    }
}

/// Whether a line has nothing but words for whoever reads the file: a title or the like, which may stand
/// anywhere, whatever it says, or a word that is no keyword with a text in quotes.
pub(super) fn is_note(word: &str, value: &str) -> bool {
    let name = word.rsplit('_').next().unwrap_or(word);
    let is_keyword = || Keyword::ALL.iter().any(|k| k.name().eq_ignore_ascii_case(word));
    NOTES.iter().any(|note| note.eq_ignore_ascii_case(name))
        || value.starts_with('"') && !is_keyword()
}
