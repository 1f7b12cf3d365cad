//! The hook for who announces the meters to a home automation.
//!
//! The sink knows the broker, its topics and when it is connected; what is announced, and how, it
//! leaves to others. With an announcer the order in a connection is: what
//! [`on_connect`](Announcer::on_connect) says, the last state of each meter, a second later the state
//! again, and `online` on the status topic; the first time not before there is a state. What
//! [`on_readings`](Announcer::on_readings) says goes before the state of these readings; if it is
//! `online` already, between `offline` and, behind the second state, `online`: an announcement may
//! change the unit of a value, and who has a value of before must not tell it in the new unit. Who
//! hears an announcement takes a moment until it listens to the state.
//!
//! Who makes the sink says who announces: `mqtt::sink::new(settings, None, |settings, site| ...)`, where the
//! closure takes the keys that it knows and gives an announcer or none.

use std::time::Duration;

use crate::{
    format::{key::FieldKey, readings::Readings},
    reading::decimal::Decimal,
    sink::{mqtt::topics::Topics, projection::Projection},
};

/// Who announces the meters.
pub trait Announcer: Send {
    /// Topics to listen to, subscribed to in each connection with QoS 0.
    fn subscriptions(&self) -> Vec<String>;

    /// What goes out in each new connection, before the states: the broker may have forgotten all.
    fn on_connect(&mut self) -> Vec<Publication>;

    /// What has to go out before the state of these readings; nothing if all of it is known already.
    ///
    /// It is asked for all readings, also while there is no connection: then nothing of it is sent,
    /// because [`on_connect`](Self::on_connect) says it later.
    fn on_readings(&mut self, readings: &Readings) -> Vec<Publication>;

    /// Takes a message from the broker. After the time that it returns, which has its jitter
    /// already, announcements and last states go out again as in a new connection.
    fn on_message(&mut self, topic: &str, payload: &[u8]) -> Option<Duration>;

    /// What has to be in each state of that meter, `null` if it is not there.
    fn required_fields(&self, readings: &Readings) -> &[FieldKey];

    /// What has to be in that state besides the readings, behind them or each in its topic.
    fn extra_values(&self, readings: &Readings) -> Vec<ExtraValue> {
        let _ = readings;
        Vec::new()
    }
}

/// A number that no telegram tells: its name in a state, and `null` if it is not known.
pub type ExtraValue = (&'static str, Option<Decimal>);

/// What goes to the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Where to.
    pub topic: String,
    /// What.
    pub payload: Vec<u8>,
    /// Whether the broker keeps it for who comes later.
    pub retain: bool,
    /// Whether it has to be acknowledged.
    pub qos: Qos,
}

/// How sure it has to be that a message arrives. There is no 2: a state that comes twice does no harm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Qos {
    /// 0: not acknowledged.
    #[default]
    AtMostOnce,
    /// 1: sent until it is acknowledged.
    AtLeastOnce,
}

/// What an announcer has to know of the sink.
#[derive(Clone, Debug)]
pub struct StateFormat {
    /// Where states and the status go to.
    pub topics: Topics,
    /// What is in a state, under which names and in which units.
    pub projection: Projection,
}
