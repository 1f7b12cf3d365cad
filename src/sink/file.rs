//! `file:PATH`: every telegram, a line each, appended to a file.
//!
//! | key | what |
//! |---|---|
//! | `format` | `json` or `csv`; if nothing is said, the ending `.csv` tells |
//! | `fields`, `units`, `names` | what of the readings, and as what |
//! | `csv_locale` | `at`: a semicolon and decimal commas |
//! | `rotate` | `daily`, or a size as in `10MB`: then FILE becomes FILE.1, which becomes FILE.2 … |
//! | `keep` | how many of those are kept; all, if nothing is said |
//!
//! PATH may hold `{meter}` and `{date}`. A line is written at once or not at all. What cannot be
//! written waits, in the queue in front of the sink, and is written as soon as that is possible.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::{
    backoff::Backoff,
    format::{csv::Csv, entry::Format, locale::Locale, readings::Readings, usage::Usage},
    sink::{
        event::SinkEvent,
        files::{
            append::AppendFiles,
            place::{FilePlace, named},
            rotation::Rotation,
        },
        projection::Projection,
        queue::QueueReceiver,
        settings::SinkSettings,
        traits::{Report, Sink},
    },
};

/// How much is written at once, if much is there.
const BATCH: usize = 64 * 1024;

/// The longest wait between tries.
const LONGEST: Duration = Duration::from_secs(10);

/// How long to wait for readings if nothing else is to be done.
const LONG: Duration = Duration::from_secs(3600);

/// Reads what the user says about it.
///
/// # Errors
/// What cannot be meant.
pub fn new(settings: &mut SinkSettings) -> Result<Box<dyn Sink>, Usage> {
    let place = FilePlace::of(settings)?;
    if place.fixed() == Path::new("-") {
        return Err(Usage("file: - is no file; --format writes to standard output".to_owned()));
    }
    let rotation = Rotation::of(settings)?;
    let form = settings.take("format");
    let csv = match form.as_deref() {
        None => place.has_extension("csv"),
        Some("csv") => true,
        Some("json") => false,
        Some(_) => return Err(Usage("format: json or csv expected".to_owned())),
    };
    let locale = match settings.take("csv_locale").as_deref() {
        None => Locale::Standard,
        Some("at") if csv => Locale::Austria,
        Some("at") => return Err(Usage("csv_locale belongs to csv, not to json".to_owned())),
        Some(_) => return Err(Usage("csv_locale: at expected".to_owned())),
    };
    let view = settings.take_view()?;
    let lines = if csv { LineFormat::csv(view, locale) } else { LineFormat::Json(view) };
    let files = AppendFiles::new(rotation, lines.header(), !place.is_fixed());
    Ok(Box::new(Log { place, lines, files, batch: Batch::default(), held: None }))
}

/// How a telegram becomes a line.
enum LineFormat {
    Json(Projection),
    Csv(Box<Csv>, Projection),
}

impl LineFormat {
    fn csv(view: Projection, locale: Locale) -> Self {
        Self::Csv(Box::new(Csv::with_columns(view.keys.clone(), view.units, locale, true)), view)
    }

    /// What stands at the start of a file.
    fn header(&self) -> Vec<u8> {
        let mut text = Vec::new();
        if let Self::Csv(csv, view) = self {
            csv.names(|key| view.name(key), &mut text);
        }
        text
    }

    fn write(&mut self, readings: &Readings, text: &mut Vec<u8>) {
        match self {
            Self::Json(view) => {
                view.write_json(readings, &[], text);
                text.push(b'\n');
            }
            Self::Csv(csv, _) => csv.row(readings, text),
        }
    }

    fn notes(&mut self) -> Vec<String> {
        match self {
            Self::Json(_) => Vec::new(),
            Self::Csv(csv, _) => csv.notes(),
        }
    }
}

