//! Octets with a mark of their own, as other languages write numbers.
//!
//! ```text
//! &H68, &HFA, &HFA       Basic          $68, $FA, $FA       Pascal, Motorola
//! 68h, 0FAh, 0FAh        Intel          %68%FA%FA           URLs
//! \150\372\372           C, octal       01101000 11111010   binary
//! (byte) 0x68, 0x68u8    Java, Rust     16#68, &#x68;       Erlang, HTML
//! 150 372 372 150        od -b          68 fa fa 68 3 ff    hex without leading zeros
//! 68(104) FA(250)        hex and decimal, 104 (0x68) 250 (0xFA) too
//! ```
//!
//! Several of a kind make a list; its next lines may be shorter. Between them stands nothing but one
//! word that repeats, or the same octet in another notation.

use std::borrow::Cow;

use super::{prefix::slice, separator::is_blank, telegram::begins_telegram};

/// The state between two lines.
#[derive(Clone, Debug, Default)]
pub(super) struct Notations {
    /// The kind of the lines before this one.
    open: Option<Notation>,
    /// The word in front of their octets.
    word: Vec<u8>,
}

/// A way to write an octet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Notation {
    Basic,
    Intel,
    Dollar,
    Percent,
    Octal,
    Unicode,
    Escape,
    Entity,
    Radix,
    Binary,
    Prefixed,
    OctalDigits,
    Short,
}

impl Notations {
    /// True while a list may go on.
    pub(super) const fn is_within(&self) -> bool {
        self.open.is_some()
    }

    /// The octets of a line; nothing if it is no part of such a list.
    pub(super) fn octets(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        if let Some(octets) = in_both(line) {
            return Some(octets);
        }
        let open = self.open.take();
        let mut notations = Notation::ALL.into_iter().filter(|it| it.may_be_in(line)).peekable();
        notations.peek()?;
        let line = &*without_comments(line);
        for notation in notations {
            let Some(list) = notation.list(line) else {
                continue;
            };
            let is_same = list.before.is_some_and(|word| word == self.word);
            let goes_on = open == Some(notation) && (is_same || notation.goes_on(&list));
            if goes_on || list.octets.len() >= LEAST && notation.begins(&list) {
                self.open = Some(notation);
                self.word = list.before.unwrap_or_default().to_vec();
                return Some(list.octets);
            }
        }
        None
    }
}

impl Notation {
    const ALL: [Self; 13] = [
        Self::Basic,
        Self::Intel,
        Self::Dollar,
        Self::Percent,
        Self::Octal,
        Self::Unicode,
        Self::Escape,
        Self::Entity,
        Self::Radix,
        Self::Binary,
        Self::Prefixed,
        Self::OctalDigits,
        Self::Short,
    ];

    /// True if the line has the mark of this kind, or nothing but short groups of digits.
    fn may_be_in(self, line: &[u8]) -> bool {
        let has = |one, other| memchr::memchr2(one, other, line).is_some();
        match self {
            Self::Basic | Self::Entity => has(b'&', b'&'),
            Self::Intel => has(b'h', b'H'),
            Self::Dollar => has(b'$', b'$'),
            Self::Percent => has(b'%', b'%'),
            Self::Octal | Self::Unicode | Self::Escape => has(b'\\', b'\\'),
            Self::Radix => has(b'#', b'#'),
            Self::Prefixed => has(b'x', b'X'),
            Self::Binary => tokens(line, None).any(|token| self.value(token).is_some()),
            Self::OctalDigits | Self::Short => {
                let mut last = tokens(line, None).skip(1).take(LEAST);
                last.all(|token| self.value(token).is_some())
            }
        }
    }

