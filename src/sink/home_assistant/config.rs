//! The announcement of a meter, and the messages that remove it.
//!
//! ```text
//! homeassistant/device/meterpipe_181220000009/config
//! {"avty":[{"t":"meterpipe/status"}],
//!  "cmps":{"power_net":{"dev_cla":"power","exp_aft":60,"p":"sensor", …,
//!                       "val_tpl":"{{ value_json['power_net_w'] }}"}, …},
//!  "dev":{"ids":["meterpipe_181220000009"],"name":"Smart meter 181220000009","sn":"181220000009"},
//!  "o":{"name":"meterpipe","sw":"0.1.0"},"qos":1,"stat_t":"meterpipe/181220000009/state"}
//! ```
//!
//! The keys are Home Assistant's abbreviations (mqtt/abbreviations.py), in alphabetical order.
//! Equal
//! entities thus give equal octets, and Home Assistant ignores octets that it has seen already.
//!
//! The meter number alone identifies a device. Machine and broker do not count, so that a device
//! survives
//! a change of either.

use core::time::Duration;

use serde_json::{Map, Value};

use crate::{
    format::units::Units,
    reading::fields::FIELDS,
    sink::{
        home_assistant::{
            diagnostics::Diagnostic,
            entity::Entity,
            options::{DiscoveryForm, DiscoveryOptions},
        },
        mqtt::{
            publication::{Publication, Qos, StateFormat},
            topics::TopicLayout,
        },
        slug::slug,
    },
};

/// The content of an announcement.
#[derive(Clone, Copy, Debug)]
pub struct DiscoveryConfig<'a> {
    /// The user's settings.
    pub options: &'a DiscoveryOptions,
    /// The topics of the states.
    pub state_format: &'a StateFormat,
    /// The meter number.
    pub number: &'a str,
    /// The time after which instantaneous values expire; zero for never.
    pub expire_after: Duration,
}

impl DiscoveryConfig<'_> {
    /// The messages that announce the meter with these entities.
    #[must_use]
    pub fn messages<'a>(&self, entities: impl Iterator<Item = &'a Entity>) -> Vec<Publication> {
        match self.options.form {
            DiscoveryForm::Device => vec![self.device(entities)],
            DiscoveryForm::Remove => {
                let state = message(self.state_format.topics.state(Some(self.number)), Vec::new());
                [removal(&self.options.prefix, self.number), vec![state]].concat()
            }
            // Entities that are disabled by default are left out: this form is for old versions of
            // Home Assistant,
            // and a removal has to know all topics.
            DiscoveryForm::Component => {
                let shown = entities.filter(|entity| !entity.disabled);
                shown.map(|entity| self.component(entity)).collect()
            }
        }
    }

    fn device<'a>(&self, entities: impl Iterator<Item = &'a Entity>) -> Publication {
        let mut payload = self.shared();
        let mut components = Map::new();
        for entity in entities {
            let mut component = self.sensor(entity);
            insert(&mut component, "p", "sensor");
            components.insert(entity.id.clone(), component.into());
        }
        insert(&mut payload, "cmps", components);
        let topic = device_topic(&self.options.prefix, &id(self.number));
        message(topic, Value::Object(payload).to_string().into_bytes())
    }

    fn component(&self, entity: &Entity) -> Publication {
        let mut payload = self.shared();
        payload.append(&mut self.sensor(entity));
        let topic = component_topic(&self.options.prefix, &id(self.number), &entity.id);
        message(topic, Value::Object(payload).to_string().into_bytes())
    }

    /// The part that all entities share.
    fn shared(&self) -> Map<String, Value> {
        let mut device = Map::new();
        insert(&mut device, "ids", vec![id(self.number)]);
        insert(&mut device, "name", name(self.number));
        insert(&mut device, "sn", self.number);
        let mut origin = Map::new();
        insert(&mut origin, "name", env!("CARGO_PKG_NAME"));
        insert(&mut origin, "sw", env!("CARGO_PKG_VERSION"));
        let mut shared = Map::new();
        if let Some(topic) = self.state_format.topics.status() {
            let mut availability = Map::new();
            insert(&mut availability, "t", topic);
            insert(&mut shared, "avty", vec![Value::Object(availability)]);
        }
        insert(&mut shared, "dev", device);
        insert(&mut shared, "o", origin);
        insert(&mut shared, "qos", 1);
        if self.state_format.topics.layout() == TopicLayout::Json {
            insert(&mut shared, "stat_t", self.state_format.topics.state(Some(self.number)));
        }
        shared
    }

    fn sensor(&self, entity: &Entity) -> Map<String, Value> {
        let mut sensor = Map::new();
        insert(&mut sensor, "uniq_id", format!("{}_{}", id(self.number), entity.id));
        insert(
            &mut sensor,
            "def_ent_id",
            entity_id(&format!("{} {}", name(self.number), entity.name)),
        );
        insert(&mut sensor, "name", entity.name.as_str());
        match self.state_format.topics.layout() {
            TopicLayout::Flat => {
                let topic = self.state_format.topics.value(Some(self.number), &entity.member);
                insert(&mut sensor, "stat_t", topic);
                // Always present: without it, Home Assistant would keep the template of an earlier
                // layout.
                insert(&mut sensor, "val_tpl", "{{ value }}");
            }
            TopicLayout::Json | TopicLayout::Nothing => {
                insert(&mut sensor, "val_tpl", template(&entity.member));
            }
        }
        insert_some(&mut sensor, "dev_cla", entity.class);
        insert_some(&mut sensor, "stat_cla", entity.state_class);
        insert_some(&mut sensor, "unit_of_meas", entity.unit.as_deref());
        insert_some(&mut sensor, "sug_dsp_prc", entity.decimals);
        insert_some(&mut sensor, "ic", entity.icon);
        insert_some(&mut sensor, "ent_cat", entity.diagnostic.then_some("diagnostic"));
        insert_some(&mut sensor, "en", entity.disabled.then_some(false));
        let expires = entity.expires && !self.expire_after.is_zero();
        insert_some(&mut sensor, "exp_aft", expires.then_some(self.expire_after.as_secs()));
        sensor
    }
}

