//! One file a subcommand.
pub mod anonymise;
pub mod capture;
pub mod config;
pub mod decode;
pub mod decrypt;
pub mod publish;
pub mod setup;
pub mod simulate;
pub mod unframe;
pub mod watch;
