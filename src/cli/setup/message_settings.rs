//! `--quiet`, `--verbose` and `--log-format`.

use crate::cli::{
    run::{
        message_format::MessageFormat,
        messages::{MessageSettings, Verbosity},
    },
    setup::shared_args::{LogFormat, MessageArgs},
};

impl From<MessageArgs> for MessageSettings {
    fn from(MessageArgs { quiet, verbose, log_format }: MessageArgs) -> Self {
        let verbosity = match (quiet, verbose) {
            (true, _) => Verbosity::Quiet,
            (false, true) => Verbosity::Verbose,
            (false, false) => Verbosity::Normal,
        };
        let format = log_format.map(|format| match format {
            LogFormat::Text => MessageFormat::Text,
            LogFormat::Journal => MessageFormat::Journal,
            LogFormat::Json => MessageFormat::Json,
        });
        Self { verbosity, format }
    }
}
