//! `capture` and `watch` on live sources, as a user runs them.

use crate::common::{binary, published::KEY, terminal::terminal};
use std::{
    fs,
    fs::Permissions,
    io::{BufRead, BufReader, Read},
    os::{
        fd::OwnedFd,
        unix::fs::{PermissionsExt, symlink},
    },
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use crate::common::binary::{METERPIPE, Running, command, run, signal, wait_for};
use jiff::Timestamp;
use meterpipe::source::simulator::{
    meter::{MeterKind, SimulatedLink},
    push::{Push, PushOptions, Simulator},
};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::Signal,
    termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize},
};
use serde_json::Value;

fn relink(node: &Path, link: &Path) {
    let temporary = link.with_extension("new");
    symlink(node, &temporary).unwrap();
    fs::rename(&temporary, link).unwrap();
}

fn send(master: &OwnedFd, mut octets: &[u8]) {
    while !octets.is_empty() {
        let written = rustix::io::write(master, octets).unwrap();
        octets = &octets[written..];
    }
}

/// Sends a push as a meter does at 2400 baud.
fn send_in_real_time(master: &OwnedFd, push: &Push, wire: &[u8]) {
    let start = Instant::now();
    for (through, octets) in push.runs.bursts() {
        thread::sleep(through.saturating_sub(start.elapsed()));
        send(master, &wire[octets]);
    }
}

fn meter(kind: MeterKind) -> Simulator {
    Simulator::new(PushOptions::new(kind, Timestamp::from_second(1_790_000_000).unwrap()))
}

/// Collects the output of a process, line by line.
fn listen(from: impl Read + Send + 'static) -> Arc<Mutex<Vec<String>>> {
    let lines = Arc::new(Mutex::new(vec![]));
    let collected = lines.clone();
    thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            collected.lock().unwrap().push(line);
        }
    });
    lines
}

fn count(lines: &Arc<Mutex<Vec<String>>>, what: &str) -> usize {
    lines.lock().unwrap().iter().filter(|line| line.contains(what)).count()
}

struct Live {
    process: Running,
    out: Arc<Mutex<Vec<String>>>,
    err: Arc<Mutex<Vec<String>>>,
}

