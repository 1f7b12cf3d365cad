//! The messages of one telegram.

use std::time::Instant;

use crate::{
    format::{
        key::FieldKey,
        latest::name,
        printable::printable,
        readings::{ReadingValue, Readings},
    },
    sink::{
        mqtt::{
            adapter,
            custom_topics::CustomTopic,
            interval_names,
            payloads::CustomPayload,
            publication::{ExtraValue, Publication, Qos, StateFormat},
            topics::TopicLayout,
        },
        settings::{SinkSettings, error::SettingError},
        single_meter::SingleMeter,
        traits::Report,
    },
};

/// Turns readings into messages.
#[derive(Clone, Debug)]
pub struct StateMessages {
    state_format: StateFormat,
    custom_topics: Vec<CustomTopic>,
    custom_payloads: Vec<CustomPayload>,
    qos: Qos,
    retain: bool,
    single_meter: SingleMeter,
    /// The adapter tells the time since its own start.
    started: Instant,
    left_out: bool,
}

impl StateMessages {
    /// Takes `topics`, `payloads`, `qos` and `retain`.
    ///
    /// # Errors
    /// Invalid values.
    pub fn take(
        settings: &mut SinkSettings,
        state_format: StateFormat,
    ) -> Result<Self, SettingError> {
        let qos = match settings.take_choice("qos")? {
            Some("1") => Qos::AtLeastOnce,
            _ => Qos::AtMostOnce,
        };
        let custom_topics = CustomTopic::take(settings)?;
        let custom_payloads = CustomPayload::take(settings)?;
        let retain = settings.take_switch("retain")?;
        if state_format.topics.layout() == TopicLayout::Adapter {
            adapter::check(&state_format.projection)?;
        }
        let (single_meter, started, left_out) = (SingleMeter::default(), Instant::now(), false);
        Ok(Self {
            state_format,
            custom_topics,
            custom_payloads,
            qos,
            retain,
            single_meter,
            started,
            left_out,
        })
    }

    /// The topics and the content of states.
    pub const fn state_format(&self) -> &StateFormat {
        &self.state_format
    }

    /// The layout in which every energy is a register, if it is chosen.
    pub fn form_of_registers(&self) -> Option<&'static str> {
        let is_adapter = self.state_format.topics.layout() == TopicLayout::Adapter;
        is_adapter.then_some("layout=adapter")
    }

    /// True if there is no topic for states at all.
    pub fn is_nothing(&self) -> bool {
        self.custom_topics.is_empty()
            && self.custom_payloads.is_empty()
            && self.state_format.topics.layout() == TopicLayout::Nothing
    }

    /// The messages of some readings. Missing `required_fields` and unknown `extra_values` become
    /// `null`. A topic that meters share takes only the readings of the first one.
    pub fn messages(
        &mut self,
        readings: &Readings,
        required_fields: &[FieldKey],
        extra_values: &[ExtraValue],
        report: &dyn Report,
    ) -> Vec<Publication> {
        let meter = name(readings);
        let original = interval_names::original(readings);
        let owns_shared_topic = self.owns_shared_topic(readings, report);
        let StateFormat { topics, projection } = &self.state_format;
        self.left_out = topics.is_shared() && !owns_shared_topic;
        let readings = original.as_ref();
        let custom = self
            .custom_topics
            .iter()
            .filter(|custom_topic| owns_shared_topic || !custom_topic.is_shared());
        let custom = custom.filter_map(|it| it.message(&self.state_format, readings, meter));
        let payloads =
            self.custom_payloads.iter().filter(|payload| owns_shared_topic || !payload.is_shared());
        let payloads = payloads.filter_map(|it| it.message(&self.state_format, readings, meter));
        let own = custom.chain(payloads);
        let mut all: Vec<_> = own.map(|(topic, payload)| self.message(topic, payload)).collect();
        match topics.layout() {
            TopicLayout::Nothing => (),
            _ if topics.is_shared() && !owns_shared_topic => (),
            TopicLayout::Json => {
                let mut text = Vec::new();
                projection.write_json(readings, required_fields, &mut text);
                append_extra(extra_values, &mut text);
                all.push(self.message(topics.state(meter), text));
            }
            TopicLayout::Adapter => {
                let mut text = Vec::new();
                adapter::write(projection, readings, self.started.elapsed(), &mut text);
                all.push(self.message(topics.state(meter), text));
            }
            TopicLayout::Flat => {
                all.extend(projection.of(readings).map(|reading| {
                    self.message(topics.value(meter, &reading.name), plain(&reading.value))
                }));
                let known =
                    extra_values.iter().filter_map(|(name, number)| Some((name, (*number)?)));
                all.extend(known.map(|(name, number)| {
                    self.message(topics.value(meter, name), number.to_string().into_bytes())
                }));
            }
        }
        all
    }

    /// True if the state of the last readings belongs to a topic that another meter has.
    pub const fn has_left_out(&self) -> bool {
        self.left_out
    }

    /// True if these readings may go to the topics that meters share.
    fn owns_shared_topic(&mut self, readings: &Readings, report: &dyn Report) -> bool {
        let topics = &self.state_format.topics;
        let shared = self.custom_topics.iter().any(CustomTopic::is_shared)
            || self.custom_payloads.iter().any(CustomPayload::is_shared)
            || topics.is_shared();
        let place = || match topics.is_shared() {
            true => printable(&topics.state(None)).into_owned(),
            false => "topics".to_owned(),
        };
        let owns_shared_topic = !shared || self.single_meter.takes(place, readings, report);
        if !owns_shared_topic {
            self.single_meter.note(&place(), readings, report);
        }
        owns_shared_topic
    }

    fn message(&self, topic: String, payload: Vec<u8>) -> Publication {
        Publication { topic, payload, retain: self.retain, qos: self.qos }
    }
}

