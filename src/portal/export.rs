//! The quarter hours of an export.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

use crate::{
    portal::{
        encoding,
        header::{self, PortalColumns},
        stamp::WrittenTime,
    },
    reading::decimal::Decimal,
};

/// The quarter hours of an operator's portal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PortalExport {
    /// The energies in watt-hours, by the first seconds of their quarters since 1970.
    pub quarters: BTreeMap<i64, Decimal>,
    /// True for energy that was fed into the grid.
    pub is_export: bool,
    /// Rows with a time and without a value.
    pub empty: u64,
    /// The lines with a time or a value that nobody can read.
    pub unreadable: BTreeSet<u64>,
    /// The lines that have another value for a quarter than a line before; theirs counts.
    pub overwriting: BTreeSet<u64>,
    /// The first of two quarters with the same time in rows one after another, whose order may be that of a sort.
    pub unordered: BTreeSet<i64>,
    /// The most digits of the energies behind the point, in kWh.
    pub decimals: u16,
    /// The column of the times, if there is one alone: its header tells which end of a quarter they are.
    pub only_time: Option<OnlyTime>,
}

/// The only column with times, if another name makes them the other ends of quarters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnlyTime {
    /// Its name.
    pub name: String,
    /// True for the ends of quarters.
    pub is_end: bool,
    /// The name with which its times are the other ends.
    pub other: &'static str,
}

/// A text that is none of the known exports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortalError {
    /// No row of names is known.
    NoHeader,
    /// There are no rows below the names.
    NoRows,
    /// The rows are no quarter hours, but days for example.
    NoQuarters,
    /// One row, of which nothing tells the length.
    Length,
    /// The values have another unit than Wh, kWh or MWh.
    Unit,
    /// Quarters have several values: consumption and feed-in, or two metering points.
    Several,
    /// Several columns have energy in the same direction: their names.
    Columns(Vec<String>),
    /// The text is no CSV.
    Csv,
    /// The file is a workbook of Excel, as some portals have no other export.
    Workbook,
    /// There are no quarters, and most rows have no time or no number that can be read; the first such line.
    Unreadable(u64),
}

/// The first octets of the workbooks of Excel: `.xlsx`, which is a ZIP archive, and the older `.xls`.
const WORKBOOKS: [&[u8]; 2] = [b"PK\x03\x04", b"\xd0\xcf\x11\xe0"];

/// A quarter of an hour, in seconds.
const QUARTER: i64 = 900;

/// The quarters that an hour which comes twice may leave with two values.
const DOUBLED: usize = 4;

/// The rows at the start among which the names are looked for.
const HEAD: usize = 40;

impl PortalExport {
    /// Reads an export: the energy from the grid, that into it, or both, in the order of their columns.
    ///
    /// # Errors
    /// The text is no export of quarter hours.
    pub fn parse(octets: &[u8], zone: &TimeZone) -> Result<Vec<Self>, PortalError> {
        if WORKBOOKS.iter().any(|first| octets.starts_with(first)) {
            return Err(PortalError::Workbook);
        }
        let text = encoding::text(octets);
        let mut rows = rows(&text)?;
        let found = rows.iter().take(HEAD).enumerate().find_map(|(at, row)| {
            let names: Vec<_> = row.cells.iter().map(String::as_str).collect();
            Some((at, header::columns(&names))).filter(|(_, columns)| !columns.is_empty())
        });
        let (at, mut series) = found.ok_or(PortalError::NoHeader)?;
        let head: Vec<_> = rows.drain(..=at).collect();
        if rows.iter().flat_map(|row| &row.cells).all(|cell| cell.trim().is_empty()) {
            return Err(PortalError::NoRows);
        }
        // A column without any number is that of another thing, or of a meter that does not count it.
        if series.iter().any(|columns| has_number(columns, &rows)) {
            series.retain(|columns| has_number(columns, &rows));
        }
        // Reactive energy, or the mean power, beside the energy is no other energy.
        let is_energy =
            |columns: &PortalColumns| power_of_name(name_of_value(columns, &head)).is_ok();
        if series.iter().any(is_energy) {
            series.retain(is_energy);
        }
        let mut exports: Vec<Self> = Vec::new();
        let mut taken: Vec<(bool, PortalColumns)> = Vec::new();
        for columns in series {
            let is_export = is_export(&columns, &head, &rows)?;
            if let Some((_, first)) = taken.iter().find(|(direction, other)| {
                *direction == is_export
                    && (&other.start, &other.end) == (&columns.start, &columns.end)
            }) {
                let names =
                    [first, &columns].map(|columns| name_of_value(columns, &head).to_owned());
                return Err(PortalError::Columns(names.into()));
            }
            let known = exports.iter().position(|export| export.is_export == is_export);
            let mut export = known.map_or_else(Self::default, |at| exports.remove(at));
            export.is_export = is_export;
            export.series(&columns, &head, &rows, zone)?;
            exports.push(export);
            taken.push((is_export, columns));
        }
        // The row of a sum alone has no time either.
        let unreadable = exports.first().map(|export| &export.unreadable);
        let most = unreadable.filter(|lines| 2 * lines.len() > rows.len());
        let first = most.and_then(BTreeSet::first).copied();
        exports.retain(|export| !export.quarters.is_empty());
        match first {
            _ if !exports.is_empty() => Ok(exports),
            Some(line) => Err(PortalError::Unreadable(line)),
            None => Err(PortalError::NoQuarters),
        }
    }

