//! A page of its own: all pictures, totals and peaks, without anything from elsewhere.
//!
//! Each picture is there twice, wide and narrow, and the style sheet shows the one that fits: a picture that is shrunk
//! for a phone would have letters that nobody can read. The tables say the same in text.

use crate::{
    local_time::LocalStep,
    picture::{
        energy, heat_map,
        language::{PictureLanguage, local},
        load,
        palette::Ink,
        peaks,
        scene::{PictureSize, Scene},
        series::{PlotRow, PlotSeries, PlotSpan},
        svg::{self, escaped},
    },
};

/// The page.
#[must_use]
pub fn page(series: &PlotSeries, language: PictureLanguage) -> String {
    let words = language.words();
    let heading = escaped(words.page).into_owned();
    let subtitle = escaped(&series.subtitle(language)).into_owned();
    let mut text = format!(
        "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
        <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
        <meta name=\"color-scheme\" content=\"light dark\">\n\
        <title>{heading}: {subtitle}</title>\n<style>{}</style>\n</head>\n<body>\n\
        <main>\n<h1>{heading}</h1>\n<p class=\"faint\">{subtitle}</p>\n",
        words.code,
        style(),
    );
    totals(series, language, &mut text);
    let mut section = |draw: &dyn Fn(PictureSize) -> Scene, table: &str| {
        let wide = draw(PictureSize::WIDE);
        let title = escaped(&wide.title).into_owned();
        text.push_str(&format!("<section>\n<h2>{title}</h2>\n"));
        text.push_str(&svg::part(&wide, "wide"));
        text.push_str(&svg::part(&draw(PictureSize::NARROW), "narrow"));
        text.push_str(table);
        text.push_str("</section>\n");
    };
    section(&|size| load::draw(series, size, language), "");
    let (days, months) = (LocalStep::Days(1), LocalStep::Month);
    let step = energy::step(series, PictureSize::WIDE);
    let table = energies(series, days, language);
    section(&|size| energy::draw(series, step, size, language), &table);
    if step == days && series.spans(months).len() > 1 {
        let table = energies(series, months, language);
        section(&|size| energy::draw(series, months, size, language), &table);
    }
    section(&|size| heat_map::draw(series, size, language), "");
    section(&|size| peaks::draw(series, size, language), &peak_table(series, language));
    text.push_str("</main>\n</body>\n</html>\n");
    text
}

fn style() -> String {
    let colours = |colour: &dyn Fn(Ink) -> u32| {
        let [page, text, faint, grid] = [Ink::Page, Ink::Text, Ink::Faint, Ink::Grid].map(colour);
        format!(
            ":root{{--page:#{page:06x};--text:#{text:06x};--faint:#{faint:06x};--line:#{grid:06x}}}"
        )
    };
    let light = colours(&|ink| ink.colour().light);
    let dark = colours(&|ink| ink.colour().dark);
    format!("{light}@media screen and (prefers-color-scheme:dark){{{dark}}}{}{PAGE}", svg::style())
}

/// The rules of the page; the pictures have theirs.
const PAGE: &str = "\
*{box-sizing:border-box}\
body{margin:0;background:var(--page);color:var(--text);\
font:16px/1.45 system-ui,-apple-system,Segoe UI,Roboto,Noto Sans,DejaVu Sans,sans-serif}\
main{max-width:872px;margin:0 auto;padding:16px}\
h1{font-size:1.5rem;margin:.2em 0}h2{font-size:1.1rem;margin:1.6em 0 .3em}\
p.faint{color:var(--faint);margin:.2em 0 1em}\
svg{display:block;max-width:100%;height:auto}svg.narrow{display:none}\
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:8px;margin:0}\
dl div{border:1px solid var(--line);border-radius:8px;padding:8px 12px}\
dt{color:var(--faint);font-size:.85rem}dd{margin:0;font-size:1.2rem;font-variant-numeric:tabular-nums}\
details{margin:.5em 0}summary{cursor:pointer;color:var(--faint)}\
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.9rem}\
th,td{padding:2px 14px 2px 0;text-align:right;border-bottom:1px solid var(--line)}\
th:first-child,td:first-child{text-align:left}th{font-weight:600}\
@media (max-width:640px){main{padding:12px 6px}svg.wide{display:none}svg.narrow{display:block}\
h1,h2,p.faint,details{padding-left:6px}}\
@media print{section{break-inside:avoid}main{max-width:none}svg.wide{display:block}\
svg.narrow{display:none}}";

fn totals(series: &PlotSeries, language: PictureLanguage, text: &mut String) {
    let words = language.words();
    let mut entries = Vec::new();
    for (total, name) in series.total().into_iter().zip([words.import, words.export]) {
        entries.extend(total.map(|total| (name, format!("{} kWh", language.exact(total)))));
    }
    let peaks = series.peaks();
    let import = |row: &PlotRow| row.means.first().copied().flatten();
    let highest = peaks.iter().filter_map(|(_, row)| import(row));
    let highest = highest.reduce(|one, other| if other > one { other } else { one });
    entries.extend(highest.map(|mean| (words.peak, format!("{} kW", language.exact(mean)))));
    text.push_str("<dl>\n");
    for (name, value) in entries {
        text.push_str(&format!("<div><dt>{name}</dt><dd>{value}</dd></div>\n"));
    }
    text.push_str("</dl>\n");
}

/// A table behind a heading that opens it.
fn table(head: &[&str], rows: &[Vec<String>], language: PictureLanguage) -> String {
    let words = language.words();
    let cells = |tag: &str, cells: &mut dyn Iterator<Item = &str>| {
        let cells = cells.map(|cell| format!("<{tag}>{}</{tag}>", escaped(cell)));
        format!("<tr>{}</tr>\n", cells.collect::<String>())
    };
    let mut text = format!("<details><summary>{}</summary>\n<table>\n<thead>", words.table);
    text.push_str(&cells("th", &mut head.iter().copied()));
    text.push_str("</thead>\n<tbody>\n");
    for row in rows {
        text.push_str(&cells("td", &mut row.iter().map(String::as_str)));
    }
    text.push_str("</tbody>\n</table></details>\n");
    text
}

fn energies(series: &PlotSeries, step: LocalStep, language: PictureLanguage) -> String {
    let words = language.words();
    let is_month = step == LocalStep::Month;
    let energy = |energy| match energy {
        Some(energy) => language.exact(energy),
        None => "–".to_owned(),
    };
    let row = |span: &PlotSpan| {
        let at = local(span.start, &series.zone);
        let when = if is_month { language.month_of_year(at) } else { language.full_date(at) };
        let [import, export] = span.energies.map(energy);
        let remark = if span.complete { "" } else { words.part };
        vec![when, import, export, remark.to_owned()]
    };
    let rows: Vec<_> = series.spans(step).iter().map(row).collect();
    let first = if is_month { words.month } else { words.day };
    let head =
        [first, &format!("{} kWh", words.import), &format!("{} kWh", words.export), words.remark];
    table(&head, &rows, language)
}

fn peak_table(series: &PlotSeries, language: PictureLanguage) -> String {
    let words = language.words();
    let rows = series.peaks().into_iter().map(|(month, row)| {
        let (month, at) = (local(month.start, &series.zone), local(row.start, &series.zone));
        let mean = row.means.first().copied().flatten();
        let when = format!("{} {}", language.full_date(at), language.clock(at));
        let mean = mean.map(|mean| language.exact(mean)).unwrap_or_default();
        vec![language.month_of_year(month), when, mean]
    });
    let rows: Vec<_> = rows.collect();
    table(&[words.month, words.begins, "kW"], &rows, language)
}
