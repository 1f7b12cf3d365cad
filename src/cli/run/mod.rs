//! The context of a run: output, messages, sinks, signals, status.
pub mod context;
pub mod deferred_messages;
pub mod guard_messages;
pub mod messages;
pub mod output;
pub mod signals;
pub mod sinks;
pub mod status;
