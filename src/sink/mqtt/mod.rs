//! Readings to an MQTT broker.
//!
//! - [`sink`]: the keys, and the sink itself. `plan`: what there is to do. `run`: the loop of it all.
//! - [`topics`], [`custom_topics`], [`messages`]: from readings to messages.
//! - [`announce`]: what a home automation is told of the meters, by somebody else.
//! - [`packets`], [`versions`]: MQTT 5 and 3.1.1, whichever the broker speaks.
//! - [`session`]: what has to arrive, over as many connections as it takes.
//! - [`connect`], [`transport`], [`tls`]: the connection.
//! - [`reconnect`], [`disconnect`]: what it means when there is none, and what is said of it.
//! - [`latest`]: the last readings of each meter.
pub mod announce;
mod client;
pub mod connect;
pub mod custom_topics;
pub mod disconnect;
pub mod kind;
pub mod latest;
pub mod messages;
pub mod packets;
pub mod reconnect;
mod run;
pub mod session;
pub mod sink;
pub mod tls;
pub mod topics;
pub mod transport;
pub mod versions;
