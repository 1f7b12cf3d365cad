//! `simulate` as a program: what it writes, where to, and how it ends.

use std::{
    fs::{self, File, OpenOptions},
    io::{BufRead, BufReader, Read},
    os::unix::fs::{OpenOptionsExt, symlink},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use meterpipe::source::simulator::{
    faults::{Faults, Rate},
    meter::{MeterKind, SimulatedLink},
    push::{PushOptions, Simulator},
};
use rustix::process::Signal;

use crate::common::{
    binary::{command, signal},
    published::{EXAMPLE_KEYS, Folder, KEY},
};

const START: &str = "2026-06-21T12:00:00+02:00";

const FAULTS: [&str; 10] =
    ["--noise", "20%", "--flip", "0.2", "--cut", "20%", "--lose", "20%", "--duplicate", "20%"];

fn meterpipe(args: &[&str]) -> Command {
    let mut command = command(args);
    command.stdin(Stdio::null());
    command
}

/// `simulate` from [`START`].
fn simulate(args: &[&str]) -> Command {
    let mut command = meterpipe(&["simulate", "--start", START]);
    command.args(args);
    command
}

fn stdout(mut command: Command) -> Vec<u8> {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    assert_eq!(errors, "", "nothing to say");
    output.stdout
}

fn lines(text: &[u8]) -> Vec<String> {
    text.lines().map(Result::unwrap).collect()
}

fn unhex(digits: &str) -> Vec<u8> {
    assert!(digits.bytes().all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c)), "{digits}");
    hex::decode(digits).unwrap()
}

/// TIME, KIND and HEX of each record behind the header.
fn records(text: &[u8]) -> Vec<(String, String, String)> {
    let lines = lines(text);
    assert_eq!(lines[0], "# meterpipe-record 1");
    let columns = |line: &String| {
        let mut columns = line.split(' ').map(str::to_owned);
        let mut next = || columns.next().unwrap();
        (next(), next(), next())
    };
    lines[1..].iter().map(columns).collect()
}

#[test]
fn the_same_seed_gives_the_same_octets_in_every_form() {
    for meter in MeterKind::ALL {
        let form = |form: &str, seed: &str| {
            let mut command = simulate(&["--count", "120", "--seed", seed, "--output", form]);
            command.args(["--meter", meter.name()]).args(FAULTS);
            stdout(command)
        };
        let binary = form("binary", "7");
        assert!(binary.len() > 10_000);
        assert_eq!(form("binary", "7"), binary);
        assert_ne!(form("binary", "8"), binary);
        assert_eq!(unhex(&lines(&form("hex", "7")).concat()), binary);
        let text = form("records", "7");
        assert_eq!(form("records", "7"), text);
        let records = records(&text);
        let digits: String = records.iter().map(|(_, _, hex)| hex.as_str()).collect();
        assert_eq!(unhex(&digits), binary);
        assert!(records.windows(2).all(|pair| pair[0].0 <= pair[1].0), "time goes on");
        assert!(records.iter().any(|(_, kind, _)| kind == "raw"));
        assert!(records.iter().all(|(_, kind, hex)| kind == "frame" || hex.len() <= 512));
        // The whole line of the library, which the corpus vouches for.
        let (wire, _) = library(meter, 7, true, 120);
        assert_eq!(binary, wire);
    }
}

#[test]
fn a_clean_line_is_frames_alone_with_the_times_of_the_wire() {
    let records_ = records(&stdout(simulate(&["--count", "3"])));
    let times: Vec<_> = records_.iter().map(|(time, ..)| time.as_str()).collect();
    // 16 octets of 11 bits at 2400 baud are 73 ms; 272 and the pause of 160 ms are 1406 ms.
    let expected = ["00.073", "01.406", "05.073", "06.406", "10.073", "11.406"];
    assert_eq!(times, expected.map(|second| format!("2026-06-21T10:00:{second}Z")));
    assert!(records_.iter().all(|(_, kind, _)| kind == "frame"));
    assert_eq!(lines(&stdout(simulate(&["--count", "3", "--output", "hex"]))).len(), 6);
    let first = &lines(&stdout(simulate(&["--count", "1"])))[1];
    assert!(first.ends_with("16 from=sim:netz-noe-kaifa"), "{first}");
}

