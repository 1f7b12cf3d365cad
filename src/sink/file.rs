//! `file:PATH`: every telegram as a line, appended to a file.
//!
//! The keys are in [`FILE`].
//!
//! PATH may contain `{meter}` and `{date}`. A line is written whole or not at all. After a failed
//! write the readings wait in the sink's queue, and are written as soon as that is possible.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    backoff::Backoff,
    file_error,
    format::{
        interval_columns::RowColumns,
        key::{FieldKey, Meta},
        locale::Locale,
        readings::Readings,
    },
    sink::{
        accounts::AccountKind,
        event::SinkEvent,
        files::{
            append::{AppendFiles, FileAccess},
            path_template::{PathTemplate, printable_path},
            rotation::Rotation,
        },
        kind::{BuildContext, SinkEnvironment, SinkKind, SinkScheme},
        line_format::LineFormat,
        projection::Projection,
        queue::QueueReceiver,
        settings::{
            SinkSettings,
            error::SettingError,
            key::{SettingKey, SettingType},
            mode::MODE,
        },
        single_meter::SingleMeter,
        traits::{Report, Sink, SinkPreview},
    },
};

/// The most octets in one write.
const BATCH_OCTETS: usize = 64 * 1024;

/// The longest wait between attempts.
const LONGEST_RETRY: Duration = Duration::from_secs(10);

/// The wait for readings if nothing else is scheduled.
const IDLE_WAIT: Duration = Duration::from_secs(3600);

/// The description of the sink.
pub const FILE: SinkKind = SinkKind {
    title: "FILE",
    schemes: &[SinkScheme::file(
        "file",
        "file:PATH",
        "a line for each telegram, appended to a file",
    )],
    about: "PATH may contain `{meter}` and `{date}`. Without `{meter}` one file takes the lines of all \
            meters, which name theirs. On SIGHUP the sink opens its files again, \
            because a log rotation may have moved them away.",
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
        SettingType::Choice(&["at", "de", "ch", "us"]),
        "For csv, the country of a spreadsheet: its separators, and local dates with their offset in a \
         column of its own.",
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
    MODE.or_depending("600; the next file of a rotation has the mode of the one before"),
    SettingKey::new(
        "follow",
        SettingType::Switch,
        "FILE may be a symbolic link. Without this key nobody who can write into the folder can lead the \
         lines elsewhere.",
    )
    .or("false"),
];

/// Builds the sink from its settings.
///
/// # Errors
/// Invalid values.
fn new(settings: &mut SinkSettings, _: &BuildContext<'_>) -> Result<Box<dyn Sink>, SettingError> {
    let path_template = PathTemplate::of(settings)?;
    if path_template.fixed() == Path::new("-") {
        return Err(SettingError::new("file: - is no file; --format writes to standard output"));
    }
    let rotation = Rotation::of(settings)?;
    let csv = match settings.take_choice("format")? {
        None => path_template.has_extension("csv"),
        Some(format) => format == "csv",
    };
    let locale = match settings.take_choice("csv_locale")? {
        None => Locale::Standard,
        Some("ch") if csv => Locale::Switzerland,
        Some("us") if csv => Locale::America,
        Some("de") if csv => Locale::Germany,
        Some(_) if csv => Locale::Austria,
        Some(_) => {
            let message = "csv_locale belongs to csv, not to json";
            return Err(SettingError::new(message).at("csv_locale"));
        }
    };
    let projection = settings.take_projection()?;
    let names_meter =
        |key: &FieldKey| matches!(key, FieldKey::Meta(Meta::Meter | Meta::SystemTitle));
    // The meters of lines that do not name theirs cannot be told apart again.
    let is_for_one_meter = !path_template.is_by_meter()
        && projection.keys.as_ref().is_some_and(|keys| !keys.iter().any(names_meter));
    let usual = (csv && projection.keys.is_none()).then(|| (projection.clone(), locale));
    let lines = match csv {
        true => LineFormat::csv(projection, locale),
        false => LineFormat::Json(projection),
    };
    let access =
        FileAccess { mode: settings.take_mode()?, follow: settings.take_switch("follow")? };
    let files = AppendFiles::new(rotation, lines.header(), access);
    Ok(Box::new(FileSink {
        path_template,
        single_meter: is_for_one_meter.then(SingleMeter::default),
        lines,
        usual,
        files,
        batch: LineBatch::default(),
        next_event: None,
        previewed: BTreeSet::new(),
    }))
}

/// The sink.
struct FileSink {
    path_template: PathTemplate,
    /// The meter of a file for one.
    single_meter: Option<SingleMeter>,
    lines: LineFormat,
    /// How rows are written whose columns the user did not choose, until the first readings choose them.
    usual: Option<(Projection, Locale)>,
    files: AppendFiles,
    batch: LineBatch,
    /// An event that was taken from the queue and does not belong to the batch.
    next_event: Option<SinkEvent>,
    /// The files whose lines were shown instead of written.
    previewed: BTreeSet<PathBuf>,
}

/// Lines for the same file.
#[derive(Default)]
struct LineBatch {
    path: PathBuf,
    text: Vec<u8>,
    readings: u64,
}

