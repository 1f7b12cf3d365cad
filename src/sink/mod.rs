//! Where readings go to.
//!
//! - [`event`]: what every sink can do, and what it is told.
//! - [`inbox`]: the bounded queue in front of each, so that none holds up another.
//! - [`settings`]: what the user says about a sink; [`uri`]: in one text; [`duration`]: a time in it;
//!   [`origin`]: where it was said; [`secrecy`]: what of it may be shown.
//! - [`view`]: what of the readings goes there, under which [`names`] and in which units.
//! - [`gate`]: which of them go there: at an interval, or when something changed.
//! - [`guard`]: what stands before all of them, so that no wrong value is stored.
//! - [`clocks`]: when a telegram was made.
//! - [`mqtt`], [`influx`], [`file`], [`solarview`], [`prometheus`]: one sink each.
//! - [`home_assistant`]: how Home Assistant finds on MQTT what it shows.
//! - [`seat`]: a place for one meter.
//! - [`health`]: how the line is doing, for sinks that tell it.
//! - [`http`], [`tls`]: how a server is talked to.
//! - [`segment`]: what a meter calls itself, as a part of a name.
//! - [`place`], [`atomic`], [`append`], [`rotation`], [`snapshot`]: files, replaced or appended to.
//! - [`spool`]: what waits on a disk for a server that is away.
//! - [`metrics`]: the page of Prometheus; [`exporter`], [`web`]: for who asks for it.
pub mod append;
pub mod atomic;
pub mod clocks;
pub mod duration;
pub mod event;
pub mod exporter;
pub mod file;
pub mod gate;
pub mod guard;
pub mod health;
pub mod home_assistant;
pub mod http;
pub mod inbox;
pub mod influx;
pub mod metrics;
pub mod mqtt;
pub mod names;
pub mod origin;
pub mod place;
pub mod prometheus;
pub mod rotation;
pub mod seat;
pub mod secrecy;
pub mod segment;
pub mod settings;
pub mod snapshot;
pub mod solarview;
pub mod spool;
pub mod tls;
pub mod uri;
pub mod view;
pub mod web;
