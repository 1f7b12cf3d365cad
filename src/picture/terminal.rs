//! Pictures of letters, for a terminal of any width.
//!
//! ```text
//!   2 │      ▂█
//!     │  ▁▁▁▃██▂▁▁
//!   0 ┼────────────────────
//!     │          ▒▒▒▒
//!   2 │          ▒
//! ```
//!
//! Import is solid and export is shaded, so that no colour is needed.

use crate::{
    local_time::{LocalStep, offset},
    picture::{
        axis::{ValueAxis, heat_bounds, time_ticks},
        language::{PictureLanguage, local},
        series::{EXPORT, IMPORT, PlotRow, PlotSeries, PlotSpan, milli},
    },
};

/// The narrowest picture.
const NARROWEST: usize = 30;

/// The letters left of a plot.
const MARGIN: usize = 7;

/// The rows of a load curve in one direction.
const ROWS: i64 = 8;

const DAY: i64 = 86_400;

/// Lines of text.
#[derive(Debug, Default)]
pub struct LetterPlot {
    lines: Vec<String>,
    columns: usize,
}

impl LetterPlot {
    /// A picture that begins with a title.
    #[must_use]
    pub fn new(title: &str, columns: usize) -> Self {
        let mut plot = Self { lines: Vec::new(), columns: columns.max(NARROWEST) };
        plot.words(title);
        plot
    }

    /// Adds words, in as many lines as they need.
    pub fn words(&mut self, text: &str) {
        let mut line = String::new();
        for word in text.split(' ') {
            let length = line.chars().count() + 1 + word.chars().count();
            if length > self.columns && !line.is_empty() {
                self.line(&line);
                line.clear();
            }
            line.push_str(if line.is_empty() { "" } else { " " });
            line.push_str(word);
        }
        self.line(&line);
    }

