//! Why a telegram may be wrong.

use core::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::{
    error::Lapse,
    format::{key::FieldKey, units::Units},
    reading::{decimal::Decimal, fields},
    sink::guard::{fingerprint::ConstantPart, subject::DoubtSubject, verdict::RefusalReason},
};

/// Why a telegram may be wrong.
#[derive(Clone, Copy, Debug)]
pub(super) enum Doubt {
    /// Older than the last one: the counters before and now, if there are any.
    Older(Option<(u64, u64)>),
    /// A register below zero: its value.
    BelowZero(FieldKey, Decimal),
    /// The counter came before, with other content.
    Reused(u64),
    /// The counter went back, and no other sign of an older telegram: before, now.
    Counter(u64, u64),
    /// A part that is the same in all telegrams of this meter differs.
    Differs(ConstantPart),
    /// The clock goes back: before, now.
    ClockBack(Timestamp, Timestamp),
    /// The clock leaps ahead: before, now.
    ClockLeap(Timestamp, Timestamp),
    /// The clock is so far ahead of the time of arrival, and was not before.
    ClockOff(SignedDuration),
    /// A register went down: before, now.
    Fell(FieldKey, Decimal, Decimal),
    /// A register went down to where it was before the last telegram: last, now.
    Returned(FieldKey, Decimal, Decimal),
    /// A register at zero, of which no other value is known.
    Zero(FieldKey),
    /// A register went up too far, in so many milliseconds: before, now.
    Rose(FieldKey, Decimal, Decimal, u64),
    /// A register went up by more than the powers of both telegrams explain: before, now.
    Unexplained(FieldKey, Decimal, Decimal),
    /// A value that no house has.
    Wild(FieldKey, Decimal),
    /// Power in both directions at once: import, export.
    BothWays(Decimal, Decimal),
    /// A power that voltages and currents do not carry.
    BeyondCurrents(FieldKey, Decimal),
}

/// The field in doubt where power flows in both directions.
const EXPORT: FieldKey = FieldKey::Field(fields::POWER_EXPORT, 1);

impl Doubt {
    /// The subject that the doubts of other telegrams need to confirm this one; nothing if none can.
    pub(super) const fn subject(&self) -> Option<DoubtSubject> {
        Some(match *self {
            Self::Older(_) | Self::BelowZero(..) => return None,
            Self::Reused(_) => DoubtSubject::Reused,
            Self::Counter(..) => DoubtSubject::Counter,
            Self::Differs(part) => DoubtSubject::Differs(part),
            Self::ClockBack(..) => DoubtSubject::ClockBack,
            Self::ClockLeap(..) => DoubtSubject::ClockLeap,
            Self::ClockOff(_) => DoubtSubject::ClockOff,
            Self::Fell(key, ..) => DoubtSubject::Fell(key),
            Self::Returned(key, ..) => DoubtSubject::Returned(key),
            Self::Zero(key) => DoubtSubject::Zero(key),
            Self::Rose(key, ..) => DoubtSubject::Rose(key),
            Self::Unexplained(..) => DoubtSubject::Step,
            Self::Wild(key, _) => DoubtSubject::Wild(key),
            Self::BothWays(..) => DoubtSubject::BothWays,
            Self::BeyondCurrents(key, _) => DoubtSubject::BeyondCurrents(key),
        })
    }

    /// The field of a value that no house has.
    pub(super) const fn wild_key(&self) -> Option<FieldKey> {
        match *self {
            Self::Wild(key, _) | Self::BeyondCurrents(key, _) => Some(key),
            Self::BothWays(..) => Some(EXPORT),
            _ => None,
        }
    }

    pub(super) fn reason(&self) -> RefusalReason {
        match self {
            Self::BelowZero(..) => RefusalReason::Value,
            doubt => doubt.subject().map_or(RefusalReason::Order, DoubtSubject::reason),
        }
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |key: &FieldKey| key.text(&Units::default());
        match self {
            Self::Older(Some((before, now))) => {
                write!(f, "out of order: invocation counter {now} after {before}")
            }
            Self::Older(None) => {
                write!(f, "out of order: its clock is behind and its registers too")
            }
            Self::BelowZero(key, now) => write!(f, "{} is {now}, less than nothing", name(key)),
            Self::Reused(counter) => write!(
                f,
                "invocation counter {counter} came before, with other content (nonce reuse)"
            ),
            Self::Counter(before, now) => {
                write!(f, "the invocation counter goes back from {before} to {now}")
            }
            Self::Differs(part) => f.write_str(match part {
                ConstantPart::Meter => "the meter number differs from the one before",
                ConstantPart::Device => "the device name differs from the one before",
                ConstantPart::Layout => {
                    "the objects, or their types, codes, scalers or units, differ"
                }
                ConstantPart::Clocks => "the clocks of the APDU and of the list disagree",
                ConstantPart::Texts => "a text differs that was the same before",
                ConstantPart::Digits => "the number of decimals differs",
            }),
            Self::ClockBack(before, now) => write!(f, "the clock goes back from {before} to {now}"),
            Self::ClockLeap(before, now) => write!(f, "the clock jumps from {before} to {now}"),
            Self::ClockOff(offset) => {
                let (seconds, side) = (
                    offset.as_secs().unsigned_abs(),
                    if offset.is_negative() { "behind" } else { "ahead of" },
                );
                write!(f, "the clock is {} {side} the time of arrival", Lapse(seconds))
            }
            Self::Fell(key, before, now) | Self::Returned(key, before, now) => {
                write!(f, "{} falls from {before} to {now}", name(key))
            }
            Self::Zero(key) => write!(f, "{} is 0, and no other value is known", name(key)),
            Self::Rose(key, before, now, elapsed) => {
                let seconds = Decimal::new(i64::try_from(*elapsed).unwrap_or(i64::MAX), -3);
                write!(f, "{} rises from {before} to {now} in {seconds} s", name(key))
            }
            Self::Unexplained(key, before, now) => {
                write!(f, "{} rises from {before} to {now}, and no power explains it", name(key))
            }
            Self::BothWays(import, export) => {
                write!(f, "{import} W are imported and {export} W exported at once")
            }
            Self::BeyondCurrents(key, now) => {
                write!(f, "{} is {now}, more than voltages and currents carry", name(key))
            }
            Self::Wild(key, now) => write!(f, "{} is {now}, which no house has", name(key)),
        }
    }
}
