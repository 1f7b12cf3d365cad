//! A scripted broker with the part of MQTT that the tests need.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use crate::common::sinks::{LIMIT, Running, start};

/// The listening broker.
pub(crate) struct Fake {
    pub(crate) port: u16,
    connections: Receiver<TcpStream>,
}

/// One connection.
pub(crate) struct Client {
    stream: TcpStream,
    pub(crate) version: u8,
}

/// A packet: its first octet, and the octets behind its length.
pub(crate) struct Packet {
    pub(crate) first: u8,
    pub(crate) body: Vec<u8>,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Published {
    pub(crate) topic: String,
    pub(crate) payload: String,
    pub(crate) qos: u8,
    pub(crate) retain: bool,
    pub(crate) id: u16,
}

impl Fake {
    pub(crate) fn start() -> Self {
        Self::on(0)
    }

    /// On that port.
    pub(crate) fn on(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, connections) = channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                if sender.send(stream.unwrap()).is_err() {
                    return;
                }
            }
        });
        Self { port, connections }
    }

    /// A sink for this broker.
    pub(crate) fn sink(&self, query: &str) -> Running {
        start(&super::uri(self.port, query), 100)
    }

    /// The next connection, before its CONNECT is read.
    pub(crate) fn accept(&self) -> Client {
        let stream = self.connections.recv_timeout(LIMIT).expect("nobody connects");
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        Client { stream, version: 0 }
    }

    /// True if nobody connects within some time.
    pub(crate) fn rests(&self, time: Duration) -> bool {
        self.connections.recv_timeout(time).is_err()
    }

    /// The next connection, accepted.
    pub(crate) fn open(&self) -> Client {
        let mut client = self.accept();
        client.connect();
        client.accept(false);
        client
    }

    /// The next connection, accepted, once it has said that it is online.
    pub(crate) fn online(&self) -> Client {
        let mut client = self.open();
        assert_eq!(client.take().unwrap().payload, "online");
        client
    }

    /// The next connection, of that version: it gets an answer to its CONNECT and is closed.
    pub(crate) fn refuse(&self, version: u8, answer: &[u8]) {
        let mut client = self.accept();
        client.connect();
        assert_eq!(client.version, version);
        client.write(answer);
    }
}

impl Client {
    /// Reads CONNECT.
    pub(crate) fn connect(&mut self) -> Packet {
        let packet = self.read().expect("CONNECT");
        assert_eq!((packet.first, &packet.body[..6]), (0x10, &b"\0\x04MQTT"[..]));
        self.version = packet.body[6];
        packet
    }

    /// Sends CONNACK, with or without a present session.
    pub(crate) fn accept(&mut self, session_present: bool) {
        let present = u8::from(session_present);
        match self.version {
            5 => self.write(&[0x20, 3, present, 0, 0]),
            _ => self.write(&[0x20, 2, present, 0]),
        }
    }

    pub(crate) fn write(&mut self, octets: &[u8]) {
        // The client may have closed the connection.
        let _ = self.stream.write_all(octets);
    }

    /// The next packet; nothing if the connection ends.
    pub(crate) fn read(&mut self) -> Option<Packet> {
        let mut first = [0; 1];
        self.stream.read_exact(&mut first).ok()?;
        let mut length = 0;
        for at in 0.. {
            let mut octet = [0; 1];
            self.stream.read_exact(&mut octet).ok()?;
            length |= usize::from(octet[0] & 0x7f) << (7 * at);
            if octet[0] & 0x80 == 0 {
                break;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).ok()?;
        Some(Packet { first: first[0], body })
    }

    /// The next message, not acknowledged; pings are answered.
    pub(crate) fn published(&mut self) -> Option<Published> {
        loop {
            let Packet { first, body } = self.read()?;
            match first >> 4 {
                3 => return Some(self.message(first, &body)),
                8 => {
                    let code: &[u8] = if self.version == 5 { &[0, 0] } else { &[0] };
                    let length = 2 + u8::try_from(code.len()).unwrap();
                    self.write(&[&[0x90, length, body[0], body[1]], code].concat());
                }
                12 => self.write(&[0xd0, 0]),
                14 => return None,
                other => panic!("a packet of type {other}"),
            }
        }
    }

    fn message(&self, first: u8, body: &[u8]) -> Published {
        let text = |octets: &[u8]| String::from_utf8(octets.to_vec()).unwrap();
        let (length, rest) = body.split_at(2);
        let (topic, mut rest) = rest.split_at(usize::from(length[0]) << 8 | usize::from(length[1]));
        let qos = first >> 1 & 3;
        let mut id = 0;
        if qos > 0 {
            id = u16::from_be_bytes([rest[0], rest[1]]);
            rest = &rest[2..];
        }
        if self.version == 5 {
            // Without properties.
            assert_eq!(rest[0], 0);
            rest = &rest[1..];
        }
        let (topic, payload) = (text(topic), text(rest));
        Published { topic, payload, qos, retain: first & 1 == 1, id }
    }

    /// Closes after a pause that rules out a second client with the same name.
    pub(crate) fn close(self) {
        thread::sleep(Duration::from_millis(600));
    }

    /// The next message, acknowledged if it has QoS 1.
    pub(crate) fn take(&mut self) -> Option<Published> {
        let published = self.published()?;
        if published.qos == 1 {
            let [high, low] = published.id.to_be_bytes();
            self.write(&[0x40, 2, high, low]);
        }
        Some(published)
    }
}
