//! Energies of days or months as bars, import upwards and export downwards.

use jiff::tz::TimeZone;

use crate::{
    local_time::LocalStep,
    picture::{
        axis::ValueAxis,
        language::{PictureLanguage, local},
        load::draw_axes,
        palette::Ink,
        scene::{Anchor, Cuboid, PictureSize, Scene, SceneMark, text_width},
        series::{EXPORT, IMPORT, PlotSeries, PlotSpan, milli},
    },
};

const HEIGHT: i64 = 2600;

/// The widest bar.
const WIDEST: i64 = 700;

/// The days of a picture, or its months if there are too many days for bars of their own.
#[must_use]
pub fn step(series: &PlotSeries, size: PictureSize) -> LocalStep {
    let days = (series.to - series.from) / 86_400;
    if days * 60 <= size.plot() { LocalStep::Days(1) } else { LocalStep::Month }
}

/// Draws a bar for each day or month and direction.
#[must_use]
pub fn draw(
    series: &PlotSeries,
    step: LocalStep,
    size: PictureSize,
    language: PictureLanguage,
) -> Scene {
    let words = language.words();
    let is_month = step == LocalStep::Month;
    let heading = if is_month { words.months } else { words.days };
    let mut scene = Scene { size: (size.width, 0), ..Scene::default() };
    scene.title = format!("{heading} (kWh)");
    let spans = series.spans(step);
    let exports = series.exports();
    let mut legend = vec![(Ink::Import, words.import)];
    legend.extend(exports.then_some((Ink::Export, words.export)));
    let is_part = |span: &PlotSpan| !span.complete && span.energies.iter().any(Option::is_some);
    legend.extend(spans.iter().any(is_part).then_some((Ink::ImportPart, words.part)));
    let top = scene.legend(&legend) + 180;
    let highest = |direction: usize| {
        let energies = spans.iter().filter_map(|span| energy(span, direction));
        energies.max().unwrap_or(0)
    };
    let low = if exports { -highest(EXPORT) } else { 0 };
    let axis = ValueAxis::new(low, highest(IMPORT), top, top + HEIGHT);
    scene.size.1 = axis.bottom + 340;
    draw_axes(&mut scene, &axis, size, language);
    let slots = i64::try_from(spans.len()).unwrap_or(i64::MAX).max(1);
    let bars = EnergyBars { axis, zone: &series.zone, is_month, language };
    let mut free = 0;
    for (place, span) in (0..).zip(&spans) {
        let (x, end) = (slot(place, slots, size), slot(place + 1, slots, size));
        let directions = if exports { 2 } else { 1 };
        for direction in (0..directions).filter(|direction| energy(span, *direction).is_some()) {
            bars.bar(&mut scene, span, direction, (x, end));
        }
        free = bars.label(&mut scene, span, (x, end), free);
    }
    scene.rule(
        Ink::Axis,
        (PictureSize::LEFT, axis.y(0)),
        (size.width - PictureSize::RIGHT, axis.y(0)),
    );
    scene.description = describe(series, heading, language);
    scene
}

const fn slot(place: i64, slots: i64, size: PictureSize) -> i64 {
    PictureSize::LEFT + place * size.plot() / slots
}

/// An energy in milliwatt-hours.
fn energy(span: &PlotSpan, direction: usize) -> Option<i64> {
    span.energies.get(direction).copied().flatten().map(milli)
}

fn describe(series: &PlotSeries, heading: &str, language: PictureLanguage) -> String {
    let words = language.words();
    let mut text = heading.to_owned();
    for (total, name) in series.total().into_iter().zip([words.import, words.export]) {
        if let Some(total) = total {
            text.push_str(&format!(". {name}: {} kWh", language.exact(total)));
        }
    }
    text
}

/// The properties that all bars of a picture share.
struct EnergyBars<'a> {
    axis: ValueAxis,
    zone: &'a TimeZone,
    is_month: bool,
    language: PictureLanguage,
}

impl EnergyBars<'_> {
    /// Draws the bar of a slot, with its value if there is room.
    fn bar(&self, scene: &mut Scene, span: &PlotSpan, direction: usize, (x, end): (i64, i64)) {
        let Self { axis, zone, is_month, language } = self;
        let words = language.words();
        let Some(exact) = span.energies.get(direction).copied().flatten() else {
            return;
        };
        let (zero, value) = (axis.y(0), milli(exact));
        let y = axis.y(if direction == EXPORT { -value } else { value });
        let width = ((end - x) * 8 / 10).clamp(10, WIDEST);
        let left = (x + end - width) / 2;
        let cell = Cuboid { x: left, y: y.min(zero), width, height: (y - zero).abs() };
        let (ink, name) = match (direction, span.complete) {
            (IMPORT, true) => (Ink::Import, words.import),
            (IMPORT, false) => (Ink::ImportPart, words.import),
            (_, true) => (Ink::Export, words.export),
            (_, false) => (Ink::ExportPart, words.export),
        };
        let at = local(span.start, zone);
        let when = if *is_month { language.month_of_year(at) } else { language.full_date(at) };
        let part = if span.complete { String::new() } else { format!(", {}", words.part) };
        let title = format!("{when}: {name} {} kWh{part}", language.exact(exact));
        scene.marks.push(SceneMark::Bar { ink, cell, title });
        let texts = [1, 0].map(|decimals| language.rounded(exact, decimals));
        let fitting = texts.into_iter().find(|text| text_width(text) <= end - x);
        if let Some(text) = fitting.filter(|_| value >= 1_000_000 || end - x >= 300)
            && !exact.is_zero()
        {
            let below = if direction == EXPORT { y + 130 } else { y - 40 };
            scene.label(Ink::Text, ((x + end) / 2, below), Anchor::Middle, text);
        }
    }

    /// Draws the label below a slot, if the one before leaves room; returns where the next one may begin.
    fn label(&self, scene: &mut Scene, span: &PlotSpan, (x, end): (i64, i64), free: i64) -> i64 {
        let Self { axis, zone, is_month, language } = self;
        let at = local(span.start, zone);
        let text = match is_month {
            true => language.month_of_year(at),
            false => {
                let (date, weekday) = (language.short_date(at), language.weekday(at));
                let long = format!("{weekday} {date}");
                if text_width(&long) <= end - x { long } else { date }
            }
        };
        let half = text_width(&text) / 2;
        let middle = (x + end) / 2;
        if middle - half < free || middle + half > scene.size.0 {
            return free;
        }
        scene.label(Ink::Faint, (middle, axis.bottom + 230), Anchor::Middle, text);
        middle + half + 80
    }
}
