//! Decides when a meter is announced to Home Assistant.
//!
//! A meter is announced with its first telegram, and again when a telegram brings something new.
//! Everything is announced again in each connection to the broker, which may have forgotten it, and
//! when Home Assistant reports its start. Only values that a meter sends are announced. A telegram
//! that no other one has confirmed announces nothing: a damaged code would stay as an entity for
//! ever. Nor does a telegram without a meter number: a device without a name would stay for ever
//! too.

use core::{hash::BuildHasher, time::Duration};
use std::{collections::BTreeMap, hash::RandomState};

use crate::{
    format::{
        key::{FieldKey, Meta},
        readings::Readings,
    },
    sink::{
        home_assistant::{
            announced_meter::{AnnouncedMeter, MOST_ENTITIES},
            config::DiscoveryConfig,
            diagnostics::Diagnostic,
            options::{DiscoveryForm, DiscoveryOptions, PREFIX},
        },
        line_counters::LineCounters,
        mqtt::publication::{ExtraValue, Publication, StateFormat},
        settings::{SinkSettings, error::SettingError},
        slug::slug,
    },
};

/// Announces meters to Home Assistant.
#[derive(Debug)]
pub struct HomeAssistant {
    options: DiscoveryOptions,
    state_format: StateFormat,
    line_counters: LineCounters,
    /// The interval at which the sink takes telegrams, if the settings name one.
    sink_interval: Option<Duration>,
    /// By the slug of their number, as in topics and identifiers.
    meters: BTreeMap<String, AnnouncedMeter>,
    most_meters: usize,
    /// A meter or an entity was not announced, because there are too many.
    is_full: bool,
}

/// The most meters that are announced, at some kilooctets each. No house has more; if more come,
/// somebody makes up their numbers.
const MOST_METERS: usize = 4096;

/// Home Assistant's message at its start.
const BIRTH: &[u8] = b"online";

impl HomeAssistant {
    /// Takes the settings of Home Assistant; `None` if no meters are to be announced.
    /// `sink_interval` is the interval at which the sink takes telegrams, if the settings name one.
    ///
    /// # Errors
    /// Invalid values.
    pub fn take(
        settings: &mut SinkSettings,
        state_format: &StateFormat,
        line_counters: &LineCounters,
        sink_interval: Option<Duration>,
    ) -> Result<Option<Self>, SettingError> {
        let StateFormat { topics, projection } = state_format;
        let Some(options) = DiscoveryOptions::take(settings, state_format)? else {
            return Ok(None);
        };
        let is_reserved = |name: &str| Diagnostic::ALL.iter().any(|it| it.member() == name);
        if let Some((key, name)) = projection.names.iter().find(|(_, name)| is_reserved(name)) {
            let key = format!("names.{}", key.text(&projection.units));
            let cause = "this name is reserved for a diagnostic value";
            return Err(SettingError::value(&key, name, cause));
        }
        let is_shared = topics.is_shared() || options.is_shared();
        Ok(Some(Self {
            options,
            state_format: state_format.clone(),
            line_counters: line_counters.clone(),
            sink_interval,
            meters: BTreeMap::new(),
            // On a topic that meters share, a second device would show the values of the first; two
            // meters with the same identifiers would be one.
            most_meters: if is_shared { 1 } else { MOST_METERS },
            is_full: false,
        }))
    }

    /// True if meters are removed instead of announced.
    pub fn is_removal(&self) -> bool {
        self.options.form == DiscoveryForm::Remove
    }

    /// The meters that the messages so far remove, and that no call returned before.
    pub fn removed(&mut self) -> Vec<String> {
        if !self.is_removal() {
            return Vec::new();
        }
        let meters = self.meters.values_mut().filter(|meter| !meter.entities.is_empty());
        let new = meters.filter_map(|meter| {
            let is_new = !core::mem::replace(&mut meter.removal_reported, true);
            is_new.then(|| meter.device.number.clone())
        });
        new.collect()
    }

    fn messages(&self, meter: &AnnouncedMeter) -> Vec<Publication> {
        if meter.entities.is_empty() {
            return Vec::new();
        }
        let Self { options, state_format, .. } = self;
        let expire_after = options.expire_after.unwrap_or_else(|| meter.interval.expire_after());
        let config = DiscoveryConfig { options, state_format, device: &meter.device, expire_after };
        config.messages(meter.entities.values())
    }

