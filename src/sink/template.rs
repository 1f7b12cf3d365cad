//! Texts with readings in them.
//!
//! ```text
//! {"grid":{"power":{power_net_w},"L1":{"voltage":{voltage_l1_v 1}},"energy":{energy_import_wh kWh 3}}}
//! {"time":{received utc},"name":"meter {meter}"}
//! ```
//!
//! A placeholder is `{`, the name of a field, and `}`. Behind the name stand a unit and a number of
//! decimals if they differ from the meter's, or `utc` for a time. It becomes the value as JSON: a
//! number, a text in quotes, or `null` if the telegram lacks it. Between two quotes the text goes
//! without quotes of its own. Every other brace stays: in JSON no name follows one.

use jiff::Timestamp;

use crate::{
    format::{
        json_string,
        key::{FieldKey, Meta},
        numbers::NumberStyle,
        printable::printable,
        readings::{ReadingValue, Readings},
        units::Units,
    },
    reading::{decimal::Decimal, fields::FIELDS},
    sink::settings::{common::field, error::SettingError},
};

/// A text with placeholders for readings.
#[derive(Clone, Debug)]
pub struct PayloadTemplate {
    parts: Vec<PayloadPart>,
}

#[derive(Clone, Debug)]
enum PayloadPart {
    Literal(String),
    Placeholder { key: FieldKey, form: ValueForm, in_quotes: bool },
}

/// The unit and the decimals of a value, if they differ from the meter's.
#[derive(Clone, Copy, Debug, Default)]
pub struct ValueForm {
    units: Units,
    decimals: Option<u8>,
    utc: bool,
}

impl PayloadTemplate {
    /// Reads a template; `setting` is the key that has it.
    ///
    /// # Errors
    /// An unknown field, unit or number of decimals, or a placeholder without an end.
    pub fn parse(setting: &str, text: &str) -> Result<Self, SettingError> {
        let (mut parts, mut rest, mut in_quotes) = (Vec::new(), text, false);
        while let Some(at) = placeholder(rest) {
            let (literal, behind) = rest.split_at(at);
            let (inner, behind) = behind
                .get(1..)
                .and_then(|behind| behind.split_once('}'))
                .filter(|(inner, _)| !inner.contains(['{', '"', '\n']))
                .ok_or_else(|| {
                    let start: String = behind.chars().take(SHOWN).collect();
                    SettingError::of(setting, format!("no }} closes {}", printable(&start)))
                })?;
            in_quotes ^= has_odd_quotes(literal);
            let mut words = inner.split_ascii_whitespace();
            let key = field(setting, words.next().unwrap_or_default())?;
            let form = ValueForm::parse(setting, &[key], words)?;
            parts.push(PayloadPart::Literal(literal.to_owned()));
            parts.push(PayloadPart::Placeholder { key, form, in_quotes });
            rest = behind;
        }
        parts.push(PayloadPart::Literal(rest.to_owned()));
        Ok(Self { parts })
    }

    /// The fields of all placeholders.
    pub fn keys(&self) -> impl Iterator<Item = FieldKey> {
        self.parts.iter().filter_map(|part| match part {
            PayloadPart::Placeholder { key, .. } => Some(*key),
            PayloadPart::Literal(_) => None,
        })
    }

    /// The text with these readings; `None` if it has placeholders, and the readings have a value
    /// for none of them.
    pub fn fill(&self, readings: &Readings, numbers: NumberStyle) -> Option<Vec<u8>> {
        let mut keys = self.keys().peekable();
        if keys.peek().is_some() && !keys.any(|key| readings.member(key).is_some()) {
            return None;
        }
        let mut text = Vec::new();
        for part in &self.parts {
            match part {
                PayloadPart::Literal(literal) => text.extend_from_slice(literal.as_bytes()),
                PayloadPart::Placeholder { key, form, in_quotes } => {
                    let value = readings.get(*key).and_then(|it| form.value(*key, it, numbers));
                    match value {
                        Some(ReadingValue::Text(value)) if *in_quotes => escape(&value, &mut text),
                        Some(value) => value.write_json(&mut text),
                        None => text.extend_from_slice(b"null"),
                    }
                }
            }
        }
        Some(text)
    }
}

