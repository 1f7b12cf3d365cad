//! Lines for awk: `TIME METER OBIS NAME VALUE UNIT`, one reading each.
//!
//! ```text
//! 2021-09-27T09:47:15+02:00  181220000009  1-0:32.7.0  voltage_l1_v  233.7  V
//! ```
//!
//! One TAB between the columns, `-` for an absent cell: a computed value has no code, an object
//! without a published name has no name. METER is the number, else the system title.

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
    reading::value::Value,
};

/// The description of the format.
pub static FORMAT: FormatEntry = FormatEntry {
    name: "lines",
    help: "TAB-separated, one reading a line",
    own: &[],
    build: |options| {
        Ok(Box::new(Lines::new(options.selection, options.units).named(options.names)))
    },
};

/// The format.
#[derive(Clone, Debug)]
pub struct Lines {
    selection: Option<Selection>,
    units: Units,
    names: FieldNames,
    /// The first two columns of a telegram.
    head: Vec<u8>,
}

impl Lines {
    /// With all readings or a selection.
    #[must_use]
    pub fn new(selection: Option<Selection>, units: Units) -> Self {
        Self { selection, units, names: FieldNames::default(), head: Vec::new() }
    }

    /// The same with other names.
    #[must_use]
    pub fn named(self, names: FieldNames) -> Self {
        Self { names, ..self }
    }
}

impl Format for Lines {
    fn entry(&mut self, entry: &OutputTelegram<'_>, text: &mut Vec<u8>) {
        let Self { selection, units, names, head } = self;
        head.clear();
        let time = Content::of_meta(entry, Meta::Time);
        for content in [time, Content::of_meter(entry)] {
            match content {
                Some(content) => value(&content, entry, head),
                None => head.push(b'-'),
            }
            head.push(b'\t');
        }
        Cell::all(entry, selection.as_ref()).for_each(|cell| {
            text.extend_from_slice(head);
            line(&cell, entry, (units, names), text);
        });
    }
}

fn line(
    cell: &Cell<'_>,
    entry: &OutputTelegram<'_>,
    (units, names): (&Units, &FieldNames),
    text: &mut Vec<u8>,
) {
    match cell.code {
        Some(code) => code.write(text),
        None => text.push(b'-'),
    }
    text.push(b'\t');
    match (names.find(cell.key), cell.key) {
        (Some(name), _) => text.extend_from_slice(printable(name).as_bytes()),
        (None, FieldKey::Object(..)) => text.push(b'-'),
        (None, key) => key.write(units, text),
    }
    text.push(b'\t');
    let unit = match cell.number() {
        Some(number) => {
            let (number, unit) = units.apply(number, cell.unit);
            number.write(text);
            unit
        }
        None => {
            value(&cell.content, entry, text);
            symbol(cell.unit)
        }
    };
    text.push(b'\t');
    text.extend_from_slice(if unit.is_empty() { b"-" } else { unit.as_bytes() });
    text.push(b'\n');
}

/// Appends a value other than a number, `-` if it is empty.
fn value(content: &Content<'_>, entry: &OutputTelegram<'_>, text: &mut Vec<u8>) {
    let start = text.len();
    match content {
        Content::Value(Value::Text(value)) => text.extend_from_slice(printable(value).as_bytes()),
        Content::Array(_) => {
            let mut room = Vec::new();
            content.write(entry.zone, &mut room);
            text.extend_from_slice(printable(&String::from_utf8_lossy(&room)).as_bytes());
        }
        _ => content.write(entry.zone, text),
    }
    if text.len() == start {
        text.push(b'-');
    }
}