impl Live {
    fn start(arguments: &[&str]) -> Self {
        let mut command = command(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = Running(command.env("P1_GUEK", KEY).spawn().unwrap());
        let out = listen(process.0.stdout.take().unwrap());
        let err = listen(process.0.stderr.take().unwrap());
        Self { process, out, err }
    }

    fn end(mut self) -> (i32, Vec<String>, Vec<String>) {
        signal(&self.process.0, Signal::TERM);
        let status = self.process.0.wait().unwrap().code().unwrap_or(-1);
        // The pipes are at their ends by now, their last lines perhaps not yet collected.
        wait_for("the last lines", || {
            Arc::strong_count(&self.out) == 1 && Arc::strong_count(&self.err) == 1
        });
        let lines = |lines: &Arc<Mutex<Vec<String>>>| lines.lock().unwrap().clone();
        (status, lines(&self.out), lines(&self.err))
    }
}

fn values(line: &str) -> (u64, u64) {
    let object: Value = serde_json::from_str(line).unwrap();
    let field = |name: &str| object[name].as_u64().unwrap();
    (field("invocation_counter"), field("energy_import_wh"))
}

/// A meter whose octets are garbage to a reader at another speed: a pseudo-terminal carries none, but
/// shows the one that its reader has set.
fn meter_at(baud: u32, kind: MeterKind, master: OwnedFd) {
    let mut meter = meter(kind);
    thread::spawn(move || {
        loop {
            let mut wire = vec![];
            meter.push(&mut wire);
            let speed = tcgetattr(&master).map_or(0, |termios| termios.input_speed());
            if speed != baud {
                wire = vec![0x55; 600];
            }
            if !wire.chunks(16).all(|part| rustix::io::write(&master, part).is_ok()) {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
    });
}

#[test]
fn the_line_of_a_meter_is_found_by_its_telegrams() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.toml");
    for (arguments, baud, kind, found) in [
        (&["--line=auto"][..], 9600, MeterKind::WienerNetze, "9600 8N1 (--line ir)"),
        (&["--baud=auto", "--parity=auto"], 115_200, MeterKind::Graz, "115200 8N1 (--line p1)"),
        (&["--config"], 9600, MeterKind::NetzBurgenland, "9600 8N1 (--line ir)"),
    ] {
        let (master, node) = terminal();
        let node = node.to_str().unwrap();
        let meter = format!("[[meter]]\nsource = '{node}'\nbaud = 'auto'\nparity = 'auto'\n");
        fs::write(&config, meter).unwrap();
        let last = if arguments == ["--config"] { config.to_str().unwrap() } else { node };
        meter_at(baud, kind, master);
        // The find is said at the next read behind the first telegram or the second start of one.
        let live = Live::start(&[&["watch", "--format=json"], arguments, &[last]].concat());
        wait_for("telegrams", || count(&live.out, "energy_import") + count(&live.out, "1.8.0") > 1);
        wait_for("the settings", || count(&live.err, &format!("with {found}")) == 1);
        let (status, _, messages) = live.end();
        assert_eq!(status, 0, "{messages:?}");
        let tried = |text: &str| messages.iter().filter(|line| line.contains(text)).count();
        assert_eq!(tried("no frames with 2400 8E1: trying 2400 8N1"), 1, "{messages:?}");
    }
}

#[test]
fn a_capture_survives_ten_replugs_and_replays_to_the_same_readings() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("usb-adapter");
    let record = folder.path().join("watched.records");
    let mut meter = meter(MeterKind::NetzNoeKaifa);
    let mut sent = vec![];
    // The device is missing at the start, and comes back under another name each time.
    symlink("/dev/pts/none", &link).unwrap();
    let link_text = link.to_str().unwrap();
    let capture = Live::start(&["capture", link_text]);
    wait_for("a first message", || count(&capture.err, "waiting for it") == 1);
    for plug in 1..=10 {
        let (master, node) = terminal();
        relink(&node, &link);
        wait_for("it is back", || count(&capture.err, "back after") == plug);
        let mut wire = vec![];
        let push = meter.push(&mut wire);
        send_in_real_time(&master, &push, &wire);
        sent.push((u64::from(push.invocation_counter), u64::from(push.values.energy_import)));
        wait_for("both frames", || count(&capture.out, " frame ") == 2 * plug);
        // Unplugged within a telegram.
        wire.clear();
        meter.push(&mut wire);
        send(&master, &wire[..100]);
        drop(master);
        wait_for("it is lost", || count(&capture.err, "usb-adapter: lost") == plug);
    }
    let (status, records, messages) = capture.end();
    assert_eq!(status, 0, "{messages:?}");
    assert_eq!(records[0], "# meterpipe-record 1");
    assert!(records[1..].iter().all(|line| line.contains(" from=usb-adapter")));
    let known: Vec<&str> =
        messages.iter().filter_map(|line| line.split_once(": ").map(|l| l.1)).collect();
    assert!(known.len() <= 32, "a message a change of state: {messages:#?}");

    fs::write(&record, records.join("\n")).unwrap();
    let key = folder.path().join("guek");
    fs::write(&key, KEY).unwrap();
    let replayed =
        run(&["decode", "-q", "--key-file", key.to_str().unwrap(), record.to_str().unwrap()], b"");
    assert_eq!(replayed.out.lines().map(values).collect::<Vec<_>>(), sent);
}

#[test]
fn watch_prints_each_telegram_at_once_and_its_recording_replays_to_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("kept.records");
    let (master, node) = terminal();
    let node = node.to_str().unwrap();
    let watch = Live::start(&["watch", node, "--record", record.to_str().unwrap()]);
    wait_for("the device is open", || count(&watch.err, "parity") == 1);
    let mut meter = meter(MeterKind::KsmWest);
    let mut wire = vec![];
    for telegram in 1..=3 {
        wire.clear();
        meter.push(&mut wire);
        send(&master, &wire);
        send(&master, &[0x68, 0x00, 0x16, 0xff]);
        wait_for("the reading", || count(&watch.out, "energy_import_wh") == telegram);
    }
    // A log rotation: the file is moved away and a new one begun.
    let moved = folder.path().join("kept.records.1");
    fs::rename(&record, &moved).unwrap();
    signal(&watch.process.0, Signal::HUP);
    wait_for("a new file", || {
        wire.clear();
        meter.push(&mut wire);
        send(&master, &wire);
        thread::sleep(std::time::Duration::from_millis(50));
        record.exists()
    });
    let (status, readings, messages) = watch.end();
    assert_eq!(status, 0, "{messages:?}");
    let mut decode = command(&["decode", "-q", moved.to_str().unwrap(), record.to_str().unwrap()]);
    decode.env("P1_GUEK", KEY);
    let replayed = binary::run_command(decode, b"");
    assert_eq!(replayed.out.lines().collect::<Vec<_>>(), readings);
    // Joined, the octets are those of the line.
    let kept = fs::read_to_string(&moved).unwrap() + &fs::read_to_string(&record).unwrap();
    let octets: String = kept
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split(' ').nth(2).unwrap())
        .collect();
    let (mut again, mut line) = (self::meter(MeterKind::KsmWest), vec![]);
    while line.len() * 2 < octets.len() {
        let before = line.len();
        again.push(&mut line);
        if before < 3 * (376 + 4) {
            line.extend([0x68, 0x00, 0x16, 0xff]);
        }
    }
    assert_eq!(octets, hex::encode(&line));
}

