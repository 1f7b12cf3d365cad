//! QoS 1 delivery across reconnects.
//!
//! A broker that comes back may have forgotten everything, so nothing relies on its memory: every
//! connection starts clean, and unacknowledged messages are kept here and sent again in the next
//! one.
//!
//! ```text
//! publish -> outbound -> unacknowledged -> acknowledged        QoS 1
//!                   \--------------------> sent                QoS 0
//! connection lost: states with QoS 1 wait for the next one, in order; other messages are dropped
//! ```
//!
//! All queues are bounded. There is no socket here, and the caller supplies the time.

use core::{hash::BuildHasher, time::Duration};
use std::{collections::VecDeque, hash::RandomState, time::Instant};

use crate::sink::mqtt::{
    disconnect::Disconnect,
    packets::{ConnectOptions, Incoming, Limits, Malformed, Packets, Protocol, Reason, WINDOW},
    publication::{Publication, Qos},
    versions::Versions,
};

/// The dialogue with a broker, connection after connection.
pub struct Session {
    connect_options: ConnectOptions,
    /// The name of the client may be changed.
    may_rename: bool,
    versions: Versions,
    carried_over: VecDeque<Outgoing>,
    connection: Option<SessionConnection>,
    /// Answers to lines of the history that nobody has taken yet.
    answers: Vec<LineAnswer>,
}

/// The number of a line of the history, and the reason if the broker refuses it.
pub type LineAnswer = (u64, Option<Reason>);

/// One connection.
struct SessionConnection {
    packets: Packets,
    limits: Option<Limits>,
    outbound: VecDeque<Outgoing>,
    unacknowledged: VecDeque<(u16, Instant, Outgoing)>,
    started: Instant,
    last_ping: Instant,
    pong_received: bool,
}

#[derive(Clone, Debug)]
struct Outgoing {
    message: Publication,
    /// The readings that this message stands for. Announcements and repeated states count 0; of the
    /// messages of a state, the last one counts 1.
    readings: u64,
    /// True if a message with QoS 1 goes into the next connection when it is not acknowledged in
    /// this one.
    keep_for_next: bool,
    /// The number of a line of the history, which is kept elsewhere until it is acknowledged.
    line: Option<u64>,
}

/// An event in a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionEvent {
    /// The broker accepts the client.
    Open,
    /// A message on a subscribed topic, with its payload.
    Message(String, Vec<u8>),
    /// The broker has acknowledged a message on this topic.
    Accepted(String),
    /// The broker refuses a message on this topic; this many readings are lost with it.
    Rejected(String, Reason, u64),
    /// The broker refuses a subscription.
    NotSubscribed(Reason),
}

/// A message that exceeds the broker's packet size and is dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TooLarge {
    /// The topic.
    pub topic: String,
    /// The readings that are lost with it.
    pub readings: u64,
}

impl Session {
    /// A session with these CONNECT options. Without a `wanted` version it uses the one that the
    /// broker speaks.
    pub fn new(connect_options: ConnectOptions, wanted: Option<Protocol>) -> Self {
        let versions = Versions::new(wanted);
        let (carried_over, answers) = (VecDeque::new(), Vec::new());
        let (may_rename, connection) = (false, None);
        Self { connect_options, may_rename, versions, carried_over, connection, answers }
    }

    /// The same with a name that the user did not choose, so that it may be changed.
    #[must_use]
    pub fn with_usual_name(self) -> Self {
        Self { may_rename: true, ..self }
    }

    /// A name that no other client has, if this one may be changed.
    pub fn other_name(&self) -> Option<String> {
        // The standard library's hash keys are its only source of randomness.
        let random = RandomState::new().hash_one(0) & 0xffff;
        self.may_rename.then(|| format!("{}-{random:04x}", self.connect_options.client_id))
    }

    /// Takes that name from the next connection on, for good.
    pub fn rename(&mut self, client_id: String) {
        self.connect_options.client_id = client_id;
        self.may_rename = false;
    }

