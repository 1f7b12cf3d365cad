//! Where readings go to.
//!
//! - [`event`]: what every sink can do, and what it is told.
//! - [`inbox`]: the bounded queue in front of each, so that none holds up another.
//! - [`view`]: what of the readings goes there, under which names and in which units.
//! - [`settings`]: what the user says about a sink.
//! - [`mqtt`]: to an MQTT broker.
//! - [`gate`]: which of them go there: at an interval, or when something changed.
pub mod event;
pub mod gate;
pub mod inbox;
pub mod mqtt;
pub mod settings;
pub mod view;
