//! The live sources: a serial device, a serial device behind TCP, and a virtual meter.
//!
//! They come as a [`Source`] that is read in bursts of octets and says when it is lost and back.
//!
//! - [`serial`]: a tty, with the marks of its UART. [`ports`] finds it.
//! - [`tcp`]: the octets that ser2net and its like hand out.
//! - [`simulator`]: a virtual meter.
//! - [`named`]: one under a name of its user's.
//! - [`parmrk`], [`parity`]: the parts that need neither.

pub mod event;
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
    event::{Burst, Source, SourceEvent},
    open_error::OpenError,
};