    /// Adds a line, which ends with the terminal.
    pub fn line(&mut self, text: &str) {
        let text: String = text.chars().take(self.columns).collect();
        self.lines.push(text.trim_end().to_owned());
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> String {
        self.lines.iter().fold(String::new(), |text, line| text + line + "\n")
    }

    const fn room(&self) -> usize {
        self.columns - MARGIN
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn letters(number: i64) -> usize {
    usize::try_from(number).unwrap_or(0)
}

/// The load curve: a column has the highest quarter of its time.
pub fn load(plot: &mut LetterPlot, series: &PlotSeries, language: PictureLanguage) {
    let words = language.words();
    let quarters = (series.to - series.from) / 900;
    let columns = count(plot.room()).min(quarters.max(1));
    let directions = series.directions();
    let (exports, room) = (directions.contains(&EXPORT), letters(columns));
    let keys = keys(directions, language);
    plot.words(&format!("{keys}{}· {}", part_key(series, language), words.gap));
    if columns < quarters {
        plot.words(words.highest_of_column);
    }
    let range = (series.to - series.from).max(1);
    // No quarter of a column without readings.
    let mut highest = vec![[None::<i64>; 2]; room];
    let mut parts = vec![false; room];
    for row in &series.rows {
        let column = letters((row.start - series.from) * columns / range);
        if let Some(part) = parts.get_mut(column) {
            *part |= row.part_power(IMPORT).or(row.part_power(EXPORT)).is_some();
        }
        if let Some(column) = highest.get_mut(column) {
            for (direction, highest) in [IMPORT, EXPORT].into_iter().zip(column) {
                *highest = (*highest).max(row.power(direction));
            }
        }
    }
    // Both directions have one scale.
    let top = series.highest(IMPORT).max(if exports { series.highest(EXPORT) } else { 0 });
    let axis = ValueAxis::new(0, top, 0, ROWS * 8);
    rows(plot, &highest, IMPORT, &axis, language);
    let zero = highest.iter().zip(parts).map(|([import, export], part)| match import.or(*export) {
        Some(_) => '─',
        None if part => '*',
        None => '·',
    });
    plot.line(&format!("{:>5} ┼{}", 0, zero.collect::<String>()));
    if exports {
        rows(plot, &highest, EXPORT, &axis, language);
    }
    times(plot, series, columns, language);
}

/// The letters of both directions, or of export alone: import alone needs no key.
fn keys(directions: &[usize], language: PictureLanguage) -> String {
    let words = language.words();
    match directions {
        [EXPORT] => format!("▒ {}  ", words.export),
        [_, EXPORT] => format!("█ {}  ▒ {}  ", words.import, words.export),
        _ => String::new(),
    }
}

/// The key of parts of quarters, if there are any: their means are no power of a quarter.
fn part_key(series: &PlotSeries, language: PictureLanguage) -> String {
    if series.has_parts() { format!("* {}  ", language.words().part) } else { String::new() }
}

/// The rows of one direction: upwards for import, downwards for export.
fn rows(
    plot: &mut LetterPlot,
    highest: &[[Option<i64>; 2]],
    direction: usize,
    axis: &ValueAxis,
    language: PictureLanguage,
) {
    let eighths = |value: &[Option<i64>; 2]| {
        let value = value.get(direction).copied().flatten().unwrap_or(0);
        i128::from(value) * i128::from(ROWS * 8) / i128::from(axis.high)
    };
    for place in 0..ROWS {
        let row = if direction == EXPORT { place } else { ROWS - 1 - place };
        let letter = |value: &[Option<i64>; 2]| {
            let part = eighths(value) - i128::from(row * 8);
            match (direction, part) {
                (_, ..=0) => ' ',
                (EXPORT, 1..4) => ' ',
                (EXPORT, _) => '▒',
                (_, part) => {
                    "▁▂▃▄▅▆▇".chars().nth(usize::try_from(part - 1).unwrap_or(7)).unwrap_or('█')
                }
            }
        };
        let is_end = place == if direction == EXPORT { ROWS - 1 } else { 0 };
        let label = if is_end { language.millionths(axis.high) } else { String::new() };
        let drawn: String = highest.iter().map(letter).collect();
        plot.line(&format!("{label:>5} │{drawn}"));
    }
}

fn times(plot: &mut LetterPlot, series: &PlotSeries, columns: i64, language: PictureLanguage) {
    let range = (series.to - series.from).max(1);
    let mut line = " ".repeat(MARGIN);
    for tick in time_ticks(series.from, series.to, columns * 75, &series.zone, language) {
        let at = MARGIN + letters((tick.at - series.from) * columns / range);
        let used = line.chars().count();
        if (used < at || used == MARGIN && at == MARGIN)
            && at + tick.text.chars().count() <= plot.columns
        {
            line.push_str(&" ".repeat(at - used));
            line.push_str(&tick.text);
        }
    }
    plot.line(&line);
}

/// A bar, to the eighth of a letter for import.
fn bar(value: i64, highest: i64, room: usize, direction: usize) -> String {
    let eighths = i128::from(value) * i128::from(count(room) * 8) / i128::from(highest.max(1));
    let eighths = usize::try_from(eighths).unwrap_or(0);
    match direction {
        EXPORT => "▒".repeat((eighths + 4) / 8),
        _ => {
            let rest = "▏▎▍▌▋▊▉".chars().nth((eighths % 8).wrapping_sub(1));
            "█".repeat(eighths / 8) + &rest.map(String::from).unwrap_or_default()
        }
    }
}

/// A line for each day or month and direction.
pub fn energy(
    plot: &mut LetterPlot,
    series: &PlotSeries,
    step: LocalStep,
    language: PictureLanguage,
) {
    let words = language.words();
    let directions = series.directions();
    let keys = keys(directions, language);
    if !keys.is_empty() {
        plot.line(&keys);
    }
    let spans = series.spans(step);
    let energies = || spans.iter().flat_map(|span| span.energies).flatten();
    let highest = energies().map(milli).max().unwrap_or(1);
    let digits = energies().map(|it| language.exact(it).chars().count()).max().unwrap_or(0);
    for span in &spans {
        let at = local(span.start, &series.zone);
        let when = match step {
            LocalStep::Month => language.month_of_year(at),
            _ => format!("{} {}", language.weekday(at), language.short_date(at)),
        };
        let room = plot.columns.saturating_sub(12 + digits + 2);
        let mut when = when.as_str();
        for direction in directions {
            let energy = span.energies.get(*direction).copied().flatten();
            let mark = mark(span);
            match energy {
                Some(energy) => plot.line(&format!(
                    "{when:<11}{:>digits$}{mark}{}",
                    language.exact(energy),
                    bar(milli(energy), highest, room, *direction),
                )),
                None if !when.is_empty() => {
                    plot.line(&format!("{when:<11}{:>digits$} {}", "–", words.gap));
                }
                None => {}
            }
            when = "";
        }
    }
    for (sign, word) in [('*', words.part), ('~', words.estimated)] {
        if spans.iter().any(|span| mark(span) == sign) {
            plot.line(&format!("{sign} {word}"));
        }
    }
}

/// The mark of a sum that is not all of its span's, or is no measured one.
const fn mark(span: &PlotSpan) -> char {
    match (span.estimated, span.complete) {
        (true, _) => '~',
        (false, false) => '*',
        (false, true) => ' ',
    }
}

/// A line for each day, a letter for some quarters.
pub fn heat_map(plot: &mut LetterPlot, series: &PlotSeries, language: PictureLanguage) {
    let words = language.words();
    let room = plot.columns - 11;
    let columns = [96, 48, 24].into_iter().find(|columns| *columns <= room).unwrap_or(12);
    for direction in series.directions().iter().copied() {
        let name = if direction == EXPORT { words.export } else { words.import };
        let bounds: [i64; 4] = heat_bounds(series.highest_of_most(direction));
        let lower = [0].into_iter().chain(bounds);
        let letters = bounds.into_iter().zip("░▒▓█".chars()).zip(lower);
        let legend = letters.filter(|((bound, _), lower)| lower < bound).map(|(it, _)| it);
        let legend =
            legend.map(|(bound, letter)| format!("{letter} ≤{} ", language.millionths(bound)));
        plot.line("");
        let keys = legend.collect::<String>() + &part_key(series, language);
        plot.words(&format!("{name} (kW): {keys}· {}", words.gap));
        let mut hours = " ".repeat(11);
        for hour in [0, 6, 12, 18] {
            let text = format!("{hour:02}");
            hours.push_str(&format!("{text:<width$}", width = columns / 4));
        }
        plot.line(&hours);
        let mut rows = series.rows.iter().peekable();
        for day in series.spans(LocalStep::Days(1)) {
            let mut cells = vec![(None::<i64>, false); columns];
            while let Some(row) = rows.next_if(|row| row.start < day.end) {
                if let Some((cell, part)) = cells.get_mut(column(series, row, columns)) {
                    *cell = (*cell).max(row.most_power(direction));
                    *part |= row.part_power(direction).is_some();
                }
            }
            let at = local(day.start, &series.zone);
            let when = format!("{} {}", language.weekday(at), language.short_date(at));
            let cells = cells.into_iter().map(|cell| match cell {
                (None, true) => '*',
                (None, false) => '·',
                (Some(0), _) => ' ',
                (Some(power), _) => {
                    let level = bounds.iter().take_while(|bound| **bound < power).count();
                    "░▒▓".chars().nth(level).unwrap_or('█')
                }
            });
            plot.line(&format!("{when:<11}{}", cells.collect::<String>()));
        }
    }
    if columns < 96 {
        plot.words(words.highest_of_column);
    }
}

/// The column of a quarter by the clock on the wall.
fn column(series: &PlotSeries, row: &PlotRow, columns: usize) -> usize {
    let wall = (row.start + offset(row.start, &series.zone)).rem_euclid(DAY);
    letters(wall * count(columns) / DAY)
}

/// A line for each month.
pub fn peaks(plot: &mut LetterPlot, series: &PlotSeries, language: PictureLanguage) {
    let words = language.words();
    let peaks = series.peaks();
    let mean = |row: &PlotRow| row.means.first().copied().flatten();
    let highest = peaks.iter().filter_map(|(_, row)| mean(row)).map(milli).max().unwrap_or(1);
    let when = |row: &PlotRow| {
        let date = language.date(local(row.start, &series.zone));
        format!("{date} {}", language.time(row.start, &series.zone))
    };
    let widest = peaks.iter().map(|(_, row)| when(row).chars().count()).max().unwrap_or(0).max(18);
    for (month, row) in &peaks {
        if let Some(exact) = mean(row) {
            let room = plot.columns.saturating_sub(widest + 10);
            let bar = bar(milli(exact), highest, room, IMPORT);
            let mark = match month.remark_of_peak(row, language) {
                None => ' ',
                Some(remark) if remark == words.estimated => '~',
                Some(_) => '*',
            };
            plot.line(&format!("{:<widest$}{:>8}{mark}{bar}", when(row), language.exact(exact)));
        }
    }
    if peaks.is_empty() {
        plot.words(words.no_peak);
    }
    for (sign, word) in [('*', words.part), ('~', words.estimated)] {
        if peaks.iter().any(|(month, row)| month.remark_of_peak(row, language) == Some(word)) {
            plot.line(&format!("{sign} {word}"));
        }
    }
}
