//! The pages beside the overview: waiting, all values, the keys.

use crate::cli::live::screen::{
    edge_rows::{foot, messages, title},
    ink::{ScreenInk, ScreenRow, fitting, wrapped},
    live_meter::LiveMeter,
    meter_rows::{age, time},
    picture::{FreeRows, Picture, ScreenSize},
    quantity_rows::table,
};
pub(super) fn waiting(picture: &Picture, size: ScreenSize) -> Vec<ScreenRow> {
    let mut free = FreeRows(size.rows);
    let title = title(picture, "", size);
    let foot = vec![foot(picture, size); usize::from(size.rows > 5)];
    free.take(1 + foot.len());
    let most = free.0.div_ceil(2);
    let mut upper: Vec<_> = waited_for(picture, most.saturating_sub(1).max(1), size)
        .into_iter()
        .map(|row| ScreenRow::of(ScreenInk::Strong, row))
        .collect();
    let state = format!("{} so far; {}", time(picture.waited), picture.counts);
    let wrapped = wrapped(&state, size.columns, size.glyphs);
    // One row is cut with a sign.
    let state = if upper.len() + wrapped.len() > most { vec![state] } else { wrapped };
    upper.extend(state.into_iter().map(|row| ScreenRow::of(ScreenInk::Plain, row)));
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

/// The sources that are waited for, as many as these rows have room for, and the number of the others.
fn waited_for(picture: &Picture, rows: usize, size: ScreenSize) -> Vec<String> {
    let (what, sources) = ("waiting for the first telegram", &picture.sources);
    let text = |named: usize| match (named, sources.len()) {
        (_, 0) => what.to_owned(),
        (0, all @ 2..) => format!("{what} from {all} sources"),
        (named, all) => {
            let hidden = all - named.max(1);
            let more = if hidden > 0 { format!(" +{hidden}") } else { String::new() };
            let names: Vec<_> = sources.iter().take(named.max(1)).map(String::as_str).collect();
            format!("{what} from {}{more}", names.join(", "))
        }
    };
    let mut texts =
        (0..=sources.len()).rev().map(|named| wrapped(&text(named), size.columns, size.glyphs));
    let fitting = texts.find(|text| text.len() <= rows);
    fitting.unwrap_or_else(|| {
        let mut text = wrapped(&text(0), size.columns, size.glyphs);
        // A row that is too wide is cut with a sign.
        let last = text.split_off(rows.saturating_sub(1)).join(" ");
        text.push(last);
        text
    })
}

/// The page with all values.
pub(super) fn values(
    picture: &Picture,
    meter: &LiveMeter,
    from: usize,
    size: ScreenSize,
) -> Vec<ScreenRow> {
    let table = table(meter, size);
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
    let hints = ["up and down move, v or Esc goes back, q quits", "v back, q quit", "v back"];
    rows.push(fitting(hints.map(|it| ScreenRow::of(ScreenInk::Faint, it)), size.columns));
    rows
}

/// The keys, and the words that are not obvious.
const HELP: [&str; 12] = [
    "q: quit; so does Ctrl-C",
    "p: hold the picture still, and go on; readings are stored meanwhile",
    "Tab, right, left, 1 to 9: another meter",
    "v: all values of the meter; up and down move",
    "?: this page, and back; so does Esc",
    "",
    "fresh, late, STALE: the age of the reading, by the meter's own interval",
    "clean, good, fair, poor, bad: how many telegrams of the last ten minutes came whole",
    "importing: energy comes from the grid; exporting: it goes there",
    "since midnight: known once the run has seen one, or if the meter counts it",
    "the bars of the phases: their part of a round number above the largest one",
    "messages stay on the terminal when the view is closed",
];

fn help_lines(size: ScreenSize) -> Vec<String> {
    HELP.iter().flat_map(|line| wrapped(line, size.columns, size.glyphs)).collect()
}

/// The first line of the help from which the rest of it fits.
#[must_use]
pub(super) fn last_help(size: ScreenSize) -> usize {
    help_lines(size).len().saturating_sub(size.rows.saturating_sub(2))
}

pub(super) fn help(picture: &Picture, from: usize, size: ScreenSize) -> Vec<ScreenRow> {
    let mut rows = vec![title(picture, "", size)];
    let (room, lines) = (size.rows.saturating_sub(2), help_lines(size));
    let from = from.min(last_help(size));
    let is_whole = lines.len() <= room;
    let shown = lines.into_iter().skip(from).take(room);
    rows.extend(shown.map(|line| ScreenRow::of(ScreenInk::Plain, line)));
    rows.resize(size.rows.saturating_sub(1), ScreenRow::default());
    let hints = match is_whole {
        true => ["? or Esc goes back, q quits", "? back, q quit"],
        false => ["up and down move, ? or Esc goes back, q quits", "up, down, ? back"],
    };
    rows.push(fitting(hints.map(|it| ScreenRow::of(ScreenInk::Faint, it)), size.columns));
    rows
}
