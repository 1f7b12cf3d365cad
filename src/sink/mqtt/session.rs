//! What has to arrive, over as many connections as it takes.
//!
//! A broker that comes back may have forgotten everything, so nothing is left to its memory: every
//! connection begins clean, and what was not acknowledged is kept here and sent again in the next one.
//!
//! ```text
//! publish -> lane -> unacknowledged -> gone        QoS 1
//!              \---------------------> gone        QoS 0
//! connection lost: states with QoS 1 wait for the next one, in their order; the rest goes
//! ```
//!
//! All of it is bounded. There is no socket here, and time is what the caller says it is.

use core::time::Duration;
use std::{collections::VecDeque, time::Instant};

use crate::sink::mqtt::{
    announce::{Publication, Qos},
    disconnect::Disconnect,
    packets::{Hello, Incoming, Limits, Malformed, Packets, Protocol, Reason, WINDOW},
    versions::Versions,
};

/// What is said to a broker, connection after connection.
pub struct Session {
    hello: Hello,
    versions: Versions,
    again: VecDeque<Outgoing>,
    line: Option<Contact>,
}

/// One connection.
struct Contact {
    packets: Packets,
    limits: Option<Limits>,
    lane: VecDeque<Outgoing>,
    unacknowledged: VecDeque<(u16, Instant, Outgoing)>,
    began: Instant,
    pinged: Instant,
    answered: bool,
}

#[derive(Clone, Debug)]
struct Outgoing {
    message: Publication,
    /// What is told anew in each connection is 0; the last message of a state is 1, the first time.
    readings: u64,
    /// It is for the next connection if it has to arrive and does not in this one.
    stays: bool,
}

/// What happened in a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// The broker takes the client.
    Open,
    /// Somebody's message.
    Message(String, Vec<u8>),
    /// The broker has a message on that topic.
    Accepted(String),
    /// It does not want it; so many readings are not told by that.
    Rejected(String, Reason, u64),
    /// A message is larger than it takes.
    TooLarge(String, u64),
    /// It does not let the client listen.
    NotSubscribed(Reason),
}

impl Session {
    /// With that introduction, in the version that is wanted, or in what the broker speaks.
    #[must_use]
    pub const fn new(hello: Hello, wanted: Option<Protocol>) -> Self {
        let versions = Versions::new(wanted);
        Self { hello, versions, again: VecDeque::new(), line: None }
    }

    /// Whether the broker took the older version only.
    #[must_use]
    pub fn is_fallback(&self) -> bool {
        self.versions.is_fallback()
    }

    /// How the client introduces itself.
    #[must_use]
    pub const fn hello(&self) -> &Hello {
        &self.hello
    }

    /// Begins a connection.
    ///
    /// # Errors
    /// The introduction does not fit into a packet.
    pub fn begin(&mut self, now: Instant) -> Result<(), Malformed> {
        self.line = Some(Contact {
            packets: Packets::connect(self.versions.current(), &self.hello)?,
            limits: None,
            lane: VecDeque::new(),
            unacknowledged: VecDeque::new(),
            began: now,
            pinged: now,
            answered: true,
        });
        Ok(())
    }

