//! The lines that wait on a disk, and the part of them that is being sent.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
    time::{Duration, Instant},
};

use crate::counted::{counted, verb};
use crate::sink::{
    files::path_template::printable_path,
    spool::{pending::PendingLines, segments::Spool},
    traits::Report,
};

/// The time between two tries to open a folder that cannot be used.
const REOPEN_INTERVAL: Duration = Duration::from_secs(60);

/// The time between two tries to write lines to a disk that fails.
const KEEP_INTERVAL: Duration = Duration::from_secs(5);

/// The largest size of the file of refused lines.
const MOST_REFUSED: u64 = 1024 * 1024;

/// The spool of one sink, if the user wants one.
#[derive(Debug, Default)]
pub struct SpooledLines {
    folder: Option<PathBuf>,
    /// The file for lines that a server refuses for good, beside the segments.
    refused: &'static str,
    /// While the server is away, lines that are this old go to the disk.
    sync: Duration,
    spool: Option<Spool>,
    /// The last try to open the folder.
    tried: Option<Instant>,
    /// The number of first lines in memory that belong to the oldest segment.
    taken: usize,
    /// The last try to write lines to the disk, if it failed.
    keep_tried: Option<Instant>,
    /// A failure of the disk was reported.
    failure_reported: bool,
    /// The disk does not let go of stored lines, and that was reported.
    removal_reported: bool,
}

impl SpooledLines {
    /// The spool in a folder, if there is to be one, with a file of that name for refused lines.
    pub fn new(folder: Option<PathBuf>, refused: &'static str, sync: Duration) -> Self {
        Self { folder, refused, sync, ..Self::default() }
    }

    /// Opens the folder at the end of a run, when no later try comes.
    fn open_last(&mut self, report: &dyn Report) {
        self.tried = self.tried.and_then(|tried| tried.checked_sub(REOPEN_INTERVAL));
        self.open(report);
    }

    /// Opens the folder if it is not open. A disk may come later than this program.
    pub fn open(&mut self, report: &dyn Report) {
        let Some(folder) = self.folder.as_ref().filter(|_| self.spool.is_none()) else {
            return;
        };
        if self.tried.is_some_and(|tried| tried.elapsed() < REOPEN_INTERVAL) {
            return;
        }
        let name = printable_path(folder);
        match Spool::open(folder) {
            Ok(spool) => {
                if !spool.is_empty() {
                    report.say(&format!("readings of an earlier run wait in {name}"));
                } else if self.tried.is_some() {
                    report.say(&format!("{name}: can be used now"));
                }
                report.found(spool.lines());
                self.spool = Some(spool);
                self.account(report);
            }
            Err(error) if self.tried.is_none() => {
                let interval = REOPEN_INTERVAL.as_secs();
                report.say(&format!(
                    "{name}: {error}; nothing is kept there, trying again every {interval} s"
                ));
            }
            Err(_) => {}
        }
        self.tried = Some(Instant::now());
    }

    /// True if nothing waits there besides the lines that are being sent.
    pub fn is_empty(&self) -> bool {
        self.taken > 0 || self.spool.as_ref().is_none_or(Spool::is_empty)
    }

    /// True if lines wait on the disk that are not in memory.
    pub fn has_more(&self) -> bool {
        self.spool.as_ref().is_some_and(|spool| spool.segments() > usize::from(self.taken > 0))
    }

    /// The number of first lines in memory that are on the disk too.
    pub const fn taken(&self) -> usize {
        self.taken
    }

    /// Reads the oldest segment into memory, unless one is there.
    pub fn take(&mut self, pending: &mut PendingLines, report: &dyn Report) {
        while !self.is_empty()
            && let Some(spool) = &mut self.spool
        {
            match spool.oldest() {
                Ok(Some(found)) => {
                    if found.damaged > 0 {
                        report.lost(found.damaged);
                        report.say(&match found.damaged {
                            1 => "a reading on the disk is damaged".to_owned(),
                            many => format!("{many} readings on the disk are damaged"),
                        });
                    }
                    if found.zeros > 0 {
                        report.say(&format!(
                            "{} zeros stand on the disk in place of readings",
                            found.zeros
                        ));
                    } else if found.is_torn {
                        report.say("the last reading on the disk breaks off, and is left out");
                    }
                    self.taken = found.lines.len();
                    pending.push_front(found.lines);
                    if self.taken == 0 {
                        self.forget(report);
                    }
                    self.account(report);
                }
                Ok(None) => return,
                Err(error) => {
                    report.say(&format!(
                        "readings on the disk cannot be read, and stay there: {error}"
                    ));
                    spool.skip_oldest();
                }
            }
        }
    }

    /// The first lines are stored or refused.
    pub fn settled(&mut self, count: usize, report: &dyn Report) {
        if self.taken > 0 {
            self.taken = self.taken.saturating_sub(count);
            if self.taken == 0 {
                self.forget(report);
            }
            self.account(report);
        }
    }

    /// Reports the number of lines on the disk that are not settled.
    fn account(&self, report: &dyn Report) {
        let Some(spool) = &self.spool else {
            return;
        };
        let settled = match self.taken {
            0 => 0,
            taken => spool.oldest_lines() - count(taken).min(spool.oldest_lines()),
        };
        report.on_disk(spool.lines() - settled);
    }

