//! Readings to an MQTT broker.
//!
//! - [`sink`]: the keys, and the sink itself. `plan`: what there is to do. `run`: the loop of it all.
//! - [`topics`], [`mapping`], [`states`]: from readings to messages.
//! - [`announce`]: what a home automation is told of the meters, by somebody else.
//! - [`packets`], [`versions`]: MQTT 5 and 3.1.1, whichever the broker speaks.
//! - [`session`]: what has to arrive, over as many connections as it takes.
//! - [`dial`], [`transport`], [`tls`]: the connection.
//! - [`losses`], [`trouble`]: what it means when there is none, and what is said of it.
//! - [`latest`]: the last readings of each meter.
pub mod announce;
pub mod dial;
pub mod latest;
pub mod losses;
pub mod mapping;
pub mod packets;
mod plan;
mod run;
pub mod session;
pub mod sink;
pub mod states;
pub mod tls;
pub mod topics;
pub mod transport;
pub mod trouble;
pub mod versions;
