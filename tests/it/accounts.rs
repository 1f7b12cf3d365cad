//! Words and numbers that are true: each telegram is counted once, under the right cause.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, UdpSocket},
    os::fd::OwnedFd,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use crate::common::binary::{Ran, Running, command, ran, run, run_command, signal};
use meterpipe::record::HEADER;
use rustix::process::Signal;

const KEY: &str = "36C66639E48A8CA4D6BC8B282A793BBB";

/// The two frames of the operator's example.
fn frames() -> [Vec<u8>; 2] {
    let text = include_str!("../data/netznoe-doc-2021.hex");
    let mut frames = text.lines().map(|line| hex::decode(line.trim()).unwrap());
    [frames.next().unwrap(), frames.next().unwrap()]
}

/// Repairs the checksum of a frame.
fn repair(frame: &mut [u8]) {
    let end = frame.len() - 2;
    frame[end] = frame[4..end].iter().fold(0, |sum: u8, octet| sum.wrapping_add(*octet));
}

/// The telegram with octets of its frames damaged, and the checksums repaired.
fn damaged(places: &[(usize, usize)]) -> Vec<u8> {
    let mut frames = frames();
    for &(frame, octet) in places {
        frames[frame][octet] ^= 0xa5;
    }
    frames.iter_mut().for_each(|frame| repair(frame));
    frames.concat()
}

fn decode(octets: &[u8]) -> Ran {
    let mut decode = command(&["decode"]);
    decode.env("P1_GUEK", KEY);
    run_command(decode, octets)
}

#[test]
fn a_telegram_that_begins_well_is_damaged_and_its_key_fits() {
    let garbage: Vec<_> = (9..18).map(|octet| (1, octet)).collect();
    for (places, octet) in [
        (&garbage[..], 229),
        (&[(1, 12)], 231),
        (&[(1, 17)], 236),
        (&[(0, 60)], 34),
        (&[(0, 26)], 0),
    ] {
        let ran = decode(&damaged(places));
        let told = format!("cipher: the key fits; damaged from octet {octet} of the plaintext");
        assert!(ran.err.contains(&told), "{}", ran.err);
        assert_eq!((ran.status, ran.out.as_str()), (1, ""), "{}", ran.err);
    }
    // Behind a wrong counter nothing shows that the key is right.
    let ran = decode(&damaged(&[(0, 24)]));
    assert!(ran.err.contains("the key does not fit, or the telegram is damaged"), "{}", ran.err);
    assert_eq!(ran.status, 4);
}

#[test]
fn a_live_run_says_after_three_telegrams_that_the_key_is_wrong() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let source = format!("tcp://{}", listener.local_addr().unwrap());
    let sender = thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        stream.write_all(&frames().concat().repeat(3)).unwrap();
        stream
    });
    let mut watch = command(&["watch", &source]);
    watch.env("P1_GUEK", "00".repeat(16)).stderr(Stdio::piped()).stdout(Stdio::null());
    let mut watch = Running(watch.spawn().unwrap());
    let lines = BufReader::new(watch.0.stderr.take().unwrap()).lines().map(Result::unwrap);
    let told = lines.into_iter().find(|line| line.contains("telegrams in a row")).unwrap();
    assert!(told.contains("the key is wrong") && told.contains("GUEK"), "{told}");
    assert!(told.contains("4b464d6750000009") && told.contains("portal"), "{told}");
    drop(sender.join().unwrap());
}

/// Good, rejected, and read telegrams of the summary.
fn summary(err: &str) -> (u64, u64) {
    let line =
        err.lines().rfind(|line| line.contains(" rejected")).unwrap_or_else(|| panic!("{err}"));
    let mut numbers = line.split(|c: char| !c.is_ascii_digit()).filter_map(|it| it.parse().ok());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

#[test]
fn a_damaged_telegram_is_rejected_once() {
    let good = frames().concat();
    let flipped = |places: &[usize]| {
        let mut octets = good.clone();
        places.iter().for_each(|at| octets[*at] ^= 0x10);
        octets
    };
    // Damage in both frames: in their data, sums, stops, lengths and starts.
    for first in [1, 2, 40, 254, 255] {
        for second in [257, 258, 259, 270, 280, 281] {
            let stream = [good.clone(), flipped(&[first, second]).repeat(5), good.clone()].concat();
            let ran = decode(&stream);
            assert_eq!(summary(&ran.err), (2, 5), "{first}, {second}: {}", ran.err);
        }
    }
    // A telegram that breaks off. Octet 161 begins four octets that look like the start of a frame.
    for end in 4..160 {
        let ran = decode(&[&good, &good[..end], &good].concat());
        assert_eq!(summary(&ran.err), (2, 1), "{end}: {}", ran.err);
    }
}

#[test]
fn two_thousand_meters_and_a_thousand_sources_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.jsonl");
    let line = |n| format!("{{\"schema\":1,\"meter\":\"{n}\",\"energy_import_wh\":1{n}}}\n");
    let all: String = (0..2000).map(line).collect();
    let ran = run(&["publish", "--to", &format!("file:{}", path.display())], all.as_bytes());
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    assert_eq!(fs::read_to_string(path).unwrap().lines().count(), 2000);

    // Frame by frame, the sources in turn.
    let record = |frame: &[u8]| {
        let record = |n| format!("- raw {} from=tty{n}\n", hex::encode(frame));
        (0..1000).map(record).collect::<String>()
    };
    let ran =
        decode(format!("{HEADER}{}", frames().map(|frame| record(&frame)).concat()).as_bytes());
    assert_eq!((ran.status, ran.err.as_str(), ran.out.lines().count()), (0, "", 1000));
}

