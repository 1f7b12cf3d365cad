//! `publish`, `watch --to` and `config`, as a user runs them.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use crate::common::binary::{Ran, Running, command, run, run_command, signal, wait_for};
use crate::common::published::KEY;
use crate::common::secrets::{CANARY, TYPED};
use crate::common::sinks::village;
use crate::common::terminal::terminal;
use rustix::process::Signal;
use tempfile::TempDir;

const DUMP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/netznoe-doc-2021.hex");

fn readings(count: &str) -> String {
    let start = "2026-06-21T00:00:00+02:00";
    let wire = run(&["simulate", "--count", count, "--start", start], b"");
    let mut decode = command(&["decode"]);
    decode.env("P1_GUEK", "36C66639E48A8CA4D6BC8B282A793BBB");
    let ran = run_command(decode, wire.out.as_bytes());
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    ran.out
}

/// A command that finds no configuration but ours.
fn at_home(folder: &TempDir, args: &[&str]) -> Command {
    let mut command = command(args);
    command.env("XDG_CONFIG_HOME", folder.path()).current_dir(folder.path());
    command
}

fn publish(folder: &TempDir, args: &[&str], input: &str) -> Ran {
    let args = [&["publish"], args].concat();
    run_command(at_home(folder, &args), input.as_bytes())
}

fn read(folder: &TempDir, name: &str) -> String {
    fs::read_to_string(folder.path().join(name)).unwrap_or_default()
}

#[test]
fn each_sink_gets_what_it_wants_in_its_own_form() {
    let (folder, input) = (TempDir::new().unwrap(), readings("7"));
    let ran = publish(
        &folder,
        &[
            "--to=file:all.jsonl",
            "--to=file:few.csv?fields=time,power_net_w&every=10s",
            "--to=solarview:solarview.txt",
            "--to=prometheus:metrics.prom",
        ],
        &input,
    );
    assert_eq!(ran, Ran { status: 0, out: String::new(), err: String::new() });
    assert_eq!(read(&folder, "all.jsonl"), input, "a line is a line");
    // Every second telegram, and the header.
    let few = read(&folder, "few.csv");
    assert_eq!(few.lines().count(), 1 + 4, "{few}");
    assert!(few.starts_with("time,power_net_w\n2026-06-21T00:00:00+02:00,"), "{few}");
    assert!(read(&folder, "solarview.txt").starts_with("/?!\n/KAIFA\n1.8.0("));
    let metrics = read(&folder, "metrics.prom");
    assert!(
        metrics.contains("smartmeter_telegrams_total{meter=\"181220404247\"} 7\n"),
        "{metrics}"
    );
}

#[test]
fn a_whole_village_is_stored() {
    let (folder, input) = (TempDir::new().unwrap(), village(1500));
    fs::create_dir(folder.path().join("each")).unwrap();
    let to =
        ["--to=file:all.jsonl", "--to=prometheus:metrics.prom", "--to=solarview:each/{meter}.txt"];
    let ran = publish(&folder, &to, &input);
    assert_eq!(ran, Ran { status: 0, out: String::new(), err: String::new() });
    let sorted = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
    let stored = read(&folder, "all.jsonl");
    assert_eq!((stored.lines().count(), sorted(&stored)), (3000, sorted(&input)));
    let metrics = read(&folder, "metrics.prom");
    assert_eq!(metrics.matches("\nsmartmeter_telegrams_total{").count(), 1500);
    assert_eq!(fs::read_dir(folder.path().join("each")).unwrap().count(), 1500);
    // A file with room for one meter stores the readings of the others nowhere.
    let ran = publish(&folder, &["--to=solarview:solarview.txt"], &village(3));
    assert_eq!(ran.status, 6, "{}", ran.err);
    assert!(ran.err.contains("has room for one meter, 181220000000: "), "{}", ran.err);
    assert!(ran.err.contains("4 readings not stored"), "{}", ran.err);
}

#[test]
fn a_line_that_is_none_costs_no_other() {
    let (folder, input) = (TempDir::new().unwrap(), readings("2"));
    let (first, second) = input.split_once('\n').unwrap();
    let torn = &first[..100];
    let mixed = format!("{first}\nhello\n{{\"schema\":1}}\n{torn}\n\n{second}");
    let ran = publish(&folder, &["--to=file:all.jsonl"], &mixed);
    assert_eq!(ran.status, 1);
    assert_eq!(read(&folder, "all.jsonl"), input);
    for message in [
        "line 2: reading: not a line of readings: no JSON at octet 0",
        "line 3: reading: not a line of readings: nothing known at octet 0",
        "line 4: reading: not a line of readings: JSON that breaks off at octet 99",
        "2 telegrams, 3 rejected",
    ] {
        assert!(ran.err.contains(message), "{message}: {}", ran.err);
    }
    let records = run(&["simulate", "--count", "1"], b"").out;
    let ran = publish(&folder, &["--to=file:none.jsonl"], &records);
    assert_eq!(ran.status, 3, "{}", ran.err);
    let advice = "meterpipe publish: these are records, not readings: decode makes them, as in meterpipe \
                  decode --key-file KEYFILE FILE | meterpipe publish\n";
    assert_eq!(ran.err, advice);
    // Empty input is an error too, as in all subcommands.
    assert_eq!(publish(&folder, &["--to=file:none.jsonl"], "").status, 3);
}

