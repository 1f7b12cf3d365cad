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

use std::collections::VecDeque;

use super::{
    alike_row::AlikeRow,
    first_octets::{BESIDE, FirstOctets},
    telegram::{TelegramEnd, first_telegram},
};

/// The state between two rows.
#[derive(Clone, Debug, Default)]
pub(super) struct AlikeRows {
    row: Option<AlikeRow>,
    first: FirstOctets,
    /// The last lines of which nothing was read, with their numbers, as long as no row is known: they may be rows of
    /// a telegram whose first row is missing.
    unread: VecDeque<(u64, Vec<u8>)>,
    /// The place among the telegrams of such rows.
    end: TelegramEnd,
}

/// The octets of a line, read by the text around them.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum AlikeOctets {
    /// These, and no others.
    Octets(Vec<u8>),
    /// These, the first ones of which are those of earlier lines: a telegram begins.
    Begun(Vec<u8>),
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
        // A form that reads the first rows of a telegram itself.
        if self.row.is_none() && first_telegram(taken).is_some() {
            self.unread.clear();
        }
        match &found {
            Some(AlikeOctets::Octets(octets) | AlikeOctets::Begun(octets)) => {
                self.end.line(octets);
            }
            _ => self.end.line(taken),
        }
        found
    }

    /// True if it is known how a row is written.
    pub(super) const fn has_row(&self) -> bool {
        self.row.is_some()
    }

    /// True if octets wait for those of the next line.
    pub(super) const fn is_waiting(&self) -> bool {
        self.first.is_waiting()
    }

    /// Notes a line of which nothing was read, or a few octets that are no telegram's: the first ones of a telegram
    /// may be in it.
    pub(super) fn note(&mut self, line: &[u8], number: u64, taken: &[u8]) {
        if line.len() > LONGEST {
            return;
        }
        self.first.note(ended(line), number, taken);
        if self.row.is_none() {
            if self.unread.len() == MOST {
                self.unread.pop_front();
            }
            self.unread.push_back((number, ended(line).to_vec()));
        }
    }

    /// True for a line that [`note`](Self::note) takes, behind the call for it: its form has `taken` octets.
    pub(super) const fn is_to_note(&self, taken: &[u8]) -> bool {
        taken.is_empty() || taken.len() < BESIDE && !self.end.is_amid()
    }

    /// True if lines of which nothing was read may be rows, as it is known now how one is written.
    pub(super) fn has_earlier(&self) -> bool {
        self.row.is_some() && !self.unread.is_empty()
    }

    /// The octets of these lines.
    #[cold]
    pub(super) fn earlier(&mut self) -> Vec<(u64, Vec<u8>)> {
        let Some(row) = &self.row else {
            return Vec::new();
        };
        let lines = core::mem::take(&mut self.unread).into_iter();
        lines.filter_map(|(number, line)| Some((number, row.octets(&line, true)?))).collect()
    }

    fn found(&mut self, line: &[u8], taken: &[u8], is_sound: bool) -> Option<AlikeOctets> {
        if is_sound
            && self.is_waiting()
            && let Some(begun) = self.first.next(line, taken)
        {
            self.row = begun.row.or_else(|| self.row.take());
            self.unread.retain(|(number, _)| *number < begun.line);
            return Some(AlikeOctets::Begun(begun.octets));
        }
        if let Some(row) = &self.row {
            if let Some(octets) = row.octets(line, self.end.is_amid()) {
                return (octets != taken || !is_sound).then_some(AlikeOctets::Octets(octets));
            }
            let damaged = if is_sound { row.damaged(line, self.end.is_amid()) } else { None };
            if damaged.is_some_and(|octets| taken.is_empty() || taken.len() < octets) {
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

/// The line without the comma that stands behind all rows of a list but the last.
fn ended(line: &[u8]) -> &[u8] {
    let line = line.trim_ascii();
    line.strip_suffix(b",").unwrap_or(line)
}

/// So many lines are looked at again.
const MOST: usize = 64;

/// A longer line is no row.
const LONGEST: usize = 4096;

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
