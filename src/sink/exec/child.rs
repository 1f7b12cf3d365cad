//! The running program.
#![expect(
    clippy::disallowed_types,
    reason = "the program gets no secret, neither as argument nor as variable"
)]

use std::{
    env, fmt,
    fs::{File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::{
        fd::AsRawFd as _,
        unix::{
            fs::OpenOptionsExt as _,
            process::{CommandExt as _, ExitStatusExt as _},
        },
    },
    path::{Path, PathBuf},
    process::{Child, ChildStderr, ChildStdin, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{Access, OFlags, access},
    process::{Pid, Signal, kill_process_group},
};

use crate::{
    format::printable::printable,
    sink::{
        exec::{environment, remarks::ProgramRemarks},
        queue::QueueReceiver,
        traits::Report,
    },
};

/// The program and what it is started with.
#[derive(Clone)]
pub(super) struct ProgramCall {
    pub(super) program: PathBuf,
    pub(super) args: Vec<String>,
    /// Variables of the user's.
    pub(super) env: Vec<(String, String)>,
}

/// A program that runs.
#[derive(Debug)]
pub(super) struct RunningProgram {
    child: Child,
    stdin: Option<ChildStdin>,
    /// The other end of the closed pipe: with it the system still counts what nobody has read.
    rest: Option<File>,
    stderr: Option<ChildStderr>,
    started: Instant,
    /// The program has closed its standard input.
    has_closed: bool,
}

/// The most octets of standard error that are read at once.
const MOST_REMARKS: usize = 64 * 1024;

impl fmt::Display for ProgramCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.program.display().to_string()))
    }
}

impl ProgramCall {
    /// Starts the program, in a process group of its own: Ctrl-C at a terminal ends this process, which then
    /// ends the program in its own way.
    pub(super) fn start(&self) -> io::Result<RunningProgram> {
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .env_clear()
            .envs(environment::passed_on())
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0);
        let mut child = command.spawn()?;
        let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
        // These flags are those of our own ends of the pipes.
        stdin.iter().try_for_each(|end| rustix::io::ioctl_fionbio(end, true))?;
        stderr.iter().try_for_each(|end| rustix::io::ioctl_fionbio(end, true))?;
        let (rest, has_closed) = (None, false);
        Ok(RunningProgram { child, stdin, rest, stderr, started: Instant::now(), has_closed })
    }

    /// The path of the program, if it can be started.
    pub(super) fn find(&self) -> Result<PathBuf, String> {
        let is_program = |path: &Path| path.is_file() && access(path, Access::EXEC_OK).is_ok();
        if self.program.components().count() > 1 || self.program.is_absolute() {
            return match (is_program(&self.program), self.program.is_file()) {
                (true, _) => Ok(self.program.clone()),
                (_, true) => Err(format!("{self}: not executable: chmod +x {self}")),
                _ => Err(format!("{self}: no such program")),
            };
        }
        let path = env::var_os("PATH").unwrap_or_default();
        let found = env::split_paths(&path).map(|folder| folder.join(&self.program));
        let missing = || format!("{self}: no folder of PATH has such a program");
        found.into_iter().find(|path| is_program(path)).ok_or_else(missing)
    }
}

impl RunningProgram {
    /// The time since the start.
    pub(super) fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    /// Writes as much as the pipe takes; returns the number of octets.
    pub(super) fn write(&mut self, text: &[u8]) -> usize {
        let Some(stdin) = &mut self.stdin else {
            return 0;
        };
        match stdin.write(text) {
            Ok(octets) => octets,
            Err(error) => {
                let later = [io::ErrorKind::WouldBlock, io::ErrorKind::Interrupted];
                self.has_closed |= !later.contains(&error.kind());
                0
            }
        }
    }

    /// True if the program has closed its standard input.
    pub(super) const fn has_closed(&self) -> bool {
        self.has_closed
    }

    /// The number of octets in the pipe that the program has not read.
    pub(super) fn unread(&self) -> usize {
        let unread = match &self.stdin {
            Some(stdin) => rustix::io::ioctl_fionread(stdin).ok(),
            None => self.rest.as_ref().and_then(|rest| rustix::io::ioctl_fionread(rest).ok()),
        };
        unread.and_then(|octets| usize::try_from(octets).ok()).unwrap_or_default()
    }

    /// Closes the standard input of the program.
    pub(super) fn close(&mut self) {
        if let Some(stdin) = self.stdin.take() {
            let pipe = format!("/proc/self/fd/{}", stdin.as_raw_fd());
            let flags = OFlags::NONBLOCK.bits().cast_signed();
            self.rest = OpenOptions::new().read(true).custom_flags(flags).open(pipe).ok();
        }
    }

    /// Waits for an event of the queue or of the program, for room in the pipe if there is text for it, or
    /// for this time.
    pub(super) fn wait(&mut self, queue: &QueueReceiver, has_text: bool, timeout: Duration) {
        let mut fds = vec![PollFd::new(queue, PollFlags::IN)];
        if let Some(stderr) = &self.stderr {
            fds.push(PollFd::new(stderr, PollFlags::IN));
        }
        if let Some(stdin) = &self.stdin {
            let flags = if has_text { PollFlags::OUT } else { PollFlags::empty() };
            fds.push(PollFd::new(stdin, flags));
        }
        let ready = poll(&mut fds, Timespec::try_from(timeout).ok().as_ref());
        if !ready.is_ok_and(|ready| ready > 0) {
            return;
        }
        if fds.first().is_some_and(|inbox| !inbox.revents().is_empty()) {
            queue.clear_wake_ups();
        }
        let ended = PollFlags::ERR | PollFlags::HUP;
        let input = fds.last().filter(|_| self.stdin.is_some());
        self.has_closed |= input.is_some_and(|input| input.revents().intersects(ended));
    }

    /// Passes on what the program has written on standard error.
    pub(super) fn pass_on(&mut self, remarks: &mut ProgramRemarks, report: &dyn Report) {
        let mut buffer = [0; 4096];
        let mut octets = 0;
        while octets < MOST_REMARKS
            && let Some(stderr) = &mut self.stderr
        {
            match stderr.read(&mut buffer) {
                Ok(0) => self.stderr = None,
                Ok(count) => {
                    octets += count;
                    remarks.take(buffer.get(..count).unwrap_or_default(), report);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => self.stderr = None,
            }
        }
    }

    /// The status of a program that has ended.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        // An error means that nobody can tell any more, as if it had ended.
        self.child.try_wait().unwrap_or(Some(ExitStatus::from_raw(0)))
    }

    /// Asks the program to end, and those that it has started: it has a process group of its own. It has
    /// not been waited for, so its number is still its own.
    pub(super) fn terminate(&self) {
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::TERM);
    }

    /// Ends them.
    pub(super) fn kill(&self) {
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
    }
}

/// How a program ended, in words.
pub(super) fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with status {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}
