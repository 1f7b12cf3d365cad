//! A line of [JSON](super::json) as readings.
//!
//! A stage behind `decode` in a pipe knows no more than that line.

use core::fmt;
use std::collections::HashSet;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::{error::Category, value::RawValue};

use crate::{
    error::{Cause, Error, Layer},
    format::{
        key::{FieldKey, KNOWN, KnownName, Meta},
        readings::{Member, ReadingValue, Readings, USUAL, unit},
        units::Units,
    },
    reading::{decimal::Decimal, fields::COUNT},
};

/// The schema that is read.
const SCHEMA: i128 = 1;

impl Readings {
    /// Reads a line. Unknown names are left out, and so is a second value of the same name. A number may stand in
    /// quotes, as programs write it that read CSV.
    ///
    /// # Errors
    /// The line is no JSON object, has another schema or no reading, or something else in the place of a number.
    pub fn parse(line: &[u8]) -> Result<Self, Error> {
        let builder = match ReadingsBuilder::plain(line) {
            Some(builder) => builder,
            None => {
                let line = str::from_utf8(line)
                    .map_err(|error| not_readings(NO_JSON, error.valid_up_to()))?;
                ReadingsBuilder::any(line).map_err(|error| not_json(&error))?
            }
        };
        if builder.is_wrong {
            return Err(not_readings(NO_NUMBER, 0));
        }
        let readings = builder.readings;
        match readings.get(FieldKey::Meta(Meta::Schema)) {
            Some(schema) if !is_known(schema) => Err(not_readings("readings of another schema", 0)),
            _ if readings.values().next().is_none() => Err(not_readings("nothing known", 0)),
            _ => Ok(readings),
        }
    }
}

fn is_known(schema: &ReadingValue) -> bool {
    matches!(schema, ReadingValue::Number(number) if number.to_integer() == Some(SCHEMA))
}

const NO_JSON: &str = "no JSON";
const NO_NUMBER: &str = "something else where a number belongs";

fn not_json(error: &serde_json::Error) -> Error {
    let found = match error.classify() {
        Category::Eof => "JSON that breaks off",
        Category::Data => "JSON, but no object,",
        Category::Syntax | Category::Io => NO_JSON,
    };
    // Columns count from 1.
    not_readings(found, error.column().saturating_sub(1))
}

const fn not_readings(found: &'static str, offset: usize) -> Error {
    Error::new(Layer::Reading, offset, Cause::NotReadings { found })
}

/// The members read so far.
#[derive(Default)]
struct ReadingsBuilder {
    readings: Readings,
    /// The place in [`KNOWN`] behind the last name.
    next: usize,
    /// A bit for each name of [`KNOWN`] that has a value.
    known: u128,
    /// All other names that have a value: a set, since a line may hold any number of them.
    others: HashSet<FieldKey>,
    /// Something else than a number has a name that is published for one.
    is_wrong: bool,
}

const _: () = assert!(Meta::ALL.len() + COUNT <= 128, "there is a bit for each name");

impl ReadingsBuilder {
    /// Reads a line as `decode` writes it: ASCII, no blanks, no escapes, no lists. `None` for any
    /// other line, which takes the long way through a parser of all JSON.
    fn plain(line: &[u8]) -> Option<Self> {
        let is_plain = |sign: &u8| matches!(sign, b' '..=0x7f) & (*sign != b'\\');
        // All octets are looked at, without a branch each.
        if !line.iter().fold(true, |all, sign| all & is_plain(sign)) {
            return None;
        }
        let mut builder = Self::default();
        builder.readings.members.reserve(USUAL);
        let mut rest = line.strip_prefix(b"{")?;
        loop {
            let (value, behind);
            if let Some((known, size)) = builder.next_known(rest) {
                (value, behind) = plain_value(rest.get(size..)?)?;
                builder.member(known.key, value);
            } else {
                let (name, rest) = plain_string(rest)?;
                (value, behind) = plain_value(rest.strip_prefix(b":")?)?;
                builder.take(str::from_utf8(name).ok()?, value);
            }
            match behind {
                [b',', behind @ ..] => rest = behind,
                [b'}'] => return Some(builder),
                _ => return None,
            }
        }
    }

