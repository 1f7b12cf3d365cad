//! `--timeout` of an input that can be silent: a pipe, a FIFO.

use std::{
    fs::File,
    io,
    os::fd::OwnedFd,
    path::Path,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{FileType, Mode, OFlags},
};

use crate::cli::run::{context::Context, status::Stop};

/// How long is waited for the next telegram.
pub struct Timeout {
    limit: Option<Duration>,
    heard: Instant,
    telegrams: u64,
}

/// How often sinks are looked after, at least.
const TICK: Duration = Duration::from_secs(1);

impl Timeout {
    /// With an input that is open now.
    pub fn new(file: &OwnedFd, context: &Context) -> Self {
        let kind = rustix::fs::fstat(file).map(|about| FileType::from_raw_mode(about.st_mode));
        // A file is never silent.
        let limit = context.timeout.filter(|_| kind != Ok(FileType::RegularFile));
        Self { limit, heard: Instant::now(), telegrams: context.tally.telegrams }
    }

    /// Waits until there is something to read, or the end of the input. Sinks are looked after
    /// meanwhile.
    pub fn wait(&mut self, file: &OwnedFd, context: &mut Context) -> Result<(), Stop> {
        if context.tally.telegrams > self.telegrams {
            (self.telegrams, self.heard) = (context.tally.telegrams, Instant::now());
        }
        let mut fds = [PollFd::new(file, PollFlags::IN)];
        loop {
            context.look_after_sinks()?;
            let left = match (self.limit, &context.sinks) {
                (None, None) => return Ok(()),
                (None, Some(_)) => TICK,
                (Some(limit), sinks) => {
                    let left = limit.checked_sub(self.heard.elapsed());
                    let left = left.ok_or_else(|| context.tally.late(limit))?;
                    if sinks.is_some() { left.min(TICK) } else { left }
                }
            };
            if poll(&mut fds, Timespec::try_from(left).ok().as_ref()).is_ok_and(|ready| ready > 0) {
                return Ok(());
            }
        }
    }
}

/// Opens a FIFO without waiting for somebody who writes, which [`Timeout::wait`] does.
pub fn open(path: &Path, context: &Context) -> io::Result<OwnedFd> {
    if context.timeout.is_none() && context.sinks.is_none() {
        return File::open(path).map(OwnedFd::from);
    }
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    Ok(rustix::fs::open(path, flags, Mode::empty())?)
}
