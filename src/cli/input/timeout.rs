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

use crate::cli::run::{context::Context, stage::Task, status::Stop};
use meterpipe::diagnosis::line_view::LineView;

/// The wait for the next telegram.
pub struct Timeout {
    limit: Option<Duration>,
    last_telegram: Instant,
    telegrams: u64,
    /// The facts beside the octets.
    pub view: LineView,
}

impl Timeout {
    /// Starts to wait for the first telegram of an open input. A regular file is never silent.
    pub fn start(limit: Option<Duration>, file: &OwnedFd, context: &Context) -> Self {
        let kind = rustix::fs::fstat(file).map(|about| FileType::from_raw_mode(about.st_mode));
        let limit = limit.filter(|_| kind != Ok(FileType::RegularFile));
        let (last_telegram, telegrams) = (Instant::now(), context.tally.telegrams);
        Self { limit, last_telegram, telegrams, view: LineView::default() }
    }

    /// Waits until there is something to read, or the end of the input. `task` is kept going during
    /// the wait.
    pub fn wait(
        &mut self,
        file: &OwnedFd,
        task: &mut dyn Task,
        context: &mut Context,
    ) -> Result<(), Stop> {
        if context.tally.telegrams > self.telegrams {
            (self.telegrams, self.last_telegram) = (context.tally.telegrams, Instant::now());
        }
        let mut fds = [PollFd::new(file, PollFlags::IN)];
        loop {
            task.tick(context);
            if task.is_asked_to_end() {
                return Err(Stop::Interrupted);
            }
            let mut left = task.tick_interval();
            if let Some(limit) = self.limit {
                let silent = limit.checked_sub(self.last_telegram.elapsed());
                let late = || context.late(limit, &context.window, &self.view, None);
                left = left.min(silent.ok_or_else(late)?);
            }
            if left == Duration::MAX {
                return Ok(());
            }
            if poll(&mut fds, Timespec::try_from(left).ok().as_ref()).is_ok_and(|ready| ready > 0) {
                return Ok(());
            }
        }
    }
}

/// Opens an input. If the open must not block, a FIFO opens before its writer comes, and
/// [`Timeout::wait`] waits for the writer.
pub fn open(path: &Path, must_not_block: bool) -> io::Result<OwnedFd> {
    if !must_not_block {
        return File::open(path).map(OwnedFd::from);
    }
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    Ok(rustix::fs::open(path, flags, Mode::empty())?)
}
