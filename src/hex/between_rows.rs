//! Lines between rows of hex that are none of them: what other programs write into the same window.
//!
//! ```text
//! 68 fa fa 68 53 ff 00 01
//! AA:BB:CC:DD:EE:FF                         12:00:05        1718964000
//! 550e8400-e29b-41d4-a716-446655440000      192.168.1.23    fe80::1ff:fe23:4567:890a
//! wifi connected, bssid aa:bb:cc:dd:ee:ff   Free heap: 0x3ffb1c00        Seite 2 von 3     15.11.2024
//! 67 db 08 4b 46 4d 67 50
//! ```
//!
//! No row of octets looks like a UUID. The others could be a row, and are none where the rows are written in
//! another way.

use super::{separator::is_blank, stamp};

/// True for such a line. `separator`: the character behind the first two digits of the rows.
pub(super) fn is_other(line: &[u8], separator: Option<u8>) -> bool {
    let line = line.trim_ascii();
    if !(SHORTEST..=LONGEST).contains(&line.len()) {
        return false;
    }
    let is_among = |sign: u8| separator.is_some_and(|separator| separator != sign);
    let is_run = separator.is_none_or(|separator| separator.is_ascii_hexdigit());
    is_uuid(line)
        || is_ipv6(line)
        || is_among(b':') && (is_pairs(line, b':') || is_time(line))
        || is_among(b'-') && is_pairs(line, b'-')
        || is_among(b'.') && is_ipv4(line)
        || !is_run && is_seconds(line)
}

/// True for a sentence of words, such things, dates, numbers, and more digits than the rows have between two
/// separators: `Free heap: 0x3ffb1c00`. No two numbers in it can be octets in a row.
pub(super) fn is_note(line: &[u8], separator: Option<u8>) -> bool {
    let mut last = None;
    for word in line.split(|&c| is_blank(c)).filter(|word| !word.is_empty()) {
        let part = PartOfNote::of(word, separator);
        let goes_on = match (last, part) {
            (None, part) => part == Some(PartOfNote::Word),
            (Some(PartOfNote::Number), part) => part.is_some_and(|it| it != PartOfNote::Number),
            (_, part) => part.is_some(),
        };
        if !goes_on {
            return false;
        }
        last = part;
    }
    last.is_some_and(|part| part != PartOfNote::Word)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum PartOfNote {
    Word,
    /// One that may be an octet or two.
    Number,
    Other,
}

impl PartOfNote {
    fn of(word: &[u8], separator: Option<u8>) -> Option<Self> {
        let is_run = separator.is_none_or(|it| it.is_ascii_hexdigit());
        let is_address = |word: &[u8]| word.starts_with(b"0x") && is_group(word);
        if word.len() <= NUMBER && word.iter().all(u8::is_ascii_digit) {
            Some(Self::Number)
        } else if is_other(word, separator)
            || stamp::is_stamp(word)
            || !is_run && (is_group(word) || word.split(|&c| c == b':').all(is_address))
        {
            Some(Self::Other)
        } else {
            let is_letter = |c: &u8| c.is_ascii_alphabetic() && !c.is_ascii_hexdigit();
            word.iter().any(is_letter).then_some(Self::Word)
        }
    }
}

/// True for more digits than an octet has.
fn is_group(word: &[u8]) -> bool {
    let digits = word.strip_prefix(b"0x").unwrap_or(word);
    (GROUP..=HASH).contains(&digits.len()) && digits.iter().all(u8::is_ascii_hexdigit)
}

fn is_uuid(line: &[u8]) -> bool {
    let inner = line.strip_prefix(b"{").and_then(|line| line.strip_suffix(b"}"));
    has_groups(inner.unwrap_or(line), b'-', &[8, 4, 4, 4, 12])
}

/// True for groups one of which is left out.
fn is_ipv6(line: &[u8]) -> bool {
    let is_group = |group: &[u8]| group.len() <= 4 && group.iter().all(u8::is_ascii_hexdigit);
    memchr::memmem::find(line, b"::").is_some() && line.split(|&c| c == b':').all(is_group)
}

/// True for the address of a network card or a radio.
fn is_pairs(line: &[u8], sign: u8) -> bool {
    has_groups(line, sign, &[2; 6]) || has_groups(line, sign, &[2; 8])
}

fn is_ipv4(line: &[u8]) -> bool {
    let mut groups = line.split(|&c| c == b'.');
    let is_number =
        |group: &[u8]| core::str::from_utf8(group).is_ok_and(|group| group.parse::<u8>().is_ok());
    groups.clone().count() == 4 && groups.all(is_number)
}

/// True for `12:00` and `12:00:05`.
fn is_time(line: &[u8]) -> bool {
    let is_clock = has_groups(line, b':', &[2; 2]) || has_groups(line, b':', &[2; 3]);
    is_clock
        && line.split(|&c| c == b':').zip([&b"23"[..], b"59", b"60"]).all(|(it, most)| it <= most)
}

/// True for the seconds or milliseconds since 1970, as they are now.
fn is_seconds(line: &[u8]) -> bool {
    let is_length = matches!(line.len(), 10 | 13);
    is_length && line.starts_with(b"1") && line.iter().all(u8::is_ascii_digit)
}

/// True for groups of hex digits with these lengths.
fn has_groups(line: &[u8], sign: u8, lengths: &[usize]) -> bool {
    let mut groups = line.split(|&c| c == sign);
    let mut lengths = lengths.iter();
    let is_group = |group: &[u8]| {
        lengths.next() == Some(&group.len()) && group.iter().all(u8::is_ascii_hexdigit)
    };
    groups.all(is_group) && lengths.next().is_none()
}

/// The digits of a number in a sentence: those of a year.
const NUMBER: usize = 4;

/// The digits of an address in memory, and those of the longest hash.
const GROUP: usize = 8;
const HASH: usize = 64;

/// The characters of a time, and those of the longest address.
const SHORTEST: usize = 5;
const LONGEST: usize = 39;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_names_and_times_are_no_rows() {
        let other = |line: &str, separator: Option<u8>| is_other(line.as_bytes(), separator);
        for line in ["550e8400-e29b-41d4-a716-446655440000", "fe80::1ff:fe23:4567:890a"] {
            for separator in [None, Some(b' '), Some(b':'), Some(b'-'), Some(b'f')] {
                assert!(other(line, separator), "{line}");
            }
        }
        for (line, sign) in [
            ("AA:BB:CC:DD:EE:FF", b':'),
            ("aa-bb-cc-dd-ee-ff", b'-'),
            ("00:11:22:33:44:55:66:77", b':'),
            ("12:00:05", b':'),
            ("23:59", b':'),
            ("192.168.1.23", b'.'),
            ("10.20.30.40", b'.'),
        ] {
            assert!(other(line, Some(b' ')) && other(line, Some(b'f')), "{line}");
            assert!(!other(line, Some(sign)) && !other(line, None), "{line}");
        }
        assert!(other("1718964000", Some(b' ')) && other("1718964000123", Some(b':')));
        for line in [
            "68 fa fa 68 53 ff",
            "68:fa:fa:68",
            "68:fa:fa",
            "24:00:00",
            "68fafa6853ff",
            "2718964000",
            "16",
        ] {
            assert!(!other(line, Some(b' ')) && !other(line, Some(b'f')), "{line}");
        }
        assert!(!other("1718964000", Some(b'f')), "a row of digits");
    }
}
