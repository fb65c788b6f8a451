//! The text of a .cube file, line by line, with the place of what is wrong in it.

use std::borrow::Cow;

use super::problem::{ParseError, Problem};
use super::{Cube, MAX_SIZE_1D, MAX_SIZE_3D, MIN_SIZE, Table};
use crate::color::Triple;

/// How much of an offending piece of text a message quotes, in characters.
const QUOTE_LENGTH: usize = 40;

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
}

use Keyword::{DomainMax, DomainMin, Range1d, Range3d, Size1d, Size3d, Title};

impl Keyword {
    pub(super) const ALL: [Self; 7] =
        [Title, Size1d, Size3d, DomainMin, DomainMax, Range1d, Range3d];

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
        }
    }
}

/// Line and column.
#[derive(Clone, Copy)]
struct Place {
    line: usize,
    column: usize,
}

impl Place {
    fn error(self, problem: Problem) -> ParseError {
        ParseError { line: self.line, column: self.column, problem }
    }
}

/// A line without its end.
#[derive(Clone, Copy)]
struct Line<'a> {
    number: usize,
    text: &'a str,
}

impl<'a> Line<'a> {
    /// What stands between white space, up to a comment.
    fn words(self) -> impl Iterator<Item = &'a str> {
        self.text.split_ascii_whitespace().take_while(|word| !word.starts_with('#'))
    }

    /// Where a part of the line is.
    #[inline(never)]
    fn place(self, part: &str) -> Place {
        let start = part.as_ptr() as usize - self.text.as_ptr() as usize;
        Place { line: self.number, column: self.text[..start].chars().count() + 1 }
    }

    #[cold]
    fn error(self, part: &str, problem: Problem) -> ParseError {
        self.place(part).error(problem)
    }

    /// Reads the numbers among `words`, as many as there have to be; `what` is said to have them, and begins
    /// with `first`.
    fn numbers(
        self,
        words: &[&str],
        what: &'static str,
        first: &str,
        numbers: &mut [f64],
    ) -> Result<(), ParseError> {
        if words.len() != numbers.len() {
            let at = words.get(numbers.len()).copied().unwrap_or(first);
            return Err(self.error(at, Problem::ValueCount(what, words.len(), numbers.len())));
        }
        for (number, word) in numbers.iter_mut().zip(words) {
            *number =
                word.parse().map_err(|_| self.error(word, Problem::NotANumber(quote(word))))?;
            if !(*number as f32).is_finite() {
                return Err(self.error(word, Problem::NotFinite(quote(word))));
            }
        }
        Ok(())
    }
}

/// The text, shortened, without what a terminal would take for a command.
fn quote(text: &str) -> String {
    let mut quote = String::new();
    for (index, c) in text.chars().enumerate() {
        if index == QUOTE_LENGTH {
            quote.push('…');
            break;
        }
        quote.push(if c.is_control() { char::REPLACEMENT_CHARACTER } else { c });
    }
    quote
}

/// What has been read of a text so far.
pub(super) struct Parser {
    /// Lines read.
    lines: usize,
    /// Where each of [`Keyword::ALL`] stands.
    seen: [Option<Place>; Keyword::ALL.len()],
    /// Sizes of the 1D and the 3D table.
    sizes: [Option<usize>; 2],
    /// Input ranges of the 1D and the 3D table.
    ranges: [Option<[f64; 2]>; 2],
    /// DOMAIN_MIN and DOMAIN_MAX.
    domain: [Triple; 2],
    /// Rows of the 1D table, then of the 3D table.
    rows: Vec<[f32; 3]>,
}

impl Parser {
    /// Nothing has been read.
    pub(super) fn new() -> Self {
        Self {
            lines: 0,
            seen: [None; Keyword::ALL.len()],
            sizes: [None; 2],
            ranges: [None; 2],
            domain: [[0.0; 3], [1.0; 3]],
            rows: Vec::new(),
        }
    }