/// Adds numbers to a JSON object that is closed already.
fn append_extra(extra_values: &[ExtraValue], text: &mut Vec<u8>) {
    for (name, number) in extra_values {
        text.pop();
        if text.len() > 1 {
            text.push(b',');
        }
        text.push(b'"');
        text.extend_from_slice(name.as_bytes());
        text.extend_from_slice(b"\":");
        match number {
            Some(number) => number.write(text),
            None => text.extend_from_slice(b"null"),
        }
        text.push(b'}');
    }
}

/// Text for programs that know no JSON and for people with a terminal.
fn plain(value: &ReadingValue) -> Vec<u8> {
    printable(&value.to_string()).into_owned().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{format::units::Units, reading::decimal::Decimal, sink::traits::ReportedTexts};

    const LINE: &str = concat!(
        "{\"schema\":1,\"time\":\"2021-09-27T09:47:15+02:00\",",
        "\"meter\":\"a/+/#{{x}}\\u001b[2J\",\"energy_import_wh\":12937,\"voltage_l1_v\":233.7}"
    );

    fn states(query: &str) -> StateMessages {
        let mut settings: SinkSettings = format!("mqtt://b{query}").parse().unwrap();
        let state_format = StateFormat::take(&mut settings).unwrap();
        let states = StateMessages::take(&mut settings, state_format).unwrap();
        settings.finish().unwrap();
        states
    }

    fn messages(query: &str, required_fields: &[FieldKey]) -> Vec<(String, String, bool, Qos)> {
        let mut states = states(&format!("/house{query}"));
        let readings = Readings::parse(LINE.as_bytes()).unwrap();
        let all =
            states.messages(&readings, required_fields, &[], &ReportedTexts::default()).into_iter();
        let text =
            |it: Publication| (it.topic, String::from_utf8(it.payload).unwrap(), it.retain, it.qos);
        all.map(text).collect()
    }

    #[test]
    fn a_telegram_is_one_object_with_its_meter_as_it_was_in_it() {
        let net = FieldKey::parse("power_net_w", &Units::default()).unwrap();
        let [(topic, payload, retain, qos)] = <[_; 1]>::try_from(messages("", &[net])).unwrap();
        assert_eq!(topic, "house/a______x____2J-c3f21002/state");
        assert_eq!((retain, qos), (false, Qos::AtMostOnce));
        assert!(!payload.contains('\x1b'), "{payload}");
        let read: serde_json::Value = serde_json::from_str(&payload).unwrap();
        assert_eq!(read["meter"], "a/+/#{{x}}\x1b[2J");
        assert_eq!(read["power_net_w"], serde_json::Value::Null);
        assert!(payload.ends_with(",\"voltage_l1_v\":233.7,\"power_net_w\":null}"), "{payload}");
    }

    #[test]
    fn a_choice_and_names_and_units_hold_in_each_layout() {
        let chosen = "&fields=energy_import_wh,meter&units.energy=kWh&names.meter=zaehler";
        let flat = messages(&format!("?layout=flat&retain=true&qos=1{chosen}"), &[]);
        assert_eq!(
            flat,
            [("energy_import_kwh", "12.937"), ("zaehler", "a/+/#{{x}}\\u{1b}[2J"),].map(
                |(name, value)| {
                    let topic = format!("house/a______x____2J-c3f21002/{name}");
                    (topic, value.to_owned(), true, Qos::AtLeastOnce)
                }
            )
        );
        let json = messages(&format!("?topic=x/y{chosen}"), &[]);
        let text = r#"{"energy_import_kwh":12.937,"zaehler":"a/+/#{{x}}\u001b[2J"}"#;
        assert_eq!(json, [("x/y".to_owned(), text.to_owned(), false, Qos::AtMostOnce)]);
    }

    #[test]
    fn the_form_of_the_adapter_has_codes_instead_of_names() {
        let [(topic, text, ..)] =
            <[_; 1]>::try_from(messages("?layout=adapter&fields=voltage_l1_v", &[])).unwrap();
        assert_eq!(topic, "house/a______x____2J-c3f21002/state");
        assert!(
            text.starts_with(r#"{"1-0:32.7.0":{"value":233.7,"time":1632728835},"api_"#),
            "{text}"
        );
        let mut settings: SinkSettings =
            "mqtt://b?layout=adapter&units.energy=kWh".parse().unwrap();
        let state_format = StateFormat::take(&mut settings).unwrap();
        let error = StateMessages::take(&mut settings, state_format).unwrap_err();
        assert!(error.to_string().starts_with("units: with layout=adapter"), "{error}");
    }

    #[test]
    fn topics_of_their_own_come_beside_the_state_or_alone() {
        let own = "topics.energy_import_wh=in%20kWh%202";
        let all = messages(&format!("?{own}"), &[]);
        assert_eq!(all.len(), 2);
        let alone = messages(&format!("?layout=none&{own}"), &[]);
        assert_eq!(alone, [("in".to_owned(), "12.94".to_owned(), false, Qos::AtMostOnce)]);
    }

    #[test]
    fn a_topic_without_a_meter_in_it_is_for_one() {
        let published = |query: &str| {
            let mut states = states(query);
            let (mut all, reported) = (Vec::new(), ReportedTexts::default());
            for meter in ["1", "2", "1", "2"] {
                let line = format!("{{\"meter\":\"{meter}\",\"power_net_w\":{meter}}}");
                let readings = Readings::parse(line.as_bytes()).unwrap();
                all.extend(
                    states.messages(&readings, &[], &[], &reported).into_iter().map(|it| it.topic),
                );
            }
            (all, reported.0.into_inner())
        };
        let (topics, notes) = published("?topic=x");
        assert_eq!(topics, ["x", "x"]);
        assert!(notes.len() == 1 && notes[0].starts_with("x has room for one meter, 1: 2 is"));
        let (topics, notes) = published("?topics.power_net_w=own");
        let (one, two) = ("meterpipe/1/state", "meterpipe/2/state");
        assert_eq!(topics, ["own", one, two, "own", one, two]);
        assert_eq!(notes.len(), 1, "{notes:?}");
        assert_eq!(published("?topics.power_net_w={meter}/own").1, Vec::<String>::new());
    }

    #[test]
    fn what_no_telegram_tells_comes_behind_it() {
        let readings = Readings::parse(LINE.as_bytes()).unwrap();
        let extra_values = [("clock_drift_s", Decimal::parse("-2.518")), ("frames_damaged", None)];
        let published = |query: &str| {
            let mut states = states(query);
            let all = states
                .messages(&readings, &[], &extra_values, &ReportedTexts::default())
                .into_iter();
            all.map(|it| (it.topic, String::from_utf8(it.payload).unwrap())).collect::<Vec<_>>()
        };
        let topic = "meterpipe/a______x____2J-c3f21002";
        let text = r#"{"voltage_l1_v":233.7,"clock_drift_s":-2.518,"frames_damaged":null}"#;
        assert_eq!(
            published("?fields=voltage_l1_v"),
            [(format!("{topic}/state"), text.to_owned())]
        );
        let text = r#"{"clock_drift_s":-2.518,"frames_damaged":null}"#;
        assert_eq!(published("?fields=power_net_w")[0].1, text);
        let flat = published("?layout=flat&fields=voltage_l1_v");
        let value = |name, value: &str| (format!("{topic}/{name}"), value.to_owned());
        assert_eq!(flat, [value("voltage_l1_v", "233.7"), value("clock_drift_s", "-2.518")]);
        assert_eq!(published("?layout=none"), []);
    }
}