#[test]
fn keys_are_read_again_on_sighup_and_bad_ones_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    let write = |text: &str| {
        fs::write(&keys, text).unwrap();
        fs::set_permissions(&keys, Permissions::from_mode(0o600)).unwrap();
    };
    write("00112233445566778899AABBCCDDEEFF");
    let (master, node) = terminal();
    let watch =
        Live::start(&["watch", node.to_str().unwrap(), "--key-file", keys.to_str().unwrap()]);
    let mut meter = meter(MeterKind::NetzNoeKaifa);
    let mut push = || {
        let mut wire = vec![];
        meter.push(&mut wire);
        send(&master, &wire);
    };
    push();
    wait_for("the wrong key", || count(&watch.err, "key does not fit") == 1);
    write(KEY);
    signal(&watch.process.0, Signal::HUP);
    wait_for("the right key", || count(&watch.err, "read again: 1 key") == 1);
    push();
    wait_for("a reading", || count(&watch.out, "energy_import_wh") == 1);
    write("no key at all");
    signal(&watch.process.0, Signal::HUP);
    wait_for("the mistake", || count(&watch.err, "nothing changes") == 1);
    push();
    wait_for("another reading", || count(&watch.out, "energy_import_wh") == 2);
    assert_eq!(watch.end().0, 0);
}

#[test]
fn each_file_of_a_recording_begins_with_one_header_also_when_nothing_comes() {
    let header = "# meterpipe-record 1\n";
    let folder = tempfile::tempdir().unwrap();
    let (record, moved) = (folder.path().join("kept"), folder.path().join("kept.1"));
    let begun = || fs::read_to_string(&record).is_ok_and(|text| text == header);
    let (_master, node) = terminal();
    let arguments = ["watch", node.to_str().unwrap(), "--record", record.to_str().unwrap()];
    let watch = Live::start(&arguments);
    wait_for("the file", begun);
    fs::rename(&record, &moved).unwrap();
    signal(&watch.process.0, Signal::HUP);
    wait_for("the next file", begun);
    assert_eq!(watch.end().0, 0);
    assert_eq!(fs::read_to_string(&moved).unwrap(), header);
    assert_eq!(fs::read_to_string(&record).unwrap(), header);
}

#[test]
fn a_recording_goes_on_behind_a_line_that_broke_off() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("kept");
    fs::write(&record, "# meterpipe-record 1\n- raw 68").unwrap();
    let arguments = ["watch", "-q", "-", "--record", record.to_str().unwrap()];
    run(&arguments, b"# meterpipe-record 1\n- raw 00\n");
    let expected = "# meterpipe-record 1\n- raw 68\n# meterpipe-record 1\n- raw 00\n";
    assert_eq!(fs::read_to_string(&record).unwrap(), expected);
    let nowhere = folder.path().join("no/kept");
    let ran = run(&["watch", "-", "--record", nowhere.to_str().unwrap()], b"");
    assert_eq!(ran.status, 6, "{}", ran.err);
    assert!(ran.err.ends_with("no/kept: no such folder\n"), "{}", ran.err);
}

