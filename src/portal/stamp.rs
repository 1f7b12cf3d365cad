//! The times of an export: local, in the operators' spellings.
//!
//! ```text
//! 01.01.2024 00:15    "2023-06-08 00:00:00"    01.05.2024 and 00:15:00    2024-01-01T00:15+01:00
//! ```
//!
//! In the doubled hour of autumn the order of the rows tells which of both hours a time belongs to. In an export that is
//! sorted as text, both rows of such a time stand together.

use jiff::{
    Timestamp,
    civil::{Date, DateTime, Time},
    tz::{AmbiguousOffset, Offset, TimeZone},
};

/// A time as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrittenTime {
    /// An instant: its offset is written beside it, in seconds since 1970.
    Instant(i64),
    /// A time on the wall.
    Local(DateTime),
}

impl WrittenTime {
    /// Reads a time; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.contains('T')
            && let Ok(instant) = text.parse::<Timestamp>()
        {
            return Some(Self::Instant(instant.as_second()));
        }
        // 1/2/2026 is a day of January where Excel is American. No portal writes that.
        if text.contains('/') {
            return None;
        }
        let mut parts = text.split(|sign: char| !sign.is_ascii_digit()).filter(|it| !it.is_empty());
        let first = parts.next()?;
        let mut number = || parts.next()?.parse::<i16>().ok();
        let (year, month, day) = match (first.len(), first.parse().ok()?) {
            (4, year) => (year, number()?, number()?),
            (_, day) => {
                let (month, year) = (number()?, number()?);
                (if year < 100 { year + 2000 } else { year }, month, day)
            }
        };
        let (hour, minute) = (number().unwrap_or_default(), number().unwrap_or_default());
        let second = number().unwrap_or_default();
        let small = |number: i16| i8::try_from(number).ok();
        let date = Date::new(year, small(month)?, small(day)?).ok()?;
        // 24:00 ends a day.
        let (date, hour) = if hour == 24 { (date.tomorrow().ok()?, 0) } else { (date, hour) };
        let time = Time::new(small(hour)?, small(minute)?, small(second)?, 0).ok()?;
        Some(Self::Local(date.to_datetime(time)))
    }

    /// The instant, in seconds since 1970: of two that fit, the first one after `before`.
    #[must_use]
    pub fn resolve(self, before: Option<i64>, zone: &TimeZone) -> Option<i64> {
        let local = match self {
            Self::Instant(second) => return Some(second),
            Self::Local(local) => local,
        };
        let ambiguous = zone.to_ambiguous_timestamp(local);
        let at = |offset: Offset| Some(offset.to_timestamp(local).ok()?.as_second());
        match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { offset } => at(offset),
            AmbiguousOffset::Fold { before: summer, after: winter } => at(summer)
                .filter(|second| before.is_none_or(|before| *second > before))
                .or(at(winter)),
            // 02:00 in the night of spring is the end of the quarter that began at 01:45.
            AmbiguousOffset::Gap { before, .. } => at(before),
        }
    }

    /// Both instants of a time that the clock shows twice, in seconds since 1970: that of summer, and that of winter.
    #[must_use]
    pub fn doubled(self, zone: &TimeZone) -> Option<[i64; 2]> {
        let Self::Local(local) = self else {
            return None;
        };
        match zone.to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Fold { before, after } => {
                let at = |offset: Offset| Some(offset.to_timestamp(local).ok()?.as_second());
                Some([at(before)?, at(after)?])
            }
            _ => None,
        }
    }

    /// The seconds to another time, as they are written.
    #[must_use]
    pub fn until(self, end: Self) -> Option<i64> {
        match (self, end) {
            (Self::Instant(start), Self::Instant(end)) => end.checked_sub(start),
            (Self::Local(start), Self::Local(end)) => Some(end.duration_since(start).as_secs()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosem::clock::VIENNA;

    #[test]
    fn the_spellings_of_all_operators_are_read() {
        let local = WrittenTime::Local("2024-01-02T00:15:00".parse().unwrap());
        for text in [
            "02.01.2024 00:15",
            " 02.01.2024 00:15:00",
            "2024-01-02 00:15:00",
            "02.01.24 00:15",
            "02.01.2024;00:15:00",
        ] {
            assert_eq!(WrittenTime::parse(text), Some(local), "{text}");
        }
        assert_eq!(
            WrittenTime::parse("2024-01-02T00:15+01:00"),
            Some(WrittenTime::Instant(1_704_150_900))
        );
        assert_eq!(WrittenTime::parse("01.01.2024 24:00"), WrittenTime::parse("02.01.2024 00:00"));
        for text in ["", "Summe", "31.02.2024 00:00", "1.1", "99999999999.1.1", "1/2/2024 0:15"] {
            assert_eq!(WrittenTime::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_order_of_the_rows_resolves_the_doubled_hour() {
        let mut before = None;
        let times = [
            "01:45", "02:00", "02:15", "02:30", "02:45", "02:00", "02:15", "02:30", "02:45",
            "03:00",
        ];
        let seconds = times.map(|time| {
            let written = WrittenTime::parse(&format!("29.10.2023 {time}")).unwrap();
            before = written.resolve(before, &VIENNA);
            before.unwrap()
        });
        assert!(seconds.windows(2).all(|pair| pair[1] - pair[0] == 900), "{seconds:?}");
        let spring = ["26.03.2023 02:00", "26.03.2023 03:00"]
            .map(|time| WrittenTime::parse(time).unwrap().resolve(None, &VIENNA));
        assert_eq!(spring[0], spring[1]);
    }
}
