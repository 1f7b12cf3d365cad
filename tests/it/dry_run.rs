//! `watch --dry-run`: what each sink would get, and nothing of it sent or written.

use std::{collections::BTreeSet, fs};

use crate::{
    common::{
        binary::{Ran, command, run, run_command},
        published::{Folder, KEY},
        sinks::{names, until},
    },
    influx::server::{Reply, Server},
    mqtt::mosquitto::{Mosquitto, with_mosquitto},
};

/// Five minutes of a virtual meter, in a file.
fn recorded(folder: &Folder) -> String {
    let start = "2026-06-21T12:00:00+02:00";
    let ran = run(&["simulate", "--count", "60", "--start", start], b"");
    assert_eq!(ran.status, 0, "{}", ran.err);
    folder.write("key", KEY);
    folder.write("records", ran.out)
}

fn watch(folder: &Folder, more: &[&str]) -> Ran {
    let (records, key) = (folder.path("records"), folder.path("key"));
    let mut watch = command(&[&["watch", &records, "--key-file", &key], more].concat());
    watch.env("XDG_STATE_HOME", folder.path("state"));
    run_command(watch, b"")
}

/// The places and contents of a sink in the output of a dry run.
fn shown<'a>(out: &'a str, sink: &str) -> Vec<(&'a str, &'a str)> {
    let lines = out.lines().filter_map(|line| line.strip_prefix(sink)?.strip_prefix('\t'));
    lines.map(|line| line.split_once('\t').unwrap()).collect()
}

fn contents(shown: &[(&str, &str)]) -> String {
    shown.iter().map(|(_, content)| format!("{content}\n")).collect()
}

#[test]
fn files_and_pages_are_shown_as_a_run_writes_them() {
    let folder = Folder::new();
    recorded(&folder);
    let before = names(folder.0.path());
    let sinks = [
        "file:PATH/all.csv?csv_locale=at",
        "file:PATH/{date}.jsonl?every=1m&fields=time,meter,energy_import_wh",
        "solarview:PATH/solar.txt",
        "prometheus:PATH/x.prom?fields=energy_import_wh&expire_after=0",
    ];
    let path = folder.0.path().to_str().unwrap();
    let sinks = sinks.map(|it| format!("--to={}", it.replace("PATH", path)));
    let to = sinks.each_ref().map(String::as_str);
    let dry = watch(&folder, &[&to[..], &["--dry-run"]].concat());
    assert_eq!(names(folder.0.path()), before, "nothing was written");
    let real = watch(&folder, &to);
    assert_eq!((dry.status, &dry.err), (real.status, &real.err));
    assert_eq!(real.out, "");
    for (sink, file) in
        [("file:PATH/all.csv", "all.csv"), ("file:PATH/{date}.jsonl", "2026-06-21.jsonl")]
    {
        let shown = shown(&dry.out, &sink.replace("PATH", path));
        assert!(shown.iter().all(|(place, _)| *place == folder.path(file)), "{shown:?}");
        let written = fs::read_to_string(folder.path(file)).unwrap();
        assert!(!written.is_empty());
        assert_eq!(contents(&shown), written, "{file}");
    }
    let solar = fs::read_to_string(folder.path("solar.txt")).unwrap();
    let shown_solar = contents(&shown(&dry.out, &format!("solarview:{path}/solar.txt")));
    assert!(shown_solar.ends_with(&solar), "{shown_solar}");
    let prom = contents(&shown(&dry.out, &format!("prometheus:{path}/x.prom")));
    let page = fs::read_to_string(folder.path("x.prom")).unwrap();
    for line in page.lines().filter(|it| it.starts_with("smartmeter_energy")) {
        assert!(prom.contains(line), "{line}: {prom}");
    }
}

