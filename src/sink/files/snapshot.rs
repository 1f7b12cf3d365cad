//! A file that shows the latest readings, rewritten for each.
//!
//! If a write fails, the file keeps its old content, the failure is reported once, and another
//! attempt follows. Nothing is kept for later: the next readings replace these.

use std::{
    collections::BTreeMap,
    io, mem,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    backoff::Backoff,
    file_error,
    format::readings::Readings,
    sink::{
        event::SinkEvent,
        files::{atomic, path_template::printable_path},
        queue::QueueReceiver,
        traits::{Report, Sink, SinkPreview},
    },
};

/// A source of pages that show the latest readings.
pub trait Pages: Send {
    /// As [`Sink::form_of_registers`].
    fn form_of_registers(&self) -> Option<&'static str>;

    /// A remark for the user before any readings come.
    fn remark(&self) -> Option<String> {
        None
    }

    /// Asks if the files can be written.
    ///
    /// # Errors
    /// The obstacle, with the path.
    fn probe(&self) -> Result<String, String>;

    /// Takes readings in.
    fn take(&mut self, readings: Arc<Readings>, report: &dyn Report);

    /// The time after which a page is out of date without new readings.
    fn fresh_for(&self) -> Option<Duration> {
        None
    }

    /// Hands out each changed page with its file, once.
    fn pages(&mut self) -> Vec<(PathBuf, Vec<u8>)>;
}

/// The sink that writes the pages.
#[derive(Debug)]
pub struct SnapshotSink<P> {
    /// The source of the pages.
    pub pages: P,
    /// The mode of new files, if the user has one.
    pub mode: Option<u32>,
}

/// The mode of a new file else. Others may read it, because the program that shows it runs as
/// another user.
const MODE: u32 = 0o644;

/// The longest wait between attempts.
const LONGEST_RETRY: Duration = Duration::from_secs(10);

/// The wait for readings if nothing else is scheduled.
const IDLE_WAIT: Duration = Duration::from_secs(3600);

impl<P: Pages> Sink for SnapshotSink<P> {
    fn form_of_registers(&self) -> Option<&'static str> {
        self.pages.form_of_registers()
    }

    fn run(self: Box<Self>, queue: QueueReceiver, report: &dyn Report) {
        let Self { mut pages, mode } = *self;
        let mut writer = PageWriter::new(mode.unwrap_or(MODE));
        pages.remark().iter().for_each(|remark| report.say(remark));
        loop {
            let timeout = writer.wait().or(pages.fresh_for()).unwrap_or(IDLE_WAIT);
            if let Some(SinkEvent::Readings(readings)) = queue.next(timeout) {
                pages.take(readings, report);
            }
            let ended = queue.is_ended();
            queue.readings().for_each(|readings| pages.take(readings, report));
            writer.add(pages.pages());
            if ended || writer.wait().is_none_or(|wait| wait.is_zero()) {
                writer.write(&queue, report);
            }
            if ended {
                // The remaining pages are the last ones of their files, and nobody will see them.
                return report.lost(u64::try_from(writer.unwritten.len()).unwrap_or(u64::MAX));
            }
        }
    }

    fn probe(&mut self, _: Duration) -> Result<String, String> {
        self.pages.probe()
    }

    fn preview(&mut self, readings: &Arc<Readings>, report: &dyn Report) -> Vec<SinkPreview> {
        self.pages.take(readings.clone(), report);
        let pages = self.pages.pages().into_iter();
        let preview = |(path, content): (PathBuf, _)| SinkPreview {
            place: path.display().to_string(),
            content,
        };
        pages.map(preview).collect()
    }
}

struct PageWriter {
    /// Pages to write, the latest of each file.
    unwritten: BTreeMap<PathBuf, Vec<u8>>,
    mode: u32,
    backoff: Backoff,
    /// The time of the next attempt, after a failure.
    retry_at: Option<Instant>,
}

impl PageWriter {
    fn new(mode: u32) -> Self {
        let backoff = Backoff::random(Duration::from_secs(1), LONGEST_RETRY);
        Self { unwritten: BTreeMap::new(), mode, backoff, retry_at: None }
    }

    /// The wait until the next attempt, after a failure.
    fn wait(&self) -> Option<Duration> {
        self.retry_at.map(|at| at.saturating_duration_since(Instant::now()))
    }

    fn add(&mut self, pages: Vec<(PathBuf, Vec<u8>)>) {
        self.unwritten.extend(pages);
    }

    /// Writes all pages that the disk takes, until the deadline.
    fn write(&mut self, queue: &QueueReceiver, report: &dyn Report) {
        let mut failed = None;
        for (path, page) in mem::take(&mut self.unwritten) {
            let is_late = queue.deadline().is_some_and(|deadline| deadline <= Instant::now());
            let written = match is_late {
                true => Err(io::ErrorKind::TimedOut.into()),
                false => atomic::replace(&path, &page, self.mode),
            };
            if let Err(error) = written {
                let why = file_error::unwritable(&error);
                failed.get_or_insert_with(|| format!("{}: {why}", printable_path(&path)));
                self.unwritten.insert(path, page);
            }
        }
        if let Some(why) = &failed
            && self.retry_at.is_none()
        {
            report.say(&format!("{why}; the old content stays; trying again"));
            report.trouble(Some(why));
        }
        if failed.is_none() && self.retry_at.is_some() {
            report.say("written again");
            report.trouble(None);
            self.backoff.worked_for(Duration::MAX);
        }
        self.retry_at = failed.map(|_| Instant::now() + self.backoff.delay());
    }
}
