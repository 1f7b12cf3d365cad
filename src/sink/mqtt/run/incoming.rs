//! Packets from the broker, and the reaction to each.

use std::time::Instant;

use crate::{
    format::printable::printable,
    sink::mqtt::{
        client::MqttSink,
        disconnect::Disconnect,
        packets::Reason,
        run::state::{ClientRun, Phase, ShutdownStep},
        session::SessionEvent,
    },
};

impl ClientRun<'_> {
    /// Reads from the socket and handles the packets, for a limited time.
    pub(super) fn receive(&mut self, now: Instant) -> Result<(), Disconnect> {
        self.mqtt.session.check_keepalive(now)?;
        for _ in 0..READS_A_TURN {
            let Phase::Connected(transport) = &mut self.phase else {
                return Ok(());
            };
            let octets = transport.receive();
            transport.flush()?;
            let octets = octets?;
            if octets.is_empty() {
                break;
            }
            for event in self.mqtt.session.feed(&octets)? {
                self.handle(event, now);
            }
        }
        self.settle_history(now);
        if let Some(at) = self.announce_at
            && now >= at
            && self.mqtt.session.has_room()
        {
            self.announce_at = None;
            self.announce_all(now);
        }
        Ok(())
    }

    fn handle(&mut self, event: SessionEvent, now: Instant) {
        match event {
            SessionEvent::Open => self.open(now),
            SessionEvent::Message(topic, payload) if self.is_status(&topic) => {
                // Another client with this status topic has ended: `online` has to be said again.
                self.online_pending |=
                    payload == b"offline" && self.shutdown == ShutdownStep::Running;
            }
            SessionEvent::Message(topic, payload) => {
                let announcer = self.mqtt.announcer.as_mut();
                let delay = announcer.and_then(|it| it.on_message(&topic, &payload));
                if let Some(delay) = delay {
                    // Repeated births do not postpone the answer.
                    self.announce_at = self.announce_at.or(Some(now + delay));
                }
            }
            SessionEvent::Accepted(topic) => {
                self.last_progress = now;
                if let Some(at) = self.refused.iter().position(|refused| *refused == topic) {
                    self.refused.remove(at);
                    self.report.say(&format!("{} accepts {} now", self.address, printable(&topic)));
                }
            }
            SessionEvent::Rejected(topic, reason, readings) => {
                self.last_progress = now;
                let advice = match reason {
                    Reason::NOT_AUTHORIZED => {
                        ": its access list does not let this user write there"
                    }
                    _ => "",
                };
                self.reject(topic, &format!(" ({}){advice}", reason.text()), readings);
            }
            SessionEvent::NotSubscribed(reason) => {
                if !core::mem::replace(&mut self.subscription_reported, true) {
                    self.report.say(&format!(
                        "{} does not let this client subscribe ({}): announcements go out when it \
                         connects only",
                        self.address,
                        reason.text()
                    ));
                }
            }
        }
    }

    fn is_status(&self, topic: &str) -> bool {
        self.mqtt.states.state_format().topics.status().as_deref() == Some(topic)
    }

    /// Starts afresh on a new connection: the broker may have forgotten everything.
    fn open(&mut self, now: Instant) {
        if self.disconnected {
            // Only the latest states of the outage go out.
            self.collect(now);
        }
        self.report.trouble(None);
        if self.reconnect.connected() {
            let skipped = self.skipped_states().map(|text| format!("; {text}"));
            let skipped = skipped.unwrap_or_default();
            self.report.say(&format!("connected again{skipped}"));
        }
        if self.mqtt.session.is_fallback() && !self.fallback_reported {
            self.fallback_reported = true;
            self.report.say(&format!("{} does not speak MQTT 5: using MQTT 3.1.1", self.address));
        }
        if self.shutdown == ShutdownStep::OfflineSent {
            // `offline` has to follow the `online` of this connection again.
            self.shutdown = ShutdownStep::Running;
        }
        self.disconnected = false;
        self.connected_at = now;
        self.last_progress = now;
        let MqttSink { session, announcer, states, .. } = &mut self.mqtt;
        match announcer {
            Some(announcer) => {
                let status = states.state_format().topics.status();
                session.subscribe(&[announcer.subscriptions(), Vec::from_iter(status)].concat());
                self.online_pending = true;
            }
            None => self.publish_status("online"),
        }
        self.announce_all(now);
        self.mqtt.session.resume();
    }
}

/// The most reads in one turn of the loop, 16 KiB each.
const READS_A_TURN: usize = 16;
