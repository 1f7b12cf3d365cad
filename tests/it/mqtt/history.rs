//! The history: no telegram is missing, whatever the broker does.

use std::{fs, path::Path, thread, time::Duration};

use tempfile::TempDir;

use super::{
    fake::{Client, Fake, Published},
    mosquitto::{Mosquitto, with_mosquitto},
    uri,
};
use crate::common::{
    binary::{run, wait_for},
    port::free_port,
    sinks::{LIMIT, Running, build, names, start},
};

/// A sink that sends a history and nothing else.
const ALONE: &str = "history={base}/{meter}/history&layout=none&status=none";

const TOPIC: &str = "house/181220000009/history";

fn alone(port: u16, folder: &Path) -> String {
    uri(port, &format!("{ALONE}&sync=1s&spool={}/spool", folder.display()))
}

fn put(sink: &Running, powers: std::ops::Range<usize>) {
    powers.for_each(|power| sink.put_power(power));
}

/// The power of a line of the history.
fn power(line: &Published) -> usize {
    assert_eq!((line.topic.as_str(), line.qos, line.retain), (TOPIC, 1, false));
    let value = line.payload.rsplit_once("\"power_net_w\":").unwrap().1;
    value.strip_suffix('}').unwrap().parse().unwrap()
}

/// Acknowledges lines until that one has come.
fn take_until(client: &mut Client, last: usize) -> Vec<usize> {
    let mut powers = vec![];
    while powers.last() != Some(&last) {
        powers.push(power(&client.take().expect("a line")));
    }
    powers
}

/// Ends a connection in a way that is followed by another one at once. What is on its way is read
/// and not acknowledged.
fn shut_down(mut client: Client) {
    client.write(&[0xe0, 1, 0x8b]);
    while client.published().is_some() {}
}

/// Acknowledges everything until the end of the connection.
fn rest(mut client: Client) -> thread::JoinHandle<Vec<usize>> {
    thread::spawn(move || std::iter::from_fn(|| client.take()).map(|it| power(&it)).collect())
}

/// A sink whose broker is away, and that ends.
fn in_vain(uri: &str, powers: std::ops::Range<usize>) -> (Vec<String>, u64) {
    let sink = start(uri, 100);
    put(&sink, powers);
    sink.wait_for_message("connection refused");
    sink.end(Duration::from_millis(500))
}

#[test]
fn nothing_is_missing_after_an_outage_and_the_order_stays() {
    for protocol in ["5", "3.1.1"] {
        let fake = Fake::start();
        let sink = fake.sink(&format!("{ALONE}&protocol={protocol}"));
        let mut client = fake.open();
        put(&sink, 0..30);
        assert_eq!(take_until(&mut client, 4), [0, 1, 2, 3, 4]);
        // Sent, and not acknowledged.
        assert_eq!(power(&client.published().unwrap()), 5);
        client.close();
        put(&sink, 30..60);
        let mut client = fake.open();
        assert_eq!(take_until(&mut client, 59), (5..60).collect::<Vec<_>>());
        let (messages, lost) = sink.end(LIMIT);
        assert_eq!(lost, 0, "{messages:?}");
    }
}

#[test]
fn a_file_arrives_whole_through_a_broker_that_ends_again_and_again() {
    let fake = Fake::start();
    let sink = fake.sink(ALONE);
    let broker = thread::spawn(move || {
        let mut connections = vec![];
        for _ in 0..3 {
            let mut client = fake.open();
            connections.push((0..500).map(|_| power(&client.take().unwrap())).collect());
            shut_down(client);
        }
        connections.push(rest(fake.open()).join().unwrap());
        connections
    });
    put(&sink, 0..3000);
    let (messages, lost) = sink.end(LIMIT);
    let connections: Vec<Vec<usize>> = broker.join().unwrap();
    assert_eq!(lost, 0, "{messages:?}");
    let mut seen = 0;
    for powers in connections {
        // The last acknowledgements may have come too late: these lines are there twice.
        let first = powers[0];
        assert!(first <= seen && first + 20 >= seen, "{first} behind {seen}");
        assert_eq!(powers, (first..first + powers.len()).collect::<Vec<_>>(), "in order");
        seen = first + powers.len();
    }
    assert_eq!(seen, 3000);
}

