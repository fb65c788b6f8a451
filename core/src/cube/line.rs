//! Lines of a text, their fields, and their positions.

use super::problem::{ParseError, Problem};

/// How much of an offending piece of text a message quotes, in characters.
const QUOTE_LENGTH: usize = 40;

/// Fields of a line that are looked at; all of them are counted.
const FIELDS: usize = 5;

/// Lines that end in LF, CRLF or CR. What follows the last end is no line where it is empty.
pub(super) fn lines(mut text: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        if text.is_empty() {
            return None;
        }
        let end = text.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(text.len());
        let (line, rest) = text.split_at(end);
        text = rest.strip_prefix(b"\r\n").unwrap_or_else(|| rest.get(1..).unwrap_or_default());
        Some(line)
    })
}

/// Line and column.
#[derive(Clone, Copy)]
pub(super) struct Position {
    /// From 1.
    pub(super) line: usize,
    /// In characters from 1.
    pub(super) column: usize,
}

impl Position {
    pub(super) fn error(self, problem: Problem) -> ParseError {
        ParseError { line: self.line, column: self.column, problem }
    }
}

/// A line without its end.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) number: usize,
    pub(super) text: &'a str,
}

impl<'a> Line<'a> {
    /// What stands between white space, up to a comment.
    pub(super) fn fields(self) -> impl Iterator<Item = &'a str> {
        self.text.split_ascii_whitespace().take_while(|word| !word.starts_with('#'))
    }

    /// Where a part of the line is.
    #[inline(never)]
    pub(super) fn position(self, part: &str) -> Position {
        let start = part.as_ptr() as usize - self.text.as_ptr() as usize;
        Position { line: self.number, column: self.text[..start].chars().count() + 1 }
    }

    #[cold]
    pub(super) fn error(self, part: &str, problem: Problem) -> ParseError {
        self.position(part).error(problem)
    }

    /// Reads `fields` as numbers, as many as `numbers` has elements.
    ///
    /// # Errors
    ///
    /// There are more or fewer, or one is no finite number. The error calls what should have them `what`, and where
    /// some are missing its position is that of `first`, a word of this line.
    pub(super) fn numbers(
        self,
        fields: Fields<'_>,
        what: &'static str,
        first: &str,
        numbers: &mut [f64],
    ) -> Result<(), ParseError> {
        if fields.count != numbers.len() {
            let at = fields.get(numbers.len()).unwrap_or(first);
            return Err(self.error(at, Problem::ValueCount(what, fields.count, numbers.len())));
        }
        for (number, word) in numbers.iter_mut().zip(fields.first) {
            *number =
                word.parse().map_err(|_| self.error(word, Problem::NotANumber(quote(word))))?;
            if !(*number as f32).is_finite() {
                return Err(self.error(word, Problem::NotFinite(quote(word))));
            }
        }
        Ok(())
    }
}

/// The fields of a line, or those behind the first.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    /// The first [`FIELDS`] of them, empty ones where there are fewer.
    pub(super) first: [&'a str; FIELDS],
    /// All of them.
    pub(super) count: usize,
}

impl<'a> Fields<'a> {
    pub(super) fn of(fields: impl Iterator<Item = &'a str>) -> Self {
        let mut all = Self { first: [""; FIELDS], count: 0 };
        for word in fields {
            if let Some(place) = all.first.get_mut(all.count) {
                *place = word;
            }
            all.count += 1;
        }
        all
    }

    pub(super) fn get(&self, index: usize) -> Option<&'a str> {
        self.first.get(index).copied().filter(|_| index < self.count)
    }

    /// The fields behind the first.
    pub(super) fn values(mut self) -> Self {
        self.first.rotate_left(1);
        self.first[FIELDS - 1] = "";
        self.count = self.count.saturating_sub(1);
        self
    }
}

/// The text, shortened, without what a terminal would take for a command.
pub(super) fn quote(text: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_in_lf_crlf_or_cr() {
        let all = |text: &str| -> Vec<String> {
            lines(text.as_bytes()).map(|line| String::from_utf8(line.to_vec()).unwrap()).collect()
        };
        assert_eq!(all("a\nb\r\nc\rd"), ["a", "b", "c", "d"]);
        assert_eq!(all("a\n\nb\r\r\n"), ["a", "", "b", ""]);
        assert!(all("").is_empty());
    }

    #[test]
    fn words_are_counted_beyond_those_that_are_kept() {
        let fields = Fields::of("a b c d e f g".split(' '));
        assert_eq!((fields.count, fields.get(4), fields.get(5)), (7, Some("e"), None));
        let values = fields.values();
        assert_eq!((values.count, values.get(0), values.get(3)), (6, Some("b"), Some("e")));
        assert_eq!(Fields::of([].into_iter()).values().count, 0);
    }
}
