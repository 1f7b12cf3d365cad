//! `udp://HOST:PORT` with real sockets.

use std::{
    collections::BTreeMap,
    net::UdpSocket,
    thread,
    time::{Duration, Instant},
};

use serde::Deserialize;

use crate::common::{
    port::free_port,
    published::{Folder, READING},
    sinks::{refused, start},
};

use super::{asked, publish, readings};

/// A program that receives datagrams.
struct Receiver(UdpSocket);

impl Receiver {
    fn on(address: &str) -> Self {
        let socket = UdpSocket::bind(address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        Self(socket)
    }

    fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    fn next(&self) -> String {
        let mut octets = vec![0; 65536];
        let count = self.0.recv(&mut octets).unwrap();
        String::from_utf8(octets[..count].to_vec()).unwrap()
    }
}

/// As uni-meter declares it (`ShrDzmPacket`): Jackson refuses other members, and values are texts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShrDzmPacket {
    id: String,
    data: BTreeMap<String, String>,
}

#[test]
fn each_telegram_is_a_datagram_of_its_form() {
    let (folder, receiver) = (Folder::new(), Receiver::on("127.0.0.1:0"));
    let sent = |options: &str| {
        let to = format!("--to=udp://127.0.0.1:{}?guard=false&{options}", receiver.port());
        let ran = publish(&folder, &[&to], READING);
        assert_eq!((ran.status, ran.err.as_str()), (0, ""));
        receiver.next()
    };
    assert_eq!(sent("format=json"), READING);
    let text = sent("");
    let start = "time=2021-09-27T09:47:15+02:00 meter=181220000009 energy_import_wh=12937 ";
    assert!(text.starts_with(start) && text.ends_with(" power_factor=1.000\n"), "{text}");
    assert_eq!(sent("fields=power_net_w&names.power_net_w=net"), "net=0\n");
    let packet: ShrDzmPacket = serde_json::from_str(&sent("format=shrdzm")).unwrap();
    assert_eq!(packet.id, "181220000009");
    for (name, value) in [
        ("timestamp", "2021-09-27T09:47:15"),
        ("1.8.0", "12937"),
        ("2.8.0", "0"),
        ("1.7.0", "0"),
        ("16.7.0", "0"),
        ("32.7.0", "233.7"),
        ("uptime", "0000:00:00:00"),
    ] {
        assert_eq!(packet.data[name], value, "{name}");
    }
}

#[test]
fn uni_meter_reads_every_datagram_of_a_day() {
    let receiver = Receiver::on("[::1]:0");
    let sink = start(&format!("udp://[::1]:{}?format=shrdzm&id=84CCA8A411EB", receiver.port()), 64);
    for line in readings("50").lines() {
        sink.put(line);
        let datagram = receiver.next();
        // The size of its buffer.
        assert!(datagram.len() <= 1024, "{}", datagram.len());
        let packet: ShrDzmPacket = serde_json::from_str(&datagram).unwrap();
        let value = |name: &str| packet.data[name].parse::<f64>().unwrap();
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(Some(value("16.7.0")), line["power_net_w"].as_f64());
        assert_eq!(value("16.7.0"), value("1.7.0") - value("2.7.0"));
        assert_eq!(Some(value("1.8.0")), line["energy_import_wh"].as_f64());
    }
    assert_eq!(sink.end(Duration::from_secs(5)), (Vec::new(), 0));
}

#[test]
fn a_receiver_that_is_away_is_named_once_and_so_is_its_return() {
    let port = free_port();
    let sink = start(&format!("udp://127.0.0.1:{port}"), 64);
    for power in 0..20 {
        sink.put_power(power);
        thread::sleep(Duration::from_millis(20));
    }
    let gone = format!("no program receives datagrams at 127.0.0.1:{port}; sending goes on");
    sink.wait_for_message(&gone);
    let receiver = Receiver::on(&format!("127.0.0.1:{port}"));
    let back = format!("127.0.0.1:{port} takes datagrams again");
    let since = Instant::now();
    while !sink.messages().contains(&back) {
        assert!(since.elapsed() < Duration::from_secs(60), "{:?}", sink.messages());
        sink.put_power(100);
        thread::sleep(Duration::from_millis(100));
    }
    assert!(receiver.next().ends_with("power_net_w=100\n"));
    assert_eq!(sink.end(Duration::from_secs(5)), (vec![gone, back], 0), "UDP loses without a word");
}

