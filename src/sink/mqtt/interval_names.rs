//! The place of intervals beside the state of their meter.
//!
//! The state of a meter has its topic, and its device in Home Assistant, from the program that reads it. Intervals are
//! those of a meter of its own: `meterpipe/181220000009-interval/state`. The object that is sent there has the meter's
//! number.

use std::{borrow::Cow, sync::Arc};

use crate::format::{
    key::{FieldKey, Meta},
    readings::{Member, ReadingValue, Readings},
};

const ENDING: &str = "-interval";

/// Readings under the name that topics and devices have.
pub(super) fn named(readings: Arc<Readings>) -> Arc<Readings> {
    match readings.is_interval() {
        true => Arc::new(with_number(&readings, |number| format!("{number}{ENDING}"))),
        false => readings,
    }
}

/// The same with the number of the meter.
pub(super) fn original(readings: &Readings) -> Cow<'_, Readings> {
    let number = |number: &str| number.strip_suffix(ENDING).unwrap_or(number).to_owned();
    match readings.is_interval() {
        true => Cow::Owned(with_number(readings, number)),
        false => Cow::Borrowed(readings),
    }
}

/// The readings whose values are announced. The state of an interval may be that of the one before, which goes on, and an
/// entity must not come before its value. Of telegrams, no other list confirms these.
pub(super) fn announced(readings: Arc<Readings>, state: Arc<Readings>) -> Arc<Readings> {
    if readings.is_interval() { state } else { readings }
}

fn with_number(readings: &Readings, change: impl Fn(&str) -> String) -> Readings {
    let member = |member: &Member| match &member.value {
        ReadingValue::Text(text) if is_name(member.key) => {
            Member { value: ReadingValue::Text(change(text)), ..member.clone() }
        }
        _ => member.clone(),
    };
    Readings::new(readings.members().iter().map(member).collect())
}

const fn is_name(key: FieldKey) -> bool {
    matches!(key, FieldKey::Meta(Meta::Meter | Meta::SystemTitle))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_has_a_name_of_its_own_and_gets_its_number_back() {
        let line = r#"{"start":"2026-06-21T12:00:00+02:00","meter":"18","power_import_mean_w":1}"#;
        let readings = Arc::new(Readings::parse(line.as_bytes()).unwrap());
        let named = named(readings.clone());
        assert_eq!(named.meta(Meta::Meter), Some("18-interval"));
        assert_eq!(*original(&named), *readings);
    }
}
