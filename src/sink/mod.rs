//! Sinks: destinations of readings.
//!
//! - [`registry`]: all kinds of sink; [`kind`]: the description of a kind.
//! - [`settings`]: the settings of a sink.
//! - [`mqtt`], [`influx`], [`prometheus`], [`site`], [`solarview`], [`mod@file`], [`udp`], [`exec`],
//!   [`webhook`]: the sinks.
//! - [`traits`]: the interfaces of a sink; [`event`]: its input.
//! - [`queue`]: the bounded queue in front of each sink, so that none holds up another.
//! - [`projection`]: the readings that a sink takes, with their names and units.
//! - [`template`]: texts with readings in them.
//! - [`throttle`]: the telegrams that a sink takes: at an interval, or when a value changed.
//! - [`guard`]: the check in front of all sinks that keeps wrong values out.
//! - [`home_assistant`]: discovery by Home Assistant through MQTT.
//! - [`line_counters`]: counters for the state of the line; [`line_format`]: the form of a written
//!   line; [`meter_names`]: the user's names of meters.
//! - [`interval`]: the time between the telegrams of a meter; [`freshness`]: the meters that still
//!   send; [`row_length`]: the length of the intervals that a row is one of.
//! - [`timestamps`]: the time of a telegram; [`single_meter`]: a destination for one meter;
//!   [`slug`]: texts from telegrams as part of a name.
//! - [`spool`]: lines that wait for a server; [`files`]: writing files; [`http`], [`tls`]: connections to servers.
//! - [`metrics`]: the metrics of a run; [`web`]: pages over HTTP.
pub mod accounts;
pub mod event;
pub mod exec;
pub mod file;
pub mod files;
pub mod freshness;
pub mod guard;
pub mod home_assistant;
pub mod http;
pub mod influx;
pub mod interval;
pub mod kind;
pub mod line_counters;
pub mod line_format;
pub mod meter_names;
pub mod metrics;
pub mod mqtt;
mod overflow;
pub mod projection;
pub mod prometheus;
pub mod queue;
pub mod registry;
pub mod row_length;
pub mod settings;
pub mod single_meter;
pub mod site;
pub mod slug;
pub mod solarview;
pub mod spool;
pub mod template;
pub mod throttle;
pub mod timestamps;
pub mod tls;
pub mod traits;
pub mod udp;
pub mod web;
pub mod webhook;
