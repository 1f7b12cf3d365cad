//! A run as a service: what it tells systemd, and the form of its messages.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    os::unix::{
        fs::MetadataExt,
        net::{UnixDatagram, UnixListener, UnixStream},
    },
    process::Stdio,
    time::Duration,
};

use crate::common::{
    binary::{Running, command, run_command, signal},
    terminal::terminal,
};
use rustix::{io::write, process::Signal};
use tempfile::TempDir;

/// The socket of a service manager.
struct Manager {
    folder: TempDir,
    socket: UnixDatagram,
}

impl Manager {
    fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let socket = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Self { folder, socket }
    }

    /// A run that this manager starts.
    fn run(&self, args: &[&str]) -> Running {
        let mut command = command(args);
        command.env("NOTIFY_SOCKET", self.folder.path().join("notify"));
        command.env("WATCHDOG_USEC", "2000000").env("XDG_CONFIG_HOME", self.folder.path());
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        Running(command.spawn().unwrap())
    }

    /// Waits for a message of which a line begins so; returns the rest of the line.
    fn wait_for(&self, start: &str) -> String {
        let mut octets = [0; 4096];
        loop {
            let length = self.socket.recv(&mut octets).unwrap_or_else(|_| panic!("no {start}"));
            let text = String::from_utf8_lossy(&octets[..length]).into_owned();
            if let Some(rest) = text.lines().find_map(|line| line.strip_prefix(start)) {
                return rest.to_owned();
            }
        }
    }
}

#[test]
fn a_service_is_ready_with_its_first_telegram_and_says_what_it_does() {
    let manager = Manager::start();
    let path = manager.folder.path().join("readings.jsonl");
    let to = format!("--to=file:{}", path.display());
    let running = manager.run(&["watch", "sim:", &to]);
    manager.wait_for("READY=1");
    manager.wait_for("WATCHDOG=1");
    let status = manager.wait_for("STATUS=2 telegrams, the last one at ");
    assert_eq!(status.len(), "12:00:00".len(), "{status}");
    signal(&running.0, Signal::HUP);
    let since = manager.wait_for("RELOADING=1");
    assert_eq!(since, "");
    manager.wait_for("READY=1");
    signal(&running.0, Signal::TERM);
    manager.wait_for("STOPPING=1");
    assert_eq!(running.ended().status, 0);
}

#[test]
fn a_service_without_a_meter_says_what_is_missing() {
    let manager = Manager::start();
    let running = manager.run(&["watch", "/dev/serial/by-id/none", "--to=file:/dev/null"]);
    let status = manager.wait_for("STATUS=no telegram yet; ");
    assert!(status.starts_with("/dev/serial/by-id/none: no such device"), "{status}");
    // Waiting is work: the watchdog has no reason to bite.
    manager.wait_for("WATCHDOG=1");
    signal(&running.0, Signal::TERM);
    assert_eq!(running.ended().status, 0);
}

#[test]
fn messages_have_the_form_that_fits_standard_error() {
    let folder = TempDir::new().unwrap();
    let publish = |options: &[&str]| {
        let mut publish = command(&[&["publish"], options].concat());
        publish.env("XDG_CONFIG_HOME", folder.path());
        publish
    };
    let why = "nowhere to publish to: name a sink with --to, or a configuration";
    let text = format!("meterpipe publish: {why}\n");
    assert_eq!(run_command(publish(&[]), b"").err, text);
    assert_eq!(run_command(publish(&["--log-format=journal"]), b"").err, format!("<3>{text}"));
    let json = run_command(publish(&["--log-format=json"]), b"").err;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["level"], "error");
    assert_eq!((json["command"].as_str(), json["message"].as_str()), (Some("publish"), Some(why)));
    assert!(json["time"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok(), "{json}");

    let path = folder.path().join("log");
    let mut to_file = publish(&[]);
    to_file.stderr(File::create(&path).unwrap()).status().unwrap();
    let log = fs::read_to_string(&path).unwrap();
    let (time, rest) = log.split_once(' ').unwrap();
    assert_eq!((rest, time.len()), (&*text, "2026-11-28T10:00:00+01:00".len()), "{log}");

    // The journal is a socket whose device and inode the variable names.
    let listener = UnixListener::bind(folder.path().join("journal")).unwrap();
    let stream = UnixStream::connect(folder.path().join("journal")).unwrap();
    let about =
        File::from(std::os::fd::OwnedFd::from(stream.try_clone().unwrap())).metadata().unwrap();
    let mut journal = publish(&[]);
    journal.env("JOURNAL_STREAM", format!("{}:{}", about.dev(), about.ino()));
    journal.stderr(Stdio::from(std::os::fd::OwnedFd::from(stream))).status().unwrap();
    drop(journal);
    let mut line = String::new();
    BufReader::new(listener.accept().unwrap().0).read_line(&mut line).unwrap();
    assert_eq!(line, format!("<3>{text}"));
}

#[test]
fn a_run_waits_for_a_port_in_use_as_long_as_its_timeout_says() {
    let (master, node) = terminal();
    let node = node.to_str().unwrap();
    let mut first = command(&["capture", node]);
    let mut first = Running(first.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap());
    // The first run has the port when it speaks about its settings.
    let mut messages = BufReader::new(first.0.stderr.take().unwrap()).lines();
    assert!(messages.next().unwrap().unwrap().contains("parity"));
    let mut second = command(&["capture", "--once", "--timeout=60s", node]);
    let mut second = Running(second.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap());
    let mut messages = BufReader::new(second.0.stderr.take().unwrap()).lines();
    let message = messages.next().unwrap().unwrap();
    assert!(message.contains("in use by meterpipe"), "{message}");
    signal(&first.0, Signal::TERM);
    assert_eq!(first.ended().status, 0);
    let message = messages.next().unwrap().unwrap();
    assert!(message.contains("back after"), "{message}");
    for line in include_str!("../data/netznoe-doc-2021.hex").lines() {
        write(&master, &hex::decode(line.trim()).unwrap()).unwrap();
    }
    assert_eq!(second.ended().status, 0);
}
