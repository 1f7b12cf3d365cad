//! The parts of `setup`: questions, and what their answers become.

pub mod files;
pub mod meter;
pub mod prompts;
pub mod service;
pub mod sinks;
