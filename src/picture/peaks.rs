//! The highest quarter of an hour of each month, by which the power tariff counts. That of a month with missing
//! readings is pale, since a higher one may be missing.

use crate::picture::{
    axis::ValueAxis,
    energy::frame,
    labels::{self, BarLabels},
    language::{PictureLanguage, local},
    load::{draw_axes, parts},
    palette::Ink,
    scene::{Anchor, Cuboid, PictureSize, Scene, SceneMark, number_fits},
    series::{IMPORT, PlotRow, PlotSeries, milli},
};

const HEIGHT: i64 = 2200;
const WIDEST: i64 = 900;

/// Draws a bar for each month.
#[must_use]
pub fn draw(series: &PlotSeries, size: PictureSize, language: PictureLanguage) -> Scene {
    let words = language.words();
    let mut scene = Scene { size: (size.width, 0), ..Scene::default() };
    scene.title = format!("{} ({}, kW)", words.peaks, words.import);
    let peaks = series.peaks();
    let mean = |row: &PlotRow| row.means.first().copied().flatten();
    let highest = peaks.iter().filter_map(|(_, row)| mean(row)).map(milli).max();
    let has = |word: &&str| {
        peaks.iter().any(|(month, row)| month.remark_of_peak(row, language) == Some(*word))
    };
    let remarks =
        [words.part, words.estimated].into_iter().filter(has).collect::<Vec<_>>().join(", ");
    let legend = (!remarks.is_empty()).then_some((parts(&[IMPORT]), remarks.as_str()));
    let top = legend.map_or(0, |legend| scene.legend(&[legend])) + 180;
    let axis = ValueAxis::new(0, highest.unwrap_or(0), top, top + HEIGHT);
    scene.size.1 = axis.bottom + 500;
    draw_axes(&mut scene, &axis, size, language);
    let slots = i64::try_from(peaks.len()).unwrap_or(i64::MAX).max(1);
    let slot = |place: usize| {
        let x = |place: i64| PictureSize::LEFT + place * size.plot() / slots;
        let place = i64::try_from(place).unwrap_or(slots);
        (x(place), x(place + 1))
    };
    // A small load has digits that count behind the point.
    let is_small = highest.is_some_and(|highest| highest < 100_000);
    let decimals = if is_small { [3, 2] } else { [2, 1] };
    let fits = |decimals: &i16| {
        let mut means = peaks.iter().filter_map(|(_, row)| mean(row));
        means.all(|mean| number_fits(&language.rounded(mean, *decimals), size.plot() / slots))
    };
    let decimals = decimals.into_iter().find(fits);
    let mut told = vec![scene.title.clone()];
    for (place, (month, row)) in peaks.iter().enumerate() {
        let Some(exact) = mean(row) else {
            continue;
        };
        let (x, end) = slot(place);
        let (middle, room) = ((x + end) / 2, end - x);
        let width = (room * 8 / 10).clamp(10, WIDEST);
        let y = axis.y(milli(exact));
        let cell = Cuboid { x: middle - width / 2, y, width, height: axis.bottom - y };
        let at = local(row.start, &series.zone);
        let time = language.time(row.start, &series.zone);
        let when = format!("{} {time}", language.full_date(at));
        let remark = month.remark_of_peak(row, language);
        let part = remark.map(|remark| format!(", {remark}")).unwrap_or_default();
        let title = format!("{when}: {} kW{part}", language.exact(exact));
        told.push(title.clone());
        let ink = if remark.is_none() { Ink::Import } else { Ink::ImportPart };
        scene.marks.push(SceneMark::Bar { ink, cell, title });
        if remark.is_some() {
            let cells = frame(cell).to_vec();
            scene.marks.push(SceneMark::Cells { ink: Ink::Import, cells });
        }
        if let Some(decimals) = decimals {
            let text = language.rounded(exact, decimals);
            scene.label(Ink::Text, (middle, y - 40), Anchor::Middle, text);
        }
    }
    let starts: Vec<_> = peaks.iter().map(|(month, _)| month.start).collect();
    let [long, short] = labels::months(&starts, &series.zone, size, language);
    let times = long.iter().zip(&peaks).map(|(month, (_, row))| {
        let at = local(row.start, &series.zone);
        let time = language.time(row.start, &series.zone);
        let time = format!("{} {time}", language.short_date(at));
        month.iter().cloned().chain([time]).collect()
    });
    let labels = BarLabels::fitting([times.collect(), long, short], size.plot() / slots);
    labels.draw(&mut scene, axis.bottom + 200, slot);
    scene.rule(
        Ink::Axis,
        (PictureSize::LEFT, axis.y(0)),
        (size.width - PictureSize::RIGHT, axis.y(0)),
    );
    if peaks.is_empty() {
        let middle = (PictureSize::LEFT + size.plot() / 2, (axis.top + axis.bottom) / 2);
        scene.label(Ink::Text, middle, Anchor::Middle, words.no_peak);
        told.push(words.no_peak.to_owned());
    }
    scene.description = told.join("; ");
    scene
}
