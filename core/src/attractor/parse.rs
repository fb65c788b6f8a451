//! The property's text, item by item, with the place of what is wrong in it.

use std::fmt;

use super::{Attractor, Channels, css};

/// Most attractors in one set.
pub const MAX_ATTRACTORS: usize = 256;

/// Longest text of a set, in bytes.
pub const MAX_TEXT_BYTES: usize = 64 * 1024;

/// How much of an offending piece of text a message quotes, in characters.
const QUOTE_LENGTH: usize = 40;

/// What an item is, for messages.
const EXPECTED: &str = "color;tolerance;strength[;channels], separated by semicolons";

/// What a colour is, for messages.
const COLOR: &str = "one such as teal, #ff8a3d or oklch(50% 0.15 200)";

/// What is wrong with an item.
#[derive(Clone, Debug, PartialEq)]
pub enum Problem {
    /// The text is longer than [`MAX_TEXT_BYTES`]; its length in bytes.
    TextTooLong(usize),
    /// There are more items than [`MAX_ATTRACTORS`].
    TooManyItems,
    /// The whole text is in quotes, of which this is one.
    Quoted(char),
    /// Nothing between two separators.
    EmptyItem,
    /// The number of fields is neither 3 nor 4.
    FieldCount(usize),
    /// Not a CSS colour: the text, and what the colour parser says.
    Color(String, String),
    /// Not a number: the field's name, and its text.
    NotANumber(&'static str, String),
    /// A number outside its range: the field's name, its text, and the range's end; it begins at 0.
    OutOfRange(&'static str, String, f64),
    /// Not a set of channels: the text.
    Channels(String),
}

/// A text that is not a set of attractors: the place, and the problem.
#[derive(Clone, Debug, PartialEq)]
pub struct ParseError {
    /// Number of the item, from 1.
    pub item: usize,
    /// Line of the offending piece, from 1.
    pub line: usize,
    /// Column of the offending piece in its line, in characters from 1.
    pub column: usize,
    /// What is wrong.
    pub problem: Problem,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TextTooLong(bytes) => {
                write!(f, "the text has {bytes} bytes, at most {MAX_TEXT_BYTES} are allowed")
            }
            Self::TooManyItems => write!(f, "at most {MAX_ATTRACTORS} attractors are allowed"),
            Self::Quoted(quote) => write!(
                f,
                "the text is in quotes, {quote}, that belong to it: a pipeline description takes double \
                 quotes off, single ones it keeps"
            ),
            Self::EmptyItem => {
                write!(f, "the item is empty, expected {EXPECTED}")
            }
            Self::FieldCount(count) => write!(
                f,
                "the item has {count} field{}, expected {EXPECTED}",
                if *count == 1 { "" } else { "s" }
            ),
            Self::Color(text, why) => {
                write!(f, "\"{text}\" is not a CSS colour ({why}), expected {COLOR}")
            }
            Self::NotANumber(field, text) => {
                write!(f, "{field} \"{text}\" is not a number, expected 0 to {}", range_of(field))
            }
            Self::OutOfRange(field, text, end) => {
                write!(f, "{field} {text} is out of range, allowed is 0 to {end}")
            }
            Self::Channels(text) => {
                write!(
                    f,
                    "channels \"{text}\" are unknown, allowed are any of the letters l, s and h"
                )
            }
        }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "item {}, ", self.item)?;
        if self.line > 1 {
            write!(f, "line {}, ", self.line)?;
        }
        write!(f, "column {}: {}", self.column, self.problem)
    }
}

impl std::error::Error for ParseError {}

const TOLERANCE: &str = "tolerance";
const STRENGTH: &str = "strength";

fn range_of(field: &str) -> f64 {
    if field == STRENGTH { 200.0 } else { 100.0 }
}

/// A piece of the text with its place.
#[derive(Clone, Copy)]
struct Piece<'a> {
    text: &'a str,
    line: usize,
    column: usize,
}

impl<'a> Piece<'a> {
    /// The pieces between separators, each where it starts.
    fn split(self, separator: char) -> impl Iterator<Item = Piece<'a>> {
        let mut column = self.column;
        self.text.split(separator).map(move |text| {
            let piece = Piece { text, column, ..self };
            column += text.chars().count() + 1;
            piece
        })
    }

    /// Without white space at either end.
    fn trimmed(self) -> Self {
        let start = self.text.trim_start();
        let skipped = self.text.len() - start.len();
        Self {
            text: start.trim_end(),
            column: self.column + self.text[..skipped].chars().count(),
            ..self
        }
    }

    fn error(self, item: usize, problem: Problem) -> ParseError {
        ParseError { item, line: self.line, column: self.column, problem }
    }

    fn quote(self) -> String {
        let mut quote: String = self.text.chars().take(QUOTE_LENGTH).collect();
        if self.text.chars().nth(QUOTE_LENGTH).is_some() {
            quote.push('…');
        }
        quote
    }
}

