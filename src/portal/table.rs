//! The rows of an export: what stands above the names, the names, and the rows below.

use crate::portal::{
    header::{self, PortalColumns},
    number::written_decimals,
    stamp::WrittenTime,
};

/// The cells of a row, and the number of its line.
#[derive(Clone, Debug, Default)]
pub(super) struct CellRow {
    /// The number, from 1.
    pub(super) line: u64,
    /// The cells.
    pub(super) cells: Vec<String>,
}

impl CellRow {
    /// A cell, empty behind the last one.
    pub(super) fn cell(&self, at: usize) -> &str {
        self.cells.get(at).map(|cell| cell.trim()).unwrap_or_default()
    }

    /// The cells above a series: that of its energies first.
    pub(super) fn cells_above<'a>(
        &'a self,
        columns: &PortalColumns,
    ) -> impl Iterator<Item = &'a str> {
        let end = columns.group.end.min(self.cells.len());
        let group = columns.group.start.min(end)..end;
        core::iter::once(columns.value).chain(group).map(|at| self.cell(at))
    }
}

/// A table with a row of names.
pub(super) struct PortalTable {
    /// The rows up to the names, which are the last of them.
    pub(super) head: Vec<CellRow>,
    /// The rows below.
    pub(super) rows: Vec<CellRow>,
    /// The columns of each series.
    pub(super) series: Vec<PortalColumns>,
    /// True for commas between the cells.
    pub(super) has_commas: bool,
    /// The line that the end of the file cuts off, which is none of the rows.
    pub(super) cut_off: Option<u64>,
    /// The rows in front of another row of names.
    next: Option<usize>,
}

/// The rows at the start among which the names are looked for.
const HEAD: usize = 40;

/// The signs between cells. A sign that has its row of names is the right one, whatever stands above.
const DELIMITERS: [u8; 3] = [b';', b'\t', b','];

/// The ends of lines: LF, CR LF, or CR alone.
const LINE_ENDS: [char; 2] = ['\r', '\n'];

/// Blanks at which no line breaks: as words, and between thousands.
const NO_BREAKS: [char; 4] = ['\u{a0}', '\u{202f}', '\u{2007}', '\u{2009}'];

impl PortalTable {
    /// Takes a text apart at one of its rows of names, counted from 0; `None` without it.
    pub(super) fn parse(text: &str, place: usize) -> Option<Self> {
        let text = text.replace(NO_BREAKS, " ");
        let (delimiter, at, series, next) = DELIMITERS.into_iter().find_map(|delimiter| {
            let mut series =
                rows(&text, delimiter).take(HEAD).enumerate().filter_map(|(at, row)| {
                    let names: Vec<_> = row.cells.iter().map(String::as_str).collect();
                    Some((at, header::columns(&names))).filter(|(_, columns)| !columns.is_empty())
                });
            let (at, columns) = series.nth(place)?;
            let next = series.next().map(|(next, _)| next - at - 1);
            Some((delimiter, at, columns, next))
        })?;
        let mut all = rows(&text, delimiter);
        let head = all.by_ref().take(at + 1).collect();
        let mut rows: Vec<_> = all.collect();
        let is_cut_off = is_cut_off(&text, &series, &rows);
        let cut_off = rows.pop_if(|_| is_cut_off).map(|row| row.line);
        Some(Self { head, rows, series, has_commas: delimiter == b',', cut_off, next })
    }

    /// The table above another row of names.
    pub(super) fn above_next(&self) -> Option<Self> {
        let rows = self.rows.get(..self.next?)?.to_vec();
        let (head, series) = (self.head.clone(), self.series.clone());
        Some(Self { head, rows, series, has_commas: self.has_commas, cut_off: None, next: None })
    }
}

/// The rows, without the empty ones. No row is damaged: a text is UTF-8, and a row has any number of cells.
fn rows(text: &str, delimiter: u8) -> impl Iterator<Item = CellRow> {
    let mut all = records(text, delimiter);
    let (mut line, mut counted, mut base) = (1, 0, 0);
    core::iter::from_fn(move || {
        let here = base + usize::try_from(all.reader().position().byte()).unwrap_or_default();
        // The reader's row begins with the empty lines before it, and with half of a line end in front of them.
        let rest = text.get(here..).unwrap_or_default().trim_start_matches(LINE_ENDS);
        let begin = text.len() - rest.len();
        let mut lines = rest.split(LINE_ENDS);
        let first = lines.next().unwrap_or_default();
        // Without this look ahead, each of many lone quotes would be followed to the end of the text.
        let mut next = || lines.find(|line| !line.is_empty());
        let mut is_lone =
            has_open_quote(first) && next().is_some_and(|line| is_row(line, delimiter));
        let mut cells = Vec::new();
        if !is_lone {
            let record = all.next()?.ok()?;
            let end = base + usize::try_from(all.reader().position().byte()).unwrap_or_default();
            let mut lines = text.get(begin..end).unwrap_or_default().split(LINE_ENDS).skip(1);
            is_lone = lines.any(|line| is_row(line, delimiter));
            cells = record.iter().map(str::to_owned).collect();
        }
        if is_lone {
            base = begin + first.len();
            all = records(text.get(base..).unwrap_or_default(), delimiter);
            cells = cells_of_line(first, delimiter);
        }
        line += line_ends(text.get(counted..begin).unwrap_or_default());
        counted = begin;
        Some(CellRow { line, cells })
    })
}

