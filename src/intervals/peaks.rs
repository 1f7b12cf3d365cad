//! The peak of each month: the interval with the highest mean of the imported power.
//!
//! An interval counts if it runs from one boundary of the clock to the next. A part of one would show the mean of a few
//! seconds.

use crate::{
    intervals::{meter::IntervalClock, row::IntervalRow},
    local_time::LocalStep,
    reading::{decimal::Decimal, fields::POWER_IMPORT_MEAN},
};

/// The peak of the month that a meter is in.
#[derive(Clone, Debug, Default)]
pub struct MonthPeak {
    highest: Option<IntervalRow>,
    /// The start of the first interval of the month.
    since: i64,
    /// The start of the month.
    start: i64,
    /// The start of the next month.
    end: i64,
    /// There was a whole interval.
    found: bool,
    /// The end of the last interval of a month without a missing one so far.
    complete_to: Option<i64>,
}

/// The peak of a month that has ended.
#[derive(Clone, Debug)]
pub struct EndedPeak {
    /// Its interval.
    pub row: IntervalRow,
    /// The month has all its intervals, and none of them is estimated: no higher one is missing.
    pub is_sure: bool,
}

impl MonthPeak {
    /// Takes an interval; returns the peak of the month that has ended with the one before, if any.
    pub fn feed(&mut self, row: &IntervalRow, clock: &IntervalClock) -> Option<EndedPeak> {
        let mut ended = None;
        // A clock that was set back may go back behind the start.
        if !(self.start..self.end).contains(&row.start) {
            ended = self.finish();
            self.start = LocalStep::Month.floor(row.start, &clock.zone);
            self.end = LocalStep::Month.next(row.start, &clock.zone);
            self.since = row.start;
            self.complete_to = (self.start == row.start).then_some(row.start);
        }
        let is_next = self.complete_to == Some(row.start) && row.whole && !row.estimated;
        self.complete_to = is_next.then_some(row.end);
        let highest = self.highest.as_ref().and_then(import);
        if row.whole && import(row).is_some_and(|mean| highest.is_none_or(|highest| mean > highest))
        {
            self.highest = Some(row.clone());
            self.found = true;
        }
        ended
    }

    /// The mean of the peak so far in the month that a second is in.
    #[must_use]
    pub fn mean_at(&self, second: i64) -> Option<Decimal> {
        let is_in = (self.start..self.end).contains(&second);
        self.highest.as_ref().filter(|_| is_in).and_then(import)
    }

    /// True if any month had a peak.
    #[must_use]
    pub const fn is_found(&self) -> bool {
        self.found
    }

    /// The start of the first interval of the month, if there was one.
    #[must_use]
    pub fn since(&self) -> Option<i64> {
        (self.end > 0).then_some(self.since)
    }

    /// Ends the month.
    pub fn finish(&mut self) -> Option<EndedPeak> {
        let is_sure = self.complete_to == Some(self.end);
        (self.start, self.end) = (0, 0);
        self.highest.take().map(|row| EndedPeak { row, is_sure })
    }
}

/// The mean of the imported power.
fn import(row: &IntervalRow) -> Option<Decimal> {
    row.means().find(|(place, _)| *place == POWER_IMPORT_MEAN).map(|(_, mean)| mean)
}
