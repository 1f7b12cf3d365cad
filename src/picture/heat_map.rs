//! The heat map: a column for each day, a cell for each quarter of an hour, the time on the wall downwards.
//!
//! ```text
//!        28.3.  29.3.       25.10.
//! 01:45  ████   ████        ████
//! 02:00  ████               ██▒▒   both hours from two to three stand side by side in autumn,
//! 02:15  ████               ██▒▒   and no such hour is there in spring
//! ```
//!
//! The most of a quarter has the colour of its mean. A shorter part is striped as a gap is: a register that steps once in a
//! few seconds has no mean.

use crate::{
    local_time::{LocalStep, offset},
    picture::{
        axis::{heat_bounds, time_ticks},
        language::PictureLanguage,
        load,
        palette::{HEAT, Ink},
        scene::{Anchor, Cuboid, PictureSize, Scene, SceneMark, text_width},
        series::{EXPORT, PlotSeries},
    },
};

const DAY: i64 = 86_400;
const HEIGHT: i64 = 2880;

/// Draws one plot for import, and one for export if there is any.
#[must_use]
pub fn draw(series: &PlotSeries, size: PictureSize, language: PictureLanguage) -> Scene {
    let words = language.words();
    let mut scene = Scene { size: (size.width, 0), ..Scene::default() };
    scene.title = format!("{} (kW)", words.heat_map);
    scene.description = load::describe(series, words.heat_map, language);
    let mut y = 0;
    for direction in series.directions() {
        let name = if *direction == EXPORT { words.export } else { words.import };
        y = plot(&mut scene, series, *direction, name, y, size, language);
    }
    scene.size.1 = y;
    scene
}

/// Draws the plot of a direction from `top` down, and returns its lower end.
fn plot(
    scene: &mut Scene,
    series: &PlotSeries,
    direction: usize,
    name: &str,
    top: i64,
    size: PictureSize,
    language: PictureLanguage,
) -> i64 {
    let bounds = heat_bounds(series.highest_of_most(direction));
    let top = legend(scene, direction, name, top, &bounds, size, language) + 60;
    let days = series.spans(LocalStep::Days(1));
    let slots = i64::try_from(days.len()).unwrap_or(i64::MAX).max(1);
    let x = |place: i64| PictureSize::LEFT + place * size.plot() / slots;
    let mut rows = series.rows.iter().peekable();
    let mut inks: Vec<(Ink, Vec<Cuboid>)> = Vec::new();
    let gaps = series.gaps_between(|row| row.most_power(direction).is_some());
    let mut stripes = GapStripes { gaps, cells: Vec::new(), empty: None };
    for (place, day) in (0..).zip(&days) {
        let column =
            DayColumn { x: x(place), end: x(place + 1), top, day: (day.start, day.end), series };
        stripes.add(&column);
        while let Some(row) = rows.next_if(|row| row.start < day.end) {
            let Some(power) = row.most_power(direction) else {
                continue;
            };
            let (ink, cell) = (ink(power, direction, &bounds), column.cell(row.start, row.end));
            match inks.iter_mut().find(|(known, _)| *known == ink) {
                Some((_, cells)) => add(cells, cell),
                None => inks.push((ink, vec![cell])),
            }
        }
    }
    inks.push((Ink::Gap, stripes.finish(top)));
    inks.retain(|(_, cells)| !cells.is_empty());
    scene.marks.extend(inks.into_iter().map(|(ink, cells)| SceneMark::Cells { ink, cells }));
    let bottom = top + HEIGHT;
    for hour in [0, 6, 12, 18, 24] {
        let y = top + HEIGHT * hour / 24;
        scene.rule(Ink::Axis, (PictureSize::LEFT - 30, y), (PictureSize::LEFT - 5, y));
        scene.label(
            Ink::Faint,
            (PictureSize::LEFT - 60, y + 42),
            Anchor::End,
            format!("{hour:02}:00"),
        );
    }
    let ticks = time_ticks(series.from, series.to, size.plot(), &series.zone, language);
    let is_midnight = |at: i64| days.iter().position(|day| day.start == at);
    for tick in ticks {
        if let Some(place) = is_midnight(tick.at) {
            let x = x(i64::try_from(place).unwrap_or(0));
            scene.rule(Ink::Axis, (x, bottom + 20), (x, bottom + 70));
            if x + text_width(&tick.text) <= size.width {
                scene.label(Ink::Faint, (x, bottom + 190), Anchor::Start, tick.text);
            }
        }
    }
    bottom + 330
}

/// The colour of a power.
fn ink(power: i64, direction: usize, bounds: &[i64; HEAT]) -> Ink {
    let step = bounds.iter().take_while(|bound| **bound < power).count();
    match direction {
        _ if power == 0 => Ink::Zero,
        EXPORT => Ink::ExportHeat(step),
        _ => Ink::ImportHeat(step),
    }
}

/// A thin stripe: a gap does not look like a value, even without colours.
const fn striped(cell: Cuboid) -> Cuboid {
    Cuboid { y: cell.y + cell.height / 3, height: cell.height / 3, ..cell }
}

