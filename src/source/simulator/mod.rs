//! A virtual meter, for tests and for trying everything without hardware.
//!
//! ```text
//! house ──Values──► telegram ──plain──► wire ──octets──► faults ──► pace
//! (seed, time)      list or text        cipher, frames   noise …    baud
//! ```
//!
//! - [`push`]: one push after the other, through the whole chain.
//! - [`meter`]: the kinds of meters, their names and their differences on the wire.
//! - [`house`]: the power that a household draws and feeds in, and the meter's registers.
//! - [`telegram`]: the plain data-notification, octet for octet.
//! - [`wire`]: ciphering header, cipher, M-Bus frames; [`hdlc`]: HDLC frames and blocks.
//! - [`faults`]: faults on the line.
//! - [`pace`]: the arrival time of each octet.
//! - [`real_time`]: the chain in real time, also as a source.
//!
//! The simulator uses none of the decoder's modules: each is tested against the other. Everything
//! is a function of the seed and the time, in integers, and never changes.
//!
//! ```
//! use meterpipe::source::simulator::{meter::MeterKind, push::{PushOptions, Simulator}};
//!
//! let start = "2024-06-21T10:00:00Z".parse().unwrap();
//! let mut simulator = Simulator::new(PushOptions::new(MeterKind::NetzNoeKaifa, start));
//! let mut wire = vec![];
//! let push = simulator.push(&mut wire);
//! assert_eq!(wire.len(), 282);
//! assert_eq!(wire[..4], [0x68, 0xfa, 0xfa, 0x68]);
//! assert!(push.values.power_export > 0, "the sun shines");
//! ```
pub mod clock;
mod day;
pub mod faults;
pub mod hdlc;
pub mod house;
pub mod meter;
pub mod pace;
mod positional;
pub mod push;
mod random;
pub mod real_time;
mod sun;
pub mod telegram;
mod text;
pub mod wire;
