//! Where readings go to.
//!
//! - [`event`]: what every sink can do, and what it is told.
//! - [`inbox`]: the bounded queue in front of each, so that none holds up another.
//! - [`view`]: what of the readings goes there, under which names and in which units.
//! - [`settings`]: what the user says about a sink.
//! - [`file`], [`solarview`], [`prometheus`]: one sink each.
//! - [`place`], [`atomic`], [`append`], [`rotation`], [`snapshot`]: files, replaced or appended to.
//! - [`exporter`], [`http`]: the page for who asks for it.
//! - [`gate`]: which of them go there: at an interval, or when something changed.
pub mod append;
pub mod atomic;
pub mod event;
pub mod exporter;
pub mod file;
pub mod gate;
pub mod http;
pub mod inbox;
pub mod place;
pub mod prometheus;
pub mod rotation;
pub mod settings;
pub mod snapshot;
pub mod solarview;
pub mod view;