#[test]
fn what_cannot_be_meant_is_reported_before_anything_is_read() {
    let folder = TempDir::new().unwrap();
    for (args, message) in [
        (&["--to=broker"][..], "--to: broker: a sink is written as mqtt://HOST or file:PATH"),
        (&["--to=carrier:pigeon"], "carrier:pigeon: no sink is called carrier: there are "),
        (&["--to=file:x?evry=1s"], "file:x: file: nothing is called evry: did you mean every?"),
        (&["--to=influxdb://h?db=d&retry=999999999999999999d"], "d: at most ten years expected"),
        (
            &["--to=file:x?fields=what"],
            "file:x: fields: no field is called what: --list-fields prints all names",
        ),
        (&[], "nowhere to publish to: name a sink with --to, or a configuration"),
        (&["--config=none.toml"], "none.toml: no such file\n"),
        (&["--to=file:x", "mqtt://u:typ3d@h"], "a sink stands where a FILE is expected"),
    ] {
        let ran = publish(&folder, args, "");
        assert_eq!(ran.status, 2, "{args:?}");
        assert!(ran.err.contains(message), "{message}: {}", ran.err);
    }
    let ran = run_command(at_home(&folder, &["watch", "mqtt://u:typ3d@h"]), b"");
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("a sink stands where a SOURCE is expected"), "{}", ran.err);
    assert!(!folder.path().join("x").exists());
}

#[test]
fn a_sink_that_cannot_store_holds_up_no_other_and_its_loss_is_reported() {
    let (folder, input) = (TempDir::new().unwrap(), readings("50"));
    // This server accepts connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let influx = format!("--to=influxdb://u:{TYPED}@127.0.0.1:{port}?db=x&timeout=1s");
    let ran = publish(&folder, &[&influx, "--to=file:all.jsonl"], &input);
    assert_eq!(ran.status, 6, "{}", ran.err);
    assert_eq!(read(&folder, "all.jsonl"), input);
    assert!(ran.err.contains("50 readings not stored"), "{}", ran.err);
    assert!(ran.err.contains("--to shows its secret to other users here"), "{}", ran.err);
    // A key that no sink has is none.
    let ran = publish(&folder, &["--to=file:b.jsonl?evry=3s"], &input);
    assert_eq!((ran.status, ran.err.lines().count()), (2, 1), "{}", ran.err);
}

#[test]
fn a_broker_that_answers_and_acknowledges_nothing_is_not_waited_for_for_ever() {
    let (folder, input) = (TempDir::new().unwrap(), readings("7"));
    let broker = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = broker.local_addr().unwrap().port();
    let first = thread::spawn(move || {
        let (mut stream, _) = broker.accept().unwrap();
        let (mut octets, mut count) = ([0; 4096], stream.read(&mut [0; 4096]).unwrap());
        stream.write_all(&[0x20, 3, 0, 0, 0]).unwrap();
        while count > 0 {
            count = stream.read(&mut octets).unwrap_or(0);
            if octets[..count].ends_with(&[0xc0, 0]) {
                stream.write_all(&[0xd0, 0]).unwrap();
            }
        }
        broker.set_nonblocking(true).unwrap();
        // A sink that waits too long gives up this connection and opens another.
        thread::sleep(Duration::from_secs(3));
        broker.accept().is_err()
    });
    let to = format!("--to=mqtt://127.0.0.1:{port}?qos=1&keepalive=10s&ha=off");
    let ran = publish(&folder, &[&to, "--to=file:all.jsonl"], &input);
    assert!(first.join().unwrap(), "{}", ran.err);
    assert_eq!((ran.status, read(&folder, "all.jsonl")), (6, input));
    assert!(ran.err.contains("7 readings not stored"), "{}", ran.err);
    assert!(ran.err.contains("does not acknowledge messages"), "{}", ran.err);
}

/// The peak memory of a process, in MiB, without the pages of the program itself: those of a debug build grow with its
/// code.
fn peak(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let size = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap()
    };
    (size("VmHWM:") - size("RssFile:")) / 1024
}

#[test]
fn a_week_in_which_nothing_can_be_stored_takes_no_more_memory_than_an_hour() {
    let folder = TempDir::new().unwrap();
    let full = "--to=file:/dev/full";
    // No server listens there.
    let dead = ["--to=mqtt://127.0.0.1:1?qos=1", "--to=influxdb://127.0.0.1:1?bucket=b&org=o"];
    let (running, mut stdin) = piped(&folder, &[&["publish", full], &dead[..]].concat());
    let line = readings("1");
    let (start, rest) = line.split_once("\"energy_import_wh\":").unwrap();
    let rest = rest.split_once(',').unwrap().1;
    let clock = "\"time\":\"2026-06-21T00:00:00+02:00\"";
    assert!(start.contains(clock), "{start}");
    let mut peaks = Vec::new();
    for telegram in 0..120_960 {
        let time = jiff::Timestamp::from_second(1_782_000_000 + 5 * telegram).unwrap();
        let start = start.replace(clock, &format!("\"time\":\"{time}\""));
        // A counter that stands still says nothing, so the clock counts.
        let text = format!("{start}\"energy_import_wh\":{},{rest}", 6_000_000 + telegram);
        stdin.write_all(text.as_bytes()).unwrap();
        if [40_000, 120_959].contains(&telegram) {
            peaks.push(peak(running.0.id()));
        }
    }
    println!("after 40 000 and 120 960 telegrams: {peaks:?} MiB");
    assert!(peaks[1] <= peaks[0] + 4 && peaks[1] < 20, "{peaks:?}");
    drop(stdin);
    let ran = running.ended();
    assert_eq!(ran.status, 6);
    assert_eq!(ran.err.matches("120960 readings not").count(), 3, "{}", ran.err);
}

