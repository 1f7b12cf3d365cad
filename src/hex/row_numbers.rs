//! Numbers, counts, addresses or times in front of rows of octets.
//!
//! ```text
//!   1: 68 FA FA 68 53 FF 00 01      01 | 68 FA FA 68       0x20000000 <buf>:    0x68 0xfa 0xfa 0x68
//!   2: 67 DB 08 4B 46 4D 67 50      02 | 53 FF 00 01       0x20000004 <buf+4>:  0x53 0xff 0x00 0x01
//!
//! 0 8 68 FA FA 68 53 FF 00 01       0,104,250,250,104      1718964000,68,FA,FA,68
//! 1 6 67 DB 08 4B 46 4D             1,83,255,0,1           1718964001,53,FF,00,01
//!
//! line 1: 68 FA FA 68               n=16 68 FA FA 68       pkt 1 68 FA FA 68
//! ```
//!
//! A number is none of the octets in front of a telegram, and in the next rows if it follows from the row before, or
//! counts the octets of its own.

use super::{
    decimal,
    prefix::slice,
    separator::is_blank,
    stamp,
    telegram::{begins_frame, begins_telegram},
};

/// The state between two rows.
#[derive(Clone, Debug, Default)]
pub(super) struct RowNumbers {
    rows: Option<NumberedRows>,
}

/// Rows with the same numbers in front.
#[derive(Clone, Debug)]
struct NumberedRows {
    /// The word in front of the first number.
    word: Vec<u8>,
    columns: Vec<NumberColumn>,
    is_decimal: bool,
    /// The octets and the groups of the last row.
    last: RowSize,
}

#[derive(Clone, Copy, Debug, Default)]
struct RowSize {
    octets: u64,
    groups: u64,
}

/// A number in front of each row.
#[derive(Clone, Debug)]
struct NumberColumn {
    /// Of the last row.
    text: Vec<u8>,
    sign: Option<u8>,
    /// The meanings that fit all rows so far.
    meanings: Vec<(NumberMeaning, u32)>,
}

/// The meaning of a number in one radix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NumberMeaning {
    /// One more than in the row before.
    Row,
    /// The octets of the rows before, or their groups.
    Octets,
    Groups,
    /// The octets of this row.
    Count,
    /// A time, as a number or with signs.
    Time,
}

/// The octets of a row behind its numbers.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NumberedRow {
    /// Hex from here on.
    From(usize),
    /// Octets in decimal.
    Octets(Vec<u8>),
}

/// A number as it stands in its row.
#[derive(Clone, Copy, Debug)]
struct NumberCell<'a> {
    text: &'a [u8],
    sign: Option<u8>,
    is_address: bool,
}

impl RowNumbers {
    /// True between two rows.
    pub(super) const fn is_within(&self) -> bool {
        self.rows.is_some()
    }

    /// The octets of a row; nothing if it has no such number. `behind_hex`: the line before is bare hex, which may
    /// end with the first octet of this one.
    pub(super) fn row(&mut self, line: &[u8], behind_hex: bool) -> Option<NumberedRow> {
        let next = self.rows.take().and_then(|rows| rows.next(line));
        let (rows, row) = next.or_else(|| NumberedRows::begin(line, behind_hex))?;
        let octets = if rows.is_decimal { decimal::numbers(row) } else { None };
        self.rows = Some(rows);
        Some(match octets {
            Some(octets) => NumberedRow::Octets(octets),
            None => NumberedRow::From(line.len() - row.len()),
        })
    }
}

impl NumberedRows {
    /// A row behind whose numbers a telegram begins, and the octets of it.
    fn begin(line: &[u8], behind_hex: bool) -> Option<(Self, &[u8])> {
        let mut cells = Vec::new();
        let (word, mut rest) = word(without_bar(line));
        while cells.len() < MOST {
            let (cell, behind) = cell(rest)?;
            cells.push(cell);
            rest = behind;
            let Some(is_decimal) = starts_in_decimal(rest) else {
                continue;
            };
            let last = RowSize::of(rest, is_decimal);
            let is_named = !word.is_empty();
            let is_number = |cell: &NumberCell<'_>| {
                cell.is_before(rest, is_decimal, last, behind_hex, is_named)
            };
            let columns = cells.iter().map(|cell| NumberColumn::of(cell, last)).collect();
            let rows = Self { word: word.to_vec(), columns, is_decimal, last };
            return cells.iter().all(is_number).then_some((rows, rest));
        }
        None
    }

    /// The next row, and the octets of it.
    fn next(mut self, line: &[u8]) -> Option<(Self, &[u8])> {
        let (word, mut rest) = word(without_bar(line));
        if word != self.word {
            return None;
        }
        let mut cells = Vec::new();
        for column in &self.columns {
            let (cell, behind) = cell(rest).filter(|(cell, _)| cell.sign == column.sign)?;
            cells.push(cell);
            rest = behind;
        }
        let size = RowSize::of(rest, self.is_decimal);
        let last = core::mem::replace(&mut self.last, size);
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            let before = &column.text;
            column.meanings.retain(|(meaning, radix)| {
                meaning.fits(cell.text, *radix, before, (last, size)).unwrap_or(false)
            });
            column.text = cell.text.to_vec();
        }
        let is_row = self.columns.iter().all(|column| !column.meanings.is_empty());
        is_row.then_some((self, rest))
    }
}

