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
            client::{MqttSink, status},
            connect::Connecting,
            disconnect::{BrokerNames, Disconnect, RetryPace},
            latest::LatestStates,
            packets::Reason,
            reconnect::Reconnect,
            run::shutdown::ShutdownStep,
            transport::Transport,
        },
        queue::QueueReceiver,
        traits::Report,
    },
};

/// All there is between two turns of the loop.
pub(super) struct ClientRun<'a> {
    mqtt: MqttSink,
    queue: &'a QueueReceiver,
    report: &'a dyn Report,
    address: String,
    phase: Phase,
    latest: LatestStates,
    /// No connection came about, or it was lost.
    disconnected: bool,
    reconnect: Reconnect,
    refused: Vec<String>,
    connected_at: Instant,
    /// When something last went on its way, or there was nothing to go.
    last_progress: Instant,
    announce_at: Option<Instant>,
    /// Something was announced: until when who hears it gets ready for the states.
    repeat_states_at: Option<Instant>,
    /// `online` is due then, behind the states.
    online_pending: bool,
    fallback_reported: bool,
    subscription_reported: bool,
    /// Nothing is in the inbox, and nothing more comes.
    queue_drained: bool,
    /// How many readings were left at the end, and since when it is not less.
    remaining: (u64, Instant),
    shutdown: ShutdownStep,
}

enum Phase {
    Waiting(RetryWait),
    Connecting(Connecting),
    Up(Transport),
}

/// Until the next try.
#[derive(Clone, Copy)]
struct RetryWait {
    until: Instant,
    /// The same at the end of the inbox: there is less time then.
    until_at_end: Instant,
    /// Somebody has to change something before there is a connection.
    needs_action: bool,
}

impl<'a> ClientRun<'a> {
    pub(super) fn new(mqtt: MqttSink, queue: &'a QueueReceiver, report: &'a dyn Report) -> Self {
        let now = Instant::now();
        Self {
            address: mqtt.broker.address(),
            mqtt,
            queue,
            report,
            phase: Phase::Waiting(RetryWait::none(now)),
            latest: LatestStates::default(),
            disconnected: false,
            reconnect: Reconnect::new(),
            refused: Vec::new(),
            connected_at: now,
            last_progress: now,
            announce_at: None,
            repeat_states_at: None,
            online_pending: false,
            fallback_reported: false,
            subscription_reported: false,
            queue_drained: false,
            remaining: (0, now),
            shutdown: ShutdownStep::NotYet,
        }
    }

    pub(super) fn run(mut self) {
        if self.mqtt.broker.tls.as_ref().is_some_and(super::tls::Tls::is_insecure) {
            self.report.say(&format!(
                "insecure=true: whoever answers at {} is taken for the broker",
                self.address
            ));
        }
        while !self.is_over(Instant::now()) {
            let now = Instant::now();
            self.advance_connection(now);
            // Behind it: what has waited for a connection rang its bell before there was one.
            self.collect(now);
            self.publish_states(now);
            self.advance_shutdown(now);
            self.wait(Instant::now());
        }
        self.close();
    }

    /// Takes readings, as many as there is room for; in trouble all, of which the last ones stay.
    fn collect(&mut self, now: Instant) {
        if self.mqtt.session.has_room() {
            self.last_progress = now;
        }
        let trouble = self.disconnected || now >= self.last_progress + STALL_TIMEOUT;
        self.queue.trouble(trouble);
        // Asked before the last one is taken: what comes in between is no surprise.
        let ended = self.queue.is_ended();
        while trouble || self.mqtt.session.has_room() && !self.latest.is_due() {
            match self.queue.take() {
                Some(SinkEvent::Readings(readings)) => self.take_readings(readings, now),
                Some(SinkEvent::Reopen) => (),
                None => {
                    self.queue_drained = ended;
                    break;
                }
            }
            if !trouble {
                self.publish_states(now);
            }
        }
        self.latest.skip(self.queue.dropped());
        if !trouble && self.latest.skipped() > 0 {
            let skipped = self.latest.forget_skipped();
            let address = &self.address;
            self.report.say(&format!("{address} was slow: {skipped} older readings were left out"));
        }
    }

