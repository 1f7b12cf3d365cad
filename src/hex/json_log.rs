//! The lines of a log in JSON, one object each, as containers and the journal of systemd write it.
//!
//! ```text
//! {"log":"68 fa fa 68 53 ff\n","stream":"stdout","time":"2026-06-21T12:00:00.123456789Z"}
//! {"__CURSOR":"s=1af3;i=2b","_PID":"812","MESSAGE":"68 fa fa 68 53 ff","_BOOT_ID":"01234567"}
//! {"log":"68 fa fa 68 53 ff "}                                                   is what is left of both
//! ```
//!
//! The member in which a telegram begins has the octets of the next lines too. Escape sequences of its text are
//! blanks.

use super::{
    octet_cells::{OctetCells, places},
    prefix::slice,
    telegram::begins_telegram,
};

/// The state between two lines.
#[derive(Clone, Debug, Default)]
pub(super) struct JsonLog {
    /// The name of the member with octets.
    name: Option<Vec<u8>>,
}

/// A member whose value is a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct TextMember<'a> {
    name: &'a [u8],
    value: &'a [u8],
}

impl JsonLog {
    /// The object of a line with its member that has octets, and no other one, and how many characters are left out
    /// in front of these; nothing for another line.
    pub(super) fn reduced(&mut self, line: &[u8]) -> Option<(Vec<u8>, usize)> {
        // Nearly all lines.
        if line.first() != Some(&b'{') || line.len() > LONGEST {
            return None;
        }
        let members: Vec<_> = members(line).collect();
        let member = match &self.name {
            Some(name) => *members.iter().find(|member| member.name == *name)?,
            None => {
                let mut telegrams = members.iter().filter(|member| begins(member.value));
                let member = *telegrams.next()?;
                if telegrams.next().is_some() {
                    return None;
                }
                self.name = Some(member.name.to_vec());
                member
            }
        };
        let is_other = members.iter().any(|other| *other != member && begins(other.value));
        let text = without_escapes(member.value).filter(|_| !is_other)?;
        let head = [b"{\"", member.name, b"\":\""].concat();
        let start = memchr::memmem::find(line, member.value)?;
        Some(([&head, &text[..], b"\"}"].concat(), start.saturating_sub(head.len())))
    }
}

/// The members of an object whose values are texts.
fn members(line: &[u8]) -> impl Iterator<Item = TextMember<'_>> {
    let (mut rest, mut name) = (line, None);
    core::iter::from_fn(move || {
        loop {
            let open = memchr::memchr(b'"', rest)?;
            let is_behind_colon = slice(rest, 0..open).trim_ascii().is_empty();
            let text = slice(rest, open + 1..rest.len());
            let end = memchr::memchr_iter(b'"', text).find(|&at| {
                let escapes = slice(text, 0..at).iter().rev().take_while(|&&c| c == b'\\');
                escapes.count() % 2 == 0
            })?;
            let (text, behind) = (slice(text, 0..end), slice(text, end + 1..text.len()));
            let value = behind.trim_ascii_start().strip_prefix(b":");
            rest = value.unwrap_or(behind);
            match (value, name.take()) {
                (Some(_), _) => name = Some(text),
                (None, Some(name)) if is_behind_colon => {
                    return Some(TextMember { name, value: text });
                }
                (None, _) => {}
            }
        }
    })
}

/// True if a telegram begins in the text, in hex.
fn begins(text: &[u8]) -> bool {
    places(text, 2, begins_telegram).any(|place| matches!(place.cells, OctetCells::Hex(_)))
}

/// The text with blanks for each escape sequence of a line end or a tab; nothing if it has others.
fn without_escapes(text: &[u8]) -> Option<Vec<u8>> {
    let (mut left, mut rest) = (Vec::with_capacity(text.len()), text);
    while let Some(at) = memchr::memchr(b'\\', rest) {
        left.extend_from_slice(slice(rest, 0..at));
        let length = match slice(rest, at + 1..rest.len()) {
            [b'n' | b'r' | b't' | b'"' | b'/', ..] => 2,
            // The start of a colour.
            [b'u', b'0', b'0', b'1', b'b' | b'B', ..] => 6,
            _ => return None,
        };
        left.resize(left.len() + length, b' ');
        if let Some(last) = left.last_mut().filter(|_| length == 6) {
            *last = 0x1b;
        }
        rest = slice(rest, at + length..rest.len());
    }
    left.extend_from_slice(rest);
    Some(left)
}

/// A longer line is none of a log.
const LONGEST: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn reduced(lines: &[&str]) -> Vec<Option<String>> {
        let mut log = JsonLog::default();
        let reduced =
            |line: &&str| Some(String::from_utf8(log.reduced(line.as_bytes())?.0).unwrap());
        lines.iter().map(reduced).collect()
    }

    #[test]
    fn the_member_with_octets_is_left() {
        let docker = [
            r#"{"log":"start\n","stream":"stdout"}"#,
            r#"{"log":"RX 68 fa fa 68\r\n53 ff\n","stream":"stdout"}"#,
            r#"{"stream":"stdout","log":"00 01\t"}"#,
            r#"{"stream":"stdout"}"#,
        ];
        let left =
            [r#"{"log":"RX 68 fa fa 68    53 ff  "}"#, r#"{"log":"00 01  "}"#].map(String::from);
        assert_eq!(reduced(&docker), [None, Some(left[0].clone()), Some(left[1].clone()), None]);
    }

    #[test]
    fn other_lines_stay_as_they_are() {
        for line in [
            r#"{"a":"68fafa68","b":"68141468"}"#,
            r#"{"a":["68fafa68"],"b":"1234"}"#,
            r#"{"a":"h\\xfa\\xfah","b":"1234"}"#,
            r#"{"a":104,"b":"1234"}"#,
            r#"{"a":"68fafa68"#,
            r#"b'{"a":"68fafa68"}'"#,
        ] {
            assert_eq!(reduced(&[line]), [None], "{line}");
        }
    }
}