#[test]
fn a_telegram_cut_off_by_the_limit_of_sources_is_counted() {
    let [first, second] = frames().map(hex::encode);
    let mut records = HEADER.to_owned();
    for frame in [first, second] {
        records.extend((0..5000).map(|n| format!("- raw {frame} from=tty{n}\n")));
    }
    let ran = decode(records.as_bytes());
    let said = "record: more than 4096 sources at once: a telegram that had begun is cut off";
    assert!(ran.err.contains(said), "{}", ran.err);
    let (good, rejected) = summary(&ran.err);
    assert_eq!((ran.status, good + rejected), (6, 5000), "{}", ran.err);
    // Sources at rest make room for others.
    let telegram = frames().map(hex::encode).concat();
    let one = |n| format!("- raw {telegram} from=tty{n}\n");
    let ran = decode(format!("{HEADER}{}", (0..5000).map(one).collect::<String>()).as_bytes());
    assert_eq!((ran.status, ran.err.as_str(), ran.out.lines().count()), (0, "", 5000));
}

/// A `watch` of a virtual meter whose broker takes connections and answers nothing.
fn watch_without_answer() -> (Running, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = format!("mqtt://{}", listener.local_addr().unwrap());
    let mut watch = command(&["watch", "sim:", "--format", "json", "--to", &to]);
    watch.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut watch = Running(watch.spawn().unwrap());
    // With the second telegram the guard passes readings on.
    let out = BufReader::new(watch.0.stdout.as_mut().unwrap());
    assert_eq!(out.lines().take(2).map_while(Result::ok).count(), 2);
    (watch, listener)
}

fn ended(mut watch: Running) -> (Option<i32>, String) {
    let status = watch.0.wait().unwrap();
    let mut err = String::new();
    watch.0.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    (status.code(), err)
}

#[test]
fn two_signals_at_once_are_one_and_a_later_one_ends_at_once() {
    let (watch, _listener) = watch_without_answer();
    signal(&watch.0, Signal::TERM);
    thread::sleep(Duration::from_millis(300));
    signal(&watch.0, Signal::TERM);
    let (status, err) = ended(watch);
    assert_eq!(status, Some(6), "{err}");
    assert!(err.contains("not stored"), "{err}");

    let (watch, _listener) = watch_without_answer();
    signal(&watch.0, Signal::INT);
    thread::sleep(Duration::from_millis(1200));
    signal(&watch.0, Signal::TERM);
    let hard = Instant::now();
    let (status, err) = ended(watch);
    assert_eq!(status, Some(143), "{err}");
    assert!(err.contains("not stored"), "{err}");
    assert!(hard.elapsed() < Duration::from_millis(2500), "{:?}", hard.elapsed());
}

#[test]
fn a_reader_that_hangs_keeps_no_sink_from_its_end() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = format!("influxdb://{}?bucket=b&guard=false", listener.local_addr().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("telegrams.hex");
    // Far more than a pipe takes.
    fs::write(&file, include_str!("../data/netznoe-doc-2021.hex").repeat(1000)).unwrap();
    let file = file.to_str().unwrap();
    let mut watch = command(&["watch", file, "--format", "json", "--to", &to]);
    watch.env("P1_GUEK", KEY).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut watch = Running(watch.spawn().unwrap());
    // Nobody reads on.
    let mut first = [0];
    let mut out = watch.0.stdout.take().unwrap();
    out.read_exact(&mut first).unwrap();
    thread::sleep(Duration::from_millis(500));
    signal(&watch.0, Signal::TERM);
    thread::sleep(Duration::from_millis(1200));
    signal(&watch.0, Signal::TERM);
    let (status, err) = ended(watch);
    assert_eq!(status, Some(143), "{err}");
    assert!(err.contains("not stored"), "{err}");
}

#[test]
fn a_reader_that_goes_hides_no_loss() {
    let (mut watch, _listener) = watch_without_answer();
    drop(watch.0.stdout.take());
    let (status, err) = ended(watch);
    assert_eq!(status, Some(6), "{err}");
    assert!(err.contains("not stored"), "{err}");
}

#[test]
fn a_datagram_that_nobody_takes_is_a_failed_output() {
    // The port of a socket that is closed again.
    let nobody = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let on_socket = |args: &[&str]| {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(nobody).unwrap();
        let mut command = command(args);
        command.stdin(Stdio::null()).stdout(OwnedFd::from(socket)).stderr(Stdio::piped());
        ran(command.output().unwrap())
    };
    for args in [
        &["watch", "--format", "json", "--count", "3", "sim:"][..],
        &["watch", "--format", "json", "--once", "sim:"],
        &["simulate", "--count", "1"],
        &["--help"],
    ] {
        let ran = on_socket(args);
        assert_eq!(ran.status, 6, "{args:?}: {}", ran.err);
        assert!(ran.err.contains("standard output: Connection refused"), "{}", ran.err);
    }
}

#[test]
fn the_summary_counts_each_telegram_under_its_reason_and_each_octet_once() {
    let good = frames().concat();
    let mut line = good.clone();
    line[40] ^= 1;
    let parts = [&good, &line, &damaged(&[(1, 12)]), &damaged(&[(0, 24)]), &good];
    let ran = decode(&parts.map(|part| part.as_slice()).concat());
    // The second frame of the telegram that the line damaged is whole.
    let said = "2 telegrams, 3 rejected (1 damaged on the line, 1 not opened, 1 damaged inside), \
                256 octets of noise, 1410 octets read";
    assert!(ran.err.contains(said), "{}", ran.err);
}