#[test]
fn the_configuration_is_checked_and_shown_without_its_secrets() {
    let folder = TempDir::new().unwrap();
    let place = folder.path().join("meterpipe");
    fs::create_dir(&place).unwrap();
    fs::write(folder.path().join("keys"), "36C66639E48A8CA4D6BC8B282A793BBB\n").unwrap();
    let write = |text: &str| fs::write(place.join("config.toml"), text).unwrap();
    let config = |action: &str| run_command(at_home(&folder, &["config", action]), b"");
    assert!(config("check").err.contains("there is no configuration"));
    assert_eq!(config("show").status, 2);
    let both = format!(
        "[[meter]]\nsource = \"sim:\"\nkey_file = \"keys\"\n\n\
         [[sink]]\nto = \"influxdb://u:{CANARY}@localhost\"\ndb = \"home\"\n\n\
         [[sink]]\nto = \"file:new.csv\"\nfields = [\"time\", \"power_net_w\"]\n"
    );
    write(&both);
    let checked = config("check");
    assert_eq!(checked.status, 0, "{}", checked.err);
    assert!(
        checked.out.ends_with("config.toml: 1 meter, 2 sinks, no mistake\n"),
        "{}",
        checked.out
    );
    write("[[meter]]\nsource = \"/dev/x\"\n\n[[meter]]\nname = \"b\"\nkey_file = \"keys\"\n");
    let remarked = config("check");
    assert_eq!(remarked.status, 0, "{}", remarked.err);
    let remarks: Vec<_> =
        remarked.out.lines().map(|line| line.split_once(".toml: ").unwrap().1).collect();
    assert_eq!(
        remarks,
        [
            "meter number 1 has no key_file: its encrypted telegrams stay closed",
            "there is no [[sink]]: watch prints the readings, and stores none",
            "2 meters, 0 sinks, no mistake"
        ]
    );
    for name in ["{date}.csv", "{meter}/{date}.csv", "all.csv"] {
        write(&format!("[[sink]]\nto = \"file:none/there/{name}\"\n"));
        let checked = config("check");
        assert_eq!(checked.status, 0, "{}", checked.err);
        assert!(checked.out.contains("there is no folder none/there\n"), "{}", checked.out);
    }
    write(
        "[[sink]]\nto = \"exec:/no/program\"\n\n\
         [[sink]]\nto = \"influxdb://h\"\nbucket = \"b\"\nspool = \"no/spool\"\n",
    );
    let checked = config("check");
    assert_eq!((checked.status, checked.err.as_str()), (0, ""), "a spool is no secret");
    let warning = "warning: sink exec:/no/program: /no/program: no such program\n";
    assert!(checked.out.contains(warning), "{}", checked.out);
    assert!(config("show").out.contains("spool = \"no/spool\"\n"));
    write(&both);
    let shown = config("show");
    assert_eq!(shown.status, 0);
    assert!(shown.out.contains("password = \"…\""), "{}", shown.out);
    assert!(shown.out.contains("fields = \"time,power_net_w\""), "{}", shown.out);
    assert!(!folder.path().join("new.csv").exists(), "nothing is opened");
    for (text, why) in [
        ("\nkey_file = \"nowhere\"", "line 3: key_file: nowhere: no such file\n"),
        (
            "key_file = \"meterpipe/config.toml\"",
            "line 2: key_file: meterpipe/config.toml: line 1: ",
        ),
        ("name = \"a\"\nsource = \"sim:b\"", "line 3: source: sim:b: "),
        ("source = \"mqtt://h\"", "line 2: source: a sink stands where a SOURCE is expected"),
    ] {
        write(&format!("[[meter]]\n{text}\n"));
        let checked = config("check");
        assert_eq!(checked.status, 2, "{text}: {}", checked.err);
        assert!(checked.err.contains(&format!("config.toml: {why}")), "{why}: {}", checked.err);
    }
}

#[test]
fn a_mistake_in_a_sink_is_reported_with_its_line() {
    let folder = TempDir::new().unwrap();
    let place = folder.path().join("c.toml");
    let message = |text: &str, action: &[&str]| {
        fs::write(&place, format!("[[sink]]\nto = \"file:a\"\n\n[[sink]]\n{text}\n")).unwrap();
        let ran = run_command(at_home(&folder, &[action, &["--config=c.toml"]].concat()), b"");
        assert_eq!(ran.status, 2, "{}", ran.err);
        ran.err.split_once("c.toml: ").unwrap().1.trim_end().to_owned()
    };
    for (text, why) in [
        ("to = \"file:a\"\nevry = 1", "line 6: file: nothing is called evry: did you mean every?"),
        ("to = \"file:a\"\n[sink.nmes]\ntime = 1", "line 7: file: nothing is called nmes.time"),
        ("evry = 1\nto = \"file:a?rotate=daily\"", "line 5: file: nothing is called evry"),
        ("every = 1\nto = \"file:a?rotat=daily\"", "line 6: file: nothing is called rotat"),
        ("to = \"file:a\"\nevery = \"1x\"", "line 6: every = 1x: expected a duration such as 30s"),
        ("to = \"file:a\"\nkeep = 2", "line 6: keep goes with rotate"),
        ("to = \"file:a\"\nfields = [\n\"a\"]", "line 6: fields: no field is called a"),
        ("to = \"file:a\"\nnames.a = \"b\"", "line 6: names.a: no field is called a"),
        ("to = \"file:a\"\n[sink.bands]\n\n\"1-0:1.8.0\" = \"b\"", "line 8: bands.1-0:1.8.0 = b: "),
        ("to = \"file:a\"\nunits = { energy = \"W\" }", "line 6: units.energy: energy in W: "),
        ("to = \"mqtt://h\"\nuser = \"u\"\nqos = 7\nretain = true", "line 7: qos: 0 or 1"),
        ("\nto = \"influxdb://h\"\nbatch = 1", "line 4: where to write to is missing"),
        ("to = \"carrier:pigeon\"", "line 4: no sink is called carrier"),
    ] {
        for action in [&["config", "check"][..], &["publish"]] {
            let line = message(text, action);
            assert!(line.starts_with(why), "{why}: {line}");
        }
    }
}

