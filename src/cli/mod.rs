//! The subcommands and the machinery that they share.
//!
//! - [`dispatch`]: parses the command line and starts a subcommand.
//! - [`commands`]: one file a subcommand.
//! - [`live`]: sources that never end: the loop, the live view, the recording.
//! - [`input`]: inputs that end: files, pipes, text.
//! - [`setup`]: arguments, configuration, environment, keys.
//! - [`older`]: configurations of older programs, read; [`import`]: what becomes of them.
//! - [`wizard`]: the parts of the subcommand `setup`.
//! - [`run`]: what every run needs: output, messages, status, signals.
mod commands;
pub mod dispatch;
mod import;
mod input;
mod live;
mod older;
#[cfg(test)]
mod parallel_test;
mod run;
mod setup;
mod wizard;
