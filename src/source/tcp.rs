//! The octets of a serial device on another machine, served over TCP by ser2net or a similar
//! program.
//!
//! There are no UART marks here, and no handshake. The kernel's keepalive probes find a peer that
//! vanished silently. The time since the last octet finds a peer that is there and sends nothing,
//! because its process or its adapter hangs.

use core::time::Duration;
use std::{
    io,
    net::TcpStream,
    os::fd::AsFd,
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::Instant,
};

use rustix::net::sockopt;

use super::{Burst, OpenError, Source};
use crate::backoff::Backoff;
use crate::file_error;
use crate::hosts::lookup;
use crate::source::{
    event::{MUTE, UNPLUGGED},
    reconnect::{self, Reconnecting},
};

/// The settings of a TCP source.
#[derive(Clone, Debug)]
pub struct TcpSettings {
    /// `HOST:PORT`.
    pub address: String,
    /// The time-out of a connection attempt, for each address of the host.
    pub connect: Duration,
    /// The longest time without an octet in a lasting run. A one-shot run has its own limit.
    pub idle: Duration,
    /// The waits between connection attempts.
    pub backoff: Backoff,
}

impl TcpSettings {
    /// 10 s to connect; 30 s without an octet, which is six pushes; waits of 1 s to 60 s.
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(30),
            backoff: Backoff::random(Duration::from_secs(1), Duration::from_secs(60)),
        }
    }
}

/// The `HOST:PORT` of `tcp://HOST:PORT`; `None` for other texts.
pub fn address(url: &str) -> Option<&str> {
    let address = url.strip_prefix("tcp://")?;
    let (host, port) = address.rsplit_once(':')?;
    let bare = host.contains(':') && !(host.starts_with('[') && host.ends_with(']'));
    let valid = !host.is_empty() && !bare && port.parse::<u16>().is_ok_and(|port| port > 0);
    valid.then_some(address)
}

/// The server as a source. The first read starts to connect; a `lasting` source reconnects.
///
/// After a loss, `Back` comes with the first octet and not with the connection: ser2net accepts
/// connections even while its adapter is unplugged.
pub fn open(settings: TcpSettings, lasting: bool) -> Box<dyn Source> {
    let server = TcpServer {
        address: settings.address,
        connect: settings.connect,
        idle: lasting.then_some(settings.idle),
        attempt: None,
        room: vec![0; ROOM],
    };
    Box::new(Reconnecting::new(server, lasting, settings.backoff))
}

struct TcpServer {
    address: String,
    connect: Duration,
    idle: Option<Duration>,
    attempt: Option<Receiver<io::Result<TcpStream>>>,
    room: Vec<u8>,
}

struct TcpConnection {
    stream: TcpStream,
    last: Instant,
    /// No octet has come.
    is_mute: bool,
}

impl reconnect::Endpoint for TcpServer {
    type Port = TcpConnection;
    const BACK_WHEN_OPEN: bool = false;

    fn name(&self) -> &str {
        &self.address
    }

    fn open(&mut self) -> Result<Option<TcpConnection>, OpenError> {
        let attempt = match self.attempt.take() {
            Some(attempt) => attempt,
            None => attempt(self.address.clone(), self.connect).map_err(|e| self.explain(&e))?,
        };
        match attempt.recv_timeout(reconnect::READ_TIMEOUT) {
            Ok(Ok(stream)) => {
                Ok(Some(TcpConnection { stream, last: Instant::now(), is_mute: true }))
            }
            Ok(Err(error)) => Err(self.explain(&error)),
            Err(RecvTimeoutError::Timeout) => {
                self.attempt = Some(attempt);
                Ok(None)
            }
            Err(RecvTimeoutError::Disconnected) => Err(self.explain(&io::ErrorKind::Other.into())),
        }
    }

    fn pull(&mut self, port: &mut TcpConnection, burst: &mut Burst) -> Result<(), String> {
        let read = reconnect::read_some(port.stream.as_fd(), &mut self.room, burst);
        let octets = read.map_err(|reason| match port.is_mute {
            true => format!("{}{MUTE}", reason.strip_suffix(UNPLUGGED).unwrap_or(&reason)),
            false => reason,
        })?;
        burst.octets.extend_from_slice(octets);
        if !octets.is_empty() {
            (port.last, port.is_mute) = (Instant::now(), false);
            return Ok(());
        }
        match self.idle {
            Some(idle) if port.last.elapsed() >= idle => Err(format!("no octet for {idle:?}")),
            _ => Ok(()),
        }
    }
}

impl TcpServer {
    fn explain(&self, error: &io::Error) -> OpenError {
        let reason = match error.kind() {
            io::ErrorKind::ConnectionRefused => "nothing listens there".to_owned(),
            // A server may take a connection and reset it before this end has finished its part.
            io::ErrorKind::ConnectionReset => format!("{}{MUTE}", file_error::plain(error)),
            io::ErrorKind::TimedOut => format!("no answer within {:?}", self.connect),
            _ => file_error::plain(error),
        };
        OpenError::Other { name: self.address.clone(), reason }
    }
}

/// Connects in its own thread: resolving a name can take many seconds and cannot be interrupted.
fn attempt(address: String, limit: Duration) -> io::Result<Receiver<io::Result<TcpStream>>> {
    let (sender, receiver) = channel();
    thread::Builder::new().name("connect".to_owned()).spawn(move || {
        // This fails if the receiver is gone; the connection is closed then.
        let _ = sender.send(connect(&address, limit));
    })?;
    Ok(receiver)
}

fn connect(address: &str, limit: Duration) -> io::Result<TcpStream> {
    let mut failure = io::Error::other("the name has no address");
    let (host, port) = address.rsplit_once(':').ok_or(io::ErrorKind::InvalidInput)?;
    let port = port.parse().map_err(|_| io::ErrorKind::InvalidInput)?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    for address in lookup::addresses(host, port)? {
        match TcpStream::connect_timeout(&address, limit) {
            Ok(stream) => return prepare(stream),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

fn prepare(stream: TcpStream) -> io::Result<TcpStream> {
    stream.set_nonblocking(true)?;
    sockopt::set_socket_keepalive(&stream, true)?;
    sockopt::set_tcp_keepidle(&stream, KEEPALIVE_IDLE)?;
    sockopt::set_tcp_keepintvl(&stream, KEEPALIVE_INTERVAL)?;
    sockopt::set_tcp_keepcnt(&stream, KEEPALIVE_PROBES)?;
    Ok(stream)
}

/// A vanished peer is lost after 15 s and three probes 5 s apart: 30 s, the same as a silent one.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(15);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVE_PROBES: u32 = 3;

const ROOM: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_host_and_a_port() {
        assert_eq!(address("tcp://pi.local:7000"), Some("pi.local:7000"));
        assert_eq!(address("tcp://10.0.0.2:1"), Some("10.0.0.2:1"));
        assert_eq!(address("tcp://[::1]:7000"), Some("[::1]:7000"));
        for wrong in
            ["pi:7000", "tcp://pi", "tcp://:7000", "tcp://pi:0", "tcp://pi:70000", "tcp://::1:7000"]
        {
            assert_eq!(address(wrong), None, "{wrong}");
        }
    }
}