    /// Whether the broker has taken the client.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.line.as_ref().is_some_and(|line| line.limits.is_some())
    }

    /// Whether more may be published without anything growing.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.line.as_ref().is_some_and(|line| line.limits.is_some() && line.lane.len() < LANE)
    }

    /// Whether everything has gone, and was acknowledged where it has to be.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let all = |line: &Contact| line.lane.is_empty() && line.unacknowledged.is_empty();
        self.again.is_empty() && self.line.as_ref().is_none_or(all)
    }

    /// Whether everything is on its way at least.
    #[must_use]
    pub fn has_gone(&self) -> bool {
        self.line.as_ref().is_some_and(|line| line.lane.is_empty())
    }

    /// How many readings have not gone or were not acknowledged.
    #[must_use]
    pub fn unsent(&self) -> u64 {
        let line = self.line.iter().flat_map(|line| {
            let unacknowledged = line.unacknowledged.iter().map(|(.., outgoing)| outgoing);
            unacknowledged.chain(&line.lane)
        });
        self.again.iter().chain(line).map(|outgoing| outgoing.readings).sum()
    }

    /// Publishes what every connection is told anew.
    pub fn announce(&mut self, message: Publication) {
        self.put(Outgoing { message, readings: 0, stays: false });
    }

    /// Publishes the messages of one reading.
    pub fn publish(&mut self, messages: Vec<Publication>) {
        let last = messages.len().saturating_sub(1);
        for (at, message) in messages.into_iter().enumerate() {
            self.put(Outgoing { message, readings: u64::from(at == last), stays: true });
        }
    }

    /// Publishes the messages of a reading once more: for who has forgotten them, or has not listened.
    /// Who gets them anyway need not get them twice.
    pub fn repeat(&mut self, messages: Vec<Publication>) {
        for message in messages {
            if !self.waits(&message) {
                self.announce(message);
            }
        }
    }

    /// Whether the last message that waits for its topic says the same.
    fn waits(&self, message: &Publication) -> bool {
        let mut lane = self.line.iter().flat_map(|line| &line.lane).map(|waiting| &waiting.message);
        let last = lane.rfind(|waiting| waiting.topic == message.topic);
        last.is_some_and(|waiting| waiting.payload == message.payload)
    }

    fn put(&mut self, outgoing: Outgoing) {
        if let Some(line) = &mut self.line {
            line.lane.push_back(outgoing);
        }
    }

    /// Publishes what former connections could not, in its order.
    pub fn resume(&mut self) {
        if let Some(line) = &mut self.line {
            line.lane.append(&mut self.again);
        }
    }

    /// Listens to topics. What is no topic is not listened to.
    pub fn subscribe(&mut self, topics: &[String]) {
        if let (Some(line), false) = (&mut self.line, topics.is_empty()) {
            let _ = line.packets.subscribe(topics);
        }
    }

    /// Ends the connection without its will.
    pub fn disconnect(&mut self) {
        if let Some(line) = &mut self.line {
            let _ = line.packets.disconnect();
        }
    }

    /// What is to be sent now.
    pub fn take(&mut self, now: Instant) -> (Vec<u8>, Vec<Happened>) {
        let Some(line) = &mut self.line else {
            return (Vec::new(), Vec::new());
        };
        let mut happened = Vec::new();
        let mut octets = line.packets.take();
        while octets.len() < ENOUGH
            && let Some(outgoing) = line.next()
        {
            match line.packets.publish(&outgoing.message) {
                Ok(Some(id)) => line.unacknowledged.push_back((id, now, outgoing)),
                Ok(None) => (),
                Err(Malformed) => {
                    happened.push(Happened::TooLarge(outgoing.message.topic, outgoing.readings));
                }
            }
            octets.append(&mut line.packets.take());
        }
        (octets, happened)
    }

    /// Takes octets of the broker.
    ///
    /// # Errors
    /// The connection is at its end, and why.
    pub fn feed(&mut self, octets: &[u8]) -> Result<Vec<Happened>, Disconnect> {
        let Some(line) = &mut self.line else {
            return Ok(Vec::new());
        };
        let mut happened = Vec::new();
        for incoming in line.packets.feed(octets).map_err(|Malformed| Disconnect::NotMqtt)? {
            match incoming {
                Incoming::Open(limits) => {
                    line.limits = Some(limits);
                    self.versions.take();
                    happened.push(Happened::Open);
                }
                Incoming::Refused(reason) => return Err(Disconnect::Refused(reason)),
                Incoming::Goodbye(reason) => return Err(Disconnect::Goodbye(reason)),
                Incoming::Acknowledged(id, reason) => happened.extend(line.acknowledge(id, reason)),
                Incoming::Message(topic, payload) => {
                    happened.push(Happened::Message(topic, payload));
                }
                Incoming::Subscribed(reasons) => {
                    let failed = reasons.into_iter().find(|reason| reason.is_failure());
                    happened.extend(failed.map(Happened::NotSubscribed));
                }
                Incoming::Pong => line.answered = true,
            }
        }
        Ok(happened)
    }

    /// Looks whether the broker is there, and asks it from time to time.
    ///
    /// # Errors
    /// It is not.
    pub fn check(&mut self, now: Instant) -> Result<(), Disconnect> {
        let keepalive = self.keepalive();
        let Some(line) = &mut self.line else {
            return Ok(());
        };
        if line.limits.is_none() {
            return if now >= line.began + ANSWER {
                Err(Disconnect::NoAnswer(ANSWER))
            } else {
                Ok(())
            };
        }
        let patience = keepalive * 3 / 2;
        let oldest = line.unacknowledged.front().map(|(_, sent, _)| *sent);
        let waits = oldest.is_some_and(|sent| now >= sent + patience);
        if waits || !line.answered && now >= line.pinged + keepalive / 2 {
            return Err(Disconnect::Silent(patience));
        }
        if line.answered && now >= line.pinged + keepalive {
            line.pinged = now;
            line.answered = line.packets.ping().is_err();
        }
        Ok(())
    }

    /// When to look again.
    #[must_use]
    pub fn next_check(&self) -> Option<Instant> {
        let keepalive = self.keepalive();
        let line = self.line.as_ref()?;
        if line.limits.is_none() {
            return Some(line.began + ANSWER);
        }
        let ping = line.pinged + if line.answered { keepalive } else { keepalive / 2 };
        let oldest = line.unacknowledged.front().map(|(_, sent, _)| *sent + keepalive * 3 / 2);
        Some(oldest.map_or(ping, |oldest| oldest.min(ping)))
    }

    fn keepalive(&self) -> Duration {
        let limits = self.line.as_ref().and_then(|line| line.limits);
        let wanted = limits.and_then(|limits| limits.keepalive).filter(|seconds| *seconds > 0);
        Duration::from_secs(wanted.unwrap_or(self.hello.keepalive).into())
    }

    /// The connection is at its end. Says whether to try at once in other words.
    pub fn end(&mut self, end: &Disconnect) -> bool {
        let was_open = self.is_open();
        if let Some(line) = self.line.take() {
            self.keep(line);
        }
        match end {
            Disconnect::Refused(reason) if self.hello.yields_to(*reason) => true,
            end => self.versions.end(end, was_open),
        }
    }

    /// States that have to arrive are for the next connection.
    fn keep(&mut self, line: Contact) {
        let unacknowledged = line.unacknowledged.into_iter().map(|(.., outgoing)| outgoing);
        let due = unacknowledged.chain(line.lane);
        let kept = due.filter(|due| due.stays && due.message.qos == Qos::AtLeastOnce);
        // What is kept already comes from connections before this one.
        self.again.extend(kept);
    }
}

