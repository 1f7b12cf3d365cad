//! The two clocks of a telegram: the meter's and the receiver's.
//!
//! Each may be missing, be set, or stand still.

use core::{cmp::Ordering, time::Duration};

use jiff::{SignedDuration, Timestamp};

use crate::format::{key::Meta, readings::Readings};

/// The times of a telegram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timestamps {
    /// The time of the meter's clock.
    pub time: Option<Timestamp>,
    /// The time of arrival.
    pub received: Option<Timestamp>,
}

impl Timestamps {
    /// The times in some readings.
    pub fn of(readings: &Readings) -> Self {
        let time = |meta| readings.meta(meta).and_then(|text| text.parse().ok());
        Self { time: time(Meta::Time), received: time(Meta::Received) }
    }

    /// Compares it with an earlier one, by the meter's clock if both have one.
    pub fn compared(&self, before: &Self) -> Option<Ordering> {
        let times = self.time.zip(before.time).or_else(|| self.received.zip(before.received));
        times.map(|(now, before)| now.cmp(&before))
    }

    /// True if it arrived after another one.
    pub fn arrived_after(&self, before: &Self) -> bool {
        self.received.zip(before.received).is_some_and(|(now, before)| now > before)
    }

    /// How far the meter's clock is ahead of the time of arrival.
    #[must_use]
    pub fn offset(&self) -> Option<SignedDuration> {
        self.time.zip(self.received).map(|(time, received)| time.duration_since(received))
    }

    /// The time since another one, by the clock with the longer interval; `None` if both went back.
    pub fn since(&self, before: &Self) -> Option<Duration> {
        let times = [self.time.zip(before.time), self.received.zip(before.received)];
        let since = times.into_iter().flatten().map(|(now, before)| now.duration_since(before));
        since.filter_map(|since| Duration::try_from(since).ok()).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timestamps(time: Option<i64>, received: Option<i64>) -> Timestamps {
        let at = |second: Option<i64>| second.map(|it| Timestamp::from_second(it).unwrap());
        Timestamps { time: at(time), received: at(received) }
    }

    #[test]
    fn the_clock_that_says_more_tells_how_long_it_was() {
        let since = |now: (Option<i64>, Option<i64>), before: (Option<i64>, Option<i64>)| {
            timestamps(now.0, now.1).since(&timestamps(before.0, before.1)).map(|it| it.as_secs())
        };
        assert_eq!(since((Some(9), None), (Some(4), None)), Some(5));
        assert_eq!(since((Some(4), Some(9)), (Some(4), Some(2))), Some(7), "it stands still");
        assert_eq!(since((Some(3), Some(9)), (Some(4), Some(2))), Some(7), "it was set back");
        assert_eq!(since((Some(3), None), (Some(4), Some(2))), None);
        assert_eq!(since((None, Some(3)), (Some(1), None)), None, "nothing to compare");
    }
}