impl LineBatch {
    /// Empties the batch; its room stays.
    fn clear(&mut self) {
        self.text.clear();
        self.readings = 0;
    }
}

impl Sink for FileSink {
    fn form_of_registers(&self) -> Option<&'static str> {
        None
    }

    fn run(mut self: Box<Self>, queue: QueueReceiver, report: &dyn Report) {
        report.keeps_account(AccountKind::History);
        loop {
            let ended = queue.is_ended();
            let event = self.next_event.take().or_else(|| queue.next(IDLE_WAIT));
            let idle = event.is_none();
            match event {
                Some(SinkEvent::Readings(readings)) => self.gather(&readings, &queue, report),
                Some(SinkEvent::Reopen) => self.files.close(report),
                None => {}
            }
            if !self.write_batch(&queue, report) {
                return self.give_up(&queue, report);
            }
            if idle && ended {
                report.lost(queue.dropped());
                return self.files.close(report);
            }
        }
    }

    fn probe(&mut self, _: Duration) -> Result<String, String> {
        self.path_template.probe(|path| self.files.check(path))
    }

    fn preview(&mut self, readings: &Arc<Readings>, report: &dyn Report) -> Vec<SinkPreview> {
        self.batch.path = self.path_template.path(readings);
        self.add(readings, report);
        self.lines.notes().iter().for_each(|note| report.say(note));
        let LineBatch { path, text, .. } = std::mem::take(&mut self.batch);
        if text.is_empty() {
            return Vec::new();
        }
        let header = self.files.header_of(&path);
        let header = if self.previewed.contains(&path) { &[] } else { header };
        let content = [header, &text].concat();
        let place = path.display().to_string();
        self.previewed.insert(path);
        vec![SinkPreview { place, content }]
    }
}

impl FileSink {
    /// Makes a batch of these readings and those already in the queue.
    fn gather(&mut self, readings: &Readings, queue: &QueueReceiver, report: &dyn Report) {
        self.batch.path = self.path_template.path(readings);
        self.add(readings, report);
        while self.batch.text.len() < self.files.batch(BATCH_OCTETS) {
            match queue.take() {
                Some(SinkEvent::Readings(next))
                    if self.path_template.path(&next) == self.batch.path =>
                {
                    self.add(&next, report);
                }
                other => {
                    self.next_event = other;
                    break;
                }
            }
        }
        self.lines.notes().iter().for_each(|note| report.say(note));
    }

    fn add(&mut self, readings: &Readings, report: &dyn Report) {
        let place = || printable_path(&self.batch.path);
        if let Some(single_meter) = &mut self.single_meter
            && !single_meter.takes(place, readings, report)
        {
            return single_meter.leave_out(&place(), readings, report);
        }
        if let Some((projection, locale)) = self.usual.take()
            && let Some(columns) = RowColumns::of(readings)
        {
            let keys = Some(columns.keys());
            self.lines = LineFormat::csv(Projection { keys, ..projection }, locale);
            self.files.set_header(self.lines.header());
        }
        self.lines.write(readings, &mut self.batch.text);
        self.batch.readings += 1;
    }

    /// Writes the batch, however long it takes; returns false if the deadline has passed.
    fn write_batch(&mut self, queue: &QueueReceiver, report: &dyn Report) -> bool {
        let mut backoff = Backoff::random(Duration::from_secs(1), LONGEST_RETRY);
        let (mut failed, mut dropped) = (false, 0);
        while !self.batch.text.is_empty() {
            let LineBatch { path, text, readings } = &self.batch;
            match self.files.append(path, text, *readings, report) {
                Ok(()) => {
                    report.stored(self.batch.readings);
                    self.batch.clear();
                }
                Err(error) => {
                    if !failed {
                        let why = file_error::unwritable(&error);
                        let text = format!("{}: {why}; trying again", printable_path(path));
                        report.say(&format!("{text}, every {} s at most", LONGEST_RETRY.as_secs()));
                        report.trouble(Some(&format!("{}: {why}", printable_path(path))));
                        queue.blocked(true);
                    }
                    failed = true;
                    if queue.deadline().is_some_and(|deadline| deadline <= Instant::now()) {
                        return false;
                    }
                    pause(queue, backoff.delay());
                    let more = queue.dropped();
                    report.lost(more);
                    dropped += more;
                }
            }
        }
        if failed {
            report.trouble(None);
            queue.blocked(false);
            let more = queue.dropped();
            report.lost(more);
            report.say(&match dropped + more {
                0 => "written again".to_owned(),
                1 => "written again; a reading had no room to wait".to_owned(),
                many => format!("written again; {many} readings had no room to wait"),
            });
        }
        true
    }

    /// Counts the readings that will not be written.
    fn give_up(&mut self, queue: &QueueReceiver, report: &dyn Report) {
        let next = u64::from(matches!(self.next_event, Some(SinkEvent::Readings(_))));
        report.lost(self.batch.readings + next + queue.abandon());
        self.files.close(report);
    }
}

/// Waits for `delay` regardless of new events, but not beyond the deadline.
fn pause(queue: &QueueReceiver, delay: Duration) {
    let again = Instant::now() + delay;
    loop {
        let until = queue.deadline().map_or(again, |deadline| deadline.min(again));
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        queue.wait(left);
    }
}
