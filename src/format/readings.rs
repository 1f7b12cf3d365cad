//! Readings apart from their telegram: what a line of [JSON](super::json) says.
//!
//! A stage that comes after `decode` in a pipe knows no more than that line. What is in the same
//! process reads the same line, so that there is one way only and both see the same.

use core::fmt;
use std::borrow::Cow;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::{error::Category, value::RawValue};

use crate::{
    error::{Cause, Error, Layer},
    format::{
        key::{FieldKey, Meta},
        units::Units,
    },
    reading::{decimal::Decimal, fields::FIELDS},
};

/// The version that is read.
const SCHEMA: i64 = 1;

/// Everything a telegram said, in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readings {
    members: Vec<Member>,
}

/// One thing that it said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub key: FieldKey,
    /// Its value.
    pub value: ReadingValue,
    /// Its unit, empty for what has none.
    pub unit: Cow<'static, str>,
}

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadingValue {
    /// A number, exact.
    Number(Decimal),
    /// True or false.
    Truth(bool),
    /// Text, times among it.
    Text(String),
    /// A list, as it was written.
    List(String),
}

impl Readings {
    /// Reads a line. What has a name that is not known here, or that came already, is left out.
    ///
    /// # Errors
    /// What is no object, of another schema, or without any reading.
    pub fn parse(line: &[u8]) -> Result<Self, Error> {
        let JsonObject(pairs) = serde_json::from_slice(line).map_err(|error| not_json(&error))?;
        let mut members: Vec<Member> = Vec::with_capacity(pairs.len());
        for (name, raw) in &pairs {
            if let (Some(of), Some(last)) = (name.strip_suffix("_unit"), members.last_mut())
                && FieldKey::parse(of, &Units::default()) == Some(last.key)
                && let Some(ReadingValue::Text(unit)) = value(raw.get())
            {
                last.unit = unit.into();
                continue;
            }
            if let (Some(key), Some(value)) =
                (FieldKey::parse(name, &Units::default()), value(raw.get()))
                // What has a name is a number, and of two of one name nobody knows which is right.
                && (!matches!(key, FieldKey::Field(..)) || matches!(value, ReadingValue::Number(_)))
                && !members.iter().any(|member| member.key == key)
            {
                members.push(Member { key, value, unit: unit(key) });
            }
        }
        let readings = Self { members };
        let schema = readings.get(FieldKey::Meta(Meta::Schema));
        let known = ReadingValue::Number(Decimal::new(SCHEMA, 0));
        match schema.is_none_or(|schema| *schema == known) {
            false => Err(not_readings("readings of another schema", 0)),
            true if readings.values().next().is_none() => Err(not_readings("nothing known", 0)),
            true => Ok(readings),
        }
    }

    /// Everything, in its order.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// What is not said about the telegram as a whole.
    pub fn values(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| !matches!(member.key, FieldKey::Meta(_)))
    }

    /// What has that name, if it is there.
    #[must_use]
    pub fn member(&self, key: FieldKey) -> Option<&Member> {
        self.members.iter().find(|member| member.key == key)
    }

    /// The value of that name, if it is there.
    #[must_use]
    pub fn get(&self, key: FieldKey) -> Option<&ReadingValue> {
        self.member(key).map(|member| &member.value)
    }

    /// The number with a published name.
    #[must_use]
    pub fn number(&self, place: usize) -> Option<Decimal> {
        match self.get(FieldKey::Field(place, 1)) {
            Some(ReadingValue::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// A text that is said about the telegram as a whole.
    #[must_use]
    pub fn meta(&self, meta: Meta) -> Option<&str> {
        match self.get(FieldKey::Meta(meta)) {
            Some(ReadingValue::Text(text)) => Some(text),
            _ => None,
        }
    }
}

impl fmt::Display for ReadingValue {
    /// As text, without any quotes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Truth(truth) => truth.fmt(f),
            Self::Text(text) | Self::List(text) => f.pad(text),
        }
    }
}

impl ReadingValue {
    /// Appends the value as JSON.
    pub fn write_json(&self, text: &mut Vec<u8>) {
        match self {
            // Writing to a Vec cannot fail.
            Self::Text(value) => drop(serde_json::to_writer(text, value)),
            Self::List(list) => text.extend_from_slice(list.as_bytes()),
            Self::Number(number) => number.write(text),
            Self::Truth(truth) => text.extend_from_slice(if *truth { b"true" } else { b"false" }),
        }
    }
}