/// The attractors of `text`, in order; none for a text of white space.
///
/// # Errors
///
/// The first thing that is wrong, see [`Problem`].
pub fn parse(text: &str) -> Result<Vec<Attractor>, ParseError> {
    let attractors = parse_with_alpha(text)?;
    Ok(attractors.into_iter().map(|(attractor, _)| attractor).collect())
}

/// The same with the alpha of each colour, 0 to 1, which an attractor has no use for.
///
/// # Errors
///
/// As [`parse`].
pub fn parse_with_alpha(text: &str) -> Result<Vec<(Attractor, f32)>, ParseError> {
    let whole = Piece { text, line: 1, column: 1 };
    if text.len() > MAX_TEXT_BYTES {
        return Err(whole.error(1, Problem::TextTooLong(text.len())));
    }
    if let Some(quote) = text.trim_start().chars().next().filter(|first| "'\"".contains(*first)) {
        return Err(whole.trimmed().error(1, Problem::Quoted(quote)));
    }
    let mut attractors = Vec::new();
    let lines = text.split('\n').enumerate().map(|(index, text)| Piece {
        text,
        line: index + 1,
        column: 1,
    });
    for line in lines.filter(|line| !line.text.trim().is_empty()) {
        for item in line.split('|') {
            let number = attractors.len() + 1;
            if number > MAX_ATTRACTORS {
                return Err(item.trimmed().error(number, Problem::TooManyItems));
            }
            attractors.push(parse_item(item, number)?);
        }
    }
    Ok(attractors)
}

fn parse_item(item: Piece<'_>, number: usize) -> Result<(Attractor, f32), ParseError> {
    let whole = item.trimmed();
    if whole.text.is_empty() {
        return Err(whole.error(number, Problem::EmptyItem));
    }
    let fields: Vec<Piece<'_>> = item.split(';').map(Piece::trimmed).collect();
    let (color, tolerance, strength, channels) = match fields[..] {
        [color, tolerance, strength] => (color, tolerance, strength, None),
        [color, tolerance, strength, channels] => (color, tolerance, strength, Some(channels)),
        _ => return Err(whole.error(number, Problem::FieldCount(fields.len()))),
    };
    let not_a_color = |why: String| color.error(number, Problem::Color(color.quote(), why));
    let (attractor, alpha) =
        css::resolve(color.text).map_err(|why| not_a_color(why.to_string()))?;
    if !attractor.lab.iter().all(|v| v.is_finite()) {
        return Err(not_a_color("a component is not finite".into()));
    }
    let attractor = Attractor {
        tolerance: parse_number(tolerance, TOLERANCE, number)?,
        strength: parse_number(strength, STRENGTH, number)?,
        ..attractor
    };
    let channels = channels.map(|channels| parse_channels(channels, number)).transpose()?;
    Ok((attractor.limited_to(channels.unwrap_or(Channels::ALL)), alpha))
}

fn parse_number(field: Piece<'_>, name: &'static str, item: usize) -> Result<f64, ParseError> {
    let number: f64 = field
        .text
        .parse()
        .ok()
        .filter(|number: &f64| !number.is_nan())
        .ok_or_else(|| field.error(item, Problem::NotANumber(name, field.quote())))?;
    let end = range_of(name);
    if !(0.0..=end).contains(&number) {
        return Err(field.error(item, Problem::OutOfRange(name, field.quote(), end)));
    }
    // Minus zero would make two equal sets look different.
    Ok(number.abs())
}