#[test]
fn servers_get_nothing_and_would_get_what_is_shown() {
    with_mosquitto(|| {
        let folder = Folder::new();
        recorded(&folder);
        let broker = Mosquitto::start(tempfile::TempDir::new().unwrap(), BROKER);
        let listener = broker.listen(&[]);
        let server = Server::start(|_| Reply::status(204));
        let mqtt = format!("mqtt://127.0.0.1:{}/house", broker.port);
        let influx = format!("influxdb://127.0.0.1:{}", server.port);
        let sinks = [
            format!("--to={mqtt}?qos=1&history=house/history"),
            format!("--to={influx}?db=d&every=30s&fields=energy_import_wh"),
        ];
        let to = sinks.each_ref().map(String::as_str);
        let dry = watch(&folder, &[&to[..], &["--dry-run"]].concat());
        assert!(listener.received().is_empty() && server.requests().is_empty());
        assert!(!folder.0.path().join("state").exists());
        let real = watch(&folder, &to);
        assert_eq!((dry.status, &dry.err), (real.status, &real.err));

        let stored: Vec<_> = server.requests().into_iter().flat_map(|it| it.lines).collect();
        let shown_lines = shown(&dry.out, &influx);
        let place = format!("http://127.0.0.1:{}/write?db=d&precision=s", server.port);
        assert!(shown_lines.iter().all(|(shown, _)| *shown == place), "{shown_lines:?}");
        assert!(stored.len() > 5);
        assert_eq!(shown_lines.iter().map(|(_, line)| *line).collect::<Vec<_>>(), stored);

        let shown_messages = shown(&dry.out, &mqtt);
        let is_history = |topic: &str| topic == "house/history";
        let history: Vec<_> =
            shown_messages.iter().filter(|(topic, _)| is_history(topic)).collect();
        // `0 1 TOPIC PAYLOAD`, or with the QoS of the subscription.
        let received = || -> Vec<(String, String)> {
            let parts = |line: String| {
                let mut parts = line.splitn(4, ' ').skip(2).map(str::to_owned);
                Some((parts.next()?, parts.next()?))
            };
            listener.received().into_iter().filter_map(parts).collect()
        };
        let whole = until(|| {
            let all = received();
            let count = all.iter().filter(|(topic, _)| is_history(topic)).count();
            let is_offline = all.last().is_some_and(|(_, payload)| payload == "offline");
            (count >= history.len() && is_offline).then_some(all)
        })
        .unwrap_or_else(|| panic!("{:?}", received()));
        let came: Vec<_> = whole.iter().filter(|(topic, _)| is_history(topic)).collect();
        let same = |(one, other): (&&(&str, &str), &&(String, String))| one.1 == other.1;
        assert!(history.len() == came.len() && history.iter().zip(&came).all(same), "{came:?}");
        // A run says `offline` around a new announcement and at the end, and this one is over before a sink
        // with announcements says `online`.
        let came: BTreeSet<_> =
            whole.iter().map(|(topic, it)| (topic.as_str(), it.as_str())).collect();
        let came: BTreeSet<_> = came
            .into_iter()
            .filter(|(topic, it)| *it != "offline" && *topic != "house/status")
            .collect();
        let would_come: BTreeSet<_> =
            shown_messages.iter().copied().filter(|(topic, _)| *topic != "house/status").collect();
        let differs: Vec<_> = would_come.symmetric_difference(&came).take(3).collect();
        assert!(differs.is_empty(), "{differs:?}");
        let configs = shown_messages.iter().filter(|(topic, _)| topic.ends_with("/config"));
        assert_eq!(configs.count(), 1);
    });
}

/// Accepts everybody, and drops nothing.
const BROKER: &str = "allow_anonymous true\nmax_queued_messages 0";

#[test]
fn the_name_of_an_only_meter_holds_for_a_file_too() {
    let folder = Folder::new();
    let records = recorded(&folder);
    for (meters, is_named) in [("", true), ("[[meter]]\nsource = \"sim:\"\n", false)] {
        let config = format!(
            "[[meter]]\nname = \"Am See\"\nsource = \"{records}\"\nkey_file = \"{}\"\n{meters}\
             [[sink]]\nto = \"mqtt://127.0.0.1:1\"\n",
            folder.path("key")
        );
        let config = folder.write("named.toml", config);
        let mut watch = command(&["watch", &records, "--config", &config, "--dry-run"]);
        watch.env("XDG_STATE_HOME", folder.path("state"));
        let ran = run_command(watch, b"");
        assert_eq!(ran.status, 0, "{}", ran.err);
        assert_eq!(ran.out.contains("\"name\":\"Am See\""), is_named, "{}", ran.out);
    }
}

#[test]
fn it_needs_a_sink_and_no_format() {
    let dry = |more: &[&str]| run(&[&["watch", "sim:", "--dry-run"], more].concat(), b"");
    let ran = dry(&[]);
    assert_eq!((ran.status, ran.err.contains("name one with --to")), (2, true), "{}", ran.err);
    for more in [&["--format=json"][..], &["--record=x"]] {
        let ran = dry(&[more, &["--to=file:x"]].concat());
        assert_eq!((ran.status, ran.err.contains("cannot be used with")), (2, true), "{}", ran.err);
    }
    let ran = dry(&["--to=file:x?fields=power_net_w", "--once"]);
    assert_eq!((ran.status, ran.out.lines().count(), ran.err.as_str()), (0, 1, ""), "{}", ran.out);
    assert!(ran.out.starts_with("file:x\tx\t{\"power_net_w\":"), "{}", ran.out);
}