#[test]
fn a_recording_is_not_read_again_while_it_grows() {
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("kept"), folder.path().join("link"));
    let text = "# meterpipe-record 1\n- raw 00\n";
    fs::write(&file, text).unwrap();
    symlink(&file, &link).unwrap();
    let (file, link) = (file.to_str().unwrap(), link.to_str().unwrap());
    for source in [file, "-"] {
        let mut watch = command(&["watch", source, "--record", link]);
        watch.stdin(fs::File::open(file).unwrap());
        let ran = binary::ran(watch.output().unwrap());
        assert_eq!(ran.status, 2, "{}", ran.err);
        assert!(ran.err.contains("record to another file"), "{}", ran.err);
    }
    assert_eq!(fs::read_to_string(file).unwrap(), text);
}

#[test]
fn a_single_run_ends_with_its_own_status() {
    let ran = run(&["watch", "--once", "/dev/serial/by-id/none"], b"");
    assert_eq!((ran.status, ran.out.as_str()), (5, ""));
    assert!(ran.err.contains("/dev/serial/by-id/none: no such device"), "{}", ran.err);
    let ran = run(&["capture", "--timeout", "1s", "/dev/serial/by-id/none"], b"");
    assert_eq!(ran.status, 5, "{}", ran.err);
    let ran = run(&["capture", "/nonexistent"], b"");
    assert_eq!(ran.status, 5, "{}", ran.err);
    let (_master, node) = terminal();
    let ran = run(&["capture", "--timeout", "1s", node.to_str().unwrap()], b"");
    assert_eq!((ran.status, ran.err.contains("no telegram for 1 s")), (3, true), "{}", ran.err);
    let ran = run(&["watch", "sim:nonesuch"], b"");
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("ksm-west-1phase"), "{}", ran.err);
    let holder = Live::start(&["capture", node.to_str().unwrap()]);
    wait_for("the device is taken", || count(&holder.err, "parity") == 1);
    let ran = run(&["capture", "--once", node.to_str().unwrap()], b"");
    let message = format!("in use by meterpipe[{}]", holder.process.0.id());
    assert_eq!((ran.status, ran.err.contains(&message)), (5, true), "{}", ran.err);
}

#[test]
fn a_virtual_meter_needs_neither_hardware_nor_key() {
    for meter in MeterKind::ALL {
        let source = format!("sim:{meter}");
        let ran = run(&["watch", "--once", &source], b"");
        assert_eq!((ran.status, ran.err.as_str(), ran.out.lines().count()), (0, "", 1), "{meter}");
        let (counter, energy) = values(&ran.out);
        assert!(counter > 0 && energy > 0);
        let frames = if meter == MeterKind::NetzNoeKaifa { "2" } else { "1" };
        let ran = run(&["capture", "--count", frames, &source], b"");
        let lines = ran.out.lines().count();
        match meter.link() {
            // An APDU without frames comes as raw records.
            SimulatedLink::Bare => assert!(lines > 1),
            _ => assert_eq!(lines, 1 + frames.parse::<usize>().unwrap()),
        }
        assert!(ran.out.contains(&format!("from={source}")));
    }
    let mut binary = command(&["capture", "--binary", "--count", "2", "sim:"]);
    let output = binary.output().unwrap();
    assert_eq!((output.stdout.len(), &output.stdout[..4]), (282, &[0x68, 0xfa, 0xfa, 0x68][..]));
}

#[test]
fn several_sources_at_once_each_with_its_name() {
    let ran = run(&["watch", "--count", "2", "sim:ksm-west", "sim:netz-noe-sagemcom-old"], b"");
    assert_eq!(ran.status, 0, "{}", ran.err);
    let meters: Vec<Value> = ran.out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_ne!(meters[0]["meter"], meters[1]["meter"]);
}

