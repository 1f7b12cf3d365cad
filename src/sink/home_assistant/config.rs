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
//! survives a change of either; neither do language and names. The announcements of an older
//! program keep the identifiers that it had.

use core::time::Duration;

use serde_json::{Map, Value, json};

use crate::{
    reading::fields::FIELDS,
    sink::{
        home_assistant::{
            device::MeterDevice,
            diagnostics::Diagnostic,
            entity::Entity,
            options::{DiscoveryForm, DiscoveryOptions, object},
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
    /// The device of the meter.
    pub device: &'a MeterDevice,
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
                let status = topics.meter_status(self.number());
                let kept = status.into_iter().chain([topics.state(Some(self.number()))]);
                let older = entities.filter(|_| self.options.is_older());
                let older = older.map(|entity| self.topic(entity));
                let all = older.chain(kept).map(|topic| message(topic, Vec::new())).collect();
                [removal(&self.options.prefix, self.number()), all].concat()
            }
            // Entities that only a telegram tells are left out: this form is for old versions of
            // Home Assistant, and a removal has to know all topics.
            DiscoveryForm::Component => {
                let named = entities.filter(|entity| !entity.unnamed);
                named.map(|entity| self.component(entity)).collect()
            }
        }
    }

    fn number(&self) -> &str {
        &self.device.number
    }

    fn device<'a>(&self, entities: impl Iterator<Item = &'a Entity>) -> Publication {
        let component = |entity: &Entity| {
            let mut component = self.sensor(entity);
            component.insert("p".to_owned(), "sensor".into());
            (entity.id.clone(), Value::from(component))
        };
        let mut payload = self.shared();
        payload.insert("cmps".to_owned(), entities.map(component).collect());
        let topic = device_topic(&self.options.prefix, &id(self.number()));
        message(topic, Value::Object(payload).to_string().into_bytes())
    }

    fn component(&self, entity: &Entity) -> Publication {
        let mut payload = self.shared();
        payload.append(&mut self.sensor(entity));
        if entity.topic.is_some() {
            // The entity id of an entity without a device is its name.
            payload.remove("dev");
        }
        message(self.topic(entity), Value::Object(payload).to_string().into_bytes())
    }

    /// The topic that announces an entity.
    fn topic(&self, entity: &Entity) -> String {
        let prefix = &self.options.prefix;
        match (&entity.topic, &self.options.node) {
            (Some(topic), _) => self.device.fill(topic),
            (None, Some(node)) => {
                component_topic(prefix, &self.device.fill(node), &slug(&entity.member))
            }
            (None, None) => component_topic(prefix, &id(self.number()), &entity.id),
        }
    }

    /// The unique identifier of an entity, by which Home Assistant knows it again.
    fn unique_id(&self, entity: &Entity) -> String {
        match (&entity.topic, &self.options.node) {
            (Some(topic), _) => {
                let topic = self.device.fill(topic);
                object(&topic).unwrap_or(&topic).replace('/', "_")
            }
            (None, Some(node)) => format!("{}_{}", self.device.fill(node), slug(&entity.member)),
            (None, None) => format!("{}_{}", id(self.number()), entity.id),
        }
    }

    /// The part that all entities share.
    fn shared(&self) -> Map<String, Value> {
        let topics = &self.state_format.topics;
        let state =
            (topics.layout() == TopicLayout::Json).then(|| topics.state(Some(self.number())));
        let statuses = [topics.status(), topics.meter_status(self.number())];
        let availability: Vec<_> =
            statuses.into_iter().flatten().map(|topic| json!({ "t": topic })).collect();
        members(json!({
            "avty": (!availability.is_empty()).then(|| json!(availability)),
            // With a single topic the mode means nothing.
            "avty_mode": (availability.len() > 1).then_some("all"),
            "dev": members(self.description()),
            "o": { "name": env!("CARGO_PKG_NAME"), "sw": env!("CARGO_PKG_VERSION") },
            "qos": 1,
            "stat_t": state,
        }))
    }

    fn description(&self) -> Value {
        let (given, maker) = (&self.options.device, self.device.maker);
        let identifiers = match given.identifiers.as_slice() {
            [] => vec![id(self.number())],
            all => all.iter().map(|text| self.device.fill(text)).collect(),
        };
        json!({
            "ids": identifiers,
            "name": self.name(),
            "mf": given.manufacturer.as_deref().or(maker.map(|maker| maker.name)),
            "mdl": given.model.as_deref().or(maker.and_then(|maker| maker.model)),
            "sn": self.number(),
        })
    }

    /// The device's name for people.
    fn name(&self) -> String {
        let usual = self.options.language.device();
        match (&self.options.device.name, &self.device.name) {
            (Some(text), _) => self.device.fill(text),
            (None, Some(name)) => name.clone(),
            // Entity ids are made of this name, without the number of the meter.
            (None, None) if self.options.ids_by_name => usual.to_owned(),
            (None, None) => format!("{usual} {}", slug(self.number())),
        }
    }

    /// Entity ids depend on nothing that the user may change later.
    fn entity_id(&self, entity: &Entity) -> Option<String> {
        let by_meter = !self.options.ids_by_name && entity.topic.is_none();
        let object = entity.id.strip_prefix("obis_").unwrap_or(&entity.id);
        by_meter.then(|| entity_id(&format!("smart meter {} {object}", slug(self.number()))))
    }

    fn sensor(&self, entity: &Entity) -> Map<String, Value> {
        let topics = &self.state_format.topics;
        let (topic, value) = match topics.layout() {
            // The template is always present: without it, Home Assistant would keep that of an
            // earlier layout.
            TopicLayout::Flat => {
                (Some(topics.value(Some(self.number()), &entity.member)), "value".to_owned())
            }
            TopicLayout::Json | TopicLayout::Adapter | TopicLayout::Nothing => {
                (None, member(&entity.member))
            }
        };
        let template = match (entity.in_thousands, topics.layout()) {
            (false, _) => format!("{{{{ {value} }}}}"),
            (true, TopicLayout::Flat) => "{{ (value | float / 1000) | round(3) }}".to_owned(),
            // A null is unknown. A state that lacks the value, as after a change of units, is
            // ignored: it would be unknown until the next run of a cron job.
            (true, _) => {
                format!("{{{{ ({value} / 1000) | round(3) if {value} is number else {value} }}}}")
            }
        };
        let expires = entity.expires && !self.expire_after.is_zero();
        members(json!({
            "uniq_id": self.unique_id(entity),
            "def_ent_id": self.entity_id(entity),
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
    let named = (0..FIELDS.len()).filter_map(Entity::id_of);
    let ids = named.chain(Entity::METAS.map(|(id, _)| id));
    let ids = ids.chain(Diagnostic::ALL.map(Diagnostic::id));
    let topics = ids.map(|object| component_topic(prefix, &id, object));
    let device = std::iter::once(device_topic(prefix, &id));
    device.chain(topics).map(|topic| message(topic, Vec::new())).collect()
}

/// The meter's unique identifier.
fn id(number: &str) -> String {
    format!("meterpipe_{}", slug(number))
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

/// The expression that finds a value in a state. The name comes from a table or from the user;
/// characters that could end the string are escaped, since a template can do everything.
fn member(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '-' | ':' | '.' | ' ' => escaped.push(c),
            _ => escaped.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    format!("value_json['{escaped}']")
}

/// The members of an object that have a value.
fn members(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(members) => members.into_iter().filter(|(_, it)| !it.is_null()).collect(),
        _ => Map::new(),
    }
}