    /// Reads any line.
    fn any(line: &str) -> serde_json::Result<Self> {
        let mut json = serde_json::Deserializer::from_str(line);
        let builder = json.deserialize_map(Self::default())?;
        json.end()?;
        Ok(builder)
    }

    /// The published name with which a member begins, and the octets up to its value.
    #[inline]
    fn next_known(&mut self, member: &[u8]) -> Option<(&'static KnownName, usize)> {
        // Lines have the names in their order, so the next name is near.
        let rest = KNOWN.get(self.next..).unwrap_or_default();
        let begins = |known: &KnownName| {
            // The quote behind the name tells nearly always.
            member.get(known.name.len() + 1) == Some(&b'"')
                && known.member().get(1..).is_some_and(|start| member.starts_with(start))
        };
        let ahead = rest.iter().position(begins)?;
        self.next += ahead + 1;
        let known = rest.get(ahead)?;
        Some((known, known.member().len() - 1))
    }

    fn take(&mut self, name: &str, value: ReadingValue) {
        match FieldKey::parse(name, &Units::PUBLISHED) {
            Some(key) => self.member(key, value),
            None => self.unit(name, value),
        }
    }

    #[inline]
    fn member(&mut self, key: FieldKey, value: ReadingValue) {
        let value = match value {
            ReadingValue::Text(text) if matches!(key, FieldKey::Field(..)) => {
                match Decimal::parse(&text) {
                    Some(number) => ReadingValue::Number(number),
                    // An empty cell of CSV.
                    None if text.is_empty() => return,
                    None => return self.is_wrong = true,
                }
            }
            ReadingValue::Truth(_) | ReadingValue::List(_)
                if matches!(key, FieldKey::Field(..)) =>
            {
                return self.is_wrong = true;
            }
            value => value,
        };
        // The first of two values counts.
        let is_new = match key.known() {
            Some(place) => {
                let before = self.known;
                self.known |= 1 << place;
                self.known != before
            }
            None => self.others.insert(key),
        };
        if is_new {
            self.readings.members.push(Member { key, value, unit: unit(key) });
        }
    }

    /// Takes the unit of the last member.
    fn unit(&mut self, name: &str, value: ReadingValue) {
        if let (Some(of), Some(last)) =
            (name.strip_suffix("_unit"), self.readings.members.last_mut())
            && FieldKey::parse(of, &Units::PUBLISHED) == Some(last.key)
            && let ReadingValue::Text(unit) = value
        {
            last.unit = unit.into();
        }
    }
}

/// The string at the start of a text without escapes, and the octets behind it.
fn plain_string(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let inner = text.strip_prefix(b"\"")?;
    let (inner, behind) = inner.split_at_checked(memchr::memchr(b'"', inner)?)?;
    Some((inner, behind.get(1..)?))
}

/// The string, number or truth value at the start of a text without escapes, and the octets behind it.
#[inline]
fn plain_value(text: &[u8]) -> Option<(ReadingValue, &[u8])> {
    let (value, behind) = match text {
        [b'"', ..] => {
            let (inner, behind) = plain_string(text)?;
            (ReadingValue::Text(String::from_utf8(inner.to_vec()).ok()?), behind)
        }
        [b't', b'r', b'u', b'e', behind @ ..] => (ReadingValue::Truth(true), behind),
        [b'f', b'a', b'l', b's', b'e', behind @ ..] => (ReadingValue::Truth(false), behind),
        _ => {
            let (number, size) = Decimal::at_start(text)?;
            // JSON has no zeros in front of a number.
            if matches!(text, [b'0', b'0'..=b'9', ..] | [b'-', b'0', b'0'..=b'9', ..]) {
                return None;
            }
            (ReadingValue::Number(number), text.get(size..)?)
        }
    };
    Some((value, behind))
}

