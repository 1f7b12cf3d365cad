//! The part that all live sources share: lost, waiting and back, and a wait that a signal
//! interrupts.

use core::{mem, time::Duration};
use std::{io, os::fd::BorrowedFd, time::Instant};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};

use super::{
    Burst, OpenError, Source, SourceEvent, SourceLine,
    event::{CurrentLine, UNPLUGGED},
};
use crate::{backoff::Backoff, file_error, record::Time};

/// The longest that a read blocks.
pub(super) const READ_TIMEOUT: Duration = Duration::from_secs(1);

/// A port that is opened again and again: the difference between a tty and a socket.
pub(super) trait Endpoint: Send {
    /// The open port. Dropping it closes everything.
    type Port: Send;

    /// True if an open port proves that the source is back. Otherwise its first octet does: a TCP
    /// server accepts connections even while its own device is unplugged.
    const BACK_WHEN_OPEN: bool;

    fn name(&self) -> &str;

    /// Opens the port. Returns `None` after a while if that takes longer.
    fn open(&mut self) -> Result<Option<Self::Port>, OpenError>;

    /// Waits for octets and appends them to `burst`. An error is the reason why the port is lost.
    fn pull(&mut self, port: &mut Self::Port, burst: &mut Burst) -> Result<(), String>;

    /// The next remark for the user.
    fn note(&mut self) -> Option<String> {
        None
    }

    fn line(&self) -> SourceLine {
        SourceLine::default()
    }

    fn frames_seen(&mut self) {}

    fn current_line(&self) -> Option<CurrentLine> {
        None
    }
}

/// An endpoint with its state.
pub(super) struct Reconnecting<L: Endpoint> {
    endpoint: L,
    /// True if the run waits for the device; a one-shot run gives up at once.
    lasting: bool,
    backoff: Backoff,
    port: Option<L::Port>,
    /// The time of the next attempt, while there is no port.
    retry_at: Instant,
    /// The time since which the user knows that the source is away.
    away_since: Option<Instant>,
    /// The kind of error that was reported, and the kind that the last attempt met.
    reported: Option<OpenErrorKind>,
    last_error: Option<OpenErrorKind>,
    /// The time of the first octet from this port.
    receiving_since: Option<Instant>,
    /// Octets that follow the event `Back`.
    deferred: Option<Burst>,
}

type OpenErrorKind = mem::Discriminant<OpenError>;

impl<L: Endpoint> Reconnecting<L> {
    pub(super) fn new(endpoint: L, lasting: bool, backoff: Backoff) -> Self {
        Self {
            endpoint,
            lasting,
            backoff,
            port: None,
            retry_at: Instant::now(),
            away_since: None,
            reported: None,
            last_error: None,
            receiving_since: None,
            deferred: None,
        }
    }

    fn connect(&mut self) -> Result<SourceEvent, OpenError> {
        let rest = self.retry_at.saturating_duration_since(Instant::now());
        if !rest.is_zero() {
            // A signal that ends the wait counts as quiet: the caller checks its flags.
            let _ = ready(None, rest.min(READ_TIMEOUT));
            return Ok(SourceEvent::Quiet);
        }
        match self.endpoint.open() {
            Ok(None) => Ok(SourceEvent::Quiet),
            Ok(Some(port)) => {
                self.port = Some(port);
                Ok(if L::BACK_WHEN_OPEN { self.back() } else { None }.unwrap_or(SourceEvent::Quiet))
            }
            Err(error) if self.lasting => Ok(self.wait(&error)),
            Err(error) => Err(error),
        }
    }

    /// Schedules the next attempt, and reports the error if it is news.
    ///
    /// The first error is reported at once. An error of another kind has to occur twice: a node
    /// that comes back belongs to nobody for a moment, until udev has set its group.
    fn wait(&mut self, error: &OpenError) -> SourceEvent {
        self.retry_at = Instant::now() + self.backoff.delay();
        let kind = mem::discriminant(error);
        let lasts = self.last_error.replace(kind) == Some(kind);
        if self.reported == Some(kind) || !(self.reported.is_none() || lasts) {
            return SourceEvent::Quiet;
        }
        self.reported = Some(kind);
        self.away_since.get_or_insert_with(Instant::now);
        SourceEvent::Waiting(error.to_string())
    }

    fn back(&mut self) -> Option<SourceEvent> {
        self.reported = None;
        self.last_error = None;
        self.away_since.take().map(|since| SourceEvent::Back(since.elapsed()))
    }