    /// The meter of these readings, if it was announced.
    fn meter(&self, readings: &Readings) -> Option<&AnnouncedMeter> {
        let number = readings.meta(Meta::Meter)?;
        self.meters.get(&slug(number)).filter(|meter| meter.device.number == number)
    }

    /// Topics to subscribe to in each connection, with QoS 0.
    pub fn subscriptions(&self) -> Vec<String> {
        // The discovery prefix and the birth topic are two settings of Home Assistant.
        let mut topics = vec![birth_topic(PREFIX), birth_topic(&self.options.prefix)];
        topics.dedup();
        topics
    }

    /// Messages that start each new connection, before the states: the broker may have forgotten
    /// all.
    pub fn on_connect(&self) -> Vec<Publication> {
        self.meters.values().flat_map(|meter| self.messages(meter)).collect()
    }

    /// Messages that have to precede the state of these readings; none if they bring nothing new.
    ///
    /// The sink calls it for all readings, even without a connection. It then drops the messages,
    /// because [`on_connect`](Self::on_connect) returns them later.
    pub fn on_readings(&mut self, readings: &Readings) -> Vec<Publication> {
        let Some(number) = readings.meta(Meta::Meter).filter(|_| !readings.is_unconfirmed()) else {
            return Vec::new();
        };
        let name = slug(number);
        if !self.meters.contains_key(&name) && self.meters.len() >= self.most_meters {
            // The second meter of a shared topic has no state that an entity could show.
            self.is_full |= self.most_meters == MOST_METERS;
            return Vec::new();
        }
        let mut meter =
            self.meters.remove(&name).unwrap_or_else(|| AnnouncedMeter::new(self.sink_interval));
        if meter.keys.is_empty() {
            number.clone_into(&mut meter.device.number);
        }
        // If two numbers have the same slug, the device belongs to the first.
        let changed = meter.device.number == number
            && meter.observe(readings, &self.state_format, &self.line_counters, &self.options);
        self.is_full |= meter.keys.len() >= MOST_ENTITIES;
        let messages = if changed { self.messages(&meter) } else { Vec::new() };
        self.meters.insert(name, meter);
        messages
    }

    /// True if a meter or an entity was not announced, because there are too many.
    pub const fn is_full(&self) -> bool {
        self.is_full
    }

    /// Handles a message from the broker. After the returned time, jitter included, the sink sends
    /// announcements and latest states again as in a new connection.
    pub fn on_message(&self, topic: &str, payload: &[u8]) -> Option<Duration> {
        let born = payload == BIRTH && self.subscriptions().iter().any(|known| known == topic);
        born.then(jitter)
    }

    /// Fields that each state of this meter contains, as `null` if the telegram lacks them.
    pub fn required_fields(&self, readings: &Readings) -> &[FieldKey] {
        self.meter(readings).map_or(&[], |meter| &meter.keys)
    }

    /// Values to add to a state besides the readings.
    pub fn extra_values(&self, readings: &Readings) -> Vec<ExtraValue> {
        let diagnostics = self.meter(readings).map_or(&[][..], |meter| &meter.diagnostics);
        let value = |it: &Diagnostic| (it.member(), it.value(readings, &self.line_counters));
        diagnostics.iter().map(value).collect()
    }
}

fn birth_topic(prefix: &str) -> String {
    format!("{prefix}/status")
}

