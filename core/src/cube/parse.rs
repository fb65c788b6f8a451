//! The text of a .cube file, line by line, with the position of what is wrong in it.
//!
//! Files are read as their makers write them: by Adobe's specification, by that of DaVinci Resolve (which has
//! tables in the range of video), and by what else programs and cameras put into them.

use std::borrow::Cow;

use super::keyword::{
    Keyword::{
        self, DomainMax, DomainMin, Range1d, Range3d, Size1d, Size3d, Title, VideoIn, VideoOut,
    },
    is_note,
};
use super::kind::other_kind;
use super::line::{Fields, Line, Position, lines, quote};
use super::problem::{ParseError, Problem};
use super::{Cube, MAX_SIZE_1D, MAX_SIZE_3D, MIN_SIZE, Table};
use crate::color::Triple;

/// What a value of a table in the range of video (64 to 940 of 1023) is in the range of the picture.
fn from_video_range(value: f64) -> f64 {
    (1023.0 * value - 64.0) / 876.0
}

/// What has been read of a text so far.
struct Parser {
    /// Lines read.
    lines: usize,
    /// Where each of [`Keyword::ALL`] stands first.
    seen: [Option<Position>; Keyword::ALL.len()],
    /// Sizes of the 1D and the 3D table.
    sizes: [Option<usize>; 2],
    /// Input ranges of the 1D and the 3D table.
    ranges: [Option<[f64; 2]>; 2],
    /// DOMAIN_MIN and DOMAIN_MAX.
    domain: [Option<Triple>; 2],
    /// Rows of the 1D table, then of the 3D table.
    rows: Vec<[f32; 3]>,
    /// Whether a character has come that ends the text, whatever follows.
    is_over: bool,
}

impl Parser {
    /// Nothing has been read.
    fn new() -> Self {
        Self {
            lines: 0,
            seen: [None; Keyword::ALL.len()],
            sizes: [None; 2],
            ranges: [None; 2],
            domain: [None; 2],
            rows: Vec::new(),
            is_over: false,
        }
    }

    /// Takes in the next line, without its end.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, see [`Problem`].
    fn line(&mut self, bytes: &[u8]) -> Result<(), ParseError> {
        self.lines += 1;
        if self.is_over {
            return Ok(());
        }
        // Files that went through DOS, or a buffer of C's, may end so.
        let end = bytes.iter().position(|byte| matches!(byte, 0 | 0x1a));
        // Titles and comments may be in any encoding; what counts is ASCII.
        let text: Cow<'_, str> = String::from_utf8_lossy(&bytes[..end.unwrap_or(bytes.len())]);
        let line = Line { number: self.lines, text: text.trim_ascii_end() };
        let is_comment = self.statement(line)?;
        if let Some(end) = end {
            self.is_over = self.rows.len() == self.rows_expected() && !self.rows.is_empty();
            if !self.is_over && !is_comment {
                let position = Position { line: self.lines, column: text.chars().count() + 1 };
                return Err(position.error(Problem::EarlyEnd(bytes[end])));
            }
        }
        Ok(())
    }

    /// Takes in what a line says. Returns whether it ends in a comment or a title.
    fn statement(&mut self, line: Line<'_>) -> Result<bool, ParseError> {
        let fields = Fields::of(line.fields());
        let has_comment = line.text.contains('#');
        let Some(first) = fields.get(0) else {
            return Ok(has_comment);
        };
        let values = fields.values();
        if is_note(first, values.first[0]) {
            return Ok(true);
        }
        // "nan" and "inf" begin with letters too, but are meant as numbers.
        let is_row =
            !first.starts_with(|c: char| c.is_ascii_alphabetic()) || first.parse::<f64>().is_ok();
        if is_row {
            let mut row = [0.0; 3];
            line.numbers(fields, "the row", first, &mut row)?;
            self.row(line.position(first), row)?;
            return Ok(has_comment);
        }
        let keyword = Keyword::ALL.into_iter().find(|k| k.name().eq_ignore_ascii_case(first));
        let Some(keyword) = keyword else {
            return Err(line.error(first, Problem::UnknownKeyword(quote(first))));
        };
        self.keyword(line, keyword, first, values)?;
        Ok(has_comment)
    }