impl RowSize {
    fn of(row: &[u8], is_decimal: bool) -> Self {
        let groups = row.split(|c| !c.is_ascii_hexdigit()).filter(|group| !group.is_empty());
        let groups_of_row = groups.clone().count() as u64;
        let octets = groups.map(|group| group.len() / 2).sum::<usize>() as u64;
        Self { octets: if is_decimal { groups_of_row } else { octets }, groups: groups_of_row }
    }
}

impl NumberColumn {
    /// The column of a number in the first row.
    fn of(cell: &NumberCell<'_>, size: RowSize) -> Self {
        use NumberMeaning::{Count, Groups, Octets, Row, Time};
        let radices: &[u32] = if cell.is_address { &[16] } else { &[10, 16] };
        let is_count = |radix: u32| number(cell.text, radix) == Some(size.octets);
        let meanings = [Row, Octets, Groups, Count, Time].into_iter();
        let all = meanings.flat_map(|meaning| radices.iter().map(move |radix| (meaning, *radix)));
        let fits = |(meaning, radix): &(NumberMeaning, u32)| match meaning {
            Count => is_count(*radix),
            Time => *radix == 10 && cell.is_time(),
            _ => true,
        };
        Self { text: cell.text.to_vec(), sign: cell.sign, meanings: all.filter(fits).collect() }
    }
}

impl NumberMeaning {
    /// True for the number of a row of this size, behind one of that size.
    fn fits(
        self,
        text: &[u8],
        radix: u32,
        before: &[u8],
        (last, size): (RowSize, RowSize),
    ) -> Option<bool> {
        if self == Self::Time {
            return Some(text.len() == before.len() && text >= before);
        }
        let before = number(before, radix)?;
        let due = match self {
            Self::Row => before.checked_add(1)?,
            Self::Octets => before.checked_add(last.octets)?,
            Self::Groups => before.checked_add(last.groups)?,
            Self::Count | Self::Time => size.octets,
        };
        Some(number(text, radix)? == due)
    }
}

impl NumberCell<'_> {
    /// True for a number in front of the first octets of a telegram.
    fn is_before(
        &self,
        row: &[u8],
        is_decimal: bool,
        size: RowSize,
        behind_hex: bool,
        is_named: bool,
    ) -> bool {
        let value = number(self.text, 10);
        let is_end = value == Some(if is_decimal { END_IN_DECIMAL } else { END });
        // A row of a dump may end in front of the last octet of a frame too.
        let is_count = [10, 16].iter().any(|radix| number(self.text, *radix) == Some(size.octets))
            && !(is_end && behind_hex);
        // The end of a frame stands in front of the next one too.
        if is_count || is_end {
            return is_count;
        }
        let is_whole = self.text.len().is_multiple_of(2) || is_decimal;
        // Cells of octets have two digits each.
        let is_apart = matches!(self.sign, Some(b':' | b'|' | b'.' | b')' | b']'))
            && (self.text.len() > PAIR || !has_sign(row, self.sign.unwrap_or_default()));
        let is_first = self.text.len() == PAIR
            && value.is_some_and(|value| value <= 1)
            && begins_frame_of(row)
            || is_decimal && value.is_some_and(|value| value <= 1);
        let is_number = value.is_some() && (!is_whole || is_apart || is_first);
        self.is_address || self.is_time() || is_number || is_named
    }

    /// True for a time: more digits than a number has, or signs between them.
    fn is_time(&self) -> bool {
        let is_number = self.text.iter().all(u8::is_ascii_digit) && !self.is_address;
        let is_stamp = memchr::memchr2(b':', b'-', self.text).is_some();
        self.text.len() > LONGEST_NUMBER && (is_number || is_stamp)
    }
}