#[test]
fn what_is_shown_of_a_configuration_is_a_configuration_that_says_the_same() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["guek", "secret"] {
        fs::write(at(name), "36C66639E48A8CA4D6BC8B282A793BBB\n").unwrap();
    }
    let all = r#"[[meter]]
name = "Haus \"A\""
source = "sim:"
key_file = "guek"
baud = 9600
parity = "none"

[[sink]]
to = "MQTT://anna@[::1]:1884/a%40b?qos=1&names.1-0:99.1.0=x"
password_file = "secret"
client_id = "a\"b"
keepalive = "1m"
protocol = 5
topic = "{base}/{meter}"
layout = "json"
status = "none"
retain = true
ha = "component"
ha_prefix = "h"
ha_expire_after = 0
ha_compat = true
fields = ["power_net_w", "1-0:99.1.0", "voltage_l1_v"]
topics = { "voltage_l1_v,voltage_l2_v" = "openWB/u 1", power_net_w = "a/b kW 3" }
units.power = "kW"
names."item_3" = "drei"

[[sink]]
to = "influxdbs://h/x?bucket=b"
org = "o"
token_file = "./secret"
insecure = true
measurement = "m\u007f"
tags = { "a b" = "c" }
timestamp = "received"
batch = 5
flush = "1s"
timeout = "2s"
retry = "3s"

[[sink]]
to = "influxdb://anna@h"
db = "d"
rp = "r"
password_file = "secret"

[[sink]]
to = "file:a%20@b.csv?rotate=daily&keep=3"
format = "csv"
csv_locale = "at"
every = "30s"
on_change = ["power_net_w", "1-0:99.1.0"]
bands = { "1-0:99.1.0" = 1.50 }
at_least_every = "5m"
guard = false

[[sink]]
to = "prometheus://127.0.0.1:9888"
expire_after = "1h"

[[sink]]
to = "solarview:s.txt"
meter = "1"
style = "d0"
"#;
    let config = |action: &str, file: &str| {
        let ran = run_command(at_home(&folder, &["config", action, "--config", file]), b"");
        assert_eq!(ran.status, 0, "{}", ran.err);
        ran.out.split_once('\n').map_or(ran.out.clone(), |(_, rows)| rows.to_owned())
    };
    fs::write(at("a.toml"), all).unwrap();
    let shown = config("show", "a.toml");
    assert!(!shown.contains('…'), "{shown}");
    // No key is lost, and each of a table has a line.
    assert_eq!(shown.matches(" = ").count(), 58, "{shown}");
    fs::write(at("b.toml"), &shown).unwrap();
    config("check", "b.toml");
    // Settings from the URI come in another order.
    let tables = |text: &str| {
        let rows = |table: &str| table.lines().map(str::to_owned).collect::<BTreeSet<_>>();
        text.split("\n\n").map(rows).collect::<Vec<_>>()
    };
    assert_eq!(tables(&config("show", "b.toml")), tables(&shown));
}

/// A run that is asked to end after the file has so many lines.
fn watch_until(folder: &TempDir, args: &[&str], name: &str, lines: usize) -> Ran {
    let mut watch = at_home(folder, args);
    watch.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let running = Running(watch.spawn().unwrap());
    wait_for("readings", || read(folder, name).lines().count() >= lines);
    signal(&running.0, Signal::TERM);
    running.ended()
}

#[test]
fn watch_feeds_sinks_and_leaves_standard_output_to_who_asks_for_it() {
    let folder = TempDir::new().unwrap();
    let quiet = watch_until(&folder, &["watch", "sim:", "--to=file:a.jsonl"], "a.jsonl", 1);
    assert_eq!((quiet.status, quiet.out.as_str(), quiet.err.as_str()), (0, "", ""));
    let args = ["watch", "sim:", "--to=file:b.jsonl", "--format=json"];
    let both = watch_until(&folder, &args, "b.jsonl", 1);
    assert_eq!(both.status, 0);
    assert_eq!(both.out, read(&folder, "b.jsonl"), "the same line on both ways");
}

