//! A TCP connection on its way.
//!
//! It is made in a thread of its own: looking up a name can take many seconds, and nothing interrupts
//! it.

use core::time::Duration;
use std::{
    io::{self, PipeReader},
    net::{TcpStream, ToSocketAddrs},
    os::fd::{AsFd, BorrowedFd},
    sync::mpsc::{Receiver, TryRecvError, channel},
    thread,
};

/// A connection that somebody makes.
#[derive(Debug)]
pub struct Connecting {
    outcome: Receiver<io::Result<TcpStream>>,
    /// At its end when there is an outcome.
    done: PipeReader,
}

impl Connecting {
    /// Begins to connect.
    ///
    /// # Errors
    /// There is no room for a thread or a pipe.
    pub fn start(host: String, port: u16) -> io::Result<Self> {
        let (done, done_writer) = io::pipe()?;
        let (sender, outcome) = channel();
        thread::Builder::new().name("mqtt-connect".to_owned()).spawn(move || {
            // Nobody waits any more if this fails; the connection is closed then.
            let _ = sender.send(connect(&host, port));
            drop(done_writer);
        })?;
        Ok(Self { outcome, done })
    }

    /// The outcome, once it is there.
    #[must_use]
    pub fn outcome(&self) -> Option<io::Result<TcpStream>> {
        match self.outcome.try_recv() {
            Ok(outcome) => Some(outcome),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err(io::ErrorKind::Other.into())),
        }
    }
}

impl AsFd for Connecting {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.done.as_fd()
    }
}

fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut failure = io::Error::other("the name has no address");
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECT_TIMEOUT) {
            Ok(stream) => {
                stream.set_nonblocking(true)?;
                // A state is small and wanted now.
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// For each address of the host.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