    fn take_readings(&mut self, readings: Arc<Readings>, now: Instant) {
        if let Some(announcer) = &mut self.mqtt.announcer {
            let messages = announcer.on_readings(&readings);
            // Without a connection they go nowhere: the next one begins with all of them.
            if self.mqtt.session.is_open() && !messages.is_empty() {
                if !self.online_pending {
                    self.status("offline");
                    self.online_pending = true;
                }
                self.repeat_states_at = Some(now + DISCOVERY_DELAY);
                messages.into_iter().for_each(|message| self.mqtt.session.announce(message));
            }
        }
        self.latest.put(readings);
    }

    /// Tells the states that are due, as many as there is room for.
    fn publish_states(&mut self, now: Instant) {
        if self.repeat_states_at.is_some_and(|repeat_states_at| now >= repeat_states_at) {
            self.repeat_states_at = None;
            self.latest.repeat_all(self.mqtt.fresh);
        }
        let MqttSink { session, states, announcer, .. } = &mut self.mqtt;
        while session.is_open()
            && let Some((readings, again)) = self.latest.take(session.has_room())
        {
            let required_fields = announcer
                .as_ref()
                .map_or(&[][..], |announcer| announcer.required_fields(&readings));
            let extra_values =
                announcer.as_ref().map(|announcer| announcer.extra_values(&readings));
            let messages =
                states.messages(&readings, required_fields, &extra_values.unwrap_or_default());
            states.notes().iter().for_each(|note| self.report.say(note));
            match again {
                true => session.repeat(messages),
                false => session.publish(messages),
            }
        }
        // Behind the states: with what is announced a unit may have changed, and a value of before
        // that comes back would be told in the new one. And before the first state there would be
        // nothing but values of before.
        let settled =
            self.repeat_states_at.is_none() && !self.latest.is_due() && !self.latest.is_empty();
        if self.online_pending && session.is_open() && settled {
            self.online_pending = false;
            self.status("online");
        }
        self.send(now);
    }

    fn advance_connection(&mut self, now: Instant) {
        match &mut self.phase {
            Phase::Waiting(wait) => {
                if now >= if self.queue.is_ended() { wait.until_at_end } else { wait.until } {
                    match Connecting::start(self.mqtt.broker.host.clone(), self.mqtt.broker.port) {
                        Ok(connecting) => self.phase = Phase::Connecting(connecting),
                        Err(error) => self.connection_lost(&Disconnect::unreachable(&error), now),
                    }
                }
            }
            Phase::Connecting(connecting) => match connecting.outcome() {
                Some(Ok(_)) if self.reconnect.is_probe() => {
                    self.connection_lost(&Disconnect::ClosedRepeatedly, now)
                }
                Some(Ok(stream)) => {
                    let tls = self.mqtt.broker.tls.as_ref();
                    let up = Transport::new(stream, tls, &self.address).and_then(|transport| {
                        let begun = self.mqtt.session.begin(now);
                        begun
                            .map(|()| transport)
                            .map_err(|_| Disconnect::Refused(Reason::CLIENT_ID))
                    });
                    match up {
                        Ok(transport) => self.phase = Phase::Up(transport),
                        Err(cause) => self.connection_lost(&cause, now),
                    }
                }
                Some(Err(error)) => self.connection_lost(&Disconnect::unreachable(&error), now),
                None => (),
            },
            Phase::Up(_) => {
                if let Err(cause) = self.receive_all(now) {
                    self.connection_lost(&cause, now);
                }
            }
        }
    }

    /// Says whether this program is there.
    fn status(&mut self, text: &str) {
        let MqttSink { session, states, .. } = &mut self.mqtt;
        status(states.state_format(), text)
            .into_iter()
            .for_each(|message| session.announce(message));
    }

