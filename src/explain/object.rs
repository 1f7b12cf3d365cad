//! The objects of a telegram with the names and values that they have in readings.

use std::collections::HashMap;

use jiff::tz::TimeZone;

use crate::{
    cosem::{axdr::Data, clock::Clock, compact::CompactArray, data_type::DataType},
    reading::{
        family::MeterFamily,
        fields::{self, FIELDS},
        objects::Object,
        telegram::Telegram,
        value::Value,
    },
};

/// An object and its name in readings.
pub(super) struct NamedObject<'a> {
    /// The object.
    pub(super) object: Object<'a>,
    /// Its name.
    pub(super) name: String,
}

/// The objects by the place of their values.
pub(super) fn named<'a>(
    objects: impl Iterator<Item = Object<'a>>,
    telegram: Option<&Telegram<'a>>,
) -> HashMap<usize, NamedObject<'a>> {
    let same = |octets: Option<&[u8]>, object: &Object<'_>| {
        octets.is_some_and(|octets| std::ptr::eq(octets, object.value.octets))
    };
    let mut used = HashMap::<String, usize>::new();
    let names = objects.map(|object| {
        let name = match telegram {
            Some(telegram) if same(telegram.meter(), &object) => "meter".to_owned(),
            Some(telegram) if same(telegram.device(), &object) => "device".to_owned(),
            _ => name(&object),
        };
        let times = used.entry(name.clone()).and_modify(|times| *times += 1).or_insert(1);
        let name = if *times == 1 { name } else { format!("{name}#{times}") };
        (object.value.offset, NamedObject { object, name })
    });
    names.collect()
}

/// The published name, else the code, else the place in the list.
fn name(object: &Object<'_>) -> String {
    let field = object.obis.zip(object.scale).and_then(|(obis, (_, unit))| {
        fields::of_object(obis, unit).and_then(|place| FIELDS.get(place))
    });
    match (field, Value::of(object), object.obis) {
        (Some(field), Value::Number(_), _) => field.name.to_owned(),
        (_, Value::Time(_), None) => "time".to_owned(),
        (_, Value::Time(_), Some(obis)) if obis.is_clock() => "time".to_owned(),
        (_, _, Some(obis)) => obis.to_string(),
        _ => format!("item_{}", object.index),
    }
}

/// A value with its unit, as readings have it.
pub(super) fn text(object: &Object<'_>, family: Option<&MeterFamily>, zone: &TimeZone) -> String {
    let mut text = Vec::new();
    let value = Value::of(object);
    match (CompactArray::of(object.value.octets), object.value.kind) {
        (Some(array), DataType::COMPACT_ARRAY) => list(&array, zone, &mut text),
        _ => value.write(zone, &mut text),
    }
    let mut text = String::from_utf8_lossy(&text).into_owned();
    if let Some((_, unit)) = object.scale {
        let unit = unit.to_string();
        text.extend([if unit.is_empty() { "" } else { " " }, &unit]);
    }
    match value {
        Value::Absent if object.value.octets.is_empty() => text.push_str("no value"),
        Value::Time(clock) => text.push_str(&remarks(clock, zone)),
        _ => {}
    }
    if object.assumed {
        let family = family.map_or("", |family| &family.name);
        text.push_str(&format!(" (scaler and unit from the table {family})"));
    }
    text
}

/// The elements of a compact array.
fn list(array: &CompactArray<'_>, zone: &TimeZone, text: &mut Vec<u8>) {
    let scalars = array.scalars().unwrap_or_default();
    for (at, (kind, octets)) in scalars.into_iter().enumerate() {
        if at > 0 {
            text.push(b',');
        }
        let value = Data { kind, count: octets.len(), octets, offset: 0 };
        let (index, obis, scale, flat, assumed) = (0, None, None, true, false);
        let object = Object { index, obis, value, scale, flat, assumed };
        Value::of(&object).write(zone, text);
    }
}

/// Remarks on a date-time.
pub(super) fn remarks(clock: Clock, zone: &TimeZone) -> String {
    let mut text = String::new();
    if clock.stamp(zone).is_some_and(|stamp| stamp.assumed) {
        text.push_str(" (offset assumed)");
    }
    if clock.daylight_saving() {
        text.push_str(", summer time");
    }
    if clock.is_invalid() {
        text.push_str(", called invalid by the meter");
    }
    text
}