/// One to five seconds: when Home Assistant starts, not all its clients should publish at once.
fn jitter() -> Duration {
    Duration::from_millis(1000 + RandomState::new().hash_one(0) % 4001)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::sink::mqtt::publication::Qos;

    const LINE: &str = concat!(
        "{\"schema\":1,\"time\":\"2026-11-20T12:00:00+01:00\",\"meter\":\"181220000009\",",
        "\"energy_import_wh\":12937,\"power_net_w\":-5}"
    );

    fn take(uri: &str) -> Result<Option<HomeAssistant>, SettingError> {
        let mut settings: SinkSettings = uri.parse().unwrap();
        let state_format = StateFormat::take(&mut settings).unwrap();
        let sink_interval = settings.take_throttle().unwrap().interval();
        let counters = LineCounters::default();
        HomeAssistant::take(&mut settings, &state_format, &counters, sink_interval)
    }

    fn home_assistant(uri: &str) -> HomeAssistant {
        take(uri).unwrap().unwrap()
    }

    fn readings(line: &str) -> Readings {
        Readings::parse(line.as_bytes()).unwrap()
    }

    fn of_meter(number: &str) -> Readings {
        readings(&format!("{{\"meter\":\"{number}\",\"power_net_w\":1}}"))
    }

    fn payload(message: &Publication) -> Value {
        serde_json::from_slice(&message.payload).unwrap()
    }

    fn assert_payload(message: &Publication, expected: &str) {
        let expected = expected.replace("VERSION", env!("CARGO_PKG_VERSION"));
        assert_eq!(String::from_utf8_lossy(&message.payload), expected);
    }

    fn components(message: &Publication) -> Vec<String> {
        payload(message)["cmps"].as_object().unwrap().keys().cloned().collect()
    }

    #[test]
    fn the_announcement_is_these_octets() {
        let mut announcer = home_assistant("mqtt://broker");
        let messages = announcer.on_readings(&readings(LINE));
        assert_eq!(messages.len(), 1);
        assert_eq!(messages[0].topic, "homeassistant/device/meterpipe_181220000009/config");
        assert!(messages[0].retain);
        assert_eq!(messages[0].qos, Qos::AtLeastOnce);
        let expected = concat!(
            r#"{"avty":[{"t":"meterpipe/status"},{"t":"meterpipe/181220000009/status"}],"#,
            r#""avty_mode":"all","cmps":{"#,
            r#""energy_import":{"def_ent_id":"sensor.smart_meter_181220000009_energy_import","#,
            r#""dev_cla":"energy","name":"Energy import","p":"sensor","stat_cla":"total_increasing","#,
            r#""sug_dsp_prc":3,"uniq_id":"meterpipe_181220000009_energy_import","#,
            r#""unit_of_meas":"kWh","val_tpl":"{{ (value_json['energy_import_wh'] / 1000) "#,
            r#"| round(3) if value_json['energy_import_wh'] is number else value_json['energy_import_wh'] }}"},"#,
            r#""meter_number":{"def_ent_id":"sensor.smart_meter_181220000009_meter_number","#,
            r#""ent_cat":"diagnostic","ic":"mdi:identifier","name":"Meter number","p":"sensor","#,
            r#""uniq_id":"meterpipe_181220000009_meter_number","#,
            r#""val_tpl":"{{ value_json['meter'] }}"},"#,
            r#""meter_time":{"def_ent_id":"sensor.smart_meter_181220000009_meter_time","#,
            r#""dev_cla":"timestamp","en":false,"ent_cat":"diagnostic","exp_aft":60,"#,
            r#""name":"Meter time","p":"sensor","uniq_id":"meterpipe_181220000009_meter_time","#,
            r#""val_tpl":"{{ value_json['time'] }}"},"#,
            r#""power_net":{"def_ent_id":"sensor.smart_meter_181220000009_power_net","#,
            r#""dev_cla":"power","exp_aft":60,"name":"Power","p":"sensor","#,
            r#""stat_cla":"measurement","sug_dsp_prc":0,"#,
            r#""uniq_id":"meterpipe_181220000009_power_net","unit_of_meas":"W","#,
            r#""val_tpl":"{{ value_json['power_net_w'] }}"}},"#,
            r#""dev":{"ids":["meterpipe_181220000009"],"name":"Smart meter 181220000009","#,
            r#""sn":"181220000009"},"o":{"name":"meterpipe","sw":"VERSION"},"#,
            r#""qos":1,"stat_t":"meterpipe/181220000009/state"}"#
        );
        assert_payload(&messages[0], expected);
        assert_eq!(home_assistant("mqtt://other").on_readings(&readings(LINE)), messages);
    }

    #[test]
    fn an_interval_has_its_means_its_peak_and_the_energy_of_the_day() {
        let line = concat!(
            "{\"schema\":1,\"time\":\"2026-06-21T12:05:00+02:00\",\"start\":\"2026-06-21T12:00:00+02:00\",",
            "\"end\":\"2026-06-21T12:15:00+02:00\",\"meter\":\"18-interval\",\"energy_import_wh\":123,",
            "\"power_import_mean_w\":492,\"power_import_forecast_w\":500,\"power_import_peak_w\":4000,",
            "\"energy_import_today_wh\":5000,\"running\":true,\"telegrams\":60,\"complete\":false}"
        );
        let mut announcer = home_assistant("mqtt://broker");
        let messages = announcer.on_readings(&readings(line));
        assert_eq!(messages[0].topic, "homeassistant/device/meterpipe_18-interval/config");
        let components = components(&messages[0]);
        assert_eq!(
            components,
            [
                "energy_import_today",
                "meter_number",
                "meter_time",
                "power_import_forecast",
                "power_import_mean",
                "power_import_peak",
            ]
        );
        let all = payload(&messages[0]);
        let class = |id: &str| {
            let component = &all["cmps"][id];
            [&component["dev_cla"], &component["stat_cla"], &component["name"]]
                .map(|it| it.as_str().unwrap_or_default().to_owned())
        };
        assert_eq!(
            class("energy_import_today"),
            ["energy", "total_increasing", "Energy import today"]
        );
        assert_eq!(class("power_import_mean"), ["power", "measurement", "Power import, mean"]);
        assert_eq!(
            class("power_import_peak"),
            ["power", "measurement", "Power import, peak of the month"]
        );
    }

    #[test]
    fn no_reading_takes_the_name_of_a_diagnostic() {
        let error = take("mqtt://b?names.power_net_w=clock_drift_s").unwrap_err();
        let text =
            "names.power_net_w = clock_drift_s: this name is reserved for a diagnostic value";
        assert_eq!(error.to_string(), text);
    }

    #[test]
    fn what_is_known_is_announced_again_only_when_somebody_may_have_forgotten_it() {
        let mut announcer = home_assistant("mqtt://broker");
        assert_eq!(announcer.on_connect(), []);
        assert_eq!(announcer.on_readings(&readings(LINE).unconfirmed()), [], "it stands alone");
        let first = announcer.on_readings(&readings(LINE));
        assert!(!first.is_empty());
        assert_eq!(announcer.on_readings(&readings(LINE)), []);
        assert_eq!(announcer.on_connect(), first);
        assert_eq!(announcer.subscriptions(), ["homeassistant/status"]);
        let delay = announcer.on_message("homeassistant/status", b"online").unwrap();
        assert!((Duration::from_secs(1)..=Duration::from_secs(5)).contains(&delay));
        assert_eq!(announcer.on_message("homeassistant/status", b"offline"), None);
        assert_eq!(announcer.on_message("else/status", b"online"), None);
        let other = home_assistant("mqtt://broker?ha_prefix=ha");
        assert_eq!(other.subscriptions(), ["homeassistant/status", "ha/status"]);
    }

    #[test]
    fn what_a_meter_sends_later_is_added_and_nothing_goes_away() {
        let mut announcer = home_assistant("mqtt://broker");
        let less = "{\"meter\":\"181220000009\",\"power_net_w\":1}";
        let message = announcer.on_readings(&readings(less)).remove(0);
        assert_eq!(components(&message), ["meter_number", "power_net"]);
        let message = announcer.on_readings(&readings(LINE)).remove(0);
        assert_eq!(
            components(&message),
            ["energy_import", "meter_number", "meter_time", "power_net"]
        );
        assert_eq!(announcer.on_readings(&readings(less)), []);
        // The octets are those of an announcer that saw all of it at once, in any order.
        let all = home_assistant("mqtt://broker").on_readings(&readings(LINE));
        assert_eq!(message.payload, all[0].payload);
        let due: Vec<_> = announcer.required_fields(&readings(less)).to_vec();
        let mut state = Vec::new();
        announcer.state_format.projection.write_json(&readings(less), &due, &mut state);
        let state: Value = serde_json::from_slice(&state).unwrap();
        assert_eq!(state["energy_import_wh"], Value::Null, "unknown, never 0");
    }

    #[test]
    fn each_meter_is_a_device_and_without_a_number_there_is_none() {
        let mut announcer = home_assistant("mqtt://broker");
        for number in ["2", "1", "3"] {
            let topic = &announcer.on_readings(&of_meter(number))[0].topic;
            assert_eq!(topic, &format!("homeassistant/device/meterpipe_{number}/config"));
        }
        assert_eq!(announcer.on_readings(&readings("{\"power_net_w\":1}")), []);
        let topics = announcer.on_connect().into_iter().map(|message| message.topic);
        let numbers: String = topics.filter_map(|topic| topic.chars().nth(31)).collect();
        assert_eq!(numbers, "123");
    }

    #[test]
    fn meters_that_share_a_topic_do_not_share_their_values() {
        let mut announcer = home_assistant("mqtt://broker?topic=power");
        assert_eq!(announcer.on_readings(&readings(LINE)).len(), 1);
        let other = LINE.replace("181220000009", "2");
        assert_eq!(announcer.on_readings(&readings(&other)), []);
        // Two numbers that differ only in characters that a slug replaces are two devices. A number
        // that equals the slug of an announced one gets no device.
        let mut announcer = home_assistant("mqtt://broker");
        for (number, devices) in [("a/b", 1), ("a_b", 1), (&slug("a/b"), 0), ("a/b", 0)] {
            assert_eq!(announcer.on_readings(&of_meter(number)).len(), devices);
        }
    }

    #[test]
    fn a_crowd_of_made_up_meters_or_objects_has_an_end() {
        let mut announcer = home_assistant("mqtt://broker");
        let announced = (0..MOST_METERS + 100)
            .filter(|number| !announcer.on_readings(&of_meter(&number.to_string())).is_empty());
        assert_eq!(announced.count(), MOST_METERS);
        assert!(announcer.is_full());
        let items: Vec<_> = (1..1000).map(|item| format!("\"item_{item}\":1")).collect();
        let line = format!("{{\"meter\":\"1\",{}}}", items.join(","));
        let mut announcer = home_assistant("mqtt://broker");
        let message = announcer.on_readings(&readings(&line)).remove(0);
        assert_eq!(components(&message).len(), MOST_ENTITIES);
        assert!(announcer.is_full());
    }

    #[test]
    fn nothing_that_a_meter_says_becomes_a_topic_a_name_or_a_template() {
        let number = "a/+/#{{ states }}{% x %}\\u001b[2J$\\u0000";
        let line = format!(
            concat!(
                "{{\"meter\":\"{}\",\"power_net_w\":1,\"item_1\":\"{{{{ 1 }}}}\",",
                "\"1-0:99.1.0\":1,\"1-0:99.1.0_unit\":\"{{{{ 2 }}}}\"}}"
            ),
            number
        );
        for form in ["device", "component"] {
            let mut announcer = home_assistant(&format!("mqtt://broker?ha={form}"));
            let messages = announcer.on_readings(&readings(&line));
            for message in messages.iter().chain(&announcer.on_connect()) {
                let plain = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
                assert!(message.topic.split('/').all(|level| level.chars().all(plain)));
                let mut payload = payload(message);
                // The raw number appears only where it is plain text.
                let number = payload["dev"].as_object_mut().unwrap().remove("sn").unwrap();
                assert_eq!(number, readings(&line).meta(Meta::Meter).unwrap());
                let text = payload.to_string();
                let rest = text.replace("{{ value_json['", "").replace("'] }}\"", "\"");
                assert!(!rest.contains("{{") && !rest.contains("{%"), "{rest}");
                assert!(!text.contains("\\u001b") && !text.contains("{{ 2"));
            }
        }
    }

    #[test]
    fn names_that_the_user_gave_cannot_leave_their_string() {
        let uri = "mqtt://broker?names.power_net_w=%27%5D%20%7D%7D%7B%7B%20now()%5C%C3%A4";
        let message = home_assistant(uri).on_readings(&readings(LINE)).remove(0);
        assert_eq!(
            payload(&message)["cmps"]["power_net"]["val_tpl"],
            concat!(
                "{{ value_json['\\U00000027\\U0000005d \\U0000007d\\U0000007d\\U0000007b\\U0000007b",
                " now\\U00000028\\U00000029\\U0000005c\\U000000e4'] }}"
            )
        );
    }

    #[test]
    fn in_the_flat_layout_each_entity_has_its_topic() {
        let message = home_assistant("mqtt://broker/home?layout=flat&names.meter=id");
        let message = { message }.on_readings(&of_meter("1")).remove(0);
        let expected = concat!(
            r#"{"avty":[{"t":"home/status"},{"t":"home/1/status"}],"avty_mode":"all","cmps":{"#,
            r#""meter_number":{"def_ent_id":"sensor.smart_meter_1_meter_number","#,
            r#""ent_cat":"diagnostic","ic":"mdi:identifier","name":"Meter number","p":"sensor","#,
            r#""stat_t":"home/1/id","uniq_id":"meterpipe_1_meter_number","val_tpl":"{{ value }}"},"#,
            r#""power_net":{"def_ent_id":"sensor.smart_meter_1_power_net","dev_cla":"power","#,
            r#""exp_aft":60,"name":"Power","p":"sensor","stat_cla":"measurement","#,
            r#""stat_t":"home/1/power_net_w","sug_dsp_prc":0,"uniq_id":"meterpipe_1_power_net","#,
            r#""unit_of_meas":"W","val_tpl":"{{ value }}"}},"#,
            r#""dev":{"ids":["meterpipe_1"],"name":"Smart meter 1","sn":"1"},"#,
            r#""o":{"name":"meterpipe","sw":"VERSION"},"qos":1}"#
        );
        assert_payload(&message, expected);
    }

    #[test]
    fn the_old_form_has_a_message_an_entity() {
        let mut announcer = home_assistant("mqtt://broker?ha=component&ha_prefix=ha");
        let line = LINE.replace('}', ",\"1-0:99.1.0\":5}");
        let messages = announcer.on_readings(&readings(&line));
        let topics: Vec<_> = messages.iter().map(|message| message.topic.as_str()).collect();
        let topic = |id| format!("ha/sensor/meterpipe_181220000009/{id}/config");
        assert_eq!(
            topics,
            ["energy_import", "meter_number", "meter_time", "power_net"].map(topic),
            "what has no name is left out"
        );
        let expected = concat!(
            r#"{"avty":[{"t":"meterpipe/status"},{"t":"meterpipe/181220000009/status"}],"#,
            r#""avty_mode":"all","#,
            r#""def_ent_id":"sensor.smart_meter_181220000009_power_net","#,
            r#""dev":{"ids":["meterpipe_181220000009"],"name":"Smart meter 181220000009","#,
            r#""sn":"181220000009"},"dev_cla":"power","exp_aft":60,"name":"Power","#,
            r#""o":{"name":"meterpipe","sw":"VERSION"},"qos":1,"stat_cla":"measurement","#,
            r#""stat_t":"meterpipe/181220000009/state","sug_dsp_prc":0,"#,
            r#""uniq_id":"meterpipe_181220000009_power_net","unit_of_meas":"W","#,
            r#""val_tpl":"{{ value_json['power_net_w'] }}"}"#
        );
        assert_payload(&messages[3], expected);
    }

    #[test]
    fn what_was_announced_can_be_taken_back_in_either_form() {
        let all: Vec<_> = crate::reading::fields::FIELDS
            .iter()
            .map(|field| format!("\"{}\":1", field.name))
            .collect();
        let line = format!(
            concat!(
                "{{\"time\":\"2026-11-20T12:00:00Z\",\"received\":\"2026-11-20T12:00:01Z\",",
                "\"meter\":\"a/b\",\"invocation_counter\":1,{},\"1-0:99.1.0\":5}}"
            ),
            all.join(",")
        );
        let removed = crate::sink::home_assistant::config::removal("homeassistant", "a/b");
        assert!(removed.iter().all(|message| message.retain && message.payload.is_empty()));
        for (form, count) in [("device", 1), ("component", all.len() + 5)] {
            let mut announcer = home_assistant(&format!("mqtt://broker?ha={form}"));
            announcer.line_counters.note(&readings(&line));
            announcer.line_counters.frames_are_damaged(0);
            let messages = announcer.on_readings(&readings(&line));
            assert_eq!(messages.len(), count);
            for message in messages {
                assert!(removed.iter().any(|it| it.topic == message.topic), "{}", message.topic);
            }
        }
        let mut announcer = home_assistant("mqtt://broker?ha=remove&layout=none");
        let mut messages = announcer.on_readings(&readings(&line));
        assert_eq!(announcer.on_connect(), messages);
        // The state and the status that the broker retains go, too.
        let state = messages.pop().unwrap();
        assert_eq!(state.topic, "meterpipe/a_b-3a8e75c1/state");
        assert!(state.retain && state.payload.is_empty());
        let status = messages.pop().unwrap();
        assert_eq!(status.topic, "meterpipe/a_b-3a8e75c1/status");
        assert!(status.retain && status.payload.is_empty());
        assert_eq!(messages, removed);
        assert_eq!((announcer.removed(), announcer.removed()), (vec!["a/b".to_owned()], vec![]));
        assert_eq!(announcer.on_readings(&readings(&line)), [], "once is enough");
    }

    #[test]
    fn values_expire_when_the_user_or_the_meter_says() {
        let expires = |announcer: &mut HomeAssistant| {
            let payload = payload(&announcer.on_connect()[0]);
            let of = |id: &str| payload["cmps"][id].get("exp_aft").and_then(Value::as_u64);
            assert_eq!((of("energy_import"), of("meter_number")), (None, None));
            assert_eq!(of("meter_time"), of("power_net"));
            of("power_net")
        };
        let at = |minute| LINE.replace("12:00:00", &format!("12:{minute:02}:00"));
        for (query, seconds) in [("", Some(360)), ("?ha_expire_after=90", Some(90))] {
            let mut announcer = home_assistant(&format!("mqtt://broker{query}"));
            let changes = |minute| !announcer.on_readings(&readings(&at(minute))).is_empty();
            let changes: Vec<_> = (0..5).map(changes).collect();
            assert_eq!(changes, [true, false, query.is_empty(), false, false]);
            assert_eq!(expires(&mut announcer), seconds);
        }
        // A sink that takes few telegrams announces the same from its first telegram, in each run.
        let mut announcer = home_assistant("mqtt://broker?every=1m");
        let changes = |minute| !announcer.on_readings(&readings(&at(minute))).is_empty();
        assert_eq!((0..3).map(changes).collect::<Vec<_>>(), [true, false, false]);
        assert_eq!(expires(&mut announcer), Some(360));
        let mut announcer = home_assistant("mqtt://broker?ha_expire_after=0");
        announcer.on_readings(&readings(LINE));
        assert_eq!(expires(&mut announcer), None);
    }

    #[test]
    fn diagnostics_are_announced_when_there_is_something_to_tell() {
        let mut announcer = home_assistant("mqtt://broker?fields=power_net_w");
        let line = |counter| {
            let more = format!(
                ",\"received\":\"2026-11-20T11:00:02.482Z\",\"invocation_counter\":{counter}}}"
            );
            readings(&LINE.replace('}', &more))
        };
        let message = announcer.on_readings(&line(5)).remove(0);
        assert_eq!(components(&message), ["clock_drift", "power_net"]);
        announcer.line_counters.note(&line(5));
        announcer.line_counters.note(&line(9));
        announcer.line_counters.frames_are_damaged(2);
        let message = announcer.on_readings(&line(9)).remove(0);
        assert_eq!(
            components(&message),
            ["clock_drift", "frames_damaged", "power_net", "telegrams_lost"]
        );
        let extra = |readings: &Readings| {
            let extra = announcer.extra_values(readings).into_iter();
            extra.map(|(name, it)| (name, it.map(|it| it.to_string()))).collect::<Vec<_>>()
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            extra(&line(9)),
            [
                ("clock_drift_s", some("2.482")),
                ("telegrams_lost", some("3")),
                ("frames_damaged", some("2"))
            ]
        );
        assert_eq!(extra(&readings(LINE))[0], ("clock_drift_s", None), "no time of arrival");
        assert_eq!(extra(&readings("{\"power_net_w\":1}")), []);
    }
}
