//! A pseudo-terminal with a symbolic link to it: a serial device for other programs to read.
//!
//! ```text
//! simulate ──► master │ kernel's queue │ slave /dev/pts/3 ◄── /tmp/meter ◄── reader
//! ```
//!
//! The slave is kept open here too, so that the master works while nobody reads. The system does
//! not tell whether there is a reader; a queue that gets shorter shows one.

use std::{
    ffi::OsStr,
    fmt::Display,
    fs, io,
    os::{
        fd::OwnedFd,
        unix::{ffi::OsStrExt, fs::symlink},
    },
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{Mode, OFlags},
    io::Errno,
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{OptionalActions, QueueSelector, tcflush, tcgetattr, tcsetattr},
};

use crate::cli::run::{
    signals::Signals,
    status::{Status, Stop},
};
use meterpipe::file_error;

/// The time between two looks at the queue during a wait: the system does not announce that it got
/// shorter.
const GLANCE: Duration = Duration::from_millis(10);

/// A pseudo-terminal. Dropping it removes its link.
#[derive(Debug)]
pub struct Pty {
    link: Link,
    master: OwnedFd,
    slave: OwnedFd,
    /// The octets in the queue at the last look, and the octets sent since then.
    queued: u64,
    sent: u64,
}

impl Pty {
    /// Creates a pseudo-terminal in raw mode, and the symbolic link to it.
    ///
    /// # Errors
    /// A usage error if something other than a symbolic link has the name of the link.
    pub fn create(link: &Path) -> Result<Self, Stop> {
        let (master, slave, node) =
            pair().map_err(|errno| failed("pseudo-terminal", io::Error::from(errno)))?;
        let link = Link::create(link, node)?;
        Ok(Self { link, master, slave, queued: 0, sent: 0 })
    }

    /// The device itself, as the system calls it.
    pub fn node(&self) -> &Path {
        &self.link.node
    }

    /// Sends octets as a serial line does: those that find no room are lost. Returns their number.
    pub fn send(&mut self, octets: &[u8]) -> Result<usize, Stop> {
        self.discard_input();
        loop {
            match rustix::io::write(&self.master, octets) {
                Ok(written) => {
                    self.sent += written as u64;
                    return Ok(octets.len() - written);
                }
                Err(Errno::AGAIN) => return Ok(octets.len()),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(self.failed(errno)),
            }
        }
    }

    /// Sends all octets, and waits for room where there is none, until a signal comes.
    pub fn send_all(&mut self, mut octets: &[u8], signals: &Signals) -> Result<(), Stop> {
        while !octets.is_empty() && !signals.ended() {
            let left = self.send(octets)?;
            octets = octets.get(octets.len() - left..).unwrap_or_default();
            if left > 0 {
                let _ = poll(&mut [PollFd::new(&self.master, PollFlags::OUT)], Some(&GLANCE_SPEC));
            }
        }
        Ok(())
    }

    /// Discards the octets in the queue if nobody has taken one since the last call: a program that
    /// opens the device later should get only the telegrams of that time. Returns the number of
    /// octets.
    pub fn forget(&mut self) -> u64 {
        let waiting = self.waiting();
        let taken = (self.queued + self.sent).saturating_sub(waiting);
        let stale = if taken == 0 { waiting } else { 0 };
        if stale > 0 {
            let _ = tcflush(&self.slave, QueueSelector::IFlush);
        }
        self.queued = waiting - stale;
        self.sent = 0;
        stale
    }

    /// Waits until a reader has taken all octets, because closing the master discards them. The
    /// wait ends after `limit`, or without a limit at a signal. Returns the number of octets left.
    pub fn drain(&self, limit: Option<Duration>, signals: &Signals) -> u64 {
        let start = Instant::now();
        loop {
            let waiting = self.waiting();
            let over = limit.map_or_else(|| signals.ended(), |limit| start.elapsed() >= limit);
            if waiting == 0 || over {
                return waiting;
            }
            let _ = poll(&mut [], Some(&GLANCE_SPEC));
        }
    }

    /// The number of octets in the queue.
    fn waiting(&self) -> u64 {
        // The kernel passes octets from the master to the slave through a buffer that the count
        // leaves out. Polling the slave empties that buffer into the queue first.
        let _ = poll(&mut [PollFd::new(&self.slave, PollFlags::IN)], Some(&Timespec::default()));
        rustix::io::ioctl_fionread(&self.slave).unwrap_or_default()
    }

    /// Reads and discards what a program writes to the meter. A meter does not listen, but the
    /// program must not block.
    fn discard_input(&self) {
        let _ = rustix::io::read(&self.master, &mut [0; 1024]);
    }

    fn failed(&self, errno: Errno) -> Stop {
        failed(&self.link.path.display().to_string(), io::Error::from(errno))
    }
}

