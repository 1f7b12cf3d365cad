//! Why a telegram may be wrong.

use core::fmt;

use crate::{
    format::{key::FieldKey, units::Units},
    reading::decimal::Decimal,
};

/// Why a telegram may be wrong.
#[derive(Clone, Copy, Debug)]
pub(super) enum Doubt {
    /// Older than the last one: the counters before and now, if there are any.
    Older(Option<(u64, u64)>),
    /// A register below zero: its value.
    BelowZero(FieldKey, Decimal),
    /// The counter went back, and no other sign of an older telegram: before, now.
    Counter(u64, u64),
    /// The clock went back, and no other sign of an older telegram.
    Clock,
    /// A register went down: before, now.
    Fell(FieldKey, Decimal, Decimal),
    /// A register went up too far, in so many milliseconds: before, now.
    Rose(FieldKey, Decimal, Decimal, u64),
    /// A value that no house has.
    Wild(FieldKey, Decimal),
}

impl Doubt {
    /// True if other telegrams can confirm it.
    pub(super) const fn can_be_confirmed(&self) -> bool {
        !matches!(self, Self::Older(_) | Self::BelowZero(..))
    }

    /// True if both doubt the same value for the same reason.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        core::mem::discriminant(self) == core::mem::discriminant(other) && self.key() == other.key()
    }

    /// The field in doubt, if it is one.
    pub(super) const fn key(&self) -> Option<FieldKey> {
        match self {
            Self::BelowZero(key, _)
            | Self::Fell(key, ..)
            | Self::Rose(key, ..)
            | Self::Wild(key, _) => Some(*key),
            Self::Older(_) | Self::Counter(..) | Self::Clock => None,
        }
    }

    /// The explanation if other telegrams confirm it.
    pub(super) const fn explanation(&self) -> &'static str {
        match self {
            Self::Counter(..) => "the meter counts anew",
            Self::Clock => "the meter's clock was set",
            Self::Rose(..) => "telegrams were missing, or it is no house",
            Self::Wild(..) => "it is no house",
            Self::Fell(..) | Self::Older(_) | Self::BelowZero(..) => "a new meter, or it was reset",
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
            Self::Counter(before, now) => {
                write!(f, "the invocation counter goes back from {before} to {now}")
            }
            Self::Clock => write!(f, "the clock goes back"),
            Self::Fell(key, before, now) => {
                write!(f, "{} falls from {before} to {now}", name(key))
            }
            Self::Rose(key, before, now, elapsed) => {
                let seconds = Decimal::new(i64::try_from(*elapsed).unwrap_or(i64::MAX), -3);
                write!(f, "{} rises from {before} to {now} in {seconds} s", name(key))
            }
            Self::Wild(key, now) => write!(f, "{} is {now}, which no house has", name(key)),
        }
    }
}
