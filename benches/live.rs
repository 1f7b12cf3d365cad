//! The cost of a live run beside a meter that talks.
//!
//! ```text
//! simulated meter, 2400 baud ──► pseudo-terminal ──► meterpipe watch ──► pipe ──► a line is there
//!               last octet: the clock starts                              and stops
//! ```
//!
//! `live METERPIPE KEY-FILE TELEGRAMS` runs all ways side by side, so that the same moments are
//! calm or busy for each: a telegram every five seconds, the ways a second apart. The first
//! telegram is not measured; after the last one it measures how the ways wait. The way through
//! `cat` is the least: octets that are read and passed on, not understood.

#![allow(missing_docs)]

use std::{
    env,
    ffi::OsStr,
    fs,
    io::Read,
    os::{fd::OwnedFd, unix::ffi::OsStrExt},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use meterpipe::source::simulator::{
    meter::MeterKind,
    pace::LinePace,
    push::{Push, PushOptions, Simulator},
};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{Mode, OFlags},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{OptionalActions, tcgetattr, tcsetattr},
};

/// Octets that come at once: what adapters collect before they speak, in about 40 ms.
const PIECE: usize = 8;

/// Between the frames of a telegram.
const PAUSE: Duration = Duration::from_millis(160);

/// Between the starts of telegrams.
const INTERVAL: Duration = Duration::from_secs(5);

/// Time to start, and then to get over the end of a telegram: all that is late has happened.
const CALM: Duration = Duration::from_secs(3);

/// For how long waiting is measured: no message about the silence is due yet.
const IDLE: Duration = Duration::from_secs(10);

/// A way from the device to lines.
struct Way {
    name: &'static str,
    /// Each with `PTY` for the device.
    commands: &'static [&'static str],
    /// Frames come at once instead of a few octets at a time.
    whole: bool,
}

const WAYS: [Way; 5] = [
    Way { name: "cat", commands: &["cat PTY"], whole: false },
    Way { name: "watch, json", commands: &["watch PTY --format json"], whole: false },
    Way { name: "watch, csv", commands: &["watch PTY --format csv --no-header"], whole: false },
    Way { name: "watch, frames", commands: &["watch PTY --format json"], whole: true },
    Way {
        name: "4 commands, csv",
        commands: &["capture PTY", "unframe", "decrypt", "decode --format csv --no-header"],
        whole: false,
    },
];