    /// Takes in the next line, with or without its end.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, see [`Problem`].
    pub(super) fn line(&mut self, bytes: &[u8]) -> Result<(), ParseError> {
        self.lines += 1;
        let mut bytes = bytes.trim_ascii_end();
        if self.lines == 1 {
            if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
                return Err(Place { line: 1, column: 1 }.error(Problem::Utf16));
            }
            bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        }
        // Titles and comments may be in any encoding; what counts is ASCII.
        let text: Cow<'_, str> = String::from_utf8_lossy(bytes);
        let line = Line { number: self.lines, text: &text };
        let words: Vec<&str> = line.words().collect();
        let Some((&first, values)) = words.split_first() else {
            return Ok(());
        };
        // "nan" and "inf" begin with letters too, but are meant as numbers.
        let is_row =
            !first.starts_with(|c: char| c.is_ascii_alphabetic()) || first.parse::<f64>().is_ok();
        if is_row {
            let mut row = [0.0; 3];
            line.numbers(&words, "the row", first, &mut row)?;
            return self.row(line.place(first), row);
        }
        let keyword = Keyword::ALL.into_iter().find(|k| k.name().eq_ignore_ascii_case(first));
        let Some(keyword) = keyword else {
            return Err(line.error(first, Problem::UnknownKeyword(quote(first))));
        };
        self.keyword(line, keyword, first, values)
    }

    fn keyword(
        &mut self,
        line: Line<'_>,
        keyword: Keyword,
        word: &str,
        values: &[&str],
    ) -> Result<(), ParseError> {
        let name = keyword.name();
        if !self.rows.is_empty() {
            return Err(line.error(word, Problem::KeywordInTable(name)));
        }
        if let Some(before) = self.seen[keyword as usize].replace(line.place(word)) {
            return Err(line.error(word, Problem::Twice(name, before.line)));
        }
        let size = |most: usize| {
            let &[value] = values else {
                let at = values.get(1).copied().unwrap_or(word);
                return Err(line.error(at, Problem::ValueCount(name, values.len(), 1)));
            };
            let size = value.parse().ok().filter(|size| (MIN_SIZE..=most).contains(size));
            size.ok_or_else(|| line.error(value, Problem::Size(name, quote(value), most)))
        };
        match keyword {
            // Whatever it says.
            Title => {}
            Size1d => self.sizes[0] = Some(size(MAX_SIZE_1D)?),
            Size3d => self.sizes[1] = Some(size(MAX_SIZE_3D)?),
            DomainMin | DomainMax => {
                let end = &mut self.domain[usize::from(keyword == DomainMax)];
                line.numbers(values, name, word, end)?;
            }
            Range1d | Range3d => {
                let mut range = [0.0; 2];
                line.numbers(values, name, word, &mut range)?;
                self.ranges[usize::from(keyword == Range3d)] = Some(range);
            }
        }
        Ok(())
    }

    fn row(&mut self, place: Place, row: Triple) -> Result<(), ParseError> {
        let expected = self.rows_expected();
        if self.rows.is_empty() {
            self.check_header(place)?;
            self.rows.reserve_exact(expected);
        }
        if self.rows.len() == expected {
            return Err(place.error(Problem::TooManyRows(expected)));
        }
        self.rows.push(row.map(|v| v as f32));
        Ok(())
    }

    /// Rows that the sizes call for.
    fn rows_expected(&self) -> usize {
        let [curves, volume] = self.sizes.map(Option::unwrap_or_default);
        curves + volume.pow(3)
    }

    /// Whether the header is one; its end is given.
    fn check_header(&self, end: Place) -> Result<(), ParseError> {
        if self.sizes == [None; 2] {
            return Err(end.error(Problem::NoSize));
        }
        let seen = |keyword: Keyword| self.seen[keyword as usize];
        let error = |keyword, problem| Err(seen(keyword).unwrap_or(end).error(problem));
        let is_domain = |keyword: &Keyword| seen(*keyword).is_some();
        let has_domain = [DomainMax, DomainMin].into_iter().find(is_domain);
        if let (Some(keyword), [Some(_), Some(_)]) = (has_domain, self.sizes) {
            return error(keyword, Problem::DomainOfTwo(keyword.name()));
        }
        for (table, (range, size)) in [(Range1d, Size1d), (Range3d, Size3d)].into_iter().enumerate()
        {
            if self.ranges[table].is_some() && self.sizes[table].is_none() {
                return error(range, Problem::RangeOfNone(range.name(), size.name()));
            }
            let ends = self.ends(table);
            if self.ranges[table].is_some() && has_domain.is_some() && ends != self.domain {
                return error(range, Problem::RangeIsNotDomain(range.name()));
            }
            if let Some(c) = (0..3).find(|c| ends[0][*c] >= ends[1][*c]) {
                let keyword =
                    if self.ranges[table].is_some() { range } else { has_domain.unwrap_or(size) };
                return error(keyword, Problem::EmptyDomain(ends[0][c], ends[1][c]));
            }
        }
        Ok(())
    }

    /// The domain of the 1D or the 3D table.
    fn ends(&self, table: usize) -> [Triple; 2] {
        self.ranges[table].map_or(self.domain, |range| range.map(|end| [end; 3]))
    }

    /// The file, after its last line.
    ///
    /// # Errors
    ///
    /// What is missing, see [`Problem`].
    pub(super) fn finish(mut self) -> Result<Cube, ParseError> {
        let end = Place { line: self.lines + 1, column: 1 };
        self.check_header(end)?;
        let (has, expected) = (self.rows.len(), self.rows_expected());
        if has < expected {
            return Err(end.error(Problem::TooFewRows(has, expected)));
        }
        let mut rows = std::mem::take(&mut self.rows);
        let of_volume = rows.split_off(self.sizes[0].unwrap_or(0));
        let table = |index: usize, rows| {
            self.sizes[index].map(|size| Table { size, ends: self.ends(index), rows })
        };
        Ok(Cube::new([table(0, rows), table(1, of_volume)]))
    }
}