    fn lose(&mut self, reason: String) -> Result<SourceEvent, OpenError> {
        // Close first: while the old node is held, the kernel gives the adapter another number.
        self.port = None;
        let name = self.endpoint.name().to_owned();
        let lost = OpenError::Lost { name, reason: reason.clone() };
        if let Some(since) = self.receiving_since.take() {
            self.backoff.worked_for(since.elapsed());
        }
        self.retry_at = Instant::now() + self.backoff.delay();
        if !self.lasting {
            return Err(lost);
        }
        if self.away_since.is_some() {
            return Ok(SourceEvent::Quiet);
        }
        self.away_since = Some(Instant::now());
        // The user knows that a lost device is missing, so no second message says it.
        let missing = OpenError::Missing { path: Default::default(), available: Vec::new() };
        self.reported = Some(mem::discriminant(&missing));
        Ok(SourceEvent::Lost(reason))
    }

    fn octets(&mut self, burst: &mut Burst) -> SourceEvent {
        self.receiving_since.get_or_insert_with(Instant::now);
        let Some(back) = self.back() else { return SourceEvent::Octets };
        self.deferred = Some(mem::take(burst));
        back
    }
}

impl<L: Endpoint> Source for Reconnecting<L> {
    fn name(&self) -> &str {
        self.endpoint.name()
    }

    fn read(&mut self, burst: &mut Burst) -> Result<SourceEvent, OpenError> {
        burst.clear();
        if let Some(deferred) = self.deferred.take() {
            *burst = deferred;
            return Ok(SourceEvent::Octets);
        }
        if let Some(note) = self.endpoint.note() {
            return Ok(SourceEvent::Note(note));
        }
        let Some(port) = &mut self.port else { return self.connect() };
        match self.endpoint.pull(port, burst) {
            Ok(()) if burst.octets.is_empty() => Ok(SourceEvent::Quiet),
            Ok(()) => Ok(self.octets(burst)),
            Err(reason) => self.lose(reason),
        }
    }

    fn line(&self) -> SourceLine {
        self.endpoint.line()
    }

    fn frames_seen(&mut self, frames: usize) {
        if frames > 0 {
            self.endpoint.frames_seen();
        }
    }

    fn current_line(&self) -> Option<CurrentLine> {
        self.endpoint.current_line()
    }
}

/// Waits for octets on `file` and reads them. Returns nothing if none came within [`READ_TIMEOUT`].
///
/// The file must be non-blocking. An error is the reason for the loss: a device that is gone reads
/// as end of input or as an error, for ever.
pub(super) fn read_some<'a>(
    file: BorrowedFd<'_>,
    room: &'a mut [u8],
    burst: &mut Burst,
) -> Result<&'a [u8], String> {
    let flags = match ready(Some(file), READ_TIMEOUT) {
        Ok(flags) if flags.is_empty() => return Ok(&[]),
        Ok(flags) => flags,
        Err(Errno::INTR) => return Ok(&[]),
        Err(error) => return Err(file_error::plain(&io::Error::from(error))),
    };
    burst.time = now();
    match rustix::io::read(file, &mut *room) {
        Ok(0) => Err(format!("closed at the other end{UNPLUGGED}")),
        Ok(length) => Ok(room.get(..length).unwrap_or_default()),
        // A hang-up can look like this: always ready, and nothing to read.
        Err(Errno::AGAIN) if flags.intersects(HANG_UP) => Err("hung up".to_owned()),
        Err(Errno::INTR | Errno::AGAIN) => Ok(&[]),
        Err(error) => Err(file_error::plain(&io::Error::from(error))),
    }
}

/// Waits until `file` is readable or gone, or only waits. A signal ends the wait.
pub(super) fn ready(file: Option<BorrowedFd<'_>>, timeout: Duration) -> Result<PollFlags, Errno> {
    let timeout = Timespec::try_from(timeout).map_err(|_| Errno::INVAL)?;
    let mut files = file.map(|file| PollFd::from_borrowed_fd(file, PollFlags::IN));
    poll(files.as_mut_slice(), Some(&timeout))?;
    Ok(files.map_or(PollFlags::empty(), |file| file.revents()))
}

pub(super) fn now() -> Time {
    Time::from_millis(jiff::Timestamp::now().as_millisecond())
}

const HANG_UP: PollFlags = PollFlags::HUP.union(PollFlags::ERR).union(PollFlags::NVAL);
