//! CSV: one row a telegram, always the same columns.
//!
//! Quoting is that of RFC 4180; lines end with LF alone, as all the tools of a Unix pipe expect and
//! every reader of CSV accepts. The forms for spreadsheets have `;` between cells, a comma in numbers where their
//! country writes one, and local dates: each column with a time has one with its offset behind it.
//!
//! The column of the meter has its number, else its system title: two meters on one line stay apart.
//!
//! A text cell that a spreadsheet would run as a formula gets a `'` in front. Numbers stay numbers.

use std::borrow::Cow;

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use crate::{
    cosem::clock::{Stamp, VIENNA},
    format::{
        cell::{Cell, Content},
        entry::{Format, OutputTelegram},
        key::{FieldKey, Meta},
        latest,
        locale::Locale,
        names::FieldNames,
        numbers::NumberStyle,
        options::{FormatEntry, FormatOptions, OwnOption},
        readings::{self, Member, Readings},
        units::Units,
    },
    reading::{decimal::Decimal, fields::FIELDS, value::Value},
};

/// The description of the format.
pub static FORMAT: FormatEntry = FormatEntry {
    name: "csv",
    help: "Comma-separated values, one row a telegram",
    own: &[
        OwnOption {
            flag: "--csv-locale",
            is_chosen: |options| options.locale != Locale::default(),
            optional: false,
        },
        OwnOption { flag: "--no-header", is_chosen: |options| options.no_header, optional: true },
    ],
    build: |options| {
        let FormatOptions { selection, names, units, locale, no_header, .. } = options;
        let keys = selection.map(|selection| selection.keys().to_vec());
        Ok(Box::new(Csv::new(keys, units, locale, !no_header).named(names)))
    },
};

/// The format.
#[derive(Clone, Debug)]
pub struct Csv {
    columns: Vec<Column>,
    cells: Cells,
    names: FieldNames,
    header: bool,
    /// The spelling of numbers in the row of [readings](Self::row).
    numbers: NumberStyle,
    /// Readings without a column; `None` if the user chose the columns.
    missing: Option<Missing>,
}

#[derive(Clone, Copy, Debug)]
struct Column {
    key: FieldKey,
    /// The power of ten of the chosen unit, 0 for all but named values.
    power: i16,
    part: ColumnPart,
}

/// The part of a value that a column shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ColumnPart {
    Whole,
    /// A time without its offset.
    LocalDate,
    Offset,
}

/// How cells are written.
#[derive(Clone, Debug)]
struct Cells {
    units: Units,
    locale: Locale,
    /// Room for the text of a cell.
    room: Vec<u8>,
}

#[derive(Clone, Debug)]
struct Missing {
    /// A bit for each name that has a column.
    columns: u64,
    named: Vec<FieldKey>,
    /// The number of those that notes have told of.
    told: usize,
}

/// The most readings without a column that are named: a telegram may have any number of them.
const MAX_NAMED: usize = 100;

impl Csv {
    /// With the usual columns, or those of these keys.
    #[must_use]
    pub fn new(keys: Option<Vec<FieldKey>>, units: Units, locale: Locale, header: bool) -> Self {
        let missing = keys.is_none().then(Missing::new);
        let keys = keys.unwrap_or_else(usual);
        let columns = keys.into_iter().flat_map(|key| Column::of(key, &units, locale)).collect();
        let cells = Cells { units, locale, room: Vec::new() };
        let names = FieldNames::default();
        Self { columns, cells, names, header, numbers: NumberStyle::Exact, missing }
    }

    /// The same with other names in its first row.
    #[must_use]
    pub fn named(self, names: FieldNames) -> Self {
        Self { names, ..self }
    }

    /// The same with another spelling of numbers in the rows of readings.
    #[must_use]
    pub fn with_numbers(self, numbers: NumberStyle) -> Self {
        Self { numbers, ..self }
    }

