//! Cases that no real broker produces on request.

use std::{thread, time::Duration};

use super::{
    device_config,
    fake::{Client, Fake, Packet, Published},
    uri,
};
use crate::common::{
    binary::{command, run_command},
    port::free_port,
    sinks::{LIMIT, start, until},
};

fn powers(published: &[Published]) -> Vec<usize> {
    let power = |it: &Published| it.payload.rsplit_once(':')?.1.strip_suffix('}')?.parse().ok();
    published.iter().filter_map(power).collect()
}

/// All messages until the connection ends.
fn all(mut client: Client) -> Vec<Published> {
    std::iter::from_fn(|| client.take()).collect()
}

#[test]
fn swallowed_states_are_sent_again_whatever_the_broker_remembers() {
    for session_present in [false, true] {
        for protocol in ["5", "3.1.1"] {
            let fake = Fake::start();
            let sink = fake.sink(&format!("qos=1&protocol={protocol}"));
            let mut client = fake.online();
            (1..=6).for_each(|power| sink.put_power(power));
            let swallowed: Vec<_> = (0..6).map(|_| client.published().unwrap()).collect();
            assert_eq!(powers(&swallowed), [1, 2, 3, 4, 5, 6]);
            client.close();

            let mut client = fake.accept();
            client.connect();
            client.accept(session_present);
            sink.wait_for_message("connected again");
            sink.put_power(7);
            let reader = thread::spawn(move || all(client));
            let (messages, lost) = sink.end(LIMIT);
            let again = reader.join().unwrap();
            assert_eq!(again.first().unwrap().payload, "online");
            assert_eq!(again.last().unwrap().payload, "offline");
            let states = powers(&again);
            assert_eq!(states[..6], [1, 2, 3, 4, 5, 6], "{again:?}");
            assert_eq!(states.last(), Some(&7), "the last state is the last: {states:?}");
            assert_eq!(lost, 0, "{messages:?}");
            assert!(messages[0].contains("closed the connection; trying again"), "{messages:?}");
        }
    }
}

/// Sends DISCONNECT with the reason that the server shuts down.
fn shut_down(mut client: Client) {
    client.write(&[0xe0, 1, 0x8b]);
}

#[test]
fn a_state_that_is_never_acknowledged_is_one_reading_in_each_connection() {
    let fake = Fake::start();
    let sink = fake.sink("qos=1");
    for connection in 1..=4 {
        let mut client = fake.online();
        sink.put_power(connection);
        let states: Vec<_> = (0..connection).map(|_| client.published().unwrap()).collect();
        assert_eq!(powers(&states), (1..=connection).collect::<Vec<_>>(), "each once");
        shut_down(client);
    }
    let (messages, lost) = sink.end(Duration::ZERO);
    assert_eq!(lost, 4, "{messages:?}");
}

#[test]
fn what_a_window_does_not_hold_is_sent_again_once() {
    let fake = Fake::start();
    let sink = fake.sink("qos=1");
    let mut client = fake.online();
    (1..=30).for_each(|power| sink.put_power(power));
    let swallowed: Vec<_> = (0..20).map(|_| client.published().unwrap()).collect();
    assert_eq!(powers(&swallowed), (1..=20).collect::<Vec<_>>());
    shut_down(client);
    let mut client = fake.open();
    sink.wait_for_message("connected again");
    sink.put_power(31);
    let mut states = Vec::new();
    while states.last() != Some(&31) {
        states.extend(powers(&[client.take().unwrap()]));
    }
    assert_eq!(states[..20], (1..=20).collect::<Vec<_>>());
    assert!(states.is_sorted_by(|before, after| before < after), "each once: {states:?}");
}

#[test]
fn the_last_state_comes_behind_one_that_waits_and_is_no_reading_of_its_own() {
    let fake = Fake::start();
    let sink = fake.sink("qos=1");
    let mut client = fake.online();
    sink.put_power(1);
    assert_eq!(powers(&[client.published().unwrap()]), [1]);
    sink.put_power(2);
    assert_eq!(powers(&[client.take().unwrap()]), [2]);
    shut_down(client);
    for _ in 0..2 {
        let mut client = fake.online();
        let states = [client.published().unwrap(), client.published().unwrap()];
        assert_eq!(powers(&states), [1, 2]);
        shut_down(client);
    }
    let (messages, lost) = sink.end(Duration::ZERO);
    assert_eq!(lost, 1, "{messages:?}");
}

