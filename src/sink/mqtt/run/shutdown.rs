//! How it ends: what is left, then `offline`, then DISCONNECT; and the count of what did not go.

use core::time::Duration;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::sink::{
    event::SinkEvent,
    mqtt::run::{ClientRun, Phase, STUCK, Wait},
};

/// How far the end has come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shutdown {
    NotYet,
    Offline,
    Closing,
}

impl ClientRun<'_> {
    fn has_nothing_left(&self) -> bool {
        !self.latest.is_due() && self.mqtt.session.is_idle()
    }

    pub(super) fn can_say_goodbye(&self) -> bool {
        self.drained && self.mqtt.session.is_open() && self.has_nothing_left() && self.is_sent()
    }

    fn is_sent(&self) -> bool {
        matches!(&self.phase, Phase::Up(transport) if transport.pending() == 0)
    }

    /// At the end there is time as long as less and less is left: a broker may take everything, answer
    /// every ping, and acknowledge nothing.
    fn mind_what_is_left(&mut self, now: Instant) {
        let left = self.mqtt.session.unsent() + self.latest.untold();
        if !self.drained || left < self.left.0 {
            self.left = (left, now);
        }
        self.inbox.waits(self.is_stuck(now));
    }

    fn is_stuck(&self, now: Instant) -> bool {
        now >= self.left.1 + STUCK
    }

    /// At the end of the inbox: what is left, then `offline`, then DISCONNECT.
    pub(super) fn say_goodbye(&mut self, now: Instant) {
        self.mind_what_is_left(now);
        if !self.can_say_goodbye() {
            return;
        }
        match self.farewell {
            Shutdown::NotYet => {
                // Nothing says `online` behind it.
                (self.settle, self.online) = (None, false);
                self.status("offline");
                self.farewell = Shutdown::Offline;
                self.send(now);
            }
            Shutdown::Offline => self.farewell = Shutdown::Closing,
            Shutdown::Closing => (),
        }
    }

    pub(super) fn is_over(&self, now: Instant) -> bool {
        let Some(deadline) = self.inbox.deadline() else {
            return false;
        };
        let hopeless = matches!(self.phase, Phase::Waiting(Wait { hopeless: true, .. }));
        // In an outage the broker has said `offline` itself, or will.
        let nothing = self.outage
            && self.drained
            && self.has_nothing_left()
            && self.latest.skipped() == 0
            && !self.mqtt.session.is_open();
        now >= deadline || hopeless || nothing || self.farewell == Shutdown::Closing
    }

    /// Ends the connection in order, if there is one, and counts what did not go.
    pub(super) fn close(&mut self) {
        let now = Instant::now();
        if self.mqtt.session.is_open() {
            if self.farewell == Shutdown::NotYet {
                self.status("offline");
            }
            self.send(now);
            // Where `offline` did not go out, the broker has to say it: the will is not taken back.
            if self.mqtt.session.has_gone() {
                self.mqtt.session.disconnect();
                self.send(now);
                self.hang_up(now);
            }
        }
        let waiting = core::iter::from_fn(|| self.inbox.take());
        let waiting = waiting.filter(|event| matches!(event, SinkEvent::Readings(_))).count();
        self.latest.skip(self.inbox.dropped());
        let untold = self.latest.untold() + self.latest.skipped();
        let lost = self.mqtt.session.unsent() + untold + waiting as u64;
        if lost > 0 {
            self.report.lost(lost);
            let is_open = self.mqtt.session.is_open();
            if !is_open && !self.outage {
                self.report.say(&format!("{} does not answer", self.place));
            } else if is_open && self.is_sent() && self.is_stuck(now) {
                self.report.say(&format!("{} does not acknowledge what it is sent", self.place));
            }
        }
    }

    /// Waits for the broker to close, so that nothing on its way is cut off.
    fn hang_up(&mut self, now: Instant) {
        let Phase::Up(transport) = &mut self.phase else {
            return;
        };
        transport.finish();
        let _ = transport.flush();
        if transport.pending() > 0 {
            return;
        }
        transport.shut();
        let late = self.inbox.deadline().unwrap_or(now).max(now + GLANCE);
        let until = late.min(now + HANG_UP);
        while transport.receive().is_ok() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let timeout = Timespec::try_from(left).ok();
            let _ = poll(&mut [PollFd::new(transport, PollFlags::IN)], timeout.as_ref());
        }
    }
}

/// How long a broker may take to close.
const HANG_UP: Duration = Duration::from_secs(1);

/// A last look, when there is no time left.
const GLANCE: Duration = Duration::from_millis(50);
