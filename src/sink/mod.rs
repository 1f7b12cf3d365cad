//! Where readings go to.
//!
//! - [`traits`]: what every sink does, and what it says; [`event`]: what it is told.
//! - [`queue`]: the bounded queue in front of each, so that none holds up another.
//! - [`settings`]: what the user says about a sink.
//! - [`projection`]: what of the readings goes there, under which names and in which units.
//! - [`throttle`]: which of them go there: at an interval, or when something changed.
//! - [`guard`]: what stands before all of them, so that no wrong value is stored.
//! - [`mqtt`], [`influx`], [`mod@file`], [`solarview`], [`prometheus`]: one sink each.
//! - [`home_assistant`]: how Home Assistant finds on MQTT what it shows.
//! - [`line_counters`]: how the line is doing, for sinks that tell it.
//! - [`timestamps`]: when a telegram was made; [`single_meter`]: a place for one meter; [`slug`]: what a meter
//!   calls itself, as a part of a name.
//! - [`files`]: how files are written; [`http`], [`tls`]: how a server is talked to.
pub mod event;
pub mod file;
pub mod files;
pub mod guard;
pub mod home_assistant;
pub mod http;
pub mod influx;
pub mod line_counters;
pub mod mqtt;
pub mod projection;
pub mod prometheus;
pub mod queue;
pub mod settings;
pub mod single_meter;
pub mod slug;
pub mod solarview;
pub mod throttle;
pub mod timestamps;
pub mod tls;
pub mod traits;
