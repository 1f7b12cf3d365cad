//! The tables of a page: each picture in numbers, for those who cannot see it, and for copying.
//!
//! A long period has coarser rows, and never a mean of means: the load curve then has the lowest and the highest quarter
//! hour of each hour or day, the heat map the energies of each hour of the day in a whole month.

use crate::{
    local_time::LocalStep,
    picture::{
        language::{PictureLanguage, local},
        series::{EXPORT, PlotRow, PlotSeries, PlotSpan},
        svg::escaped,
    },
    reading::decimal::Decimal,
};

/// The most rows of a load curve.
const MOST_LOADS: i64 = 400;

/// The most days of a heat map that have a row each.
const MOST_DAYS: usize = 31;

const NONE: &str = "–";

/// A table behind a heading that opens it.
fn table(caption: &str, head: &[&str], rows: &[Vec<String>], language: PictureLanguage) -> String {
    let words = language.words();
    let cells = |tag: &str, name: &str, cells: &mut dyn Iterator<Item = &str>| {
        let cells = cells.map(|cell| format!("<{tag}>{}</{name}>", escaped(cell)));
        format!("<tr>{}</tr>\n", cells.collect::<String>())
    };
    // Several tables of a page need names of their own.
    let summary = format!("{}: {caption}", words.table);
    let summary = escaped(&summary);
    // A keyboard scrolls what has the focus.
    let mut text = format!(
        "<details><summary>{summary}</summary>\n<div class=\"table\" tabindex=\"0\" role=\"region\" \
        aria-label=\"{summary}\">\n<table>\n<thead>"
    );
    text.push_str(&cells("th scope=\"col\"", "th", &mut head.iter().copied()));
    text.push_str("</thead>\n<tbody>\n");
    for row in rows {
        text.push_str(&cells("td", "td", &mut row.iter().map(String::as_str)));
    }
    text.push_str("</tbody>\n</table>\n</div></details>\n");
    text
}

/// The energies of days or months.
pub(super) fn energies(series: &PlotSeries, step: LocalStep, language: PictureLanguage) -> String {
    let words = language.words();
    let is_month = step == LocalStep::Month;
    let row = |span: &PlotSpan| {
        let [import, export] = span.energies.map(|energy| number(energy, language));
        let remark = span.remark(language).unwrap_or_default();
        vec![when(span.start, step, series, language), import, export, remark.to_owned()]
    };
    let rows: Vec<_> = series.spans(step).iter().map(row).collect();
    let first = if is_month { words.month } else { words.day };
    let head =
        [first, &format!("{} kWh", words.import), &format!("{} kWh", words.export), words.remark];
    table(if is_month { words.months } else { words.days }, &head, &rows, language)
}

/// The peaks of months.
pub(super) fn peaks(series: &PlotSeries, language: PictureLanguage) -> String {
    let words = language.words();
    let rows = series.peaks().into_iter().map(|(month, row)| {
        let mean = row.means.first().copied().flatten();
        let mean = mean.map(|mean| language.exact(mean)).unwrap_or_default();
        let remark = month.remark_of_peak(&row, language).unwrap_or_default();
        let month = when(month.start, LocalStep::Month, series, language);
        let begins = when(row.start, LocalStep::QUARTER, series, language);
        vec![month, begins, mean, remark.to_owned()]
    });
    let rows: Vec<_> = rows.collect();
    table(words.peaks, &[words.month, words.begins, "kW", words.remark], &rows, language)
}

