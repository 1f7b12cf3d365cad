//! Octets with a mark of their own, as other languages write numbers.
//!
//! ```text
//! &H68, &HFA, &HFA       Basic          $68, $FA, $FA       Pascal, Motorola
//! 68h, 0FAh, 0FAh        Intel          %68%FA%FA           URLs
//! \150\372\372           C, octal       01101000 11111010   binary
//! [0] => 104             PHP            int(104)            PHP, below its key
//! ```
//!
//! Several of a kind make a list; its next lines may be shorter. Nothing else may stand between them.

use super::{prefix::slice, separator::is_blank, telegram::begins_telegram};

/// The state between two lines.
#[derive(Clone, Debug, Default)]
pub(super) struct Notations {
    /// The kind of the lines before this one.
    open: Option<Notation>,
    /// The next key of an array.
    key: Option<u64>,
}

/// A way to write an octet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Notation {
    Basic,
    Intel,
    Dollar,
    Percent,
    Octal,
    Binary,
}

impl Notations {
    /// True while a list may go on.
    pub(super) const fn is_within(&self) -> bool {
        self.open.is_some() || self.key.is_some()
    }

    /// The octets of a line; nothing if it is no part of such a list.
    pub(super) fn octets(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        if let Some(octets) = self.keyed(line.trim_ascii()) {
            return Some(octets);
        }
        let open = self.open.take();
        if !has_mark(line) && open.is_none() {
            return None;
        }
        for notation in Notation::ALL {
            let Some(octets) = notation.octets(line) else {
                continue;
            };
            let least = if open == Some(notation) { 1 } else { LEAST };
            if octets.len() >= least && (open.is_some() || notation.begins(&octets)) {
                self.open = Some(notation);
                return Some(octets);
            }
        }
        None
    }

    /// The octet of a row of an array with its keys; an empty list for a row that is only a key.
    fn keyed(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        let value = match row(line) {
            Some((key, value)) => {
                let is_next = self.key.take().map_or(key <= 1, |due| due == key || key == 0);
                if !is_next {
                    return None;
                }
                self.key = Some(key + 1);
                value
            }
            None if self.key.is_some() => line,
            None => return None,
        };
        match value.trim_ascii() {
            [] => Some(Vec::new()),
            b"(" | b")" | b"}" | b"Array" => Some(Vec::new()),
            value => match element(value) {
                Some(octet) => Some(vec![octet]),
                None => {
                    self.key = None;
                    None
                }
            },
        }
    }
}

/// The key of a row `[7] => 104`, and its value.
fn row(line: &[u8]) -> Option<(u64, &[u8])> {
    let inner = line.strip_prefix(b"[").unwrap_or(line);
    let length = inner.iter().take_while(|c| c.is_ascii_digit()).count();
    let (digits, rest) = inner.split_at_checked(length)?;
    let rest = if inner.len() < line.len() { rest.strip_prefix(b"]")? } else { rest };
    let value = rest.trim_ascii_start().strip_prefix(b"=>")?;
    Some((core::str::from_utf8(digits).ok()?.parse().ok()?, value))
}

/// `104`, `104,`, `int(104)`, `0x68`, `"68"`.
fn element(value: &[u8]) -> Option<u8> {
    let value = value.strip_suffix(b",").unwrap_or(value);
    let inner = value.strip_prefix(b"int(").and_then(|inner| inner.strip_suffix(b")"));
    let value = inner.unwrap_or(value);
    // `string(2) "68"`.
    let quoted = memchr::memchr(b'"', value)
        .filter(|at| *at == 0 || value.starts_with(b"string("))
        .and_then(|at| value.get(at + 1..)?.strip_suffix(b"\""));
    let hex = value.strip_prefix(b"0x").or(quoted);
    let radix = if hex.is_some() { 16 } else { 10 };
    let digits = hex.unwrap_or(value);
    (digits.len() <= 3).then_some(())?;
    u8::from_str_radix(core::str::from_utf8(digits).ok()?, radix).ok()
}

impl Notation {
    const ALL: [Self; 6] =
        [Self::Basic, Self::Intel, Self::Dollar, Self::Percent, Self::Octal, Self::Binary];

    /// The octets of a line that has no other numbers.
    fn octets(self, line: &[u8]) -> Option<Vec<u8>> {
        let glued = match self {
            Self::Percent => Some(b'%'),
            Self::Octal => Some(b'\\'),
            _ => None,
        };
        let mut octets = Vec::new();
        let mut ended = false;
        for token in tokens(line, glued) {
            match self.value(token) {
                Some(_) if ended => return None,
                Some(octet) => octets.push(octet),
                // Words may stand before and behind.
                None if octets.is_empty() => {}
                None => ended = true,
            }
        }
        (!octets.is_empty()).then_some(octets)
    }

