//! Points: lines from the fields of telegrams.

use crate::{
    cosem::unit::Unit,
    format::{
        influx::escape::{TAG, escape, escaped, string, tag},
        key::{FieldKey, Meta},
        printable::printable,
        readings::ReadingValue,
        units::Units,
    },
    reading::{decimal::Decimal, fields::FIELDS},
};

/// The default name of points.
pub const MEASUREMENT: &str = "smartmeter";

/// How points are written.
#[derive(Clone, Debug)]
pub struct Points {
    /// The text before and after the tag with the number of the meter: tags are in the order of
    /// their names.
    head: String,
    tail: String,
    /// The name of the tag with the number of the meter, escaped.
    meter: String,
    pub(super) units: Units,
    texts: bool,
    floats: bool,
    precision: Precision,
    noted: Vec<FieldKey>,
    notes: Vec<String>,
}

/// The unit of the timestamp at the end of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// The server has to be told this precision.
    Seconds,
    /// The default of line protocol.
    Nanoseconds,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FieldType {
    Integer,
    Float,
    /// A float, which can also hold a truth value.
    Any,
    Truth,
    Text,
}

const ROUNDED: &str = "has a fraction, which is rounded: its field holds integers, for ever; in a \
                       larger unit it is another field and keeps all digits";
const TOO_LARGE: &str = "is too large for an integer of 64 bits, and left out";
const LEFT_OUT: &str = "is a text, and left out: select it to have it";

/// The most fields with a note: a telegram may have any number of them.
const MAX_NOTES: usize = 100;

