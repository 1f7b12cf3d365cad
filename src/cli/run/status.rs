//! The exit status of a run, the reasons to stop one, and its counts.

use std::{ops::AddAssign, process::ExitCode, time::Duration};

/// The exit status, and what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// No mistake; also when the reader of standard output went away.
    Fine = 0,
    /// Finished, but some telegrams were rejected.
    Rejected = 1,
    /// Wrong usage, configuration or key file: nothing was read.
    Usage = 2,
    /// No telegram found, or none in time.
    Nothing = 3,
    /// Whole telegrams, and none could be opened.
    Closed = 4,
    /// The device or source cannot be opened, or was lost in a one-shot run.
    Source = 5,
    /// An output failed: not everything was stored.
    Output = 6,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status as u8)
    }
}

/// The reason to stop a run.
#[derive(Debug)]
pub enum Stop {
    /// Standard output has no reader any more.
    ReaderGone,
    /// The run has all telegrams that it wants.
    Done,
    /// A signal asked a live run to end.
    Interrupted,
    /// A failure, with its exit status and its message.
    Failed(Status, String),
}

impl Stop {
    /// A mistake of the user.
    pub fn usage(text: impl Into<String>) -> Self {
        Self::Failed(Status::Usage, text.into())
    }
}

/// The counts of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Telegrams handed on.
    pub telegrams: u64,
    /// Records that are for another stage.
    pub passed: u64,
    /// Frames, lines and telegrams that were refused, for whatever reason.
    pub rejected: u64,
    /// Of these, whole telegrams that no key opens.
    pub closed: u64,
    /// Of these, telegrams that are damaged, or that the key does not fit.
    pub misfits: u64,
    /// Telegrams that are damaged, and that a key fits.
    pub fits: u64,
    /// Of the misfits, telegrams that carry no system title: that of the user was tried.
    pub untitled: u64,
    /// Of the rejected, whole telegrams that were opened, but whose content is wrong.
    pub unsound: u64,
    /// Of the unsound, telegrams without a frame that break off: octets are lost on the line.
    pub broken_off: u64,
    /// Of the rejected, telegrams that a limit of this program cut off.
    pub cut_off: u64,
    /// Telegrams that were read, and that the guard held back from sinks.
    pub held: u64,
    /// Octets that belong to nothing.
    pub noise: u64,
    /// Octets that came in.
    pub octets: u64,
    /// Lines of text that held neither hex nor a record.
    pub prose: u64,
    /// The input began with the header of records.
    pub records: bool,
    /// A source could not be opened, and others could.
    pub source_failed: bool,
    /// An input was a key file.
    pub is_key: bool,
    /// An input was made anonymous.
    pub is_anonymised: bool,
}

impl Tally {
    /// The reason to stop a run that has waited for a telegram this long in vain.
    #[must_use]
    pub fn late(&self, waited: Duration) -> Stop {
        let text = format!("no telegram for {} s", waited.as_secs());
        let status = match self {
            Self { telegrams: 0, closed: 1.., .. } => Status::Closed,
            _ => Status::Nothing,
        };
        Stop::Failed(status, text)
    }

    /// The exit status of a run that came to its end.
    #[must_use]
    pub const fn status(&self) -> Status {
        match self {
            Self { source_failed: true, .. } => Status::Source,
            Self { cut_off: 1.., .. } => Status::Output,
            Self { telegrams: 1.., rejected: 0, .. } => Status::Fine,
            Self { telegrams: 1.., .. } => Status::Rejected,
            Self { closed: 1.., .. } => Status::Closed,
            Self { passed: 1.., rejected: 0, .. } => Status::Fine,
            Self { passed: 1.., .. } | Self { unsound: 1.., .. } => Status::Rejected,
            Self { records: true, octets: 0, rejected: 0, .. } => Status::Fine,
            _ => Status::Nothing,
        }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.telegrams += other.telegrams;
        self.passed += other.passed;
        self.rejected += other.rejected;
        self.closed += other.closed;
        self.misfits += other.misfits;
        self.fits += other.fits;
        self.untitled += other.untitled;
        self.unsound += other.unsound;
        self.broken_off += other.broken_off;
        self.cut_off += other.cut_off;
        self.held += other.held;
        self.noise += other.noise;
        self.octets += other.octets;
        self.prose += other.prose;
        self.records |= other.records;
        self.source_failed |= other.source_failed;
        self.is_key |= other.is_key;
        self.is_anonymised |= other.is_anonymised;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_decoded_and_what_was_rejected_make_the_status() {
        let tally = Tally { octets: 10, ..Tally::default() };
        assert_eq!(tally.status(), Status::Nothing);
        assert_eq!(Tally { records: true, ..Tally::default() }.status(), Status::Fine);
        assert_eq!(Tally { records: true, ..tally }.status(), Status::Nothing);
        assert_eq!(Tally { rejected: 1, ..tally }.status(), Status::Nothing);
        assert_eq!(Tally { rejected: 1, closed: 1, ..tally }.status(), Status::Closed);
        assert_eq!(Tally { rejected: 1, unsound: 1, ..tally }.status(), Status::Rejected);
        let mixed = Tally { rejected: 2, closed: 1, unsound: 1, ..tally };
        assert_eq!(mixed.status(), Status::Closed);
        assert_eq!(Tally { telegrams: 1, ..tally }.status(), Status::Fine);
        assert_eq!(Tally { passed: 1, ..tally }.status(), Status::Fine);
        assert_eq!(Tally { passed: 1, rejected: 1, ..tally }.status(), Status::Rejected);
        let mixed = Tally { telegrams: 1, rejected: 1, closed: 1, ..tally };
        assert_eq!(mixed.status(), Status::Rejected);
    }
}
