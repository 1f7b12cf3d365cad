//! The serial source on real pseudo-terminals.
//!
//! They wait for events with a generous limit and never for a time to pass.

use std::{
    fs,
    os::{fd::OwnedFd, unix::fs::symlink},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::common::{
    binary::ignored_test,
    events::{next, try_next},
    terminal::terminal,
};
use meterpipe::{
    backoff::Backoff,
    error::Mark,
    record::Time,
    source::{
        Burst, OpenError, Source, SourceEvent,
        line::{LineSearch, LineSettings},
        serial::{SerialSettings, open},
    },
};
use rustix::{
    event::{PollFd, PollFlags, poll},
    fs::{Mode, OFlags},
    termios::{
        ControlModes, InputModes, LocalModes, OptionalActions, OutputModes, SpecialCodeIndex,
        tcgetattr, tcsetattr,
    },
};

/// A meter behind an adapter that can be unplugged by dropping it.
struct Adapter {
    master: OwnedFd,
    node: PathBuf,
}

impl Adapter {
    fn plug() -> Self {
        let (master, node) = terminal();
        Self { master, node }
    }

    fn send(&self, mut octets: &[u8]) {
        while !octets.is_empty() {
            let written = rustix::io::write(&self.master, octets).unwrap();
            octets = &octets[written..];
        }
    }
}

/// Makes `link` point to `node` in one step, as udev does.
fn relink(node: &Path, link: &Path) {
    let temporary = link.with_extension("new");
    symlink(node, &temporary).unwrap();
    fs::rename(&temporary, link).unwrap();
}

fn settings(path: &Path) -> SerialSettings {
    let backoff = Backoff::new(Duration::from_millis(5), Duration::from_millis(20), 1);
    SerialSettings { backoff, ..SerialSettings::new(path) }
}

/// Reads until the remark that a pseudo-terminal has no parity bit: the device is open then.
fn opened(source: &mut dyn Source) {
    match next(source, &mut Burst::default()) {
        SourceEvent::Note(note) => {
            assert!(note.ends_with("ignores these settings: parity"), "{note}")
        }
        other => panic!("{other:?}"),
    }
}

fn collect(source: &mut dyn Source, length: usize) -> Vec<u8> {
    let mut burst = Burst::default();
    let mut octets = vec![];
    while octets.len() < length {
        assert_eq!(next(source, &mut burst), SourceEvent::Octets);
        assert!(burst.marks.is_empty());
        octets.extend_from_slice(&burst.octets);
    }
    octets
}

/// Octets that differ from one `seed` to the next, and hold FF alone and in runs.
fn telegram(seed: u8) -> Vec<u8> {
    (0..=255).flat_map(|octet: u8| [octet ^ seed, 0xff, 0xff, octet]).collect()
}

fn all_quiet(source: &mut dyn Source, reads: usize) {
    for _ in 0..reads {
        assert_eq!(source.read(&mut Burst::default()), Ok(SourceEvent::Quiet));
    }
}

#[test]
fn every_octet_passes_unchanged_and_stamped() {
    let adapter = Adapter::plug();
    let mut source = open(settings(&adapter.node), false);
    opened(source.as_mut());
    let sent = telegram(0);
    adapter.send(&sent);
    let mut burst = Burst::default();
    assert_eq!(next(source.as_mut(), &mut burst), SourceEvent::Octets);
    let year = burst.time.known().and_then(|time| time[..4].parse::<u16>().ok());
    assert!(year.is_some_and(|year| year >= 2024), "{:?}", burst.time);
    let mut got = burst.octets;
    while got.len() < sent.len() {
        got.extend(collect(source.as_mut(), 1));
    }
    assert_eq!(got, sent);
}

/// The premise of the un-escaping, asked of the kernel itself.
#[test]
fn a_pseudo_terminal_doubles_ff_when_marks_are_on() {
    let adapter = Adapter::plug();
    let slave = fs::File::open(&adapter.node).unwrap();
    let mut termios = tcgetattr(&slave).unwrap();
    termios.make_raw();
    termios.input_modes = InputModes::INPCK | InputModes::PARMRK;
    tcsetattr(&slave, OptionalActions::Now, &termios).unwrap();
    adapter.send(&[0x01, 0xff, 0x02]);
    let mut got = vec![];
    while got.len() < 4 {
        let mut room = [0; 16];
        let length = rustix::io::read(&slave, &mut room).unwrap();
        got.extend_from_slice(&room[..length]);
    }
    assert_eq!(got, [0x01, 0xff, 0xff, 0x02]);
}

#[test]
fn the_device_gets_every_setting_whatever_it_had() {
    let adapter = Adapter::plug();
    let mut termios = tcgetattr(&adapter.master).unwrap();
    termios.input_modes = InputModes::IXON | InputModes::ISTRIP | InputModes::IGNPAR;
    termios.control_modes |= ControlModes::CRTSCTS | ControlModes::CSTOPB;
    termios.special_codes[SpecialCodeIndex::VMIN] = 7;
    termios.special_codes[SpecialCodeIndex::VTIME] = 7;
    tcsetattr(&adapter.master, OptionalActions::Now, &termios).unwrap();

    let mut source = open(settings(&adapter.node), false);
    opened(source.as_mut());
    // Both sides of a pseudo-terminal show the settings of the slave.
    let termios = tcgetattr(&adapter.master).unwrap();
    assert_eq!(termios.input_modes, InputModes::INPCK | InputModes::PARMRK);
    assert_eq!(termios.local_modes, LocalModes::empty());
    assert!(!termios.output_modes.contains(OutputModes::OPOST));
    let control = termios.control_modes;
    assert!(control.contains(ControlModes::CS8 | ControlModes::CREAD | ControlModes::CLOCAL));
    assert!(!control.intersects(ControlModes::CRTSCTS | ControlModes::CSTOPB));
    assert_eq!((termios.input_speed(), termios.output_speed()), (2400, 2400));
    assert_eq!(termios.special_codes[SpecialCodeIndex::VMIN], 1);
    assert_eq!(termios.special_codes[SpecialCodeIndex::VTIME], 0);
}

#[test]
fn octets_from_before_the_settings_are_not_handed_out() {
    let adapter = Adapter::plug();
    let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOCTTY;
    let early = rustix::fs::open(&adapter.node, flags, Mode::empty()).unwrap();
    adapter.send(b"old\n");
    // Readable means that the line has reached the queue that the source has to empty.
    poll(&mut [PollFd::new(&early, PollFlags::IN)], None).unwrap();
    let mut source = open(settings(&adapter.node), false);
    opened(source.as_mut());
    adapter.send(b"new");
    assert_eq!(collect(source.as_mut(), 3), b"new");
}

/// In a process of its own, in which nobody else opens files.
#[test]
fn ten_replugs_lose_no_octet_and_no_file() {
    let ran = ignored_test("serial::replug_ten_times").output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success() && out.contains("1 passed"), "{out}{err}");
}

