//! The pages of the sink `http://`, as evcc, Prometheus and a monitor read them.

use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    process::{Command, Stdio},
    sync::Arc,
    thread,
    time::Duration,
};

use crate::common::{
    binary::{self, Running as Process, run, wait_for},
    chain::{beside, keys_beside},
    port::free_port,
    published::KEY,
    sinks::{self, HOSTILE, LIMIT, refused},
    tools,
};
use crate::prometheus::{ask, body, everything, server};
use meterpipe::format::readings::Readings;
use serde_json::{Value, value::RawValue};
use tempfile::TempDir;

/// The published telegram of Netz NÖ.
const PUBLISHED: &str = include_str!("../data/netznoe-doc-2021.plain.hex");

/// The answer to a request for a page, with these headers.
fn get(address: SocketAddr, target: &str, headers: &str) -> String {
    ask(address, &format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n")).unwrap()
}

fn status(answer: &str) -> u16 {
    answer.strip_prefix("HTTP/1.1 ").unwrap()[..3].parse().unwrap()
}

/// The page of a meter once its telegram has come.
fn data(address: SocketAddr, target: &str) -> String {
    let mut answer = String::new();
    wait_for("the values", || {
        answer = get(address, target, "");
        status(&answer) == 200
    });
    assert!(answer.contains("\r\nContent-Type: application/json\r\n"), "{answer}");
    body(&answer).to_owned()
}

/// The numbers of `/data.json` as they are written, `l1.u` for those of a phase.
fn numbers(page: &str) -> BTreeMap<String, String> {
    let members =
        |text: &str| serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(text).unwrap();
    let mut all = BTreeMap::new();
    for (key, value) in members(page) {
        match value.get() {
            text if text.starts_with('{') => {
                let inner = members(text).into_iter();
                all.extend(inner.map(|(name, it)| (format!("{key}.{name}"), it.get().to_owned())));
            }
            text if text.starts_with('"') => {}
            text => drop(all.insert(key, text.to_owned())),
        }
    }
    all
}

#[test]
fn evcc_finds_the_values_of_the_published_telegram() {
    let (sink, address) = server("http://127.0.0.1:0");
    assert_eq!(status(&get(address, "/data.json", "")), 503, "no telegram yet");
    sink.put(run(&["decode"], PUBLISHED.as_bytes()).out.trim());
    let page = data(address, "/data.json");
    // As the operator's paper has them.
    for (key, value) in [
        ("i", "0"),
        ("e", "0"),
        ("w", "0"),
        ("ic", "12.937"),
        ("ec", "0.000"),
        ("f", "1.000"),
        ("l1.u", "233.7"),
        ("l2.u", "0.0"),
        ("l3.i", "0.00"),
    ] {
        assert_eq!(numbers(&page).get(key).map(String::as_str), Some(value), "{key}: {page}");
    }
    assert_eq!(numbers(&page).len(), 12, "{page}");
    assert_eq!(sink.end(LIMIT).1, 0);
}

/// The keys that evcc's template `amsleser` reads for a grid meter, and the registers behind them.
const TEMPLATE: [(&str, &str, usize); 10] = [
    ("ic", "1.0.1.8.0.255", 3),
    ("ec", "1.0.2.8.0.255", 3),
    ("i", "1.0.1.7.0.255", 0),
    ("e", "1.0.2.7.0.255", 0),
    ("l1.u", "1.0.32.7.0.255", 0),
    ("l2.u", "1.0.52.7.0.255", 0),
    ("l3.u", "1.0.72.7.0.255", 0),
    ("l1.i", "1.0.31.7.0.255", 0),
    ("l2.i", "1.0.51.7.0.255", 0),
    ("l3.i", "1.0.71.7.0.255", 0),
];

/// The dumps of Austrian meters that decode, with their expectations, which other decoders derived.
fn austrian() -> Vec<(PathBuf, Value)> {
    let mut items = vec![];
    for folder in beside("corpus").into_iter().flat_map(|it| fs::read_dir(it).unwrap()) {
        let folder = folder.unwrap().path();
        if !folder.file_name().unwrap().to_str().unwrap().starts_with("at-") {
            continue;
        }
        for path in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            let text = fs::read_to_string(path.with_extension("expected.json"));
            if path.extension().is_some_and(|it| it == "hex")
                && let Ok(text) = text
            {
                let expected: Value = serde_json::from_str(&text).unwrap();
                let is_read = expected["layer"] == "mbus" || expected["layer"] == "raw";
                if is_read && expected["outcome"] == "decodes" {
                    items.push((path, expected));
                }
            }
        }
    }
    items
}

