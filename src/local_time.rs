//! Intervals on the local clock: quarters of an hour, hours, days, months.
//!
//! ```text
//! 29 March 2026, Vienna    01:30  01:45 │ 03:00  03:15          92 quarters
//! 25 October 2026          02:45+02:00 │ 02:00+01:00  02:15    100 quarters
//! ```
//!
//! A boundary is an instant at which the clock on the wall shows a multiple of the step since midnight. Steps that
//! divide the change of the clock have the same length all year round; a day has 23, 24 or 25 hours, and a step of two
//! hours one or three in the night of a change.

use jiff::{
    Timestamp,
    civil::Date,
    tz::{Offset, TimeZone},
};

/// The length of an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalStep {
    /// Seconds, at most those of a day. Each midnight begins a new interval.
    Seconds(u32),
    /// Days, counted from 1970.
    Days(u32),
    /// A calendar month.
    Month,
}

/// The seconds of a day without a change of the clock.
const DAY: i64 = 86_400;

impl LocalStep {
    /// A quarter of an hour.
    pub const QUARTER: Self = Self::Seconds(900);

    /// The step of so many seconds; `None` for none, and for more than a day that are no whole days.
    #[must_use]
    pub fn of_seconds(seconds: u64) -> Option<Self> {
        let seconds = u32::try_from(seconds).ok().filter(|seconds| *seconds > 0)?;
        let day = u32::try_from(DAY).ok()?;
        match seconds {
            _ if seconds < day => Some(Self::Seconds(seconds)),
            _ if seconds.is_multiple_of(day) => Some(Self::Days(seconds / day)),
            _ => None,
        }
    }

    /// The last boundary at or before an instant, all in seconds since 1970. Without any, at the ends of the
    /// calendar, the instant itself.
    #[must_use]
    pub fn floor(self, second: i64, zone: &TimeZone) -> i64 {
        let floor = || match self {
            Self::Seconds(step) => Some(seconds_floor(second, step.into(), zone)),
            Self::Days(days) => {
                let date = date(second, zone)?;
                let over = days_since_1970(date).rem_euclid(days.into());
                start(date.checked_sub(jiff::Span::new().days(over)).ok()?, zone)
            }
            Self::Month => start(date(second, zone)?.first_of_month(), zone),
        };
        floor().unwrap_or(second)
    }

    /// The first boundary after an instant.
    #[must_use]
    pub fn next(self, second: i64, zone: &TimeZone) -> i64 {
        let next = || match self {
            Self::Seconds(step) => Some(seconds_next(second, step.into(), zone)),
            Self::Days(days) => {
                let date = date(second, zone)?;
                let left = i64::from(days) - days_since_1970(date).rem_euclid(days.into());
                start(date.checked_add(jiff::Span::new().days(left)).ok()?, zone)
            }
            Self::Month => start(date(second, zone)?.last_of_month().tomorrow().ok()?, zone),
        };
        next().unwrap_or(i64::MAX)
    }
}

/// The offset from UTC at an instant, in seconds.
#[must_use]
pub fn offset(second: i64, zone: &TimeZone) -> i64 {
    let offset = Timestamp::from_second(second).map(|at| zone.to_offset(at));
    offset.unwrap_or(Offset::UTC).seconds().into()
}

/// The local date at an instant.
#[must_use]
pub fn date(second: i64, zone: &TimeZone) -> Option<Date> {
    let at = Timestamp::from_second(second).ok()?;
    Some(zone.to_offset(at).to_datetime(at).date())
}

fn seconds_next(second: i64, step: i64, zone: &TimeZone) -> i64 {
    let before = offset(second, zone);
    let within = (second + before).rem_euclid(DAY);
    let next = second + ((within / step + 1) * step).min(DAY) - within;
    let after = offset(next, zone);
    if (after - before) % step == 0 {
        return next;
    }
    match change(second, next, zone) {
        // The new clock may show a boundary at once.
        Some(change) => change - 1 + seconds_ahead(change - 1 + after, step),
        None => next,
    }
}

/// The seconds from a local second to the next boundary of an undisturbed clock.
fn seconds_ahead(local: i64, step: i64) -> i64 {
    let within = local.rem_euclid(DAY);
    ((within / step + 1) * step).min(DAY) - within
}

