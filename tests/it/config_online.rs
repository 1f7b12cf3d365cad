//! `config check --online`: sources, keys and sinks as they answer.

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    process::Stdio,
};

use crate::{
    common::{
        binary::{Ran, Running, command, run_command},
        port::free_port,
        published::{DUMP, Folder, KEY, WRONG_KEY},
        sinks::names,
        terminal::terminal,
    },
    influx::server::{Reply, Server},
    mqtt::mosquitto::{Mosquitto, with_mosquitto},
};

fn check(folder: &Folder, config: &str, more: &[&str]) -> Ran {
    let path = folder.write("config.toml", config);
    run_command(command(&[&["config", "check", "--config", &path], more].concat()), b"")
}

#[test]
fn everything_that_answers_has_a_line_and_nothing_is_left_behind() {
    with_mosquitto(|| {
        let folder = Folder::new();
        let broker = Mosquitto::open();
        let listener = broker.listen(&[]);
        let server = Server::start(|_| Reply::status(204));
        let (dump, key, csv) = (folder.write("dump", DUMP), folder.key(), folder.path("x.csv"));
        let (mqtt, influx, free) = (broker.port, server.port, free_port());
        let config = format!(
            "[[meter]]\nsource = \"sim:\"\n[[meter]]\nsource = \"{dump}\"\nkey_file = \"{key}\"\n\
             [[sink]]\nto = \"mqtt://127.0.0.1:{mqtt}\"\n\
             [[sink]]\nto = \"influxdb://127.0.0.1:{influx}\"\ndb = \"house\"\n\
             [[sink]]\nto = \"file:{csv}\"\n[[sink]]\nto = \"prometheus://127.0.0.1:{free}\"\n"
        );
        let path = folder.path("config.toml");
        let summary = format!("{path}: 2 meters, 4 sinks, no mistake\n");
        let ran = check(&folder, &config, &[]);
        assert_eq!((ran.status, ran.out.as_str(), ran.err.as_str()), (0, summary.as_str(), ""));
        let ran = check(&folder, &config, &["--online"]);
        let (simulated, rest) =
            ran.out.strip_prefix(&summary).unwrap().split_once('\n').unwrap_or_default();
        assert!(simulated.starts_with("sim:: telegram of meter "), "{simulated}");
        assert!(simulated.ends_with(", opened"), "{simulated}");
        let expected = format!(
            "{dump}: telegram of meter 181220000009, opened\n\
             mqtt://127.0.0.1:{mqtt}: connected, MQTT 5\n\
             influxdb://127.0.0.1:{influx}: connected, takes lines for the database house\n\
             file:{csv}: can be written\n\
             prometheus://127.0.0.1:{free}: the address is free\n"
        );
        assert_eq!((ran.status, rest, ran.err.as_str()), (0, expected.as_str(), ""));
        assert_eq!(names(folder.0.path()), ["config.toml", "dump", "guek"]);
        assert!(listener.received().is_empty(), "{:?}", listener.received());
    });
}

