//! The decision on a telegram.

use std::sync::Arc;

use crate::format::readings::Readings;

/// The decision on a telegram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The telegram passes.
    Passes,
    /// The first of its meter: it passes when another one agrees.
    Kept,
    /// The telegram passes after the first one, with which it agrees.
    Agrees(Arc<Readings>),
    /// A repetition of the last one.
    Repeated,
    /// The telegram passes and confirms earlier ones; the text is for people.
    Confirmed(String),
    /// The telegram may be wrong; the text says why, for people.
    Held(String),
    /// The telegram never passes; the text says why, for people.
    LeftOut(String),
}

impl Verdict {
    /// True if it passes.
    #[must_use]
    pub const fn passes(&self) -> bool {
        matches!(self, Self::Passes | Self::Agrees(_) | Self::Confirmed(_))
    }

    /// The message for people, if there is one.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        match self {
            Self::Confirmed(text) | Self::Held(text) | Self::LeftOut(text) => Some(text),
            _ => None,
        }
    }

    /// The same, with the name of the meter in front of the message.
    pub(super) fn about(self, name: impl Fn() -> String) -> Self {
        let text = |text| format!("{}: {text}", name());
        match self {
            Self::Confirmed(it) => Self::Confirmed(text(it)),
            Self::Held(it) => Self::Held(text(it)),
            Self::LeftOut(it) => Self::LeftOut(text(it)),
            other => other,
        }
    }
}
