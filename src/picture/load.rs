//! The load curve: a step for each quarter of an hour, import upwards and export downwards.
//!
//! Where a pixel is wider than a quarter, its column reaches from zero to the lowest quarter in full colour, and to the
//! highest one in a paler colour: no mean of means hides a peak.
//!
//! A part of a quarter is pale too, and ends with the scale of the whole ones; where a pixel is wider, it is left out.

use crate::picture::{
    axis::{ValueAxis, time_ticks},
    language::{PictureLanguage, local},
    palette::Ink,
    scene::{Anchor, Cuboid, PictureSize, Scene, SceneMark, text_width},
    series::{EXPORT, IMPORT, PlotRow, PlotSeries},
};

const HEIGHT: i64 = 2800;
const PIXEL: i64 = 10;

/// Draws it.
#[must_use]
pub fn draw(series: &PlotSeries, size: PictureSize, language: PictureLanguage) -> Scene {
    let words = language.words();
    let mut scene =
        Scene { size: (size.width, 0), title: format!("{} (kW)", words.load), ..Scene::default() };
    let directions = series.directions();
    let exports = directions.contains(&EXPORT);
    let is_dense = i64::try_from(series.rows.len()).unwrap_or(i64::MAX) > size.plot() / PIXEL;
    let gaps = series.gaps();
    let mut legend = names(directions, language);
    legend.extend(is_dense.then_some((parts(directions), words.highest)));
    let has_parts = !is_dense && series.has_parts();
    legend.extend(has_parts.then_some((parts(directions), words.part)));
    legend.extend((!gaps.is_empty()).then_some((&[Ink::Gap][..], words.gap)));
    let top = scene.legend(&legend) + 60;
    let export = if exports { series.highest(EXPORT) } else { 0 };
    let axis = ValueAxis::new(-export, series.highest(IMPORT), top, top + HEIGHT);
    scene.size.1 = axis.bottom + 320;
    let place = TimePlace { from: series.from, to: series.to, size };
    draw_gaps(&mut scene, &gaps, &axis, &place);
    draw_axes(&mut scene, &axis, size, language);
    draw_times(&mut scene, series, &axis, &place, language);
    for direction in directions {
        let (full, pale) = inks(*direction);
        for run in runs(series, |row| row.power(*direction).is_some()) {
            match is_dense {
                true => draw_columns(&mut scene, run, *direction, &axis, &place),
                false => {
                    let power = |row: &PlotRow| signed(row.power(*direction), *direction);
                    draw_steps(&mut scene, run, full, power, &axis, &place);
                }
            }
        }
        for run in runs(series, |row| has_parts && row.part_power(*direction).is_some()) {
            let power = |row: &PlotRow| signed(row.part_power(*direction), *direction);
            let power = |row: &PlotRow| power(row).clamp(axis.low, axis.high);
            draw_steps(&mut scene, run, pale, power, &axis, &place);
        }
    }
    scene.rule(
        Ink::Axis,
        (PictureSize::LEFT, axis.y(0)),
        (size.width - PictureSize::RIGHT, axis.y(0)),
    );
    scene.description = describe(series, words.load, language);
    scene
}

/// The colours of directions in a legend, with their names.
pub(super) fn names(
    directions: &[usize],
    language: PictureLanguage,
) -> Vec<(&'static [Ink], &'static str)> {
    let words = language.words();
    let name = |direction: &usize| match *direction {
        EXPORT => (&[Ink::Export][..], words.export),
        _ => (&[Ink::Import][..], words.import),
    };
    directions.iter().map(name).collect()
}

/// The colours of parts in a legend.
pub(super) const fn parts(directions: &[usize]) -> &'static [Ink] {
    match directions {
        [EXPORT] => &[Ink::ExportPart],
        [_, EXPORT] => &[Ink::ImportPart, Ink::ExportPart],
        _ => &[Ink::ImportPart],
    }
}

/// The places of times.
struct TimePlace {
    from: i64,
    to: i64,
    size: PictureSize,
}

impl TimePlace {
    const fn x(&self, at: i64) -> i64 {
        let range = if self.to > self.from { self.to - self.from } else { 1 };
        PictureSize::LEFT + (at - self.from) * self.size.plot() / range
    }
}

/// The highest quarters in words.
pub(super) fn describe(series: &PlotSeries, heading: &str, language: PictureLanguage) -> String {
    let words = language.words();
    let mut text = heading.to_owned();
    for (direction, name) in [(IMPORT, words.import), (EXPORT, words.export)] {
        let highest = series.rows.iter().filter(|row| row.power(direction).is_some());
        let highest = highest.max_by_key(|row| row.power(direction));
        if let Some(row) = highest
            && let Some(mean) = row.means.get(direction).copied().flatten()
            && !mean.is_zero()
        {
            let at = local(row.start, &series.zone);
            let (mean, date) = (language.exact(mean), language.full_date(at));
            let time = language.time(row.start, &series.zone);
            text.push_str(&format!(". {name}: max. {mean} kW, {date} {time}"));
        }
    }
    text
}

