//! Numbers or addresses in front of rows of octets.
//!
//! ```text
//!   1: 68 FA FA 68 53 FF 00 01      01 | 68 FA FA 68       0x20000000 <buf>:    0x68 0xfa 0xfa 0x68
//!   2: 67 DB 08 4B 46 4D 67 50      02 | 53 FF 00 01       0x20000004 <buf+4>:  0x53 0xff 0x00 0x01
//! ```
//!
//! A number is none of the octets in front of a telegram, and if it follows from the row before.

use super::{prefix::slice, separator::is_blank, telegram::begins_telegram};

/// The state between two rows.
#[derive(Clone, Debug, Default)]
pub(super) struct RowNumbers {
    /// The number of the next row or its address, and the sign behind it.
    due: Option<([u64; 3], Option<u8>)>,
}

impl RowNumbers {
    /// True between two rows.
    pub(super) const fn is_within(&self) -> bool {
        self.due.is_some()
    }

    /// Where the octets of a row begin; nothing if it has no such number.
    pub(super) fn skip(&mut self, line: &[u8]) -> Option<usize> {
        let due = self.due.take();
        let (number, sign, row) = number(line, due.is_some())?;
        let groups = row.split(|c| !c.is_ascii_hexdigit()).filter(|group| !group.is_empty());
        let cells = number.saturating_add(groups.clone().count() as u64);
        let octets = groups.map(|group| group.len() / 2);
        let fits = match due {
            Some((due, before)) if due.contains(&number) && before == sign => true,
            // The end of a frame stands in front of the next one too.
            _ => number != END && first(row, sign).is_some_and(|first| begins_telegram(&first)),
        };
        let address = number.saturating_add(octets.sum::<usize>() as u64);
        self.due = fits.then_some(([number.saturating_add(1), address, cells], sign));
        fits.then_some(line.len() - row.len())
    }
}

/// The number of a row, the sign behind it, and the octets behind both. `within` rows it needs no sign to be one.
fn number(line: &[u8], within: bool) -> Option<(u64, Option<u8>, &[u8])> {
    let text = line.trim_ascii_start();
    let text = text.strip_prefix(b"|").unwrap_or(text).trim_ascii_start();
    let bracket = text.strip_prefix(b"[");
    let text = bracket.unwrap_or(text);
    let hex = text.strip_prefix(b"0x").or_else(|| is_address(text).then_some(text));
    let digits = hex.unwrap_or(text);
    let is_digit = |c: &&u8| if hex.is_some() { c.is_ascii_hexdigit() } else { c.is_ascii_digit() };
    let length = digits.iter().take_while(is_digit).count();
    let (digits, rest) = digits.split_at_checked(length)?;
    let digits = core::str::from_utf8(digits).ok()?;
    let number = u64::from_str_radix(digits, if hex.is_some() { 16 } else { 10 }).ok()?;
    // The name of the place.
    let rest = match rest.strip_prefix(b" <") {
        Some(name) => name.get(memchr::memchr(b'>', name.get(..LONGEST).unwrap_or(name))? + 1..)?,
        None => rest,
    };
    let (sign, row) = match rest.trim_ascii_start() {
        [b']', row @ ..] if bracket.is_some() => (Some(b']'), row),
        [sign @ (b':' | b'|' | b'.' | b')'), row @ ..] => (Some(*sign), row),
        // An octet would have two digits.
        _ if within || !length.is_multiple_of(2) && hex.is_none() => (None, rest),
        _ => return None,
    };
    row.first().is_some_and(|&c| is_blank(c)).then_some((number, sign, row))
}

/// True for eight hex digits and a colon, as boot loaders write.
fn is_address(text: &[u8]) -> bool {
    text.get(8) == Some(&b':') && slice(text, 0..8).iter().all(u8::is_ascii_hexdigit)
}

/// The first octets of a row; nothing if the sign is between them too, as in a table of octets.
fn first(row: &[u8], sign: Option<u8>) -> Option<Vec<u8>> {
    let head = row.get(..HEAD).unwrap_or(row);
    let groups = head.split(|c| !c.is_ascii_alphanumeric());
    let digits: Vec<u8> =
        groups.flat_map(|group| group.strip_prefix(b"0x").unwrap_or(group)).copied().collect();
    let separators = head.iter().take(2 * FIRST);
    let is_table = sign.is_some_and(|sign| separators.clone().any(|c| *c == sign));
    // R prints vectors of numbers in decimal.
    let cells = row.split(|&c| is_blank(c)).filter(|cell| !cell.is_empty()).take(FIRST);
    let numbers = cells.map(|cell| core::str::from_utf8(cell).ok()?.parse().ok());
    let decimal = || numbers.collect::<Option<Vec<u8>>>();
    let hex = hex::decode(digits.get(..2 * FIRST)?).ok();
    hex.filter(|it| begins_telegram(it)).or_else(decimal).filter(|_| !is_table)
}

/// The last octet of a frame, as it is written in hex.
const END: u64 = 16;

/// The octets by which a telegram is known.
const FIRST: usize = 4;

/// The characters that hold them: `0x68, ` four times.
const HEAD: usize = 32;

/// The characters of the name of a place.
const LONGEST: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<Option<&str>> {
        let mut numbers = RowNumbers::default();
        let skip = |line| numbers.skip(str::as_bytes(line)).map(|at| line[at..].trim());
        text.lines().map(skip).collect()
    }

    #[test]
    fn numbers_of_rows_are_left_out() {
        for text in [
            "  9: 68 FA FA 68\n 10: 53 FF 00 01",
            "[1] 68 fa fa 68\n[5] 53 ff 00 01",
            "01 | 68 FA FA 68\n02 | 53 FF 00 01",
            "| 1 | 68 FA FA 68 |\n| 2 | 53 FF 00 01 |",
            "1. 68 FA FA 68\n2. 53 FF 00 01",
            "1 68 FA FA 68\n2 53 FF 00 01",
            "9\t68 FA FA 68\n10\t53 FF 00 01",
            "2000000a: 68 fa fa 68\n2000000e: 53 ff 00 01",
            "0x20000000:\t0x68\t0xfa\t0xfa\t0x68\n0x20000004:\t0x53\t0xff\t0x00\t0x01",
            "0x20000000 <buf>:\t0x68\t0xfa\t0xfa\t0x68\n0x20000004 <buf+4>:\t0x53\t0xff\t0x00\t0x01",
        ] {
            let hex: String = rows(text).into_iter().map(|row| row.expect(text)).collect();
            let hex = hex.replace("0x", "").replace('|', "").replace(char::is_whitespace, "");
            assert_eq!(hex.to_uppercase(), "68FAFA6853FF0001", "{text}");
        }
    }

    #[test]
    fn octets_are_no_numbers() {
        assert_eq!(rows("68 | 53 | FF | 00"), [None]);
        assert_eq!(rows("1: 53 FF 00 01"), [None]);
        assert_eq!(rows("| 17 | 68 | 14 | 14 | 68 |"), [None]);
        assert_eq!(rows("16: 68 14 14 68"), [None]);
        assert_eq!(rows("1: 68 FA FA 68\n3: 53 FF"), [Some("68 FA FA 68"), None]);
        assert_eq!(rows("01 | 68 FA FA 68\n02 53 FF"), [Some("68 FA FA 68"), None]);
        assert_eq!(rows("12:34:56 68 FA FA 68"), [None]);
    }
}
