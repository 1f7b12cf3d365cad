//! The twelve octets of a date-time (IEC 62056-6-2; Blue Book, 4.1.6.1).
//!
//! ```text
//! 07 E5  09  1B  01   09   2F   0F  00   FF 88      80
//! year   month day weekday hour min s 1/100 deviation status
//! ```
//!
//! The deviation counts the minutes to add to local time to get UTC: FF88 = −120 is +02:00. 8000
//! means that the meter does not give it. Bit 7 of the status says that daylight saving is on.

use jiff::{
    Timestamp, civil,
    tz::{AmbiguousOffset, Offset, TimeZone},
};

use crate::counted::counted;
use crate::field::{WireField, WireFields};

/// A date-time as it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock(pub [u8; 12]);

/// The zone of all Austrian meters, known without any file.
pub static VIENNA: TimeZone = jiff::tz::get!("Europe/Vienna");

/// The deviation that is not given.
const NOT_SPECIFIED: i16 = i16::MIN;

/// A meter's time, made definite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The time on the meter's display.
    pub local: civil::DateTime,
    /// How far it is ahead of UTC.
    pub offset: Offset,
    /// The meter gives no offset: a time zone has supplied it.
    pub assumed: bool,
}

impl Stamp {
    /// The instant.
    #[must_use]
    pub fn timestamp(&self) -> Option<Timestamp> {
        self.offset.to_timestamp(self.local).ok()
    }

    /// Appends it as RFC 3339 with the offset in digits, hundredths only if there are any.
    pub fn write(&self, text: &mut Vec<u8>) {
        let Self { local, offset, .. } = self;
        let year = local.year().unsigned_abs();
        let [month, day, hour, minute, second] =
            [local.month(), local.day(), local.hour(), local.minute(), local.second()]
                .map(|field| two(field.unsigned_abs().into()));
        let ([a, b], [c, d]) = (two(year / 100), two(year));
        let [[e, f], [g, h]] = [month, day];
        let [[i, j], [k, l], [m, n]] = [hour, minute, second];
        text.extend_from_slice(&[
            a, b, c, d, b'-', e, f, b'-', g, h, b'T', i, j, b':', k, l, b':', m, n,
        ]);
        let hundredths = local.subsec_nanosecond().unsigned_abs() / 10_000_000;
        if hundredths != 0 {
            let [a, b] = two(u16::try_from(hundredths).unwrap_or_default());
            text.extend_from_slice(&[b'.', a, b]);
        }
        let minutes = u16::try_from(offset.seconds().unsigned_abs() / 60).unwrap_or_default();
        let ([a, b], [c, d]) = (two(minutes / 60), two(minutes % 60));
        let sign = if offset.seconds() < 0 { b'-' } else { b'+' };
        text.extend_from_slice(&[sign, a, b, b':', c, d]);
    }
}

/// The fields of a date-time, for people.
#[must_use]
pub fn fields(octets: &[u8]) -> Vec<WireField<'_>> {
    let mut fields = WireFields::of(octets);
    list(&mut fields);
    fields.list()
}

fn list(fields: &mut WireFields<'_>) -> Option<()> {
    let given = |octet: u8| match octet {
        0xff => "not given".to_owned(),
        octet => octet.to_string(),
    };
    fields.take(2, "year", |octets| match octets {
        [0xff, 0xff] => "not given".to_owned(),
        octets => octets.iter().fold(0, |sum, octet| sum << 8 | u16::from(*octet)).to_string(),
    })?;
    for name in ["month", "day", "weekday", "hour", "minute", "second", "hundredths"] {
        fields.octet(name, given)?;
    }
    fields.take(2, "deviation", |octets| {
        match i16::from_be_bytes(octets.try_into().unwrap_or_default()) {
            NOT_SPECIFIED => "not given".to_owned(),
            minutes => {
                let sign = if minutes < 0 { "-" } else { "" };
                format!("{sign}{} to UTC", counted(minutes.unsigned_abs(), "minute"))
            }
        }
    })?;
    fields
        .octet("status", |status| {
            let bits = [(0x80, "summer time"), (0x01, "invalid"), (0x02, "doubtful")];
            let set = bits.iter().filter(|(bit, _)| status != 0xff && status & bit != 0);
            let set: Vec<_> = set.map(|(_, name)| *name).collect();
            match (status, set.is_empty()) {
                (0xff, _) => "not given".to_owned(),
                (_, true) => "nothing to remark".to_owned(),
                _ => set.join(", "),
            }
        })
        .map(drop)
}