    /// The octets of a line that has no other numbers.
    fn list(self, line: &[u8]) -> Option<NotationList<'_>> {
        let glued = match self {
            Self::Percent => Some(b'%'),
            Self::Octal | Self::Unicode | Self::Escape => Some(b'\\'),
            Self::Entity => Some(b'&'),
            _ => None,
        };
        let mut list = NotationList::default();
        let (mut words, mut word) = (0, None);
        for token in tokens(line, glued) {
            match self.value(token) {
                Some(_) if words > 1 => return None,
                Some(octet) => {
                    if words > 0 && list.between.get_or_insert(word) != &word {
                        return None;
                    }
                    list.octets.push(octet);
                    list.short += usize::from(token.len() == 1);
                    words = 0;
                }
                None if self == Self::Prefixed && is_glued(token) => return None,
                // Words may stand before and behind.
                None if list.octets.is_empty() => {
                    list.pairs += usize::from(is_pair(token));
                    list.before = Some(token);
                }
                None if self.is_damaged(token) => return None,
                None if is_same(token, list.octets.last().copied()) => {}
                None => {
                    word = Some(token);
                    words += 1;
                }
            }
        }
        (!list.octets.is_empty()).then_some(list)
    }

    fn value(self, token: &[u8]) -> Option<u8> {
        let strip = |prefix: &[u8]| token.get(prefix.len()..).filter(|_| token.starts_with(prefix));
        let hex = |digits| Some((digits, 16, 1..=2));
        let (digits, radix, width) = match self {
            Self::Basic => {
                let digits = strip(b"&H").or_else(|| strip(b"&h"))?;
                hex(digits.strip_suffix(b"&").unwrap_or(digits))
            }
            Self::Intel => {
                let digits = token.strip_suffix(b"h").or_else(|| token.strip_suffix(b"H"))?;
                let zero = digits.len() == 3 && digits.starts_with(b"0");
                hex(slice(digits, usize::from(zero)..digits.len()))
            }
            Self::Dollar => hex(strip(b"$")?),
            Self::Percent => Some((strip(b"%")?, 16, 2..=2)),
            Self::Octal => Some((strip(b"\\")?, 8, 3..=3)),
            Self::Unicode => Some((strip(b"\\u00")?, 16, 2..=2)),
            Self::Escape => hex([&b"\\x"[..], b"\\X", b"\\0x"].into_iter().find_map(strip)?),
            Self::Entity => match strip(b"&#x").or_else(|| strip(b"&#X")) {
                Some(digits) => hex(digits),
                None => Some((strip(b"&#")?, 10, 1..=3)),
            },
            Self::Radix => hex(strip(b"16#")?),
            Self::Binary => Some((strip(b"0b").unwrap_or(token), 2, 8..=8)),
            Self::Prefixed => {
                let digits = strip(b"0x").or_else(|| strip(b"0X"))?;
                hex(digits.strip_suffix(b"u8").unwrap_or(digits))
            }
            Self::OctalDigits => Some((token, 8, 3..=3)),
            Self::Short => hex(token).filter(|_| !(token.len() == 2 && token.starts_with(b"0"))),
        }?;
        let are_digits = width.contains(&digits.len()) && digits.iter().all(u8::is_ascii_hexdigit);
        let digits = core::str::from_utf8(digits).ok().filter(|_| are_digits)?;
        u8::from_str_radix(digits, radix).ok()
    }

    /// True for a token that begins as an octet does, and is none.
    fn is_damaged(self, token: &[u8]) -> bool {
        match self {
            Self::Prefixed => token.starts_with(b"0x") || token.starts_with(b"0X"),
            Self::Escape => token.starts_with(b"\\"),
            _ => self.is_bare() && self != Self::Binary,
        }
    }

    /// True for digits without a mark: they are hex too.
    const fn is_bare(self) -> bool {
        matches!(self, Self::Binary | Self::OctalDigits | Self::Short)
    }

    /// True if the octets may begin a list: bare digits only if they are those of a telegram.
    fn begins(self, list: &NotationList<'_>) -> bool {
        let is_sure = !self.is_bare() && list.between.is_none() || begins_telegram(&list.octets);
        match self {
            Self::Prefixed | Self::Escape => is_sure && list.pairs < PAIRS,
            Self::Short => is_sure && list.short > 1,
            _ => is_sure,
        }
    }

    /// True if the octets may go on with a list. `see 0x68` does not.
    fn goes_on(self, list: &NotationList<'_>) -> bool {
        !matches!(self, Self::Prefixed | Self::Escape)
            || list.before.is_none_or(|_| list.between == Some(list.before))
    }
}

