//! The sink against mosquitto.

use std::{
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use tempfile::TempDir;

use super::{
    device_config,
    mosquitto::{Mosquitto, guarded, with_mosquitto},
    uri,
};
use crate::common::{
    binary::{Running, command, ignored_test, run_command, signal, wait_for},
    certificates::Authority,
    sinks::{self, LIMIT, build, start, until, village},
};

#[test]
fn a_state_arrives_and_is_kept_where_that_is_wanted() {
    with_mosquitto(|| {
        for protocol in ["5", "3.1.1"] {
            let broker = Mosquitto::open();
            let listener = broker.listen(&[]);
            let query =
                format!("qos=1&protocol={protocol}&topics.power_net_w=house/power%20kW%202");
            let sink = broker.sink(&query);
            let kept = broker
                .sink(&format!("{query}&retain=true&topic=kept/{{meter}}&status=kept/status"));
            sink.put_power(1234);
            kept.put_power(99);
            listener.wait_for("kept/181220000009 ");
            listener.wait_for("house/181220000009/state ");
            assert_eq!(sink.end(LIMIT), (vec![], 0));
            assert_eq!(kept.end(LIMIT), (vec![], 0));
            // Acknowledged messages may still be on their way to the listener.
            listener.wait_for("house/power 1.23");
            listener.wait_for("house/status offline");
            let received = listener.received();
            let state = r#"{"meter":"181220000009","power_net_w":1234}"#;
            for line in [
                "0 0 house/status online".to_owned(),
                "0 0 house/power 1.23".to_owned(),
                format!("0 0 house/181220000009/state {state}"),
                "0 0 house/status offline".to_owned(),
            ] {
                assert!(received.contains(&line), "{line} is not in {received:#?}");
            }
            // A later listener receives the retained messages and nothing else.
            let late = broker.listen(&[]);
            late.wait_for("kept/status");
            late.wait_for("house/status");
            late.wait_for("kept/181220000009 ");
            let mut received = late.received();
            received.sort();
            let state = r#"{"meter":"181220000009","power_net_w":99}"#;
            assert_eq!(
                received,
                [
                    "1 0 house/power 0.10".to_owned(),
                    "1 0 house/status offline".to_owned(),
                    format!("1 0 kept/181220000009 {state}"),
                    "1 0 kept/status offline".to_owned(),
                ]
            );
        }
    });
}

#[test]
fn a_whole_village_is_published_and_announced() {
    with_mosquitto(|| {
        let settings = "allow_anonymous true\nmax_queued_messages 0";
        let broker = Mosquitto::start(TempDir::new().unwrap(), settings);
        let to = format!("--to={}&retain=true", super::uri(broker.port, "qos=1&ha=device"));
        let ran = run_command(command(&["publish", &to]), village(1500).as_bytes());
        assert_eq!((ran.status, ran.err.as_str()), (0, ""));
        let listener = broker.listen(&[]);
        let count = |part: &str| listener.received().iter().filter(|it| it.contains(part)).count();
        wait_for("the announcements", || count("/config {") == 1500);
        wait_for("the states", || count("/state {") == 1500);
    });
}

#[test]
fn a_broker_that_acknowledges_nothing_takes_the_client_all_the_same() {
    with_mosquitto(|| {
        let broker = Mosquitto::start(TempDir::new().unwrap(), "allow_anonymous true\nmax_qos 0");
        let listener = broker.listen(&[]);
        let sink = broker.sink("qos=1&retain=true");
        sink.put_power(7);
        listener.wait_for("\"power_net_w\":7}");
        assert_eq!(sink.end(LIMIT), (vec![], 0));
        listener.wait_for("house/status offline");
    });
}

#[test]
fn values_go_to_topics_of_their_own_and_a_meter_that_calls_itself_a_wildcard_no_farther() {
    with_mosquitto(|| {
        let broker = Mosquitto::open();
        let listener = broker.listen(&[]);
        let sink = broker.sink("layout=flat&units.power=kW");
        sink.put("{\"meter\":\"a/+/#{{x}}\\u001b[2J\",\"power_net_w\":1234}");
        listener.wait_for("house/a______x____2J-c3f21002/power_net_kw 1.234");
        listener.wait_for("house/a______x____2J-c3f21002/meter a/+/#{{x}}\\u{1b}[2J");
        assert_eq!(sink.end(LIMIT), (vec![], 0));
        assert!(!listener.received().concat().contains('\x1b'));
    });
}

#[test]
fn ten_times_a_broker_forgets_everything_and_has_it_back_within_five_seconds() {
    with_mosquitto(|| {
        let mut broker = Mosquitto::open();
        let sink = broker.sink("qos=1&retain=true&ha=device");
        for restart in 0..10 {
            // Older states are not repeated.
            sink.put_power(7);
            broker.listen(&[]).wait_for("house/181220000009/state ");
            broker.kill();
            // A restart takes a moment.
            thread::sleep(Duration::from_millis(100));
            broker.run();
            let start = Instant::now();
            let listener = broker.listen(&[]);
            listener.wait_for(" house/status online");
            let config = device_config("181220000009", false);
            listener
                .wait_for(&format!(" homeassistant/device/meterpipe_181220000009/config {config}"));
            listener
                .wait_for(r#" house/181220000009/state {"meter":"181220000009","power_net_w":7}"#);
            let took = start.elapsed();
            println!("restart {restart}: back after {took:?}");
            assert!(took < Duration::from_secs(5), "restart {restart}: {took:?}");
        }
        let (messages, lost) = sink.end(LIMIT);
        assert_eq!(lost, 0, "{messages:?}");
    });
}

#[test]
fn a_meter_that_falls_silent_is_offline_until_it_sends_again() {
    with_mosquitto(|| {
        for form in ["device", "component"] {
            let broker = Mosquitto::open();
            let listener = broker.listen(&[]);
            let sink =
                broker.sink(&format!("ha={form}&meter_status={{base}}/{{meter}}/up&stale=3s"));
            sink.put_power(1);
            let config = listener.wait_for("/config ");
            let topics =
                r#"{"avty":[{"t":"house/status"},{"t":"house/181220000009/up"}],"avty_mode":"all""#;
            assert!(config.contains(topics), "{config}");
            listener.wait_for("house/181220000009/up online");
            listener.wait_for("house/status online");
            listener.wait_for("house/181220000009/up offline");
            let late = broker.listen(&[]);
            late.wait_for("1 0 house/status online");
            late.wait_for("1 0 house/181220000009/up offline");
            listener.forget();
            sink.put_power(2);
            listener.wait_for("house/181220000009/up online");
            let received = listener.received();
            let at = |part: &str| received.iter().position(|line| line.contains(part)).unwrap();
            assert!(at("\"power_net_w\":2") < at("up online"), "the value first: {received:#?}");
            assert!(!received.concat().contains("house/status"), "{received:#?}");
            assert_eq!(sink.end(LIMIT), (vec![], 0));
            listener.wait_for("house/181220000009/up offline");
            listener.wait_for("house/status offline");
        }
    });
}

#[test]
fn who_is_killed_or_hangs_is_offline() {
    with_mosquitto(|| {
        let broker = Mosquitto::open();
        let listener = broker.listen(&[]);
        let start = || {
            let mut child = ignored_test("mqtt::real::the_process_that_is_killed");
            let child = child.env("METERPIPE_TEST_URI", uri(broker.port, "keepalive=2s"));
            Running(child.stdout(Stdio::null()).spawn().unwrap())
        };
        // Killed: the system closes the connection.
        let mut child = start();
        listener.wait_for("house/status online");
        child.0.kill().unwrap();
        listener.wait_for("house/status offline");
        listener.forget();
        // Stopped: nothing is closed, and the broker waits one and a half times the keepalive.
        let child = start();
        listener.wait_for("house/status online");
        signal(&child.0, Signal::STOP);
        listener.wait_for("house/status offline");
        listener.forget();
        signal(&child.0, Signal::CONT);
        listener.wait_for("house/status online");
    });
}

/// For [`who_is_killed_or_hangs_is_offline`], which runs it in a process of its own.
#[test]
#[ignore = "a part of another test"]
fn the_process_that_is_killed() {
    let Ok(uri) = std::env::var("METERPIPE_TEST_URI") else {
        return;
    };
    let _sink = start(&uri, 1);
    thread::sleep(2 * LIMIT);
}

#[test]
fn a_broker_that_is_stopped_is_left_and_found_again() {
    with_mosquitto(|| {
        let broker = Mosquitto::open();
        let sink = broker.sink("keepalive=2s&qos=1");
        sink.put_power(1);
        broker.listen(&[]).wait_for("house/status online");
        broker.signal(Signal::STOP);
        sink.put_power(2);
        sink.wait_for_message("has not answered for 3s");
        sink.put_power(3);
        broker.signal(Signal::CONT);
        sink.wait_for_message("connected again");
        let listener = broker.listen(&[]);
        listener.wait_for("house/status online");
        sink.put_power(4);
        listener.wait_for("\"power_net_w\":4}");
        let (messages, lost) = sink.end(LIMIT);
        assert_eq!(lost, 0, "{messages:?}");
    });
}

#[test]
fn a_password_is_proved_and_a_wrong_one_is_reported_without_being_shown() {
    with_mosquitto(|| {
        let broker = guarded();
        let secret = broker.folder.path().join("secret");
        std::fs::write(&secret, "c4nary word:§1\n").unwrap();
        let query = format!("user=meter&password_file={}", secret.to_str().unwrap());
        let listener = broker.listen(&["-u", "listener", "-P", "c4nary-listening"]);
        for protocol in ["5", "3.1.1"] {
            let sink = broker.sink(&format!("{query}&protocol={protocol}"));
            sink.put_power(1);
            listener.wait_for("house/181220000009/state ");
            assert_eq!(sink.end(LIMIT), (vec![], 0));
            listener.forget();
            let wrong = "user=meter&password=c4nary-5e1f";
            let sink = broker.sink(&format!("{wrong}&protocol={protocol}"));
            let text = sink.wait_for_message("refuses user meter (");
            assert!(text.ends_with("right?; trying again every 60 s"), "{text}");
            sink.put_power(1);
            let (messages, lost) = sink.end(LIMIT);
            assert_eq!((messages.len(), lost), (1, 1), "{messages:?}");
            let sink = broker.sink(&format!("protocol={protocol}"));
            sink.wait_for_message("refuses a client without a user name (");
        }
    });
}

#[test]
fn a_topic_that_the_access_list_forbids_is_reported() {
    with_mosquitto(|| {
        let broker = guarded();
        let login = "user=meter&password=c4nary%20word:%C2%A71";
        let sink = broker.sink(&format!("{login}&qos=1&topic=garden/{{meter}}"));
        sink.put_power(1);
        let text = sink.wait_for_message("refuses garden/181220000009 (not authorized)");
        assert!(text.ends_with("its access list does not let this user write there"), "{text}");
        let (messages, lost) = sink.end(LIMIT);
        assert_eq!((messages.len(), lost), (1, 1), "{messages:?}");
    });
}

/// A broker that speaks TLS, with that certificate.
fn secured(hosts: &[&str], expired: bool, more: &str) -> Mosquitto {
    let folder = TempDir::new().unwrap();
    let authority = Authority::new(folder.path(), "ca");
    Authority::new(folder.path(), "other");
    authority.sign(folder.path(), "broker", hosts, expired);
    authority.sign(folder.path(), "client", &["meter"], false);
    let says = "allow_anonymous true\ncertfile FOLDER/broker.pem\nkeyfile FOLDER/broker.key";
    Mosquitto::start(folder, &format!("{says}\n{more}"))
}

/// The URI with files of the broker's folder.
fn secure(broker: &Mosquitto, query: &str) -> String {
    let folder = broker.folder.path().to_str().unwrap();
    let query = query.replace("FOLDER", folder);
    format!("mqtts://localhost:{}/house?ha=off&{query}", broker.port)
}

/// The connection works without any message.
fn works(broker: &Mosquitto, query: &str) -> Vec<String> {
    let sink = start(&secure(broker, &format!("qos=1&{query}")), 100);
    sink.put_power(1);
    let (messages, lost) = sink.end(LIMIT);
    assert_eq!(lost, 0, "{messages:?}");
    messages
}

/// The connection fails with one message, and nothing is sent.
fn fails(uri: &str, part: &str) {
    let sink = start(uri, 100);
    sink.put_power(1);
    sink.wait_for_message(part);
    let (messages, lost) = sink.end(Duration::from_secs(2));
    assert_eq!((messages.len(), lost), (1, 1), "{messages:?}");
}

#[test]
fn tls_is_spoken_with_the_right_broker_only() {
    with_mosquitto(|| {
        let broker = secured(&["localhost", "127.0.0.1"], false, "");
        assert_eq!(works(&broker, "ca=FOLDER/ca.pem"), Vec::<String>::new());
        assert_eq!(works(&broker, "ca=FOLDER/ca.pem&protocol=3.1.1"), Vec::<String>::new());
        fails(
            &secure(&broker, "ca=FOLDER/other.pem"),
            "is not signed by an authority in the file of ca; trying again every 60 s",
        );
        let messages = works(&broker, "insecure=true");
        let warning =
            format!("insecure=true: the certificate of localhost:{} is not checked", broker.port);
        assert_eq!(messages, [warning]);
        // A system without any certificates says so at once.
        match build(&secure(&broker, "")) {
            Ok(_) => fails(
                &secure(&broker, ""),
                "is not signed by an authority that this machine trusts",
            ),
            Err(error) => assert!(error.to_string().contains("no certificates on this system")),
        }
        // Neither side connects if only one of them speaks TLS.
        fails(
            &uri(broker.port, ""),
            "is it a TLS port, for mqtts://?; trying again, every 4 s at most",
        );
        let open = Mosquitto::open();
        let uri = format!(
            "mqtts://localhost:{}/house?ha=off&ca={}/ca.pem",
            open.port,
            broker.folder.path().display()
        );
        fails(&uri, "closed the connection at the start of TLS: does it speak TLS?");
    });
}

#[test]
fn certificates_that_expired_or_are_for_others_are_distinguished() {
    with_mosquitto(|| {
        let broker = secured(&["localhost"], true, "");
        fails(
            &secure(&broker, "ca=FOLDER/ca.pem"),
            &format!("the certificate of localhost:{} has expired on 2021-01-01", broker.port),
        );
        let broker = secured(&["broker.example", "10.0.0.1"], false, "");
        let text = "is not for localhost, but for ";
        fails(&secure(&broker, "ca=FOLDER/ca.pem"), text);
    });
}

#[test]
fn a_client_shows_its_certificate_where_it_is_wanted() {
    with_mosquitto(|| {
        let more = "cafile FOLDER/ca.pem\nrequire_certificate true";
        let broker = secured(&["localhost"], false, more);
        let own = "ca=FOLDER/ca.pem&cert=FOLDER/client.pem&key=FOLDER/client.key";
        assert_eq!(works(&broker, own), Vec::<String>::new());
        fails(
            &secure(&broker, "ca=FOLDER/ca.pem"),
            "it may require a certificate; name one with cert and key",
        );
    });
}

#[test]
fn files_that_are_none_are_reported_at_the_start() {
    let folder = TempDir::new().unwrap();
    Authority::new(folder.path(), "ca").sign(folder.path(), "client", &["meter"], false);
    let why = |query: &str| {
        let path = folder.path().to_str().unwrap();
        let uri = format!("mqtts://localhost?{}", query.replace("FOLDER", path));
        let error = build(&uri).err().unwrap().to_string();
        error.replace(path, "FOLDER")
    };
    let pem = "no such entry in it; PEM is expected";
    let ca = "ca=FOLDER/ca.pem";
    assert_eq!(why(&format!("{ca}&cert=FOLDER/client.pem")), "cert and key: both or none");
    assert_eq!(
        why(&format!("{ca}&cert=FOLDER/client.pem&key=FOLDER/ca.pem")),
        format!("key = FOLDER/ca.pem: {pem}")
    );
    let mixed = format!("{ca}&cert=FOLDER/ca.pem&key=FOLDER/client.key");
    assert!(why(&mixed).starts_with("cert and key: "), "{}", why(&mixed));
}

#[test]
fn two_of_the_same_name_come_to_rest() {
    with_mosquitto(|| {
        let rest = |protocol| {
            let broker = Mosquitto::open();
            let query = format!("client_id=twin&protocol={protocol}");
            let twins = [broker.sink(&query), broker.sink(&query)];
            let find = || {
                let messages = twins.iter().flat_map(sinks::Running::messages);
                messages
                    .into_iter()
                    .find(|text| text.contains("same name") || text.contains("the name"))
            };
            let text = until(find).unwrap();
            assert!(text.contains("twin") && text.contains("client_id"), "{text}");
            assert!(text.ends_with("trying again after 60 s to 120 s"), "{text}");
            thread::sleep(Duration::from_secs(5));
            let log = std::fs::read_to_string(broker.folder.path().join("log")).unwrap();
            let connects = log.matches("New client connected").count();
            println!("{protocol}: {connects} connections of two");
            assert!(connects < 4, "{connects}");
        };
        thread::scope(|scope| {
            for protocol in ["5", "3.1.1"] {
                scope.spawn(move || rest(protocol));
            }
        });
    });
}

/// The answer of the sink of that URI when it is asked.
fn asked(uri: &str) -> Result<String, String> {
    build(uri).unwrap().probe(LIMIT)
}

#[test]
fn a_broker_is_asked_without_a_trace_and_beside_a_running_client() {
    with_mosquitto(|| {
        let broker = guarded();
        let listener = broker.listen(&["-u", "listener", "-P", "c4nary-listening"]);
        let login = "user=meter&password=c4nary%20word:%C2%A71&client_id=meterpipe";
        let running = broker.sink(login);
        listener.wait_for("house/status online");
        listener.forget();
        for (protocol, answer) in
            [("", "connected, MQTT 5"), ("&protocol=3.1.1", "connected, MQTT 3.1.1")]
        {
            let uri = uri(broker.port, &format!("{login}{protocol}"));
            assert_eq!(asked(&uri).as_deref(), Ok(answer));
        }
        running.put_power(1);
        listener.wait_for("house/181220000009/state ");
        let received = listener.take();
        assert_eq!(received.len(), 1, "no will, no status: {received:?}");
        assert_eq!(running.end(LIMIT), (vec![], 0), "it kept its connection");

        let refusal = asked(&uri(broker.port, "user=meter&password=c4nary-5e1f")).unwrap_err();
        assert!(
            refusal.contains("refuses user meter (") && !refusal.contains("trying"),
            "{refusal}"
        );
        let refusal = asked(&uri(broker.port, "")).unwrap_err();
        assert!(refusal.contains("refuses a client without a user name ("), "{refusal}");
    });
}

#[test]
fn a_broker_over_tls_is_asked_with_its_certificate() {
    with_mosquitto(|| {
        let broker = secured(&["localhost", "127.0.0.1"], false, "");
        let ask = |query: &str| asked(&secure(&broker, query));
        assert_eq!(ask("ca=FOLDER/ca.pem").as_deref(), Ok("connected, MQTT 5"));
        let refusal = ask("ca=FOLDER/other.pem").unwrap_err();
        assert!(refusal.ends_with("is not signed by an authority in the file of ca"), "{refusal}");
    });
}

#[test]
fn no_value_of_an_interval_is_null_while_it_is_known() {
    with_mosquitto(|| {
        let broker = Mosquitto::open();
        let listener = broker.listen(&[]);
        let sink = broker.sink("qos=1&ha=device");
        let row = |time: &str, start: &str, end: &str, rest: &str| {
            let at = |time: &str| format!("2026-06-21T{time}+02:00");
            format!(
                "{{\"time\":\"{}\",\"start\":\"{}\",\"end\":\"{}\",\"meter\":\"18\",{rest}}}",
                at(time),
                at(start),
                at(end)
            )
        };
        let mean = "\"power_import_mean_w\":";
        let (peak, running) = ("\"power_import_peak_w\":800", "\"running\":true");
        sink.put(&row("12:14:55", "12:00:00", "12:15:00", &format!("{mean}796,{running}")));
        listener.wait_for("/state {\"time\":\"2026-06-21T12:14:55");
        // The interval that begins has no mean yet, and the first peak.
        sink.put(&row("12:15:00", "12:15:00", "12:30:00", &format!("{peak},{running}")));
        sink.put(&row("12:15:05", "12:15:00", "12:30:00", &format!("{mean}72,{peak},{running}")));
        listener.wait_for("/state {\"time\":\"2026-06-21T12:15:05");
        assert_eq!(sink.end(LIMIT), (vec![], 0));
        listener.wait_for("house/status offline");
        let received = listener.received();
        let states: Vec<_> = received.iter().filter(|it| it.contains("/state {")).collect();
        assert!(states.iter().all(|it| !it.contains("null")), "{states:#?}");
        let announces = |it: &&String| it.contains("/config {") && it.contains("import_peak");
        assert!(received.iter().any(|it| announces(&it)), "{received:#?}");
    });
}
