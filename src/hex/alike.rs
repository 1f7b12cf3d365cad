//! Rows that are written alike: the same text around the octets of each, but for the numbers in it.
//!
//! ```text
//! {"ts": 0, "len": 130, "payload": "7ea077cf…"}     a telegram begins: the rest of the line is none of it
//! {"ts": 1, "len": 2, "payload": "1234"}            nor in the next rows, however few octets they have
//! {"ts": 2, "len": 3, "payload": "12345"}           a row, and not whole
//! ```
//!
//! Each form is read by a file of its own, which knows a row by its octets, and may miss one that has few of them, or
//! nothing but decimal digits. Here a row is known by the text around it. That text is taken from a row in which a
//! telegram begins, and which its form reads as exactly the octets of one place in the line; or from one in which
//! quotes, brackets or cells of a table stand around these octets.

use super::{
    octet_cells::{OctetCells, OctetPlace, decimal_octet, places},
    prefix::{has_octets, slice},
    separator::is_blank,
    stamp,
    telegram::{TelegramEnd, begins_telegram, first_telegram},
};

/// The state between two rows.
#[derive(Clone, Debug, Default)]
pub(super) struct AlikeRows {
    row: Option<AlikeRow>,
    /// The place among the telegrams of such rows.
    end: TelegramEnd,
}

/// A row as it is written.
#[derive(Clone, Debug)]
struct AlikeRow {
    head: Vec<u8>,
    tail: Vec<u8>,
    cells: OctetCells,
}

/// The octets of a line, read by the text around them.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum AlikeOctets {
    /// These, and no others.
    Octets(Vec<u8>),
    /// The text is that of a row, and the rest of it is damaged.
    Damaged,
}

impl AlikeRows {
    /// The octets of a line that is written as the rows before it, or begins such rows. `taken`: the octets as its
    /// form reads it; `None` if they have a defect. Nothing if they are the same, or the line is no such row.
    pub(super) fn octets(
        &mut self,
        line: &[u8],
        taken: &[u8],
        is_sound: bool,
    ) -> Option<AlikeOctets> {
        let found = self.found(ended(line), taken, is_sound);
        match &found {
            Some(AlikeOctets::Octets(octets)) => self.end.line(octets),
            _ => self.end.line(taken),
        }
        found
    }

    fn found(&mut self, line: &[u8], taken: &[u8], is_sound: bool) -> Option<AlikeOctets> {
        if let Some(row) = &self.row {
            if let Some(octets) = row.octets(line, self.end.is_amid()) {
                return (octets != taken || !is_sound).then_some(AlikeOctets::Octets(octets));
            }
            if taken.is_empty() && is_sound && row.is_damaged(line, self.end.is_amid()) {
                return Some(AlikeOctets::Damaged);
            }
        }
        // A search costs the square of the length.
        first_telegram(taken).filter(|_| line.len() <= LONGEST)?;
        if let Some(row) = is_sound.then(|| AlikeRow::agreed(line, taken)).flatten() {
            self.row = Some(row);
            return None;
        }
        let (row, octets) = AlikeRow::apart(line, taken, is_sound)?;
        self.row = Some(row);
        Some(AlikeOctets::Octets(octets))
    }
}

impl AlikeRow {
    fn at(place: &OctetPlace, line: &[u8]) -> Self {
        let (head, tail) = (slice(line, 0..place.start), slice(line, place.end..line.len()));
        Self { head: head.to_vec(), tail: tail.to_vec(), cells: place.cells }
    }

    /// The row of a line whose octets are `taken`.
    fn agreed(line: &[u8], taken: &[u8]) -> Option<Self> {
        let places = places(line, |first| taken.starts_with(first));
        let mut rows =
            places.filter(|place| place.octets == taken).map(|place| Self::at(&place, line));
        rows.find(|row| row.has_text() || row.is_bare_base64())
    }

