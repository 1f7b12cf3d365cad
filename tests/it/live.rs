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
    meter::MeterKind,
    push::{Push, PushOptions, Simulator},
};
use rustix::{
    process::Signal,
    termios::{OptionalActions, Winsize, tcgetattr, tcsetattr, tcsetwinsize},
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
        // It is said at the next read behind the first telegram or the second start of one.
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
        assert_eq!(
            ran.out.lines().count().to_string(),
            format!("{}", 1 + frames.parse::<u32>().unwrap())
        );
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
    wait_for("frames", || count(&watch.err, "frames come with parity even") > 0);
    send(&noisy, &[0x55; 2000]);
    wait_for("the search", || count(&watch.err, "no frames with parity even: trying none") == 1);
    let (_, _, messages) = watch.end();
    let noisy = noisy_node.strip_prefix("/dev/").unwrap();
    let settled = format!("{noisy}: frames come with");
    assert!(!messages.iter().any(|line| line.contains(&settled)), "{messages:#?}");
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

#[test]
fn on_a_terminal_one_screen_is_kept_up_to_date() {
    let (master, node) = terminal();
    let terminal = fs::File::options().read(true).write(true).open(&node).unwrap();
    let mut modes = tcgetattr(&terminal).unwrap();
    modes.make_raw();
    tcsetattr(&terminal, OptionalActions::Now, &modes).unwrap();
    let size = Winsize { ws_row: 40, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&terminal, size).unwrap();
    let mut watch = std::process::Command::new(METERPIPE);
    watch.args(["watch", "sim:"]).stdin(Stdio::null()).stderr(Stdio::piped()).stdout(terminal);
    let mut watch = Running(watch.spawn().unwrap());
    let mut seen = Vec::new();
    let mut room = [0; 4096];
    let mut screens = vec![];
    // Two pictures, the later one with a later clock: a second passes between them.
    while screens.len() < 3 {
        let size = rustix::io::read(&master, &mut room).unwrap();
        seen.extend_from_slice(&room[..size]);
        let text = String::from_utf8_lossy(&seen).into_owned();
        screens = text.split("\x1b[H").map(str::to_owned).collect();
        screens.retain(|screen| screen.contains("\x1b[J") && screen.contains("power_net_w"));
    }
    assert!(screens[0].contains("meter 1812"), "{}", screens[0]);
    assert!(screens[0].contains("1 good, 0 missing"), "{}", screens[0]);
    assert!(screens[0].contains("0 damaged"), "{}", screens[0]);
    let ago =
        |screen: &String| screen.split("last telegram ").nth(1).map(|rest| rest[..3].to_owned());
    assert_ne!(ago(&screens[0]), ago(&screens[2]), "the clock goes on");
    signal(&watch.0, Signal::INT);
    assert_eq!(watch.0.wait().unwrap().code(), Some(0));
}
