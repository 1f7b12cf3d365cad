//! Answers of servers, and their effect on the readings.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader},
    net::TcpListener,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use super::{
    assert_stored, line, lines, reading,
    server::{Reply, Request, Server},
};
use crate::common::{
    binary::{Running, command, run_command, signal, wait_for},
    port::free_port,
    sinks::{LIMIT, build, start, village},
};

use rustix::process::Signal;

/// Never in any output.
const CANARY: &str = "c4nary-3f9a";

fn uri(server: &Server, more: &str) -> String {
    let port = server.port;
    format!("influxdb://127.0.0.1:{port}/?org=home&bucket=house&token={CANARY}&retry=1s{more}")
}

/// The lines that a server stored: those of requests that it answered with 204.
#[derive(Clone, Default)]
struct Store(Arc<Mutex<Vec<String>>>);

impl Store {
    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

/// A server that stores the requests for which there is no other reply.
fn storing(
    listener: TcpListener,
    mut reply: impl FnMut(&Request) -> Option<Reply> + Send + 'static,
) -> (Server, Store) {
    let store = Store::default();
    let kept = store.clone();
    let server = Server::on(listener, move |request| {
        reply(request).unwrap_or_else(|| {
            kept.0.lock().unwrap().extend(request.lines.iter().cloned());
            Reply::status(204)
        })
    });
    (server, store)
}

/// On that port of this machine; 0 is any.
fn listener(port: u16) -> TcpListener {
    TcpListener::bind(("127.0.0.1", port)).unwrap()
}

/// A server that gives the first answers of a list, and stores what comes after them.
fn server(replies: Vec<Reply>) -> (Server, Store) {
    let mut replies = replies.into_iter();
    storing(listener(0), move |_| replies.next())
}

/// The messages of a sink whose server first gives these answers and then stores everything.
fn messages_after(replies: Vec<Reply>, more: &str) -> (Vec<String>, Vec<Request>) {
    let (server, store) = server(replies);
    let sink = start(&uri(&server, more), 100);
    (0..10).for_each(|number| sink.put(&reading(number)));
    wait_for("all lines", || store.lines().len() >= 10);
    let requests = server.requests();
    let (messages, lost) = sink.end(LIMIT);
    assert_stored(&store.lines(), 0..10);
    assert_eq!(lost, 0);
    let port = server.port.to_string();
    (messages.into_iter().map(|text| text.replace(&port, "PORT")).collect(), requests)
}

#[test]
fn a_file_is_stored_in_batches_compressed_and_in_order() {
    let (server, store) = server(vec![]);
    let sink = start(&uri(&server, "&batch=1000&flush=1h"), 64);
    (0..3500).for_each(|number| sink.put(&reading(number)));
    let (messages, lost) = sink.end(LIMIT);
    assert_eq!((messages, lost), (vec![], 0));
    assert_stored(&store.lines(), 0..3500);
    let requests = server.requests();
    let sizes: Vec<_> = requests.iter().map(|request| request.lines.len()).collect();
    assert_eq!(sizes, [1000, 1000, 1000, 500]);
    for request in requests {
        assert_eq!(
            request.first_line,
            "POST /api/v2/write?org=home&bucket=house&precision=s HTTP/1.1"
        );
        let has = |wanted: &str| request.headers.iter().any(|h| h.eq_ignore_ascii_case(wanted));
        assert!(has(&format!("Authorization: Token {CANARY}")), "{:?}", request.headers);
        assert!(has("Content-Encoding: gzip"));
    }
}

/// The same in a process whose environment names a proxy that is not there.
#[test]
fn a_whole_village_is_stored() {
    let (server, store) = server(Vec::new());
    let to = format!("--to=influxdb://127.0.0.1:{}/?db=house", server.port);
    let ran = run_command(command(&["publish", &to]), village(1500).as_bytes());
    assert_eq!(ran.status, 0, "{}", ran.err);
    let stored = store.lines();
    let series: BTreeSet<_> = stored.iter().map(|line| line.split(' ').next()).collect();
    assert_eq!((stored.len(), series.len()), (3000, 1500));
}

#[test]
fn no_proxy_of_the_environment_stands_between() {
    let mut again = Command::new(std::env::current_exe().unwrap());
    again
        .args(["--exact", "influx::scripted::a_file_is_stored_in_batches_compressed_and_in_order"]);
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        again.env(name, "http://127.0.0.1:1");
    }
    let output = again.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[test]
fn a_live_reading_goes_after_the_time_of_the_flush_and_no_sooner_than_the_batch_is_full() {
    let (server, store) = server(vec![]);
    let sink = start(&uri(&server, "&flush=1s&batch=3"), 100);
    let start = Instant::now();
    sink.put(&reading(0));
    wait_for("the first line", || !store.lines().is_empty());
    assert!(start.elapsed() >= Duration::from_secs(1), "{:?}", start.elapsed());
    (1..4).for_each(|number| sink.put(&reading(number)));
    wait_for("the batch", || store.lines().len() == 4);
    assert_eq!(sink.end(LIMIT), (vec![], 0));
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_server_that_is_busy_is_tried_again_and_reported_once() {
    let busy = || Reply::Status(503, "", format!("busy, says {CANARY}\x1b[2J"));
    let (messages, _) = messages_after(vec![busy(), busy(), busy()], "&flush=0");
    assert_eq!(
        messages,
        [
            "127.0.0.1:PORT answers 503 (busy, says …\\u{1b}[2J); trying again, every 1 s at most",
            "connected again"
        ]
    );
}

#[test]
fn a_server_that_asks_for_patience_gets_it() {
    let slow = Reply::Status(429, "Retry-After: 3\r\n", String::new());
    let (messages, requests) = messages_after(vec![slow], "&batch=10&flush=1h");
    assert_eq!(
        messages,
        ["127.0.0.1:PORT answers 429; trying again, every 3 s at most", "connected again"]
    );
    let wait = requests[1].when - requests[0].when;
    assert!(wait >= Duration::from_secs(3), "{wait:?}");
}

#[test]
fn a_server_that_says_nothing_is_given_up_after_its_time() {
    let (messages, _) = messages_after(vec![Reply::Nothing], "&batch=10&timeout=1s&flush=1h");
    assert_eq!(
        messages,
        [
            "no answer from 127.0.0.1:PORT for 1 s; trying again, every 1 s at most",
            "connected again"
        ]
    );
}

#[test]
fn a_refused_login_is_reported_and_nothing_is_lost() {
    let body = r#"{"code":"unauthorized","message":"unauthorized access"}"#;
    let no = |code| Reply::Status(code, "", body.to_owned());
    let (messages, requests) =
        messages_after(vec![no(401), no(401), no(403)], "&batch=10&flush=1h");
    assert_eq!(
        messages,
        [
            "127.0.0.1:PORT does not accept the token: 401 (unauthorized access); trying again, \
             every 1 s at most",
            "127.0.0.1:PORT does not let the token write: 403 (unauthorized access); trying again, \
             every 1 s at most",
            "connected again"
        ]
    );
    let pauses: Vec<_> = requests.windows(2).map(|pair| pair[1].when - pair[0].when).collect();
    assert!(pauses.iter().all(|pause| *pause >= Duration::from_secs(1)), "{pauses:?}");
}

#[test]
fn what_is_no_influxdb_is_reported_and_nothing_is_lost() {
    let other = Server::start(|_| Reply::status(204));
    let to = format!("Location: http://127.0.0.1:{}/\r\n", other.port);
    let to: &'static str = to.leak();
    let replies = vec![
        Reply::Octets(b"SSH-2.0-OpenSSH_9.2p1\r\n".to_vec()),
        Reply::Octets(vec![]),
        Reply::Endless("HTTP/1.1 204 x\r\nX-Long: "),
        Reply::Endless("HTTP/1.1 503 x\r\nContent-Length: 999999999999\r\n\r\n"),
        Reply::Status(200, "", "<html>It works!</html>".to_owned()),
        Reply::Status(307, to, String::new()),
        Reply::Status(404, "", r#"{"code":"not found","message":"no \"house\""}"#.to_owned()),
    ];
    let (messages, _) = messages_after(replies, "&batch=10&flush=1h");
    assert_eq!(messages.len(), 8, "{messages:#?}");
    assert!(messages[0].starts_with("127.0.0.1:PORT does not speak HTTP: "), "{messages:?}");
    assert!(
        messages[1].starts_with("127.0.0.1:PORT ends the connection without an"),
        "{messages:?}"
    );
    assert!(messages[2].starts_with("127.0.0.1:PORT does not speak HTTP: "), "{messages:?}");
    assert!(messages[3].starts_with("127.0.0.1:PORT answers 503 (xxxx"), "{messages:?}");
    assert!(messages[3].len() < 400);
    assert!(messages[4].starts_with("127.0.0.1:PORT answers 200 (<html>It works!</html>), unlike"));
    assert!(messages[5].starts_with("127.0.0.1:PORT answers 307, unlike InfluxDB"), "{messages:?}");
    assert!(
        messages[6]
            .starts_with("127.0.0.1:PORT does not know the bucket house: 404 (no \"house\")")
    );
    assert_eq!(messages[7], "connected again");
    assert_eq!(other.requests().len(), 0, "no token goes to another server");
}

/// The lines that are stored by a server that refuses requests with some of them.
fn refusing(code: u16, bad: &'static [usize], count: usize) -> (Store, Vec<String>, u64, usize) {
    let bad_lines = lines(bad.iter().copied());
    let body = format!("{{\"error\":\"partial write: \\u001b[2J {CANARY}\"}}");
    let (server, store) = storing(listener(0), move |request| {
        let is_bad = request.lines.iter().any(|line| bad_lines.contains(line));
        is_bad.then(|| Reply::Status(code, "", body.clone()))
    });
    let sink = start(&uri(&server, "&batch=100&flush=1h"), 1000);
    (0..count).for_each(|number| sink.put(&reading(number)));
    let (messages, lost) = sink.end(LIMIT);
    let port = server.port.to_string();
    let messages = messages.into_iter().map(|text| text.replace(&port, "PORT")).collect();
    (store, messages, lost, server.requests().len())
}

#[test]
fn only_the_line_that_is_refused_is_left_out() {
    for code in [400, 422] {
        let (store, messages, lost, requests) = refusing(code, &[137], 300);
        assert_stored(&store.lines(), (0..300).filter(|number| *number != 137));
        assert_eq!(lost, 1);
        assert_eq!(
            messages,
            [format!(
                "127.0.0.1:PORT refuses a reading, left out: {code} (partial write: \\u{{1b}}[2J …)"
            )]
        );
        assert!(requests < 30, "{requests}");
    }
}

#[test]
fn many_lines_that_are_refused_are_reported_once_and_counted() {
    let (store, messages, lost, _) = refusing(400, &[0, 1, 50, 51, 52, 199, 299], 300);
    let bad = [0, 1, 50, 51, 52, 199, 299];
    assert_stored(&store.lines(), (0..300).filter(|number| !bad.contains(number)));
    assert_eq!(lost, 7);
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert_eq!(messages[1], "6 more readings were refused");
}

#[test]
fn a_server_that_takes_little_at_once_gets_little() {
    let (server, store) =
        storing(listener(0), |request| (request.lines.len() > 30).then(|| Reply::status(413)));
    let sink = start(&uri(&server, "&batch=100&flush=1h"), 1000);
    (0..300).for_each(|number| sink.put(&reading(number)));
    assert_eq!(sink.end(LIMIT), (vec![], 0));
    assert_stored(&store.lines(), 0..300);
    let large = server.requests().iter().filter(|request| request.lines.len() > 30).count();
    assert_eq!(large, 2, "100 and 50, and never again");
}

#[test]
fn an_hour_without_a_server_costs_nothing() {
    let port = free_port();
    let sink = start(&format!("influxdb://127.0.0.1:{port}/?db=d&retry=1s&flush=0"), 10);
    sink.put(&reading(0));
    sink.wait_for_message("connection refused");
    (1..720).for_each(|number| sink.put(&reading(number)));
    let (_server, store) = storing(listener(port), |_| None);
    wait_for("720 points", || store.lines().len() >= 720);
    let (messages, lost) = sink.end(LIMIT);
    assert_stored(&store.lines(), 0..720);
    assert_eq!(lost, 0);
    let refused = format!(
        "cannot connect to 127.0.0.1:{port}: connection refused; trying again, every 1 s at most"
    );
    assert_eq!(messages, [refused.as_str(), "connected again"]);
}

#[test]
fn memory_has_an_end_and_what_goes_is_counted() {
    const ALL: usize = 60_000;
    let port = free_port();
    let sink = start(&format!("influxdb://127.0.0.1:{port}/?db=d&retry=1s&flush=0"), 100);
    sink.put(&reading(0));
    sink.wait_for_message("connection refused");
    (1..ALL).for_each(|number| sink.put(&reading(number)));
    sink.wait_for_message("no room is left");
    let (_server, store) = storing(listener(port), |_| None);
    wait_for("the newest line", || store.lines().last() == Some(&line(ALL - 1)));
    let (_, lost) = sink.end(LIMIT);
    let stored = store.lines();
    assert_eq!(stored.len() + usize::try_from(lost).unwrap(), ALL);
    assert!(lost > 1000, "{lost}");
    assert_stored(&stored[..20_000], 0..20_000);
    assert_stored(&stored[stored.len() - 100..], ALL - 100..ALL);
}

#[test]
fn a_file_waits_for_a_database_that_is_away_until_the_user_ends_the_run() {
    const ALL: usize = 60_000;
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let file = folder.path().join("all.jsonl");
    std::fs::write(&file, (0..ALL).map(|number| reading(number) + "\n").collect::<String>())
        .unwrap();
    let to = format!("influxdb://127.0.0.1:{port}/?db=d&retry=1s&flush=0");
    let publish = || {
        let mut publish = command(&["publish", file.to_str().unwrap(), "--to", &to]);
        publish.stdin(Stdio::null()).stderr(Stdio::piped());
        let mut running = Running(publish.spawn().unwrap());
        let mut lines = BufReader::new(running.0.stderr.take().unwrap()).lines();
        let waits = "the rest of the file waits for it";
        assert!(lines.any(|line| line.unwrap().contains(waits)), "it waits for nothing");
        (running, lines)
    };
    let (mut running, mut messages) = publish();
    signal(&running.0, Signal::TERM);
    assert_eq!(running.0.wait().unwrap().code(), Some(6));
    assert!(messages.any(|line| line.unwrap().contains("readings not stored")));

    let (mut running, messages) = publish();
    let (_server, store) = storing(listener(port), |_| None);
    assert_eq!(running.0.wait().unwrap().code(), Some(0));
    assert_eq!(messages.map(Result::unwrap).filter(|it| it.contains("not stored")).count(), 0);
    assert_stored(&store.lines(), 0..ALL);
}

#[test]
fn the_end_comes_at_its_time_and_what_was_not_stored_is_counted() {
    let server = Server::start(|_| Reply::Nothing);
    let sink = start(&uri(&server, "&batch=4&flush=1h&timeout=25s"), 100);
    (0..10).for_each(|number| sink.put(&reading(number)));
    wait_for("a request", || !server.requests().is_empty());
    let start = Instant::now();
    let (messages, lost) = sink.end(Duration::from_millis(500));
    assert_eq!((messages, lost), (vec![], 10));
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn at_the_end_a_server_that_is_back_gets_what_waits_at_once() {
    let (server, store) = server(vec![Reply::status(401)]);
    let port = server.port;
    let sink = start(&format!("influxdb://127.0.0.1:{port}/?bucket=b&retry=1h&flush=0"), 100);
    sink.put(&reading(0));
    sink.wait_for_message("requires a login: 401");
    (1..10).for_each(|number| sink.put(&reading(number)));
    let (messages, lost) = sink.end(LIMIT);
    assert_eq!((messages.len(), lost), (2, 0), "{messages:?}");
    assert_stored(&store.lines(), 0..10);
}

#[test]
fn a_projection_a_clock_tags_and_names_change_the_lines() {
    let (server, store) = server(vec![]);
    let more = "&measurement=my%20meter&tags.site=a%3Db&names.meter=zaehler\
                &names.voltage_l1_v=U1&fields=voltage_l1_v,energy_import_wh,item_9,device\
                &units.energy=kWh&timestamp=received";
    let sink = start(&uri(&server, more), 100);
    sink.put(concat!(
        "{\"schema\":1,\"time\":\"2021-09-27T09:47:15+02:00\",",
        "\"received\":\"2026-08-24T21:03:17.482Z\",\"meter\":\"x y,z=1\\nfoo v=1\",",
        "\"device\":\"KFM1\",\"energy_import_wh\":12000,\"power_net_w\":1,\"voltage_l1_v\":230,",
        "\"item_9\":\"x y,z=1\\nfoo v=\\\"1\"}"
    ));
    // Neither has a time, or anything that was chosen.
    sink.put("{\"schema\":1,\"meter\":\"7\",\"voltage_l1_v\":230}");
    sink.put("{\"schema\":1,\"time\":\"2021-09-27T09:47:15Z\",\"power_net_w\":1}");
    let (messages, lost) = sink.end(LIMIT);
    assert_eq!(messages, ["readings without a time cannot be stored"]);
    assert_eq!(lost, 1);
    assert_eq!(
        store.lines(),
        [concat!(
            "my\\ meter,site=a\\=b,zaehler=x\\ y\\,z\\=1%0afoo\\ v\\=1 U1=230.0,",
            "energy_import_kwh=12.000,item_9_text=\"x y,z=1%0afoo v=\\\"1\",device=\"KFM1\" 1787605397"
        )]
    );
}

#[test]
fn a_server_is_asked_with_no_line_and_answers_for_login_and_bucket() {
    for (code, body, expected) in [
        (204, "", Ok("connected, takes lines for the bucket house")),
        (
            400,
            r#"{"code":"invalid","message":"writing requires points"}"#,
            Ok("connected, takes lines for the bucket house"),
        ),
        (401, r#"{"message":"unauthorized access"}"#, Err("does not accept the token: 401 (")),
        (403, "", Err("does not let the token write: 403")),
        (404, r#"{"message":"bucket not found"}"#, Err("does not know the bucket house: 404 (")),
        (400, "<html>no</html>", Err("unlike InfluxDB: is the address right?")),
        (503, "", Err("answers 503")),
    ] {
        let server = Server::start(move |_| Reply::Status(code, "", body.to_owned()));
        let answer = build(&uri(&server, "")).unwrap().probe(LIMIT);
        match (&answer, expected) {
            (Ok(text), Ok(expected)) => assert_eq!(text, expected),
            (Err(text), Err(part)) => assert!(text.contains(part), "{text}"),
            _ => panic!("{code}: {answer:?}"),
        }
        let requests = server.requests();
        assert_eq!((requests.len(), requests[0].lines.len()), (1, 0), "{requests:?}");
    }
    let server = Server::start(|_| Reply::Nothing);
    let answer = build(&uri(&server, "")).unwrap().probe(Duration::from_secs(1));
    assert!(answer.unwrap_err().ends_with(" for 1 s"));
    let nobody = format!("influxdb://127.0.0.1:{}/?db=d", free_port());
    let answer = build(&nobody).unwrap().probe(LIMIT).unwrap_err();
    assert!(answer.starts_with("cannot connect to 127.0.0.1:"), "{answer}");
}
