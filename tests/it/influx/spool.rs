//! Servers that are away for longer than the sink runs.

use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::{
    START, assert_stored, lines, reading,
    server::{Reply, Server},
};
use crate::common::{
    binary::{run, wait_for},
    port::free_port,
    sinks::{LIMIT, names, start},
};

fn uri(port: u16, folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "influxdb://127.0.0.1:{port}/?bucket=house&retry=1s&sync=1s&flush=0&spool={folder}/spool"
    )
}

/// A server that stores everything.
fn server(port: u16) -> Server {
    Server::on(TcpListener::bind(("127.0.0.1", port)).unwrap(), |_| Reply::status(204))
}

/// All lines that a server stored, by their time.
fn stored(server: &Server) -> Vec<String> {
    let mut all: Vec<_> = server.requests().into_iter().flat_map(|request| request.lines).collect();
    all.sort_by_key(|line| line.rsplit_once(' ').unwrap().1.to_owned());
    all
}

/// A sink that cannot store these, and ends.
fn in_vain(uri: &str, readings: std::ops::Range<usize>) -> (Vec<String>, u64) {
    let sink = start(uri, 100);
    readings.for_each(|number| sink.put(&reading(number)));
    sink.wait_for_message("cannot connect to");
    sink.end(Duration::from_millis(500))
}

#[test]
fn what_was_not_stored_waits_for_the_next_start() {
    let (folder, port) = (TempDir::new().unwrap(), free_port());
    let uri = uri(port, folder.path());
    let (messages, lost) = in_vain(&uri, 0..20);
    assert_eq!(lost, 0);
    assert_eq!(messages[1], "20 readings wait on the disk for the next start");
    let (messages, lost) = in_vain(&uri, 20..30);
    assert_eq!(
        (lost, &*messages[0]),
        (0, &*format!("readings of an earlier run wait in {}/spool", folder.path().display()))
    );
    let server = server(port);
    let sink = start(&uri, 100);
    (30..40).for_each(|number| sink.put(&reading(number)));
    wait_for("all lines", || stored(&server).len() >= 40);
    let (_, lost) = sink.end(LIMIT);
    assert_eq!((stored(&server), lost), (lines(0..40), 0), "each once");
    assert_eq!(names(&folder.path().join("spool")), ["lock"], "and is gone from the disk");
}

#[test]
fn the_account_adds_up_over_runs_refusals_and_damage() {
    let (folder, port) = (TempDir::new().unwrap(), free_port());
    let uri = uri(port, folder.path()) + "&guard=false&timeout=1s";
    let publish = |numbers: std::ops::Range<usize>| {
        let input: String = numbers.map(|number| reading(number) + "\n").collect();
        let ran = run(&["publish", "-v", "--to", &uri], input.as_bytes());
        let account = ran.err.lines().find(|line| line.ends_with(" lost"));
        let account = account.unwrap_or_else(|| panic!("{}", ran.err));
        account.rsplit_once("/: ").unwrap_or(("", account)).1.to_owned()
    };
    assert_eq!(publish(0..7), "7 readings: 0 stored, 7 on the disk, 0 lost");
    assert_eq!(publish(7..10), "10 readings: 0 stored, 10 on the disk, 0 lost");
    // A line is damaged, and the server refuses another.
    let segment = folder.path().join("spool/00000001.spool");
    let text = fs::read_to_string(&segment).unwrap();
    fs::write(&segment, text.replacen("power", "pover", 1)).unwrap();
    let refused = lines(2..3).remove(0);
    let server = Server::on(TcpListener::bind(("127.0.0.1", port)).unwrap(), move |request| {
        match request.lines.contains(&refused) {
            true => Reply::Status(
                400,
                "Content-Type: application/json\r\n",
                "{\"code\":\"invalid\",\"message\":\"no\"}".to_owned(),
            ),
            false => Reply::status(204),
        }
    });
    assert_eq!(publish(10..15), "15 readings: 13 stored, 0 on the disk, 2 lost");
    drop(server);
    assert_eq!(publish(15..16), "1 reading: 0 stored, 1 on the disk, 0 lost");
}

/// The lines that a server stored, in their order, each where it came first.
fn first_stored(server: &Server) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let all = server.requests().into_iter().flat_map(|request| request.lines);
    all.filter(|line| seen.insert(line.clone())).collect()
}

