//! How it ends: what is left, then `offline`, then DISCONNECT; and the count of what did not go.

use core::time::Duration;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::sink::{
    event::SinkEvent,
    mqtt::run::{ClientRun, Phase, RetryWait, STALL_TIMEOUT},
};

/// How far the end has come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ShutdownStep {
    NotYet,
    Offline,
    Closing,
}

impl ClientRun<'_> {
    fn has_nothing_left(&self) -> bool {
        !self.latest.is_due() && self.mqtt.session.is_idle()
    }

    pub(super) fn can_shut_down(&self) -> bool {
        self.queue_drained
            && self.mqtt.session.is_open()
            && self.has_nothing_left()
            && self.is_sent()
    }

    fn is_sent(&self) -> bool {
        matches!(&self.phase, Phase::Up(transport) if transport.pending() == 0)
    }

    /// At the end there is time as long as less and less is left: a broker may take everything, answer
    /// every ping, and acknowledge nothing.
    fn track_remaining(&mut self, now: Instant) {
        let remaining = self.mqtt.session.unsent() + self.latest.unpublished();
        if !self.queue_drained || remaining < self.remaining.0 {
            self.remaining = (remaining, now);
        }
        self.queue.waits(self.is_stalled(now));
    }

    fn is_stalled(&self, now: Instant) -> bool {
        now >= self.remaining.1 + STALL_TIMEOUT
    }

    /// At the end of the inbox: what is left, then `offline`, then DISCONNECT.
    pub(super) fn advance_shutdown(&mut self, now: Instant) {
        self.track_remaining(now);
        if !self.can_shut_down() {
            return;
        }
        match self.shutdown {
            ShutdownStep::NotYet => {
                // Nothing says `online` behind it.
                (self.repeat_states_at, self.online_pending) = (None, false);
                self.status("offline");
                self.shutdown = ShutdownStep::Offline;
                self.send(now);
            }
            ShutdownStep::Offline => self.shutdown = ShutdownStep::Closing,
            ShutdownStep::Closing => (),
        }
    }

    pub(super) fn is_over(&self, now: Instant) -> bool {
        let Some(deadline) = self.queue.deadline() else {
            return false;
        };
        let needs_action =
            matches!(self.phase, Phase::Waiting(RetryWait { needs_action: true, .. }));
        // In an outage the broker has said `offline` itself, or will.
        let nothing = self.disconnected
            && self.queue_drained
            && self.has_nothing_left()
            && self.latest.skipped() == 0
            && !self.mqtt.session.is_open();
        now >= deadline || needs_action || nothing || self.shutdown == ShutdownStep::Closing
    }

    /// Ends the connection in order, if there is one, and counts what did not go.
    pub(super) fn close(&mut self) {
        let now = Instant::now();
        if self.mqtt.session.is_open() {
            if self.shutdown == ShutdownStep::NotYet {
                self.status("offline");
            }
            self.send(now);
            // Where `offline` did not go out, the broker has to say it: the will is not taken back.
            if self.mqtt.session.is_all_sent() {
                self.mqtt.session.disconnect();
                self.send(now);
                self.await_close(now);
            }
        }
        let waiting = core::iter::from_fn(|| self.queue.take());
        let waiting = waiting.filter(|event| matches!(event, SinkEvent::Readings(_))).count();
        self.latest.skip(self.queue.dropped());
        let unpublished = self.latest.unpublished() + self.latest.skipped();
        let lost = self.mqtt.session.unsent() + unpublished + waiting as u64;
        if lost > 0 {
            self.report.lost(lost);
            let is_open = self.mqtt.session.is_open();
            if !is_open && !self.disconnected {
                self.report.say(&format!("{} does not answer", self.address));
            } else if is_open && self.is_sent() && self.is_stalled(now) {
                self.report.say(&format!("{} does not acknowledge what it is sent", self.address));
            }
        }
    }

    /// Waits for the broker to close, so that nothing on its way is cut off.
    fn await_close(&mut self, now: Instant) {
        let Phase::Up(transport) = &mut self.phase else {
            return;
        };
        transport.finish();
        let _ = transport.flush();
        if transport.pending() > 0 {
            return;
        }
        transport.shutdown_write();
        let late = self.queue.deadline().unwrap_or(now).max(now + LAST_LOOK);
        let until = late.min(now + CLOSE_TIMEOUT);
        while transport.receive().is_ok() {
            let remaining = until.saturating_duration_since(Instant::now());
            if remaining.is_zero() {
                return;
            }
            let timeout = Timespec::try_from(remaining).ok();
            let _ = poll(&mut [PollFd::new(transport, PollFlags::IN)], timeout.as_ref());
        }
    }
}

/// How long a broker may take to close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// A last look, when there is no time left.
const LAST_LOOK: Duration = Duration::from_millis(50);
