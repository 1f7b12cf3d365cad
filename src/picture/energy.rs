//! Energies of days or months as bars, import upwards and export downwards.

use jiff::tz::TimeZone;

use crate::{
    local_time::LocalStep,
    picture::{
        axis::ValueAxis,
        labels::{self, BarLabels},
        language::{PictureLanguage, local},
        load::{draw_axes, names, parts, stripes},
        palette::Ink,
        scene::{Anchor, Cuboid, PictureSize, Scene, SceneMark, number_fits},
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
    let directions = series.directions();
    let exports = directions.contains(&EXPORT);
    let mut legend = names(directions, language);
    // One colour has both, and the title of the bar tells which.
    let has = |word| {
        let energies = |span: &&PlotSpan| span.energies.iter().any(Option::is_some);
        let remarks = spans.iter().filter(energies).filter_map(|span| span.remark(language));
        remarks.filter(|remark| *remark == word).count() > 0
    };
    let remarks = [words.part, words.estimated].into_iter().filter(|word| has(*word));
    let remarks = remarks.collect::<Vec<_>>().join(", ");
    legend.extend((!remarks.is_empty()).then_some((parts(directions), remarks.as_str())));
    // The energy of a day without readings is a share of that between those before and behind.
    let is_empty = |span: &PlotSpan| !span.seen;
    legend.extend(spans.iter().any(is_empty).then_some((&[Ink::Gap][..], words.gap)));
    let top = scene.legend(&legend) + 180;
    let highest = |direction: usize| {
        let energies = spans.iter().filter_map(|span| energy(span, direction));
        energies.max().unwrap_or(0)
    };
    let low = if exports { -highest(EXPORT) } else { 0 };
    let axis = ValueAxis::new(low, highest(IMPORT), top, top + HEIGHT);
    // Values stand below the bars of export, and labels below these.
    let below = if exports { 290 } else { 230 };
    scene.size.1 = axis.bottom + below + if is_month { 290 } else { 110 };
    draw_axes(&mut scene, &axis, size, language);
    let slots = i64::try_from(spans.len()).unwrap_or(i64::MAX).max(1);
    let room = size.plot() / slots;
    let decimals = decimals(&spans, room, language);
    let bars = EnergyBars { axis, zone: &series.zone, is_month, language, decimals };
    let slot = |place: usize| {
        let place = i64::try_from(place).unwrap_or(slots);
        (slot(place, slots, size), slot(place + 1, slots, size))
    };
    let empty = spans.iter().enumerate().filter(|(_, span)| is_empty(span));
    let cells: Vec<_> = empty.flat_map(|(place, _)| stripes(slot(place), &axis)).collect();
    if !cells.is_empty() {
        scene.marks.push(SceneMark::Cells { ink: Ink::Gap, cells });
    }
    for (place, span) in spans.iter().enumerate() {
        for direction in directions {
            bars.bar(&mut scene, span, *direction, slot(place));
        }
    }
    let starts: Vec<_> = spans.iter().map(|span| span.start).collect();
    let labels = match is_month {
        true => BarLabels::fitting(labels::months(&starts, &series.zone, size, language), room),
        false => BarLabels::fitting(dates(&starts, &series.zone, language), room),
    };
    labels.draw(&mut scene, axis.bottom + below, slot);
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

/// The most decimals with which the values fit at their bars, if any: either all have one or none, in both directions.
fn decimals(spans: &[PlotSpan], room: i64, language: PictureLanguage) -> Option<i16> {
    let energies = || spans.iter().flat_map(|span| span.energies).flatten();
    let fits = |decimals: &i16| {
        energies().all(|energy| number_fits(&language.rounded(energy, *decimals), room))
    };
    // A small load has digits that count behind the point.
    let is_small = energies().map(milli).max().is_some_and(|highest| highest < 1_000_000);
    let decimals = if is_small { [3, 2] } else { [1, 0] };
    decimals.into_iter().find(fits)
}

/// Days in two forms: with the day of the week, and without.
fn dates(starts: &[i64], zone: &TimeZone, language: PictureLanguage) -> [Vec<Vec<String>>; 2] {
    let at = || starts.iter().map(|start| local(*start, zone));
    let date = |at| language.short_date(at);
    let long = at().map(|at| vec![format!("{} {}", language.weekday(at), date(at))]);
    [long.collect(), at().map(|at| vec![date(at)]).collect()]
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
    /// Those of the values above the bars, and below.
    decimals: Option<i16>,
}

impl EnergyBars<'_> {
    /// Draws the bar of a slot, with its value if there is room; none without a value.
    fn bar(&self, scene: &mut Scene, span: &PlotSpan, direction: usize, (x, end): (i64, i64)) {
        let Self { axis, zone, is_month, language, .. } = self;
        let words = language.words();
        let Some(exact) = span.energies.get(direction).copied().flatten() else {
            return;
        };
        let (zero, value) = (axis.y(0), milli(exact));
        let y = axis.y(if direction == EXPORT { -value } else { value });
        let width = ((end - x) * 8 / 10).clamp(10, WIDEST);
        let left = (x + end - width) / 2;
        let cell = Cuboid { x: left, y: y.min(zero), width, height: (y - zero).abs() };
        let remark = span.remark(*language);
        let (ink, name) = match (direction, remark.is_none()) {
            (IMPORT, true) => (Ink::Import, words.import),
            (IMPORT, false) => (Ink::ImportPart, words.import),
            (_, true) => (Ink::Export, words.export),
            (_, false) => (Ink::ExportPart, words.export),
        };
        let at = local(span.start, zone);
        let when = if *is_month { language.month_of_year(at) } else { language.full_date(at) };
        let part = remark.map(|remark| format!(", {remark}")).unwrap_or_default();
        let title = format!("{when}: {name} {} kWh{part}", language.exact(exact));
        scene.marks.push(SceneMark::Bar { ink, cell, title });
        if remark.is_some() {
            // A frame, because the pale colour alone hardly stands out from the page.
            let full = if direction == EXPORT { Ink::Export } else { Ink::Import };
            scene.marks.push(SceneMark::Cells { ink: full, cells: frame(cell).to_vec() });
        }
        // A number above the bar would look like a measured one.
        if let Some(decimals) = self.decimals
            && span.seen
            && !exact.is_zero()
            && (decimals > 0 || value >= 1_000_000)
        {
            let below = if direction == EXPORT { y + 130 } else { y - 40 };
            let text = language.rounded(exact, decimals);
            scene.label(Ink::Text, ((x + end) / 2, below), Anchor::Middle, text);
        }
    }
}

/// The four sides of a rectangle, a pixel wide.
pub(super) fn frame(Cuboid { x, y, width, height }: Cuboid) -> [Cuboid; 4] {
    let (thick, high) = (10.min(width), 10.min(height));
    [
        Cuboid { x, y, width, height: high },
        Cuboid { x, y: y + height - high, width, height: high },
        Cuboid { x, y, width: thick, height },
        Cuboid { x: x + width - thick, y, width: thick, height },
    ]
}
