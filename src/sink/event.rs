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