#[test]
fn an_option_of_the_output_does_not_vanish_beside_a_sink() {
    let folder = TempDir::new().unwrap();
    let watch = |args: &[&str]| {
        let args = [&["watch", "--once", "sim:"], args].concat();
        run_command(at_home(&folder, &args), b"")
    };
    for (option, advice) in [
        (&["--csv-locale=at"][..], "write file:a.csv?csv_locale=at\n"),
        (&["--fields=time,meter"], "write file:a.csv?fields=time,meter\n"),
        (&["--names", "power_net_w=P"], "write file:a.csv?names.power_net_w=P\n"),
        (&["--unit", "energy=kWh"], "write file:a.csv?units.energy=kWh\n"),
        (&["--no-header"], "choose a --format"),
        (&["--objects"], "choose a --format"),
        (&["--fields=time", "--dry-run"], "write file:a.csv?fields=time\n"),
    ] {
        let ran = watch(&[option, &["--to=file:a.csv"]].concat());
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{option:?}: {}", ran.err);
        assert!(ran.err.contains(advice), "{option:?}: {}", ran.err);
    }
    let ran = watch(&["--unit=energy=kWh", "--to=prometheus:x.prom", "--to=exec:cat"]);
    assert!(ran.err.ends_with(": write exec:cat?units.energy=kWh\n"), "{}", ran.err);
    let ran = watch(&["--unit=energie=kWh", "--to=file:a.csv"]);
    assert!(ran.err.ends_with(": did you mean energy?\n"), "{}", ran.err);
    let ran = watch(&["--csv-locale=at", "--to=mqtt://u:geheim@127.0.0.1:9"]);
    assert!(ran.err.contains("leave it out") && !ran.err.contains("geheim"), "{}", ran.err);
    assert!(!folder.path().join("a.csv").exists());
    let ran = watch(&["--csv-locale=at", "--format=csv", "--to=file:b.csv"]);
    assert_eq!((ran.status, ran.err.contains("--csv-locale")), (0, false), "{}", ran.err);
    assert!(ran.out.starts_with("time;"), "{}", ran.out);
    // Printed, and not for the file, unless that has the key too.
    for (sink, is_told) in [("--to=file:c.csv", true), ("--to=file:d.csv?csv_locale=at", false)] {
        let (_master, node) = terminal();
        let shown = fs::OpenOptions::new().write(true).open(node).unwrap();
        let mut watch = at_home(&folder, &["watch", "--once", "sim:", "--csv-locale=at", sink]);
        watch.stdin(Stdio::null()).stdout(shown).stderr(Stdio::piped());
        let ran = Running(watch.spawn().unwrap()).ended();
        let word = "not for sinks, which take file:c.csv?csv_locale=at\n";
        assert_eq!((ran.status, ran.err.contains(word)), (0, is_told), "{}", ran.err);
    }
    let ran = run(&["publish", "--unit=energy=kWh", "--to=file:a.csv"], b"");
    assert!(ran.err.contains("'file:PATH?units.energy=kWh'"), "{}", ran.err);
}

#[test]
fn watch_without_a_source_takes_all_that_is_configured_and_nothing_of_it_with_one() {
    let folder = TempDir::new().unwrap();
    let place = folder.path().join("meterpipe");
    fs::create_dir(&place).unwrap();
    let config = "[[meter]]\nsource = \"sim:ksm-west\"\n[[sink]]\nto = \"file:a.jsonl\"\n";
    fs::write(place.join("config.toml"), config).unwrap();
    let ran = watch_until(&folder, &["watch"], "a.jsonl", 1);
    assert_eq!((ran.status, ran.out.as_str()), (0, ""));
    assert!(read(&folder, "a.jsonl").contains("\"meter\":\"1KFM"));
    fs::remove_file(folder.path().join("a.jsonl")).unwrap();
    let args = ["watch", "--once", "sim:", "--format=json"];
    let ran = run_command(at_home(&folder, &args), b"");
    assert_eq!((ran.status, ran.out.lines().count()), (0, 1));
    assert!(!folder.path().join("a.jsonl").exists(), "a virtual meter is not the house");
}

#[test]
fn files_that_were_moved_away_are_opened_anew_on_sighup() {
    let (folder, input) = (TempDir::new().unwrap(), readings("50"));
    let (running, mut stdin) = piped(&folder, &["publish", "--to=file:log.jsonl"]);
    let at = |name: &str| folder.path().join(name);
    let mut sent = 0;
    for line in input.lines() {
        stdin.write_all(format!("{line}\n").as_bytes()).unwrap();
        sent += 1;
        wait_for("the line", || {
            (read(&folder, "log.jsonl.1") + &read(&folder, "log.jsonl")).lines().count() == sent
        });
        if sent == 1 {
            fs::rename(at("log.jsonl"), at("log.jsonl.1")).unwrap();
            signal(&running.0, Signal::HUP);
        }
    }
    assert!(read(&folder, "log.jsonl").lines().count() > 40, "{}", read(&folder, "log.jsonl"));
    drop(stdin);
    assert_eq!(running.ended().status, 0);
    assert_eq!(read(&folder, "log.jsonl.1") + &read(&folder, "log.jsonl"), input);
}

#[test]
fn sinks_come_and_go_with_the_configuration_on_sighup() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("config.toml");
    let configure = |sinks: &[&str]| {
        let table = |to: &&str| format!("[[sink]]\nto = \"file:{to}\"\nguard = false\n");
        fs::write(&path, sinks.iter().map(table).collect::<String>()).unwrap();
    };
    configure(&["kept.jsonl", "ended.jsonl", "changed.jsonl"]);
    let (mut running, mut stdin) = piped(&folder, &["publish", "--config=config.toml"]);
    let mut messages = BufReader::new(running.0.stderr.take().unwrap()).lines();
    let input = readings("6");
    let mut lines = input.lines();
    let mut send = |files: &[(&str, usize)]| {
        stdin.write_all(format!("{}\n", lines.next().unwrap()).as_bytes()).unwrap();
        for (file, count) in files {
            wait_for("the line", || read(&folder, file).lines().count() == *count);
        }
    };
    let mut hang_up = |expected: &[&str]| {
        signal(&running.0, Signal::HUP);
        for text in expected {
            let message = messages.next().unwrap().unwrap();
            assert!(message.contains(text), "{message}");
        }
    };
    send(&[("kept.jsonl", 1), ("ended.jsonl", 1), ("changed.jsonl", 1)]);
    configure(&["kept.jsonl", "new.jsonl", "changed.jsonl\"\nfields = \"power_net_w"]);
    hang_up(&[
        "read again: 3 sinks",
        "file:ended.jsonl: ends",
        "file:new.jsonl: starts",
        "file:changed.jsonl: starts again with new settings",
    ]);
    send(&[("kept.jsonl", 2), ("new.jsonl", 1), ("changed.jsonl", 2)]);
    let changed = read(&folder, "changed.jsonl");
    assert_eq!(changed.lines().last(), Some("{\"power_net_w\":150}"), "{changed}");
    fs::write(&path, "[[sink]]\nto = \"file:x\"\nfiedls = 1").unwrap();
    hang_up(&[
        "config.toml: line 3: file: nothing is called fiedls: did you mean fields?; nothing changes",
    ]);
    send(&[("kept.jsonl", 3), ("new.jsonl", 2), ("changed.jsonl", 3)]);
    assert_eq!(read(&folder, "ended.jsonl").lines().count(), 1);
    drop(stdin);
    assert_eq!(running.ended().status, 0);
}

