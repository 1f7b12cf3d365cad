//! Octets as Python prints them, and C, JavaScript, Ruby and Rust too: printable ones as themselves.
//!
//! ```text
//! b'h\xfa\xfahS\xff\x00\x01g\xdb\x08KFMgP'
//! 68 fa fa 68 53 ff 00 01 67 db 08 4b 46 4d 67 50
//! ```
//!
//! A literal that is all `\x` or all hex digits is hex in a usual form and left to that, unless one of
//! this form is before it: the last of a log may be short.

use super::telegram::begins_telegram;

/// The state between two lines.
#[derive(Clone, Debug, Default)]
pub(super) struct Literals {
    /// The last line with a literal had one of this form.
    open: bool,
}

impl Literals {
    /// The octets of all literals of a line; nothing if there are none of this form.
    pub(super) fn octets(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        memchr::memchr(b'\\', line)?;
        let open = core::mem::take(&mut self.open);
        let mut octets = Vec::new();
        let mut rest = line;
        while let Some(at) = memchr::memchr2(b'\'', b'"', rest) {
            let (_, behind) = rest.split_at_checked(at + 1)?;
            let quote = *rest.get(at)?;
            rest = match literal(behind, quote, open) {
                Some((read, behind)) => {
                    octets.extend(read);
                    behind
                }
                None => behind,
            };
        }
        self.open = !octets.is_empty();
        self.open.then_some(octets)
    }
}

/// The octets of a literal up to its closing quote, and the text behind that; nothing if it is of
/// another form.
fn literal(text: &[u8], quote: u8, open: bool) -> Option<(Vec<u8>, &[u8])> {
    let mut octets = Vec::new();
    let (mut escapes, mut letters) = (0u32, false);
    let mut rest = text;
    loop {
        let (&first, behind) = rest.split_first()?;
        rest = match first {
            _ if first == quote => {
                let is_form = letters && (escapes > 0 || begins_telegram(&octets));
                let is_read = is_form || open && escapes > 0;
                return is_read.then_some((octets, behind));
            }
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
            br"b'\x68\xfa\xfa'",
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
    fn the_last_literal_of_a_log_may_be_short() {
        let mut log = Literals::default();
        assert!(log.octets(br"rx: b'h\x14\x14hS\xff'").is_some());
        assert_eq!(log.octets(br"rx: b'\xae\x16'").unwrap(), [0xae, 0x16]);
        assert_eq!(log.octets(br"path C:\temp"), None);
        assert_eq!(log.octets(br"rx: b'\xae\x16'"), None);
    }
}
