//! Readings to an MQTT broker.
//!
//! - [`announce`]: what a home automation is told of the meters, by somebody else.
//! - [`topics`]: where on the broker something goes to.
pub mod announce;
pub mod topics;
