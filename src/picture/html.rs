//! A page of its own: all pictures, totals and peaks, without anything from elsewhere.
//!
//! Each picture is there twice, wide and narrow, and the style sheet shows the one that fits: a picture that is shrunk
//! for a phone would have letters that nobody can read. The tables say the same in text.

use crate::{
    local_time::LocalStep,
    picture::{
        energy, heat_map,
        language::PictureLanguage,
        load,
        palette::Ink,
        peaks,
        scene::{PictureSize, Scene},
        series::{PlotRow, PlotSeries},
        svg::{self, escaped},
        tables,
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
    section(&|size| load::draw(series, size, language), &tables::load(series, language));
    let (days, months) = (LocalStep::Days(1), LocalStep::Month);
    let step = energy::step(series, PictureSize::WIDE);
    let table = tables::energies(series, days, language);
    section(&|size| energy::draw(series, step, size, language), &table);
    if step == days && series.spans(months).len() > 1 {
        let table = tables::energies(series, months, language);
        section(&|size| energy::draw(series, months, size, language), &table);
    }
    let table = tables::heat_map(series, language);
    section(&|size| heat_map::draw(series, size, language), &table);
    section(&|size| peaks::draw(series, size, language), &tables::peaks(series, language));
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
.table{overflow:auto;max-height:24rem}\
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.9rem}\
th,td{padding:2px 14px 2px 0;text-align:right;border-bottom:1px solid var(--line)}\
th:first-child,td:first-child{text-align:left}td{white-space:nowrap}th{font-weight:600}\
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
