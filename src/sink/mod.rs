//! Where readings go to.
//!
//! - [`event`]: what every sink can do, and what it is told.
//! - [`inbox`]: the bounded queue in front of each, so that none holds up another.
//! - [`view`]: what of the readings goes there, under which names and in which units.
//! - [`settings`]: what the user says about a sink.
//! - [`mqtt`]: to an MQTT broker.
//! - [`home_assistant`]: how Home Assistant finds there what it shows.
//! - [`health`]: how the line is doing, for sinks that tell it.
//! - [`guard`]: what stands before all of them, so that no wrong register is stored.
//! - [`gate`]: which of them go there: at an interval, or when something changed.
pub mod event;
pub mod gate;
pub mod guard;
pub mod health;
pub mod home_assistant;
pub mod inbox;
pub mod mqtt;
pub mod settings;
pub mod view;
