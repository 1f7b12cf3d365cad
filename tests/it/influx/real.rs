//! The points that VictoriaMetrics and InfluxDB 1 store.

use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    net::TcpStream,
    process::{Command, Stdio},
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::Value;
use tempfile::TempDir;

use super::{START, reading};
use crate::common::{
    binary::{Running, wait_for},
    certificates::Authority,
    port::free_port,
    sinks::{LIMIT, build, start, until},
    tools::need,
};

/// A server that ends with its test.
pub(crate) struct Program {
    process: Running,
    pub(crate) port: u16,
    folder: TempDir,
}

impl Program {
    fn start(mut command: Command, folder: TempDir, port: u16) -> Self {
        let log = fs::File::create(folder.path().join("log")).unwrap();
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let mut program = Self { process: Running(command.spawn().unwrap()), port, folder };
        wait_for("the server listens", || {
            if let Some(status) = program.process.0.try_wait().unwrap() {
                let log = fs::read_to_string(program.folder.path().join("log")).unwrap();
                panic!("{status}: {log}");
            }
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        program
    }

    pub(crate) fn victoria(mut command: Command, flags: &[&str]) -> Self {
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        command
            .arg(format!("-storageDataPath={}", folder.path().join("data").display()))
            .arg(format!("-httpListenAddr=127.0.0.1:{port}"))
            .args(["-retentionPeriod=100y", "-search.latencyOffset=0s"])
            .args(flags);
        Self::start(command, folder, port)
    }

    /// InfluxDB 1 where nobody may do anything without a password.
    pub(crate) fn influx(mut command: Command) -> Self {
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let path = |name: &str| folder.path().join(name).display().to_string();
        let text = format!(
            "reporting-disabled = true\nbind-address = \"127.0.0.1:{}\"\n\
             [meta]\ndir = \"{}\"\n[data]\ndir = \"{}\"\nwal-dir = \"{}\"\n\
             [http]\nbind-address = \"127.0.0.1:{port}\"\nauth-enabled = true\n",
            free_port(),
            path("meta"),
            path("data"),
            path("wal")
        );
        fs::write(path("influxdb.conf"), text).unwrap();
        command.arg("-config").arg(path("influxdb.conf"));
        let program = Self::start(command, folder, port);
        program.query("", "CREATE USER anna WITH PASSWORD 'c4nary:7' WITH ALL PRIVILEGES");
        program.query("anna", "CREATE DATABASE house");
        program
    }

    /// The body of an answer, in HTTP 1.0, which knows no chunks.
    pub(crate) fn ask(&self, method: &str, path: &str, headers: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        write!(stream, "{method} {path} HTTP/1.0\r\nHost: x\r\n{headers}\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(" 200 ") || head.contains(" 204 "), "{path}: {text}");
        body.to_owned()
    }

    /// Writes lines with times in seconds, past any sink.
    pub(crate) fn write(&self, body: &str) {
        let login = BASE64_STANDARD.encode("anna:c4nary:7");
        let headers = format!("Authorization: Basic {login}\r\nContent-Length: {}\r\n", body.len());
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(stream, "POST /write?db=house&precision=s HTTP/1.0\r\n{headers}\r\n{body}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.contains(" 204 "), "{answer}");
    }

    /// A statement of InfluxQL; the values of its answer.
    pub(crate) fn query(&self, user: &str, statement: &str) -> Value {
        let login = BASE64_STANDARD.encode("anna:c4nary:7");
        let login = match user {
            "" => String::new(),
            _ => format!("Authorization: Basic {login}\r\n"),
        };
        let query =
            meterpipe::sink::http::query(&[("db", "house"), ("epoch", "s"), ("q", statement)]);
        let text = self.ask("POST", &format!("/query?{query}"), &login);
        let answer: Value = serde_json::from_str(&text).unwrap();
        assert!(!text.contains("\"error\""), "{statement}: {text}");
        answer["results"][0]["series"][0].clone()
    }

    fn columns(&self, fields: &str) -> Vec<Vec<String>> {
        let series = self.query("anna", &format!("SELECT {fields} FROM smartmeter"));
        let rows = series["values"].as_array().unwrap();
        rows.iter()
            .map(|row| row.as_array().unwrap().iter().map(Value::to_string).collect())
            .collect()
    }

    /// All that VictoriaMetrics has: by series, times and values.
    fn export(&self) -> BTreeMap<String, Vec<(i64, f64)>> {
        self.ask("GET", "/internal/force_flush", "");
        let text = self.ask("GET", "/api/v1/export?match[]=%7B__name__!=%22%22%7D", "");
        let series = text.lines().map(|line| {
            let series: Value = serde_json::from_str(line).unwrap();
            let (times, values) = (&series["timestamps"], &series["values"]);
            let times = times.as_array().unwrap().iter().map(|time| time.as_i64().unwrap());
            let values = values.as_array().unwrap().iter().map(|value| value.as_f64().unwrap());
            (series["metric"].to_string(), times.zip(values).collect())
        });
        series.collect()
    }
}

/// The value of a name in a reading, as serde_json reads it.
fn expected(number: usize, name: &str) -> f64 {
    let reading: Value = serde_json::from_str(&reading(number)).unwrap();
    reading[name].as_f64().unwrap()
}

#[test]
fn victoria_metrics_has_every_value_once() {
    need("victoria-metrics", |command| {
        let server = Program::victoria(command, &[]);
        let uri =
            format!("influxdb://127.0.0.1:{}/?bucket=b&org=o&token=t&batch=1000", server.port);
        // The second run repeats the first: nothing doubles.
        for _ in 0..2 {
            let sink = start(&uri, 100);
            (0..2500).for_each(|number| sink.put(&reading(number)));
            assert_eq!(sink.end(LIMIT), (vec![], 0));
        }
        // The server shows a moment later what was just stored.
        let whole = |it: &BTreeMap<_, Vec<_>>| it.values().all(|points| points.len() >= 2500);
        let export = || Some(server.export()).filter(|it| it.len() == 5 && whole(it));
        let series = until(export).unwrap_or_else(|| server.export());
        let names =
            ["energy_import_wh", "power_net_w", "voltage_l1_v", "current_l1_a", "1-0:99.1.0"];
        assert_eq!(series.len(), names.len(), "{:?}", series.keys());
        for name in names {
            let metric =
                format!("{{\"__name__\":\"smartmeter_{name}\",\"meter\":\"181220000009\"}}");
            let mut found = series[&metric].clone();
            found.dedup();
            let wanted: Vec<_> = (0..2500)
                .map(|number| {
                    let time = START + 5 * i64::try_from(number).unwrap();
                    (1000 * time, expected(number, name))
                })
                .collect();
            assert_eq!(found.len(), 2500, "{name}");
            assert!(found == wanted, "{name}");
        }
    });
}

/// VictoriaMetrics ends a line at every line feed, quoted or not, so this is the hardest reader.
#[test]
fn no_text_makes_a_second_record_in_victoria_metrics() {
    need("victoria-metrics", |command| {
        let server = Program::victoria(command, &[]);
        let fields = "fields=power_net_w,item_9";
        let uri = format!("influxdb://127.0.0.1:{}/?bucket=b&{fields}", server.port);
        let sink = start(&uri, 100);
        sink.put(concat!(
            "{\"time\":\"2026-11-20T12:00:00+01:00\",\"meter\":\"x y,z=1\\nfoo v=1\",",
            "\"power_net_w\":7,\"item_9\":\"x y,z=1\\nfoo v=1\"}"
        ));
        assert_eq!(sink.end(LIMIT), (vec![], 0));
        let names: Vec<_> = server.export().into_keys().collect();
        let metric = |name| {
            format!("{{\"__name__\":\"smartmeter_{name}\",\"meter\":\"x y,z=1%0afoo v=1\"}}")
        };
        assert_eq!(names, [metric("item_9_text"), metric("power_net_w")]);
    });
}

#[test]
fn influxdb_has_every_value_and_no_type_ever_conflicts() {
    need("influxd", |command| {
        let server = Program::influx(command);
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("password");
        fs::write(&secret, "c4nary:7\n").unwrap();
        let uri = format!(
            "influxdb://anna@127.0.0.1:{}/?db=house&password_file={}&batch=1000",
            server.port,
            secret.display()
        );
        let sink = start(&uri, 100);
        (0..2500).for_each(|number| sink.put(&reading(number)));
        // A meter with another scaler, whose values are whole where the others are not and the
        // other way round.
        sink.put(concat!(
            "{\"time\":\"2026-11-20T11:59:00+01:00\",\"meter\":\"2\",\"energy_import_wh\":12.5,",
            "\"power_net_w\":7.0,\"voltage_l1_v\":230,\"current_l1_a\":1,\"1-0:99.1.0\":true}"
        ));
        let (messages, lost) = sink.end(LIMIT);
        assert_eq!((messages.len(), lost), (1, 0), "{messages:?}");
        assert!(messages[0].starts_with("energy_import_wh: has a fraction"), "{messages:?}");
        let rows = server
            .columns("energy_import_wh, power_net_w, voltage_l1_v, current_l1_a, \"1-0:99.1.0\"");
        assert_eq!(rows.len(), 2501);
        let time = |seconds: i64| (START + seconds).to_string();
        assert_eq!(rows[0], [&time(-60), "13", "7", "230", "1", "1"]);
        for (number, row) in rows[1..].iter().enumerate() {
            assert_eq!(row[0], time(5 * i64::try_from(number).unwrap()));
            let names =
                ["energy_import_wh", "power_net_w", "voltage_l1_v", "current_l1_a", "1-0:99.1.0"];
            for (value, name) in row[1..].iter().zip(names) {
                assert_eq!(value.parse::<f64>().unwrap(), expected(number, name), "{name}");
            }
        }
        let types = server.query("anna", "SHOW FIELD KEYS FROM smartmeter")["values"].to_string();
        assert_eq!(
            types,
            concat!(
                r#"[["1-0:99.1.0","float"],["current_l1_a","float"],"#,
                r#"["energy_import_wh","integer"],["power_net_w","integer"],"#,
                r#"["voltage_l1_v","float"]]"#
            )
        );
    });
}

#[test]
fn influxdb_reads_back_a_hostile_text_as_one_record() {
    need("influxd", |command| {
        let server = Program::influx(command);
        let uri = format!(
            "influxdb://anna:c4nary%3A7@127.0.0.1:{}/?db=house&fields=power_net_w,item_9",
            server.port
        );
        let sink = start(&uri, 100);
        for text in [r"x y,z=1\nfoo v=1", r"a\\", r#"\" \\\" 50% %41"#] {
            sink.put(&format!(
                "{{\"time\":\"2026-11-20T12:00:00+01:00\",\"meter\":\"{text}\",\
                 \"power_net_w\":7,\"item_9\":\"{text}\"}}"
            ));
        }
        assert_eq!(sink.end(LIMIT), (vec![], 0));
        let rows = server.columns("meter, item_9_text, power_net_w");
        let mut texts: Vec<_> = rows.iter().map(|row| (row[1].as_str(), row[2].as_str())).collect();
        texts.sort_unstable();
        let text = |text| (text, text);
        assert_eq!(
            texts,
            [text(r#""\" %5c\" 50% %2541""#), text(r#""a%5c""#), text(r#""x y,z=1%0afoo v=1""#),]
        );
        let names = server.query("anna", "SHOW MEASUREMENTS")["values"].to_string();
        assert_eq!(names, r#"[["smartmeter"]]"#);
    });
}

#[test]
fn influxdb_refuses_a_wrong_password_a_wrong_type_and_an_unknown_database_each_in_its_words() {
    need("influxd", |command| {
        let server = Program::influx(command);
        let port = server.port;
        let outcome = |login: &str, db: &str| {
            let uri = format!("influxdb://{login}@127.0.0.1:{port}/?db={db}&flush=0");
            let sink = start(&uri, 100);
            (0..3).for_each(|number| sink.put(&reading(number)));
            wait_for("an answer", || {
                !sink.messages().is_empty()
                    || server.query("anna", "SELECT * FROM smartmeter") != Value::Null
            });
            sink.end(Duration::from_secs(5))
        };
        let (messages, lost) = outcome("anna:c4nary%3A8", "house");
        assert_eq!(lost, 3);
        assert!(
            messages[0].starts_with(&format!(
                "127.0.0.1:{port} does not accept user and password: 401 (authorization failed)"
            )),
            "{messages:?}"
        );
        let (messages, lost) = outcome("anna:c4nary%3A7", "nowhere");
        assert_eq!(lost, 3);
        let unknown = format!("127.0.0.1:{port} does not know the database nowhere: 404");
        assert!(messages[0].starts_with(&unknown), "{messages:?}");

        // Somebody else has written a float where an integer belongs.
        server.write(&format!("smartmeter power_net_w=1.5 {START}"));
        let (messages, lost) = outcome("anna:c4nary%3A7", "house");
        assert_eq!(lost, 3);
        assert!(
            messages[0].starts_with(&format!(
                "127.0.0.1:{port} refuses a reading, left out: 400 (partial write: field type \
                 conflict: input field \"power_net_w\""
            )),
            "{messages:?}"
        );
    });
}

#[test]
fn a_server_has_to_prove_who_it_is() {
    need("victoria-metrics", |_| {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let authority = Authority::new(folder, "ca");
        authority.sign(folder, "good", &["127.0.0.1"], false);
        authority.sign(folder, "other", &["127.0.0.2"], false);
        authority.sign(folder, "old", &["127.0.0.1"], true);
        Authority::new(folder, "stranger");
        let file = |name: &str| folder.join(name).display().to_string();
        let outcome = |name: &str, how: &str| {
            let flags = [
                "-tls".to_owned(),
                format!("-tlsCertFile={}", file(&format!("{name}.pem"))),
                format!("-tlsKeyFile={}", file(&format!("{name}.key"))),
            ];
            let flags = flags.each_ref().map(String::as_str);
            let server = Program::victoria(Command::new("victoria-metrics"), &flags);
            let uri = format!("influxdbs://127.0.0.1:{}/?bucket=b&flush=0&{how}", server.port);
            let sink = start(&uri, 100);
            sink.put(&reading(0));
            sink.end(Duration::from_secs(2))
        };
        let ca = format!("ca={}", file("ca.pem"));
        assert_eq!(outcome("good", &ca), (vec![], 0));
        let (messages, lost) = outcome("old", "insecure=true");
        assert_eq!(messages, ["insecure: the certificate of the server is not checked"]);
        assert_eq!(lost, 0);
        for (name, how, part) in [
            ("good", format!("ca={}", file("stranger.pem")), "file of ca"),
            ("other", ca.clone(), "its certificate is not for 127.0.0.1, but for "),
            ("old", ca, "its certificate has expired"),
        ] {
            let (messages, lost) = outcome(name, &how);
            assert_eq!(lost, 1, "{name}");
            assert!(messages[0].starts_with("cannot trust 127.0.0.1:"), "{messages:?}");
            assert!(messages[0].contains(part), "{messages:?}");
        }
    });
}

#[test]
fn real_servers_answer_a_request_without_lines_and_store_nothing() {
    let ask = |uri: &str| build(uri).unwrap().probe(LIMIT);
    need("influxd", |command| {
        let server = Program::influx(command);
        let port = server.port;
        let of = |password: &str, db: &str| {
            ask(&format!("influxdb://anna:{password}@127.0.0.1:{port}/?db={db}"))
        };
        let answer = of("c4nary%3A7", "house");
        assert_eq!(answer.as_deref(), Ok("connected, takes lines for the database house"));
        let refusal = of("c4nary%3A8", "house").unwrap_err();
        assert!(refusal.contains("does not accept user and password: 401 ("), "{refusal}");
        let refusal = of("c4nary%3A7", "nowhere").unwrap_err();
        assert!(refusal.contains("does not know the database nowhere: 404 ("), "{refusal}");
        assert_eq!(server.query("anna", "SELECT * FROM smartmeter"), Value::Null);
    });
    need("victoria-metrics", |command| {
        let server = Program::victoria(command, &[]);
        let answer = ask(&format!("influxdb://127.0.0.1:{}/?bucket=b", server.port));
        assert_eq!(answer.as_deref(), Ok("connected, takes lines for the bucket b"));
    });
}