impl ValueForm {
    /// Reads the words behind a name: a unit and a number of decimals, in any order, or `utc`.
    ///
    /// # Errors
    /// A word that is none of these, or not for one of the fields.
    pub fn parse<'a>(
        setting: &str,
        keys: &[FieldKey],
        words: impl Iterator<Item = &'a str>,
    ) -> Result<Self, SettingError> {
        let mut form = Self::default();
        for word in words {
            match word.parse() {
                Ok(decimals @ 0..=MOST_DECIMALS) if form.decimals.is_none() => {
                    form.decimals = Some(decimals);
                }
                _ if word == "utc" && keys.iter().all(is_time) => form.utc = true,
                _ => form.choose_unit(setting, keys, word)?,
            }
        }
        Ok(form)
    }

    fn choose_unit(
        &mut self,
        setting: &str,
        keys: &[FieldKey],
        unit: &str,
    ) -> Result<(), SettingError> {
        let cause = format!("{} is no unit of it and no number of decimals", printable(unit));
        let wrong = || SettingError::of(setting, &cause);
        for key in keys {
            let field = match key {
                FieldKey::Field(place, _) => FIELDS.get(*place).ok_or_else(wrong)?,
                _ => return Err(wrong()),
            };
            let has = |units: &Units| {
                units.apply(Decimal::new(0, 0), field.unit).1.eq_ignore_ascii_case(unit)
            };
            let chosen = QUANTITIES.iter().find_map(|quantity| {
                let mut units = self.units;
                units.choose(&format!("{quantity}={unit}")).ok().filter(|()| has(&units))?;
                Some(units)
            });
            self.units = match chosen {
                Some(units) => units,
                None if has(&self.units) => self.units,
                None => return Err(wrong()),
            };
        }
        Ok(())
    }

    /// The value in this form; `None` for a number that cannot be written with that many decimals,
    /// and a time that is none.
    pub fn value(
        &self,
        key: FieldKey,
        value: &ReadingValue,
        numbers: NumberStyle,
    ) -> Option<ReadingValue> {
        match (value, key) {
            (ReadingValue::Number(number), FieldKey::Field(place, _)) => {
                let number = FIELDS
                    .get(place)
                    .map_or(*number, |field| self.units.number(*number, field.unit));
                Some(ReadingValue::Number(numbers.of(self.rounded(number)?)))
            }
            (ReadingValue::Number(number), FieldKey::Object(..) | FieldKey::Item(_)) => {
                Some(ReadingValue::Number(numbers.of(self.rounded(*number)?)))
            }
            (ReadingValue::Text(time), _) if self.utc => {
                let seconds = time.parse::<Timestamp>().ok()?.as_second();
                Some(ReadingValue::Text(Timestamp::from_second(seconds).ok()?.to_string()))
            }
            _ => Some(value.clone()),
        }
    }

    fn rounded(&self, number: Decimal) -> Option<Decimal> {
        match self.decimals {
            Some(decimals) => number.with_decimals(decimals.into()),
            None => Some(number),
        }
    }
}

const fn is_time(key: &FieldKey) -> bool {
    matches!(key, FieldKey::Meta(Meta::Time | Meta::Received))
}

/// The place of the first brace that a name follows.
fn placeholder(text: &str) -> Option<usize> {
    let follows = |at: usize| {
        let behind = text.as_bytes().get(at + 1);
        behind.is_some_and(u8::is_ascii_alphanumeric)
    };
    text.match_indices('{').map(|(at, _)| at).find(|at| follows(*at))
}

/// True if a string of JSON begins or ends in the text, but not both.
fn has_odd_quotes(text: &str) -> bool {
    let (mut odd, mut escaped) = (false, false);
    for octet in text.bytes() {
        odd ^= octet == b'"' && !escaped;
        escaped = octet == b'\\' && !escaped;
    }
    odd
}

