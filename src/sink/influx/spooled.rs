//! The lines that wait on a disk, and the part of them that is being sent.

use std::path::Path;

use crate::sink::{
    files::{path_template::printable_path, spool::Spool},
    influx::pending::PendingLines,
    traits::Report,
};

/// The spool of one sink, if the user wants one and it works.
#[derive(Debug, Default)]
pub(super) struct SpooledLines {
    spool: Option<Spool>,
    /// The number of first lines in memory that belong to the oldest segment.
    taken: usize,
    /// A failure of the disk was reported.
    failure_reported: bool,
}

impl SpooledLines {
    /// Opens the spool in that folder.
    pub(super) fn open(folder: &Path, report: &dyn Report) -> Self {
        match Spool::open(folder) {
            Ok(spool) => {
                if !spool.is_empty() {
                    report.say(&format!(
                        "readings of an earlier run wait in {}",
                        printable_path(folder)
                    ));
                }
                Self { spool: Some(spool), ..Self::default() }
            }
            Err(error) => {
                report.say(&format!("{}: {error}; nothing is kept there", printable_path(folder)));
                Self::default()
            }
        }
    }

    /// True if nothing waits there besides the lines that are being sent.
    pub(super) fn is_empty(&self) -> bool {
        self.taken > 0 || self.spool.as_ref().is_none_or(Spool::is_empty)
    }

    /// The number of first lines in memory that are on the disk too.
    pub(super) const fn taken(&self) -> usize {
        self.taken
    }

    /// Reads the oldest segment into memory, unless one is there.
    pub(super) fn take(&mut self, pending: &mut PendingLines, report: &dyn Report) {
        while !self.is_empty()
            && let Some(spool) = &mut self.spool
        {
            match spool.oldest() {
                Ok(Some(found)) => {
                    if found.damaged > 0 {
                        report.lost(found.damaged);
                        report.say(&format!("{} readings on the disk are damaged", found.damaged));
                    }
                    self.taken = found.lines.len();
                    pending.push_front(found.lines);
                    if self.taken == 0 {
                        self.forget(report);
                    }
                }
                Ok(None) => return,
                Err(error) => {
                    report.say(&format!("readings on the disk cannot be read: {error}"));
                    spool.skip_oldest();
                }
            }
        }
    }

    /// The first lines are stored or refused.
    pub(super) fn settled(&mut self, count: usize, report: &dyn Report) {
        if self.taken > 0 {
            self.taken = self.taken.saturating_sub(count);
            if self.taken == 0 {
                self.forget(report);
            }
        }
    }

    fn forget(&mut self, report: &dyn Report) {
        if let Some(Err(error)) = self.spool.as_mut().map(Spool::forget_oldest) {
            report.say(&format!("stored readings cannot be removed from the disk: {error}"));
        }
    }

    /// Writes the lines that exist only in memory to the disk. Returns false if that fails.
    pub(super) fn put(&mut self, pending: &mut PendingLines, report: &dyn Report) -> bool {
        let Some(spool) = &mut self.spool else {
            return false;
        };
        match spool.append(pending.iter(self.taken)) {
            Ok(lost) => {
                pending.truncate(self.taken);
                self.failure_reported = false;
                if lost > 0 {
                    report.lost(lost);
                    report
                        .say(&format!("the spool is full: the {lost} oldest readings are dropped"));
                }
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
}