#[test]
fn a_broker_that_knows_the_older_version_only_is_spoken_to_in_it() {
    // The broker answers as 3.1.1 says, as 5 says, or only closes.
    for answer in [&[0x20, 2, 0, 1][..], &[0x20, 3, 0, 0x84, 0], &[]] {
        let fake = Fake::start();
        let sink = fake.sink("");
        fake.refuse(5, answer);
        let mut client = fake.open();
        assert_eq!(client.version, 4);
        assert_eq!(client.take().unwrap().payload, "online");
        sink.wait_for_message("does not speak MQTT 5: using MQTT 3.1.1");
        // After an outage the broker may be a newer one; this one is not, so no message follows.
        client.close();
        fake.refuse(5, answer);
        let client = fake.open();
        assert_eq!(client.version, 4);
        sink.wait_for_message("connected again");
        let reports = sink.messages().iter().filter(|text| text.contains("does not speak")).count();
        assert_eq!(reports, 1, "{:?}", sink.messages());
    }
}

#[test]
fn a_reading_that_is_there_before_the_connection_needs_no_other_to_go_out() {
    let fake = Fake::start();
    let sink = fake.sink("status=none&keepalive=5m");
    let mut client = fake.accept();
    client.connect();
    sink.put_power(1);
    thread::sleep(Duration::from_millis(200));
    // Nothing comes from the broker any more: there is nothing to acknowledge.
    client.accept(false);
    assert_eq!(client.published().map(|state| powers(&[state])), Some(vec![1]));
}

#[test]
fn a_broker_that_can_do_less_is_asked_for_less() {
    let fake = Fake::start();
    let sink = fake.sink("qos=1&retain=true");
    for (will, reason) in [(0b10_1100, 0x9b), (0b10_0100, 0x9a)] {
        let mut client = fake.accept();
        assert_eq!(client.connect().body[7] & 0b11_1100, will);
        client.write(&[0x20, 3, 0, reason, 0]);
    }
    for connection in 0..2 {
        let mut client = fake.accept();
        assert_eq!(client.connect().body[7] & 0b11_1100, 0b00_0100);
        assert_eq!(client.version, 5);
        // Maximum QoS 0, Retain Available 0.
        client.write(&[0x20, 7, 0, 0, 4, 0x24, 0, 0x25, 0]);
        let online = client.published().unwrap();
        assert_eq!((online.payload.as_str(), online.qos, online.retain), ("online", 0, false));
        if connection == 0 {
            sink.put_power(7);
        }
        let state = client.published().unwrap();
        assert_eq!((state.qos, state.retain, powers(&[state])), (0, false, vec![7]));
        client.close();
    }
    assert!(sink.messages().iter().all(|text| !text.contains("refuse")), "{:?}", sink.messages());
}

#[test]
fn a_version_that_the_user_fixed_is_not_left() {
    let fake = Fake::start();
    let sink = fake.sink("protocol=5");
    for _ in 0..2 {
        fake.refuse(5, &[0x20, 3, 0, 0x84, 0]);
    }
    let text = sink.wait_for_message("refuses this version of MQTT: remove the setting protocol");
    assert!(text.ends_with("trying again, every 60 s at most"), "{text}");
}

/// A client that closes without a word and is back in the next instant may mean the same: twice, or
/// at once.
#[test]
fn two_of_the_same_name_that_close_without_a_word_do_not_chase_each_other() {
    let chase = |protocol, at_once| {
        let fake = Fake::start();
        let sink = fake.sink(&format!("client_id=twin&protocol={protocol}"));
        if at_once {
            fake.open();
        } else {
            fake.open().close();
            fake.open().close();
        }
        assert!(fake.accept().read().is_none(), "nothing is sent any more, the sink only looks");
        let text = sink.wait_for_message("perhaps another client has the same name, twin");
        assert!(text.ends_with("trying again after 60 s to 120 s"), "{text}");
        assert!(fake.rests(Duration::from_secs(5)));
    };
    thread::scope(|scope| {
        for (protocol, at_once) in [("5", false), ("3.1.1", false), ("5", true), ("3.1.1", true)] {
            scope.spawn(move || chase(protocol, at_once));
        }
    });
}

