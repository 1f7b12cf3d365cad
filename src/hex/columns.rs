//! Tables with a column of hex: what spreadsheets, terminal programs and logic analysers export.
//!
//! ```text
//! id,ts,hex                             Time;Hex                     offset,byte
//! 1,1678643101,"68 FA FA 68 53 …"       18:45:00.123;68 FA FA …      0,0x68
//! ```
//!
//! A heading names the column. Without one it is the only field with several octets, behind fields
//! that are no octets: a running number and a time, which have an odd number of digits or more than
//! eight.

use core::ops::Range;

use super::{prefix::slice, separator::is_blank, stamp};

/// The state between two rows.
#[derive(Clone, Debug, Default)]
pub(super) struct HexColumns {
    heading: Option<Heading>,
    /// The column of the rows before this one, if they have no heading.
    column: Option<usize>,
    /// Single octets are in decimal.
    decimal: Option<bool>,
}

/// The meaning of the first row.
#[derive(Clone, Copy, Debug)]
struct Heading {
    delimiter: u8,
    column: usize,
    columns: usize,
    /// Each octet has a column: `byte 0`, `byte 1`.
    is_of_octets: bool,
}

/// The meaning of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ColumnRow {
    /// Nothing but names.
    Heading,
    /// Hex is here.
    Hex(Range<usize>),
    /// One octet.
    Octet(u8),
}

impl HexColumns {
    /// True if the rows of a table may follow.
    pub(super) const fn is_within(&self) -> bool {
        self.heading.is_some()
    }

    /// Reads a line; nothing if it is no row.
    pub(super) fn row(&mut self, line: &[u8]) -> Option<ColumnRow> {
        let first = delimiter(line)?;
        if self.heading.is_none() && !may_begin(line, first) {
            return None;
        }
        if let Some(heading) = heading(line, first) {
            // Octets in columns of their own are a row like others.
            let heading = Some(heading).filter(|heading| !heading.is_of_octets);
            *self = Self { heading, ..Self::default() };
            return Some(ColumnRow::Heading);
        }
        let delimiter = self.heading.map_or(first, |heading| heading.delimiter);
        let fields: Vec<_> = fields(line, delimiter).take(MOST).collect();
        if let Some(heading) = self.heading {
            return self.named(line, &fields, heading);
        }
        if self.column.is_none()
            && let Some(range) = behind_stamp(line, &fields)
        {
            return Some(ColumnRow::Hex(range));
        }
        let column = several(line, &fields, self.column.take())?;
        self.column = Some(column);
        fields.get(column).cloned().map(ColumnRow::Hex)
    }

    /// The field below a heading. Hex with the same separator makes more fields, to the end.
    fn named(
        &mut self,
        line: &[u8],
        fields: &[Range<usize>],
        heading: Heading,
    ) -> Option<ColumnRow> {
        if fields.len() < heading.columns {
            return None;
        }
        let first = fields.get(heading.column)?.clone();
        let more = heading.column + 1 == heading.columns && fields.len() > heading.columns;
        let field = if more { first.start..line.len() } else { first };
        match self.single(slice(line, field.clone())) {
            Some(octet) => Some(ColumnRow::Octet(octet)),
            None => Some(ColumnRow::Hex(field)),
        }
    }

    /// A field that is one octet. The first one tells whether the column is in decimal: telegrams
    /// begin with 104, 126 or 219.
    fn single(&mut self, field: &[u8]) -> Option<u8> {
        let field = unquoted(field.trim_ascii());
        let prefixed = field.strip_prefix(b"0x").or_else(|| field.strip_prefix(b"0X"));
        let (digits, radix) = match prefixed {
            Some(digits) => (digits, 16),
            None if !(1..=3).contains(&field.len()) => return None,
            None => {
                let wide = field.len() == 3;
                (field, if *self.decimal.get_or_insert(wide) { 10 } else { 16 })
            }
        };
        u8::from_str_radix(core::str::from_utf8(digits).ok()?, radix).ok()
    }
}

/// The first sign that may stand between fields.
fn delimiter(line: &[u8]) -> Option<u8> {
    let [a, b, c, d] = DELIMITERS;
    let three = memchr::memchr3(a, b, c, line).unwrap_or(line.len());
    let four = memchr::memchr(d, slice(line, 0..three)).unwrap_or(three);
    line.get(four).copied()
}

/// True if the first field is a name, a number or a time. Octets are none of these.
fn may_begin(line: &[u8], delimiter: u8) -> bool {
    let end = memchr::memchr(delimiter, line).unwrap_or(line.len());
    let field = unquoted(slice(line, 0..end).trim_ascii());
    let name = || field.iter().any(|c| c.is_ascii_alphabetic() && !c.is_ascii_hexdigit());
    let name = || name() || field.eq_ignore_ascii_case(b"dec");
    is_foreign(field, false) || name() && field.first().is_some_and(u8::is_ascii_alphabetic)
}