fn not_json(error: &serde_json::Error) -> Error {
    let found = match error.classify() {
        Category::Eof => "JSON that breaks off",
        Category::Data => "JSON, but no object,",
        Category::Syntax | Category::Io => "no JSON",
    };
    // Columns count from 1.
    not_readings(found, error.column().saturating_sub(1))
}

const fn not_readings(found: &'static str, offset: usize) -> Error {
    Error::new(Layer::Reading, offset, Cause::NotReadings { found })
}

fn unit(key: FieldKey) -> Cow<'static, str> {
    match key {
        FieldKey::Field(place, _) => {
            let field = FIELDS.get(place);
            field.map_or(Cow::Borrowed(""), |field| crate::format::units::symbol(field.unit))
        }
        _ => "".into(),
    }
}

/// The value of a piece of JSON; nothing for `null`, an object, or a number that does not fit.
fn value(raw: &str) -> Option<ReadingValue> {
    match raw.as_bytes().first()? {
        b'"' => serde_json::from_str(raw).ok().map(ReadingValue::Text),
        b't' | b'f' => serde_json::from_str(raw).ok().map(ReadingValue::Truth),
        b'[' => Some(ReadingValue::List(raw.to_owned())),
        _ => Decimal::parse(raw).map(ReadingValue::Number),
    }
}

/// An object with its members in their order and its numbers as they were written.
struct JsonObject<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for JsonObject<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = JsonObject<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry::<MemberName<'de>, &RawValue>()? {
                    pairs.push((pair.0.0, pair.1));
                }
                Ok(JsonObject(pairs))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// A member's name, borrowed where it has no escapes.
struct MemberName<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for MemberName<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = MemberName<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(MemberName(text.into()))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(MemberName(text.to_owned().into()))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::fields::of_name;

    #[test]
    fn a_line_reads_back_with_its_digits_and_its_order() {
        let line = concat!(
            "{\"schema\":1,\"time\":\"2021-09-27T09:47:15+02:00\",\"authenticated\":false,",
            "\"energy_import_wh\":12937,\"power_factor\":1.000,\"energy_import_wh#2\":5,",
            "\"1-0:99.1.0\":-1.50,\"1-0:99.1.0_unit\":\"kWh\",\"item_9\":\"a\\u0022b\",",
            "\"0-0:94.1.0\":[1,2],\"power_net_w\":null,\"mine\":1,\"objects\":[{\"value\":1}]}"
        );
        let readings = Readings::parse(line.as_bytes()).unwrap();
        let shown = |member: &Member| {
            format!("{} {} {}", member.key.text(&Units::default()), member.value, member.unit)
        };
        let shown: Vec<_> = readings.members().iter().map(shown).collect();
        assert_eq!(
            shown,
            [
                "schema 1 ",
                "time 2021-09-27T09:47:15+02:00 ",
                "authenticated false ",
                "energy_import_wh 12937 Wh",
                "power_factor 1.000 ",
                "energy_import_wh#2 5 Wh",
                "1-0:99.1.0 -1.50 kWh",
                "item_9 a\"b ",
                "0-0:94.1.0 [1,2] ",
            ]
        );
        assert_eq!(readings.meta(Meta::Time), Some("2021-09-27T09:47:15+02:00"));
        assert_eq!(readings.values().count(), 6);
        let place = of_name("energy_import_wh").unwrap();
        assert_eq!(readings.number(place), Some(Decimal::new(12_937, 0)));
    }

    #[test]
    fn a_name_has_one_value_and_a_published_one_a_number() {
        let line =
            br#"{"meter":"1","meter":"2","voltage_l1_v":"x","power_net_w":1,"power_net_w":2}"#;
        let readings = Readings::parse(line).unwrap();
        let all: Vec<_> = readings.members().iter().map(|it| it.value.to_string()).collect();
        assert_eq!(all, ["1", "1"]);
    }

    #[test]
    fn what_is_no_line_of_readings_says_why() {
        let why = |line: &[u8]| Readings::parse(line).unwrap_err().to_string();
        assert_eq!(why(b"energy 5"), "reading: not a line of readings: no JSON at octet 0");
        assert!(why(b"[1]").contains("JSON, but no object"), "{}", why(b"[1]"));
        assert!(why(b"{\"a\":1").contains("breaks off at octet"), "{}", why(b"{\"a\":1"));
        assert!(why(b"{\"a\":1} x").contains("no JSON at octet"));
        assert!(why(b"{\"schema\":2,\"power_net_w\":1}").contains("another schema"));
        assert!(why(b"{\"schema\":1,\"meter\":\"1\"}").contains("nothing known"));
        assert!(why(b"{\"meter\":\"\xff\"}").contains("no JSON"));
    }
}