/// The name of the client in CONNECT, behind name, version, flags, keepalive and properties.
fn client_id(connect: &Packet) -> String {
    let fixed = 10;
    let properties = if connect.body[6] == 5 { 1 + usize::from(connect.body[fixed]) } else { 0 };
    let id = &connect.body[fixed + properties..];
    String::from_utf8(id[2..2 + usize::from(id[1])].to_vec()).unwrap()
}

#[test]
fn a_name_that_the_user_did_not_choose_is_left_if_another_client_may_have_it() {
    let leave = |protocol| {
        let fake = Fake::start();
        let sink = fake.sink(&format!("protocol={protocol}"));
        let mut names = vec![];
        for connection in 0..6 {
            if connection == 2 {
                assert!(fake.accept().read().is_none(), "the sink only looks");
            }
            let mut client = fake.accept();
            names.push(client_id(&client.connect()));
            client.accept(false);
            sink.put_power(connection);
            while powers(&[client.take().unwrap()]) != [connection] {}
            client.close();
        }
        let (own, other) = (&names[0], &names[2]);
        assert!(other.starts_with(own.as_str()) && other.len() == 23, "{names:?}");
        assert_eq!(names, [own, own, other, other, other, other].map(String::clone));
        let text = sink.wait_for_message("perhaps another client has the same name");
        assert!(text.contains(own.as_str()) && text.contains(other.as_str()), "{text}");
        let said = sink.messages().iter().filter(|text| text.contains("same name")).count();
        assert_eq!(said, 1, "{:?}", sink.messages());
    };
    thread::scope(|scope| {
        for protocol in ["5", "3.1.1"] {
            scope.spawn(move || leave(protocol));
        }
    });
}

#[test]
fn refusals_that_somebody_has_to_mend_are_tried_once_a_minute_and_hide_the_password() {
    let refuse = |code, part| {
        let fake = Fake::start();
        let sink = fake.sink("user=anna&password=c4nary-7&client_id=m");
        fake.refuse(5, &[0x20, 3, 0, code, 0]);
        let text = sink.wait_for_message(part);
        assert!(text.ends_with("; trying again every 60 s"), "{text}");
        assert!(fake.rests(Duration::from_secs(2)));
        sink.put_power(1);
        let (messages, lost) = sink.end(LIMIT);
        assert_eq!((messages.len(), lost), (1, 1), "{messages:?}");
    };
    thread::scope(|scope| {
        for (code, part) in [
            (0x86, "refuses user anna (bad user name or password)"),
            (0x87, "refuses user anna (not authorized)"),
            (0x85, "the name m of the client: choose another with client_id"),
            (0x8a, "refuses the connection: banned"),
        ] {
            scope.spawn(move || refuse(code, part));
        }
    });
}

#[test]
fn a_refused_topic_is_reported_once_and_when_it_is_taken_again() {
    let fake = Fake::start();
    let sink = fake.sink("qos=1");
    let mut client = fake.open();
    client.take().unwrap();
    for (power, reason) in [(1, 0x87), (2, 0x87), (3, 0), (4, 0x97)] {
        sink.put_power(power);
        let [high, low] = client.published().unwrap().id.to_be_bytes();
        client.write(&[0x40, 3, high, low, reason]);
    }
    sink.wait_for_message("quota exceeded");
    let place = format!("127.0.0.1:{}", fake.port);
    let topic = "house/181220000009/state";
    let acl = "its access list does not let this user write there";
    assert_eq!(
        sink.messages(),
        [
            format!("{place} refuses {topic} (not authorized): {acl}"),
            format!("{place} accepts {topic} now"),
            format!("{place} refuses {topic} (quota exceeded)"),
        ]
    );
    assert_eq!(sink.messages.lost(), 3);
}

