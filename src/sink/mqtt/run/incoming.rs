//! What the broker says, and what comes of it.

use std::time::Instant;

use crate::{
    format::printable::shown,
    sink::mqtt::{
        client::MqttSink,
        disconnect::Disconnect,
        packets::Reason,
        run::{ClientRun, DISCOVERY_DELAY, Phase, shutdown::ShutdownStep},
        session::SessionEvent,
    },
};

impl ClientRun<'_> {
    /// Hears what the broker says.
    pub(super) fn receive_all(&mut self, now: Instant) -> Result<(), Disconnect> {
        self.mqtt.session.check_keepalive(now)?;
        for _ in 0..READS_A_TURN {
            let Phase::Up(transport) = &mut self.phase else {
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
        if let Some(at) = self.announce_at
            && now >= at
            && self.mqtt.session.has_room()
        {
            self.announce_at = None;
            self.announce_all(now);
        }
        Ok(())
    }

    pub(super) fn handle(&mut self, event: SessionEvent, now: Instant) {
        match event {
            SessionEvent::Open => self.open(now),
            SessionEvent::Message(topic, payload) if self.is_status(&topic) => {
                // Another one with the same status topic has ended.
                self.online_pending |=
                    payload == b"offline" && self.shutdown == ShutdownStep::NotYet;
            }
            SessionEvent::Message(topic, payload) => {
                let announcer = self.mqtt.announcer.as_mut();
                let delay = announcer.and_then(|it| it.on_message(&topic, &payload));
                if let Some(delay) = delay {
                    // Who asks again and again does not put it off.
                    self.announce_at = self.announce_at.or(Some(now + delay));
                }
            }
            SessionEvent::Accepted(topic) => {
                self.last_progress = now;
                if let Some(at) = self.refused.iter().position(|refused| *refused == topic) {
                    self.refused.remove(at);
                    self.report.say(&format!("{} takes {} now", self.address, shown(&topic)));
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
            SessionEvent::TooLarge(topic, readings) => {
                self.reject(topic, ": it takes nothing that is so large", readings);
            }
            SessionEvent::NotSubscribed(reason) => {
                if !core::mem::replace(&mut self.subscription_reported, true) {
                    self.report.say(&format!(
                        "{} does not let this client listen ({}): announcements go out when it \
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

    fn reject(&mut self, topic: String, why: &str, readings: u64) {
        if readings > 0 {
            self.report.lost(readings);
        }
        if !self.refused.contains(&topic) && self.refused.len() < MOST_REFUSALS {
            self.report.say(&format!("{} refuses {}{why}", self.address, shown(&topic)));
            self.refused.push(topic);
        }
    }

    /// A new connection: the broker may have forgotten everything.
    fn open(&mut self, now: Instant) {
        if self.disconnected {
            // Of what came until now only the last states go out.
            self.collect(now);
        }
        if self.reconnect.connected() {
            let skipped = match self.latest.forget_skipped() {
                0 => String::new(),
                skipped => format!("; {skipped} older readings were left out"),
            };
            self.report.say(&format!("connected again{skipped}"));
        }
        if self.mqtt.session.is_fallback() && !self.fallback_reported {
            self.fallback_reported = true;
            self.report
                .say(&format!("{} does not speak MQTT 5: MQTT 3.1.1 is spoken", self.address));
        }
        if self.shutdown == ShutdownStep::Offline {
            // It is said again, behind the `online` of this connection.
            self.shutdown = ShutdownStep::NotYet;
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
            None => self.status("online"),
        }
        self.announce_all(now);
        self.mqtt.session.resume();
    }

    fn announce_all(&mut self, now: Instant) {
        if let Some(announcer) = &mut self.mqtt.announcer {
            let messages = announcer.on_connect();
            self.repeat_states_at = (!messages.is_empty()).then_some(now + DISCOVERY_DELAY);
            messages.into_iter().for_each(|message| self.mqtt.session.announce(message));
        }
        self.latest.repeat_all(self.mqtt.fresh);
    }
}

/// How often the socket is read in one turn of the loop, 16 KiB each.
const READS_A_TURN: usize = 16;

/// So many topics that are refused are told.
const MOST_REFUSALS: usize = 16;
