//! MQTT 5 and 3.1.1 as packets.
//!
//! [`mqtt_protocol_core`] implements the protocol: it knows the packets, their order and the
//! identifiers, and touches no socket. This file gives both versions one interface and filters the
//! input. Octets pass a whole packet at a time, and only packets that a broker may send to a client
//! that subscribes with QoS 0:
//!
//! ```text
//! 20 CONNACK, once, first    30, 31 PUBLISH with QoS 0    40 PUBACK
//! 90 SUBACK                  d0 PINGRESP                  e0 DISCONNECT (5 only)
//! ```
//!
//! The library panics on some other packets (a repeated PUBLISH with QoS 2 and the identifier 0).
//! `fuzz/run 60 mqtt` looks for a panic behind the filter.

use core::mem;

use mqtt_protocol_core::mqtt::{
    Connection, Version,
    common::Cursor,
    connection::{ConnectionOptions, Event},
    packet::{GenericPacketTrait, Packet, Property, Qos as Level, SubEntry, SubOpts, v3_1_1, v5_0},
    result_code::MqttError,
    role::Client,
};

use crate::sink::{
    mqtt::publication::{Publication, Qos},
    settings::Secret,
};

/// The versions of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// MQTT 3.1.1.
    Three,
    /// MQTT 5.
    Five,
}

/// The fields of CONNECT.
#[derive(Clone, Debug)]
pub struct ConnectOptions {
    /// The client's name. A broker accepts one connection of each name.
    pub client_id: String,
    /// The user name.
    pub user: Option<String>,
    /// The password.
    pub password: Option<Secret>,
    /// The keepalive in seconds. After one and a half times as long without a packet the broker
    /// drops the client.
    pub keepalive: u16,
    /// The will: the message that the broker publishes when the client is lost.
    pub will: Option<Publication>,
}

impl ConnectOptions {
    /// Weakens a will that the broker refused for `reason`. Returns true if that changed it.
    pub fn weaken_will(&mut self, reason: Reason) -> bool {
        let Some(will) = &mut self.will else {
            return false;
        };
        match reason {
            Reason::QOS => mem::take(&mut will.qos) != Qos::AtMostOnce,
            Reason::RETAIN => mem::take(&mut will.retain),
            _ => false,
        }
    }
}

/// The packets of one connection, in both directions.
pub struct Packets {
    connection: Connection<Client>,
    protocol: Protocol,
    open: bool,
    received: Vec<u8>,
    out: Vec<u8>,
}

/// A packet from the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// CONNACK: the broker accepts the client.
    Open(Limits),
    /// CONNACK: the broker refuses the client with this [reason code](Reason).
    Refused(Reason),
    /// PUBACK: the identifier of a message and its reason code.
    Acknowledged(u16, Reason),
    /// PUBLISH: topic and payload.
    Message(String, Vec<u8>),
    /// SUBACK: a reason code for each subscription.
    Subscribed(Vec<Reason>),
    /// PINGRESP.
    Pong,
    /// DISCONNECT: the broker ends the connection.
    BrokerDisconnect(Reason),
}

/// A reason code of MQTT 5. Return codes of 3.1.1 are translated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason(pub u8);

impl Reason {
    /// Codes from this one on are failures.
    const FAILURE: u8 = 0x80;
    /// Unsupported protocol version.
    pub const VERSION: Self = Self(0x84);
    /// Client identifier not valid.
    pub const CLIENT_ID: Self = Self(0x85);
    /// Bad user name or password.
    pub const LOGIN: Self = Self(0x86);
    /// Not authorized.
    pub const NOT_AUTHORIZED: Self = Self(0x87);
    /// Banned.
    pub const BANNED: Self = Self(0x8a);
    /// Server shutting down.
    pub const SHUTTING_DOWN: Self = Self(0x8b);
    /// Session taken over: another client came with the same name.
    pub const TAKEN_OVER: Self = Self(0x8e);
    /// Packet too large.
    pub const TOO_LARGE: Self = Self(0x95);
    /// Retain not supported, not even for a will.
    pub const RETAIN: Self = Self(0x9a);
    /// QoS not supported for a will.
    pub const QOS: Self = Self(0x9b);

    /// True if the code is a failure.
    pub const fn is_failure(self) -> bool {
        self.0 >= Self::FAILURE
    }
}

