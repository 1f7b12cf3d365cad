//! The metrics as promtool, node_exporter and Prometheus read them.

use crate::common::{binary, port::free_port, sinks, tools};
use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::common::binary::{Running as Process, run, wait_for};
use crate::common::sinks::{HOSTILE, LIMIT, names, start};
use meterpipe::reading::fields::FIELDS;
use tempfile::TempDir;

/// The published telegram of Netz NÖ.
const PUBLISHED: &str = include_str!("../data/netznoe-doc-2021.plain.hex");

/// Every published name, an object without one, a second occurrence.
pub(crate) fn everything(meter: &str) -> String {
    let numbers = FIELDS.iter().zip(1..).map(|(field, at)| format!("\"{}\":{at}.50", field.name));
    let numbers = numbers.collect::<Vec<_>>().join(",");
    format!(
        "{{\"time\":\"2021-09-27T09:47:15+02:00\",\"received\":\"2026-08-24T21:03:17.482Z\",\
         \"meter\":\"{meter}\",\"device\":\"KFM1\",\"system_title\":\"4b464d6750000009\",{numbers},\
         \"energy_import_wh#2\":7,\"1-0:99.1.0\":12,\"1-0:99.1.0_unit\":\"Wh\",\"item_60\":3}}"
    )
}

/// promtool accepts the page without any message.
fn promtool_is_content(page: &str) {
    tools::need("promtool", |mut promtool: Command| {
        promtool.args(["check", "metrics"]).stdin(Stdio::piped());
        let ran = binary::run_command(promtool, page.as_bytes());
        assert_eq!((ran.status, ran.out.as_str(), ran.err.as_str()), (0, "", ""), "{page}");
    });
}

/// The samples of a page, without their values, each with its value.
fn samples(page: &str) -> Vec<(String, f64)> {
    let lines = page.lines().filter(|line| line.starts_with("smartmeter_"));
    let sample = |line: &str| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        (name.to_owned(), value.parse().unwrap())
    };
    lines.map(sample).collect()
}

#[test]
fn decode_prints_the_snapshot_of_the_published_telegram() {
    let ran = run(&["decode", "--format", "prometheus"], PUBLISHED.as_bytes());
    assert_eq!(ran.status, 0, "{}", ran.err);
    promtool_is_content(&ran.out);
    let values = |part: &str| {
        let found = samples(&ran.out).into_iter().filter(|(name, _)| name.contains(part));
        found.map(|(_, value)| value).collect::<Vec<_>>()
    };
    // As the operator's paper has them.
    assert_eq!(values("active_energy_import_watthours_total{"), [12937.0]);
    assert_eq!(values("voltage_volts{"), [233.7, 0.0, 0.0]);
    assert_eq!(values("power_factor_ratio{"), [1.0]);
    assert_eq!(values("telegrams_total{"), [1.0]);
    let meter = "smartmeter_active_energy_import_watthours_total{meter=\"181220000009\"} 12937\n";
    assert!(ran.out.contains(meter), "{}", ran.out);
}

#[test]
fn decode_prints_the_registers_of_the_published_telegram() {
    let twice = format!("{PUBLISHED}\n{PUBLISHED}");
    let ran = run(&["decode", "--format", "solarview"], twice.as_bytes());
    let page = "/?!\n/KAIFA\n1.8.0(000012.937*kWh)\n2.8.0(000000.000*kWh)\n!\n";
    assert_eq!((ran.status, ran.out.as_str()), (0, page), "{}", ran.err);
    let chosen = ["decode", "--format", "solarview", "--fields", "voltage_l1_v,energy_import_wh"];
    let ran = run(&chosen, PUBLISHED.as_bytes());
    assert_eq!(ran.out, "/?!\n/KAIFA\n32.7.0(000233.700*V)\n1.8.0(000012.937*kWh)\n!\n");
    let ran = run(&["decode", "--format", "solarview", "--fields", "power_net_w"], b"");
    assert_eq!((ran.status, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("power_net_w has no OBIS code"), "{}", ran.err);
}

/// A sink that writes a file of that name into a folder of its own.
fn textfile(name: &str) -> (TempDir, PathBuf, sinks::Running) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    let sink = start(&format!("prometheus:{}", path.display()), 8);
    (folder, path, sink)
}

