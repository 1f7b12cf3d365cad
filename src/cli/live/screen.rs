//! The live table of `watch` on a terminal: one screen, updated in place.

use std::time::{Duration, Instant};

use crate::cli::run::{
    context::Context, decoder::TelegramConsumer, messages::Collected, stage::Task,
};
use meterpipe::{
    cipher::ciphered::SystemTitle,
    format::{
        entry::OutputTelegram,
        options::FormatOptions,
        table::{Table, aligned},
    },
};

/// The time between two updates of the clock on the screen.
const STEP: Duration = Duration::from_secs(1);

/// Messages at the foot of the screen.
const MESSAGES: usize = 5;

/// The meters that have a place on the screen.
const METERS: usize = 8;

/// The live table.
pub struct Screen {
    table: Table,
    meters: Vec<ScreenMeter>,
    messages: Collected,
    drawn: Option<Instant>,
    stale: bool,
}

/// A meter on the screen.
struct ScreenMeter {
    title: Option<SystemTitle>,
    heading: String,
    rows: Vec<String>,
    counter: Option<u32>,
    last_telegram: Instant,
    good: u64,
    missing: u64,
}

impl ScreenMeter {
    /// The state stands before the values, since rows that do not fit are cut off at the end.
    fn lines(&self) -> impl Iterator<Item = String> {
        let Self { heading, rows, last_telegram, good, missing, .. } = self;
        let ago = last_telegram.elapsed().as_secs();
        let state = format!("  last telegram {ago} s ago, {good} good, {missing} missing");
        let rows = rows.iter().cloned();
        [heading.clone(), state].into_iter().chain(rows).chain([String::new()])
    }
}

impl Screen {
    /// An empty screen. From now on messages go to its foot.
    pub fn new(options: FormatOptions, context: &Context) -> Self {
        Self {
            table: Table::new(options.selection, options.units).named(options.names),
            meters: vec![],
            messages: context.messages.collect(MESSAGES),
            drawn: None,
            stale: true,
        }
    }

    fn draw(&mut self, context: &mut Context) {
        let (rows, columns) = size();
        let status = format!("{} damaged, {} octets", context.tally.rejected, context.tally.octets);
        let messages = self.messages.borrow();
        let messages = messages.iter().flat_map(|message| wrapped(message, columns));
        let foot = [status].into_iter().chain(messages).collect();
        // The last row is for the cursor.
        let page = page(self.upper(), foot, rows - 1);
        let text = &mut context.output.text;
        // The cursor goes home, and each row is overwritten and cleared behind its end. The screen
        // as a whole is not cleared, because that would flicker.
        text.extend_from_slice(if self.drawn.is_none() { b"\x1b[2J\x1b[H" } else { b"\x1b[H" });
        for line in page {
            let end = line.char_indices().nth(columns).map_or(line.len(), |(end, _)| end);
            text.extend_from_slice(line.get(..end).unwrap_or_default().as_bytes());
            // After a full row the cursor stands on its last character, which this would erase.
            if line.chars().count() < columns {
                text.extend_from_slice(b"\x1b[K");
            }
            text.extend_from_slice(b"\r\n");
        }
        text.extend_from_slice(b"\x1b[J");
        self.drawn = Some(Instant::now());
        self.stale = false;
    }

    /// The rows above the foot.
    fn upper(&self) -> Vec<String> {
        if self.meters.is_empty() {
            return vec!["waiting for the first telegram".to_owned()];
        }
        self.meters.iter().flat_map(ScreenMeter::lines).collect()
    }

    fn meter(&mut self, title: Option<SystemTitle>) -> Option<&mut ScreenMeter> {
        let index = match self.meters.iter().position(|meter| meter.title == title) {
            Some(index) => index,
            None if self.meters.len() < METERS => {
                let (heading, rows) = (String::new(), vec![]);
                let (counter, last_telegram, good, missing) = (None, Instant::now(), 0, 0);
                self.meters.push(ScreenMeter {
                    title,
                    heading,
                    rows,
                    counter,
                    last_telegram,
                    good,
                    missing,
                });
                self.meters.len() - 1
            }
            None => return None,
        };
        self.meters.get_mut(index)
    }

    fn take(&mut self, entry: &OutputTelegram<'_>) {
        let rows = aligned(&self.table.rows(entry));
        let attributes = entry.attributes;
        if let Some(meter) = self.meter(attributes.title) {
            meter.heading = Table::title(entry);
            meter.rows = rows;
            meter.last_telegram = Instant::now();
            meter.good += 1;
            // A counter that went back means another meter or a restart; no telegram is missing
            // then.
            let step =
                attributes.ic.zip(meter.counter).and_then(|(now, last)| now.checked_sub(last));
            meter.missing += u64::from(step.unwrap_or(1).saturating_sub(1));
            meter.counter = attributes.ic;
        }
        self.stale = true;
    }
}

impl Task for Screen {
    fn tick(&mut self, context: &mut Context) {
        if self.stale || self.tick_interval().is_zero() {
            self.draw(context);
        }
    }

    fn tick_interval(&self) -> Duration {
        self.drawn.map_or(Duration::ZERO, |drawn| STEP.saturating_sub(drawn.elapsed()))
    }
}

impl TelegramConsumer for Screen {
    fn telegram(&mut self, telegram: &OutputTelegram<'_>, _: &mut Context) {
        self.take(telegram);
    }

    /// Draws the last picture, which stays on the terminal.
    fn finish(&mut self, context: &mut Context) -> bool {
        self.draw(context);
        // Later messages go below the picture, so it has to be on the screen before them.
        let is_drawn = context.output.flush().is_ok();
        context.messages.release();
        is_drawn
    }
}

/// As much of both parts as fits into `rows`. The foot has the status and below it messages; it may
/// take a third of the rows, or all that the upper part leaves. If it is too long, the oldest
/// messages are dropped.
fn page(mut upper: Vec<String>, mut foot: Vec<String>, rows: usize) -> Vec<String> {
    let room = rows.saturating_sub(upper.len()).max(rows / 3).max(1);
    let oldest = 1..1 + foot.len().saturating_sub(room);
    foot.drain(oldest);
    upper.truncate(rows.saturating_sub(foot.len()));
    upper.append(&mut foot);
    upper
}

/// A message over as many rows as it needs.
fn wrapped(message: &str, columns: usize) -> Vec<String> {
    let characters: Vec<char> = message.chars().collect();
    characters.chunks(columns).map(|row| row.iter().collect()).collect()
}

/// Rows and columns of the terminal.
fn size() -> (usize, usize) {
    match rustix::termios::tcgetwinsize(rustix::stdio::stdout()) {
        Ok(size) if size.ws_row > 1 && size.ws_col > 1 => (size.ws_row.into(), size.ws_col.into()),
        _ => (24, 80),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn a_page_shows_everything_if_there_is_room() {
        assert_eq!(page(lines("a b c"), lines("status m n"), 6), lines("a b c status m n"));
    }

    #[test]
    fn a_small_page_keeps_the_status_and_the_latest_message() {
        for (rows, expected) in [
            (9, "a b c d e f status m n"),
            (8, "a b c d e f status n"),
            (7, "a b c d e status n"),
            (6, "a b c d status n"),
            (3, "a b status"),
            (1, "status"),
        ] {
            assert_eq!(page(lines("a b c d e f"), lines("status m n"), rows), lines(expected));
        }
    }

    #[test]
    fn long_messages_are_wrapped() {
        assert_eq!(wrapped("tty: größer", 7), ["tty: gr", "ößer"]);
    }
}