impl Points {
    /// Points of that name with the same tags on all of them, and a tag named `meter` for the
    /// number of the meter. A tag without a value is left out.
    #[must_use]
    pub fn new(
        measurement: &str,
        tags: &[(String, String)],
        meter: &str,
        units: Units,
        precision: Precision,
    ) -> Self {
        let mut tags: Vec<_> = tags.iter().filter(|(_, value)| !value.is_empty()).collect();
        // Servers want tags in the order of their names.
        tags.sort();
        let (before, behind) = tags.split_at(tags.partition_point(|(key, _)| key.as_str() < meter));
        let text = |tags: &[&(String, String)]| {
            let tag = |(key, value): &&(String, String)| format!(",{}={}", tag(key), tag(value));
            tags.iter().map(tag).collect::<String>()
        };
        let measurement = escaped(measurement, &[',', ' ']);
        Self {
            head: measurement + &text(before),
            tail: text(behind),
            meter: tag(meter),
            units,
            texts: false,
            floats: false,
            precision,
            noted: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// The same with texts as fields.
    #[must_use]
    pub fn with_texts(self, texts: bool) -> Self {
        Self { texts, ..self }
    }

    /// The same with all numbers as floats, for a database that has floats in its fields.
    #[must_use]
    pub fn with_floats(self, floats: bool) -> Self {
        Self { floats, ..self }
    }

    /// Appends a line of these fields; `false`, and no line, if there are none.
    pub fn write<'a>(
        &mut self,
        meter: Option<&str>,
        fields: impl IntoIterator<Item = (FieldKey, impl AsRef<str>, &'a ReadingValue)>,
        seconds: Option<i64>,
        text: &mut Vec<u8>,
    ) -> bool {
        let start = text.len();
        text.extend_from_slice(self.head.as_bytes());
        if let Some(meter) = meter.filter(|meter| !meter.is_empty()) {
            text.push(b',');
            text.extend_from_slice(self.meter.as_bytes());
            text.push(b'=');
            escape(meter, &TAG, text);
        }
        text.extend_from_slice(self.tail.as_bytes());
        let series = text.len();
        for (key, name, value) in fields {
            self.field(key, name.as_ref(), value, text);
        }
        // Every field begins with a comma; the first comma becomes the blank.
        let Some(first) = text.get_mut(series) else {
            text.truncate(start);
            return false;
        };
        *first = b' ';
        if let Some(seconds) = seconds {
            text.push(b' ');
            text.extend_from_slice(itoa::Buffer::new().format(seconds).as_bytes());
            if self.precision == Precision::Nanoseconds && seconds != 0 {
                text.extend_from_slice(b"000000000");
            }
        }
        text.push(b'\n');
        true
    }

    /// Appends a field with a comma in front of it.
    fn field(&mut self, key: FieldKey, name: &str, value: &ReadingValue, text: &mut Vec<u8>) {
        let start = text.len();
        text.push(b',');
        escape(name, &TAG, text);
        let named = text.len();
        text.push(b'=');
        let kind = self.kind(key);
        let note = match (kind, value) {
            (FieldType::Integer, ReadingValue::Number(number)) => match integer(*number) {
                Some((integer, exact)) => {
                    text.extend_from_slice(itoa::Buffer::new().format(integer).as_bytes());
                    text.push(b'i');
                    (!exact).then_some(ROUNDED)
                }
                None => {
                    text.truncate(start);
                    Some(TOO_LARGE)
                }
            },
            (FieldType::Float | FieldType::Any, ReadingValue::Number(number)) => {
                float(*number, text);
                None
            }
            (FieldType::Any, ReadingValue::Truth(truth)) => {
                text.extend_from_slice(if *truth { b"1.0" } else { b"0.0" });
                None
            }
            (FieldType::Truth, ReadingValue::Truth(_)) => {
                value.write(text);
                None
            }
            _ if self.texts => {
                text.truncate(named);
                text.extend_from_slice(if kind == FieldType::Text { b"=" } else { b"_text=" });
                string(value, text);
                None
            }
            _ => {
                text.truncate(start);
                Some(LEFT_OUT)
            }
        };
        if let Some(note) = note {
            self.note(key, name, note);
        }
    }

    /// The type of a field, whatever its value.
    fn kind(&self, key: FieldKey) -> FieldType {
        match self.usual_kind(key) {
            FieldType::Integer if self.floats => FieldType::Float,
            usual => usual,
        }
    }

    fn usual_kind(&self, key: FieldKey) -> FieldType {
        match key {
            FieldKey::Field(place, _) => match FIELDS.get(place).map(|field| field.unit) {
                Some(unit) if is_whole(unit) && self.units.power(unit) == 0 => FieldType::Integer,
                _ => FieldType::Float,
            },
            FieldKey::Object(..) | FieldKey::Item(_) => FieldType::Any,
            FieldKey::Meta(Meta::Schema | Meta::InvocationCounter | Meta::Telegrams) => {
                FieldType::Integer
            }
            FieldKey::Meta(
                Meta::TimeAssumed
                | Meta::TimeSuspect
                | Meta::Authenticated
                | Meta::Complete
                | Meta::Estimated
                | Meta::MonthComplete
                | Meta::Running,
            ) => FieldType::Truth,
            FieldKey::Meta(_) => FieldType::Text,
        }
    }

    fn note(&mut self, key: FieldKey, name: &str, what: &str) {
        if self.noted.len() < MAX_NOTES && !self.noted.contains(&key) {
            self.noted.push(key);
            self.notes.push(format!("{}: {what}", printable(name)));
        }
    }

    /// Notes for the user, each once.
    pub fn notes(&mut self) -> Vec<String> {
        core::mem::take(&mut self.notes)
    }
}

/// True for the members that are fields of a point, and neither its tag nor its timestamp.
#[must_use]
pub const fn is_field(key: FieldKey) -> bool {
    !matches!(key, FieldKey::Meta(Meta::Time | Meta::Meter))
}

/// True if meters count this quantity in whole units.
fn is_whole(unit: Unit) -> bool {
    [Unit::WATT_HOUR, Unit::VAR_HOUR, Unit::WATT, Unit::VAR].contains(&unit)
}

/// The nearest integer, away from zero where two are near, and whether it is the number itself.
fn integer(number: Decimal) -> Option<(i64, bool)> {
    if let Some(integer) = number.to_integer() {
        return Some((i64::try_from(integer).ok()?, true));
    }
    let text = number.to_string();
    let (whole, fraction) = text.split_once('.')?;
    let integer: i64 = whole.parse().ok()?;
    let away = if whole.starts_with('-') { -1 } else { 1 };
    let up = i64::from(fraction.bytes().next().is_some_and(|digit| digit >= b'5'));
    Some((integer.checked_add(away * up)?, false))
}

/// Appends all digits, and always a point.
fn float(number: Decimal, text: &mut Vec<u8>) {
    let start = text.len();
    number.write(text);
    if !text.iter().skip(start).any(|sign| *sign == b'.') {
        text.extend_from_slice(b".0");
    }
}

#[cfg(test)]
mod tests {
    use influxdb_line_protocol::{FieldValue, parse_lines};

    use super::*;

    /// Measurement, tags, fields with their types, timestamp.
    type ParsedLine = (String, Vec<String>, Vec<String>, Option<i64>);

    /// Lines as somebody else reads them.
    fn parsed(text: &str) -> Vec<ParsedLine> {
        let lines = parse_lines(text).map(|line| line.expect(text));
        let parsed = lines.map(|line| {
            let tags = line.series.tag_set.iter().flatten();
            let tags = tags.map(|(key, value)| format!("{key}|{value}")).collect();
            let fields = line.field_set.iter().map(|(key, value)| match value {
                FieldValue::I64(value) => format!("{key}|integer {value}"),
                FieldValue::F64(value) => format!("{key}|float {value:?}"),
                FieldValue::Boolean(value) => format!("{key}|truth {value}"),
                FieldValue::String(value) => format!("{key}|string {value}"),
                FieldValue::U64(_) => "unsigned".to_owned(),
            });
            (line.series.measurement.to_string(), tags, fields.collect(), line.timestamp)
        });
        parsed.collect()
    }

    fn key(name: &str) -> FieldKey {
        FieldKey::parse(name, &Units::default()).unwrap()
    }

    /// The line of one field, and the notes on it.
    fn line(units: &Units, name: &str, value: &ReadingValue) -> (String, Vec<String>) {
        let mut points = Points::new("m", &[], "meter", *units, Precision::Seconds);
        let mut text = Vec::new();
        points.write(None, [(key(name), name, value)], Some(1), &mut text);
        (String::from_utf8(text).unwrap(), points.notes())
    }

    fn number(name: &str, digits: &str) -> (String, Vec<String>) {
        line(&Units::default(), name, &ReadingValue::Number(Decimal::parse(digits).unwrap()))
    }

    #[test]
    fn all_numbers_may_be_floats() {
        let points = Points::new("m", &[], "meter", Units::default(), Precision::Seconds);
        let mut points = points.with_floats(true);
        let fields =
            [("energy_import_wh", "5"), ("invocation_counter", "7"), ("voltage_l1_v", "2.0")];
        let fields = fields.map(|(name, digits)| {
            (key(name), name, ReadingValue::Number(Decimal::parse(digits).unwrap()))
        });
        let mut text = Vec::new();
        let fields = fields.iter().map(|(key, name, value)| (*key, *name, value));
        points.write(None, fields, None, &mut text);
        let expected = "m energy_import_wh=5.0,invocation_counter=7.0,voltage_l1_v=2.0\n";
        assert_eq!(String::from_utf8(text).unwrap(), expected);
    }

    /// A written text as a careful reader decodes it.
    fn decoded(text: &str) -> String {
        let mut octets = Vec::new();
        let mut rest = text.as_bytes();
        while let [first, behind @ ..] = rest {
            rest = behind;
            match (first, behind.get(..2).and_then(|digits| hex::decode(digits).ok())) {
                (b'%', Some(octet)) => {
                    octets.extend(octet);
                    rest = &behind[2..];
                }
                _ => octets.push(*first),
            }
        }
        String::from_utf8(octets).unwrap()
    }

    #[test]
    fn the_type_of_a_field_comes_from_its_name_and_never_from_its_value() {
        let kinds = |name: &str| -> Vec<String> {
            let whole_and_not = ["0", "5", "5.0", "5.25", "-0.5", "-7", "12000", "0.000"];
            let kind = |digits: &&str| {
                let (text, _) = number(name, digits);
                let fields = parsed(&text).remove(0).2;
                fields[0].split(['|', ' ']).nth(1).unwrap().to_owned()
            };
            let mut kinds: Vec<_> = whole_and_not.iter().map(kind).collect();
            kinds.dedup();
            kinds
        };
        for field in FIELDS {
            let integer =
                ["_wh", "_varh", "_w", "_var"].iter().any(|end| field.name.ends_with(end));
            let second = format!("{}#2", field.name);
            for name in [field.name, &second] {
                assert_eq!(kinds(name), [if integer { "integer" } else { "float" }], "{name}");
            }
        }
        for name in ["1-0:99.1.0", "1-0:1.8.0#2", "item_7"] {
            assert_eq!(kinds(name), ["float"], "{name}");
        }
        let truth = |name| line(&Units::default(), name, &ReadingValue::Truth(true)).0;
        assert_eq!(truth("0-0:96.3.10"), "m 0-0:96.3.10=1.0 1\n");
        assert_eq!(truth("authenticated"), "m authenticated=true 1\n");
        assert_eq!(number("invocation_counter", "35").0, "m invocation_counter=35i 1\n");
        assert_eq!(truth("energy_import_wh"), "", "a truth is no energy");
    }

    #[test]
    fn all_digits_come_through() {
        for (name, digits, written) in [
            ("voltage_l1_v", "233.7", "233.7"),
            ("voltage_l1_v", "234", "234.0"),
            ("current_l1_a", "0.00", "0.00"),
            ("power_factor", "-1.000", "-1.000"),
            ("energy_import_wh", "9223372036854775807", "9223372036854775807i"),
            ("power_net_w", "-8615", "-8615i"),
            ("1-0:99.1.0", "18446744073709551615", "18446744073709551615.0"),
        ] {
            assert_eq!(number(name, digits), (format!("m {name}={written} 1\n"), vec![]));
        }
    }

    #[test]
    fn a_fraction_of_an_integer_is_rounded_and_reported_or_kept_in_a_larger_unit() {
        for (digits, written) in
            [("1234.4", "1234"), ("1234.5", "1235"), ("-0.4", "0"), ("-1.5", "-2"), ("0.999", "1")]
        {
            let (text, notes) = number("power_net_w", digits);
            assert_eq!(text, format!("m power_net_w={written}i 1\n"));
            assert!(notes[0].starts_with("power_net_w: has a fraction, which is rounded"));
        }
        let mut units = Units::default();
        units.choose("power=kW").unwrap();
        for (digits, written) in [(12345, "1.2345"), (10000, "1.0000")] {
            let value = units.number(Decimal::new(digits, -1), Unit::WATT);
            let (text, notes) = line(&units, "power_net_w", &ReadingValue::Number(value));
            assert_eq!((text, notes), (format!("m power_net_w={written} 1\n"), vec![]));
        }
        for digits in ["9223372036854775808", "-9223372036854775809", "18446744073709551615"] {
            let (text, notes) = number("energy_import_wh", digits);
            assert_eq!(text, "");
            assert_eq!(
                notes,
                ["energy_import_wh: is too large for an integer of 64 bits, and left out"]
            );
        }
    }

    #[test]
    fn no_text_gets_out_of_its_place() {
        for hostile in [
            "x y,z=1\nfoo v=1",
            "x\r\nfoo v=1 1",
            "a\\",
            "a\\,b=1",
            "\\ \\\\ \\\"",
            "\" v=1,w=\"",
            "50% %0a %%5c %zz%",
            "#",
            "\u{85}\u{0}\t\u{7f}ä€",
            "a\\\nfoo v=1",
        ] {
            let tags =
                [("site".to_owned(), hostile.to_owned()), ("empty".to_owned(), String::new())];
            let mut points = Points::new("m", &tags, "meter", Units::default(), Precision::Seconds)
                .with_texts(true);
            let mut text = Vec::new();
            let fields = [
                (key("item_7"), "item_7", &ReadingValue::Text(hostile.to_owned())),
                (key("power_net_w"), hostile, &ReadingValue::Number(Decimal::new(1, 0))),
            ];
            assert!(points.write(Some(hostile), fields, Some(1), &mut text));
            let text = String::from_utf8(text).unwrap();
            assert_eq!(text.lines().count(), 1);
            let mut lines = parsed(&text);
            assert_eq!(lines.len(), 1, "{text}");
            let (measurement, tags, fields, timestamp) = lines.remove(0);
            assert_eq!((measurement.as_str(), timestamp), ("m", Some(1)));
            let tags: Vec<_> = tags.iter().map(|tag| decoded(tag)).collect();
            assert_eq!(tags, [format!("meter|{hostile}"), format!("site|{hostile}")]);
            let fields: Vec<_> = fields.iter().map(|field| decoded(field)).collect();
            let wanted = [format!("item_7_text|string {hostile}"), format!("{hostile}|integer 1")];
            assert_eq!(fields, wanted);
        }
    }

    #[test]
    fn tags_stand_by_their_names_and_an_empty_one_is_none() {
        let tags = [("site", "a b"), ("a", "1"), ("none", "")];
        let tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let mut points =
            Points::new("smart meter", &tags, "meter", Units::default(), Precision::Nanoseconds);
        let mut write = |meter, seconds| {
            let mut text = Vec::new();
            let fields =
                [(key("power_net_w"), "power_net_w", &ReadingValue::Number(Decimal::new(1, 0)))];
            points.write(meter, fields, seconds, &mut text);
            String::from_utf8(text).unwrap()
        };
        assert_eq!(
            write(Some("7"), Some(1_632_728_835)),
            "smart\\ meter,a=1,meter=7,site=a\\ b power_net_w=1i 1632728835000000000\n"
        );
        assert_eq!(write(Some(""), None), "smart\\ meter,a=1,site=a\\ b power_net_w=1i\n");
        assert_eq!(write(None, Some(0)), "smart\\ meter,a=1,site=a\\ b power_net_w=1i 0\n");
    }

    #[test]
    fn texts_come_only_if_they_are_selected() {
        let (text, notes) =
            line(&Units::default(), "item_7", &ReadingValue::Text("abc".to_owned()));
        assert_eq!(text, "", "a line without a field is none");
        assert_eq!(notes, ["item_7: is a text, and left out: select it to have it"]);
        let mut points =
            Points::new("m", &[], "meter", Units::default(), Precision::Seconds).with_texts(true);
        let mut text = Vec::new();
        let fields = [
            (key("device"), "device", &ReadingValue::Text("a\"b".to_owned())),
            (key("0-0:96.13.0"), "0-0:96.13.0", &ReadingValue::Text("[1,2]".to_owned())),
            (key("voltage_l1_v"), "voltage_l1_v", &ReadingValue::Text("NaN".to_owned())),
        ];
        points.write(None, fields, None, &mut text);
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "m device=\"a\\\"b\",0-0:96.13.0_text=\"[1,2]\",voltage_l1_v_text=\"NaN\"\n"
        );
    }
}
