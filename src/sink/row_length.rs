//! The length of the intervals that a row is one of.
//!
//! The times of a row tell it, but for parts: a day that has begun lies within its first quarter of an hour. Such a
//! row names its length.

use jiff::Timestamp;

use crate::{
    cosem::clock::VIENNA,
    format::{key::Meta, readings::Readings},
    intervals::row::{LENGTHS, length},
};

/// A length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowLength {
    /// As `quarters --every` spells it.
    pub name: &'static str,
    /// The seconds from one boundary to the next.
    pub seconds: u64,
}

impl RowLength {
    /// That of some readings; `None` for a telegram.
    #[must_use]
    pub fn of(readings: &Readings) -> Option<Self> {
        let second = |meta| readings.meta(meta)?.parse().ok().map(Timestamp::as_second);
        let (start, end) = (second(Meta::Start)?, second(Meta::End)?);
        let named = readings.meta(Meta::Every);
        let named = LENGTHS.iter().find(|(name, _)| Some(*name) == named).copied();
        let (name, step) = named.unwrap_or_else(|| length(start, end, &VIENNA));
        let seconds = step.next(start, &VIENNA).abs_diff(step.floor(start, &VIENNA));
        Some(Self { name, seconds })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_tells_its_length_or_names_it() {
        let row = |more: &str, start: &str, end: &str| {
            let line =
                format!("{{\"start\":\"{start}\",\"end\":\"{end}\"{more},\"energy_import_wh\":1}}");
            RowLength::of(&Readings::parse(line.as_bytes()).unwrap())
                .map(|it| (it.name, it.seconds))
        };
        let midnight = "2026-06-21T00:00:00+02:00";
        for (more, end, expected) in [
            ("", "2026-06-21T00:15:00+02:00", ("15m", 900)),
            ("", "2026-06-21T00:05:00+02:00", ("15m", 900)),
            (",\"every\":\"1d\"", "2026-06-21T00:05:00+02:00", ("1d", 86_400)),
            (",\"every\":\"1d\"", "2026-06-21T00:15:00+02:00", ("1d", 86_400)),
            (",\"every\":\"1mo\"", "2026-06-22T00:00:00+02:00", ("1mo", 30 * 86_400)),
            (",\"every\":\"7y\"", "2026-06-22T00:00:00+02:00", ("1d", 86_400)),
        ] {
            assert_eq!(row(more, midnight, end), Some(expected), "{more} {end}");
        }
        let autumn = row("", "2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00");
        assert_eq!(autumn, Some(("1d", 90_000)));
        let telegram =
            Readings::parse(b"{\"time\":\"2026-06-21T00:00:00+02:00\",\"power_net_w\":1}");
        assert_eq!(RowLength::of(&telegram.unwrap()), None);
    }
}
