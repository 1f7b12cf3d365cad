//! A proxy in front of a server, with a line that can fail in many ways.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use crate::common::port::free_port;

/// The state of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineFault {
    /// The server works.
    None,
    /// Nobody listens.
    Refused,
    /// Connections are accepted, and nothing comes or goes.
    Hangs,
    /// One octet a second comes from the server.
    Trickles,
    /// Each connection gets these octets and its end.
    Answers(&'static [u8]),
    /// The next octets of the client end the connection, half of them under way, and nobody listens any
    /// more.
    CutsInTheMiddle,
}

pub(super) struct Proxy {
    pub(super) port: u16,
    line: Arc<Mutex<LineState>>,
}

struct LineState {
    fault: LineFault,
    /// The server behind the proxy.
    server: u16,
    /// The connections, to be cut.
    connections: Vec<TcpStream>,
    /// The start of the last connection that reached the server.
    connected: Instant,
    is_listening: bool,
    /// The number of connections that got a wrong answer.
    answered: usize,
    is_over: bool,
}

type Line = Arc<Mutex<LineState>>;

impl Proxy {
    pub(super) fn new(server: u16) -> Self {
        let state = LineState {
            fault: LineFault::None,
            server,
            connections: vec![],
            connected: Instant::now(),
            is_listening: false,
            answered: 0,
            is_over: false,
        };
        let (port, line) = (free_port(), Arc::new(Mutex::new(state)));
        let proxy = Self { port, line: line.clone() };
        thread::spawn(move || listen(port, &line));
        proxy.set(LineFault::None);
        proxy
    }

    pub(super) fn set(&self, fault: LineFault) {
        set(&self.line, fault);
    }

    /// Ends all connections.
    pub(super) fn cut(&self) {
        for connection in self.line.lock().unwrap().connections.drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    /// The number of connections that got a wrong answer.
    pub(super) fn answered(&self) -> usize {
        self.line.lock().unwrap().answered
    }

    /// The start of the last connection that reached the server.
    pub(super) fn connected(&self) -> Instant {
        self.line.lock().unwrap().connected
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.line.lock().unwrap().is_over = true;
        self.cut();
    }
}

/// Changes the state of a line. Nobody listens any more when this returns, or somebody does again.
fn set(line: &Line, fault: LineFault) {
    line.lock().unwrap().fault = fault;
    while line.lock().unwrap().is_listening == (fault == LineFault::Refused) {
        thread::sleep(PAUSE);
    }
}

const PAUSE: Duration = Duration::from_millis(5);

fn listen(port: u16, line: &Line) {
    let mut listener = None;
    loop {
        let (fault, is_over) = {
            let line = line.lock().unwrap();
            (line.fault, line.is_over)
        };
        if is_over {
            return;
        }
        if fault == LineFault::Refused {
            listener = None;
        } else if listener.is_none() {
            listener = TcpListener::bind(("127.0.0.1", port)).ok();
            listener.iter().for_each(|listener| listener.set_nonblocking(true).unwrap());
        }
        line.lock().unwrap().is_listening = listener.is_some();
        match listener.as_ref().map(TcpListener::accept) {
            Some(Ok((client, _))) => accept(client, line),
            _ => thread::sleep(PAUSE),
        }
    }
}

fn accept(mut client: TcpStream, line: &Line) {
    client.set_nonblocking(false).unwrap();
    let mut state = line.lock().unwrap();
    if let LineFault::Answers(octets) = state.fault {
        let _ = client.write_all(octets);
        state.answered += 1;
        return;
    }
    let Ok(server) = TcpStream::connect(("127.0.0.1", state.server)) else {
        return;
    };
    if state.fault == LineFault::None {
        state.connected = Instant::now();
    }
    let copy = |stream: &TcpStream| stream.try_clone().unwrap();
    state.connections.extend([copy(&client), copy(&server)]);
    for (from, to, from_server) in [(copy(&client), copy(&server), false), (server, client, true)] {
        let line = line.clone();
        thread::spawn(move || {
            pump(&from, &to, from_server, &line);
            let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
        });
    }
}

/// Carries octets one way until the connection ends.
fn pump(mut from: &TcpStream, mut to: &TcpStream, from_server: bool, line: &Line) {
    let fault = || line.lock().unwrap().fault;
    from.set_read_timeout(Some(PAUSE)).unwrap();
    let mut buffer = [0; 16 * 1024];
    loop {
        if fault() == LineFault::Hangs {
            thread::sleep(PAUSE);
            continue;
        }
        let count = match from.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
            Err(_) => return,
        };
        let mut octets = &buffer[..count];
        while from_server && fault() == LineFault::Trickles && octets.len() > 1 {
            if to.write_all(&octets[..1]).is_err() {
                return;
            }
            octets = &octets[1..];
            let since = Instant::now();
            while fault() == LineFault::Trickles && since.elapsed() < Duration::from_secs(1) {
                thread::sleep(PAUSE);
            }
        }
        if !from_server && fault() == LineFault::CutsInTheMiddle {
            let _ = to.write_all(&octets[..octets.len() / 2]);
            set(line, LineFault::Refused);
            return;
        }
        if to.write_all(octets).is_err() {
            return;
        }
    }
}