    fn keyword(
        &mut self,
        line: Line<'_>,
        keyword: Keyword,
        word: &str,
        values: Fields<'_>,
    ) -> Result<(), ParseError> {
        /// Whether a value is the first, or what has been said before.
        fn agrees<T: Copy + PartialEq>(said: &mut Option<T>, value: T) -> bool {
            *said.get_or_insert(value) == value
        }
        let name = keyword.name();
        if !self.rows.is_empty() {
            return Err(line.error(word, Problem::KeywordInTable(name)));
        }
        let size = |most: usize| {
            let (Some(value), 1) = (values.get(0), values.count) else {
                let at = values.get(1).unwrap_or(word);
                return Err(line.error(at, Problem::ValueCount(name, values.count, 1)));
            };
            let size = value.parse().ok().filter(|size| (MIN_SIZE..=most).contains(size));
            size.ok_or_else(|| line.error(value, Problem::Size(name, quote(value), most)))
        };
        let is_said = match keyword {
            // Whatever it says.
            Title => true,
            Size1d => agrees(&mut self.sizes[0], size(MAX_SIZE_1D)?),
            Size3d => agrees(&mut self.sizes[1], size(MAX_SIZE_3D)?),
            DomainMin | DomainMax => {
                let mut end = [0.0; 3];
                line.numbers(values, name, word, &mut end)?;
                agrees(&mut self.domain[usize::from(keyword == DomainMax)], end)
            }
            Range1d | Range3d => {
                let mut range = [0.0; 2];
                line.numbers(values, name, word, &mut range)?;
                agrees(&mut self.ranges[usize::from(keyword == Range3d)], range)
            }
            VideoIn | VideoOut => {
                line.numbers(values, name, word, &mut [])?;
                true
            }
        };
        let first = self.seen[keyword as usize].get_or_insert(line.position(word)).line;
        if is_said { Ok(()) } else { Err(line.error(word, Problem::Twice(name, first))) }
    }

    fn row(&mut self, position: Position, row: Triple) -> Result<(), ParseError> {
        let expected = self.rows_expected();
        if self.rows.is_empty() {
            self.check_header(position)?;
            self.rows.reserve_exact(expected);
        }
        if self.rows.len() == expected {
            return Err(position.error(Problem::TooManyRows(expected)));
        }
        self.rows.push(row.map(|v| v as f32));
        Ok(())
    }

    /// Rows that the sizes call for.
    fn rows_expected(&self) -> usize {
        let [curves, volume] = self.sizes.map(Option::unwrap_or_default);
        curves + volume.pow(3)
    }

    fn seen(&self, keyword: Keyword) -> Option<Position> {
        self.seen[keyword as usize]
    }

    /// Whether the header is one; its end is given.
    fn check_header(&self, end: Position) -> Result<(), ParseError> {
        let error = |keyword, problem| Err(self.seen(keyword).unwrap_or(end).error(problem));
        let ranges = [Range1d, Range3d];
        let Some(first) = self.sizes.iter().position(Option::is_some) else {
            return Err(end.error(Problem::NoSize));
        };
        // A range of a table that is not there says nothing.
        for table in (0..2).filter(|table| self.sizes[*table].is_some()) {
            let [low, high] = self.ends(table);
            if let Some(c) = (0..3).find(|c| low[*c] >= high[*c]) {
                let domain = if self.domain[1].is_some() { DomainMax } else { DomainMin };
                let keyword = if self.ranges[table].is_some() { ranges[table] } else { domain };
                return error(keyword, Problem::EmptyDomain(low[c], high[c]));
            }
        }
        for (keyword, (said, is)) in
            [DomainMin, DomainMax].into_iter().zip(self.domain.iter().zip(self.ends(first)))
        {
            if said.is_some_and(|said| said != is) {
                return match self.sizes {
                    [Some(_), Some(_)] => error(keyword, Problem::DomainOfTwo(keyword.name())),
                    _ => error(ranges[first], Problem::RangeIsNotDomain(ranges[first].name())),
                };
            }
        }
        Ok(())
    }

    /// The domain of the 1D or the 3D table, in its own numbers.
    fn ends(&self, table: usize) -> [Triple; 2] {
        let default = [[0.0; 3], [1.0; 3]];
        match (self.ranges[table], self.sizes) {
            (Some(range), _) => range.map(|end| [end; 3]),
            // Which of two is meant, DOMAIN_MIN and DOMAIN_MAX do not tell.
            (None, [Some(_), Some(_)]) => default,
            (None, _) => [0, 1].map(|i| self.domain[i].unwrap_or(default[i])),
        }
    }