#[test]
fn what_is_no_broker_is_distinguished_from_one() {
    let fake = Fake::start();
    let sink = fake.sink("");
    for version in [5, 4] {
        fake.refuse(version, b"HTTP/1.1 400 Bad Request\r\n\r\n");
    }
    sink.wait_for_message("does not speak MQTT: is it a TLS port, for mqtts://?");
    sink.put_power(1);
    let (messages, lost) = sink.end(Duration::from_secs(2));
    assert_eq!((messages.len(), lost), (1, 1), "{messages:?}");
}

#[test]
fn what_ends_before_tls_is_there_may_be_over_soon() {
    for (answer, part) in [
        (&b""[..], "closed the connection at the start of TLS: does it speak TLS?"),
        (b"HTTP/1.1 503 ", "does not speak TLS; is it a port for mqtt:// without the s?"),
    ] {
        let fake = Fake::start();
        let uri = uri(fake.port, "insecure=true").replace("mqtt:", "mqtts:");
        let sink = start(&uri, 100);
        fake.accept().write(answer);
        let text = sink.wait_for_message(part);
        assert!(text.ends_with("; trying again, every 4 s at most"), "{text}");
        fake.accept().write(answer);
        // At the end of a run the sink does not give up early.
        sink.put_power(1);
        let ending = thread::spawn(move || sink.end(Duration::from_secs(5)));
        fake.accept().write(answer);
        let (messages, lost) = ending.join().unwrap();
        // Then the reading is lost, with one more message.
        assert_eq!((messages.len(), lost), (2, 1), "{messages:?}");
    }
}

#[test]
fn memory_and_messages_stay_small_in_a_long_outage() {
    // No server listens on that port.
    let port = Fake::start().port;
    let closed = free_port();
    assert_ne!(port, closed);
    let sink = start(&uri(closed, "qos=1"), 100);
    sink.wait_for_message("connection refused; trying again, every 4 s at most");
    // The producer never blocks: more readings than any queue holds go through.
    for power in 0..50_000 {
        sink.put_power(power);
    }
    let (messages, lost) = sink.end(Duration::from_secs(2));
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert!(lost > 0);
}

#[test]
fn after_an_outage_the_last_state_goes_out_and_what_was_left_out_is_counted() {
    let fake = Fake::start();
    let sink = fake.sink("qos=1&retain=true");
    fake.open().close();
    sink.wait_for_message("closed the connection");
    (1..=10).for_each(|power| sink.put_power(power));
    let mut client = fake.online();
    let state = client.take().unwrap();
    assert_eq!((powers(std::slice::from_ref(&state)), state.retain), (vec![10], true));
    assert_eq!(
        sink.wait_for_message("connected again"),
        "connected again; 9 older readings were left out"
    );
}

#[test]
fn a_file_is_published_whole_when_it_is_faster_than_the_broker() {
    let fake = Fake::start();
    let sink = fake.sink("qos=1");
    let mut client = fake.accept();
    let reader = thread::spawn(move || {
        client.connect();
        // Receive Maximum 3.
        client.write(&[0x20, 6, 0, 0, 3, 0x21, 0, 3]);
        all(client)
    });
    (0..2000).for_each(|power| sink.put_power(power));
    let (messages, lost) = sink.end(LIMIT);
    let states = powers(&reader.join().unwrap());
    assert_eq!(states, (0..2000).collect::<Vec<_>>());
    assert_eq!((messages.len(), lost), (0, 0), "{messages:?}");
}

/// A broker that rests for `wait` after every `each` states. Returns the powers that it got.
fn slow(fake: Fake, each: usize, wait: Duration) -> thread::JoinHandle<Vec<usize>> {
    thread::spawn(move || {
        let mut client = fake.online();
        let mut states = Vec::new();
        while let Some(message) = client.take() {
            if message.topic.ends_with("/state") {
                states.extend(powers(std::slice::from_ref(&message)));
                if states.len() % each == 0 {
                    thread::sleep(wait);
                }
            }
        }
        states
    })
}

