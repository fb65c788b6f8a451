//! What can be wrong with the text of a .cube file, in words.

use std::fmt;

use super::MIN_SIZE;
use super::keyword::Keyword::{self, DomainMax, DomainMin, Range1d, Range3d, Size1d, Size3d};

/// What is wrong with a file's text.
#[derive(Clone, Debug, PartialEq)]
pub enum Problem {
    /// The file is of another kind: which one.
    OtherKind(&'static str),
    /// A NUL or Ctrl-Z, which may end a file, stands before the last row: its code.
    EarlyEnd(u8),
    /// A line begins with a word that is no keyword.
    UnknownKeyword(String),
    /// A keyword stands after the first row.
    KeywordInTable(&'static str),
    /// A keyword stands for the second time and says something else; the line of the first.
    Twice(&'static str, usize),
    /// A keyword or a row has another number of values than it should: which one, the values it has, and
    /// those it should have.
    ValueCount(&'static str, usize, usize),
    /// Not a number.
    NotANumber(String),
    /// Infinite, not a number in the sense of IEEE 754, or too large for single precision.
    NotFinite(String),
    /// A size that is not a whole number in its range: the keyword, its value, and the range's end.
    Size(&'static str, String, usize),
    /// A domain or range that is empty or ends below where it begins: its ends.
    EmptyDomain(f64, f64),
    /// DOMAIN_MIN or DOMAIN_MAX in a file of two tables, of which the first has another domain.
    DomainOfTwo(&'static str),
    /// A range that is not the domain, which the file states as well.
    RangeIsNotDomain(&'static str),
    /// A row, or the end of the file, before any size.
    NoSize,
    /// Another row than the sizes call for; the number of rows that they do.
    TooManyRows(usize),
    /// The end of the file before the last row: the rows it has, and those that its sizes call for.
    TooFewRows(usize, usize),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherKind(kind) => {
                write!(f, "the file is {kind}, expected a .cube file (text in ASCII or UTF-8)")
            }
            Self::EarlyEnd(code) => {
                let name = if *code == 0 { "a NUL character" } else { "a Ctrl-Z" };
                write!(f, "{name} stands before the last row, allowed is one after it")
            }
            Self::UnknownKeyword(text) => {
                write!(
                    f,
                    "\"{text}\" is unknown, allowed are rows of three numbers, comments after #"
                )?;
                Keyword::ALL.iter().try_for_each(|keyword| write!(f, ", {}", keyword.name()))
            }
            Self::KeywordInTable(keyword) => {
                write!(f, "{keyword} stands after the first row, expected before it")
            }
            Self::Twice(keyword, line) => {
                write!(f, "{keyword} says something else in line {line}, allowed is once")
            }
            Self::ValueCount(what, has, expected) => {
                write!(f, "{what} has {has} values, expected {expected}")
            }
            Self::NotANumber(text) => {
                write!(f, "\"{text}\" is not a number, expected one such as 0.5 or 5e-1")
            }
            Self::NotFinite(text) => {
                write!(f, "\"{text}\" is out of range, allowed is -3.4e38 to 3.4e38")
            }
            Self::Size(keyword, text, most) => {
                write!(f, "{keyword} {text} is out of range, allowed is {MIN_SIZE} to {most}")
            }
            Self::EmptyDomain(low, high) => {
                write!(
                    f,
                    "the domain runs from {low} to {high}, expected an end above its beginning"
                )
            }
            Self::DomainOfTwo(keyword) => write!(
                f,
                "{keyword} is not the domain of the first of two tables, expected {} and {}",
                Range1d.name(),
                Range3d.name()
            ),
            Self::RangeIsNotDomain(range) => {
                write!(
                    f,
                    "{range} is not what {} and {} say, expected one of both",
                    DomainMin.name(),
                    DomainMax.name()
                )
            }
            Self::NoSize => {
                write!(
                    f,
                    "there is no size, expected {} or {} before the rows",
                    Size1d.name(),
                    Size3d.name()
                )
            }
            Self::TooManyRows(expected) => {
                write!(f, "there are more rows than the {expected} that the size calls for")
            }
            Self::TooFewRows(has, expected) => {
                write!(f, "the file ends after {has} rows, expected {expected} by its size")
            }
        }
    }
}

/// A text that is not a .cube file: the place, and the problem.
#[derive(Clone, Debug, PartialEq)]
pub struct ParseError {
    /// Line, from 1; for what is missing at the end, the one after the last.
    pub line: usize,
    /// Column, in characters from 1.
    pub column: usize,
    /// What is wrong.
    pub problem: Problem,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.problem)
    }
}

impl std::error::Error for ParseError {}