/// Adds a cell, to the one above if they touch.
fn add(cells: &mut Vec<Cuboid>, cell: Cuboid) {
    match cells.last_mut() {
        Some(last)
            if (last.x, last.width) == (cell.x, cell.width) && last.y + last.height == cell.y =>
        {
            last.height += cell.height;
        }
        _ => cells.push(cell),
    }
}

/// The stripes of quarters without readings.
struct GapStripes {
    gaps: Vec<(i64, i64)>,
    cells: Vec<Cuboid>,
    /// The left and the right edge of the last days that have no readings at all.
    empty: Option<(i64, i64)>,
}

impl GapStripes {
    fn add(&mut self, column: &DayColumn) {
        let (start, end) = column.day;
        let gaps = self.gaps.iter().map(|(from, to)| (*from.max(&start), *to.min(&end)));
        let gaps: Vec<_> = gaps.filter(|(from, to)| from < to).collect();
        if gaps == [(start, end)] {
            // One stripe through all these days: a long gap does not make a long picture.
            let left = self.empty.map_or(column.x, |(left, _)| left);
            self.empty = Some((left, column.end));
            return;
        }
        self.flush(column.top);
        for (from, to) in gaps {
            let mut at = from;
            while at < to {
                let next = LocalStep::QUARTER.next(at, &column.series.zone).min(to);
                self.cells.push(striped(column.cell(at, next)));
                at = next;
            }
        }
    }

    /// Draws the empty days.
    fn flush(&mut self, top: i64) {
        if let Some((x, end)) = self.empty.take() {
            let quarter = |place| Cuboid {
                x,
                y: top + place * HEIGHT / 96,
                width: end - x,
                height: HEIGHT / 96,
            };
            self.cells.extend((0..96).map(quarter).map(striped));
        }
    }

    fn finish(mut self, top: i64) -> Vec<Cuboid> {
        self.flush(top);
        self.cells
    }
}

/// The place of a day.
struct DayColumn<'a> {
    x: i64,
    end: i64,
    top: i64,
    /// Its first second, and the one behind its last.
    day: (i64, i64),
    series: &'a PlotSeries,
}

impl DayColumn<'_> {
    fn cell(&self, from: i64, to: i64) -> Cuboid {
        let wall = |second: i64| (second + offset(second, &self.series.zone)).rem_euclid(DAY);
        let start = wall(from);
        // The end may lie behind a change of the clock, or be midnight.
        let end = start + (to - from);
        let y = |second: i64| self.top + HEIGHT * second / DAY;
        let (x, right) = self.sides(from, start);
        Cuboid { x, y: y(start), width: right - x, height: y(end) - y(start) }
    }

    /// The left and right edge: halves for an hour that the clock shows twice.
    fn sides(&self, second: i64, wall: i64) -> (i64, i64) {
        let Self { x, end, day, series, .. } = self;
        let longer = day.1 - day.0 - DAY;
        let middle = (x + end) / 2;
        let shows = |other: i64| (other + offset(other, &series.zone)).rem_euclid(DAY) == wall;
        match longer {
            ..=0 => (*x, *end),
            _ if second + longer < day.1 && shows(second + longer) => (*x, middle),
            _ if second - longer >= day.0 && shows(second - longer) => (middle, *end),
            _ => (*x, *end),
        }
    }
}

/// The legend of a plot; returns its lower end.
fn legend(
    scene: &mut Scene,
    direction: usize,
    name: &str,
    top: i64,
    bounds: &[i64; HEAT],
    size: PictureSize,
    language: PictureLanguage,
) -> i64 {
    let words = language.words();
    let step = |(step, (from, to)): (usize, (i64, i64))| {
        let text = format!("{}–{}", language.millionths(from), language.millionths(to));
        (if direction == EXPORT { Ink::ExportHeat(step) } else { Ink::ImportHeat(step) }, text)
    };
    let zero = (Ink::Zero, "0".to_owned());
    let lower = [0].into_iter().chain(*bounds);
    let steps = lower.zip(*bounds).enumerate().filter(|(_, (from, to))| from < to).map(step);
    let entries = [zero].into_iter().chain(steps).chain([(Ink::Gap, words.gap.to_owned())]);
    let mut y = top + 140;
    scene.label(Ink::Text, (PictureSize::LEFT, y), Anchor::Start, format!("{name} (kW)"));
    y += 190;
    let mut x = PictureSize::LEFT;
    for (ink, text) in entries {
        let room = 150 + text_width(&text);
        if x + room > size.width {
            (x, y) = (PictureSize::LEFT, y + 190);
        }
        let cell = Cuboid { x, y: y - 95, width: 110, height: 110 };
        let cell = if ink == Ink::Gap { striped(cell) } else { cell };
        scene.marks.push(SceneMark::Cells { ink, cells: vec![cell] });
        scene.label(Ink::Text, (x + 150, y), Anchor::Start, text);
        x += room + 130;
    }
    y + 60
}
