//! The intervals of one meter from its shorter intervals: days from quarters.
//!
//! ```text
//! quarters     │ 12:00 │ 12:15 │ 12:30 │ 12:45 │ 13:00 │
//! hours        │           the sum             │
//! ```
//!
//! The energies are those that the telegrams would give, digit for digit: both are differences of the same registers at
//! the same boundaries. Rows that do not follow each other were runs apart, and stay apart.
//!
//! Rows that go back to a time without any are those of a clock that was set. No time gets a second row.
//!
//! A row says that one of its ends fell into a gap, and not which one. An end is in a gap if the rows on both sides of it
//! say so.

use crate::{
    intervals::{covered::CoveredTimes, meter::IntervalClock, row::IntervalRow},
    local_time::LocalStep,
};

/// The intervals of one meter.
#[derive(Clone, Debug, Default)]
pub struct JoinedRows {
    sum: Option<RowSum>,
    /// The end of the last row, and true if one of its ends is estimated.
    last: Option<(i64, bool)>,
    /// The start of the rows that follow each other up to the last one.
    begin: i64,
    /// The times of earlier rows.
    covered: CoveredTimes,
    /// The times that rows went back.
    returns: u32,
}

/// Rows that go back more often are in no order.
const MOST_RETURNS: u32 = 16;

#[derive(Clone, Debug)]
struct RowSum {
    row: IntervalRow,
    /// The boundary at its end.
    end: i64,
    /// True for a row that is the only one so far.
    is_single: bool,
    /// True if its start fell into a gap.
    starts_in_gap: bool,
}

/// A row that has no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowRefusal {
    /// The row is longer than an interval, or lies in two.
    TooLong,
    /// The last row ends so many seconds behind its start.
    Late(i64),
    /// So does the last row, and earlier rows have its time.
    Covered(i64),
}

impl JoinedRows {
    /// The seconds by which a row goes back to a time without rows, as after a clock that was set.
    #[must_use]
    pub fn goes_back(&self, row: &IntervalRow) -> Option<i64> {
        let (end, _) = self.last?;
        let is_covered = || self.covered.end_within(row.start, row.end).is_some();
        // Rows that touch come in reverse order.
        let is_free = row.end < self.begin && !is_covered();
        (is_free && self.returns < MOST_RETURNS).then(|| end - row.start)
    }

    /// Ends the rows of a clock, which was set.
    pub fn set_clock(&mut self, clock: &IntervalClock, out: &mut dyn FnMut(&IntervalRow)) {
        self.finish(clock, out);
        self.returns += 1;
        self.cover();
        self.last = None;
    }

    fn cover(&mut self) {
        if let Some((end, _)) = self.last {
            self.covered.add(self.begin, end);
        }
    }

    /// Takes a row, and hands out those that are whole.
    ///
    /// # Errors
    /// The row has no place.
    pub fn feed(
        &mut self,
        row: &IntervalRow,
        clock: &IntervalClock,
        out: &mut dyn FnMut(&IntervalRow),
    ) -> Result<(), RowRefusal> {
        let (end, last) = (clock.step.next(row.start, &clock.zone), self.last);
        if row.end > end {
            return Err(RowRefusal::TooLong);
        }
        let late = last.map_or(0, |(end, _)| end - row.start);
        let is_covered = self.covered.end_within(row.start, row.end);
        match is_covered {
            Some(end) => return Err(RowRefusal::Covered(late.max(end - row.start))),
            None if late > 0 && row.end > self.begin => return Err(RowRefusal::Covered(late)),
            None if late > 0 => {
                self.returns = MOST_RETURNS;
                return Err(RowRefusal::Late(late));
            }
            None => {}
        }
        if late < 0 {
            self.cover();
        }
        if late < 0 || last.is_none() {
            self.begin = row.start;
        }
        self.last = Some((row.end, row.estimated));
        let is_boundary = |second| LocalStep::QUARTER.floor(second, &clock.zone) == second;
        let before = last.filter(|(end, _)| *end == row.start && is_boundary(row.start));
        let starts_in_gap = row.estimated && before.map_or(row.telegrams == 0, |(_, it)| it);
        let follows = before.is_some();
        match &mut self.sum {
            Some(sum) if follows && row.start < sum.end => sum.add(row),
            sum => {
                let before = sum.take();
                let ends_in_gap = starts_in_gap && follows;
                before.into_iter().for_each(|sum| out(&sum.finish(ends_in_gap, clock)));
                let row = row.clone();
                *sum = Some(RowSum { row, end, is_single: true, starts_in_gap });
            }
        }
        if self.sum.as_ref().is_some_and(RowSum::is_at_its_end) {
            self.finish(clock, out);
        }
        Ok(())
    }

    /// Hands out the row so far.
    pub fn finish(&mut self, clock: &IntervalClock, out: &mut dyn FnMut(&IntervalRow)) {
        self.sum.take().into_iter().for_each(|sum| out(&sum.finish(false, clock)));
    }

    /// The end of the last row.
    #[must_use]
    pub fn last(&self) -> Option<i64> {
        self.last.map(|(end, _)| end)
    }
}

impl RowSum {
    fn add(&mut self, more: &IntervalRow) {
        let Self { row, is_single, .. } = self;
        *is_single = false;
        row.end = more.end;
        row.telegrams = row.telegrams.saturating_add(more.telegrams);
        row.complete &= more.complete;
        row.estimated = more.estimated;
        // A register that came later, or went, has no energy in this interval.
        row.energies.retain_mut(|(place, energy)| {
            let sum = more.energy(*place).and_then(|more| energy.plus(more));
            sum.is_some_and(|sum| {
                *energy = sum;
                true
            })
        });
    }

    /// True if no later row changes it.
    const fn is_at_its_end(&self) -> bool {
        self.row.end == self.end && (self.is_single || !self.row.estimated)
    }

    fn finish(self, ends_in_gap: bool, clock: &IntervalClock) -> IntervalRow {
        let Self { row, end, is_single, starts_in_gap } = self;
        let whole = row.end == end && clock.step.floor(row.start, &clock.zone) == row.start;
        let estimated = if is_single { row.estimated } else { starts_in_gap || ends_in_gap };
        IntervalRow { complete: row.complete && whole, estimated, whole, ..row }
    }
}