#[test]
fn the_worst_failure_makes_the_status_and_each_has_its_advice() {
    let folder = Folder::new();
    let dump = folder.write("dump", DUMP);
    let (wrong, key) = (folder.write("wrong", WRONG_KEY), folder.key());
    let swapped = folder.write("swapped", format!("181220000009 {WRONG_KEY} {KEY}"));
    let meter = |source: &str, key: &str| {
        let key = if key.is_empty() { String::new() } else { format!("key_file = \"{key}\"\n") };
        format!("[[meter]]\nsource = \"{source}\"\n{key}")
    };
    let sink = format!("[[sink]]\nto = \"mqtt://127.0.0.1:{}\"\n", free_port());
    let (_master, silent) = terminal();
    let silent = silent.display().to_string();
    let failed = |config: &str, status: i32, parts: &[&str]| {
        let ran = check(&folder, config, &["--online", "--timeout=1s"]);
        assert_eq!(ran.status, status, "{config}{}", ran.err);
        parts.iter().for_each(|part| assert!(ran.err.contains(part), "{part}: {}", ran.err));
        assert!(ran.err.ends_with(" failed\n") && !ran.err.contains("trying again"), "{}", ran.err);
        ran
    };
    let compare = "the key does not fit; compare the encryption key (GUEK)";
    failed(&meter(&dump, &wrong), 4, &["telegram of the meter with system title 4b46", compare]);
    failed(&meter(&dump, &swapped), 4, &["the two keys are swapped"]);
    failed(&meter(&dump, ""), 4, &["no key for it; name its file"]);
    failed(&meter(&silent, &key), 3, &[&silent, "no telegram for 1 s; check the wiring"]);
    failed(&meter("/dev/none", &key), 5, &["/dev/none: no such device"]);
    let text = format!("{}{sink}", meter(&dump, &wrong));
    failed(&text, 6, &[compare, "cannot connect to 127.0.0.1:", "2 of 2 failed"]);
    let text = format!("{}{}{sink}", meter("/dev/none", &key), meter(&dump, &key));
    let ran =
        failed(&text, 5, &["/dev/none: no such device", "cannot connect to", "2 of 3 failed"]);
    assert!(ran.out.ends_with("dump: telegram of meter 181220000009, opened\n"), "{}", ran.out);

    let ran = run_command(command(&["config", "show", "--online"]), b"");
    assert_eq!((ran.status, ran.err.contains("--online belongs to check")), (2, true));
}

#[test]
fn a_source_is_read_with_its_link_layer_and_its_layout() {
    let folder = Folder::new();
    let (dump, key) = (folder.write("dump", DUMP), folder.key());
    let meter = |source: &str, more: &str| {
        let text = format!("[[meter]]\nsource = \"{source}\"\nkey_file = \"{key}\"\n{more}\n");
        check(&folder, &text, &["--online", "--timeout=2s"])
    };
    let ran = meter(&dump, "link = \"mbus\"");
    assert_eq!((ran.status, &*ran.err), (0, ""), "{}", ran.out);
    for source in [&*dump, "sim:netz-noe-kaifa"] {
        let ran = meter(source, "link = \"hdlc\"");
        assert_eq!(ran.status, 3, "{}{}", ran.out, ran.err);
        let told = "the octets are mbus, and another link layer was chosen: leave --link (in the configuration: link) out";
        assert!(ran.err.contains(told), "{}", ran.err);
    }
    // The number of this meter has no code: a table names it.
    let ran = meter("sim:kaernten-netz", "");
    assert!(ran.out.contains("telegram of meter 179"), "{}{}", ran.out, ran.err);
}

#[test]
fn a_sink_that_never_answers_ends_with_the_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = Folder::new();
    let port = listener.local_addr().unwrap().port();
    let config = format!("[[sink]]\nto = \"mqtt://127.0.0.1:{port}\"\n");
    let ran = check(&folder, &config, &["--online", "--timeout=1s"]);
    assert_eq!(ran.status, 6, "{}", ran.err);
    assert!(
        ran.err.contains("accepts the connection and does not answer within 1s"),
        "{}",
        ran.err
    );
}

#[test]
fn a_device_that_the_service_reads_is_no_failure() {
    let (_master, node) = terminal();
    let node = node.to_str().unwrap();
    let mut holder = command(&["capture", node]);
    let mut holder = Running(holder.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap());
    // A pseudo-terminal has no parity, which the holder says once it has it.
    let mut messages = BufReader::new(holder.0.stderr.take().unwrap()).lines();
    assert!(messages.next().unwrap().unwrap().contains("parity"));
    let folder = Folder::new();
    let config = format!("[[meter]]\nsource = \"{node}\"\nkey_file = \"{}\"\n", folder.key());
    let ran = check(&folder, &config, &["--online", "--timeout=1s"]);
    let expected = format!(
        "\n{node}: in use by meterpipe[{}], which is right if that is the service\n",
        holder.0.id()
    );
    assert_eq!((ran.status, ran.out.ends_with(&expected)), (0, true), "{}{}", ran.out, ran.err);
}