impl Clock {
    /// The twelve octets, if every field is in its range or not specified.
    #[must_use]
    pub fn of(octets: &[u8]) -> Option<Self> {
        let clock: [u8; 12] = octets.try_into().ok()?;
        let [year_high, year_low, month, day, weekday, hour, minute, second, hundredths, ..] =
            clock;
        let year = u16::from_be_bytes([year_high, year_low]);
        let given =
            |value: u8, least: u8, most: u8| value == 0xff || (least..=most).contains(&value);
        let deviation = Self(clock).deviation();
        let sound = (1..=9999).contains(&year) || year == 0xffff;
        let sound = sound
            // fd and fe: daylight saving begins and ends; as a day, the last but one and the last
            && (given(month, 1, 12) || matches!(month, 0xfd | 0xfe))
            && (given(day, 1, 31) || matches!(day, 0xfd | 0xfe))
            // Aidon in Norway sends 0 (no-aidon/gh1119-2).
            && given(weekday, 0, 7)
            && given(hour, 0, 23)
            && given(minute, 0, 59)
            && given(second, 0, 59)
            && given(hundredths, 0, 99)
            && ((-720..=840).contains(&deviation) || deviation == NOT_SPECIFIED);
        let sound = sound && (Self(clock).local().is_some() || Self(clock).is_partial());
        sound.then_some(Self(clock))
    }

    /// True if daylight saving is on.
    #[must_use]
    pub const fn daylight_saving(&self) -> bool {
        let [.., status] = self.0;
        status != 0xff && status & 0x80 != 0
    }

    /// True if the meter calls its own clock invalid: it has lost the time and not got it back.
    /// A clock that the meter only doubts is right all the same (T210-D, every winter).
    #[must_use]
    pub const fn is_invalid(&self) -> bool {
        let [.., status] = self.0;
        status != 0xff && status & 0x01 != 0
    }

    /// True if the daylight saving bit is set, but the deviation is that of standard time in
    /// `zone`.
    #[must_use]
    pub fn contradicts_itself(&self, zone: &TimeZone) -> bool {
        if !self.daylight_saving() || !self.has_offset() {
            return false;
        }
        let given = self.stamp(zone).and_then(|stamp| Some((stamp.offset, stamp.timestamp()?)));
        given.is_some_and(|(given, timestamp)| {
            let actual = zone.to_offset_info(timestamp);
            match actual.dst().is_dst() {
                true => given < actual.offset(),
                false => given == actual.offset(),
            }
        })
    }

    /// The definite time; `None` if date or time are not fully given.
    ///
    /// Where the meter gives no deviation, `zone` does, and in the doubled hour of autumn the
    /// daylight saving bit chooses.
    #[must_use]
    pub fn stamp(&self, zone: &TimeZone) -> Option<Stamp> {
        let local = self.local()?;
        let given = match self.deviation() {
            NOT_SPECIFIED => None,
            minutes => Offset::from_seconds(-60 * i32::from(minutes)).ok(),
        };
        let offset = given.unwrap_or_else(|| match zone.to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset,
            AmbiguousOffset::Fold { before, after }
            | AmbiguousOffset::Gap { before: after, after: before } => {
                // Before autumn's switch, and after spring's, it is summer.
                if self.daylight_saving() { before } else { after }
            }
        });
        Some(Stamp { local, offset, assumed: given.is_none() })
    }

    /// The same clock so much earlier: offset and status stay as they are. Nothing if it is not
    /// fully given.
    #[must_use]
    pub fn earlier(&self, by: core::time::Duration) -> Option<Self> {
        let local = self.local()?.checked_sub(by).ok()?;
        let mut octets = self.0;
        let [year_high, year_low, month, day, weekday, hour, minute, second, ..] = &mut octets;
        [*year_high, *year_low] = local.year().to_be_bytes();
        let fields = [local.month(), local.day(), local.hour(), local.minute(), local.second()];
        [*month, *day, *hour, *minute, *second] = fields.map(i8::cast_unsigned);
        if (1..=7).contains(weekday) {
            *weekday = local.weekday().to_monday_one_offset().cast_unsigned();
        }
        Some(Self(octets))
    }

    /// True if the meter gives the offset of its time.
    #[must_use]
    pub fn has_offset(&self) -> bool {
        self.deviation() != NOT_SPECIFIED
    }

    /// True if date and time are fully given.
    #[must_use]
    pub fn is_definite(&self) -> bool {
        self.local().is_some()
    }

    fn deviation(&self) -> i16 {
        let [_, _, _, _, _, _, _, _, _, high, low, _] = self.0;
        i16::from_be_bytes([high, low])
    }

    fn is_partial(&self) -> bool {
        let [year_high, year_low, month, day, _, hour, minute, second, ..] = self.0;
        (year_high, year_low) == (0xff, 0xff)
            || [month, day, hour, minute, second].iter().any(|field| *field >= 0xfd)
    }

    fn local(&self) -> Option<civil::DateTime> {
        let [year_high, year_low, month, day, _, hour, minute, second, hundredths, ..] = self.0;
        // ffff means a year that is not given.
        let year = i16::from_be_bytes([year_high, year_low]);
        let year = (year > 0).then_some(year)?;
        let nanoseconds = if hundredths == 0xff { 0 } else { i32::from(hundredths) * 10_000_000 };
        let [month, day, hour, minute, second] =
            [month, day, hour, minute, second].map(u8::cast_signed);
        civil::DateTime::new(year, month, day, hour, minute, second, nanoseconds).ok()
    }
}

