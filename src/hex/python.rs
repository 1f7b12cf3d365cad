//! Octets as Python prints them, and C, JavaScript, Ruby and Rust too: printable ones as themselves.
//!
//! ```text
//! b'h\xfa\xfahS\xff\x00\x01g\xdb\x08KFMgP'
//! 68 fa fa 68 53 ff 00 01 67 db 08 4b 46 4d 67 50
//! ```
//!
//! A literal that is all `\x` or all hex digits is hex in a usual form and left to that, unless one of
//! this form is before it: the last of a log may be short.

use super::telegram::{begins_telegram, may_begin};

/// The state between two lines.
#[derive(Clone, Debug, Default)]
pub(super) struct Literals {
    /// The last line with a literal had one of this form.
    open: bool,
    /// The letters in front of that literal, if it was alone in its line.
    head: Option<Vec<u8>>,
    /// Octets of short literals that may begin a telegram.
    waiting: Vec<u8>,
}

impl Literals {
    /// The octets of all literals of a line; nothing if there are none of this form.
    pub(super) fn octets(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        let is_escaped = memchr::memchr(b'\\', line).is_some();
        if !is_escaped && self.head.is_none() && line.len() > SHORT {
            return None;
        }
        let alone = bytes_alone(line);
        if let Some((head, octets)) = &alone
            && self.head.as_ref() == Some(head)
            && !is_digits(octets)
        {
            return alone.map(|(_, octets)| octets);
        }
        let octets = if is_escaped { self.escaped(line)? } else { Vec::new() };
        match alone {
            Some((head, own)) if octets.is_empty() => self.wait(head, &own),
            alone => {
                self.open = !octets.is_empty();
                self.open.then(|| self.open_with(alone.map(|(head, _)| head), &octets))
            }
        }
    }

    /// True if the text of such literals is all that may look like the tags of a page.
    pub(super) fn hold_all_of(&self, line: &[u8]) -> bool {
        let is_quote = |c: &u8| matches!(c, b'\'' | b'"');
        let is_tag = |text: Option<&[u8]>| text.is_none_or(|text| text.contains(&b'<'));
        let (first, last) = (line.iter().position(is_quote), line.iter().rposition(is_quote));
        let is_outside = first.is_none_or(|first| is_tag(line.get(..first)))
            || last.is_none_or(|last| is_tag(line.get(last..)));
        !is_outside && self.clone().octets(line).is_some()
    }

    /// The octets of the literals of a line with a backslash.
    fn escaped(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        let open = core::mem::take(&mut self.open);
        self.head = None;
        let mut octets = Vec::new();
        let mut rest = line;
        while let Some(at) = memchr::memchr2(b'\'', b'"', rest) {
            let (_, behind) = rest.split_at_checked(at + 1)?;
            let quote = *rest.get(at)?;
            let literal = literal(behind, quote).filter(|literal| literal.is_of_form(open));
            let literal = literal.or_else(|| traced(behind, quote));
            let is_bytes = rest.get(..at).is_some_and(|before| before.ends_with(b"b"));
            // `{'data': b"~\xa0…'…"}`: what is between two literals is none.
            rest = match literal.filter(|_| is_bytes || !begins_bytes(behind, quote)) {
                Some(literal) => {
                    octets.extend(literal.octets);
                    literal.behind
                }
                None => behind,
            };
        }
        Some(octets)
    }

    /// The octets that wait and these.
    fn open_with(&mut self, head: Option<Vec<u8>>, octets: &[u8]) -> Vec<u8> {
        (self.open, self.head) = (true, head);
        let mut all = core::mem::take(&mut self.waiting);
        all.extend_from_slice(octets);
        all
    }

    /// Octets of a literal that is of this form only if a telegram begins with it and the next ones: a serial
    /// line is read in pieces, the first one often `b'h'`.
    fn wait(&mut self, head: Vec<u8>, octets: &[u8]) -> Option<Vec<u8>> {
        if is_digits(octets) {
            self.waiting.clear();
            return None;
        }
        let was_waiting = !self.waiting.is_empty();
        self.waiting.extend_from_slice(octets);
        let begins = |octets: &[u8]| begins_telegram(octets) || may_begin(octets);
        let start = (0..self.waiting.len()).find(|&at| self.waiting.get(at..).is_some_and(begins));
        let start = start.unwrap_or(self.waiting.len());
        if self.waiting.get(start..).is_some_and(begins_telegram) {
            return Some(self.open_with(Some(head), &[]));
        }
        let passed: Vec<u8> = self.waiting.drain(..start).collect();
        (was_waiting || !self.waiting.is_empty()).then_some(passed)
    }
}

