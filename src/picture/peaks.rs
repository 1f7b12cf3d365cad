//! The highest quarter of an hour of each month, by which the power tariff counts.

use crate::picture::{
    axis::ValueAxis,
    language::{PictureLanguage, local},
    load::draw_axes,
    palette::Ink,
    scene::{Anchor, Cuboid, PictureSize, Scene, SceneMark, text_width},
    series::{PlotRow, PlotSeries, milli},
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
    let top = 180;
    let axis = ValueAxis::new(0, highest.unwrap_or(0), top, top + HEIGHT);
    scene.size.1 = axis.bottom + 500;
    draw_axes(&mut scene, &axis, size, language);
    let slots = i64::try_from(peaks.len()).unwrap_or(i64::MAX).max(1);
    let mut free = 0;
    let mut told = vec![scene.title.clone()];
    for (place, (month, row)) in (0..).zip(&peaks) {
        let Some(exact) = mean(row) else {
            continue;
        };
        let x = |place: i64| PictureSize::LEFT + place * size.plot() / slots;
        let (x, end) = (x(place), x(place + 1));
        let (middle, room) = ((x + end) / 2, end - x);
        let width = (room * 8 / 10).clamp(10, WIDEST);
        let y = axis.y(milli(exact));
        let cell = Cuboid { x: middle - width / 2, y, width, height: axis.bottom - y };
        let at = local(row.start, &series.zone);
        let when = format!("{} {}", language.full_date(at), language.clock(at));
        let title = format!("{when}: {} kW", language.exact(exact));
        told.push(title.clone());
        scene.marks.push(SceneMark::Bar { ink: Ink::Import, cell, title });
        let text = language.rounded(exact, 2);
        if text_width(&text) <= room {
            scene.label(Ink::Text, (middle, y - 40), Anchor::Middle, text);
        }
        let lines = [
            language.month_of_year(local(month.start, &series.zone)),
            format!("{} {}", language.short_date(at), language.clock(at)),
        ];
        let half = lines.iter().map(|line| text_width(line)).max().unwrap_or(0) / 2;
        let month_alone = text_width(lines.first().map_or("", String::as_str)) / 2;
        let fits = |half: i64| middle - half >= free && middle + half <= size.width;
        let shown = if half * 2 + 60 <= room { 2 } else { 1 };
        let half = if shown == 2 { half } else { month_alone };
        if fits(half) {
            for (line, text) in (0..).zip(lines.into_iter().take(shown)) {
                let ink = if line == 0 { Ink::Text } else { Ink::Faint };
                scene.label(ink, (middle, axis.bottom + 200 + 180 * line), Anchor::Middle, text);
            }
            free = middle + half + 80;
        }
    }
    scene.rule(
        Ink::Axis,
        (PictureSize::LEFT, axis.y(0)),
        (size.width - PictureSize::RIGHT, axis.y(0)),
    );
    scene.description = told.join("; ");
    scene
}