#[test]
fn what_waits_on_the_disk_goes_before_what_is_new() {
    let (folder, port) = (TempDir::new().unwrap(), free_port());
    let uri = uri(port, folder.path());
    // Two segments of earlier runs.
    in_vain(&uri, 0..20);
    in_vain(&uri, 20..30);
    let segments = || names(&folder.path().join("spool")).len() - 1;
    let sink = start(&uri, 100);
    (30..35).for_each(|number| sink.put(&reading(number)));
    // Two more of this run, while the server is away.
    wait_for("the third segment", || segments() == 3);
    let text = || fs::read_to_string(folder.path().join("spool/00000003.spool")).unwrap();
    wait_for("its lines", || text().lines().count() == 5);
    (35..40).for_each(|number| sink.put(&reading(number)));
    wait_for("more lines on the disk", || segments() == 4 || text().lines().count() == 10);
    (40..45).for_each(|number| sink.put(&reading(number)));
    let server = server(port);
    wait_for("the last line", || stored(&server).len() >= 45);
    (45..50).for_each(|number| sink.put(&reading(number)));
    let (messages, lost) = sink.end(LIMIT);
    assert_eq!(lost, 0, "{messages:?}");
    assert_stored(&first_stored(&server), 0..50);
    assert_eq!(names(&folder.path().join("spool")), ["lock"]);
}

#[test]
fn lines_go_to_the_disk_after_sync_again_and_again() {
    let (folder, port) = (TempDir::new().unwrap(), free_port());
    let sink = start(&uri(port, folder.path()), 100);
    let segments = folder.path().join("spool");
    let kept = || {
        let texts = names(&segments).into_iter().map(|name| fs::read(segments.join(name)).unwrap());
        texts.flatten().filter(|octet| *octet == b'\n').count()
    };
    wait_for("the folder", || segments.exists());
    for number in 0..4 {
        let since = Instant::now();
        sink.put(&reading(number));
        wait_for("the line on the disk", || kept() == number + 1);
        // The interval of a disk that fails is five seconds.
        assert!(since.elapsed() < Duration::from_secs(4), "{number}: {:?}", since.elapsed());
    }
    assert_eq!(sink.end(Duration::from_millis(500)).1, 0);
}

#[test]
fn more_than_memory_holds_goes_to_the_disk_and_comes_back_in_order() {
    let (folder, port) = (TempDir::new().unwrap(), free_port());
    let uri = uri(port, folder.path()) + "&fields=time,meter,power_net_w,item_1";
    let text = "x".repeat(1000);
    let line = |power: i64| {
        let time = jiff::Timestamp::from_second(START + 5 * power).unwrap();
        format!(
            "{{\"time\":\"{time}\",\"meter\":\"7\",\"power_net_w\":{power},\"item_1\":\"{text}\"}}"
        )
    };
    let sink = start(&uri, 100);
    // Two and a half times as much as there is room in memory.
    (0..20_000).for_each(|power| sink.put(&line(power)));
    let (messages, lost) = sink.end(Duration::from_secs(2));
    assert_eq!(lost, 0, "{messages:?}");
    let server = server(port);
    let sink = start(&uri, 100);
    (20_000..20_010).for_each(|power| sink.put(&line(power)));
    let (messages, lost) = sink.end(LIMIT);
    assert_eq!(lost, 0, "{messages:?}");
    let times = first_stored(&server).into_iter().map(|line| {
        let time: i64 = line.rsplit_once(' ').unwrap().1.parse().unwrap();
        (time - START) / 5
    });
    assert!(times.eq(0..20_010), "in order");
}

#[test]
fn a_run_that_only_ends_sends_what_was_left_by_others() {
    let (folder, port) = (TempDir::new().unwrap(), free_port());
    let uri = uri(port, folder.path());
    in_vain(&uri, 0..5);
    let server = server(port);
    let (_, lost) = start(&uri, 100).end(LIMIT);
    assert_eq!((stored(&server), lost), (lines(0..5), 0));
}

#[test]
fn a_damaged_disk_costs_what_is_damaged_and_no_start() {
    let (folder, port) = (TempDir::new().unwrap(), free_port());
    let uri = uri(port, folder.path());
    in_vain(&uri, 0..5);
    let segment = folder.path().join("spool/00000001.spool");
    let text = fs::read_to_string(&segment).unwrap();
    // A digit that nobody sent, and what a power cut leaves.
    let text = text.replacen("power_net_w=-8613i", "power_net_w=-8013i", 1);
    fs::write(&segment, text + "12345678 smartmeter,met").unwrap();
    fs::write(folder.path().join("spool/00000002.spool"), [0; 512]).unwrap();
    fs::write(folder.path().join("spool/00000003.spool"), "").unwrap();
    let server = server(port);
    let (messages, lost) = start(&uri, 100).end(LIMIT);
    assert_eq!((stored(&server), lost), (lines([0, 1, 3, 4]), 1), "{messages:?}");
    assert!(messages.contains(&"a reading on the disk is damaged".to_owned()), "{messages:?}");
    assert_eq!(names(&folder.path().join("spool")), ["lock"]);
}

