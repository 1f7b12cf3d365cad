//! The live view of `watch` on a terminal: one picture on the alternate screen, updated in place.

mod edge_rows;
pub mod ink;
pub mod large_digits;
pub mod layout;
pub mod line_quality;
pub mod live_meter;
mod meter_rows;
mod pages;
pub mod picture;
mod power_rows;
mod quantity_rows;
pub mod sparkline;
pub mod terminal;

use std::{
    io::Write as _,
    os::fd::BorrowedFd,
    rc::Rc,
    time::{Duration, Instant},
};

use jiff::{Timestamp, tz::TimeZone};

use self::{
    ink::{ScreenInk, ScreenRow, narrow},
    line_quality::LineQuality,
    live_meter::{LiveMeter, ReadingAge},
    picture::{MeterPicture, Picture, ScreenMessage, ScreenPage, ScreenSize},
    terminal::{ScreenKey, ScreenTerminal},
};
use crate::cli::run::{
    context::Context,
    decoder::TelegramConsumer,
    messages::{Collected, CollectedMessage},
    signals::ViewSignals,
    stage::Task,
};
use meterpipe::{
    chain::event::Refusal,
    cipher::ciphered::SystemTitle,
    counted::counted,
    error::Layer,
    format::{entry::OutputTelegram, options::FormatOptions, table::Table, units::Units},
    record,
};

/// The time between two pictures, if nothing happens.
const STEP: Duration = Duration::from_secs(1);

/// The shortest time between two pictures.
const LEAST: Duration = Duration::from_millis(100);

/// A picture that is due so soon is drawn at once: another wake-up costs more than it.
const NEARLY: Duration = Duration::from_millis(10);

/// Messages that are kept for the end.
const MESSAGES: usize = 200;

/// The meters that have a place on the screen.
const METERS: usize = 16;

/// The live view.
pub struct Screen {
    table: Table,
    units: Units,
    /// The zone of all times but those of the meter, which tells its own.
    zone: TimeZone,
    terminal: ScreenTerminal,
    signals: ViewSignals,
    sources: Vec<String>,
    meters: Vec<ScreenMeter>,
    lines: Vec<(String, LineQuality)>,
    messages: Collected,
    started: Instant,
    page: ScreenPage,
    chosen: usize,
    /// True once the user has chosen that meter.
    has_chosen: bool,
    /// The meters at the time when the user held the picture still.
    held: Option<(Vec<MeterPicture>, Instant, String)>,
    is_quit: bool,
    /// The rows on the screen, and its size.
    shown: Vec<ScreenRow>,
    size: Option<ScreenSize>,
    drawn: Option<Instant>,
    /// True if there is something new.
    stale: bool,
}

/// A meter on the screen.
struct ScreenMeter {
    title: Option<SystemTitle>,
    /// Shared with the pictures: only one that is held still needs a copy.
    state: Rc<LiveMeter>,
}

impl Screen {
    /// A view of these sources. From now on it keeps the messages. `ends` is true if SIGHUP ends the run.
    pub fn new(
        options: FormatOptions,
        zone: TimeZone,
        sources: Vec<String>,
        ends: bool,
        context: &Context,
    ) -> Self {
        Self {
            table: Table::new(options.selection, options.units).named(options.names),
            units: options.units,
            zone,
            terminal: ScreenTerminal::new(),
            signals: ViewSignals::catch(ends),
            sources: sources.iter().map(|it| narrow(it)).collect(),
            meters: vec![],
            lines: vec![],
            messages: context.messages.collect(MESSAGES),
            started: Instant::now(),
            page: ScreenPage::default(),
            chosen: 0,
            has_chosen: false,
            held: None,
            is_quit: false,
            shown: vec![],
            size: None,
            drawn: None,
            stale: true,
        }
    }

