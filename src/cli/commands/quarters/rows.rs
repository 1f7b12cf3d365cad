//! The use of intervals: a text, or a comparison.

use jiff::civil::Date;

use crate::cli::{
    commands::compare::Comparison,
    run::{
        interval_readings::{self, IntervalReadings, MeterLabel},
        row_output::RowOutput,
    },
};
use meterpipe::{
    format::{
        key::Meta,
        readings::{ReadingValue, Readings},
    },
    intervals::{
        meter::IntervalClock,
        peaks::{EndedPeak, MonthPeak},
        row::IntervalRow,
    },
    local_time::date,
};

/// The place of rows.
pub(super) struct RowTarget {
    pub(super) use_of_rows: RowUse,
    /// The length of the intervals as the user wrote it.
    pub(super) every: &'static str,
    /// True for rows of intervals that go on.
    pub(super) running: bool,
    /// True for readings from before the input, whose rows nobody wants.
    pub(super) is_history: bool,
    /// True once an interval ended.
    pub(super) has_rows: bool,
}

/// The use of the intervals.
pub(super) enum RowUse {
    Text(Box<RowOutput>, RowChoice),
    Comparison(Box<Comparison>),
}

/// The rows that the user wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowChoice {
    Intervals,
    Peaks,
}

impl RowTarget {
    /// True if the rows are the peaks of the months.
    pub(super) const fn is_peaks(&self) -> bool {
        matches!(self.use_of_rows, RowUse::Text(_, RowChoice::Peaks))
    }

    /// True if the rows are those to compare.
    pub(super) const fn is_comparison(&self) -> bool {
        matches!(self.use_of_rows, RowUse::Comparison(_))
    }

    /// Takes an interval that has ended.
    pub(super) fn write(
        &mut self,
        row: &IntervalRow,
        meter: &MeterLabel,
        peak: &mut MonthPeak,
        clock: &IntervalClock,
        text: &mut Vec<u8>,
    ) {
        if self.is_history {
            let _ = peak.feed(row, clock);
            return;
        }
        let Self { use_of_rows, every, has_rows, .. } = self;
        *has_rows = true;
        match use_of_rows {
            RowUse::Comparison(comparison) => {
                comparison.row(row, meter.as_ref().map(|(_, name)| &**name));
            }
            RowUse::Text(output, RowChoice::Intervals) => {
                peak.feed(row, clock);
                output.row(interval_readings::of_row(row, meter, every, &clock.zone), text);
            }
            RowUse::Text(output, RowChoice::Peaks) => {
                if let Some(peak) = peak.feed(row, clock) {
                    output.row(of_peak(&peak, meter, clock), text);
                }
            }
        }
    }

    /// Takes the end of a month of a meter.
    pub(super) fn end_month(
        &mut self,
        peak: &mut MonthPeak,
        meter: &MeterLabel,
        clock: &IntervalClock,
        text: &mut Vec<u8>,
    ) {
        if let (Some(peak), RowUse::Text(output, RowChoice::Peaks), false) =
            (peak.finish(), &mut self.use_of_rows, self.is_history)
        {
            output.row(of_peak(&peak, meter, clock), text);
        }
    }
}

/// The readings of the highest interval of a month.
fn of_peak(peak: &EndedPeak, meter: &MeterLabel, clock: &IntervalClock) -> Readings {
    let EndedPeak { row, is_sure } = peak;
    let mut readings = IntervalReadings::new(&clock.zone);
    let month = |date: Date| format!("{:04}-{:02}", date.year(), date.month());
    let month = date(row.start, &clock.zone).map(month).unwrap_or_default();
    readings.meta(Meta::Month, ReadingValue::Text(month));
    readings.time(Meta::Start, row.start);
    readings.time(Meta::End, row.end);
    readings.meter(meter);
    readings.values(row);
    readings.meta(Meta::MonthComplete, ReadingValue::Truth(*is_sure));
    readings.finish(row)
}
