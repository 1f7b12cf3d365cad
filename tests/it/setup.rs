//! `setup`, with options and with a person at a terminal.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Read},
    os::{
        fd::OwnedFd,
        unix::{fs::PermissionsExt, process::CommandExt},
    },
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex},
    thread,
};

use crate::common::{
    binary::{Ran, Running, command, run_command, signal, wait_for},
    published::{DUMP, KEY, PLAIN, octets},
    terminal::terminal,
    wire::wrapped,
};
use meterpipe::source::simulator::wire::Sealer;
use rustix::{
    process::Signal,
    termios::{OptionalActions, tcgetattr, tcsetattr},
};
use tempfile::TempDir;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn setup(home: &TempDir, args: &[&str]) -> Ran {
    // Root has another place for the configuration.
    let mut command = command(&[&["setup", "--config=etc/config.toml"], args].concat());
    command.env("HOME", home.path()).current_dir(home.path());
    run_command(command, b"")
}

/// Pushes the published telegram again and again, as a meter does.
fn push(master: OwnedFd) {
    push_telegram(master, octets(DUMP));
}

fn push_telegram(master: OwnedFd, telegram: Vec<u8>) {
    thread::spawn(move || {
        while rustix::io::write(&master, &telegram).is_ok() {
            thread::sleep(std::time::Duration::from_millis(200));
        }
    });
}

#[test]
fn options_answer_every_question() {
    let home = TempDir::new().unwrap();
    let (master, node) = terminal();
    push(master);
    let node = node.to_str().unwrap();
    fs::write(home.path().join("key"), format!("{KEY}\n")).unwrap();
    fs::write(home.path().join("word"), "hunter2\n").unwrap();
    let config = home.path().join("etc/config.toml");
    let path = format!("--config={}", config.display());
    let to = "mqtt://127.0.0.1:1/house?user=anna&password_file=word&every=30s";
    let file = format!("--to=file:{}/readings.csv", home.path().display());
    let options = ["--source", node, "--key-file=key", &file];
    let ran = setup(&home, &options);
    assert_eq!(ran.status, 0, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("The key fits: meter "), "{}", ran.out);
    // A broker that is away is no sink, unless nobody asks it.
    let ran = setup(&home, &[&options[..3], &["--to", to, "--force"]].concat());
    assert_eq!(ran.status, 6, "{}{}", ran.out, ran.err);
    // A server is tried too whose spool will be in a folder that comes with the first start.
    let is_root = rustix::process::geteuid().is_root();
    let state = if is_root { "/var".into() } else { home.path().join(".local/state") };
    let spool = state.join(if is_root { "lib/meterpipe/influx" } else { "meterpipe/influx" });
    let spooled = format!("influxdb://127.0.0.1:1?db=a&spool={}", spool.display());
    let ran = setup(&home, &[&options[..3], &["--to", &spooled, "--force"]].concat());
    assert_eq!(ran.status, 6, "{}{}", ran.out, ran.err);
    assert!(!spool.exists());
    let ran = setup(&home, &[&options[..3], &["--to", to, "--offline", "--force"]].concat());
    assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{}", ran.out);
    let guek = config.with_file_name("guek");
    let password = config.with_file_name("mqtt_password");
    assert_eq!(
        fs::read_to_string(&config).unwrap(),
        format!(
            "# Written by meterpipe setup: meterpipe-watch(1), meterpipe-sinks(7).\n\n[[meter]]\n\
             source = \"{node}\"\nkey_file = \"{}\"\n\n[[sink]]\nto = \"mqtt://127.0.0.1:1/house\"\n\
             user = \"anna\"\nevery = \"30s\"\npassword_file = \"{}\"\n",
            guek.display(),
            password.display()
        )
    );
    assert_eq!(fs::read_to_string(&guek).unwrap(), format!("{KEY}\n"));
    assert_eq!(fs::read_to_string(&password).unwrap(), "hunter2\n");
    assert_eq!([&config, &guek, &password].map(|path| mode(path)), [0o644, 0o600, 0o600]);
    assert!(config.with_extension("toml.old").exists());
    assert!(!guek.with_extension("old").exists(), "it is the same");
    let mut check = command(&["config", "check", &path]);
    check.current_dir(home.path());
    let ran = run_command(check, b"");
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
}

