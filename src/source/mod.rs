//! The live sources: a serial device, a serial device behind TCP, and a virtual meter.
//!
//! A [`Source`] is read in bursts of octets and reports when it is lost and when it is back.
//!
//! - [`serial`]: a tty, with the marks of its UART. [`ports`] finds it.
//! - [`tcp`]: the octets that a server such as ser2net hands out.
//! - [`simulator`]: a virtual meter.
//! - [`named`]: a source under a name chosen by the user.
//! - [`holders`]: other processes that have a device open.
//! - [`parmrk`], [`line`]: octet escapes, and the search for speed and parity, without any device.

pub mod event;
pub mod holders;
pub mod line;
pub mod named;
pub mod open_error;
pub mod parity;
pub mod parmrk;
pub mod ports;
mod reconnect;
pub mod serial;
pub mod simulator;
pub mod tcp;

pub use self::{
    event::{Burst, Source, SourceEvent, SourceLine},
    open_error::OpenError,
};
