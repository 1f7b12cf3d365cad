//! The text of a key file, however an editor has stored it, and the mark in it that is in the way.

use meterpipe::{
    cipher::key_file::Defect,
    error::Cause,
    hex::dump::{Dump, HexRun},
};
use zeroize::Zeroizing;

/// The characters of a file: UTF-8, UTF-16 with or without a byte order mark, Latin-1, or a code page of Windows or
/// DOS. One or two keys in binary become their hex digits. Nothing if it is neither.
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
    // A damaged key is text, too: the character in the way is named.
    let foreign = text.chars().filter(|c| !is_text(*c)).count();
    let digits = text.chars().filter(char::is_ascii_hexdigit).count();
    if foreign == 0 || foreign <= SLIP && digits >= LEAST_DIGITS {
        return Some(text);
    }
    // Some editors put a line end behind the octets.
    let key = octets.strip_suffix(b"\n").filter(|it| is_keys(it)).unwrap_or(octets);
    if is_keys(key) {
        return Some(Zeroizing::new(hex::encode(key)));
    }
    let mut of_windows = Zeroizing::new(String::with_capacity(end.len() * 2));
    of_windows.extend(text.chars().map(windows));
    of_windows.chars().all(is_text).then_some(of_windows)
}

/// The character that Windows-1252 has in the place of a control character of Latin-1, or code page 850 where that has
/// none. Quotes, dashes and umlauts in labels are all that is asked of either.
fn windows(c: char) -> char {
    const FROM: u32 = 0x80;
    const CHARACTERS: [char; 32] = [
        '€', 'ü', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 'ì', 'Ž', 'Å', 'É', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 'Ø', 'ž', 'Ÿ',
    ];
    let at = (c as u32).checked_sub(FROM).and_then(|at| usize::try_from(at).ok());
    at.and_then(|at| CHARACTERS.get(at)).copied().unwrap_or(c)
}

/// The keys of a listing that begins with its first octet: of xxd, hexdump -C, od -t x1.
pub fn listed(text: &str) -> Option<Zeroizing<String>> {
    let offset = text.split(|c: char| !c.is_ascii_alphanumeric()).next()?;
    if !(7..=8).contains(&offset.len()) || offset.contains(|c| c != '0') {
        return None;
    }
    let (mut dump, mut run) = (Dump::default(), HexRun::default());
    let is_read = text.lines().all(|line| dump.line(line.as_bytes(), true, &mut run).is_ok());
    let octets = Zeroizing::new(run.octets);
    let is_whole = is_read && dump.finish().is_ok() && run.marks.is_empty();
    (is_whole && is_keys(&octets)).then(|| Zeroizing::new(hex::encode(&*octets)))
}

/// Foreign characters in a text with a damaged key.
const SLIP: usize = 4;

/// The fewest digits of such a text.
const LEAST_DIGITS: usize = 24;

/// True for as many octets as one key has, or both keys.
const fn is_keys(octets: &[u8]) -> bool {
    matches!(octets.len(), 16 | 32)
}

/// The digit, letter or mark that a full-width one stands for, and the hyphen of any dash.
fn narrow(c: char) -> char {
    let is_wide = matches!(c, '\u{ff01}'..='\u{ff5e}');
    if matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}') {
        return '-';
    }
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
        Some(mark) if mark.is_control() => format!(": U+{:04X}", u32::from(mark)),
        Some(mark) => format!(": {mark}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_listing_is_read() {
        let key = "36c66639e48a8ca4d6bc8b282a793bbb";
        for text in [
            "00000000: 36c6 6639 e48a 8ca4 d6bc 8b28 2a79 3bbb  6.f9.......(*y;.\n",
            "00000000  36 c6 66 39 e4 8a 8c a4  d6 bc 8b 28 2a 79 3b bb  |6.f9.......(*y;.|\n00000010\n",
            "0000000 36 c6 66 39 e4 8a 8c a4 d6 bc 8b 28 2a 79 3b bb\n0000020\n",
        ] {
            assert_eq!(listed(text).as_deref().map(String::as_str), Some(key), "{text}");
            assert_eq!(listed(&text.replace("3bbb", "3b").replace("3b bb", "3b")), None);
            assert_eq!(listed(text.trim_start_matches('0')), None);
        }
    }

    #[test]
    fn a_key_with_a_control_character_is_a_text_that_names_it() {
        let digits = "5C1E77A09B3D42F6810EC4D92A6BF385";
        for at in [0, 15, 30] {
            for before in ["", "GUEK: "] {
                let text = format!("{before}{}\0{}\n", &digits[..at], &digits[at + 1..]);
                let read = decode(text.as_bytes()).unwrap();
                assert_eq!(*read, text);
                let defect = meterpipe::cipher::key_file::parse(&read).unwrap_err();
                assert_eq!(defect.error.offset, before.len() + at, "{text:?}");
                assert_eq!(mark(&read, &defect), ": U+0000");
            }
        }
    }

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
        for octets in [&[0x36, 0xc6, 1, 0xbb].repeat(4)[..], &[0x36, 0xc6, 1, 0xbb].repeat(8)] {
            let hex = hex::encode(octets);
            for end in [&b""[..], b"\n"] {
                let text = decode(&[octets, end].concat());
                assert_eq!(text.as_deref(), Some(&hex));
            }
            assert!(decode(&[octets, &[0]].concat()).is_none());
        }
        for (octets, text) in [
            (&b"\x84\x3336C6\x93"[..], "„336C6“"),
            (b"GUEK \x96 36C6", "GUEK – 36C6"),
            (b"Schl\x81ssel: 36C6", "Schlüssel: 36C6"),
        ] {
            assert_eq!(decode(octets).as_deref().map(String::as_str), Some(text));
        }
        for (wide, text) in [("ＧＵＥＫ：", "GUEK:"), ("5C1E‑77A0–9B3D", "5C1E-77A0-9B3D")]
        {
            assert_eq!(decode(wide.as_bytes()).as_deref().map(String::as_str), Some(text));
        }
        assert!(decode(&[0x1f, 0x8b, 8, 0, 0]).is_none());
        assert!(decode(&[0x36, 0xc6, 0x66, 0x39, 0x01]).is_none());
    }
}
