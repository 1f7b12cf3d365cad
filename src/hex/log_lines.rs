//! The words in front of the octets of a log.
//!
//! ```text
//! [12:34:56][D][uart_debug:114]: <<< 68:FA:FA:68:53:FF     begins a telegram
//! [12:34:56][I][wifi:617]: BSSID: AA:BB:CC:DD:EE:FF        other words and few octets: none of it
//! [12:34:57][D][uart_debug:114]: <<< 7B:16                 the same words: octets, however few
//! ```
//!
//! Numbers among the words differ from line to line, so they are left out of the comparison.

use super::{
    prefix::{self, HexPart, TAIL_OCTETS, slice},
    telegram::{TelegramEnd, begins_telegram, first_telegram},
};

/// The state between two lines.
#[derive(Clone, Debug, Default)]
pub(super) struct LogLines {
    /// The words of the line that began the last telegram of several lines, or of the first line with more octets
    /// than other lines name.
    words: Option<Vec<u8>>,
    end: TelegramEnd,
}

impl LogLines {
    /// The hex part of a line, behind which so many octets follow. A few octets need the words of a
    /// telegram, and amid one they are none with other words.
    pub(super) fn part(&self, text: &[u8], beyond: usize) -> Option<HexPart> {
        let any = || prefix::part_of(text, TAIL_OCTETS, beyond);
        let Some(own) = &self.words else {
            return any();
        };
        self.own_part(text, beyond).or_else(any).filter(|part| {
            let octets = slice(text, part.range.clone());
            let is_foreign = || {
                let words = words(text, part);
                !words.is_empty() && words != *own && is_name(octets)
            };
            !self.end.is_amid() || part.bare || begins(octets) || !is_foreign()
        })
    }

    /// True for a line with the words of a telegram, whatever else its octets look like.
    pub(super) fn owns(&self, text: &[u8]) -> bool {
        self.words.is_some() && self.own_part(text, 0).is_some()
    }

    /// The hex part of a line with the words of a telegram.
    fn own_part(&self, text: &[u8], beyond: usize) -> Option<HexPart> {
        let own = self.words.as_ref()?;
        let part = prefix::part_of(text, 1, beyond)?;
        let is_own = !part.bare && part.prose.is_none() && words(text, &part) == *own;
        is_own.then_some(part)
    }

    /// Notes octets that begin a telegram, the last of them those of a line, however few.
    pub(super) fn begin(&mut self, text: &[u8], octets: &[u8]) {
        if let Some(part) = prefix::part_of(text, 1, 0) {
            self.take(text, &part, octets);
        }
    }

    /// Notes the octets of a line with these words in front of them.
    pub(super) fn take(&mut self, text: &[u8], part: &HexPart, octets: &[u8]) {
        if part.bare {
            return;
        }
        let is_known = self.end.is_amid() || begins_telegram(octets);
        let start = if is_known { 0 } else { first_telegram(octets).unwrap_or(octets.len()) };
        let (before, telegram) = octets.split_at_checked(start).unwrap_or_default();
        self.end.line(before);
        self.end.line(telegram);
        let begins = self.end.is_amid() && begins_telegram(telegram);
        let is_row = self.words.is_none() && octets.len() > FEW && !self.end.is_between();
        if begins || is_row {
            self.words = Some(words(text, part));
        }
    }
}

/// True for hex that names a device, an address or a time: six pairs, or longer groups of digits.
fn is_name(text: &[u8]) -> bool {
    let groups = text.split(|c| !c.is_ascii_alphanumeric()).filter(|group| !group.is_empty());
    let is_pair = |group: &[u8]| group.strip_prefix(b"0x").unwrap_or(group).len() == 2;
    let is_address = groups.clone().count() == 6 && !text.trim_ascii().contains(&b' ');
    !prefix::has_octets(text, FEW + 1) && (is_address || !groups.clone().all(is_pair))
}

