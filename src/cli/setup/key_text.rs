//! The text of a key file, however an editor has stored it, and the mark in it that is in the way.

use meterpipe::{cipher::key_file::Defect, error::Cause};
use zeroize::Zeroizing;

/// The characters of a file: UTF-8, UTF-16 with or without a byte order mark, or Latin-1. Nothing
/// if it is no text.
pub fn decode(octets: &[u8]) -> Option<Zeroizing<String>> {
    let text = match utf16(octets) {
        Some(units) => {
            char::decode_utf16(units.iter().copied()).collect::<Result<String, _>>().ok()?
        }
        None => match core::str::from_utf8(octets) {
            Ok(text) => text.to_owned(),
            Err(_) => octets.iter().copied().map(char::from).collect(),
        },
    };
    let whole = Zeroizing::new(text);
    // Some programs put zeros at the end.
    let end = whole.trim_end_matches('\0');
    // Growing would leave copies of the key behind.
    let mut text = Zeroizing::new(String::with_capacity(end.len()));
    text.extend(end.chars().map(narrow));
    let is_text = |c: char| !c.is_control() || c.is_ascii_whitespace() || c == '\u{b}';
    text.chars().all(is_text).then_some(text)
}

/// The digit or letter that a full-width one stands for.
fn narrow(c: char) -> char {
    let is_wide =
        matches!(c, '\u{ff10}'..='\u{ff19}' | '\u{ff21}'..='\u{ff3a}' | '\u{ff41}'..='\u{ff5a}');
    let narrow = char::from_u32((c as u32).wrapping_sub(WIDE)).filter(|_| is_wide);
    narrow.unwrap_or(c)
}

/// From ASCII to the full-width forms.
const WIDE: u32 = 0xfee0;

fn utf16(octets: &[u8]) -> Option<Zeroizing<Vec<u16>>> {
    let (pairs, []) = octets.as_chunks() else {
        return None;
    };
    let zeros = |at: usize| pairs.iter().filter(|pair: &&[u8; 2]| pair.get(at) == Some(&0)).count();
    let mostly = |at: usize| zeros(at) * 2 > pairs.len();
    let unit: fn([u8; 2]) -> u16 = match pairs {
        [[0xff, 0xfe], ..] => u16::from_le_bytes,
        [[0xfe, 0xff], ..] => u16::from_be_bytes,
        _ if mostly(1) => u16::from_le_bytes,
        _ if mostly(0) => u16::from_be_bytes,
        _ => return None,
    };
    Some(Zeroizing::new(pairs.iter().map(|pair| unit(*pair)).collect()))
}

/// The character at the place of a defect, if it is a mark or a foreign letter: those of ASCII may be the key's.
pub fn mark(text: &str, defect: &Defect) -> String {
    let line = text.lines().nth(defect.line.saturating_sub(1)).unwrap_or_default();
    let found = line.trim_start_matches('\u{feff}').chars().nth(defect.error.offset);
    match found.filter(|c| defect.error.cause == Cause::NotHex && !c.is_alphanumeric()) {
        Some(' ') | None => String::new(),
        Some(mark) => format!(": {mark}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_every_editor_is_read() {
        let text = "Schlüssel: 36C6\r\n";
        let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let latin: Vec<u8> = text.chars().map(|c| c as u8).collect();
        for octets in [text.as_bytes(), &le, &be, &latin] {
            assert_eq!(decode(octets).as_deref().map(String::as_str), Some(text));
        }
        for (mark, octets) in [([0xff, 0xfe], &le), ([0xfe, 0xff], &be)] {
            let read = decode(&[&mark[..], octets].concat()).unwrap();
            assert_eq!(read.trim_start_matches('\u{feff}'), text);
        }
        assert_eq!(decode(b"").as_deref().map(String::as_str), Some(""));
        for text in ["36C6\0", "36C6\0\0", "\u{ff13}\u{ff16}\u{ff23}\u{ff16}"] {
            assert_eq!(decode(text.as_bytes()).as_deref().map(String::as_str), Some("36C6"));
        }
        assert!(decode(&[0x1f, 0x8b, 8, 0, 0]).is_none());
        assert!(decode(&[0x36, 0xc6, 0x66, 0x39, 0x01]).is_none());
    }
}