#[test]
fn a_source_that_is_lost_takes_nothing_from_another() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("kept");
    let ((lost, lost_node), (master, node)) = (terminal(), terminal());
    let watch = Live::start(&[
        "watch",
        lost_node.to_str().unwrap(),
        node.to_str().unwrap(),
        "--record",
        record.to_str().unwrap(),
    ]);
    wait_for("the devices are open", || count(&watch.err, "parity") == 2);
    let mut wire = vec![];
    meter(MeterKind::NetzNoeKaifa).push(&mut wire);
    let (first, rest) = wire.split_at(150);
    send(&master, &[&[0xff], first].concat());
    // The octet in front of the telegram is kept as soon as there is a pause.
    wait_for("the first half", || {
        fs::read_to_string(&record).is_ok_and(|text| text.contains(" raw ff "))
    });
    drop(lost);
    wait_for("the loss", || count(&watch.err, "lost") == 1);
    send(&master, rest);
    wait_for("the reading", || count(&watch.out, "energy_import_wh") == 1);
    assert_eq!(watch.end().0, 0);
}

#[test]
fn frames_of_one_source_do_not_settle_the_parity_of_another() {
    let ((master, node), (noisy, noisy_node)) = (terminal(), terminal());
    let (node, noisy_node) = (node.to_str().unwrap(), noisy_node.to_str().unwrap());
    let watch = Live::start(&["watch", "--parity", "auto", node, noisy_node]);
    wait_for("the devices are open", || count(&watch.err, "parity") == 2);
    let mut wire = vec![];
    meter(MeterKind::NetzNoeKaifa).push(&mut wire);
    send(&master, &wire);
    wait_for("frames", || count(&watch.err, "with parity even") > 0);
    send(&noisy, &[0x55; 2000]);
    wait_for("the search", || count(&watch.err, "no frames with parity even: trying none") == 1);
    let (_, _, messages) = watch.end();
    let noisy = noisy_node.strip_prefix("/dev/").unwrap();
    let settled =
        ["frames come with", "the octets agree with"].map(|what| format!("{noisy}: {what}"));
    let is_settled = |line: &String| settled.iter().any(|settled| line.contains(settled));
    assert!(!messages.iter().any(is_settled), "{messages:#?}");
}

#[test]
fn a_run_ends_when_nobody_reads_it_though_the_meter_is_silent() {
    let (master, node) = terminal();
    let mut watch = command(&["watch", node.to_str().unwrap()]);
    watch.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).env("P1_GUEK", KEY);
    let mut watch = Running(watch.spawn().unwrap());
    let mut out = BufReader::new(watch.0.stdout.take().unwrap());
    let err = listen(watch.0.stderr.take().unwrap());
    wait_for("the device is open", || count(&err, "parity") == 1);
    let (mut wire, mut line) = (vec![], String::new());
    meter(MeterKind::NetzNoeKaifa).push(&mut wire);
    send(&master, &wire);
    out.read_line(&mut line).unwrap();
    drop(out);
    wait_for("the end", || watch.0.try_wait().unwrap().is_some());
    assert_eq!(watch.0.wait().unwrap().code(), Some(0));
}

#[test]
fn tcp_gives_what_a_device_gives() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut peer, _) = listener.accept().unwrap();
        let mut wire = vec![];
        meter(MeterKind::NetzNoeSagemcomOld).push(&mut wire);
        std::io::Write::write_all(&mut peer, &wire).unwrap();
        peer
    });
    let mut watch = command(&["watch", "--once", &address]);
    watch.env("P1_GUEK", KEY);
    let ran = binary::run_command(watch, b"");
    assert_eq!((ran.status, ran.out.lines().count()), (0, 1), "{}", ran.err);
    drop(server.join().unwrap());
}

/// A terminal of 40 rows and 100 columns, and `watch` on it.
struct OnTerminal {
    master: OwnedFd,
    terminal: fs::File,
    watch: Running,
    seen: Vec<u8>,
}

