//! A run as a service: what it tells systemd, and the form of its messages.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    os::{
        fd::OwnedFd,
        unix::{
            fs::MetadataExt,
            net::{UnixDatagram, UnixListener, UnixStream},
        },
    },
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    common::{
        binary::{Running, command, run_command, signal},
        published::{DUMP, Folder, KEY, WRONG_KEY, octets},
        terminal::terminal,
    },
    influx::server::{Reply, Server},
    mqtt::mosquitto::{guarded, with_mosquitto},
};
use rustix::{io::write, process::Signal};
use tempfile::TempDir;

/// For how long a message is waited for.
const LIMIT: Duration = Duration::from_secs(60);

/// The socket of a service manager.
struct Manager {
    folder: TempDir,
    socket: UnixDatagram,
}

impl Manager {
    fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let socket = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        socket.set_read_timeout(Some(LIMIT)).unwrap();
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

    /// Waits for a message of which a line begins so and has a fitting rest; returns the rest.
    fn wait_for_fitting(&self, start: &str, fits: impl Fn(&str) -> bool) -> String {
        let since = Instant::now();
        let (mut octets, mut last) = ([0; 4096], String::new());
        while since.elapsed() < LIMIT
            && let Ok(length) = self.socket.recv(&mut octets)
        {
            let text = String::from_utf8_lossy(&octets[..length]);
            if let Some(rest) = text.lines().find_map(|line| line.strip_prefix(start)) {
                rest.clone_into(&mut last);
                if fits(rest) {
                    return last;
                }
            }
        }
        panic!("no fitting {start}; the last one: {last}")
    }

    /// Waits for a message of which a line begins so; returns the rest of the line.
    fn wait_for(&self, start: &str) -> String {
        self.wait_for_fitting(start, |_| true)
    }

    /// Waits for a status that has this part, or that has it no more.
    fn wait_for_status(&self, part: &str, is_there: bool) -> String {
        self.wait_for_fitting("STATUS=", |status| status.contains(part) == is_there)
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
    let status = manager.wait_for_status(" telegrams, the last one at ", true);
    let (_, time) = status.rsplit_once(' ').unwrap();
    assert_eq!(time.len(), "12:00:00".len(), "{status}");
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

/// Pushes the published telegram again and again, as a meter does.
fn push(master: OwnedFd) {
    let telegram = octets(DUMP);
    thread::spawn(move || {
        while write(&master, &telegram).is_ok() {
            thread::sleep(Duration::from_millis(200));
        }
    });
}

#[test]
fn the_status_names_a_wrong_key_until_it_is_right() {
    let (manager, folder, (master, node)) = (Manager::start(), Folder::new(), terminal());
    push(master);
    let key = folder.write("key", WRONG_KEY);
    let running =
        manager.run(&["watch", node.to_str().unwrap(), "--key-file", &key, "--to=file:/dev/null"]);
    let status = manager.wait_for_status("the key does not fit", true);
    let text = "; the key does not fit the meter with system title 4b464d6750000009: compare it \
                with the operator's portal";
    assert!(status.starts_with("no telegram yet, ") && status.contains(text), "{status}");
    folder.write("key", KEY);
    signal(&running.0, Signal::HUP);
    let status = manager.wait_for_status("the key", false);
    assert!(status.contains(" telegram"), "{status}");
    folder.write("key", WRONG_KEY);
    signal(&running.0, Signal::HUP);
    manager.wait_for_status("4b464d6750000009 fits no longer: was it exchanged?", true);
}

#[test]
fn the_status_names_a_meter_without_a_key() {
    let (manager, (master, node)) = (Manager::start(), terminal());
    push(master);
    let _running = manager.run(&["watch", node.to_str().unwrap(), "--to=file:/dev/null"]);
    manager
        .wait_for_status("there is no key for the meter with system title 4b464d6750000009", true);
}

#[test]
fn the_status_names_a_broker_that_is_away_or_refuses_the_login() {
    with_mosquitto(|| {
        let mut broker = guarded();
        broker.kill();
        let (manager, folder) = (Manager::start(), Folder::new());
        let name = format!("mqtt://127.0.0.1:{}/house", broker.port);
        let password = folder.write("password", "not this one");
        let config = folder.write(
            "config.toml",
            format!(
                "[[sink]]\nto = \"{name}\"\nuser = \"meter\"\npassword_file = \"{password}\"\n"
            ),
        );
        let running = manager.run(&["watch", "sim:", "--config", &config]);
        let address = format!("127.0.0.1:{}", broker.port);
        let text = format!("; {name}: cannot connect to {address}: connection refused");
        manager.wait_for_status(&text, true);
        broker.run();
        let status = manager.wait_for_status("refuses", true);
        let text = format!("; {name}: {address} refuses user meter (");
        assert!(status.contains(&text), "{status}");
        assert!(status.contains("are user name and password right?"), "{status}");
        assert!(!status.contains("not this one"), "{status}");
        folder.write("password", "c4nary word:§1");
        signal(&running.0, Signal::HUP);
        // A state that waited when the settings were read again may be lost, and stays counted.
        let status = manager.wait_for_status("refuses", false);
        assert!(status.contains(" telegram"), "{status}");
        broker.kill();
        manager.wait_for_status("cannot connect", true);
        broker.run();
        manager.wait_for_status("cannot connect", false);
    });
}

#[test]
fn the_status_names_a_database_that_refuses_the_token() {
    let (manager, known) = (Manager::start(), Arc::new(AtomicBool::new(false)));
    let is_known = known.clone();
    let server = Server::start(move |_| match is_known.load(Ordering::Relaxed) {
        true => Reply::status(204),
        false => Reply::status(401),
    });
    let name = format!("influxdb://127.0.0.1:{}", server.port);
    let to = format!("--to={name}?bucket=house&token=wrong&retry=1s&guard=false");
    let _running = manager.run(&["watch", "sim:", &to]);
    let status = manager.wait_for_status("does not accept", true);
    let text = format!("; {name}: 127.0.0.1:{} does not accept the token: 401", server.port);
    assert!(status.contains(&text), "{status}");
    known.store(true, Ordering::Relaxed);
    manager.wait_for_status("does not accept", false);
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