    /// A session with the same options and another name of the client, which leaves no will behind.
    #[must_use]
    pub fn without_will(&self, suffix: &str) -> Self {
        let connect_options = self.connect_options.clone();
        let client_id = format!("{}{suffix}", connect_options.client_id);
        let connect_options = ConnectOptions { client_id, will: None, ..connect_options };
        Self::new(connect_options, self.versions.wanted())
    }

    /// The version of this connection.
    pub const fn protocol(&self) -> Protocol {
        self.versions.current()
    }

    /// True if the broker accepts only the older version.
    pub fn is_fallback(&self) -> bool {
        self.versions.is_fallback()
    }

    /// The fields of CONNECT.
    pub const fn connect_options(&self) -> &ConnectOptions {
        &self.connect_options
    }

    /// Begins a connection.
    ///
    /// # Errors
    /// The options do not fit into a packet.
    pub fn begin(&mut self, now: Instant) -> Result<(), Malformed> {
        self.connection = Some(SessionConnection {
            packets: Packets::connect(self.versions.current(), &self.connect_options)?,
            limits: None,
            outbound: VecDeque::new(),
            unacknowledged: VecDeque::new(),
            started: now,
            last_ping: now,
            pong_received: true,
        });
        Ok(())
    }

    /// True if the broker has accepted the client.
    pub fn is_open(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| connection.limits.is_some())
    }

    /// True if more may be published within the bound of the queue.
    pub fn has_room(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| {
            connection.limits.is_some() && connection.outbound.len() < MOST_OUTBOUND
        })
    }

    /// True if every message is sent, and acknowledged if it has to be.
    pub fn is_idle(&self) -> bool {
        let all = |connection: &SessionConnection| {
            connection.outbound.is_empty() && connection.unacknowledged.is_empty()
        };
        self.carried_over.is_empty() && self.connection.as_ref().is_none_or(all)
    }

    /// True if every message is sent.
    pub fn is_all_sent(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| connection.outbound.is_empty())
    }

    /// The number of readings that are not sent or not acknowledged.
    pub fn unsent(&self) -> u64 {
        let connection = self.connection.iter().flat_map(|connection| {
            let unacknowledged = connection.unacknowledged.iter().map(|(.., outgoing)| outgoing);
            unacknowledged.chain(&connection.outbound)
        });
        self.carried_over.iter().chain(connection).map(|outgoing| outgoing.readings).sum()
    }

    /// Publishes a message that every connection begins with.
    pub fn announce(&mut self, message: Publication) {
        self.enqueue(Outgoing { message, readings: 0, keep_for_next: false, line: None });
    }

    /// Publishes a line of the history. [`take_answers`](Self::take_answers) returns its number
    /// when the broker has answered; a lost connection gives no answer.
    pub fn publish_line(&mut self, message: Publication, number: u64) {
        let line = Some(number);
        self.enqueue(Outgoing { message, readings: 0, keep_for_next: false, line });
    }

    /// The answers to lines of the history since the last call.
    pub fn take_answers(&mut self) -> Vec<LineAnswer> {
        core::mem::take(&mut self.answers)
    }

    /// Publishes the messages of one reading.
    pub fn publish(&mut self, messages: Vec<Publication>) {
        let last = messages.len().saturating_sub(1);
        for (at, message) in messages.into_iter().enumerate() {
            self.enqueue(Outgoing {
                message,
                readings: u64::from(at == last),
                keep_for_next: true,
                line: None,
            });
        }
    }

    /// Publishes the messages of a reading once more, for subscribers that came late. A message
    /// that is queued already is not repeated.
    pub fn repeat(&mut self, messages: Vec<Publication>) {
        for message in messages {
            if !self.is_queued(&message) {
                self.announce(message);
            }
        }
    }

    /// True if the last queued message of that topic has the same payload.
    fn is_queued(&self, message: &Publication) -> bool {
        let mut outbound = self
            .connection
            .iter()
            .flat_map(|connection| &connection.outbound)
            .map(|waiting| &waiting.message);
        let last = outbound.rfind(|waiting| waiting.topic == message.topic);
        last.is_some_and(|waiting| waiting.payload == message.payload)
    }

    fn enqueue(&mut self, outgoing: Outgoing) {
        if let Some(connection) = &mut self.connection {
            connection.outbound.push_back(outgoing);
        }
    }

    /// Publishes the messages that earlier connections left over, in order.
    pub fn resume(&mut self) {
        if let Some(connection) = &mut self.connection {
            connection.outbound.append(&mut self.carried_over);
        }
    }

    /// Subscribes to topics. Invalid topics are left out.
    pub fn subscribe(&mut self, topics: &[String]) {
        if let (Some(connection), false) = (&mut self.connection, topics.is_empty()) {
            let _ = connection.packets.subscribe(topics);
        }
    }

    /// Ends the connection so that the broker discards the will.
    pub fn disconnect(&mut self) {
        if let Some(connection) = &mut self.connection {
            let _ = connection.packets.disconnect();
        }
    }

    /// Takes the octets to send now, and the messages that are too large to be sent.
    pub fn take(&mut self, now: Instant) -> (Vec<u8>, Vec<TooLarge>) {
        let Some(connection) = &mut self.connection else {
            return (Vec::new(), Vec::new());
        };
        let mut too_large = Vec::new();
        let mut octets = connection.packets.take();
        while octets.len() < SEND_CHUNK
            && let Some(outgoing) = connection.next()
        {
            match connection.packets.publish(&outgoing.message) {
                Ok(Some(id)) => connection.unacknowledged.push_back((id, now, outgoing)),
                // A broker without QoS 1 acknowledges nothing.
                Ok(None) => self.answers.extend(outgoing.line.map(|line| (line, None))),
                Err(Malformed) => match outgoing.line {
                    Some(line) => self.answers.push((line, Some(Reason::TOO_LARGE))),
                    None => {
                        let Outgoing { message, readings, .. } = outgoing;
                        too_large.push(TooLarge { topic: message.topic, readings });
                    }
                },
            }
            octets.append(&mut connection.packets.take());
        }
        (octets, too_large)
    }

    /// Takes octets of the broker.
    ///
    /// # Errors
    /// The reason for which the connection is at its end.
    pub fn feed(&mut self, octets: &[u8]) -> Result<Vec<SessionEvent>, Disconnect> {
        let Some(connection) = &mut self.connection else {
            return Ok(Vec::new());
        };
        let mut events = Vec::new();
        for incoming in connection.packets.feed(octets).map_err(|Malformed| Disconnect::NotMqtt)? {
            match incoming {
                Incoming::Open(limits) => {
                    connection.limits = Some(limits);
                    self.versions.accept();
                    events.push(SessionEvent::Open);
                }
                Incoming::Refused(reason) => return Err(Disconnect::Refused(reason)),
                Incoming::BrokerDisconnect(reason) => {
                    return Err(Disconnect::BrokerDisconnect(reason));
                }
                Incoming::Acknowledged(id, reason) => {
                    events.extend(connection.acknowledge(id, reason, &mut self.answers));
                }
                Incoming::Message(topic, payload) => {
                    events.push(SessionEvent::Message(topic, payload));
                }
                Incoming::Subscribed(reasons) => {
                    let failed = reasons.into_iter().find(|reason| reason.is_failure());
                    events.extend(failed.map(SessionEvent::NotSubscribed));
                }
                Incoming::Pong => connection.pong_received = true,
            }
        }
        Ok(events)
    }

    /// Checks that the broker answers, and pings it at intervals.
    ///
    /// # Errors
    /// The broker does not answer.
    pub fn check_keepalive(&mut self, now: Instant) -> Result<(), Disconnect> {
        let keepalive = self.keepalive();
        let Some(connection) = &mut self.connection else {
            return Ok(());
        };
        if connection.limits.is_none() {
            return if now >= connection.started + CONNACK_TIMEOUT {
                Err(Disconnect::NoAnswer(CONNACK_TIMEOUT))
            } else {
                Ok(())
            };
        }
        let timeout = keepalive * 3 / 2;
        let oldest = connection.unacknowledged.front().map(|(_, sent, _)| *sent);
        let overdue = oldest.is_some_and(|sent| now >= sent + timeout);
        if overdue || !connection.pong_received && now >= connection.last_ping + keepalive / 2 {
            return Err(Disconnect::Silent(timeout));
        }
        if connection.pong_received && now >= connection.last_ping + keepalive {
            connection.last_ping = now;
            connection.pong_received = connection.packets.ping().is_err();
        }
        Ok(())
    }

    /// The time of the next check.
    pub fn next_check(&self) -> Option<Instant> {
        let keepalive = self.keepalive();
        let connection = self.connection.as_ref()?;
        if connection.limits.is_none() {
            return Some(connection.started + CONNACK_TIMEOUT);
        }
        let ping =
            connection.last_ping + if connection.pong_received { keepalive } else { keepalive / 2 };
        let oldest =
            connection.unacknowledged.front().map(|(_, sent, _)| *sent + keepalive * 3 / 2);
        Some(oldest.map_or(ping, |oldest| oldest.min(ping)))
    }

    fn keepalive(&self) -> Duration {
        let limits = self.connection.as_ref().and_then(|connection| connection.limits);
        let wanted = limits.and_then(|limits| limits.keepalive).filter(|seconds| *seconds > 0);
        Duration::from_secs(wanted.unwrap_or(self.connect_options.keepalive).into())
    }

    /// Closes the connection. Returns true if the next attempt may follow at once, with an older
    /// version or a weaker will.
    pub fn connection_lost(&mut self, end: &Disconnect) -> bool {
        let was_open = self.is_open();
        self.answers.clear();
        if let Some(connection) = self.connection.take() {
            self.keep(connection);
        }
        match end {
            Disconnect::Refused(reason) if self.connect_options.weaken_will(*reason) => true,
            end => self.versions.connection_lost(end, was_open),
        }
    }

    /// Keeps states with QoS 1 for the next connection.
    fn keep(&mut self, connection: SessionConnection) {
        let unacknowledged = connection.unacknowledged.into_iter().map(|(.., outgoing)| outgoing);
        let due = unacknowledged.chain(connection.outbound);
        let kept = due.filter(|due| due.keep_for_next && due.message.qos == Qos::AtLeastOnce);
        // Messages of earlier connections stay in front.
        self.carried_over.extend(kept);
    }
}