#[test]
fn promtool_finds_nothing_to_complain_about() {
    let (_folder, path, sink) = textfile("meter.prom");
    for meter in ["181220000009", HOSTILE, "", "ä\u{202e}"] {
        sink.put(&everything(meter));
    }
    assert_eq!(sink.end(LIMIT), (vec![], 0));
    let page = fs::read_to_string(&path).unwrap();
    // Each number of each of the three meters that have a number, and of that which has a title
    // only.
    let numbers = FIELDS.len() + 3;
    assert_eq!(samples(&page).len(), 4 * (numbers + 5));
    promtool_is_content(&page);
}

#[test]
fn a_file_that_the_collector_would_not_read_is_reported() {
    let (_folder, path, sink) = textfile("meter.txt");
    sink.put(&everything("1"));
    let text = "does not end in .prom: the textfile collector will not read it";
    assert_eq!(sink.end(LIMIT), (vec![format!("{} {text}", path.display())], 0));
    assert!(path.exists());
}

/// The line of a meter that tells if its telegrams come.
fn up(meter: &str, value: u8) -> String {
    format!("smartmeter_up{{meter=\"{meter}\"}} {value}\n")
}

#[test]
fn a_meter_that_falls_silent_is_down_until_it_sends_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("meter.prom");
    let port = free_port();
    let sinks = [
        start(&format!("prometheus:{}?stale=3s", path.display()), 8),
        start(&format!("prometheus://127.0.0.1:{port}?stale=3s"), 8),
    ];
    let file = || fs::read_to_string(&path).unwrap_or_default();
    let served = || ask(([127, 0, 0, 1], port).into(), GET).unwrap_or_default();
    let pages: [&dyn Fn() -> String; 2] = [&file, &served];
    for _ in 0..2 {
        sinks.iter().for_each(|sink| sink.put(&everything("1")));
        for value in [1, 0] {
            for page in pages {
                wait_for("the meter and its silence", || page().contains(&up("1", value)));
            }
        }
        promtool_is_content(&file());
    }
    for sink in sinks {
        assert_eq!(sink.end(LIMIT).1, 0);
    }
}

#[test]
fn momentary_values_go_from_the_file_when_nothing_comes_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("meter.prom");
    let uri = format!("prometheus:{}?expire_after=1s", path.display());
    let sink = start(&uri, 8);
    sink.put(&everything("1"));
    let page = || fs::read_to_string(&path).unwrap_or_default();
    wait_for("the page", || page().contains("voltage_volts{"));
    wait_for("its end", || !page().contains("voltage_volts{"));
    let left = page();
    assert!(
        left.contains("active_energy_import_watthours_total{") && left.contains("telegrams_total{")
    );
    assert!(left.contains("last_telegram_timestamp_seconds{meter=\"1\"} 1787605397.482\n"));
    promtool_is_content(&left);
    sink.put(&everything("1"));
    wait_for("the values again", || page().contains("voltage_volts{"));
    assert_eq!(sink.end(LIMIT), (vec![], 0));
    // 0 is for ever, as for Home Assistant.
    let uri = format!("prometheus:{}?expire_after=0", path.display());
    let sink = start(&uri, 8);
    sink.put(&everything("2"));
    assert_eq!(sink.end(LIMIT), (vec![], 0));
    assert!(page().contains("voltage_volts{meter=\"2\""), "{}", page());
}

/// The answer of a server, as far as it arrives.
pub(crate) fn ask(address: SocketAddr, request: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    Some(String::from_utf8_lossy(&answer).into_owned())
}

const GET: &str = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

