//! The binary as a user runs it.

use super::secrets;
use std::{
    io::{Read, Write},
    process::{Child, Command, ExitStatus, Output, Stdio},
    time::{Duration, Instant},
};

/// The binary under test.
pub const METERPIPE: &str = env!("CARGO_BIN_EXE_meterpipe");

/// Status and output of a run.
#[derive(Debug, PartialEq, Eq)]
pub struct Ran {
    pub status: i32,
    pub out: String,
    pub err: String,
}

/// A command in an empty environment, so that no key comes from this machine.
pub fn command(args: &[&str]) -> Command {
    let mut command = Command::new(METERPIPE);
    command.args(args).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

/// Runs to the end with that standard input.
pub fn run(args: &[&str], input: &[u8]) -> Ran {
    run_command(command(args), input)
}

/// Runs a prepared command to the end.
pub fn run_command(mut command: Command, input: &[u8]) -> Ran {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("meterpipe starts");
    secrets::process(child.id());
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_vec();
    // In a thread, since the program may write before it has read everything. A program that stops
    // reading early is no failure here.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().expect("meterpipe ends");
    writer.join().expect("written");
    ran(output)
}

/// A test of this program that is marked as ignored, in a process of its own.
pub fn ignored_test(name: &str) -> Command {
    let mut test = Command::new(std::env::current_exe().unwrap());
    test.args([name, "--exact", "--ignored", "--nocapture"]);
    test
}

/// A finished run as text, without any secret.
pub fn ran(output: Output) -> Ran {
    let text = |octets| secrets::open(String::from_utf8(octets).expect("UTF-8"));
    let status = output.status.code().unwrap_or(-1);
    Ran { status, out: text(output.stdout), err: text(output.stderr) }
}

/// Waits until a condition holds, with a limit that a machine full of other work does not reach.
pub fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let patience = Instant::now() + Duration::from_secs(300);
    while !holds() {
        assert!(Instant::now() < patience, "waited in vain for: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A process that is ended with the test, also if the test fails.
pub struct Running(pub Child);

impl Running {
    /// Waits for its end; the output is what was piped.
    pub fn ended(mut self) -> Ran {
        let mut output = Output { status: ExitStatus::default(), stdout: vec![], stderr: vec![] };
        if let Some(mut stdout) = self.0.stdout.take() {
            stdout.read_to_end(&mut output.stdout).unwrap();
        }
        if let Some(mut stderr) = self.0.stderr.take() {
            stderr.read_to_end(&mut output.stderr).unwrap();
        }
        output.status = self.0.wait().unwrap();
        ran(output)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Sends a signal to a process that we started.
pub fn signal(child: &Child, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_child(child);
    rustix::process::kill_process(pid, signal).expect("the process is there");
}