impl SessionConnection {
    /// The next message that may be sent.
    fn next(&mut self) -> Option<Outgoing> {
        let limits = self.limits?;
        if self.unacknowledged.len() >= limits.window {
            // A message with QoS 0 may not overtake either: the last state must arrive last.
            return None;
        }
        let mut next = self.outbound.pop_front()?;
        next.message.retain &= limits.retains;
        if !limits.acknowledges {
            next.message.qos = Qos::AtMostOnce;
        }
        Some(next)
    }

    fn acknowledge(
        &mut self,
        id: u16,
        reason: Reason,
        answers: &mut Vec<LineAnswer>,
    ) -> Option<SessionEvent> {
        let at = self.unacknowledged.iter().position(|(sent, ..)| *sent == id)?;
        let (.., Outgoing { message, readings, line, .. }) = self.unacknowledged.remove(at)?;
        if let Some(line) = line {
            answers.push((line, Some(reason).filter(|reason| reason.is_failure())));
            return None;
        }
        Some(match reason.is_failure() {
            true => SessionEvent::Rejected(message.topic, reason, readings),
            false => SessionEvent::Accepted(message.topic),
        })
    }
}

/// The most messages in the queue before no more readings are taken. The messages of one more
/// reading may exceed it, and at the start of a connection those of the last one, the announcements
/// and the latest state of each meter.
const MOST_OUTBOUND: usize = WINDOW;

