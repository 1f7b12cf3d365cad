//! A table for people: a block a telegram.
//!
//! ```text
//! 2021-09-27T09:47:15+02:00  meter 181220000009
//!   energy_import_wh  12937      Wh
//!   voltage_l1_v        233.7    V
//!   power_factor          1.000
//! ```
//!
//! Numbers are aligned at their decimal points. There are no colours and no control characters;
//! `watch` draws its live view from the same [rows](Table::rows).

use std::borrow::Cow;

use crate::{
    format::{
        cell::{Cell, Content},
        entry::{Format, OutputTelegram},
        key::{FieldKey, Meta},
        names::FieldNames,
        options::FormatEntry,
        printable::printable,
        selection::Selection,
        units::{Units, symbol},
    },
    reading::decimal::Decimal,
};

/// The description of the format.
pub static FORMAT: FormatEntry = FormatEntry {
    name: "table",
    help: "Aligned columns, for people",
    own: &[],
    build: |options| {
        Ok(Box::new(Table::new(options.selection, options.units).named(options.names)))
    },
};

/// The format.
#[derive(Clone, Debug)]
pub struct Table {
    selection: Option<Selection>,
    units: Units,
    names: FieldNames,
    /// True if a block was written: the next one begins with an empty line.
    begun: bool,
}

/// One reading as texts that are safe to print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableRow {
    /// The name.
    pub label: Cow<'static, str>,
    /// The value.
    pub value: String,
    /// True if it is a number, which is aligned at its point.
    pub number: bool,
    /// The unit, or an empty text.
    pub unit: Cow<'static, str>,
}

impl Table {
    /// With all readings or a selection.
    #[must_use]
    pub fn new(selection: Option<Selection>, units: Units) -> Self {
        Self { selection, units, names: FieldNames::default(), begun: false }
    }

    /// The same with other names.
    #[must_use]
    pub fn named(self, names: FieldNames) -> Self {
        Self { names, ..self }
    }

    /// The line above the rows: time, meter, or system title without one, device.
    #[must_use]
    pub fn title(entry: &OutputTelegram<'_>) -> String {
        let meta = |meta| Content::of_meta(entry, meta).map(|content| plain(entry, &content));
        let mut title = meta(Meta::Time).unwrap_or_else(|| "no time".to_owned());
        if meta(Meta::TimeAssumed).is_some() {
            title.push_str(" (offset assumed)");
        }
        let number = meta(Meta::Meter);
        // Two meters without numbers have nothing else that tells them apart.
        let system_title = meta(Meta::SystemTitle).filter(|_| number.is_none());
        let names =
            [("meter", number), ("system title", system_title), ("device", meta(Meta::Device))];
        for (label, value) in names {
            if let Some(value) = value {
                title.push_str(&format!("  {label} {value}"));
            }
        }
        title
    }

    /// All readings, or the selected ones in their order.
    #[must_use]
    pub fn rows(&self, entry: &OutputTelegram<'_>) -> Vec<TableRow> {
        let cells = Cell::all(entry, self.selection.as_ref());
        cells.map(|cell| self.row(entry, &cell)).collect()
    }

    fn row(&self, entry: &OutputTelegram<'_>, cell: &Cell<'_>) -> TableRow {
        let label = match self.names.find(cell.key) {
            Some(name) => printable(name).into_owned().into(),
            None => cell.key.name(&self.units),
        };
        match cell.number() {
            // A counter has no unit, and is not aligned with measured values.
            Some(number) if !matches!(cell.key, FieldKey::Meta(_)) => {
                let (number, unit) = self.units.apply(number, cell.unit);
                TableRow { label, value: digits(number), number: true, unit }
            }
            _ => {
                let value = plain(entry, &cell.content);
                TableRow { label, value, number: false, unit: symbol(cell.unit) }
            }
        }
    }
}

impl Format for Table {
    fn entry(&mut self, entry: &OutputTelegram<'_>, text: &mut Vec<u8>) {
        if core::mem::replace(&mut self.begun, true) {
            text.push(b'\n');
        }
        text.extend_from_slice(Self::title(entry).as_bytes());
        text.push(b'\n');
        let rows = self.rows(entry);
        let widths = Widths::of(&rows);
        for row in &rows {
            widths.write(row, text);
            text.push(b'\n');
        }
    }
}

/// The rows as lines without their ends, with aligned columns.
#[must_use]
pub fn aligned(rows: &[TableRow]) -> Vec<String> {
    let widths = Widths::of(rows);
    let line = |row: &TableRow| {
        let mut text = Vec::new();
        widths.write(row, &mut text);
        String::from_utf8_lossy(&text).into_owned()
    };
    rows.iter().map(line).collect()
}

/// The widths of the columns.
#[derive(Clone, Copy, Debug, Default)]
struct Widths {
    label: usize,
    whole: usize,
    fraction: usize,
}

impl Widths {
    fn of(rows: &[TableRow]) -> Self {
        let mut widths = Self::default();
        for TableRow { label, value, number, .. } in rows {
            widths.label = widths.label.max(label.chars().count());
            if *number {
                let (whole, fraction) = parts(value);
                widths.whole = widths.whole.max(whole.len());
                widths.fraction = widths.fraction.max(fraction.len());
            }
        }
        widths
    }

    /// Appends a row without blanks at its end.
    fn write(self, TableRow { label, value, number, unit }: &TableRow, text: &mut Vec<u8>) {
        let start = text.len();
        let blanks = |count: usize, text: &mut Vec<u8>| text.resize(text.len() + count, b' ');
        text.extend_from_slice(b"  ");
        text.extend_from_slice(label.as_bytes());
        blanks(self.label.saturating_sub(label.chars().count()) + 2, text);
        let (whole, fraction) = if *number { parts(value) } else { ("", "") };
        if *number {
            blanks(self.whole.saturating_sub(whole.len()), text);
        }
        text.extend_from_slice(value.as_bytes());
        if *number {
            blanks(self.fraction.saturating_sub(fraction.len()), text);
        }
        blanks(2, text);
        text.extend_from_slice(unit.as_bytes());
        let line = text.get(start..).and_then(|line| str::from_utf8(line).ok());
        let size = line.map_or(0, |line| line.trim_end().len());
        text.truncate(start + size);
    }
}

fn digits(number: Decimal) -> String {
    let mut text = Vec::with_capacity(16);
    number.write(&mut text);
    String::from_utf8(text).unwrap_or_default()
}

/// A number up to its point, and from there on.
fn parts(number: &str) -> (&str, &str) {
    number.split_at_checked(number.find('.').unwrap_or(number.len())).unwrap_or((number, ""))
}

fn plain(entry: &OutputTelegram<'_>, content: &Content<'_>) -> String {
    let mut text = Vec::new();
    content.write(entry.zone, &mut text);
    printable(&String::from_utf8_lossy(&text)).into_owned()
}