impl Contact {
    /// The next message that may go.
    fn next(&mut self) -> Option<Outgoing> {
        let limits = self.limits?;
        if self.unacknowledged.len() >= limits.window {
            // What needs no acknowledgement may not overtake: the last state has to be the last.
            return None;
        }
        let mut next = self.lane.pop_front()?;
        next.message.retain &= limits.retains;
        if !limits.acknowledges {
            next.message.qos = Qos::AtMostOnce;
        }
        Some(next)
    }

    fn acknowledge(&mut self, id: u16, reason: Reason) -> Option<Happened> {
        let at = self.unacknowledged.iter().position(|(sent, ..)| *sent == id)?;
        let (.., Outgoing { message, readings, .. }) = self.unacknowledged.remove(at)?;
        Some(match reason.is_failure() {
            true => Happened::Rejected(message.topic, reason, readings),
            false => Happened::Accepted(message.topic),
        })
    }
}

/// How many messages wait to be sent before no more readings are taken. The messages of one more may
/// come on top, and at the beginning of a connection those of the last one, the announcements and the
/// last state of each meter.
const LANE: usize = WINDOW;

/// So many octets are enough for the socket at a time.
const ENOUGH: usize = 32 * 1024;

/// How long a broker may take to answer CONNECT.
const ANSWER: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::settings::Secret;

    fn message(text: &str, qos: Qos) -> Publication {
        Publication { topic: "t".to_owned(), payload: text.into(), retain: true, qos }
    }

    fn session(wanted: Option<Protocol>) -> Session {
        let hello = Hello {
            client_id: "m".to_owned(),
            user: Some("anna".to_owned()),
            password: Some(Secret::new("geheim".to_owned())),
            keepalive: 30,
            will: Some(message("offline", Qos::AtLeastOnce)),
        };
        Session::new(hello, wanted)
    }

    /// A session with an answer to its CONNECT.
    fn open(connack: &[u8]) -> (Session, Instant) {
        let mut session = session(None);
        let now = Instant::now();
        session.begin(now).unwrap();
        assert!(!session.take(now).0.is_empty() && !session.is_open());
        assert_eq!(session.feed(connack), Ok(vec![Happened::Open]));
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
        // Whether the broker says that it remembers the session or not.
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
            let accepted = Happened::Accepted("t".to_owned());
            assert_eq!(session.feed(&acknowledge(0)), Ok(vec![accepted.clone()]));
            assert_eq!(session.feed(&acknowledge(2)), Ok(vec![accepted]));
            session.publish(vec![message("7", Qos::AtMostOnce)]);
            assert_eq!(session.unsent(), 6);
            assert!(!session.end(&Disconnect::Closed));
            assert_eq!(session.unsent(), 5, "what needs no acknowledgement goes with its time");

            // The next connection is refused, the one after that taken.
            session.begin(now).unwrap();
            let busy = session.feed(&[0x20, 3, 0, 0x89, 0]).unwrap_err();
            assert_eq!(busy, Disconnect::Refused(Reason(0x89)));
            assert!(!session.end(&busy));
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
    fn what_is_told_once_more_waits_once_and_for_this_connection() {
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
        session.end(&Disconnect::Closed);
        session.begin(now).unwrap();
        session.take(now);
        session.feed(&OPEN).unwrap();
        session.resume();
        assert_eq!((texts(&mut session), session.unsent()), (vec!["1".to_owned()], 1));
    }

    #[test]
    fn a_broker_takes_no_more_at_a_time_than_it_said() {
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
        let (octets, happened) = session.take(now);
        assert_eq!(published(&octets).len(), 1);
        assert_eq!(happened, [Happened::TooLarge("t".to_owned(), 1)]);
    }

    #[test]
    fn a_will_that_a_broker_cannot_take_becomes_one_that_it_can() {
        // Each sees the next one: the flags of CONNECT, and what the broker says of it.
        let (qos, retain) = ([0x20, 3, 0, 0x9b, 0], [0x20, 3, 0, 0x9a, 0]);
        for answers in [[qos, retain], [retain, qos]] {
            let (mut session, now) = (session(None), Instant::now());
            let mut flags = Vec::new();
            for answer in answers {
                session.begin(now).unwrap();
                flags.push(session.take(now).0[9] & 0b0011_1100);
                let end = session.feed(&answer).unwrap_err();
                assert!(session.end(&end), "at once");
            }
            // It is remembered.
            for _ in 0..2 {
                session.begin(now).unwrap();
                let (connect, _) = session.take(now);
                flags.push(connect[9] & 0b0011_1100);
                assert_eq!(&connect[2..9], b"\0\x04MQTT\x05");
                session.feed(&OPEN).unwrap();
                assert!(!session.end(&Disconnect::Closed));
            }
            let between = if answers[0] == qos { 0b10_0100 } else { 0b00_1100 };
            assert_eq!(flags, [0b10_1100, between, 0b00_0100, 0b00_0100]);
        }
        // Who refuses it even so, or a client without a will, means something else.
        let mut session = session(None);
        for again in [true, false] {
            session.begin(Instant::now()).unwrap();
            assert_eq!(session.end(&Disconnect::Refused(Reason::QOS)), again);
        }
        session.hello.will = None;
        assert!(!session.end(&Disconnect::Refused(Reason::RETAIN)));
    }

    #[test]
    fn a_refused_message_is_told_and_does_not_come_again() {
        let (mut session, now) = open(&OPEN);
        session.publish(vec![message("1", ONE)]);
        let id = published(&session.take(now).0)[0].1 as u8;
        let rejected = Happened::Rejected("t".to_owned(), Reason::NOT_AUTHORIZED, 1);
        assert_eq!(session.feed(&[0x40, 3, 0, id, 0x87]), Ok(vec![rejected]));
        assert!(session.is_idle());
    }

    #[test]
    fn a_broker_that_is_silent_is_given_up_after_one_and_a_half_keepalives() {
        let after = |now: Instant, seconds| now + Duration::from_secs(seconds);
        // Nothing to say: it is asked, and has half as much more to answer.
        let (mut session, now) = open(&OPEN);
        assert_eq!(session.check(after(now, 29)), Ok(()));
        assert!(session.take(now).0.is_empty());
        assert_eq!(session.check(after(now, 30)), Ok(()));
        assert_eq!(session.take(now).0, [0xc0, 0]);
        assert_eq!(session.next_check(), Some(after(now, 45)));
        assert_eq!(session.check(after(now, 44)), Ok(()));
        let mut answered = session.feed(&[0xd0, 0]).map(|_| session.check(after(now, 59)));
        assert_eq!(answered, Ok(Ok(())));
        answered = Ok(session.check(after(now, 60)));
        assert_eq!(answered, Ok(Ok(())));
        let silent = Disconnect::Silent(Duration::from_secs(45));
        assert_eq!(session.check(after(now, 75)), Err(silent.clone()));
        // A message is on its way.
        let (mut session, now) = open(&OPEN);
        session.publish(vec![message("1", ONE)]);
        session.take(after(now, 20));
        session.check(after(now, 30)).unwrap();
        session.feed(&[0xd0, 0]).unwrap();
        session.check(after(now, 60)).unwrap();
        session.feed(&[0xd0, 0]).unwrap();
        assert_eq!(session.check(after(now, 65)), Err(silent));
        // No answer to CONNECT.
        let mut session = super::tests::session(None);
        session.begin(now).unwrap();
        assert_eq!(session.check(after(now, 9)), Ok(()));
        assert_eq!(
            session.check(after(now, 10)),
            Err(Disconnect::NoAnswer(Duration::from_secs(10)))
        );
    }

    #[test]
    fn a_broker_for_the_older_version_is_spoken_to_in_it() {
        let now = Instant::now();
        for answer in [&[0x20, 2, 0, 1][..], &[0x20, 3, 0, 0x84, 0], &[]] {
            let mut session = session(None);
            for _ in 0..2 {
                session.begin(now).unwrap();
                assert_eq!(&session.take(now).0[2..9], b"\0\x04MQTT\x05");
                let end = match answer {
                    [] => Disconnect::Closed,
                    answer => session.feed(answer).unwrap_err(),
                };
                assert!(session.end(&end), "{answer:02x?}");
                session.begin(now).unwrap();
                assert_eq!(&session.take(now).0[2..9], b"\0\x04MQTT\x04");
                session.feed(&[0x20, 2, 0, 0]).unwrap();
                assert!(session.is_open() && session.is_fallback());
                assert!(!session.end(&Disconnect::Closed));
            }
        }
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
            assert!(!format!("{:?}", session.hello()).contains("geheim"));
        }
    }
}