/// The messages that remove a meter from Home Assistant, in whichever form it was announced.
#[must_use]
pub fn removal(prefix: &str, number: &str) -> Vec<Publication> {
    let id = id(number);
    let named =
        (0..FIELDS.len()).filter_map(|place| Entity::named(place, 1, &Units::default(), true));
    let ids = named.map(|entity| entity.id).chain(Entity::METAS.map(|(id, _)| id.to_owned()));
    let ids = ids.chain(Diagnostic::ALL.map(|diagnostic| diagnostic.entity().id));
    let topics = ids.map(|object| component_topic(prefix, &id, &object));
    let device = std::iter::once(device_topic(prefix, &id));
    device.chain(topics).map(|topic| message(topic, Vec::new())).collect()
}

/// The meter's unique identifier.
fn id(number: &str) -> String {
    format!("meterpipe_{}", slug(number))
}

/// The meter's name for people. A raw meter number could be a template.
fn name(number: &str) -> String {
    format!("Smart meter {}", slug(number))
}

fn device_topic(prefix: &str, id: &str) -> String {
    format!("{prefix}/device/{id}/config")
}

fn component_topic(prefix: &str, id: &str, object: &str) -> String {
    format!("{prefix}/sensor/{id}/{object}/config")
}

fn message(topic: String, payload: Vec<u8>) -> Publication {
    Publication { topic, payload, retain: true, qos: Qos::AtLeastOnce }
}

/// The identifier that Home Assistant makes of a name, also in places where it expects a finished
/// one.
fn entity_id(name: &str) -> String {
    let plain = name.to_ascii_lowercase();
    let words = plain.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    format!("sensor.{}", words.collect::<Vec<_>>().join("_"))
}

/// The template that finds a value in a state. The name comes from a table or from the user;
/// characters
/// that could end the string are escaped, since a template can do everything.
fn template(member: &str) -> String {
    let mut escaped = String::with_capacity(member.len());
    for c in member.chars() {
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '-' | ':' | '.' | ' ' => escaped.push(c),
            _ => escaped.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    format!("{{{{ value_json['{escaped}'] }}}}")
}

fn insert(map: &mut Map<String, Value>, key: &str, value: impl Into<Value>) {
    map.insert(key.to_owned(), value.into());
}

fn insert_some(map: &mut Map<String, Value>, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        insert(map, key, value);
    }
}
