//! The number of octets behind them, or their sum, which is none of them.
//!
//! ```text
//! 68 FA FA 68 (4)    68 FA FA 68 | 4 bytes    68fafa68 len=4    68 FA FA 68 [4] OK
//! 68 FA FA 68 | 4    68 FA FA 68 | 4 | C4     68fafa68 = c4     68 FA FA 68 CS=3C    68 FA FA 68 ; 4
//! ```
//!
//! The number may be that of the octets in the line, or that of their telegram. Behind a bar, a semicolon or an
//! equals sign it is that of the line: any other one may be an octet.

use super::{
    digits::octet,
    prefix::{decimal, has_octets, octet_count, slice},
    separator::is_blank,
    stamp,
};

/// The line without such numbers at its end.
pub(super) fn without_counts(line: &[u8]) -> &[u8] {
    let mut text = line;
    while let Some(octets) = before_count(text.trim_ascii_end()) {
        text = octets;
    }
    text
}

/// The line without a cell at its end that is the number or the sum of the octets in front of it.
pub(super) fn without_sum(line: &[u8]) -> &[u8] {
    // Nearly all lines: the digits of a cell are fewer, and stand behind another sign.
    match line {
        [.., b':', _, _, b':', _, _] => return line,
        [.., a, b, c, d] if [a, b, c, d].iter().all(|c| c.is_ascii_hexdigit()) => return line,
        _ => {}
    }
    let text = line.trim_ascii_end();
    let text = text.strip_suffix(b"|").unwrap_or(text);
    before_sum(text.trim_ascii_end()).unwrap_or(line)
}

/// `| 4`, `| 4 | c4`, `= c4`, `CS=c4`
fn before_sum(text: &[u8]) -> Option<&[u8]> {
    let near = text.len().saturating_sub(CELL);
    let sign =
        slice(text, near..text.len()).iter().rposition(|c| matches!(c, b'|' | b';' | b'='))?;
    let (front, cell) = text.split_at_checked(near + sign)?;
    let cell = cell.get(1..)?.trim_ascii();
    let cell = cell.strip_prefix(b"0x").unwrap_or(cell);
    let name = front.iter().rev().take_while(|c| c.is_ascii_alphabetic()).count();
    let front = match text.get(near + sign) {
        Some(b'=') => slice(front, 0..front.len() - name).trim_ascii_end(),
        _ => front.trim_ascii_end(),
    };
    let is_own = |front: &&[u8]| {
        let octets = last_octets(front);
        let value = core::str::from_utf8(cell).ok().and_then(|it| u8::from_str_radix(it, 16).ok());
        let sum = octets.iter().fold(0u8, |sum, octet| sum.wrapping_add(*octet));
        let xor = octets.iter().fold(0, |xor, octet| xor ^ octet);
        let is_sum = value.is_some_and(|it| [sum, !sum, sum.wrapping_neg(), xor].contains(&it));
        octets.len() > 1 && (decimal(cell) == Some(octets.len()) || cell.len() == OCTET && is_sum)
    };
    let fronts = [Some(front), before_count(front), before_sum(front)].into_iter().flatten();
    fronts.map(<[u8]>::trim_ascii_end).find(is_own)
}

/// The octets at the end of a line, last one first.
fn last_octets(text: &[u8]) -> Vec<u8> {
    let mut groups =
        text.trim_ascii_end().rsplit(|&c| is_blank(c) || matches!(c, b':' | b'-' | b','));
    let first = groups.clone().next().unwrap_or_default();
    if first.len() > OCTET {
        // `1090;2` is a row of a table.
        let is_number = first.len() < RUN;
        return if is_number { vec![] } else { hex::decode(first).unwrap_or_default() };
    }
    core::iter::from_fn(|| groups.next().and_then(octet)).collect()
}

/// The text in front of a number at its end.
fn before_count(text: &[u8]) -> Option<&[u8]> {
    match text {
        // Nearly all lines of logs.
        [.., b':', _, _, b':', _, _] => None,
        [octets @ .., c, b'O' | b'o', b'K' | b'k'] if is_blank(*c) => ends_with_octet(octets),
        [.., b')'] => in_brackets(text, b'('),
        [.., b']'] => in_brackets(text, b'['),
        [.., b's' | b'e'] => before_unit(text),
        [.., b'0'..=b'9'] => before_name(text),
        _ => None,
    }
}

/// `(4)`; in other brackets the number has to be that of the octets.
fn in_brackets(text: &[u8], open: u8) -> Option<&[u8]> {
    let (octets, number) = before_number(slice(text, 0..text.len() - 1).trim_ascii_end())?;
    let octets = octets.trim_ascii_end().strip_suffix(&[open])?;
    let is_apart = octets.last().is_some_and(|&c| is_blank(c));
    // One octet of several in brackets.
    let is_list = matches!(octets.trim_ascii_end(), [.., b')' | b']' | b',' | b';' | b'='] | []);
    // A row may be a time and one octet in brackets.
    let own = slice(octets, stamp::skip(octets)..octets.len());
    let is_count = has_octets(own, 1) && (open == b'(' || counts(number, own));
    (is_apart && !is_list && is_count).then_some(octets)
}

