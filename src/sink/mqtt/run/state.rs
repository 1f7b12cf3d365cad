//! The state of the running sink, and the few steps that every part of the loop shares.

use core::time::Duration;
use std::time::Instant;

use crate::{
    counted::{counted, verb},
    format::printable::printable,
    sink::{
        mqtt::{
            client::MqttSink, connect::Connecting, latest::LatestStates, reconnect::Reconnect,
            session::TooLarge, transport::Transport,
        },
        queue::QueueReceiver,
        traits::Report,
    },
};

/// The state between two turns of the loop.
pub(in crate::sink::mqtt) struct ClientRun<'a> {
    pub(super) mqtt: MqttSink,
    pub(super) queue: &'a QueueReceiver,
    pub(super) report: &'a dyn Report,
    pub(super) address: String,
    pub(super) phase: Phase,
    pub(super) latest: LatestStates,
    /// True from a lost or failed connection until the broker accepts the client again.
    pub(super) disconnected: bool,
    pub(super) reconnect: Reconnect,
    /// Topics whose refusal has been reported.
    pub(super) refused: Vec<String>,
    pub(super) connected_at: Instant,
    /// The last time that the broker took something, or that nothing waited for it.
    pub(super) last_progress: Instant,
    /// When to repeat the announcements, after Home Assistant has started.
    pub(super) announce_at: Option<Instant>,
    /// When to repeat the states after an announcement: by then its readers have subscribed.
    pub(super) repeat_states_at: Option<Instant>,
    /// `online` goes out after the repeated states.
    pub(super) online_pending: bool,
    pub(super) fallback_reported: bool,
    pub(super) subscription_reported: bool,
    /// The queue has ended and is empty.
    pub(super) queue_drained: bool,
    /// The readings left at the end, and since when that number has not fallen.
    pub(super) remaining: (u64, Instant),
    /// The lines of the history that were settled by then.
    pub(super) settled: u64,
    pub(super) states: StateAccount,
    pub(super) shutdown: ShutdownStep,
}

/// The account of the readings of which the broker gets the state. The sink knows what it has not sent yet;
/// the rest of what it took is sent.
#[derive(Default)]
pub(super) struct StateAccount {
    /// The readings that came.
    pub(super) taken: u64,
    /// Those that will never be sent.
    gone: u64,
    /// Those that were reported as sent.
    sent: u64,
}

pub(super) enum Phase {
    Waiting(RetryWait),
    Connecting(Connecting),
    Connected(Transport),
}

/// The wait before the next attempt to connect.
#[derive(Clone, Copy)]
pub(super) struct RetryWait {
    pub(super) until: Instant,
    /// An earlier time, used once the queue has ended: little time is left then.
    pub(super) until_at_end: Instant,
    /// No attempt can succeed before the user changes something.
    pub(super) needs_action: bool,
}

/// How far the shutdown has come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ShutdownStep {
    Running,
    OfflineSent,
    Closing,
}

impl<'a> ClientRun<'a> {
    pub(in crate::sink::mqtt) fn new(
        mqtt: MqttSink,
        queue: &'a QueueReceiver,
        report: &'a dyn Report,
    ) -> Self {
        let now = Instant::now();
        Self {
            address: mqtt.broker.address(),
            mqtt,
            queue,
            report,
            phase: Phase::Waiting(RetryWait::none(now)),
            latest: LatestStates::default(),
            disconnected: false,
            reconnect: Reconnect::default(),
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
            settled: 0,
            states: StateAccount::default(),
            shutdown: ShutdownStep::Running,
        }
    }

    /// Publishes `online` or `offline` on the status topic.
    pub(super) fn publish_status(&mut self, text: &str) {
        let MqttSink { session, states, .. } = &mut self.mqtt;
        let message = states.state_format().status(text);
        message.into_iter().for_each(|message| session.announce(message));
    }

    /// Publishes `offline` for each meter and for the sink, the last message of a run.
    pub(super) fn publish_offline(&mut self) {
        let MqttSink { session, meter_statuses, .. } = &mut self.mqtt;
        meter_statuses.on_end().into_iter().for_each(|message| session.announce(message));
        self.publish_status("offline");
    }

    /// Hands packets to the socket until it takes no more.
    pub(super) fn send(&mut self, now: Instant) {
        self.send_packets(now);
        self.settle_history(now);
    }

