//! Intervals as text on standard output, in every format that has a place for them.

use std::sync::Arc;

use crate::cli::run::{context::Context, status::Stop};
use meterpipe::{
    format::{
        influx::{
            points::{MEASUREMENT, Points, Precision, is_field},
            timestamp::seconds,
        },
        interval_columns::RowColumns,
        key::{FieldKey, Meta},
        kinds::FormatKind,
        latest::{LatestReadings, name},
        options::FormatOptions,
        printable::printable,
        prometheus::Prometheus,
        readings::Readings,
        snapshot::Page,
    },
    sink::{line_format::LineFormat, projection::Projection},
};

/// A text of intervals.
pub struct RowOutput {
    format: RowFormat,
    header: bool,
}

enum RowFormat {
    Lines(LineFormat),
    Table(RowTable),
    Points { points: Points, projection: Projection, texts: bool },
    Page(Box<dyn Page>, LatestReadings),
}

impl RowOutput {
    /// A text in that format; `every` is the length of the intervals as the user wrote it.
    pub fn new(
        kind: FormatKind,
        options: FormatOptions,
        every: &str,
        columns: RowColumns,
    ) -> Result<Self, Stop> {
        // Each format refuses the options of the others.
        kind.build(&FormatOptions { selection: None, ..options.clone() })
            .map_err(|usage| Stop::usage(usage.to_string()))?;
        let FormatOptions { selection, names, units, no_header, locale, .. } = options;
        let keys = selection.map(|selection| selection.keys().to_vec());
        let names = names.pairs().to_vec();
        let projection = Projection { keys, units, names, ..Projection::default() };
        let format = match kind {
            FormatKind::Json => {
                let units = Default::default();
                RowFormat::Lines(LineFormat::Json(Projection { units, ..projection }))
            }
            FormatKind::Csv => {
                let keys = projection.keys.clone().or_else(|| Some(columns.keys()));
                RowFormat::Lines(LineFormat::csv(Projection { keys, ..projection }, locale))
            }
            FormatKind::Lines => RowFormat::Lines(LineFormat::Lines(projection)),
            FormatKind::Table => {
                RowFormat::Table(RowTable { projection, header: !no_header, columns: Vec::new() })
            }
            FormatKind::Influx if columns == RowColumns::Running => {
                return Err(Stop::usage(
                    "influx has no place for intervals that go on: their fields would stay beside those of their end",
                ));
            }
            FormatKind::Influx => {
                // As the sink for InfluxDB names them.
                let name = format!("{MEASUREMENT}_{every}");
                let points = Points::new(&name, &[], "meter", units, Precision::Nanoseconds);
                let texts = projection.keys.is_some();
                RowFormat::Points { points: points.with_texts(texts), projection, texts }
            }
            FormatKind::Prometheus => RowFormat::Page(
                Box::new(Prometheus::new(projection.keys)),
                LatestReadings::default(),
            ),
            FormatKind::Xml | FormatKind::Solarview => {
                return Err(Stop::usage(format!(
                    "{kind} shows telegrams, and has no place for intervals"
                )));
            }
        };
        Ok(Self { format, header: !no_header })
    }

    /// Writes the start of the text.
    pub fn start(&self, context: &mut Context) {
        if let RowFormat::Lines(lines) = &self.format
            && self.header
        {
            context.output.text.extend_from_slice(&lines.header());
        }
    }

    /// Writes an interval.
    pub fn row(&mut self, row: Readings, text: &mut Vec<u8>) {
        match &mut self.format {
            RowFormat::Lines(lines) => lines.write(&row, text),
            RowFormat::Table(table) => table.row(&row, text),
            RowFormat::Points { points, projection, texts } => {
                let projected: Vec<_> = projection
                    .of(&row)
                    .filter(|it| is_field(it.key) && (*texts || is_number(it.key)))
                    .collect();
                let fields =
                    projected.iter().map(|it| (it.key, it.name.as_ref(), it.value.as_ref()));
                points.write(name(&row), fields, seconds(&row, [Meta::Time, Meta::Received]), text);
            }
            RowFormat::Page(_, latest) => {
                latest.put(Arc::new(row), 1, None);
            }
        }
    }