    /// Appends the row of names.
    pub fn names<'a>(&self, name: impl Fn(FieldKey) -> Cow<'a, str>, text: &mut Vec<u8>) {
        let delimiter = self.cells.locale.delimiter();
        for (at, Column { key, part, .. }) in self.columns.iter().enumerate() {
            if at > 0 {
                text.push(delimiter);
            }
            let ending = if *part == ColumnPart::Offset { "_offset" } else { "" };
            quoted(format!("{}{ending}", name(*key)).as_bytes(), delimiter, text);
        }
        text.push(b'\n');
    }

    /// Appends the row of readings: the same row that their telegram has, but for the spelling of numbers.
    pub fn row(&mut self, readings: &Readings, text: &mut Vec<u8>) {
        let start = text.len();
        let Self { columns, cells, numbers, .. } = self;
        for (at, Column { key, power, part }) in columns.iter().enumerate() {
            if at > 0 {
                text.push(cells.locale.delimiter());
            }
            let value = match key {
                // The time of an interval is its start.
                FieldKey::Meta(Meta::Time) => {
                    readings.get(*key).or_else(|| readings.get(FieldKey::Meta(Meta::Start)))
                }
                FieldKey::Meta(Meta::Meter) => {
                    latest::name_key(readings).and_then(|key| readings.get(key))
                }
                _ => readings.get(*key),
            };
            match value {
                Some(readings::ReadingValue::Text(time)) if *part != ColumnPart::Whole => {
                    cells.time(time, *part, *key, &VIENNA, text);
                }
                Some(readings::ReadingValue::Number(number))
                    if matches!(key, FieldKey::Meta(_)) =>
                {
                    cells.decimal(*number, text);
                }
                Some(readings::ReadingValue::Number(number)) => {
                    cells.decimal(numbers.of(number.in_larger_unit(*power)), text);
                }
                Some(value) => cells.text(&value.to_string(), text),
                None => {}
            }
        }
        end_row(start, text);
        if let Some(missing) = &mut self.missing {
            let keys = readings.values().map(|Member { key, .. }| *key);
            keys.filter(|key| !is_column(*key)).for_each(|key| missing.name(key));
        }
    }
}

impl Column {
    fn of(key: FieldKey, units: &Units, locale: Locale) -> Vec<Self> {
        let field = match key {
            FieldKey::Field(place, _) => FIELDS.get(place),
            _ => None,
        };
        let power = field.map_or(0, |field| units.power(field.unit));
        let is_time =
            [Meta::Time, Meta::Received, Meta::Start, Meta::End].map(FieldKey::Meta).contains(&key);
        let parts: &[_] = match is_time && locale.has_local_dates() {
            true => &[ColumnPart::LocalDate, ColumnPart::Offset],
            false => &[ColumnPart::Whole],
        };
        parts.iter().map(|part| Self { key, power, part: *part }).collect()
    }
}

impl Cells {
    /// Appends a cell that is no named value. Apart, because the loop over columns keeps more in
    /// registers without it.
    #[inline(never)]
    fn other(
        &mut self,
        entry: &OutputTelegram<'_>,
        key: FieldKey,
        part: ColumnPart,
        text: &mut Vec<u8>,
    ) {
        let cell = match key {
            FieldKey::Meta(Meta::Time) if part == ColumnPart::Whole => {
                return entry.time().into_iter().for_each(|time| time.write(text));
            }
            FieldKey::Meta(Meta::Meter) => {
                if let Some(number) = entry.telegram.meter().filter(|number| is_plain(number)) {
                    return text.extend_from_slice(number);
                }
                Cell::of_meter(entry)
            }
            key => Cell::find(entry, key),
        };
        match cell {
            Some(cell) if part == ColumnPart::Whole => self.cell(&cell, entry, text),
            Some(cell) => {
                let mut time = Vec::new();
                cell.content.write(entry.zone, &mut time);
                self.time(&String::from_utf8_lossy(&time), part, key, entry.zone, text);
            }
            None => {}
        }
    }

    fn cell(&mut self, cell: &Cell<'_>, entry: &OutputTelegram<'_>, text: &mut Vec<u8>) {
        if let Some(number) = cell.number() {
            return self.decimal(self.units.number(number, cell.unit), text);
        }
        match cell.content {
            Content::Stamp(stamp) => return stamp.write(text),
            Content::Value(Value::Text(value)) => return self.text(value, text),
            _ => {}
        }
        self.room.clear();
        cell.content.write(entry.zone, &mut self.room);
        quoted(&self.room, self.locale.delimiter(), text);
    }

    fn text(&mut self, value: &str, text: &mut Vec<u8>) {
        self.room.clear();
        if is_formula(value) {
            self.room.push(b'\'');
        }
        self.room.extend_from_slice(value.as_bytes());
        quoted(&self.room, self.locale.delimiter(), text);
    }

