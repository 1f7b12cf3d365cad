//! `kill -9` at any moment while the servers are away: every start works, and what was older than `sync`
//! is there.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write,
    net::TcpListener,
    path::Path,
    process::{ChildStdin, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::{Random, wanted};
use crate::{
    common::{
        binary::{Running, command, wait_for},
        port::free_port,
        sinks::names,
    },
    influx::{
        START,
        server::{Reply, Server},
    },
    mqtt::mosquitto::{Mosquitto, with_mosquitto},
};

/// The time between two telegrams.
const INTERVAL: Duration = Duration::from_millis(20);

/// The age at which a line is on the disk for certain: `sync`, and the way there on a busy machine.
const BOUND: Duration = Duration::from_millis(1600);

#[test]
fn a_kill_costs_what_is_younger_than_sync_and_no_start() {
    with_mosquitto(|| {
        let kills = wanted("METERPIPE_KILLS");
        trial(kills.unwrap_or(3), kills.is_some());
    });
}

fn trial(kills: usize, is_timed: bool) {
    let folder = TempDir::new().unwrap();
    let (port, mut broker) = (free_port(), Mosquitto::open());
    broker.kill();
    let spool = |name: &str| folder.path().join(name);
    let to = [
        format!(
            "influxdb://127.0.0.1:{port}/?bucket=b&retry=1s&sync=1s&flush=0&timeout=1s&spool={}",
            spool("points").display()
        ),
        format!(
            "mqtt://127.0.0.1:{}/house?ha=off&meter_status=none&layout=none&status=none&\
             history={{base}}/{{meter}}/history&sync=1s&spool={}",
            broker.port,
            spool("lines").display()
        ),
    ];
    let start = || {
        let mut publish = command(&["publish", "--to", &to[0], "--to", &to[1]]);
        publish.env("HOME", folder.path()).env("XDG_STATE_HOME", folder.path());
        publish.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = Running(publish.spawn().unwrap());
        let stdin = process.0.stdin.take().unwrap();
        (process, stdin)
    };
    let mut random = Random(4);
    let mut written = BTreeMap::new();
    let mut kept = [BTreeSet::new(), BTreeSet::new()];
    // The age of each telegram when its process was killed.
    let mut ages = BTreeMap::new();
    for _ in 0..kills {
        let (mut process, mut stdin) = start();
        let end = Instant::now() + Duration::from_millis(random.within(50..3600) as u64);
        let mut mine = vec![];
        while Instant::now() < end {
            let number = written.len();
            send(&mut stdin, number);
            written.insert(number, Instant::now());
            mine.push(number);
            thread::sleep(INTERVAL);
        }
        assert_eq!(process.0.try_wait().unwrap(), None, "it runs");
        process.0.kill().unwrap();
        let killed = Instant::now();
        process.0.wait().unwrap();
        ages.extend(mine.into_iter().map(|number| (number, killed - written[&number])));
        kept = [lines_of(&spool("points")), lines_of(&spool("lines"))];
    }
    let sent: BTreeSet<_> = written.into_keys().collect();
    let lost = kept.each_ref().map(|kept| sent.difference(kept).map(|it| ages[it]));
    let [points, lines] = lost.map(Iterator::collect::<Vec<_>>);
    let oldest = points.iter().chain(&lines).max().copied().unwrap_or_default();
    println!(
        "{kills} kills, {} telegrams; {} points and {} lines are lost, {oldest:?} old at most",
        sent.len(),
        points.len(),
        lines.len()
    );
    assert!(!is_timed || oldest < BOUND, "lost beyond sync");

    // All that is on the disk arrives, once and in order.
    broker.run();
    let listener = broker.listen(&[]);
    let server =
        Server::on(TcpListener::bind(("127.0.0.1", port)).unwrap(), |_| Reply::status(204));
    let (process, stdin) = start();
    drop(stdin);
    let ended = process.ended();
    // No telegram came in this run.
    assert_eq!(ended.status, 3, "{}", ended.err);
    let points = server.requests().into_iter().flat_map(|request| request.lines);
    let points: Vec<_> = points.map(|line| number(&line)).collect();
    assert!(points.iter().eq(&kept[0]), "points, each once and in order");
    let lines = || -> Vec<_> { listener.received().iter().map(|line| number(line)).collect() };
    wait_for("the history", || lines().len() >= kept[1].len());
    assert!(lines().iter().eq(&kept[1]), "lines, each once and in order");
    assert_eq!(
        (names(&spool("points")), names(&spool("lines"))),
        (vec!["lock".into()], vec!["lock".into()])
    );
}

fn send(stdin: &mut ChildStdin, number: usize) {
    let time = jiff::Timestamp::from_second(START + 5 * i64::try_from(number).unwrap()).unwrap();
    let energy = 1_000_000 + number;
    let line = format!(
        "{{\"schema\":1,\"time\":\"{time}\",\"meter\":\"7\",\"energy_import_wh\":{energy},\"power_net_w\":7}}\n"
    );
    stdin.write_all(line.as_bytes()).unwrap();
}

/// The number of the telegram in a line.
fn number(line: &str) -> usize {
    let (_, energy) = line.split_once("energy_import_wh").unwrap();
    let digits = energy.trim_start_matches(['"', ':', '=']);
    let end = digits.find(|digit: char| !digit.is_ascii_digit()).unwrap();
    digits[..end].parse::<usize>().unwrap() - 1_000_000
}

/// The numbers of the whole lines on the disk.
fn lines_of(spool: &Path) -> BTreeSet<usize> {
    let segments = names(spool).into_iter().filter(|name| name.ends_with(".spool"));
    let texts = segments.map(|name| fs::read_to_string(spool.join(name)).unwrap());
    texts
        .flat_map(|text| {
            // A kill may leave a part of a line at the end.
            let whole = text.rfind('\n').map_or(0, |end| end + 1);
            text[..whole].lines().map(number).collect::<Vec<_>>()
        })
        .collect()
}