/// A .cube file from its text.
///
/// # Errors
///
/// The first thing that is wrong, see [`Problem`].
pub fn parse(text: &[u8]) -> Result<Cube, ParseError> {
    let mut parser = Parser::new();
    // What follows the last line end is no line where it is empty.
    text.split_inclusive(|byte| *byte == b'\n').try_for_each(|line| parser.line(line))?;
    parser.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EIGHT: &str = "0 0 0\n1 0 0\n0 1 0\n1 1 0\n0 0 1\n1 0 1\n0 1 1\n1 1 1\n";

    fn ok(text: impl AsRef<[u8]>) -> Cube {
        let text = text.as_ref();
        parse(text).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(text)))
    }

    fn problem(text: impl AsRef<[u8]>) -> (usize, usize, Problem) {
        let error = parse(text.as_ref()).expect_err("an error");
        (error.line, error.column, error.problem)
    }

    #[test]
    fn what_the_format_allows_is_read() {
        let plain = ok(format!("LUT_3D_SIZE 2\n{EIGHT}"));
        for text in [
            format!("\u{feff}LUT_3D_SIZE 2\n{EIGHT}"),
            format!("LUT_3D_SIZE 2\n{EIGHT}").replace('\n', "\r\n"),
            format!("LUT_3D_SIZE 2\n{}", EIGHT.trim_end()),
            format!("  lut_3d_size\t2 # two\n\n{}\n\n# end", EIGHT.replace(' ', " \t ")),
            format!(
                "#LUT_3D_SIZE 9\nTITLE \"a # b\"\nDOMAIN_MAX 1 1 1\nLUT_3D_SIZE 2\nDOMAIN_MIN 0 0 0\n{EIGHT}"
            ),
            format!("LUT_3D_SIZE 2\nLUT_3D_INPUT_RANGE 0.0 1.0\nDOMAIN_MIN 0 0 0\n{EIGHT}"),
            format!("LUT_3D_SIZE 2\n{}", EIGHT.replace('1', "+10.0e-1")),
            format!("LUT_3D_SIZE 2\n{}", EIGHT.replace('0', ".0").replace('1', "1.")),
        ] {
            assert_eq!(ok(&text), plain, "{text}");
        }
        // Latin-1.
        let text = [b"# \xe9\nTITLE \"caf\xe9\"\nLUT_3D_SIZE 2\n", EIGHT.as_bytes()].concat();
        assert_eq!(ok(text), plain);
    }

    #[test]
    fn every_kind_of_error_has_its_place() {
        let size = |name, text: &str, most| Problem::Size(name, text.into(), most);
        let count = Problem::ValueCount;
        let not_a_number = |text: &str| Problem::NotANumber(text.into());
        let not_finite = |text: &str| Problem::NotFinite(text.into());
        let two = "0 0 0\n1 1 1\n";
        for (text, line, column, want) in [
            ("", 1, 1, Problem::NoSize),
            ("# nothing\n", 2, 1, Problem::NoSize),
            ("TITLE \"x\"\n 0 0 0\n", 2, 2, Problem::NoSize),
            ("<html>\n", 1, 1, count("the row", 1, 3)),
            ("LUT_2D_SIZE 4\n", 1, 1, Problem::UnknownKeyword("LUT_2D_SIZE".into())),
            ("LUT_3D_SIZE\n", 1, 1, count("LUT_3D_SIZE", 0, 1)),
            ("LUT_3D_SIZE 2 2\n", 1, 15, count("LUT_3D_SIZE", 2, 1)),
            ("LUT_3D_SIZE 130\n", 1, 13, size("LUT_3D_SIZE", "130", 129)),
            ("LUT_3D_SIZE 1\n", 1, 13, size("LUT_3D_SIZE", "1", 129)),
            ("LUT_3D_SIZE -2\n", 1, 13, size("LUT_3D_SIZE", "-2", 129)),
            ("LUT_3D_SIZE 2.0\n", 1, 13, size("LUT_3D_SIZE", "2.0", 129)),
            ("LUT_1D_SIZE 65537\n", 1, 13, size("LUT_1D_SIZE", "65537", 65_536)),
            (
                "LUT_1D_SIZE 99999999999999999999\n",
                1,
                13,
                size("LUT_1D_SIZE", "99999999999999999999", 65_536),
            ),
            ("LUT_1D_SIZE 2\n\nlut_1d_size 2\n", 3, 1, Problem::Twice("LUT_1D_SIZE", 1)),
            (
                "LUT_1D_SIZE 2\n0 0 0\nDOMAIN_MIN 0 0 0\n",
                3,
                1,
                Problem::KeywordInTable("DOMAIN_MIN"),
            ),
            ("LUT_1D_SIZE 2\n0 0\n", 2, 1, count("the row", 2, 3)),
            ("LUT_1D_SIZE 2\n0 0 0 0\n", 2, 7, count("the row", 4, 3)),
            ("LUT_1D_SIZE 2\n0 0,5 0\n", 2, 3, not_a_number("0,5")),
            ("LUT_1D_SIZE 2\n0 0 x\n", 2, 5, not_a_number("x")),
            ("LUT_1D_SIZE 2\n0 \u{e9} x\n", 2, 3, not_a_number("\u{e9}")),
            ("LUT_1D_SIZE 2\n0 NaN 0\n", 2, 3, not_finite("NaN")),
            ("LUT_1D_SIZE 2\nnan 0 0\n", 2, 1, not_finite("nan")),
            ("LUT_1D_SIZE 2\ninf 0 0\n", 2, 1, not_finite("inf")),
            ("LUT_1D_SIZE 2\n0 0 -inf\n", 2, 5, not_finite("-inf")),
            ("LUT_1D_SIZE 2\n0 0 1e39\n", 2, 5, not_finite("1e39")),
            ("DOMAIN_MIN 0 0\n", 1, 1, count("DOMAIN_MIN", 2, 3)),
            ("DOMAIN_MAX 1 1 inf\n", 1, 16, not_finite("inf")),
            ("LUT_1D_INPUT_RANGE 0 1 2\n", 1, 24, count("LUT_1D_INPUT_RANGE", 3, 2)),
            ("LUT_1D_SIZE 2\n0 0 0\n", 3, 1, Problem::TooFewRows(1, 2)),
            ("LUT_1D_SIZE 2\n", 2, 1, Problem::TooFewRows(0, 2)),
        ] {
            assert_eq!(problem(text), (line, column, want), "{text}");
        }
        for (header, line, want) in [
            ("LUT_1D_SIZE 2\nDOMAIN_MIN 0 1 0", 2, Problem::EmptyDomain(1.0, 1.0)),
            ("DOMAIN_MAX 1 1 -1\nLUT_1D_SIZE 2", 1, Problem::EmptyDomain(0.0, -1.0)),
            ("LUT_1D_SIZE 2\nLUT_1D_INPUT_RANGE 1 0", 2, Problem::EmptyDomain(1.0, 0.0)),
            (
                "LUT_1D_SIZE 2\nLUT_3D_INPUT_RANGE 0 1",
                2,
                Problem::RangeOfNone("LUT_3D_INPUT_RANGE", "LUT_3D_SIZE"),
            ),
            (
                "LUT_1D_SIZE 2\nLUT_1D_INPUT_RANGE 0 1\nDOMAIN_MAX 2 2 2",
                2,
                Problem::RangeIsNotDomain("LUT_1D_INPUT_RANGE"),
            ),
            (
                "LUT_1D_SIZE 2\nLUT_3D_SIZE 2\nDOMAIN_MAX 1 1 1",
                3,
                Problem::DomainOfTwo("DOMAIN_MAX"),
            ),
        ] {
            assert_eq!(problem(format!("{header}\n{two}")), (line, 1, want.clone()), "{header}");
            // It is found without any row as well.
            assert_eq!(problem(header).2, want, "{header}");
        }
        let surplus = format!("LUT_3D_SIZE 2\n{EIGHT}  0 0 0\n");
        assert_eq!(problem(surplus), (10, 3, Problem::TooManyRows(8)));
        let wide: Vec<u8> = "LUT_1D_SIZE 2".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(problem([b"\xff\xfe", &wide[..]].concat()), (1, 1, Problem::Utf16));
    }

    #[test]
    fn messages_name_place_and_what_is_allowed() {
        let message = |text: &str| parse(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(
            message("LUT_3D_SIZE 200\n"),
            "line 1, column 13: LUT_3D_SIZE 200 is out of range, allowed is 2 to 129"
        );
        assert_eq!(
            message("LUT_1D_SIZE 2\n0 0,5 0\n"),
            "line 2, column 3: \"0,5\" is not a number, expected one such as 0.5 or 5e-1"
        );
        assert!(message("LUT_IN_VIDEO_RANGE\n").contains("allowed are rows of three numbers"));
        assert!(message(&"x".repeat(100_000)).len() < 300);
        assert!(!message("\u{1b}[2J").contains('\u{1b}'));
    }

    /// Files damaged in every way that a fixed seed comes up with: an error with a place in the text, or a
    /// cube that maps what is asked for to what can be shown.
    #[test]
    fn damaged_files_are_errors_or_sound() {
        let sound = format!(
            "\u{feff}# c\nTITLE \"t\"\r\nLUT_1D_SIZE 2\nLUT_1D_INPUT_RANGE 0 1\nLUT_3D_SIZE 2\n\
             LUT_3D_INPUT_RANGE -1 2\n0 0 0\n1 1e0 1.5\n{EIGHT}"
        );
        let single = format!("DOMAIN_MIN 0 0 0\nDOMAIN_MAX 1 2 3\nLUT_3D_SIZE 2\n{EIGHT}");
        let pieces: [&[u8]; 16] = [
            b"nan",
            b"-inf",
            b"1e38",
            b"-3e38",
            b"1e-45",
            b"\n",
            b"\r",
            b"\0",
            b"\xff",
            b"#",
            b"\"",
            b" ",
            b"LUT_3D_SIZE 129\n",
            b"LUT_1D_SIZE 65536\n",
            b"DOMAIN_MIN 3e38 0 0\n",
            b"9",
        ];
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let mut below = |end: usize| {
            // Marsaglia's xorshift.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % end as u64) as usize
        };
        let mut kinds = [0; 2];
        for round in 0..10_000 {
            let mut text = [&sound, &single][round % 2].clone().into_bytes();
            for _ in 0..=below(3) {
                let at = below(text.len());
                match below(6) {
                    0 if text.len() > 1 => drop(text.remove(at)),
                    1 => text[at] = below(256) as u8,
                    2 => text[at] = b"0123456789-.e#"[below(14)],
                    3 => text.truncate(text.len() - at / 8),
                    4 => drop(text.splice(at..at, pieces[below(pieces.len())].iter().copied())),
                    _ => {
                        let end = at + below(text.len() - at);
                        let part = text[at..end].to_vec();
                        drop(text.splice(at..at, part));
                    }
                }
            }
            match parse(&text) {
                Ok(cube) => {
                    for rgb in [[0.0, 0.5, 1.0], [1.0, 0.1, 0.7], [0.3; 3]] {
                        let out = cube.apply(rgb);
                        let is_sound = out.iter().all(|v| (0.0..=1.0).contains(v));
                        assert!(is_sound, "{out:?}: {}", String::from_utf8_lossy(&text));
                    }
                    kinds[0] += 1;
                }
                Err(error) => {
                    let lines = text.split(|byte| *byte == b'\n').count();
                    assert!((1..=lines + 1).contains(&error.line) && error.column > 0, "{error}");
                    assert!(error.to_string().len() < 400, "{error}");
                    kinds[1] += 1;
                }
            }
        }
        assert!(kinds.iter().all(|count| *count > 100), "{kinds:?}");
    }
}
