//! Payloads of the user's own, for consumers that expect a certain form.
//!
//! ```text
//! payloads."house/grid" = '{"grid":{"power":{power_net_w}}}'
//! ```
//!
//! The key is a topic, which may contain `{base}` and `{meter}`; the value is a
//! [template](crate::sink::template).

use crate::{
    format::readings::Readings,
    sink::{
        mqtt::{publication::StateFormat, topics::checked},
        settings::{SinkSettings, error::SettingError},
        template::PayloadTemplate,
    },
};

/// One topic and the template of its payload.
#[derive(Clone, Debug)]
pub struct CustomPayload {
    topic: String,
    template: PayloadTemplate,
}

impl CustomPayload {
    /// Takes the table `payloads`.
    ///
    /// # Errors
    /// An invalid topic or template.
    pub fn take(settings: &mut SinkSettings) -> Result<Vec<Self>, SettingError> {
        let all = settings.take_table("payloads");
        all.iter().map(|(topic, text)| Self::parse(topic, text)).collect()
    }

    fn parse(topic: &str, text: &str) -> Result<Self, SettingError> {
        let setting = format!("payloads.{topic}");
        let topic = checked(&setting, topic, &["base", "meter"])?;
        Ok(Self { topic, template: PayloadTemplate::parse(&setting, text)? })
    }

    /// True if several meters would use the same topic.
    pub fn is_shared(&self) -> bool {
        !self.topic.contains("{meter}")
    }

    /// The topic and its payload, if the readings contain one of its fields.
    pub fn message(
        &self,
        state_format: &StateFormat,
        readings: &Readings,
        meter: Option<&str>,
    ) -> Option<(String, Vec<u8>)> {
        let payload = self.template.fill(readings, state_format.projection.numbers)?;
        Some((state_format.topics.fill(&self.topic, meter), payload))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_goes_to_its_topic() {
        let mut settings: SinkSettings = "mqtt://b/house?numbers=float".parse().unwrap();
        let state_format = StateFormat::take(&mut settings).unwrap();
        let line = br#"{"meter":"7","power_net_w":5}"#;
        let readings = Readings::parse(line).unwrap();
        let payload = CustomPayload::parse("{base}/{meter}/p", r#"{"p":{power_net_w}}"#).unwrap();
        let message = payload.message(&state_format, &readings, Some("7"));
        assert_eq!(message, Some(("house/7/p".to_owned(), br#"{"p":5.0}"#.to_vec())));
        assert!(!payload.is_shared() && CustomPayload::parse("p", "x").unwrap().is_shared());
        let missing = CustomPayload::parse("p", "{voltage_l1_v}").unwrap();
        assert_eq!(missing.message(&state_format, &readings, None), None);
    }

    #[test]
    fn what_cannot_be_meant_is_named() {
        let why = |topic, text| CustomPayload::parse(topic, text).unwrap_err().to_string();
        assert_eq!(why("a/b", "{power}"), "payloads.a/b: no field is called power");
        assert!(why("a/#", "x").starts_with("payloads.a/#: + and #"));
        assert!(why("a/{name}", "x").contains("one of {base}, {meter}"));
    }
}
