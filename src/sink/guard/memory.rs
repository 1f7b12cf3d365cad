//! The guard's knowledge as JSON, which outlives a run.
//!
//! An unknown or missing member makes no difference, or makes the whole meter unknown: then its
//! first telegram waits for another one, as that of a new meter.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    format::{key::FieldKey, units::Units},
    sink::timestamps::Timestamps,
};

/// The version of the form.
pub(super) const VERSION: u64 = 1;

pub(super) fn number(value: &Value, member: &str) -> Option<u64> {
    value.get(member)?.as_u64()
}

pub(super) fn text<'a>(value: &'a Value, member: &str) -> Option<&'a str> {
    value.get(member)?.as_str()
}

pub(super) fn is_true(value: &Value, member: &str) -> bool {
    value.get(member).and_then(Value::as_bool).unwrap_or_default()
}

pub(super) fn list<'a>(value: &'a Value, member: &str) -> &'a [Value] {
    value.get(member).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The times of a telegram.
pub(super) fn clocks(clocks: &Timestamps) -> Value {
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
    json!({ "time": time(clocks.time), "received": time(clocks.received) })
}

pub(super) fn read_clocks(value: Option<&Value>) -> Timestamps {
    let time = |member| text(value?, member)?.parse().ok();
    Timestamps { time: time("time"), received: time("received") }
}

pub(super) fn key(key: FieldKey) -> String {
    key.text(&Units::default())
}

pub(super) fn read_key(text: &str) -> Option<FieldKey> {
    FieldKey::parse(text, &Units::default())
}