/// The octets of a line, and what stands around them.
#[derive(Debug, Default)]
struct NotationList<'a> {
    octets: Vec<u8>,
    /// Octets of a single digit.
    short: usize,
    /// Pairs of hex digits in front of them.
    pairs: usize,
    /// The word in front of them.
    before: Option<&'a [u8]>,
    /// The word between them.
    between: Option<Option<&'a [u8]>>,
}

/// The octets of a line that has nothing but each of them in hex and in decimal, behind words.
fn in_both(line: &[u8]) -> Option<Vec<u8>> {
    memchr::memchr2(b'(', b'[', line)?;
    let tokens: Vec<_> = tokens(line, None).collect();
    let in_hex = |token: &[u8]| {
        let digits = token.strip_prefix(b"0x").unwrap_or(token);
        u8::from_str_radix(core::str::from_utf8(digits).ok()?, 16).ok()
    };
    let in_decimal = |token: &[u8]| core::str::from_utf8(token).ok()?.parse().ok();
    let octets = |orders: [usize; 2]| {
        let octet = |pair: &[&[u8]; 2]| {
            let [hex, decimal] = orders.map(|at| pair.get(at).copied().unwrap_or_default());
            in_hex(hex).filter(|octet| Some(*octet) == in_decimal(decimal))
        };
        // Words stand in front of them.
        let (words, pairs) = tokens.as_rchunks::<2>();
        let first = pairs.iter().rposition(|pair| octet(pair).is_none()).map_or(0, |at| at + 1);
        let (others, pairs) = pairs.split_at_checked(first)?;
        let is_word = |token: &&[u8]| in_hex(token).is_none();
        let are_words = words.iter().chain(others.iter().flatten()).all(is_word);
        (pairs.len() > 1 && are_words).then(|| pairs.iter().filter_map(octet).collect::<Vec<_>>())
    };
    // A number of one digit is the same in both.
    octets([0, 1]).or_else(|| octets([1, 0])).filter(|octets| octets.iter().any(|octet| *octet > 9))
}

/// True for two hex digits, which would be an octet.
fn is_pair(token: &[u8]) -> bool {
    token.len() == 2 && token.iter().all(u8::is_ascii_hexdigit)
}

/// True for the octet once more, in another notation.
fn is_same(token: &[u8], octet: Option<u8>) -> bool {
    Notation::ALL.iter().any(|notation| notation.value(token).is_some_and(|it| Some(it) == octet))
}

/// True for an octet with a wrong digit, or without the comma behind it: `0x7G`, `0x7E0xA0`.
fn is_glued(token: &[u8]) -> bool {
    let digits = token.strip_prefix(b"0x").or_else(|| token.strip_prefix(b"0X"));
    digits.is_some_and(|digits| !digits.iter().all(u8::is_ascii_hexdigit))
}

/// The line without comments of C, unless all of its digits are in one.
fn without_comments(line: &[u8]) -> Cow<'_, [u8]> {
    let mut text = Vec::new();
    let mut rest = line;
    while let Some(start) = memchr::memmem::find(rest, b"/*") {
        text.extend_from_slice(slice(rest, 0..start));
        text.push(b' ');
        let comment = slice(rest, start + 2..rest.len());
        let end = memchr::memmem::find(comment, b"*/").map_or(comment.len(), |end| end + 2);
        rest = slice(comment, end..comment.len());
    }
    text.extend_from_slice(rest);
    match rest.len() < line.len() && text.iter().any(u8::is_ascii_hexdigit) {
        true => Cow::Owned(text),
        false => Cow::Borrowed(line),
    }
}