    fn draw(&mut self, context: &mut Context) {
        self.drawn = Some(Instant::now());
        self.stale = false;
        let text = &mut context.output.text;
        let was_entered = self.terminal.is_entered();
        if !self.terminal.enter(text) {
            return;
        }
        let size = self.terminal.size();
        if !was_entered || self.size != Some(size) {
            text.extend_from_slice(b"\x1b[2J");
            self.shown.clear();
            self.size = Some(size);
        }
        let tally = &context.tally;
        // The quality of the line has the damaged telegrams of a meter that is shown.
        let rest = match (self.meters.is_empty(), tally.rejected, tally.closed) {
            (true, rejected @ 1.., _) => format!(", {rejected} rejected"),
            (false, _, closed @ 1..) => format!(", {closed} not opened"),
            _ => String::new(),
        };
        let counts = format!("{}{rest}", counted(tally.octets, "octet"));
        let rows = layout::rows(&self.picture(counts), size);
        // Only what is different is written, and nothing is cleared before: either would flicker.
        for (at, row) in rows.iter().enumerate() {
            if self.shown.get(at) != Some(row) {
                let _ = write!(text, "\x1b[{};1H", at + 1);
                row.write(self.terminal.colours, text);
                if row.width() < size.columns {
                    text.extend_from_slice(b"\x1b[K");
                }
            }
        }
        self.shown = rows;
    }

    /// `12:34:56`.
    fn local_time(&self, time: Timestamp) -> String {
        time.to_zoned(self.zone.clone()).strftime("%T").to_string()
    }

    fn picture(&self, counts: String) -> Picture {
        let paused = self.held.is_some();
        let (meters, now, clock) = match &self.held {
            Some(held) => held.clone(),
            None => (self.meter_pictures(), Instant::now(), self.local_time(Timestamp::now())),
        };
        Picture {
            clock,
            now,
            meters,
            chosen: self.chosen,
            page: self.page,
            paused,
            has_keys: self.terminal.has_keys(),
            messages: self.latest_messages(),
            sources: self.sources.clone(),
            unread: self.unread(),
            counts,
            waited: now.saturating_duration_since(self.started),
        }
    }

    /// The messages that may fit on the screen.
    fn latest_messages(&self) -> Vec<ScreenMessage> {
        let messages = self.messages.borrow();
        let rows = self.size.map_or(0, |size| size.rows);
        let message = |it: &CollectedMessage| ScreenMessage {
            severity: it.severity,
            time: self.local_time(it.time),
            text: narrow(&it.text),
        };
        messages.iter().skip(messages.len().saturating_sub(rows)).map(message).collect()
    }

    fn meter_pictures(&self) -> Vec<MeterPicture> {
        let now = Instant::now();
        let picture = |it: &ScreenMeter| {
            let line = self.lines.iter().find(|(name, _)| *name == it.state.source);
            let line = line.map(|(_, quality)| quality);
            let quality = match (line, it.state.age(now)) {
                (None, _) => LineQuality::default().words(now),
                (Some(line), ReadingAge::Stale) => line.words_since(it.state.last, now),
                (Some(line), _) => line.words(now),
            };
            MeterPicture { meter: it.state.clone(), quality }
        };
        self.meters.iter().map(picture).collect()
    }

    /// The sources that have brought no telegram, and the quality of their lines.
    fn unread(&self) -> Vec<(String, (ScreenInk, String))> {
        let now = Instant::now();
        let is_unread = |name: &&String| {
            let from = narrow(&record::escape(name));
            !self.meters.iter().any(|it| it.state.source == from)
        };
        let with_quality = |name: &String| {
            let from = narrow(&record::escape(name));
            let line = self.lines.iter().find(|(name, _)| *name == from);
            let quality = line.map_or_else(LineQuality::default, |(_, quality)| quality.clone());
            (name.clone(), quality.words(now))
        };
        self.sources.iter().filter(is_unread).map(with_quality).collect()
    }

