//! A mistake in the settings of a sink.

use core::fmt;

use crate::{format::usage::Usage, sink::settings::redact};

/// A mistake in the settings of a sink: the key that it concerns, and a message for people.
///
/// [`SettingOrigins`](super::origin::SettingOrigins) finds the line or the variable by the key.
/// Nothing reads the message back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingError {
    key: Option<String>,
    message: String,
}

impl SettingError {
    /// A mistake of the sink as a whole.
    pub fn new(message: impl Into<String>) -> Self {
        Self { key: None, message: message.into() }
    }

    /// `KEY: CAUSE`.
    pub fn of(key: &str, cause: impl fmt::Display) -> Self {
        Self::new(format!("{}: {cause}", redact::typed(key))).at(key)
    }

    /// `KEY = VALUE: CAUSE`.
    pub fn value(key: &str, value: &str, cause: impl fmt::Display) -> Self {
        Self::new(format!("{} = {}: {cause}", redact::typed(key), redact::typed(value))).at(key)
    }

    /// The same message, about this key.
    pub fn at(self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self }
    }

    /// The key that the mistake concerns; none for the sink as a whole.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }
}

impl From<Usage> for SettingError {
    fn from(usage: Usage) -> Self {
        Self::new(usage.0)
    }
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl core::error::Error for SettingError {}
