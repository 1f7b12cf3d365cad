//! Text or binary, told from the first octets of an input.
//!
//! ```text
//! 36 38 46 41 46 41 36 38 …   text: "68FAFA68"
//! 68 fa fa 68 53 ff 00 …      binary: fa begins no UTF-8 character, 00 is no text
//! ```
//!
//! A telegram on the wire has such an octet among its first eight, so binary is told at once, and a
//! live stream does not wait. Text is told by its first line end.
//!
//! UTF-16 is text, of which every other octet is zero. An input that is neither, and that a user
//! hands over by mistake (a compressed file), is refused by its name.

use super::unread::{OFFICE, PCAPNG};
use crate::error::{Cause, Error, Layer};

/// The form of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Lines of UTF-8.
    Text,
    /// The octets themselves.
    Binary,
    /// Lines of UTF-16.
    Utf16(ByteOrder),
}

/// Which octet of a character of UTF-16 comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteOrder {
    /// The lower one, as Windows has it.
    Little,
    /// The higher one.
    Big,
}

impl ByteOrder {
    /// That of a text that begins with a byte order mark of UTF-16.
    #[must_use]
    pub const fn of_mark(text: &[u8]) -> Option<Self> {
        match text {
            [0xff, 0xfe, ..] => Some(Self::Little),
            [0xfe, 0xff, ..] => Some(Self::Big),
            _ => None,
        }
    }
}

/// The form of an input that begins with `sample`; `complete` if there is no more of it.
///
/// `None`: too early to tell, come back with more octets. That ends at the latest at 512 octets.
#[must_use]
pub fn detect(sample: &[u8], complete: bool) -> Option<Result<Form, Error>> {
    if sample.starts_with(RTF) {
        // Some programs put a zero at its end.
        return Some(Ok(Form::Text));
    }
    if let Some(what) = foreign(sample, complete)? {
        return Some(Err(Error::new(Layer::Hex, 0, Cause::Unsupported { what })));
    }
    if let Some(order) = utf16(sample, complete)? {
        return Some(Ok(Form::Utf16(order)));
    }
    let is_text = readable(sample, complete)?;
    Some(Ok(if is_text { Form::Text } else { Form::Binary }))
}

/// The name of an input that is refused by it; `None` if it is too early to tell.
fn foreign(sample: &[u8], complete: bool) -> Option<Option<&'static str>> {
    for (magic, what) in MAGIC {
        if sample.starts_with(magic) {
            return match what {
                ZIP => office_document(sample, complete).map(|it| Some(it.unwrap_or(ZIP))),
                PCAPNG => is_pcapng(sample, complete).map(|is_one| is_one.then_some(PCAPNG)),
                what => Some(Some(what)),
            };
        }
        if magic.starts_with(sample) && !complete {
            return None;
        }
    }
    Some(None)
}

/// The name of a file whose first octets are those of a known kind: `gzip data`, `a PDF document`.
#[must_use]
pub fn kind_of_file(start: &[u8]) -> Option<&'static str> {
    foreign(start, true).flatten()
}

/// The name of a zip archive that an office program writes: its first file tells. `None`: more octets are needed.
fn office_document(sample: &[u8], complete: bool) -> Option<Option<&'static str>> {
    let name = sample.get(ZIP_HEADER..).unwrap_or_default();
    let is_office = OFFICE_FILES.iter().any(|file| name.starts_with(file));
    let may_be = OFFICE_FILES.iter().any(|file| file.starts_with(name));
    (complete || is_office || !may_be).then_some(is_office.then_some(OFFICE))
}

/// True for the order of octets that the first block of the file tells. `None`: more octets are needed.
fn is_pcapng(sample: &[u8], complete: bool) -> Option<bool> {
    let order = sample.get(PCAPNG_ORDER);
    let is_order = |order: &[u8]| matches!(order, b"\x1a\x2b\x3c\x4d" | b"\x4d\x3c\x2b\x1a");
    (complete || order.is_some()).then_some(order.is_some_and(is_order))
}