    fn series(
        &mut self,
        columns: &PortalColumns,
        head: &[CellRow],
        rows: &[CellRow],
        zone: &TimeZone,
    ) -> Result<(), PortalError> {
        let usual = power_of_name(name_of_value(columns, head))?;
        let mut twice = 0;
        let mut lines = Vec::with_capacity(rows.len());
        for row in rows {
            match PortalRow::of(columns, row) {
                Ok(line) => lines.extend(line),
                Err(Unreadable) => {
                    self.unreadable.insert(row.line);
                }
            }
        }
        // Some portals have the last quarter first; in an export that is sorted as text, most steps go forwards.
        let back = steps(&lines).filter(|step| *step < 0).count();
        if back > steps(&lines).count() / 2 {
            lines.reverse();
        }
        // Rows with one time alone are quarters if some follow each other at such a distance.
        let is_single = columns.start.is_empty() || columns.end.is_empty();
        let is_told = !is_single || lines.iter().any(|line| line.is_quarter);
        if !is_told && !steps(&lines).any(|step| step == QUARTER) {
            return if lines.len() == 1 { Err(PortalError::Length) } else { Ok(()) };
        }
        self.only_time = OnlyTime::of(columns, head);
        let length = if columns.start.is_empty() { QUARTER } else { 0 };
        let doubled = doubled_times(&lines, zone);
        let unordered = doubled.values().filter(|times| times.is_together());
        self.unordered.extend(unordered.filter_map(|times| Some(times.seconds.first()? - length)));
        let mut before = None;
        for (place, line) in lines.iter().enumerate() {
            let pair =
                line.time.doubled(zone).and_then(|[summer, _]| doubled.get(&summer)?.at(place));
            let Some(second) = pair.or_else(|| line.time.resolve(before, zone)) else {
                self.unreadable.insert(line.line);
                continue;
            };
            before = Some(second);
            let start = second - length;
            match line.value {
                Some(text) => {
                    let power = match line.unit {
                        "" => usual,
                        unit => power_of(unit).ok_or(PortalError::Unit)?,
                    };
                    let Some(energy) = number(text) else {
                        self.unreadable.insert(line.line);
                        continue;
                    };
                    let decimals = energy.in_larger_unit(3 - power).decimals();
                    self.decimals = self.decimals.max(decimals);
                    let energy = energy.in_larger_unit(-power);
                    let before = self.quarters.insert(start, energy);
                    if before.is_some_and(|before| before != energy) {
                        twice += 1;
                        self.overwriting.insert(line.line);
                    }
                }
                None => self.empty += 1,
            }
        }
        if twice > DOUBLED { Err(PortalError::Several) } else { Ok(()) }
    }
}

/// The rows of a time that the clock shows twice.
struct DoubledTime {
    /// The instants in summer and winter time.
    seconds: [i64; 2],
    /// The places of the rows.
    places: Vec<usize>,
}

impl DoubledTime {
    /// The instant of the row at a place: of two the first is that of summer.
    fn at(&self, place: usize) -> Option<i64> {
        let rank = self.places.iter().position(|it| *it == place)?;
        self.seconds.get(rank).copied().filter(|_| self.places.len() == 2)
    }

    /// True if both rows follow each other.
    fn is_together(&self) -> bool {
        matches!(self.places[..], [first, second] if first + 1 == second)
    }
}