#[test]
fn evcc_finds_the_values_of_every_austrian_telegram_of_the_corpus() {
    let (mut telegrams, mut values) = (0, 0);
    for (path, expected) in austrian() {
        let keys = match keys_beside(&path) {
            keys if keys.is_empty() => KEY.to_owned(),
            keys => keys,
        };
        let dump = path.to_str().unwrap();
        let ran = run(&["decode", "--key-file", "-", dump], keys.as_bytes());
        let expected = expected["telegrams"].as_array().unwrap();
        assert_eq!(ran.out.lines().count(), expected.len(), "{dump}: {}", ran.err);
        for (line, expected) in ran.out.lines().zip(expected) {
            let (sink, address) = server("http://127.0.0.1:0");
            sink.put(line);
            let page = data(address, "/data.json");
            telegrams += 1;
            values += compare(&numbers(&page), expected, dump);
            assert_eq!(sink.end(LIMIT).1, 0);
        }
    }
    println!("{telegrams} telegrams, {values} values");
    assert!(beside("corpus").is_none() || (telegrams > 10 && values > 100));
}

/// Compares the page with the registers of a telegram; returns the number of values.
fn compare(page: &BTreeMap<String, String>, telegram: &Value, dump: &str) -> usize {
    let register = |code: &str| {
        let mut values = telegram["values"].as_array().unwrap().iter();
        Some(values.find(|it| it["obis"] == code)?["value"].as_str().unwrap().to_owned())
    };
    for (key, code, power) in TEMPLATE {
        let expected = register(code).map(|value| shifted(&value, power));
        assert_eq!(page.get(key), expected.as_ref(), "{dump}: {key}: {page:?}");
    }
    if let (Some(import), Some(export)) = (register("1.0.1.7.0.255"), register("1.0.2.7.0.255")) {
        let net = import.parse::<i64>().unwrap() - export.parse::<i64>().unwrap();
        assert_eq!(page.get("w"), Some(&net.to_string()), "{dump}: {page:?}");
    }
    TEMPLATE.iter().filter(|(key, ..)| page.contains_key(*key)).count()
}

/// A number whose point moves to the left.
fn shifted(number: &str, power: usize) -> String {
    assert!(power == 0 || !number.contains('.'), "{number}");
    let padded = format!("{number:0>width$}", width = power + 1);
    let (whole, fraction) = padded.split_at(padded.len() - power);
    if power == 0 { number.to_owned() } else { format!("{whole}.{fraction}") }
}

