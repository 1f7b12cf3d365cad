//! Where readings go to.
//!
//! - [`event`]: what every sink can do, and what it is told.
//! - [`inbox`]: the bounded queue in front of each, so that none holds up another.
//! - [`view`]: what of the readings goes there, under which names and in which units.
//! - [`settings`]: what the user says about a sink.
//! - [`gate`]: which of them go there: at an interval, or when something changed.
//! - [`influx`]: a database of time series.
//! - [`http`], [`tls`]: how a server is talked to.
pub mod event;
pub mod gate;
pub mod http;
pub mod inbox;
pub mod influx;
pub mod settings;
pub mod tls;
pub mod view;
