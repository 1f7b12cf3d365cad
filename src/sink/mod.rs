//! Where readings go to.
//!
//! - [`work`]: what every sink does, and what it says; [`event`]: what it is told.
//! - [`inbox`]: the bounded queue in front of each, so that none holds up another.
//! - [`settings`]: what the user says about a sink.
//! - [`view`]: what of the readings goes there, under which names and in which units.
//! - [`gate`]: which of them go there: at an interval, or when something changed.
//! - [`guard`]: what stands before all of them, so that no wrong value is stored.
//! - [`mqtt`], [`influx`], [`mod@file`], [`solarview`], [`prometheus`]: one sink each.
//! - [`home_assistant`]: how Home Assistant finds on MQTT what it shows.
//! - [`health`]: how the line is doing, for sinks that tell it.
//! - [`clocks`]: when a telegram was made; [`seat`]: a place for one meter; [`segment`]: what a meter
//!   calls itself, as a part of a name.
//! - [`files`]: how files are written; [`http`], [`tls`]: how a server is talked to.
pub mod clocks;
pub mod event;
pub mod file;
pub mod files;
pub mod gate;
pub mod guard;
pub mod health;
pub mod home_assistant;
pub mod http;
pub mod inbox;
pub mod influx;
pub mod mqtt;
pub mod prometheus;
pub mod seat;
pub mod segment;
pub mod settings;
pub mod solarview;
pub mod tls;
pub mod view;
pub mod work;
