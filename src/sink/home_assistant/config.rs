//! The announcement of a meter, and the messages that remove it.
//!
//! ```text
//! homeassistant/device/meterpipe_181220000009/config
//! {"avty":[{"t":"meterpipe/status"},{"t":"meterpipe/181220000009/status"}],"avty_mode":"all",
//!  "cmps":{"power_net":{"dev_cla":"power","exp_aft":60,"p":"sensor", …,
//!                       "val_tpl":"{{ value_json['power_net_w'] }}"}, …},
//!  "dev":{"ids":["meterpipe_181220000009"],"name":"Smart meter 181220000009","sn":"181220000009"},
//!  "o":{"name":"meterpipe","sw":"0.1.0"},"qos":1,"stat_t":"meterpipe/181220000009/state"}
//! ```
//!
//! The keys are Home Assistant's abbreviations (mqtt/abbreviations.py), in alphabetical order.
//! Equal entities thus give equal octets, and Home Assistant ignores octets that it has seen
//! already.
//!
//! The meter number alone identifies a device. Machine and broker do not count, so that a device
//! survives a change of either.

use core::time::Duration;

use serde_json::{Map, Value, json};

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
    pub fn messages<'a>(&self, entities: impl Iterator<Item = &'a Entity>) -> Vec<Publication> {
        match self.options.form {
            DiscoveryForm::Device => vec![self.device(entities)],
            DiscoveryForm::Remove => {
                let topics = &self.state_format.topics;
                let status = topics.meter_status(self.number);
                let kept = status.into_iter().chain([topics.state(Some(self.number))]);
                let kept = kept.map(|topic| message(topic, Vec::new())).collect();
                [removal(&self.options.prefix, self.number), kept].concat()
            }
            // Entities that are disabled by default are left out: this form is for old versions of
            // Home Assistant, and a removal has to know all topics.
            DiscoveryForm::Component => {
                let enabled = entities.filter(|entity| !entity.disabled);
                enabled.map(|entity| self.component(entity)).collect()
            }
        }
    }

    fn device<'a>(&self, entities: impl Iterator<Item = &'a Entity>) -> Publication {
        let component = |entity: &Entity| {
            let mut component = self.sensor(entity);
            component.insert("p".to_owned(), "sensor".into());
            (entity.id.clone(), Value::from(component))
        };
        let mut payload = self.shared();
        payload.insert("cmps".to_owned(), entities.map(component).collect());
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
        let topics = &self.state_format.topics;
        let state = (topics.layout() == TopicLayout::Json).then(|| topics.state(Some(self.number)));
        let statuses = [topics.status(), topics.meter_status(self.number)];
        let availability: Vec<_> =
            statuses.into_iter().flatten().map(|topic| json!({ "t": topic })).collect();
        members(json!({
            "avty": (!availability.is_empty()).then(|| json!(availability)),
            // With a single topic the mode means nothing.
            "avty_mode": (availability.len() > 1).then_some("all"),
            "dev": {
                "ids": [id(self.number)],
                "name": name(self.number),
                "sn": self.number,
            },
            "o": { "name": env!("CARGO_PKG_NAME"), "sw": env!("CARGO_PKG_VERSION") },
            "qos": 1,
            "stat_t": state,
        }))
    }

    fn sensor(&self, entity: &Entity) -> Map<String, Value> {
        let topics = &self.state_format.topics;
        let (topic, template) = match topics.layout() {
            // The template is always present: without it, Home Assistant would keep that of an
            // earlier layout.
            TopicLayout::Flat => {
                (Some(topics.value(Some(self.number), &entity.member)), "{{ value }}".to_owned())
            }
            TopicLayout::Json | TopicLayout::Adapter | TopicLayout::Nothing => {
                (None, template(&entity.member))
            }
        };
        let expires = entity.expires && !self.expire_after.is_zero();
        members(json!({
            "uniq_id": format!("{}_{}", id(self.number), entity.id),
            "def_ent_id": entity_id(&format!("{} {}", name(self.number), entity.name)),
            "name": entity.name,
            "stat_t": topic,
            "val_tpl": template,
            "dev_cla": entity.class,
            "stat_cla": entity.state_class,
            "unit_of_meas": entity.unit,
            "sug_dsp_prc": entity.decimals,
            "ic": entity.icon,
            "ent_cat": entity.diagnostic.then_some("diagnostic"),
            "en": entity.disabled.then_some(false),
            "exp_aft": expires.then_some(self.expire_after.as_secs()),
        }))
    }
}

/// The messages that remove a meter from Home Assistant, in whichever form it was announced.
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
/// characters that could end the string are escaped, since a template can do everything.
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

/// The members of an object that have a value.
fn members(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(members) => members.into_iter().filter(|(_, it)| !it.is_null()).collect(),
        _ => Map::new(),
    }
}
