//! A telegram taken apart by hand: some octets a line, and behind them how many and which.
//!
//! ```text
//! 68FAFA68          4 M-Bus Start long frame
//! 53FF00            3 C field, A field, CI field
//! DB08              2 ?
//! ```
//!
//! Else what stands before prose is prose too. Here a wide gap or a sign is between the two, and
//! the number fits, or the octets are the first ones of a telegram; or a line before was so.

use core::ops::Range;

use super::{
    prefix::slice,
    separator::{is_blank, is_separator},
};

/// The state between two lines.
#[derive(Clone, Debug, Default)]
pub(super) struct Annotated(bool);

impl Annotated {
    /// True behind such a line.
    pub(super) const fn is_within(&self) -> bool {
        self.0
    }

    /// Where the octets of a line are; nothing if it is no such line.
    pub(super) fn octets(&mut self, line: &[u8]) -> Option<Range<usize>> {
        let Some((hex, note)) = split(line) else {
            // A long row of octets may be without a note.
            self.0 = self.0 && line.iter().all(|&c| c.is_ascii_hexdigit() || is_separator(c));
            return None;
        };
        let octets = slice(line, hex.clone()).iter().filter(|c| !is_separator(**c)).count() / 2;
        let first = slice(line, hex.clone()).get(..2).unwrap_or_default();
        let begins = octets > 1 && STARTS.iter().any(|start| start.eq_ignore_ascii_case(first));
        self.0 |= number(note) == Some(octets) || begins;
        self.0.then_some(hex)
    }
}

/// The octets at the start of a line, and the note behind a gap or a sign.
fn split(line: &[u8]) -> Option<(Range<usize>, &[u8])> {
    let start = line.iter().position(|&c| !is_blank(c))?;
    let rest = slice(line, start..line.len());
    if !rest.first().is_some_and(u8::is_ascii_hexdigit) {
        return None;
    }
    let gap = memchr::memchr2_iter(b' ', b'\t', rest)
        .take(FURTHEST)
        .find(|&at| is_gap(slice(rest, at..rest.len())))?;
    let (hex, note) = rest.split_at_checked(gap)?;
    let groups = hex.split(|&c| is_separator(c)).filter(|group| !group.is_empty());
    let even = groups
        .clone()
        .all(|group| group.len().is_multiple_of(2) && group.iter().all(u8::is_ascii_hexdigit));
    let note = note.trim_ascii_start();
    let note = SIGNS.iter().find_map(|sign| note.strip_prefix(*sign)).unwrap_or(note);
    let prose = note.iter().any(|&c| !c.is_ascii_hexdigit() && !is_separator(c));
    let octets = note.split(|c| !c.is_ascii_hexdigit()).map(|group| group.len() / 2).sum::<usize>();
    let letters = note.iter().filter(|c| !c.is_ascii_hexdigit()).count();
    let only_hex = octets > 8 && letters * 2 < note.len();
    // The octets as text: a character for each.
    let prose = prose || is_text(hex, note);
    (even && prose && !only_hex).then_some((start..start + gap, note.trim_ascii_start()))
}

/// True for text that has the characters of the octets.
fn is_text(hex: &[u8], note: &[u8]) -> bool {
    let digits = hex.iter().copied().filter(u8::is_ascii_hexdigit).collect::<Vec<u8>>();
    let shown = |octet: &u8| if matches!(octet, b' '..=b'~') { *octet } else { b'.' };
    hex::decode(digits).is_ok_and(|octets| octets.iter().map(shown).eq(note.iter().copied()))
}

/// A tab, two blanks, or a sign between blanks.
fn is_gap(text: &[u8]) -> bool {
    let wide = matches!(text, [b'\t', ..] | [b' ', b' ' | b'\t', ..]);
    let behind = text.trim_ascii_start();
    let sign = || SIGNS.iter().any(|sign| behind.starts_with(sign));
    wide || text.first().is_some_and(|&c| is_blank(c)) && sign()
}

/// The number that a note begins with.
fn number(note: &[u8]) -> Option<usize> {
    let digits = note.iter().take_while(|c| c.is_ascii_digit()).count();
    let (number, behind) = note.split_at_checked(digits)?;
    let ends = behind.first().is_none_or(|&c| is_blank(c));
    core::str::from_utf8(number).ok().filter(|_| ends)?.parse().ok()
}

const SIGNS: [&[u8]; 8] = [b"- ", b"-- ", b"= ", b"; ", b"<- ", b"<-- ", b"-> ", "– ".as_bytes()];

/// The blanks before a note: a row of octets, and no whole frame.
const FURTHEST: usize = 70;

/// The octets that begin a telegram.
const STARTS: [&[u8]; 4] = [b"68", b"7e", b"db", b"0f"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_left_out() {
        let lines = [
            ("My telegram:", None),
            ("DB08\t\t2 ?", Some("DB08")),
            ("68FAFA68 \t\t4 Start, FA=länge=250", Some("68FAFA68")),
            ("  53FF00  C field, A field", Some("53FF00")),
            ("DB08\t\t\t\t2 ?", Some("DB08")),
            ("4B464D6750000009 \t8 System Title", Some("4B464D6750000009")),
            ("0F A8 E4 6B", None),
            ("53 FF  more", Some("53 FF")),
            ("00 - the first", Some("00")),
            ("prose", None),
            ("53 FF  more", None),
            ("Add  more", None),
            ("68 FA FA 68  53 FF", None),
        ];
        let mut annotated = Annotated::default();
        for (line, hex) in lines {
            let found = annotated.octets(line.as_bytes()).map(|range| line[range].trim());
            assert_eq!(found, hex, "{line}");
        }
    }
}
