//! Octets between which the same text stands, whatever it is.
//!
//! ```text
//! 68/FA/FA/68    $68$FA$FA$68    x"68", x"FA", x"FA"    8'h68, 8'hFA    std::byte{0x68}, std::byte{0xfa}
//! ```
//!
//! The octets are in decimal or have two hex digits each, and are those of a telegram. Hex between
//! which are only separators is read anyway.

use super::{prefix::slice, separator::is_separator, telegram::begins_telegram};

/// The state between two lines.
#[derive(Clone, Debug, Default)]
pub(super) struct RepeatedText {
    /// The list of the lines before this one.
    open: Option<RepeatedList>,
}

/// The way in which octets are written.
#[derive(Clone, Debug)]
struct RepeatedList {
    between: Vec<u8>,
    radix: u32,
}

impl RepeatedText {
    /// True while a list may go on.
    pub(super) const fn is_within(&self) -> bool {
        self.open.is_some()
    }

    /// The octets of a line; nothing if it is no such list.
    pub(super) fn octets(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        if let Some(open) = self.open.take() {
            let first = numbers(line).next().map(|(start, _)| start);
            if let Some(octets) = first.and_then(|start| open.octets(line, start)) {
                self.open = Some(open);
                return Some(octets);
            }
        }
        for (start, number) in numbers(line).take_while(|(start, _)| *start < FARTHEST) {
            let Some((_, radix)) = STARTS.iter().find(|(it, _)| it.eq_ignore_ascii_case(number))
            else {
                continue;
            };
            let behind = slice(line, start + number.len()..line.len());
            for length in 1..=LONGEST.min(behind.len()) {
                let between = slice(behind, 0..length);
                if *radix == 16 && is_plain(between) {
                    continue;
                }
                let list = RepeatedList { between: between.to_vec(), radix: *radix };
                let octets = list.octets(line, start).unwrap_or_default();
                if octets.len() >= LEAST && begins_telegram(&octets) {
                    self.open = Some(list);
                    return Some(octets);
                }
            }
        }
        None
    }
}

impl RepeatedList {
    /// The octets from `start` on. The rest of the line has no other ones.
    fn octets(&self, line: &[u8], start: usize) -> Option<Vec<u8>> {
        let mut octets = Vec::new();
        let mut rest = line.get(start..)?;
        loop {
            let (octet, behind) = self.octet(rest)?;
            octets.push(octet);
            rest = match behind.strip_prefix(&*self.between) {
                Some(next) if self.octet(next).is_some() => next,
                _ => return (numbers(behind).count() < LEAST / 2).then_some(octets),
            };
        }
    }

    /// The octet that a text begins with, and the text behind it.
    fn octet<'a>(&self, text: &'a [u8]) -> Option<(u8, &'a [u8])> {
        let length = match self.radix {
            10 => text.iter().take_while(|c| c.is_ascii_digit()).count(),
            _ => 2,
        };
        let (digits, behind) = text.split_at_checked(length)?;
        let are_digits = digits.iter().all(u8::is_ascii_hexdigit);
        let digits = core::str::from_utf8(digits).ok().filter(|_| are_digits)?;
        Some((u8::from_str_radix(digits, self.radix).ok()?, behind))
    }
}

/// Where a run of digits is, and the run.
fn numbers(line: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let groups = line.split(|c| !c.is_ascii_hexdigit());
    let mut next = 0;
    groups.filter_map(move |group| {
        let start = next;
        next += group.len() + 1;
        (!group.is_empty()).then_some((start, group))
    })
}

/// True for text with which octets are read anyway.
fn is_plain(between: &[u8]) -> bool {
    between.iter().all(|&c| is_separator(c))
        || matches!(between, [.., b'0' | b'\\', b'x' | b'X'] if between.iter().rev().skip(2).all(|&c| is_separator(c)))
}

/// The first octets of telegrams, in both radices.
const STARTS: [(&[u8], u32); 8] = [
    (b"68", 16),
    (b"7e", 16),
    (b"db", 16),
    (b"dc", 16),
    (b"104", 10),
    (b"126", 10),
    (b"219", 10),
    (b"220", 10),
];

/// Fewer octets may be anything.
const LEAST: usize = 8;

/// The longest text between two octets.
const LONGEST: usize = 24;

/// The characters in front of the first octet.
const FARTHEST: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_between_octets_is_left_out() {
        let expected = [0x68, 0xfa, 0xfa, 0x68, 0x53, 0xff, 0, 1, 0x67, 0xdb];
        let digits: Vec<_> = expected.iter().map(|octet| format!("{octet:02X}")).collect();
        for (before, between, behind) in [
            ("", "/", ""),
            ("t = ", "+", " "),
            ("$", "$", ""),
            ("\\", "\\", "\n"),
            ("x'", "', x'", "';"),
            ("8'h", ", 8'h", ""),
            ("BYTE#16#", ", BYTE#16#", "]"),
            ("{16^^", ", 16^^", "}"),
            ("std::array<std::byte, 10> t{std::byte{0x", "}, std::byte{0x", "}};"),
            ("0x", "U, 0x", "U"),
            ("#", "#", ""),
        ] {
            let line = [before, &digits.join(between), behind].concat();
            let octets = RepeatedText::default().octets(line.as_bytes());
            assert_eq!(octets.as_deref(), Some(&expected[..]), "{line}");
        }
        let digits: Vec<_> = expected.iter().map(u8::to_string).collect();
        for (before, between, behind) in [
            ("\"\\", "\\", "\""),
            ("s := #", "#", ";"),
            ("", ":", ""),
            ("", ".", "\n"),
            ("<b>", "</b><b>", "</b>"),
        ] {
            let line = [before, &digits.join(between), behind].concat();
            let octets = RepeatedText::default().octets(line.as_bytes());
            assert_eq!(octets.as_deref(), Some(&expected[..]), "{line}");
        }
        let mut list = RepeatedText::default();
        let mut octets = |line: &str| list.octets(line.as_bytes());
        assert!(octets("68/FA/FA/68/53/FF/00/01").is_some());
        assert_eq!(octets("67/DB/"), Some(vec![0x67, 0xdb]));
        assert_eq!(octets("  08"), Some(vec![8]));
        assert_eq!(octets("end"), None);
    }

    #[test]
    fn other_text_is_left_alone() {
        for line in [
            "68 FA FA 68 53 FF 00 01 67",
            "0x68, 0xFA, 0xFA, 0x68, 0x53, 0xFF, 0x00, 0x01",
            "01/02/03/04/05/06/07/08/09",
            "68/FA/FA/68/53/FF/00/G1/67",
            "68/FA/FA/68/53/FF/00/01/67 68 FA FA 68 53 FF",
            "The 12th of 13",
            "",
        ] {
            assert_eq!(RepeatedText::default().octets(line.as_bytes()), None, "{line}");
        }
    }
}