fn parse_channels(field: Piece<'_>, item: usize) -> Result<Channels, ParseError> {
    let known = |letter: char| "lsh".contains(letter.to_ascii_lowercase());
    if field.text.is_empty() || !field.text.chars().all(known) {
        return Err(field.error(item, Problem::Channels(field.quote())));
    }
    let has = |letter: char| field.text.contains([letter, letter.to_ascii_uppercase()]);
    Ok(Channels { luminance: has('l'), saturation: has('s'), hue: has('h') })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> (usize, usize, usize, Problem) {
        let error = parse(text).expect_err(text);
        (error.item, error.line, error.column, error.problem)
    }

    #[test]
    fn items_are_separated_by_bars_and_newlines() {
        let set = parse("red;50;75 | oklch(50% 0.15 200) ; 40 ; 60;lh\n\n#0af;1e1;200\n").unwrap();
        assert_eq!(set.len(), 3);
        assert_eq!((set[0].tolerance, set[0].strength), (50.0, 75.0));
        assert_eq!(set[1].chroma, None);
        assert!((set[1].hue.unwrap() - 200.0).abs() < 1e-5);
        assert_eq!((set[2].tolerance, set[2].strength), (10.0, 200.0));
        assert!(parse("").unwrap().is_empty());
        assert!(parse(" \n ").unwrap().is_empty());
    }

    #[test]
    fn every_kind_of_error_has_its_place() {
        assert_eq!(problem("red;50;75|;"), (2, 1, 11, Problem::FieldCount(2)));
        assert_eq!(problem("red;50;75| |blue;1;1"), (2, 1, 12, Problem::EmptyItem));
        assert_eq!(problem("red;50;75|"), (2, 1, 11, Problem::EmptyItem));
        assert_eq!(problem("red;50"), (1, 1, 1, Problem::FieldCount(2)));
        assert_eq!(problem("red;50;75;l;x"), (1, 1, 1, Problem::FieldCount(5)));
        let (item, line, column, what) = problem("red;50;75\n  rouge;1;1");
        assert_eq!((item, line, column), (2, 2, 3));
        assert!(matches!(what, Problem::Color(text, _) if text == "rouge"));
        let not_a_number = |field, text: &str| Problem::NotANumber(field, text.into());
        assert_eq!(problem("red;NaN;75"), (1, 1, 5, not_a_number("tolerance", "NaN")));
        assert_eq!(problem("red;5; x"), (1, 1, 8, not_a_number("strength", "x")));
        assert_eq!(problem("red;;5"), (1, 1, 5, not_a_number("tolerance", "")));
        let range = |field, text: &str, end| Problem::OutOfRange(field, text.into(), end);
        assert_eq!(problem("red;101;5"), (1, 1, 5, range("tolerance", "101", 100.0)));
        assert_eq!(problem("red;5;-1"), (1, 1, 7, range("strength", "-1", 200.0)));
        assert_eq!(problem("red;5;inf"), (1, 1, 7, range("strength", "inf", 200.0)));
        assert_eq!(problem("red;5;5;q"), (1, 1, 9, Problem::Channels("q".into())));
        assert_eq!(problem("red;5;5;"), (1, 1, 9, Problem::Channels(String::new())));
        assert!(matches!(problem("oklch(50% 1e999 0);5;5").3, Problem::Color(..)));
        // Columns count characters, not bytes.
        assert_eq!(problem("é;5;5").2, 1);
        assert_eq!(problem("red;é;5").3, not_a_number("tolerance", "é"));
    }

    #[test]
    fn huge_texts_are_refused_shortly() {
        let many = vec!["red;5;5"; 10_000].join("|");
        let (item, _, _, what) = problem(&many);
        assert_eq!(what, Problem::TextTooLong(many.len()));
        assert_eq!(item, 1);
        let (item, _, column, what) = problem(&vec!["red;5;5"; 300].join("|"));
        assert_eq!((item, column, what), (257, 256 * 8 + 1, Problem::TooManyItems));
        let message = parse(&"x".repeat(60_000)).unwrap_err().to_string();
        assert!(message.len() < 200, "{message}");
        assert!(parse(&"x;1;1 ".repeat(200_000)).unwrap_err().to_string().len() < 200);
        let message = parse(&format!("{};1;1", "y".repeat(5000))).unwrap_err().to_string();
        assert!(message.len() < 300, "{message}");
    }

    #[test]
    fn quotes_that_a_pipeline_description_keeps_are_named() {
        assert_eq!(problem(" 'teal;40;60'"), (1, 1, 2, Problem::Quoted('\'')));
        assert_eq!(problem("\"teal;40;60\""), (1, 1, 1, Problem::Quoted('"')));
        assert!(matches!(problem("red;1;1|'teal';40;60").3, Problem::Color(..)));
    }

    #[test]
    fn alpha_is_told_and_has_no_effect() {
        let alphas = |text: &str| {
            let set = parse_with_alpha(text).unwrap();
            set.iter().map(|(_, alpha)| *alpha).collect::<Vec<_>>()
        };
        assert_eq!(
            alphas("red;1;1|rgb(255 0 0 / 50%);1;1|oklch(50% 0.1 20 / 0);1;1"),
            [1.0, 0.5, 0.0]
        );
        assert!((alphas("#ff000080;1;1")[0] - 128.0 / 255.0).abs() < 1e-6);
        assert_eq!(parse("#ff000080;1;1"), parse("red;1;1"));
    }

    #[test]
    fn messages_name_item_column_and_what_is_allowed() {
        let message = parse("red;50;75 | blue;140;60").unwrap_err().to_string();
        assert_eq!(
            message,
            "item 2, column 18: tolerance 140 is out of range, allowed is 0 to 100"
        );
    }

    #[test]
    fn channels_that_an_attractor_lacks_are_none() {
        let set = parse("red;50;75;s").unwrap();
        assert_eq!((set[0].lightness, set[0].hue), (None, None));
        assert!(set[0].chroma.is_some());
        assert_eq!(set[0].lab, parse("red;50;75").unwrap()[0].lab);
    }
}
