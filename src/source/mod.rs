//! Where octets come from.
pub mod simulator;