    #[inline(always)]
    fn decimal(&self, number: Decimal, text: &mut Vec<u8>) {
        let start = text.len();
        number.write(text);
        if self.locale.decimal_sign() != b'.' {
            let point = text.iter_mut().skip(start).find(|sign| **sign == b'.');
            point.into_iter().for_each(|point| *point = self.locale.decimal_sign());
        }
    }

    /// Appends a part of a time, which is RFC 3339.
    fn time(
        &self,
        time: &str,
        part: ColumnPart,
        key: FieldKey,
        zone: &TimeZone,
        text: &mut Vec<u8>,
    ) {
        let Some((local, offset)) = local(time, zone) else {
            return match part {
                ColumnPart::Offset => {}
                _ => text.extend_from_slice(time.as_bytes()),
            };
        };
        if part == ColumnPart::Offset {
            return text.extend_from_slice(offset.as_bytes());
        }
        let (year, month, day) = (local.year(), local.month(), local.day());
        let (hour, minute, second) = (local.hour(), local.minute(), local.second());
        let mut date = match self.locale {
            Locale::America => format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}"),
            _ => format!("{day:02}.{month:02}.{year:04} {hour:02}:{minute:02}"),
        };
        // Nearly all intervals begin on the minute.
        let is_interval = matches!(key, FieldKey::Meta(Meta::Start | Meta::End));
        if second > 0 || !is_interval {
            date.push_str(&format!(":{second:02}"));
        }
        text.extend_from_slice(date.as_bytes());
    }
}

impl Format for Csv {
    fn start(&mut self, text: &mut Vec<u8>) {
        if self.header {
            self.names(|key| self.names.name(key, &self.cells.units), text);
        }
    }

    fn entry(&mut self, entry: &OutputTelegram<'_>, text: &mut Vec<u8>) {
        let start = text.len();
        let Self { columns, cells, .. } = self;
        let delimiter = cells.locale.delimiter();
        for (at, Column { key, power, part }) in columns.iter().enumerate() {
            if at > 0 {
                text.push(delimiter);
            }
            match *key {
                // Nearly all cells.
                FieldKey::Field(place, 1) => {
                    if let Some(number) = entry.telegram.field(place) {
                        cells.decimal(number.in_larger_unit(*power), text);
                    }
                }
                key => cells.other(entry, key, *part, text),
            }
        }
        end_row(start, text);
        if let Some(missing) = &mut self.missing {
            missing.look(entry);
        }
    }

    fn notes(&mut self) -> Vec<String> {
        match &mut self.missing {
            Some(missing) if missing.told < missing.named.len() => missing.notes(),
            _ => Vec::new(),
        }
    }
}

impl Missing {
    fn new() -> Self {
        let places = FIELDS.iter().enumerate().filter(|(_, field)| field.column);
        let columns = places.fold(0, |columns, (place, _)| columns | 1 << place);
        Self { columns, named: Vec::new(), told: 0 }
    }

    fn look(&mut self, entry: &OutputTelegram<'_>) {
        if entry.telegram.present() & !self.columns != 0 {
            for (place, _) in entry.telegram.fields() {
                if FIELDS.get(place).is_some_and(|field| !field.column) {
                    self.name(FieldKey::Field(place, 1));
                }
            }
        }
        Cell::others(entry).for_each(|cell| self.name(cell.key));
    }

    fn name(&mut self, key: FieldKey) {
        if self.named.len() < MAX_NAMED && !self.named.contains(&key) {
            self.named.push(key);
        }
    }

    /// A note of the readings without a column since the last one.
    #[cold]
    fn notes(&mut self) -> Vec<String> {
        let names = self.named.iter().skip(self.told).map(|key| key.text(&Units::default()));
        let names = names.collect::<Vec<_>>().join(", ");
        self.told = self.named.len();
        let others = if self.told == MAX_NAMED { " and others" } else { "" };
        let advice = "--fields chooses columns, and fields= those of a sink";
        vec![format!("no column for {names}{others}: {advice}")]
    }
}

/// The local time, and its offset. A time in UTC is that of a machine: the zone has its local time.
fn local(time: &str, zone: &TimeZone) -> Option<(DateTime, String)> {
    if time.ends_with('Z') {
        let zoned = time.parse::<Timestamp>().ok()?.to_zoned(zone.clone());
        let local = Stamp { local: zoned.datetime(), offset: zoned.offset(), assumed: false };
        let text = local.to_string();
        return Some((zoned.datetime(), text.get(text.len().checked_sub(6)?..)?.to_owned()));
    }
    let offset = time.get(time.len().checked_sub(6)?..)?;
    Some((time.parse().ok()?, offset.to_owned()))
}