#[test]
fn the_line_is_found_or_taken_as_it_is_typed() {
    let home = TempDir::new().unwrap();
    fs::write(home.path().join("key"), format!("{KEY}\n")).unwrap();
    let (master, node) = terminal();
    let speed = master.try_clone().unwrap();
    let telegram: Vec<u8> = include_str!("../data/netznoe-doc-2021.hex")
        .lines()
        .flat_map(|line| hex::decode(line.trim()).unwrap())
        .collect();
    // The telegram comes at 115200 baud only.
    thread::spawn(move || {
        loop {
            let right = tcgetattr(&speed).is_ok_and(|termios| termios.input_speed() == 115_200);
            let octets = if right { telegram.clone() } else { vec![0x55; 600] };
            if rustix::io::write(&master, &octets).is_err() {
                return;
            }
            thread::sleep(std::time::Duration::from_millis(100));
        }
    });
    let node = node.to_str().unwrap();
    let to = format!("--to=file:{}/readings.csv", home.path().display());
    let written = |more: &[&str]| {
        let options = ["--source", node, "--key-file=key", &to, "--force"];
        let ran = setup(&home, &[&options, more].concat());
        assert_eq!(ran.status, 0, "{}{}", ran.out, ran.err);
        let config = fs::read_to_string(home.path().join("etc/config.toml")).unwrap();
        let rows = config.lines().skip_while(|line| !line.starts_with("key_file")).skip(1);
        rows.take_while(|line| !line.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(written(&[]), ["line = \"p1\""]);
    assert_eq!(written(&["--line=p1"]), ["line = \"p1\""]);
    assert_eq!(
        written(&["--offline", "--baud=9600", "--parity=even"]),
        ["baud = \"9600\"", "parity = \"even\""]
    );
}

#[test]
fn a_missing_answer_and_a_wrong_one_write_nothing() {
    let home = TempDir::new().unwrap();
    let ran = setup(&home, &["--to=file:/dev/null"]);
    assert_eq!(ran.status, 2, "{}", ran.err);
    assert!(ran.err.contains("Where is the meter? There is no terminal: name it with --source"));
    let (master, node) = terminal();
    push(master);
    fs::write(home.path().join("key"), "11".repeat(16)).unwrap();
    let ran = setup(&home, &["--source", node.to_str().unwrap(), "--key-file=key"]);
    assert_eq!(ran.status, 4, "{}", ran.err);
    assert!(ran.err.contains("this key does not open the telegram of the meter "), "{}", ran.err);
    fs::write(home.path().join("key"), KEY).unwrap();
    let node = node.to_str().unwrap();
    let ran = setup(&home, &["--source", node, "--key-file=key", "--to=file:readings.csv"]);
    assert_eq!(ran.status, 6, "{}", ran.err);
    assert!(ran.err.contains("readings.csv: the whole path is needed"), "{}", ran.err);
    let ran = setup(&home, &["--source=/dev/serial/by-id/none", "--key-file=key", "--timeout=1s"]);
    assert_eq!(ran.status, 5, "{}", ran.err);
    assert!(!home.path().join("etc").exists());
}

#[test]
fn another_run_that_has_the_port_is_named_at_once() {
    let home = TempDir::new().unwrap();
    let (_master, node) = terminal();
    let node = node.to_str().unwrap();
    let mut holder = command(&["capture", node]);
    let mut holder = Running(holder.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap());
    // A pseudo-terminal has no parity, which the holder says once it has it.
    let mut messages = BufReader::new(holder.0.stderr.take().unwrap()).lines();
    assert!(messages.next().unwrap().unwrap().contains("parity"));
    fs::write(home.path().join("key"), KEY).unwrap();
    for more in [&[][..], &["--stop-service"]] {
        let ran = setup(&home, &[&["--source", node, "--key-file=key"], more].concat());
        let text = format!(
            "meterpipe setup: {node}: in use by meterpipe[{}]; end that run first\n",
            holder.0.id()
        );
        // No service has it, so there is none to stop.
        assert_eq!((ran.status, ran.err.ends_with(&text)), (5, true), "{}", ran.err);
    }
}

/// A run on a terminal of its own, and the person in front of it.
struct Session {
    running: Running,
    master: Arc<OwnedFd>,
    screen: Arc<Mutex<String>>,
    read: usize,
}

impl Session {
    fn start(home: &TempDir, args: &[&str]) -> Self {
        let (master, node) = terminal();
        let open = || File::options().read(true).write(true).open(&node).unwrap();
        // Echo and lines, as a shell leaves the terminal.
        let mut settings = tcgetattr(open()).unwrap();
        settings.local_modes |= rustix::termios::LocalModes::ECHO
            | rustix::termios::LocalModes::ICANON
            | rustix::termios::LocalModes::ISIG;
        settings.input_modes |= rustix::termios::InputModes::ICRNL;
        tcsetattr(open(), OptionalActions::Now, &settings).unwrap();
        let mut command = command(&[&["setup"], args].concat());
        command.env("HOME", home.path()).env("TERM", "xterm").env("LANG", "de_AT.UTF-8");
        command.stdin(Stdio::from(open()));
        command.stdout(Stdio::from(open())).stderr(Stdio::from(open()));
        let running = Running(command.process_group(0).spawn().unwrap());
        let (master, screen) = (Arc::new(master), Arc::<Mutex<String>>::default());
        let (from, to) = (master.clone(), screen.clone());
        thread::spawn(move || {
            let mut from = File::from(from.try_clone().unwrap());
            let mut octets = [0; 4096];
            while let Ok(count @ 1..) = from.read(&mut octets) {
                to.lock().unwrap().push_str(&String::from_utf8_lossy(&octets[..count]));
            }
        });
        Self { running, master, screen, read: 0 }
    }

    /// Waits for a question, and types an answer.
    fn answer(&mut self, question: &str, answer: &str) {
        self.wait_for(question);
        rustix::io::write(&*self.master, answer.as_bytes()).unwrap();
    }

    fn wait_for(&mut self, text: &str) {
        let (screen, read) = (self.screen.clone(), &mut self.read);
        wait_for(text, || {
            let screen = screen.lock().unwrap();
            let found = screen[*read..].find(text).map(|at| *read + at + text.len());
            *read = found.unwrap_or(*read);
            found.is_some()
        });
    }
}

const DOWN: &str = "\x1b[B";

#[test]
fn a_person_is_asked_until_key_and_broker_are_right() {
    let home = TempDir::new().unwrap();
    let (master, node) = terminal();
    push(master);
    // Root has another place for it.
    let config = home.path().join("config.toml");
    let options = ["--source", node.to_str().unwrap(), "--config", config.to_str().unwrap()];
    let mut session = Session::start(&home, &options);
    session.answer("(not shown)", &format!("{}\n", "11".repeat(16)));
    session.wait_for("this key does not open the telegram");
    session.answer("(not shown)", &format!("{KEY}\n"));
    session.wait_for("The key fits: meter ");
    session.answer("Where shall the readings go", "\n");
    session.answer("Broker, as ADDRESS or ADDRESS:PORT", "127.0.0.1:1\n");
    session.answer("User (empty for none)", "anna\n");
    session.answer("Password (not shown)", "hunter2\n");
    // The last answers are there to be corrected; the password is not.
    session.answer("And now", "\n");
    session.answer("Broker, as ADDRESS or ADDRESS:PORT: 127.0.0.1:1", "\n");
    session.answer("User (empty for none): anna", "\n");
    session.answer("Password (not shown)", "hunter2\n");
    session.wait_for("cannot connect");
    session.answer("And now", &format!("{DOWN}\n"));
    session.answer("Where shall the readings go", "\n");
    session.answer("Broker, as ADDRESS or ADDRESS:PORT", "127.0.0.1:1\n");
    session.answer("User (empty for none)", "\n");
    session.wait_for("cannot connect");
    session.answer("And now", &format!("{DOWN}{DOWN}\n"));
    session.answer("And where else", &format!("{}\n", "\x1b[A"));
    let path = home.path().join("readings.csv");
    session.answer("File", &format!("{}{}\n", "\x7f".repeat(200), path.display()));
    // A row for each telegram would be 17280 a day, more than a spreadsheet takes.
    session.answer("A row every", "five\n");
    session.wait_for("every = five: expected a duration");
    session.answer("And now", "\n");
    session.answer("File", "\n");
    session.answer("A row every", &format!("{}15m\n", "\x7f".repeat(9)));
    session.answer("And where else", "\n");
    session.wait_for("Next: meterpipe watch");
    assert_eq!(session.running.0.wait().unwrap().code(), Some(0));
    let screen = session.screen.lock().unwrap().clone();
    assert!(!screen.contains(KEY) && !screen.contains("hunter2"), "{screen}");
    let config = fs::read_to_string(config).unwrap();
    let file = format!("to = \"file:{}\"\nevery = \"15m\"\ncsv_locale = \"at\"\n", path.display());
    assert!(config.contains(&file), "{config}");
    // The service does not have the locale of this terminal.
    let kept = "to = \"mqtt://127.0.0.1:1\"\nha_language = \"de\"";
    assert!(config.contains(kept) && !config.contains("anna"), "{config}");
}

#[test]
fn a_system_title_is_asked_for_where_the_telegrams_carry_none() {
    let home = TempDir::new().unwrap();
    let (master, node) = terminal();
    let mut sealed = vec![];
    Sealer::new(0, &[0x11; 16], None).seal(b"KFM12345", 7, &octets(PLAIN), &mut sealed);
    sealed.drain(2..10);
    sealed[1] = 0;
    push_telegram(master, wrapped(&sealed));
    let (title, other) = ("4b464d3132333435", "4b464d3132333436");
    let config = home.path().join("config.toml");
    let to = format!("file:{}/readings.csv", home.path().display());
    let options = ["--source", node.to_str().unwrap(), "--config", config.to_str().unwrap()];
    let options = [&options[..], &["--to", &to]].concat();
    let mut session = Session::start(&home, &options);
    session.answer("(not shown)", &format!("{}\n", "11".repeat(16)));
    session.answer("The telegrams carry no system title", "4b46\n");
    session.wait_for("16 hex digits expected");
    session.answer("The telegrams carry no system title", &format!("{other}\n"));
    session.wait_for("the key or the system title does not fit");
    session.answer("(not shown)", &format!("{}\n", "11".repeat(16)));
    session.answer("The telegrams carry no system title", &format!("{title}\n"));
    session.wait_for("The key fits: meter ");
    session.wait_for("Next: meterpipe watch");
    assert_eq!(session.running.0.wait().unwrap().code(), Some(0));
    let row = format!("system_title = \"{title}\"\n");
    assert!(fs::read_to_string(&config).unwrap().contains(&row));

    fs::write(home.path().join("key"), "11".repeat(16)).unwrap();
    let key = ["--key-file=key", "--force"];
    let ran = setup(&home, &[&options[..2], &options[4..], &key].concat());
    assert_eq!(ran.status, 4, "{}", ran.err);
    assert!(ran.err.contains("give it with --system-title"), "{}", ran.err);
    let ran =
        setup(&home, &[&options[..2], &options[4..], &key, &["--system-title", title]].concat());
    assert_eq!(ran.status, 0, "{}", ran.err);
    let config = fs::read_to_string(home.path().join("etc/config.toml")).unwrap();
    assert!(config.contains(&row), "{config}");
}

#[test]
fn a_title_that_the_telegrams_carry_is_not_asked_for() {
    let home = TempDir::new().unwrap();
    let (master, node) = terminal();
    push(master);
    fs::write(home.path().join("key"), KEY).unwrap();
    let to = format!("--to=file:{}/readings.csv", home.path().display());
    let title = "--system-title=4b464d3132333435";
    let ran = setup(&home, &["--source", node.to_str().unwrap(), "--key-file=key", &to, title]);
    assert_eq!(ran.status, 0, "{}{}", ran.out, ran.err);
    let config = fs::read_to_string(home.path().join("etc/config.toml")).unwrap();
    assert!(!config.contains("system_title"), "{config}");
}

#[test]
fn a_person_who_has_enough_ends_it_at_any_question() {
    let home = TempDir::new().unwrap();
    let (master, node) = terminal();
    push(master);
    let config = home.path().join("config.toml");
    let options = ["--source", node.to_str().unwrap(), "--config", config.to_str().unwrap()];
    for question in ["(not shown)", "Where shall the readings go"] {
        let mut session = Session::start(&home, &options);
        if question.starts_with("Where") {
            session.answer("(not shown)", &format!("{KEY}\n"));
        }
        session.wait_for(question);
        // A terminal sends this for Ctrl-C.
        signal(&session.running.0, Signal::INT);
        assert_eq!(session.running.0.wait().unwrap().code(), Some(130), "{question}");
        session.wait_for("\x1b[?25h");
        assert!(!config.exists());
    }
}