#[test]
fn what_this_machine_cannot_send_is_counted() {
    let receiver = Receiver::on("127.0.0.1:0");
    let sink = start(&format!("udp://127.0.0.1:{}?format=json", receiver.port()), 64);
    let item = |size: usize| format!("{{\"item_1\":\"{}\"}}", "x".repeat(size));
    sink.put(&item(2000));
    assert_eq!(receiver.next(), item(2000) + "\n");
    sink.put(&item(70_000));
    sink.put(&item(70_000));
    sink.put(&item(3));
    assert_eq!(receiver.next(), item(3) + "\n");
    let (texts, lost) = sink.end(Duration::from_secs(5));
    let place = format!("127.0.0.1:{}", receiver.port());
    let texts: Vec<_> = texts.iter().map(String::as_str).collect();
    assert_eq!(lost, 2);
    assert_eq!(
        texts[0],
        "a datagram has 2014 octets, over 1400: a network may not carry more; choose fields"
    );
    assert!(
        texts[1].starts_with(&format!("cannot send to {place}: message too long")),
        "{texts:?}"
    );
    assert_eq!(texts[2..], [format!("sends to {place} again")]);

    let sink = start("udp://no.such.host.invalid:9", 64);
    (0..3).for_each(|power| sink.put_power(power));
    sink.wait_for_message("cannot send to no.such.host.invalid:9: ");
    let (texts, lost) = sink.end(Duration::from_secs(5));
    assert_eq!((texts.len(), lost), (1, 3), "{texts:?}");
}

#[test]
fn a_run_with_an_absent_receiver_says_so_and_ends_well() {
    let (folder, port) = (Folder::new(), free_port());
    let to = format!("--to=udp://127.0.0.1:{port}?guard=false");
    let ran = publish(&folder, &[&to, "--to=file:all.jsonl?guard=false"], READING);
    let said = format!(
        "meterpipe publish: udp://127.0.0.1:{port}: no program receives datagrams at \
         127.0.0.1:{port}; sending goes on\n"
    );
    assert_eq!((ran.status, ran.err), (0, said));
    assert_eq!(std::fs::read_to_string(folder.path("all.jsonl")).unwrap(), READING);
}

#[test]
fn asking_and_showing_send_nothing() {
    let (folder, receiver) = (Folder::new(), Receiver::on("127.0.0.1:0"));
    let sink = format!("udp://127.0.0.1:{}", receiver.port());
    let (dry, check) = asked(&folder, &sink, "?guard=false&format=shrdzm");
    assert!(dry.out.contains(&format!("{sink}\t{sink}\t{{\"id\":\"")), "{}", dry.out);
    let address = sink.trim_start_matches("udp://");
    let said =
        format!("{sink}: a datagram would go to {address}; UDP does not tell who receives it");
    assert!(check.out.contains(&said) && check.status == 0, "{check:?}");
    receiver.0.set_nonblocking(true).unwrap();
    assert!(receiver.0.recv(&mut [0; 10]).is_err());
}

#[test]
fn what_cannot_be_meant_is_refused() {
    for (uri, part) in [
        ("udp:h", "a host and a port expected, as in udp://"),
        ("udp://h", "a host and a port expected"),
        ("udp://h:0", "there is no port 0"),
        ("udp://h:1/x", "a datagram has no path"),
        ("udp://h:1?format=xml", "format: text, json or shrdzm expected"),
        ("udp://h:1?format=shrdzm&names.power_net_w=x", "names and units are fixed"),
        ("udp://h:1?format=shrdzm&units.energy=kWh", "names and units are fixed"),
        ("udp://h:1?id=x", "id: the sink has no use for it here"),
    ] {
        assert!(refused(uri).contains(part), "{uri}: {}", refused(uri));
    }
}