    fn forget(&mut self, report: &dyn Report) {
        if let Some(Err(error)) = self.spool.as_mut().map(Spool::forget_oldest)
            && !core::mem::replace(&mut self.removal_reported, true)
        {
            report.say(&format!(
                "stored readings cannot be removed from the disk, so the next start sends them again: \
                 {error}"
            ));
        }
    }

    /// When lines have to go to the disk if the server is away; `None` without a spool.
    pub fn keep_at(&self, pending: &PendingLines) -> Option<Instant> {
        let since = pending.since(self.taken).filter(|_| self.folder.is_some())?;
        let due = if pending.is_full() { since } else { since + self.sync };
        Some(self.keep_tried.map_or(due, |tried| due.max(tried + KEEP_INTERVAL)))
    }

    /// Writes lines to the disk when it is time, while the server is away. The first lines may be in
    /// flight.
    pub fn keep_old_lines(
        &mut self,
        pending: &mut PendingLines,
        in_flight: usize,
        report: &dyn Report,
    ) {
        // Lines may have come since the caller looked at its clock.
        let now = Instant::now();
        let was_untaken = self.taken == 0;
        if self.keep_at(pending).is_some_and(|at| at <= now) {
            let is_put = self.put(pending, in_flight, report);
            self.keep_tried = (!is_put).then_some(now);
        }
        // A segment of which a part is stored already is sent again as a whole, so it stays in memory
        // while there is room.
        if in_flight == 0 && (was_untaken || pending.is_crowded()) {
            self.release(pending, report);
        }
    }

    /// Writes the lines that exist only in memory to the disk. Returns false if that fails. Lines in
    /// flight, and those that come first on the disk, stay in memory as well.
    fn put(&mut self, pending: &mut PendingLines, in_flight: usize, report: &dyn Report) -> bool {
        self.open(report);
        let Some(spool) = &mut self.spool else {
            return false;
        };
        let is_first = spool.is_empty();
        match spool.append(pending.iter(self.taken)) {
            Ok(dropped) => {
                self.failure_reported = false;
                if is_first {
                    self.taken = pending.len();
                    spool.is_sent_now();
                }
                // Lines in flight may be stored, and are sent again from the disk.
                report.found(count(in_flight.min(pending.len()).saturating_sub(self.taken)));
                pending.truncate(self.taken.max(in_flight));
                let (lines, unreadable) = (dropped.lines, dropped.unreadable);
                if lines > 0 {
                    report.lost(lines);
                    report.say(&match lines {
                        1 => "the spool is full: the oldest reading is dropped".to_owned(),
                        lines => {
                            format!("the spool is full: the {lines} oldest readings are dropped")
                        }
                    });
                }
                if unreadable > 0 {
                    report.found(1);
                    report.lost(1);
                    report.say(&format!(
                        "the spool is full: {} that cannot be read {} dropped",
                        counted(unreadable, "octet"),
                        verb(unreadable, "is", "are")
                    ));
                }
                self.account(report);
                true
            }
            Err(error) => {
                if !core::mem::replace(&mut self.failure_reported, true) {
                    report.say(&format!("waiting readings cannot be written to the disk: {error}"));
                }
                false
            }
        }
    }

    /// Keeps the remaining lines on the disk at the end of a run, or counts them as lost.
    pub fn give_up(&mut self, pending: &mut PendingLines, report: &dyn Report) {
        self.open_last(report);
        let waiting = pending.len();
        if waiting > 0 && self.put(pending, 0, report) {
            pending.truncate(0);
            report.say(&format!(
                "{} {} on the disk for the next start",
                counted(waiting, "reading"),
                verb(waiting, "waits", "wait")
            ));
        }
        let lost = pending.len().saturating_sub(self.taken);
        report.lost(count(lost));
    }

    /// Leaves the first lines to the disk alone, to make room in memory. None may be in flight; all of
    /// their segment is sent again later.
    fn release(&mut self, pending: &mut PendingLines, report: &dyn Report) {
        if self.taken == 0 {
            return;
        }
        pending.remove(self.taken);
        if let Some(spool) = &mut self.spool {
            report.found(spool.oldest_lines() - count(self.taken).min(spool.oldest_lines()));
            spool.is_sent_later();
        }
        self.taken = 0;
        self.account(report);
    }

    /// Keeps a line that the server will never take, for the user to look at. Returns the name of the
    /// file; `None` if there is no folder for it, or no room.
    pub fn park(&self, line: &[u8]) -> Option<String> {
        let path = self.folder.as_ref().filter(|_| self.spool.is_some())?.join(self.refused);
        let append = || -> io::Result<bool> {
            let mut options = OpenOptions::new();
            let mut file = options.create(true).append(true).mode(0o600).open(&path)?;
            let has_room = file.metadata()?.len() < MOST_REFUSED;
            if has_room {
                file.write_all(line)?;
            }
            Ok(has_room)
        };
        append().unwrap_or_default().then(|| printable_path(&path))
    }
}

fn count(lines: usize) -> u64 {
    u64::try_from(lines).unwrap_or(u64::MAX)
}