#[test]
#[ignore = "runs in a process of its own"]
fn replug_ten_times() {
    let directory = tempfile::tempdir().unwrap();
    let link = directory.path().join("meter");
    let mut adapter = Adapter::plug();
    relink(&adapter.node, &link);
    let mut source = open(settings(&link), true);
    assert_eq!(source.name(), "meter");
    opened(source.as_mut());
    let files = open_files().len();
    let mut burst = Burst::default();
    for round in 0..10 {
        let sent = telegram(round);
        adapter.send(&sent);
        assert_eq!(collect(source.as_mut(), sent.len()), sent, "round {round}");

        // Plugged in before the other is gone, so that the name is sure to be another one.
        let replacement = Adapter::plug();
        assert_ne!(replacement.node, adapter.node);
        relink(&replacement.node, &link);
        let gone = std::mem::replace(&mut adapter, replacement).node;
        assert!(matches!(next(source.as_mut(), &mut burst), SourceEvent::Lost(_)), "round {round}");
        assert!(open_files().iter().all(|file| !refers(file, &gone)), "the old node is held");
        assert!(matches!(next(source.as_mut(), &mut burst), SourceEvent::Back(_)), "round {round}");
        assert_eq!(open_files().len(), files, "round {round}");
    }
    all_quiet(source.as_mut(), 1);
}

fn open_files() -> Vec<PathBuf> {
    let files = fs::read_dir("/proc/self/fd").unwrap();
    files.filter_map(|file| fs::read_link(file.unwrap().path()).ok()).collect()
}

fn refers(file: &Path, node: &Path) -> bool {
    file.to_str().unwrap().trim_end_matches(" (deleted)") == node.to_str().unwrap()
}

#[test]
fn a_one_shot_run_fails_at_once_without_its_device() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("ttyUSB0");
    let error = open(settings(&missing), false).read(&mut Burst::default()).unwrap_err();
    assert!(matches!(&error, OpenError::Missing { path, .. } if *path == missing));
    assert!(error.to_string().contains("ttyUSB0: no such device"), "{error}");
}

#[test]
fn a_one_shot_run_fails_when_its_device_goes() {
    let adapter = Adapter::plug();
    let mut source = open(settings(&adapter.node), false);
    opened(source.as_mut());
    drop(adapter);
    let error = try_next(source.as_mut(), &mut Burst::default()).unwrap_err();
    assert!(matches!(error, OpenError::Lost { .. }), "{error:?}");
}