/// The times that the clock shows twice, by their instants in summer time.
fn doubled_times(lines: &[PortalRow], zone: &TimeZone) -> BTreeMap<i64, DoubledTime> {
    let mut times = BTreeMap::new();
    for (place, line) in lines.iter().enumerate() {
        if let Some(seconds) = line.time.doubled(zone) {
            let [summer, _] = seconds;
            let time = times.entry(summer).or_insert(DoubledTime { seconds, places: Vec::new() });
            time.places.push(place);
        }
    }
    times
}

impl OnlyTime {
    fn of(columns: &PortalColumns, head: &[CellRow]) -> Option<Self> {
        let (at, is_end) = match (&columns.start[..], &columns.end[..]) {
            ([at], []) => (at, false),
            ([], [at]) => (at, true),
            _ => return None,
        };
        let mut names: Vec<_> = head.last()?.cells.iter().map(String::as_str).collect();
        let other = if is_end { "von" } else { "bis" };
        let name = core::mem::replace(names.get_mut(*at)?, other).trim().to_owned();
        let renamed = header::columns(&names);
        let is_other = |it: &PortalColumns| it.end.is_empty() == is_end;
        renamed.first().is_some_and(is_other).then_some(Self { name, is_end, other })
    }
}

/// The name of the column of the energy.
fn name_of_value<'a>(columns: &PortalColumns, head: &'a [CellRow]) -> &'a str {
    let name = head.last().and_then(|names| names.cells.get(columns.value));
    name.map(|name| name.trim()).unwrap_or_default()
}

/// The units of energy, and the powers of ten that make watt-hours of them.
const UNITS: [(&str, i16); 3] = [("wh", 0), ("kwh", 3), ("mwh", 6)];

/// Those of other things, which stand in the names of columns too. The mean power of a quarter is four times its energy.
const OTHER_UNITS: [&str; 9] = ["w", "kw", "mw", "var", "kvar", "mvar", "varh", "kvarh", "mvarh"];

/// The power of ten of a unit of energy.
fn power_of(unit: &str) -> Option<i16> {
    UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)).map(|(_, power)| *power)
}

/// That of the last unit in the name of a column: `Verbrauch (kWh)`, `Verbrauch in Wh`. Without any the energies are kWh.
fn power_of_name(name: &str) -> Result<i16, PortalError> {
    let name = name.to_lowercase();
    let words = name.split(|sign: char| !sign.is_alphanumeric()).rev();
    let unit = words.map(|word| (power_of(word), OTHER_UNITS.contains(&word)));
    match unit.into_iter().find(|(power, is_other)| power.is_some() || *is_other) {
        Some((None, _)) => Err(PortalError::Unit),
        _ if name.contains("blind") => Err(PortalError::Unit),
        Some((Some(power), _)) => Ok(power),
        None => Ok(3),
    }
}

/// True if the column of the energy has a number in any row.
fn has_number(columns: &PortalColumns, rows: &[CellRow]) -> bool {
    rows.iter().filter_map(|row| row.cells.get(columns.value)).any(|cell| number(cell).is_some())
}

/// True if the energies were fed into the grid: by their OBIS codes, by the name of their column, or by
/// the lines above.
fn is_export(
    columns: &PortalColumns,
    head: &[CellRow],
    rows: &[CellRow],
) -> Result<bool, PortalError> {
    if let Some(at) = columns.code {
        let codes = rows.iter().filter_map(|row| row.cells.get(at)).map(|code| code.trim());
        let of_export: Vec<_> = codes.filter(|code| !code.is_empty()).map(is_of_export).collect();
        return match (of_export.contains(&true), of_export.contains(&false)) {
            (true, true) => Err(PortalError::Several),
            (is_export, _) => Ok(is_export),
        };
    }
    let name = name_of_value(columns, head).to_lowercase();
    let is_feed_in = |text: &str| ["einspeis", "energy_export"].iter().any(|it| text.contains(it));
    let is_import = ["verbrauch", "bezug", "energy_import"].iter().any(|word| name.contains(word));
    let above =
        || head.iter().flat_map(|row| &row.cells).any(|cell| is_feed_in(&cell.to_lowercase()));
    Ok(is_feed_in(&name) || !is_import && above())
}

/// True for `1-1:2.9.0` and its kind.
fn is_of_export(code: &str) -> bool {
    code.split_once(':').map_or(code, |(_, code)| code).starts_with("2.")
}

/// The seconds from each row to the next one, as they are written.
fn steps(lines: &[PortalRow]) -> impl Iterator<Item = i64> {
    lines.windows(2).filter_map(|pair| match pair {
        [first, second] => first.time.until(second.time),
        _ => None,
    })
}