#[test]
fn node_exporter_shows_the_values_of_the_textfile() {
    let (folder, path, sink) = textfile("meter.prom");
    sink.put(&everything("181220000009"));
    sink.put(&everything(HOSTILE));
    assert_eq!(sink.end(LIMIT), (vec![], 0));
    let ours = samples(&fs::read_to_string(&path).unwrap());
    tools::need("prometheus-node-exporter", |mut exporter| {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        exporter.args(["--collector.disable-defaults", "--collector.textfile"]);
        exporter.arg(format!("--web.listen-address={address}"));
        exporter.arg(format!("--collector.textfile.directory={}", folder.path().display()));
        exporter.stdout(Stdio::null()).stderr(Stdio::null());
        let _process = Process(exporter.spawn().unwrap());
        let mut page = String::new();
        wait_for("node_exporter", || {
            page = ask(address, &GET.replace("1.1", "1.0")).unwrap_or_default();
            page.starts_with("HTTP/1.0 200")
        });
        assert!(page.contains("\nnode_textfile_scrape_error 0\n"), "{page}");
        // node_exporter sorts the labels and adds empty ones, so that all samples of a metric have
        // the same.
        let sorted = |(name, value): (String, f64)| match name.split_once('{') {
            Some((name, labels)) => {
                let mut labels: Vec<_> = labels.trim_end_matches("\"}").split("\",").collect();
                labels.retain(|label| !label.ends_with("=\""));
                labels.sort_unstable();
                (format!("{name} {}", labels.join("|").replace('"', "")), value)
            }
            None => (name, value),
        };
        let all = |samples: Vec<_>| {
            let mut all: Vec<_> = samples.into_iter().map(sorted).collect();
            all.sort_by(|a: &(String, f64), b| a.partial_cmp(b).unwrap());
            all
        };
        assert_eq!(all(samples(&page)), all(ours.clone()), "{page}");
    });
}

/// An exporter, and where it listens.
fn exporter() -> (sinks::Running, SocketAddr) {
    server("prometheus://127.0.0.1:0")
}

/// A sink with pages over HTTP, and where it listens.
pub(crate) fn server(uri: &str) -> (sinks::Running, SocketAddr) {
    let sink = start(uri, 8);
    wait_for("the address", || !sink.messages().is_empty());
    let messages = sink.messages().concat();
    let address = messages.strip_prefix("listening on http://").unwrap();
    let address = address.split('/').next().unwrap().parse().unwrap();
    (sink, address)
}

/// Both sinks with pages over HTTP.
const BOTH: [&str; 2] = ["prometheus://127.0.0.1:0", "http://127.0.0.1:0"];

pub(crate) fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").unwrap().1
}

