//! A TCP connection under way.
//!
//! A thread of its own connects: resolving a name can take many seconds and cannot be interrupted.

use core::time::Duration;
use std::{
    io,
    net::TcpStream,
    os::fd::{AsFd, BorrowedFd},
    sync::mpsc::{Receiver, TryRecvError, channel},
    thread,
};

use crate::{
    hosts::lookup,
    wake::{self, Sleeper},
};

/// A connection attempt.
#[derive(Debug)]
pub struct Connecting {
    outcome: Receiver<io::Result<TcpStream>>,
    /// Woken when there is an outcome.
    done: Sleeper,
}

impl Connecting {
    /// Begins to connect.
    ///
    /// # Errors
    /// The system refuses a thread or a pipe.
    pub fn start(host: String, port: u16) -> io::Result<Self> {
        let (waker, done) = wake::pair()?;
        let (sender, outcome) = channel();
        thread::Builder::new().name("mqtt-connect".to_owned()).spawn(move || {
            // This fails if the receiver is gone; the connection is closed then.
            let _ = sender.send(connect(&host, port));
            // The end of the last waker wakes.
            drop(waker);
        })?;
        Ok(Self { outcome, done })
    }

    /// The outcome, once there is one.
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
    for address in lookup::addresses(host, port)? {
        match TcpStream::connect_timeout(&address, CONNECT_TIMEOUT) {
            Ok(stream) => {
                stream.set_nonblocking(true)?;
                // A state is small and should arrive at once.
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// The time-out for each address of the host.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
