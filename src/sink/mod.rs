//! The sinks: the places that readings go to.
//!
//! - [`registry`]: all kinds of sink; [`kind`]: how a kind describes itself.
//! - [`settings`]: the settings of a sink.
//! - [`mqtt`], [`influx`], [`prometheus`], [`solarview`], [`mod@file`]: one sink each.
//! - [`traits`]: the interface of every sink; [`event`]: its input.
//! - [`queue`]: the bounded queue in front of each sink, so that no sink delays another.
//! - [`projection`]: the readings that a sink stores, with their names and units.
//! - [`throttle`]: the telegrams that a sink stores: at an interval, or on a change.
//! - [`guard`]: the check in front of all sinks, so that no wrong value is stored.
//! - [`home_assistant`]: the discovery of meters by Home Assistant, over MQTT.
//! - [`line_counters`]: the state of the line, for sinks that publish it.
//! - [`timestamps`]: the clocks of a telegram; [`single_meter`]: a place for one meter; [`slug`]: a text of
//!   a meter as a part of a name.
//! - [`files`]: writing files; [`http`], [`tls`]: talking to servers.
pub mod event;
pub mod file;
pub mod files;
pub mod guard;
pub mod home_assistant;
pub mod http;
pub mod influx;
pub mod kind;
pub mod line_counters;
pub mod mqtt;
pub mod projection;
pub mod prometheus;
pub mod queue;
pub mod registry;
pub mod settings;
pub mod single_meter;
pub mod slug;
pub mod solarview;
pub mod throttle;
pub mod timestamps;
pub mod tls;
pub mod traits;
