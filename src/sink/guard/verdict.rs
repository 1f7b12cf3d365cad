//! What becomes of a telegram.

use std::sync::Arc;

use crate::format::readings::Readings;

/// What becomes of a telegram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on.
    Passes,
    /// It is the first of its meter, and goes on when another one agrees.
    Kept,
    /// It goes on, behind the first one, with which it agrees.
    Agrees(Arc<Readings>),
    /// It came already.
    Repeated,
    /// It goes on, and others that looked like it were right; which ones, for people.
    Confirmed(String),
    /// It may be wrong; why, for people.
    Held(String),
    /// It is of no use; why, for people.
    LeftOut(String),
}

impl Verdict {
    /// Whether it goes on.
    #[must_use]
    pub const fn passes(&self) -> bool {
        matches!(self, Self::Passes | Self::Agrees(_) | Self::Confirmed(_))
    }

    /// What there is to say about it.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        match self {
            Self::Confirmed(text) | Self::Held(text) | Self::LeftOut(text) => Some(text),
            _ => None,
        }
    }

    /// The same, with what it is about in front of the message.
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
