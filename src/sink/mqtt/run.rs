//! The running sink: one loop over readings, the broker and the clock.
//!
//! ```text
//! advance_connection -> collect -> publish_states -> advance_shutdown -> wait -> …
//! ```
//!
//! - [`state`]: the state of the loop, and the send step that all parts share.
//! - [`publishing`]: from the queue to the session.
//! - [`incoming`]: packets from the broker.
//! - [`connection`]: connecting, and the time after a lost connection.
//! - [`shutdown`]: the end, in order.
//!
//! Each of them calls only those above it.
mod connection;
mod incoming;
mod publishing;
mod shutdown;
pub(super) mod state;

use core::time::Duration;
use std::{os::fd::AsFd, time::Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::sink::{
    accounts::AccountKind,
    mqtt::{
        run::state::{ClientRun, Phase, STALL_TIMEOUT},
        tls::Tls,
    },
};

impl ClientRun<'_> {
    pub(super) fn run(mut self) {
        if self.mqtt.broker.tls.as_ref().is_some_and(Tls::is_insecure) {
            self.report
                .say(&format!("insecure=true: the certificate of {} is not checked", self.address));
        }
        match self.mqtt.history {
            Some(_) => self.report.keeps_account(AccountKind::History),
            None => {
                self.report.keeps_account(AccountKind::State);
                self.queue.replaces();
            }
        }
        while !self.is_over(Instant::now()) {
            let now = Instant::now();
            self.advance_connection(now);
            // Readings that waited for a connection have already woken the loop: take them now.
            self.collect(now);
            self.publish_states(now);
            self.advance_shutdown(now);
            self.settle_states();
            self.wait(Instant::now());
        }
        self.close();
    }

    /// Waits for readings, for the broker or for the next scheduled step.
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
        let stale = self.mqtt.meter_statuses.next_change(now);
        at(stale.filter(|_| self.mqtt.session.is_open()));
        if let Some(history) = &self.mqtt.history {
            at(history.keep_at().filter(|_| self.is_history_away(now)));
            at(history.hold_until().filter(|until| *until > now));
        }
        at(self.mqtt.session.next_check());
        let mut all = vec![PollFd::new(self.queue, PollFlags::IN)];
        match &self.phase {
            Phase::Waiting(wait) if self.queue.is_ended() => at(Some(wait.until_at_end)),
            Phase::Waiting(wait) => at(Some(wait.until)),
            Phase::Connecting(connecting) => {
                all.push(PollFd::from_borrowed_fd(connecting.as_fd(), PollFlags::IN))
            }
            Phase::Connected(transport) => {
                let write =
                    if transport.pending() > 0 { PollFlags::OUT } else { PollFlags::empty() };
                all.push(PollFd::from_borrowed_fd(transport.as_fd(), PollFlags::IN | write));
            }
        }
        // Rounded up: a shorter wait would spin until the instant has come.
        let timeout = until.saturating_duration_since(now) + Duration::from_millis(1);
        let over = self.is_over(now) || self.can_shut_down();
        let timeout = if over { Duration::ZERO } else { timeout };
        let _ = poll(&mut all, Timespec::try_from(timeout).ok().as_ref());
        self.queue.clear_wake_ups();
    }
}

/// The longest wait when nothing is scheduled.
const IDLE_WAIT: Duration = Duration::from_secs(3600);
