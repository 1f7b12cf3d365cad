//! From the queue to the session: readings, their announcements and their states.

use core::time::Duration;
use std::{sync::Arc, time::Instant};

use crate::{
    format::{latest::name, printable::printable, readings::Readings},
    sink::{
        home_assistant::announcer::HomeAssistant,
        mqtt::{client::MqttSink, history::History, interval_names, run::state::ClientRun},
    },
};

impl ClientRun<'_> {
    /// Takes readings from the queue while the session has room. During an outage it takes all of
    /// them and keeps the latest of each meter, and all of them for a history.
    pub(super) fn collect(&mut self, now: Instant) {
        if self.mqtt.session.has_room() {
            self.last_progress = now;
        }
        let outage = self.is_outage(now);
        self.keep_history(now);
        self.queue.blocked(outage && self.mqtt.history.as_ref().is_none_or(History::is_full));
        // Read before the queue is emptied: readings may come in between.
        let ended = self.queue.is_ended();
        while outage || self.mqtt.session.has_room() && !self.latest.is_due() {
            if !self.history_has_room(now) {
                break;
            }
            let Some(readings) = self.queue.readings().next() else {
                self.queue_drained = ended;
                break;
            };
            self.take_readings(readings, now);
            if !outage {
                self.publish_states(now);
            }
        }
        let dropped = self.queue.dropped();
        match &mut self.mqtt.history {
            Some(history) => {
                self.report.lost(dropped);
                if dropped > 0 {
                    history.report_full(self.report);
                }
            }
            None => {
                self.states.taken += dropped;
                self.latest.skip(dropped);
            }
        }
        if !outage && let Some(skipped) = self.skipped_states() {
            self.report.say(&format!("{} was slow: {skipped}", self.address));
        }
    }

    /// Writes lines of the history to the disk when it is time.
    fn keep_history(&mut self, now: Instant) {
        let is_away = self.is_history_away(now);
        if let Some(history) = &mut self.mqtt.history {
            history.open(self.report);
            if is_away {
                history.keep_old_lines(self.report);
            }
        }
    }

    /// True if the history takes another telegram. While the broker is away it makes room on the
    /// disk.
    fn history_has_room(&mut self, now: Instant) -> bool {
        if self.mqtt.history.as_ref().is_some_and(History::is_full) {
            self.keep_history(now);
        }
        let (is_away, is_outage) = (self.is_history_away(now), self.is_outage(now));
        if !self.mqtt.history.as_ref().is_some_and(History::is_full) {
            return true;
        }
        if is_away {
            self.queue.blocked(is_outage);
        }
        // The states go on while the topic of the history is refused.
        is_away && !is_outage
    }

    /// Hands lines of the history to the session, as far as it has room.
    fn publish_history(&mut self, now: Instant) {
        let MqttSink { session, history: Some(history), .. } = &mut self.mqtt else {
            return;
        };
        while session.has_room()
            && let Some((number, message)) = history.next_line(now, self.report)
        {
            session.publish_line(message, number);
        }
    }

    fn take_readings(&mut self, readings: Arc<Readings>, now: Instant) {
        self.states.taken += 1;
        self.mqtt.meter_statuses.observe(&interval_names::named(readings.clone()), now);
        if let Some(history) = &mut self.mqtt.history {
            match history.is_full() {
                true => {
                    self.report.lost(1);
                    history.report_full(self.report);
                }
                false => history.add(&readings),
            }
        }
        let readings = interval_names::named(readings);
        let state = self.latest.put(readings.clone());
        let readings = interval_names::announced(readings, state);
        if let Some(announcer) = &mut self.mqtt.announcer {
            let was_full = announcer.is_full();
            let messages = announcer.on_readings(&readings);
            if announcer.is_full() && !was_full {
                self.report.incomplete();
                self.report.say("too many meters or values: Home Assistant is not told of all");
            }
            // Without a connection they are dropped: the next connection announces everything.
            if self.mqtt.session.is_open() && !messages.is_empty() {
                if !self.online_pending {
                    self.publish_status("offline");
                    self.online_pending = true;
                }
                self.repeat_states_at = Some(now + DISCOVERY_DELAY);
                messages.into_iter().for_each(|message| self.mqtt.session.announce(message));
                self.report_removed();
            }
        }
    }

    /// Announces all meters again and marks their latest states for repetition.
    pub(super) fn announce_all(&mut self, now: Instant) {
        if let Some(announcer) = &mut self.mqtt.announcer {
            let messages = announcer.on_connect();
            self.repeat_states_at = (!messages.is_empty()).then_some(now + DISCOVERY_DELAY);
            messages.into_iter().for_each(|message| self.mqtt.session.announce(message));
            self.report_removed();
        }
        for message in self.mqtt.meter_statuses.on_connect(now) {
            self.mqtt.session.announce(message);
        }
        self.latest.repeat_all(self.mqtt.fresh);
    }

    fn report_removed(&mut self) {
        for meter in self.mqtt.announcer.iter_mut().flat_map(HomeAssistant::removed) {
            self.report.say(&format!("removes meter {} from Home Assistant", printable(&meter)));
        }
    }

    /// Publishes the states that are due, as far as the session has room.
    pub(super) fn publish_states(&mut self, now: Instant) {
        if self.repeat_states_at.is_some_and(|at| now >= at) {
            self.repeat_states_at = None;
            self.latest.repeat_all(self.mqtt.fresh);
        }
        while self.mqtt.session.is_open()
            && let Some((readings, repeated)) = self.latest.take(self.mqtt.session.has_room())
        {
            let messages = self.mqtt.state_messages(&readings, self.report);
            let MqttSink { session, states, meter_statuses, .. } = &mut self.mqtt;
            let is_left_out = states.has_left_out() && !repeated;
            match repeated {
                true => session.repeat(messages),
                false => session.publish(messages),
            }
            let status = meter_statuses.on_state(name(&readings), now);
            status.into_iter().for_each(|message| session.announce(message));
            self.lose_states(u64::from(is_left_out));
        }
        let MqttSink { session, meter_statuses, .. } = &mut self.mqtt;
        if session.is_open() {
            meter_statuses.on_time(now).into_iter().for_each(|message| session.announce(message));
        }
        // `online` follows the states. An announcement may have changed a unit, and an entity that
        // came back earlier would show its old value in the new unit. Before the first state there
        // are only old values.
        let settled =
            self.repeat_states_at.is_none() && !self.latest.is_due() && !self.latest.is_empty();
        if self.online_pending && self.mqtt.session.is_open() && settled {
            self.online_pending = false;
            self.publish_status("online");
        }
        self.publish_history(now);
        self.send(now);
    }
}

/// The time from an announcement to the repeated states: Home Assistant collects subscriptions for
/// half a second. Other subscribers get the state at once.
const DISCOVERY_DELAY: Duration = Duration::from_secs(1);
