//! A file that shows the latest readings, written anew for each.
//!
//! If that fails, what it showed before stays, it is told once, and tried again after a while. Nothing
//! is kept for later: the next readings are as good.

use std::{
    iter,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    backoff::Backoff,
    format::readings::Readings,
    sink::{
        event::SinkEvent,
        files::{atomic, path_template::printable_path},
        queue::QueueReceiver,
        traits::{Report, Sink},
    },
};

/// What can be made from readings.
pub trait Pages: Send {
    /// What the user should know and has not been told yet.
    fn notes(&mut self) -> Vec<String>;

    /// Takes readings in.
    fn take(&mut self, readings: Arc<Readings>);

    /// How long until what is shown is not true any more, without any readings.
    fn fresh_for(&self) -> Option<Duration> {
        None
    }

    /// Hands out each page that has changed, and the file where it belongs; nothing twice.
    fn pages(&mut self) -> Vec<(PathBuf, Vec<u8>)>;
}

/// The sink that writes them.
#[derive(Debug)]
pub struct SnapshotSink<P>(pub P);

/// The longest wait between tries.
const LONGEST_RETRY: Duration = Duration::from_secs(10);

/// How long to wait for readings if nothing else is to be done.
const IDLE_WAIT: Duration = Duration::from_secs(3600);

impl<P: Pages> Sink for SnapshotSink<P> {
    fn run(self: Box<Self>, queue: QueueReceiver, report: &dyn Report) {
        let mut pages = self.0;
        let mut writer = PageWriter::new();
        loop {
            pages.notes().iter().for_each(|note| report.say(note));
            let timeout = writer.wait().or(pages.fresh_for()).unwrap_or(IDLE_WAIT);
            let first = queue.next(timeout);
            let ended = queue.is_ended();
            for event in first.into_iter().chain(iter::from_fn(|| queue.take())) {
                if let SinkEvent::Readings(readings) = event {
                    pages.take(readings);
                }
            }
            pages.notes().iter().for_each(|note| report.say(note));
            writer.add(pages.pages());
            if ended || writer.wait().is_none_or(|wait| wait.is_zero()) {
                writer.write(&queue, report);
            }
            if ended {
                // What is owed is the last page of each file, which nobody will see.
                return report.lost(u64::try_from(writer.unwritten.len()).unwrap_or(u64::MAX));
            }
        }
    }
}

struct PageWriter {
    /// Pages that are not written yet, the latest of each file.
    unwritten: Vec<(PathBuf, Vec<u8>)>,
    backoff: Backoff,
    /// When to try again, if the last try failed.
    retry_at: Option<Instant>,
}

impl PageWriter {
    fn new() -> Self {
        let backoff = Backoff::random(Duration::from_secs(1), LONGEST_RETRY);
        Self { unwritten: Vec::new(), backoff, retry_at: None }
    }

    /// How long until the next try, if the last one failed.
    fn wait(&self) -> Option<Duration> {
        self.retry_at.map(|at| at.saturating_duration_since(Instant::now()))
    }

    fn add(&mut self, pages: Vec<(PathBuf, Vec<u8>)>) {
        for (path, page) in pages {
            self.unwritten.retain(|(other, _)| *other != path);
            self.unwritten.push((path, page));
        }
    }

    fn write(&mut self, queue: &QueueReceiver, report: &dyn Report) {
        let mut failed = None;
        self.unwritten.retain(|(path, page)| match atomic::replace(path, page) {
            Ok(()) => false,
            Err(error) => {
                failed.get_or_insert_with(|| format!("{}: {error}", printable_path(path)));
                true
            }
        });
        if let Some(why) = &failed
            && self.retry_at.is_none()
        {
            report.say(&format!("{why}; what it showed stays, trying again"));
        }
        if failed.is_none() && self.retry_at.is_some() {
            report.say("written again");
            self.backoff.worked_for(Duration::MAX);
        }
        queue.trouble(failed.is_some());
        self.retry_at = failed.map(|_| Instant::now() + self.backoff.delay());
    }
}