/// The limits of the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most unacknowledged messages.
    pub window: usize,
    /// True if the broker supports QoS 1.
    pub acknowledges: bool,
    /// True if the broker supports retained messages.
    pub retains: bool,
    /// The keepalive that the broker demands instead.
    pub keepalive: Option<u16>,
}

/// Input that is no valid packet, or content that fits into none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl From<MqttError> for Malformed {
    fn from(_: MqttError) -> Self {
        Self
    }
}

/// Builds a packet of either version with the same calls.
macro_rules! packet {
    ($protocol:expr, $packet:ident, |$builder:ident| $build:expr) => {
        match $protocol {
            Protocol::Three => {
                let $builder = v3_1_1::$packet::builder();
                Packet::from($build)
            }
            Protocol::Five => {
                let $builder = v5_0::$packet::builder();
                Packet::from($build)
            }
        }
    };
}

impl Packets {
    /// A connection that begins with CONNECT.
    ///
    /// # Errors
    /// A text too long for a packet.
    pub fn connect(
        protocol: Protocol,
        connect_options: &ConnectOptions,
    ) -> Result<Self, Malformed> {
        let version = match protocol {
            Protocol::Three => Version::V3_1_1,
            Protocol::Five => Version::V5_0,
        };
        let options = ConnectionOptions::new().maximum_packet_size_recv(LARGEST);
        let connection = Connection::with_options(version, options);
        let (received, out) = (Vec::new(), Vec::new());
        let mut packets = Self { connection, protocol, open: false, received, out };
        let connect = packet!(protocol, Connect, |connect| {
            // A clean start: the session keeps unacknowledged messages itself, so that a restarted
            // broker cannot lose them.
            let mut connect = connect
                .clean_start(true)
                .keep_alive(connect_options.keepalive)
                .client_id(connect_options.client_id.as_str())?;
            if let Some(Publication { topic, payload, retain, qos }) = &connect_options.will {
                connect =
                    connect.will_message(topic.as_str(), payload.clone(), level(*qos), *retain)?;
            }
            if let Some(user) = &connect_options.user {
                connect = connect.user_name(user.as_str())?;
            }
            if let Some(password) = &connect_options.password {
                connect = connect.password(password.reveal())?;
            }
            connect.build()?
        });
        packets.send(connect)?;
        Ok(packets)
    }

    /// Takes the octets to send.
    pub fn take(&mut self) -> Vec<u8> {
        mem::take(&mut self.out)
    }

    /// Adds a message. Returns the identifier that its acknowledgement will have.
    ///
    /// # Errors
    /// A message larger than the broker accepts.
    pub fn publish(&mut self, message: &Publication) -> Result<Option<u16>, Malformed> {
        let id = match message.qos {
            Qos::AtMostOnce => None,
            Qos::AtLeastOnce => Some(self.connection.acquire_packet_id()?),
        };
        let publish = packet!(self.protocol, Publish, |publish| {
            let mut publish = publish
                .topic_name(message.topic.as_str())?
                .qos(level(message.qos))
                .retain(message.retain)
                .payload(message.payload.as_slice());
            if let Some(id) = id {
                publish = publish.packet_id(id);
            }
            publish.build()?
        });
        let sent = self.send(publish);
        if let (Err(_), Some(id)) = (&sent, id) {
            self.connection.release_packet_id(id);
        }
        sent.map(|()| id)
    }

    /// Subscribes to topics with QoS 0.
    ///
    /// # Errors
    /// An invalid topic.
    pub fn subscribe(&mut self, topics: &[String]) -> Result<(), Malformed> {
        let entries = topics.iter().map(|topic| SubEntry::new(topic.as_str(), SubOpts::new()));
        let entries = entries.collect::<Result<Vec<_>, _>>()?;
        let id = self.connection.acquire_packet_id()?;
        let subscribe = packet!(self.protocol, Subscribe, |subscribe| {
            subscribe.packet_id(id).entries(entries).build()?
        });
        self.send(subscribe)
    }

    /// Sends PINGREQ.
    ///
    /// # Errors
    /// There is no connection.
    pub fn ping(&mut self) -> Result<(), Malformed> {
        let ping = packet!(self.protocol, Pingreq, |ping| ping.build()?);
        self.send(ping)
    }

    /// Sends DISCONNECT, so that the broker discards the will.
    ///
    /// # Errors
    /// There is no connection.
    pub fn disconnect(&mut self) -> Result<(), Malformed> {
        let disconnect = packet!(self.protocol, Disconnect, |disconnect| disconnect.build()?);
        self.send(disconnect)
    }

