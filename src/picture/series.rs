//! The quarter hours of a picture.

use jiff::tz::TimeZone;

use crate::{local_time::LocalStep, picture::language::PictureLanguage, reading::decimal::Decimal};

/// The direction of energy: the place of import and export in pairs.
pub const IMPORT: usize = 0;
/// See [`IMPORT`].
pub const EXPORT: usize = 1;

/// The seconds that are the most of a quarter of an hour.
const MOST: i64 = 450;

/// A quarter of an hour, or a part of one. Watts and watt-hours.
#[derive(Clone, Copy, Debug)]
pub struct PlotRow {
    /// The first second, since 1970.
    pub start: i64,
    /// The second behind the last one.
    pub end: i64,
    /// Import and export.
    pub energies: [Option<Decimal>; 2],
    /// Their means.
    pub means: [Option<Decimal>; 2],
    /// No telegram came in this time: the energy is known, and its course is not.
    pub gap: bool,
    /// No telegrams were missing.
    pub complete: bool,
    /// An end fell into a gap: the energies on its sides are the straight line's.
    pub estimated: bool,
    /// Both ends are boundaries of the clock. The mean of a part may be that of a second, in which the register stepped.
    pub whole: bool,
}

/// The quarter hours of one meter, in order.
#[derive(Clone, Debug)]
pub struct PlotSeries {
    /// The name of the meter.
    pub meter: Option<String>,
    /// The zone whose clock counts.
    pub zone: TimeZone,
    /// The first second of the picture.
    pub from: i64,
    /// The second behind its last one.
    pub to: i64,
    /// The quarters.
    pub rows: Vec<PlotRow>,
}

/// A day or a month.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlotSpan {
    /// The first second.
    pub start: i64,
    /// The second behind the last one.
    pub end: i64,
    /// The sums of import and export.
    pub energies: [Option<Decimal>; 2],
    /// All quarters are there, and none misses telegrams.
    pub complete: bool,
    /// Its start or its end fell into a gap.
    pub estimated: bool,
    /// There are readings in it, and not only beside it.
    pub seen: bool,
}

impl PlotRow {
    /// The mean of a quarter in milliwatts, or `None` within a gap and for a part of one.
    #[must_use]
    pub fn power(&self, direction: usize) -> Option<i64> {
        self.mean(direction).filter(|_| self.whole)
    }

    /// The mean of a part of a quarter, as [`Self::power`].
    #[must_use]
    pub fn part_power(&self, direction: usize) -> Option<i64> {
        self.mean(direction).filter(|_| !self.whole)
    }

    /// The mean of a quarter, or of a part that is the most of one.
    #[must_use]
    pub fn most_power(&self, direction: usize) -> Option<i64> {
        let is_most = self.whole || self.end - self.start >= MOST;
        self.mean(direction).filter(|_| is_most)
    }

    fn mean(&self, direction: usize) -> Option<i64> {
        let mean = self.means.get(direction).copied().flatten().filter(|_| !self.gap)?;
        Some(milli(mean))
    }
}

/// A number in thousandths, for coordinates; it ends at a petawatt.
#[must_use]
pub fn milli(number: Decimal) -> i64 {
    let milli = number.whole(-3).and_then(|it| i64::try_from(it).ok());
    milli.unwrap_or(i64::MAX).min(1_000_000_000_000_000)
}

impl PlotSeries {
    /// The period, and the meter.
    #[must_use]
    pub fn subtitle(&self, language: PictureLanguage) -> String {
        let period = language.period(self.from, self.to, &self.zone);
        let meter =
            self.meter.as_ref().map(|meter| format!(", {} {meter}", language.words().meter));
        period + &meter.unwrap_or_default()
    }

    /// The days or months of the picture, also those without a reading.
    #[must_use]
    pub fn spans(&self, step: LocalStep) -> Vec<PlotSpan> {
        let mut spans: Vec<PlotSpan> = Vec::new();
        let mut rows = self.rows.iter().peekable();
        let mut start = step.floor(self.from, &self.zone);
        let mut last: Option<&PlotRow> = None;
        while start < self.to {
            let end = step.next(start, &self.zone);
            let mut span = PlotSpan { start, end, complete: true, ..PlotSpan::default() };
            let mut covered = 0;
            while let Some(row) = rows.next_if(|row| row.start < end) {
                covered += row.end - row.start;
                span.complete &= row.complete;
                span.seen |= !row.gap;
                // Rows on both sides of a boundary in a gap are estimated.
                let is_guess = |last: &PlotRow| {
                    last.end == start && row.start == start && last.estimated && row.estimated
                };
                if last.is_some_and(is_guess) {
                    span.estimated = true;
                    spans.iter_mut().next_back().into_iter().for_each(|span| span.estimated = true);
                }
                span.add(row.energies);
                last = Some(row);
            }
            span.complete &= covered == end - start;
            spans.push(span);
            start = end;
        }
        spans
    }

