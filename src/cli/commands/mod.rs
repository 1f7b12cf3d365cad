//! One file a subcommand.
pub mod anonymise;
pub mod capture;
pub mod compare;
pub mod config;
pub mod decode;
pub mod decrypt;
pub mod doctor;
pub mod explain;
pub mod plot;
pub mod publish;
pub mod quarters;
pub mod setup;
pub mod simulate;
pub mod unframe;
pub mod watch;