/// The cells of a row, and the number of its line.
struct CellRow {
    line: u64,
    cells: Vec<String>,
}

/// A row with a value and without a time.
struct Unreadable;

/// A row of quarters: its time, its value unless the cell is empty, and the unit.
struct PortalRow<'a> {
    line: u64,
    time: WrittenTime,
    value: Option<&'a str>,
    unit: &'a str,
    /// True if the export names the length of the interval.
    is_quarter: bool,
}

impl<'a> PortalRow<'a> {
    /// `None` for a row without a value and a time, and for one that is no quarter of an hour.
    fn of(columns: &PortalColumns, row: &'a CellRow) -> Result<Option<Self>, Unreadable> {
        let cell = |at: &usize| row.cells.get(*at).map(|cell| cell.trim()).unwrap_or_default();
        let time = |columns: &[usize]| {
            let cells: Vec<_> = columns.iter().map(cell).collect();
            WrittenTime::parse(&cells.join(" "))
        };
        let (start, end) = (time(&columns.start), time(&columns.end));
        if let (Some(start), Some(end)) = (start, end) {
            // To the second, to the last second or to the last minute; a change of the clock may lie between.
            let length = start.until(end).map(|length| length.rem_euclid(3600));
            let is_length = |length| [QUARTER, QUARTER - 1, QUARTER - 60].contains(&length);
            if !length.is_some_and(is_length) {
                return Ok(None);
            }
        }
        let is_quarter = columns
            .length
            .as_ref()
            .map(cell)
            .is_some_and(|length| length.eq_ignore_ascii_case("qh"));
        let value = Some(cell(&columns.value)).filter(|value| !value.is_empty());
        let unit = columns.unit.as_ref().map(cell).unwrap_or_default();
        match (start.or(end), value) {
            (Some(time), value) => Ok(Some(Self { line: row.line, time, value, unit, is_quarter })),
            (None, Some(_)) => Err(Unreadable),
            (None, None) => Ok(None),
        }
    }
}

/// A number with a comma or a point, and perhaps signs between thousands.
fn number(text: &str) -> Option<Decimal> {
    let text = match (text.rfind(','), text.rfind('.')) {
        (Some(comma), Some(point)) if comma > point => text.replace('.', "").replace(',', "."),
        (Some(_), Some(_)) => text.replace(',', ""),
        (Some(_), None) => text.replace(',', "."),
        (None, _) => text.to_owned(),
    };
    Decimal::parse(text.trim())
}

/// The cells of all rows. The sign between them is the one that the row of names has.
fn rows(text: &str) -> Result<Vec<CellRow>, PortalError> {
    let text = text.strip_prefix("sep=;").unwrap_or(text);
    let head = text.lines().take(HEAD);
    let count = |sign: char| head.clone().filter(|line| line.contains(sign)).count();
    let delimiter = match (count(';'), count('\t')) {
        (0, 0) => b',',
        (0, _) => b'\t',
        _ => b';',
    };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let row = |row: csv::StringRecord| CellRow {
        line: row.position().map_or(0, csv::Position::line),
        cells: row.iter().map(str::to_owned).collect(),
    };
    let rows = reader.records().map(|record| record.map(row));
    rows.collect::<Result<_, _>>().map_err(|_| PortalError::Csv)
}

impl core::fmt::Display for PortalError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Workbook => "a workbook of Excel: save its sheet as CSV",
            Self::Unreadable(line) => {
                return write!(
                    f,
                    "the rows have no time or no number that can be read, such as 21.06.2026 12:00 and 0,123; \
                    the first one is in line {line}"
                );
            }
            Self::NoHeader => "no row of names that an operator's portal is known to write",
            Self::NoRows => "a row of names, and nothing below it: export days that the portal has",
            Self::NoQuarters => "no quarter hours: export these, not hours or days",
            Self::Length => {
                "one row with one time, and nothing tells if it is a quarter hour or a day: export more quarter hours"
            }
            Self::Unit => "values in another unit than kWh: export the energies",
            Self::Several => {
                "quarters have several values, of consumption and feed-in or of two metering points: \
                keep the rows of one"
            }
            Self::Columns(names) => {
                let names: Vec<_> = names.iter().map(|name| format!("'{name}'")).collect();
                return write!(
                    f,
                    "several columns of energy in the same direction, {}: keep the one of this meter",
                    names.join(" and ")
                );
            }
            Self::Csv => "no CSV",
        })
    }
}