impl core::fmt::Display for Stamp {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mut text = Vec::new();
        self.write(&mut text);
        f.pad(core::str::from_utf8(&text).unwrap_or_default())
    }
}

/// The last two digits of a number.
fn two(number: u16) -> [u8; 2] {
    let digit = |number: u16| b'0' + u8::try_from(number % 10).unwrap_or_default();
    [digit(number / 10), digit(number)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(digits: &str) -> Option<Clock> {
        Clock::of(&hex::decode(digits).unwrap())
    }

    fn stamp(digits: &str) -> (String, bool) {
        let stamp = clock(digits).unwrap().stamp(&VIENNA).unwrap();
        (stamp.to_string(), stamp.assumed)
    }

    #[test]
    fn the_deviation_has_the_other_sign_than_the_offset() {
        assert_eq!(stamp("07e5091b01092f0f00ff8880"), ("2021-09-27T09:47:15+02:00".into(), false));
        assert_eq!(stamp("07e80b1006093919ffffc400"), ("2024-11-16T09:57:25+01:00".into(), false));
        assert_eq!(stamp("07e5091b01092f0f00000000"), ("2021-09-27T09:47:15+00:00".into(), false));
        assert_eq!(
            stamp("07e5091b01092f0f32012c00"),
            ("2021-09-27T09:47:15.50-05:00".into(), false)
        );
    }

    #[test]
    fn without_a_deviation_the_zone_tells_and_the_bit_chooses_the_doubled_hour() {
        assert!(stamp("07e7061202142f32ff800080").1);
        assert_eq!(stamp("07ea0a19ff021e00ff800080").0, "2026-10-25T02:30:00+02:00");
        assert_eq!(stamp("07ea0a19ff021e00ff800000").0, "2026-10-25T02:30:00+01:00");
        assert_eq!(stamp("07ea0701ff0c0000ff800000").0, "2026-07-01T12:00:00+02:00");
        // The hour that spring leaves out.
        assert_eq!(stamp("07ea031dff021e00ff800080").0, "2026-03-29T02:30:00+02:00");
        assert_eq!(stamp("07ea031dff021e00ff800000").0, "2026-03-29T02:30:00+01:00");
    }

    #[test]
    fn what_is_on_no_calendar_is_refused() {
        assert!(clock("07e5091b01092f0f00ff8880").is_some());
        for (at, value) in
            [(2, 0), (2, 13), (3, 0), (3, 32), (4, 8), (5, 24), (6, 60), (7, 60), (8, 100)]
        {
            let mut octets = hex::decode("07e5091b01092f0f00ff8880").unwrap();
            octets[at] = value;
            assert_eq!(Clock::of(&octets), None, "octet {at} = {value}");
        }
        assert_eq!(clock("07e5021e01092f0f00ff8880"), None, "30 February");
        assert_eq!(clock("07e5091b01092f0f00fd2f80"), None, "deviation -721");
        assert_eq!(clock("0000091b01092f0f00ff8880"), None, "year 0");
        assert_eq!(Clock::of(&[]), None);
        assert_eq!(Clock::of(&[0; 13]), None);
    }

    #[test]
    fn what_is_not_specified_is_kept_and_makes_no_time() {
        let wildcards = clock("ffffffffffffffffff8000ff").unwrap();
        assert_eq!(wildcards.stamp(&VIENNA), None);
        assert!(!wildcards.daylight_saving());
        assert_eq!(clock("07e5091bff09ff0fff800000").unwrap().stamp(&VIENNA), None);
        assert_eq!(clock("ffff091b01092f0f00ff8880").unwrap().stamp(&VIENNA), None, "any year");
    }
}