#[test]
fn config_check_reports_all_mistakes_at_once() {
    let folder = TempDir::new().unwrap();
    let text = "[[meter]]\nsorce = \"a\"\nbaud = \"x\"\nkey_file = \"none\"\n\n[[sink]]\nretain = true\n\n\
                [[sink]]\nto = \"mqtt://h\"\nqos = 7\nretian = true\nkeepalive = \"soon\"\n";
    fs::write(folder.path().join("config.toml"), text).unwrap();
    let ran = run_command(at_home(&folder, &["config", "check", "--config=config.toml"]), b"");
    let expected = [
        "line 2: nothing is called sorce: did you mean source?",
        "line 3: a number or auto is expected here",
        "line 6: the sink has no to = \"mqtt://HOST\"",
        "line 4: key_file: none: no such file",
        "line 12: mqtt: nothing is called retian: did you mean retain?",
        "line 11: qos",
        "line 13: keepalive = soon",
    ];
    let lines: Vec<_> = ran.err.lines().collect();
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.contains(&format!("config.toml: {expected}")), "{line} is not {expected}");
    }
    assert_eq!((ran.status, lines.len()), (2, expected.len()), "{}", ran.err);
    let ran = run_command(at_home(&folder, &["watch", "--config=config.toml"]), b"");
    let first = "sorce: did you mean source? (2 mistakes more: meterpipe config check)";
    assert!(ran.err.contains(first), "{}", ran.err);
}

#[test]
fn a_tilde_stands_for_the_home_folder_where_no_shell_replaces_it() {
    let folder = TempDir::new().unwrap();
    let config = "[[meter]]\nsource = \"~/dump.hex\"\nkey_file = \"~/guek\"\n\
                  [[sink]]\nto = \"file:~/c.jsonl\"\n\
                  [[sink]]\nto = \"influxdb://h\"\ndb = \"d\"\nspool = \"~/guek/spool\"\n";
    fs::write(folder.path().join("config.toml"), config).unwrap();
    fs::write(folder.path().join("guek"), KEY).unwrap();
    fs::copy(DUMP, folder.path().join("dump.hex")).unwrap();
    let at_other = |args: &[&str]| {
        let mut command = at_home(&folder, args);
        command.current_dir("/").env("HOME", folder.path());
        command
    };
    let sink = "--to=file:~/a.jsonl";
    let ran = run_command(at_other(&["watch", "~/dump.hex", "--key-file=~/guek", sink]), b"");
    assert_eq!((ran.status, read(&folder, "a.jsonl").lines().count()), (0, 1), "{}", ran.err);
    let path = folder.path().join("config.toml").display().to_string();
    let ran = run_command(at_other(&["config", "check", "--config", &path]), b"");
    assert_eq!(ran.status, 0, "{}", ran.err);
    let spool = format!("{}/guek is a file: spool takes a folder\n", folder.path().display());
    assert!(ran.out.contains(&spool), "{}", ran.out);
    // Another user has another home.
    let ran = run_command(at_other(&["config", "show", "--config", &path]), b"");
    let to = format!("to = \"file:{}/c.jsonl\"\n", folder.path().display());
    assert!(ran.out.contains(&to), "{}", ran.out);
}

