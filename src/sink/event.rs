//! What a sink is told.

use std::sync::Arc;

use crate::format::readings::Readings;

/// What comes to a sink.
#[derive(Clone, Debug)]
pub enum SinkEvent {
    /// The readings of a telegram.
    Readings(Arc<Readings>),
    /// Files are to be opened anew: they were moved away.
    Reopen,
}
