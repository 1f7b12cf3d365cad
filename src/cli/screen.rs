//! The live table of `watch` on a terminal: one screen, updated in place.

use std::time::{Duration, Instant};

use crate::cli::{
    context::{Context, Stage},
    voice::Collected,
};
use jiff::tz::TimeZone;
use meterpipe::{
    chain::{
        decode::{Decode, Output},
        decrypt::Decrypt,
    },
    cipher::ciphered::SystemTitle,
    format::{
        entry::Entry,
        options::Options,
        table::{Table, aligned},
    },
    record::{Place, Record},
};

/// The clock on the screen goes in steps of that.
const STEP: Duration = Duration::from_secs(1);

/// Messages at the foot of the screen.
const MESSAGES: usize = 5;

/// The meters that have a place on the screen.
const METERS: usize = 8;

/// The view.
pub struct Screen {
    chain: Decode,
    zone: TimeZone,
    table: Table,
    meters: Vec<Meter>,
    messages: Collected,
    drawn: Option<Instant>,
    stale: bool,
}

/// What is shown of a meter.
struct Meter {
    title: Option<SystemTitle>,
    lines: Vec<String>,
    counter: Option<u32>,
    heard: Instant,
    good: u64,
    missing: u64,
}

impl Screen {
    /// With the keys of `decrypt`. From now on messages go to the foot of the screen.
    pub fn new(decrypt: Decrypt, zone: TimeZone, options: Options, context: &Context) -> Self {
        Self {
            chain: Decode::new(decrypt),
            zone,
            table: Table::new(options.selection, options.units),
            meters: vec![],
            messages: context.voice.collect(MESSAGES),
            drawn: None,
            stale: true,
        }
    }

    /// Leaves the last picture standing.
    pub fn finish(&mut self, context: &mut Context) {
        self.draw(context);
        context.voice.release();
    }

    fn draw(&mut self, context: &mut Context) {
        let text = &mut context.output.text;
        // Home; every line cleared behind its end; all below cleared. Nothing ever flickers.
        text.extend_from_slice(if self.drawn.is_none() { b"\x1b[2J\x1b[H" } else { b"\x1b[H" });
        let mut lines: Vec<String> = Vec::new();
        for meter in &self.meters {
            lines.extend(meter.lines.iter().cloned());
            lines.push(format!(
                "last telegram {} s ago, {} good, {} missing",
                meter.heard.elapsed().as_secs(),
                meter.good,
                meter.missing
            ));
            lines.push(String::new());
        }
        if self.meters.is_empty() {
            lines.push("waiting for the first telegram".to_owned());
        }
        lines.push(format!("{} damaged, {} octets", context.tally.rejected, context.tally.octets));
        lines.extend(self.messages.borrow().iter().cloned());
        let (rows, columns) = size();
        for (row, line) in lines.iter().take(rows.saturating_sub(1)).enumerate() {
            if row > 0 {
                text.extend_from_slice(b"\r\n");
            }
            let line: String = line.chars().take(columns).collect();
            text.extend_from_slice(line.as_bytes());
            text.extend_from_slice(b"\x1b[K");
        }
        text.extend_from_slice(b"\x1b[J\r\n");
        self.drawn = Some(Instant::now());
        self.stale = false;
    }

    fn meter(&mut self, title: Option<SystemTitle>) -> Option<&mut Meter> {
        let index = match self.meters.iter().position(|meter| meter.title == title) {
            Some(index) => index,
            None if self.meters.len() < METERS => {
                let (lines, counter, heard) = (vec![], None, Instant::now());
                self.meters.push(Meter { title, lines, counter, heard, good: 0, missing: 0 });
                self.meters.len() - 1
            }
            None => return None,
        };
        self.meters.get_mut(index)
    }

    fn run(
        &mut self,
        context: &mut Context,
        run: impl FnOnce(&mut Decode, &mut dyn FnMut(Output<'_>)),
    ) {
        // Moved out and back, because what comes out of the chain goes to the rest of the screen.
        let mut chain = std::mem::take(&mut self.chain);
        let zone = self.zone.clone();
        run(&mut chain, &mut |output: Output<'_>| match output {
            Output::Telegram { telegram, record, .. } => {
                context.tally.telegrams += 1;
                let (received, attributes) = (record.time, record.attributes);
                self.take(&Entry { telegram, zone: &zone, received, attributes });
            }
            other => context.other(&other),
        });
        self.chain = chain;
    }

    fn take(&mut self, entry: &Entry<'_>) {
        let rows = aligned(&self.table.rows(entry));
        let lines = [Table::title(entry)].into_iter().chain(rows).collect();
        let attributes = entry.attributes;
        if let Some(meter) = self.meter(attributes.title) {
            meter.lines = lines;
            meter.heard = Instant::now();
            meter.good += 1;
            // A counter that went back is another meter or a restart: nothing is missing.
            let step =
                attributes.ic.zip(meter.counter).and_then(|(now, last)| now.checked_sub(last));
            meter.missing += u64::from(step.unwrap_or(1).saturating_sub(1));
            meter.counter = attributes.ic;
        }
        self.stale = true;
    }
}

impl Stage for Screen {
    fn feed(&mut self, record: &Record<'_>, place: Place, context: &mut Context) {
        self.run(context, |chain, out| chain.feed(record, place, out));
    }

    fn quiet(&mut self, silent: Duration, context: &mut Context) {
        self.run(context, |chain, out| chain.quiet(silent, out));
    }

    fn end(&mut self, context: &mut Context) {
        self.run(context, |chain, out| chain.end(out));
    }

    fn tick(&mut self, context: &mut Context) {
        if self.stale || self.drawn.is_none_or(|drawn| drawn.elapsed() >= STEP) {
            self.draw(context);
        }
    }

    fn frames(&self) -> u64 {
        self.chain.frames()
    }
}

/// Rows and columns of the terminal.
fn size() -> (usize, usize) {
    match rustix::termios::tcgetwinsize(rustix::stdio::stdout()) {
        Ok(size) if size.ws_row > 1 && size.ws_col > 1 => (size.ws_row.into(), size.ws_col.into()),
        _ => (24, 80),
    }
}
