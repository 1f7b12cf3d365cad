//! A table for people: a block a telegram.
//!
//! ```text
//! 2021-09-27T09:47:15+02:00  meter 181220000009
//!   energy_import_wh  12937      Wh
//!   voltage_l1_v        233.7    V
//!   power_factor          1.000
//! ```
//!
//! Numbers stand with their decimal points below each other. There are no colours and no signs that
//! move the cursor; `watch` draws its live view from the same [rows](Table::rows).

use crate::format::{
    cell::{Cell, Content},
    entry::{Format, OutputTelegram},
    key::{FieldKey, Meta},
    printable::shown,
    selection::Selection,
    units::{Units, symbol},
};

/// The format.
#[derive(Clone, Debug)]
pub struct Table {
    selection: Option<Selection>,
    units: Units,
    /// A block was written, so that the next one keeps its distance.
    begun: bool,
}

/// One reading as texts that are safe to print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableRow {
    /// The name.
    pub label: String,
    /// The value.
    pub value: String,
    /// It is a number, so that it can be aligned.
    pub number: bool,
    /// The unit, or nothing.
    pub unit: String,
}

impl Table {
    /// With everything or a selection.
    #[must_use]
    pub const fn new(selection: Option<Selection>, units: Units) -> Self {
        Self { selection, units, begun: false }
    }

    /// The line above the rows: time, meter, device.
    #[must_use]
    pub fn title(entry: &OutputTelegram<'_>) -> String {
        let meta = |meta| Content::of_meta(entry, meta).map(|content| plain(entry, &content));
        let mut title = meta(Meta::Time).unwrap_or_else(|| "no time".to_owned());
        if meta(Meta::TimeAssumed).is_some() {
            title.push_str(" (offset assumed)");
        }
        for (label, value) in [("meter", meta(Meta::Meter)), ("device", meta(Meta::Device))] {
            if let Some(value) = value {
                title.push_str(&format!("  {label} {value}"));
            }
        }
        title
    }

    /// Every reading, or what was selected, in its order.
    #[must_use]
    pub fn rows(&self, entry: &OutputTelegram<'_>) -> Vec<TableRow> {
        let cells = Cell::all(entry, self.selection.as_ref());
        cells.map(|cell| self.row(entry, &cell)).collect()
    }

    fn row(&self, entry: &OutputTelegram<'_>, cell: &Cell<'_>) -> TableRow {
        let label = cell.key.text(&self.units);
        match cell.number() {
            // A counter has no unit, and its point does not belong below that of a measured value.
            Some(number) if !matches!(cell.key, FieldKey::Meta(_)) => {
                let (number, unit) = self.units.apply(number, cell.unit);
                TableRow { label, value: number.to_string(), number: true, unit: unit.into_owned() }
            }
            _ => {
                let value = plain(entry, &cell.content);
                TableRow { label, value, number: false, unit: symbol(cell.unit).into_owned() }
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
        for line in aligned(&self.rows(entry)) {
            text.extend_from_slice(line.as_bytes());
            text.push(b'\n');
        }
    }

    fn learnt(&self) -> u64 {
        u64::from(self.begun)
    }

    fn fork(&self) -> Box<dyn Format> {
        Box::new(self.clone())
    }
}

/// The rows as lines without their ends, the columns below each other.
#[must_use]
pub fn aligned(rows: &[TableRow]) -> Vec<String> {
    let numbers = || rows.iter().filter(|row| row.number).map(|row| parts(&row.value));
    let labels = rows.iter().map(|row| row.label.chars().count()).max().unwrap_or_default();
    let whole = numbers().map(|(whole, _)| whole.len()).max().unwrap_or_default();
    let fraction = numbers().map(|(_, fraction)| fraction.len()).max().unwrap_or_default();
    let line = |row: &TableRow| {
        let TableRow { label, value, unit, .. } = row;
        let (start, end) = if row.number { parts(value) } else { ("", "") };
        let line = match row.number {
            true => format!("  {label:<labels$}  {start:>whole$}{end:<fraction$}  {unit}"),
            false => format!("  {label:<labels$}  {value}  {unit}"),
        };
        line.trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// A number up to its point, and from there on.
fn parts(number: &str) -> (&str, &str) {
    number.split_at_checked(number.find('.').unwrap_or(number.len())).unwrap_or((number, ""))
}

fn plain(entry: &OutputTelegram<'_>, content: &Content<'_>) -> String {
    let mut text = Vec::new();
    content.write(entry.zone, &mut text);
    shown(&String::from_utf8_lossy(&text)).into_owned()
}
