//! The characters of web pages, PDF documents, mails and programs as those that are typed.
//!
//! ```text
//! 68·FA·FA·68       blanks of every width, and of none at all
//! „68 FA“, 68–FA    quotes and dashes of typography
//! 68 FA FA 6‐       hyphens at line ends; a shell and C write \ there, mails write =
//! 68 FA 16 ␍␊       line ends that CuteCom draws
//! > > 68 FA FA      what a mail quotes
//! ␛[0;36m68 FA      colours, also without their first character, as a terminal leaves them
//! ␛[2J␀68 FA␇       other controls of a terminal, and the zeros that a file system leaves in a log when power fails
//! ```

use std::borrow::Cow;

use super::{beside_text, prefix, separator::is_separator};

/// The line as it would be typed; `end`: its end is there.
#[inline]
pub(super) fn typed(text: &[u8], end: bool) -> Cow<'_, [u8]> {
    let typed = match prefix::is_ascii(text) {
        true => Cow::Borrowed(text),
        false => core::str::from_utf8(text).map_or(Cow::Borrowed(text), |it| ascii(it).into()),
    };
    // Nearly all lines have none, and a search of all would be slow: they stand in front of a text, or behind it.
    let has_controls = [typed.first(), typed.last()].into_iter().flatten().any(is_control);
    let mut typed = without_colours(typed, has_controls);
    if has_controls {
        typed.to_mut().iter_mut().filter(|c| is_control(c)).for_each(|c| *c = b' ');
    }
    // The last character of a text beside octets is one of theirs.
    let is_open = |text: &[u8]| end && beside_text::without_text(text).line.len() == text.len();
    match ended(&typed).filter(|_| is_open(&typed)) {
        Some(ended) => Cow::Owned(ended),
        None => typed,
    }
}

fn ascii(text: &str) -> Vec<u8> {
    let is_mark = |c: &char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}');
    let typed: String = text
        .chars()
        // hexyl has the second line in the middle of its rows.
        .filter(|c| !is_mark(c) && *c != '\u{250a}')
        .map(|c| match c {
            '\u{2502}' => '|',
            '\u{240a}' | '\u{240d}' => ' ',
            '\u{ad}' | '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
            '\u{2018}'..='\u{201f}' | '\u{ab}' | '\u{bb}' | '\u{2039}' | '\u{203a}' => '"',
            c if c.is_whitespace() && !c.is_ascii() => ' ',
            c => c,
        })
        .collect();
    typed.into_bytes()
}

/// True for a control character that is no blank and ends no line.
const fn is_control(c: &u8) -> bool {
    c.is_ascii_control() && !matches!(*c, b'\t' | b'\r' | 0x0b | 0x0c)
}

