//! The text around the octets of a row.
//!
//! ```text
//! {"ts": 12, "payload": "7ea077cf…"}, 130
//! ^^^^^^^^^^^^^^^^^^^^^^^        ^^^^^^^^^   this, with other numbers, is around those of the next one
//! ```

use core::mem::discriminant;

use super::{
    octet_cells::{OctetCells, OctetPlace, decimal_octet, places},
    prefix::{has_octets, slice},
    separator::is_blank,
    stamp,
    telegram::{FEW_OCTETS, begins_telegram, first_telegram},
};

/// A row as it is written.
#[derive(Clone, Debug)]
pub(super) struct AlikeRow {
    head: Vec<u8>,
    tail: Vec<u8>,
    cells: OctetCells,
}

impl AlikeRow {
    pub(super) fn at(place: &OctetPlace, line: &[u8]) -> Self {
        let (head, tail) = (slice(line, 0..place.start), slice(line, place.end..line.len()));
        Self { head: head.to_vec(), tail: tail.to_vec(), cells: place.cells }
    }

    /// The row of a line whose octets are `taken`.
    pub(super) fn agreed(line: &[u8], taken: &[u8]) -> Option<Self> {
        let places = places(line, 2, |first| taken.starts_with(first));
        let mut rows =
            places.filter(|place| place.octets == taken).map(|place| Self::at(&place, line));
        rows.find(|row| row.has_text() || row.is_bare_base64())
    }

    /// The row of a line in which a telegram is all that can be octets, and those.
    pub(super) fn apart(line: &[u8], taken: &[u8], is_sound: bool) -> Option<(Self, Vec<u8>)> {
        let mut places =
            places(line, 2, begins_telegram).filter(|place| place.octets.len() >= FEW_OCTETS);
        let place = places.next()?;
        if places.any(|other| other.start >= place.end) {
            return None;
        }
        let row = Self::at(&place, line);
        let is_cell = row.is_cell(place.octets.len());
        let is_before_words = !is_sound && row.is_before_words();
        if !(is_cell || (row.is_enclosed() || is_before_words) && row.has_text()) {
            return None;
        }
        let start = match memchr::memmem::find(taken, &place.octets) {
            Some(start) => start,
            // The first octets were taken for a part of the word in front of them.
            None if place.octets.ends_with(taken) => 0,
            // The sign behind the last octet was taken for a digit of it.
            None if !is_sound => first_telegram(taken).filter(|start| {
                let own = slice(taken, *start..taken.len());
                own.len() + 1 >= place.octets.len() && place.octets.starts_with(own)
            })?,
            None => return None,
        };
        // Octets in front of them may be those of earlier lines.
        let is_number = |octet: &u8| {
            let names = [format!("{octet:02x}"), octet.to_string()];
            names.iter().any(|name| memchr::memmem::find(&row.head, name.as_bytes()).is_some())
        };
        slice(taken, 0..start).iter().all(is_number).then_some((row, place.octets))
    }

    /// Where the octets of a line begin whose text in front of them is that of this row.
    pub(super) fn start_in(&self, line: &[u8]) -> Option<usize> {
        alike(&self.head, line)
    }

    /// True for another row with octets in the same digits, and the same text behind them if none is in front.
    pub(super) fn is_of_kind(&self, other: &Self) -> bool {
        let is_alike = |tail: &[u8]| alike(&self.tail, tail) == Some(tail.len());
        discriminant(&self.cells) == discriminant(&other.cells)
            && (self.has_head() || is_alike(&other.tail))
    }

    /// True if words or signs stand in front of the octets.
    pub(super) fn has_head(&self) -> bool {
        has_word(&self.head)
    }

    /// True for a line that begins as this row does.
    pub(super) fn is_head_of(&self, line: &[u8]) -> bool {
        self.has_head() && alike(&self.head, line).is_some()
    }

    /// True if words or signs stand in front of the octets, or words behind them.
    pub(super) fn has_words(&self) -> bool {
        self.has_head() || self.tail.iter().any(u8::is_ascii_alphabetic)
    }

    /// True if the text around the octets cannot be octets itself.
    fn has_text(&self) -> bool {
        let gap = self.cells.gap();
        let is_foreign = |c: &u8| !c.is_ascii_hexdigit() && !is_blank(*c) && !gap.contains(c);
        let is_text = self.head.iter().any(is_foreign)
            || self.head.trim_ascii().is_empty() && self.tail.iter().any(is_foreign);
        let is_open = self.head.last().is_some_and(u8::is_ascii_alphanumeric);
        is_text && (!is_open || self.is_marked()) && !self.is_amid()
    }

    /// True if an octet may stand in front of the octets.
    fn is_amid(&self) -> bool {
        let gap = self.cells.gap();
        self.head.strip_suffix(gap).filter(|_| !gap.is_empty()).is_some_and(|before| {
            let digits = before.iter().rev().take_while(|c| c.is_ascii_hexdigit()).count();
            let (before, word) = before.split_at_checked(before.len() - digits).unwrap_or_default();
            let is_apart = before.last().is_none_or(|c| is_blank(*c) || gap.contains(c));
            let is_octet = match self.cells {
                OctetCells::Decimal(_) => decimal_octet(word).is_some(),
                _ => word.len().is_multiple_of(2),
            };
            digits > 0 && is_apart && is_octet
        })
    }

    /// True if the head ends with the mark of an octet in hex.
    fn is_marked(&self) -> bool {
        self.head.ends_with(b"0x") || self.head.ends_with(b"\\x")
    }

    fn is_bare_base64(&self) -> bool {
        self.cells == OctetCells::Base64 && self.head.is_empty() && self.tail.is_empty()
    }

