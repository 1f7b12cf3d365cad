//! The rows of the screen for a state and a size.
//!
//! The parts get their rows in the order of their importance, and stand on the screen in another one. Nothing is
//! wider than the screen, and a number that does not fit ends with a sign.

use std::time::{Duration, Instant};

use crate::cli::{
    live::screen::{
        ink::{Glyphs, ScreenInk, ScreenRow, wrapped},
        large_digits::{self, DigitSize},
        live_meter::{EnergyCount, EnergyFlow, LiveMeter, PhaseState, ReadingAge, flow},
        sparkline::Sparkline,
    },
    run::message_format::Severity,
};
use meterpipe::{cosem::unit::Unit, format::table::aligned, reading::decimal::Decimal};

/// From this width on, the values stand beside the rest.
const WIDE: usize = 100;

/// The most rows of the graph.
const GRAPH: usize = 8;

/// The columns of a bar.
const BAR: usize = 40;

/// A terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScreenSize {
    /// Its rows.
    pub rows: usize,
    /// Its columns.
    pub columns: usize,
    /// Its signs.
    pub glyphs: Glyphs,
}

/// The choice of the user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScreenPage {
    /// Everything that fits.
    #[default]
    Overview,
    /// All values, from this one on.
    Values(usize),
    /// The keys.
    Help,
}

/// A message on the screen.
#[derive(Clone, Debug)]
pub struct ScreenMessage {
    /// How bad it is.
    pub severity: Severity,
    /// The local time.
    pub time: String,
    /// The text.
    pub text: String,
}

/// A meter and its line.
#[derive(Clone, Debug)]
pub struct MeterPicture {
    /// The meter.
    pub meter: LiveMeter,
    /// The quality of its line.
    pub quality: (ScreenInk, String),
}

/// All that is drawn.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The local time.
    pub clock: String,
    /// The time at which it is drawn.
    pub now: Instant,
    /// The meters.
    pub meters: Vec<MeterPicture>,
    /// The one that is shown in full.
    pub chosen: usize,
    /// The page.
    pub page: ScreenPage,
    /// True if the values stand still.
    pub paused: bool,
    /// True if keys are read.
    pub has_keys: bool,
    /// The messages, the latest one last.
    pub messages: Vec<ScreenMessage>,
    /// The names of the sources.
    pub sources: Vec<String>,
    /// The counts of octets and refusals.
    pub counts: String,
    /// How long the run has waited for its first telegram.
    pub waited: Duration,
}

/// The rows for a size: exactly as many as it has, none wider.
#[must_use]
pub fn rows(picture: &Picture, size: ScreenSize) -> Vec<ScreenRow> {
    let mut rows = match (picture.page, picture.meters.get(picture.chosen)) {
        (ScreenPage::Help, _) => help(picture, size),
        (_, None) => waiting(picture, size),
        (ScreenPage::Values(from), Some(it)) => values(picture, &it.meter, from, size),
        (ScreenPage::Overview, Some(it)) => overview(picture, it, size),
    };
    rows.resize(size.rows, ScreenRow::default());
    rows.into_iter().map(|row| row.cut(size.columns, size.glyphs)).collect()
}

/// Rows that are not given away yet.
struct FreeRows(usize);

impl FreeRows {
    fn take(&mut self, wanted: usize) -> usize {
        let taken = wanted.min(self.0);
        self.0 -= taken;
        taken
    }
}

fn waiting(picture: &Picture, size: ScreenSize) -> Vec<ScreenRow> {
    let mut free = FreeRows(size.rows);
    let title = title(picture, "", size);
    let text = match picture.sources.len() {
        0 => "waiting for the first telegram".to_owned(),
        _ => format!("waiting for the first telegram from {}", picture.sources.join(", ")),
    };
    let state = format!("{} so far; {}", time(picture.waited), picture.counts);
    let mut upper: Vec<_> = wrapped(&text, size.columns, size.glyphs)
        .into_iter()
        .map(|row| ScreenRow::of(ScreenInk::Strong, row))
        .collect();
    let state = wrapped(&state, size.columns, size.glyphs);
    upper.extend(state.into_iter().map(|row| ScreenRow::of(ScreenInk::Plain, row)));
    let foot = vec![foot(picture, size); usize::from(size.rows > 5)];
    free.take(1 + foot.len());
    let most = free.0.div_ceil(2);
    upper.truncate(free.take(upper.len().min(most)));
    let gap = free.take(usize::from(free.0 > 6));
    let messages = messages(&picture.messages, free.0, size);
    let filler = free.0 - messages.len();
    let mut rows = vec![title];
    rows.extend(std::iter::repeat_n(ScreenRow::default(), gap));
    rows.extend(upper);
    let gap = usize::from(filler > 0);
    rows.extend(std::iter::repeat_n(ScreenRow::default(), gap));
    rows.extend(messages);
    rows.extend(std::iter::repeat_n(ScreenRow::default(), filler - gap));
    rows.extend(foot);
    rows
}