/// True for hex that begins a telegram.
fn begins(text: &[u8]) -> bool {
    let digits = text.iter().copied().filter(u8::is_ascii_hexdigit).take(2 * FIRST);
    hex::decode(digits.collect::<Vec<_>>()).is_ok_and(|octets| begins_telegram(&octets))
}

/// The text in front of the octets, without numbers, blanks and signs.
fn words(text: &[u8], part: &HexPart) -> Vec<u8> {
    let words =
        slice(text, 0..part.range.start).split(|c| !c.is_ascii_alphabetic() && !is_inner(*c));
    let words = words.filter(|word| !word.first().is_some_and(u8::is_ascii_digit));
    words.flatten().copied().filter(u8::is_ascii_alphabetic).take(LONGEST).collect()
}

/// True for a character of a word that is no letter.
const fn is_inner(c: u8) -> bool {
    c.is_ascii_digit() || c == b'_'
}

/// The octets by which a telegram is known.
const FIRST: usize = 4;

/// The longest thing in hex that other lines name: a UUID.
const FEW: usize = 16;

/// More letters are not compared.
const LONGEST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_telegram_tell_which_lines_are_its_own() {
        let mut log = LogLines::default();
        let mut octets = |line: &str| {
            let line = line.as_bytes();
            let part = log.part(line, 0)?;
            let hex = slice(line, part.range.clone());
            let digits: Vec<u8> = hex.iter().copied().filter(u8::is_ascii_hexdigit).collect();
            log.take(line, &part, &hex::decode(&digits).unwrap());
            Some(String::from_utf8(digits).unwrap())
        };
        let mut hex = |line: &str| octets(line).unwrap_or_default();
        assert_eq!(hex("[12:34:56][I][wifi:617]: BSSID: AA:BB:CC:DD:EE:FF"), "AABBCCDDEEFF");
        assert_eq!(hex("[12:34:56][D][uart_debug:114]: <<< 53:FF"), "");
        assert_eq!(hex("[12:34:56][D][uart_debug:114]: <<< 68:1A:1A:68:53:FF"), "681A1A6853FF");
        for line in [
            "[12:34:56][I][wifi:617]: BSSID: AA:BB:CC:DD:EE:FF",
            "[12:34:56][I][wifi:617]: IPv6: fe80:0000:0000:0000:01ff:fe23:4567:890a",
            "[12:34:56][C][ota:100]: UUID 6e400001-b5a3-f393-e0a9-e50e24dcca9e",
            "[12:34:56][D][sntp:063]: Synchronized time: 2026-06-21 12:00:05",
            "[12:34:56][D][heap:001]: Free at 3ffb1c00",
        ] {
            assert_eq!(hex(line), "", "{line}");
        }
        assert_eq!(hex("[12:34:57][D][uart_debug:121]: <<< 00:01"), "0001");
        assert_eq!(hex("[12:34:57][D][uart_debug:114]: <<< 67"), "67");
        assert_eq!(hex("68 FA FA 68"), "68FAFA68", "bare hex has no words");
        assert_eq!(hex("more: 67 DB 08 4B"), "67DB084B", "octets with other words");
        assert_eq!(hex("next: 68 0A 0A 68 53 FF"), "680A0A6853FF", "another telegram");
    }

    #[test]
    fn the_last_octets_are_read_wherever_the_telegram_begins() {
        for first in ["00:68:1A:1A:68:53:FF", "00:7E:A0:20:CE:FF:03", &["AB"; 20].join(":")] {
            let mut log = LogLines::default();
            let line = format!("[12:34:56][D][uart_debug:114]: <<< {first}");
            let part = log.part(line.as_bytes(), 0).unwrap();
            log.take(line.as_bytes(), &part, &hex::decode(first.replace(':', "")).unwrap());
            assert!(log.owns(b"[12:34:57][D][uart_debug:114]: <<< 16"), "{first}");
            assert!(!log.owns(b"[12:34:57][D][heap:001]: 16"), "{first}");
        }
    }
}