/// `4 bytes`, `| 4 bytes`.
fn before_unit(text: &[u8]) -> Option<&[u8]> {
    let text = UNITS.iter().find_map(|unit| text.strip_suffix(*unit))?.trim_ascii_end();
    let (octets, number) = before_number(text)?;
    let is_apart = octets.last().is_some_and(|&c| is_blank(c) || c == b'|');
    let is_octet = text.len() - octets.len() == OCTET && !counts(number, octets);
    let octets = octets.trim_ascii_end();
    let octets = octets.strip_suffix(b"|").unwrap_or(octets);
    (is_apart && !is_octet).then_some(octets)
}

/// `len=4`, `length: 4`.
fn before_name(text: &[u8]) -> Option<&[u8]> {
    let at = text.iter().rposition(|c| !c.is_ascii_digit() && *c != b' ')?;
    // Nearly all lines end here, those of octets with colons between them a little later.
    let name = match text.split_at_checked(at)? {
        (name, [b'=' | b':', ..]) if !name.last()?.is_ascii_digit() => name.trim_ascii_end(),
        _ => return None,
    };
    before_number(text)?;
    let is_name = |octets: &&[u8]| octets.last().is_none_or(|c| !c.is_ascii_alphanumeric());
    let octets = NAMES.iter().find_map(|it| {
        let (octets, word) = name.split_at_checked(name.len().checked_sub(it.len())?)?;
        word.eq_ignore_ascii_case(it).then_some(octets).filter(is_name)
    });
    octets.map(|octets| {
        let octets = octets.trim_ascii_end();
        octets.strip_suffix(b",").or_else(|| octets.strip_suffix(b";")).unwrap_or(octets)
    })
}

/// The text in front of a decimal number at its end, and that.
fn before_number(text: &[u8]) -> Option<(&[u8], usize)> {
    let digits = text.iter().rev().take(DIGITS + 1).take_while(|c| c.is_ascii_digit()).count();
    let (before, digits) = text.split_at_checked(text.len() - digits)?;
    let number = decimal(digits).filter(|_| digits.len() <= DIGITS)?;
    Some((before, number))
}

/// True for the number of the octets in front; what a logger wrote before them may count as some.
fn counts(number: usize, text: &[u8]) -> bool {
    (number..number + WORDS).contains(&octet_count(text))
}

fn ends_with_octet(text: &[u8]) -> Option<&[u8]> {
    let digits = text.trim_ascii_end().iter().rev().take_while(|c| c.is_ascii_hexdigit());
    (digits.count() > 1).then_some(text)
}

/// The names of octets behind their number.
const UNITS: [&[u8]; 6] = [b"bytes", b"Bytes", b"byte", b"octets", b"Oktette", b"Octets"];

/// The names in front of a number of octets.
const NAMES: [&[u8]; 6] =
    [b"len", b"length", b"size", b"count", "L\u{e4}nge".as_bytes(), b"Anzahl"];

/// The digits of an octet, and those of a number.
const OCTET: usize = 2;
const DIGITS: usize = 5;

/// Fewer digits in a run may be the number of a row.
const RUN: usize = 8;

/// The characters of a cell, and its sign.
const CELL: usize = 8;

/// So many octets may be numbers among the words of a logger.
const WORDS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_octets_are_left_out() {
        for octets in
            ["68 FA FA 68", "68.FA.FA.68", "[12:34:56] data: 68:FA:FA:68", "104, 250 ,250, 104"]
        {
            for count in [
                "(4)",
                "(282)",
                "( 4 )",
                "| 282 bytes",
                "282 bytes",
                "282 Oktette",
                "len=4",
                ", length: 282",
            ] {
                let line = format!("{octets} {count}");
                let left = without_counts(line.as_bytes()).trim_ascii_end();
                assert_eq!(left, octets.as_bytes(), "{line}");
            }
        }
        let line = "RX: 68 FA FA 68 OK [4] 4 bytes\r";
        assert_eq!(without_counts(line.as_bytes()).trim_ascii_end(), b"RX: 68 FA FA 68");
    }

    #[test]
    fn sums_of_octets_are_left_out() {
        let octets = "12:00 0000: 68 FA FA 67";
        for sum in [
            "| c3",
            "| 4",
            "| 4 | C3",
            "| 4 | C3 |",
            "= 3d",
            "CS=C3",
            "(4) crc=3c",
            "| 0x0f",
            "|4",
            "; 4",
            ";4; c3",
        ] {
            let line = format!("{octets} {sum}");
            assert_eq!(without_sum(line.as_bytes()), octets.as_bytes(), "{line}");
        }
        for line in [
            "68 FA FA 67 | 16",
            "68 | FA | FA | 67",
            "68|fa|fa|67",
            "68;fa;fa;03",
            "1090;2",
            "1121;32",
            "120752 | 3",
            "1090=2",
            "7 | 1",
            "= c3",
            "",
        ] {
            assert_eq!(without_sum(line.as_bytes()), line.as_bytes(), "{line}");
        }
    }

    #[test]
    fn octets_and_other_numbers_stay() {
        for line in [
            "",
            "68 FA FA 68",
            "68:FA:FA:16",
            "(150) (372) (372)",
            "(104), (250)",
            "Octet(104)",
            "[12]",
            "t = (16)",
            "rx: 16",
            "bytes=16",
            "68 FA FA 16 bytes",
            "68 FA [16]",
            "68 FA 123456 bytes",
            "RX OK",
            "16",
        ] {
            assert_eq!(without_counts(line.as_bytes()), line.as_bytes(), "{line}");
        }
    }
}
