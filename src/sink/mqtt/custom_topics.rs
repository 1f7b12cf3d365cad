//! Readings with a topic of their own, for existing consumers.
//!
//! ```text
//! topics.power_net_w = "house/power"
//! topics.energy_import_wh = "home/smart_meter/energy_in kWh 3"
//! topics."voltage_l1_v,voltage_l2_v,voltage_l3_v" = "openWB/set/mqtt/counter/2/get/voltages"
//! ```
//!
//! The value is a topic, which may contain `{base}` and `{meter}`, followed by a unit and a number
//! of decimals if they differ from the meter's, or by `utc` for a time. Several names separated by commas form one JSON
//! array. A reading that the telegram lacks is not sent; an array is sent only if all its readings
//! are present.

use crate::{
    format::{
        key::FieldKey,
        numbers::NumberStyle,
        printable::printable,
        readings::{Member, ReadingValue, Readings},
    },
    sink::{
        mqtt::{publication::StateFormat, topics::checked},
        settings::{SinkSettings, common::field, error::SettingError},
        template::ValueForm,
    },
};

/// One topic and the readings that it shows.
#[derive(Clone, Debug)]
pub struct CustomTopic {
    keys: Vec<FieldKey>,
    topic: String,
    form: ValueForm,
}

impl CustomTopic {
    /// Takes the table `topics`.
    ///
    /// # Errors
    /// An invalid name, topic, unit or number of decimals.
    pub fn take(settings: &mut SinkSettings) -> Result<Vec<Self>, SettingError> {
        let all = settings.take_table("topics");
        all.iter().map(|(names, text)| Self::parse(names, text)).collect()
    }

    fn parse(names: &str, text: &str) -> Result<Self, SettingError> {
        let setting = format!("topics.{names}");
        let key = |name: &str| field(&setting, name.trim());
        let keys = names.split(',').map(key).collect::<Result<Vec<_>, _>>()?;
        let mut words = text.split_ascii_whitespace();
        let topic = checked(&setting, words.next().unwrap_or_default(), &["base", "meter"])?;
        let form = ValueForm::parse(&setting, &keys, words)?;
        Ok(Self { keys, topic, form })
    }

    /// True if several meters would use the same topic.
    pub fn is_shared(&self) -> bool {
        !self.topic.contains("{meter}")
    }

    /// The topic and its payload, if the readings contain all its fields.
    pub fn message(
        &self,
        state_format: &StateFormat,
        readings: &Readings,
        meter: Option<&str>,
    ) -> Option<(String, Vec<u8>)> {
        let numbers = state_format.projection.numbers;
        let members = self.keys.iter().map(|key| readings.member(*key));
        let members = members.collect::<Option<Vec<_>>>()?;
        let payload = match members.as_slice() {
            [one] => printable(&self.value(one, numbers)?.to_string()).into_owned().into_bytes(),
            several => self.list(several, numbers)?,
        };
        Some((state_format.topics.fill(&self.topic, meter), payload))
    }

    fn list(&self, members: &[&Member], numbers: NumberStyle) -> Option<Vec<u8>> {
        let mut text = vec![b'['];
        for (at, member) in members.iter().enumerate() {
            if at > 0 {
                text.push(b',');
            }
            self.value(member, numbers)?.write_json(&mut text);
        }
        text.push(b']');
        Some(text)
    }

    /// `None` for a value that cannot have the form.
    fn value(&self, member: &Member, numbers: NumberStyle) -> Option<ReadingValue> {
        self.form.value(member.key, &member.value, numbers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = concat!(
        "{\"meter\":\"a/+\",\"energy_import_wh\":12937,\"power_net_w\":-8615,",
        "\"voltage_l1_v\":233.7,\"voltage_l2_v\":0.0,\"item_3\":\"x\\u001b[2J\"}"
    );

    fn sent(names: &str, text: &str) -> Option<(String, String)> {
        let mut settings: SinkSettings = "mqtt://b/house".parse().unwrap();
        let state_format = StateFormat::take(&mut settings).unwrap();
        let readings = Readings::parse(LINE.as_bytes()).unwrap();
        let custom_topic = CustomTopic::parse(names, text).unwrap();
        let (topic, payload) = custom_topic.message(&state_format, &readings, Some("a/+"))?;
        Some((topic, String::from_utf8(payload).unwrap()))
    }

    #[test]
    fn a_reading_goes_to_its_topic_in_its_unit_with_its_decimals() {
        for (names, text, topic, payload) in [
            ("power_net_w", "house/power", "house/power", "-8615"),
            ("energy_import_wh", "home/energy_in kWh 3", "home/energy_in", "12.937"),
            ("energy_import_wh", "e kWh", "e", "12.937"),
            ("energy_import_wh", "e kwh 1", "e", "12.9"),
            ("energy_import_wh", "e 1 MWh", "e", "0.0"),
            ("energy_import_wh", "e Wh 0", "e", "12937"),
            ("power_net_w", "{base}/x/{meter}/p kW 2", "house/x/a__-f18e02d6/p", "-8.62"),
            ("voltage_l1_v", "u V", "u", "233.7"),
            ("voltage_l1_v,voltage_l2_v", "u 0", "u", "[234,0]"),
            ("item_3", "t", "t", "x\\u{1b}[2J"),
        ] {
            assert_eq!(sent(names, text), Some((topic.to_owned(), payload.to_owned())), "{text}");
        }
    }

    #[test]
    fn what_is_not_in_the_telegram_is_not_sent() {
        assert_eq!(sent("power_import_w", "p"), None);
        assert_eq!(sent("voltage_l1_v,voltage_l3_v", "u"), None);
    }

    #[test]
    fn what_cannot_be_meant_is_named() {
        let why = |names, text| CustomTopic::parse(names, text).unwrap_err().to_string();
        assert_eq!(why("power", "p"), "topics.power: no field is called power");
        assert_eq!(why("power_net_w", ""), "topics.power_net_w: it is empty");
        assert!(why("power_net_w", "a/{name}").contains("one of {base}, {meter}"));
        assert_eq!(
            why("power_net_w", "p kWh"),
            "topics.power_net_w: kWh is no unit of it and no number of decimals"
        );
        assert!(why("power_net_w", "p 10").contains("10 is no unit"));
        assert!(why("item_3", "p kWh").contains("kWh is no unit"));
    }
}
