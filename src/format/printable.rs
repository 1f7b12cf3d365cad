//! Text that is safe on a terminal.
//!
//! An attacker who can write a telegram can put any character into its texts. Characters that move
//! the cursor, change the terminal, or turn the direction of writing are escaped here.

use std::borrow::Cow;

/// The text with all invisible characters escaped, as `\u{1b}` or `\u{202e}`.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return text.into();
    }
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match is_hidden(character) {
            true => safe.extend(character.escape_unicode()),
            false => safe.push(character),
        }
    }
    safe.into()
}

/// Control characters, and the format characters and separators of Unicode (Cf, Zl, Zp).
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
            | '\u{890}' | '\u{891}' | '\u{8e2}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_spelled_out() {
        for (text, safe) in [
            ("Zähler 7", "Zähler 7"),
            ("a/+/#{{x}}\x1b[2J", "a/+/#{{x}}\\u{1b}[2J"),
            ("a\tb\r\n\x7f", "a\\u{9}b\\u{d}\\u{a}\\u{7f}"),
            ("\u{9b}2J\u{202e}x\u{2066}\u{feff}", "\\u{9b}2J\\u{202e}x\\u{2066}\\u{feff}"),
        ] {
            assert_eq!(printable(text), safe);
        }
        assert!(matches!(printable("usual"), Cow::Borrowed(_)));
    }
}
