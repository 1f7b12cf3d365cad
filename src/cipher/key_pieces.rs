//! The pieces of a key file: a line each, but objects of JSON and rows of tables are pieces of their
//! own, and an array of octets is one piece, however many lines it is written in.

use zeroize::Zeroizing;

use crate::{cipher::key_entry::Defect, error::Error};

/// A piece, and what it begins and ends.
pub(super) struct KeyPiece {
    /// The line, from 1.
    pub(super) line: usize,
    /// The first character within the line, from 0.
    pub(super) column: usize,
    /// The text.
    pub(super) text: Zeroizing<String>,
    /// Objects that begin here.
    pub(super) opened: usize,
    /// Objects that end here.
    pub(super) closed: usize,
    /// True for the heading of a section: `[181220000009]`.
    pub(super) is_section: bool,
}

impl KeyPiece {
    /// The blanks in front of the line.
    pub(super) fn indentation(&self) -> usize {
        self.text.len() - self.text.trim_start().len()
    }

    /// A defect with its place in the file.
    pub(super) fn defect(&self, error: Error) -> Defect {
        let error = Error { offset: error.offset + self.column, ..error };
        Defect { line: self.line, error }
    }
}

/// The pieces of a text.
pub(super) fn of(text: &str) -> Vec<KeyPiece> {
    let mut pieces = Vec::new();
    for (line, text) in arrays(text) {
        let mut column = 0;
        let mut rest = text.as_str();
        while let Some(end) = object_end(rest) {
            let (object, behind) = rest.split_at(end);
            pieces.push(piece(line, column, object));
            column += object.chars().count();
            rest = behind;
        }
        pieces.push(piece(line, column, rest));
    }
    pieces
}

fn piece(line: usize, column: usize, text: &str) -> KeyPiece {
    let heading = text.trim();
    let is_section =
        column == 0 && heading.starts_with('[') && heading.ends_with(']') && !heading.contains(',');
    let [opened, closed] = ['{', '}'].map(|brace| text.matches(brace).count());
    KeyPiece { line, column, text: Zeroizing::new(text.to_owned()), opened, closed, is_section }
}

/// Behind an object, or a row of a table, that another part of the line follows.
fn object_end(text: &str) -> Option<usize> {
    let behind = |end: usize| text.get(end..).unwrap_or_default().trim_start();
    let ends = |sign: &'static str| text.match_indices(sign).map(move |(at, _)| at + sign.len());
    let object = ends("}").find(|end| behind(*end).starts_with(','));
    let row = ends("</tr>").find(|end| !behind(*end).is_empty());
    object.into_iter().chain(row).min()
}

/// The lines with their numbers. An array of octets is one.
fn arrays(text: &str) -> Vec<(usize, Zeroizing<String>)> {
    let mut lines: Vec<(usize, Zeroizing<String>)> = Vec::new();
    let mut is_open = false;
    for (index, line) in text.lines().enumerate() {
        let octets = line.trim_end_matches([' ', '\t', ';', '}', ']']);
        let is_octet = |c: char| c.is_ascii_hexdigit() || " \t,xX".contains(c);
        let is_next = is_open && octets.chars().all(is_octet);
        match lines.last_mut().filter(|(_, array)| is_next && array.len() < LONGEST_ARRAY) {
            Some((_, array)) => {
                // The old text of a string that grows would stay in memory.
                *array = Zeroizing::new([array.as_str(), " ", line].concat());
                is_open = octets.len() == line.trim_end().len();
            }
            None => {
                lines.push((index + 1, Zeroizing::new(line.to_owned())));
                is_open = line.trim_end().ends_with(['{', '[']);
            }
        }
    }
    lines
}

/// The characters of an array of octets.
const LONGEST_ARRAY: usize = 1024;
