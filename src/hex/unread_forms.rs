//! Forms of octets that are told by name, because they are not read.
//!
//! ```text
//! Content-Transfer-Encoding: base64      a mail: octets in it are read, and a text is not
//! begin 644 capture.bin                  uuencode, up to `end`
//! https://…/#recipe=…&input=NjggRkE…     CyberChef
//! b'h\xfa\xfahS\xff                      a literal without its end
//! read(3, "h\372\372h"..., 512) = 282    or with dots for it, as strace writes
//! <Buffer 68 fa … 232 more bytes>        what JavaScript leaves out
//! ```

use super::{base64, python, unread};

/// The state between two lines.
#[derive(Clone, Debug, Default)]
pub(super) struct UnreadForms {
    /// The header of a part of a mail that is in base64 came, and none of its lines.
    mail: bool,
    uuencode: bool,
}

impl UnreadForms {
    /// True while the next line may be of such a form.
    pub(super) const fn is_within(&self) -> bool {
        self.mail || self.uuencode
    }

    /// The name of the form that begins with a line, and none for a line within it; nothing for another line.
    pub(super) fn line(&mut self, line: &[u8]) -> Option<Option<&'static str>> {
        let line = line.trim_ascii();
        if self.uuencode {
            self.uuencode = line != b"end";
            return Some(None);
        }
        if let Some([a, b, c, b' ', ..]) = line.strip_prefix(b"begin ")
            && [a, b, c].iter().all(|digit| matches!(digit, b'0'..=b'7'))
        {
            self.uuencode = true;
            return Some(Some(unread::UUENCODE));
        }
        if line.eq_ignore_ascii_case(b"Content-Transfer-Encoding: base64") {
            self.mail = true;
            return Some(None);
        }
        let is_dotted = || memchr::memmem::find(line, b"\"...").is_some();
        if memchr::memchr(b'\\', line).is_some() && is_dotted() {
            return Some(Some(unread::CUT));
        }
        let first = base64::decoded(line).filter(|_| self.mail)?;
        self.mail = false;
        is_text(&first).then_some(Some(unread::MAIL))
    }
}

/// The name of a form that is told by a line alone.
pub(super) fn name(line: &[u8]) -> Option<&'static str> {
    let has = |text: &[u8]| memchr::memmem::find(line, text).is_some();
    if memchr::memchr(b'#', line).is_some() && has(b"#recipe=") && has(b"&input=") {
        return Some(unread::CYBERCHEF);
    }
    let end = line.trim_ascii_end();
    let is_left_out = || end.ends_with(b" more bytes>") || end.ends_with(b" more items");
    let is_cut = memchr::memchr(b'\\', line).is_some() && python::is_cut(line) || is_left_out();
    is_cut.then_some(unread::CUT)
}

/// True for UTF-8 without control characters. Its last character may be cut.
fn is_text(octets: &[u8]) -> bool {
    let is_letter = |c: &u8| !c.is_ascii_control() || c.is_ascii_whitespace();
    let is_utf8 =
        core::str::from_utf8(octets).map_or_else(|error| error.error_len().is_none(), |_| true);
    is_utf8 && octets.iter().all(is_letter)
}
