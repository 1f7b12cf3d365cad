//! From the queue to the session: readings, their announcements and their states.

use core::time::Duration;
use std::{sync::Arc, time::Instant};

use crate::{
    format::{latest::name, readings::Readings},
    sink::mqtt::{
        client::MqttSink,
        run::state::{ClientRun, STALL_TIMEOUT},
    },
};

impl ClientRun<'_> {
    /// Takes readings from the queue while the session has room. During an outage it takes all of
    /// them and keeps the latest of each meter.
    pub(super) fn collect(&mut self, now: Instant) {
        if self.mqtt.session.has_room() {
            self.last_progress = now;
        }
        let outage = self.disconnected || now >= self.last_progress + STALL_TIMEOUT;
        self.queue.blocked(outage);
        // Read before the queue is emptied: readings may come in between.
        let ended = self.queue.is_ended();
        while outage || self.mqtt.session.has_room() && !self.latest.is_due() {
            let Some(readings) = self.queue.readings().next() else {
                self.queue_drained = ended;
                break;
            };
            self.take_readings(readings, now);
            if !outage {
                self.publish_states(now);
            }
        }
        self.latest.skip(self.queue.dropped());
        if !outage && self.latest.skipped() > 0 {
            let skipped = self.latest.forget_skipped();
            let address = &self.address;
            self.report.say(&format!("{address} was slow: {skipped} older readings were left out"));
        }
    }

    fn take_readings(&mut self, readings: Arc<Readings>, now: Instant) {
        self.mqtt.meter_statuses.observe(&readings, now);
        if let Some(announcer) = &mut self.mqtt.announcer {
            let messages = announcer.on_readings(&readings);
            // Without a connection they are dropped: the next connection announces everything.
            if self.mqtt.session.is_open() && !messages.is_empty() {
                if !self.online_pending {
                    self.publish_status("offline");
                    self.online_pending = true;
                }
                self.repeat_states_at = Some(now + DISCOVERY_DELAY);
                messages.into_iter().for_each(|message| self.mqtt.session.announce(message));
            }
        }
        self.latest.put(readings);
    }

    /// Announces all meters again and marks their latest states for repetition.
    pub(super) fn announce_all(&mut self, now: Instant) {
        if let Some(announcer) = &mut self.mqtt.announcer {
            let messages = announcer.on_connect();
            self.repeat_states_at = (!messages.is_empty()).then_some(now + DISCOVERY_DELAY);
            messages.into_iter().for_each(|message| self.mqtt.session.announce(message));
        }
        for message in self.mqtt.meter_statuses.on_connect(now) {
            self.mqtt.session.announce(message);
        }
        self.latest.repeat_all(self.mqtt.fresh);
    }

    /// Publishes the states that are due, as far as the session has room.
    pub(super) fn publish_states(&mut self, now: Instant) {
        if self.repeat_states_at.is_some_and(|at| now >= at) {
            self.repeat_states_at = None;
            self.latest.repeat_all(self.mqtt.fresh);
        }
        let MqttSink { session, states, announcer, meter_statuses, .. } = &mut self.mqtt;
        while session.is_open()
            && let Some((readings, repeated)) = self.latest.take(session.has_room())
        {
            let announcer = announcer.as_ref();
            let required = announcer.map_or(&[][..], |it| it.required_fields(&readings));
            let extra = announcer.map(|it| it.extra_values(&readings)).unwrap_or_default();
            let messages = states.messages(&readings, required, &extra, self.report);
            match repeated {
                true => session.repeat(messages),
                false => session.publish(messages),
            }
            let status = meter_statuses.on_state(name(&readings), now);
            status.into_iter().for_each(|message| session.announce(message));
        }
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
        self.send(now);
    }
}

/// The time from an announcement to the repeated states: Home Assistant collects subscriptions for
/// half a second. Other subscribers get the state at once.
const DISCOVERY_DELAY: Duration = Duration::from_secs(1);