/// True if a quote lacks its second one.
fn has_open_quote(line: &str) -> bool {
    line.matches('"').count() % 2 == 1
}

fn records(text: &str, delimiter: u8) -> csv::StringRecordsIntoIter<&[u8]> {
    let mut reader = csv::ReaderBuilder::new();
    reader.delimiter(delimiter).has_headers(false).flexible(true);
    reader.from_reader(text.as_bytes()).into_records()
}

/// The cells of a line alone. Where a quote lacks its second one, all quotes are signs as others: a number with one is no
/// number, and the other cells are whole.
fn cells_of_line(line: &str, delimiter: u8) -> Vec<String> {
    let without_pair = |cell: &str| {
        cell.strip_prefix('"').and_then(|cell| cell.strip_suffix('"')).unwrap_or(cell).to_owned()
    };
    if has_open_quote(line) {
        return line.split(char::from(delimiter)).map(without_pair).collect();
    }
    let record = records(line, delimiter).find_map(Result::ok).unwrap_or_default();
    record.iter().map(str::to_owned).collect()
}

/// True for a line with a time, or with the names: a quote in front of it has lost its second one, and is no reason to
/// take the line for a part of a cell.
fn is_row(line: &str, delimiter: u8) -> bool {
    let cells = cells_of_line(line, delimiter);
    let names: Vec<_> = cells.iter().map(String::as_str).collect();
    names.iter().any(|cell| WrittenTime::parse(cell).is_some())
        || !header::columns(&names).is_empty()
}

/// The line ends of a text: LF, CR LF, or CR alone.
fn line_ends(text: &str) -> u64 {
    let (mut count, mut before) = (0, 0);
    for sign in text.bytes() {
        count += u64::from(sign == b'\r' || sign == b'\n' && before != b'\r');
        before = sign;
    }
    count
}

/// True if the end of the text is not that of its last row: there is no line end, and the row is shorter than the one
/// before, ends within quotes, or has fewer decimals than all others.
fn is_cut_off(text: &str, series: &[PortalColumns], rows: &[CellRow]) -> bool {
    let [others @ .., before, last] = rows else {
        return false;
    };
    if text.ends_with(['\n', '\r']) {
        return false;
    }
    // A row of the sum, or of the count, has words where others have times.
    let begins_with_digit =
        |row: &CellRow| row.cell(0).starts_with(|sign: char| sign.is_ascii_digit());
    let has_words =
        last.cell(0).chars().any(|sign| sign.is_alphabetic() && !before.cell(0).contains(sign));
    let is_alike = begins_with_digit(before) == begins_with_digit(last)
        && !(begins_with_digit(last) && has_words);
    let is_quoted = text.rsplit(LINE_ENDS).next().is_some_and(has_open_quote);
    let is_short = series.iter().any(|columns| {
        let decimals = |row: &CellRow| written_decimals(row.cell(columns.value));
        let [last_decimals, all] = [last, before].map(decimals);
        let is_fixed = others.iter().all(|row| decimals(row).is_none() || decimals(row) == all);
        let ends_in_sign = last.cell(columns.value).ends_with([',', '.']);
        last_decimals.is_some()
            && last_decimals < all
            && (is_fixed && !others.is_empty() || ends_in_sign)
    });
    is_alike && (last.cells.len() < before.cells.len() || is_quoted || is_short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_count_with_every_line_end_and_over_empty_ones() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["a;b", "", "", "c;d", "\"e", "f\";g", "", "h;i", ""].join(end);
            let lines: Vec<_> = rows(&text, b';').map(|row| row.line).collect();
            assert_eq!(lines, [1, 4, 5, 8], "{end:?}");
        }
    }

    #[test]
    fn a_lone_quote_swallows_no_row() {
        let day = "20.06.2026";
        for end in ["\n", "\r\n", "\r"] {
            for (first, last) in [
                (format!("{day};\"1"), "\"1"),
                (format!("{day};1;\"G"), "\"G"),
                (format!("\"{day};1"), "1"),
                (format!("\"{day}\";\"1\";\"G\";\""), "\""),
            ] {
                let next = format!("21.06.2026;\"2\"{end}22.06.2026;\"3{end}{end}23.06.2026;4");
                let text = format!("Kunde;\"Adler{end}Messzeitpunkt;kWh{end}{first}{end}{next}");
                let all: Vec<_> = rows(&text, b';').collect();
                let lines: Vec<_> = all.iter().map(|row| row.line).collect();
                assert_eq!(lines, [1, 2, 3, 4, 5, 7], "{text:?}");
                assert!(all[2].cell(0).contains(day), "{text:?}");
                assert_eq!(all[2].cells.last().map(String::as_str), Some(last), "{text:?}");
                assert_eq!([all[3].cell(1), all[4].cell(1), all[5].cell(1)], ["2", "\"3", "4"]);
            }
        }
        // A cell of several lines, none of which is a row.
        let text = "Messzeitpunkt;\"Verbrauch\n(kWh)\"\n20.06.2026;1;\"a;\nb\"\n";
        let all: Vec<_> = rows(text, b';').map(|row| row.cells.len()).collect();
        assert_eq!(all, [2, 3]);
    }
}