#[test]
fn a_state_is_not_held_up_by_the_history_behind_it() {
    let fake = Fake::start();
    let sink = fake.sink("history={base}/{meter}/history&retain=true");
    let mut client = fake.online();
    sink.put_power(1);
    let published = [client.take().unwrap(), client.take().unwrap()];
    assert_eq!(published[0].topic, "house/181220000009/state");
    assert_eq!((power(&published[1]), &published[0].payload), (1, &published[1].payload));
    client.close();
    sink.wait_for_message("closed the connection");
    put(&sink, 2..5);
    let mut client = fake.online();
    let published: Vec<_> = (0..4).map(|_| client.take().unwrap()).collect();
    assert!(published[0].topic.ends_with("/state") && published[0].payload.ends_with(":4}"));
    assert_eq!(published[1..].iter().map(power).collect::<Vec<_>>(), [2, 3, 4]);
    sink.wait_for_message("connected again; 2 older states were left out");
    assert_eq!(sink.messages.lost(), 0);
}

#[test]
fn what_was_not_stored_waits_for_the_next_start() {
    with_mosquitto(|| {
        let folder = TempDir::new().unwrap();
        let mut broker = Mosquitto::open();
        broker.kill();
        let uri = alone(broker.port, folder.path());
        let (messages, lost) = in_vain(&uri, 0..20);
        assert_eq!(
            (lost, messages[1].as_str()),
            (0, "20 readings wait on the disk for the next start")
        );
        assert_eq!(in_vain(&uri, 20..30).1, 0);
        broker.run();
        let listener = broker.listen(&[]);
        let sink = start(&uri, 100);
        put(&sink, 30..40);
        let (messages, lost) = sink.end(LIMIT);
        assert_eq!(lost, 0, "{messages:?}");
        listener.wait_for("\"power_net_w\":39}");
        let expected =
            |power| format!("0 0 {TOPIC} {{\"meter\":\"181220000009\",\"power_net_w\":{power}}}");
        assert_eq!(listener.received(), (0..40).map(expected).collect::<Vec<_>>(), "each once");
        assert_eq!(names(&folder.path().join("spool")), ["lock"], "and is gone from the disk");
        // Without a spool it is counted.
        broker.kill();
        assert_eq!(in_vain(&super::uri(broker.port, ALONE), 0..3).1, 3);
    });
}

#[test]
fn what_waits_on_the_disk_goes_before_what_is_new() {
    let (folder, port) = (TempDir::new().unwrap(), free_port());
    let uri = alone(port, folder.path());
    // Two segments.
    in_vain(&uri, 0..20);
    in_vain(&uri, 20..30);
    let fake = Fake::on(port);
    let sink = start(&uri, 100);
    let mut client = fake.open();
    put(&sink, 30..33);
    assert_eq!(take_until(&mut client, 4), [0, 1, 2, 3, 4]);
    client.close();
    put(&sink, 33..36);
    let mut client = fake.open();
    let powers = take_until(&mut client, 35);
    // The last acknowledgements may have been too late.
    assert!(powers[0] <= 5 && powers == (powers[0]..36).collect::<Vec<_>>(), "{powers:?}");
    let reader = rest(client);
    let (messages, lost) = sink.end(LIMIT);
    assert_eq!((reader.join().unwrap(), lost), (vec![], 0), "{messages:?}");
    assert_eq!(names(&folder.path().join("spool")), ["lock"]);
}

#[test]
fn a_power_cut_takes_what_is_younger_than_sync() {
    let (folder, port) = (TempDir::new().unwrap(), free_port());
    let sink = start(&alone(port, folder.path()), 100);
    put(&sink, 0..5);
    let segment = folder.path().join("spool/00000001.spool");
    let kept = || fs::read_to_string(&segment).unwrap_or_default().lines().count();
    wait_for("the lines on the disk", || kept() == 5);
    let fake = Fake::on(port);
    let reader = rest(fake.open());
    let (_, lost) = sink.end(LIMIT);
    assert_eq!((reader.join().unwrap(), lost), ((0..5).collect::<Vec<_>>(), 0));
    assert!(!segment.exists());
}

