//! A command line in a shell with a time limit: a command that exceeds it is killed with all
//! processes that it started, and no others.

use std::{
    fs::File,
    io::Read,
    os::unix::process::CommandExt,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::common::{secrets, terminal::terminal};
use rustix::termios::{Winsize, tcsetwinsize};

/// Longer than anything in the documents takes: a meter sends every five seconds.
const LIMIT: Duration = Duration::from_secs(60);

/// Output and status of a command.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) command: String,
    pub(crate) text: String,
    pub(crate) status: ExitStatus,
}

impl Ran {
    pub(crate) fn succeeded(&self) {
        secrets::open(self.text.clone());
        assert!(self.status.success(), "$ {}\n{}\n{}", self.command, self.text, self.status);
    }
}

/// A shell in its own process group.
pub(crate) struct Shell {
    child: Child,
    command: String,
}

impl Shell {
    pub(crate) fn start(mut shell: Command, command: &str) -> Self {
        shell.args(["-c", command]).stdin(Stdio::null()).process_group(0);
        let child = shell.spawn().unwrap_or_else(|error| panic!("{command}: {error}"));
        Self { child, command: command.to_owned() }
    }

    /// The status, once the command has ended by itself.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.ended() {
                return status;
            }
            assert!(start.elapsed() < LIMIT, "does not end: {}", self.command);
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until something is true of what it does; it must not end before.
    pub(crate) fn wait_until(&mut self, what: &str, happened: impl Fn() -> bool) {
        let start = Instant::now();
        while !happened() {
            let ended = self.ended();
            assert!(ended.is_none() || happened(), "{}: ended before {what}", self.command);
            assert!(start.elapsed() < LIMIT, "{}: {what} does not come", self.command);
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Asks the whole group to end.
    pub(crate) fn terminate(&self) {
        self.signal("TERM");
    }

    fn signal(&self, signal: &str) {
        let group = format!("kill -{signal} -- -{}", self.child.id());
        let _ = Command::new("bash").args(["-c", &group]).stderr(Stdio::null()).status();
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            self.signal("KILL");
            let _ = self.child.wait();
        }
    }
}

/// Runs a command in a terminal of 100 columns, as a reader of the README does.
pub(crate) fn in_terminal(mut shell: Command, command: &str) -> Ran {
    let (master, name) = terminal();
    let size = Winsize { ws_row: 40, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&master, size).unwrap();
    let terminal = File::options().read(true).write(true).open(name).unwrap();
    shell.stdout(terminal.try_clone().unwrap()).stderr(terminal.try_clone().unwrap());
    let reader = thread::spawn(move || read_all(master.into()));
    let status = Shell::start(shell, command).wait();
    drop(terminal);
    let text = without_colours(&reader.join().unwrap().replace("\r\n", "\n"));
    // A pseudo-terminal has no parity, which a serial device has: no user sees this line.
    let lines = text.split_inclusive('\n');
    let text = lines.filter(|line| !line.contains("ignores these settings: parity")).collect();
    Ran { command: command.to_owned(), text, status }
}

/// The text as a page shows it, which has no colours.
fn without_colours(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |plain, part| {
        let sequence = part.find(|c: char| !c.is_ascii_digit() && c != ';');
        match sequence.filter(|at| part[*at..].starts_with('m')) {
            Some(at) => plain + &part[at + 1..],
            None => plain + "\x1b[" + part,
        }
    })
}

/// Reads a terminal until nobody holds it any more, which it tells as an error.
fn read_all(mut terminal: File) -> String {
    let (mut octets, mut buffer) = (vec![], [0; 4096]);
    while let Ok(size @ 1..) = terminal.read(&mut buffer) {
        octets.extend_from_slice(&buffer[..size]);
    }
    String::from_utf8(octets).unwrap()
}