/// The line without the control sequences of a terminal, most of which are colours; `has_controls`: it begins or ends
/// with a control character.
fn without_colours(text: Cow<'_, [u8]>, has_controls: bool) -> Cow<'_, [u8]> {
    let bracket = memchr::memchr(b'[', &text).and_then(|at| text.get(at..));
    if !has_controls && bracket.and_then(|behind| memchr::memchr2(b'm', b'K', behind)).is_none() {
        return text;
    }
    // A literal of a program has its own: b'h\xfa[0m'.
    let is_literal =
        memchr::memchr(b'\\', &text).is_some() && memchr::memchr2(b'\'', b'"', &text).is_some();
    let next = |text: &[u8]| {
        memchr::memchr_iter(b'[', text).find_map(|at| {
            let escape = at.checked_sub(1).and_then(|at| text.get(at)) == Some(&0x1b);
            let length =
                sequence_length(text.get(at + 1..)?, escape).filter(|_| escape || !is_literal)?;
            Some((at - usize::from(escape), at + 1 + length))
        })
    };
    if next(&text).is_none() {
        return text;
    }
    let (mut typed, mut rest) = (Vec::new(), &*text);
    while let Some((start, end)) = next(rest) {
        typed.extend_from_slice(rest.get(..start).unwrap_or_default());
        rest = rest.get(end..).unwrap_or_default();
    }
    typed.extend_from_slice(rest);
    Cow::Owned(typed)
}

/// The length of a control sequence behind its bracket. Without an `escape` it is a colour: `0m`, or one with a
/// semicolon.
fn sequence_length(text: &[u8], escape: bool) -> Option<usize> {
    let length = text.iter().take_while(|c| matches!(c, b'0'..=b'?')).count();
    let numbers = text.get(..length)?;
    let is_sequence = match text.get(length)? {
        b'@'..=b'~' if escape => true,
        b'm' => numbers == b"0" || numbers.contains(&b';') && !numbers.contains(&b':'),
        _ => false,
    };
    is_sequence.then_some(length + 1)
}

/// The line without the marks of a quotation, or the bullet in front of a single octet, and how many
/// characters they are.
pub(super) fn unquoted(text: &[u8]) -> (&[u8], usize) {
    let mut rest = text;
    while let Some(behind) = rest.trim_ascii_start().strip_prefix(b">") {
        rest = behind.strip_prefix(b" ").unwrap_or(behind);
    }
    if let [b'-' | b'*', b' ', item @ ..] = rest.trim_ascii()
        && item.len() <= OCTET
        && item.iter().all(u8::is_ascii_alphanumeric)
    {
        return (item, text.trim_ascii_end().len() - item.len());
    }
    (rest, text.len() - rest.len())
}

/// The characters of an octet: `0x68`.
const OCTET: usize = 4;

/// The line with a hyphen for the backslash or the equals sign behind hex at its end. Behind a comma the backslash
/// says no more than that.
fn ended(text: &[u8]) -> Option<Vec<u8>> {
    let line = text.trim_ascii_end();
    let line = line.strip_suffix(b"\\").or_else(|| line.strip_suffix(b"="))?;
    let is_hex =
        |c: &u8| c.is_ascii_hexdigit() || is_separator(*c) || matches!(c, b'x' | b'X' | b'\\');
    let digits = line.iter().filter(|c| c.is_ascii_hexdigit()).count();
    match digits > 1 && line.iter().all(is_hex) {
        true => Some([line, b"-"].concat()),
        false => line.trim_ascii_end().ends_with(b",").then(|| line.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_become_those_that_are_typed() {
        for (text, expected) in [
            ("68 FA", "68 FA"),
            ("\u{feff}68\u{200b}FA\u{2060} 68\u{200e}", "68FA 68"),
            ("68\u{a0}FA\u{2009}FA\u{3000}68", "68 FA FA 68"),
            ("68 FA 6\u{2010}", "68 FA 6-"),
            ("68 FA 6\\", "68 FA 6-"),
            ("68 FA 6=", "68 FA 6-"),
            ("key=", "key="),
            (r"42 d0 5c  B.\", r"42 d0 5c  B.\"),
            ("42 d0 3d  B.=", "42 d0 3d  B.="),
            ("\"frame\"=hex:68,fa,\\", "\"frame\"=hex:68,fa,"),
            ("\u{201e}68 FA\u{201c}", "\"68 FA\""),
            ("\u{bb}68\u{2013}FA\u{ab}", "\"68-FA\""),
            ("\x1b[0;36m[12:34:56][D] 68:FA\x1b[0m", "[12:34:56][D] 68:FA"),
            ("[0;36m[12:34:56][D] 68:FA[0m", "[12:34:56][D] 68:FA"),
            ("\x1b[1;31m68\x1b[0m \x1b[1mfa\x1b[K", "68 fa"),
            ("[12] 68 [1m", "[12] 68 [1m"),
            (r"b'h\xfa[0m[1;2m'", r"b'h\xfa[0m[1;2m'"),
            ("uint(0x68); \\", "uint(0x68); \\"),
            ("Z\u{e4}hler", "Z\u{e4}hler"),
        ] {
            assert_eq!(typed(text.as_bytes(), true), expected.as_bytes(), "{text}");
        }
    }

    #[test]
    fn quotations_are_told_from_the_text() {
        for (text, expected) in [
            ("> 68 FA", ("68 FA", 2)),
            (">> 68 FA", ("68 FA", 3)),
            ("> >   68 FA", ("  68 FA", 4)),
            (" >68 FA", ("68 FA", 2)),
            ("  - 104 ", ("104", 4)),
            ("* 0x68", ("0x68", 2)),
            ("- 68 FA", ("- 68 FA", 0)),
            ("68 FA >h.<", ("68 FA >h.<", 0)),
        ] {
            assert_eq!(unquoted(text.as_bytes()), (expected.0.as_bytes(), expected.1), "{text}");
        }
    }
}
