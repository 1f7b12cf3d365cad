//! The age of the readings, the quality of the line, and the list of the meters.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use crate::cli::live::screen::{
    ink::{Glyphs, ScreenInk, ScreenRow, fitting},
    line_quality::NO_TELEGRAMS,
    live_meter::{LiveMeter, ReadingAge, flow},
    picture::{MeterPicture, Picture, ScreenSize},
    power_rows::{flow_ink, flow_words, power_text},
};

/// `3 s`, `2 min 5 s`, `1 h 3 min`.
pub(super) fn time(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        seconds => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

pub(super) fn age(meter: &LiveMeter, now: Instant) -> ScreenRow {
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

/// The quality of a line without its counts.
fn short_quality(words: &str) -> &str {
    words.split_once(',').map_or(words, |(words, _)| words)
}

/// The one word of a meter with little room: that of a bad line while its readings are fresh.
fn state_words(it: &MeterPicture, now: Instant) -> (ScreenInk, &str) {
    match it.meter.age(now) {
        ReadingAge::Fresh if it.quality.0 == ScreenInk::Bad => {
            (it.quality.0, short_quality(&it.quality.1))
        }
        age => age_words(age),
    }
}

/// The age of the reading and the quality of the line, in one row if it is wide enough.
pub(super) fn states(picture: &Picture, it: &MeterPicture, size: ScreenSize) -> Vec<ScreenRow> {
    let age = age(&it.meter, picture.now);
    let quality = ScreenRow::of(it.quality.0, it.quality.1.clone());
    let good = it.meter.good;
    let counts = match it.meter.age(picture.now) {
        ReadingAge::Fresh => format!(" ({good} good)"),
        _ => format!(" ({good} good before)"),
    };
    let counts = ScreenRow::of(ScreenInk::Faint, counts);
    let gap = ScreenRow::of(ScreenInk::Faint, "  ");
    let short = ScreenRow::of(it.quality.0, short_quality(&it.quality.1));
    let in_short = age.clone().and(gap.clone()).and(short);
    let all = age.clone().and(gap).and(quality.clone());
    let full = all.clone().and(counts);
    if full.width() <= size.columns {
        return vec![full];
    }
    if all.width() <= size.columns {
        return vec![all];
    }
    match size.rows < LEAST_ROWS && in_short.width() <= size.columns {
        true => vec![in_short],
        false => vec![age, quality],
    }
}

/// Screens with fewer rows have one for the state of a meter.
const LEAST_ROWS: usize = 12;

/// A row for each meter, those around the chosen one if there are too many, and for each source without a telegram. The
/// last row has the number of those that have none.
pub(super) fn meters(picture: &Picture, room: usize, size: ScreenSize) -> Vec<ScreenRow> {
    let all = picture.meters.len();
    let start = (picture.chosen + 1).saturating_sub(room).min(all.saturating_sub(room));
    // Two meters may send neither number nor a title of their own: their sources tell them apart.
    let name = |it: &MeterPicture| {
        let same = picture.meters.iter().filter(|other| other.meter.name == it.meter.name).count();
        match same {
            0 | 1 => it.meter.name.clone(),
            _ => format!("{} {}", it.meter.name, it.meter.source),
        }
    };
    let names: Vec<_> = picture.meters.iter().map(name).collect();
    let name_width = names.iter().map(|name| name.chars().count()).max();
    let name_width = name_width.unwrap_or_default();
    let row = |(at, it): (usize, &MeterPicture), size: ScreenSize| {
        let meter = &it.meter;
        let is_chosen = at == picture.chosen;
        let head = format!("{} {} ", if is_chosen { '>' } else { ' ' }, at + 1);
        let ink = if is_chosen { ScreenInk::Strong } else { ScreenInk::Plain };
        let (age_ink, word) = state_words(it, picture.now);
        let with_state = |(age_ink, word), name: String, long: bool, gap: &'static str| {
            let mut row =
                ScreenRow::of(ink, head.clone()).with(ink, name).with(ScreenInk::Plain, gap);
            if let Some(power) = meter.power {
                let (digits, unit) = power_text(meter, power);
                let words = flow_words(flow(power));
                let text = match long {
                    true => format!("{:<13} {digits:>7} {unit:<3}", words.0),
                    false => format!("{} {digits} {unit}", words.1),
                };
                row = row.with(flow_ink(flow(power)), text.trim_start_matches(' '));
            }
            match word {
                "" => row,
                word => row.with(ScreenInk::Plain, gap).with(age_ink, word),
            }
        };
        let name = name(it);
        let padded = format!("{name:<name_width$}");
        let quality = |words: &str| ScreenRow::of(ScreenInk::Plain, "  ").with(it.quality.0, words);
        let (full_age_ink, full_age) = age_words(meter.age(picture.now));
        let last = |characters: usize| telling_part(&name, &names, characters, size.glyphs);
        let bare = ScreenRow::of(ink, head.clone()).with(ink, last(4));
        let with = |name, long, gap| with_state((age_ink, word), name, long, gap);
        let word_alone = word.trim_start_matches("line ");
        // A fresh reading of a line that is not bad needs no word.
        let is_usual = age_ink == ScreenInk::Good;
        let with_age = |long| with_state((full_age_ink, full_age), padded.clone(), long, "  ");
        let rows = [
            with_age(true).and(quality(&it.quality.1)),
            with_age(true).and(quality(short_quality(&it.quality.1))),
            with_age(false).and(quality(short_quality(&it.quality.1))),
            with(padded.clone(), true, "  "),
            with(padded, false, "  "),
            with(last(8), false, "  "),
            with(last(4), false, " "),
            with(last(2), false, " "),
            with_state((age_ink, word_alone), last(2), false, " "),
            match (is_usual, meter.power) {
                (true, Some(_)) => with_state((age_ink, ""), last(2), false, " "),
                _ => bare.clone().with(ScreenInk::Plain, " ").with(age_ink, word),
            },
            bare.with(ScreenInk::Plain, " ").with(age_ink, word),
        ];
        fitting(rows, size.columns)
    };
    let meters = picture.meters.iter().enumerate().skip(start);
    let hidden = (all + picture.unread.len()).saturating_sub(room);
    let more = if hidden == 0 { String::new() } else { format!(" +{hidden}") };
    let short = ScreenSize { columns: size.columns.saturating_sub(more.len()), ..size };
    let size = |at: usize| if at + 1 == room { short } else { size };
    let mut rows: Vec<_> =
        meters.take(room).enumerate().map(|(at, it)| row(it, size(at))).collect();
    for it in picture.unread.iter().take(room - rows.len()) {
        rows.push(unread(it, size(rows.len())));
    }
    if let Some(last) = rows.last_mut() {
        let row = last.clone().cut(short.columns, short.glyphs).filled(short.columns);
        *last = row.with(ScreenInk::Faint, more);
    }
    rows
}

/// The last characters of a name by which all names differ, so many, with a sign for each part that
/// is cut off.
fn telling_part(name: &str, names: &[String], characters: usize, glyphs: Glyphs) -> String {
    let part = |name: &str, behind: usize| -> String {
        let count = name.chars().count().saturating_sub(behind);
        name.chars().take(count).skip(count.saturating_sub(characters)).collect()
    };
    let differ = |behind: &usize| {
        let parts: BTreeSet<_> = names.iter().map(|name| part(name, *behind)).collect();
        parts.len() == names.len()
    };
    let count = name.chars().count();
    let most = count.saturating_sub(characters);
    let behind = (0..=most).find(differ).unwrap_or_default();
    let cut = |is_cut: bool| if is_cut { glyphs.cut().to_string() } else { String::new() };
    format!("{}{}{}", cut(behind < most), part(name, behind), cut(behind > 0))
}

/// A row for a source without a telegram.
fn unread((name, quality): &(String, (ScreenInk, String)), size: ScreenSize) -> ScreenRow {
    let named = ScreenRow::of(ScreenInk::Plain, format!("  - {name}"));
    let with = |words: &str| named.clone().with(ScreenInk::Bad, format!("  {words}"));
    let state = |words| ScreenRow::of(ScreenInk::Plain, "  ").with(quality.0, words);
    let rows = [
        with("no telegram yet").and(state(quality.1.clone())),
        with("no telegram yet").and(state(short_quality(&quality.1).to_owned())),
        with("no telegram yet"),
        with("none yet"),
        named,
    ];
    // A line without telegrams has no quality.
    let known = if quality.1 == NO_TELEGRAMS { 2 } else { 0 };
    fitting(rows.into_iter().skip(known), size.columns)
}
