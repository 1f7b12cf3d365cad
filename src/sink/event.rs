//! The input of a sink.

use std::sync::Arc;

use crate::format::readings::Readings;

/// An event for a sink.
#[derive(Clone, Debug)]
pub enum SinkEvent {
    /// The readings of a telegram.
    Readings(Arc<Readings>),
    /// A request to reopen files, because they were moved away.
    Reopen,
}

impl SinkEvent {
    /// The readings of the event, if it has some.
    #[must_use]
    pub fn readings(self) -> Option<Arc<Readings>> {
        match self {
            Self::Readings(readings) => Some(readings),
            Self::Reopen => None,
        }
    }
}
