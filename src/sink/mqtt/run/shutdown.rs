//! The end in order: the remaining readings, then `offline`, then DISCONNECT. Readings that were
//! not sent are counted.

use core::time::Duration;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::counted::{counted, verb};
use crate::sink::mqtt::{
    history::History,
    run::state::{ClientRun, Phase, RetryWait, STALL_TIMEOUT, ShutdownStep},
};

impl ClientRun<'_> {
    fn has_nothing_left(&self) -> bool {
        let no_history = self.mqtt.history.as_ref().is_none_or(History::is_empty);
        no_history && !self.latest.is_due() && self.mqtt.session.is_idle()
    }

    pub(super) fn can_shut_down(&self) -> bool {
        self.queue_drained
            && self.mqtt.session.is_open()
            && self.has_nothing_left()
            && self.is_sent()
    }

    fn is_sent(&self) -> bool {
        matches!(&self.phase, Phase::Connected(transport) if transport.pending() == 0)
    }

    /// Notes whether the number of remaining readings still falls. A broker may take everything,
    /// answer every ping and acknowledge nothing; nobody waits for such a broker for ever.
    fn track_remaining(&mut self, now: Instant) {
        let remaining = self.mqtt.session.unsent() + self.latest.unpublished();
        let settled = self.mqtt.history.as_ref().map_or(0, History::settled);
        if !self.queue_drained || remaining < self.remaining.0 || settled > self.settled {
            (self.remaining, self.settled) = ((remaining, now), settled);
        }
        self.queue.waits(self.is_stalled(now));
    }

    fn is_stalled(&self, now: Instant) -> bool {
        now >= self.remaining.1 + STALL_TIMEOUT
    }

    /// Takes the next step of the shutdown once everything has been sent.
    pub(super) fn advance_shutdown(&mut self, now: Instant) {
        self.track_remaining(now);
        if !self.can_shut_down() {
            return;
        }
        match self.shutdown {
            ShutdownStep::Running => {
                // No `online` may follow.
                (self.repeat_states_at, self.online_pending) = (None, false);
                self.publish_offline();
                self.shutdown = ShutdownStep::OfflineSent;
                self.send(now);
            }
            ShutdownStep::OfflineSent => self.shutdown = ShutdownStep::Closing,
            ShutdownStep::Closing => (),
        }
    }

    pub(super) fn is_over(&self, now: Instant) -> bool {
        let Some(deadline) = self.queue.deadline() else {
            return false;
        };
        let needs_action =
            matches!(self.phase, Phase::Waiting(RetryWait { needs_action: true, .. }));
        // During an outage the broker publishes `offline` itself: the will.
        let nothing = self.disconnected
            && self.queue_drained
            && self.has_nothing_left()
            && self.latest.skipped() == 0
            && !self.mqtt.session.is_open();
        // Nobody mends an access list in the last seconds of a run.
        let refused = self.queue_drained
            && !self.latest.is_due()
            && self.mqtt.session.is_idle()
            && self.mqtt.history.as_ref().is_some_and(|history| history.is_held(now));
        now >= deadline
            || needs_action
            || nothing
            || refused
            || self.shutdown == ShutdownStep::Closing
    }

    /// Ends an open connection in order, and counts the readings that were not sent.
    pub(super) fn close(&mut self) {
        let now = Instant::now();
        if self.mqtt.session.is_open() {
            if self.shutdown == ShutdownStep::Running {
                self.publish_offline();
            }
            self.send(now);
            // If `offline` did not go out, the broker has to publish it: DISCONNECT would cancel
            // the will.
            if self.mqtt.session.is_all_sent() {
                self.mqtt.session.disconnect();
                self.send(now);
                self.await_close(now);
            }
        }
        self.settle_states();
        let unpublished = self.latest.unpublished() + self.latest.skipped();
        let states = self.mqtt.session.unsent() + unpublished;
        let unsent = match &mut self.mqtt.history {
            None => {
                let lost = states + self.queue.abandon();
                self.report.lost(lost);
                lost
            }
            Some(history) => {
                history.take_rest(self.queue, self.report);
                self.report.lost(self.queue.abandon());
                if states > 0 && !self.mqtt.states.is_nothing() {
                    self.report.say(&format!(
                        "{} {} left out",
                        counted(states, "older state"),
                        verb(states, "was", "were")
                    ));
                }
                states + history.give_up(self.report)
            }
        };
        if unsent > 0 {
            let is_open = self.mqtt.session.is_open();
            if !is_open && !self.disconnected {
                self.report.say(&format!("{} does not answer", self.address));
            } else if is_open && self.is_sent() && self.is_stalled(now) {
                self.report.say(&format!("{} does not acknowledge messages", self.address));
            }
        }
    }

    /// Waits for the broker to close, so that packets under way are not cut off.
    fn await_close(&mut self, now: Instant) {
        let Phase::Connected(transport) = &mut self.phase else {
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

/// The longest wait for the broker to close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// The wait for the broker to close when the deadline has passed.
const LAST_LOOK: Duration = Duration::from_millis(50);
