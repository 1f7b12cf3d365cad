//! Forms in which people paste telegrams, besides bare hex, logs and listings.
//!
//! Each form has a file of its own; here is their order.

use core::ops::Range;

use super::{
    annotated::Annotated,
    base64::Base64Lines,
    bracketed::Bracketed,
    byte_rows::ByteRows,
    columns::{ColumnRow, HexColumns},
    decimal::{self, DecimalList},
    firmware::FirmwareRecords,
    gurux::{Gurux, RebuiltApdus},
    markup::Markup,
    notation::Notations,
    python::Literals,
    repeated::RepeatedText,
    rich_text::RichText,
    row_numbers::{NumberedRow, RowNumbers},
    rows::OctetRows,
    separator::is_blank,
    unread_forms::{self, UnreadForms},
};

/// The state between two lines.
#[derive(Clone, Debug, Default)]
pub(super) struct Pasted {
    document: RichText,
    page: Markup,
    listing: ByteRows,
    rows: OctetRows,
    numbers: RowNumbers,
    firmware: FirmwareRecords,
    base64: Base64Lines,
    notations: Notations,
    gurux: Gurux,
    table: HexColumns,
    list: DecimalList,
    annotated: Annotated,
    repeated: RepeatedText,
    literals: Literals,
    bracketed: Bracketed,
    unread: UnreadForms,
}

/// A line of such a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PastedLine {
    /// Hex is here, and nowhere else.
    Hex(Range<usize>),
    /// Hex and words from here on.
    From(usize),
    /// The octets of the line.
    Octets(Vec<u8>),
    /// Nothing is here, and why.
    Refused(&'static str),
    /// Nothing.
    Nothing,
}

impl Pasted {
    /// True while the next line may be of such a form though it looks like plain hex.
    pub(super) const fn is_within(&self) -> bool {
        self.document.is_within()
            || self.page.is_within()
            || self.listing.is_within()
            || self.rows.is_within()
            || self.numbers.is_within()
            || self.firmware.is_within()
            || self.base64.is_within()
            || self.notations.is_within()
            || self.gurux.is_within()
            || self.table.is_within()
            || self.list.is_within()
            || self.annotated.is_within()
            || self.repeated.is_within()
            || self.bracketed.is_within()
            || self.unread.is_within()
    }

    /// The lines that are left of a line of a document or a web page; nothing if it is neither.
    pub(super) fn strip(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        self.document.strip(line).or_else(|| {
            let is_open = self.page.is_within();
            let lines = self.page.strip(line)?;
            if !is_open && self.literals.hold_all_of(line) {
                self.page = Markup::default();
                return None;
            }
            Some(lines)
        })
    }

    /// True for a line that is no comment though it begins as one.
    pub(super) fn is_no_comment(&self, line: &[u8]) -> bool {
        self.base64.owns(line)
    }

    /// A row of `od` that looks like one of hex.
    pub(super) fn row(&mut self, line: &[u8]) -> Option<PastedLine> {
        self.listing.octets(line).map(octets_or_cause)
    }

    /// A line that is not read as all others. `wrapped`: the lines before it are digits that a line end splits.
    /// `behind_hex`: the one before is bare hex.
    pub(super) fn line(
        &mut self,
        line: &[u8],
        wrapped: bool,
        behind_hex: bool,
    ) -> Option<PastedLine> {
        if (self.gurux.is_within() || memchr::memchr(b'<', line).is_some())
            && let Some(elements) = self.gurux.line(line)
        {
            return Some(match elements {
                RebuiltApdus::Octets(octets) => octets_of(octets),
                RebuiltApdus::Refused(what) => PastedLine::Refused(what),
            });
        }
        if let Some(named) = self.unread.line(line) {
            return Some(named.map_or(PastedLine::Nothing, PastedLine::Refused));
        }
        // `1/gDDzg7…` is no number in front of a row.
        if self.base64.is_within()
            && self.base64.owns(line)
            && let Some(octets) = self.base64.octets(line)
        {
            return Some(octets_of(octets));
        }
        if !self.is_within() && is_ruler(line) {
            return Some(PastedLine::Nothing);
        }
        if let Some(octets) = self.literals.octets(line) {
            return Some(octets_of(octets));
        }
        if let Some(octets) = self.bracketed.octets(line) {
            return Some(octets_of(octets));
        }
        if self.list.is_within()
            && !self.numbers.is_within()
            && let Some(octets) = self.list.octets(line)
        {
            return Some(octets_of(octets));
        }
        if let Some(octets) = self.firmware.octets(line) {
            return Some(octets_or_cause(octets));
        }
        if let Some(row) = self.numbers.row(line, behind_hex) {
            return Some(match row {
                NumberedRow::Octets(octets) => octets_of(octets),
                NumberedRow::From(start) => {
                    let blanks = line.iter().skip(start).take_while(|&&c| is_blank(c)).count();
                    PastedLine::From(start + blanks)
                }
            });
        }
        if !self.table.is_within()
            && let Some(octets) = self.rows.octets(line)
        {
            return Some(octets_or_cause(octets));
        }
        if let Some(octets) = self.notations.octets(line) {
            return Some(octets_of(octets));
        }
        if let Some(octets) = self.base64.octets(line) {
            return Some(octets_of(octets));
        }
        if let Some(row) = self.table.row(line) {
            return Some(match row {
                ColumnRow::Heading => PastedLine::Nothing,
                ColumnRow::Hex(range) => PastedLine::Hex(range),
                ColumnRow::Octet(octet) => PastedLine::Octets(vec![octet]),
            });
        }
        if !(wrapped && decimal::is_start(line))
            && let Some(octets) = self.list.octets(line)
        {
            return Some(octets_of(octets));
        }
        if let Some(octets) = self.repeated.octets(line) {
            return Some(octets_of(octets));
        }
        let annotated = self.annotated.octets(line).map(PastedLine::Hex);
        annotated.or_else(|| unread_forms::name(line).map(PastedLine::Refused))
    }
}

/// True for the numbers of columns: `0 1 2 3`.
fn is_ruler(line: &[u8]) -> bool {
    let numbers = line.split(|c| !c.is_ascii_alphanumeric()).filter(|number| !number.is_empty());
    let mut numbers = numbers.enumerate();
    let is_number = |at: usize, text: &[u8]| {
        core::str::from_utf8(text).is_ok_and(|text| {
            text.len() < 3
                && [10, 16].iter().any(|radix| usize::from_str_radix(text, *radix) == Ok(at))
        })
    };
    let begins = matches!((numbers.next(), numbers.next()), (Some((_, b"0")), Some((_, b"1"))));
    begins && numbers.all(|(at, number)| is_number(at, number))
}

fn octets_or_cause(octets: Result<Vec<u8>, &'static str>) -> PastedLine {
    octets.map_or_else(PastedLine::Refused, octets_of)
}

fn octets_of(octets: Vec<u8>) -> PastedLine {
    match octets.is_empty() {
        true => PastedLine::Nothing,
        false => PastedLine::Octets(octets),
    }
}