#[test]
fn a_lasting_run_says_once_that_it_waits_and_then_works() {
    let directory = tempfile::tempdir().unwrap();
    let link = directory.path().join("meter");
    let mut source = open(settings(&link), true);
    match next(source.as_mut(), &mut Burst::default()) {
        SourceEvent::Waiting(reason) => assert!(reason.contains("no such device"), "{reason}"),
        other => panic!("{other:?}"),
    }
    all_quiet(source.as_mut(), 40);
    let adapter = Adapter::plug();
    relink(&adapter.node, &link);
    assert!(matches!(next(source.as_mut(), &mut Burst::default()), SourceEvent::Back(_)));
    opened(source.as_mut());
    adapter.send(b"telegram");
    assert_eq!(collect(source.as_mut(), 8), b"telegram");
}

#[test]
fn waiting_is_reported_anew_when_the_reason_changes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("meter");
    let mut source = open(settings(&path), true);
    let burst = &mut Burst::default();
    assert!(matches!(next(source.as_mut(), burst), SourceEvent::Waiting(_)));
    fs::write(&path, "").unwrap();
    match next(source.as_mut(), burst) {
        SourceEvent::Waiting(reason) => assert!(reason.contains("not a serial device"), "{reason}"),
        other => panic!("{other:?}"),
    }
    all_quiet(source.as_mut(), 10);
}

#[test]
fn a_second_reader_is_told_who_the_first_is() {
    let adapter = Adapter::plug();
    let mut first = open(settings(&adapter.node), true);
    opened(first.as_mut());
    let error = open(settings(&adapter.node), false).read(&mut Burst::default()).unwrap_err();
    let OpenError::Busy { by: Some(by), .. } = &error else { panic!("{error:?}") };
    assert!(by.ends_with(&format!("[{}]", std::process::id())), "{by}");

    adapter.send(b"still mine");
    assert_eq!(collect(first.as_mut(), 10), b"still mine");
    // A second reader that waits gets its turn.
    let mut second = open(settings(&adapter.node), true);
    assert!(matches!(next(second.as_mut(), &mut Burst::default()), SourceEvent::Waiting(_)));
    drop(first);
    assert!(matches!(next(second.as_mut(), &mut Burst::default()), SourceEvent::Back(_)));
}

#[test]
fn a_device_that_is_not_for_this_user_gives_the_advice() {
    let adapter = Adapter::plug();
    let mode = rustix::fs::Mode::empty();
    rustix::fs::chmod(&adapter.node, mode).unwrap();
    if fs::File::open(&adapter.node).is_ok() {
        println!("skipped: this user may open everything");
        return;
    }
    let error = open(settings(&adapter.node), false).read(&mut Burst::default()).unwrap_err();
    assert!(matches!(error, OpenError::Forbidden { .. }), "{error:?}");
    assert!(error.to_string().ends_with("add the user to group dialout"), "{error}");
}

#[test]
fn what_is_no_tty_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ttyUSB0");
    fs::write(&file, "made by a redirection while the adapter was away").unwrap();
    for path in [file.as_path(), directory.path(), Path::new("/dev/null")] {
        let error = open(settings(path), false).read(&mut Burst::default()).unwrap_err();
        assert!(matches!(error, OpenError::NotADevice { .. }), "{error:?}");
    }
}

/// A lower bound only: a read that returns early on a quiet line would spin.
#[test]
fn a_quiet_line_and_a_missing_device_are_waited_for_without_spinning() {
    let adapter = Adapter::plug();
    let mut quiet = open(settings(&adapter.node), true);
    opened(quiet.as_mut());
    let backoff = Backoff::new(Duration::from_secs(60), Duration::from_secs(60), 1);
    let mut missing =
        open(SerialSettings { backoff, ..SerialSettings::new("/dev/no-such-device") }, true);
    assert!(matches!(next(missing.as_mut(), &mut Burst::default()), SourceEvent::Waiting(_)));
    for source in [quiet, missing] {
        let mut source = source;
        let start = Instant::now();
        all_quiet(source.as_mut(), 4);
        assert!(start.elapsed() >= Duration::from_millis(900), "{:?}", start.elapsed());
    }
}