fn main() {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [meterpipe, key, telegrams] = arguments.as_slice() else {
        panic!("usage: live METERPIPE KEY-FILE TELEGRAMS");
    };
    let telegrams = telegrams.parse().expect("TELEGRAMS: a number");
    let (start, step) = (Instant::now() + CALM, INTERVAL / WAYS.len() as u32);
    let rows: Vec<_> = thread::scope(|scope| {
        let ways = WAYS.iter().zip(0..);
        let threads: Vec<_> = ways
            .map(|(way, number)| {
                scope.spawn(move || measure(way, meterpipe, key, telegrams, start + step * number))
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("a row")).collect()
    });
    println!("{:<16}{:>24}{:>27}{:>18}{:>14}", "", "latency/ms", "telegram", "idle", "MiB");
    println!(
        "{:<16}{:>8}{:>8}{:>8}{:>9}{:>9}{:>9}{:>9}{:>9}{:>7}{:>7}",
        "",
        "best",
        "median",
        "worst",
        "CPU/ms",
        "core/%",
        "wake-ups",
        "core/%",
        "a minute",
        "now",
        "peak"
    );
    rows.iter().for_each(|row| println!("{row}"));
}

/// The row of a way whose first telegram begins at `start`.
fn measure(way: &Way, meterpipe: &str, key: &str, telegrams: usize, mut start: Instant) -> String {
    let mut line = Line::new();
    let mut run = BenchRun::start(way, meterpipe, key, &line.node);
    let mut simulator = Simulator::new(PushOptions::new(
        MeterKind::NetzNoeKaifa,
        "2026-06-21T00:00:00Z".parse().expect("a time"),
    ));
    let mut telegram = |run: &mut BenchRun| {
        let late = line.play(&mut simulator, way, run, start);
        start += INTERVAL;
        sleep_until(start);
        late
    };
    telegram(&mut run);
    let before = run.cost();
    let mut late: Vec<_> = (0..telegrams).map(|_| telegram(&mut run)).collect();
    let busy = run.cost().since(&before);
    let before = run.cost();
    thread::sleep(IDLE);
    let idle = run.cost().since(&before);
    late.sort();
    row(way, &late, &busy, &idle, run.memory())
}

fn row(way: &Way, late: &[Duration], busy: &Cost, idle: &Cost, memory: (f64, f64)) -> String {
    let telegrams = late.len();
    let ms = |late: Option<&Duration>| late.map_or(0.0, |late| late.as_secs_f64() * 1e3);
    let share = |cost: &Cost, time: Duration| cost.cpu.as_secs_f64() / time.as_secs_f64() * 100.0;
    format!(
        "{:<16}{:>8.2}{:>8.2}{:>8.2}{:>9.2}{:>9.4}{:>9.1}{:>9.4}{:>9.0}{:>7.2}{:>7.2}",
        way.name,
        ms(late.first()),
        ms(late.get(telegrams / 2)),
        ms(late.last()),
        busy.cpu.as_secs_f64() * 1e3 / telegrams as f64,
        share(busy, INTERVAL * telegrams as u32),
        busy.wake_ups as f64 / telegrams as f64,
        share(idle, IDLE),
        idle.wake_ups as f64 * 60.0 / IDLE.as_secs_f64(),
        memory.0,
        memory.1,
    )
}

/// The wire.
struct Line {
    master: OwnedFd,
    /// Kept open, so that the line does not hang up before the reader has come.
    _slave: OwnedFd,
    node: PathBuf,
}

impl Line {
    fn new() -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags).expect("a pseudo-terminal");
        grantpt(&master).and_then(|()| unlockpt(&master)).expect("its other end");
        let node = ptsname(&master, vec![]).expect("its name");
        let node = PathBuf::from(OsStr::from_bytes(node.as_bytes()));
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let slave = rustix::fs::open(&node, flags, Mode::empty()).expect("its other end");
        let mut modes = tcgetattr(&slave).expect("modes");
        modes.make_raw();
        tcsetattr(&slave, OptionalActions::Now, &modes).expect("raw");
        Self { master, _slave: slave, node }
    }

    /// Plays the next telegram from `start` on. Says how long after its last octet all was read.
    fn play(
        &mut self,
        simulator: &mut Simulator,
        way: &Way,
        run: &mut BenchRun,
        start: Instant,
    ) -> Duration {
        let mut wire = vec![];
        let push = simulator.push(&mut wire);
        let mut last = Instant::now();
        let mut sent = 0;
        for (through, end) in pieces(&push, way.whole) {
            sleep_until(start + through);
            last = Instant::now();
            let piece = &wire[sent..end];
            assert_eq!(rustix::io::write(&self.master, piece), Ok(piece.len()));
            sent = end;
            if way.is_least() {
                run.read_octets(piece.len());
            }
        }
        if !way.is_least() {
            run.read_line();
        }
        last.elapsed()
    }
}

/// When each piece of a telegram is through, and where it ends.
fn pieces(push: &Push, whole: bool) -> Vec<(Duration, usize)> {
    let mut pieces = vec![];
    let (mut start, mut pauses) = (0, Duration::ZERO);
    for length in push.runs.lengths() {
        let end = start + length;
        let ends = (start..end).step_by(if whole { length } else { PIECE }).skip(1).chain([end]);
        pieces.extend(ends.map(|end| (LinePace::M_BUS.time(end) + pauses, end)));
        (start, pauses) = (end, pauses + PAUSE);
    }
    pieces
}

fn sleep_until(moment: Instant) {
    thread::sleep(moment.saturating_duration_since(Instant::now()));
}