    /// The row of a line in which a telegram is all that can be octets, and those.
    fn apart(line: &[u8], taken: &[u8], is_sound: bool) -> Option<(Self, Vec<u8>)> {
        let mut places = places(line, begins_telegram).filter(|place| place.octets.len() >= LEAST);
        let place = places.next()?;
        if places.any(|other| other.start >= place.end) {
            return None;
        }
        let row = Self::at(&place, line);
        let is_cell = row.is_cell(place.octets.len());
        if !(is_cell || row.is_enclosed() && row.has_text()) {
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
    fn octets(&self, line: &[u8], is_amid: bool) -> Option<Vec<u8>> {
        if self.is_bare_base64() && !is_amid {
            return None;
        }
        let start = alike(&self.head, line)?;
        let (octets, length) = self.cells.octets(slice(line, start..line.len()))?;
        let tail = slice(line, start + length..line.len());
        (alike(&self.tail, tail) == Some(tail.len())).then_some(octets)
    }

    /// True for a row that is written as this one up to its octets, and which are damaged.
    fn is_damaged(&self, line: &[u8], is_amid: bool) -> bool {
        // A word of base64 between two telegrams.
        if self.is_bare_base64() && !is_amid && line.len() < WORD {
            return false;
        }
        let Some(start) = alike(&self.head, line) else {
            return false;
        };
        let rest = slice(line, start..line.len());
        // The text behind begins with the same sign in each row.
        let end = match self.tail.first() {
            Some(sign) => memchr::memchr(*sign, rest).filter(|end| {
                let tail = slice(rest, *end..rest.len());
                alike(&self.tail, tail) == Some(tail.len())
            }),
            None => Some(rest.len()),
        };
        end.is_some_and(|end| self.cells.are_damaged(slice(rest, 0..end)))
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

/// The line without the comma that stands behind all rows of a list but the last.
fn ended(line: &[u8]) -> &[u8] {
    let line = line.trim_ascii();
    line.strip_suffix(b",").unwrap_or(line)
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

/// A longer line is no row.
const LONGEST: usize = 4096;

/// The octets of a telegram that is told from other digits by what stands around it.
const LEAST: usize = 8;

/// The digits of a row of base64 that is told from a word between two telegrams.
const WORD: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    const START: &str = "68fafa6853ff000167db08";

    /// The octets of the second line, both of which their forms read as `taken`.
    fn second(first: &str, second: &str, taken: &[&str]) -> Option<AlikeOctets> {
        let mut rows = AlikeRows::default();
        let taken: Vec<_> = taken.iter().map(|it| hex::decode(it).unwrap()).collect();
        rows.octets(first.as_bytes(), &taken[0], true);
        rows.octets(second.as_bytes(), &taken[1], true)
    }

    fn octets(digits: &str) -> Option<AlikeOctets> {
        Some(AlikeOctets::Octets(hex::decode(digits).unwrap()))
    }

    #[test]
    fn rows_are_known_by_the_text_around_their_octets() {
        let json = |at: u8, text: &str| format!("{{\"ts\": {at}, \"payload\": \"{text}\"}}");
        let base64 = "aPr6aFP/AAFn2wg=";
        let decimal = "104, 250, 250, 104, 83, 255, 0, 1, 103, 219, 8";
        for (first, next) in [
            (json(0, START), json(12, "1234")),
            (json(0, base64), json(12, "EjQ=")),
            (format!("12:00:01;{START}"), "12:00:02;1234".to_owned()),
            (format!("2026/06/21 [{decimal}]"), "2026/06/22 [18, 52]".to_owned()),
            (format!("[104, {}]", decimal.replacen("104, ", "", 1)), "[18, 52]".to_owned()),
        ] {
            assert_eq!(second(&first, &next, &[START, ""]), octets("1234"), "{next}");
            assert_eq!(second(&first, &next, &[START, "1234"]), None, "{next}");
        }
    }

    #[test]
    fn numbers_beside_the_octets_of_a_telegram_are_left_out() {
        let spaced = hex::decode(START).unwrap().into_iter().map(|it| format!("{it:02x} "));
        let spaced = spaced.collect::<String>().trim().to_owned();
        let escaped = format!("\\x{}", spaced.replace(' ', "\\x"));
        for (line, taken) in [
            (format!("read(3, \"{escaped}\", 4096) = 11 <0.000123>"), format!("{START}409611")),
            (format!("0\t{spaced}\t11"), format!("{START}11")),
        ] {
            let mut rows = AlikeRows::default();
            let taken = hex::decode(taken).unwrap();
            assert_eq!(rows.octets(line.as_bytes(), &taken, true), octets(START), "{line}");
        }
    }

    #[test]
    fn rows_that_may_be_octets_are_left_to_their_forms() {
        let list = "126160, 119, 0, 219, 8, 73, 83, 75, 105, 116, 6, 43, 23";
        let next = "126, 160, 119, 0, 219, 8, 73, 83, 75, 105, 116, 6";
        for (first, next, taken) in [
            (format!("[{list}]"), format!("[{next}]"), "db0849534b6974062b17"),
            (format!("16 {START}"), "12 3456".to_owned(), START),
            (START.to_owned(), "123456".to_owned(), START),
        ] {
            assert_eq!(second(&first, &next, &[taken, ""]), None, "{next}");
        }
    }

    #[test]
    fn a_row_that_is_not_whole_is_damaged_and_words_are_not() {
        let first = format!("rx: \"{START}\"");
        let found = |next: &str| second(&first, next, &[START, ""]);
        assert_eq!(found("rx: \"12345\""), Some(AlikeOctets::Damaged));
        assert_eq!(found("rx: \"connected\""), None);
        assert_eq!(found("tx: \"12345\""), None);
    }
}
