//! The address of a host.
//!
//! A name server that does not answer holds up the thread that asks it, so a thread of its own asks, and
//! the sink waits no longer than it wants to.

use std::{
    io,
    net::{IpAddr, SocketAddr, ToSocketAddrs as _},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use crate::{file_error, format::printable::printable};

/// The age at which the address of a name is asked for again: a router may have given the host another.
const REFRESH: Duration = Duration::from_secs(600);

/// A host and its address.
#[derive(Debug)]
pub(super) struct HostAddress {
    host: String,
    port: u16,
    /// The answer that is under way.
    asked: Option<Receiver<io::Result<SocketAddr>>>,
    /// The address, and the time of the answer.
    known: Option<(SocketAddr, Instant)>,
}

impl HostAddress {
    pub(super) fn new(host: String, port: u16) -> Self {
        let literal: Option<IpAddr> = host.parse().ok();
        let known = literal.map(|address| (SocketAddr::new(address, port), Instant::now()));
        Self { host, port, asked: None, known }
    }

    /// The address; of a name, the last known one while a new answer is under way. Without any, the call
    /// waits for `patience`.
    ///
    /// # Errors
    /// The name has no address, or nobody knows it in time.
    pub(super) fn get(&mut self, patience: Duration) -> Result<SocketAddr, String> {
        if self.host.parse::<IpAddr>().is_ok()
            && let Some((address, _)) = self.known
        {
            return Ok(address);
        }
        let is_old = self.known.is_none_or(|(_, since)| since.elapsed() >= REFRESH);
        if is_old && self.asked.is_none() {
            self.asked =
                Some(ask(&self.host, self.port).map_err(|error| file_error::plain(&error))?);
        }
        let Some(asked) = &self.asked else {
            return self.last("no address");
        };
        let patience = if self.known.is_some() { Duration::ZERO } else { patience };
        match asked.recv_timeout(patience) {
            Ok(Ok(address)) => {
                self.asked = None;
                self.known = Some((address, Instant::now()));
                Ok(address)
            }
            Ok(Err(error)) => {
                self.asked = None;
                // The old address holds until the next question.
                self.known = self.known.map(|(address, _)| (address, Instant::now()));
                self.last(&printable(&file_error::plain(&error)))
            }
            Err(RecvTimeoutError::Timeout) => self.last("no answer about its address"),
            Err(RecvTimeoutError::Disconnected) => {
                self.asked = None;
                self.last("no address")
            }
        }
    }

    fn last(&self, why: &str) -> Result<SocketAddr, String> {
        self.known.map(|(address, _)| address).ok_or_else(|| why.to_owned())
    }
}

fn ask(host: &str, port: u16) -> io::Result<Receiver<io::Result<SocketAddr>>> {
    let (host, (answer, asked)) = (host.to_owned(), mpsc::channel());
    let question = move || {
        let addresses = (host.as_str(), port).to_socket_addrs();
        let none = || io::Error::other("the name has no address");
        let first = addresses.and_then(|mut all| all.next().ok_or_else(none));
        // The sink may have ended meanwhile.
        let _ = answer.send(first);
    };
    thread::Builder::new().name("udp".to_owned()).spawn(question)?;
    Ok(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address() {
        let get = |host: &str| HostAddress::new(host.to_owned(), 7).get(Duration::from_secs(30));
        assert_eq!(get("127.0.0.1"), Ok("127.0.0.1:7".parse().unwrap()));
        assert_eq!(get("fe80::1"), Ok("[fe80::1]:7".parse().unwrap()));
        assert!(get("localhost").unwrap().ip().is_loopback());
        assert!(get("no.such.host.invalid").is_err());
    }
}
