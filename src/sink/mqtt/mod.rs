//! Readings to an MQTT broker.
//!
//! - [`announce`]: what a home automation is told of the meters, by somebody else.
//! - [`packets`]: MQTT 5 and 3.1.1, whichever the broker speaks.
//! - [`topics`]: where on the broker something goes to.
pub mod announce;
pub mod dial;
pub mod latest;
pub mod mapping;
pub mod packets;
mod run;
pub mod session;
pub mod sink;
pub mod states;
pub mod tls;
pub mod topics;
pub mod transport;
pub mod trouble;