    /// Hands to the socket what it takes.
    fn send(&mut self, now: Instant) {
        let Phase::Up(transport) = &mut self.phase else {
            return;
        };
        while transport.pending() == 0 {
            let (octets, events) = self.mqtt.session.take(now);
            if octets.is_empty() && events.is_empty() {
                // Nothing waits, or what waits waits for the broker.
                return;
            }
            transport.send(&octets);
            // What is wrong with the connection is found when it is read from.
            let _ = transport.flush();
            if transport.pending() == 0 {
                self.last_progress = now;
            }
            if !events.is_empty() {
                events.into_iter().for_each(|event| self.handle(event, now));
                return;
            }
        }
    }

    /// The connection is gone, or did not come about.
    fn connection_lost(&mut self, cause: &Disconnect, now: Instant) {
        let uptime = self.mqtt.session.is_open().then(|| now.duration_since(self.connected_at));
        if self.mqtt.session.connection_lost(cause) {
            // It may speak the older version only. If not, that is said.
            self.phase = Phase::Waiting(RetryWait::none(now));
            return;
        }
        let (cause, wait) = self.reconnect.classify(cause, uptime);
        self.disconnected = true;
        (self.announce_at, self.repeat_states_at) = (None, None);
        let (until, until_at_end) = (now + wait, now + wait.min(LAST_RETRY_DELAY));
        self.phase = Phase::Waiting(RetryWait {
            until,
            until_at_end,
            needs_action: cause.pace() != RetryPace::Growing,
        });
        let tls = self.mqtt.broker.tls.is_some();
        let names = BrokerNames {
            address: &self.address,
            connect_options: self.mqtt.session.connect_options(),
            tls,
        };
        if let Some(text) = self.reconnect.report(cause.text(names), cause.pace()) {
            self.report.say(&text);
        }
    }

    /// Waits for readings, the broker and the clock.
    fn wait(&self, now: Instant) {
        let idle = if self.mqtt.session.has_room() && !self.queue_drained {
            IDLE_WAIT
        } else {
            STALL_TIMEOUT
        };
        let mut until = now + idle;
        let mut at = |instant: Option<Instant>| {
            until = instant.map_or(until, |instant| until.min(instant));
        };
        at(self.queue.deadline());
        at(self.announce_at.filter(|_| self.mqtt.session.has_room()));
        at(self.repeat_states_at.filter(|_| self.mqtt.session.is_open()));
        at(self.mqtt.session.next_check());
        let mut all = vec![PollFd::new(self.queue, PollFlags::IN)];
        match &self.phase {
            Phase::Waiting(wait) if self.queue.is_ended() => at(Some(wait.until_at_end)),
            Phase::Waiting(wait) => at(Some(wait.until)),
            Phase::Connecting(connecting) => {
                all.push(PollFd::from_borrowed_fd(connecting.as_fd(), PollFlags::IN))
            }
            Phase::Up(transport) => {
                let write =
                    if transport.pending() > 0 { PollFlags::OUT } else { PollFlags::empty() };
                all.push(PollFd::from_borrowed_fd(transport.as_fd(), PollFlags::IN | write));
            }
        }
        // Not a fraction less: else the loop would turn until the instant has come.
        let timeout = until.saturating_duration_since(now) + Duration::from_millis(1);
        let over = self.is_over(now) || self.can_shut_down();
        let timeout = if over { Duration::ZERO } else { timeout };
        let _ = poll(&mut all, Timespec::try_from(timeout).ok().as_ref());
        self.queue.hush();
    }
}

impl RetryWait {
    const fn none(now: Instant) -> Self {
        Self { until: now, until_at_end: now, needs_action: false }
    }
}

/// After so long without progress nobody waits for the broker any more.
const STALL_TIMEOUT: Duration = Duration::from_secs(2);

/// How long who hears of a meter takes to listen to its topics: Home Assistant collects for half a
/// second. The state goes out at once too, for all others.
const DISCOVERY_DELAY: Duration = Duration::from_secs(1);

/// There is nothing to look after for so long.
const IDLE_WAIT: Duration = Duration::from_secs(3600);

/// At the end there is time for tries in short succession only.
const LAST_RETRY_DELAY: Duration = Duration::from_secs(1);
