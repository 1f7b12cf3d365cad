//! The MQTT sink.
//!
//! - [`sink`]: the settings, and the sink itself; `client`: its parts; `run`: its loop.
//! - [`topics`], [`custom_topics`], [`payloads`], [`messages`]: from readings to messages.
//! - [`adapter`]: the JSON of the adapter of Oesterreichs Energie.
//! - [`publication`]: one message, and the form of the states.
//! - [`packets`], [`versions`]: MQTT 5 and 3.1.1, depending on the broker.
//! - [`session`]: QoS 1 delivery across reconnects.
//! - [`connect`], [`transport`], [`tls`]: the connection.
//! - [`reconnect`], [`disconnect`]: the reason for a lost connection, its message and the next
//!   attempt.
//! - [`history`]: every telegram, until the broker has it.
//! - `probe`: one connection to see if the broker accepts the client.
//! - `preview`: the messages of a run that sends nothing.
//! - [`meter_status`]: `online` and `offline` of each meter.
//! - [`latest`]: the latest readings of each meter.
pub mod adapter;
mod client;
pub mod connect;
pub mod custom_topics;
pub mod disconnect;
pub mod history;
mod interval_names;
pub mod kind;
pub mod latest;
pub mod messages;
pub mod meter_status;
pub mod packets;
pub mod payloads;
mod preview;
mod probe;
pub mod publication;
pub mod reconnect;
mod run;
pub mod session;
pub mod sink;
pub mod tls;
pub mod topics;
pub mod transport;
pub mod versions;
