//! What the broker says, and what comes of it.

use std::time::Instant;

use crate::{
    format::printable::shown,
    sink::mqtt::{
        client::Mqtt,
        disconnect::Disconnect,
        packets::Reason,
        run::{ClientRun, Phase, SETTLE, shutdown::Shutdown},
        session::Happened,
    },
};

impl ClientRun<'_> {
    /// Hears what the broker says.
    pub(super) fn converse(&mut self, now: Instant) -> Result<(), Disconnect> {
        self.mqtt.session.check(now)?;
        for _ in 0..TURNS {
            let Phase::Up(transport) = &mut self.phase else {
                return Ok(());
            };
            let octets = transport.receive();
            transport.flush()?;
            let octets = octets?;
            if octets.is_empty() {
                break;
            }
            for happened in self.mqtt.session.feed(&octets)? {
                self.take(happened, now);
            }
        }
        if let Some(due) = self.announce
            && now >= due
            && self.mqtt.session.has_room()
        {
            self.announce = None;
            self.announce_all(now);
        }
        Ok(())
    }

    pub(super) fn take(&mut self, happened: Happened, now: Instant) {
        match happened {
            Happened::Open => self.open(now),
            Happened::Message(topic, payload) if self.is_status(&topic) => {
                // Another one with the same status topic has ended.
                self.online |= payload == b"offline" && self.farewell == Shutdown::NotYet;
            }
            Happened::Message(topic, payload) => {
                let announcer = self.mqtt.announcer.as_mut();
                let soon = announcer.and_then(|it| it.on_message(&topic, &payload));
                if let Some(soon) = soon {
                    // Who asks again and again does not put it off.
                    self.announce = self.announce.or(Some(now + soon));
                }
            }
            Happened::Accepted(topic) => {
                self.progress = now;
                if let Some(at) = self.refused.iter().position(|refused| *refused == topic) {
                    self.refused.remove(at);
                    self.report.say(&format!("{} takes {} now", self.place, shown(&topic)));
                }
            }
            Happened::Rejected(topic, reason, readings) => {
                self.progress = now;
                let advice = match reason {
                    Reason::NOT_AUTHORIZED => {
                        ": its access list does not let this user write there"
                    }
                    _ => "",
                };
                self.reject(topic, &format!(" ({}){advice}", reason.text()), readings);
            }
            Happened::TooLarge(topic, readings) => {
                self.reject(topic, ": it takes nothing that is so large", readings);
            }
            Happened::NotSubscribed(reason) => {
                if !core::mem::replace(&mut self.told_deaf, true) {
                    self.report.say(&format!(
                        "{} does not let this client listen ({}): announcements go out when it \
                         connects only",
                        self.place,
                        reason.text()
                    ));
                }
            }
        }
    }

    fn is_status(&self, topic: &str) -> bool {
        self.mqtt.states.site().topics.status().as_deref() == Some(topic)
    }

    fn reject(&mut self, topic: String, why: &str, readings: u64) {
        if readings > 0 {
            self.report.lost(readings);
        }
        if !self.refused.contains(&topic) && self.refused.len() < MOST_REFUSED {
            self.report.say(&format!("{} refuses {}{why}", self.place, shown(&topic)));
            self.refused.push(topic);
        }
    }

    /// A new connection: the broker may have forgotten everything.
    fn open(&mut self, now: Instant) {
        if self.outage {
            // Of what came until now only the last states go out.
            self.collect(now);
        }
        if self.losses.recover() {
            let skipped = match self.latest.forget_skipped() {
                0 => String::new(),
                skipped => format!("; {skipped} older readings were left out"),
            };
            self.report.say(&format!("connected again{skipped}"));
        }
        if self.mqtt.session.is_fallback() && !self.told_version {
            self.told_version = true;
            self.report.say(&format!("{} does not speak MQTT 5: MQTT 3.1.1 is spoken", self.place));
        }
        if self.farewell == Shutdown::Offline {
            // It is said again, behind the `online` of this connection.
            self.farewell = Shutdown::NotYet;
        }
        self.outage = false;
        self.opened = now;
        self.progress = now;
        let Mqtt { session, announcer, states, .. } = &mut self.mqtt;
        match announcer {
            Some(announcer) => {
                let status = states.site().topics.status();
                session.subscribe(&[announcer.subscriptions(), Vec::from_iter(status)].concat());
                self.online = true;
            }
            None => self.status("online"),
        }
        self.announce_all(now);
        self.mqtt.session.resume();
    }

    fn announce_all(&mut self, now: Instant) {
        if let Some(announcer) = &mut self.mqtt.announcer {
            let messages = announcer.on_connect();
            self.settle = (!messages.is_empty()).then_some(now + SETTLE);
            messages.into_iter().for_each(|message| self.mqtt.session.announce(message));
        }
        self.latest.renew(self.mqtt.fresh);
    }
}

/// How often the socket is read in one turn of the loop, 16 KiB each.
const TURNS: usize = 16;

/// So many topics that are refused are told.
const MOST_REFUSED: usize = 16;