impl Way {
    /// True if it only passes octets on.
    fn is_least(&self) -> bool {
        self.commands == ["cat PTY"]
    }
}

/// The processes of a way, and what the last of them prints. They end with it.
struct BenchRun {
    processes: Vec<Child>,
    out: ChildStdout,
}

impl BenchRun {
    fn start(way: &Way, meterpipe: &str, key: &str, node: &Path) -> Self {
        let mut processes: Vec<Child> = vec![];
        for text in way.commands {
            let mut words: Vec<_> = text.split(' ').collect();
            let program = if way.is_least() { words.remove(0) } else { meterpipe };
            let node = node.to_str().expect("a name in UTF-8");
            let input = processes.last_mut().and_then(|before| before.stdout.take());
            let child = Command::new(program)
                .args(words.iter().map(|word| if *word == "PTY" { node } else { word }))
                .env("P1_GUEK_FILE", key)
                .stdin(input.map_or_else(Stdio::null, Stdio::from))
                .stdout(Stdio::piped())
                .stderr(Stdio::inherit())
                .spawn();
            processes.push(child.expect("a process"));
        }
        let out = processes.last_mut().and_then(|last| last.stdout.take()).expect("a pipe");
        Self { processes, out }
    }

    fn read_octets(&mut self, octets: usize) -> Vec<u8> {
        let mut room = vec![0; octets];
        let patience = Timespec { tv_sec: 10, tv_nsec: 0 };
        let ready = poll(&mut [PollFd::new(&self.out, PollFlags::IN)], Some(&patience));
        assert_eq!(ready, Ok(1), "nothing comes");
        self.out.read_exact(&mut room).expect("all octets");
        room
    }

    fn read_line(&mut self) {
        let mut room = [0; 4096];
        loop {
            let patience = Timespec { tv_sec: 10, tv_nsec: 0 };
            let ready = poll(&mut [PollFd::new(&self.out, PollFlags::IN)], Some(&patience));
            assert_eq!(ready, Ok(1), "no line comes");
            let length = self.out.read(&mut room).expect("a line");
            assert_ne!(length, 0, "a process has ended");
            if room[..length].ends_with(b"\n") {
                return;
            }
        }
    }

    /// The cost of all threads so far.
    fn cost(&self) -> Cost {
        let mut sum = Cost::default();
        for process in &self.processes {
            let tasks = fs::read_dir(format!("/proc/{}/task", process.id())).expect("its threads");
            for task in tasks {
                let task = task.expect("a thread").path();
                let cpu = fs::read_to_string(task.join("schedstat")).expect("its time");
                let cpu = cpu.split(' ').next().and_then(|ns| ns.parse().ok()).expect("its time");
                sum.cpu += Duration::from_nanos(cpu);
                sum.wake_ups += number(&task.join("status"), "voluntary_ctxt_switches:");
            }
        }
        sum
    }

    /// The memory now and at its peak, in MiB.
    fn memory(&self) -> (f64, f64) {
        let sum = |name| {
            let ids = self.processes.iter().map(Child::id);
            let each = ids.map(|id| number(Path::new(&format!("/proc/{id}/status")), name));
            each.sum::<u64>() as f64 / 1024.0
        };
        (sum("VmRSS:"), sum("VmHWM:"))
    }
}

impl Drop for BenchRun {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// The number behind a name in one of the lists of the kernel.
fn number(path: &Path, name: &str) -> u64 {
    let text = fs::read_to_string(path).expect("a list of the kernel");
    let value = text.lines().find_map(|line| line.strip_prefix(name));
    let value = value.and_then(|value| value.split_whitespace().next());
    value.and_then(|value| value.parse().ok()).expect("a number")
}

/// The cost of processes.
#[derive(Debug, Default)]
struct Cost {
    cpu: Duration,
    /// How often a thread went to sleep of its own accord, and so was woken.
    wake_ups: u64,
}

impl Cost {
    fn since(&self, before: &Self) -> Self {
        Self { cpu: self.cpu - before.cpu, wake_ups: self.wake_ups - before.wake_ups }
    }
}
