//! The quarter hours of an export.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

use crate::{
    portal::{
        direction, encoding,
        header::{self, PortalColumns},
        number::number,
        stamp::WrittenTime,
        table::{CellRow, PortalTable},
        unit::{self, OtherUnit},
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
    /// The lines of rows that are longer or shorter than a quarter of an hour, between others that are not.
    pub other_lengths: BTreeSet<u64>,
    /// The lines of rows without a code, between others of both directions.
    pub uncoded: BTreeSet<u64>,
    /// The words above the names that alone told that the energy was fed in, and their line.
    pub told_by: Option<(String, u64)>,
    /// The line that the end of the file cuts off.
    pub cut_off: Option<u64>,
    /// The lines of rows below other names.
    pub other_names: BTreeSet<u64>,
    /// The lines with a time or a value that nobody can read.
    pub unreadable: BTreeSet<u64>,
    /// The lines that have another value for a quarter than a line before; theirs counts.
    pub overwriting: BTreeSet<u64>,
    /// The first of two quarters with the same time in rows one after another, whose order may be that of a sort.
    pub unordered: BTreeSet<i64>,
    /// The most digits of the energies behind the point, in kWh, in all columns. Zeros alone tell none: two.
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
    /// A column of `quarters` with a name that the user gave it.
    Renamed(String),
    /// The commas of numbers stand between cells too.
    Commas,
    /// The quarters have no values yet.
    NoValues,
    /// A file of another kind: its name, and the way to a CSV.
    File(&'static str),
    /// There are no quarters, and most rows have no time or no number that can be read; the first such line.
    Unreadable(u64),
}

/// Files of other kinds, by their first octets.
const FILES: [(&[u8], &str); 9] = [
    (b"\xd0\xcf\x11\xe0", WORKBOOK),
    (b"PK\x03\x04", "a ZIP archive: unpack it, and give the CSV in it"),
    (b"\x1f\x8b", "a compressed file: unpack it, and give the CSV in it"),
    (b"%PDF", "a PDF: export the quarter hours as CSV"),
    (b"\x89PNG", PICTURE),
    (b"\xff\xd8\xff", PICTURE),
    (b"<", "HTML or XML: log in to the portal, and export the quarter hours as CSV"),
    (b"{", "JSON: after --compare comes the portal's CSV, and the readings follow it"),
    (b"", "an empty file: export the quarter hours once more, as CSV"),
];

const PICTURE: &str = "a picture: export the quarter hours as CSV";

/// Some portals have no other export.
const WORKBOOK: &str = "a workbook of Excel: save its sheet as CSV";

/// Names within the ZIP archives that are workbooks of Excel, or of LibreOffice.
const WITHIN_WORKBOOKS: [&[u8]; 2] = [b"[Content_Types].xml", b"opendocument.spreadsheet"];

/// A quarter of an hour, in seconds.
const QUARTER: i64 = 900;

/// The quarters that an hour which comes twice may leave with two values.
const DOUBLED: usize = 4;

/// Those that are assumed where no value tells any: half of the last one is 5 Wh.
const LEAST_DECIMALS: u16 = 2;

/// The digits behind the point of an energy in watt-hours.
const FINEST: i16 = 6;

impl PortalExport {
    /// Reads an export: the energy from the grid, that into it, or both, in the order of their columns.
    ///
    /// # Errors
    /// The text is no export of quarter hours.
    pub fn parse(octets: &[u8], zone: &TimeZone) -> Result<Vec<Self>, PortalError> {
        if let Some(kind) = other_file(octets) {
            return Err(PortalError::File(kind));
        }
        let text = encoding::text(octets);
        let mut place = 0;
        loop {
            let table = PortalTable::parse(&text, place).ok_or(PortalError::NoHeader)?;
            // A table of days may stand above that of the quarters.
            let is_of_days = table.above_next().is_some_and(|above| {
                let exports = Self::of_table(above, zone);
                matches!(exports, Err(PortalError::NoQuarters | PortalError::Length))
            });
            if !is_of_days {
                return Self::of_table(table, zone);
            }
            place += 1;
        }
    }

    fn of_table(table: PortalTable, zone: &TimeZone) -> Result<Vec<Self>, PortalError> {
        let PortalTable { mut head, mut rows, mut series, has_commas, cut_off, .. } = table;
        // The units may have a row of their own, below the names too.
        let is_units = |row: &CellRow| series.iter().any(|columns| is_of_units(columns, row));
        if rows.first().is_some_and(is_units) {
            let names = head.len().saturating_sub(1);
            head.insert(names, rows.remove(0));
        }
        let names =
            head.last().map(|names| names.cells.iter().map(String::as_str).collect::<Vec<_>>());
        if let Some(name) = names.as_deref().and_then(header::renamed) {
            return Err(PortalError::Renamed(name.to_owned()));
        }
        if rows.iter().flat_map(|row| &row.cells).all(|cell| cell.trim().is_empty()) {
            return Err(PortalError::NoRows);
        }
        let other_names = below_other_names(&names.unwrap_or_default(), &mut rows);
        let broken =
            if has_commas { broken_rows(&series, &head, &mut rows) } else { BTreeSet::new() };
        if broken.len() > rows.len() {
            return Err(PortalError::Commas);
        }
        // A column without any number is that of another thing, or of a meter that does not count it.
        if series.iter().any(|columns| has_number(columns, &rows)) {
            series.retain(|columns| has_number(columns, &rows));
        }
        // Reactive energy, or the mean power, beside the energy is no other energy.
        let is_energy = |columns: &PortalColumns| unit_of(columns, &head).is_ok();
        if series.iter().any(is_energy) {
            series.retain(is_energy);
        }
        let mut exports: Vec<Self> = Vec::new();
        let mut taken: Vec<(bool, PortalColumns)> = Vec::new();
        for columns in series {
            let (directions, uncoded) = by_direction(&columns, &rows);
            let (directions, told_by) = match directions.is_empty() {
                true => {
                    let (is_export, told_by) = is_export(&columns, &head);
                    (vec![(is_export, rows.iter().collect())], told_by)
                }
                false => (directions, None),
            };
            for (is_export, rows) in directions {
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
                (export.is_export, export.cut_off) = (is_export, cut_off);
                export.told_by = export.told_by.or_else(|| told_by.clone());
                export.uncoded.extend(&uncoded);
                export.other_names.extend(&other_names);
                export.unreadable.extend(&broken);
                export.series(&columns, &head, &rows, zone)?;
                exports.push(export);
                taken.push((is_export, columns.clone()));
            }
        }
        let mut values = exports.iter().flat_map(|export| export.quarters.values());
        let least = if values.all(|energy| energy.is_zero()) { LEAST_DECIMALS } else { 0 };
        let decimals = exports.iter().map(|export| export.decimals).fold(least, u16::max);
        exports.iter_mut().for_each(|export| export.decimals = decimals);
        // The row of a sum alone has no time either.
        let unreadable = exports.first().map(|export| &export.unreadable);
        let most = unreadable.filter(|lines| 2 * lines.len() > rows.len());
        let first = most.and_then(BTreeSet::first).copied();
        let is_empty = exports.iter().any(|export| export.empty > 0);
        exports.retain(|export| !export.quarters.is_empty());
        match first {
            _ if !exports.is_empty() => Ok(exports),
            Some(line) => Err(PortalError::Unreadable(line)),
            None if is_empty => Err(PortalError::NoValues),
            None => Err(PortalError::NoQuarters),
        }
    }

    fn series(
        &mut self,
        columns: &PortalColumns,
        head: &[CellRow],
        rows: &[&CellRow],
        zone: &TimeZone,
    ) -> Result<(), PortalError> {
        let mut twice = 0;
        let (mut lines, mut other_lengths) = (Vec::with_capacity(rows.len()), Vec::new());
        for row in rows {
            match PortalRow::of(columns, row) {
                Ok(line) => lines.push(line),
                Err(RowFault::Empty) => {}
                Err(RowFault::Length) => other_lengths.push(row.line),
                Err(RowFault::Unreadable) => {
                    self.unreadable.insert(row.line);
                }
            }
        }
        // A cell without a unit has that of the others.
        let usual = match lines.iter().map(|line| line.unit).find(|unit| !unit.is_empty()) {
            Some(unit) => unit::power_of(unit)?,
            None => unit_of(columns, head)?,
        };
        // TINETZ has a table of days beside that of quarters.
        if !lines.is_empty() {
            self.other_lengths.extend(other_lengths);
        }
        // Beside `20.06.2026 00:00` a date alone is a day.
        if lines.iter().any(|line| !line.is_day && line.time.is_midnight()) {
            let days = lines.extract_if(.., |line| line.is_day);
            self.other_lengths.extend(days.map(|line| line.line));
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
        if is_single {
            let longer = longer_rows(&lines, columns.start.is_empty());
            self.other_lengths.extend(
                lines
                    .extract_if(.., |it| !it.is_quarter && longer.contains(&it.line))
                    .map(|it| it.line),
            );
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
                        unit => unit::power_of(unit)?,
                    };
                    let Some(energy) = number(text) else {
                        self.unreadable.insert(line.line);
                        continue;
                    };
                    let decimals = energy.in_larger_unit(3 - power).decimals();
                    self.decimals = self.decimals.max(decimals);
                    // Portals that compute have 15 digits behind the point, whose sums do not fit.
                    let energy = energy.in_larger_unit(-power);
                    let rounded = energy.with_decimals(FINEST);
                    let energy =
                        rounded.filter(|it| it.decimals() < energy.decimals()).unwrap_or(energy);
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

/// The kind of a file that is no text of a table, with the way to one.
fn other_file(octets: &[u8]) -> Option<&'static str> {
    let start = octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(octets).trim_ascii_start();
    let in_list = start.strip_prefix(b"[").map(<[u8]>::trim_ascii_start);
    let start = in_list.filter(|it| it.starts_with(b"{")).unwrap_or(start);
    let is_workbook =
        || WITHIN_WORKBOOKS.iter().any(|name| memchr::memmem::find(octets, name).is_some());
    let is_kind = |first: &[u8]| match first {
        b"" => start.is_empty(),
        first => start.starts_with(first),
    };
    let (first, kind) = FILES.iter().find(|(first, _)| is_kind(first))?;
    Some(if first.starts_with(b"PK") && is_workbook() { WORKBOOK } else { kind })
}

/// The name of the column of the energy.
fn name_of_value<'a>(columns: &PortalColumns, head: &'a [CellRow]) -> &'a str {
    head.last().map_or("", |names| names.cell(columns.value))
}

/// The power of ten of the energies of a series: by the name of its column, by the nearest row above that tells one,
/// and else that of kWh.
fn unit_of(columns: &PortalColumns, head: &[CellRow]) -> Result<i16, OtherUnit> {
    if let Some(unit) = unit::in_name(name_of_value(columns, head)) {
        return unit;
    }
    // The power of a plant stands among the facts about the customer, as do other numbers.
    let is_title = |row: &&CellRow| row.cells.iter().all(|cell| number(cell).is_none());
    let titles = above(head).rev().filter(is_title).filter(|_| columns.unit.is_none());
    titles.flat_map(|row| row.cells_above(columns)).find_map(unit::in_title).unwrap_or(Ok(3))
}

/// The rows above the names.
fn above(head: &[CellRow]) -> impl DoubleEndedIterator<Item = &CellRow> {
    head.split_last().map(|(_, above)| above).unwrap_or_default().iter()
}

/// Takes the rows away that stand below other names, and gives their lines. Each day may have the same names anew.
fn below_other_names(names: &[&str], rows: &mut Vec<CellRow>) -> BTreeSet<u64> {
    let is_same = |row: &CellRow| {
        row.cells.iter().map(|cell| cell.trim()).eq(names.iter().map(|name| name.trim()))
    };
    rows.retain(|row| !is_same(row));
    let is_names = |row: &CellRow| {
        let names: Vec<_> = row.cells.iter().map(String::as_str).collect();
        !header::columns(&names).is_empty()
    };
    let first = rows.iter().position(is_names).unwrap_or(rows.len());
    rows.drain(first..).skip(1).map(|row| row.line).collect()
}

/// Takes the rows away with more cells than names, and gives their lines: the comma of a number stands between two of
/// their cells. A value of digits with a number behind it is one; with a sign or a point in it, if few rows have one.
fn broken_rows(
    series: &[PortalColumns],
    head: &[CellRow],
    rows: &mut Vec<CellRow>,
) -> BTreeSet<u64> {
    let names = head.last().map_or(0, |names| names.cells.len());
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|sign| sign.is_ascii_digit());
    // A unit may stand behind the digits.
    let is_number = |text: &str| {
        let digits = text.trim_end_matches(|sign: char| sign.is_alphabetic() || sign == ' ');
        digits.starts_with(|sign: char| sign.is_ascii_digit()) && number(digits).is_some()
    };
    let is_split = |row: &CellRow, is_start: fn(&str) -> bool| {
        let starts = series.iter().map(|columns| columns.value);
        let mut pairs = starts.map(|at| (row.cell(at), row.cell(at + 1)));
        row.cells.len() > names && pairs.any(|(start, rest)| is_start(start) && is_number(rest))
    };
    let is_any = |start: &str| number(start).is_some();
    let are_few = 2 * rows.iter().filter(|row| is_split(row, is_any)).count() < rows.len();
    let is_broken =
        |row: &mut CellRow| is_split(row, is_digits) || are_few && is_split(row, is_any);
    rows.extract_if(.., is_broken).map(|row| row.line).collect()
}

/// True if the column of the energy has a number in any row.
fn has_number(columns: &PortalColumns, rows: &[CellRow]) -> bool {
    rows.iter().any(|row| number(row.cell(columns.value)).is_some())
}

/// True for a row with a unit where others have their energies, and without a time.
fn is_of_units(columns: &PortalColumns, row: &CellRow) -> bool {
    unit::in_title(row.cell(columns.value)).is_some() && PortalRow::of(columns, row).is_err()
}

/// The rows of each direction: both have some if their codes say so. Rows without a code have the direction of all
/// others; where these have both, the lines of those without a code.
fn by_direction<'a>(
    columns: &PortalColumns,
    rows: &'a [CellRow],
) -> (Vec<(bool, Vec<&'a CellRow>)>, BTreeSet<u64>) {
    let Some(at) = columns.code else {
        return Default::default();
    };
    let codes = || rows.iter().filter_map(|row| direction::of_row(row.cell(at)));
    let only = codes().next().filter(|first| codes().all(|direction| direction == *first));
    let mut uncoded = BTreeSet::new();
    let mut all: Vec<(bool, Vec<&CellRow>)> = Vec::new();
    for row in rows {
        let is_empty = row.cell(at).is_empty();
        let code = direction::of_row(row.cell(at)).or(only.filter(|_| is_empty));
        let Some(is_export) = code else {
            let has_energy = PortalRow::of(columns, row).is_ok_and(|row| row.value.is_some());
            uncoded.extend((is_empty && has_energy).then_some(row.line));
            continue;
        };
        match all.iter_mut().find(|(direction, _)| *direction == is_export) {
            Some((_, rows)) => rows.push(row),
            None => all.push((is_export, vec![row])),
        }
    }
    match all.is_empty() {
        true => Default::default(),
        false => (all, uncoded),
    }
}

/// True if the energies were fed into the grid: by the name of their column, by those of the times, by a row of the
/// direction above, or by a title above the column. Else by the titles and facts above, if all tell the same: the words
/// are returned too with their line.
fn is_export(columns: &PortalColumns, head: &[CellRow]) -> (bool, Option<(String, u64)>) {
    let of_name = || direction::feeds_in(name_of_value(columns, head));
    let of_times = || {
        let times = columns.start.iter().chain(&columns.end);
        direction::feeds_in_alone(times.filter_map(|at| Some(head.last()?.cell(*at))))
    };
    let of_row = |row: &CellRow| {
        direction::feeds_in(row.cell(columns.value))
            .or_else(|| direction::feeds_in_alone(row.cells_above(columns)))
    };
    // `Messeinrichtung` and `Zweirichtungszähler` are devices.
    let is_direction = |word: &str| word.ends_with("richtung") && !word.ends_with("einrichtung");
    let is_of_direction = |row: &&CellRow| {
        let text = row.cells.join(" ").to_lowercase();
        text.split(|sign: char| !sign.is_alphabetic()).any(is_direction)
    };
    let is_title = |row: &&CellRow| {
        columns.start.iter().chain(&columns.end).all(|at| row.cell(*at).is_empty())
    };
    let of_title = |row: &CellRow| direction::feeds_in(row.cell(columns.value));
    let known = of_name()
        .or_else(of_times)
        .or_else(|| above(head).rev().filter(is_of_direction).find_map(of_row))
        .or_else(|| above(head).rev().filter(is_title).find_map(of_title));
    if let Some(is_export) = known {
        return (is_export, None);
    }
    let rows = above(head);
    let cells: Vec<_> = rows
        .flat_map(|row| telling(columns, row).into_iter().map(|cell| (cell, row.line)))
        .collect();
    let all = direction::feeds_in_alone(cells.iter().map(|(cell, _)| *cell));
    let tells = |(cell, _): &&(&str, u64)| all == Some(true) && direction::feeds_in(cell) == all;
    let word = cells.iter().find(tells);
    (all.unwrap_or_default(), word.map(|(cell, line)| ((*cell).to_owned(), *line)))
}

/// The words of a row above that may tell the direction: a title, or the name of a fact and its value. Values of several
/// words are names of customers, streets and plants, and any word may be that of a tariff.
fn telling<'a>(columns: &PortalColumns, row: &'a CellRow) -> Vec<&'a str> {
    let cells = row.cells_above(columns).skip(1).flat_map(|cell| cell.split(": "));
    let mut name = "";
    let mut telling = Vec::new();
    for cell in cells.filter(|cell| !cell.is_empty()) {
        let name = core::mem::replace(&mut name, cell).to_lowercase();
        let is_tariff = ["tarif", "produkt"].iter().any(|word| name.contains(word));
        if name.is_empty() || direction::is_no_name(cell) && !is_tariff {
            telling.push(cell);
        }
    }
    telling
}