/// The first row, if one of its names is that of hex.
fn heading(line: &[u8], delimiter: u8) -> Option<Heading> {
    let fields: Vec<_> = fields(line, delimiter).take(MOST).collect();
    let names: Vec<_> = fields
        .iter()
        .map(|field| unquoted(slice(line, field.clone()).trim_ascii()).to_ascii_lowercase())
        .collect();
    // `Dec` is a name, though its letters are hex digits.
    let hex =
        |word: &[u8]| word.len() > 1 && word.iter().all(u8::is_ascii_hexdigit) && word != b"dec";
    let words = |name: &[u8]| name.split(|c| !c.is_ascii_alphanumeric()).any(hex);
    let named = |name: &Vec<u8>| name.first().is_some_and(u8::is_ascii_alphabetic) && !words(name);
    if names.len() < 2 || !names.iter().all(named) {
        return None;
    }
    let has =
        |name: &Vec<u8>, wanted: &str| memchr::memmem::find(name, wanted.as_bytes()).is_some();
    let (column, wanted) = NAMES
        .iter()
        .find_map(|wanted| Some((names.iter().position(|name| has(name, wanted))?, wanted)))?;
    let is_of_octets = names.iter().filter(|name| has(name, wanted)).count() >= OCTETS;
    let blank =
        |field: &Range<usize>| slice(line, field.clone()).first().is_some_and(|&c| c == b' ');
    let many = |name: &Vec<u8>| name.iter().filter(|&&c| is_blank(c)).count() > 2;
    let prose = names.iter().any(many) || fields.iter().any(blank);
    (!prose).then_some(Heading { delimiter, column, columns: names.len(), is_of_octets })
}

/// The only field with several octets, if those before it are no octets. In the `same` column as before a few are
/// enough.
fn several(line: &[u8], fields: &[Range<usize>], same: Option<usize>) -> Option<usize> {
    let is_hex = |(at, field): (usize, &Range<usize>)| {
        is_hex(slice(line, field.clone()), if same == Some(at) { 1 } else { MANY })
    };
    let at = fields.iter().enumerate().position(is_hex)?;
    let (before, _) = fields.split_at_checked(at)?;
    let plain = before.iter().all(|field| is_foreign(slice(line, field.clone()), false));
    let sure = before.iter().any(|field| is_foreign(slice(line, field.clone()), true));
    (plain && sure).then_some(at)
}

/// The octets behind a date or a time, however few: a column each, `12:00:00;68;fa`, or all in the last one, behind
/// their number. More digits without a letter are a number.
fn behind_stamp(line: &[u8], fields: &[Range<usize>]) -> Option<Range<usize>> {
    let text = |field: &Range<usize>| unquoted(slice(line, field.clone()).trim_ascii());
    let (first, behind) = fields.split_first()?;
    let (last, between) = behind.split_last()?;
    if !stamp::is_stamp(text(first)) {
        return None;
    }
    let octets = text(last);
    let is_pair = |field: &Range<usize>| text(field).len() == 2 && is_hex(text(field), 1);
    let count = octets.iter().filter(|c| c.is_ascii_hexdigit()).count() / 2;
    let is_count = |field: &Range<usize>| text(field) == count.to_string().as_bytes();
    if behind.iter().all(is_pair) && !(between.len() == 1 && between.iter().all(is_count)) {
        return Some(behind.first()?.start..line.len());
    }
    let is_number = octets.len() > 2 && octets.iter().all(u8::is_ascii_digit);
    let is_plain = |field: &Range<usize>| is_foreign(slice(line, field.clone()), false);
    (is_hex(octets, 1) && !is_number && between.iter().all(is_plain)).then(|| last.clone())
}

/// As many octets with blanks between them, or more digits than a number has.
fn is_hex(field: &[u8], least: usize) -> bool {
    let field = unquoted(field.trim_ascii());
    let octet = |group: &[u8]| group.len() == 2 && group.iter().all(u8::is_ascii_hexdigit);
    let groups = field.split(|&c| is_blank(c)).filter(|group| !group.is_empty());
    let is_run = field.len().is_multiple_of(2) && field.iter().all(u8::is_ascii_hexdigit);
    groups.clone().count() >= least && groups.take(least).all(octet)
        || is_run && field.len() / 2 >= if least > 1 { RUN } else { least }
}

