//! A small HTTP/1.1 server.
//!
//! The server never blocks: it reads and writes as much as each client offers. Each connection
//! carries one request of limited size and ends at a deadline. If there are too many connections,
//! the oldest is closed, so idle clients cannot keep others out.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags};

use crate::sink::web::{answer::answer, host_names::HostNames, site::WebSite};

/// The most connections at a time.
const MOST_CONNECTIONS: usize = 32;

/// The longest lifetime of a connection.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(10);

/// More than the page of any house has.
const LONGEST_PAGE: u64 = 1 << 20;

/// The most steps of one connection in a row: other connections wait.
const STEPS_IN_A_ROW: usize = 16;

/// The server.
#[derive(Debug)]
pub struct WebServer {
    listener: TcpListener,
    address: SocketAddr,
    /// The oldest first.
    connections: Vec<HttpConnection>,
}

#[derive(Debug)]
struct HttpConnection {
    stream: TcpStream,
    since: Instant,
    state: HttpState,
}

#[derive(Debug)]
enum HttpState {
    /// The request so far.
    Request(Vec<u8>),
    /// The answer, and the octets of it that were sent.
    Answer(Vec<u8>, usize),
    /// The answer is sent. Closing while the client still sends would destroy the octets on their
    /// way to it.
    Closing,
}

impl WebServer {
    /// Listens on an address.
    ///
    /// # Errors
    /// The address belongs to another machine, or is in use.
    pub fn bind(host: &str, port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((host, port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address, connections: Vec::new() })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// True if there are clients that may time out.
    pub const fn has_clients(&self) -> bool {
        !self.connections.is_empty()
    }

    /// The descriptors to wait for.
    pub fn waits_for(&self) -> impl Iterator<Item = PollFd<'_>> {
        let connections = self.connections.iter().map(|connection| {
            let flags = match connection.state {
                HttpState::Answer(..) => PollFlags::OUT,
                _ => PollFlags::IN,
            };
            PollFd::new(&connection.stream, flags)
        });
        [PollFd::new(&self.listener, PollFlags::IN)].into_iter().chain(connections)
    }

    /// Handles everything that is ready, without waiting.
    pub fn serve(&mut self, names: &HostNames, site: &dyn WebSite) {
        self.accept();
        let now = Instant::now();
        self.connections.retain_mut(|connection| {
            now.duration_since(connection.since) < CONNECTION_TIMEOUT
                && connection.proceed(names, site).unwrap_or(false)
        });
    }

    fn accept(&mut self) {
        for _ in 0..MOST_CONNECTIONS {
            match self.listener.accept() {
                Ok((stream, _)) if stream.set_nonblocking(true).is_ok() => {
                    if self.connections.len() >= MOST_CONNECTIONS {
                        self.connections.remove(0);
                    }
                    let state = HttpState::Request(Vec::new());
                    self.connections.push(HttpConnection { stream, since: Instant::now(), state });
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // The client is gone already.
                Ok(_) | Err(_) if self.connections.is_empty() => return pause_accepting(),
                Ok(_) => {}
                Err(_) => {
                    // Perhaps the process has run out of file descriptors.
                    self.connections.remove(0);
                    return pause_accepting();
                }
            }
        }
    }
}

/// Waits before the next client: without a pause, the system would report the same failure again
/// and again.
fn pause_accepting() {
    thread::sleep(Duration::from_millis(50));
}

impl HttpConnection {
    /// Returns false at the end of the connection.
    fn proceed(&mut self, names: &HostNames, site: &dyn WebSite) -> io::Result<bool> {
        for _ in 0..STEPS_IN_A_ROW {
            match self.step(names, site) {
                Ok(true) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                ended => return ended,
            }
        }
        Ok(true)
    }

    fn step(&mut self, names: &HostNames, site: &dyn WebSite) -> io::Result<bool> {
        let mut room = [0; 1024];
        match &mut self.state {
            HttpState::Request(request) => {
                let count = self.stream.read(&mut room)?;
                request.extend_from_slice(room.get(..count).unwrap_or_default());
                if let Some(answer) = answer(request, names, site) {
                    self.state = HttpState::Answer(answer, 0);
                }
                Ok(count > 0)
            }
            HttpState::Answer(answer, gone) => match answer.get(*gone..) {
                Some(rest) if !rest.is_empty() => {
                    let count = self.stream.write(rest)?;
                    *gone += count;
                    Ok(count > 0)
                }
                _ => {
                    self.stream.shutdown(Shutdown::Write)?;
                    self.state = HttpState::Closing;
                    Ok(true)
                }
            },
            HttpState::Closing => Ok(self.stream.read(&mut room)? > 0),
        }
    }
}

/// True if this program answers at an address.
///
/// # Errors
/// There is no answer.
pub fn is_meterpipe(host: &str, port: u16, timeout: Duration) -> io::Result<bool> {
    let mut stream = TcpStream::connect((host, port))?;
    stream.set_read_timeout(Some(timeout))?;
    stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(LONGEST_PAGE).read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    Ok(["meterpipe_", "smartmeter_"].iter().any(|it| answer.contains(&format!("\n# TYPE {it}"))))
}