    /// Writes the end of the text.
    pub fn finish(&mut self, context: &mut Context) {
        let notes = match &mut self.format {
            RowFormat::Lines(lines) => lines.notes(),
            RowFormat::Table(_) => Vec::new(),
            RowFormat::Points { points, .. } => points.notes(),
            RowFormat::Page(page, latest) => {
                page.write(latest, &mut context.output.text);
                Vec::new()
            }
        };
        notes.iter().for_each(|note| context.messages.say(note));
    }
}

/// True for the members that are fields of points without a choice of the user.
const fn is_number(key: FieldKey) -> bool {
    matches!(
        key,
        FieldKey::Field(..)
            | FieldKey::Meta(
                Meta::Telegrams | Meta::Complete | Meta::Estimated | Meta::MonthComplete
            )
    )
}

/// Rows under a header, for people. The first row has the columns.
struct RowTable {
    projection: Projection,
    header: bool,
    columns: Vec<(FieldKey, usize)>,
}

/// The least width of a column of numbers.
const WIDTH: usize = 8;

impl RowTable {
    fn row(&mut self, row: &Readings, text: &mut Vec<u8>) {
        let Self { projection, header, columns } = self;
        let is_chosen = projection.keys.is_some();
        let cells: Vec<_> = projection
            .of(row)
            .filter(|it| is_chosen || !is_left_out(it.key))
            .map(|it| (it.key, it.name, it.value.to_string()))
            .collect();
        if columns.is_empty() {
            let heads = cells.iter().map(|(key, name, value)| {
                let width = name.chars().count().max(value.chars().count());
                let is_text = is_left(*key);
                let width = if is_text { width } else { width.max(WIDTH) };
                // The column has the names of all meters, with a number or without, as that of CSV.
                let is_name = !is_chosen && NAMES.contains(key);
                let head = if is_name { projection.name(METER) } else { name.as_ref().into() };
                (*key, head, width)
            });
            let heads: Vec<_> = heads.collect();
            columns.extend(heads.iter().map(|(key, _, width)| (*key, *width)));
            if *header {
                line(heads.iter().map(|(key, name, width)| (*key, name.as_ref(), *width)), text);
            }
        }
        let is_name = |key| NAMES.contains(&key);
        let cell = |key: FieldKey| {
            // Another meter may have a number, or none.
            let found = cells.iter().find(|(of, ..)| *of == key || is_name(*of) && is_name(key));
            found.map_or("-", |(.., value)| value.as_str())
        };
        line(columns.iter().map(|(key, width)| (*key, cell(*key), *width)), text);
    }
}

const METER: FieldKey = FieldKey::Meta(Meta::Meter);

const NAMES: [FieldKey; 2] = [METER, FieldKey::Meta(Meta::SystemTitle)];

/// True for the members that are no columns without a choice of the user.
const fn is_left_out(key: FieldKey) -> bool {
    matches!(key, FieldKey::Meta(Meta::Schema | Meta::Every))
}

const fn is_left(key: FieldKey) -> bool {
    matches!(
        key,
        FieldKey::Meta(
            Meta::Month | Meta::Time | Meta::Start | Meta::End | Meta::Meter | Meta::SystemTitle
        )
    )
}

fn line<'a>(cells: impl Iterator<Item = (FieldKey, &'a str, usize)>, text: &mut Vec<u8>) {
    let mut row = String::new();
    for (key, cell, width) in cells {
        let cell = printable(cell);
        let cell = if is_left(key) { format!("{cell:<width$}") } else { format!("{cell:>width$}") };
        row.push_str(if row.is_empty() { "" } else { "  " });
        row.push_str(&cell);
    }
    text.extend_from_slice(row.trim_end().as_bytes());
    text.push(b'\n');
}