impl OnTerminal {
    fn start(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let (master, node) = terminal();
        let terminal = fs::File::options().read(true).write(true).open(&node).unwrap();
        let size = Winsize { ws_row: 40, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&terminal, size).unwrap();
        let mut watch = std::process::Command::new(METERPIPE);
        watch.arg("watch").args(arguments).env_remove("NO_COLOR").env("TERM", "xterm");
        // The state of the user's own meters is no part of the test.
        watch.env_remove("HOME").env_remove("XDG_STATE_HOME");
        watch.env("LC_ALL", "C.UTF-8").envs(variables.iter().copied());
        watch.stdin(terminal.try_clone().unwrap()).stdout(terminal.try_clone().unwrap());
        watch.stderr(terminal.try_clone().unwrap());
        let watch = Running(watch.spawn().unwrap());
        Self { master, terminal, watch, seen: vec![] }
    }

    /// Reads until the octets so far, and the screen that they make, are as wanted.
    fn wait(&mut self, wanted: impl Fn(&str, &[String]) -> bool) -> Vec<String> {
        let start = Instant::now();
        let mut room = [0; 4096];
        loop {
            let text = String::from_utf8_lossy(&self.seen).into_owned();
            let screen = screen(&text);
            if wanted(&text, &screen) {
                return screen;
            }
            assert!(start.elapsed() < Duration::from_secs(60), "{text:?} {screen:#?}");
            let mut fds = [PollFd::new(&self.master, PollFlags::IN)];
            if poll(&mut fds, Some(&Timespec { tv_sec: 1, tv_nsec: 0 })) == Ok(0) {
                continue;
            }
            let size = rustix::io::read(&self.master, &mut room).unwrap();
            self.seen.extend_from_slice(&room[..size]);
        }
    }

    /// True if keys come singly and unseen, as the view wants them.
    fn is_taken_over(&self) -> bool {
        let modes = tcgetattr(&self.terminal).unwrap().local_modes;
        !modes.intersects(LocalModes::ICANON | LocalModes::ECHO)
    }
}

/// The rows of a screen after the octets so far, without colours.
fn screen(text: &str) -> Vec<String> {
    let mut rows = vec![vec![' '; 100]; 40];
    let (mut row, mut column) = (0, 0);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        rest = &rest[first.len_utf8()..];
        let Some(sequence) = rest.strip_prefix('[').filter(|_| first == '\x1b') else {
            match first {
                '\r' => column = 0,
                '\n' => row = (row + 1).min(39),
                _ if column < 100 => {
                    rows[row][column] = first;
                    column += 1;
                }
                _ => {}
            }
            continue;
        };
        let Some(end) = sequence.find(|c: char| c.is_ascii_alphabetic()) else {
            break;
        };
        let (parameters, kind) = (&sequence[..end], &sequence[end..=end]);
        rest = &sequence[end + 1..];
        match kind {
            "H" => {
                let place = parameters.split(';').map(|it| it.parse().unwrap());
                let place: Vec<usize> = place.collect();
                (row, column) = (place[0] - 1, place[1] - 1);
            }
            "K" => rows[row][column..].fill(' '),
            "J" => rows.iter_mut().for_each(|row| row.fill(' ')),
            "h" | "l" | "m" => {}
            other => panic!("{other}"),
        }
    }
    rows.iter().map(|row| row.iter().collect::<String>().trim_end().to_owned()).collect()
}

const ENTER: &str = "\x1b[?1049h\x1b[?25l";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";

#[test]
fn what_was_not_stored_is_said_below_the_view() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let to = format!("mqtt://{}", listener.local_addr().unwrap());
    let mut on = OnTerminal::start(&["sim:", "--to", &to], &[]);
    // With the second telegram the guard passes readings on.
    let one_or_none = |row: &str| row.contains("0 good") || row.contains("1 good");
    on.wait(|_, screen| screen.iter().any(|row| row.contains(" good") && !one_or_none(row)));
    signal(&on.watch.0, Signal::TERM);
    on.wait(|text, _| {
        text.rsplit_once(LEAVE)
            .is_some_and(|(_, end)| end.contains("not stored") && end.contains("rejected"))
    });
    assert_eq!(on.watch.0.wait().unwrap().code(), Some(6));
}