/// The lines of rows with one time that are hours or days: at least three of them follow each other at that distance.
fn longer_rows(lines: &[PortalRow], is_end: bool) -> BTreeSet<u64> {
    const LONGER: [i64; 2] = [3600, 86_400];
    let mut longer = BTreeSet::new();
    for three in lines.windows(3) {
        let [first, second, third] = three else {
            continue;
        };
        let steps = [first.time.until(second.time), second.time.until(third.time)];
        if LONGER.iter().any(|step| steps == [Some(*step); 2]) {
            // The distance to the next row is the length of one with a start.
            let rows = if is_end { [second, third] } else { [first, second] };
            longer.extend(rows.map(|row| row.line));
        }
    }
    // The row at the open end of all has the length of its neighbour.
    let ((true, [last, neighbour, ..]) | (false, [.., neighbour, last])) = (is_end, lines) else {
        return longer;
    };
    if longer.contains(&neighbour.line) {
        longer.insert(last.line);
    }
    longer
}

/// The seconds from each row to the next one, as they are written.
fn steps(lines: &[PortalRow]) -> impl Iterator<Item = i64> {
    lines.windows(2).filter_map(|pair| match pair {
        [first, second] => first.time.until(second.time),
        _ => None,
    })
}

/// The reason for a row without a quarter.
enum RowFault {
    /// A row with neither a time nor a value.
    Empty,
    /// A row that is longer or shorter.
    Length,
    /// A row with a value and no time.
    Unreadable,
}