#[test]
fn config_check_warns_of_a_place_that_no_file_or_spool_can_have() {
    let folder = TempDir::new().unwrap();
    let config = folder.path().join("c.toml");
    fs::write(folder.path().join("file"), "").unwrap();
    fs::create_dir(folder.path().join("folder")).unwrap();
    let influx = "to = \"influxdb://h\"\ndb = \"d\"\nspool = ";
    for (sink, warning) in [
        (
            "to = \"file:folder/\"".to_owned(),
            "sink file:folder/: folder/ is a folder, not a file\n",
        ),
        ("to = \"prometheus:folder\"".to_owned(), "folder is a folder, not a file\n"),
        (format!("{influx}\"file\""), "/file is a file: spool takes a folder\n"),
        (format!("{influx}\"file/in/it\""), "/file is a file: spool takes a folder\n"),
        (format!("{influx}\"/proc/x\""), "sink influxdb://h: spool: /proc takes no files: "),
        (format!("{influx}\"new/folder\""), ""),
        (format!("{influx}\"folder\""), ""),
    ] {
        fs::write(&config, format!("[[sink]]\n{sink}\n")).unwrap();
        let ran = run_command(at_home(&folder, &["config", "check", "--config=c.toml"]), b"");
        assert_eq!((ran.status, &*ran.err), (0, ""), "{sink}");
        assert!(ran.out.contains(warning), "{sink}: {}", ran.out);
        assert_eq!(ran.out.contains("warning: "), !warning.is_empty(), "{sink}: {}", ran.out);
    }
    let left: Vec<_> = fs::read_dir(folder.path().join("folder")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn accounts_add_up_in_the_summary_and_as_metrics() {
    let (folder, mut input) = (TempDir::new().unwrap(), readings("7"));
    // A repetition, and a line that is none.
    input += &(input.lines().last().unwrap().to_owned() + "\n{}]\n");
    let sinks = ["-v", "--to=file:all.jsonl?every=10s", "--to=prometheus:metrics.prom"];
    let ran = publish(&folder, &sinks, &input);
    assert_eq!(ran.status, 1, "{}", ran.err);
    let account = "file:all.jsonl: 4 readings: 4 stored, 0 on the disk, 0 lost\n";
    assert!(ran.err.contains(account), "{}", ran.err);
    assert_eq!(read(&folder, "all.jsonl").lines().count(), 4);
    let metrics = read(&folder, "metrics.prom");
    for line in [
        format!("meterpipe_octets{{result=\"framed\"}} {}", input.len()),
        "meterpipe_octets{result=\"discarded\"} 0".to_owned(),
        "meterpipe_telegrams{result=\"good\"} 7".to_owned(),
        "meterpipe_telegrams{result=\"held\",reason=\"duplicate\"} 1".to_owned(),
        "meterpipe_telegrams{result=\"rejected\",reason=\"unreadable\"} 1".to_owned(),
    ] {
        assert!(metrics.lines().any(|known| known == line), "{line} in\n{metrics}");
    }
}

/// A run with a pipe as its input, which stays open.
fn piped(folder: &TempDir, args: &[&str]) -> (Running, std::process::ChildStdin) {
    let mut command = at_home(folder, args);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    command.env("P1_GUEK", "36C66639E48A8CA4D6BC8B282A793BBB");
    let mut running = Running(command.spawn().unwrap());
    let stdin = running.0.stdin.take().unwrap();
    (running, stdin)
}

#[test]
fn watch_looks_after_its_sinks_while_a_pipe_is_silent() {
    let folder = TempDir::new().unwrap();
    let wire = run(&["simulate", "--count", "3"], b"").out;
    let args = ["watch", "-", "--to=file:log.jsonl"];
    let (running, mut stdin) = piped(&folder, &args);
    stdin.write_all(wire.as_bytes()).unwrap();
    // The last one waits for the end.
    wait_for("readings", || read(&folder, "log.jsonl").lines().count() >= 2);
    fs::rename(folder.path().join("log.jsonl"), folder.path().join("log.jsonl.1")).unwrap();
    signal(&running.0, Signal::HUP);
    let more = run(&["simulate", "--count", "3", "--start", "2027-01-01T00:00+01"], b"").out;
    stdin.write_all(more.as_bytes()).unwrap();
    wait_for("the new file", || read(&folder, "log.jsonl").lines().count() >= 2);
    signal(&running.0, Signal::TERM);
    let ran = running.ended();
    assert_eq!((ran.status, &*ran.err), (0, ""));
    let all = read(&folder, "log.jsonl.1") + &read(&folder, "log.jsonl");
    assert!(all.lines().count() >= 5, "{all}");
    drop(stdin);
}

#[test]
fn a_sink_that_hangs_holds_up_no_other_for_long() {
    let folder = TempDir::new().unwrap();
    // Nothing reads this terminal: a writer blocks for ever.
    let (_terminal, name) = terminal();
    let name = name.display();
    let (line, mut input) = (readings("1"), String::new());
    for counter in 0..3000 {
        let (start, end) = line.split_once("\"invocation_counter\":").unwrap();
        let end = end.split_once(',').unwrap().1;
        input += &format!("{start}\"invocation_counter\":{counter},{end}");
    }
    let stuck = format!("--to=file:{name}");
    let ran = publish(&folder, &[&stuck, "--to=file:all.jsonl"], &input);
    assert_eq!(ran.status, 6, "{}", ran.err);
    assert!(read(&folder, "all.jsonl") == input, "all of it is there");
    assert!(ran.err.contains(&format!("file:{name}: does not come to its end")), "{}", ran.err);
    // The sink has taken a batch, and nobody knows how much of it came out.
    let count = ran.err.split_once(" readings not stored").unwrap().0.rsplit_once(' ').unwrap().1;
    assert!((2500..=3000).contains(&count.parse::<u32>().unwrap()), "{}", ran.err);
}

#[test]
fn every_kind_of_sink_counts_what_it_could_not_store() {
    let (folder, input) = (TempDir::new().unwrap(), readings("7"));
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let exporter = format!("prometheus://127.0.0.1:{}", taken.local_addr().unwrap().port());
    // Of a page that shows the present, one is missing.
    for (to, lost) in [
        ("file:none/x", "7 readings"),
        ("solarview:none/x", "1 reading"),
        ("prometheus:none/x.prom", "1 reading"),
        (&exporter, "7 readings"),
        ("mqtt://127.0.0.1:1", "7 readings"),
        ("influxdb://127.0.0.1:1?db=x", "7 readings"),
        ("udp://no.such.host.invalid:9", "7 readings"),
        ("exec:no/such/program", "7 readings"),
        ("webhook+http://127.0.0.1:1", "7 readings"),
    ] {
        let ran = publish(&folder, &["--to", to], &input);
        assert_eq!(ran.status, 6, "{to}: {}", ran.err);
        let name = to.split('?').next().unwrap();
        let message = format!("meterpipe publish: {name}: {lost} not stored\n");
        assert!(ran.err.contains(&message), "{message}{}", ran.err);
    }
}

#[test]
fn a_slow_server_has_the_time_that_it_takes_and_no_more() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let (sender, requests) = std::sync::mpsc::channel();
    thread::spawn(move || {
        for stream in server.incoming() {
            let mut stream = stream.unwrap();
            let mut octets = [0; 64 * 1024];
            let size = stream.read(&mut octets).unwrap();
            thread::sleep(Duration::from_secs(2));
            let answer = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
            stream.write_all(answer).unwrap();
            sender.send(size).unwrap();
        }
    });
    let folder = TempDir::new().unwrap();
    let sink = format!("--to=influxdb://127.0.0.1:{port}?bucket=b&batch=10");
    let ran = publish(&folder, &[&sink], &readings("40"));
    assert_eq!((ran.status, &*ran.err), (0, ""));
    assert_eq!(requests.try_iter().count(), 4, "8 s of requests");
}

#[test]
fn what_the_guard_refuses_is_counted() {
    let folder = TempDir::new().unwrap();
    let energies = ["12937", "12937", "5", "12938"];
    let input: String = (0..)
        .zip(energies)
        .map(|(second, energy)| {
            format!(
                "{{\"time\":\"2026-11-20T12:00:{second:02}Z\",\"meter\":\"7\",\
                 \"energy_import_wh\":{energy}}}\n"
            )
        })
        .collect();
    let stored = input.lines().filter(|line| !line.contains(":5}")).map(|line| format!("{line}\n"));
    let ran = publish(&folder, &["--to=file:a.jsonl", "--to=file:b.jsonl?guard=false"], &input);
    assert_eq!((ran.status, read(&folder, "a.jsonl")), (1, stored.collect::<String>()));
    assert!(ran.err.contains("falls from 12937 to 5; left out"), "{}", ran.err);
    assert!(ran.err.contains("4 telegrams, 1 rejected"), "{}", ran.err);
    assert_eq!(read(&folder, "b.jsonl"), input);
}

#[test]
fn a_configuration_that_cannot_run_has_mistakes() {
    let folder = TempDir::new().unwrap();
    let config = folder.path().join("c.toml");
    for (text, message) in [
        ("[[meter]]\nsource = \"sim:what\"", "sim:what: "),
        ("[[meter]]\nsource = \"tcp://host\"", "tcp://host: a peer is written as tcp://HOST:PORT"),
        ("[[meter]]\nbaud = 0", "line 2: a number or auto is expected here"),
        ("[[meter]]\nkey = \"a\"", "line 2: a key stands in a file of its own: key_file"),
        ("[[sink]]\nto = \"file:a\"\n[[sink]]\nto = \"file:///a\"", ""),
        (
            "[[sink]]\nto = \"file:a\"\n[[sink]]\nto = \"file:a\"",
            "file:a: another sink writes there",
        ),
        ("[[sink]]\nto = \"file:-\"", "- is no file"),
        ("[[sink]]\nto = \"file:a\"\nbands = { power_net_w = -5 }", "a number from 0 expected"),
    ] {
        fs::write(&config, text).unwrap();
        let args = ["config", "check", "--config", "c.toml"];
        let ran = run_command(at_home(&folder, &args), b"");
        assert_eq!(ran.status, if message.is_empty() { 0 } else { 2 }, "{text}: {}", ran.err);
        assert!(ran.err.contains(message), "{message}: {}", ran.err);
    }
}

#[test]
fn a_meter_is_called_what_its_user_calls_it() {
    let folder = TempDir::new().unwrap();
    let config = "[[meter]]\nname = \"my house\"\nsource = \"sim:\"\n";
    fs::write(folder.path().join("c.toml"), config).unwrap();
    let args = ["watch", "--once", "--config=c.toml", "--record=r.records"];
    assert_eq!(run_command(at_home(&folder, &args), b"").status, 0);
    let recorded = read(&folder, "r.records");
    assert!(recorded.contains(" from=my%20house\n"), "{recorded}");
}

#[test]
fn one_meter_of_several_may_be_chosen_and_only_what_goes_to_a_sink_changes() {
    let folder = TempDir::new().unwrap();
    let line = |second: u32, meter: u32, energy: u32, power: u32| {
        format!(
            "{{\"time\":\"2026-11-20T12:00:{second:02}Z\",\"meter\":\"{meter}\",\
             \"energy_import_wh\":{energy},\"power_net_w\":{power}}}\n"
        )
    };
    let all = (0..4).flat_map(|at| [line(5 * at, 1, 7 + at / 2, at), line(5 * at, 2, 9, at)]);
    let args = [
        "--to=file:two.jsonl?meter=2",
        "--to=file:changed.jsonl?meter=1&fields=time,energy_import_wh&on_change=true",
    ];
    let ran = publish(&folder, &args, &all.collect::<String>());
    assert_eq!((ran.status, &*ran.err), (0, ""));
    assert_eq!(read(&folder, "two.jsonl").matches("\"meter\":\"2\"").count(), 4);
    let changed = [(0, 7), (10, 8)].map(|(second, energy)| {
        format!("{{\"time\":\"2026-11-20T12:00:{second:02}Z\",\"energy_import_wh\":{energy}}}\n")
    });
    assert_eq!(read(&folder, "changed.jsonl"), changed.concat());
}