fn overview(picture: &Picture, it: &MeterPicture, size: ScreenSize) -> Vec<ScreenRow> {
    let meter = &it.meter;
    let table = aligned(&meter.rows);
    let is_wide = size.columns >= WIDE && size.rows >= 12;
    let widest = table.iter().map(|row| row.chars().count()).max().unwrap_or_default();
    let right = if is_wide { (widest + 2).min(size.columns / 2) } else { 0 };
    let left = ScreenSize { columns: size.columns - right, ..size };

    let mut free = FreeRows(size.rows);
    free.take(1);
    let mut power = meter.power.map(|power| small_power(meter, power, left));
    free.take(usize::from(power.is_some()));
    let mut state = states(picture, it, left);
    state.truncate(free.take(state.len()));
    let foot = vec![foot(picture, size); free.take(usize::from(size.rows > 5))];
    let most = if picture.messages.is_empty() { 0 } else { (size.rows / 5).max(2) };
    let mut notes = messages(&picture.messages, most.min(free.0), size);
    free.take(notes.len());
    let mut list = vec![];
    if picture.meters.len() > 1 {
        let room = free.take(picture.meters.len().min((size.rows / 3).max(1)));
        list = meters(picture, room, size);
    }
    let mut energies = energies(meter, left);
    energies.truncate(free.take(energies.len()));
    let mut graph = free.take(2);
    let mut phases = phases(&meter.phases, left);
    phases.truncate(free.take(phases.len()));
    let mut large = vec![];
    if let Some(it) = meter.power {
        let ample = size.rows >= 30 && free.0 >= 12;
        let sizes = [(DigitSize::Large, ample), (DigitSize::Medium, free.0 >= 2)];
        large = sizes
            .into_iter()
            .filter(|(_, has_room)| *has_room)
            .find_map(|(digits, _)| large_power(meter, it, digits, left))
            .unwrap_or_default();
        free.take(large.len().saturating_sub(1));
    }
    if !large.is_empty() {
        power = None;
    }
    let parts = [!list.is_empty(), true, graph > 0, !energies.is_empty(), !phases.is_empty()];
    let gaps = parts.into_iter().filter(|it| *it).count() + usize::from(!is_wide);
    let is_airy = free.0 >= gaps + 2;
    if is_airy {
        free.take(gaps);
    }
    let mut shown = vec![];
    if !is_wide && free.0 > 0 {
        shown = cut_table(&table, free.0, picture.has_keys, left);
        free.take(shown.len());
    }
    let more = messages(&picture.messages, notes.len() + free.0 / 2, size);
    free.take(more.len().saturating_sub(notes.len()));
    if more.len() > notes.len() {
        notes = more;
    }
    if graph > 0 {
        graph += free.take((GRAPH + 1).saturating_sub(graph));
    }

    let mut upper = vec![];
    let mut add = |part: Vec<ScreenRow>| {
        if is_airy && !part.is_empty() {
            upper.push(ScreenRow::default());
        }
        upper.extend(part);
    };
    let mut first = large;
    first.extend(power);
    first.extend(state);
    add(first);
    add(graph_rows(picture, meter, graph, left));
    add(energies);
    add(phases);
    add(shown);
    let mut rows = vec![title(picture, &meter.heading, size)];
    if is_airy && !list.is_empty() {
        rows.push(ScreenRow::default());
    }
    rows.extend(list);
    let below = notes.len() + foot.len();
    let room = size.rows.saturating_sub(rows.len() + below);
    upper.resize(room, ScreenRow::default());
    if is_wide {
        let mut beside = vec![ScreenRow::default(); usize::from(is_airy)];
        let columns = ScreenSize { columns: right, ..size };
        let most = room.saturating_sub(beside.len());
        beside.extend(cut_table(&table, most, picture.has_keys, columns));
        beside.resize(room, ScreenRow::default());
        let beside = beside.into_iter().map(|row| row.cut(right, size.glyphs));
        let upper = upper.into_iter().map(|row| row.cut(left.columns, size.glyphs));
        rows.extend(upper.zip(beside).map(|(row, it)| row.filled(left.columns).and(it)));
    } else {
        rows.extend(upper);
    }
    rows.extend(notes);
    rows.extend(foot);
    rows
}