/// The octets to hand to the socket at a time.
const SEND_CHUNK: usize = 32 * 1024;

/// The longest time for a broker to answer CONNECT.
const CONNACK_TIMEOUT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::settings::Secret;

    fn message(text: &str, qos: Qos) -> Publication {
        Publication { topic: "t".to_owned(), payload: text.into(), retain: true, qos }
    }

    fn session(wanted: Option<Protocol>) -> Session {
        let connect_options = ConnectOptions {
            client_id: "m".to_owned(),
            user: Some("anna".to_owned()),
            password: Some(Secret::new("geheim".to_owned())),
            keepalive: 30,
            will: Some(message("offline", Qos::AtLeastOnce)),
        };
        Session::new(connect_options, wanted)
    }

    /// A session with an answer to its CONNECT.
    fn open(connack: &[u8]) -> (Session, Instant) {
        let mut session = session(None);
        let now = Instant::now();
        session.begin(now).unwrap();
        assert!(!session.take(now).0.is_empty() && !session.is_open());
        assert_eq!(session.feed(connack), Ok(vec![SessionEvent::Open]));
        (session, now)
    }

    /// The payloads of PUBLISH packets, each with its identifier and its first octet.
    fn published(mut octets: &[u8]) -> Vec<(u8, u16, String)> {
        let mut all = Vec::new();
        while let [first, length, rest @ ..] = octets {
            let (body, behind) = rest.split_at(usize::from(*length));
            octets = behind;
            let qos = first >> 1 & 3;
            let id = if qos > 0 { u16::from_be_bytes([body[3], body[4]]) } else { 0 };
            let at = 3 + if qos > 0 { 2 } else { 0 } + 1;
            all.push((*first, id, String::from_utf8(body[at..].to_vec()).unwrap()));
        }
        all
    }

    const OPEN: [u8; 5] = [0x20, 3, 0, 0, 0];
    const ONE: Qos = Qos::AtLeastOnce;

    #[test]
    fn what_was_not_acknowledged_is_sent_again_as_new_and_before_what_came_later() {
        // The broker may or may not claim to remember the session.
        for connack in [OPEN, [0x20, 3, 1, 0, 0]] {
            let (mut session, now) = open(&OPEN);
            session.announce(message("online", ONE));
            for text in ["1", "2", "3", "4", "5", "6"] {
                session.publish(vec![message(text, ONE)]);
            }
            let sent = published(&session.take(now).0);
            assert_eq!(sent.len(), 7);
            // `online` and 2 arrived.
            let acknowledge = |at: usize| [0x40, 2, sent[at].1.to_be_bytes()[0], sent[at].1 as u8];
            let accepted = SessionEvent::Accepted("t".to_owned());
            assert_eq!(session.feed(&acknowledge(0)), Ok(vec![accepted.clone()]));
            assert_eq!(session.feed(&acknowledge(2)), Ok(vec![accepted]));
            session.publish(vec![message("7", Qos::AtMostOnce)]);
            assert_eq!(session.unsent(), 6);
            assert!(!session.connection_lost(&Disconnect::Closed));
            assert_eq!(session.unsent(), 5, "what needs no acknowledgement goes with its time");

            // The next connection is refused, the one after that taken.
            session.begin(now).unwrap();
            let busy = session.feed(&[0x20, 3, 0, 0x89, 0]).unwrap_err();
            assert_eq!(busy, Disconnect::Refused(Reason(0x89)));
            assert!(!session.connection_lost(&busy));
            session.begin(now).unwrap();
            session.take(now);
            session.feed(&connack).unwrap();
            session.announce(message("online", ONE));
            session.resume();
            session.publish(vec![message("8", ONE)]);
            let again = published(&session.take(now).0);
            let texts: Vec<_> = again.iter().map(|(.., text)| text.as_str()).collect();
            assert_eq!(texts, ["online", "1", "3", "4", "5", "6", "8"]);
            assert!(again.iter().all(|(first, ..)| *first == 0x33), "{again:?}");
            assert!(!session.is_idle());
            for (_, id, _) in again {
                session.feed(&[0x40, 2, id.to_be_bytes()[0], id as u8]).unwrap();
            }
            assert!(session.is_idle() && session.unsent() == 0);
        }
    }

    #[test]
    fn what_is_published_again_waits_once_and_for_this_connection() {
        let (mut session, now) = open(&OPEN);
        session.publish(vec![message("1", ONE)]);
        for text in ["1", "2", "2", "1"] {
            session.repeat(vec![message(text, ONE)]);
        }
        let texts = |session: &mut Session| {
            let sent = published(&session.take(now).0).into_iter();
            sent.map(|(.., text)| text).collect::<Vec<_>>()
        };
        assert_eq!(texts(&mut session), ["1", "2", "1"], "the last one is the last");
        session.repeat(vec![message("1", ONE)]);
        assert_eq!(texts(&mut session), ["1"], "nothing waits any more");
        assert_eq!(session.unsent(), 1);
        session.connection_lost(&Disconnect::Closed);
        session.begin(now).unwrap();
        session.take(now);
        session.feed(&OPEN).unwrap();
        session.resume();
        assert_eq!((texts(&mut session), session.unsent()), (vec!["1".to_owned()], 1));
    }

    #[test]
    fn a_broker_takes_no_more_at_a_time_than_it_announced() {
        // Receive Maximum 2, Maximum QoS not said.
        let (mut session, now) = open(&[0x20, 6, 0, 0, 3, 0x21, 0, 2]);
        for text in ["1", "2", "3"] {
            session.publish(vec![message(text, ONE)]);
        }
        session.publish(vec![message("4", Qos::AtMostOnce)]);
        let sent = published(&session.take(now).0);
        assert_eq!(sent.len(), 2, "and nothing overtakes");
        session.feed(&[0x40, 2, 0, sent[0].1 as u8]).unwrap();
        assert_eq!(published(&session.take(now).0).len(), 1);
        session.feed(&[0x40, 2, 0, sent[1].1 as u8]).unwrap();
        assert_eq!(published(&session.take(now).0), [(0x31, 0, "4".to_owned())]);
    }

    #[test]
    fn what_a_broker_cannot_do_is_not_asked_of_it() {
        // Maximum QoS 0, Retain Available 0, Server Keep Alive 4.
        let (mut session, now) = open(&[0x20, 10, 0, 0, 7, 0x24, 0, 0x25, 0, 0x13, 0, 4]);
        session.publish(vec![message("1", ONE)]);
        assert_eq!(published(&session.take(now).0), [(0x30, 0, "1".to_owned())]);
        assert!(session.is_idle());
        assert_eq!(session.next_check(), Some(now + Duration::from_secs(4)));
        // Maximum Packet Size 20.
        let (mut session, now) = open(&[0x20, 8, 0, 0, 5, 0x27, 0, 0, 0, 20]);
        session.publish(vec![message("1", ONE), message(&"2".repeat(30), ONE)]);
        let (octets, too_large) = session.take(now);
        assert_eq!(published(&octets).len(), 1);
        assert_eq!(too_large, [TooLarge { topic: "t".to_owned(), readings: 1 }]);
    }

    #[test]
    fn a_will_that_a_broker_cannot_take_becomes_one_that_it_can() {
        // Each will that is refused leads to the next: the flags of CONNECT, and the broker's
        // answer.
        let (qos, retain) = ([0x20, 3, 0, 0x9b, 0], [0x20, 3, 0, 0x9a, 0]);
        for answers in [[qos, retain], [retain, qos]] {
            let (mut session, now) = (session(None), Instant::now());
            let mut flags = Vec::new();
            for answer in answers {
                session.begin(now).unwrap();
                flags.push(session.take(now).0[9] & 0b0011_1100);
                let end = session.feed(&answer).unwrap_err();
                assert!(session.connection_lost(&end), "at once");
            }
            // The session remembers the weaker will.
            for _ in 0..2 {
                session.begin(now).unwrap();
                let (connect, _) = session.take(now);
                flags.push(connect[9] & 0b0011_1100);
                assert_eq!(&connect[2..9], b"\0\x04MQTT\x05");
                session.feed(&OPEN).unwrap();
                assert!(!session.connection_lost(&Disconnect::Closed));
            }
            let between = if answers[0] == qos { 0b10_0100 } else { 0b00_1100 };
            assert_eq!(flags, [0b10_1100, between, 0b00_0100, 0b00_0100]);
        }
        // A broker that refuses even the weakest will, or a client without one, is not tried again
        // at once.
        let mut session = session(None);
        for again in [true, false] {
            session.begin(Instant::now()).unwrap();
            assert_eq!(session.connection_lost(&Disconnect::Refused(Reason::QOS)), again);
        }
        session.connect_options.will = None;
        assert!(!session.connection_lost(&Disconnect::Refused(Reason::RETAIN)));
    }

    #[test]
    fn a_broker_that_is_silent_is_given_up_after_one_and_a_half_keepalives() {
        let after = |now: Instant, seconds| now + Duration::from_secs(seconds);
        // An idle broker is pinged, and has half an interval to answer.
        let (mut session, now) = open(&OPEN);
        assert_eq!(session.check_keepalive(after(now, 29)), Ok(()));
        assert!(session.take(now).0.is_empty());
        assert_eq!(session.check_keepalive(after(now, 30)), Ok(()));
        assert_eq!(session.take(now).0, [0xc0, 0]);
        assert_eq!(session.next_check(), Some(after(now, 45)));
        assert_eq!(session.check_keepalive(after(now, 44)), Ok(()));
        let mut pong_received =
            session.feed(&[0xd0, 0]).map(|_| session.check_keepalive(after(now, 59)));
        assert_eq!(pong_received, Ok(Ok(())));
        pong_received = Ok(session.check_keepalive(after(now, 60)));
        assert_eq!(pong_received, Ok(Ok(())));
        let silent = Disconnect::Silent(Duration::from_secs(45));
        assert_eq!(session.check_keepalive(after(now, 75)), Err(silent.clone()));
        // A message is on its way.
        let (mut session, now) = open(&OPEN);
        session.publish(vec![message("1", ONE)]);
        session.take(after(now, 20));
        session.check_keepalive(after(now, 30)).unwrap();
        session.feed(&[0xd0, 0]).unwrap();
        session.check_keepalive(after(now, 60)).unwrap();
        session.feed(&[0xd0, 0]).unwrap();
        assert_eq!(session.check_keepalive(after(now, 65)), Err(silent));
        // No answer to CONNECT.
        let mut session = super::tests::session(None);
        session.begin(now).unwrap();
        assert_eq!(session.check_keepalive(after(now, 9)), Ok(()));
        assert_eq!(
            session.check_keepalive(after(now, 10)),
            Err(Disconnect::NoAnswer(Duration::from_secs(10)))
        );
    }

    #[test]
    fn the_introduction_has_user_password_and_will() {
        for protocol in [Protocol::Three, Protocol::Five] {
            let mut session = session(Some(protocol));
            session.begin(Instant::now()).unwrap();
            let (connect, _) = session.take(Instant::now());
            // User, password, retained will with QoS 1, clean start.
            assert_eq!(connect[9], 0b1110_1110);
            let text = String::from_utf8_lossy(&connect).into_owned();
            for part in ["\0\x01m", "\0\x01t", "\0\x07offline", "\0\x04anna", "\0\x06geheim"] {
                assert!(text.contains(part), "{text:?}");
            }
            assert!(!format!("{:?}", session.connect_options()).contains("geheim"));
        }
    }
}
