//! The text of an RTF document, as word processors and some mail programs keep it.
//!
//! ```text
//! {\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fnil Calibri;}}
//! \pard\f0\fs22 Telegram:\par
//! 68 FA FA 68 53 FF 00 01\par
//! }
//! ```
//!
//! A control word is a backslash, letters, a number and one blank. Groups that hold no text (fonts,
//! colours, the name of the program) are left out to their closing brace.

/// The state between two lines of a document.
#[derive(Clone, Debug, Default)]
pub(super) struct RichText {
    /// Braces that are open; none outside of a document.
    depth: usize,
    /// The braces that were open around a group without text.
    hidden: Option<usize>,
}

impl RichText {
    /// True within a document.
    pub(super) const fn is_within(&self) -> bool {
        self.depth > 0
    }

    /// The text of a line; nothing outside of a document.
    pub(super) fn strip(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        if !self.is_within() && !line.trim_ascii_start().starts_with(b"{\\rtf") {
            return None;
        }
        let mut text = Vec::with_capacity(line.len());
        let mut rest = line;
        while let Some((&first, behind)) = rest.split_first() {
            rest = match first {
                b'{' => {
                    if HIDDEN.iter().any(|group| behind.starts_with(group)) {
                        self.hidden.get_or_insert(self.depth);
                    }
                    self.depth += 1;
                    behind
                }
                b'}' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.hidden = self.hidden.filter(|&outside| outside < self.depth);
                    behind
                }
                b'\\' => {
                    let (written, behind) = control(behind);
                    self.write(written, &mut text);
                    behind
                }
                _ => {
                    self.write(&[first], &mut text);
                    behind
                }
            };
        }
        Some(text)
    }

    fn write(&self, written: &[u8], text: &mut Vec<u8>) {
        if self.hidden.is_none() {
            text.extend_from_slice(written);
        }
    }
}

/// The text for a control word, given without its backslash, and the text behind it.
fn control(text: &[u8]) -> (&[u8], &[u8]) {
    let letters = text.iter().take_while(|c| c.is_ascii_alphabetic()).count();
    let (word, behind) = text.split_at_checked(letters).unwrap_or_default();
    match (word, behind) {
        // A character beyond ASCII, of which no digit is one.
        ([], [b'\'', _, _, behind @ ..]) => (b"?", behind),
        ([], [b'\\' | b'{' | b'}', ..]) => behind.split_at_checked(1).unwrap_or_default(),
        ([], [_, behind @ ..]) => (b" ", behind),
        ([], []) => (b"", b""),
        _ => {
            let digits = behind.iter().take_while(|c| c.is_ascii_digit() || **c == b'-').count();
            let behind = behind.get(digits..).unwrap_or_default();
            let written: &[u8] = if BREAKS.contains(&word) { b"\n" } else { b"" };
            (written, behind.strip_prefix(b" ").unwrap_or(behind))
        }
    }
}

const HIDDEN: [&[u8]; 6] =
    [b"\\*", b"\\fonttbl", b"\\colortbl", b"\\stylesheet", b"\\info", b"\\pict"];

const BREAKS: [&[u8]; 5] = [b"par", b"line", b"row", b"cell", b"tab"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_document_is_left() {
        let mut document = RichText::default();
        let mut strip = |line: &str| document.strip(line.as_bytes());
        let text = |text: &str| Some(text.as_bytes().to_vec());
        assert_eq!(strip("68 FA {\\rtf1"), None);
        assert_eq!(strip("{\\rtf1\\ansi\\ansicpg1252{\\fonttbl{\\f0\\fnil Calibri;}}"), text(""));
        assert_eq!(strip("{\\*\\generator Riched20 10.0.19041}\\viewkind4\\uc1 "), text(""));
        assert_eq!(strip("\\pard\\f0\\fs22 Z\\'e4hler:\\par"), text("Z?hler:\n"));
        assert_eq!(strip("68 FA \\b FA\\b0  68\\par"), text("68 FA FA 68\n"));
        assert_eq!(strip("}"), text(""));
        assert_eq!(strip("68 FA"), None);
    }
}