#[test]
fn the_exporter_shows_the_latest_readings_to_who_asks() {
    let (sink, address) = exporter();
    let empty = ask(address, GET).unwrap();
    assert!(empty.starts_with("HTTP/1.1 200 OK\r\n"), "{empty}");
    assert!(!body(&empty).contains("smartmeter_"), "{empty}");
    sink.put(&everything("1"));
    sink.put(r#"{"meter":"1","energy_import_wh":7}"#);
    let mut answer = String::new();
    wait_for("the second telegram", || {
        answer = ask(address, GET).unwrap();
        answer.contains("smartmeter_telegrams_total{meter=\"1\"} 2\n")
    });
    assert!(answer.contains("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    assert!(answer.contains(&format!("\r\nContent-Length: {}\r\n", body(&answer).len())));
    assert_eq!(samples(body(&answer)).len(), 5, "what is gone from the meter is gone: {answer}");
    promtool_is_content(body(&answer));
    assert!(ask(address, "GET / HTTP/1.1\r\n\r\n").unwrap().starts_with("HTTP/1.1 404 "));
    let foreign = GET.replace("localhost", "rebound.example:9888");
    let answer = ask(address, &foreign).unwrap();
    assert!(answer.starts_with("HTTP/1.1 421 Misdirected Request\r\n"), "{answer}");
    assert!(
        answer.ends_with("this name is not known here; the key hosts adds names\n"),
        "{answer}"
    );
    let long = format!("GET /metrics HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(100_000));
    if let Some(answer) = ask(address, &long) {
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
    assert_eq!(sink.end(LIMIT).1, 0);
    // Another test may have got the port meanwhile, for as long as it runs.
    wait_for("the end of the exporter", || TcpStream::connect(address).is_err());
}

#[test]
fn clients_that_dawdle_hold_up_nobody_and_are_gone_after_a_while() {
    thread::scope(|scope| {
        for uri in BOTH {
            scope.spawn(move || {
                let (sink, address) = server(uri);
                dawdle(sink, address);
            });
        }
    });
}

fn dawdle(sink: sinks::Running, address: SocketAddr) {
    let dawdle = |request: &str| {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    };
    // Far more clients than there is room for; half of them send a part of a request.
    let mut crowd: Vec<_> =
        (0..300).map(|at| dawdle(if at % 2 == 0 { "" } else { "GET /metrics HT" })).collect();
    for round in 1..=20 {
        sink.put(&everything("1"));
        crowd.push(dawdle("G"));
        wait_for("an answer", || {
            let answer = ask(address, GET).unwrap_or_default();
            answer.contains(&format!("smartmeter_telegrams_total{{meter=\"1\"}} {round}\n"))
        });
    }
    // The first clients were dropped for later ones, the last ones when their time is over.
    let since = Instant::now();
    for mut stream in crowd {
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        assert!(rest.is_empty());
    }
    assert!(since.elapsed() < Duration::from_secs(50), "they stay for ever");
    assert_eq!(sink.end(LIMIT).1, 0);
}

#[test]
fn who_takes_nothing_of_the_answer_holds_up_nobody() {
    // One after the other, since the pages are large.
    for uri in BOTH {
        let (sink, address) = server(uri);
        take_nothing(sink, address);
    }
}

fn take_nothing(sink: sinks::Running, address: SocketAddr) {
    // A page of 3 MiB, which no buffer takes whole.
    for meter in 0..40 {
        sink.put(&everything(&format!("{meter}{}", "x".repeat(1500))));
    }
    let deaf: Vec<_> = (0..40)
        .map(|_| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(GET.as_bytes()).unwrap();
            stream
        })
        .collect();
    let mut answer = String::new();
    wait_for("an answer", || {
        answer = ask(address, GET).unwrap_or_default();
        answer.contains("\r\n\r\n") && body(&answer).matches("telegrams_total{").count() == 40
    });
    assert!(answer.len() > 3 << 20, "{}", answer.len());
    drop(deaf);
    assert_eq!(sink.end(LIMIT).1, 0);
}

#[test]
fn an_address_that_is_taken_is_reported_once_and_waited_for() {
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let taken = TcpListener::bind(address).unwrap();
    let sink = start(&format!("prometheus://{address}"), 8);
    wait_for("the message", || !sink.messages().is_empty());
    sink.put(&everything("1"));
    drop(taken);
    wait_for("the address", || sink.messages().len() > 1);
    let why = format!(
        "another program uses port {}: stop it, or choose another port; trying again, every 30 s at most",
        address.port()
    );
    let listening = format!("listening on http://{address}/metrics");
    let page = ask(address, GET).unwrap();
    assert!(page.contains("telegrams_total{meter=\"1\"} 1\n"), "{page}");
    let (messages, lost) = sink.end(LIMIT);
    assert_eq!(messages, [format!("cannot listen on {address}: {why}"), listening]);
    assert_eq!(lost, 0);

    let taken = TcpListener::bind(address).unwrap();
    let sink = start(&format!("prometheus://{address}"), 8);
    (0..3).for_each(|_| sink.put(&everything("1")));
    assert_eq!(sink.end(LIMIT).1, 3, "nobody could see them");
    drop(taken);
}

#[test]
fn a_hostile_meter_stays_within_its_label() {
    let (folder, path, sink) = textfile("meter.prom");
    sink.put(&format!("{{\"meter\":\"{HOSTILE}\",\"power_net_w\":-5}}"));
    assert_eq!(sink.end(LIMIT), (vec![], 0));
    let page = fs::read_to_string(&path).unwrap();
    let label = r##"{meter="a/../+#{{x}}\"\n\\u{1b}[2J"}"##;
    assert!(page.contains(&format!("smartmeter_active_power_net_watts{label} -5\n")), "{page}");
    assert_eq!(samples(&page).len(), 5, "{page}");
    assert!(page.bytes().all(|sign| matches!(sign, b' '..=b'~' | b'\n')), "{page}");
    assert_eq!(names(folder.path()), ["meter.prom"]);
    promtool_is_content(&page);
}

#[test]
fn an_address_is_free_or_another_exporter_has_it_or_something_else() {
    let ask = |address: &SocketAddr| {
        sinks::build(&format!("prometheus://{address}")).unwrap().probe(LIMIT)
    };
    let (sink, address) = exporter();
    sink.put(&everything("1"));
    wait_for("the page", || {
        ask(&address).as_deref() == Ok("another run of meterpipe answers there")
    });
    sink.end(LIMIT);
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = other.accept().unwrap();
        stream.write_all(b"HTTP/1.0 200 OK\r\n\r\nhello").unwrap();
    });
    let refusal = ask(&address).unwrap_err();
    assert!(refusal.starts_with(&format!("cannot listen on {address}: ")), "{refusal}");
    let free = SocketAddr::from(([127, 0, 0, 1], free_port()));
    assert_eq!(ask(&free).as_deref(), Ok("the address is free"));
}
