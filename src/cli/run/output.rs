//! Standard output or a file, written in large pieces and without loss.

use std::{
    io,
    net::UdpSocket,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{FileType, Stat, fstat},
    io::Errno,
    stdio,
};

use crate::cli::run::{
    signals,
    status::{Status, Stop},
};

/// The octets that are collected before a write.
const FULL: usize = 64 * 1024;

/// The octets that are worth a write of their own.
const LONG: usize = 8 * 1024;

/// The octets that a pipe with room takes without a wait.
const PIECE: usize = 4096;

/// Text that waits for a write.
#[derive(Debug)]
pub struct Output {
    /// The text. Append to it, then call [`settle`](Self::settle).
    pub text: Vec<u8>,
    target: OutputTarget,
    /// A write that failed, until [`settle`](Self::settle) or [`flush`](Self::flush) reports it.
    failed: Option<Stop>,
}

#[derive(Debug)]
enum OutputTarget {
    Stdout,
    File(OwnedFd, String),
}

impl Output {
    /// Standard output.
    #[must_use]
    pub const fn stdout() -> Self {
        Self { text: Vec::new(), target: OutputTarget::Stdout, failed: None }
    }

    /// A file that is open for writing.
    #[must_use]
    pub fn file(file: impl Into<OwnedFd>, name: String) -> Self {
        Self { text: Vec::new(), target: OutputTarget::File(file.into(), name), failed: None }
    }

    /// Appends text; a long one is written without a copy.
    pub fn append(&mut self, text: &[u8]) {
        if text.len() < LONG || self.failed.is_some() {
            self.text.extend_from_slice(text);
        } else if let Err(stop) = self.flush().and_then(|()| self.write(text)) {
            self.failed = Some(stop);
        }
    }

    /// Writes if enough has been collected.
    ///
    /// # Errors
    /// Those of [`flush`](Self::flush).
    pub fn settle(&mut self) -> Result<(), Stop> {
        if self.text.len() >= FULL || self.failed.is_some() { self.flush() } else { Ok(()) }
    }

    /// Writes everything.
    ///
    /// # Errors
    /// [`Stop::ReaderGone`] if standard output is a pipe that nobody reads any more, or does not
    /// read while signals demand the end; else a failure with what the system says, a full disk for
    /// example.
    pub fn flush(&mut self) -> Result<(), Stop> {
        let result = self.failed.take().map_or_else(|| self.write(&self.text), Err);
        self.text.clear();
        result
    }

    fn write(&self, text: &[u8]) -> Result<(), Stop> {
        let may_block = self.may_block();
        let most = if may_block { PIECE } else { text.len() };
        let mut rest = text;
        while !rest.is_empty() {
            let piece = rest.get(..most).unwrap_or(rest);
            // A reader that hangs must not keep the sinks from their end.
            if may_block && !signals::wait_for_room(self.fd()) {
                return Err(Stop::ReaderGone);
            }
            match rustix::io::write(self.fd(), piece) {
                Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                Err(Errno::INTR) => {}
                // Another process made the output non-blocking.
                Err(Errno::AGAIN) if signals::wait_for_room(self.fd()) => {}
                Err(Errno::AGAIN) => return Err(Stop::ReaderGone),
                Err(errno) => return Err(self.stop(errno)),
            }
        }
        Ok(())
    }

    /// True if a write may take for ever in a run that ends by a signal.
    fn may_block(&self) -> bool {
        let is_regular =
            |about: Stat| FileType::from_raw_mode(about.st_mode) == FileType::RegularFile;
        signals::are_caught() && !fstat(self.fd()).is_ok_and(is_regular)
    }

    /// Fails if standard output has no reader any more. A write would fail too, but the next write
    /// may be far off, and the other end of the pipe waits for this process to end.
    ///
    /// # Errors
    /// [`Stop::ReaderGone`], or the error of a socket.
    pub fn check_reader(&self) -> Result<(), Stop> {
        let fd = self.fd();
        let mut fds = [PollFd::new(&fd, PollFlags::empty())];
        let asked = poll(&mut fds, Some(&Timespec::default()));
        match asked.is_ok_and(|_| fds.iter().any(|fd| fd.revents().contains(PollFlags::ERR))) {
            true => self.check_delivery().and(Err(self.stop(Errno::PIPE))),
            false => Ok(()),
        }
    }

    /// Writes everything, at the end of the output.
    ///
    /// # Errors
    /// Those of [`flush`](Self::flush), and the error of a socket that no write has reported.
    pub fn finish(&mut self) -> Result<(), Stop> {
        self.flush().and_then(|()| self.check_delivery())
    }

    /// Fails if the output is a socket with an error that no write has reported: the answer to a
    /// datagram that nobody took comes after its write.
    fn check_delivery(&self) -> Result<(), Stop> {
        // Nothing for anything but a socket.
        let socket = self.fd().try_clone_to_owned().map(UdpSocket::from);
        let error = socket.and_then(|socket| socket.take_error()).ok().flatten();
        match error.as_ref().and_then(Errno::from_io_error) {
            Some(errno) => Err(self.stop(errno)),
            None => Ok(()),
        }
    }

    fn fd(&self) -> BorrowedFd<'_> {
        match &self.target {
            OutputTarget::Stdout => stdio::stdout(),
            OutputTarget::File(file, _) => file.as_fd(),
        }
    }

    fn stop(&self, errno: Errno) -> Stop {
        let name = match &self.target {
            OutputTarget::Stdout if errno == Errno::PIPE => return Stop::ReaderGone,
            OutputTarget::Stdout => "standard output",
            OutputTarget::File(_, name) => name,
        };
        Stop::Failed(Status::Output, format!("{name}: {}", io::Error::from(errno)))
    }
}
