//! The arguments of `setup`.

use std::{path::PathBuf, time::Duration};

use clap::{Args, ValueHint};
use meterpipe::{cipher::ciphered::SystemTitle, sink::settings::duration::duration};

use super::shared_args::{MessageArgs, SerialArgs, any_text, schemes, title};

/// `setup`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sudo meterpipe setup                    # asks for everything
  meterpipe setup --source sim: --to file:/tmp/house.csv --config new.toml
  meterpipe setup --source /dev/ttyUSB0 --key-file guek \\
    --to 'mqtt://192.168.1.20?user=meter&password_file=mqtt'")]
pub struct SetupArgs {
    /// A serial device, tcp://HOST:PORT or sim:METER
    #[arg(long, value_name = "SOURCE", value_hint = ValueHint::FilePath)]
    pub source: Option<String>,
    /// The line, instead of the search for it.
    #[command(flatten)]
    pub serial: SerialArgs,
    /// A file with the key (GUEK)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub key_file: Option<PathBuf>,
    /// The system title of a meter that sends none, 16 hex digits
    #[arg(long, value_name = "TITLE", value_parser = title)]
    pub system_title: Option<SystemTitle>,
    /// A sink, as for watch; can be repeated
    #[arg(long, value_name = "SINK", value_parser = any_text(schemes), hide_possible_values = true)]
    pub to: Vec<String>,
    /// The configuration to write
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// Replace a configuration; the old one becomes config.toml.old
    #[arg(long)]
    pub force: bool,
    /// If a service of meterpipe reads the meter: stop it for the test, and start it again at the end
    #[arg(long)]
    pub stop_service: bool,
    /// Neither wait for a telegram nor ask the sinks
    #[arg(long)]
    pub offline: bool,
    /// Wait this long for a telegram, instead of 90 s
    #[arg(long, value_name = "DUR", value_parser = duration)]
    pub timeout: Option<Duration>,
    /// Enable and start meterpipe.service
    #[arg(long)]
    pub enable: bool,
    /// The messages.
    #[command(flatten)]
    pub messages: MessageArgs,
}