    /// True for quotes or brackets around the octets, and nothing but words and numbers in front of these.
    fn is_enclosed(&self) -> bool {
        let head = self.head.strip_suffix(b"0x").or_else(|| self.head.strip_suffix(b"\\x"));
        let head = head.unwrap_or(&self.head).trim_ascii_end();
        let Some((open, before)) = head.split_last() else {
            return false;
        };
        let close = match open {
            b'"' | b'\'' => *open,
            b'[' => b']',
            b'(' => b')',
            b'{' => b'}',
            _ => return false,
        };
        self.tail.trim_ascii_start().first() == Some(&close)
            && is_prose(before)
            && is_prose(slice(&self.tail, 1..self.tail.len()))
    }

    /// True for a word or two behind the octets, as `OK` or `len=32`; more are a sentence.
    fn is_before_words(&self) -> bool {
        let is_word = |word: &[u8]| word.iter().any(|c| matches!(c, b'G'..=b'Z' | b'g'..=b'z'));
        let mut words = self.tail.split(|c| !c.is_ascii_alphanumeric()).filter(|it| !it.is_empty());
        self.tail.first().is_some_and(|c| is_blank(*c))
            && words.next().is_some_and(is_word)
            && words.count() <= 1
            && is_prose(&self.head)
            && is_prose(&self.tail)
    }

    /// True for a cell of a table whose others are numbers, times and words.
    fn is_cell(&self, octets: usize) -> bool {
        let sign = |c: Option<&u8>| c.copied().filter(|c| b";,|\t:".contains(c));
        let (before, behind) = (sign(self.head.last()), sign(self.tail.first()));
        let Some(delimiter) = before.or(behind) else {
            return false;
        };
        let is_end = |text: &[u8], sign: Option<u8>| text.is_empty() || sign == Some(delimiter);
        let is_other = |cell: &[u8]| {
            let cell = cell.trim_ascii();
            let is_number = cell.iter().all(u8::is_ascii_digit);
            let is_count = octets.to_string().as_bytes() == cell;
            is_count || !has_octets(cell, 1) || is_number && cell.len() > 2 || stamp::is_stamp(cell)
        };
        let is_first = |cell: &[u8]| cell.iter().all(u8::is_ascii_digit);
        let mut front = self.head.split(|c| *c == delimiter);
        !self.cells.gap().contains(&delimiter)
            && is_end(&self.head, before)
            && is_end(&self.tail, behind)
            && (before.is_none()
                || front.next().is_some_and(|cell| is_first(cell) || is_other(cell)))
            && front.chain(self.tail.split(|c| *c == delimiter)).all(is_other)
    }

    /// The octets of a row that is written as this one. With nothing around it, it may be a word between two
    /// telegrams.
    pub(super) fn octets(&self, line: &[u8], is_amid: bool) -> Option<Vec<u8>> {
        if self.is_bare_base64() && !is_amid {
            return None;
        }
        let start = alike(&self.head, line)?;
        let (octets, length) = self.cells.octets(slice(line, start..line.len()))?;
        let tail = slice(line, start + length..line.len());
        (alike(&self.tail, tail) == Some(tail.len())).then_some(octets)
    }

    /// The octets of a row that is written as this one, and in which they are damaged, as far as their number is known.
    pub(super) fn damaged(&self, line: &[u8], is_amid: bool) -> Option<usize> {
        // A word of base64 between two telegrams.
        if self.is_bare_base64() && !is_amid && line.len() < WORD {
            return None;
        }
        let start = alike(&self.head, line)?;
        let rest = slice(line, start..line.len());
        // The text behind begins with the same sign in each row.
        let end = match self.tail.first() {
            Some(sign) => memchr::memchr(*sign, rest).filter(|end| {
                let tail = slice(rest, *end..rest.len());
                alike(&self.tail, tail) == Some(tail.len())
            })?,
            None => rest.len(),
        };
        self.cells.damaged(slice(rest, 0..end))
    }
}

/// The characters that a text has in common with a pattern: numbers and blanks of any length.
fn alike(pattern: &[u8], text: &[u8]) -> Option<usize> {
    let (mut left, mut rest) = (pattern, text);
    while let Some(first) = left.first() {
        let kind = |c: &u8| match c {
            c if c.is_ascii_digit() => b'0',
            c if is_blank(*c) => b' ',
            c => *c,
        };
        let is_run = matches!(kind(first), b'0' | b' ');
        let run = |text: &[u8]| {
            let same = text.iter().take_while(|c| kind(c) == kind(first)).count();
            if is_run { same } else { same.min(1) }
        };
        let (in_pattern, in_text) = (run(left), run(rest));
        if in_text == 0 {
            return None;
        }
        left = slice(left, in_pattern..left.len());
        rest = slice(rest, in_text..rest.len());
    }
    Some(text.len() - rest.len())
}

/// True for a text with more than numbers.
fn has_word(text: &[u8]) -> bool {
    text.iter().any(|c| !c.is_ascii_digit() && !is_blank(*c))
}

/// True for words, and numbers that are not in quotes or brackets.
fn is_prose(text: &[u8]) -> bool {
    let mut groups = text.split(|c| !c.is_ascii_alphanumeric());
    let is_word = |group: &[u8]| {
        group.iter().all(u8::is_ascii_digit)
            || group.iter().any(|c| !c.is_ascii_hexdigit())
            || !group.iter().any(u8::is_ascii_digit)
    };
    // A list of its own.
    let is_list =
        text.windows(2).any(|two| matches!(two, [b'"' | b'\'' | b'[' | b'{', b'0'..=b'9']));
    groups.all(is_word) && !is_list
}

/// The digits of a row of base64 that is told from a word between two telegrams.
const WORD: usize = 40;