/// A number and the text behind the sign after it.
fn cell(text: &[u8]) -> Option<(NumberCell<'_>, &[u8])> {
    let text = text.trim_ascii_start();
    let stamp = stamp_before_cell(text);
    let (bracket, text) = match text {
        [b'[', text @ ..] if stamp == 0 => (Some(b']'), text.trim_ascii_start()),
        [b'(', text @ ..] if stamp == 0 => (Some(b')'), text.trim_ascii_start()),
        _ => (None, text),
    };
    let hex = text.strip_prefix(b"0x").or_else(|| is_address(text).then_some(text));
    let digits = hex.unwrap_or(text);
    let length = match stamp {
        0 => digits.iter().take_while(|c| c.is_ascii_hexdigit()).count(),
        stamp => stamp,
    };
    let (digits, rest) = digits.split_at_checked(length).filter(|_| length > 0)?;
    // The name of the place.
    let rest = match rest.strip_prefix(b" <") {
        Some(name) => name.get(memchr::memchr(b'>', name.get(..LONGEST).unwrap_or(name))? + 1..)?,
        None => rest,
    };
    let (sign, row) = match rest.trim_ascii_start() {
        [sign, row @ ..] if Some(*sign) == bracket => (bracket, row),
        _ if bracket.is_some() => return None,
        [sign @ (b':' | b'|' | b'.' | b')' | b',' | b';'), row @ ..] => (Some(*sign), row),
        _ => (None, rest),
    };
    // `0x16, 0x68` are octets.
    let is_octet = hex.is_some() && digits.len() <= 2 && matches!(sign, None | Some(b',' | b';'));
    let is_apart = matches!(sign, Some(b',' | b';')) || row.first().is_some_and(|&c| is_blank(c));
    let is_cell = is_apart && !is_octet;
    is_cell.then_some((NumberCell { text: digits, sign, is_address: hex.is_some() }, row))
}

/// The characters of a date and a time that are a cell of a table.
fn stamp_before_cell(text: &[u8]) -> usize {
    let end = text.iter().take(LONGEST).position(|c| matches!(c, b',' | b';' | b'\t' | b'|'));
    let cell = slice(text, 0..end.unwrap_or_default());
    let is_stamp = memchr::memchr2(b':', b'-', cell).is_some() && stamp::skip(cell) == cell.len();
    if is_stamp { cell.len() } else { 0 }
}

/// The line behind the bar that some tables begin with.
fn without_bar(line: &[u8]) -> &[u8] {
    let text = line.trim_ascii_start();
    text.strip_prefix(b"|").unwrap_or(text)
}

/// The word in front of a number, `line 1:`, `n=16`, and the text behind it. Letters of hex alone are none.
fn word(line: &[u8]) -> (&[u8], &[u8]) {
    let letters = line.iter().take_while(|c| c.is_ascii_alphabetic()).count();
    let is_word = slice(line, 0..letters).iter().any(|c| !c.is_ascii_hexdigit());
    let behind = slice(line, letters..line.len());
    let sign = behind.iter().take_while(|c| is_blank(**c) || matches!(c, b'=' | b'#')).count();
    let at = if is_word && sign > 0 { letters + sign } else { 0 };
    let is_number = line.get(at).is_some_and(u8::is_ascii_digit);
    line.split_at_checked(at).filter(|_| is_number).unwrap_or((b"", line))
}

fn number(text: &[u8], radix: u32) -> Option<u64> {
    u64::from_str_radix(core::str::from_utf8(text).ok()?, radix).ok()
}

/// True for eight hex digits and a colon, as boot loaders write.
fn is_address(text: &[u8]) -> bool {
    text.get(8) == Some(&b':') && slice(text, 0..8).iter().all(u8::is_ascii_hexdigit)
}

/// Tells if the first octets of a row are in decimal; nothing if they begin no telegram.
fn starts_in_decimal(row: &[u8]) -> Option<bool> {
    if first(row).is_some_and(|first| begins_telegram(&first)) {
        return Some(false);
    }
    // R prints vectors of numbers in decimal.
    decimal::numbers(row).is_some_and(|octets| begins_telegram(&octets)).then_some(true)
}

/// True for a row that begins with a frame. In front of an APDU any octet may stand.
fn begins_frame_of(row: &[u8]) -> bool {
    first(row).is_some_and(|first| begins_frame(&first))
}

/// The first octets of a row.
fn first(row: &[u8]) -> Option<Vec<u8>> {
    let groups = slice(row, 0..HEAD.min(row.len())).split(|c| !c.is_ascii_alphanumeric());
    let digits: Vec<u8> =
        groups.flat_map(|group| group.strip_prefix(b"0x").unwrap_or(group)).copied().collect();
    hex::decode(digits.get(..2 * FIRST)?).ok()
}

/// True if the sign is between the octets too, as in a table of them.
fn has_sign(row: &[u8], sign: u8) -> bool {
    row.iter().take(2 * FIRST).any(|c| *c == sign)
}

/// The digits of an octet: groups of more would be words, of which this may be one.
const PAIR: usize = 2;

