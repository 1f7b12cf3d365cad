//! The form of a message: for people, for the journal, for programs.

use std::env;

use jiff::{Timestamp, Zoned};
use meterpipe::format::printable::printable;
use rustix::fs::{FileType, Stat, fstat};
use serde_json::json;

/// The form of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageFormat {
    /// A line of text, with the time in front if standard error is a file.
    Text,
    /// A line of text with its priority, as systemd's journal reads it.
    Journal,
    /// A JSON object in a line.
    Json,
}

/// The severity of a message. The numbers are those of syslog and of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The run, or a part of it, has failed.
    Error = 3,
    /// Something was refused or is missing.
    Warning = 4,
    /// A state has changed.
    Notice = 5,
    /// Details for users who asked for them.
    Info = 6,
}

impl Severity {
    const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
            Self::Info => "info",
        }
    }
}

/// How messages are written on standard error.
#[derive(Clone, Copy, Debug)]
pub struct MessageWriter {
    stage: &'static str,
    format: MessageFormat,
    /// A text has the time in front.
    has_time: bool,
}

impl MessageWriter {
    /// Chooses what fits standard error, unless the user has chosen.
    pub fn new(stage: &'static str, chosen: Option<MessageFormat>) -> Self {
        let stderr = fstat(rustix::stdio::stderr()).ok();
        let detected = match stderr.is_some_and(is_journal) {
            true => MessageFormat::Journal,
            false => MessageFormat::Text,
        };
        let is_file = |about: Stat| FileType::from_raw_mode(about.st_mode) == FileType::RegularFile;
        Self { stage, format: chosen.unwrap_or(detected), has_time: stderr.is_some_and(is_file) }
    }

    /// The name of the subcommand.
    pub const fn stage(&self) -> &'static str {
        self.stage
    }

    /// The message with its line end. It holds no other line end.
    pub fn line(&self, severity: Severity, text: &str) -> String {
        let Self { stage, format, has_time } = *self;
        match format {
            MessageFormat::Journal => {
                format!("<{}>meterpipe {stage}: {}\n", severity as u8, printable(text))
            }
            MessageFormat::Text if has_time => {
                let now = Zoned::now().strftime("%FT%T%:z").to_string();
                format!("{now} meterpipe {stage}: {}\n", printable(text))
            }
            MessageFormat::Text => format!("meterpipe {stage}: {}\n", printable(text)),
            MessageFormat::Json => {
                let time = format!("{:.3}", Timestamp::now());
                let level = severity.name();
                let line =
                    json!({ "time": time, "level": level, "command": stage, "message": text });
                format!("{line}\n")
            }
        }
    }
}

/// True if standard error leads to the journal: systemd names its device and inode.
fn is_journal(stderr: Stat) -> bool {
    let name = format!("{}:{}", stderr.st_dev, stderr.st_ino);
    env::var("JOURNAL_STREAM").is_ok_and(|stream| stream == name)
}
