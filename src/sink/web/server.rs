//! A small HTTP/1.1 server for a single page.
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

use crate::sink::web::host_names::HostNames;

/// The most connections at a time.
const MOST_CONNECTIONS: usize = 32;

/// The longest lifetime of a connection.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(10);

/// The largest request. Prometheus sends about 300 octets.
const LONGEST_REQUEST: usize = 8192;

/// More than the page of any house has.
const LONGEST_PAGE: u64 = 1 << 20;

/// The most headers of a request.
const HEADERS: usize = 64;

/// The most steps of one connection in a row: other connections wait.
const STEPS_IN_A_ROW: usize = 16;

/// The server.
#[derive(Debug)]
pub struct MetricsServer {
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

impl MetricsServer {
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
    pub fn serve(&mut self, names: &HostNames, page: &dyn Fn() -> Vec<u8>) {
        self.accept();
        let now = Instant::now();
        self.connections.retain_mut(|connection| {
            now.duration_since(connection.since) < CONNECTION_TIMEOUT
                && connection.proceed(names, page).unwrap_or(false)
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
    fn proceed(&mut self, names: &HostNames, page: &dyn Fn() -> Vec<u8>) -> io::Result<bool> {
        for _ in 0..STEPS_IN_A_ROW {
            match self.step(names, page) {
                Ok(true) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                ended => return ended,
            }
        }
        Ok(true)
    }

    fn step(&mut self, names: &HostNames, page: &dyn Fn() -> Vec<u8>) -> io::Result<bool> {
        let mut room = [0; 1024];
        match &mut self.state {
            HttpState::Request(request) => {
                let count = self.stream.read(&mut room)?;
                request.extend_from_slice(room.get(..count).unwrap_or_default());
                if let Some(answer) = answer(request, names, page) {
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

/// True if an exporter of this program answers at an address.
///
/// # Errors
/// There is no answer.
pub fn is_exporter(host: &str, port: u16, timeout: Duration) -> io::Result<bool> {
    let mut stream = TcpStream::connect((host, port))?;
    stream.set_read_timeout(Some(timeout))?;
    stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(LONGEST_PAGE).read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    Ok(["meterpipe_", "smartmeter_"].iter().any(|it| answer.contains(&format!("\n# TYPE {it}"))))
}

/// The answer to a request; `None` while the request is incomplete.
pub fn answer(request: &[u8], names: &HostNames, page: &dyn Fn() -> Vec<u8>) -> Option<Vec<u8>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    match parsed.parse(request) {
        Ok(httparse::Status::Partial) if request.len() < LONGEST_REQUEST => return None,
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) | Err(httparse::Error::TooManyHeaders) => {
            return Some(refusal("431 Request Header Fields Too Large", ""));
        }
        Err(_) => return Some(refusal("400 Bad Request", "")),
    }
    let mut hosts = parsed.headers.iter().filter(|it| it.name.eq_ignore_ascii_case("host"));
    let is_ours =
        |it: &httparse::Header<'_>| str::from_utf8(it.value).is_ok_and(|it| names.has(it));
    // Only HTTP/1.0 knows requests without a name; no browser sends them.
    if !hosts.all(is_ours) {
        return Some(misdirected());
    }
    let path = parsed.path.unwrap_or_default().split('?').next();
    Some(match (parsed.method, path) {
        (Some("GET"), Some("/metrics")) => found(page(), true),
        (Some("HEAD"), Some("/metrics")) => found(page(), false),
        (_, Some("/metrics")) => refusal("405 Method Not Allowed", "Allow: GET, HEAD\r\n"),
        _ => refusal("404 Not Found", ""),
    })
}

/// The content type carries the version of the text format.
const FOUND: &str = "200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8";

fn found(mut page: Vec<u8>, wanted: bool) -> Vec<u8> {
    let mut answer = head(FOUND, "", page.len());
    if wanted {
        answer.append(&mut page);
    }
    answer
}

fn refusal(status: &str, header: &str) -> Vec<u8> {
    let text = "the metrics are at /metrics\n";
    let kind = format!("Content-Type: text/plain\r\n{header}");
    let mut answer = head(status, &kind, text.len());
    answer.extend_from_slice(text.as_bytes());
    answer
}

fn misdirected() -> Vec<u8> {
    let text = "this name is not known here; the key hosts adds names\n";
    let mut answer = head("421 Misdirected Request", "Content-Type: text/plain\r\n", text.len());
    answer.extend_from_slice(text.as_bytes());
    answer
}

fn head(status: &str, headers: &str, length: usize) -> Vec<u8> {
    let close = "Connection: close\r\n\r\n";
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n{close}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(request: &str) -> Option<String> {
        let names = HostNames::new("127.0.0.1", "x");
        let answer = answer(request.as_bytes(), &names, &|| b"page 1\n".to_vec())?;
        Some(String::from_utf8(answer).unwrap())
    }

    #[test]
    fn the_page_is_there_for_who_asks_for_it() {
        let page = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n\
                    Content-Length: 7\r\nConnection: close\r\n\r\n";
        let asked = text("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        assert_eq!(asked, format!("{page}page 1\n"));
        assert_eq!(text("GET /metrics?a=b HTTP/1.0\r\n\r\n").unwrap(), asked);
        assert_eq!(text("HEAD /metrics HTTP/1.1\r\n\r\n").unwrap(), page);
    }

    #[test]
    fn everything_else_is_refused_with_its_reason() {
        let many = "a: b\r\n".repeat(HEADERS + 1);
        for (request, status) in [
            ("GET / HTTP/1.1\r\n\r\n", "404 Not Found"),
            ("GET /metrics/../etc HTTP/1.1\r\n\r\n", "404 Not Found"),
            ("POST /metrics HTTP/1.1\r\n\r\n", "405 Method Not Allowed"),
            ("GET /metrics HTTP/1.1\r\nHost: evil.example:9888\r\n\r\n", "421 Misdirected Request"),
            ("GET /metrics HTTP/1.1\r\nHost: x\r\nhost: y\r\n\r\n", "421 Misdirected Request"),
            ("garbage\r\n\r\n", "400 Bad Request"),
            ("\u{16}\u{3}\u{1}", "400 Bad Request"),
            (&format!("GET /metrics HTTP/1.1\r\n{many}\r\n"), "431 Request"),
            (&format!("GET /{} HTTP/1.1\r\n", "x".repeat(LONGEST_REQUEST)), "431 Request"),
        ] {
            let answer = text(request).unwrap();
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{request}: {answer}");
        }
    }

    #[test]
    fn a_request_is_waited_for_until_it_is_whole() {
        let request = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
        for end in 0..request.len() {
            assert_eq!(text(&request[..end]), None, "{end}");
        }
    }
}