/// The sink.
struct Log {
    place: FilePlace,
    lines: LineFormat,
    files: AppendFiles,
    batch: Batch,
    /// What came, and does not belong to the batch.
    held: Option<SinkEvent>,
}

/// Lines that go to the same file.
#[derive(Default)]
struct Batch {
    path: PathBuf,
    text: Vec<u8>,
    readings: u64,
}

impl Batch {
    /// Empties the batch; its room stays.
    fn clear(&mut self) {
        self.text.clear();
        self.readings = 0;
    }
}

impl Sink for Log {
    fn run(mut self: Box<Self>, inbox: QueueReceiver, report: &dyn Report) {
        loop {
            let ended = inbox.is_ended();
            let event = self.held.take().or_else(|| inbox.next(LONG));
            let idle = event.is_none();
            match event {
                Some(SinkEvent::Readings(readings)) => self.gather(&readings, &inbox, report),
                Some(SinkEvent::Reopen) => self.files.close(),
                None => {}
            }
            if !self.store(&inbox, report) {
                return self.give_up(&inbox, report);
            }
            if idle && ended {
                lost(inbox.dropped(), report);
                return self.files.close();
            }
        }
    }
}

impl Log {
    /// Makes a batch of these readings and of those that are there already.
    fn gather(&mut self, readings: &Readings, inbox: &QueueReceiver, report: &dyn Report) {
        self.batch.path = self.place.path(readings);
        self.add(readings);
        while self.batch.text.len() < self.files.batch(BATCH) {
            match inbox.take() {
                Some(SinkEvent::Readings(next)) if self.place.path(&next) == self.batch.path => {
                    self.add(&next);
                }
                other => {
                    self.held = other;
                    break;
                }
            }
        }
        self.lines.notes().iter().for_each(|note| report.say(note));
    }

    fn add(&mut self, readings: &Readings) {
        self.lines.write(readings, &mut self.batch.text);
        self.batch.readings += 1;
    }

    /// Writes the batch, however long it takes; not if the time is over.
    fn store(&mut self, inbox: &QueueReceiver, report: &dyn Report) -> bool {
        let mut backoff = Backoff::random(Duration::from_secs(1), LONGEST);
        let mut failed = false;
        while !self.batch.text.is_empty() {
            let Batch { path, text, .. } = &self.batch;
            match self.files.append(path, text) {
                Ok(()) => self.batch.clear(),
                Err(error) => {
                    if !failed {
                        let text = format!("{}: {error}; trying again", named(path));
                        report.say(&format!("{text}, every {} s at most", LONGEST.as_secs()));
                        inbox.trouble(true);
                    }
                    failed = true;
                    if inbox.deadline().is_some_and(|deadline| deadline <= Instant::now()) {
                        return false;
                    }
                    pause(inbox, backoff.delay());
                }
            }
            self.files.notes().iter().for_each(|note| report.say(note));
        }
        if failed {
            inbox.trouble(false);
            report.say("written again");
            lost(inbox.dropped(), report);
        }
        true
    }

    /// Counts what nobody will write.
    fn give_up(&mut self, inbox: &QueueReceiver, report: &dyn Report) {
        let held = self.held.take().into_iter().chain(std::iter::from_fn(|| inbox.take()));
        let left = held.filter(|event| matches!(event, SinkEvent::Readings(_))).count();
        let left = u64::try_from(left).unwrap_or(u64::MAX);
        lost(left.saturating_add(self.batch.readings).saturating_add(inbox.dropped()), report);
    }
}

fn lost(readings: u64, report: &dyn Report) {
    if readings > 0 {
        report.lost(readings);
    }
}

/// Waits that long, whatever comes; but not beyond the end.
fn pause(inbox: &QueueReceiver, delay: Duration) {
    let again = Instant::now() + delay;
    loop {
        let until = inbox.deadline().map_or(again, |deadline| deadline.min(again));
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        inbox.wait(left);
    }
}