    /// Takes octets from the broker; it does not matter how they are cut.
    ///
    /// # Errors
    /// Octets that are no packet, or a packet that the broker may not send.
    pub fn feed(&mut self, octets: &[u8]) -> Result<Vec<Incoming>, Malformed> {
        self.received.extend_from_slice(octets);
        let received = mem::take(&mut self.received);
        let mut rest = received.as_slice();
        let mut all = Vec::new();
        while let Some(size) = packet_size(rest)? {
            if !rest.first().is_some_and(|first| self.is_allowed(*first)) {
                return Err(Malformed);
            }
            let Some((packet, behind)) = rest.split_at_checked(size) else {
                break;
            };
            all.extend(self.receive(packet)?);
            rest = behind;
        }
        self.received = rest.to_vec();
        Ok(all)
    }

    const fn is_allowed(&self, first: u8) -> bool {
        match first {
            0x20 => !self.open,
            0x30 | 0x31 | 0x40 | 0x90 | 0xd0 => self.open,
            0xe0 => self.open && matches!(self.protocol, Protocol::Five),
            _ => false,
        }
    }

    fn receive(&mut self, packet: &[u8]) -> Result<Option<Incoming>, Malformed> {
        // A broker that does not know version 5 answers in the form of its own version.
        if let ([0x20, 2, _, code], Protocol::Five) = (packet, self.protocol) {
            return match code {
                1 => Ok(Some(Incoming::Refused(Reason::VERSION))),
                _ => Err(Malformed),
            };
        }
        let mut incoming = None;
        for event in self.connection.recv(&mut Cursor::new(packet)) {
            match event {
                Event::NotifyPacketReceived(packet) => incoming = to_incoming(packet),
                Event::RequestSendPacket { packet, .. } => {
                    self.out.extend_from_slice(&packet.to_continuous_buffer());
                }
                Event::NotifyError(_) | Event::RequestClose => return Err(Malformed),
                _ => (),
            }
        }
        self.open |= matches!(incoming, Some(Incoming::Open(_)));
        Ok(incoming)
    }

    fn send(&mut self, packet: Packet) -> Result<(), Malformed> {
        for event in self.connection.send(packet) {
            match event {
                Event::RequestSendPacket { packet, .. } => {
                    self.out.extend_from_slice(&packet.to_continuous_buffer());
                }
                Event::NotifyError(_) => return Err(Malformed),
                _ => (),
            }
        }
        Ok(())
    }
}

const fn level(qos: Qos) -> Level {
    match qos {
        Qos::AtMostOnce => Level::AtMostOnce,
        Qos::AtLeastOnce => Level::AtLeastOnce,
    }
}

/// The size of the packet that begins `octets`; `None` if more octets are needed.
///
/// Each octet of the length holds seven bits, the lowest first; the eighth bit says that more
/// follow.
fn packet_size(octets: &[u8]) -> Result<Option<usize>, Malformed> {
    let mut length = 0usize;
    for (at, octet) in octets.iter().skip(1).take(4).enumerate() {
        length |= usize::from(octet & 0x7f) << (7 * at);
        if length > LARGEST as usize {
            return Err(Malformed);
        }
        if octet & 0x80 == 0 {
            return Ok(Some(length + at + 2));
        }
    }
    if octets.len() > 4 { Err(Malformed) } else { Ok(None) }
}

fn to_incoming(packet: Packet) -> Option<Incoming> {
    Some(match packet {
        Packet::V3_1_1Connack(ack) => match ack.return_code() as u8 {
            0 => Incoming::Open(Limits::of(&[])),
            code => Incoming::Refused(from_v3_code(code)),
        },
        Packet::V5_0Connack(ack) => match ack.reason_code() as u8 {
            0 => Incoming::Open(Limits::of(ack.props())),
            code => Incoming::Refused(Reason(code)),
        },
        Packet::V3_1_1Puback(ack) => Incoming::Acknowledged(ack.packet_id(), Reason(0)),
        Packet::V5_0Puback(ack) => {
            let code = ack.reason_code().map_or(0, |code| code as u8);
            Incoming::Acknowledged(ack.packet_id(), Reason(code))
        }
        Packet::V3_1_1Publish(message) => Incoming::Message(
            message.topic_name().to_owned(),
            message.payload().as_slice().to_vec(),
        ),
        Packet::V5_0Publish(message) => Incoming::Message(
            message.topic_name().to_owned(),
            message.payload().as_slice().to_vec(),
        ),
        Packet::V3_1_1Suback(ack) => {
            let codes = ack.return_codes();
            Incoming::Subscribed(codes.into_iter().map(|code| Reason(code as u8)).collect())
        }
        Packet::V5_0Suback(ack) => {
            let codes = ack.reason_codes();
            Incoming::Subscribed(codes.into_iter().map(|code| Reason(code as u8)).collect())
        }
        Packet::V3_1_1Pingresp(_) | Packet::V5_0Pingresp(_) => Incoming::Pong,
        Packet::V5_0Disconnect(end) => {
            Incoming::BrokerDisconnect(Reason(end.reason_code().map_or(0, |code| code as u8)))
        }
        _ => return None,
    })
}