#[test]
fn on_a_terminal_one_screen_is_kept_up_to_date() {
    let mut on = OnTerminal::start(&["sim:"], &[]);
    let has = |screen: &[String], text: &str| screen.iter().any(|row| row.contains(text));
    // With the second telegram there is a difference; the last row of the picture comes last.
    let first = on.wait(|_, screen| has(screen, "since start") && has(screen, "q quit"));
    assert!(on.is_taken_over());
    assert!(first[0].contains("meter 1812"), "{first:#?}");
    assert!(has(&first, " good)"), "{first:#?}");
    assert!(has(&first, "fresh, ") && has(&first, "line clean"), "{first:#?}");
    assert!(has(&first, "power_net_w"), "{first:#?}");
    // The clock goes on while no telegram comes.
    on.wait(|_, screen| (1..5).any(|age| has(screen, &format!("fresh, {age} s old"))));
    let text = String::from_utf8_lossy(&on.seen).into_owned();
    assert_eq!(text.matches(ENTER).count(), 1, "{text}");
    assert!(text.contains("\x1b[38;5;28mfresh"), "{text}");
    // Another size is another picture.
    let size = Winsize { ws_row: 12, ws_col: 40, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&on.terminal, size).unwrap();
    signal(&on.watch.0, Signal::WINCH);
    on.wait(|_, screen| !has(&screen[12..], "power") && has(screen, "q quit"));
    signal(&on.watch.0, Signal::INT);
    on.wait(|text, _| text.contains(LEAVE));
    assert_eq!(on.watch.0.wait().unwrap().code(), Some(0));
    assert!(!on.is_taken_over());
}

#[test]
fn all_times_on_the_screen_are_of_one_zone() {
    // A container has no zone of its own.
    for (options, zone) in
        [(&[][..], "Europe/Vienna"), (&["--timezone", "Asia/Tokyo"], "Asia/Tokyo")]
    {
        let mut on = OnTerminal::start(&[&["sim:"], options].concat(), &[("TZ", "UTC")]);
        let first = on.wait(|_, screen| screen.iter().any(|row| row.contains("since start")));
        // 2026-11-30T17:12:05+01:00  meter 181220404247 … 17:12:06
        let (time, _) = first[0].split_once("  meter").unwrap();
        let sent: jiff::Timestamp = time.parse().unwrap();
        let local = sent.in_tz(zone).unwrap();
        let clock = first[0].rsplit(' ').next().unwrap();
        let clock: jiff::civil::Time = clock.parse().unwrap();
        let since = first.iter().find_map(|row| row.split_once("since start ")).unwrap().1;
        let since: jiff::civil::Time = since[..5].parse().unwrap();
        for shown in [clock, since] {
            let apart = shown.duration_since(local.time()).as_secs().rem_euclid(86400);
            assert!(!(1800..86400 - 1800).contains(&apart), "{zone}: {first:#?}");
        }
    }
}

#[test]
fn keys_rule_the_screen_and_q_gives_the_terminal_back_with_the_messages() {
    let (_master, silent) = terminal();
    let silent = silent.to_str().unwrap();
    let mut on = OnTerminal::start(&["sim:", "sim:ksm-west", silent], &[("NO_COLOR", "1")]);
    let has = |screen: &[String], text: &str| screen.iter().any(|row| row.contains(text));
    let chosen = |screen: &[String], text: &str| screen.iter().any(|row| row.starts_with(text));
    on.wait(|_, screen| chosen(screen, "> 1 ") && chosen(screen, "  2 "));
    for (key, expected) in [
        ("?", "another meter"),
        ("?", "kWh"),
        ("v", "values 1 to "),
        ("v", "kWh"),
        ("p", " paused "),
        ("p", "p pause"),
        ("2", "> 2 "),
        ("\t", "> 1 "),
        ("\x1b[D", "> 2 "),
    ] {
        send(&on.master, key.as_bytes());
        on.wait(|_, screen| has(screen, expected));
    }
    // The cause that the messages give is on the screen.
    on.wait(|_, screen| has(screen, "nothing for 15 s; "));
    send(&on.master, b"q");
    on.wait(|text, _| text.split(LEAVE).nth(1).is_some_and(|end| end.contains("nothing for 15 s")));
    let text = String::from_utf8_lossy(&on.seen).into_owned();
    let below = text.split(LEAVE).nth(1).unwrap();
    let words = below.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("that the operator has switched the interface on"), "{below}");
    assert!(below.lines().all(|line| line.chars().count() <= 100), "{below}");
    assert!(!text.contains("\x1b[32m") && !text.contains("\x1b[1m"), "colours: {text}");
    assert_eq!(on.watch.0.wait().unwrap().code(), Some(0));
    assert!(!on.is_taken_over());
}

