//! Helpers that several subjects share.

pub mod binary;
pub mod certificates;
pub mod chain;
pub mod damage;
pub mod disk;
pub mod events;
pub mod meters;
// The library has it for its own tests alone.
#[path = "../../../src/noise.rs"]
pub mod noise;
pub mod port;
pub mod published;
pub mod secrets;
pub mod sinks;
pub mod terminal;
pub mod tools;
pub mod wire;