/// The value of a piece of JSON; `None` for `null`, an object, and a number that does not fit.
fn value(raw: &str) -> Option<ReadingValue> {
    match raw.as_bytes() {
        [b'"', ..] => serde_json::from_str(raw).ok().map(ReadingValue::Text),
        b"true" => Some(ReadingValue::Truth(true)),
        b"false" => Some(ReadingValue::Truth(false)),
        [b'[', ..] => Some(ReadingValue::List(raw.to_owned())),
        _ => Decimal::parse(raw).map(ReadingValue::Number),
    }
}

/// Reads any JSON object.
impl<'de> Visitor<'de> for ReadingsBuilder {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self, A::Error> {
        while let Some((name, raw)) = map.next_entry::<String, &RawValue>()? {
            match value(raw.get()) {
                Some(value) => self.take(&name, value),
                None if raw.get() == "null" => {}
                None => {
                    let key = FieldKey::parse(&name, &Units::PUBLISHED);
                    self.is_wrong |= matches!(key, Some(FieldKey::Field(..)));
                }
            }
        }
        Ok(self)
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
        let text = |member: &Member| {
            format!("{} {} {}", member.key.text(&Units::default()), member.value, member.unit)
        };
        let texts: Vec<_> = readings.members().iter().map(text).collect();
        assert_eq!(
            texts,
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
    fn a_plain_line_reads_as_any_json_does() {
        let blanks = |line: &str| line.replace(',', " , ").replace(':', " : ");
        for line in [
            r#"{"meter":"7","power_net_w":-8615,"voltage_l1_v":233.70,"authenticated":true}"#,
            r#"{"power_net_w":1,"item_9":"ä","item_10":false,"device":"","voltage_l1_v":0.0}"#,
            r#"{"power_net_w":1,"item_9":12000000000000000000000000,"mine":1,"meter":"7"}"#,
            r#"{"power_net_w":1,"item_9":1e3,"item_8":null,"item_7":[1],"item_6":"\u0041"}"#,
        ] {
            let read = |line: &str| format!("{:?}", Readings::parse(line.as_bytes()).unwrap());
            assert_eq!(read(line), read(&blanks(line)), "{line}");
        }
        for line in [
            r#"{"power_net_w":01}"#,
            r#"{"power_net_w":-}"#,
            r#"{"power_net_w":1.}"#,
            r#"{"power_net_w":1.2.3}"#,
            r#"{"power_net_w":1"#,
            r#"{"power_net_w":1,}"#,
            r#"{"power_net_w":1}x"#,
            r#"{"power_net_w":trueish}"#,
            r#"{"power_net_w":1,"meter":"7}"#,
            "{\"power_net_w\":1,\"meter\":\"\t\"}",
        ] {
            assert!(Readings::parse(line.as_bytes()).is_err(), "{line}");
        }
    }

    #[test]
    fn a_name_has_one_value_and_a_published_one_a_number() {
        let values = |line: &str| {
            let readings = Readings::parse(line.as_bytes()).map_err(|error| error.to_string())?;
            Ok::<_, String>(
                readings.members().iter().map(|it| it.value.to_string()).collect::<Vec<_>>(),
            )
        };
        let twice = r#"{"meter":"1","meter":"2","power_net_w":1,"power_net_w":2}"#;
        assert_eq!(values(twice), Ok(vec!["1".into(), "1".into()]));
        let quoted = r#"{"power_net_w":"-1","voltage_l1_v":"233.70","voltage_l2_v":"","x":"y"}"#;
        assert_eq!(values(quoted), Ok(vec!["-1".into(), "233.70".into()]));
        for wrong in [r#""x""#, "true", "[1]", "{}", "9".repeat(40).as_str()] {
            let line = format!(r#"{{"voltage_l1_v":{wrong},"power_net_w":1}}"#);
            let reason = "reading: not a line of readings: something else where a number belongs";
            assert!(values(&line).unwrap_err().starts_with(reason), "{line}");
        }
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