/// Ends the row that began at `start`.
fn end_row(start: usize, text: &mut Vec<u8>) {
    if text.len() == start {
        // A row of one empty cell would be an empty line, which readers skip.
        text.extend_from_slice(b"\"\"");
    }
    text.push(b'\n');
}

/// True if it has one of the usual columns.
fn is_column(key: FieldKey) -> bool {
    matches!(key, FieldKey::Field(place, 1) if FIELDS.get(place).is_some_and(|field| field.column))
}

/// The columns of the two Austrian layouts.
fn usual() -> Vec<FieldKey> {
    let fields = FIELDS.iter().enumerate().filter(|(_, field)| field.column);
    let fields = fields.map(|(place, _)| FieldKey::Field(place, 1));
    [FieldKey::Meta(Meta::Time), FieldKey::Meta(Meta::Meter)].into_iter().chain(fields).collect()
}

/// True if a text needs neither quotes nor a guard against formulas, as nearly all meter numbers.
fn is_plain(octets: &[u8]) -> bool {
    octets.iter().fold(!octets.is_empty(), |plain, octet| plain & octet.is_ascii_alphanumeric())
}

/// True if a spreadsheet may run the text as a formula: OWASP, "CSV injection".
fn is_formula(value: &str) -> bool {
    let lead_in = |sign: char| "=+-@\u{ff1d}\u{ff0b}\u{ff0d}\u{ff20}".contains(sign);
    value.starts_with(['\t', '\r', '\n']) || value.trim_start().starts_with(lead_in)
}

fn quoted(cell: &[u8], delimiter: u8, text: &mut Vec<u8>) {
    let special = |sign: &u8| matches!(sign, b'"' | b'\r' | b'\n') || *sign == delimiter;
    if !cell.iter().any(special) {
        return text.extend_from_slice(cell);
    }
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(&mut *text);
    // Writing to a Vec cannot fail. The closing quote comes with a line end, which is removed.
    let _ = writer.write_record([cell]);
    drop(writer);
    text.pop_if(|end| *end == b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::selection::Selection;

    fn rows(csv: &mut Csv, line: &str) -> String {
        let mut text = Vec::new();
        csv.row(&Readings::parse(line.as_bytes()).unwrap(), &mut text);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn readings_have_the_row_of_their_telegram_units_and_locale_included() {
        let mut units = Units::default();
        units.choose("energy=kWh").unwrap();
        let fields = "time,meter,energy_import_kwh,voltage_l1_v,item_9,power_net_w";
        let keys = Selection::parse(fields, &units).unwrap().keys().to_vec();
        let mut csv = Csv::new(Some(keys), units, Locale::Austria, true);
        let line = concat!(
            r#"{"time":"2021-09-27T09:47:15+02:00","meter":"=cmd|' /C calc'!A0;\"x\"","#,
            r#""energy_import_wh":12937,"voltage_l1_v":233.7,"item_9":[1,2],"power_net_w":-5}"#
        );
        assert_eq!(
            rows(&mut csv, line),
            "27.09.2021 09:47:15;+02:00;\"'=cmd|' /C calc'!A0;\"\"x\"\"\";12,937;233,7;[1,2];-5\n"
        );
        let mut floats = csv.clone().with_numbers(NumberStyle::Float);
        assert!(rows(&mut floats, line).ends_with(";12,937;233,7;[1,2];-5,0\n"));
        let mut text = Vec::new();
        csv.start(&mut text);
        let names = fields.replace("time,", "time,time_offset,").replace(',', ";");
        assert_eq!(text, format!("{names}\n").as_bytes());
    }

    #[test]
    fn what_has_no_column_is_named_once_and_an_absent_cell_is_empty() {
        let mut csv = Csv::new(None, Units::default(), Locale::Standard, true);
        let line = r#"{"energy_import_wh":1,"1-0:99.1.0":2,"frequency_hz":50.0}"#;
        let row = rows(&mut csv, line);
        assert!(row.starts_with(",,1,,"), "{row}");
        assert_eq!(
            csv.notes(),
            [
                "no column for 1-0:99.1.0, frequency_hz: --fields chooses columns, and fields= those of a sink"
            ]
        );
        rows(&mut csv, line);
        assert_eq!(csv.notes(), [""; 0]);
        rows(&mut csv, &line.replace("99.1", "99.2"));
        assert_eq!(csv.notes().len(), 1);
    }
}
