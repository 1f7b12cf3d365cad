//! A message to the broker, and what decides its form.

use crate::{
    reading::decimal::Decimal,
    sink::{
        mqtt::topics::Topics,
        projection::Projection,
        settings::{SinkSettings, error::SettingError},
    },
};

/// A number that no telegram contains: its name in a state, and `None` if it is unknown.
pub type ExtraValue = (&'static str, Option<Decimal>);

/// A message to the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// The topic.
    pub topic: String,
    /// The payload.
    pub payload: Vec<u8>,
    /// True if the broker keeps it for later subscribers.
    pub retain: bool,
    /// The quality of service.
    pub qos: Qos,
}

/// The quality of service of MQTT. Level 2 is left out: a state that arrives twice does no harm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Qos {
    /// 0: not acknowledged.
    #[default]
    AtMostOnce,
    /// 1: sent until it is acknowledged.
    AtLeastOnce,
}

/// The form of the states.
#[derive(Clone, Debug)]
pub struct StateFormat {
    /// The topics of states and status.
    pub topics: Topics,
    /// The content of a state: fields, names and units.
    pub projection: Projection,
}

impl StateFormat {
    /// Takes the topics, and `fields`, `units` and `names`.
    ///
    /// # Errors
    /// Invalid values.
    pub fn take(settings: &mut SinkSettings) -> Result<Self, SettingError> {
        Ok(Self { topics: Topics::take(settings)?, projection: settings.take_projection()? })
    }

    /// The status message, if there is a status topic.
    pub fn status(&self, status: &str) -> Option<Publication> {
        let (topic, payload) = (self.topics.status()?, status.as_bytes().to_vec());
        Some(Publication { topic, payload, retain: true, qos: Qos::AtLeastOnce })
    }

    /// The status message of a meter, if it has a status topic.
    pub fn meter_status(&self, meter: &str, status: &str) -> Option<Publication> {
        let (topic, payload) = (self.topics.meter_status(meter)?, status.as_bytes().to_vec());
        Some(Publication { topic, payload, retain: true, qos: Qos::AtLeastOnce })
    }
}