    /// The energies of all quarters.
    #[must_use]
    pub fn total(&self) -> [Option<Decimal>; 2] {
        let mut total = PlotSpan::default();
        self.rows.iter().for_each(|row| total.add(row.energies));
        total.energies
    }

    /// The highest quarter of each month by its imported power; a part of a quarter is none.
    #[must_use]
    pub fn peaks(&self) -> Vec<(PlotSpan, PlotRow)> {
        let mut rows = self.rows.iter().peekable();
        let mut peaks = Vec::new();
        for month in self.spans(LocalStep::Month) {
            let mut highest: Option<PlotRow> = None;
            while let Some(row) = rows.next_if(|row| row.start < month.end) {
                let import = |row: &PlotRow| row.means.first().copied().flatten();
                let highest_yet = highest.as_ref().and_then(import);
                if row.whole
                    && import(row).is_some_and(|it| highest_yet.is_none_or(|highest| it > highest))
                {
                    highest = Some(*row);
                }
            }
            peaks.extend(highest.map(|row| (month, row)));
        }
        peaks
    }

    /// The highest mean of a direction in milliwatts. Without any whole quarter, that of the longest parts.
    #[must_use]
    pub fn highest(&self, direction: usize) -> i64 {
        let quarters = self.rows.iter().filter_map(|row| row.power(direction)).max();
        let parts = || {
            let parts = self.rows.iter().filter_map(|row| {
                row.part_power(direction).map(|power| (row.end - row.start, power))
            });
            parts.max().map(|(_, power)| power)
        };
        quarters.or_else(parts).unwrap_or(0)
    }

    /// The same, of the most of a quarter too.
    #[must_use]
    pub fn highest_of_most(&self, direction: usize) -> i64 {
        let most = self.rows.iter().filter_map(|row| row.most_power(direction)).max();
        most.unwrap_or_else(|| self.highest(direction))
    }

    /// True if parts of quarters have a mean.
    #[must_use]
    pub fn has_parts(&self) -> bool {
        self.rows.iter().any(|row| row.part_power(IMPORT).or(row.part_power(EXPORT)).is_some())
    }

    /// True if the meter has exported anything.
    #[must_use]
    pub fn exports(&self) -> bool {
        self.total().get(EXPORT).copied().flatten().is_some_and(|energy| !energy.is_zero())
    }

    /// The directions to draw: import unless the meter has no such register, and export if there was any.
    #[must_use]
    pub fn directions(&self) -> &'static [usize] {
        let imports = self.total().get(IMPORT).copied().flatten().is_some();
        match (imports, self.exports()) {
            (true, true) => &[IMPORT, EXPORT],
            (true, false) => &[IMPORT],
            (false, _) => &[EXPORT],
        }
    }

    /// The times without readings of any direction, from one end to the other.
    #[must_use]
    pub fn gaps(&self) -> Vec<(i64, i64)> {
        self.gaps_between(|row| row.mean(IMPORT).or(row.mean(EXPORT)).is_some())
    }

    /// The times without the rows that count.
    #[must_use]
    pub fn gaps_between(&self, counts: impl Fn(&PlotRow) -> bool) -> Vec<(i64, i64)> {
        let mut gaps = Vec::new();
        let mut end = self.from;
        for row in self.rows.iter().filter(|row| counts(row)) {
            if row.start > end {
                gaps.push((end, row.start));
            }
            end = end.max(row.end);
        }
        if end < self.to {
            gaps.push((end, self.to));
        }
        gaps
    }
}

impl PlotSpan {
    /// The word for a peak that may not be the highest quarter of this month, or whose own energy is no measured one.
    #[must_use]
    pub const fn remark_of_peak(
        &self,
        row: &PlotRow,
        language: PictureLanguage,
    ) -> Option<&'static str> {
        let words = language.words();
        match (row.estimated, self.complete) {
            (true, _) => Some(words.estimated),
            (false, false) => Some(words.part),
            (false, true) => None,
        }
    }

    /// The word for a sum that is not all of the span's, or is no measured one.
    #[must_use]
    pub const fn remark(&self, language: PictureLanguage) -> Option<&'static str> {
        let words = language.words();
        match (self.estimated, self.complete) {
            (true, _) => Some(words.estimated),
            (false, false) => Some(words.part),
            (false, true) => None,
        }
    }

    fn add(&mut self, energies: [Option<Decimal>; 2]) {
        for (sum, energy) in self.energies.iter_mut().zip(energies) {
            *sum = match (*sum, energy) {
                (Some(sum), Some(energy)) => sum.plus(energy),
                (sum, energy) => sum.or(energy),
            };
        }
    }
}