const GLANCE_SPEC: Timespec = Timespec { tv_sec: 0, tv_nsec: GLANCE.as_nanos() as _ };

fn pair() -> Result<(OwnedFd, OwnedFd, PathBuf), Errno> {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let node = ptsname(&master, Vec::new())?;
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let slave = rustix::fs::open(node.as_c_str(), flags, Mode::empty())?;
    let mut attributes = tcgetattr(&slave)?;
    attributes.make_raw();
    tcsetattr(&slave, OptionalActions::Now, &attributes)?;
    rustix::io::ioctl_fionbio(&master, true)?;
    Ok((master, slave, OsStr::from_bytes(node.as_bytes()).into()))
}

fn failed(name: &str, why: impl Display) -> Stop {
    Stop::Failed(Status::Output, format!("{name}: {why}"))
}

/// The symbolic link. Dropping this removes the link, unless it leads elsewhere by then.
#[derive(Debug)]
struct Link {
    path: PathBuf,
    node: PathBuf,
}

impl Link {
    fn create(path: &Path, node: PathBuf) -> Result<Self, Stop> {
        let name = path.display();
        let created = match symlink(&node, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if !path.is_symlink() {
                    let text = "is there and no symbolic link: choose another name, or remove it";
                    return Err(Stop::usage(format!("{name}: {text}")));
                }
                replace(&node, path)
            }
            result => result,
        };
        created.map_err(|error| failed(&name.to_string(), file_error::unwritable(&error)))?;
        Ok(Self { path: path.to_owned(), node })
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if fs::read_link(&self.path).is_ok_and(|node| node == self.node) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Makes the link lead to `node` in one step, so that a reader never finds it missing.
fn replace(node: &Path, path: &Path) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}", std::process::id()));
    let temporary = path.with_file_name(name);
    symlink(node, &temporary)?;
    fs::rename(&temporary, path).inspect_err(|_| {
        let _ = fs::remove_file(&temporary);
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn read(file: &mut fs::File, octets: usize) -> Vec<u8> {
        let mut room = vec![0; octets];
        file.read_exact(&mut room).unwrap();
        room
    }

    #[test]
    fn octets_pass_as_they_are_and_what_nobody_takes_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("meter");
        let mut pty = Pty::create(&link).unwrap();
        let all: Vec<u8> = (0..=255).collect();

        assert_eq!(pty.send(&all).unwrap(), 0);
        assert_eq!(pty.forget(), 256, "nobody reads");
        assert_eq!(pty.forget(), 0);

        assert_eq!(pty.send(&all).unwrap(), 0);
        let mut reader = fs::File::open(&link).unwrap();
        assert_eq!(read(&mut reader, 250), all[..250]);
        assert_eq!(pty.forget(), 0, "somebody reads, in large pieces");
        assert_eq!(pty.send(&all).unwrap(), 0);
        assert_eq!(read(&mut reader, 6), all[250..]);
        assert_eq!(pty.forget(), 0);
        assert_eq!(pty.forget(), 256, "he has stopped");

        let signals = Signals::default();
        pty.send(&[1, 2]).unwrap();
        assert_eq!(pty.drain(Some(Duration::ZERO), &signals), 2);
        assert_eq!(read(&mut reader, 2), [1, 2]);
        assert_eq!(pty.drain(None, &signals), 0);
    }

    #[test]
    fn a_full_queue_does_not_block_and_loses_only_what_does_not_fit() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("meter");
        let mut pty = Pty::create(&link).unwrap();
        let mut sent = vec![];
        for round in 0..=255 {
            let octets = [round; 1000];
            let lost = pty.send(&octets).unwrap();
            sent.extend_from_slice(&octets[lost..]);
        }
        assert!(sent.len() < 256_000, "there is an end to the queue");
        let mut reader = fs::File::open(&link).unwrap();
        assert_eq!(read(&mut reader, sent.len()), sent);
        assert_eq!(pty.waiting(), 0);
    }

    #[test]
    fn a_link_is_replaced_and_anything_else_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("meter");
        symlink("nowhere", &link).unwrap();
        let first = Pty::create(&link).unwrap();
        assert_eq!(fs::read_link(&link).unwrap(), first.node());
        let second = Pty::create(&link).unwrap();
        assert_eq!(fs::read_link(&link).unwrap(), second.node());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left lying");
        drop(first);
        assert!(link.is_symlink(), "it belongs to the second by now");
        drop(second);
        assert!(!link.is_symlink());

        fs::write(&link, "mine").unwrap();
        for path in [&link, folder.path()] {
            assert!(matches!(Pty::create(path), Err(Stop::Failed(Status::Usage, _))));
        }
        assert_eq!(fs::read(&link).unwrap(), b"mine");
        let nowhere = folder.path().join("no/meter");
        assert!(matches!(Pty::create(&nowhere), Err(Stop::Failed(Status::Output, _))));
    }
}
