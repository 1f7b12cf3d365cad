//! The first row, the messages and the last row.

use std::borrow::Cow;

use crate::cli::{
    live::screen::{
        ink::{ScreenInk, ScreenRow, wrapped},
        picture::{Picture, ScreenMessage, ScreenSize},
    },
    run::message_format::Severity,
};

/// The name of the program or of the meter, and the clock.
pub(super) fn title(picture: &Picture, heading: &str, size: ScreenSize) -> ScreenRow {
    title_with(picture, heading, "", size)
}

/// The same with the place of the meter among the others.
pub(super) fn title_with(
    picture: &Picture,
    heading: &str,
    place: &str,
    size: ScreenSize,
) -> ScreenRow {
    let paused = match picture.paused {
        true => ScreenRow::of(ScreenInk::Chosen, " paused ").with(ScreenInk::Plain, " "),
        false => ScreenRow::default(),
    };
    let chosen = picture.meters.get(picture.chosen).map(|it| it.meter.name.as_str());
    let name = chosen.unwrap_or("meterpipe watch");
    let row = |text: &str| {
        let row = paused.clone().with(ScreenInk::Strong, text);
        if place.is_empty() { row } else { row.with(ScreenInk::Faint, format!(" {place}")) }
    };
    let with_clock = |text: &str| {
        let row = row(text);
        let room = size.columns.saturating_sub(picture.clock.len());
        (row.width() + 2 <= room)
            .then(|| row.filled(room).with(ScreenInk::Faint, picture.clock.clone()))
    };
    // That of a meter without a number is its time alone.
    let heading = match heading.is_empty() || heading.contains(name) {
        true => heading.to_owned(),
        false => format!("{name}  {heading}"),
    };
    Some(heading.as_str())
        .filter(|it| !it.is_empty())
        .and_then(with_clock)
        .or_else(|| with_clock(name))
        .unwrap_or_else(|| row(name))
}

/// The latest messages in so many rows. An older one is shown whole or not at all, the latest one as far as it
/// fits.
pub(super) fn messages(
    messages: &[ScreenMessage],
    room: usize,
    size: ScreenSize,
) -> Vec<ScreenRow> {
    let mut rows: Vec<ScreenRow> = vec![];
    for message in messages.iter().rev() {
        let ink = match message.severity {
            Severity::Error => ScreenInk::Bad,
            Severity::Warning => ScreenInk::Doubtful,
            Severity::Notice | Severity::Info => ScreenInk::Plain,
        };
        let has_time = size.columns >= 40;
        let indent = if has_time { message.time.len() + 1 } else { 0 };
        let text = without_time(&message.text);
        let lines = wrapped(&text, size.columns.saturating_sub(indent), size.glyphs);
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

/// The text without the time of its telegram, as in `ttyUSB0 (2026-08-24T21:03:17.482Z): mbus: …`: the row has its
/// own, and a narrow one no room for another.
fn without_time(text: &str) -> Cow<'_, str> {
    let is_time = |time: &str| {
        let bytes = time.as_bytes();
        bytes.len() == TIME.len()
            && bytes.iter().zip(TIME).all(|(is, form)| match form {
                b'0' => is.is_ascii_digit(),
                form => is == form,
            })
    };
    let parts = text.split_once(" (").and_then(|(source, rest)| {
        let (time, message) = rest.split_once("): ")?;
        is_time(time).then(|| format!("{source}: {message}"))
    });
    parts.map_or(Cow::Borrowed(text), Cow::Owned)
}

/// The form of a record's time.
const TIME: &[u8] = b"0000-00-00T00:00:00.000Z";

/// The keys, as many as fit, and the counts.
pub(super) fn foot(picture: &Picture, size: ScreenSize) -> ScreenRow {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_telegram_is_left_out_of_a_message() {
        for (text, shown) in [
            ("tty (2026-11-29T02:57:14.249Z): mbus: checksum", "tty: mbus: checksum"),
            ("tty: lost: hung up (EIO): gone", "tty: lost: hung up (EIO): gone"),
            ("tty (2026): x", "tty (2026): x"),
            ("nothing (else)", "nothing (else)"),
        ] {
            assert_eq!(without_time(text), shown);
        }
    }
}
