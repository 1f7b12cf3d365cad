//! The sink at work: one loop that waits for readings, the broker and the clock.
//!
//! - [`incoming`]: what the broker says.
//! - [`shutdown`]: how it ends.
mod incoming;
mod shutdown;

use core::time::Duration;
use std::{os::fd::AsFd, sync::Arc, time::Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::{
    format::readings::Readings,
    sink::{
        event::SinkEvent,
        mqtt::{
            client::{Mqtt, status},
            connect::Connecting,
            disconnect::{BrokerNames, Disconnect, RetryPace},
            latest::LatestStates,
            packets::Reason,
            reconnect::Reconnect,
            run::shutdown::Shutdown,
            transport::Transport,
        },
        queue::QueueReceiver,
        traits::Report,
    },
};

/// All there is between two turns of the loop.
pub(super) struct ClientRun<'a> {
    mqtt: Mqtt,
    inbox: &'a QueueReceiver,
    report: &'a dyn Report,
    place: String,
    phase: Phase,
    latest: LatestStates,
    /// No connection came about, or it was lost.
    outage: bool,
    losses: Reconnect,
    refused: Vec<String>,
    opened: Instant,
    /// When something last went on its way, or there was nothing to go.
    progress: Instant,
    announce: Option<Instant>,
    /// Something was announced: until when who hears it gets ready for the states.
    settle: Option<Instant>,
    /// `online` is due then, behind the states.
    online: bool,
    told_version: bool,
    told_deaf: bool,
    /// Nothing is in the inbox, and nothing more comes.
    drained: bool,
    /// How many readings were left at the end, and since when it is not less.
    left: (u64, Instant),
    farewell: Shutdown,
}

enum Phase {
    Waiting(Wait),
    Dialing(Connecting),
    Up(Transport),
}

/// Until the next try.
#[derive(Clone, Copy)]
struct Wait {
    until: Instant,
    /// The same at the end of the inbox: there is less time then.
    soon: Instant,
    /// Somebody has to change something before there is a connection.
    hopeless: bool,
}

impl<'a> ClientRun<'a> {
    pub(super) fn new(mqtt: Mqtt, inbox: &'a QueueReceiver, report: &'a dyn Report) -> Self {
        let now = Instant::now();
        Self {
            place: mqtt.broker.place(),
            mqtt,
            inbox,
            report,
            phase: Phase::Waiting(Wait::none(now)),
            latest: LatestStates::default(),
            outage: false,
            losses: Reconnect::new(),
            refused: Vec::new(),
            opened: now,
            progress: now,
            announce: None,
            settle: None,
            online: false,
            told_version: false,
            told_deaf: false,
            drained: false,
            left: (0, now),
            farewell: Shutdown::NotYet,
        }
    }

    pub(super) fn run(mut self) {
        if self.mqtt.broker.tls.as_ref().is_some_and(super::tls::Tls::is_insecure) {
            self.report.say(&format!(
                "insecure=true: whoever answers at {} is taken for the broker",
                self.place
            ));
        }
        while !self.is_over(Instant::now()) {
            let now = Instant::now();
            self.work(now);
            // Behind it: what has waited for a connection rang its bell before there was one.
            self.collect(now);
            self.tell(now);
            self.say_goodbye(now);
            self.wait(Instant::now());
        }
        self.close();
    }

    /// Takes readings, as many as there is room for; in trouble all, of which the last ones stay.
    fn collect(&mut self, now: Instant) {
        if self.mqtt.session.has_room() {
            self.progress = now;
        }
        let trouble = self.outage || now >= self.progress + STUCK;
        self.inbox.trouble(trouble);
        // Asked before the last one is taken: what comes in between is no surprise.
        let ended = self.inbox.is_ended();
        while trouble || self.mqtt.session.has_room() && !self.latest.is_due() {
            match self.inbox.take() {
                Some(SinkEvent::Readings(readings)) => self.put(readings, now),
                Some(SinkEvent::Reopen) => (),
                None => {
                    self.drained = ended;
                    break;
                }
            }
            if !trouble {
                self.tell(now);
            }
        }
        self.latest.skip(self.inbox.dropped());
        if !trouble && self.latest.skipped() > 0 {
            let skipped = self.latest.forget_skipped();
            let place = &self.place;
            self.report.say(&format!("{place} was slow: {skipped} older readings were left out"));
        }
    }