#[test]
fn the_search_for_the_parity_sets_the_device_and_ends_with_frames() {
    let adapter = Adapter::plug();
    let mut source = open(
        SerialSettings { line: LineSearch::of_parity(2400), ..settings(&adapter.node) },
        false,
    );
    opened(source.as_mut());
    // Of the parity flags a pseudo-terminal keeps this one.
    let odd = || tcgetattr(&adapter.master).unwrap().control_modes.contains(ControlModes::PARODD);
    for (text, expected) in [("trying none", false), ("trying odd", true)] {
        let note = without_frames(source.as_mut(), &adapter);
        assert!(note.ends_with(text), "{note}");
        assert_eq!(odd(), expected);
    }
    source.frames_seen(0);
    source.frames_seen(1);
    match next(source.as_mut(), &mut Burst::default()) {
        SourceEvent::Note(note) => assert_eq!(note, "frames come with parity odd"),
        other => panic!("{other:?}"),
    }
    source.frames_seen(1);
    for _ in 0..4 {
        adapter.send(&[0x55; 1000]);
        assert!(collect(source.as_mut(), 1000).iter().all(|octet| *octet == 0x55));
    }
    assert!(odd());
}

#[test]
fn the_search_for_the_line_sets_the_speed_too_and_ends_with_telegrams() {
    let speed = |adapter: &Adapter| tcgetattr(&adapter.master).unwrap().input_speed();
    let search = || LineSearch::among(LineSettings::ALL.to_vec());
    let adapter = Adapter::plug();
    let mut source = open(SerialSettings { line: search(), ..settings(&adapter.node) }, false);
    let line = source.current_line().unwrap();
    opened(source.as_mut());
    for (text, expected) in [
        ("no frames with 2400 8E1: trying 2400 8N1", 2400),
        ("no frames with 2400 8N1: trying 9600 8N1", 9600),
        ("no frames with 9600 8N1: trying 115200 8N1", 115_200),
        ("no frames with 115200 8N1: trying 2400 8E1", 2400),
    ] {
        assert_eq!(without_frames(source.as_mut(), &adapter), text);
        assert_eq!((speed(&adapter), line.lock().unwrap().baud), (expected, expected));
    }
    // The second round is silent.
    while speed(&adapter) != 9600 {
        adapter.send(&[0x55; 500]);
        assert_ne!(try_next(source.as_mut(), &mut Burst::default()), Ok(SourceEvent::Quiet));
    }
    // Nobody sees frames here, yet there are starts of them.
    for _ in 0..2 {
        adapter.send(&[0xdb, 0x08, b'S', b'A', b'G', 0x35, 0x00]);
    }
    let note = loop {
        match next(source.as_mut(), &mut Burst::default()) {
            SourceEvent::Note(note) => break note,
            SourceEvent::Octets => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(note, "the octets agree with 9600 8N1 (--line ir)");
    for _ in 0..4 {
        adapter.send(&[0x55; 1000]);
        collect(source.as_mut(), 1000);
    }
    assert_eq!(*line.lock().unwrap(), LineSettings::INFRARED);
    drop(source);

    let mut source = open(SerialSettings { line: search(), ..settings(&adapter.node) }, false);
    opened(source.as_mut());
    source.frames_seen(1);
    let note = next(source.as_mut(), &mut Burst::default());
    assert_eq!(note, SourceEvent::Note("frames come with 2400 8E1 (--line m-bus)".to_owned()));
}

/// Sends octets in which nobody sees a frame until the source says something.
fn without_frames(source: &mut dyn Source, adapter: &Adapter) -> String {
    let mut burst = Burst::default();
    for _ in 0..100 {
        adapter.send(&[0x55; 500]);
        loop {
            match source.read(&mut burst).unwrap() {
                SourceEvent::Note(note) => return note,
                SourceEvent::Octets => {}
                SourceEvent::Quiet => break,
                other => panic!("{other:?}"),
            }
        }
    }
    panic!("never")
}

#[test]
fn a_fixed_parity_is_never_changed() {
    let adapter = Adapter::plug();
    let line = LineSearch::fixed(LineSettings::M_BUS_8N1);
    let mut source = open(SerialSettings { line, ..settings(&adapter.node) }, false);
    // A pseudo-terminal takes this one, so there is no remark to wait for.
    all_quiet(source.as_mut(), 1);
    for _ in 0..3 {
        adapter.send(&[0x55; 1000]);
        assert_eq!(collect(source.as_mut(), 1000), [0x55; 1000]);
    }
}

#[test]
fn a_burst_is_emptied_by_each_read() {
    let adapter = Adapter::plug();
    let mut source = open(settings(&adapter.node), false);
    opened(source.as_mut());
    let mut burst =
        Burst { time: Time::UNKNOWN, octets: vec![1, 2, 3], marks: vec![(0, Mark::Parity)] };
    assert_eq!(source.read(&mut burst), Ok(SourceEvent::Quiet));
    assert_eq!(burst, Burst::default());
}
