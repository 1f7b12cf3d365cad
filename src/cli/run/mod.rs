//! The context of a run and the stages that decode: output, messages, sinks, signals, status.
pub mod batch;
pub mod clock_messages;
pub mod context;
pub mod decoder;
pub mod events;
pub mod guard_memory;
pub mod guard_messages;
pub mod key_doubts;
pub mod messages;
pub mod output;
pub mod parallel;
pub mod signals;
pub mod sink_output;
pub mod sink_thread;
pub mod sinks;
pub mod stage;
pub mod status;
