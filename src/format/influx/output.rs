//! The format: one point a telegram.

use crate::format::{
    cell::{Cell, Content},
    entry::{Format, OutputTelegram},
    influx::{
        points::{MEASUREMENT, Points, Precision, is_field},
        timestamp::is_storable,
    },
    key::FieldKey,
    names::FieldNames,
    options::FormatEntry,
    readings::{Member, ReadingValue, USUAL},
    selection::Selection,
    units::Units,
};

/// The description of the format.
pub static FORMAT: FormatEntry = FormatEntry {
    name: "influx",
    help: "Line protocol of InfluxDB, one point a telegram",
    own: &[],
    build: |options| {
        Ok(Box::new(Influx::new(options.selection, options.units).named(options.names)))
    },
};

/// The format.
#[derive(Clone, Debug)]
pub struct Influx {
    points: Points,
    selection: Option<Selection>,
    names: FieldNames,
    timeless: bool,
    notes: Vec<String>,
}

impl Influx {
    /// With all numbers, or a selection.
    #[must_use]
    pub fn new(selection: Option<Selection>, units: Units) -> Self {
        let points = Points::new(MEASUREMENT, &[], "meter", units, Precision::Nanoseconds);
        Self {
            points: points.with_texts(selection.is_some()),
            selection,
            names: FieldNames::default(),
            timeless: false,
            notes: Vec::new(),
        }
    }

    /// The same with other names of fields.
    #[must_use]
    pub fn named(self, names: FieldNames) -> Self {
        Self { names, ..self }
    }

    fn seconds(&mut self, entry: &OutputTelegram<'_>) -> Option<i64> {
        let time = entry.time().and_then(|time| time.timestamp());
        let received = entry.received.millis().map(|millis| millis.div_euclid(1000));
        let mut times = [time.map(jiff::Timestamp::as_second), received];
        if entry.time_doubt().is_some() {
            times.reverse();
        }
        let found = times.into_iter().flatten().find(|seconds| is_storable(*seconds));
        if found.is_none() && !self.timeless {
            self.timeless = true;
            self.notes.push(
                "a telegram without a time: its line has no timestamp, so the clock of the \
                 database counts"
                    .to_owned(),
            );
        }
        found
    }
}

impl Format for Influx {
    fn entry(&mut self, entry: &OutputTelegram<'_>, text: &mut Vec<u8>) {
        let seconds = self.seconds(entry);
        let mut meter = Vec::new();
        if let Some(content) = Content::of_meter(entry) {
            content.write(entry.zone, &mut meter);
        }
        let cells = Cell::all(entry, self.selection.as_ref()).filter(|cell| is_field(cell.key));
        let mut members = Vec::with_capacity(USUAL);
        let units = self.points.units;
        cells.for_each(|cell| {
            let mut member = Member::of(&cell, entry.zone);
            // Only published names have units to choose from.
            if let (FieldKey::Field(..), ReadingValue::Number(number)) =
                (cell.key, &mut member.value)
            {
                *number = units.number(*number, cell.unit);
            }
            members.push(member);
        });
        let fields = members
            .iter()
            .map(|Member { key, value, .. }| (*key, self.names.name(*key, &units), value));
        self.points.write(str::from_utf8(&meter).ok(), fields, seconds, text);
    }

    fn notes(&mut self) -> Vec<String> {
        let mut notes = self.points.notes();
        notes.append(&mut self.notes);
        notes
    }
}
