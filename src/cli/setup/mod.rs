//! The choices of the user: arguments, environment, configuration, keys.
pub mod args;
pub mod config_file;
pub mod credentials;
pub mod destinations;
pub mod environment;
pub mod families;
pub mod key_problem;
pub mod key_text;
pub mod keys;
pub mod layout_file;
pub mod link_choice;
mod memory;
mod message_settings;
pub mod output_format;
pub mod setup_args;
pub mod shared_args;
pub mod suggestion;
pub mod toml_text;
