//! The first octets of a telegram, too few to be told from other numbers.
//!
//! ```text
//! [12:00:00][D][uart_debug:114]: <<< 68             waits
//! [12:00:00][D][sensor:094]: Sending state 21       has other words
//! [12:00:00][D][uart_debug:114]: <<< FA:FA:68:53    begins a telegram with those that wait
//! ```
//!
//! A serial line is read in pieces, and the first one is often one octet. It is read only if a telegram begins
//! with it and the octets behind the same words.

use core::ops::Range;

use super::{
    decimal,
    separator::{is_blank, is_separator},
    telegram::{begins_telegram, may_begin},
};

/// The state between two lines.
#[derive(Clone, Debug, Default)]
pub(super) struct FirstPiece {
    /// The octets that wait.
    octets: Vec<u8>,
    /// The text in front of the last of them, without numbers and blanks.
    head: Vec<u8>,
    /// They are decimal.
    decimal: bool,
    /// The line that is read has the same text.
    is_next: bool,
}

impl FirstPiece {
    /// True if octets wait.
    pub(super) const fn is_waiting(&self) -> bool {
        !self.octets.is_empty()
    }

    /// A line is read.
    pub(super) fn next(&mut self, line: &[u8]) {
        let mut text = without_numbers(line);
        self.is_next = self.is_waiting() && self.head.iter().all(|c| text.next() == Some(*c));
    }

    /// The octets that wait, if a telegram begins with them and these ones of the line.
    pub(super) fn in_front(&self, octets: &[u8]) -> Option<&[u8]> {
        let start = octets.iter().take(FEW).copied();
        let is_start =
            || begins_telegram(&self.octets.iter().copied().chain(start).collect::<Vec<_>>());
        (self.is_next && !begins_telegram(octets) && is_start()).then_some(&self.octets)
    }

    /// Notes a line of which nothing was read; the octets that wait and its own, once they begin a telegram.
    pub(super) fn note(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        if self.is_next {
            let pieces = pieces(line, Some(self.decimal), ROW);
            let same =
                pieces.iter().find(|(at, _)| self.is_head(line.get(..*at).unwrap_or_default()));
            let all = same.map(|(_, octets)| [&self.octets[..], octets].concat());
            match all {
                Some(all) if !self.decimal && all.len() > FEW && begins_telegram(&all) => {
                    *self = Self::default();
                    return Some(all);
                }
                Some(all) if may_begin(&all) || begins_telegram(&all) => {
                    self.octets = all;
                    return None;
                }
                _ => {}
            }
        }
        let begins = |octets: &[u8]| may_begin(octets) || begins_telegram(octets);
        if let Some((at, octets)) =
            pieces(line, None, FEW).into_iter().find(|(_, octets)| begins(octets))
        {
            let head = without_numbers(line.get(..at).unwrap_or_default()).collect::<Vec<_>>();
            // Without words it is a row of hex.
            if !head.is_empty() {
                let decimal = line.get(at..).is_some_and(|text| {
                    text.iter().take_while(|c| c.is_ascii_alphanumeric()).count() == 3
                });
                *self = Self { octets, head, decimal, is_next: false };
            }
        }
        None
    }

    fn is_head(&self, text: &[u8]) -> bool {
        without_numbers(text).eq(self.head.iter().copied())
    }
}

/// The octets of neighbouring words of a line, and where they begin: the last ones first, and of those that end in the
/// same place the longest. Those of a row are all hex, or all decimal as the first number of three digits tells:
/// `219,8,83`.
fn pieces(line: &[u8], decimal: Option<bool>, most: usize) -> Vec<(usize, Vec<u8>)> {
    let (mut found, mut words) = (Vec::new(), words(line));
    while let Some(last) = words.pop() {
        let mut row = vec![last];
        let mut ends_here = Vec::new();
        loop {
            let groups = row.iter().rev().map(|word| {
                let text = line.get(word.clone()).unwrap_or_default();
                match decimal.unwrap_or_else(|| row.last().is_some_and(|word| word.len() == 3)) {
                    true => decimal::numbers(text),
                    false => hex_octets(text),
                }
            });
            let octets = groups.collect::<Option<Vec<_>>>().map(|groups| groups.concat());
            if octets.is_none() && decimal.is_some() {
                break;
            }
            let start = row.last().map_or(0, |word| word.start);
            ends_here.extend(octets.filter(|it| it.len() <= most).map(|octets| (start, octets)));
            let before = words.len().checked_sub(row.len()).and_then(|at| words.get(at));
            let is_near = |word: &&Range<usize>| {
                line.get(word.end..start).is_some_and(|it| it.iter().all(|c| is_separator(*c)))
            };
            match before.filter(is_near) {
                Some(word) if row.len() < most => row.push(word.clone()),
                _ => break,
            }
        }
        found.extend(ends_here.into_iter().rev());
    }
    found
}