/// A number or a time; `sure`: which cannot be octets.
fn is_foreign(field: &[u8], sure: bool) -> bool {
    let field = unquoted(field.trim_ascii());
    let digits = field.iter().filter(|c| c.is_ascii_digit()).count();
    let marks = field.iter().filter(|c| matches!(c, b':' | b'.' | b'T' | b'Z' | b'+' | b'-'));
    let marks = marks.count();
    let whole = digits + marks + field.iter().filter(|&&c| c == b' ').count() == field.len();
    let odd = marks == 0 && (!digits.is_multiple_of(2) || digits > 8);
    whole && digits > 0 && (!sure || odd || marks > 1)
}

/// The fields of a row, quotes included.
fn fields(line: &[u8], delimiter: u8) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut start = Some(0);
    core::iter::from_fn(move || {
        let begin = start?;
        let mut quoted = false;
        let end = slice(line, begin..line.len()).iter().position(|&c| {
            quoted ^= c == b'"';
            c == delimiter && !quoted
        });
        let end = end.map(|length| begin + length);
        start = end.map(|end| end + 1);
        Some(begin..end.unwrap_or(line.len()))
    })
}

fn unquoted(field: &[u8]) -> &[u8] {
    let within = |quote: &[u8]| field.strip_prefix(quote)?.strip_suffix(quote);
    within(b"\"").or_else(|| within(b"'")).unwrap_or(field)
}

const DELIMITERS: [u8; 4] = *b";,\t|";

/// Parts of names of a column with hex, the best first.
const NAMES: [&str; 13] = [
    "hex", "telegram", "payload", "frame", "apdu", "raw", "byte", "octet", "oktett", "data",
    "daten", "value", "wert",
];

/// Fewer octets are numbers: with blanks between them, and without.
const MANY: usize = 5;
const RUN: usize = 10;

/// Columns of one name: from so many on they are those of octets.
const OCTETS: usize = 4;

/// More fields are no table.
const MOST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(table: &mut HexColumns, line: &str) -> Option<String> {
        match table.row(line.as_bytes())? {
            ColumnRow::Hex(range) => Some(line[range].to_owned()),
            ColumnRow::Octet(octet) => Some(format!("{octet:02x}")),
            ColumnRow::Heading => Some("heading".to_owned()),
        }
    }

    fn one(line: &str) -> Option<String> {
        hex(&mut HexColumns::default(), line)
    }

    #[test]
    fn a_heading_names_the_column() {
        let mut table = HexColumns::default();
        let mut hex = |line: &str| hex(&mut table, line);
        assert_eq!(hex("id,ts,hex").as_deref(), Some("heading"));
        assert_eq!(hex("1,1678643101,\"68 FA\"").as_deref(), Some("\"68 FA\""));
        assert_eq!(hex("10,1678643101,68FA").as_deref(), Some("68FA"));
        assert_eq!(hex("10,1678643101,68,FA,FA").as_deref(), Some("68,FA,FA"));
        assert_eq!(hex("68FA"), None);
        assert_eq!(hex("nr,byte 0,byte 1,byte 2,byte 3").as_deref(), Some("heading"));
        assert_eq!(hex("0,68,FA,FA,68"), None);
        assert_eq!(hex("Time;Raw data;Note").as_deref(), Some("heading"));
        assert_eq!(hex("12:34:56;68 FA;68").as_deref(), Some("68 FA"));
        assert_eq!(hex("Index,Hex,Dec,Char").as_deref(), Some("heading"));
        assert_eq!(hex("10,16,22,.").as_deref(), Some("16"));
        assert_eq!(hex("Time [s],Value,Error").as_deref(), Some("heading"));
        assert_eq!(hex("0.0046,'104',").as_deref(), Some("68"));
        assert_eq!(hex("0.0092,'16',").as_deref(), Some("10"));
    }

    #[test]
    fn what_only_resembles_a_row_is_left_alone() {
        assert_eq!(one("1,1678643101,\"68 FA FA 68 53\"").as_deref(), Some("\"68 FA FA 68 53\""));
        assert_eq!(one("2026-06-21 12:00:05;68 FA FA 68 53").as_deref(), Some("68 FA FA 68 53"));
        let mut table = HexColumns::default();
        let mut hex = |line: &str| hex(&mut table, line);
        let digits = "68FAFA6853FF000167DB08";
        assert_eq!(hex(&format!("2026-06-21 12:00:05;{digits}")).as_deref(), Some(digits));
        assert_eq!(hex("2026-06-21 12:00:06;AE16").as_deref(), Some("AE16"));
        for line in [
            "2026-06-21 12:00:05;1678643101",
            "68,FA,FA,68,53,FF",
            "00\t01\t67\tDB",
            "01;67;DB;08;4B",
            "00,01",
            "01;67;DB",
            "68FAFA68, 53FF0001, 67",
            "12, 68 FA FA 68 53",
            "68 FA FA 68 53, 14 14 68 53 FF",
            "hex 68, FA",
            "The data, they say, are here",
        ] {
            assert_eq!(one(line), None, "{line}");
        }
    }
}