fn seconds_floor(second: i64, step: i64, zone: &TimeZone) -> i64 {
    let after = offset(second, zone);
    let over = |second: i64, offset: i64| (second + offset).rem_euclid(DAY) % step;
    let floor = second - over(second, after);
    let before = offset(floor, zone);
    if (after - before) % step == 0 {
        return floor;
    }
    match change(floor, second, zone) {
        Some(change) if over(change, after) == 0 => change,
        Some(change) => change - 1 - over(change - 1, before),
        None => floor,
    }
}

/// The change of the clock after `from`, at `to` or before it.
fn change(from: i64, to: i64, zone: &TimeZone) -> Option<i64> {
    let change = zone.following(Timestamp::from_second(from).ok()?).next()?;
    let second = change.timestamp().as_second();
    (second <= to).then_some(second)
}

/// The first second of a date.
fn start(date: Date, zone: &TimeZone) -> Option<i64> {
    Some(date.to_zoned(zone.clone()).ok()?.timestamp().as_second())
}

fn days_since_1970(date: Date) -> i64 {
    let since = date.since(jiff::civil::date(1970, 1, 1));
    since.map_or(0, |span| span.get_days().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    static VIENNA: TimeZone = jiff::tz::get!("Europe/Vienna");

    fn second(time: &str) -> i64 {
        time.parse::<Timestamp>().unwrap().as_second()
    }

    /// The lengths of the intervals from one instant to another.
    fn lengths(step: LocalStep, from: &str, to: &str) -> Vec<i64> {
        let (mut at, to) = (second(from), second(to));
        let mut lengths = Vec::new();
        while at < to {
            let next = step.next(at, &VIENNA);
            assert_eq!(step.floor(at, &VIENNA), at);
            for inside in [at + 1, (at + next) / 2, next - 1] {
                assert_eq!(step.floor(inside, &VIENNA), at, "{step:?} {inside}");
                assert_eq!(step.next(inside, &VIENNA), next, "{step:?} {inside}");
            }
            lengths.push(next - at);
            at = next;
        }
        assert_eq!(at, to);
        lengths
    }

    #[test]
    fn a_day_has_92_96_or_100_quarters() {
        for (day, next, quarters) in [
            ("2026-03-29T00:00+01", "2026-03-30T00:00+02", 92),
            ("2026-06-21T00:00+02", "2026-06-22T00:00+02", 96),
            ("2026-10-25T00:00+02", "2026-10-26T00:00+01", 100),
        ] {
            assert_eq!(lengths(LocalStep::QUARTER, day, next), vec![900; quarters]);
            assert_eq!(lengths(LocalStep::Seconds(3600), day, next), vec![3600; quarters / 4]);
            assert_eq!(lengths(LocalStep::Days(1), day, next), [900 * quarters as i64]);
        }
    }

    #[test]
    fn a_step_that_does_not_divide_the_change_has_an_odd_interval_that_night() {
        let hours = |from, to| {
            let lengths = lengths(LocalStep::Seconds(7200), from, to);
            lengths.into_iter().map(|it| it / 3600).collect::<Vec<_>>()
        };
        let spring = hours("2026-03-29T00:00+01", "2026-03-30T00:00+02");
        assert_eq!(spring, [3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]);
        let autumn = hours("2026-10-25T00:00+02", "2026-10-26T00:00+01");
        assert_eq!(autumn, [2, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]);
        let sevens = lengths(LocalStep::Seconds(420), "2026-06-21T00:00+02", "2026-06-22T00:00+02");
        assert_eq!((sevens.len(), sevens.last()), (206, Some(&300)), "midnight begins anew");
    }

    #[test]
    fn months_and_runs_of_days_begin_at_midnight() {
        let months = lengths(LocalStep::Month, "2026-01-01T00:00+01", "2027-01-01T00:00+01");
        let days: Vec<_> = months.iter().map(|it| (it + 3600) / 86400).collect();
        assert_eq!(days, [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]);
        assert_eq!(months[2], 31 * DAY - 3600);
        let weeks = lengths(LocalStep::Days(7), "2026-10-22T00:00+02", "2026-11-05T00:00+01");
        assert_eq!(weeks, [7 * DAY + 3600, 7 * DAY]);
    }

    #[test]
    fn seconds_become_a_step_if_a_day_or_its_parts_have_them() {
        assert_eq!(LocalStep::of_seconds(900), Some(LocalStep::QUARTER));
        assert_eq!(LocalStep::of_seconds(172_800), Some(LocalStep::Days(2)));
        assert_eq!([0, 90_000, u64::MAX].map(LocalStep::of_seconds), [None; 3]);
    }
}