/// A return code of 3.1.1 as the equivalent code of 5.
const fn from_v3_code(code: u8) -> Reason {
    match code {
        1 => Reason::VERSION,
        2 => Reason::CLIENT_ID,
        3 => Reason(0x88),
        4 => Reason::LOGIN,
        5 => Reason::NOT_AUTHORIZED,
        _ => Reason(0x80),
    }
}

impl Limits {
    fn of(properties: &[Property]) -> Self {
        let mut limits =
            Self { window: WINDOW, acknowledges: true, retains: true, keepalive: None };
        for property in properties {
            match property {
                Property::ReceiveMaximum(most) => {
                    limits.window = WINDOW.min(usize::from(most.val()));
                }
                Property::MaximumQos(most) => limits.acknowledges = most.val() > 0,
                Property::RetainAvailable(available) => limits.retains = available.val() > 0,
                Property::ServerKeepAlive(seconds) => limits.keepalive = Some(seconds.val()),
                _ => (),
            }
        }
        limits
    }
}

/// The most unacknowledged messages, which are kept for the next connection. Brokers accept 20 by
/// default and queue more (mosquitto: 1000).
pub const WINDOW: usize = 20;

/// The largest packet accepted. Only birth messages are subscribed to, and they are short.
const LARGEST: u32 = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn packets(protocol: Protocol) -> Packets {
        let will = Publication {
            topic: "status".to_owned(),
            payload: b"offline".to_vec(),
            retain: true,
            qos: Qos::AtLeastOnce,
        };
        let connect_options = ConnectOptions {
            client_id: "m".to_owned(),
            user: None,
            password: None,
            keepalive: 30,
            will: Some(will),
        };
        Packets::connect(protocol, &connect_options).unwrap()
    }

    fn open(protocol: Protocol) -> Packets {
        let mut packets = packets(protocol);
        let connack: &[u8] = match protocol {
            Protocol::Three => &[0x20, 2, 0, 0],
            Protocol::Five => &[0x20, 3, 0, 0, 0],
        };
        assert!(matches!(packets.feed(connack).unwrap()[..], [Incoming::Open(_)]));
        for _ in 0..3 {
            let (topic, payload) = ("t".to_owned(), b"x".to_vec());
            let message = Publication { topic, payload, retain: false, qos: Qos::AtLeastOnce };
            packets.publish(&message).unwrap().unwrap();
        }
        packets.subscribe(&["birth".to_owned()]).unwrap();
        packets.take();
        packets
    }

    /// Packets of a broker after CONNACK, in version 5: acknowledgements, a message, and so on.
    const BROKER_PACKETS: [&[u8]; 8] = [
        &[0x40, 2, 0, 1],
        &[0x40, 3, 0, 2, 0x87],
        &[0x90, 4, 0, 4, 0, 0],
        &[0x30, 14, 0, 5, b'b', b'i', b'r', b't', b'h', 0, b'o', b'n', b'l', b'i', b'n', b'e'],
        &[0xd0, 0],
        &[0x40, 4, 0, 3, 0x10, 0],
        &[0x31, 7, 0, 1, b'a', 0, 0, 0xff, 0x30],
        &[0xe0, 2, 0x8e, 0],
    ];

    #[test]
    fn however_octets_are_split_the_same_comes_out() {
        let all_packets = BROKER_PACKETS.concat();
        let expected = [
            Incoming::Acknowledged(1, Reason(0)),
            Incoming::Acknowledged(2, Reason::NOT_AUTHORIZED),
            Incoming::Subscribed(vec![Reason(0)]),
            Incoming::Message("birth".to_owned(), b"online".to_vec()),
            Incoming::Pong,
            Incoming::Acknowledged(3, Reason(0x10)),
            Incoming::Message("a".to_owned(), vec![0, 0xff, 0x30]),
            Incoming::BrokerDisconnect(Reason::TAKEN_OVER),
        ];
        assert_eq!(open(Protocol::Five).feed(&all_packets).unwrap(), expected);
        for at in 1..all_packets.len() {
            let mut packets = open(Protocol::Five);
            let (first, second) = all_packets.split_at(at);
            let mut all = packets.feed(first).unwrap();
            all.extend(packets.feed(second).unwrap());
            assert_eq!(all, expected, "split at {at}");
        }
        let mut packets = open(Protocol::Five);
        let all = all_packets.chunks(1).flat_map(|octet| packets.feed(octet).unwrap());
        assert_eq!(all.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_may_not_come_is_refused() {
        for wrong in [
            &[0x32, 8, 0, 1, b'a', 0, 0, 0, b'x', b'y'][..],
            &[0x34, 8, 0, 1, b'a', 0, 9, 0, b'x', b'y'],
            &[0x34, 8, 0, 1, b'a', 0, 0, 0, b'x', b'y'],
            &[0x20, 3, 0, 0, 0],
            &[0x10, 0],
            &[0xc0, 0],
            &[0x50, 2, 0, 1],
            &[0x40, 2, 0, 9],
            &[0x00],
            &[0x30, 0xff, 0xff, 0xff, 0xff],
            &[0x30, 0xff, 0xff, 0xff, 0x7f],
            &[0x30, 0x81, 0x80, 0x04],
        ] {
            let mut packets = open(Protocol::Five);
            let fed = packets.feed(wrong).and_then(|_| packets.feed(&[0; 4]));
            assert_eq!(fed, Err(Malformed), "{wrong:02x?}");
        }
        assert_eq!(open(Protocol::Three).feed(&[0xe0, 0]), Err(Malformed));
        assert_eq!(packets(Protocol::Five).feed(&[0x40, 2, 0, 1]), Err(Malformed));
    }

    #[test]
    fn refusals_of_both_versions_mean_the_same() {
        let refused = |protocol, octets: &[u8]| packets(protocol).feed(octets).unwrap();
        for (code, reason) in [
            (1, Reason::VERSION),
            (2, Reason::CLIENT_ID),
            (3, Reason(0x88)),
            (4, Reason::LOGIN),
            (5, Reason::NOT_AUTHORIZED),
        ] {
            let expected = [Incoming::Refused(reason)];
            assert_eq!(refused(Protocol::Three, &[0x20, 2, 0, code]), expected);
            assert_eq!(refused(Protocol::Five, &[0x20, 3, 0, reason.0, 0]), expected);
        }
        assert_eq!(refused(Protocol::Five, &[0x20, 2, 0, 1]), [Incoming::Refused(Reason::VERSION)]);
    }

    #[test]
    fn no_damage_makes_it_panic() {
        let mut state = 0x2545_f491_4f6c_dd1du64;
        let mut draw = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % below as u64) as usize
        };
        let fresh: [&[u8]; 3] = [
            &[
                0x20, 0x13, 0, 0, 0x10, 0x21, 0, 5, 0x22, 0, 4, 0x24, 0, 0x25, 0, 0x27, 0, 0, 4, 0,
                0x13,
            ],
            &[0x20, 3, 0, 0, 0],
            &[0x20, 2, 0, 0],
        ];
        for _ in 0..20_000 {
            let protocol = [Protocol::Three, Protocol::Five][draw(2)];
            let (mut packets, mut stream) = match draw(4) {
                0 => (packets(protocol), fresh[draw(fresh.len())].to_vec()),
                _ => (open(protocol), Vec::new()),
            };
            for _ in 0..1 + draw(4) {
                let mut packet = BROKER_PACKETS[draw(BROKER_PACKETS.len())].to_vec();
                for _ in 0..draw(4) {
                    let at = draw(packet.len());
                    packet[at] = [draw(256) as u8, 0, packet[at] ^ 1 << draw(8)][draw(3)];
                }
                if draw(5) == 0 {
                    packet.insert(draw(packet.len() + 1), draw(256) as u8);
                }
                stream.extend(packet);
            }
            let (first, second) = stream.split_at(draw(stream.len() + 1));
            let _ = packets.feed(first).and_then(|_| packets.feed(second));
            let _ = (packets.ping(), packets.disconnect());
        }
    }
}
