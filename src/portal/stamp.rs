//! The times of an export: local, in the operators' spellings.
//!
//! ```text
//! 01.01.2024 00:15    "2023-06-08 00:00:00"    01.05.2024 and 00:15:00    2024-01-01T00:15+01:00
//! 01.01.2024 00:15 Uhr    2024-01-01 00:15:00 UTC    01.01.2024 00:15 and +01:00
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
        let mut rest = text;
        if !is_before_a_time(text.split(|sign: char| sign.is_ascii_digit()).next()?) {
            return None;
        }
        let [first, second, third] =
            [date_part(&mut rest)?, date_part(&mut rest)?, date_part(&mut rest)?];
        let (year, month, day) =
            if first.len() == 4 { (first, second, third) } else { (third, second, first) };
        let number = |digits: &str| digits.parse::<i16>().ok();
        let (year, month, day) = (number(year)?, number(month)?, number(day)?);
        let year = if year < 100 { year + 2000 } else { year };
        let clock = clock_parts(&mut rest)?;
        let [hour, minute, second] = clock.map(|part| number(part).unwrap_or_default());
        let zone = WrittenZone::parse(rest)?;
        let small = |number: i16| i8::try_from(number).ok();
        let date = Date::new(year, small(month)?, small(day)?).ok()?;
        // 24:00 ends a day.
        let (date, hour) = if hour == 24 { (date.tomorrow().ok()?, 0) } else { (date, hour) };
        let time = Time::new(small(hour)?, small(minute)?, small(second)?, 0).ok()?;
        let local = date.to_datetime(time);
        match zone {
            WrittenZone::Local => Some(Self::Local(local)),
            WrittenZone::Offset(offset) => {
                offset.to_timestamp(local).ok().map(|instant| Self::Instant(instant.as_second()))
            }
        }
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

    /// True for the first second of a local day.
    pub(super) fn is_midnight(self) -> bool {
        matches!(self, Self::Local(local) if local.time() == Time::midnight())
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

/// True for signs and the name of a day: `Summe 20.06.2026` is no time.
fn is_before_a_time(front: &str) -> bool {
    const DAYS: [&str; 14] =
        ["mo", "di", "mi", "do", "fr", "sa", "so", "mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let front = front.to_lowercase();
    let mut words = front.split(|sign: char| !sign.is_alphabetic()).filter(|word| !word.is_empty());
    words.all(|word| {
        DAYS.contains(&word) || ["tag", "mittwoch", "day"].iter().any(|end| word.ends_with(end))
    })
}

/// The next digits of a date, with what stands in front of them.
fn date_part<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let at = rest.find(|sign: char| sign.is_ascii_digit())?;
    let (part, behind) = digits(rest.get(at..)?);
    *rest = behind;
    (part.len() <= 4).then_some(part)
}

/// Hour, minute and second, as far as they are there; `None` for any other number behind a date.
fn clock_parts<'a>(rest: &mut &'a str) -> Option<[&'a str; 3]> {
    let mut parts = [""; 3];
    let Some(at) = rest.find(|sign: char| sign.is_ascii_digit()) else {
        return Some(parts);
    };
    let (front, mut behind) = rest.split_at_checked(at)?;
    if front.contains('+') {
        return None;
    }
    for part in &mut parts {
        (*part, behind) = digits(behind);
        if part.len() > 2 {
            return None;
        }
        match behind.strip_prefix([':', '.']) {
            Some(more) if more.starts_with(|sign: char| sign.is_ascii_digit()) => behind = more,
            _ => {
                *rest = behind;
                return Some(parts);
            }
        }
    }
    // A fraction of the second.
    (_, *rest) = digits(behind);
    Some(parts)
}

fn digits(text: &str) -> (&str, &str) {
    let end = text.find(|sign: char| !sign.is_ascii_digit()).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// The words behind a time.
enum WrittenZone {
    /// None, or `Uhr`.
    Local,
    Offset(Offset),
}

impl WrittenZone {
    /// `None` for words that may be half of the day, the end of a span or another zone.
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim_matches(|sign: char| !sign.is_alphanumeric() && !"+-".contains(sign));
        let text = text.to_lowercase();
        if matches!(text.as_str(), "" | "uhr") {
            return Some(Self::Local);
        }
        let ahead = ["utc", "gmt", "z"].iter().find_map(|zone| text.strip_prefix(zone));
        let seconds = match ahead.unwrap_or(&text) {
            "" => 0,
            offset => {
                let (hours, rest) = digits(offset.strip_prefix('+')?);
                let minutes = rest.strip_prefix(':').unwrap_or(rest);
                let (hours, minutes) = match (hours.len(), minutes) {
                    (4, "") => hours.split_at_checked(2)?,
                    (1 | 2, "") => (hours, "0"),
                    (1 | 2, minutes) if minutes.len() == 2 => (hours, minutes),
                    _ => return None,
                };
                let number = |digits: &str| digits.parse::<u8>().ok();
                i32::from(number(hours)?) * 3600 + i32::from(number(minutes)?) * 60
            }
        };
        Offset::from_seconds(seconds).ok().map(Self::Offset)
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
        assert_eq!(WrittenTime::parse("02.01.2024 00:15 Uhr"), Some(local));
        assert_eq!(WrittenTime::parse("Di., 02.01.2024, 00:15:00.000"), Some(local));
        for text in ["", "Summe", "31.02.2024 00:00", "1.1", "99999999999.1.1", "1/2/2024 0:15"] {
            assert_eq!(WrittenTime::parse(text), None, "{text}");
        }
        for text in ["Mittwoch, 02.01.2024 00:15", "\"02.01.2024 00:15", "Fri 02.01.2024 00:15"] {
            assert_eq!(WrittenTime::parse(text), Some(local), "{text}");
        }
        for text in ["Stand 02.01.2024 00:15", "Max. 02.01.2024 00:15", "Summe: 02.01.2024"] {
            assert_eq!(WrittenTime::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_offset_counts_and_other_words_are_no_time() {
        // 20:00 UTC on 20 June 2026, by `date -d 2026-06-20T20:00Z +%s`.
        let instant = Some(WrittenTime::Instant(1_781_985_600));
        for text in [
            "2026-06-20 22:00+02:00",
            "2026-06-20T22:00:00+02:00",
            "2026-06-20 20:00:00+00:00",
            "2026-06-20 20:00:00.000Z",
            "20.06.2026 20:00 UTC",
            "20.06.2026 22:00:00 +0200",
            "20.06.2026 22:00 (+02)",
            "20.06.2026 22:00 (UTC+02:00)",
            "20.06.2026 22:00 GMT+2",
        ] {
            assert_eq!(WrittenTime::parse(text), instant, "{text}");
        }
        for text in [
            "20.06.2026 10:00 PM",
            "20.06.2026 10:00pm",
            "20.06.2026 10:00 - 10:15",
            "20.06.2026 10:00-10:15",
            "20.06.2026 10:00 PST",
            "20.06.2026 1000",
            "20.06.2026+02:00",
            "20.06.2026 10:00+99:00",
            "20.06.2026 Summe",
        ] {
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
