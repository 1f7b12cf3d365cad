//! Reasons why a source cannot be opened, each with advice.

use core::fmt;
use std::path::PathBuf;

use crate::{
    diagnosis::diagnosis::{Diagnosis, Wording},
    file_error,
};

/// A source cannot be opened, or a one-shot run lost it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenError {
    /// There is no such device.
    Missing {
        /// As configured.
        path: PathBuf,
        /// The devices that exist.
        available: Vec<PathBuf>,
    },
    /// Another process reads from it.
    Busy {
        /// As configured.
        path: PathBuf,
        /// `program[PID]`, if this user may see it.
        by: Option<String>,
    },
    /// The user lacks the permission.
    Forbidden {
        /// As configured.
        path: PathBuf,
    },
    /// The path exists and is no tty.
    NotADevice {
        /// As configured.
        path: PathBuf,
    },
    /// No source is given, and there is no single device to choose.
    NoDefault {
        /// The devices that exist.
        available: Vec<PathBuf>,
    },
    /// A one-shot run lost its source.
    Lost {
        /// The source.
        name: String,
        /// The cause.
        reason: String,
    },
    /// Anything else.
    Other {
        /// The source.
        name: String,
        /// The operating system's text.
        reason: String,
    },
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { path, available } if available.is_empty() => {
                write!(f, "{}: no such device; {}", path.display(), Diagnosis::NoDevice.hint())
            }
            Self::Missing { path, available } => {
                write!(f, "{}: no such device; there is {}", path.display(), List(available))
            }
            Self::Busy { path, by: Some(by) } => write!(f, "{}: in use by {by}", path.display()),
            Self::Busy { path, by: None } => {
                write!(f, "{}: in use by another process", path.display())
            }
            Self::Forbidden { path } => {
                write!(f, "{}: permission denied; {}", path.display(), Diagnosis::Permission.hint())
            }
            Self::NotADevice { path } => write!(f, "{}: not a serial device", path.display()),
            Self::NoDefault { available } if available.is_empty() => {
                f.write_str("no source given, and no serial device found")
            }
            Self::NoDefault { available } => {
                write!(f, "no source given; name one of {}", List(available))
            }
            Self::Lost { name, reason } => write!(f, "{name}: lost: {reason}"),
            Self::Other { name, reason } => write!(f, "{name}: {reason}"),
        }
    }
}

impl core::error::Error for OpenError {}

impl OpenError {
    /// The text in both languages.
    #[must_use]
    pub fn wording(&self) -> Wording {
        let german = match self {
            Self::Missing { path, available } if available.is_empty() => {
                format!("{}: kein solches Gerät; ist der Adapter eingesteckt?", path.display())
            }
            Self::Missing { path, available } => {
                format!("{}: kein solches Gerät; es gibt {}", path.display(), GermanList(available))
            }
            Self::Busy { path, by: Some(by) } => format!("{}: gehört {by}", path.display()),
            Self::Busy { path, by: None } => {
                format!("{}: ein anderer Prozess hat es", path.display())
            }
            Self::Forbidden { path } => {
                format!(
                    "{}: keine Berechtigung; der Benutzer gehört nicht zur Gruppe dialout",
                    path.display()
                )
            }
            Self::NotADevice { path } => {
                format!("{}: kein serielles Gerät", path.display())
            }
            Self::NoDefault { available } if available.is_empty() => {
                "keine Quelle angegeben, und kein serielles Gerät gefunden".to_owned()
            }
            Self::NoDefault { available } => {
                format!("keine Quelle angegeben; eine davon nennen: {}", GermanList(available))
            }
            Self::Lost { name, reason } if name.is_empty() => file_error::in_german(reason),
            Self::Lost { name, reason } => {
                format!("{name}: verloren: {}", file_error::in_german(reason))
            }
            Self::Other { name, reason } => format!("{name}: {}", file_error::in_german(reason)),
        };
        let english = match self {
            Self::Lost { name, reason } if name.is_empty() => reason.clone(),
            _ => self.to_string(),
        };
        Wording::new(english, german)
    }

    /// The cause, for advice.
    #[must_use]
    pub const fn diagnosis(&self) -> Diagnosis {
        match self {
            Self::Busy { .. } => Diagnosis::Busy,
            Self::Forbidden { .. } => Diagnosis::Permission,
            Self::Missing { .. }
            | Self::NotADevice { .. }
            | Self::NoDefault { .. }
            | Self::Lost { .. }
            | Self::Other { .. } => Diagnosis::NoDevice,
        }
    }
}

/// Paths with commas between them; a long list is shortened.
struct List<'a>(&'a [PathBuf]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, path) in self.0.iter().take(MOST_LISTED).enumerate() {
            let comma = if position > 0 { ", " } else { "" };
            write!(f, "{comma}{}", path.display())?;
        }
        match self.0.len().saturating_sub(MOST_LISTED) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// The same in German.
struct GermanList<'a>(&'a [PathBuf]);

impl fmt::Display for GermanList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (listed, more) = self.0.split_at(self.0.len().min(MOST_LISTED));
        List(listed).fmt(f)?;
        match more.len() {
            0 => Ok(()),
            more => write!(f, " und {more} weitere"),
        }
    }
}

const MOST_LISTED: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_names_the_device_and_the_next_step() {
        let path = PathBuf::from("/dev/ttyUSB0");
        let available = vec![PathBuf::from("/dev/a"), PathBuf::from("/dev/b")];
        for (error, text) in [
            (
                OpenError::Missing { path: path.clone(), available: vec![] },
                "/dev/ttyUSB0: no such device; is the adapter plugged in?",
            ),
            (
                OpenError::Missing { path: path.clone(), available: available.clone() },
                "/dev/ttyUSB0: no such device; there is /dev/a, /dev/b",
            ),
            (
                OpenError::Busy { path: path.clone(), by: Some("minicom[77]".into()) },
                "/dev/ttyUSB0: in use by minicom[77]",
            ),
            (
                OpenError::Busy { path: path.clone(), by: None },
                "/dev/ttyUSB0: in use by another process",
            ),
            (
                OpenError::Forbidden { path },
                "/dev/ttyUSB0: permission denied; add the user to group dialout",
            ),
            (OpenError::NoDefault { available }, "no source given; name one of /dev/a, /dev/b"),
        ] {
            assert_eq!(error.to_string(), text);
        }
    }

    #[test]
    fn a_long_list_is_shortened() {
        let available: Vec<PathBuf> = (0..40).map(|n| PathBuf::from(format!("{n}"))).collect();
        let text = OpenError::NoDefault { available }.to_string();
        assert!(text.ends_with("6, 7 and 32 more"), "{text}");
    }
}