#[test]
fn nothing_is_sent_if_nothing_is_asked_for() {
    assert_eq!(stdout(simulate(&["--count", "0"])), b"# meterpipe-record 1\n");
    assert_eq!(stdout(simulate(&["--count", "0", "--output", "binary"])), b"");
    assert_eq!(stdout(simulate(&["--count", "0", "--real-time", "--output", "hex"])), b"");
}

#[test]
fn every_telegram_of_a_clean_line_can_be_opened() {
    let folder = Folder::new();
    let key = folder.key();
    for meter in MeterKind::ALL {
        for form in ["records", "hex", "binary"] {
            let mut line = simulate(&["--count", "20", "--output", form]);
            line.args(["--meter", meter.name()]);
            let (telegrams, status) = opened(line, &["--key-file", &key]);
            assert_eq!((telegrams.len(), status), (20, Some(0)), "{meter} {form}");
        }
    }
}

#[test]
fn of_a_bad_line_exactly_what_is_whole_comes_out() {
    let folder = Folder::new();
    let key = folder.write("guek", EXAMPLE_KEYS);
    for meter in MeterKind::ALL {
        // Without frames an APDU that breaks off, or whose length is wrong, takes octets of the next.
        let faults: &[&str] = match meter.link() {
            SimulatedLink::Bare => &["--noise=20%", "--lose=20%", "--duplicate=20%"],
            _ => &FAULTS,
        };
        let line = |faults: &[&str]| {
            let mut line = simulate(&["--count", "500", "--meter", meter.name()]);
            line.args(faults);
            opened(line, &["--key-file", &key])
        };
        let (whole, _) = line(&[]);
        let mut options = options(meter, 0, true);
        if faults != FAULTS {
            options.faults.flip = Rate::default();
            options.faults.cut = Rate::default();
        }
        let deliveries = deliveries(options, 500);
        let expected: Vec<_> = whole
            .iter()
            .zip(&deliveries)
            .flat_map(|(telegram, &times)| vec![telegram.clone(); times])
            .collect();
        assert!(deliveries.contains(&0) && deliveries.contains(&2));
        let (found, status) = line(faults);
        // A tag vouches for a telegram in a frame whose header is damaged, too.
        let mut rest = found.iter();
        let is_there = expected.iter().all(|telegram| rest.any(|other| other == telegram));
        let is_sent = found.iter().all(|telegram| whole.contains(telegram));
        let is_exact = found.len() == expected.len() || meter.is_tagged();
        let counts = (found.len(), expected.len());
        assert!(is_there && is_sent && is_exact, "{meter}: {counts:?}");
        // Of a bare APDU that is lost nothing is there to be rejected.
        let rejected = if faults == FAULTS { Some(1) } else { Some(0) };
        assert_eq!(status, rejected);
    }
}

#[test]
fn the_keys_of_a_file_are_taken_and_a_second_one_makes_a_tag() {
    let folder = Folder::new();
    let key = folder.write(
        "guek",
        "# mine\n000102030405060708090a0b0c0d0e0f d0d1d2d3d4d5d6d7d8d9dadbdcdddedf\n\
         36C66639E48A8CA4D6BC8B282A793BBB",
    );
    let line = || simulate(&["--count", "5", "--key-file", &key]);
    let (telegrams, status) = opened(line(), &["--key-file", &key, "--require-auth"]);
    assert_eq!((telegrams.len(), status), (5, Some(0)));
    let none = opened(line(), &["--key", KEY]);
    assert_eq!(none, (vec![], Some(4)), "no telegram, for the key does not fit");
}

