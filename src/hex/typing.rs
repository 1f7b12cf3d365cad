//! The characters of web pages, PDF documents and programs as those that are typed.
//!
//! ```text
//! 68·FA·FA·68       blanks of every width, and of none at all
//! 68 FA FA 6‐       hyphens at line ends; a shell and C write \ there
//! 68 FA 16 ␍␊       line ends that CuteCom draws
//! ```

use std::borrow::Cow;

use super::{prefix, separator::is_separator};

/// The line as it would be typed; `end`: its end is there.
pub(super) fn typed(text: &[u8], end: bool) -> Cow<'_, [u8]> {
    let typed = match prefix::is_ascii(text) {
        true => Cow::Borrowed(text),
        false => core::str::from_utf8(text).map_or(Cow::Borrowed(text), |it| ascii(it).into()),
    };
    match ended(&typed).filter(|_| end) {
        Some(ended) => Cow::Owned(ended),
        None => typed,
    }
}

fn ascii(text: &str) -> Vec<u8> {
    let is_mark = |c: &char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}');
    let typed: String = text
        .chars()
        .filter(|c| !is_mark(c))
        .map(|c| match c {
            '\u{240a}' | '\u{240d}' => ' ',
            '\u{ad}' | '\u{2010}' | '\u{2011}' => '-',
            c if c.is_whitespace() && !c.is_ascii() => ' ',
            c => c,
        })
        .collect();
    typed.into_bytes()
}

/// The line with a hyphen for the backslash behind hex at its end.
fn ended(text: &[u8]) -> Option<Vec<u8>> {
    let line = text.trim_ascii_end().strip_suffix(b"\\")?;
    let is_hex =
        |c: &u8| c.is_ascii_hexdigit() || is_separator(*c) || matches!(c, b'x' | b'X' | b'\\');
    let digits = line.iter().filter(|c| c.is_ascii_hexdigit()).count();
    (digits > 1 && line.iter().all(is_hex)).then(|| [line, b"-"].concat())
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
            ("uint(0x68); \\", "uint(0x68); \\"),
            ("Z\u{e4}hler", "Z\u{e4}hler"),
        ] {
            assert_eq!(typed(text.as_bytes(), true), expected.as_bytes(), "{text}");
        }
    }
}