/// Words and numbers. A `glued` mark begins one without a separator before it.
fn tokens(line: &[u8], glued: Option<u8>) -> impl Iterator<Item = &[u8]> {
    let is_between = |c: u8| is_blank(c) || b",;:()[]{}\"'=+.<>|/-".contains(&c);
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

/// So many pairs of digits in front of a list are octets too.
const PAIRS: usize = 4;

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
            r"\0x68\0xfa\0xfa\0x68\0x53\0xff\0x00\0x01",
            "const T: array[0..7] of Byte = ($68, $FA, $FA, $68, $53, $FF, $00, $01);",
            "data=%68%FA%FA%68%53%FF%00%01",
            "printf \"\\150\\372\\372\\150\\123\\377\\000\\001\"",
            "01101000 11111010 11111010 01101000 01010011 11111111\n00000000 00000001",
            "byte[] b = {(byte) 0x68, (byte) 0xFA, (byte) 0xFA, (byte) 0x68, (byte) 0x53, (byte) 0xFF,\n (byte) 0x00, (byte) 0x01};",
            "byteArrayOf(0x68.toByte(), 0xfa.toByte(), 0xfa.toByte(), 0x68.toByte(), 0x53.toByte(), 0xff.toByte(), 0x00.toByte(), 0x01.toByte())",
            "let t: [u8; 8] = [0x68u8, 0xfa, 0xfa, 0x68, 0x53, 0xff, 0x00, 0x01]; // 8",
            "0x68, 0xfa, 0xfa, 0x68, 0x53, 0xff, /* h..hS. */\n0x00, 0x01 /* .. */ };",
            "<<16#68,16#FA,16#FA,16#68,16#53,16#FF,16#0,16#1>>",
            "&#x68;&#xFA;&#xFA;&#x68;&#x53;&#xFF;&#0;&#1;",
            "\"\\u0068\\u00fa\\u00FA\\u0068\\u0053\\u00ff\\u0000\\u0001\"",
            "0b01101000 (0x68) 0b11111010 (0xFA) 0b11111010 (0xFA) 0b01101000 (0x68) 0b01010011 (0x53) 0b11111111 (0xFF)\n0b00000000 (0x00) 0b00000001 (0x01)",
            "150 372 372 150 123 377 000 001",
            r#"read(3, "\x68\xfa\xfa\x68\x53\xff\x0\x1", 512) = 282"#,
            "(150) (372) (372) (150) (123) (377)\n(000) (001)",
            "68 fa fa 68 53 ff 0 1",
            "\t.byte 0x68, 0xfa, 0xfa, 0x68, 0x53, 0xff\n\t.byte 0x00, 0x01",
            "RX: 68/FA/FA/68/53/FF/0/1\n",
            "RX: 68(104) FA(250) FA(250) 68(104) 53(83)\nFF(255) 00(0) 01(1)",
            "104 (0x68), 250 (0xFA), 250 (0xFA), 104 (0x68), 83 (0x53), 255 (0xFF), 0 (0x00), 1 (0x01)",
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
            "The prices are $12 and $13 and $14 and $15 and $16 and $17",
            "68 FA FA 68 53 FF 00 1",
            "68 FA FA 68 53 FF 7 22 33",
            "68 FA FA 6 53 FF 0 1",
            "0x68, 0xFA, 0xFA, 0x68, 0xG3, 0xFF, 0x0, 0x1",
            "0x68, 0xFA, 0xFA, 0x68, 0x53, 0xFF, 0x0, 0x123",
            "68 FA FA 68 53 0x68 0xFA 0xFA 0x68 0x53 0xFF 0x0",
        ] {
            assert_eq!(octets(text), [0u8; 0], "{text}");
        }
    }
}
