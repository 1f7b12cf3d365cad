//! `file:PATH`: every telegram, a line each, appended to a file.
//!
//! The keys are in [`FILE`].
//!
//! PATH may hold `{meter}` and `{date}`. A line is written at once or not at all. What cannot be
//! written waits, in the queue in front of the sink, and is written as soon as that is possible.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::{
    backoff::Backoff,
    format::{
        csv::{Csv, Locale},
        entry::Format,
        readings::Readings,
    },
    sink::{
        event::SinkEvent,
        files::{
            append::AppendFiles,
            place::{FilePlace, named},
            rotation::Rotation,
        },
        kind::{BuildContext, SinkEnvironment, SinkKind, SinkScheme, TargetForm},
        projection::Projection,
        queue::QueueReceiver,
        settings::{
            SinkSettings,
            error::SettingError,
            key::{SettingKey, SettingType},
        },
        traits::{Report, Sink},
    },
};

/// How much is written at once, if much is there.
const BATCH: usize = 64 * 1024;

/// The longest wait between tries.
const LONGEST: Duration = Duration::from_secs(10);

/// How long to wait for readings if nothing else is to be done.
const LONG: Duration = Duration::from_secs(3600);

/// The description of the sink.
pub const FILE: SinkKind = SinkKind {
    title: "FILE",
    schemes: &[SinkScheme {
        name: "file",
        form: TargetForm::File,
        example: "file:PATH",
        help: "a line for each telegram, appended to a file",
    }],
    about: "PATH may hold `{meter}` and `{date}`. On SIGHUP the sink opens files anew that were moved \
            away.",
    keys: &[KEYS],
    notes: "",
    environment: SinkEnvironment::KEYS_ONLY,
    build: new,
};

const KEYS: &[SettingKey] = &[
    SettingKey::new("format", SettingType::Choice(&["json", "csv"]), "The format of a line.")
        .or_depending("csv for a PATH that ends in .csv, else json"),
    SettingKey::new(
        "csv_locale",
        SettingType::Choice(&["at"]),
        "For csv, `at` writes semicolons and decimal commas.",
    ),
    SettingKey::new(
        "rotate",
        SettingType::Text("daily|SIZE"),
        "`daily`, or a size as in `10MB`: FILE then becomes FILE.1, FILE.1 becomes FILE.2, and so \
         on.",
    ),
    SettingKey::new(
        "keep",
        SettingType::Number("files"),
        "With `rotate`: the sink removes the oldest files beyond this number.",
    )
    .or_depending("all files"),
];

/// Reads the settings.
///
/// # Errors
/// A setting that cannot be meant.
fn new(settings: &mut SinkSettings, _: &BuildContext<'_>) -> Result<Box<dyn Sink>, SettingError> {
    let place = FilePlace::of(settings)?;
    if place.fixed() == Path::new("-") {
        return Err(SettingError::new("file: - is no file; --format writes to standard output"));
    }
    let rotation = Rotation::of(settings)?;
    let csv = match settings.take_choice("format")? {
        None => place.has_extension("csv"),
        Some(format) => format == "csv",
    };
    let locale = match settings.take_choice("csv_locale")? {
        None => Locale::Standard,
        Some(_) if csv => Locale::Austria,
        Some(_) => {
            let message = "csv_locale belongs to csv, not to json";
            return Err(SettingError::new(message).at("csv_locale"));
        }
    };
    let projection = settings.take_projection()?;
    let lines = match csv {
        true => LineFormat::csv(projection, locale),
        false => LineFormat::Json(projection),
    };
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
                Ok(()) => self.batch = Batch::default(),
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