/// A row of quarters: its time, its value unless the cell is empty, and the unit.
struct PortalRow<'a> {
    line: u64,
    time: WrittenTime,
    value: Option<&'a str>,
    unit: &'a str,
    /// True if the export names the length of the interval.
    is_quarter: bool,
    /// True for a date without a time.
    is_day: bool,
}

impl<'a> PortalRow<'a> {
    fn of(columns: &PortalColumns, row: &'a CellRow) -> Result<Self, RowFault> {
        let cell = |at: &usize| row.cell(*at);
        let text = |columns: &[usize]| columns.iter().map(cell).collect::<Vec<_>>().join(" ");
        let [start, end] = [&columns.start, &columns.end].map(|columns| text(columns));
        let is_day = start.is_empty() && is_day(&end) || end.is_empty() && is_day(&start);
        let (start, end) = (WrittenTime::parse(&start), WrittenTime::parse(&end));
        if let (Some(start), Some(end)) = (start, end) {
            // To the second, to the last second or to the last minute; a change of the clock may lie between.
            let length = start.until(end).map(|length| length.rem_euclid(3600));
            let is_length = |length| [QUARTER, QUARTER - 1, QUARTER - 60].contains(&length);
            if !length.is_some_and(is_length) {
                return Err(RowFault::Length);
            }
        }
        let length = columns.length.as_ref().map(cell).unwrap_or_default();
        if is_longer(length) {
            return Err(RowFault::Length);
        }
        let is_quarter = length.eq_ignore_ascii_case("qh");
        let value = Some(cell(&columns.value)).filter(|value| !value.is_empty());
        let unit = columns.unit.as_ref().map(cell).unwrap_or_default();
        // An end is no start, where that of other rows can be read.
        let time = if columns.start.is_empty() { end } else { start };
        match (time, value) {
            (Some(time), value) => {
                Ok(Self { line: row.line, time, value, unit, is_quarter, is_day })
            }
            (None, Some(_)) => Err(RowFault::Unreadable),
            (None, None) => Err(RowFault::Empty),
        }
    }
}