    fn put(&mut self, readings: Arc<Readings>, now: Instant) {
        if let Some(announcer) = &mut self.mqtt.announcer {
            let messages = announcer.on_readings(&readings);
            // Without a connection they go nowhere: the next one begins with all of them.
            if self.mqtt.session.is_open() && !messages.is_empty() {
                if !self.online {
                    self.status("offline");
                    self.online = true;
                }
                self.settle = Some(now + SETTLE);
                messages.into_iter().for_each(|message| self.mqtt.session.announce(message));
            }
        }
        self.latest.put(readings);
    }

    /// Tells the states that are due, as many as there is room for.
    fn tell(&mut self, now: Instant) {
        if self.settle.is_some_and(|settle| now >= settle) {
            self.settle = None;
            self.latest.renew(self.mqtt.fresh);
        }
        let Mqtt { session, states, announcer, .. } = &mut self.mqtt;
        while session.is_open()
            && let Some((readings, again)) = self.latest.take(session.has_room())
        {
            let due = announcer.as_ref().map_or(&[][..], |announcer| announcer.due(&readings));
            let extra = announcer.as_ref().map(|announcer| announcer.extra(&readings));
            let messages = states.messages(&readings, due, &extra.unwrap_or_default());
            states.notes().iter().for_each(|note| self.report.say(note));
            match again {
                true => session.repeat(messages),
                false => session.publish(messages),
            }
        }
        // Behind the states: with what is announced a unit may have changed, and a value of before
        // that comes back would be told in the new one. And before the first state there would be
        // nothing but values of before.
        let settled = self.settle.is_none() && !self.latest.is_due() && !self.latest.is_empty();
        if self.online && session.is_open() && settled {
            self.online = false;
            self.status("online");
        }
        self.send(now);
    }

    fn work(&mut self, now: Instant) {
        match &mut self.phase {
            Phase::Waiting(wait) => {
                if now >= if self.inbox.is_ended() { wait.soon } else { wait.until } {
                    match Connecting::start(self.mqtt.broker.host.clone(), self.mqtt.broker.port) {
                        Ok(dial) => self.phase = Phase::Dialing(dial),
                        Err(error) => self.lose(&Disconnect::unreachable(&error), now),
                    }
                }
            }
            Phase::Dialing(dial) => match dial.outcome() {
                Some(Ok(_)) if self.losses.is_probe() => self.lose(&Disconnect::ClosedSoon, now),
                Some(Ok(stream)) => {
                    let tls = self.mqtt.broker.tls.as_ref();
                    let up = Transport::new(stream, tls, &self.place).and_then(|transport| {
                        let begun = self.mqtt.session.begin(now);
                        begun
                            .map(|()| transport)
                            .map_err(|_| Disconnect::Refused(Reason::CLIENT_ID))
                    });
                    match up {
                        Ok(transport) => self.phase = Phase::Up(transport),
                        Err(end) => self.lose(&end, now),
                    }
                }
                Some(Err(error)) => self.lose(&Disconnect::unreachable(&error), now),
                None => (),
            },
            Phase::Up(_) => {
                if let Err(end) = self.converse(now) {
                    self.lose(&end, now);
                }
            }
        }
    }

    /// Says whether this program is there.
    fn status(&mut self, text: &str) {
        let Mqtt { session, states, .. } = &mut self.mqtt;
        status(states.site(), text).into_iter().for_each(|message| session.announce(message));
    }