/// The first of these rows that fits, else the last one.
fn fitting(rows: impl IntoIterator<Item = ScreenRow>, columns: usize) -> ScreenRow {
    let mut last = ScreenRow::default();
    for row in rows {
        if row.width() <= columns {
            return row;
        }
        last = row;
    }
    last
}

/// The name of the program or of the meter, and the clock.
fn title(picture: &Picture, heading: &str, size: ScreenSize) -> ScreenRow {
    let paused = match picture.paused {
        true => ScreenRow::of(ScreenInk::Chosen, " paused ").with(ScreenInk::Plain, " "),
        false => ScreenRow::default(),
    };
    let chosen = picture.meters.get(picture.chosen).map(|it| it.meter.name.as_str());
    let name = chosen.unwrap_or("meterpipe watch");
    let with_clock = |text: &str| {
        let row = paused.clone().with(ScreenInk::Strong, text);
        let room = size.columns.saturating_sub(picture.clock.len());
        (row.width() + 2 <= room)
            .then(|| row.filled(room).with(ScreenInk::Faint, picture.clock.clone()))
    };
    let without = paused.clone().with(ScreenInk::Strong, name);
    Some(heading)
        .filter(|it| !it.is_empty())
        .and_then(with_clock)
        .or_else(|| with_clock(name))
        .unwrap_or(without)
}

const fn flow_ink(flow: EnergyFlow) -> ScreenInk {
    match flow {
        EnergyFlow::Import => ScreenInk::Import,
        EnergyFlow::Export => ScreenInk::Export,
        EnergyFlow::Nothing => ScreenInk::Plain,
    }
}

const fn flow_words(flow: EnergyFlow) -> (&'static str, &'static str) {
    match flow {
        EnergyFlow::Import => ("importing", "in"),
        EnergyFlow::Export => ("exporting", "out"),
        EnergyFlow::Nothing => ("nothing flows", ""),
    }
}

/// Digits without a sign, and the unit.
fn power_text(meter: &LiveMeter, power: Decimal) -> (String, String) {
    let (number, unit) = meter.units.apply(power, Unit::WATT);
    (number.to_string().trim_start_matches('-').to_owned(), unit.into_owned())
}

fn small_power(meter: &LiveMeter, power: Decimal, size: ScreenSize) -> ScreenRow {
    let flow = flow(power);
    let (digits, unit) = power_text(meter, power);
    let words = flow_words(flow);
    let row = |word: &str| {
        let word = if word.is_empty() { String::new() } else { format!("{word} ") };
        ScreenRow::of(flow_ink(flow), word).with(ScreenInk::Strong, format!("{digits} {unit}"))
    };
    fitting([row(words.0), row(words.1), row("")], size.columns)
}

fn large_power(
    meter: &LiveMeter,
    power: Decimal,
    digits: DigitSize,
    size: ScreenSize,
) -> Option<Vec<ScreenRow>> {
    let flow = flow(power);
    let (number, unit) = power_text(meter, power);
    let rows = large_digits::rows(&number, digits, size.glyphs)?;
    let (last, ink) = (rows.len() - 1, flow_ink(flow));
    let row = |(at, text): (usize, String)| {
        let row = ScreenRow::of(ink, format!(" {text} "));
        match at {
            0 => row.with(ink, flow_words(flow).0),
            _ if at == last => row.with(ScreenInk::Strong, unit.clone()),
            _ => row,
        }
    };
    let rows: Vec<_> = rows.into_iter().enumerate().map(row).collect();
    rows.iter().all(|row| row.width() <= size.columns).then_some(rows)
}