/// The numbers in front of a row.
const MOST: usize = 3;

/// The last octet of a frame, as it is written in hex, and in decimal.
const END: u64 = 16;
const END_IN_DECIMAL: u64 = 22;

/// The octets by which a telegram is known.
const FIRST: usize = 4;

/// The characters that hold them: `0x68, ` four times.
const HEAD: usize = 32;

/// The characters of the name of a place, or of a time.
const LONGEST: usize = 40;

/// A number of more digits is a time.
const LONGEST_NUMBER: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<Option<&str>> {
        let mut numbers = RowNumbers::default();
        let skip = |line| match numbers.row(str::as_bytes(line), false)? {
            NumberedRow::From(at) => Some(line[at..].trim()),
            NumberedRow::Octets(_) => None,
        };
        text.lines().map(skip).collect()
    }

    #[test]
    fn numbers_of_rows_are_left_out() {
        for text in [
            "  9: 68 FA FA 68\n 10: 53 FF 00 01",
            "[1] 68 fa fa 68\n[5] 53 ff 00 01",
            " [ 1] 68 fa fa 68\n [ 5] 53 ff 00 01",
            "| 0000 | 68 | FA | FA | 68 |\n| 0004 | 53 | FF | 00 | 01 |",
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
    fn numbers_of_every_kind_are_left_out() {
        let octets: Vec<u8> = (0..43).map(|at| at * 5).collect();
        let octets = [&[0x68, 0xfa, 0xfa, 0x68][..], &octets].concat();
        let rows = |size: usize| octets.chunks(size).enumerate();
        type RowHead = fn(usize, &[u8]) -> String;
        let forms: [(&str, RowHead); 12] = [
            ("count", |_, row| format!("{} ", row.len())),
            ("count in hex", |_, row| format!("{:02x} ", row.len())),
            ("count, colon", |_, row| format!("{}: ", row.len())),
            ("count, comma", |_, row| format!("{},", row.len())),
            ("row", |at, _| format!("{at:02} ")),
            ("row, comma", |at, _| format!("{at},")),
            ("row from 1", |at, _| format!("{at}\t", at = at + 1)),
            ("row and count", |at, row| format!("{at} {} ", row.len())),
            ("row and count, colon", |at, row| format!("{at}: {} ", row.len())),
            ("row and count, table", |at, row| format!("{at:02} | {} | ", row.len())),
            ("seconds", |at, _| format!("{};", 1_718_964_000 + at)),
            ("time", |at, _| format!("2026-06-21 12:00:{at:02},")),
        ];
        let bodies: [fn(&[u8]) -> String; 4] = [
            |row| row.iter().map(|it| format!("{it:02x} ")).collect(),
            |row| row.iter().map(|it| format!("{it:02X},")).collect(),
            |row| row.iter().map(|it| format!("{it:02x}")).collect(),
            |row| row.iter().map(|it| format!("{it},")).collect(),
        ];
        for (name, head) in forms {
            for (at, body) in bodies.iter().enumerate() {
                for size in [8, 10, 16, 20, 24, 32] {
                    let mut numbers = RowNumbers::default();
                    for (at_row, row) in rows(size) {
                        let text = body(row);
                        let line = [head(at_row, row), text.clone()].concat();
                        let read = match numbers.row(line.as_bytes(), false) {
                            Some(NumberedRow::From(start)) => line[start..].to_owned(),
                            Some(NumberedRow::Octets(octets)) if at == 3 => body(&octets),
                            other => panic!("{name}: {line}: {other:?}"),
                        };
                        assert_eq!(read.trim(), text.trim(), "{name}: {line}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_end_of_a_frame_is_no_count() {
        let line = format!("16 68 fa fa 68 {}", "53 ".repeat(12));
        let row = |behind_hex| RowNumbers::default().row(line.as_bytes(), behind_hex);
        assert_eq!(row(false), Some(NumberedRow::From(2)));
        assert_eq!(row(true), None);
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
        assert_eq!(rows("17 68 FA FA 68 53"), [None]);
        assert_eq!(rows("67 DB 08 4B 46"), [None]);
        assert_eq!(rows("01 DB 08 4B 46"), [None]);
        assert_eq!(rows("[D] 68 FA FA 68 53"), [None]);
        assert_eq!(rows("00000000 68FAFA68 53FF0001"), [None]);
        assert_eq!(rows("0000 68FA FA68 53FF 0001"), [None]);
        assert_eq!(rows("22,104,250,250,104,83"), [None]);
        assert_eq!(rows("0x16, 0x68, 0x14, 0x14, 0x68, 0x53"), [None]);
        assert_eq!(rows("0x7e 0x7e 0xa0 0x18 0xce 0xff"), [None]);
    }
}
