//! Where readings go to.
//!
//! - [`event`]: what every sink can do, and what it is told.
//! - [`inbox`]: the bounded queue in front of each, so that none holds up another.
//! - [`settings`]: what the user says about a sink.
//! - [`view`]: what of the readings goes there, under which names and in which units.
//! - [`gate`]: which of them go there: at an interval, or when something changed.
//! - [`mqtt`], [`influx`], [`file`], [`solarview`], [`prometheus`]: one sink each.
//! - [`http`], [`tls`]: how a server is talked to.
//! - [`place`], [`atomic`], [`append`], [`rotation`], [`snapshot`]: files, replaced or appended to.
//! - [`exporter`], [`web`]: the page for who asks for it.
pub mod append;
pub mod atomic;
pub mod event;
pub mod exporter;
pub mod file;
pub mod gate;
pub mod http;
pub mod inbox;
pub mod influx;
pub mod mqtt;
pub mod place;
pub mod prometheus;
pub mod rotation;
pub mod settings;
pub mod snapshot;
pub mod solarview;
pub mod tls;
pub mod view;
pub mod web;