    /// The quality of the line of a source.
    fn line_of(&mut self, source: &str) -> Option<&mut LineQuality> {
        let line = match self.lines.iter_mut().position(|(name, _)| name == source) {
            Some(at) => self.lines.get_mut(at),
            None if self.lines.len() < METERS => {
                self.lines.push((source.to_owned(), LineQuality::default()));
                self.lines.last_mut()
            }
            None => None,
        };
        line.map(|(_, quality)| quality)
    }

    fn take(&mut self, entry: &OutputTelegram<'_>) {
        let (now, title) = (Instant::now(), entry.attributes.title);
        let name = live_meter::name(entry);
        let source = narrow(entry.attributes.from.unwrap_or_default());
        // Virtual meters of two sources may have the same title.
        let is_same = |it: &ScreenMeter| match (it.title, title) {
            _ if it.state.source != source => false,
            (Some(known), Some(title)) => known == title,
            _ => it.state.name == name,
        };
        let at = match self.meters.iter().position(is_same) {
            Some(at) => at,
            None if self.meters.len() < METERS => {
                let mut state = LiveMeter::new(name, self.units, now);
                state.source.clone_from(&source);
                self.insert(ScreenMeter { title, state: Rc::new(state) })
            }
            None => return,
        };
        if let Some(meter) = self.meters.get_mut(at) {
            let state = Rc::make_mut(&mut meter.state);
            let missing = state.take(entry, &self.table, now, Timestamp::now());
            let source = meter.state.source.clone();
            if let Some(line) = self.line_of(&source) {
                line.note_good(missing, now);
            }
        }
        self.stale = true;
    }

    /// Adds a meter at the place of its source, behind those that the source has. Returns its index.
    fn insert(&mut self, meter: ScreenMeter) -> usize {
        let of_source = |source: &str| {
            let sources = self.sources.iter();
            sources.map(|it| narrow(&record::escape(it))).position(|it| it == source)
        };
        let rank = |it: &ScreenMeter| of_source(&it.state.source).unwrap_or(usize::MAX);
        let at = self.meters.partition_point(|it| rank(it) <= rank(&meter));
        // The picture shows the meter that the user chose, else the first one. One that is held still has its own list.
        if at <= self.chosen && self.has_chosen && self.held.is_none() {
            self.chosen += 1;
        }
        self.meters.insert(at, meter);
        at
    }

    /// Lets the picture go on that was held still, with the same meter.
    fn let_go(&mut self, held: &[MeterPicture]) {
        let shown = held.get(self.chosen).map(|it| (&it.meter.source, &it.meter.name));
        let same = |it: &ScreenMeter| shown == Some((&it.state.source, &it.state.name));
        self.chosen = self.meters.iter().position(same).unwrap_or_default();
    }

    fn choose(&mut self, meter: usize) {
        (self.chosen, self.has_chosen) = (meter, true);
    }

    fn take_key(&mut self, key: ScreenKey) {
        let meters = self.held.as_ref().map_or(self.meters.len(), |(held, ..)| held.len());
        let meters = meters.max(1);
        match (key, self.page) {
            (ScreenKey::Character('q'), _) => self.is_quit = true,
            (ScreenKey::Character('?' | 'h'), ScreenPage::Help(_)) => {
                self.page = ScreenPage::Overview
            }
            (ScreenKey::Character('?' | 'h'), _) => self.page = ScreenPage::Help(0),
            (ScreenKey::Character('v'), ScreenPage::Values(_)) => self.page = ScreenPage::Overview,
            (ScreenKey::Character('v'), _) => self.page = ScreenPage::Values(0),
            (ScreenKey::Character('p' | ' '), _) => {
                self.held = match self.held.take() {
                    Some((held, ..)) => {
                        self.let_go(&held);
                        None
                    }
                    None => {
                        let Picture { meters, now, clock, .. } = self.picture(String::new());
                        Some((meters, now, clock))
                    }
                };
            }
            (ScreenKey::Next, _) => self.choose((self.chosen + 1) % meters),
            (ScreenKey::Previous, _) => self.choose((self.chosen + meters - 1) % meters),
            (ScreenKey::Back, _) => self.page = ScreenPage::Overview,
            (ScreenKey::Up, _) => self.turn(|from, _| from.saturating_sub(1)),
            (ScreenKey::Down, _) => self.turn(|from, _| from + 1),
            (ScreenKey::PageUp, _) => self.turn(usize::saturating_sub),
            (ScreenKey::PageDown, _) => self.turn(|from, page| from + page),
            (ScreenKey::Character(digit @ '1'..='9'), _) => {
                let at = digit.to_digit(10).and_then(|it| usize::try_from(it).ok());
                let at = at.unwrap_or_default().saturating_sub(1);
                if at < meters {
                    self.choose(at);
                }
            }
            _ => {}
        }
        self.stale = true;
        self.drawn = None;
    }
}

