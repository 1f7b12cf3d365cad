//! The power of the last minutes as columns.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use meterpipe::reading::decimal::Decimal;

use crate::cli::live::screen::{
    ink::{Glyphs, ScreenInk, ScreenRow},
    live_meter::{EnergyFlow, flow},
};

/// The time of a column.
const COLUMN: Duration = Duration::from_secs(5);

/// Columns of a graph, the latest one last.
#[derive(Clone, Debug)]
pub struct Sparkline {
    columns: Vec<Option<Decimal>>,
}

/// How far a value is from zero.
fn size(value: &Decimal) -> Option<u64> {
    value.whole(-3)
}

impl Sparkline {
    /// The last `columns` columns of a history. A value holds until the next one, but not for longer than `hold`.
    #[must_use]
    pub fn of(
        history: &VecDeque<(Instant, Decimal)>,
        columns: usize,
        hold: Duration,
        now: Instant,
    ) -> Self {
        let hold = hold.max(COLUMN);
        let mut from = 0;
        let value = |at: usize| {
            let back = COLUMN * u32::try_from(columns - 1 - at).unwrap_or(u32::MAX);
            let end = now.checked_sub(back)?;
            while history.get(from).is_some_and(|(at, _)| *at <= end) {
                from += 1;
            }
            let (at, value) = history.get(from.checked_sub(1)?)?;
            (end.saturating_duration_since(*at) <= hold).then_some(*value)
        };
        Self { columns: (0..columns).map(value).collect() }
    }

    /// The highest power of a direction.
    #[must_use]
    pub fn highest(&self, of: EnergyFlow) -> Option<Decimal> {
        let values = self.columns.iter().flatten().copied();
        values.filter(|it| flow(*it) == of).max_by_key(size)
    }

    /// The seconds that it spans.
    #[must_use]
    pub const fn seconds(&self) -> u64 {
        self.columns.len() as u64 * COLUMN.as_secs()
    }

    /// True if energy went into the grid in some column, and came from it in another.
    #[must_use]
    pub fn is_mixed(&self) -> bool {
        let has = |of| self.highest(of).is_some();
        has(EnergyFlow::Import) && has(EnergyFlow::Export)
    }

    /// The columns of one direction, or of both, so many rows high. Where both stand in the same rows, those of the
    /// export are shaded.
    #[must_use]
    pub fn rows(&self, only: Option<EnergyFlow>, height: usize, glyphs: Glyphs) -> Vec<ScreenRow> {
        let highest =
            self.columns.iter().flatten().filter_map(size).max().unwrap_or_default().max(1);
        let eighths = |value: &Option<Decimal>| {
            let value = value.filter(|it| only.is_none_or(|only| flow(*it) == only));
            let size = u128::from(value.as_ref().and_then(size).unwrap_or_default());
            let all = 8 * height as u128;
            let part = (size * all).div_ceil(u128::from(highest)).min(all);
            u64::try_from(part).unwrap_or_default()
        };
        let ink = |value: &Option<Decimal>| match value.map(flow) {
            Some(EnergyFlow::Export) => ScreenInk::Export,
            _ => ScreenInk::Import,
        };
        let columns: Vec<_> = self.columns.iter().map(|it| (ink(it), eighths(it))).collect();
        let row = |row: usize| {
            let below = 8 * (height - 1 - row) as u64;
            let mut spans: Vec<(ScreenInk, String)> = vec![];
            for &(ink, eighths) in &columns {
                let eighths = eighths.saturating_sub(below).min(8);
                let cell = match (only, ink) {
                    (None, ScreenInk::Export) => glyphs.shade(eighths),
                    _ => glyphs.column(eighths),
                };
                match spans.last_mut() {
                    Some((last, text)) if *last == ink || cell == ' ' => text.push(cell),
                    _ => spans.push((ink, cell.to_string())),
                }
            }
            spans.into_iter().fold(ScreenRow::default(), |row, (ink, text)| row.with(ink, text))
        };
        (0..height).map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_columns_and_gaps_are_gaps() {
        let now = Instant::now() + Duration::from_secs(1000);
        let ago = |seconds| now - Duration::from_secs(seconds);
        let watts = |watts| Decimal::new(watts, 0);
        let history = VecDeque::from([
            (ago(40), watts(100)),
            (ago(15), watts(400)),
            (ago(10), watts(-800)),
            (ago(5), watts(0)),
            (ago(0), watts(1)),
        ]);
        let line = Sparkline::of(&history, 8, COLUMN, now);
        assert_eq!(line.highest(EnergyFlow::Import), Some(watts(400)));
        assert_eq!((line.highest(EnergyFlow::Export), line.seconds()), (Some(watts(-800)), 40));
        assert!(line.is_mixed());
        let text = |only, height| {
            let rows = line.rows(only, height, Glyphs::Unicode);
            rows.iter().map(ScreenRow::text).collect::<Vec<_>>()
        };
        // Forty seconds ago was one column earlier; it held for five.
        assert_eq!(text(None, 1), ["▁   ▄▓ ▁"]);
        assert_eq!(line.rows(None, 1, Glyphs::Ascii)[0].text(), ".   -@ .");
        assert_eq!(text(Some(EnergyFlow::Import), 2), ["", "▂   █  ▁"]);
        assert_eq!(text(Some(EnergyFlow::Export), 1), ["     █"]);
    }

    #[test]
    fn nothing_is_no_columns() {
        let line = Sparkline::of(&VecDeque::new(), 3, COLUMN, Instant::now());
        assert_eq!(line.rows(None, 1, Glyphs::Ascii)[0].text(), "");
        assert!(line.highest(EnergyFlow::Import).is_none() && !line.is_mixed());
    }
}