#[test]
fn a_view_that_ends_by_its_count_leaves_the_last_tables() {
    let mut on = OnTerminal::start(&["--count", "3", "sim:", "sim:ksm-west"], &[]);
    on.wait(|text, _| {
        text.rsplit_once(LEAVE).is_some_and(|(_, end)| {
            end.matches("power_net_w").count() == 2 && end.matches("  meter 1").count() == 2
        })
    });
    assert_eq!(on.watch.0.wait().unwrap().code(), Some(0));
    assert!(!on.is_taken_over());
}

#[test]
fn meters_stand_in_the_order_of_their_sources() {
    let (master, node) = terminal();
    let node = node.to_str().unwrap();
    let mut on = OnTerminal::start(&[node, "sim:"], &[]);
    let has = |screen: &[String], start: &str| screen.iter().any(|row| row.starts_with(start));
    // A pseudo-terminal has no parity, which is told once it is open.
    let is_open = |screen: &[String]| screen.iter().any(|row| row.contains("ignores these"));
    on.wait(|_, screen| has(screen, "> 1 ") && has(screen, "  - ") && is_open(screen));
    // The first source comes later, and takes the first place.
    let mut wire = vec![];
    meter(MeterKind::KsmWest).push(&mut wire);
    send(&master, &wire);
    on.wait(|_, screen| has(screen, "> 1 1KFM") && has(screen, "  2 1812") && !has(screen, "  - "));
    send(&on.master, b"2");
    on.wait(|_, screen| has(screen, "  1 1KFM") && has(screen, "> 2 1812"));
    signal(&on.watch.0, Signal::INT);
    assert_eq!(on.watch.0.wait().unwrap().code(), Some(0));
}

#[test]
fn whatever_ends_the_view_leaves_the_terminal_as_it_was() {
    let signals =
        [Signal::TERM, Signal::HUP, Signal::QUIT, Signal::ALARM, Signal::USR1, Signal::USR2];
    for ends in signals {
        let mut on = OnTerminal::start(&["sim:"], &[]);
        on.wait(|text, _| text.contains("waiting for"));
        assert!(on.is_taken_over());
        signal(&on.watch.0, ends);
        on.wait(|text, _| text.contains(LEAVE));
        assert_eq!(on.watch.0.wait().unwrap().code(), Some(0), "{ends:?}");
        assert!(!on.is_taken_over(), "{ends:?}");
    }
    // A stop gives the terminal back too, until the run goes on.
    let mut on = OnTerminal::start(&["sim:"], &[]);
    on.wait(|text, _| text.contains("waiting for"));
    signal(&on.watch.0, Signal::TSTP);
    on.wait(|text, _| text.contains(LEAVE));
    wait_for("its modes", || !on.is_taken_over());
    signal(&on.watch.0, Signal::CONT);
    on.wait(|text, _| text.matches(ENTER).count() >= 2 && text.ends_with("\x1b[K"));
    assert!(on.is_taken_over());
    signal(&on.watch.0, Signal::INT);
    assert_eq!(on.watch.0.wait().unwrap().code(), Some(0));
    assert!(!on.is_taken_over());
}

#[test]
fn a_dumb_terminal_and_a_chosen_format_get_plain_text() {
    for (arguments, variables) in [
        (&["sim:"][..], &[("TERM", "dumb")][..]),
        (&["--format", "table", "sim:"], &[]),
        (&["--once", "sim:"], &[]),
    ] {
        let mut on = OnTerminal::start(arguments, variables);
        on.wait(|text, _| text.contains("power_net_w"));
        let text = String::from_utf8_lossy(&on.seen).into_owned();
        assert!(!text.contains('\x1b'), "{text:?}");
        assert!(!on.is_taken_over());
    }
}