/// True for text in which `b'` or `b"` stands, of the other quote, before any escape sequence.
fn begins_bytes(text: &[u8], quote: u8) -> bool {
    let end = memchr::memchr(b'\\', text).unwrap_or(text.len());
    text.get(..end).unwrap_or_default().windows(3).any(|it| match *it {
        [before, b'b', mark @ (b'\'' | b'"')] => mark != quote && !before.is_ascii_alphanumeric(),
        _ => false,
    })
}

/// True for octets that are digits of hex in their own right.
fn is_digits(octets: &[u8]) -> bool {
    octets.len() >= DIGITS && octets.iter().all(u8::is_ascii_hexdigit)
}

/// The octets of the only literal of a line, `b'…'`, and the letters in front of it.
fn bytes_alone(line: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let at = memchr::memchr2(b'\'', b'"', line)?;
    let (head, text) = line.split_at_checked(at)?;
    let (quote, text) = text.split_first()?;
    let literal = literal(text, *quote).filter(|_| head.ends_with(b"b"))?;
    let is_last = memchr::memchr2(b'\'', b'"', literal.behind).is_none();
    let letters = || head.iter().copied().filter(u8::is_ascii_alphabetic).collect();
    is_last.then(|| (letters(), literal.octets))
}

/// True for a line that ends within a literal in which a telegram begins.
pub(super) fn is_cut(line: &[u8]) -> bool {
    let is_quote = |two: &[u8]| matches!(two, [b'b', b'\'' | b'"']);
    let Some(start) = line.windows(2).rposition(is_quote).map(|at| at + 2) else {
        return false;
    };
    let (before, text) = line.split_at_checked(start).unwrap_or_default();
    let quote = before.last().copied().unwrap_or_default();
    // An escape sequence may be cut too.
    let end = memchr::memrchr(b'\\', text).unwrap_or(text.len());
    let whole = text
        .get(..end)
        .and_then(|text| literal(&[text, &[quote]].concat(), quote).map(|it| it.octets));
    literal(text, quote).is_none() && whole.is_some_and(|octets| begins_telegram(&octets))
}

/// A line without a backslash in front of all others of this form is no longer.
const SHORT: usize = 160;

/// Digits without other characters: from so many on they are hex.
const DIGITS: usize = 8;

/// A literal.
struct Literal<'a> {
    octets: Vec<u8>,
    /// The octets that are `\x`.
    escapes: u32,
    /// Others are there.
    letters: bool,
    /// The text behind the closing quote.
    behind: &'a [u8],
}

impl Literal<'_> {
    fn is_of_form(&self, open: bool) -> bool {
        let is_form = self.letters && (self.escapes > 0 || begins_telegram(&self.octets));
        is_form || open && self.escapes > 0
    }
}

/// The octets of a call as `strace -xx` prints it, with their number at the end: `read(3, "\x68", 4096) = 1`.
fn traced(text: &[u8], quote: u8) -> Option<Literal<'_>> {
    let literal = literal(text, quote)?;
    let count = format!(") = {}", literal.octets.len());
    literal.behind.trim_ascii_end().ends_with(count.as_bytes()).then_some(literal)
}

/// A literal up to its closing quote; nothing if there is none.
fn literal(text: &[u8], quote: u8) -> Option<Literal<'_>> {
    let mut octets = Vec::new();
    let (mut escapes, mut letters) = (0u32, false);
    let mut rest = text;
    loop {
        let (&first, behind) = rest.split_first()?;
        rest = match first {
            _ if first == quote => return Some(Literal { octets, escapes, letters, behind }),
            b'\\' => {
                let (octet, hex, behind) = escape(behind)?;
                octets.push(octet);
                escapes += u32::from(hex);
                letters |= !hex;
                behind
            }
            b' '..=b'~' => {
                letters |= !matches!(first, b' ' | b',' | b';');
                octets.push(first);
                behind
            }
            _ => return None,
        };
    }
}