#[test]
fn mistakes_are_named_by_their_option_and_nothing_is_written() {
    let folder = Folder::new();
    let bad_key = folder.write("guek", "000102030405060708090a0b0c0d0e");
    for (args, words) in [
        (&["--flip", "1.5"][..], "--flip"),
        (&["--noise=-1%"], "--noise"),
        (&["--cut", "much"], "from 0 to 1"),
        (&["--lose", "60%", "--duplicate", "40.0001%"], "at most 100%"),
        (&["--start", "yesterday"], "--start"),
        (&["--meter", "kaifa"], "netz-noe-kaifa"),
        (&["--key-file", "/nonexistent"], "/nonexistent"),
        (&["--key-file", &bad_key], "line 1"),
        (&["--fast", "--real-time"], "--real-time"),
        (&["--pty", "/nonexistent/link", "--output", "hex"], "--pty"),
    ] {
        let output = meterpipe(&["simulate", "--count", "1"]).args(args).output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {errors}");
        assert_eq!(output.stdout, b"", "{args:?}");
        assert!(errors.contains(words), "{args:?}: {errors}");
        assert!(!errors.contains("0001020304"), "a key is not shown");
    }
}

#[test]
fn a_full_disk_is_an_error_and_a_reader_that_goes_is_none() {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = simulate(&["--count", "1"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(6));
    assert!(stderr(&output).contains("standard output: No space left"), "{}", stderr(&output));

    // Without --count it would go on for ever.
    let mut child = simulate(&[]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "# meterpipe-record 1\n");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn the_summary_counts_telegrams_and_faults() {
    let output = simulate(&["--count", "50", "-v"]).args(FAULTS).output().unwrap();
    let mut simulator = Simulator::new(options(MeterKind::NetzNoeKaifa, 0, true));
    let mut twice = 0;
    for _ in 0..50 {
        twice += usize::from(simulator.push(&mut vec![]).deliveries() == 2);
    }
    let summary = stderr(&output);
    assert!(summary.starts_with("meterpipe simulate: 50 telegrams, "), "{summary}");
    assert!(summary.contains(&format!(" {twice} sent twice")), "{summary}");
}

#[test]
fn real_time_brings_the_same_octets_and_the_present_time() {
    let form = |form: &str, pace: &[&str]| {
        let mut command = simulate(&["--count", "1", "--meter", "ksm-west", "--output", form]);
        command.args(pace);
        stdout(command)
    };
    assert_eq!(form("binary", &["--real-time"]), form("binary", &[]));
    let (live, fast) =
        (records(&form("records", &["--real-time"])), records(&form("records", &[])));
    let octets = |records: &[(String, String, String)]| {
        records.iter().map(|(_, kind, hex)| (kind.clone(), hex.clone())).collect::<Vec<_>>()
    };
    assert_eq!(octets(&live), octets(&fast));
    assert_ne!(live[0].0, fast[0].0);
}

#[test]
fn a_pseudo_terminal_brings_the_octets_and_its_link_goes_at_the_end() {
    let folder = Folder::new();
    let link = folder.0.path().join("meter");
    // Left behind by an earlier run.
    symlink("/dev/pts/nothing", &link).unwrap();
    let args = ["--count", "50", "--seed", "3"];
    let (child, mut device) = behind_pty(&link, &[&args[..], &["--fast"]].concat());
    let expected = stdout({
        let mut command = simulate(&args);
        command.args(["--output", "binary"]);
        command
    });
    let mut octets = vec![0; expected.len()];
    device.read_exact(&mut octets).unwrap();
    assert!(octets == expected);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stderr(&output).contains(&format!("the meter is at {} (/dev/pts/", link.display())));
    assert!(!link.is_symlink());
    // The device is gone too: there is nothing more, and no wait for it.
    assert!(device.read(&mut [0]).unwrap_or_default() == 0);
}

#[test]
fn a_signal_ends_a_live_run_and_removes_the_link() {
    let folder = Folder::new();
    let link = folder.0.path().join("meter");
    for (sent, args) in [(Signal::TERM, &[][..]), (Signal::INT, &["--fast"])] {
        let (child, mut device) = behind_pty(&link, args);
        let mut start = [0; 4];
        device.read_exact(&mut start).unwrap();
        assert_eq!(start, [0x68, 0xfa, 0xfa, 0x68]);
        signal(&child, sent);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{sent:?}: {}", stderr(&output));
        assert!(!link.is_symlink());
    }

    let mut child = simulate(&["--real-time"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    reader.read_line(&mut text).unwrap();
    signal(&child, Signal::TERM);
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(text.ends_with('\n'), "no half lines");
}

#[test]
fn what_is_no_link_stays_as_it_is() {
    let folder = Folder::new();
    let file = folder.0.path().join("meter");
    fs::write(&file, "mine").unwrap();
    for path in [&file, folder.0.path()] {
        let output = simulate(&["--count", "1", "--pty"]).arg(path).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains("no symbolic link"), "{}", stderr(&output));
    }
    assert_eq!(fs::read(&file).unwrap(), b"mine");
    let output = simulate(&["--pty"]).arg(folder.0.path().join("no/meter")).output().unwrap();
    assert_eq!(output.status.code(), Some(6), "{}", stderr(&output));
    assert!(stderr(&output).ends_with("no/meter: no such folder\n"), "{}", stderr(&output));
}

/// The HEX of the telegrams that come out of a line, and the status of `decrypt`.
fn opened(mut line: Command, keys: &[&str]) -> (Vec<String>, Option<i32>) {
    let mut line = line.stdout(Stdio::piped()).spawn().unwrap();
    let octets = line.stdout.take().unwrap();
    let mut unframe = meterpipe(&["unframe", "-q"]);
    let mut unframe = unframe.stdin(octets).stdout(Stdio::piped()).spawn().unwrap();
    let apdus = unframe.stdout.take().unwrap();
    let mut decrypt = meterpipe(&["decrypt", "-q"]);
    let output = decrypt.args(keys).stdin(apdus).stderr(Stdio::inherit()).output().unwrap();
    assert_eq!(line.wait().unwrap().code(), Some(0));
    let worst = unframe.wait().unwrap().code().max(output.status.code());
    let telegrams = records(&output.stdout);
    (telegrams.into_iter().map(|(_, _, hex)| hex).collect(), worst)
}

fn options(meter: MeterKind, seed: u64, faulty: bool) -> PushOptions {
    let rate = Rate::per_million(if faulty { 200_000 } else { 0 });
    let faults = Faults { noise: rate, flip: rate, cut: rate, lose: rate, duplicate: rate };
    PushOptions { seed, faults, ..PushOptions::new(meter, START.parse().unwrap()) }
}

/// The octets of so many pushes, and how often each can be read.
fn library(meter: MeterKind, seed: u64, faulty: bool, pushes: usize) -> (Vec<u8>, Vec<usize>) {
    let mut simulator = Simulator::new(options(meter, seed, faulty));
    let mut wire = vec![];
    let deliveries = (0..pushes).map(|_| simulator.push(&mut wire).deliveries()).collect();
    (wire, deliveries)
}

fn deliveries(options: PushOptions, pushes: usize) -> Vec<usize> {
    let mut simulator = Simulator::new(options);
    (0..pushes).map(|_| simulator.push(&mut vec![]).deliveries()).collect()
}

/// A run behind a pseudo-terminal, and the device that its link leads to.
fn behind_pty(link: &PathBuf, args: &[&str]) -> (Child, File) {
    let mut command = simulate(&["--pty"]);
    let child = command.arg(link).args(args).stderr(Stdio::piped()).spawn().unwrap();
    (child, device(link))
}

/// Opens the device as soon as it is there.
fn device(link: &Path) -> File {
    let no_terminal_of_ours = rustix::fs::OFlags::NOCTTY.bits().cast_signed();
    let patience = Instant::now() + Duration::from_secs(60);
    loop {
        let mut how = OpenOptions::new();
        match how.read(true).custom_flags(no_terminal_of_ours).open(link) {
            Ok(device) => return device,
            Err(error) => assert!(Instant::now() < patience, "{error}"),
        }
        thread::sleep(Duration::from_millis(5));
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