/// The places of letters and digits without others between them.
fn words(line: &[u8]) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    for at in (0..line.len()).filter(|at| line.get(*at).is_some_and(u8::is_ascii_alphanumeric)) {
        match words.last_mut() {
            Some(word) if word.end == at => word.end += 1,
            _ => words.push(at..at + 1),
        }
    }
    words
}

/// The octets of a word in hex: `68`, `0x68`, `0x8`.
fn hex_octets(word: &[u8]) -> Option<Vec<u8>> {
    match word.strip_prefix(b"0x").unwrap_or(word) {
        [digit] if word.len() > 1 => hex::decode([b'0', *digit]).ok(),
        digits => hex::decode(digits).ok(),
    }
}

fn without_numbers(text: &[u8]) -> impl Iterator<Item = u8> {
    text.iter().copied().filter(|c| !c.is_ascii_digit() && !is_blank(*c))
}

/// Octets that are too few to tell a telegram.
const FEW: usize = 3;

/// A row with more octets needs no other one to be read.
const ROW: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_octets_wait_for_those_behind_the_same_words() {
        let wait = |lines: &[&str], next: &str, octets: &[u8]| {
            let mut first = FirstPiece::default();
            for line in lines {
                first.next(line.as_bytes());
                assert_eq!(first.note(line.as_bytes()), None, "{line}");
            }
            first.next(next.as_bytes());
            first.in_front(octets).map(<[u8]>::to_vec)
        };
        let rest = [0xfa, 0xfa, 0x68, 0x53];
        for (lines, next) in [
            (&["[12:00:00][D]: <<< 68"][..], "[12:00:01][D]: <<< FA:FA:68:53"),
            (&["[12:00:00][D]: <<< 104"], "[12:00:01][D]: <<< 250,250,104,83"),
            (&["[12:00:00][D]: <<< 68", "[12:00:00][I]: state 21"], "[12:00:01][D]: <<< FA:FA"),
            (&["I (123) uart: 68"], "I (1123) uart: fa fa 68 53"),
            (&["{\"t\": 9, \"data\": \"68\"}"], "{\"t\": 10, \"data\": \"fafa6853\"}"),
            (&["{\"data\": [104]}"], "{\"data\": [250, 250, 104]}"),
            (&["1: 68"], "31: fa fa 68"),
            (&["<Buffer 68>"], "<Buffer fa fa 68>"),
        ] {
            assert_eq!(wait(lines, next, &rest).unwrap(), [0x68], "{next}");
        }
        assert_eq!(wait(&["rx: 68", "rx: fa"], "rx: fa 68", &[0xfa, 0x68]).unwrap(), [0x68, 0xfa]);
        assert_eq!(wait(&["rx: 7ea077"], "rx: cf02", &[0xcf, 2]).unwrap(), [0x7e, 0xa0, 0x77]);
        assert_eq!(wait(&["rx: 219,8"], "rx: 75,70", &[75, 70]).unwrap(), [219, 8]);
        assert_eq!(wait(&["state 68"], "rx: fa fa 68 53", &rest), None);
        assert_eq!(wait(&["rx: 68"], "rx: 68 14 14 68", &[0x68, 0x14, 0x14, 0x68]), None);
        assert_eq!(wait(&["rx: 68"], "rx: 01 02 03 04", &[1, 2, 3, 4]), None);
        assert_eq!(wait(&["68"], "fa fa 68 53", &rest), None);
    }

    #[test]
    fn octets_in_pieces_are_read_once_they_begin_a_telegram() {
        let mut first = FirstPiece::default();
        let mut note = |line: &str| {
            first.next(line.as_bytes());
            first.note(line.as_bytes())
        };
        assert_eq!(["rx 1: 68", "rx 2: FA", "rx 3: FA"].map(&mut note), [None, None, None]);
        assert_eq!(note("rx 4: 68 53").unwrap(), [0x68, 0xfa, 0xfa, 0x68, 0x53]);
        assert_eq!(note("rx 5: FF"), None);
    }
}