/// `3 s`, `2 min 5 s`, `1 h 3 min`.
fn time(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        seconds => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

fn age(meter: &LiveMeter, now: Instant) -> ScreenRow {
    let ago = time(now.saturating_duration_since(meter.last));
    let (ink, word) = age_words(meter.age(now));
    ScreenRow::of(ink, word).with(ScreenInk::Plain, format!(", {ago} old"))
}

const fn age_words(age: ReadingAge) -> (ScreenInk, &'static str) {
    match age {
        ReadingAge::Fresh => (ScreenInk::Good, "fresh"),
        ReadingAge::Late => (ScreenInk::Doubtful, "late"),
        ReadingAge::Stale => (ScreenInk::Bad, "STALE"),
    }
}

/// The age of the reading and the quality of the line, in one row if it is wide enough.
fn states(picture: &Picture, it: &MeterPicture, size: ScreenSize) -> Vec<ScreenRow> {
    let age = age(&it.meter, picture.now);
    let quality = ScreenRow::of(it.quality.0, it.quality.1.clone());
    let counts = format!(" ({} good, {} missing)", it.meter.good, it.meter.missing);
    let counts = ScreenRow::of(ScreenInk::Faint, counts);
    let gap = ScreenRow::of(ScreenInk::Faint, "  ");
    let all = age.clone().and(gap).and(quality.clone());
    let full = all.clone().and(counts);
    if full.width() <= size.columns {
        return vec![full];
    }
    if all.width() <= size.columns {
        return vec![all];
    }
    vec![age, quality]
}

/// A row for each meter, those around the chosen one if there are too many.
fn meters(picture: &Picture, room: usize, size: ScreenSize) -> Vec<ScreenRow> {
    let all = picture.meters.len();
    let start = (picture.chosen + 1).saturating_sub(room).min(all.saturating_sub(room));
    let name_width = picture.meters.iter().map(|it| it.meter.name.chars().count()).max();
    let name_width = name_width.unwrap_or_default();
    let row = |(at, it): (usize, &MeterPicture)| {
        let meter = &it.meter;
        let is_chosen = at == picture.chosen;
        let head = format!("{} {} ", if is_chosen { '>' } else { ' ' }, at + 1);
        let ink = if is_chosen { ScreenInk::Strong } else { ScreenInk::Plain };
        let (age_ink, word) = age_words(meter.age(picture.now));
        let with = |name: String, long: bool| {
            let mut row =
                ScreenRow::of(ink, head.clone()).with(ink, name).with(ScreenInk::Plain, "  ");
            if let Some(power) = meter.power {
                let (digits, unit) = power_text(meter, power);
                let words = flow_words(flow(power));
                let text = match long {
                    true => format!("{:<13} {digits:>7} {unit:<3}", words.0),
                    false => format!("{} {digits} {unit}", words.1),
                };
                row = row.with(flow_ink(flow(power)), text.trim_start_matches(' '));
            }
            row.with(ScreenInk::Plain, "  ").with(age_ink, word)
        };
        let padded = format!("{:<name_width$}", meter.name);
        let quality =
            ScreenRow::of(ScreenInk::Plain, "  ").with(it.quality.0, it.quality.1.clone());
        let tail: String =
            meter.name.chars().skip(meter.name.chars().count().saturating_sub(4)).collect();
        let short = match tail.len() < meter.name.len() {
            true => format!("{}{tail}", size.glyphs.cut()),
            false => meter.name.clone(),
        };
        let rows = [
            with(padded.clone(), true).and(quality),
            with(padded.clone(), true),
            with(padded, false),
            with(short, false),
        ];
        fitting(rows, size.columns)
    };
    picture.meters.iter().enumerate().skip(start).take(room).map(row).collect()
}

/// Import and export: since the start of the run, since midnight, and the register.
fn energies(meter: &LiveMeter, size: ScreenSize) -> Vec<ScreenRow> {
    let energy = |it: Option<Decimal>| it.map(|it| meter.energy(it));
    let unknown = || "not known yet".to_owned();
    let cells = |it: &EnergyCount| {
        let start = energy(it.since_start()).unwrap_or_else(unknown);
        [start, energy(it.today()).unwrap_or_else(unknown), meter.energy(it.now)]
    };
    let names = |it: &EnergyCount| match it.flow {
        EnergyFlow::Export => ("export", "out"),
        _ => ("import", "in"),
    };
    let heads = [
        format!("since start {}", meter.since),
        "since midnight".to_owned(),
        "register".to_owned(),
    ];
    let table: Vec<_> = meter.energies.iter().map(|it| (it, cells(it))).collect();
    let width = |column: usize| {
        let cells = table.iter().filter_map(|(_, cells)| cells.get(column));
        cells.chain(heads.get(column)).map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths = [width(0), width(1), width(2)];
    if table.is_empty() {
        return vec![];
    }
    if 9 + widths.iter().sum::<usize>() + 6 <= size.columns {
        let row = |name: &str, ink, cells: &[String; 3], cell_ink| {
            let row = ScreenRow::of(ink, format!("{name:<6}"));
            cells
                .iter()
                .zip(widths)
                .fold(row, |row, (cell, width)| row.with(cell_ink, format!("   {cell:>width$}")))
        };
        let head = row("energy", ScreenInk::Faint, &heads, ScreenInk::Faint);
        let rows = table
            .iter()
            .map(|(it, cells)| row(names(it).0, flow_ink(it.flow), cells, ScreenInk::Plain));
        return [head].into_iter().chain(rows).collect();
    }
    let start =
        table.iter().map(|(it, [cell, ..])| (*it, Some(cell.clone()), "since start", "start"));
    let today = table.iter().map(|(it, _)| (*it, energy(it.today()), "since midnight", "day"));
    let row = |(it, cell, long, short): (&EnergyCount, Option<String>, &str, &str)| {
        let (cell, ink) = (cell?, flow_ink(it.flow));
        let with = |name, when| {
            ScreenRow::of(ink, format!("{name} "))
                .with(ScreenInk::Plain, cell.clone())
                .with(ScreenInk::Faint, format!(" {when}"))
        };
        let names = names(it);
        Some(fitting(
            [with(names.0, long), with(names.1, long), with(names.1, short)],
            size.columns,
        ))
    };
    start.chain(today).filter_map(row).collect()
}

/// The next of 1, 2, 5, 10, … that is not less.
fn round_scale(size: u64) -> u64 {
    let mut scale = 1_u64;
    loop {
        for factor in [1, 2, 5] {
            match scale.checked_mul(factor) {
                Some(round) if round >= size => return round,
                Some(_) => {}
                None => return size,
            }
        }
        scale = scale.saturating_mul(10);
    }
}

fn phases(phases: &[PhaseState], size: ScreenSize) -> Vec<ScreenRow> {
    let columns = phases.iter().map(|it| it.values.len()).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = phases.iter().filter_map(|it| it.values.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<_> = (0..columns).map(width).collect();
    let scale = round_scale(phases.iter().map(|it| it.size).max().unwrap_or_default());
    let row = |phase: &PhaseState| {
        let ink = match phase.flow {
            EnergyFlow::Export => ScreenInk::Export,
            _ => ScreenInk::Import,
        };
        let cells = phase.values.iter().zip(&widths);
        let text = cells.map(|(cell, width)| format!("  {cell:>width$}")).collect::<String>();
        let tight = phase.values.iter().map(|it| format!(" {}", it.replace(' ', "")));
        let name = ScreenRow::of(ScreenInk::Faint, phase.name);
        let row = name.clone().with(ScreenInk::Plain, text);
        if row.width() > size.columns {
            let tight = name.clone().with(ScreenInk::Plain, tight.collect::<String>());
            let last = phase.values.last().cloned().unwrap_or_default();
            return fitting([tight, name.with(ScreenInk::Plain, format!(" {last}"))], size.columns);
        }
        let room = size.columns.saturating_sub(row.width() + 3).min(BAR);
        if room < 4 {
            return row;
        }
        let eighths = u128::from(phase.size) * 8 * room as u128 / u128::from(scale.max(1));
        let bar = size.glyphs.bar(u64::try_from(eighths).unwrap_or_default());
        row.with(ScreenInk::Plain, "  ").with(ink, bar)
    };
    phases.iter().map(row).collect()
}

/// The power of the last minutes, so many rows in all.
fn graph_rows(
    picture: &Picture,
    meter: &LiveMeter,
    height: usize,
    size: ScreenSize,
) -> Vec<ScreenRow> {
    if height == 0 || meter.power.is_none() {
        return vec![];
    }
    let columns = size.columns.saturating_sub(usize::from(size.columns >= WIDE) * 2);
    let hold = meter.interval() * 2 + Duration::from_secs(1);
    let line = Sparkline::of(&meter.history, columns, hold, picture.now);
    if height == 1 {
        return line.rows(None, 1, size.glyphs);
    }
    let minutes = line.seconds() / 60;
    let highest = line.highest.map(|it| power_text(meter, it));
    let highest = highest.map(|(digits, unit)| format!(", up to {digits} {unit}"));
    let highest = highest.unwrap_or_default();
    let label = |text: String| ScreenRow::of(ScreenInk::Faint, text);
    let span = format!("last {minutes} min");
    let variants = [format!("power of the {span}{highest}"), format!("{span}{highest}"), span];
    let mut rows = vec![fitting(variants.map(label), columns)];
    match height - 1 {
        drawn if drawn >= 2 && line.is_mixed() => {
            let import = drawn.div_ceil(2);
            rows.extend(line.rows(Some(EnergyFlow::Import), import, size.glyphs));
            let mut export = line.rows(Some(EnergyFlow::Export), drawn - import, size.glyphs);
            rows.append(&mut export);
            if let Some(first) = rows.first_mut() {
                let note = ScreenRow::of(ScreenInk::Faint, "; import above, export below");
                let full = first.clone().and(note);
                if full.width() <= columns {
                    *first = full;
                }
            }
        }
        drawn => rows.extend(line.rows(None, drawn, size.glyphs)),
    }
    rows
}

/// As many rows of the table as there is room for; the last one says how many are left out.
fn cut_table(table: &[String], room: usize, has_keys: bool, size: ScreenSize) -> Vec<ScreenRow> {
    let row = |text: &String| ScreenRow::of(ScreenInk::Plain, text.clone());
    if table.len() <= room {
        return table.iter().map(row).collect();
    }
    let shown = room.saturating_sub(1);
    let left_out = format!("  {} {} more", size.glyphs.cut(), table.len() - shown);
    let hint = if has_keys { "; v shows all" } else { "" };
    let long = ScreenRow::of(ScreenInk::Faint, format!("{left_out}{hint}"));
    let last = fitting([long, ScreenRow::of(ScreenInk::Faint, left_out)], size.columns);
    table.iter().take(shown).map(row).chain((room > 0).then_some(last)).collect()
}

/// The latest messages in so many rows. An older one is shown whole or not at all, the latest one as far as it
/// fits.
fn messages(messages: &[ScreenMessage], room: usize, size: ScreenSize) -> Vec<ScreenRow> {
    let mut rows: Vec<ScreenRow> = vec![];
    for message in messages.iter().rev() {
        let ink = match message.severity {
            Severity::Error => ScreenInk::Bad,
            Severity::Warning => ScreenInk::Doubtful,
            Severity::Notice | Severity::Info => ScreenInk::Plain,
        };
        let has_time = size.columns >= 40;
        let indent = if has_time { message.time.len() + 1 } else { 0 };
        let lines = wrapped(&message.text, size.columns.saturating_sub(indent), size.glyphs);
        let all = lines.len();
        let row = |(at, line): (usize, String)| {
            let head = match at {
                0 if has_time => format!("{} ", message.time),
                _ => " ".repeat(indent),
            };
            ScreenRow::of(ScreenInk::Faint, head).with(ink, line)
        };
        let mut part: Vec<_> = lines.into_iter().enumerate().map(row).collect();
        if all > room - rows.len() {
            if !rows.is_empty() {
                break;
            }
            part.truncate(room);
            if let Some(last) = part.last_mut() {
                let ellipsis = format!(" {}", size.glyphs.cut());
                *last = last.clone().with(ink, ellipsis).cut(size.columns, size.glyphs);
            }
        }
        part.append(&mut rows);
        rows = part;
        if rows.len() >= room {
            break;
        }
    }
    rows
}

/// The keys, as many as fit, and the counts.
fn foot(picture: &Picture, size: ScreenSize) -> ScreenRow {
    let mut hints = vec!["q quit", "? help", "p pause"];
    if picture.paused {
        hints = vec!["q quit", "? help", "p go on"];
    }
    if picture.meters.len() > 1 {
        hints.insert(1, "Tab next meter");
    }
    if !picture.meters.is_empty() {
        hints.push("v values");
    }
    if !picture.has_keys {
        hints = vec!["Ctrl-C ends"];
    }
    let mut row = ScreenRow::default();
    for hint in hints {
        let gap = if row.width() > 0 { "  " } else { "" };
        if row.width() + gap.len() + hint.len() > size.columns {
            break;
        }
        let (key, about) = hint.split_once(' ').unwrap_or((hint, ""));
        row = row
            .with(ScreenInk::Strong, format!("{gap}{key}"))
            .with(ScreenInk::Faint, format!(" {about}"));
    }
    let counts = &picture.counts;
    let room = size.columns.saturating_sub(counts.chars().count());
    match row.width() + 2 <= room && !picture.meters.is_empty() {
        true => row.filled(room).with(ScreenInk::Faint, counts.clone()),
        false => row,
    }
}

/// The page with all values.
fn values(picture: &Picture, meter: &LiveMeter, from: usize, size: ScreenSize) -> Vec<ScreenRow> {
    let table = aligned(&meter.rows);
    let room = size.rows.saturating_sub(3);
    let from = from.min(table.len().saturating_sub(room));
    let last = (from + room).min(table.len());
    let mut rows = vec![title(picture, &meter.heading, size)];
    let state = format!("values {} to {last} of {}", from + 1, table.len());
    let age = ScreenRow::of(ScreenInk::Faint, format!("{state}  ")).and(age(meter, picture.now));
    rows.push(fitting([age, ScreenRow::of(ScreenInk::Faint, state)], size.columns));
    rows.extend(
        table.iter().skip(from).take(room).map(|it| ScreenRow::of(ScreenInk::Plain, it.clone())),
    );
    rows.resize(size.rows.saturating_sub(1), ScreenRow::default());
    let hints = ["up and down move, v goes back, q quits", "v back, q quit", "v back"];
    rows.push(fitting(hints.map(|it| ScreenRow::of(ScreenInk::Faint, it)), size.columns));
    rows
}

/// The keys, and the words that are not obvious.
const HELP: [&str; 12] = [
    "q: quit; so does Ctrl-C",
    "p: hold the picture still, and go on; readings are stored meanwhile",
    "Tab, right, left, 1 to 9: another meter",
    "v: all values of the meter; up and down move",
    "?: this page, and back",
    "",
    "fresh, late, STALE: the age of the reading, by the meter's own interval",
    "clean, good, fair, poor, bad: the telegrams of the last ten minutes",
    "importing: energy comes from the grid; exporting: it goes there",
    "since midnight: known once the run has seen a midnight, or if the meter counts it",
    "the bars of the phases: their part of a round number above the largest one",
    "messages stay on the terminal when the view is closed",
];

fn help(picture: &Picture, size: ScreenSize) -> Vec<ScreenRow> {
    let mut rows = vec![title(picture, "", size)];
    let room = size.rows.saturating_sub(2);
    let lines = HELP.iter().flat_map(|line| wrapped(line, size.columns, size.glyphs));
    rows.extend(lines.take(room).map(|line| ScreenRow::of(ScreenInk::Plain, line)));
    rows.resize(size.rows.saturating_sub(1), ScreenRow::default());
    rows.push(ScreenRow::of(ScreenInk::Faint, "? goes back"));
    rows
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::cli::live::screen::{line_quality::LineQuality, live_meter};
    use meterpipe::source::simulator::meter::MeterKind;

    const MESSAGE: &str = "ttyUSB0: nothing for 15 s; check the wiring, and that the operator has switched \
                           the interface on";

    fn message(text: &str) -> ScreenMessage {
        let time = "12:34:56".to_owned();
        ScreenMessage { severity: Severity::Warning, time, text: text.to_owned() }
    }

    fn picture(kinds: &[MeterKind], messages: &[&str]) -> Picture {
        let now = Instant::now() + Duration::from_secs(3600);
        let mut quality = LineQuality::default();
        quality.note(true, 98, now);
        quality.note(false, 2, now);
        let meter = |kind: &MeterKind| MeterPicture {
            meter: live_meter::tests::meter(*kind, 9, 1_790_000_000, now),
            quality: quality.words(now),
        };
        Picture {
            clock: "12:35:00".to_owned(),
            now: now + Duration::from_secs(3),
            meters: kinds.iter().map(meter).collect(),
            chosen: 0,
            page: ScreenPage::Overview,
            paused: false,
            has_keys: true,
            messages: messages.iter().map(|it| message(it)).collect(),
            sources: vec!["ttyUSB0".to_owned()],
            counts: "4711 octets, 2 rejected".to_owned(),
            waited: Duration::from_secs(17),
        }
    }

    fn texts(picture: &Picture, rows: usize, columns: usize, glyphs: Glyphs) -> Vec<String> {
        let size = ScreenSize { rows, columns, glyphs };
        super::rows(picture, size).iter().map(ScreenRow::text).collect()
    }

    /// The numbers of a row that do not end with the sign for a cut, and are no count of the layout itself.
    fn numbers(row: &str) -> Vec<&str> {
        let is_digit = |c: char| c.is_ascii_digit() || c == '.';
        let mut numbers = vec![];
        let mut rest = row;
        while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
            let tail = &rest[start..];
            let end = tail.find(|c| !is_digit(c)).unwrap_or(tail.len());
            let (number, behind) = tail.split_at(end);
            let is_cut = rest[..start].ends_with('…') || behind.starts_with('…');
            let is_count = [" min", " more"].iter().any(|it| behind.starts_with(it));
            if !is_cut && !is_count {
                numbers.push(number.trim_end_matches('.'));
            }
            rest = behind;
        }
        numbers
    }

    #[test]
    fn nothing_is_wider_than_the_screen_and_no_number_is_cut_without_a_sign() {
        let all = MeterKind::ALL;
        let five = [all[0], all[1], all[2], all[3], all[4]];
        let mut pictures = vec![
            picture(&[], &[MESSAGE]),
            picture(&[MeterKind::KsmWest], &[]),
            picture(&five, &[MESSAGE, "ttyUSB0: octets again after 100 s"]),
        ];
        pictures.push(Picture { page: ScreenPage::Values(3), ..pictures[1].clone() });
        pictures.push(Picture { page: ScreenPage::Help, paused: true, ..pictures[2].clone() });
        for picture in &pictures {
            let reference = [99, 400].map(|columns| texts(picture, 300, columns, Glyphs::Unicode));
            let known: BTreeSet<_> =
                reference.iter().flatten().flat_map(|row| numbers(row)).collect();
            for columns in 20..=200 {
                for rows in 5..=60 {
                    let size = ScreenSize { rows, columns, glyphs: Glyphs::Unicode };
                    let drawn = super::rows(picture, size);
                    assert_eq!(drawn.len(), rows);
                    for row in &drawn {
                        assert!(row.width() <= columns, "{rows}x{columns}: {}", row.text());
                        let text = row.text();
                        if text.starts_with("values ") {
                            continue;
                        }
                        for number in numbers(&text) {
                            assert!(known.contains(number), "{rows}x{columns}: {number}: {text}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn the_most_important_is_on_the_smallest_screen() {
        let meter = picture(&[MeterKind::KsmWest], &[MESSAGE]);
        for (rows, columns) in [(5, 20), (10, 24), (12, 40), (24, 80), (43, 132), (60, 200)] {
            let text = texts(&meter, rows, columns, Glyphs::Ascii).join("\n");
            assert!(text.contains("fresh, 3 s old"), "{text}");
            assert!(text.contains("ttyUSB0: nothing"), "{text}");
            assert!(text.contains("importing") || text.contains("exporting"), "{text}");
        }
    }

    #[test]
    fn the_diagnosis_stays_while_no_telegram_comes() {
        let waiting = picture(&[], &[MESSAGE]);
        for (rows, columns) in [(8, 24), (12, 40), (24, 80), (60, 200)] {
            let text = texts(&waiting, rows, columns, Glyphs::Unicode).join(" ");
            let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(words.contains("waiting for the first telegram from ttyUSB0"), "{words}");
            assert!(words.contains("nothing for 15 s; check the wiring,"), "{words}");
        }
    }

    #[test]
    fn every_meter_has_a_row_and_the_chosen_one_a_mark() {
        let all = MeterKind::ALL;
        let picture = Picture { chosen: 1, ..picture(&[all[0], all[1], all[2]], &[]) };
        for columns in [24, 40, 80, 200] {
            let rows = texts(&picture, 24, columns, Glyphs::Unicode);
            let marked = rows.iter().filter(|row| row.starts_with("> 2 ")).count();
            let others =
                rows.iter().filter(|row| row.starts_with("  1 ") || row.starts_with("  3 "));
            assert_eq!((marked, others.count()), (1, 2), "{rows:#?}");
        }
    }

    #[test]
    fn a_latest_message_that_is_too_long_is_begun_and_older_ones_are_whole() {
        let size = ScreenSize { rows: 9, columns: 30, glyphs: Glyphs::Unicode };
        let shown = |room| {
            let rows = messages(&[message("one two"), message(MESSAGE)], room, size);
            rows.iter().map(ScreenRow::text).collect::<Vec<_>>()
        };
        assert_eq!(shown(2), ["ttyUSB0: nothing for 15 s;", "check the wiring, and that th…"]);
        assert_eq!(shown(9)[0], "one two");
        assert_eq!(shown(4)[0], "ttyUSB0: nothing for 15 s;");
        assert!(shown(0).is_empty());
    }

    #[test]
    fn scales_are_round() {
        let scales = [0, 1, 3, 7, 10, 11, 4711].map(round_scale);
        assert_eq!(scales, [1, 1, 5, 10, 10, 20, 5000]);
        assert_eq!(round_scale(u64::MAX), u64::MAX);
    }
}
