//! Octets as terminal programs show them: printable ones as themselves, others in brackets.
//!
//! ```text
//! h[fa][fa]hS[ff][00][01]g[db][08]KFMgP        picocom --imap 8bithex
//! 12:00:01.123 [RX] - h<FA><FA>hS<FF><00>      Docklight
//! ```
//!
//! The first line is one in which a telegram begins so; the next ones are the octets that it lacks. The window of the
//! terminal may break a line amid a bracket.

use super::{
    digits::octet,
    prefix::slice,
    stamp,
    telegram::{TelegramEnd, begins_telegram},
};

/// The state between two lines.
#[derive(Clone, Debug, Default)]
pub(super) struct Bracketed {
    /// The brackets of a telegram that goes on.
    open: Option<[u8; 2]>,
    end: TelegramEnd,
    /// The start of a bracket at the end of the last line.
    cut: Vec<u8>,
}

impl Bracketed {
    /// True while a telegram goes on.
    pub(super) const fn is_within(&self) -> bool {
        self.open.is_some()
    }

    /// The octets of a line; nothing if it is of another form.
    pub(super) fn octets(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        let start = stamp::skip(line);
        let (text, brackets) = match self.open.take() {
            Some(brackets) => {
                let text = [&self.cut, slice(line, start..line.len())].concat();
                (text, brackets)
            }
            None => BRACKETS.into_iter().find_map(|brackets| {
                let start = begin(line, brackets)?;
                Some((slice(line, start..line.len()).to_vec(), brackets))
            })?,
        };
        let (octets, behind) = read(&text, brackets, usize::MAX);
        self.cut = slice(&text, behind..text.len()).to_vec();
        self.end.line(&octets);
        let is_cut = self.cut.is_empty() || self.cut.first() == brackets.first();
        self.open = Some(brackets).filter(|_| self.end.is_amid() && is_cut);
        Some(octets)
    }
}

/// Where a telegram begins that is not written in brackets alone, or in hex alone.
fn begin(line: &[u8], brackets: [u8; 2]) -> Option<usize> {
    let [open, _] = brackets;
    memchr::memchr(open, line)?;
    (0..line.len())
        .filter(|&at| matches!(line.get(at), Some(b'h' | b'~')) || line.get(at) == Some(&open))
        .find(|&at| {
            let (octets, length) = read(slice(line, at..line.len()), brackets, FIRST);
            let shown = octets.iter().filter(|octet| matches!(octet, b' '..=b'~')).count();
            let is_mixed =
                (octets.len()..4 * octets.len()).contains(&length) && length > octets.len();
            begins_telegram(&octets) && octets.len() == FIRST && shown > 0 && is_mixed
        })
}

/// The first octets of a text, so many at most, and where they end: in front of a bracket that is cut, or of a
/// character that no terminal shows.
fn read(text: &[u8], [open, close]: [u8; 2], most: usize) -> (Vec<u8>, usize) {
    let (mut octets, mut at) = (Vec::new(), 0);
    while octets.len() < most {
        let (octet, length) = match slice(text, at..text.len()) {
            [first, high, low, last, ..] if *first == open && *last == close => {
                match octet(&[*high, *low]) {
                    Some(octet) => (octet, 4),
                    None => (*first, 1),
                }
            }
            [first, rest @ ..]
                if *first == open && rest.len() < 3 && rest.iter().all(u8::is_ascii_hexdigit) =>
            {
                break;
            }
            [shown @ b' '..=b'~', ..] => (*shown, 1),
            _ => break,
        };
        octets.push(octet);
        at += length;
    }
    (octets, at)
}

/// Those of picocom and of Docklight.
const BRACKETS: [[u8; 2]; 2] = [*b"[]", *b"<>"];

/// The octets by which a telegram is known.
const FIRST: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(lines: &[&str]) -> Vec<u8> {
        let mut shown = Bracketed::default();
        lines.iter().filter_map(|line| shown.octets(line.as_bytes())).flatten().collect()
    }

    #[test]
    fn printable_octets_are_read_beside_brackets() {
        let expected = b"h\x14\x14hS\xff[\0g\xdb\x08KFM";
        for lines in [
            &["h[14][14]hS[ff][[00]g[db][08]KFM"][..],
            &["12:00:01.123 [RX] - h<14><14>hS<FF>[<00>g<DB><08>KFM"],
            &["h[14][14]hS[ff][[00]g[d", "b][08]KFM"],
            &["RX: h[14][14]hS[ff][[00]", "g[db][08]K", "FM"],
        ] {
            assert_eq!(octets(lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn other_lines_are_left_alone() {
        for line in [
            "[68][fa][fa][68][53][ff][00][01]",
            "68 fa fa 68 53 ff 00 01",
            "h[14][14]",
            "the array has[14][15]hours",
            "[12:34:56][D][uart_debug:114]: <<< 68:FA:FA:68:53:FF",
            "<h1>hello</h1>",
        ] {
            assert_eq!(octets(&[line]), b"", "{line}");
        }
    }
}