    fn value(self, token: &[u8]) -> Option<u8> {
        let (digits, radix, width) = match self {
            Self::Basic => {
                let digits = token.strip_prefix(b"&H").or_else(|| token.strip_prefix(b"&h"))?;
                (digits.strip_suffix(b"&").unwrap_or(digits), 16, 1..=2)
            }
            Self::Intel => {
                let digits = token.strip_suffix(b"h").or_else(|| token.strip_suffix(b"H"))?;
                let zero = digits.len() == 3 && digits.starts_with(b"0");
                (slice(digits, usize::from(zero)..digits.len()), 16, 1..=2)
            }
            Self::Dollar => (token.strip_prefix(b"$")?, 16, 1..=2),
            Self::Percent => (token.strip_prefix(b"%")?, 16, 2..=2),
            Self::Octal => (token.strip_prefix(b"\\")?, 8, 3..=3),
            Self::Binary => (token, 2, 8..=8),
        };
        let are_digits = width.contains(&digits.len()) && digits.iter().all(u8::is_ascii_hexdigit);
        let digits = core::str::from_utf8(digits).ok().filter(|_| are_digits)?;
        u8::from_str_radix(digits, radix).ok()
    }

    /// True if the octets may begin a list: binary digits are hex too, unless they are those of a telegram.
    fn begins(self, octets: &[u8]) -> bool {
        match self {
            Self::Binary => begins_telegram(octets),
            _ => true,
        }
    }
}

/// True if the line has a mark of one of these kinds.
fn has_mark(line: &[u8]) -> bool {
    memchr::memchr3(b'&', b'$', b'%', line).is_some()
        || memchr::memchr3(b'h', b'H', b'\\', line).is_some()
        || line.iter().all(|c| matches!(c, b'0' | b'1') || !c.is_ascii_alphanumeric())
}

/// Words and numbers. A `glued` mark begins one without a separator before it.
fn tokens(line: &[u8], glued: Option<u8>) -> impl Iterator<Item = &[u8]> {
    let is_between = |c: u8| is_blank(c) || b",;:()[]{}\"'=+.".contains(&c);
    let mut rest = line;
    core::iter::from_fn(move || {
        let start = rest.iter().position(|&c| !is_between(c))?;
        rest = slice(rest, start..rest.len());
        let end = rest.iter().skip(1).position(|&c| is_between(c) || Some(c) == glued);
        let (token, behind) = rest.split_at_checked(end.map_or(rest.len(), |end| end + 1))?;
        rest = behind;
        Some(token)
    })
}

/// Fewer of a kind in a line are words.
const LEAST: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(text: &str) -> Vec<u8> {
        let mut list = Notations::default();
        text.lines().filter_map(|line| list.octets(line.as_bytes())).flatten().collect()
    }

    #[test]
    fn numbers_of_other_languages_are_read() {
        let expected = [0x68, 0xfa, 0xfa, 0x68, 0x53, 0xff, 0, 1];
        for text in [
            "Dim t() As Byte = {&H68, &HFA, &HFA, &H68, &H53, &HFF, &H0, &H1}",
            "  &H68, &HFA, &HFA, &H68, &H53, &HFF, _\n  &H0, &H1 _\n}",
            "  db 68h, 0FAh, 0FAh, 68h, 53h, 0FFh, 00h, 01h ; start",
            "68H FAH FAH 68H 53H FFH\n00H 01H",
            "const T: array[0..7] of Byte = ($68, $FA, $FA, $68, $53, $FF, $00, $01);",
            "data=%68%FA%FA%68%53%FF%00%01",
            "printf \"\\150\\372\\372\\150\\123\\377\\000\\001\"",
            "01101000 11111010 11111010 01101000 01010011 11111111\n00000000 00000001",
            "Array\n(\n [0] => 104\n [1] => 250\n [2] => 250\n [3] => 104\n [4] => 83\n [5] => 255\n [6] => 0\n [7] => 1\n)",
            "[0]=>\n int(104)\n [1]=>\n int(250)\n[2]=>\nint(250)\n[3]=>\nint(104)\n[4]=>\nint(83)\n[5]=>\nint(255)\n[6]=>\nint(0)\n[7]=>\nint(1)\n}",
            "1 => 0x68,\n2 => 0xFA,\n3 => 0xFA,\n4 => 0x68,\n5 => 0x53,\n6 => 0xFF,\n7 => 0x00,\n8 => 0x01,",
        ] {
            assert_eq!(octets(text), expected, "{text}");
        }
    }

    #[test]
    fn hex_and_prose_are_left_alone() {
        for text in [
            "68 FA FA 68 53 FF 00 01",
            "00000000 00000000 00000000 00000000 00000000 00000000 00000000",
            "24h 12h 7h open",
            "a 5% b 10% c 20% d 30% e 40% f 50%",
            "It costs $68 or $70",
            "[5] => 104",
            "the map [0] => home",
        ] {
            assert_eq!(octets(text), [0u8; 0], "{text}");
        }
    }
}
