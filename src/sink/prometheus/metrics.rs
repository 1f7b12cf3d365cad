//! The metrics of Prometheus as they are now.

use core::time::Duration;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::format::{latest::LatestReadings, prometheus::Prometheus, readings::Readings};

/// The last readings, and how long they are true.
#[derive(Debug)]
pub struct Metrics {
    format: Prometheus,
    latest: LatestReadings,
    expire_after: SignedDuration,
}

impl Metrics {
    /// In that form; momentary values are true for so long after the last telegram, or for ever if that
    /// is no time.
    #[must_use]
    pub fn new(format: Prometheus, expire_after: Duration) -> Self {
        let expire_after = match expire_after {
            Duration::ZERO => SignedDuration::MAX,
            time => SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX),
        };
        Self { format, latest: LatestReadings::default(), expire_after }
    }

    /// Takes readings in that have come now.
    pub fn take(&mut self, readings: Arc<Readings>) {
        self.latest.put(readings, 1, Some(Timestamp::now()));
    }

    /// The page as it is to be seen now.
    #[must_use]
    pub fn page(&self) -> Vec<u8> {
        let mut text = Vec::new();
        self.format.snapshot(&self.latest, self.stale(), &mut text);
        text
    }

    /// Meters that were seen before are stale.
    fn stale(&self) -> Option<Timestamp> {
        Timestamp::now().checked_sub(self.expire_after).ok()
    }

    /// How many telegrams and how many stale meters there are: another page has others.
    #[must_use]
    pub fn state(&self) -> (u64, usize) {
        let stale = self.stale();
        let is_stale = |at: Option<Timestamp>| at.zip(stale).is_some_and(|(at, stale)| at < stale);
        let telegrams = self.latest.meters().map(|seen| seen.telegrams).sum();
        (telegrams, self.latest.meters().filter(|seen| is_stale(seen.arrived)).count())
    }

    /// How long until the next meter, of those that are not stale, will be.
    #[must_use]
    pub fn fresh_for(&self) -> Option<Duration> {
        let stale = self.stale()?;
        let arrivals = self.latest.meters().filter_map(|seen| seen.arrived);
        let left = arrivals.filter(|at| *at >= stale).map(|at| at.duration_since(stale)).min()?;
        // A little later than too early.
        Duration::try_from(left).ok().map(|left| left + Duration::from_millis(10))
    }
}