/// The runs of rows of a kind, one after another.
fn runs(
    series: &PlotSeries,
    is_kind: impl Fn(&PlotRow) -> bool + Copy,
) -> impl Iterator<Item = &[PlotRow]> {
    series
        .rows
        .chunk_by(move |one, next| one.end == next.start && is_kind(one) == is_kind(next))
        .filter(move |run| run.first().is_some_and(is_kind))
}

fn signed(value: Option<i64>, direction: usize) -> i64 {
    let value = value.unwrap_or(0);
    if direction == EXPORT { -value } else { value }
}

const fn inks(direction: usize) -> (Ink, Ink) {
    if direction == EXPORT {
        (Ink::Export, Ink::ExportPart)
    } else {
        (Ink::Import, Ink::ImportPart)
    }
}

fn draw_steps(
    scene: &mut Scene,
    run: &[PlotRow],
    ink: Ink,
    power: impl Fn(&PlotRow) -> i64,
    axis: &ValueAxis,
    place: &TimePlace,
) {
    let mut steps: Vec<(i64, i64)> = Vec::new();
    for row in run {
        let y = axis.y(power(row));
        if steps.last().is_none_or(|(_, last)| *last != y) {
            steps.push((place.x(row.start), y));
        }
    }
    let end = run.last().map_or(0, |row| place.x(row.end));
    scene.marks.push(SceneMark::Steps { ink, base: axis.y(0), steps, end });
}

fn draw_columns(
    scene: &mut Scene,
    run: &[PlotRow],
    direction: usize,
    axis: &ValueAxis,
    place: &TimePlace,
) {
    let column = |row: &PlotRow| place.x(row.start) / PIXEL * PIXEL;
    let (mut low, mut high) = (Vec::new(), Vec::new());
    for rows in run.chunk_by(|one, next| column(one) == column(next)) {
        let powers = || rows.iter().filter_map(|row| row.power(direction));
        let y = |power: Option<i64>| axis.y(signed(power, direction));
        let x = rows.first().map_or(0, column);
        low.push((x, y(powers().min())));
        high.push((x, y(powers().max())));
    }
    let end = run.last().map_or(0, column) + PIXEL;
    let (full, pale) = inks(direction);
    let base = axis.y(0);
    scene.marks.push(SceneMark::Steps { ink: pale, base, steps: high, end });
    scene.marks.push(SceneMark::Steps { ink: full, base, steps: low, end });
}

fn draw_gaps(scene: &mut Scene, gaps: &[(i64, i64)], axis: &ValueAxis, place: &TimePlace) {
    // More gaps than pixels would only make a long picture.
    let mut drawn = 0;
    let visible = gaps.iter().filter(|(_, to)| {
        let x = place.x(*to);
        let is_visible = x > drawn;
        drawn = if is_visible { x } else { drawn };
        is_visible
    });
    let cells: Vec<_> =
        visible.flat_map(|(from, to)| stripes((place.x(*from), place.x(*to)), axis)).collect();
    if !cells.is_empty() {
        scene.marks.push(SceneMark::Cells { ink: Ink::Gap, cells });
    }
}

/// Stripes over the whole height, so that a gap does not look like a value even without colours.
pub(super) fn stripes((x, end): (i64, i64), axis: &ValueAxis) -> impl Iterator<Item = Cuboid> {
    let (top, width) = (axis.top, (end - x).max(PIXEL));
    (0..(axis.bottom - top) / 140).map(move |at| Cuboid {
        x,
        y: top + at * 140 + 50,
        width,
        height: 20,
    })
}

/// Draws the lines and numbers of the values.
pub(super) fn draw_axes(
    scene: &mut Scene,
    axis: &ValueAxis,
    size: PictureSize,
    language: PictureLanguage,
) {
    for value in axis.ticks() {
        let y = axis.y(value);
        scene.rule(Ink::Grid, (PictureSize::LEFT, y), (size.width - PictureSize::RIGHT, y));
        // The unit is the same for all; both directions count upwards from zero.
        let text = language.millionths(value.abs());
        scene.label(Ink::Faint, (PictureSize::LEFT - 70, y + 42), Anchor::End, text);
    }
}

fn draw_times(
    scene: &mut Scene,
    series: &PlotSeries,
    axis: &ValueAxis,
    place: &TimePlace,
    language: PictureLanguage,
) {
    let size = place.size;
    for tick in time_ticks(series.from, series.to, size.plot(), &series.zone, language) {
        let x = place.x(tick.at);
        scene.rule(Ink::Grid, (x, axis.top), (x, axis.bottom + 60));
        if x + 20 + text_width(&tick.text) <= size.width {
            scene.label(Ink::Faint, (x + 20, axis.bottom + 190), Anchor::Start, tick.text);
        }
    }
}
