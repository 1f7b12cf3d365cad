//! Facts about a telegram that its readings do not hold.

use crate::{
    cosem::{clock::Stamp, notification::Notification},
    format::entry::OutputTelegram,
};

/// Facts about a telegram beside its readings. Lines of JSON have none.
#[derive(Clone, Copy, Debug, Default)]
pub struct TelegramEvidence<'a> {
    /// The source that it came from.
    pub source: Option<&'a str>,
    /// The number of its layout.
    pub layout: Option<u64>,
    /// The octets of its APDU; a DSMR telegram has none. Damage on the line never changes their number.
    pub octets: Option<usize>,
    /// The agreement of its two clocks.
    pub clocks: ClockAgreement,
}

/// The agreement of the clock of the APDU with the one among the objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClockAgreement {
    /// Both have the same octets, or there are no two.
    #[default]
    Same,
    /// At most a minute lies between them, or they differ in weekday or status alone.
    Close,
    /// More lies between them, or one of them is no time.
    Apart,
}

/// The most seconds between two clocks that agree.
const CLOSE: u64 = 60;

impl<'a> TelegramEvidence<'a> {
    /// The facts about a telegram.
    #[must_use]
    pub fn of(entry: &OutputTelegram<'a>) -> Self {
        Self {
            source: entry.attributes.from,
            layout: Some(entry.telegram.layout()),
            octets: entry.telegram.notification().map(Notification::octets),
            clocks: ClockAgreement::of(entry),
        }
    }
}

impl ClockAgreement {
    fn of(entry: &OutputTelegram<'_>) -> Self {
        let [Some(header), Some(object)] = entry.telegram.clocks() else {
            return Self::Same;
        };
        let time = |stamp: Stamp| stamp.timestamp();
        let header = header.stamp(entry.zone).and_then(time);
        match header.zip(object.stamp(entry.zone).and_then(time)) {
            Some((a, b)) if a.as_second().abs_diff(b.as_second()) <= CLOSE => Self::Close,
            _ => Self::Apart,
        }
    }
}
