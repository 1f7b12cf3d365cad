//! Entities for the state of the line and of the meter's clock.
//!
//! | name in the state | meaning |
//! |---|---|
//! | `telegrams_lost` | missing telegrams of this meter since the start, by its invocation counter |
//! | `clock_drift_s` | seconds from the meter's clock to the time of arrival: by how much the meter is behind |
//! | `frames_damaged` | frames of any meter that failed a check since the start; in `watch` |
//!
//! The entities are disabled until the user enables them.
//!
//! These names are reserved: no reading gets one of them.

use jiff::Timestamp;

use crate::{
    format::{key::Meta, readings::Readings},
    reading::decimal::Decimal,
    sink::{
        home_assistant::{entity::Entity, language::NameLanguage},
        line_counters::LineCounters,
    },
};

/// A diagnostic entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Diagnostic {
    /// By the invocation counter.
    TelegramsLost,
    /// Time of arrival less time of the meter.
    ClockDrift,
    /// By the checks of the link layer.
    FramesDamaged,
}

impl Diagnostic {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::TelegramsLost, Self::ClockDrift, Self::FramesDamaged];

    /// Its name in a state.
    pub const fn member(self) -> &'static str {
        match self {
            Self::TelegramsLost => "telegrams_lost",
            Self::ClockDrift => "clock_drift_s",
            Self::FramesDamaged => "frames_damaged",
        }
    }

    /// Its value, if there is one.
    pub fn value(self, readings: &Readings, line_counters: &LineCounters) -> Option<Decimal> {
        let count = |count: u64| Decimal::of(count.into(), 0);
        match self {
            Self::TelegramsLost => {
                count(line_counters.telegrams_lost(readings.meta(Meta::Meter)?)?)
            }
            Self::ClockDrift => drift(readings),
            Self::FramesDamaged => count(line_counters.frames_damaged()?),
        }
    }

    /// The identifier of its entity.
    pub const fn id(self) -> &'static str {
        match self {
            Self::ClockDrift => "clock_drift",
            _ => self.member(),
        }
    }

    /// Its entity in Home Assistant.
    pub fn entity(self, language: NameLanguage) -> Entity {
        let id = self.id();
        let entity = Entity {
            id: id.to_owned(),
            member: self.member().to_owned(),
            name: language.name(id),
            diagnostic: true,
            // They change often, and a healthy house never looks at them.
            disabled: true,
            ..Entity::default()
        };
        match self {
            Self::ClockDrift => Entity {
                class: Some("duration"),
                state_class: Some("measurement"),
                unit: Some("s".into()),
                decimals: Some(0),
                ..entity
            },
            _ => Entity { state_class: Some("total_increasing"), ..entity },
        }
    }
}

/// Seconds, with the milliseconds of the time of arrival.
fn drift(readings: &Readings) -> Option<Decimal> {
    let time = |meta| readings.meta(meta)?.parse::<Timestamp>().ok();
    let drift = time(Meta::Received)?.duration_since(time(Meta::Time)?);
    Decimal::of(drift.as_millis(), -3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drift_of(time: &str, received: &str) -> Option<String> {
        let line = format!("{{\"time\":\"{time}\",\"received\":\"{received}\",\"power_net_w\":1}}");
        let readings = Readings::parse(line.as_bytes()).unwrap();
        let drift = Diagnostic::ClockDrift.value(&readings, &LineCounters::default());
        drift.map(|drift| drift.to_string())
    }

    #[test]
    fn the_drift_is_exact_and_has_a_sign() {
        let received = "2026-11-20T12:00:02.482Z";
        for (time, drift) in [
            ("2026-11-20T13:00:00+01:00", Some("2.482")),
            ("2026-11-20T13:00:05+01:00", Some("-2.518")),
            ("2026-11-20T12:00:00.25+00:00", Some("2.232")),
            ("2016-11-20T12:00:02+00:00", Some("315532800.482")),
            ("noon", None),
        ] {
            assert_eq!(drift_of(time, received).as_deref(), drift);
        }
        assert_eq!(drift_of("2026-11-20T13:00:00+01:00", ""), None);
    }

    #[test]
    fn what_nobody_counts_has_no_value() {
        let line = "{\"meter\":\"1\",\"invocation_counter\":5,\"power_net_w\":1}";
        let readings = Readings::parse(line.as_bytes()).unwrap();
        let line_counters = LineCounters::default();
        let value = |it: Diagnostic| it.value(&readings, &line_counters).map(|it| it.to_string());
        assert_eq!(Diagnostic::ALL.map(value), [None, None, None]);
        line_counters.note(&readings);
        line_counters.frames_are_damaged(7);
        assert_eq!(Diagnostic::ALL.map(value), [Some("0".into()), None, Some("7".into())]);
    }
}