/// Every other octet zero, the others ASCII text, but for one umlaut; behind a byte order mark half of them are enough.
/// Which octet of two is the first; `None` if it is too early to tell.
fn utf16(sample: &[u8], complete: bool) -> Option<Option<ByteOrder>> {
    let marked = [(b"\xff\xfe", ByteOrder::Little), (b"\xfe\xff", ByteOrder::Big)]
        .into_iter()
        .find_map(|(mark, order)| Some((sample.strip_prefix(mark)?, order)));
    let text = marked.map_or(sample, |(text, _)| text);
    let head = text.get(..UTF16_OCTETS).unwrap_or(text);
    let fits = |order: ByteOrder| {
        let letters = |is_letter: fn(u8) -> bool| {
            let is_letter = |pair: &&[u8]| match (*pair, order) {
                ([letter, rest @ ..], ByteOrder::Little) => {
                    is_letter(*letter) && rest.iter().all(|it| *it == 0)
                }
                ([0, rest @ ..], ByteOrder::Big) => rest.iter().all(|it| is_letter(*it)),
                _ => false,
            };
            head.chunks(2).filter(is_letter).count()
        };
        let least = if marked.is_some() { head.len() / 4 } else { head.len().div_ceil(2) };
        // One of them may be an umlaut.
        let umlauts = letters(|it| it >= 0xc0).min(least / 4);
        letters(is_ascii) + umlauts >= least
    };
    let order = [ByteOrder::Little, ByteOrder::Big].into_iter().find(|&order| fits(order));
    let order = order.filter(|&order| marked.is_none_or(|(_, marked)| marked == order));
    match (head.len(), order) {
        (_, None) => Some(None),
        (UTF16_OCTETS.., Some(order)) => Some(Some(order)),
        (size, Some(order)) if complete => Some((size >= 4).then_some(order)),
        _ if head.contains(&0) || marked.is_some() => None,
        _ => Some(None),
    }
}

/// True if the sample is text, and long enough to tell.
fn readable(sample: &[u8], complete: bool) -> Option<bool> {
    let (sample, complete) = match sample.get(..SAMPLE_OCTETS) {
        Some(first) if first.len() < sample.len() => (first, false),
        _ => (sample, complete),
    };
    let utf8 = core::str::from_utf8(sample);
    let (text, mut least) = match utf8 {
        Ok(_) => (sample, LINE_OCTETS),
        // A character that the end of the sample cuts is no defect.
        Err(error) if error.error_len().is_none() && !complete => {
            (sample.get(..error.valid_up_to()).unwrap_or_default(), LINE_OCTETS)
        }
        // Some write their umlauts in Latin-1. Binary has more octets beyond ASCII, and others too.
        Err(_) if is_latin(sample) => (sample, LATIN_OCTETS),
        Err(_) => return Some(false),
    };
    let has_other = utf8.is_err_and(|error| error.error_len().is_some());
    let (mut rest, mut letters, mut controls) = (text, 0, 0);
    while let Some((&octet, behind)) = rest.split_first() {
        rest = match sequence(rest) {
            Some(Some(behind)) => behind,
            Some(None) if !complete && rest.len() < SEQUENCE_OCTETS => return None,
            _ if is_text(octet) => {
                letters += 1;
                behind
            }
            _ => {
                (controls, least) = (controls + 1, LATIN_OCTETS);
                if has_other || controls > CONTROLS + letters / CONTROL_SHARE {
                    return Some(false);
                }
                // A file system leaves a block of zeros where power failed.
                let same = behind.iter().take_while(|next| **next == octet).count();
                behind.get(same..).unwrap_or_default()
            }
        };
    }
    let line_end = text.iter().any(|octet| matches!(octet, b'\n' | b'\r'));
    match complete || sample.len() >= SAMPLE_OCTETS {
        true => Some(controls == 0 || letters >= LATIN_OCTETS),
        false => (line_end && letters >= least).then_some(true),
    }
}