#[test]
fn a_broker_that_is_slow_or_stops_for_seconds_gets_a_whole_file() {
    for (count, each, wait) in [(10_000, 100, 20), (2000, 500, 3000)] {
        let fake = Fake::start();
        let to = format!("--to={}&guard=false", uri(fake.port, "qos=1"));
        let broker = slow(fake, each, Duration::from_millis(wait));
        let line = |power| format!("{{\"meter\":\"181220000009\",\"power_net_w\":{power}}}\n");
        let input: String = (0..count).map(line).collect();
        let ran = run_command(command(&["publish", &to]), input.as_bytes());
        assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{wait} ms");
        assert_eq!(broker.join().unwrap(), (0..count).collect::<Vec<_>>());
    }
}

#[test]
fn what_a_file_loses_in_an_outage_is_counted() {
    let fake = Fake::start();
    let sink = fake.sink("qos=1");
    fake.open().close();
    sink.wait_for_message("closed the connection");
    (1..=10).for_each(|power| sink.put_power(power));
    let client = fake.online();
    sink.wait_for_message("9 older readings were left out");
    let end = thread::spawn(move || all(client));
    assert_eq!(sink.end(LIMIT).1, 9);
    end.join().unwrap();
}

#[test]
fn announcements_go_before_the_state_and_again_when_they_are_asked_for() {
    let fake = Fake::start();
    let sink = fake.sink("ha=device");
    let config = "homeassistant/device/meterpipe_181220000009/config";
    let state = "house/181220000009/state";
    let announcement = device_config("181220000009", true);
    let first = (state, "\"power_net_w\":0,\"voltage_l1_v\":230}");
    let last = (state, "\"power_net_w\":1,\"voltage_l1_v\":null}");
    for connection in 0..2 {
        let mut client = fake.open();
        if connection == 0 {
            sink.put(r#"{"meter":"181220000009","power_net_w":0,"voltage_l1_v":230}"#);
            sink.put_power(1);
        }
        let mut expect = |(topic, payload)| {
            let published = client.take().unwrap();
            assert_eq!(published.topic, topic);
            assert!(published.payload.ends_with(payload), "{}", published.payload);
        };
        expect((config, announcement.as_str()));
        if connection == 0 {
            expect(first);
        }
        expect(last);
        // Sent again for the client that has just read the announcement.
        expect(last);
        expect(("house/status", "online"));
        // Not to this topic, then to it.
        for (topic, payload) in
            [("homeassistant/statu", "online"), ("homeassistant/status", "online")]
        {
            let mut packet = vec![0x30, 0, 0, u8::try_from(topic.len()).unwrap()];
            packet.extend_from_slice(topic.as_bytes());
            packet.push(0);
            packet.extend_from_slice(payload.as_bytes());
            packet[1] = u8::try_from(packet.len() - 2).unwrap();
            client.write(&packet);
        }
        let again = client.take().unwrap();
        assert_eq!((again.topic.as_str(), again.payload), (config, announcement.clone()));
        assert_eq!(client.take().unwrap().topic, state);
    }
}

#[test]
fn what_is_announced_later_is_published_between_offline_and_online() {
    let fake = Fake::start();
    let sink = fake.sink("ha=device");
    let mut client = fake.open();
    let mut topics = |count| -> Vec<_> {
        (0..count).map(|_| client.take().unwrap()).map(|it| (it.topic, it.payload)).collect()
    };
    sink.put_power(1);
    let first = topics(4);
    assert_eq!(first.last().unwrap(), &("house/status".to_owned(), "online".to_owned()));
    sink.put("{\"meter\":\"2\",\"power_net_w\":5}");
    let all = topics(6);
    let published: Vec<_> =
        all.iter().map(|(topic, payload)| format!("{topic} {payload}")).collect();
    let one = "house/181220000009/state {\"meter\":\"181220000009\",\"power_net_w\":1}";
    let two = "house/2/state {\"meter\":\"2\",\"power_net_w\":5}";
    let config = &format!("homeassistant/device/meterpipe_2/config {}", device_config("2", false));
    // The states are sent again for the client that has just read the announcements.
    assert_eq!(published, ["house/status offline", config, two, one, two, "house/status online"]);
    let (messages, lost) = sink.end(LIMIT);
    assert_eq!((messages, lost), (Vec::new(), 0));
    let last = client.take().unwrap();
    assert_eq!((last.topic.as_str(), last.payload.as_str()), ("house/status", "offline"));
}

#[test]
fn a_broker_that_forgot_all_is_told_again_which_meters_send() {
    let fake = Fake::start();
    let sink = fake.sink("meter_status={base}/{meter}/status&stale=1h");
    let mut client = fake.online();
    let state = |meter: &str| format!("{{\"meter\":\"{meter}\",\"power_net_w\":1}}");
    ["1", "2"].iter().for_each(|meter| sink.put(&state(meter)));
    let topics = |client: &mut Client, count| -> Vec<_> {
        let all = (0..count).map(|_| client.take().unwrap());
        all.map(|it| format!("{} {} {}", it.topic, it.payload, it.retain)).collect()
    };
    let [one, two] = ["1", "2"].map(|meter| format!("house/{meter}/status online true"));
    let [first, second] =
        ["1", "2"].map(|meter| format!("house/{meter}/state {} false", state(meter)));
    assert_eq!(topics(&mut client, 4), [&*first, &*one, &*second, &*two]);
    shut_down(client);
    let mut client = fake.online();
    assert_eq!(topics(&mut client, 4), [&*one, &*two, &*first, &*second]);
    let reader = thread::spawn(move || all(client));
    assert_eq!(sink.end(LIMIT).1, 0);
    let left = reader.join().unwrap().into_iter().map(|it| (it.topic, it.payload));
    let offline = ["1/status", "2/status", "status"]
        .map(|topic| (format!("house/{topic}"), "offline".to_owned()));
    assert_eq!(left.collect::<Vec<_>>(), offline);
}

#[test]
fn a_broker_that_hangs_at_the_end_tells_the_will() {
    let fake = Fake::start();
    // The will reports the end, since the sink can send nothing more.
    let sink = fake.sink("keepalive=60s&qos=1");
    let mut client = fake.open();
    assert_eq!(client.published().unwrap().payload, "online");
    (0..200).for_each(|power| sink.put_power(power));
    let (messages, lost) = sink.end(Duration::from_secs(1));
    assert_eq!(lost, 200);
    // On a busy machine the second may be over so late that the broker counts as stalled.
    assert!(
        messages.iter().all(|text| text.ends_with("does not acknowledge messages")),
        "{messages:?}"
    );
    let rest: Vec<_> = std::iter::from_fn(|| client.published()).collect();
    assert!(rest.iter().all(|it| it.payload != "offline"), "{rest:?}");
    let clean = until(|| Some(client.read().is_some()));
    assert_eq!(clean, Some(false), "no DISCONNECT: it would take the will back");
}

#[test]
fn a_client_that_another_calls_offline_says_that_it_is_not() {
    let fake = Fake::start();
    let sink = fake.sink("ha=device&protocol=3.1.1");
    let mut client = fake.open();
    sink.put_power(1);
    let online = |client: &mut Client| {
        while client.take().unwrap().payload != "online" {}
    };
    online(&mut client);
    // From a process that has the same status topic, and ends.
    client.write(b"\x30\x15\0\x0chouse/statusoffline");
    online(&mut client);
    client.write(b"\x30\x14\0\x0chouse/statusonline");
    sink.put_power(2);
    let next = client.take().unwrap().payload;
    assert!(next.contains("\"power_net_w\":2"), "nothing more is sent, but {next}");
}

#[test]
fn a_broker_that_never_answers_is_reported_at_the_end_of_a_run() {
    let fake = Fake::start();
    let sink = fake.sink("");
    let _client = fake.accept();
    sink.put_power(1);
    let (messages, lost) = sink.end(Duration::from_millis(500));
    let text = format!("127.0.0.1:{} does not answer", fake.port);
    assert_eq!((messages, lost), (vec![text], 1));
}
