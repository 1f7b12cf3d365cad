//! The interface for discovery: an announcer tells a home automation about the meters.
//!
//! The sink knows the broker, its topics and the state of the connection; the announcer decides the
//! content of announcements. With an announcer a connection sends, in this order: the messages of
//! [`on_connect`](Announcer::on_connect), the latest state of each meter, a second later that state
//! again, then `online` on the status topic, but never before the first state. The messages of
//! [`on_readings`](Announcer::on_readings) go before the state of these readings. If the status is
//! `online` by then, `offline` goes before them and `online` after the second state: an
//! announcement may change a unit, and a subscriber must not show its old value in the new unit.
//! The second state is for subscribers that need a moment to subscribe after an announcement.
//!
//! The caller that builds the sink supplies the announcer: `mqtt::sink::new` takes a closure, which
//! takes the keys that it knows out of the settings and returns an announcer or `None`.

use std::time::Duration;

use crate::{
    format::{key::FieldKey, readings::Readings},
    reading::decimal::Decimal,
    sink::{mqtt::topics::Topics, projection::Projection},
};

/// Announces meters.
pub trait Announcer: Send {
    /// Topics to subscribe to in each connection, with QoS 0.
    fn subscriptions(&self) -> Vec<String>;

    /// Messages that start each new connection, before the states: the broker may have forgotten
    /// all.
    fn on_connect(&mut self) -> Vec<Publication>;

    /// Messages that have to precede the state of these readings; none if they bring nothing new.
    ///
    /// The sink calls it for all readings, even without a connection. It then drops the messages,
    /// because [`on_connect`](Self::on_connect) returns them later.
    fn on_readings(&mut self, readings: &Readings) -> Vec<Publication>;

    /// Handles a message from the broker. After the returned time, jitter included, the sink sends
    /// announcements and latest states again as in a new connection.
    fn on_message(&mut self, topic: &str, payload: &[u8]) -> Option<Duration>;

    /// Fields that each state of this meter contains, as `null` if the telegram lacks them.
    fn required_fields(&self, readings: &Readings) -> &[FieldKey];

    /// Values to add to a state besides the readings.
    fn extra_values(&self, readings: &Readings) -> Vec<ExtraValue> {
        let _ = readings;
        Vec::new()
    }
}

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

/// The form of the states, which an announcer has to know.
#[derive(Clone, Debug)]
pub struct StateFormat {
    /// The topics of states and status.
    pub topics: Topics,
    /// The content of a state: fields, names and units.
    pub projection: Projection,
}