/// True if few of the first octets are beyond ASCII.
fn is_latin(sample: &[u8]) -> bool {
    let beyond = |octets: usize| {
        sample.iter().take(octets).filter(|octet| !octet.is_ascii()).count() * 8 <= octets * 3
    };
    beyond(LINE_OCTETS) && beyond(LATIN_OCTETS)
}

/// The text behind a control sequence of a terminal (ECMA-48, 5.4): `ESC [ 0;36 m`, as ESPHome writes it into its
/// logs, `ESC [ 2 J` in front of a screen; `Some(None)` if it is cut, `None` if there is none.
fn sequence(text: &[u8]) -> Option<Option<&[u8]>> {
    let behind = text.strip_prefix(b"\x1b")?;
    let Some(behind) = behind.strip_prefix(b"[") else {
        return behind.is_empty().then_some(None);
    };
    let end = behind.iter().position(|octet| !matches!(octet, b'0'..=b'?'));
    match end.and_then(|end| behind.get(end..)?.split_first()) {
        None => Some(None),
        Some((b'@'..=b'~', behind)) => Some(Some(behind)),
        Some(_) => None,
    }
}

/// A letter of a text, or the first one of a control sequence.
const fn is_ascii(octet: u8) -> bool {
    octet.is_ascii() && (is_text(octet) || octet == 0x1b)
}

/// Not a control character; the octets of longer UTF-8 characters count as text here.
const fn is_text(octet: u8) -> bool {
    matches!(octet, b'\t' | b'\n' | 0x0b | 0x0c | b'\r' | 0x20..=0x7e | 0x80..)
}

/// The first octets of an RTF document.
const RTF: &[u8] = b"{\\rtf";

/// First octets that no telegram and no dump has.
const MAGIC: [(&[u8], &str); 12] = [
    (b"\x1f\x8b", "gzip data"),
    (b"\x28\xb5\x2f\xfd", "zstd data"),
    (b"\xfd7zXZ\x00", "xz data"),
    (b"BZh", "bzip2 data"),
    (b"PK\x03\x04", ZIP),
    (b"\x0a\x0d\x0d\x0a", PCAPNG),
    (b"%PDF-", "a PDF document"),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff\xe0\x00\x10JFIF", "a JPEG picture"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OFFICE),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\x7fELF", "a program"),
];

const ZIP: &str = "a zip archive";

/// The octets in front of the name of the first file in a zip archive.
const ZIP_HEADER: usize = 30;

/// The first files in documents of Word, Excel and LibreOffice.
const OFFICE_FILES: [&[u8]; 6] = [
    b"[Content_Types].xml",
    b"_rels/",
    b"docProps/",
    b"word/",
    b"xl/",
    b"mimetypeapplication/vnd.oasis.opendocument",
];

/// The place of the octets that tell the order of all others in a capture of Wireshark.
const PCAPNG_ORDER: core::ops::Range<usize> = 8..12;

/// Octets after which everything so far being text is enough.
const SAMPLE_OCTETS: usize = 512;

/// A line end within the noise before a telegram is no line: of eight random octets all are text
/// once in two thousand times, of two once in seven.
const LINE_OCTETS: usize = 8;

/// Where octets beyond ASCII are no UTF-8, or control characters are among the text, more has to be seen: 64 random
/// octets are text with so few of those once in a million times.
const LATIN_OCTETS: usize = 64;

/// Four characters, beyond the end of any noise of this shape.
const UTF16_OCTETS: usize = 8;

/// `ESC [ 38;2;255;255;255 m` is the longest in use.
const SEQUENCE_OCTETS: usize = 20;

/// The control characters with which a text may begin: those around the title of a window.
const CONTROLS: usize = 2;