#[test]
fn a_folder_that_comes_later_is_used() {
    let (folder, port) = (TempDir::new().unwrap(), free_port());
    let place = folder.path().join("spool");
    fs::write(&place, "").unwrap();
    let sink = start(&uri(port, folder.path()), 100);
    sink.wait_for_message("nothing is kept there, trying again every 60 s");
    fs::remove_file(&place).unwrap();
    (0..5).for_each(|number| sink.put(&reading(number)));
    sink.wait_for_message("cannot connect to");
    let (messages, lost) = sink.end(Duration::from_millis(500));
    assert_eq!(lost, 0, "{messages:?}");
    let server = server(port);
    let (_, lost) = start(&uri(port, folder.path()), 100).end(LIMIT);
    assert_eq!((stored(&server), lost), (lines(0..5), 0));
}

/// Answers of proxies, of other services, of a TLS port: none of them costs a reading.
#[test]
fn what_is_not_about_the_lines_costs_none() {
    let (folder, port) = (TempDir::new().unwrap(), free_port());
    let mut codes = [400, 405, 421, 431, 200].into_iter();
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let kept = Arc::new(Mutex::new(vec![]));
    let store = kept.clone();
    let _server = Server::on(listener, move |request| match codes.next() {
        Some(code) => Reply::Status(code, "", "<html>not InfluxDB</html>".to_owned()),
        None => {
            store.lock().unwrap().extend(request.lines.clone());
            Reply::status(204)
        }
    });
    let sink = start(&uri(port, folder.path()), 1000);
    (0..720).for_each(|number| sink.put(&reading(number)));
    wait_for("a reading", || !kept.lock().unwrap().is_empty());
    let (messages, lost) = sink.end(LIMIT);
    let mut all = kept.lock().unwrap().clone();
    all.sort_by_key(|line| line.rsplit_once(' ').unwrap().1.to_owned());
    all.dedup();
    assert_eq!((all, lost), (lines(0..720), 0), "{messages:?}");
    assert!(messages.iter().any(|it| it.contains("is the address right?")), "{messages:?}");
}

#[test]
fn what_the_database_refuses_is_parked() {
    let (folder, port) = (TempDir::new().unwrap(), free_port());
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let refused = r#"{"code":"invalid","message":"unable to parse"}"#;
    let server = Server::on(listener, |request| match request.lines.contains(&lines([3])[0]) {
        true => Reply::Status(400, "", refused.to_owned()),
        false => Reply::status(204),
    });
    let sink = start(&uri(port, folder.path()), 1000);
    (0..8).for_each(|number| sink.put(&reading(number)));
    let (messages, lost) = sink.end(LIMIT);
    assert_eq!(lost, 1, "{messages:?}");
    let parked = fs::read_to_string(folder.path().join("spool/refused.lp")).unwrap();
    assert_eq!(parked, lines([3])[0].clone() + "\n");
    assert!(messages.iter().any(|it| it.ends_with("spool/refused.lp")), "{messages:?}");
    drop(server);
}

#[test]
fn two_sinks_do_not_share_a_folder_and_a_folder_that_is_none_stops_nobody() {
    let folder = TempDir::new().unwrap();
    let port = free_port();
    let server = server(port);
    let uri = uri(port, folder.path());
    let first = start(&uri, 100);
    wait_for("the folder", || folder.path().join("spool/lock").exists());
    let other = start(&uri, 100);
    other.wait_for_message("another sink uses it; nothing is kept there");
    fs::write(folder.path().join("file"), "").unwrap();
    let none = start(&uri.replace("/spool", "/file/spool"), 100);
    none.wait_for_message("nothing is kept there");
    for (number, sink) in [first, other, none].into_iter().enumerate() {
        sink.put(&reading(number));
        assert_eq!(sink.end(LIMIT).1, 0);
    }
    assert_eq!(stored(&server), lines(0..3));
}

#[test]
fn who_is_killed_has_lost_nothing_that_waited_for_longer_than_sync() {
    let (folder, port) = (TempDir::new().unwrap(), free_port());
    let uri = uri(port, folder.path());
    let publish = || {
        let mut publish = Command::new(env!("CARGO_BIN_EXE_meterpipe"));
        publish.args(["publish", "--to", &uri]).env_clear();
        publish.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        publish.spawn().unwrap()
    };
    for round in 0..5 {
        let mut child = publish();
        let mut stdin = child.stdin.take().unwrap();
        let numbers = 10 * round..10 * (round + 1);
        let input: String = numbers.map(|number| reading(number) + "\n").collect();
        stdin.write_all(input.as_bytes()).unwrap();
        let kept = || {
            let names = fs::read_dir(folder.path().join("spool")).into_iter().flatten();
            let texts = names.map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap());
            texts.map(|text| text.lines().count()).sum::<usize>()
        };
        // The first telegram of a run waits for the second.
        wait_for("the disk", || kept() >= 10 * (round + 1));
        child.kill().unwrap();
        child.wait().unwrap();
        drop(stdin);
    }
    let server = server(port);
    let mut child = publish();
    drop(child.stdin.take());
    child.wait().unwrap();
    let mut all = stored(&server);
    all.dedup();
    assert_eq!(all, lines(0..50));
}
