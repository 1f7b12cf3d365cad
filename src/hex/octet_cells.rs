//! Octets in a line, as each of the usual ways writes them.
//!
//! ```text
//! 68fafa68   68 fa fa 68   68:fa:fa:68   \x68\xfa   0x68, 0xfa    hex
//! 104, 250, 250, 104                                             decimal
//! aPr6aFP/AAE=                                                   base64
//! ```

use super::{base64, decimal, prefix::slice};

/// How the octets are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OctetCells {
    /// Two digits each, with that text between them.
    Hex(&'static [u8]),
    Decimal(&'static [u8]),
    Base64,
}

/// Octets of a line.
pub(super) struct OctetPlace {
    pub(super) cells: OctetCells,
    pub(super) octets: Vec<u8>,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The places of a line at which at least one or two octets begin whose first ones are wanted.
pub(super) fn places<'a>(
    line: &'a [u8],
    least: usize,
    is_wanted: impl Fn(&[u8]) -> bool + Copy + 'a,
) -> impl Iterator<Item = OctetPlace> + 'a {
    let is_word = |at: usize| line.get(at).is_some_and(|&c| c.is_ascii_alphanumeric() || c == b'-');
    let is_start = move |at: usize| {
        let before = slice(line, 0..at);
        is_word(at)
            && (!at.checked_sub(1).is_some_and(is_word)
                || before.ends_with(b"0x")
                || before.ends_with(b"\\x"))
    };
    (0..line.len()).filter(move |at| is_start(*at)).flat_map(move |start| {
        let text = slice(line, start..line.len());
        OctetCells::of(text, least).filter_map(move |cells| {
            let (first, _) = cells.read(text, FIRST).filter(|(first, _)| is_wanted(first))?;
            let (octets, length) = cells.octets(text).filter(|(all, _)| all.starts_with(&first))?;
            Some(OctetPlace { cells, octets, start, end: start + length })
        })
    })
}

impl OctetCells {
    /// The ways in which several octets may begin here.
    pub(super) fn of(text: &[u8], least: usize) -> impl Iterator<Item = Self> + '_ {
        let hex = GAPS.iter().map(|gap| Self::Hex(gap));
        let decimal = GAPS.iter().filter(|gap| !gap.is_empty()).map(|gap| Self::Decimal(gap));
        hex.chain(decimal).filter(move |cells| cells.begin(text, least)).chain([Self::Base64])
    }

    /// True if so many octets are here.
    fn begin(self, text: &[u8], least: usize) -> bool {
        self.read(text, least).is_some_and(|(octets, _)| octets.len() == least)
    }

    pub(super) const fn gap(self) -> &'static [u8] {
        match self {
            Self::Hex(gap) | Self::Decimal(gap) => gap,
            Self::Base64 => b"",
        }
    }

    /// The octets that a text begins with, and where they end.
    pub(super) fn octets(self, text: &[u8]) -> Option<(Vec<u8>, usize)> {
        let (octets, end) = self.read(text, usize::MAX)?;
        let mut behind = slice(text, end..text.len()).iter();
        // `68h`
        let is_mark =
            matches!(self, Self::Hex(_)) && matches!(behind.clone().next(), Some(b'h' | b'H'));
        let is_over = |c: Option<&u8>| !c.is_some_and(u8::is_ascii_alphanumeric);
        is_over(behind.nth(usize::from(is_mark))).then_some((octets, end))
    }

    /// The first octets of a text, so many at most.
    pub(super) fn read(self, text: &[u8], most: usize) -> Option<(Vec<u8>, usize)> {
        let one: fn(&[u8]) -> Option<(u8, usize)> = match self {
            Self::Hex(_) => |text| Some((hex_octet(text)?, 2)),
            Self::Decimal(_) => decimal_octet,
            Self::Base64 => {
                let digits = text.iter().take(most).take_while(|&&c| base64::is_digit(c)).count();
                let padding = slice(text, digits..text.len()).iter().take_while(|&&c| c == b'=');
                let end = digits + padding.count();
                return Some((base64::decoded(slice(text, 0..end))?, end));
            }
        };
        let (mut octets, mut end, mut rest) = (Vec::new(), 0, text);
        while octets.len() < most
            && let Some((octet, length)) = one(rest)
        {
            octets.push(octet);
            end = text.len() - rest.len() + length;
            let behind = slice(text, end..text.len());
            let Some(next) = behind.strip_prefix(self.gap()) else {
                break;
            };
            rest = next;
        }
        (!octets.is_empty()).then_some((octets, end))
    }

    /// The octets of a text that is not whole, and which can be nothing else; for hex alone their number is known.
    pub(super) fn damaged(self, text: &[u8]) -> Option<usize> {
        let is_digit = |c: &&u8| c.is_ascii_hexdigit();
        match self {
            Self::Base64 => {
                let has = |kind: fn(&u8) -> bool| text.iter().any(kind);
                let are_digits = text.len() >= LONG
                    && text.iter().all(|&c| base64::is_digit(c) || c == b'=')
                    && has(u8::is_ascii_digit)
                    && has(u8::is_ascii_uppercase)
                    && has(u8::is_ascii_lowercase);
                are_digits.then_some(0)
            }
            _ => {
                let text: Vec<u8> =
                    text.iter().copied().filter(|c| !self.gap().contains(c)).collect();
                let digits = text.iter().filter(is_digit).count();
                let are_digits = digits >= FEW
                    && text.len() - digits <= digits / 8
                    && text.iter().any(u8::is_ascii_digit);
                let octets = if let Self::Hex(_) = self { digits.div_ceil(2) } else { 0 };
                are_digits.then_some(octets)
            }
        }
    }
}

fn hex_octet(text: &[u8]) -> Option<u8> {
    super::digits::octet(text.get(..2)?)
}

/// The octet that a text begins with in decimal, and the characters of it.
pub(super) fn decimal_octet(text: &[u8]) -> Option<(u8, usize)> {
    let length = number_length(text);
    let octets = decimal::numbers(slice(text, 0..length))?;
    octets.first().map(|octet| (*octet, length))
}

/// The characters of a number, which may be negative.
fn number_length(text: &[u8]) -> usize {
    let sign = usize::from(text.first() == Some(&b'-'));
    sign + text.iter().skip(sign).take_while(|c| c.is_ascii_digit()).count()
}

/// The text between two octets.
const GAPS: [&[u8]; 21] = [
    b"", b" ", b":", b"-", b",", b", ", b";", b"; ", b" 0x", b", 0x", b",0x", b"\\x", b"\t", b".",
    b"%", b"h ", b"H ", b"h, ", b"H, ", b"h,", b"H,",
];

/// The octets by which a telegram is known, which base64 writes in as many digits and more.
const FIRST: usize = 8;

/// The digits of base64, and those of hex, that are no word.
const LONG: usize = 16;
const FEW: usize = 4;