/// The load curve.
pub(super) fn load(series: &PlotSeries, language: PictureLanguage) -> String {
    let words = language.words();
    let steps =
        [(LocalStep::QUARTER, 900), (LocalStep::Seconds(3600), 3600), (LocalStep::Days(1), 86_400)];
    let fits = |(_, seconds): &&(LocalStep, i64)| (series.to - series.from) / seconds <= MOST_LOADS;
    let step = steps.iter().find(fits).map_or(LocalStep::Month, |(step, _)| *step);
    let mut quarters = series.rows.iter().peekable();
    let row = |span: &PlotSpan| {
        let mut ranges: [Option<(Decimal, Decimal)>; 2] = [None; 2];
        while let Some(quarter) = quarters.next_if(|row| row.start < span.end) {
            for (range, mean) in ranges.iter_mut().zip(quarter.means) {
                let Some(mean) = mean.filter(|_| !quarter.gap && quarter.whole) else {
                    continue;
                };
                *range = Some(match *range {
                    None => (mean, mean),
                    Some((low, high)) => {
                        let low = if mean < low { mean } else { low };
                        (low, if mean > high { mean } else { high })
                    }
                });
            }
        }
        let [import, export] = ranges.map(|range| match range {
            None => NONE.to_owned(),
            Some((low, high)) if low == high => language.exact(low),
            Some((low, high)) => format!("{} – {}", language.exact(low), language.exact(high)),
        });
        vec![when(span.start, step, series, language), import, export]
    };
    let rows: Vec<_> = series.spans(step).iter().map(row).collect();
    let (import, export) = (format!("{} kW", words.import), format!("{} kW", words.export));
    let caption = if step == LocalStep::QUARTER { words.mean } else { words.range };
    table(caption, &[words.begins, &import, &export], &rows, language)
}

/// The heat map: one table for import, and one for export if there is any.
pub(super) fn heat_map(series: &PlotSeries, language: PictureLanguage) -> String {
    let words = language.words();
    let tables = series.directions().iter().map(|direction| {
        let name = if *direction == EXPORT { words.export } else { words.import };
        let caption = format!("{name}, {}", words.hours);
        hours(series, *direction, &caption, language)
    });
    tables.collect()
}

fn hours(
    series: &PlotSeries,
    direction: usize,
    caption: &str,
    language: PictureLanguage,
) -> String {
    let words = language.words();
    let days = series.spans(LocalStep::Days(1));
    let (step, spans, first) = match days.len() <= MOST_DAYS {
        true => (LocalStep::Days(1), days, words.day),
        false => (LocalStep::Month, series.spans(LocalStep::Month), words.month),
    };
    let mut quarters = series.rows.iter().peekable();
    let row = |span: &PlotSpan| {
        let mut sums: [Option<Decimal>; 24] = [None; 24];
        while let Some(quarter) = quarters.next_if(|row| row.start < span.end) {
            let hour = usize::try_from(local(quarter.start, &series.zone).hour()).ok();
            let sum = hour.and_then(|hour| sums.get_mut(hour));
            if let (Some(sum), Some(energy)) = (sum, energy(quarter, direction)) {
                *sum = sum.map_or(Some(energy), |sum| sum.plus(energy));
            }
        }
        let cells = sums.iter().map(|sum| number(*sum, language));
        [when(span.start, step, series, language)].into_iter().chain(cells).collect()
    };
    let rows: Vec<Vec<String>> = spans.iter().map(row).collect();
    let names: Vec<_> = (0..24).map(|hour| format!("{hour:02}")).collect();
    let head: Vec<_> = [first].into_iter().chain(names.iter().map(String::as_str)).collect();
    table(caption, &head, &rows, language)
}

/// The energy of a quarter whose course is known.
fn energy(row: &PlotRow, direction: usize) -> Option<Decimal> {
    row.energies.get(direction).copied().flatten().filter(|_| !row.gap)
}

fn number(energy: Option<Decimal>, language: PictureLanguage) -> String {
    energy.map_or_else(|| NONE.to_owned(), |energy| language.exact(energy))
}

/// The name of a span.
fn when(start: i64, step: LocalStep, series: &PlotSeries, language: PictureLanguage) -> String {
    let at = local(start, &series.zone);
    match step {
        LocalStep::Month => language.month_of_year(at),
        LocalStep::Days(_) => language.full_date(at),
        LocalStep::Seconds(_) => {
            format!("{} {}", language.full_date(at), language.time(start, &series.zone))
        }
    }
}