#[test]
fn each_meter_has_its_page_and_the_first_is_there_without_a_number() {
    let (sink, address) = server("http://127.0.0.1:0");
    sink.put(r#"{"meter":"1","power_net_w":5}"#);
    sink.put(&format!(r#"{{"meter":"{HOSTILE}","power_net_w":-7}}"#));
    sink.put(r#"{"power_net_w":9}"#);
    let message = sink.wait_for_message("the first");
    let other = r#"/data.json shows meter 1, the first; /data.json?meter=NUMBER shows others, such as a/../+#{{x}}"\u{a}\u{1b}[2J"#;
    assert_eq!(message, other);
    for (target, page) in [
        ("/data.json", "{\"meter\":\"1\",\"w\":5}\n"),
        ("/data.json?meter=1", "{\"meter\":\"1\",\"w\":5}\n"),
        ("/data.json?cache=no&meter=%31", "{\"meter\":\"1\",\"w\":5}\n"),
        (
            "/data.json?meter=a/../%2b%23%7B%7Bx%7D%7D%22%0a%1b[2J",
            "{\"meter\":\"a/../+#{{x}}\\\"\\n\\u001b[2J\",\"w\":-7}\n",
        ),
        ("/data.json?meter=", "{\"w\":9}\n"),
    ] {
        assert_eq!(data(address, target), page, "{target}");
    }
    let unknown = get(address, "/data.json?meter=2", "");
    assert_eq!(status(&unknown), 404);
    assert_eq!(body(&unknown), "{\"error\":\"no telegram of a meter with this number\"}\n");
    let (messages, lost) = sink.end(LIMIT);
    assert_eq!((messages.len(), lost), (2, 0), "{messages:?}");
}

#[test]
fn zeros_stand_for_phases_alone_and_on_demand() {
    let (sink, address) = server("http://127.0.0.1:0?missing=zero");
    sink.put(r#"{"meter":"1","power_net_w":5,"voltage_l1_v":231.0}"#);
    let page = numbers(&data(address, "/data.json"));
    let zeros = page.iter().filter(|(_, value)| *value == "0").count();
    assert_eq!((zeros, page.len()), (8, 10), "{page:?}");
    sink.end(LIMIT);
}

#[test]
fn health_and_values_are_there_while_telegrams_come() {
    let (sink, address) = server("http://127.0.0.1:0?stale=2s");
    let health = || get(address, "/health", "");
    let before = health();
    let nothing =
        "{\"healthy\":false,\"reason\":\"no telegram yet\",\"missing\":[],\"fresh\":[]}\n";
    assert_eq!((status(&before), body(&before)), (503, nothing));
    let line = |meter: u8| {
        format!(r#"{{"received":"2026-08-24T21:03:17.482Z","meter":"{meter}","power_net_w":5}}"#)
    };
    let shown =
        |meter: u8| format!(r#"{{"meter":"{meter}","last_telegram":"2026-08-24T21:03:17.482Z"}}"#);
    for _ in 0..2 {
        (1..=2).for_each(|meter| sink.put(&line(meter)));
        let both =
            format!("{{\"healthy\":true,\"missing\":[],\"fresh\":[{},{}]}}\n", shown(1), shown(2));
        wait_for("two healthy meters", || (status(&health()), body(&health())) == (200, &*both));
        assert_eq!(status(&get(address, "/data.json", "")), 200);
        let one = format!(
            "{{\"healthy\":false,\"reason\":\"telegrams stay away\",\"missing\":[{}],\"fresh\":[{}]}}\n",
            shown(1),
            shown(2)
        );
        wait_for("the silence of one", || {
            sink.put(&line(2));
            thread::sleep(Duration::from_millis(100));
            let answer = health();
            (status(&answer), body(&answer)) == (503, &*one)
        });
        let silent = get(address, "/data.json?meter=1", "");
        let last =
            "{\"error\":\"telegrams stay away\",\"last_telegram\":\"2026-08-24T21:03:17.482Z\"}\n";
        assert_eq!((status(&silent), body(&silent)), (503, last));
        assert_eq!(status(&get(address, "/data.json?meter=2", "")), 200);
    }
    sink.end(LIMIT);
}

#[test]
fn every_page_has_its_head_and_everything_else_is_refused() {
    let (sink, address) = server("http://127.0.0.1:0");
    sink.put(&everything("1"));
    data(address, "/data.json");
    for path in ["/", "/metrics", "/data.json", "/health"] {
        let page = get(address, path, "");
        let head =
            ask(address, &format!("HEAD {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")).unwrap();
        assert_eq!(page.split_once("\r\n\r\n").unwrap().0, head.trim_end(), "{path}");
        assert!(page.contains(&format!("\r\nContent-Length: {}\r\n", body(&page).len())), "{page}");
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"] {
            let request = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
            let answer = ask(address, &request).unwrap();
            assert_eq!(status(&answer), 405, "{answer}");
            assert!(answer.contains("\r\nAllow: GET, HEAD\r\n"), "{answer}");
        }
        let foreign = format!("GET {path} HTTP/1.1\r\nHost: rebound.example\r\n\r\n");
        assert_eq!(status(&ask(address, &foreign).unwrap()), 421);
    }
    let index = get(address, "/", "");
    for path in ["/metrics", "/data.json", "/health"] {
        assert!(body(&index).contains(&format!("href=\"{path}\"")), "{index}");
    }
    for path in ["/data.json/", "/data", "/metrics/x", "//", "/index.html", "/../etc/passwd", "*"] {
        let answer = get(address, path, "");
        let hint = "the pages are /metrics, /data.json and /health\n";
        assert_eq!((status(&answer), body(&answer)), (404, hint), "{path}");
    }
    assert_eq!(sink.end(LIMIT).1, 0);
}

#[test]
fn a_hundred_clients_at_once_get_whole_pages() {
    let (sink, address) = server("http://127.0.0.1:0");
    sink.put(&everything("1"));
    let expected = data(address, "/data.json");
    let failed: usize = thread::scope(|scope| {
        let clients: Vec<_> = (0..100)
            .map(|_| {
                let expected = &expected;
                scope.spawn(move || {
                    // A client whose place another one took asks again.
                    let all = (0..10).filter(|_| {
                        !(0..50).any(|_| {
                            let request = "GET /data.json HTTP/1.0\r\n\r\n";
                            let answer = ask(address, request).unwrap_or_default();
                            assert!(answer.is_empty() || body(&answer) == *expected, "{answer}");
                            !answer.is_empty()
                        })
                    });
                    all.count()
                })
            })
            .collect();
        clients.into_iter().map(|client| client.join().unwrap()).sum()
    });
    assert_eq!(failed, 0);
    assert_eq!(sink.end(LIMIT).1, 0);
}

const OPENMETRICS: &str = "Accept: application/openmetrics-text;version=1.0.0\r\n";

#[test]
fn openmetrics_is_there_for_who_asks_for_it() {
    for uri in ["http://127.0.0.1:0", "prometheus://127.0.0.1:0"] {
        let (sink, address) = server(uri);
        for meter in ["181220000009", HOSTILE, "", "ä\u{202e}"] {
            sink.put(&everything(meter));
        }
        let mut page = String::new();
        wait_for("the meters", || {
            page = get(address, "/metrics", OPENMETRICS);
            page.matches("smartmeter_telegrams_total").count() == 4
        });
        let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        assert!(page.contains(&format!("\r\nContent-Type: {kind}\r\n")), "{page}");
        let plain = get(address, "/metrics", "Accept: */*\r\n");
        let kind = "text/plain; version=0.0.4; charset=utf-8";
        assert!(plain.contains(&format!("\r\nContent-Type: {kind}\r\n")), "{plain}");
        let samples = |page: &str| {
            let lines = body(page).lines().filter(|line| !line.starts_with('#'));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(samples(&page), samples(&plain), "the samples are the same");
        is_openmetrics(body(&page));
        parses_in_python(body(&page));
        assert_eq!(sink.end(LIMIT).1, 0);
    }
}

/// Checks the rules of OpenMetrics 1.0 that concern such a page: each family once, its samples
/// together and with the ending of its type, no sample twice, and the end.
fn is_openmetrics(page: &str) {
    let lines = page.strip_suffix("# EOF\n").unwrap_or_else(|| panic!("{page}"));
    let (mut families, mut series) = (vec![], vec![]);
    let mut lines = lines.lines().peekable();
    while let Some(help) = lines.next() {
        let (family, _) = help.strip_prefix("# HELP ").unwrap().split_once(' ').unwrap();
        let kind = lines.next().unwrap().strip_prefix(&format!("# TYPE {family} ")).unwrap();
        assert!(!families.contains(&family), "{family} stands twice");
        families.push(family);
        let ending = match kind {
            "counter" => "_total",
            "info" => "_info",
            "gauge" | "unknown" => "",
            other => panic!("{other}"),
        };
        for end in ["_total", "_info", "_created", "_bucket", "_count", "_sum"] {
            assert!(!family.ends_with(end), "{family}");
        }
        while let Some(sample) = lines.next_if(|line| !line.starts_with('#')) {
            let (name, value) = sample.rsplit_once(' ').unwrap();
            assert!(value.parse::<f64>().unwrap().is_finite(), "{sample}");
            assert!(kind != "info" || value == "1", "{sample}");
            let (name, _) = name.split_once('{').unwrap_or((name, ""));
            assert_eq!(name, format!("{family}{ending}"));
            series.push(sample.rsplit_once(' ').unwrap().0);
        }
    }
    let count = series.len();
    series.sort_unstable();
    series.dedup();
    assert!(series.len() == count && count > 20);
}

/// The parser of prometheus_client (PyPI), where this machine's Python has it.
fn parses_in_python(page: &str) {
    let program = "import sys\n\
        try:\n    from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse\n\
        except ImportError:\n    sys.exit(77)\n\
        print(sum(len(family.samples) for family in parse(sys.stdin.read())))";
    let mut python = Command::new("python3");
    python.args(["-c", program]);
    let ran = binary::run_command(python, page.as_bytes());
    match ran.status {
        77 => println!("not run: python3 has no prometheus_client"),
        status => {
            let samples = page.lines().filter(|line| !line.starts_with('#')).count();
            assert_eq!((status, ran.out), (0, format!("{samples}\n")), "{}", ran.err);
        }
    }
}

#[test]
fn prometheus_scrapes_openmetrics_with_the_exact_values() {
    let (sink, address) = server("http://127.0.0.1:0");
    for meter in ["181220000009", HOSTILE] {
        sink.put(&everything(meter));
    }
    tools::need("prometheus", |mut prometheus: Command| {
        let folder = TempDir::new().unwrap();
        let config = folder.path().join("prometheus.yml");
        let job = format!("job_name: m, static_configs: [{{targets: ['{address}']}}]");
        let global = "global: {scrape_interval: 1s}";
        fs::write(&config, format!("{global}\nscrape_configs: [{{{job}}}]\n")).unwrap();
        let own = SocketAddr::from(([127, 0, 0, 1], free_port()));
        prometheus.arg(format!("--config.file={}", config.display()));
        prometheus.arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()));
        prometheus.arg(format!("--web.listen-address={own}"));
        prometheus.stdout(Stdio::null()).stderr(Stdio::null());
        let _process = Process(prometheus.spawn().unwrap());
        let query = |query: &str| {
            let request = format!("GET /api/v1/query?query={query} HTTP/1.0\r\n\r\n");
            let answer = ask(own, &request).unwrap_or_default();
            let (_, page) = answer.split_once("\r\n\r\n")?;
            let page: Value = serde_json::from_str(page).ok()?;
            Some(page["data"]["result"].as_array()?.clone())
        };
        wait_for("a scrape", || {
            let up = query("up").unwrap_or_default();
            up.iter().any(|it| it["value"][1] == "1")
        });
        let voltages = query("smartmeter_voltage_volts{phase=%22L2%22}").unwrap();
        assert_eq!(voltages.len(), 2, "{voltages:?}");
        let metadata = ask(own, "GET /api/v1/metadata HTTP/1.0\r\n\r\n").unwrap();
        // Only OpenMetrics knows this type.
        assert!(metadata.contains("\"type\":\"info\""), "{metadata}");
    });
    assert_eq!(sink.end(LIMIT).1, 0);
}

#[test]
fn losses_backlog_and_build_are_among_the_metrics_of_a_run() {
    let port = free_port();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let folder = TempDir::new().unwrap();
    let file = format!("file:{}", folder.path().join("all.jsonl").display());
    let to = format!("http://{address}?guard=false");
    let mut publish = binary::command(&["publish", "--to", &to, "--to", &file]);
    publish.stdin(Stdio::piped()).stderr(Stdio::null());
    let mut publish = Process(publish.spawn().unwrap());
    let mut input = publish.0.stdin.take().unwrap();
    for counter in [7, 9] {
        writeln!(
            input,
            "{{\"meter\":\"1\",\"system_title\":\"4b\",\"invocation_counter\":{counter},\"power_net_w\":1}}"
        )
        .unwrap();
    }
    input.flush().unwrap();
    let mut page = String::new();
    wait_for("the losses", || {
        page = ask(address, "GET /metrics HTTP/1.0\r\n\r\n").unwrap_or_default();
        page.contains("smartmeter_telegrams_lost_total{meter=\"1\"} 1\n")
    });
    for part in [
        format!("meterpipe_build_info{{version=\"{}\",", env!("CARGO_PKG_VERSION")),
        format!("meterpipe_sink_waiting_readings{{sink=\"{file}\"}} "),
        format!("meterpipe_sink_lost_readings_total{{sink=\"http://{address}\"}} 0\n"),
    ] {
        assert!(page.contains(&part), "{part}: {page}");
    }
}

#[test]
fn mistakes_are_named_with_their_key() {
    for (uri, mistake) in [
        ("http://127.0.0.1", "http: a port expected, as in http://127.0.0.1:9888"),
        (
            "http://127.0.0.1:1/api",
            "http: the pages have fixed paths; a server to send to is influxdb://HOST or webhook+http://HOST",
        ),
        (
            "http://127.0.0.1:1?units.energy=kWh",
            "http: names and units are those of the pages, they cannot be chosen",
        ),
        ("http://127.0.0.1:1?mode=600", "http: nothing is called mode"),
        ("http://127.0.0.1:1?missing=null", "missing: "),
        ("http://u:p@127.0.0.1:1", "http: nothing is called user"),
    ] {
        assert!(refused(uri).starts_with(mistake), "{uri}: {}", refused(uri));
    }
}

#[test]
fn the_address_is_probed_and_its_pages_are_previewed() {
    let (sink, address) = server("http://127.0.0.1:0");
    let probe = || sinks::build(&format!("http://{address}")).unwrap().probe(LIMIT);
    assert_eq!(probe().as_deref(), Ok("another run of meterpipe answers there"));
    sink.end(LIMIT);
    wait_for("the end of the server", || TcpStream::connect(address).is_err());
    assert_eq!(probe().as_deref(), Ok("the address is free"));

    let mut sink = sinks::build(&format!("http://{address}")).unwrap();
    let readings = Readings::parse(br#"{"meter":"1","power_net_w":5}"#).unwrap();
    let shown = sink.preview(&Arc::new(readings), &sinks::SinkMessages::default());
    let places: Vec<_> = shown.iter().map(|it| it.place.clone()).collect();
    let [metrics, data] = ["metrics", "data.json"].map(|it| format!("http://{address}/{it}"));
    assert_eq!(places, [metrics, data]);
    assert_eq!(shown[1].content, b"{\"meter\":\"1\",\"w\":5}\n");
}

#[test]
fn a_request_in_pieces_is_answered_and_a_half_one_is_not() {
    let (sink, address) = server("http://127.0.0.1:0");
    let mut stream = TcpStream::connect(address).unwrap();
    for piece in ["GET /hea", "lth HTTP/1.1\r\nHo", "st: localhost\r\n", "\r\n"] {
        stream.write_all(piece.as_bytes()).unwrap();
        thread::sleep(Duration::from_millis(50));
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert_eq!(status(&answer), 503);
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: loc").unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "");
    assert_eq!(sink.end(LIMIT).1, 0);
}
