//! A scripted server that keeps its requests.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use flate2::read::GzDecoder;

use crate::common::sinks::LIMIT;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) first_line: String,
    pub(crate) headers: Vec<String>,
    pub(crate) lines: Vec<String>,
    pub(crate) when: Instant,
}

/// The reaction of the server to a request.
pub(crate) enum Reply {
    /// A status, further headers each with their line end, a body.
    Status(u16, &'static str, String),
    /// These octets, and the end.
    Octets(Vec<u8>),
    /// A beginning, and then endless octets, until the client closes.
    Endless(&'static str),
    /// Nothing at all.
    Nothing,
}

impl Reply {
    pub(crate) fn status(code: u16) -> Self {
        Self::Status(code, "", String::new())
    }
}

pub(crate) struct Server {
    pub(crate) port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
    stopped: Arc<AtomicBool>,
}

type Script = Arc<Mutex<dyn FnMut(&Request) -> Reply + Send>>;

impl Server {
    /// On a free port.
    pub(crate) fn start(script: impl FnMut(&Request) -> Reply + Send + 'static) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").unwrap(), script)
    }

    pub(crate) fn on(
        listener: TcpListener,
        script: impl FnMut(&Request) -> Reply + Send + 'static,
    ) -> Self {
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let stopped = Arc::new(AtomicBool::new(false));
        let server = Self { port, requests: requests.clone(), stopped: stopped.clone() };
        let script: Script = Arc::new(Mutex::new(script));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
                let (requests, script) = (requests.clone(), script.clone());
                thread::spawn(move || serve(stream, &requests, &script));
            }
        });
        server
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// One connection, as long as it lasts.
fn serve(stream: TcpStream, requests: &Mutex<Vec<Request>>, script: &Script) {
    let _ = stream.set_read_timeout(Some(LIMIT));
    let mut reader = BufReader::new(stream);
    while let Ok(request) = read(&mut reader) {
        requests.lock().unwrap().push(request.clone());
        let reply = script.lock().unwrap()(&request);
        if answer(reader.get_mut(), reply).is_err() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> io::Result<Request> {
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match line.trim_end() {
            "" => break,
            line => head.push(line.to_owned()),
        }
    }
    let first_line = head.remove(0);
    let length = head.iter().find_map(|header| {
        let (name, value) = header.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length").then(|| value.parse().unwrap())
    });
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body)?;
    let mut text = String::new();
    match head.iter().any(|header| header.eq_ignore_ascii_case("content-encoding: gzip")) {
        true => GzDecoder::new(&*body).read_to_string(&mut text)?,
        false => (&*body).read_to_string(&mut text)?,
    };
    let lines = text.lines().map(str::to_owned).collect();
    Ok(Request { first_line, headers: head, lines, when: Instant::now() })
}

fn answer(stream: &mut TcpStream, reply: Reply) -> io::Result<()> {
    let end = || Err(io::ErrorKind::ConnectionAborted.into());
    match reply {
        Reply::Status(code, headers, body) => {
            let length = match code {
                204 => String::new(),
                _ => format!("Content-Length: {}\r\n", body.len()),
            };
            write!(stream, "HTTP/1.1 {code} Scripted\r\n{length}{headers}\r\n{body}")
        }
        Reply::Octets(octets) => {
            stream.write_all(&octets)?;
            end()
        }
        Reply::Endless(start) => {
            stream.set_write_timeout(Some(LIMIT))?;
            stream.write_all(start.as_bytes())?;
            loop {
                stream.write_all(&[b'x'; 4096])?;
            }
        }
        Reply::Nothing => {
            thread::sleep(Duration::from_secs(30));
            end()
        }
    }
}