#[test]
fn more_than_memory_holds_goes_to_the_disk_and_comes_back_in_order() {
    let (folder, port) = (TempDir::new().unwrap(), free_port());
    let uri = alone(port, folder.path());
    let sink = start(&uri, 100);
    let text = "x".repeat(1000);
    let line = |power| {
        format!("{{\"meter\":\"181220000009\",\"item_1\":\"{text}\",\"power_net_w\":{power}}}")
    };
    // Two and a half times as much as there is room in memory.
    (0..20_000).for_each(|power| sink.put(&line(power)));
    sink.wait_for_message("connection refused");
    let (messages, lost) = sink.end(Duration::from_secs(2));
    assert_eq!(lost, 0, "{messages:?}");
    let fake = Fake::on(port);
    let sink = start(&uri, 100);
    let reader = rest(fake.open());
    (20_000..20_010).for_each(|power| sink.put(&line(power)));
    let (messages, lost) = sink.end(LIMIT);
    assert_eq!(
        (reader.join().unwrap(), lost),
        ((0..20_010).collect::<Vec<_>>(), 0),
        "{messages:?}"
    );
}

#[test]
fn a_refused_topic_keeps_its_readings_and_a_refused_reading_is_parked() {
    let folder = TempDir::new().unwrap();
    let fake = Fake::start();
    let uri = alone(fake.port, folder.path());
    let answer = |client: &mut Client, reason| {
        let [high, low] = client.published().unwrap().id.to_be_bytes();
        client.write(&[0x40, 3, high, low, reason]);
    };
    let sink = start(&uri, 100);
    let mut client = fake.open();
    put(&sink, 0..2);
    // Payload format invalid: this reading will never be taken. Not authorized: it may be, later.
    answer(&mut client, 0x99);
    answer(&mut client, 0x87);
    let text = sink.wait_for_message("(not authorized)");
    assert!(
        text.contains(&format!("refuses {TOPIC} (not")) && text.ends_with("every 60 s"),
        "{text}"
    );
    put(&sink, 2..4);
    let (messages, lost) = sink.end(LIMIT);
    assert_eq!(lost, 1, "{messages:?}");
    assert!(messages[0].contains("left out: payload format invalid; see "), "{messages:?}");
    assert_eq!(messages.last().unwrap(), "3 readings wait on the disk for the next start");
    let parked = fs::read_to_string(folder.path().join("spool/refused.tsv")).unwrap();
    assert!(parked.starts_with(&format!("{TOPIC}\t{{")) && parked.ends_with(":0}\n"), "{parked}");
    let sink = start(&uri, 100);
    let reader = rest(fake.open());
    let (_, lost) = sink.end(LIMIT);
    assert_eq!((reader.join().unwrap(), lost), (vec![1, 2, 3], 0));
}

#[test]
fn a_file_that_is_not_stored_ends_with_status_6() {
    let lines: String = (0..300)
        .map(|power| {
            format!(
                "{{\"time\":\"2026-11-20T12:00:00Z\",\"meter\":\"1\",\"power_net_w\":{power}}}\n"
            )
        })
        .collect();
    let to = super::uri(free_port(), ALONE);
    let ran = run(&["publish", "--to", &format!("{to}&guard=false")], lines.as_bytes());
    assert_eq!(ran.status, 6, "{}", ran.err);
    assert!(ran.err.contains("300 "), "{}", ran.err);
    with_mosquitto(|| {
        let broker = Mosquitto::open();
        let listener = broker.listen(&[]);
        let to = super::uri(broker.port, ALONE);
        let ran = run(&["publish", "--to", &format!("{to}&guard=false")], lines.as_bytes());
        assert_eq!(ran.status, 0, "{}", ran.err);
        listener.wait_for("\"power_net_w\":299}");
        let received = listener.received();
        assert_eq!(received.len(), 300);
        assert!(received.iter().all(|line| line.contains("house/1/history {\"time\":")));
    });
}

#[test]
fn what_cannot_be_meant_is_refused() {
    for (query, part) in [
        ("spool=/tmp/x", "it is for a history: set history too"),
        ("history=x&fields=power_net_w", "a history needs the field time"),
        ("history=x/%23", "history: + and # have no place"),
        ("history=x/{name}", "a placeholder must be one of {base}, {meter}"),
    ] {
        let error = build(&uri(1883, query)).err().map(|error| error.to_string());
        assert!(error.as_ref().is_some_and(|text| text.contains(part)), "{query}: {error:?}");
    }
    assert!(build(&uri(1883, "history=x&fields=time,power_net_w")).is_ok());
}
