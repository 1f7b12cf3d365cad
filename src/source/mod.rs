//! The live sources: a serial device, and a serial device behind TCP.
//!
//! Both come as a [`Source`] that is read in bursts of octets and says when it is lost and back.
//!
//! - [`serial`]: a tty, with the marks of its UART. [`ports`] finds it.
//! - [`tcp`]: the octets that ser2net and its like hand out.
//! - [`parmrk`], [`parity`], [`backoff`]: the parts that need neither.

pub mod backoff;
pub mod event;
mod live;
pub mod open_error;
pub mod parity;
pub mod parmrk;
pub mod ports;
pub mod serial;
pub mod tcp;

pub use self::{
    event::{Burst, Event, Source},
    open_error::OpenError,
};