/// Appends a text with the escapes of JSON, without quotes.
fn escape(value: &str, text: &mut Vec<u8>) {
    let mut quoted = Vec::new();
    json_string::write(value, &mut quoted);
    text.extend_from_slice(quoted.get(1..quoted.len() - 1).unwrap_or_default());
}

/// The quantities whose unit can be chosen.
const QUANTITIES: [&str; 4] = ["energy", "reactive-energy", "power", "reactive-power"];

/// More digits than any register has.
const MOST_DECIMALS: u8 = 9;

/// The signs of a broken placeholder in its message.
const SHOWN: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = concat!(
        "{\"time\":\"2021-09-27T09:47:15+02:00\",\"received\":\"2026-08-24T21:03:17.482Z\",",
        "\"meter\":\"a\\\"b\",\"authenticated\":false,\"invocation_counter\":35,",
        "\"energy_import_wh\":12937,\"power_net_w\":-8615,\"voltage_l1_v\":233.70,",
        "\"1-0:99.1.0\":12,\"item_3\":[1,2]}"
    );

    fn filled(template: &str, numbers: NumberStyle) -> Option<String> {
        let template = PayloadTemplate::parse("payloads.x", template).unwrap();
        let readings = Readings::parse(LINE.as_bytes()).unwrap();
        template.fill(&readings, numbers).map(|text| String::from_utf8(text).unwrap())
    }

    #[test]
    fn placeholders_become_json_and_all_else_stays() {
        for (template, text) in [
            ("{power_net_w}", "-8615"),
            ("{ power_net_w}", "{ power_net_w}"),
            ("{power_net_w kW 1}", "-8.6"),
            ("{energy_import_wh 2 kWh} kWh", "12.94 kWh"),
            ("{\"a\":{\"b\":{power_net_w},\"c\":{}}}", "{\"a\":{\"b\":-8615,\"c\":{}}}"),
            ("[{power_net_w},{power_import_w}]", "[-8615,null]"),
            ("{meter} {authenticated} {item_3}", "\"a\\\"b\" false [1,2]"),
            ("\"{meter}\" {meter}", "\"a\\\"b\" \"a\\\"b\""),
            ("\"a\\\"{meter}\"", "\"a\\\"a\\\"b\""),
            ("{1-0:99.1.0 1}", "12.0"),
            ("{time utc}", "\"2021-09-27T07:47:15Z\""),
            ("{received utc}", "\"2026-08-24T21:03:17Z\""),
            ("{time} {received}", "\"2021-09-27T09:47:15+02:00\" \"2026-08-24T21:03:17.482Z\""),
            ("no field", "no field"),
            ("{", "{"),
        ] {
            assert_eq!(filled(template, NumberStyle::Exact).as_deref(), Some(text), "{template}");
        }
        let template = "{power_net_w} {power_net_w kW 2} {voltage_l1_v} {invocation_counter}";
        let text = filled(template, NumberStyle::Float);
        assert_eq!(text.as_deref(), Some("-8615.0 -8.62 233.7 35"), "not the metadata");
    }

    #[test]
    fn without_any_of_its_readings_there_is_no_text() {
        assert_eq!(filled("{power_import_w} {power_export_w}", NumberStyle::Exact), None);
    }

    #[test]
    fn what_cannot_be_meant_is_named_with_its_key() {
        for (template, why) in [
            ("{power}", "payloads.x: no field is called power"),
            ("{time kWh}", "payloads.x: kWh is no unit of it and no number of decimals"),
            ("{power_net_w utc}", "payloads.x: utc is no unit of it and no number of decimals"),
            ("{power_net_w 10}", "payloads.x: 10 is no unit of it and no number of decimals"),
            ("{\"a\":{power_net_w", "payloads.x: no } closes {power_net_w"),
            ("{power_net_w \"a\"}", "payloads.x: no } closes {power_net_w \"a\"}"),
        ] {
            let error = PayloadTemplate::parse("payloads.x", template).unwrap_err();
            assert_eq!((error.to_string().as_str(), error.key()), (why, Some("payloads.x")));
        }
    }
}
