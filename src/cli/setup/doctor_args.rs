//! The command line of `doctor`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};
use meterpipe::sink::settings::duration::duration;

use super::shared_args::{InputFormArgs, KeyArgs, LinkArgs, MessageArgs, SerialArgs};

/// `doctor`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  meterpipe doctor /dev/ttyUSB0 --key-file guek
  meterpipe doctor --key-file guek meter.records   # a capture or a hex dump
  meterpipe doctor --format json sim:
  meterpipe doctor --lang de        # the meters and sinks of the configuration")]
pub struct DoctorArgs {
    /// A serial device, tcp://HOST:PORT, a file, a FIFO, - or sim:METER
    ///
    /// Without a SOURCE: the meters of the configuration and its sinks; without one: $P1_PORT, else the
    /// only device in /dev/serial/by-id.
    #[arg(value_name = "SOURCE", value_hint = ValueHint::FilePath)]
    pub source: Option<String>,
    /// Line settings.
    #[command(flatten)]
    pub line: SerialArgs,
    /// The link layer.
    #[command(flatten)]
    pub link: LinkArgs,
    /// A table for a meter whose list has no OBIS codes, or no scalers: FILE.toml; may be repeated
    #[arg(long = "layout", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub layouts: Vec<PathBuf>,
    /// The longest examination of a meter
    #[arg(long, value_name = "DUR", value_parser = duration, default_value = "30s")]
    pub time: std::time::Duration,
    /// The form of the answer
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub format: DoctorFormat,
    /// The language of the answer [default: German for a German locale, else English]
    #[arg(long, value_name = "LANG", value_enum)]
    pub lang: Option<LanguageArg>,
    /// The configuration [default: ~/.config/meterpipe/config.toml, /etc/meterpipe/config.toml]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "source")]
    pub config: Option<PathBuf>,
    /// The form of the input.
    #[command(flatten)]
    pub form: InputFormArgs,
    /// The keys.
    #[command(flatten)]
    pub keys: KeyArgs,
    /// The messages.
    #[command(flatten)]
    pub messages: MessageArgs,
}

/// The form of the answer of `doctor`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DoctorFormat {
    /// Lines for people
    #[default]
    Text,
    /// A JSON object a meter
    Json,
}

/// The language of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LanguageArg {
    /// German
    De,
    /// English
    En,
}