/// The octet of an escape sequence, given without its backslash; whether it is `\x`; and the text
/// behind it.
fn escape(text: &[u8]) -> Option<(u8, bool, &[u8])> {
    let (&kind, behind) = text.split_first()?;
    let octet = match kind {
        b'x' | b'X' | b'u' => {
            let behind = if kind == b'u' { behind.strip_prefix(b"00")? } else { behind };
            let digits = core::str::from_utf8(behind.get(..2)?).ok()?;
            // Any text may have such a character as JSON has.
            let hex = kind != b'u';
            return Some((u8::from_str_radix(digits, 16).ok()?, hex, behind.get(2..)?));
        }
        b'0'..=b'7' => {
            let count = text.iter().take(3).take_while(|c| matches!(c, b'0'..=b'7')).count();
            let (digits, behind) = text.split_at_checked(count)?;
            let digits = core::str::from_utf8(digits).ok()?;
            return Some((u8::from_str_radix(digits, 8).ok()?, false, behind));
        }
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'a' => 7,
        b'b' => 8,
        b'e' => 27,
        b'f' => 12,
        b'v' => 11,
        b'\\' | b'\'' | b'"' => kind,
        _ => return None,
    };
    Some((octet, false, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(line: &[u8]) -> Option<Vec<u8>> {
        Literals::default().octets(line)
    }

    #[test]
    fn every_escape_is_read() {
        let line = br#"Received: b'h\xfa\t\r\n\\\'"\0\x16' and b"'\xff""#;
        assert_eq!(octets(line).unwrap(), b"h\xfa\t\r\n\\'\"\0\x16'\xff");
        assert_eq!(octets(br#"read(3, "h\24\24hS\0", 512) = 6"#).unwrap(), b"h\x14\x14hS\0");
        assert_eq!(octets(br#""h\xFA\xFAh\a\e""#).unwrap(), b"h\xfa\xfah\x07\x1b");
        assert_eq!(octets(br#"["h\u00fa\u00fah\u0000"]"#).unwrap(), b"h\xfa\xfah\0");
        for line in [
            &b"b'68fafa68'"[..],
            br"'\x68\xfa\xfa'",
            br"'\x68', '\xfa'",
            br"C:\temp\x",
            br"b'h\xfa",
            br"b'h\xfg'",
            br"it's \x68",
            br#"{"error":"bad \u001b json"}"#,
        ] {
            assert_eq!(octets(line), None, "{}", line.escape_ascii());
        }
    }

    #[test]
    fn a_quote_in_front_of_bytes_does_not_begin_them() {
        for line in [
            &br#"{'data': b"~\xa0'w\xff"}"#[..],
            br#"('12:00', b"~\xa0'w\xff")"#,
            br#"it's b"~\xa0'w\xff""#,
            br#"['/dev/ttyUSB0', 1, b"~\xa0'w\xff"]"#,
            br#"{"data": b'~\xa0\'w\xff'}"#,
        ] {
            assert_eq!(octets(line).unwrap(), b"~\xa0'w\xff", "{}", line.escape_ascii());
        }
        assert_eq!(octets(br#"'h\xfa b"'"#).unwrap(), b"h\xfa b\"", "octets that look so");
    }

    #[test]
    fn the_last_literal_of_a_log_may_be_short() {
        let mut log = Literals::default();
        assert!(log.octets(br"rx: b'h\x14\x14hS\xff'").is_some());
        assert_eq!(log.octets(br"rx: b'\xae\x16'").unwrap(), [0xae, 0x16]);
        assert_eq!(log.octets(br"path C:\temp"), None);
        assert_eq!(log.octets(br"rx: b'\xae\x16'"), None);
    }

    #[test]
    fn a_telegram_is_read_in_pieces_of_any_size() {
        let read = |lines: &[&str]| {
            let mut log = Literals::default();
            lines
                .iter()
                .filter_map(|line| log.octets(line.as_bytes()))
                .flatten()
                .collect::<Vec<_>>()
        };
        for (lines, octets) in [
            (&[r"b'h'", r"b'\xfa\xfahS'", r"b'.'", r"b'KFM'"][..], &b"h\xfa\xfahS.KFM"[..]),
            (&[r"b'h'", r"b'\x14'", r"b'\x14'", r"b'h'", r"b''", r"b'S'"], b"h\x14\x14hS"),
            (&[r"rx 1: b'h11'", r"rx 2: b'hS\xff'", r"rx 3: b'ab'"], b"h11hS\xffab"),
            (&[r"b'~'", r"b'~\xa0g'"], b"~~\xa0g"),
            (&[r"b'x~'", r"b'\xa0g\xce'"], b"x~\xa0g\xce"),
            (&[r"b'\xdb'", r"b'\x08'", r"b'S'"], b"\xdb\x08S"),
            // Digits of hex, other words, and other literals of the line are none of it.
            (&[r"b'h\x14\x14hS'", r"b'68fafa68'"], b"h\x14\x14hS"),
            (&[r"rx: b'h\x14\x14hS'", r"port: b'ttyUSB'"], b"h\x14\x14hS"),
            (&[r"rx: b'h\x14\x14hS'", r"rx: 'late'"], b"h\x14\x14hS"),
            (&[r"{'a': b'on', 'b': b'h\x14\x14hS'}"; 2], b"h\x14\x14hSh\x14\x14hS"),
            (&[r"b'hello'", r"b'~'", r"b'68fafa68'"], b""),
        ] {
            assert_eq!(read(lines), octets, "{lines:?}");
        }
    }
}