    /// Hands to the socket what it takes.
    fn send(&mut self, now: Instant) {
        let Phase::Up(transport) = &mut self.phase else {
            return;
        };
        while transport.pending() == 0 {
            let (octets, happened) = self.mqtt.session.take(now);
            if octets.is_empty() && happened.is_empty() {
                // Nothing waits, or what waits waits for the broker.
                return;
            }
            transport.send(&octets);
            // What is wrong with the connection is found when it is read from.
            let _ = transport.flush();
            if transport.pending() == 0 {
                self.progress = now;
            }
            if !happened.is_empty() {
                happened.into_iter().for_each(|happened| self.take(happened, now));
                return;
            }
        }
    }

    /// The connection is gone, or did not come about.
    fn lose(&mut self, end: &Disconnect, now: Instant) {
        let lived = self.mqtt.session.is_open().then(|| now.duration_since(self.opened));
        if self.mqtt.session.end(end) {
            // It may speak the older version only. If not, that is said.
            self.phase = Phase::Waiting(Wait::none(now));
            return;
        }
        let (end, wait) = self.losses.judge(end, lived);
        self.outage = true;
        (self.announce, self.settle) = (None, None);
        let (until, soon) = (now + wait, now + wait.min(SOON));
        self.phase =
            Phase::Waiting(Wait { until, soon, hopeless: end.pace() != RetryPace::Growing });
        let tls = self.mqtt.broker.tls.is_some();
        let names = BrokerNames { place: &self.place, hello: self.mqtt.session.hello(), tls };
        if let Some(text) = self.losses.complain(end.text(names), end.pace()) {
            self.report.say(&text);
        }
    }

    /// Waits for readings, the broker and the clock.
    fn wait(&self, now: Instant) {
        let idle = if self.mqtt.session.has_room() && !self.drained { IDLE } else { STUCK };
        let mut until = now + idle;
        let mut at = |instant: Option<Instant>| {
            until = instant.map_or(until, |instant| until.min(instant));
        };
        at(self.inbox.deadline());
        at(self.announce.filter(|_| self.mqtt.session.has_room()));
        at(self.settle.filter(|_| self.mqtt.session.is_open()));
        at(self.mqtt.session.next_check());
        let mut all = vec![PollFd::new(self.inbox, PollFlags::IN)];
        match &self.phase {
            Phase::Waiting(wait) if self.inbox.is_ended() => at(Some(wait.soon)),
            Phase::Waiting(wait) => at(Some(wait.until)),
            Phase::Dialing(dial) => all.push(PollFd::from_borrowed_fd(dial.as_fd(), PollFlags::IN)),
            Phase::Up(transport) => {
                let write =
                    if transport.pending() > 0 { PollFlags::OUT } else { PollFlags::empty() };
                all.push(PollFd::from_borrowed_fd(transport.as_fd(), PollFlags::IN | write));
            }
        }
        // Not a fraction less: else the loop would turn until the instant has come.
        let patience = until.saturating_duration_since(now) + Duration::from_millis(1);
        let over = self.is_over(now) || self.can_say_goodbye();
        let patience = if over { Duration::ZERO } else { patience };
        let _ = poll(&mut all, Timespec::try_from(patience).ok().as_ref());
        self.inbox.hush();
    }
}

impl Wait {
    const fn none(now: Instant) -> Self {
        Self { until: now, soon: now, hopeless: false }
    }
}

/// After so long without progress nobody waits for the broker any more.
const STUCK: Duration = Duration::from_secs(2);

/// How long who hears of a meter takes to listen to its topics: Home Assistant collects for half a
/// second. The state goes out at once too, for all others.
const SETTLE: Duration = Duration::from_secs(1);

/// There is nothing to look after for so long.
const IDLE: Duration = Duration::from_secs(3600);

/// At the end there is time for tries in short succession only.
const SOON: Duration = Duration::from_secs(1);
