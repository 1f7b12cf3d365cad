//! The text that many programs write beside octets, behind addresses and words of their own.
//!
//! ```text
//! I (1234) uart: 0x3ffb1c00   68 fa fa 68 53 ff 00 01  67 db 08 4b 46 4d 67 50  |h..hS...g..KFMgP|
//!         00000000  68 fa fa 68 53 ff 00 01  67 db 08 4b 46 4d 67 50 h..hS... g..KFMgP
//!  68 fa fa 68 53 ff 00 01                           h..hS...
//! 68 fa fa 68 53 ff 00 01 | h..hS...                 68 fa fa 68 53 ff 00 01 h..hS...
//! ```
//!
//! A text is beside the octets if it has a character for each of them, and each is the one that its octet is shown
//! as. Rows of `listing.rs` are known by their offsets.

use super::{digits::octet, listing::agrees, prefix::slice, separator::is_blank};

/// A line up to its last octet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OctetsOfLine<'a> {
    pub(super) line: &'a [u8],
    /// A blank is in the middle of the text that is left out.
    pub(super) is_halved: bool,
}

/// The line up to its last octet, if there is such a text behind it; else all of it.
pub(super) fn without_text(line: &[u8]) -> OctetsOfLine<'_> {
    let all = OctetsOfLine { line, is_halved: false };
    if line.len() > LONGEST || !has_gap(line) && !has_quarter(line) {
        return all;
    }
    let mut octets = Vec::new();
    let mut at = first_pair(line).unwrap_or(line.len());
    while let Some(octet) = pair(line, at) {
        octets.push(octet);
        let behind = slice(line, at + 2..line.len());
        if let Some(is_halved) = beside(&octets, behind) {
            return OctetsOfLine { line: slice(line, 0..at + 2), is_halved };
        }
        let gap = behind.iter().take_while(|&&c| is_blank(c) || c == b'-').count();
        at += 2 + gap;
    }
    all
}

/// True if two blanks, a tab or a bar are in the line, as in each that has text behind its octets.
fn has_gap(line: &[u8]) -> bool {
    let mut gaps = memchr::memchr3_iter(b' ', b'|', b'\t', line);
    gaps.any(|at| line.get(at) != Some(&b' ') || line.get(at + 1) == Some(&b' '))
}

/// True if a quarter of the line may be text behind a blank: `68 fa fa 68 h..h` has three characters an octet, and
/// one for each.
fn has_quarter(line: &[u8]) -> bool {
    let (octets, text) = line.split_at_checked(line.len() / 4 * 3).unwrap_or_default();
    line.len().is_multiple_of(4)
        && octets.last() == Some(&b' ')
        && text.iter().any(|c| !c.is_ascii_hexdigit() && !is_blank(*c))
}

/// Two digits between blanks.
fn pair(line: &[u8], at: usize) -> Option<u8> {
    let is_end = line.get(at + 2).is_none_or(|&c| is_blank(c) || c == b'-');
    line.get(at..at + 2).filter(|_| is_end).and_then(octet)
}

fn first_pair(line: &[u8]) -> Option<usize> {
    let behind_blanks = memchr::memchr2_iter(b' ', b'\t', line).map(|at| at + 1);
    core::iter::once(0).chain(behind_blanks).find(|&at| pair(line, at).is_some())
}

/// Tells if the text behind the octets shows them: `true` for one in two halves.
fn beside(octets: &[u8], behind: &[u8]) -> Option<bool> {
    let text = behind.trim_ascii_start();
    let blanks = behind.len() - text.len();
    let framed = text.strip_prefix(b"|").map(|text| {
        let text = text.trim_ascii_end();
        text.strip_suffix(b"|").unwrap_or(text)
    });
    // Markdown.
    let quoted = || framed?.trim_ascii().strip_prefix(b"`")?.strip_suffix(b"`");
    // `| h..hS... |`
    let within = framed.and_then(|text| Some(text.strip_prefix(b" ")?.trim_ascii_end()));
    // A blank may be in the middle, as between the octets.
    let half = text.get(MIDDLE) == Some(&b' ') && text.trim_ascii_end().len() == octets.len() + 1;
    let joined = || [slice(text, 0..MIDDLE), slice(text, MIDDLE + 1..text.len())].concat();
    // Blanks at its end may be gone.
    let shows = |text: &[u8]| {
        let gone = octets.get(text.len()..).filter(|_| !text.is_empty());
        gone.is_some_and(|gone| gone.iter().all(|octet| *octet == b' '))
            && agrees(octets.iter().map(|it| Some(*it)), text, true)
    };
    let is_framed = framed.is_some_and(shows)
        || within.is_some_and(shows)
        || framed.is_some_and(|text| shows(text.trim_ascii_end()))
        || quoted().is_some_and(shows);
    let is_beside = match half {
        _ if is_framed => true,
        true => shows(joined().trim_ascii_end()),
        false if blanks == 1 => octets.len() == text.len() && shows(text),
        false => blanks > 1 && (shows(text.trim_ascii_end()) || begins_with_blanks(octets, behind)),
    };
    is_beside.then_some(half && !is_framed)
}

/// True for two blanks and a text whose own first characters are blanks: `20 41   A`.
fn begins_with_blanks(octets: &[u8], behind: &[u8]) -> bool {
    let shown = octets.iter().take_while(|octet| **octet == b' ').count();
    let end = behind.trim_ascii_end().len();
    let start = end.checked_sub(octets.len()).filter(|start| *start > 1 && shown < octets.len());
    start.is_some_and(|start| {
        let (gap, text) = slice(behind, 0..end).split_at_checked(start).unwrap_or_default();
        let is_blank_alone = gap.iter().all(|&c| is_blank(c));
        is_blank_alone && agrees(octets.iter().map(|it| Some(*it)), text, true)
    })
}

/// The characters of a row with text; lines of loggers, which have none, are longer.
const LONGEST: usize = 512;

/// The octets in front of the middle of a row.
const MIDDLE: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_beside_octets_is_left_out() {
        for (line, octets) in [
            ("uart: 0x3ffb1c00   68 fa fa 68  |h..h|", "uart: 0x3ffb1c00   68 fa fa 68"),
            (" 68 fa fa 68          h..h", " 68 fa fa 68"),
            (" 3a 41  :A", " 3a 41"),
            ("20 fd f7 42 a0 dd 42  ..B..B", "20 fd f7 42 a0 dd 42  ..B..B"),
            ("20 fd f7 42 a0 dd 42   ..B..B", "20 fd f7 42 a0 dd 42"),
            ("68 20 20 fa 41    h  .A", "68 20 20 fa 41"),
            ("20 20 fa 41      .A", "20 20 fa 41"),
            (
                "  00  68 fa fa 68 53 ff 00 01  67 db h..hS... g.",
                "  00  68 fa fa 68 53 ff 00 01  67 db h..hS... g.",
            ),
            ("x: 68 fa fa 68 53 ff 00 01  67 db h..hS... g.", "x: 68 fa fa 68 53 ff 00 01  67 db"),
            ("x: 68 fa fa 68 |h..h", "x: 68 fa fa 68"),
        ] {
            assert_eq!(without_text(line.as_bytes()).line, octets.as_bytes(), "{line}");
        }
    }

    #[test]
    fn other_words_stay() {
        for line in [
            "68 fa fa 68  h..",
            "68 fa  ab",
            "68 41  and",
            "no text",
            "",
            "68",
            "  68  ",
            "|",
            "68 fa |68 fa|",
        ] {
            assert_eq!(without_text(line.as_bytes()).line, line.as_bytes(), "{line}");
        }
    }
}