impl Screen {
    /// Moves within a page that may be longer than the screen. `to` gets the first row and the rows of a screen.
    fn turn(&mut self, to: impl Fn(usize, usize) -> usize) {
        let page = self.size.map_or(1, |size| size.rows.saturating_sub(3).max(1));
        self.page = match self.page {
            ScreenPage::Overview => ScreenPage::Overview,
            ScreenPage::Help(from) => {
                ScreenPage::Help(to(from, page).min(self.size.map_or(0, pages::last_help)))
            }
            ScreenPage::Values(from) => {
                let all = self.meters.get(self.chosen).map_or(0, |it| it.state.rows.len());
                // The last rows fill the screen.
                ScreenPage::Values(to(from, page).min(all.saturating_sub(page)))
            }
        };
    }
}

impl Task for Screen {
    fn tick(&mut self, context: &mut Context) {
        if self.signals.is_stopped() {
            // A failure of the terminal is met at the next picture.
            let _ = context.output.flush();
            self.terminal.leave();
            ViewSignals::stop();
        }
        if self.signals.goes_on() {
            // The shell may have changed the modes, or keep the terminal.
            self.terminal.leave();
            self.drawn = None;
        }
        if self.signals.is_resized() {
            self.stale = true;
        }
        for key in self.terminal.keys() {
            self.take_key(key);
        }
        if self.tick_interval() <= NEARLY {
            self.draw(context);
        }
    }

    fn tick_interval(&self) -> Duration {
        let step = if self.stale { LEAST } else { STEP };
        self.drawn.map_or(Duration::ZERO, |drawn| step.saturating_sub(drawn.elapsed()))
    }

    fn keyboard(&self) -> Option<BorrowedFd<'_>> {
        self.terminal.keyboard()
    }

    fn is_asked_to_end(&self) -> bool {
        self.is_quit || self.signals.has_hung_up()
    }
}

impl TelegramConsumer for Screen {
    fn telegram(&mut self, telegram: &OutputTelegram<'_>, _: &mut Context) {
        self.take(telegram);
    }

    fn refused(&mut self, refusal: &Refusal<'_>) {
        let is_closed = matches!(refusal.error.layer, Layer::Cipher | Layer::Key);
        if let (Some(source), false) = (refusal.from, is_closed)
            && let Some(line) = self.line_of(&narrow(source))
        {
            line.note_damaged(Instant::now());
        }
        self.stale = true;
    }

    /// Gives the terminal back, with the messages of the run.
    fn finish(&mut self, context: &mut Context) -> bool {
        let mut is_written = context.output.flush().is_ok();
        self.terminal.leave();
        if context.done {
            // A run that has all telegrams that it wants leaves the last ones on the screen.
            let state = |it: &ScreenMeter| it.state.last_table();
            let tables: Vec<_> = self.meters.iter().map(state).collect();
            context.output.text.extend_from_slice(tables.join("\n").as_bytes());
            is_written &= context.output.flush().is_ok();
        }
        self.signals.release();
        context.messages.release();
        is_written
    }
}