/// Behind them a text has no more than one in so many characters.
const CONTROL_SHARE: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(sample: &[u8]) -> &'static str {
        match detect(sample, true) {
            Some(Err(Error { layer: Layer::Hex, cause: Cause::Unsupported { what }, .. })) => what,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn telegrams_are_binary_within_eight_octets() {
        let telegrams: [&[u8]; 7] = [
            &[0x68, 0xfa, 0xfa, 0x68, 0x53, 0xff, 0x00, 0x01],
            &[0x68, 0x01, 0x01, 0x68, 0x53, 0xff, 0x00, 0x01],
            &[0x68, 0x14, 0x14, 0x68, 0x53, 0xff, 0x11, 0x01],
            &[0xdb, 0x08, 0x4b, 0x46, 0x4d, 0x67, 0x50, 0x00],
            &[0x0f, 0x80, 0x06, 0x87, 0x0e, 0x0c, 0x07, 0xe5],
            &[0x7e, 0xa0, 0x8b, 0xce, 0xff, 0x03, 0x13, 0x1f],
            &[0xff, 0xfe, 0x68, 0xfa, 0xfa, 0x68, 0x53, 0xff],
        ];
        for telegram in telegrams {
            assert_eq!(detect(telegram, false), Some(Ok(Form::Binary)), "{telegram:02x?}");
        }
    }

    #[test]
    fn text_is_known_by_its_first_line_end_or_by_its_end() {
        assert_eq!(detect(b"68FAFA68", false), None);
        assert_eq!(detect(b"68FAFA68\n", false), Some(Ok(Form::Text)));
        assert_eq!(detect(b"68FAFA68\r", false), Some(Ok(Form::Text)));
        assert_eq!(detect(b"68FAFA68", true), Some(Ok(Form::Text)));
        assert_eq!(detect(b"68\n", false), None, "may be noise");
        assert_eq!(detect(b"68\n", true), Some(Ok(Form::Text)));
        assert_eq!(detect(b"", false), None);
        assert_eq!(detect(b"", true), Some(Ok(Form::Text)));
        assert_eq!(detect(&[b'6'; 511], false), None);
        assert_eq!(detect(&[b'6'; 512], false), Some(Ok(Form::Text)));
        assert_eq!(detect("\u{feff}\t68 FA\x0b\x0c\r\n".as_bytes(), false), Some(Ok(Form::Text)));
        assert_eq!(detect(b"\x1b[0;36m[D] 68:FA\x1b[0m\n", false), Some(Ok(Form::Text)));
    }

    #[test]
    fn a_text_may_have_a_few_control_characters() {
        let line = "68FAFA68 53FF0001 67DB084B 464D6750 00000981 F8200000 002388D5 AB4F9751\n";
        for before in
            ["\x07", "\0", "\x1b[2J\x1b[H", "\x1b[?25l", "\x1b]0;meter\x07", "12:00 \x07 \x08"]
        {
            let text = format!("{before}{line}");
            assert_eq!(detect(text.as_bytes(), false), Some(Ok(Form::Text)), "{before:?}");
        }
        assert_eq!(detect(&[0; 512], false), Some(Ok(Form::Binary)));
        assert_eq!(detect(b"\x10@\x00@\x16", false), Some(Ok(Form::Binary)));
    }

    #[test]
    fn a_character_split_by_the_end_of_the_sample_is_awaited() {
        let line = "Zähler 68FAFA68\n".as_bytes();
        for size in 1..8 {
            assert_eq!(detect(&line[..size], false), None, "{size}");
        }
        assert_eq!(detect(&line[..2], true), Some(Ok(Form::Text)), "cut for good");
    }

    #[test]
    fn umlauts_may_be_latin() {
        for line in ["Z\u{e4}hler 68FAFA68", "Gr\u{f6}\u{df}e: 68", "\u{c4}\u{d6}\u{dc}: 68"] {
            let mut line: Vec<u8> = line.chars().map(|c| c as u8).collect();
            assert_eq!(detect(&line, true), Some(Ok(Form::Text)), "{line:02x?}");
            line.extend([b'0'; 64]);
            assert_eq!(detect(&line, false), None, "{line:02x?}");
            line.push(b'\n');
            assert_eq!(detect(&line, false), Some(Ok(Form::Text)), "{line:02x?}");
            line.push(0);
            assert_eq!(detect(&line, false), Some(Ok(Form::Binary)), "{line:02x?}");
        }
        assert_eq!(detect(&[0xff; 8], false), Some(Ok(Form::Binary)));
    }

    #[test]
    fn what_is_neither_is_named() {
        let le: Vec<u8> = "68FAFA".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = "68FAFA".encode_utf16().flat_map(u16::to_be_bytes).collect();
        let (little, big) = (Form::Utf16(ByteOrder::Little), Form::Utf16(ByteOrder::Big));
        assert_eq!(detect(&le, true), Some(Ok(little)));
        assert_eq!(detect(&be, true), Some(Ok(big)));
        assert_eq!(detect(&[&[0xff, 0xfe], &le[..]].concat(), true), Some(Ok(little)));
        assert_eq!(detect(&[&[0xfe, 0xff], &be[..]].concat(), true), Some(Ok(big)));
        for text in ["Z\u{e4}hler 68FA", "\u{e4}\u{f6}: 68", "\x1b[0;36m[12:00:00]"] {
            let le: Vec<u8> =
                format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
            assert_eq!(detect(&le, true), Some(Ok(little)), "{text}");
        }
        assert_eq!(refused(&[0x1f, 0x8b, 8, 0]), "gzip data");
        assert_eq!(refused(&[0x28, 0xb5, 0x2f, 0xfd, 4]), "zstd data");
        assert_eq!(refused(b"\xfd7zXZ\x00\x00"), "xz data");
        assert_eq!(refused(b"PK\x03\x04"), "a zip archive");
        assert_eq!(refused(b"%PDF-1.7\n"), "a PDF document");
        let zip = |name: &[u8]| [&b"PK\x03\x04"[..], &[0; 26], name].concat();
        for name in [&b"word/document.xml"[..], b"xl/workbook.xml", b"[Content_Types].xml"] {
            assert_eq!(refused(&zip(name)), OFFICE);
            assert_eq!(detect(&zip(&name[..2]), false), None);
        }
        assert_eq!(refused(&zip(b"cap.hex")), "a zip archive");
        let pcapng = b"\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a";
        assert_eq!(refused(pcapng), PCAPNG);
        assert_eq!(detect(&pcapng[..11], false), None);
        assert_eq!(detect(b"\n\r\r\n68FAFA68\n", true), Some(Ok(Form::Text)));
        assert_eq!(detect(&[0x1f], false), None);
        assert_eq!(detect(&le[..5], false), None);
    }

    #[test]
    fn the_verdict_does_not_depend_on_how_the_octets_trickle_in() {
        let inputs: [&[u8]; 10] = [
            b"12:00 \x07 68FAFA6853FF68FAFA6853FF68FAFA6853FF68FAFA6853FF68FAFA6853FF68FAFA\n",
            b"\x07\x07 68FAFA6853FF68FAFA6853FF68FAFA6853FF68FAFA6853FF68FAFA6853FF68FAFA\n",
            b"\x1b[2J68FAFA6853FF\n",
            b"Z\xe4hler Gr\xf6\xdfe 68FAFA6853FF68FAFA6853FF68FAFA6853FF68FAFA6853FF68FAFA\n",
            b"68FAFA6853FF\n6814\n",
            &[0x68, 0xfa, 0xfa, 0x68, 0x53, 0xff, 0x00, 0x01, 0x67],
            &[0x1f, 0x8b, 8, 0, 0, 0],
            b"6\x008\x00F\x00A\x00\n\x00",
            b"\x1b[0;36m[12:34:56]\n",
            "\u{feff}68FAFA68\n".as_bytes(),
        ];
        for input in inputs {
            let whole = detect(input, true);
            for size in 0..input.len() {
                let early = detect(&input[..size], false);
                assert!(early.is_none() || early == whole, "{input:02x?} at {size}: {early:?}");
            }
        }
    }
}