/// True for a date of three numbers without a time.
fn is_day(text: &str) -> bool {
    let is_sign = |sign: char| !sign.is_ascii_digit();
    text.split(is_sign).filter(|digits| !digits.is_empty()).count() == 3
}

/// True for the name of an interval that is longer than a quarter hour: `D`, `H`, `Tag`, `1 Stunde`.
fn is_longer(length: &str) -> bool {
    let length = length.to_lowercase();
    let is_named = || ["tag", "stunde", "monat", "jahr"].iter().any(|name| length.contains(name));
    matches!(&length[..], "h" | "d" | "w" | "m" | "y") || is_named() && !length.contains("viertel")
}

impl From<OtherUnit> for PortalError {
    fn from(_: OtherUnit) -> Self {
        Self::Unit
    }
}

impl core::fmt::Display for PortalError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::File(kind) => kind,
            Self::NoValues => {
                "quarter hours without values: the portal has none for these days yet; export days that it has"
            }
            Self::Renamed(name) => {
                return write!(
                    f,
                    "the column '{name}' has a name of --names, which does not tell what it is: \
                    write the CSV without --names"
                );
            }
            Self::Unreadable(line) => {
                return write!(
                    f,
                    "the rows have no time or no number that can be read, such as 21.06.2026 12:00 and 0,123; \
                    the first one is in line {line}"
                );
            }
            Self::Commas => {
                "commas between the cells and within the numbers: export with semicolons between the cells"
            }
            Self::NoHeader => {
                "no row of names that an operator's portal is known to write: export quarter hours as CSV, or name \
                the columns 'Datum von', 'Datum bis' and 'Verbrauch (kWh)'"
            }
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
        })
    }
}
