//! Wakes a thread that waits in `poll`. The wake-up is an octet in a pipe; its value and the number
//! of octets have no meaning.

use core::time::Duration;
use std::{
    io::{self, PipeReader, PipeWriter},
    os::fd::{AsFd, BorrowedFd},
    sync::Arc,
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// The end that wakes. The sleeper is also woken when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct Waker(Arc<PipeWriter>);

/// The end of the thread that waits.
#[derive(Debug)]
pub struct Sleeper(PipeReader);

/// Both ends.
///
/// # Errors
/// The process has no file descriptor left.
pub fn pair() -> io::Result<(Waker, Sleeper)> {
    let (reader, writer) = io::pipe()?;
    // Neither end may block: one octet in the pipe is enough, so a wake-up that finds the pipe full
    // is not lost.
    rustix::io::ioctl_fionbio(&writer, true)?;
    rustix::io::ioctl_fionbio(&reader, true)?;
    Ok((Waker(Arc::new(writer)), Sleeper(reader)))
}

impl Waker {
    /// Wakes the sleeper, now or at its next wait.
    pub fn wake(&self) {
        let _ = rustix::io::write(&self.0, &[0]);
    }
}

impl Sleeper {
    /// Waits for a wake-up, for a signal, or for `timeout`.
    pub fn wait(&self, timeout: Duration) {
        self.wait_with(None, timeout);
    }

    /// The same, and for input of another descriptor.
    pub fn wait_with(&self, other: Option<BorrowedFd<'_>>, timeout: Duration) {
        let own = PollFd::new(&self.0, PollFlags::IN);
        let other = other.map(|it| PollFd::from_borrowed_fd(it, PollFlags::IN));
        let mut fds: Vec<_> = [own].into_iter().chain(other).collect();
        let woken = poll(&mut fds, Timespec::try_from(timeout).ok().as_ref());
        if woken.is_ok_and(|ready| ready > 0)
            && fds.first().is_some_and(|own| !own.revents().is_empty())
        {
            self.clear();
        }
    }

    /// Forgets the wake-ups so far, for a thread that polls [`as_fd`](Self::as_fd) itself.
    pub fn clear(&self) {
        let _ = rustix::io::read(&self.0, &mut [0; 64]);
    }
}

impl AsFd for Sleeper {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::{thread, time::Instant};

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_wake_up_before_the_wait_and_the_end_of_all_wakers_end_it() {
        let (waker, sleeper) = pair().unwrap();
        let start = Instant::now();
        for _ in 0..100_000 {
            waker.wake();
        }
        sleeper.wait(LONG);
        let other = waker.clone();
        drop(waker);
        let thread = thread::spawn(move || drop(other));
        // Wake-ups beyond the first read may be left.
        while sleeper.0.as_fd().try_clone_to_owned().is_ok_and(|fd| {
            let mut room = [0; 4096];
            !matches!(rustix::io::read(&fd, &mut room), Ok(0))
        }) {
            sleeper.wait(LONG);
        }
        thread.join().unwrap();
        assert!(start.elapsed() < LONG);
    }
}
