//! The current metrics for Prometheus.

use core::time::Duration;
use std::{sync::Arc, time::Instant};

use jiff::{SignedDuration, Timestamp};

use crate::{
    format::{
        exposition::Exposition,
        latest::{LatestReadings, Seen},
        prometheus::Prometheus,
        readings::Readings,
    },
    sink::{
        freshness::Freshness,
        line_counters::LineCounters,
        metrics::{account_metrics, line_metrics},
        traits::Report,
    },
};

/// The latest readings, and the time for which they are valid.
#[derive(Debug)]
pub struct Metrics {
    format: Prometheus,
    latest: LatestReadings,
    expire_after: SignedDuration,
    full_reported: bool,
    freshness: Freshness,
    counters: LineCounters,
}

impl Metrics {
    /// Momentary values are valid for `expire_after` since the last telegram; zero means for ever.
    pub fn new(
        format: Prometheus,
        expire_after: Duration,
        freshness: Freshness,
        counters: LineCounters,
    ) -> Self {
        let expire_after = match expire_after {
            Duration::ZERO => SignedDuration::MAX,
            time => SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX),
        };
        Self {
            format,
            latest: LatestReadings::default(),
            expire_after,
            full_reported: false,
            freshness,
            counters,
        }
    }

    /// Takes readings that arrive now.
    ///
    /// A meter that has to make room for another one is counted, and the first is reported.
    pub fn take(&mut self, readings: Arc<Readings>, report: &dyn Report) {
        self.freshness.observe(&readings, Instant::now());
        if self.latest.put(readings, 1, Some(Timestamp::now())) {
            return;
        }
        report.lost(1);
        if !core::mem::replace(&mut self.full_reported, true) {
            report.say("too many meters for one page: those unseen for longest are left out");
        }
    }

    /// The current page.
    pub fn page(&self, exposition: Exposition) -> Vec<u8> {
        let mut text = Vec::new();
        line_metrics::write_build(exposition, &mut text);
        Prometheus::up(&self.latest, |seen| self.is_up(seen), exposition, &mut text);
        self.format.snapshot(&self.latest, self.stale(), exposition, &mut text);
        line_metrics::write_losses(&self.counters, &self.latest, exposition, &mut text);
        account_metrics::write(self.counters.accounts(), exposition, &mut text);
        exposition.end(&mut text);
        text
    }

    /// The latest readings.
    pub const fn latest(&self) -> &LatestReadings {
        &self.latest
    }

    /// True while telegrams of the meter come.
    pub fn is_up(&self, seen: &Seen) -> bool {
        self.freshness.is_fresh(seen.name(), Instant::now())
    }

    /// Meters last seen before this time are stale.
    fn stale(&self) -> Option<Timestamp> {
        Timestamp::now().checked_sub(self.expire_after).ok()
    }

    /// True until the first telegram.
    pub fn is_empty(&self) -> bool {
        self.latest.meters().next().is_none()
    }

    /// The time until the page changes without a telegram.
    pub fn fresh_for(&self) -> Option<Duration> {
        let now = Instant::now();
        let next = self.freshness.next_change(now).map(|next| next.duration_since(now));
        let left = self.valid_for().into_iter().chain(next).min()?;
        // Rather a little late than early.
        Some(left + Duration::from_millis(10))
    }

    /// The time for which the next momentary values are valid.
    fn valid_for(&self) -> Option<Duration> {
        let stale = self.stale()?;
        let arrivals = self.latest.meters().filter_map(|seen| seen.arrived);
        let left = arrivals.filter(|at| *at >= stale).map(|at| at.duration_since(stale)).min()?;
        Duration::try_from(left).ok()
    }
}
