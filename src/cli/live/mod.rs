//! Sources that never end: a thread reads each, one loop does everything else.
pub mod event_loop;
pub mod first_telegram;
pub mod frameless;
pub mod pty;
pub mod queue;
pub mod recorder;
pub mod recording;
pub mod reload;
pub mod screen;
pub mod source_state;
pub mod sources;