    fn send_packets(&mut self, now: Instant) {
        let Phase::Connected(transport) = &mut self.phase else {
            return;
        };
        while transport.pending() == 0 {
            let (octets, too_large) = self.mqtt.session.take(now);
            if octets.is_empty() && too_large.is_empty() {
                // Nothing is queued, or an acknowledgement has to come first.
                return;
            }
            transport.send(&octets);
            // The next read reports a broken connection.
            let _ = transport.flush();
            if transport.pending() == 0 {
                self.last_progress = now;
            }
            if !too_large.is_empty() {
                for TooLarge { topic, readings } in too_large {
                    self.reject(topic, ": the message is larger than it accepts", readings);
                }
                return;
            }
        }
    }

    /// Notes which lines of the history the broker has stored or refused.
    pub(super) fn settle_history(&mut self, now: Instant) {
        let MqttSink { session, history: Some(history), .. } = &mut self.mqtt else {
            return;
        };
        for (number, refusal) in session.take_answers() {
            self.last_progress = now;
            history.answered(number, refusal, &self.address, now, self.report);
        }
    }

    /// True if the broker is away or takes nothing.
    pub(super) fn is_outage(&self, now: Instant) -> bool {
        let patience = if self.queue.is_live() { STALL_TIMEOUT } else { FILE_STALL_TIMEOUT };
        self.disconnected || now >= self.last_progress + patience
    }

    /// True if lines of the history cannot be stored now.
    pub(super) fn is_history_away(&self, now: Instant) -> bool {
        self.is_outage(now) || self.mqtt.history.as_ref().is_some_and(|it| it.is_held(now))
    }

    /// The states that newer ones have replaced unsent, for a message. The number starts anew. A
    /// state shows the present, so live readings are not missing after newer ones; of a file, every
    /// reading is wanted, unless the history has it.
    pub(super) fn skipped_states(&mut self) -> Option<String> {
        let skipped = self.latest.forget_skipped();
        match self.mqtt.history {
            Some(_) => {}
            None if self.queue.is_live() => {
                self.states.gone += skipped;
                self.report.replaced(skipped);
            }
            None => self.lose_states(skipped),
        }
        // With a history the readings themselves are not left out.
        let what = match self.mqtt.history {
            Some(_) if self.mqtt.states.is_nothing() => return None,
            Some(_) => "older state",
            None => "older reading",
        };
        (skipped > 0).then(|| {
            format!("{} {} left out", counted(skipped, what), verb(skipped, "was", "were"))
        })
    }

    /// Counts readings that will never be published.
    pub(super) fn lose_states(&mut self, readings: u64) {
        self.states.gone += readings;
        self.report.lost(readings);
    }

    /// Counts the readings that were published since the last call.
    pub(super) fn settle_states(&mut self) {
        if self.mqtt.history.is_some() {
            return;
        }
        let unsent = self.mqtt.session.unsent() + self.latest.unpublished() + self.latest.skipped();
        let StateAccount { taken, gone, sent } = &mut self.states;
        let before = core::mem::replace(sent, taken.saturating_sub(*gone + unsent));
        // Messages that a broken connection had not acknowledged are sent again.
        match sent.checked_sub(before) {
            Some(more) => self.report.stored(more),
            None => self.report.unstored(before - *sent),
        }
    }

    /// Counts readings that the broker refuses, and reports each topic once.
    pub(super) fn reject(&mut self, topic: String, why: &str, readings: u64) {
        self.lose_states(readings);
        if !self.refused.contains(&topic) && self.refused.len() < MOST_REFUSALS {
            self.report.say(&format!("{} refuses {}{why}", self.address, printable(&topic)));
            self.refused.push(topic);
        }
    }
}

impl RetryWait {
    pub(super) const fn none(now: Instant) -> Self {
        Self { until: now, until_at_end: now, needs_action: false }
    }
}

/// A broker that takes nothing for this long no longer holds up the producers.
pub(super) const STALL_TIMEOUT: Duration = Duration::from_secs(2);

/// The most refused topics that are reported.
const MOST_REFUSALS: usize = 16;

/// A broker that takes nothing for this long no longer holds up a file.
const FILE_STALL_TIMEOUT: Duration = Duration::from_secs(10);