    /// The file, after its last line.
    ///
    /// # Errors
    ///
    /// What is missing, see [`Problem`].
    fn finish(mut self) -> Result<Cube, ParseError> {
        let end = Position { line: self.lines + 1, column: 1 };
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
        let mut tables = [table(0, rows), table(1, of_volume)];
        // The picture's colours go into the first table and come out of the last.
        if self.seen(VideoIn).is_some()
            && let Some(first) = tables.iter_mut().flatten().next()
        {
            first.ends = first.ends.map(|end| end.map(from_video_range));
        }
        if self.seen(VideoOut).is_some()
            && let Some(last) = tables.iter_mut().flatten().last()
        {
            for value in last.rows.as_flattened_mut() {
                let [low, high] = [f32::MIN, f32::MAX].map(f64::from);
                *value = from_video_range(f64::from(*value)).clamp(low, high) as f32;
            }
        }
        Ok(Cube::new(tables))
    }
}

/// A .cube file from its text.
///
/// # Errors
///
/// The first thing that is wrong, see [`Problem`].
pub fn parse(text: &[u8]) -> Result<Cube, ParseError> {
    if let Some(kind) = other_kind(text) {
        return Err(Position { line: 1, column: 1 }.error(Problem::OtherKind(kind)));
    }
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut parser = Parser::new();
    lines(text).try_for_each(|line| parser.line(line))?;
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
    fn files_of_each_line_end_are_the_same() {
        let plain = ok(format!("LUT_3D_SIZE 2\n{EIGHT}"));
        for end in ["\r", "\r\n", "\n\n", "\r\r\n"] {
            let text = format!("TITLE \"x\"\nLUT_3D_SIZE 2\n# c\n{EIGHT}").replace('\n', end);
            assert_eq!(ok(&text), plain, "{text:?}");
            assert_eq!(ok(text.trim_end()), plain, "{text:?}");
        }
    }

    /// What DOS, or a buffer of C's, leaves there; whatever comes behind it is no part of the text.
    #[test]
    fn nul_and_ctrl_z_end_a_file_after_the_last_row() {
        let text = format!("LUT_3D_SIZE 2\n{EIGHT}");
        let plain = ok(&text);
        for end in ["\u{1a}", "\0", "\0\0\0\0", "\u{1a}\r\n", "  \0", "\u{1a}garbage 1 2\nx y\n"] {
            assert_eq!(ok(format!("{text}{end}")), plain, "{end:?}");
            assert_eq!(ok(format!("{}{end}", text.trim_end())), plain, "{end:?}");
        }
        // In a text for people it is one of its characters.
        assert_eq!(ok(format!("# a\0b\nTITLE \"a\u{1a}\"\n{text}")), plain);
    }

    #[test]
    fn words_that_carry_no_numbers_are_read_past() {
        let plain = ok(format!("LUT_3D_SIZE 2\n{EIGHT}"));
        for note in [
            "BMD_TITLE \"Pocket\"",
            "BMD_TITLE Pocket 4",
            "bmd_title",
            "TITLE\tS-Log3 to 709",
            "TITLE",
            "TITLE \"one\"\nTITLE \"two\"",
            "COMMENT made by hand, 3 of 4",
            "XYZ_COPYRIGHT (c) 2020",
            "MAKER \"somebody\"",
        ] {
            assert_eq!(ok(format!("{note}\nLUT_3D_SIZE 2\n{EIGHT}")), plain, "{note}");
            assert_eq!(ok(format!("LUT_3D_SIZE 2\n{EIGHT}{note}\n")), plain, "{note}");
        }
    }

    /// Also a range of a table that is not there, whatever it says.
    #[test]
    fn what_says_what_is_so_anyway_is_no_contradiction() {
        let cube = |header: &str| ok(format!("{header}\nLUT_3D_SIZE 2\n{EIGHT}"));
        let plain = cube("");
        for header in [
            "LUT_1D_INPUT_RANGE 0.0 1.0",
            "LUT_1D_INPUT_RANGE 0 1.095",
            "LUT_1D_INPUT_RANGE 1 0",
            "LUT_3D_SIZE 2",
            "LUT_3D_INPUT_RANGE 0 1\nlut_3d_input_range 0.0 1.0",
            "LUT_3D_INPUT_RANGE 0 1\nDOMAIN_MIN 0 0 0\nDOMAIN_MAX 1 1 1",
        ] {
            assert_eq!(cube(header), plain, "{header}");
        }
        let wide = cube("LUT_3D_INPUT_RANGE -1 3");
        assert_ne!(wide, plain);
        for header in [
            "DOMAIN_MIN -1 -1 -1\nDOMAIN_MAX 3 3 3\nLUT_3D_INPUT_RANGE -1 3",
            "DOMAIN_MAX 3 3 3\nLUT_3D_INPUT_RANGE -1 3",
            "DOMAIN_MIN -1 -1 -1\nDOMAIN_MAX 3 3 3\nLUT_1D_INPUT_RANGE 0 1",
        ] {
            assert_eq!(cube(header), wide, "{header}");
        }
        let two = |header: &str| {
            ok(format!("{header}\nLUT_1D_SIZE 2\nLUT_3D_SIZE 2\n0 0 0\n1 1 1\n{EIGHT}"))
        };
        assert_eq!(two("DOMAIN_MIN 0 0 0\nDOMAIN_MAX 1 1 1"), two(""));
        let shaped = two("LUT_1D_INPUT_RANGE 0 2\nLUT_3D_INPUT_RANGE 0 4");
        assert_eq!(two("DOMAIN_MAX 2 2 2\nLUT_1D_INPUT_RANGE 0 2\nLUT_3D_INPUT_RANGE 0 4"), shaped);
        let curve = ok("LUT_1D_SIZE 2\n0 0 0\n1 1 1\n");
        assert_eq!(ok("LUT_3D_INPUT_RANGE -1 2\nLUT_1D_SIZE 2\n0 0 0\n1 1 1\n"), curve);
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
            ("- x\n", 1, 1, count("the row", 2, 3)),
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
            ("LUT_1D_SIZE 2\n\nlut_1d_size 3\n", 3, 1, Problem::Twice("LUT_1D_SIZE", 1)),
            ("DOMAIN_MAX 1 1 1\rDOMAIN_MAX 1 1 2\r", 2, 1, Problem::Twice("DOMAIN_MAX", 1)),
            (
                "LUT_3D_INPUT_RANGE 0 1\nLUT_3D_INPUT_RANGE 0 2",
                2,
                1,
                Problem::Twice("LUT_3D_INPUT_RANGE", 1),
            ),
            ("LUT_IN_VIDEO_RANGE 0 1\n", 1, 20, count("LUT_IN_VIDEO_RANGE", 2, 0)),
            (
                "LUT_1D_SIZE 2\n0 0 0\nLUT_OUT_VIDEO_RANGE\n",
                3,
                1,
                Problem::KeywordInTable("LUT_OUT_VIDEO_RANGE"),
            ),
            ("LUT_1D_SIZE 2\r\n0 0 0\r\n1 x 0\r\n", 3, 3, not_a_number("x")),
            ("LUT_1D_SIZE 2\r0 0 0\r1 x 0\r", 3, 3, not_a_number("x")),
            ("LUT_1D_SIZE 2\n0 0 0\n\u{1a}", 3, 1, Problem::EarlyEnd(0x1a)),
            ("LUT_1D_SIZE 2\n0 0\0 0\n1 1 1\n", 2, 1, count("the row", 2, 3)),
            ("LUT_1D_SIZE 2\n 0 0 0\0\n1 1 1\n", 2, 7, Problem::EarlyEnd(0)),
            ("LUT_2D_SIZE 4 \"x\"\n", 1, 1, Problem::UnknownKeyword("LUT_2D_SIZE".into())),
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
                "LUT_1D_SIZE 2\nLUT_1D_INPUT_RANGE 0 1\nDOMAIN_MAX 2 2 2",
                2,
                Problem::RangeIsNotDomain("LUT_1D_INPUT_RANGE"),
            ),
            (
                "LUT_1D_SIZE 2\nLUT_3D_SIZE 2\nDOMAIN_MAX 1 1 2",
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
        let unknown = message("LUT_IN_VIDEO_RANGES\n");
        assert!(unknown.contains("allowed are rows of three numbers"), "{unknown}");
        assert!(unknown.contains("LUT_3D_INPUT_RANGE, LUT_IN_VIDEO_RANGE, LUT_OUT_VIDEO_RANGE"));
        assert_eq!(
            message("<!DOCTYPE html>\n"),
            "line 1, column 1: the file is an HTML page, expected a .cube file (text in ASCII or UTF-8)"
        );
        assert_eq!(
            message("LUT_1D_SIZE 2\n0 0 0\0"),
            "line 2, column 6: a NUL character stands before the last row, allowed is one after it"
        );
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
        let pieces: [&[u8]; 19] = [
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
            b"LUT_OUT_VIDEO_RANGE\n",
            b"LUT_IN_VIDEO_RANGE\n",
            b"\x1a",
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
                    let lines = lines(&text).count();
                    assert!((1..=lines + 1).contains(&error.line) && error.column > 0, "{error}");
                    assert!(error.to_string().len() < 400, "{error}");
                    kinds[1] += 1;
                }
            }
        }
        assert!(kinds.iter().all(|count| *count > 100), "{kinds:?}");
    }
}
