//! Octets between which the same text stands, whatever it is.
//!
//! ```text
//! 68/FA/FA/68    $68$FA$FA$68    x"68", x"FA", x"FA"    8'h68, 8'hFA    std::byte{0x68}, std::byte{0xfa}
//! ```
//!
//! The octets have two hex digits each, and are those of a telegram. Text that is only separators is read anyway.

use super::{digits::octet, prefix::slice, separator::is_separator, telegram::begins_telegram};

/// The state between two lines.
#[derive(Clone, Debug, Default)]
pub(super) struct RepeatedText {
    /// The text between the octets of the lines before this one.
    between: Vec<u8>,
}

impl RepeatedText {
    /// True while a list may go on.
    pub(super) const fn is_within(&self) -> bool {
        !self.between.is_empty()
    }

    /// The octets of a line; nothing if it is no such list.
    pub(super) fn octets(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        let open = core::mem::take(&mut self.between);
        if !open.is_empty() {
            let octets = list(line, 0, &open).or_else(|| list(line, starts(line).next()?, &open));
            if let Some(octets) = octets {
                self.between = open;
                return Some(octets);
            }
        }
        for start in starts(line) {
            let behind = slice(line, start + 2..line.len());
            for length in 1..=LONGEST.min(behind.len()) {
                let between = slice(behind, 0..length);
                if is_plain(between) || slice(behind, length + 2..2 * length + 2) != between {
                    continue;
                }
                let octets = list(line, start, between).unwrap_or_default();
                if octets.len() >= LEAST && begins_telegram(&octets) {
                    self.between = between.to_vec();
                    return Some(octets);
                }
            }
        }
        None
    }
}

/// The octets from `start` on with this text between them. The rest of the line has no other ones.
fn list(line: &[u8], start: usize, between: &[u8]) -> Option<Vec<u8>> {
    let mut octets = Vec::new();
    let mut rest = line.get(start..)?;
    loop {
        let (digits, behind) = rest.split_at_checked(2)?;
        octets.push(octet(digits)?);
        rest = match behind.strip_prefix(between) {
            Some(next) if next.get(..2).is_some_and(|next| octet(next).is_some()) => next,
            _ => {
                let more = behind.iter().filter(|c| c.is_ascii_hexdigit()).count();
                return (more < LEAST).then_some(octets);
            }
        };
    }
}

/// The places near the start of the line where two digits are alone.
fn starts(line: &[u8]) -> impl Iterator<Item = usize> + '_ {
    (0..line.len().min(FARTHEST)).filter(|&at| {
        let digit =
            |at: Option<usize>| at.and_then(|at| line.get(at)).is_some_and(u8::is_ascii_hexdigit);
        let is_pair = digit(Some(at)) && digit(Some(at + 1));
        is_pair && !digit(at.checked_sub(1)) && !digit(Some(at + 2))
    })
}

/// True for text with which octets are read anyway.
fn is_plain(between: &[u8]) -> bool {
    between.iter().all(|&c| is_separator(c))
        || matches!(between, [.., b'0' | b'\\', b'x' | b'X'] if between.iter().rev().skip(2).all(|&c| is_separator(c)))
}

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
